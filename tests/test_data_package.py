"""The shipped data package: figures have sources, targets stand in their plan, the descriptor tells the truth."""

import csv
import json
import re
from collections import Counter
from datetime import date
from functools import cache
from math import prod
from pathlib import Path

import jsonschema
import pytest

from qcity_analysis.data.schema import TABLES
from qcity_analysis.data.vintages import to_date as last_day

RAW = Path(__file__).resolve().parents[1] / "data" / "raw"
NAMES = ("observations", "indicators", "targets", "sources", "regions")
MORE = ("earlier_targets", "outcomes", "official_grades")
PACKAGE = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
HAN = re.compile("[一-鿿]")
OUR_READING = {
    "china_quality_award", "governor_quality_award_rank", "construction_pass", "major_quality_accidents",
    "residential_energy_standard", "key_process_cnc", "grid_inspection_coverage", "chief_quality_officer",
    "manufacturing_champions_national", "little_giants_national", "labour_productivity", "income", "rd_intensity_up",
    "grain_capacity_t",
}  # fmt: skip


@cache
def rows(name):
    with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def find(indicator, region, **cells):
    wanted = {"indicator_id": indicator, "region": region, **cells}
    return [r for r in rows("observations") if all(r[k] == v for k, v in wanted.items())]


def resource(name):
    return next(r for r in PACKAGE["resources"] if r["name"] == name)


def shaped(needed, /, **properties):
    """A JSON schema of an object with these properties and those `needed`."""
    return {"type": "object", "required": needed.split(), "properties": properties}


def test_the_descriptor_has_what_the_data_package_standard_requires():
    text = {"type": "string", "minLength": 1}
    number = {"type": "number"}
    constraints = shaped("", required={"type": "boolean"}, unique={"type": "boolean"}, pattern=text, minimum=number,
                         maximum=number, enum={"type": "array", "minItems": 1, "uniqueItems": True})  # fmt: skip
    field = shaped("name type", name=text, type={"enum": ["string", "number", "integer"]},
                   constraints=constraints | {"additionalProperties": False})  # fmt: skip
    key = shaped("fields reference", reference=shaped("fields", fields={"type": "array"}))
    schema = shaped("fields missingValues", fields={"type": "array", "minItems": 1, "items": field},
                    missingValues={"const": [""]}, foreignKeys={"type": "array", "items": key})  # fmt: skip
    resource = shaped(
        "name path type format mediatype encoding schema",
        name={"type": "string", "pattern": r"^[a-z0-9._-]+$"},
        path={"type": "string", "pattern": r"^(?!/)(?!.*\.\.)[^\\]+$"},
        type={"const": "table"}, format={"const": "csv"}, mediatype={"const": "text/csv"}, encoding={"const": "utf-8"},
        schema=schema,
    )  # fmt: skip
    named = {"anyOf": [{"required": ["name"]}, {"required": ["path"]}]}
    package = {"const": "https://datapackage.org/profiles/2.0/datapackage.json"}
    package = shaped("$schema name title description licenses resources", **{"$schema": package},
                     licenses={"type": "array", "minItems": 1, "items": named},
                     resources={"type": "array", "minItems": 1, "items": resource})  # fmt: skip
    jsonschema.Draft7Validator(package).validate(PACKAGE)
    assert {r["name"] for r in PACKAGE["resources"]} == {*NAMES, *MORE}


@pytest.mark.parametrize("name", NAMES)
def test_the_descriptor_has_the_columns_of_the_file_and_the_choices_of_the_program(name):
    fields, columns = resource(name)["schema"]["fields"], TABLES[name].columns
    header = (RAW / resource(name)["path"]).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert [f["name"] for f in fields] == header
    needed = {column.name for column in columns if not column.optional}
    assert needed <= set(header) <= {column.name for column in columns}
    choices = {f["name"]: tuple(f.get("constraints", {}).get("enum", ())) for f in fields}
    assert choices == {column.name: column.choices for column in columns if column.name in header}


@pytest.mark.parametrize("name", [*NAMES, *MORE])
def test_cells_keep_type_and_constraints_of_their_column_keys_are_unique_and_references_lead_somewhere(name):
    schema, own = resource(name)["schema"], rows(name)
    for number, row in enumerate(own, 2):
        for f in schema["fields"]:
            cell, rule, place = row[f["name"]], f.get("constraints", {}), (name, number, f["name"])
            if cell == "":
                assert not rule.get("required"), place
                continue
            value = {"number": float, "integer": int, "string": str}[f["type"]](cell)
            assert cell in rule.get("enum", [cell]), place
            assert re.fullmatch(rule.get("pattern", ".*"), cell, re.S), place
            low, high = rule.get("minimum", value), rule.get("maximum", value)
            assert f["type"] == "string" or low <= value <= high, place
    for key in [schema["primaryKey"]] if "primaryKey" in schema else schema["uniqueKeys"]:
        keys = [tuple(row[column] for column in key) for row in own]
        assert len(keys) == len(set(keys))
    for link in schema.get("foreignKeys", []):
        (column,), (target,) = link["fields"], link["reference"]["fields"]
        known = {row[target] for row in rows(link["reference"].get("resource", name))}
        assert {row[column] for row in own} - {""} <= known


def test_no_figure_is_illustrative_or_dated_before_its_source_or_its_period():
    dates = {row["source_id"]: last_day(row["date"]) for row in rows("sources")}
    for row in [*rows("observations"), *rows("official_grades")]:
        assert row.get("status") in ("final", "preliminary", "estimate", None)
        assert (row.get("measure") == "cumulative_change_pct") == bool(row.get("base_period")), row
        if row["published"]:
            assert last_day(row["published"]) >= dates[row["source_id"]], row
            assert row["published"][:4] >= row["period"][:4], row


def test_the_files_are_plain_utf8_with_unix_line_ends_and_hold_no_address():
    for path in (path for path in RAW.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        text = raw.decode().replace(PACKAGE["$schema"], "")
        assert not re.search(r"https?:|www\.|\.(?:com|cn|net)\b", text), path.name
        plain = not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw and raw.endswith(b"\n")
        assert plain or path.suffix != ".csv", path.name


def test_names_and_definitions_are_there_in_both_languages():
    for row in [*rows("indicators"), *rows("targets"), *rows("regions")]:
        assert HAN.search(row["name_zh"]) and row["name_en"] and not HAN.search(row["name_en"]), row
    notes = [(row["note"], row["note_en"]) for row in [*rows("targets"), *rows("earlier_targets")]]
    assert not [zh for zh, en in notes if bool(HAN.search(zh)) != bool(en) or re.search("[a-z]{3} [a-z]", zh)]
    for row in rows("indicators"):
        assert HAN.search(row["definition_zh"])
        assert row["definition_en"] and not HAN.search(row["definition_en"])
        assert bool(row["continues"]) == bool(row["break_period"]) == bool(row["break_reason_zh"])
        assert bool(row["break_reason_zh"]) == bool(row["break_reason_en"])


def test_the_plans_hold_every_row_of_their_tables_and_binding_is_said_of_every_row_of_the_five():
    assert Counter(row["plan"] for row in rows("targets")) == {
        "nanjing_quality_city": 42, "china_14fyp": 21, "china_15fyp": 21}  # fmt: skip
    earlier = Counter(row["plan"] for row in rows("earlier_targets"))
    assert earlier | {"china_11fyp": 23, "china_12fyp": 28, "china_13fyp": 33} == earlier
    for row in [*rows("targets"), *rows("earlier_targets")]:
        tabled = row["plan"] in ("china_12fyp", "china_13fyp", "china_15fyp")
        tabled &= row["section"] != "第四十七章"
        assert not tabled or row["binding"] in ("binding", "expected"), row["target_id"]


def test_every_official_outcome_is_of_the_region_of_its_target_and_not_before_the_deadline_unless_met():
    targets = {(r["plan"], r["target_id"]): r for r in [*rows("targets"), *rows("earlier_targets")]}
    for row in rows("outcomes"):  # its unit, source and value are those that every package is checked for
        target = targets[row["plan"], row["target_id"]]
        assert row["region"] == target["region"], row
        assert int(row["published"][:4]) >= int(target["deadline"]) or row["verdict"] == "met", row
    changed = {f"energy_per_gdp_11fyp_{region}" for region in ("shanxi", "inner_mongolia", "jilin")}
    told = {row["target_id"] for row in rows("outcomes")}  # none of what was changed later
    assert "energy_per_gdp_11fyp_beijing" in told and not told & changed


def test_every_wording_of_the_nanjing_plan_and_who_is_responsible_stand_in_its_text_or_are_named_as_ours():
    text = (RAW / "plans" / "nanjing_quality_city.txt").read_text(encoding="utf-8")
    for row in rows("targets"):
        assert row["plan"] != "nanjing_quality_city" or row["wording"] in text, row["target_id"]
        assert bool(row["tolerance"]) == (row["commitment"] == "about") == ("左右" in row["wording"])
        assert not row["tolerance"] or ("容差" in row["note"] and "tolerance" in row["note_en"])
        number = row["threshold"].lstrip("-").removesuffix(".0")
        printed = re.findall(r"\d+(?:\.\d+)?", row["wording"])
        if row["kind"] == "milestone":
            assert row["threshold"] == ""
        elif row["target_id"] in OUR_READING:
            assert number not in printed and row["note"], row["target_id"]
        else:
            assert number in printed, row["target_id"]
        if row["plan"] != "nanjing_quality_city":
            continue
        names = row["departments"].split(";")
        conference = row["target_id"] == "china_quality_conference"
        assert len(names) == len(row["departments_en"].split("; ")) or conference
        if row["section"] == "一":
            assert "推断" in row["note"] and "inferred" in row["note_en"]
            continue
        paragraph = next(line for line in text.splitlines() if row["wording"] in line)
        part = re.search(r"[（(]([^）)]+)", row["section"]).group(1)
        assert re.match(rf"[（(]{part}[）)]", paragraph), row["target_id"]
        printed = re.search(r"责任部门：(.+?)等?[）)]$", paragraph).group(1)
        assert names == re.split("[、，]", printed) or conference
        assert "".join(names) == re.sub("[、，]", "", printed)


def vintages(year):
    found = find("energy_per_gdp", "china", period=str(year), measure="change_pct")
    return [row["value"] for row in sorted(found, key=lambda row: last_day(row["published"]))]


def newest(first, last):
    return [float(vintages(year)[-1]) for year in range(first, last + 1)]


def chained(changes):
    return 100 * (prod(1 + change / 100 for change in changes) - 1)


def test_energy_per_gdp_keeps_every_vintage_and_the_newest_chain_near_the_official_figures():
    assert [" ".join(vintages(year)) for year in range(2006, 2010)] == [
        "-1.23 -1.33 -1.79 -2.74", "-3.27 -3.66 -5.04", "-4.59 -5.2", "-2.2 -3.61"]  # fmt: skip
    assert round(sum(newest(2011, 2015)), 2) == -19.71 and round(chained(newest(2011, 2015)), 1) == -18.2
    for row in find("energy_per_gdp", "china", measure="cumulative_change_pct"):
        years = newest(int(row["base_period"]) + 1, int(row["period"]))
        assert abs(chained(years) - float(row["value"])) < 1.05, row["period"]


def test_the_two_definitions_of_energy_per_gdp_do_not_overlap_in_yearly_figures():
    older = find("energy_per_gdp", "china")
    newer = find("energy_per_gdp_b", "china")
    assert max(row["period"][:4] for row in older) == "2022" and min(row["period"] for row in newer) == "2023"
    row = next(row for row in rows("indicators") if row["indicator_id"] == "energy_per_gdp_b")
    assert (row["continues"], row["break_period"]) == ("energy_per_gdp", "2023")
    # By March 2023 the changes of 2021 and 2022 were known and nothing of the new definition.
    day = date(2023, 3, 31)
    for year, value in (("2021", "-2.7"), ("2022", "-0.1")):
        (row,) = find("energy_per_gdp", "china", period=year, measure="change_pct")
        assert row["value"] == value and last_day(row["published"]) <= day
    assert all(last_day(row["published"]) > day for row in find("energy_per_gdp_b", "china"))


def test_nanjings_rd_share_has_its_seven_published_figures_and_its_pass_rates_are_bounds():
    rates = find("rd_intensity", "nanjing")
    found = {(row["period"], row["value"], row["status"] == "estimate") for row in rates}
    years = {"2009": "2.85", "2012": "2.92", "2015": "2.96", "2020": "3.48", "2021": "3.6", "2022": "3.82"}
    assert {(year, value, False) for year, value in years.items()} | {("2020", "3.38", True)} <= found
    # Above 96 % is held as a bound.
    for name in ("manufacturing_pass", "consumer_goods_pass"):
        found = [(row["period"], row["qualifier"], float(row["value"])) for row in find(name, "nanjing")]
        assert {(year, ">=", 96.0) for year in ("2021", "2022", "2023")} <= set(found)

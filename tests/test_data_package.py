"""The shipped data package: complete, traceable, and the same contract in files, schema and code."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

import qcity_analysis as qc
from qcity_analysis.tables import TABLES

RAW = Path(__file__).resolve().parents[1] / "data" / "raw"
PACKAGE = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
FIELDS = {resource["path"]: resource["schema"]["fields"] for resource in PACKAGE["resources"]}

# The plan states these in words, not digits.
IN_WORDS = {
    "construction_pass": "逐年提高",
    "china_quality_award": "零的突破",
    "governor_quality_award_rank": "前列",
    "major_quality_accidents": "不发生",
    "residential_energy_standard": "全面",
    "key_process_cnc": "显著提高",
    "grid_inspection_coverage": "全覆盖",
    "chief_quality_officer": "全覆盖",
}
SINGLE_ROW_FACTS = [
    ("rd_intensity", "nanjing", "2022", "level", "3.82", "2023-10-31"),
    ("energy_per_gdp", "china", "2022", "change_pct", "-0.1", "2023-02-28"),
    ("energy_per_gdp_b", "china", "2024", "cumulative_change_pct", "-11.6", "2025-07-09"),
    ("energy_intensity_industry", "jiangsu", "2009", "change_pct", "-10.17", "2010-07"),
    ("quality_competitiveness", "china", "2007", "level", "80.99", "2008"),
]


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one file as text, read without the package."""
    with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shipped_package_loads_without_problem_or_warning() -> None:
    assert qc.check(RAW) == []
    assert qc.load(RAW).plans() == ["nanjing_quality_city", "china_14fyp"]


def test_there_are_35_targets_of_nanjing_and_3_of_china() -> None:
    plans = [row["plan"] for row in rows("targets")]
    assert (plans.count("nanjing_quality_city"), plans.count("china_14fyp"), len(plans)) == (35, 3, 38)


@pytest.mark.parametrize("name", TABLES)
def test_files_schema_and_code_have_the_same_columns_and_choices(name: str) -> None:
    with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    fields = FIELDS[f"{name}.csv"]
    assert header == [field["name"] for field in fields]
    assert sorted(header) == sorted(column.name for column in TABLES[name].columns)
    enums = {field["name"]: tuple(field.get("constraints", {}).get("enum", ())) for field in fields}
    assert enums == {column.name: column.choices for column in TABLES[name].columns}
    schema = next(r["schema"] for r in PACKAGE["resources"] if r["name"] == name)
    assert tuple(schema["primaryKey"]) == TABLES[name].key


def test_every_cell_obeys_the_patterns_and_required_fields_of_the_schema() -> None:
    for path, fields in FIELDS.items():
        for row in rows(path.removesuffix(".csv")):
            for field in fields:
                cell, rule = row[field["name"]], field.get("constraints", {})
                assert cell or not rule.get("required"), (path, row)
                assert not cell or re.fullmatch(rule.get("pattern", ".*"), cell), (path, field["name"], cell)


def test_every_foreign_key_of_the_schema_holds() -> None:
    for resource in PACKAGE["resources"]:
        for key in resource["schema"].get("foreignKeys", []):
            (column,), (parent,) = key["fields"], key["reference"]["fields"]
            known = {row[parent] for row in rows(key["reference"].get("resource", resource["name"]))} | {""}
            assert {row[column] for row in rows(resource["name"])} <= known, (resource["name"], column)


def test_every_source_is_complete_and_used() -> None:
    used = {row["source_id"] for name in ("targets", "observations") for row in rows(name)}
    for row in rows("sources"):
        assert all(cell for column, cell in row.items() if column != "note"), row
    assert {row["source_id"] for row in rows("sources")} == used


def test_nothing_illustrative_and_no_address_is_shipped() -> None:
    assert {row["status"] for row in rows("observations")} <= {"final", "preliminary", "estimate"}
    for path in RAW.glob("*.csv"):
        assert not re.search(r"https?:|www\.|github", path.read_text(encoding="utf-8"), re.IGNORECASE), (
            path.name
        )


def test_every_figure_was_published_with_its_source() -> None:
    dates = {row["source_id"]: row["date"] for row in rows("sources")}
    assert [row for row in rows("observations") if row["published"] != dates[row["source_id"]]] == []


def test_the_number_of_each_target_stands_in_its_wording() -> None:
    for row in rows("targets"):
        if row["kind"] == "milestone":
            assert row["threshold"] == ""
        elif row["target_id"] in IN_WORDS:
            assert IN_WORDS[row["target_id"]] in row["wording"]
        else:
            number = f"{abs(float(row['threshold'])):g}"
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", row["wording"]), row["target_id"]


def test_readings_of_ours_are_named_in_the_note() -> None:
    for row in rows("targets"):
        if (
            row["tolerance"]
            or row["target_id"] in IN_WORDS
            and row["kind"] in ("rank", "zero_event", "coverage")
        ):
            assert "our reading" in row["note"], row["target_id"]
        if row["section"] == "一":
            assert "departments inferred" in row["note"], row["target_id"]


def test_the_vintages_of_2006_come_in_order() -> None:
    vintages = [
        (row["published"], float(row["value"]))
        for row in rows("observations")
        if (row["indicator_id"], row["region"], row["period"]) == ("energy_per_gdp", "china", "2006")
    ]
    assert sorted(vintages) == [
        ("2007-02", -1.23),
        ("2007-07", -1.33),
        ("2008-07", -1.79),
        ("2010-07", -2.74),
    ]


def test_no_definition_crosses_its_break() -> None:
    breaks = {row["indicator_id"]: row for row in rows("indicators") if row["continues"]}
    assert set(breaks) == {"energy_per_gdp_b", "agri_safety_pass"}
    seen = rows("observations")
    newer = [int(r["period"][:4]) for r in seen if r["indicator_id"] == "energy_per_gdp_b"]
    older = [int(r["period"][:4]) for r in seen if r["indicator_id"] == "energy_per_gdp"]
    assert max(older) < int(breaks["energy_per_gdp_b"]["break_period"]) <= min(newer)


def test_end_of_march_2023_knows_2022_but_not_the_new_definition() -> None:
    known = qc.load(RAW, as_of="2023-03-31").observations
    china = known[known["region"] == "china"].set_index(["indicator_id", "period", "measure"])["value"]
    assert china["energy_per_gdp", "2021", "change_pct"] == -2.7
    assert china["energy_per_gdp", "2022", "change_pct"] == -0.1
    assert "energy_per_gdp_b" not in china.index.get_level_values(0)


def test_nanjing_has_no_figure_of_energy_per_industrial_value_added() -> None:
    held = {(row["indicator_id"], row["region"]) for row in rows("observations")}
    assert ("energy_intensity_industry", "nanjing") not in held
    assert ("energy_intensity_industry", "jiangsu") in held


@pytest.mark.parametrize("fact", SINGLE_ROW_FACTS)
def test_figures_read_from_the_documents_stand_as_typed(fact: tuple[str, ...]) -> None:
    columns = ("indicator_id", "region", "period", "measure", "value", "published")
    assert [tuple(row[c] for c in columns) for row in rows("observations")].count(fact) == 1


def test_every_file_is_utf8_with_unix_line_ends_and_no_stray_blanks() -> None:
    for path in [*RAW.glob("*"), RAW.parent / "processed" / "README.md"]:
        raw = path.read_bytes()
        assert raw.decode("utf-8").endswith("\n") and b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf")
    for name in TABLES:
        assert all(cell == cell.strip() for row in rows(name) for cell in row.values()), name

"""Writing: a figure is added all or nothing; a new plan is whole, valid, clearly an example, and overwrites nothing."""

import csv
import datetime as dt
import json
import re

import pytest
from packages import columns, contents, figures, package, write_table

import qcity_analysis as qc
from qcity_analysis.catalogue import catalogue
from qcity_analysis.data.schema import STATED, TABLES
from qcity_analysis.data.write import add_figure, new_plan, rows_of
from qcity_analysis.problems import DataError
from qcity_analysis.reporting.page import plan_readme

FIGURE = {"indicator_id": "widgets", "region": "testville", "period": "2023", "value": "17.5"}
SOURCE = {"publisher": "Office of Testville", "title": "Bulletin 2023, with a comma", "date": "2024-03"}
TODAY = dt.date(2026, 11, 23)
OF_A_PLAN = [name for name in TABLES if name not in ("earlier_targets", *STATED)]  # those a new plan has


def added(folder, source=SOURCE, **cells):
    return add_figure(folder, FIGURE | cells, source)


def test_a_figure_is_appended_with_its_source_only_where_it_is_new_and_nothing_else_changes(tmp_path):
    before = contents(package(tmp_path))
    assert add_figure(tmp_path, FIGURE, SOURCE, dry_run=True)["value"] == "17.5"
    assert contents(tmp_path) == before
    first = added(tmp_path)["source_id"]
    after = contents(tmp_path)
    changed = {name: after[name].removeprefix(before[name]) for name in after if after[name] != before[name]}
    assert set(after) == set(before) and set(changed) == {"observations.csv", "sources.csv"}
    assert [text.count(b"\n") for text in changed.values()] == [1, 1]
    source = rows_of(tmp_path / "sources.csv")[-1]
    assert (source["source_id"], source["title"]) == (first, SOURCE["title"])
    made = qc.load(tmp_path).observations.iloc[-1]
    assert made[["period", "value", "published", "unit"]].tolist() == ["2023", 17.5, "2024-03", "points"]
    # The source that is there is used again; another of its day gets a name of its own.
    assert added(tmp_path, value="18", period="2024-Q1")["source_id"] == first
    assert len(rows_of(tmp_path / "sources.csv")) == 2
    assert added(tmp_path, SOURCE | {"title": "Yearbook"}, period="2015")["source_id"] == f"{first}_2"


UNFIT = [({"value": "many"}, "column value: found 'many'; allowed: a number"),
    ({"indicator_id": "widgts"}, 'Did you mean "widgets"?'),
    ({"period": "2025"}, "allowed: a period that had begun when it was published (2024-03)"),
    ({"period": "2022", "published": "2023-02-28"}, "allowed: each key once; it stands in row 8 already")]  # fmt: skip


def test_a_figure_that_does_not_pass_the_checks_leaves_every_file_untouched(tmp_path):
    before = contents(package(tmp_path))
    for cells, said in UNFIT:
        with pytest.raises(DataError, match=re.escape(said)):
            added(tmp_path, **cells)
    assert contents(tmp_path) == before


def test_an_optional_column_the_file_lacks_is_added(tmp_path):
    path = package(tmp_path) / "observations.csv"
    header = [name for name in columns("observations") if name != "base_period"]
    plain = [{k: v for k, v in row.items() if k in header} for row in figures({2020: 10.0, 2021: 11.0})]
    write_table(path, plain, header)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))  # the new row still gets a line of its own
    added(tmp_path, measure="cumulative_change_pct", value="4", base_period="2020")
    rows = [(row["value"], row["base_period"]) for row in rows_of(path)]
    assert rows == [("10.0", ""), ("11.0", ""), ("4", "2020")]
    assert rows_of(path)[-1]["unit"] == "%"


def made(folder, name="green_city"):
    return new_plan(name, folder / name, plan_readme(name), TODAY)


def test_a_new_plan_loads_without_a_finding_and_its_example_is_assessed_as_illustrative(tmp_path):
    folder = made(tmp_path)
    assert qc.check(folder, as_of=TODAY) == []
    data = qc.load(folder, as_of=TODAY)
    assert set(data.observations["status"]) == {"illustrative"}
    answer = qc.assess(data, "example_target", draws=200)
    assert answer.status == "forecast" and answer.illustrative
    names = [*data.targets["target_id"], *data.sources["source_id"], *data.regions["region"]]
    assert all("example" in name for name in [*names, *data.indicators["indicator_id"]])
    for path in folder.glob("*.csv"):  # without its example rows it is still valid
        path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    assert qc.check(folder) == [] and qc.load(folder).plans() == []


def test_its_files_are_the_contract_and_its_descriptor_agrees_with_them(tmp_path):
    folder = made(tmp_path)
    descriptor = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert {r["path"] for r in descriptor["resources"]} == {TABLES[name].file for name in OF_A_PLAN}
    for resource in descriptor["resources"]:
        header = next(csv.reader((folder / resource["path"]).read_text("utf-8").splitlines()))
        assert [field["name"] for field in resource["schema"]["fields"]] == header
        known = TABLES[resource["name"]].columns
        assert header == [c.name for c in known if c.name in header]
        assert {c.name for c in known if not c.optional} <= set(header)


def test_the_guide_explains_every_column_in_both_languages():
    guide = plan_readme("green_city")
    for name in OF_A_PLAN:
        for column in TABLES[name].columns:
            assert guide.count(f"| `{column.name}` |") >= 2
            assert all(catalogue("columns")[f"{name}__{column.name}"].values()), column.name
            assert [choice for choice in column.choices if f"`{choice}`" not in guide] == []


def test_nothing_that_is_there_is_overwritten(tmp_path, qcity, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "green_city").mkdir()  # an empty folder is used
    code, out, err = qcity("new-plan", "green_city")
    assert (code, err) == (0, "") and "made: green_city" in out
    (tmp_path / "note.txt").write_text("mine")
    before = contents(tmp_path)
    there = "qcity: {} is there already and is not empty: name another folder with --out\n"
    assert qcity("new-plan", "green_city")[::2] == (2, there.format("green_city"))
    assert qcity("new-plan", "green_city", "--out", "note.txt")[::2] == (2, there.format("note.txt"))
    with pytest.raises(FileExistsError, match="note.txt"):
        new_plan("p", tmp_path / "note.txt" / "p", "", TODAY)
    assert contents(tmp_path) == before


def test_a_name_that_is_no_identifier_is_refused_before_anything_is_written(tmp_path):
    names = ["Green City", "../x", "a/b", "2030", "绿色城市", "a-b", "/etc/x", ".x", "<b>", "A", "", "a\nb"]
    for name in (*names, "a" * 90, "nul"):
        with pytest.raises(qc.QcityError) as error:
            new_plan(name, tmp_path / "x", "", TODAY)
        rule = "cannot be the name of a plan: use lower-case letters, digits and _, as green_city_2030"
        assert str(error.value) == f"{name!r} {rule}" and list(tmp_path.iterdir()) == []

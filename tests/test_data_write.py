"""Writing: a figure is added all or nothing; a new plan is whole, valid, clearly an example, and overwrites nothing."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from packages import columns, contents, figures, package, write_table

import qcity_analysis as qc
from qcity_analysis.catalogue import catalogue
from qcity_analysis.data.load import check, load
from qcity_analysis.data.schema import TABLES
from qcity_analysis.data.write import add_figure, new_plan
from qcity_analysis.problems import DataError
from qcity_analysis.reporting.page import plan_readme

NEW: dict[str, Any] = {
    "indicator_id": "widgets", "region": "testville", "period": "2023", "value": "17.5",
    "publisher": "Office of Testville", "title": "Bulletin 2023, with a comma", "date": "2024-03",
}  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_figure_is_appended_with_its_source_and_nothing_else_changes(tmp_path: Path) -> None:
    before = contents(package(tmp_path))
    row = add_figure(tmp_path, **NEW)
    after = contents(tmp_path)
    assert set(after) == set(before)
    for name in ("observations.csv", "sources.csv"):
        assert after[name].startswith(before[name])
        assert after[name].count(b"\n") == before[name].count(b"\n") + 1
    assert {name for name in after if after[name] != before[name]} == {"observations.csv", "sources.csv"}
    source = rows(tmp_path / "sources.csv")[-1]
    assert (source["source_id"], source["title"]) == (row["source_id"], NEW["title"])
    assert row["unit"] == "points"
    assert [p for p in check(tmp_path) if p.level == "error"] == []
    held = load(tmp_path).observations.iloc[-1]
    assert (held["period"], held["value"], held["published"]) == ("2023", 17.5, "2024-03")


def test_a_source_that_is_there_is_used_again_and_another_document_of_its_day_gets_its_own_name(
    tmp_path: Path,
) -> None:
    package(tmp_path)
    first = add_figure(tmp_path, **NEW)["source_id"]
    assert add_figure(tmp_path, **(NEW | {"value": "18", "period": "2024-Q1"}))["source_id"] == first
    assert len(rows(tmp_path / "sources.csv")) == 2
    assert (
        add_figure(tmp_path, **(NEW | {"title": "Yearbook", "period": "2015"}))["source_id"] == f"{first}_2"
    )


def test_a_dry_run_writes_nothing_and_returns_the_row(tmp_path: Path) -> None:
    before = contents(package(tmp_path))
    row = add_figure(tmp_path, dry_run=True, **NEW)
    assert contents(tmp_path) == before
    assert row["value"] == "17.5"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "many"}, "column value: found 'many'; allowed: a number"),
        ({"indicator_id": "widgts"}, 'Did you mean "widgets"?'),
        ({"region": "testvile"}, 'Did you mean "testville"?'),
        ({"period": "2025"}, "allowed: a period that had begun when it was published (2024-03)"),
        ({"date": "March"}, "column published: found 'March'; allowed: a date"),
        ({"period": "2022", "date": "2023-02-28"}, "allowed: each key once; it stands in row 8 already"),
        ({"measure": "change", "value": "3"}, "column measure: found 'change'; allowed: level, change_pct"),
    ],
)
def test_a_figure_that_does_not_pass_the_checks_leaves_every_file_untouched(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    before = contents(package(tmp_path))
    with pytest.raises(DataError) as error:
        add_figure(tmp_path, **(NEW | changes))
    assert said in str(error.value)
    assert contents(tmp_path) == before


def test_an_optional_column_the_file_lacks_is_added(tmp_path: Path) -> None:
    package(tmp_path)
    header = [name for name in columns("observations") if name != "base_period"]
    plain = [{k: v for k, v in row.items() if k in header} for row in figures({2020: 10.0, 2021: 11.0})]
    write_table(tmp_path / "observations.csv", plain, header)
    add_figure(tmp_path, **(NEW | {"measure": "cumulative_change_pct", "value": "4", "base_period": "2020"}))
    held = rows(tmp_path / "observations.csv")
    assert [row["base_period"] for row in held] == ["", "", "2020"]
    assert [row["value"] for row in held] == ["10.0", "11.0", "4"]
    assert held[-1]["unit"] == "%"
    assert [p for p in check(tmp_path) if p.level == "error"] == []


def test_a_file_without_a_last_line_end_still_gets_a_row_of_its_own(tmp_path: Path) -> None:
    path = package(tmp_path) / "observations.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    count = len(rows(path))
    add_figure(tmp_path, **NEW)
    assert len(rows(path)) == count + 1


TODAY = dt.date(2026, 11, 23)


def made(folder: Path, name: str = "green_city") -> Path:
    return new_plan(name, folder / name, plan_readme(name), TODAY)


def test_a_new_plan_loads_without_a_finding_and_its_example_is_assessed_as_illustrative(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path)
    assert qc.check(folder, as_of=TODAY) == []
    data = qc.load(folder, as_of=TODAY)
    assert set(data.observations["status"]) == {"illustrative"}
    answer = qc.assess(data, "example_target", draws=200)
    assert answer.status == "forecast" and answer.illustrative
    names = [*data.targets["target_id"], *data.sources["source_id"], *data.regions["region"]]
    assert all("example" in name for name in [*names, *data.indicators["indicator_id"]])


def test_its_files_are_the_contract_and_its_descriptor_agrees_with_them(tmp_path: Path) -> None:
    folder = made(tmp_path)
    descriptor = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert {r["path"] for r in descriptor["resources"]} == {t.file for t in TABLES.values()}
    for resource in descriptor["resources"]:
        header = next(csv.reader((folder / resource["path"]).read_text("utf-8").splitlines()))
        assert [field["name"] for field in resource["schema"]["fields"]] == header
        needed = [c.name for c in TABLES[resource["name"]].columns if not c.optional]
        assert header == [c.name for c in TABLES[resource["name"]].columns if c.name in header]
        assert set(needed) <= set(header)


def test_without_its_example_rows_the_plan_is_still_valid(tmp_path: Path) -> None:
    folder = made(tmp_path)
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    assert qc.check(folder) == [] and qc.load(folder).plans() == []


def test_the_guide_explains_every_column_in_both_languages() -> None:
    guide = plan_readme("green_city")
    for name, table in TABLES.items():
        for column in table.columns:
            assert guide.count(f"| `{column.name}` |") >= 2
            assert all(catalogue("columns")[f"{name}__{column.name}"].values()), column.name
            for choice in column.choices:
                assert f"`{choice}`" in guide


def test_nothing_that_is_there_is_overwritten(
    tmp_path: Path, qcity: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = qcity("new-plan", "green_city")
    assert (code, err) == (0, "") and "made: green_city" in out
    before = contents(tmp_path)
    code, _, err = qcity("new-plan", "green_city")
    assert (code, err) == (
        2,
        "qcity: green_city is there already and is not empty: name another folder with --out\n",
    )
    (tmp_path / "note.txt").write_text("mine")
    code, _, err = qcity("new-plan", "green_city", "--out", "note.txt")
    assert (code, (tmp_path / "note.txt").read_text()) == (2, "mine")
    (tmp_path / "note.txt").unlink()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["Green City", "../x", "2030", "绿色城市", "a-b"])
def test_a_name_that_is_no_identifier_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(qc.QcityError) as error:
        new_plan(name, tmp_path / "x", "", TODAY)
    assert str(error.value) == (
        f"{name!r} cannot be the name of a plan: use lower-case letters, digits and _, as green_city_2030"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_used_and_a_place_below_a_file_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert len(list(new_plan("p", tmp_path / "empty", "", TODAY).glob("*.csv"))) == len(TABLES)
    (tmp_path / "file").write_text("")
    with pytest.raises(qc.QcityError, match="cannot write to .*file.*name another folder with --out"):
        new_plan("p", tmp_path / "file" / "p", "", TODAY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "file"]

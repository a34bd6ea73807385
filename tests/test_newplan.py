"""A new plan is whole, valid, clearly an example, and never written over anything."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
from packages import contents
from test_cli import qcity

import qcity_analysis as qc
from qcity_analysis.data.schema import TABLES
from qcity_analysis.data.write import new_plan
from qcity_analysis.reporting.tables import column_said, plan_readme

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
        header = next(csv.reader(io.StringIO((folder / resource["path"]).read_text("utf-8"))))
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
            assert column_said(name, column.name, "en") and column_said(name, column.name, "zh"), column.name
            for choice in column.choices:
                assert f"`{choice}`" in guide


def test_nothing_that_is_there_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = qcity(monkeypatch, capsys, "new-plan", "green_city")
    assert (code, err) == (0, "") and "made: green_city" in out
    before = contents(tmp_path)
    code, _, err = qcity(monkeypatch, capsys, "new-plan", "green_city")
    assert (code, err) == (
        2,
        "qcity: green_city is there already and is not empty: name another folder with --out\n",
    )
    (tmp_path / "note.txt").write_text("mine")
    code, _, err = qcity(monkeypatch, capsys, "new-plan", "green_city", "--out", "note.txt")
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

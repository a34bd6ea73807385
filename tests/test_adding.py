"""Adding a figure: all or nothing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from packages import columns, contents, figures, package, write_table

from qcity_analysis.data.load import check, load
from qcity_analysis.data.write import add_figure
from qcity_analysis.errors import DataError

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
        assert (
            after[name].startswith(before[name]) and after[name].count(b"\n") == before[name].count(b"\n") + 1
        )
    assert {name for name in after if after[name] != before[name]} == {"observations.csv", "sources.csv"}
    source = rows(tmp_path / "sources.csv")[-1]
    assert (source["source_id"], source["title"]) == (row["source_id"], NEW["title"])
    assert row["unit"] == "points"
    assert [p for p in check(tmp_path) if p.level == "error"] == []
    held = load(tmp_path).observations.iloc[-1]
    assert (held["period"], held["value"], held["published"]) == ("2023", 17.5, "2024-03")


def test_a_source_that_is_there_is_used_again(tmp_path: Path) -> None:
    package(tmp_path)
    first = add_figure(tmp_path, **NEW)
    second = add_figure(tmp_path, **(NEW | {"value": "18", "period": "2024-Q1", "date": "2024-03"}))
    assert second["source_id"] == first["source_id"]
    assert len(rows(tmp_path / "sources.csv")) == 2


def test_another_document_of_the_same_day_gets_a_name_of_its_own(tmp_path: Path) -> None:
    package(tmp_path)
    first = add_figure(tmp_path, **NEW)
    second = add_figure(tmp_path, **(NEW | {"title": "Yearbook", "period": "2015"}))
    assert second["source_id"] == first["source_id"] + "_2"


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

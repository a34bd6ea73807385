"""What must hold between the tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from packages import change, figure, figures, indicator, package, target
from test_tables import only_problem

from qcity_analysis.data.load import check

CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}


def test_an_unknown_indicator_region_or_source_of_a_figure_is_one_error_with_a_hint(tmp_path: Path) -> None:
    for column, cell, table, close in [
        ("indicator_id", "wigdets", "indicators", "widgets"),
        ("region", "testvile", "regions", "testville"),
        ("source_id", "buletin", "sources", "bulletin"),
    ]:
        package(tmp_path, observations=[figure(2020, 1), figure(2021, 2, **{column: cell})])
        key = "source_id" if table == "sources" else column
        assert only_problem(tmp_path) == (
            f"observations.csv, row 3, column {column}: found {cell!r}; allowed: {key} of {table}.csv; "
            f'add it there, or correct it. Did you mean "{close}"?'
        )


def test_an_unknown_indicator_or_region_of_a_target_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, targets=[target(indicator_id="widget")])
    assert only_problem(tmp_path) == (
        "targets.csv, row 2, column indicator_id: found 'widget'; allowed: indicator_id of indicators.csv; "
        'add it there, or correct it. Did you mean "widgets"?'
    )


def test_a_comparator_that_does_not_exist_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, indicators=[indicator("widgets", comparators="otherland/widgets;otherlnd/widgets")])
    assert only_problem(tmp_path) == (
        "indicators.csv, row 2, column comparators: found 'otherlnd/widgets'; "
        "allowed: region/indicator_id, several separated by ;; "
        'name a region and an indicator that exist. Did you mean "otherland"?'
    )


def test_a_period_after_its_publication_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, observations=[figure(2020, 1), figure(2023, 2, published="2022-06")])
    assert only_problem(tmp_path) == (
        "observations.csv, row 3, column period: found '2023'; "
        "allowed: a period that had begun when it was published (2022-06); "
        "correct the period or the date; a forecast or a target is not an observation"
    )


def test_a_period_that_has_not_begun_is_one_error(tmp_path: Path) -> None:
    today = dt.date.today()
    package(tmp_path, observations=[figure(2020, 1), figure(today.year + 1, 2, published="")])
    assert only_problem(tmp_path) == (
        f"observations.csv, row 3, column period: found '{today.year + 1}'; "
        f"allowed: a period that has begun by {today}; "
        "delete the row: a forecast or a target is not an observation"
    )


@pytest.mark.parametrize("deadline", [2020, 2015])
def test_a_deadline_not_after_the_base_year_is_one_error(tmp_path: Path, deadline: int) -> None:
    package(tmp_path, targets=[target(**(CUT | {"deadline": deadline}))])
    assert only_problem(tmp_path) == (
        f"targets.csv, row 2, column deadline: found '{deadline}'; allowed: a year after the base year 2020; "
        "correct one of the two years"
    )


def test_a_base_year_value_of_zero_for_a_relative_target_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, targets=[target(**CUT)], observations=figures({2019: 0, 2020: 0, 2021: 5}))
    assert only_problem(tmp_path) == (
        "observations.csv, row 3, column value: found '0'; "
        "allowed: a value other than zero: target 'goal' is relative to 2020; "
        "correct the value, or the base year"
    )


def test_a_relative_target_without_a_base_year_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, targets=[target(**(CUT | {"base_year": ""}))])
    assert only_problem(tmp_path) == (
        "targets.csv, row 2, column base_year: found ''; "
        "allowed: the year the change is measured against; write it as 2020"
    )


def test_a_target_without_a_threshold_or_side_is_an_error(tmp_path: Path) -> None:
    package(tmp_path, targets=[target(threshold="", direction="increase")])
    assert [(p.column, p.found, p.allowed) for p in check(tmp_path) if p.level == "error"] == [
        ("threshold", "", "a number"),
        ("direction", "increase", "at_least, at_most"),
    ]


def test_another_unit_than_the_indicators_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, observations=[figure(2020, 1), change(2021, 2), figure(2022, 2, unit="dozens")])
    assert only_problem(tmp_path) == (
        "observations.csv, row 4, column unit: found 'dozens'; allowed: points; "
        "convert the value, or correct the unit"
    )
    package(tmp_path, observations=[figure(2020, 1), change(2021, 2, unit="points")])
    assert "row 3, column unit: found 'points'; allowed: %" in only_problem(tmp_path)


@pytest.mark.parametrize(
    ("support", "value", "allowed"),
    [("percent", 101, "0 to 100"), ("percent", -1, "0 to 100"), ("positive", -0.5, "0 or more")],
)
def test_a_value_outside_the_range_of_its_indicator_is_one_error(
    tmp_path: Path, support: str, value: float, allowed: str
) -> None:
    package(tmp_path, indicators=[indicator("widgets", support=support)], observations=[figure(2020, value)])
    assert only_problem(tmp_path) == (
        f"observations.csv, row 2, column value: found '{value:g}'; allowed: {allowed}; "
        "correct the value, or the indicator's support"
    )


def test_a_fall_by_all_or_more_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, observations=[change(2020, -100)])
    assert only_problem(tmp_path) == (
        "observations.csv, row 2, column value: found '-100'; allowed: a change above -100 %; correct the value"
    )


def test_a_cumulative_change_needs_an_earlier_base(tmp_path: Path) -> None:
    cumulative = figure(2022, -8, measure="cumulative_change_pct")
    package(tmp_path, observations=[cumulative])
    assert only_problem(tmp_path).startswith(
        "observations.csv, row 2, column base_period: found ''; allowed:"
    )
    package(tmp_path, observations=[cumulative | {"base_period": 2022}])
    assert only_problem(tmp_path) == (
        "observations.csv, row 2, column base_period: found '2022'; allowed: a year before 2022; "
        "correct one of them"
    )

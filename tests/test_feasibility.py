"""How often anything moved as fast as a target needs, counted again window by window."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from packages import STEADY, changes, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.outlook import Feasibility, feasibility, past_moves
from qcity_analysis.data.load import Data
from qcity_analysis.forecasting.changes import shipped_moves


def found(data: Data, name: str = "goal") -> Feasibility:
    return feasibility(data, qc.assess(data, name, draws=500))


def test_windows_of_the_series_itself_are_counted_one_by_one(tmp_path: Path) -> None:
    answer = found(loaded(tmp_path, targets=[target(threshold=20.5)]))
    needed = math.log(20.5 / 16.1) / 3
    moves = [math.log(STEADY[y + 3] / STEADY[y]) / 3 for y in range(2016, 2020)]
    assert answer.needed == pytest.approx(100 * needed)
    (own,) = [row for row in answer.rows if row.source == "own"]
    assert (own.as_fast, own.windows) == (sum(m >= needed for m in moves), 4) == (2, 4)
    assert own.share == 0.5


def test_a_cut_is_ranked_among_falls_and_in_the_bank_in_both_directions(tmp_path: Path) -> None:
    percents = {2016: -2.0, 2017: -5.0, 2018: 3.0, 2019: -4.0, 2020: -4.5, 2021: -1.0, 2022: -6.0}
    cut = target(kind="relative_change", direction="at_most", threshold=-18, base_year=2020)
    answer = found(loaded(tmp_path, observations=changes(percents), targets=[cut]))
    levels = {2015: 1.0}
    for year, percent in percents.items():
        levels[year] = levels[year - 1] * (1 + percent / 100)
    needed = math.log(0.82 * levels[2020] / levels[2022]) / 3
    moves = [math.log(levels[y + 3] / levels[y]) / 3 for y in range(2015, 2020)]
    own, *rest = answer.rows
    assert (own.as_fast, own.windows) == (sum(m <= needed for m in moves), 5)
    bank = shipped_moves()["positive"].quantiles[2]
    assert answer.needed == pytest.approx(100 * needed)
    assert rest[0].share == pytest.approx(np.mean(bank <= 100 * needed), abs=0.011)
    assert rest[1].share == pytest.approx(np.mean(np.abs(bank) >= -100 * needed), abs=0.021)


def test_a_share_near_100_is_ranked_by_what_is_missing_not_by_points(tmp_path: Path) -> None:
    levels = {2018: 80.0, 2019: 85.0, 2020: 90.0, 2021: 93.0, 2022: 96.0}
    share = indicator("widgets", support="percent", unit="%")
    data = loaded(
        tmp_path,
        observations=figures(levels, unit="%"),
        indicators=[share],
        targets=[target(threshold=99.0, deadline=2023, unit="%")],
    )
    answer = found(data)
    assert answer.scale == "logodds"
    assert answer.needed == pytest.approx(math.log(99 / 1) - math.log(96 / 4))
    (own,) = [row for row in answer.rows if row.source == "own"]
    assert (own.as_fast, own.windows) == (
        0,
        4,
    )  # three times 3 points or more, but never three quarters of what is missing


def test_comparators_are_those_named_and_other_regions_with_the_same_indicator(tmp_path: Path) -> None:
    named = [indicator("widgets", comparators="otherland/gadgets"), indicator("gadgets")]
    rows = figures(STEADY)
    rows += figures({y: v * 2 for y, v in STEADY.items()}, region="otherland")
    rows += figures({y: 30.0 - y + 2016 for y in STEADY}, region="otherland", indicator_id="gadgets")
    answer = found(loaded(tmp_path, observations=rows, indicators=named))
    others = [(r.region, r.indicator_id, r.as_fast) for r in answer.rows if r.source == "comparator"]
    own = next(r.as_fast for r in answer.rows if r.source == "own")
    assert others == [("otherland", "gadgets", 0), ("otherland", "widgets", own)]


def test_a_level_already_reached_asks_how_often_as_little_was_lost(tmp_path: Path) -> None:
    answer = found(loaded(tmp_path, targets=[target(threshold=15.0)]))
    assert answer.needed is not None and answer.needed < 0
    assert [(r.source, r.share) for r in answer.rows][0] == ("own", 1.0)
    assert [r.source for r in answer.rows] == ["own", "bank"]
    bank = shipped_moves()["positive"].quantiles[2]
    assert answer.rows[1].share == pytest.approx(np.mean(bank >= answer.needed), abs=0.011)


def test_only_pairs_exactly_as_far_apart_count_and_none_across_a_gap_or_break(tmp_path: Path) -> None:
    rows = changes({2012: 5.0, 2013: 5.0}) + changes({2018: 1.0, 2019: 1.0, 2020: 1.0})
    data = loaded(tmp_path, observations=rows)
    series = qc.annual_series(data, "widgets", "testville", base_year=2020)
    assert past_moves(series, 2, "positive") == pytest.approx(
        [100 * math.log(1.05), 100 * math.log(1.01), 100 * math.log(1.01)]
    )
    assert past_moves(series, 4, "positive").size == 0


def test_a_target_without_any_figure_is_still_ranked_when_it_is_a_change_on_a_base_year(
    tmp_path: Path,
) -> None:
    cut = target(kind="relative_change", direction="at_most", threshold=-18, base_year=2020)
    answer = found(loaded(tmp_path, observations=[], targets=[cut]))
    assert (answer.from_year, answer.start, answer.end) == (2020, 100.0, pytest.approx(82.0))
    assert [row.source for row in answer.rows] == ["bank", "bank_either"]


@pytest.mark.parametrize(
    ("rows", "goal", "code"),
    [
        ([], {}, "no_level"),
        (figures({2023: 19.0, 2024: 20.0, 2025: 21.0}), {}, "settled"),
        (
            figures(STEADY),
            {"kind": "monotone", "direction": "increase_every_year", "threshold": 0},
            "no_pace",
        ),
        (figures({2019: 1.0, 2021: 0.0, 2020: 0.5}), {}, "no_scale"),
    ],
)
def test_where_nothing_can_be_compared_the_reason_is_given(
    tmp_path: Path, rows: list[dict[str, object]], goal: dict[str, object], code: str
) -> None:
    data = loaded(tmp_path, as_of="2026-12-31", observations=rows, targets=[target(**goal)])
    answer = found(data)
    assert answer.reason is not None and (answer.reason.code, answer.rows) == (code, ())


def test_beyond_ten_years_the_bank_is_silent(tmp_path: Path) -> None:
    answer = found(loaded(tmp_path, targets=[target(deadline=2035)]))
    assert [row.source for row in answer.rows] == ["own"]
    assert answer.rows[0].share is None


def test_the_result_is_plain_data() -> None:
    data = qc.load(as_of="2024-06-30")
    answer = feasibility(data, qc.assess(data, "rd_intensity", draws=500))
    assert json.loads(json.dumps(answer.to_dict()))["rows"][0]["source"] == "own"

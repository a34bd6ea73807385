"""When a target is reached, how long one may wait and what moved as fast, counted again path by path, year by year."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from packages import CUT, STEADY, changes, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis import outlook as room
from qcity_analysis.analysis.outlook import YEARS, again, last_year_to_act, past_changes
from qcity_analysis.forecasting.prior import shipped_changes

EVERY = {"kind": "monotone", "direction": "increase_every_year", "threshold": 0}
COUNT = {"kind": "cumulative", "threshold": 52, "base_year": 2020}
BETTER = {"kind": "direction", "direction": "increase", "threshold": 0, "base_year": 2020}


def asked(folder, rows=None, look=room.outlook, as_of="2024-12-31", draws=100, tables=None, **goal):
    rows = figures(STEADY) if rows is None else rows
    data = loaded(folder, as_of, observations=rows, targets=[target(**goal)], **(tables or {}))
    return look(data, qc.assess(data, "goal", draws=draws))


def feasibility(folder, rows=None, tables=None, **goal):
    return asked(folder, rows, room.feasibility, tables=tables, **goal)


def test_chances_are_the_shares_of_paths_beyond_the_bound_year_by_year(tmp_path):
    data = loaded(tmp_path)
    answer = qc.assess(data, "goal", draws=1000)
    ahead = room.outlook(data, answer)
    series = pd.Series(STEADY).rename("testville/widgets")
    paths = qc.forecast(series, 2022 + YEARS, support="positive", draws=1000, rng=0).paths
    slow = {2023 + k: float(np.mean(paths[:, k] >= 20)) for k in range(YEARS)}
    assert ahead.chances.to_dict() == pytest.approx(slow)
    assert ahead.chances[2025] == answer.probability
    likely = [p for p in (0.5, 0.8) if max(slow.values()) >= p]
    first = {p: min(year for year, chance in slow.items() if chance >= p) for p in likely}
    assert {p: ahead.attained[p] for p in first} == first and first
    assert ahead.last_to_act == 2025 - min(k for k in range(1, YEARS + 1) if slow[2022 + k] >= 0.1)
    plain = json.loads(json.dumps(ahead.to_dict()))
    assert set(plain["attained"]) == {"0.5", "0.8", "0.95"} and "2025" in plain["chances"]
    assert plain["feasibility"]["rows"][0]["source"] == "own"
    easy = again(data, answer, dataclasses.replace(answer.target, threshold=1.0), draws=100)
    assert easy is not None and (easy.probability, easy.draws, easy.seed) == (1.0, 100, answer.seed)


@pytest.mark.parametrize(("deadline", "years", "reached", "last"), [
    (2026, 4, False, 2023),  # three years are needed: 2024, 2025, 2026
    (2024, 4, False, 2021),  # it would have had to begin before the last figure
    (2026, 2, False, None),
    (2026, 2, True, 2026),
])  # fmt: skip
def test_the_last_year_to_act_leaves_the_years_a_tenth_needs(deadline, years, reached, last):
    chances = pd.Series([0.02, 0.09, 0.10, 0.4], index=range(2023, 2027))
    assert last_year_to_act(chances[:years], deadline, reached) == last


def test_a_reached_level_may_stand_still_and_a_missed_target_is_still_asked_when(tmp_path):
    reached, missed = asked(tmp_path / "a", threshold=16), asked(tmp_path / "b", deadline=2022)
    assert (reached.reached, reached.last_to_act) == (True, 2025)
    assert (missed.reason, missed.last_to_act) == (None, None)
    assert list(missed.chances.index) == list(range(2023, 2023 + YEARS))


@pytest.mark.parametrize(("rows", "goal", "no_chances", "no_pace"), [
    (figures({2018: 1.0, 2019: 2.0, 2020: 3.0, 2023: 21.0}), {"deadline": 2023}, "settled", "settled"),
    ([], {"as_of": "2026-12-31"}, "no_forecast", "no_level"),
    (figures({2021: 3.0}), {}, "no_forecast", None),
    (None, EVERY, "no_year_of_attainment", "no_pace"),
    (figures({2019: 1.0, 2021: 0.0, 2020: 0.5}), {}, None, "no_scale"),
    (figures({2015: 1.0, 2018: 2.0, 2019: 3.0}), BETTER, "no_forecast", "no_level"),
])  # fmt: skip
def test_where_nothing_can_be_said_the_reason_is_given(tmp_path, rows, goal, no_chances, no_pace):
    ahead = asked(tmp_path, rows, **goal)
    assert (ahead.reason.code if ahead.reason else None) == no_chances
    assert (ahead.feasibility.reason.code if ahead.feasibility.reason else None) == no_pace
    if no_chances:
        assert (ahead.chances.empty, ahead.looked_until, ahead.last_to_act) == (True, None, None)
    if no_pace:
        assert (ahead.feasibility.rows, ahead.feasibility.years) == ((), 0)


def test_each_definition_has_its_own_outlook(definitions):
    data, whole = definitions
    reasons = [room.outlook(data, one).reason for one in (whole, *whole.parts)]
    assert [reason and reason.code for reason in reasons] == ["by_definition", None, "settled"]
    assert room.outlook(data, whole.parts[0]).chances.index[0] == 2023


def test_a_count_is_asked_with_each_year_as_its_deadline(tmp_path):
    rows = figures({2018: 9, 2019: 10, 2021: 12, 2022: 11, 2023: 10}, measure="count_new")
    tables = {"tables": {"indicators": [indicator("widgets", support="count")]}, "draws": 500}
    ahead = asked(tmp_path / "2025", rows, **tables, **COUNT, deadline=2025)
    later = asked(tmp_path / "2026", rows, lambda data, answer: answer, **tables, **COUNT, deadline=2026)
    assert ahead.chances[2026] == later.probability
    assert ahead.chances.is_monotonic_increasing and ahead.attained[0.95] == ahead.chances.index[-1]


def test_own_windows_are_counted_and_a_reached_level_asks_how_often_as_little_was_lost(tmp_path):
    move, needed = feasibility(tmp_path / "a", threshold=20.5), math.log(20.5 / 16.1) / 3
    fast = sum(math.log(STEADY[y + 3] / STEADY[y]) / 3 >= needed for y in range(2016, 2020))
    own = move.rows[0]
    assert move.needed == pytest.approx(100 * needed)
    assert (own.source, own.as_fast, own.windows, own.share) == ("own", fast, 4, 0.5)
    move = feasibility(tmp_path / "b", threshold=15.0)
    own, corpus = move.rows
    assert move.needed < 0 and (own.source, own.share, corpus.source) == ("own", 1.0, "bank")
    quantiles = shipped_changes()["positive"].quantiles[2]
    assert corpus.share == pytest.approx(np.mean(quantiles >= move.needed), abs=0.011)


def test_a_cut_is_ranked_among_falls_and_in_the_corpus_in_both_directions(tmp_path):
    percents = {2016: -2.0, 2017: -5.0, 2018: 3.0, 2019: -4.0, 2020: -4.5, 2021: -1.0, 2022: -6.0}
    move, levels = feasibility(tmp_path, changes(percents), **CUT), {2015: 1.0}
    for year, percent in percents.items():
        levels[year] = levels[year - 1] * (1 + percent / 100)
    needed = math.log(0.82 * levels[2020] / levels[2022]) / 3
    moves = [math.log(levels[y + 3] / levels[y]) / 3 for y in range(2015, 2020)]
    own, falls, either = move.rows
    assert (own.as_fast, own.windows) == (sum(m <= needed for m in moves), 5)
    corpus = shipped_changes()["positive"].quantiles[2]
    assert move.needed == pytest.approx(100 * needed)
    assert falls.share == pytest.approx(np.mean(corpus <= 100 * needed), abs=0.011)
    assert either.share == pytest.approx(np.mean(np.abs(corpus) >= -100 * needed), abs=0.021)


def test_a_share_near_100_is_ranked_by_what_is_missing_not_by_points(tmp_path):
    rows = figures({2018: 80.0, 2019: 85.0, 2020: 90.0, 2021: 93.0, 2022: 96.0}, unit="%")
    percent = {"indicators": [indicator("widgets", support="percent", unit="%")]}
    move = feasibility(tmp_path, rows, percent, threshold=99.0, deadline=2023, unit="%")
    assert move.scale == "logodds" and move.needed == pytest.approx(math.log(99 / 1) - math.log(96 / 4))
    own = move.rows[0]  # three times 3 points or more, but never three quarters of what is missing
    assert (own.as_fast, own.windows) == (0, 4)


def test_comparators_are_those_named_and_other_regions_with_the_same_indicator(tmp_path):
    named = {"indicators": [indicator("widgets", comparators="otherland/gadgets"), indicator("gadgets")]}
    rows = figures(STEADY) + figures({y: v * 2 for y, v in STEADY.items()}, region="otherland")
    rows += figures({y: 30.0 - y + 2016 for y in STEADY}, region="otherland", indicator_id="gadgets")
    own, *others = (r for r in feasibility(tmp_path, rows, named).rows if r.windows is not None)
    told = [(r.region, r.indicator_id, r.as_fast) for r in others]
    assert told == [("otherland", "gadgets", 0), ("otherland", "widgets", own.as_fast)]


def test_only_pairs_exactly_as_far_apart_count_and_none_across_a_gap_or_break(tmp_path):
    rows = changes({2012: 5.0, 2013: 5.0, 2018: 1.0, 2019: 1.0, 2020: 1.0})
    series = qc.annual_series(loaded(tmp_path, observations=rows), "widgets", "testville", base_year=2020)
    expected = [100 * math.log(ratio) for ratio in (1.05, 1.01, 1.01)]
    assert past_changes(series, 2, "positive") == pytest.approx(expected)
    assert past_changes(series, 4, "positive").size == 0


def test_without_a_figure_the_corpus_alone_is_asked_and_beyond_ten_years_it_is_silent(tmp_path):
    move, (own,) = feasibility(tmp_path / "a", [], **CUT), feasibility(tmp_path / "b", deadline=2035).rows
    assert (move.from_year, move.start, move.end) == (2020, 100.0, pytest.approx(82.0))
    assert [row.source for row in move.rows] == ["bank", "bank_either"]
    assert (own.source, own.share) == ("own", None)

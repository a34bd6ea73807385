"""Each choice varied by hand: the figures rewritten, or the option given, and the assessment made again."""

from __future__ import annotations

import json

import pytest
from packages import STEADY, changes, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.attribution import another_verdict
from qcity_analysis.analysis.sensitivity import sensitivity
from qcity_analysis.forecasting import forecast as models

PERCENTS = dict(enumerate([-2.0, -3.1, -2.5, -4.0, -1.0, -3.0, -2.2, -3.5, -2.0], start=2014))
CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -13, "base_year": 2020}
DRAWS = 200


@pytest.fixture(autouse=True)
def _two_models(monkeypatch):
    """One model that is quick, and one that fails where a year is missing."""
    monkeypatch.setattr(models, "MODELS", ("theta", "naive"))


def vary(data):
    (varied,) = sensitivity(data, qc.assess(data, "goal", draws=50), draws=DRAWS)
    assert varied.answer.draws == DRAWS  # whatever the answer had
    return varied


def rows(varied, kind):
    return {row.value: row for row in varied.rows if row.kind == kind}


def chance(data, model="mixture"):
    return qc.assess(data, "goal", draws=DRAWS, model=model).probability


def cut(folder, rows=None, **goal):
    return loaded(folder, observations=rows or changes(PERCENTS), targets=[target(**(CUT | goal))])


def test_a_window_and_a_year_left_out_are_assessments_of_the_other_figures_alone(tmp_path):
    levels = {2010 + k: 12.5 + 0.5 * k + (k % 3) * 0.4 for k in range(13)}
    varied = vary(loaded(tmp_path / "all", observations=figures(levels)))
    windows, left_out = rows(varied, "window"), rows(varied, "leave_out")
    assert {value: row.first for value, row in windows.items()} == {12: 2011, 8: 2015, 5: 2018}
    assert sorted(left_out) == sorted(levels)[1:]  # the last twelve
    cases = [(row, {y: x for y, x in levels.items() if y >= row.first}) for row in windows.values()]
    cases += [(left_out[year], {y: x for y, x in levels.items() if y != year}) for year in (2011, 2016, 2022)]
    for k, (row, kept) in enumerate(cases):
        assert row.probability == chance(loaded(tmp_path / str(k), observations=figures(kept)))
    plain = json.loads(json.dumps(varied.to_dict()))
    assert (plain["asked"]["kind"], len(plain["rows"]), plain["draws"]) == ("asked", len(varied.rows), DRAWS)


def test_leaving_out_a_yearly_change_joins_its_neighbours_and_a_base_year_keeps_the_pace(tmp_path):
    varied = vary(cut(tmp_path / "all"))
    left_out, bases = rows(varied, "leave_out"), rows(varied, "base_year")
    assert 2020 not in left_out  # the base year itself
    joined = 100 * ((1 + PERCENTS[2018] / 100) * (1 + PERCENTS[2019] / 100) - 1)
    kept = changes({year: value for year, value in PERCENTS.items() if year not in (2018, 2019)})
    bridge = changes({2019: joined}, measure="cumulative_change_pct", base_period="2017")
    assert left_out[2018].probability == chance(cut(tmp_path / "b", [*kept, *bridge]))
    assert sorted(bases) == [2018, 2019, 2021]
    pace = 100 * ((1 - 13 / 100) ** (6 / 5) - 1)  # from 2019, not 2020, to 2025
    other = cut(tmp_path / "c", base_year=2019, threshold=repr(pace))
    assert bases[2019].probability == pytest.approx(chance(other), abs=1e-9)


def test_windows_of_a_relative_change_never_leave_out_its_base_year(tmp_path):
    windows = rows(vary(cut(tmp_path, base_year=2016)), "window")
    assert {row.first for row in windows.values()} == {2015}


def test_the_tolerance_is_left_away_and_other_models_are_tried(tmp_path):
    goals = [target(commitment="about", tolerance=0.5)]
    compared = [indicator("widgets", comparators="otherland/widgets")]
    varied = vary(loaded(tmp_path / "a", targets=goals, indicators=compared))
    assert rows(varied, "tolerance")[0.0].probability == chance(loaded(tmp_path / "b"))
    models = rows(varied, "model")
    assert set(models) == {"theta", "naive"}
    assert models["naive"].probability == chance(loaded(tmp_path / "c", targets=goals), "naive")


def test_a_model_that_cannot_be_fitted_says_why_and_a_flip_is_the_other_side_of_one_half(tmp_path):
    levels = {year: level for year, level in STEADY.items() if year != 2018}
    varied = vary(loaded(tmp_path, observations=figures(levels), targets=[target(threshold=19.2)]))
    row = rows(varied, "model")["theta"]
    assert (row.status, row.probability, row.flips) == ("not_assessable", None, False)
    assert row.reason.values["why"] == "model 'theta' needs every year from 2016 to 2022; some are missing"
    above = varied.asked.probability >= 0.5
    sides = [(row.flips, row.probability >= 0.5) for row in varied.rows if row.probability is not None]
    assert [flips for flips, _ in sides] == [side != above for _, side in sides]
    assert varied.flips == tuple(row for row in varied.rows if row.flips) != ()


def test_definitions_are_compared_with_each_other_and_a_settled_one_has_no_windows():
    data = qc.load(as_of="2026-06-30")
    whole = qc.assess(data, "energy_per_gdp", plan="china_14fyp", draws=10)
    old, new = sensitivity(data, whole, draws=10)
    assert (old.asked.status, new.asked.status) == ("forecast", "met")
    assert rows(old, "definition")["energy_per_gdp_b"].flips
    assert rows(new, "definition")["energy_per_gdp"].flips
    assert {row.kind for row in new.rows} <= {"base_year", "definition"}
    assert {row.kind for row in old.rows} >= {"window", "leave_out", "base_year", "model", "definition"}
    one, other = whole.parts
    assert another_verdict(other, one) and another_verdict(one, other) and not another_verdict(one, one)


def test_what_cannot_be_assessed_turns_on_nothing(tmp_path):
    data = qc.load(as_of="2024-06-30")
    (varied,) = sensitivity(data, qc.assess(data, "energy_intensity", draws=4), draws=4)
    assert varied.asked.status == "not_assessable" and not varied.flips
    assert varied.rows == ()
    empty = loaded(tmp_path, observations=[])
    assert sensitivity(empty, qc.assess(empty, "goal"), draws=DRAWS)[0].rows == ()

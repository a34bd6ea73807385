"""Each choice varied by hand: the figures rewritten, or the option given, and the assessment made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packages import STEADY, changes, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.sensitivity import Sensitivity, Variant, flips, sensitivity
from qcity_analysis.data.load import Data

PERCENTS = dict(enumerate([-2.0, -3.1, -2.5, -4.0, -1.0, -3.0, -2.2, -3.5, -2.0], start=2014))
CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -13, "base_year": 2020}
DRAWS = 500


def vary(data: Data) -> Sensitivity:
    (found,) = sensitivity(data, qc.assess(data, "goal", draws=DRAWS), draws=DRAWS)
    return found


def rows(found: Sensitivity, kind: str) -> dict[object, Variant]:
    return {row.value: row for row in found.rows if row.kind == kind}


def probability(data: Data, **options: object) -> float:
    found = qc.assess(data, "goal", draws=DRAWS, **options).probability  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_window_is_an_assessment_of_figures_published_from_its_first_year_on(tmp_path: Path) -> None:
    levels = {2005 + k: 10 + 0.5 * k + (k % 3) * 0.4 for k in range(18)}
    found = rows(vary(loaded(tmp_path / "all", observations=figures(levels))), "window")
    assert {value: row.first for value, row in found.items()} == {12: 2011, 8: 2015, 5: 2018}
    for row in found.values():
        kept = {year: level for year, level in levels.items() if year >= (row.first or 0)}
        short = loaded(tmp_path / str(row.first), observations=figures(kept))
        assert row.probability == probability(short)


def test_a_year_left_out_is_an_assessment_without_its_figure(tmp_path: Path) -> None:
    found = rows(vary(loaded(tmp_path / "all")), "leave_out")
    assert sorted(found) == sorted(STEADY)  # type: ignore[type-var]
    for year in (2016, 2019, 2022):
        kept = {y: level for y, level in STEADY.items() if y != year}
        assert found[year].probability == probability(
            loaded(tmp_path / str(year), observations=figures(kept))
        )


def test_leaving_out_a_yearly_change_joins_its_neighbours_to_one_over_two_years(tmp_path: Path) -> None:
    data = loaded(tmp_path / "all", observations=changes(PERCENTS), targets=[target(**CUT)])
    found = rows(vary(data), "leave_out")
    assert 2020 not in found  # the base year itself
    joined = 100 * ((1 + PERCENTS[2018] / 100) * (1 + PERCENTS[2019] / 100) - 1)
    kept = changes({year: value for year, value in PERCENTS.items() if year not in (2018, 2019)})
    bridge = changes({2019: joined}, measure="cumulative_change_pct", base_period="2017")
    slow = loaded(tmp_path / "b", observations=[*kept, *bridge], targets=[target(**CUT)])
    assert found[2018].probability == probability(slow)


def test_windows_of_a_relative_change_never_leave_out_its_base_year(tmp_path: Path) -> None:
    goal = target(**(CUT | {"base_year": 2016}))
    found = rows(vary(loaded(tmp_path, observations=changes(PERCENTS), targets=[goal])), "window")
    assert {row.first for row in found.values()} == {2015}


def test_a_base_year_is_an_assessment_of_the_target_with_that_base_at_the_same_pace(tmp_path: Path) -> None:
    data = loaded(tmp_path / "a", observations=changes(PERCENTS), targets=[target(**CUT)])
    found = rows(vary(data), "base_year")
    assert sorted(found) == [2018, 2019, 2021]  # type: ignore[type-var]
    pace = 100 * ((1 - 13 / 100) ** (6 / 5) - 1)  # from 2019, not 2020, to 2025
    other = target(**(CUT | {"base_year": 2019, "threshold": repr(pace)}))
    slow = loaded(tmp_path / "b", observations=changes(PERCENTS), targets=[other])
    assert found[2019].probability == pytest.approx(probability(slow), abs=1e-9)


def test_the_tolerance_is_left_away_and_other_models_are_tried(tmp_path: Path) -> None:
    goal = target(commitment="about", tolerance=0.5)
    found = vary(loaded(tmp_path / "a", targets=[goal]))
    assert rows(found, "tolerance")[0.0].probability == probability(loaded(tmp_path / "b"))
    models = rows(found, "model")
    assert set(models) == {"ets", "theta", "arima", "ucm", "drift", "naive"}
    assert models["naive"].probability == probability(loaded(tmp_path / "c", targets=[goal]), model="naive")


def test_a_model_that_cannot_be_fitted_says_why_and_flips_nothing(tmp_path: Path) -> None:
    levels = {year: level for year, level in STEADY.items() if year != 2018}
    row = rows(vary(loaded(tmp_path, observations=figures(levels))), "model")["ets"]
    assert (row.status, row.probability, row.flips) == ("not_assessable", None, False)
    assert row.reason is not None
    assert row.reason.values["why"] == "model 'ets' needs every year from 2016 to 2022; some are missing"


def test_a_flip_is_the_other_side_of_one_half(tmp_path: Path) -> None:
    found = vary(loaded(tmp_path, targets=[target(threshold=19.2)]))
    above = found.asked.probability >= 0.5  # type: ignore[operator]
    judged = [row for row in found.rows if row.probability is not None]
    assert [row.flips for row in judged] == [(row.probability >= 0.5) != above for row in judged]  # type: ignore[operator]
    assert found.flips == tuple(row for row in found.rows if row.flips)


def test_definitions_are_compared_with_each_other_and_a_settled_one_has_no_windows() -> None:
    data = qc.load(as_of="2026-06-30")
    whole = qc.assess(data, "energy_per_gdp", plan="china_14fyp", draws=DRAWS)
    old, new = sensitivity(data, whole, draws=DRAWS)
    assert (old.asked.status, new.asked.status) == ("forecast", "met")
    assert rows(old, "definition")["energy_per_gdp_b"].flips
    assert rows(new, "definition")["energy_per_gdp"].flips
    assert {row.kind for row in new.rows} <= {"base_year", "definition"}
    assert {row.kind for row in old.rows} >= {"window", "leave_out", "base_year", "model", "definition"}


def test_a_met_target_and_a_forecast_of_it_are_another_verdict() -> None:
    data = qc.load(as_of="2026-06-30")
    old, new = qc.assess(data, "energy_per_gdp", plan="china_14fyp", draws=DRAWS).parts
    assert flips(new, old) and flips(old, new) and not flips(old, old)


def test_what_cannot_be_assessed_lists_what_is_borrowed_and_nothing_else(tmp_path: Path) -> None:
    data = qc.load(as_of="2024-06-30")
    (found,) = sensitivity(data, qc.assess(data, "energy_intensity", draws=DRAWS), draws=DRAWS)
    assert found.asked.status == "not_assessable" and not found.flips
    assert {row.kind for row in found.rows} == {"borrowed"}
    assert vary(loaded(tmp_path, observations=[])).rows == ()


def test_the_result_is_plain_data_with_the_number_of_draws_asked_for(tmp_path: Path) -> None:
    data = loaded(tmp_path, indicators=[indicator("widgets", comparators="otherland/widgets")])
    (found,) = sensitivity(data, qc.assess(data, "goal", draws=DRAWS), draws=100)
    plain = json.loads(json.dumps(found.to_dict()))
    assert (plain["asked"]["kind"], len(plain["rows"])) == ("asked", len(found.rows))
    assert found.draws == found.answer.draws == plain["draws"] == 100

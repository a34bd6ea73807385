"""Targets as records, the level that is just enough and the pace that leads there, whatever the unit of the series."""

import dataclasses
import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from packages import loaded, target
from yearly_series import frame, since

import qcity_analysis as qc
from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.series.annual import annual_series
from qcity_analysis.targets import find_target, in_regions, needed_path, pace_between, reaches


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("data"), targets=[target(), target(plan="second", threshold=30)])


def test_a_target_holds_years_as_integers_and_blanks_as_none_and_is_that_of_the_first_plan_that_has_it(data):
    found = find_target(data, "goal")
    assert (found.deadline, found.base_year, found.threshold, found.tolerance) == (2025, None, 20.0, 0.0)
    assert (found.name("zh"), found.name("en"), found.plan) == ("目标", "Goal", "made_up")
    assert find_target(data, "goal", plan="second").threshold == 30
    assert find_target(data, "goal", region="otherland").region == "otherland"


TOLERATED = [  # direction, kind, bound, enough, too little
    ("at_least", "coverage", 18.5, 18.5, 18.4), ("at_most", "coverage", 21.5, 21.5, 21.6),
    ("at_least", "level", 19, 19, 18.9), ("at_most", "level", 21, 21, 21.1),
    ("at_least", "relative_change", 8 * 1.19, 9.52, 9.5),
    ("at_most", "relative_change", 8 * 1.21, 9.68, 9.7),
    ("increase", "direction", 27, 27, 26.9), ("decrease", "direction", -11, -11, -10.9),
]  # fmt: skip


def test_the_tolerance_is_in_the_unit_of_the_threshold_and_on_the_right_side(data):
    for direction, kind, bound, enough, short in TOLERATED:
        asked = {"direction": direction, "kind": kind, "tolerance": 1.0, "base_year": 2020}
        found = dataclasses.replace(find_target(data, "goal"), **asked)
        assert found.bound(8, step=1) == pytest.approx(bound)
        assert found.is_met(enough, bound) and not found.is_met(short, bound)


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 3e7, 1e15])
def test_what_binary_fractions_blur_is_reached_and_a_millionth_short_is_not(size):
    assert reaches(size * (0.1 + 0.2), size * 0.3) and reaches(size * 0.3, size * (0.1 + 0.2))
    assert not reaches(size * 0.3 * (1 - 1e-6), size * 0.3)
    assert not reaches(size * 0.3 * (1 + 1e-6), size * 0.3, upward=False)
    levels = size * np.array([0.29, 0.3, 0.31, np.nan])
    assert reaches(levels, size * 0.3).tolist() == [False, True, True, False]
    # nothing open-ended reaches a limit
    assert reaches(np.inf, size) and not reaches(np.inf, size, upward=False)


def test_no_whole_year_as_deadline_and_an_unknown_name_are_refused_the_name_with_the_closest_one(data):
    goals = data.targets.astype({"deadline": object})
    for year in (2025.5, "2025", True, None):
        message = "deadline of 'goal' is a whole year, such as 2025; found" if year else "has no deadline"
        with pytest.raises(QcityError, match=message):
            find_target(dataclasses.replace(data, targets=goals.assign(deadline=year)), "goal")
    with pytest.raises(QcityError, match="asked for by its name, a text; found 7"):
        find_target(data, 7)
    asked, told = partial(find_target, data), partial(annual_series, data)
    regions = "Known: testville, otherland."
    for ask, message in [
        (partial(asked, "gaol"), "target 'gaol'. Did you mean \"goal\"? Known: goal."),
        (partial(asked, "goal", "madeup"), "plan 'madeup'. Did you mean \"made_up\"? Known: made_up, second."),
        (partial(asked, "goal", region="otherlnd"), f"region 'otherlnd'. Did you mean \"otherland\"? {regions}"),
        (partial(told, "widgets", "testvile"), f"region 'testvile'. Did you mean \"testville\"? {regions}"),
        (partial(told, "wigdets", "testville"), "indicator 'wigdets'. Did you mean \"widgets\"? Known: widgets."),
    ]:  # fmt: skip
        with pytest.raises(QcityError) as error:
            ask()
        assert str(error.value) == f"unknown {message} `qcity list` shows all."


def test_a_cut_of_18_percent_in_five_years_is_3_89_percent_a_year_and_through_zero_there_is_no_compound_pace():
    yearly, path = pace_between(100, 82, 2020, 2025), needed_path(100, 82, 2020, 2025)
    assert 100 * (1 + yearly.compound / 100) ** 5 == pytest.approx(82)
    assert (round(yearly.compound, 2), round(yearly.linear, 2)) == (-3.89, -3.6)
    assert path.index.tolist() == [2020, 2021, 2022, 2023, 2024, 2025]
    assert (path[2020], path[2025]) == (100, pytest.approx(82.0))
    assert np.ptp(path.to_numpy()[1:] / path.to_numpy()[:-1]) < 1e-12
    assert needed_path(-2.0, 2.0, 2020, 2024).tolist() == [-2, -1, 0, 1, 2]
    assert pace_between(-2.0, 2.0, 2020, 2024).compound is None
    for year in (2020, 2019):
        with pytest.raises(QcityError, match=f"a pace needs a later year than 2020; found {year}"):
            pace_between(1, 2, 2020, year)


# The unit in which a series is written changes no probability; what stands still may go on standing still.
GROWTH = [1.02, 1.13, 1.21, 1.30, 1.42, 1.49, 1.58]
GREW = since(2017, *GROWTH)


@pytest.mark.parametrize(("series", "known"), [
    (GREW, {}), (GREW, {"noisy": {2022: 0.02, 2023: 0.02}}), (GREW, {"lower": {2024: 1.6}}),
    (since(2019, 1e-4, 5.0, 7.0, 6.0, 9.0), {}),  # one tiny value
])  # fmt: skip
def test_paths_do_not_depend_on_the_unit(series, known):
    found = []
    for scale in (1.0, 1e-6, 3.7, 1e8):
        told = {name: {year: v * scale for year, v in table.items()} for name, table in known.items()}
        paths = forecast(series * scale, 2026, support="positive", rng=1, draws=4000, **told)
        found.append(paths.probability_at_least(1.1 * series[2023] * scale))
    assert found[1:] == pytest.approx([found[0]] * 3, abs=3e-3)


@pytest.mark.parametrize("model", ["ets", "theta", "arima", "ucm", "drift", "naive"])
def test_named_models_do_not_depend_on_the_unit(model):
    options = {"model": model, "draws": 1000, "rng": 1}
    found = [forecast(GREW * scale, 2026, **options).median() / scale for scale in (1, 1e-6, 1e8)]
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-3)


def test_a_series_stays_the_likelier_the_longer_it_stood_still():
    def stays(*rows):
        frames = [frame(list(row), name=f"{k}") for k, row in enumerate(rows)]
        return forecast_panel(pd.concat(frames)).ahead.stay

    thirds = stays([0.3, 0.1 + 0.2, 0.3, 0.6 / 2, 0.3], [0.3] * 5)
    assert (thirds[0] == thirds[1]).all()  # a rounding error of the computer is no change
    found = stays(*([1.0, 1.4, 1.1, 1.7, 1.9] + [2.0] * run for run in (1, 2, 3, 5)))[:, 0]
    assert (np.diff(found) > 0).all() and found[0] < 0.1 and found[3] > 0.4
    near = [100.031, 99.987113, 100.052126], [1e9 + k for k in (1, 22, 57, 49)]  # small news is no noise
    assert stays(GROWTH, [2.134, 2.781, 2.452, 3.019, 2.887], *near).max() < 0.05  # these never repeated


def staying(values, support):
    """How likely the panel says it is to have at least the last value again, one to five years ahead."""
    panel = forecast_panel(frame(values, support), 5)
    years = panel.last_year[0] + np.arange(1, 6)
    ask = pd.DataFrame({"series_id": "a", "period": years, "threshold": values[-1], "direction": "at_least"})
    return panel.probability(ask)


def test_paths_panel_and_quantiles_tell_the_same_of_the_last_value_and_a_path_that_left_does_not_count_as_staying():
    six, values = staying([100.0] * 6, "percent"), [98.0, 99.0, 100.0, 100.0, 100.0]
    assert six[0] >= 0.8 and (np.diff(six) <= 0).all() and six[4] < six[0] - 0.1
    fc = forecast(pd.Series(values, index=range(2019, 2024)), 2028, support="percent", rng=1)
    panel, said = forecast_panel(frame(values, "percent")), staying(values, "percent")
    assert [fc.probability_at_least(100, year) for year in fc.years] == pytest.approx(said, abs=2e-3)
    still = fc.paths == 100
    assert (still.mean(axis=0) >= panel.ahead.stay[0] - 1e-3).all()
    assert still.all(axis=1).mean() == pytest.approx(panel.ahead.stay[0, -1], abs=5e-3)
    assert (panel.quantiles([0.5, 0.9]).to_numpy()[0] == 100).all()


def test_a_kept_bound_at_the_last_value_lengthens_the_run():
    y = pd.Series([90.0, 95.0, 100.0, 100.0, 100.0], index=range(2019, 2024))
    kept = ({}, {2024: 100 - 1e-9})
    plain, told = (forecast(y, 2025, support="percent", rng=0, lower=lower) for lower in kept)
    assert told.probability_at_least(100, 2024) == pytest.approx(1.0, abs=0.02)
    assert told.probability_at_least(100, 2025) > plain.probability_at_least(100, 2025)


SHARE = [94.0, 94.3, 94.7, 94.9, 95.3]
SLOW = {"marks": pytest.mark.slow}
MONTE_CARLO = [  # levels to 2023, support, what is known in part, threshold (None: a rise in every year)
    (SHARE, "percent", {}, 96.0, 16, 10_000),
    pytest.param(SHARE, "percent", {"estimates": {2024: (95.5, 0.3)}}, 96.0, 16, 2000, **SLOW),
    (SHARE, "real", {}, None, 16, 10_000), ([0, 0, 1, 0, 0, 2], "count", {}, 1, 16, 10_000),
    pytest.param(SHARE, "percent", {"noisy": {2021: 0.3, 2023: 0.3}}, 96.0, 30, 10_000, **SLOW),
    pytest.param(SHARE, "percent", {"lower": {2024: 95.6}}, 96.5, 30, 10_000, **SLOW),
    pytest.param([20, 23, 22, 27, 29], "positive", {}, 33.0, 30, 10_000, **SLOW),
    pytest.param([-3, -1, -2, 0.5, 1], "real", {"noisy": {2022: 1.0}}, 3.0, 30, 10_000, **SLOW),
    pytest.param([1.0, 1.2, math.nan, 1.5, 1.6], "positive", {"lower": {2021: 1.3}}, 2.0, 30, 10_000, **SLOW),
]  # fmt: skip


@pytest.mark.parametrize(("levels", "support", "known", "threshold", "seeds", "draws"), MONTE_CARLO)
def test_the_monte_carlo_error_said_is_the_spread_over_seeds(levels, support, known, threshold, seeds, draws):
    series, found = pd.Series(levels, index=range(2024 - len(levels), 2024), dtype=float), []
    for seed in range(seeds):
        fc = forecast(series, 2026, support=support, draws=draws, rng=seed, **known)
        if threshold is None:
            met = (np.diff(fc.paths, axis=1) > 0).all(axis=1)
            found.append((met.mean(), fc.error_of(met)))
        else:
            chance = fc.probability_at_least(threshold)
            found.append((chance, fc.probability_error(chance)))
    seen, said = np.std([p for p, _ in found], ddof=1), np.mean([error for _, error in found])
    assert max(seen, said) < 1e-3 or (support != "count" and 0.5 <= seen / said <= 1.6)


def test_a_question_is_asked_of_several_regions_by_their_own_targets_where_they_have_one():
    data = qc.load()
    target = find_target(data, "energy_per_gdp_12fyp_zhejiang", "provinces_energy")
    both = in_regions(data, target, "jiangsu, zhejiang")
    assert [(one.plan, one.region, one.threshold) for one in both] == [
        ("jiangsu_12fyp", "jiangsu", -18.0), ("provinces_energy", "zhejiang", -18.0),
    ]  # fmt: skip
    every = in_regions(data, target, "all")
    assert len(every) > 25 and {one.deadline for one in every} == {2015}
    (moved,) = in_regions(data, find_target(data, "rd_intensity"), "jiangsu,")
    assert (moved.target_id, moved.region, moved.threshold) == ("rd_intensity", "jiangsu", 4.0)
    with pytest.raises(qc.QcityError, match="unknown region"):
        in_regions(data, target, "jiangsu,zhejang")

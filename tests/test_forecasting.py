"""The contract of forecasts: what holds for any series, whatever the figures of the prior."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import SeriesError
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.quantiles import KNOTS, at_levels, below

# A prior trained anew changes these.
GOLDEN_MEDIAN, GOLDEN_PROBABILITY, GOLDEN_CORRELATION = 2.72212, 0.3634, 0.74813
LEVELS = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975]
numbers = st.lists(st.integers(-500, 500).map(lambda i: i / 10), min_size=3, max_size=20)


def frame(values: list[float], support: str = "real", name: str = "a", last: int = 2023) -> pd.DataFrame:
    years = range(last - len(values) + 1, last + 1)
    return pd.DataFrame({"series_id": name, "period": years, "value": values, "support": support})


def many(count: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(count):
        y = np.cumsum(rng.normal(0.3, 1.0, size=rng.integers(4, 16))) + 50
        one = frame(list(y), "positive", f"s{i:04d}", int(rng.integers(2015, 2024)))
        keep = np.r_[True, rng.random(len(one) - 2) > 0.15, True]
        parts.append(one[keep] if keep.sum() >= 3 else one)
    return pd.concat(parts, ignore_index=True)


@settings(max_examples=25, deadline=None)
@given(numbers, st.sampled_from([-3.0, 250.0]), st.sampled_from([0.5, 4.0]))
def test_real_series_shifted_and_scaled_give_forecasts_shifted_and_scaled(values, shift, scale):
    if len(set(values)) == 1:
        return
    plain = forecast_panel(frame(values)).quantiles(LEVELS).to_numpy()
    moved = forecast_panel(frame([shift + scale * v for v in values])).quantiles(LEVELS).to_numpy()
    np.testing.assert_allclose(moved, shift + scale * plain, atol=1e-3 * scale * np.ptp(values))


@settings(max_examples=25, deadline=None)
@given(numbers.map(lambda v: [abs(x) for x in v]), st.sampled_from(["real", "positive", "percent", "count"]))
def test_quantiles_never_cross_nor_leave_the_possible_range(values, support):
    values = [min(v, 100.0) for v in values]
    panel = forecast_panel(frame(values, support), horizon=8)
    q = panel.quantiles(LEVELS).to_numpy()
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=1) >= 0).all()
    if support != "real":
        assert q.min() >= 0
    if support == "percent":
        assert q.max() <= 100


@settings(max_examples=25, deadline=None)
@given(numbers)
def test_probabilities_fall_as_the_threshold_rises_and_both_sides_add_up(values):
    panel = forecast_panel(frame(values))
    thresholds = np.linspace(-60, 60, 41)
    ask = pd.DataFrame({"series_id": "a", "period": 2025, "threshold": thresholds, "direction": "at_least"})
    more = panel.probability(ask)
    less = panel.probability(ask.assign(direction="at_most"))
    assert (np.diff(more) <= 1e-12).all()
    same = np.isclose(thresholds, values[-1], rtol=1e-9, atol=0)  # the last value itself may come again
    assert (more + less)[same].sum() >= same.sum()
    np.testing.assert_allclose((more + less)[~same], 1.0, atol=1e-9)


def test_probability_and_quantile_are_two_sides_of_one_thing():
    panel = forecast_panel(frame([3.0, 3.2, 3.1, 3.6, 3.8]))
    median = panel.quantiles([0.5]).loc[("a", 2026), 0.5]
    ask = pd.DataFrame({"series_id": ["a"], "period": 2026, "threshold": median, "direction": "at_most"})
    assert panel.probability(ask)[0] == pytest.approx(0.5)
    values = np.sort(np.random.default_rng(0).normal(size=(1, len(KNOTS))))
    for level in (0.001, 0.04, 0.5, 0.83, 0.999):
        assert below(values, at_levels(values, np.array([level]))[:, 0])[0] == pytest.approx(level)


def test_the_answer_is_the_same_to_the_bit_in_any_order_and_any_company():
    every = many(150)
    whole = forecast_panel(every).quantiles(LEVELS)
    shuffled = forecast_panel(every.sample(frac=1, random_state=1)).quantiles(LEVELS)
    pd.testing.assert_frame_equal(whole, shuffled, check_exact=True)
    for name in ("s0000", "s0077", "s0149"):
        alone = forecast_panel(every[every.series_id == name]).quantiles(LEVELS)
        pd.testing.assert_frame_equal(whole.loc[[name]], alone, check_exact=True)
    half = every[every.series_id.isin([f"s{i:04d}" for i in range(0, 150, 3)])]
    part = forecast_panel(half).quantiles(LEVELS)
    pd.testing.assert_frame_equal(whole.loc[part.index], part, check_exact=True)


def python(code: str, threads: str) -> str:
    """What a fresh interpreter prints."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    return run.stdout


@pytest.mark.parametrize("threads", ["2"])
def test_the_answer_does_not_depend_on_the_number_of_threads(threads):
    code = (
        "import numpy as np, pandas as pd, hashlib\n"
        "from qcity_analysis.forecasting.panel import forecast_panel\n"
        "rng = np.random.default_rng(5)\n"
        "f = pd.DataFrame({'series_id': np.repeat(np.arange(300), 8), 'period': np.tile(np.arange(8), 300),"
        " 'value': np.cumsum(rng.normal(size=(300, 8)), axis=1).ravel()})\n"
        "print(hashlib.sha256(forecast_panel(f).ahead.knots.tobytes()).hexdigest())"
    )
    assert python(code, threads) == python(code, "1")


def test_importing_the_forecaster_loads_neither_scipy_stats_nor_statsmodels():
    code = (
        "import qcity_analysis.forecasting.forecast, sys\n"
        "print('scipy.stats' in sys.modules, 'statsmodels' in sys.modules)"
    )
    assert python(code, "1").split() == ["False", "False"]


def test_paths_tell_the_same_as_the_panel():
    y = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.6], index=range(2018, 2024))
    fc = forecast(y, 2028, support="percent", rng=1)
    panel = forecast_panel(frame(list(y), "percent")).quantiles(LEVELS).to_numpy()
    np.testing.assert_allclose(fc.quantiles(LEVELS).to_numpy(), panel, rtol=2e-3)


def test_years_of_a_path_hang_together():
    y = pd.Series([10.0, 11, 13, 12, 14, 15, 17], index=range(2017, 2024))
    paths = forecast(y, 2028, rng=0).paths
    near, far = np.corrcoef(paths[:, 3], paths[:, 4])[0, 1], np.corrcoef(paths[:, 0], paths[:, 4])[0, 1]
    assert near > far > 0.1


def test_the_same_seed_gives_the_same_paths_and_a_generator_moves_on():
    y = pd.Series([1.0, 2, 2, 3], index=range(2020, 2024))
    assert np.array_equal(forecast(y, 2025, rng=7).paths, forecast(y, 2025, rng=7).paths)
    rng = np.random.default_rng(7)
    first, second = forecast(y, 2025, rng=rng).paths, forecast(y, 2025, rng=rng).paths
    assert np.array_equal(first, forecast(y, 2025, rng=7).paths)
    assert not np.array_equal(first, second)


def test_monte_carlo_error_of_independent_draws_is_that_of_a_share_and_never_zero():
    y = pd.Series([1.0, 2, 2, 3], index=range(2020, 2024))
    fc = forecast(y, 2025, model="drift", draws=2500)
    assert fc.probability_error(0.5) == pytest.approx(0.01, rel=1e-3)
    for each in (fc, forecast(y, 2025, draws=2500)):
        assert 0 < each.probability_error(1.0) < 0.001
        assert 0 < each.probability_error(0.0) < 0.001


def test_two_stretches_with_nothing_joining_them_are_forecast_from_the_newer_one():
    y = pd.Series([100, 89.65, 80.5, 100, 87], index=[2007, 2008, 2009, 2020, 2024])
    fc = forecast(y, 2025, support="positive", breaks=(2020,))
    assert fc.years.tolist() == [2025]
    assert 76 < fc.median()[2025] < 88
    moved = y + np.where(y.index < 2020, 500.0, 0.0)
    # Only changes cross a break, so the level of the older stretch hardly matters.
    again = forecast(moved, 2025, support="positive", breaks=(2020,))
    assert abs(again.median()[2025] - fc.median()[2025]) < 4


@pytest.mark.parametrize(
    ("values", "support"),
    [
        ([99.1, 99.3, 99.2, 99.4, 99.3], "percent"),
        ([100.0, 100, 100, 100], "percent"),
        ([0.0, 0, 0, 0, 0], "count"),
        ([5.0, 5, 5, 5, 5, 5], "positive"),
        ([3.0, 3, 3, 9, 9, 9], "real"),
        ([4.0, 4.1, 4.3, 1.0, 4.6, 4.7], "positive"),
        ([0.1, 0.2, 0.2, 0.3, 0.2], "positive"),
        (list(np.linspace(1, 60, 60)), "real"),
    ],
    ids=["ceiling", "at 100", "zeros", "constant", "one jump", "outlier year", "rounding", "60 points"],
)
def test_awkward_series_get_sensible_forecasts(values, support):
    q = forecast_panel(frame(values, support)).quantiles([0.05, 0.5, 0.95])
    assert np.isfinite(q.to_numpy()).all()
    reach = 3 * max(np.ptp(values), 0.02 * abs(values[-1]), 1.0)
    assert (np.abs(q[0.5] - values[-1]) <= reach).all()
    width = q[0.95] - q[0.05]
    assert (width > 0).all()
    assert (width <= 8 * max(np.ptp(values), 0.1 * abs(values[-1]), 1.0)).all()


def test_a_percentage_at_its_ceiling_is_likely_to_stay_there():
    panel = forecast_panel(frame([100.0] * 6, "percent"))
    ask = pd.DataFrame({"series_id": ["a"], "period": 2024, "threshold": 100.0, "direction": "at_least"})
    assert panel.probability(ask)[0] > 0.2


@pytest.mark.parametrize(("level", "support"), [(5.0, "positive"), (0.0, "count"), (100.0, "percent")])
def test_a_series_that_never_changed_is_expected_where_it_is_but_not_for_certain(level, support):
    q = forecast_panel(frame([level] * 6, support)).quantiles([0.05, 0.5, 0.95])
    np.testing.assert_allclose(q[0.5], level, atol=1e-6)
    assert (q[0.95] - q[0.05] > 0).all()


def test_gaps_are_missing_observations_and_the_year_after_the_last_is_forecast_first():
    y = pd.Series([3.0, np.nan, 3.4, 3.5, np.nan], index=range(2019, 2024))
    fc = forecast(y, 2025)
    assert fc.years.tolist() == [2023, 2024, 2025]
    assert np.array_equal(fc.paths, forecast(y.dropna(), 2025).paths)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "unknown column 'colour'"),
        ({"value": "high"}, "found 'high'; allowed: a number"),
        ({"period": 2020}, "has 2020 twice"),
        ({"value": np.inf}, "infinite value"),
        ({"support": "percentage"}, 'Did you mean "percent"'),
        ({"support": "percent", "value": 101.0}, "outside its support 'percent' \\(0 to 100\\)"),
        ({"value": [1.0, 2.0, np.nan, np.nan]}, "series 'a' has 2 of the at least 3 observed points"),
        ({"period": [2020.5, 2021, 2022, 2023]}, "allowed: a whole year"),
    ],
)
def test_bad_input_gets_one_clear_error(change, message):
    with pytest.raises(SeriesError, match=message):
        forecast_panel(frame([1.0, 2, 3, 4]).assign(**change))


def test_questions_that_make_no_sense_get_a_clear_error():
    panel = forecast_panel(frame([1.0, 2, 3, 4], name="energy"))
    ask = pd.DataFrame({"series_id": ["energy"], "period": 2025, "threshold": 3.0, "direction": "at_least"})
    for change, message in (
        ({"series_id": "enrgy"}, 'Did you mean "energy"'),
        ({"period": 2031}, "runs from 2024 to 2028"),
        ({"direction": "above"}, "allowed: at_least, at_most"),
        ({"threshold": "much"}, "allowed: a number"),
    ):
        with pytest.raises(QcityError, match=message):
            panel.probability(ask.assign(**change))
    with pytest.raises(QcityError, match="'threshold' is missing"):
        panel.probability(ask.drop(columns="threshold"))


def test_a_deadline_that_has_passed_is_refused():
    with pytest.raises(QcityError, match="after the last observed one, 2023"):
        forecast(pd.Series([1.0, 2, 3], index=[2021, 2022, 2023]), 2023)


def test_a_bound_moves_the_forecast_as_far_as_it_says_something():
    y = pd.Series([94.0, 94.4, 94.9, 95.2], index=range(2018, 2022))
    plain = forecast(y, 2024, support="percent", rng=0).median()[2024]
    high = forecast(y, 2024, support="percent", lower={2023: 97.0}, rng=0)
    empty = forecast(y, 2024, support="percent", lower={2023: 50.0}, rng=0)
    assert high.years.tolist() == [2022, 2023, 2024]
    assert (high.paths[:, 1] >= 97).all()
    assert high.median()[2024] > plain + 0.5
    assert abs(empty.median()[2024] - plain) < 0.4
    both = forecast(y, 2024, support="percent", lower={2023: 95.9}, upper={2023: 96.1}, rng=0)
    exact = forecast(pd.concat([y, pd.Series([96.0], [2023])]), 2024, support="percent", rng=0)
    assert both.median()[2024] == pytest.approx(exact.median()[2024], abs=0.15)


def test_a_noisy_value_counts_less_than_a_firm_one():
    y = pd.Series([10.0, 10.1, 9.9, 10.0, 10.1, 12.0], index=range(2018, 2024))
    firm = forecast(y, 2024, rng=0).median()[2024]
    noisy = forecast(y, 2024, noisy={2023: 2.0}, rng=0)
    sharp = forecast(y, 2024, noisy={2023: 1e-3}, rng=0)
    assert noisy.median()[2024] < firm - 0.2
    assert sharp.median()[2024] == pytest.approx(firm, abs=0.1)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"lower": {2020: 1.0}}, "2020 has a value and a bound"),
        ({"noisy": {2025: 1.0}}, "no value in 2025"),
        ({"noisy": {2020: 0.0}}, "must be above 0"),
        ({"lower": {2024: 5.0}, "upper": {2024: 4.0}}, "leave nothing"),
        ({"lower": {2024: 5.0}, "model": "naive"}, "need model 'mixture'"),
    ],
)
def test_partial_knowledge_that_makes_no_sense_is_refused(known, message):
    with pytest.raises(QcityError, match=message):
        forecast(pd.Series([1.0, 2, 3, 4], index=range(2020, 2024)), 2026, **known)


def test_an_explanation_names_what_carries_the_weight():
    line = pd.Series(np.arange(10.0, 22.0), index=range(2012, 2024))
    found = forecast(line, 2026, rng=0).explain()
    assert found.shares["trend"] + found.shares["damped trend"] > 0.5
    assert found.median == pytest.approx(forecast(line, 2026).median()[2026], rel=0.01)
    assert "trend" in str(found)
    odd = pd.Series([5.0, 5.1, 5.0, 9.0, 5.1, 5.0, 5.2], index=range(2017, 2024))
    assert sum(forecast(odd, 2025).explain().shares.values()) == pytest.approx(1.0)
    with pytest.raises(QcityError, match="only model 'mixture'"):
        forecast(line, 2026, model="naive").explain()


def test_a_fixed_seed_gives_the_figures_it_gave_before():
    y = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.6], index=range(2018, 2024))
    fc = forecast(y, 2025, support="percent", rng=20251123)
    assert fc.median()[2025] == pytest.approx(GOLDEN_MEDIAN, rel=1e-3)
    assert fc.probability_at_least(2.8, year=2025) == pytest.approx(GOLDEN_PROBABILITY, abs=2e-3)
    assert np.corrcoef(fc.paths.T)[0, 1] == pytest.approx(GOLDEN_CORRELATION, abs=2e-3)

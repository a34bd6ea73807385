"""The contract of forecasts: what holds for any series, whatever the figures of the prior; and what is refused."""

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom
from yearly_series import alike, frame, many, panel_of, question, since

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.forecast import MODELS, ModelError, forecast
from qcity_analysis.forecasting.histories import SeriesError
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.quantiles import DISCOUNT, EVEN, KNOTS, at_levels, below, common_steps
from qcity_analysis.series.evidence import Evidence

GOLDEN_MEDIAN, GOLDEN_PROBABILITY, GOLDEN_CORRELATION = 2.72475, 0.3958, 0.71054  # training changes them
LEVELS = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975]
NAN, INF = float("nan"), float("inf")
SHARE, Y = since(2018, 2.1, 2.2, 2.4, 2.4, 2.5, 2.6), since(2018, 1.0, 2, 3, 4, 4.5, 5)
GOOD = frame([1.0, 2.0, 3.0, 4.0, 4.5], name="good")
SUPPORTS = ["positive", "percent", "count"]
numbers = st.lists(st.integers(-500, 500).map(lambda i: i / 10), min_size=3, max_size=20)


@settings(max_examples=12, deadline=None)
@given(numbers, st.sampled_from([-3, 250]), st.sampled_from([0.5, 4]), st.sampled_from(SUPPORTS))
def test_forecasts_move_and_stretch_with_a_series_ordered_and_possible(values, shift, scale, support):
    panel, possible = panel_of(values), panel_of([min(abs(v), 100.0) for v in values], support, 8)
    plain, bounded = (each.quantiles(LEVELS).to_numpy() for each in (panel, possible))
    for q in (plain, bounded):
        assert np.isfinite(q).all() and (np.diff(q, axis=1) >= 0).all()
    assert bounded.min() >= 0 and (support != "percent" or bounded.max() <= 100)
    if len(set(values)) > 1:
        moved = panel_of([shift + scale * v for v in values]).quantiles(LEVELS).to_numpy()
        np.testing.assert_allclose(moved, shift + scale * plain, atol=1e-3 * scale * np.ptp(values))
    thresholds = np.linspace(-60, 60, 41)
    ask = pd.DataFrame({"series_id": "a", "period": 2025, "threshold": thresholds, "direction": "at_least"})
    more, less = panel.probability(ask), panel.probability(ask.assign(direction="at_most"))
    assert (np.diff(more) <= 1e-12).all()
    same = np.isclose(thresholds, values[-1], rtol=1e-9, atol=0)  # the last value itself may come again
    assert (more + less)[same].sum() >= same.sum()
    np.testing.assert_allclose((more + less)[~same], 1.0, atol=1e-9)


def test_probability_and_quantile_are_two_sides_of_one_thing():
    panel = panel_of([3.0, 3.2, 3.1, 3.6, 3.8], "positive")
    median = panel.quantiles([0.5]).loc[("a", 2026), 0.5]
    assert panel.probability(question(median, 2026, "at_most"))[0] == pytest.approx(0.5)
    values = np.sort(np.random.default_rng(0).normal(size=(1, len(KNOTS))))
    for level in (0.001, 0.04, 0.5, 0.83, 0.999):
        assert below(values, at_levels(values, np.array([level]))[:, 0])[0] == pytest.approx(level)


FRESH = """
import hashlib, sys, time, timeit
from yearly_series import forecast_panel, many, since
from qcity_analysis.forecasting.forecast import forecast
print(hashlib.sha256(forecast_panel(many(150)).ahead.knots.tobytes()).hexdigest())
once = lambda: forecast(since(2019, 1., 2, 2, 3, 4), 2028, draws=10_000)
seconds = min(timeit.repeat(once, number=1, timer=time.process_time))
print("scipy.stats" in sys.modules, "statsmodels" in sys.modules, seconds)
"""


def test_the_answer_is_the_same_to_the_bit_in_any_order_company_and_number_of_threads_and_quick():
    every = many(150)
    panel = forecast_panel(every)
    whole = panel.quantiles(LEVELS)
    for kept in (["s0000"], ["s0149"], [f"s{i:04d}" for i in range(0, 150, 3)]):
        some = every[every.series_id.isin(kept)].sample(frac=1, random_state=1)
        part = forecast_panel(some).quantiles(LEVELS)
        pd.testing.assert_frame_equal(whole.loc[part.index], part, check_exact=True)
    threads = "2" if os.environ.get("OPENBLAS_NUM_THREADS") == "1" else "1"
    path = os.pathsep.join(str(Path(__file__).parents[k]) for k in (0, 1))
    there = os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": path}
    said = subprocess.check_output([sys.executable, "-c", FRESH], text=True, env=there)
    digest, *loaded, seconds = said.split()
    assert digest == hashlib.sha256(panel.ahead.knots.tobytes()).hexdigest() and loaded == ["False", "False"]
    assert float(seconds) < 0.06  # 20 ms on a quiet machine


def test_paths_tell_the_same_as_the_panel_and_their_years_are_correlated():
    fc = forecast(SHARE, 2028, support="percent", rng=1)
    np.testing.assert_allclose(fc.quantiles(LEVELS), panel_of(SHARE, "percent").quantiles(LEVELS), rtol=2e-3)
    together = np.corrcoef(forecast(since(2017, 10, 11, 13, 12, 14, 15, 17), 2028, rng=0).paths.T)
    assert together[3, 4] > together[0, 4] > 0.1


def test_a_fixed_seed_gives_the_same_paths_and_the_figures_it_gave_before_and_a_generator_moves_on():
    rng = np.random.default_rng(7)
    first, again, drawn, later = (forecast(Y, 2025, rng=seed).paths for seed in (7, 7, rng, rng))
    assert np.array_equal(first, again) and np.array_equal(drawn, first) and not np.array_equal(drawn, later)
    assert np.array_equal(forecast(Y, 2025, support=None, rng=None).paths, forecast(Y, 2025).paths)
    fc = forecast(SHARE, 2025, support="percent", rng=20251123)
    assert fc.median()[2025] == pytest.approx(GOLDEN_MEDIAN, rel=1e-3)
    assert fc.probability_at_least(2.8, year=2025) == pytest.approx(GOLDEN_PROBABILITY, abs=2e-3)
    assert np.corrcoef(fc.paths.T)[0, 1] == pytest.approx(GOLDEN_CORRELATION, abs=2e-3)


def test_monte_carlo_error_of_independent_draws_is_that_of_a_share_and_never_zero():
    fc = forecast(Y, 2025, model="drift", draws=2500)
    assert fc.probability_error(0.5) == pytest.approx(0.01, rel=1e-3)
    for each in (fc, forecast(Y, 2025, draws=2500)):
        assert 0 < each.probability_error(1.0) < 0.001 and 0 < each.probability_error(0.0) < 0.001


@pytest.mark.parametrize(("values", "kind"), [([98.2, 99.1, 100.0, 99.6, 100.0], "inferred percent"),
    ([0.2, 0.1, 0.1, 0.05, 0.02], "inferred percent"),
    ([820.0, 790.0, 905.0, 870.0, 912.0], "inferred count"),
    ([820.5, 790.0, 905.0, 870.0, 912.0], "inferred positive"),
    ([-1.0, 2.0, 0.5, 0.1, 1.0], "inferred real")])  # fmt: skip
def test_a_support_that_is_not_stated_is_inferred_and_said_and_bounds_nothing(values, kind):
    panel, one = forecast_panel(frame(values).drop(columns="support")), forecast(since(2018, *values), 2024)
    assert (panel.support.tolist(), one.support) == ([kind], kind)
    beyond = {98.2: (100.01, "at_least"), 0.2: (-0.001, "at_most")}.get(values[0])
    if beyond:  # an index may pass 100, a difference fall below 0, though shares rarely do
        asked = question(beyond[0], 2028, beyond[1])
        assert 0 < panel.probability(asked)[0] < 0.5
        assert forecast_panel(frame(values, "percent")).probability(asked)[0] == 0
    assert np.array_equal(forecast(one.history, 2024, support=kind).paths, one.paths)


SHORT = [[12, 15, 14, 14, 18, 18], [0, 0, 1, 0, 2, 0], [2, 2, 2, 2, 2], [2.4, 2.4, 2.4, 2.5], [51, 50, 53, 58, 57],
         [98.1, 99, 99.5, 100, 100], [50.06, 50.08, 50.03, 49.98, 50.05]]  # fmt: skip
NOISES = [(1.0, noise) for noise in (0.0, *(10.0**k for k in (-12, -9, -6, -5, -4)))]
CHANGED = [*NOISES, *((factor, 0.0) for factor in (*10.0 ** np.arange(-6, 7), 3.7, 1.7e11))]


def around_the_last_value(support, changes):
    """Probabilities of levels around the last of each short series, a row for each change of unit and noise on it."""
    tables, asks, ways, most = [], [], ("at_least", "at_most"), 100.0 if support == "percent" else np.inf
    for (n, (factor, noise)), (i, y) in product(enumerate(changes), enumerate(map(np.array, SHORT))):
        said = factor * np.clip(y + noise * np.sin(7 * np.arange(len(y)) + y), 0, most)
        tables.append(frame(list(said), support, f"{n} {i}"))
        steps = max(np.abs(np.diff(y)).mean(), 0.1) * np.arange(-2, 3)
        asks += [(f"{n} {i}", *one) for one in product((2024, 2028), factor * (y[-1] + steps), ways)]
    asked = pd.DataFrame(asks, columns=["series_id", "period", "threshold", "direction"])
    return forecast_panel(pd.concat(tables)).probability(asked).reshape(len(changes), -1)


@pytest.mark.parametrize("support", ["real", "positive", "count", "percent", None])
def test_a_unit_and_noise_below_what_is_printed_change_no_probability(support):
    changes = NOISES if support in ("percent", None) else CHANGED
    was, *changed = around_the_last_value(support, changes)
    for (factor, noise), now in zip(changes[1:], changed, strict=True):
        if noise > 1e-5:  # for what stood at 2, that much is news
            now[40:60] = was[40:60]
        np.testing.assert_allclose(now, was, atol=1e-6, err_msg=f"times {factor:g}, noise {noise:g}")


def test_two_stretches_with_nothing_joining_them_are_forecast_from_the_newer_one():
    y = pd.Series([100, 89.65, 80.5, 100, 87], index=[2007, 2008, 2009, 2020, 2024])
    moved = y + np.where(y.index < 2020, 500.0, 0.0)
    fc, again = (forecast(levels, 2025, support="positive", breaks=(2020,)) for levels in (y, moved))
    assert fc.years.tolist() == [2025] and 76 < fc.median()[2025] < 88
    # Only changes cross a break, so the level of the older stretch hardly matters.
    assert abs(again.median()[2025] - fc.median()[2025]) < 4


AWKWARD = {
    "ceiling": ([99.1, 99.3, 99.2, 99.4, 99.3], "percent"), "at 100": ([100.0, 100, 100, 100], "percent"),
    "zeros": ([0.0, 0, 0, 0, 0], "count"), "constant": ([5.0, 5, 5, 5, 5, 5], "positive"),
    "one jump": ([3.0, 3, 3, 9, 9, 9], "real"), "outlier year": ([4.0, 4.1, 4.3, 1.0, 4.6, 4.7], "positive"),
    "rounding": ([0.1, 0.2, 0.2, 0.3, 0.2], "positive"), "60 points": (list(np.linspace(1, 60, 60)), "real"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "support"), AWKWARD.values(), ids=AWKWARD)
def test_awkward_series_get_sensible_forecasts(values, support):
    q = panel_of(values, support).quantiles([0.05, 0.5, 0.95])
    assert np.isfinite(q.to_numpy()).all()
    reach = 3 * max(np.ptp(values), 0.02 * abs(values[-1]), 1.0) if np.ptp(values) else 1e-6
    assert (np.abs(q[0.5] - values[-1]) <= reach).all()
    width = q[0.95] - q[0.05]  # a series that never changed is not certain to stay
    assert width.between(0, 8 * max(np.ptp(values), 0.1 * abs(values[-1]), 1.0), inclusive="right").all()


def test_gaps_are_missing_observations_and_an_explanation_names_what_carries_the_weight():
    y = since(2019, 3.0, np.nan, 3.4, 3.5, np.nan)
    fc = forecast(y, 2025)
    assert fc.years.tolist() == [2023, 2024, 2025] and (fc.paths == forecast(y.dropna(), 2025).paths).all()
    fc = forecast(since(2012, *np.arange(10.0, 22.0)), 2026, rng=0)
    why = fc.explain()
    assert why.shares["trend"] + why.shares["damped trend"] > 0.5
    assert sum(why.shares.values()) == pytest.approx(1.0)
    assert why.median == pytest.approx(fc.median()[2026], rel=0.01)
    short = forecast(Y.tail(3), 2026)
    assert short.explainable and short.explain().without.empty
    with pytest.raises(QcityError, match="only model 'mixture'"):
        forecast(Y, 2026, model="naive").explain()


# what is refused
WRONG = {"series 'ID' has 2 of the at least 3 observed points": {"value": [1.0, 2.0, None, None, None]},
    "infinite value": {"value": [1.0, np.inf, 3, 4, 5]}, "beyond 1e.300": {"value": [1.0, 1e308, 3, 4, 5]},
    "outside its support 'positive' .0 or more": {"value": [1.0, -2.0, 3, 4, 5], "support": "positive"},
    "outside its support 'percent' .0 to 100": {"value": 101.0, "support": "percent"},
    'unknown support .*Did you mean "percent"': {"support": "percentage"},
    "more than one support": {"support": ["real", "real", "percent", "real", "real"]},
    "has 2020 twice": {"period": [2019, 2020, 2020, 2021, 2022]},
    "found 'high'; allowed: a number": {"value": [1.0, "high", 3, 4, 5]},
    "found True": {"value": [1.0, True, 3, 4, 5]},
    r"found \(1\+2j\)": {"value": np.array([1.0, 1 + 2j, 3, 4, 5], dtype=object)},
    "allowed: a whole year": {"period": [2019.5, 2020, 2021, 2022, 2023]}}  # fmt: skip


def test_the_rest_of_a_panel_stands_and_every_series_left_out_is_named_with_its_reason():
    bad = {f"bad{k:02}": frame([1.0, 2, 3, 4, 5], name=f"bad{k:02}").astype({"value": object}).assign(**cells)
           for k, cells in enumerate(WRONG.values())}  # fmt: skip
    panel = forecast_panel(pd.concat([GOOD, *bad.values()], ignore_index=True), 2)
    assert panel.refused["series_id"].tolist() == list(bad)
    pd.testing.assert_frame_equal(panel.quantiles([0.5]), forecast_panel(GOOD, 2).quantiles([0.5]))
    answers = panel.probability(pd.concat([question(4.6, name=name) for name in ("bad00", "good")]))
    assert np.isnan(answers[0]) and 0 < answers[1] < 1
    for told, message, (name, alone) in zip(panel.refused["reason"], WRONG, bad.items(), strict=True):
        with pytest.raises(SeriesError, match=message.replace("ID", name)) as error:
            forecast_panel(alone, 2)
        assert str(error.value) == told


YEARS = [
    pd.period_range("2018", periods=6, freq="Y"),
    pd.date_range("2018", periods=6, freq="YE"),
    *(pd.Index([kind(year) for year in range(2018, 2024)], dtype=dtype)
      for kind, dtype in ((str, None), (float, None), (np.int16, object))),
]  # fmt: skip


@pytest.mark.parametrize("index", YEARS)
def test_whatever_says_a_year_is_a_year_index(index):
    plain, other = forecast(Y, 2025), forecast(pd.Series(Y.to_numpy(), index=index), "2025")
    assert np.array_equal(plain.paths, other.paths) and other.history.index.tolist() == Y.index.tolist()
    assert plain.probability_at_least(5, "2024") == plain.probability_at_least(5, 2024)
    panel = forecast_panel(pd.DataFrame({"series_id": "a", "period": index, "value": Y.to_numpy()}), 2)
    assert panel.probability(question(5, "2024"))[0] == panel.probability(question(5, 2024))[0]


ASKED, PANEL, AHEAD = question(3.0, 2025, name="good"), forecast_panel(GOOD), forecast(Y, 2025)
REFUSED = [
    (lambda: forecast_panel({"a": [1, 2, 3]}), "pandas DataFrame.*found dict"),
    (lambda: forecast_panel(GOOD.drop(columns="value")), "'value' is missing"),
    (lambda: forecast_panel(GOOD.assign(colour=1)), "unknown column 'colour'"),
    (lambda: forecast_panel(GOOD.assign(series_id=None)), "empty cells"),
    (lambda: forecast_panel(GOOD.iloc[:0]), "no rows"),
    *((partial(forecast_panel, GOOD, horizon), "horizon must be a whole number of years, 1 to 50")
      for horizon in (NAN, INF, None, 0, -1, 1.5, True, "many", 51, 1e300)),
    (lambda: PANEL.quantiles([0, 0.5]), "levels must lie between 0 and 1, such as"),
    (lambda: PANEL.probability({"series_id": ["good"]}), "questions are a pandas DataFrame; found dict"),
    (lambda: PANEL.probability(ASKED.assign(series_id="goood")), 'Did you mean "good"'),
    (lambda: PANEL.probability(ASKED.assign(period=2031)), "2031 was not forecast; .* runs from 2024 to 2028"),
    (lambda: PANEL.probability(ASKED.assign(direction="above")), "'above'; allowed: at_least, at_most"),
    (lambda: PANEL.probability(ASKED.assign(threshold="much")), "'much'; allowed: a number"),
    (lambda: PANEL.probability(ASKED.drop(columns="threshold")), "'threshold' is missing"),
    *((partial(PANEL.probability, ASKED.assign(**wrong)), None) for wrong in [{"period": 2024.5}, {"period": "x"}] +
      [{"threshold": x} for x in (NAN, None, True, 1j)]),
    *((partial(ask, *wrong), None) for ask in (AHEAD.probability_at_least, AHEAD.probability_at_most)
      for wrong in [(5, 2024.5), (5, "x"), (5, 2030)] + [(x, 2024) for x in (NAN, None, True, 1j)]),
    (lambda: AHEAD.interval(1.0), "an interval holds a share between 0 and 1"),
    (lambda: AHEAD.quantiles([0.5, 2]), "levels must lie between 0 and 1; found"),
    (lambda: AHEAD.quantiles("many"), "levels must lie between 0 and 1; found"),
    (lambda: forecast(since(2020), 2025), "'series' has 0 of the at least 3"),
    *((partial(forecast, **({"series": Y, "until": 2026} | wrong)), message) for wrong, message in [
        *(({"until": end}, "until") for end in (None, NAN, INF, 2025.5, True, "soon", 2025j, 2023, 2090, 1e300)),
        *(({"rng": rng}, "rng must be a seed") for rng in ("a", -1, True, 1.5)),
        *(({"draws": draws}, "draws must be a whole number, 1 or more") for draws in (None, NAN, 0)),
        *(({"series": pd.Series(Y.to_numpy(), index)}, "allowed: a whole year")
          for index in ([*"abcdef"], [2018.5] * 6, pd.period_range("2018-01", periods=6, freq="M"))),
        *(({"series": pd.Series([1.0, 2.0, value, 4.0], range(2019, 2023), dtype=object)}, message)
          for value, message in ((True, "found True"), (1j, "found 1j"), ("1", "found '1'"), (1e301, "beyond"),
                                 (10**400, "infinite"), (np.inf, "infinite"))),
        ({"series": [1.0, 2.0, 3.0]}, "needs a pandas Series"),
        ({"support": "share"}, "unknown support"),
        ({"breaks": ("a",)}, "breaks must be a year"),
        ({"lower": {2024.5: 1.0}}, "a year of lower"),
        ({"lower": {2024: "x"}}, "lower in 2024 must be a number"),
        ({"noisy": {2020: NAN}}, "noisy in 2020"),
        ({"estimates": {2024: (None, 1.0)}}, "estimates in 2024"),
        ({"estimates": {2021: (1.0, 1.0)}}, "2021 has a value and an estimate; give one of them"),
        ({"estimates": {2025: (1.0, 0.0)}}, "the standard error in 2025 must be above 0; found 0.0"),
        ({"lower": {2020: 1.0}}, "2020 has a value and a bound; give one of them"),
        ({"lower": {2024: 5.0}, "upper": {2024: 4.0}}, "bounds of 2024 leave nothing: 5 to 4"),
        ({"lower": {2016: 1.0}, "breaks": [2018]}, "2016 lies in a segment without a value"),
        ({"noisy": {2025: 1.0}}, "noisy: no value in 2025 to be uncertain about"),
        ({"noisy": {2020: 0.0}}, "must be above 0"),
        ({"shared": [{2030: 1.0}]}, "shared: no value in 2030 to be uncertain about"),
        ({"lower": {2024: 5.0}, "evidence": Evidence({2024: 5.0})}, "either by name or as `evidence`"),
        ({"lower": {2024: 5.0}, "model": "naive"}, "need model 'mixture'"),
        ({"breaks": (2020,), "model": "naive"}, "cannot take breaks"),
        ({"model": "tetha"}, 'Did you mean "theta"'),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "message"), REFUSED)
def test_series_panels_arguments_and_questions_that_make_no_sense_are_refused(ask, message):
    with pytest.raises(QcityError, match=message):
        ask()


def test_exact_numbers_are_read_and_huge_and_tiny_ones_forecast():
    exact = pd.Series([Decimal("1.5"), 2, np.float32(2.5), 3.0], index=range(2020, 2024), dtype=object)
    assert forecast(exact, 2025).history.tolist() == [1.5, 2.0, 2.5, 3.0]
    median = forecast(Y, 2026, support="positive").median()[2026]
    for scale in (1e-290, 1e290):
        scaled = forecast(Y * scale, 2026, support="positive")
        assert np.isfinite(scaled.paths).all() and scaled.median()[2026] / scale == pytest.approx(median)


# named alternatives
@pytest.mark.parametrize("model", MODELS)
def test_every_named_model_gives_paths_of_the_same_form(model):
    levels = since(2016, 2.1, 2.2, 2.4, 2.4, 2.5, 2.6, 2.6, 2.8)
    one, again = (forecast(levels, 2026, support="percent", model=model, draws=500, rng=1) for _ in range(2))
    assert one.model == model and one.paths.shape == (500, 3) and 2.0 < one.median()[2026] < 4.0
    assert np.array_equal(one.paths, again.paths)
    if model == "naive":
        wide = forecast(levels, 2027, model=model, draws=200_000, rng=0).paths[:, 3]
        assert wide.std() == pytest.approx(2 * np.sqrt(np.mean(np.diff(levels) ** 2)), rel=0.02)
    few = f"{model!r} cannot be fitted to 3 points: .* needs at least 5"
    for fitted, short, message in ((("ets", "theta"), levels.drop(2018), "needs every year from 2016 to 2023"),
                                   (("ets", "arima", "ucm"), levels.iloc[-3:], few)):  # fmt: skip
        if model in fitted:
            with pytest.raises(ModelError, match=message):
                forecast(short, 2026, model=model)


# counts of rare events
RARE = [0, 0, 1, 0, 0, 2]


def by_hand(history, step):
    """The negative binomial `step` years ahead, year after year."""
    gathered = years = 0.0
    for value in history:
        gathered, years = DISCOUNT * gathered + value, DISCOUNT * years + 1
    mean, n = (gathered + 0.5) / years, len(history)
    uneven = sum(DISCOUNT ** (n - 1 - k) * (y - mean) ** 2 for k, y in enumerate(history)) / years / mean
    dispersion = max(1.0, (uneven * n + EVEN) / (n + EVEN))
    size = mean**2 / (mean * dispersion + mean / (years * DISCOUNT ** (step - 1)) - mean)
    return nbinom(size, size / (size + mean))


def test_quantiles_and_probabilities_are_those_of_the_negative_binomial():
    panel, levels = panel_of(RARE, "count"), [0.05, 0.25, 0.5, 0.75, 0.95]
    for step in (1, 3, 5):
        slow, year = by_hand(RARE, step), 2023 + step
        np.testing.assert_array_equal(panel.quantiles(levels).loc[("a", year)], slow.ppf(levels))
        for x in (0, 1, 2, 2.5):
            least, most = (panel.probability(question(x, year, way))[0] for way in ("at_least", "at_most"))
            assert least == pytest.approx(slow.sf(np.ceil(x) - 1), abs=0.01)
            assert most == pytest.approx(slow.cdf(np.floor(x)), abs=0.01)


def test_paths_of_counts_are_whole_numbers_with_the_same_chances_and_chase_no_trend():
    fc = forecast(since(2018, *RARE), 2028, support="count", rng=3)
    assert (fc.paths == np.round(fc.paths)).all() and fc.paths.min() == 0
    assert fc.probability_at_least(1, 2025) == pytest.approx(by_hand(RARE, 2).sf(0), abs=0.015)
    assert fc.probability_at_most(0, 2025) == pytest.approx(1 - fc.probability_at_least(1, 2025))
    assert fc.median().max() <= 1 and fc.interval(0.9)["upper"].max() <= 4
    zeros = since(2000, *[0] * 15)
    none = [forecast(zeros[:n], 2000 + n, support="count").probability_at_least(1) for n in (4, 8, 15)]
    assert 0.2 > none[0] > none[1] > none[2] > 0.05  # a chance that falls with the years of nothing


def test_stocks_that_never_fell_and_large_counts_are_left_to_the_general_forecaster():
    for values in ([1, 1, 2, 4], [30, 25, 28, 31, 27], [12.5, 10.5, 11.0, 11.5]):
        assert panel_of(values, "count").ahead.item[0] == 0
    assert panel_of([2, 1, 1, 3], "positive").ahead.item[0] == 0
    # whatever the last digits of floating-point numbers
    rows = [0.1 + 0.2, 0.6, 1.5], [7.4, 3.7, 0.0], [7.4, 3.7, 11.1], [np.pi, np.e, 1.0], [81.53, 99.27, 90.02]
    assert common_steps(np.array(rows)) == pytest.approx([0.3, 3.7, 3.7, 0.0, 0.01])
    assert common_steps(np.array([[0.3, 0.1 + 0.2]])) == pytest.approx([0.3])


def test_simulated_counts_fall_inside_their_intervals():
    rng = np.random.default_rng(0)
    y = np.array([rng.poisson(rate, size=11) for rate in rng.gamma(2.0, 0.7, size=300)])
    panel = forecast_panel(alike(y[:, :8], "count"), 3)
    rare = panel.ahead.item > 0
    q, after = panel.quantiles([0.05, 0.95]).to_numpy().reshape(300, 3, 2)[rare], y[rare, 8:]
    assert rare.sum() > 200 and 0.9 <= ((after >= q[:, :, 0]) & (after <= q[:, :, 1])).mean() <= 0.99

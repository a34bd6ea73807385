"""The unit in which a series is written changes no probability, and what stands still may go on standing still."""

import math

import numpy as np
import pandas as pd
import pytest
from yearly_series import frame

from qcity_analysis.forecasting.features import features, units
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import from_frame
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.quantiles import common_step

GROWTH = [1.02, 1.13, 1.21, 1.30, 1.42, 1.49, 1.58]
GREW = pd.Series(GROWTH, index=range(2017, 2024))
SHAPES = [
    GROWTH, [3.0, 5.0, 4.0, 6.0, 7.0, 12.0],  # growth, whole numbers
    [12.0, 12.0, 12.5, 12.5, 13.0, 13.0], [5.0] * 6,  # rounded and repeated, never changed
    [0.0, 0.0, 3.0, 0.0, 1.0, 0.0], [1e-4, 5.0, 7.0, 6.0, 9.0],  # zeros among others, one tiny value
]  # fmt: skip
SCALES = (1.0, 1e-6, 1e-3, 0.37, 3.7, 1e2, 1e6, 1.7e11)
SUPPORTS = ("real", "positive", "count")


def test_probabilities_of_a_panel_do_not_depend_on_the_unit():
    """At thresholds in shares of the values, one and five years ahead, both directions."""
    rows, asked = [], []
    for shape, values in enumerate(SHAPES):
        for support in SUPPORTS:
            for scale in SCALES:
                name = f"{shape} {support} {scale}"
                rows.append(frame([v * scale for v in values], support, name))
                steps = np.array([0.0, 0.5, 0.9, 1.0, 1.02, 1.2, 2.0]) * max(values[-1], 1.0) * scale
                sides = ("at_least", "at_most")
                asked += [(name, 2023 + h, x, side) for h in (1, 5) for x in steps for side in sides]
    table = pd.DataFrame(asked, columns=["series_id", "period", "threshold", "direction"])
    chances = forecast_panel(pd.concat(rows), 5).probability(table)
    chances = chances.reshape(len(SHAPES) * len(SUPPORTS), len(SCALES), -1)
    np.testing.assert_allclose(chances, np.broadcast_to(chances[:, :1], chances.shape), atol=2e-4)


@pytest.mark.parametrize("known", [{}, {"noisy": {2022: 0.02, 2023: 0.02}}, {"lower": {2024: 1.6}}])
def test_paths_do_not_depend_on_the_unit(known):
    found = []
    for scale in (1.0, 1e-6, 3.7, 1e8):
        told = {name: {year: v * scale for year, v in table.items()} for name, table in known.items()}
        paths = forecast(GREW * scale, 2026, support="positive", rng=1, draws=4000, **told)
        found.append(paths.probability_at_least(1.75 * scale))
    assert found[1:] == pytest.approx([found[0]] * 3, abs=3e-3)


@pytest.mark.parametrize("model", ["ets", "theta", "arima", "ucm", "drift", "naive"])
def test_named_models_do_not_depend_on_the_unit(model):
    options = {"model": model, "draws": 1000, "rng": 1}
    found = [forecast(GREW * scale, 2026, **options).median() / scale for scale in (1, 1e-6, 1e8)]
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-3)


def test_features_of_a_series_are_the_same_in_any_unit_to_the_last_digits():
    for support in SUPPORTS:
        one, other = (from_frame(frame([v * s for v in GROWTH], support)) for s in (1.0, 3.7e9))
        np.testing.assert_allclose(features(one, units(one))[0], features(other, units(other))[0], atol=1e-6)


def stays(*rows):
    """How likely each series is to repeat its last value, one year ahead and on."""
    frames = [frame(list(values), name=f"{k}") for k, values in enumerate(rows)]
    return forecast_panel(pd.concat(frames)).ahead.stay


def test_a_series_stays_the_likelier_the_longer_it_stood_still():
    thirds = stays([0.3, 0.1 + 0.2, 0.3, 0.6 / 2, 0.3], [0.3] * 5)
    assert (thirds[0] == thirds[1]).all()  # a rounding error of the computer is no change
    assert common_step(np.array([0.3, 0.1 + 0.2])) == pytest.approx(0.3)
    found = stays(*([1.0, 1.4, 1.1, 1.7, 1.9] + [2.0] * run for run in (1, 2, 3, 5)))[:, 0]
    assert (np.diff(found) > 0).all() and found[0] < 0.1 and found[3] > 0.4
    assert stays(GROWTH, [2.134, 2.781, 2.452, 3.019, 2.887]).max() < 0.05  # these never repeated


def staying(values, support):
    """How likely the panel says it is to have at least the last value again, one to five years ahead."""
    panel = forecast_panel(frame(values, support), 5)
    years = panel.last_year[0] + np.arange(1, 6)
    ask = pd.DataFrame({"series_id": "a", "period": years, "threshold": values[-1], "direction": "at_least"})
    return panel.probability(ask)


def test_a_share_of_100_in_six_years_is_likely_to_be_100_in_the_seventh():
    said = staying([100.0] * 6, "percent")
    assert said[0] >= 0.8 and (np.diff(said) <= 0).all() and said[4] < said[0] - 0.1


def test_paths_panel_and_quantiles_tell_the_same_of_the_last_value_and_a_path_that_left_does_not_count_as_staying():
    values = [98.0, 99.0, 100.0, 100.0, 100.0]
    fc = forecast(pd.Series(values, index=range(2019, 2024)), 2028, support="percent", rng=1)
    panel, said = forecast_panel(frame(values, "percent")), staying(values, "percent")
    assert [fc.probability_at_least(100, year) for year in fc.years] == pytest.approx(said, abs=2e-3)
    still = fc.paths == 100
    assert (still.mean(axis=0) >= panel.ahead.stay[0] - 1e-3).all()
    assert still.all(axis=1).mean() == pytest.approx(panel.ahead.stay[0, -1], abs=5e-3)
    assert (panel.quantiles([0.5, 0.9]).to_numpy()[0] == 100).all()


def test_a_kept_bound_at_the_last_value_lengthens_the_run():
    y = pd.Series([90.0, 95.0, 100.0, 100.0, 100.0], index=range(2019, 2024))
    plain = forecast(y, 2025, support="percent", rng=0)
    told = forecast(y, 2025, support="percent", lower={2024: 100 - 1e-9}, rng=0)
    assert told.probability_at_least(100, 2024) == pytest.approx(1.0, abs=0.02)
    assert told.probability_at_least(100, 2025) > plain.probability_at_least(100, 2025)


SHARE = [94.0, 94.3, 94.7, 94.9, 95.3]
MONTE_CARLO = [  # levels to 2023, support, what is known in part, threshold (None: a rise in every year)
    (SHARE, "percent", {}, 96.0), (SHARE, "percent", {"estimates": {2024: (95.5, 0.3)}}, 96.0),
    (SHARE, "real", {}, None), ([0, 0, 1, 0, 0, 2], "count", {}, 1),
]  # fmt: skip
MORE = [
    (SHARE, "percent", {"noisy": {2021: 0.3, 2023: 0.3}}, 96.0),
    (SHARE, "percent", {"lower": {2024: 95.6}}, 96.5),
    ([20, 23, 22, 27, 29], "positive", {}, 33.0), ([-3, -1, -2, 0.5, 1], "real", {"noisy": {2022: 1.0}}, 3.0),
    ([1.0, 1.2, math.nan, 1.5, 1.6], "positive", {"lower": {2021: 1.3}}, 2.0),
]  # fmt: skip


EVERY_DAY = [(*case, 16, 2000 if case[2] else 10_000) for case in MONTE_CARLO]
SLOW = [pytest.param(*case, 30, 10_000, marks=pytest.mark.slow) for case in MORE]


@pytest.mark.parametrize(("levels", "support", "known", "threshold", "seeds", "draws"), EVERY_DAY + SLOW)
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

"""The unit in which a series is written changes no probability, and what stands still may go on standing still."""

import numpy as np
import pandas as pd
import pytest
from yearly_series import frame

from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import from_frame
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.quantiles import common_step

GROWTH = [1.02, 1.13, 1.21, 1.30, 1.42, 1.49, 1.58]
SHAPES = {
    "growth": GROWTH,
    "whole numbers": [3.0, 5.0, 4.0, 6.0, 7.0, 12.0],
    "rounded and repeated": [12.0, 12.0, 12.5, 12.5, 13.0, 13.0],
    "never changed": [5.0] * 6,
    "zeros among others": [0.0, 0.0, 3.0, 0.0, 1.0, 0.0],
    "a tiny value among large ones": [1e-4, 5.0, 7.0, 6.0, 9.0],
}
SCALES = (1e-6, 1e-3, 0.37, 3.7, 1e2, 1e6, 1.7e11)
MODELS = ("ets", "theta", "arima", "ucm", "drift", "naive")


def chances(values: list[float], support: str, scale: float) -> np.ndarray:
    """Probabilities at thresholds in shares of the values, one and five years ahead, both directions."""
    panel = forecast_panel(frame([v * scale for v in values], support), 5)
    steps = np.array([0.0, 0.5, 0.9, 1.0, 1.02, 1.2, 2.0]) * max(values[-1], 1.0) * scale
    rows = [
        {"series_id": "a", "period": int(panel.last_year[0]) + h, "threshold": x, "direction": d}
        for h in (1, 5)
        for x in steps
        for d in ("at_least", "at_most")
    ]
    return panel.probability(pd.DataFrame(rows))


@pytest.mark.parametrize("support", ["real", "positive", "count"])
@pytest.mark.parametrize("shape", SHAPES)
def test_probabilities_of_a_panel_do_not_depend_on_the_unit(shape, support):
    first = chances(SHAPES[shape], support, 1.0)
    for scale in SCALES:
        np.testing.assert_allclose(chances(SHAPES[shape], support, scale), first, atol=2e-4)


@pytest.mark.parametrize("known", [{}, {"noisy": {2022: 0.02, 2023: 0.02}}, {"lower": {2024: 1.6}}])
def test_paths_do_not_depend_on_the_unit(known):
    first = forecast(pd.Series(GROWTH, index=range(2017, 2024)), 2026, support="positive", rng=1, **known)
    for scale in (1e-6, 3.7, 1e8):
        told = {name: {year: v * scale for year, v in table.items()} for name, table in known.items()}
        other = forecast(
            pd.Series(GROWTH, index=range(2017, 2024)) * scale, 2026, support="positive", rng=1, **told
        )
        assert other.probability_at_least(1.75 * scale) == pytest.approx(
            first.probability_at_least(1.75), abs=3e-3
        )


@pytest.mark.parametrize("model", MODELS)
def test_named_models_do_not_depend_on_the_unit(model):
    y = pd.Series(GROWTH, index=range(2017, 2024))
    first, *others = (
        forecast(y * scale, 2026, model=model, draws=2000, rng=1).median() / scale
        for scale in (1, 1e-6, 3.7, 1e8)
    )
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-3)


def test_a_rounding_error_of_the_computer_is_no_change():
    thirds = [0.3, 0.1 + 0.2, 0.3, 0.6 / 2, 0.3]
    assert (forecast_panel(frame(thirds)).ahead.stay == forecast_panel(frame([0.3] * 5)).ahead.stay).all()
    assert common_step(np.array([0.3, 0.1 + 0.2])) == pytest.approx(0.3)


def staying(values: list[float], support: str = "real") -> np.ndarray:
    """How likely the panel says it is to have at least the last value again, one to five years ahead."""
    panel = forecast_panel(frame(values, support), 5)
    years = panel.last_year[0] + np.arange(1, 6)
    ask = pd.DataFrame({"series_id": "a", "period": years, "threshold": values[-1], "direction": "at_least"})
    return panel.probability(ask)


def test_a_share_of_100_in_six_years_is_likely_to_be_100_in_the_seventh():
    said = staying([100.0] * 6, "percent")
    assert said[0] >= 0.8 and (np.diff(said) <= 0).all() and said[4] < said[0] - 0.1


def test_the_longer_a_series_stood_still_the_likelier_it_stays():
    values = [1.0, 1.4, 1.1, 1.7, 1.9]
    stays = [forecast_panel(frame(values + [2.0] * run)).ahead.stay[0, 0] for run in (1, 2, 3, 5)]
    assert (np.diff(stays) > 0).all() and stays[0] < 0.1 and stays[3] > 0.4


def test_a_series_that_never_repeated_is_hardly_touched():
    for values in (GROWTH, [2.134, 2.781, 2.452, 3.019, 2.887]):
        panel = forecast_panel(frame(values))
        assert panel.ahead.stay.max() < 0.05


def test_paths_panel_and_quantiles_tell_the_same_of_the_last_value_and_a_path_that_left_does_not_count_as_staying():
    values = [98.0, 99.0, 100.0, 100.0, 100.0]
    y = pd.Series(values, index=range(2019, 2024))
    fc = forecast(y, 2028, support="percent", rng=1)
    panel = forecast_panel(frame(values, "percent"))
    for k, year in enumerate(fc.years):
        assert fc.probability_at_least(100, year) == pytest.approx(staying(values, "percent")[k], abs=2e-3)
    still = fc.paths == 100
    assert (still.sum(axis=0) / len(still) >= panel.ahead.stay[0] - 1e-3).all()
    always = still.all(axis=1).mean()
    assert always == pytest.approx(panel.ahead.stay[0, -1], abs=5e-3)
    table = panel.quantiles([0.5, 0.9]).to_numpy()
    assert (table[0] == 100).all()


def test_a_kept_bound_at_the_last_value_lengthens_the_run():
    y = pd.Series([90.0, 95.0, 100.0, 100.0, 100.0], index=range(2019, 2024))
    plain = forecast(y, 2025, support="percent", rng=0)
    told = forecast(y, 2025, support="percent", lower={2024: 100 - 1e-9}, rng=0)
    assert told.probability_at_least(100, 2024) == pytest.approx(1.0, abs=0.02)
    assert told.probability_at_least(100, 2025) > plain.probability_at_least(100, 2025)


def spread_and_said(make, seeds: int = 30) -> tuple[float, float]:
    """Standard deviation of a probability over seeds, and the mean of what was said to be its error."""
    found = [make(seed) for seed in range(seeds)]
    said = [fc.probability_error(p) for fc, p in found]
    return float(np.std([p for _, p in found], ddof=1)), float(np.mean(said))


SERIES = pd.Series([94.0, 94.3, 94.7, 94.9, 95.3], index=range(2019, 2024))
KNOWN = {
    "plain": ({}, 96.0),
    "noisy values": ({"noisy": {2021: 0.3, 2023: 0.3}}, 96.0),
    "a lower bound ahead": ({"lower": {2024: 95.6}}, 96.5),
    "a year to date": ({"estimates": {2024: (95.5, 0.3)}}, 96.0),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_the_monte_carlo_error_said_is_the_spread_over_seeds(kind):
    known, threshold = KNOWN[kind]

    def make(seed):
        fc = forecast(SERIES, 2026, support="percent", rng=seed, **known)
        return fc, fc.probability_at_least(threshold)

    seen, said = spread_and_said(make)
    assert max(seen, said) < 1e-3 or 0.5 <= seen / said <= 1.6


def test_the_monte_carlo_error_of_rare_counts_and_of_what_ties_years_together_is_the_spread_over_seeds():
    counts = pd.Series([0, 0, 1, 0, 0, 2], index=range(2018, 2024))

    def rare(seed):
        fc = forecast(counts, 2026, support="count", rng=seed)
        return fc, fc.probability_at_least(1)

    assert max(spread_and_said(rare)) < 1e-3
    found = []
    for seed in range(30):
        fc = forecast(SERIES, 2027, rng=seed)
        met = (np.diff(fc.paths, axis=1) > 0).all(axis=1)
        found.append((met.mean(), fc.error_of(met)))
    seen, said = np.std([p for p, _ in found], ddof=1), np.mean([e for _, e in found])
    assert 0.5 <= seen / said <= 1.6


def test_features_of_a_series_are_the_same_in_any_unit_to_the_last_digits():
    from qcity_analysis.forecasting.features import features, units

    for support in ("real", "positive", "count"):
        one, other = (from_frame(frame([v * s for v in GROWTH], support)) for s in (1.0, 3.7e9))
        np.testing.assert_allclose(features(one, units(one))[0], features(other, units(other))[0], atol=1e-6)

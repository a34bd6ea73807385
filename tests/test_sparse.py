"""Rare events: negative binomial, checked against scipy, a simulation and the rules of probability."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom
from test_forecasting import frame

from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.quantiles import DISCOUNT, EVEN, common_step

RARE = [0, 0, 1, 0, 0, 2]


def by_hand(history, step):
    """Size and success chance of the negative binomial `step` years ahead, year after year."""
    gathered = years = 0.0
    for value in history:
        gathered, years = DISCOUNT * gathered + value, DISCOUNT * years + 1
    mean = (gathered + 0.5) / years
    weights = [DISCOUNT ** (len(history) - 1 - k) for k in range(len(history))]
    uneven = sum(w * (y - mean) ** 2 for w, y in zip(weights, history, strict=True)) / sum(weights) / mean
    dispersion = max(1.0, (uneven * len(history) + EVEN) / (len(history) + EVEN))
    variance = mean * dispersion + mean / (years * DISCOUNT ** (step - 1))
    size = mean**2 / (variance - mean)
    return size, size / (size + mean)


@pytest.mark.parametrize("step", [1, 3, 5])
def test_quantiles_and_probabilities_are_those_of_the_negative_binomial(step):
    panel = forecast_panel(frame(RARE, "count"), 5)
    size, p = by_hand(RARE, step)
    year = int(panel.last_year[0]) + step
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    found = panel.quantiles(levels).loc[("a", year)].to_numpy()
    np.testing.assert_array_equal(found, nbinom.ppf(levels, size, p))
    for threshold in (0, 1, 2, 2.5):
        questions = pd.DataFrame({"series_id": "a", "period": year, "threshold": threshold}, index=[0])
        least = panel.probability(questions.assign(direction="at_least"))[0]
        most = panel.probability(questions.assign(direction="at_most"))[0]
        assert least == pytest.approx(nbinom.sf(np.ceil(threshold) - 1, size, p), abs=0.01)
        assert most == pytest.approx(nbinom.cdf(np.floor(threshold), size, p), abs=0.01)


def test_paths_are_whole_numbers_with_the_same_chances():
    fc = forecast(pd.Series(RARE, index=range(2018, 2024)), 2025, support="count", rng=3)
    assert (fc.paths == np.round(fc.paths)).all() and fc.paths.min() == 0
    size, p = by_hand(RARE, 2)
    assert fc.probability_at_least(1, 2025) == pytest.approx(nbinom.sf(0, size, p), abs=0.015)
    assert fc.probability_at_most(0, 2025) == pytest.approx(1 - fc.probability_at_least(1, 2025))


def test_rare_events_do_not_chase_a_trend():
    fc = forecast(pd.Series(RARE, index=range(2018, 2024)), 2028, support="count")
    assert fc.median().max() <= 1 and fc.interval(0.9)["upper"].max() <= 4


def test_years_of_nothing_leave_a_chance_that_falls_with_their_number():
    chances = []
    for years in (4, 8, 15):
        fc = forecast(pd.Series([0] * years, index=range(2000, 2000 + years)), 2000 + years, support="count")
        chances.append(fc.probability_at_least(1))
    assert 0.2 > chances[0] > chances[1] > chances[2] > 0.05


def test_stocks_that_never_fell_and_large_counts_are_left_to_the_general_forecaster():
    for values in ([1, 1, 2, 4], [30, 25, 28, 31, 27], [12.5, 10.5, 11.0, 11.5]):
        assert forecast_panel(frame(values, "count")).ahead.item[0] == 0
    assert forecast_panel(frame([2, 1, 1, 3], "positive")).ahead.item[0] == 0


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 0.37, 1.0, 3.7, 100.0, 1e6])
def test_the_unit_in_which_counts_are_written_changes_no_chance_and_scales_every_quantile(scale):
    one, other = (forecast_panel(frame([k * s for k in RARE], "count"), 5) for s in (1.0, scale))
    np.testing.assert_allclose(
        other.quantiles([0.05, 0.5, 0.9, 0.99]), one.quantiles([0.05, 0.5, 0.9, 0.99]) * scale, rtol=1e-9
    )
    for items in (0, 1, 2, 3):
        for direction in ("at_least", "at_most"):
            ask = {"series_id": "a", "period": one.last_year[0] + 2, "direction": direction}
            p = [
                panel.probability(pd.DataFrame(ask | {"threshold": items * s}, index=[0]))[0]
                for panel, s in ((one, 1.0), (other, scale))
            ]
            assert p[1] == pytest.approx(p[0], abs=1e-9)


def test_the_item_is_the_greatest_common_step_whatever_the_last_digits_of_floating_point_numbers():
    assert common_step(np.array([0.1 + 0.2, 0.6, 1.5])) == pytest.approx(0.3)
    assert common_step(np.array([7.4, 3.7, 0.0, 11.1])) == pytest.approx(3.7)
    assert common_step(np.array([np.pi, np.e, 1.0])) == 0.0


def test_simulated_counts_fall_inside_their_intervals():
    rng = np.random.default_rng(0)
    rows, after = [], []
    for k, rate in enumerate(rng.gamma(2.0, 0.7, size=600)):
        y = rng.poisson(rate, size=11)
        rows.append(frame(list(y[:8]), "count", f"s{k:04d}", 2020))
        after.append(y[8:])
    panel = forecast_panel(pd.concat(rows), 3)
    q = panel.quantiles([0.05, 0.95]).to_numpy().reshape(600, 3, 2)[panel.ahead.item > 0]
    held = (
        (np.array(after)[panel.ahead.item > 0] >= q[:, :, 0])
        & (np.array(after)[panel.ahead.item > 0] <= q[:, :, 1])
    ).mean()
    assert (panel.ahead.item > 0).sum() > 400 and 0.9 <= held <= 0.99

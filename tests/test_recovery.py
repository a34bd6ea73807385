"""Simulated series whose process is known: the forecaster comes close to who knows it, and its intervals hold."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from qcity_analysis.forecasting import scores
from qcity_analysis.forecasting.panel import forecast_panel

SERIES, YEARS, AHEAD = 500, 10, 5


def walk(rng):
    y = np.cumsum(rng.normal(size=(SERIES, YEARS + AHEAD)), axis=1)
    sd = np.sqrt(np.arange(1, AHEAD + 1))
    return y, y[:, YEARS - 1 : YEARS] + np.zeros(AHEAD), np.broadcast_to(sd, (SERIES, AHEAD))


def drift(rng):
    slope = rng.choice([-1.5, 1.5], size=(SERIES, 1))
    y = np.cumsum(slope + rng.normal(size=(SERIES, YEARS + AHEAD)), axis=1)
    step = np.arange(1, AHEAD + 1)
    return y, y[:, YEARS - 1 : YEARS] + slope * step, np.broadcast_to(np.sqrt(step), (SERIES, AHEAD))


def constant(rng):
    y = rng.normal(size=(SERIES, YEARS + AHEAD))
    return y, np.zeros((SERIES, AHEAD)), np.ones((SERIES, AHEAD))


def line(rng):
    slope = rng.choice([-1.0, 1.0], size=(SERIES, 1))
    truth = slope * np.arange(YEARS + AHEAD)
    y = truth + rng.normal(scale=0.3, size=(SERIES, YEARS + AHEAD))
    return y, truth[:, YEARS:], np.full((SERIES, AHEAD), 0.3)


def asked(y):
    """Forecast quantiles and what came after, of the first ten years of each series."""
    frame = pd.DataFrame(
        {"series_id": np.repeat(np.arange(SERIES), YEARS), "period": np.tile(np.arange(YEARS), SERIES)}
    ).assign(value=y[:, :YEARS].ravel() * 3 + 50)
    q = forecast_panel(frame, AHEAD).quantiles(scores.LEVELS).to_numpy().reshape(SERIES, AHEAD, -1)
    return q, y[:, YEARS:] * 3 + 50


def crps(quantiles, actual):
    return scores.crps_quantiles(quantiles, scores.LEVELS, actual).mean()


@pytest.mark.parametrize(("process", "worse"), [(walk, 1.12), (constant, 1.25)])
def test_without_a_trend_the_forecaster_comes_close_to_who_knows_the_process(process, worse):
    y, mean, sd = process(np.random.default_rng(5))
    q, actual = asked(y)
    best = 50 + 3 * (mean[..., None] + sd[..., None] * norm.ppf(scores.LEVELS))
    assert 1 <= crps(q, actual) / crps(best, actual) < worse


@pytest.mark.parametrize("process", [drift, line])
def test_a_trend_is_followed_though_not_all_the_way(process):
    y, _, _ = process(np.random.default_rng(5))
    q, actual = asked(y)
    step = np.abs(np.diff(y[:, :YEARS], axis=1)).mean() * 3
    last = y[:, YEARS - 1 : YEARS, None] * 3 + 50
    spread = step * np.sqrt(np.arange(1, AHEAD + 1))[:, None]
    assert crps(q, actual) < 0.85 * crps(last + spread * norm.ppf(scores.LEVELS), actual)


@pytest.mark.parametrize("process", [walk, drift, constant, line])
def test_intervals_hold_for_processes_the_prior_was_not_made_for(process):
    q, actual = asked(process(np.random.default_rng(5))[0])
    assert 0.8 < ((actual >= q[:, :, 1]) & (actual <= q[:, :, -2])).mean() <= 1

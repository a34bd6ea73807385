"""Named alternatives: one interface, honest refusals."""

import numpy as np
import pandas as pd
import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.alternatives import NAMES, ModelError
from qcity_analysis.forecasting.forecast import combine, forecast

LEVELS = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.6, 2.6, 2.8], index=range(2016, 2024))


@pytest.mark.parametrize("model", NAMES)
def test_every_named_model_gives_paths_of_the_same_form(model):
    fc = forecast(LEVELS, 2026, support="percent", model=model, draws=500, rng=1)
    assert fc.model == model
    assert fc.paths.shape == (500, 3)
    assert 2.0 < fc.median()[2026] < 4.0
    again = forecast(LEVELS, 2026, support="percent", model=model, draws=500, rng=1)
    assert np.array_equal(fc.paths, again.paths)


def test_naive_intervals_are_those_of_a_gaussian_random_walk():
    fc = forecast(LEVELS, 2027, model="naive", draws=200_000, rng=0)
    sigma = np.sqrt(np.mean(np.diff(LEVELS) ** 2))
    assert fc.paths[:, 3].std() == pytest.approx(2 * sigma, rel=0.02)


def test_a_model_that_cannot_be_fitted_says_why():
    gappy = LEVELS.drop(2018)
    with pytest.raises(ModelError, match="needs every year from 2016 to 2023"):
        forecast(gappy, 2026, model="ets")
    with pytest.raises(ModelError, match="'arima' cannot be fitted to 3 points"):
        forecast(LEVELS.iloc[-3:], 2026, model="arima")


def test_an_unknown_model_gets_a_hint():
    with pytest.raises(QcityError, match='Did you mean "theta"'):
        forecast(LEVELS, 2026, model="tetha")


def test_combined_forecasts_hold_the_paths_of_each():
    parts = [forecast(LEVELS, 2025, model=m, draws=300, rng=2) for m in ("drift", "naive")]
    both = combine(parts)
    assert both.model == "drift + naive"
    assert np.array_equal(np.sort(both.paths[:, 0]), np.sort(np.concatenate([p.paths[:, 0] for p in parts])))
    with pytest.raises(QcityError, match="same years"):
        combine([parts[0], forecast(LEVELS, 2026, draws=300)])

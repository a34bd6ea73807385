"""Named alternatives for comparison: well-known methods of statsmodels and two plain rules, as joint paths.

A model that cannot be fitted raises an error that says why; nothing else is used in its place.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pandas as pd

from ..errors import QcityError
from .histories import yearly

TINY = np.finfo(float).tiny
NAMES = ("ets", "theta", "arima", "ucm", "drift", "naive")


class ModelError(QcityError):
    """A named model that cannot be fitted to this series."""


def paths(model: str, series: pd.Series, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Joint paths (draws, years) of a named model after the last observed value of a series (index year).

    `ets`: additive damped trend (ETSModel). `theta`: the Theta method with its normal errors. `arima`: order (0, 1, 1)
    with drift. `ucm`: local linear trend. `drift`: random walk with drift and its estimation error. `naive`: random
    walk. Gaps are allowed for arima, ucm, drift and naive. Raises ModelError with the reason.

    >>> y = pd.Series([1.0, 2, 2, 3, 4], index=range(2019, 2024))
    >>> paths("naive", y, 2, 1000, np.random.default_rng(0)).shape
    (1000, 2)
    """
    seen = yearly(series).dropna()
    full = seen.reindex(range(int(seen.index[0]), int(seen.index[-1]) + 1))
    if model in ("ets", "theta") and full.isna().any():
        raise ModelError(
            f"model {model!r} needs every year from {full.index[0]} to {full.index[-1]}; some are missing"
        )
    method = {"theta": _theta, "drift": _drift, "naive": _naive}.get(model, _simulated)
    size = max(np.abs(full).max(), TINY)  # optimisers stop at absolute distances: fitted to shares of it
    try:
        with warnings.catch_warnings(record=True):  # statsmodels sets filters of its own when imported
            drawn = size * method(full.to_numpy() / size, years, draws, rng, model)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError) as reason:
        raise ModelError(f"model {model!r} cannot be fitted to {len(seen)} points: {reason}") from reason
    if drawn.shape != (draws, years) or not np.isfinite(drawn).all():
        raise ModelError(
            f"model {model!r} cannot be fitted to {len(seen)} points: its forecast is not finite"
        )
    return drawn


def _simulated(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    """Paths that a model of statsmodels simulates from its end."""
    fewest = {"ets": "a damped trend", "arima": "order (0, 1, 1) with drift", "ucm": "a local linear trend"}
    if np.isfinite(y).sum() < 5:
        raise ValueError(f"{fewest[model]} needs at least 5 points")
    fit: Any
    if model == "ets":
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        fit = ETSModel(y, error="add", trend="add", damped_trend=True).fit(disp=False)
    elif model == "arima":
        from statsmodels.tsa.arima.model import ARIMA

        fit = ARIMA(y, order=(0, 1, 1), trend="t").fit()
    else:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        fit = UnobservedComponents(y, "local linear trend").fit(disp=False)
    name = "rng" if "rng" in inspect.signature(fit.simulate).parameters else "random_state"
    drawn = fit.simulate(years, repetitions=draws, anchor="end", **{name: rng})
    return np.asarray(drawn).reshape(years, draws).T  # years x 1 x draws or years x draws


def _theta(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    index = pd.period_range("2000", periods=len(y), freq="Y")
    fit = ThetaModel(pd.Series(y, index=index), deseasonalize=False).fit(disp=False)
    centre = fit.forecast(years).to_numpy()
    # The Theta model is a random walk with drift behind exponential smoothing (Hyndman and Billah 2003).
    alpha, sigma = float(fit.params["alpha"]), float(np.sqrt(fit.sigma2))
    errors = rng.standard_normal((draws, years)) * sigma
    return centre + errors + alpha * (np.cumsum(errors, axis=1) - errors)


def _steps(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Changes between neighbouring observed values, the years between them, and the last value."""
    when = np.flatnonzero(np.isfinite(y))
    return np.diff(y[when]), np.diff(when).astype(float), float(y[when[-1]])


def _drift(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    change, gap, last = _steps(y)
    span = gap.sum()
    drift = change.sum() / span
    sigma = np.sqrt(np.sum((change - drift * gap) ** 2 / gap) / max(len(change) - 1, 1))
    slope = drift + sigma / np.sqrt(span) * rng.standard_normal((draws, 1))
    ahead = np.arange(1, years + 1)
    return last + slope * ahead + np.cumsum(sigma * rng.standard_normal((draws, years)), axis=1)


def _naive(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    change, gap, last = _steps(y)
    sigma = np.sqrt(np.mean(change**2 / gap))
    return last + np.cumsum(sigma * rng.standard_normal((draws, years)), axis=1)

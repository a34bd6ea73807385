"""Named alternatives for comparison: well-known methods of statsmodels and two plain rules, as joint paths.

A model that cannot be fitted raises an error that says why; nothing else is used in its place.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable

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

    `ets`: additive damped trend (ETSModel). `theta`: the Theta method with its normal errors. `arima`:
    order (0, 1, 1) with drift. `ucm`: local linear trend. `drift`: random walk with drift and its
    estimation error. `naive`: random walk. Gaps are allowed for arima, ucm, drift and naive. Raises
    ModelError with the reason.

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
    method = {"ets": _ets, "theta": _theta, "arima": _arima, "ucm": _ucm, "drift": _drift, "naive": _naive}[
        model
    ]
    try:
        with warnings.catch_warnings(record=True):  # statsmodels sets filters of its own when imported
            size = max(
                np.abs(full).max(), TINY
            )  # optimisers stop at absolute distances: fitted to shares of it
            drawn = size * method(full.to_numpy() / size, years, draws, rng)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError) as reason:
        raise ModelError(f"model {model!r} cannot be fitted to {len(seen)} points: {reason}") from reason
    if drawn.shape != (draws, years) or not np.isfinite(drawn).all():
        raise ModelError(
            f"model {model!r} cannot be fitted to {len(seen)} points: its forecast is not finite"
        )
    return drawn


def _ets(y: np.ndarray, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    if len(y) < 5:
        raise ValueError("a damped trend needs at least 5 points")
    fit = ETSModel(y, error="add", trend="add", damped_trend=True).fit(disp=False)
    return _rows(
        fit.simulate(years, repetitions=draws, anchor="end", **_random(fit.simulate, rng)), draws, years
    )


def _theta(y: np.ndarray, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    index = pd.period_range("2000", periods=len(y), freq="Y")
    fit = ThetaModel(pd.Series(y, index=index), deseasonalize=False).fit(disp=False)
    centre = fit.forecast(years).to_numpy()
    # The Theta model is a random walk with drift behind exponential smoothing (Hyndman and Billah 2003).
    alpha, sigma = float(fit.params["alpha"]), float(np.sqrt(fit.sigma2))
    shocks = rng.standard_normal((draws, years)) * sigma
    return centre + shocks + alpha * (np.cumsum(shocks, axis=1) - shocks)


def _arima(y: np.ndarray, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    from statsmodels.tsa.arima.model import ARIMA

    if np.isfinite(y).sum() < 5:
        raise ValueError("order (0, 1, 1) with drift needs at least 5 points")
    fit = ARIMA(y, order=(0, 1, 1), trend="t").fit()
    return _rows(
        fit.simulate(years, repetitions=draws, anchor="end", **_random(fit.simulate, rng)), draws, years
    )


def _ucm(y: np.ndarray, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    if np.isfinite(y).sum() < 5:
        raise ValueError("a local linear trend needs at least 5 points")
    fit = UnobservedComponents(y, "local linear trend").fit(disp=False)
    return _rows(
        fit.simulate(years, repetitions=draws, anchor="end", **_random(fit.simulate, rng)), draws, years
    )


def _random(simulate: Callable[..., object], rng: np.random.Generator) -> dict[str, np.random.Generator]:
    """The generator under the name this version of statsmodels gives it."""
    known = inspect.signature(simulate).parameters
    return {"rng" if "rng" in known else "random_state": rng}


def _rows(drawn: np.ndarray | pd.DataFrame, draws: int, years: int) -> np.ndarray:
    """statsmodels gives years x 1 x draws or years x draws."""
    return np.asarray(drawn).reshape(years, draws).T


def _steps(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Changes between neighbouring observed values, the years between them, and the last value."""
    when = np.flatnonzero(np.isfinite(y))
    return np.diff(y[when]), np.diff(when).astype(float), float(y[when[-1]])


def _drift(y: np.ndarray, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    change, gap, last = _steps(y)
    span = gap.sum()
    drift = change.sum() / span
    sigma = np.sqrt(np.sum((change - drift * gap) ** 2 / gap) / max(len(change) - 1, 1))
    slope = drift + sigma / np.sqrt(span) * rng.standard_normal((draws, 1))
    ahead = np.arange(1, years + 1)
    return last + slope * ahead + np.cumsum(sigma * rng.standard_normal((draws, years)), axis=1)


def _naive(y: np.ndarray, years: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    change, gap, last = _steps(y)
    sigma = np.sqrt(np.mean(change**2 / gap))
    return last + np.cumsum(sigma * rng.standard_normal((draws, years)), axis=1)

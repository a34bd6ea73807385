"""A ratio forecast from its two inputs: each by itself, their paths paired as their yearly changes went together.

Dependence is the correlation of yearly changes in the years both have, shrunk towards none as if SHRINK changes without
correlation had been seen. Paths are paired by a Gaussian copula over where each stands in its last year, so each input
keeps its own forecast. Out of scope: which indicators are ratios (see `series.levels`) and when the ratio is better
forecast from its inputs (see `forecast_series`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from .forecasts import Forecast

SHRINK = 1.0  # more shrinkage made forecasts of real ratios worse


def shrunk_correlation(first: pd.Series, second: pd.Series) -> float:
    """Correlation of the yearly changes of two series (index year), shrunk towards 0; 0 with fewer than 3 changes.

    Changes are relative where both series are positive, as they go together in growth.

    >>> a = pd.Series([1.0, 2.0, 2.5, 4.0, 4.1], index=range(2019, 2024))
    >>> round(shrunk_correlation(a, 3 * a), 2)
    0.8
    """
    both = pd.concat([first.rename("a"), second.rename("b")], axis=1).dropna().sort_index()
    if (both > 0).all(axis=None):
        both = np.log(both)
    change = both.diff()[np.diff(both.index, prepend=np.nan) == 1].to_numpy(float)
    spread = change.std(axis=0) if len(change) else np.zeros(2)
    if len(change) < 3 or (spread == 0).any():
        return 0.0
    r = float(np.corrcoef(change.T)[0, 1])
    return r * len(change) / (len(change) + SHRINK)


def paired(
    first: np.ndarray, second: np.ndarray, correlation: float, rng: np.random.Generator, batches: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The same paths (draws, years) in an order in which their last years have that rank correlation (normal scores).

    Paths stay within their part where both fall into `batches` independent parts.

    >>> rng = np.random.default_rng(0)
    >>> a, b = paired(rng.normal(size=(999, 2)), rng.normal(size=(999, 2)), 0.9, rng)
    >>> bool(0.85 < np.corrcoef(a[:, -1], b[:, -1])[0, 1] < 0.95)
    True
    """
    one, other = rng.standard_normal((2, len(first)))
    other = correlation * one + np.sqrt(1 - correlation**2) * other
    return _in_order(first, one, batches), _in_order(second, other, batches)


def _in_order(paths: np.ndarray, score: np.ndarray, batches: int) -> np.ndarray:
    part = np.repeat(np.arange(max(batches, 1)), [len(p) for p in np.array_split(score, max(batches, 1))])
    ordered = np.empty_like(paths)
    ordered[np.lexsort((score, part))] = paths[np.lexsort((paths[:, -1], part))]
    return ordered


def forecast_ratio(
    top: Forecast,
    under: Forecast,
    *,
    factor: float = 1.0,
    after: int,
    history: pd.Series,
    support: str = "positive",
    rng: np.random.Generator,
) -> Forecast:
    """The forecast of factor × top / under for the years after `after`, from the forecasts of both.

    A year that one of the two has already is taken as its history says. `history` is the ratio so far (index year),
    `support` its possible range. Both forecasts need the same last year and the same number of draws.

    >>> from .forecasts import forecast
    >>> y = pd.Series([1.0, 1.1, 1.2, 1.25], index=range(2020, 2024))
    >>> both = forecast(y, 2025, support="positive", rng=0), forecast(40 * y, 2025, support="positive", rng=1)
    >>> fc = forecast_ratio(*both, factor=100, after=2023, history=2.5 + 0 * y, rng=np.random.default_rng(0))
    >>> fc.model, bool(2.3 < fc.median()[2025] < 2.7)
    ('ratio of inputs', True)
    """
    from .histories import LOWER, SUPPORTS, UPPER

    years = np.arange(after + 1, int(top.years[-1]) + 1)
    correlation = shrunk_correlation(top.history, under.history)
    batches = max(top.batches, under.batches)
    above, below = paired(_over(top, years), _over(under, years), correlation, rng, batches)
    kind = SUPPORTS.index(support)
    with np.errstate(divide="ignore", invalid="ignore"):
        paths = np.nan_to_num(factor * above / below, nan=0.0, posinf=np.finfo(float).max)
    paths = np.clip(paths, LOWER[kind], UPPER[kind])
    return Forecast(paths, years, "ratio of inputs", support, history, batches=batches)


def averaged(direct: Forecast, joint: Forecast) -> Forecast:
    """Quantile by quantile the mean of two forecasts of one ratio, in the order of the joint paths.

    >>> y = pd.Series([1.0, 2.0])
    >>> one = Forecast(np.array([[1.0], [3.0]]), np.array([2024]), "mixture", "real", y)
    >>> other = Forecast(np.array([[9.0], [5.0]]), np.array([2024]), "ratio of inputs", "real", y)
    >>> averaged(one, other).paths.tolist()
    [[6.0], [3.0]]
    """
    batches = max(direct.batches, joint.batches, 1)
    parts = zip(np.array_split(direct.paths, batches), np.array_split(joint.paths, batches), strict=True)
    paths = np.concatenate([_averaged(one, other) for one, other in parts])
    return replace(direct, paths=paths, model="mixture of inputs")


def _averaged(direct: np.ndarray, joint: np.ndarray) -> np.ndarray:
    rank = np.argsort(np.argsort(joint, axis=0, kind="stable"), axis=0, kind="stable")
    return np.take_along_axis((np.sort(direct, axis=0) + np.sort(joint, axis=0)) / 2, rank, axis=0)


def _over(forecast: Forecast, years: np.ndarray) -> np.ndarray:
    """Paths of some years (draws, years): what is known of the years before the forecast begins, then its paths."""
    begun = int(forecast.years[0])
    before = [float(forecast.history[year]) for year in years if year < begun]
    known = np.tile(np.array(before), (len(forecast.paths), 1))
    return np.concatenate([known, forecast.paths[:, np.isin(forecast.years, years)]], axis=1)

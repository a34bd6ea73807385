"""Scores of hindcasts against the random walk, and how sure they are; lower is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from qcity_analysis.forecasting.quantiles import crps_quantiles, walk_quantiles


def relative_crps(
    quantiles: np.ndarray, levels: np.ndarray, history: np.ndarray, actual: np.ndarray
) -> np.ndarray:
    """Log of each series' CRPS over that of the random walk; the exponential of its mean is the headline.

    `history` (n, T) with NaN before the start and in gaps, its last column observed; `actual` (n, H). A thousandth of
    the mean absolute yearly change is added to both, so that a lucky hit does not count without limit.
    """
    change = changes(history)
    walk = walk_quantiles(history[:, -1], np.sqrt(np.nanmean(change**2, axis=1)), levels, actual.shape[1])
    every = np.concatenate([change, np.diff(np.column_stack([history[:, -1:], actual]), axis=1)], axis=1)
    floor = 1e-3 * np.nanmean(np.abs(every), axis=1)
    ours, walks = (crps_quantiles(q, levels, actual).mean(axis=1) for q in (quantiles, walk))
    return np.log((ours + floor) / (walks + floor))


def changes(history: np.ndarray) -> np.ndarray:
    """Changes between neighbouring observed values, per square root of the years between."""
    filled = pd.DataFrame(history.T).ffill().to_numpy().T
    seen = np.isfinite(history)
    when = np.where(seen, np.arange(history.shape[1]), -1)
    before = np.maximum.accumulate(when, axis=1)[:, :-1]
    gap = np.arange(1, history.shape[1]) - before
    change = (history[:, 1:] - filled[:, :-1]) / np.sqrt(gap)
    return np.where(seen[:, 1:] & (before >= 0), change, np.nan)


def brier(probability: np.ndarray, happened: np.ndarray) -> float:
    """Mean squared difference between probabilities and what happened (0 or 1)."""
    return float(np.mean((np.asarray(probability) - happened) ** 2))


def reliability_line(probability: np.ndarray, happened: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of what happened regressed on the probability given: 0 and 1 when reliable.

    >>> reliability_line(np.array([0.0, 1.0, 1.0]), np.array([0, 1, 1]))
    (0.0, 1.0)
    """
    p, y = np.asarray(probability, dtype=float), np.asarray(happened, dtype=float)
    slope = float(np.mean((p - p.mean()) * (y - y.mean())) / np.var(p))
    return round(float(y.mean() - slope * p.mean()), 12), slope


def bootstrap_interval(
    score: Callable[[np.ndarray], float], cluster: Sequence[str] | np.ndarray, draws: int = 500
) -> tuple[float, float]:
    """90 % interval of a score when whole clusters (indicators) are drawn again with replacement.

    `score` takes the row numbers to use and returns a number.
    """
    _, group = np.unique(np.asarray(cluster).astype(str), return_inverse=True)
    members = [np.flatnonzero(group == g) for g in range(group.max() + 1)]
    rng, n = np.random.default_rng(0), len(members)
    again = [score(np.concatenate([members[g] for g in rng.integers(0, n, n)])) for _ in range(draws)]
    low, high = np.quantile(again, [(1 - 0.9) / 2, (1 + 0.9) / 2])
    return float(low), float(high)

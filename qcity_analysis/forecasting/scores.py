"""Scores of probability forecasts: CRPS, Brier score and its parts, reliability, and their uncertainty.

Everything is numpy in, numpy or pandas out; lower is better for CRPS and Brier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])


def crps_quantiles(quantiles: np.ndarray, levels: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """CRPS approximated by the mean quantile score, 2 (1{y < q} - p)(q - y), over levels on the last axis.

    `quantiles` (..., Q), `levels` (Q,), `actual` (...). Gneiting and Ranjan (2011).

    >>> crps_quantiles(np.array([[1.0, 2.0, 3.0]]), np.array([0.25, 0.5, 0.75]), np.array([2.0]))
    array([0.33333333])
    """
    error = np.asarray(actual)[..., None] - quantiles
    return 2.0 * np.maximum(levels * error, (levels - 1.0) * error).mean(axis=-1)


def crps_paths(paths: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """CRPS of draws (draws, years) at what came (years,): E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007).

    >>> crps_paths(np.array([[0.0], [2.0]]), np.array([1.0]))
    array([0.5])
    """
    ordered = np.sort(paths, axis=0)
    n = len(ordered)
    rank = 2.0 * np.arange(1, n + 1) - n - 1.0
    return np.abs(ordered - actual).mean(axis=0) - (rank[:, None] * ordered).sum(axis=0) / n**2


def walk_quantiles(last: np.ndarray, deviation: np.ndarray, levels: np.ndarray, years: int) -> np.ndarray:
    """Quantiles (n, years, Q) of a Gaussian random walk with the given root mean square change."""
    from scipy.special import ndtri

    spread = deviation[:, None] * np.sqrt(np.arange(1, years + 1))
    return last[:, None, None] + spread[:, :, None] * ndtri(levels)


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
    """Mean squared difference between probabilities and what happened (0 or 1).

    >>> brier(np.array([0.5, 1.0]), np.array([1, 1]))
    0.125
    """
    return float(np.mean((np.asarray(probability) - happened) ** 2))


def log_score(probability: np.ndarray, happened: np.ndarray) -> float:
    """Mean negative log probability of what happened; probabilities are kept a millionth from 0 and 1."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(np.asarray(happened) > 0, np.log(p), np.log1p(-p))))


def reliability(probability: np.ndarray, happened: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """How often things happened that were given a probability: one row for each tenth, with the number."""
    tenth = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    frame = pd.DataFrame({"said": probability, "happened": np.asarray(happened, dtype=float)})
    columns = {"said": ("said", "mean"), "happened": ("happened", "mean"), "number": ("said", "size")}
    return frame.groupby(tenth).agg(**columns).reset_index(drop=True)


def reliability_line(probability: np.ndarray, happened: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of what happened regressed on the probability given: 0 and 1 when reliable.

    >>> reliability_line(np.array([0.0, 1.0, 1.0]), np.array([0, 1, 1]))
    (0.0, 1.0)
    """
    p, y = np.asarray(probability, dtype=float), np.asarray(happened, dtype=float)
    slope = float(np.mean((p - p.mean()) * (y - y.mean())) / np.var(p))
    return round(float(y.mean() - slope * p.mean()), 12), slope


def murphy(probability: np.ndarray, happened: np.ndarray, bins: int = 10) -> dict[str, float]:
    """Brier score taken apart by bins: reliability - resolution + uncertainty (Murphy 1973)."""
    table = reliability(probability, happened, bins)
    share = table["number"] / table["number"].sum()
    base = float(np.mean(happened))
    return {
        "reliability": float((share * (table["said"] - table["happened"]) ** 2).sum()),
        "resolution": float((share * (table["happened"] - base) ** 2).sum()),
        "uncertainty": base * (1 - base),
    }


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


def fold_of(indicator: str, folds: int, salt: str = "fold") -> int:
    """The fold of an indicator: always the same, whatever else is in the training corpus.

    >>> fold_of("en_mat_domcmpg", 3)
    1
    """
    return int(hashlib.sha256((salt + indicator).encode()).hexdigest(), 16) % folds

"""Distributions given by a few quantiles: any other quantile, and the probability below a value.

Between knots, and beyond the outer ones, quantiles are linear in log(p / (1 - p)). Knots may lie beyond the
possible range of the series; what lies beyond is put on the edge, so a percentage can have a lump at 100.
"""

from __future__ import annotations

import numpy as np

KNOTS = np.array([0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975])
MIDDLE = 7


def logit(p: np.ndarray) -> np.ndarray:
    """log(p / (1 - p))."""
    return np.log(p) - np.log1p(-p)


def at_levels(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles (..., Q) at `levels` (Q,) from the values at the knots (..., 15).

    >>> at_levels(KNOTS[None] * 100, np.array([0.05, 0.5])).round(6)
    array([[ 5., 50.]])
    """
    levels = np.asarray(levels, dtype=float)
    left = np.clip(np.searchsorted(KNOTS, levels, side="right") - 1, 0, len(KNOTS) - 2)
    lo, hi = logit(KNOTS[left]), logit(KNOTS[left + 1])
    share = (logit(levels) - lo) / (hi - lo)
    low, high = values[..., left], values[..., left + 1]
    between = low + share * (high - low)
    # A knot gives its own value to the bit.
    return np.where(levels == KNOTS[left], low, np.where(levels == KNOTS[left + 1], high, between))


def below(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """P(X <= x) for x (m,) from the values at the knots (m, 15).

    >>> below(KNOTS[None] * 100, np.array([30.0])).round(6)
    array([0.3])
    """
    count = np.zeros(len(x), dtype=np.int64)
    for k in range(values.shape[1]):
        count += values[:, k] <= x
    left = np.clip(count - 1, 0, len(KNOTS) - 2)
    row = np.arange(len(x))
    low, high = values[row, left], values[row, left + 1]
    lo, hi = logit(KNOTS)[left], logit(KNOTS)[left + 1]
    width = high - low
    # Where neighbouring knots agree the distribution jumps: below, at or above the jump.
    jump = np.where(x < low, -np.inf, np.inf)
    with np.errstate(over="ignore"):
        share = np.where(width > 0, (x - low) / np.where(width > 0, width, 1.0), jump)
        return 1.0 / (1.0 + np.exp(-(lo + share * (hi - lo))))


def probability(
    values: np.ndarray, x: np.ndarray, at_least: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """P(X >= x) where `at_least`, P(X <= x) elsewhere, with what lies beyond the range put on its edges."""
    p = below(values, x)
    more = np.where(x <= lower, 1.0, np.where(x > upper, 0.0, 1.0 - p))
    less = np.where(x >= upper, 1.0, np.where(x < lower, 0.0, p))
    return np.where(at_least, more, less)

"""Rare events counted by year, such as 0, 0, 1, 0, 0, 2: a rate that may drift, not a level with a trend.

The steady Poisson model of Harvey and Fernandes (1989): a Gamma rate whose evidence is discounted every year, so that
the forecast is negative binomial with the same mean and a growing spread. Counts more uneven than Poisson widen it.
On whole-number series of the training bank this had a CRPS 7 % below the general forecaster's; see
`tests/test_sparse.py`. A series that never fell is taken for a stock and left to the general forecaster.
"""

from __future__ import annotations

import numpy as np

from .histories import SUPPORTS, Histories
from .marginals import KNOTS

RARE = 5.0  # a year on average, at most
DISCOUNT = 0.8  # of evidence, per year
EVEN = 4.0  # years of Poisson evenness that the spread is shrunk towards


def rare(h: Histories) -> np.ndarray:
    """Which series (n,) are whole small counts that fell at least once, or that are all zero.

    >>> import pandas as pd
    >>> from qcity_analysis.forecasting.histories import from_frame
    >>> f = pd.DataFrame({"series_id": "a", "period": range(6), "value": [0, 0, 1, 0, 0, 2], "support": "count"})
    >>> rare(from_frame(f)).tolist()
    [True]
    """
    found = h.support == SUPPORTS.index("count")
    for i in np.flatnonzero(found):
        y = h.values[i][np.isfinite(h.values[i])]
        whole, fell = (y == np.round(y)).all(), (np.diff(y) < 0).any() or y.max() == 0
        found[i] = whole and fell and y.mean() <= RARE and h.starts[i].sum() <= 1
    return found


def count_knots(history: np.ndarray, horizon: int) -> np.ndarray:
    """Quantiles at `marginals.KNOTS` (horizon, 15) of one history (T,), NaN in gaps, its last year observed.

    They are of a smooth distribution whose value at a whole number is the chance of at most that many; rounded
    up they are counts.

    >>> float(np.ceil(count_knots(np.array([0.0, 0, 1, 0, 0, 2]), 1)[0, 13]))
    3.0
    """
    weight = DISCOUNT ** np.arange(len(history))[::-1] * np.isfinite(history)
    y = np.nan_to_num(history)
    years = weight.sum()
    mean = ((weight * y).sum() + 0.5) / years  # Jeffreys' half an event
    uneven = (weight * (y - mean) ** 2).sum() / years / mean
    n = np.isfinite(history).sum()
    dispersion = max(1.0, (uneven * n + EVEN) / (n + EVEN))
    found = []
    for step in range(1, horizon + 1):
        extra = mean * (dispersion - 1.0 + 1.0 / (years * DISCOUNT ** (step - 1)))
        size = mean * mean / max(extra, 1e-9)
        found.append(_quantiles(size, size / (size + mean)))
    return np.array(found)


def _quantiles(size: float, p: float) -> np.ndarray:
    """Where the negative binomial distribution function, continued between whole numbers, takes each level."""
    from scipy.special import nbdtrik

    none = p**size
    inside = nbdtrik(np.maximum(KNOTS, none), size, p)
    return np.where(none > KNOTS, KNOTS / none - 1.0, inside)


def sharpened(threshold: np.ndarray, at_least: np.ndarray) -> np.ndarray:
    """Thresholds for whole numbers as the smooth distribution wants them: at least 2 is more than 1.

    >>> sharpened(np.array([2.0, 1.5, 1.5]), np.array([True, True, False]))
    array([1., 1., 1.])
    """
    return np.where(at_least, np.ceil(threshold) - 1.0, np.floor(threshold))

"""Rare events counted by year, such as 0, 0, 1, 0, 0, 2: a rate that may drift, not a level with a trend.

The steady Poisson model of Harvey and Fernandes (1989): a Gamma rate whose evidence is discounted every year, so that
the forecast is negative binomial with the same mean and a growing spread. Counts more uneven than Poisson widen it.
On whole-number series of the training bank this had a CRPS 7 % below the general forecaster's; see
`tests/test_sparse.py`. A series that never fell is taken for a stock and left to the general forecaster.
"""

from __future__ import annotations

import numpy as np

from .histories import EQUAL, SUPPORTS, Histories
from .marginals import KNOTS

RARE = 5.0  # items a year on average, at most
FINEST = 1e-6  # of the largest value
DISCOUNT = 0.8  # of evidence, per year
EVEN = 4.0  # years of Poisson evenness that the spread is shrunk towards


def items(h: Histories) -> np.ndarray:
    """Size of one item (n,) of series that are small counts of rare events, 0 for others.

    The item is the greatest number of which all values are multiples, so that the unit of writing does not matter. A
    small count has at most RARE items a year and fell at least once, or is zero throughout (then the item is 1).

    >>> import pandas as pd
    >>> from qcity_analysis.forecasting.histories import from_frame
    >>> f = pd.DataFrame({"series_id": "a", "period": range(6), "value": [0, 0, 1, 0, 0, 2], "support": "count"})
    >>> items(from_frame(f)).tolist()
    [1.0]
    """
    found = np.zeros(len(h))
    for i in np.flatnonzero(h.support == SUPPORTS.index("count")):
        y = h.values[i][np.isfinite(h.values[i])]
        item = common_step(y)
        fell = (np.diff(y) < 0).any() or y.max() == 0
        if item and fell and np.mean(y / item) <= RARE * (1 + EQUAL) and h.starts[i].sum() <= 1:
            found[i] = item
    return found


def common_step(values: np.ndarray) -> float:
    """The greatest number of which all values are multiples; 1 where all are zero, 0 where there is no such number.

    Steps below a FINEST share of the largest value are none.

    >>> round(common_step(np.array([0.0003, 0.0, 0.0005])), 12)
    0.0001
    """
    most = float(np.max(np.abs(values), initial=0.0))
    if most == 0:
        return 1.0
    step = 0.0
    for value in np.abs(values):
        a, b = float(value), step
        while b > EQUAL * most:  # Euclid's algorithm, as exact as floating-point numbers are
            a, b = b, abs(a - b * round(a / b))
        step = a
    return step if step > FINEST * most else 0.0


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

"""Distributions given by a few quantiles (knots), from which the rest is read; counts of rare events; scores.

Between knots, and beyond the outer ones, quantiles are linear in log(p / (1 - p)). What lies beyond the possible range
is put on the edge, so a percentage can have a lump at 100; another lies at the last value, as likely as to stay there.

Rare events counted by year, such as 0, 0, 1, 0, 0, 2, follow a rate that may drift: the steady Poisson model of Harvey
and Fernandes (1989), a Gamma rate whose evidence is discounted every year; the forecast is negative binomial with the
same mean and a growing spread, wider for counts more uneven than Poisson.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from .histories import EQUAL, SUPPORTS, Histories, same

KNOTS = np.array([0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975])
LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])  # that are scored
LOGITS = np.log(KNOTS) - np.log1p(-KNOTS)
MIDDLE, QUARTILES = 7, [4, 10]  # among the knots
RARE = 5.0  # items a year on average, at most
FINEST = 1e-6  # of the largest value
DISCOUNT = 0.8  # of evidence, per year
EVEN = 4.0  # years of Poisson evenness that the spread is shrunk towards


def at_levels(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles (..., Q) from the values at the knots (..., 15) at `levels`: (Q,), or each row at its own (m, Q)."""
    left = np.clip(np.searchsorted(KNOTS, levels, side="right") - 1, 0, len(KNOTS) - 2)
    share = (np.log(levels) - np.log1p(-levels) - LOGITS[left]) / (LOGITS[left + 1] - LOGITS[left])
    own = levels.ndim > 1
    low, high = (np.take_along_axis(values, k, -1) if own else values[..., k] for k in (left, left + 1))
    # A knot gives its own value to the bit.
    between = np.where(levels == KNOTS[left + 1], high, low + share * (high - low))
    return np.where(levels == KNOTS[left], low, between)


def below(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """P(X <= x) for x (...) from the values at the knots (..., 15)."""
    left = np.clip((values <= x[..., None]).sum(axis=-1) - 1, 0, len(KNOTS) - 2)
    low, high = (np.take_along_axis(values, k[..., None], -1)[..., 0] for k in (left, left + 1))
    # Where neighbouring knots agree the distribution jumps: below, at or above the jump.
    jump = np.where(x < low, -np.inf, np.inf)
    with np.errstate(over="ignore"):
        share = np.where(high > low, (x - low) / np.where(high > low, high - low, 1.0), jump)
        return 1.0 / (1.0 + np.exp(-(LOGITS[left] + share * (LOGITS[left + 1] - LOGITS[left]))))


class Marginals(NamedTuple):
    """Forecast distributions of n series in H years.

    Attributes: `knots` (n, H, 15), the quantiles at KNOTS before lumps and edges count; `last` (n,) value, and `stay`
    (n, H), the probability of having it again; `low` and `high` (n,), the edges of the possible range; `item` (n,), the
    size of one item of a count of rare events, whose quantiles are rounded up to whole items (see `items`), else 0.
    """

    knots: np.ndarray
    last: np.ndarray
    stay: np.ndarray
    low: np.ndarray
    high: np.ndarray
    item: np.ndarray

    def rows(self, which: slice | np.ndarray) -> Marginals:
        """The same for some of the series."""
        return Marginals(*(field[which] for field in self))

    def lump(self) -> tuple[np.ndarray, np.ndarray]:
        """Levels (n, H) at which the lump at the last value begins and ends; from an edge there is one way only."""
        under = np.where(same(self.last, self.high)[:, None], 1.0, below(self.knots, self.last[:, None]))
        begin = np.where((self.last <= self.low)[:, None], 0.0, (1.0 - self.stay) * under)
        return begin, begin + self.stay

    def quantiles(self, levels: Sequence[float] | np.ndarray) -> np.ndarray:
        """Quantiles (n, H, Q) at `levels` (Q,), between 0 and 1."""
        begin, end = (level[:, :, None] for level in self.lump())
        stays = (begin <= levels) & (end >= levels) & (self.stay > 0)[:, :, None]
        values = np.where(stays, self.last[:, None, None], at_levels(self.knots, np.asarray(levels)))
        return self.within(values, np.arange(len(values)))

    def within(self, values: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Values (m, ...) of the series `row` (m,) as it can have them: whole items, within the range."""
        shape = (-1, *[1] * (values.ndim - 1))
        low, high, item = (field[row].reshape(shape) for field in (self.low, self.high, self.item))
        if (whole := item.ravel() > 0).any():
            values = values.copy()
            values[whole] = _whole(values[whole] / item[whole], np.ceil) * item[whole] + 0.0  # no minus zero
        return np.clip(values, low, high)

    def probability(
        self, row: np.ndarray, step: np.ndarray, x: np.ndarray, at_least: np.ndarray
    ) -> np.ndarray:
        """P(X >= x) where `at_least`, P(X <= x) elsewhere, of the series `row` in the year `step` (m,) ahead.

        A threshold that differs from the last value or an edge only by the rounding of a computer is taken for it.
        """
        knots, stay = self.knots[row, step][:, None], self.stay[row, step][:, None]
        one = self.rows(row)._replace(knots=knots, stay=stay)
        last, low, high, part = one.last, one.low, one.high, one.item > 0
        x = np.where(same(x, last), last, np.where(same(x, high), high, x))
        item = np.where(part, one.item, 1.0)  # whole items: at least 2 is more than 1
        count = np.where(at_least, _whole(x / item, np.ceil) - 1.0, _whole(x / item, np.floor))
        p = below(one.knots[:, 0], np.where(part, count * item, x))
        begin, end = (level[:, 0] for level in one.lump())
        begin, end = np.where(part, 1.0, begin), np.where(part, 0.0, end)
        under, upto = np.minimum(p, begin), np.maximum(p, end)  # below the lump, and from it on
        more = np.where(x <= low, 1.0, np.where(x > high, 0.0, 1.0 - np.where(x <= last, under, upto)))
        less = np.where(x >= high, 1.0, np.where(x < low, 0.0, np.where(x < last, under, upto)))
        return np.where(at_least, more, less)


def _whole(count: np.ndarray, to: np.ufunc) -> np.ndarray:
    """Numbers of items rounded up or down, but for the rounding of a computer."""
    return np.where(same(count, np.round(count)), np.round(count), to(count))


def items(h: Histories) -> np.ndarray:
    """Size of one item (n,), which divides all values, of small counts of rare events: at most RARE a year, and fallen
    at least once (else it is a stock) or zero throughout (then it is 1); 0 for others.
    """
    sizes, counts = np.zeros(len(h)), np.flatnonzero(h.support == SUPPORTS.index("count"))
    for i, item in zip(counts, common_steps(h.values[counts]), strict=True):
        y = h.values[i][np.isfinite(h.values[i])]
        fell = (np.diff(y) < 0).any() or y.max() == 0
        if item and fell and np.mean(y / item) <= RARE * (1 + EQUAL) and h.starts[i].sum() <= 1:
            sizes[i] = item
    return sizes


def common_steps(values: np.ndarray) -> np.ndarray:
    """The greatest number (n,) that divides all of each row of `values` (n, T); 1 where all are zero, 0 for none."""
    size = np.nan_to_num(np.abs(values))
    most, step = size.max(axis=1, initial=0.0), np.zeros(len(values))
    for column, so_far in zip(size.T, np.maximum.accumulate(size, axis=1).T, strict=True):
        a, b = column, step
        while (on := b > 0.01 * FINEST * most).any():  # Euclid's algorithm; less is an error of floats
            a, b = np.where(on, b, a), np.where(on, np.abs(a - b * np.round(a / np.where(on, b, 1.0))), b)
        step = so_far / np.maximum(np.round(so_far / np.where(a > 0, a, 1.0)), 1.0)  # errors do not add up
    return np.where(most == 0, 1.0, np.where(step > FINEST * most, step, 0.0))


def count_knots(history: np.ndarray, horizon: int) -> np.ndarray:
    """Quantiles at KNOTS (horizon, 15) of one history (T,) of counts; smooth, they are counts once rounded up."""
    from scipy.special import nbdtrik

    weight = DISCOUNT ** np.arange(len(history))[::-1] * np.isfinite(history)
    y, years, n = np.nan_to_num(history), weight.sum(), np.isfinite(history).sum()
    mean = ((weight * y).sum() + 0.5) / years  # Jeffreys' half an event
    uneven = (weight * (y - mean) ** 2).sum() / years / mean
    dispersion, step = max(1.0, (uneven * n + EVEN) / (n + EVEN)), np.arange(horizon)[:, None]
    size = mean * mean / np.maximum(mean * (dispersion - 1.0 + 1.0 / (years * DISCOUNT**step)), 1e-9)
    p = size / (size + mean)
    none = p**size  # the chance of no event
    # where the distribution function, continued between whole numbers, takes each level
    return np.where(none > KNOTS, KNOTS / none - 1.0, nbdtrik(np.maximum(KNOTS, none), size, p))


def crps_quantiles(quantiles: np.ndarray, levels: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """CRPS approximated by the mean quantile score, 2 (1{y < q} - p)(q - y), over levels on the last axis.

    `quantiles` (..., Q), `levels` (Q,), `actual` (...). Gneiting and Ranjan (2011).
    """
    error = np.asarray(actual)[..., None] - quantiles
    return 2.0 * np.maximum(levels * error, (levels - 1.0) * error).mean(axis=-1)


def walk_quantiles(last: np.ndarray, deviation: np.ndarray, levels: np.ndarray, years: int) -> np.ndarray:
    """Quantiles (n, years, Q) of a Gaussian random walk with the given root mean square change."""
    from scipy.special import ndtri

    spread = deviation[:, None] * np.sqrt(np.arange(1, years + 1))
    return last[:, None, None] + spread[:, :, None] * ndtri(levels)


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


def murphy(probability: np.ndarray, happened: np.ndarray, bins: int = 10) -> dict[str, float]:
    """Brier score taken apart by bins: reliability - resolution + uncertainty (Murphy 1973)."""
    table = reliability(probability, happened, bins)
    weight, base = table["number"] / table["number"].sum(), float(np.mean(happened))
    return {
        "reliability": float((weight * (table["said"] - table["happened"]) ** 2).sum()),
        "resolution": float((weight * (table["happened"] - base) ** 2).sum()),
        "uncertainty": base * (1 - base),
    }


def fold_of(indicator: str, folds: int, salt: str = "fold") -> int:
    """The fold of an indicator: always the same, whatever else is in the training corpus."""
    return int(hashlib.sha256((salt + indicator).encode()).hexdigest(), 16) % folds

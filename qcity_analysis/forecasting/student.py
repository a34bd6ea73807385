"""Mixtures of Student t distributions ahead of many series at once: distribution function and quantiles.

Everything is in units of each series' typical change, measured from its last value. The distribution
function is read from a table with an error below 1e-5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

NODES = 2048  # table steps over z / sqrt(df + z^2), which lies between -1 and 1
INNER = (-2.5, -0.9, 0.0, 0.9, 2.5)  # scales from a heavy component's location where the search starts
OUTER = (-200.0, -30.0, -6.0, 6.0, 30.0, 200.0)  # and from the location of any component
DENSE = 3  # heavy components
SECANTS = 3


@lru_cache(maxsize=512)
def _row(df: float) -> np.ndarray:
    """Distribution function of a Student t at equal steps of s = z / sqrt(df + z^2)."""
    from scipy.special import stdtr

    s = np.linspace(-1.0, 1.0, NODES + 1)[1:-1]
    return np.concatenate([[0.0], stdtr(df, s * np.sqrt(df / (1.0 - s * s))), [1.0, 1.0]]).astype(np.float32)


@dataclass(frozen=True)
class Mixture:
    """For n series, K components and H years: `weight` (n, K), `location` and `scale` (n, K, H), `df` (n,
    K).
    """

    weight: np.ndarray
    location: np.ndarray
    scale: np.ndarray
    df: np.ndarray

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """P(X <= x) for x of shape (n, H, Q)."""
        dfs, at = np.unique(self.df, return_inverse=True)
        table = np.concatenate([_row(float(df)) for df in dfs])
        offset = (at.reshape(self.df.shape) * (NODES + 2)).astype(np.int32)
        weight, df = self.weight.astype(np.float32), self.df.astype(np.float32)
        centre, width = self.location.astype(np.float32), (1.0 / self.scale).astype(np.float32)
        x = x.astype(np.float32)
        total = np.zeros(x.shape, dtype=np.float32)
        half = np.float32(NODES / 2)
        for k in range(self.weight.shape[1]):
            z = (x - centre[:, k, :, None]) * width[:, k, :, None]
            place = z / np.sqrt(df[:, k, None, None] + z * z)
            place += 1.0
            place *= half
            step = place.astype(np.int32)
            np.minimum(step, NODES - 1, out=step)
            place -= step
            step += offset[:, k, None, None]
            low = table[step]
            step += 1
            place *= table[step] - low
            place += low
            place *= weight[:, k, None, None]
            total += place
        return total

    def quantiles(self, levels: np.ndarray) -> np.ndarray:
        """Quantiles (n, H, Q) at increasing levels, never crossing."""
        level = np.asarray(levels, dtype=np.float32)
        nodes = self._nodes()
        below = np.maximum.accumulate(self.cdf(nodes), axis=2)
        right = np.stack([(below < p).sum(axis=2) for p in level], axis=2)
        right = np.clip(right, 1, nodes.shape[2] - 1)
        low, high = np.take_along_axis(nodes, right - 1, 2), np.take_along_axis(nodes, right, 2)
        f_low = np.take_along_axis(below, right - 1, 2) - level
        f_high = np.take_along_axis(below, right, 2) - level
        x = _between(low, high, f_low, f_high)
        for _ in range(SECANTS - 1):  # the Illinois method: secants that keep the root between them
            f = self.cdf(x) - level
            left = f < 0
            f_high = np.where(left, 0.5 * f_high, f)
            f_low = np.where(left, f, 0.5 * f_low)
            low, high = np.where(left, x, low), np.where(left, high, x)
            x = _between(low, high, f_low, f_high)
        return np.maximum.accumulate(x, axis=2)

    def _nodes(self) -> np.ndarray:
        """Increasing values (n, H, G) that cover the mixture, dense where its heaviest components are."""
        top = np.sort(np.argpartition(-self.weight, DENSE, axis=1)[:, :DENSE], axis=1)
        row = np.arange(len(top))[:, None]
        inner = self.location[row, top][..., None] + self.scale[row, top][..., None] * np.array(INNER)
        outer = self.location[..., None] + self.scale[..., None] * np.array(OUTER)
        half = len(OUTER) // 2
        low, high = outer[..., :half].min(axis=1), outer[..., half:].max(axis=1)
        middle = np.moveaxis(inner, 1, 2).reshape(len(top), inner.shape[2], -1)
        return np.sort(np.concatenate([low, middle, high], axis=2), axis=2)


def _between(low: np.ndarray, high: np.ndarray, f_low: np.ndarray, f_high: np.ndarray) -> np.ndarray:
    """Where the straight line between two values of a function crosses zero, kept between them."""
    share = np.clip(f_low / np.where(f_low == f_high, -1.0, f_low - f_high), 0.0, 1.0)
    return low + share * (high - low)

"""Mixtures of Student t distributions ahead of many series at once: distribution function, quantiles, draws.

Values beyond the possible range are put on its edge: a percentage has a lump of probability at 100.
The distribution function is read from a table with an error below 1e-5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

INNER = (-3.0, -1.2, 0.0, 1.2, 3.0)  # scales from a heavy component's location where the search starts
OUTER = (-300.0, -40.0, -8.0, 8.0, 40.0, 300.0)  # and from the location of any component
DENSE = 6  # heavy components
SECANTS = 4
NODES = 2048  # table steps over z / sqrt(df + z^2), which lies between -1 and 1


@lru_cache(maxsize=512)
def _row(df: float) -> np.ndarray:
    """Distribution function of a Student t at equal steps of s = z / sqrt(df + z^2)."""
    from scipy.special import stdtr

    s = np.linspace(-1.0, 1.0, NODES + 1)[1:-1]
    return np.concatenate([[0.0], stdtr(df, s * np.sqrt(df / (1.0 - s * s))), [1.0, 1.0]])


@dataclass(frozen=True)
class Mixture:
    """For n series, K components and H years: `weight` (n, K), `location` and `scale` (n, K, H), `df` (n, K).

    Component coordinates are (x - last) / unit, or log(x / last) / log_unit where `log` (n, K) is true.
    `lower` and `upper` (n,) are the edges of the possible range. `states` (n, K) are what paths are drawn from.
    """

    weight: np.ndarray
    location: np.ndarray
    scale: np.ndarray
    df: np.ndarray
    log: np.ndarray
    last: np.ndarray
    unit: np.ndarray
    log_unit: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    states: dict[str, np.ndarray] | None = None

    def rows(self, which: np.ndarray | slice) -> Mixture:
        """The same for some of the series (without what paths are drawn from)."""
        names = [name for name in self.__dataclass_fields__ if name != "states"]
        return replace(self, states=None, **{name: getattr(self, name)[which] for name in names})

    def year(self, step: np.ndarray) -> Mixture:
        """The same with one year only: year number `step` (n,) of each series, counted from 0."""
        row = np.arange(len(step))
        location = self.location[row, :, step][..., None]
        return replace(self, location=location, scale=self.scale[row, :, step][..., None])

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """P(X <= x) before the edges of the range count, for x of shape (n, H, Q)."""
        plain = (x - self.last[:, None, None]) / self.unit[:, None, None]
        logged = self._logged(x) if self.log.any() else None
        dfs, at = np.unique(self.df, return_inverse=True)
        table = np.concatenate([_row(float(df)) for df in dfs])
        offset = at.reshape(self.df.shape) * (NODES + 2)
        total = np.zeros(x.shape)
        for k in range(self.weight.shape[1]):
            z = plain if logged is None else np.where(self.log[:, k, None, None], logged, plain)
            z = (z - self.location[:, k, :, None]) / self.scale[:, k, :, None]
            s = z / np.sqrt(self.df[:, k, None, None] + z * z)
            place = (s + 1.0) * (NODES / 2)
            step = np.minimum(place.astype(np.int64), NODES - 1)
            i = step + offset[:, k, None, None]
            low = table[i]
            total += self.weight[:, k, None, None] * (low + (place - step) * (table[i + 1] - low))
        return total

    def _logged(self, x: np.ndarray) -> np.ndarray:
        positive = (self.log_unit > 0)[:, None, None]
        ratio = np.where(positive, x / np.where(positive, self.last[:, None, None], 1.0), 1.0)
        unit = np.where(positive, self.log_unit[:, None, None], 1.0)
        return np.where(ratio > 0, np.log(np.where(ratio > 0, ratio, 1.0)) / unit, -1e12)

    def quantiles(self, levels: np.ndarray) -> np.ndarray:
        """Quantiles (n, H, Q) at the given increasing levels, within the possible range, never crossing."""
        level = np.asarray(levels, dtype=float)
        nodes = self._nodes()
        below = np.maximum.accumulate(self.cdf(nodes), axis=2)
        right = np.stack([(below < p).sum(axis=2) for p in level], axis=2)
        right = np.clip(right, 1, nodes.shape[2] - 1)
        low, high = np.take_along_axis(nodes, right - 1, 2), np.take_along_axis(nodes, right, 2)
        f_low, f_high = (
            np.take_along_axis(below, right - 1, 2) - level,
            np.take_along_axis(below, right, 2) - level,
        )
        x = low
        for _ in range(SECANTS):  # the Illinois method: secants that keep the root between them
            share = np.clip(f_low / np.where(f_low == f_high, -1.0, f_low - f_high), 0.0, 1.0)
            x = low + share * (high - low)
            f = self.cdf(x) - level
            left = f < 0
            f_high = np.where(left, 0.5 * f_high, f)
            f_low = np.where(left, f, 0.5 * f_low)
            low, high = np.where(left, x, low), np.where(left, high, x)
        inside = np.clip(x, self.lower[:, None, None], self.upper[:, None, None])
        return np.maximum.accumulate(inside, axis=2)

    def _nodes(self) -> np.ndarray:
        """Increasing values (n, H, G) that cover the mixture, dense where its heaviest components are."""
        top = np.sort(np.argsort(-self.weight, axis=1, kind="stable")[:, :DENSE], axis=1)
        row = np.arange(len(top))[:, None]
        inner = self._natural(self.location[row, top], self.scale[row, top], self.log[row, top], INNER)
        outer = self._natural(self.location, self.scale, self.log, OUTER)
        half = len(OUTER) // 2
        low, high = outer[..., :half].min(axis=1), outer[..., half:].max(axis=1)
        middle = np.moveaxis(inner, 1, 2).reshape(len(top), inner.shape[2], -1)
        return np.sort(np.concatenate([low, middle, high], axis=2), axis=2)

    def _natural(
        self, location: np.ndarray, scale: np.ndarray, log: np.ndarray, steps: tuple[float, ...]
    ) -> np.ndarray:
        """Values (n, K, H, len(steps)) that many scales from each component's location."""
        z = location[..., None] + scale[..., None] * np.array(steps)
        plain = self.last[:, None, None, None] + self.unit[:, None, None, None] * z
        if not log.any():
            return plain
        power = np.clip(z * self.log_unit[:, None, None, None], -25.0, 25.0)
        return np.where(log[:, :, None, None], self.last[:, None, None, None] * np.exp(power), plain)

    def probability(self, x: np.ndarray, at_least: np.ndarray) -> np.ndarray:
        """P(X >= x) where `at_least`, P(X <= x) elsewhere; x and at_least (n, H, Q). Edges of the range count."""
        lower, upper = self.lower[:, None, None], self.upper[:, None, None]
        below = self.cdf(np.clip(x, lower, upper))
        more = np.where(x <= lower, 1.0, np.where(x > upper, 0.0, 1.0 - below))
        less = np.where(x >= upper, 1.0, np.where(x < lower, 0.0, below))
        return np.clip(np.where(at_least, more, less), 0.0, 1.0)

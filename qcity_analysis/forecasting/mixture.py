"""The structural mixture: one damped local linear trend on a fixed grid of its hyper-parameters.

    y_t = l_t + e_t                     e_t ~ N(0, s2 (1 - rho))
    l_t = l_{t-1} + phi b_{t-1} + u_t   u_t ~ N(0, s2 rho)
    b_t = phi b_{t-1} + v_t             v_t ~ N(0, s2 z)

Each grid cell is one model: constant mean, random walk, drift, damped trend, noisy level are all cells. The
level is diffuse (each segment is conditioned on its first value), the slope starts at N(0, s2
slope_variance), and s2 has an inverse-gamma prior with shape `shape` and scale `shape * size ** 2`. Gains
depend only on which years were observed, so one recursion serves every series with the same pattern of
years. Marginal likelihoods are closed form and forecasts are Student t (Harvey 1989, ch. 3-4; West and
Harrison 1997, ch. 4).

Out of scope: which weight a cell has before the data are seen (see `prior`).

"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

NODES = 2048  # table steps over z / sqrt(df + z^2), which lies between -1 and 1
INNER = (-2.5, -0.9, 0.0, 0.9, 2.5)  # scales from a heavy component's location where the search starts
OUTER = (-200.0, -30.0, -6.0, 6.0, 30.0, 200.0)  # and from the location of any component
DENSE = 3  # heavy components
SECANTS = 3


@dataclass(frozen=True)
class Cells:
    """Grid cells, one entry each: `rho` share of the one-step variance that moves the level (the rest is
    noise), `z` slope noise, `phi` damping, `slope_variance` of the first slope, `shape` and `size` of the
    scale prior.
    """

    rho: np.ndarray
    z: np.ndarray
    phi: np.ndarray
    slope_variance: np.ndarray
    shape: np.ndarray
    size: np.ndarray

    def __len__(self) -> int:
        return len(self.rho)

    def take(self, which: np.ndarray) -> Cells:
        """Some of the cells."""
        return Cells(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True)
class Filtered:
    """What the recursion leaves at the last year, for n series and C cells.

    `loglik` (n, C); state mean `level`, `slope` (n, C); state covariance over s2 `p11`, `p12`, `p22`
    (n or 1, C); posterior `shape` (n or 1, C) and `rate` (n, C) of the inverse-gamma for s2.
    """

    loglik: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    p11: np.ndarray
    p12: np.ndarray
    p22: np.ndarray
    shape: np.ndarray
    rate: np.ndarray


def kalman(values: np.ndarray, starts: np.ndarray, cells: Cells) -> Filtered:
    """Run every cell over every series.

    `values` (n, T): NaN where not observed. `starts` (n, T): true where a segment begins, which includes
    the first observed value. When all series share one pattern, gains are computed once for all of them;
    the result is the same to the bit either way.

    >>> cells = Cells(*(np.array([x]) for x in (1.0, 0.0, 0.0, 0.0, 1.0, 0.6)))
    >>> f = kalman(np.array([[0.0, 1.0, np.nan, 3.0]]), np.array([[True, False, False, False]]), cells)
    >>> float(f.level[0, 0]), float(f.p11[0, 0]), float(f.shape[0, 0])
    (3.0, 0.0, 2.0)
    """
    from scipy.special import gammaln

    observed = np.isfinite(values)
    if (observed == observed[:1]).all() and (starts == starts[:1]).all():
        observed, starts = observed[:1], starts[:1]
    y = np.where(np.isfinite(values), values, 0.0)
    rho, z, phi = cells.rho, cells.z, cells.phi
    noise = 1.0 - rho
    n, m = len(values), len(cells)
    p11, p12, p22, log_f = np.zeros((4, len(observed), m))
    p22 += cells.slope_variance
    level, slope, squares = np.zeros((3, n, m))
    begun = np.zeros((len(observed), 1), dtype=bool)
    for k in range(int(observed.any(axis=0).argmax()), values.shape[1]):
        seen, start = observed[:, k : k + 1], starts[:, k : k + 1]
        update = seen & ~start
        a11, a12, a22 = _step(p11, p12, p22, rho, z, phi)
        a22 = np.where(begun, a22, p22)
        f = np.maximum(a11 + noise, 1e-9)
        gain1 = np.where(update, a11 / f, np.where(start, 1.0, 0.0))
        gain2 = np.where(update, a12 / f, 0.0)
        weight = np.where(update, 1.0 / f, 0.0)
        log_f += np.where(update, np.log(f), 0.0)
        p11 = np.where(start, noise, a11 - gain1 * a11)
        p12 = np.where(start, 0.0, a12 - gain1 * a12)
        p22 = np.where(start, a22, a22 - gain2 * a12)
        begun = begun | seen
        slope = phi * slope
        level = level + slope
        error = y[:, k : k + 1] - level
        squares += error * error * weight
        level += gain1 * error
        slope += gain2 * error
    linked = (observed & ~starts).sum(axis=1, keepdims=True).astype(float)
    prior_rate = cells.shape * cells.size**2
    shape, rate = cells.shape + linked / 2.0, prior_rate + squares / 2.0
    constant = gammaln(shape) - gammaln(cells.shape) + cells.shape * np.log(prior_rate)
    loglik = (constant - 0.5 * log_f - 0.5 * linked * np.log(2.0 * np.pi)) - shape * np.log(rate)
    return Filtered(loglik, level, slope, p11, p12, p22, shape, rate)


def _step(
    p11: np.ndarray, p12: np.ndarray, p22: np.ndarray, rho: np.ndarray, z: np.ndarray, phi: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State covariance one year on."""
    return p11 + 2.0 * phi * p12 + phi * phi * p22 + rho, phi * (p12 + phi * p22), phi * phi * p22 + z


def ahead(fit: Filtered, cells: Cells, years: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Location (n, C, years), scale (n, C, years) and degrees of freedom (n or 1, C) of what is ahead."""
    location = np.empty((*fit.level.shape, years))
    scale = np.empty_like(location)
    level, slope = fit.level, fit.slope
    p11, p12, p22 = fit.p11, fit.p12, fit.p22
    for h in range(years):
        p11, p12, p22 = _step(p11, p12, p22, cells.rho, cells.z, cells.phi)
        slope = cells.phi * slope
        level = level + slope
        location[:, :, h] = level
        scale[:, :, h] = np.sqrt(fit.rate / fit.shape * (p11 + (1.0 - cells.rho)))
    return location, scale, 2.0 * fit.shape


@lru_cache(maxsize=512)
def _row(df: float) -> np.ndarray:
    """Distribution function of a Student t at equal steps of s = z / sqrt(df + z^2)."""
    from scipy.special import stdtr

    s = np.linspace(-1.0, 1.0, NODES + 1)[1:-1]
    return np.concatenate([[0.0], stdtr(df, s * np.sqrt(df / (1.0 - s * s))), [1.0, 1.0]]).astype(np.float32)


@dataclass(frozen=True)
class Mixture:
    """For n series, K components and H years: `weight` (n, K), `location` and `scale` (n, K, H), `df` (n, K)."""

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

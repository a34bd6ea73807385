"""The structural mixture, a damped local linear trend on a fixed grid of its hyper-parameters, and what it forecasts.

    y_t = l_t + e_t                     e_t ~ N(0, s2 (1 - rho))
    l_t = l_{t-1} + phi b_{t-1} + u_t   u_t ~ N(0, s2 rho)
    b_t = phi b_{t-1} + v_t             v_t ~ N(0, s2 z)

Each grid cell (`prior.Cells`) is one model: constant mean, random walk, drift, damped trend, noisy level are all cells.
The level is diffuse (each segment is conditioned on its first value), the slope starts at N(0, s2 slope_variance), and
s2 has an inverse-gamma prior with shape `shape` and scale `shape * size ** 2`. Marginal likelihoods are closed form and
forecasts are Student t (Harvey 1989, ch. 3-4; West and Harrison 1997, ch. 4).

What lies ahead is the average of this mixture and the prior's learners; no series depends on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from .histories import FEWEST, LOWER, UPPER, Histories, one_history
from .prior import YEARS, Cells, Gate, Prior, features, group, plain, row_sums, shipped, units
from .quantiles import KNOTS, MIDDLE, QUARTILES, Marginals, at_levels, count_knots, items

BLOCK = 1024  # series worked on together: their arrays stay in the processor's cache
KEEP = 6  # cells kept for a series, the heaviest
SHARED = 24  # series with one pattern of years that are worth a recursion of their own
BATCHES = 20  # independent parts of the paths, by which their Monte Carlo error is known
FAMILIES = ("constant mean", "moving level", "damped trend", "trend")


class Filtered(NamedTuple):
    """What the recursion leaves at the last year (n or 1, C): log likelihood, state, and its `shape` and `rate`."""

    loglik: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    p11: np.ndarray
    p12: np.ndarray
    p22: np.ndarray
    shape: np.ndarray
    rate: np.ndarray


def kalman(values: np.ndarray, starts: np.ndarray, cells: Cells) -> Filtered:
    """Run every cell over every series: `values` (n, T), NaN where not observed, `starts` (n, T) of segments."""
    from scipy.special import gammaln

    observed = np.isfinite(values)
    if (observed == observed[:1]).all() and (starts == starts[:1]).all():  # the same gains, to the bit
        observed, starts = observed[:1], starts[:1]
    y = np.where(np.isfinite(values), values, 0.0)
    dynamics = np.stack([cells.rho, cells.z, cells.phi, cells.slope_variance])
    _, one, each = np.unique(dynamics, axis=1, return_index=True, return_inverse=True)
    models, n, m = cells.take(one), len(values), len(one)  # those that differ only in the scale share one
    noise, phi = 1.0 - models.rho, models.phi
    p11, p12, p22, log_f = np.zeros((4, len(observed), m))
    p22 += models.slope_variance
    level, slope, squares = np.zeros((3, n, m))
    begun = np.zeros((len(observed), 1), dtype=bool)
    for k in range(int(observed.any(axis=0).argmax()), values.shape[1]):
        seen, start = observed[:, k : k + 1], starts[:, k : k + 1]
        update = seen & ~start
        a11, a12, a22 = _step(p11, p12, p22, models)
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
        slope *= phi
        level += slope
        error = y[:, k : k + 1] - level
        squares += error * error * weight
        level += gain1 * error
        slope += gain2 * error
    level, slope, squares, log_f = (a[:, each] for a in (level, slope, squares, log_f))
    p11, p12, p22 = (a[:, each] for a in (p11, p12, p22))
    linked = (observed & ~starts).sum(axis=1, keepdims=True).astype(float)
    prior_rate = cells.shape * cells.size**2
    shape, rate = cells.shape + linked / 2.0, prior_rate + squares / 2.0
    constant = gammaln(shape) - gammaln(cells.shape) + cells.shape * np.log(prior_rate)
    loglik = (constant - 0.5 * log_f - 0.5 * linked * np.log(2.0 * np.pi)) - shape * np.log(rate)
    return Filtered(loglik, level, slope, p11, p12, p22, shape, rate)


def _step(p11: np.ndarray, p12: np.ndarray, p22: np.ndarray, cells: Cells) -> tuple[np.ndarray, ...]:
    """State covariance one year on."""
    phi = cells.phi
    one = p11 + 2.0 * phi * p12 + phi * phi * p22 + cells.rho
    return one, phi * (p12 + phi * p22), phi * phi * p22 + cells.z


def ahead(fit: Filtered, cells: Cells, years: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Location (n, C, years), scale (n, C, years) and degrees of freedom (n or 1, C) of what is ahead."""
    location, scale = np.empty((2, *fit.level.shape, years))
    _, level, slope, p11, p12, p22, shape, rate = fit
    for h in range(years):
        p11, p12, p22 = _step(p11, p12, p22, cells)
        slope = cells.phi * slope
        level = level + slope
        location[:, :, h] = level
        scale[:, :, h] = np.sqrt(rate / shape * (p11 + (1.0 - cells.rho)))
    return location, scale, 2.0 * shape


class Ahead(NamedTuple):
    """What lies ahead of a block: its distributions, and what ties years together: the kept `cells` (n, K) and fit."""

    ahead: Marginals
    weight: np.ndarray
    fit: Filtered
    cells: Cells

    def rows(self, which: slice) -> Ahead:
        """The same for some of the series."""
        fit = Filtered(*(field[which] for field in self.fit))
        return Ahead(self.ahead.rows(which), self.weight[which], fit, self.cells.take(which))


def look_ahead(h: Histories, prior: Prior, horizon: int) -> Ahead:
    """Forecast a block of series."""
    unit = units(h)
    seen, turn = features(h, unit)
    gate, weight, kept, cells = mixed(h, unit, seen, prior.cells, prior.gate, max(horizon, YEARS))
    # Quantile average with the learners; a series that never changed tells no direction: the mixture alone.
    changed = np.nanmax(h.values, axis=1) > np.nanmin(h.values, axis=1)
    share = np.where(changed, prior.share, 1.0)[:, None, None]
    mean = share * gate[:, :YEARS] + (1.0 - share) * prior.direct(seen, turn)
    middle, factor = mean[:, :, [MIDDLE]], prior.widen[group(h)]
    moved = middle + (factor[:, :, [MIDDLE]] - 1.0) * np.diff(mean[:, :, QUARTILES], axis=2)
    wide = np.maximum.accumulate(moved + factor * (mean - middle), axis=2)
    later = gate[:, YEARS:] + (wide - gate[:, :YEARS])[:, YEARS - 1 :]  # the mixture's, moved to join on
    knots = np.concatenate([wide, np.maximum.accumulate(later, axis=2)], axis=1)[:, :horizon]
    last, item = h.values[:, -1], items(h)
    knots = last[:, None, None] + unit[:, None, None] * knots
    stay = np.where(item[:, None] > 0, 0.0, prior.stays(h, seen, knots))
    for row in np.flatnonzero(item):
        knots[row] = item[row] * count_knots(h.values[row] / item[row], horizon)
    return Ahead(Marginals(knots, last, stay, LOWER[h.support], UPPER[h.support], item), weight, kept, cells)


def distributions(h: Histories, prior: Prior, horizon: int) -> Marginals:
    """The distributions ahead of many series, worked on block after block."""
    order = np.argsort(_patterns(h), kind="stable")  # series observed in the same years share their gains
    begins = range(0, max(len(h), 1), BLOCK)
    blocks = [look_ahead(h.rows(order[i : i + BLOCK]), prior, horizon).ahead for i in begins]
    return Marginals(*map(np.concatenate, zip(*blocks, strict=True))).rows(np.argsort(order, kind="stable"))


def mixed(
    h: Histories, unit: np.ndarray, seen: np.ndarray, cells: Cells, gate: Gate, years: int
) -> tuple[np.ndarray, np.ndarray, Filtered, Cells]:
    """The mixture of a block with features `seen`: knots (n, years, 15); weight (n, KEEP), fit, cells of the heaviest.

    Quantiles are averaged, not probabilities: no equation is to be solved, and scores on left-out indicators are equal.
    """
    from scipy.special import stdtrit

    fit = fit_cells(h, unit, cells)
    weight = gate.weights(plain(seen), fit.loglik)
    keep = np.sort(np.argpartition(-weight, KEEP, axis=1)[:, :KEEP], axis=1)
    weight = np.take_along_axis(weight, keep, 1)
    weight = weight / row_sums(weight)[:, None]
    kept, which = Filtered(*(np.take_along_axis(field, keep, 1) for field in fit)), cells.take(keep)
    location, scale, df = ahead(kept, which, years)
    dfs, at = np.unique(df, return_inverse=True)
    spread, part = stdtrit(dfs[:, None], KNOTS)[at.reshape(df.shape)], weight[:, :, None]
    centre, scale = sum((part * location).transpose(1, 0, 2)), part * scale
    cells_of = (scale[:, k, :, None] * spread[:, k, None] for k in range(KEEP))  # in turn, as `row_sums`
    return sum(cells_of, centre[:, :, None]), weight, kept, which


def fit_cells(h: Histories, unit: np.ndarray, cells: Cells) -> Filtered:
    """Every cell fitted to every series, in units of the typical change and measured from the last value."""
    values = (h.values - h.values[:, -1:]) / unit[:, None]
    result = Filtered(*(np.empty((len(values), len(cells))) for _ in Filtered._fields))
    _, group, size = np.unique(_patterns(h), return_inverse=True, return_counts=True)
    sets = np.where(size >= SHARED, np.arange(len(size)), -1)[group]  # rare patterns of years together
    for rows in (np.flatnonzero(sets == one) for one in np.unique(sets)):
        for whole, part in zip(result, kalman(values[rows], h.starts[rows], cells), strict=True):
            whole[rows] = part
    return result


def _patterns(h: Histories) -> np.ndarray:
    """A number for each series that says in which years it was observed and where its segments start."""
    bit, seen = 1 << np.arange(h.values.shape[1], dtype=np.int64), np.isfinite(h.values)
    return (seen @ bit << 31) + ((h.starts & seen) @ bit)


def batch_sizes(draws: int, batches: int = BATCHES) -> list[int]:
    """Sizes of the independent parts of so many draws, such as 3, 3, 2, 2 of 10 in 4; at least one draw in each."""
    return [(draws - k - 1) // min(draws, batches) + 1 for k in range(min(draws, batches))]


def draw(of: Ahead, draws: int, rng: np.random.Generator, batches: int = 1) -> np.ndarray:
    """Joint paths (draws, years), in equal shares from each history, each share in `batches` independent parts.

    Paths of the cells say how years are correlated; each year's values are then moved, rank by rank, to the forecast of
    that year (Schaake shuffle, Clark et al. 2004). A path that stays at the last value stays from the first year on.
    """
    n = len(of.weight)
    parts = [batch_sizes(int(k), batches) for k in np.diff(np.arange(n + 1) * draws // n)]
    size = np.concatenate(parts).astype(np.int64)
    rows = np.repeat(np.arange(n), [len(part) for part in parts])
    offset = np.concatenate([(np.arange(len(part)) + 0.5) / len(part) for part in parts])
    group = np.repeat(np.arange(len(rows)), size)
    if n > 1:  # few draws of each history: where they begin is left to chance, so that tails are reached
        offset = rng.random(len(rows))
    owner, offset = rows[group], offset[group]
    rank = _structural(of, owner, rng)
    begin, end = (level[owner] for level in of.ahead.lump())
    patience = (_rank(group, rng.random(draws)) + offset) / size[group]
    paths = np.empty_like(rank)
    for h in range(rank.shape[1]):
        first, mass = begin[:, h], end[:, h] - begin[:, h]
        stays = patience < mass
        moving = np.bincount(group, weights=~stays)[group]
        level = (_rank(group, rank[:, h], stays) + offset) / np.maximum(moving, 1.0) * (1.0 - mass)
        level = np.where(stays, 0.5, np.where(level < first, level, level + mass))
        moved = at_levels(of.ahead.knots[owner, h], level[:, None])[:, 0]
        paths[:, h] = np.where(stays, of.ahead.last[owner], moved)
    return of.ahead.within(paths, owner)


def _rank(group: np.ndarray, value: np.ndarray, last: np.ndarray | int = 0) -> np.ndarray:
    """Rank of each value among those of its group, from 0, in ascending order; those in `last` come last."""
    key = (2 * group + last).astype(np.int32)
    order = np.argsort(value)
    order = order[np.argsort(key[order], kind="stable")]
    rank, size = np.empty(len(group)), np.bincount(group)
    rank[order] = np.arange(len(group))
    return rank - (np.cumsum(size) - size)[group]


def _structural(of: Ahead, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Paths of the structural mixture of the history `owner` (draws,), in units of its typical change."""
    draws, years = len(owner), of.ahead.knots.shape[1]
    cell = (rng.random((draws, 1)) > np.cumsum(of.weight, axis=1)[owner, :-1]).sum(axis=1)
    f = Filtered(*(field[owner, cell] for field in of.fit))
    rho, z, phi = (field[owner, cell] for field in (of.cells.rho, of.cells.z, of.cells.phi))
    sd = np.sqrt(f.rate / rng.standard_gamma(f.shape))
    first, second = rng.standard_normal((2, draws))
    root = np.sqrt(np.maximum(f.p11, 0.0))
    cross = np.where(root > 0, f.p12 / np.where(root > 0, root, 1.0), 0.0)
    level = f.level + sd * root * first
    slope = f.slope + sd * (cross * first + np.sqrt(np.maximum(f.p22 - cross**2, 0.0)) * second)
    paths = np.empty((draws, years))
    noise = rng.standard_normal((3, years, draws))
    for h in range(years):
        level = level + phi * slope + sd * np.sqrt(rho) * noise[0, h]
        slope = phi * slope + sd * np.sqrt(z) * noise[1, h]
        paths[:, h] = level + sd * np.sqrt(1.0 - rho) * noise[2, h]
    return paths


@dataclass(frozen=True)
class Explanation:
    """What carries a forecast: `shares`, the weight of each family of cells; `last_value`, by how much the median one
    year ahead moves when the last value moves by 1; `median` of the last year forecast, and `without` a year (index
    year); `structural`, the share of the quantiles that the cells make (the rest are the learners').
    """

    shares: dict[str, float]
    last_value: float
    without: pd.Series
    median: float
    structural: float


def explain(series: pd.Series, until: int, support: str, breaks: Sequence[int]) -> Explanation:
    """Explain the mixture forecast of a series without gaps (index year) up to and including `until`."""
    prior, h = shipped(), one_history(series, support, breaks)

    def median(values: pd.Series, year: int) -> float:
        ahead = look_ahead(one_history(values, support, breaks), prior, year - int(values.index[-1])).ahead
        return float(ahead.quantiles([0.5])[0, -1, 0])

    unit, cells = units(h), prior.cells
    weight = prior.gate.weights(plain(features(h, unit)[0]), fit_cells(h, unit, cells).loglik)[0]
    family = np.select([cells.phi >= 1.0, cells.phi > 0, cells.rho > 0], [3, 2, 1], 0)
    shares = {name: float(weight[family == k].sum()) for k, name in enumerate(FAMILIES)}
    step, end = 0.2 * float(unit[0]), int(series.index[-1])
    step = -step if support == "percent" and series.iloc[-1] + step > 100 else step
    last = (median(series + step * (series.index == end), end + 1) - median(series, end + 1)) / step
    without = {int(year): median(series.drop(year), until) for year in series.index if len(series) > FEWEST}
    return Explanation(shares, last, pd.Series(without, dtype=float), median(series, until), prior.share)

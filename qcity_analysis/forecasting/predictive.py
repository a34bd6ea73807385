"""What lies ahead of many series: the distribution of each year, joint paths drawn from them, and why they are so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .features import features, plain, units
from .histories import (
    FEWEST,
    LOWER,
    UPPER,
    Histories,
    framed,
    from_frame,
    yearly,
)
from .mixture import Cells, Filtered, Mixture, ahead, kalman
from .prior import LENGTHS, YEARS, Gate, Prior, shipped
from .quantiles import KNOTS, MIDDLE, Marginals, at_each, count_knots, items

BLOCK = 1024  # series worked on together: their arrays stay in the processor's cache
KEEP = 6  # cells kept for a series, the heaviest
SHARED = 24  # series with one pattern of years that are worth a recursion of their own


def distributions(h: Histories, prior: Prior, horizon: int, order: np.ndarray | None = None) -> Marginals:
    """The distributions ahead of many series, worked on block after block, in the given order of rows."""
    order = np.arange(len(h)) if order is None else order
    blocks = [look_ahead(h.rows(order[i : i + BLOCK]), prior, horizon).ahead for i in range(0, len(h), BLOCK)]
    return Marginals.joined(blocks).rows(np.argsort(order, kind="stable"))


@dataclass(frozen=True)
class Ahead:
    """What lies ahead of a block: the distributions of each year, and what ties the years of a path together: the
    `weight` (n, K) of the kept cells, their `fit` and the `cells` themselves (n, K).
    """

    ahead: Marginals
    weight: np.ndarray
    fit: Filtered
    cells: Cells


def look_ahead(h: Histories, prior: Prior, horizon: int) -> Ahead:
    """Forecast a block of series."""
    unit = units(h)
    found, turn = features(h, unit)
    mixture, kept, cells = mixed(h, unit, found, prior.cells, prior.gate, max(horizon, YEARS))
    direct = turned(prior.direct(prior.inputs(found)), turn)
    knots = _blend(mixture.quantiles(KNOTS), direct, h, prior)[:, :horizon]
    last = h.values[:, -1]
    knots = last[:, None, None] + unit[:, None, None] * knots
    item = items(h)
    stay = np.where(item[:, None] > 0, 0.0, prior.staying.probability(h, found, horizon))
    for row in np.flatnonzero(item):
        knots[row] = item[row] * count_knots(h.values[row] / item[row], horizon)
    ahead_of = Marginals(knots, last, stay, LOWER[h.support], UPPER[h.support], item)
    return Ahead(ahead_of, mixture.weight, kept, cells)


def mixed(
    h: Histories, unit: np.ndarray, found: np.ndarray, cells: Cells, gate: Gate, years: int
) -> tuple[Mixture, Filtered, Cells]:
    """The structural mixture of a block, `years` ahead: its heaviest cells, their fit and what they are."""
    fit = fit_cells(h, unit, cells)
    keep, weight = heaviest(gate.weights(plain(found), fit.loglik))
    kept, which = _kept(fit, keep), cells.take(keep)
    return Mixture(weight, *ahead(kept, which, years)), kept, which


def turned(quantiles: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Quantiles (n, H, Q) mirrored for series whose direction is -1."""
    return np.where(turn[:, None, None] < 0, -quantiles[:, :, ::-1], quantiles)


def _blend(gate: np.ndarray, direct: np.ndarray, h: Histories, prior: Prior) -> np.ndarray:
    """Quantile average of gate and learners, widened; after five years the gate's, moved to join on."""
    # A series that never changed tells no direction: the mixture alone, centred on it.
    share = np.where(np.nanmax(h.values, axis=1) > np.nanmin(h.values, axis=1), prior.share, 1.0)[
        :, None, None
    ]
    mean = share * gate[:, :YEARS] + (1.0 - share) * direct
    middle = mean[:, :, MIDDLE : MIDDLE + 1]
    length = np.searchsorted(LENGTHS, np.isfinite(h.values).sum(axis=1))
    wide = np.maximum.accumulate(middle + prior.widen[length] * (mean - middle), axis=2)
    if gate.shape[1] == YEARS:
        return wide
    moved = gate[:, YEARS:] + (wide - gate[:, :YEARS])[:, YEARS - 1 :]
    return np.concatenate([wide, np.maximum.accumulate(moved, axis=2)], axis=1)


def heaviest(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The KEEP heaviest cells of each series, in the order of the grid, and their weights, summing to one."""
    keep = np.sort(np.argpartition(-weight, KEEP, axis=1)[:, :KEEP], axis=1)
    weight = np.take_along_axis(weight, keep, 1)
    total = np.zeros((len(weight), 1))
    for k in range(weight.shape[1]):
        total += weight[:, k : k + 1]
    return keep, weight / total


def fit_cells(h: Histories, unit: np.ndarray, cells: Cells) -> Filtered:
    """Every cell fitted to every series, in units of the typical change and measured from the last value."""
    values = (h.values - h.values[:, -1:]) / unit[:, None]
    fits = [(rows, kalman(values[rows], h.starts[rows], cells)) for rows in _alike(patterns(h))]
    result = {}
    for name in Filtered.__dataclass_fields__:
        result[name] = np.empty((len(values), len(cells)))
        for rows, fit in fits:
            result[name][rows] = getattr(fit, name)
    return Filtered(**result)


def patterns(h: Histories) -> np.ndarray:
    """A number for each series that says in which years it was observed and where its segments start."""
    place = 1 << np.arange(h.values.shape[1], dtype=np.int64)
    return (np.isfinite(h.values) @ place << 31) + ((h.starts & np.isfinite(h.values)) @ place)


def _alike(pattern: np.ndarray) -> Iterator[np.ndarray]:
    """Rows that share a pattern of years, where enough do; then all others together."""
    _, group, size = np.unique(pattern, return_inverse=True, return_counts=True)
    for g in np.flatnonzero(size >= SHARED):
        yield np.flatnonzero(group == g)
    rest = np.flatnonzero(size[group] < SHARED)
    if len(rest):
        yield rest


def _kept(fit: Filtered, keep: np.ndarray) -> Filtered:
    names = Filtered.__dataclass_fields__
    return Filtered(**{name: np.take_along_axis(getattr(fit, name), keep, 1) for name in names})


BATCHES = 20  # independent parts of the paths, by which their Monte Carlo error is known


def batch_sizes(draws: int, batches: int = BATCHES) -> list[int]:
    """Sizes of the independent parts of so many draws, in the order of the draws; at least one draw in each.

    >>> batch_sizes(10, 4)
    [3, 3, 2, 2]
    """
    return [len(part) for part in np.array_split(np.empty(draws), min(draws, batches))] if draws else []


def draw(found: Ahead, draws: int, rng: np.random.Generator, batches: int = 1) -> np.ndarray:
    """Joint paths (draws, years), in equal shares from each history, before the edges of the range count.

    A cell is drawn by its weight, then its variance, its state at the last year, and each year's noise: this
    says how the years hang together. Each year's values are then moved, rank by rank, to the forecast
    distribution of that year (Schaake shuffle, Clark et al. 2004), so that paths and panel quantiles tell the
    same. A path that stays at the last value stays from the first year on. The paths of one history are in `batches`
    independent parts.
    """
    n = len(found.weight)
    sizes = [batch_sizes(int(k), batches) for k in np.diff(np.arange(n + 1) * draws // n)]
    part = [
        (row, size, (b + 0.5) / len(each)) for row, each in enumerate(sizes) for b, size in enumerate(each)
    ]
    rows, size, offset = (np.array(column) for column in zip(*part, strict=True))
    group = np.repeat(np.arange(len(rows)), size)
    if n > 1:  # few draws of each history: where they begin is left to chance, so that tails are reached
        offset = rng.random(len(rows))
    owner, offset = rows[group], offset[group]
    rank = _structural(found, owner, rng)
    begin, end = (level[owner] for level in found.ahead.lump())
    patience = (_place(group, rng.random(draws)) + offset) / size[group]
    paths = np.empty_like(rank)
    for h in range(rank.shape[1]):
        first, mass = begin[:, h], end[:, h] - begin[:, h]
        stays = patience < mass
        moving = np.bincount(group, weights=~stays)[group]
        level = (_place(group, rank[:, h], stays) + offset) / np.maximum(moving, 1.0) * (1.0 - mass)
        level = np.where(stays, 0.5, np.where(level < first, level, level + mass))
        paths[:, h] = np.where(stays, found.ahead.last[owner], at_each(found.ahead.knots[owner, h], level))
    return found.ahead.within(paths, owner)


def _place(group: np.ndarray, value: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """Place of each value among those of its group, from 0, in ascending order; those in `last` come last."""
    key = (2 * group + (0 if last is None else last)).astype(np.int32)
    order = np.argsort(value)
    order = order[np.argsort(key[order], kind="stable")]
    place = np.empty(len(group))
    place[order] = np.arange(len(group))
    size = np.bincount(group)
    return place - (np.cumsum(size) - size)[group]


def _structural(found: Ahead, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Paths of the structural mixture of the history `owner` (draws,), in units of its typical change."""
    draws, years = len(owner), found.ahead.knots.shape[1]
    cell = (rng.random((draws, 1)) > np.cumsum(found.weight, axis=1)[owner, :-1]).sum(axis=1)
    f = {name: getattr(found.fit, name)[owner, cell] for name in found.fit.__dataclass_fields__}
    c = {name: getattr(found.cells, name)[owner, cell] for name in ("rho", "z", "phi")}
    sd = np.sqrt(f["rate"] / rng.standard_gamma(f["shape"]))
    first, second = rng.standard_normal((2, draws))
    root = np.sqrt(np.maximum(f["p11"], 0.0))
    cross = np.where(root > 0, f["p12"] / np.where(root > 0, root, 1.0), 0.0)
    level = f["level"] + sd * root * first
    slope = f["slope"] + sd * (cross * first + np.sqrt(np.maximum(f["p22"] - cross**2, 0.0)) * second)
    paths = np.empty((draws, years))
    noise = rng.standard_normal((3, years, draws))
    for h in range(years):
        level = level + c["phi"] * slope + sd * np.sqrt(c["rho"]) * noise[0, h]
        slope = c["phi"] * slope + sd * np.sqrt(c["z"]) * noise[1, h]
        paths[:, h] = level + sd * np.sqrt(1.0 - c["rho"]) * noise[2, h]
    return paths


FAMILIES = ("constant mean", "moving level", "damped trend", "trend")


@dataclass(frozen=True)
class Explanation:
    """What carries a forecast.

    Attributes: `shares`, weight of each family of cells, summing to one; `last_value`, by how much the
    median one year ahead moves when the last value moves by 1; `without`, the median in the last year
    forecast if a year had not been known (index year); `median`, that median with every year known;
    `structural`, the share of the quantiles that the cells make (the rest are the learners').
    """

    shares: dict[str, float]
    last_value: float
    without: pd.Series
    median: float
    structural: float

    def __str__(self) -> str:
        first, second = sorted(self.shares, key=lambda name: -self.shares[name])[:2]
        text = f"mostly {first} ({self.shares[first]:.0%}), then {second} ({self.shares[second]:.0%}); "
        text += f"a change of 1 in the last value moves next year's median by {self.last_value:.2f}"
        if len(self.without):
            year = int((self.without - self.median).abs().idxmax())
            other = f"without it {self.without[year]:.4g}, not {self.median:.4g}"
            text += f"; the year that matters most is {year} ({other})"
        return text


def explain(
    series: pd.Series,
    until: int,
    *,
    support: str = "real",
    breaks: Sequence[int] = (),
    prior: Prior | None = None,
) -> Explanation:
    """Explain the mixture forecast of one series (index year) up to and including `until`.

    >>> levels = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.7], index=range(2018, 2024))
    >>> found = explain(levels, 2025, support="percent")
    >>> round(sum(found.shares.values()), 9), found.without.index.to_list()
    (1.0, [2018, 2019, 2020, 2021, 2022, 2023])
    """
    prior = prior or shipped()
    seen = yearly(series).dropna()
    horizon = int(until) - int(seen.index[-1])
    h = from_frame(framed(seen, support), breaks)
    unit = units(h)
    weight = prior.gate.weights(plain(features(h, unit)[0]), fit_cells(h, unit, prior.cells).loglik)[0]
    shares = {name: float(weight[family_of(prior) == k].sum()) for k, name in enumerate(FAMILIES)}
    step = 0.2 * float(unit[0])
    inward = -1.0 if support == "percent" and seen.iloc[-1] + step > 100 else 1.0
    moved = seen.copy()
    moved.iloc[-1] += inward * step
    near = _medians(seen, support, breaks, 1, prior), _medians(moved, support, breaks, 1, prior)
    without = {}
    if len(seen) > FEWEST:
        for year in seen.index:
            rest = seen.drop(year)
            years = int(until) - int(rest.index[-1])
            without[int(year)] = float(_medians(rest, support, breaks, years, prior)[-1])
    median = float(_medians(seen, support, breaks, horizon, prior)[-1])
    last = float((near[1][0] - near[0][0]) / (inward * step))
    return Explanation(shares, last, pd.Series(without, dtype=float), median, float(prior.share))


def family_of(prior: Prior) -> np.ndarray:
    """Index into FAMILIES of each cell."""
    cells = prior.cells
    trend = np.where(cells.phi >= 1.0, 3, 2)
    return np.where(cells.phi > 0, trend, np.where(cells.rho > 0, 1, 0))


def _medians(series: pd.Series, support: str, breaks: Sequence[int], years: int, prior: Prior) -> np.ndarray:
    found = look_ahead(from_frame(framed(series, support), breaks), prior, years)
    return found.ahead.quantiles(np.array([0.5]))[0, :, 0]

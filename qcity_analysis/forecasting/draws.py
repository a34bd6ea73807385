"""Joint paths from what lies ahead of a series: the mixture says how years hang together, the knots where they lie."""

from __future__ import annotations

import numpy as np

from .marginals import at_each
from .panel import Ahead

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

"""Joint paths from what lies ahead of a series: the mixture says how years hang together, the knots where they lie."""

from __future__ import annotations

import numpy as np

from .marginals import at_levels
from .panel import Ahead


def draw(found: Ahead, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Joint paths (draws, years), in equal shares from each history, before the edges of the range count.

    A cell is drawn by its weight, then its variance, its state at the last year, and each year's noise: this
    says how the years hang together. Each year's values are then moved, rank by rank, to the forecast
    distribution of that year (Schaake shuffle, Clark et al. 2004), so that paths and panel quantiles tell the
    same.
    """
    n = len(found.last)
    share = np.diff(np.arange(n + 1) * draws // n)
    return np.concatenate([_draw_one(found, row, int(k), rng) for row, k in enumerate(share) if k])


def _draw_one(found: Ahead, row: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    order = np.argsort(_structural(found, row, draws, rng), axis=0, kind="stable")
    values = at_levels(found.knots[row], (np.arange(draws) + 0.5) / draws).T
    if found.whole[row]:
        values = np.ceil(values) + 0.0
    paths = np.empty_like(values)
    np.put_along_axis(paths, order, values, axis=0)
    return paths


def _structural(found: Ahead, row: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Paths of the structural mixture of one history, in units of the typical change."""
    cell = np.searchsorted(np.cumsum(found.weight[row])[:-1], rng.random(draws), side="right")
    f = {name: getattr(found.fit, name)[row][cell] for name in found.fit.__dataclass_fields__}
    c = {name: getattr(found.cells, name)[row][cell] for name in ("rho", "z", "phi")}
    sd = np.sqrt(f["rate"] / rng.standard_gamma(f["shape"]))
    first, second = rng.standard_normal((2, draws))
    root = np.sqrt(np.maximum(f["p11"], 0.0))
    cross = np.where(root > 0, f["p12"] / np.where(root > 0, root, 1.0), 0.0)
    level = f["level"] + sd * root * first
    slope = f["slope"] + sd * (cross * first + np.sqrt(np.maximum(f["p22"] - cross**2, 0.0)) * second)
    years = found.knots.shape[1]
    paths = np.empty((draws, years))
    noise = rng.standard_normal((3, years, draws))
    for h in range(years):
        level = level + c["phi"] * slope + sd * np.sqrt(c["rho"]) * noise[0, h]
        slope = c["phi"] * slope + sd * np.sqrt(c["z"]) * noise[1, h]
        paths[:, h] = level + sd * np.sqrt(1.0 - c["rho"]) * noise[2, h]
    return paths

"""Paths that keep to what is known of years after the last value: bounds and year-to-date estimates.

Year by year, many paths are drawn up to the next year of which something is known and kept in proportion to how likely
that makes it (a particle filter; Gordon, Salmond and Smith 1993). The forecast goes on from there as if the kept values
had been observed. So without news nothing changes, and the year itself keeps its calibrated forecast, cut or tilted.
"""

from __future__ import annotations

import numpy as np

from .histories import LOWER, UPPER, Histories
from .partial import USED, Beginning, completed, informed, resampled
from .partlyknown import PartlyKnown
from .predictive import Ahead, batch_sizes, draw, look_ahead
from .prior import Prior
from .quantiles import at_levels, below

POOL = (
    2_000  # paths drawn up to each year of which something is known, for each independent part of the paths
)
MORE = 10  # times as many where too few of them agree with it
ENOUGH = 100.0  # effective number of paths that is enough


def conditioned(
    known: PartlyKnown, years: int, draws: int, prior: Prior, rng: np.random.Generator
) -> np.ndarray:
    """Paths (draws, years) of the years after the last value, given everything known of the series.

    They fall into as many independent parts as `draws.batch_sizes` says, each from completed histories of its own.

    >>> import pandas as pd
    >>> from qcity_analysis.forecasting.prior import shipped
    >>> y = pd.Series([94.0, 94.4, 94.9, 95.2], index=range(2018, 2022))
    >>> known = PartlyKnown.of(y, "percent", (), {2023: 96.0}, None, None, (), None)
    >>> paths = conditioned(known, 3, 1000, shipped(), np.random.default_rng(0))
    >>> paths.shape, bool((paths[:, 1] >= 96).all())
    ((1000, 3), True)
    """
    begun = Beginning.of(known, prior)
    known = informed(known, begun)
    return np.concatenate([_part(known, begun, years, size, rng) for size in batch_sizes(draws)])


def _part(
    known: PartlyKnown, begun: Beginning, years: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    h, prior = completed(known, begun, rng), begun.prior
    ahead, here, last = known.ahead(), known.last, known.last + years
    count = -(-max(POOL, draws) // USED) * USED if ahead else draws  # as many particles for each kept history
    done = np.empty((count, 0))
    for year in ahead:
        paths, owner = _kept(known, h, year, year - here, count, prior, rng)
        done = np.concatenate([done[owner], paths], axis=1)
        h, here = _grown(h, owner, paths[:, -1], year - here, rng), year
    if here < last:
        done = np.concatenate([done, draw(look_ahead(h, prior, last - here), count, rng)], axis=1)
    done = done[:, :years]
    return done if count == draws else done[rng.permutation(count)[:draws]]


def _kept(
    known: PartlyKnown, h: Histories, year: int, step: int, count: int, prior: Prior, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paths (count, step) up to a year, by how well they agree with what is known of it, and the place in the pool of
    `count` particles that each goes on from; in ascending order of the year's value."""
    found = look_ahead(h, prior, step)
    for pool in (count, MORE * count):
        paths = np.clip(draw(found, pool, rng), LOWER[known.support], UPPER[known.support])
        weight = _likelihood(known, year, paths[:, -1])
        if weight.sum() > 0 and weight.sum() ** 2 / (weight**2).sum() >= ENOUGH:
            break
    else:
        return _far(known, found, year, count, rng)
    order = np.argsort(paths[:, -1], kind="stable")
    picked = order[resampled(weight[order], count, rng)]
    return paths[picked], picked * count // pool


def _likelihood(known: PartlyKnown, year: int, values: np.ndarray) -> np.ndarray:
    """How likely what is known of a year is, for each value it could have."""
    inside = (values >= known.low.get(year, -np.inf)) & (values <= known.high.get(year, np.inf))
    if year not in known.told:
        return inside.astype(float)
    told, error = known.told[year]
    return inside * np.exp(-0.5 * ((values - told) / error) ** 2)


def _far(
    known: PartlyKnown, found: Ahead, year: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The same where what is known is far from what was expected: values from the tails, years between on a line."""
    knots = found.ahead.knots[:, -1]
    owner = rng.integers(0, len(knots), count)
    low = max(known.low.get(year, -np.inf), float(LOWER[known.support]))
    high = min(known.high.get(year, np.inf), float(UPPER[known.support]))
    if year in known.told:
        told, error = known.told[year]
        value = np.clip(told + error * rng.standard_normal(count), low, high)
        near = 0.1 * error
        log = np.log(np.maximum(below(knots[owner], value + near) - below(knots[owner], value - near), 1e-12))
    else:
        start, stop = below(knots[owner], np.full(count, low)), below(knots[owner], np.full(count, high))
        level = np.clip(start + (stop - start) * rng.random(count), 1e-9, 1 - 1e-9)
        value = np.empty(count)
        for k in range(len(knots)):
            value[owner == k] = at_levels(knots[k], level[owner == k])
        value, log = np.clip(value, low, high), np.log(np.maximum(stop - start, 1e-12))
    picked = resampled(np.exp(log - log.max()), count, rng)
    value, owner = value[picked], owner[picked]
    order = np.argsort(value, kind="stable")
    value, owner = value[order], owner[order]
    last, steps = found.ahead.last[owner], found.ahead.knots.shape[1]
    share = np.arange(1, steps + 1) / steps
    return last[:, None] + (value - last)[:, None] * share, owner * count // len(knots)


def _grown(
    h: Histories, owner: np.ndarray, values: np.ndarray, step: int, rng: np.random.Generator
) -> Histories:
    """USED histories for particles in order of their value: one of each group at random, with its value added."""
    count = len(values)
    drawn = ((np.arange(USED) + rng.random(USED)) * count / USED).astype(int)
    rows = h.rows(owner[drawn] * len(h) // count)
    moved = np.full_like(rows.values, np.nan)
    starts = np.zeros_like(rows.starts)
    moved[:, :-step], starts[:, :-step] = rows.values[:, step:], rows.starts[:, step:]
    moved[:, -1] = values[drawn]
    return Histories(np.arange(USED), rows.last_year + step, moved, starts, rows.support)

"""Histories known in part completed: bounds ("above 96 %"), provisional values, year-to-date estimates.

Up to the last value, histories are completed many times: an uncertain year is drawn around its figure or within its
bounds, and each completed history counts in proportion to the marginal likelihood of the structural mixture (importance
sampling), so a bound says as much as it knows and no more. Years after the last value are in `particles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .features import features, plain, units
from .histories import LOWER, UPPER, WINDOW, Histories
from .partlyknown import PartlyKnown
from .predictive import fit_cells
from .prior import Prior

TRIALS = 250  # completed histories tried at a time, for each independent part of the paths
MOST = 2_500  # tried at most
EFFECTIVE = 100.0  # effective number of completed histories at which no more are tried
PILOT = 200.0  # effective number at which what a bound says is known
USED = 50  # of which so many, drawn by weight, are forecast
SURE = 0.99  # probability from which a bound says nothing
WIDER = 2.0  # a value is looked for so much more widely than its neighbours suggest


def aligned(known: PartlyKnown, years: Sequence[int], table: np.ndarray) -> Histories:
    """Histories with the values `table` (n, len(years)) in ascending `years`; segments start as `known` says.

    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2.0], index=[2020, 2021])
    >>> known = PartlyKnown(y, 0, (), {}, {}, {}, ())
    >>> aligned(known, [2020, 2021], np.array([[1.0, 2.0]])).starts[0, -2:].tolist()
    [True, False]
    """
    n, last = len(table), int(years[-1])
    values, starts = np.full((n, WINDOW), np.nan), np.zeros((n, WINDOW), dtype=bool)
    previous = None
    for k, year in enumerate(years):
        column = WINDOW - 1 - (last - int(year))
        if column < 0:
            continue
        values[:, column] = table[:, k]
        starts[:, column] = known.segment(int(year)) != previous
        previous = known.segment(int(year))
    return Histories(
        np.arange(n), np.full(n, last), values, starts, np.full(n, known.support, dtype=np.int64)
    )


@dataclass(frozen=True)
class Beginning:
    """What the plain values of a series say before it is completed: its typical change `unit`, and the log weight of
    each cell (C,) of the `prior`.
    """

    unit: float
    log_prior: np.ndarray
    prior: Prior

    @classmethod
    def of(cls, known: PartlyKnown, prior: Prior) -> Beginning:
        """That of the values of `known`."""
        values = aligned(known, [int(year) for year in known.values.index], known.values.to_numpy()[None])
        unit = units(values)
        x = plain(features(values, unit)[0])
        weight = prior.gate.weights(x, np.zeros((1, len(prior.cells))))
        return cls(float(unit[0]), np.log(np.maximum(weight, 1e-300)), prior)


def completed(known: PartlyKnown, begun: Beginning, rng: np.random.Generator) -> Histories:
    """Equally likely completed histories up to the last value: USED of them, or the one there is."""
    if not known.behind() and not known.shared:
        years = [int(year) for year in known.values.index]
        return aligned(known, years, known.values.to_numpy()[None])
    years, table, weight = _weighted(known, begun, rng)
    order = np.argsort(
        table[:, -1], kind="stable"
    )  # in order of the last value, what is drawn is spread evenly over it
    return aligned(known, years, table[order[resampled(weight[order], USED, rng)]])


def informed(known: PartlyKnown, begun: Beginning) -> PartlyKnown:
    """The same without bounds, up to the last value, that say next to nothing.

    A bound that would hold anyway (with a probability above SURE) leaves its year a gap, whatever the seed.
    """
    bounded = [year for year in known.behind() if year in known.low and year not in known.told]
    if not bounded:
        return known
    edge = float(LOWER[known.support]), float(UPPER[known.support])
    free = replace(
        known,
        low={year: edge[0] if year in bounded else low for year, low in known.low.items()},
        high={year: edge[1] if year in bounded else high for year, high in known.high.items()},
    )
    years, table, weight = _weighted(free, begun, np.random.default_rng(0), PILOT)
    empty = set()
    for year in bounded:
        values = table[:, years.index(year)]
        inside = (values >= known.low[year]) & (values <= known.high[year])
        if weight[inside].sum() > SURE * weight.sum():
            empty.add(year)
    return replace(
        known,
        low={year: low for year, low in known.low.items() if year not in empty},
        high={year: high for year, high in known.high.items() if year not in empty},
    )


def _weighted(
    known: PartlyKnown, begun: Beginning, rng: np.random.Generator, effective: float = EFFECTIVE
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Completed histories: years, values (n, years) and weights (n,).

    TRIALS at a time until so many of them count, at most MOST.
    """
    tables, logs, cells = [], [], begun.prior.cells
    while True:
        years, table, log_weight = _trial(known, begun.unit, rng)
        h = aligned(known, years, table)
        loglik = fit_cells(h, np.full(len(h), begun.unit), cells).loglik + begun.log_prior
        top = loglik.max(axis=1, keepdims=True)
        tables.append(table)
        logs.append(log_weight + (top + np.log(np.exp(loglik - top).sum(axis=1, keepdims=True)))[:, 0])
        log = np.concatenate(logs)
        weight = np.exp(log - log.max())
        if weight.sum() ** 2 / (weight**2).sum() >= effective or len(log) >= MOST:
            return years, np.concatenate(tables), weight


def resampled(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Places drawn by weight, in ascending order, as many copies of each as its weight says to within one.

    Systematic resampling: Kitagawa (1996), J. Comput. Graph. Stat. 5:1-25.

    >>> resampled(np.array([0.0, 2.0, 2.0]), 4, np.random.default_rng(0)).tolist()
    [1, 1, 2, 2]
    """
    steps = (rng.random() + np.arange(count)) / count
    edges = np.cumsum(weight)
    return np.searchsorted(edges / edges[-1], steps).clip(0, len(weight) - 1)


def _trial(
    known: PartlyKnown, unit: float, rng: np.random.Generator
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """TRIALS completed histories: their years, values (TRIALS, years) and the log weight of how they were drawn."""
    all_years = np.array([int(year) for year in known.values.index])
    table = np.repeat(known.values.to_numpy()[None], TRIALS, axis=0)
    for one in known.shared:
        size = np.array([one.get(int(year), 0.0) for year in all_years])
        table = table + rng.standard_normal((TRIALS, 1)) * size
    table = np.clip(table, LOWER[known.support], UPPER[known.support])
    noisy = np.array([int(year) in known.told for year in all_years], dtype=bool)
    moved = {int(year): table[:, k] for k, year in enumerate(all_years) if noisy[k]}
    years, table = [int(year) for year in all_years[~noisy]], table[:, ~noisy]
    log_weight = np.zeros(TRIALS)
    for year in _order(known, years):
        told = known.told.get(year)
        centre = moved[year] if year in moved else None if told is None else np.full(TRIALS, told[0])
        drawn, log = _proposed(known, years, table, year, unit, centre, rng)
        log_weight += log
        place = int(np.searchsorted(years, year))
        years.insert(place, year)
        table = np.insert(table, place, drawn, axis=1)
    return years, table, log_weight


def _order(known: PartlyKnown, firm: list[int]) -> list[int]:
    """The uncertain years in the order they are drawn: ascending, but a bound only beside a value drawn or firm."""
    begun = {known.segment(year) for year in firm}
    order, waiting = [], []
    for year in known.behind():
        if year not in known.told and known.segment(year) not in begun:
            waiting.append(year)
            continue
        begun.add(known.segment(year))
        order.append(year)
    return order + waiting[::-1]


def _proposed(
    known: PartlyKnown,
    years: list[int],
    table: np.ndarray,
    year: int,
    unit: float,
    centre: np.ndarray | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Values of one uncertain year and their log weight: likelihood of what is known of it over density drawn from.

    Drawn from the neighbours' guess, widened, times what is known of the year itself (a product of normals).
    """
    low = known.low.get(year, float(LOWER[known.support]))
    high = known.high.get(year, float(UPPER[known.support]))
    guess = _guess(known, years, table, year, unit)
    if centre is None:
        assert (
            guess is not None
        )  # a bounded year lies in a segment with a value, which was drawn before or is firm
        mean, spread = guess
    else:
        error = known.told[year][1]
        mean, spread = centre, error
        if guess is not None:
            about, width = guess
            precision = 1 / error**2 + 1 / (WIDER * width) ** 2
            mean = (centre / error**2 + about / (WIDER * width) ** 2) / precision
            spread = precision**-0.5
    drawn, log_density = truncated(rng, mean, spread, low, high, TRIALS)
    if centre is None:
        return drawn, -log_density
    return drawn, -0.5 * ((drawn - centre) / known.told[year][1]) ** 2 - log_density


def _guess(
    known: PartlyKnown, years: list[int], table: np.ndarray, year: int, unit: float
) -> tuple[np.ndarray, float] | None:
    """Where a value of that year is looked for: between or beside its neighbours in the segment; None without any."""
    here = known.segment(year)
    before = [k for k, other in enumerate(years) if other < year and known.segment(other) == here][-1:]
    after = [k for k, other in enumerate(years) if other > year and known.segment(other) == here][:1]
    if before and after:
        b, a = before[0], after[0]
        gap, width = year - years[b], years[a] - years[b]
        return table[:, b] + (table[:, a] - table[:, b]) * gap / width, unit * float(
            np.sqrt(gap * (width - gap) / width) + 0.5
        )
    if before or after:
        k = (before or after)[0]
        return table[:, k], 1.5 * unit * float(np.sqrt(abs(year - years[k])))
    return None


def truncated(
    rng: np.random.Generator, centre: np.ndarray | float, spread: float, low: float, high: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of a normal distribution between two bounds, and their log density (up to a constant).

    A bound many spreads away from the centre moves the centre to it, so that there is something to draw.
    """
    from scipy.special import ndtr, ndtri

    centre = np.clip(centre, low - 3.0 * spread, high + 3.0 * spread)
    a, b = ndtr((low - centre) / spread), ndtr((high - centre) / spread)
    z = ndtri(a + (b - a) * rng.random(count))
    log_density = -0.5 * z * z - np.log(spread * (b - a))
    return np.clip(centre + spread * z, low, high), log_density

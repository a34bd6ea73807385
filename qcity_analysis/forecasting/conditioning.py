"""Paths that keep to what is known in part: bounds ("above 96 %"), provisional values, year-to-date estimates.

Up to the last value, histories are completed many times: an uncertain year is drawn around its figure or within its
bounds, and counts in proportion to the marginal likelihood of the structural mixture (importance sampling).

After the last value, year by year, many paths are drawn up to the next year of which something is known and kept in
proportion to how likely that makes it (a particle filter; Gordon, Salmond and Smith 1993), as if observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..errors import QcityError
from ..series.evidence import Evidence
from .histories import SUPPORTS, Histories, align, as_number, checked, framed, limits, whole_number
from .mixture import Ahead, Filtered, batch_sizes, draw, fit_cells, look_ahead
from .prior import Prior, features, plain, units
from .quantiles import at_levels, below

Years = Mapping[int, float]
Random = np.random.Generator
Guess = tuple[np.ndarray, float]
Pair = tuple[np.ndarray, np.ndarray]
Completed = tuple[list[int], np.ndarray, np.ndarray]

TRIALS, MOST = 250, 2_500  # completed histories tried at a time and at most, for each part of the paths
EFFECTIVE = 100.0  # effective number of completed histories, or of paths, that is enough
PILOT = 200.0  # effective number at which what a bound says is known
USED = 50  # completed histories, drawn by weight, that are forecast
SURE = 0.99  # probability from which a bound says nothing
WIDER = 2.0  # a value is looked for so much more widely than its neighbours suggest
POOL, MORE = 2_000, 10  # paths drawn up to a year of which something is known; times as many if few agree


@dataclass(frozen=True)
class Conditions:
    """One series with everything known of it, checked: `values` without gaps, `bounds` by year, what is `told` (value
    and standard error by year), errors `shared` by years; typical change `unit`, and the log weight of each cell.
    """

    values: pd.Series
    support: str
    breaks: tuple[int, ...]
    bounds: dict[int, tuple[float, float]]
    told: dict[int, tuple[float, float]]
    shared: tuple[Years, ...]
    prior: Prior
    unit: float = np.nan
    log_prior: np.ndarray | None = None

    @property
    def last(self) -> int:
        """The last year with a value."""
        return int(self.values.index[-1])

    def uncertain(self, ahead: bool) -> list[int]:
        """Years known in part only, after the last value (`ahead`) or up to it."""
        return sorted(year for year in {*self.bounds, *self.told} if (year > self.last) == ahead)

    def segment(self, year: int) -> int:
        """The number of the segment that a year belongs to."""
        return sum(year >= begin for begin in self.breaks)

    def within(self, year: int) -> tuple[float, float]:
        """The bounds of a year: those it has, else those of the support."""
        return self.bounds.get(year, limits(self.support))

    @cached_property
    def rates(self) -> tuple[list[int], np.ndarray, np.ndarray, Filtered]:
        """Columns drawn, their centre, each cell's rate as a polynomial of degree 2 in them (P, C), and the fits.

        Exact: a cell's squared errors are quadratic in the values, so a few fits tell the likelihood of all others.
        """
        behind, levels = self.uncertain(ahead=False), self.values
        years = sorted({*levels.index, *behind})
        drawn = [k for k, year in enumerate(years) if year in {*behind}.union(*self.shared)]
        centre, one = np.interp(years, levels.index, levels), np.eye(len(drawn) + 1)[:, 1:]
        points = one[np.array(np.triu_indices(len(one)))].sum(axis=0)
        table = centre + self.unit * points @ np.eye(len(years))[drawn]
        fit = fit_cells(self.histories(years, table), np.full(len(table), self.unit), self.prior.cells)
        return drawn, centre[drawn], np.linalg.solve(_quadratic(points), fit.rate), fit

    def likelihood(self, table: np.ndarray) -> np.ndarray:
        """The log marginal likelihood (n,) of completed histories under the structural mixture."""
        (drawn, centre, coefficients, fit), cells = self.rates, self.prior.cells
        rate = _quadratic((table[:, drawn] - centre) / self.unit) @ coefficients
        change = np.log(np.maximum(rate, cells.shape * cells.size**2) / fit.rate[0])
        log = fit.loglik[0] - fit.shape[0] * change + self.log_prior
        top = log.max(axis=1)
        return np.asarray(top + np.log(np.exp(log - top[:, None]).sum(axis=1)))

    def histories(self, years: Sequence[int] = (), table: np.ndarray | None = None) -> Histories:
        """Histories with the values `table` (n, len(years)) in ascending `years`; else the one of the values as is."""
        if table is None:
            years, table = self.values.index.tolist(), self.values.to_numpy()[None]
        n, width = table.shape
        row, kind = np.arange(n), np.full(n, SUPPORTS.index(self.support))
        aligned = align(n, np.repeat(row, width), np.tile(years, n), table.ravel(), self.breaks)
        return Histories(row, *aligned, kind)

    @classmethod
    def of(
        cls, series: pd.Series, support: str | None, breaks: Sequence[int], evidence: Evidence, prior: Prior
    ) -> Conditions:
        """What `forecast` was told; QcityError where that does not fit together (see the table below)."""
        frame, values = framed(series, support), series.dropna()
        firm = values.index
        if len(values) == 2 and evidence.years():  # two are enough beside a year known in part
            frame = pd.concat([frame, frame[frame["period"] == firm[-1]].assign(period=firm[-1] + 1)])
        support = SUPPORTS[checked(frame, breaks)[0].support[0]]
        tables = {"lower": evidence.lower, "upper": evidence.upper, "noisy": evidence.noisy}
        lower, upper, errors = (_numbers(table, name) for name, table in tables.items())
        shared = tuple(_numbers(one, "shared") for one in evidence.shared)
        pairs = evidence.estimates.items()
        centres, widths = (_numbers({y: pair[k] for y, pair in pairs}, "estimates") for k in (0, 1))
        told = {year: (centre, widths[year]) for year, centre in centres.items()}
        told |= {year: (float(values.get(year, np.nan)), error) for year, error in errors.items()}
        bottom, top = limits(support)
        bounds = {y: (max(lower.get(y, bottom), bottom), min(upper.get(y, top), top)) for y in lower | upper}
        known = cls(values, support, tuple(int(year) for year in breaks), bounds, told, shared, prior)
        linked = {known.segment(int(year)) for year in firm}
        for years, message in (
            ((y for y in centres if y in firm), "{} has a value and an estimate; give one of them"),
            ((y for y in errors if y not in firm), "noisy: no value in {} to be uncertain about"),
            ((y for y, (_, error) in told.items() if not error > 0),
             "the standard error in {} must be above 0; found {error!r}"),
            ((y for y in {*bounds} - {*errors} if y in firm), "{} has a value and a bound; give one of them"),
            ((y for y, (a, b) in bounds.items() if not a < b), "bounds of {} leave nothing: {low:g} to {high:g}"),
            ((y for y in {*bounds, *told} if known.segment(y) not in linked),
             "{} lies in a segment without a value, so what is known of it says nothing"),
            ((y for y in set().union(*shared) if y not in firm), "shared: no value in {} to be uncertain about"),
        ):  # fmt: skip
            for year in sorted(years):
                low, high = bounds.get(year, (bottom, top))
                raise QcityError(message.format(year, low=low, high=high, error=told.get(year, (0, 0))[1]))
        unit = units(history := known.histories())
        weight = prior.gate.weights(plain(features(history, unit)[0]), np.zeros((1, len(prior.cells))))
        return replace(known, unit=float(unit[0]), log_prior=np.log(np.maximum(weight, 1e-300)))


def _quadratic(x: np.ndarray) -> np.ndarray:
    """The terms of a polynomial of degree 2 of each row of x (n, d): 1, each column, and each product of two."""
    full = np.insert(x, 0, 1.0, axis=1)
    i, j = np.triu_indices(full.shape[1])
    return full[:, i] * full[:, j]


def _numbers(table: Years, what: str) -> dict[int, float]:
    """What was told of years, as whole years and finite numbers."""
    return {whole_number(y, f"a year of {what}"): as_number(x, f"{what} in {y}") for y, x in table.items()}


def conditioned(known: Conditions, years: int, draws: int, rng: Random) -> np.ndarray:
    """Paths (draws, years) of the years after the last value, in the independent parts of `mixture.batch_sizes`."""
    bounded = [y for y in known.uncertain(ahead=False) if y in known.bounds and y not in known.told]
    if bounded:  # bounds that would hold anyway leave a gap, whatever the seed
        free = replace(known, bounds=known.bounds | dict.fromkeys(bounded, limits(known.support)))
        seen, table, weight = _weighted(free, np.random.default_rng(0), PILOT)
        bounds = dict(known.bounds)
        for year in bounded:
            (low, high), values = bounds[year], table[:, seen.index(year)]
            if weight[(values >= low) & (values <= high)].sum() > SURE * weight.sum():
                del bounds[year]
        known = replace(known, bounds=bounds)
    return _paths(known, years, batch_sizes(draws), rng)


def completed(known: Conditions, rng: Random, parts: int = 1) -> Histories:
    """For each part USED equally likely completed histories up to the last value, or the one there is; in its order."""
    if not known.uncertain(ahead=False) and not known.shared:
        return known.histories().rows(np.zeros(parts, dtype=int))
    tables = []
    for _ in range(parts):
        years, table, weight = _weighted(known, rng)
        order = np.argsort(table[:, -1], kind="stable")
        tables.append(table[order[_resampled(weight[order], USED, rng)]])
    return known.histories(years, np.concatenate(tables))


def _resampled(weight: np.ndarray, count: int, rng: Random) -> np.ndarray:
    """Numbers drawn by weight, ascending: systematic resampling, Kitagawa (1996), J. Comput. Graph. Stat. 5:1-25."""
    steps, edges = (rng.random() + np.arange(count)) / count, np.cumsum(weight)
    return np.searchsorted(edges / edges[-1], steps).clip(0, len(weight) - 1)


def _effective(weight: np.ndarray) -> float:
    """How many equal weights these are worth."""
    return float(weight.sum() ** 2 / max((weight**2).sum(), 1e-300))


def _weighted(known: Conditions, rng: Random, effective: float = EFFECTIVE) -> Completed:
    """Completed histories: years, values (n, years) and weights (n,); tried until so many of them count."""
    tables, logs = [], []
    while True:
        years, table, log_weight = _trial(known, rng)
        tables.append(table)
        logs.append(log_weight + known.likelihood(table))
        log = np.concatenate(logs)
        weight = np.exp(log - log.max())
        if _effective(weight) >= effective or len(log) >= MOST:
            return years, np.concatenate(tables), weight


def _trial(known: Conditions, rng: Random) -> Completed:
    """TRIALS completed histories: their years, values (TRIALS, years) and the log weight of how they were drawn."""
    every = known.values.index.tolist()
    table = np.repeat(known.values.to_numpy()[None], TRIALS, axis=0)
    for one in known.shared:
        table = table + rng.standard_normal((TRIALS, 1)) * [one.get(year, 0.0) for year in every]
    table = np.clip(table, *limits(known.support))
    centres = {year: np.full(TRIALS, value) for year, (value, _) in known.told.items()}
    centres |= {year: table[:, k] for k, year in enumerate(every) if year in known.told}
    firm = [k for k, year in enumerate(every) if year not in known.told]
    years, table, log_weight = [every[k] for k in firm], table[:, firm], np.zeros(TRIALS)
    # Uncertain years are drawn in ascending order, but a bound only beside a value drawn or firm.
    told, behind = {known.segment(year) for year in years}, known.uncertain(ahead=False)
    begins = {known.segment(year): year for year in behind[::-1] if year in known.told}
    late = [y for y in behind if known.segment(y) not in told and y < begins.get(known.segment(y), y)]
    for year in [*(year for year in behind if year not in late), *late[::-1]]:
        drawn, log = _proposed(known, year, centres.get(year), _guess(known, years, table, year), rng)
        log_weight += log
        column = int(np.searchsorted(years, year))
        years.insert(column, year)
        table = np.insert(table, column, drawn, axis=1)
    return years, table, log_weight


def _guess(known: Conditions, years: list[int], table: np.ndarray, year: int) -> Guess | None:
    """Where a value of that year is looked for: between or beside its neighbours in the segment; None without any."""
    here = [k for k, other in enumerate(years) if known.segment(other) == known.segment(year)]
    before, after = [k for k in here if years[k] < year][-1:], [k for k in here if years[k] > year][:1]
    if before and after:
        b, a = before[0], after[0]
        gap, width = year - years[b], years[a] - years[b]
        spread = known.unit * float(np.sqrt(gap * (width - gap) / width) + 0.5)
        return table[:, b] + (table[:, a] - table[:, b]) * gap / width, spread
    for k in before or after:
        return table[:, k], 1.5 * known.unit * float(np.sqrt(abs(year - years[k])))
    return None


def _proposed(
    known: Conditions, year: int, centre: np.ndarray | None, guess: Guess | None, rng: Random
) -> Pair:
    """Values of one uncertain year and their log weight: likelihood of what is known of it over density drawn from."""
    from scipy.special import ndtr, ndtri

    (low, high), error = known.within(year), known.told.get(year, (0.0, 0.0))[1]
    if centre is None:
        assert guess is not None  # a bounded year lies in a segment with a value, drawn before or firm
        mean, spread = guess
    elif guess is None:
        mean, spread = centre, error
    else:  # a product of normals: what is known, and what its neighbours suggest, widened
        own, theirs = error**-2, (WIDER * guess[1]) ** -2
        mean, spread = (centre * own + guess[0] * theirs) / (own + theirs), (own + theirs) ** -0.5
    # A bound many spreads away from the centre moves the centre to it, so that there is something to draw.
    mean = np.clip(mean, low - 3.0 * spread, high + 3.0 * spread)
    a, b = ndtr((low - mean) / spread), ndtr((high - mean) / spread)
    z = ndtri(a + (b - a) * rng.random(TRIALS))
    drawn, log_weight = np.clip(mean + spread * z, low, high), 0.5 * z * z + np.log(spread * (b - a))
    return drawn, log_weight if centre is None else log_weight - 0.5 * ((drawn - centre) / error) ** 2


def _paths(known: Conditions, years: int, sizes: Sequence[int], rng: Random) -> np.ndarray:
    """Paths (sum of `sizes`, years) in independent parts, each from histories completed for it; looked at together."""
    parts, ahead, here, last = len(sizes), known.uncertain(ahead=True), known.last, known.last + years
    h = completed(known, rng, parts)
    count = -(-max(POOL * bool(ahead), *sizes) // USED) * USED  # as many paths for each kept history
    done, part = np.empty((parts * count, 0)), np.arange(parts)[:, None] * count
    for year in ahead:
        step, every, n = year - here, look_ahead(h, known.prior, year - here), len(h) // parts
        each = [_kept(known, every.rows(slice(k, k + n)), year, count, rng) for k in range(0, len(h), n)]
        paths, owner = np.concatenate([one[0] for one in each]), (part + [one[1] for one in each]).ravel()
        done = np.concatenate([done[owner], paths], axis=1)
        # The next years go on from USED of the paths, which are in order of their value: one of each group at random.
        drawn = ((np.arange(parts * USED) + rng.random(parts * USED)) * count / USED).astype(int)
        rows = h.rows(owner[drawn] * len(h) // len(done))
        moved, starts = np.roll(rows.values, -step, axis=1), np.roll(rows.starts, -step, axis=1)
        moved[:, -step:], starts[:, -step:] = np.nan, False
        moved[:, -1] = paths[drawn, -1]
        h, here = Histories(np.arange(len(rows)), rows.last_year + step, moved, starts, rows.support), year
    if here < last:
        done = np.concatenate([done, draw(look_ahead(h, known.prior, last - here), len(done), rng)], axis=1)
    chosen = np.concatenate([k + rng.permutation(count)[:n] for k, n in zip(part, sizes, strict=True)])
    return done[chosen, :years]


def _kept(known: Conditions, ahead: Ahead, year: int, count: int, rng: Random) -> Pair:
    """Paths (count, years) up to a year that agree with what is known of it, by value, and whom they go on from."""
    low, high = known.within(year)
    for pool in (count, MORE * count):
        paths = np.clip(draw(ahead, pool, rng), *limits(known.support))
        values = paths[:, -1]
        weight = ((values >= low) & (values <= high)).astype(float)
        if year in known.told:
            told, error = known.told[year]
            weight = weight * np.exp(-0.5 * ((values - told) / error) ** 2)
        if _effective(weight) >= EFFECTIVE:
            order = np.argsort(values, kind="stable")
            picked = order[_resampled(weight[order], count, rng)]
            return paths[picked], picked * count // pool
    return _far(known, ahead, year, count, rng)


def _far(known: Conditions, ahead: Ahead, year: int, count: int, rng: Random) -> Pair:
    """The same where what is known is far from what was expected: values from the tails, years between on a line."""
    histories, steps, _ = ahead.ahead.knots.shape
    owner, (low, high) = rng.integers(0, histories, count), known.within(year)
    knots, last = ahead.ahead.knots[owner, -1], ahead.ahead.last[owner]
    if year in known.told:
        told, error = known.told[year]
        value = np.clip(told + error * rng.standard_normal(count), low, high)
        density = below(knots, value + 0.1 * error) - below(knots, value - 0.1 * error)
    else:
        start, stop = (below(knots, np.full(count, end)) for end in (low, high))
        density = stop - start
        value = at_levels(knots, np.clip(start + density * rng.random(count), 1e-9, 1 - 1e-9)[:, None])[:, 0]
    value, log = np.clip(value, low, high), np.log(np.maximum(density, 1e-12))
    picked = _resampled(np.exp(log - log.max()), count, rng)
    picked = picked[np.argsort(value[picked], kind="stable")]
    value, last = value[picked, None], last[picked, None]
    return last + (value - last) * (np.arange(1, steps + 1) / steps), owner[picked] * count // histories

"""Paths that keep to what is known in part: bounds ("above 96 %"), provisional values, year-to-date estimates.

Up to the last value, histories are completed many times: an uncertain year is drawn around its figure or within its
bounds, and each completed history counts in proportion to the marginal likelihood of the structural mixture (importance
sampling), so a bound says as much as it knows and no more.

After the last value, year by year, many paths are drawn up to the next year of which something is known and kept in
proportion to how likely that makes it (a particle filter; Gordon, Salmond and Smith 1993). The forecast goes on from
there as if the kept values had been observed. So without news nothing changes, and the year itself keeps its calibrated
forecast, cut or tilted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import QcityError
from ..series.evidence import Evidence
from .features import features, plain, units
from .histories import (
    FEWEST,
    LOWER,
    SUPPORTS,
    UPPER,
    WINDOW,
    Histories,
    as_number,
    framed,
    from_frame,
    whole_number,
    yearly,
)
from .predictive import Ahead, batch_sizes, draw, fit_cells, look_ahead
from .prior import Prior
from .quantiles import at_levels, below

Years = Mapping[int, float]

TRIALS = 250  # completed histories tried at a time, for each independent part of the paths
MOST = 2_500  # tried at most
EFFECTIVE = 100.0  # effective number of completed histories, or of paths, that is enough
PILOT = 200.0  # effective number at which what a bound says is known
USED = 50  # completed histories, drawn by weight, that are forecast
SURE = 0.99  # probability from which a bound says nothing
WIDER = 2.0  # a value is looked for so much more widely than its neighbours suggest
POOL = (
    2_000  # paths drawn up to each year of which something is known, for each independent part of the paths
)
MORE = 10  # times as many where too few of them agree with it


@dataclass(frozen=True)
class Conditions:
    """One series with everything known of it, checked.

    Attributes: `values` (index year, no gaps listed), `support` (its place in SUPPORTS), `breaks`, `low` and `high`
    (bounds of every bounded year), `told` (year to value and standard error, of estimates and uncertain values),
    `shared` (errors several years share: year to size).
    """

    values: pd.Series
    support: int
    breaks: tuple[int, ...]
    low: dict[int, float]
    high: dict[int, float]
    told: dict[int, tuple[float, float]]
    shared: tuple[Years, ...]

    @property
    def last(self) -> int:
        """The last year with a value."""
        return int(self.values.index[-1])

    def ahead(self) -> list[int]:
        """Years after the last value of which something is known."""
        return sorted(year for year in {*self.low, *self.told} if year > self.last)

    def behind(self) -> list[int]:
        """Years up to the last value that are known in part only."""
        return sorted(year for year in {*self.low, *self.told} if year <= self.last)

    def segment(self, year: int) -> int:
        """The number of the segment that a year belongs to."""
        return sum(year >= begin for begin in self.breaks)

    def within(self, year: int) -> tuple[float, float]:
        """The bounds of a year: those it has, else those of the support."""
        low, high = float(LOWER[self.support]), float(UPPER[self.support])
        return self.low.get(year, low), self.high.get(year, high)

    @classmethod
    def of(
        cls,
        series: pd.Series,
        support: str,
        breaks: Sequence[int],
        evidence: Evidence,
    ) -> Conditions:
        """What `forecast` was told.

        Raises QcityError when a bound or an estimate meets a firm value, bounds leave nothing, a standard error is not
        above 0 or has no value, or nothing links a year to the values; SeriesError as `histories.from_frame`.
        """
        seen = _checked(series, support, breaks, len(evidence.years()))
        lower, upper = _numbers(evidence.lower, "lower"), _numbers(evidence.upper, "upper")
        errors, shared = (
            _numbers(evidence.noisy, "noisy"),
            tuple(_numbers(one, "shared") for one in evidence.shared),
        )
        told = _told(seen, evidence.estimates, errors)
        low, high = _bounds(seen, SUPPORTS.index(support), lower, upper, errors)
        starts = tuple(int(year) for year in breaks)
        known = cls(seen, SUPPORTS.index(support), starts, low, high, told, shared)
        held = {known.segment(int(year)) for year in seen.index}
        for year in {*low, *told}:
            if known.segment(year) not in held:
                raise QcityError(
                    f"{year} lies in a segment without a value, so what is known of it says nothing"
                )
        for year in (year for one in shared for year in one):
            if year not in seen.index:
                raise QcityError(f"shared: no value in {year} to be uncertain about")
        return known


def _numbers(table: Years | None, what: str) -> dict[int, float]:
    """What was told of years, as whole years and finite numbers."""
    return {
        whole_number(year, f"a year of {what}"): as_number(value, f"{what} in {year}")
        for year, value in (table or {}).items()
    }


def _checked(series: pd.Series, support: str, breaks: Sequence[int], partly: int) -> pd.Series:
    """The values in order, refused as `from_frame` refuses them; two are enough beside a year known in part."""
    frame, seen = framed(series, support), yearly(series).dropna()
    if len(seen) == FEWEST - 1 and partly:
        more = frame[frame["period"] == seen.index[-1]].assign(period=int(seen.index[-1]) + 1)
        frame = pd.concat([frame, more])
    from_frame(frame, breaks)
    return seen


def _told(
    seen: pd.Series, estimates: Mapping[int, tuple[float, float]], errors: Years
) -> dict[int, tuple[float, float]]:
    """Value and standard error of every year with an estimate or an uncertain value."""
    values = _numbers({year: value for year, (value, _) in estimates.items()}, "estimates")
    widths = _numbers({year: error for year, (_, error) in estimates.items()}, "estimates")
    told = {year: (value, widths[year]) for year, value in values.items()}
    for year in told:
        if year in seen.index:
            raise QcityError(f"{year} has a value and an estimate; give one of them")
    for year, error in errors.items():
        if year not in seen.index:
            raise QcityError(f"noisy: no value in {year} to be uncertain about")
        told[year] = (float(seen[year]), error)
    for year, (_, error) in told.items():
        if not error > 0:
            raise QcityError(f"the standard error in {year} must be above 0; found {error!r}")
    return told


def _bounds(
    seen: pd.Series, kind: int, lower: Years, upper: Years, errors: Years
) -> tuple[dict[int, float], dict[int, float]]:
    """Both bounds of every bounded year, those of the support where only one is given."""
    low, high = {}, {}
    for year in sorted({*lower, *upper}):
        if year in seen.index and year not in errors:
            raise QcityError(f"{year} has a value and a bound; give one of them")
        low[year] = max(lower.get(year, -np.inf), float(LOWER[kind]))
        high[year] = min(upper.get(year, np.inf), float(UPPER[kind]))
        if not low[year] < high[year]:
            raise QcityError(f"bounds of {year} leave nothing: {low[year]:g} to {high[year]:g}")
    return low, high


def conditioned(
    known: Conditions, years: int, draws: int, prior: Prior, rng: np.random.Generator
) -> np.ndarray:
    """Paths (draws, years) of the years after the last value, given everything known of the series.

    They fall into as many independent parts as `draws.batch_sizes` says, each from completed histories of its own.

    >>> import pandas as pd
    >>> from qcity_analysis.forecasting.prior import shipped
    >>> y = pd.Series([94.0, 94.4, 94.9, 95.2], index=range(2018, 2022))
    >>> known = Conditions.of(y, "percent", (), Evidence(lower={2023: 96.0}))
    >>> paths = conditioned(known, 3, 1000, shipped(), np.random.default_rng(0))
    >>> paths.shape, bool((paths[:, 1] >= 96).all())
    ((1000, 3), True)
    """
    begun = Beginning.of(known, prior)
    known = informed(known, begun)
    return np.concatenate([_part(known, begun, years, size, rng) for size in batch_sizes(draws)])


def aligned(known: Conditions, years: Sequence[int], table: np.ndarray) -> Histories:
    """Histories with the values `table` (n, len(years)) in ascending `years`; segments start as `known` says.

    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2.0], index=[2020, 2021])
    >>> known = Conditions(y, 0, (), {}, {}, {}, ())
    >>> aligned(known, [2020, 2021], np.array([[1.0, 2.0]])).starts[0, -2:].tolist()
    [True, False]
    """
    n, last = len(table), int(years[-1])
    values, starts = np.full((n, WINDOW), np.nan), np.zeros((n, WINDOW), dtype=bool)
    columns = WINDOW - 1 - last + np.asarray(years, dtype=int)
    kept = columns >= 0
    segments = np.array([known.segment(int(year)) for year in years])[kept]
    values[:, columns[kept]] = table[:, kept]
    starts[:, columns[kept]] = np.diff(segments, prepend=-1) != 0
    support = np.full(n, known.support, dtype=np.int64)
    return Histories(np.arange(n), np.full(n, last), values, starts, support)


def _plain(known: Conditions) -> Histories:
    """The one history of the values as they are."""
    return aligned(known, [int(year) for year in known.values.index], known.values.to_numpy()[None])


@dataclass(frozen=True)
class Beginning:
    """What the plain values of a series say before it is completed: its typical change `unit`, and the log weight of
    each cell (C,) of the `prior`.
    """

    unit: float
    log_prior: np.ndarray
    prior: Prior

    @classmethod
    def of(cls, known: Conditions, prior: Prior) -> Beginning:
        """That of the values of `known`."""
        history = _plain(known)
        unit = units(history)
        x = plain(features(history, unit)[0])
        weight = prior.gate.weights(x, np.zeros((1, len(prior.cells))))
        return cls(float(unit[0]), np.log(np.maximum(weight, 1e-300)), prior)


def completed(known: Conditions, begun: Beginning, rng: np.random.Generator) -> Histories:
    """Equally likely completed histories up to the last value: USED of them, or the one there is.

    They are in order of the last value, so that what is drawn is spread evenly over it.
    """
    if not known.behind() and not known.shared:
        return _plain(known)
    years, table, weight = _weighted(known, begun, rng)
    order = np.argsort(table[:, -1], kind="stable")
    return aligned(known, years, table[order[resampled(weight[order], USED, rng)]])


def informed(known: Conditions, begun: Beginning) -> Conditions:
    """The same without bounds, up to the last value, that say next to nothing.

    A bound that would hold anyway (with a probability above SURE) leaves its year a gap, whatever the seed.
    """
    bounded = [year for year in known.behind() if year in known.low and year not in known.told]
    if not bounded:
        return known
    ends = ((known.low, LOWER), (known.high, UPPER))
    low, high = (own | dict.fromkeys(bounded, float(end[known.support])) for own, end in ends)
    free = replace(known, low=low, high=high)
    years, table, weight = _weighted(free, begun, np.random.default_rng(0), PILOT)
    empty = set()
    for year in bounded:
        values = table[:, years.index(year)]
        inside = (values >= known.low[year]) & (values <= known.high[year])
        if weight[inside].sum() > SURE * weight.sum():
            empty.add(year)
    low, high = ({year: one[year] for year in one if year not in empty} for one in (known.low, known.high))
    return replace(known, low=low, high=high)


def resampled(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Places drawn by weight, in ascending order, as many copies of each as its weight says to within one.

    Systematic resampling: Kitagawa (1996), J. Comput. Graph. Stat. 5:1-25.

    >>> resampled(np.array([0.0, 2.0, 2.0]), 4, np.random.default_rng(0)).tolist()
    [1, 1, 2, 2]
    """
    steps = (rng.random() + np.arange(count)) / count
    edges = np.cumsum(weight)
    return np.searchsorted(edges / edges[-1], steps).clip(0, len(weight) - 1)


def _enough(weight: np.ndarray, effective: float) -> bool:
    """Whether weights are worth so many equal ones."""
    total = weight.sum()
    return bool(total > 0 and total**2 / (weight**2).sum() >= effective)


def _weighted(
    known: Conditions, begun: Beginning, rng: np.random.Generator, effective: float = EFFECTIVE
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Completed histories: years, values (n, years) and weights (n,).

    TRIALS at a time until so many of them count, at most MOST.
    """
    tables, logs = [], []
    while True:
        years, table, log_weight = _trial(known, begun.unit, rng)
        h = aligned(known, years, table)
        loglik = fit_cells(h, np.full(len(h), begun.unit), begun.prior.cells).loglik + begun.log_prior
        top = loglik.max(axis=1, keepdims=True)
        tables.append(table)
        logs.append(log_weight + (top + np.log(np.exp(loglik - top).sum(axis=1, keepdims=True)))[:, 0])
        log = np.concatenate(logs)
        weight = np.exp(log - log.max())
        if _enough(weight, effective) or len(log) >= MOST:
            return years, np.concatenate(tables), weight


def _trial(
    known: Conditions, unit: float, rng: np.random.Generator
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """TRIALS completed histories: their years, values (TRIALS, years) and the log weight of how they were drawn."""
    all_years = known.values.index.to_numpy(int)
    table = np.repeat(known.values.to_numpy()[None], TRIALS, axis=0)
    for one in known.shared:
        size = np.array([one.get(int(year), 0.0) for year in all_years])
        table = table + rng.standard_normal((TRIALS, 1)) * size
    table = np.clip(table, LOWER[known.support], UPPER[known.support])
    uncertain = np.isin(all_years, list(known.told))
    centres = {year: np.full(TRIALS, value) for year, (value, _) in known.told.items()}
    centres |= {int(year): table[:, k] for k, year in enumerate(all_years) if uncertain[k]}
    years, table = all_years[~uncertain].tolist(), table[:, ~uncertain]
    log_weight = np.zeros(TRIALS)
    for year in _order(known, years):
        drawn, log = _proposed(known, years, table, year, unit, centres.get(year), rng)
        log_weight += log
        place = int(np.searchsorted(years, year))
        years.insert(place, year)
        table = np.insert(table, place, drawn, axis=1)
    return years, table, log_weight


def _order(known: Conditions, firm: list[int]) -> list[int]:
    """The uncertain years in the order they are drawn: ascending, but a bound only beside a value drawn or firm."""
    begun = {known.segment(year) for year in firm}
    order, waiting = [], []
    for year in known.behind():
        if year in known.told or known.segment(year) in begun:
            begun.add(known.segment(year))
            order.append(year)
        else:
            waiting.append(year)
    return order + waiting[::-1]


def _proposed(
    known: Conditions,
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
    low, high = known.within(year)
    guess = _guess(known, years, table, year, unit)
    if centre is None:
        assert guess is not None  # a bounded year lies in a segment with a value, drawn before or firm
        drawn, log_density = truncated(rng, *guess, low, high, TRIALS)
        return drawn, -log_density
    error = known.told[year][1]
    mean, spread = centre, error
    if guess is not None:
        about, width = guess
        precision = 1 / error**2 + 1 / (WIDER * width) ** 2
        mean = (centre / error**2 + about / (WIDER * width) ** 2) / precision
        spread = precision**-0.5
    drawn, log_density = truncated(rng, mean, spread, low, high, TRIALS)
    return drawn, -0.5 * ((drawn - centre) / error) ** 2 - log_density


def _guess(
    known: Conditions, years: list[int], table: np.ndarray, year: int, unit: float
) -> tuple[np.ndarray, float] | None:
    """Where a value of that year is looked for: between or beside its neighbours in the segment; None without any."""
    here = [k for k, other in enumerate(years) if known.segment(other) == known.segment(year)]
    before = [k for k in here if years[k] < year][-1:]
    after = [k for k in here if years[k] > year][:1]
    if before and after:
        b, a = before[0], after[0]
        gap, width = year - years[b], years[a] - years[b]
        spread = unit * float(np.sqrt(gap * (width - gap) / width) + 0.5)
        return table[:, b] + (table[:, a] - table[:, b]) * gap / width, spread
    for k in before or after:
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


def _part(
    known: Conditions, begun: Beginning, years: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Paths (draws, years) that depend on one another through the histories completed for them."""
    h, prior = completed(known, begun, rng), begun.prior
    ahead, here, last = known.ahead(), known.last, known.last + years
    count = -(-max(POOL, draws) // USED) * USED if ahead else draws  # as many paths for each kept history
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
    known: Conditions, h: Histories, year: int, step: int, count: int, prior: Prior, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paths (count, step) up to a year, by how well they agree with what is known of it, and the place in the pool of
    `count` paths that each goes on from; in ascending order of the year's value."""
    found = look_ahead(h, prior, step)
    low, high = known.within(year)
    for pool in (count, MORE * count):
        paths = np.clip(draw(found, pool, rng), LOWER[known.support], UPPER[known.support])
        values = paths[:, -1]
        weight = ((values >= low) & (values <= high)).astype(float)
        if year in known.told:
            told, error = known.told[year]
            weight = weight * np.exp(-0.5 * ((values - told) / error) ** 2)
        if _enough(weight, EFFECTIVE):
            order = np.argsort(values, kind="stable")
            picked = order[resampled(weight[order], count, rng)]
            return paths[picked], picked * count // pool
    return _far(known, found, year, count, rng)


def _far(
    known: Conditions, found: Ahead, year: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The same where what is known is far from what was expected: values from the tails, years between on a line."""
    knots = found.ahead.knots[:, -1]
    owner = rng.integers(0, len(knots), count)
    low, high = known.within(year)
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
    picked = picked[np.argsort(value[picked], kind="stable")]
    value, owner = value[picked], owner[picked]
    last, steps = found.ahead.last[owner], found.ahead.knots.shape[1]
    share = np.arange(1, steps + 1) / steps
    return last[:, None] + (value - last)[:, None] * share, owner * count // len(knots)


def _grown(
    h: Histories, owner: np.ndarray, values: np.ndarray, step: int, rng: np.random.Generator
) -> Histories:
    """USED histories for paths in order of their value: one of each group at random, with its value added."""
    count = len(values)
    drawn = ((np.arange(USED) + rng.random(USED)) * count / USED).astype(int)
    rows = h.rows(owner[drawn] * len(h) // count)
    moved = np.full_like(rows.values, np.nan)
    starts = np.zeros_like(rows.starts)
    moved[:, :-step], starts[:, :-step] = rows.values[:, step:], rows.starts[:, step:]
    moved[:, -1] = values[drawn]
    return Histories(np.arange(USED), rows.last_year + step, moved, starts, rows.support)

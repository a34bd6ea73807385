"""What is known in part: bounds ("above 96 %"), provisional values, year-to-date estimates, checked and completed.

Up to the last value, histories are completed many times: an uncertain year is drawn around its figure or within its
bounds, and each completed history counts in proportion to the marginal likelihood of the structural mixture (importance
sampling), so a bound says as much as it knows and no more. Years after the last value are in `particles`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import QcityError
from .features import features, plain, units
from .histories import FEWEST, LOWER, SUPPORTS, UPPER, WINDOW, Histories, SeriesError, from_frame
from .panel import fit_cells
from .prior import Prior

TRIALS = 1000  # completed histories tried at a time
MOST = 16_000  # tried at most
EFFECTIVE = 200.0  # effective number of completed histories at which no more are tried
USED = 200  # of which so many, drawn by weight, are forecast
SURE = 0.99  # probability from which a bound says nothing
WIDER = 2.0  # a value is looked for so much more widely than its neighbours suggest
Years = Mapping[int, float]


@dataclass(frozen=True)
class PartlyKnown:
    """One series with everything known of it, checked.

    Attributes: `values` (index year, no gaps listed), `support` (its place in SUPPORTS), `breaks`, `low` and `high`
    (bounds of every uncertain year), `told` (year to value and standard error, of estimates and noisy values),
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

    @classmethod
    def of(
        cls,
        series: pd.Series,
        support: str,
        breaks: Sequence[int],
        lower: Years | None,
        upper: Years | None,
        noisy: Years | None,
        shared: Sequence[Years],
        estimates: Mapping[int, tuple[float, float]] | None,
    ) -> PartlyKnown | None:
        """What `forecast` was told, or None when everything known is plain values.

        Raises QcityError when a bound or an estimate meets a firm value, bounds leave nothing, a standard error is not
        above 0 or has no value, or nothing links a year to the values; SeriesError as `histories.from_frame`.
        """
        if not (lower or upper or noisy or shared or estimates):
            return None
        seen = _checked(series, support, breaks, len({*(lower or {}), *(upper or {}), *(estimates or {})}))
        errors = {int(year): float(error) for year, error in (noisy or {}).items()}
        told = {int(year): (float(v), float(error)) for year, (v, error) in (estimates or {}).items()}
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
        low, high = _bounds(seen, SUPPORTS.index(support), lower or {}, upper or {}, errors)
        known = cls(
            seen, SUPPORTS.index(support), tuple(int(b) for b in breaks), low, high, told, tuple(shared)
        )
        known._refuse_unlinked()
        return known

    def segment(self, year: int) -> int:
        """The number of the segment that a year belongs to."""
        return sum(year >= begin for begin in self.breaks)

    def _refuse_unlinked(self) -> None:
        held = {self.segment(int(year)) for year in self.values.index}
        for year in {*self.low, *self.told}:
            if self.segment(year) not in held:
                raise QcityError(
                    f"{year} lies in a segment without a value, so what is known of it says nothing"
                )
        for one in self.shared:
            for year in one:
                if year not in self.values.index:
                    raise QcityError(f"shared: no value in {year} to be uncertain about")


def _checked(series: pd.Series, support: str, breaks: Sequence[int], partly: int) -> pd.Series:
    """The values in order, refused as `from_frame` refuses them; two are enough beside a year known in part."""
    if not isinstance(series, pd.Series):
        raise SeriesError(
            f"a forecast needs a pandas Series with years as index; found {type(series).__name__}"
        )
    name = "series" if series.name is None else str(series.name)
    frame = pd.DataFrame(
        {"series_id": name, "period": series.index, "value": series.to_numpy(), "support": support}
    )
    seen = pd.to_numeric(series, errors="coerce").dropna().sort_index()
    if len(seen) == FEWEST - 1 and partly:
        last = frame.assign(period=pd.to_numeric(frame["period"], errors="coerce"))
        more = last[last["period"] == seen.index[-1]].assign(period=int(seen.index[-1]) + 1)
        from_frame(pd.concat([frame, more]), breaks)
    else:
        from_frame(frame, breaks)
    return seen.astype(float).set_axis(seen.index.astype(int))


def _bounds(
    seen: pd.Series, kind: int, lower: Years, upper: Years, noisy: Years
) -> tuple[dict[int, float], dict[int, float]]:
    """Both bounds of every bounded year, those of the support where only one is given."""
    low, high = {}, {}
    for year in sorted({*lower, *upper}):
        if year in seen.index and year not in noisy:
            raise QcityError(f"{year} has a value and a bound; give one of them")
        low[int(year)] = max(float(lower.get(year, -np.inf)), float(LOWER[kind]))
        high[int(year)] = min(float(upper.get(year, np.inf)), float(UPPER[kind]))
        if not low[year] < high[year]:
            raise QcityError(f"bounds of {year} leave nothing: {low[year]:g} to {high[year]:g}")
    return low, high


def aligned(known: PartlyKnown, years: Sequence[int], table: np.ndarray) -> Histories:
    """Histories with the values `table` (n, len(years)) in ascending `years`; segments start as `known` says.

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


def completed(known: PartlyKnown, prior: Prior, rng: np.random.Generator) -> Histories:
    """Equally likely completed histories up to the last value: USED of them, or the one there is.

    A bound that would hold anyway (with a probability above SURE) leaves its year a gap.
    """
    known = _informed(known, prior, rng)
    if not known.behind() and not known.shared:
        years = [int(year) for year in known.values.index]
        return aligned(known, years, known.values.to_numpy()[None])
    years, table, weight = _weighted(known, prior, rng)
    return aligned(known, years, table[resampled(weight, USED, rng)])


def _informed(known: PartlyKnown, prior: Prior, rng: np.random.Generator) -> PartlyKnown:
    """The same without bounds, up to the last value, that say next to nothing."""
    bounded = [year for year in known.behind() if year in known.low and year not in known.told]
    if not bounded:
        return known
    edge = float(LOWER[known.support]), float(UPPER[known.support])
    free = replace(
        known,
        low={year: edge[0] if year in bounded else low for year, low in known.low.items()},
        high={year: edge[1] if year in bounded else high for year, high in known.high.items()},
    )
    years, table, weight = _weighted(free, prior, rng)
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
    known: PartlyKnown, prior: Prior, rng: np.random.Generator
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Completed histories: years, values (n, years) and weights (n,).

    TRIALS at a time until EFFECTIVE of them count, at most MOST.
    """
    years = [int(year) for year in known.values.index]
    values = aligned(known, years, known.values.to_numpy()[None])
    unit = float(units(values)[0])
    log_prior = _log_prior(values, prior)
    tables, logs = [], []
    while True:
        years, table, log_weight = _trial(known, unit, rng)
        h = aligned(known, years, table)
        loglik = fit_cells(h, np.full(len(h), unit), prior.cells).loglik + log_prior
        top = loglik.max(axis=1, keepdims=True)
        tables.append(table)
        logs.append(log_weight + (top + np.log(np.exp(loglik - top).sum(axis=1, keepdims=True)))[:, 0])
        log = np.concatenate(logs)
        weight = np.exp(log - log.max())
        effective = weight.sum() ** 2 / (weight**2).sum()
        if effective >= EFFECTIVE or len(log) >= MOST:
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


def _log_prior(values: Histories, prior: Prior) -> np.ndarray:
    """Log weight of each cell (C,) before the series has been seen, from the features of its plain values."""
    x = plain(features(values, units(values))[0])
    return np.log(np.maximum(prior.gate.weights(x, np.zeros((1, len(prior.cells)))), 1e-300))


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

"""Targets on what is counted: the sum of what is new since a base year, and no event in a period.

Counted are published counts of new items and differences of totals, year by year, never rounded: a count may be in
10 000 persons. Where things happen in `rounds`, years without a round are no zeros and no exposure. A count cannot
fall: a target reached is met before its deadline. Years without a figure are drawn, never taken as zero. Fewer than
three numbers tell no rate: they do not show how years differ.

The counts of year t, over an exposure e_t (8 months are 8/12 of a year), are Gamma–Poisson (negative binomial):

    y_t ~ Poisson(rate · exp(growth · (t − t₀)) · e_t · g_t),    g_t ~ Gamma(mean 1, sd = spread)

g_t is shared by all months of a year. Priors: Jeffreys' for the rate given the spread, density
(rate (1 + rate · spread²))^−½, which for a spread of 0 is the Poisson's rate^−½; growth normal with scale 0.15 a year;
spread half-normal with scale 0.4, up to 0.9 (beyond that the expected number would be infinite after one year of
counts). The scales leave room beyond what 227 national counts of patents and trademarks do over ten years (growth: a
standard deviation of 0.09; spread below 0.4 for 95 %); counts of one city vary more, and several years overrule the
priors. The posterior is computed on a grid (no sampler), then drawn from.

The yearly rate of events has Jeffreys' prior Gamma(½, 0); after y events in T years of published figures it is
Gamma(y + ½, T), and none will happen in τ more years with probability (T / (T + τ))^(y + ½), exactly. Years of the
period without a figure belong to τ. Events are taken as independent at one rate: no trend, no clusters.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from ..data.schema import rounds_of
from ..data.vintages import months_covered, standing
from ..errors import Note
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries, figures_of
from ..series.evidence import new_counts, series_of
from ..targets import Pace, reaches
from .answer import Assessment, Question, Tally, bare, ipcc_word, judged, refused, settled

FINEST = 1000  # steps of the process in an average year, at most
FEWEST = 3  # counts from which a rate and how it varies are told
GROWTH = 0.15  # scale of the normal prior of yearly log growth
SPREAD = 0.4  # scale of the half-normal prior of the standard deviation of yearly shocks
SPREADS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.9])
RATE_STEPS = np.linspace(-12.0, 8.0, 161)  # standard errors of the log rate; long to the left for few items
GROWTH_STEPS = np.linspace(-6.0, 6.0, 49)
TRIES = 200  # draws of a bounded year before the bound itself is taken


@dataclass(frozen=True)
class Count:
    """A number of new items: `parts` (each year it covers with the share of that year), `count`, and `qualifier`, "="
    for the number itself, ">=" or "<=" for a bound. As published, or in steps of the process.
    """

    parts: tuple[tuple[int, float], ...]
    count: float
    qualifier: str = "="

    @property
    def exposure(self) -> float:
        """Years covered."""
        return sum(share for _, share in self.parts)


@dataclass(frozen=True)
class Rates:
    """Draws from the posterior: `level` (new items a year in the year `origin`), `growth` (log, a year), `spread`."""

    level: np.ndarray
    growth: np.ndarray
    spread: np.ndarray
    origin: float

    def mean(self, year: int) -> np.ndarray:
        """Expected new items of a whole year, one for each draw, before its shock."""
        return np.asarray(self.level * np.exp(self.growth * (year - self.origin)))


def posterior(counts: Sequence[Count], draws: int, rng: np.random.Generator) -> Rates:
    """Draws of rate, growth and spread given published counts: with numbers, as bounds leave a rate without an end."""
    middle = np.array([sum(y * e for y, e in c.parts) / c.exposure for c in counts])
    number = np.array([c.count for c in counts], dtype=float)
    origin = float(np.sum(middle * (number + 0.5)) / (number + 0.5).sum())
    blocks = [_log_posterior(counts, spread, middle - origin, number, origin) for spread in SPREADS]
    log_prior = np.log(np.gradient(SPREADS)) - 0.5 * (SPREADS / SPREAD) ** 2
    table = np.stack([block[0] + prior for block, prior in zip(blocks, log_prior, strict=True)])
    chance = np.exp(table - table.max()).ravel()
    cell = np.searchsorted(np.cumsum(chance) / chance.sum(), rng.random(draws), side="right")
    c, b, a = np.unravel_index(np.minimum(cell, chance.size - 1), table.shape)
    centre_b, step_b, step_a = np.array([block[1] for block in blocks])[c].T
    jitter, centre_a = rng.random((2, draws)) - 0.5, np.stack([block[2] for block in blocks])[c, b]
    growth = centre_b + step_b * (GROWTH_STEPS[b] + jitter[0] * np.diff(GROWTH_STEPS)[0])
    level = np.exp(centre_a + step_a * (RATE_STEPS[a] + jitter[1] * np.diff(RATE_STEPS)[0]))
    return Rates(level, growth, SPREADS[c], origin)


def _log_posterior(
    counts: Sequence[Count], spread: float, middle: np.ndarray, number: np.ndarray, origin: float
) -> tuple[np.ndarray, tuple[float, float, float], np.ndarray]:
    """Log posterior, grid step included, over growth × rate; centre, step of growth, step of log rate; its centres."""
    weight = 1 / (1 / (number + 0.5) + spread**2)
    shown = np.log((number + 0.5) / np.array([c.exposure for c in counts]))
    apart = middle - np.sum(weight * middle) / weight.sum()
    precision = 1 / GROWTH**2 + np.sum(weight * apart**2)
    centre_b, step_b = float(np.sum(weight * apart * shown) / precision), float(1 / np.sqrt(precision))
    growth = centre_b + step_b * GROWTH_STEPS
    # expected items for a rate of 1, (parts, growth)
    at = [np.stack([share * np.exp(growth * (year - origin)) for year, share in c.parts]) for c in counts]
    centre_a = np.log((number.sum() + 0.5) / sum(one.sum(axis=0) for one in at))
    step_a = math.sqrt(1 / (number.sum() + 0.5) + spread**2 / len(counts))
    log_rate = centre_a[:, None] + step_a * RATE_STEPS
    # Jeffreys' prior times the rate, for a grid of log rates
    density = 0.5 * log_rate - 0.5 * np.log1p(np.exp(log_rate) * spread**2)
    density = density - 0.5 * ((growth / GROWTH) ** 2)[:, None]
    for one, mean in zip(counts, at, strict=True):
        whole = mean.sum(axis=0)  # the effect of several parts of years together: moments matched
        shape = whole**2 / (mean**2).sum(axis=0) / spread**2 if spread else np.full(len(whole), np.inf)
        density = density + log_chance(one, np.exp(log_rate) * whole[:, None], shape[:, None])
    return density + math.log(step_a) + math.log(step_b), (centre_b, step_b, step_a), centre_a


def log_chance(seen: Count, mean: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Log probability of a count, or of being within its bound, under a negative binomial (Poisson for shape inf)."""
    from scipy.special import betainc, gammainc, gammaln

    y, k = seen.count, np.where(np.isinf(shape), 1.0, shape)
    poisson = bool(np.isinf(shape).all())
    if seen.qualifier == "=":
        if poisson:
            return np.asarray(y * np.log(mean) - mean - gammaln(y + 1))
        front = gammaln(y + k) - gammaln(k) - gammaln(y + 1)
        return np.asarray(front - k * np.log1p(mean / k) + y * (np.log(mean) - np.log(mean + k)))
    least = y if seen.qualifier == ">=" else y + 1  # P(at least `least`), or its complement
    above = np.ones_like(mean)
    if least > 0:
        above = gammainc(least, mean) if poisson else betainc(least, k, mean / (mean + k))
    return np.asarray(np.log(np.maximum(above if seen.qualifier == ">=" else 1 - above, 1e-300)))


def new_items(
    counts: Sequence[Count], rates: Rates, first: int, last: int, rng: np.random.Generator,
    rounds: Collection[int] | None = None,
) -> np.ndarray:  # fmt: skip
    """New items of each year from `first` to `last` for each draw, (draws, years), given what was published.

    A year to date is that plus what its remaining months may bring; a number for several years is shared out; a bound
    is kept; a year without any figure is drawn; outside the `rounds`, where there are any, nothing happens.
    """
    table, covered = np.zeros((len(rates.level), last + 1 - first)), set()
    for count in counts:
        for (year, _), items in zip(count.parts, _drawn(count, rates, rng), strict=True):
            if first <= year <= last:
                table[:, year - first] += items
                covered.add(year)  # the rest of a partial year is already in it
    for year in range(first, last + 1):
        if year not in covered and (rounds is None or year in rounds):
            table[:, year - first] = rng.poisson(rates.mean(year) * _effects(rates, rng))
    return table


def _effects(rates: Rates, rng: np.random.Generator, seen: float = 0.0, expected: object = 0.0) -> np.ndarray:
    """The effect of a year for each draw, given `seen` items where `expected` were to be seen; 1 without spread."""
    k = 1 / np.maximum(rates.spread, 1e-9) ** 2
    drawn = rng.standard_gamma(k + seen) / (k + np.asarray(expected, dtype=float))
    return np.where(rates.spread == 0, 1.0, drawn)


def _drawn(count: Count, rates: Rates, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """All items of each year of a count: a number shared out by what each would bring, a bound kept, the rest added."""
    shares, means = [share for _, share in count.parts], [rates.mean(year) for year, _ in count.parts]
    known, effects = np.full(len(rates.level), float(count.count)), [np.ones(len(rates.level))]
    items = [known]
    if len(shares) > 1:
        effects = [_effects(rates, rng) for _ in shares]
        weights = np.stack([m * e * g for m, e, g in zip(means, shares, effects, strict=True)], axis=1)
        steps = max(1, round(count.count))  # in whole steps of the process, the number itself being kept
        drawn = rng.multinomial(steps, weights / weights.sum(axis=1, keepdims=True)).T
        items = list(drawn * (count.count / steps))
    elif count.qualifier == "=" and shares[0] < 1:
        effects = [_effects(rates, rng, count.count, means[0] * shares[0])]
    elif count.qualifier != "=":
        left = np.ones(len(known), dtype=bool)
        for _ in range(TRIES):
            tried = _effects(rates, rng)
            drawn = rng.poisson(means[0] * shares[0] * tried)
            good = left & ((drawn >= count.count) if count.qualifier == ">=" else (drawn <= count.count))
            known[good], effects[0][good] = drawn[good], tried[good]
            if not (left := left & ~good).any():
                break
    for one, mean, share, effect in zip(items, means, shares, effects, strict=True):
        yield one + (rng.poisson(mean * (1 - share) * effect) if share < 1 else 0)


@dataclass(frozen=True)
class CountSeries:
    """Counts in order of time, and the period in which they count.

    Attributes: `labels` (last year of a count to the period as published); `start`, the last year that does not count
    (0 where nothing says when counting starts), and `offset`, what was there at its end; `deadline`; `rows`, the
    figures used; `limits`, bounds on the cumulated number at the end of a year; `rounds`, years in which it happens.
    """

    counts: tuple[Count, ...]
    labels: dict[int, str]
    start: int
    offset: float
    deadline: int
    rows: pd.DataFrame
    notes: tuple[Note, ...]
    limits: tuple[tuple[int, str, float], ...]
    rounds: frozenset[int] | None

    @property
    def years(self) -> list[int]:
        """The years (of the rounds, where there are rounds) from the start to the deadline."""
        period = range(self.start + 1, self.deadline + 1)
        return [year for year in period if self.rounds is None or year in self.rounds]

    @property
    def inside(self) -> list[Count]:
        """The counts that lie wholly between the start and the deadline."""
        return [c for c in self.counts if all(self.start < year <= self.deadline for year, _ in c.parts)]

    @property
    def exposure(self) -> float:
        """Years (rounds) of numbers, those before the start included."""
        return sum(c.exposure for c in self.counts if c.qualifier == "=")

    def so_far(self, signs: str = "=") -> tuple[float, float]:
        """The cumulated number of the counts inside with one of these signs, and the years (rounds) they cover."""
        kept, years = [c for c in self.inside if c.qualifier in signs.split()], set(self.years)
        number = float(f"{self.offset + math.fsum(c.count for c in kept):.15g}")  # without binary blur
        return number, sum(share for c in kept for year, share in c.parts if year in years)

    def ends(self) -> tuple[float, float]:
        """What is counted for certain by the deadline, and what it can be at most: infinite while anything is open."""
        least = [n for year, sign, n in self.limits if sign == ">=" and year <= self.deadline]
        most = [n for year, sign, n in self.limits if sign == "<=" and year >= self.deadline]
        total, covered = self.so_far("= <=")
        most.append(total if reaches(covered, len(self.years)) else math.inf)
        return max([self.so_far("= >=")[0], *least]), min(most)

    def tally(self, today: int, bound: float) -> Tally:
        """What is counted so far in the year `today`, and what is missing to the bound."""
        known, certain = {year for c in self.counts for year, _ in c.parts}, self.ends()[0]
        unknown = (year for year in self.years if year <= max([*known, today - 1]) and year not in known)
        told = [year for year, *_ in self.limits if self.start < year <= self.deadline]
        last = max([*told, *(year for c in self.inside for year, _ in c.parts)], default=None)
        through = None if last is None else self.labels.get(last, str(last))
        covered, needed = self.so_far()[1], max(0.0, bound - certain)
        return Tally(certain, through, len(self.years), covered, tuple(unknown), needed, self.exposure)

    def reached_in(self, bound: float, beyond: bool) -> str | None:
        """The period whose figure brought what is certain to `bound`, or `beyond` it."""
        for year in sorted({self.start, *(y for y in self.labels if self.start < y <= self.deadline)}):
            total = replace(self, deadline=year).ends()[0]
            if not reaches(total, bound, upward=False) if beyond else reaches(total, bound):
                break
        return self.labels.get(year)

    def cumulated(self) -> pd.Series:
        """The cumulated number at the end of each year, index year from the start; NaN where it is not known."""
        levels = {self.start: self.offset}
        for year in range(self.start + 1, self.deadline + 1):
            until = replace(self, deadline=year)
            number, covered = until.so_far()
            levels[year] = number if reaches(covered, len(until.years)) else math.nan
        series = pd.Series(levels, name="level", dtype=float).rename_axis("year")
        return series.loc[: series.last_valid_index()]

    def paces(self, needed: float) -> tuple[Pace | None, Pace | None]:
        """Items a year over the time counted, and the `needed` over the time left, earlier unknown years included."""
        number, covered = self.so_far()
        known, left = {year for c in self.inside for year, _ in c.parts}, len(self.years) - covered
        last = max(known, default=self.start)
        so_far = Pace((number - self.offset) / covered, None, self.start, last) if covered > 0 else None
        gap = any(year not in known for year in self.years if year <= last)
        since = self.start if gap else min(last, self.deadline - 1)
        return so_far, Pace(needed / left, None, since, self.deadline) if left > 0 else None


def _count_series(
    new: pd.DataFrame, totals: pd.DataFrame, base_year: int | None, deadline: int, rounds: str
) -> CountSeries:
    """The counts of a series, from its counts of new items and from what lies between `totals` (rows of `count_total`).

    Counting starts after `base_year`; where that is None, with the first total (whatever it holds counts), or with the
    first year of which a count of new items is published. `rounds` is the indicator's declaration.
    """
    when, single = rounds_of(rounds), dict[int, Count]()
    for row in new.itertuples():
        # nothing in a year without a round says nothing
        if row.value > 0 or when is None or row.year in when:
            sign = row.qualifier if row.qualifier in (">=", "<=") else "="
            single[int(row.year)] = Count(((int(row.year), row.months / 12),), float(row.value), sign)
    labels = {int(row.year): str(row.period) for row in new.itertuples()}
    digits = [int(one) for one in (*new["decimals"], *totals["decimals"])]
    ends, notes, blocks = _totals(totals), [], []
    for (before, early), (after, late) in pairwise(ends):
        block = _between(single, before, after, late - early, when, digits)
        if block is None:
            notes.append(Note("totals_conflict", {"start": str(before), "end": after}))
            continue
        labels[int(after[:4])] = after
        for year, _ in block.parts:
            single.pop(year, None)
        blocks += [block] if block.parts else []
    start, offset, since = base_year or 0, 0.0, dict(ends).get(str(base_year))
    if base_year is None and ends and len(ends[0][0]) == 4:
        start, offset, since = int(ends[0][0]), ends[0][1], 0.0
        labels.setdefault(start, ends[0][0])
    elif base_year is None and single:
        start = min(single) - 1
        notes.append(Note("counted_from", {"year": start + 1}))
    if when is not None and start:
        notes.append(Note("in_rounds", {"periods": [str(year) for year in sorted(when) if year > start][:6]}))
    limits = []
    for row in totals.itertuples():
        decides = row.qualifier == ">=" or (row.qualifier == "<=" and row.months == 12)
        if since is not None and row.year > start and decides:
            limits.append((int(row.year), row.qualifier, float(row.value) - since))
            labels.setdefault(int(row.year), str(row.period))
    counts = tuple(sorted([*single.values(), *blocks], key=lambda c: c.parts[0][0]))
    rows = pd.concat([new, totals], ignore_index=True) if len(totals) else new
    return CountSeries(counts, labels, start, offset, deadline, rows, tuple(notes), tuple(limits), when)


def _totals(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Period and number of year ends and the last within a year, but what a later, lower one puts right."""
    rows = rows[rows["qualifier"].isin(["=", "~"])].sort_values(["year", "months", "period"])
    whole = rows["months"] == 12
    later = rows[~whole & (rows["year"] > rows.loc[whole, "year"].max())][-1:]
    kept = list[tuple[str, float]]()
    for row in pd.concat([rows[whole], later]).itertuples():
        while len(kept) > 1 and kept[-1][1] > row.value:
            kept.pop()
        kept.append((str(row.period), float(row.value)))
    return kept


def _between(
    single: dict[int, Count], before: str, after: str, items: float, rounds: frozenset[int] | None,
    digits: list[int],
) -> Count | None:  # fmt: skip
    """What two totals say of the years without a number; None when they disagree by over half a step."""
    last, half = int(after[:4]), 0.5 * 10.0 ** -min(digits)
    spans = {year: 1.0 for year in range(int(before) + 1, last)} | {last: months_covered(after) / 12}
    for year in list(spans):
        own = single.get(year)
        if own is not None and own.qualifier == "=" and own.exposure >= spans[year]:
            items -= own.count
            del spans[year]
        elif own is None and rounds is not None and year not in rounds:
            del spans[year]
    items = round(items, max(digits))  # the difference of published numbers has their decimals
    if not reaches(items, -half) or (not spans and not reaches(half, items)):
        return None
    return Count(tuple(spans.items()), max(0.0, items))


def of_counts(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a cumulative target, or of no event from the year after the base year (without one, in the
    deadline's year): met or missed once what is counted decides, else the share of draws that reach the target or the
    exact probability of no event; not assessable without counts to tell a rate from.
    """
    target, raw = question.target, question.series(indicator_id)
    totals = standing(figures_of(question.data, indicator_id, target.region))
    totals = totals[totals["measure"] == "count_total"]
    bound, deadline, up, events = target.bound(), target.deadline, target.upward, target.kind == "zero_event"
    new, start = raw.new_counts, target.base_year
    if events:
        new, totals, start = _events(raw), totals.iloc[:0], deadline - 1 if start is None else start
    known = _count_series(new, totals, start, deadline, str(question.data.indicator(indicator_id)["rounds"]))
    series = _as_counted(raw, known, events)
    told = (Note("event_years", {"first": known.start + 1, "last": deadline}),) if events else known.notes
    notes, period = (*series.notes, *told), (known.start + 1, deadline)
    answer = question.answer(indicator_id, role, series, threshold=target.level(), bound=bound, notes=notes)
    answer = replace(answer, period=period) if events else answer
    if not (known.counts or known.limits) and (events or known.start != deadline):
        codes = ("only_bounds", "no_exposure") if events else ("no_counts", "no_observation")
        return refused(answer, Note("one_total" if len(totals) else codes[raw.figures().empty]))
    if known.start > deadline:
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": known.start}))
    tally, (certain, most) = known.tally(question.data.as_of.year, 0.0 if events else bound), known.ends()
    answer = replace(answer, period=period, tally=tally)
    past = reaches(certain, bound) if up else not reaches(certain, bound, upward=False)
    if past or (not reaches(most, bound) if up else reaches(most, bound, upward=False)):
        by = known.reached_in(bound, not up) if past else tally.through
        if not events:
            answer, by = replace(answer, pace_so_far=known.paces(0.0)[0]), by or str(known.start)
        return settled(answer, past == up, certain if past else most, by if past or not events else None)
    numbers = sum(c.exposure > 0 for c in known.counts if c.qualifier == "=")
    if numbers < FEWEST:
        few = Note("few_counts", {"count": numbers, "least": FEWEST}) if numbers else Note("only_bounds")
        return refused(answer, few)
    return (_events_ahead if events else _counts_ahead)(question, answer, known, tally)


def _as_counted(raw: AnnualSeries, known: CountSeries, events: bool) -> AnnualSeries:
    """The series as the cumulated number by year, with the figures that are counted as those used."""
    counting = 0 < known.start <= known.deadline and len(known.rows)
    series = bare(raw, known.cumulated() if counting else series_of({}), known.rows)
    untold = ("new_counts",) if events else ("new_counts", "stock_within_year", "year_to_date")  # of levels
    notes = [n for n in raw.notes if n.code not in untold and not n.code.startswith("unused_")]
    if events:
        return replace(series, unused=raw.unused[raw.unused["measure"] != "level"], notes=tuple(notes))
    left = raw.figures()
    left = left[~left["measure"].isin(["count_new", "count_total"])].assign(reason="no_count")
    if len(left):
        notes.append(Note("unused_no_count", {"periods": [str(period) for period in left["period"]]}))
    return replace(series, base_year=None, unused=left, notes=tuple(notes))


def _counts_ahead(question: Question, answer: Assessment, known: CountSeries, tally: Tally) -> Assessment:
    """The verdict from draws of what is still to come, within what bounds on totals allow."""
    target, bound, levels = question.target, question.target.bound(), answer.levels()
    rng = np.random.default_rng(question.seed)
    # a step of the process is a power of ten, or 1/FINEST of a year; the unit published plays no part, and digits
    # beyond the tenth are binary blur
    texts = [f"{c.count:.9e}".partition("e") for c in known.counts if c.count > 0]
    powers = [int(after) - len(digits.partition(".")[2].rstrip("0")) for digits, _, after in texts]
    number = math.fsum(c.count for c in known.counts if c.qualifier == "=")
    unit = max(float(f"1e{min(powers, default=0)}"), number / known.exposure / FINEST)
    scaled = [replace(c, count=c.count / unit) for c in known.counts]
    rates = posterior(scaled, question.draws, rng)
    new = new_items(scaled, rates, known.start + 1, known.deadline, rng, known.rounds)
    paths = known.offset + unit * np.cumsum(new, axis=1)
    for year, sign, limit in known.limits:
        column = year - known.start - 1
        held, within = (slice(column, None), np.maximum) if sign == ">=" else (slice(column + 1), np.minimum)
        paths[:, held] = within(paths[:, held], limit)
    years = np.arange(known.start + 1, known.deadline + 1)
    first = int(np.flatnonzero(~np.isin(years, levels.index))[0])
    forecast = Forecast(paths[:, first:], years[first:], "gamma_poisson", "count", levels)
    met = target.is_met(paths[:, -1], bound)
    strict = float(np.mean(target.is_met(paths[:, -1], target.level())))
    last, span = int(levels.index[-1]), f"{round(tally.exposure, 1):g}"
    rests = Note("rate_rests_on", {"exposure": span, "unit": "year" if span == "1" else "years"})
    awaiting = question.awaiting(int((tally.through or str(last))[:4]))
    notes = (*awaiting, *question.without_tolerance(strict), rests)
    answer = judged(replace(answer, likelihood="gamma_poisson", notes=(*answer.notes, *notes)), forecast, met)
    if last < known.deadline:
        left = pd.Index(range(last, known.deadline + 1), name="year")
        straight = np.linspace(float(levels[last]), bound, len(left))
        answer = replace(answer, needed_path=pd.Series(straight, index=left, name="needed"))
    half, (so_far, needed) = 0.5 / (len(met) + 1), known.paces(tally.needed)  # no certainty from draws
    chance = min(max(float(np.mean(met)), half), 1 - half)
    return replace(answer, probability=chance, pace_so_far=so_far, pace_needed=needed)


def _events(raw: AnnualSeries) -> pd.DataFrame:
    """Events by year, from counts of new items and from levels, which here are numbers of the year as well."""
    rows = raw.figures()
    events = new_counts(rows[rows["measure"].isin(["level", "count_new"])].assign(measure="count_new"))
    events.loc[(events["qualifier"] == "<=") & (events["count"] == 0), "qualifier"] = "="
    return events


def _events_ahead(question: Question, answer: Assessment, known: CountSeries, tally: Tally) -> Assessment:
    """The exact probability of none in the time left, and draws of the number of events for the picture."""
    from scipy.special import betainc

    rng, exposure, bound = np.random.default_rng(question.seed), tally.exposure, question.target.bound()
    events, ahead = sum(c.count for c in known.counts if c.qualifier == "="), len(known.years) - tally.covered
    allowed, passed = math.floor(bound - tally.count), exposure / (exposure + ahead)
    probability = float(betainc(events + 0.5, allowed + 1, passed))
    rate = rng.standard_gamma(events + 0.5, question.draws) / exposure
    years = np.arange(known.start + 1, known.deadline + 1)
    done = {year: share for c in known.inside if c.qualifier == "=" for year, share in c.parts}
    left = np.array([1 - done.get(int(year), 0.0) if int(year) in known.years else 0.0 for year in years])
    paths = np.cumsum(rng.poisson(rate[:, None] * left), axis=1).astype(float)
    first = int(np.flatnonzero(left > 0)[0])
    forecast = Forecast(paths[:, first:], years[first:], "events", "count", answer.levels())
    awaiting = question.awaiting(int((tally.through or str(known.start))[:4]))
    rate_of = {"events": events, "exposure": round(exposure, 1), "left": round(ahead, 1)}
    told = Note("event_rate", {name: f"{number:g}" for name, number in rate_of.items()})
    return replace(
        judged(answer, forecast, paths[:, -1] <= bound), likelihood="events", probability=probability,
        probability_error=0.0, word=ipcc_word(probability), expected=(events + 0.5) / exposure * ahead,
        notes=(*answer.notes, *awaiting, told),
    )  # fmt: skip

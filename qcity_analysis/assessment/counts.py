"""Targets on what is counted: the sum of what is new since a base year, no event in a period, and milestones.

Counted are published counts of new items and differences of totals, year by year, never rounded: a count may be in
10 000 persons. Where things happen in `rounds`, years without a round are no zeros and no exposure. A count cannot
fall: a target reached is met before its deadline. The rest of the period is Gamma–Poisson (see `rates`); years without
a figure are drawn, never taken as zero. Fewer than three numbers tell no rate: they do not show how years differ.

The yearly rate of events has Jeffreys' prior Gamma(½, 0); after y events in T years of published figures it is
Gamma(y + ½, T), and none will happen in τ more years with probability (T / (T + τ))^(y + ½), exactly. Years of the
period without a figure belong to τ. Events are taken as independent at one rate: no trend, no clusters. A milestone is
done by a published 1, not done by a 0 for the deadline; nothing else is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..data.schema import rounds_of
from ..data.vintages import is_whole, months_covered
from ..errors import Note
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries
from ..series.evidence import new_counts
from ..series.levels import series_of
from ..targets import Pace, reaches
from .answer import Assessment, Question, Tally, bare, ipcc_word, judged, refused, settled
from .rates import Count, new_items, posterior

UNTOLD = ("new_counts", "stock_within_year", "year_to_date")  # notes on levels, which counts are not
FINEST = 1000  # steps of the process in an average year, at most
FEWEST = 3  # counts from which a rate and how it varies are told


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

    def so_far(self, signs: str = "=") -> tuple[float, float]:
        """The cumulated number of the counts inside with one of these signs, and the years (rounds) they cover."""
        kept, years = [c for c in self.inside if c.qualifier in signs.split()], set(self.years)
        number = float(f"{self.offset + math.fsum(c.count for c in kept):.15g}")  # without binary blur
        return number, sum(share for c in kept for year, share in c.parts if year in years)

    @property
    def certain(self) -> float:
        """What is counted for certain by the deadline; a lower bound counts as what it is at least."""
        limits = (n for year, sign, n in self.limits if sign == ">=" and year <= self.deadline)
        return max([self.so_far("= >=")[0], *limits])

    @property
    def most(self) -> float:
        """What it can be at most by the deadline; infinite while anything is open."""
        total, covered = self.so_far("= <=")
        limits = (n for year, sign, n in self.limits if sign == "<=" and year >= self.deadline)
        return min([total if reaches(covered, len(self.years)) else math.inf, *limits])

    @property
    def last(self) -> int:
        """The last year of a count in the period; the start where there is none."""
        return max((year for c in self.inside for year, _ in c.parts), default=self.start)

    def tally(self, today: int, bound: float) -> Tally:
        """What is counted so far in the year `today`, and what is missing to the bound."""
        known = {year for c in self.counts for year, _ in c.parts}
        over = max([*known, today - 1])
        unknown = tuple(year for year in self.years if year <= over and year not in known)
        ends = [year for year, *_ in self.limits if self.start < year <= self.deadline]
        last = max([self.last, *ends])
        through = self.labels.get(last, str(last)) if self.inside or ends else None
        needed, exposure = max(0.0, bound - self.certain), _exposure(self.counts)
        return Tally(self.certain, through, len(self.years), self.so_far()[1], unknown, needed, exposure)

    def reached_in(self, bound: float, beyond: bool) -> str | None:
        """The period whose figure brought what is certain to `bound`, or `beyond` it."""
        for year in sorted({self.start, *(y for y in self.labels if self.start < y <= self.deadline)}):
            total = replace(self, deadline=year).certain
            if not reaches(total, bound, upward=False) if beyond else reaches(total, bound):
                return self.labels.get(year)
        return None

    def cumulated(self) -> pd.Series:
        """The cumulated number at the end of each year, index year from the start; NaN where it is not known."""
        levels = {self.start: self.offset}
        for year in range(self.start + 1, self.deadline + 1):
            until = replace(self, deadline=year)
            number, covered = until.so_far()
            levels[year] = number if reaches(covered, len(until.years)) else math.nan
        series = pd.Series(levels, name="level", dtype=float).rename_axis("year")
        return series.loc[: series.last_valid_index()]

    def paces(self, tally: Tally) -> tuple[Pace | None, Pace | None]:
        """Items a year over the time that is counted, and over the time that is left (unknown years before the last
        figure are open too); no compound pace for counts.
        """
        number, covered = sum(c.count for c in self.inside if c.qualifier == "="), tally.covered
        so_far = Pace(number / covered, None, self.start, self.last) if covered > 0 else None
        known, left = {year for c in self.inside for year, _ in c.parts}, tally.years - covered
        gap = any(year not in known for year in self.years if year <= self.last)
        since = self.start if gap else min(self.last, self.deadline - 1)
        return so_far, Pace(tally.needed / left, None, since, self.deadline) if left > 0 else None


def _exposure(counts: Sequence[Count]) -> float:
    """Years (rounds) of numbers, those before the start included."""
    return sum(c.exposure for c in counts if c.qualifier == "=")


def _unit_of(counts: Sequence[Count]) -> float:
    """A step of the process: a power of ten, or 1/FINEST of a year; the unit published plays no part."""
    # digits beyond the tenth are binary blur
    texts = [f"{c.count:.9e}".partition("e") for c in counts if c.count > 0]
    powers = [int(after) - len(digits.partition(".")[2].rstrip("0")) for digits, _, after in texts]
    number, exposure = math.fsum(c.count for c in counts if c.qualifier == "="), _exposure(counts)
    least = float(f"1e{min(powers, default=0)}")
    return max(least, number / exposure / FINEST) if exposure and powers else least


def _count_series(
    new: pd.DataFrame, totals: pd.DataFrame, base_year: int | None, deadline: int, rounds: str
) -> CountSeries:
    """The counts of a series, from its counts of new items and from what lies between `totals` (rows of `count_total`).

    Counting starts after `base_year`; where that is None, with the first total (whatever it holds counts), or with the
    first year of which a count of new items is published. `rounds` is the indicator's declaration.
    """
    when = rounds_of(rounds)
    single: dict[int, Count] = {}
    columns = (new["year"], new["months"], new["count"], new.get("qualifier", ()))
    for year, months, items, sign in zip(*columns, strict=True):
        if items > 0 or when is None or year in when:  # nothing in a year without a round says nothing
            part, sign = (int(year), float(months) / 12), sign if sign in (">=", "<=") else "="
            single[int(year)] = Count((part,), float(items), sign)
    labels = {int(row.year): str(row.period) for row in new.itertuples()}
    decimals = [int(d) for rows in (new, totals) if "decimals" in rows for d in rows["decimals"]]
    digits = (min(decimals, default=0), max(decimals, default=12))
    ends, notes, blocks = _totals(totals), [], []
    for (before, early), (after, late) in zip(ends[:-1], ends[1:], strict=True):
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
        start, offset = int(ends[0][0]), ends[0][1]
        since = 0.0 if offset else None
        labels.setdefault(start, ends[0][0])
    elif base_year is None and single:
        start = min(single) - 1
        notes.append(Note("counted_from", {"year": start + 1}))
    if when is not None and start:
        notes.append(Note("in_rounds", {"periods": [str(year) for year in sorted(when) if year > start][:6]}))
    limits = []
    for row in totals.itertuples():
        year, sign, months = int(str(row.period)[:4]), str(row.qualifier), months_covered(str(row.period))
        decides = sign == ">=" or (sign == "<=" and months == 12)
        if since is not None and year > start and decides:
            limits.append((year, sign, float(row.value) - since))
            labels.setdefault(year, str(row.period))
    counts = tuple(sorted([*single.values(), *blocks], key=lambda c: c.parts[0][0]))
    rows = pd.concat([new, totals], ignore_index=True) if len(totals) else new
    return CountSeries(counts, labels, start, offset, deadline, rows, tuple(notes), tuple(limits), when)


def _totals(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Period and number of year ends and the last within a year, but what a later, lower one puts right."""
    numbers = [(str(r.period), float(r.value)) for r in rows.itertuples() if r.qualifier in ("=", "~")]
    ends = [(period[:4], value) for period, value in numbers if months_covered(period) == 12]
    last, kept = max((period for period, _ in ends), default="9999"), list[tuple[str, float]]()
    later = [(end[0][:4], months_covered(end[0]), end) for end in numbers if end[0][:4] > last]
    for end in [*ends, *(one[2] for one in sorted(later)[-1:])]:
        while len(kept) > 1 and kept[-1][1] > end[1]:
            kept.pop()
        kept.append(end)
    return kept


def _between(
    single: dict[int, Count], before: str, after: str, items: float, rounds: frozenset[int] | None,
    digits: tuple[int, int],
) -> Count | None:  # fmt: skip
    """What two totals say of the years without a number; None when they disagree by over half a step."""
    last, half = int(after[:4]), 0.5 * 10.0 ** -digits[0]
    spans = {year: 1.0 for year in range(int(before) + 1, last + 1)}
    spans[last] = months_covered(after) / 12
    for year in list(spans):
        own = single.get(year)
        if own is not None and own.qualifier == "=" and own.exposure >= spans[year]:
            items -= own.count
            del spans[year]
        elif own is None and rounds is not None and year not in rounds:
            del spans[year]
    items = round(items, digits[1])  # the difference of published numbers has their decimals
    if not reaches(items, -half) or (not spans and not reaches(half, items)):
        return None
    return Count(tuple(spans.items()), max(0.0, items))


def _together(*frames: pd.DataFrame) -> pd.DataFrame:
    """Those of the frames that have rows as one; the first where none has."""
    return pd.concat([rows for rows in frames if len(rows)] or frames[:1], ignore_index=True)


def counted(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a cumulative target, or of no event from the year after the base year (without one, in the
    deadline's year): met or missed once what is counted decides, else the share of draws that reach the target or the
    exact probability of no event; not assessable without counts to tell a rate from.
    """
    target, deadline, bound = question.target, question.target.deadline, question.target.bound()
    events, start, raw = target.kind == "zero_event", target.base_year, question.series(indicator_id)
    start = deadline - 1 if events and start is None else start
    new = _events(raw) if events else raw.new_counts
    totals = pd.DataFrame() if events else question.totals(indicator_id)
    known = _count_series(new, totals, start, deadline, str(question.data.indicator(indicator_id)["rounds"]))
    series = _as_counted(raw, known, events)
    period_note = Note("event_years", {"first": known.start + 1, "last": deadline})
    notes = (*series.notes, *([period_note] if events else known.notes))
    asked = target.level() if events else target.threshold
    answer = question.answer(indicator_id, role, series, threshold=asked, bound=bound, notes=notes)
    if events:
        answer = replace(answer, period=(known.start + 1, deadline))
    if not (known.counts or known.limits) and (events or known.start != deadline):
        rows = any(len(one) for one in (raw.observations, raw.bounds, raw.unused, *[raw.new_counts] * events))
        codes = ("only_bounds", "no_exposure") if events else ("no_counts", "no_observation")
        code = "one_total" if len(totals) else codes[not rows]
        return refused(answer, Note(code, {"count": 0} if code in ("no_counts", "no_observation") else {}))
    if known.start > deadline:
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": known.start}))
    tally = known.tally(question.data.as_of.year, 0.0 if events else bound)
    answer = replace(answer, period=(known.start + 1, deadline), tally=tally)
    certain, most, up = tally.count, known.most, target.upward
    past = reaches(certain, bound) if up else not reaches(certain, bound, upward=False)
    if past or (not reaches(most, bound) if up else reaches(most, bound, upward=False)):
        period = known.reached_in(bound, not up) if past else tally.through
        if not events:
            answer, period = replace(answer, pace_so_far=known.paces(tally)[0]), period or str(known.start)
        outcome = certain if past else most
        return settled(answer, past == up, outcome, period if past or not events else None)
    numbers = sum(c.exposure > 0 for c in known.counts if c.qualifier == "=")
    if numbers < FEWEST:
        few = Note("few_counts", {"count": numbers, "least": FEWEST}) if numbers else Note("only_bounds")
        return refused(answer, few)
    return (_events_ahead if events else _counts_ahead)(question, answer, known, series, bound)


def _as_counted(raw: AnnualSeries, known: CountSeries, events: bool) -> AnnualSeries:
    """The series as the cumulated number by year, with the figures that are counted as those used."""
    counting = 0 < known.start <= known.deadline and len(known.rows)
    series = bare(raw, known.cumulated() if counting else series_of({}), known.rows)
    untold = ("new_counts",) if events else UNTOLD
    notes = [n for n in raw.notes if n.code not in untold and not n.code.startswith("unused_")]
    if events:
        return replace(series, unused=raw.unused[raw.unused["measure"] != "level"], notes=tuple(notes))
    left = _together(raw.observations, raw.unused)
    left = left[left["measure"] != "count_total"].assign(reason="no_count")
    if len(left):
        notes.append(Note("unused_no_count", {"periods": [str(period) for period in left["period"]]}))
    return replace(series, base_year=None, unused=left, notes=tuple(notes))


def _counts_ahead(
    question: Question, answer: Assessment, known: CountSeries, series: AnnualSeries, bound: float
) -> Assessment:
    """The verdict from draws of what is still to come."""
    tally = answer.tally
    assert tally is not None
    target, deadline, levels = question.target, question.target.deadline, series.known()
    paths, last = _paths(question, known), int(levels.index[-1])
    first = next(year for year in range(known.start + 1, deadline + 1) if year not in levels.index)
    years = np.arange(first, deadline + 1)
    forecast = Forecast(paths[:, -len(years) :], years, "gamma_poisson", "count", levels)
    met = target.is_met(paths[:, -1], bound)
    strict = float(np.mean(target.is_met(paths[:, -1], target.threshold or 0.0)))
    span = f"{tally.exposure:.1f}".removesuffix(".0")
    notes = (
        *question.awaiting(int((tally.through or str(last))[:4])),
        *question.without_tolerance(strict),
        Note("rate_rests_on", {"exposure": span, "unit": "year" if span == "1" else "years"}),
    )
    answer = judged(replace(answer, likelihood="gamma_poisson", notes=(*answer.notes, *notes)), forecast, met)
    chance, half = float(np.mean(met)), 0.5 / (len(met) + 1)  # no certainty from draws
    if last < deadline:
        left = pd.Index(range(last, deadline + 1), name="year")
        straight = np.linspace(float(levels[last]), bound, len(left))
        answer = replace(answer, needed_path=pd.Series(straight, index=left, name="needed"))
    chance, (so_far, needed) = min(max(chance, half), 1 - half), known.paces(tally)
    return replace(answer, probability=chance, pace_so_far=so_far, pace_needed=needed)


def _paths(question: Question, known: CountSeries) -> np.ndarray:
    """The cumulated number at the end of each year for each draw, within what bounds on totals allow."""
    rng, unit = np.random.default_rng(question.seed), _unit_of(known.counts)
    scaled = [replace(c, count=c.count / unit) for c in known.counts]
    rates = posterior(scaled, question.draws, rng)
    new = new_items(scaled, rates, known.start + 1, known.deadline, rng, known.rounds)
    paths = known.offset + unit * np.cumsum(new, axis=1)
    for year, sign, number in known.limits:
        column = year - known.start - 1
        held, limit = (slice(column, None), np.maximum) if sign == ">=" else (slice(column + 1), np.minimum)
        paths[:, held] = limit(paths[:, held], number)
    return paths


def _events(raw: AnnualSeries) -> pd.DataFrame:
    """Events by year, from counts of new items and from levels, which here are numbers of the year as well."""
    rows = _together(raw.observations, raw.bounds, raw.unused)
    levels = rows[rows["measure"] == "level"]
    if len(levels):
        months = [months_covered(str(period)) for period in levels["period"]]
        levels = levels.assign(measure="count_new", months=months, count=levels["value"])
    both = _together(raw.new_counts, levels)
    if len(both):  # at most none is none
        both = new_counts(both)
        both.loc[(both["qualifier"] == "<=") & (both["count"] == 0), "qualifier"] = "="
    return both


def none_in(events: float, exposure: float, ahead: float, allowed: float = 0.0) -> float:
    """The probability of at most `allowed` events in `ahead` years after `events` in `exposure` years, with Jeffreys'
    prior. Raises ZeroDivisionError without any exposure.

    >>> round(none_in(0, 5, 2), 3)
    0.845
    """
    from scipy.special import betainc

    return float(betainc(events + 0.5, math.floor(allowed) + 1, exposure / (exposure + ahead)))


def _events_ahead(
    question: Question, answer: Assessment, known: CountSeries, series: AnnualSeries, bound: float
) -> Assessment:
    """The exact probability of none in the time left, and draws of the number of events for the picture."""
    assert answer.tally is not None
    rng, tally, exposure = np.random.default_rng(question.seed), answer.tally, answer.tally.exposure
    events, ahead = sum(c.count for c in known.counts if c.qualifier == "="), len(known.years) - tally.covered
    probability = none_in(events, exposure, ahead, bound - tally.count)
    rate = rng.standard_gamma(events + 0.5, question.draws) / exposure
    years = np.arange(known.start + 1, known.deadline + 1)
    done = {year: share for c in known.inside if c.qualifier == "=" for year, share in c.parts}
    left = np.array([1 - done.get(int(year), 0.0) if int(year) in known.years else 0.0 for year in years])
    paths = np.cumsum(rng.poisson(rate[:, None] * left), axis=1).astype(float)
    first = int(np.flatnonzero(left > 0)[0])
    forecast = Forecast(paths[:, first:], years[first:], "events", "count", series.known())
    spans = {key: f"{span:.1f}".removesuffix(".0") for key, span in (("exposure", exposure), ("left", ahead))}
    last = int((tally.through or str(known.start))[:4])
    answer = judged(answer, forecast, paths[:, -1] <= bound)
    return replace(
        answer, likelihood="events", probability=probability, probability_error=0.0, word=ipcc_word(probability),
        expected=(events + 0.5) / exposure * ahead,
        notes=(*answer.notes, *question.awaiting(last), Note("event_rate", {"events": f"{events:g}"} | spans)),
    )  # fmt: skip


def milestone(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a milestone; there is never a probability, since figures say nothing on its chance."""
    deadline, series = question.target.deadline, question.series(indicator_id)
    answer = question.answer(indicator_id, role, series, notes=series.notes)
    rows = _together(series.observations, series.unused, series.bounds, series.new_counts)
    if rows.empty:
        return refused(answer, Note("no_observation", {"count": 0}))
    rows = rows.sort_values(["year", "period"], kind="stable")
    ones, year = reaches(rows["value"], 1.0), rows["year"]
    done = rows[ones & (year <= deadline) & (rows["qualifier"] != "<=")]
    if len(done):
        return settled(answer, True, 1.0, str(done["period"].iloc[0]))
    over = year - ~is_whole(rows["period"])  # last year that is over
    if (~ones & (over >= deadline) & (rows["qualifier"] != ">=")).any():  # not done at or after the deadline
        return settled(answer, False, 0.0)
    late = year[year > deadline]
    if len(late):
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": int(late.iloc[0])}))
    return refused(answer, Note("milestone_open", {"period": str(rows["period"].iloc[-1])}))

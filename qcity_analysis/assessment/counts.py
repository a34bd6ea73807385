"""Targets on the sum of what is new since a base year: what is counted, and what the remaining time may bring.

Counted are published counts of new items and differences of totals, year by year, never rounded: a count may be in
10 000 persons. Where things happen in rounds (`rounds`), years without a round are no zeros and no exposure: the rounds
are what counts, and what is still to come. A count cannot fall: a target reached is met before its deadline.

The rest of the period is Gamma–Poisson (see `rates`). Years without a figure are drawn, never taken as zero. Fewer than
three numbers tell no rate: they do not show how years differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..data.schema import rounds_of
from ..data.vintages import months_covered
from ..errors import Note
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries
from ..targets import Pace, reaches
from .answer import Assessment, Question, Tally, bare, judged, refused, settled
from .rates import Count, new_items, posterior

UNTOLD = ("new_counts", "stock_within_year", "year_to_date")  # notes on levels, which counts are not
FINEST = 1000  # steps of the process in an average year, at most
FEWEST = 3  # counts from which a rate and how it varies are told


@dataclass(frozen=True)
class Counted:
    """Counts in order of time, and the period in which they count.

    Attributes: `counts`; `labels` (last year of a count to the period as published); `start`, the last year that does
    not count (0 where nothing says when counting starts), and `offset`, what was there at its end; `deadline`, the last
    year; `rows`, the published figures used; `notes`; `limits`, bounds on the cumulated number at the end of a year
    (year, sign, number); `rounds`, the years in which it happens, None for every year.
    """

    counts: tuple[Count, ...]
    labels: dict[int, str]
    start: int
    offset: float
    deadline: int
    rows: pd.DataFrame
    notes: tuple[Note, ...] = ()
    limits: tuple[tuple[int, str, float], ...] = ()
    rounds: frozenset[int] | None = None

    def until(self, year: int) -> Counted:
        """The same with another last year."""
        return replace(self, deadline=year)

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
    def numbers(self) -> list[Count]:
        """The counts that are no bounds, those before the start included: what a rate is told from."""
        return [c for c in self.counts if c.qualifier == "="]

    @property
    def exposure(self) -> float:
        """Years (rounds) of numbers."""
        return sum(c.exposure for c in self.numbers)

    def _total(self, counts: Iterable[Count]) -> float:
        return float(f"{self.offset + math.fsum(c.count for c in counts):.15g}")  # without binary blur

    def _share(self, counts: Iterable[Count]) -> float:
        years = set(self.years)
        return sum(share for c in counts for year, share in c.parts if year in years)

    @property
    def certain(self) -> float:
        """What is counted for certain by the deadline; a lower bound counts as what it is at least."""
        told = self._total(c for c in self.inside if c.qualifier != "<=")
        return max([told, *(n for year, sign, n in self.limits if sign == ">=" and year <= self.deadline)])

    @property
    def most(self) -> float:
        """What it can be at most by the deadline; infinite while anything is open."""
        kept = [c for c in self.inside if c.qualifier != ">="]
        told = self._total(kept) if reaches(self._share(kept), len(self.years)) else math.inf
        return min([told, *(n for year, sign, n in self.limits if sign == "<=" and year >= self.deadline)])

    @property
    def covered(self) -> float:
        """Years (rounds) between the start and the deadline for which there is a number."""
        return self._share(c for c in self.inside if c.qualifier == "=")

    @property
    def through(self) -> str | None:
        """The period of the last figure that counts."""
        ends = [max(year for year, _ in c.parts) for c in self.inside]
        ends += [year for year, *_ in self.limits if self.start < year <= self.deadline]
        return self.labels.get(max(ends), str(max(ends))) if ends else None

    def tally(self, today: int, bound: float = 0.0) -> Tally:
        """What is counted so far in the year `today`, and what is missing to the bound."""
        told = {year for c in self.counts for year, _ in c.parts}
        over = [year for year in self.years if year <= max([*told, today - 1])]
        return Tally(
            count=self.certain,
            through=self.through,
            years=len(self.years),
            covered=self.covered,
            unknown=tuple(year for year in over if year not in told),
            needed=max(0.0, bound - self.certain),
            exposure=self.exposure,
        )

    def reached_in(self, bound: float, beyond: bool = False) -> str | None:
        """The period whose figure brought what is certain to `bound`, or `beyond` it."""
        for year in sorted({self.start, *(y for y in self.labels if self.start < y <= self.deadline)}):
            total = self.until(year).certain
            if not reaches(total, bound, upward=False) if beyond else reaches(total, bound):
                return self.labels.get(year)
        return None

    def cumulated(self) -> pd.Series:
        """The cumulated number at the end of each year, index year from the start; NaN where it is not known."""
        levels = {self.start: self.offset}
        for year in range(self.start + 1, self.deadline + 1):
            so_far = self.until(year)
            complete = reaches(so_far.covered, len(so_far.years))
            numbers = (c for c in so_far.inside if c.qualifier == "=")
            levels[year] = so_far._total(numbers) if complete else math.nan
        series = pd.Series(levels, name="level", dtype=float).rename_axis("year")
        return series.loc[: series.last_valid_index()]

    def too_few(self) -> Note | None:
        """Why no rate is told: only bounds, or fewer than three numbers, which do not show how years differ."""
        numbers = sum(c.exposure > 0 for c in self.numbers)
        if numbers >= FEWEST:
            return None
        return Note("few_counts", {"count": numbers, "least": FEWEST}) if numbers else Note("only_bounds")


def unit_of(counts: Sequence[Count]) -> float:
    """What the process is counted in: the largest power of ten that all counts are multiples of, or a thousandth of
    the average year where that is more, so that a rate does not depend on the unit it was published in.

    >>> unit_of([Count(((2021, 1.0),), 2.5), Count(((2022, 1.0),), 3)]), unit_of([Count(((2021, 1.0),), 36500.0)])
    (0.1, 100.0)
    """
    sizes = [c.count for c in counts if c.count > 0]
    if not sizes:
        return 1.0
    texts = [f"{size:.9e}".partition("e") for size in sizes]  # digits beyond the tenth are binary blur
    power = min(int(after) - len(digits.partition(".")[2].rstrip("0")) for digits, _, after in texts)
    numbers = [c for c in counts if c.qualifier == "="]
    exposure = sum(c.exposure for c in numbers)
    mean = math.fsum(c.count for c in numbers) / exposure if exposure else 0.0
    return float(max(float(f"1e{power}"), mean / FINEST))


def counted(
    series: AnnualSeries, totals: pd.DataFrame, base_year: int | None, deadline: int, rounds: str = ""
) -> Counted:
    """The counts of a series, from its counts of new items and from `totals` (newest rows of `count_total`).

    Between two totals lies what came new; what years with a count of their own do not explain is that of the years
    between. Counting starts after `base_year`; where that is None, with the first total (whatever it holds counts), or
    with the first year of which a count of new items is published. `rounds` is the indicator's declaration.
    """
    new, when = series.new_counts, rounds_of(rounds)
    places = [int(d) for rows in (new, totals) if "decimals" in rows for d in rows["decimals"]]
    digits = (min(places, default=0), max(places, default=12))
    single = _single(new, when)
    labels = {int(row.year): str(row.period) for row in new.itertuples()}
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
    counts = sorted([*single.values(), *blocks], key=lambda c: c.parts[0][0])
    limits = () if since is None else _limits(totals, start, since, labels)
    rows = pd.concat([new, totals], ignore_index=True) if len(totals) else new
    return Counted(tuple(counts), labels, start, offset, deadline, rows, tuple(notes), limits, when)


def _single(new: pd.DataFrame, rounds: frozenset[int] | None) -> dict[int, Count]:
    """The counts of single years; nothing in a year without a round says nothing."""
    counts = {}
    for year, months, items, qualifier in zip(
        new["year"], new["months"], new["count"], new.get("qualifier", ()), strict=True
    ):
        if items > 0 or rounds is None or year in rounds:
            sign = qualifier if qualifier in (">=", "<=") else "="
            counts[int(year)] = Count(((int(year), float(months) / 12),), float(items), sign)
    return counts


def _limits(
    rows: pd.DataFrame, start: int, before: float, labels: dict[int, str]
) -> tuple[tuple[int, str, float], ...]:
    """What bounds on totals say of the number cumulated since the start, `before` which there were so many."""
    limits = []
    for row in rows[rows["qualifier"].isin([">=", "<="])].itertuples():
        year, months = int(str(row.period)[:4]), months_covered(str(row.period))
        if year > start and (months == 12 or row.qualifier == ">="):
            limits.append((year, str(row.qualifier), float(row.value) - before))
            labels.setdefault(year, str(row.period))
    return tuple(limits)


def _totals(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Totals at the ends of years, and one within the year after the last of them: period and number.

    Without those that a later, lower one puts right; the first one stands.
    """
    numbers = [(str(r.period), float(r.value)) for r in rows.itertuples() if r.qualifier in ("=", "~")]
    ends = [(period[:4], value) for period, value in numbers if months_covered(period) == 12]
    last = max((period for period, _ in ends), default="9999")
    later = [end for end in numbers if months_covered(end[0]) < 12 and end[0][:4] > last]
    later.sort(key=lambda end: (end[0][:4], months_covered(end[0])))
    kept: list[tuple[str, float]] = []
    for end in [*ends, *later[-1:]]:
        while len(kept) > 1 and kept[-1][1] > end[1]:
            kept.pop()
        kept.append(end)
    return kept


def _between(
    single: dict[int, Count], before: str, after: str, items: float, rounds: frozenset[int] | None,
    digits: tuple[int, int],
) -> Count | None:  # fmt: skip
    """The number of the years between two totals that have no number of their own; None when they do not agree.

    They may differ by half a step of the coarsest figure.
    """
    last, half = int(after[:4]), 0.5 * 10.0 ** -digits[0]
    share = {year: 1.0 for year in range(int(before) + 1, last + 1)}
    share[last] = months_covered(after) / 12
    for year in list(share):
        own = single.get(year)
        if own is not None and own.qualifier == "=" and own.exposure >= share[year]:
            items -= own.count
            del share[year]
        elif own is None and rounds is not None and year not in rounds:
            del share[year]
    items = round(items, digits[1])  # the difference of published numbers has their decimals
    if not reaches(items, -half) or (not share and not reaches(half, items)):
        return None
    return Count(tuple(share.items()), max(0.0, items))


def cumulative(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a cumulative target under one indicator.

    Met or missed once what is counted decides; else the share of draws that reach the target; not assessable without
    any count to tell a rate from.
    """
    target, deadline, bound = question.target, question.target.deadline, question.target.bound()
    raw, totals = question.series(indicator_id), question.totals(indicator_id)
    rounds = str(question.data.indicator(indicator_id).get("rounds", ""))
    held = counted(raw, totals, target.base_year, deadline, rounds)
    series = _as_counted(raw, held)
    notes = (*series.notes, *held.notes)
    answer = question.answer(indicator_id, role, series, threshold=target.threshold, bound=bound, notes=notes)
    if not (held.counts or held.limits) and held.start != deadline:
        rows = sum(len(rows) for rows in (raw.observations, raw.bounds, raw.unused))
        nothing = Note("no_counts" if rows else "no_observation", {"count": 0})
        return refused(answer, Note("one_total") if len(totals) else nothing)
    if held.start > deadline:
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": held.start}))
    tally = held.tally(question.data.as_of.year, bound)
    answer = replace(answer, period=(held.start + 1, deadline), tally=tally)
    certain, most, up = held.certain, held.most, target.upward
    past = reaches(certain, bound) if up else not reaches(certain, bound, upward=False)
    if past or (not reaches(most, bound) if up else reaches(most, bound, upward=False)):
        period = held.reached_in(bound, not up) if past else held.through
        answer = replace(answer, pace_so_far=_pace_so_far(held))
        return settled(answer, past == up, certain if past else most, period or str(held.start))
    reason = held.too_few()
    return refused(answer, reason) if reason else _ahead(question, answer, held, series, bound)


def _as_counted(raw: AnnualSeries, held: Counted) -> AnnualSeries:
    """The series as the cumulated number by year, with the figures that are counted as those used."""
    values = pd.Series(dtype=float, index=pd.Index([], dtype=int, name="year"), name="level")
    if 0 < held.start <= held.deadline and len(held.rows):
        values = held.cumulated()
    spare = [rows for rows in (raw.observations, raw.unused) if len(rows)]
    left = pd.concat(spare, ignore_index=True) if spare else raw.unused
    notes = [n for n in raw.notes if n.code not in UNTOLD and not n.code.startswith("unused_")]
    left = left[left["measure"] != "count_total"] if len(left) else left
    if len(left):
        notes.append(Note("unused_no_count", {"periods": [str(period) for period in left["period"]]}))
        left = left.assign(reason="no_count")
    series = bare(raw, values, held.rows)
    return replace(series, base_year=None, unused=left, notes=tuple(notes))


def _ahead(
    question: Question, answer: Assessment, held: Counted, series: AnnualSeries, bound: float
) -> Assessment:
    """The verdict from draws of what is still to come."""
    target, deadline, known = question.target, question.target.deadline, series.known()
    paths = _paths(question, held)
    missing = [year for year in range(held.start + 1, deadline + 1) if not known.get(year, np.nan) >= 0]
    years = np.arange(missing[0], deadline + 1)
    forecast = Forecast(paths[:, -len(years) :], years, "gamma_poisson", "count", known)
    met, last = target.is_met(paths[:, -1], bound), int(known.index[-1])
    strict = float(np.mean(target.is_met(paths[:, -1], target.threshold or 0.0)))
    span = f"{held.exposure:.1f}".removesuffix(".0")
    notes = (
        *question.awaiting(int((held.through or str(last))[:4])),
        *question.without_tolerance(strict),
        Note("rate_rests_on", {"exposure": span, "unit": "year" if span == "1" else "years"}),
    )
    answer = judged(replace(answer, likelihood="gamma_poisson", notes=(*answer.notes, *notes)), forecast, met)
    chance, half = float(np.mean(met)), 0.5 / (len(met) + 1)  # no certainty from draws
    if last < deadline:
        left = pd.Index(range(last, deadline + 1), name="year")
        straight = np.linspace(float(known[last]), bound, len(left))
        answer = replace(answer, needed_path=pd.Series(straight, index=left, name="needed"))
    return replace(
        answer, probability=min(max(chance, half), 1 - half), pace_so_far=_pace_so_far(held),
        pace_needed=_pace_needed(held, bound),
    )  # fmt: skip


def _paths(question: Question, held: Counted) -> np.ndarray:
    """The cumulated number at the end of each year for each draw, within what bounds on totals allow."""
    rng, unit = np.random.default_rng(question.seed), unit_of(held.counts)
    scaled = [replace(c, count=c.count / unit) for c in held.counts]
    rates = posterior(scaled, question.draws, rng)
    new = new_items(scaled, rates, held.start + 1, held.deadline, rng, held.rounds)
    paths = held.offset + unit * np.cumsum(new, axis=1)
    for year, sign, number in held.limits:
        place = year - held.start - 1
        if sign == ">=":
            paths[:, place:] = np.maximum(paths[:, place:], number)
        else:
            paths[:, : place + 1] = np.minimum(paths[:, : place + 1], number)
    return paths


def _pace_so_far(held: Counted) -> Pace | None:
    """Items a year over the time that is counted; no compound pace for counts."""
    if held.covered <= 0:
        return None
    number = sum(c.count for c in held.inside if c.qualifier == "=")
    return Pace(number / held.covered, None, held.start, _last(held))


def _pace_needed(held: Counted, bound: float) -> Pace | None:
    """Items a year over the time that is left; unknown years before the last figure are open too."""
    open_, last = len(held.years) - held.covered, _last(held)
    if open_ <= 0:
        return None
    told = {year for c in held.inside for year, _ in c.parts}
    gap = any(year not in told for year in held.until(last).years)
    since = held.start if gap else min(last, held.deadline - 1)
    return Pace(max(0.0, bound - held.certain) / open_, None, since, held.deadline)


def _last(held: Counted) -> int:
    return max((year for c in held.inside for year, _ in c.parts), default=held.start)

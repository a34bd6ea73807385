"""What is counted so far for a target: published counts of new items and differences of totals, year by year.

What is published is never rounded: a count may be in 10 000 persons. Where things happen in rounds (`rounds`), years
without a round are no zeros and no exposure: the rounds are what counts, and what is still to come.

How the counts go on is in `counts`; what a target makes of both in `cumulative` and `events`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ..data.schema import rounds_of
from ..data.vintages import months_covered
from ..errors import Note
from ..series.annual import AnnualSeries
from ..targets import reaches
from .rates import Count

FINEST = 1000  # steps of the process in an average year, at most
FEWEST = 3  # counts from which a rate and how it varies are told


@dataclass(frozen=True)
class Counted:
    """Counts in order of time, and where counting starts.

    Attributes: `counts`; `labels` (last year of a count to the period as published); `start`, the last year that does
    not count, and `offset`, what was there at its end; `rows`, the published figures used; `notes`; `limits`, bounds on
    the cumulated number at the end of a year (year, sign, number); `rounds`, the years in which it happens, None for
    every year.
    """

    counts: tuple[Count, ...]
    labels: dict[int, str]
    start: int | None
    offset: float
    rows: pd.DataFrame
    notes: tuple[Note, ...] = field(default_factory=tuple)
    limits: tuple[tuple[int, str, float], ...] = ()
    rounds: frozenset[int] | None = None

    def years(self, deadline: int) -> list[int]:
        """The years (of the rounds, where there are rounds) from the start to the deadline."""
        assert self.start is not None
        found = range(self.start + 1, deadline + 1)
        return [year for year in found if self.rounds is None or year in self.rounds]

    def inside(self, deadline: int) -> list[Count]:
        """The counts that lie wholly between the start and the deadline."""
        assert self.start is not None
        return [c for c in self.counts if all(self.start < year <= deadline for year, _ in c.parts)]

    def _total(self, counts: Iterable[Count]) -> float:
        return float(f"{self.offset + math.fsum(c.count for c in counts):.15g}")  # without binary blur

    def certain(self, deadline: int) -> float:
        """What is counted for certain by the deadline; a lower bound counts as what it is at least."""
        told = self._total(c for c in self.inside(deadline) if c.qualifier != "<=")
        return max([told, *(n for year, sign, n in self.limits if sign == ">=" and year <= deadline)])

    def most(self, deadline: int) -> float:
        """What it can be at most by the deadline; infinite while anything is open."""
        kept = [c for c in self.inside(deadline) if c.qualifier != ">="]
        covered = sum(share for c in kept for year, share in c.parts if year in self.years(deadline))
        told = math.inf
        if reaches(covered, len(self.years(deadline))):
            told = self._total(kept)
        return min([told, *(n for year, sign, n in self.limits if sign == "<=" and year >= deadline)])

    def covered(self, deadline: int) -> float:
        """Years (rounds) between the start and the deadline for which there is a number."""
        counted = set(self.years(deadline))
        numbers = [c for c in self.inside(deadline) if c.qualifier == "="]
        return sum(share for c in numbers for year, share in c.parts if year in counted)

    def complete(self, deadline: int) -> bool:
        """Whether a number is there for all of the time between the start and the deadline."""
        return reaches(self.covered(deadline), len(self.years(deadline)))

    def unknown(self, deadline: int, today: int) -> tuple[int, ...]:
        """Years without any figure that lie before the last one, or are over in the year `today`."""
        told = {year for c in self.counts for year, _ in c.parts}
        until = min(deadline, max([*told, today - 1]))
        return tuple(year for year in self.years(until) if year not in told)

    def through(self, deadline: int) -> str | None:
        """The period of the last figure that counts."""
        ends = [max(year for year, _ in c.parts) for c in self.inside(deadline)]
        ends += [year for year, *_ in self.limits if self.start is not None and self.start < year <= deadline]
        return self.labels.get(max(ends), str(max(ends))) if ends else None

    def reached_in(self, bound: float, deadline: int, beyond: bool = False) -> str | None:
        """The period whose figure brought what is certain to `bound`, or `beyond` it."""
        assert self.start is not None
        ends = sorted({self.start, *(y for y in self.labels if self.start < y <= deadline)})
        for year in ends:
            total = self.certain(year)
            if not reaches(total, bound, upward=False) if beyond else reaches(total, bound):
                return self.labels.get(year)
        return None

    def cumulated(self, deadline: int) -> pd.Series:
        """The cumulated number at the end of each year, index year from the start; NaN where it is not known."""
        assert self.start is not None
        found = {self.start: self.offset}
        for year in range(self.start + 1, deadline + 1):
            number = self._total(c for c in self.inside(year) if c.qualifier == "=")
            found[year] = number if self.complete(year) else math.nan
        series = pd.Series(found, name="level", dtype=float).rename_axis("year")
        return series.loc[: series.last_valid_index()]

    def numbers(self) -> int:
        """How many counts are numbers, from which a rate can be told."""
        return sum(c.qualifier == "=" and c.exposure > 0 for c in self.counts)

    def exposure(self) -> float:
        """Years (rounds) of counts the rate rests on, those before the start included."""
        return sum(c.exposure for c in self.counts if c.qualifier == "=")

    def too_few(self) -> Note | None:
        """Why no rate is told: only bounds, or fewer than three numbers, which do not show how years differ."""
        if self.numbers() >= FEWEST:
            return None
        facts = {"count": self.numbers(), "least": FEWEST}
        return Note("only_bounds") if not self.numbers() else Note("few_counts", facts)


def unit_of(counts: Sequence[Count]) -> float:
    """What the process is counted in: the largest power of ten that all counts are multiples of, or a thousandth of
    the average year where that is more, so that a rate does not depend on the unit it was published in.

    >>> unit_of([Count(((2021, 1.0),), 2.5), Count(((2022, 1.0),), 3)]), unit_of([Count(((2021, 1.0),), 36500.0)])
    (0.1, 100.0)
    """
    numbers = [c.count for c in counts if c.count > 0]
    if not numbers:
        return 1.0
    texts = [f"{number:.9e}".partition("e") for number in numbers]  # digits beyond the tenth are binary blur
    power = min(int(after) - len(digits.partition(".")[2].rstrip("0")) for digits, _, after in texts)
    exposure = sum(c.exposure for c in counts if c.qualifier == "=")
    mean = math.fsum(c.count for c in counts if c.qualifier == "=") / exposure if exposure else 0.0
    return float(max(float(f"1e{power}"), mean / FINEST))


def counted(series: AnnualSeries, totals: pd.DataFrame, base_year: int | None, rounds: str = "") -> Counted:
    """The counts of a series, from its counts of new items and from `totals` (newest rows of `count_total`).

    Between two totals lies what came new; what years with a count of their own do not explain is that of the years
    between. Counting starts after `base_year`; where that is None, with the first total (whatever it holds counts), or
    with the first year of which a count of new items is published. `rounds` is the indicator's declaration.
    """
    when, digits = rounds_of(rounds), _digits(series.new_counts, totals)
    single = _single(series.new_counts, when)
    labels = {int(row.year): str(row.period) for row in series.new_counts.itertuples()}
    ends, notes = _totals(totals), []
    blocks: list[Count] = []
    for (before, early), (after, late) in zip(ends[:-1], ends[1:], strict=True):
        found = _between(single, before, after, late - early, when, digits)
        if found is None:
            notes.append(Note("totals_conflict", {"start": str(before), "end": after}))
            continue
        labels[int(after[:4])] = after
        for year, _ in found.parts:
            single.pop(year, None)
        blocks += [found] if found.parts else []
    start, offset = base_year, 0.0
    if base_year is None:
        if ends and len(ends[0][0]) == 4:
            start, offset = int(ends[0][0]), ends[0][1]
            labels.setdefault(start, ends[0][0])
        elif single:
            start = min(single) - 1
            notes.append(Note("counted_from", {"year": start + 1}))
    if when is not None and start is not None:
        notes.append(Note("in_rounds", {"periods": [str(y) for y in sorted(when) if y > start][:6]}))
    counts = sorted([*single.values(), *blocks], key=lambda c: c.parts[0][0])
    since = dict(ends).get(str(start)) if base_year is not None else 0.0 if offset else None
    limits = () if since is None or start is None else _limits(totals, start, since, labels)
    rows = pd.concat([series.new_counts, totals], ignore_index=True) if len(totals) else series.new_counts
    return Counted(tuple(counts), labels, start, offset, rows, tuple(notes), limits, when)


def _digits(*tables: pd.DataFrame) -> tuple[int, int]:
    """The fewest and the most decimals of the figures."""
    found = [int(places) for table in tables if "decimals" in table for places in table["decimals"]]
    return min(found, default=0), max(found, default=12)


def _single(new: pd.DataFrame, rounds: frozenset[int] | None) -> dict[int, Count]:
    """The counts of single years; nothing in a year without a round says nothing."""
    found = {}
    for year, months, items, qualifier in zip(
        new["year"], new["months"], new["count"], new.get("qualifier", ()), strict=True
    ):
        sign = qualifier if qualifier in (">=", "<=") else "="
        if items > 0 or rounds is None or year in rounds:
            found[int(year)] = Count(((int(year), float(months) / 12),), float(items), sign)
    return found


def _limits(
    rows: pd.DataFrame, start: int, before: float, labels: dict[int, str]
) -> tuple[tuple[int, str, float], ...]:
    """What bounds on totals say of the number cumulated since the start, `before` which there were so many."""
    found = []
    for row in rows[rows["qualifier"].isin([">=", "<="])].itertuples():
        year, months = int(str(row.period)[:4]), months_covered(str(row.period))
        if year > start and (months == 12 or row.qualifier == ">="):
            found.append((year, str(row.qualifier), float(row.value) - before))
            labels.setdefault(year, str(row.period))
    return tuple(found)


def _totals(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """Totals at the ends of years, and one within the year after the last of them: period and number."""
    numbers = rows[rows["qualifier"].isin(["=", "~"])] if len(rows) else rows
    ends = [
        (str(r.period), float(r.value)) for r in numbers.itertuples() if months_covered(str(r.period)) == 12
    ]
    ends = [(period[:4], value) for period, value in ends]
    parts = [
        (str(r.period), float(r.value)) for r in numbers.itertuples() if months_covered(str(r.period)) < 12
    ]
    last = max((period for period, _ in ends), default="9999")
    later = [each for each in parts if each[0][:4] > last]
    later.sort(key=lambda each: (each[0][:4], months_covered(each[0])))
    return _risen([*ends, *later[-1:]])


def _risen(ends: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Totals without those that a later, lower one puts right; the first one stands."""
    kept: list[tuple[str, float]] = []
    for end in ends:
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
    last, fewest = int(after[:4]), digits[0]
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
    if not reaches(items, -(0.5 * 10.0**-fewest)) or (not share and not reaches(0.5 * 10.0**-fewest, items)):
        return None
    return Count(tuple(share.items()), max(0.0, items))

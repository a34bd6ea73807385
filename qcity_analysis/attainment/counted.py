"""What is counted so far for a target: published counts of new items and differences of totals, year by year.

How the counts go on is in `counts`; what a target makes of both in `cumulative` and `events`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pandas as pd

from ..data.notes import Note
from ..data.partialyears import months_covered
from ..data.series import AnnualSeries
from .counts import Count


@dataclass(frozen=True)
class Counted:
    """Counts in order of time, and where counting starts.

    Attributes: `counts`; `labels` (last year of a count to the period as published); `start`, the last year that does
    not count, and `offset`, what was there at its end; `rows`, the published figures used; `notes`.
    """

    counts: tuple[Count, ...]
    labels: dict[int, str]
    start: int | None
    offset: float
    rows: pd.DataFrame
    notes: tuple[Note, ...] = field(default_factory=tuple)

    def inside(self, deadline: int) -> list[Count]:
        """The counts that lie wholly between the start and the deadline."""
        assert self.start is not None
        return [c for c in self.counts if all(self.start < year <= deadline for year, _ in c.parts)]

    def certain(self, deadline: int) -> float:
        """What is counted for certain by the deadline; a lower bound counts as what it is at least."""
        return self.offset + sum(c.count for c in self.inside(deadline) if c.qualifier != "<=")

    def covered(self, deadline: int) -> float:
        """Years between the start and the deadline for which there is a number."""
        return sum(c.exposure for c in self.inside(deadline) if c.qualifier == "=")

    def complete(self, deadline: int) -> bool:
        """Whether a number is there for all of the time between the start and the deadline."""
        assert self.start is not None
        return self.covered(deadline) >= deadline - self.start - 1e-9

    def unknown(self, deadline: int, today: int) -> tuple[int, ...]:
        """Years without any figure that lie before the last one, or are over in the year `today`."""
        assert self.start is not None
        told = {year for c in self.counts for year, _ in c.parts}
        until = min(deadline, max([*told, today - 1]))
        return tuple(year for year in range(self.start + 1, until + 1) if year not in told)

    def through(self, deadline: int) -> str | None:
        """The period of the last figure that counts."""
        ends = [max(year for year, _ in c.parts) for c in self.inside(deadline)]
        return self.labels[max(ends)] if ends else None

    def reached_in(self, bound: float, deadline: int) -> str | None:
        """The period whose figure brought what is certain to `bound`."""
        total = self.offset
        if total >= bound - 1e-9 and self.start is not None:
            return self.labels.get(self.start)
        for count in sorted(self.inside(deadline), key=lambda c: c.parts[-1][0]):
            total += count.count if count.qualifier != "<=" else 0
            if total >= bound - 1e-9:
                return self.labels[count.parts[-1][0]]
        return None

    def cumulated(self, deadline: int) -> pd.Series:
        """The cumulated number at the end of each year, index year from the start; NaN where it is not known."""
        assert self.start is not None
        years = range(self.start, deadline + 1)
        found = {self.start: self.offset}
        for year in years[1:]:
            so_far = self.inside(year)
            done = sum(c.exposure for c in so_far if c.qualifier == "=") >= year - self.start - 1e-9
            number = sum(c.count for c in so_far if c.qualifier == "=")
            found[year] = self.offset + number if done else math.nan
        series = pd.Series(found, name="level", dtype=float).rename_axis("year")
        return series.loc[: series.last_valid_index()]

    def numbers(self) -> bool:
        """Whether any count is a number, so that a rate can be told from it."""
        return any(c.qualifier == "=" and c.exposure > 0 for c in self.counts)

    def exposure(self) -> float:
        """Years of counts the rate rests on, those before the start included."""
        return sum(c.exposure for c in self.counts if c.qualifier == "=")


def counted(series: AnnualSeries, totals: pd.DataFrame, base_year: int | None) -> Counted:
    """The counts of a series, from its counts of new items and from `totals` (newest rows of `count_total`).

    Between two totals lies what came new; what years with a count of their own do not explain is that of the years
    between. Counting starts after `base_year`; where that is None, with the first total (whatever it holds counts), or
    with the first year of which a count of new items is published.
    """
    single = _single(series.new_counts)
    labels = {int(row.year): str(row.period) for row in series.new_counts.itertuples()}
    ends, notes = _totals(totals), []
    blocks: list[Count] = []
    for (before, early), (after, late) in zip(ends[:-1], ends[1:], strict=True):
        found = _between(single, before, after, late - early)
        if found is None:
            notes.append(Note("totals_conflict", {"start": str(before), "end": after}))
            continue
        last = int(after[:4])
        labels[last] = after
        for year in range(int(before) + 1, last + 1):
            if year in dict(found.parts):
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
    counts = sorted([*single.values(), *blocks], key=lambda c: c.parts[0][0])
    rows = pd.concat([series.new_counts, totals], ignore_index=True) if len(totals) else series.new_counts
    return Counted(tuple(counts), labels, start, offset, rows, tuple(notes))


def _single(new: pd.DataFrame) -> dict[int, Count]:
    found = {}
    for year, months, items, qualifier in zip(
        new["year"], new["months"], new["count"], new.get("qualifier", ()), strict=True
    ):
        sign = qualifier if qualifier in (">=", "<=") else "="
        found[int(year)] = Count(((int(year), float(months) / 12),), round(float(items)), sign)
    return found


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
    return [*ends, *later[-1:]]


def _between(single: dict[int, Count], before: str, after: str, items: float) -> Count | None:
    """The number of the years between two totals that have no number of their own; None when it would be negative."""
    last = int(after[:4])
    share = {year: 1.0 for year in range(int(before) + 1, last + 1)}
    share[last] = months_covered(after) / 12
    for year in list(share):
        own = single.get(year)
        if own is not None and own.qualifier == "=" and own.exposure >= share[year]:
            items -= own.count
            del share[year]
    if items < -0.5 or (not share and items > 0.5):
        return None
    return Count(tuple(share.items()), round(items))

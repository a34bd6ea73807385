"""A rule's question as numbers: the figures known, the level asked for, base, deadline; and the answer's record."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from ..attainment.targets import reaches
from ..data.notes import Note
from ..errors import QcityError
from .aims import Aim, NotApplicable, aim_of, year_of


@dataclass(frozen=True)
class RuleResult:
    """What a rule says.

    Attributes: `category` (snake_case English, None where the rule does not apply), `will_meet` (True, False or None),
    `reason` (why it does not apply, in English), `value` (the number the category was read from, where there is one),
    `note` (the reason as a code with its values, for other languages).

    >>> RuleResult("on_schedule", True).category
    'on_schedule'
    """

    category: str | None
    will_meet: bool | None
    reason: str | None = None
    value: float | None = None
    note: Note | None = None


def refused(error: NotApplicable) -> RuleResult:
    """The result of a rule that does not apply.

    >>> refused(NotApplicable("no_threshold")).reason
    'the target names no value'
    """
    return RuleResult(None, None, str(error), None, Note(error.code, error.values))


def figures(series: pd.Series, as_of_year: int) -> dict[int, float]:
    """The figures known by the end of `as_of_year`, year -> value in order; gaps (NaN) are left out.

    Raises QcityError for an index that is not years, two figures for one year, or a value that is not finite.

    >>> figures(pd.Series({2020: 1.0, 2021: float("nan"), 2022: 3.0, 2023: 4.0}), 2022)
    {2020: 1.0, 2022: 3.0}
    """
    found: dict[int, float] = {}
    for label, value in series.items():
        year = _year(label)
        if year in found:
            raise QcityError(f"the series has two figures for {year}; keep one")
        if year > as_of_year or pd.isna(value):
            continue
        found[year] = float(value)
        if math.isinf(found[year]):
            raise QcityError(
                f"the figure for {year} is infinite; leave a gap (NaN) where nothing was published"
            )
    return dict(sorted(found.items()))


def _year(label: Any) -> int:
    try:
        year = year_of(label)
    except QcityError:
        year = None
    if year is None:
        raise QcityError(f"the index of a series is years; found {label!r}")
    return year


@dataclass(frozen=True)
class Case:
    """One question to a rule: what is known and what is asked.

    Attributes: `known` (year -> value up to the as-of year), `sign` (1 more is better, -1 less is better), `target`
    (the level asked for, None where only a direction is given), `aim`.
    """

    known: dict[int, float]
    sign: int
    target: float | None
    aim: Aim = field(repr=False)

    @property
    def last_year(self) -> int:
        """Year of the last figure."""
        return next(reversed(self.known))

    @property
    def last(self) -> float:
        """The last figure."""
        return self.known[self.last_year]

    @property
    def met(self) -> bool:
        """Whether the last figure reaches the target."""
        return self.target is not None and reaches(self.sign * self.last, self.sign * self.target)

    def dated(self) -> Dated:
        """The same question about a level at a deadline; figures after the deadline play no part.

        Raises NotApplicable for a target without a level or a deadline, and where there is no figure.
        """
        if self.target is None:
            raise NotApplicable("no_threshold")
        if self.aim.kind == "yearly" or self.aim.deadline is None:
            raise NotApplicable("no_deadline")
        known = {year: value for year, value in self.known.items() if year <= self.aim.deadline}
        if not known:
            raise NotApplicable("no_figure", year=self.aim.deadline)
        return Dated(known, self.sign, self.target, self.aim, self.target, self.aim.deadline)


@dataclass(frozen=True)
class Dated(Case):
    """A question about a level at a deadline, with what most rules are made of.

    `goal` is the level asked for, `deadline` the year; base and elapsed years are found when a rule asks for them,
    and raise NotApplicable where they are missing: a missing base is never taken to be 0.
    """

    goal: float
    deadline: int

    @cached_property
    def base_year(self) -> int:
        """The stated base year; the first year with a figure where none is stated."""
        stated = self.aim.base_year
        if stated is not None and stated not in self.known:
            raise NotApplicable("no_base", year=stated)
        year = next(iter(self.known)) if stated is None else stated
        if self.deadline <= year:
            raise NotApplicable("deadline_before_base", deadline=self.deadline, year=year)
        if self.last_year <= year:
            raise NotApplicable("no_elapsed", year=year)
        return year

    @property
    def base(self) -> float:
        """The figure of the base year."""
        return self.known[self.base_year]

    @property
    def elapsed(self) -> int:
        """Years from the base year to the last figure."""
        return self.last_year - self.base_year

    @property
    def whole(self) -> int:
        """Years from the base year to the deadline."""
        return self.deadline - self.base_year

    @property
    def left(self) -> int:
        """Years from the last figure to the deadline."""
        return self.deadline - self.last_year

    @property
    def slipped(self) -> bool:
        """Whether the base figure met the target and the last one no longer does."""
        return reaches(self.sign * self.base, self.sign * self.goal) and not self.met

    @property
    def closed(self) -> float:
        """Share of the way from base to target that is covered; below 0 when it went the wrong way."""
        return (self.last - self.base) / (self.goal - self.base)

    def points(self, least: int, since: int | None = None) -> tuple[list[int], list[float]]:
        """Years and values (from `since` on); raises NotApplicable when there are fewer than `least`."""
        kept = {year: value for year, value in self.known.items() if since is None or year >= since}
        if len(kept) < least:
            raise NotApplicable("too_few", count=len(kept), least=least)
        return list(kept), list(kept.values())


def case_of(series: pd.Series, target: Any, as_of_year: int) -> Case:
    """The question that a series and a target pose with what was known by the end of `as_of_year`.

    Of an interval the end that asks least counts; where no direction goes with it, the end the last figure is nearer
    to (inside) or must move to (outside). A relative target becomes the level `base (1 + change / 100)`. Raises
    NotApplicable where there is no figure, no direction, or no base figure for a relative target.

    >>> from qcity_analysis.rules import Goal
    >>> case_of(pd.Series({2020: 50.0, 2021: 48.0}), Goal("at_most", -18, 2020, 2025, "relative_change"), 2021).target
    41.0
    """
    aim = aim_of(target)
    until = year_of(as_of_year)
    if until is None:
        raise QcityError(f"as_of_year is a whole year, such as 2025; found {as_of_year!r}")
    known = figures(series, until)
    if not known:
        raise NotApplicable("no_figure", year=until)
    ends = _levels(aim, known)
    sign, level = _end(aim.sign, ends, known[next(reversed(known))])
    return Case(known, sign, level, aim)


def _levels(aim: Aim, known: dict[int, float]) -> tuple[float, ...]:
    if not aim.relative or not aim.ends:
        return aim.ends
    if aim.base_year is None:
        raise NotApplicable("no_base_year")
    if aim.base_year not in known:
        raise NotApplicable("no_base", year=aim.base_year)
    base = known[aim.base_year]
    if base <= 0:
        raise NotApplicable("base_not_positive", year=aim.base_year)
    # rounded where binary fractions blur: 100 * 0.82 is 82
    return tuple(sorted(float(f"{base * (100 + change) / 100:.12g}") for change in aim.ends))


def _end(sign: int, ends: tuple[float, ...], last: float) -> tuple[int, float | None]:
    if not ends:
        return sign, None
    low, high = ends[0], ends[-1]
    if sign == 0:
        sign = 1 if last - low < high - last else -1
    return sign, low if sign > 0 else high

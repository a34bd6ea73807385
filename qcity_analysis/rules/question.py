"""The question put to a rule as one record of numbers, read from any series and target; and the record of its answer.

Out of scope: judging a series; that is for the rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from ..catalogue import text
from ..errors import Note, QcityError, did_you_mean
from ..targets import reaches

UP = ("at_least", "increase", "increase_every_year", "up", "higher", "more", "rise", "rising", "upward", "maximise",
      "maximize", "max", "positive", "increasing", "above", ">=", ">", "+", "+1", "1")  # fmt: skip
DOWN = ("at_most", "decrease", "decrease_every_year", "down", "lower", "less", "fall", "falling", "downward",
        "minimise", "minimize", "min", "negative", "decreasing", "reduce", "reduction", "below", "<=", "<", "-",
        "-1")  # fmt: skip
BETWEEN = ("between", "within", "interval", "range", "inside", "")
RELATIVE = ("percent_change", "change_pct", "cumulative_change_pct")
YEARLY = ("threshold", "limit", "constant", "maintain", "permanent", "zero_event")
DIRECTIONAL = ("direction", "direction_only", "directional", "trend")
BOUNDS = ("at_least", "at_most", ">=", "<=", ">", "<", "above", "below")
UNSUITED = ("cumulative", "rank", "milestone", "every_year", "average_growth")


class NotApplicable(Exception):
    """A rule does not apply: a code (`rule_reason_<code>` of the catalogue) and the values its sentence needs."""

    def __init__(self, code: str, **values: int | str) -> None:
        self.code, self.values = code, values
        super().__init__(text(f"rule_reason_{code}", "en", **values))


@dataclass(frozen=True)
class Goal:
    """A target for the rules, where there is no plan at hand: the attributes they look at.

    `direction` is at_least, at_most, increase, decrease or between; `threshold` a number, a pair (an interval; one end
    may be None) or None; `kind` level, relative_change (percent on the base year), yearly or direction.

    >>> Goal("at_most", -18, 2020, 2025, "relative_change").deadline
    2025
    """

    direction: str | None
    threshold: float | tuple[float | None, float | None] | None = None
    base_year: int | None = None
    deadline: int | None = None
    kind: str | None = None
    limit: float | None = None
    unit: str | None = None
    support: str | None = None


@dataclass(frozen=True)
class RuleResult:
    """What a rule says: `category` (snake_case English) and `will_meet`, both None where the rule does not apply,
    `reason` (why it does not, in English), `value` (the number the category was read from, where there is one), `note`
    (the reason as a code with its values, for other languages).
    """

    category: str | None
    will_meet: bool | None
    reason: str | None = None
    value: float | None = None
    note: Note | None = None


def refused(error: NotApplicable) -> RuleResult:
    """The result of a rule that does not apply."""
    return RuleResult(None, None, str(error), None, Note(error.code, error.values))


def banded(value: float, bounds: Mapping[str, float]) -> RuleResult:
    """The first category whose bound `value` reaches, from best to worst; only the first means yes."""
    words = [word for word, bound in bounds.items() if reaches(value, bound)] or [*bounds][-1:]
    return RuleResult(words[0], words[0] == next(iter(bounds)), value=value)


@dataclass(frozen=True)
class Question:
    """One question to a rule: what is known and what is asked.

    Stated are `known` (year -> value up to the as-of year, in order), `sign` (1 more is better, -1 less is better),
    `level` (None where only a direction is given), `kind` ("level", "yearly" or "direction"), `stated_base` and
    `deadline` (years), `limit` (a natural one), `unit`, `support`. The rest is worked out when a rule asks for it, and
    raises NotApplicable where something is missing; a missing base is never taken to be 0: `last` (the figure of
    `last_year`), `base` (that of `base_year`), `met` (whether the last figure reaches the level), `slipped` (the base
    figure did, the last one does not), the years `elapsed` between both, `left` to the deadline and `whole` from base
    to deadline, and `closed`, the share of the way from base to target covered (below 0 when it went the wrong way).
    """

    known: dict[int, float]
    sign: int
    level: float | None
    kind: str
    stated_base: int | None = None
    deadline: int | None = None
    limit: float | None = None
    unit: str | None = None
    support: str | None = None

    def dated(self) -> Question:
        """The same question about a level at a deadline; figures after the deadline play no part.

        Raises NotApplicable for a target without a level or a deadline, and where there is no figure.
        """
        _ = self.goal
        known = {year: value for year, value in self.known.items() if year <= self.due}
        if not known:
            raise NotApplicable("no_figure", year=self.due)
        return replace(self, known=known)

    @property
    def goal(self) -> float:
        """The level asked for."""
        if self.level is None:
            raise NotApplicable("no_threshold")
        return self.level

    @property
    def due(self) -> int:
        """The deadline of a level that is asked for once."""
        if self.kind == "yearly" or self.deadline is None:
            raise NotApplicable("no_deadline")
        return self.deadline

    last_year = property(lambda self: next(reversed(self.known)))
    last = property(lambda self: self.known[self.last_year])
    met = property(lambda self: self.level is not None and self.reached(self.last))
    base = property(lambda self: self.known[self.base_year])
    elapsed = property(lambda self: self.last_year - self.base_year)
    whole = property(lambda self: self.due - self.base_year)
    left = property(lambda self: self.due - self.last_year)
    slipped = property(lambda self: self.reached(self.base) and not self.met)
    closed = property(lambda self: (self.last - self.base) / (self.goal - self.base))

    def reached(self, value: float) -> bool:
        """Whether a value reaches the level asked for."""
        return bool(reaches(self.sign * value, self.sign * self.goal))

    @cached_property
    def base_year(self) -> int:
        """The stated base year; the first year with a figure where none is stated."""
        stated = self.stated_base
        if stated is not None and stated not in self.known:
            raise NotApplicable("no_base", year=stated)
        year = next(iter(self.known)) if stated is None else stated
        if self.level is not None and self.due <= year:
            raise NotApplicable("deadline_before_base", deadline=self.due, year=year)
        if self.last_year <= year:
            raise NotApplicable("no_elapsed", year=year)
        return year

    def points(self, least: int, since: int = 0) -> tuple[list[int], list[float]]:
        """Years and values (from `since` on); raises NotApplicable when there are fewer than `least`."""
        kept = {year: value for year, value in self.known.items() if year >= since}
        if len(kept) < least:
            raise NotApplicable("too_few", count=len(kept), least=least)
        return list(kept), list(kept.values())


def question_of(series: pd.Series, target: Any, as_of_year: int) -> Question:
    """The question that a series and a target pose with what was known by the end of `as_of_year`.

    `target` is any object with the attributes of a `Goal`; missing ones are None. Direction and kind take this
    package's words and common synonyms. A target of kind "direction" names no level, nor does one of kind "monotone"
    (better every year), unless its direction is at_least or at_most: then its threshold holds every year. So does a
    threshold without a deadline, or of a kind such as "yearly". A relative target becomes the level
    `base (1 + change / 100)`. Of an interval the end that asks least counts; where no direction goes with it, the end
    the last figure is nearer to (inside) or must move to (outside). Raises NotApplicable for a kind that is no level,
    no direction, no figure, or no base figure for a relative target; QcityError for a direction that is no known word,
    or a series that is not figures by year.

    >>> q = question_of(pd.Series({2020: 50.0, 2021: 48.0}), Goal("at_most", -18, 2020, 2025, "relative_change"), 2021)
    >>> q.level, q.sign, q.kind, q.deadline
    (41.0, -1, 'level', 2025)
    """
    given = {name: getattr(target, name, None) for name in Goal.__dataclass_fields__}
    kind, way = _word(given["kind"]), _word(given["direction"])
    if kind in UNSUITED or way == "achieved":
        raise NotApplicable("kind", kind=kind or "milestone")
    no_level = kind in DIRECTIONAL or (kind == "monotone" and way not in BOUNDS)
    ends = () if no_level else _ends(given["threshold"])
    deadline, sign = _year(given["deadline"]), _sign(given["direction"])
    if sign == 0 and len(ends) != 2:
        raise NotApplicable("no_direction")
    base_year, limit = _year(given["base_year"]), _number(given["limit"])
    until = _year(as_of_year, "as_of_year is a whole year, such as 2025")
    if not (known := _figures(series, until)):
        raise NotApplicable("no_figure", year=until)
    if ends and (kind in RELATIVE or "relative" in kind):
        ends = _relative(ends, base_year, known)
    if sign == 0:
        last = known[next(reversed(known))]
        sign = 1 if last - ends[0] < ends[-1] - last else -1
    level = (ends[0] if sign > 0 else ends[-1]) if ends else None
    yearly = kind in (*YEARLY, "monotone") or "year" in kind or "annual" in kind or deadline is None
    asked = "direction" if not ends else "yearly" if yearly else "level"
    return Question(known, sign, level, asked, base_year, deadline, limit, given["unit"], given["support"])


def _figures(series: pd.Series, as_of_year: int) -> dict[int, float]:
    """The figures known by the end of `as_of_year`, year -> value in order; gaps (NaN) are left out."""
    years = [_year(label, "the index of a series is years") for label in series.index]
    if twice := [year for k, year in enumerate(years) if year in years[:k]]:
        raise QcityError(f"the series has two figures for {twice[0]}; keep one")
    rows = zip(years, series, strict=True)
    known = {year: float(value) for year, value in rows if year <= as_of_year and not pd.isna(value)}
    for year in [year for year, value in known.items() if math.isinf(value)]:
        raise QcityError(f"the figure for {year} is infinite; leave a gap (NaN) where nothing was published")
    return dict(sorted(known.items()))


def _relative(ends: tuple[float, ...], base_year: int | None, known: dict[int, float]) -> tuple[float, ...]:
    """Percent changes on the base year as levels."""
    if base_year is None:
        raise NotApplicable("no_base_year")
    if base_year not in known:
        raise NotApplicable("no_base", year=base_year)
    if known[base_year] <= 0:
        raise NotApplicable("base_not_positive", year=base_year)
    # rounded where binary fractions blur: 100 * 0.82 is 82
    return tuple(sorted(float(f"{known[base_year] * (100 + change) / 100:.12g}") for change in ends))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def _word(value: Any) -> str:
    return "" if _missing(value) else str(value).strip().lower().replace(" ", "_")


def _number(value: Any) -> float | None:
    return None if _missing(value) else float(value)


def _year(value: Any, needed: str = "") -> Any:
    """The year of a number, a date or a text that begins with it; None for what is missing, unless it is `needed`."""
    if (_missing(value) or value == "") and not needed:
        return None
    written = getattr(value, "year", value[:4] if isinstance(value, str) else value)
    try:
        year = int(written)
    except (TypeError, ValueError, OverflowError):
        year = 0
    if year < 1 or not (isinstance(written, str) or year == written):
        raise QcityError(f"{needed or 'a year is a whole number, such as 2025'}; found {value!r}")
    return year


def _ends(threshold: Any) -> tuple[float, ...]:
    pair = hasattr(threshold, "__len__") and not isinstance(threshold, str)
    return tuple(sorted(end for end in map(_number, threshold if pair else [threshold]) if end is not None))


def _sign(direction: Any) -> int:
    if isinstance(direction, int | float) and not _missing(direction):
        return (direction > 0) - (direction < 0)
    word = _word(direction)
    if word in UP or word in DOWN:
        return 1 if word in UP else -1
    if word in BETWEEN:
        return 0
    raise QcityError(
        f"unknown direction {direction!r}.{did_you_mean(word, [*UP, *DOWN, *BETWEEN])} Use at_least, at_most, "
        "increase, decrease or between."
    )

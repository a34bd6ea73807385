"""What a target asks, read from any object that has the usual attributes: which way, how far, until when.

Out of scope: judging a series; that is for the rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..errors import QcityError, did_you_mean

UP = (
    *("at_least", "increase", "increase_every_year", "up", "higher", "more", "rise", "rising", "upward"),
    *("maximise", "maximize", "max", "positive", "increasing", "above", ">=", ">", "+", "+1", "1"),
)
DOWN = (
    *("at_most", "decrease", "decrease_every_year", "down", "lower", "less", "fall", "falling", "downward"),
    *("minimise", "minimize", "min", "negative", "decreasing", "reduce", "reduction", "below"),
    *("<=", "<", "-", "-1"),
)
BETWEEN = ("between", "within", "interval", "range", "inside", "")
RELATIVE = ("percent_change", "change_pct", "cumulative_change_pct")
YEARLY = ("threshold", "limit", "constant", "maintain", "permanent", "zero_event")
DIRECTIONAL = ("direction", "direction_only", "directional", "trend")
BOUNDS = ("at_least", "at_most", ">=", "<=", ">", "<", "above", "below")
UNSUITED = ("cumulative", "rank", "milestone")


class NotApplicable(Exception):
    """A rule does not apply: a code of REASONS and the values its sentence needs.

    >>> str(NotApplicable("no_base", year=2020))
    'no figure for the base year 2020'
    """

    def __init__(self, code: str, **values: Any) -> None:
        self.code, self.values = code, values
        super().__init__(REASONS[code].format(**values))


REASONS = {
    "kind": "the rule judges levels; this target is of kind {kind}",
    "reductions_only": "the rule is for reductions",
    "no_direction": "the target does not say which way is better",
    "no_threshold": "the target names no value",
    "no_deadline": "the target holds every year and has no deadline",
    "no_figure": "no figure up to {year}",
    "no_base": "no figure for the base year {year}",
    "base_not_positive": "a change in percent of the base year's figure means nothing: {year} is not above 0",
    "no_base_year": "a relative target needs a base year",
    "no_elapsed": "no figure after the base year {year}",
    "deadline_before_base": "the deadline {deadline} is not after the base year {year}",
    "too_few": "too few figures: {count}, at least {least} needed",
    "too_short": "the figures span {years} years, at least {least} needed",
    "no_year_before": "no figure for {year}, the year before the last",
    "zero_base": "a growth rate from a figure of 0 is not defined ({year})",
    "sign_change": "a growth rate between figures of opposite sign is not defined ({first} to {last})",
    "zero_target": "a constant rate never reaches a target of 0",
    "no_way": "base and target are the same",
    "not_positive": "the rule takes logarithms; not all figures and the target are positive",
    "not_a_share": "the rule takes log odds; not all figures lie inside 0 to {whole}",
}


@dataclass(frozen=True)
class Goal:
    """A target for the rules, where there is no plan at hand: the attributes they look at.

    `direction` is at_least, at_most, increase, decrease or between; `threshold` a number, a pair or None; `kind`
    level, relative_change (percent on the base year), yearly or direction.

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
class Aim:
    """What a target asks, as numbers.

    Attributes: `sign` (1 more is better, -1 less is better, 0 inside an interval), `ends` (the values named: none,
    one, or the two ends of an interval), `kind` ("level", "yearly" or "direction"), `relative` (the ends are percent
    changes on the base year), `base_year`, `deadline`, `limit` (a natural limit, if known), `unit`, `support`.
    """

    sign: int
    ends: tuple[float, ...]
    kind: str
    relative: bool
    base_year: int | None
    deadline: int | None
    limit: float | None
    unit: str | None
    support: str | None


def aim_of(target: Any) -> Aim:
    """The aim of any object with direction, threshold, base_year, deadline and kind; missing attributes are None.

    `threshold` is a number, a pair (an interval; one end may be None) or None. Direction and kind take this package's
    words and common synonyms. A target of kind "direction" names no level, nor does one of kind "monotone" (better
    every year), unless its direction is at_least or at_most: then its threshold holds every year. So does a threshold
    without a deadline, or of a kind such as "yearly". Nothing is assumed where no direction is given.

    Raises NotApplicable for a kind that is no level (cumulative, rank, milestone) or a target without direction, and
    QcityError for a direction that is no known word.

    >>> aim = aim_of(Goal("at_most", 82, 2020, 2025))
    >>> aim.sign, aim.ends, aim.kind
    (-1, (82.0,), 'level')
    """
    kind, way = _word(getattr(target, "kind", None)), _word(getattr(target, "direction", None))
    if kind in UNSUITED or way == "achieved":
        raise NotApplicable("kind", kind=kind or "milestone")
    no_level = kind in DIRECTIONAL or (kind == "monotone" and way not in BOUNDS)
    ends = () if no_level else _ends(getattr(target, "threshold", None))
    deadline = year_of(getattr(target, "deadline", None))
    sign = _sign(getattr(target, "direction", None))
    if sign == 0 and len(ends) != 2:
        raise NotApplicable("no_direction")
    yearly = kind in (*YEARLY, "monotone") or "year" in kind or "annual" in kind or deadline is None
    return Aim(
        sign=sign,
        ends=ends,
        kind="direction" if not ends else "yearly" if yearly else "level",
        relative=kind in RELATIVE or "relative" in kind,
        base_year=year_of(getattr(target, "base_year", None)),
        deadline=deadline,
        limit=_number(getattr(target, "limit", None)),
        unit=getattr(target, "unit", None),
        support=getattr(target, "support", None),
    )


def _word(value: Any) -> str:
    return "" if _missing(value) else str(value).strip().lower().replace(" ", "_")


def _missing(value: Any) -> bool:
    return (
        value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType"
    )


def _number(value: Any) -> float | None:
    return None if _missing(value) else float(value)


def year_of(value: Any) -> int | None:
    """The year of a number, a date or a text that begins with it; None for what is missing.

    Raises QcityError for anything else, such as a half year.

    >>> year_of(2030.0), year_of("2030-12-31"), year_of(float("nan"))
    (2030, 2030, None)
    """
    if _missing(value) or value == "":
        return None
    found = getattr(value, "year", value[:4] if isinstance(value, str) else value)
    try:
        year = int(found)
    except (TypeError, ValueError, OverflowError):
        year = 0
    if year < 1 or not (isinstance(found, str) or year == found):
        raise QcityError(f"a year is a whole number, such as 2025; found {value!r}")
    return year


def _ends(threshold: Any) -> tuple[float, ...]:
    pair = hasattr(threshold, "__len__") and not isinstance(threshold, str)
    parts = threshold if pair else [threshold]
    return tuple(sorted(end for end in map(_number, parts) if end is not None))


def _sign(direction: Any) -> int:
    if _missing(direction):
        return 0
    if isinstance(direction, int | float):
        return (direction > 0) - (direction < 0)
    word = str(direction).strip().lower().replace(" ", "_")
    if word in UP or word in DOWN:
        return 1 if word in UP else -1
    if word in BETWEEN:
        return 0
    known = [*UP, *DOWN, *BETWEEN]
    raise QcityError(
        f"unknown direction {direction!r}.{did_you_mean(word, known)} Use at_least, at_most, increase, decrease "
        "or between."
    )

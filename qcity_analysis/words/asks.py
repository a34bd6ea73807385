"""What a target asks for, and levels as they are spoken of, by kind of target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .numbers import exact, number, signed, with_unit
from .saying import say
from .texts import text as fixed

if TYPE_CHECKING:
    from ..attainment.assessment import Assessment

BY_YEAR = {"monotone", "direction", "cumulative", "zero_event", "rank"}


def ask(a: Assessment, lang: str) -> str:
    """What the target asks for, as a phrase: "at least 50 件/万人 in 2025", "−18 % against 2020 by 2025".

    >>> import qcity_analysis as qc
    >>> ask(qc.assess(qc.load(), "energy_intensity"), "en")
    '−18 % against 2020 by 2025'
    """
    target, year = a.target, a.target.deadline
    if target.threshold is None:
        return target.wording if lang == "zh" else (target.wording_en or target.wording)
    if target.kind in BY_YEAR:
        return _ask_by_kind(a, lang)
    if target.kind == "relative_change":
        return say(
            "ask_change",
            lang,
            value=change(target.threshold, lang, target.decimals),
            base=target.base_year,
            year=year,
        )
    value = with_unit(target.threshold, unit_of(a, lang), lang, target.decimals)
    if target.commitment == "about":
        tolerance = with_unit(target.tolerance, step_unit(unit_of(a, lang), lang), lang, 0)
        return say("ask_about", lang, value=value, year=year, tolerance=tolerance)
    key = target.direction if target.direction in ("at_least", "at_most") else "at_least"
    return say(f"ask_{key}", lang, value=value, year=year)


def _ask_by_kind(a: Assessment, lang: str) -> str:
    target, period = a.target, a.period
    assert target.threshold is not None
    first = period[0] if period else (target.base_year + 1 if target.base_year is not None else None)
    way = "up" if target.upward else "down"
    facts: dict[str, object] = {"year": target.deadline, "first": first, "base": target.base_year}
    if target.kind == "zero_event":
        return say("ask_zero_event", lang, **facts | {"first": first or target.deadline})
    if target.kind == "rank":
        return say(f"ask_rank_{target.direction}", lang, value=exact(target.threshold), **facts)
    if target.kind == "cumulative":
        key = "cumulative" if target.base_year is not None else "total"
        value = with_unit(target.threshold, unit_of(a, lang), lang, target.decimals)
        return say(f"ask_{key}_{target.direction}", lang, value=value, **facts)
    step = with_unit(abs(target.threshold), step_unit(unit_of(a, lang), lang), lang, target.decimals)
    key = f"ask_{target.kind}" + ("_by" if target.threshold else "_open" if first is None else "")
    if target.kind == "direction":
        key = "ask_direction_by" if target.threshold else "ask_direction"
        facts["base"] = target.base_year if target.base_year is not None else "–"
    return say(f"{key}_{way}", lang, value=step, **facts)


def level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of: a change on the base year for an index, else with its unit.

    The threshold is quoted as the plan wrote it, a published figure as published; anything else is a computed number,
    which never seems to lie on another side of the threshold or of the level that is just enough.
    """
    if value is None:
        return ""
    marks = [mark for mark in (a.threshold, a.bound) if mark is not None]
    spread = a.interval[1] - a.interval[0] if a.interval is not None else 0.0
    if a.target.kind == "relative_change" and a.threshold is not None:
        assert a.target.threshold is not None
        base = a.threshold / (1 + a.target.threshold / 100)
        decimals = a.target.decimals if value == a.threshold else None
        marks = [a.target.threshold, *(100 * (mark / base - 1) for mark in marks[1:])]
        return change(100 * (value / base - 1), lang, decimals, marks)
    if a.target.kind == "rank":
        return say("as_rank", lang, value=number(value, None, marks))
    if a.target.kind == "zero_event":
        return say("as_event" if value == 1 else "as_events", lang, value=number(value, None, marks))
    return with_unit(value, unit_of(a, lang), lang, decimals_of(a, value), marks, spread)


def decimals_of(a: Assessment, value: float) -> int | None:
    """The digits after the point with which a level was written, by the plan or its publisher; None when computed."""
    if value == a.threshold and a.target.kind != "direction":
        return a.target.decimals
    series = a.series
    told = (
        [series.decimals[y] for y in series.decimals if series.values.get(y) == value]
        if series is not None
        else []
    )
    return max(told, default=None)


def change(value: float, lang: str, decimals: int | None = None, marks: Iterable[float] = ()) -> str:
    """A change in percent with its sign.

    >>> change(-18, "en"), change(2.345, "zh"), change(-3.25, "en", 2)
    ('−18 %', '+2.3%', '−3.25 %')
    """
    return f"{signed(value, decimals, marks)}{'' if lang == 'zh' else ' '}%"


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    if a.target.kind in ("monotone", "direction"):
        return str((a.definition.get("unit_zh") if lang == "zh" else "") or a.definition.get("unit") or "")
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return fixed("points", lang) if unit == "%" else unit

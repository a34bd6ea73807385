"""What a target asks for, and levels as they are spoken of, by kind of target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .numbers import number, with_unit
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
        return say("ask_change", lang, value=change(target.threshold, lang), base=target.base_year, year=year)
    value = with_unit(target.threshold, unit_of(a, lang), lang)
    if target.commitment == "about":
        tolerance = with_unit(target.tolerance, step_unit(unit_of(a, lang), lang), lang)
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
        return say(f"ask_rank_{target.direction}", lang, value=number(target.threshold), **facts)
    if target.kind == "cumulative":
        key = "cumulative" if target.base_year is not None else "total"
        value = with_unit(target.threshold, unit_of(a, lang), lang)
        return say(f"ask_{key}_{target.direction}", lang, value=value, **facts)
    step = with_unit(abs(target.threshold), step_unit(unit_of(a, lang), lang), lang)
    key = f"ask_{target.kind}" + ("_by" if target.threshold else "_open" if first is None else "")
    if target.kind == "direction":
        key = "ask_direction_by" if target.threshold else "ask_direction"
        facts["base"] = target.base_year if target.base_year is not None else "–"
    return say(f"{key}_{way}", lang, value=step, **facts)


def level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of: a change on the base year for an index, else with its unit."""
    if value is None:
        return ""
    if a.target.kind == "relative_change" and a.threshold is not None:
        assert a.target.threshold is not None
        base = a.threshold / (1 + a.target.threshold / 100)
        return change(100 * (value / base - 1), lang)
    if a.target.kind == "rank":
        return say("as_rank", lang, value=number(value))
    if a.target.kind == "zero_event":
        return say("as_event" if value == 1 else "as_events", lang, value=number(value))
    return with_unit(value, unit_of(a, lang), lang)


def signed(value: float) -> str:
    """A change with its sign, a true minus, and at most one decimal more than needed.

    >>> signed(-18.0), signed(2.345)
    ('−18', '+2.3')
    """
    shown = f"{abs(value):.1f}".rstrip("0").rstrip(".")
    return shown if shown == "0" else ("−" if value < 0 else "+") + shown


def change(value: float, lang: str) -> str:
    """A change in percent with its sign.

    >>> change(-18, "en"), change(2.345, "zh")
    ('−18 %', '+2.3%')
    """
    return f"{signed(value)}{'' if lang == 'zh' else ' '}%"


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    if a.target.kind in ("monotone", "direction"):
        return str((a.definition.get("unit_zh") if lang == "zh" else "") or a.definition.get("unit") or "")
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return fixed("points", lang) if unit == "%" else unit

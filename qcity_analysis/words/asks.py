"""What a target asks for, and levels as they are spoken of, by kind of target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .numbers import number, signed, typed, with_sign, with_unit
from .saying import say
from .texts import text as fixed

if TYPE_CHECKING:
    from ..assessment.answer import Assessment

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
            "ask_change", lang, value=with_unit(quoted(a), "%", lang), base=target.base_year, year=year
        )
    value = with_unit(quoted(a), unit_of(a, lang), lang)
    if target.commitment == "about":
        tolerance = with_unit(typed(target.tolerance), step_unit(unit_of(a, lang), lang), lang)
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
        return say(f"ask_rank_{target.direction}", lang, value=quoted(a), **facts)
    if target.kind == "cumulative":
        key = "cumulative" if target.base_year is not None else "total"
        value = with_unit(quoted(a), unit_of(a, lang), lang)
        return say(f"ask_{key}_{target.direction}", lang, value=value, **facts)
    step = with_unit(quoted(a).lstrip("−"), step_unit(unit_of(a, lang), lang), lang)
    key = f"ask_{target.kind}" + ("_by" if target.threshold else "_open" if first is None else "")
    if target.kind == "direction":
        key = "ask_direction_by" if target.threshold else "ask_direction"
        facts["base"] = target.base_year if target.base_year is not None else "–"
    return say(f"{key}_{way}", lang, value=step, **facts)


def quoted(a: Assessment) -> str:
    """The number a target asks for, as the plan wrote it, without its unit; a relative change with its sign."""
    assert a.target.threshold is not None
    shown = typed(a.target.threshold, a.target.decimals)
    return with_sign(shown) if a.target.kind == "relative_change" else shown


def level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of: a change on the base year for an index, else with its unit.

    A published figure has the digits it was published with, a target those of the plan; what is computed is never
    shown on the other side of the target.
    """
    if value is None:
        return ""
    if a.target.kind == "relative_change" and a.threshold is not None:
        return change_on_base(a, value, lang)
    shown = level_number(a, value)
    if a.target.kind == "rank":
        return say("as_rank", lang, value=shown)
    if a.target.kind == "zero_event":
        return say("as_event" if value == 1 else "as_events", lang, value=shown)
    return with_unit(shown, unit_of(a, lang), lang)


def level_number(a: Assessment, value: float) -> str:
    """A level without its unit: as published, as the plan wrote it, or with the digits it takes."""
    target, series = a.target, a.series
    if value == target.threshold and target.kind not in ("monotone", "direction", "relative_change"):
        return quoted(a)
    if value in (a.bound, a.threshold):
        return typed(float(f"{value:.15g}"))
    decimals = series.decimals if series is not None else {}
    for year, digits in decimals.items():
        if series is not None and series.values.get(year) == value:
            return typed(value, digits)
    return number(value, marks(a), _digits(target.threshold))


def _digits(threshold: float | None) -> int:
    """Digits after the point of a threshold as it was typed."""
    return 0 if threshold is None else len(typed(threshold).partition(".")[2])


def marks(a: Assessment) -> list[float]:
    """The levels that decide, in the unit of the series."""
    return [value for value in (a.bound, a.threshold) if value is not None]


def change_on_base(a: Assessment, value: float, lang: str) -> str:
    """A level of an index as its change on the base year."""
    assert a.target.threshold is not None and a.threshold is not None
    if value == a.threshold:
        return with_unit(quoted(a), "%", lang)
    base = a.threshold / (1 + a.target.threshold / 100)
    limits = [float(f"{100 * (mark / base - 1):.10g}") for mark in marks(a)]
    moved = 100 * (value / base - 1)
    if value == a.bound:
        return with_unit(with_sign(typed(float(f"{moved:.10g}"))), "%", lang)
    return with_unit(signed(moved, limits, _digits(a.target.threshold)), "%", lang)


def change(value: float, lang: str, limits: Iterable[float] = ()) -> str:
    """A computed change in percent with its sign, on its own side of `limits`.

    >>> change(-18, "en"), change(2.345, "zh")
    ('−18 %', '+2.3%')
    """
    return with_unit(signed(value, limits), "%", lang)


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    if a.target.kind in ("monotone", "direction", "relative_change"):
        return str((a.definition.get("unit_zh") if lang == "zh" else "") or a.definition.get("unit") or "")
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return fixed("points", lang) if unit == "%" else unit

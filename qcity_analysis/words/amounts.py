"""Levels and targets as figures and tables show them; the amounts are those of the sentences in `describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import describe
from .asks import level_number, quoted, unit_of
from .numbers import with_unit
from .texts import text

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


def level_shown(part: Assessment, value: float, lang: str) -> str:
    """A level as the sentences say it; an index shows its change on the base year and the index itself."""
    said = describe.level(part, value, lang)
    if part.target.kind != "relative_change" or part.threshold is None:
        return said
    return _beside(part, said, level_number(part, value), lang)


def range_shown(part: Assessment, low: float, high: float, lang: str) -> str:
    """An interval as the sentences say it; that of an index with the index itself."""
    said = text("range", lang, low=describe.level(part, low, lang), high=describe.level(part, high, lang))
    if part.target.kind != "relative_change" or part.threshold is None:
        return said
    return _beside(
        part, said, text("range", lang, low=level_number(part, low), high=level_number(part, high)), lang
    )


def _beside(part: Assessment, change: str, level: str, lang: str) -> str:
    """A change with the level beside it: an index, or a quantity in its own unit."""
    if part.series is None or part.series.base_year is not None:
        return text("with_index", lang, change=change, index=level)
    return text("with_level", lang, change=change, level=with_unit(level, unit_of(part, lang), lang))


def target_shown(part: Assessment, lang: str) -> str:
    """What is asked for, short: "≥ 50 patents per 10k people", "about 4 %", "−18 % (index 82)"."""
    if part.threshold is None:
        return ""
    said = level_shown(part, part.threshold, lang)
    if part.target.kind == "relative_change":
        return said
    if part.target.kind == "direction" and not part.target.threshold:
        return text("target_direction", lang, base=part.target.base_year, value=said)
    if part.target.kind == "rank" and not part.target.upward:
        return text("target_rank", lang, value=quoted(part))
    if part.target.kind == "zero_event":
        return said
    if part.target.commitment == "about":
        return text("about", lang, value=said)
    return {"at_least": "≥ ", "at_most": "≤ ", "increase": "≥ ", "decrease": "≤ "}.get(
        part.target.direction, ""
    ) + said

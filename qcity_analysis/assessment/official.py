"""What was officially said of a target's outcome: told beside our own answer, and deciding where our figures end early.

Own figures settle first. Where they do not reach the deadline, the newest official verdict does, else the official
figure against the bound, in the unit of the target. A verdict told before the year of the deadline, as of a mid-term
review, and a figure told before that year is over are only shown.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from ..data.load import Data
from ..data.vintages import to_date
from ..errors import Note, QcityError
from ..targets import Target, find_target
from .answer import Assessment

SETTLED = ("met", "missed")
NO_FIGURE = ("every_year", "monotone", "milestone")  # kinds that one figure does not decide
AHEAD = (
    "reason", "probability", "probability_error", "word", "forecast", "fan", "expected", "median", "interval",
    "pace_needed", "needed_path",
)  # fmt: skip


def with_official(data: Data, answer: Assessment) -> Assessment:
    """The answer with what was officially said of the target, and settled by it where own figures do not."""
    target, rows = answer.target, data.outcomes
    of = {"plan": target.plan, "target_id": target.target_id, "region": target.region}
    rows = rows[(rows[[*of]] == pd.Series(of)).all(axis=1)]
    if rows.empty or not (alike := _alike(data, target)):
        return answer
    rows = rows.assign(day=rows["published"].map(to_date)).sort_values("day", ascending=False, kind="stable")
    same = alike == "all"
    said = [(_statement(data, target, row), _verdict(target, row, same)) for row in rows.itertuples()]
    notes = (*answer.notes, *(note for note, _ in said))
    own = _own(answer)
    if answer.status in SETTLED:
        differ = next((note for note, met in said if _differs(answer, own, note, met)), None)
        if differ is not None:
            ours = None if math.isnan(own) else round(own, differ.values["decimals"] + 2)
            notes += (Note("official_differs", differ.values | {"own": ours, "status": answer.status}),)
        return replace(answer, notes=notes)
    for note, met in said:
        if met is not None:
            return _settled(replace(answer, notes=notes), note, met)
    return replace(answer, notes=notes)


def _alike(data: Data, target: Target) -> str:
    """Whether the target is that of the plan: "all" of it, "base" and deadline only, or not ("")."""
    try:
        plan = find_target(data, target.target_id, target.plan)
    except QcityError:
        return ""
    names = ("kind", "direction", "base_year", "deadline")
    same = [getattr(plan, name) == getattr(target, name) for name in names]
    asked = (plan.threshold, plan.tolerance) == (target.threshold, target.tolerance)
    return "" if not all(same) else "all" if asked else "base"


def _statement(data: Data, target: Target, row: Any) -> Note:
    source = data.sources[data.sources["source_id"] == row.source_id].iloc[0]
    values = {"qualifier": row.qualifier, "verdict": row.verdict, "day": row.published}
    values |= {"value": None if pd.isna(row.value) else float(row.value), "decimals": int(row.decimals)}
    values |= {"target_kind": target.kind, "unit_zh": target.unit_zh or target.unit, "unit_en": target.unit}
    for name in ("publisher", "title"):
        values |= {f"{name}_zh": source[name], f"{name}_en": source[f"{name}_en"] or source[name]}
    return Note("official", values)


def _verdict(target: Target, row: Any, same: bool) -> bool | None:
    """Met or not by what was said; None where that does not decide."""
    if row.verdict and same and row.day.year >= target.deadline:
        return bool(row.verdict == "met")
    if pd.isna(row.value) or row.day.year <= target.deadline or target.kind in NO_FIGURE:
        return None
    met = bool(target.is_met(row.value, target.amount(target.tolerance)))
    return met if row.qualifier in ("=", "~") or (row.qualifier == ">=") == (met == target.upward) else None


def _base(answer: Assessment) -> float:
    """The level of the base year; 100 for a relative target without any figure; NaN where it is not known."""
    if answer.series is None or answer.series.values.empty:
        return 100.0 if answer.target.relative else math.nan
    return float(answer.series.values.get(answer.target.base_year, math.nan))


def _own(answer: Assessment) -> float:
    """Our own figure of the deadline in the unit of the target; NaN where there is none."""
    if answer.tally is not None:
        return answer.tally.count
    levels, year = answer.levels(), answer.target.deadline
    level = float(levels[year]) if year in levels.index else answer.outcome
    return math.nan if level is None else answer.target.amount_of(level, _base(answer))


def _differs(answer: Assessment, own: float, said: Note, met: bool | None) -> bool:
    """Whether the official verdict, or the official figure beyond its rounding, is not ours."""
    value, half = said.values["value"], 0.5 * 10.0 ** -said.values["decimals"]
    if met is not None and met != (answer.status == "met"):
        return True
    if value is None or math.isnan(own) or said.values["qualifier"] == "~":
        return False
    apart = {">=": value - own, "<=": own - value}.get(said.values["qualifier"], abs(own - value))
    return bool(apart > half * (1 + 1e-9))


def _settled(answer: Assessment, said: Note, met: bool) -> Assessment:
    target, base, value = answer.target, _base(answer), said.values["value"]
    level = math.nan if value is None else target.level_of(value, base)
    if answer.threshold is None and target.threshold is not None and not math.isnan(target.level(base)):
        answer = replace(answer, threshold=target.level(base), bound=target.bound(base))
    answer = replace(answer, status="met" if met else "missed", outcome=None if math.isnan(level) else level)
    nothing: dict[str, Any] = dict.fromkeys(AHEAD)  # what is said of what is still to come
    return replace(answer, stated=said, **nothing)

"""What was officially said of a target's outcome: told beside our own answer, and deciding where our figures end early.

Own figures settle first; where they end earlier, the newest official verdict, else the figure against the bound. What
was told before the deadline's year (of a figure: before it was over), as by a mid-term review, is only shown.
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
BASIS = ("kind", "direction", "base_year", "deadline")  # of a target; another one is another question
OPEN = (
    "reason probability probability_error word forecast fan expected median interval pace_needed needed_path"
)


def with_official(data: Data, answer: Assessment) -> Assessment:
    """The answer with what was officially said of the target, and settled by it where own figures do not."""
    target, rows = answer.target, data.outcomes
    of = {"plan": target.plan, "target_id": target.target_id, "region": target.region}
    rows = rows[(rows[[*of]] == pd.Series(of)).all(axis=1)]
    try:
        plan = find_target(data, target.target_id, target.plan) if len(rows) else None
    except QcityError:  # a target of no plan
        plan = None
    if plan is None or any(getattr(plan, name) != getattr(target, name) for name in BASIS):
        return answer
    same = (plan.threshold, plan.tolerance) == (target.threshold, target.tolerance)
    rows = rows.assign(day=rows["published"].map(to_date)).sort_values("day", ascending=False, kind="stable")
    said = [(_statement(data, target, row), _verdict(target, row, same)) for row in rows.itertuples()]
    base = 100.0 if target.relative else math.nan  # of a relative target without any figure
    if answer.series is not None and len(answer.series.values):
        base = float(answer.series.values.get(target.base_year, math.nan))
    answer = replace(answer, notes=(*answer.notes, *(note for note, _ in said)))
    if answer.status in ("met", "missed"):
        differ = [d for note, met in said if (d := _difference(answer, base, note, met))]
        return replace(answer, notes=(*answer.notes, *differ[:1]))
    return next((_settled(answer, base, note, met) for note, met in said if met is not None), answer)


def _statement(data: Data, target: Target, row: Any) -> Note:
    source = data.sources.set_index("source_id").loc[row.source_id]
    values = {"qualifier": row.qualifier, "verdict": row.verdict, "day": row.published}
    values |= {"value": None if pd.isna(row.value) else float(row.value), "decimals": int(row.decimals)}
    values |= {"target_kind": target.kind, "unit_zh": target.unit_zh or target.unit, "unit_en": target.unit}
    for name in ("publisher", "title"):
        values |= {f"{name}_zh": source[name], f"{name}_en": source[f"{name}_en"] or source[name]}
    return Note("official", values)


def _verdict(target: Target, row: Any, same: bool) -> bool | None:
    """Met or not by what was said (a verdict is that of the `same` threshold); None where that does not decide."""
    if row.verdict and same and row.day.year >= target.deadline:
        return bool(row.verdict == "met")
    if pd.isna(row.value) or row.day.year <= target.deadline or target.kind in NO_FIGURE:
        return None
    met = bool(target.is_met(row.value, target.amount(target.tolerance)))
    return met if row.qualifier in ("=", "~") or (row.qualifier == ">=") == (met == target.upward) else None


def _difference(answer: Assessment, base: float, said: Note, met: bool | None) -> Note | None:
    """Where the official verdict, or the official figure beyond its rounding, is not ours: both of them."""
    value, digits, sign = (said.values[name] for name in ("value", "decimals", "qualifier"))
    level = answer.levels().get(answer.target.deadline, answer.outcome)
    own = math.nan if level is None else answer.target.amount_of(float(level), base)
    own = own if answer.tally is None else answer.tally.count
    apart = {">=": 1, "<=": -1, "~": 0}.get(sign, math.copysign(1, (value or 0) - own)) * ((value or 0) - own)
    further = value is not None and apart > 0.5 * 10.0**-digits * (1 + 1e-9)
    if not further and met in (None, answer.status == "met"):
        return None
    ours = {"own": None if math.isnan(own) else round(own, digits + 2), "status": answer.status}
    return Note("official_differs", said.values | ours)


def _settled(answer: Assessment, base: float, said: Note, met: bool) -> Assessment:
    target, value = answer.target, said.values["value"]
    level = math.nan if value is None else target.level_of(value, base)
    new: dict[str, Any] = dict.fromkeys(OPEN.split()) | {"stated": said, "status": "met" if met else "missed"}
    if answer.threshold is None and target.threshold is not None and not math.isnan(target.level(base)):
        new |= {"threshold": target.level(base), "bound": target.bound(base)}
    return replace(answer, outcome=None if math.isnan(level) else level, **new)

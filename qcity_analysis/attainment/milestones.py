"""Targets that are done or not: a published 1 is done, a 0 for the deadline is not, and nothing else is guessed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..data.notes import Note
from ..data.partialyears import months_covered
from .assessment import Assessment
from .question import Question
from .targets import reaches


def milestone(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a milestone; there is never a probability, since figures say nothing on its chance."""
    target = question.target
    series = question.series(indicator_id)
    frames = [series.observations, series.unused, series.bounds, series.new_counts]
    rows = pd.concat([rows for rows in frames if len(rows)] or frames[:1])
    rows = rows.sort_values(["year", "period"], kind="stable")
    facts: dict[str, Any] = {"series": series, "role": role, "notes": series.notes}
    if rows.empty:
        reason = Note("no_observation", {"count": 0})
        return question.make("not_assessable", indicator_id, reason=reason, **facts)
    ends = rows["year"] - [
        months_covered(str(period)) < 12 for period in rows["period"]
    ]  # last year that is over
    ones = reaches(rows["value"], 1.0)
    done = rows[ones & (rows["year"] <= target.deadline) & (rows["qualifier"] != "<=")]
    if len(done):
        place = str(done["period"].iloc[0])
        return question.make("met", indicator_id, outcome=1.0, settled_in=place, **facts)
    last = str(rows["period"].iloc[-1])
    if (
        ~ones & (ends >= target.deadline) & (rows["qualifier"] != ">=")
    ).any():  # not done at or after the deadline
        return question.make("missed", indicator_id, outcome=0.0, **facts)
    late = rows[rows["year"] > target.deadline]
    if len(late):
        reason = Note("deadline_gap", {"deadline": target.deadline, "last": int(late["year"].iloc[0])})
    else:
        reason = Note("milestone_open", {"period": last})
    return question.make("not_assessable", indicator_id, reason=reason, **facts)

"""All targets of a plan in one table."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from ..data.datapackage import Data
from ..errors import unknown
from .assessing import assess
from .assessment import Assessment


def scorecard(
    data: Data, plan: str | None = None, *, as_of: str | dt.date | None = None, **options: Any
) -> tuple[pd.DataFrame, list[Assessment]]:
    """All targets of a plan (default: the first): a table with one row per target, and the assessments in its order.

    Columns: target_id, section, name_zh, name_en, kind, status, probability, word, last_year, last_level, reason. For a
    target that counts, last_level is what is counted so far and last_year the year of its last figure.
    `options` are those of `assess`. Raises QcityError for an unknown plan.

    >>> import qcity_analysis as qc
    >>> table, answers = qc.scorecard(qc.load(as_of="2026-06-30"), "china_14fyp")
    >>> table["status"].tolist()
    ['depends_on_definition', 'met', 'met']
    """
    plan = plan or data.plans()[0]
    if plan not in data.plans():
        raise unknown("plan", plan, data.plans())
    names = data.targets.loc[data.targets["plan"] == plan, "target_id"]
    answers = [assess(data, name, plan=plan, as_of=as_of, **options) for name in names]
    return pd.DataFrame([_row(answer) for answer in answers]), answers


def _row(answer: Assessment) -> dict[str, Any]:
    known = answer.series.known() if answer.series is not None else pd.Series(dtype=float)
    target, tally = answer.target, answer.tally
    if tally is not None:  # what is counted, not the zero it started from
        known = pd.Series({int(tally.through[:4]): tally.count} if tally.through else {}, dtype=float)
    return {
        "target_id": target.target_id,
        "section": target.section,
        "name_zh": target.name_zh,
        "name_en": target.name_en,
        "kind": target.kind,
        "status": answer.status,
        "probability": answer.probability,
        "word": answer.word,
        "last_year": int(known.index[-1]) if len(known) else None,
        "last_level": float(known.iloc[-1]) if len(known) else None,
        "reason": answer.reason.code if answer.reason else None,
    }

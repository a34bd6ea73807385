"""Will a target be met? One verdict, or the reason there is none; and all targets of a plan in one table.

Where the definition of an indicator changed and nothing joins the two, each is answered by itself. Where a region's own
levels are too few and the indicator names comparators, a reference is made from them (see `peers`), and is called so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.schema import RELATIVE
from ..errors import Note, QcityError, unknown
from ..targets import Target, find_target
from .answer import SPOKEN, Assessment, Question, refused, with_parts
from .counts import counted, milestone
from .levels import at_deadline, definitions, every_year, keeps_to_it
from .official import with_bases, with_official
from .peers import rank

UNMOVED = ("level", "coverage", "every_year")  # no splice moves the number asked for
KINDS = {
    **dict.fromkeys(("level", "coverage", "direction", *RELATIVE), at_deadline),
    **dict.fromkeys(("cumulative", "zero_event"), counted),
    **{"monotone": every_year, "every_year": keeps_to_it, "rank": rank, "milestone": milestone},
}


def assess(
    data: Data, target_id: str | Target, *, plan: str | None = None, region: str | None = None,
    as_of: str | dt.date | None = None, model: str = "mixture", draws: int = 10_000, seed: int = 0,
) -> Assessment:  # fmt: skip
    """Assess one target with what was known on `as_of` (default: the day `data` were loaded for).

    The target is a name or a record: another question is `dataclasses.replace(target, deadline=2030)`.
    `model` is "mixture" or one of `forecast.MODELS`; `draws` paths are simulated from `seed`. Raises QcityError for
    an unknown plan, target, region or model; too little data is no error but a status with its reason.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31")
    >>> answer.status, answer.word
    ('forecast', 'very_unlikely')
    """
    from ..forecasting.forecast import MODELS

    if model not in ("mixture", *MODELS):
        raise unknown("model", model, ["mixture", *MODELS])
    for name, number, least in (("draws", draws, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < least:
            raise QcityError(f"{name} is a whole number, {least} or more; found {number!r}")
    if not isinstance(data, Data):
        raise QcityError(f"data are what `load` gives; found {type(data).__name__}")
    known = data.at(as_of)
    target = find_target(known, target_id, plan, region)
    question = Question(known, target, model, draws, seed)
    ids = definitions(question)
    answer = _by_definition(question, ids) if len(ids) > 1 else _one(question, ids[0], "main")
    if target.kind in UNMOVED and answer.definition["indicator_id"] != target.indicator_id:
        answer = replace(answer, notes=(*answer.notes, Note("threshold_not_moved")))
    answer = with_bases(known, with_official(known, answer))
    if target.commitment in SPOKEN and target.wording:
        wording = {"wording_zh": target.wording, "wording_en": target.wording_en or target.wording}
        return replace(answer, notes=(*answer.notes, Note(f"wording_{target.commitment}", wording)))
    return answer


def _one(question: Question, indicator_id: str, role: str) -> Assessment:
    """The answer under one indicator; what cannot be computed is not assessable, with its reason."""
    try:
        return KINDS[question.target.kind](question, indicator_id, role)
    except QcityError as error:
        return refused(question.answer(indicator_id, role), Note("model", {"why": str(error)}))


def _by_definition(question: Question, ids: list[str]) -> Assessment:
    """Each definition's answer; one status for all only where every one is met, or every one is missed."""
    parts = tuple(_one(question, name, "definition") for name in ids)
    statuses, notes = {part.status for part in parts}, []
    for name in ids[1:]:
        row = question.data.indicator(name)
        reasons = {f"reason_{lang}": row[f"break_reason_{lang}"] for lang in ("zh", "en")}
        since = {"since": int(row["break_period"]), "indicator_id": name}
        notes.append(Note("definition_break", since | reasons))
    answer = question.answer(ids[0], series=parts[0].series, notes=tuple(notes))
    agreed = statuses.pop() if statuses in ({"met"}, {"missed"}) else "depends_on_definition"
    return with_parts(replace(answer, status=agreed), parts)


def scorecard(
    data: Data, plan: str | None = None, *, as_of: str | dt.date | None = None, **options: Any
) -> tuple[pd.DataFrame, list[Assessment]]:
    """All targets of a plan (default: the first): a table with one row per target, and the assessments in its order.

    Columns: target_id, section, name_zh, name_en, kind, status, probability, word, last_year, last_level (what is
    counted so far, for a target that counts), reason. `options` are those of `assess`. Raises QcityError: no such plan.

    >>> import qcity_analysis as qc
    >>> table, answers = qc.scorecard(qc.load(as_of="2026-06-30"), "china_14fyp")
    >>> table["status"].tolist()[:3]
    ['depends_on_definition', 'met', 'met']
    """
    plan = plan or data.plans()[0]
    if plan not in data.plans():
        raise unknown("plan", plan, data.plans())
    names = data.targets.loc[data.targets["plan"] == plan, "target_id"]
    answers = [assess(data, name, plan=plan, as_of=as_of, **options) for name in names]
    rows = []
    for answer in answers:
        target, tally, levels = answer.target, answer.tally, answer.levels()
        if tally is not None:  # what is counted, not the zero it started from
            levels = pd.Series({int(tally.through[:4]): tally.count} if tally.through else {}, dtype=float)
        row = {name: getattr(target, name) for name in ("target_id", "section", "name_zh", "name_en", "kind")}
        row |= {name: getattr(answer, name) for name in ("status", "probability", "word")}
        row["last_year"] = int(levels.index[-1]) if len(levels) else None
        row["last_level"] = float(levels.iloc[-1]) if len(levels) else None
        rows.append(row | {"reason": answer.reason.code if answer.reason else None})
    return pd.DataFrame(rows), answers

"""Will a target be met? One verdict, or the reason there is none; and all targets of a plan in one table.

Where the definition of an indicator changed and nothing joins the two, each is answered by itself. Where a region's own
levels are too few and the indicator names comparators, a reference is made from them (see `peers`), and is called so.

What was officially said of the outcome is told beside our own answer and decides where our figures end early: own
figures settle first; where they end earlier, the newest official verdict, else the figure against the bound. What was
told before the deadline's year (of a figure: before it was over), as by a mid-term review, is only shown.

A target that a plan set itself is an aim, and evidence (see `forecasting.outside`): the answer says what follows from
the figures, how often such aims were met (of the same indicator and the last three years for a year's aim, of earlier
five-year plans for theirs), and both, with the body's own record of yearly aims; of all only what was known on the day.

The headline, whose probability and word the answer has, is both; the figures without an aim, and where both was no
better on real targets (AIMS_AND_REFERENCE.md): some yearly aims, five-year plans in their last three years.
Without a forecast it is the reference, else the outside view, and the target is not assessed.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import pandas as pd

from ..data.load import Data
from ..data.schema import RELATIVE
from ..data.vintages import to_date
from ..errors import Note, QcityError, unknown
from ..forecasting.forecast import MODELS
from ..forecasting.histories import whole_number
from ..forecasting.outside import FIVE_YEARS, NEAR, RECENT, both, learned_aims, met_of, outside
from ..series.annual import told_of
from ..targets import Target, find_target
from .answer import SPOKEN, Assessment, Basis, Question, ipcc_word, refused, settled, with_parts, year_of_plan
from .counts import of_counts
from .levels import at_deadline, definitions, every_year, keeps_to_it, milestone
from .peers import rank

SETTLED = ("met", "missed")
AIMED = ("level", "relative_change", "average_growth")
NO_FIGURE = ("every_year", "monotone", "milestone")  # kinds that one figure does not decide
OF = ["plan", "target_id", "region"]  # of what an outcome is told
HEADLINES = ("figures", "reference", "outside")  # in this order, where both is none
BASIS = ("kind", "direction", "base_year", "deadline")  # of a target; another one is another question
OPEN = """reason probability probability_error word forecast fan expected median interval pace_needed
    needed_path"""
UNMOVED = ("level", "coverage", "every_year")  # no splice moves the number asked for
KINDS = {
    **dict.fromkeys(("level", "coverage", "direction", *RELATIVE), at_deadline),
    **dict.fromkeys(("cumulative", "zero_event"), of_counts),
    **{"monotone": every_year, "every_year": keeps_to_it, "rank": rank, "milestone": milestone},
}


def assess(
    data: Data, target_id: str | Target, *, plan: str | None = None, region: str | None = None,
    as_of: str | dt.date | None = None, model: str = "mixture", draws: int = 10_000, seed: int = 0,
) -> Assessment:  # fmt: skip
    """Assess one target with what was known on `as_of`: the options and errors are those of `qcity_analysis.assess`."""
    if model not in ("mixture", *MODELS):
        raise unknown("model", model, ["mixture", *MODELS])
    draws = whole_number(draws, "draws", "a whole number, 1 or more", least=1)
    seed = whole_number(seed, "seed", "a whole number, 0 or more", least=0)
    if not isinstance(data, Data):
        way = f"; assess(load(), {data!r})" if isinstance(data, str) else ""
        given = f"{type(data).__name__}{way}; for a series of your own: assess_series"
        raise QcityError(f"data are what `load` gives; found {given}")
    known = data.at(as_of)
    target = find_target(known, target_id, plan, region)
    return with_bases(known, by_figures(Question(known, target, model, draws, seed)))


def by_figures(question: Question) -> Assessment:
    """The answer of the figures alone, or what was officially said; what else there is to go by is `with_bases`."""
    target, ids = question.target, definitions(question)
    answer = _by_definition(question, ids) if len(ids) > 1 else _one(question, ids[0], "main")
    if target.kind in UNMOVED and answer.definition["indicator_id"] != target.indicator_id:
        answer = replace(answer, notes=(*answer.notes, Note("threshold_not_moved")))
    answer = with_official(question.data, answer)
    if target.commitment in SPOKEN and target.wording:
        wording = {"wording_zh": target.wording, "wording_en": target.wording_en or target.wording}
        return replace(answer, notes=(*answer.notes, Note(f"wording_{target.commitment}", wording)))
    return answer


def _one(question: Question, indicator_id: str, role: str) -> Assessment:
    """The answer under one indicator; what cannot be computed is not assessable, with its reason."""
    try:
        return KINDS[question.target.kind](question, indicator_id, role)
    except QcityError as error:
        why = getattr(error, "values", {"why": str(error)})
        return refused(question.answer(indicator_id, role), Note("model", why))


def _by_definition(question: Question, ids: list[str]) -> Assessment:
    """Each definition's answer; one status for all only where every one is met, or every one is missed."""
    parts = tuple(_one(question, name, "definition") for name in ids)
    statuses, notes = {part.status for part in parts}, []
    for row in map(question.data.indicator, ids[1:]):
        reasons = {f"reason_{lang}": row[f"break_reason_{lang}"] for lang in ("zh", "en")}
        since = {"since": int(row["break_period"]), "indicator_id": row["indicator_id"]}
        notes.append(Note("definition_break", since | reasons))
    answer = question.answer(ids[0], series=parts[0].series, notes=tuple(notes))
    agreed = statuses.pop() if statuses in ({"met"}, {"missed"}) else "depends_on_definition"
    return with_parts(replace(answer, status=agreed), parts)


def scorecard(data: Data, plan: str | None = None, *, binding: str = "", **options: Any) -> list[Assessment]:
    """The assessments of a plan's targets (default: the first plan) in its order, all or those it calls `binding`."""
    plan = plan or next(iter(data.plans()), "")
    return [assess(data, name, plan=plan, **options) for name in data.targets_of(plan, binding)["target_id"]]


def with_official(data: Data, answer: Assessment) -> Assessment:
    """The answer with what was officially said of the target, and settled by it where own figures do not."""
    target = answer.target
    rows = _said_of(data, *(getattr(target, name) for name in OF))
    plan = _planned(data, target) if len(rows) else None
    if plan is None or any(getattr(plan, name) != getattr(target, name) for name in BASIS):
        return answer
    same = (plan.threshold, plan.tolerance) == (target.threshold, target.tolerance)
    rows = rows.assign(day=rows["published"].map(to_date)).sort_values("day", ascending=False, kind="stable")
    said = [(_statement(data, target, row), _verdict(target, row, same)) for row in rows.itertuples()]
    base = 100.0 if target.relative else math.nan  # of a relative target without any figure
    if answer.series is not None and len(answer.series.values):
        base = float(answer.series.values.get(target.base_year, math.nan))
    answer = replace(answer, notes=(*answer.notes, *(note for note, _ in said)))
    if answer.status in SETTLED:
        differ = [d for note, met in said if (d := _difference(answer, base, note, met))]
        return replace(answer, notes=(*answer.notes, *differ[:1]))
    if not (deciding := [(note, met) for note, met in said if met is not None]):
        return answer
    (note, met), value = deciding[0], deciding[0][0].values["value"]
    new: dict[str, Any] = dict.fromkeys(OPEN.split()) | {"stated": note, "status": "met" if met else "missed"}
    if answer.threshold is None and target.threshold is not None and not math.isnan(target.level(base)):
        new |= {"threshold": target.level(base), "bound": target.bound(base)}
    level = math.nan if value is None else target.level_of(value, base)
    return replace(answer, outcome=None if math.isnan(level) else level, **new)


def _planned(data: Data, target: Target) -> Target | None:
    """The plan's own record of a target of this name."""
    try:
        return find_target(data, target.target_id, target.plan)
    except QcityError:  # a target of no plan
        return None


def with_bases(data: Data, answer: Assessment, aim: Target | None = None) -> Assessment:
    """The answer with its bases and its headline; `aim` is the plan's target where it is read otherwise (base year)."""
    data, answer = data.at(answer.as_of), _simulated(answer.by_figures())
    parts = tuple(map(_simulated, answer.parts))
    bases, target, kind = dict(answer.bases), aim or answer.target, ""
    open_ = answer.status in ("forecast", "not_assessable")
    if open_ and answer.role == "main" and target.kind in AIMED and _planned(data, target) == target:
        kind = kind_of(data, target)
    (met, number), record = _earlier(data, target, kind) if kind else ((0, 0), (0, 0))
    if number:
        value, low, high = (float(one) for one in outside(met, number))
        bases["outside"] = Basis(value, low, high, number, (kind,))
        if figures := bases.get("figures"):
            about = "about" if target.commitment == "about" else "exact"
            if sum(record):
                told = Note("own_record", {"met": record[0], "count": sum(record)})
                answer = replace(answer, notes=(*answer.notes, told))
            ends = zip((figures.value, figures.low, figures.high), (value, low, high), strict=True)
            value, least, most = (float(both(*pair, number, about, *record)) for pair in ends)
            bases["both"] = Basis(value, least, most, figures.n, figures.sources)
    for part in parts if answer.status == "not_assessable" else ():
        bases |= part.bases
    basis = next((name for name in HEADLINES if name in bases), answer.basis)
    near = kind == FIVE_YEARS and max(answer.levels().index, default=0) >= target.deadline - NEAR
    if "both" in bases and not near and kind not in learned_aims().figures_alone:
        basis, p = "both", bases["both"].value
        answer = replace(answer, probability=p, word=ipcc_word(p))
    return replace(answer, bases=bases, basis=basis, parts=parts)


def _simulated(part: Assessment) -> Assessment:
    """The answer by its simulated paths alone, of own figures or of comparators, with their Monte Carlo interval."""
    if part.status in SETTLED:
        return replace(part, basis="official" if part.stated else "outcome")
    if part.probability is None or part.probability_error is None:
        return replace(part, bases={}, basis="")
    p, error, lent = part.probability, 1.645 * part.probability_error, part.borrowed
    sources = lent.comparators if lent else tuple(f"{where}/{what}" for what, where in sorted(part.places()))
    count, name = len(sources if lent else part.levels()), "reference" if lent else "figures"
    told = Basis(p, max(p - error, 0.0), min(p + error, 1.0), count, sources)
    return replace(part, bases={name: told}, basis=name)


def kind_of(data: Data, target: Target) -> str:
    """Which aims a target is like: the indicator's yearly ones, those of five-year plans, or none (empty)."""
    year = year_of_plan(data, target)
    years = target.deadline - year if year else -1
    return target.indicator_id if years == 0 else FIVE_YEARS if years in (3, 4, 5) else ""


def _earlier(data: Data, target: Target, kind: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many aims like it had been met, of how many, and of the body's own for its indicator met and missed, as known
    on the day: those shipped, and for a year's aim the package's, of every body. Reports tell of a year until March.
    """
    if kind == FIVE_YEARS:
        return met_of(kind, data.as_of.year), (0, 0)
    before = min(target.deadline, (data.as_of - dt.timedelta(90)).year)
    met, number = met_of(kind, before)
    rows = pd.concat([data.targets, data.earlier_targets]).drop_duplicates(["plan", "target_id"])
    rows = rows[(rows["indicator_id"] == kind) & rows["kind"].isin(AIMED)]
    issued = rows["source_id"].map(data.sources.set_index("source_id")["date"]).str[:4]
    yearly = pd.to_numeric(issued, errors="coerce") == rows["deadline"]
    rows = rows[yearly & (rows["deadline"] < min(target.deadline, data.as_of.year))]
    recent = _decided(data, rows[rows["deadline"].between(before - RECENT, before - 1)])
    own = _decided(data, rows[rows["region"] == target.region])
    return (met + sum(recent), number + len(recent)), (sum(own), len(own) - sum(own))


def _decided(data: Data, rows: pd.DataFrame) -> list[bool]:
    """Which of these targets were met, of those that figures or an official statement had settled by the day."""
    told = []
    for row in rows.itertuples(index=False):
        said = _said_of(data, row.plan, row.target_id, row.region).to_numpy().tolist()
        seen = repr((row, said)), told_of(data, row.indicator_id, row.region)
        if (status := data.made.get(seen)) is None:
            question = Question(data, one := find_target(data, row.target_id, row.plan), "mixture", 1, 0)
            series = question.series(one.indicator_id, one.base_year if one.relative else None)
            bound = one.bound(float(series.values.get(one.base_year, math.nan)))
            answer = question.answer(one.indicator_id, series=series)
            if (outcome := question.outcome(series, bound)) is not None:
                answer = settled(answer, bool(one.is_met(outcome[0], bound)), outcome[0])
            status = data.made[seen] = with_official(data, answer).status
        told += [status == "met"] * (status in SETTLED)
    return told


def _said_of(data: Data, *target: str) -> pd.DataFrame:
    """What was officially said of a target (plan, name, region) by the day."""
    if "said" not in data.computed:
        data.computed["said"] = data.outcomes.groupby(OF).indices
    return data.outcomes.iloc[data.computed["said"].get(target, [])]


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

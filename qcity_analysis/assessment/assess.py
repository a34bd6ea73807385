"""Will a target be met? The annual series, its forecast, the pace, and one verdict, or the reason there is none.

Here are the kinds asked of levels: level (also "about"), relative_change, coverage, direction and monotone; the others
have a module each. Where the definition changed, each definition is answered by itself. Where a region's own levels are
too few and the indicator names comparators, theirs are borrowed (see `borrowing`), and the result says so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.vintages import months_covered
from ..errors import Note, QcityError, unknown
from ..forecasting.forecast import FARTHEST
from ..forecasting.histories import WINDOW
from ..series.annual import AnnualSeries, annual_series
from ..targets import Target, find_target, needed_path, pace_between
from .answer import Assessment
from .borrowing import FEWEST, borrowed_answers, moved_towards
from .counts import cumulative
from .events import milestone, zero_event
from .monotone import broken, every_year, facts_of, kept, step_of
from .question import Question, judged
from .ranks import rank

ENOUGH = 4  # own levels from which nothing is borrowed
BORROWING = ("level", "relative_change", "coverage")
OF_THEIR_OWN = {"cumulative": cumulative, "zero_event": zero_event, "rank": rank, "milestone": milestone}


def assess(
    data: Data,
    target_id: str | Target,
    *,
    plan: str | None = None,
    region: str | None = None,
    as_of: str | dt.date | None = None,
    model: str = "mixture",
    draws: int = 10_000,
    seed: int = 0,
) -> Assessment:
    """Assess one target with what was known on `as_of` (default: the day `data` were loaded for).

    The target is named, or given as a record, so that another question is `dataclasses.replace(target, deadline=2030)`.
    `model` is "mixture" or one of `models.NAMES`; `draws` paths are simulated from `seed`. Raises QcityError for an
    unknown plan, target, region or model; too little data is no error but a status with its reason.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31")
    >>> answer.status, answer.word
    ('forecast', 'very_unlikely')
    """
    from ..forecasting.alternatives import NAMES

    if model not in ("mixture", *NAMES):
        raise unknown("model", model, ["mixture", *NAMES])
    _whole("draws", draws, 1)
    _whole("seed", seed, 0)
    if not isinstance(data, Data):
        raise QcityError(f"data are what `load` gives; found {type(data).__name__}")
    known = data.at(as_of)
    target = find_target(known, target_id, plan, region)
    question = _Question(known, target, model, draws, seed)
    ids = _definitions(known, target)
    if len(ids) == 1:
        return question.answer(target.indicator_id)
    parts = tuple(question.answer(name, role="definition") for name in ids)
    statuses = {part.status for part in parts}
    shared = statuses.pop() if statuses in ({"met"}, {"missed"}) else "depends_on_definition"
    notes = tuple(_break(known, name) for name in ids[1:])
    return question.make(shared, target.indicator_id, series=parts[0].series, parts=parts, notes=notes)


def _whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise QcityError(f"{name} is a whole number, {least} or more; found {value!r}")


class _Question(Question):
    """A target asked of levels; what has a module of its own is handed on."""

    def answer(self, indicator_id: str, role: str = "main") -> Assessment:
        """The answer from the region's own figures; what cannot be computed is not assessable, with its reason."""
        try:
            return self._answer(indicator_id, role)
        except QcityError as error:
            reason = Note("model", {"why": str(error)})
            return self.make("not_assessable", indicator_id, reason=reason, role=role)

    def _answer(self, indicator_id: str, role: str) -> Assessment:
        kind = self.target.kind
        if kind in OF_THEIR_OWN:
            return OF_THEIR_OWN[kind](self, indicator_id, role)
        series = self.series(indicator_id, self.target.base_year if kind == "relative_change" else None)
        if kind == "monotone":
            return self._every_year(series, indicator_id, role)
        series = self._with_changes(series)
        levels = series.known()
        reason = self._missing(series, levels)
        has_base = reason is None or reason.code not in ("no_base", "no_base_year", "base_not_positive")
        threshold = self.target.level(self._base(series)) if has_base else None
        threshold = None if threshold is None or math.isnan(threshold) else threshold
        if threshold is not None:
            settled = self._settled(series, threshold, indicator_id, role)
            if settled is not None:
                return settled
        if reason is None:
            reason = self._too_late(levels)
        alone = role != "main" or len(levels) >= ENOUGH or kind not in BORROWING
        parts = () if alone else borrowed_answers(self, series, self._ahead)
        if reason is not None:
            notes = (*series.notes, *self._by_bounds(series))
            facts = {"threshold": threshold, "parts": parts, "role": role, "notes": notes}
            return self.make("not_assessable", indicator_id, series=series, reason=reason, **facts)
        assert threshold is not None
        return self._ahead(series, threshold, indicator_id, role=role, parts=parts)

    def _with_changes(self, series: AnnualSeries) -> AnnualSeries:
        """The series with bounds on the change since the target's base year as bounds, though no level is known."""
        rows, target = series.unused, self.target
        if target.kind != "relative_change" or len(series.values) or not len(rows):
            return series
        same = (rows["measure"] == "cumulative_change_pct") & (rows["base_period"] == target.base_year)
        rows = rows[same & rows["period"].map(lambda period: months_covered(str(period)) == 12)]
        ends = {
            sign: {
                int(row.year): 100 + float(row.value) for row in rows[rows["qualifier"] == sign].itertuples()
            }
            for sign in (">=", "<=")
        }
        lower, upper = {**series.lower, **ends[">="]}, {**series.upper, **ends["<="]}
        return dataclasses.replace(series, lower=lower, upper=upper)

    def _missing(self, series: AnnualSeries, levels: pd.Series) -> Note | None:
        target, region = self.target, self.target.region
        facts = {"indicator_id": series.indicator_id, "region": region, "count": len(levels)}
        if levels.empty:
            return Note("only_bounds" if len(series.bounds) else "no_observation", facts)
        if target.kind == "direction" and target.base_year is None:
            return Note("no_base_year", facts)
        if target.kind in ("relative_change", "direction") and target.base_year not in levels.index:
            return Note("no_base", facts | {"base_year": target.base_year})
        if target.kind == "relative_change" and not levels[target.base_year] > 0:
            base = f"{levels[target.base_year]:.10g}"
            return Note("base_not_positive", facts | {"base_year": target.base_year, "base": base})
        numbers = len(levels) + series.earlier.count()
        if (series.points() if self.model == "mixture" else numbers) < FEWEST:
            return Note("too_few", facts | {"years": [int(year) for year in levels.index]})
        if not _linked(series):
            return Note("unlinked", {"last": int(levels.index[-1]), "most": WINDOW})
        return None

    def _too_late(self, levels: pd.Series) -> Note | None:
        last, deadline = int(levels.index[-1]), self.target.deadline
        if last > deadline:
            return Note("deadline_gap", {"deadline": deadline, "last": last})
        if deadline - last > FARTHEST:
            return Note("too_far", {"deadline": deadline, "last": last, "most": FARTHEST})
        return None

    def _base(self, series: AnnualSeries) -> float:
        """The level that the target starts from: the base year's, 100 where only changes are known; else NaN."""
        return float(series.values.get(self.target.base_year, 100.0 if series.values.empty else math.nan))

    def _bound(self, series: AnnualSeries) -> float:
        """The level that is just enough, for the figure of the deadline as it is, or will be, published."""
        step = step_of(series, self.target.deadline) if self.target.kind == "coverage" else 0.0
        return self.target.bound(self._base(series), step)

    def _settled(self, series: AnnualSeries, threshold: float, name: str, role: str) -> Assessment | None:
        """Met or missed, once the deadline's figure is in (a bound counts where it decides)."""
        target, deadline = self.target, self.target.deadline
        bound = self._bound(series)
        found = self.outcome(series, bound)
        if found is None:
            return None
        level, notes = found[0], [*series.notes, *self._by_bounds(series), *found[1]]
        notes += self._outcome_notes(series, level)
        facts = self.paces(series, level, deadline)
        status = "met" if target.is_met(level, bound) else "missed"
        return self.make(
            status, name, series=series, threshold=threshold, bound=bound, outcome=level, role=role,
            notes=tuple(notes), **facts,
        )  # fmt: skip

    def _by_bounds(self, series: AnnualSeries) -> list[Note]:
        """What bounds of the years before the deadline say of the level asked for, a standard of every year."""
        target, notes = self.target, []
        if target.kind not in ("level", "coverage"):
            return []
        years = sorted(year for year in {*series.lower, *series.upper} if year < target.deadline)
        for code, wanted in (("years_met_by_bound", True), ("years_missed_by_bound", False)):
            told = []
            for year in years:
                bound = target.bound(step=step_of(series, year))
                level = self.decisive(series, year, bound)
                if not math.isnan(level) and target.is_met(level, bound) == wanted:
                    told.append(str(year))
            if told:
                notes.append(Note(code, {"periods": told}))
        return notes

    def _outcome_notes(self, series: AnnualSeries, level: float) -> list[Note]:
        deadline, notes = self.target.deadline, []
        last = series.observations[series.observations["year"] == deadline]
        if series.base_year is not None:
            notes.append(Note("derived_outcome", {"year": deadline, "change": level - 100}))
            other = annual_series(
                self.data, series.indicator_id, series.region, base_year=series.base_year, prefer="changes"
            ).values.get(deadline, math.nan)
            if not math.isnan(other) and abs(other - level) > 0.05:
                notes.append(Note("other_chain", {"year": deadline, "change": other - 100}))
        if last["status"].isin(["estimate", "preliminary"]).any():
            notes.append(
                Note("provisional_outcome", {"year": deadline, "status": str(last["status"].iloc[-1])})
            )
        return notes

    def _every_year(self, series: AnnualSeries, name: str, role: str) -> Assessment:
        """Missed at the first year that was not better; met once all years are in; else from joint paths."""
        target, levels = self.target, series.known()
        reason = self._missing(series, levels)
        facts: dict[str, Any] = {"series": series, "role": role}
        if levels.empty:
            return self.make("not_assessable", name, reason=reason, notes=series.notes, **facts)
        base, more = facts_of(self, series)
        facts["period"], notes = more["period"], (*series.notes, *more["notes"])
        worse = broken(target, series, base)
        if worse is not None:
            told = {"before": worse[0], "after": worse[1], "series": series.indicator_id}
            notes = (*notes, Note("not_better", told))
            outcome = levels.get(worse[1], (series.upper if target.upward else series.lower).get(worse[1]))
            facts |= {"outcome": float(outcome), "settled_in": str(worse[1]), "notes": notes}
            return self.make("missed", name, **facts)
        if kept(target, series, base):
            worst = (series.lower if target.upward else series.upper).get(target.deadline)
            outcome = float(levels.get(target.deadline, worst))
            return self.make("met", name, outcome=outcome, notes=notes, **facts)
        if reason is None and target.deadline in levels.index:
            missing = [y for y in range(base, target.deadline) if y not in levels.index]
            reason = Note("years_missing", {"periods": [str(year) for year in missing]})
        reason = reason or self._too_late(levels)
        if reason is not None:
            return self.make("not_assessable", name, reason=reason, notes=notes, **facts)
        return self._ahead(series, None, name, role=role, **more)

    def _verdict(self, series: AnnualSeries, found: Any, bound: float | None) -> dict[str, Any]:
        """Probability, word, expected value and interval from simulated paths."""
        if bound is None:
            base, _ = facts_of(self, series)
            return judged(found, every_year(self, series, base, found.paths, found.years))
        return judged(found, self.target.is_met(found.paths[:, -1], bound))

    def _ahead(self, series: AnnualSeries, threshold: float | None, name: str, **facts: Any) -> Assessment:
        """The forecast to the deadline and the verdict it gives; without a threshold on every year, not the last."""
        from ..forecasting.annual import forecast_series, remarks

        levels, target = series.known(), self.target
        last, deadline = int(levels.index[-1]), target.deadline
        bound = None if threshold is None else self._bound(series)
        found = forecast_series(series, deadline, model=self.model, draws=self.draws, rng=self.seed)
        alone = self._verdict(series, found, bound)
        found, names = (
            moved_towards(self.data, series, found) if facts.get("role") != "borrowed" else (found, ())
        )
        verdict = self._verdict(series, found, bound) if names else alone
        facts = verdict | self.paces(series, float(levels[last]), last) | facts
        notes = [*series.notes, *remarks(series, self.model), *facts.pop("notes", ())]
        if names:
            notes.append(self._compared(names, alone))
        if facts.get("role") == "definition" and name != _definitions(self.data, target)[-1]:
            notes.append(Note("definition_ended", {"year": deadline, "last": last}))
        else:
            notes += self.awaiting(last)
        if threshold is None or bound is None:
            return self.make("forecast", name, series=series, notes=tuple(notes), **facts)
        notes += self._by_bounds(series)
        if target.tolerance:
            ask = found.probability_at_least if target.upward else found.probability_at_most
            strict = {"tolerance": target.tolerance, "probability": ask(threshold, year=deadline)}
            notes.append(Note("tolerance", strict | {"unit_en": target.unit, "unit_zh": target.unit_zh}))
        path = needed_path(float(levels[last]), bound, last, deadline)
        return self.make(
            "forecast", name, series=series, threshold=threshold, bound=bound,
            pace_needed=pace_between(float(levels[last]), bound, last, deadline), needed_path=path,
            notes=tuple(notes), **facts,
        )  # fmt: skip

    def _compared(self, names: tuple[str, ...], alone: dict[str, Any]) -> Note:
        """Which comparators were used, and the probability without them."""
        told: dict[str, Any] = {"year": self.target.deadline, "probability": alone["probability"]}
        for lang in ("zh", "en"):
            shown = [self.data.region_name(name.partition("/")[0], lang) for name in names]
            told[f"names_{lang}"] = list(dict.fromkeys(shown))
        return Note("comparators", told)


def _linked(series: AnnualSeries) -> bool:
    """Whether two years a forecast can look back to are of one stretch, so that a change is known."""
    years = series.history().dropna().index.to_numpy()
    recent = years[years > years.max() - WINDOW]
    return bool(np.bincount(np.digitize(recent, sorted(series.breaks))).max() > 1)


def _definitions(data: Data, target: Target) -> list[str]:
    """The target's indicator, then each newer definition of it that has figures for the region."""
    ids, name = [target.indicator_id], target.indicator_id
    while True:
        newer = data.indicators.loc[data.indicators["continues"] == name, "indicator_id"]
        newer = [str(found) for found in newer if found not in ids]
        if not newer:
            break
        name = newer[0]
        ids.append(name)
    seen = data.observations[data.observations["region"] == target.region]
    held = set(seen["indicator_id"])
    return [name for k, name in enumerate(ids) if k == 0 or name in held]


def _break(data: Data, indicator_id: str) -> Note:
    row = data.indicator(indicator_id)
    facts = {"since": int(row["break_period"]), "indicator_id": indicator_id}
    return Note(
        "definition_break", facts | {f"reason_{lang}": row[f"break_reason_{lang}"] for lang in ("zh", "en")}
    )


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

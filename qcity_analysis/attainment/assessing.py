"""Will a target be met? The annual series, its forecast, the pace, and one verdict, or the reason there is none.

Here are the kinds asked of levels: level (also "about"), relative_change, coverage, direction and monotone; the others
have a module each. Where the definition changed, each definition is answered by itself. Where a region's own levels are
too few and the indicator names comparators, theirs are borrowed (see `borrowing`), and the result says so.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd

from ..data.annual import annual_series
from ..data.datapackage import Data
from ..data.notes import Note
from ..data.series import AnnualSeries
from ..errors import unknown
from .assessment import Assessment
from .borrowing import FEWEST, borrowed_answers, moved_towards
from .cumulative import cumulative
from .events import zero_event
from .joint import broken, every_year, facts_of
from .milestones import milestone
from .pace import needed_path, pace_between
from .question import Question, judged
from .ranks import rank
from .targets import Target, find_target

ENOUGH = 4  # own levels from which nothing is borrowed
BORROWING = ("level", "relative_change", "coverage")
OF_THEIR_OWN = {"cumulative": cumulative, "zero_event": zero_event, "rank": rank, "milestone": milestone}


def assess(
    data: Data,
    target_id: str,
    *,
    plan: str | None = None,
    region: str | None = None,
    as_of: str | dt.date | None = None,
    model: str = "mixture",
    draws: int = 10_000,
    seed: int = 0,
) -> Assessment:
    """Assess one target with what was known on `as_of` (default: the day `data` were loaded for).

    `model` is "mixture" or one of `models.NAMES`; `draws` paths are simulated from `seed`. Raises QcityError for an
    unknown plan, target, region or model; too little data is no error but a status with its reason.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31")
    >>> answer.status, answer.word
    ('forecast', 'very_unlikely')
    """
    from ..forecasting.models import NAMES

    if model not in ("mixture", *NAMES):
        raise unknown("model", model, ["mixture", *NAMES])
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


class _Question(Question):
    """A target asked of levels; what has a module of its own is handed on."""

    def answer(self, indicator_id: str, role: str = "main") -> Assessment:
        """The answer from the region's own figures, borrowing from comparators where they are too few."""
        kind = self.target.kind
        if kind in OF_THEIR_OWN:
            return OF_THEIR_OWN[kind](self, indicator_id, role)
        series = self.series(indicator_id, self.target.base_year if kind == "relative_change" else None)
        if kind == "monotone":
            return self._every_year(series, indicator_id, role)
        levels = series.known()
        reason = self._missing(series, levels)
        has_base = reason is None or reason.code not in ("no_base", "no_base_year")
        threshold = self._threshold(series) if has_base else None
        if threshold is not None:
            settled = self._settled(series, threshold, indicator_id, role)
            if settled is not None:
                return settled
        if reason is None:
            reason = self._too_late(levels)
        alone = role != "main" or len(levels) >= ENOUGH or kind not in BORROWING
        parts = () if alone else borrowed_answers(self, series, self._ahead)
        if reason is not None:
            facts = {"threshold": threshold, "parts": parts, "role": role, "notes": series.notes}
            return self.make("not_assessable", indicator_id, series=series, reason=reason, **facts)
        assert threshold is not None
        return self._ahead(series, threshold, indicator_id, role=role, parts=parts)

    def _missing(self, series: AnnualSeries, levels: pd.Series) -> Note | None:
        target, region = self.target, self.target.region
        facts = {"indicator_id": series.indicator_id, "region": region, "count": len(levels)}
        if levels.empty:
            return Note("only_bounds" if len(series.bounds) else "no_observation", facts)
        if target.kind == "direction" and target.base_year is None:
            return Note("no_base_year", facts)
        if target.kind in ("relative_change", "direction") and target.base_year not in levels.index:
            return Note("no_base", facts | {"base_year": target.base_year})
        numbers = len(levels) + series.earlier.count()
        if (series.points() if self.model == "mixture" else numbers) < FEWEST:
            return Note("too_few", facts | {"years": [int(year) for year in levels.index]})
        return None

    def _too_late(self, levels: pd.Series) -> Note | None:
        last = int(levels.index[-1])
        if last > self.target.deadline:
            return Note("deadline_gap", {"deadline": self.target.deadline, "last": last})
        return None

    def _threshold(self, series: AnnualSeries) -> float | None:
        asked = self.target.threshold
        if asked is None:  # a direction without a figure: any step to the better side
            asked = 0.0
        if self.target.kind not in ("relative_change", "direction"):
            return asked
        base = series.values.get(self.target.base_year, 100.0 if series.values.empty else math.nan)
        if self.target.kind == "direction":
            base += abs(asked) if self.target.upward else -abs(asked)
            return None if math.isnan(base) else base
        return None if math.isnan(base) else base * (1 + asked / 100)

    def _bound(self, series: AnnualSeries, threshold: float) -> float:
        """The level that is just enough: by rounding for coverage, above the base year's figure for a direction."""
        half = self._step(series) / 2
        if self.target.kind == "coverage":
            return self.target.bound(threshold, 2 * half)
        if self.target.kind == "direction" and not self.target.threshold:
            return threshold + (half if self.target.upward else -half)
        return self.target.bound(threshold)

    def _step(self, series: AnnualSeries) -> float:
        """The published precision: one in the last digit that is shown anywhere in the series."""
        shown = [f"{value:.10g}".partition(".")[2] for value in series.observations["value"]]
        return 10.0 ** -max((len(part) for part in shown), default=0)

    def _settled(self, series: AnnualSeries, threshold: float, name: str, role: str) -> Assessment | None:
        """Met or missed, once the deadline's figure is in (a bound counts where it decides)."""
        target, deadline = self.target, self.target.deadline
        bound = self._bound(series, threshold)
        level, notes = series.values.get(deadline, math.nan), list(series.notes)
        if math.isnan(level):
            level = float((series.lower if target.upward else series.upper).get(deadline, math.nan))
            if math.isnan(level) or not target.is_met(level, bound):
                return None
            notes.append(Note("met_by_bound", {"year": deadline, "value": level}))
        notes += self._outcome_notes(series, level)
        facts = self.paces(series, level, deadline)
        status = "met" if target.is_met(level, bound) else "missed"
        return self.make(
            status, name, series=series, threshold=threshold, bound=bound, outcome=level, role=role,
            notes=tuple(notes), **facts,
        )  # fmt: skip

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
        need = max(abs(target.threshold or 0.0), self._step(series))
        worse = broken(levels, base, target.deadline, target.upward, need)
        if worse is not None:
            told = {"before": worse[0], "after": worse[1], "series": series.indicator_id}
            notes = (*notes, Note("not_better", told))
            facts |= {"outcome": float(levels[worse[1]]), "settled_in": str(worse[1]), "notes": notes}
            return self.make("missed", name, **facts)
        if all(year in levels.index for year in range(base, target.deadline + 1)):
            outcome = float(levels[target.deadline])
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
            return judged(found, every_year(self, series, base, self._step(series), found.paths, found.years))
        end = found.paths[:, -1]
        return judged(found, end >= bound if self.target.upward else end <= bound)

    def _ahead(self, series: AnnualSeries, threshold: float | None, name: str, **facts: Any) -> Assessment:
        """The forecast to the deadline and the verdict it gives; without a threshold on every year, not the last."""
        from ..forecasting.published import forecast_series, remarks

        levels, target = series.known(), self.target
        last, deadline = int(levels.index[-1]), target.deadline
        bound = None if threshold is None else self._bound(series, threshold)
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
        if threshold is None:
            return self.make("forecast", name, series=series, notes=tuple(notes), **facts)
        if target.tolerance:
            ask = found.probability_at_least if target.upward else found.probability_at_most
            strict = {"tolerance": target.tolerance, "probability": ask(threshold, year=deadline)}
            notes.append(Note("tolerance", strict | {"unit_en": target.unit, "unit_zh": target.unit_zh}))
        path = needed_path(float(levels[last]), threshold, last, deadline)
        return self.make(
            "forecast", name, series=series, threshold=threshold, bound=bound,
            pace_needed=pace_between(float(levels[last]), threshold, last, deadline), needed_path=path,
            notes=tuple(notes), **facts,
        )  # fmt: skip

    def _compared(self, names: tuple[str, ...], alone: dict[str, Any]) -> Note:
        """Which comparators were used, and the probability without them."""
        told: dict[str, Any] = {"year": self.target.deadline, "probability": alone["probability"]}
        for lang in ("zh", "en"):
            shown = [self.data.region_name(name.partition("/")[0], lang) for name in names]
            told[f"names_{lang}"] = list(dict.fromkeys(shown))
        return Note("comparators", told)


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

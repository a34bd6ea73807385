"""Will a target be met? The annual series, its forecast, the pace, and one verdict, or the reason there is none.

Assesses targets of kind level (also "about"), relative_change and coverage. Where the definition changed, each
definition is answered by itself. Where a region's own levels are too few and the indicator names comparators, the
comparators' changes are chained on the region's own last level, and the result says that it is borrowed.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..data.annual import AnnualSeries, Note, annual_series, shifted
from ..data.datapackage import Data
from ..errors import QcityError, unknown
from .assessment import ASSESSED_KINDS, Assessment, Borrowed, ipcc_word
from .pace import needed_path, pace_between
from .targets import Target, find_target

ENOUGH = 4  # own levels from which nothing is borrowed
FEWEST = 3  # levels from which a forecast is made
FAN = (0.05, 0.25, 0.5, 0.75, 0.95)


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
    if target.kind not in ASSESSED_KINDS:
        return question.unassessed()
    ids = _definitions(known, target)
    if len(ids) == 1:
        return question.answer(target.indicator_id)
    parts = tuple(question.answer(name, role="definition") for name in ids)
    statuses = {part.status for part in parts}
    shared = statuses.pop() if statuses in ({"met"}, {"missed"}) else "depends_on_definition"
    notes = tuple(_break(known, name) for name in ids[1:])
    return question.make(shared, target.indicator_id, series=parts[0].series, parts=parts, notes=notes)


@dataclass(frozen=True)
class _Question:
    """One target, the data known, and how to simulate; makes the assessments."""

    data: Data
    target: Target
    model: str
    draws: int
    seed: int

    def make(self, status: str, indicator_id: str, **facts: Any) -> Assessment:
        names = {lang: self.data.region_name(self.target.region, lang) for lang in ("zh", "en")}
        series = facts.get("series")
        used = series.observations if series is not None else None
        parts = facts.get("parts", ())
        return Assessment(
            target=self.target,
            as_of=self.data.as_of,
            status=status,
            region_names=names,
            definition=_plain(self.data.indicator(indicator_id)),
            tolerance=self.target.tolerance,
            model=self.model,
            draws=self.draws,
            seed=self.seed,
            illustrative=(used is not None and bool((used["status"] == "illustrative").any()))
            or any(part.illustrative for part in parts),
            **facts,
        )

    def unassessed(self) -> Assessment:
        """A target of a kind this module does not assess: its figures, and the reason."""
        target = self.target
        series = annual_series(self.data, target.indicator_id, target.region)
        held = sum(len(rows) for rows in (series.observations, series.bounds, series.unused))
        reason = Note("kind", {"kind": target.kind}) if held else Note("no_observation", {"count": 0})
        return self.make(
            "not_assessable", target.indicator_id, reason=reason, series=series, notes=series.notes
        )

    def answer(self, indicator_id: str, role: str = "main") -> Assessment:
        """The answer from the region's own figures, borrowing from comparators where they are too few."""
        relative = self.target.kind == "relative_change"
        series = annual_series(
            self.data, indicator_id, self.target.region, base_year=self.target.base_year if relative else None
        )
        levels = series.known()
        reason = self._missing(series, levels)
        threshold = self._threshold(series) if reason is None or reason.code != "no_base" else None
        if threshold is not None:
            settled = self._settled(series, threshold, indicator_id, role)
            if settled is not None:
                return settled
        if reason is None:
            reason = self._too_late(levels)
        parts = () if role != "main" or len(levels) >= ENOUGH else self._borrow(series)
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
        if target.kind == "relative_change" and target.base_year not in levels.index:
            return Note("no_base", facts | {"base_year": target.base_year})
        if len(levels) + series.earlier.count() < FEWEST:
            return Note("too_few", facts | {"years": [int(year) for year in levels.index]})
        return None

    def _too_late(self, levels: pd.Series) -> Note | None:
        last = int(levels.index[-1])
        if last > self.target.deadline:
            return Note("deadline_gap", {"deadline": self.target.deadline, "last": last})
        return None

    def _threshold(self, series: AnnualSeries) -> float | None:
        asked = self.target.threshold
        assert asked is not None  # checked when the targets were read
        if self.target.kind != "relative_change":
            return asked
        base = series.values.get(self.target.base_year, 100.0 if series.values.empty else math.nan)
        return None if math.isnan(base) else base * (1 + asked / 100)

    def _step(self, series: AnnualSeries) -> float:
        """The published precision, where the kind of target is met by rounding (coverage)."""
        if self.target.kind != "coverage":
            return 0.0
        shown = [f"{value:.10g}".partition(".")[2] for value in series.observations["value"]]
        return 10.0 ** -max((len(part) for part in shown), default=0)

    def _settled(self, series: AnnualSeries, threshold: float, name: str, role: str) -> Assessment | None:
        """Met or missed, once the deadline's figure is in (a bound counts where it decides)."""
        target, deadline = self.target, self.target.deadline
        bound = target.bound(threshold, self._step(series))
        level, notes = series.values.get(deadline, math.nan), list(series.notes)
        if math.isnan(level):
            sign = ">=" if target.direction == "at_least" else "<="
            rows = series.bounds[(series.bounds["year"] == deadline) & (series.bounds["qualifier"] == sign)]
            if rows.empty or not target.is_met(float(rows["value"].iloc[-1]), bound):
                return None
            level = float(rows["value"].iloc[-1])
            notes.append(Note("met_by_bound", {"year": deadline, "value": level}))
        notes += self._outcome_notes(series, level)
        facts = self._paces(series, level, deadline)
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

    def _paces(self, series: AnnualSeries, level: float, year: int) -> dict[str, Any]:
        known = series.known()
        start = self.target.base_year if self.target.base_year in known.index else None
        start = int(known.index[0]) if start is None and len(known) else start
        if start is None or start >= year:
            return {}
        return {"pace_so_far": pace_between(float(known[start]), level, int(start), year)}

    def _ahead(self, series: AnnualSeries, threshold: float, name: str, **facts: Any) -> Assessment:
        """The forecast to the deadline and the verdict it gives."""
        from ..forecasting.forecasts import forecast

        levels, target = series.known(), self.target
        last, deadline = int(levels.index[-1]), target.deadline
        bound = target.bound(threshold, self._step(series))
        joint = self.model == "mixture"  # the others cannot learn from stretches that nothing joins
        found = forecast(
            (series.history() if joint else series.values).rename(f"{series.region}/{series.indicator_id}"),
            until=deadline,
            support=series.support,
            model=self.model,
            draws=self.draws,
            rng=self.seed,
            breaks=series.breaks if joint else (),
        )
        facts = self._verdict(found, bound) | self._paces(series, float(levels[last]), last) | facts
        notes = [*series.notes, *facts.pop("notes", ())]
        if facts.get("role") == "definition" and name != _definitions(self.data, target)[-1]:
            notes.append(Note("definition_ended", {"year": deadline, "last": last}))
        elif self.data.as_of.year > deadline:
            notes.append(Note("awaiting_figure", {"year": deadline, "last": last}))
        if target.tolerance:
            ask = found.probability_at_least if target.direction == "at_least" else found.probability_at_most
            strict = {"tolerance": target.tolerance, "probability": ask(threshold, year=deadline)}
            notes.append(Note("tolerance", strict | {"unit_en": target.unit, "unit_zh": target.unit_zh}))
        path = needed_path(float(levels[last]), threshold, last, deadline)
        return self.make(
            "forecast", name, series=series, forecast=found, threshold=threshold, bound=bound,
            pace_needed=pace_between(float(levels[last]), threshold, last, deadline), needed_path=path,
            notes=tuple(notes), **facts,
        )  # fmt: skip

    def _verdict(self, found: Any, bound: float) -> dict[str, Any]:
        """Probability, word, expected value and interval at the deadline from simulated paths."""
        deadline, least = self.target.deadline, self.target.direction == "at_least"
        ask = found.probability_at_least if least else found.probability_at_most
        probability = ask(bound, year=deadline)
        fan = found.quantiles(FAN)
        return {
            "probability": probability,
            "probability_error": found.probability_error(probability),
            "word": ipcc_word(probability),
            "fan": fan,
            "expected": float(found.mean()[deadline]),
            "median": float(fan.loc[deadline, 0.5]),
            "interval": (float(fan.loc[deadline, 0.05]), float(fan.loc[deadline, 0.95])),
        }

    def _borrow(self, own: AnnualSeries) -> tuple[Assessment, ...]:
        """The same question if the region had moved like each of its comparators since its own last level."""
        named = str(self.data.indicator(self.target.indicator_id)["comparators"])
        answers = []
        for place in filter(None, (part.strip() for part in named.split(";"))):
            region, _, indicator_id = place.partition("/")
            if (region, indicator_id) != (own.region, own.indicator_id):
                answers.append(self._borrow_from(own, region, indicator_id))
        return tuple(answer for answer in answers if answer is not None)

    def _borrow_from(self, own: AnnualSeries, region: str, indicator_id: str) -> Assessment | None:
        levels, target = own.known(), self.target
        relative = target.kind == "relative_change"
        if levels.empty and not relative:
            return None  # nothing of its own to chain the changes on
        start = int(levels.index[-1]) if len(levels) else target.base_year
        assert start is not None
        level = float(levels.iloc[-1]) if len(levels) else 100.0
        theirs = annual_series(self.data, indicator_id, region, base_year=start)
        borrowed = Borrowed(
            region,
            indicator_id,
            {lang: self.data.region_name(region, lang) for lang in ("zh", "en")},
            {lang: str(self.data.indicator(indicator_id)[f"name_{lang}"]) for lang in ("zh", "en")},
        )
        known = theirs.known()
        if start not in known.index or len(known) + theirs.earlier.count() < FEWEST or known[start] == 0:
            return None
        moved = shifted(theirs, start, level, relative or own.base_year is not None)
        facts: dict[str, Any] = {"borrowed": borrowed, "borrowed_since": start, "role": "borrowed"}
        base = own.values.get(target.base_year, 100.0) if relative else 1.0
        threshold = float(base * (1 + target.threshold / 100)) if relative else float(target.threshold)  # type: ignore
        if target.deadline in moved.known().index:
            reached = float(moved.values[target.deadline])
            bound = target.bound(threshold)
            status = "met" if target.is_met(reached, bound) else "missed"
            return self.make(
                status, indicator_id, series=moved, threshold=threshold, bound=bound, outcome=reached,
                notes=moved.notes, **facts, **self._paces(moved, reached, target.deadline),
            )  # fmt: skip
        try:
            return self._ahead(moved, threshold, indicator_id, **facts)
        except QcityError as error:  # a comparator that this model cannot take leaves the others standing
            reason = Note("model", {"why": str(error)})
            return self.make("not_assessable", indicator_id, series=moved, reason=reason, **facts)


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


def _plain(row: pd.Series) -> dict[str, Any]:
    return {key: (None if pd.isna(value) else value) for key, value in row.items() if key != "row"}

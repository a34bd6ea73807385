"""Targets on the level of the deadline (also "about", a relative change, coverage, a direction), and on every year's.

Average growth is read as the level it leads to. Every year better ("monotone") is one statement about all years of the
period together, as is a level kept to in every year. The years that count run from the year after the base year to the
deadline. Where the plan names no base year, the plan's own year (the date of its document) is the first one, to be
compared with the year before. A year counts as better when the figure is above the one before (below, where less is
better), both rounded to the coarser of the two published steps; levels that are derived, and two published ones, are
compared as they are. A bound decides where it is enough. Years between two levels move with the standard deviation of a
yearly change around the average one (gaps taken as a random walk). A milestone is done by a published 1, not done by a
0 for the deadline; nothing else is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..data.schema import is_spliced
from ..data.vintages import among, is_whole
from ..errors import Note
from ..forecasting.forecast import Forecast
from ..forecasting.histories import FARTHEST, WINDOW
from ..series.annual import AnnualSeries, annual_series
from ..series.evidence import LEVELS, PROVISIONAL, Evidence
from ..targets import CLOSE, Target, needed_path, pace_between, reaches
from .answer import Assessment, Question, judged, refused, settled, with_parts, year_of_plan
from .peers import FEWEST, moved_towards, reference_answers

REFERRED = ("level", "relative_change", "coverage", "average_growth")


def at_deadline(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target on the level, or the change, of the deadline."""
    target = question.target
    base = target.base_year if target.relative else None
    series = _with_changes(target, question.series(indicator_id, base))
    levels, answer = series.known(), question.answer(indicator_id, role, series)
    reason = _missing(question, series, levels)
    threshold, bound = _asked(target, series)
    notes = (*series.notes, *_by_bounds(question, series))
    baseless = reason is not None and reason.code in ("no_base", "no_base_year", "base_not_positive")
    if not baseless and not math.isnan(threshold):
        answer, outcome = replace(answer, threshold=threshold), question.outcome(series, bound)
        if outcome is not None:
            level, by_bound = outcome
            notes = (*notes, *by_bound, *_on_outcome(question, series, level))
            pace = question.pace_so_far(series, level, target.deadline)
            answer = replace(answer, bound=bound, notes=notes, pace_so_far=pace)
            return settled(answer, target.is_met(level, bound), level)
    reason = reason or _too_late(target, levels)
    if role == "main" and len(levels) < FEWEST and target.kind in REFERRED:
        answer = with_parts(answer, reference_answers(question, series, _ahead_to_deadline))
    if reason is not None:
        return refused(replace(answer, notes=notes), reason)
    return _ahead_to_deadline(question, answer, series)


def _with_changes(target: Target, series: AnnualSeries) -> AnnualSeries:
    """The series with bounds on the change since the target's base year as bounds, though no level is known."""
    rows = series.unused
    if not target.relative or len(series.values) or not len(rows):
        return series
    same = (rows["measure"] == "cumulative_change_pct") & (rows["base_period"] == target.base_year)
    rows = rows[same & is_whole(rows["period"])].astype({"year": int}).set_index("year")
    lower, upper = ((100 + rows["value"][rows["qualifier"] == sign]).to_dict() for sign in (">=", "<="))
    return replace(series, evidence=series.evidence | Evidence(lower, upper))


def _missing(question: Question, series: AnnualSeries, levels: pd.Series) -> Note | None:
    """What is missing for a forecast, if anything."""
    target, base = question.target, question.target.base_year
    facts = {"indicator_id": series.indicator_id, "region": target.region, "count": len(levels)}
    if levels.empty:
        return Note("only_bounds" if len(series.bounds) else "no_observation", facts)
    if target.kind in ("direction", "every_year") and base is None:
        return Note("no_base_year", facts)
    if (target.relative or target.kind == "direction") and base not in levels.index:
        return Note("no_base", facts | {"base_year": base})
    if target.relative and not levels[base] > 0:
        return Note("base_not_positive", facts | {"base_year": base, "base": f"{levels[base]:.10g}"})
    numbers = len(levels) + series.earlier.count()
    if (series.points() if question.model == "mixture" else numbers) < FEWEST:
        return Note("too_few", facts | {"years": [int(year) for year in levels.index]})
    years = series.history().dropna().index.to_numpy()
    recent = years[years > years.max() - WINDOW]
    linked = np.bincount(np.digitize(recent, sorted(series.breaks))).max() > 1  # two years of one stretch
    return None if linked else Note("unlinked", {"last": int(levels.index[-1]), "most": WINDOW})


def _too_late(target: Target, levels: pd.Series) -> Note | None:
    """Why the deadline cannot be forecast from the last level: it lies before it, or too far ahead."""
    years = {"deadline": target.deadline, "last": int(levels.index[-1])}
    if (ahead := target.deadline - years["last"]) < 0:
        return Note("deadline_gap", years)
    return Note("too_far", years | {"most": FARTHEST}) if ahead > FARTHEST else None


def _asked(target: Target, series: AnnualSeries) -> tuple[float, float]:
    """The level asked for, and the one that is just enough for the deadline's figure as published; NaN if unknown."""
    base = float(series.values.get(target.base_year, 100.0 if series.values.empty else math.nan))
    step = _step_of(series, target.deadline) if target.kind == "coverage" else 0.0
    return target.level(base), target.bound(base, step)


def _step_of(series: AnnualSeries, year: int) -> float:
    """One in the last digit of the year's figure, else of the finest so far; 0 where levels are derived."""
    known, bounds, digits = series.known(), series.bounds, series.decimals.get(year)
    if digits is None and year not in known.index:
        own = list(bounds.loc[bounds["year"] == year, "decimals"])
        published = not len(known) or int(known.index[-1]) in series.decimals
        digits = max(own or series.decimals.values(), default=None) if published else None
    return 0.0 if digits is None else 10.0 ** -int(digits)


def _by_bounds(question: Question, series: AnnualSeries) -> list[Note]:
    """What bounds of the years before the deadline say of the level asked for, a standard of every year."""
    target = question.target
    years: dict[str, list[str]] = {"years_met_by_bound": [], "years_missed_by_bound": []}
    bounded = {*series.evidence.lower, *series.evidence.upper} if target.kind in ("level", "coverage") else ()
    for year in sorted(year for year in bounded if year < target.deadline):
        bound = target.bound(step=_step_of(series, year))
        if not math.isnan(level := question.decisive(series, year, bound)):
            met = target.is_met(level, bound)
            years["years_met_by_bound" if met else "years_missed_by_bound"].append(str(year))
    return [Note(code, {"periods": periods}) for code, periods in years.items() if periods]


def _on_outcome(question: Question, series: AnnualSeries, level: float) -> list[Note]:
    """What must be said of the figure that settles the target: chained from changes, or not final."""
    year, base, notes = question.target.deadline, series.base_year, []
    if base is not None:
        notes.append(Note("derived_outcome", {"year": year, "change": level - 100}))
        if {"change_pct", "cumulative_change_pct"} <= set(series.observations["measure"]):
            name, region = series.indicator_id, series.region
            chain = annual_series(question.data, name, region, base_year=base, prefer="changes")
            if abs((other := float(chain.values.get(year, math.nan))) - level) > 0.05:
                notes.append(Note("other_chain", {"year": year, "change": other - 100}))
    rows = series.observations[series.observations["year"] == year]
    own, measure = rows["indicator_id"] == series.indicator_id, rows["measure"]
    sums = own & (measure == "cumulative_change_pct") & (rows["base_period"] == base)
    # a level settles before a change, a change since the base year before those of single years
    settling = next((kind for kind in (own & measure.isin(LEVELS), sums) if kind.any()), rows["year"].notna())
    status = [name for name in rows.loc[settling, "status"] if name in PROVISIONAL]
    return [*notes, Note("provisional_outcome", {"year": year, "status": status[-1]})] if status else notes


def _ahead_to_deadline(
    question: Question, answer: Assessment, series: AnnualSeries, made: Forecast | None = None
) -> Assessment:
    """The forecast (or the one `made`) of the deadline's level, its chance, and the pace that leads to the bound."""
    target, levels = question.target, series.known()
    bound = _asked(target, series)[1] if answer.bound is None else answer.bound
    ends = float(levels.iloc[-1]), bound, int(levels.index[-1]), target.deadline
    answer = _ahead(question, answer, series, lambda made: target.is_met(made.paths[:, -1], bound), made=made)
    assert answer.forecast is not None and answer.threshold is not None
    ask = answer.forecast.probability_at_least if target.upward else answer.forecast.probability_at_most
    strict = ask(answer.threshold, year=target.deadline) if target.tolerance else math.nan
    notes = (*answer.notes, *_by_bounds(question, series), *question.without_tolerance(strict))
    path = needed_path(*ends)
    return replace(answer, bound=bound, pace_needed=pace_between(*ends), needed_path=path, notes=notes)


def _ahead(
    question: Question, answer: Assessment, series: AnnualSeries, met: Callable[[Forecast], np.ndarray],
    notes: tuple[Note, ...] = (), made: Forecast | None = None,
) -> Assessment:  # fmt: skip
    """The forecast to the deadline, moved towards comparators, or the one `made`, and its verdict; with `notes`."""
    from ..forecasting.annual import forecast_series, remarks

    deadline, last = question.target.deadline, int(series.known().index[-1])
    how: dict[str, Any] = {"model": question.model, "draws": question.draws, "rng": question.seed}
    if made is None and (deadline, *how.values()) not in series.made:  # whatever is asked of that year
        own = forecast_series(series, deadline, **how)
        series.made[deadline, *how.values()] = own, *moved_towards(question.data, series, own)
    own, moved, names = (made, made, ()) if made else series.made[deadline, *how.values()]
    told = [*series.notes, *(() if made else remarks(series, question.model)), *notes]
    if names:
        regions = list(dict.fromkeys(name.partition("/")[0] for name in names))
        alone = float(np.mean(met(own)))
        told.append(question.names_note("comparators", regions, year=deadline, probability=alone))
    if answer.role == "definition" and answer.definition["indicator_id"] != definitions(question)[-1]:
        told.append(Note("definition_ended", {"year": deadline, "last": last}))
    else:
        told += question.awaiting(last)
    pace = question.pace_so_far(series, float(series.values[last]), last)
    return replace(judged(answer, moved, met(moved)), notes=tuple(told), pace_so_far=pace)


def definitions(question: Question) -> list[str]:
    """The target's indicator and each newer definition with figures that begins in time, unless joined to it."""
    data, target = question.data, question.target
    ids, newer = [target.indicator_id], dict[str, str]()
    for name, older, begins in data.indicators[["indicator_id", "continues", "break_period"]].to_numpy():
        if pd.isna(begins) or begins <= target.deadline:
            newer.setdefault(older, name)
    while (name := str(newer.get(ids[-1], ids[0]))) not in ids:
        ids.append(name)
    kept, held = ids[:1], lambda name: among(data.observations, [(name, target.region)]).any()
    for name in filter(held, ids[1:]):
        joined = is_spliced(data.indicator(name)) and data.indicator(name)["continues"] == kept[-1]
        if joined and all(note.code != "splice_impossible" for note in question.series(name).notes):
            kept.pop()
        kept.append(name)
    return kept


def every_year(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """Missed at the first year that was not better; met once all years are in; else from joint paths."""
    target, series = question.target, question.series(indicator_id)
    levels, deadline = series.known(), target.deadline
    reason = _missing(question, series, levels)
    answer = question.answer(indicator_id, role, series, notes=series.notes)
    if levels.empty:
        assert reason is not None
        return refused(answer, reason)
    base, notes = _years_that_count(question, levels)
    answer = replace(answer, period=(base + 1, deadline), notes=(*series.notes, *notes))
    worst, best = _ends(series, target, base)
    for after in sorted(best):
        for before in sorted((year for year in worst if year < after), reverse=True):
            if not _better(worst[before], best[after], target, years=after - before):
                note = Note("not_better", {"before": before, "after": after, "series": series.indicator_id})
                answer = replace(answer, notes=(*answer.notes, note))
                return settled(answer, False, best[after], str(after))
    sure = {year for year in worst if year - 1 in best and _better(best[year - 1], worst[year], target)}
    if sure >= {*range(base + 1, deadline + 1)}:
        return settled(answer, True, worst[deadline])
    if reason is None and deadline in levels.index:
        missing = [str(year) for year in range(base, deadline) if year not in levels.index]
        reason = Note("years_missing", {"periods": missing})
    if reason is not None or (reason := _too_late(target, levels)):
        return refused(answer, reason)

    def all_better(ahead: Forecast) -> np.ndarray:
        """Each two years rounded to the coarser of their steps, unless either is derived or both are published."""
        table, met = _every_level(question, series, ahead), []
        for year in range(max(base, min(table)) + 1, deadline + 1):
            steps = (_step_of(series, year - 1), _step_of(series, year))
            as_they_are = {year - 1, year} <= series.decimals.keys() or not all(steps)
            met.append(_better(table[year - 1], table[year], target, 0.0 if as_they_are else max(steps)))
        return np.all(met, axis=0)

    return _ahead(question, answer, series, all_better, notes)


def _ends(series: AnnualSeries, target: Target, first: int) -> list[dict[int, float]]:
    """The worst and the best that each year from `first` to the deadline can have been: its level, else its bounds."""
    ends = [{**end} | series.known().to_dict() for end in (series.evidence.lower, series.evidence.upper)]
    years = range(first, target.deadline + 1)
    within = [{year: float(level) for year, level in end.items() if year in years} for end in ends]
    return within if target.upward else within[::-1]


def keeps_to_it(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """Missed at the first year on the wrong side; met once all years are in; else from joint paths."""
    target, series = question.target, question.series(indicator_id)
    levels, bound = series.known().loc[: target.deadline], target.bound()
    reason, base = _missing(question, series, levels), target.base_year
    answer = question.answer(indicator_id, role, series, bound=bound, notes=series.notes)
    if base is None or (levels.empty and not len(series.bounds)):
        return refused(answer, reason or Note("no_base_year"))
    answer = replace(answer, threshold=target.level(), period=(base + 1, target.deadline))
    worst, best = _ends(series, target, base + 1)
    for year in sorted(best):
        if not target.is_met(best[year], bound):
            return settled(answer, False, best[year], str(year))
    sure = {year for year, level in worst.items() if target.is_met(level, bound)}
    missing = [year for year in range(base + 1, target.deadline + 1) if year not in sure]
    if not missing:
        return settled(answer, True, worst[target.deadline])
    if reason is None and (missing[0] < levels.index[0] or target.deadline in sure):
        reason = Note("years_open", {"periods": [str(year) for year in missing if year < target.deadline]})
    if reason is not None or (reason := _too_late(target, series.known())):
        return refused(answer, reason)

    def met(ahead: Forecast) -> np.ndarray:
        table = _every_level(question, series, ahead)
        return np.all([target.is_met(table[year], bound) for year in missing], axis=0)

    return _ahead(question, answer, series, met)


def _years_that_count(question: Question, levels: pd.Series) -> tuple[int, tuple[Note, ...]]:
    """The year the first comparison is made with, and notes on it and on years between levels."""
    target, base, first, notes = question.target, question.target.base_year, int(levels.index[0]), []
    if base is None:
        year = year_of_plan(question.data, target)
        base, code = first, "first_year_of_figures"
        if year is not None and year <= target.deadline:
            base, code = year - 1, "first_year_of_plan"
        notes.append(Note(code, {"year": base + 1, "before": base}))
    if base < first < target.deadline:
        notes.append(Note("compared_from", {"before": first, "year": first + 1, "base": base}))
    if gaps := sorted({*range(max(base, first), int(levels.index[-1]))} - {*levels.index}):
        notes.append(Note("bridged", {"periods": [str(year) for year in gaps]}))
    return base, tuple(notes)


def _better(before: Any, after: Any, target: Target, step: float = 0.0, years: int = 1) -> Any:
    """Whether levels `years` apart, rounded to `step` (0: not), moved by what is asked in every year."""
    if step:
        before, after = (np.floor(np.asarray(level) / step + 0.5 + CLOSE) * step for level in (before, after))
    need = (abs(target.threshold or 0.0) - target.tolerance) * years
    return target.is_met(after, before + (need if target.upward else -need))


def _every_level(question: Question, series: AnnualSeries, ahead: Forecast) -> dict[int, np.ndarray]:
    """The level of each year from the first known one on, (draws,). Years without a figure between two levels are drawn
    as a Brownian bridge, with the standard deviation of a yearly change around the average one (gaps a random walk).
    """
    known, draws = series.known(), len(ahead.paths)
    rng = np.random.default_rng([question.seed, 1])
    table = {int(year): np.full(draws, float(level)) for year, level in known.items()}
    gaps, change = np.diff(known.index.to_numpy(float)), np.diff(known.to_numpy(float))
    rate, freedom = change.sum() / max(gaps.sum(), 1.0), len(change) - 1
    spread = math.sqrt(float(np.sum((change - rate * gaps) ** 2 / gaps)) / freedom) if freedom > 0 else 0.0
    for (before, start), (after, end) in pairwise(known.items()):
        if after - before > 1:
            steps = rng.normal(0.0, spread, (draws, after - before))
            steps += (end - start - steps.sum(axis=1, keepdims=True)) / (after - before)
            levels = start + np.cumsum(steps, axis=1)
            table |= {year: levels[:, k] for k, year in enumerate(range(before + 1, after))}
    return table | {int(year): ahead.paths[:, k] for k, year in enumerate(ahead.years)}


def milestone(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a milestone; there is never a probability, since figures say nothing on its chance."""
    deadline, series = question.target.deadline, question.series(indicator_id)
    answer = question.answer(indicator_id, role, series, notes=series.notes)
    rows = series.figures().sort_values(["year", "period"], kind="stable")
    if rows.empty:
        return refused(answer, Note("no_observation", {"count": 0}))
    ones, year = reaches(rows["value"], 1.0), rows["year"]
    done = rows[ones & (year <= deadline) & (rows["qualifier"] != "<=")]
    if len(done):
        return settled(answer, True, 1.0, str(done["period"].iloc[0]))
    over = year - (rows["months"] < 12)  # last year that is over
    if (~ones & (over >= deadline) & (rows["qualifier"] != ">=")).any():  # not done at or after the deadline
        return settled(answer, False, 0.0)
    late, open_ = year[year > deadline], Note("milestone_open", {"period": str(rows["period"].iloc[-1])})
    gap = Note("deadline_gap", {"deadline": deadline, "last": int(late.min())}) if len(late) else None
    return refused(answer, gap or open_)

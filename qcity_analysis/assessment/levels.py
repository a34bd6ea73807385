"""Targets on the level of the deadline (also "about", a relative change, coverage, a direction), and on every year's.

Every year better ("monotone") is one statement about all years of the period together. The years that count run from
the year after the base year to the deadline. Where the plan names no base year, the plan's own year (the date of its
document) is the first one, to be compared with the year before. A year counts as better when the figure is above the
one before (below, where less is better), both rounded to the coarser of the two published steps; levels that are
derived are compared as they are. A bound decides where it is enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..data.vintages import is_whole
from ..errors import Note
from ..forecasting.forecast import Forecast
from ..forecasting.histories import FARTHEST, WINDOW
from ..series.annual import AnnualSeries, annual_series
from ..targets import CLOSE, Target, needed_path, pace_between
from .answer import Assessment, Question, judged, refused, settled, with_parts
from .peers import FEWEST, borrowed_answers, moved_towards

ENOUGH = 4  # own levels from which nothing is borrowed
BORROWING = ("level", "relative_change", "coverage")


def at_deadline(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target on the level, or the change, of the deadline."""
    target = question.target
    relative = target.kind == "relative_change"
    series = _with_changes(target, question.series(indicator_id, target.base_year if relative else None))
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
    if role == "main" and len(levels) < ENOUGH and target.kind in BORROWING:
        answer = with_parts(answer, borrowed_answers(question, series, _ahead_to_deadline))
    if reason is not None:
        return refused(replace(answer, notes=notes), reason)
    return _ahead_to_deadline(question, answer, series)


def _with_changes(target: Target, series: AnnualSeries) -> AnnualSeries:
    """The series with bounds on the change since the target's base year as bounds, though no level is known."""
    rows = series.unused
    if target.kind != "relative_change" or len(series.values) or not len(rows):
        return series
    same = (rows["measure"] == "cumulative_change_pct") & (rows["base_period"] == target.base_year)
    rows = rows[same & is_whole(rows["period"])]
    lower, upper = (
        {int(row.year): 100 + float(row.value) for row in rows[rows["qualifier"] == sign].itertuples()}
        for sign in (">=", "<=")
    )
    return replace(series, lower={**series.lower, **lower}, upper={**series.upper, **upper})


def _missing(question: Question, series: AnnualSeries, levels: pd.Series) -> Note | None:
    """What is missing for a forecast, if anything."""
    target, base = question.target, question.target.base_year
    facts = {"indicator_id": series.indicator_id, "region": target.region, "count": len(levels)}
    if levels.empty:
        return Note("only_bounds" if len(series.bounds) else "no_observation", facts)
    if target.kind == "direction" and base is None:
        return Note("no_base_year", facts)
    if target.kind in ("relative_change", "direction") and base not in levels.index:
        return Note("no_base", facts | {"base_year": base})
    if target.kind == "relative_change" and not levels[base] > 0:
        return Note("base_not_positive", facts | {"base_year": base, "base": f"{levels[base]:.10g}"})
    numbers = len(levels) + series.earlier.count()
    if (series.points() if question.model == "mixture" else numbers) < FEWEST:
        return Note("too_few", facts | {"years": [int(year) for year in levels.index]})
    years = series.history().dropna().index.to_numpy()
    recent = years[years > years.max() - WINDOW]
    if np.bincount(np.digitize(recent, sorted(series.breaks))).max() < 2:  # no two years of one stretch
        return Note("unlinked", {"last": int(levels.index[-1]), "most": WINDOW})
    return None


def _too_late(target: Target, levels: pd.Series) -> Note | None:
    """Why the deadline cannot be forecast from the last level: it lies before it, or too far ahead."""
    years = {"deadline": target.deadline, "last": int(levels.index[-1])}
    if years["last"] > target.deadline:
        return Note("deadline_gap", years)
    far = target.deadline - years["last"] > FARTHEST
    return Note("too_far", years | {"most": FARTHEST}) if far else None


def _asked(target: Target, series: AnnualSeries) -> tuple[float, float]:
    """The level asked for, and the one that is just enough for the deadline's figure as published; NaN if unknown."""
    base = float(series.values.get(target.base_year, 100.0 if series.values.empty else math.nan))
    step = _step_of(series, target.deadline) if target.kind == "coverage" else 0.0
    return target.level(base), target.bound(base, step)


def _step_of(series: AnnualSeries, year: int) -> float:
    """One in the last digit of the year's published figure or bound; for a year without one, which is still to come,
    that of the finest figure so far. 0 where levels are derived, which are compared as they are.
    """
    known, bounds, digits = series.known(), series.bounds, series.decimals.get(year)
    if digits is None and year not in known.index:
        own = list(bounds.loc[bounds["year"] == year, "decimals"])
        published = not len(known) or int(known.index[-1]) in series.decimals
        digits = max(own or series.decimals.values(), default=None) if published else None
    return 0.0 if digits is None else 10.0 ** -int(digits)


def _by_bounds(question: Question, series: AnnualSeries) -> list[Note]:
    """What bounds of the years before the deadline say of the level asked for, a standard of every year."""
    target = question.target
    years: dict[bool, list[str]] = {True: [], False: []}
    if target.kind in ("level", "coverage"):
        for year in sorted(year for year in {*series.lower, *series.upper} if year < target.deadline):
            bound = target.bound(step=_step_of(series, year))
            level = question.decisive(series, year, bound)
            if not math.isnan(level):
                years[target.is_met(level, bound)].append(str(year))
    codes = {True: "years_met_by_bound", False: "years_missed_by_bound"}
    return [Note(codes[met], {"periods": periods}) for met, periods in years.items() if periods]


def _on_outcome(question: Question, series: AnnualSeries, level: float) -> list[Note]:
    """What must be said of the figure that settles the target: chained from changes, or not final."""
    year, base, notes = question.target.deadline, series.base_year, []
    if base is not None:
        notes.append(Note("derived_outcome", {"year": year, "change": level - 100}))
        other = annual_series(
            question.data, series.indicator_id, series.region, base_year=base, prefer="changes"
        ).values.get(year, math.nan)
        if abs(other - level) > 0.05:
            notes.append(Note("other_chain", {"year": year, "change": other - 100}))
    status = series.observations.loc[series.observations["year"] == year, "status"]
    if status.isin(["estimate", "preliminary"]).any():
        notes.append(Note("provisional_outcome", {"year": year, "status": str(status.iloc[-1])}))
    return notes


def _ahead_to_deadline(question: Question, answer: Assessment, series: AnnualSeries) -> Assessment:
    """The forecast of the deadline's level, its chance, and the pace that leads to the bound."""
    target, levels, (_, bound) = question.target, series.known(), _asked(question.target, series)
    last, level = int(levels.index[-1]), float(levels.iloc[-1])
    threshold = answer.threshold
    answer = _ahead(question, answer, series, lambda ahead: target.is_met(ahead.paths[:, -1], bound))
    assert answer.forecast is not None and threshold is not None
    ask = answer.forecast.probability_at_least if target.upward else answer.forecast.probability_at_most
    strict = ask(threshold, year=target.deadline) if target.tolerance else math.nan
    return replace(
        answer, bound=bound, pace_needed=pace_between(level, bound, last, target.deadline),
        needed_path=needed_path(level, bound, last, target.deadline),
        notes=(*answer.notes, *_by_bounds(question, series), *question.without_tolerance(strict)),
    )  # fmt: skip


def _ahead(
    question: Question, answer: Assessment, series: AnnualSeries, met: Callable[[Forecast], np.ndarray],
    notes: tuple[Note, ...] = (),
) -> Assessment:  # fmt: skip
    """The forecast to the deadline, moved towards comparators, and its verdict; `notes` are told beside its own."""
    from ..forecasting.annual import forecast_series, remarks

    deadline, levels = question.target.deadline, series.known()
    last = int(levels.index[-1])
    own = forecast_series(series, deadline, model=question.model, draws=question.draws, rng=question.seed)
    moved, names = moved_towards(question.data, series, own) if answer.role != "borrowed" else (own, ())
    all_notes = [*series.notes, *remarks(series, question.model), *notes]
    if names:
        regions = list(dict.fromkeys(name.partition("/")[0] for name in names))
        alone = float(np.mean(met(own)))
        all_notes.append(question.names_note("comparators", regions, year=deadline, probability=alone))
    if answer.role == "definition" and answer.definition["indicator_id"] != definitions(question)[-1]:
        all_notes.append(Note("definition_ended", {"year": deadline, "last": last}))
    else:
        all_notes += question.awaiting(last)
    pace = question.pace_so_far(series, float(levels[last]), last)
    return replace(judged(answer, moved, met(moved)), notes=tuple(all_notes), pace_so_far=pace)


def definitions(question: Question) -> list[str]:
    """The target's indicator, then each newer definition of it that has figures for the region."""
    data, first = question.data, question.target.indicator_id
    rows, ids = data.indicators, [first]
    while newer := [
        str(name) for name in rows.loc[rows["continues"] == ids[-1], "indicator_id"] if name not in ids
    ]:
        ids.append(newer[0])
    own = data.observations[data.observations["region"] == question.target.region]
    return [name for name in ids if name in {first, *own["indicator_id"]}]


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
    # the best and the worst that each year can have been: its level, else its bounds
    ends = (series.upper, series.lower) if target.upward else (series.lower, series.upper)
    best, worst = (
        {year: float(level) for year, level in ({**end} | levels.to_dict()).items() if base <= year <= deadline}
        for end in ends
    )  # fmt: skip
    for after in sorted(best):
        for before in sorted((year for year in worst if year < after), reverse=True):
            if not _better(worst[before], best[after], target, years=after - before):
                note = Note("not_better", {"before": before, "after": after, "series": series.indicator_id})
                answer = replace(answer, notes=(*answer.notes, note))
                return settled(answer, False, float(levels.get(after, ends[0].get(after))), str(after))
    if all(
        year - 1 in best and year in worst and _better(best[year - 1], worst[year], target)
        for year in range(base + 1, deadline + 1)
    ):
        return settled(answer, True, float(levels.get(deadline, ends[1].get(deadline))))
    if reason is None and deadline in levels.index:
        missing = [str(year) for year in range(base, deadline) if year not in levels.index]
        reason = Note("years_missing", {"periods": missing})
    reason = reason or _too_late(target, levels)
    if reason is not None:
        return refused(answer, reason)
    return _ahead(question, answer, series, lambda ahead: _all_better(question, series, base, ahead), notes)


def _years_that_count(question: Question, levels: pd.Series) -> tuple[int, tuple[Note, ...]]:
    """The year the first comparison is made with (the first of `levels` where the plan's document has no date), and
    notes on it and on years between levels.
    """
    target, notes = question.target, []
    dates = question.data.sources.set_index("source_id")["date"]
    date, first = str(dates.get(target.source_id, ""))[:4], int(levels.index[0])
    base = target.base_year
    if base is None:
        dated = date.isdigit() and int(date) <= target.deadline
        base = int(date) - 1 if dated else first
        code = "first_year_of_plan" if dated else "first_year_of_figures"
        notes.append(Note(code, {"year": base + 1, "before": base}))
    if base < first < target.deadline:
        notes.append(Note("compared_from", {"before": first, "year": first + 1, "base": base}))
    gaps = [year for year in range(max(base, first), int(levels.index[-1])) if year not in levels.index]
    if gaps:
        notes.append(Note("bridged", {"periods": [str(year) for year in gaps]}))
    return base, tuple(notes)


def _better(before: Any, after: Any, target: Target, step: float = 0.0, years: int = 1) -> Any:
    """Whether levels `years` apart, rounded to `step` (0: not), rose (or fell) by what the target asks less its
    tolerance in every year; by anything where it asks for no figure.
    """
    if step:
        before, after = (np.floor(np.asarray(level) / step + 0.5 + CLOSE) * step for level in (before, after))
    need = (abs(target.threshold or 0.0) - target.tolerance) * years
    return target.is_met(after, before + (need if target.upward else -need))


def _all_better(question: Question, series: AnnualSeries, base: int, ahead: Forecast) -> np.ndarray:
    """Whether each path is better in every year from the year after `base` to the deadline, (draws,) of bool.

    Years without a figure between two levels are drawn as a Brownian bridge, with the standard deviation of a yearly
    change around the average one (gaps taken as a random walk). Each two years are rounded to the coarser of their
    steps, unless either level is derived or both are published.
    """
    target, known, draws = question.target, series.known(), len(ahead.paths)
    rng = np.random.default_rng([question.seed, 1])
    table = {int(year): np.full(draws, float(level)) for year, level in known.items()}
    gaps, change = np.diff(known.index.to_numpy(float)), np.diff(known.to_numpy(float))
    rate, freedom = change.sum() / max(gaps.sum(), 1.0), len(change) - 1
    spread = math.sqrt(float(np.sum((change - rate * gaps) ** 2 / gaps)) / freedom) if freedom > 0 else 0.0
    for before, after in zip(known.index[:-1], known.index[1:], strict=True):
        years = int(after - before)
        if years > 1:
            moves = rng.normal(0.0, spread, (draws, years)) if spread else np.zeros((draws, years))
            moves += ((known[after] - known[before]) - moves.sum(axis=1, keepdims=True)) / years
            levels = known[before] + np.cumsum(moves, axis=1)
            table |= {int(before) + 1 + k: levels[:, k] for k in range(years - 1)}
    table |= {int(year): ahead.paths[:, k] for k, year in enumerate(ahead.years)}
    met = np.ones(draws, dtype=bool)
    for year in range(max(base, min(table)) + 1, target.deadline + 1):
        steps = (_step_of(series, year - 1), _step_of(series, year))
        as_they_are = {year - 1, year} <= series.decimals.keys() or not all(steps)
        met &= _better(table[year - 1], table[year], target, 0.0 if as_they_are else max(steps))
    return met

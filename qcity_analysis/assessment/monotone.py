"""Targets of getting better every single year: one statement about all years of the period together.

The years that count run from the year after the base year to the deadline. Where the plan names no base year, the
plan's own year (the date of its document) is the first one, to be compared with the year before. A year counts as
better when the figure is above the one before (below, where less is better), both rounded to the coarser of the two
published steps; levels that are derived are compared as they are. A bound decides where it is enough.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Note
from ..series.annual import AnnualSeries
from ..targets import CLOSE, Target
from .question import Question


def years_that_count(question: Question, levels: pd.Series) -> tuple[int, Note | None]:
    """The year the first comparison is made with, and the note that says why when the plan names none.

    `levels` (index year) decide only where the plan's document has no date: then it is their first year.
    """
    target = question.target
    if target.base_year is not None:
        return target.base_year, None
    dates = question.data.sources.set_index("source_id")["date"]
    date = str(dates.get(target.source_id, ""))[:4]
    if date.isdigit() and int(date) <= target.deadline:
        base = int(date) - 1
        return base, Note("first_year_of_plan", {"year": base + 1, "before": base})
    base = int(levels.index[0])
    return base, Note("first_year_of_figures", {"year": base + 1, "before": base})


def step_of(series: AnnualSeries, year: int) -> float:
    """One in the last digit of the year's published figure or bound; for a year without one, which is still to come,
    that of the finest figure so far. 0 where levels are derived, which are compared as they are.

    >>> import qcity_analysis as qc
    >>> step_of(qc.annual_series(qc.load(), "rd_intensity", "nanjing"), 2020)
    0.01
    """
    known, places = series.known(), series.decimals.get(year)
    bounds = series.bounds
    if places is None and year not in known.index:
        told = list(bounds.loc[bounds["year"] == year, "decimals"]) if "decimals" in bounds else []
        published = not len(known) or int(known.index[-1]) in series.decimals
        places = max(told or series.decimals.values(), default=None) if published else None
    return 0.0 if places is None else 10.0 ** -int(places)


def better(before: Any, after: Any, target: Target, step: float = 0.0, years: int = 1) -> Any:
    """Whether levels `years` apart got better as the target asks, both rounded to `step` (0: not rounded).

    Without a figure of its own the target asks for any rise (or fall); with one, for that much less the tolerance in
    every year.
    """
    if step:
        before, after = (np.floor(np.asarray(level) / step + 0.5 + CLOSE) * step for level in (before, after))
    need = (abs(target.threshold or 0.0) - target.tolerance) * years
    return target.is_met(after, before + (need if target.upward else -need))


def broken(target: Target, series: AnnualSeries, base: int) -> tuple[int, int] | None:
    """The first two years of published levels or bounds between which it was not better; None when there is no pair."""
    best, worst = _ends(series, base, target)
    for after in sorted(best):
        for before in sorted((year for year in worst if year < after), reverse=True):
            if not better(worst[before], best[after], target, years=after - before):
                return before, after
    return None


def kept(target: Target, series: AnnualSeries, base: int) -> bool:
    """Whether every year from the one after `base` to the deadline is certain to have been better."""
    best, worst = _ends(series, base, target)
    return all(
        year - 1 in best and year in worst and bool(better(best[year - 1], worst[year], target))
        for year in range(base + 1, target.deadline + 1)
    )


def _ends(series: AnnualSeries, base: int, target: Target) -> tuple[dict[int, float], dict[int, float]]:
    """The best and the worst that each year can have been: its level, else its bounds."""
    levels = {int(year): float(level) for year, level in series.known().items()}
    high, low = dict(series.upper) | levels, dict(series.lower) | levels
    inside = [
        {int(y): float(v) for y, v in ends.items() if base <= y <= target.deadline} for ends in (high, low)
    ]
    return (inside[0], inside[1]) if target.upward else (inside[1], inside[0])


def _coarser(series: AnnualSeries, before: int, after: int) -> float:
    """The coarser of the two steps; 0 where either level is derived, or both are published and stand as they are."""
    if before in series.decimals and after in series.decimals:
        return 0.0
    steps = (step_of(series, before), step_of(series, after))
    return max(steps) if all(steps) else 0.0


def every_year(
    question: Question, series: AnnualSeries, base: int, paths: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Whether each draw is better in every year from the year after `base` to the deadline, (draws,) of bool.

    `paths` (draws, years) go on from the last level. Years without a figure between two levels are drawn around the
    straight line between them, as far apart as the yearly changes of the series are (a Brownian bridge). Each two
    years are compared as published (see `step_of`).
    """
    target, known = question.target, series.known()
    rng = np.random.default_rng([question.seed, 1])
    table = {int(year): np.full(len(paths), float(level)) for year, level in known.items()}
    spread = yearly_spread(known)
    for before, after in zip(known.index[:-1], known.index[1:], strict=True):
        table |= _bridged(int(before), int(after), known, spread, len(paths), rng)
    table |= {int(year): paths[:, place] for place, year in enumerate(years)}
    first, met = max(base, min(table)), np.ones(len(paths), dtype=bool)
    for year in range(first + 1, target.deadline + 1):
        met &= better(table[year - 1], table[year], target, _coarser(series, year - 1, year))
    return met


def yearly_spread(known: pd.Series) -> float:
    """The standard deviation of a yearly change around the average one, gaps taken as a random walk; 0 when unknown.

    >>> round(yearly_spread(pd.Series({2020: 1.0, 2021: 2.0, 2022: 4.0})), 3)
    0.707
    """
    years = np.diff(known.index.to_numpy(float))
    change = np.diff(known.to_numpy(float))
    if len(change) < 2:
        return 0.0
    rate = change.sum() / years.sum()
    return math.sqrt(float(np.sum((change - rate * years) ** 2 / years)) / (len(change) - 1))


def _bridged(
    before: int, after: int, known: pd.Series, spread: float, draws: int, rng: np.random.Generator
) -> dict[int, np.ndarray]:
    if after - before < 2:
        return {}
    moves = rng.normal(0.0, spread, (draws, after - before)) if spread else np.zeros((draws, after - before))
    moves += ((known[after] - known[before]) - moves.sum(axis=1, keepdims=True)) / (after - before)
    levels = known[before] + np.cumsum(moves, axis=1)
    return {before + 1 + k: levels[:, k] for k in range(after - before - 1)}


def facts_of(question: Question, series: AnnualSeries) -> tuple[int, dict[str, Any]]:
    """The year the first comparison is made with, and facts for `make`: the period and the notes on it."""
    levels, target = series.known(), question.target
    base, note = years_that_count(question, levels)
    notes = [note] if note else []
    first = max(base, int(levels.index[0]))
    if first > base and first < target.deadline:
        notes.append(Note("compared_from", {"before": first, "year": first + 1, "base": base}))
    gaps = [year for year in range(first, int(levels.index[-1])) if year not in levels.index]
    if gaps:
        notes.append(Note("bridged", {"periods": [str(year) for year in gaps]}))
    return base, {"period": (base + 1, target.deadline), "notes": tuple(notes)}

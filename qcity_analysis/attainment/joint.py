"""Targets of getting better every single year: one statement about all years of the period together.

The years that count run from the year after the base year to the deadline. Where the plan names no base year, the
plan's own year (the date of its document) is the first one, to be compared with the year before. A year counts as
better when the figure, rounded as it is published, is above the one before (below, where less is better).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ..data.notes import Note
from ..data.series import AnnualSeries
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


def broken(levels: pd.Series, base: int, deadline: int, upward: bool, need: float) -> tuple[int, int] | None:
    """The first two years of published levels between which it was not better; None when there is no such pair.

    `need` is the least step that counts from one year to the next; over a gap anything not better will do.

    >>> broken(pd.Series({2021: 97.0, 2022: 97.5, 2023: 97.5}), 2021, 2025, True, 0.1)
    (2022, 2023)
    """
    known = levels.dropna().loc[base:deadline]
    for before, after in zip(known.index[:-1], known.index[1:], strict=True):
        step = (known[after] - known[before]) * (1 if upward else -1)
        if step < (need if after - before == 1 else 0.0) - 1e-9 or step <= 0:
            return int(before), int(after)
    return None


def every_year(
    question: Question, series: AnnualSeries, base: int, step: float, paths: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Whether each draw is better in every year from the year after `base` to the deadline, (draws,) of bool.

    `paths` (draws, years) go on from the last level; `step` is the published precision, to which they are rounded.
    Years without a figure between two levels are drawn around the straight line between them, as far apart as the
    yearly changes of the series are (a Brownian bridge), and rounded likewise.
    """
    target, known = question.target, series.known()
    rng = np.random.default_rng([question.seed, 1])
    table = {int(year): np.full(len(paths), float(level)) for year, level in known.items()}
    spread = yearly_spread(known)
    for before, after in zip(known.index[:-1], known.index[1:], strict=True):
        for year, levels in _bridged(int(before), int(after), known, spread, len(paths), rng).items():
            table[year] = np.round(levels / step) * step
    for place, year in enumerate(years):
        table[int(year)] = np.round(paths[:, place] / step) * step
    first = max(base, min(table))
    row = np.stack([table[year] for year in range(first, target.deadline + 1)], axis=1)
    moves = np.diff(row, axis=1) * (1 if target.upward else -1)
    return np.asarray((moves >= max(abs(target.threshold or 0.0), step) - 1e-9).all(axis=1))


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

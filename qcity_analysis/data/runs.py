"""Warnings about stretches of figures: evenly spaced ones, equal ones, and totals that fall."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import Problem
from .wholeyears import SOURCE, Figures, shown

RUN = 3  # equal steps, or equal values, in a row
DIGITS = 10  # an equal step is at least so many units of the last digit: smaller ones are equal by chance


def even_steps(levels: Figures) -> list[Problem]:
    """Stretches of evenly spaced levels, one warning each, at their last figure: they look interpolated.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.data.wholeyears import newest
    >>> even_steps(newest(qc.load().observations, qc.load().indicators).chosen(np.array([], int)))
    []
    """
    step, joined, finest = np.diff(levels.value), levels.next_year(), levels.resolution()
    equal = np.abs(np.diff(step)) <= 1e-9 * np.abs(levels.value[2:])
    true = equal & joined[1:] & joined[:-1] & (np.abs(step[1:]) > 0)
    found = []
    for start, end in _stretches(true, RUN - 1):
        start, end = start, end + 2
        if abs(step[start]) < (DIGITS - 0.5) * finest[start : end + 1].min():
            continue
        years = f"{levels.year[start]} to {levels.year[end]}"
        allowed = f"published figures; those of {years} go by exactly {step[start]:.10g} a year"
        found.append(
            levels.problem(end, allowed, "they look interpolated: keep only the years that were published")
        )
    return found


def repeated(levels: Figures) -> list[Problem]:
    """Levels that are the same three years running or more, one warning for each stretch, at its last figure.

    Zero, and 100 for a share, are ends at which a series may stay.
    """
    end = (levels.value == 0) | ((levels.value == 100) & (levels.support == "percent"))
    same = levels.next_year() & (np.diff(levels.value) == 0) & ~end[1:]
    found = []
    for start, last in _stretches(same, RUN - 1):
        allowed = f"a figure of its own for each year; {levels.year[start]} to {levels.year[last + 1]} are all the same"
        found.append(levels.problem(last + 1, allowed, f"{SOURCE}: it may have been carried forward"))
    return found


def falling(figures: Figures) -> list[Problem]:
    """Totals lower than those of an earlier year; bounds take part where they prove a fall."""
    totals = figures.chosen(figures.measure == "count_total")
    qualifier = totals.column("qualifier")
    least = pd.Series(np.where(qualifier == "<=", -np.inf, totals.value))
    highest = least.groupby(totals.series).cummax().groupby(totals.series).shift().to_numpy(float)
    most = np.where(qualifier == ">=", np.inf, totals.value)
    found = []
    for k in np.flatnonzero(most < highest):
        allowed = f"a total of at least {shown(highest[k])}, which an earlier year had already"
        remedy = f"{SOURCE}; what is new in one year has the measure count_new"
        found.append(totals.problem(int(k), allowed, remedy))
    return found


def _stretches(true: np.ndarray, least: int) -> list[tuple[int, int]]:
    """First and last position of every stretch of at least `least` neighbouring trues."""
    edges = np.flatnonzero(np.diff(np.r_[False, true, False].astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]

"""What if: one answer asked again under suppositions about the years to the deadline, or of another target.

A supposed figure conditions the forecast: of its joint paths the NEAR share nearest to it is kept and moved on to it
by a linear regression among them (Beaumont, Zhang and Balding 2002, Genetics 162:2025-2035). A supposed course (a pace,
a plan, a shock, another policy) takes the place of the median; the paths lie around it as before, in ratio where the
quantity is positive. How often anything moved so is counted. All go by the figures alone, also the answer as it is: an
aim is evidence on what is not known, which here is supposed. What a measure brings about is out of scope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment, judged
from ..data.load import Data
from ..errors import QcityError, did_you_mean
from ..forecasting.forecast import Forecast
from ..forecasting.histories import as_number, limits, whole_number
from ..series.annual import annual_series
from ..targets import Pace, pace_between
from .outlook import Feasibility, again, feasibility

NEAR = 0.08  # share of the paths kept around a supposed figure
RECENT = 5  # years over which a comparator's pace is taken
COURSES = ("pace", "path", "shock", "policy")
SUPPOSED = ("given", *COURSES, "threshold", "deadline")
USUAL: dict[str, dict[str, Any]] = {
    "forecast": {}, "last_3": {"pace": "last 3"}, "last_5": {"pace": "last 5"}, "halted": {"pace": "halted"},
    "needed": {"pace": "needed"}, "best": {"pace": "best"},
}  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """One supposition and what follows: `name`, `supposed` (as asked), `answer` under it, `pace` (from the last figure
    to the median; from a supposed figure on the one still needed), `seen` (how often anything moved so fast).
    """

    name: str
    supposed: Mapping[str, Any]
    answer: Assessment
    pace: Pace | None = None
    seen: Feasibility = Feasibility()

    def share(self, source: str) -> float | None:
        """Share of past moves at least as fast: of the "own" series, of each "comparator", of the "bank" (corpus)."""
        rows = [row for row in self.seen.rows if row.source == source and row.share is not None]
        weights = [row.windows or 1 for row in rows]
        return float(np.average([row.share or 0.0 for row in rows], weights=weights)) if rows else None


def scenario(data: Data, a: Assessment, name: str = "", **supposed: Any) -> Scenario:
    """The answer `a`, made with `data`, under what is `supposed`.

    `given` ({2026: 3.9}: figures of years to come); one course: `pace` (a number in the unit a year, "halted",
    "needed", "best" comparator, "last 5" years), `path` ({2025: 3.8, 2026: 4.0}, a plan), `shock` ((year, size) or
    (year, size, years until it is made up for)), `policy` ((first year, pace from then on)); `threshold` and
    `deadline` of another target. Raises QcityError for another name, an impossible value, no forecast, or a target that
    more than the level of its deadline decides.
    """
    supposed = {key: value for key, value in supposed.items() if value is not None}
    for key in (key for key in supposed if key not in SUPPOSED):
        hint = did_you_mean(key, SUPPOSED)
        raise QcityError(f"{key!r} cannot be supposed.{hint} Allowed: {', '.join(SUPPOSED)}")
    if len(courses := [key for key in COURSES if key in supposed]) > 1:
        raise QcityError(f"suppose one course at a time; found {', '.join(courses)}")
    if new := {key: supposed[key] for key in ("threshold", "deadline") if key in supposed}:
        a = again(data, a, replace(a.target, **new)) or a
    a, name = a.by_figures(), name or "+".join(supposed) or "forecast"
    ahead, bound = a.forecast, float(a.bound or 0.0)
    by_level = ahead is not None and a.bound is not None and a.status == "forecast"
    if ahead is None or not by_level or np.mean(a.target.is_met(ahead.paths[:, -1], bound)) != a.probability:
        if not {"given", *COURSES} & {*supposed}:  # of another target, whatever it is
            return Scenario(name, supposed, a)
        why = f"its status is {a.status!r}, its kind {a.target.kind!r}; suppose a threshold or deadline, or ask a part"
        raise QcityError(f"no level of {a.target.deadline} decides {a.target.target_id}: {why}")
    last, level, end = int(ahead.history.index[-1]), float(ahead.history.iloc[-1]), int(ahead.years[-1])
    for key in courses:
        ahead = around(ahead, _course(data, a, ahead, key, supposed[key]))
    goal = float(ahead.median().iloc[-1])
    if "given" in supposed:
        figures = _figures(ahead, supposed["given"])
        ahead, last, goal = given(ahead, figures), max(figures), bound
        level = figures[last]
    answer = judged(replace(a, notes=(), parts=()), ahead, a.target.is_met(ahead.paths[:, -1], bound))
    if last == end:
        return Scenario(name, supposed, answer)
    seen, pace = feasibility(data, a, (last, level, end, goal)), pace_between(level, goal, last, end)
    return Scenario(name, supposed, answer, pace, seen)


def scenarios(
    data: Data, a: Assessment, several: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Scenario, ...]:
    """Several scenarios by name; by default the USUAL ones, those left out that this series does not allow."""
    made = []
    for name, supposed in (USUAL if several is None else several).items():
        try:
            made.append(scenario(data, a, name, **supposed))
        except QcityError:
            if several is not None or not supposed:
                raise
    return tuple(made)


def _figures(ahead: Forecast, figures: Any) -> dict[int, float]:
    """Supposed figures by year, checked: whole years of the forecast, numbers its support allows."""
    first, last, (low, high) = int(ahead.years[0]), int(ahead.years[-1]), limits(ahead.support)
    if not isinstance(figures, Mapping) or not figures:
        raise QcityError(f"figures are supposed by year, as {{{first}: 3.9}}; found {figures!r}")
    kept = {whole_number(year, "a supposed year"): as_number(figure, "a supposed figure")
            for year, figure in figures.items()}  # fmt: skip
    for year, value in kept.items():
        if not first <= year <= last:
            raise QcityError(f"{year} was not forecast; figures can be supposed of {first} to {last}")
        if not low <= value <= high:
            raise QcityError(f"{value:g} in {year} is impossible; allowed: {low:g} to {high:g}")
    return kept


def given(ahead: Forecast, figures: Mapping[int, float]) -> Forecast:
    """The forecast, had these figures come out: its paths nearest to them, moved on to them."""
    columns = np.searchsorted(ahead.years, sorted(figures))
    value = np.array([figures[year] for year in sorted(figures)])
    apart = ahead.paths[:, columns] - value
    spread = np.maximum(apart.std(axis=0), 1e-12)
    order = np.argsort((np.abs(apart) / spread).max(axis=1), kind="stable")
    near = order[: max(2, round(NEAR * len(order)))]
    kept, gap = ahead.paths[near], apart[near] / spread
    slope = np.linalg.lstsq(np.column_stack([np.ones(len(gap)), gap]), kept, rcond=1e-9)[0][1:]
    moved = np.clip(kept - gap @ slope, *limits(ahead.support))
    moved[:, columns] = value
    return replace(ahead, paths=moved, batches=0)


def around(ahead: Forecast, course: np.ndarray) -> Forecast:
    """The forecast with its paths around another course (a level a year) than its median."""
    median = np.median(ahead.paths, axis=0)
    ratio = _in_ratio(ahead) and bool((median > 0).all() and (course > 0).all())
    moved = ahead.paths * (course / median) if ratio else ahead.paths + (course - median)
    return replace(ahead, paths=np.clip(moved, *limits(ahead.support)))


def _in_ratio(ahead: Forecast) -> bool:
    return ahead.support.endswith(("positive", "count")) and float(ahead.history.iloc[-1]) > 0


def _course(data: Data, a: Assessment, ahead: Forecast, kind: str, asked: Any) -> np.ndarray:
    """The level of each year ahead on a supposed course."""
    last, level, years = int(ahead.history.index[-1]), float(ahead.history.iloc[-1]), ahead.years
    median = np.median(ahead.paths, axis=0)
    if kind == "pace":
        pace = _pace(data, a, ahead, asked)
        if _in_ratio(ahead) and pace.compound is not None:
            return level * (1 + pace.compound / 100) ** (years - last)
        return level + pace.linear * (years - last)
    if kind == "path":
        plan = dict(sorted(_figures(ahead, asked).items()))
        course, end = np.interp(years, [last, *plan], [level, *plan.values()]), max(plan)
        return np.where(years > end, course + median - median[years == end], course)  # then on as expected
    pair = isinstance(asked, tuple | list) and len(asked) in (2, 3)
    first, size, *recovery = asked if pair else (None, None)
    first, size = whole_number(first, f"the year of a {kind}"), as_number(size, f"the size of a {kind}")
    if first not in years.tolist() or (recovery and kind == "policy"):
        span = f"a year from {years[0]} to {years[-1]}"
        raise QcityError(f"a {kind} is (year, number) with {span}; found {asked!r}")
    since = years - first
    if kind == "policy":
        start = level if first == years[0] else float(median[years == first - 1][0])
        return np.where(since >= 0, start + size * (since + 1), median)
    slow = max(whole_number(recovery[0], "years of recovery"), 1) if recovery else math.inf
    return median + size * np.where(since >= 0, np.clip(1 - since / slow, 0, 1), 0.0)


def _pace(data: Data, a: Assessment, ahead: Forecast, asked: Any) -> Pace:
    """A pace from the last figure on, by name or as a number in the unit a year."""
    last, level = int(ahead.history.index[-1]), float(ahead.history.iloc[-1])
    if asked == "halted" or not isinstance(asked, str):
        step = 0.0 if asked == "halted" else as_number(asked, "a pace")
        return pace_between(level, level + step, last, last + 1)
    if asked == "needed":
        return pace_between(level, float(a.bound or 0), last, int(ahead.years[-1]))
    if asked == "best":
        named = data.comparators(a.series.indicator_id) if a.series is not None else []
        levels = [annual_series(data, indicator, region).known() for region, indicator in named]
        if paces := [pace for one in levels if len(one) and (pace := _recent(one, RECENT)) is not None]:
            by = (lambda p: p.compound or 0.0) if _in_ratio(ahead) else (lambda p: p.linear)
            return max(paces, key=by) if a.target.upward else min(paces, key=by)
        why = f"no comparator of {a.definition['indicator_id']} has figures of its last {RECENT} years"
        raise QcityError(why)
    word, _, years = asked.partition(" ")
    if word == "last" and years.isdecimal() and (pace := _recent(ahead.history, int(years))) is not None:
        return pace
    allowed = "a number, 'halted', 'needed', 'best', or 'last 5' within the figures"
    raise QcityError(f"pace {asked!r}; allowed: {allowed}")


def _recent(known: pd.Series, years: int) -> Pace | None:
    """The pace over the last so many years, from the latest figure at least so old; None without one."""
    last = int(known.index[-1])
    early = known[known.index <= last - max(years, 1)]
    if early.empty:
        return None
    return pace_between(float(early.iloc[-1]), float(known.iloc[-1]), int(early.index[-1]), last)

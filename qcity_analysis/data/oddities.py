"""Figures that are possible but unlikely: warnings for a person to look at, each with its reason.

Every check looks at the newest vintage of whole years. What cannot be (a share above 100, a name that does not exist)
is an error and found in `crosscheck`; stretches of figures are in `runs`, figures that contradict each other in
`contradictions`.

Outliers are told by the median absolute deviation of the yearly changes, scaled to a standard deviation by 1.4826
(Hampel, 1974, J. Am. Stat. Assoc. 69, 383, doi:10.1080/01621459.1974.10482962).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ..errors import Problem
from .annual_figures import LEVELS, SOURCE, Figures, even_steps, falling, newest, repeated, shown
from .contradictions import contradictions

MANY = 8  # yearly changes of a series from which their usual size can be told
SPREADS = 8.0  # robust standard deviations from the median that make an outlier
LEAST = 0.005  # smallest spread, as a share of the level: rounding alone makes no outlier
SLIPS = (100.0, 10_000.0, 0.01, 0.0001)
ALIKE = 1.6  # figures within this factor are of one size
PATIENCE = 24  # months beyond the publication lag after which a newest figure is stale


def oddities(
    observations: pd.DataFrame, indicators: pd.DataFrame, targets: pd.DataFrame, today: dt.date
) -> list[Problem]:
    """Every warning about the figures, in the order of the file; then the targets whose figures are stale.

    Takes the tables of `Data`; `today` is the day from which ages are counted.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2026-01-01")
    >>> {p.level for p in oddities(data.observations, data.indicators, data.targets, data.as_of)}
    {'warning'}
    """
    figures = newest(observations, indicators)
    levels = figures.chosen(np.isin(figures.measure, LEVELS))
    found = _unit_slips(levels)
    slipped = {problem.row for problem in found}
    jumps = [*_jumps(levels), *_odd_changes(figures.chosen(figures.measure == "change_pct"))]
    found += [problem for problem in jumps if problem.row not in slipped]
    found += [*even_steps(levels), *repeated(levels), *_shares(levels)]
    found += falling(newest(observations, indicators, bounds=True))
    found += contradictions(figures, today)
    return sorted(found, key=lambda p: p.row or 0) + _stale(observations, indicators, targets, today)


def _jumps(levels: Figures) -> list[Problem]:
    """Levels that are reached by a change far from those of the series' other years."""
    by_ratio = _by_ratio(levels)
    value = np.where(by_ratio, np.log(np.where(by_ratio, levels.value, 1.0)), levels.value)
    at = np.flatnonzero(levels.follows()) + 1
    step = (value[at] - value[at - 1]) / np.maximum(levels.year[at] - levels.year[at - 1], 1)
    least = LEAST * np.where(by_ratio[at], 1.0, np.abs(levels.value[at - 1]))
    odd, low, high = _away(levels.series[at], step, least)
    found: list[Problem] = []
    for k in np.flatnonzero(odd):
        back = k > 0 and odd[k - 1] and at[k - 1] == at[k] - 1 and step[k] * step[k - 1] < 0
        if back:  # the way back from the figure already named
            continue
        ends = [100 * np.expm1(e) if by_ratio[at[k]] else e for e in (low[k], high[k])]
        usual = f"{ends[0]:+.3g} to {ends[1]:+.3g}{' %' if by_ratio[at[k]] else ''}"
        before = f"{levels.year[at[k] - 1]}: {shown(levels.value[at[k] - 1])}"
        allowed = f"a figure in line with {before}; in other years the series moves by {usual}"
        found.append(levels.problem(int(at[k]), allowed, f"{SOURCE}; if it is right, say why in the note"))
    return found


def _by_ratio(levels: Figures) -> np.ndarray:
    """True where changes are alike in percent: quantities and counts of which the series has none at or below 0."""
    low = pd.Series(levels.value).groupby(levels.series).transform("min").to_numpy(float)
    return np.isin(levels.support, ("positive", "count")) & (low > 0)


def _odd_changes(changes: Figures) -> list[Problem]:
    """Published yearly changes far from those of other years."""
    odd, low, high = _away(changes.series, changes.value, np.full(len(changes.value), 10 * LEAST))
    remedy = f"{SOURCE}; if it is right, say why in the note"
    return [
        changes.problem(
            int(k), f"a change like those of other years, {low[k]:+.3g} to {high[k]:+.3g} %", remedy
        )
        for k in np.flatnonzero(odd)
    ]


def _away(
    series: np.ndarray, step: np.ndarray, least: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which steps are outliers of their series, and the lowest and highest of its others."""
    frame = pd.DataFrame({"series": series, "step": step})
    by = frame.groupby("series", sort=False)["step"]
    away = (frame["step"] - by.transform("median")).abs()
    spread = 1.4826 * away.groupby(frame["series"], sort=False).transform("median")
    odd = (by.transform("size") >= MANY) & (away > SPREADS * np.maximum(spread, least))
    affected = frame[frame["series"].isin(frame.loc[odd, "series"])]
    calm = affected["step"].where(~odd[affected.index]).groupby(affected["series"], sort=False)
    low, high = (getattr(calm, name)().reindex(series).to_numpy(float) for name in ("min", "max"))
    return odd.to_numpy(bool), low, high


def _unit_slips(levels: Figures) -> list[Problem]:
    """Figures about 100 or 10 000 times their neighbours, or that part of them."""
    before, second = _neighbour(levels, -1), _neighbour(levels, -2)
    after, third = _neighbour(levels, 1), _neighbour(levels, 2)
    inside = _alike(before, after, 3 * ALIKE)
    last = np.isnan(after) & _alike(before, second, ALIKE)
    first = np.isnan(before) & _alike(after, third, ALIKE)
    near = np.where(
        inside, np.sqrt(np.abs(before * after)), np.where(last, before, np.where(first, after, np.nan))
    )
    found = []
    for factor in SLIPS:
        for k in np.flatnonzero(_alike(levels.value, near * factor, ALIKE)):
            other = after[k] if np.isnan(before[k]) else before[k]
            allowed = (
                f"a figure of the size of its neighbour {shown(other)}; it is about {factor:g} times that"
            )
            found.append(
                levels.problem(int(k), allowed, f"{SOURCE}, and convert it to the unit of the indicator")
            )
    return found


def _neighbour(levels: Figures, places: int) -> np.ndarray:
    """The value so many figures later (negative: earlier) in the same series; NaN where there is none."""
    found = np.full(len(levels.value), np.nan)
    away = abs(places)
    same = levels.series[away:] == levels.series[:-away]
    if places < 0:
        found[away:] = np.where(same, levels.value[:-away], np.nan)
    else:
        found[:-away] = np.where(same, levels.value[away:], np.nan)
    return found


def _alike(one: np.ndarray, other: np.ndarray, factor: float) -> np.ndarray:
    """Whether two figures above zero lie within a factor of each other; false where one is missing."""
    return (one > 0) & (other > 0) & (one <= factor * other) & (other <= factor * one)


def _shares(levels: Figures) -> list[Problem]:
    """Levels in percent above 100 of an indicator that is not declared as a share."""
    over = (levels.column("unit") == "%") & (levels.value > 100) & (levels.support != "percent")
    remedy = "check the value and the unit; a share has the support percent in indicators.csv"
    return [levels.problem(int(k), "at most 100, if this is a share", remedy) for k in np.flatnonzero(over)]


def _stale(
    observations: pd.DataFrame, indicators: pd.DataFrame, targets: pd.DataFrame, today: dt.date
) -> list[Problem]:
    """Open targets whose newest figure is older than the publication lag and two more years explain."""
    lags = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["publication_lag_months"]
    continued = list(zip(indicators["indicator_id"], indicators["continues"], strict=True))
    seen = observations.groupby(["indicator_id", "region"])["year"].max().to_dict()
    found = []
    for r in targets.itertuples():
        family = [r.indicator_id, *(new for new, old in continued if old == r.indicator_id)]
        years = [int(seen[name, r.region]) for name in family if (name, r.region) in seen]
        if not years or pd.isna(r.deadline) or max(years) >= r.deadline:
            continue  # nothing published at all is told by `qcity list`, not here
        lag = lags.get(r.indicator_id)
        lag = 6 if lag is None or pd.isna(lag) else int(lag)
        if 12 * (max(years) + 1) + lag + PATIENCE < 12 * today.year + today.month:
            allowed = f"a newer one by {today}; figures come out about {lag} months after the year"
            remedy = "look for newer figures and add them with `qcity add`"
            newest_one = f"newest figure of {max(years)}"
            found.append(
                Problem("targets.csv", int(r.row), "indicator_id", newest_one, allowed, remedy, "warning")
            )
    return found

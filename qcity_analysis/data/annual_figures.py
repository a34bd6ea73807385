"""The newest vintage of every whole-year figure as sorted arrays, and warnings about stretches of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import Problem
from .quickread import by_value, codes
from .vintages import is_whole, newest_rows

FILE = "observations.csv"
CHANGES = ("change_pct", "cumulative_change_pct")
LEVELS = ("level", "count_total", "count_new")
SOURCE = "check it against the source"


@dataclass(frozen=True)
class Figures:
    """Figures sorted by series (indicator, region, measure) and year.

    Attributes: `rows` (position in the observations), `series` (a number), `year`, `value`, `support` (of the
    indicator), `measure`: arrays of one length; `observations`: the table itself.

    >>> import qcity_analysis as qc
    >>> figures = newest(qc.load().observations, qc.load().indicators)
    >>> bool((np.diff(figures.series) >= 0).all())
    True
    """

    observations: pd.DataFrame
    rows: np.ndarray
    series: np.ndarray
    year: np.ndarray
    value: np.ndarray
    support: np.ndarray
    measure: np.ndarray

    def chosen(self, mask: np.ndarray) -> Figures:
        """The figures for which `mask` is true."""
        names = ("rows", "series", "year", "value", "support", "measure")
        return Figures(self.observations, **{name: getattr(self, name)[mask] for name in names})

    def column(self, name: str) -> np.ndarray:
        """A column of the observations for these figures."""
        return objects(self.observations[name])[self.rows]

    def resolution(self) -> np.ndarray:
        """One step of the last digit that each figure was written with."""
        return np.asarray(10.0 ** -self.column("decimals").astype(float))

    def follows(self) -> np.ndarray:
        """True for each figure but the first that belongs to the same series as the one before it."""
        return np.asarray(self.series[1:] == self.series[:-1])

    def next_year(self) -> np.ndarray:
        """True for each figure but the first that is of the same series, one year later than the one before it."""
        return self.follows() & (self.year[1:] == self.year[:-1] + 1)

    def problem(self, position: int, allowed: str, remedy: str) -> Problem:
        """The warning about the value of one figure."""
        row = self.observations.iloc[self.rows[position]]
        return Problem(FILE, int(row["row"]), "value", shown(row["value"]), allowed, remedy, "warning")


def shown(value: float) -> str:
    """A figure with the digits it was written with.

    >>> shown(3.0), shown(0.1 + 0.2), shown(12345678901.5)
    ('3', '0.3', '12345678901.5')
    """
    return f"{value:.15g}"


def newest(observations: pd.DataFrame, indicators: pd.DataFrame, bounds: bool = False) -> Figures:
    """The newest vintage of every whole-year figure, of cumulative changes those on each base; bounds only if asked.

    `observations` has `year` and `known_from`, as in `Data`.

    >>> import qcity_analysis as qc
    >>> found = newest(qc.load().observations, qc.load().indicators)
    >>> bool((found.column("qualifier") == ">=").any())
    False
    """
    rows = newest_rows(observations)
    usable = (is_whole(observations["period"]) & observations["value"].notna()).to_numpy()
    if not bounds:
        usable = usable & observations["qualifier"].isin(["=", "~"]).to_numpy()
    series = codes(observations, "indicator_id", "region", "measure")
    base = observations["base_period"].fillna(0).to_numpy(np.int64)
    year = observations["year"].to_numpy(np.int64)
    rows = rows[usable[rows]]
    rows = rows[np.lexsort((base[rows], year[rows], series[rows]))]
    support = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["support"].to_dict()
    return Figures(
        observations,
        rows,
        series[rows],
        year[rows],
        observations["value"].to_numpy(float)[rows],
        by_value(observations["indicator_id"], support.get).to_numpy()[rows],
        objects(observations["measure"])[rows],
    )


def objects(column: pd.Series) -> np.ndarray:
    """A column as an array of Python objects, equal cells being one object.

    >>> objects(pd.Series(["a", "b", "a"])).tolist()
    ['a', 'b', 'a']
    """
    return by_value(column, lambda cell: cell).to_numpy()


RUN = 3  # equal steps, or equal values, in a row
DIGITS = 10  # an equal step is at least so many units of the last digit: smaller ones are equal by chance


def even_steps(levels: Figures) -> list[Problem]:
    """Stretches of evenly spaced levels, one warning each, at their last figure: they look interpolated.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.data.annual_figures import newest
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

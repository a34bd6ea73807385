"""The newest vintage of every whole-year figure of a package as sorted arrays, for checks over all series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import Problem
from .quickread import by_value, codes
from .vintages import is_whole, newest_rows

FILE = "observations.csv"
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

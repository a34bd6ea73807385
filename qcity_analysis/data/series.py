"""One indicator of one region as annual levels: the record that `annual` makes and forecasts are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .notes import Note
from .partialyears import ESTIMATES


@dataclass(frozen=True)
class AnnualSeries:
    """One indicator of one region as annual levels, with the published figures behind it.

    Attributes: `values` (index: every year from the first level to the last; NaN where nothing was published),
    `earlier` (levels of older stretches that nothing joins to `values`; same indexing, only
    their changes in percent say anything), `breaks` (first year
    of each stretch after the first, over `earlier` and `values`), `unit`, `support`, `base_year` (the year set to 100
    when the levels are an index made from changes, else None), `observations` (rows used, with publisher and title),
    `bounds`, `superseded`, `unused` (rows not used as levels; the last with a column `reason`), `notes`.

    Known in part: `lower` and `upper` (year to bound, for years without a level), `noisy` (year to standard error of
    the level), `shared` (errors that several years share, as an uncertain change moves every later level: year to
    size), `estimates` (year-to-date figures as estimates of the annual level: year, months, value, error, period,
    measure, published_value), `new_counts` (counts of new items, one row a year: year, months, count, qualifier).
    `inputs` are the series a derived indicator is computed from, `derived` how ("none", "ratio", "sum", "per_head"),
    and `factor` what a ratio is multiplied by. `decimals` are the digits after the point of each level that is a
    published figure, by year; a computed level has none.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2026-01-01"), "rd_intensity", "nanjing")
    >>> series.known().to_dict()
    {2009: 2.85, 2012: 2.92, 2015: 2.96, 2020: 3.48, 2021: 3.6, 2022: 3.82}
    """

    indicator_id: str
    region: str
    values: pd.Series
    earlier: pd.Series
    breaks: tuple[int, ...]
    unit: str
    support: str
    base_year: int | None
    observations: pd.DataFrame
    bounds: pd.DataFrame
    superseded: pd.DataFrame
    unused: pd.DataFrame
    notes: tuple[Note, ...] = ()
    lower: Mapping[int, float] = field(default_factory=dict)
    upper: Mapping[int, float] = field(default_factory=dict)
    noisy: Mapping[int, float] = field(default_factory=dict)
    shared: tuple[Mapping[int, float], ...] = ()
    estimates: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=ESTIMATES))
    new_counts: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["year", "months", "count"])
    )
    inputs: tuple[AnnualSeries, ...] = ()
    derived: str = "none"
    factor: float = 1.0
    decimals: Mapping[int, int] = field(default_factory=dict)

    def known(self) -> pd.Series:
        """The levels without the gaps, index year.

        >>> import qcity_analysis as qc
        >>> int(qc.annual_series(qc.load(), "rd_intensity", "nanjing").known().index.max())
        2022
        """
        return self.values.dropna()

    def places(self) -> set[tuple[str, str]]:
        """The series itself and everything it is computed from: indicator and region."""
        return {(self.indicator_id, self.region)}.union(*(inner.places() for inner in self.inputs))

    def history(self) -> pd.Series:
        """Everything a forecast may learn from: the unlinked older stretches, then the levels; index year."""
        return pd.concat([self.earlier, self.values]) if len(self.earlier) else self.values

    def evidence(self) -> dict[str, Any]:
        """What is known in part, as the arguments of `forecast`: lower, upper, noisy, shared, estimates, breaks.

        >>> import qcity_analysis as qc
        >>> jiangsu = qc.annual_series(qc.load(as_of="2025-12-31"), "rd_intensity", "jiangsu")
        >>> sorted(jiangsu.evidence()["noisy"])
        [2024]
        """
        rows = self.estimates
        told = dict(
            zip(rows["year"].astype(int), zip(rows["value"], rows["error"], strict=True), strict=True)
        )
        return {
            "lower": dict(self.lower),
            "upper": dict(self.upper),
            "noisy": dict(self.noisy),
            "shared": tuple(dict(one) for one in self.shared),
            "estimates": {year: (float(value), float(error)) for year, (value, error) in told.items()},
            "breaks": self.breaks,
        }

    def points(self) -> int:
        """Years a forecast can learn from: those with a level and, once two have one, those with a bound or estimate.

        Bounds alone tell neither a level nor how far it moves in a year, so they never count by themselves.

        >>> import qcity_analysis as qc
        >>> qc.annual_series(qc.load(), "manufacturing_pass", "nanjing").points()
        0
        """
        numbers = int(self.values.count() + self.earlier.count())
        partly = {*self.lower, *self.upper, *(int(year) for year in self.estimates["year"])}
        return numbers + len(partly) if numbers >= 2 else numbers

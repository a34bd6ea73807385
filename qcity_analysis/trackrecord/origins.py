"""Past origins of the published series: what was known on each day on which a new year's figure came out.

A figure counts only from the day it was published (`Data.at`). A series that was published all at once tells nothing
about its past that way; its indicator's publication lag is used instead, and each of its origins says so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.vintages import ASSUMED_LAG_MONTHS
from ..errors import QcityError, unknown
from ..forecasting.prior import YEARS
from ..series.annual import AnnualSeries, annual_series

FEWEST_YEARS = 5  # known years of a series that is looked at
FEWEST_KNOWN = 3  # levels known at an origin: what a forecast needs
SPREAD = 0.5  # days of publication for each known year from which dates are used as they are


@dataclass(frozen=True)
class Origin:
    """What was known of one series on one past day.

    Attributes: `indicator_id`, `region`, `as_of` (the day), `series` (as known then), `final` (as known now), `lagged`
    (the day rests on the publication lag), `family` (the indicator of which this one is a newer definition, or itself:
    the cluster in which outcomes are not independent).
    """

    indicator_id: str
    region: str
    as_of: dt.date
    series: AnnualSeries
    final: AnnualSeries
    lagged: bool
    family: str

    @property
    def last_year(self) -> int:
        """The last year with a level."""
        return int(self.series.known().index[-1])

    @property
    def is_index(self) -> bool:
        """Whether levels are chained from changes, so that only ratios of levels have a meaning."""
        return self.series.base_year is not None

    def actual(self, year: int) -> float:
        """The level that came in a later year, in the unit of `series`; NaN where none is published.

        Levels chained from changes are compared as ratios to the last year known at the origin, so that a new root of
        the chain or a revision before the origin moves nothing.

        >>> import qcity_analysis as qc
        >>> found, _ = origins(qc.load(as_of="2026-06-30"), {"rd_intensity"})
        >>> first = next(origin for origin in found if origin.region == "china")
        >>> first.last_year, first.actual(2014)
        (2013, 2.05)
        """
        found = float(self.final.values.get(year, np.nan))
        if not self.is_index:
            return found
        last = self.last_year
        return float(self.series.values[last]) * found / float(self.final.values.get(last, np.nan))


def origins(data: Data, indicators: Collection[str] | None = None) -> tuple[list[Origin], dict[str, str]]:
    """Every past origin of every series with at least five known years, in the order of `indicators.csv`.

    An origin is the first day on which a year's figure was known as the last one, with at least three levels and at
    least one level of the next five years to compare with. `indicators` restricts the indicators. The second result
    has the series that cannot be computed ("indicator/region") and why.

    >>> import qcity_analysis as qc
    >>> found, refused = origins(qc.load(as_of="2026-06-30"), {"un_rd_intensity"})
    >>> found[0].last_year, found[0].as_of.isoformat(), found[0].lagged
    (2002, '2005-12-31', True)
    """
    places = (
        data.observations[["indicator_id", "region"]].drop_duplicates().itertuples(index=False, name=None)
    )
    held = set(places)
    order = [
        (str(name), str(region)) for name in data.indicators["indicator_id"] for region in _regions(data)
    ]
    wanted = [place for place in order if place in held and (indicators is None or place[0] in indicators)]
    found: list[Origin] = []
    refused: dict[str, str] = {}
    for name, region in wanted:
        try:
            found += _of_series(data, name, region)
        except QcityError as error:
            refused[f"{name}/{region}"] = str(error)
    return found, refused


def plan_indicators(data: Data, plan: str) -> set[str]:
    """The indicators of a plan's targets, their comparators, and the newer definitions of all of them.

    Raises QcityError for an unknown plan.

    >>> import qcity_analysis as qc
    >>> sorted(plan_indicators(qc.load(), "china_14fyp"))
    ['energy_per_gdp', 'energy_per_gdp_b', 'high_value_patents', 'non_fossil_share']
    """
    if plan not in data.plans():
        raise unknown("plan", plan, data.plans())
    found = set(data.targets.loc[data.targets["plan"] == plan, "indicator_id"])
    rows = data.indicators[data.indicators["indicator_id"].isin(found)]
    for cell in rows["comparators"]:
        found |= {part.strip().partition("/")[2] for part in str(cell).split(";") if "/" in part}
    newer = data.indicators[data.indicators["continues"].isin(found)]
    return {str(name) for name in found | set(newer["indicator_id"])}


def _regions(data: Data) -> list[str]:
    return list(data.regions["region"]) or sorted(set(data.observations["region"]))


def _of_series(data: Data, name: str, region: str) -> list[Origin]:
    data = _only(data, name, region)
    final = annual_series(data, name, region)
    years = len(final.known())
    if years < FEWEST_YEARS:
        return []
    rows = pd.concat([final.observations, final.superseded])
    lagged = rows["known_from"].nunique() < SPREAD * years
    dated = _with_lag(data, name, region) if lagged else data
    mine = (dated.observations["indicator_id"] == name) & (dated.observations["region"] == region)
    found, seen = [], set[int]()
    newest = dated.observations[mine].groupby("known_from")["year"].max().cummax()
    for day, year in newest.items():
        if int(year) in seen:  # nothing but vintages and bounds of years already known
            continue
        as_of = pd.Timestamp(str(day)).date()
        known = annual_series(dated.at(as_of), name, region)
        levels = known.known()
        if len(levels) < FEWEST_KNOWN or int(levels.index[-1]) in seen or levels.nunique() == 1:
            continue
        origin = Origin(name, region, as_of, known, final, lagged, _family(data, name))
        seen.add(origin.last_year)
        later = range(origin.last_year + 1, origin.last_year + YEARS + 1)
        if np.isfinite([origin.actual(year) for year in later]).any():
            found.append(origin)
    return found


def _only(data: Data, name: str, region: str) -> Data:
    """The package with the figures of one series only, where it needs no others: quicker to ask day after day."""
    if str(data.indicator(name)["derived"] or "none") not in ("none", "yearly_changes"):
        return data
    rows = data.observations
    mine = (rows["indicator_id"] == name) & (rows["region"] == region)
    return dataclasses.replace(data, observations=rows[mine].reset_index(drop=True))


def _family(data: Data, name: str) -> str:
    """The oldest definition that this indicator continues."""
    older = data.indicators.set_index("indicator_id")["continues"].to_dict()
    while older.get(name):
        name = str(older[name])
    return name


def _with_lag(data: Data, name: str, region: str) -> Data:
    """The package with one series known from the end of each period plus its indicator's publication lag."""
    lag = data.indicator(name)["publication_lag_months"]
    months = ASSUMED_LAG_MONTHS if pd.isna(lag) else int(lag)
    rows = data.observations.copy()
    mine = (
        (rows["indicator_id"] == name)
        & (rows["region"] == region)
        & (rows["period"] == rows["year"].astype(str))
    )
    ends = pd.to_datetime({"year": rows.loc[mine, "year"], "month": 12, "day": 31})
    known = ends + pd.offsets.MonthEnd(months)
    rows["known_from"] = rows["known_from"].astype(known.dtype)
    rows.loc[mine, "known_from"] = known
    return dataclasses.replace(data, observations=rows[rows["known_from"] <= pd.Timestamp(data.as_of)])

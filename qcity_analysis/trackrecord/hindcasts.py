"""Strictly as-of hindcasts: what the forecaster would have said at every past origin, and what came.

An origin is a day on which a new year's figure came out; a figure counts only from the day it was published
(`Data.at`). A series that was published all at once tells nothing about its past that way; its indicator's publication
lag is used instead, and each of its origins says so. Targets are drawn at several ambitions, in both directions:
multiples of the mean change so far, and of what a random walk would spread, one to five years ahead.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.peers import comparators, moved_towards
from ..data.load import Data
from ..data.vintages import ASSUMED_LAG_MONTHS
from ..errors import QcityError, unknown
from ..forecasting import scores
from ..forecasting.annual import forecast_series
from ..forecasting.histories import LOWER, SUPPORTS, UPPER
from ..forecasting.prior import YEARS
from ..series.annual import AnnualSeries, annual_series
from ..targets import reaches

FEWEST_YEARS = 5  # known years of a series that is looked at
FEWEST_KNOWN = 3  # levels known at an origin: what a forecast needs
SPREAD = 0.5  # days of publication for each known year from which dates are used as they are
AMBITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the mean change so far, to the deadline
STRETCH = (0.5, 1.0, 2.0)  # of what a random walk would spread, to the deadline
BASE = 5  # years before the origin at which a rule's base year lies, where figures reach back so far
DRAWS = 2_000  # of the paths that `assess` draws: enough for scores over many origins
CENTRAL = {50: (0.25, 0.75), 90: (0.05, 0.95)}
AHEAD = ["origin", "series", "family", "years", "year", "last", "actual", "crps", "crps_walk", "in50", "in90"]
QUESTION = ["row", "origin", "family", "kind", "years", "deadline", "base_year", "threshold", "at_least"]
QUESTION += ["met", "probability"]


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

    @property
    def base_year(self) -> int:
        """The known year BASE years before the last one, or the nearest known before it, or the first."""
        years = self.series.known().index
        early = years[years <= years[-1] - BASE]
        return int(early[-1] if len(early) else years[0])

    def actual(self, year: int) -> float:
        """The level that came in a later year, in the unit of `series`; NaN where none is published.

        Levels chained from changes are compared as ratios to the last year known at the origin, so that a new root of
        the chain or a revision before the origin moves nothing.

        >>> import qcity_analysis as qc
        >>> past, _ = origins(qc.load(as_of="2026-06-30"), {"rd_intensity"})
        >>> first = next(origin for origin in past if origin.region == "china")
        >>> first.last_year, first.actual(2014)
        (2013, 2.05)
        """
        level, last = float(self.final.values.get(year, np.nan)), self.last_year
        if not self.is_index:
            return level
        return float(self.series.values[last]) * level / float(self.final.values.get(last, np.nan))


@dataclass(frozen=True)
class Hindcasts:
    """Forecasts made at past origins, with what came and the questions asked of them.

    Attributes: `origins`; `ahead`, one row for each origin and year ahead with a published outcome (`origin`, `series`,
    `family`, `years` ahead, `year`, `last`, `actual`, `crps`, `crps_walk`, `in50`, `in90`); `questions`, several for
    each row of `ahead` (`row`, `origin`, `family`, `kind`, `years`, `deadline`, `base_year`, `threshold`, `at_least`,
    `met` as 0 or 1, `probability`), `refused` (series, or series and day, to why it could not be computed).
    """

    origins: tuple[Origin, ...]
    ahead: pd.DataFrame
    questions: pd.DataFrame
    refused: dict[str, str] = field(default_factory=dict)


def hindcasts(data: Data, indicators: Collection[str] | None = None) -> Hindcasts:
    """Forecast every past origin of the published series as it would have been issued, and ask the questions.

    A forecast is that of `assess`: with bounds, estimates and errors, and moved towards the comparators known on that
    day. `indicators` restricts the indicators (see `plan_indicators`).

    >>> import qcity_analysis as qc
    >>> made = hindcasts(qc.load(as_of="2026-06-30"), {"un_rd_intensity"})
    >>> int(made.ahead["years"].max()), bool(made.questions["probability"].between(0, 1).all())
    (5, True)
    """
    past, refused = origins(data, indicators)
    rows: list[dict[str, Any]] = []
    drawn: list[np.ndarray] = []
    for i, origin in enumerate(past):
        try:
            own = forecast_series(origin.series, origin.last_year + YEARS, draws=DRAWS)
            paths = moved_towards(data.at(origin.as_of), origin.series, own)[0].paths
        except QcityError as error:
            refused[f"{origin.indicator_id}/{origin.region} {origin.as_of}"] = str(error)
            continue
        for row in _outcomes(origin):
            rows.append(row | {"origin": i})
            drawn.append(paths[:, row["years"] - 1])
    if not rows:
        return Hindcasts(tuple(past), pd.DataFrame(columns=AHEAD), pd.DataFrame(columns=QUESTION), refused)
    ahead, ends = pd.DataFrame(rows), np.array(drawn)
    return Hindcasts(tuple(past), _scored(ahead, ends), _questions(past, ahead, ends), refused)


def _outcomes(origin: Origin) -> Iterator[dict[str, Any]]:
    """One row for each year ahead with a published outcome."""
    known, last = origin.series.known(), origin.last_year
    change = np.diff(known) / np.sqrt(np.diff(known.index)) if len(known) > 1 else np.zeros(1)
    for years in range(1, YEARS + 1):
        actual = origin.actual(last + years)
        if np.isfinite(actual):
            yield {
                "series": f"{origin.indicator_id}/{origin.region}",
                "family": origin.family,
                "years": years,
                "year": last + years,
                "last": float(known.iloc[-1]),
                "actual": actual,
                "drift": float(change.mean()),
                "rough": float(np.sqrt((change**2).mean())),
                "support": SUPPORTS.index(origin.series.support),
            }


def _scored(ahead: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
    """CRPS of ours and of a random walk, and whether the central intervals cover what came."""
    actual, q = ahead["actual"].to_numpy(), np.quantile(paths, scores.LEVELS, axis=1).T
    spread = (ahead["rough"] * np.sqrt(ahead["years"])).to_numpy()
    walk = scores.walk_quantiles(ahead["last"].to_numpy(), spread, scores.LEVELS, 1)[:, 0]
    table = ahead.assign(
        crps=scores.crps_quantiles(q, scores.LEVELS, actual),
        crps_walk=scores.crps_quantiles(walk, scores.LEVELS, actual),
    )
    for share, ends in CENTRAL.items():
        low, high = np.quantile(paths, ends, axis=1)
        table[f"in{share}"] = (actual >= low) & (actual <= high)
    return table


def _questions(past: Sequence[Origin], ahead: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
    """Every ambition in both directions, where its threshold is a possible level."""
    last, actual, years = (ahead[name].to_numpy(dtype=float) for name in ("last", "actual", "years"))
    low, high = LOWER[ahead["support"]], UPPER[ahead["support"]]
    level = np.where([past[i].is_index for i in ahead["origin"]], "relative_change", "level")
    same = ahead[["origin", "family", "years"]].assign(
        row=np.arange(len(ahead)),
        deadline=ahead["year"],
        base_year=[past[i].base_year for i in ahead["origin"]],
    )
    distances = [a * ahead["drift"].abs().to_numpy() * years for a in AMBITIONS]
    distances += [a * ahead["rough"].to_numpy() * np.sqrt(years) for a in STRETCH]
    parts = []
    for k, distance in enumerate(distances):
        for upward in (True, False):
            threshold = last + (distance if upward else -distance)
            part = same.assign(
                kind="direction" if k == 0 else level,
                threshold=threshold,
                at_least=upward,
                met=reaches(actual, threshold, upward).astype(float),
                probability=reaches(paths, threshold[:, None], upward).mean(axis=1),
            )
            parts.append(part[(threshold > low) & (threshold < high) & ((distance > 0) | (k == 0))])
    return pd.concat(parts, ignore_index=True)[QUESTION]


def origins(data: Data, indicators: Collection[str] | None = None) -> tuple[list[Origin], dict[str, str]]:
    """Every past origin of every series with at least five known years, in the order of `indicators.csv`.

    An origin is the first day on which a year's figure was known as the last one, with at least three levels and at
    least one level of the next five years to compare with. `indicators` restricts the indicators. The second result
    has the series that cannot be computed ("indicator/region") and why.

    >>> import qcity_analysis as qc
    >>> past, refused = origins(qc.load(as_of="2026-06-30"), {"un_rd_intensity"})
    >>> past[0].last_year, past[0].as_of.isoformat(), past[0].lagged
    (2002, '2005-12-31', True)
    """
    held = set(zip(data.observations["indicator_id"], data.observations["region"], strict=True))
    regions = list(data.regions["region"]) or sorted({region for _, region in held})
    past: list[Origin] = []
    refused: dict[str, str] = {}
    for name in data.indicators["indicator_id"]:
        for region in regions if indicators is None or name in indicators else ():
            try:
                past += _of_series(data, str(name), str(region)) if (name, region) in held else []
            except QcityError as error:
                refused[f"{name}/{region}"] = str(error)
    return past, refused


def plan_indicators(data: Data, plan: str) -> set[str]:
    """The indicators of a plan's targets, their comparators, and the newer definitions of all of them.

    Raises QcityError for an unknown plan.

    >>> import qcity_analysis as qc
    >>> sorted(plan_indicators(qc.load(), "china_14fyp"))
    ['energy_per_gdp', 'energy_per_gdp_b', 'high_value_patents', 'non_fossil_share']
    """
    if plan not in data.plans():
        raise unknown("plan", plan, data.plans())
    names = set(data.targets.loc[data.targets["plan"] == plan, "indicator_id"])
    names |= {indicator_id for name in names for _, indicator_id in comparators(data, name)}
    newer = data.indicators[data.indicators["continues"].isin(names)]
    return {str(name) for name in names | set(newer["indicator_id"])}


def _of_series(data: Data, name: str, region: str) -> list[Origin]:
    if str(data.indicator(name)["derived"] or "none") in ("none", "yearly_changes"):
        rows = data.observations[
            _mine(data, name, region)
        ]  # no others are needed: quicker to ask day after day
        data = dataclasses.replace(data, observations=rows.reset_index(drop=True))
    final = annual_series(data, name, region)
    if len(final.known()) < FEWEST_YEARS:
        return []
    days = pd.concat([final.observations, final.superseded])["known_from"].nunique()
    lagged = days < SPREAD * len(final.known())
    dated = _with_lag(data, name, region) if lagged else data
    past, seen = [], set[int]()
    newest = dated.observations[_mine(dated, name, region)].groupby("known_from")["year"].max().cummax()
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
        if np.isfinite([origin.actual(origin.last_year + years) for years in range(1, YEARS + 1)]).any():
            past.append(origin)
    return past


def _mine(data: Data, name: str, region: str) -> pd.Series:
    return (data.observations["indicator_id"] == name) & (data.observations["region"] == region)


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
    mine = _mine(data, name, region) & (rows["period"] == rows["year"].astype(str))
    ends = pd.to_datetime({"year": rows.loc[mine, "year"], "month": 12, "day": 31})
    known = ends + pd.offsets.MonthEnd(months)
    rows["known_from"] = rows["known_from"].astype(known.dtype)
    rows.loc[mine, "known_from"] = known
    return dataclasses.replace(data, observations=rows[rows["known_from"] <= pd.Timestamp(data.as_of)])

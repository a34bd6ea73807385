"""From published figures to one annual level series: newest vintages, chained changes, gaps left missing; and what is
held for each target.

A cumulative change is an observation of the level in its last year, with the years between unknown (see `levels`).
Bounds, year-to-date, approximate and provisional figures go to the forecast as what they are. Figures of different
definitions meet only where `indicators.csv` declares a splice and says why: the row of the newer definition names the
older one in `continues`, and a `splice_year` in which both have a level; the older figures are moved to meet the newer.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..data.load import Data
from ..data.schema import input_names, is_spliced
from ..data.vintages import ASSUMED_LAG_MONTHS, is_whole, newest_vintages, revisions, standing
from ..errors import Note
from .evidence import ESTIMATES, LEVELS, PROVISIONAL, Evidence, evidence_of, links_of, new_counts
from .levels import Computed, Levels, chained, computed, conflicts, series_of


@dataclass(frozen=True)
class AnnualSeries:
    """One indicator of one region as annual levels, with the published figures behind it.

    Attributes: `values` (index: every year from the first level to the last; NaN where nothing was published),
    `earlier` (levels of older stretches that nothing joins to `values`; only their changes in percent say anything),
    `breaks` (first year of each stretch after the first, over `earlier` and `values`), `unit`, `support`, `base_year`
    (the year set to 100 when the levels are an index made from changes, else None), `observations` (rows used, with
    publisher and title), `bounds`, `superseded`, `unused` (rows not used as levels; the last with a `reason`), `notes`.

    Known in part: `lower` and `upper` (bounds by year), `noisy` (standard error of the level by year), `shared` (errors
    that several years share, as an uncertain change moves every later level), `estimates` (of the annual level from
    year-to-date figures), `new_counts` (counts of new items, one row a year). `inputs` are the series a derived
    indicator is computed from, `derived` how ("none", "ratio", "sum", "per_head"), `factor` what a ratio is multiplied
    by; `decimals` are the digits after the point of each published level, by year.

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
    new_counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    inputs: tuple[AnnualSeries, ...] = ()
    derived: str = "none"
    factor: float = 1.0
    decimals: Mapping[int, int] = field(default_factory=dict)

    def known(self) -> pd.Series:
        """The levels without the gaps, index year."""
        return self.values.dropna()

    def places(self) -> set[tuple[str, str]]:
        """The series itself and everything it is computed from: indicator and region."""
        return {(self.indicator_id, self.region)}.union(*(inner.places() for inner in self.inputs))

    def history(self) -> pd.Series:
        """Everything a forecast may learn from: the unlinked older stretches, then the levels; index year."""
        return pd.concat([self.earlier, self.values]) if len(self.earlier) else self.values

    def error(self, year: int) -> float:
        """Standard error of the level of a year, from its own error and those it shares; 0 where it is certain."""
        shared = sum(one.get(year, 0.0) ** 2 for one in self.shared)
        return math.sqrt(self.noisy.get(year, 0.0) ** 2 + shared)

    def evidence(self) -> Evidence:
        """What is known in part, as one record for the forecast.

        >>> import qcity_analysis as qc
        >>> jiangsu = qc.annual_series(qc.load(as_of="2025-12-31"), "rd_intensity", "jiangsu")
        >>> sorted(jiangsu.evidence().noisy)
        [2024]
        """
        rows = zip(*(self.estimates[name] for name in ("year", "value", "error")), strict=True)
        estimates = {int(year): (float(value), float(error)) for year, value, error in rows}
        return Evidence(self.lower, self.upper, self.noisy, self.shared, estimates)

    def points(self) -> int:
        """Years a forecast can learn from: those with a level and, once two have one, those with a bound or estimate.

        Bounds alone tell neither a level nor how far it moves in a year, so they never count by themselves.
        """
        numbers = int(self.values.count() + self.earlier.count())
        return numbers + len(self.evidence().years()) if numbers >= 2 else numbers


def annual_series(
    data: Data, indicator_id: str, region: str, *, base_year: int | None = None, prefer: str = "cumulative"
) -> AnnualSeries:
    """The annual level series of one indicator in one region, from the figures known in `data`.

    Published levels are used as they are, and yearly changes extend them. Where there are only changes the result is an
    index with `base_year` = 100 (default: the first year of the newest linked stretch). `prefer` ("cumulative" or
    "changes") says which wins in a year that has both a cumulative change on `base_year` and a chain of yearly changes;
    the difference is a note. A sum (`derived`) counts from the year after `base_year`. Raises QcityError for an unknown
    name.

    >>> import qcity_analysis as qc
    >>> energy = qc.annual_series(qc.load(as_of="2023-03-31"), "energy_per_gdp", "china", base_year=2020)
    >>> energy.values.round(2).tail(3).to_dict()
    {2020: 100.0, 2021: 97.3, 2022: 97.2}
    """
    indicator = data.indicator(indicator_id)
    data.require_region(region)
    names = input_names(indicator)
    inputs = tuple(annual_series(data, name, region) for name in names)
    made = computed(indicator, inputs, [data.indicator(name) for name in names], base_year)
    series = _from_figures(data, indicator, region, made, base_year, prefer)
    if not is_spliced(indicator):
        return series
    continued = data.indicator(str(indicator["continues"]))
    older = annual_series(data, str(indicator["continues"]), region, prefer=prefer)
    return _spliced(series, older, indicator, continued)


def shifted(series: AnnualSeries, year: int, level: float, by_ratio: bool = True) -> AnnualSeries:
    """The series moved to pass through `level` in `year`: by ratio for an index or a positive quantity, else by
    difference (kept within 0 to 100 for shares), so that changes keep the unit in which they are spoken of.
    """
    at = float(series.values[year])
    own = dataclasses.replace(series, inputs=(), derived="none", decimals={})
    if by_ratio or series.support in ("positive", "count"):
        base = year if level == 100.0 else None
        return dataclasses.replace(_moved(own, level / at), base_year=base)
    low, top = (0.0, 100.0) if series.support == "percent" else (-math.inf, math.inf)
    return _moved(own, 1.0, level - at, low, top)


def _moved(
    series: AnnualSeries, ratio: float, step: float = 0.0, low: float = -math.inf, top: float = math.inf
) -> AnnualSeries:
    """Every level, bound, estimate and error at `ratio` times its size plus `step`; levels kept to `low` to `top`."""

    def move(level: float) -> float:
        return min(max(level * ratio + step, low), top)

    rows = series.estimates
    return dataclasses.replace(
        series,
        values=(series.values * ratio + step).clip(low, top),
        earlier=(series.earlier * ratio + step).clip(low, top),
        lower={year: move(bound) for year, bound in series.lower.items()},
        upper={year: move(bound) for year, bound in series.upper.items()},
        noisy={year: error * ratio for year, error in series.noisy.items()},
        shared=tuple({year: size * ratio for year, size in one.items()} for one in series.shared),
        estimates=rows.assign(value=[move(value) for value in rows["value"]], error=rows["error"] * ratio),
    )


def _spliced(
    newer: AnnualSeries, older: AnnualSeries, indicator: pd.Series, continued: pd.Series
) -> AnnualSeries:
    """The newer series with the older one's levels before its first, and what it knows in part, moved to meet it in the
    overlap year; where one of the two has no level in that year nothing is joined, and a note says so.
    """
    year, by_ratio = int(indicator["splice_year"]), indicator["splice"] == "ratio"
    told: dict[str, Any] = {"year": year}
    for lang in ("zh", "en"):
        told[f"older_{lang}"] = str(continued[f"name_{lang}"])
        told[f"reason_{lang}"] = str(indicator[f"splice_reason_{lang}"])
    here, there = newer.values.get(year, math.nan), older.values.get(year, math.nan)
    apart = math.isnan(here) or math.isnan(there) or len(newer.earlier) > 0
    if apart or (by_ratio and there == 0):
        return dataclasses.replace(newer, notes=(*newer.notes, Note("splice_impossible", told)))
    ratio, step = (float(here / there), 0.0) if by_ratio else (1.0, float(here - there))
    first, moved = int(newer.values.index[0]), _moved(older, ratio, step)

    def before(table: Mapping[int, float]) -> Levels:
        return {int(year): float(size) for year, size in table.items() if year < first}

    levels = before(moved.known().to_dict())
    if not levels:
        return newer
    by = f"{ratio:.4g}" if by_ratio else f"{step:+.4g}"
    note = Note("spliced", told | {"start": min(levels), "end": max(levels), "by": by})
    rows = older.observations
    return dataclasses.replace(
        newer, values=series_of(levels | newer.known().to_dict()), earlier=older.earlier, breaks=older.breaks,
        observations=pd.concat([rows[rows["year"] < first], newer.observations], ignore_index=True),
        lower={**before(moved.lower), **newer.lower}, upper={**before(moved.upper), **newer.upper},
        noisy={**before(moved.noisy), **newer.noisy},
        shared=(*(kept for kept in map(before, moved.shared) if kept), *newer.shared), notes=(*newer.notes, note),
    )  # fmt: skip


def _from_figures(
    data: Data, indicator: pd.Series, region: str, made: Computed, base_year: int | None, prefer: str
) -> AnnualSeries:
    """The series from the published figures of the indicator itself and what was computed from its inputs."""
    rows = data.observations
    rows = rows[(rows["indicator_id"] == indicator["indicator_id"]) & (rows["region"] == region)]
    newest = standing(rows)
    superseded = rows.drop(index=newest.index).sort_values(["known_from", "row"], kind="stable")
    new, partial = newest["measure"] == "count_new", newest["months"] < 12
    bound = newest["qualifier"].isin([">=", "<="])
    used, counts = newest[~new & ~partial & ~bound], new_counts(newest)
    own = used[used["measure"].isin(LEVELS)].set_index("year")
    published, typed = own["value"].astype(float).to_dict(), own["decimals"].astype(int).to_dict()
    links, seed = links_of(used, base_year), {**made.levels, **published}
    again = functools.partial(chained, base_year=base_year, prefer=prefer)
    chain, support = again(seed, links), str(indicator["support"])
    index = chain.root is not None  # 100 in the base year
    chain = chain.within_100() if support == "percent" and not index else chain
    starts = [int(one.index[0]) for one in (*chain.older, chain.values) if len(one)]
    part = evidence_of(
        chain, again, seed, links, used=used, bounds=newest[bound & ~new & ~partial], partial=newest[partial & ~new],
        observations=data.observations, base_year=base_year,
        timing=str(indicator["timing"]) or ("average" if support == "percent" else ""),
    )  # fmt: skip
    unused = newest.loc[list(part.reasons)].assign(reason=list(part.reasons.values()))
    notes = (
        *made.notes, *made.conflicts(published, typed), *conflicts(chain.values, links),
        *_notes_on(used, superseded, unused, counts), *part.notes,
    )  # fmt: skip
    used, bounds, superseded, unused, counts = with_sources(
        data, used, part.bounds, superseded, unused, counts
    )
    inner = [one.new_counts if made.kind == "sum" else one.observations for one in made.inputs]
    errors = {year: error for year, error in made.errors.items() if year not in published}
    return AnnualSeries(
        str(indicator["indicator_id"]), region, chain.values, pd.concat(chain.older) if chain.older else series_of({}),
        tuple(starts[1:]), unit=f"{chain.root} = 100" if index else str(indicator["unit"]),
        support="positive" if index else support, base_year=chain.root, bounds=bounds, superseded=superseded,
        observations=pd.concat([used, *inner], ignore_index=True), unused=unused, notes=notes,
        lower=part.lower if index else made.lower | part.lower, upper=part.upper if index else made.upper | part.upper,
        noisy=errors | part.noisy, shared=part.shared, estimates=part.estimates, new_counts=counts, inputs=made.inputs,
        derived=made.kind, factor=made.factor, decimals={} if index else typed,
    )  # fmt: skip


def _notes_on(
    used: pd.DataFrame, superseded: pd.DataFrame, unused: pd.DataFrame, counts: pd.DataFrame
) -> list[Note]:
    """What must be said of the figures: days assumed, vintages superseded, figures not used, counts of new items."""
    assumed = list(used.loc[used["published_assumed"], "period"])
    notes = [Note("assumed_publication", {"periods": assumed})] if assumed else []
    notes += [Note("superseded", {"count": len(superseded)})] if len(superseded) else []
    for reason, rows in unused.groupby("reason") if len(unused) else []:
        notes.append(Note(f"unused_{reason}", {"periods": list(rows["period"])}))
    return [*notes, Note("new_counts", {"periods": list(counts["period"])})] if len(counts) else notes


def with_sources(data: Data, *tables: pd.DataFrame) -> list[pd.DataFrame]:
    """The figures of each table, numbered anew, with publisher, title and date of their source."""
    columns = ["publisher", "publisher_en", "title", "title_en", "date"]
    named = data.sources.set_index("source_id")[columns].rename(columns={"date": "source_date"})
    numbered = [rows.reset_index(drop=True) for rows in tables]
    return [
        pd.concat([rows, named.reindex(rows["source_id"]).set_axis(rows.index)], axis=1) for rows in numbered
    ]


def coverage(data: Data, plan: str | None = None) -> pd.DataFrame:
    """What is held for each target in each year: "final", "provisional", "part" (a bound, or a figure of part of the
    year) or "" (nothing).

    Index: plan and target_id in the order of the plan; columns: every year from the first figure to the last year or
    deadline. A target is served by its indicator and by the definitions that continue it, in its own region.

    >>> import qcity_analysis as qc
    >>> table = coverage(qc.load(as_of="2023-12-31"), "nanjing_quality_city")
    >>> table.loc[("nanjing_quality_city", "rd_intensity"), [2019, 2020, 2021]].tolist()
    ['', 'final', 'provisional']
    """
    rows, targets = _serving(data, plan), _targets(data, plan)
    rows = rows[rows["year"].notna()]
    part = ~is_whole(rows["period"]) | rows["qualifier"].isin([">=", "<="])
    rank = rows["status"].isin([*PROVISIONAL, "illustrative"]).map({True: 1, False: 2}).where(~part, 0)
    best = rank.groupby([rows["plan"], rows["target_id"], rows["year"].astype(int)]).max()
    index = pd.MultiIndex.from_frame(targets[["plan", "target_id"]])
    if best.empty:
        return pd.DataFrame(index=index)
    years = range(int(rows["year"].min()), max(int(rows["year"].max()), int(targets["deadline"].max())) + 1)
    names = best.map(dict(enumerate(("part", "provisional", "final"))))
    table = names.unstack("year").reindex(index=index, columns=years)
    return table.astype(object).fillna("").rename_axis(columns=None)


def _targets(data: Data, plan: str | None) -> pd.DataFrame:
    return data.targets[data.targets["plan"] == plan] if plan else data.targets


def _serving(data: Data, plan: str | None) -> pd.DataFrame:
    """The newest vintage of every figure that serves a target, with `plan` and `target_id`; one row per pair."""
    targets = _targets(data, plan)[["plan", "target_id", "indicator_id", "region"]]
    newer = data.indicators[["indicator_id", "continues"]].rename(columns={"indicator_id": "newer"})
    continued = targets.merge(newer, left_on="indicator_id", right_on="continues")
    continued = continued.assign(indicator_id=continued["newer"]).drop(columns=["newer", "continues"])
    pairs = pd.concat([targets, continued]).drop_duplicates()
    figures = newest_vintages(data.observations)
    return pairs.merge(figures, on=["indicator_id", "region"]).reset_index(drop=True)


def ages(data: Data, plan: str | None = None) -> pd.DataFrame:
    """The newest figure of each target that has one: plan, target_id, the figure's columns, `months` (its age: from the
    end of its year to the day of the data) and `due` (further years that should have come out by then).
    """
    pair = ["plan", "target_id"]
    rows = _serving(data, plan).sort_values(["year", "known_from", "row"], kind="stable")
    newest = _targets(data, plan)[pair].merge(rows.drop_duplicates(pair, keep="last"), on=pair)
    lags = data.indicators.set_index("indicator_id")["publication_lag_months"]
    lag = newest["indicator_id"].map(lags).astype(float).fillna(ASSUMED_LAG_MONTHS)
    months = 12 * data.as_of.year + data.as_of.month - 12 * (newest["year"].astype(int) + 1)
    return newest.assign(months=months, due=((months - lag) // 12).clip(lower=0).astype(int))


def used_sources(data: Data) -> pd.DataFrame:
    """Publishers by number of figures: publisher, publisher_en, documents, figures, newest (the last date known)."""
    rows = data.observations.merge(data.sources[["source_id", "publisher", "publisher_en"]], on="source_id")
    table = rows.groupby("publisher", sort=False).agg(
        publisher_en=("publisher_en", "first"), documents=("source_id", "nunique"), figures=("source_id", "size"),
        newest=("known_from", "max"),
    )  # fmt: skip
    return table.sort_values(["figures", "documents"], ascending=False, kind="stable").reset_index()


def counts(data: Data, plan: str | None = None) -> dict[str, int]:
    """How much there is: figures, series, sources, targets, targets with a figure (`covered`), revisions."""
    rows = data.observations
    return {
        "figures": len(newest_vintages(rows)),
        "series": len(rows[["indicator_id", "region"]].drop_duplicates()),
        "sources": rows["source_id"].nunique(),
        "targets": len(_targets(data, plan)),
        "covered": len(ages(data, plan)),
        "revisions": len(revisions(data)),
    }

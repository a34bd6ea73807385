"""From published figures to one annual level series: newest vintages, chained changes, gaps left missing.

Yearly changes are chained from the base year, `Π(1 + r_t)`; a cumulative change is an observation of the level in its
last year, with the years between unknown. Figures of different definitions are different indicators and never meet
here. Bounds, year-to-date figures and counts of new items are kept apart and listed, never used as plain levels.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from .datapackage import Data

ROUNDING = 0.3  # percentage points within which published figures are taken to agree


@dataclass(frozen=True)
class Note:
    """Something the reader must be told: a code, and the values its sentence needs (see `describe.note`).

    >>> Note("awaiting_figure", {"year": 2025}).code
    'awaiting_figure'
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AnnualSeries:
    """One indicator of one region as annual levels, with the published figures behind it.

    Attributes: `values` (index: every year from the first level to the last; NaN where nothing was published),
    `earlier` (levels of older stretches that nothing joins to `values`; same indexing, own unit), `breaks` (first year
    of each stretch after the first, over `earlier` and `values`), `unit`, `support`, `base_year` (the year set to 100
    when the levels are an index made from changes, else None), `observations` (rows used, with publisher and title),
    `bounds`, `superseded`, `unused` (rows not used as levels; the last with a column `reason`), `notes`.

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

    def known(self) -> pd.Series:
        """The levels without the gaps, index year.

        >>> import qcity_analysis as qc
        >>> int(qc.annual_series(qc.load(), "rd_intensity", "nanjing").known().index.max())
        2022
        """
        return self.values.dropna()

    def history(self) -> pd.Series:
        """Everything a forecast may learn from: the unlinked older stretches, then the levels; index year."""
        return pd.concat([self.earlier, self.values]) if len(self.earlier) else self.values


def annual_series(
    data: Data, indicator_id: str, region: str, *, base_year: int | None = None, prefer: str = "cumulative"
) -> AnnualSeries:
    """The annual level series of one indicator in one region, from the figures known in `data`.

    Where there are published levels they are used as they are, and yearly changes extend them. Where there are only
    changes the result is an index with `base_year` = 100 (default: the first year that can be linked). `prefer` says
    which figure wins in a year that has both a cumulative change on `base_year` and a chain of yearly changes:
    "cumulative" or "changes"; the difference is a note either way. Raises QcityError for an unknown name.

    >>> import qcity_analysis as qc
    >>> energy = qc.annual_series(qc.load(as_of="2023-03-31"), "energy_per_gdp", "china", base_year=2020)
    >>> energy.values.round(2).tail(3).to_dict()
    {2020: 100.0, 2021: 97.3, 2022: 97.2}
    """
    indicator = data.indicator(indicator_id)
    data.require_region(region)
    rows = data.observations
    rows = rows[(rows["indicator_id"] == indicator_id) & (rows["region"] == region)]
    newest, superseded = _newest(rows)
    used, bounds, unused = _sort_out(newest)
    links = _links(used, base_year)
    levels = used[used["measure"].isin(["level", "count_total"])]
    index = levels.empty and bool(links)
    if index:
        root = _root(links, base_year)
        stretches = _stretches({root: 100.0}, links, root if prefer == "cumulative" else None)
    else:
        stretches = _stretches(dict(zip(levels["year"], levels["value"], strict=True)), links, None)
        root = None
    values, earlier, breaks = _arrange(stretches)
    notes = [*_conflicts(values, links), *_notes_on(used, superseded, bounds, unused)]
    return AnnualSeries(
        indicator_id=indicator_id,
        region=region,
        values=values,
        earlier=earlier,
        breaks=breaks,
        unit=f"{root} = 100" if root is not None else str(indicator["unit"]),
        support="positive" if index else str(indicator["support"]),
        base_year=root,
        observations=_with_sources(used, data),
        bounds=_with_sources(bounds, data),
        superseded=_with_sources(superseded, data),
        unused=_with_sources(unused, data),
        notes=tuple(notes),
    )


def chain(changes: Sequence[float], start: float = 100.0) -> list[float]:
    """Levels from yearly changes in percent: `start` × Π(1 + r/100), one level per change.

    >>> [round(level, 3) for level in chain([1.51, -2.2, -4.18])]
    [101.51, 99.277, 95.127]
    """
    levels, level = [], start
    for change in changes:
        level *= 1 + change / 100
        levels.append(level)
    return levels


def shifted(series: AnnualSeries, year: int, level: float, by_ratio: bool = True) -> AnnualSeries:
    """The series moved to pass through `level` in `year`: by ratio for an index or a positive quantity, else by
    difference (kept within 0 to 100 for shares), so that changes keep the unit in which they are spoken of.

    >>> import qcity_analysis as qc
    >>> china = qc.annual_series(qc.load(), "rd_intensity", "china")
    >>> float(round(shifted(china, 2022, 4.54, by_ratio=False).values[2023] - china.values[2023], 6))
    2.0
    """
    at = float(series.values[year])
    if by_ratio or series.support in ("positive", "count"):
        ratio = level / at
        base = year if level == 100.0 else None
        return dataclasses.replace(
            series, values=series.values * ratio, earlier=series.earlier * ratio, base_year=base
        )
    values, earlier = series.values + (level - at), series.earlier + (level - at)
    if series.support == "percent":
        values, earlier = values.clip(0, 100), earlier.clip(0, 100)
    return dataclasses.replace(series, values=values, earlier=earlier)


def _newest(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The newest vintage of each figure, and the vintages it superseded."""
    ordered = rows.sort_values(["known_from", "row"], kind="stable")
    key = ["period", "measure", "base_period"]
    last = ~ordered.duplicated(key, keep="last")
    return ordered[last].sort_values(["year", "period"], kind="stable"), ordered[~last]


def _sort_out(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows usable as levels or changes, bounds on a level, and the rest with the reason."""
    partial = rows["period"].str.len() != 4
    bound = rows["qualifier"].isin([">=", "<="])
    level = rows["measure"].isin(["level", "count_total"])
    new = rows["measure"] == "count_new"
    reason = pd.Series("", index=rows.index, dtype=object)
    reason[bound & ~level] = "bound_on_change"
    reason[new] = "count_of_new"
    reason[partial] = "year_to_date"
    spare = reason != ""
    unused = rows[spare].assign(reason=reason[spare])
    return rows[~spare & ~bound], rows[~spare & bound], unused


@dataclass(frozen=True)
class _Link:
    """A published change between two years: level[end] = level[start] × (1 + percent / 100)."""

    start: int
    end: int
    percent: float

    @property
    def ratio(self) -> float:
        return 1 + self.percent / 100


def _links(used: pd.DataFrame, base_year: int | None) -> list[_Link]:
    links = []
    for row in used[used["measure"].isin(["change_pct", "cumulative_change_pct"])].itertuples():
        year = int(row.year)
        if row.measure == "change_pct":
            start = year - 1
        elif pd.isna(row.base_period):
            if base_year is None:
                continue
            start = base_year
        else:
            start = int(row.base_period)
        if start < year:
            links.append(_Link(start, year, float(row.value)))
    return links


def _root(links: list[_Link], base_year: int | None) -> int:
    years = {year for link in links for year in (link.start, link.end)}
    return base_year if base_year in years else min(years)


def _stretches(seed: dict[int, float], links: list[_Link], favoured: int | None) -> list[dict[int, float]]:
    """Levels by year: first what the seed reaches, then each stretch that nothing joins to it (starting at 100)."""
    found = [_spread(seed, links, favoured)]
    while True:
        reached = {year for stretch in found for year in stretch}
        left = [link for link in links if link.start not in reached and link.end not in reached]
        if not left:
            return found
        found.append(_spread({min(link.start for link in left): 100.0}, left, None))


def _spread(seed: dict[int, float], links: list[_Link], favoured: int | None) -> dict[int, float]:
    """Follow the links from known levels: figures on the favoured base, then yearly changes, then other sums."""
    levels = dict(seed)
    for link in links:
        if link.start == favoured and link.start in levels:
            levels.setdefault(link.end, levels[link.start] * link.ratio)
    yearly = sorted((link for link in links if link.end - link.start == 1), key=lambda link: link.end)
    sums = sorted(
        (link for link in links if link.end - link.start > 1), key=lambda link: link.end - link.start
    )
    while True:
        if not (_follow(levels, yearly) or _follow(levels, sums, only_one=True)):
            return levels


def _follow(levels: dict[int, float], links: list[_Link], only_one: bool = False) -> bool:
    found = False
    for link in [*links, *reversed(links)]:
        if link.start in levels and link.end not in levels:
            levels[link.end] = levels[link.start] * link.ratio
        elif link.end in levels and link.start not in levels:
            levels[link.start] = levels[link.end] / link.ratio
        else:
            continue
        found = True
        if only_one:
            break
    return found


def _arrange(stretches: list[dict[int, float]]) -> tuple[pd.Series, pd.Series, tuple[int, ...]]:
    """The main stretch as a series with gaps; the older ones before it; where each new stretch begins."""
    main = _series(stretches[0])
    older = [_series(s) for s in stretches[1:] if len(main) and s and max(s) < main.index[0]]
    older = sorted((s for s in older if len(s) > 1), key=lambda s: s.index[0])
    earlier = pd.concat(older) if older else _series({})
    starts = [int(s.index[0]) for s in [*older, main] if len(s)]
    return main, earlier, tuple(starts[1:])


def _series(levels: dict[int, float]) -> pd.Series:
    if not levels:
        return pd.Series(dtype=float, index=pd.Index([], dtype=int, name="year"), name="level")
    years = pd.RangeIndex(min(levels), max(levels) + 1, name="year")
    return pd.Series(
        [levels.get(year, math.nan) for year in years], index=pd.Index(list(years), name="year"), name="level"
    )


def _conflicts(values: pd.Series, links: list[_Link]) -> list[Note]:
    notes = []
    for link in links:
        start, end = values.get(link.start, math.nan), values.get(link.end, math.nan)
        implied = 100 * (end / start - 1) if start else math.nan
        if not math.isnan(implied) and abs(implied - link.percent) > ROUNDING:
            facts = {"start": link.start, "end": link.end, "published": link.percent, "implied": implied}
            notes.append(Note("conflict", facts))
    return notes


def _notes_on(
    used: pd.DataFrame, superseded: pd.DataFrame, bounds: pd.DataFrame, unused: pd.DataFrame
) -> list[Note]:
    notes = []
    if used["published_assumed"].any():
        notes.append(
            Note("assumed_publication", {"periods": list(used.loc[used["published_assumed"], "period"])})
        )
    if len(superseded):
        notes.append(Note("superseded", {"count": len(superseded)}))
    if len(bounds):
        notes.append(Note("bounds", {"periods": list(bounds["period"])}))
    for reason, rows in unused.groupby("reason") if len(unused) else []:
        notes.append(Note(f"unused_{reason}", {"periods": list(rows["period"])}))
    return notes


def _with_sources(rows: pd.DataFrame, data: Data) -> pd.DataFrame:
    wanted = ["source_id", "publisher", "publisher_en", "title", "title_en", "date"]
    named = data.sources[wanted].rename(columns={"date": "source_date"})
    return rows.merge(named, on="source_id", how="left").reset_index(drop=True)

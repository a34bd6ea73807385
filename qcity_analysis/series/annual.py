"""From published figures to one annual level series, gaps left missing; and what is held for each target.

A cumulative change is an observation of the level in its last year, with the years between unknown (see `evidence`).
Figures of different definitions meet only where `indicators.csv` declares a splice and says why: the row of the newer
definition names the older one in `continues`, and a `splice_year` in which both have a level; the older figures are
moved to meet the newer. A derived indicator has a computed level only where every input has one; a published figure
wins over it, and a difference is a note.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.schema import TABLES, comparators, input_names, is_spliced
from ..data.vintages import ASSUMED_LAG_MONTHS, is_whole, newest_vintages, picked, revisions, standing
from ..errors import Note

from .evidence import (  # isort: skip
    LEVELS, PROVISIONAL, Chained, Evidence, Levels, chained, evidence_of, links_of, new_counts, series_of,
    typical_revisions,
)  # fmt: skip

AGREE = 0.005  # share of the value within which a computed and a published level are taken to agree
SEEN_BY = (("plan", "target_id"), ("indicator_id", "region"), ("source_id",))  # rows of a table
CELLS = ("measure", "year", "value", "decimals")  # of a level
ABOUT = ("plan", "target_id", "indicator_id", "region", "kind")  # of a target
Keys = set[tuple[str, ...]]  # of rows of a table
ROUNDING = 0.3  # percentage points within which a published change and the levels are taken to agree


@dataclass(frozen=True, repr=False)
class AnnualSeries:
    """One indicator of one region as annual levels, with the published figures behind it.

    Attributes: `values` (every year from the first level to the last; NaN where nothing was published), `earlier`
    (older stretches that nothing joins to `values`; only their changes in percent say anything), `breaks` (first year
    of each stretch after the first), `base_year` (set to 100 where the levels are an index made from changes),
    `observations` (rows used, with publisher and title), `bounds`, `superseded` and `unused` (rows that are no levels,
    the last with a `reason`), `evidence` (what is known in part, handed whole to a forecast), `new_counts` (one row a
    year), `inputs` (what it is `derived` from), `factor` (of a ratio), `decimals` by year, `made` (forecasts of it).

    >>> series = qc.annual_series(qc.load(as_of="2026-01-01"), "rd_intensity", "nanjing")
    >>> series.known().tail(4).to_dict()
    {2020: 3.48, 2021: 3.54, 2022: 3.82, 2024: 3.9}
    >>> series.to_frame().loc[2024, "status"], round(series.error(2024), 2), series.shared, series.places()
    ('estimate', 0.11, (), {('rd_intensity', 'nanjing')})
    >>> series.points() == len(series.known()) == len(series.figures()), int(series.history().index[0])
    (True, 2009)
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
    evidence: Evidence = Evidence()
    new_counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    inputs: tuple[AnnualSeries, ...] = ()
    derived: str = "none"
    factor: float = 1.0
    decimals: Mapping[int, int] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict, init=False, compare=False)
    shared = property(lambda self: self.evidence.shared)  # errors that several years share: year to size

    def __repr__(self) -> str:
        known = self.known()
        span = f"{len(known)} levels, {known.index[0]}–{known.index[-1]}" if len(known) else "no level"
        return f"<AnnualSeries {self.indicator_id}, {self.region}: {span}, in {self.unit}>"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(max_rows=12))

    def known(self) -> pd.Series:
        """The levels without the gaps, index year."""
        return self.values.dropna()

    def to_frame(self) -> pd.DataFrame:
        """The levels with their standard errors and, where a figure of that year was used, its status and source."""
        used = self.observations.drop_duplicates("year", keep="last").set_index("year")
        errors = {year: self.error(year) for year in self.values.index}
        frame = pd.DataFrame({"level": self.values, "error": pd.Series(errors, dtype=float)})
        return frame.rename_axis("year").join(used[["status", "publisher", "title"]])

    def places(self) -> set[tuple[str, str]]:
        """The series itself and everything it is computed from: indicator and region."""
        return {(self.indicator_id, self.region)}.union(*(inner.places() for inner in self.inputs))

    def figures(self) -> pd.DataFrame:
        """Every figure that stands, whether it is used as a level or not."""
        frames = (self.new_counts, self.observations, self.unused, self.bounds)
        return pd.concat([rows for rows in frames if len(rows)] or [self.observations], ignore_index=True)

    def history(self) -> pd.Series:
        """Everything a forecast may learn from: the unlinked older stretches, then the levels; index year."""
        return pd.concat([self.earlier, self.values]) if len(self.earlier) else self.values

    def error(self, year: int) -> float:
        """Standard error of the level of a year, from its own error and those it shares; 0 where it is certain."""
        return math.hypot(*(one.get(year, 0.0) for one in (self.evidence.noisy, *self.shared)))

    def points(self) -> int:
        """Years a forecast can learn from: those with a level and, once two have one, those with a bound or estimate.

        Bounds alone tell neither a level nor how far it moves in a year, so they never count by themselves.
        """
        numbers = int(self.values.count() + self.earlier.count())
        return numbers + len(self.evidence.years()) if numbers >= 2 else numbers


def annual_series(
    data: Data, indicator_id: str, region: str, *, base_year: int | None = None, prefer: str = "cumulative"
) -> AnnualSeries:
    """The annual levels of one indicator in one region, from the figures known in `data`: as published, extended by
    changes; where there are only changes an index with `base_year` = 100 (default: the first year of the newest linked
    stretch). `prefer` ("cumulative" or "changes") wins in a year that has both a cumulative change on `base_year` and a
    chain of yearly ones. A sum counts from the year after `base_year`. Raises QcityError for an unknown name.

    >>> energy = qc.annual_series(qc.load(as_of="2023-03-31"), "energy_per_gdp", "china", base_year=2020)
    >>> energy.values.round(2).tail(3).to_dict()
    {2020: 100.0, 2021: 97.3, 2022: 97.2}
    """
    asked = (indicator_id, region, base_year, prefer)
    data.require_region(region)
    told = told_of(data, indicator_id, region)
    learned = typical_revisions(data) if any(repr(word) in told for word in PROVISIONAL) else {}
    if (seen := (asked, told, *learned.values())) not in data.made:
        indicator = data.indicator(indicator_id)
        inputs = tuple(annual_series(data, name, region) for name in input_names(indicator))
        series = _from_figures(data, indicator, region, inputs, base_year, prefer)
        if is_spliced(indicator):
            older = annual_series(data, str(indicator["continues"]), region, prefer=prefer)
            series = _spliced(data, series, older)
        data.made[seen] = series
    return data.made[seen]


def shifted(series: AnnualSeries, year: int, level: float, by_ratio: bool = True) -> AnnualSeries:
    """The series moved to pass through `level` in `year`: by ratio for an index or a positive quantity, else by
    difference (kept within 0 to 100 for shares), so that changes keep the unit in which they are spoken of.
    """
    at = float(series.values[year])
    by_ratio = by_ratio or series.support in ("positive", "count")
    ratio, step = (level / at, 0.0) if by_ratio else (1.0, level - at)
    low, top = (0.0, 100.0) if series.support == "percent" and not by_ratio else (-math.inf, math.inf)
    values, earlier = ((levels * ratio + step).clip(low, top) for levels in (series.values, series.earlier))
    return dataclasses.replace(
        series, inputs=(), derived="none", decimals={}, values=values, earlier=earlier,
        evidence=series.evidence.moved(ratio, lambda level: min(max(level * ratio + step, low), top)),
        base_year=(year if level == 100.0 else None) if by_ratio else series.base_year,
    )  # fmt: skip


def _spliced(data: Data, newer: AnnualSeries, older: AnnualSeries) -> AnnualSeries:
    """The newer series, before it the older one moved to meet it in the overlap year; else a note."""
    indicator, continued = data.indicator(newer.indicator_id), data.indicator(older.indicator_id)
    year, by_ratio = int(indicator["splice_year"]), indicator["splice"] == "ratio"
    told = {f"older_{lang}": str(continued[f"name_{lang}"]) for lang in ("zh", "en")} | {"year": year}
    told |= {f"reason_{lang}": str(indicator[f"splice_reason_{lang}"]) for lang in ("zh", "en")}
    here, there = newer.values.get(year, math.nan), older.values.get(year, math.nan)
    apart = math.isnan(here) or math.isnan(there) or len(newer.earlier) > 0
    if apart or (by_ratio and there == 0):
        return dataclasses.replace(newer, notes=(*newer.notes, Note("splice_impossible", told)))
    ratio, step = (float(here / there), 0.0) if by_ratio else (1.0, float(here - there))
    first, known = int(newer.values.index[0]), older.known() * ratio + step
    levels: Levels = known[known.index < first].to_dict()
    if not levels:
        return newer
    by = f"{ratio:.4g}" if by_ratio else f"{step:+.4g}"
    note = Note("spliced", told | {"start": min(levels), "end": max(levels), "by": by})
    rows = older.observations
    evidence = older.evidence.moved(ratio, lambda level: level * ratio + step, before=first)
    return dataclasses.replace(
        newer, values=series_of(levels | newer.known().to_dict()), earlier=older.earlier, breaks=older.breaks,
        observations=pd.concat([rows[rows["year"] < first], newer.observations], ignore_index=True),
        evidence=dataclasses.replace(evidence, estimates={}) | newer.evidence, notes=(*newer.notes, note),
    )  # fmt: skip


def _computed(
    data: Data, indicator: pd.Series, inputs: tuple[AnnualSeries, ...], base_year: int | None
) -> tuple[Levels, Evidence, float, list[Note]]:
    """The levels of a derived indicator from its inputs, what is known of them in part, the factor, and notes.

    A ratio or per-head figure is factor × first / second (factor: 100 for a unit of %, else 1, unless declared). A sum
    counts from the year after `base_year` (default: from the first count); after a year without a count, or with
    months only, it is a lower bound; with an upper bound in place of a count it has an upper bound too.
    """
    if not inputs:
        return {}, Evidence(), 1.0, []
    kind, factor = str(indicator["derived"]), 1.0
    if kind == "sum":
        levels, evidence = _sum(inputs[0].new_counts, base_year)
    else:
        unset = 100.0 if indicator["unit"] == "%" else 1.0
        factor = unset if pd.isna(indicator["factor"]) else float(indicator["factor"])
        levels, evidence = _ratio(inputs[0], inputs[1], factor)
    codes = ("spliced", "assumed_publication")
    notes = [note for part in inputs for note in part.notes if note.code in codes]
    if levels:
        values = {"years": f"{min(levels)}–{max(levels)}", "factor": f"{factor:g}"}
        for k, part in enumerate(inputs, 1):
            row = data.indicator(part.indicator_id)
            values |= {f"input_{k}_{lang}": str(row[f"name_{lang}"]) for lang in ("zh", "en")}
        notes.insert(0, Note(f"derived_{kind}", values))
    return levels, evidence, factor, notes


def _ratio(top: AnnualSeries, under: AnnualSeries, factor: float) -> tuple[Levels, Evidence]:
    """The ratio of every year that has both levels, and its standard error from theirs."""
    if not (top.base_year is None and under.base_year is None):
        return {}, Evidence()  # an index has no unit to divide
    both = pd.concat([top.known(), under.known()], axis=1, join="inner", keys=["top", "under"])
    both, noisy = both[both["under"] != 0], dict[int, float]()
    levels: Levels = (factor * both["top"] / both["under"]).to_dict()
    for year, level, other in both.itertuples():
        relative = math.hypot(top.error(year) / level if level else 0.0, under.error(year) / other)
        if relative > 0:
            noisy[year] = abs(levels[year]) * relative
    return levels, Evidence(noisy=noisy)


def _sum(counts: pd.DataFrame, base_year: int | None) -> tuple[Levels, Evidence]:
    """Running total of new items; lower and upper bounds from the first year that is not wholly counted."""
    table = counts.set_index("year")[["count", "months", "qualifier"]]
    table = table if base_year is None else table[table.index > base_year]
    if table.empty:
        return {}, Evidence()
    table = table.reindex(range(table.index[0] if base_year is None else base_year + 1, table.index[-1] + 1))
    count, sign = table["count"].fillna(0.0), table["qualifier"].fillna("")
    least = count.where(sign != "<=", 0.0).cumsum()
    most = count.where((table["months"] == 12) & (sign != ">="), math.inf).cumsum()
    levels: Levels = ({} if base_year is None else {base_year: 0.0}) | least[least == most].to_dict()
    part = (least != most) & (sign != "")
    return levels, Evidence(least[part].to_dict(), most[part & np.isfinite(most)].to_dict())


def _from_figures(
    data: Data, indicator: pd.Series, region: str, inputs: tuple[AnnualSeries, ...], base_year: int | None,
    prefer: str,
) -> AnnualSeries:  # fmt: skip
    """The series from the published figures of the indicator itself and what was computed from its inputs."""
    name, support = str(indicator["indicator_id"]), str(indicator["support"])
    rows = figures_of(data, name, region)
    newest = standing(rows)
    superseded = picked(rows, ~rows.index.isin(newest.index)).sort_values(["known_from", "row"])
    measure, of_part = newest["measure"].to_numpy(object), newest["months"].to_numpy() < 12
    new, bound = measure == "count_new", newest["qualifier"].isin([">=", "<="]).to_numpy()
    used, counts = picked(newest, ~new & ~of_part & ~bound), new_counts(picked(newest, new))
    own = [row for row in zip(*(used[cell] for cell in CELLS), strict=True) if row[0] in LEVELS]
    published, typed = ({row[1]: row[k] for row in own} for k in (2, 3))
    made, of_inputs, factor, told = _computed(data, indicator, inputs, base_year)
    chain = chained({**made, **published}, links_of(used, base_year), base_year, prefer)
    index = chain.root is not None  # 100 in the base year
    chain = chain.within_100() if support == "percent" and not index else chain
    timing = str(indicator["timing"]) or ("average" if support == "percent" else "")
    bounds, part = picked(newest, bound & ~new & ~of_part), picked(newest, of_part & ~new)
    evidence, bounds, reasons, in_part = evidence_of(data, chain, used, bounds, part, timing)
    unused = (newest.loc[list(reasons)] if reasons else newest.iloc[:0]).assign(reason=list(reasons.values()))
    disagreeing = _disagreeing(chain, made, published, typed)
    of_rows = _notes_on(used, superseded, unused, counts)
    noisy = {year: error for year, error in of_inputs.noisy.items() if year not in published}
    given = Evidence() if index else dataclasses.replace(of_inputs, noisy=noisy)
    derived = str(indicator["derived"]) if inputs else "none"
    inner = [one.new_counts if derived == "sum" else one.observations for one in inputs]
    starts = [int(one.index[0]) for one in (*chain.older, chain.values) if len(one)]
    bounds, superseded, unused = (one.reset_index(drop=True) for one in (bounds, superseded, unused))
    return AnnualSeries(
        name, region, chain.values, pd.concat(chain.older) if chain.older else series_of({}), tuple(starts[1:]),
        unit=f"{chain.root} = 100" if index else str(indicator["unit"]), support="positive" if index else support,
        base_year=chain.root, observations=pd.concat([used, *inner], ignore_index=True), bounds=bounds,
        superseded=superseded, unused=unused, evidence=given | evidence, new_counts=counts,
        inputs=inputs, derived=derived, factor=factor, decimals={} if index else typed,
        notes=(*told, *disagreeing, *of_rows, *in_part),
    )  # fmt: skip


def _disagreeing(
    chain: Chained, made: Levels, published: Levels, decimals: Mapping[int, int]
) -> Iterator[Note]:
    """A note for each published level that is not the computed one, and change that the levels used do not show."""
    for year in sorted(made.keys() & published.keys()):
        level, shown = made[year], published[year]
        if abs(level - shown) > max(0.51 * 10.0 ** -decimals[year], AGREE * abs(shown)):
            yield Note("derived_conflict", {"year": year, "shown": shown, "computed": float(f"{level:.4g}")})
    for link in chain.links:
        start, end = (chain.values.get(year, math.nan) for year in (link.start, link.end))
        implied = 100 * (end / start - 1) if start else math.nan
        if abs(implied - link.percent) > ROUNDING:
            years = {"start": link.start, "end": link.end}
            yield Note("conflict", years | {"published": link.percent, "implied": implied})


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


def figures_of(data: Data, indicator_id: str, region: str) -> pd.DataFrame:
    """The figures of an indicator in a region, all vintages, with publisher, title and date of their source."""
    if "figures" not in data.computed:  # all together, once
        said = data.sources.set_index("source_id")[["publisher", "publisher_en", "title", "title_en", "date"]]
        every = data.observations.join(said.rename(columns={"date": "source_date"}), on="source_id")
        words = [name for name, kind in every.dtypes.items() if isinstance(kind, pd.StringDtype)]
        every = every.astype(dict.fromkeys(words, object)).copy()  # rows are cut four times as fast
        data.computed["figures"] = every, every.groupby(["indicator_id", "region"]).indices
    every, places = data.computed["figures"]
    return every.iloc[places.get((indicator_id, region), [])]


def told_of(data: Data, indicator_id: str, region: str) -> str:
    """All that a series is made from, as text: equal on two days where both know the same of it."""
    if (asked := ("told", indicator_id, region)) not in data.computed:
        row, figures = data.indicator(indicator_id), figures_of(data, indicator_id, region)
        parts = [told_of(data, name, region) for name in _parts_of(row)]
        data.computed[asked] = repr((row.tolist(), figures.to_numpy().tolist(), parts))
    return str(data.computed[asked])


def _parts_of(row: Any) -> list[str]:
    """The indicators that one is made from, by its row: inputs, and the older definition that it is joined to."""
    return [*input_names(row), *[str(row.continues)] * is_spliced(row)]


def coverage(data: Data, plan: str | None = None) -> pd.DataFrame:
    """What is held for each target (rows, in the order of the plan) in each year: "final", "provisional", "part" (a
    bound, or a figure of part of the year) or "" (nothing). A target is served by its indicator and by the definitions
    that continue it, in its own region.

    >>> table = coverage(qc.load(as_of="2023-12-31"), "nanjing_quality_city")
    >>> table.loc[("nanjing_quality_city", "rd_intensity"), [2019, 2020, 2021]].tolist()
    ['provisional', 'final', 'final']
    """
    rows, targets = _serving(data, plan), data.targets_of(plan or None)
    part = ~is_whole(rows["period"]) | rows["qualifier"].isin([">=", "<="])
    rank = rows["status"].isin([*PROVISIONAL, "illustrative"]).map({True: 1, False: 2}).where(~part, 0)
    best = rank.groupby([rows[name] for name in ("plan", "target_id", "year")]).max()
    index = pd.MultiIndex.from_frame(targets[["plan", "target_id"]])
    if best.empty:
        return pd.DataFrame(index=index)
    years = range(rows["year"].min(), max(rows["year"].max(), int(targets["deadline"].max())) + 1)
    names = best.map(dict(enumerate(("part", "provisional", "final"))))
    table = names.unstack("year").reindex(index=index, columns=years)
    return table.astype(object).fillna("").rename_axis(columns=None)


def _serving(data: Data, plan: str | None) -> pd.DataFrame:
    """The newest vintage of every figure that serves a target, one row per pair."""
    own = data.targets_of(plan or None)[["plan", "target_id", "indicator_id", "region"]]
    older = own.rename(columns={"indicator_id": "continues"})
    continued = older.merge(data.indicators[["indicator_id", "continues"]], on="continues")[own.columns]
    pairs = pd.concat([own, continued]).drop_duplicates()
    return pairs.merge(newest_vintages(data.observations), on=["indicator_id", "region"])


def ages(data: Data, plan: str | None = None) -> pd.DataFrame:
    """The newest figure of each target that has one: plan, target_id, the figure's columns, `months` (its age: from the
    end of its year to the day of the data) and `due` (further years that should have come out by then).
    """
    pair, rows = ["plan", "target_id"], _serving(data, plan)
    rows = rows.sort_values(["year", "known_from", "row"], kind="stable").drop_duplicates(pair, keep="last")
    newest = data.targets_of(plan or None)[pair].merge(rows, on=pair)
    lags = data.indicators.set_index("indicator_id")["publication_lag_months"]
    lag = newest["indicator_id"].map(lags).astype(float).fillna(ASSUMED_LAG_MONTHS)
    months = 12 * data.as_of.year + data.as_of.month - 12 * (newest["year"] + 1)
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
    rows, targets = data.observations, data.targets_of(plan or None)
    series = rows[["indicator_id", "region"]].drop_duplicates()
    return {
        "figures": len(newest_vintages(rows)), "series": len(series), "sources": rows["source_id"].nunique(),
        "targets": len(targets), "covered": len(ages(data, plan)), "revisions": len(revisions(data)),
    }  # fmt: skip


class Sight:
    """Which rows of a package an answer can see, a number for each: what saw the same need not be made again.

    These are rows of its targets, of their indicators in every region, of newer definitions, what these are made from,
    the comparators they name, other aims of the same indicators, and the sources of all of them; where a figure is
    provisional, also the typical revisions known on the days asked about.
    """

    def __init__(self, data: Data) -> None:
        self.tables = list[tuple[np.ndarray, np.ndarray, np.ndarray, dict[tuple[str, ...], list[int]]]]()
        for name in ("corrections", *reversed(TABLES)):  # sources come last
            cells = getattr(data, name).drop(columns=["row", "line"], errors="ignore").astype(str)
            by = next((columns for columns in SEEN_BY if columns[0] in cells), ())
            at, empty = defaultdict[tuple[str, ...], list[int]](list), pd.Series("", cells.index)
            for i, key in enumerate(zip(*(cells[one] for one in by if one in cells), strict=True)):
                at[key].append(i)
                at[key[0], ""].append(i)
            columns = cells.get("source_id", empty), cells.get("status", empty).isin(PROVISIONAL)
            hashed = pd.util.hash_pandas_object(cells, index=False)
            self.tables.append((*(one.to_numpy() for one in (hashed, *columns)), at))
        self.asked = [*map(tuple, pd.concat([data.targets, data.earlier_targets])[[*ABOUT]].to_numpy())]
        self.rows = {one.indicator_id: one for one in data.indicators.itertuples()}
        self.beside = {name: comparators(row.comparators) for name, row in self.rows.items()}
        self.revised = cache(lambda day: np.array([*typical_revisions(data.at(day)).values()]).tobytes())

    def of_targets(self, plan: str, target: str, days: Sequence[dt.date], *more: tuple[str, ...]) -> bytes:
        """What answers on these days to a target (empty: to all of the plan) can see, and rows of `more` keys."""
        about = [one for one in self.asked if one[0] == plan and target in ("", one[1])]
        own, fresh = set[str](), {one[2] for one in about}
        aims = {one[:2] for one in self.asked if one[2] in fresh}  # are evidence
        while fresh:
            own |= fresh
            fresh = {name for name, row in self.rows.items() if row.continues in own} - own
        named = {(name, at) for one in own for at, name in [*self.beside[one], ("", one)]}
        named |= {(by, at) for *_, one, at, kind in about if kind == "rank" for _, by in self.beside[one]}
        return self.of(named, {*aims, *more}, days)

    def of(self, series: set[tuple[str, str]], visible: Keys, days: Sequence[dt.date]) -> bytes:
        """What answers on these days can see of these series (region "": every one), at other keys, and of regions."""
        visible, parts = visible.union(*(self._parts(*one) for one in series)), list[bytes]()
        for hashes, sources, unsure, at in self.tables:
            seen = sorted({i for key in visible & at.keys() for i in at[key]} if at else range(len(hashes)))
            visible |= {(one,) for one in sources[seen]}
            parts += [hashes[seen].tobytes(), *(map(self.revised, days) if unsure[seen].any() else ())]
        return b"".join(parts)

    def _parts(self, name: str, region: str) -> Keys:
        """The keys of a series (region "": all) and of all that it is made from."""
        parts = (self._parts(one, region) for one in _parts_of(self.rows[name]))
        return {(name,), (name, region)}.union(*parts)

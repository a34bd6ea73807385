"""What the published figures of one series say: levels, and in part bounds, errors of levels, unfinished years.

Levels are those published, and yearly and cumulative changes chained to them, `Π(1 + r_t)`; what nothing joins to the
main stretch stays a stretch of its own. What is known in part is in the unit of the levels, as a forecast takes it.

How far a figure that is not final may be from the one that will be, as a standard error:
- `~` ("about 2.7"): anything within one step of the last digit printed, error step / √3.
- `preliminary` and `estimate`: a part of the typical yearly change, learned, for levels and for changes apart, from the
  revisions known by the day of the data: the root mean square of (revised − first) / typical yearly change over all
  figures first published as preliminary or estimate, with STATED counting as PAIRS of them.

What a figure of January to month m says of the whole year depends on the indicator's `timing`:
- `average` (shares, rates, indices, and every yearly change): the year is m/12 of what is known and the rest of
  something that differs from it by about D, one typical yearly change (or half the change since the last level, if that
  is more): error D · (1 − m/12);
- `total` (amounts that add up over the year): the same of the figure × 12/m;
- `stock` (a state at the end of the month): the rest of the year at the median yearly change, error D · √(1 − m/12),
  as a random walk moves.
Where earlier years have both the figure to the same month and the annual one, D is learned from them
(LEARNED pseudo-pairs hold the starting value). Without `timing` a year to date says nothing and is listed as unused.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.schema import CHANGES, MEASURES
from ..data.vintages import KEY, codes, is_whole, picked
from ..errors import Note

Levels = dict[int, float]  # by year
LEVELS = ("level", "count_total")
PROVISIONAL = ["preliminary", "estimate"]
STATED = 0.3  # share of the typical yearly change by which a provisional figure is off, before any revision is seen
PAIRS = 4.0
LEARNED = 2.0  # earlier pairs of year-to-date and annual figure that weigh as much as the starting value


@dataclass(frozen=True)
class Link:
    """A published change between two years: level[end] = level[start] × (1 + percent / 100); `label` is its row."""

    start: int
    end: int
    percent: float
    label: Any = None


@dataclass(frozen=True)
class Chained:
    """What `levels` and `links` give, as series of consecutive years with NaN in gaps.

    Attributes: `values` (the main stretch), `older` (stretches before it that nothing joins to it; beside levels each
    ends at the first level, so that only its changes in percent say anything), `newer` (stretches after it), `root`
    (the year set to 100, None where levels were given), `above` (years whose level was dropped by `within_100`).
    """

    levels: Levels
    links: list[Link]
    base_year: int | None
    prefer: str
    values: pd.Series
    older: tuple[pd.Series, ...]
    newer: tuple[pd.Series, ...]
    root: int | None
    above: tuple[int, ...] = ()

    @cached_property
    def all(self) -> pd.Series:
        """The older stretches, then the main one."""
        return pd.concat([*self.older, self.values])

    def off_by(self, label: Any, error: float, year: int | None = None) -> pd.Series:
        """What moves, by year, where the change of row `label` (or the level of `year`) is larger by `error`."""
        levels = self.levels if year is None else self.levels | {year: self.levels[year] + error}
        by = {label: error}
        links = [dataclasses.replace(one, percent=one.percent + by.get(one.label, 0.0)) for one in self.links]
        return (chained(levels, links, self.base_year, self.prefer).all - self.all).dropna()

    def within_100(self) -> Chained:
        """The same without levels above 100, to which changes push a share; older stretches above it go whole."""
        over = [one.dropna() for one in self.older if (one > 100).any()] + [self.values[self.values > 100]]
        above = sorted({int(year) for one in over for year in one.index})
        main = series_of(self.values[self.values <= 100].to_dict())
        older = tuple(one for one in self.older if not (one > 100).any())
        return dataclasses.replace(self, values=main, older=older, above=tuple(above))


def chained(
    levels: Levels, links: list[Link], base_year: int | None = None, prefer: str = "cumulative"
) -> Chained:
    """Levels extended by links; with no level, an index with `base_year` = 100 (default: the first year of the newest
    stretch). `prefer` ("cumulative" or "changes") wins in a year reached by both from the base year of an index.

    >>> chained({2020: 50.0}, [Link(2020, 2021, 10.0), Link(2022, 2023, 5.0)]).values.to_dict()
    {2020: 50.0, 2021: 55.00000000000001}
    """
    root, seed = None, levels
    if not levels and links:
        root = base_year
        if not any(base_year in (link.start, link.end) for link in links):
            root = min(max(_stretches({min(link.start for link in links): 100.0}, links, None), key=max))
        assert root is not None
        seed = {root: 100.0}
    first, *more = _stretches(seed, links, root if prefer == "cumulative" else None)
    main, kept = series_of(first), list[pd.Series]()
    # the stretches wholly before or after the main one and each other; the fullest come first
    for one in sorted(more, key=lambda one: (len(one), max(one)), reverse=True):
        if len(one) > 1 and all(max(one) < o.index[0] or min(one) > o.index[-1] for o in [main, *kept]):
            kept.append(series_of(one))
    kept.sort(key=lambda one: int(one.index[0]))
    older = [one for one in kept if one.index[-1] < main.index[0]]
    newer = tuple(one for one in kept if one.index[0] > main.index[-1])
    if root is None:
        older = [one * (main.iloc[0] / one.iloc[-1]) for one in older if main.iloc[0] > 0]
    return Chained(levels, links, base_year, prefer, main, tuple(older), newer, root)


def series_of(levels: Levels) -> pd.Series:
    """Levels as a series with every year from the first to the last; NaN in gaps."""
    years = list(range(min(levels, default=0), max(levels, default=-1) + 1))
    index = pd.Index(years, dtype=int, name="year")
    return pd.Series([levels.get(year, math.nan) for year in years], index, dtype=float, name="level")


def _stretches(seed: Levels, links: list[Link], favoured: int | None) -> list[Levels]:
    """Levels by year: first what the seed reaches, then each stretch that nothing joins to it (starting at 100)."""
    made, left = [_spread(seed, links, favoured)], links
    while left := [link for link in left if link.start not in made[-1] and link.end not in made[-1]]:
        made.append(_spread({min(link.start for link in left): 100.0}, left, None))
    return made


def _spread(seed: Levels, links: list[Link], favoured: int | None) -> Levels:
    """What links lead to, both ways, one by one: those on the favoured base first, then yearly ones, then longer."""
    levels = dict(seed)
    order = sorted(links, key=lambda one: (one.start != favoured, one.end - one.start, one.end))
    while link := next((one for one in order if (one.start in levels) != (one.end in levels)), None):
        if link.start in levels:
            levels[link.end] = levels[link.start] * (1 + link.percent / 100)
        else:
            levels[link.start] = levels[link.end] / (1 + link.percent / 100)
    return levels


def typical_revisions(data: Data) -> dict[str, float]:
    """Typical revision of a provisional figure over the typical yearly change of its series as known when last revised,
    by measure, from figures first published as provisional and revised since; STATED where there are none.
    """
    if "revisions" in data.computed:
        return data.computed["revisions"]
    cells = [*KEY, "year", "value", "qualifier", "known_from", "row", "status"]
    rows = data.observations.loc[is_whole(data.observations["period"]), cells]
    rows = rows.sort_values(["known_from", "row"], kind="stable")
    rows = rows.assign(figure=codes(rows, *KEY), series=codes(rows, "indicator_id", "region", "measure"))
    first = rows[rows["status"].isin(PROVISIONAL)].drop_duplicates("figure")
    last = rows.drop_duplicates("figure", keep="last").set_index("figure")[["value", "known_from"]]
    both = first.join(last.add_suffix("_last"), on="figure").query("known_from_last > known_from")
    until = both.groupby("series")["known_from_last"].max().reindex(rows["series"])
    then = rows[rows["known_from"] <= until.to_numpy()].drop_duplicates("figure", keep="last")
    off = (both["value_last"] - both["value"]) / both["series"].map(_typical_sizes(then, "series"))
    off, change = off[np.isfinite(off)] ** 2, both["measure"].isin(CHANGES)
    told = (off[change == kind] for kind in (False, True))
    spread = [math.sqrt((PAIRS * STATED**2 + math.fsum(s)) / (PAIRS + len(s))) for s in told]
    return data.computed.setdefault("revisions", {name: spread[name in CHANGES] for name in MEASURES})


def _typical_sizes(rows: pd.DataFrame, by: str) -> pd.Series:
    """Typical size of a yearly change, in the unit of its figures, of each group of `rows`; NaN when unknown."""
    rows = rows[rows["qualifier"].isin(["=", "~"])].sort_values("year", kind="stable")
    groups = rows.groupby(by)
    step = groups["value"].diff().abs() / np.sqrt(groups["year"].diff().clip(lower=1.0))
    return step.where(~rows["measure"].isin(CHANGES), rows["value"].abs()).groupby(rows[by]).median()


def _typical_change(levels: pd.Series) -> tuple[float, float]:
    """Median yearly change, and its typical size per √year (as a random walk moves); NaN when unknown."""
    if len(levels) < 2:
        return math.nan, math.nan
    years = np.maximum(np.diff(levels.index.to_numpy(float)), 1.0)
    change = np.diff(levels.to_numpy(float))
    return float(np.median(change / years)), float(np.median(np.abs(change) / np.sqrt(years)))


def standard_errors(used: pd.DataFrame, revisions: dict[str, float]) -> pd.Series:
    """Standard error of each figure of one series in its own unit (index as `used`; 0 for a final figure without `~`).

    A cumulative change may be off by as much as a yearly one; where the typical change is unknown, one step of the
    last digit stands for it.
    """
    measure, sizes = used["measure"].tolist(), dict[str, float]()
    levels = pd.Series(used["value"].to_numpy(), used["year"])
    number = used["qualifier"].isin(["=", "~"]).to_numpy()
    for kind in {*measure} - {"cumulative_change_pct"}:
        own = levels[number & (used["measure"] == kind).to_numpy()].sort_index(kind="stable")
        sizes[kind] = own.abs().median() if kind in CHANGES else _typical_change(own)[1]
    sizes.setdefault("cumulative_change_pct", sizes.get("change_pct", math.nan))
    steps = np.array([*map(_last_step, used["value"], used["decimals"])])
    scale = np.array([sizes[kind] for kind in measure])
    provisional, about = used["status"].isin(PROVISIONAL).to_numpy(), (used["qualifier"] == "~").to_numpy()
    revised = provisional * np.array([revisions[k] for k in measure]) * np.where(scale > 0, scale, steps)
    return pd.Series(np.sqrt((about * steps / math.sqrt(3)) ** 2 + revised**2), used.index)


@dataclass(frozen=True)
class Evidence:
    """What is known of years in part, in the unit of the levels: handed whole to `forecast`.

    Attributes: `lower` and `upper` (bounds by year), `noisy` (standard error of the level by year), `shared` (errors
    that several years share: year to size), `estimates` (value and standard error by year without a level).

    >>> bool(Evidence()), Evidence(lower={2024: 96.0}, estimates={2025: (97.0, 0.5)}).years()
    (False, {2024, 2025})
    """

    lower: Mapping[int, float] = field(default_factory=dict)
    upper: Mapping[int, float] = field(default_factory=dict)
    noisy: Mapping[int, float] = field(default_factory=dict)
    shared: Sequence[Mapping[int, float]] = ()
    estimates: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is known beside the levels."""
        return bool(self.lower or self.upper or self.noisy or self.shared or self.estimates)

    def __or__(self, other: Evidence) -> Evidence:
        """What both know; where both know something of a year, what `other` says."""
        lower, upper = {**self.lower, **other.lower}, {**self.upper, **other.upper}
        noisy, shared = {**self.noisy, **other.noisy}, (*self.shared, *other.shared)
        return Evidence(lower, upper, noisy, shared, {**self.estimates, **other.estimates})

    def years(self) -> set[int]:
        """Years without a level of which something is known."""
        return {*self.lower, *self.upper, *self.estimates}

    def moved(self, ratio: float, level: Callable[[float], float], before: float = math.inf) -> Evidence:
        """Bounds and estimates of the years `before` a year as `level` makes them, errors at `ratio` their size."""

        def kept(one: Mapping[int, float], moved: Callable[[float], float]) -> Levels:
            return {year: moved(value) for year, value in one.items() if year < before}

        lower, upper = kept(self.lower, level), kept(self.upper, level)
        noisy, *shared = (kept(one, lambda size: size * ratio) for one in (self.noisy, *self.shared))
        estimates = {y: (level(at), e * ratio) for y, (at, e) in self.estimates.items() if y < before}
        return Evidence(lower, upper, noisy, tuple(filter(None, shared)), estimates)


def evidence_of(
    data: Data, chain: Chained, used: pd.DataFrame, bounds: pd.DataFrame, parts: pd.DataFrame, timing: str
) -> tuple[Evidence, pd.DataFrame, dict[Any, str], list[Note]]:
    """What is known in part of a series, given its levels: the evidence; the rows with a bound, with its `level` (NaN
    in another unit); why rows say nothing, by label; and notes.

    `used`, `bounds` and `parts` are its figures of whole years, bounds and parts of years; typical revisions are
    learned from all figures of `data`; `timing` is the indicator's (see above).
    """
    unsure, about = used["status"].isin(PROVISIONAL).to_numpy(), (used["qualifier"] == "~").to_numpy()
    revisions = typical_revisions(data) if unsure.any() else dict.fromkeys(MEASURES, STATED)
    lower, upper, bounds, contradicted = _bounded(bounds, chain)
    errors = standard_errors(used, revisions).to_dict() if unsure.any() or about.any() else {}
    noisy, shared = _errors_of_levels(chain, used, errors)
    estimates, reasons, of_estimates = _estimates(parts, chain, timing)
    silent = (bounds["measure"].isin(CHANGES) & bounds["level"].isna()).to_numpy()
    known = {*chain.above}.union(*(one.dropna().index for one in (chain.all, *chain.newer)))
    apart = {one.label: "apart" for one in chain.links if one.start not in known and one.end not in known}
    reasons = dict.fromkeys(bounds.index[silent], "bound_on_change") | reasons | apart
    bounds, bounded = picked(bounds, ~silent), {*lower, *upper}
    kept = (str(row[0]) for row in zip(bounds["period"], bounds["year"], strict=True) if row[1] in bounded)
    listed = {
        "bounds_kept" if len(chain.values) else "bounds": list(dict.fromkeys(kept)),
        "bound_contradicted": contradicted,
        "approximate": list(used["period"].to_numpy()[about]),
    }
    notes = [Note(code, {"periods": periods}) for code, periods in listed.items() if periods]
    if unsure.any():
        periods, measures = (list(used[name].to_numpy()[unsure]) for name in ("period", "measure"))
        percent = f"{100 * max(map(revisions.__getitem__, measures)):.0f}"
        notes.append(Note("provisional", {"periods": periods, "share": percent}))
    notes += of_estimates
    if chain.above:
        notes.append(Note("above_100", {"periods": [str(year) for year in chain.above]}))
    if chain.newer:
        ends = {"start": str(chain.newer[0].index[0]), "end": str(chain.newer[-1].index[-1])}
        notes.append(Note("unlinked_later", ends))
    return Evidence(lower, upper, noisy, tuple(shared), estimates), bounds, reasons, notes


def new_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of new items, one row a year: the whole year, else the year to date with the most months.

    `rows` are the vintages that stand, with the `months` they cover (the exposure). A number stands before a bound of
    the same months, and before a bound of the whole year that says less. Returns their columns and `count`.
    """
    rows = rows[rows["measure"] == "count_new"]
    if rows.empty:
        return rows.assign(count=rows["value"]).reset_index(drop=True)
    rows = rows.assign(count=rows["value"], number=~rows["qualifier"].isin([">=", "<="]))
    rows = rows.sort_values(["year", "months", "number"], kind="stable")
    last = rows.drop_duplicates("year", keep="last")
    least = last.loc[last["qualifier"] == ">="].set_index("year")["count"]
    more = rows[rows["number"] & (rows["count"] >= rows["year"].map(least))]
    last = pd.concat([last, more]).drop_duplicates("year", keep="last").sort_values("year")
    return last.drop(columns="number").reset_index(drop=True)


def _estimates(
    rows: pd.DataFrame, chain: Chained, timing: str
) -> tuple[dict[int, tuple[float, float]], dict[Any, str], list[Note]]:
    """Estimates by year without a level from year-to-date `rows`, why other rows say nothing, and notes."""
    if rows.empty:
        return {}, {}, []
    levels, year, measure = chain.values, rows["year"], rows["measure"]
    by_change, stock = measure == "change_pct", measure.isin(LEVELS if timing == "stock" else ["count_total"])
    usable = ["change_pct", *(LEVELS if chain.root is None else ())]
    before, (middle, size) = (year - 1).map(levels), _typical_change(levels.dropna())
    # what the year comes to if the rest of it goes like the part that is known, a stock as in the typical year
    told = rows["value"] * (12 / rows["months"] if timing == "total" else 1.0)
    told = told.where(~stock, rows["value"] + (1 - rows["months"] / 12) * middle)
    told = told.where(~by_change, before + before * rows["value"] / 100)
    silent = {
        "other": ~measure.isin(usable) | (year < (levels.index[0] if chain.older else 0)),
        "known": year.map(levels).notna(),
        "bound": rows["qualifier"].isin([">=", "<="]),
        "timing": (measure == "level") & (timing not in ("average", "total", "stock")),
        "no_scale": np.full(len(rows), np.isnan(size)),
        "unlinked": told.isna(),
    }
    why = np.select([*silent.values()], [f"year_to_date_{code}" for code in silent], "")
    rows = rows.assign(told=told, stock=stock, why=why).sort_values(["year", "months", "period"])
    free = rows[rows["why"] == ""]
    newest = free.drop_duplicates("year", keep="last")
    reasons = rows.loc[rows["why"] != "", "why"].to_dict()
    reasons |= dict.fromkeys(free.index.difference(newest.index), "year_to_date_older")
    estimates, notes = dict[int, tuple[float, float]](), []
    for at, row in newest.set_index("year", drop=False).iterrows():
        estimates[at] = value, error = float(row["told"]), _error_of_part(row, rows, levels)
        values = {"period": row["period"], "months": int(row["months"]), "year": at}
        values |= {"value": row["value"], "estimate": float(f"{value:.4g}"), "error": float(f"{error:.2g}")}
        notes.append(Note("stock_within_year" if row["stock"] else "year_to_date", values))
    return estimates, reasons, notes


def _error_of_part(row: pd.Series, rows: pd.DataFrame, levels: pd.Series) -> float:
    """Standard error of the year that a part of it comes to: a step of its last digit where nothing ever moved."""
    known, rest, year = levels.dropna(), 1 - row["months"] / 12, int(row["year"])
    (middle, size), step = _typical_change(known), _last_step(row["value"], row["decimals"])
    if row["stock"]:
        return max(size, abs(middle) / 4) * math.sqrt(rest) or step
    earlier = known[known.index < year]
    moved = abs(row["told"] - float(earlier.iloc[-1])) if len(earlier) else 0.0
    numbers = rows["qualifier"].isin(["=", "~"]) & (rows["months"] == row["months"])
    same = rows[numbers & (rows["measure"] == row["measure"])]
    # the error a share of the year not covered, learned from earlier figures to the month
    off = ((same["year"].map(levels) - same["told"]) / rest).dropna().tolist()
    squares = LEARNED * max(size, moved / 2) ** 2 + sum(one**2 for one in off)
    step *= abs(levels[year - 1]) / 100 if row["measure"] == "change_pct" else 1.0
    return math.sqrt(squares / (LEARNED + len(off))) * rest or step


def _last_step(value: float, decimals: int) -> float:
    """One step of the last digit of a published figure: 0.1 for 2.7, 100 for the round whole number 1100."""
    whole = f"{abs(value):.0f}"
    zeros = len(whole) - len(whole.rstrip("0")) if not decimals and value else 0
    return float(f"1e{zeros - decimals}")


def links_of(rows: pd.DataFrame, base_year: int | None) -> list[Link]:
    """The published changes among figures; a cumulative one without its own base is read on `base_year`."""
    rows = picked(rows, rows["measure"].isin(CHANGES).to_numpy())
    told = zip(_starts(rows, base_year), rows["year"], rows["value"], rows.index, strict=True)
    return [Link(int(a), int(b), float(value), label) for a, b, value, label in told if not math.isnan(a)]


def _starts(rows: pd.DataFrame, base_year: int | None) -> list[float]:
    """The year that each published change is measured against; NaN where it is not an earlier one."""
    base, starts = math.nan if base_year is None else base_year, list[float]()
    for measure, year, own in zip(rows["measure"], rows["year"], rows["base_period"], strict=True):
        start = year - 1 if measure == "change_pct" else base if pd.isna(own) else own
        starts.append(start if start < year else math.nan)
    return starts


def _errors_of_levels(
    chain: Chained, used: pd.DataFrame, errors: Mapping[Any, float]
) -> tuple[Levels, list[Levels]]:
    """What a standard error of each figure does to levels chained again: to one year's, or to several."""
    own, shared, least = dict[int, float](), list[Levels](), 1e-9 * chain.all.abs().max()
    for label, error in ((label, error) for label, error in errors.items() if error > 0):
        year = int(used.loc[label, "year"]) if used.loc[label, "measure"] in LEVELS else None
        effect = chain.off_by(label, error, year)[lambda moved: moved.abs() > least].to_dict()
        if len(effect) > 1:
            shared.append(effect)
        own |= {year: math.hypot(own.get(year, 0.0), e) for year, e in effect.items() if len(effect) == 1}
    return own, shared


def _bounded(rows: pd.DataFrame, chain: Chained) -> tuple[Levels, Levels, pd.DataFrame, list[str]]:
    """Bounds by year, lower and upper; their rows with a `level`; and the periods that are contradicted."""
    if rows.empty:
        return {}, {}, rows.assign(level=rows["value"]), []
    values, least = chain.values, rows["qualifier"] == ">="
    level = pd.Series(_starts(rows, chain.base_year), rows.index).map(values) * (1 + rows["value"] / 100)
    level = level.where(rows["measure"].isin(CHANGES), rows["value"] if chain.root is None else math.nan)
    if chain.older:  # these have a unit of their own
        level = level.where(rows["year"] >= values.index[0])
    rows, known, side = rows.assign(level=level), rows["year"].map(values), np.where(least, 1.0, -1.0)
    free = rows[known.isna() & level.notna()]
    lower = free[free["qualifier"] == ">="].groupby("year")["level"].max().to_dict()
    upper = free[free["qualifier"] == "<="].groupby("year")["level"].min().to_dict()
    crossed = [year for year in lower if lower[year] >= upper.get(year, math.inf)]
    for year in crossed:
        del lower[year], upper[year]
    return lower, upper, rows, [*rows.loc[side * known < side * level, "period"], *map(str, crossed)]

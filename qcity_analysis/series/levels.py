"""Levels from published figures: chained changes, spliced definitions, and indicators computed from others."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..data.schema import INPUTS
from ..errors import Note

if TYPE_CHECKING:
    from .annual import AnnualSeries


ROUNDING = 0.3  # percentage points within which published figures are taken to agree


@dataclass(frozen=True)
class Link:
    """A published change between two years: level[end] = level[start] × (1 + percent / 100).

    >>> Link(2020, 2021, -3.0).ratio
    0.97
    """

    start: int
    end: int
    percent: float
    label: Any = None  # the row it comes from

    @property
    def ratio(self) -> float:
        """Level at the end over level at the start."""
        return 1 + self.percent / 100


@dataclass(frozen=True)
class Chained:
    """What links and levels give: `values` (index: every year of the main stretch, NaN in gaps), `earlier` (older
    stretches nothing joins to it; beside levels at such a size that each ends at the first level, so that only its
    changes in percent say anything, whatever the unit of the levels), `later` (newer ones, whose distance from it is
    unknown), `breaks` (first year of each stretch after the first, over `earlier` and `values`), `root` (the year set
    to 100, None where levels were given), `above` (years whose level was dropped by `fitting`).
    """

    values: pd.Series
    earlier: pd.Series
    later: pd.Series
    breaks: tuple[int, ...]
    root: int | None
    above: tuple[int, ...] = ()


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


def chained(
    levels: dict[int, float], links: list[Link], base_year: int | None = None, prefer: str = "cumulative"
) -> Chained:
    """Levels (year to level) extended by links; with no level, an index with `base_year` = 100 (default: the first
    year of the newest stretch).

    `prefer` is "cumulative" or "changes": which wins in a year reached by both from the base year of an index.

    >>> chained({2020: 50.0}, [Link(2020, 2021, 10.0), Link(2022, 2023, 5.0)]).values.to_dict()
    {2020: 50.0, 2021: 55.00000000000001}
    """
    root = None
    if not levels and links:
        root = _root(links, base_year)
        stretches = _stretches({root: 100.0}, links, root if prefer == "cumulative" else None)
    else:
        stretches = _stretches(levels, links, None)
    return _arranged(stretches, root)


def fitting(found: Chained, support: str) -> Chained:
    """The same without levels of a share that changes push above 100; older stretches that reach above it go whole.

    >>> kept = fitting(chained({2020: 80.0}, [Link(2020, 2021, 50.0), Link(2019, 2020, 5.0)]), "percent")
    >>> kept.values.round(2).to_dict(), kept.above
    ({2019: 76.19, 2020: 80.0}, (2021,))
    """
    if support != "percent" or found.root is not None:
        return found
    edges = [-math.inf, *found.breaks] if len(found.earlier) else []
    runs = [found.earlier[(found.earlier.index >= a) & (found.earlier.index < b)] for a, b in pairwise(edges)]
    over = [found.values[found.values > 100], *(run.dropna() for run in runs if (run > 100).any())]
    above = sorted(int(year) for part in over for year in part.index)
    main = series_of({int(y): float(v) for y, v in found.values.dropna().items() if v <= 100})
    kept = [run for run in runs if not (run > 100).any()]
    starts = [int(run.index[0]) for run in [*kept, main] if len(run)]
    earlier = pd.concat(kept) if kept else series_of({})
    return Chained(main, earlier, found.later, tuple(starts[1:]), None, tuple(above))


def conflicts(values: pd.Series, links: list[Link]) -> list[Note]:
    """A note for each published change that the levels used do not show within ROUNDING.

    >>> levels = pd.Series([100.0, 90.0], index=[2020, 2021])
    >>> [note.code for note in conflicts(levels, [Link(2020, 2021, -8.0), Link(2020, 2021, -10.1)])]
    ['conflict']
    """
    notes = []
    for link in links:
        start, end = values.get(link.start, math.nan), values.get(link.end, math.nan)
        implied = 100 * (end / start - 1) if start else math.nan
        if not math.isnan(implied) and abs(implied - link.percent) > ROUNDING:
            facts = {"start": link.start, "end": link.end, "published": link.percent, "implied": implied}
            notes.append(Note("conflict", facts))
    return notes


def series_of(levels: dict[int, float]) -> pd.Series:
    """Levels by year as a series with every year from the first to the last; NaN in gaps.

    >>> series_of({2020: 1.0, 2022: 3.0}).to_list()
    [1.0, nan, 3.0]
    """
    if not levels:
        return pd.Series(dtype=float, index=pd.Index([], dtype=int, name="year"), name="level")
    years = list(range(min(levels), max(levels) + 1))
    found = [levels.get(year, math.nan) for year in years]
    return pd.Series(found, index=pd.Index(years, name="year"), name="level", dtype=float)


def _root(links: list[Link], base_year: int | None) -> int:
    """The base year where a link touches it, else the first year of the stretch that ends last."""
    if any(base_year in (link.start, link.end) for link in links):
        assert base_year is not None
        return base_year
    stretches = _stretches({min(link.start for link in links): 100.0}, links, None)
    return min(max(stretches, key=max))


def _stretches(seed: dict[int, float], links: list[Link], favoured: int | None) -> list[dict[int, float]]:
    """Levels by year: first what the seed reaches, then each stretch that nothing joins to it (starting at 100)."""
    found = [_spread(seed, links, favoured)]
    while True:
        reached = {year for stretch in found for year in stretch}
        left = [link for link in links if link.start not in reached and link.end not in reached]
        if not left:
            return found
        found.append(_spread({min(link.start for link in left): 100.0}, left, None))


def _spread(seed: dict[int, float], links: list[Link], favoured: int | None) -> dict[int, float]:
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


def _follow(levels: dict[int, float], links: list[Link], only_one: bool = False) -> bool:
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


def _arranged(stretches: list[dict[int, float]], root: int | None) -> Chained:
    """The main stretch as a series with gaps; the older and newer ones beside it; where each older one begins."""
    main = series_of(stretches[0])
    others = _apart([stretch for stretch in stretches[1:] if len(main) and len(stretch) > 1], main)
    older = [stretch for stretch in others if stretch.index[-1] < main.index[0]]
    if root is None:
        older = [stretch * (main.iloc[0] / stretch.iloc[-1]) for stretch in older if main.iloc[0] > 0]
    newer = [stretch for stretch in others if stretch.index[0] > main.index[-1]]
    earlier = pd.concat(older) if older else series_of({})
    later = pd.concat(newer) if newer else series_of({})
    starts = [int(s.index[0]) for s in [*older, main] if len(s)]
    return Chained(main, earlier, later, tuple(starts[1:]), root)


def _apart(stretches: list[dict[int, float]], main: pd.Series) -> list[pd.Series]:
    """The stretches that lie wholly before or after the main one and each other, in order; the fuller ones first.

    A segment of a history is a run of years, so of two stretches whose years interleave only one can be kept.
    """
    kept: list[pd.Series] = []
    for stretch in sorted(stretches, key=lambda one: (len(one), max(one)), reverse=True):
        found = series_of(stretch)
        if all(found.index[-1] < one.index[0] or found.index[0] > one.index[-1] for one in [main, *kept]):
            kept.append(found)
    return sorted(kept, key=lambda one: int(one.index[0]))


def spliced(
    newer: AnnualSeries, older: AnnualSeries, indicator: pd.Series, continued: pd.Series
) -> AnnualSeries:
    """The newer series with the older one's levels before its first, moved to meet it in the overlap year.

    Where one of the two has no level in that year (not yet published, say) nothing is joined, and a note says so. What
    the older series knows in part moves with it; every error of a moved level is kept. `indicator` and `continued` are
    the rows of the newer and the older definition in `indicators.csv`.
    """
    year = int(indicator["splice_year"])
    facts: dict[str, Any] = {"year": year}
    for lang in ("zh", "en"):
        facts[f"older_{lang}"] = str(continued[f"name_{lang}"])
        facts[f"reason_{lang}"] = str(indicator[f"splice_reason_{lang}"])
    here, there = newer.values.get(year, math.nan), older.values.get(year, math.nan)
    apart = math.isnan(here) or math.isnan(there) or len(newer.earlier) > 0
    if apart or (indicator["splice"] == "ratio" and there == 0):
        return dataclasses.replace(newer, notes=(*newer.notes, Note("splice_impossible", facts)))
    by_ratio = indicator["splice"] == "ratio"
    ratio = float(here / there) if by_ratio else 1.0
    step = 0.0 if by_ratio else float(here - there)
    first = int(newer.values.index[0])
    levels = {int(y): float(v) * ratio + step for y, v in older.known().items() if y < first}
    if not levels:
        return newer
    joined = series_of(levels | {int(y): float(v) for y, v in newer.known().items()})
    shown = f"{ratio:.4g}" if by_ratio else f"{step:+.4g}"
    note = Note("spliced", facts | {"start": min(levels), "end": max(levels), "by": shown})
    rows = older.observations
    return dataclasses.replace(
        newer,
        values=joined,
        earlier=older.earlier,
        breaks=older.breaks,
        observations=pd.concat([rows[rows["year"] < first], newer.observations], ignore_index=True),
        lower={y: b * ratio + step for y, b in older.lower.items() if y < first} | dict(newer.lower),
        upper={y: b * ratio + step for y, b in older.upper.items() if y < first} | dict(newer.upper),
        noisy={y: e * ratio for y, e in older.noisy.items() if y < first} | dict(newer.noisy),
        shared=(*_before(older, first, ratio), *newer.shared),
        notes=(*newer.notes, note),
    )


def _before(older: AnnualSeries, first: int, ratio: float) -> tuple[dict[int, float], ...]:
    kept = ({year: size * ratio for year, size in one.items() if year < first} for one in older.shared)
    return tuple(one for one in kept if one)


AGREE = 0.005  # share of the value within which a computed and a published level are taken to agree


@dataclass(frozen=True)
class Computed:
    """What the inputs give: `levels`, `errors`, `lower` and `upper` bounds by year, and what it rests on.

    Attributes: `kind` ("none", "ratio", "per_head", "sum"), `factor`, `inputs`, `observations` (the rows of the
    inputs), `notes`.
    """

    kind: str = "none"
    factor: float = 1.0
    inputs: tuple[AnnualSeries, ...] = ()
    levels: dict[int, float] = field(default_factory=dict)
    errors: dict[int, float] = field(default_factory=dict)
    lower: dict[int, float] = field(default_factory=dict)
    upper: dict[int, float] = field(default_factory=dict)
    observations: tuple[pd.DataFrame, ...] = ()
    notes: tuple[Note, ...] = ()

    def conflicts(self, published: dict[int, float], decimals: dict[int, int]) -> list[Note]:
        """A note for each year whose published level, with its `decimals`, is not the computed one within rounding.

        >>> made = Computed("ratio", levels={2020: 3.54, 2021: 3.54})
        >>> [note.values["year"] for note in made.conflicts({2020: 3.5, 2021: 3.5}, {2020: 1, 2021: 2})]
        [2021]
        """
        notes = []
        for year in sorted(self.levels.keys() & published.keys()):
            made, shown = self.levels[year], published[year]
            if abs(made - shown) > max(0.51 * 10.0 ** -decimals[year], AGREE * abs(shown)):
                facts = {"year": year, "shown": f"{shown:.12g}", "computed": f"{made:.4g}"}
                notes.append(Note("derived_conflict", facts))
        return notes


def computed(
    indicator: pd.Series, inputs: tuple[AnnualSeries, ...], names: Sequence[pd.Series], base_year: int | None
) -> Computed:
    """The levels of a derived indicator from the annual series of its inputs and their rows of `indicators.csv`.

    A ratio or per-head figure is factor × first / second (factor: 100 for a unit of %, else 1, unless declared). A sum
    counts from the year after `base_year` (default: from the first count); after a year without a count, or with
    months only, it is a lower bound; with an upper bound in place of a count it has an upper bound too.
    """
    kind = str(indicator["derived"])
    if kind not in INPUTS:
        return Computed()
    rows = tuple(part.new_counts if kind == "sum" else part.observations for part in inputs)
    if kind == "sum":
        levels, lower, upper = _sums(inputs[0], base_year)
        errors: dict[int, float] = {}
        factor = 1.0
    else:
        factor = _factor(indicator)
        levels, errors = _ratios(inputs[0], inputs[1], factor)
        lower, upper = {}, {}
    notes = [
        note for part in inputs for note in part.notes if note.code in ("spliced", "assumed_publication")
    ]
    if levels:
        facts: dict[str, Any] = {"years": f"{min(levels)}–{max(levels)}", "factor": f"{factor:g}"}
        facts |= {
            f"input_{k}_{lang}": str(row[f"name_{lang}"])
            for k, row in enumerate(names, 1)
            for lang in ("zh", "en")
        }
        notes.insert(0, Note(f"derived_{kind}", facts))
    return Computed(kind, factor, inputs, levels, errors, lower, upper, rows, tuple(notes))


def _factor(indicator: pd.Series) -> float:
    stated = indicator["factor"]
    if not pd.isna(stated):
        return float(stated)
    return 100.0 if indicator["unit"] == "%" else 1.0


def _ratios(
    top: AnnualSeries, under: AnnualSeries, factor: float
) -> tuple[dict[int, float], dict[int, float]]:
    """The ratio of every year that has both levels, and its standard error from theirs."""
    levels: dict[int, float] = {}
    errors: dict[int, float] = {}
    if top.base_year is not None or under.base_year is not None:
        return levels, errors  # an index has no unit to divide
    for year, level in top.known().items():
        other = under.values.get(year, math.nan)
        if math.isnan(other) or other == 0:
            continue
        levels[int(year)] = factor * float(level) / float(other)
        relative = math.hypot(
            _error(top, int(year)) / level if level else 0.0, _error(under, int(year)) / other
        )
        if relative > 0:
            errors[int(year)] = abs(levels[int(year)]) * relative
    return levels, errors


def _error(series: AnnualSeries, year: int) -> float:
    shared = sum(one.get(year, 0.0) ** 2 for one in series.shared)
    return math.sqrt(series.noisy.get(year, 0.0) ** 2 + shared)


def _sums(
    counts: AnnualSeries, base_year: int | None
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """Running total of new items; lower and upper bounds from the first year that is not wholly counted."""
    rows = counts.new_counts
    if base_year is not None:
        rows = rows[rows["year"] > base_year]
    if rows.empty:
        return {}, {}, {}
    table = rows.set_index("year")
    first = int(table.index[0]) if base_year is None else base_year + 1
    levels: dict[int, float] = {} if base_year is None else {base_year: 0.0}
    lower: dict[int, float] = {}
    upper: dict[int, float] = {}
    least = most = 0.0
    for year in range(first, int(table.index[-1]) + 1):
        count, months, sign = (
            table.loc[year, ["count", "months", "qualifier"]] if year in table.index else (0, 0, "")
        )
        least += 0.0 if sign == "<=" else float(count)
        most += math.inf if months < 12 or sign == ">=" else float(count)
        if least == most:
            levels[year] = least
        elif sign:
            lower[year] = least
            if math.isfinite(most):
                upper[year] = most
    return levels, lower, upper

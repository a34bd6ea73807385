"""Levels of one indicator: published ones, and yearly and cumulative changes chained to them, `Π(1 + r_t)`.

What nothing joins to the main stretch stays a stretch of its own; levels of different stretches never meet.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..errors import Note

Levels = dict[int, float]  # by year

ROUNDING = 0.3  # percentage points within which published figures are taken to agree


@dataclass(frozen=True)
class Link:
    """A published change between two years: level[end] = level[start] × (1 + percent / 100); `label` is its row."""

    start: int
    end: int
    percent: float
    label: Any = None


@dataclass(frozen=True)
class Chained:
    """What links and levels give, as series of consecutive years with NaN in gaps.

    Attributes: `values` (the main stretch), `older` (stretches before it that nothing joins to it; beside levels each
    ends at the first level, so that only its changes in percent say anything), `newer` (stretches after it), `root`
    (the year set to 100, None where levels were given), `above` (years whose level was dropped by `within_100`).
    """

    values: pd.Series
    older: tuple[pd.Series, ...]
    newer: tuple[pd.Series, ...]
    root: int | None
    above: tuple[int, ...] = ()

    @property
    def all(self) -> pd.Series:
        """The older stretches, then the main one."""
        return pd.concat([*self.older, self.values])

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
    root = None
    if not levels and links:
        root = base_year
        if not any(base_year in (link.start, link.end) for link in links):
            root = min(max(_stretches({min(link.start for link in links): 100.0}, links, None), key=max))
        assert root is not None
        levels = {root: 100.0}
    stretches = _stretches(levels, links, root if prefer == "cumulative" else None)
    main = series_of(stretches[0])
    others = _apart([one for one in stretches[1:] if len(main) and len(one) > 1], main)
    older = [one for one in others if one.index[-1] < main.index[0]]
    if root is None:
        older = [one * (main.iloc[0] / one.iloc[-1]) for one in older if main.iloc[0] > 0]
    newer = tuple(one for one in others if one.index[0] > main.index[-1])
    return Chained(main, tuple(older), newer, root)


def conflicts(values: pd.Series, links: list[Link]) -> list[Note]:
    """A note for each published change that the levels used do not show within ROUNDING."""
    notes = []
    for link in links:
        start, end = values.get(link.start, math.nan), values.get(link.end, math.nan)
        implied = 100 * (end / start - 1) if start else math.nan
        if abs(implied - link.percent) > ROUNDING:
            years = {"start": link.start, "end": link.end}
            notes.append(Note("conflict", years | {"published": link.percent, "implied": implied}))
    return notes


def series_of(levels: Levels) -> pd.Series:
    """Levels as a series with every year from the first to the last; NaN in gaps."""
    years = list(range(min(levels, default=0), max(levels, default=-1) + 1))
    index = pd.Index(years, dtype=int, name="year")
    return pd.Series([levels.get(year, math.nan) for year in years], index, dtype=float, name="level")


def _stretches(seed: Levels, links: list[Link], favoured: int | None) -> list[Levels]:
    """Levels by year: first what the seed reaches, then each stretch that nothing joins to it (starting at 100)."""
    made = [_spread(seed, links, favoured)]
    while True:
        reached = {year for stretch in made for year in stretch}
        left = [link for link in links if link.start not in reached and link.end not in reached]
        if not left:
            return made
        made.append(_spread({min(link.start for link in left): 100.0}, left, None))


def _spread(seed: Levels, links: list[Link], favoured: int | None) -> Levels:
    """Follow the links from known levels: figures on the favoured base, then yearly changes, then other sums."""
    levels = dict(seed)
    for link in links:
        if link.start == favoured and link.start in levels:
            levels.setdefault(link.end, levels[link.start] * (1 + link.percent / 100))
    yearly = sorted((link for link in links if link.end - link.start == 1), key=lambda link: link.end)
    sums = [link for link in links if link.end - link.start > 1]
    sums.sort(key=lambda link: link.end - link.start)
    # the shortest sum that reaches a new year comes only when no yearly change does, and then the changes go on
    while _follow(levels, yearly) or _follow(levels, sums, only_one=True):
        pass
    return levels


def _follow(levels: Levels, links: list[Link], only_one: bool = False) -> bool:
    """Add the levels that links reach from those there are, both ways; whether any was added."""
    before = len(levels)
    for link in [*links, *reversed(links)]:
        if link.start in levels:
            levels.setdefault(link.end, levels[link.start] * (1 + link.percent / 100))
        elif link.end in levels:
            levels[link.start] = levels[link.end] / (1 + link.percent / 100)
        if only_one and len(levels) > before:
            break
    return len(levels) > before


def _apart(stretches: list[Levels], main: pd.Series) -> list[pd.Series]:
    """The stretches wholly before or after the main one and each other, in order; the fullest come first."""
    kept: list[pd.Series] = []
    for levels in sorted(stretches, key=lambda one: (len(one), max(one)), reverse=True):
        stretch = series_of(levels)
        if all(stretch.index[-1] < one.index[0] or stretch.index[0] > one.index[-1] for one in [main, *kept]):
            kept.append(stretch)
    return sorted(kept, key=lambda one: int(one.index[0]))

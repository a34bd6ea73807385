"""Levels of one indicator: published ones, and yearly and cumulative changes chained to them, `Π(1 + r_t)`.

What nothing joins to the main stretch stays a stretch of its own; levels of different stretches never meet.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

Levels = dict[int, float]  # by year


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

    @property
    def all(self) -> pd.Series:
        """The older stretches, then the main one."""
        return pd.concat([*self.older, self.values])

    def off_by(self, label: Any, error: float, year: int | None = None) -> pd.Series:
        """What moves, by year, where the change of row `label` (or the level of `year`) is larger by `error`."""
        levels = self.levels if year is None else self.levels | {year: self.levels[year] + error}
        links = [
            dataclasses.replace(one, percent=one.percent + error) if one.label == label else one
            for one in self.links
        ]
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

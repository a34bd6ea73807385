"""Borrowing from comparators: a short series is expected to change partly as named other regions did or will.

Changes are compared in units of each series' own typical yearly change. Where comparators have published years that
the series itself still lacks, the forecast moves a learned share of the way towards what they did; beyond that, a
learned share of the way towards what is expected of them. The shares were learned on regions of one country
(`training.borrowing`); between countries borrowing did not help, so comparators are named, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from ..errors import QcityError
from .features import units
from .forecast import Forecast
from .histories import FEWEST, LOWER, SUPPORTS, UPPER, one_history, same
from .predictive import look_ahead
from .prior import Prior, shipped

FILE = "borrowing.json"
LENGTHS = (4, 7)  # own points up to which the first and second share hold


@dataclass(frozen=True)
class Shares:
    """How far a forecast moves towards its comparators.

    Attributes: `published`, share of what comparators did in years the series lacks; `expected`, share of what is
    expected of them, for series of up to 4, up to 7 and more points.
    """

    published: float
    expected: tuple[float, float, float]

    def of(self, points: int) -> float:
        """The share of what is expected, for a series of so many points.

        >>> Shares(0.5, (0.6, 0.4, 0.2)).of(6)
        0.4
        """
        return self.expected[int(np.searchsorted(LENGTHS, points))]


def learned() -> Shares:
    """The shares that come with the package.

    >>> 0 <= learned().published <= 1
    True
    """
    shares = _shipped()["shares"]
    few, some, many = map(float, shares["expected"])
    return Shares(float(shares["published"]), (few, some, many))


def evidence() -> dict[str, Any]:
    """What borrowing did to the error on the indicators it was learned on, each judged by the others.

    Keys: `indicators`, `cases`, and for `published` and `expected` the relative CRPS, by indicator too, and how often
    90 % intervals held.

    >>> sorted(evidence())
    ['cases', 'expected', 'indicators', 'published']
    """
    return dict(_shipped()["evidence"])


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    folder = resources.files("qcity_analysis").joinpath("forecasting", "prior")
    return dict(json.loads(folder.joinpath(FILE).read_text("utf-8")))


def borrow(own: Forecast, comparators: Sequence[pd.Series], shares: Shares | None = None) -> Forecast:
    """The forecast moved towards its comparators (annual levels, index year); its spread stays as it is.

    Where the series stands still, paths do not move while they stay at its last value.

    Comparators need three points, one of them in the last year of the series' own; others are left out. Without any, or
    with fewer than three points of its own, `own` is returned as it is. Raises QcityError for a
    value outside the support.

    >>> from qcity_analysis.forecasting.forecast import forecast
    >>> city = forecast(pd.Series([2.0, 2.1, 2.2], index=[2018, 2019, 2020]), until=2023)
    >>> province = pd.Series([3.0, 3.1, 3.2, 3.4, 3.6], index=range(2018, 2023))
    >>> float(round(borrow(city, [province]).median()[2022] - city.median()[2022], 2)) > 0
    True
    """
    known = own.history.dropna()
    known = known[known.index >= max(own.breaks, default=known.index[0])]
    if len(known) < FEWEST:
        return own
    theirs = together(known, comparators, own.years, own.support)
    if theirs is None:
        return own
    median, last = own.median().to_numpy(), float(known.iloc[-1])
    kind = SUPPORTS.index(own.support)
    moved = own.paths + shift(theirs, median - last, shares or learned(), len(known))
    moved = np.clip(moved, LOWER[kind], UPPER[kind])
    if same(last, known.iloc[-2]):
        moved = np.where(same(own.paths, last), own.paths, moved)
    return replace(own, paths=moved)


@dataclass(frozen=True)
class Move:
    """Change (H,) since a last year, and for how many of the years ahead it is published rather than expected."""

    change: np.ndarray
    published: int


def together(
    own: pd.Series,
    comparators: Sequence[pd.Series],
    years: np.ndarray,
    support: str,
    prior: Prior | None = None,
) -> Move | None:
    """How comparators changed, or are expected to, in `years` after the last of `own`; None when none can be compared.

    The mean over comparators of their changes in units of their typical change, in the unit of `own`.
    """
    last = int(own.index[-1])
    each = [_change(series.dropna(), last, years, support, prior or shipped()) for series in comparators]
    moves = [move for move in each if move is not None]
    if not moves:
        return None
    change = _unit(own, support) * np.mean([move.change for move in moves], axis=0)
    return Move(change, min(move.published for move in moves))


def shift(theirs: Move, median: np.ndarray, shares: Shares, points: int) -> np.ndarray:
    """By how much to move a forecast whose `median` (H,) is measured from its last value.

    >>> shift(Move(np.array([1.0, 2.0]), 1), np.zeros(2), Shares(0.5, (0.2, 0.2, 0.2)), 5)
    array([0.5, 0.7])
    """
    gap = theirs.change - median
    done = gap[: theirs.published] * shares.published
    before, start = (gap[theirs.published - 1], done[-1]) if theirs.published else (0.0, 0.0)
    return np.concatenate([done, start + shares.of(points) * (gap[theirs.published :] - before)])


def _change(series: pd.Series, last: int, years: np.ndarray, support: str, prior: Prior) -> Move | None:
    """What one comparator did after `last`, then its median, in units of its typical change before."""
    before = series[series.index <= last]
    if len(before) < FEWEST or before.index[-1] != last:
        return None
    level, end, until = float(before.iloc[-1]), int(series.index[-1]), int(years[-1])
    unit = _unit(before, support)
    after = series.reindex(years)
    published = int(after.notna().to_numpy().cumprod().sum())
    if end < until:
        ahead = look_ahead(one_history(series, support), prior, until - end).ahead
        expected = pd.Series(ahead.quantiles(np.array([0.5]))[0, :, 0], index=range(end + 1, until + 1))
        after = after.fillna(expected.reindex(years))
    return Move((after.interpolate().to_numpy(dtype=float) - level) / unit, published)


def _unit(series: pd.Series, support: str) -> float:
    try:
        return float(units(one_history(series, support))[0])
    except QcityError as error:
        raise QcityError(f"{series.name or 'a comparator'}: {error}") from error

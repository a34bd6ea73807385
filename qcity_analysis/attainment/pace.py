"""The pace so far and the pace still needed, linear and compound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ..errors import QcityError


@dataclass(frozen=True)
class Pace:
    """Average yearly movement between two years.

    `linear` is in the unit of the series per year, `compound` in percent per year (None where a level is not
    positive); `from_year` and `to_year` are the ends.

    >>> pace_between(100.0, 82.0, 2020, 2025)
    Pace(linear=-3.6, compound=-3.89..., from_year=2020, to_year=2025)
    """

    linear: float
    compound: float | None
    from_year: int
    to_year: int


def pace_between(start: float, end: float, from_year: int, to_year: int) -> Pace:
    """The pace that leads from one level to another: a cut of 18 % in five years is 3.89 % a year, not 3.6.

    Raises QcityError when the years are not in order.

    >>> round(pace_between(100, 82, 2020, 2025).compound, 2)
    -3.89
    """
    years = to_year - from_year
    if years <= 0:
        raise QcityError(f"a pace needs a later year than {from_year}; found {to_year}")
    compound = 100 * ((end / start) ** (1 / years) - 1) if start > 0 and end > 0 else None
    return Pace((end - start) / years, compound, from_year, to_year)


def needed_path(start: float, end: float, from_year: int, to_year: int) -> pd.Series:
    """Levels year by year from one level to another at constant compound pace (linear where a level is not positive).

    Index year, both ends included.

    >>> needed_path(100, 82, 2020, 2022).round(2).to_dict()
    {2020: 100.0, 2021: 90.55, 2022: 82.0}
    """
    pace = pace_between(start, end, from_year, to_year)
    years = pd.Index(range(from_year, to_year + 1), name="year")
    steps = range(to_year - from_year + 1)
    if pace.compound is None:
        return pd.Series([start + pace.linear * k for k in steps], index=years, name="needed")
    return pd.Series([start * (1 + pace.compound / 100) ** k for k in steps], index=years, name="needed")


def log_progress(changes: Sequence[float], cut: float) -> float:
    """Share of a cut (percent, below 0) that a chain of yearly changes (percent) has covered, on the log scale.

    This is how Chinese energy-intensity targets are accounted for. Raises QcityError when `cut` is not between
    -100 and 0.

    >>> round(log_progress([1.51, -2.2, -4.18], -17), 3)
    0.268
    """
    if not -100 < cut < 0:
        raise QcityError(f"a cut lies between -100 and 0 percent; found {cut}")
    done = sum(math.log1p(change / 100) for change in changes)
    return done / math.log1p(cut / 100)

"""Two definitions of an indicator linked in one overlap year, only where `indicators.csv` declares it and says why.

The row of the newer definition names the older one in `continues` and has `splice` (ratio or difference),
`splice_year` (a year in which both have a level) and the reason in both languages. The newer figures stay as they
are; the older ones are moved to meet them. Without a declaration the two never meet.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from .chains import series_of
from .notes import Note

if TYPE_CHECKING:
    from .series import AnnualSeries

METHODS = ("none", "ratio", "difference")


def is_spliced(indicator: pd.Series) -> bool:
    """Whether a row of `indicators.csv` declares a splice to the definition it continues.

    >>> is_spliced(pd.Series({"splice": "ratio"})), is_spliced(pd.Series({"splice": ""}))
    (True, False)
    """
    return indicator["splice"] in METHODS[1:]


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

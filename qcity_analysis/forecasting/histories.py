"""Short yearly series as the forecaster sees them: checked once here, trusted by everything after.

Out of scope: choosing which published figure is used for a year (see `annual`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import QcityError, did_you_mean

WINDOW = 30  # years looked back; older values are not used
FEWEST = 3  # observed points a forecast needs
SUPPORTS = ("real", "positive", "percent", "count")
LOWER = np.array([-np.inf, 0.0, 0.0, 0.0])
UPPER = np.array([np.inf, np.inf, 100.0, np.inf])


class SeriesError(QcityError):
    """A series that cannot be forecast: says which, where, what was found and what to do."""


@dataclass(frozen=True)
class Histories:
    """Checked series, right-aligned: the last column is each series' last observed year.

    Attributes: `ids` (n,), `last_year` (n,), `values` (n, WINDOW) with NaN where nothing was observed,
    `starts` (n, WINDOW) true where a new unlinked segment begins (always at the first observed value),
    `support` (n,) index into SUPPORTS.
    """

    ids: np.ndarray
    last_year: np.ndarray
    values: np.ndarray
    starts: np.ndarray
    support: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, which: slice | np.ndarray) -> Histories:
        """The same for some of the series."""
        return Histories(
            self.ids[which],
            self.last_year[which],
            self.values[which],
            self.starts[which],
            self.support[which],
        )


def from_frame(frame: pd.DataFrame, breaks: Sequence[int] = ()) -> Histories:
    """Check a long frame and align its series, ordered by `series_id`.

    `frame` has the columns `series_id`, `period` (year), `value` and, optionally, `support` (missing means
    "real"); the order of its rows does not matter. A missing value is a gap.

    Raises SeriesError for an unknown or missing column, text where a number belongs, a duplicate
    (series_id, period), an infinite value, an unknown support or more than one for a series, a value
    outside the support, and fewer than three observed points.

    >>> h = from_frame(pd.DataFrame({"series_id": "a", "period": [2020, 2022, 2021], "value": [1.0, 3, 2]}))
    >>> h.values[0, -3:], int(h.last_year[0])
    (array([1., 2., 3.]), 2022)
    """
    codes, ids, period, value, support = _columns(frame)
    _refuse_duplicates(codes, ids, period)
    seen = np.isfinite(value)
    codes, period, value, support = codes[seen], period[seen], value[seen], support[seen]
    _refuse_outside(codes, ids, period, value, support)
    count = np.bincount(codes, minlength=len(ids))
    if (count < FEWEST).any():
        raise _too_short(ids[count < FEWEST], count[count < FEWEST])
    return _align(ids, codes, period, value, support, breaks)


def _columns(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    allowed = ["series_id", "period", "value", "support"]
    for name in frame.columns:
        if name not in allowed:
            raise SeriesError(
                f"unknown column {name!r}; allowed: {', '.join(allowed)}.{did_you_mean(str(name), allowed)}"
            )
    for name in allowed[:3]:
        if name not in frame.columns:
            raise SeriesError(f"column {name!r} is missing; a panel needs {', '.join(allowed[:3])}")
    if frame.empty:
        raise SeriesError("the panel has no rows; a forecast needs at least 3 observed points of a series")
    if frame["series_id"].isna().any():
        raise SeriesError("column 'series_id' has empty cells; every row must name its series")
    codes, ids = pd.factorize(frame["series_id"], sort=True)
    period = _numbers(frame, "period")
    if not np.all(np.isfinite(period) & (period == np.round(period))):
        bad = frame["period"][~(np.isfinite(period) & (period == np.round(period)))].iloc[0]
        raise SeriesError(f"column 'period': found {bad!r}; allowed: a whole year such as 2021")
    value = _numbers(frame, "value")
    if np.isinf(value).any():
        i = int(np.flatnonzero(np.isinf(value))[0])
        raise SeriesError(
            f"series {ids[codes[i]]!r}, {int(period[i])}: infinite value; leave it out if unknown"
        )
    return codes, np.asarray(ids), period.astype(np.int64), value, _support(frame, codes, np.asarray(ids))


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    column = frame[name]
    if column.dtype == bool or not pd.api.types.is_numeric_dtype(column):
        number = pd.to_numeric(column.astype(object).where(column.notna(), None), errors="coerce")
        text = column[
            column.map(lambda x: isinstance(x, (str, bytes, bool))) | (number.isna() & column.notna())
        ]
        if len(text):
            raise SeriesError(f"column {name!r}: found {text.iloc[0]!r}; allowed: a number")
        column = number
    return column.to_numpy(dtype=float, na_value=np.nan)


def _support(frame: pd.DataFrame, codes: np.ndarray, ids: np.ndarray) -> np.ndarray:
    if "support" not in frame.columns:
        return np.zeros(len(frame), dtype=np.int64)
    kind, names = pd.factorize(frame["support"].astype(object).fillna("real"))
    for name in names:
        if name not in SUPPORTS:
            raise SeriesError(
                f"unknown support {name!r}; allowed: {', '.join(SUPPORTS)}."
                f"{did_you_mean(str(name), SUPPORTS)}"
            )
    index = np.array([SUPPORTS.index(str(name)) for name in names], dtype=np.int64)[kind]
    low, high = np.full(len(ids), 9), np.full(len(ids), -1)
    np.minimum.at(low, codes, index)
    np.maximum.at(high, codes, index)
    if (low != high).any():
        raise SeriesError(
            f"series {ids[np.flatnonzero(low != high)[0]]!r} has more than one support; give it one"
        )
    return index


def _refuse_duplicates(codes: np.ndarray, ids: np.ndarray, period: np.ndarray) -> None:
    order = np.lexsort((period, codes))
    same = (codes[order][1:] == codes[order][:-1]) & (period[order][1:] == period[order][:-1])
    if same.any():
        i = order[int(np.flatnonzero(same)[0])]
        raise SeriesError(
            f"series {ids[codes[i]]!r} has {int(period[i])} twice; keep one value for each year"
        )


def _refuse_outside(
    codes: np.ndarray, ids: np.ndarray, period: np.ndarray, value: np.ndarray, support: np.ndarray
) -> None:
    outside = (value < LOWER[support]) | (value > UPPER[support])
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        name = SUPPORTS[support[i]]
        limits = "0 to 100" if name == "percent" else "0 or more"
        raise SeriesError(
            f"series {ids[codes[i]]!r}, {int(period[i])}: {value[i]:g} is outside its support {name!r} "
            f"({limits}); correct the value, or use support 'real'"
        )


def _too_short(ids: np.ndarray, count: np.ndarray) -> SeriesError:
    more = f", and {len(ids) - 3} more series" if len(ids) > 3 else ""
    found = "; ".join(f"series {i!r} has {n}" for i, n in zip(ids[:3], count[:3], strict=True))
    return SeriesError(f"a forecast needs at least {FEWEST} observed points: {found}{more}")


def _align(
    ids: np.ndarray,
    codes: np.ndarray,
    period: np.ndarray,
    value: np.ndarray,
    support: np.ndarray,
    breaks: Sequence[int],
) -> Histories:
    n = len(ids)
    last = np.full(n, np.iinfo(np.int64).min)
    np.maximum.at(last, codes, period)
    column = WINDOW - 1 - (last[codes] - period)
    used = column >= 0
    values = np.full((n, WINDOW), np.nan)
    values[codes[used], column[used]] = value[used]
    kinds = np.zeros(n, dtype=np.int64)
    kinds[codes] = support
    # A segment starts at the first value seen, and at the first one at or after each break.
    segment = np.zeros((n, WINDOW), dtype=np.int64)
    years = last[:, None] - (WINDOW - 1) + np.arange(WINDOW)
    for year in breaks:
        segment += years >= year
    starts, previous = np.zeros((n, WINDOW), dtype=bool), np.full(n, -1)
    for k in range(WINDOW):
        here = np.isfinite(values[:, k])
        starts[:, k] = here & (segment[:, k] != previous)
        previous = np.where(here, segment[:, k], previous)
    linked = (np.isfinite(values) & ~starts).sum(axis=1)
    if (linked < 1).any():
        name = ids[int(np.flatnonzero(linked < 1)[0])]
        raise SeriesError(f"series {name!r} has no two values in one segment; nothing links its years")
    return Histories(ids, last, values, starts, kinds)

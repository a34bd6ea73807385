"""Short yearly series as the forecaster sees them: checked once here, trusted by everything after.

Out of scope: choosing which published figure is used for a year (see `series.annual`).
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal

import numpy as np
import pandas as pd

from ..errors import QcityError, did_you_mean

WINDOW = 30  # years looked back; older values are not used
FEWEST = 3  # observed points a forecast needs
LARGEST = 1e300  # squares are taken of shares of it only, but sums of values must stay finite
COLUMNS = ("series_id", "period", "value", "support")
FARTHEST = 50  # years ahead
STATED = ("real", "positive", "percent", "count")
SUPPORTS = (*STATED, *(f"inferred {name}" for name in STATED))  # what is inferred has no edges
LOWER = np.array([-np.inf, 0.0, 0.0, 0.0] + [-np.inf] * 4)
UPPER = np.array([np.inf, np.inf, 100.0, np.inf] + [np.inf] * 4)
EQUAL = 1e-12  # share of their size by which two values may differ and still be the same figure
PRINTED, NOISE, EXACT = 12, 0.01, 1e-6  # digits at most; parts of the last one: noise, and a computer's
POINTS = f"of the at least {FEWEST} observed points that a forecast needs"
A_YEAR = "allowed: a whole year such as 2021"


class SeriesError(QcityError):
    """A series that cannot be forecast: says which, where, what was found and what to do."""


@dataclass(frozen=True)
class Histories:
    """Checked series, right-aligned: the last column is each series' last observed year.

    Attributes: `ids` (n,), `last_year` (n,), `values` (n, WINDOW) with NaN where nothing was observed, `starts` (n,
    WINDOW) true where an unlinked segment begins (also the first), `support` (n,) index into SUPPORTS.
    """

    ids: np.ndarray
    last_year: np.ndarray
    values: np.ndarray
    starts: np.ndarray
    support: np.ndarray

    @property
    def kind(self) -> np.ndarray:
        """The kind of number (n,), stated or inferred: an index into STATED."""
        return self.support % len(STATED)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, which: slice | np.ndarray) -> Histories:
        """The same for some of the series."""
        return Histories(*(getattr(self, field.name)[which] for field in fields(self)))


def same(a: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
    """Whether values are equal but for the rounding of a computer, whatever their unit: 0.1 + 0.2 and 0.3."""
    size = np.maximum(np.abs(a), np.abs(b))
    with np.errstate(invalid="ignore"):
        near = np.abs(np.subtract(a, b)) <= EQUAL * size
    return np.asarray(np.equal(a, b) | (near & np.isfinite(size)))


def inferred(values: np.ndarray) -> np.ndarray:
    """What histories (n, T) look like, as an index into SUPPORTS: percent within 0 to 100 (the only kind for which the
    unit matters), a count where all is whole and some above 100, positive where nothing is negative.

    >>> [SUPPORTS[i] for i in inferred(np.array([[2.4, np.nan, 99.0], [7.0, 120.0, 3.0], [7.5, 120.0, 3.0]]))]
    ['inferred percent', 'inferred count', 'inferred positive']
    """
    low, high = np.nanmin(values, axis=1), np.nanmax(values, axis=1)
    whole = (~np.isfinite(values) | same(values, np.round(values))).all(axis=1)
    return len(STATED) + np.select([low < 0, (high <= 100) | same(high, 100.0), whole], [0, 2, 3], 1)


def printed(values: np.ndarray) -> np.ndarray:
    """Histories (n, T) that end with a value, without what was added far below the last digit printed: a history of
    which every value is that close to one of few digits has those, unless that would make one of all that differ.

    >>> printed(np.array([[2.4 + 1.23e-10, np.nan, 2.5 - 3.4e-11], [2.41234567890123, np.nan, 2.5]])).tolist()
    [[2.4, nan, 2.5], [2.41234567890123, nan, 2.5]]
    """
    size, out, rest = np.nanmax(np.abs(values), axis=1), values.copy(), np.arange(len(values))
    power = np.floor(np.log10(np.where(size > 1e-290, size, 1.0)))
    for digits in range(PRINTED, 0, -1):
        last = values[rest, -1] * 10.0 ** (digits - 1 - power[rest])
        few = np.abs(last - np.round(last)) < NOISE
        some = rest[few]
        scale = 10.0 ** (digits - 1 - power[some, None])
        steps = values[some] * scale
        off = np.nan_to_num(np.abs(steps - np.round(steps))).max(axis=1, initial=0.0)
        varied = np.nanmax(np.round(steps), axis=1) > np.nanmin(np.round(steps), axis=1)
        off = np.where(varied | (off <= 1e-5 * scale[:, 0] * size[some]), off, 1.0)  # else it is news
        blurred = (off < NOISE) & (off > EXACT)
        out[some[blurred]] = np.round(steps[blurred]) / scale[blurred]
        rest = np.concatenate([rest[~few], some[off >= NOISE]])
    return out


def limits(support: str) -> tuple[float, float]:
    """The edges of the possible range of a support."""
    return float(LOWER[SUPPORTS.index(support)]), float(UPPER[SUPPORTS.index(support)])


def whole_number(
    value: object, what: str, allowed: str = "a year such as 2025", least: float = -1e9, most: float = 1e9
) -> int:
    """A whole number given as such or in digits ("2025"). Raises QcityError naming `what` and what is `allowed`."""
    whole = _year(value) if isinstance(value, str) else _number(value)[0]
    if not least <= whole <= most or whole != math.floor(whole):
        raise QcityError(f"{what} must be {allowed}; found {value!r}")
    return int(whole)


def as_number(value: object, what: str, finite: bool = True) -> float:
    """A number as float, infinite ones unless `finite`. Raises QcityError naming `what` for everything else."""
    as_float, _ = _number(value)
    if math.isnan(as_float) or (finite and abs(as_float) > LARGEST):
        raise QcityError(f"{what} must be a number; found {value!r}")
    return as_float


def _year(value: object) -> float:
    """A year of at most four digits as float, NaN for everything else; yearly periods and days have one."""
    if isinstance(value, pd.Period):
        return float(value.year) if value.freqstr.startswith(("Y", "A")) else math.nan
    if isinstance(value, dt.date | np.datetime64):
        return float(pd.Timestamp(value).year)
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"\s*-?\d{1,4}\s*", value, re.ASCII) else math.nan
    year, _ = _number(value)
    return year if abs(year) < 10_000 and year == math.floor(year) else math.nan


def _number(value: object) -> tuple[float, bool]:
    """A number as float, NaN for what is none, and whether it is one or an empty cell."""
    if value is None or value is pd.NA or value is pd.NaT:
        return math.nan, True
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real | Decimal):
        return math.nan, False
    try:
        return float(value), True
    except OverflowError:  # a whole number of Python with hundreds of digits
        return math.inf, True


def years_of(column: pd.Series | pd.Index) -> np.ndarray:
    """Years (n,) as floats, NaN where there is none: of whole numbers, "2018", yearly periods and days."""
    if not _numeric(column.dtype):
        return np.array([_year(value) for value in column], dtype=float)
    year = column.to_numpy(dtype=float, na_value=np.nan)
    with np.errstate(invalid="ignore"):
        return np.where((year == np.round(year)) & (np.abs(year) < 10_000), year, np.nan)


def numbers_of(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,), NaN where there is none, and where what is there is no number (n,)."""
    if _numeric(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(column), dtype=bool)
    table = np.array([_number(value) for value in column], dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1] == 0


def _numeric(kind: object) -> bool:
    """Whether a column of this type holds real numbers only."""
    api = pd.api.types
    return bool(api.is_numeric_dtype(kind)) and not (api.is_bool_dtype(kind) or api.is_complex_dtype(kind))


def yearly(series: pd.Series) -> pd.Series:
    """A series with whole years as index, in order, and floats as values; its gaps stay.

    Raises SeriesError for what is no Series, an index without years, and values that are no numbers.
    """
    if isinstance(series, pd.DataFrame) and len(series.columns) == 1:
        series = series.iloc[:, 0]
    if not isinstance(series, pd.Series):
        kind, many = type(series).__name__, isinstance(series, pd.DataFrame)
        way = "; take one column, as frame['name'], or all with qc.forecast_panel(frame)" if many else ""
        raise SeriesError(f"a forecast needs a pandas Series with years as index; found {kind}{way}")
    year, (value, wrong) = years_of(series.index), numbers_of(series)
    for i in np.flatnonzero(np.isnan(year)):
        raise SeriesError(f"series {series.name or 'series'!r}: {series.index[i]!r} in the index; {A_YEAR}")
    for i in np.flatnonzero(wrong):
        raise SeriesError(f"series {series.name or 'series'!r}: found {series.iloc[i]!r}; allowed: a number")
    return pd.Series(value, index=year.astype(np.int64), name=series.name).sort_index(kind="stable")


def framed(series: pd.Series, support: str | None) -> pd.DataFrame:
    """One series (index year) as a frame for `checked`; SeriesError for an empty one."""
    name = str(series.name or "series")
    if series.empty:
        raise SeriesError(f"series {name!r} has 0 {POINTS}")
    return pd.DataFrame(dict(zip(COLUMNS, (name, series.index, series.array, support), strict=True)))


def one_history(series: pd.Series, support: str | None, breaks: Sequence[int] = ()) -> Histories:
    """One series (index year) checked and aligned. Raises what `framed` and `checked` raise."""
    return checked(framed(series, support), breaks)[0]


def checked(
    frame: pd.DataFrame, breaks: Sequence[int] = (), some: bool = True
) -> tuple[Histories, pd.DataFrame]:
    """Check a long frame and align its series, ordered by `series_id`; also a table of the series that cannot be
    forecast and were left out (series_id, reason).

    `frame` has the columns `series_id`, `period` (year), `value` and, optionally, `support` (of STATED; where missing
    it is `inferred`). A missing value is a gap; `breaks` are years in which a segment begins that nothing links to the
    one before. Left out are series with years, values or a support that are none or twice, or fewer than three points.
    Raises SeriesError for columns, no rows, rows that name no series and, with `some`, where no series is left.
    """
    _check_columns(frame)
    codes, names = pd.factorize(frame["series_id"], sort=True)
    ids, periods, values = np.asarray(names), frame["period"], frame["value"]
    period, (value, wrong) = years_of(periods), numbers_of(values)
    year, seen = np.nan_to_num(period).astype(np.int64), np.isfinite(value)
    kind = frame.get("support", pd.Series(None, index=frame.index, dtype=object)).astype(object)
    of_kind, kinds = pd.factorize(kind)  # -1 where unstated, the last: no edges; which is inferred below
    unstated, known = of_kind < 0, {name: k for k, name in enumerate(SUPPORTS)}
    support = np.array([*(known.get(name, -1) for name in kinds), len(STATED)])[of_kind]
    begins = np.unique(codes, return_index=True)[1]
    h = Histories(ids, *align(len(ids), codes[seen], year[seen], value[seen], breaks), support[begins])
    count = np.bincount(codes, weights=seen & ~wrong, minlength=len(ids))[codes]
    linked = (np.isfinite(h.values) & ~h.starts).any(axis=1)[codes]
    reasons = dict[int, str]()  # of series by code: the first one counts
    checks: list[tuple[np.ndarray, Callable[[int], str]]] = [
        (np.isnan(period), lambda i: f": period {periods.iloc[i]!r}; {A_YEAR}"),
        (wrong, lambda i: f", {year[i]}: found {values.iloc[i]!r}; allowed: a number"),
        (np.isinf(value), lambda i: f", {year[i]}: infinite value; leave it out if unknown"),
        (np.abs(value) > LARGEST, lambda i: f", {year[i]}: {value[i]:g} is beyond {LARGEST:g}, more than can be "
                                            "computed with; write it in a larger unit"),
        (support < 0, lambda i: f": unknown support {kind.iloc[i]!r}; allowed: {', '.join(STATED)}."
                                f"{did_you_mean(str(kind.iloc[i]), STATED)}"),
        (support != h.support[codes], lambda i: " has more than one support; give it one"),
        (pd.Series(codes * 100_000 + year).duplicated().to_numpy(),
         lambda i: f" has {year[i]} twice; keep one value for each year"),
        ((value < LOWER[support]) | (value > UPPER[support]),
         lambda i: f", {year[i]}: {value[i]:g} is outside its support {SUPPORTS[support[i]]!r} "
                   f"({'0 to 100' if support[i] == 2 else '0 or more'}); correct the value, or use support 'real'"),
        (count < FEWEST, lambda i: f" has {count[i]:.0f} {POINTS}"),
        (~linked, lambda i: " has no two values in one segment; nothing links its years"),
    ]  # fmt: skip
    for bad, say in checks:
        rows = np.flatnonzero(bad)
        for i in rows[np.unique(codes[rows], return_index=True)[1]].tolist():
            reasons.setdefault(int(codes[i]), f"series {ids[codes[i]]!r}{say(i)}")
    refused = pd.DataFrame([(ids[k], reasons[k]) for k in sorted(reasons)], columns=["series_id", "reason"])
    good = np.setdiff1d(np.arange(len(ids)), list(reasons))
    if some and not len(good):
        more = f"; and {len(refused) - 3} more series" if len(refused) > 3 else ""
        raise SeriesError("; ".join(refused["reason"].iloc[:3]) + more)
    h = h.rows(good)
    h = replace(h, values=printed(h.values))
    return replace(h, support=np.where(unstated[begins][good], inferred(h.values), h.support)), refused


def _check_columns(frame: pd.DataFrame) -> None:
    """Refuse what concerns the whole frame."""
    needed = ", ".join(COLUMNS[:3])
    if not isinstance(frame, pd.DataFrame):
        raise SeriesError(f"a panel is a pandas DataFrame with {needed}; found {type(frame).__name__}")
    for name in (name for name in frame.columns if name not in COLUMNS):
        hint = f"allowed: {', '.join(COLUMNS)}.{did_you_mean(str(name), COLUMNS)}"
        raise SeriesError(f"unknown column {name!r}; {hint}")
    for name in (name for name in COLUMNS[:3] if name not in frame.columns):
        raise SeriesError(f"column {name!r} is missing; a panel needs {needed}")
    if frame.empty:
        raise SeriesError("the panel has no rows; a forecast needs at least 3 observed points of a series")
    if frame["series_id"].isna().any():
        raise SeriesError("column 'series_id' has empty cells; every row must name its series")


def align(
    n: int, codes: np.ndarray, period: np.ndarray, value: np.ndarray, breaks: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Last year (n,) of each of `n` series, values in columns counted back from it, and where segments start."""
    last, values = np.full(n, np.iinfo(np.int64).min), np.full((n, WINDOW), np.nan)
    np.maximum.at(last, codes, period)
    column = WINDOW - 1 - (last[codes] - period)
    used = column >= 0
    values[codes[used], column[used]] = value[used]
    # A segment starts at the first value seen, and at the first one at or after each break.
    years = last[:, None] - (WINDOW - 1) + np.arange(WINDOW)
    segment = sum((years >= year for year in breaks), np.zeros((n, WINDOW), dtype=np.int64))
    reached = np.maximum.accumulate(np.where(np.isfinite(values), segment, -1), axis=1)
    return last, values, np.diff(reached, axis=1, prepend=-1) > 0

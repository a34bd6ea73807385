"""The key of a figure, what a period covers, what was known on a day, and which vintage of a figure stands.

A figure is named by indicator, region, part of a year, measure and base (`KEY`); its rows are its vintages. December to
date and the fourth quarter to date are the year, and the third quarter to date is the year to September. What became
known between two days is compared here; what it did to the answers is in `analysis.verdicts`.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import QcityError
from .schema import PERIOD, by_value, is_date

if TYPE_CHECKING:
    from .load import Data

ASSUMED_LAG_MONTHS = 6
KEY = ["indicator_id", "region", "period", "measure", "base_period"]  # what makes rows vintages of one figure
SAID = ["value", "decimals", "qualifier", "status"]
COLUMNS = ["change", *KEY, *SAID, *(f"{name}_before" for name in SAID)]
COLUMNS += ["unit", "published", "known_from", "published_assumed", "source_id", "row"]


def months_covered(period: str) -> int:
    """Months of the year that a period covers: 12 for a year, 9 for 2024-Q3, 8 for 2024-08. ValueError for none."""
    match = PERIOD.fullmatch(period)
    if match is None:
        raise ValueError(f"{period!r} is not a period of the data contract")
    return int(match["month"] or 3 * int(match["quarter"] or 4))


def same_period(period: str) -> str:
    """The one name of what a period covers: the year for December to date, the month for a quarter to date.

    >>> [same_period(period) for period in ("2024", "2024-12", "2024-Q4", "2024-Q3", "2024-09")]
    ['2024', '2024', '2024', '2024-09', '2024-09']
    """
    months = months_covered(period)
    return period[:4] if months == 12 else f"{period[:4]}-{months:02d}"


def is_whole(periods: pd.Series) -> pd.Series:
    """Which periods are whole years."""
    return by_value(periods, lambda period: months_covered(str(period)) == 12).astype(bool)


def codes(frame: pd.DataFrame, *names: str) -> np.ndarray:
    """One whole number for each distinct combination of the columns; empty cells are equal to each other."""
    return frame.groupby(list(names), dropna=False, sort=False).ngroup().to_numpy()


def to_date(value: str | dt.date) -> dt.date:
    """A day from ISO text; a partial date means its last day. Raises QcityError for anything else.

    >>> to_date("2023-02")
    datetime.date(2023, 2, 28)
    """
    if isinstance(value, dt.date):
        return value.date() if isinstance(value, dt.datetime) else value
    text = str(value).strip()
    if not is_date(text):
        raise QcityError(f"{value!r} is not a date: write it as 2023-03-31, 2023-03 or 2023")
    return _last_day(text)


def _last_day(text: str) -> dt.date:
    year, *rest = map(int, text.split("-"))
    month, day = (*rest, *(12, 0)[len(rest) :])
    return dt.date(year, month, day or monthrange(year, month)[1])


def last_days(dates: pd.Series) -> pd.Series:
    """The last day of each date, month or year (text); NaT where empty."""
    return by_value(dates, lambda text: _last_day(text) if text else pd.NaT).astype("datetime64[us]")


def with_dates(observations: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """Observations with `year`, `known_from` and `published_assumed`, whole years named as years.

    `known_from` is the last day of the date `published`, else the end of the month in which the figure is due by the
    indicator's publication lag (ASSUMED_LAG_MONTHS where none is given).
    """
    periods, names = observations["period"], indicators["indicator_id"]
    lag = dict(zip(names, indicators["publication_lag_months"].fillna(ASSUMED_LAG_MONTHS), strict=True))
    year = by_value(periods, lambda cell: int(cell[:4])).astype("int64")
    own = by_value(observations["indicator_id"], lambda name: lag.get(name, ASSUMED_LAG_MONTHS))
    month = 12 * year + by_value(periods, months_covered).astype("int64") - 1 + own.astype("int64")
    stated = last_days(observations["published"])
    due = last_days(by_value(month, lambda number: f"{number // 12}-{number % 12 + 1:02}"))
    whole = by_value(periods, lambda cell: cell[:4] if months_covered(cell) == 12 else cell)
    known = {"known_from": stated.fillna(due), "published_assumed": stated.isna()}
    return observations.assign(period=whole, year=year, **known)


def known_by(observations: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """The figures that were known on a day."""
    return observations[observations["known_from"] <= pd.Timestamp(day)]


def figure_codes(observations: pd.DataFrame) -> np.ndarray:
    """One whole number for each figure: equal for rows that are vintages of the same."""
    return codes(observations[KEY].assign(period=by_value(observations["period"], same_period)), *KEY)


def among(rows: pd.DataFrame, series: Collection[tuple[str, str]]) -> np.ndarray:
    """Which rows are figures of one of these series, each an indicator and a region."""
    each = ((rows["indicator_id"] == name) & (rows["region"] == region) for name, region in series)
    return np.any([np.zeros(len(rows), dtype=bool), *each], axis=0)


def _in_time(observations: pd.DataFrame) -> np.ndarray:
    """Positions of the rows in the order in which they became known."""
    return np.lexsort((observations["row"].to_numpy(), observations["known_from"].to_numpy()))


def newest_rows(observations: pd.DataFrame) -> np.ndarray:
    """Positions of the newest vintage of every figure, in the order of the table; of one day's the later row."""
    order = _in_time(observations)
    return np.sort(order[~pd.Series(figure_codes(observations)[order]).duplicated(keep="last")])


def newest_vintages(observations: pd.DataFrame) -> pd.DataFrame:
    """The newest vintage of every figure, in the order of the file; of one day's the later row."""
    return observations.iloc[newest_rows(observations)].reset_index(drop=True)


def standing(observations: pd.DataFrame) -> pd.DataFrame:
    """The rows to compute with, by year and period, with the `months` they cover and their labels as they were.

    Of each figure the newest number, and the newest bound of each side. A bound gives way to a number published with
    it or later; a later bound replaces no number, and stands beside it.

    >>> rows = pd.DataFrame({"value": [10.0, 12.0, 8.0], "qualifier": ["=", "=", ">="], "period": "2024", "year": 2024,
    ...                      "known_from": pd.to_datetime(["2025-02-01", "2025-03-01", "2025-04-01"]), "row": [2, 3, 4],
    ...                      "indicator_id": "a", "region": "x", "measure": "level", "base_period": pd.NA})
    >>> standing(rows)["value"].tolist()
    [12.0, 8.0]
    """
    periods, known = map(same_period, observations["period"]), observations["known_from"].tolist()
    others = (observations[name].fillna(0) for name in KEY if name != "period")
    figure = list(zip(periods, *others, strict=True))  # equal for vintages of one figure
    bound = [sign if sign in (">=", "<=") else "" for sign in observations["qualifier"]]
    last = {(figure[at], bound[at]): at for at in _in_time(observations).tolist()}
    when = {key: known[at] for (key, side), at in last.items() if not side}  # the newest number became known
    kept = [at for (key, side), at in last.items() if not side or key not in when or when[key] < known[at]]
    order = list(zip(observations["year"].tolist(), observations["period"].tolist(), strict=True))
    rows = observations.iloc[sorted(kept, key=order.__getitem__)]
    return rows.assign(months=np.array([months_covered(str(period)) for period in rows["period"]], dtype=int))


def picked(rows: pd.DataFrame, those: np.ndarray) -> pd.DataFrame:
    """The rows of which an array of booleans says so."""
    return rows.iloc[np.flatnonzero(those)] if those.any() else rows.iloc[:0]


def diff(data: Data, earlier: str | dt.date, later: str | dt.date) -> pd.DataFrame:
    """Every figure whose newest vintage on the later day is not the one known on the earlier day.

    One row per figure, in the order in which they became known. `change` is "new" (no vintage was known), "revised"
    (another value or qualifier), "confirmed" (published again with the same value, perhaps another status) or
    "corrected" (the same row, set right by a correction); `value`, `qualifier` and `status` are those of the later
    day, `value_before` and so on those of the earlier one; `published_assumed` is true where the day rests on the
    indicator's publication lag. The other columns are those of the data contract. Raises QcityError when the days are
    not in order, or when `data` were loaded for an earlier day than `later`.

    >>> moved = diff(qc.load(), "2021-09-30", "2021-12-31")
    >>> moved[moved["region"] == "nanjing"][["period", "change", "value_before", "value"]].values.tolist()
    [['2015', 'revised', 2.95, 2.96], ['2020', 'revised', 3.38, 3.48]]
    """
    first, last = to_date(earlier), to_date(later)
    if first >= last:
        raise QcityError(f"the earlier day must come before the later one; found {first} and {last}")
    after = data.at(last)
    tables = (newest_vintages(known.observations) for known in (after.at(first), after))
    old, new = (rows.assign(period_key=by_value(rows["period"], same_period)) for rows in tables)
    on = [name if name != "period" else "period_key" for name in KEY]
    both = new.merge(old[[*on, *SAID, "row"]], on=on, how="left", suffixes=("", "_before"))
    same = (both["value"] == both["value_before"]) & (both["qualifier"] == both["qualifier_before"])
    fresh, corrected = both["row_before"].isna(), both["row"] == both["row_before"]
    both["change"] = np.select([fresh, corrected, same], ["new", "corrected", "confirmed"], "revised")
    moved = both[~corrected | ~same | (both["status"] != both["status_before"])]
    return moved.sort_values(["known_from", "row"], kind="stable")[COLUMNS].reset_index(drop=True)


def revisions(data: Data) -> pd.DataFrame:
    """Every figure of which more than one vintage is known, one row per vintage after the first, oldest first.

    Columns as those of the observations, and `value_before`, `known_from_before`: the vintage it replaced.
    """
    ordered = data.observations.iloc[_in_time(data.observations)]
    figure = figure_codes(ordered)
    before = {f"{name}_before": ordered[name].groupby(figure).shift() for name in ("value", "known_from")}
    return ordered.assign(**before)[before["known_from_before"].notna()].reset_index(drop=True)

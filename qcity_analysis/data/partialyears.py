"""Year-to-date figures as what they are: counts with their months, and noisy estimates of the annual figure.

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

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .uncertainty import last_step
from .vintages import months_covered

LEARNED = 2.0  # earlier pairs of year-to-date and annual figure that weigh as much as the starting value
COUNTS = ["year", "months", "count", "qualifier", "period"]
ESTIMATES = ["year", "months", "value", "error", "period", "measure", "published_value", "timing"]


def new_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of new items, one row a year: the whole year, else the year to date with the most months.

    `rows` are the vintages of `count_new` that stand. A number stands before a bound of the same months, and before a
    bound of the whole year that says less. Returns the columns of `rows` and `months` (exposure: months / 12 of
    the year) and `count`; a count with qualifier `>=` is a lower bound.

    >>> table = pd.DataFrame({"year": [2023, 2023, 2024], "period": ["2023-06", "2023", "2024-08"],
    ...                       "measure": "count_new", "value": [9.0, 17.0, 12.0], "qualifier": "="})
    >>> new_counts(table)[["year", "months", "count"]].to_numpy().tolist()
    [[2023.0, 12.0, 17.0], [2024.0, 8.0, 12.0]]
    """
    counted = rows[rows["measure"] == "count_new"]
    months = [months_covered(period) for period in counted["period"]]
    number = ~counted["qualifier"].isin([">=", "<="])
    counted = counted.assign(months=months, count=counted["value"], number=number)
    counted = counted.sort_values(["year", "months", "number"], kind="stable")
    last = counted.drop_duplicates("year", keep="last")
    if not last["number"].all():
        least = last.loc[last["qualifier"] == ">="].set_index("year")["count"]
        more = counted[counted["number"] & (counted["count"] >= counted["year"].map(least))]
        last = pd.concat([last, more]).drop_duplicates("year", keep="last").sort_values("year")
    return last.drop(columns="number").reset_index(drop=True)


@dataclass(frozen=True)
class Typical:
    """How a series moves in a year: the `middle` change, and the typical `size` of a surprise; NaN when unknown."""

    middle: float
    size: float


def typical_change(levels: pd.Series) -> Typical:
    """Median yearly change of levels (index year, NaN in gaps), and the typical size of a yearly change.

    The size is the median absolute change per √year, as a random walk over a gap moves with its root.

    >>> typical_change(pd.Series([1.0, 2.0, 4.0], index=[2020, 2021, 2022]))
    Typical(middle=1.5, size=1.5)
    """
    known = levels.dropna()
    if len(known) < 2:
        return Typical(math.nan, math.nan)
    years = np.diff(known.index.to_numpy(float))
    change = np.diff(known.to_numpy(float))
    return Typical(float(np.median(change / years)), float(np.median(np.abs(change) / np.sqrt(years))))


def estimates(
    rows: pd.DataFrame, levels: pd.Series, timing: str
) -> tuple[pd.DataFrame, dict[int, str], list[int]]:
    """Estimates of annual levels from year-to-date `rows`, for the years without one.

    `levels` are the annual levels (index year), `timing` the indicator's (see above). Returns a frame with the columns
    ESTIMATES (the value and its standard error in the unit of the levels), the reason for each row not used (index
    label of `rows` to code), and the labels of rows whose year has its annual figure.
    """
    found, spare, passed = [], {}, []
    for label, row in rows.sort_values(["year", "period"]).iterrows():
        year, months = int(row["year"]), months_covered(str(row["period"]))
        if not math.isnan(levels.get(year, math.nan)):
            passed.append(label)
            continue
        made = _estimate(row, months, levels, timing, rows)
        if isinstance(made, str):
            spare[label] = made
            continue
        how = (
            "stock" if row["measure"] == "count_total" else timing if row["measure"] == "level" else "average"
        )
        found.append((year, months, *made, row["period"], row["measure"], float(row["value"]), how, label))
    table = pd.DataFrame(found, columns=[*ESTIMATES, "label"])
    table = table.sort_values(["year", "months"], kind="stable")
    older = table[table.duplicated("year", keep="last")]
    spare |= dict.fromkeys(older["label"], "year_to_date_older")
    return table.drop(older.index).reset_index(drop=True), spare, passed


def _estimate(
    row: pd.Series, months: int, levels: pd.Series, timing: str, rows: pd.DataFrame
) -> tuple[float, float] | str:
    """Value and standard error of the annual level, or why the figure cannot say it.

    Where nothing ever moved one step of the last digit stands for the error.
    """
    year, value, rest = int(row["year"]), float(row["value"]), 1 - months / 12
    if row["qualifier"] in (">=", "<="):
        return "year_to_date_bound"
    if row["measure"] == "level" and timing not in ("average", "total", "stock"):
        return "year_to_date_timing"
    usual = typical_change(levels)
    if math.isnan(usual.size):
        return "year_to_date_no_scale"
    if row["measure"] == "change_pct":
        before = levels.get(year - 1, math.nan)
        if math.isnan(before):
            return "year_to_date_unlinked"
        change = before * value / 100
        size = _learned(_pairs_of_changes(rows, levels, months), max(usual.size, abs(change) / 2))
        return before + change, size * rest or abs(before) * last_step(row) / 100
    if row["measure"] not in ("level", "count_total"):
        return "year_to_date_other"
    if row["measure"] == "count_total" or timing == "stock":
        error = max(usual.size, abs(usual.middle) / 4) * math.sqrt(rest)
        return value + rest * usual.middle, error or last_step(row)
    scale = 12 / months if timing == "total" else 1.0
    earlier = levels[levels.index < year].dropna()
    moved = abs(value * scale - float(earlier.iloc[-1])) if len(earlier) else 0.0
    size = _learned(_pairs_of_levels(rows, levels, months, scale), max(usual.size, moved / 2))
    return value * scale, size * rest or last_step(row)


def _pairs_of_levels(rows: pd.DataFrame, levels: pd.Series, months: int, scale: float) -> list[float]:
    """What the annual figure of earlier years differed by from the year to date, per share of the year not covered."""
    same = rows[(rows["measure"] == "level") & rows["qualifier"].isin(["=", "~"])]
    found = []
    for year, period, value in zip(same["year"], same["period"], same["value"], strict=True):
        annual, covered = levels.get(int(year), math.nan), months_covered(str(period))
        if covered == months and not math.isnan(annual):
            found.append((annual - value * scale) / (1 - covered / 12))
    return found


def _pairs_of_changes(rows: pd.DataFrame, levels: pd.Series, months: int) -> list[float]:
    same = rows[(rows["measure"] == "change_pct") & rows["qualifier"].isin(["=", "~"])]
    found = []
    for year, period, value in zip(same["year"], same["period"], same["value"], strict=True):
        annual, before = levels.get(int(year), math.nan), levels.get(int(year) - 1, math.nan)
        if months_covered(str(period)) == months and not math.isnan(annual - before):
            found.append((annual - before * (1 + value / 100)) / (1 - months / 12))
    return found


def _learned(pairs: list[float], start: float) -> float:
    """Root mean square of the pairs, with the starting value counting as LEARNED of them."""
    return math.sqrt((LEARNED * start**2 + sum(pair**2 for pair in pairs)) / (LEARNED + len(pairs)))

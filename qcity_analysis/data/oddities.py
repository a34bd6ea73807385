"""Figures that are possible but unlikely: warnings for a person to look at, each with its reason.

Most checks look at the newest vintage of whole years. What cannot be (a share above 100, a name that does not exist)
is an error and found in `checks`.

Outliers are told by the median absolute deviation of the yearly changes, scaled to a standard deviation by 1.4826
(Hampel, 1974, J. Am. Stat. Assoc. 69, 383, doi:10.1080/01621459.1974.10482962).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Problem
from .schema import by_value
from .vintages import ASSUMED_LAG_MONTHS, codes, figure_codes, is_whole, newest_rows

LEVELS = ("level", "count_total", "count_new")
SOURCE = "check it against the source"
MANY = 8  # yearly changes of a series from which their usual size can be told
SPREADS = 8.0  # robust standard deviations from the median that make an outlier
LEAST = 0.005  # smallest spread, as a share of the level: rounding alone makes no outlier
SLIPS = (100.0, 10_000.0, 0.01, 0.0001)
ALIKE = 1.6  # figures within this factor are of one size
PATIENCE = 24  # months beyond the publication lag after which a newest figure is stale
RUN = 3  # equal steps, or equal values, in a row
DIGITS = 10  # an equal step is at least so many units of the last digit: smaller ones are equal by chance
AGREE = 0.5  # percentage points within which a chain of rounded changes agrees with a cumulative one
FINALISED = pd.DateOffset(months=24)  # a preliminary figure has been replaced or confirmed by then


def oddities(
    observations: pd.DataFrame, indicators: pd.DataFrame, targets: pd.DataFrame, today: dt.date
) -> list[Problem]:
    """Every warning about the figures, in the order of the file; then the targets whose figures are stale.

    Takes the tables of `Data`; `today` is the day from which ages are counted.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2026-01-01")
    >>> {p.level for p in oddities(data.observations, data.indicators, data.targets, data.as_of)}
    {'warning'}
    """
    with_bounds = _newest(observations, indicators)
    figures = with_bounds[with_bounds["qualifier"].isin(["=", "~"])]
    levels, changes = (figures[figures["measure"].isin(names)] for names in (LEVELS, ["change_pct"]))
    found = _unit_slips(levels)
    slipped = {problem.row for problem in found}
    found += [problem for problem in [*_jumps(levels), *_odd_changes(changes)] if problem.row not in slipped]
    found += [*_even_steps(levels), *_repeated(levels), *_shares(levels), *_falling(with_bounds)]
    signs = [*_against_levels(figures, changes), *_against_chains(figures, changes)]
    found += {problem.row: problem for problem in reversed(signs)}.values()  # one a figure: the first
    found += [*_one_day(observations), *_not_final(figures, today), *_early(observations)]
    return sorted(found, key=lambda p: p.row or 0) + _stale(observations, indicators, targets, today)


def _newest(observations: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """The newest vintage of every whole-year figure, of cumulative changes those on each base, by series and year.

    `series` and `place` number the combinations of indicator, region and measure, and of indicator and region;
    `support` is that of the indicator.
    """
    rows = newest_rows(observations)
    usable = (is_whole(observations["period"]) & observations["value"].notna()).to_numpy()
    rows = rows[usable[rows]]
    series = codes(observations, "indicator_id", "region", "measure")[rows]
    base = observations["base_period"].fillna(0).to_numpy(np.int64)[rows]
    order = np.lexsort((base, observations["year"].to_numpy(np.int64)[rows], series))
    support = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["support"].to_dict()
    names = ["row", "indicator_id", "region", "measure", "year", "value", "decimals", "unit"]
    figures = observations[[*names, "qualifier", "status", "known_from"]].iloc[rows[order]]
    return figures.assign(
        series=series[order],
        base=base[order],
        place=codes(figures, "indicator_id", "region"),
        support=by_value(figures["indicator_id"], support.get),
    )


def _warning(row: Any, allowed: str, remedy: str, column: str = "value") -> Problem:
    """The warning about one cell of a row of the observations (a Series or a mapping)."""
    found = _shown(row[column]) if column == "value" else str(row[column])
    return Problem("observations.csv", int(row["row"]), column, found, allowed, remedy, "warning")


def _shown(value: float) -> str:
    """A figure with the digits it was written with."""
    return f"{value:.15g}"


def _follows(figures: pd.DataFrame, years: bool = False) -> np.ndarray:
    """For each figure but the first: is the one before it of the same series (and, if asked, of the year before)?"""
    series, year = figures["series"].to_numpy(), figures["year"].to_numpy(np.int64)
    same = series[1:] == series[:-1]
    return same & (year[1:] == year[:-1] + 1) if years else same


def _resolution(figures: pd.DataFrame) -> np.ndarray:
    """One step of the last digit that each figure was written with."""
    return 10.0 ** -figures["decimals"].to_numpy(float)


def _jumps(levels: pd.DataFrame) -> list[Problem]:
    """Levels that are reached by a change far from those of the series' other years."""
    series, year, value = (levels[name].to_numpy() for name in ("series", "year", "value"))
    positive = levels.groupby("series")["value"].transform("min").to_numpy(float) > 0
    by_ratio = levels["support"].isin(["positive", "count"]).to_numpy() & positive  # alike in percent
    scaled = np.where(by_ratio, np.log(np.where(by_ratio, value, 1.0)), value)
    at = np.flatnonzero(_follows(levels)) + 1
    step = (scaled[at] - scaled[at - 1]) / np.maximum(year[at] - year[at - 1], 1)
    odd, low, high = _away(series[at], step, LEAST * np.where(by_ratio[at], 1.0, np.abs(value[at - 1])))
    found = []
    for k in np.flatnonzero(odd):
        if k > 0 and odd[k - 1] and at[k - 1] == at[k] - 1 and step[k] * step[k - 1] < 0:
            continue  # the way back from the figure already named
        ends = [100 * np.expm1(e) if by_ratio[at[k]] else e for e in (low[k], high[k])]
        usual = f"{ends[0]:+.3g} to {ends[1]:+.3g}{' %' if by_ratio[at[k]] else ''}"
        before = f"{year[at[k] - 1]}: {_shown(value[at[k] - 1])}"
        allowed = f"a figure in line with {before}; in other years the series moves by {usual}"
        remedy = f"{SOURCE}; if it is right, say why in the note"
        found.append(_warning(levels.iloc[at[k]], allowed, remedy))
    return found


def _odd_changes(changes: pd.DataFrame) -> list[Problem]:
    """Published yearly changes far from those of other years."""
    series, value = changes["series"].to_numpy(), changes["value"].to_numpy()
    odd, low, high = _away(series, value, np.full(len(value), 10 * LEAST))
    remedy = f"{SOURCE}; if it is right, say why in the note"
    usual = "a change like those of other years,"
    return [
        _warning(changes.iloc[k], f"{usual} {low[k]:+.3g} to {high[k]:+.3g} %", remedy)
        for k in np.flatnonzero(odd)
    ]


def _away(
    series: np.ndarray, step: np.ndarray, least: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which steps are outliers of their series, and the lowest and highest of its others."""
    frame = pd.DataFrame({"series": series, "step": step})
    by = frame.groupby("series", sort=False)["step"]
    away = (frame["step"] - by.transform("median")).abs()
    spread = 1.4826 * away.groupby(frame["series"], sort=False).transform("median")
    odd = (by.transform("size") >= MANY) & (away > SPREADS * np.maximum(spread, least))
    affected = frame[frame["series"].isin(frame.loc[odd, "series"])]
    calm = affected["step"].where(~odd[affected.index]).groupby(affected["series"], sort=False)
    low, high = (getattr(calm, name)().reindex(series).to_numpy(float) for name in ("min", "max"))
    return odd.to_numpy(bool), low, high


def _unit_slips(levels: pd.DataFrame) -> list[Problem]:
    """Figures about 100 or 10 000 times their neighbours, or that part of them."""
    by, value = levels.groupby("series")["value"], levels["value"].to_numpy(float)
    before, second, after, third = (by.shift(places).to_numpy(float) for places in (1, 2, -1, -2))
    inside = _alike(before, after, 3 * ALIKE)
    last = np.isnan(after) & _alike(before, second, ALIKE)
    first = np.isnan(before) & _alike(after, third, ALIKE)
    near = np.select([inside, last, first], [np.sqrt(np.abs(before * after)), before, after], np.nan)
    found = []
    for factor in SLIPS:
        for k in np.flatnonzero(_alike(value, near * factor, ALIKE)):
            other = _shown(after[k] if np.isnan(before[k]) else before[k])
            allowed = f"a figure of the size of its neighbour {other}; it is about {factor:g} times that"
            remedy = f"{SOURCE}, and convert it to the unit of the indicator"
            found.append(_warning(levels.iloc[k], allowed, remedy))
    return found


def _alike(one: np.ndarray, other: np.ndarray, factor: float) -> np.ndarray:
    """Whether two figures above zero lie within a factor of each other; false where one is missing."""
    return (one > 0) & (other > 0) & (one <= factor * other) & (other <= factor * one)


def _shares(levels: pd.DataFrame) -> list[Problem]:
    """Levels in percent above 100 of an indicator that is not declared as a share."""
    over = levels[(levels["unit"] == "%") & (levels["value"] > 100) & (levels["support"] != "percent")]
    remedy = "check the value and the unit; a share has the support percent in indicators.csv"
    return [_warning(row, "at most 100, if this is a share", remedy) for _, row in over.iterrows()]


def _even_steps(levels: pd.DataFrame) -> list[Problem]:
    """Stretches of evenly spaced levels, one warning each, at their last figure: they look interpolated."""
    value, year = levels["value"].to_numpy(float), levels["year"].to_numpy()
    step, joined, finest = np.diff(value), _follows(levels, years=True), _resolution(levels)
    equal = np.abs(np.diff(step)) <= 1e-9 * np.abs(value[2:])
    found = []
    for start, last in _stretches(equal & joined[1:] & joined[:-1] & (np.abs(step[1:]) > 0)):
        end = last + 2
        if abs(step[start]) < (DIGITS - 0.5) * finest[start : end + 1].min():
            continue
        allowed = f"published figures; those of {year[start]} to {year[end]} go by exactly {step[start]:.10g} a year"
        remedy = "they look interpolated: keep only the years that were published"
        found.append(_warning(levels.iloc[end], allowed, remedy))
    return found


def _repeated(levels: pd.DataFrame) -> list[Problem]:
    """Levels that are the same three years running or more, one warning for each stretch, at its last figure.

    Zero, and 100 for a share, are ends at which a series may stay.
    """
    value, year = levels["value"].to_numpy(float), levels["year"].to_numpy()
    end = (value == 0) | ((value == 100) & (levels["support"] == "percent").to_numpy())
    found = []
    for start, last in _stretches(_follows(levels, years=True) & (np.diff(value) == 0) & ~end[1:]):
        allowed = f"a figure of its own for each year; {year[start]} to {year[last + 1]} are all the same"
        remedy = f"{SOURCE}: it may have been carried forward"
        found.append(_warning(levels.iloc[last + 1], allowed, remedy))
    return found


def _stretches(true: np.ndarray) -> list[tuple[int, int]]:
    """First and last position of every stretch of RUN - 1 neighbouring trues or more."""
    edges = np.flatnonzero(np.diff(np.r_[False, true, False].astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= RUN - 1]


def _falling(figures: pd.DataFrame) -> list[Problem]:
    """Totals lower than those of an earlier year; bounds take part where they prove a fall."""
    totals = figures[figures["measure"] == "count_total"]
    least = totals["value"].where(totals["qualifier"] != "<=", -np.inf)
    highest = least.groupby(totals["series"]).cummax().groupby(totals["series"]).shift()
    fallen = totals["value"].where(totals["qualifier"] != ">=", np.inf) < highest
    remedy = f"{SOURCE}; what is new in one year has the measure count_new"
    return [
        _warning(row, f"a total of at least {_shown(before)}, which an earlier year had already", remedy)
        for (_, row), before in zip(totals[fallen].iterrows(), highest[fallen], strict=True)
    ]


def _against_levels(figures: pd.DataFrame, changes: pd.DataFrame) -> list[Problem]:
    """Changes whose sign is not that of the change between the two published levels."""
    levels = figures[figures["measure"].isin(LEVELS[:2])].drop_duplicates(["place", "year"])
    ends = levels[["place", "year", "value"]].assign(step=_resolution(levels))
    starts = ends.assign(year=ends["year"] + 1)
    rows = changes.merge(ends, on=["place", "year"], suffixes=("", "_end"))
    rows = rows.merge(starts, on=["place", "year"], suffixes=("", "_start")).query("value_start != 0")
    implied = 100 * (rows["value_end"] / rows["value_start"] - 1)
    rounding = 100 * rows[["step", "step_start"]].max(axis=1) / rows["value_start"].abs()
    turned = (implied * rows["value"] < 0) & (implied.abs() > rounding)
    levels_said = "the published levels {} and {}"
    return [
        _sign(row, levels_said.format(_shown(row["value_start"]), _shown(row["value_end"])), implied[k])
        for k, row in rows[turned].iterrows()
    ]


def _against_chains(figures: pd.DataFrame, changes: pd.DataFrame) -> list[Problem]:
    """Changes that agree with a published cumulative change only once their sign is turned."""
    at = {key: k for k, key in enumerate(zip(changes["place"], changes["year"], strict=True))}
    percent = changes["value"].to_numpy(float)
    found = []
    for total in figures[figures["measure"] == "cumulative_change_pct"].itertuples():
        years = range(total.base + 1, total.year + 1) if total.base else ()
        chain = [at[total.place, year] for year in years if (total.place, year) in at]
        ratios = 1 + percent[chain] / 100
        if len(chain) < max(1, len(years)) or abs(100 * (np.prod(ratios) - 1) - total.value) <= 2 * AGREE:
            continue
        for k, ratio in zip(chain, ratios, strict=True):
            turned = 100 * (np.prod(ratios) / ratio * (2 - ratio) - 1)
            if abs(turned - total.value) <= AGREE and abs(ratio - 1) > AGREE / 100:
                why = f"the cumulative change {total.base} to {total.year} of {_shown(total.value)} %"
                found.append(_sign(changes.iloc[k], why, 100 * (1 - ratio)))
    return found


def _sign(change: Mapping[Any, Any] | pd.Series, why: str, implied: float) -> Problem:
    allowed = f"a change of the sign that follows from {why} ({implied:+.3g} %)"
    return _warning(change, allowed, f"{SOURCE}: a fall is negative; an index is not a change")


def _one_day(rows: pd.DataFrame) -> list[Problem]:
    """Vintages of one figure with different values that became known on one day."""
    key = codes(rows.assign(figure=figure_codes(rows)), "figure", "known_from")
    twice = pd.Series(key).duplicated(keep=False).to_numpy()
    remedy = "give the day each was published, or delete one; until then the later row counts"
    found = []
    for _, group in rows[twice].groupby(key[twice], sort=False):
        first = group.iloc[0]
        allowed = f"one value for one day; row {first['row']} has {_shown(first['value'])}"
        other = (group["value"] != first["value"]) | (group["qualifier"] != first["qualifier"])
        found += [_warning(row, allowed, remedy) for _, row in group[other].iterrows()]
    return found


def _not_final(figures: pd.DataFrame, today: dt.date) -> list[Problem]:
    """Newest vintages still preliminary two years after they came out."""
    old = figures["known_from"] < pd.Timestamp(today) - FINALISED
    remedy = "look for the final figure and add it; if this one was never revised, set it to final"
    return [
        _warning(row, f"final, two years after it came out ({row['known_from'].date()})", remedy, "status")
        for _, row in figures[old & figures["status"].isin(["preliminary", "estimate"])].iterrows()
    ]


def _early(rows: pd.DataFrame) -> list[Problem]:
    """Final figures of a whole year that were published before the year was over."""
    whole = is_whole(rows["period"]) & (rows["status"] == "final") & ~rows["published_assumed"]
    ends = (rows["year"].to_numpy() - 1969).astype("datetime64[Y]").astype("datetime64[D]") - 1
    remedy = "check the period and the date; a figure expected for the year has the status estimate"
    return [
        _warning(row, f"a day after the end of {row['year']} for a final figure", remedy, "published")
        for _, row in rows[whole & (rows["known_from"].to_numpy() < ends)].iterrows()
    ]


def _stale(
    observations: pd.DataFrame, indicators: pd.DataFrame, targets: pd.DataFrame, today: dt.date
) -> list[Problem]:
    """Open targets whose newest figure is older than the publication lag and two more years explain."""
    lags = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["publication_lag_months"]
    lags = lags.fillna(ASSUMED_LAG_MONTHS)
    continued = list(zip(indicators["indicator_id"], indicators["continues"], strict=True))
    seen = observations.groupby(["indicator_id", "region"])["year"].max().to_dict()
    remedy = "look for newer figures and add them with `qcity add`"
    found = []
    for r in targets.itertuples():
        family = [r.indicator_id, *(new for new, old in continued if old == r.indicator_id)]
        newest = max((int(seen[name, r.region]) for name in family if (name, r.region) in seen), default=None)
        if newest is None or pd.isna(r.deadline) or newest >= r.deadline:
            continue  # nothing published at all is told by `qcity list`, not here
        lag = int(lags.get(r.indicator_id, ASSUMED_LAG_MONTHS))
        if 12 * (newest + 1) + lag + PATIENCE < 12 * today.year + today.month:
            allowed = f"a newer one by {today}; figures come out about {lag} months after the year"
            said = ("targets.csv", int(r.row), "indicator_id", f"newest figure of {newest}")
            found.append(Problem(*said, allowed, remedy, "warning"))
    return found

"""What the published figures of one series say in part: bounds, errors of levels, estimates of unfinished years."""

from __future__ import annotations

import dataclasses
import math
import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..data.oddities import CHANGES
from ..data.vintages import is_whole, months_covered
from ..errors import Note
from .levels import Chained, Link, chained

STATED = 0.3  # share of the typical yearly change by which a provisional figure is off, before any revision is seen
PAIRS = 4.0


def last_digit(value: float, decimals: int) -> float:
    """One step of the last digit of a number with so many digits after the point; of a round whole number, its zeros.

    >>> last_digit(2.7, 1), last_digit(2.7, 2), last_digit(13, 0), last_digit(1100, 0)
    (0.1, 0.01, 1.0, 100.0)
    """
    whole = f"{abs(value):.0f}"
    zeros = len(whole) - len(whole.rstrip("0")) if not decimals and value else 0
    return float(f"1e{zeros - decimals}")


def last_step(row: pd.Series) -> float:
    """One step of the last digit of a published figure: a row with `value` and `decimals`.

    >>> last_step(pd.Series({"value": 2.5, "decimals": 2}))
    0.01
    """
    return last_digit(float(row["value"]), int(row["decimals"]))


@dataclass(frozen=True)
class Shares:
    """Typical revision of a provisional figure over the typical yearly change of its series, by what it measures."""

    level: float = STATED
    change: float = STATED

    def of(self, measure: str) -> float:
        """The share for one measure of the data contract.

        >>> Shares(0.6, 0.3).of("change_pct")
        0.3
        """
        return self.change if measure in CHANGES else self.level


_remembered: dict[
    int, tuple[weakref.ref[pd.DataFrame], Shares]
] = {}  # of tables still in use, which never change


def revision_shares(observations: pd.DataFrame) -> Shares:
    """Typical revisions in the table of a loaded package; STATED where it holds none. Computed once for each table.

    >>> import qcity_analysis as qc
    >>> shares = revision_shares(qc.load().observations)
    >>> 0.2 < shares.change < shares.level < 1.0
    True
    """
    held = _remembered.get(id(observations))
    if held is not None and held[0]() is observations:
        return held[1]
    found = _revisions(observations)
    for key in [key for key, (table, _) in _remembered.items() if table() is None]:
        del _remembered[key]
    _remembered[id(observations)] = (weakref.ref(observations), found)
    return found


def _revisions(observations: pd.DataFrame) -> Shares:
    annual = observations[is_whole(observations["period"])]
    annual = annual.sort_values(["known_from", "row"], kind="stable")
    series = list(zip(*(annual[name] for name in ("indicator_id", "region", "measure")), strict=True))
    vintages = [
        _Vintage(*cells)
        for cells in zip(
            *(annual[name] for name in ("period", "base_period", "year", "value", "qualifier", "status")),
            annual["known_from"],
            strict=True,
        )
    ]
    squares: dict[bool, list[float]] = {True: [], False: []}
    for name in sorted({name for name, one in zip(series, vintages, strict=True) if one.provisional}):
        mine = [one for found, one in zip(series, vintages, strict=True) if found == name]
        newest = {one.figure: one for one in mine}
        first: dict[tuple[str, int | None], _Vintage] = {}
        for one in mine:
            if one.provisional:
                first.setdefault(one.figure, one)
        pairs = [(one, newest[figure]) for figure, one in first.items()]
        pairs = [(one, later) for one, later in pairs if later.known_from > one.known_from]
        if not pairs:
            continue
        scale = typical_size(pd.DataFrame(newest.values()), str(name[2]))
        if scale > 0:
            squares[name[2] in CHANGES] += [((later.value - one.value) / scale) ** 2 for one, later in pairs]
    level, change = (
        math.sqrt((PAIRS * STATED**2 + sum(seen)) / (PAIRS + len(seen)))
        for seen in (squares[False], squares[True])
    )
    return Shares(level, change)


class _Vintage(NamedTuple):
    """One figure of a whole year as published on one day."""

    period: str
    base_period: int | None
    year: int
    value: float
    qualifier: str
    status: str
    known_from: pd.Timestamp

    @property
    def figure(self) -> tuple[str, int | None]:
        """What it is a figure of, within its series."""
        return self.period, self.base_period

    @property
    def provisional(self) -> bool:
        """Whether it is not final."""
        return self.status in ("preliminary", "estimate")


def typical_size(rows: pd.DataFrame, measure: str) -> float:
    """Typical size of a yearly change in the unit of one measure's figures; NaN when it cannot be told.

    For levels the median absolute change per √year; for changes the median absolute figure.

    >>> rows = pd.DataFrame({"year": [2020, 2021, 2022], "value": [-3.0, -2.0, -4.0], "qualifier": "="})
    >>> typical_size(rows, "change_pct"), typical_size(rows, "level")
    (3.0, 1.5)
    """
    rows = rows[rows["qualifier"].isin(["=", "~"])].sort_values("year")
    if measure in CHANGES:
        return float(np.median(np.abs(rows["value"]))) if len(rows) else math.nan
    if len(rows) < 2:
        return math.nan
    years = np.maximum(np.diff(rows["year"].to_numpy(float)), 1.0)
    return float(np.median(np.abs(np.diff(rows["value"].to_numpy(float))) / np.sqrt(years)))


def standard_errors(used: pd.DataFrame, shares: Shares) -> pd.Series:
    """Standard error of each figure in its own unit (index as `used`; 0 for a final figure without `~`).

    `used` are the figures of one series; `shares` is `revision_shares`. A cumulative change may be off by as much as a
    yearly one; where the typical change is unknown, one step of the last digit stands for it.

    >>> rows = pd.DataFrame({"year": [2020, 2021, 2022], "value": [2.5, 2.6, 2.7], "qualifier": ["=", "=", "~"],
    ...                      "status": ["final", "final", "preliminary"], "measure": "level", "decimals": 1})
    >>> standard_errors(rows, Shares(level=0.5)).round(3).tolist()
    [0.0, 0.0, 0.076]
    """
    final = ~used["status"].isin(["preliminary", "estimate"])
    if (final & (used["qualifier"] != "~")).all():
        return pd.Series(0.0, used.index)
    typed = zip(used["value"], used["decimals"], strict=True)
    steps = pd.Series([last_digit(float(value), int(digits)) for value, digits in typed], used.index)
    about = (used["qualifier"] == "~") * steps / math.sqrt(3)
    yearly = used[used["measure"] != "cumulative_change_pct"]
    sizes = {name: typical_size(rows, str(name)) for name, rows in yearly.groupby("measure")}
    sizes.setdefault("cumulative_change_pct", sizes.get("change_pct", math.nan))
    scale = used["measure"].map(sizes).astype(float)
    scale = scale.where(scale > 0, steps)
    share = used["measure"].map(shares.of).astype(float)
    revised = ~final * share * scale
    return np.sqrt(about**2 + revised**2)


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


LEVELS = ("level", "count_total")


@dataclass(frozen=True)
class Evidence:
    """What is known in part, in the unit of the levels.

    Attributes: `lower`, `upper` (year to bound), `noisy` (year to standard error), `shared` (errors several years
    share: year to size), `estimates` (see `partialyears`), `bounds` (rows with a bound, with `level`, the bound as a
    level, NaN where it is in another unit), `reasons` (label of each row that says nothing to its reason),
    `contradicted` (periods whose bound does not agree with the level or the other bound).
    """

    lower: dict[int, float]
    upper: dict[int, float]
    noisy: dict[int, float]
    shared: tuple[dict[int, float], ...]
    estimates: pd.DataFrame
    bounds: pd.DataFrame
    reasons: dict[Any, str]
    contradicted: list[str]

    def notes(self, found: Chained, used: pd.DataFrame, shares: Shares) -> list[Note]:
        """What a reader must be told of it, with `shares` from `uncertainty.revision_shares`."""
        notes = []
        kept = {*self.lower, *self.upper}
        periods = [
            str(p) for p, y in zip(self.bounds["period"], self.bounds["year"], strict=True) if y in kept
        ]
        if periods and len(found.values):
            notes.append(Note("bounds_kept", {"periods": list(dict.fromkeys(periods))}))
        elif periods:
            notes.append(Note("bounds", {"periods": list(dict.fromkeys(periods))}))
        if self.contradicted:
            notes.append(Note("bound_contradicted", {"periods": self.contradicted}))
        about = list(used.loc[used["qualifier"] == "~", "period"])
        if about:
            notes.append(Note("approximate", {"periods": about}))
        provisional = used[used["status"].isin(["preliminary", "estimate"])]
        if len(provisional):
            share = f"{100 * max(shares.of(measure) for measure in provisional['measure']):.0f}"
            notes.append(Note("provisional", {"periods": list(provisional["period"]), "share": share}))
        for row in self.estimates.itertuples():
            facts = {"period": row.period, "months": row.months, "year": row.year}
            facts |= {"value": f"{row.published_value:.12g}", "estimate": f"{row.value:.4g}"}
            code = "stock_within_year" if row.timing == "stock" else "year_to_date"
            notes.append(Note(code, facts | {"error": f"{row.error:.2g}"}))
        if found.above:
            notes.append(Note("above_100", {"periods": [str(year) for year in found.above]}))
        if len(found.later):
            years = [str(found.later.index[0]), str(found.later.index[-1])]
            notes.append(Note("unlinked_later", {"start": years[0], "end": years[1]}))
        return notes


def links_of(used: pd.DataFrame, base_year: int | None) -> list[Link]:
    """The published changes among the figures used, each with the label of its row.

    A cumulative change without a base of its own is read on `base_year`, and left out where that is None.

    >>> rows = pd.DataFrame({"year": [2021], "measure": ["change_pct"], "value": [-3.0], "base_period": [pd.NA]})
    >>> links_of(rows, None)[0].start
    2020
    """
    links = []
    for label, row in used[used["measure"].isin(CHANGES)].iterrows():
        start = _start(row, base_year)
        if start is not None and start < int(row["year"]):
            links.append(Link(start, int(row["year"]), float(row["value"]), label))
    return links


def evidence_of(
    found: Chained,
    seed: dict[int, float],
    links: list[Link],
    used: pd.DataFrame,
    bounds: pd.DataFrame,
    partial: pd.DataFrame,
    shares: Shares,
    timing: str,
    base_year: int | None,
    prefer: str,
) -> Evidence:
    """What is known in part of a series, given its levels (`found`, made from `seed` and `links`).

    `used`, `bounds` and `partial` are its figures of whole years, its bounds and its figures of parts of years;
    `shares` and `timing` are explained in `uncertainty` and `partialyears`.
    """
    errors = standard_errors(used, shares)
    noisy, shared = _errors(found, seed, links, used, errors[errors > 0], base_year, prefer)
    lower, upper, bounds, reasons, contradicted = _bounded(found, bounds, base_year)
    told, spare, passed = estimates(_same_unit(partial, found), found.values, timing)
    reasons |= dict.fromkeys(partial.index.difference(_same_unit(partial, found).index), "year_to_date_other")
    reasons |= spare | dict.fromkeys(passed, "year_to_date_known")
    held = {*_all(found).dropna().index, *found.later.dropna().index, *found.above}
    reasons |= {link.label: "apart" for link in links if link.start not in held and link.end not in held}
    return Evidence(lower, upper, noisy, shared, told, bounds, reasons, contradicted)


def _start(row: pd.Series, base_year: int | None) -> int | None:
    """The year a published change is measured against."""
    if row["measure"] == "change_pct":
        return int(row["year"]) - 1
    return base_year if pd.isna(row["base_period"]) else int(row["base_period"])


def _errors(
    found: Chained,
    seed: dict[int, float],
    links: list[Link],
    used: pd.DataFrame,
    errors: pd.Series,
    base_year: int | None,
    prefer: str,
) -> tuple[dict[int, float], tuple[dict[int, float], ...]]:
    """What one standard error of each uncertain figure does to the levels: found by chaining them again.

    An error that moves one level only is that level's own; one that moves several is shared by them.
    """
    before = _all(found)
    squares: dict[int, float] = {}
    shared = []
    for label, error in errors.items():
        row = used.loc[label]
        if row["measure"] in LEVELS:
            moved = chained(seed | {int(row["year"]): float(row["value"]) + error}, links, base_year, prefer)
        else:
            bent = [
                dataclasses.replace(link, percent=link.percent + error) if link.label == label else link
                for link in links
            ]
            moved = chained(seed, bent, base_year, prefer)
        effect = (_all(moved) - before).dropna()
        effect = effect[effect.abs() > 1e-9 * before.abs().max()]
        if len(effect) == 1:
            year = int(effect.index[0])
            squares[year] = squares.get(year, 0.0) + float(effect.iloc[0]) ** 2
        elif len(effect):
            shared.append({int(year): float(size) for year, size in effect.items()})
    return {year: math.sqrt(square) for year, square in squares.items()}, tuple(shared)


def _all(found: Chained) -> pd.Series:
    return pd.concat([found.earlier, found.values]) if len(found.earlier) else found.values


def _bounded(
    found: Chained, rows: pd.DataFrame, base_year: int | None
) -> tuple[dict[int, float], dict[int, float], pd.DataFrame, dict[Any, str], list[str]]:
    """The tightest bounds of years without a level; the rows with a bound as a level; those that say nothing."""
    levels, reasons = [], {}
    for label, row in rows.iterrows():
        levels.append(_bound_as_level(row, found, base_year))
        if row["measure"] in CHANGES and math.isnan(levels[-1]):
            reasons[label] = "bound_on_change"
    rows = rows.assign(level=levels)
    lower: dict[int, float] = {}
    upper: dict[int, float] = {}
    contradicted = []
    for row in rows[rows["level"].notna()].itertuples():
        known = found.values.get(row.year, math.nan)
        if not math.isnan(known):
            if (known < row.level) if row.qualifier == ">=" else (known > row.level):
                contradicted.append(str(row.period))
        elif row.qualifier == ">=":
            lower[int(row.year)] = max(float(row.level), lower.get(int(row.year), -math.inf))
        else:
            upper[int(row.year)] = min(float(row.level), upper.get(int(row.year), math.inf))
    for year in sorted(lower.keys() & upper.keys()):
        if lower[year] >= upper[year]:
            del lower[year], upper[year]
            contradicted.append(str(year))
    return lower, upper, rows.drop(index=list(reasons)), reasons, contradicted


def _bound_as_level(row: pd.Series, found: Chained, base_year: int | None) -> float:
    """The bound in the unit of the levels; NaN where it is in another unit or on a change from an unknown level."""
    if len(found.earlier) and int(row["year"]) < found.values.index[0]:
        return math.nan  # the older stretches have a unit of their own
    if row["measure"] in LEVELS:
        return float(row["value"]) if found.root is None else math.nan
    start = _start(row, base_year)
    base = found.values.get(start, math.nan) if start is not None and start < int(row["year"]) else math.nan
    return float(base) * (1 + float(row["value"]) / 100)


def _same_unit(partial: pd.DataFrame, found: Chained) -> pd.DataFrame:
    """Figures of parts of years that can be put beside the levels."""
    rows = partial
    if found.root is not None:
        rows = rows[rows["measure"].isin(CHANGES)]
    if len(found.earlier):
        rows = rows[rows["year"] >= found.values.index[0]]
    return rows

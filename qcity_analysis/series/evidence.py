"""What the published figures of one series say in part: bounds, errors of levels, estimates of unfinished years.

Everything is put in the unit of the annual levels, so that a forecast can take it as it is. Nothing here is a level.

How far a figure that is not final may be from the one that will be, as a standard error:
- `~` ("about 2.7"): anything within one step of the last digit printed, error step / √3.
- `preliminary` and `estimate`: a part of the typical yearly change, learned, for levels and for changes apart, from the
  revisions known by the day of the data: the root mean square of (revised − first) / typical yearly change over all
  figures first published as preliminary or estimate, with STATED counting as PAIRS of them.

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
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..data.schema import CHANGES, MEASURES
from ..data.vintages import is_whole, months_covered
from ..errors import Note
from .levels import Chained, Levels, Link

LEVELS = ("level", "count_total")
PROVISIONAL = ["preliminary", "estimate"]
STATED = 0.3  # share of the typical yearly change by which a provisional figure is off, before any revision is seen
PAIRS = 4.0
LEARNED = 2.0  # earlier pairs of year-to-date and annual figure that weigh as much as the starting value
ESTIMATES = ["year", "months", "value", "error", "period", "measure", "published_value", "timing"]


# by the table's id, as long as the table is in use; a loaded table never changes
_remembered: dict[int, tuple[weakref.ref[pd.DataFrame], dict[str, float]]] = {}


def typical_revisions(observations: pd.DataFrame) -> dict[str, float]:
    """Typical revision of a provisional figure over the typical yearly change of its series, by measure; STATED where
    the table of a loaded package holds none. Computed once for each table.
    """
    key = id(observations)
    if key not in _remembered:
        table = weakref.ref(observations, lambda _: _remembered.pop(key, None))
        _remembered[key] = table, _learned_revisions(observations)
    return _remembered[key][1]


def _learned_revisions(observations: pd.DataFrame) -> dict[str, float]:
    """Typical revisions by measure, from the figures first published as provisional and revised since."""
    series = ["indicator_id", "region", "measure"]
    figure = [*series, "period", "base_period"]
    annual = observations[is_whole(observations["period"])].sort_values(["known_from", "row"], kind="stable")
    first = annual[annual["status"].isin(PROVISIONAL)].drop_duplicates(figure)
    annual = annual.merge(first[series].drop_duplicates(), on=series)
    cells = ["year", "value", "qualifier", "known_from"]
    newest = annual.groupby(figure, sort=False, dropna=False)[cells].last().reset_index()
    both = first.merge(newest, on=figure, suffixes=("_first", ""))
    both = both[both["known_from"] > both["known_from_first"]]
    squares: dict[bool, list[float]] = {False: [], True: []}
    for name, rows in both.groupby(series):
        scale = _typical_size(newest.groupby(series).get_group(name), str(name[2]))
        if scale > 0:
            off = (rows["value"] - rows["value_first"]) / scale
            squares[name[2] in CHANGES] += [one**2 for one in off.tolist()]
    level, change = (
        math.sqrt((PAIRS * STATED**2 + sum(seen)) / (PAIRS + len(seen))) for seen in squares.values()
    )
    return {measure: change if measure in CHANGES else level for measure in MEASURES}


def _typical_size(rows: pd.DataFrame, measure: str) -> float:
    """Typical size of a yearly change in the unit of one measure's figures; NaN when unknown."""
    rows = rows[rows["qualifier"].isin(["=", "~"])].sort_values("year")
    if measure in CHANGES:
        return float(np.median(np.abs(rows["value"]))) if len(rows) else math.nan
    return _typical_change(rows["value"].set_axis(rows["year"]))[1]


def _typical_change(levels: pd.Series) -> tuple[float, float]:
    """Median yearly change of levels (index year), and its typical size, the median absolute change per √year, as a
    random walk over a gap moves with its root; NaN when unknown.
    """
    if len(levels) < 2:
        return math.nan, math.nan
    years = np.maximum(np.diff(levels.index.to_numpy(float)), 1.0)
    change = np.diff(levels.to_numpy(float))
    return float(np.median(change / years)), float(np.median(np.abs(change) / np.sqrt(years)))


def standard_errors(used: pd.DataFrame, revisions: dict[str, float]) -> pd.Series:
    """Standard error of each figure of one series in its own unit (index as `used`; 0 for a final figure without `~`).

    A cumulative change may be off by as much as a yearly one; where the typical change is unknown, one step of the
    last digit stands for it.
    """
    final, about = ~used["status"].isin(PROVISIONAL), used["qualifier"] == "~"
    if (final & ~about).all():
        return pd.Series(0.0, used.index)
    steps = pd.Series([_last_step(row) for _, row in used.iterrows()], used.index)
    yearly = used[used["measure"] != "cumulative_change_pct"]
    sizes = {name: _typical_size(rows, str(name)) for name, rows in yearly.groupby("measure")}
    sizes.setdefault("cumulative_change_pct", sizes.get("change_pct", math.nan))
    scale = used["measure"].map(sizes).astype(float)
    revised = ~final * used["measure"].map(revisions).astype(float) * scale.where(scale > 0, steps)
    return np.sqrt((about * steps / math.sqrt(3)) ** 2 + revised**2)


@dataclass(frozen=True)
class Evidence:
    """What is known of years in part, in the unit of the levels: handed whole to `forecast`.

    Attributes: `lower` and `upper` (bounds by year), `noisy` (standard error of the level by year), `shared` (errors
    that several years share: year to size), `estimates` (value and standard error by year without a level).

    >>> bool(Evidence()), Evidence(lower={2024: 96.0}, estimates={2025: (97.0, 0.5)}).years()
    (False, {2024, 2025})
    """

    lower: Mapping[int, float] = field(default_factory=dict)
    upper: Mapping[int, float] = field(default_factory=dict)
    noisy: Mapping[int, float] = field(default_factory=dict)
    shared: Sequence[Mapping[int, float]] = ()
    estimates: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is known beside the levels."""
        return bool(self.lower or self.upper or self.noisy or self.shared or self.estimates)

    def years(self) -> set[int]:
        """Years without a level of which something is known."""
        return {*self.lower, *self.upper, *self.estimates}


@dataclass(frozen=True)
class Readings:
    """What the published figures of one series say in part, with the rows that say it.

    Attributes: `lower`, `upper`, `noisy` and `shared` as in `Evidence`; `bounds` (rows with a bound, with `level`, the
    bound as a level, NaN where it is in another unit), `contradicted` (periods whose bound disagrees with the level or
    the other bound), `reasons` (label of each row that says nothing to its reason), `estimates` (see `_estimates`).
    """

    lower: Levels
    upper: Levels
    bounds: pd.DataFrame
    contradicted: list[str]
    reasons: dict[Any, str]
    noisy: Levels = field(default_factory=dict)
    shared: tuple[Levels, ...] = ()
    estimates: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[Note, ...] = ()


def evidence_of(
    chain: Chained, again: Callable[[Levels, list[Link]], Chained], seed: Levels, links: list[Link], *,
    used: pd.DataFrame, bounds: pd.DataFrame, partial: pd.DataFrame, observations: pd.DataFrame, timing: str,
    base_year: int | None,
) -> Readings:  # fmt: skip
    """What is known in part of a series, given its levels: `chain`, made from `seed` and `links` as `again` does.

    `used`, `bounds` and `partial` are its figures of whole years, bounds and parts of years; typical revisions are
    learned from `observations`, the whole table; `timing` is the indicator's (see above).
    """
    provisional = used["status"].isin(PROVISIONAL).any()
    revisions = typical_revisions(observations) if provisional else dict.fromkeys(MEASURES, STATED)
    part = _bounded(bounds, chain, base_year)
    noisy, shared = _errors_of_levels(chain, again, seed, links, used, standard_errors(used, revisions))
    estimates, silent = _estimates(partial, chain, timing)
    known = {*chain.above}.union(*(one.dropna().index for one in (chain.all, *chain.newer)))
    apart = {link.label: "apart" for link in links if link.start not in known and link.end not in known}
    reasons = part.reasons | silent | apart
    part = replace(part, noisy=noisy, shared=shared, estimates=estimates, reasons=reasons)
    return replace(part, notes=tuple(_notes(part, chain, used, revisions)))


def _notes(part: Readings, chain: Chained, used: pd.DataFrame, revisions: dict[str, float]) -> list[Note]:
    """What a reader must be told of it."""
    bounded = part.bounds[part.bounds["year"].isin({*part.lower, *part.upper})]
    provisional = used[used["status"].isin(PROVISIONAL)]
    periods = {
        "bounds_kept" if len(chain.values) else "bounds": list(dict.fromkeys(bounded["period"].astype(str))),
        "bound_contradicted": part.contradicted,
        "approximate": list(used.loc[used["qualifier"] == "~", "period"]),
    }
    notes = [Note(code, {"periods": listed}) for code, listed in periods.items() if listed]
    if len(provisional):
        percent = f"{100 * max(revisions[measure] for measure in provisional['measure']):.0f}"
        notes.append(Note("provisional", {"periods": list(provisional["period"]), "share": percent}))
    for row in part.estimates.itertuples():
        values = {"period": row.period, "months": row.months, "year": row.year}
        values |= {"value": f"{row.published_value:.12g}", "estimate": f"{row.value:.4g}"}
        code = "stock_within_year" if row.timing == "stock" else "year_to_date"
        notes.append(Note(code, values | {"error": f"{row.error:.2g}"}))
    if chain.above:
        notes.append(Note("above_100", {"periods": [str(year) for year in chain.above]}))
    if chain.newer:
        ends = {"start": str(chain.newer[0].index[0]), "end": str(chain.newer[-1].index[-1])}
        notes.append(Note("unlinked_later", ends))
    return notes


def new_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of new items, one row a year: the whole year, else the year to date with the most months.

    `rows` are the vintages that stand. A number stands before a bound of the same months, and before a bound of the
    whole year that says less. Returns the columns of `rows`, `months` (the exposure) and `count`.
    """
    rows = rows[rows["measure"] == "count_new"]
    months = [months_covered(period) for period in rows["period"]]
    rows = rows.assign(months=months, count=rows["value"], number=~rows["qualifier"].isin([">=", "<="]))
    rows = rows.sort_values(["year", "months", "number"], kind="stable")
    last = rows.drop_duplicates("year", keep="last")
    if not last["number"].all():
        least = last.loc[last["qualifier"] == ">="].set_index("year")["count"]
        more = rows[rows["number"] & (rows["count"] >= rows["year"].map(least))]
        last = pd.concat([last, more]).drop_duplicates("year", keep="last").sort_values("year")
    return last.drop(columns="number").reset_index(drop=True)


def _estimates(rows: pd.DataFrame, chain: Chained, timing: str) -> tuple[pd.DataFrame, dict[Any, str]]:
    """Estimates of annual levels from year-to-date `rows`, for the years without one: a frame of ESTIMATES (value and
    standard error in the unit of the levels), and the reason for each row not used (label to code).
    """
    usable, levels = rows, chain.values
    if chain.root is not None:
        usable = usable[usable["measure"].isin(CHANGES)]
    if chain.older:
        usable = usable[usable["year"] >= levels.index[0]]
    made, known, unclear = [], [], {}
    for label, row in usable.sort_values(["year", "period"]).iterrows():
        year, months, measure = int(row["year"]), months_covered(str(row["period"])), row["measure"]
        if not math.isnan(levels.get(year, math.nan)):
            known.append(label)
        elif isinstance(estimate := _estimate(row, months, levels, timing, usable), str):
            unclear[label] = estimate
        else:
            how = "stock" if measure == "count_total" else timing if measure == "level" else "average"
            made.append((year, months, *estimate, row["period"], measure, float(row["value"]), how, label))
    table = pd.DataFrame(made, columns=[*ESTIMATES, "label"])
    table = table.sort_values(["year", "months"], kind="stable")
    older = table[table.duplicated("year", keep="last")]
    reasons: dict[Any, str] = dict.fromkeys(rows.index.difference(usable.index), "year_to_date_other")
    reasons |= unclear | dict.fromkeys(older["label"], "year_to_date_older")
    reasons |= dict.fromkeys(known, "year_to_date_known")
    return table.drop(older.index).reset_index(drop=True), reasons


def _estimate(
    row: pd.Series, months: int, levels: pd.Series, timing: str, rows: pd.DataFrame
) -> tuple[float, float] | str:
    """Value and standard error of the annual level (a step of its last digit where nothing ever moved), or why not."""
    year, value, measure, rest = int(row["year"]), float(row["value"]), row["measure"], 1 - months / 12
    if row["qualifier"] in (">=", "<="):
        return "year_to_date_bound"
    if measure == "level" and timing not in ("average", "total", "stock"):
        return "year_to_date_timing"
    middle, size = _typical_change(levels.dropna())
    if math.isnan(size):
        return "year_to_date_no_scale"
    if measure == "change_pct":
        before = levels.get(year - 1, math.nan)
        if math.isnan(before):
            return "year_to_date_unlinked"
        change = before * value / 100
        size = _learned(rows, row, levels, max(size, abs(change) / 2))
        return before + change, size * rest or abs(before) * _last_step(row) / 100
    if measure not in LEVELS:
        return "year_to_date_other"
    if measure == "count_total" or timing == "stock":
        error = max(size, abs(middle) / 4) * math.sqrt(rest)
        return value + rest * middle, error or _last_step(row)
    scale = 12 / months if timing == "total" else 1.0
    earlier = levels[levels.index < year].dropna()
    moved = abs(value * scale - float(earlier.iloc[-1])) if len(earlier) else 0.0
    size = _learned(rows, row, levels, max(size, moved / 2), scale)
    return value * scale, size * rest or _last_step(row)


def _learned(
    rows: pd.DataFrame, row: pd.Series, levels: pd.Series, start: float, scale: float = 1.0
) -> float:
    """Root mean square of what annual levels of earlier years differed by from what the figure to the same month told
    of them (`scale` times the figure, or the change from the year before), per share of the year not covered; `start`
    counts as LEARNED of them.
    """
    months, squares = months_covered(str(row["period"])), []
    same = rows[(rows["measure"] == row["measure"]) & rows["qualifier"].isin(["=", "~"])]
    for year, period, value in zip(same["year"], same["period"], same["value"], strict=True):
        by_change = row["measure"] == "change_pct"
        told = levels.get(year - 1, math.nan) * (1 + value / 100) if by_change else value * scale
        off = (levels.get(year, math.nan) - told) / (1 - months / 12)
        if months_covered(str(period)) == months and not math.isnan(off):
            squares.append(off**2)
    return math.sqrt((LEARNED * start**2 + sum(squares)) / (LEARNED + len(squares)))


def _last_step(row: pd.Series) -> float:
    """One step of the last digit of a published figure: 0.1 for 2.7, 100 for the round whole number 1100."""
    value, decimals = float(row["value"]), int(row["decimals"])
    whole = f"{abs(value):.0f}"
    zeros = len(whole) - len(whole.rstrip("0")) if not decimals and value else 0
    return float(f"1e{zeros - decimals}")


def links_of(used: pd.DataFrame, base_year: int | None) -> list[Link]:
    """The published changes among the figures used; a cumulative one without its own base is read on `base_year`."""
    rows = used[used["measure"].isin(CHANGES)]
    return [
        Link(start, int(row["year"]), float(row["value"]), label)
        for label, row in rows.iterrows()
        if (start := _start(row, base_year)) is not None
    ]


def _start(row: pd.Series, base_year: int | None) -> int | None:
    """The year that a published change is measured against; None where it is not an earlier one."""
    year = int(row["year"])
    if row["measure"] == "change_pct":
        return year - 1
    start = base_year if pd.isna(row["base_period"]) else int(row["base_period"])
    return start if start is not None and start < year else None


def _errors_of_levels(
    chain: Chained, again: Callable[[Levels, list[Link]], Chained], seed: Levels, links: list[Link],
    used: pd.DataFrame, errors: pd.Series,
) -> tuple[Levels, tuple[Levels, ...]]:  # fmt: skip
    """What one standard error of each uncertain figure does to the levels, by chaining them again: the standard error
    by year of errors that move one level only; the size by year of each error that moves several.
    """
    before, squares, shared = chain.all, dict[int, float](), []
    least = 1e-9 * before.abs().max()
    for label, error in errors[errors > 0].items():
        row = used.loc[label]
        if row["measure"] in LEVELS:
            moved = again(seed | {int(row["year"]): float(row["value"]) + error}, links)
        else:
            bent = [replace(link, percent=link.percent + error * (link.label == label)) for link in links]
            moved = again(seed, bent)
        effect = (moved.all - before).dropna()
        effect = effect[effect.abs() > least]
        if len(effect) == 1:
            year = int(effect.index[0])
            squares[year] = squares.get(year, 0.0) + float(effect.iloc[0]) ** 2
        elif len(effect):
            shared.append({int(year): float(size) for year, size in effect.items()})
    return {year: math.sqrt(square) for year, square in squares.items()}, tuple(shared)


def _bounded(rows: pd.DataFrame, chain: Chained, base_year: int | None) -> Readings:
    """What published `rows` with a bound say of years without a level."""

    def as_level(row: pd.Series) -> float:
        if chain.older and int(row["year"]) < chain.values.index[0]:
            return math.nan  # the older stretches have a unit of their own
        if row["measure"] in LEVELS:
            return float(row["value"]) if chain.root is None else math.nan
        base = chain.values.get(_start(row, base_year), math.nan)
        return float(base) * (1 + float(row["value"]) / 100)

    rows = rows.assign(level=[as_level(row) for _, row in rows.iterrows()])
    silent = rows["measure"].isin(CHANGES) & rows["level"].isna()
    lower: Levels = {}
    upper: Levels = {}
    contradicted = []
    for row in rows[rows["level"].notna()].itertuples():
        year, level, least = int(row.year), float(row.level), row.qualifier == ">="
        known = chain.values.get(year, math.nan)
        if not math.isnan(known):
            if (known < level) if least else (known > level):
                contradicted.append(str(row.period))
        elif least:
            lower[year] = max(level, lower.get(year, -math.inf))
        else:
            upper[year] = min(level, upper.get(year, math.inf))
    for year in sorted(lower.keys() & upper.keys()):
        if lower[year] >= upper[year]:
            del lower[year], upper[year]
            contradicted.append(str(year))
    reasons = dict.fromkeys(rows.index[silent], "bound_on_change")
    return Readings(lower, upper, rows[~silent], contradicted, reasons)

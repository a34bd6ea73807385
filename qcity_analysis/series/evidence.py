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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.schema import CHANGES, MEASURES
from ..data.vintages import is_whole, months_covered
from ..errors import Note
from .levels import Chained, Levels, Link

LEVELS = ("level", "count_total")
PROVISIONAL = ["preliminary", "estimate"]
STATED = 0.3  # share of the typical yearly change by which a provisional figure is off, before any revision is seen
PAIRS = 4.0
LEARNED = 2.0  # earlier pairs of year-to-date and annual figure that weigh as much as the starting value


def typical_revisions(data: Data) -> dict[str, float]:
    """Typical revision of a provisional figure over the typical yearly change of its series, by measure, from the
    figures first published as provisional and revised since; STATED where there are none. Computed once of the data.
    """
    if "revisions" in data.computed:
        return data.computed["revisions"]
    observations = data.observations
    series = ["indicator_id", "region", "measure"]
    figure = [*series, "period", "base_period"]
    cells = [*figure, "year", "value", "qualifier", "known_from", "row", "status"]
    annual = observations.loc[is_whole(observations["period"]), cells]
    annual = annual.sort_values(["known_from", "row"], kind="stable")
    first = annual[annual["status"].isin(PROVISIONAL)].drop_duplicates(figure)
    newest = annual.merge(first[series].drop_duplicates(), on=series).drop_duplicates(figure, keep="last")
    both = first.merge(newest, on=figure, suffixes=("_first", ""))
    both = both[both["known_from"] > both["known_from_first"]]
    sizes = {name: _typical_size(rows, str(name[2])) for name, rows in newest.groupby(series)}
    squares: dict[bool, list[float]] = {False: [], True: []}
    for name, rows in both.groupby(series):
        if (scale := sizes[name]) > 0:
            off = (rows["value"] - rows["value_first"]) / scale
            squares[name[2] in CHANGES] += [one**2 for one in off.tolist()]
    spread = {kind: math.sqrt((PAIRS * STATED**2 + sum(s)) / (PAIRS + len(s))) for kind, s in squares.items()}
    learned = {measure: spread[measure in CHANGES] for measure in MEASURES}
    return data.computed.setdefault("revisions", learned)


def _typical_size(rows: pd.DataFrame, measure: str) -> float:
    """Typical size of a yearly change in the unit of one measure's figures; NaN when unknown."""
    number = rows["qualifier"].isin(["=", "~"]).to_numpy()
    levels = pd.Series(rows["value"].to_numpy(float)[number], rows["year"].to_numpy()[number])
    if measure in CHANGES:
        return float(np.median(np.abs(levels))) if len(levels) else math.nan
    return _typical_change(levels.sort_index())[1]


def _typical_change(levels: pd.Series) -> tuple[float, float]:
    """Median yearly change, and its typical size per √year (as a random walk moves); NaN when unknown."""
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

    def __or__(self, other: Evidence) -> Evidence:
        """What both know; where both know something of a year, what `other` says."""
        lower, upper = {**self.lower, **other.lower}, {**self.upper, **other.upper}
        noisy, shared = {**self.noisy, **other.noisy}, (*self.shared, *other.shared)
        return Evidence(lower, upper, noisy, shared, {**self.estimates, **other.estimates})

    def years(self) -> set[int]:
        """Years without a level of which something is known."""
        return {*self.lower, *self.upper, *self.estimates}

    def moved(self, ratio: float, level: Callable[[float], float], before: float = math.inf) -> Evidence:
        """Bounds and estimates of the years `before` a year as `level` makes them, errors at `ratio` their size."""

        def kept(one: Mapping[int, float], moved: Callable[[float], float]) -> Levels:
            return {year: moved(value) for year, value in one.items() if year < before}

        lower, upper = kept(self.lower, level), kept(self.upper, level)
        noisy, *shared = (kept(one, lambda size: size * ratio) for one in (self.noisy, *self.shared))
        estimates = {y: (level(at), e * ratio) for y, (at, e) in self.estimates.items() if y < before}
        return Evidence(lower, upper, noisy, tuple(filter(None, shared)), estimates)


def evidence_of(
    chain: Chained, again: Callable[[Levels, list[Link]], Chained], seed: Levels, links: list[Link], *,
    used: pd.DataFrame, bounds: pd.DataFrame, partial: pd.DataFrame, data: Data, timing: str,
    base_year: int | None,
) -> tuple[Evidence, pd.DataFrame, dict[Any, str], list[Note]]:  # fmt: skip
    """What is known in part of a series, given its levels: `chain`, made from `seed` and `links` as `again` does; the
    rows with a bound, with its `level` (NaN in another unit); why rows say nothing, by label; and notes.

    `used`, `bounds` and `partial` are its figures of whole years, bounds and parts of years; typical revisions are
    learned from all figures of `data`; `timing` is the indicator's (see above).
    """
    provisional = used[used["status"].isin(PROVISIONAL)]
    revisions = typical_revisions(data) if len(provisional) else dict.fromkeys(MEASURES, STATED)
    lower, upper, bounds, reasons, contradicted = _bounded(bounds, chain, base_year)
    noisy, shared = _errors_of_levels(chain, again, seed, links, used, standard_errors(used, revisions))
    estimates, silent, of_estimates = _estimates(partial, chain, timing)
    known = {*chain.above}.union(*(one.dropna().index for one in (chain.all, *chain.newer)))
    apart = {link.label: "apart" for link in links if link.start not in known and link.end not in known}
    bounded = bounds.loc[bounds["year"].isin({*lower, *upper}), "period"]
    periods = {
        "bounds_kept" if len(chain.values) else "bounds": list(dict.fromkeys(bounded.astype(str))),
        "bound_contradicted": contradicted,
        "approximate": list(used.loc[used["qualifier"] == "~", "period"]),
    }
    notes = [Note(code, {"periods": listed}) for code, listed in periods.items() if listed]
    if len(provisional):
        percent = f"{100 * max(revisions[measure] for measure in provisional['measure']):.0f}"
        notes.append(Note("provisional", {"periods": list(provisional["period"]), "share": percent}))
    notes += of_estimates
    if chain.above:
        notes.append(Note("above_100", {"periods": [str(year) for year in chain.above]}))
    if chain.newer:
        ends = {"start": str(chain.newer[0].index[0]), "end": str(chain.newer[-1].index[-1])}
        notes.append(Note("unlinked_later", ends))
    return Evidence(lower, upper, noisy, shared, estimates), bounds, reasons | silent | apart, notes


def new_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of new items, one row a year: the whole year, else the year to date with the most months.

    `rows` are the vintages that stand, with the `months` they cover (the exposure). A number stands before a bound of
    the same months, and before a bound of the whole year that says less. Returns their columns and `count`.
    """
    rows = rows[rows["measure"] == "count_new"]
    if rows.empty:
        return rows.assign(count=rows["value"])
    rows = rows.assign(count=rows["value"], number=~rows["qualifier"].isin([">=", "<="]))
    rows = rows.sort_values(["year", "months", "number"], kind="stable")
    last = rows.drop_duplicates("year", keep="last")
    if not last["number"].all():
        least = last.loc[last["qualifier"] == ">="].set_index("year")["count"]
        more = rows[rows["number"] & (rows["count"] >= rows["year"].map(least))]
        last = pd.concat([last, more]).drop_duplicates("year", keep="last").sort_values("year")
    return last.drop(columns="number").reset_index(drop=True)


def _estimates(
    rows: pd.DataFrame, chain: Chained, timing: str
) -> tuple[dict[int, tuple[float, float]], dict[Any, str], list[Note]]:
    """Estimates by year without a level from year-to-date `rows`, why other rows say nothing, and notes."""
    usable, levels = rows, chain.values
    if rows.empty:
        return {}, {}, []
    if chain.root is not None:
        usable = usable[usable["measure"].isin(CHANGES)]
    if chain.older:
        usable = usable[usable["year"] >= levels.index[0]]
    made, known, unclear = [], [], {}
    for label, row in usable.sort_values(["year", "period"]).iterrows():
        year, months = int(row["year"]), months_covered(str(row["period"]))
        if not math.isnan(levels.get(year, math.nan)):
            known.append(label)
        elif isinstance(estimate := _estimate(row, months, levels, timing, usable), str):
            unclear[label] = estimate
        else:
            made.append((year, months, label, estimate, row))
    made.sort(key=lambda one: one[:2])
    newest = {one[0]: one for one in made}
    older = [label for year, _, label, *_ in made if newest[year][2] != label]
    reasons: dict[Any, str] = dict.fromkeys(rows.index.difference(usable.index), "year_to_date_other")
    reasons |= unclear | dict.fromkeys(older, "year_to_date_older")
    reasons |= dict.fromkeys(known, "year_to_date_known")
    notes = []
    for year, months, _, (value, error), row in newest.values():
        stock = row["measure"] == "count_total" or (row["measure"] == "level" and timing == "stock")
        values = {"period": row["period"], "months": months, "year": year, "value": f"{row['value']:.12g}"}
        values |= {"estimate": f"{value:.4g}", "error": f"{error:.2g}"}
        notes.append(Note("stock_within_year" if stock else "year_to_date", values))
    return {year: estimate for year, _, _, estimate, _ in newest.values()}, reasons, notes


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
    """Root mean square error a share of the year not covered, of earlier figures to the month and `start`."""
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
    rows = used[used["measure"].isin(CHANGES)].iterrows()
    links = ((label, row, _start(row, base_year)) for label, row in rows)
    return [Link(a, int(row["year"]), float(row["value"]), label) for label, row, a in links if a is not None]


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
    """What a standard error of each figure does to levels chained again: to one year's, or to several."""
    before, squares, shared = chain.all, dict[int, float](), []
    least = 1e-9 * before.abs().max()
    for label, error in errors[errors > 0].items():
        row, bent, given = used.loc[label], links, seed
        if row["measure"] in LEVELS:
            given = seed | {int(row["year"]): float(row["value"]) + error}
        else:
            bent = [replace(link, percent=link.percent + error * (link.label == label)) for link in links]
        moved = (again(given, bent).all - before).dropna()
        effect = moved[moved.abs() > least].to_dict()
        if len(effect) > 1:
            shared.append(effect)
        for year in effect if len(effect) == 1 else ():
            squares[year] = squares.get(year, 0.0) + effect[year] ** 2
    return {year: math.sqrt(square) for year, square in squares.items()}, tuple(shared)


def _bounded(
    rows: pd.DataFrame, chain: Chained, base_year: int | None
) -> tuple[Levels, Levels, pd.DataFrame, dict[Any, str], list[str]]:
    """Bounds by year, lower and upper; rows with `level`; why others say nothing; contradicted periods."""

    def as_level(row: pd.Series) -> float:
        if chain.older and int(row["year"]) < chain.values.index[0]:
            return math.nan  # the older stretches have a unit of their own
        if row["measure"] in LEVELS:
            return float(row["value"]) if chain.root is None else math.nan
        return float(chain.values.get(_start(row, base_year), math.nan)) * (1 + float(row["value"]) / 100)

    rows = rows.assign(level=np.array([as_level(row) for _, row in rows.iterrows()], dtype=float))
    if rows.empty:
        return {}, {}, rows, {}, []
    silent = rows["measure"].isin(CHANGES) & rows["level"].isna()
    lower, upper, contradicted = dict[int, float](), dict[int, float](), []
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
    return lower, upper, rows[~silent], dict.fromkeys(rows.index[silent], "bound_on_change"), contradicted

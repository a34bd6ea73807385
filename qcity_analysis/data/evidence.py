"""What the published figures of one series say in part: bounds, errors of levels, estimates of unfinished years.

Everything is put in the unit of the annual levels, so that a forecast can take it as it is. Nothing here is a level.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .chains import Chained, Link, chained
from .notes import Note
from .partialyears import estimates
from .uncertainty import CHANGES, Shares, standard_errors

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

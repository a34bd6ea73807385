"""What must hold between the tables: names that exist, units that agree, years in order, values that are possible.

Each function takes the tables by name and returns problems.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from ..errors import Problem, did_you_mean
from .schema import INPUTS, PERIOD, by_value, is_spliced, parts, rounds_of
from .vintages import same_period

Tables = dict[str, pd.DataFrame]


def check_tables(tables: Tables, today: dt.date) -> list[Problem]:
    """Every problem between the tables, in the order of the files.

    `tables` are the frames of `tables.read_table` by name; `today` is the day after which no period can start.

    >>> from qcity_analysis.data.load import read_folder
    >>> frames, problems = read_folder()
    >>> [p for p in check_tables(frames, dt.date(2030, 1, 1)) if p.level == "error"]
    []
    """
    checks: tuple[Callable[[Tables], list[Problem]], ...] = (
        _references,
        _comparators,
        _declared,
        _units,
        _ranges,
        _targets,
        _base_periods,
    )
    problems = [problem for check in checks for problem in check(tables)]
    return problems + _future(tables["observations"], today)


def _references(tables: Tables) -> list[Problem]:
    links = [
        ("observations", "indicator_id", "indicators", "indicator_id"),
        ("observations", "region", "regions", "region"),
        ("observations", "source_id", "sources", "source_id"),
        ("targets", "indicator_id", "indicators", "indicator_id"),
        ("targets", "region", "regions", "region"),
        ("targets", "source_id", "sources", "source_id"),
        ("indicators", "continues", "indicators", "indicator_id"),
    ]
    problems = []
    for child, column, parent, key in links:
        known = list(tables[parent][key])
        if parent == "regions" and not known:
            continue
        frame = tables[child]
        bad = frame[~frame[column].isin(known) & (frame[column] != "")]
        for row, found in zip(bad["row"], bad[column], strict=True):
            allowed = f"{key} of {parent}.csv"
            remedy = f"add it there, or correct it.{did_you_mean(found, known)}"
            problems.append(Problem(f"{child}.csv", int(row), column, found, allowed, remedy))
    return problems


def _declared(tables: Tables) -> list[Problem]:
    return check_declarations(tables["indicators"])


def _comparators(tables: Tables) -> list[Problem]:
    indicators = tables["indicators"]
    ids, regions = list(indicators["indicator_id"]), list(tables["regions"]["region"])
    problems = []
    for row, cell in zip(indicators["row"], indicators["comparators"], strict=True):
        for part in filter(None, (p.strip() for p in cell.split(";"))):
            region, slash, indicator = part.partition("/")
            if slash and indicator in ids and (region in regions or not regions):
                continue
            hint = "" if indicator in ids else did_you_mean(indicator, ids)
            hint += "" if region in regions else did_you_mean(region, regions)
            allowed = "region/indicator_id, several separated by ;"
            remedy = f"name a region and an indicator that exist.{hint}"
            problems.append(Problem("indicators.csv", int(row), "comparators", part, allowed, remedy))
    return problems


def _units(tables: Tables) -> list[Problem]:
    frame = tables["observations"]
    changes = frame["measure"].isin(["change_pct", "cumulative_change_pct"])
    expected = _of_indicator(tables, "unit").where(~changes, "%")
    bad = (frame["unit"] != expected) & (frame["unit"] != "") & expected.notna()
    bad = frame[bad].assign(expected=expected[bad])
    return [
        Problem(
            "observations.csv",
            int(r.row),
            "unit",
            r.unit,
            r.expected,
            "convert the value, or correct the unit",
        )
        for r in bad.itertuples()
    ]


def _of_indicator(tables: Tables, column: str) -> pd.Series:
    """A column of the indicators for every observation; NaN where the indicator is unknown."""
    known = tables["indicators"].drop_duplicates("indicator_id").set_index("indicator_id")[column]
    return tables["observations"]["indicator_id"].map(known)


def _ranges(tables: Tables) -> list[Problem]:
    frame = tables["observations"][["row", "measure", "value"]].assign(
        support=_of_indicator(tables, "support")
    )
    frame = frame[frame["support"].notna()]
    level = frame["measure"].isin(["level", "count_new", "count_total"])
    low = level & frame["support"].isin(["percent", "positive", "count"]) & (frame["value"] < 0)
    high = level & (frame["support"] == "percent") & (frame["value"] > 100)
    fall = ~level & (frame["value"] <= -100)
    allowed = {"percent": "0 to 100", "positive": "0 or more", "count": "0 or more", "real": "any number"}
    remedy = "correct the value, or the indicator's support"
    problems = [
        Problem("observations.csv", int(r.row), "value", f"{r.value:.15g}", allowed[r.support], remedy)
        for r in frame[low | high].itertuples()
    ]
    return problems + [
        Problem(
            "observations.csv",
            int(r.row),
            "value",
            f"{r.value:.15g}",
            "a change above -100 %",
            "correct the value",
        )
        for r in frame[fall].itertuples()
    ]


def _targets(tables: Tables) -> list[Problem]:
    file, problems = "targets.csv", []
    for r in tables["targets"].itertuples():
        row = int(r.row)
        if r.kind not in ("milestone", "direction") and pd.isna(r.threshold):
            problems.append(
                Problem(file, row, "threshold", "", "a number", f"a target of kind {r.kind} needs one")
            )
        if not pd.isna(r.base_year) and not pd.isna(r.deadline) and r.deadline <= r.base_year:
            allowed = f"a year after the base year {r.base_year}"
            problems.append(
                Problem(file, row, "deadline", str(r.deadline), allowed, "correct one of the two years")
            )
        if r.kind == "relative_change" and pd.isna(r.base_year):
            allowed = "the year the change is measured against"
            problems.append(Problem(file, row, "base_year", "", allowed, "write it as 2020"))
        if r.kind in ("level", "relative_change", "coverage") and r.direction not in ("at_least", "at_most"):
            remedy = "a target with a threshold says on which side it is met"
            problems.append(Problem(file, row, "direction", r.direction, "at_least, at_most", remedy))
    return problems + _zero_bases(tables)


def _zero_bases(tables: Tables) -> list[Problem]:
    seen = tables["observations"]
    seen = seen[(seen["measure"] == "level") & (seen["value"] == 0)]
    periods = by_value(seen["period"], lambda cell: same_period(cell) if PERIOD.fullmatch(cell) else cell)
    relative = tables["targets"][tables["targets"]["kind"] == "relative_change"]
    problems = []
    for target in relative.itertuples():
        base = "" if pd.isna(target.base_year) else str(target.base_year)
        same = (seen["indicator_id"] == target.indicator_id) & (seen["region"] == target.region)
        for row in seen.loc[same & (periods == base), "row"]:
            allowed = f"a value other than zero: target {target.target_id!r} is relative to {base}"
            problems.append(
                Problem(
                    "observations.csv", int(row), "value", "0", allowed, "correct the value, or the base year"
                )
            )
    return problems


def _base_periods(tables: Tables) -> list[Problem]:
    relative = tables["targets"][tables["targets"]["kind"] == "relative_change"]
    bases = set(relative["indicator_id"])
    problems = []
    cumulative = tables["observations"][tables["observations"]["measure"] == "cumulative_change_pct"]
    for r in cumulative.itertuples():
        match = PERIOD.fullmatch(r.period)
        if pd.isna(r.base_period):
            if r.indicator_id not in bases:
                allowed = "the year the cumulative change is measured against"
                problems.append(
                    Problem("observations.csv", int(r.row), "base_period", "", allowed, "write it as 2020")
                )
        elif match and int(match["year"]) <= int(r.base_period):
            allowed = f"a year before {match['year']}"
            problems.append(
                Problem(
                    "observations.csv",
                    int(r.row),
                    "base_period",
                    str(r.base_period),
                    allowed,
                    "correct one of them",
                )
            )
    return problems


def _future(observations: pd.DataFrame, today: dt.date) -> list[Problem]:
    def year(cell: str) -> float:
        return float(cell[:4]) if cell[:4].isdigit() else math.nan

    readable = by_value(observations["period"], lambda cell: PERIOD.fullmatch(cell) is not None).astype(bool)
    frame = observations.loc[readable, ["row", "period", "published"]]
    begun, published = (by_value(frame[name], year).astype(float) for name in ("period", "published"))
    problems = []
    for r in frame[(begun > published) | (begun > today.year)].itertuples(index=False):
        if year(r.period) > year(r.published):
            allowed = f"a period that had begun when it was published ({r.published})"
            remedy = "correct the period or the date; a forecast or a target is not an observation"
        else:
            allowed = f"a period that has begun by {today.isoformat()}"
            remedy = "delete the row: a forecast or a target is not an observation"
        problems.append(Problem("observations.csv", int(r.row), "period", r.period, allowed, remedy))
    return problems


FILE = "indicators.csv"


def check_declarations(indicators: pd.DataFrame) -> list[Problem]:
    """Every problem of the columns derived, inputs, factor, splice, splice_year and its reasons, and rounds.

    >>> import qcity_analysis as qc
    >>> check_declarations(qc.load().indicators)
    []
    """
    problems = []
    for row in indicators.itertuples():
        problems += _inputs(row, indicators) + _splice(row) + _rounds(row)
    return problems + _cycles(indicators)


def _rounds(row: Any) -> list[Problem]:
    try:
        rounds_of(row.rounds)
    except ValueError:
        allowed = "different years as 2019;2021;2024, or the first year and how often as 2019/2"
        remedy = "name the years in which a round was or will be held, or empty the cell"
        return [Problem(FILE, int(row.row), "rounds", row.rounds, allowed, remedy)]
    return []


def _inputs(row: Any, indicators: pd.DataFrame) -> list[Problem]:
    number, named = int(row.row), parts(row.inputs)
    if row.derived not in INPUTS:
        if not named and pd.isna(row.factor):
            return []
        column, found = ("inputs", row.inputs) if named else ("factor", f"{row.factor:g}")
        remedy = "it is ignored; set derived to ratio, per_head or sum, or empty the cell"
        return [Problem(FILE, number, column, found, "empty where nothing is derived", remedy, "warning")]
    wanted = INPUTS[row.derived]
    problems = []
    if len(named) != wanted:
        allowed = f"{wanted} indicator{'s separated by ;' if wanted > 1 else ''}, as derived is {row.derived}"
        remedy = "name what it is computed from" + (": numerator;denominator" if wanted == 2 else "")
        problems.append(Problem(FILE, number, "inputs", row.inputs, allowed, remedy))
    known = list(indicators["indicator_id"])
    for name in named:
        if name not in known:
            remedy = f"add it there, or correct it.{did_you_mean(name, known)}"
            problems.append(Problem(FILE, number, "inputs", name, "indicator_id of indicators.csv", remedy))
    if not pd.isna(row.factor) and not (row.factor > 0 and row.derived != "sum"):
        allowed = "a number above 0" if row.derived != "sum" else "empty: a sum is not scaled"
        problems.append(
            Problem(FILE, number, "factor", f"{row.factor:g}", allowed, "correct it, or leave it out")
        )
    if not problems:
        problems += _input_units(row, indicators.set_index("indicator_id").loc[named, "unit"].tolist())
    return problems


def _input_units(row: Any, units: list[str]) -> list[Problem]:
    """A percentage divides like by like; a sum has the unit of what it adds up."""
    if row.derived == "sum" and units[0] != row.unit:
        remedy = "give both the same unit"
        return [
            Problem(FILE, int(row.row), "unit", row.unit, f"{units[0]}, the unit of {row.inputs}", remedy)
        ]
    if row.derived == "ratio" and row.unit == "%" and pd.isna(row.factor) and units[0] != units[1]:
        found = f"{units[0]} / {units[1]}"
        remedy = "convert one of them, or state the factor that the ratio is multiplied by"
        return [
            Problem(
                FILE, int(row.row), "inputs", found, "two inputs in the same unit for a share in %", remedy
            )
        ]
    return []


def _cycles(indicators: pd.DataFrame) -> list[Problem]:
    rows = {row.indicator_id: row for row in indicators.itertuples() if row.derived in INPUTS}
    problems, told = [], set()
    for name in rows:
        path = _cycle(name, rows, (name,))
        if path and frozenset(path) not in told:
            told.add(frozenset(path))
            remedy = "an indicator cannot be computed from itself; change one of the inputs"
            found = " ← ".join(path)
            allowed = "inputs that lead to published figures"
            problems.append(Problem(FILE, int(rows[name].row), "inputs", found, allowed, remedy))
    return problems


def _cycle(name: str, rows: dict[str, Any], path: tuple[str, ...]) -> tuple[str, ...]:
    """The way from the first indicator of `path` back to itself through inputs; empty when there is none."""
    for other in parts(rows[name].inputs) if name in rows else []:
        if other == path[0]:
            return (*path, other)
        if other not in path:
            found = _cycle(other, rows, (*path, other))
            if found:
                return found
    return ()


def _splice(row: Any) -> list[Problem]:
    number = int(row.row)
    if not is_spliced(row):
        if pd.isna(row.splice_year):
            return []
        remedy = "it is ignored; set splice to ratio or difference, or empty the cell"
        found = str(row.splice_year)
        return [
            Problem(FILE, number, "splice_year", found, "empty where nothing is spliced", remedy, "warning")
        ]
    needs = {
        "continues": ("the older definition", "name the indicator that this one continues"),
        "splice_reason_zh": ("the reason in Chinese", "say why the two definitions may be linked"),
        "splice_reason_en": ("the reason in English", "say why the two definitions may be linked"),
    }
    problems = [
        Problem(FILE, number, column, "", allowed, remedy)
        for column, (allowed, remedy) in needs.items()
        if not getattr(row, column)
    ]
    if pd.isna(row.splice_year):
        allowed = "a year in which both definitions have a level"
        problems.append(Problem(FILE, number, "splice_year", "", allowed, "write it as 2022"))
    return problems

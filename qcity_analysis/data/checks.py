"""What must hold between the tables: names that exist, units that agree, years in order, values that are possible."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Problem, did_you_mean
from .schema import CHANGES, INPUTS, PERIOD, by_value, is_spliced, parts, rounds_of
from .vintages import same_period

Tables = dict[str, pd.DataFrame]

LINKS = [  # table and column, and the table and column that must hold the name
    ("observations", "indicator_id", "indicators", "indicator_id"),
    ("observations", "region", "regions", "region"),
    ("observations", "source_id", "sources", "source_id"),
    ("targets", "indicator_id", "indicators", "indicator_id"),
    ("targets", "region", "regions", "region"),
    ("targets", "source_id", "sources", "source_id"),
    ("indicators", "continues", "indicators", "indicator_id"),
]
POSSIBLE = {"percent": "0 to 100", "positive": "0 or more", "count": "0 or more", "real": "any number"}


def check_tables(tables: Tables, today: dt.date) -> list[Problem]:
    """Every problem between the tables, in the order of the files.

    `tables` are the frames of `read.read_table` by name; `today` is the day after which no period can start.

    >>> from qcity_analysis.data.load import read_folder
    >>> frames, problems = read_folder()
    >>> [p for p in check_tables(frames, dt.date(2030, 1, 1)) if p.level == "error"]
    []
    """
    return [
        *_references(tables),
        *_comparators(tables),
        *_declarations(tables["indicators"]),
        *_values(tables),
        *_targets(tables["targets"]),
        *_zero_bases(tables),
        *_base_periods(tables),
        *_future(tables["observations"], today),
    ]


def _told(table: str, column: str, rows: pd.DataFrame, allowed: Any, remedy: Any) -> list[Problem]:
    """A problem about the cell in `column` of each row; `allowed` and `remedy` are texts, or one for each row."""
    cells = {"row": rows["row"], "cell": rows[column], "allowed": allowed, "remedy": remedy}
    return [
        Problem(f"{table}.csv", int(row), column, _shown(cell), allowed, remedy)
        for row, cell, allowed, remedy in pd.DataFrame(cells, index=rows.index).itertuples(index=False)
    ]


def _shown(cell: Any) -> str:
    if isinstance(cell, float) and not math.isnan(cell):
        return f"{cell:.15g}"
    return "" if pd.isna(cell) else str(cell)


def _references(tables: Tables) -> list[Problem]:
    problems = []
    for child, column, parent, key in LINKS:
        known = list(tables[parent][key])
        if parent == "regions" and not known:
            continue
        frame = tables[child]
        bad = frame[~frame[column].isin(known) & (frame[column] != "")]
        remedies = [f"add it there, or correct it.{did_you_mean(cell, known)}" for cell in bad[column]]
        problems += _told(child, column, bad, f"{key} of {parent}.csv", remedies)
    return problems


def _comparators(tables: Tables) -> list[Problem]:
    ids, regions = (list(tables[name].iloc[:, 0]) for name in ("indicators", "regions"))
    problems = []
    for indicator in tables["indicators"].itertuples():
        for part in parts(indicator.comparators):
            region, slash, name = part.partition("/")
            if slash and name in ids and (region in regions or not regions):
                continue
            hint = "" if name in ids else did_you_mean(name, ids)
            hint += "" if region in regions else did_you_mean(region, regions)
            allowed = "region/indicator_id, several separated by ;"
            remedy = f"name a region and an indicator that exist.{hint}"
            problems.append(_declared(indicator, "comparators", part, allowed, remedy))
    return problems


def _values(tables: Tables) -> list[Problem]:
    """Units that are not those of the indicator, and values that its support excludes."""
    indicators = tables["indicators"].drop_duplicates("indicator_id").set_index("indicator_id")
    frame = tables["observations"]
    change = frame["measure"].isin(CHANGES)
    unit = frame["indicator_id"].map(indicators["unit"]).where(~change, "%")
    bad = (frame["unit"] != unit) & (frame["unit"] != "") & unit.notna()
    problems = _told("observations", "unit", frame[bad], unit[bad], "convert the value, or correct the unit")

    support, value = frame["indicator_id"].map(indicators["support"]), frame["value"]
    level = frame["measure"].isin(["level", "count_new", "count_total"])
    low = level & support.isin(["percent", "positive", "count"]) & (value < 0)
    outside = low | (level & (support == "percent") & (value > 100))
    remedy = "correct the value, or the indicator's support"
    problems += _told("observations", "value", frame[outside], support[outside].map(POSSIBLE), remedy)
    below = ~level & (value <= -100) & support.notna()
    return problems + _told(
        "observations", "value", frame[below], "a change above -100 %", "correct the value"
    )


def _targets(targets: pd.DataFrame) -> list[Problem]:
    kind, base = targets["kind"], targets["base_year"]
    sides = kind.isin(["level", "relative_change", "coverage"])
    faults: list[tuple[str, pd.Series, Any, Any]] = [
        ("threshold", ~kind.isin(["milestone", "direction"]) & targets["threshold"].isna(),
         "a number", "a target of kind " + kind + " needs one"),
        ("deadline", (targets["deadline"] <= base).fillna(False),
         "a year after the base year " + base.astype(str), "correct one of the two years"),
        ("base_year", (kind == "relative_change") & base.isna(),
         "the year the change is measured against", "write it as 2020"),
        ("direction", sides & ~targets["direction"].isin(["at_least", "at_most"]),
         "at_least, at_most", "a target with a threshold says on which side it is met"),
    ]  # fmt: skip
    problems = []
    for column, bad, allowed, remedy in faults:
        problems += _told("targets", column, targets[bad.astype(bool)], allowed, remedy)
    return sorted(problems, key=lambda problem: problem.row or 0)


def _zero_bases(tables: Tables) -> list[Problem]:
    """Levels of nought in the year that a relative target is measured against."""
    seen = tables["observations"]
    seen = seen[(seen["measure"] == "level") & (seen["value"] == 0)].assign(value="0")
    periods = by_value(seen["period"], lambda cell: same_period(cell) if PERIOD.fullmatch(cell) else cell)
    problems = []
    for target in tables["targets"].query("kind == 'relative_change'").itertuples():
        same = (seen["indicator_id"] == target.indicator_id) & (seen["region"] == target.region)
        base = _shown(target.base_year)
        allowed = f"a value other than zero: target {target.target_id!r} is relative to {base}"
        rows = seen[same & (periods == base)]
        problems += _told("observations", "value", rows, allowed, "correct the value, or the base year")
    return problems


def _base_periods(tables: Tables) -> list[Problem]:
    """Cumulative changes without a base that something says, or with one that is not before their year."""
    rows = tables["observations"].query("measure == 'cumulative_change_pct'")
    bases = tables["targets"].query("kind == 'relative_change'")["indicator_id"]
    bare = rows["base_period"].isna()
    unsaid = rows[bare & ~rows["indicator_id"].isin(bases)]
    allowed = "the year the cumulative change is measured against"
    problems = _told("observations", "base_period", unsaid, allowed, "write it as 2020")
    based = rows[~bare & by_value(rows["period"], lambda cell: bool(PERIOD.fullmatch(cell))).astype(bool)]
    late = based[based["period"].str[:4].astype(int) <= based["base_period"].astype(int)]
    allowed = "a year before " + late["period"].str[:4]
    problems += _told("observations", "base_period", late, allowed, "correct one of them")
    return sorted(problems, key=lambda problem: problem.row or 0)


def _future(observations: pd.DataFrame, today: dt.date) -> list[Problem]:
    def years(column: pd.Series) -> pd.Series:
        return by_value(column, lambda cell: float(cell[:4]) if cell[:4].isdecimal() else math.nan).astype(
            float
        )

    readable = by_value(observations["period"], lambda cell: PERIOD.fullmatch(cell) is not None).astype(bool)
    rows = observations[readable]
    begun = years(rows["period"])
    early = begun > years(rows["published"])
    bad = rows[early | (begun > today.year)]
    allowed = "a period that had begun when it was published (" + bad["published"] + ")"
    allowed = allowed.where(early, f"a period that has begun by {today.isoformat()}")
    remedy = early.map({True: "correct the period or the date", False: "delete the row"})
    remedy = remedy + np.where(early, "; ", ": ") + "a forecast or a target is not an observation"
    return _told("observations", "period", bad, allowed, remedy)


def _declared(row: Any, column: str, found: str, allowed: str, remedy: str, level: str = "error") -> Problem:
    """A problem of one row of `indicators.csv`."""
    return Problem("indicators.csv", int(row.row), column, found, allowed, remedy, level)


def _declarations(indicators: pd.DataFrame) -> list[Problem]:
    """Problems of what indicators declare: inputs, factor, splices and their reasons, rounds, and circles of inputs."""
    problems = []
    for row in indicators.itertuples():
        problems += _inputs(row, indicators) + _splice(row) + _rounds(row)
    return problems + _cycles(indicators)


def _inputs(row: Any, indicators: pd.DataFrame) -> list[Problem]:
    named = parts(row.inputs)
    if row.derived not in INPUTS:
        if not named and pd.isna(row.factor):
            return []
        column, found = ("inputs", row.inputs) if named else ("factor", f"{row.factor:g}")
        remedy = "it is ignored; set derived to ratio, per_head or sum, or empty the cell"
        return [_declared(row, column, found, "empty where nothing is derived", remedy, "warning")]
    wanted = INPUTS[row.derived]
    problems = []
    if len(named) != wanted:
        allowed = f"{wanted} indicator{'s separated by ;' if wanted > 1 else ''}, as derived is {row.derived}"
        remedy = "name what it is computed from" + (": numerator;denominator" if wanted == 2 else "")
        problems.append(_declared(row, "inputs", row.inputs, allowed, remedy))
    known = list(indicators["indicator_id"])
    for name in named:
        if name not in known:
            remedy = f"add it there, or correct it.{did_you_mean(name, known)}"
            problems.append(_declared(row, "inputs", name, "indicator_id of indicators.csv", remedy))
    if not pd.isna(row.factor) and not (row.factor > 0 and row.derived != "sum"):
        allowed = "a number above 0" if row.derived != "sum" else "empty: a sum is not scaled"
        problems.append(_declared(row, "factor", f"{row.factor:g}", allowed, "correct it, or leave it out"))
    return problems or _input_units(row, indicators.set_index("indicator_id").loc[named, "unit"].tolist())


def _input_units(row: Any, units: list[str]) -> list[Problem]:
    """A percentage divides like by like; a sum has the unit of what it adds up."""
    if row.derived == "sum" and units[0] != row.unit:
        allowed = f"{units[0]}, the unit of {row.inputs}"
        return [_declared(row, "unit", row.unit, allowed, "give both the same unit")]
    if row.derived == "ratio" and row.unit == "%" and pd.isna(row.factor) and units[0] != units[1]:
        remedy = "convert one of them, or state the factor that the ratio is multiplied by"
        allowed = "two inputs in the same unit for a share in %"
        return [_declared(row, "inputs", f"{units[0]} / {units[1]}", allowed, remedy)]
    return []


def _cycles(indicators: pd.DataFrame) -> list[Problem]:
    rows = {row.indicator_id: row for row in indicators.itertuples() if row.derived in INPUTS}
    problems, told = [], set()
    for name, row in rows.items():
        path = _cycle(name, rows, (name,))
        if path and frozenset(path) not in told:
            told.add(frozenset(path))
            remedy = "an indicator cannot be computed from itself; change one of the inputs"
            allowed = "inputs that lead to published figures"
            problems.append(_declared(row, "inputs", " ← ".join(path), allowed, remedy))
    return problems


def _cycle(name: str, rows: dict[str, Any], path: tuple[str, ...]) -> tuple[str, ...]:
    """The way from the first indicator of `path` back to itself through inputs; empty when there is none."""
    for other in parts(rows[name].inputs) if name in rows else []:
        if other == path[0]:
            return (*path, other)
        if other not in path and (found := _cycle(other, rows, (*path, other))):
            return found
    return ()


def _splice(row: Any) -> list[Problem]:
    if not is_spliced(row):
        if pd.isna(row.splice_year):
            return []
        remedy = "it is ignored; set splice to ratio or difference, or empty the cell"
        allowed = "empty where nothing is spliced"
        return [_declared(row, "splice_year", str(row.splice_year), allowed, remedy, "warning")]
    reason = "say why the two definitions may be linked"
    needs = {
        "continues": ("the older definition", "name the indicator that this one continues"),
        "splice_reason_zh": ("the reason in Chinese", reason),
        "splice_reason_en": ("the reason in English", reason),
        "splice_year": ("a year in which both definitions have a level", "write it as 2022"),
    }
    return [
        _declared(row, column, "", *texts)
        for column, texts in needs.items()
        if pd.isna(cell := getattr(row, column)) or cell == ""
    ]


def _rounds(row: Any) -> list[Problem]:
    try:
        rounds_of(row.rounds)
    except ValueError:
        allowed = "different years as 2019;2021;2024, or the first year and how often as 2019/2"
        remedy = "name the years in which a round was or will be held, or empty the cell"
        return [_declared(row, "rounds", row.rounds, allowed, remedy)]
    return []

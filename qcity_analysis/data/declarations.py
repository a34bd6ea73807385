"""What `indicators.csv` declares of derived indicators and splices must make sense: inputs, units, cycles, reasons."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from ..errors import Problem, did_you_mean

FILE = "indicators.csv"
INPUTS = {"ratio": 2, "per_head": 2, "sum": 1}  # how many inputs each kind of derived indicator has


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


def rounds_of(text: str) -> frozenset[int] | None:
    """The years in which something happens in rounds, from "2019;2021;2024" or "2019/2" (every 2 years from 2019);
    None where nothing is declared. Raises ValueError for anything else.

    >>> sorted(rounds_of("2019;2021")), 2023 in rounds_of("2019/2"), rounds_of("")
    ([2019, 2021], True, None)
    """
    if not text.strip():
        return None
    every = re.fullmatch(r"\s*([12]\d{3})\s*/\s*([1-9]\d?)\s*", text)
    if every:
        return frozenset(range(int(every[1]), 3000, int(every[2])))
    years = [part.strip() for part in text.split(";")]
    if not all(re.fullmatch(r"[12]\d{3}", year) for year in years) or len(set(years)) < len(years):
        raise ValueError(f"no rounds: {text!r}")
    return frozenset(int(year) for year in years)


def _rounds(row: Any) -> list[Problem]:
    try:
        rounds_of(row.rounds)
    except ValueError:
        allowed = "different years as 2019;2021;2024, or the first year and how often as 2019/2"
        remedy = "name the years in which a round was or will be held, or empty the cell"
        return [Problem(FILE, int(row.row), "rounds", row.rounds, allowed, remedy)]
    return []


def input_names(row: Any) -> list[str]:
    """The indicators that a row of `indicators.csv` is computed from; none unless it is declared as derived.

    >>> input_names(pd.Series({"derived": "ratio", "inputs": "rd_spending; gdp"}))
    ['rd_spending', 'gdp']
    """
    return _names(row) if row.derived in INPUTS else []


def is_spliced(row: Any) -> bool:
    """Whether a row of `indicators.csv` declares a splice to the definition it continues.

    >>> is_spliced(pd.Series({"splice": "ratio"})), is_spliced(pd.Series({"splice": ""}))
    (True, False)
    """
    return row.splice in ("ratio", "difference")


def _names(row: Any) -> list[str]:
    return [part.strip() for part in row.inputs.split(";") if part.strip()]


def _inputs(row: Any, indicators: pd.DataFrame) -> list[Problem]:
    number, named = int(row.row), _names(row)
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
        problems += _units(row, indicators.set_index("indicator_id").loc[named, "unit"].tolist())
    return problems


def _units(row: Any, units: list[str]) -> list[Problem]:
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
    for other in _names(rows[name]) if name in rows else []:
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

"""The data contract: which tables there are, their columns, and what each cell may hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

QUALIFIERS = ("=", "~", ">=", "<=")
MEASURES = ("level", "change_pct", "cumulative_change_pct", "count_new", "count_total")
CHANGES = ("change_pct", "cumulative_change_pct")  # measures in percent
STATUSES = ("final", "preliminary", "estimate", "illustrative")
KINDS = (
    "level", "relative_change", "cumulative", "coverage", "monotone", "direction", "zero_event", "rank", "milestone",
    "average_growth", "every_year",
)  # fmt: skip
RELATIVE = ("relative_change", "average_growth")  # in percent on the level of the base year
DIRECTIONS = (
    "at_least", "at_most", "increase", "decrease", "increase_every_year", "decrease_every_year", "achieved",
)  # fmt: skip
STATED = ("outcomes", "official_grades")  # tables of what officials said, each row with its day
SPLICES = ("ratio", "difference")  # how a series is joined to the definition it continues
INPUTS = {"ratio": 2, "per_head": 2, "sum": 1}  # how many inputs each kind of derived indicator has


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    `holds` is one of text, identifier, number, year, integer, period, date, rounds, choice; `empty` says that a cell
    may be empty, `optional` that the whole column may be left out of the file.
    """

    name: str
    holds: str = "text"
    empty: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One file of a data package: its name, columns, key, and whether the file itself may be missing."""

    file: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False


def _columns(names: str, holds: str = "text", *choices: str, **may: bool) -> list[Column]:
    return [Column(name, holds, choices=choices, **may) for name in names.split()]


_needed = _columns  # a value in every row
_given = partial(_columns, empty=True)  # must be there, with cells that may be empty
_optional = partial(_columns, empty=True, optional=True)


def _table(name: str, key: str, *columns: list[Column], optional: bool = False) -> Table:
    return Table(f"{name}.csv", tuple(key.split()), tuple(c for some in columns for c in some), optional)


_TARGETS = (
    _needed("plan target_id region indicator_id", "identifier"), _needed("name_zh name_en"),
    _needed("kind", "choice", *KINDS), _needed("direction", "choice", *DIRECTIONS), _given("threshold", "number"),
    _given("unit"), _given("base_year", "year"), _needed("deadline", "year"),
    _optional("commitment", "choice", "firm", "about", "strive", "maintain", "directional", "qualitative"),
    _optional("tolerance", "number"),
    _optional("section unit_zh wording wording_en departments departments_en source_id note note_en"),
    _optional("binding", "choice", "binding", "expected"),
)  # fmt: skip
TABLES = {
    "sources": _table(
        "sources", "source_id", _needed("source_id", "identifier"), _needed("publisher title"),
        _needed("date", "date"), _optional("publisher_en title_en"),
        _optional("date_basis", "choice", "stated", "schedule", "inferred"), _optional("licence"),
        _optional("reliability", "choice", "high", "medium", "low"), _optional("note"),
    ),
    "regions": _table(
        "regions", "region", _needed("region", "identifier"), _needed("name_zh name_en"),
        _optional("parent", "identifier"), _optional("code"), optional=True,
    ),
    "indicators": _table(
        "indicators", "indicator_id", _needed("indicator_id", "identifier"), _needed("name_zh name_en"),
        _given("unit"), _needed("support", "choice", "percent", "positive", "count", "real"),
        _optional("better", "choice", "higher", "lower"), _optional("publication_lag_months", "integer"),
        _optional("unit_zh definition_zh definition_en continues"),
        _optional("break_period", "year"), _optional("break_reason_zh break_reason_en"),
        _optional("derived", "choice", "none", "yearly_changes", *INPUTS), _optional("comparators note inputs"),
        _optional("factor", "number"), _optional("timing", "choice", "average", "total", "stock"),
        _optional("splice", "choice", "none", *SPLICES), _optional("splice_year", "year"),
        _optional("splice_reason_zh splice_reason_en"), _optional("rounds", "rounds"),
    ),
    "targets": _table("targets", "plan target_id", *_TARGETS),
    "earlier_targets": _table("earlier_targets", "plan target_id", *_TARGETS, optional=True),
    "outcomes": _table(
        "outcomes", "plan target_id region source_id", _needed("plan target_id region source_id", "identifier"),
        _given("value", "number"), _given("qualifier", "choice", *QUALIFIERS), _needed("unit"),
        _given("verdict", "choice", "met", "missed"), _needed("published", "date"), _given("note"), optional=True,
    ),
    "official_grades": _table(
        "official_grades", "region period scheme indicator_id", _needed("region", "identifier"),
        _needed("period", "period"), _given("body"), _needed("scheme grade"), _needed("published", "date"),
        _needed("source_id", "identifier"), _given("note"), _optional("indicator_id", "identifier"), optional=True,
    ),
    "observations": _table(
        "observations", "indicator_id region period measure base_period published",
        _needed("indicator_id region", "identifier"), _needed("period", "period"), _needed("value", "number"),
        _needed("qualifier", "choice", *QUALIFIERS), _needed("measure", "choice", *MEASURES), _given("unit"),
        _needed("status", "choice", *STATUSES), _given("published", "date"), _needed("source_id", "identifier"),
        _given("note"), _optional("base_period", "year"),
    ),
}  # fmt: skip

PERIOD = re.compile(r"(?P<year>[12]\d{3})(-(Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII)
DATE = re.compile(r"[12]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
IDENTIFIER = re.compile(r"(?!(?i:con|prn|aux|nul|com\d|lpt\d)(\.|$))[\w-](\.?[\w-])*")  # no device of Windows
ROUNDS = re.compile(r"(?!.*(\d{4}).*\1)\s*[12]\d{3}\s*(/\s*[1-9]\d?\s*|(;\s*[12]\d{3}\s*)*)", re.ASCII)
LONGEST = 80  # bytes of an identifier: two of them, a day and an ending must fit into the name of a file
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = 1e100  # of a number; its reciprocal is the smallest but 0: products and squares stay in range
DIGITS = {"value": "decimals", "threshold": "decimals"}  # columns whose digits as typed are kept, and where
HALF_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # of full-width characters
HALF_WIDTH |= dict.fromkeys((0x3000, 0x2003, 0x2009, 0x202F, 0xA0, 0x2007), " ")


def is_date(cell: str) -> bool:
    """Whether a cell is a date of the contract: a day that exists, a month or a year.

    >>> is_date("2023-02"), is_date("2023-02-30"), is_date("")
    (True, False, False)
    """
    try:
        return DATE.fullmatch(cell) is not None and (len(cell) < 10 or bool(dt.date.fromisoformat(cell)))
    except ValueError:
        return False


def is_number(cell: str) -> bool:
    """Whether a cell is a number of the contract, of a size that can be computed with.

    >>> is_number("3.48"), is_number("1e400"), is_number("1,234")
    (True, False, False)
    """
    if NUMBER.fullmatch(cell) is None:
        return False
    return 1 / LARGEST <= abs(float(cell)) <= LARGEST or not re.search("[1-9]", re.split("[eE]", cell)[0])


CELL: dict[str, Callable[[str], object]] = {  # is a cell what its column holds?
    # it names a plan, a target, an indicator, a region or a source, and so a file
    "identifier": lambda cell: IDENTIFIER.fullmatch(cell) and len(cell.encode()) <= LONGEST,
    "number": is_number,
    "integer": re.compile(r"\d{1,9}", re.ASCII).fullmatch,
    "year": re.compile(r"[12]\d{3}", re.ASCII).fullmatch,
    "period": PERIOD.fullmatch,
    "date": is_date,
    "rounds": ROUNDS.fullmatch,
}


def decimals(cell: str) -> int:
    """Digits after the decimal point of a number as it is written; 0 for an empty cell.

    >>> [decimals(cell) for cell in ("12.0", "1100", "2.5e-2", "")]
    [1, 0, 3, 0]
    """
    if not is_number(cell):
        return 0
    digits, _, power = cell.lower().partition("e")
    return max(0, len(digits.partition(".")[2]) - int(power or 0))


def plain(cell: str) -> str:
    """A cell in plain characters: full-width ones as ASCII, a minus sign as a hyphen; a footnote mark is no digit.

    >>> plain("－１６．１"), plain("−3"), plain("3.6①")
    ('-16.1', '-3', '3.6①')
    """
    return cell.translate(HALF_WIDTH).replace("\u2212", "-").strip()


def rounds_of(text: str) -> frozenset[int] | None:
    """The years in which something happens in rounds, from "2019;2021;2024" or "2019/2" (every 2 years from 2019);
    None where nothing is declared. Raises ValueError for anything else.

    >>> sorted(rounds_of("2019;2021")), 2023 in rounds_of("2019/2"), rounds_of("")
    ([2019, 2021], True, None)
    """
    if not text.strip():
        return None
    if not ROUNDS.fullmatch(text):
        raise ValueError(f"no rounds: {text!r}")
    first, *others = map(int, re.findall(r"\d+", text))
    return frozenset(range(first, 3000, *others) if "/" in text else (first, *others))


def shown(cell: Any) -> str:
    """A cell as text: a number without needless digits, nothing for an empty one."""
    return "" if pd.isna(cell) else f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def parts(cell: str) -> list[str]:
    """The parts of a cell that are separated by `;`."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def comparators(cell: str) -> list[tuple[str, str]]:
    """Region and indicator of each part `region/indicator` of a cell; the indicator is empty where there is no `/`."""
    return [(region, name) for region, _, name in (part.partition("/") for part in parts(cell))]


def input_names(row: Any) -> list[str]:
    """The indicators that a row of `indicators.csv` is computed from; none unless it is declared as derived."""
    return parts(row.inputs) if row.derived in INPUTS else []


def is_spliced(row: Any) -> bool:
    """Whether a row of `indicators.csv` declares a splice to the definition it continues."""
    return row.splice in SPLICES


def by_value(column: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """`function` of every cell, computed once for each distinct cell; an object series with the same index."""
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    values = pd.Series([function(cell) for cell in distinct], dtype=object)
    return pd.Series(values.to_numpy()[codes], index=column.index, dtype=object)

"""The data contract: which tables there are, their columns, and what each cell may hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

QUALIFIERS = ("=", "~", ">=", "<=")
MEASURES = ("level", "change_pct", "cumulative_change_pct", "count_new", "count_total")
CHANGES = ("change_pct", "cumulative_change_pct")  # measures in percent
STATUSES = ("final", "preliminary", "estimate", "illustrative")
SUPPORTS = ("percent", "positive", "count", "real")
KINDS = (
    "level", "relative_change", "cumulative", "coverage", "monotone", "direction", "zero_event", "rank", "milestone",
)  # fmt: skip
DIRECTIONS = (
    "at_least", "at_most", "increase", "decrease", "increase_every_year", "decrease_every_year", "achieved",
)  # fmt: skip
INPUTS = {"ratio": 2, "per_head": 2, "sum": 1}  # how many inputs each kind of derived indicator has
COMMITMENTS = ("firm", "about", "strive", "maintain", "directional", "qualitative")


@dataclass(frozen=True)
class Column:
    """One column of the contract: its name, what a cell holds, and whether it may be empty or missing.

    `holds` is one of text, identifier, number, year, integer, period, date, choice; `optional` means that the whole
    column may be left out of the file.

    >>> Column("base_year", "year", empty=True).optional
    False
    """

    name: str
    holds: str = "text"
    empty: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One file of a data package: its name, columns, key, and whether the file itself may be missing.

    >>> TABLES["observations"].key[:3]
    ('indicator_id', 'region', 'period')
    """

    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    optional: bool = False


def _text(*names: str, empty: bool = True, optional: bool = True) -> tuple[Column, ...]:
    return tuple(Column(name, empty=empty, optional=optional) for name in names)


def _identifiers(*names: str, empty: bool = False, optional: bool = False) -> tuple[Column, ...]:
    return tuple(Column(name, "identifier", empty, optional) for name in names)


TABLES = {
    "sources": Table(
        "sources.csv",
        (
            *_identifiers("source_id"),
            *_text("publisher", "title", empty=False, optional=False),
            Column("date", "date"),
            *_text("publisher_en", "title_en"),
            Column("date_basis", "choice", True, True, ("stated", "schedule", "inferred")),
            Column("licence", empty=True, optional=True),
            Column("reliability", "choice", True, True, ("high", "medium", "low")),
            *_text("note"),
        ),
        ("source_id",),
    ),
    "regions": Table(
        "regions.csv",
        (
            *_identifiers("region"),
            *_text("name_zh", "name_en", empty=False, optional=False),
            *_identifiers("parent", empty=True, optional=True),
        ),
        ("region",),
        optional=True,
    ),
    "indicators": Table(
        "indicators.csv",
        (
            *_identifiers("indicator_id"),
            *_text("name_zh", "name_en", empty=False, optional=False),
            Column("unit", empty=True),
            Column("support", "choice", False, False, SUPPORTS),
            Column("better", "choice", True, True, ("higher", "lower")),
            Column("publication_lag_months", "integer", True, True),
            *_text("unit_zh", "definition_zh", "definition_en", "continues"),
            Column("break_period", "year", True, True),
            *_text("break_reason_zh", "break_reason_en"),
            Column("derived", "choice", True, True, ("none", "yearly_changes", "ratio", "per_head", "sum")),
            *_text("comparators", "note", "inputs"),
            Column("factor", "number", True, True),
            Column("timing", "choice", True, True, ("average", "total", "stock")),
            Column("splice", "choice", True, True, ("none", "ratio", "difference")),
            Column("splice_year", "year", True, True),
            *_text("splice_reason_zh", "splice_reason_en", "rounds"),
        ),
        ("indicator_id",),
    ),
    "targets": Table(
        "targets.csv",
        (
            *_identifiers("plan", "target_id", "region", "indicator_id"),
            *_text("name_zh", "name_en", empty=False, optional=False),
            Column("kind", "choice", False, False, KINDS),
            Column("direction", "choice", False, False, DIRECTIONS),
            Column("threshold", "number", True),
            Column("unit", empty=True),
            Column("base_year", "year", True),
            Column("deadline", "year"),
            Column("commitment", "choice", True, True, COMMITMENTS),
            Column("tolerance", "number", True, True),
            *_text("section", "unit_zh", "wording", "wording_en", "departments", "departments_en"),
            *_text("source_id", "note", "note_en"),
        ),
        ("plan", "target_id"),
    ),
    "observations": Table(
        "observations.csv",
        (
            *_identifiers("indicator_id", "region"),
            Column("period", "period"),
            Column("value", "number"),
            Column("qualifier", "choice", False, False, QUALIFIERS),
            Column("measure", "choice", False, False, MEASURES),
            Column("unit", empty=True),
            Column("status", "choice", False, False, STATUSES),
            Column("published", "date", True),
            Column("source_id", "identifier"),
            Column("note", empty=True),
            Column("base_period", "year", True, True),
        ),
        ("indicator_id", "region", "period", "measure", "base_period", "published"),
    ),
}

PERIOD = re.compile(r"(?P<year>[12]\d{3})(-(Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII)
DATE = re.compile(r"[12]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
IDENTIFIER = re.compile(r"[\w-][\w.-]*")
LONGEST = 80  # bytes of an identifier: two of them, a day and an ending must fit into the name of a file
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = 1e100  # of a number; its reciprocal is the smallest but 0: products and squares stay in range
DIGITS = {"value": "decimals", "threshold": "decimals"}  # columns whose digits as typed are kept, and where
ONLY_WIDTH = ("<wide>", "<small>", "<font>", "<narrow>", "<noBreak>")  # circled and raised digits are marks


def is_date(cell: str) -> bool:
    """Whether a cell is a date of the contract: a day that exists, a month or a year.

    >>> is_date("2023-02"), is_date("2023-02-30"), is_date("")
    (True, False, False)
    """
    if not DATE.fullmatch(cell):
        return False
    return len(cell) < 10 or not pd.isna(pd.to_datetime(cell, errors="coerce"))


def is_identifier(cell: str) -> bool:
    """Whether a cell can name a plan, a target, an indicator, a region or a source, and so a file.

    >>> is_identifier("rd_intensity"), is_identifier("南京.2025"), is_identifier("../evil"), is_identifier(".git")
    (True, True, False, False)
    """
    return IDENTIFIER.fullmatch(cell) is not None and ".." not in cell and len(cell.encode()) <= LONGEST


def is_number(cell: str) -> bool:
    """Whether a cell is a number of the contract, of a size that can be computed with.

    >>> is_number("3.48"), is_number("1e400"), is_number("1,234")
    (True, False, False)
    """
    if NUMBER.fullmatch(cell) is None:
        return False
    size = abs(float(cell))
    return 1 / LARGEST <= size <= LARGEST or not re.search("[1-9]", re.split("[eE]", cell)[0])


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
    """A cell in plain characters: full-width digits, signs and letters as ASCII, a minus sign as a hyphen.

    Only the width is changed: a footnote mark as ① or ² never becomes a digit.

    >>> plain("－１６．１"), plain("−3"), plain("3.6①")
    ('-16.1', '-3', '3.6①')
    """
    if cell.isascii():
        return cell.strip()
    return "".join(_narrow(character) for character in cell).strip()


def _narrow(character: str) -> str:
    if unicodedata.decomposition(character).startswith(ONLY_WIDTH):
        return unicodedata.normalize("NFKC", character)
    return "-" if character == "\u2212" else character


CELL: dict[str, Callable[[str], object]] = {  # is a cell what its column holds?
    "identifier": is_identifier,
    "number": is_number,
    "integer": re.compile(r"\d{1,9}", re.ASCII).fullmatch,
    "year": re.compile(r"[12]\d{3}", re.ASCII).fullmatch,
    "period": PERIOD.fullmatch,
    "date": is_date,
}


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


def input_names(row: Any) -> list[str]:
    """The indicators that a row of `indicators.csv` is computed from; none unless it is declared as derived.

    >>> input_names(pd.Series({"derived": "ratio", "inputs": "rd_spending; gdp"}))
    ['rd_spending', 'gdp']
    """
    return parts(row.inputs) if row.derived in INPUTS else []


def is_spliced(row: Any) -> bool:
    """Whether a row of `indicators.csv` declares a splice to the definition it continues.

    >>> is_spliced(pd.Series({"splice": "ratio"})), is_spliced(pd.Series({"splice": ""}))
    (True, False)
    """
    return row.splice in ("ratio", "difference")


def parts(cell: str) -> list[str]:
    """The parts of a cell that are separated by `;`.

    >>> parts("rd_spending; gdp;")
    ['rd_spending', 'gdp']
    """
    return [part.strip() for part in cell.split(";") if part.strip()]


def by_value(column: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """`function` of every cell, computed once for each distinct cell; an object series with the same index.

    >>> by_value(pd.Series(["2020", "2020", "2021"]), int).tolist()
    [2020, 2020, 2021]
    """
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    found = pd.Series([function(cell) for cell in distinct], dtype=object)
    return pd.Series(found.to_numpy()[codes], index=column.index, dtype=object)

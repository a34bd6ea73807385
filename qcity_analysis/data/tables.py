"""The data contract: which tables there are, their columns, and what each cell may hold.

Reads one CSV file into a typed frame and reports every problem of the file at once. What must hold between the
tables is in `check`; finding the files and choosing what was known at a date is in `datapackage`. Formats other than
UTF-8 CSV are out of scope here.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd

from ..errors import Problem, did_you_mean
from .cache import through_copy
from .quickread import LARGE, by_value, regular_rows

QUALIFIERS = ("=", "~", ">=", "<=")
MEASURES = ("level", "change_pct", "cumulative_change_pct", "count_new", "count_total")
STATUSES = ("final", "preliminary", "estimate", "illustrative")
SUPPORTS = ("percent", "positive", "count", "real")
KINDS = (
    "level", "relative_change", "cumulative", "coverage", "monotone", "direction", "zero_event", "rank", "milestone",
)  # fmt: skip
DIRECTIONS = (
    "at_least", "at_most", "increase", "decrease", "increase_every_year", "decrease_every_year", "achieved",
)  # fmt: skip
COMMITMENTS = ("firm", "about", "strive", "maintain", "directional", "qualitative")


@dataclass(frozen=True)
class Column:
    """One column of the contract: its name, what a cell holds, and whether it may be empty or missing.

    `holds` is one of text, number, year, integer, period, date, choice; `optional` means that the whole column may
    be left out of the file.

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


TABLES = {
    "sources": Table(
        "sources.csv",
        (
            *_text("source_id", "publisher", "title", empty=False, optional=False),
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
        (*_text("region", "name_zh", "name_en", empty=False, optional=False), *_text("parent")),
        ("region",),
        optional=True,
    ),
    "indicators": Table(
        "indicators.csv",
        (
            *_text("indicator_id", "name_zh", "name_en", empty=False, optional=False),
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
            *_text("plan", "target_id", "region", "indicator_id", empty=False, optional=False),
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
            *_text("indicator_id", "region", empty=False, optional=False),
            Column("period", "period"),
            Column("value", "number"),
            Column("qualifier", "choice", False, False, QUALIFIERS),
            Column("measure", "choice", False, False, MEASURES),
            Column("unit", empty=True),
            Column("status", "choice", False, False, STATUSES),
            Column("published", "date", True),
            Column("source_id"),
            Column("note", empty=True),
            Column("base_period", "year", True, True),
        ),
        ("indicator_id", "region", "period", "measure", "base_period", "published"),
    ),
}

NO_COLUMN = "no such column"
PERIOD = re.compile(r"(?P<year>[12]\d{3})(-(Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII)
DATE = re.compile(r"[12]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = (
    1e100  # of a number; its reciprocal is the smallest but 0, so that products and squares stay in range
)
COUNTED_DIGITS = {
    "value": "decimals",
    "threshold": "decimals",
}  # columns whose digits as typed are kept, and where


def is_date(cell: str) -> bool:
    """Whether a cell is a date of the contract: a day that exists, a month or a year.

    >>> is_date("2023-02"), is_date("2023-02-30"), is_date("")
    (True, False, False)
    """
    if not DATE.fullmatch(cell):
        return False
    if len(cell) == 10:
        return not pd.isna(pd.to_datetime(cell, errors="coerce"))
    return True


def is_number(cell: str) -> bool:
    """Whether a cell is a number of the contract, of a size that can be computed with.

    >>> is_number("3.48"), is_number("1e400"), is_number("1,234")
    (True, False, False)
    """
    if NUMBER.fullmatch(cell) is None:
        return False
    size = abs(Decimal(cell))
    return size == 0 or 1 / LARGEST <= size <= LARGEST


def decimals(cell: str) -> int:
    """Digits after the decimal point of a number as it is written; 0 for an empty cell.

    >>> [decimals(cell) for cell in ("12.0", "1100", "2.5e-2", "")]
    [1, 0, 3, 0]
    """
    exponent = Decimal(cell).as_tuple().exponent if NUMBER.fullmatch(cell) else 0
    return max(0, -int(exponent))


def plain(cell: str) -> str:
    """A cell in plain characters: full-width digits, signs and letters as ASCII, a minus sign as a hyphen.

    >>> plain("－１６．１"), plain("−3")
    ('-16.1', '-3')
    """
    return unicodedata.normalize("NFKC", cell).replace("\u2212", "-").strip()


CELL: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "number": (
        is_number,
        "a number",
        "write it with digits and a point, as 3.48",
    ),
    "integer": (
        lambda c: re.fullmatch("[0-9]{1,9}", c) is not None,
        "a whole number",
        "write it with digits only",
    ),
    "year": (
        lambda c: re.fullmatch("[12][0-9]{3}", c) is not None,
        "a year of four digits",
        "write it as 2025",
    ),
    "period": (
        lambda c: PERIOD.fullmatch(c) is not None,
        "a year, or a year to date as 2024-Q3 or 2024-08",
        "write one period per row",
    ),
    "date": (
        is_date,
        "a date as 2023-02-28, 2023-02 or 2023",
        "write the day, month or year of publication as far as it is known",
    ),
}


def read_table(path: Path, name: str) -> tuple[pd.DataFrame, list[Problem]]:
    """One table of the contract from a UTF-8 CSV file (with or without BOM), and every problem found in it.

    Returns the frame with all columns of the contract (missing optional ones empty), numbers as float, years as
    nullable integers, everything else as text, plus `row`, the line in the file, and `decimals`, the digits after the
    point with which a value or threshold is written; and the list of problems. The
    frame is empty when the file cannot be read at all.

    >>> frame, problems = read_table(Path("no/such/indicators.csv"), "indicators")
    >>> print(problems[0])
    indicators.csv: found 'no such file'; allowed: the table 'indicators'; create it in no/such, or name another folder
    """
    table = TABLES[name]
    if not path.is_file():
        if table.optional:
            return _empty(table), []
        remedy = f"create it in {path.parent}, or name another folder"
        return _empty(table), [Problem(path.name, None, None, "no such file", f"the table {name!r}", remedy)]
    if path.stat().st_size > LARGE:
        return through_copy(path, lambda: _read_file(path, table))
    return _read_file(path, table)


def _read_file(path: Path, table: Table) -> tuple[pd.DataFrame, list[Problem]]:
    text, problems = _decode(path)
    if problems:
        return _empty(table), problems
    try:
        frame, problems = _parse(text, path.name, table)
    except csv.Error as error:
        allowed = f"cells of at most {csv.field_size_limit()} characters, quotes closed"
        remedy = "shorten the text, or close the quotes"
        return _empty(table), [Problem(path.name, _unreadable_line(text), None, str(error), allowed, remedy)]
    absent = {problem.column for problem in problems if problem.found == NO_COLUMN}
    for column in table.columns:
        problems += [] if column.name in absent else _check_cells(frame, column, path.name)
    problems += [] if absent & set(table.key) else _check_key(frame, table, path.name)
    return _typed(frame, table), sorted(problems, key=lambda p: p.row or 0)


def _unreadable_line(text: str) -> int:
    """The line at which a CSV text cannot be read any further."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for _ in reader:
            pass
    except csv.Error:
        pass
    return reader.line_num


def _empty(table: Table) -> pd.DataFrame:
    frame = pd.DataFrame({column.name: pd.Series(dtype=str) for column in table.columns})
    return _typed(frame.assign(row=pd.Series(dtype=int)), table)


def _decode(path: Path) -> tuple[str, list[Problem]]:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        found = f"byte 0x{raw[error.start]:02x} that is not UTF-8"
        remedy = "save the file again as 'CSV UTF-8'; the file was probably written in Latin-1 or GB18030"
        return "", [Problem(path.name, row, None, found, "UTF-8 text", remedy)]


def _parse(text: str, file: str, table: Table) -> tuple[pd.DataFrame, list[Problem]]:
    first = text[: text.find("\n") + 1]  # of a large file the whole is not copied for its header
    large = len(text) > LARGE and first.count('"') % 2 == 0
    reader = csv.reader(io.StringIO(first if large else text, newline=""))
    header = [cell.strip() for cell in next(reader, [])]
    problems = _check_header(header, file, table)
    frame = regular_rows(text, header) if large else None
    if frame is None:
        frame, ragged = _careful_rows(text, header, file)
        problems += ragged
    else:
        frame["row"] = range(2, len(frame) + 2)
    for column in table.columns:
        if column.name not in frame:
            frame[column.name] = ""
        elif column.holds != "text":
            frame[column.name] = by_value(frame[column.name], plain).astype(frame[column.name].dtype)
    return frame[[*(column.name for column in table.columns), "row"]], problems


def _careful_rows(text: str, header: list[str], file: str) -> tuple[pd.DataFrame, list[Problem]]:
    """The rows below the header with the line each ends in; a row of another length is a problem."""
    reader = csv.reader(io.StringIO(text, newline=""))
    next(reader, None)
    rows, lines, problems = [], [], []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            allowed = f"{len(header)} cells, as in the header"
            remedy = "put text that holds a comma in double quotes"
            problems.append(Problem(file, reader.line_num, None, f"{len(cells)} cells", allowed, remedy))
        rows.append((cells + [""] * len(header))[: len(header)])
        lines.append(reader.line_num)
    frame = pd.DataFrame(rows, columns=header, dtype=str)
    frame = frame.loc[:, ~frame.columns.duplicated()].map(str.strip)
    return frame.assign(row=pd.Series(lines, dtype="int64")), problems


def _check_header(header: list[str], file: str, table: Table) -> list[Problem]:
    names = [column.name for column in table.columns]
    problems = []
    for column in table.columns:
        if column.name not in header and not column.optional:
            spare = [name for name in header if name not in names]
            remedy = f"add the column {column.name}.{did_you_mean(column.name, spare)}"
            problems.append(Problem(file, 1, column.name, NO_COLUMN, ", ".join(names), remedy))
    for name in header:
        if name not in names:
            remedy = f"it is ignored; rename or remove it.{did_you_mean(name, names)}"
            problems.append(Problem(file, 1, name, "an unknown column", ", ".join(names), remedy, "warning"))
        if header.count(name) > 1:
            problems.append(
                Problem(file, 1, name, "the column twice", "each column once", "remove one of them")
            )
    return list(dict.fromkeys(problems))


def _check_cells(frame: pd.DataFrame, column: Column, file: str) -> list[Problem]:
    if (frame[column.name] == "").all() and (column.optional or frame.empty):
        return []
    faults = {cell: fault for cell in frame[column.name].unique() if (fault := _fault(cell, column))}
    bad = frame[frame[column.name].isin(list(faults))]
    return [
        Problem(file, int(row), column.name, cell, *faults[cell])
        for row, cell in zip(bad["row"], bad[column.name], strict=True)
    ]


def _fault(cell: str, column: Column) -> tuple[str, str] | None:
    if cell == "":
        return None if column.empty else ("a value", "fill the cell in, or delete the row")
    if column.holds == "choice" and cell not in column.choices:
        return ", ".join(column.choices), f"choose one of them.{did_you_mean(cell, column.choices)}"
    if column.holds in CELL:
        valid, allowed, remedy = CELL[column.holds]
        if column.holds == "number" and NUMBER.fullmatch(cell):
            allowed = f"0, or a size between {1 / LARGEST:g} and {LARGEST:g}"
        return None if valid(cell) else (allowed, remedy)
    return None


def _check_key(frame: pd.DataFrame, table: Table, file: str) -> list[Problem]:
    key = list(table.key)
    every = frame[frame.duplicated(key, keep=False)]
    first = every.groupby(key, sort=False)["row"].transform("first")
    repeated = every[every["row"] != first]
    problems = []
    for (*values, row), earlier in zip(
        repeated[[*key, "row"]].itertuples(index=False), first[repeated.index], strict=True
    ):
        found = " / ".join(value for value in values if value)
        remedy = f"it stands in row {int(earlier)} already: delete one, or give a revision its own `published` date"
        problems.append(Problem(file, int(row), ", ".join(key), found, "each key once", remedy))
    return problems


def _typed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    frame = frame.copy()
    for column in table.columns:
        if column.name in COUNTED_DIGITS:
            frame[COUNTED_DIGITS[column.name]] = by_value(frame[column.name], decimals).astype("int64")
        if column.holds == "number":
            frame[column.name] = pd.to_numeric(frame[column.name], errors="coerce").astype(float)
        elif column.holds in ("year", "integer"):
            frame[column.name] = pd.to_numeric(frame[column.name], errors="coerce").astype("Int64")
    return frame

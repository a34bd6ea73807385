"""Read the files of a data package, every problem at once: CSV tables typed, YAML with the line of each entry.

A large table whose rows are lines is read through Arrow, any other cell by cell; each distinct cell is looked at once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import closest
from ..problems import DataError, Problem
from .schema import CELL, DIGITS, LARGEST, LONGEST, NUMBER, TABLES, Column, Table, decimals, plain

LARGE = 1_000_000  # characters of a file from which reading through Arrow pays
TEXT = pd.Series(dtype=str).dtype
Read = tuple[pd.DataFrame, list[Problem]]
Cells = tuple[np.ndarray, list[str]]  # which of the distinct cells each row of a column has, and those
Written = tuple[dict[str, Any], np.ndarray, list[Problem]]  # cells by column, lines of the rows, problems
Lines = dict[tuple[str | int, ...], int]


def read_table(path: Path, name: str) -> Read:
    """One table of the contract from a UTF-8 CSV file (with or without BOM), and every problem found in it.

    Returns the frame with all columns of the contract (missing optional ones empty), numbers as float, years as
    nullable integers, everything else as text, plus `row`, the line in the file, and `decimals`, the digits after the
    point with which a value or threshold is written; and the list of problems. The frame is empty when the file cannot
    be read at all.

    >>> frame, problems = read_table(Path("no/such/indicators.csv"), "indicators")
    >>> print(problems[0])
    indicators.csv: found 'no such file'; allowed: the table 'indicators'; create it in no/such, or name another folder
    """
    table, rows, problems = TABLES[name], np.empty(0, dtype=np.int64), list[Problem]()
    written: dict[str, Any] = {}
    if path.is_file():
        try:
            written, rows, problems = _parse(utf8_text(path.read_bytes(), path.name), path.name, table)
        except DataError as error:
            problems = error.problems
    elif not table.optional:
        problems.append(Problem(path.name, None, None, "no_table", {"table": name, "folder": path.parent}))
    cells = {column.name: _distinct(written.get(column.name), len(rows), column) for column in table.columns}
    absent = {problem.column for problem in problems if problem.code == "no_column"}
    for column in table.columns:
        problems += [] if column.name in absent else _check_cells(cells[column.name], column, rows, path.name)
    problems += [] if absent & set(table.key) else _check_key(cells, table, rows, path.name)
    return _typed(cells, rows, table), sorted(problems, key=lambda p: p.row or 0)


def table_of(table: Table, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A table of the contract from rows held in memory, typed as if read from a file; unchecked."""
    frame = pd.DataFrame(rows, columns=[column.name for column in table.columns], dtype=object)
    written = frame.where(frame.notna(), "").astype(str)
    cells = {column.name: _distinct(written[column.name], len(rows), column) for column in table.columns}
    return _typed(cells, np.arange(2, len(rows) + 2), table)


def _distinct(written: Any, count: int, column: Column) -> Cells:
    """Which of its distinct cells each row of a column has, and those; in plain characters unless it holds text."""
    if written is None:
        return np.zeros(count, dtype=np.int64), [""]
    codes, found = pd.factorize(written)
    if column.holds == "text":
        return codes, list(found)
    same, found = pd.factorize(np.array([plain(cell) for cell in found], dtype=object))
    return same[codes], list(found)


def utf8_text(raw: bytes, file: str) -> str:
    """The text of a file of the contract (UTF-8, with or without BOM). Raises DataError with the first other byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row, byte = raw[: error.start].count(b"\n") + 1, f"0x{raw[error.start]:02x}"
        raise DataError([Problem(file, row, None, "not_utf8", {"byte": byte})]) from error


def csv_rows(text: str, file: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV text, each with the line it ends in. Raises DataError with the first that cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
    except csv.Error as error:
        about = {"cell": str(error), "limit": csv.field_size_limit()}
        raise DataError([Problem(file, rows[-1][0] + 1 if rows else 1, None, "no_csv", about)]) from error
    return rows


def _parse(text: str, file: str, table: Table) -> Written:
    first = text[: text.find("\n") + 1]  # of a large file the whole is not copied for its header
    large = len(text) > LARGE and first.count('"') % 2 == 0
    rows = csv_rows(first if large else text, file)
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    frame, problems = regular_rows(text, header) if large else None, _check_header(header, file, table)
    if frame is not None:
        return {name: frame[name] for name in header}, np.arange(2, len(frame) + 2), problems
    columns, lines, uneven = _careful_rows((csv_rows(text, file) if large else rows)[1:], header, file)
    return columns, lines, problems + uneven


def _careful_rows(read: list[tuple[int, list[str]]], header: list[str], file: str) -> Written:
    """The columns below the header (of two of a name the first) and the line each row ends in; uneven rows are told."""
    rows = [(line, cells) for line, cells in read if any(map(str.strip, cells))]
    width = len(header)
    uneven = ((line, len(cells)) for line, cells in rows if len(cells) != width)
    problems = [Problem(file, line, None, "row_length", {"count": n, "width": width}) for line, n in uneven]
    even = [[cell.strip() for cell in (cells + [""] * width)[:width]] for _, cells in rows]
    table = np.array(even, dtype=object).reshape(len(even), width)
    lines = np.array([line for line, _ in rows], dtype=np.int64)
    return {name: table[:, header.index(name)] for name in header}, lines, problems


def regular_rows(text: str, header: Sequence[str]) -> pd.DataFrame | None:
    """The rows below the header as text columns in the order of `header`, cells stripped; None when irregular."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    raw = text.encode()
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if len(set(header)) < len(header) or raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    names = [*map(str, range(len(header)))]
    types = dict.fromkeys(names, pa.large_string())
    try:
        how = csv.ReadOptions(column_names=names, skip_rows=1)
        lined = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
        typed = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
        table = csv.read_csv(pa.BufferReader(raw), how, lined, typed)
    except pa.ArrowInvalid:
        return None
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    if table.num_rows != lines - 1 or not columns or pc.any(pc.equal(columns[0], "")).as_py():
        return None
    return pa.table(columns, names=list(header)).to_pandas()


def _check_header(header: list[str], file: str, table: Table) -> list[Problem]:
    names = [column.name for column in table.columns]
    spare, columns = [name for name in header if name not in names], ", ".join(names)
    problems = []
    for name in (column.name for column in table.columns if not column.optional):
        if name not in header:
            about = {"columns": columns, "name": name, "near": closest(name, spare)}
            problems.append(Problem(file, 1, name, "no_column", about))
    for name in dict.fromkeys(header):
        if name not in names:
            about = {"columns": columns, "near": closest(name, names)}
            problems.append(Problem(file, 1, name, "unknown_column", about))
        if header.count(name) > 1:
            problems.append(Problem(file, 1, name, "column_twice"))
    return problems


def _check_cells(cells: Cells, column: Column, rows: np.ndarray, file: str) -> list[Problem]:
    codes, distinct = cells
    faults = {code: fault for code, cell in enumerate(distinct) if (fault := _fault(cell, column))}
    about = {"choices": ", ".join(column.choices), "bytes": LONGEST, "least": 1 / LARGEST, "most": LARGEST}
    return [
        Problem(file, int(row), column.name, f"cell_{faults[code]}",
                about | {"cell": distinct[code], "near": closest(distinct[code], column.choices)})
        for row, code in zip(rows, codes.tolist(), strict=True) if code in faults
    ]  # fmt: skip


def _fault(cell: str, column: Column) -> str:
    """What a cell is not, as in the codes of problems; an empty text when it is as it should be."""
    if cell == "":
        return "" if column.empty else "empty"
    if column.holds == "choice":
        return "" if cell in column.choices else "choice"
    if column.holds not in CELL or CELL[column.holds](cell):
        return ""
    return "size" if column.holds == "number" and NUMBER.fullmatch(cell) else column.holds


def _check_key(cells: dict[str, Cells], table: Table, rows: np.ndarray, file: str) -> list[Problem]:
    key, first, problems = np.zeros(len(rows), dtype=np.int64), dict[int, int](), []
    for name in table.key:
        key = key * len(cells[name][1]) + cells[name][0]
    for at, (number, row) in enumerate(zip(key.tolist(), rows.tolist(), strict=True)):
        if (earlier := first.setdefault(number, row)) != row:
            cell = " / ".join(filter(None, (cells[name][1][cells[name][0][at]] for name in table.key)))
            about = {"cell": cell, "first": earlier}
            problems.append(Problem(file, row, ", ".join(table.key), "key_twice", about))
    return problems


def _typed(cells: dict[str, Cells], rows: np.ndarray, table: Table) -> pd.DataFrame:
    frame, digits = dict[str, Any](), dict[str, Any]()
    for column in table.columns:
        codes, distinct = cells[column.name]
        if column.holds == "number":
            numbers: Any = pd.to_numeric(np.array(distinct, dtype=object), errors="coerce")
            frame[column.name] = numbers.astype(float)[codes]
        else:
            whole = [int(cell) if cell.isdecimal() and len(cell) < 10 else None for cell in distinct]
            text = column.holds not in ("year", "integer")
            frame[column.name] = pd.array(distinct if text else whole, TEXT if text else "Int64").take(codes)
        if column.name in DIGITS:
            digits[DIGITS[column.name]] = np.array([*map(decimals, distinct)], dtype=np.int64)[codes]
    return pd.DataFrame(frame | {"row": rows} | digits)


def decode(raw: bytes, file: str) -> tuple[str, str]:
    """The text of some bytes and the name of its encoding. Raises DataError naming the first byte each one fails on."""
    failed: list[int] = []
    for encoding, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GB18030")):
        try:
            return raw.decode(encoding), name
        except UnicodeDecodeError as error:
            failed.append(error.start)
    row, code = raw[: failed[0]].count(b"\n") + 1, "no_encoding"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        code = "utf16"
    first, second = (f"0x{raw[start]:02x}" for start in failed)
    about = {"first": first, "one": failed[0] + 1, "second": second, "two": failed[1] + 1}
    raise DataError([Problem(file, row, None, code, about)])


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """The content of a YAML file, all scalars as text, and the line of each entry by its path of keys and positions.

    Raises DataError when the file is missing, is no YAML, or has the same key twice.
    """
    import yaml

    if not path.is_file():
        raise DataError([Problem(path.name, None, None, "no_yaml_file")])
    text, _ = decode(path.read_bytes(), path.name)
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark, why = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        row, code = mark.line + 1 if mark else None, "no_yaml" if why else "no_yaml_text"
        raise DataError([Problem(path.name, row, None, code, {"cell": str(why)})]) from error
    lines: Lines = {}
    problems: list[Problem] = []
    content = _value(node, (), lines, problems, path.name)
    if problems:
        raise DataError(problems)
    return content, lines


def _value(node: Any, at: tuple[str | int, ...], lines: Lines, problems: list[Problem], file: str) -> Any:
    if node is None:
        return None
    lines[at] = node.start_mark.line + 1
    if node.id == "scalar":
        return node.value.strip()
    if node.id == "sequence":
        return [_value(item, (*at, k), lines, problems, file) for k, item in enumerate(node.value)]
    content: dict[str, Any] = {}
    for key, item in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in content:
            problems.append(Problem(file, line, name, "entry_twice"))
        content[name] = _value(item, (*at, name), lines, problems, file)
        lines[(*at, name)] = line
    return content

"""Read the files of a data package, every problem at once: CSV tables typed, YAML with the line of each entry.

Each distinct cell of a column is looked at once, so that a large table costs little more than its parsing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import closest
from ..problems import DataError, Problem
from .schema import CELL, DIGITS, LARGEST, LONGEST, NUMBER, TABLES, Column, Table, decimals, is_date, plain

TEXT = pd.StringDtype("python", na_value=np.nan)  # small frames are sliced far more often than large ones
Cells = tuple[np.ndarray, list[str]]  # which of the distinct cells each row of a column has, and those
At = tuple[str | int, ...]  # the keys and positions that lead to an entry of a YAML file


def read_table(path: Path, name: str) -> tuple[pd.DataFrame, list[Problem]]:
    """One table of the contract from a UTF-8 CSV file (with or without BOM), and every problem found in it.

    Returns the frame with all columns of the contract (missing optional ones empty), numbers as float, years as
    nullable integers, everything else as text, plus `row`, the line in the file, and `decimals`, the digits after the
    point with which a value or threshold is written (empty when the file cannot be read at all); and the problems.

    >>> frame, problems = read_table(Path("no/such/indicators.csv"), "indicators")
    >>> print(problems[0])
    indicators.csv: found 'no such file'; allowed: the table 'indicators'; create it in no/such, or name another folder
    """
    table, file = TABLES[name], path.name
    if not path.is_file():
        absent = Problem(file, None, None, "no_table", {"table": name, "folder": path.parent})
        return table_of(table, ()), [] if table.optional else [absent]
    try:
        read = csv_rows(path.read_bytes(), file)
    except DataError as error:
        return table_of(table, ()), error.problems
    header = [cell.strip() for cell in read[0][1]] if read else []
    width, problems = len(header), _check_header(header, file, table)
    read = [(line, cells) for line, cells in read[1:] if any(map(str.strip, cells))]
    uneven = [(line, len(cells)) for line, cells in read if len(cells) != width]
    problems += [Problem(file, line, None, "row_length", {"count": n, "width": width}) for line, n in uneven]
    rows = np.array([line for line, _ in read], dtype=np.int64)
    even = (cells if len(cells) == width else (cells + [""] * width)[:width] for _, cells in read)
    columns = dict(reversed([*zip(header, zip(*even, strict=True), strict=False)]))  # the first of two alike
    cells = {c.name: _distinct(columns.get(c.name), len(rows), c) for c in table.columns}
    for column in (column for column in table.columns if column.optional or column.name in header):
        problems += _check_cells(cells[column.name], column, rows, file)
    if {*table.key} <= {*header, *(column.name for column in table.columns if column.optional)}:
        problems += _check_key(cells, table, rows, file)
    return _typed(cells, rows, table), sorted(problems, key=lambda problem: problem.row or 0)


def table_of(table: Table, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A table of the contract from rows held in memory, typed as if read from a file; unchecked."""
    cells = {}
    for column in table.columns:
        written = ["" if pd.isna(cell) else str(cell) for cell in (row.get(column.name) for row in rows)]
        cells[column.name] = _distinct(written or None, len(rows), column)
    return _typed(cells, np.arange(2, len(rows) + 2), table)


def _distinct(written: Any, count: int, column: Column) -> Cells:
    """Which of its distinct cells each row of a column has, and those; in plain characters unless it holds text."""
    if written is None:
        return np.zeros(count, dtype=np.int64), [""]
    codes, distinct = pd.factorize(np.array(written, dtype=object))
    bare = map(str.strip if column.holds == "text" else plain, distinct)
    same, distinct = pd.factorize(np.array([*bare], dtype=object))
    return same[codes], list(distinct)


def csv_rows(raw: bytes, file: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file (UTF-8, with or without BOM), each with the line it ends in.

    Raises DataError with the first byte that is not UTF-8, or the first row that cannot be read.
    """
    reader = csv.reader(io.StringIO(decode(raw, file, ["UTF-8"])[0], newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows.extend((reader.line_num, cells) for cells in reader)
    except csv.Error as error:
        about = {"cell": str(error), "limit": csv.field_size_limit()}
        raise DataError([Problem(file, rows[-1][0] + 1 if rows else 1, None, "no_csv", about)]) from error
    return rows


def _check_header(header: list[str], file: str, table: Table) -> list[Problem]:
    names, told = [column.name for column in table.columns], {name: header.count(name) for name in header}
    spare, lost = [name for name in told if name not in names], ({*names} - {*header})
    wrong = [(c.name, "no_column", spare) for c in table.columns if c.name in lost and not c.optional]
    wrong += [(name, "unknown_column", names) for name in spare]
    wrong += [(name, "column_twice", []) for name, count in told.items() if count > 1]
    return [
        Problem(file, 1, name, code, {"columns": ", ".join(names), "name": name, "near": closest(name, some)})
        for name, code, some in wrong
    ]


def _check_cells(cells: Cells, column: Column, rows: np.ndarray, file: str) -> list[Problem]:
    codes, distinct = cells
    faults = {k: fault for k, cell in enumerate(distinct) if (fault := _fault(cell, column))}
    about = {"choices": ", ".join(column.choices), "bytes": LONGEST, "least": 1 / LARGEST, "most": LARGEST}
    return [
        Problem(file, int(rows[at]), column.name, f"cell_{faults[codes[at]]}",
                about | {"cell": distinct[codes[at]], "near": closest(distinct[codes[at]], column.choices)})
        for at in np.flatnonzero(np.isin(codes, [*faults]))
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
    key = np.zeros(len(rows), dtype=np.int64)
    for name in table.key:
        key = key * len(cells[name][1]) + cells[name][0]
    _, at, same = np.unique(key, return_index=True, return_inverse=True)
    problems = []
    for k in np.flatnonzero(at[same] != np.arange(len(rows))):
        cell = " / ".join(filter(None, (cells[name][1][cells[name][0][k]] for name in table.key)))
        about = {"cell": cell, "first": int(rows[at[same[k]]])}
        problems.append(Problem(file, int(rows[k]), ", ".join(table.key), "key_twice", about))
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


def decode(raw: bytes, file: str, encodings: Sequence[str] = ("UTF-8", "GB18030")) -> tuple[str, str]:
    """The text of some bytes and the name of its encoding. Raises DataError naming the first byte each one fails on."""
    failed: list[int] = []
    for name in encodings:
        try:
            return raw.decode("utf-8-sig" if name == "UTF-8" else name), name
        except UnicodeDecodeError as error:
            failed.append(error.start)
    code = "utf16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "no_encoding"
    code = "not_utf8" if len(failed) == 1 else code
    first, second = (f"0x{raw[start]:02x}" for start in (failed[0], failed[-1]))
    about = {"byte": first, "first": first, "one": failed[0] + 1, "second": second, "two": failed[-1] + 1}
    raise DataError([Problem(file, raw[: failed[0]].count(b"\n") + 1, None, code, about)])


def read_yaml(path: Path) -> tuple[Any, Entries]:
    """The content of a YAML file, scalars as text, and the reader with its lines. DataError: no file or no YAML."""
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
    reader = Entries(path.name)
    return (reader.content(node, ()) if node else None), reader


class Entries:
    """The entries of a YAML file: reads them and collects their problems, each at the line of its entry.

    Attributes: `file`, `lines` (of each entry, by the keys and positions that lead to it), `problems`.

    >>> entries = Entries("map.yaml", {("status",): 3})
    >>> entries.choice(("status",), "finale", ("final", "estimate"))
    >>> print(entries.problems[0])
    map.yaml, row 3, column status: found 'finale'; allowed: final, estimate; choose one of them. Did you mean "final"?
    """

    def __init__(self, file: str, lines: dict[At, int] | None = None) -> None:
        self.file, self.lines, self.problems = file, lines or {}, list[Problem]()

    def content(self, node: Any, at: At) -> Any:
        """What a node of the file holds; an entry that stands there twice is a problem."""
        self.lines.setdefault(at, node.start_mark.line + 1)
        if node.id == "scalar":
            return node.value.strip()
        if node.id == "sequence":
            return [self.content(item, (*at, k)) for k, item in enumerate(node.value)]
        content: dict[str, Any] = {}
        for key, item in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in content:
                self.problems.append(Problem(self.file, line, name, "entry_twice"))
            self.lines[(*at, name)] = line
            content[name] = self.content(item, (*at, name))
        return content

    def fault(self, at: At, code: str, column: str = "", **values: Any) -> None:
        """Note a problem at the nearest entry that stands in the file."""
        row = next((self.lines[at[:k]] for k in range(len(at), -1, -1) if at[:k] in self.lines), None)
        self.problems.append(Problem(self.file, row, column or str(at[-1]), code, values))

    def known(self, entries: Mapping[str, Any], at: At, names: Sequence[str], under: str = "") -> None:
        """Note each entry that is none of `names`; `under` names the entry that holds them."""
        for name in (name for name in entries if name not in names):
            near = closest(name, names)
            self.fault((*at, name), "entry_unknown", under + name, names=", ".join(names), near=near)

    def choice(
        self, at: At, value: str, choices: Collection[str], code: str = "cell_choice", **about: Any
    ) -> None:
        """Note a value that is none of some; an empty one says nothing."""
        if value and value not in choices:
            near = closest(value, choices)
            self.fault(at, code, cell=value, choices=", ".join(choices), near=near, **about)

    def date(self, at: At, value: str, column: str = "") -> None:
        """Note a value that is no date; an empty one says nothing."""
        if value and not is_date(value):
            self.fault(at, "entry_date", column, cell=value)

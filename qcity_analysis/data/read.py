"""Read the files of a data package, every problem at once: CSV tables typed, YAML with the line of each entry."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import DataError, Problem, did_you_mean
from .cache import through_copy
from .schema import CELL, DIGITS, LARGEST, NUMBER, TABLES, Column, Table, by_value, decimals, plain

NO_COLUMN = "no such column"


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
    try:
        frame, problems = _parse(utf8_text(path.read_bytes(), path.name), path.name, table)
    except DataError as error:
        return _empty(table), error.problems
    absent = {problem.column for problem in problems if problem.found == NO_COLUMN}
    for column in table.columns:
        problems += [] if column.name in absent else _check_cells(frame, column, path.name)
    problems += [] if absent & set(table.key) else _check_key(frame, table, path.name)
    return _typed(frame, table), sorted(problems, key=lambda p: p.row or 0)


def _empty(table: Table) -> pd.DataFrame:
    frame = pd.DataFrame({column.name: pd.Series(dtype=str) for column in table.columns})
    return _typed(frame.assign(row=pd.Series(dtype=int)), table)


def utf8_text(raw: bytes, file: str) -> str:
    """The text of a file of the contract (UTF-8, with or without BOM). Raises DataError with the first other byte.

    >>> utf8_text("a,é".encode(), "a.csv")
    'a,é'
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        found = f"byte 0x{raw[error.start]:02x} that is not UTF-8"
        remedy = "save the file again as 'CSV UTF-8'; the file was probably written in Latin-1 or GB18030"
        raise DataError([Problem(file, row, None, found, "UTF-8 text", remedy)]) from error


def csv_rows(text: str, file: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV text, each with the line it ends in. Raises DataError with the first that cannot be read.

    >>> csv_rows('a,b\\n1,"2\\n3"\\n', "a.csv")
    [(1, ['a', 'b']), (3, ['1', '2\\n3'])]
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
    except csv.Error as error:
        line = rows[-1][0] + 1 if rows else 1
        allowed = f"cells of at most {csv.field_size_limit()} characters, quotes closed"
        remedy = "shorten the text, or close the quotes"
        raise DataError([Problem(file, line, None, str(error), allowed, remedy)]) from error
    return rows


def _parse(text: str, file: str, table: Table) -> tuple[pd.DataFrame, list[Problem]]:
    first = text[: text.find("\n") + 1]  # of a large file the whole is not copied for its header
    large = len(text) > LARGE and first.count('"') % 2 == 0
    rows = csv_rows(first if large else text, file)
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    frame, problems = regular_rows(text, header) if large else None, _check_header(header, file, table)
    if frame is not None:
        frame["row"] = range(2, len(frame) + 2)
    else:
        frame, uneven = _careful_rows((csv_rows(text, file) if large else rows)[1:], header, file)
        problems += uneven
    for column in table.columns:
        if column.name not in frame:
            frame[column.name] = ""
        elif column.holds != "text":
            frame[column.name] = by_value(frame[column.name], plain).astype(frame[column.name].dtype)
    return frame[[*(column.name for column in table.columns), "row"]], problems


def _careful_rows(
    read: list[tuple[int, list[str]]], header: list[str], file: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """The rows below the header with the line each ends in; a row of another length is a problem."""
    rows, lines, problems = [], [], []
    for line, cells in read:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            allowed = f"{len(header)} cells, as in the header"
            remedy = "put text that holds a comma in double quotes"
            problems.append(Problem(file, line, None, f"{len(cells)} cells", allowed, remedy))
        rows.append((cells + [""] * len(header))[: len(header)])
        lines.append(line)
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
            said = ("the column twice", "each column once", "remove one of them")
            problems.append(Problem(file, 1, name, *said))
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
    problems = []
    for cells, row, earlier in zip(every[key].to_numpy().tolist(), every["row"], first, strict=True):
        if row != earlier:
            found = " / ".join(filter(None, cells))
            remedy = (
                f"it stands in row {earlier} already: delete one, or give a revision its own `published` date"
            )
            problems.append(Problem(file, int(row), ", ".join(key), found, "each key once", remedy))
    return problems


def _typed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    frame = frame.copy()
    for column in table.columns:
        if column.name in DIGITS:
            frame[DIGITS[column.name]] = by_value(frame[column.name], decimals).astype("int64")
        if column.holds == "number":
            frame[column.name] = pd.to_numeric(frame[column.name], errors="coerce").astype(float)
        elif column.holds in ("year", "integer"):
            frame[column.name] = pd.to_numeric(frame[column.name], errors="coerce").astype("Int64")
    return frame


LARGE = 1_000_000  # characters of a file from which reading through Arrow pays


def regular_rows(text: str, header: Sequence[str]) -> pd.DataFrame | None:
    """The rows below the header as text columns in the order of `header`, cells stripped; None when irregular.

    >>> regular_rows("a,b\\n1, x\\n2,y\\n", ["a", "b"])["b"].tolist()
    ['x', 'y']
    >>> regular_rows("a,b\\n1\\n", ["a", "b"]) is None
    True
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    raw = text.encode()
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if len(set(header)) < len(header) or raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    names = [str(position) for position in range(len(header))]
    try:
        table = csv.read_csv(
            pa.BufferReader(raw),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines - 1:
        return None
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    if not columns or pc.any(pc.equal(columns[0], "")).as_py():
        return None
    return pa.table(columns, names=list(header)).to_pandas()


def decode(raw: bytes, file: str) -> tuple[str, str]:
    """The text of some bytes and the name of its encoding. Raises DataError naming the first byte each one fails on.

    >>> decode("研发".encode("gb18030"), "a.csv")
    ('研发', 'GB18030')
    """
    failed: list[UnicodeDecodeError] = []
    for encoding, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GB18030")):
        try:
            return raw.decode(encoding), name
        except UnicodeDecodeError as error:
            failed.append(error)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        found = "UTF-16 text"
    else:
        places = [f"byte 0x{raw[e.start]:02x} at position {e.start + 1}" for e in failed]
        found = f"{places[0]}, which is not UTF-8, and {places[1]}, which is not GB18030"
    row = raw[: failed[0].start].count(b"\n") + 1
    remedy = "save the file again as 'CSV UTF-8'"
    raise DataError([Problem(file, row, None, found, "UTF-8 or GB18030 text", remedy)])


Lines = dict[tuple[str | int, ...], int]


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """The content of a YAML file, all scalars as text, and the line of each entry by its path of keys and positions.

    Raises DataError when the file is missing, is no YAML, or has the same key twice.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.yaml"
    >>> _ = place.write_text("sheet: 表1\\nfigures:\\n- name: A\\n  date: 2024-01\\n", "utf-8")
    >>> content, lines = read_yaml(place)
    >>> content, lines[("figures", 0, "date")]
    ({'sheet': '表1', 'figures': [{'name': 'A', 'date': '2024-01'}]}, 4)
    """
    import yaml

    if not path.is_file():
        remedy = "name an existing file; `qcity import FILE --suggest` writes a starter mapping"
        raise DataError([Problem(path.name, None, None, "no such file", "a YAML file", remedy)])
    text, _ = decode(path.read_bytes(), path.name)
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or "text that cannot be read"
        row = mark.line + 1 if mark else None
        remedy = (
            "indent entries of one list equally; put text that holds ': ' or starts with a sign in quotes"
        )
        raise DataError([Problem(path.name, row, None, str(found), "YAML", remedy)]) from error
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
    found: dict[str, Any] = {}
    for key, item in node.value:
        name = str(key.value)
        if name in found:
            line = key.start_mark.line + 1
            said = ("the entry twice", "each entry once", "remove one of them")
            problems.append(Problem(file, line, name, *said))
        found[name] = _value(item, (*at, name), lines, problems, file)
        lines[(*at, name)] = key.start_mark.line + 1
    return found

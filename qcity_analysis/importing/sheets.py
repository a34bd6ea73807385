"""Open a file of figures, whatever its kind, as grids of cells: text tables, Excel, SDMX.

A text file is UTF-8, with or without byte order mark, or else GB18030, tried strictly in that order: libraries that
guess encodings are wrong on short Chinese files. Excel (.xlsx and .xls) is read by python-calamine, every sheet with
its merged cells. Out of scope: what the cells mean (`layout`), cell formats (a cell shown as 3.48 % holds 0.0348: see
`mapping`), and formulas, of which the stored result is read; a formula that failed reads as an empty cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from ..data.read import decode
from ..errors import DataError, Problem, QcityError, did_you_mean
from .cells import Grid
from .sdmx import MESSAGES, from_sdmx_csv, is_sdmx_csv, read_sdmx

TEXT = (".csv", ".tsv", ".txt")
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_grids(path: str | Path, sheets: list[str] | None = None) -> list[Grid]:
    """The sheets of a file (one for a text or SDMX file); with `sheets`, those alone and in that order.

    Raises QcityError when there is no such file, its kind is not read or a sheet does not exist; DataError when it
    cannot be read, naming what was tried.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = place.write_bytes("指标;2020年\\n研发强度;3,48\\n".encode("gb18030"))
    >>> grid = read_grids(place)[0]
    >>> grid.opened_as, grid.rows[0]
    ('GB18030, semicolon', ('指标', '2020年'))
    """
    place = Path(path).expanduser()
    kinds = ", ".join((*TEXT, *EXCEL, *MESSAGES))
    if not place.is_file():
        raise QcityError(f"{path}: no such file. Name a file to import ({kinds})")
    kind = place.suffix.lower()
    if kind in TEXT:
        grids = [read_text(place)]
    elif kind in EXCEL:
        grids = read_spreadsheet(place)
    elif kind in MESSAGES:
        grids = read_sdmx(place)
    else:
        raise QcityError(
            f"{place.name}: files of this kind are not read. Read are {kinds}; save it as one of them"
        )
    return grids if sheets is None else _chosen(place, grids, sheets)


def _chosen(path: Path, grids: list[Grid], sheets: list[str]) -> list[Grid]:
    held = {grid.sheet: grid for grid in grids}
    for name in sheets:
        if name not in held:
            known = ", ".join(filter(None, held)) or "none, it is not a workbook"
            raise QcityError(
                f"{path.name}: no sheet named {name!r}.{did_you_mean(name, held)} Sheets: {known}"
            )
    return [held[name] for name in sheets]


def read_text(path: Path) -> Grid:
    """A text table as a grid; the delimiter is the one that cuts most rows into equally many cells.

    Raises DataError when the bytes are neither UTF-8 nor GB18030, or the file is empty.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = place.write_text("a\\t1,234\\nb\\t2,345\\n", "utf-8-sig")
    >>> read_text(place).rows
    (('a', '1,234'), ('b', '2,345'))
    """
    text, encoding = decode(path.read_bytes(), path.name)
    if not text.strip():
        problem = Problem(
            path.name, None, None, "an empty file", "a table", "check that it is the right file"
        )
        raise DataError([problem])
    delimiter = _delimiter(text)
    rows, lines, line = [], [], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            rows.append(tuple(cells))
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        problem = Problem(
            path.name, line, None, str(error), "a text table", "save the file again as CSV UTF-8"
        )
        raise DataError([problem]) from error
    opened_as = f"{encoding}, {DELIMITERS[delimiter]}"
    grid = Grid(path.name, "", tuple(rows), tuple(lines), opened_as=opened_as)
    return from_sdmx_csv(grid) if is_sdmx_csv(list(rows[0])) else grid


def _delimiter(text: str) -> str:
    """Of the three, the one under which most rows have the same number of cells, and more than one."""
    sample = text[:200_000]
    scores = {}
    for delimiter in reversed(DELIMITERS):  # of equals the rarer sign in figures
        # a comma before three digits may separate thousands: it does not speak for the comma
        counted = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", sample) if delimiter == "," else sample
        try:
            rows = [
                len(r) for r in csv.reader(io.StringIO(counted, newline=""), delimiter=delimiter) if any(r)
            ]
        except csv.Error:  # said where the table itself is read
            rows = []
        counts = Counter(width for width in rows if width > 1)
        width, number = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        scores[delimiter] = (number, width)
    return max(scores, key=lambda delimiter: scores[delimiter])


EXCEL = (".xlsx", ".xlsm", ".xls")


def read_spreadsheet(path: Path) -> list[Grid]:
    """Every sheet with cells in it, hidden ones too, in the order of the workbook.

    Raises DataError when the file is no Excel workbook, is locked by a password, or holds nothing.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.xlsx"
    >>> _ = place.write_text("not a workbook")
    >>> try:
    ...     read_spreadsheet(place)
    ... except DataError as error:
    ...     print(error.problems[0].allowed)
    an Excel workbook (.xlsx or .xls)
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_path(str(path))
        grids = [_grid(path, book, name) for name in book.sheet_names]
    except PasswordError as error:
        remedy = "save a copy without a password"
        raise _refusal(path, "a password", remedy) from error
    except CalamineError as error:
        remedy = "open it in a spreadsheet program and save it again as .xlsx"
        raise _refusal(path, f"bytes that are none ({error})", remedy) from error
    held = [grid for grid in grids if grid.rows]
    if not held:
        raise _refusal(path, "no cells", "check that it is the right file")
    return held


def _refusal(path: Path, found: str, remedy: str) -> DataError:
    return DataError([Problem(path.name, None, None, found, "an Excel workbook (.xlsx or .xls)", remedy)])


def _grid(path: Path, book: object, name: str) -> Grid:
    sheet = book.get_sheet_by_name(name)  # type: ignore[attr-defined]
    rows = tuple(tuple(row) for row in sheet.to_python(skip_empty_area=False))
    merged = tuple(
        (top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    )
    lines = tuple(range(1, len(rows) + 1))
    return Grid(f"{path.name} [{name}]", name, rows, lines, merged, "Excel")

"""Open a file of figures, whatever its kind, as grids of cells: text tables, Excel, SDMX.

A text file is UTF-8, with or without byte order mark, or else GB18030, tried strictly in that order: libraries that
guess encodings are wrong on short Chinese files. Excel (.xlsx and .xls) is read by python-calamine, every sheet with
its merged cells. Out of scope: what the cells mean (`layout`), cell formats (a cell shown as 3.48 % holds 0.0348: see
`mapping`), and formulas, of which the stored result is read; a formula that failed reads as an empty cell.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.read import decode
from ..errors import QcityError, did_you_mean
from ..problems import DataError, free
from .cells import Grid
from .sdmx import MESSAGES, from_sdmx_csv, is_sdmx_csv, read_sdmx

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

TEXT = (".csv", ".tsv", ".txt")
EXCEL = (".xlsx", ".xlsm", ".xls")
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
    kinds, kind = ", ".join((*TEXT, *EXCEL, *MESSAGES)), place.suffix.lower()
    if not place.is_file():
        raise QcityError(f"{path}: no such file. Name a file to import ({kinds})")
    if kind not in (*TEXT, *EXCEL, *MESSAGES):
        remedy = f"Read are {kinds}; save it as one of them"
        raise QcityError(f"{place.name}: files of this kind are not read. {remedy}")
    if kind in TEXT:
        grids = [read_text(place)]
    elif kind in EXCEL:
        grids = read_spreadsheet(place)
    else:
        grids = read_sdmx(place)
    held = {grid.sheet: grid for grid in grids}
    for name in sheets or ():
        if name not in held:
            known = ", ".join(filter(None, held)) or "none, it is not a workbook"
            hint = did_you_mean(name, held)
            raise QcityError(f"{place.name}: no sheet named {name!r}.{hint} Sheets: {known}")
    return grids if sheets is None else [held[name] for name in sheets]


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
        raise _refusal(path, "an empty file", "a table", "check that it is the right file")
    delimiter = _delimiter(text)
    rows, lines, line = [], [], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            rows.append(tuple(cells))
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refusal(path, str(error), "a text table", "save the file again as CSV UTF-8", line) from error
    opened_as = f"{encoding}, {DELIMITERS[delimiter]}"
    grid = Grid(path.name, "", tuple(rows), tuple(lines), opened_as=opened_as)
    return from_sdmx_csv(grid) if is_sdmx_csv(list(rows[0])) else grid


def _delimiter(text: str) -> str:
    """Of the three, the one under which most rows have the same number of cells, and more than one."""
    scores = {}
    for delimiter in reversed(DELIMITERS):  # of equals the rarer sign in figures
        sample = text[:200_000]
        if delimiter == ",":  # before three digits it may separate thousands: it does not speak for the comma
            sample = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", sample)
        widths: Counter[int] = Counter()
        with contextlib.suppress(csv.Error):  # said where the table itself is read
            rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
            widths = Counter(len(row) for row in rows if len(row) > 1 and any(row))
        scores[delimiter] = max(((number, width) for width, number in widths.items()), default=(0, 1))
    return max(scores, key=lambda delimiter: scores[delimiter])


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

    allowed = "an Excel workbook (.xlsx or .xls)"
    try:
        book = CalamineWorkbook.from_path(str(path))
        grids = [_grid(path, book, name) for name in book.sheet_names]
    except PasswordError as error:
        raise _refusal(path, "a password", allowed, "save a copy without a password") from error
    except CalamineError as error:
        remedy = "open it in a spreadsheet program and save it again as .xlsx"
        raise _refusal(path, f"bytes that are none ({error})", allowed, remedy) from error
    filled = [grid for grid in grids if grid.rows]
    if not filled:
        raise _refusal(path, "no cells", allowed, "check that it is the right file")
    return filled


def _refusal(path: Path, found: str, allowed: str, remedy: str, row: int | None = None) -> DataError:
    return DataError([free(path.name, row, None, found, allowed, remedy)])


def _grid(path: Path, book: CalamineWorkbook, name: str) -> Grid:
    sheet = book.get_sheet_by_name(name)
    rows = tuple(map(tuple, sheet.to_python(skip_empty_area=False)))
    merged = tuple((*start, *end) for start, end in sheet.merged_cell_ranges or ())
    return Grid(f"{path.name} [{name}]", name, rows, tuple(range(1, len(rows) + 1)), merged, "Excel")

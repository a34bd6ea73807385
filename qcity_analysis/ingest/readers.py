"""Open a file of figures, whatever its kind: text tables, Excel, SDMX.

A text file is UTF-8, with or without byte order mark, or else GB18030, tried strictly in that order: libraries that
guess encodings are wrong on short Chinese files. Out of scope: what the cells mean (`layouts`).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from ..data.encodings import decode
from ..errors import DataError, Problem, QcityError, did_you_mean
from .grids import Grid
from .sdmx_files import MESSAGES, from_sdmx_csv, is_sdmx_csv, read_sdmx
from .spreadsheets import EXCEL, read_spreadsheet

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

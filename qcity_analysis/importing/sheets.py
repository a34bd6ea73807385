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
from functools import partial
from pathlib import Path

from ..data.read import decode
from ..errors import QcityError, did_you_mean
from ..problems import DataError, Problem
from .cells import Grid
from .sdmx import MESSAGES, from_sdmx_csv, read_sdmx

TEXT = (".csv", ".tsv", ".txt")
EXCEL = (".xlsx", ".xlsm", ".xls")
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_grids(path: str | Path, sheets: list[str] | None = None, encoding: str = "") -> list[Grid]:
    """The sheets of a file (one for a text or SDMX file); with `sheets`, those alone and in that order.

    `encoding` is that of a text file that is neither UTF-8 nor GB18030.

    Every sheet with cells in it counts, hidden ones too. Raises QcityError when there is no such file, its kind is not
    read or a sheet does not exist; DataError when it cannot be read, naming what was tried.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = place.write_bytes("指标;2020年\\n研发强度;3,48\\n".encode("gb18030"))
    >>> grid = read_grids(place)[0]
    >>> grid.opened_as, grid.rows[0]
    ('GB18030, semicolon', ('指标', '2020年'))
    """
    file = Path(path).expanduser()
    readers = dict.fromkeys(TEXT, partial(_text_grids, encoding=encoding)) | dict.fromkeys(
        EXCEL, _excel_grids
    )
    readers |= dict.fromkeys(MESSAGES, read_sdmx)
    kinds = ", ".join(readers)
    if not file.is_file():
        raise QcityError(f"{path}: no such file. Name a file to import ({kinds})")
    if file.suffix.lower() not in readers:
        remedy = f"Read are {kinds}; save it as one of them"
        raise QcityError(f"{file.name}: files of this kind are not read. {remedy}")
    grids = readers[file.suffix.lower()](file)
    by_name = {grid.sheet: grid for grid in grids}
    for name in sheets or ():
        if name not in by_name:
            known = ", ".join(filter(None, by_name)) or "none, it is not a workbook"
            hint = did_you_mean(name, by_name)
            raise QcityError(f"{file.name}: no sheet named {name!r}.{hint} Sheets: {known}")
    return grids if sheets is None else [by_name[name] for name in sheets]


def _text_grids(path: Path, encoding: str) -> list[Grid]:
    """A text table; the delimiter is the one that cuts most rows into equally many cells."""
    text, encoding = _decoded(path, encoding)
    if not text.strip():
        raise _refusal(path, "empty_file")
    delimiter = max(
        reversed(DELIMITERS), key=lambda sign: _regularity(text, sign)
    )  # of equals the rarer in figures
    rows, lines, line = [], [], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            rows.append(tuple(cells))
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refusal(path, "not_text", line, cell=str(error)) from error
    opened_as = f"{encoding}, {DELIMITERS[delimiter]}"
    grid = Grid(path.name, "", tuple(rows), tuple(lines), opened_as=opened_as)
    return [from_sdmx_csv(grid)]


def _decoded(path: Path, encoding: str) -> tuple[str, str]:
    """The text of a file and the name of its encoding; bytes that are GB18030 by chance only are asked about."""
    raw = path.read_bytes()
    if not encoding:
        text, name = decode(raw, path.name)
        if name == "GB18030" and not _is_chinese(text):
            sample = next(line for line in text.splitlines() if not line.isascii()).strip()[:40]
            raise _refusal(path, "foreign_encoding", cell=sample)
        return text, name
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise _refusal(path, "not_encoding", cell=f"0x{raw[error.start]:02x}", encoding=encoding) from error


def _is_chinese(text: str) -> bool:
    """Whether a text read as GB18030 holds the characters of Chinese tables; Korean, Japanese or Big5 would not.

    In simplified Chinese nearly all are of GB 2312, fewer than half in its second part (rare ones), and those of any
    table are among them; Hangul comes out in its first half alone, kana as kana.
    """
    pairs = [pair for c in set(text) - set("·—…‰℃") if len(pair := c.encode("gb18030")) > 1]
    letters = [pair for pair in pairs if pair[0] not in b"\xa1\xa2\xa3\xa6\xa8\xa9" or pair[1] < 0xA1]
    plain = [pair for pair in letters if len(pair) == 2 and 0xB0 <= pair[0] <= 0xF7 and pair[1] >= 0xA1]
    rare, late = sum(pair[0] >= 0xD8 for pair in plain), sum(pair[0] > 0xC8 for pair in plain)
    foreign, usual = len(letters) - len(plain), set("年市省县位万亿元人口指标") & set(text)
    return 10 * foreign <= len(letters) and 2 * rare <= len(plain) and bool(usual or 3 * late > len(plain))


def _regularity(text: str, delimiter: str) -> tuple[int, int]:
    """How many rows a delimiter cuts into one number of cells above one, and that number."""
    sample = text[:200_000]
    if delimiter == ",":  # before three digits it may separate thousands: it does not speak for the comma
        sample = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", sample)
    widths: Counter[int] = Counter()
    with contextlib.suppress(csv.Error):  # named where the table itself is read
        rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
        widths = Counter(len(row) for row in rows if len(row) > 1 and any(row))
    return max(((number, width) for width, number in widths.items()), default=(0, 1))


def _excel_grids(path: Path) -> list[Grid]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    grids = []
    try:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            rows = tuple(map(tuple, sheet.to_python(skip_empty_area=False)))
            merged = tuple((*start, *end) for start, end in sheet.merged_cell_ranges or ())
            lines = tuple(range(1, len(rows) + 1))
            grids.append(Grid(f"{path.name} [{name}]", name, rows, lines, merged, "Excel"))
    except PasswordError as error:
        raise _refusal(path, "password") from error
    except CalamineError as error:
        raise _refusal(path, "not_excel", why=str(error)) from error
    filled = [grid for grid in grids if grid.rows]
    if not filled:
        raise _refusal(path, "no_cells")
    return filled


def _refusal(path: Path, code: str, row: int | None = None, **values: str) -> DataError:
    return DataError([Problem(path.name, row, None, code, values)])

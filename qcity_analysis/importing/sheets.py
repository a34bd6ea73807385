"""Open a file of figures, whatever its kind, as grids of cells: text tables, Excel, HTML, PX, Eurostat's TSV, SDMX.

A text file is UTF-8, with or without byte order mark, or else GB18030, tried strictly in that order: libraries that
guess encodings are wrong on short Chinese files. Excel is read by python-calamine (.xlsx) and xlrd (.xls), every sheet
with its merged cells; what only has the ending of a workbook is read as what it is. Out of scope: what the cells mean
(`layout`), cell formats (a cell shown as 3.48 % holds 0.0348), and formulas, of which the stored result is read.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.read import decode
from ..errors import QcityError, did_you_mean
from ..problems import DataError, Problem
from .cells import Cell, Grid, as_text

_STATUS = {"": "", "A": "", "P": "preliminary", "E": "estimate", "F": "estimate", "I": "estimate", "R": ""}
# Eurostat's flags, of which a figure may have several: provisional, estimated, forecast; a break and others say less
_STATUS |= dict.fromkeys("bcdnruz", "") | {"p": "preliminary"} | dict.fromkeys("efis", "estimate")
_PX = re.compile(r'([A-Z][\w-]*)(?:\[\w+\])?(?:\(("[^"]*"(?:,\s*"[^"]*")*)\))?=((?:"[^"]*"|[^;"])*);', re.S)
_Box = tuple[int, int, int, int]
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_grids(path: str | Path, sheets: Sequence[str] = (), encoding: str = "") -> list[Grid]:
    """The sheets of a file (one for a text or SDMX file); with `sheets`, those alone and in that order.

    `encoding` is that of a text file neither UTF-8 nor GB18030. Every sheet with cells in it counts, hidden ones too.
    Raises QcityError when there is no such file, its kind is not read or a sheet does not exist; DataError when it
    cannot be read, naming what was tried.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = place.write_bytes("指标;2020年\\n研发强度;3,48\\n".encode("gb18030"))
    >>> grid = read_grids(place)[0]
    >>> grid.opened_as, grid.rows[0]
    ('GB18030, semicolon', ('指标', '2020年'))
    """
    file, kinds = Path(os.path.expanduser(path)), ", ".join(_READERS)
    if not file.is_file():
        raise QcityError(f"{path}: no such file. Name a file to import ({kinds})")
    if file.suffix.lower() not in _READERS:
        remedy = f"Read are {kinds}; save it as one of them"
        raise QcityError(f"{file.name}: files of this kind are not read. {remedy}")
    with file.open("rb") as opened:
        opened.read(1)  # where the machine refuses it, the reader is not to blame the file
    grids = {grid.sheet: grid for grid in _READERS[file.suffix.lower()](file, encoding)}
    for name in (name for name in sheets if name not in grids):
        known = ", ".join(filter(None, grids)) or "none, it is not a workbook"
        raise QcityError(f"{file.name}: no sheet named {name!r}.{did_you_mean(name, grids)} Sheets: {known}")
    return [grids[name] for name in sheets or grids]


def _text_grids(path: Path, encoding: str) -> list[Grid]:
    """A text table; the delimiter is the one that cuts most rows into equally many cells."""
    text, encoding = _decoded(path, encoding)
    if not text.strip():
        raise _refusal(path, "empty_file")
    if path.suffix.lower() == ".px":
        return [_from_px(text, path, encoding)]
    # of equals the rarer in figures
    delimiter = max(reversed(DELIMITERS), key=lambda sign: _regularity(text, sign))
    rows, lines, line = list[tuple[Cell, ...]](), list[int](), 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            rows.append(tuple(cells))
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refusal(path, "not_text", line, cell=str(error)) from error
    grid = Grid(path.name, "", tuple(rows), tuple(lines), opened_as=f"{encoding}, {DELIMITERS[delimiter]}")
    return [_from_sdmx_csv(_from_eurostat(grid))]


def _decoded(path: Path, encoding: str) -> tuple[str, str]:
    """The text of a file and the name of its encoding; bytes that are GB18030 by chance only are asked about."""
    raw = path.read_bytes()
    try:
        text, name = (raw.decode(encoding), encoding) if encoding else decode(raw, path.name)
    except UnicodeDecodeError as error:
        raise _refusal(path, "not_encoding", cell=f"0x{raw[error.start]:02x}", encoding=encoding) from error
    if name == "GB18030" and not _is_chinese(text):
        sample = next(line for line in text.splitlines() if not line.isascii()).strip()[:40]
        raise _refusal(path, "foreign_encoding", cell=sample)
    return text, name


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


def _excel_grids(path: Path, encoding: str) -> list[Grid]:
    """The sheets of a workbook; a file that only has the ending of one is read as what it is, and said to be."""
    raw, old = path.read_bytes(), path.suffix.lower() == ".xls"
    if old and re.match(rb"\xd0\xcf\x11\xe0|\t[\x00\x02\x04\x08]", raw):
        grids = _old_excel_grids(path)
    elif raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        grids = _new_excel_grids(path)
    elif b"<" in raw[:1000].lstrip()[:4]:
        grids = _html_grids(path, encoding)
    elif old:
        (grid,) = _text_grids(path, encoding)
        grids = [replace(grid, opened_as=f"{grid.opened_as}, not Excel")]
    else:
        raise _refusal(path, "not_excel", why="no zip archive")
    if not (filled := [grid for grid in grids if grid.rows]):
        raise _refusal(path, "no_cells")
    return filled


def _grid(path: Path, name: str, rows: Iterable[Iterable[Cell]], merged: Iterable[_Box], kind: str) -> Grid:
    cells = tuple(map(tuple, rows))
    return Grid(f"{path.name} [{name}]", name, cells, tuple(range(1, len(cells) + 1)), tuple(merged), kind)


def _new_excel_grids(path: Path) -> list[Grid]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_path(str(path))
        return [
            _grid(path, name, sheet.to_python(skip_empty_area=False),
                  ((*start, *end) for start, end in sheet.merged_cell_ranges or ()), "Excel")
            for name, sheet in zip(book.sheet_names, map(book.get_sheet_by_name, book.sheet_names), strict=True)
        ]  # fmt: skip
    except PasswordError as error:
        raise _refusal(path, "password") from error
    except CalamineError as error:
        raise _refusal(path, "not_excel", why=str(error)) from error


def _old_excel_grids(path: Path) -> list[Grid]:
    """The sheets of an .xls workbook, by xlrd: it reads the strings of every version, LABEL records included."""
    import xlrd

    try:
        with open(os.devnull, "w") as quiet:
            book = xlrd.open_workbook(path, formatting_info=True, logfile=quiet)
    except Exception as error:  # xlrd raises whatever its parser meets
        locked = "encrypted" in str(error)
        raise _refusal(path, "password" if locked else "not_excel", why=str(error)) from error

    def cell(one: Any) -> Cell:
        if one.ctype == xlrd.XL_CELL_DATE:
            return xlrd.xldate_as_datetime(one.value, book.datemode)
        if one.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code[one.value]
        return bool(one.value) if one.ctype == xlrd.XL_CELL_BOOLEAN else one.value

    return [
        _grid(path, sheet.name, (map(cell, sheet.row(k)) for k in range(sheet.nrows)),
              ((top, left, end - 1, right - 1) for top, end, left, right in sheet.merged_cells), "Excel")
        for sheet in book.sheets()
    ]  # fmt: skip


def _html_grids(path: Path, encoding: str) -> list[Grid]:
    """The tables of an HTML page, or of an XML spreadsheet of 2003, which programs save as .xls."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(re.sub(r"^\s*<\?xml[^>]*>", "", _decoded(path, encoding)[0]), "html.parser")
    kind = "XML spreadsheet" if page.find("workbook") else "HTML"
    grids = []
    for number, table in enumerate(page.find_all("table"), 1):
        rows, merged = list[list[Cell]](), list[_Box]()
        held: set[tuple[int, int]] = set()  # cells that a merged one above or beside covers
        own = [row for row in table.find_all(["tr", "row"]) if row.find_parent("table") is table]
        for r, line in enumerate(own):
            row: list[Cell] = []
            for one in line.find_all(["td", "th", "cell"]):
                while (r, len(row)) in held:
                    row.append("")
                said = {key: int(str(text)) for key, text in one.attrs.items() if str(text).isdigit()}
                row += [""] * (said.get("ss:index", 0) - 1 - len(row))
                wide = said.get("colspan", 1) + said.get("ss:mergeacross", 0)
                high = said.get("rowspan", 1) + said.get("ss:mergedown", 0)
                if wide * high > 1:
                    merged.append((r, len(row), r + high - 1, len(row) + wide - 1))
                    held |= {(r + i, len(row) + j) for i in range(high) for j in range(wide)}
                row += [one.get_text(" ", strip=True), *[""] * (wide - 1)]
            rows.append(row)
        grids.append(_grid(path, str(number), rows, merged, f"{kind}, not Excel"))
    if not grids:
        raise _refusal(path, "not_excel", why="HTML without a table")
    return grids


def _refusal(path: Path, code: str, row: int | None = None, **values: str) -> DataError:
    return DataError([Problem(path.name, row, None, code, values)])


def _from_sdmx_csv(grid: Grid) -> Grid:
    """A text table as it is; one of SDMX-CSV 1.0 or 2.0 as such, "identifier: name" shortened to the identifier."""
    header = [as_text(cell) for cell in grid.rows[0]]
    ids = [_id(text) for text in header]
    if ids[:2] != ["STRUCTURE", "STRUCTURE_ID"] and ids[:1] != ["DATAFLOW"]:
        return grid
    named = {k for k, text in enumerate(header) if ": " in text and text.split(":")[0] != "OBS_VALUE"}
    rows: list[tuple[Cell, ...]] = [tuple(ids)]
    rows += [tuple(_id(as_text(c)) if k in named else c for k, c in enumerate(row)) for row in grid.rows[1:]]
    return replace(grid, rows=tuple(rows), long=True, opened_as=f"SDMX-CSV, {grid.opened_as}")


def _from_eurostat(grid: Grid) -> Grid:
    """A text table as it is; one of Eurostat's TSV as one figure per row, its flags apart from the figures."""
    *names, last = as_text(grid.rows[0][0]).split(",")
    first, slash, time = last.partition("\\")
    if not slash or time.casefold() not in ("time", "time_period"):
        return grid
    rows: list[tuple[Cell, ...]] = [(*names, first, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG")]
    lines = [grid.lines[0]]
    for cells, line in zip(grid.rows[1:], grid.lines[1:], strict=True):
        for period, cell in zip(grid.rows[0][1:], cells[1:], strict=False):
            figure, _, flag = as_text(cell).partition(" ")
            rows.append((*as_text(cells[0]).split(","), as_text(period), figure, flag.strip()))
            lines.append(line)
    opened_as = f"Eurostat TSV, {grid.opened_as}"
    return replace(grid, rows=tuple(rows), lines=tuple(lines), long=True, opened_as=opened_as)


def _from_px(text: str, path: Path, encoding: str) -> Grid:
    """A PX file as one figure per row under the names of its variables; its line is the number of the figure."""
    words: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, of, value in _PX.findall(text):
        words[key, of.strip('"')] += re.findall(r'"([^"]*)"', value)
    names = words["STUB", ""] + words["HEADING", ""]
    data = re.findall(r'"[^"]*"|[^\s;]+', text.rpartition("DATA=")[2])
    if not names or not data:
        raise _refusal(path, "no_figure")
    times, content = [of for key, of in words if key == "TIMEVAL"], "".join(words["CONTVARIABLE", ""])
    renamed = dict.fromkeys(times, "TIME_PERIOD") | {content: "indicator"}
    header = [renamed.get(name, name) for name in names] + ["value", "unit", *["indicator"] * (not content)]
    rows: list[tuple[Cell, ...]] = [tuple(header)]
    for of, cell in zip(itertools.product(*(words["VALUES", name] for name in names)), data, strict=False):
        units = [words["UNITS", name][0] for name in of if ("UNITS", name) in words]
        unit = units[0] if units else "".join(words["UNITS", ""])
        rows.append((*of, cell.strip('"'), unit, *words["CONTENTS", ""][: not content]))
    return _listed(path, rows, f"PX, {encoding}")


def _read_sdmx(path: Path, encoding: str = "") -> list[Grid]:
    """The figures of an SDMX-ML or SDMX-JSON data message: one grid, a row for each figure."""
    try:
        import sdmx
    except ImportError as error:
        remedy = "install it with pip install 'qcity-analysis[sdmx]', or export the data as SDMX-CSV"
        raise QcityError(f"{path.name}: SDMX-ML and SDMX-JSON need the package sdmx1; {remedy}") from error
    logging.getLogger("sdmx").setLevel(logging.ERROR)
    try:
        message = sdmx.read_sdmx(path)
        shared = _shared_in_json(path) if path.suffix.lower() == ".json" else {}
    except Exception as error:  # the readers of sdmx1 raise whatever their parser meets
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise _refusal(path, "not_sdmx", why=reason) from error
    datasets = getattr(message, "data", None) or ()
    figures = [_figure(obs, dataset, shared) for dataset in datasets for obs in dataset.obs]
    if not figures:
        raise _refusal(path, "no_figure")
    header = tuple(dict.fromkeys(name for figure in figures for name in figure))
    rows = [header, *(tuple(figure.get(name, "") for name in header) for figure in figures)]
    return [_listed(path, rows, "SDMX")]


def _listed(path: Path, rows: Sequence[tuple[Cell, ...]], opened_as: str) -> Grid:
    """A grid of one figure per row; the line of a row is the number of its figure."""
    return Grid(path.name, "", tuple(rows), tuple(range(len(rows))), opened_as=opened_as, long=True)


_Shared = dict[frozenset[tuple[str, str]], dict[str, str]]  # attributes of a series by its dimensions


def _figure(obs: Any, dataset: Any, shared: _Shared) -> dict[str, Any]:
    """Dimensions and attributes of one figure (the nearer one counts), and its value."""
    figure = {name: str(value.value) for name, value in obs.key.values.items()}
    names = {name for name, _ in next(iter(shared), ())}
    figure |= shared.get(frozenset((name, figure.get(name, "")) for name in names), {})
    for holder in (dataset, obs.series_key, obs):
        attributes = getattr(holder, "attrib", None) or {}
        figure |= {name: str(getattr(a.value, "id", a.value)) for name, a in attributes.items()}
    return figure | {"OBS_VALUE": "" if obs.value is None or str(obs.value) == "NaN" else obs.value}


def _shared_in_json(path: Path) -> _Shared:
    """The attributes of each series of SDMX-JSON; sdmx1 leaves them out, and with them unit and power of ten."""
    tree = json.loads(path.read_text("utf-8-sig"))
    parts = (tree["structure"][part] for part in ("dimensions", "attributes"))
    dimensions, attributes = (part.get("series", []) for part in parts)
    stated = {}
    for dataset in tree["dataSets"]:
        for positions, series in dataset.get("series", {}).items():
            key = zip(dimensions, map(int, positions.split(":")), strict=True)
            values = zip(attributes, series.get("attributes", []), strict=False)
            own = {a["id"]: str(a["values"][k].get("id", "")) for a, k in values if k is not None}
            stated[frozenset((d["id"], str(d["values"][k]["id"])) for d, k in key)] = own
    return stated


def status_of(word: str) -> str:
    """The status that a word or some flags of a file stand for, "" for a figure as usual; else the word itself."""
    flags = [_STATUS.get(word, word)] if word in _STATUS or not re.fullmatch("[a-z]{1,3}", word) else word
    return next((status for flag in flags if (status := _STATUS.get(flag, flag))), "")


def _id(cell: str) -> str:
    return cell.split(":")[0].strip() if ": " in cell else cell.strip()


_READERS: dict[str, Callable[[Path, str], list[Grid]]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".px"), _text_grids),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls"), _excel_grids),
    **dict.fromkeys((".xml", ".json"), _read_sdmx),
}

"""Where the figures stand in a sheet: years across, years down, or one figure per row.

Finds the heading rows, names, units, second headings and footnotes of a yearbook sheet, stacked tables included, and
gives every cell that may hold a figure its name and period. Out of scope: what the cell says (`cells`) and which
indicator it is (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..problems import Problem, free
from .cells import (
    MARKS,
    Cell,
    Grid,
    UnreadableCell,
    as_text,
    half_width,
    read_change,
    same_name,
    without_marks,
)

LAYOUTS = ("years_across", "years_down", "long")
ROLES: dict[str, tuple[str, ...]] = {
    "indicator": ("指标", "指标名称", "项目", "名称", "指标代码", "indicator", "indicator_id", "item", "name"),
    "region": ("地区", "城市", "区域", "地区名称", "region", "area", "city", "ref_area"),
    "period": ("年份", "年度", "年", "时间", "时期", "期间", "year", "period", "time", "time_period"),
    "value": ("数值", "值", "数据", "指标值", "value", "obs_value", "figure"),
    "unit": ("单位", "计量单位", "unit", "units", "unit_measure"),
    "status": ("状态", "数据状态", "status", "obs_status"),
    "qualifier": ("限定", "qualifier"),
    "published": ("发布日期", "公布日期", "发布时间", "published", "release_date"),
    "note": ("备注", "note", "notes", "comment"),
}  # fmt: skip
_UNIT = re.compile(
    r"[%‰]|百分点|上年=100|指数|(‰|[十百千万亿]*)(元|美元|吨|吨标准煤|吨标煤|立方米|平方米|平方公里|公顷|亩|千瓦时|度|千瓦|公里|"
    r"件|个|项|人|户|家|次|起|张|台|辆|套|篇|天|小时|岁|人次|公斤|千克|微克|米)(/.+)?|.{1,8}/.{1,8}"
)
_NOTE = re.compile(
    rf"(注|备注|说明|资料来源|数据来源|来源|Notes?\b|Source|[{re.escape(MARKS)}]|\d+[.、)）])", re.I
)


@dataclass(frozen=True)
class Entry:
    """One cell that may hold a figure, with what stands around it.

    Attributes: `file`, `row` (line in the file) and `column` (letter and heading) say where; `name` (of the row, or of
    the column where years go down), `part` (second heading, as 比上年增长), `period` (of the data contract, or the text
    that names none), `cell`, `unit` ("" where the file states none), `labels` (every heading and text of a long row),
    `marks` (footnote marks beside the name and the headings).

    >>> Entry("a.csv", 2, "B (2020)", "研发强度", "", "2020", 3.48).unit
    ''
    """

    file: str
    row: int
    column: str
    name: str
    part: str
    period: str
    cell: Cell
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    marks: str = ""


@dataclass(frozen=True)
class Sheet:
    """What a sheet holds: its `entries`, `footnotes` by mark, the `layout` found, and `problems` of places not read.

    >>> Sheet((), {}, "long").problems
    ()
    """

    entries: tuple[Entry, ...]
    footnotes: Mapping[str, str]
    layout: str
    problems: tuple[Problem, ...] = ()


def read_layout(grid: Grid, layout: str | None = None, columns: Mapping[str, str] | None = None) -> Sheet:
    """Every cell of a sheet that may hold a figure.

    `layout` is one of LAYOUTS (None: found from where the years stand); `columns` names the headings of a long table
    by role (indicator, region, period, value, unit, status, published, note) where they are not the usual ones.

    >>> grid = Grid("a.csv", "", (("指标", "单位", "2020年"), ("研发强度", "%", "3.48")), (1, 2))
    >>> sheet = read_layout(grid)
    >>> sheet.layout, [(e.name, e.unit, e.period, e.cell) for e in sheet.entries]
    ('years_across', [('研发强度', '%', '2020', '3.48')])
    """
    columns = columns or {}
    readers = {
        "years_across": (_years_across, "a row of years as 2020 or 2020年"),
        "years_down": (_years_down, "a column of years as 2020 or 2020年"),
        "long": (_long, "a row of headings that name the period and the value"),
    }
    name = layout or _find_layout(grid, columns)
    allowed = "years across the top, years down a column, or one figure per row"
    if name in readers:
        read, allowed = readers[name]
        if (sheet := read(grid, columns)) is not None:
            return sheet
    remedy = "correct the headings in a copy of the file, or say `layout:` (and `columns:`) in the mapping"
    return Sheet((), {}, name, (free(grid.file, None, None, "no such heading", allowed, remedy),))


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a figure that can be read.

    >>> is_number("≥96"), is_number("—"), is_number("约定")
    (True, False, False)
    """
    try:
        return read_change(cell) is not None
    except UnreadableCell:
        return False


def _find_layout(grid: Grid, columns: Mapping[str, str]) -> str:
    """The layout of a sheet, from where its years stand; "" when there are none."""
    if grid.long or _long_header(grid, columns) is not None:
        return "long"
    across = next((row for row in range(len(grid.rows)) if _is_year_row(grid, row)), None)
    down = _first_year_down(grid)
    if across is not None and (down is None or across <= down[0]):
        return "years_across"
    return "years_down" if down is not None else ""


# parts of a heading


def _has_role(heading: str, role: str, columns: Mapping[str, str] | None = None) -> bool:
    """Whether a heading stands for a role: the one that `columns` names, else a usual one."""
    if columns and role in columns:
        return same_name(heading) == same_name(columns[role])
    return same_name(heading) in ROLES[role]


def _is_unit(text: str) -> bool:
    return _UNIT.fullmatch(half_width(text)) is not None


def _split_unit(name: str) -> tuple[str, str]:
    """A name without the unit in brackets at its end, and that unit; brackets that hold no unit stay."""
    match = re.fullmatch(r"(.+?)\s*[（(]([^（()）]+)[)）]", without_marks(name)[0])
    if match and _is_unit(match[2]):
        return match[1], half_width(match[2]).strip()
    return name, ""


def _table_unit(grid: Grid, top: int) -> str:
    """The unit that a line above the table states for all of it; "" where none does."""
    for row in range(top, max(-1, top - 5), -1):
        for cell in grid.rows[row]:
            match = re.fullmatch(r"[（(]?(计量)?单位[:：]\s*(.+?)[)）]?", half_width(as_text(cell)))
            if match and _is_unit(match[2]):
                return match[2].strip()
    return ""


def _marks_of(texts: Iterable[str]) -> str:
    """The footnote marks at the ends of some texts, each once."""
    return "".join(dict.fromkeys("".join(without_marks(text)[1] for text in texts)))


def _is_note(text: str, cells: Iterable[Cell] = ()) -> bool:
    """Whether a row begins as a footnote or a source does, and holds no figure."""
    return _NOTE.match(half_width(text)) is not None and not any(is_number(cell) for cell in cells)


def _footnotes(lines: list[str]) -> dict[str, str]:
    """Footnotes by their mark."""
    notes: dict[str, str] = {}
    for line in lines:
        for mark, text in re.findall(rf"([{re.escape(MARKS)}])\s*([^{re.escape(MARKS)}]+)", line):
            notes.setdefault(mark, text.strip(" ；;。"))
    return notes


def _place(column: int, headings: Iterable[str]) -> str:
    """The letter of a column from 0, as spreadsheets show it, and its headings."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters} ({' '.join(filter(None, headings))})"


# years across


def _is_year_row(grid: Grid, row: int) -> bool:
    years = {k: period for k in range(grid.width) if (period := grid.period(row, k))}
    first = next(iter(years), 0)
    if first == 0 or any(is_number(grid.cell(row, k)) for k in range(grid.width) if k not in years):
        return False
    roles = ("indicator", "unit", "region")
    headed = any(_has_role(grid.text(row, k), role) for k in range(first) for role in roles)
    listed = list(years.values())
    steady = len(listed) >= 2 and listed in (sorted(set(listed)), sorted(set(listed), reverse=True))
    under_headings = row > 0 and all(grid.text(row - 1, k) for k in years)
    return headed or (steady and not under_headings)


@dataclass(frozen=True)
class _Column:
    """A column of figures in a table with years across: its period, its other heading, and their footnote marks."""

    at: int
    period: str
    part: str
    marks: str


def _years_across(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    heads = [row for row in range(len(grid.rows)) if _is_year_row(grid, row)]
    entries: list[Entry] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for top, end in zip(heads, [*heads[1:], len(grid.rows)], strict=True) if heads else ():
        first = next(k for k in range(grid.width) if grid.period(top, k))
        second = _has_second_headings(grid, top, first)
        table = _columns_across(grid, top, first, second)
        unit_heads = (
            k for k in range(first) for row in (top, max(0, top - 1)) if _has_role(grid.text(row, k), "unit")
        )
        unit_column, unit = next(unit_heads, None), _table_unit(grid, top)
        for row in range(top + 2 if second else top + 1, end):
            text = next((t for k in range(first) if (t := grid.text(row, k))), "")
            cells = [(column, grid.cell(row, column.at)) for column in table]
            cells = [(column, cell) for column, cell in cells if as_text(cell)]
            if _is_note(text, (cell for _, cell in cells)):
                notes.append(" ".join(filter(None, map(as_text, grid.rows[row]))))
            elif text:
                names = [grid.text(row, k) for k in range(first) if k != unit_column]
                own = "" if unit_column is None else grid.text(row, unit_column)
                entries += [
                    _entry_across(grid, row, column, cell, names, own, unit) for column, cell in cells
                ]
            elif cells:
                said = ", ".join(as_text(cell) for _, cell in cells[:3])
                remedy = "write the name in a copy of the file"
                problems.append(free(grid.file, grid.lines[row], None, said, "a row with a name", remedy))
    return Sheet(tuple(entries), _footnotes(notes), "years_across", tuple(problems)) if heads else None


def _has_second_headings(grid: Grid, top: int, first: int) -> bool:
    if top + 1 >= len(grid.rows):
        return False
    below = [cell for k in range(first, grid.width) if as_text(cell := grid.cell(top + 1, k))]
    named = any(as_text(grid.cell(top + 1, k)) for k in range(first))
    return bool(below) and not named and not any(is_number(cell) for cell in below)


def _columns_across(grid: Grid, top: int, first: int, second: bool) -> list[_Column]:
    table: list[_Column] = []
    period = mark = ""
    for k in range(first, grid.width):
        text = as_text(grid.cell(top, k))
        if named := grid.period(top, k):
            period, mark = named, without_marks(text)[1]
        heading = "" if named else text
        below = as_text(grid.cell(top + 1, k)) if second else ""
        if named or heading or below:
            part = "/".join(filter(None, (heading, below)))
            table.append(_Column(k, period, part, mark + _marks_of([heading, below])))
        elif any(as_text(grid.cell(row, k)) for row in range(top + 1, len(grid.rows))):
            table.append(_Column(k, period, "(no heading)", ""))
    return table


def _entry_across(
    grid: Grid, row: int, column: _Column, cell: Cell, names: list[str], own_unit: str, table_unit: str
) -> Entry:
    full = "/".join(dict.fromkeys(filter(None, names)))
    name, unit = (full, own_unit) if own_unit else _split_unit(full)
    part, part_unit = _split_unit(column.part)
    unit = part_unit or ("" if part else unit or table_unit)
    place = _place(column.at, (column.period, column.part))
    marks = "".join(dict.fromkeys(_marks_of(names) + column.marks))
    return Entry(grid.file, grid.lines[row], place, name, part, column.period, cell, unit, marks=marks)


# years down


def _first_year_down(grid: Grid) -> tuple[int, int] | None:
    """The row and the column of the first year with another year below it, or under a heading for years."""
    for column in range(grid.width):
        for row in range(1, len(grid.rows)):
            if not grid.period(row, column) or grid.period(row - 1, column):
                continue
            followed = row + 1 < len(grid.rows) and grid.period(row + 1, column)
            if followed or _has_role(grid.text(row - 1, column), "period"):
                return row, column
    return None


def _years_down(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    start = _first_year_down(grid)
    if start is None:
        return None
    top, years = start
    headings = {k: _headings_above(grid, top, k) for k in range(grid.width) if k != years}
    regions = [k for k, texts in headings.items() if texts and _has_role(texts[-1], "region", columns)]
    table_unit = _table_unit(grid, top - 1)
    entries, notes = [], []
    for row in range(top, len(grid.rows)):
        cells = {k: grid.cell(row, k) for k in headings if k not in regions and as_text(grid.cell(row, k))}
        texts = [text for cell in grid.rows[row] if (text := as_text(cell))]
        if texts and _is_note(texts[0], cells.values()):
            notes.append(" ".join(texts))
            continue
        region = {"region": grid.text(row, regions[0])} if regions else {}
        period = grid.period(row, years) or as_text(grid.cell(row, years))
        for k, cell in cells.items():
            if headings[k] or is_number(cell):
                name, part, unit = _name_down(headings[k], table_unit)
                place, marks = _place(k, headings[k]), _marks_of(headings[k])
                entry = Entry(
                    grid.file, grid.lines[row], place, name, part, period, cell, unit, region, marks
                )
                entries.append(entry)
    return Sheet(tuple(entries), _footnotes(notes), "years_down")


def _name_down(headings: list[str], table_unit: str) -> tuple[str, str, str]:
    """Name, second heading and unit of a column, from the headings above it."""
    units = [text for text in headings[1:] if _is_unit(text)]
    names = [text for text in headings if text not in units]
    name, unit = _split_unit(names[0] if names else "(no heading)")
    part, part_unit = _split_unit("/".join(names[1:]))
    return name, part, units[0] if units else part_unit or ("" if part else unit or table_unit)


def _headings_above(grid: Grid, top: int, column: int) -> list[str]:
    """The headings above a column, from the top one; titles, alone in their row, are none."""
    texts: list[str] = []
    for row in range(max(0, top - 3), top):
        filled = sum(1 for cell in grid.rows[row] if as_text(cell))
        if filled < 2:
            texts = [] if filled == 1 and row < top - 1 else texts
            continue
        text = grid.text(row, column)
        if not text and row < top - 1 and grid.text(top - 1, column):  # over several columns, unmerged
            text = next((t for k in range(column, 0, -1) if (t := grid.text(row, k))), "")
        texts += [text] if text and text not in texts and not text.startswith("单位") else []
    return texts


# one figure per row


def _long_header(grid: Grid, columns: Mapping[str, str]) -> int | None:
    for row in range(min(20, len(grid.rows))):
        texts = [as_text(cell) for cell in grid.rows[row]]
        if all(any(_has_role(text, role, columns) for text in texts) for role in ("period", "value")):
            return row
    return None


def _long(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    top = _long_header(grid, columns)
    if top is None:
        return None
    header = [as_text(cell) for cell in grid.rows[top]]
    at: dict[str, int] = {}
    for k, heading in reversed(list(enumerate(header))):  # the first heading of a role counts
        at |= {role: k for role in ROLES if _has_role(heading, role, columns)}
    entries, notes = [], []
    for row in range(top + 1, len(grid.rows)):
        texts = [as_text(cell) for cell in grid.rows[row]] + [""] * len(header)
        filled = [text for text in texts if text]
        if len(filled) == 1 and _is_note(filled[0]):
            notes.append(filled[0])
        elif filled:
            labels = dict(zip(header, texts, strict=False)) | {f"@{role}": texts[k] for role, k in at.items()}
            period = grid.period(row, at["period"]) or texts[at["period"]]
            unit = labels["@unit"] if "unit" in at else _table_unit(grid, top)
            power = labels.get("UNIT_MULT", "") if grid.long else ""
            unit += f" ×10^{power}" if power not in ("", "0") else ""
            name, place = labels.get("@indicator", ""), header[at["value"]]
            cell = grid.cell(row, at["value"])
            entries.append(Entry(grid.file, grid.lines[row], place, name, "", period, cell, unit, labels))
    return Sheet(tuple(entries), _footnotes(notes), "long")

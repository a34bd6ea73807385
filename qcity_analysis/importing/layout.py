"""Where the figures stand in a sheet: years across, years down, or one figure per row.

Finds the heading rows, names, units, second headings and footnotes of a yearbook sheet, stacked tables included, and
gives every cell that may hold a figure its name and period. Out of scope: what the cell says (`cells`) and which
indicator it is (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ..problems import Problem
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
    """What a sheet holds: its `entries`, `footnotes` by mark, the `layout` found, and `problems` of places not read."""

    entries: tuple[Entry, ...]
    footnotes: Mapping[str, str]
    layout: str
    problems: tuple[Problem, ...] = ()


def read_layout(grid: Grid, layout: str | None = None, columns: Mapping[str, str] | None = None) -> Sheet:
    """Every cell of a sheet that may hold a figure.

    `layout` is one of LAYOUTS (None: found from where the years stand); `columns` names the headings of a long table
    by role (a key of ROLES) where they are not the usual ones.

    >>> grid = Grid("a.csv", "", (("指标", "单位", "2020年"), ("研发强度", "%", "3.48")), (1, 2))
    >>> sheet = read_layout(grid)
    >>> sheet.layout, [(e.name, e.unit, e.period, e.cell) for e in sheet.entries]
    ('years_across', [('研发强度', '%', '2020', '3.48')])
    """
    columns = columns or {}
    readers = {"years_across": _years_across, "years_down": _years_down, "long": _long}
    name = layout or _find_layout(grid, columns)
    if name in readers and (sheet := readers[name](grid, columns)) is not None:
        return sheet
    code = f"layout_{name if name in readers else 'any'}"
    return Sheet((), {}, name, (Problem(grid.file, None, None, code),))


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a figure that can be read: ≥96 is one, — and 约定 are not."""
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


def _has_role(heading: str, role: str, columns: Mapping[str, str] | None = None) -> bool:
    """Whether a heading stands for a role: the one that `columns` names, else a usual one."""
    names = {same_name(columns[role])} if columns and role in columns else ROLES[role]
    return same_name(heading) in names


def _split_unit(name: str) -> tuple[str, str]:
    """A name without the unit in brackets at its end, and that unit; brackets that hold no unit stay."""
    match = re.fullmatch(r"(.+?)\s*[（(]([^（()）]+)[)）]", without_marks(name)[0])
    if match and _UNIT.fullmatch(half_width(match[2])):
        return match[1], half_width(match[2]).strip()
    return name, ""


def _table_unit(grid: Grid, top: int) -> str:
    """The unit that a line above the table states for all of it; "" where none does."""
    for row in range(top, max(-1, top - 5), -1):
        for cell in grid.rows[row]:
            match = re.fullmatch(r"[（(]?(计量)?单位[:：]\s*(.+?)[)）]?", half_width(as_text(cell)))
            if match and _UNIT.fullmatch(match[2]):
                return match[2].strip()
    return ""


def _marks_of(texts: Iterable[str]) -> str:
    """The footnote marks at the ends of some texts, each once."""
    return "".join(dict.fromkeys("".join(without_marks(text)[1] for text in texts)))


def _is_note(text: str, cells: Iterable[Cell] = ()) -> bool:
    """Whether a row begins as a footnote or a source does, and holds no figure."""
    return _NOTE.match(half_width(text)) is not None and not any(map(is_number, cells))


def _footnotes(lines: list[str]) -> dict[str, str]:
    """Footnotes by their mark; the first of a mark counts."""
    form = rf"([{re.escape(MARKS)}])\s*([^{re.escape(MARKS)}]+)"
    found = [pair for line in lines for pair in re.findall(form, line)]
    return {mark: text.strip(" ；;。") for mark, text in reversed(found)}


def _place(column: int, headings: Iterable[str]) -> str:
    """The letter of a column from 0, as spreadsheets show it, and its headings."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters} ({' '.join(filter(None, headings))})"


# years across


def _is_year_row(grid: Grid, row: int) -> bool:
    """Whether a row holds the years of a table: after a heading as 指标, or at least two in order."""
    years = {k: period for k in range(grid.width) if (period := grid.period(row, k))}
    first = next(iter(years), 0)
    if first == 0 or any(is_number(grid.cell(row, k)) for k in range(grid.width) if k not in years):
        return False
    roles = ("indicator", "unit", "region")
    headed = any(_has_role(grid.text(row, k), role) for k in range(first) for role in roles)
    listed = list(years.values())
    steady = len(listed) >= 2 and listed in (sorted(set(listed)), sorted(set(listed), reverse=True))
    # years in order under a heading each are figures of a table of years down
    return headed or (steady and not (row > 0 and all(grid.text(row - 1, k) for k in years)))


def _years_across(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    heads = [row for row in range(len(grid.rows)) if _is_year_row(grid, row)]
    entries: list[Entry] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for top, end in pairwise([*heads, len(grid.rows)]):  # tables may stand below one another
        first = next(k for k in range(grid.width) if grid.period(top, k))
        above = [(k, row) for k in range(first) for row in (top, max(0, top - 1))]
        unit_column = next((k for k, row in above if _has_role(grid.text(row, k), "unit")), None)
        (start, table), table_unit = _columns_across(grid, top, first), _table_unit(grid, top)
        for row in range(start, end):
            names: dict[int | None, str] = {k: grid.text(row, k) for k in range(first)}
            cells = [(column, cell) for column in table if as_text(cell := grid.cell(row, column[0]))]
            text = next(filter(None, names.values()), "")
            if _is_note(text, (cell for _, cell in cells)):
                notes.append(" ".join(filter(None, map(as_text, grid.rows[row]))))
            elif text:
                own = names.pop(unit_column, "")
                name = "/".join(dict.fromkeys(filter(None, names.values())))
                name, unit = (name, own) if own else _split_unit(name)
                marks = _marks_of(names.values())
                entries += [
                    _entry_across(grid, row, c, cell, name, unit or table_unit, marks) for c, cell in cells
                ]
            elif cells:
                values = ", ".join(as_text(cell) for _, cell in cells[:3])
                problems.append(Problem(grid.file, grid.lines[row], None, "no_row_name", {"cell": values}))
    return Sheet(tuple(entries), _footnotes(notes), "years_across", tuple(problems)) if heads else None


_Column = tuple[
    int, str, str, str
]  # of a table with years across: number, period, other heading, footnote marks


def _columns_across(grid: Grid, top: int, first: int) -> tuple[int, list[_Column]]:
    """The first row of figures below the years, which may have a second row of headings, and the columns."""
    under = grid.rows[top + 1] if top + 1 < len(grid.rows) else ()
    texts = list(map(as_text, under)) + [""] * grid.width
    second = any(texts[first:]) and not any(texts[:first]) and not any(map(is_number, under[first:]))
    table: list[_Column] = []
    period = mark = ""
    for k in range(first, grid.width):
        text, named = as_text(grid.cell(top, k)), grid.period(top, k)
        if named:
            period, mark = named, without_marks(text)[1]
        headings = ["" if named else text, texts[k] if second else ""]
        if named or any(headings):
            table.append((k, period, "/".join(filter(None, headings)), mark + _marks_of(headings)))
        elif any(as_text(grid.cell(row, k)) for row in range(top + 1, len(grid.rows))):
            table.append((k, period, "(no heading)", ""))
    return top + 1 + second, table


def _entry_across(
    grid: Grid, row: int, column: _Column, cell: Cell, name: str, unit: str, marks: str
) -> Entry:
    """One cell of a row; `unit` is that of the row, for a column without a heading of its own."""
    k, period, heading, more = column
    part, own = _split_unit(heading)
    where = (grid.file, grid.lines[row], _place(k, (period, heading)))
    marks = "".join(dict.fromkeys(marks + more))
    return Entry(*where, name, part, period, cell, own or ("" if part else unit), marks=marks)


# years down


def _first_year_down(grid: Grid) -> tuple[int, int] | None:
    """The row and the column of the first year with another year below it, or under a heading for years."""
    for column in range(grid.width):
        periods = [grid.period(row, column) for row in range(len(grid.rows))] + [None]
        for row in range(1, len(grid.rows)):
            starts = periods[row] and not periods[row - 1]
            if starts and (periods[row + 1] or _has_role(grid.text(row - 1, column), "period")):
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
        texts = list(filter(None, map(as_text, grid.rows[row])))
        if texts and _is_note(texts[0], cells.values()):
            notes.append(" ".join(texts))
            continue
        region = {"region": grid.text(row, regions[0])} if regions else {}
        period = grid.period(row, years) or as_text(grid.cell(row, years))
        for k, cell in cells.items():
            if headings[k] or is_number(cell):
                name, part, unit = _name_down(headings[k], table_unit)
                place, marks = _place(k, headings[k]), _marks_of(headings[k])
                at = (grid.file, grid.lines[row], place)
                entries.append(Entry(*at, name, part, period, cell, unit, region, marks))
    return Sheet(tuple(entries), _footnotes(notes), "years_down")


def _name_down(headings: list[str], table_unit: str) -> tuple[str, str, str]:
    """Name, second heading and unit of a column, from the headings above it."""
    units = [text for text in headings[1:] if _UNIT.fullmatch(half_width(text))]
    names = [text for text in headings if text not in units]
    name, unit = _split_unit(names[0] if names else "(no heading)")
    part, part_unit = _split_unit("/".join(names[1:]))
    return name, part, units[0] if units else part_unit or ("" if part else unit or table_unit)


def _headings_above(grid: Grid, top: int, column: int) -> list[str]:
    """The headings above a column, from the top one; titles, alone in their row, are none."""
    texts: list[str] = []
    for row in range(max(0, top - 3), top):
        filled = sum(map(bool, map(as_text, grid.rows[row])))
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
    """The first row, of twenty, that names the period and the value."""
    for row, cells in enumerate(grid.rows[:20]):
        texts = list(map(as_text, cells))
        if all(any(_has_role(text, role, columns) for text in texts) for role in ("period", "value")):
            return row
    return None


def _long(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    top = _long_header(grid, columns)
    if top is None:
        return None
    header = list(map(as_text, grid.rows[top]))
    roles = {role: [k for k, text in enumerate(header) if _has_role(text, role, columns)] for role in ROLES}
    at = {role: places[0] for role, places in roles.items() if places}
    entries, notes = [], []
    for row in range(top + 1, len(grid.rows)):
        texts = list(map(as_text, grid.rows[row])) + [""] * len(header)
        filled = list(filter(None, texts))
        if len(filled) == 1 and _is_note(filled[0]):
            notes.append(filled[0])
        elif filled:
            labels = dict(zip(header, texts, strict=False)) | {f"@{role}": texts[k] for role, k in at.items()}
            period = grid.period(row, at["period"]) or texts[at["period"]]
            unit = labels["@unit"] if "unit" in at else _table_unit(grid, top)
            power = labels.get("UNIT_MULT", "") if grid.long else ""
            unit += f" ×10^{power}" if power not in ("", "0") else ""
            where, cell = (grid.file, grid.lines[row], header[at["value"]]), grid.cell(row, at["value"])
            entries.append(Entry(*where, labels.get("@indicator", ""), "", period, cell, unit, labels))
    return Sheet(tuple(entries), _footnotes(notes), "long")

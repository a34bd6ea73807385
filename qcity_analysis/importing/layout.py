"""Where the figures stand in a sheet: years across, years down, or one figure per row.

Finds the heading rows, names, units, second headings and footnotes of a yearbook sheet, stacked tables included, and
gives every cell that may hold a figure its name and period. Out of scope: what the cell says (`cells`) and which
indicator it is (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import Problem
from .cells import (
    MARKS,
    Cell,
    Grid,
    UnreadableCell,
    as_text,
    column_letter,
    half_width,
    read_change,
    read_period,
    same_name,
    without_marks,
)

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


def role_of(text: str) -> str | None:
    """What a heading stands for, one of ROLES; None for any other.

    >>> role_of("计量 单位"), role_of("研发强度")
    ('unit', None)
    """
    bare = same_name(text)
    return next((role for role, words in ROLES.items() if bare in words), None)


def has_role(heading: str, role: str, columns: Mapping[str, str]) -> bool:
    """Whether a heading stands for a role: the one that `columns` names, else a usual one.

    >>> has_role("年份", "period", {}), has_role("年份", "period", {"period": "报告期"})
    (True, False)
    """
    if role in columns:
        return same_name(heading) == same_name(columns[role])
    return same_name(heading) in ROLES[role]


def is_unit(text: str) -> bool:
    """Whether a text is a unit of measurement.

    >>> is_unit("亿元"), is_unit("件/万人"), is_unit("发明")
    (True, True, False)
    """
    return _UNIT.fullmatch(half_width(text)) is not None


def is_note(text: str) -> bool:
    """Whether a line begins as a footnote or a source does.

    >>> is_note("注：2020年为快报数"), is_note("研发强度")
    (True, False)
    """
    return _NOTE.match(half_width(text)) is not None


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a figure that can be read.

    >>> is_number("≥96"), is_number("—"), is_number("约定")
    (True, False, False)
    """
    try:
        return read_change(cell) is not None
    except UnreadableCell:
        return False


def sheet_unit(grid: Grid, top: int) -> str:
    """The unit that a line above the table states for all of it; "" where none does.

    >>> sheet_unit(Grid("a.csv", "", (("单位：亿元",), ("指标", "2020")), (1, 2)), 1)
    '亿元'
    """
    for row in range(top, max(-1, top - 5), -1):
        for cell in grid.rows[row]:
            match = re.fullmatch(r"[（(]?(计量)?单位[:：]\s*(.+?)[)）]?", half_width(as_text(cell)))
            if match and is_unit(match[2]):
                return match[2].strip()
    return ""


def split_unit(name: str) -> tuple[str, str]:
    """A name without the unit in brackets at its end, and that unit; brackets that hold no unit stay.

    >>> split_unit("研发经费支出（亿元）"), split_unit("专利授权量(发明)")
    (('研发经费支出', '亿元'), ('专利授权量(发明)', ''))
    """
    stem = without_marks(name)[0]
    match = re.fullmatch(r"(.+?)\s*[（(]([^（()）]+)[)）]", stem)
    if match and _UNIT.fullmatch(half_width(match[2])):
        return match[1], half_width(match[2]).strip()
    return name, ""


def marks_of(texts: Iterable[str]) -> str:
    """The footnote marks at the ends of some texts, each once.

    >>> marks_of(["2022年①", "研发强度*", "2023"])
    '①*'
    """
    return "".join(dict.fromkeys("".join(without_marks(text)[1] for text in texts)))


def footnotes(lines: list[str]) -> dict[str, str]:
    """Footnotes by their mark.

    >>> footnotes(["注：①2020年为快报数；②按现价计算。"])
    {'①': '2020年为快报数', '②': '按现价计算'}
    """
    notes: dict[str, str] = {}
    for line in lines:
        for mark, text in re.findall(rf"([{re.escape(MARKS)}])\s*([^{re.escape(MARKS)}]+)", line):
            notes.setdefault(mark, text.strip(" ；;。"))
    return notes


LAYOUTS = ("years_across", "years_down", "long")


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
    name = layout or find_layout(grid, columns) or ""
    reader = {"years_across": _years_across, "years_down": _years_down, "long": _long}.get(name)
    sheet = reader(grid, columns) if reader else None
    if sheet is not None:
        return sheet
    allowed = {
        "years_across": "a row of years as 2020 or 2020年",
        "years_down": "a column of years as 2020 or 2020年",
        "long": "a row of headings that name the period and the value",
    }
    remedy = "correct the headings in a copy of the file, or say `layout:` (and `columns:`) in the mapping"
    place = allowed.get(name, "years across the top, years down a column, or one figure per row")
    return Sheet((), {}, name, (Problem(grid.file, None, None, "no such heading", place, remedy),))


def find_layout(grid: Grid, columns: Mapping[str, str]) -> str | None:
    """The layout of a sheet, from where its years stand; None when there are none.

    >>> find_layout(Grid("a.csv", "", (("年份", "A"), ("2019", "1"), ("2020", "2")), (1, 2, 3)), {})
    'years_down'
    """
    if grid.long or _long_header(grid, columns) is not None:
        return "long"
    across = next((k for k in range(len(grid.rows)) if _is_year_row(grid, k)), None)
    down = _year_column(grid)
    if across is not None and (down is None or across <= down[0]):
        return "years_across"
    return "years_down" if down is not None else None


def _is_year_row(grid: Grid, row: int) -> bool:
    periods = [(k, p) for k in range(grid.width) if (p := read_period(grid.cell(row, k)))]
    if not periods or periods[0][0] == 0:
        return False
    first = periods[0][0]
    rest = [grid.cell(row, k) for k in range(first, grid.width) if read_period(grid.cell(row, k)) is None]
    if any(is_number(cell) for cell in rest) or any(is_number(grid.cell(row, k)) for k in range(first)):
        return False
    headed = any(role_of(grid.text(row, k)) in ("indicator", "unit", "region") for k in range(first))
    years = [p for _, p in periods]
    steady = len(years) >= 2 and years in (sorted(set(years)), sorted(set(years), reverse=True))
    under_headings = row > 0 and all(grid.text(row - 1, k) for k, _ in periods) and not headed
    return headed or (steady and not under_headings)


def _years_across(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    heads = [k for k in range(len(grid.rows)) if _is_year_row(grid, k)]
    if not heads:
        return None
    entries: list[Entry] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for top, end in zip(heads, [*heads[1:], len(grid.rows)], strict=True):
        block = _block(grid, top)
        for row in range(block.body, end):
            texts = [grid.text(row, k) for k in range(block.first)]
            text = next((t for t in texts if t), "")
            cells = [(k, grid.cell(row, k)) for k in block.periods if as_text(grid.cell(row, k))]
            if is_note(text) and not any(is_number(cell) for _, cell in cells):
                notes.append(" ".join(filter(None, (as_text(cell) for cell in grid.rows[row]))))
                continue
            if text and cells:
                entries += [block.entry(grid, row, k, cell) for k, cell in cells]
            elif cells:
                said = ", ".join(as_text(cell) for _, cell in cells[:3])
                remedy = "write the name in a copy of the file"
                problems.append(Problem(grid.file, grid.lines[row], None, said, "a row with a name", remedy))
    return Sheet(tuple(entries), footnotes(notes), "years_across", tuple(problems))


@dataclass(frozen=True)
class _Block:
    """One table with years across: its first column of figures, its rows of headings, and what each column says."""

    first: int
    body: int
    periods: Mapping[int, str]
    parts: Mapping[int, str]
    marks: Mapping[int, str]
    unit_column: int | None
    unit: str

    def entry(self, grid: Grid, row: int, column: int, cell: Cell) -> Entry:
        names = [grid.text(row, k) for k in range(self.first) if k != self.unit_column]
        full = "/".join(dict.fromkeys(name for name in names if name))
        name, unit = split_unit(full)
        if self.unit_column is not None and (stated := grid.text(row, self.unit_column)):
            name, unit = full, stated
        part, part_unit = split_unit(self.parts.get(column, ""))
        heading = " ".join(filter(None, (self.periods[column], self.parts.get(column, ""))))
        place = f"{column_letter(column)} ({heading})"
        stated = part_unit or ("" if part else unit or self.unit)
        marks = "".join(dict.fromkeys(marks_of(names) + self.marks.get(column, "")))
        return Entry(
            grid.file, grid.lines[row], place, name, part, self.periods[column], cell, stated, marks=marks
        )


def _block(grid: Grid, top: int) -> _Block:
    first = next(k for k in range(grid.width) if read_period(grid.cell(top, k)))
    periods: dict[int, str] = {}
    parts: dict[int, str] = {}
    marks: dict[int, str] = {}
    now = marked = ""
    second = _has_second_headings(grid, top, first)
    for k in range(first, grid.width):
        if read_period(grid.cell(top, k)):
            now, marked = read_period(grid.cell(top, k)) or "", marks_of([as_text(grid.cell(top, k))])
        heading = "" if read_period(grid.cell(top, k)) else as_text(grid.cell(top, k))
        below = as_text(grid.cell(top + 1, k)) if second else ""
        if not heading and not below and not read_period(grid.cell(top, k)):
            if any(as_text(grid.cell(row, k)) for row in range(top + 1, len(grid.rows))):
                periods[k], parts[k] = now, "(no heading)"
            continue
        periods[k], parts[k] = now, "/".join(filter(None, (heading, below)))
        marks[k] = marked + marks_of([heading, below])
    units = [
        k for k in range(first) for row in (top, top - 1) if row >= 0 and role_of(grid.text(row, k)) == "unit"
    ]
    unit = sheet_unit(grid, top)
    return _Block(
        first, top + 2 if second else top + 1, periods, parts, marks, units[0] if units else None, unit
    )


def _has_second_headings(grid: Grid, top: int, first: int) -> bool:
    if top + 1 >= len(grid.rows):
        return False
    below = [grid.cell(top + 1, k) for k in range(first, grid.width) if as_text(grid.cell(top + 1, k))]
    labels = any(as_text(grid.cell(top + 1, k)) for k in range(first))
    return bool(below) and not labels and not any(is_number(cell) for cell in below)


def _year_column(grid: Grid) -> tuple[int, int] | None:
    """The first row and the column of the first two years that stand one below the other."""
    for column in range(grid.width):
        for row in range(1, len(grid.rows)):
            one = read_period(grid.cell(row, column))
            last = row + 1 == len(grid.rows)
            two = None if last else read_period(grid.cell(row + 1, column))
            named = role_of(grid.text(row - 1, column)) == "period" and (last or two is None)
            if one and (two or named) and not read_period(grid.cell(row - 1, column)):
                return row, column
    return None


def _years_down(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    start = _year_column(grid)
    if start is None:
        return None
    top, years = start
    headings = {k: _headings(grid, top, k) for k in range(grid.width) if k != years}
    regions = [k for k, texts in headings.items() if texts and has_role(texts[-1], "region", columns)]
    entries, notes = [], []
    for row in range(top, len(grid.rows)):
        cells = [(k, grid.cell(row, k)) for k in headings if k not in regions and as_text(grid.cell(row, k))]
        said = as_text(grid.cell(row, years))
        texts = [as_text(cell) for cell in grid.rows[row] if as_text(cell)]
        if texts and is_note(texts[0]) and not any(is_number(cell) for _, cell in cells):
            notes.append(" ".join(texts))
            continue
        region = {"region": grid.text(row, regions[0])} if regions else {}
        period = read_period(grid.cell(row, years)) or said
        for k, cell in cells:
            if not headings[k] and not is_number(cell):
                continue
            entries.append(_column_entry(grid, row, k, cell, headings[k], period, region, top))
    return Sheet(tuple(entries), footnotes(notes), "years_down")


def _column_entry(
    grid: Grid,
    row: int,
    column: int,
    cell: Cell,
    texts: list[str],
    period: str,
    labels: dict[str, str],
    top: int,
) -> Entry:
    units = [text for text in texts[1:] if is_unit(text)]
    names = [text for text in texts if text not in units]
    name, unit = split_unit(names[0] if names else "(no heading)")
    part, part_unit = split_unit("/".join(names[1:]))
    stated = (units or [part_unit or ("" if part else unit or sheet_unit(grid, top - 1))])[0]
    place = f"{column_letter(column)} ({' '.join(texts)})"
    return Entry(grid.file, grid.lines[row], place, name, part, period, cell, stated, labels, marks_of(texts))


def _headings(grid: Grid, top: int, column: int) -> list[str]:
    """The headings above a column, from the top one; titles, alone in their row, are none."""
    texts: list[str] = []
    for row in range(max(0, top - 3), top):
        filled = sum(1 for cell in grid.rows[row] if as_text(cell))
        if filled < 2:
            texts = [] if filled == 1 and row < top - 1 else texts
            continue
        text = grid.text(row, column)
        if (
            not text and row < top - 1 and grid.text(top - 1, column)
        ):  # a heading over several columns, unmerged
            text = next((t for k in range(column, 0, -1) if (t := grid.text(row, k))), "")
        texts += [text] if text and text not in texts and not text.startswith("单位") else []
    return texts


def _long_header(grid: Grid, columns: Mapping[str, str]) -> int | None:
    for row in range(min(20, len(grid.rows))):
        texts = [as_text(cell) for cell in grid.rows[row]]
        if all(any(has_role(text, role, columns) for text in texts) for role in ("period", "value")):
            return row
    return None


def _long(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    top = _long_header(grid, columns)
    if top is None:
        return None
    header = [as_text(cell) for cell in grid.rows[top]]
    at: dict[str, int] = {}
    for k, heading in enumerate(header):
        for role in ROLES:
            if role not in at and has_role(heading, role, columns):
                at[role] = k
    entries, notes = [], []
    for row in range(top + 1, len(grid.rows)):
        texts = [as_text(cell) for cell in grid.rows[row]] + [""] * len(header)
        filled = [text for text in texts if text]
        if not filled:
            continue
        if len(filled) == 1 and is_note(filled[0]):
            notes.append(filled[0])
            continue
        labels = dict(zip(header, texts, strict=False)) | {f"@{role}": texts[k] for role, k in at.items()}
        name = texts[at["indicator"]] if "indicator" in at else ""
        period = read_period(grid.cell(row, at["period"])) or texts[at["period"]]
        place = header[at["value"]]
        unit = texts[at["unit"]] if "unit" in at else sheet_unit(grid, top)
        power = labels.get("UNIT_MULT", "") if grid.long else ""
        unit += f" ×10^{power}" if power not in ("", "0") else ""
        cell = grid.cell(row, at["value"])
        entries.append(Entry(grid.file, grid.lines[row], place, name, "", period, cell, unit, labels))
    return Sheet(tuple(entries), footnotes(notes), "long")

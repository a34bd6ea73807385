"""Where the figures stand in a sheet: years across, years down, or one figure per row.

Finds the heading rows, names, units, second headings and footnotes of a yearbook sheet, stacked tables included, and
gives every cell that may hold a figure its name and period. Out of scope: what the cell says (`cells`) and which
indicator it is (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from ..problems import Problem
from .cells import (
    Cell,
    Grid,
    as_text,
    decimal_sign,
    half_width,
    read_periods,
    status_flag,
    without_marks,
)
from .headings import (
    ABOUT_FILE,
    PREFACE,
    ROLES,
    UNIT,
    column_name,
    footnotes_of,
    has_role,
    is_figure,
    is_note,
    is_number,
    marks_of,
    preface_of,
    split_unit,
    titles,
)

LAYOUTS = ("years_across", "years_down", "long")
_NEARLY_YEAR = re.compile(r"(19|20)\d\d年?\W*[a-zA-Z\d]{0,3}\W*")  # its figures are refused, with the heading
_TECHNICAL = re.compile(
    r"structure.*|dataflow|action|last.?update|unit_mult|decimals|obs_flag|time_format|conf_status|.*_comment|"
    r".*(source|note|footnote|comment|说明|来源|脚注).*", re.I
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One cell that may hold a figure, with what stands around it.

    Attributes: `file`, `row` (line in the file) and `column` (letter and heading) say where; `name` (of the row, or of
    the column where years go down), `part` (second heading, as 比上年增长), `period` (of the data contract, or the text
    that names none), `cell`, `unit` ("" where the file states none), `labels` (every heading and text of a long row),
    `marks` (footnote marks beside the name and the headings), `open` (columns of words that have no role), `flag` (the
    letter of a status beside the year), `at` (row and column from 0) and `block` (the heading row it stands under).
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
    open: tuple[str, ...] = ()
    flag: str = ""
    at: tuple[int, int] = (0, 0)
    block: int = 0


@dataclass(frozen=True)
class Sheet:
    """What a sheet holds: its `entries`, `footnotes` by mark, the `layout` found, and `problems` of places not read.

    Further the `preface` above its table by role, the `decimal` sign, by place the `numbers` that are no entries, and
    the line of its `head`ing.
    """

    entries: tuple[Entry, ...]
    footnotes: Mapping[str, str]
    layout: str
    problems: tuple[Problem, ...] = ()
    preface: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."
    numbers: tuple[str, ...] = ()
    head: int = 0


def read_layout(
    grid: Grid, layout: str | None = None, columns: Mapping[str, str] | None = None, period: str = ""
) -> Sheet:
    """Every cell of a sheet that may hold a figure.

    `layout` is one of LAYOUTS (None: found from where the years stand); `columns` names the headings of a long table
    by role (a key of ROLES) where they are not the usual ones; `period` is that of a table without years, whose title
    may name it as well.

    >>> grid = Grid("a.csv", "", (("指标", "单位", "2020年"), ("研发强度", "%", "3.48")), (1, 2))
    >>> sheet = read_layout(grid)
    >>> sheet.layout, [(e.name, e.unit, e.period, e.cell) for e in sheet.entries]
    ('years_across', [('研发强度', '%', '2020', '3.48')])
    """
    columns = columns or {}
    readers = {"years_across": _years_across, "years_down": _years_down, "long": _long}
    name = "" if period else layout or _find_layout(grid, columns)
    if not name and (dated := _with_period(grid, period, columns)):
        grid, name = dated, layout or _find_layout(dated, columns)
    if name in readers and (sheet := readers[name](grid, columns)) is not None:
        first = min((entry.block for entry in sheet.entries), default=0)
        cells = [entry.cell for entry in sheet.entries]
        used = {entry.at for entry in sheet.entries}
        spare = [
            f"row {line} {column_name(k, [as_text(cell)])}"
            for row, line in enumerate(grid.lines)
            for k, cell in enumerate(grid.rows[row])
            if (row, k) not in used and is_number(cell) and not grid.period(row, k)
        ]
        decimal = decimal_sign(cells, "semicolon" in grid.opened_as)
        preface = preface_of(grid, 0, first)
        return replace(sheet, preface=preface, decimal=decimal, numbers=tuple(spare), head=grid.lines[first])
    nearest = max(range(len(grid.rows)), key=lambda row: sum(map(bool, map(as_text, grid.rows[row]))))
    about = {
        "cell": " ".join(filter(None, map(as_text, grid.rows[nearest])))[:80],
        "line": grid.lines[nearest],
    }
    code = f"layout_{name if name in readers else 'any'}"
    return Sheet((), {}, name, (Problem(grid.file, None, None, code, about),))


def _with_period(grid: Grid, period: str, columns: Mapping[str, str]) -> Grid | None:
    """A table without years with a column of the one year that is declared, or that the lines above it name."""
    roles = ("region", "indicator", "value")
    for top, cells in enumerate(grid.rows[:20]):
        texts = list(map(as_text, cells))
        if sum(map(bool, texts)) > 1 and any(has_role(t, role, columns) for t in texts for role in roles):
            above = [half_width(as_text(cell)) for row in grid.rows[:top] for cell in row]
            above = [text for text in above if not ABOUT_FILE.search(text)]
            named = set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", " ".join(above)))
            stated = period or (named.pop() if len(named) == 1 else "")
            blank = [(*row, *[""] * (grid.width - len(row))) for row in grid.rows]
            rows = [(*row, "年份" if k == top else stated if k > top else "") for k, row in enumerate(blank)]
            return replace(grid, rows=tuple(rows)) if stated else None
    return None


def _doubt(grid: Grid, row: int) -> Problem:
    """The problem of a row that may be years or figures."""
    cell = " ".join(filter(None, map(as_text, grid.rows[row])))
    return Problem(grid.file, grid.lines[row], None, "two_readings", {"cell": cell})


def _find_layout(grid: Grid, columns: Mapping[str, str]) -> str:
    """The layout of a sheet, from where its years stand; "" when there are none."""
    if grid.long or _long_header(grid, columns) is not None:
        return "long"
    across = next((row for row, _ in _year_rows(grid)), None)
    down = next((block.top for block in _year_columns(grid, columns)), None)
    if across is not None and (down is None or across <= down):
        return "years_across"
    return "years_down" if down is not None else ""


# years across


def _is_year_row(grid: Grid, row: int, years: dict[int, str]) -> str:
    """How a row names the years of a table: "headed" by a word as 指标, "steady" (in order), or "" (it does not)."""
    first = next(iter(years), 0)
    if first == 0 or any(is_number(cell) for k, cell in enumerate(grid.rows[row]) if k not in years):
        return ""
    roles = ("indicator", "unit", "region", "period")
    if any(has_role(grid.text(row, k), role) for k in range(first) for role in roles):
        return "headed"
    runs, down = [[""]], list(years.values())[:2] == sorted(list(years.values())[:2], reverse=True)
    for period in years.values():  # blocks beside one another repeat the years
        if runs[-1][-1] and (period < runs[-1][-1]) == down and period != runs[-1][-1]:
            runs[-1].append(period)
        else:
            runs.append([period])
    steady = all(len(run) > 1 for run in runs[1:])
    # years in order under a heading each are figures of a table of years down
    named = any(grid.text(row, k) for k in range(first))
    return "steady" if steady and not (named and row and all(grid.text(row - 1, k) for k in years)) else ""


def _year_rows(grid: Grid) -> list[tuple[int, bool]]:
    """The heading rows of tables with years across, and whether each is one beyond doubt.

    Within a table, a row with a name is one of figures, even where they look like years.
    """
    heads: list[tuple[int, bool]] = []
    named: tuple[str, ...] = ()
    for row in range(len(grid.rows)):
        years = grid.years(row)
        if not years or not (kind := _is_year_row(grid, row, years)):
            continue
        lead = tuple(grid.text(row, k) for k in range(next(iter(years))))
        filled = [any(map(as_text, grid.rows[k])) for k in range(heads[-1][0] if heads else row, row)]
        spread = {int(b[-4:]) - int(a[-4:]) for a, b in pairwise(years.values()) if (a + b).isdigit()}
        if kind == "headed" or not heads or lead == named or not any(lead):
            heads.append((row, True))
            named = lead
        elif not all(filled) and spread in ({1}, {-1}):
            heads.append((row, False))
    return heads


def _years_across(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    if not (heads := _year_rows(grid)):
        return None
    entries: list[Entry] = []
    problems: list[Problem] = []
    notes: list[str] = []
    tops = [row for row, _ in heads]
    named_tables = titles(grid, tops)
    for n, ((top, clear), end) in enumerate(zip(heads, [*tops[1:], len(grid.rows)], strict=True)):
        if not clear:
            problems.append(_doubt(grid, top))
            continue
        title, table_unit = named_tables[n]
        for left, right in _spans(grid, top, end):
            first = next(k for k in grid.years(top) if k >= left)
            above = [(k, row) for k in range(left, first) for row in (top, max(0, top - 1))]
            unit_column = next((k for k, row in above if has_role(grid.text(row, k), "unit")), None)
            start, table = _columns_across(grid, [0, *tops][n], top, first, right)
            for row in range(start, end):
                names: dict[int | None, str] = {k: grid.text(row, k) for k in range(left, first)}
                cells = [(column, cell) for column in table if as_text(cell := grid.cell(row, column[0]))]
                text = next(filter(None, names.values()), "")
                if is_note(text, (cell for _, cell in cells)):
                    notes.append(" ".join(filter(None, map(as_text, grid.rows[row]))))
                elif text:
                    own = names.pop(unit_column, "")
                    name = "/".join(dict.fromkeys(filter(None, [title, *names.values()])))
                    name, unit = (name, own) if own else split_unit(name)
                    marks = marks_of(names.values())
                    entries += [
                        _entry_across(grid, row, c, cell, name, unit or table_unit, marks, top)
                        for c, cell in cells
                    ]
                elif cells:
                    values = ", ".join(as_text(cell) for _, cell in cells[:3])
                    problems.append(
                        Problem(grid.file, grid.lines[row], None, "no_row_name", {"cell": values})
                    )
    return Sheet(tuple(entries), footnotes_of(notes), "years_across", tuple(problems))


def _spans(grid: Grid, top: int, end: int) -> list[tuple[int, int]]:
    """The tables that stand beside one another under one row of years, each from its column of names."""
    years = list(grid.years(top))
    lefts = [0]
    for k in range(years[0] + 1, years[-1]):
        if k not in years:
            cells = [cell for row in range(top + 1, end) if as_text(cell := grid.cell(row, k))]
            role = any(has_role(as_text(grid.cell(top, k)), name) for name in ("indicator", "region"))
            if role or (cells and not any(map(is_figure, cells))):
                lefts.append(k)
    lefts = [k for n, k in enumerate(lefts) if any(k < y < [*lefts, grid.width][n + 1] for y in years)]
    return list(pairwise([*lefts, grid.width]))


_Column = tuple[
    int, str, str, str, str
]  # of years across: number, period, other heading, footnote marks, flag


def _columns_across(grid: Grid, floor: int, top: int, first: int, right: int) -> tuple[int, list[_Column]]:
    """The first row of figures below the years, which may have a second row of headings, and the columns."""
    under = grid.rows[top + 1] if top + 1 < len(grid.rows) else ()
    texts = list(map(as_text, under)) + [""] * grid.width
    second = any(texts[first:]) and not any(texts[:first]) and not any(map(is_number, under[first:]))
    upper = _upper_headings(grid, floor, top, first)
    years = grid.years(top)
    table: list[_Column] = []
    period = mark = flag = ""
    for k in range(first, right):
        text = as_text(grid.cell(top, k))
        named = years.get(k) or (text if _NEARLY_YEAR.fullmatch(half_width(text)) else None)
        if named:
            period, mark, flag = named, without_marks(text)[1], status_flag(text)
        headings = [*upper.get(k, ()), "" if named else text, texts[k] if second else ""]
        units = [h for h in headings if UNIT.fullmatch(half_width(h))]
        heading = "/".join(h for h in headings if h and h not in units) + "".join(
            f"（{u}）" for u in units[:1]
        )
        if named or any(headings):
            table.append((k, period, heading, mark + marks_of(headings), flag))
        elif any(as_text(grid.cell(row, k)) for row in range(top + 1, len(grid.rows))):
            table.append((k, period, "(no heading)", "", flag))
    return top + 1 + second, table


def _upper_headings(grid: Grid, floor: int, top: int, first: int) -> dict[int, list[str]]:
    """The headings above the years of each column, where a row above names several; each counts up to the next."""
    found: dict[int, list[str]] = {}
    for row in range(max(floor, top - 2), top):
        own = {k: text for k in range(first, grid.width) if (text := as_text(grid.cell(row, k)))}
        named = {text for text in own.values() if not PREFACE.fullmatch(half_width(text))}
        if len(named) < 2 or any(map(is_number, grid.rows[row])):
            continue
        carried = ""
        for k in range(first, grid.width):
            carried = own.get(k, carried)
            if text := grid.text(row, k) or ("" if grid.merged else carried):
                found.setdefault(k, []).append(text)
    return found


def _entry_across(
    grid: Grid, row: int, column: _Column, cell: Cell, name: str, unit: str, marks: str, top: int
) -> Entry:
    """One cell of a row; `unit` is that of the row, for a column without a heading of its own."""
    k, period, heading, more, flag = column
    part, own = split_unit(heading if heading[:1] != "（" else f"_{heading}")
    part = part if part != "_" else ""
    where = (grid.file, grid.lines[row], column_name(k, (period, heading)))
    marks = "".join(dict.fromkeys(marks + more))
    unit = own or ("" if part else unit)
    return Entry(*where, name, part, period, cell, unit, marks=marks, flag=flag, at=(row, k), block=top)


# years down


@dataclass(frozen=True)
class _Block:
    """A table with years down: its heading row, first row of figures, end, columns of years, and whether in doubt."""

    head: int
    top: int
    end: int
    years: tuple[int, ...]
    doubtful: bool = False


def _year_columns(grid: Grid, columns: Mapping[str, str]) -> list[_Block]:
    """The tables with years down: each under a heading for years, or else where numbers in order look like years."""
    headed: dict[int, list[int]] = {}
    for row in range(len(grid.rows) - 1):
        for k, cell in enumerate(grid.rows[row]):
            if isinstance(cell, str) and has_role(cell, "period", columns):
                headed.setdefault(row, []).append(k)
    ends = [*list(headed)[1:], len(grid.rows)]
    blocks = []
    for (head, found), end in zip(headed.items(), ends, strict=False):
        years = [k for k in found if any(grid.period(row, k) for row in range(head + 1, end))]
        rows = [row for row in range(head + 1, end) if any(as_text(grid.cell(row, k)) for k in years)]
        blocks += [_Block(head, rows[0], end, tuple(years))] if years else []
    if blocks:
        return blocks
    likely: list[tuple[int, int]] = []
    for column in range(grid.width):
        periods = [grid.period(row, column) for row in range(len(grid.rows))] + [None]
        starts = (row for row in range(1, len(periods) - 1) if periods[row] and periods[row + 1])
        start = next((row for row in starts if not periods[row - 1]), None)
        numbers = [
            row for row in range(start or 0, len(grid.rows)) if is_figure(grid.cell(row, column), False)
        ]
        if start is not None and sum(bool(periods[row]) for row in numbers) > 0.8 * len(numbers):
            likely.append((start, column))
    bare = [(row, k) for row, k in likely if not grid.text(row - 1, k)] or likely
    return [_Block(row - 1, row, len(grid.rows), (k,), len(bare) > 1) for row, k in bare[:1]]


def _years_down(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    entries: list[Entry] = []
    notes: list[str] = []
    blocks = _year_columns(grid, columns)
    if blocks and blocks[0].doubtful:
        return Sheet((), {}, "", (_doubt(grid, blocks[0].top),))
    for block, title in zip(blocks, titles(grid, [block.head for block in blocks]), strict=True):
        _read_down(grid, columns, block, title, entries, notes)
    return Sheet(tuple(entries), footnotes_of(notes), "years_down") if blocks else None


def _read_down(
    grid: Grid,
    columns: Mapping[str, str],
    block: _Block,
    above: tuple[str, str],
    entries: list[Entry],
    notes: list[str],
) -> None:
    """The entries and notes of one table with years down, whose title and unit stand `above` it."""
    rows = range(block.top, block.end)
    headings = {k: _headings_above(grid, block, k) for k in range(grid.width) if k not in block.years}
    words = [k for k in headings if headings[k] and _words(grid.cell(row, k) for row in rows)]
    regions = [k for k, texts in headings.items() if texts and has_role(texts[-1], "region", columns)]
    roles = [k for k in words if any(has_role(headings[k][-1], role, columns) for role in ROLES)]
    labelled = {k: headings[k][-1] for k in dict.fromkeys([*words, *regions])}
    unasked = tuple(t for k, t in labelled.items() if k not in roles and not _TECHNICAL.fullmatch(t))
    title, table_unit = above
    periods = {
        k: dict(zip(rows, read_periods([grid.cell(row, k) for row in rows]), strict=True))
        for k in block.years
    }
    carried = ""
    for row in rows:
        cells = {k: grid.cell(row, k) for k in headings if k not in labelled and as_text(grid.cell(row, k))}
        texts = list(filter(None, map(as_text, grid.rows[row])))
        if texts and is_note(texts[0], cells.values()):
            notes.append(" ".join(texts))
            continue
        labels = {text: grid.text(row, k) for k, text in labelled.items()}
        if regions:
            carried = grid.text(row, regions[0]) or carried
            labels["@region"] = carried
        for k, text in labelled.items():
            if k in roles and (role := next(r for r in ROLES if has_role(text, r, columns))) != "region":
                labels[f"@{role}"] = labels[text]
        for k, cell in cells.items():
            if headings[k] or is_number(cell):
                own = max((year for year in block.years if year < k), default=block.years[0])
                period = periods[own][row] or as_text(grid.cell(row, own))
                name, part, unit = _name_down(headings[k], table_unit)
                name = f"{title}/{name}" if title else name
                at = (grid.file, grid.lines[row], column_name(k, headings[k]))
                more: dict[str, Any] = {
                    "open": unasked,
                    "flag": status_flag(grid.cell(row, own)),
                    "at": (row, k),
                }
                marks = marks_of(headings[k])
                entries.append(
                    Entry(*at, name, part, period, cell, unit, labels, marks, block=block.head, **more)
                )


def _words(cells: Iterable[Cell]) -> bool:
    """Whether most cells of a column, of those that are not empty, are words."""
    filled = [cell for cell in cells if as_text(cell)]
    return sum(map(is_figure, filled)) < len(filled) / 2


def _name_down(headings: list[str], table_unit: str) -> tuple[str, str, str]:
    """Name, second heading and unit of a column, from the headings above it."""
    units = [text for text in headings[1:] if UNIT.fullmatch(half_width(text))]
    names = [text for text in headings if text not in units]
    name, unit = split_unit(names[0] if names else "(no heading)")
    part, part_unit = split_unit("/".join(names[1:]))
    return name, part, units[0] if units else part_unit or ("" if part else unit or table_unit)


def _headings_above(grid: Grid, block: _Block, column: int) -> list[str]:
    """The headings above a column, from the top one; titles, alone in their row, are none."""
    texts: list[str] = []
    top = block.top
    for row in range(max(0, top - 3), top):
        filled = sum(map(bool, map(as_text, grid.rows[row])))
        if row < block.head and any(map(is_number, grid.rows[row])):  # figures of a table above
            texts = []
            continue
        if filled < 2 and not (row == top - 1 and as_text(grid.cell(row, column))):
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
        if all(any(has_role(text, role, columns) for text in texts) for role in ("period", "value")):
            return row
    return None


def _long(grid: Grid, columns: Mapping[str, str]) -> Sheet | None:
    top = _long_header(grid, columns)
    if top is None:
        return None
    header = list(map(as_text, grid.rows[top]))
    roles = {role: [k for k, text in enumerate(header) if has_role(text, role, columns)] for role in ROLES}
    at = {role: places[0] for role, places in roles.items() if places}
    asked = tuple(
        header[k] for k in _open_columns(grid, top, header, {k for ks in roles.values() for k in ks})
    )
    table_unit = preface_of(grid, 0, top).get("unit", "")
    periods = read_periods([grid.cell(row, at["period"]) for row in range(len(grid.rows))])
    carried = {"region": "", "indicator": ""}  # a name that is written once counts for the rows below it
    entries, notes = [], []
    for row in range(top + 1, len(grid.rows)):
        texts = list(map(as_text, grid.rows[row])) + [""] * len(header)
        filled = list(filter(None, texts))
        if len(filled) == 1 and is_note(filled[0]):
            notes.append(filled[0])
        elif filled:
            labels = dict(zip(header, texts, strict=False)) | {f"@{role}": texts[k] for role, k in at.items()}
            for role in carried.keys() & at.keys():
                carried[role] = labels[f"@{role}"] = labels[f"@{role}"] or carried[role]
            period = periods[row] or texts[at["period"]]
            unit = labels["@unit"] if "unit" in at else table_unit
            power = labels.get("UNIT_MULT", "") if grid.long else ""
            unit += f" ×10^{power}" if power not in ("", "0") else ""
            if grid.long and "-" in period:  # a month or a quarter, never a year to date
                labels.setdefault("@frequency", period)
            where, cell = (grid.file, grid.lines[row], header[at["value"]]), grid.cell(row, at["value"])
            more: dict[str, Any] = {
                "open": asked,
                "flag": status_flag(texts[at["period"]]),
                "at": (row, at["value"]),
            }
            name = labels.get("@indicator", "")
            entries.append(Entry(*where, name, "", period, cell, unit, labels, block=top, **more))
    return Sheet(tuple(entries), footnotes_of(notes), "long")


def _open_columns(grid: Grid, top: int, header: list[str], known: set[int]) -> Iterable[int]:
    """The columns of a long table that tell its rows apart and have no role; running numbers and notes do not."""
    for k, text in enumerate(header):
        cells = [as_text(grid.cell(row, k)) for row in range(top + 1, len(grid.rows))]
        numbers = [cell for cell in cells if is_number(cell)]
        if text and k not in known and not _TECHNICAL.fullmatch(text) and 2 * len(set(numbers)) <= len(cells):
            yield k

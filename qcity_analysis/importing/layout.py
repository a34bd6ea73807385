"""Where the figures stand in a sheet: years across, years down, or one figure per row.

Finds the tables of a sheet (stacked and side by side, their headings in several rows, merged or not) and gives every
cell that may hold a figure its name, period, unit and what the columns beside it say. Out of scope: what the cell says
(`cells`) and which indicator it is (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ..problems import Problem
from . import headings as words
from .cells import Cell, Grid, as_text, decimal_sign, half_width, read_periods

LAYOUTS = ("years_across", "years_down", "long")
_NEARLY_YEAR = re.compile(r"(19|20)\d\d年?\W*[a-zA-Z\d]{0,3}\W*")  # its figures are refused, with the heading


@dataclass(frozen=True)
class Entry:
    """One cell that may hold a figure, with what stands around it.

    Attributes: `file`, `row` (line in the file) and `column` (letter and heading) say where; `name` (of the row, or of
    the column where years go down), `part` (second heading, as 比上年增长), `period` (of the data contract, or the text
    that names none), `cell`, `unit` ("" where the file states none), `labels` (what other columns say of the row, by
    heading and as @role), `marks` (footnote marks beside the name and the headings), `open` (columns of words that have
    no role), `stated` (the period as written), `at` (row and column from 0) and `block` (the heading row above it).
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
    stated: str = ""
    at: tuple[int, int] = (0, 0)
    block: int = 0


@dataclass(frozen=True)
class Sheet:
    """What a sheet holds: its `entries`, `footnotes` by mark, the `layout` found, and `problems` of places not read.

    Further the `preface` above its table by role, the `decimal` sign, by place the `numbers` that are no entries, the
    line of its `head`ing, and the years that a note calls `preliminary`.
    """

    entries: tuple[Entry, ...]
    footnotes: Mapping[str, str]
    layout: str
    problems: tuple[Problem, ...] = ()
    preface: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."
    numbers: tuple[str, ...] = ()
    head: int = 0
    preliminary: Collection[str] = ()


@dataclass(frozen=True)
class _Column:
    """A column of figures: its number, headings, and where years go across its period, also as written."""

    k: int
    headings: tuple[str, ...]
    period: str = ""
    stated: str = ""


@dataclass(frozen=True)
class _Table:
    """A table: heading row, first row of figures, end; columns of `values`, `labels` by heading, columns of `years`.

    `names` are the labels that name a row, `period` that of a table of one year; `doubt` says it may be none.
    """

    head: int
    top: int
    end: int
    values: tuple[_Column, ...] = ()
    labels: Mapping[int, str] = field(default_factory=dict)
    names: tuple[int, ...] = ()
    years: tuple[int, ...] = ()
    period: str = ""
    doubt: bool = False


def read_layout(
    grid: Grid, layout: str = "", columns: Mapping[str, str] | None = None, period: str = ""
) -> Sheet:
    """Every cell of a sheet that may hold a figure.

    `layout` is one of LAYOUTS ("": found from where the years stand); `columns` names the headings of a long table
    by role (a key of ROLES) where they are not the usual ones; `period` is that of a table without years, whose title
    may name it as well.

    >>> grid = Grid("a.csv", "", (("指标", "单位", "2020年"), ("研发强度", "%", "3.48")), (1, 2))
    >>> sheet = read_layout(grid)
    >>> sheet.layout, [(e.name, e.unit, e.period, e.cell) for e in sheet.entries]
    ('years_across', [('研发强度', '%', '2020', '3.48')])
    """
    kind, tables = _tables(grid, layout, columns or {}, period)
    entries: list[Entry] = []
    notes: list[str] = []
    problems: list[Problem] = []
    heads = list(dict.fromkeys(table.head for table in tables))
    above = dict(zip(heads, words.titles(grid, heads), strict=True))
    for table in tables:
        if table.doubt:
            cell = " ".join(filter(None, map(as_text, grid.rows[table.top])))
            problems.append(Problem(grid.file, grid.lines[table.top], None, "two_readings", {"cell": cell}))
        else:
            read = _read(grid, table, columns or {}, above[table.head])
            entries, notes, problems = entries + read[0], notes + read[1], problems + read[2]
    if not entries and not problems:
        row = max(range(len(grid.rows)), key=lambda row: sum(map(bool, map(as_text, grid.rows[row]))))
        nearest = " ".join(filter(None, map(as_text, grid.rows[row])))[:80]
        about = {"cell": nearest, "line": grid.lines[row]}
        problems = [Problem(grid.file, None, None, f"layout_{layout or 'any'}", about)]
    used, first = {entry.at for entry in entries}, heads[0] if heads else 0
    spare = [
        f"row {line} {words.column_name(k, [as_text(cell)])}"
        for row, line in enumerate(grid.lines)
        for k, cell in enumerate(grid.rows[row])
        if (row, k) not in used and words.is_number(cell) and not grid.period(row, k)
    ]
    decimal = decimal_sign([entry.cell for entry in entries], "semicolon" in grid.opened_as)
    more = (words.preface_of(grid, 0, first), decimal, tuple(spare), grid.lines[first])
    early, marked = words.preliminary_years(notes), words.footnotes_of(notes)
    return Sheet(tuple(entries), marked, kind, tuple(problems), *more, preliminary=early)


# which tables there are


def _tables(grid: Grid, layout: str, columns: Mapping[str, str], period: str) -> tuple[str, list[_Table]]:
    """The layout of a sheet and its tables; none where it has no years, nor one in its title."""
    across = [] if period or grid.long or layout in ("years_down", "long") else _year_rows(grid)
    down = [] if period or layout == "years_across" else _year_columns(grid, columns)
    if not across and not down and (period or not layout):
        down = _one_year(grid, period, columns)
    tables = [_columns_down(grid, table, columns) for table in down]
    heads = [column.headings[-1] for table in tables[:1] for column in table.values]
    long = "value" in {words.role_of(head, columns) for head in heads}
    if across and not long and (not down or across[0].head <= down[0].top):
        return "years_across", [part for table in across for part in _columns_across(grid, table)]
    tables = tables if long or layout != "long" else []
    return ("long" if long else "years_down") if tables else "", tables


def _one_year(grid: Grid, period: str, columns: Mapping[str, str]) -> list[_Table]:
    """A table without years, of the one year that is declared, or that the lines above it name."""
    for head, cells in enumerate(grid.rows[:20]):
        texts = list(filter(None, map(as_text, cells)))
        roles = {words.role_of(text, columns) for text in texts}
        if len(texts) > 1 and roles & {"region", "indicator", "value"}:
            above = [half_width(as_text(cell)) for row in grid.rows[:head] for cell in row]
            lines = " ".join(text for text in above if not words.ABOUT_FILE.search(text))
            named = set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", lines))
            stated = period or (named.pop() if len(named) == 1 else "")
            return [_Table(head, head + 1, len(grid.rows), period=stated)] if stated else []
    return []


def _is_year_row(grid: Grid, row: int, years: dict[int, str]) -> str:
    """How a row names the years of a table: "headed" by a word as 指标, "steady" (in order), or "" (it does not)."""
    first = next(iter(years), 0)
    if first == 0 or any(words.is_number(cell) for k, cell in enumerate(grid.rows[row]) if k not in years):
        return ""
    if {words.role_of(grid.text(row, k)) for k in range(first)} & {"indicator", "unit", "region", "period"}:
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


def _year_rows(grid: Grid) -> list[_Table]:
    """The tables with years across, each below its row of years, and whether in doubt.

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
            heads.append((row, False))
            named = lead
        elif not all(filled) and spread in ({1}, {-1}):
            heads.append((row, True))
    ends = [*(row for row, _ in heads[1:]), len(grid.rows)]
    return [_Table(row, row, end, doubt=doubt) for (row, doubt), end in zip(heads, ends, strict=False)]


def _year_columns(grid: Grid, columns: Mapping[str, str]) -> list[_Table]:
    """The tables with years down: each under a heading for years, or else where numbers in order look like years."""
    headed: dict[int, list[int]] = {}
    for row in range(len(grid.rows) - 1):
        for k, cell in enumerate(grid.rows[row]):
            if isinstance(cell, str) and words.role_of(cell, columns) == "period":
                headed.setdefault(row, []).append(k)
    tables = []
    for (head, found), end in zip(headed.items(), [*list(headed)[1:], len(grid.rows)], strict=False):
        value = any(words.role_of(as_text(cell), columns) == "value" for cell in grid.rows[head])
        dated = {k for k in found if any(words.is_dated(grid.cell(row, k)) for row in range(head + 1, end))}
        years = [k for k in found if value or k in dated]
        rows = [row for row in range(head + 1, end) if any(as_text(grid.cell(row, k)) for k in years)]
        tables += [_Table(head, rows[0], end, years=tuple(years))] if rows else []
    if tables or grid.long:
        return tables
    likely: list[tuple[int, int]] = []
    for column in range(grid.width):
        periods = [grid.period(row, column) for row in range(len(grid.rows))] + [None]
        starts = (row for row in range(1, len(periods) - 1) if periods[row] and periods[row + 1])
        start = next((row for row in starts if not periods[row - 1]), None)
        if start is not None and not words.TECHNICAL.fullmatch(grid.text(start - 1, column)):
            numbers = [
                k for k in range(start, len(grid.rows)) if words.is_figure(grid.cell(k, column), False)
            ]
            likely += [(start, column)] if sum(bool(periods[k]) for k in numbers) > 0.8 * len(numbers) else []
    bare = [(row, k) for row, k in likely if not grid.text(row - 1, k)] or likely
    return [_Table(row - 1, row, len(grid.rows), years=(k,), doubt=len(bare) > 1) for row, k in bare[:1]]


# which columns a table has


def _headings(grid: Grid, rows: range, least: int, left: int = 0) -> dict[int, list[str]]:
    """The headings of each column from `left` in some rows, upper ones first; these count up to the next one.

    A row with fewer than two texts is a title, except from row `least` on; one with numbers is of a table above.
    """
    found: dict[int, list[str]] = {}
    for row in rows:
        every = {k: as_text(cell) for k, cell in enumerate(grid.rows[row]) if k >= left}
        own = {k: text for k, text in every.items() if text and not words.PREFACE.fullmatch(half_width(text))}
        if row < least and any(map(words.is_number, grid.rows[row])):
            found.clear()
        elif row >= least or len(set(own.values())) > 1:
            carried = ""
            for k in range(left, grid.width):
                carried = own.get(k, carried)
                text = grid.text(row, k) or ("" if grid.merged or row == rows[-1] >= least else carried)
                if text and not words.PREFACE.fullmatch(half_width(text)) and text not in found.get(k, ()):
                    found.setdefault(k, []).append(text)
    return found


def _columns_across(grid: Grid, table: _Table) -> list[_Table]:
    """The tables that stand beside one another under one row of years, with their columns."""
    head, years = table.head, grid.years(table.head)
    if table.doubt:
        return [table]
    lefts = [0]
    for k in range(next(iter(years)) + 1, max(years)):
        if k not in years:
            cells = [cell for row in range(head + 1, table.end) if as_text(cell := grid.cell(row, k))]
            role = words.role_of(grid.text(head, k)) in ("indicator", "region")
            if role or (cells and not any(map(words.is_figure, cells))):
                lefts.append(k)
    lefts = [k for n, k in enumerate(lefts) if any(k < y < [*lefts, grid.width][n + 1] for y in years)]
    first = next(iter(years))
    under = list(map(as_text, (*grid.rows[head + 1 : head + 2], ())[0])) + [""] * grid.width
    second = any(under[first:]) and not any(under[:first]) and not any(map(words.is_number, under[first:]))
    upper = _headings(grid, range(max(0, head - 2), head), head, first)
    tables = []
    for left, right in pairwise([*lefts, grid.width]):
        start = next(k for k in years if k >= left)
        labels = {k: grid.text(head, k) or grid.text(max(0, head - 1), k) for k in range(left, start)}
        values, period, stated = [], "", ""
        for k in range(start, right):
            text = as_text(grid.cell(head, k))
            if named := years.get(k) or (text if _NEARLY_YEAR.fullmatch(half_width(text)) else ""):
                period, stated = named, text
            more = filter(None, [*upper.get(k, ()), "" if named else text, under[k] if second else ""])
            headings = tuple(more)
            filled = any(as_text(grid.cell(row, k)) for row in range(head + 1, table.end))
            if named or headings or filled:
                blank = ("(no heading)",) * (not named and not headings)
                values.append(_Column(k, headings or blank, period, stated))
        names = _naming(labels, {})
        tables.append(_Table(head, head + 1 + second, table.end, tuple(values), labels, names))
    return tables


def _naming(labels: Mapping[int, str], columns: Mapping[str, str]) -> tuple[int, ...]:
    """The columns that together name a row: that of indicators and those without a heading, or all without a role."""
    roles = {k: words.role_of(text, columns) for k, text in labels.items()}
    names = [k for k, role in roles.items() if role == "indicator"]
    names = [k for k in names if not words.CODE.search(labels[k])] or names
    names = [k for k in names if labels[k] == labels[names[0]]]
    blank = [k for k, text in labels.items() if not text]
    free = [k for k, role in roles.items() if not role and not words.TECHNICAL.fullmatch(labels[k])]
    regions = [k for k, role in roles.items() if role == "region"]
    return tuple(sorted([*names, *blank]) if names else free or regions[:1])


def _columns_down(grid: Grid, table: _Table, columns: Mapping[str, str]) -> _Table:
    """A table with years down with its columns: one of values under a heading for them, or all that hold numbers."""
    rows = range(table.top, table.end)
    above = _headings(grid, range(max(0, table.top - 3), table.top), table.head)
    headings = {k: tuple(above.get(k, ())) for k in range(grid.width) if k not in table.years}
    roles = {k: words.role_of(found[-1], columns) if found else "" for k, found in headings.items()}
    value = [k for k, role in roles.items() if role == "value"][:1]
    labels: dict[int, str] = {}
    values = []
    for k, found in headings.items():
        cells = [cell for row in rows if as_text(cell := grid.cell(row, k))]
        texts = sum(map(words.is_figure, cells)) < len(cells) / 2
        if value and k not in value:
            labels |= {k: found[-1]} if found else {}
        elif not value and found and (texts or roles[k] or words.BREAKDOWN.fullmatch(found[-1])):
            labels[k] = found[-1]
        elif found or any(map(words.is_number, cells)):
            values.append(_Column(k, found or ("(no heading)",)))
    names = tuple(k for k in _naming(labels, columns) if roles[k] == "indicator") if value else ()
    return replace(table, values=tuple(values), labels=labels, names=names)


# what a table holds


def _read(
    grid: Grid, table: _Table, columns: Mapping[str, str], above: tuple[str, str]
) -> tuple[list[Entry], list[str], list[Problem]]:
    """The entries, notes and problems of one table, whose title and unit stand `above` it."""
    roles = {k: words.role_of(text, columns) for k, text in table.labels.items()}
    free = [k for k, text in table.labels.items() if text and not roles[k] and k not in table.names]
    asked = tuple(table.labels[k] for k in free if not _is_running(grid, table, k))
    periods = {k: read_periods([grid.cell(row, k) for row in range(table.end)]) for k in table.years}
    carried: dict[int, str] = {}
    entries: list[Entry] = []
    notes, problems = [], []
    for row in range(table.top, table.end):
        cells = [(c, cell) for c in table.values if as_text(cell := grid.cell(row, c.k))]
        filled = list(filter(None, map(as_text, grid.rows[row])))
        if filled and words.is_note(filled[0], (cell for _, cell in cells)):
            notes.append(" ".join(filled))
            continue
        texts = {k: grid.text(row, k) for k in table.labels}
        for k, role in roles.items():  # a name that is written once counts for the rows below it
            if role in ("region", "indicator") and (len(roles) > 1 or table.years):
                texts[k] = carried[k] = texts[k] or carried.get(k, "")
        labels, named = _labels(table, texts, roles), [texts[k] for k in table.names]
        if table.names and cells and not any(named) and not table.years:
            about = {"cell": ", ".join(as_text(cell) for _, cell in cells[:3])}
            problems.append(Problem(grid.file, grid.lines[row], None, "no_row_name", about))
            continue
        for column, cell in cells:
            own = max((year for year in table.years if year < column.k), default=(*table.years, 0)[0])
            stated = column.stated or table.period or as_text(grid.cell(row, own))
            period = column.period or table.period or periods[own][row] or stated
            long = not column.period and words.role_of(column.headings[-1], columns) == "value"
            headings = () if long else column.headings
            name, part, unit = _named(headings, named, bool(table.names), labels.get("@unit", ""), above)
            power = labels.get("UNIT_MULT", "") if grid.long else ""
            unit += f" ×10^{power}" if power not in ("", "0") else ""
            marks = words.marks_of([*named, column.stated, *headings])
            letter = words.column_name(column.k, [column.period, "/".join(headings)])
            where = (grid.file, grid.lines[row], column.headings[-1] if long else letter)
            at, head = (row, column.k), table.head
            more = Entry(*where, name, part, period, cell, unit, labels, marks, asked, stated, at, head)
            entries.append(more)
    return entries, notes, problems


def _labels(table: _Table, texts: Mapping[int, str], roles: Mapping[int, str]) -> dict[str, str]:
    """What the columns beside the names say of a row, by heading and as @role; a code as @code beside a name."""
    alone = len(texts) == 1 and not (table.years or table.period)
    said = [k for k in texts if k not in table.names or roles[k] == "region" or (roles[k] and not alone)]
    labels = {table.labels[k]: texts[k] for k in said if table.labels[k]}
    for k in sorted(said, key=lambda k: bool(words.CODE.search(table.labels[k]))):
        if roles[k]:
            labels.setdefault(f"@{roles[k]}", texts[k])
            labels |= {"@code": texts[k]} if roles[k] == "region" else {}
    return labels


def _is_running(grid: Grid, table: _Table, k: int) -> bool:
    """Whether a column says nothing of the figures in its row: a running number, a code, a note."""
    cells = [as_text(grid.cell(row, k)) for row in range(table.top, table.end)]
    numbers = {cell for cell in cells if words.is_number(cell)}
    text = table.labels[k]
    many = 2 * len(numbers) > len(cells) and not words.BREAKDOWN.fullmatch(text)
    return many or words.TECHNICAL.fullmatch(text) is not None


def _named(
    headings: tuple[str, ...], row: list[str], rows: bool, unit: str, above: tuple[str, str]
) -> tuple[str, str, str]:
    """Name, second heading and unit of a figure: named by its row (where `rows` have names), or by its column."""
    title, table_unit = above
    units = [text for text in headings[not rows :] if words.UNIT.fullmatch(half_width(text))]
    names = [text for text in headings if text not in units]
    if not rows and names:
        row, names = [*row, names[0]], names[1:]
    name = "/".join(dict.fromkeys(filter(None, [title, *row])))
    name, of_name = (name, unit) if unit else words.split_unit(name)
    part, of_part = words.split_unit("/".join(names))
    return name, part, (units or [of_part])[0] or ("" if part else of_name or table_unit)

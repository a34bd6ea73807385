"""Where the figures stand in a sheet: years across, years down, or one figure per row.

Finds the tables of a sheet (stacked and side by side, their headings in several rows, merged or not) and gives every
cell that may hold a figure its name, period, unit and what the columns beside it say. Out of scope: what the cell says
(`cells`) and which indicator it is (`mapping`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from ..problems import Problem
from . import cells as typed
from . import headings as words
from .cells import Cell, Grid, as_text, half_width

Names = Mapping[str, str]
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
    labels: Names = field(default_factory=dict)
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
    footnotes: Names
    layout: str
    problems: tuple[Problem, ...] = ()
    preface: Names = field(default_factory=dict)
    decimal: str = "."
    numbers: tuple[str, ...] = ()
    head: int = 0
    preliminary: Collection[str] = ()


class _Column(NamedTuple):
    """A column of figures: its number, headings, and where years go across its period, also as written."""

    k: int
    headings: tuple[str, ...]
    period: str = ""
    stated: str = ""


_Found = tuple[list[Entry], list[str], list[Problem]]


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


def read_layout(grid: Grid, layout: str = "", columns: Names | None = None, period: str = "") -> Sheet:
    """Every cell of a sheet that may hold a figure.

    `layout` is one of LAYOUTS ("": found from where the years stand); `columns` names the headings of a long table by
    role (a key of ROLES) where they are unusual; `period` is that of a table without years, if its title names none.

    >>> grid = Grid("a.csv", "", (("指标", "单位", "2020年"), ("研发强度", "%", "3.48")), (1, 2))
    >>> sheet = read_layout(grid)
    >>> sheet.layout, [(e.name, e.unit, e.period, e.cell) for e in sheet.entries]
    ('years_across', [('研发强度', '%', '2020', '3.48')])
    """
    columns = columns or {}
    kind, tables = _tables(grid, layout, columns, period)
    heads = list(dict.fromkeys(table.head for table in tables))
    above = dict(zip(heads, words.titles(grid, heads), strict=True))
    entries, notes, problems = list[Entry](), list[str](), list[Problem]()
    for table in tables:
        if table.doubt:
            cell = " ".join(grid.texts(table.top))
            problems.append(Problem(grid.file, grid.lines[table.top], None, "two_readings", {"cell": cell}))
        else:
            read = _read(grid, table, columns, above[table.head])
            entries, notes, problems = entries + read[0], notes + read[1], problems + read[2]
    if not entries and not problems:
        row = max(range(len(grid.rows)), key=lambda row: len(grid.texts(row)))
        about = {"cell": " ".join(grid.texts(row))[:80], "line": grid.lines[row]}
        problems = [Problem(grid.file, None, None, f"layout_{layout or 'any'}", about)]
    used, first = {entry.at for entry in entries}, heads[0] if heads else 0
    spare = tuple(
        f"row {line} {words.column_name(k, [as_text(cell)])}"
        for row, line in enumerate(grid.lines)
        for k, cell in enumerate(grid.rows[row])
        if (row, k) not in used and typed.is_number(cell) and not typed.read_period(cell)
    )
    decimal = typed.decimal_sign([entry.cell for entry in entries], "semicolon" in grid.opened_as)
    more = (tuple(problems), words.preface_of(grid, 0, first), decimal, spare, grid.lines[first])
    return Sheet(tuple(entries), words.footnotes_of(notes), kind, *more, words.preliminary_years(notes))


def _tables(grid: Grid, layout: str, columns: Names, period: str) -> tuple[str, list[_Table]]:
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


def _one_year(grid: Grid, period: str, columns: Names) -> list[_Table]:
    """A table without years, of the one year that is declared, or that the lines above it name."""
    for head in range(min(20, len(grid.rows))):
        roles = {words.role_of(text, columns) for text in grid.texts(head)}
        if len(grid.texts(head)) > 1 and roles & {"region", "indicator", "value"}:
            above = [half_width(text) for row in range(head) for text in grid.texts(row)]
            lines = " ".join(text for text in above if not words.ABOUT_FILE.search(text))
            named = set(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", lines))
            stated = period or (named.pop() if len(named) == 1 else "")
            return [_Table(head, head + 1, len(grid.rows), period=stated)] if stated else []
    return []


def _is_year_row(grid: Grid, row: int, years: dict[int, str]) -> str:
    """How a row names the years of a table: "headed" by a word as 指标, "steady" (in order), or "" (it does not)."""
    first, periods = next(iter(years), 0), list(years.values())
    if first == 0 or any(typed.is_number(cell) for k, cell in enumerate(grid.rows[row]) if k not in years):
        return ""
    if {words.role_of(grid.text(row, k)) for k in range(first)} & {"indicator", "unit", "region", "period"}:
        return "headed"
    # blocks beside one another repeat the years; each goes the way of the first two
    down = periods[:2] == sorted(periods[:2], reverse=True)
    breaks = [k for k, (a, b) in enumerate(pairwise(periods), 1) if a == b or (b < a) != down]
    steady = all(end - start > 1 for start, end in pairwise([0, *breaks, len(periods)]))
    # years in order under a heading each are figures of a table of years down
    named = row and any(grid.text(row, k) for k in range(first)) and all(grid.text(row - 1, k) for k in years)
    return "steady" if steady and not named else ""


def _year_rows(grid: Grid) -> list[_Table]:
    """The tables with years across, each below its row of years, and whether in doubt.

    Within a table, a row with a name is one of figures, even where they look like years.
    """
    heads: dict[int, bool] = {}
    named: tuple[str, ...] = ()
    for row in range(len(grid.rows)):
        years = grid.years(row)
        if not years or not (kind := _is_year_row(grid, row, years)):
            continue
        lead = tuple(grid.text(row, k) for k in range(next(iter(years))))
        spread = {int(b[-4:]) - int(a[-4:]) for a, b in pairwise(years.values()) if (a + b).isdigit()}
        if kind == "headed" or not heads or lead == named or not any(lead):
            heads[row], named = False, lead
        elif spread in ({1}, {-1}) and not all(grid.texts(k) for k in range([*heads][-1], row)):
            heads[row] = True
    ends = [*[*heads][1:], len(grid.rows)]
    return [_Table(row, row, end, doubt=heads[row]) for row, end in zip(heads, ends, strict=False)]


def _year_columns(grid: Grid, columns: Names) -> list[_Table]:
    """The tables with years down: each under a heading for years, or else where numbers in order look like years."""
    headed: dict[int, list[int]] = {}
    for row in range(len(grid.rows) - 1):
        for k, cell in enumerate(grid.rows[row]):
            if isinstance(cell, str) and words.role_of(cell, columns) == "period":
                headed.setdefault(row, []).append(k)
    tables = []
    for (head, places), end in zip(headed.items(), [*list(headed)[1:], len(grid.rows)], strict=False):
        roles, below = {words.role_of(text, columns) for text in grid.texts(head)}, range(head + 1, end)
        years = [k for k in places if "value" in roles or any(map(typed.is_dated, grid.column(k, below)))]
        rows = [row for row in below if any(as_text(grid.cell(row, k)) for k in years)]
        tables += [_Table(head, rows[0], end, years=tuple(years))] if rows else []
    if tables or grid.long:
        return tables
    likely: list[tuple[int, int]] = []
    for column in range(grid.width):
        periods = [typed.read_period(grid.cell(row, column)) for row in range(len(grid.rows))]
        triples = zip(periods, periods[1:], periods[2:], strict=False)
        start = next((row for row, (a, b, c) in enumerate(triples, 1) if not a and b and c), None)
        if start is not None and not words.TECHNICAL.fullmatch(grid.text(start - 1, column)):
            numbers = [k for k in range(start, len(periods)) if typed.is_figure(grid.cell(k, column), False)]
            likely += [(start, column)] if sum(bool(periods[k]) for k in numbers) > 0.8 * len(numbers) else []
    bare = [(row, k) for row, k in likely if not grid.text(row - 1, k)] or likely
    return [_Table(row - 1, row, len(grid.rows), years=(k,), doubt=len(bare) > 1) for row, k in bare[:1]]


def _headings(grid: Grid, rows: range, least: int, left: int = 0) -> dict[int, list[str]]:
    """The headings of each column from `left` in some rows, upper ones first; these count up to the next one.

    A row with fewer than two texts is a title, except from row `least` on; one with numbers is of a table above.
    """
    above: dict[int, list[str]] = {}
    for row in rows:
        cells = ((k, as_text(cell)) for k, cell in enumerate(grid.rows[row]) if k >= left)
        own = {k: text for k, text in cells if text and not words.PREFACE.fullmatch(half_width(text))}
        if row < least and any(map(typed.is_number, grid.rows[row])):
            above.clear()
        elif row >= least or len(set(own.values())) > 1:
            carried = ""
            for k in range(left, grid.width):
                carried = own.get(k, carried)
                text = grid.text(row, k) or ("" if grid.merged or row == rows[-1] >= least else carried)
                if text and not words.PREFACE.fullmatch(half_width(text)) and text not in above.get(k, ()):
                    above.setdefault(k, []).append(text)
    return above


def _columns_across(grid: Grid, table: _Table) -> list[_Table]:
    """The tables that stand beside one another under one row of years, with their columns."""
    head, years, rows = table.head, grid.years(table.head), range(table.head + 1, table.end)
    if table.doubt:
        return [table]
    first = next(iter(years))
    lefts = [0]
    for k in (k for k in range(first + 1, max(years)) if k not in years):
        cells, role = grid.column(k, rows), words.role_of(grid.text(head, k))
        if role in ("indicator", "region") or (cells and not any(map(typed.is_figure, cells))):
            lefts.append(k)
    lefts = [k for k, end in pairwise([*lefts, grid.width]) if any(k < year < end for year in years)]
    under = [*map(as_text, grid.rows[head + 1] if len(grid.rows) > head + 1 else ()), *[""] * grid.width]
    second = any(under[first:]) and not any(under[:first]) and not any(map(typed.is_number, under[first:]))
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
            own = (*upper.get(k, ()), "" if named else text, under[k] if second else "")
            headings = tuple(filter(None, own)) or ("(no heading)",) * (not named)
            if named or headings != ("(no heading)",) or grid.column(k, rows):
                values.append(_Column(k, headings, period, stated))
        tables.append(_Table(head, head + 1 + second, table.end, tuple(values), labels, _naming(labels, {})))
    return tables


def _naming(labels: Mapping[int, str], columns: Names) -> tuple[int, ...]:
    """The columns that together name a row: that of indicators and those without a heading, or all without a role."""
    roles = {k: words.role_of(text, columns) for k, text in labels.items()}
    names = [k for k, role in roles.items() if role == "indicator"]
    names = [k for k in names if not words.CODE.search(labels[k])] or names
    names = [k for k in names if labels[k] == labels[names[0]]]
    blank = [k for k, text in labels.items() if not text]
    free = [k for k, role in roles.items() if not role and not words.TECHNICAL.fullmatch(labels[k])]
    regions = [k for k, role in roles.items() if role == "region"]
    return tuple(sorted([*names, *blank]) if names else free or regions[:1])


def _columns_down(grid: Grid, table: _Table, columns: Names) -> _Table:
    """A table with years down with its columns: one of values under a heading for them, or all that hold numbers."""
    rows = range(table.top, table.end)
    above = _headings(grid, range(max(0, table.top - 3), table.top), table.head)
    headings = {k: tuple(above.get(k, ())) for k in range(grid.width) if k not in table.years}
    roles = {k: words.role_of(found[-1], columns) if found else "" for k, found in headings.items()}
    value = [k for k, role in roles.items() if role == "value"][:1]
    labels: dict[int, str] = {}
    values = []
    for k, found in headings.items():
        cells = grid.column(k, rows)
        texts = sum(map(typed.is_figure, cells)) < len(cells) / 2
        if value and k not in value:
            labels |= {k: found[-1]} if found else {}
        elif not value and found and (texts or roles[k] or words.BREAKDOWN.fullmatch(found[-1])):
            labels[k] = found[-1]
        elif found or any(map(typed.is_number, cells)):
            values.append(_Column(k, found or ("(no heading)",)))
    names = tuple(k for k in _naming(labels, columns) if roles[k] == "indicator") if value else ()
    return replace(table, values=tuple(values), labels=labels, names=names)


def _read(grid: Grid, table: _Table, columns: Names, above: tuple[str, str]) -> _Found:
    """The entries, notes and problems of one table, whose title and unit stand `above` it."""
    roles = {k: words.role_of(text, columns) for k, text in table.labels.items()}
    asked, rows = list[str](), range(table.top, table.end)
    for k, text in table.labels.items():
        numbers = {number for cell in grid.column(k, rows) if typed.is_number(number := as_text(cell))}
        many = 2 * len(numbers) > len(rows) and not words.BREAKDOWN.fullmatch(text)
        if text and not (roles[k] or k in table.names or many or words.TECHNICAL.fullmatch(text)):
            asked.append(text)  # says something of the figures: no running number, code or note
    periods = {k: typed.read_periods([grid.cell(row, k) for row in range(table.end)]) for k in table.years}
    carried: dict[int, str] = {}
    entries, notes, problems = list[Entry](), list[str](), list[Problem]()
    for row in rows:
        cells = [(c, cell) for c in table.values if as_text(cell := grid.cell(row, c.k))]
        filled = grid.texts(row)
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
            names, given = named if table.names else None, labels.get("@unit", "")
            name, part, unit = _named(headings, names, given, above)
            power = labels.get("UNIT_MULT", "") if grid.long else ""
            unit += f" ×10^{power}" if power not in ("", "0") else ""
            ends = (typed.without_marks(text)[1] for text in (*named, column.stated, *headings))
            marks = "".join(dict.fromkeys("".join(ends)))  # of footnotes, each once
            letter = words.column_name(column.k, [column.period, "/".join(headings)])
            where = (grid.file, grid.lines[row], column.headings[-1] if long else letter)
            said, at, head = tuple(asked), (row, column.k), table.head
            one = Entry(*where, name, part, period, cell, unit, labels, marks, said, stated, at, head)
            entries.append(one)
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


def _named(
    headings: Sequence[str], rows: Sequence[str] | None, unit: str, above: Sequence[str]
) -> Sequence[str]:
    """Name, second heading and unit of a figure: named by its row (None where rows have no names), or by its column."""
    title, table_unit = above
    units = [text for text in headings[rows is None :] if words.UNIT.fullmatch(half_width(text))]
    names = [text for text in headings if text not in units]
    if rows is None:
        rows, names = names[:1], names[1:]
    name = "/".join(dict.fromkeys(filter(None, [title, *rows])))
    name, of_name = (name, unit) if unit else words.split_unit(name)
    part, of_part = words.split_unit("/".join(names))
    return name, part, (units or [of_part])[0] or ("" if part else of_name or table_unit)

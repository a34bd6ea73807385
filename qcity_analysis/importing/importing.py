"""Import the figures of a file into a data package: previewed, all or nothing, and undone on request.

A revision becomes a row of its own with its own date; no row of the package is ever overwritten, and what cannot be
used is named with its place. `starter` writes the mapping to begin with. Out of scope: reading files (`sheets`,
`layout`), what a mapping says (`mapping`), and how files are replaced (`data.write`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import json
import re
from collections import defaultdict
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..catalogue import catalogue, text
from ..data.corrections import as_known
from ..data.load import find_folder, read_folder
from ..data.schema import TABLES
from ..data.vintages import KEY, same_period, to_date
from ..data.write import appended, content_of, finish, new_name, new_plan, replace, rows_of, trial
from ..files import write_whole
from ..problems import DataError, Problem
from .cells import as_text, is_number, same_name
from .headings import TECHNICAL, is_index, multiple, names_of, same_unit, split_unit
from .layout import Entry, Sheet, read_layout
from .mapping import TO_DATE, Mapping, read_mapping
from .matching import Matching
from .sheets import read_grids

KINDS = ("added", "changed", "unchanged")
CHANGED = re.compile("增长|增速|比上年|同比|growth|change", re.I)  # a second heading of changes in percent


@dataclass(frozen=True)
class Figure:
    """One figure of an import: its `row` of observations.csv, the `kind` of change (added, changed, unchanged), what
    the package held `before` ("" for nothing), and its place in the file (`file`, `line`, `column`)."""

    row: Dict[str, str]
    kind: str
    before: str
    file: str
    line: int
    column: str


@dataclass(frozen=True)
class Import:
    """What an import does, or did when `written`.

    Attributes: `file`, `folder` (of the data package), `opened_as` (encoding or kind of each sheet), `figures`,
    `refused` (a problem for each cell that cannot be used), `warnings` of the checks about the new rows, `empty` (cells
    that say there is no figure), `left_out` (names the mapping does not mention: number of cells, place of the first),
    `source` (its row of sources.csv), `written`, `refused_file` (where the refused are listed, else None), and `read`
    (what was made of each sheet: layout, heading row, years, region column, unit, preface, cells used and not).
    """

    file: Path
    folder: Path
    opened_as: tuple[str, ...]
    figures: tuple[Figure, ...]
    source: Dict[str, str]
    refused: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    empty: int = 0
    left_out: Dict[str, tuple[int, str]] = field(default_factory=dict)
    written: bool = False
    refused_file: Path | None = None
    read: tuple[Dict[str, Any], ...] = ()

    def of_kind(self, *kinds: str) -> list[Figure]:
        """The figures that are "added", "changed" or "unchanged"."""
        return [figure for figure in self.figures if figure.kind in kinds]

    @property
    def new(self) -> list[Figure]:
        """The figures that become rows: those added and those changed."""
        return self.of_kind("added", "changed")

    @property
    def table(self) -> pd.DataFrame:
        """One row for each figure: kind, the columns of observations.csv, what was there before, and the place."""
        named = [column.name for column in TABLES["observations"].columns]
        rows = [(f.kind, *map(f.row.get, named), f.before, f.file, f.line, f.column) for f in self.figures]
        return pd.DataFrame(rows, columns=["kind", *named, "before", "file", "row", "column"])

    def to_dict(self) -> dict[str, Any]:
        """The import as plain values, for JSON."""
        table, listed = self.table, self.refused_file
        made: dict[str, Any] = {"file": str(self.file), "folder": str(self.folder), "written": self.written}
        made |= {"opened_as": list(self.opened_as), "source": dict(self.source), "without_figure": self.empty}
        made |= {"read": list(map(dict, self.read)), "refused_file": listed and str(listed)}
        made |= {kind: table[table["kind"] == kind].to_dict("records") for kind in KINDS}
        made |= {name: [p.to_dict() for p in getattr(self, name)] for name in ("refused", "warnings")}
        left_out = [{"name": n, "cells": c, "first": p} for n, (c, p) in self.left_out.items()]
        return made | {"left_out": left_out}


def import_figures(
    file: str | Path, mapping: str | Path | Dict[str, Any] | Mapping, *, data: str | Path | None = None,
    write: bool = False, skip_refused: bool = False,
) -> Import:  # fmt: skip
    """What importing a file would do; with `write`, it is done: all of it or nothing.

    `file` is CSV (UTF-8 or GB18030; comma, tab or semicolon), Excel (.xlsx, .xls), SDMX-CSV, or with the package sdmx1
    SDMX-ML and SDMX-JSON; `mapping` a YAML file as `starter` writes it, or the same entries as a dict; `data` the
    folder of the package (found as in `load`). Refused cells fail a writing import unless `skip_refused`, which writes
    the rest and lists the refused in FILE.refused.csv of that folder. Raises DataError with every problem of the
    mapping, of the refused cells, or of the package itself; QcityError for a file that is missing or of another kind.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "bulletin.csv"
    >>> _ = place.write_text("指标,单位,2022年,2024年\\n研发强度,%,3.82,—\\n", "utf-8")
    >>> source = {"publisher": "P", "title": "T", "date": "2024-10"}
    >>> done = import_figures(place, {"region": "nanjing", "source": source,
    ...     "figures": [{"name": "研发强度", "indicator": "rd_intensity"}]})
    >>> [(f.kind, f.row["period"], f.row["value"]) for f in done.figures], done.empty, done.written
    ([('unchanged', '2022', '3.82')], 1, False)
    """
    path, folder, declared = Path(file), find_folder(data), read_mapping(mapping)
    if write:
        finish(folder)
    based_on = {name: content_of(folder / name) for name in ("sources.csv", "observations.csv")}
    tables, problems, _ = read_folder(folder)
    if errors := [problem for problem in problems if problem.level == "error"]:
        raise DataError(errors)
    sheets, opened_as, unread = _read_sheets(path, declared)
    matched = Matching(sheets, declared, tables)
    as_published = as_known(tables["observations"], tables["corrections"], dt.date.min)
    source, is_new = _source(folder, declared)
    figures, refused = _compared(matched, as_published, source["source_id"])
    figures, refused, warnings, files = _checked(folder, figures, refused, source if is_new else None)
    noted = (tuple(refused), tuple(warnings), matched.empty, matched.left_out | unread)
    read = tuple(_read(sheet, [entry for _, entry in matched.figures]) for sheet in sheets if sheet.entries)
    done = Import(path, folder, opened_as, tuple(figures), source, *noted, read=read)
    if not write or (not done.new and not refused):
        return done
    if refused and not skip_refused:
        raise DataError(refused)
    listed = folder / f"{path.stem}.refused.csv" if refused else None
    if listed:
        columns = ["file", "row", "column", "found", "allowed", "remedy"]
        table = pd.DataFrame([one.to_dict() for one in refused], columns=columns).astype({"row": "Int64"})
        write_whole(listed, table.to_csv(index=False, lineterminator="\r\n"))
    if done.new:
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        counts = {kind: len(done.of_kind(kind)) for kind in KINDS} | {"refused": len(refused)}
        record = {"file": str(path), "at": at, **counts, "source_id": source["source_id"]}
        replace(folder, files, based_on=based_on, record=record)
    return dataclasses.replace(done, written=bool(done.new), refused_file=listed)


def _read_sheets(
    path: Path, mapping: Mapping
) -> tuple[list[Sheet], tuple[str, ...], dict[str, tuple[int, str]]]:
    """The sheets of a file that hold figures, how each was opened, and the sheets without any table of years.

    A sheet that the mapping names, or the only one, must hold a table: its problem goes with it.
    """
    grids = read_grids(path, mapping.sheets, mapping.encoding)
    sheets, unread = [], {}
    for grid in grids:
        sheet = read_layout(grid, mapping.layout, mapping.columns, mapping.period.replace(TO_DATE, ""))
        if sheet.entries or mapping.sheets or len(grids) == 1:
            sheets.append(sheet)
        else:
            numbers = sum(is_number(cell) for row in grid.rows for cell in row)
            unread[f"(sheet {grid.sheet}, no table found)"] = (numbers, grid.file)
    return sheets, tuple(dict.fromkeys(grid.opened_as for grid in grids)), unread


def _read(sheet: Sheet, used: list[Entry]) -> dict[str, Any]:
    """What was made of a sheet, for `import_read` of the catalogue."""
    first, years = sheet.entries[0], sorted(entry.period for entry in sheet.entries)
    region, labels = first.labels.get("@region"), first.labels.items()
    about = {
        "unit": ", ".join(dict.fromkeys(e.unit for e in sheet.entries if e.unit)),
        "region": next((key for key, text in labels if key[0] != "@" and text == region), ""),
        "preface": "; ".join(sheet.preface.values()),
        "spare": ", ".join(sheet.numbers[:5]) + "…" * (len(sheet.numbers) > 5),
    }
    numbers = sum(is_number(entry.cell) for entry in sheet.entries) + len(sheet.numbers)
    shown = {"sheet": first.file, "layout": sheet.layout, "first": years[0], "last": years[-1]}
    seen = {"row": sheet.head, "used": sum(entry.file == first.file for entry in used), "numbers": numbers}
    return {**{key: text or "—" for key, text in about.items()}, **shown, **seen}


def _source(folder: Path, mapping: Mapping) -> tuple[dict[str, str], bool]:
    """The row of sources.csv that the figures name, and whether it has to be added."""
    held, stated = rows_of(folder / "sources.csv"), dict(mapping.source)
    wish = stated.pop("id", "") or stated.pop("source_id", "")
    for row in held:
        if all(row.get(key) == stated[key] for key in ("publisher", "title", "date")):
            return row, False
    region = next((rule.region for rule in mapping.rules if rule.region), "import")
    taken = [row["source_id"] for row in held]
    if wish in taken:
        raise DataError([Problem(mapping.file, None, "source: id", "source_taken", {"cell": wish})])
    name = wish or new_name(f"{region}_{stated['date']}", taken)
    return {"source_id": name, "date_basis": "stated"} | stated, True


def _said(row: Dict[str, Any]) -> tuple[str, str, str]:
    """What a row of observations.csv says of its figure, to be compared."""
    return f"{float(row['value']):.15g}", row["qualifier"], row["status"]


def _shown(row: Dict[str, Any]) -> str:
    value, qualifier, status = _said(row)
    return f"{qualifier.strip('=') and qualifier}{value} ({status}, {row['published'] or 'no date'})"


def _compared(matched: Matching, package: pd.DataFrame, source_id: str) -> tuple[list[Figure], list[Problem]]:
    """Each figure as added, changed or unchanged against the package, and the cells that contradict something."""

    def key(row: Dict[str, Any]) -> tuple[str, ...]:
        return tuple(same_period(str(row[name])) if name == "period" else str(row[name]) for name in KEY)

    earlier: dict[tuple[str, ...], list[Dict[str, Any]]] = defaultdict(list)
    wanted = {row["indicator_id"] for row, _ in matched.figures}
    about_them = package[package["indicator_id"].isin(wanted)].astype(object).fillna("")
    for old in about_them.to_dict("records"):  # undated ones come before all others
        earlier[key(old)].append(old | {"day": to_date(old["published"] or "1000")})
    figures: list[Figure] = []
    refused = list(dict.fromkeys(matched.refused))
    first: dict[tuple[str, ...], tuple[Dict[str, Any], Entry]] = {}
    for row, entry in matched.figures:
        about, said, published = key(row), _said(row), row["published"]
        other, where = first.setdefault((*about, published), (row, entry))
        clash = next((old for old in earlier[about] if old["published"] == published), None)
        if where is not entry:
            if _said(other) != said:
                seen = {"cell": said[0], "other": where.file, "line": where.row, "figure": _said(other)[0]}
                seen |= {"which": " / ".join(filter(None, about))}
                refused.append(Problem(entry.file, entry.row, entry.column, "two_figures", seen))
        elif clash and _said(clash) != said:
            seen = {"cell": said[0], "figure": _shown(clash), "line": clash["row"]}
            refused.append(Problem(entry.file, entry.row, entry.column, "same_date", seen))
        else:
            known = [old for old in earlier[about] if old["day"] <= to_date(published)]
            before = clash or max(known, key=lambda old: old["day"], default=None)
            kind = "added" if before is None else "unchanged" if _said(before) == said else "changed"
            held, place = _shown(before) if before else "", (entry.file, entry.row, entry.column)
            figures.append(Figure(row | {"source_id": source_id}, kind, held, *place))
    return figures, refused


def _checked(
    folder: Path, figures: list[Figure], refused: list[Problem], source: dict[str, str] | None
) -> tuple[list[Figure], list[Problem], list[Problem], dict[str, bytes]]:
    """The figures that pass the checks of the package, all that is refused, the warnings and the files to write."""
    while new := [figure for figure in figures if figure.kind != "unchanged"]:
        rows = appended(folder / "observations.csv", [dict(figure.row) for figure in new])
        files = {"observations.csv": rows}
        if source:
            files["sources.csv"] = appended(folder / "sources.csv", [source])
        lines: dict[int | None, Figure] = dict(enumerate(new, rows.count(b"\n") - len(new) + 1))
        ours, foreign, bad = list[Problem](), list[Problem](), set[int]()
        for problem in trial(folder, files):
            figure = lines.get(problem.row) if problem.file == "observations.csv" else None
            if figure:  # told of the cell it was read from
                column = figure.column + ("" if problem.column == "value" else f", as {problem.column}")
                ours.append(dataclasses.replace(problem, file=figure.file, row=figure.line, column=column))
                bad |= {id(figure)} if problem.level == "error" else set()
            elif problem.level == "error":
                foreign.append(problem)
        if foreign:
            raise DataError(foreign)
        if not bad:
            return figures, refused, ours, files
        refused = refused + [problem for problem in ours if problem.level == "error"]
        figures = [figure for figure in figures if id(figure) not in bad]
    return figures, refused, [], {}


def starter(file: str | Path, data: str | Path | None = None, encoding: str = "") -> str:
    """The text of a mapping for a file: to be completed with the source, and every `?` confirmed or removed.

    A name that is the same as an indicator's is proposed; a similar one is a comment to be confirmed. Raises
    QcityError or DataError when the file cannot be read, or holds no table.
    """
    tables = read_folder(find_folder(data))[0]
    region = next(iter(tables["targets"]["region"]), "") or next(iter(tables["regions"]["region"]), "")
    return _begun(_with_table(file, encoding), tables["indicators"], region, encoding)


def _with_table(file: str | Path, encoding: str) -> list[Sheet]:
    """The sheets of a file that hold a table. Raises DataError with what was found instead where none does."""
    sheets = _read_sheets(Path(file), Mapping((), {}, encoding=encoding))[0]
    if not any(sheet.entries for sheet in sheets):
        raise DataError([problem for sheet in sheets for problem in sheet.problems])
    return [sheet for sheet in sheets if sheet.entries]


class _Series(NamedTuple):
    """What may be an indicator: its first `entry`, the `lines` that name it, its `name`, and any figure `below` 0."""

    entry: Entry
    lines: list[str]
    name: str
    below: bool


def _series(sheets: list[Sheet]) -> list[_Series]:
    """The rows and columns of some sheets that one entry of a mapping each can name."""
    unnamed = any(sheet.layout == "long" and not any(e.name for e in sheet.entries) for sheet in sheets)
    series: dict[tuple[object, ...], _Series] = {}
    for sheet, entry in [(one, entry) for one in sheets for entry in one.entries]:
        title, _, last = entry.name.rpartition("/")
        by_region = sheet.layout != "long" and last == entry.labels.get("@region", "?")
        shown = "" if unnamed else title if by_region else entry.name
        where = _where(entry, unnamed)
        above = sheet.preface.get("indicator", "") or sheet.preface.get("title", "")
        own = "" if CHANGED.search(entry.part) and shown and not by_region else entry.part
        own = own or shown.rpartition("/")[2] or (above if by_region else " ".join(where.values()))
        asked = ", ".join(f"{_quoted(k)}: {_quoted(text)}" for k, text in where.items())
        lines = ["rows: region"] * by_region + [f"name: {_quoted(shown)}"] * bool(shown)
        lines += [f"where: {{{asked}}}"] * bool(asked) + [f"column: {_quoted(entry.part)}"] * bool(entry.part)
        key = (shown, by_region, entry.part, *where.items())
        below = as_text(entry.cell).startswith(("-", "−"))
        one = series.setdefault(key, _Series(entry, lines, split_unit(own)[0], below))
        series[key] = one._replace(below=one.below or below)
    return list(series.values())


def _begun(sheets: list[Sheet], indicators: pd.DataFrame, region: str, encoding: str) -> str:
    """The text of a mapping for some sheets: what was made of them, and an entry for each name they hold.

    Those that are an indicator's name come first, then as comments the others, with the indicators they are similar to.
    """
    each = ((lang, _read(sheet, [])) for sheet in sheets for lang in ("en", "zh"))
    read = [f"# {text('import_read', lang, **about)}\n" for lang, about in each]
    head = catalogue("starters")["mapping"]["both"].format(region=region)
    head = head.replace("# encoding: cp949", f"encoding: {encoding}") if encoding else head
    keys, rows = ("indicator_id", "name_zh", "name_en"), indicators.to_dict("records")
    names = [(name, row) for row in rows for key in keys if (name := same_name(str(row[key])))]
    known, unknown = list[str](), list[str]()
    for one in _series(sheets):
        forms = names_of(one.name) | {same_name(one.entry.name)}
        same = {row["indicator_id"]: row for name, row in names if name in forms}
        more = [f'indicator: "?"{_perhaps(one.name, names)}']
        if len(same) == 1:
            ((indicator, row),) = same.items()
            more = [f"indicator: {indicator}", *_unit_lines(one.entry, row)]
        first, *rest = [*one.lines, *more]
        (known if len(same) == 1 else unknown).extend([f"- {first}", *(f"  {line}" for line in rest)])
    known += ["# not found in indicators.csv:", *(f"# {line}" for line in unknown)] if unknown else []
    return "".join(read) + head + "\n" + "\n".join(known) + "\n"


def plan_from(
    file: str | Path, name: str, folder: str | Path, readme: str, today: dt.date, encoding: str = ""
) -> Path:
    """A new plan with the regions, indicators and units that a file holds, and beside its tables the mapping map.yaml.

    What the file does not say (its source, the targets) is left to be filled in. Parameters as in `new_plan`; returns
    the folder. Raises as `starter` and `new_plan` do.
    """
    sheets = _with_table(file, encoding)
    tables = _plan_tables(sheets, name)

    def mapping(plan: Path) -> None:
        held, first = read_folder(plan)[0], tables["regions"][0]["region"]
        row = {"plan": name, "target_id": "target_1", "region": first} | tables["indicators"][0]
        row |= {"kind": "level", "direction": "at_least", "threshold": "?", "deadline": "?"}
        header = (plan / "targets.csv").read_text("utf-8").strip()
        line = ",".join(row.get(column, "") for column in header.split(","))
        target = catalogue("starters")["target"]["both"].format(header=header, row=line)
        (plan / "map.yaml").write_text(_begun(sheets, held["indicators"], first, encoding) + target, "utf-8")

    return new_plan(name, folder, readme, today, tables, mapping)


def _plan_tables(sheets: list[Sheet], name: str) -> dict[str, list[dict[str, str]]]:
    """The tables of a plan that some sheets fill: their regions and their indicators with units; no figures yet."""
    tables: dict[str, dict[str, dict[str, str]]]
    tables = {name: {} for name, table in TABLES.items() if not table.optional or name == "regions"}
    above = next(filter(None, (sheet.preface.get("region", "") for sheet in sheets)), name)
    for labels in (entry.labels for sheet in sheets for entry in sheet.entries):
        own = labels.get("@region", "") or above
        code = labels.get("@code", own)
        row = {"region": _identifier(own), "name_zh": own, "name_en": own, "code": code * (code != own)}
        tables["regions"].setdefault(row["region"], row)
    for one in _series(sheets):
        own = one.name or name  # a table of regions whose figures have no name
        change = is_index(f"{own} {one.entry.unit}") or CHANGED.search(one.entry.part)
        unit = "%" if change else one.entry.unit
        support = "real" if one.below or change else "percent" if same_unit(unit, "%") else "positive"
        row = {"indicator_id": _identifier(own), "name_zh": own, "name_en": own}
        row |= {"unit": unit, "unit_zh": unit, "support": support}
        tables["indicators"].setdefault(row["indicator_id"], row)
    return {key: list(rows.values()) for key, rows in tables.items()}


def _identifier(name: str) -> str:
    """A name as an identifier: letters of any script, digits and underscores."""
    return re.sub(r"[^\w]+", "_", same_name(name)).strip("_")[:26]


def _where(entry: Entry, unnamed: bool) -> dict[str, str]:
    """What the columns of words say of a row, blank ones too where others have none; with the usual ones if unnamed."""
    known = {text for key, text in entry.labels.items() if key[0] == "@"}
    known -= {entry.labels.get("@indicator"), entry.labels.get("@unit")}
    return {key: text for key, text in entry.labels.items() if key in entry.open
            or (unnamed and text and key[0] != "@" and not TECHNICAL.fullmatch(key) and text not in known)}  # fmt: skip


def _quoted(text: str) -> str:
    """Text as a YAML scalar, in quotes where YAML would read something else."""
    special = not text or text[0] in "-?:,[]{}#&*!|>'\"%@`" or any(s in text for s in (": ", " #", *"{},"))
    readable = text.isprintable()  # another character is written by its number: YAML would refuse it
    return json.dumps(text, ensure_ascii=not readable) if special or not readable else text


def _unit_lines(entry: Entry, indicator: Dict[Any, Any]) -> list[str]:
    """What has to be confirmed of the unit; nothing where file and indicator agree."""
    units = [str(indicator["unit"]), str(indicator["unit_zh"])]
    own = f"{units[0]} ({units[1]})" if units[1] else units[0]
    if any(map(is_index, (entry.unit, entry.name, entry.part))) and not is_index(units[0]):
        return ["measure: change_pct", "offset: -100   # an index of the year before, as a change in percent"]
    if CHANGED.search(entry.part) and same_unit(entry.unit, "%"):
        return ["measure: change_pct"]
    if not entry.unit and units[0]:
        return [f'unit: "?"      # the file states none; the indicator is in {own}']
    if same_unit(entry.unit, *units) or any(multiple(entry.unit, unit) is not None for unit in units):
        return []
    return [f'factor: "?"    # the file says {entry.unit}, the indicator is in {own}']


def _perhaps(name: str, names: list[tuple[str, dict[Any, Any]]]) -> str:
    """A comment that names up to three indicators of a similar name."""
    ids, wanted = {name: row["indicator_id"] for name, row in names}, same_name(name)
    if len(wanted) < 3:
        return ""
    close = difflib.get_close_matches(wanted, ids, n=2, cutoff=0.5)
    close += [name for name in ids if wanted in name or name in wanted]
    named = list(dict.fromkeys(ids[name] for name in close))[:3]
    return f"  # perhaps {', '.join(named)}" if named else ""

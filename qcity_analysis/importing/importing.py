"""Import the figures of a file into a data package: previewed, all or nothing, and undone on request.

A revision becomes a row of its own with its own date; nothing held is ever overwritten, and what cannot be used is
named with its place. Out of scope: reading files (`sheets`, `layout`), what a mapping says (`matching`), and how
files are replaced (`writing`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..data.corrections import as_known
from ..data.load import find_folder, read_folder
from ..data.schema import TABLES
from ..data.vintages import KEY, same_period, to_date
from ..data.write import appended, content_of, finish, new_name, replace, rows_of, trial, undo
from ..errors import QcityError
from ..files import write_whole
from ..problems import DataError, Problem, free
from .layout import Entry
from .mapping import Mapping, read_mapping, read_sheets
from .matching import Matched, match
from .sheets import EXCEL

KINDS = ("added", "changed", "unchanged")


@dataclass(frozen=True)
class Figure:
    """One figure of an import: its `row` of observations.csv, the `kind` of change (added, changed, unchanged), what
    was held `before` ("" when nothing), and its place in the file (`file`, `line`, `column`).

    >>> Figure({"value": "3.6"}, "added", "", "a.csv", 2, "B (2021)").kind
    'added'
    """

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
    `source` (its row of sources.csv), `written`, and `refused_file` (where the refused are listed, else None).

    >>> Import(Path("a.csv"), Path("."), ("UTF-8, comma",), (), {}).written
    False
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

    def of_kind(self, kind: str) -> list[Figure]:
        """The figures that are "added", "changed" or "unchanged"."""
        return [figure for figure in self.figures if figure.kind == kind]

    @property
    def new(self) -> list[Figure]:
        """The figures that become rows: those added and those changed."""
        return [figure for figure in self.figures if figure.kind != "unchanged"]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each figure: kind, the columns of observations.csv, what was held before, and the place.

        >>> list(Import(Path("a.csv"), Path("."), (), (), {}).table.columns[:3])
        ['kind', 'indicator_id', 'region']
        """
        columns = [column.name for column in TABLES["observations"].columns]
        rows = [
            {"kind": f.kind, **f.row, "before": f.before, "file": f.file, "row": f.line, "column": f.column}
            for f in self.figures
        ]
        return pd.DataFrame(rows, columns=["kind", *columns, "before", "file", "row", "column"])

    def to_dict(self) -> dict[str, Any]:
        """The import as plain values, for JSON.

        >>> Import(Path("a.csv"), Path("."), (), (), {}).to_dict()["added"]
        []
        """
        lists = {kind: self.table[self.table["kind"] == kind].to_dict("records") for kind in KINDS}
        return {
            "file": str(self.file),
            "folder": str(self.folder),
            "opened_as": list(self.opened_as),
            "written": self.written,
            "source": dict(self.source),
            **lists,
            "refused": [problem.to_dict() for problem in self.refused],
            "warnings": [problem.to_dict() for problem in self.warnings],
            "without_figure": self.empty,
            "left_out": [{"name": n, "cells": c, "first": p} for n, (c, p) in self.left_out.items()],
            "refused_file": None if self.refused_file is None else str(self.refused_file),
        }


def list_refused(path: Path, refused: list[Problem]) -> Path:
    """Write the refused cells of a file beside it, one row each; returns where. Raises QcityError when it cannot.

    >>> import tempfile
    >>> list_refused(Path(tempfile.mkdtemp()) / "a.xlsx", []).name
    'a.refused.csv'
    """
    place = path.with_name(f"{path.stem}.refused.csv")
    columns = ["file", "row", "column", "found", "allowed", "remedy"]
    table = pd.DataFrame([problem.to_dict() for problem in refused], columns=columns).astype({"row": "Int64"})
    try:
        write_whole(place, table.to_csv(index=False, lineterminator="\r\n"))
    except OSError as error:
        remedy = f"import a copy of {path.name} from a folder that can be written"
        raise QcityError(
            f"{place}: cannot write the list of refused cells ({error.strerror}); {remedy}"
        ) from error
    return place


def import_figures(
    file: str | Path,
    mapping: str | Path | Dict[str, Any] | Mapping,
    *,
    data: str | Path | None = None,
    write: bool = False,
    skip_refused: bool = False,
) -> Import:
    """What importing a file would do; with `write`, it is done: all of it or nothing.

    `file` is CSV (UTF-8 or GB18030; comma, tab or semicolon), Excel (.xlsx, .xls), SDMX-CSV, or with the package
    sdmx1 SDMX-ML and SDMX-JSON; `mapping` a YAML file as `mapping.starter` writes it, or the same entries as a dict;
    `data` the folder of the package (found as in `load`). Refused cells fail a writing import unless `skip_refused`,
    which writes the rest and lists the refused in FILE.refused.csv. Raises DataError with every problem of the mapping,
    of the refused cells, or of the package itself; QcityError for a file that is missing or of another kind.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "bulletin.csv"
    >>> _ = place.write_text("指标,单位,2022年,2024年\\n研发强度,%,3.82,—\\n", "utf-8")
    >>> source = {"publisher": "P", "title": "T", "date": "2024-10"}
    >>> done = import_figures(place, {"region": "nanjing", "source": source,
    ...     "figures": [{"name": "研发强度", "indicator": "rd_intensity"}]})
    >>> [(f.kind, f.row["period"], f.row["value"]) for f in done.figures], done.empty, done.written
    ([('unchanged', '2022', '3.82')], 1, False)
    """
    path, place = Path(file).expanduser(), find_folder(data)
    declared = read_mapping(mapping)
    if write:
        finish(place)
    held = {name: content_of(place / name) for name in ("sources.csv", "observations.csv")}
    tables, problems = read_folder(place)
    if errors := [problem for problem in problems if problem.level == "error"]:
        raise DataError(errors)
    sheets, opened_as, unread = read_sheets(path, declared)
    matched = match(sheets, declared, tables, path.suffix.lower() in EXCEL)
    published = as_known(tables["observations"], tables["corrections"], dt.date.min)
    source, is_new = _source(place, declared)
    figures, refused = _compared(matched, published, source["source_id"])
    figures, refused, warnings, files = _checked(place, figures, refused, source, is_new)
    told = (tuple(refused), tuple(warnings), matched.empty, matched.left_out | unread)
    done = Import(path, place, opened_as, tuple(figures), source, *told)
    if not write or (not done.new and not refused):
        return done
    if refused and not skip_refused:
        raise DataError(refused)
    listed = list_refused(path, refused) if refused else None
    if done.new:
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        counts = {kind: len(done.of_kind(kind)) for kind in KINDS} | {"refused": len(refused)}
        record = {"file": str(path), "at": at, **counts, "source_id": source["source_id"]}
        replace(place, files, based_on=held, record=record)
    return dataclasses.replace(done, written=bool(done.new), refused_file=listed)


def undo_import(data: str | Path | None = None) -> dict[str, Any]:
    """Take the last import back: every file of the package is, to the byte, as before. Returns what was undone.

    Raises QcityError when no import is recorded, or a file has been changed since.

    >>> import tempfile
    >>> undo_import(tempfile.mkdtemp())
    Traceback (most recent call last):
    ...
    qcity_analysis.errors.QcityError: ...: nothing to undo; no import is recorded there
    """
    return undo(find_folder(data))


def _source(place: Path, mapping: Mapping) -> tuple[dict[str, str], bool]:
    """The row of sources.csv that the figures name, and whether it has to be added."""
    held = rows_of(place / "sources.csv")
    said = dict(mapping.source)
    wish = said.pop("id", "") or said.pop("source_id", "")
    same = [row for row in held if all(row.get(k) == said[k] for k in ("publisher", "title", "date"))]
    if same:
        return {name: text or "" for name, text in same[0].items()}, False
    region = next((rule.region for rule in mapping.rules if rule.region), "import")
    taken = [row["source_id"] for row in held]
    if wish and wish in taken:
        allowed = "a name that sources.csv does not hold yet"
        remedy = "it names another document there: choose another name, or leave it out"
        raise DataError([free(mapping.file, None, "source: id", wish, allowed, remedy)])
    name = wish or new_name(f"{region}_{said['date']}", taken)
    return {"source_id": name, "date_basis": "stated"} | said, True


def _compared(
    matched: Matched, observations: pd.DataFrame, source_id: str
) -> tuple[list[Figure], list[Problem]]:
    """Each figure as added, changed or unchanged against what is held, and the cells that contradict something."""
    held: dict[tuple[str, ...], list[_Told]] = defaultdict(list)
    about = pd.Series(True, observations.index)
    for name in ("indicator_id", "region"):
        about &= observations[name].isin({row[name] for row, _ in matched.figures})
    for seen in observations[about].to_dict("records"):
        cells = {name: "" if pd.isna(seen[name]) else str(seen[name]) for name in ("published", *KEY)}
        held[_key(cells)].append(
            _Told(f"{seen['value']:.15g}", seen["qualifier"], seen["status"], cells["published"], seen["row"])
        )
    figures: list[Figure] = []
    refused = list(dict.fromkeys(matched.refused))
    first: dict[tuple[str, ...], tuple[_Told, Entry]] = {}
    for row, entry in matched.figures:
        key = _key(row)
        told = _Told(
            f"{float(row['value']):.15g}", row["qualifier"], row["status"], row["published"], entry.row
        )
        other, where = first.setdefault((*key, told.published), (told, entry))
        kind, before, allowed = "", "", ""
        if where is not entry:
            if other.same(told):
                continue
            said = f"{where.file}, row {where.row} says {other.value}"
            allowed = f"one figure for {' / '.join(filter(None, key))}: {said}"
            remedy = "take one of them, with `after:`, `sheet:` or `where:`"
        else:
            kind, before, allowed = _kind(told, held[key])
            remedy = "give a revision its own `published`; set a wrong figure right in corrections.yaml"
        if allowed:
            refused.append(free(entry.file, entry.row, entry.column, told.value, allowed, remedy))
        else:
            sourced = row | {"source_id": source_id}
            figures.append(Figure(sourced, kind, before, entry.file, entry.row, entry.column))
    return figures, refused


def _key(row: Dict[str, str]) -> tuple[str, ...]:
    return tuple(same_period(row[name]) if name == "period" else row[name] for name in KEY)


@dataclass(frozen=True)
class _Told:
    """What a row says of a figure, and when."""

    value: str
    qualifier: str
    status: str
    published: str
    row: int

    def same(self, other: _Told) -> bool:
        return (self.value, self.qualifier, self.status) == (other.value, other.qualifier, other.status)

    def __str__(self) -> str:
        sign = "" if self.qualifier == "=" else self.qualifier
        return f"{sign}{self.value} ({self.status}, {self.published or 'no date'})"

    @property
    def day(self) -> dt.date:
        return _day(self.published) if self.published else dt.date.min


_day = cache(to_date)


def _kind(new: _Told, held: list[_Told]) -> tuple[str, str, str]:
    """The kind of change, what was held before, and what alone would be allowed where it contradicts that."""
    for seen in held:
        if seen.published == new.published:
            if seen.same(new):
                return "unchanged", str(seen), ""
            return "", "", f"{seen}, as row {seen.row} of observations.csv says for the same date"
    newest = max((seen for seen in held if seen.day <= new.day), key=lambda seen: seen.day, default=None)
    if newest is None:
        return "added", "", ""
    return "unchanged" if newest.same(new) else "changed", str(newest), ""


def _checked(
    place: Path, figures: list[Figure], refused: list[Problem], source: dict[str, str], is_new: bool
) -> tuple[list[Figure], list[Problem], list[Problem], dict[str, bytes]]:
    """The figures that pass the checks of the package, the others refused at their place, and the files to write."""
    while new := [figure for figure in figures if figure.kind != "unchanged"]:
        files = {
            "observations.csv": appended(place / "observations.csv", [dict(figure.row) for figure in new])
        }
        if is_new:
            files["sources.csv"] = appended(place / "sources.csv", [source])
        first = files["observations.csv"].count(b"\n") - len(new) + 1
        problems = trial(place, files)
        ours = [
            (p, new[p.row - first])
            for p in problems
            if p.file == "observations.csv" and p.row is not None and p.row >= first
        ]
        errors = [(p, figure) for p, figure in ours if p.level == "error"]
        if foreign := [p for p in problems if p.level == "error" and p not in [own for own, _ in errors]]:
            raise DataError(foreign)
        if not errors:
            return figures, refused, [_moved(p, figure) for p, figure in ours], files
        refused = refused + [_moved(p, figure) for p, figure in errors]
        bad = {id(figure) for _, figure in errors}
        figures = [figure for figure in figures if id(figure) not in bad]
    return figures, refused, [], {}


def _moved(problem: Problem, figure: Figure) -> Problem:
    """A problem of a new row, told of the cell it was read from."""
    column = figure.column if problem.column == "value" else f"{figure.column}, as {problem.column}"
    return dataclasses.replace(problem, file=figure.file, row=figure.line, column=column)

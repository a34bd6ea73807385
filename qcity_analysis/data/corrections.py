"""Corrections of published figures, declared in `corrections.yaml` beside the data and applied when they are read.

The CSV files stay as they were published; a correction says which cell, what it was written for, what it becomes, why
and on whose word. It fails once the cell no longer holds what it was written for, so that a correction never outlives
its reason. Example of the file (it is optional; an empty list is allowed):

    - figure:                  # the row of observations.csv; as many of its columns as make it the only one
        indicator_id: widgets
        region: testville
        period: 2020
        measure: level         # optional, as published, base_period, source_id
      column: value            # value (when left out), qualifier or status
      expect: 139              # what observations.csv holds
      set: 13.9                # what it becomes
      why: a decimal point was lost in print   # 小数点漏印
      who: Office of Testville # who says so
      source: bulletin         # source_id of sources.csv
      date: 2021-06-30         # when they said so
      since: 2021-02-28        # known from; the date when left out. Before it the figure is as published.

Out of scope: a figure under the wrong year or region (withdraw the row in the file itself), and revisions by the
publisher, which are rows of their own with their own `published` date.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import closest
from ..problems import DataError, Problem
from .read import Lines, read_table, read_yaml
from .schema import QUALIFIERS, STATUSES, TABLES, decimals, is_date, is_number, plain, shown
from .vintages import to_date

FILE = "corrections.yaml"
FIGURE = ("indicator_id", "region", "period", "measure", "published", "base_period", "source_id")
ENTRIES = ("figure", "column", "expect", "set", "why", "who", "source", "date", "since")
NEEDED = ("figure", "expect", "set", "why", "who", "source", "date")
CORRECTED = {"value": (), "qualifier": QUALIFIERS, "status": STATUSES}
COLUMNS = ("row", *FIGURE, "column", "expect", "set", "since", "why", "who", "source", "date", "line",
           "expect_decimals", "set_decimals")  # digits after the point of both, where they are values  # fmt: skip


def no_corrections() -> pd.DataFrame:
    """The table of corrections of a package that has none."""
    return pd.DataFrame(columns=list(COLUMNS), dtype=object)


def read_corrections(folder: Path, tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, list[Problem]]:
    """The corrections of a package, one row each, and every problem of them.

    `tables` are those read from its files. Columns: `row` (line in observations.csv), the columns that name the figure,
    `column`, `expect` and `set` (numbers for a value), `since` (day from which it is known, a date), `why`, `who`,
    `source`, `date`, `line` (in corrections.yaml).
    """
    path = folder / FILE
    try:
        content, lines = read_yaml(path) if path.exists() else (None, {})
    except DataError as error:
        return no_corrections(), error.problems
    if content in (None, "", []):
        return no_corrections(), []
    if not isinstance(content, list):
        return no_corrections(), [Problem(FILE, 1, None, "correction_list")]
    reader = _Reader(lines, tables)
    rows = [row for k, item in enumerate(content) if (row := reader.correction(item, k))]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)) if rows else no_corrections()
    first = frame.groupby(["row", "column"])["line"].transform("first")
    for cell, line in zip(frame.itertuples(), first, strict=True):
        if cell.line != line:
            about = {"name": cell.column, "seen": cell.row, "first": line}
            reader.problems.append(Problem(FILE, cell.line, "figure", "correction_twice", about))
    return frame, reader.problems


def as_known(observations: pd.DataFrame, corrections: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Observations with the corrections known on a day; cells corrected only later are as published."""
    if corrections.empty:
        return observations
    frame = observations.copy()
    for cell in corrections.itertuples():
        known = cell.since <= day
        frame.loc[frame["row"] == cell.row, cell.column] = cell.set if known else cell.expect
        if cell.column == "value" and "decimals" in frame:
            digits = cell.set_decimals if known else cell.expect_decimals
            frame.loc[frame["row"] == cell.row, "decimals"] = int(digits)
    return frame


def listed(folder: Path) -> list[Problem]:
    """Every correction of a package that holds, as a row like those of `check`, of the level "correction".

    `column` names the figure, `found` says from what to what and since when, `remedy` why and on whose word.
    """
    if not (folder / FILE).exists():
        return []
    tables = {name: read_table(folder / TABLES[name].file, name)[0] for name in ("observations", "sources")}
    made = []
    for cell in read_corrections(folder, tables)[0].itertuples():
        figure = " / ".join(filter(None, (getattr(cell, name) for name in (*FIGURE[:4], "column"))))
        about = {name: getattr(cell, name) for name in ("since", "why", "who", "date", "source")}
        about |= {"before": shown(cell.expect), "after": shown(cell.set)}
        made.append(Problem(FILE, cell.line, figure, "correction", about))
    return made


class _Reader:
    """Collects the problems of the corrections while they are read."""

    def __init__(self, lines: Lines, tables: dict[str, pd.DataFrame]) -> None:
        self.lines, self.tables = lines, tables
        self.problems: list[Problem] = []

    def fault(self, k: int, column: str, code: str, entry: str = "", **values: Any) -> None:
        row = self.lines.get((k, entry or column), self.lines.get((k,), 1))
        self.problems.append(Problem(FILE, row, column, code, values))

    def correction(self, item: Any, k: int) -> dict[str, Any] | None:
        """One correction as a row of the table; None when it has a problem."""
        before = len(self.problems)
        if not isinstance(item, dict):
            self.fault(k, "figure", "correction_entries", cell=str(item), names=", ".join(NEEDED))
            return None
        self._names(k, item, ENTRIES)
        for name in (name for name in NEEDED if not item.get(name)):
            self.fault(k, name, "correction_needs")
        text = {name: str(item.get(name) or "") for name in ENTRIES}
        column, sources = text["column"] or "value", list(self.tables["sources"]["source_id"])
        if column not in CORRECTED:
            near = closest(column, CORRECTED)
            self.fault(k, "column", "correction_column", cell=column, columns=", ".join(CORRECTED), near=near)
        for name in (name for name in ("date", "since") if text[name] and not is_date(text[name])):
            self.fault(k, name, "correction_date", cell=text[name])
        if (source := text["source"]) and source not in sources:
            near = closest(source, sources)
            self.fault(k, "source", "unknown_name", cell=source, key="source_id", table="sources", near=near)
        expect, new = (self._content(k, name, column, text[name]) for name in ("expect", "set"))
        if not isinstance(figure := item.get("figure") or {}, dict):
            self.fault(k, "figure", "correction_figure", cell=str(figure))
        row = self._row(k, figure) if len(self.problems) == before else None
        if row is not None and row[column] != expect:
            now = shown(row[column])
            self.fault(k, "expect", "correction_stale", cell=shown(expect), now=now, seen=row["row"])
        if row is None or len(self.problems) > before:
            return None
        named = {name: str(row[name]) if not pd.isna(row[name]) else "" for name in FIGURE}
        return {"row": int(row["row"]), **named, "column": column, "expect": expect, "set": new,
                "since": to_date(text["since"] or text["date"]), "line": self.lines[(k,)],
                **{name: text[name] for name in ("why", "who", "source", "date")},
                "expect_decimals": int(row["decimals"]), "set_decimals": decimals(plain(text["set"]))}  # fmt: skip

    def _names(self, k: int, entries: dict[str, Any], known: tuple[str, ...], under: str = "") -> None:
        for name in (name for name in entries if name not in known):
            column, near = f"{under}: {name}" if under else name, closest(name, known)
            self.fault(k, column, "entry_unknown", under or name, names=", ".join(known), near=near)

    def _content(self, k: int, name: str, column: str, text: str) -> str | float:
        """What a cell holds before or after: a number for a value, else the text."""
        if column == "value" and is_number(plain(text)):
            return float(plain(text))
        choices: tuple[str, ...] = CORRECTED.get(column, (text,))
        if text and column == "value":
            self.fault(k, name, "cell_number", cell=text)
        elif text and text not in choices:
            near = closest(text, choices)
            self.fault(k, name, "cell_choice", cell=text, choices=", ".join(choices), near=near)
        return text

    def _row(self, k: int, figure: dict[str, Any]) -> pd.Series | None:
        """The one row of observations.csv that the entry names."""
        before, missing = len(self.problems), [name for name in FIGURE[:3] if not figure.get(name)]
        self._names(k, figure, FIGURE, "figure")
        if len(self.problems) == before and missing:
            self.fault(k, f"figure: {missing[0]}", "correction_names", "figure")
        if len(self.problems) > before:
            return None
        frame = self.tables["observations"]
        same = pd.Series(True, index=frame.index)
        for name, text in figure.items():
            same &= frame[name].astype("string").fillna("") == str(text or "")
        rows, named = frame[same], " / ".join(str(text) for text in figure.values())
        if len(rows) == 1:
            return rows.iloc[0]
        spare = " or ".join(name for name in FIGURE[3:] if name not in figure)
        about = {"cell": named, "figure": named, "rows": ", ".join(map(str, rows["row"])), "columns": spare}
        self.fault(k, "figure", "correction_gone" if rows.empty else "correction_several", **about)
        return None

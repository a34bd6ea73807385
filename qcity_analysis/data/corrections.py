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

from ..problems import DataError, Problem
from .read import At, Entries, read_table, read_yaml
from .schema import QUALIFIERS, STATUSES, TABLES, decimals, is_number, plain, shown
from .vintages import to_date

FILE = "corrections.yaml"
FIGURE = ("indicator_id", "region", "period", "measure", "published", "base_period", "source_id")
ENTRIES = ("figure", "column", "expect", "set", "why", "who", "source", "date", "since")
NEEDED = ("figure", "expect", "set", "why", "who", "source", "date")
CORRECTED: dict[str, tuple[str, ...]] = {"value": (), "qualifier": QUALIFIERS, "status": STATUSES}
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
    if not (folder / FILE).exists():
        return no_corrections(), []
    try:
        content, reader = read_yaml(folder / FILE)
    except DataError as error:
        return no_corrections(), error.problems
    if content and not isinstance(content, list):
        return no_corrections(), [Problem(FILE, 1, None, "correction_list")]
    rows = [row for k, item in enumerate(content or []) if (row := _correction(reader, item, k, tables))]
    first: dict[tuple[int, str], int] = {}
    for row in rows:
        line = first.setdefault((row["row"], row["column"]), row["line"])
        if row["line"] != line:
            about = {"name": row["column"], "seen": row["row"], "first": line}
            reader.problems.append(Problem(FILE, row["line"], "figure", "correction_twice", about))
    return pd.DataFrame(rows, columns=list(COLUMNS)) if rows else no_corrections(), reader.problems


def as_known(observations: pd.DataFrame, corrections: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Observations with the corrections known on a day; cells corrected only later are as published."""
    frame = observations.copy() if len(corrections) else observations
    for cell in corrections.itertuples():
        side, at = "set" if cell.since <= day else "expect", frame["row"] == cell.row
        frame.loc[at, cell.column] = getattr(cell, side)
        if cell.column == "value":
            frame.loc[at, "decimals"] = int(getattr(cell, f"{side}_decimals"))
    return frame


def listed(folder: Path) -> list[Problem]:
    """Every correction of a package that holds, as a row like those of `check`, of the level "correction".

    `column` names the figure, `found` says from what to what and since when, `remedy` why and on whose word.
    """
    tables = {name: read_table(folder / TABLES[name].file, name)[0] for name in ("observations", "sources")}
    made = []
    for row in read_corrections(folder, tables)[0].to_dict("records"):
        figure = " / ".join(filter(None, (row[name] for name in (*FIGURE[:4], "column"))))
        about = {name: row[name] for name in ("since", "why", "who", "date", "source")}
        about |= {"before": shown(row["expect"]), "after": shown(row["set"])}
        made.append(Problem(FILE, row["line"], figure, "correction", about))
    return made


def _correction(reader: Entries, item: Any, k: int, tables: dict[str, pd.DataFrame]) -> dict[str, Any] | None:
    """One correction as a row of the table; None when it has a problem."""
    before = len(reader.problems)
    if not isinstance(item, dict):
        reader.fault((k, "figure"), "correction_entries", cell=str(item), names=", ".join(NEEDED))
        return None
    reader.known(item, (k,), ENTRIES)
    for name in (name for name in NEEDED if not item.get(name)):
        reader.fault((k, name), "correction_needs")
    text = {name: str(item.get(name) or "") for name in ENTRIES}
    column, source, sources = text["column"] or "value", text["source"], [*tables["sources"]["source_id"]]
    reader.choice((k, "column"), column, CORRECTED, "correction_column", columns=", ".join(CORRECTED))
    for name in ("date", "since"):
        reader.date((k, name), text[name])
    reader.choice((k, "source"), source, sources, "unknown_name", key="source_id", table="sources")
    content = {name: _content(reader, (k, name), column, plain(text[name])) for name in ("expect", "set")}
    figure = item.get("figure") or {}
    if not isinstance(figure, dict):
        reader.fault((k, "figure"), "correction_figure", cell=str(figure))
    row = _row(reader, k, figure, tables["observations"]) if len(reader.problems) == before else None
    if row is None:
        return None
    if row[column] != content["expect"]:
        cell, now = shown(content["expect"]), shown(row[column])
        reader.fault((k, "expect"), "correction_stale", cell=cell, now=now, seen=row["row"])
        return None
    digits = {"expect_decimals": int(row["decimals"]), "set_decimals": decimals(plain(text["set"]))}
    named = {name: shown(row[name]) for name in FIGURE} | {"row": int(row["row"]), "line": reader.lines[(k,)]}
    since = to_date(text["since"] or text["date"])
    return text | named | digits | content | {"column": column, "since": since}


def _content(reader: Entries, at: At, column: str, cell: str) -> str | float:
    """What a cell holds before or after: a number for a value, else the text."""
    if column != "value":
        reader.choice(at, cell, CORRECTED.get(column, (cell,)))
    elif is_number(cell):
        return float(cell)
    elif cell:
        reader.fault(at, "cell_number", cell=cell)
    return cell


def _row(reader: Entries, k: int, figure: dict[str, Any], frame: pd.DataFrame) -> pd.Series | None:
    """The one row of observations.csv that the entry `figure` of a correction names."""
    at, before = (k, "figure"), len(reader.problems)
    reader.known(figure, at, FIGURE, "figure: ")
    if (missing := [name for name in FIGURE[:3] if not figure.get(name)]) and len(reader.problems) == before:
        reader.fault(at, "correction_names", f"figure: {missing[0]}")
    if len(reader.problems) > before:
        return None
    for name, text in figure.items():
        frame = frame[frame[name].astype("string").fillna("") == str(text or "")]
    if len(frame) == 1:
        return frame.iloc[0]
    named, spare = " / ".join(map(str, figure.values())), [name for name in FIGURE[3:] if name not in figure]
    code, rows = "correction_gone" if frame.empty else "correction_several", ", ".join(map(str, frame["row"]))
    reader.fault(at, code, cell=named, figure=named, rows=rows, columns=" or ".join(spare))
    return None

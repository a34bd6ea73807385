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

from ..errors import DataError, Problem, did_you_mean
from .read import Lines, read_table, read_yaml
from .schema import QUALIFIERS, STATUSES, TABLES, decimals, is_date, is_number, plain
from .vintages import to_date

FILE = "corrections.yaml"
FIGURE = ("indicator_id", "region", "period", "measure", "published", "base_period", "source_id")
ENTRIES = ("figure", "column", "expect", "set", "why", "who", "source", "date", "since")
NEEDED = ("figure", "expect", "set", "why", "who", "source", "date")
CORRECTED = {"value": (), "qualifier": QUALIFIERS, "status": STATUSES}
DIGITS = ("expect_decimals", "set_decimals")  # digits after the point of both, where they are values
COLUMNS = (
    "row",
    *FIGURE,
    "column",
    "expect",
    "set",
    "since",
    "why",
    "who",
    "source",
    "date",
    "line",
    *DIGITS,
)


def no_corrections() -> pd.DataFrame:
    """The table of corrections of a package that has none.

    >>> len(no_corrections())
    0
    """
    return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


def read_corrections(folder: Path, tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, list[Problem]]:
    """The corrections of a package, one row each, and every problem of them.

    `tables` are those read from its files. Columns: `row` (line in observations.csv), the columns that name the figure,
    `column`, `expect` and `set` (numbers for a value), `since` (day from which it is known, a date), `why`, `who`,
    `source`, `date`, `line` (in corrections.yaml).

    >>> read_corrections(Path("no/such/folder"), {})[1]
    []
    """
    path = folder / FILE
    if not path.exists():
        return no_corrections(), []
    try:
        content, lines = read_yaml(path)
    except DataError as error:
        return no_corrections(), error.problems
    if content in (None, "", []):
        return no_corrections(), []
    if not isinstance(content, list):
        remedy = "begin every correction with `- figure:`"
        return no_corrections(), [Problem(FILE, 1, None, "no list", "a list of corrections", remedy)]
    reader = _Reader(lines, tables)
    rows = [found for k, item in enumerate(content) if (found := reader.correction(item, k)) is not None]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)) if rows else no_corrections()
    for cell in frame[frame.duplicated(["row", "column"])].itertuples():
        first = frame[(frame["row"] == cell.row) & (frame["column"] == cell.column)].iloc[0]
        remedy = f"it stands in row {first['line']} already: delete one"
        said = f"{cell.column} of row {cell.row} of observations.csv"
        reader.problems.append(Problem(FILE, cell.line, "figure", said, "each cell once", remedy))
    return frame, reader.problems


def as_known(observations: pd.DataFrame, corrections: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Observations with the corrections known on a day; cells corrected only later are as published.

    >>> frame = pd.DataFrame({"row": [2], "value": [139.0]})
    >>> made = no_corrections()
    >>> made.loc[0, ["row", "column", "expect", "set", "since"]] = [2, "value", 139.0, 13.9, dt.date(2021, 6, 30)]
    >>> [as_known(frame, made, dt.date(year, 1, 1))["value"].item() for year in (2021, 2022)]
    [139.0, 13.9]
    """
    if corrections.empty:
        return observations
    frame = observations.copy()
    for cell in corrections.itertuples():
        content = cell.set if cell.since <= day else cell.expect
        frame.loc[frame["row"] == cell.row, cell.column] = content
        if cell.column == "value" and "decimals" in frame:
            digits = cell.set_decimals if cell.since <= day else cell.expect_decimals
            frame.loc[frame["row"] == cell.row, "decimals"] = int(digits)
    return frame


def listed(folder: Path) -> list[Problem]:
    """Every correction of a package that holds, as a row like those of `check`, of the level "correction".

    `column` names the figure, `found` says from what to what and since when, `remedy` why and on whose word.

    >>> listed(Path("no/such/folder"))
    []
    """
    if not (folder / FILE).exists():
        return []
    tables = {name: read_table(folder / TABLES[name].file, name)[0] for name in ("observations", "sources")}
    corrections, _ = read_corrections(folder, tables)
    made = []
    for cell in corrections.itertuples():
        names = (cell.indicator_id, cell.region, cell.period, cell.measure, cell.column)
        found = f"{_shown(cell.expect)} -> {_shown(cell.set)} since {cell.since}"
        reason = f"{cell.why} ({cell.who}, {cell.date}, {cell.source})"
        said = (" / ".join(filter(None, names)), found, "the value published", reason)
        made.append(Problem(FILE, cell.line, *said, "correction"))
    return made


def _shown(content: Any) -> str:
    return f"{content:.15g}" if isinstance(content, float) else str(content)


class _Reader:
    """Collects the problems of the corrections while they are read."""

    def __init__(self, lines: Lines, tables: dict[str, pd.DataFrame]) -> None:
        self.lines, self.tables = lines, tables
        self.problems: list[Problem] = []

    def fault(self, k: int, column: str, found: str, allowed: str, remedy: str, key: str = "") -> None:
        row = self.lines.get((k, key or column), self.lines.get((k,), 1))
        self.problems.append(Problem(FILE, row, column, found, allowed, remedy))

    def correction(self, item: Any, k: int) -> dict[str, Any] | None:
        before = len(self.problems)
        if not isinstance(item, dict):
            allowed = f"entries as {', '.join(NEEDED)}"
            self.fault(k, "figure", str(item), allowed, "begin every correction with `- figure:`")
            return None
        self._names(k, item, ENTRIES, "")
        for key in NEEDED:
            if not item.get(key):
                self.fault(k, key, "", "a value", "a correction says what, why, on whose word and when")
        column = str(item.get("column") or "value")
        if column not in CORRECTED:
            hint = did_you_mean(column, CORRECTED)
            remedy = f"another cell is set right in observations.csv itself.{hint}"
            self.fault(k, "column", column, ", ".join(CORRECTED), remedy)
        self._dates_and_source(k, item)
        expect, new = (self._content(k, key, column, str(item.get(key) or "")) for key in ("expect", "set"))
        figure = item.get("figure") or {}
        if not isinstance(figure, dict):
            remedy = "write it as {period: 2020, …}"
            self.fault(k, "figure", str(figure), "columns of observations.csv", remedy)
        if len(self.problems) > before:
            return None
        seen = self._row(k, figure)
        if seen is None or not self._still_there(k, seen, column, expect):
            return None
        since = to_date(str(item.get("since") or item["date"]))
        named = {name: str(seen[name]) if not pd.isna(seen[name]) else "" for name in FIGURE}
        said = {key: str(item[key]) for key in ("why", "who", "source", "date")}
        return {"row": int(seen["row"]), **named, "column": column, "expect": expect, "set": new,
                "since": since, **said, "line": self.lines[(k,)], "expect_decimals": int(seen["decimals"]),
                "set_decimals": decimals(plain(str(item["set"])))}  # fmt: skip

    def _names(self, k: int, entries: dict[str, Any], known: tuple[str, ...], under: str) -> None:
        for name in entries:
            if name not in known:
                remedy = f"rename or remove it.{did_you_mean(name, known)}"
                said = f"{under}: {name}" if under else name
                self.fault(k, said, "an unknown entry", ", ".join(known), remedy, under or name)

    def _dates_and_source(self, k: int, item: dict[str, Any]) -> None:
        for key in ("date", "since"):
            if item.get(key) and not is_date(str(item[key])):
                remedy = "write the day, month or year as far as it is known"
                self.fault(k, key, str(item[key]), "a date as 2023-02-28, 2023-02 or 2023", remedy)
        known, source = list(self.tables["sources"]["source_id"]), str(item.get("source") or "")
        if source and source not in known:
            remedy = f"add it there, or correct it.{did_you_mean(source, known)}"
            self.fault(k, "source", source, "source_id of sources.csv", remedy)

    def _content(self, k: int, key: str, column: str, text: str) -> str | float:
        if not text or column not in CORRECTED:
            return text
        if column == "value":
            if is_number(plain(text)):
                return float(plain(text))
            self.fault(k, key, text, "a number", "write it with digits and a point, as 3.48")
        elif text not in CORRECTED[column]:
            choices = CORRECTED[column]
            self.fault(k, key, text, ", ".join(choices), f"choose one of them.{did_you_mean(text, choices)}")
        return text

    def _row(self, k: int, figure: dict[str, Any]) -> pd.Series | None:
        """The one row of observations.csv that the entry names."""
        before = len(self.problems)
        self._names(k, figure, FIGURE, "figure")
        for name in ("indicator_id", "region", "period"):
            if not figure.get(name) and len(self.problems) == before:
                self.fault(k, f"figure: {name}", "", "a value", "name the figure", "figure")
        if len(self.problems) > before:
            return None
        frame = self.tables["observations"]
        held = pd.Series(True, index=frame.index)
        for name, text in figure.items():
            held &= frame[name].astype("string").fillna("") == str(text or "")
        said = " / ".join(str(text) for text in figure.values())
        rows = list(frame.loc[held, "row"])
        if len(rows) == 1:
            return frame[held].iloc[0]
        if rows:
            spare = [name for name in FIGURE[3:] if name not in figure]
            found = f"{said}, which rows {', '.join(map(str, rows))} of observations.csv match"
            self.fault(k, "figure", found, "one row", f"add {' or '.join(spare)} to tell them apart")
        else:
            remedy = "correct the entry, or delete the correction if the row is gone"
            self.fault(k, "figure", said, "a row of observations.csv", remedy)
        return None

    def _still_there(self, k: int, seen: pd.Series, column: str, expect: str | float) -> bool:
        if seen[column] == expect:
            return True
        place = f"{_shown(seen[column])}, as row {seen['row']} of observations.csv holds now"
        remedy = (
            "the file has changed since the correction was written: check its reason, then delete or renew it"
        )
        self.fault(k, "expect", _shown(expect), place, remedy)
        return False

"""What an import does, before and after: every figure with its place, what is refused, what is left out.

Out of scope: working it out (`importing`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..data.tables import TABLES
from ..errors import Problem, QcityError
from ..files import write_whole

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
        """The figures that are "added", "changed" or "unchanged".

        >>> Import(Path("a.csv"), Path("."), (), (), {}).of_kind("added")
        []
        """
        return [figure for figure in self.figures if figure.kind == kind]

    @property
    def new(self) -> list[Figure]:
        """The figures that become rows: those added and those changed.

        >>> Import(Path("a.csv"), Path("."), (), (), {}).new
        []
        """
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
    out = io.StringIO()
    writer = csv.DictWriter(
        out, ["file", "row", "column", "found", "allowed", "remedy"], extrasaction="ignore"
    )
    writer.writeheader()
    writer.writerows(problem.to_dict() for problem in refused)
    try:
        write_whole(place, out.getvalue())
    except OSError as error:
        remedy = f"import a copy of {path.name} from a folder that can be written"
        raise QcityError(
            f"{place}: cannot write the list of refused cells ({error.strerror}); {remedy}"
        ) from error
    return place

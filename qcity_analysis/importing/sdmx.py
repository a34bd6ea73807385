"""Files of statistical databases as grids: SDMX-CSV, Eurostat's TSV, PX; SDMX-ML and SDMX-JSON through sdmx1.

Each figure becomes a row under the names of its dimensions and attributes. Out of scope: structure messages; codes are
kept as they are and given their meaning by the mapping.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from ..errors import QcityError
from ..problems import DataError, Problem
from .cells import Cell, Grid, as_text

MESSAGES = (".xml", ".json")
_STATUS = {"": "", "A": "", "P": "preliminary", "E": "estimate", "F": "estimate", "I": "estimate", "R": ""}
# Eurostat's flags, of which a figure may have several: provisional, estimated, forecast; a break and others say less
_STATUS |= dict.fromkeys("bcdnruz", "") | {"p": "preliminary"} | dict.fromkeys("efis", "estimate")
_PX = re.compile(
    r'([A-Z][A-Z0-9_-]*)(?:\[\w+\])?(?:\(("[^"]*"(?:,\s*"[^"]*")*)\))?=((?:"[^"]*"|[^;"])*);', re.S
)


def from_sdmx_csv(grid: Grid) -> Grid:
    """A text table as it is; one of SDMX-CSV 1.0 or 2.0 as such, "identifier: name" shortened to the identifier."""
    header = [as_text(cell) for cell in grid.rows[0]]
    ids = [_id(text) for text in header]
    if ids[:2] != ["STRUCTURE", "STRUCTURE_ID"] and ids[:1] != ["DATAFLOW"]:
        return grid
    named = {k for k, text in enumerate(header) if ": " in text and text.split(":")[0] != "OBS_VALUE"}
    rows: list[tuple[Cell, ...]] = [tuple(ids)]
    rows += [tuple(_id(as_text(c)) if k in named else c for k, c in enumerate(row)) for row in grid.rows[1:]]
    return dataclasses.replace(grid, rows=tuple(rows), long=True, opened_as=f"SDMX-CSV, {grid.opened_as}")


def from_eurostat(grid: Grid) -> Grid:
    """A text table as it is; one of Eurostat's TSV as one figure per row, its flags apart from the figures."""
    *names, last = as_text(grid.rows[0][0]).split(",")
    first, slash, time = last.partition("\\")
    if not slash or time.casefold() not in ("time", "time_period"):
        return grid
    rows: list[tuple[Cell, ...]] = [(*names, first, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG")]
    lines = [grid.lines[0]]
    for cells, line in zip(grid.rows[1:], grid.lines[1:], strict=True):
        for period, cell in zip(grid.rows[0][1:], cells[1:], strict=False):
            figure, _, flag = as_text(cell).partition(" ")
            rows.append((*as_text(cells[0]).split(","), as_text(period), figure, flag.strip()))
            lines.append(line)
    opened_as = f"Eurostat TSV, {grid.opened_as}"
    return dataclasses.replace(grid, rows=tuple(rows), lines=tuple(lines), long=True, opened_as=opened_as)


def from_px(text: str, file: str, encoding: str) -> Grid:
    """A PX file as one figure per row under the names of its variables; its line is the number of the figure."""
    words: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, of, value in _PX.findall(text):
        words[key, of.strip('"')] += re.findall(r'"([^"]*)"', value)
    names = words["STUB", ""] + words["HEADING", ""]
    data = re.findall(r'"[^"]*"|[^\s;]+', text.rpartition("DATA=")[2])
    if not names or not data:
        raise DataError([Problem(file, None, None, "no_figure")])
    times, content = [of for key, of in words if key == "TIMEVAL"], "".join(words["CONTVARIABLE", ""])
    renamed = dict.fromkeys(times, "TIME_PERIOD") | {content: "indicator"}
    header = [renamed.get(name, name) for name in names] + ["value", "unit", *["indicator"] * (not content)]
    rows: list[tuple[Cell, ...]] = [tuple(header)]
    for of, cell in zip(itertools.product(*(words["VALUES", name] for name in names)), data, strict=False):
        unit = next(
            (words["UNITS", name][0] for name in of if ("UNITS", name) in words), "".join(words["UNITS", ""])
        )
        rows.append((*of, cell.strip('"'), unit, *words["CONTENTS", ""][: not content]))
    return Grid(file, "", tuple(rows), tuple(range(len(rows))), opened_as=f"PX, {encoding}", long=True)


def read_sdmx(path: Path, encoding: str = "") -> list[Grid]:
    """The figures of an SDMX-ML or SDMX-JSON data message: one grid, a row for each figure.

    Raises QcityError when sdmx1 is not installed, DataError when the file is no data message or holds no figure.
    """
    try:
        import sdmx
    except ImportError as error:
        raise QcityError(
            f"{path.name}: reading SDMX-ML and SDMX-JSON needs the package sdmx1; install it with "
            "pip install 'qcity-analysis[sdmx]', or export the data as SDMX-CSV"
        ) from error
    logging.getLogger("sdmx").setLevel(logging.ERROR)
    try:
        message = sdmx.read_sdmx(path)
        shared = _shared_in_json(path) if path.suffix.lower() == ".json" else {}
    except Exception as error:  # the readers of sdmx1 raise whatever their parser meets
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError([Problem(path.name, None, None, "not_sdmx", {"why": reason})]) from error
    datasets = getattr(message, "data", None) or ()
    figures = [_figure(obs, dataset, shared) for dataset in datasets for obs in dataset.obs]
    if not figures:
        raise DataError([Problem(path.name, None, None, "no_figure")])
    header = tuple(dict.fromkeys(name for figure in figures for name in figure))
    rows = (header, *(tuple(figure.get(name, "") for name in header) for figure in figures))
    return [Grid(path.name, "", rows, tuple(range(len(rows))), opened_as="SDMX", long=True)]


_Shared = dict[frozenset[tuple[str, str]], dict[str, str]]  # attributes of a series by its dimensions


def _figure(obs: Any, dataset: Any, shared: _Shared) -> dict[str, Any]:
    """Dimensions and attributes of one figure (the nearer one counts), and its value."""
    figure = {name: str(value.value) for name, value in obs.key.values.items()}
    names = {name for name, _ in next(iter(shared), ())}
    figure |= shared.get(frozenset((name, figure.get(name, "")) for name in names), {})
    for holder in (dataset, obs.series_key, obs):
        attributes = getattr(holder, "attrib", None) or {}
        figure |= {name: str(getattr(a.value, "id", a.value)) for name, a in attributes.items()}
    return figure | {"OBS_VALUE": "" if obs.value is None or str(obs.value) == "NaN" else obs.value}


def _shared_in_json(path: Path) -> _Shared:
    """The attributes of each series of SDMX-JSON; sdmx1 leaves them out, and with them unit and power of ten."""
    tree = json.loads(path.read_text("utf-8-sig"))
    dimensions, attributes = (
        tree["structure"][part].get("series", []) for part in ("dimensions", "attributes")
    )
    stated = {}
    for dataset in tree["dataSets"]:
        for positions, series in dataset.get("series", {}).items():
            key = zip(dimensions, map(int, positions.split(":")), strict=True)
            values = zip(attributes, series.get("attributes", []), strict=False)
            own = {a["id"]: str(a["values"][k].get("id", "")) for a, k in values if k is not None}
            stated[frozenset((d["id"], str(d["values"][k]["id"])) for d, k in key)] = own
    return stated


def status_of(word: str) -> str:
    """The status that a word or some flags of a file stand for, "" for a figure as usual; else the word itself."""
    flags = [_STATUS.get(word, word)] if word in _STATUS or not re.fullmatch("[a-z]{1,3}", word) else word
    return next((status for flag in flags if (status := _STATUS.get(flag, flag))), "")


def _id(cell: str) -> str:
    return cell.split(":")[0].strip() if ": " in cell else cell.strip()

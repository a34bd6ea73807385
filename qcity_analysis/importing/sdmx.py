"""SDMX files as grids: SDMX-CSV by itself, SDMX-ML and SDMX-JSON through the optional package sdmx1.

Each figure becomes a row under the names of its dimensions and attributes. Out of scope: structure messages; codes are
kept as they are and given their meaning by the mapping.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

from ..errors import QcityError
from ..problems import DataError, Problem
from .cells import Cell, Grid, as_text

MESSAGES = (".xml", ".json")
STATUS = {"": "", "A": "", "P": "preliminary", "E": "estimate", "F": "estimate", "I": "estimate", "R": ""}


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


def read_sdmx(path: Path) -> list[Grid]:
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


def _id(cell: str) -> str:
    return cell.split(":")[0].strip() if ": " in cell else cell.strip()

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
from ..problems import DataError, free
from .cells import Cell, Grid, as_text

MESSAGES = (".xml", ".json")
STATUS = {"": "", "A": "", "P": "preliminary", "E": "estimate", "F": "estimate", "I": "estimate"}


def is_sdmx_csv(header: list[str]) -> bool:
    """Whether the first cells of a text file are those of SDMX-CSV 2.0 or 1.0.

    >>> is_sdmx_csv(["STRUCTURE", "STRUCTURE_ID", "ACTION", "REF_AREA"]), is_sdmx_csv(["DATAFLOW", "FREQ"])
    (True, True)
    >>> is_sdmx_csv(["指标", "2020"])
    False
    """
    ids = [_id(cell) for cell in header[:3]]
    return ids[:2] == ["STRUCTURE", "STRUCTURE_ID"] or ids[:1] == ["DATAFLOW"]


def from_sdmx_csv(grid: Grid) -> Grid:
    """The same grid with identifiers alone, where the file gives "identifier: name" in headings and cells.

    >>> header = ("STRUCTURE", "STRUCTURE_ID", "REF_AREA: Area", "OBS_VALUE")
    >>> rows = (header, ("dataflow", "X:Y(1)", "NJ: Nanjing", "3.5"))
    >>> from_sdmx_csv(Grid("a.csv", "", rows, (1, 2))).rows[1][2]
    'NJ'
    """
    header = [as_text(cell) for cell in grid.rows[0]]
    named = {k for k, text in enumerate(header) if ": " in text and text.split(":")[0] != "OBS_VALUE"}
    rows: list[tuple[Cell, ...]] = [tuple(_id(text) for text in header)]
    for row in grid.rows[1:]:
        rows.append(tuple(_id(as_text(cell)) if k in named else cell for k, cell in enumerate(row)))
    return dataclasses.replace(grid, rows=tuple(rows), long=True, opened_as=f"SDMX-CSV, {grid.opened_as}")


def read_sdmx(path: Path) -> list[Grid]:
    """The figures of an SDMX-ML or SDMX-JSON data message: one grid, a row for each figure.

    Raises QcityError when sdmx1 is not installed, DataError when the file is no data message or holds no figure.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.xml"
    >>> _ = place.write_text("<a/>")
    >>> try:
    ...     read_sdmx(place)
    ... except DataError as error:
    ...     print(error.problems[0].allowed)
    an SDMX-ML or SDMX-JSON data message
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
        raise _refusal(path, f"a file that cannot be read ({reason})") from error
    datasets = getattr(message, "data", None) or ()
    figures = [_figure(obs, dataset, shared) for dataset in datasets for obs in dataset.obs]
    if not figures:
        raise _refusal(path, "no figure")
    header = list(dict.fromkeys(name for figure in figures for name in figure))
    rows = (tuple(header), *(tuple(figure.get(name, "") for name in header) for figure in figures))
    return [Grid(path.name, "", rows, tuple(range(len(rows))), opened_as="SDMX", long=True)]


def _refusal(path: Path, found: str) -> DataError:
    allowed = "an SDMX-ML or SDMX-JSON data message"
    remedy = "ask the publisher for a data message (not a structure), or export the data as SDMX-CSV"
    return DataError([free(path.name, None, None, found, allowed, remedy)])


def _figure(
    obs: Any, dataset: Any, shared: dict[frozenset[tuple[str, str]], dict[str, str]]
) -> dict[str, Any]:
    """Dimensions and attributes of one figure (the nearer one counts), and its value."""
    figure = {name: str(value.value) for name, value in obs.key.values.items()}
    names = {name for name, _ in next(iter(shared), ())}
    figure |= shared.get(frozenset((name, figure.get(name, "")) for name in names), {})
    for holder in (dataset, obs.series_key, obs):
        attributes = getattr(holder, "attrib", None) or {}
        figure |= {name: str(getattr(a.value, "id", a.value)) for name, a in attributes.items()}
    value = "" if obs.value is None or str(obs.value) == "NaN" else obs.value
    return figure | {"OBS_VALUE": value}


def _shared_in_json(path: Path) -> dict[frozenset[tuple[str, str]], dict[str, str]]:
    """The attributes of each series of an SDMX-JSON message, by its dimensions.

    sdmx1 leaves them out, and with them the unit and its power of ten.
    """
    tree = json.loads(path.read_text("utf-8-sig"))
    structure = tree["structure"]
    dimensions, attributes = (structure[part].get("series", []) for part in ("dimensions", "attributes"))
    stated = {}
    for dataset in tree["dataSets"]:
        for places, series in dataset.get("series", {}).items():
            key = zip(dimensions, map(int, places.split(":")), strict=True)
            values = zip(attributes, series.get("attributes", []), strict=False)
            said = {a["id"]: str(a["values"][k].get("id", "")) for a, k in values if k is not None}
            stated[frozenset((d["id"], str(d["values"][k]["id"])) for d, k in key)] = said
    return stated


def _id(cell: str) -> str:
    return cell.split(":")[0].strip() if ": " in cell else cell.strip()

"""An empty data package for a plan of one's own, with one worked example that says it is one."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..errors import QcityError
from .tables import TABLES, Column

NAME = re.compile(r"[a-z][a-z0-9_]*")
PLAIN = {  # optional columns worth having from the start; the others may be added when they are needed
    "sources": {"note"},
    "regions": {"parent"},
    "indicators": {"better", "publication_lag_months", "unit_zh", "note"},
    "targets": {"commitment", "tolerance", "source_id", "note", "note_en"},
    "observations": {"base_period"},
}
TYPES = {"number": "number", "integer": "integer", "year": "integer"}


def new_plan(name: str, folder: str | Path, readme: str, today: dt.date) -> Path:
    """Write the package into `folder`, which must not exist or be empty, and return its path.

    `name` is the plan's identifier, `readme` the guide to lie beside the tables; the example's years end two years
    before `today`. All or nothing. Raises QcityError for a name that cannot be an identifier, a folder that holds
    anything, and one that cannot be written.

    >>> made = new_plan("green_city", tempfile.mkdtemp(), "how to", dt.date(2026, 1, 1))
    >>> import qcity_analysis as qc
    >>> qc.load(made).plans(), qc.check(made)
    (['green_city'], [])
    """
    if not NAME.fullmatch(name):
        raise QcityError(
            f"{name!r} cannot be the name of a plan: use lower-case letters, digits and _, as green_city_2030"
        )
    place = Path(folder).expanduser()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise QcityError(f"{place} is there already and is not empty: name another folder with --out")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{name}."))
    except OSError as error:
        raise QcityError(
            f"cannot write to {place.parent}: {error.strerror}; name another folder with --out"
        ) from error
    try:
        for path, content in _files(name, readme, today).items():
            (temporary / path).write_text(content, "utf-8")
        temporary.chmod(0o755)
        os.replace(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place


def _files(name: str, readme: str, today: dt.date) -> dict[str, str]:
    rows = _example(name, today)
    found = {TABLES[table].file: _table(table, rows[table]) for table in TABLES}
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name.replace("_", "-"),
        "resources": [_resource(table) for table in TABLES],
    }
    return found | {
        "datapackage.json": json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n",
        "README.md": readme,
    }


def columns(table: str) -> list[Column]:
    """The columns a new plan starts with.

    >>> [column.name for column in columns("regions")]
    ['region', 'name_zh', 'name_en', 'parent']
    """
    return [c for c in TABLES[table].columns if not c.optional or c.name in PLAIN[table]]


def _table(table: str, rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [c.name for c in columns(table)], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _resource(table: str) -> dict[str, Any]:
    fields = [
        {"name": c.name, "type": TYPES.get(c.holds, "string")}
        | ({"constraints": {"enum": list(c.choices)}} if c.choices else {})
        for c in columns(table)
    ]
    return {
        "name": table,
        "type": "table",
        "path": TABLES[table].file,
        "format": "csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "primaryKey": [k for k in TABLES[table].key if k != "base_period"]},
    }


def _example(name: str, today: dt.date) -> dict[str, list[dict[str, Any]]]:
    """One region, source, indicator and target, and six figures: a share that rises, made up and marked so."""
    last, target, indicator, region = today.year - 2, "example_target", "example_share", "example_city"
    note = "示例，请删去 Example: delete this row"
    return {
        "sources": [
            {
                "source_id": "example_source",
                "publisher": "示例机构 Example office",
                "title": "示例文件 Example document",
                "date": today.year - 1,
                "note": note,
            }
        ],
        "regions": [{"region": region, "name_zh": "示例城市", "name_en": "Example City"}],
        "indicators": [
            {
                "indicator_id": indicator,
                "name_zh": "示例占比",
                "name_en": "Example share",
                "unit": "%",
                "support": "percent",
                "better": "higher",
                "publication_lag_months": 6,
                "unit_zh": "%",
                "note": note,
            }
        ],
        "targets": [
            {
                "plan": name,
                "target_id": target,
                "region": region,
                "indicator_id": indicator,
                "name_zh": "示例占比达到55%",
                "name_en": "Example share of 55 %",
                "kind": "level",
                "direction": "at_least",
                "threshold": 55,
                "unit": "%",
                "deadline": today.year + 2,
                "commitment": "firm",
                "source_id": "example_source",
                "note": note,
            }
        ],
        "observations": _example_figures(indicator, region, last, note),
    }


def _example_figures(indicator: str, region: str, last: int, note: str) -> list[dict[str, Any]]:
    return [
        {
            "indicator_id": indicator,
            "region": region,
            "period": last - 5 + k,
            "value": value,
            "qualifier": "=",
            "measure": "level",
            "unit": "%",
            "status": "illustrative",
            "published": f"{last - 4 + k}-03-31",
            "source_id": "example_source",
            "note": note,
        }
        for k, value in enumerate((41.2, 43.0, 44.1, 46.3, 47.2, 49.5))
    ]

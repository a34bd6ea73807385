"""Small data packages with made-up regions and indicators, written to a folder, for tests."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qcity_analysis.data.load import Data, load
from qcity_analysis.data.schema import TABLES

Row = dict[str, Any]

NUMERIC_DEFAULTS = {"qualifier": "=", "measure": "level", "status": "final", "source_id": "bulletin"}


def columns(name: str) -> list[str]:
    """The columns of one table of the contract, in order."""
    return [column.name for column in TABLES[name].columns]


def indicator(name: str, **cells: Any) -> Row:
    """A made-up indicator: a positive quantity where more is better."""
    made = {"indicator_id": name, "name_zh": f"指标{name}", "name_en": f"Indicator {name}"}
    return made | {"unit": "points", "support": "positive", "better": "higher"} | cells


def target(name: str = "goal", **cells: Any) -> Row:
    """A made-up target of the plan `made_up`: at least 20 points of `widgets` in testville by 2025."""
    made = {
        "plan": "made_up", "target_id": name, "region": "testville", "indicator_id": "widgets",
        "name_zh": "目标", "name_en": "Goal", "kind": "level", "direction": "at_least", "threshold": 20,
        "unit": "points", "deadline": 2025, "commitment": "firm", "source_id": "bulletin",
    }  # fmt: skip
    return made | cells


def figure(period: object, value: object, **cells: Any) -> Row:
    """A made-up published figure of `widgets` in testville, published in February of the next year."""
    measure = str(cells.get("measure", "level"))
    made = {
        "indicator_id": "widgets",
        "region": "testville",
        "period": str(period),
        "value": value,
        "unit": "%" if measure.endswith("change_pct") else "points",
        "published": f"{int(str(period)[:4]) + 1}-02-28",
    }
    return NUMERIC_DEFAULTS | made | cells


def change(period: object, value: object, **cells: Any) -> Row:
    """A made-up yearly change in percent."""
    return figure(period, value, **({"measure": "change_pct"} | cells))


def figures(levels: dict[int, float], **cells: Any) -> list[Row]:
    """One figure a year."""
    return [figure(year, value, **cells) for year, value in levels.items()]


def changes(percents: dict[int, float], **cells: Any) -> list[Row]:
    """One yearly change a year."""
    return [change(year, value, **cells) for year, value in percents.items()]


STEADY = {2016: 10.0, 2017: 11.0, 2018: 11.8, 2019: 13.1, 2020: 13.9, 2021: 15.2, 2022: 16.1}


def write_table(path: Path, rows: Iterable[Row], header: list[str]) -> None:
    """Rows as a CSV file with that header; missing cells are empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def package(
    folder: Path,
    *,
    observations: list[Row] | None = None,
    indicators: list[Row] | None = None,
    targets: list[Row] | None = None,
    sources: list[Row] | None = None,
    regions: list[Row] | None = None,
) -> Path:
    """A data package in `folder`, valid unless the rows given are not; what is not given is minimal."""
    made: dict[str, list[Row]] = {
        "observations": figures(STEADY) if observations is None else observations,
        "indicators": [indicator("widgets")] if indicators is None else indicators,
        "targets": [target()] if targets is None else targets,
        "sources": sources
        or [
            {"source_id": "bulletin", "publisher": "Office of Testville", "title": "Bulletin", "date": "2024"}
        ],
        "regions": regions
        or [
            {"region": "testville", "name_zh": "测试城", "name_en": "Testville"},
            {"region": "otherland", "name_zh": "别州", "name_en": "Otherland"},
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in made.items():
        write_table(folder / TABLES[name].file, rows, columns(name))
    return folder


def loaded(folder: Path, as_of: str = "2024-12-31", **tables: Any) -> Data:
    """The package of `package`, loaded as of a day."""
    return load(package(folder, **tables), as_of=as_of)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, to see that nothing was written."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

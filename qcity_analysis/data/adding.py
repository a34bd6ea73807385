"""Add one published figure with its source to a data package: all or nothing, checked before anything is replaced."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from pathlib import Path

from ..errors import DataError
from .datapackage import check, find_folder
from .tables import TABLES


def add_figure(
    folder: str | Path | None,
    *,
    indicator_id: str,
    region: str,
    period: str,
    value: str,
    publisher: str,
    title: str,
    date: str,
    measure: str = "level",
    qualifier: str = "=",
    status: str = "final",
    base_period: str = "",
    note: str = "",
    dry_run: bool = False,
) -> dict[str, str]:
    """Append one row to `observations.csv`, and one to `sources.csv` unless that source is there already.

    All arguments are text, as they would be typed into the files; the unit is filled in from the indicator. Returns
    the new observation. With `dry_run`, or when the package would not pass its checks afterwards (DataError with every
    problem), the files stay as they were.

    >>> row = add_figure(None, indicator_id="energy_intensity_industry", region="nanjing", period="2021",
    ...     value="-4.0", measure="change_pct", publisher="P", title="T", date="2022-06", dry_run=True)
    >>> row["unit"], row["published"]
    ('%', '2022-06')
    """
    place = find_folder(folder)
    sources = _read(place / "sources.csv")
    described = {"publisher": publisher, "title": title, "date": date}
    known = [row for row in sources if all(row.get(key) == text for key, text in described.items())]
    source = known[0]["source_id"] if known else _new_name(f"{region}_{indicator_id}_{date}", sources)
    observation = {
        "indicator_id": indicator_id,
        "region": region,
        "period": period,
        "value": value,
        "qualifier": qualifier,
        "measure": measure,
        "unit": _unit(place, indicator_id, measure),
        "status": status,
        "published": date,
        "source_id": source,
        "note": note,
        "base_period": base_period,
    }
    files = {"observations.csv": _appended(place / "observations.csv", observation)}
    if not known:
        entry = described | {"source_id": source, "date_basis": "stated"}
        files["sources.csv"] = _appended(place / "sources.csv", entry)
    _write_if_sound(place, files, dry_run)
    return observation


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _unit(place: Path, indicator_id: str, measure: str) -> str:
    if measure in ("change_pct", "cumulative_change_pct"):
        return "%"
    units = {row["indicator_id"]: row.get("unit", "") for row in _read(place / "indicators.csv")}
    return units.get(indicator_id, "")


def _new_name(wish: str, sources: list[dict[str, str]]) -> str:
    taken, name, k = {row["source_id"] for row in sources}, wish, 2
    while name in taken:
        name, k = f"{wish}_{k}", k + 1
    return name


def _appended(path: Path, row: dict[str, str]) -> str:
    """The file's text with the row added, in the order of its own header."""
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    if not text:
        text = ",".join(column.name for column in TABLES[path.stem].columns) + "\n"
    header = next(csv.reader(io.StringIO(text)))
    missing = [name for name in row if row[name] and name not in header]
    if missing:  # an optional column the file does not have yet
        lines = list(csv.reader(io.StringIO(text)))
        header = [*header, *missing]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(
            [header, *[line + [""] * len(missing) for line in lines[1:]]]
        )
        text = out.getvalue()
    added = io.StringIO()
    csv.writer(added, lineterminator="\n").writerow([row.get(name, "") for name in header])
    return text + ("" if text.endswith("\n") else "\n") + added.getvalue()


def _write_if_sound(place: Path, files: dict[str, str], dry_run: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "package"
        trial.mkdir()
        for table in TABLES.values():
            if (place / table.file).exists():
                shutil.copy(place / table.file, trial / table.file)
        for name, text in files.items():
            (trial / name).write_text(text, encoding="utf-8", newline="")
        errors = [problem for problem in check(trial) if problem.level == "error"]
    if errors:
        raise DataError(errors)
    if dry_run:
        return
    for name, text in sorted(
        files.items(), reverse=True
    ):  # the source first: an observation never lacks its source
        with tempfile.NamedTemporaryFile("w", dir=place, delete=False, encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(file.name, place / name)

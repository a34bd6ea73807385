"""Add one published figure with its source to a data package: all or nothing, checked before anything is replaced."""

from __future__ import annotations

from pathlib import Path

from .datapackage import find_folder
from .writing import appended, new_name, rows_of, write_if_sound


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
    sources = rows_of(place / "sources.csv")
    described = {"publisher": publisher, "title": title, "date": date}
    known = [row for row in sources if all(row.get(key) == text for key, text in described.items())]
    taken = (row["source_id"] for row in sources)
    source = known[0]["source_id"] if known else new_name(f"{region}_{indicator_id}_{date}", taken)
    observation = {
        "indicator_id": indicator_id,
        "region": region,
        "period": period,
        "value": value,
        "qualifier": qualifier,
        "measure": measure,
        "unit": unit_of(place, indicator_id, measure),
        "status": status,
        "published": date,
        "source_id": source,
        "note": note,
        "base_period": base_period,
    }
    files = {"observations.csv": appended(place / "observations.csv", [observation])}
    if not known:
        entry = described | {"source_id": source, "date_basis": "stated"}
        files["sources.csv"] = appended(place / "sources.csv", [entry])
    write_if_sound(place, files, dry_run=dry_run)
    return observation


def unit_of(place: Path, indicator_id: str, measure: str) -> str:
    """The unit that a figure of this indicator and measure has in `observations.csv`; "" for an unknown indicator.

    >>> unit_of(find_folder(), "high_value_patents", "change_pct")
    '%'
    """
    if measure in ("change_pct", "cumulative_change_pct"):
        return "%"
    units = {row["indicator_id"]: row.get("unit", "") for row in rows_of(place / "indicators.csv")}
    return units.get(indicator_id, "")

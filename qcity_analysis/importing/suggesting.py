"""A starter mapping from what a file holds: names matched to those of the indicators, units as the file states them.

Only a name that is the same as an indicator's is proposed as such; a similar one is written as a comment to be
confirmed. Out of scope: the mapping's meaning (`mapping`).
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pandas as pd

from ..data.load import find_folder, read_folder
from .cells import same_name
from .importing import read_sheets
from .layout import Entry
from .mapping import TEMPLATE, Mapping


def starter(file: str | Path, data: str | Path | None = None) -> str:
    """The text of a mapping for a file: to be completed with the source, and every `?` confirmed or removed.

    Raises QcityError or DataError when the file cannot be read.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = place.write_text("指标,单位,2020年\\n研发强度,%,3.48\\n每万人高价值发明专利拥有量,件,50\\n", "utf-8")
    >>> print(starter(place).split('note: ""')[1].strip())
    - name: 每万人高价值发明专利拥有量
      indicator: high_value_patents
      factor: "?"    # the file says 件, the indicator is in patents per 10k people (件/万人)
    # not found in indicators.csv:
    # - name: 研发强度
    #   indicator: "?"
    """
    tables = read_folder(find_folder(data))[0]
    path = Path(file).expanduser()
    sheets, _, _ = read_sheets(path, Mapping((), {}))
    entries = [entry for sheet in sheets for entry in sheet.entries]
    regions = list(dict.fromkeys(tables["targets"]["region"]))
    head = TEMPLATE.format(region=(regions or [""])[0])
    known, unknown = [], []
    long = any(sheet.layout == "long" and not any(e.name for e in sheet.entries) for sheet in sheets)
    for entry in _distinct(entries, long):
        name = f"- where: {_where(entry)}" if long else f"- name: {_quoted(entry.name)}"
        lines = [name, *([f"  column: {_quoted(entry.part)}"] if entry.part else [])]
        indicator = _same(entry, tables["indicators"])
        if indicator is not None:
            known += [*lines, f"  indicator: {indicator['indicator_id']}", *_unit(entry, indicator)]
        else:
            unknown += [*lines, f'  indicator: "?"{_perhaps(entry, tables["indicators"])}']
    if unknown:
        known += ["# not found in indicators.csv:", *(f"# {line}" for line in unknown)]
    return head + "\n" + "\n".join(known) + "\n"


def _distinct(entries: list[Entry], long: bool) -> list[Entry]:
    first: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        first.setdefault((_where(entry),) if long else (entry.name, entry.part), entry)
    return list(first.values())


def _where(entry: Entry) -> str:
    roles = {entry.labels.get(role) for role in ("@period", "@value", "@status", "@published", "@note")}
    skipped = {"STRUCTURE", "STRUCTURE_ID", "DATAFLOW", "ACTION", "OBS_VALUE", "TIME_PERIOD", "OBS_STATUS"}
    pairs = [
        (key, text)
        for key, text in entry.labels.items()
        if text and not key.startswith("@") and key not in skipped and text not in roles
    ]
    return "{" + ", ".join(f"{key}: {_quoted(text)}" for key, text in pairs) + "}"


def _quoted(text: str) -> str:
    """Text as a YAML scalar, in quotes where YAML would read something else."""
    plain = (
        text
        and text[0] not in "-?:,[]{}#&*!|>'\"%@`"
        and not any(s in text for s in (": ", " #", "{", "}", ","))
    )
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _names(indicator: pd.Series) -> list[str]:
    return [same_name(str(indicator[key])) for key in ("indicator_id", "name_zh", "name_en")]


def _same(entry: Entry, indicators: pd.DataFrame) -> pd.Series | None:
    name = same_name(entry.part or entry.name)
    wanted = {name, name.rsplit("/", 1)[-1]}
    held = [row for _, row in indicators.iterrows() if wanted & set(_names(row))]
    return held[0] if len(held) == 1 and name else None


def _unit(entry: Entry, indicator: pd.Series) -> list[str]:
    units = {same_name(str(indicator["unit"])), same_name(str(indicator["unit_zh"]))}
    own = f"{indicator['unit']} ({indicator['unit_zh']})" if indicator["unit_zh"] else indicator["unit"]
    if not entry.unit:
        return [f'  unit: "?"      # the file states none; the indicator is in {own}']
    if same_name(entry.unit) not in units:
        return [f'  factor: "?"    # the file says {entry.unit}, the indicator is in {own}']
    return []


def _perhaps(entry: Entry, indicators: pd.DataFrame) -> str:
    names = {name: row["indicator_id"] for _, row in indicators.iterrows() for name in _names(row) if name}
    wanted = same_name(entry.name)
    if len(wanted) < 3:
        return ""
    close = difflib.get_close_matches(wanted, names, n=2, cutoff=0.5)
    close += [name for name in names if wanted in name or name in wanted]
    ids = list(dict.fromkeys(names[name] for name in close))[:3]
    return f"  # perhaps {', '.join(ids)}" if ids else ""

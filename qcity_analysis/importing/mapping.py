"""The mapping: which names of a file are which indicators, in what unit, from which source. Declared, never guessed.

Reads the small YAML file that a person writes (`templates/starters/` documents it), and begins one for a file. Out of
scope: what it says of one file (`matching`).
"""

from __future__ import annotations

import codecs
import contextlib
import difflib
import json
import re
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..data.read import At, Entries, read_yaml
from ..data.schema import MEASURES, PERIOD, STATUSES, TABLES
from ..problems import DataError
from .cells import Cell, as_text, same_name
from .headings import ROLES, TECHNICAL, is_index, multiple, names_of, same_unit, split_unit
from .layout import LAYOUTS, Entry, Sheet

_SOURCE = (*(c.name for c in TABLES["sources"].columns), "id")
_SHARED = ("region", "status", "published", "measure", "unit", "base_period", "factor", "offset", "note")
_READING = ("encoding", "decimal", "period")  # how the file is written, where it does not say so itself
_FILE = ("sheet", "layout", "columns", "regions", "statuses", "missing", "source", "figures")
_TOP = (*_FILE, *_READING, *_SHARED)
_RULE = ("name", "rows", "after", "column", "where", "indicator", *_SHARED)
_CHOICES: dict[str, tuple[str, ...]] = {
    "measure": MEASURES, "rows": ("region",), "status": STATUSES, "layout": LAYOUTS, "decimal": (".", ","),
    "encoding": ("utf-8", "gb18030", "big5", "cp949", "shift_jis", "latin-1", "cp1252"),
}  # fmt: skip
_PLAN = ("sources", "regions", "indicators", "targets", "observations")
TO_DATE = "to_date"  # as `period`: 2024-08 in the file is January to August, not the month
CHANGED = re.compile("增长|增速|比上年|同比|growth|change", re.I)  # a second heading of changes in percent


@dataclass(frozen=True)
class Rule:
    """One entry of `figures`: which cells of the file, and what they are.

    Attributes as in the file (text, "" where nothing is said); `row` is its line in the mapping, `factor` and `offset`
    numbers or None.
    """

    row: int
    indicator: str
    name: str = ""
    rows: str = ""
    after: str = ""
    column: str = ""
    where: Dict[str, str] = field(default_factory=dict)
    region: str = ""
    measure: str = "level"
    unit: str = ""
    factor: Decimal | None = None
    offset: Decimal | None = None
    status: str = "final"
    published: str = ""
    base_period: str = ""
    note: str = ""

    @property
    def title(self) -> str:
        """The rule in a few words, for a message."""
        words = [self.name, *(f"{key}={text}" for key, text in self.where.items())]
        return " ".join([" / ".join(filter(None, words)) or "all figures", *filter(None, [self.column])])

    @property
    def converts(self) -> bool:
        """Whether the figures are multiplied or moved; those that are not may be changes in words, as 下降5%."""
        return self.factor not in (None, 1) or bool(self.offset)


@dataclass(frozen=True)
class Mapping:
    """A mapping as read: `rules`, `source` (cells of sources.csv), `sheets` (None: all), `layout` (None: found),
    `columns`, `regions` and `statuses` (name in the file → ours), the `file` it stands in; of the file its `encoding`,
    `decimal` sign, marks of `missing` figures and the `period` of a table without years ("" where it says so)."""

    rules: tuple[Rule, ...]
    source: Dict[str, str]
    sheets: tuple[str, ...] | None = None
    layout: str | None = None
    columns: Dict[str, str] = field(default_factory=dict)
    regions: Dict[str, str] = field(default_factory=dict)
    statuses: Dict[str, str] = field(default_factory=dict)
    file: str = "mapping"
    missing: tuple[str, ...] = ()
    encoding: str = ""
    decimal: str = ""
    period: str = ""


def read_mapping(given: str | Path | Dict[str, Any] | Mapping) -> Mapping:
    """A mapping from its YAML file, or from the same entries as a dict.

    Raises DataError with every problem of it.

    >>> made = read_mapping({"source": {"publisher": "P", "title": "T", "date": "2024"}, "region": "nanjing",
    ...     "figures": [{"name": "研发强度", "indicator": "rd_intensity"}]})
    >>> made.rules[0].region, made.rules[0].published
    ('nanjing', '2024')
    """
    if isinstance(given, Mapping):
        return given
    content, reader = _as_in_yaml(given), Entries("mapping")
    if not isinstance(given, Dict):
        content, reader = read_yaml(Path(given).expanduser())
    top = _entries(reader, content, (), _TOP)
    source = _source(reader, top.get("source") or {})
    figures = top.get("figures") or []
    if not isinstance(figures, list) or not figures:
        reader.fault(("figures",), "no_rules")
        figures = []
    shared = {key: top[key] for key in _SHARED if key in top}
    rules = tuple(_rule(reader, item, k, shared, source.get("date", "")) for k, item in enumerate(figures))
    columns = _entries(reader, top.get("columns") or {}, ("columns",), tuple(ROLES))
    statuses = top.get("statuses") or {}
    for word, status in statuses.items():
        reader.choice(("statuses", word), status, STATUSES)
    with contextlib.suppress(LookupError):
        codecs.lookup(top.get("encoding") or "utf-8")
        top["read_as"] = top.pop("encoding", "")
    for key in ("layout", "decimal", "encoding"):
        reader.choice((key,), str(top.get(key) or ""), _CHOICES[key])
    period = str(top.get("period") or TO_DATE)
    if period != TO_DATE and not PERIOD.fullmatch(period):
        reader.fault(("period",), "read_period", cell=period)
    if reader.problems:
        raise DataError(sorted(reader.problems, key=lambda problem: problem.row or 0))
    sheets, missing = (
        (one,) if isinstance(one, str) else tuple(one)
        for one in (top.get("sheet") or (), top.get("missing") or ())
    )
    layout, encoding, decimal, period = (
        str(top.get(k) or "") for k in ("layout", "read_as", "decimal", "period")
    )
    named = (columns, top.get("regions") or {}, statuses, reader.file)
    return Mapping(rules, source, sheets or None, layout or None, *named, missing, encoding, decimal, period)


def _as_in_yaml(value: Any) -> Any:
    """Scalars of a dict as the text they would be in a file."""
    if isinstance(value, Dict):
        return {str(key): _as_in_yaml(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_as_in_yaml, value))
    return "" if value is None else str(value).strip()


def _entries(reader: Entries, content: Any, at: At, names: tuple[str, ...]) -> dict[str, Any]:
    """The entries of a part of the mapping that it may have."""
    if not isinstance(content, Dict):
        column = str(at[-1]) if at else "mapping"
        reader.fault(at, "no_entries", column, cell=str(content or ""), name=names[0])
        return {}
    reader.known(content, at, names)
    return {key: value for key, value in content.items() if key in names}


def _source(reader: Entries, content: Any) -> dict[str, str]:
    """The cells of sources.csv that the mapping gives."""
    entries = _entries(reader, content, ("source",), _SOURCE)
    for key in ("publisher", "title", "date"):
        if not entries.get(key):
            reader.fault(("source", key), "no_source", f"source: {key}")
    reader.date(("source", "date"), entries.get("date", ""), "source: date")
    return {key: str(value) for key, value in entries.items() if value}


def _rule(reader: Entries, item: Any, k: int, shared: dict[str, Any], date: str) -> Rule:
    """One entry of `figures`, with what is said for all of them and the date of their source."""
    at: At = ("figures", k)
    own = _entries(reader, item, at, _RULE)
    for key in [key for key, value in own.items() if value == "?"]:
        reader.fault((*at, key), "entry_open", cell="?")
        own[key] = {"factor": "1", "indicator": "?"}.get(key, "")
    if not own.get("indicator") and isinstance(item, Dict):
        reader.fault(at, "no_indicator", "indicator")
    entries = shared | own
    for key in ("measure", "rows", "status"):
        reader.choice((*at, key), str(entries.get(key) or ""), _CHOICES[key])
    reader.date((*at, "published"), str(entries.get("published", "")))
    numbers = {
        key: _number(reader, (*at, key), str(entries[key])) for key in ("factor", "offset") if key in entries
    }
    where = own.get("where") or {}
    if not isinstance(where, Dict):
        reader.fault((*at, "where"), "entry_where", cell=str(where))
        where = {}
    texts = {key: str(text) for key, text in entries.items() if text and key not in (*numbers, "where")}
    texts = {"published": date, "indicator": ""} | texts
    return Rule(reader.lines.get(at, 0), where=where, **numbers, **texts)  # type: ignore[arg-type]


def _number(reader: Entries, at: At, value: str) -> Decimal | None:
    """A factor, or an offset, which alone may be zero."""
    with contextlib.suppress(InvalidOperation):
        number = Decimal(value)
        if number.is_finite() and (number or at[-1] == "offset"):
            return number
    reader.fault(at, "entry_number", cell=value)
    return None


# a mapping to begin with


class _Series(NamedTuple):
    """What may be an indicator: its first `entry`, the `lines` that name it, its own name, and figures `below` zero."""

    entry: Entry
    lines: tuple[str, ...]
    name: str
    below: list[Cell]


def _series(sheets: list[Sheet]) -> list[_Series]:
    """The rows and columns of some sheets that one entry of a mapping each can name."""
    unnamed = any(sheet.layout == "long" and not any(e.name for e in sheet.entries) for sheet in sheets)
    series: dict[tuple[object, ...], _Series] = {}
    for sheet, entry in [(one, entry) for one in sheets for entry in one.entries]:
        title, _, last = entry.name.rpartition("/")
        by_region = sheet.layout != "long" and last == entry.labels.get("@region", "?")
        shown = "" if unnamed else title if by_region else entry.name
        where = _where(entry, unnamed)
        key = (shown, by_region, entry.part, *where.items())
        if key not in series:
            above = sheet.preface.get("indicator", "") or sheet.preface.get("title", "")
            other = above if by_region else " ".join(where.values())
            own = "" if CHANGED.search(entry.part) and shown and not by_region else entry.part
            own = own or shown.rpartition("/")[2] or other
            asked = ", ".join(f"{_quoted(k)}: {_quoted(text)}" for k, text in where.items())
            named = {"name": _quoted(shown) if shown else "", "where": asked and f"{{{asked}}}"}
            named |= {"column": _quoted(entry.part) if entry.part else ""}
            lines = [f"{k}: {text}" for k, text in {"rows": "region" * by_region, **named}.items() if text]
            series[key] = _Series(entry, tuple(lines), split_unit(own)[0], [])
        series[key].below.extend([entry.cell] * as_text(entry.cell).startswith(("-", "−")))
    return list(series.values())


def suggested(sheets: list[Sheet], indicators: pd.DataFrame) -> str:
    """The entries of a mapping for some sheets: those of known indicators, then the others as comments.

    A name that is that of an indicator is taken for it; of a similar one the comment says so.
    """
    keys, rows = ("indicator_id", "name_zh", "name_en"), indicators.to_dict("records")
    names = [(name, row) for row in rows for key in keys if (name := same_name(str(row[key])))]
    known, unknown = list[str](), list[str]()
    for one in _series(sheets):
        same = {
            row["indicator_id"]: row
            for name, row in names
            if name in names_of(one.name) | {same_name(one.entry.name)}
        }
        if len(same) == 1:
            ((indicator, row),) = same.items()
            more = [f"indicator: {indicator}", *_unit_lines(one.entry, row)]
        else:
            more = [f'indicator: "?"{_perhaps(one.name, names)}']
        first, *rest = (*one.lines, *more)
        (known if len(same) == 1 else unknown).extend([f"- {first}", *(f"  {line}" for line in rest)])
    known += ["# not found in indicators.csv:", *(f"# {line}" for line in unknown)] if unknown else []
    return "\n".join(known)


def plan_tables(sheets: list[Sheet], name: str) -> dict[str, list[dict[str, str]]]:
    """The tables of a plan that some sheets fill: their regions and their indicators with units; no figures yet."""
    tables: dict[str, dict[str, dict[str, str]]] = {key: {} for key in _PLAN}
    above = next(filter(None, (sheet.preface.get("region", "") for sheet in sheets)), name)
    for labels in (entry.labels for sheet in sheets for entry in sheet.entries):
        own = labels.get("@region", "") or above
        code = labels.get("@code", own)
        row = {"region": _identifier(own), "name_zh": own, "name_en": own, "code": code * (code != own)}
        tables["regions"].setdefault(row["region"], row)
    for one in _series(sheets):
        own = one.name or name  # a table of regions whose figures have no name
        change = is_index(f"{own} {one.entry.unit}") or CHANGED.search(one.entry.part)
        unit = "%" if change else one.entry.unit
        support = "real" if one.below or change else "percent" if same_unit(unit, "%") else "positive"
        row = {"indicator_id": _identifier(own), "name_zh": own, "name_en": own}
        row |= {"unit": unit, "unit_zh": unit, "support": support}
        tables["indicators"].setdefault(row["indicator_id"], row)
    return {key: list(rows.values()) for key, rows in tables.items()}


def _identifier(name: str) -> str:
    """A name as an identifier: letters of any script, digits and underscores."""
    return re.sub(r"[^\w]+", "_", same_name(name)).strip("_")[:26]


def _where(entry: Entry, unnamed: bool) -> dict[str, str]:
    """What the columns of words say of a row, blank ones too where others have none; with the usual ones if unnamed."""
    known = {text for key, text in entry.labels.items() if key[0] == "@"}
    known -= {entry.labels.get("@indicator"), entry.labels.get("@unit")}
    return {key: text for key, text in entry.labels.items() if key in entry.open
            or (unnamed and text and key[0] != "@" and not TECHNICAL.fullmatch(key) and text not in known)}  # fmt: skip


def _quoted(text: str) -> str:
    """Text as a YAML scalar, in quotes where YAML would read something else."""
    special = not text or text[0] in "-?:,[]{}#&*!|>'\"%@`" or any(s in text for s in (": ", " #", *"{},"))
    readable = text.isprintable()  # another character is written by its number: YAML would refuse it
    return json.dumps(text, ensure_ascii=not readable) if special or not readable else text


def _unit_lines(entry: Entry, indicator: Dict[Any, Any]) -> list[str]:
    """What has to be confirmed of the unit; nothing where file and indicator agree."""
    units = [str(indicator["unit"]), str(indicator["unit_zh"])]
    own = f"{units[0]} ({units[1]})" if units[1] else units[0]
    if any(map(is_index, (entry.unit, entry.name, entry.part))) and not is_index(units[0]):
        return ["measure: change_pct", "offset: -100   # an index of the year before, as a change in percent"]
    if CHANGED.search(entry.part) and same_unit(entry.unit, "%"):
        return ["measure: change_pct"]
    if not entry.unit and units[0]:
        return [f'unit: "?"      # the file states none; the indicator is in {own}']
    if same_unit(entry.unit, *units) or any(multiple(entry.unit, unit) is not None for unit in units):
        return []
    return [f'factor: "?"    # the file says {entry.unit}, the indicator is in {own}']


def _perhaps(name: str, names: list[tuple[str, dict[Any, Any]]]) -> str:
    """A comment that names up to three indicators of a similar name."""
    ids, wanted = {name: row["indicator_id"] for name, row in names}, same_name(name)
    if len(wanted) < 3:
        return ""
    close = difflib.get_close_matches(wanted, ids, n=2, cutoff=0.5)
    close += [name for name in ids if wanted in name or name in wanted]
    named = list(dict.fromkeys(ids[name] for name in close))[:3]
    return f"  # perhaps {', '.join(named)}" if named else ""

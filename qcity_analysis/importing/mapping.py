"""The mapping: which names of a file are which indicators, in what unit, from which source. Declared, never guessed.

Reads the small YAML file that a person writes (`templates/starters/` documents it); what is wrong with it is raised all
at once. Out of scope: what it says of one file (`matching`).
"""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..data.read import At, Entries, read_yaml
from ..data.schema import MEASURES, PERIOD, STATUSES, TABLES
from ..problems import DataError
from . import headings as words
from .layout import LAYOUTS

_SHARED = ("region", "status", "published", "measure", "unit", "base_period", "factor", "offset", "note")
_TOP = ("sheet", "layout", "columns", "regions", "statuses", "missing", "source", "figures",
        "encoding", "decimal", "period", *_SHARED)  # fmt: skip
_CHOICES: dict[str, tuple[str, ...]] = {
    "measure": MEASURES, "rows": ("region",), "status": STATUSES, "layout": LAYOUTS, "decimal": (".", ","),
    "encoding": ("utf-8", "gb18030", "big5", "cp949", "shift_jis", "latin-1", "cp1252"),
}  # fmt: skip
TO_DATE = "to_date"  # as `period`: 2024-08 in the file is January to August, not the month


@dataclass(frozen=True)
class Rule:
    """One entry of `figures`: which cells of the file, and what they are.

    Attributes as in the file ("" where nothing is said); `row` is its line, `factor` and `offset` numbers or None.
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
        named = [self.name, *(f"{key}={text}" for key, text in self.where.items())]
        return " ".join([" / ".join(filter(None, named)) or "all figures", *filter(None, [self.column])])

    @property
    def converts(self) -> bool:
        """Whether the figures are multiplied or moved; those that are not may be changes in words, as 下降5%."""
        return self.factor not in (None, 1) or bool(self.offset)


@dataclass(frozen=True)
class Mapping:
    """A mapping as read: `rules`, `source` (cells of sources.csv), `sheets` (none: all), `layout` ("": found),
    `columns`, `regions` and `statuses` (name in the file → ours), the `file` it stands in; of the file its `encoding`,
    `decimal` sign, marks of `missing` figures and the `period` of a table without years ("" where it says so)."""

    rules: tuple[Rule, ...]
    source: Dict[str, str]
    sheets: tuple[str, ...] = ()
    layout: str = ""
    columns: Dict[str, str] = field(default_factory=dict)
    regions: Dict[str, str] = field(default_factory=dict)
    statuses: Dict[str, str] = field(default_factory=dict)
    file: str = "mapping"
    missing: tuple[str, ...] = ()
    encoding: str = ""
    decimal: str = ""
    period: str = ""


def read_mapping(given: str | Path | Dict[str, Any] | Mapping) -> Mapping:
    """A mapping from its YAML file, or from the same entries as a dict. Raises DataError with every problem of it.

    >>> made = read_mapping({"source": {"publisher": "P", "title": "T", "date": "2024"}, "region": "nanjing",
    ...     "figures": [{"name": "研发强度", "indicator": "rd_intensity"}]})
    >>> made.rules[0].region, made.rules[0].published
    ('nanjing', '2024')
    """
    if isinstance(given, Mapping):
        return given
    content, reader = _as_in_yaml(given), Entries("mapping")
    if not isinstance(given, Dict):
        content, reader = read_yaml(Path(given))
    top = _entries(reader, content, (), _TOP)
    source = _source(reader, top.get("source") or {})
    figures = top.get("figures") or []
    if not isinstance(figures, list) or not figures:
        reader.fault(("figures",), "no_rules")
        figures = []
    shared = {key: top[key] for key in _SHARED if key in top}
    rules = tuple(_rule(reader, item, k, shared, source.get("date", "")) for k, item in enumerate(figures))
    columns = _entries(reader, top.get("columns") or {}, ("columns",), tuple(words.ROLES))
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
    listed = (top.get(key) or () for key in ("sheet", "missing"))
    sheets, missing = ((one,) if isinstance(one, str) else tuple(one) for one in listed)
    layout, *reading = (str(top.get(key) or "") for key in ("layout", "read_as", "decimal", "period"))
    named = (columns, top.get("regions") or {}, statuses, reader.file)
    return Mapping(rules, source, sheets, layout, *named, missing, *reading)


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
    entries = _entries(reader, content, ("source",), (*(c.name for c in TABLES["sources"].columns), "id"))
    for key in ("publisher", "title", "date"):
        if not entries.get(key):
            reader.fault(("source", key), "no_source", f"source: {key}")
    reader.date(("source", "date"), entries.get("date", ""), "source: date")
    return {key: str(value) for key, value in entries.items() if value}


def _rule(reader: Entries, item: Any, k: int, shared: dict[str, Any], date: str) -> Rule:
    """One entry of `figures`, with what is said for all of them and the date of their source."""
    at: At = ("figures", k)
    own = _entries(reader, item, at, ("name", "rows", "after", "column", "where", "indicator", *_SHARED))
    for key in [key for key, value in own.items() if value == "?"]:
        reader.fault((*at, key), "entry_open", cell="?")
        own[key] = {"factor": "1", "indicator": "?"}.get(key, "")
    if not own.get("indicator") and isinstance(item, Dict):
        reader.fault(at, "no_indicator", "indicator")
    entries = shared | own
    for key in ("measure", "rows", "status"):
        reader.choice((*at, key), str(entries.get(key) or ""), _CHOICES[key])
    reader.date((*at, "published"), str(entries.get("published", "")))
    given = [key for key in ("factor", "offset") if key in entries]
    numbers = {key: _number(reader, (*at, key), str(entries[key])) for key in given}
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

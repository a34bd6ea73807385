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

from ..data.read import Lines, read_yaml
from ..data.schema import MEASURES, PERIOD, STATUSES, TABLES, is_date
from ..errors import closest
from ..problems import DataError, Problem
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
_At = tuple[str | int, ...]  # the keys that lead to an entry of the file


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
    if isinstance(given, Dict):
        return _Reader("mapping", {}).mapping(_as_in_yaml(given))
    content, lines = read_yaml(Path(given).expanduser())
    return _Reader(Path(given).name, lines).mapping(content)


def _as_in_yaml(value: Any) -> Any:
    """Scalars of a dict as the text they would be in a file."""
    if isinstance(value, Dict):
        return {str(key): _as_in_yaml(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_as_in_yaml, value))
    return "" if value is None else str(value).strip()


class _Reader:
    """Collects the problems of one mapping while its parts are read."""

    def __init__(self, file: str, lines: Lines) -> None:
        self.file, self.lines, self.problems = file, lines, list[Problem]()

    def mapping(self, content: Any) -> Mapping:
        top = self.entries(content, (), _TOP)
        source = self.source(top.get("source") or {})
        figures = top.get("figures") or []
        if not isinstance(figures, list) or not figures:
            self.fault(("figures",), "no_rules")
            figures = []
        shared = {key: top[key] for key in _SHARED if key in top}
        rules = tuple(self.rule(item, k, shared, source) for k, item in enumerate(figures))
        columns = self.entries(top.get("columns") or {}, ("columns",), tuple(ROLES))
        statuses = top.get("statuses") or {}
        for word in statuses:
            self.choice(statuses, ("statuses",), word, STATUSES)
        for key in ("layout", "decimal"):
            self.choice(top, (), key, _CHOICES[key])
        with contextlib.suppress(LookupError):
            codecs.lookup(top.get("encoding") or "utf-8")
            top["read_as"] = top.pop("encoding", "")
        self.choice(top, (), "encoding", _CHOICES["encoding"])
        period = str(top.get("period") or TO_DATE)
        if period != TO_DATE and not PERIOD.fullmatch(period):
            self.fault(("period",), "read_period", cell=period)
        if self.problems:
            raise DataError(sorted(self.problems, key=lambda p: p.row or 0))
        given = (top.get("sheet") or (), top.get("missing") or ())
        sheets, missing = ((one,) if isinstance(one, str) else tuple(one) for one in given)
        layout, regions = str(top.get("layout") or "") or None, top.get("regions") or {}
        encoding, decimal, period = (str(top.get(key) or "") for key in ("read_as", "decimal", "period"))
        named = (columns, regions, statuses, self.file)
        return Mapping(rules, source, sheets or None, layout, *named, missing, encoding, decimal, period)

    def fault(self, at: _At, code: str, column: str = "", **values: Any) -> None:
        """Note a problem at the nearest entry that stands in the file."""
        row = next((self.lines[at[:k]] for k in range(len(at), -1, -1) if at[:k] in self.lines), None)
        self.problems.append(Problem(self.file, row, column or str(at[-1]), code, values))

    def entries(self, content: Any, at: _At, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(content, Dict):
            column = str(at[-1]) if at else "mapping"
            self.fault(at, "no_entries", column, cell=str(content or ""), name=known[0])
            return {}
        for key in content:
            if key not in known:
                self.fault((*at, key), "entry_unknown", names=", ".join(known), near=closest(key, known))
        return {key: value for key, value in content.items() if key in known}

    def choice(self, entries: Dict[str, Any], at: _At, key: str, choices: tuple[str, ...]) -> None:
        value = str(entries.get(key, "") or "")
        if value and value not in choices:
            near = closest(value, choices)
            self.fault((*at, key), "cell_choice", cell=value, choices=", ".join(choices), near=near)

    def source(self, content: Any) -> dict[str, str]:
        entries = self.entries(content, ("source",), _SOURCE)
        for key in ("publisher", "title", "date"):
            if not entries.get(key):
                self.fault(("source", key), "no_source", f"source: {key}")
        self.date(entries.get("date", ""), ("source", "date"), "source: date")
        return {key: str(value) for key, value in entries.items() if value}

    def date(self, value: str, at: _At, column: str) -> None:
        if value and not is_date(value):
            self.fault(at, "entry_date", column, cell=value)

    def number(self, value: str, at: _At) -> Decimal | None:
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_finite() and (number or at[-1] == "offset"):
            return number
        self.fault(at, "entry_number", cell=value)
        return None

    def rule(self, item: Any, k: int, shared: dict[str, Any], source: dict[str, str]) -> Rule:
        at = ("figures", k)
        own = self.entries(item, at, _RULE)
        for key in [key for key, value in own.items() if value == "?"]:
            self.fault((*at, key), "entry_open", cell="?")
            own[key] = {"factor": "1", "indicator": "?"}.get(key, "")
        if not own.get("indicator") and isinstance(item, Dict):
            self.fault(at, "no_indicator", "indicator")
        entries = shared | own
        for key in ("measure", "rows", "status"):
            self.choice(entries, at, key, _CHOICES[key])
        self.date(str(entries.get("published", "")), (*at, "published"), "published")
        numbers = {k: self.number(str(entries[k]), (*at, k)) for k in ("factor", "offset") if k in entries}
        where = own.get("where") or {}
        if not isinstance(where, Dict):
            self.fault((*at, "where"), "entry_where", cell=str(where))
            where = {}
        texts = {k: str(v) for k, v in entries.items() if v and k not in (*numbers, "where")}
        texts = {"published": source.get("date", ""), "indicator": ""} | texts
        return Rule(self.lines.get(at, 0), where=where, **numbers, **texts)  # type: ignore[arg-type]


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

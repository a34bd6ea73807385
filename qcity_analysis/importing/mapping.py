"""The mapping: which names of a file are which indicators, in what unit, from which source. Declared, never guessed.

Reads the small YAML file that a person writes (`templates/starters/` documents it) and works out what it says of one
file: each figure with its indicator, region, period and unit. What is wrong with the mapping itself (a name that is not
in the file, two rows of one name, a unit that differs) is raised all at once; a cell that cannot be read is refused
with its place and leaves the others standing. Out of scope: what the package holds already (`importing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas as pd

from ..data.read import Lines, read_yaml
from ..data.schema import CHANGES, MEASURES, PERIOD, QUALIFIERS, STATUSES, TABLES, is_date
from ..errors import closest
from ..problems import DataError, Problem
from .cells import TURNED, UnreadableCell, as_text, half_width, plain, read_change, read_figure, same_name
from .layout import LAYOUTS, ROLES, Entry, Sheet
from .sdmx import STATUS

_SOURCE = (*(c.name for c in TABLES["sources"].columns), "id")
_SHARED = ("region", "status", "published", "measure", "unit", "base_period", "factor", "offset", "note")
_TOP = ("sheet", "layout", "columns", "regions", "statuses", "source", "figures", *_SHARED)
_RULE = ("name", "after", "column", "where", "indicator", *_SHARED)
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
    `columns`, `regions` and `statuses` (name in the file → ours), and the `file` it stands in."""

    rules: tuple[Rule, ...]
    source: Dict[str, str]
    sheets: tuple[str, ...] | None = None
    layout: str | None = None
    columns: Dict[str, str] = field(default_factory=dict)
    regions: Dict[str, str] = field(default_factory=dict)
    statuses: Dict[str, str] = field(default_factory=dict)
    file: str = "mapping"


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
        self.choice(top, (), "layout", LAYOUTS)
        columns = self.entries(top.get("columns") or {}, ("columns",), tuple(ROLES))
        statuses = top.get("statuses") or {}
        for word in statuses:
            self.choice(statuses, ("statuses",), word, STATUSES)
        if self.problems:
            raise DataError(sorted(self.problems, key=lambda p: p.row or 0))
        sheets = top.get("sheet") or None
        sheets = (sheets,) if isinstance(sheets, str) else sheets and tuple(sheets)
        layout, regions = str(top.get("layout") or "") or None, top.get("regions") or {}
        return Mapping(rules, source, sheets, layout, columns, regions, statuses, self.file)

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
        self.choice(entries, at, "measure", MEASURES)
        self.choice(entries, at, "status", STATUSES)
        self.date(str(entries.get("published", "")), (*at, "published"), "published")
        numbers = {k: self.number(str(entries[k]), (*at, k)) for k in ("factor", "offset") if k in entries}
        where = own.get("where") or {}
        if not isinstance(where, Dict):
            self.fault((*at, "where"), "entry_where", cell=str(where))
            where = {}
        texts = {k: str(v) for k, v in entries.items() if v and k not in (*numbers, "where")}
        texts = {"published": source.get("date", ""), "indicator": ""} | texts
        return Rule(self.lines.get(at, 0), where=where, **numbers, **texts)  # type: ignore[arg-type]


@dataclass
class Matched:
    """The figures of a file under a mapping.

    Attributes: `figures` (pairs of a row of observations.csv, without its source, and the entry it was read from),
    `refused` (a problem for every cell that cannot be used), `empty` (number of cells that say there is no figure),
    `left_out` (names that the mapping does not mention, with the number of their cells and where the first stands).
    """

    figures: list[tuple[dict[str, str], Entry]] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    empty: int = 0
    left_out: dict[str, tuple[int, str]] = field(default_factory=dict)


def match(
    sheets: list[Sheet], mapping: Mapping, tables: dict[str, pd.DataFrame], spreadsheet: bool
) -> Matched:
    """Every figure of some sheets that the mapping names; see `Matched`.

    `tables` are those of the package by name; in a `spreadsheet` cells may hold fractions shown as percent. Raises
    DataError with every problem of the mapping.
    """
    work = _Matching(sheets, mapping, tables, spreadsheet)
    for rule in mapping.rules:
        work.take(rule)
    if work.faults:
        raise DataError(sorted(work.faults, key=lambda p: p.row or 0))
    for k, entry in enumerate(work.entries):
        if k not in work.used:
            name = " ".join(filter(None, (entry.name, entry.part, entry.labels.get("@region", ""))))
            count, first = work.done.left_out.get(name or "(no name)", (0, f"{entry.file}, row {entry.row}"))
            work.done.left_out[name or "(no name)"] = (count + 1, first)
    return work.done


class _Matching:
    """One file under one mapping, while its rules are taken one after the other."""

    def __init__(
        self, sheets: list[Sheet], mapping: Mapping, tables: dict[str, pd.DataFrame], spreadsheet: bool
    ) -> None:
        self.mapping, self.spreadsheet = mapping, spreadsheet
        self.regions, self.indicators = tables["regions"], tables["indicators"].set_index("indicator_id")
        self.entries = [entry for sheet in sheets for entry in sheet.entries]
        self.footnotes = {sheet.entries[0].file: sheet.footnotes for sheet in sheets if sheet.entries}
        self.named: dict[str, list[int]] = defaultdict(
            list
        )  # whole, without names above it, and with its unit
        for k, entry in enumerate(self.entries):
            own = same_name(entry.name)
            with_unit = same_name(f"{entry.name}({entry.unit})") if entry.unit else own
            for name in {own, own.rsplit("/", 1)[-1], with_unit}:
                self.named[name].append(k)
        self.called: dict[str, set[str]] = defaultdict(set)  # regions by each of their names
        for column in ("region", "name_zh", "name_en"):
            for name, region in zip(self.regions[column], self.regions["region"], strict=True):
                self.called[str(name)].add(str(region))
        self.faults: list[Problem] = []
        self.done = Matched(refused=[problem for sheet in sheets for problem in sheet.problems])
        self.used: set[int] = set()

    def fault(self, rule: Rule, code: str, column: str, **values: Any) -> None:
        self.faults.append(Problem(self.mapping.file, rule.row or None, column, code, values))

    def take(self, rule: Rule) -> None:
        known = list(self.indicators.index)
        if rule.indicator not in known:
            about = {"key": "indicator_id", "table": "indicators", "near": closest(rule.indicator, known)}
            self.fault(rule, "unknown_name", "indicator", cell=rule.indicator, **about)
            return
        chosen = self.chosen(rule)
        entries = [self.entries[k] for k in chosen]
        if entries and self.unambiguous(rule, entries) and self.units_agree(rule, entries):
            self.used |= set(chosen)
            for entry in entries:
                self.figure(rule, entry)

    # which cells

    def chosen(self, rule: Rule) -> list[int]:
        """The entries that a rule names; a fault of the rule when there are none."""
        every, part = self.entries, same_name(rule.column)
        ks = self.named.get(same_name(rule.name), []) if rule.name else list(range(len(every)))
        if rule.after:
            start = next(iter(self.named.get(same_name(rule.after), [])), len(every))
            ks = [k for k in ks if k >= start]
        ks = [k for k in ks if all(every[k].labels.get(key) == t for key, t in rule.where.items())]
        cells = [k for k in ks if same_name(every[k].part) == part]
        if rule.after and cells:  # the first row of that name only
            first = every[cells[0]]
            cells = [k for k in cells if (every[k].file, every[k].row) == (first.file, first.row)]
        if not cells:
            self.missing(rule, sorted({every[k].part for k in ks} - {""}))
        return cells

    def missing(self, rule: Rule, parts: list[str]) -> None:
        key = next((k for k in rule.where if not any(k in e.labels for e in self.entries)), None)
        if parts:
            near = closest(rule.column, parts) if rule.column else []
            self.fault(rule, "no_heading", "column", cell=rule.column, names=", ".join(parts), near=near)
        elif key is not None:
            names = list(dict.fromkeys(h for e in self.entries for h in e.labels if not h.startswith("@")))
            self.fault(rule, "no_label", "where", cell=key, names=", ".join(names), near=closest(key, names))
        else:
            near = (
                closest(rule.name, dict.fromkeys(e.name for e in self.entries if e.name)) if rule.name else []
            )
            code = "no_name_after" if rule.after else "no_name"
            self.fault(rule, code, "name", cell=rule.title, after=rule.after, near=near)

    def unambiguous(self, rule: Rule, entries: list[Entry]) -> bool:
        """Whether there is one figure for each region and year; rows of a long table are compared later."""
        seen: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            key = (self.region(rule, entry) or entry.labels.get("@region", ""), entry.period)
            first = seen.setdefault(key, entry)
            if not entry.labels and as_text(first.cell) != as_text(entry.cell):
                rows = {"first": first.file, "line": first.row, "again": entry.row}
                other = "" if first.file == entry.file else f"{entry.file}, "
                self.fault(rule, "two_rows", "name", name=rule.title, other=other, **rows)
                return False
        return True

    def unit(self, rule: Rule) -> str:
        """The unit of the figures that a rule makes."""
        return "%" if rule.measure in CHANGES else str(self.indicators.at[rule.indicator, "unit"])

    def units_agree(self, rule: Rule, entries: list[Entry]) -> bool:
        """Whether the unit of the file is that of the figures, or a factor is declared."""
        expected, change = self.unit(rule), "_of_change" if rule.measure in CHANGES else ""
        names = [expected] if change else [expected, str(self.indicators.at[rule.indicator, "unit_zh"])]
        stated = list(dict.fromkeys(entry.unit for entry in entries if entry.unit))
        unit = rule.unit or (stated[0] if stated else "")
        about = {"cell": unit, "unit": unit, "expected": expected}
        about |= {"indicator": rule.indicator, "measure": rule.measure}
        declared, before = rule.factor is not None or rule.offset is not None, len(self.faults)
        for own in stated if rule.unit else ():
            alike = _same_unit(own, *names) and _same_unit(rule.unit, *names)
            if not alike and not _same_unit(own, rule.unit):
                self.fault(rule, "unit_of_file", "unit", cell=rule.unit, unit=own, sheet=entries[0].file)
        if len(stated) > 1 and not rule.unit:
            self.fault(rule, "two_units", "unit", cell=", ".join(stated))
        elif not unit and expected:
            self.fault(rule, f"no_unit{change}", "unit", **about)
        elif unit and not declared and not _same_unit(unit, *names):
            self.fault(rule, f"no_factor{change}", "unit", **about)
        elif expected == "%" and not declared and self.spreadsheet and _fractions(entries):
            self.fault(rule, "fractions", "factor")
        return len(self.faults) == before

    # what a cell says

    def region(self, rule: Rule, entry: Entry) -> str:
        name = _stated_region(entry)
        if not name:
            return rule.region
        if name in self.mapping.regions:
            return str(self.mapping.regions[name])
        if len(self.called.get(name, ())) == 1:
            return next(iter(self.called[name]))
        return rule.region if "region" in rule.where or "REF_AREA" in rule.where else ""

    def refuse(self, entry: Entry, code: str, column: str, **values: Any) -> None:
        self.done.refused.append(Problem(entry.file, entry.row, column or entry.column, code, values))

    def figure(self, rule: Rule, entry: Entry) -> None:
        """Add the row of observations.csv that a cell becomes, or what keeps it from being one."""
        labels, cell = entry.labels, as_text(entry.cell)
        if labels.get("ACTION") == "D":
            self.refuse(entry, "read_deletion", "ACTION", cell="D")
            return
        in_words = rule.measure in CHANGES and not rule.converts
        try:
            reading = (read_change if in_words else read_figure)(entry.cell)
        except UnreadableCell as error:
            self.refuse(entry, error.code, "", cell=cell)
            return
        if reading is None:
            self.done.empty += 1
            return
        unit, region, name = self.unit(rule), self.region(rule, entry), _stated_region(entry)
        own = rule.unit or entry.unit or unit
        word, published = labels.get("@status", ""), labels.get("@published", "") or rule.published
        status = self.mapping.statuses.get(word, STATUS.get(word, word)) or rule.status
        qualifier, before = labels.get("@qualifier", "") or reading.qualifier, len(self.done.refused)
        if reading.percent and not _same_unit(own, "%"):
            self.refuse(entry, "read_percent", "", cell=cell, unit=own)
        if not PERIOD.fullmatch(entry.period):
            self.refuse(entry, "read_period", "period", cell=entry.period)
        if not region:
            near = closest(name, [*self.regions["region"], *self.regions["name_zh"]])
            self.refuse(entry, "read_region", "region", cell=name, near=near)
        if status not in STATUSES:
            self.refuse(entry, "read_status", "status", cell=word, statuses=", ".join(STATUSES))
        if not is_date(published):
            self.refuse(entry, "read_date", "published", cell=published)
        if qualifier not in QUALIFIERS or reading.qualifier not in ("=", qualifier):
            about = {"cell": qualifier, "qualifiers": ", ".join(QUALIFIERS)}
            self.refuse(entry, "read_qualifier", "qualifier", **about)
        if len(self.done.refused) == before:
            texts = self.footnotes.get(entry.file, {})
            notes = [f"{m} {texts.get(m, '')}".strip() for m in dict.fromkeys(entry.marks + reading.marks)]
            note = "; ".join(filter(None, [labels.get("@note", ""), *notes, rule.note]))
            value, qualifier = _converted(reading.value, qualifier, rule)
            row = {"indicator_id": rule.indicator, "region": region, "period": entry.period, "value": value}
            row |= {"qualifier": qualifier, "measure": rule.measure, "unit": unit, "status": status}
            row |= {"published": published, "note": note, "base_period": rule.base_period}
            self.done.figures.append((row, entry))


def _stated_region(entry: Entry) -> str:
    return entry.labels.get("@region", "") or entry.labels.get("region", "")


def _same_unit(unit: str, *names: str) -> bool:
    def bare(text: str) -> str:
        stem = "".join(half_width(text).split()).casefold()
        return {"百分比": "%", "percent": "%", "pct": "%"}.get(stem, stem)

    return bare(unit) in map(bare, names)


def _fractions(entries: list[Entry]) -> bool:
    """Whether all numbers of some cells lie between -1 and 1, as fractions shown as percent do."""
    numbers = [entry.cell for entry in entries if isinstance(entry.cell, float)]
    return any(numbers) and all(abs(number) < 1 for number in numbers)


def _converted(value: str, qualifier: str, rule: Rule) -> tuple[str, str]:
    """Value × factor + offset, exactly; a negative factor turns a lower bound into an upper one."""
    if not rule.converts:
        return value, qualifier
    factor = rule.factor or Decimal(1)
    number = plain(Decimal(value) * factor + (rule.offset or 0))
    if factor < 0:
        qualifier = TURNED.get(qualifier, qualifier)
    if number == plain(Decimal(value)):
        return value, qualifier
    return (number.rstrip("0").rstrip(".") if "." in number else number), qualifier

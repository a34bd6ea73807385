"""The mapping: which names of a file are which indicators, in what unit, from which source. Declared, never guessed.

Reads the small YAML file that a person writes (`templates/starters/` documents it), and what it says of one file: each
figure with its indicator, region, period and unit. What is wrong with the mapping (a name that is not in the file, two
rows of one name, a unit that differs) is raised all at once; a cell that cannot be read is refused with its place and
leaves the others standing. Out of scope: what the package holds already (`importing`).
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections import defaultdict
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..data.read import At, Entries, read_yaml
from ..data.schema import CHANGES, MEASURES, PERIOD, QUALIFIERS, STATUSES, TABLES, is_date
from ..errors import closest
from ..problems import DataError, Problem
from . import cells as typed
from . import headings as words
from .cells import UnreadableCell, as_text, same_name
from .layout import LAYOUTS, Entry, Sheet
from .sheets import status_of

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
TO_DATE = "to_date"  # as `period`: 2024-08 in the file is January to August, not the month
_is_date = cache(is_date)
_ANNUAL = ("", "a", "annual", "yearly", "year", "年", "年度", "a: annual")


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


# a mapping and its file


def match(sheets: list[Sheet], mapping: Mapping, tables: dict[str, pd.DataFrame]) -> Matching:
    """Every figure of some sheets that the mapping names; see `Matching`.

    `tables` are those of the package by name. Raises DataError with every problem of the mapping.
    """
    work = Matching(sheets, mapping, tables)
    for rule in mapping.rules:
        work.take(rule)
    if work.faults:
        unread = [problem for sheet in sheets for problem in sheet.problems]
        raise DataError([*unread, *sorted(work.faults, key=lambda p: p.row or 0)])
    for k, entry in enumerate(work.entries):
        if k not in work.used:
            name = " ".join(filter(None, (entry.name, entry.part, entry.labels.get("@region", ""))))
            work.leave_out(name or "(no name)", entry)
    return work


class Matching:
    """One file under one mapping, whose rules are taken one after the other.

    Attributes: `figures` (pairs of a row of observations.csv, without its source, and the entry it was read from),
    `refused` (a problem for every cell that cannot be used), `empty` (number of cells that say there is no figure),
    `left_out` (names that the mapping does not mention, with the number of their cells and where the first stands).
    """

    def __init__(self, sheets: list[Sheet], mapping: Mapping, tables: dict[str, pd.DataFrame]) -> None:
        self.mapping, self.regions = mapping, tables["regions"]
        self.sheets = {sheet.entries[0].file: sheet for sheet in sheets if sheet.entries}
        columns = (tables["indicators"][name].astype(str) for name in ("indicator_id", "unit", "unit_zh"))
        self.units = {name: units for name, *units in zip(*columns, strict=True)}
        self.entries = [entry for sheet in sheets for entry in sheet.entries]
        self.named: dict[str, list[int]] = defaultdict(list)
        for k, entry in enumerate(self.entries):
            for name in words.names_of(entry.name, entry.unit):
                self.named[name].append(k)
        self.called: dict[str, set[str]] = defaultdict(set)  # regions by each of their names and codes
        for row in self.regions.astype(str).to_dict("records"):
            codes = re.split(r"[\s;,|]+", row["code"])
            for name in filter(None, (row["region"], row["name_zh"], row["name_en"], *codes)):
                for form in (words.short_name(name), same_name(name)):
                    self.called[form].add(row["region"])
        self.known, self.told = cache(self._known), cache(self._told)
        self.faults, self.used, self.empty = list[Problem](), set[int](), 0
        self.refused = [problem for sheet in sheets for problem in sheet.problems]
        self.figures: list[tuple[dict[str, str], Entry]] = []
        self.left_out: dict[str, tuple[int, str]] = {}

    def fault(self, rule: Rule, code: str, column: str, **values: Any) -> None:
        self.faults.append(Problem(self.mapping.file, rule.row or None, column, code, values))

    def take(self, rule: Rule) -> None:
        """Add the figures of a rule, or the first of its faults: one of the name, the series, its region or unit."""
        before = len(self.faults)
        if rule.indicator not in self.units:
            about = {"key": "indicator_id", "table": "indicators", "cell": rule.indicator}
            self.fault(rule, "unknown_name", "indicator", near=closest(rule.indicator, self.units), **about)
            return
        chosen = self.chosen(rule)
        entries = [self.entries[k] for k in chosen]
        for look in (self.settled, self.one_each, self.of_another, self.units_agree):
            if len(self.faults) > before:
                return
            look(rule, entries)
        if len(self.faults) == before:
            self.used |= set(chosen)
            ratio = self.ratio(rule, entries) if rule.factor is None and not rule.offset else None
            rule = replace(rule, factor=ratio) if ratio not in (None, 1) else rule
            stated = any(self.known(entry.labels.get("@region", "")) for entry in entries)
            for entry in entries:
                self.figure(rule, entry, stated)

    def leave_out(self, name: str, entry: Entry) -> None:
        count, first = self.left_out.get(name, (0, f"{entry.file}, row {entry.row}"))
        self.left_out[name] = (count + 1, first)

    # which cells

    def chosen(self, rule: Rule) -> list[int]:
        """The entries that a rule names; a fault of the rule when there are none."""
        every, wanted = self.entries, same_name(rule.name)
        ks = self.named.get(wanted, []) if rule.name else list(range(len(every)))
        if rule.rows:  # each row is named by its region, perhaps under the title of its table
            above = (words.names_of(entry.name.rpartition("/")[0]) for entry in every)
            ks = sorted({*ks, *(k for k, names in enumerate(above) if wanted in names)})
            for k in ks:
                last = every[k].name.rsplit("/", 1)[-1]
                every[k] = replace(every[k], labels={"@region": last, **every[k].labels})
        if rule.after:
            start = next(iter(self.named.get(same_name(rule.after), [])), len(every))
            ks = [k for k in ks if k >= start]
        ks = [k for k in ks if all(every[k].labels.get(key) == t for key, t in rule.where.items())]
        cells = [k for k in ks if same_name(every[k].part) == same_name(rule.column)]
        if rule.after and cells:  # the first row of that name only
            first = every[cells[0]]
            cells = [k for k in cells if (every[k].file, every[k].row) == (first.file, first.row)]
        if not cells:
            self.missing(rule, sorted({every[k].part for k in ks} - {""}))
        return cells

    def missing(self, rule: Rule, parts: list[str]) -> None:
        """The fault of a rule that names no cell: of its second heading, its columns of words, or its name."""
        labels = list(dict.fromkeys(h for e in self.entries for h in e.labels if not h.startswith("@")))
        key = next((key for key in rule.where if not any(key in e.labels for e in self.entries)), None)
        if parts or key is not None:
            column, wish, known = ("column", rule.column, parts) if parts else ("where", str(key), labels)
            about = {"cell": wish, "names": ", ".join(known), "near": closest(wish, known) if wish else []}
            self.fault(rule, "no_heading" if parts else "no_label", column, **about)
        else:
            code, names = "no_name_after" if rule.after else "no_name", {e.name: None for e in self.entries}
            near = closest(rule.name, filter(None, names)) if rule.name else []
            self.fault(rule, code, "name", cell=rule.title, after=rule.after, near=near)

    def settled(self, rule: Rule, entries: list[Entry]) -> None:
        """A fault for each column of words that says several things of one region, unless the rule says which.

        Where no column names regions, one that says the same throughout may be the region: it is asked about as well.
        """
        for key in dict.fromkeys(key for entry in entries for key in entry.open if key not in rule.where):
            said: dict[str, dict[str, None]] = defaultdict(dict)
            for entry in entries:
                if (text := entry.labels[key]) == "" or entry.period[:4] not in text:
                    said[self.region(rule, entry)][text] = None
            texts = next((list(told) for told in said.values() if len(told) > 1), [])
            every = [text for told in said.values() for text in told]
            known = any("@region" in e.labels or self.known(e.labels[key]) for e in entries)
            if len(every) == 1 and not known and every[0] and not typed.is_number(every[0]):
                texts = every if not words.UNIT.fullmatch(every[0]) else []
            if texts:
                some = ", ".join(f'"{text}"' for text in texts[:5])
                self.fault(rule, "open_label", "where", cell=some, key=key, value=texts[0])

    def one_each(self, rule: Rule, entries: list[Entry]) -> None:
        """A fault where the cells are not one figure for each region and year.

        Rows of a table of one figure per row that say two things of one year are compared later.
        """
        seen: dict[tuple[str, str], Entry] = {}
        rows: dict[tuple[str, str, int], Entry] = {}
        names: dict[str, Entry] = {}
        for entry in (entry for entry in entries if self.sheets[entry.file].layout != "long"):
            region = entry.labels.get("@region", "")
            first, other = seen.setdefault((region, entry.period), entry), names.setdefault(region, entry)
            above = rows.setdefault((region, entry.file, entry.block), entry)
            alone = entry.name == other.name and (above.row == entry.row or above.at[1] == entry.at[1])
            differs = as_text(first.cell) != as_text(entry.cell)
            if differs or not (alone or first is not entry):
                other = first if differs else above if above is not entry else other
                sheet = "" if other.file == entry.file else f"{entry.file}, "
                about = {"name": rule.title, "first": other.file, "line": other.row, "again": entry.row}
                self.fault(rule, "two_rows", "name", other=sheet, **about)
                return

    def of_another(self, rule: Rule, entries: list[Entry]) -> None:
        """A fault where the rows or the lines above the table are of another region, or of an index as a level."""
        for entry in entries:
            preface, last = self.sheets[entry.file].preface, entry.name.rsplit("/", 1)[-1]
            own, named = same_name(rule.name) == same_name(last), self.known(last)
            if entry.labels.get("@region", "") and not (own and named):
                continue
            above = preface.get("region", "")
            told = {} if above else self.told(preface.get("title", "") + entry.name)
            within = "" if rule.region in told else next(iter(told), "")
            region = named or (above and (self.known(above) or above)) or within
            if region and region != rule.region:
                cell = last if named else above or told[within]
                self.fault(rule, "other_region", "region", cell=cell, region=rule.region, row=cell)
                break
        first, preface = entries[0], self.sheets[entries[0].file].preface
        texts = [first.unit, first.name, first.part, first.labels.get("@indicator", "")]
        texts += [preface.get("title", ""), preface.get("indicator", ""), rule.unit]
        index = next(filter(words.is_index, texts), "")
        if index and not any(map(words.is_index, self.units[rule.indicator])) and rule.offset != -100:
            self.fault(rule, "index_level", "measure", cell=index)

    def _told(self, title: str) -> dict[str, str]:
        """The regions that a title in Chinese speaks of, with the names that it uses."""
        called = ((name, one) for name, ones in self.called.items() for one in ones if len(name) > 1)
        return {} if title.isascii() else {one: name for name, one in called if name in same_name(title)}

    def _known(self, name: str) -> str:
        """The region of a name: as the mapping says, or as regions.csv does in any of its forms; "" where unknown."""
        if name in self.mapping.regions:
            return str(self.mapping.regions[name])
        exact = self.called.get(same_name(name), set()) or self.called.get(words.short_name(name), set())
        return next(iter(exact)) if len(exact) == 1 else ""

    # in which unit

    def unit_names(self, rule: Rule) -> list[str]:
        """The unit of the figures that a rule makes, in each of its spellings."""
        return ["%"] if rule.measure in CHANGES else self.units[rule.indicator]

    def ratio(self, rule: Rule, entries: list[Entry]) -> Decimal | None:
        """By what the figures are multiplied to be in the unit of the indicator; None where that is not known."""
        unit = rule.unit or next((entry.unit for entry in entries if entry.unit), "")
        names = self.unit_names(rule)
        if words.same_unit(unit, *names):
            return Decimal(1)
        ratios = (words.multiple(unit, name) for name in names if unit and name)
        return next((ratio for ratio in ratios if ratio is not None), None)

    def units_agree(self, rule: Rule, entries: list[Entry]) -> None:
        """A fault where the unit of the file is not that of the figures, and no factor is declared that makes it so."""
        names, ratio = self.unit_names(rule), self.ratio(rule, entries)
        expected, change = names[0], "_of_change" if rule.measure in CHANGES else ""
        stated = list(dict.fromkeys(entry.unit for entry in entries if entry.unit))
        unit, declared = rule.unit or next(iter(stated), ""), (rule.factor, rule.offset) != (None, None)
        about = {"cell": unit, "unit": unit, "expected": expected}
        about |= {"indicator": rule.indicator, "measure": rule.measure}
        for own in stated if rule.unit else ():
            alike = words.same_unit(own, *names) and words.same_unit(rule.unit, *names)
            if not alike and not words.same_unit(own, rule.unit):
                self.fault(rule, "unit_of_file", "unit", cell=rule.unit, unit=own, sheet=entries[0].file)
        shares = expected == "%" and _fractions(entries)
        if len(stated) > 1 and not rule.unit:
            self.fault(rule, "two_units", "unit", cell=", ".join(stated))
        elif not unit and expected:
            self.fault(rule, f"no_unit{change}", "unit", **about)
        elif unit and not declared and ratio is None:
            self.fault(rule, f"no_factor{change}", "unit", **about)
        elif shares and not declared:
            self.fault(rule, "fractions", "factor")
        elif rule.factor and not rule.offset and ratio not in (None, abs(rule.factor)):
            about |= {"cell": str(rule.factor), "factor": f"{ratio:f}"}
            if not (shares and rule.factor == 100):
                self.fault(rule, "other_factor", "factor", **about)

    # what a cell says

    def region(self, rule: Rule, entry: Entry) -> str:
        """The region of a figure; "" where it names one that is not known."""
        if name := entry.labels.get("@region", ""):
            own = name in (entry.labels.get(key) for key in rule.where)
            asked = own or same_name(rule.name) == same_name(name)
            code = self.known(entry.labels.get("@code", ""))
            return self.known(name) or code or (rule.region if asked else "")
        return next(filter(None, map(self.known, (entry.labels[key] for key in entry.open))), rule.region)

    def refuse(self, entry: Entry, code: str, column: str, **values: Any) -> None:
        self.refused.append(Problem(entry.file, entry.row, column or entry.column, code, values))

    def figure(self, rule: Rule, entry: Entry, stated: bool) -> None:
        """Add the row of observations.csv that a cell becomes, or what keeps it from being one."""
        labels, cell, sheet = entry.labels, as_text(entry.cell), self.sheets[entry.file]
        if labels.get("ACTION") == "D":
            self.refuse(entry, "read_deletion", "ACTION", cell="D")
            return
        try:
            figure = None if cell in self.mapping.missing else entry.cell
            figure = typed.with_points(figure, self.mapping.decimal or sheet.decimal)
            in_words = rule.measure in CHANGES and not rule.converts
            reading = (typed.read_change if in_words else typed.read_figure)(figure)
        except UnreadableCell as error:
            self.refuse(entry, error.code, "", cell=cell)
            return
        if reading is None:
            self.empty += 1
            return
        region, name, before = self.region(rule, entry), labels.get("@region", ""), len(self.refused)
        near = [] if region else closest(name, [*self.regions["region"], *self.regions["name_zh"]])
        if name and not region and stated and not near:
            self.leave_out("(regions that regions.csv does not hold)", entry)
            return
        self.dated(entry)
        unit = self.unit_names(rule)[0]
        if reading.percent and not words.same_unit(own := rule.unit or entry.unit or unit, "%"):
            self.refuse(entry, "read_percent", "", cell=cell, unit=own)
        if not region or (stated and not name and "@region" in labels and not rule.where):
            self.refuse(entry, "read_region", "region", cell=name, near=near)
        word = labels.get("@status", "") or typed.status_flag(entry.stated)
        noted = "preliminary" if entry.period in sheet.preliminary and rule.status == "final" else rule.status
        if (status := self.mapping.statuses.get(word, status_of(word)) or noted) not in STATUSES:
            self.refuse(entry, "read_status", "status", cell=word, statuses=", ".join(STATUSES))
        if not _is_date(published := labels.get("@published", "") or rule.published):
            self.refuse(entry, "read_date", "published", cell=published)
        qualifier = labels.get("@qualifier", "") or reading.qualifier
        if qualifier not in QUALIFIERS or reading.qualifier not in ("=", qualifier):
            about = {"cell": qualifier, "qualifiers": ", ".join(QUALIFIERS)}
            self.refuse(entry, "read_qualifier", "qualifier", **about)
        if len(self.refused) == before:
            marks = dict.fromkeys(entry.marks + reading.marks)
            notes = [f"{mark} {sheet.footnotes.get(mark, '')}".strip() for mark in marks]
            note = "; ".join(filter(None, [labels.get("@note", ""), *notes, rule.note]))
            value, qualifier = _converted(reading.value, qualifier, rule)
            row = {"indicator_id": rule.indicator, "region": region, "period": entry.period, "value": value}
            row |= {"qualifier": qualifier, "measure": rule.measure, "unit": unit, "status": status}
            row |= {"published": published, "note": note, "base_period": rule.base_period}
            self.figures.append((row, entry))

    def dated(self, entry: Entry) -> None:
        """Refuse a figure of a month, a quarter or a fiscal year."""
        frequency = entry.labels.get("@frequency", "")
        bare = PERIOD.fullmatch(entry.period) and "-" in entry.period
        if bare and not re.search("[月季年]", entry.stated) and self.mapping.period != TO_DATE:
            frequency = frequency or entry.stated
        if frequency.casefold() not in _ANNUAL:
            self.refuse(entry, "read_frequency", "frequency", cell=frequency)
        elif not PERIOD.fullmatch(entry.period):
            code = "read_fiscal" if entry.period.startswith("FY") else "read_period"
            self.refuse(entry, code, "period", cell=entry.period)


def _fractions(entries: list[Entry]) -> bool:
    """Whether the numbers of some cells are as those of shares that are shown as percent: below 1, or hardly above."""
    texts = [as_text(entry.cell) for entry in entries]
    numbers = [abs(float(t)) for t in texts if re.fullmatch(r"[-+]?\d*\.?\d+(e-?\d+)?", t)]
    return any(0 < number < 1 for number in numbers) and all(number <= 1.5 for number in numbers)


def _converted(value: str, qualifier: str, rule: Rule) -> tuple[str, str]:
    """Value × factor + offset, exactly; a negative factor turns a lower bound into an upper one."""
    if not rule.converts:
        return value, qualifier
    factor = rule.factor or Decimal(1)
    number = typed.plain(Decimal(value) * factor + (rule.offset or 0))
    if factor < 0:
        qualifier = typed.TURNED.get(qualifier, qualifier)
    if number == typed.plain(Decimal(value)):
        return value, qualifier
    return (number.rstrip("0").rstrip(".") if "." in number else number), qualifier

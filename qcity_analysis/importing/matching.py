"""What a mapping says of one file: each figure with its indicator, region, period, unit and source.

What is wrong with the mapping itself (a name that is not in the file, two rows of one name, a unit that differs) is
raised all at once; a cell that cannot be read is refused with its place and leaves the others standing. Out of scope:
what the package holds already (`importing`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd

from ..data.schema import CHANGES, PERIOD, QUALIFIERS, STATUSES, is_date
from ..errors import did_you_mean
from ..problems import DataError, Problem, free
from .cells import (
    TURNED,
    Reading,
    UnreadableCell,
    as_text,
    half_width,
    plain,
    read_change,
    read_figure,
    same_name,
)
from .layout import Entry, Sheet
from .mapping import Mapping, Rule
from .sdmx import STATUS


@dataclass
class Matched:
    """The figures of a file under a mapping.

    Attributes: `figures` (pairs of a row of observations.csv, without its source, and the entry it was read from),
    `refused` (a problem for every cell that cannot be used), `empty` (number of cells that say there is no figure),
    `left_out` (names that the mapping does not mention, with the number of their cells and where the first stands).

    >>> Matched().empty
    0
    """

    figures: list[tuple[dict[str, str], Entry]] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    empty: int = 0
    left_out: dict[str, tuple[int, str]] = field(default_factory=dict)


def match(
    sheets: list[Sheet], mapping: Mapping, tables: dict[str, pd.DataFrame], spreadsheet: bool
) -> Matched:
    """Every figure of some sheets that the mapping names; see `Matched`.

    `tables` are those of the package by name; `spreadsheet` says that cells may hold fractions shown as percent. Raises
    DataError with every problem of the mapping.

    >>> import qcity_analysis.data.load as package
    >>> sheet = Sheet((Entry("a.csv", 2, "B (2020)", "研发强度", "", "2020", "3.48", "%"),), {}, "years_across")
    >>> from qcity_analysis.importing.mapping import read_mapping
    >>> mapping = read_mapping({"source": {"publisher": "P", "title": "T", "date": "2021"}, "region": "nanjing",
    ...     "figures": [{"name": "研发强度", "indicator": "rd_intensity"}]})
    >>> [row["value"] for row, _ in match([sheet], mapping, package.read_folder()[0], False).figures]
    ['3.48']
    """
    work = _Matching(sheets, mapping, tables, spreadsheet)
    for rule in mapping.rules:
        work.take(rule)
    if work.faults:
        raise DataError(sorted(work.faults, key=lambda p: p.row or 0))
    work.list_left_out()
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
        self.parts = [same_name(entry.part) for entry in self.entries]
        self.named: dict[str, list[int]] = defaultdict(list)
        for k, entry in enumerate(self.entries):
            for name in _names(entry):
                self.named[name].append(k)
        self.called: dict[str, set[str]] = defaultdict(set)  # regions by each of their names
        for column in ("region", "name_zh", "name_en"):
            for name, region in zip(self.regions[column], self.regions["region"], strict=True):
                self.called[str(name)].add(str(region))
        self.faults: list[Problem] = []
        self.done = Matched(refused=[problem for sheet in sheets for problem in sheet.problems])
        self.used: set[int] = set()

    def fault(self, rule: Rule, column: str, found: str, allowed: str, remedy: str) -> None:
        row = rule.row or None
        self.faults.append(free(self.mapping.file, row, column, found, allowed, remedy))

    def list_left_out(self) -> None:
        left = self.done.left_out
        for k, entry in enumerate(self.entries):
            if k not in self.used:
                texts = (entry.name, entry.part, entry.labels.get("@region", ""))
                name = " ".join(filter(None, texts)) or "(no name)"
                count, place = left.get(name, (0, f"{entry.file}, row {entry.row}"))
                left[name] = (count + 1, place)

    # which cells

    def take(self, rule: Rule) -> None:
        known = list(self.indicators.index)
        if rule.indicator and rule.indicator not in known:
            remedy = f"add it there, or correct it.{did_you_mean(rule.indicator, known)}"
            self.fault(rule, "indicator", rule.indicator, "indicator_id of indicators.csv", remedy)
            return
        chosen = self.chosen(rule)
        entries = [self.entries[k] for k in chosen]
        if entries and self.unambiguous(rule, entries) and self.units_agree(rule, entries):
            self.used |= set(chosen)
            for entry in entries:
                self.figure(rule, entry)

    def chosen(self, rule: Rule) -> list[int]:
        name, part = same_name(rule.name), same_name(rule.column)
        candidates = self.named.get(name, []) if name else list(range(len(self.entries)))
        if rule.after:
            start = next(iter(self.named.get(same_name(rule.after), [])), len(self.entries))
            candidates = [k for k in candidates if k >= start]
        wanted = rule.where.items()
        fitting = [k for k in candidates if all(self.entries[k].labels.get(key) == t for key, t in wanted)]
        cells = [k for k in fitting if self.parts[k] == part]
        if rule.after and cells:  # the first row of that name only
            first = self.entries[cells[0]]
            row = (first.file, first.row)
            cells = [k for k in cells if (self.entries[k].file, self.entries[k].row) == row]
        if not cells:
            self.missing(rule, sorted({self.entries[k].part for k in fitting} - {""}))
        return cells

    def missing(self, rule: Rule, parts: list[str]) -> None:
        key = next((k for k in rule.where if not any(k in e.labels for e in self.entries)), None)
        if parts:
            allowed = f"one of the second headings: {', '.join(parts)}"
            remedy = f"say which with `column:`.{did_you_mean(rule.column, parts) if rule.column else ''}"
            self.fault(rule, "column", rule.column, allowed, remedy)
        elif key is not None:
            headings = list(dict.fromkeys(h for e in self.entries for h in e.labels if not h.startswith("@")))
            remedy = f"correct `where:`.{did_you_mean(key, headings)}"
            self.fault(rule, "where", key, f"a column of the file: {', '.join(headings)}", remedy)
        else:
            names = list(dict.fromkeys(e.name for e in self.entries if e.name))
            hint = did_you_mean(rule.name, names) if rule.name else ""
            after = f" after {rule.after!r}" if rule.after else ""
            remedy = f"write it as it stands there, or remove the entry.{hint}"
            self.fault(rule, "name", rule.title, f"a name in the file{after}", remedy)

    def unambiguous(self, rule: Rule, entries: list[Entry]) -> bool:
        """Whether there is one figure for each region and year; rows of a long table are compared later."""
        seen: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            key = (self.region(rule, entry) or entry.labels.get("@region", ""), entry.period)
            first = seen.setdefault(key, entry)
            if not entry.labels and as_text(first.cell) != as_text(entry.cell):
                place = "" if first.file == entry.file else f"{entry.file}, "
                found = f"{rule.title!r} in {first.file}, row {first.row}, and in {place}row {entry.row}"
                remedy = "say which with `after:` and a name that stands above it, or with `sheet:`"
                self.fault(rule, "name", found, "one figure for each year", remedy)
                return False
        return True

    def unit(self, rule: Rule) -> str:
        """The unit of the figures that a rule makes."""
        return "%" if rule.measure in CHANGES else str(self.indicators.at[rule.indicator, "unit"])

    def units_agree(self, rule: Rule, entries: list[Entry]) -> bool:
        expected, changes = self.unit(rule), rule.measure in CHANGES
        names = ["%"] if changes else [expected, str(self.indicators.at[rule.indicator, "unit_zh"])]
        allowed = f"{expected!r}, the unit of {rule.indicator!r}" + (f" as {rule.measure}" if changes else "")
        stated = list(dict.fromkeys(entry.unit for entry in entries if entry.unit))
        before = len(self.faults)
        for unit in stated if rule.unit else ():
            alike = _same_unit(unit, *names) and _same_unit(rule.unit, *names)
            if not alike and not _same_unit(unit, rule.unit):
                remedy = f"{entries[0].file} says {unit!r}: correct `unit:`"
                self.fault(rule, "unit", rule.unit, f"the unit in the file, {unit!r}", remedy)
        unit = rule.unit or (stated[0] if stated else "")
        declared = rule.factor is not None or rule.offset is not None
        if len(stated) > 1 and not rule.unit:
            remedy = "take the rows one by one with `after:`, `sheet:` or `where:`"
            self.fault(rule, "unit", ", ".join(stated), "one unit", remedy)
        elif not unit and expected:
            remedy = "the file states no unit for it: write `unit:`, and `factor:` if it differs"
            self.fault(rule, "unit", "", allowed, remedy)
        elif unit and not declared and not _same_unit(unit, *names):
            remedy = f"write `factor:`, by which a figure in {unit!r} becomes one in {expected!r}"
            self.fault(rule, "unit", unit, allowed, remedy)
        elif expected == "%" and not declared and self.spreadsheet and _fractions(entries):
            remedy = (
                "a cell shown as 3.48% holds 0.0348: write `factor: 100` if they are such, `factor: 1` if not"
            )
            self.fault(rule, "factor", "all figures between -1 and 1", "figures in percent", remedy)
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

    def refuse(self, entry: Entry, found: str, allowed: str, remedy: str, column: str = "") -> None:
        place = column or entry.column
        self.done.refused.append(free(entry.file, entry.row, place, found, allowed, remedy))

    def figure(self, rule: Rule, entry: Entry) -> None:
        if entry.labels.get("ACTION") == "D":
            remedy = "a figure held is never deleted by an import: set it right in corrections.yaml"
            self.refuse(entry, "D", "a figure (action I, A, M or R)", remedy, "ACTION")
            return
        try:
            reading = (read_change if rule.in_words else read_figure)(entry.cell)
        except UnreadableCell as error:
            self.refuse(entry, as_text(entry.cell), error.allowed, error.remedy)
            return
        if reading is None:
            self.done.empty += 1
        elif (row := self.row(rule, entry, reading)) is not None:
            self.done.figures.append((row, entry))

    def row(self, rule: Rule, entry: Entry, reading: Reading) -> dict[str, str] | None:
        """The row of observations.csv that a cell becomes; None when something about it is refused."""
        before, in_copy = len(self.done.refused), "correct it in a copy of the file"
        unit, labels = self.unit(rule), entry.labels
        own = rule.unit or entry.unit or unit
        if reading.percent and not _same_unit(own, "%"):
            remedy = (
                "a percent sign beside a figure in another unit: correct the unit of the mapping, or the cell"
            )
            self.refuse(entry, as_text(entry.cell), f"a figure in {own!r}", remedy)
        if not PERIOD.fullmatch(entry.period):
            allowed = "a year as 2024, or a year to date as 2024年1-8月, 2024年前三季度, 2024-08"
            self.refuse(entry, entry.period, allowed, in_copy, "period")
        region = self.region(rule, entry)
        if not region:
            name, allowed = (
                _stated_region(entry),
                "a region of regions.csv, or one named under `regions:` in the mapping",
            )
            known = [*self.regions["region"], *self.regions["name_zh"]]
            self.refuse(entry, name, allowed, f"add it there.{did_you_mean(name, known)}", "region")
        word = labels.get("@status", "")
        status = self.mapping.statuses.get(word, STATUS.get(word, word)) or rule.status
        if status not in STATUSES:
            remedy = "say what it means under `statuses:` in the mapping"
            self.refuse(entry, word, ", ".join(STATUSES), remedy, "status")
        published = labels.get("@published", "") or rule.published
        if not is_date(published):
            self.refuse(entry, published, "a date as 2023-02-28, 2023-02 or 2023", in_copy, "published")
        qualifier = labels.get("@qualifier", "") or reading.qualifier
        if qualifier not in QUALIFIERS or (reading.qualifier != "=" and qualifier != reading.qualifier):
            remedy = "correct the cell in a copy of the file"
            self.refuse(entry, qualifier, ", ".join(QUALIFIERS), remedy, "qualifier")
        if len(self.done.refused) > before:
            return None
        value, qualifier = _converted(reading.value, qualifier, rule)
        cells = {"indicator_id": rule.indicator, "region": region, "period": entry.period, "value": value}
        cells |= {"qualifier": qualifier, "measure": rule.measure, "unit": unit, "status": status}
        note = self.note(rule, entry, reading)
        return cells | {"published": published, "note": note, "base_period": rule.base_period}

    def note(self, rule: Rule, entry: Entry, reading: Reading) -> str:
        texts = self.footnotes.get(entry.file, {})
        marks = dict.fromkeys(entry.marks + reading.marks)
        notes = [f"{mark} {texts.get(mark, '')}".strip() for mark in marks]
        return "; ".join(filter(None, [entry.labels.get("@note", ""), *notes, rule.note]))


def _names(entry: Entry) -> set[str]:
    """The names by which a mapping may call a cell: whole, without the names above it, and with its unit."""
    own = same_name(entry.name)
    with_unit = {same_name(f"{entry.name}({entry.unit})")} if entry.unit else set()
    return {own, own.rsplit("/", 1)[-1]} | with_unit


def _stated_region(entry: Entry) -> str:
    return entry.labels.get("@region", "") or entry.labels.get("region", "")


def _same_unit(unit: str, *names: str) -> bool:
    def bare(text: str) -> str:
        stem = "".join(half_width(text).split()).casefold()
        return {"百分比": "%", "percent": "%", "pct": "%"}.get(stem, stem)

    return bare(unit) in map(bare, names)


def _fractions(entries: list[Entry]) -> bool:
    """Whether all numbers of some cells lie between -1 and 1, as fractions shown as percent do."""
    numbers = [e.cell for e in entries if isinstance(e.cell, float)]
    return bool(numbers) and any(numbers) and all(abs(number) < 1 for number in numbers)


def _converted(value: str, qualifier: str, rule: Rule) -> tuple[str, str]:
    """Value × factor + offset, exactly; a negative factor turns a lower bound into an upper one."""
    if rule.factor in (None, 1) and not rule.offset:
        return value, qualifier
    factor = rule.factor or Decimal(1)
    number = plain(Decimal(value) * factor + (rule.offset or 0))
    if factor < 0:
        qualifier = TURNED.get(qualifier, qualifier)
    if number == plain(Decimal(value)):
        return value, qualifier
    return (number.rstrip("0").rstrip(".") if "." in number else number), qualifier

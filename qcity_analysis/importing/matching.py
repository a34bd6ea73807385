"""What a mapping says of one file: each figure with its indicator, region, period and unit.

What is wrong with the mapping (a name that is not in the file, two rows of one name, a unit that differs) is raised all
at once; a cell that cannot be read is refused with its place and leaves the others standing. Out of scope: reading the
mapping (`mapping`), and what the package holds already (`importing`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd

from ..data.schema import CHANGES, PERIOD, QUALIFIERS, STATUSES, is_date
from ..errors import closest
from ..problems import DataError, Problem
from . import cells as typed
from . import headings as words
from .cells import UnreadableCell, as_text, same_name
from .layout import Entry, Sheet
from .mapping import TO_DATE, Mapping, Rule
from .sheets import status_of


class Matching:
    """The figures of a file that a mapping names, rule after rule. Raises DataError with every problem of the mapping.

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
        unread = [problem for sheet in sheets for problem in sheet.problems]
        self.refused = [*unread]
        self.figures: list[tuple[dict[str, str], Entry]] = []
        self.left_out: dict[str, tuple[int, str]] = {}
        for rule in mapping.rules:
            self.take(rule)
        if self.faults:
            raise DataError([*unread, *sorted(self.faults, key=lambda p: p.row or 0)])
        for k, entry in enumerate(self.entries):
            if k not in self.used:
                name = " ".join(filter(None, (entry.name, entry.part, entry.labels.get("@region", ""))))
                self.leave_out(name or "(no name)", entry)

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
            look(rule, entries)
            if len(self.faults) > before:
                return
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
        """A fault where cells are not one figure for each region and year; rows of one figure are compared later."""
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
        if not is_date(published := labels.get("@published", "") or rule.published):
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
        if frequency.casefold() not in ("", "a", "annual", "yearly", "year", "年", "年度", "a: annual"):
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

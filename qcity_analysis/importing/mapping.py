"""The mapping: which names of a file are which indicators, in what unit, from which source. Declared, never guessed.

Reads the small YAML file that a person writes (`TEMPLATE` documents it), reports every problem of it at once, and
writes a starter for a file: a name that is the same as an indicator's is proposed, a similar one is a comment to be
confirmed. What a mapping says of one file is worked out in `matching`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas as pd

from ..data.load import find_folder, read_folder
from ..data.read import Lines, read_yaml
from ..data.schema import CHANGES, MEASURES, STATUSES, TABLES, is_date
from ..errors import did_you_mean
from ..problems import DataError, Problem, free
from .cells import same_name
from .layout import LAYOUTS, ROLES, Entry, Sheet, is_number, read_layout
from .sheets import read_grids

TEMPLATE = """\
# How the figures of one file become rows of observations.csv. 一个文件的数据如何成为 observations.csv 的行。
# sheet: 3-1               # sheets to read, one or a list; all when left out  要读的工作表
# layout: years_across     # years_across, years_down or long; found by itself when left out  版式
# columns:                 # long layout: headings that are not the usual ones  长表的列名
#   indicator: 指标         # also region, period, value, unit, status, qualifier, published, note
# regions: {{南京市: nanjing}}  # names of regions in the file  文件中的地区名
# statuses: {{快报: preliminary}}  # words for the status in the file  文件中的数据状态
region: {region}            # region of every figure that does not say otherwise  地区
status: final              # final, preliminary or estimate  数据状态
source:                    # where the figures were published  来源
  publisher: ""            # 发布机构
  title: ""                # 文件名称
  date: ""                 # when, as 2024-11-20, 2024-11 or 2024  发布日期
# published: 2024-11-20    # when the figures could be known, if not on the date of the source  数据公布日期
figures:                   # one entry for each name to be taken from the file  逐条对应
# - name: 研发经费支出       # as it stands in the file  文件中的名称
#   after: 其中：            # the first row of that name after this one, when a name stands more than once
#   column: 比上年增长       # second heading, when a year has several columns  第二层列名
#   where: {{REF_AREA: NJ}} # or: what other columns must say (long layout, SDMX)  长表、SDMX的条件
#   indicator: rd_spending # as in indicators.csv  指标
#   region: nanjing
#   measure: level         # level, change_pct, cumulative_change_pct, count_new or count_total  量度
#                          # as change_pct a cell may say 下降5% or 增长5%  变化率可写作“下降5%”“增长5%”
#   base_period: 2020      # base year of a cumulative change  累计变化的基年
#   unit: 亿元              # unit in the file, where the file states none  文件中的单位
#   factor: 10000          # figure × factor + offset is in the unit of the indicator; -1 turns a fall into a change
#   offset: -100           # an index (上年=100) as a change in percent
#   note: ""
"""

_SOURCE = (*(c.name for c in TABLES["sources"].columns), "id")
_SHARED = ("region", "status", "published", "measure", "unit", "base_period", "factor", "offset", "note")
_TOP = ("sheet", "layout", "columns", "regions", "statuses", "source", "figures", *_SHARED)
_RULE = ("name", "after", "column", "where", "indicator", *_SHARED)
_NOT_ASKED = {"STRUCTURE", "STRUCTURE_ID", "DATAFLOW", "ACTION", "OBS_VALUE", "TIME_PERIOD", "OBS_STATUS"}
_At = tuple[str | int, ...]  # the keys that lead to an entry of the file


@dataclass(frozen=True)
class Rule:
    """One entry of `figures`: which cells of the file, and what they are.

    Attributes as in the file (text, "" where not said); `row` is its line in the mapping, `factor` and `offset`
    numbers or None.

    >>> Rule(row=9, indicator="rd", name="研发强度").measure
    'level'
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
        """The rule in a few words, for a message.

        >>> Rule(row=9, indicator="rd", where={"REF_AREA": "NJ"}).title
        'REF_AREA=NJ'
        """
        words = [self.name, *(f"{key}={text}" for key, text in self.where.items())]
        return " ".join([" / ".join(filter(None, words)) or "all figures", *filter(None, [self.column])])

    @property
    def in_words(self) -> bool:
        """Whether a cell may say "下降5%": the figures are changes, and the mapping does not turn or move them.

        >>> Rule(row=9, indicator="rd", measure="change_pct").in_words
        True
        """
        return self.measure in CHANGES and self.factor in (None, 1) and not self.offset


@dataclass(frozen=True)
class Mapping:
    """A mapping as read: `rules`, `source` (cells of sources.csv), `sheets` (None: all), `layout` (None: found),
    `columns`, `regions` and `statuses` (name in the file → ours), and the `file` it stands in.

    >>> Mapping((), {"publisher": "P"}).layout is None
    True
    """

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
        return _Reader("mapping", {}).mapping(_as_text(given))
    content, lines = read_yaml(Path(given).expanduser())
    return _Reader(Path(given).name, lines).mapping(content)


def _as_text(value: Any) -> Any:
    """Scalars of a dict as the text they would be in a file."""
    if isinstance(value, Dict):
        return {str(key): _as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(item) for item in value]
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
            self.fault(("figures",), "", "a list of names and indicators", "add an entry `- name: …`")
            figures = []
        shared = {key: top[key] for key in _SHARED if key in top}
        rules = [self.rule(item, k, shared, source) for k, item in enumerate(figures)]
        sheets = top.get("sheet") or None
        self.choice(top, (), "layout", LAYOUTS)
        columns = self.entries(top.get("columns") or {}, ("columns",), tuple(ROLES))
        statuses = top.get("statuses") or {}
        for word in statuses:
            self.choice(statuses, ("statuses",), word, STATUSES)
        if self.problems:
            raise DataError(sorted(self.problems, key=lambda p: p.row or 0))
        sheets = (sheets,) if isinstance(sheets, str) else sheets and tuple(sheets)
        layout, regions = str(top.get("layout") or "") or None, top.get("regions") or {}
        return Mapping(tuple(rules), source, sheets, layout, columns, regions, statuses, self.file)

    def fault(self, at: _At, found: str, allowed: str, remedy: str, column: str = "") -> None:
        """Note a problem at the nearest entry that stands in the file."""
        row = next((self.lines[at[:k]] for k in range(len(at), -1, -1) if at[:k] in self.lines), None)
        self.problems.append(free(self.file, row, column or str(at[-1]), found, allowed, remedy))

    def entries(self, content: Any, at: _At, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(content, Dict):
            remedy, name = "see `qcity import FILE --suggest` for a starter", str(at[-1]) if at else "mapping"
            self.fault(at, str(content or ""), f"entries as {known[0]}: …", remedy, name)
            return {}
        for key in content:
            if key not in known:
                remedy = f"rename or remove it.{did_you_mean(key, known)}"
                self.fault((*at, key), "an unknown entry", ", ".join(known), remedy)
        return {key: value for key, value in content.items() if key in known}

    def choice(self, entries: Dict[str, Any], at: _At, key: str, choices: tuple[str, ...]) -> None:
        value = str(entries.get(key, "") or "")
        if value and value not in choices:
            remedy = f"choose one of them.{did_you_mean(value, choices)}"
            self.fault((*at, key), value, ", ".join(choices), remedy)

    def source(self, content: Any) -> dict[str, str]:
        entries = self.entries(content, ("source",), _SOURCE)
        for key in ("publisher", "title", "date"):
            if not entries.get(key):
                remedy = "say where the figures were published"
                self.fault(("source", key), "", "a value", remedy, f"source: {key}")
        self.date(entries.get("date", ""), ("source", "date"), "source: date")
        return {key: str(value) for key, value in entries.items() if value}

    def date(self, value: str, at: _At, column: str) -> None:
        if value and not is_date(value):
            remedy = "write the day, month or year as far as it is known"
            self.fault(at, value, "a date as 2023-02-28, 2023-02 or 2023", remedy, column)

    def number(self, value: str, at: _At) -> Decimal | None:
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_finite() and (number or at[-1] == "offset"):
            return number
        self.fault(at, value, "a number other than zero", "write it as 10000 or 0.01")
        return None

    def rule(self, item: Any, k: int, shared: dict[str, Any], source: dict[str, str]) -> Rule:
        at = ("figures", k)
        own = self.entries(item, at, _RULE)
        for key in [key for key, value in own.items() if value == "?"]:
            self.fault((*at, key), "?", "a value", "fill it in; the comment beside it says what is asked")
            own[key] = {"factor": "1", "indicator": "?"}.get(key, "")
        if not own.get("indicator") and isinstance(item, Dict):
            remedy = "name one of indicators.csv; `qcity import FILE --suggest` proposes some"
            self.fault(at, "", "an indicator_id", remedy, "indicator")
        entries = shared | own
        self.choice(entries, at, "measure", MEASURES)
        self.choice(entries, at, "status", STATUSES)
        self.date(str(entries.get("published", "")), (*at, "published"), "published")
        numbers = {
            key: self.number(str(entries[key]), (*at, key)) for key in ("factor", "offset") if key in entries
        }
        where = own.get("where") or {}
        if not isinstance(where, Dict):
            self.fault((*at, "where"), str(where), "columns and texts", "write it as {REF_AREA: NJ}")
            where = {}
        texts = {
            key: str(value) for key, value in entries.items() if value and key not in (*numbers, "where")
        }
        texts.setdefault("published", source.get("date", ""))
        row = self.lines.get(at, 0)
        return Rule(row, texts.pop("indicator", ""), where=where, **numbers, **texts)  # type: ignore[arg-type]


def read_sheets(
    path: Path, mapping: Mapping
) -> tuple[list[Sheet], tuple[str, ...], dict[str, tuple[int, str]]]:
    """The sheets of a file that hold figures, how each was opened, and the sheets without any table of years.

    A sheet that the mapping names, or the only one, must hold a table: its problem goes with it.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = place.write_text("指标,2020年\\nA,1\\n", "utf-8")
    >>> len(read_sheets(place, Mapping((), {}))[0][0].entries)
    1
    """
    wanted = list(mapping.sheets) if mapping.sheets else None
    grids = read_grids(path, wanted)
    sheets, unread = [], {}
    for grid in grids:
        sheet = read_layout(grid, mapping.layout, mapping.columns)
        if wanted is None and len(grids) > 1 and not sheet.entries:
            numbers = sum(is_number(cell) for row in grid.rows for cell in row)
            unread[f"(sheet {grid.sheet}, no table found)"] = (numbers, grid.file)
        else:
            sheets.append(sheet)
    return sheets, tuple(dict.fromkeys(grid.opened_as for grid in grids)), unread


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
    indicators = tables["indicators"]
    sheets = read_sheets(Path(file).expanduser(), Mapping((), {}))[0]
    unnamed = any(sheet.layout == "long" and not any(e.name for e in sheet.entries) for sheet in sheets)
    distinct: dict[tuple[str, ...], Entry] = {}
    for entry in (entry for sheet in sheets for entry in sheet.entries):
        distinct.setdefault((_where(entry),) if unnamed else (entry.name, entry.part), entry)
    known, unknown = [], []
    for entry in distinct.values():
        lines = [f"- where: {_where(entry)}" if unnamed else f"- name: {_quoted(entry.name)}"]
        lines += [f"  column: {_quoted(entry.part)}"] if entry.part else []
        indicator = _same(entry, indicators)
        if indicator is not None:
            known += [*lines, f"  indicator: {indicator['indicator_id']}", *_unit(entry, indicator)]
        else:
            unknown += [*lines, f'  indicator: "?"{_perhaps(entry, indicators)}']
    if unknown:
        known += ["# not found in indicators.csv:", *(f"# {line}" for line in unknown)]
    return (
        TEMPLATE.format(region=next(iter(tables["targets"]["region"]), "")) + "\n" + "\n".join(known) + "\n"
    )


def _where(entry: Entry) -> str:
    roles = {entry.labels.get(f"@{role}") for role in ("period", "value", "status", "published", "note")}
    asked = {
        key: text
        for key, text in entry.labels.items()
        if text and not key.startswith("@") and key not in _NOT_ASKED and text not in roles
    }
    return "{" + ", ".join(f"{key}: {_quoted(text)}" for key, text in asked.items()) + "}"


def _quoted(text: str) -> str:
    """Text as a YAML scalar, in quotes where YAML would read something else."""
    special = (
        not text or text[0] in "-?:,[]{}#&*!|>'\"%@`" or any(s in text for s in (": ", " #", "{", "}", ","))
    )
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if special else text


def _names(indicator: pd.Series) -> Iterable[str]:
    return (same_name(str(indicator[key])) for key in ("indicator_id", "name_zh", "name_en"))


def _same(entry: Entry, indicators: pd.DataFrame) -> pd.Series | None:
    """The one indicator that has the name of an entry."""
    name = same_name(entry.part or entry.name)
    wanted = {name, name.rsplit("/", 1)[-1]}
    rows = [row for _, row in indicators.iterrows() if wanted & set(_names(row))]
    return rows[0] if len(rows) == 1 and name else None


def _unit(entry: Entry, indicator: pd.Series) -> list[str]:
    unit, chinese = indicator["unit"], indicator["unit_zh"]
    own = f"{unit} ({chinese})" if chinese else unit
    if not entry.unit:
        return [f'  unit: "?"      # the file states none; the indicator is in {own}']
    if same_name(entry.unit) not in {same_name(str(unit)), same_name(str(chinese))}:
        return [f'  factor: "?"    # the file says {entry.unit}, the indicator is in {own}']
    return []


def _perhaps(entry: Entry, indicators: pd.DataFrame) -> str:
    """A comment that names up to three indicators of a similar name."""
    names = {name: row["indicator_id"] for _, row in indicators.iterrows() for name in _names(row) if name}
    wanted = same_name(entry.name)
    if len(wanted) < 3:
        return ""
    close = difflib.get_close_matches(wanted, names, n=2, cutoff=0.5)
    close += [name for name in names if wanted in name or name in wanted]
    ids = list(dict.fromkeys(names[name] for name in close))[:3]
    return f"  # perhaps {', '.join(ids)}" if ids else ""

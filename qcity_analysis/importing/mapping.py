"""The mapping: which names of a file are which indicators, in what unit, from which source. Declared, never guessed.

Reads the small YAML file that a person writes (`TEMPLATE` documents it) and reports every problem of it at once. What
it says of one file is worked out in `matching`.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..data.read import Lines, read_yaml
from ..data.schema import CHANGES, MEASURES, STATUSES, TABLES, is_date
from ..errors import DataError, Problem, did_you_mean
from .layout import LAYOUTS, ROLES

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
_COLUMNS = tuple(ROLES)


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
        source = self.source(top.get("source"))
        figures = top.get("figures") or []
        if not isinstance(figures, list) or not figures:
            self.fault(
                ("figures",), "figures", "", "a list of names and indicators", "add an entry `- name: …`"
            )
            figures = []
        shared = {key: top[key] for key in _SHARED if key in top}
        rules = [self.rule(item, k, shared, source) for k, item in enumerate(figures)]
        sheets = top.get("sheet") or None
        layout = self.choice(top, (), "layout", LAYOUTS) or None
        columns = self.entries(top.get("columns") or {}, ("columns",), _COLUMNS)
        made = Mapping(
            tuple(rules), source, (sheets,) if isinstance(sheets, str) else sheets and tuple(sheets), layout,
            columns, top.get("regions") or {}, self.statuses(top.get("statuses") or {}), self.file,
        )  # fmt: skip
        if self.problems:
            raise DataError(sorted(self.problems, key=lambda p: p.row or 0))
        return made

    def fault(self, at: tuple[str | int, ...], column: str, found: str, allowed: str, remedy: str) -> None:
        row = next((self.lines[at[:k]] for k in range(len(at), -1, -1) if at[:k] in self.lines), None)
        self.problems.append(Problem(self.file, row, column, found, allowed, remedy))

    def entries(self, content: Any, at: tuple[str | int, ...], known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(content, Dict):
            name = str(at[-1]) if at else "mapping"
            remedy = "see `qcity import FILE --suggest` for a starter"
            self.fault(at, name, str(content or ""), f"entries as {known[0]}: …", remedy)
            return {}
        for key in content:
            if key not in known:
                hint = did_you_mean(key, known)
                self.fault(
                    (*at, key), key, "an unknown entry", ", ".join(known), f"rename or remove it.{hint}"
                )
        return {key: value for key, value in content.items() if key in known}

    def choice(
        self, entries: dict[str, Any], at: tuple[str | int, ...], key: str, choices: tuple[str, ...]
    ) -> str:
        value = str(entries.get(key, "") or "")
        if value and value not in choices:
            self.fault(
                (*at, key),
                key,
                value,
                ", ".join(choices),
                f"choose one of them.{did_you_mean(value, choices)}",
            )
        return value

    def source(self, content: Any) -> dict[str, str]:
        at = ("source",)
        entries = self.entries(content or {}, at, _SOURCE)
        for key in ("publisher", "title", "date"):
            if not entries.get(key):
                self.fault(
                    (*at, key), f"source: {key}", "", "a value", "say where the figures were published"
                )
        self.date(entries.get("date", ""), (*at, "date"), "source: date")
        return {key: str(value) for key, value in entries.items() if value}

    def date(self, value: str, at: tuple[str | int, ...], column: str) -> None:
        if value and not is_date(value):
            allowed = "a date as 2023-02-28, 2023-02 or 2023"
            self.fault(at, column, value, allowed, "write the day, month or year as far as it is known")

    def statuses(self, entries: Dict[str, str]) -> Dict[str, str]:
        for word in entries:
            self.choice(dict(entries), ("statuses",), word, STATUSES)
        return entries

    def number(self, value: str, at: tuple[str | int, ...], column: str) -> Decimal | None:
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_finite() and (number or column == "offset"):
            return number
        self.fault(at, column, value, "a number other than zero", "write it as 10000 or 0.01")
        return None

    def rule(self, item: Any, k: int, shared: dict[str, Any], source: dict[str, str]) -> Rule:
        at = ("figures", k)
        own = self.entries(item, at, _RULE)
        for key in [key for key, value in own.items() if value == "?"]:
            self.fault(
                (*at, key), key, "?", "a value", "fill it in; the comment beside it says what is asked"
            )
            own[key] = "1" if key == "factor" else ("?" if key == "indicator" else "")
        entries = shared | own
        if not own.get("indicator") and isinstance(item, Dict):
            remedy = "name one of indicators.csv; `qcity import FILE --suggest` proposes some"
            self.fault(at, "indicator", "", "an indicator_id", remedy)
        self.choice(entries, at, "measure", MEASURES)
        self.choice(entries, at, "status", STATUSES)
        self.date(str(entries.get("published", "")), (*at, "published"), "published")
        numbers = {
            key: self.number(str(entries[key]), (*at, key), key)
            for key in ("factor", "offset")
            if key in entries
        }
        where = own.get("where") or {}
        if not isinstance(where, Dict):
            self.fault((*at, "where"), "where", str(where), "columns and texts", "write it as {REF_AREA: NJ}")
            where = {}
        texts = {
            key: str(value) for key, value in entries.items() if value and key not in (*numbers, "where")
        }
        texts.setdefault("published", source.get("date", ""))
        row = self.lines.get(at, 0)
        return Rule(row, texts.pop("indicator", ""), where=where, **numbers, **texts)  # type: ignore[arg-type]

"""Words around the figures of a sheet: what a heading stands for, units in headings, footnotes.

Out of scope: where figures stand (`layouts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .cells import MARKS, Cell, UnreadableCell, half_width, read_change, without_marks
from .grids import Grid, as_text, same_name

ROLES: dict[str, tuple[str, ...]] = {
    "indicator": ("指标", "指标名称", "项目", "名称", "指标代码", "indicator", "indicator_id", "item", "name"),
    "region": ("地区", "城市", "区域", "地区名称", "region", "area", "city", "ref_area"),
    "period": ("年份", "年度", "年", "时间", "时期", "期间", "year", "period", "time", "time_period"),
    "value": ("数值", "值", "数据", "指标值", "value", "obs_value", "figure"),
    "unit": ("单位", "计量单位", "unit", "units", "unit_measure"),
    "status": ("状态", "数据状态", "status", "obs_status"),
    "qualifier": ("限定", "qualifier"),
    "published": ("发布日期", "公布日期", "发布时间", "published", "release_date"),
    "note": ("备注", "note", "notes", "comment"),
}  # fmt: skip
_UNIT = re.compile(
    r"[%‰]|百分点|上年=100|指数|(‰|[十百千万亿]*)(元|美元|吨|吨标准煤|吨标煤|立方米|平方米|平方公里|公顷|亩|千瓦时|度|千瓦|公里|"
    r"件|个|项|人|户|家|次|起|张|台|辆|套|篇|天|小时|岁|人次|公斤|千克|微克|米)(/.+)?|.{1,8}/.{1,8}"
)
_NOTE = re.compile(
    rf"(注|备注|说明|资料来源|数据来源|来源|Notes?\b|Source|[{re.escape(MARKS)}]|\d+[.、)）])", re.I
)


def role_of(text: str) -> str | None:
    """What a heading stands for, one of ROLES; None for any other.

    >>> role_of("计量 单位"), role_of("研发强度")
    ('unit', None)
    """
    bare = same_name(text)
    return next((role for role, words in ROLES.items() if bare in words), None)


def has_role(heading: str, role: str, columns: Mapping[str, str]) -> bool:
    """Whether a heading stands for a role: the one that `columns` names, else a usual one.

    >>> has_role("年份", "period", {}), has_role("年份", "period", {"period": "报告期"})
    (True, False)
    """
    if role in columns:
        return same_name(heading) == same_name(columns[role])
    return same_name(heading) in ROLES[role]


def is_unit(text: str) -> bool:
    """Whether a text is a unit of measurement.

    >>> is_unit("亿元"), is_unit("件/万人"), is_unit("发明")
    (True, True, False)
    """
    return _UNIT.fullmatch(half_width(text)) is not None


def is_note(text: str) -> bool:
    """Whether a line begins as a footnote or a source does.

    >>> is_note("注：2020年为快报数"), is_note("研发强度")
    (True, False)
    """
    return _NOTE.match(half_width(text)) is not None


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a figure that can be read.

    >>> is_number("≥96"), is_number("—"), is_number("约定")
    (True, False, False)
    """
    try:
        return read_change(cell) is not None
    except UnreadableCell:
        return False


def sheet_unit(grid: Grid, top: int) -> str:
    """The unit that a line above the table states for all of it; "" where none does.

    >>> sheet_unit(Grid("a.csv", "", (("单位：亿元",), ("指标", "2020")), (1, 2)), 1)
    '亿元'
    """
    for row in range(top, max(-1, top - 5), -1):
        for cell in grid.rows[row]:
            match = re.fullmatch(r"[（(]?(计量)?单位[:：]\s*(.+?)[)）]?", half_width(as_text(cell)))
            if match and is_unit(match[2]):
                return match[2].strip()
    return ""


def split_unit(name: str) -> tuple[str, str]:
    """A name without the unit in brackets at its end, and that unit; brackets that hold no unit stay.

    >>> split_unit("研发经费支出（亿元）"), split_unit("专利授权量(发明)")
    (('研发经费支出', '亿元'), ('专利授权量(发明)', ''))
    """
    stem = without_marks(name)[0]
    match = re.fullmatch(r"(.+?)\s*[（(]([^（()）]+)[)）]", stem)
    if match and _UNIT.fullmatch(half_width(match[2])):
        return match[1], half_width(match[2]).strip()
    return name, ""


def marks_of(texts: Iterable[str]) -> str:
    """The footnote marks at the ends of some texts, each once.

    >>> marks_of(["2022年①", "研发强度*", "2023"])
    '①*'
    """
    return "".join(dict.fromkeys("".join(without_marks(text)[1] for text in texts)))


def footnotes(lines: list[str]) -> dict[str, str]:
    """Footnotes by their mark.

    >>> footnotes(["注：①2020年为快报数；②按现价计算。"])
    {'①': '2020年为快报数', '②': '按现价计算'}
    """
    notes: dict[str, str] = {}
    for line in lines:
        for mark, text in re.findall(rf"([{re.escape(MARKS)}])\s*([^{re.escape(MARKS)}]+)", line):
            notes.setdefault(mark, text.strip(" ；;。"))
    return notes

"""What the words around a table say: headings by their role, units, footnotes, the title and the lines above.

Units are the same in two spellings, multiples of one another by powers of ten, or indices of a year set to 100. Out of
scope: where the figures stand (`layout`), what a cell says (`cells`), units related otherwise (calorific values).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache

from .cells import MARKS, Cell, Grid, half_width, is_number, same_name, without_marks

ROLES = {
    "indicator": "指标|指标名称|项目|名称|指标代码|indicator|indicator_id|indicator name|indicator code|"
        "series name|item|name|series code|value_variable_label|value_variable_code",
    "region": "地区|地区名称|地区名|城市|城市名称|地级市|地市|市|市州|区域|省份|省|省市|省级|省(区、市)|省区市|区县|县|"
        "国家|行政区|行政区划|行政区划名称|region|region name|area|area name|city|city name|cityname|"
        "province|state|country|country name|entity|location|territory|geo|geography|ref_area|reference area|"
        "geoareaname|ville|stadt|land|都道府県|市区町村|시도|시도별|país|pais|ciudad|pays|région|行政区划代码|行政区代码|区划代码|地区代码|"
        "城市代码|省份代码|region code|area code|city code|country code|code|iso|iso3|iso_code|adcode|geoareacode",
    "period": "年份|年度|年|月份|季度|时间|时期|期间|日期|统计年份|year|years|period|time|time_period|"
        "timeperiod|time period|date|jahr|zeit|année|annee|año|ano|anno|年次|연도|년도|год",
    "value": "数值|值|数据|指标值|value|obs_value|figure",
    "unit": "单位|计量单位|unit|units|unit_measure|unit of measure|value_unit",
    "status": "状态|数据状态|status|obs_status|obs_flag",
    "qualifier": "限定|qualifier",
    "published": "发布日期|公布日期|发布时间|published|release_date",
    "note": "备注|note|notes|comment",
    "frequency": "freq|frequency|频率|频度",
}  # fmt: skip
_ROLE_OF = {"".join(name.split()): role for role in reversed(ROLES) for name in ROLES[role].split("|")}
BREAKDOWN = re.compile(  # columns that tell groups apart, though numbers may stand in them
    r"sex|gender|age|age ?group|group|class|category|type|level|性别|年龄|年龄组|分组|组别|类别|类型|等级|城乡|户籍",
    re.I,
)  # fmt: skip
CODE = re.compile(r"代码|编码|code|iso|_id$|^id$", re.I)  # of two columns of one role, that of names counts
TECHNICAL = re.compile(
    r"structure.*|dataflow|action|last.?update|unit_mult|decimals|time_format|conf_status|.*_comment|序号|编号|"
    r".*(source|note|footnote|comment|说明|来源|脚注|代码|编码|code|_id).*|id|no\.?|nr\.?|#", re.I
)  # fmt: skip
UNIT = re.compile(
    r"[%‰]|百分点|上年=100|指数|(‰|[十百千万亿]*)(元|美元|吨|吨标准煤|吨标煤|立方米|平方米|平方公里|公顷|亩|千瓦时|度|千瓦|公里|"
    r"件|个|项|人|户|家|次|起|张|台|辆|套|篇|天|小时|岁|人次|公斤|千克|微克|米)(/.+)?|.{1,8}/.{1,8}"
)
PREFACE = re.compile(r"([^:]{1,20}):\s*(.+)")
ABOUT_FILE = re.compile("年鉴|发布|公布|更新|下载|yearbook|published|updated|released|download", re.I)
_PRELIMINARY = re.compile(r"((?:19|20)\d\d)(?:年?[-—–~～至]+((?:19|20)\d\d))?[^，,；;。\d]{0,12}?(?<![非不])"
                          r"(?:初步|快报|preliminary|provisional)", re.I)  # fmt: skip
_NOTE = re.compile(
    rf"(注|备注|说明|资料来源|数据来源|来源|Notes?\b|Source|[{re.escape(MARKS)}]|\d+[.、)）])", re.I
)


def preface_of(grid: Grid, floor: int, top: int) -> dict[str, str]:
    """What the lines above a table say: by role as 地区：苏州, its unit, and its title; the nearest line counts."""
    said: dict[str, str] = {}
    for row in range(top, floor - 1, -1):
        texts = grid.texts(row)
        if floor and row < top and any(map(is_number, grid.rows[row])):
            break  # a table above
        if len(texts) == 2 and role_of(texts[0]):
            texts = [f"{texts[0]}: {texts[1]}"]
        for text in texts:
            match = PREFACE.fullmatch(re.sub(r"^\((.*)\)$", r"\1", half_width(text)))
            role = role_of(match[1]) if match else ""
            if match and role and (role != "unit" or UNIT.fullmatch(match[2])):
                said.setdefault(role, match[2].strip())
            elif not match and len(texts) == 1 and row < top and not is_number(text) and not is_note(text):
                said.setdefault("title", text)
    for text in (said.get("indicator", ""), said.get("title", "")):
        if unit := split_unit(text)[1]:
            said.setdefault("unit", unit)
    return said


def titles(grid: Grid, tops: list[int]) -> list[tuple[str, str]]:
    """The title of each table of a sheet, "" for all where they have no two, and the unit that stands above it."""
    said = [preface_of(grid, floor, top) for floor, top in zip([0, *tops], tops, strict=False)]
    titles = [""]
    for above in said:
        own = next(filter(None, (above.get(key) for key in ("title", "region", "indicator"))), "")
        titles.append(titles[-1] if not own or re.search(r"续|\bcont", own, re.I) else own)
    shown = titles[1:] if len(set(titles) - {""}) > 1 else [""] * len(said)
    return [(title, above.get("unit", "")) for title, above in zip(shown, said, strict=True)]


def role_of(heading: str, columns: Mapping[str, str] | None = None) -> str:
    """The role of a heading, "" for none: the one that `columns` names it for, else its usual one."""
    name = same_name(heading)
    own = next((role for role, text in (columns or {}).items() if same_name(text) == name), "")
    usual = _ROLE_OF.get(name, "")
    return own or ("" if columns and usual in columns else usual)


def short_name(region: str) -> str:
    """The name of a region without the word for its kind.

    >>> [short_name(name) for name in ("江苏省", "南京", "Nanjing City", "广西壮族自治区")]
    ['江苏', '南京', 'nanjing', '广西']
    """
    kind = r"(?<=..)(壮族|回族|维吾尔)?(自治区|特别行政区|省|市|city|province|municipality)$"
    return re.sub(kind, "", same_name(region))


def split_unit(name: str) -> tuple[str, str]:
    """A name without the unit in brackets at its end, and that unit; brackets that hold no unit stay."""
    match = re.fullmatch(r"(.+?)\s*[（(]([^（()）]+)[)）]", without_marks(name)[0])
    if match and UNIT.fullmatch(half_width(match[2])):
        return match[1], half_width(match[2]).strip()
    return name, ""


@cache
def names_of(name: str, unit: str = "") -> frozenset[str]:
    """The forms in which a mapping may name a row or a column: whole, without the names above it, with its unit."""
    forms = (name, name.rsplit("/", 1)[-1], split_unit(name)[0], f"{name}({unit})")
    return frozenset(map(same_name, forms)) - {"", "()"}


def is_note(text: str, cells: Iterable[Cell] = ()) -> bool:
    """Whether a row begins as a footnote or a source does, and holds no figure."""
    return _NOTE.match(half_width(text)) is not None and not any(map(is_number, cells))


def footnotes_of(lines: list[str]) -> dict[str, str]:
    """Footnotes by their mark; the first of a mark counts."""
    form = rf"([{re.escape(MARKS)}])\s*([^{re.escape(MARKS)}]+)"
    pairs = [pair for line in lines for pair in re.findall(form, line)]
    return {mark: text.strip(" ；;。") for mark, text in reversed(pairs)}


def preliminary_years(lines: list[str]) -> set[str]:
    """The years whose figures a note without a footnote mark calls preliminary.

    >>> sorted(preliminary_years(["注：2021—2022年为初步核算数，2020年为最终核实数。", "①2019年为初步数"]))
    ['2021', '2022']
    """
    said = [span for line in lines if not footnotes_of([line]) for span in _PRELIMINARY.findall(line)]
    return {str(year) for first, last in said for year in range(int(first), int(last or first) + 1)}


def column_name(column: int, headings: Iterable[str]) -> str:
    """The letter of a column from 0, as spreadsheets show it, and its headings."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters} ({' '.join(filter(None, headings))})"


# units

_POWERS = {"‰": -1, "十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
_WORDS = {
    word: unit
    for unit, words in {
        "%": "百分比|percent|pct|percentage", "‰%": "‰|permille", "元": "cny|rmb|yuan", "美元": "usd|dollars",
        "人": "person|persons|people|inhabitants|capita", "吨": "t|ton|tons|tonne|tonnes", "吨标准煤": "tce|吨标煤",
        "千瓦时": "kwh|度", "千千瓦时": "mwh", "百万千瓦时": "gwh", "十亿千瓦时": "twh", "千克": "公斤|kg",
        "千米": "公里|km", "千": "thousand|thousands|1000", "百万": "million|millions", "十亿": "billion|billions",
        "万": "10k|10000|10,000|10thousand", "亿": "100million",
    }.items()
    for word in words.split("|")
}  # fmt: skip
_INDEX = re.compile(
    r"(上年(同期|同月)?|去年|前年|전년|(previous|preceding|last|prior)\s*year|\d{4}年?)\s*(=|＝|为|為)\s*100", re.I
)  # fmt: skip


def same_unit(unit: str, *names: str) -> bool:
    """Whether a unit is one of some others, in another spelling perhaps.

    >>> same_unit("Percent", "亿元", "％")
    True
    """
    return _size(unit) in map(_size, names)


def multiple(unit: str, other: str) -> Decimal | None:
    """By what a figure in one unit is multiplied to be in another; None where that is not known.

    >>> multiple("人", "万人"), multiple("亿千瓦时", "万千瓦时"), multiple("吨标准煤/万元", "吨标准煤/亿元")
    (Decimal('0.0001'), Decimal('10000'), Decimal('10000'))
    >>> multiple("million persons", "万人"), multiple("人", "户") is None
    (Decimal('100'), True)
    """
    (base, power), (theirs, less) = _size(unit), _size(other)
    return Decimal(f"{Decimal(1).scaleb(power - less):f}") if base and base == theirs else None


def is_index(text: str) -> bool:
    """Whether a text says that its figures are an index of a year that is set to 100.

    >>> is_index("居民消费价格指数(上年＝100)"), is_index("Index, previous year = 100"), is_index("指数")
    (True, True, False)
    """
    return _INDEX.search(text) is not None


def _size(unit: str) -> tuple[str, int]:
    """The unit without its powers of ten, each side of a ratio by itself, and the power."""
    text, _, raised = half_width(unit).casefold().partition("×10^")
    power = int(raised) if raised.strip("-").isdigit() else 0
    bases = []
    for sign, side in zip((1, -1, -1), re.split(r"/|\bper\b|每", text), strict=False):
        words = re.findall(r"10,?000|100 *million|10 *thousand|10k|[a-z]+|[^\sa-z]+", side)
        name = "".join(_WORDS.get(n, n) for n in ("".join(word.split()) for word in words if word != "of"))
        powers, base = re.fullmatch(r"([十百千万亿‰]*)(.*)", name).groups()  # type: ignore[union-attr]
        power += sign * sum(_POWERS[letter] for letter in powers)
        bases.append(_WORDS.get(base, base))
    return "/".join(bases), power

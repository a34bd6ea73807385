"""Cells as people type them, and the grid they stand in: what number or period a cell holds, or that it holds none.

Reads full-width digits, thousands separators, percent signs, marks of a missing figure, bounds in signs and in words,
and footnote marks. Out of scope: how a file is opened (`sheets`, `sdmx`), which indicator and year a cell belongs to
(`layout`), and units (`mapping`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache

from ..data.schema import HALF_WIDTH
from ..errors import QcityError

Cell = str | int | float | bool | dt.date | dt.time | dt.timedelta | None

MISSING = frozenset(
    ["", "-", "--", "..", "...", "…", "……", "/", "\\", ":", "na", "n/a", "n.a.", "nan", "null", "<na>", "不详", "暂无"]
)  # fmt: skip
TURNED = {">=": "<=", "<=": ">="}  # the bound of a figure with its sign turned
MARKS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳*†‡¹²³⁴⁵⁶⁷⁸⁹"
_BEFORE = re.compile(  # a bound before a number: at least, at most, about
    "(>=|≥|⩾|≧|>|不低于|不少于|大于等于|至少|超过|高于|大于|超|逾|over|at least)|"
    "(<=|≤|⩽|≦|<|不高于|不超过|小于等于|至多|低于|小于|不足|不到|under|at most)|"
    r"(~|≈|∼|大约|约为|约|接近|近|about|approx\.)", re.I
)  # fmt: skip
_AFTER = re.compile("(?:(及?以上)|(及?以下|以内)|(左右))$")
_MINUS = str.maketrans(dict.fromkeys("−‐‑‒–—―─", "-"))
_TURNED_SIGNS = str.maketrans(",.", ".,")
_MARKS_AT_END = re.compile(rf"(\s*([{re.escape(MARKS)}]|[（(]注\s*\d*[）)]|(?<=\d)注\d*))+$")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([, '])\d{3}(\1\d{3})*(\.\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_CHANGED = re.compile(
    r"((?:比|较)上(?:一)?年(?:同期)?|同比|比去年|较去年)?"
    r"(?:(?P<fall>下降|降低|减少|下跌)|增长|上升|提高|增加|上涨)了?"
)
_YEAR = r"(?:19|20)\d\d"
_YEAR_END = re.compile(rf"({_YEAR})[-/.年]12[-/.月]31日?|(?:31[-/.]12|12[-/.]31)[-/.]({_YEAR})")
_BESIDE_YEAR = re.compile(
    r"^end-?(of)?-?|-?(year-?end|endof(year|period))$|T?00:00(:00(\.0+)?)?Z?$|"
    r"((?<=^\d{4})|(?<=年))[（(\[]?\d?\d[)\]]$", re.I
)  # fmt: skip
_FLAG = re.compile(rf"^{_YEAR}年?\s*[（(]?([eprfEPRF])[)）]?$")
_EITHER = r"[+-]?[1-9]\d{0,2}([.,])\d{3}(\1\d{3})*"  # 1,234 or 1.234: thousands or decimals
_POINT = re.compile(r"[+-]?(\d*\.(\d{1,2}|\d{4,})|0?\.\d+|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,})")
_LETTER = r"\(?[eprf]\)?"  # how firm the figures of a year are
_PERIOD = re.compile(
    rf"(?P<year>{_YEAR})(\.0+|{_LETTER})?年?([度末底]|年度|全年|末数|年末|{_LETTER}|(?P<half>上半年)|(?P<one>(第?一|1)季度)|"
    r"前(?P<quarter>[二三四1-4])个?季度|1月?[-~至](?P<month>0?[1-9]|1[0-2])月)?", re.I
)  # fmt: skip


class UnreadableCell(QcityError):
    """A cell that is not empty and holds no number that can be read without guessing; `code` as in `Problem`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Reading:
    """What a cell says: `value` (decimal text, every digit kept), `qualifier` (=, ~, >=, <=), whether it was written
    with a percent sign, and the footnote `marks` beside it."""

    value: str
    qualifier: str = "="
    percent: bool = False
    marks: str = ""


@lru_cache(65_536, typed=True)
def read_figure(cell: Cell) -> Reading | None:
    """The number in a cell; None when the cell says that there is none. Raises UnreadableCell for anything else.

    A comma, a full-width comma, a space or an apostrophe separates thousands, and only in groups of three; a number of
    a spreadsheet is written with the 15 digits that the spreadsheet itself keeps.

    >>> read_figure("１，２３４．５"), read_figure("96％以上")
    (Reading(value='1234.5', qualifier='=', percent=False, marks=''),
     Reading(value='96', qualifier='>=', percent=True, marks=''))
    >>> read_figure("…") is None, read_figure(0.1 + 0.2).value, read_figure("3.60①").marks
    (True, '0.3', '①')
    """
    if cell is None or cell != cell:
        return None
    if isinstance(cell, bool | dt.date | dt.time | dt.timedelta) or cell in (float("inf"), float("-inf")):
        raise UnreadableCell("read_number")
    if isinstance(cell, int | float):
        return Reading(plain(Decimal(f"{float(cell):.15g}")))
    text, marks = without_marks(cell)
    text = half_width(text).translate(_MINUS).strip()
    bare = re.sub(r"\s", "", text)
    if bare.casefold() in MISSING:
        return None
    if re.fullmatch(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!)", bare.upper()):
        raise UnreadableCell("read_error")
    if _CHANGED.match(bare) and re.search(r"\d", bare):
        raise UnreadableCell("read_words")
    words = [match for match in (_BEFORE.match(text), _AFTER.search(text)) if match]
    bounds = {(">=", "<=", "~")[(match.lastindex or 1) - 1] for match in words}
    for match in reversed(words):
        text = (text[: match.start()] + text[match.end() :]).strip()
    digits = text.removesuffix("%").strip()
    digits = re.sub("[, ']", "", digits) if _GROUPED.fullmatch(digits) else digits
    if len(bounds) > 1 or not _NUMBER.fullmatch(digits):
        raise UnreadableCell("read_number")
    return Reading(plain(Decimal(digits)), "".join(bounds) or "=", text.endswith("%"), marks)


def read_change(cell: Cell) -> Reading | None:
    """The change in percent that a cell states, in figures or with a word of rise or fall; None when there is none.

    A fall is negative, and a fall of at least 5 % a change of at most −5. Raises UnreadableCell as `read_figure`, and
    for a word of rise or fall before a number with a sign of its own, or without a percent sign.

    >>> read_change("比上年下降5%").value, read_change("增长６．５％").value, read_change("-0.3").value
    ('-5', '6.5', '-0.3')
    >>> read_change("下降5%以上").qualifier
    '<='
    """
    text = re.sub(r"\s", "", half_width(cell)) if isinstance(cell, str) else ""
    word = _CHANGED.match(text)
    if word is None:
        return read_figure(cell)
    size = read_figure(text[word.end() :])
    if size is None or not size.percent or size.value.startswith(("-", "+")):
        raise UnreadableCell("read_change")
    if not word["fall"]:
        return size
    turned = TURNED.get(size.qualifier, size.qualifier)
    return replace(size, value=plain(-Decimal(size.value)), qualifier=turned)


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a figure that can be read: ≥96 is one, — and 约定 are not."""
    try:
        return read_change(cell) is not None
    except UnreadableCell:
        return False


def is_dated(cell: Cell) -> bool:
    """Whether a cell under a heading for years begins with one or is a day, a quarter or a month, whatever it is."""
    text = half_width(as_text(cell))
    return isinstance(cell, dt.date) or re.match(r"\D{0,3}(19|20)\d\d|\d\d?[./-]\d", text) is not None


def is_figure(cell: Cell, empty: bool = True) -> bool:
    """Whether a cell looks like a figure, whatever its decimal sign, or (`empty`) like a mark of a missing one."""
    try:
        return read_figure(cell) is not None or (empty and bool(as_text(cell)))
    except UnreadableCell:
        return re.fullmatch(r"[-+]?[\d.,\s]+%?|[-+]?\d.*[\d%]以[上下]", half_width(as_text(cell))) is not None


def plain(number: Decimal) -> str:
    """A decimal without an exponent and without zeros that only arithmetic put there: 1.20E+3 as 1200."""
    text = f"{number:f}"
    return "0" if Decimal(text) == 0 and "." not in text else text


def half_width(text: str) -> str:
    """Full-width digits, letters, punctuation and every kind of space as ordinary ones; all else as it was.

    Not Unicode's compatibility form, which would turn the footnote mark in 3.6① into another digit.

    >>> half_width("３．６％　①")
    '3.6% ①'
    """
    return text.translate(HALF_WIDTH)


@lru_cache(65_536)
def without_marks(text: str) -> tuple[str, str]:
    """A text without the footnote marks at its end, and these marks.

    >>> without_marks("研发强度（%）①")
    ('研发强度（%）', '①')
    """
    bare = text.strip()
    stem = _MARKS_AT_END.sub("", bare) or bare
    return stem, re.sub(r"\s", "", bare[len(stem) :])


def decimal_sign(cells: Iterable[Cell], semicolon: bool) -> str:
    """The decimal sign of a table: a point, or "?" where its commas may be decimal signs.

    They may be where one is followed by other than three digits, and between semicolons unless there are points.

    >>> [decimal_sign([text], semicolon=True) for text in ("1,234", "1,234.5", "0,512")]
    ['?', '.', '?']
    """
    texts = [half_width(cell).strip().removesuffix("%").strip() for cell in cells if isinstance(cell, str)]
    points = any(map(_POINT.fullmatch, texts))
    turned = [text.translate(_TURNED_SIGNS) for text in texts if "," in text or text.count(".") > 1]
    commas = any(_POINT.fullmatch(text) or re.fullmatch(r"\d{4,}\.\d+", text) for text in turned)
    unclear = semicolon and not points and any(re.fullmatch(_EITHER, text) for text in texts)
    return "?" if commas or unclear else "."


def with_points(cell: Cell, decimal: str) -> Cell:
    """A cell whose decimal sign is a comma with a point instead; of an unknown sign ("?") no guess is made.

    >>> with_points("1.234,5", ","), with_points("1,234", ".")
    ('1,234.5', '1,234')
    """
    if decimal == "." or not isinstance(cell, str):
        return cell
    text = half_width(cell)
    if decimal == "?" and re.search(r"\d[.,]\d|^\s*[-+]?,\d", text):
        raise UnreadableCell("read_decimal")
    return text.translate(_TURNED_SIGNS)


@lru_cache(65_536)
def read_period(cell: Cell) -> str | None:
    """The period a heading names, as in the data contract; None when it names none.

    A single month or quarter ("2024年8月") is no period of the contract, which knows years and years to date; a fiscal
    year is returned as FY2012/13, to be refused with its place. A day is a year where it is the last one.

    >>> [read_period(c) for c in (2020.0, "２０２１年①", "2024年1—8月", "2024年前三季度", "2024年上半年", "2024年8月")]
    ['2020', '2021', '2024-08', '2024-Q3', '2024-Q2', None]
    >>> [read_period(c) for c in ("2018年末", "31.12.2018", "2018.0", "20191)", "2020e", "2012-13", "2018-01-01")]
    ['2018', '2018', '2018', '2019', '2020', 'FY2012/13', None]
    """
    if isinstance(cell, dt.date):
        return str(cell.year) if (cell.month, cell.day) == (12, 31) else None
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return str(int(cell)) if cell == cell and cell == int(cell) and 1900 <= cell <= 2100 else None
    written = cell if isinstance(cell, str) else ""
    text = re.sub(r"\s", "", half_width(without_marks(written)[0]).translate(_MINUS))
    text = re.sub(rf"^({_YEAR})(-?M(?=\d)|(?=Q\d))", r"\1-", _BESIDE_YEAR.sub("", text))
    if re.fullmatch(rf"{_YEAR}(-(Q[1-4]|0[1-9]|1[0-2]))?", text):
        return text
    if (end := _YEAR_END.fullmatch(text)) or (fiscal := _fiscal_year(text)):
        return end[1] or end[2] if end else fiscal
    if (match := _PERIOD.fullmatch(text)) is None:
        return None
    quarter = "2" if match["half"] else "1" if match["one"] else match["quarter"] or ""
    part = f"-Q{'一二三四'.find(quarter) + 1 or quarter}" if quarter else ""
    return match["year"] + (f"-{int(match['month']):02d}" if match["month"] else part)


def _fiscal_year(text: str) -> str | None:
    """A year that ends in the next one, as FY2012/13; None for anything else."""
    if named := re.fullmatch(rf"FY('?\d\d|{_YEAR})(?:[-/]\d+)?|({_YEAR})财(?:政)?年度?", text, re.I):
        return f"FY{named[1] or named[2]}"
    pair = re.fullmatch(rf"({_YEAR})[-/]((?:19|20)?\d\d)", text)
    follows = pair and (int(pair[1]) + 1) % 100 == int(pair[2]) % 100
    return f"FY{pair[1]}/{pair[2][-2:]}" if pair and follows else None


def read_periods(cells: Sequence[Cell]) -> list[str | None]:
    """The periods of one line: 2008-09 is a fiscal year where every other heading of its form is one.

    >>> read_periods(["2010-11", "2011-12"]), read_periods(["2011-11", "2011-12"])
    (['FY2010/11', 'FY2011/12'], ['2011-11', '2011-12'])
    """
    periods = [read_period(cell) for cell in cells]
    texts = [re.sub(r"\s", "", half_width(as_text(cell)).translate(_MINUS)) for cell in cells]
    pairs = [k for k, text in enumerate(texts) if periods[k] and re.fullmatch(r"\d{4}-\d\d", text)]
    named = any((period or "").startswith("FY") for period in periods)
    if named or all(_fiscal_year(texts[k]) for k in pairs):
        return [_fiscal_year(texts[k]) if k in pairs else period for k, period in enumerate(periods)]
    return periods


def status_flag(cell: Cell) -> str:
    """The letter after a year that says how firm its figures are: 2020e is an estimate, 2021p preliminary.

    >>> status_flag("2020e"), status_flag("2020年(P)"), status_flag("2020")
    ('E', 'P', '')
    """
    letter = _FLAG.match(half_width(without_marks(as_text(cell))[0]))
    return letter[1].upper() if letter else ""


@dataclass(frozen=True)
class Grid:
    """The cells of one sheet.

    Attributes: `file` (its name, with the sheet's when there may be several), `sheet` ("" for a text file), `rows`
    (each a tuple of cells, of any length), `lines` (the number of each row in the file, from 1), `merged` (rectangles
    as top, left, bottom, right, from 0), `opened_as` (encoding and delimiter, or the kind of file), `long` (true
    where each row is one figure under named columns, as in SDMX files).

    >>> grid = Grid("a.xlsx [1]", "1", (("能源", ""), ("", "2020年")), (1, 2), merged=((0, 0, 1, 0),))
    >>> grid.text(1, 0), grid.years(1), grid.cell(0, 5), grid.width
    ('能源', {1: '2020'}, '', 2)
    """

    file: str
    sheet: str
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    opened_as: str = ""
    long: bool = False

    def cell(self, row: int, column: int) -> Cell:
        """The cell at a row and column from 0; "" beyond the end of a row."""
        cells = self.rows[row]
        return cells[column] if 0 <= column < len(cells) else ""

    def text(self, row: int, column: int) -> str:
        """The cell as text, "" where empty; a merged cell counts in its whole rectangle."""
        own = as_text(self.cell(row, column))
        inside = (at for at in self.merged if at[0] <= row <= at[2] and at[1] <= column <= at[3])
        return own or next((as_text(self.cell(top, left)) for top, left, _, _ in inside), "")

    def texts(self, row: int) -> list[str]:
        """The cells of a row that are not empty, as text."""
        return list(filter(None, map(as_text, self.rows[row])))

    def column(self, column: int, rows: range) -> list[Cell]:
        """The cells of a column in some rows, without the empty ones."""
        return [cell for row in rows if as_text(cell := self.cell(row, column))]

    def years(self, row: int) -> dict[int, str]:
        """The periods that a row names, by their columns."""
        return {k: period for k, period in enumerate(read_periods(self.rows[row])) if period}

    @cached_property
    def width(self) -> int:
        """The number of columns of the longest row."""
        return max(map(len, self.rows), default=0)


def as_text(cell: Cell) -> str:
    """A cell as a person would read it: whole numbers without a point, inner line ends as spaces."""
    if cell is None or cell != cell:
        return ""
    return f"{cell:.15g}" if isinstance(cell, float) else " ".join(str(cell).split())


@lru_cache(65_536)
def same_name(text: str) -> str:
    """A name without what differs between printings: white space, letter case, width of characters, footnote marks.

    >>> same_name("研发 强度（％）①") == same_name("研发强度(%)")
    True
    """
    return "".join(half_width(without_marks(text)[0]).split()).casefold()

"""Units as files write them: the same in two spellings, multiples of one another, and indices of a year set to 100.

Out of scope: units that are related by more than a power of ten (calorific values, prices of different years).
"""

from __future__ import annotations

import re
from decimal import Decimal

from .cells import half_width

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
    r"(上年(同期|同月)?|去年|前年|전년|(previous|preceding|last|prior)\s*year|\d{4}年?)\s*(=|＝|为|為)\s*100",
    re.I,
)


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
        names = ["".join(word.split()) for word in words if word != "of"]
        powers, base = re.fullmatch(
            r"([十百千万亿‰]*)(.*)", "".join(_WORDS.get(n, n) for n in names)
        ).groups()  # type: ignore[union-attr]
        power += sign * sum(_POWERS[letter] for letter in powers)
        bases.append(_WORDS.get(base, base))
    return "/".join(bases), power

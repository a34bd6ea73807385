"""Units as files write them: the same in two spellings, multiples of one another, and indices of a year set to 100.

Out of scope: units that are related by more than a power of ten (calorific values, prices of different years).
"""

from __future__ import annotations

import re
from decimal import Decimal

from .cells import half_width

_SAME = {"百分比": "%", "percent": "%", "pct": "%", "percentage": "%", "kwh": "千瓦时", "度": "千瓦时", "tce": "吨标准煤"}
_SAME |= {"吨标煤": "吨标准煤", "kmpopulation": "千人", "cny": "元", "rmb": "元", "yuan": "元", "公里": "千米", "公斤": "千克"}
_SAME |= dict.fromkeys(("person", "persons", "people", "inhabitants", "capita"), "人")
_SAME |= dict.fromkeys(("ton", "tons", "tonne", "tonnes", "t"), "吨") | dict.fromkeys(("mwh",), "千千瓦时")
_SAME |= {"gwh": "百万千瓦时", "twh": "十亿千瓦时", "‰": "‰%", "permille": "‰%"}
_POWERS = {"‰": -1, "十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
_WORDS = {"hundred": "百", "thousand": "千", "thousands": "千", "thousandsof": "千", "million": "百万", "millions": "百万"}
_WORDS |= {"millionsof": "百万", "billion": "十亿", "billions": "十亿", "10k": "万", "10,000": "万", "10000": "万"}
_WORDS |= {"10thousand": "万", "tenthousand": "万", "100million": "亿", "100m": "亿", "1000": "千", "000": "千"}
_INDEX = re.compile(
    r"(上年(同期|同月)?|去年|前年|전년|(previous|preceding|last|prior)\s*year|\d{4}年?)\s*(=|＝|为|為)\s*100", re.I
)


def bare_unit(text: str) -> str:
    """A unit without what differs between spellings.

    >>> bare_unit("Percent") == bare_unit("％")
    True
    """
    stem = "".join(half_width(text).split()).casefold()
    return {"百分比": "%", "percent": "%", "pct": "%"}.get(stem, stem)


def same_unit(unit: str, *names: str) -> bool:
    """Whether a unit is one of some others, in another spelling perhaps."""
    return bare_unit(unit) in map(bare_unit, names)


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
    for sign, side in zip((1, -1), re.split(r"/|\bper\b|每", text), strict=False):
        words = re.findall(r"10,?000|100\s*million|1?0*\s*thousand|[a-z]+|\d+|[^\sa-z\d]+", side)
        words = ["".join(word.split()) for word in words if word not in ("of", "×")]
        stem = "".join(_WORDS.get(word, "") or _SAME.get(word, word) for word in words)
        stem = _SAME.get(stem, stem)
        head = re.match(r"[十百千万亿‰]*", stem)
        powers = head[0] if head and head[0] != stem else ""
        power += sign * sum(_POWERS[letter] for letter in powers)
        bases.append(_SAME.get(stem[len(powers) :], stem[len(powers) :]))
        if bases[-1].startswith(tuple("十百千万亿")) and bases[-1] not in ("百分点",):
            inner = re.match(r"[十百千万亿]*", bases[-1])
            power += sign * sum(_POWERS[letter] for letter in (inner[0] if inner else ""))
            bases[-1] = bases[-1][len(inner[0]) if inner else 0 :]
    return "/".join(bases), power

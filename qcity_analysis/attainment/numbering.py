"""The numbering of a plan's sections: 二（十一） after 二（二）, 十 after 九, chapters after sections, boxes last."""

from __future__ import annotations

import re

NUMERAL = re.compile("[一二三四五六七八九十]+|[0-9]+")
KINDS = {
    "": 0,
    "第": 1,
}  # what stands before the first numeral: a section, a chapter; anything else comes after


def arabic(numeral: str) -> int:
    """A Chinese number below one hundred, or one in digits.

    >>> arabic("二十六"), arabic("十"), arabic("7")
    (26, 10, 7)
    """
    if numeral.isdecimal():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    digit = {char: value for value, char in enumerate("一二三四五六七八九", 1)}
    return 10 * digit.get(tens, 1 if ten else 0) + digit.get(ones, 0)


def place(section: str) -> tuple[int, tuple[int, ...]]:
    """Where a section stands in its plan, as a key to sort by; sections without a number come last.

    >>> sorted(["专栏1", "十（二十六）", "八（二十）", "", "第三章", "四（九）", "四（七）"], key=place)
    ['四（七）', '四（九）', '八（二十）', '十（二十六）', '第三章', '专栏1', '']
    """
    numbers = tuple(arabic(found) for found in NUMERAL.findall(section))
    if not numbers:
        return len(KINDS) + (2 if not section else 1), ()
    first = NUMERAL.search(section)
    before = section[: first.start()] if first else ""
    return KINDS.get(before, len(KINDS)), numbers

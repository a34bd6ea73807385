"""Numbers as people write them: figures as published, targets as the plan wrote them, computed numbers as far as they mean
something."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal


def number(
    value: float, decimals: int | None = None, marks: Iterable[float] = (), spread: float = 0.0
) -> str:
    """A number as people write it: thousands separated, a true minus sign.

    With `decimals` it is a figure as it was typed, with so many digits after the point (and every digit it has where
    that would round it). Without, it is a computed number: about three significant digits, and as many as its `spread`
    (the width of its interval) gives a meaning to; never so rounded that it seems to lie on another side of one of
    `marks` (a threshold, say), or on it.

    >>> number(3.456), number(81.9512), number(12345.6), number(-0.5), number(0.00462)
    ('3.46', '82', '12,346', '−0.5', '0.00462')
    >>> number(99.949, marks=[99.95]), number(99.98, marks=[99.95]), number(12.0, 1), number(99.95, 1), number(94.347, spread=0.02)
    ('99.9', '99.98', '12.0', '99.95', '94.35')
    """
    if not math.isfinite(value):
        return "–"
    if decimals is not None:
        shown = f"{value:,.{decimals}f}"
        return _minus(shown if _same(_read(shown), value) else exact(value))
    marks = [mark for mark in marks if math.isfinite(mark)]
    if any(_same(value, mark) for mark in marks):
        return exact(value)
    digits = max(_digits(value), -math.floor(math.log10(spread)) if 0 < spread < math.inf else 0)
    shown = f"{value:,.{digits}f}"
    while digits < 300 and any(_side(_read(shown), mark) != _side(value, mark) for mark in marks):
        digits += 1
        shown = f"{value:,.{digits}f}"
    return _minus(shown.rstrip("0").rstrip(".") if "." in shown else shown)


def exact(value: float) -> str:
    """A number with every digit it was written with.

    >>> exact(0.1 + 0.2), exact(-18.0), exact(1e-7), exact(32100000.0)
    ('0.3', '−18', '0.0000001', '32,100,000')
    """
    shown = format(Decimal(f"{value:.10g}"), ",f")
    return _minus(shown.rstrip("0").rstrip(".") if "." in shown else shown)


def signed(
    value: float, decimals: int | None = None, marks: Iterable[float] = (), spread: float = 0.0
) -> str:
    """A change with its sign and a true minus: as `number`, one decimal where that says enough.

    >>> signed(-18.0), signed(2.345), signed(0.04), signed(-3.25, 2), signed(-13.46, marks=[-13.5])
    ('−18', '+2.3', '+0.04', '−3.25', '−13.46')
    """
    marks = [*marks]
    if decimals is None and not spread and abs(value) >= 1:
        short = round(value, 1)
        if not any(_same(value, mark) or _side(short, mark) != _side(value, mark) for mark in marks):
            value = short
    shown = number(value, decimals, marks, spread)
    return shown if shown.startswith("−") or not shown.strip("0.") else f"+{shown}"


def with_unit(
    value: float, unit: str, lang: str = "en", decimals: int | None = None, marks: Iterable[float] = (),
    spread: float = 0.0,
) -> str:  # fmt: skip
    """A number (see `number`) with its unit after a space; in Chinese percent stands close to the number.

    >>> with_unit(4.0, "%"), with_unit(4.0, "%", "zh"), with_unit(82, "")
    ('4 %', '4%', '82')
    """
    gap = "" if lang == "zh" and unit == "%" else " "
    return f"{number(value, decimals, marks, spread)}{gap}{unit}".strip()


def period(shown: object, lang: str) -> str:
    """A period as it stands in a sentence: in Chinese a whole year is followed by its word.

    >>> period("2023", "zh"), period("2024-08", "zh"), period(2023, "en")
    (' 2023 年', ' 2024-08 ', '2023')
    """
    text = str(shown)
    if lang != "zh":
        return text
    return f" {text} 年" if text.isdecimal() else f" {text} "


def _digits(value: float) -> int:
    size = abs(value)
    if size >= 0.1 or size == 0:
        return 2 if size < 10 else 1 if size < 1000 else 0
    return 2 - math.floor(math.log10(size))


def _same(value: float, other: float) -> bool:
    return math.isclose(value, other, rel_tol=1e-9)


def _side(value: float, mark: float) -> int:
    return 0 if _same(value, mark) else 1 if value > mark else -1


def _read(shown: str) -> float:
    return float(shown.replace(",", ""))


def _minus(shown: str) -> str:
    return shown.lstrip("-") if not shown.strip("-0.,") else shown.replace("-", "−")

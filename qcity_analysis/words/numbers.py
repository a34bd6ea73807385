"""Figures as people write them."""

from __future__ import annotations


def number(value: float) -> str:
    """A figure as people write it: three or four significant digits, thousands separated, a true minus sign.

    >>> number(3.456), number(81.9512), number(12345.6), number(-0.5), number(100.0)
    ('3.46', '82', '12,346', '−0.5', '100')
    """
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    shown = f"{value:,.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown in ("-0", "") else shown.replace("-", "−")


def with_unit(value: float, unit: str, lang: str = "en") -> str:
    """A figure with its unit after a space; in Chinese percent stands close to the number.

    >>> with_unit(4.0, "%"), with_unit(4.0, "%", "zh"), with_unit(82, "")
    ('4 %', '4%', '82')
    """
    gap = "" if lang == "zh" and unit == "%" else " "
    return f"{number(value)}{gap}{unit}".strip()


def period(shown: object, lang: str) -> str:
    """A period as it stands in a sentence: in Chinese a whole year is followed by its word.

    >>> period("2023", "zh"), period("2024-08", "zh"), period(2023, "en")
    (' 2023 年', ' 2024-08 ', '2023')
    """
    text = str(shown)
    if lang != "zh":
        return text
    return f" {text} 年" if len(text) == 4 else f" {text} "

"""Figures as people write them: one formatter for every number in a sentence, a table or a figure.

What was typed is quoted with its digits; what was computed gets those that mean something, and as many more as it takes
to stand on its own side of a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from ..catalogue import text

LARGE, SMALL = 1e15, 1e-9  # beyond these a figure is written with a power of ten
SAME = 1e-12  # relative difference below which two levels are one
PARTS = (0.1, 0.33, 0.5, 0.66, 0.8, 0.9, 0.95)  # probabilities that words and tables speak of as limits
Bounds = Iterable[float | None]  # levels whose side is kept
Beside = Sequence[float]  # figures of one interval
NONE = "–"  # where there is nothing to show
BOUNDS = {">=": "≥ ", "<=": "≤ ", "~": "≈ "}  # qualifiers as signs


def typed(value: float, decimals: int = 0) -> str:
    """A figure with the digits it was typed with, at least `decimals` after the point.

    >>> typed(0.0046), typed(99.95), typed(12.0, 1), typed(32100000.0), typed(-3.25)
    ('0.0046', '99.95', '12.0', '32,100,000', '−3.25')
    """
    if _extreme(value):
        return _power(value, 12)
    exponent = Decimal(f"{value:.15g}").normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return f"{value:,.{max(decimals, -exponent)}f}".replace("-", "−")


def number(
    value: float, bounds: Bounds = (), digits: int | None = None, beside: Beside = (), whole: int = 1000
) -> str:
    """A computed figure: at least three significant digits, and never on the other side of one of the `bounds`.

    `digits` after the point are shown where that is more, none from `whole` on; zeros at the end are left out. The
    figures `beside` it, as the ends of one interval, all get the digits of the largest.

    >>> number(3.456), number(81.9512), number(12345.6), number(-0.5), number(0.00464)
    ('3.46', '82', '12,346', '−0.5', '0.00464')
    >>> number(99.949, [99.95], 2), number(15.94, [15.9]), number(81.9999, [82])
    ('99.949', '15.94', '81.9999')
    >>> [number(end, beside=(7.954, 25.9)) for end in (7.954, 25.9)]
    ['8.0', '25.9']
    """
    size = max(map(abs, beside or (value,)))
    least = max(2 if size < 10 else 1 if size < whole else 0, digits or 0)
    return _computed(value, least, 2 if size < 1 else 0, bounds, beside)


def signed(value: float, bounds: Bounds = (), digits: int | None = None, beside: Beside = ()) -> str:
    """A computed change with its sign and a true minus.

    >>> signed(-18.0), signed(2.345), signed(-3.2512, [-3.25]), signed(-0.084, beside=(-14.5, -0.084))
    ('−18', '+2.3', '−3.3', '−0.1')
    """
    size = max(map(abs, beside or (value,)))
    return with_sign(_computed(value, max(digits or 0, 1), 1 if size < 0.1 else 0, bounds, beside))


def _computed(value: float, least: int, significant: int, bounds: Bounds, beside: Beside) -> str:
    """`least` digits after the point, and so many after the first that is not 0; more where a mark asks for it."""
    if _extreme(value):
        return _power(value, 3, bounds)
    group, bounds = (value, *beside), [*bounds]
    if (size := max(map(abs, beside or (value,)))) and significant:
        least = max(least, significant - math.floor(math.log10(size)))
    digits = max(_enough(one, "f", least, bounds) for one in group)
    shown = [f"{one:,.{digits}f}".replace("-", "−") for one in group]
    while "." in shown[0] and all(one[-1] in "0." for one in shown):
        shown = [one[:-1] for one in shown]
    return shown[0] if shown[0].strip("−0.") else shown[0].removeprefix("−")


def _extreme(value: float) -> bool:
    return not math.isfinite(value) or (value != 0 and not SMALL <= abs(value) < LARGE)


def _power(value: float, digits: int, bounds: Bounds = ()) -> str:
    if not math.isfinite(value):
        return f"{value}".replace("-", "−")
    head, _, power = f"{value:.{_enough(value, 'g', digits, bounds) - 1}e}".partition("e")
    return f"{head.rstrip('0').rstrip('.')}×10^{int(power)}".replace("-", "−")


def _enough(value: float, style: str, least: int, bounds: Bounds) -> int:
    """Digits in that style, `least` or more, with which a value is on the side of every mark but an equal one."""
    known = [mark for mark in bounds if mark is not None]
    apart = [mark for mark in known if abs(value - mark) > SAME * max(abs(value), abs(mark))]
    for digits in range(least, 17):
        shown = float(f"{value:.{digits}{style}}")
        if all((shown > mark, shown < mark) == (value > mark, value < mark) for mark in apart):
            return digits
    return 17


def with_sign(shown: str) -> str:
    """A figure as shown, with a plus where it has no sign; nothing before zero."""
    return shown if shown.startswith("−") or not shown.strip("0.") else f"+{shown}"


def with_unit(value: float | str, unit: str, lang: str = "en") -> str:
    """A figure with its unit after a space; in Chinese percent stands close to the number. Shown text is kept.

    A unit that begins with a number is a factor, and that of an index is not said.

    >>> with_unit(4.0, "%"), with_unit("4.0", "%", "zh"), with_unit(51.3, "100 million t"), with_unit(82, "index")
    ('4 %', '4.0%', '51.3 × 100 million t', '82')
    """
    unit = "" if unit in text("unsaid_units", lang).split() else unit
    gap = " × " if unit[:1].isdigit() else "" if lang == "zh" and unit == "%" else " "
    return f"{value if isinstance(value, str) else number(value)}{gap}{unit}".strip()


def published(
    value: float, decimals: int, unit: str, lang: str, qualifier: str = "=", change: bool = False
) -> str:
    """A published figure with every digit, its unit and the sign of a bound; a change with its sign.

    >>> published(3.480, 3, "%", "en", ">="), published(2.5, 1, "%", "zh", change=True)
    ('≥ 3.480 %', '+2.5%')
    """
    shown = typed(value, decimals)
    return BOUNDS.get(qualifier, "") + with_unit(with_sign(shown) if change else shown, unit, lang)


def amount(value: float) -> str:
    """An expected number of targets with one decimal, none where it is whole."""
    return f"{value:.1f}".removesuffix(".0")


def percent(share: float | None, lang: str, limits: Sequence[float] = PARTS) -> str:
    """A share in whole percent: never rounded to certainty, nor onto one of the `limits` it misses; a dash for None.

    >>> percent(0.573, "en"), percent(0.999, "zh"), percent(0.0, "en"), percent(0.797, "en")
    ('57 %', '>99%', '<1 %', '79.7 %')
    """
    if share is None:
        return NONE
    if share < 0.01 or share > 0.99:
        return with_unit("<1" if share < 0.01 else ">99", "%", lang)
    near = [100 * part for part in limits if abs(share - part) < 0.005]
    below = [part for part in near if 100 * share < part or part in (10.0, 33.0)]
    return with_unit(f"{100 * share:.{_enough(100 * share, 'f', 0, below)}f}", "%", lang)


def period(shown: object, lang: str) -> str:
    """A period as it stands in a sentence: in Chinese a whole year is followed by its word.

    >>> period("2023", "zh"), period("2024-08", "zh"), period(2023, "en")
    (' 2023 年', ' 2024-08 ', '2023')
    """
    return text("whole_year" if len(str(shown)) == 4 else "part_of_year", lang, period=shown)


def year_of(value: Any) -> int | None:
    """The year of a period or a column that may be empty; None when it is."""
    return None if value is None or pd.isna(value) or value == "" else int(str(value)[:4])


def text_of(value: Any) -> str:
    """A cell as text, an empty one as an empty text."""
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def unit_in(row: Mapping[str, Any], lang: str) -> str:
    """The unit of an indicator or a target in `lang`, from its columns unit and unit_zh."""
    unit = (text_of(row.get("unit_zh")) if lang == "zh" else "") or text_of(row.get("unit"))
    return text("points", lang) if unit == text("points_unit", lang) else unit

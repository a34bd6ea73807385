"""Short names of what an assessment holds: titles of figures and panels, units, borrowed comparators.

Whole sentences about a result come from `describe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .numbers import percent
from .texts import text

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


def axis_unit(assessment: Assessment, lang: str) -> str:
    """The unit of the vertical axis in `lang`: that of the series, or "index, 2020 = 100".

    Returns an empty text when neither the series nor the target has a unit.
    """
    series, target = assessment.series, assessment.target
    counted = _counted_unit(assessment, lang)
    if counted:
        return counted
    if series is not None and series.base_year is not None:
        return text("index_unit", lang, year=series.base_year)
    unit = text_of(getattr(target, "unit_zh", "")) if lang == "zh" else ""
    if target.kind in ("monotone", "direction"):  # the target's unit is that of a yearly step
        unit = text_of(assessment.definition.get("unit_zh")) if lang == "zh" else ""
    return unit or text_of(series.unit if series is not None else target.unit)


def _counted_unit(assessment: Assessment, lang: str) -> str:
    """The axis of a target that counts or ranks; empty for the others."""
    target = assessment.target
    if target.kind == "rank":
        return text("axis_rank", lang)
    if target.kind not in ("cumulative", "zero_event"):
        return ""
    first = assessment.period[0] if assessment.period else target.deadline
    if target.kind == "zero_event":
        return text("axis_events", lang, first=first)
    unit = (text_of(target.unit_zh) if lang == "zh" else "") or text_of(target.unit)
    return text(
        "axis_cumulative" if target.base_year is not None else "axis_total", lang, first=first, unit=unit
    )


def assessment_title(assessment: Assessment, lang: str) -> str:
    """The name of the target in `lang`, as it stands in the plan."""
    return text_of(assessment.target.name_zh if lang == "zh" else assessment.target.name_en)


def subtitle(assessment: Assessment, lang: str) -> str:
    """What the figure says in a few words: probability and word, or the status; and for whom."""
    parts = [
        text(
            f"status_{'depends' if assessment.status == 'depends_on_definition' else assessment.status}", lang
        )
    ]
    if assessment.status == "forecast" and assessment.probability is not None:
        parts = [f"{text('chance', lang)} {percent(assessment.probability, lang)}"]
        parts += [text(f"word_{assessment.word}", lang)] if assessment.word else []
    if assessment.borrowed:
        parts.insert(0, text("borrowed", lang))
    return " · ".join(parts)


def panel_title(part: Assessment, lang: str) -> str:
    """The title of one panel: which definition, or whose changes are borrowed."""
    if part.borrowed:
        return text("borrowed_from", lang, name=borrowed_name(part, lang))
    return text("definition", lang, name=part.definition[f"name_{lang}"])


def borrowed_name(part: Assessment, lang: str) -> str:
    """Region and indicator whose changes an assessment borrows; empty when it borrows none."""
    if not part.borrowed:
        return ""
    region, name = part.borrowed.region_names[lang], part.borrowed.indicator_names[lang]
    return text("place_and_series", lang, region=region, name=name)


def year_of(value: Any) -> int | None:
    """The year of a period or a column that may be empty; None when it is.

    >>> year_of("2024-Q3"), year_of("")
    (2024, None)
    """
    return None if value is None or pd.isna(value) or value == "" else int(str(value)[:4])


def text_of(value: Any) -> str:
    """A cell as text, an empty one as an empty text.

    >>> text_of(None), text_of("南京")
    ('', '南京')
    """
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)

"""Short texts on figures and in tables: titles, units, levels, targets, published figures and their vintages.

Whole sentences about a result come from `describe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..catalogue import text
from . import describe
from .describe import level_number, quoted, unit_of
from .formatting import percent, typed, with_unit

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data


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


def level_shown(part: Assessment, value: float, lang: str) -> str:
    """A level as the sentences say it; an index shows its change on the base year and the index itself."""
    said = describe.level(part, value, lang)
    if part.target.kind != "relative_change" or part.threshold is None:
        return said
    return _beside(part, said, level_number(part, value), lang)


def range_shown(part: Assessment, low: float, high: float, lang: str) -> str:
    """An interval as the sentences say it; that of an index with the index itself."""
    said = text("range", lang, low=describe.level(part, low, lang), high=describe.level(part, high, lang))
    if part.target.kind != "relative_change" or part.threshold is None:
        return said
    return _beside(
        part, said, text("range", lang, low=level_number(part, low), high=level_number(part, high)), lang
    )


def _beside(part: Assessment, change: str, level: str, lang: str) -> str:
    """A change with the level beside it: an index, or a quantity in its own unit."""
    if part.series is None or part.series.base_year is not None:
        return text("with_index", lang, change=change, index=level)
    return text("with_level", lang, change=change, level=with_unit(level, unit_of(part, lang), lang))


def target_shown(part: Assessment, lang: str) -> str:
    """What is asked for, short: "≥ 50 patents per 10k people", "about 4 %", "−18 % (index 82)"."""
    if part.threshold is None:
        return ""
    said = level_shown(part, part.threshold, lang)
    if part.target.kind == "relative_change":
        return said
    if part.target.kind == "direction" and not part.target.threshold:
        return text("target_direction", lang, base=part.target.base_year, value=said)
    if part.target.kind == "rank" and not part.target.upward:
        return text("target_rank", lang, value=quoted(part))
    if part.target.kind == "zero_event":
        return said
    if part.target.commitment == "about":
        return text("about", lang, value=said)
    return {"at_least": "≥ ", "at_most": "≤ ", "increase": "≥ ", "decrease": "≤ "}.get(
        part.target.direction, ""
    ) + said


def value_shown(data: Data, row: Mapping[str, Any], lang: str, when: str = "") -> str:
    """A published figure with its bound sign, every digit and its unit; `when` is "_before" for the earlier vintage.

    >>> import qcity_analysis as qc
    >>> row = {"indicator_id": "rd_intensity", "measure": "level", "qualifier": ">=", "value": 3.48}
    >>> value_shown(qc.load(), row, "en"), value_shown(qc.load(), row, "zh")
    ('≥ 3.48 %', '≥ 3.48%')
    """
    indicator, change = data.indicator(str(row["indicator_id"])), "change" in str(row["measure"])
    unit = (text_of(indicator["unit_zh"]) if lang == "zh" else "") or text_of(indicator["unit"])
    unit, value = "%" if change else unit, float(row[f"value{when}"])
    mark = {">=": "≥ ", "<=": "≤ ", "~": "≈ "}.get(text_of(row.get(f"qualifier{when}", "=")), "")
    sign = "+" if change and value > 0 else ""
    return f"{mark}{sign}{with_unit(typed(value, int(row.get(f'decimals{when}', 0))), unit, lang)}"


def vintage_line(data: Data, row: Mapping[str, Any], lang: str) -> str:
    """One row of `vintages.diff` as a line: what, where, when, the value, what it replaced, and since when.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.data.vintages import diff
    >>> found = diff(qc.load(), "2021-09-30", "2021-12-31").to_dict("records")
    >>> [vintage_line(qc.load(), row, "en") for row in found if row["change"] == "revised"][-1]
    'R&D expenditure as a share of GDP, Nanjing, 2020: 3.38 % → 3.48 % (level, final, published 2021-10-27)'
    """
    facts = {
        "name": data.indicator(str(row["indicator_id"]))[f"name_{lang}"],
        "region": data.region_name(str(row["region"]), lang),
        "period": row["period"],
        "measure": text(f"m_{row['measure']}", lang, base=year_of(row["base_period"]) or "").strip(),
        "value": value_shown(data, row, lang),
        "status": text(f"st_{row['status']}", lang),
        "date": date_shown(row, lang),
    }
    if row["change"] in ("revised", "corrected"):
        return text("diff_line_before", lang, before=value_shown(data, row, lang, "_before"), **facts)
    return text("diff_line", lang, **facts)


def vintages_line(data: Data, rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Many rows of one series from one publication as a line: how many, of which years, and the last of them.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.data.vintages import diff
    >>> found = diff(qc.load(), "2023-12-30", "2023-12-31")
    >>> vintages_line(qc.load(), found[found["indicator_id"] == "un_rd_intensity"].to_dict("records"), "en")
    'R&D expenditure as a share of GDP (UN indicator 9.5.1), China: 21 figures, 2000 to 2020 (published 2023-12)'
    """
    rows = sorted(rows, key=lambda row: str(row["period"]))
    facts = {
        "name": data.indicator(str(rows[0]["indicator_id"]))[f"name_{lang}"],
        "region": data.region_name(str(rows[0]["region"]), lang),
        "start": rows[0]["period"],
        "end": rows[-1]["period"],
        "date": date_shown(rows[-1], lang),
    }
    return text("diff_lines", lang, count=len(rows), **facts)


def date_shown(row: Mapping[str, Any], lang: str) -> str:
    """When a figure was published, or from when the publication lag lets it be known, which is said.

    >>> import pandas as pd
    >>> date_shown({"published": "", "known_from": pd.Timestamp("2021-06-30"), "published_assumed": True}, "en")
    'assumed out by 2021-06-30 from the publication lag'
    """
    if row["published_assumed"]:
        return text("diff_assumed", lang, date=row["known_from"].date())
    return text("diff_published", lang, date=row["published"])

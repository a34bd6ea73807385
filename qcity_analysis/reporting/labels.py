"""Short texts on figures and in tables: titles, units, levels, targets, published figures and their vintages.

Whole sentences about a result come from `sentences`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..catalogue import text
from .formatting import percent, published, text_of, with_unit, year_of
from .sentences import BY_STEP, level, level_number, quoted, status_shown, unit_of

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data

SIDES = {"at_least": "≥ ", "at_most": "≤ ", "increase": "≥ ", "decrease": "≤ "}


def assessment_title(assessment: Assessment, lang: str) -> str:
    """The name of the target in `lang`, as it stands in the plan."""
    return text_of(assessment.target.name_zh if lang == "zh" else assessment.target.name_en)


def subtitle(assessment: Assessment, lang: str) -> str:
    """What the figure says in a few words: probability and word, or the status; and for whom."""
    parts = [text("borrowed", lang)] if assessment.borrowed else []
    if assessment.status == "forecast" and assessment.probability is not None:
        parts.append(f"{text('chance', lang)} {percent(assessment.probability, lang)}")
        parts += [text(f"word_{assessment.word}", lang)] if assessment.word else []
    else:
        parts.append(status_shown(assessment, lang))
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


def axis_unit(assessment: Assessment, lang: str) -> str:
    """The unit of the vertical axis in `lang`: that of the series, or "index, 2020 = 100".

    Returns an empty text when neither the series nor the target has a unit.
    """
    series, target, zh = assessment.series, assessment.target, lang == "zh"
    first = assessment.period[0] if assessment.period else target.deadline
    if target.kind == "rank":
        return text("axis_rank", lang)
    if target.kind == "zero_event":
        return text("axis_events", lang, first=first)
    if target.kind == "cumulative":
        unit = (text_of(target.unit_zh) if zh else "") or text_of(target.unit)
        key = "axis_cumulative" if target.base_year is not None else "axis_total"
        return text(key, lang, first=first, unit=unit)
    if series is not None and series.base_year is not None:
        return text("index_unit", lang, year=series.base_year)
    unit_zh = assessment.definition.get("unit_zh") if target.kind in BY_STEP else target.unit_zh
    return (text_of(unit_zh) if zh else "") or text_of(series.unit if series is not None else target.unit)


def level_shown(part: Assessment, value: float, lang: str) -> str:
    """A level as the sentences say it; of an index its change on the base year and the index itself."""
    return _with_level(part, level(part, value, lang), level_number(part, value), lang)


def range_shown(part: Assessment, low: float, high: float, lang: str) -> str:
    """An interval as the sentences say it; that of an index with the index itself."""
    said = text("range", lang, low=level(part, low, lang), high=level(part, high, lang))
    levels = text("range", lang, low=level_number(part, low), high=level_number(part, high))
    return _with_level(part, said, levels, lang)


def _with_level(part: Assessment, said: str, levels: str, lang: str) -> str:
    """A relative change with the level beside it: an index, or a quantity in its own unit; other kinds as they are."""
    if part.target.kind != "relative_change" or part.threshold is None:
        return said
    if part.series is None or part.series.base_year is not None:
        return text("with_index", lang, change=said, index=levels)
    return text("with_level", lang, change=said, level=with_unit(levels, unit_of(part, lang), lang))


def target_shown(part: Assessment, lang: str) -> str:
    """What is asked for, short: "≥ 50 patents per 10k people", "about 4 %", "−18 % (index 82)"."""
    target = part.target
    if part.threshold is None:
        return ""
    said = level_shown(part, part.threshold, lang)
    if target.kind in ("relative_change", "zero_event"):
        return said
    if target.kind == "direction" and not target.threshold:
        return text("target_direction", lang, base=target.base_year, value=said)
    if target.kind == "rank" and not target.upward:
        return text("target_rank", lang, value=quoted(part))
    if target.commitment == "about":
        return text("about", lang, value=said)
    return SIDES.get(target.direction, "") + said


def value_shown(data: Data, row: Mapping[str, Any], lang: str, when: str = "") -> str:
    """A published figure with its bound sign, every digit and its unit; `when` is "_before" for the earlier vintage.

    >>> import qcity_analysis as qc
    >>> row = {"indicator_id": "rd_intensity", "measure": "level", "qualifier": ">=", "value": 3.48}
    >>> value_shown(qc.load(), row, "en"), value_shown(qc.load(), row, "zh")
    ('≥ 3.48 %', '≥ 3.48%')
    """
    indicator, change = data.indicator(str(row["indicator_id"])), "change" in str(row["measure"])
    unit = (text_of(indicator["unit_zh"]) if lang == "zh" else "") or text_of(indicator["unit"])
    qualifier, decimals = text_of(row.get(f"qualifier{when}", "=")), int(row.get(f"decimals{when}", 0))
    return published(float(row[f"value{when}"]), decimals, "%" if change else unit, lang, qualifier, change)


def measure_shown(measure: str, base: Any, lang: str) -> str:
    """The measure of a figure in `lang`, with its base year where it has one."""
    return text(f"m_{measure}", lang, base=year_of(base) or "").strip()


def _series_shown(data: Data, row: Mapping[str, Any], lang: str) -> dict[str, str]:
    name = data.indicator(str(row["indicator_id"]))[f"name_{lang}"]
    return {"name": name, "region": data.region_name(str(row["region"]), lang), "date": date_shown(row, lang)}


def vintage_line(data: Data, row: Mapping[str, Any], lang: str) -> str:
    """One row of `vintages.diff` as a line: what, where, when, the value, what it replaced, and since when.

    >>> import qcity_analysis as qc
    >>> found = qc.diff(qc.load(), "2021-09-30", "2021-12-31").to_dict("records")
    >>> [vintage_line(qc.load(), row, "en") for row in found if row["change"] == "revised"][-1]
    'R&D expenditure as a share of GDP, Nanjing, 2020: 3.38 % → 3.48 % (level, final, published 2021-10-27)'
    """
    facts = _series_shown(data, row, lang) | {
        "period": row["period"],
        "measure": measure_shown(row["measure"], row["base_period"], lang),
        "value": value_shown(data, row, lang),
        "status": text(f"st_{row['status']}", lang),
    }
    if row["change"] in ("revised", "corrected"):
        return text("diff_line_before", lang, before=value_shown(data, row, lang, "_before"), **facts)
    return text("diff_line", lang, **facts)


def vintages_line(data: Data, rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Many rows of one series from one publication as a line: how many, of which years, and the last of them.

    >>> import qcity_analysis as qc
    >>> found = qc.diff(qc.load(), "2023-12-30", "2023-12-31")
    >>> vintages_line(qc.load(), found[found["indicator_id"] == "un_rd_intensity"].to_dict("records"), "en")
    'R&D expenditure as a share of GDP (UN indicator 9.5.1), China: 21 figures, 2000 to 2020 (published 2023-12)'
    """
    rows = sorted(rows, key=lambda row: str(row["period"]))
    years = {"start": rows[0]["period"], "end": rows[-1]["period"]}
    return text("diff_lines", lang, count=len(rows), **years, **_series_shown(data, rows[-1], lang))


def date_shown(row: Mapping[str, Any], lang: str) -> str:
    """When a figure was published, or from when the publication lag lets it be known, which is said.

    >>> import pandas as pd
    >>> date_shown({"published": "", "known_from": pd.Timestamp("2021-06-30"), "published_assumed": True}, "en")
    'assumed out by 2021-06-30 from the publication lag'
    """
    if row["published_assumed"]:
        return text("diff_assumed", lang, date=row["known_from"].date())
    return text("diff_published", lang, date=row["published"])

"""Published figures and their vintages in words: lines of `qcity diff`, cells of notebook 01."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .labels import text_of, year_of
from .numbers import typed, with_unit
from .texts import text

if TYPE_CHECKING:
    from ..data.datapackage import Data


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

"""The tables of a page: key figures of an assessment, the published figures behind it, the guide of a new plan."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import LANGUAGES, TEMPLATES, check_language, read_all, text
from ..data.schema import TABLES, Column
from .describe import unit_of
from .formatting import number, percent, period, signed, typed, with_sign, with_unit
from .labels import borrowed_name, level_shown, panel_title, range_shown, target_shown, text_of, year_of

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..targets import Pace


def key_figures(assessment: Assessment, lang: str = "en") -> pd.DataFrame:
    """Probability with its error, expected value, interval, paces and last figure, one row each, as shown
    text.

    Index: the quantity; one column, or one for each of `assessment.parts`. What does not apply is left out.

    >>> import qcity_analysis as qc
    >>> table = key_figures(qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity"))
    >>> "Target" in table.index
    True
    """
    check_language(lang)
    if not assessment.parts:
        return pd.DataFrame({text("k_value", lang): single_figures(assessment, lang)})
    columns = {panel_title(part, lang): single_figures(part, lang) for part in assessment.parts}
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    return pd.DataFrame(columns, index=rows).fillna("–")


def single_figures(part: Assessment, lang: str) -> dict[str, str]:
    """The key figures of one assessment without its parts: shown quantity to shown value."""
    unit = "" if part.series is not None and part.series.base_year else unit_of(part, lang)
    deadline, found = int(part.target.deadline), {}
    found[text("k_status", lang)] = status_shown(part, lang)
    if part.probability is not None and part.status == "forecast":
        error = f"{max(0.1, 100 * (part.probability_error or 0)):.1f}"
        shown = percent(part.probability, lang)
        exact = part.probability_error == 0
        found[text("k_probability", lang)] = (
            text("exact_shown", lang, value=shown)
            if exact
            else text("plus_minus", lang, value=shown, error=error)
        )
        if part.word:
            found[text("k_word", lang)] = text(f"word_{part.word}", lang)
    if part.median is not None and part.status == "forecast":
        found[text("k_expected", lang, year=deadline)] = level_shown(part, part.median, lang)
    if part.interval is not None and part.status == "forecast":
        found[text("k_interval", lang, year=deadline)] = range_shown(part, *part.interval, lang)
    if part.threshold is not None:
        found[text("k_threshold", lang)] = target_shown(part, lang)
    known = part.series.values.dropna() if part.series is not None else pd.Series(dtype=float)
    if part.tally is not None:
        if part.tally.through:
            counted = level_shown(part, part.tally.count, lang)
            found[text("k_last", lang)] = text(
                "counted_by", lang, value=counted, through=period(part.tally.through, lang)
            )
    elif len(known):
        shown = level_shown(part, float(known.iloc[-1]), lang)
        found[text("k_last", lang)] = text("in_year", lang, value=shown, year=int(known.index[-1]))
    for key, pace in (("k_so_far", part.pace_so_far), ("k_needed", part.pace_needed)):
        if pace is not None:
            found[text(key, lang)] = _pace(pace, unit, lang)
    return found


def _pace(pace: Pace, unit: str, lang: str) -> str:
    step = text("points" if unit == "%" else "index_points", lang) if unit in ("%", "") else unit
    facts = {"start": pace.from_year, "end": pace.to_year, "linear": f"{_signed(pace.linear)} {step}"}
    if pace.compound is None:
        return text("pace_shown", lang, **facts)
    compound = with_unit(signed(pace.compound), "%", lang)
    return text("pace_shown_both", lang, compound=compound, **facts)


def _signed(value: float) -> str:
    return with_sign(number(value))


def status_shown(part: Assessment, lang: str) -> str:
    """The status in `lang`, as "forecast" or "not assessable".

    >>> from types import SimpleNamespace
    >>> status_shown(SimpleNamespace(status="met"), "zh")
    '已达标'
    """
    key = "depends" if part.status == "depends_on_definition" else part.status
    return text(f"status_{key}", lang)


def sources_table(assessment: Assessment, lang: str = "en") -> pd.DataFrame:
    """Every published figure used or set aside: period, figure, measure, status, use, publisher, document,
    date.

    One row per figure (parts included, each once), oldest first; all columns hold shown text in `lang`.

    >>> import qcity_analysis as qc
    >>> table = sources_table(qc.assess(qc.load(), "rd_intensity"), "zh")
    >>> list(table.columns)[:2]
    ['时期', '数据']
    """
    check_language(lang)
    frames = [rows for part in [assessment, *assessment.parts] for rows in _figures(part)]
    keys = ["c_period", "c_figure", "c_measure", "c_status", "c_use", "c_publisher", "c_title", "c_date"]
    columns = [text(key, lang) for key in keys]
    if not frames:
        return pd.DataFrame(columns=columns)
    rows = pd.concat(frames, ignore_index=True).sort_values("period", kind="stable")
    shown = [_source_row(row, lang) for row in rows.to_dict("records")]
    return pd.DataFrame(shown, columns=columns).drop_duplicates(ignore_index=True)


def sources_by_series(assessment: Assessment, lang: str) -> dict[str, pd.DataFrame]:
    """The same figures as one table for each series, by its name; series without any figure are left out."""
    found: dict[str, pd.DataFrame] = {}
    for part in [assessment, *assessment.parts]:
        name = borrowed_name(part, lang) or part.definition[f"name_{lang}"]
        table = sources_table(replace(part, parts=()), lang)
        if len(table):
            found.setdefault(name, table)
    return found


def _figures(part: Assessment) -> list[pd.DataFrame]:
    found = []
    for use in ("observations", "bounds", "superseded", "unused"):
        rows = getattr(part.series, use) if part.series is not None else None
        if rows is not None and len(rows):
            use = "used" if use == "observations" else use.rstrip("s")
            found.append(rows.assign(use=use, unit_zh=part.definition.get("unit_zh") or ""))
    return found


def _source_row(row: dict[str, Any], lang: str) -> list[str]:
    sign = {">=": "≥ ", "<=": "≤ ", "~": "≈ "}.get(str(row["qualifier"]), "")
    change = "change" in str(row["measure"])
    unit = (text_of(row.get("unit_zh")) if lang == "zh" else "") or text_of(row.get("unit"))
    value = _as_published(float(row["value"]), int(row["decimals"]), change, "%" if change else unit, lang)
    measure = text(f"m_{row['measure']}", lang, base=year_of(row.get("base_period")) or "")
    tail = "" if lang == "zh" else "_en"
    named = [text_of(row.get(key + tail)) or text_of(row.get(key)) for key in ("publisher", "title")]
    date = text_of(row.get("published")) or text_of(row.get("source_date")) or text("none_given", lang)
    return [
        str(row["period"]),
        sign + value,
        measure,
        text(f"st_{row['status']}", lang),
        text(f"use_{row['use']}", lang),
        *named,
        date,
    ]


def _as_published(value: float, decimals: int, change: bool, unit: str, lang: str) -> str:
    """Every digit that was published; a change with its sign."""
    shown = typed(value, decimals)
    return with_unit(with_sign(shown) if change else shown, unit, lang)


def html_table(table: pd.DataFrame, caption: str = "", index: bool = False) -> str:
    """A table as accessible HTML: a caption, column headers with scope, a scrolling frame; text escaped.

    With `index` the index is a column of row headers. Cells that start with "<a " are kept as links.

    >>> html_table(pd.DataFrame({"a": ["1 < 2"]}))
    '<div class="scroll"><table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td class="nowrap">1 &lt; 2...'
    """
    head = [str(table.index.name or ""), *table.columns] if index else list(table.columns)
    body = []
    for name, row in zip(table.index, table.to_numpy(), strict=True):
        first = f'<th scope="row">{escape(str(name))}</th>' if index else ""
        body.append(f"<tr>{first}{''.join(map(_cell, row))}</tr>")
    titles = "".join(f'<th scope="col">{escape(str(title))}</th>' for title in head)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table>{above}<thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def folded(table: str, summary: str) -> str:
    """A long table under a line to open it with; on paper it is open.

    >>> folded("<table></table>", "All of it")
    '<details class="fold"><summary>All of it</summary><table></table></details>'
    """
    return f'<details class="fold"><summary>{escape(summary)}</summary>{table}</details>'


def _cell(cell: Any) -> str:
    shown = "" if cell is None else str(cell)
    short = len(shown) <= 8 or re.fullmatch(r"[\d–-]+(Q\d)?", shown)  # a date or a word is not broken
    kept = ' class="nowrap"' if short else ""
    return f"<td{kept}>{shown if shown.startswith('<a ') else escape(shown)}</td>"


CHOICES = {"date": "2024-03-28, 2024-03, 2024", "year": "2025", "number": "3.48", "integer": "6"}


def plan_readme(name: str) -> str:
    """The guide for a plan of that name as Markdown, Chinese first.

    >>> guide = plan_readme("green_city")
    >>> "qcity check" in guide and "`base_period`" in guide
    True
    """
    parts = [f"# {name}\n"]
    for lang in LANGUAGES:
        parts.append(text("np_guide", lang, name=name))
        for table_name in ("regions", "sources", "indicators", "targets", "observations"):
            head = " | ".join(text(f"np_{key}", lang) for key in ("column", "needed", "holds"))
            parts.append(f"### {TABLES[table_name].file}\n\n| {head} |\n|---|---|---|")
            parts[-1] += (
                "".join(_row(table_name, column, lang) for column in TABLES[table_name].columns) + "\n"
            )
    return "\n".join(parts)


def column_said(table: str, column: str, lang: str) -> str:
    """What a column holds, in `lang`; an empty text for one that has no description.

    >>> column_said("observations", "period", "en")
    'a year; or a year to date as 2024-Q3, 2024-08'
    """
    return _descriptions().get(f"{table}__{column}", {}).get(lang, "")


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    return read_all(TEMPLATES / "columns")


def _row(table: str, column: Column, lang: str) -> str:
    needed = "" if column.empty else text("np_yes", lang)
    holds = column_said(table, column.name, lang)
    allowed = ", ".join(f"`{choice}`" for choice in column.choices) or CHOICES.get(column.holds, "")
    said = " · ".join(part for part in (holds, allowed) if part)
    return f"\n| `{column.name}` | {needed} | {said} |"

"""How a section shows itself in a notebook: Markdown, a table, a picture; and what every notebook ends with.

The sections are in `target_sections`, `plan_sections`, `data_sections` and `track_sections`, one call each: a heading,
a sentence before, the thing itself, what it means; all in the language asked for.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import check_language, text
from .figures.canvas import Picture
from .formatting import number, percent, period, published, signed, text_of, with_sign, with_unit
from .sentences import (
    borrowed_name,
    level_shown,
    measure_shown,
    panel_title,
    range_shown,
    status_shown,
    target_shown,
    unit_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..assessment.answer import Assessment
    from ..targets import Pace


def markdown(said: str, front: dict[str, Any] | None = None) -> None:
    """Show Markdown; `front` is what the page says in its head and the index (output metadata `qcity`)."""
    from IPython.display import Markdown, display

    display(Markdown(said), metadata={"qcity": front} if front else None)


def section(
    key: str, lang: str, lead: str | None = None, front: dict[str, Any] | None = None, **values: object
) -> None:
    """Show the heading `h_<key>` and under it `lead`, by default the sentence `s_<key>`, both filled from `values`."""
    said = text(f"s_{key}", lang, **values) if lead is None else lead
    markdown("\n\n".join(filter(None, [f"## {text(f'h_{key}', lang, **values)}", said])), front)


def table(frame: pd.DataFrame, caption: str = "", index: bool = True, fold: str = "") -> None:
    """Show a table of shown text, with `fold` under a line of that text to open it with."""
    from IPython.display import HTML, display

    html = html_table(frame, caption, index=index)
    display(HTML(folded(html, fold) if fold else html))


def picture(figure: Figure, alt: str) -> None:
    """Show a figure with its description."""
    from IPython.display import display

    display(Picture(figure, alt))


def saved(result: dict[str, Any], name: str, lang: str, out: str = "") -> Path:
    """Write the result as JSON to the folder `out` and show where; returns the path.

    An empty `out` means `data/processed` beside the data the project ships, or this folder when that is not there.
    """
    from ..files import PROJECT, inside, write_whole

    home = PROJECT / "data"
    folder = Path(out) if out else (home / "processed" if home.is_dir() else Path.cwd())
    folder.mkdir(parents=True, exist_ok=True)
    path = inside(folder, f"{name}.json")
    write_whole(path, json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    shown = "/".join(path.parts[-2:] if out else path.parts[-3:])
    section("saved", lang, f"{text('s_saved', lang)}`{shown}`")
    return path


def things_to_try(lang: str, *keys: str) -> None:
    """Show what a reader can do next, from the texts named."""
    section("next", lang, "\n".join(f"- {text(f'next_{key}', lang)}" for key in keys))


SOURCE_COLUMNS = [
    "c_period",
    "c_figure",
    "c_measure",
    "c_status",
    "c_use",
    "c_publisher",
    "c_title",
    "c_date",
]


def key_figures(assessment: Assessment, lang: str = "en") -> pd.DataFrame:
    """Probability with its error, expected value, interval, paces and last figure, one row each, as shown text.

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
    year, shown = int(part.target.deadline), {text("k_status", lang): status_shown(part, lang)}
    if part.status == "forecast":
        if part.probability is not None:
            shown[text("k_probability", lang)] = _with_error(part, lang)
            if part.word:
                shown[text("k_word", lang)] = text(f"word_{part.word}", lang)
        if part.median is not None:
            shown[text("k_expected", lang, year=year)] = level_shown(part, part.median, lang)
        if part.interval is not None:
            shown[text("k_interval", lang, year=year)] = range_shown(part, *part.interval, lang)
    if part.threshold is not None:
        shown[text("k_threshold", lang)] = target_shown(part, lang)
    last = _last_figure(part, lang)
    if last:
        shown[text("k_last", lang)] = last
    unit = "" if part.series is not None and part.series.base_year else unit_of(part, lang)
    for key, pace in (("k_so_far", part.pace_so_far), ("k_needed", part.pace_needed)):
        if pace is not None:
            shown[text(key, lang)] = _pace(pace, unit, lang)
    return shown


def _with_error(part: Assessment, lang: str) -> str:
    assert part.probability is not None
    shown = percent(part.probability, lang)
    if part.probability_error == 0:
        return text("exact_shown", lang, value=shown)
    error = f"{max(0.1, 100 * (part.probability_error or 0)):.1f}"
    return text("plus_minus", lang, value=shown, error=error)


def _last_figure(part: Assessment, lang: str) -> str:
    """What is counted so far, or the newest level; empty where there is neither."""
    if part.tally is not None:
        counted, through = level_shown(part, part.tally.count, lang), part.tally.through
        return text("counted_by", lang, value=counted, through=period(through, lang)) if through else ""
    known = part.series.values.dropna() if part.series is not None else pd.Series(dtype=float)
    if known.empty:
        return ""
    newest = level_shown(part, float(known.iloc[-1]), lang)
    return text("in_year", lang, value=newest, year=int(known.index[-1]))


def _pace(pace: Pace, unit: str, lang: str) -> str:
    step = text("points" if unit == "%" else "index_points", lang) if unit in ("%", "") else unit
    linear = f"{with_sign(number(pace.linear))} {step}"
    facts = {"start": pace.from_year, "end": pace.to_year, "linear": linear}
    if pace.compound is None:
        return text("pace_shown", lang, **facts)
    return text("pace_shown_both", lang, compound=with_unit(signed(pace.compound), "%", lang), **facts)


def sources_table(assessment: Assessment, lang: str = "en") -> pd.DataFrame:
    """Every published figure used or set aside, one row each (parts included, each once), oldest first.

    Columns: period, figure, measure, status, use, publisher, document, date; all cells hold shown text in `lang`.

    >>> import qcity_analysis as qc
    >>> table = sources_table(qc.assess(qc.load(), "rd_intensity"), "zh")
    >>> list(table.columns)[:2]
    ['时期', '数据']
    """
    columns = [text(key, check_language(lang)) for key in SOURCE_COLUMNS]
    frames = [rows for part in [assessment, *assessment.parts] for rows in _figures(part)]
    if not frames:
        return pd.DataFrame(columns=columns)
    rows = pd.concat(frames, ignore_index=True).sort_values("period", kind="stable")
    shown = [_source_row(row, lang) for row in rows.to_dict("records")]
    return pd.DataFrame(shown, columns=columns).drop_duplicates(ignore_index=True)


def sources_by_series(assessment: Assessment, lang: str) -> dict[str, pd.DataFrame]:
    """The same figures as one table for each series, by its name; series without any figure are left out."""
    tables: dict[str, pd.DataFrame] = {}
    for part in [assessment, *assessment.parts]:
        name = borrowed_name(part, lang) or part.definition[f"name_{lang}"]
        table = sources_table(replace(part, parts=()), lang)
        if len(table):
            tables.setdefault(name, table)
    return tables


def _figures(part: Assessment) -> list[pd.DataFrame]:
    uses = {"observations": "used", "bounds": "bound", "superseded": "superseded", "unused": "unused"}
    frames = (
        [(getattr(part.series, name), use) for name, use in uses.items()] if part.series is not None else []
    )
    unit = part.definition.get("unit_zh") or ""
    return [rows.assign(use=use, unit_zh=unit) for rows, use in frames if rows is not None and len(rows)]


def _source_row(row: dict[str, Any], lang: str) -> list[str]:
    change, tail = "change" in str(row["measure"]), "" if lang == "zh" else "_en"
    unit = (text_of(row.get("unit_zh")) if lang == "zh" else "") or text_of(row.get("unit"))
    value, qualifier = float(row["value"]), str(row["qualifier"])
    named = [text_of(row.get(key + tail)) or text_of(row.get(key)) for key in ("publisher", "title")]
    date = text_of(row.get("published")) or text_of(row.get("source_date")) or text("none_given", lang)
    return [
        str(row["period"]),
        published(value, int(row["decimals"]), "%" if change else unit, lang, qualifier, change),
        measure_shown(row["measure"], row.get("base_period"), lang),
        text(f"st_{row['status']}", lang),
        text(f"use_{row['use']}", lang),
        *named,
        date,
    ]


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


def _cell(cell: Any) -> str:
    shown = "" if cell is None else str(cell)
    short = len(shown) <= 8 or re.fullmatch(r"[\d–-]+(Q\d)?", shown)  # a date or a word is not broken
    kept = ' class="nowrap"' if short else ""
    return f"<td{kept}>{shown if shown.startswith('<a ') else escape(shown)}</td>"


def folded(table: str, summary: str) -> str:
    """A long table under a line to open it with; on paper it is open.

    >>> folded("<table></table>", "All of it")
    '<details class="fold"><summary>All of it</summary><table></table></details>'
    """
    return f'<details class="fold"><summary>{escape(summary)}</summary>{table}</details>'


def plain_table(table: pd.DataFrame) -> list[str]:
    """A table of shown text as aligned lines, a Chinese character counting as two columns.

    >>> plain_table(pd.DataFrame({"甲": ["1", "22"], "b": ["x", ""]}))
    ['甲  b', '1   x', '22']
    """
    columns = [[str(name), *map(str, table.iloc[:, k])] for k, name in enumerate(table.columns)]
    padded = [[cell + " " * (max(map(_width, cells)) - _width(cell)) for cell in cells] for cells in columns]
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in cell)

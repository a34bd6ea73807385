"""How a section shows itself in a notebook: Markdown, a table, a picture; and the tables that several pages share.

The sections are in `target_sections`, `plan_sections`, `data_sections` and `track_sections`, one call each: a heading,
a sentence before, the thing itself, what it means; all in the language asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import check_language, text
from . import sentences
from .figures.canvas import Picture, columns_of
from .formatting import change, number, period, published, text_of, with_sign, year_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..targets import Pace

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
USES = {"observations": "used", "bounds": "bound", "superseded": "superseded", "unused": "unused"}


def markdown(words: str, front: dict[str, Any] | None = None) -> None:
    """Show Markdown; `front` is what the page says in its head and the index (output metadata `qcity`)."""
    from IPython.display import Markdown, display

    display(Markdown(words), metadata={"qcity": front} if front else None)


def section(
    key: str, lang: str, lead: str | None = None, front: dict[str, Any] | None = None, **values: object
) -> None:
    """Show the heading `h_<key>` and under it `lead`, by default the sentence `s_<key>`, both filled from `values`."""
    words = text(f"s_{key}", lang, **values) if lead is None else lead
    markdown("\n\n".join(filter(None, [f"## {text(f'h_{key}', lang, **values)}", words])), front)


def table(frame: pd.DataFrame, caption: str = "", index: bool = True, fold: str = "") -> None:
    """Show a table of shown text; with `fold` under a line of that text to open it with (on paper it is open)."""
    from IPython.display import HTML, display

    html = html_table(frame, caption, index=index)
    line = f'<details class="fold"><summary>{escape(fold)}</summary>'
    display(HTML(f"{line}{html}</details>" if fold else html))


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


def html_table(frame: pd.DataFrame, caption: str = "", index: bool = False) -> str:
    """A table as accessible HTML: a caption, column headers with scope, a scrolling frame; text escaped.

    With `index` the index is a column of row headers. Cells that start with "<a " are kept as links.

    >>> html_table(pd.DataFrame({"a": ["1 < 2"]}))
    '<div class="scroll"><table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td class="nowrap">1 &lt; 2...'
    """
    head = [str(frame.index.name or ""), *frame.columns] if index else list(frame.columns)
    titles = "".join(f'<th scope="col">{escape(str(title))}</th>' for title in head)
    firsts = [f'<th scope="row">{escape(str(name))}</th>' if index else "" for name in frame.index]
    rows = zip(firsts, frame.to_numpy(), strict=True)
    body = "".join(f"<tr>{first}{''.join(map(_cell, row))}</tr>" for first, row in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    head_row = f"<thead><tr>{titles}</tr></thead>"
    return f'<div class="scroll"><table>{above}{head_row}<tbody>{body}</tbody></table></div>'


def _cell(cell: Any) -> str:
    shown = "" if cell is None else str(cell)
    short = len(shown) <= 8 or re.fullmatch(r"[\d–-]+(Q\d)?", shown)  # a date or a word is not broken
    kept = ' class="nowrap"' if short else ""
    return f"<td{kept}>{shown if shown.startswith('<a ') else escape(shown)}</td>"


def plain_table(frame: pd.DataFrame) -> list[str]:
    """A table of shown text as aligned lines, a Chinese character counting as two columns.

    >>> plain_table(pd.DataFrame({"甲": ["1", "22"], "b": ["x", ""]}))
    ['甲  b', '1   x', '22']
    """
    padded = []
    for k, name in enumerate(frame.columns):
        cells = [str(name), *map(str, frame.iloc[:, k])]
        width = max(map(columns_of, cells))
        padded.append([cell + " " * (width - columns_of(cell)) for cell in cells])
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def key_figures(assessment: Assessment, lang: str = "en") -> pd.DataFrame:
    """Probability with its error, expected value, interval, paces and last figure, one row each, as shown text.

    Index: the quantity; one column, or one for each of `assessment.parts`. What does not apply is left out.
    """
    check_language(lang)
    if not assessment.parts:
        return pd.DataFrame({text("k_value", lang): single_figures(assessment, lang)})
    columns = {sentences.panel_title(part, lang): single_figures(part, lang) for part in assessment.parts}
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    return pd.DataFrame(columns, index=rows).fillna("–")


def single_figures(part: Assessment, lang: str) -> dict[str, str]:
    """The key figures of one assessment without its parts: shown quantity to shown value."""
    shown, (probability, word) = (
        {"k_status": sentences.status_shown(part, lang)},
        sentences.chance(part, lang),
    )
    if probability:
        key = "exact_shown" if part.probability_error == 0 else "plus_minus"
        error = sentences.error_shown(part)
        shown |= {"k_probability": text(key, lang, value=probability, error=error), "k_word": word}
    if part.status == "forecast" and part.median is not None:
        shown["k_expected"] = sentences.level_shown(part, part.median, lang)
    if part.status == "forecast" and part.interval is not None:
        shown["k_interval"] = sentences.level_shown(part, part.interval[0], lang, part.interval[1])
    shown |= {"k_threshold": sentences.target_shown(part, lang), "k_last": _last_figure(part, lang)}
    unit = "" if part.series is not None and part.series.base_year else sentences.unit_of(part, lang)
    for key, pace in (("k_so_far", part.pace_so_far), ("k_needed", part.pace_needed)):
        shown[key] = _pace(pace, unit, lang) if pace is not None else ""
    year = int(part.target.deadline)
    return {text(key, lang, year=year): value for key, value in shown.items() if value}


def _last_figure(part: Assessment, lang: str) -> str:
    """What is counted so far, or the newest level; empty where there is neither."""
    known = sentences.levels_of(part)
    if part.tally is None and known.empty or part.tally is not None and not part.tally.through:
        return ""
    newest = sentences.level_shown(part, part.tally.count if part.tally else float(known.iloc[-1]), lang)
    if part.target.kind == "average_growth":  # that of the whole period
        newest = sentences.level_number(part, float(known.iloc[-1]))
    if part.tally is not None and part.tally.through:
        return text("counted_by", lang, value=newest, through=period(part.tally.through, lang))
    return text("in_year", lang, value=newest, year=int(known.index[-1]))


def _pace(pace: Pace, unit: str, lang: str) -> str:
    step = sentences.step_unit(unit, lang) if unit else text("index_points", lang)
    key = "pace_shown" if pace.compound is None else "pace_shown_both"
    linear, compound = f"{with_sign(number(pace.linear))} {step}", change(pace.compound or 0, lang)
    return text(key, lang, start=pace.from_year, end=pace.to_year, linear=linear, compound=compound)


def sources_table(assessment: Assessment, lang: str = "en") -> pd.DataFrame:
    """Every published figure used or set aside, one row each (parts included, each once), oldest first.

    Columns: period, figure, measure, status, use, publisher, document, date; all cells hold shown text in `lang`.
    """
    columns = [text(key, check_language(lang)) for key in SOURCE_COLUMNS]
    frames = [
        rows.assign(use=use, unit_zh=part.definition.get("unit_zh") or "")
        for part in (assessment, *assessment.parts)
        for name, use in USES.items()
        if (rows := getattr(part.series, name, None)) is not None and len(rows)
    ]
    if not frames:
        return pd.DataFrame(columns=columns)
    rows = pd.concat(frames, ignore_index=True).sort_values("period", kind="stable")
    shown = [_source_row(row, lang) for row in rows.to_dict("records")]
    return pd.DataFrame(shown, columns=columns).drop_duplicates(ignore_index=True)


def sources_by_series(assessment: Assessment, lang: str) -> dict[str, pd.DataFrame]:
    """The same figures as one table for each series, by its name; series without any figure are left out."""
    tables: dict[str, pd.DataFrame] = {}
    for part in [assessment, *assessment.parts]:
        rows = sources_table(replace(part, parts=()), lang)
        if len(rows):
            name = sentences.borrowed_name(part, lang) or part.definition[f"name_{lang}"]
            tables.setdefault(name, rows)
    return tables


def _source_row(row: dict[str, Any], lang: str) -> list[str]:
    tail = "" if lang == "zh" else "_en"
    named = [text_of(row.get(key + tail)) or text_of(row.get(key)) for key in ("publisher", "title")]
    date = text_of(row.get("published")) or text_of(row.get("source_date")) or text("none_given", lang)
    measure = measure_shown(row["measure"], row.get("base_period"), lang)
    labels = [text(f"st_{row['status']}", lang), text(f"use_{row['use']}", lang)]
    return [str(row["period"]), _published(row, row, lang), measure, *labels, *named, date]


def value_shown(data: Data, row: Mapping[str, Any], lang: str, when: str = "") -> str:
    """A published figure with its bound sign, every digit and its unit; `when` is "_before" for the earlier vintage."""
    return _published(row, data.indicator(str(row["indicator_id"])), lang, when)


def _published(row: Mapping[str, Any], units: Mapping[str, Any], lang: str, when: str = "") -> str:
    """A published figure as `value_shown`, its unit from the columns unit and unit_zh of `units`."""
    moved = "change" in str(row["measure"])
    unit = (text_of(units.get("unit_zh")) if lang == "zh" else "") or text_of(units.get("unit"))
    qualifier, decimals = text_of(row.get(f"qualifier{when}", "=")), int(row.get(f"decimals{when}", 0))
    return published(float(row[f"value{when}"]), decimals, "%" if moved else unit, lang, qualifier, moved)


def measure_shown(measure: str, base: Any, lang: str) -> str:
    """The measure of a figure in `lang`, with its base year where it has one."""
    return text(f"m_{measure}", lang, base=year_of(base) or "").strip()


def vintage_line(data: Data, rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Rows of `vintages.diff` of one series from one publication as a line: what, where, when, and since when.

    One row with its value and what it replaced; of many how many, of which years, and the date of the last.

    >>> import qcity_analysis as qc
    >>> rows = qc.diff(qc.load(), "2021-09-30", "2021-12-31").to_dict("records")
    >>> [vintage_line(qc.load(), [row], "en") for row in rows if row["change"] == "revised"][-1]
    'R&D expenditure as a share of GDP, Nanjing, 2020: 3.38 % → 3.48 % (level, final, published 2021-10-27)'
    >>> rows = qc.diff(qc.load(), "2023-12-30", "2023-12-31")
    >>> vintage_line(qc.load(), rows[rows["indicator_id"] == "un_rd_intensity"].to_dict("records"), "en")
    'R&D expenditure as a share of GDP (UN indicator 9.5.1), China: 21 figures, 2000 to 2020 (published 2023-12)'
    """
    rows = sorted(rows, key=lambda row: str(row["period"]))
    row = rows[-1]
    facts = {"name": data.indicator(str(row["indicator_id"]))[f"name_{lang}"], "date": date_shown(row, lang)}
    facts["region"] = data.region_name(str(row["region"]), lang)
    if len(rows) > 1:
        return text("diff_lines", lang, count=len(rows), start=rows[0]["period"], end=row["period"], **facts)
    facts |= {"period": row["period"], "value": value_shown(data, row, lang)}
    facts |= {"measure": measure_shown(row["measure"], row["base_period"], lang)}
    facts |= {"status": text(f"st_{row['status']}", lang)}
    if row["change"] in ("revised", "corrected"):
        return text("diff_line_before", lang, before=value_shown(data, row, lang, "_before"), **facts)
    return text("diff_line", lang, **facts)


def date_shown(row: Mapping[str, Any], lang: str) -> str:
    """When a figure was published, or from when the publication lag lets it be known, which is said."""
    if row["published_assumed"]:
        return text("diff_assumed", lang, date=row["known_from"].date())
    return text("diff_published", lang, date=row["published"])

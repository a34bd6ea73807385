"""How a section shows itself in a notebook: Markdown, a table, a picture; and the tables that several pages share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from ..assessment.answer import Assessment
from ..catalogue import check_language, join, say, text
from ..files import PROJECT, inside, write_whole
from . import sentences
from .figures import Picture, columns_of
from .formatting import period, published, text_of, unit_in, with_unit, year_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Front = dict[str, Any] | None
STYLES = [Path(__file__).with_name("templates") / f"{name}.css" for name in ("notebook", "parts")]
LOOK = f"<style>{''.join(path.read_text('utf-8') for path in STYLES)}</style>"  # of a notebook
SOURCE_COLUMNS = "c_period c_figure c_measure c_status c_use c_publisher c_title c_date"
USES = {"observations": "used", "bounds": "bound", "superseded": "superseded", "unused": "unused"}
MARKS = {  # elements of HTML as Markdown
    **{f"h{depth}": f"\n\n{'#' * depth} {{}}\n\n" for depth in range(1, 5)}, "code": "`{}`", "b": " **{}** ",
    **dict.fromkeys(("summary", "caption"), "\n\n**{}**\n\n"), **dict.fromkeys(("form", "hidden", "style"), ""),
    **dict.fromkeys(("dl", "figure", "label", "p", "table", "ul"), "\n\n{}\n\n"), "span": " {} ",
    "dt": "\n- {}: ", "li": "\n- {}", "tr": "\n| {}", **dict.fromkeys(("td", "th"), "{} | "),
}  # fmt: skip
SIGNS = re.compile(r"[\\`*|<\[$~]|&(?=#?\w+;)|(?<!\w)_|_(?!\w)|^[#>+-](?= )")  # of Markdown


class Block(NamedTuple):
    """What is said of one part of an answer: its name, sentences, tables by caption, and a drawing as HTML."""

    name: str
    lines: list[str]
    tables: dict[str, pd.DataFrame]
    drawn: str = ""

    def plain(self) -> list[str]:
        """The same as lines of plain text."""
        tables = [[title, *plain_table(table)] for title, table in self.tables.items()]
        return [*filter(None, [self.name, *self.lines, *(line for each in tables for line in each)]), ""]


def markdown(words: str, front: Front = None) -> None:
    """Show Markdown without HTML; `front` is what the page says in its head and the index (metadata `qcity`)."""
    shown = {"text/markdown": words.replace("<", "&lt;"), "text/plain": words}
    _display(shown, {"qcity": front} if front else None)


def section(key: str, lang: str, lead: str | None = None, front: Front = None, **values: object) -> None:
    """Show the heading `h_<key>` and under it `lead`, by default the sentence `s_<key>`, both filled from `values`."""
    words = text(f"s_{key}", lang, **values) if lead is None else lead
    markdown("\n\n".join(filter(None, [f"## {text(f'h_{key}', lang, **values)}", words])), front)


def html(*parts: str, front: Front = None, page: bool = True) -> None:
    """Show HTML, and Markdown where none is shown; what is not for the `page` stays in the notebook."""
    _display(in_both("".join(parts)), {"qcity": front} if front else {} if page else {"qcity_page": False})


def _display(shown: dict[str, str] | Picture, metadata: Front = None) -> None:
    from IPython.display import display

    display(shown, raw=isinstance(shown, dict), metadata=metadata)


def in_both(shown: str) -> dict[str, str]:
    """HTML, and the same as Markdown: headings, paragraphs, lists, terms and tables; of a drawing its description."""
    from bs4 import BeautifulSoup

    tree = BeautifulSoup(re.sub("(<svg[^>]*>).*?</svg>", r"\1</svg>", shown, flags=re.S), "html.parser")
    words = re.sub(r"\s*\n\s*\n\s*", "\n\n", "".join(map(_written, tree))).strip()
    return {"text/html": shown, "text/markdown": words, "text/plain": words}


def _written(part: Any) -> str:
    """A part of a tree of HTML as Markdown."""
    if isinstance(part, str):
        return SIGNS.sub(r"\\\g<0>", re.sub(r"\s+", " ", part))
    name, parts = "hidden" if part.get("aria-hidden") else part.name, [*map(_written, part)]
    if name == "svg" or part.get("role") == "img":
        name, parts = "p", [_written(part.get("aria-label", ""))]
    if name == "thead":
        first, *rest = filter(str.strip, parts)
        parts = [first, "\n|", " --- |" * len(part.tr.find_all("th")), *rest]
    inner = " · ".join(filter(str.strip, parts)) if name == "li" else "".join(parts)
    inner = part.text if name == "code" else re.sub(" +", " ", inner).strip(" ")
    return MARKS.get(name, "{}").format(inner) if inner or name in ("td", "th") else ""


def paragraphs(*lines: str, kind: str = "") -> str:
    """Sentences as paragraphs of HTML; none for an empty one."""
    look = f' class="{kind}"' if kind else ""
    whole = "".join(f"<p{look}>{escape(line)}</p>" for line in lines if line)
    return re.sub("`(.+?)`", r"<code>\1</code>", whole)


def fold(line: str, *parts: str) -> str:
    """HTML that lies under a line to open it with, open without a line; nothing without any."""
    inner = "".join(parts)
    head = f'<details class="qcity fold"><summary>{escape(line)}</summary>'
    return f"{head}{inner}</details>" if inner and line else inner


def table(frame: pd.DataFrame, caption: str = "", index: bool = True, folded: str = "") -> None:
    """Show a table of shown text; with `folded` it lies under a line of that text to open it with."""
    html(fold(folded, table_html(frame, caption, index)))


def table_html(frame: pd.DataFrame, caption: str = "", index: bool = True, kind: str = "") -> str:
    """A table of shown text as accessible HTML: a caption, headers with scope, a frame that scrolls by keyboard.

    With `index` the index is a column of row headers. Cells that start with "<a " are kept as links. Of the `kind`
    "cards" every row is a card on a phone.
    """
    head = [str(frame.index.name or ""), *map(str, frame.columns)] if index else [*map(str, frame.columns)]
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    firsts = [f'<th scope="row">{escape(str(name))}</th>' if index else "" for name in frame.index]
    labels = [f' data-label="{escape(title)}"' if kind == "cards" else "" for title in head[int(index) :]]
    rows = zip(firsts, frame.to_numpy(), strict=True)
    body = "".join(f"<tr>{first}{''.join(map(_cell, row, labels))}</tr>" for first, row in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    name = escape(caption or " · ".join(head))
    whole = f'<table class="{kind}">{above}<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="qcity scroll" role="group" tabindex="0" aria-label="{name}">{whole}</div>'


def blocks(a: Assessment, key: str, lang: str, told: Sequence[Block], about: str = "", **values: Any) -> None:
    """Show a section of blocks, their tables folded; of the definitions of `a` only the newest is open."""
    newest = sentences.panel_title(a.by_definition()[-1], lang)
    if told:
        section(key, lang, "", **values)
    for block in told:
        tables = [table_html(one, title, one.index.name is not None) for title, one in block.tables.items()]
        tables = [fold(text(f"t_{key}", lang), paragraphs(about), *tables)] if tables else []
        inner = paragraphs(("" if lang == "zh" else " ").join(block.lines)), block.drawn, *tables
        head = f"<h3>{escape(block.name)}</h3>" * bool(block.name)
        html(*[head, *inner] if block.name in ("", newest) else [fold(block.name, *inner)])


def meter(share: float) -> str:
    """A bar from 0 to 100 % as SVG without words."""
    bar = f'<rect class="ground" width="100" height="8" rx="1"/><rect class="bar" width="{100 * share:.1f}"'
    start = '<svg class="meter" viewBox="0 0 100 8" aria-hidden="true" preserveAspectRatio="none">'
    return f'{start}{bar} height="8" rx="1"/></svg>'


def strip(shares: Sequence[float], marks: Sequence[float], alt: str, lang: str) -> str:
    """Probabilities as dots on one line from 0 to 100 %, `marks` in red, with a description."""
    ends = "".join(f"<span>{with_unit(share, '%', lang)}</span>" for share in ("0", "50", "100"))
    places = [("dot", share) for share in shares] + [("dot flip", share) for share in marks]
    circles = [f'<circle class="{kind}" cx="{4 + 294.4 * at:.1f}" cy="4" r="3.2"/>' for kind, at in places]
    line = '<rect class="ground" width="320" height="8" rx="1"/><line class="half" x1="160.0" x2="160.0" y2="8"/>'
    drawn = f'<svg class="meter" viewBox="0 0 320 8" aria-hidden="true">{line}{"".join(circles)}</svg>'
    shown = f'<div role="img" aria-label="{escape(alt)}">{drawn}</div>'
    return f'<div class="qcity strip">{shown}<p class="ends" aria-hidden="true">{ends}</p></div>'


def card(a: Assessment, lang: str, heading: str = "h3") -> str:
    """The answer on a card, as HTML: what was found, how likely, the plan's words, last figure, pace, what about."""
    region = a.region_names[lang]
    name = text("place_and_series", check_language(lang), region=region, name=a.target.name(lang))
    facts = [(text("k_last", lang), _last_figure(part, lang), "") for part in a.by_definition()]
    by, named = sentences.goes_by(a, lang), join(a.target.responsible(lang), lang)
    facts += [(text("k_basis", lang), by, ""), *_paces(a, lang), (text("d_named", lang), named, "")]
    told = [(escape(term), escape(said) + bar) for term, said, bar in facts if said]
    listed = dict.fromkeys(f"<div><dt>{term}</dt><dd>{said}</dd></div>" for term, said in told)
    over = [text("about_over", lang, **note.values) for note in a.notes if note.code == "awaiting_figure"]
    rows = [paragraphs(name, kind="eyebrow"), f"<{heading}>{escape(sentences.finding(a, lang))}</{heading}>"]
    rows.append(paragraphs(text("illustrative_banner", lang) if a.illustrative else "", kind="made-up"))
    for part in a.by_definition() if a.status != "not_assessable" or a.basis else ():
        (shown, word), status = sentences.chance(part, lang), sentences.status_shown(part, lang)
        big = f"<b>{escape(shown or status)}</b> {escape(word)}"
        bar = meter(part.headline_probability or 0) if shown else ""
        lead = f"<small>{escape(which)}</small>" if (which := sentences.panel_title(part, lang)) else ""
        rows.append(f'<p class="verdict {part.status}">{lead}<span>{big}</span>{bar}</p>')
    rows += [paragraphs(sentences.plan_quote(a, lang), kind="quote"), f"<dl>{''.join(listed)}</dl>"]
    rows.append(paragraphs(*over, kind="quiet"))
    return f'<article class="qcity card" lang="{lang}">{"".join(rows)}</article>'


def row(name: str, a: Assessment, lang: str, said: str = "", href: str = "", **data: str) -> str:
    """One answer as a row of a list: its name (a link where `href` is a page), number, bar and word, what is said."""
    (shown, word), unassessed = sentences.chance(a, lang), a.status == "not_assessable"
    bar = f"<b>{escape(shown)}</b>{meter(a.headline_probability or 0)}" if shown else ""
    kept = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    kind = "none" if unassessed else "settled" if not shown else ""
    verdict = f'<span class="{kind}">{escape(word or sentences.status_shown(a, lang))}</span>'
    title = f'<span class="name" data-href="{escape(href)}">{escape(name)}</span>'
    tail = f' <span class="say">{escape(said)}</span>' if said else ""
    return f'<li{kept}>{title} <span class="mark">{bar}{verdict}</span>{tail}</li>'


def _paces(a: Assessment, lang: str) -> list[tuple[str, str, str]]:
    """Pace so far and pace needed with a bar each on one scale; that it was reached; nothing where one is unknown."""
    pair = {"k_so_far": a.pace_so_far, "k_needed": a.pace_needed}
    paces = {key: pace for key, pace in pair.items() if pace is not None}
    largest = max((abs(pace.linear) for pace in paces.values()), default=0)
    if len(paces) < 2 or not largest or a.status != "forecast":
        return []
    if a.reached:
        return [(text("k_needed", lang), say("reached", lang, last=paces["k_needed"].from_year), "")]
    rows = []
    for key, pace in paces.items():
        years, shown = {"start": pace.from_year, "end": pace.to_year}, sentences.pace_shown(a, pace, lang)
        said = text("pace_shown", lang, pace=shown, **years)
        rows.append((text(key, lang), said, meter(abs(pace.linear) / largest)))
    return rows


def picture(figure: Figure, alt: str, folded: str = "") -> None:
    """Show a figure with its description; with `folded` it lies under a line of that text."""
    html(fold(folded, Picture(figure, alt).svg())) if folded else _display(Picture(figure, alt))


def saved(result: dict[str, Any], name: str, lang: str, out: str = "") -> Path:
    """Write the result as JSON to the folder `out` and show where; returns the path.

    An empty `out` means `data/processed` beside the data the project ships, or this folder when that is not there.
    """
    home = PROJECT / "data"
    folder = Path(out) if out else (home / "processed" if home.is_dir() else Path.cwd())
    folder.mkdir(parents=True, exist_ok=True)
    path = inside(folder, f"{name}.json")
    write_whole(path, json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    shown = "/".join(path.parts[-2:] if out else path.parts[-3:])
    link = f'<span data-href="../{"/".join(path.parts[-2:])}">{escape(shown)}</span>'
    html(f'<p class="quiet">{escape(text("s_saved", lang))}{link}</p>')
    return path


def title(key: str, lang: str) -> None:
    """Show in the notebook, not on its page, its title `title_<key>`, what it is about, its use, and its look."""
    about = paragraphs(text(f"about_{key}", lang), text("about_parameters", lang))
    html(LOOK, f"<h1>{escape(text(f'title_{key}', lang))}</h1>{about}", page=False)


def things_to_try(lang: str, *keys: str) -> None:
    """Show in the notebook, not on its page, what a reader can do next, from the texts named."""
    tips = paragraphs(*(text(f"next_{key}", lang) for key in keys))
    html(f"<h2>{escape(text('h_next', lang))}</h2>{tips}", page=False)


def _cell(cell: Any, label: str = "") -> str:
    shown = "" if cell is None else str(cell)
    kept = ' class="nowrap"' * bool(len(shown) <= 8 or re.fullmatch(r"[\d–-]+(Q\d)?", shown))  # as a date
    return f"<td{kept}{label}>{shown if shown.startswith('<a ') else escape(shown)}</td>"


def plain_table(frame: pd.DataFrame) -> list[str]:
    """A table of shown text as aligned lines, a Chinese character counting as two columns."""
    padded = []
    for k, name in enumerate(frame.columns):
        cells = [str(name), *map(str, frame.iloc[:, k])]
        width = max(map(columns_of, cells))
        padded.append([cell + " " * (width - columns_of(cell)) for cell in cells])
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def _last_figure(part: Assessment, lang: str) -> str:
    """What is counted so far, or the newest level; empty where there is neither."""
    tally, (year, value) = part.tally, part.newest
    if year is None:
        return ""
    growth = part.target.kind == "average_growth"  # that of the whole period
    newest = sentences.level_number(part, value) if growth else sentences.level_shown(part, value, lang)
    if tally is not None:
        return text("counted_by", lang, value=newest, through=period(tally.through, lang))
    return text("in_year", lang, value=newest, year=year)


def sources_by_series(a: Assessment, lang: str = "en") -> dict[str, pd.DataFrame]:
    """Every published figure used or set aside, one row each, oldest first: a table for each series, by its name.

    Columns: period, figure, measure, status, use, publisher, document, date; all cells hold shown text in `lang`.
    Series without any figure are left out.
    """
    tail, none, tables = "" if lang == "zh" else "_en", text("none_given", lang), dict[str, pd.DataFrame]()
    for part in (a, *a.parts):
        rows, units = [], {"unit_zh": part.definition.get("unit_zh") or ""}
        kinds = {use: getattr(part.series, name, pd.DataFrame()) for name, use in USES.items()}
        told = [row | {"use": use} for use, frame in kinds.items() for row in frame.to_dict("records")]
        for row in sorted(told, key=lambda row: str(row["period"])):
            named = [text_of(row.get(key + tail)) or text_of(row.get(key)) for key in ("publisher", "title")]
            date = next(filter(None, [text_of(row.get(key)) for key in ("published", "source_date")]), none)
            labels = [measure_shown(row["measure"], row.get("base_period"), lang)]
            labels += [text(f"st_{row['status']}", lang), text(f"use_{row['use']}", lang)]
            rows.append([str(row["period"]), value_shown(row, row | units, lang), *labels, *named, date])
        if rows:
            name = sentences.borrowed_name(part, lang) or part.definition[f"name_{lang}"]
            shown = pd.DataFrame(rows, columns=[text(key, lang) for key in SOURCE_COLUMNS.split()])
            tables.setdefault(name, shown.drop_duplicates(ignore_index=True))
    return tables


def value_shown(row: Mapping[str, Any], units: Mapping[str, Any], lang: str, when: str = "") -> str:
    """A published figure with its bound sign, every digit and its unit, from the columns unit and unit_zh of `units`.

    `when` is "_before" for the earlier vintage.
    """
    moved = "change" in str(row["measure"])
    qualifier, decimals = text_of(row.get(f"qualifier{when}", "=")), int(row.get(f"decimals{when}", 0))
    unit = "%" if moved else unit_in(units, lang)
    return published(float(row[f"value{when}"]), decimals, unit, lang, qualifier, moved)


def measure_shown(measure: str, base: Any, lang: str) -> str:
    """The measure of a figure in `lang`, with its base year where it has one."""
    return text(f"m_{measure}", lang, base=year_of(base) or "").strip()


def date_shown(row: Mapping[str, Any], lang: str, bare: bool = False) -> str:
    """When a figure was published, as a `bare` date too, or from when the publication lag lets it be known, so said."""
    if row["published_assumed"]:
        return text("diff_assumed", lang, date=row["known_from"].date())
    return str(row["published"]) if bare else text("diff_published", lang, date=row["published"])

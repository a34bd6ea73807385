"""Notebooks, the index of a report and the list of problems as self-contained HTML pages; the guide of a new plan.

No external address, no JavaScript, described figures, code folded away. What a page is called and says in its head
comes from the notebook itself: the output that carries the metadata key `qcity` (see `show.markdown`).
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..catalogue import LANGUAGES, catalogue, text
from ..data.schema import TABLES
from ..files import write_whole
from ..problems import Problem, counted
from .sentences import section_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).with_name("templates")
HTML_LANG = {"zh": "zh-CN", "en": "en"}
EXAMPLES = {"date": "2024-03-28, 2024-03, 2024", "year": "2025", "number": "3.48", "integer": "6"}
_ONE_AT_A_TIME = threading.Lock()  # nbconvert's exporter and its templates are not promised to be thread-safe


def render_page(
    executed: str | Path,
    output: str | Path,
    *,
    lang: str = "en",
    title: str = "",
    home: str = "",
    fault: str = "",
) -> dict[str, Any]:
    """Write an executed notebook as HTML and return its front matter.

    `lang` and `title` are used when the notebook stopped before it said them itself; `home` is the relative
    address of the index; `fault` is shown in a banner when the run did not finish. The file appears whole
    or not at all.
    """
    import nbformat

    document = nbformat.read(executed, as_version=4)
    front = {"lang": lang, "title": title or Path(executed).stem} | _front_matter(document)
    words, model, about = _words(front["lang"]), front.get("model", ""), ""
    if front.get("as_of"):
        values = {
            "as_of": front["as_of"],
            "model": words.get(f"model_{model}", model),
            "version": __version__,
        }
        about = words["page_about" if model else "index_as_of"].format(**values)
    head = {"illustrative": False, "lead_cell": ""} | front
    head |= {
        "words": words,
        "about": about,
        "home": home,
        "fault": fault,
        "html_lang": HTML_LANG[front["lang"]],
    }
    html = _export(document, head)
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(output), html)
    return front


def _front_matter(document: NotebookNode) -> dict[str, Any]:
    """What an executed notebook says about itself; an empty dict when it stopped before saying anything."""
    for cell in document.cells:
        for output in cell.get("outputs", []):
            if front := output.get("metadata", {}).get("qcity"):
                return dict(front) | {"lead_cell": cell.get("id", "")}
    return {}


def _words(lang: str) -> dict[str, str]:
    return {key: entry[lang] for key, entry in catalogue().items()}


def _export(document: NotebookNode, head: dict[str, Any]) -> str:
    from jinja2 import FileSystemLoader
    from nbconvert import HTMLExporter

    with _ONE_AT_A_TIME:
        exporter = HTMLExporter(
            template_name="basic", template_file="page.html.j2", extra_loaders=[FileSystemLoader(TEMPLATES)],
            exclude_anchor_links=True, exclude_input_prompt=True, exclude_output_prompt=True,
        )  # fmt: skip
        exporter.log.setLevel("ERROR")
        html, _ = exporter.from_notebook_node(document, resources={"qcity": head})
    return str(html)


def _rendered(template: str, langs: list[str], **values: Any) -> str:
    """A page with all `langs` in it; the language switch is a pair of radio buttons."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    words, html_langs = {lang: _words(lang) for lang in langs}, [HTML_LANG[lang] for lang in langs]
    page = environment.get_template(template)
    return page.render(langs=langs, html_langs=html_langs, w=words, version=__version__, **values)


def check_page(
    problems: Sequence[Problem],
    folder: str | Path,
    day: dt.date,
    first: str = "zh",
    corrections: Sequence[Problem] = (),
) -> str:
    """What is wrong with a data package: errors, then warnings, with file, row, column, found, allowed and remedy.

    `folder` is the data package, `day` that of the check, `first` the language shown at first; `corrections`, as
    `corrections.listed` gives them, follow in a table of their own.
    """
    langs = sorted(LANGUAGES, key=lambda lang: lang != first)
    errors, warnings = counted(problems)
    lists = {
        name: {lang: [one.to_dict(lang) for one in rows] for lang in langs}
        for name, rows in (("found", problems), ("made", corrections))
    }
    facts = {"errors": errors, "warnings": warnings, "folder": str(folder), "date": day.isoformat()}
    return _rendered("problems.html.j2", langs, **lists, **facts)


def write_index(entries: Sequence[dict[str, Any]], output: str | Path, as_of: str) -> None:
    """Write the index of a report: every target of every plan, one line each, with links to the pages.

    `entries` are one dict per run as in the ledger (see `report`). Used of each: plan, lang, kind (target, dated,
    scorecard, overview or track), page (relative address), status, and `front`, the front matter of its page. Runs that
    failed are listed in a banner. The file appears whole or not at all.
    """
    langs = list(dict.fromkeys(entry["lang"] for entry in entries)) or ["en"]
    mine = {lang: [entry for entry in entries if entry["lang"] == lang] for lang in langs}
    html = _rendered(
        "index.html.j2",
        langs,
        plans={lang: _plans([e for e in mine[lang] if e["plan"]], lang) for lang in langs},
        track={e["lang"]: e["page"] for e in entries if e["kind"] == "track"},
        overview={e["lang"]: e["page"] for e in entries if e["kind"] == "overview"},
        failed={lang: [e | {"name": _name(e)} for e in mine[lang] if not e["ok"]] for lang in langs},
        as_of=as_of,
    )
    write_whole(Path(output), html)


def _plans(entries: list[dict[str, Any]], lang: str) -> list[dict[str, Any]]:
    plans = []
    for plan in dict.fromkeys(entry["plan"] for entry in entries):
        mine = [entry for entry in entries if entry["plan"] == plan]
        targets, dated = ([entry for entry in mine if entry["kind"] == kind] for kind in ("target", "dated"))
        card = next((entry for entry in mine if entry["kind"] == "scorecard"), {})
        rows: dict[str, list[dict[str, Any]]] = {}
        for entry in targets:
            rows.setdefault(entry["front"].get("section", ""), []).append(_row(entry, lang))
        titles = {name: section_name(name, lang) if len(rows) > 1 or name else "" for name in rows}
        sections = [{"title": titles[name], "rows": lines} for name, lines in rows.items()]
        if dated:
            sections.append({"title": text("index_dated", lang), "rows": [_row(e, lang) for e in dated]})
        assessed = sum(_assessed(entry["front"]) for entry in targets)
        count = text("index_assessed", lang, total=len(targets), assessed=assessed)
        title, link = card.get("front", {}).get("plan_title") or plan, card.get("page", "")
        plans.append({"title": title, "count": count, "scorecard": link, "sections": sections})
    return plans


def _name(entry: dict[str, Any]) -> str:
    return str(entry["front"].get("name") or entry["target"] or "04_scorecard")


def _row(entry: dict[str, Any], lang: str) -> dict[str, Any]:
    front = entry["front"]
    probability, name = front.get("probability"), _name(entry)
    if entry["kind"] == "dated":
        name = f"{name} · {text('as_of_line', lang, as_of=entry['as_of'])}".rstrip("。.")
    word = front.get("word_shown") or front.get("status_shown", "")
    return {
        "href": entry["page"], "name": name, "shown": front.get("probability_shown", ""),
        "percent": None if probability is None else round(100 * probability),
        "word": word if entry["ok"] else entry["status"],
        "settled": _assessed(front) and front["status"] != "forecast",
        "answer": front.get("answer", "") or entry.get("error", ""),
    }  # fmt: skip


def _assessed(front: dict[str, Any]) -> bool:
    return front.get("status") in ("forecast", "met", "missed", "depends_on_definition")


def plan_readme(name: str) -> str:
    """The guide that lies beside a new plan, as Markdown, Chinese first: what to fill in, in which file.

    Its tables of columns are made from the data contract, so that it says what the checks ask for.
    """
    parts = [f"# {name}\n"]
    for lang in LANGUAGES:
        parts.append(text("np_guide", lang, name=name))
        head = " | ".join(text(f"np_{key}", lang) for key in ("column", "needed", "holds"))
        for table in ("regions", "sources", "indicators", "targets", "observations"):
            rows = ""
            for column in TABLES[table].columns:
                needed = "" if column.empty else text("np_yes", lang)
                holds = catalogue("columns").get(f"{table}__{column.name}", {}).get(lang, "")
                allowed = ", ".join(f"`{one}`" for one in column.choices) or EXAMPLES.get(column.holds, "")
                rows += f"\n| `{column.name}` | {needed} | {' · '.join(filter(None, [holds, allowed]))} |"
            parts.append(f"### {TABLES[table].file}\n\n| {head} |\n|---|---|---|{rows}\n")
    return "\n".join(parts)

"""The index of a report: every target of every plan in both languages, one line each, with links to the pages.

One file that works without a server and without JavaScript; the language switch is a pair of radio buttons.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..catalogue import catalogue, text
from ..figures.dots import section_name
from ..files import write_whole
from .page import HTML_LANG, TEMPLATES


def write_index(entries: Sequence[dict[str, Any]], output: str | Path, as_of: str) -> None:
    """Write the index of the pages given, one dict per run as in the ledger (see `report`).

    Used of each: plan, lang, kind (target, dated, scorecard, overview or track), page (relative address), status, and
    `front`, the front matter of its page. Runs that failed are listed in a banner. The file appears whole
    or not at all.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "index.html"
    >>> write_index([], place, "2025-01-01")
    >>> "http" in place.read_text("utf-8")
    False
    """
    from jinja2 import Environment, FileSystemLoader

    langs = list(dict.fromkeys(entry["lang"] for entry in entries)) or ["en"]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    html = environment.get_template("index.html.j2").render(
        langs=langs,
        html_langs=[HTML_LANG[lang] for lang in langs],
        w={lang: {key: entry[lang] for key, entry in catalogue().items()} for lang in langs},
        plans={lang: _plans([e for e in entries if e["lang"] == lang and e["plan"]], lang) for lang in langs},
        track={e["lang"]: e["page"] for e in entries if e["kind"] == "track"},
        overview={e["lang"]: e["page"] for e in entries if e["kind"] == "overview"},
        failed={lang: [_fault(e) for e in entries if e["lang"] == lang and not e["ok"]] for lang in langs},
        as_of=as_of,
        version=__version__,
    )
    write_whole(Path(output), html)


def _plans(entries: list[dict[str, Any]], lang: str) -> list[dict[str, Any]]:
    shown = []
    for plan in dict.fromkeys(entry["plan"] for entry in entries):
        mine = [entry for entry in entries if entry["plan"] == plan]
        targets, dated = ([entry for entry in mine if entry["kind"] == kind] for kind in ("target", "dated"))
        scorecard = next((entry for entry in mine if entry["kind"] == "scorecard"), {})
        sections = _sections(targets, lang)
        if dated:
            sections.append({"title": text("index_dated", lang), "rows": [_row(e, lang) for e in dated]})
        assessed = sum(_assessed(entry["front"]) for entry in targets)
        count = text("index_assessed", lang, total=len(targets), assessed=assessed)
        title, link = scorecard.get("front", {}).get("plan_title") or plan, scorecard.get("page", "")
        shown.append({"title": title, "count": count, "scorecard": link, "sections": sections})
    return shown


def _sections(targets: list[dict[str, Any]], lang: str) -> list[dict[str, Any]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for entry in targets:
        rows.setdefault(entry["front"].get("section", ""), []).append(_row(entry, lang))
    titled = len(rows) > 1
    return [
        {"title": section_name(name, lang) if titled or name else "", "rows": lines}
        for name, lines in rows.items()
    ]


def _row(entry: dict[str, Any], lang: str) -> dict[str, Any]:
    front = entry["front"]
    probability = front.get("probability")
    word = entry["status"] if not entry["ok"] else front.get("word_shown") or front.get("status_shown", "")
    name = front.get("name") or entry["target"]
    if entry["kind"] == "dated":
        name = f"{name} · {text('as_of_line', lang, as_of=entry['as_of'])}".rstrip("。.")
    return {
        "href": entry["page"],
        "name": name,
        "percent": None if probability is None else round(100 * probability),
        "shown": front.get("probability_shown", ""),
        "word": word,
        "settled": front.get("status") in ("met", "missed", "depends_on_definition"),
        "answer": front.get("answer", "") or entry.get("error", ""),
    }


def _assessed(front: dict[str, Any]) -> bool:
    return front.get("status") in ("forecast", "met", "missed", "depends_on_definition")


def _fault(entry: dict[str, Any]) -> dict[str, Any]:
    name = entry["front"].get("name") or entry["target"] or "04_scorecard"
    return {key: entry.get(key, "") for key in ("plan", "status", "cell", "error")} | {"name": name}

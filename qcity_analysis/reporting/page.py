"""Notebooks, the index of a report and the list of problems as self-contained HTML pages; the guide of a new plan.

No external address, one script that is not needed to read, a policy that lets nothing else run, code folded away. What
a page is called and says in its head comes from the notebook itself: the output with the metadata key `qcity`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from .. import __version__
from ..catalogue import LANGUAGES, catalogue, join, text
from ..data.schema import TABLES
from ..files import write_whole
from ..problems import Problem, by_level

TIED = re.compile(r"(?<=\d) (?=%|percentage points|个百分点)")  # a number is not parted from its percent
LINK = re.compile(r'<span(?: class="name")? data-href="([^"]*)">(.*?)</span>')
TEMPLATES = Path(__file__).with_name("templates")
HTML_LANG = {"zh": "zh-CN", "en": "en"}
EXAMPLES = {"date": "2024-03-28, 2024-03, 2024", "year": "2025", "number": "3.48", "integer": "6"}
GROUPS = ("attention", "open", "settled", "without")  # targets of a plan, in the index and on its scorecard
TALLIED = ("answered", "likely", "unlikely", "depends", "met", "missed", "reference", "without")  # tallied
KEPT = re.compile("<!--kept-->.*?<!--/kept-->", re.S)  # where a page that is kept says why
_ONE_AT_A_TIME = threading.Lock()  # nbconvert's exporter and its templates are not promised to be thread-safe


def render_page(
    executed: str | Path, output: str | Path, *, lang: str = "en", title: str = "", home: str = "", fault: str = "",
    site: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Write an executed notebook as HTML and return its front matter. The file appears whole or not at all.

    `lang` and `title` are used when the notebook stopped before it said them itself; `home` is the relative
    address of the index; `fault` is shown in a banner when the run did not finish; `site` names the pages of the
    report without their ending ("plan/target.en"): what it has, or lies beside the page, is linked to.
    """
    import nbformat

    page = Path(output)
    page.parent.mkdir(parents=True, exist_ok=True)  # what lies beside it can be looked for

    def in_report(name: str) -> bool:
        return f"{page.parent.name}/{name.removesuffix('.html')}" in site

    def link(match: re.Match[str]) -> str:
        """What a section says leads to another page, as a link where that page is or will be."""
        there = in_report(match[1]) or (page.parent / match[1]).is_file()
        return f'<a href="{match[1]}">{match[2]}</a>' if there else match[2]

    document = nbformat.read(executed, as_version=4)
    outputs = [(cell, one) for cell in document.cells for one in cell.get("outputs", [])]
    said = [(cell, one["metadata"]["qcity"]) for cell, one in outputs if one.get("metadata", {}).get("qcity")]
    front: dict[str, Any] = {"lang": lang, "title": title or Path(executed).stem}
    for cell, told in said[:1]:  # what the notebook says of itself; nothing when it stopped before
        front |= told | {"lead_cell": cell.get("id", "")}
    words = {key: entry[front["lang"]] for key, entry in catalogue().items()}
    about = words["index_as_of"].format(**front | {"version": __version__}) if "as_of" in front else ""
    own, card = f".{front['lang']}.html", f"scorecard.{front['lang']}.html"
    named = {one: page.name.replace(own, f".{one}.html") for one in LANGUAGES if one != front["lang"]}
    others = {one: name for one, name in named.items() if in_report(name)}
    head = {
        "illustrative": False, "lead_cell": "", "words": words, "about": about, "home": home, "fault": fault,
        "head": _head(), "others": others, "plan_page": card * (card != page.name and in_report(card)),
    }  # fmt: skip
    head |= front | {"html_lang": HTML_LANG[front["lang"]]}
    with _ONE_AT_A_TIME:
        exporter = _exporter()
        exporter.register_filter("linked", lambda html: TIED.sub("\u00a0", LINK.sub(link, html)))
        html, _ = exporter.from_notebook_node(document, resources={"qcity": head})
    write_whole(page, str(html))
    return front


def mark_page(page: Path, lang: str, key: str, **values: object) -> None:
    """Say at the head of a page that is kept why it is, by a text; without a key what was said is taken away."""
    said = escape(text(key, lang, **values)) if key else ""
    shown = f'<div class="banner{" fault" * ("fault" in values)}" role="note">{said}</div>' if said else ""
    write_whole(page, KEPT.sub(lambda _: f"<!--kept-->{shown}<!--/kept-->", page.read_text("utf-8"), count=1))


@cache
def _exporter() -> Any:
    """The exporter of all pages, made once: compiling its templates takes longer than filling them."""
    from jinja2 import FileSystemLoader
    from nbconvert import HTMLExporter

    return HTMLExporter(
        template_name="basic", template_file="page.html.j2", extra_loaders=[FileSystemLoader(TEMPLATES)],
        exclude_anchor_links=True, exclude_input_prompt=True, exclude_output_prompt=True,
        log=logging.Logger("quiet", logging.ERROR),
    )  # fmt: skip


@cache
def _head() -> dict[str, str]:
    """Style, script and policy of every page: nothing runs or is loaded but this style, this script, data images."""
    style = "".join((TEMPLATES / name).read_text("utf-8") for name in ("style.css", "parts.css"))
    script = (TEMPLATES / "page.js").read_text("utf-8")
    signs = []
    for kind, code in (("style", style), ("script", script)):
        signs.append(f"{kind}-src 'sha256-{b64encode(hashlib.sha256(code.encode()).digest()).decode()}'")
    policy = ["default-src 'none'", *signs, "img-src data:", "base-uri 'none'", "form-action 'none'"]
    return {"style": style, "script": script, "policy": "; ".join(policy)}


def _rendered(template: str, langs: list[str], **values: Any) -> str:
    """A page with all `langs` in it; the language switch is a pair of radio buttons."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    words = {lang: {key: entry[lang] for key, entry in catalogue().items()} for lang in langs}
    values |= {"langs": langs, "html_langs": [HTML_LANG[lang] for lang in langs], "w": words, "head": _head()}
    return environment.get_template(template).render(version=__version__, **values)


def check_page(
    problems: Sequence[Problem], folder: str | Path, day: dt.date, first: str = "zh",
    corrections: Sequence[Problem] = (),
) -> str:  # fmt: skip
    """What is wrong with a data package: errors, then warnings, with file, row, column, found, allowed and remedy.

    `day` is that of the check, `first` the language shown at first; `corrections` as `corrections.listed` gives them.
    """
    langs, (errors, warnings) = sorted(LANGUAGES, key=lambda lang: lang != first), by_level(problems)
    tables = {"found": problems, "made": corrections}
    lists = {name: {lang: [one.to_dict(lang) for one in tables[name]] for lang in langs} for name in tables}
    facts = {"errors": errors, "warnings": warnings, "folder": str(folder), "date": day.isoformat()}
    return _rendered("problems.html.j2", langs, **lists, **facts)


def write_index(entries: Sequence[dict[str, Any]], output: str | Path, as_of: str) -> None:
    """Write the index of a report: plans still running first, then the first plan, then those that are over.

    `entries` are one dict per run as in the ledger (see `report`), with the front matter of its page as `front`; its
    kind is target, dated, scorecard, overview or track. Runs that failed are listed in a banner.
    """
    langs = list(dict.fromkeys(entry["lang"] for entry in entries)) or ["en"]
    spoken = {lang: [_row(entry) for entry in entries if entry["lang"] == lang] for lang in langs}
    html = _rendered(
        "index.html.j2", langs, as_of=as_of, pages={lang: {row["kind"]: row for row in spoken[lang]} for lang in langs},
        plans={lang: _plans(rows, lang, as_of) for lang, rows in spoken.items()},
        tally={lang: _tally([row for row in rows if row["kind"] == "target"], lang) for lang, rows in spoken.items()},
        failed={lang: [row for row in rows if not row["ok"]] for lang, rows in spoken.items()},
    )  # fmt: skip
    write_whole(Path(output), html)


def _plans(rows: list[dict[str, Any]], lang: str, as_of: str) -> list[dict[str, Any]]:
    """The plans in their order, each with its targets in groups; what is over but the first plan is folded."""
    plans: list[dict[str, Any]] = []
    for plan in dict.fromkeys(row["plan"] for row in rows if row["plan"]):
        mine = [row for row in rows if row["plan"] == plan]
        targets, cards = ([row for row in mine if row["kind"] == kind] for kind in ("target", "scorecard"))
        groups = {name: [row for row in targets if row["group"] == name] for name in GROUPS}
        groups["dated"] = [row for row in mine if row["kind"] == "dated"]
        card: dict[str, Any] = cards[0] if cards else {"page": "", "front": {}}
        live = median([row["front"].get("deadline", 0) for row in targets] or [0]) >= int(as_of[:4])
        about = {"title": card["front"].get("plan_title") or plan, "scorecard": card["page"], "live": live}
        folded = not live and bool(plans)
        plans.append(about | {"count": _tally(targets, lang), "folded": folded, "groups": groups})
    return sorted(plans, key=lambda plan: not plan["live"])


def _tally(targets: list[dict[str, Any]], lang: str) -> str:
    """How many targets there are, how many have an answer and which, in one line."""
    chances = [row["chance"] for row in targets if row["front"].get("status") == "forecast"]
    numbers = Counter(str(row["front"].get("status")).removesuffix("_on_definition") for row in targets)
    numbers["likely"], numbers["unlikely"] = sum(p >= 0.66 for p in chances), sum(p <= 0.33 for p in chances)
    lacking = [row["front"].get("lent", False) for row in targets if row["group"] == "without"]
    numbers |= Counter(answered=len(chances), reference=sum(lacking), without=len(lacking) - sum(lacking))
    parts = [text(f"index_{name}", lang, count=numbers[name]) for name in TALLIED if numbers[name]]
    return text("index_tally", lang, total=len(targets), parts=join(parts, lang))


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """A run as a row of the index: its group, name, probability, word, and what is said of it."""
    front, group = entry["front"], entry["front"].get("group", "without")
    name = front.get("name") or entry["target"] or "04_scorecard"
    if entry["kind"] == "dated":
        name = f"{name} · {text('as_of_line', entry['lang'], as_of=entry['as_of'])}".rstrip("。.")
    word = front.get("word_shown") or front.get("status_shown", "")
    said = front.get("wording") if group == "without" else front.get("answer")
    return entry | {
        "group": group, "name": str(name), "chance": front.get("probability"),
        "shown": front.get("probability_shown", ""), "word": word if entry["ok"] else entry["status"],
        "answer": said or front.get("answer", "") or entry.get("error", ""),
    }  # fmt: skip


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

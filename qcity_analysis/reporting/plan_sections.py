"""The sections of the notebook on a whole plan, one call each: its scorecard, and how many targets will be met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from ..analysis.portfolio import portfolio as add_up
from ..assessment.answer import Assessment
from ..catalogue import check_language, join, say, text
from ..data.load import Data
from ..errors import QcityError
from . import analyses, sentences, show
from .figures.charts import portfolio_chart
from .formatting import text_of
from .sentences import section_name

LIKELY = 0.66
FEW = 3  # departments named in a row
PICKED, ORDERS = ("section", "departments", "binding"), ("order", "chance")  # of the rows
GROUPS = ("attention", "open", "settled", "without")
COUNTS = ["targets", "met", "missed", "open", "expected", "unassessed"]
STATUSES = ("met", "missed", "forecast", "depends_on_definition", "not_assessable")
NAMED = 6  # targets that cannot be assessed, named in one sentence


def answer(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets are met, missed, uncertain or cannot be assessed, and hand the page its title."""
    counts = {status: sum(a.status == status for a in results) for status in STATUSES}
    answered = [a for a in results if _group(a) != "without"]
    told = Counter(sentences.chance(a, lang)[1] or sentences.status_shown(a, lang) for a in answered)
    parts = [text("scorecard_part", lang, count=n, label=label) for label, n in told.most_common()]
    facts: dict[str, Any] = {"answered": len(answered), "missing": len(results) - len(answered)}
    facts |= {"total": len(results), "parts": join(parts, lang), "as_of": data.as_of}
    words = text("scorecard_answer" if told else "scorecard_none", lang, **facts)
    name = sentences.plan_title(data, results[0].target.plan, lang)
    front = {
        "kind": "scorecard", "lang": lang, "title": text("scorecard_question", lang, plan=name),
        "plan": results[0].target.plan, "plan_title": name, "as_of": data.as_of.isoformat(),
        "model": results[0].model, "answer": words, "short": words, "counts": counts,
        "illustrative": any(a.illustrative for a in results),
    }  # fmt: skip
    show.markdown(words, front)


def rows(results: Sequence[Assessment], lang: str) -> None:
    """Show every target as a row with its bar, in groups by what needs attention; to be filtered and sorted."""
    groups: dict[str, list[str]] = {}
    for order, a in enumerate(results):
        section, named = text_of(a.target.section), sentences.departments_of(a, lang)
        about = [
            sentences.finding(a, lang),
            section_name(section, lang) if section else "",
            join(named[:FEW], lang),
        ]
        facts = {
            "section": section_name(section, lang),
            "departments": join(named, lang),
            "order": f"{order:03}",
        }
        facts["binding"] = say(f"binding_{a.target.binding}", lang) if a.target.binding else ""
        facts["chance"] = f"{a.chance if a.chance is not None else -1:.4f}"
        href, said = f"{a.target.target_id}.{lang}.html", " · ".join(filter(None, about))
        groups.setdefault(_group(a), []).append(show.row(a.target.name(lang), a, lang, said, href, **facts))
    choices = {key: [("", "all")] for key in PICKED} | {"sort": [(key, f"order_{key}") for key in ORDERS]}
    tools = ""  # the script adds what can be picked, and shows them
    for key, pairs in choices.items():
        options = "".join(f'<option value="{value}">{text(word, lang)}</option>' for value, word in pairs)
        tools += f'<label>{text(f"pick_{key}", lang)} <select name="{key}">{options}</select></label>'
    show.section("rows", lang, "")
    show.html(_axis(results, lang), f'<form class="qcity tools" hidden>{tools}</form>')
    for key in [key for key in GROUPS if key in groups]:
        title, listed = text(f"g_{key}", lang), f'<ul class="qcity rows">{"".join(groups[key])}</ul>'
        head = f"{title} ({len(groups[key])})"
        show.html(
            show.fold(head, listed)
            if key == "without"
            else f'<h3><i class="{key}"></i>{escape(head)}</h3>{listed}'
        )


def _axis(results: Sequence[Assessment], lang: str) -> str:
    """When the targets fall due, on one axis that holds this year: a dot each by its group, their number, the year."""
    due, today = Counter(a.target.deadline for a in results), results[0].as_of.year
    kinds = sorted((GROUPS.index(_group(a)), a.target.deadline) for a in results)
    columns = []
    for year in range(min(today, *due), max(today, *due) + 1):
        dots = "".join(f'<i class="{GROUPS[kind]}"></i>' for kind, deadline in kinds if deadline == year)
        named = (
            f"<b>{due[year]}</b><span>{year}</span>"
            if due[year]
            else f"<span>{year}</span>" * (year == today)
        )
        columns.append(f"<div{' class=now' * (year == today)}>{dots}{named}</div>")
    items = join([f"{year}: {due[year]}" for year in sorted(due)], lang)
    alt = escape(text("alt_deadlines", lang, items=items, today=today))
    return f'<div class="qcity due" role="img" aria-label="{alt}">{"".join(columns)}</div>'


def _group(a: Assessment) -> str:
    if a.status == "not_assessable":
        return "without"
    if a.status == "met":
        return "settled"
    return "open" if a.status == "forecast" and (a.probability or 0) >= LIKELY else "attention"


def portfolio(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets of a plan will be met: chart, meaning, deciding targets, sections, departments.

    Sections and departments without any assessable target are left out of the tables.
    """
    check_language(lang)
    if not results:
        raise QcityError("a portfolio needs at least one assessment; this plan has no target")
    plan = add_up(data, results)
    show.section("portfolio", lang, "")
    if len(plan.targets):
        show.picture(portfolio_chart(plan, lang), analyses.alt_portfolio(plan, lang))
    first, *more = analyses.portfolio_sentences(plan, lang)
    show.markdown(first)
    tables = [show.paragraphs(*more)]
    if (plan.targets["share_of_variance"] > 0).sum() > 1:
        tables.append(show.table_html(analyses.deciding_table(plan, lang), text("p_deciding", lang)))
    for key, frame, head in (
        ("p_by_section", plan.sections, "p_group"), ("p_by_department", plan.departments, "p_department"),
    ):  # fmt: skip
        frame = frame[frame["targets"] > frame["unassessed"]]
        if len(frame) > 1 or any(frame["name_zh"]):
            names = [text_of(name) for name in frame[f"name_{lang}"]]
            names = [section_name(name, lang) for name in names] if head == "p_group" else names
            names = [name or text("p_no_department", lang) for name in names]
            cells = frame[COUNTS].map(analyses.amount).to_numpy()
            heads = [f"p_{name}{'_column' * (name == 'expected')}" for name in COUNTS]
            listed = analyses.titled(cells, heads, lang, head, names)
            tables.append(show.table_html(listed, text(key, lang)))
    show.html(show.fold(text("p_tables", lang), show.paragraphs(text("s_portfolio", lang)), *tables))
    if missing := analyses.unassessed_sentence(plan, lang, NAMED):
        show.markdown(missing)


def add(results: Sequence[Assessment], lang: str) -> None:
    """Show how to add figures for the targets that cannot be assessed, with one of them as the example."""
    if missing := [a for a in results if a.status == "not_assessable"]:
        how = sentences.how_to_add(missing[0], lang)
        show.section("scorecard_add", lang, f"{text('s_scorecard_add', lang)}\n\n{how}")


def as_data(results: Sequence[Assessment]) -> dict[str, Any]:
    """The assessments as JSON-able data, by target."""
    return {a.target.target_id: a.to_dict() for a in results}

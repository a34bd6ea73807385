"""The sections of the notebook on a whole plan, one call each: its scorecard, and how many targets will be met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..analysis.portfolio import portfolio as add_up
from ..catalogue import check_language, join, text
from ..errors import QcityError
from . import analyses, sentences, show
from .figures.charts import portfolio_chart, scorecard_chart
from .formatting import text_of
from .sentences import section_name

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data

STATUSES = ("met", "missed", "forecast", "depends_on_definition", "not_assessable")
NAMED = 6  # targets that cannot be assessed, named in one sentence


def answer(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets are met, missed, uncertain or cannot be assessed, and hand the page its title."""
    counts = {status: sum(a.status == status for a in results) for status in STATUSES}
    labels = {status: text(f"n_{status.removesuffix('_on_definition')}", lang) for status in STATUSES}
    parts = [text("scorecard_part", lang, count=n, label=labels[key]) for key, n in counts.items() if n]
    words = text("scorecard_answer", lang, total=len(results), as_of=data.as_of, parts=join(parts, lang))
    name = sentences.plan_title(data, results[0].target.plan, lang)
    front = {
        "kind": "scorecard", "lang": lang, "title": text("scorecard_question", lang, plan=name),
        "plan": results[0].target.plan, "plan_title": name, "as_of": data.as_of.isoformat(),
        "model": results[0].model, "answer": words, "short": words, "counts": counts,
        "illustrative": any(a.illustrative for a in results),
    }  # fmt: skip
    show.section("answer", lang, words, front)


def picture(results: Sequence[Assessment], lang: str) -> None:
    """Show the dots of all targets; the description lists every value."""
    show.section("scorecard_figure", lang)
    items = join([f"{a.target.name(lang)} {_verdict(a, lang)}" for a in results], lang)
    show.picture(scorecard_chart(results, lang), text("alt_scorecard", lang, items=items))


def portfolio(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets of a plan will be met: chart, meaning, deciding targets, sections, departments.

    Sections and departments without any assessable target are left out of the tables.
    """
    check_language(lang)
    if not results:
        raise QcityError("a portfolio needs at least one assessment; this plan has no target")
    plan = add_up(data, results)
    show.section("portfolio", lang)
    if len(plan.targets):
        show.picture(portfolio_chart(plan, lang), analyses.alt_portfolio(plan, lang))
    show.markdown("\n\n".join(analyses.portfolio_sentences(plan, lang)))
    if (plan.targets["share_of_variance"] > 0).sum() > 1:
        show.table(analyses.deciding_table(plan, lang), text("p_deciding", lang))
    for key, frame, head in (
        ("p_by_section", plan.sections, "p_group"), ("p_by_department", plan.departments, "p_department"),
    ):  # fmt: skip
        frame = frame[frame["targets"] > frame["unassessed"]]
        if len(frame) > 1 or any(frame["name_zh"]):
            names = [text_of(name) for name in frame[f"name_{lang}"]]
            names = [section_name(name, lang) for name in names] if head == "p_group" else names
            names = [name or text("p_no_department", lang) for name in names]
            show.table(analyses.groups_table(frame, names, head, lang), text(key, lang))
    if missing := analyses.unassessed_sentence(plan, lang, NAMED):
        show.markdown(missing)


def by_section(results: Sequence[Assessment], lang: str) -> None:
    """Show one table a section: target, probability and word, last figure, and the answer in words."""
    show.section("scorecard_table", lang)
    sections, last = sentences.by_section(results), text("k_last", lang)
    for name, mine in sections.items():
        rows = []
        for a in mine:
            figures = show.single_figures(a.parts[-1] if a.status == "depends_on_definition" else a, lang)
            rows.append([_verdict(a, lang), figures.get(last, "–"), sentences.headline(a, lang)])
        targets = [a.target.name(lang) for a in mine]
        table = analyses.titled(rows, ("c_answer", "k_last", "c_reason"), lang, "c_target", targets)
        show.table(table, section_name(name, lang) if len(sections) > 1 else "")


def add(results: Sequence[Assessment], lang: str) -> None:
    """Show how to add figures for the targets that cannot be assessed, with one of them as the example."""
    if missing := [a for a in results if a.status == "not_assessable"]:
        how = sentences.how_to_add(missing[0], lang)
        show.section("scorecard_add", lang, f"{text('s_scorecard_add', lang)}\n\n{how}")


def as_data(results: Sequence[Assessment]) -> dict[str, Any]:
    """The assessments as JSON-able data, by target."""
    return {a.target.target_id: a.to_dict() for a in results}


def _verdict(a: Assessment, lang: str) -> str:
    return join(sentences.chance(a, lang), lang) or sentences.status_shown(a, lang)

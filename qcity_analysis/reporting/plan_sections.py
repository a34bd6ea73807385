"""The sections of the notebook on a whole plan, one call each: its scorecard, and how many targets will be met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..analysis.portfolio import portfolio as add_up
from ..catalogue import check_language, join, text
from ..errors import QcityError
from ..targets import section_order
from . import analyses, sentences, show
from .figures.charts import portfolio_chart, scorecard_chart, section_name
from .formatting import percent, text_of
from .sentences import assessment_title, status_shown
from .show import single_figures

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data

STATUSES = ("met", "missed", "forecast", "depends_on_definition", "not_assessable")
NAMED = 6  # targets that cannot be assessed, named in one sentence


def answer(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets are met, missed, uncertain or cannot be assessed, and hand the page its title."""
    check_language(lang)
    counts = {status: sum(a.status == status for a in results) for status in STATUSES}
    labels = {status: text(f"n_{status.removesuffix('_on_definition')}", lang) for status in STATUSES}
    parts = [text("scorecard_part", lang, count=n, label=labels[key]) for key, n in counts.items() if n]
    said = text("scorecard_answer", lang, total=len(results), as_of=data.as_of, parts=join(parts, lang))
    plan = results[0].target.plan
    name = sentences.plan_title(data, plan, lang)
    front = {
        "kind": "scorecard",
        "lang": lang,
        "title": text("scorecard_question", lang, plan=name),
        "plan": plan,
        "plan_title": name,
        "as_of": data.as_of.isoformat(),
        "model": results[0].model,
        "answer": said,
        "short": said,
        "counts": counts,
        "illustrative": any(a.illustrative for a in results),
    }
    show.section("answer", lang, said, front)


def picture(results: Sequence[Assessment], lang: str) -> None:
    """Show the dots of all targets; the description lists every value."""
    show.section("scorecard_figure", lang)
    items = join([f"{assessment_title(a, lang)} {_verdict(a, lang)}" for a in results], lang)
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
        ("p_by_section", plan.sections, "p_group"),
        ("p_by_department", plan.departments, "p_department"),
    ):
        frame = frame[frame["targets"] > frame["unassessed"]]
        if len(frame) > 1 or any(frame["name_zh"]):
            groups = analyses.groups_table(frame, group_names(frame, head, lang), head, lang)
            show.table(groups, text(key, lang))
    if missing := analyses.unassessed_sentence(plan, lang, NAMED):
        show.markdown(missing)


def group_names(frame: pd.DataFrame, head: str, lang: str) -> list[str]:
    """Sections as headings, departments by name; a department that is not named says so.

    >>> group_names(pd.DataFrame({"name_zh": ["一", ""], "name_en": ["一", ""]}), "p_group", "en")
    ['Section 1', 'Other']
    """
    names = [text_of(name) for name in frame[f"name_{lang}"]]
    if head == "p_group":
        return [section_name(name, lang) for name in names]
    return [name or text("p_no_department", lang) for name in names]


def by_section(results: Sequence[Assessment], lang: str) -> None:
    """Show one table a section: target, probability and word, last figure, and the answer in words."""
    show.section("scorecard_table", lang)
    names = sorted(dict.fromkeys(text_of(a.target.section) for a in results), key=section_order)
    columns = [text(key, lang) for key in ("c_answer", "k_last", "c_reason")]
    for name in names:
        mine = [a for a in results if text_of(a.target.section) == name]
        rows = [[_verdict(a, lang), _last(a, lang), sentences.headline(a, lang)] for a in mine]
        index = pd.Index([assessment_title(a, lang) for a in mine], name=text("c_target", lang))
        caption = section_name(name, lang) if len(names) > 1 else ""
        show.table(pd.DataFrame(rows, columns=columns, index=index), caption)


def add(results: Sequence[Assessment], lang: str) -> None:
    """Show how to add figures for the targets that cannot be assessed, with one of them as the example."""
    missing = [a for a in results if a.status == "not_assessable"]
    if missing:
        how = sentences.how_to_add(missing[0], lang)
        show.section("scorecard_add", lang, f"{text('s_scorecard_add', lang)}\n\n{how}")


def as_data(results: Sequence[Assessment]) -> dict[str, Any]:
    """The assessments as JSON-able data, by target."""
    return {a.target.target_id: a.to_dict() for a in results}


def _verdict(a: Assessment, lang: str) -> str:
    if a.status == "forecast" and a.probability is not None:
        word = text(f"word_{a.word}", lang) if a.word else ""
        return join([percent(a.probability, lang), word], lang)
    return status_shown(a, lang)


def _last(a: Assessment, lang: str) -> str:
    part = a.parts[-1] if a.status == "depends_on_definition" else a
    return single_figures(part, lang).get(text("k_last", lang), "–")

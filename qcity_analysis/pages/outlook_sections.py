"""The sections of the notebooks on outlook, sensitivity, change and portfolio; see `sections` for the rest.

Each is one call: a heading, a sentence before, the thing itself, what it means. Where nothing can be said it says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..analysis.attribution import Change, explain_change
from ..analysis.outlook import outlook as look_ahead
from ..analysis.portfolio import portfolio as add_up
from ..analysis.sensitivity import sensitivity as vary
from ..catalogue import check_language, text
from ..errors import QcityError
from ..figures.canvas import Picture
from ..figures.dots import section_name
from ..figures.portfolio import portfolio_chart
from ..figures.sensitivity import sensitivity_chart
from ..reporting import analyses as said
from ..reporting.formatting import text_of
from ..reporting.labels import panel_title
from ..reporting.tables import folded, html_table
from .sections import _say, _show, heading

if TYPE_CHECKING:
    from ..analysis.portfolio import Portfolio
    from ..assessment.answer import Assessment
    from ..data.load import Data

FIGURES = 12  # figures named that came in between
NAMED = 6  # targets that cannot be assessed, named in one sentence


def answers(assessment: Assessment) -> list[Assessment]:
    """What an assessment answers from the place's own figures: itself, or each definition.

    >>> import qcity_analysis as qc
    >>> [a.role for a in answers(qc.assess(qc.load(), "rd_intensity", draws=500))]
    ['main']
    """
    return [part for part in assessment.parts if part.role == "definition"] or [assessment]


def outlook(data: Data, assessment: Assessment, lang: str) -> None:
    """Show the pace needed, how often anything moved that fast, when the target is reached, how long one may wait."""
    check_language(lang)
    _say(heading("outlook", lang))
    for part in answers(assessment):
        found = look_ahead(data, part)
        lead = said.pace_sentences(part, found, lang)
        title = f"### {panel_title(part, lang)}\n\n" if part.role != "main" else ""
        _say(title + "\n\n".join(lead))
        if found.feasibility.rows:
            table = said.speed_table(data, part, found.feasibility, lang)
            _show(html_table(table, text("o_fast_caption", lang)))
            _say("\n\n".join(said.speed_sentences(part, found.feasibility, lang)))
        if found.reason is None:
            _show(html_table(said.attained_table(found, lang), text("o_attained_caption", lang)))
        wait = [one for one in said.waiting_sentences(found, lang, part.as_of.year) if one not in lead]
        if wait:
            _say("\n\n".join(wait))


def sensitivity(data: Data, assessment: Assessment, lang: str) -> None:
    """Show how far the verdict depends on choices: a chart, what it means, and the table behind it.

    Nothing is shown where there is no choice to vary.
    """
    check_language(lang)
    found = [one for one in vary(data, assessment) if one.rows]
    if not found:
        return
    draws = f"{assessment.draws:,}"
    _say(f"## {text('h_sensitivity', lang)}\n\n{text('s_sensitivity', lang, draws=draws)}")
    for one in found:
        _show(Picture(sensitivity_chart(one, lang), said.alt_sensitivity(one, lang)))
        _say("\n\n".join(said.sensitivity_sentences(one, lang)))
        caption = panel_title(one.answer, lang) if one.answer.role != "main" else ""
        _show(folded(html_table(said.sensitivity_table(one, lang), caption), text("v_table", lang)))


def changed(data: Data, assessment: Assessment, lang: str, since: str | dt.date | None = None) -> None:
    """Show what changed since an earlier day, and whether new figures, revisions or time did it.

    `since` defaults to the day before the last figure of the assessment's own series became known. Nothing is shown
    without an earlier day.
    """
    check_language(lang)
    day = since or day_before_last_figure(assessment)
    if day is None or str(day) >= assessment.as_of.isoformat():
        return
    target = assessment.target
    found = explain_change(
        data.at(assessment.as_of), target.target_id, target.plan, day, assessment.as_of,
        region=target.region, model=assessment.model, draws=assessment.draws, seed=assessment.seed,
    )  # fmt: skip
    _say(f"## {text('h_changed', lang, earlier=found.before.as_of)}\n\n{text('s_changed', lang)}")
    _say(said.change_sentence(found, lang))
    for one in (found, *found.parts):
        _steps(one, lang)
    if found.figures:
        table = said.came_table(data, found.figures[-FIGURES:], lang)
        _show(html_table(table, text("d_came", lang)))
    else:
        _say(said.say("nothing_came", lang))


def _steps(found: Change, lang: str) -> None:
    table = said.steps_table(found, lang)
    if len(table) and found.word != "unchanged":
        caption = panel_title(found.after, lang) if found.after.role != "main" else ""
        if caption:
            _say(f"{caption}{'：' if lang == 'zh' else ': '}{said.change_sentence(found, lang)}")
        _show(html_table(table, caption))


def day_before_last_figure(assessment: Assessment) -> dt.date | None:
    """The day before the newest figure of the assessment's own series became known; None without one.

    >>> import qcity_analysis as qc
    >>> day_before_last_figure(qc.assess(qc.load(as_of="2024-06-30"), "rd_intensity", draws=500)) is not None
    True
    """
    days: list[pd.Timestamp] = []
    for part in answers(assessment):
        series = part.series
        for rows in (series.observations, series.bounds, series.unused) if series is not None else ():
            if "known_from" in rows and len(rows):
                days.append(pd.to_datetime(rows["known_from"]).max())
    return (max(days) - pd.Timedelta(days=1)).date() if days else None


def portfolio(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets of a plan will be met: chart, meaning, deciding targets, sections, departments.

    Sections and departments without any assessable target are left out of the tables.
    """
    check_language(lang)
    if not results:
        raise QcityError("a portfolio needs at least one assessment; this plan has no target")
    found = add_up(data, results)
    _say(heading("portfolio", lang))
    if len(found.targets):
        _show(Picture(portfolio_chart(found, lang), said.alt_portfolio(found, lang)))
    _say("\n\n".join(said.portfolio_sentences(found, lang)))
    if (found.targets["share_of_variance"] > 0).sum() > 1:
        _show(html_table(said.deciding_table(found, lang), text("p_deciding", lang), index=True))
    for key, frame, head in _groups(found):
        frame = frame[frame["targets"] > frame["unassessed"]]
        names = group_names(frame, head, lang)
        if len(frame) > 1 or any(frame["name_zh"]):
            table = said.groups_table(frame, names, head, lang)
            _show(html_table(table, text(key, lang), index=True))
    missing = said.unassessed_sentence(found, lang, NAMED)
    if missing:
        _say(missing)


def _groups(found: Portfolio) -> list[tuple[str, pd.DataFrame, str]]:
    return [
        ("p_by_section", found.sections, "p_group"),
        ("p_by_department", found.departments, "p_department"),
    ]


def group_names(frame: pd.DataFrame, head: str, lang: str) -> list[str]:
    """Sections as headings, departments by name; a department that is not named says so.

    >>> group_names(pd.DataFrame({"name_zh": ["一", ""], "name_en": ["一", ""]}), "p_group", "en")
    ['Section 1', 'Other']
    """
    names = [text_of(name) for name in frame[f"name_{lang}"]]
    if head == "p_group":
        return [section_name(name, lang) for name in names]
    return [name or text("p_no_department", lang) for name in names]

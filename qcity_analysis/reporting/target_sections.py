"""The sections of the notebook on one target, one call each; where nothing can be said, a section says why."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..analysis.attribution import explain_change
from ..analysis.outlook import outlook as look_ahead
from ..analysis.sensitivity import sensitivity as vary
from ..catalogue import check_language, say, text
from ..rules import RULES
from ..rules.results import judged, results_for
from . import analyses, sentences, show
from .figures.charts import sensitivity_chart
from .figures.fan import fan_chart
from .formatting import text_of
from .sentences import assessment_title, chance, level_shown, panel_title, status_shown

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..rules.question import RuleResult

FIGURES = 12  # figures named that came in between


def answer(data: Data, assessment: Assessment, lang: str) -> None:
    """Show the question's answer in words, and hand the page its title and summary."""
    check_language(lang)
    front = front_of_target(data, assessment, lang)
    show.section("answer", lang, front["answer"], front)
    show.section("plan", lang, "\n".join(f"- {line}" for line in sentences.plan_says(assessment, lang)))


def front_of_target(data: Data, assessment: Assessment, lang: str) -> dict[str, Any]:
    """Title, answer and summary of a target's page, JSON-able; what index and command line show."""
    target, name, verdict = (
        assessment.target,
        assessment_title(assessment, lang),
        status_shown(assessment, lang),
    )
    region, (shown, word) = data.region_name(target.region, lang), chance(assessment, lang)
    return {
        "kind": "target", "lang": lang, "name": name, "plan": target.plan, "target": target.target_id,
        "title": text("question", lang, region=region, name=name, deadline=target.deadline),
        "section": text_of(target.section), "as_of": assessment.as_of.isoformat(), "model": assessment.model,
        "answer": sentences.headline(assessment, lang),
        "short": f"{shown} ({word})" if shown and word else _short(assessment, verdict, lang),
        "status": assessment.status, "status_shown": verdict,
        "probability": assessment.probability if assessment.status == "forecast" else None,
        "probability_shown": shown, "word_shown": word,
        "illustrative": assessment.illustrative or any(part.illustrative for part in assessment.parts),
    }  # fmt: skip


def _short(assessment: Assessment, verdict: str, lang: str) -> str:
    """The verdict without a probability in a few words: status, and why or with which figure."""
    why = "; ".join(
        f"{part.definition[f'name_{lang}']} {chance(part, lang)[0] or status_shown(part, lang)}"
        for part in assessment.parts
        if part.role == "definition"
    )
    if assessment.outcome is not None:
        year = assessment.settled_in or assessment.target.deadline
        why = text("in_year", lang, year=year, value=level_shown(assessment, assessment.outcome, lang))
    return f"{verdict}: {why or sentences.reason(assessment.reason, lang)}".rstrip(": ")


def _caption(part: Assessment, lang: str) -> str:
    """What a part is named by; empty for the assessment itself."""
    return panel_title(part, lang) if part.role != "main" else ""


def _under(title: str, words: str) -> str:
    return f"### {title}\n\n{words}" if title else words


def picture(assessment: Assessment, lang: str) -> None:
    """Show the fan chart, and after it what it means; with parts, each has its own sentence and figure."""
    series, parts = assessment.series, assessment.parts
    drawn = series is not None and bool(series.values.notna().any() or len(series.bounds))
    if parts or drawn:
        borrowed = "borrowed" if any(part.borrowed for part in parts) else "definitions"
        show.section(borrowed if parts else "figure", lang)
    for part in parts or (assessment,):
        if parts:
            show.markdown(_under(panel_title(part, lang), sentences.headline(part, lang)))
        if parts or drawn:
            show.picture(fan_chart(part, lang), sentences.alt_text(part, lang))
        show.markdown("\n\n".join(sentences.sentences(part, lang)))


def numbers(assessment: Assessment, lang: str) -> None:
    """Show the table of key figures."""
    explained = any(part.probability is not None for part in (assessment, *assessment.parts))
    show.section("numbers", lang, None if explained else "")
    show.table(show.key_figures(assessment, lang).rename_axis(text("k_quantity", lang)))


def outlook(data: Data, assessment: Assessment, lang: str) -> None:
    """Show the pace needed, how often anything moved that fast, when the target is reached, how long one may wait."""
    show.section("outlook", check_language(lang))
    for part in assessment.by_definition():
        ahead = look_ahead(data, part)
        lead = analyses.pace_sentences(part, ahead, lang)
        show.markdown(_under(_caption(part, lang), "\n\n".join(lead)))
        if ahead.feasibility.rows:
            speeds = analyses.speed_table(data, part, ahead.feasibility, lang)
            show.table(speeds, text("o_fast_caption", lang), index=False)
            show.markdown("\n\n".join(analyses.speed_sentences(part, ahead.feasibility, lang)))
        if ahead.reason is None:
            show.table(analyses.attained_table(ahead, lang), text("o_attained_caption", lang), index=False)
        wait = analyses.waiting_sentences(ahead, lang, part.as_of.year)
        if wait := [line for line in wait if line not in lead]:
            show.markdown("\n\n".join(wait))


def changed(data: Data, assessment: Assessment, lang: str, since: str | dt.date | None = None) -> None:
    """Show what changed since an earlier day, and whether new figures, revisions or time did it.

    `since` defaults to the day before the last figure of the assessment's own series became known. Nothing is shown
    without an earlier day.
    """
    check_language(lang)
    day, target = since or day_before_last_figure(assessment), assessment.target
    if day is None or str(day) >= assessment.as_of.isoformat():
        return
    change = explain_change(
        data.at(assessment.as_of), target.target_id, target.plan, day, assessment.as_of,
        region=target.region, model=assessment.model, draws=assessment.draws, seed=assessment.seed,
    )  # fmt: skip
    show.section("changed", lang, earlier=change.before.as_of)
    show.markdown(analyses.change_sentence(change, lang))
    for one in (change, *change.parts):
        steps = analyses.steps_table(one, lang)
        if not len(steps) or one.word == "unchanged":
            continue
        if caption := _caption(one.after, lang):
            colon = "：" if lang == "zh" else ": "
            show.markdown(f"{caption}{colon}{analyses.change_sentence(one, lang)}")
        show.table(steps, caption, index=False)
    if change.figures:
        came = analyses.came_table(data, change.figures[-FIGURES:], lang)
        show.table(came, text("d_came", lang), index=False)
    else:
        show.markdown(say("nothing_came", lang))


def day_before_last_figure(assessment: Assessment) -> dt.date | None:
    """The day before the newest figure of the assessment's own series became known; None without one."""
    series = [part.series for part in assessment.by_definition() if part.series is not None]
    frames = [rows for one in series for rows in (one.observations, one.bounds, one.unused)]
    days = [pd.to_datetime(rows["known_from"]).max() for rows in frames if "known_from" in rows and len(rows)]
    return (max(days) - pd.Timedelta(days=1)).date() if days else None


def sensitivity(data: Data, assessment: Assessment, lang: str) -> None:
    """Show how far the verdict depends on choices: a chart, what it means, and the table behind it.

    Nothing is shown where there is no choice to vary.
    """
    check_language(lang)
    varied = [one for one in vary(data, assessment) if one.rows]
    if varied:
        show.section("sensitivity", lang, draws=f"{assessment.draws:,}")
    for one in varied:
        show.picture(sensitivity_chart(one, lang), analyses.alt_sensitivity(one, lang))
        show.markdown("\n\n".join(analyses.sensitivity_sentences(one, lang)))
        choices, fold = analyses.sensitivity_table(one, lang), text("v_table", lang)
        show.table(choices, _caption(one.answer, lang), index=False, fold=fold)


def why(assessment: Assessment, lang: str) -> None:
    """Show which cells carry each mixture forecast and what each year contributes; nothing where there is none."""
    mixed = [a for a in assessment.parts or (assessment,) if a.model == "mixture" and a.status == "forecast"]
    parts = [(a, a.forecast) for a in mixed if a.forecast is not None and a.forecast.explainable]
    if parts:
        show.section("why", lang)
    for part, forecast in parts:
        explanation = forecast.explain()
        lines = "\n\n".join(analyses.explained(part, explanation, lang))
        show.markdown(_under(panel_title(part, lang) if len(parts) > 1 else "", lines))
        if len(explanation.without):
            show.table(analyses.without_table(part, explanation, lang), fold=text("why_table", lang))


def rules(assessment: Assessment, lang: str) -> None:
    """Show every published rule's class beside the page's own answer; with definitions, one table each."""
    show.section("rules", check_language(lang))
    parts = judged(assessment)
    for part in parts:
        if reason := shared_reason(part, lang):
            show.markdown(reason)
            continue
        show.table(rules_table(part, lang), panel_title(part, lang) if len(parts) > 1 else "")
        show.markdown(votes(part, lang))


def rules_table(assessment: Assessment, lang: str) -> pd.DataFrame:
    """One row a rule, and the page's own answer first: class, whether it means yes, source; all shown text in `lang`.

    >>> import qcity_analysis as qc
    >>> shown = rules_table(qc.assess(qc.load(), "rd_intensity"), "en")
    >>> shown.index[0], list(shown.columns)
    ('The answer of this page', ['Class', 'Will it be met?', 'Source'])
    """
    shown, word = chance(assessment, lang)
    settled = {"met": "rule_yes", "missed": "rule_no"}.get(assessment.status)
    yes = shown or (text(settled, lang) if settled else "–")
    rows = {text("rules_ours", lang): [word or status_shown(assessment, lang), yes, "qcity_analysis"]}
    for rule, result in results_for(assessment).items():
        rows[RULES[rule].name(lang)] = [*rule_shown(result, lang), RULES[rule].source(lang)]
    columns = [text(key, lang) for key in ("c_says", "c_will_meet", "c_rule_source")]
    index = pd.Index(list(rows), name=text("c_rule", lang))
    return pd.DataFrame(list(rows.values()), columns=columns, index=index)


def votes(assessment: Assessment, lang: str) -> str:
    """How many rules apply, and how many of them say yes, as a sentence."""
    yes = [result.will_meet for result in results_for(assessment).values() if result.will_meet is not None]
    return text("rules_counted", lang, judged=len(yes), yes=yes.count(True), no=yes.count(False))


def shared_reason(assessment: Assessment, lang: str) -> str:
    """Why no rule applies, as a sentence, when all give one reason; else an empty text.

    >>> import qcity_analysis as qc
    >>> shared_reason(qc.assess(qc.load(), "national_standards"), "en")
    'No rule applies: the rule judges levels; this target is of kind cumulative.'
    """
    results = list(results_for(assessment).values())
    reasons = {"" if result.category is not None else _reason(result, lang) for result in results}
    return text("rules_none", lang, reason=reasons.pop()) if len(reasons) == 1 and "" not in reasons else ""


def rule_shown(result: RuleResult, lang: str) -> list[str]:
    """The class in words, or why the rule does not apply; and yes, no or a dash."""
    yes = "–" if result.will_meet is None else text("rule_yes" if result.will_meet else "rule_no", lang)
    if result.category is not None:
        return [text(f"rule_word_{result.category}", lang), yes]
    return [text("rule_not_applicable", lang, reason=_reason(result, lang)), yes]


def _reason(result: RuleResult, lang: str) -> str:
    assert result.note is not None  # every refusal carries its code
    values = dict(result.note.values)
    if "kind" in values:
        values["kind"] = say(f"kind_{values['kind']}", lang)
    return text(f"rule_reason_{result.note.code}", lang, **values)


def add(assessment: Assessment, lang: str) -> None:
    """Show how to add a figure, when the target cannot be assessed."""
    if assessment.status == "not_assessable":
        show.section("add", lang, sentences.how_to_add(assessment, lang))


def sources(assessment: Assessment, lang: str) -> None:
    """Show every published figure with publisher, document and date; say so when there is none."""
    tables = show.sources_by_series(assessment, lang)
    show.section("sources", lang, None if tables else text("no_figures_sentence", lang))
    for name, table in tables.items():
        show.table(table, name if assessment.parts else "", index=False)


def notes(assessment: Assessment, lang: str) -> None:
    """Show assumptions and notes, those of each part under its name; nothing when there are none."""
    blocks = []
    for part in [assessment, *assessment.parts]:
        of_series = part.series.notes if part.series is not None and part.role != "main" else ()
        lines = dict.fromkeys(f"- {sentences.note(note, lang)}" for note in (*part.notes, *of_series))
        if lines:
            blocks.append(_under(_caption(part, lang), "\n".join(lines)))
    if blocks:
        show.section("notes", lang, "\n\n".join(blocks))

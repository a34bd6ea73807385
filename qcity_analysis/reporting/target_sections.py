"""The sections of the notebook on one target, one call each, and what the commands on a target print.

Where nothing can be said, a section says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
from .sentences import chance, panel_title, status_shown

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..rules.question import RuleResult

FIGURES = 12  # figures named that came in between


def answer(data: Data, a: Assessment, lang: str) -> None:
    """Show the question's answer in words, and hand the page its title and summary (JSON-able; the index shows it)."""
    target, name, verdict = a.target, a.target.name(check_language(lang)), status_shown(a, lang)
    region, (shown, word) = data.region_name(target.region, lang), chance(a, lang)
    words = sentences.headline(a, lang)
    front = {
        "kind": "target", "lang": lang, "name": name, "plan": target.plan, "target": target.target_id,
        "title": text("question", lang, region=region, name=name, deadline=target.deadline),
        "section": target.section, "as_of": a.as_of.isoformat(), "model": a.model, "answer": words,
        "short": f"{shown} ({word})" if shown and word else _short(a, verdict, lang), "status": a.status,
        "status_shown": verdict, "probability": a.probability if a.status == "forecast" else None,
        "probability_shown": shown, "word_shown": word, "deadline": target.deadline,
        "lent": any(part.borrowed for part in a.parts),
        "wording": (target.wording_en if lang == "en" else "") or target.wording,
        "illustrative": a.illustrative or any(part.illustrative for part in a.parts),
    }  # fmt: skip
    show.section("answer", lang, words, front)
    show.section("plan", lang, "\n".join(f"- {line}" for line in sentences.plan_says(a, lang)))


def _short(a: Assessment, verdict: str, lang: str) -> str:
    """The verdict without a probability in a few words: status, and why or with which figure."""
    definitions = [part for part in a.parts if part.role == "definition"]
    names = [part.definition[f"name_{lang}"] for part in definitions]
    answers = [chance(part, lang)[0] or status_shown(part, lang) for part in definitions]
    why = "; ".join(f"{name} {shown}" for name, shown in zip(names, answers, strict=True))
    if a.outcome is not None:
        value = sentences.level_shown(a, a.outcome, lang)
        why = text("in_year", lang, year=a.settled_in or a.target.deadline, value=value)
    return f"{verdict}: {why or sentences.reason(a.reason, lang)}".rstrip(": ")


def _caption(part: Assessment, lang: str) -> str:
    """What a part is named by; empty for the assessment itself."""
    return panel_title(part, lang) if part.role != "main" else ""


def _show_under(title: str, *lines: str) -> None:
    show.markdown("\n\n".join(([f"### {title}"] if title else []) + [*lines]))


def picture(a: Assessment, lang: str) -> None:
    """Show the fan chart, and after it what it means; with parts, each has its own sentence and figure."""
    drawn = a.series is not None and bool(a.series.values.notna().any() or len(a.series.bounds))
    if a.parts or drawn:
        loans = "borrowed" if any(part.borrowed for part in a.parts) else "definitions"
        show.section(loans if a.parts else "figure", lang)
    for part in a.parts or (a,):
        if a.parts:
            _show_under(panel_title(part, lang), sentences.headline(part, lang))
        if a.parts or drawn:
            show.picture(fan_chart(part, lang), sentences.alt_text(part, lang))
        show.markdown("\n\n".join(sentences.sentences(part, lang)))


def numbers(a: Assessment, lang: str) -> None:
    """Show the table of key figures."""
    explained = any(part.probability is not None for part in (a, *a.parts))
    show.section("numbers", lang, None if explained else "")
    show.table(show.key_figures(a, lang).rename_axis(text("k_quantity", lang)))


def outlook(data: Data, a: Assessment, lang: str) -> None:
    """Show the pace needed, how often anything moved that fast, when the target is reached, how long one may wait."""
    show.section("outlook", lang)
    for part in a.by_definition():
        ahead = look_ahead(data, part)
        lead = analyses.pace_sentences(part, ahead, lang)
        _show_under(_caption(part, lang), "\n\n".join(lead))
        if ahead.feasibility.rows:
            speeds = analyses.speed_table(data, part, ahead.feasibility, lang)
            show.table(speeds, text("o_fast_caption", lang), index=False)
            show.markdown("\n\n".join(analyses.speed_sentences(part, ahead.feasibility, lang)))
        if ahead.reason is None:
            show.table(analyses.attained_table(ahead, lang), text("o_attained_caption", lang), index=False)
        wait = analyses.waiting_sentences(ahead, lang, part.as_of.year)
        if wait := [line for line in wait if line not in lead]:
            show.markdown("\n\n".join(wait))


def changed(data: Data, a: Assessment, lang: str, since: str | dt.date | None = None) -> None:
    """Show what changed since an earlier day, and whether new figures, revisions or time did it.

    `since` defaults to the day before the last figure of the assessment's own series became known. Nothing is shown
    without an earlier day.
    """
    check_language(lang)
    day, target = since or day_before_last_figure(a), a.target
    if day is None or str(day) >= a.as_of.isoformat():
        return
    change = explain_change(
        data.at(a.as_of), target.target_id, target.plan, day, a.as_of,
        region=target.region, model=a.model, draws=a.draws, seed=a.seed,
    )  # fmt: skip
    show.section("changed", lang, earlier=change.before.as_of)
    show.markdown(analyses.change_sentence(change, lang))
    for one in (change, *change.parts):
        steps = analyses.steps_table(one, lang)
        if not len(steps) or one.word == "unchanged":
            continue
        if caption := _caption(one.after, lang):
            show.markdown(f"{caption}{'：' if lang == 'zh' else ': '}{analyses.change_sentence(one, lang)}")
        show.table(steps, caption, index=False)
    if change.figures:
        came = analyses.came_table(data, change.figures[-FIGURES:], lang)
        show.table(came, text("d_came", lang), index=False)
    else:
        show.markdown(say("nothing_came", lang))


def day_before_last_figure(a: Assessment) -> dt.date | None:
    """The day before the newest figure of the assessment's own series became known; None without one."""
    series = [part.series for part in a.by_definition() if part.series is not None]
    frames = [rows for one in series for rows in (one.observations, one.bounds, one.unused)]
    days = [pd.to_datetime(rows["known_from"]).max() for rows in frames if "known_from" in rows and len(rows)]
    return (max(days) - pd.Timedelta(days=1)).date() if days else None


def sensitivity(data: Data, a: Assessment, lang: str) -> None:
    """Show how far the verdict depends on choices: chart, meaning, table; nothing where there is no choice to vary."""
    check_language(lang)
    varied = [one for one in vary(data, a) if one.rows]
    if varied:
        show.section("sensitivity", lang, draws=f"{a.draws:,}")
    for one in varied:
        show.picture(sensitivity_chart(one, lang), analyses.alt_sensitivity(one, lang))
        show.markdown("\n\n".join(analyses.sensitivity_sentences(one, lang)))
        choices, fold = analyses.sensitivity_table(one, lang), text("v_table", lang)
        show.table(choices, _caption(one.answer, lang), index=False, fold=fold)


def why(a: Assessment, lang: str) -> None:
    """Show which cells carry each mixture forecast and what each year contributes; nothing where there is none."""
    mixed = [part for part in a.parts or (a,) if part.model == "mixture" and part.status == "forecast"]
    parts = [(one, one.forecast) for one in mixed if one.forecast is not None and one.forecast.explainable]
    if parts:
        show.section("why", lang)
    for part, forecast in parts:
        explanation = forecast.explain()
        title = panel_title(part, lang) if len(parts) > 1 else ""
        _show_under(title, *analyses.explained(part, explanation, lang))
        if len(explanation.without):
            show.table(analyses.without_table(part, explanation, lang), fold=text("why_table", lang))


def rules(a: Assessment, lang: str) -> None:
    """Show every published rule's class beside the page's own answer; with definitions, one table each."""
    show.section("rules", lang)
    parts = judged(a)
    for part in parts:
        if reason := shared_reason(part, lang):
            show.markdown(reason)
            continue
        show.table(rules_table(part, lang), panel_title(part, lang) if len(parts) > 1 else "")
        show.markdown(votes(part, lang))


def rules_table(a: Assessment, lang: str) -> pd.DataFrame:
    """One row a rule, and the page's own answer first: class, whether it means yes, source; all shown text in `lang`.

    >>> import qcity_analysis as qc
    >>> shown = rules_table(qc.assess(qc.load(), "rd_intensity"), "en")
    >>> shown.index[0], list(shown.columns)
    ('The answer of this page', ['Class', 'Will it be met?', 'Source'])
    """
    shown, word = chance(a, lang)
    settled = {"met": "rule_yes", "missed": "rule_no"}.get(a.status)
    yes = shown or (text(settled, lang) if settled else "–")
    rows = {text("rules_ours", lang): [word or status_shown(a, lang), yes, "qcity_analysis"]}
    for rule, result in results_for(a).items():
        rows[RULES[rule].name(lang)] = [*rule_shown(result, lang), RULES[rule].source(lang)]
    return analyses.titled(rows.values(), ("c_says", "c_will_meet", "c_rule_source"), lang, "c_rule", rows)


def votes(a: Assessment, lang: str) -> str:
    """How many rules apply, and how many of them say yes, as a sentence."""
    yes = [result.will_meet for result in results_for(a).values() if result.will_meet is not None]
    return text("rules_counted", lang, judged=len(yes), yes=yes.count(True), no=yes.count(False))


def shared_reason(a: Assessment, lang: str) -> str:
    """Why no rule applies, as a sentence, when all give one reason; else an empty text.

    >>> import qcity_analysis as qc
    >>> shared_reason(qc.assess(qc.load(), "national_standards"), "en")
    'No rule applies: the rule judges levels; this target is of kind cumulative.'
    """
    results = results_for(a).values()
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


def add(a: Assessment, lang: str) -> None:
    """Show how to add a figure, when the target cannot be assessed."""
    if a.status == "not_assessable":
        show.section("add", lang, sentences.how_to_add(a, lang))


def sources(a: Assessment, lang: str) -> None:
    """Show every published figure with publisher, document and date; say so when there is none."""
    tables = show.sources_by_series(a, lang)
    show.section("sources", lang, None if tables else text("no_figures_sentence", lang))
    for name, table in tables.items():
        show.table(table, name if a.parts else "", index=False)


def notes(a: Assessment, lang: str) -> None:
    """Show assumptions and notes, those of each part under its name; nothing when there are none."""
    blocks = []
    for part in (a, *a.parts):
        of_series = part.series.notes if part.series is not None and part.role != "main" else ()
        lines = dict.fromkeys(f"- {sentences.note(note, lang)}" for note in (*part.notes, *of_series))
        caption = _caption(part, lang)
        blocks += [f"### {caption}\n\n" * bool(caption) + "\n".join(lines)] if lines else []
    if blocks:
        show.section("notes", lang, "\n\n".join(blocks))


def answer_lines(answer: Assessment, lang: str) -> list[str]:
    """The answer and each of its parts with its sentences and notes; how to add figures where there are too few."""
    lines = []
    for part in (answer, *answer.parts):
        told = [text("illustrative_banner", lang)] if part.illustrative else []
        told += [sentences.headline(part, lang), *sentences.sentences(part, lang)]
        told += dict.fromkeys(sentences.note(note, lang) for note in part.notes)
        lines.append("\n  ".join(told) + "\n")
    return lines + ([sentences.how_to_add(answer, lang)] if answer.status == "not_assessable" else [])


def rule_lines(parts: Sequence[Assessment], lang: str) -> list[str]:
    """Of each part the headline, what every published rule says, and their votes; or why none applies."""
    blocks = []
    for part in parts:
        lines, reason = [sentences.headline(part, lang)], shared_reason(part, lang)
        for rule, result in {} if reason else results_for(part).items():
            category, yes = rule_shown(result, lang)
            verdict = f"{category} → {yes}" if result.category else category
            lines.append(text("rule_line", lang, name=RULES[rule].name(lang), said=verdict))
        blocks.append("\n".join([*lines, reason or votes(part, lang)]) + "\n")
    return blocks


def rules_values(part: Assessment) -> dict[str, Any]:
    """What the rules say about one part, as plain values."""
    names, results = ("category", "will_meet", "reason"), results_for(part)
    return {
        "target": part.target.target_id, "plan": part.target.plan, "definition": part.definition["indicator_id"],
        "as_of": part.as_of.isoformat(), "status": part.status, "probability": part.probability,
        "rules": {rule: {name: getattr(result, name) for name in names} for rule, result in results.items()},
    }  # fmt: skip

"""The sections of the notebook on one target, one call each, and what the commands on a target print.

Where nothing can be said, a section says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..analysis.outlook import outlook as look_ahead
from ..analysis.verdicts import explain_change
from ..analysis.verdicts import sensitivity as vary
from ..assessment.answer import Assessment
from ..catalogue import check_language, say, text
from ..data.load import Data
from ..rules import RULES
from ..rules.question import RuleResult
from ..rules.results import judged, results_for
from . import analyses, sentences, show
from .analyses import part_title
from .figures.fan import fan_chart
from .formatting import NONE
from .sentences import chance, status_shown

FIGURES = 12  # figures named that came in between


def answer(data: Data, a: Assessment, lang: str) -> None:
    """Show the answer as a card, and hand the page its title and summary (JSON-able; the index shows it)."""
    target, name, (shown, word) = a.target, a.target.name(check_language(lang)), chance(a, lang)
    front = {
        "kind": "target", "lang": lang, "name": name, "plan": target.plan, "target": target.target_id,
        "title": f"{name}: {sentences.finding(a, lang)}", "headed": True,
        "section": target.section, "as_of": a.as_of.isoformat(), "model": a.model, 
        "answer": sentences.headline(a, lang),
        "short": f"{shown} ({word})" if shown and word else sentences.finding(a, lang), "status": a.status,
        "status_shown": status_shown(a, lang), "probability": a.probability if a.status == "forecast" else None,
        "probability_shown": shown, "word_shown": word, "deadline": target.deadline,
        "lent": any(part.borrowed for part in a.parts),
        "wording": (target.wording_en if lang == "en" else "") or target.wording,
        "illustrative": a.illustrative or any(part.illustrative for part in a.parts),
    }  # fmt: skip
    show.html(show.card(a, lang, "h1"), front=front)


def picture(a: Assessment, lang: str) -> None:
    """Show the fan chart, with definitions one for each; of a place without figures what comparators would give."""
    lent = [part for part in a.parts if part.borrowed and part.probability is not None]
    if lent:
        show.section("borrowed", lang)
        names = [sentences.borrowed_name(part, lang) for part in lent]
        show.html('<ul class="qcity rows">', *map(show.row, names, lent, [lang] * len(lent)), "</ul>")
        return
    for part in a.by_definition():
        if part.series is not None and bool(part.series.values.notna().any() or len(part.series.bounds)):
            show.picture(fan_chart(part, lang), sentences.alt_text(part, lang))


def numbers(a: Assessment, lang: str) -> None:
    """Show, folded, how it was computed: what is expected with its interval, paths, model and error."""
    parts, ways = (a, *a.parts), (sentences.bases, sentences.sentences)
    told = [line for part in parts for way in ways for line in way(part, lang)]
    show.html(show.fold(text("h_numbers", lang), show.paragraphs(*dict.fromkeys(told))))


def outlook(data: Data, a: Assessment, lang: str) -> None:
    """Show the pace needed, how often anything moved that fast, when the target is reached, how long one may wait."""
    parts = [(part, look_ahead(data, part)) for part in a.by_definition() if part.status == "forecast"]
    show.blocks("outlook", lang, analyses.outlook_blocks(data, parts, lang))


def changed(data: Data, a: Assessment, lang: str, since: str | dt.date | None = None) -> None:
    """Show what changed since an earlier day, and whether new figures, revisions or time did it.

    `since` defaults to the day before the last figure of the assessment's own series became known. Nothing is shown
    without an earlier day, or where the answer is the same.
    """
    check_language(lang)
    day, target = since or day_before_last_figure(a), a.target
    if day is None or str(day) >= a.as_of.isoformat():
        return
    change = explain_change(
        data.at(a.as_of), target.target_id, target.plan, day, a.as_of,
        region=target.region, model=a.model, draws=a.draws, seed=a.seed,
    )  # fmt: skip
    if any(one.word != "unchanged" for one in (change, *change.parts)):
        told, about = analyses.change_blocks(data, change, lang, FIGURES), text("s_changed", lang)
        show.blocks("changed", lang, told, about, earlier=change.before.as_of)


def day_before_last_figure(a: Assessment) -> dt.date | None:
    """The day before the newest figure of the assessment's own series became known; None without one."""
    series = [part.series for part in a.by_definition() if part.series is not None]
    frames = [rows for one in series for rows in (one.observations, one.bounds, one.unused)]
    days = [pd.to_datetime(rows["known_from"]).max() for rows in frames if "known_from" in rows and len(rows)]
    return (max(days) - pd.Timedelta(days=1)).date() if days else None


def sensitivity(data: Data, a: Assessment, lang: str) -> None:
    """Show how far the verdict depends on choices: a line, a strip, the table folded; nothing without a choice."""
    if a.status in ("forecast", "depends_on_definition"):
        varied = [one for one in vary(data, a) if any(map(analyses.computed, one.rows))]
        about = text("s_sensitivity", lang, draws=f"{a.draws:,}")
        show.blocks("sensitivity", lang, analyses.sensitivity_blocks(varied, lang), about)


def why(a: Assessment, lang: str) -> None:
    """Show which cells carry each mixture forecast and what each year contributes; nothing where there is none."""
    told = []
    for part in [part for part in a.by_definition() if part.model == "mixture" and part.status == "forecast"]:
        if part.forecast is not None and part.forecast.explainable:
            reasons = part.forecast.explain()
            tables = {"": analyses.without_table(part, reasons, lang)} if len(reasons.without) else {}
            told.append(show.Block(part_title(part, lang), analyses.explained(part, reasons, lang), tables))
    show.blocks("why", lang, told)


def rules(a: Assessment, lang: str) -> None:
    """Show how many published rules say yes, and folded every rule's class; nothing where no rule applies."""
    parts = [part for part in judged(a) if not part.borrowed and not shared_reason(part, lang)]
    told = [
        show.Block(part_title(part, lang), [votes(part, lang)], {"": rules_table(part, lang)})
        for part in parts
    ]
    show.blocks("rules", lang, told, text("s_rules", lang))


def rules_table(a: Assessment, lang: str) -> pd.DataFrame:
    """One row a rule, and the page's own answer first: class, whether it means yes, source; all shown text in `lang`.

    >>> import qcity_analysis as qc
    >>> shown = rules_table(qc.assess(qc.load(), "rd_intensity"), "en")
    >>> shown.index[0], list(shown.columns)
    ('The answer of this page', ['Class', 'Will it be met?', 'Source'])
    """
    (shown, word), settled = chance(a, lang), {"met": "rule_yes", "missed": "rule_no"}.get(a.status)
    yes = shown or (text(settled, lang) if settled else NONE)
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
    reasons = {"" if one.category is not None else _reason(one, lang) for one in results_for(a).values()}
    return text("rules_none", lang, reason=reasons.pop()) if len(reasons) == 1 and "" not in reasons else ""


def rule_shown(result: RuleResult, lang: str) -> list[str]:
    """The class in words, or why the rule does not apply; and yes, no or a dash."""
    if result.category is None:
        return [text("rule_not_applicable", lang, reason=_reason(result, lang)), NONE]
    yes = NONE if result.will_meet is None else text("rule_yes" if result.will_meet else "rule_no", lang)
    return [text(f"rule_word_{result.category}", lang), yes]


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
    """Show, folded, every published figure with publisher, document and date; nothing when there is none."""
    tables = show.sources_by_series(a, lang)
    names = {name: name if a.parts else "" for name in tables}
    listed = [show.table_html(table, names[name], False, "cards") for name, table in tables.items()]
    show.html(show.fold(text("h_sources", lang, count=sum(map(len, tables.values()))), *listed))


def notes(a: Assessment, lang: str) -> None:
    """Show our reading of the wording, assumptions and notes, those of each part under its name."""
    blocks: dict[str, list[str]] = {"": sentences.plan_reading(a, lang)}
    for part in (a, *a.by_definition()):
        of_series = part.series.notes if part.series is not None and part.role != "main" else ()
        told = [sentences.note(note, lang) for note in (*part.notes, *of_series)]
        blocks.setdefault(part_title(part, lang), []).extend(told)
    listed = {name: "\n".join(f"- {line}" for line in dict.fromkeys(lines)) for name, lines in blocks.items()}
    shown = [f"### {name}\n\n{lines}" if name else lines for name, lines in listed.items() if lines]
    if shown:
        show.section("notes", lang, "\n\n".join(shown))


def answer_lines(answer: Assessment, lang: str) -> list[str]:
    """The answer and each of its parts with its sentences and notes; how to add figures where there are too few."""
    lines = []
    for part in (answer, *answer.parts):
        notes = dict.fromkeys(sentences.note(note, lang) for note in part.notes)
        told = [text("illustrative_banner", lang)] if part.illustrative else []
        told += [sentences.headline(part, lang), *sentences.sentences(part, lang)]
        lines.append("\n  ".join([*told, *sentences.bases(part, lang), *notes]) + "\n")
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

"""The sections of the notebooks on one target and on a whole plan, one call each, and what the commands print.

Where nothing can be said, a section says why.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from ..analysis.outlook import outlook as look_ahead
from ..analysis.portfolio import portfolio as add_up
from ..analysis.verdicts import explain_change
from ..analysis.verdicts import sensitivity as vary
from ..assessment.answer import Assessment
from ..catalogue import check_language, join, say, text
from ..data.load import Data
from ..errors import QcityError
from ..rules import RULES
from ..rules.question import RuleResult, results_for
from . import analyses, sentences, show
from .figures import portfolio_chart
from .figures.fan import fan_chart
from .formatting import NONE, amount, text_of
from .page import GROUPS
from .sentences import chance, panel_title, section_name, status_shown

FIGURES = 12  # figures named that came in between
LIKELY = 0.66
FEW = 3  # departments named in a row
PICKED, ORDERS = ("section", "departments", "binding"), ("order", "chance")  # of the rows
COUNTS = ["targets", "met", "missed", "open", "expected", "unassessed"]
NAMED = 6  # targets that cannot be assessed, named in one sentence


def answer(data: Data, a: Assessment, lang: str) -> None:
    """Show the answer as a card, and hand the page its title and summary (JSON-able; the index shows it)."""
    target, name, (shown, word) = a.target, a.target.name(check_language(lang)), chance(a, lang)
    front = {
        "kind": "target", "lang": lang, "name": name, "plan": target.plan, "target": target.target_id,
        "title": f"{name}: {sentences.finding(a, lang)}", "headed": True,
        "section": target.section, "as_of": a.as_of.isoformat(), "model": a.model, 
        "answer": sentences.headline(a, lang),
        "short": text("aside", lang, words=shown, aside=word) if shown and word else sentences.finding(a, lang),
        "status": a.status, "status_shown": status_shown(a, lang), "deadline": target.deadline,
        "probability": a.headline_probability if shown else None, "probability_shown": shown, "word_shown": word,
        "lent": any(part.borrowed for part in a.parts), "group": _group(a),
        "wording": (target.wording_en if lang == "en" else "") or target.wording,
        "illustrative": a.illustrative or any(part.illustrative for part in a.parts),
    }  # fmt: skip
    show.html(show.card(a, lang, "h1"), front=front)


def picture(a: Assessment, lang: str) -> None:
    """Show the fan chart, with definitions one for each; of a place without figures what comparators would give."""
    lent = [part for part in a.parts if part.borrowed and part.probability is not None]
    if lent:
        show.section("borrowed", lang)
        listed = (show.row(sentences.borrowed_name(part, lang), part, lang) for part in lent)
        show.html('<ul class="qcity rows">', *listed, "</ul>")
        return
    for part in reversed(a.by_definition()) if a.target.kind != "milestone" else ():
        if part.series is not None and bool(part.series.values.notna().any() or len(part.series.bounds)):
            folded = "" if part is a.by_definition()[-1] else panel_title(part, lang)
            show.picture(fan_chart(part, lang), sentences.alt_text(part, lang), folded)


def numbers(a: Assessment, lang: str) -> None:
    """Show, folded, how it was computed: what is expected with its interval, paths, model and error."""
    parts, ways = (a, *a.parts), (sentences.bases, sentences.sentences)
    told = [line for part in parts for way in ways for line in way(part, lang)]
    show.html(show.fold(text("h_numbers", lang), show.paragraphs(*dict.fromkeys(told))))


def outlook(data: Data, a: Assessment, lang: str) -> None:
    """Show the pace needed, how often anything moved that fast, when the target is reached, how long one may wait."""
    parts = [(part, look_ahead(data, part)) for part in a.by_definition() if part.status == "forecast"]
    told = [pair for pair in parts if pair[1].reason is None or pair[1].feasibility.reason is None]
    show.blocks(a, "outlook", lang, analyses.outlook_blocks(data, told, lang))


def changed(data: Data, a: Assessment, lang: str, since: str | dt.date | None = None) -> None:
    """Show what changed since an earlier day, and whether new figures, revisions or time did it.

    `since` defaults to the day before the last figure of the assessment's own series became known. Nothing is shown
    without an earlier day, or where the answer is the same.
    """
    series = [part.series for part in a.by_definition() if part.series is not None]
    frames = [rows for one in series for rows in (one.observations, one.bounds, one.unused)]
    days = [pd.to_datetime(rows["known_from"]).max() for rows in frames if "known_from" in rows and len(rows)]
    day = since or ((max(days) - pd.Timedelta(days=1)).date() if days else None)
    if day is None or str(day) >= str(a.as_of):
        return
    options = {"region": a.target.region, "model": a.model, "draws": a.draws, "seed": a.seed}
    change = explain_change(data.at(a.as_of), a.target.target_id, a.target.plan, day, a.as_of, **options)
    if any(one.word != "unchanged" for one in (change, *change.parts)):
        told, about = analyses.change_blocks(data, change, lang, FIGURES), text("s_changed", lang)
        show.blocks(a, "changed", lang, told, about, earlier=change.before.as_of)


def sensitivity(data: Data, a: Assessment, lang: str) -> None:
    """Show how far the verdict depends on choices: a line, a strip, the table folded; nothing without a choice."""
    if a.status in ("forecast", "depends_on_definition"):
        varied = [one for one in vary(data, a) if any(row.computed for row in one.rows)]
        about = text("s_sensitivity", lang, draws=f"{a.draws:,}")
        show.blocks(a, "sensitivity", lang, analyses.sensitivity_blocks(varied, lang), about)


def why(a: Assessment, lang: str) -> None:
    """Show which cells carry each mixture forecast and what each year contributes; nothing where there is none."""
    parts = [part for part in a.by_definition() if part.model == "mixture" and part.status == "forecast"]
    known = [(part, part.forecast.explain()) for part in parts if part.forecast and part.forecast.explainable]
    show.blocks(a, "why", lang, [analyses.why_block(part, reasons, lang) for part, reasons in known])


def rules(a: Assessment, lang: str) -> None:
    """Show how many published rules say yes, and folded every rule's class; nothing where no rule applies."""
    parts = [p for p in a.by_definition() if any(r.will_meet is not None for r in results_for(p).values())]
    told = [(panel_title(one, lang), [votes(one, lang)], {"": rules_table(one, lang)}) for one in parts]
    show.blocks(a, "rules", lang, [show.Block(*one) for one in told], text("s_rules", lang))


def rules_table(a: Assessment, lang: str) -> pd.DataFrame:
    """One row a rule, and the page's own answer first: class, whether it means yes, source; all shown text."""
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


def rule_shown(result: RuleResult, lang: str) -> list[str]:
    """The class in words, or why the rule does not apply; and yes, no or a dash."""
    if result.category is None:
        why = sentences.reason(result.note, lang, rule=True)
        return [text("rule_not_applicable", lang, reason=why), NONE]
    yes = NONE if result.will_meet is None else text("rule_yes" if result.will_meet else "rule_no", lang)
    return [text(f"rule_word_{result.category}", lang), yes]


def add(a: Assessment, lang: str) -> None:
    """Show how to add a figure, when the target cannot be assessed."""
    if a.status == "not_assessable":
        show.section("add", lang, sentences.how_to_add(a, lang))


def sources(a: Assessment, lang: str) -> None:
    """Show, folded, every published figure with publisher, document and date; nothing when there is none."""
    tables = show.sources_by_series(a, lang)
    listed = [show.table_html(one, name if a.parts else "", False, "cards") for name, one in tables.items()]
    show.html(show.fold(text("h_sources", lang, count=sum(map(len, tables.values()))), *listed))


def notes(a: Assessment, lang: str) -> None:
    """Show our reading of the wording, assumptions and notes; those of another than the newest definition folded."""
    blocks: dict[str, list[str]] = {"": sentences.plan_reading(a, lang)}
    for part in (a, *a.by_definition()):
        name = "" if part is a.by_definition()[-1] else panel_title(part, lang)
        of_series = part.series.notes if part.series is not None and part.role != "main" else ()
        blocks.setdefault(name, []).extend([sentences.note(note, lang) for note in (*part.notes, *of_series)])
    if any(blocks.values()):
        show.section("notes", lang, "\n".join(f"- {line}" for line in dict.fromkeys(blocks.pop(""))))
        for name, lines in blocks.items():
            show.html(show.fold(name, show.paragraphs(*dict.fromkeys(lines))))


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
    """Of each part the headline, what every published rule says, and their votes; or the one reason why none does."""
    blocks = []
    for part in parts:
        lines, results = [sentences.headline(part, lang)], results_for(part)
        reasons = {sentences.reason(one.note, lang, rule=True) for one in results.values()}
        none = len(reasons) == 1 and "" not in reasons  # as where one applies
        for rule, result in {} if none else results.items():
            category, yes = rule_shown(result, lang)
            verdict = f"{category} → {yes}" if result.category else category
            lines.append(text("rule_line", lang, name=RULES[rule].name(lang), said=verdict))
        last = text("rules_none", lang, reason=reasons.pop()) if none else votes(part, lang)
        blocks.append("\n".join([*lines, last]) + "\n")
    return blocks


def rules_values(part: Assessment) -> dict[str, Any]:
    """What the rules say about one part, as plain values."""
    names, results = ("category", "will_meet", "reason"), results_for(part)
    return {
        "target": part.target.target_id, "plan": part.target.plan, "definition": part.definition["indicator_id"],
        "as_of": part.as_of.isoformat(), "status": part.status, "probability": part.probability,
        "rules": {rule: {name: getattr(result, name) for name in names} for rule, result in results.items()},
    }  # fmt: skip


def scorecard(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets are met, missed, uncertain or cannot be assessed, and hand the page its title."""
    answered = [a for a in results if _group(a) != "without"]
    told = Counter(chance(a, lang)[1] or status_shown(a, lang, stated=False) for a in answered)
    parts = [text("scorecard_part", lang, count=n, label=label) for label, n in told.most_common()]
    facts: dict[str, Any] = {"answered": len(answered), "missing": len(results) - len(answered)}
    facts |= {"total": len(results), "parts": join(parts, lang), "as_of": data.as_of}
    words = text("scorecard_answer" if told else "scorecard_none", lang, **facts)
    name = sentences.plan_title(data, results[0].target.plan, lang)
    front = {
        "kind": "scorecard", "lang": lang, "title": text("scorecard_question", lang, plan=name),
        "plan": results[0].target.plan, "plan_title": name, "as_of": data.as_of.isoformat(),
        "model": results[0].model, "answer": words, "short": words,
        "illustrative": any(a.illustrative for a in results),
    }  # fmt: skip
    show.markdown(words, front)


def rows(results: Sequence[Assessment], lang: str) -> None:
    """Show every target as a row with its bar, in groups by what needs attention; to be filtered and sorted."""
    groups: dict[str, list[str]] = {}
    for order, a in enumerate(results):
        section, named = text_of(a.target.section), a.target.responsible(lang)
        facts = {"section": section_name(section, lang), "departments": join(named, lang)}
        about = [sentences.finding(a, lang), facts["section"] if section else "", join(named[:FEW], lang)]
        facts["binding"] = say(f"binding_{a.target.binding}", lang) if a.target.binding else ""
        p = a.headline_probability
        facts |= {"order": f"{order:03}", "chance": f"{-1 if p is None else p:.4f}"}
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
        head, mark = text("aside", lang, words=title, aside=len(groups[key])), f'<i class="{key}"></i>'
        show.html(show.fold(head, listed) if key == "without" else f"<h3>{mark}{escape(head)}</h3>{listed}")


def _axis(results: Sequence[Assessment], lang: str) -> str:
    """When the targets fall due, on one axis that holds this year: a dot each by its group, their number, the year."""
    due, today = Counter(a.target.deadline for a in results), results[0].as_of.year
    kinds = sorted((GROUPS.index(_group(a)), a.target.deadline) for a in results)
    columns = []
    for year in range(min(today, *due), max(today, *due) + 1):
        signs = "".join(f'<i class="{GROUPS[kind]}"></i>' for kind, deadline in kinds if deadline == year)
        count = f"<b>{due[year]}</b>" if due[year] else ""
        named = count + f"<span>{year}</span>" * (year == today or bool(count))
        columns.append(f"<div{' class=now' * (year == today)}>{signs}{named}</div>")
    items = join([f"{year}: {due[year]}" for year in sorted(due)], lang)
    alt = escape(text("alt_deadlines", lang, items=items, today=today))
    return f'<div class="qcity due" role="img" aria-label="{alt}">{"".join(columns)}</div>'


def _group(a: Assessment) -> str:
    likely = a.status == "forecast" and (a.probability or 0) >= LIKELY
    return {"not_assessable": "without", "met": "settled"}.get(a.status, "open" if likely else "attention")


def portfolio(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets of a plan will be met: chart, meaning, deciding targets, sections, departments.

    Sections and departments without any assessable target are left out of the tables.
    """
    check_language(lang)
    if not results:
        raise QcityError("a portfolio needs at least one assessment; this plan has no target")
    plan = add_up(data, results)
    show.section("portfolio", lang, "")
    low, high = plan.interval() if len(plan.targets) else (0, 0)
    if low < high:  # else it is known
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
            names, none = [*map(text_of, frame[f"name_{lang}"])], text("p_no_department", lang)
            names = [section_name(name, lang) if head == "p_group" else name or none for name in names]
            cells = frame[COUNTS].map(amount).to_numpy()
            heads = [f"p_{name}{'_column' * (name == 'expected')}" for name in COUNTS]
            tables.append(show.table_html(analyses.titled(cells, heads, lang, head, names), text(key, lang)))
    show.html(show.fold(text("p_tables", lang), show.paragraphs(text("s_portfolio", lang)), *tables))
    if missing := analyses.unassessed_sentence(plan, lang, NAMED):
        show.markdown(missing)


def add_to_plan(results: Sequence[Assessment], lang: str) -> None:
    """Show how to add figures for the targets that cannot be assessed, with one of them as the example."""
    if missing := [a for a in results if a.status == "not_assessable"]:
        how = sentences.how_to_add(missing[0], lang)
        show.section("scorecard_add", lang, f"{text('s_scorecard_add', lang)}\n\n{how}")

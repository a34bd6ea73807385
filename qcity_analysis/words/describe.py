"""One result in words, in Chinese and English: headline, sentences, notes, alternative text, how to add a figure.

Every sentence is computed from the result; the wording is reviewable data in `templates/sentences/`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..data.datapackage import Data
from ..data.notes import Note
from ..targets import Pace
from .asks import ask, change, level, step_unit, unit_of
from .numbers import percent, period, signed, typed, with_unit
from .saying import has, say
from .tallies import tally_sentences
from .texts import check_language, join
from .texts import text as fixed

__all__ = ["ask", "change", "level", "say", "signed"]  # and what is defined below
BY_LEVEL = ("level", "relative_change", "coverage")  # kinds that may borrow


def headline(a: Assessment, lang: str) -> str:
    """The answer in one sentence; a borrowed or definition-bound answer says so in it.

    >>> import qcity_analysis as qc
    >>> headline(qc.assess(qc.load(), "grid_inspection_coverage"), "en").split(": ", 1)[1]
    'not assessable: no figure is held in these data.'
    """
    facts = _facts(a, lang)
    if a.status == "depends_on_definition":
        facts["answers"] = ("；" if lang == "zh" else "; ").join(_short(part, lang) for part in a.parts)
    if a.role == "borrowed":
        return say("head_borrowed", lang, **facts) + say(f"head_if_{a.status}", lang, **facts)
    lead = say("head_definition", lang, **facts) if a.role == "definition" else ""
    own = f"head_{a.status}_{a.target.kind}"
    return lead + say(own if has(own) else f"head_{a.status}", lang, **facts)


def sentences(a: Assessment, lang: str) -> list[str]:
    """What else the result says, one sentence each: expectation, pace, precision, and what is borrowed.

    >>> import qcity_analysis as qc
    >>> any("Monte Carlo" in s for s in sentences(qc.assess(qc.load(), "rd_intensity"), "en"))
    True
    """
    said = []
    facts = _facts(a, lang)
    if a.status == "forecast" and a.interval is not None and a.probability_error is not None:
        said += [_expected(a, lang), *_pace_sentence(a, lang), *tally_sentences(a, lang)]
        if a.target.kind == "monotone":
            said.append(say("every_year_joint", lang))
        said.append(_error(a, lang))
    if a.status == "depends_on_definition":
        said.append(say("never_joined", lang))
    if a.role == "borrowed":
        said.append(say("borrowed_caution", lang, **facts))
        said = [say("borrowed_lead", lang, sentence=sentence) for sentence in said]
    if a.status == "not_assessable" and a.role == "main":
        said += [say(_on_borrowing(a), lang)] if a.target.kind in BY_LEVEL else []
    return said


def _expected(a: Assessment, lang: str) -> str:
    """The expected value and its interval at the deadline, as a sentence."""
    assert a.interval is not None
    low, high = (level(a, value, lang) for value in a.interval)
    key = {"cumulative": "expected_cumulative", "rank": "expected_rank", "zero_event": "expected_events"}
    key |= {} if a.bound is not None else {a.target.kind: "expected_only"}
    key |= {} if a.target.threshold else {"direction": "expected_direction"}
    return say(
        key.get(a.target.kind, "expected"), lang, year=a.target.deadline, value=level(a, a.median, lang),
        low=low, high=high, bound=level(a, a.bound, lang), base=a.target.base_year,
        threshold=level(a, a.threshold, lang),
        met=say("met_up" if a.target.upward else "met_down", lang, bound=level(a, a.bound, lang)),
    )  # fmt: skip


def _error(a: Assessment, lang: str) -> str:
    """How the probability was made and how exact it is, as a sentence."""
    model = fixed(f"model_{a.likelihood or a.model}", lang)
    if a.probability_error == 0:
        return say("exact", lang, model=model)
    error = f"{max(100 * (a.probability_error or 0), 0.1):.1f}"
    return say("error", lang, draws=f"{a.draws:,}", error=error, model=model)


def note(found: Note, lang: str) -> str:
    """A note of an assessment or a series as a sentence.

    >>> note(Note("awaiting_figure", {"year": 2025, "last": 2022}), "en")[:27]
    'The deadline 2025 is over, '
    """
    values: dict[str, Any] = dict(found.values)
    for key in ("published", "implied", "change"):
        if key in values:
            values[key] = signed(values[key])
    values |= _listed(values, lang)
    if found.code.startswith("wording_"):
        values["wording"] = values[f"wording_{lang}"]
    if "status" in values:
        values["status"] = say(f"status_{values['status']}", lang)
    for key in [key for key in values if key.endswith(f"_{lang}")]:
        values.setdefault(key[:-3], values[key])  # a name or reason that the data give in both languages
    if f"reason_{lang}" in values:
        values["reason"] = str(values["reason"]).rstrip("。.")
    if "probability" in values:
        values["probability"] = percent(values["probability"], lang)
    if found.code == "tolerance":
        values["tolerance"] = with_unit(
            typed(values["tolerance"]), step_unit(values[f"unit_{lang}"], lang), lang
        )
    return say(f"note_{found.code}", lang, **values)


def reason(a: Assessment, lang: str) -> str:
    """Why a target is not assessable, as a phrase; an empty text when it is.

    >>> import qcity_analysis as qc
    >>> reason(qc.assess(qc.load(), "manufacturing_pass"), "en")
    'only bounds are held in these data (such as “above”), no figure'
    """
    return "" if a.reason is None else reason_of(a.reason, lang)


def reason_of(found: Note, lang: str) -> str:
    """A reason why there is no verdict, as a phrase.

    >>> reason_of(Note("no_observation", {"count": 0}), "en")
    'no figure is held in these data'
    """
    values = dict(found.values)
    if "kind" in values:
        values["kind"] = say(f"kind_{values['kind']}", lang)
    values |= _listed(values, lang)
    if "period" in values:
        values["period"] = period(values["period"], lang)
    values["unit"] = "year" if values.get("count") == 1 else "years"
    return say(f"reason_{found.code}", lang, **values)


def _listed(values: dict[str, Any], lang: str) -> dict[str, str]:
    """Periods and names as lists in words."""
    found = {"periods": join(values["periods"], lang)} if "periods" in values else {}
    return found | ({"names": join(values[f"names_{lang}"], lang)} if f"names_{lang}" in values else {})


def alt_text(a: Assessment, lang: str) -> str:
    """Alternative text of the result's figure: what a reader who cannot see it needs to know.

    >>> import qcity_analysis as qc
    >>> "2022" in alt_text(qc.assess(qc.load(), "rd_intensity"), "en")
    True
    """
    facts = _facts(a, lang)
    lead = say("alt_borrowed", lang, **facts) if a.role == "borrowed" else ""
    known = a.series.known() if a.series is not None else pd.Series(dtype=float)
    points = join([f"{year}: {level(a, value, lang)}" for year, value in known.items()], lang)
    facts |= {"points": points or say("none", lang), "deadline": a.target.deadline}
    if a.status == "forecast" and a.interval is not None:
        low, high = (level(a, value, lang) for value in a.interval)
        return lead + say("alt_forecast", lang, **facts, low=low, high=high)
    key = "depends" if a.status == "depends_on_definition" else a.status
    return lead + say("alt_other", lang, **facts, verdict=fixed(f"status_{key}", lang))


def how_to_add(a: Assessment, lang: str) -> str:
    """How to add the region's own figures, as Markdown with the one command it takes.

    >>> import qcity_analysis as qc
    >>> "qcity add energy_intensity_industry --region nanjing" in how_to_add(
    ...     qc.assess(qc.load(), "energy_intensity"), "en")
    True
    """
    target = a.target
    year = (target.base_year or target.deadline - 5) + 1
    words = ("值", "机构", "文件", "日期") if lang == "zh" else ("VALUE", "PUBLISHER", "TITLE", "DATE")
    value, publisher, title, date = words
    kind = target.kind
    measure = {"relative_change": "change_pct", "cumulative": "count_new", "zero_event": "count_new"}.get(
        kind
    )
    shown = "1" if kind == "milestone" else value
    option = f" --measure {measure}" if measure else ""
    command = (
        f"qcity add {target.indicator_id} --region {target.region} --period {year} --value {shown}{option} \\\n"
        f'    --publisher "{publisher}" --title "{title}" --date {date}'
    )
    key = {"cumulative": "add_counts", "zero_event": "add_counts", "milestone": "add_milestone"}.get(kind)
    said = [say(key or "add_values", lang, value=value, publisher=publisher, title=title, date=date)]
    if kind == "relative_change":
        said.append(say("add_changes", lang, base=target.base_year))
    if kind == "rank":
        said.append(say("add_peers", lang))
    return f"{say('add_lead', lang)}\n\n```\n{command}\n```\n\n{('' if lang == 'zh' else ' ').join(said)}"


def plan_says(a: Assessment, lang: str) -> list[str]:
    """The plan's own sentence with its section, the departments, and how we read it; what is not given is left out.

    >>> import qcity_analysis as qc
    >>> plan_says(qc.assess(qc.load(), "grid_inspection_coverage"), "en")[2][:41]
    'Our reading: 100 is our reading of 全覆盖 (f'
    """
    target, en = a.target, lang == "en"
    wording = f"“{target.wording}”" if target.wording else ""
    if en and target.wording_en:
        wording = f"{wording} ({target.wording_en})".strip()
    named = (target.departments_en if en else "") or target.departments
    departments = join([name.strip() for name in named.split(";") if name.strip()], lang)
    reading = (target.note_en if en else "") or target.note
    if target.section and wording:
        wording = say("plan_section", lang, section=target.section, wording=wording)
    found = {"plan_wording": wording, "plan_departments": departments, "plan_reading": reading}
    return [say(key, lang, said=said) for key, said in found.items() if said]


def plan_title(data: Data, plan: str, lang: str) -> str:
    """The title of a plan in `lang`, from the source its targets name; the identifier where it has none.

    >>> import qcity_analysis as qc
    >>> plan_title(qc.load(), "nanjing_quality_city", "zh")
    '全面深化质量强市建设实施方案'
    """
    check_language(lang)
    named = data.targets.loc[(data.targets["plan"] == plan) & (data.targets["source_id"] != ""), "source_id"]
    found = data.sources[data.sources["source_id"].isin(named.head(1))]
    if found.empty:
        return plan
    return str((found["title_en"].iloc[0] if lang == "en" else "") or found["title"].iloc[0])


def _facts(a: Assessment, lang: str) -> dict[str, Any]:
    known = a.series.known() if a.series is not None else pd.Series(dtype=float)
    facts: dict[str, Any] = {
        "as_of": a.as_of.isoformat(),
        "region": a.region_names[lang],
        "name": a.target.name(lang),
        "ask": ask(a, lang),
        "year": a.target.deadline,
        "settled": period(a.settled_in or a.target.deadline, lang),
        "value": level(a, a.outcome, lang),
        "reason": reason(a, lang),
        "series": a.definition[f"name_{lang}"],
        "last": int(known.index[-1]) if len(known) else "–",
    }
    if a.probability is not None:
        facts |= {"probability": percent(a.probability, lang), "word": fixed(f"word_{a.word}", lang)}
    if a.borrowed is not None:
        facts |= {"other": a.borrowed.region_names[lang], "start": a.borrowed_since}
    return facts


def _on_borrowing(a: Assessment) -> str:
    if a.parts:
        return "borrowed_some"
    if not a.definition.get("comparators"):
        return "borrowed_none"
    own = a.series is not None and len(a.series.known()) > 0
    return "borrowed_no_overlap" if own else "borrowed_no_level"


def _short(part: Assessment, lang: str) -> str:
    return say(f"answer_{part.status}", lang, **_facts(part, lang))


def _pace_sentence(a: Assessment, lang: str) -> list[str]:
    so_far, needed = a.pace_so_far, a.pace_needed
    if a.tally is not None:
        return []  # counts have sentences of their own
    if so_far is None or needed is None:
        return []
    if a.bound is not None and a.series is not None:
        now = float(a.series.known().iloc[-1])
        if a.target.is_met(now, a.bound):
            return [say("reached", lang, last=needed.from_year)]
    facts: dict[str, Any] = {"start": so_far.from_year, "last": needed.from_year, "year": needed.to_year}
    facts["level"] = level(a, _aim(a, needed), lang)
    return [say("pace", lang, **facts, sofar=_pace(a, so_far, lang), needed=_pace(a, needed, lang))]


def _aim(a: Assessment, needed: Pace) -> float | None:
    """The level the pace needed leads to: the bound or the threshold, whichever it was reckoned to."""
    if a.bound is None or a.threshold is None or a.series is None:
        return a.bound
    end = float(a.series.known().iloc[-1]) + needed.linear * (needed.to_year - needed.from_year)
    return min((a.bound, a.threshold), key=lambda aim: abs(aim - end))


def _pace(a: Assessment, pace: Pace, lang: str) -> str:
    index = a.series is not None and a.series.base_year is not None
    unit = {"zh": "点", "en": "index points"}[lang] if index else step_unit(unit_of(a, lang), lang)
    sign = "−" if pace.linear < 0 else "+"
    linear = f"{sign}{with_unit(abs(pace.linear), unit, lang)}"
    if pace.compound is None:
        return linear
    return say("pace_both", lang, compound=change(pace.compound, lang), linear=linear).rstrip(",")

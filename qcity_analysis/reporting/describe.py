"""One result in words, in Chinese and English: headline, sentences, notes, alternative text, how to add a figure.

Every sentence is computed from the result; the wording is reviewable data in `templates/sentences/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import check_language, has, join, say
from ..catalogue import text as fixed
from ..errors import Note
from .formatting import number, percent, period, signed, typed, with_sign, with_unit

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..targets import Pace

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


BY_YEAR = {"monotone", "direction", "cumulative", "zero_event", "rank"}


def ask(a: Assessment, lang: str) -> str:
    """What the target asks for, as a phrase: "at least 50 件/万人 in 2025", "−18 % against 2020 by 2025".

    >>> import qcity_analysis as qc
    >>> ask(qc.assess(qc.load(), "energy_intensity"), "en")
    '−18 % against 2020 by 2025'
    """
    target, year = a.target, a.target.deadline
    if target.threshold is None:
        return target.wording if lang == "zh" else (target.wording_en or target.wording)
    if target.kind in BY_YEAR:
        return _ask_by_kind(a, lang)
    if target.kind == "relative_change":
        return say(
            "ask_change", lang, value=with_unit(quoted(a), "%", lang), base=target.base_year, year=year
        )
    value = with_unit(quoted(a), unit_of(a, lang), lang)
    if target.commitment == "about":
        tolerance = with_unit(typed(target.tolerance), step_unit(unit_of(a, lang), lang), lang)
        return say("ask_about", lang, value=value, year=year, tolerance=tolerance)
    key = target.direction if target.direction in ("at_least", "at_most") else "at_least"
    return say(f"ask_{key}", lang, value=value, year=year)


def _ask_by_kind(a: Assessment, lang: str) -> str:
    target, period = a.target, a.period
    assert target.threshold is not None
    first = period[0] if period else (target.base_year + 1 if target.base_year is not None else None)
    way = "up" if target.upward else "down"
    facts: dict[str, object] = {"year": target.deadline, "first": first, "base": target.base_year}
    if target.kind == "zero_event":
        return say("ask_zero_event", lang, **facts | {"first": first or target.deadline})
    if target.kind == "rank":
        return say(f"ask_rank_{target.direction}", lang, value=quoted(a), **facts)
    if target.kind == "cumulative":
        key = "cumulative" if target.base_year is not None else "total"
        value = with_unit(quoted(a), unit_of(a, lang), lang)
        return say(f"ask_{key}_{target.direction}", lang, value=value, **facts)
    step = with_unit(quoted(a).lstrip("−"), step_unit(unit_of(a, lang), lang), lang)
    key = f"ask_{target.kind}" + ("_by" if target.threshold else "_open" if first is None else "")
    if target.kind == "direction":
        key = "ask_direction_by" if target.threshold else "ask_direction"
        facts["base"] = target.base_year if target.base_year is not None else "–"
    return say(f"{key}_{way}", lang, value=step, **facts)


def quoted(a: Assessment) -> str:
    """The number a target asks for, as the plan wrote it, without its unit; a relative change with its sign."""
    assert a.target.threshold is not None
    shown = typed(a.target.threshold, a.target.decimals)
    return with_sign(shown) if a.target.kind == "relative_change" else shown


def level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of: a change on the base year for an index, else with its unit.

    A published figure has the digits it was published with, a target those of the plan; what is computed is never
    shown on the other side of the target.
    """
    if value is None:
        return ""
    if a.target.kind == "relative_change" and a.threshold is not None:
        return change_on_base(a, value, lang)
    shown = level_number(a, value)
    if a.target.kind == "rank":
        return say("as_rank", lang, value=shown)
    if a.target.kind == "zero_event":
        return say("as_event" if value == 1 else "as_events", lang, value=shown)
    return with_unit(shown, unit_of(a, lang), lang)


def level_number(a: Assessment, value: float) -> str:
    """A level without its unit: as published, as the plan wrote it, or with the digits it takes."""
    target, series = a.target, a.series
    if value == target.threshold and target.kind not in ("monotone", "direction", "relative_change"):
        return quoted(a)
    if value in (a.bound, a.threshold):
        return typed(float(f"{value:.15g}"))
    decimals = series.decimals if series is not None else {}
    for year, digits in decimals.items():
        if series is not None and series.values.get(year) == value:
            return typed(value, digits)
    return number(value, marks(a), _digits(target.threshold))


def _digits(threshold: float | None) -> int:
    """Digits after the point of a threshold as it was typed."""
    return 0 if threshold is None else len(typed(threshold).partition(".")[2])


def marks(a: Assessment) -> list[float]:
    """The levels that decide, in the unit of the series."""
    return [value for value in (a.bound, a.threshold) if value is not None]


def change_on_base(a: Assessment, value: float, lang: str) -> str:
    """A level of an index as its change on the base year."""
    assert a.target.threshold is not None and a.threshold is not None
    if value == a.threshold:
        return with_unit(quoted(a), "%", lang)
    base = a.threshold / (1 + a.target.threshold / 100)
    limits = [float(f"{100 * (mark / base - 1):.10g}") for mark in marks(a)]
    moved = 100 * (value / base - 1)
    if value == a.bound:
        return with_unit(with_sign(typed(float(f"{moved:.10g}"))), "%", lang)
    return with_unit(signed(moved, limits, _digits(a.target.threshold)), "%", lang)


def change(value: float, lang: str, limits: Iterable[float] = ()) -> str:
    """A computed change in percent with its sign, on its own side of `limits`.

    >>> change(-18, "en"), change(2.345, "zh")
    ('−18 %', '+2.3%')
    """
    return with_unit(signed(value, limits), "%", lang)


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    if a.target.kind in ("monotone", "direction", "relative_change"):
        return str((a.definition.get("unit_zh") if lang == "zh" else "") or a.definition.get("unit") or "")
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return fixed("points", lang) if unit == "%" else unit


def tally_sentences(a: Assessment, lang: str) -> list[str]:
    """What is counted, what is missing and how many a month that takes; the years that are not known.

    Empty for an assessment that counts nothing.
    """
    tally = a.tally
    if tally is None:
        return []
    said = [_counted(a, lang)] if a.target.kind == "cumulative" else []
    if tally.unknown:
        periods = join([str(year) for year in tally.unknown], lang)
        said.append(say("tally_unknown", lang, periods=periods))
    return said


def _counted(a: Assessment, lang: str) -> str:
    tally = a.tally
    assert tally is not None
    open_ = tally.years - tally.covered
    facts = {
        "through": period(tally.through or "–", lang),
        "count": level(a, tally.count, lang),
        "years": tally.years,
        "covered": number(tally.covered),
        "open": number(open_),
        "needed": level(a, tally.needed, lang),
        "yearly": number(tally.needed / open_),
        "monthly": number(tally.needed / open_ / 12),
        "bound": level(a, a.bound, lang),
        "sofar": number(a.pace_so_far.linear) if a.pace_so_far else "–",
    }
    if not a.target.upward:
        return say("tally_over", lang, **facts)
    return say("tally" if tally.through else "tally_none", lang, **facts)

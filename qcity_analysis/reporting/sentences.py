"""One result in words, in Chinese and English: headline, sentences, notes, alternative text, how to add a figure.

Every sentence is computed from the result; the wording is reviewable data in `templates/sentences/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import catalogue, check_language, join, say
from ..catalogue import text as fixed
from ..errors import Note
from .formatting import (
    number,
    percent,
    period,
    published,
    signed,
    text_of,
    typed,
    with_sign,
    with_unit,
    year_of,
)

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..targets import Pace

BY_LEVEL = ("level", "relative_change", "coverage")  # kinds that may borrow
BY_STEP = ("monotone", "direction")  # kinds whose unit is that of a step, not of a level


def headline(a: Assessment, lang: str) -> str:
    """The answer in one sentence; a borrowed or definition-bound answer says so in it.

    >>> import qcity_analysis as qc
    >>> headline(qc.assess(qc.load(), "grid_inspection_coverage"), "en").split(": ", 1)[1]
    'not assessable: no figure is held in these data.'
    """
    facts = _facts(a, lang)
    if a.status == "depends_on_definition":
        answers = [say(f"answer_{part.status}", lang, **_facts(part, lang)) for part in a.parts]
        facts["answers"] = ("；" if lang == "zh" else "; ").join(answers)
    if a.role == "borrowed":
        return say("head_borrowed", lang, **facts) + say(f"head_if_{a.status}", lang, **facts)
    lead = say("head_definition", lang, **facts) if a.role == "definition" else ""
    own = f"head_{a.status}_{a.target.kind}"
    return lead + say(own if own in catalogue("sentences") else f"head_{a.status}", lang, **facts)


def sentences(a: Assessment, lang: str) -> list[str]:
    """What else the result says, one sentence each: expectation, pace, precision, and what is borrowed.

    >>> import qcity_analysis as qc
    >>> any("Monte Carlo" in s for s in sentences(qc.assess(qc.load(), "rd_intensity"), "en"))
    True
    """
    said = []
    if a.status == "forecast" and a.interval is not None and a.probability_error is not None:
        said += [_expected(a, lang), *_pace_sentence(a, lang), *_tally_sentences(a, lang)]
        said += [say("every_year_joint", lang)] if a.target.kind == "monotone" else []
        said.append(_error(a, lang))
    if a.status == "depends_on_definition":
        said.append(say("never_joined", lang))
    if a.role == "borrowed":
        said.append(say("borrowed_caution", lang, **_facts(a, lang)))
        said = [say("borrowed_lead", lang, sentence=sentence) for sentence in said]
    if a.status == "not_assessable" and a.role == "main" and a.target.kind in BY_LEVEL:
        said.append(say(_on_borrowing(a), lang))
    return said


def _facts(a: Assessment, lang: str) -> dict[str, Any]:
    """What headlines, answers and alternative texts may name."""
    known = _known(a)
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


def _known(a: Assessment) -> pd.Series:
    return a.series.known() if a.series is not None else pd.Series(dtype=float)


def _expected(a: Assessment, lang: str) -> str:
    """The expected value and its interval at the deadline, as a sentence."""
    assert a.interval is not None
    low, high = (level(a, value, lang) for value in a.interval)
    key = {"cumulative": "expected_cumulative", "rank": "expected_rank", "zero_event": "expected_events"}
    key |= {} if a.bound is not None else {a.target.kind: "expected_only"}
    key |= {} if a.target.threshold else {"direction": "expected_direction"}
    bound = level(a, a.bound, lang)
    return say(
        key.get(a.target.kind, "expected"), lang, year=a.target.deadline, value=level(a, a.median, lang),
        low=low, high=high, bound=bound, base=a.target.base_year, threshold=level(a, a.threshold, lang),
        met=say("met_up" if a.target.upward else "met_down", lang, bound=bound),
    )  # fmt: skip


def _error(a: Assessment, lang: str) -> str:
    """How the probability was made and how exact it is, as a sentence."""
    model = fixed(f"model_{a.likelihood or a.model}", lang)
    if a.probability_error == 0:
        return say("exact", lang, model=model)
    error = f"{max(100 * (a.probability_error or 0), 0.1):.1f}"
    return say("error", lang, draws=f"{a.draws:,}", error=error, model=model)


def _pace_sentence(a: Assessment, lang: str) -> list[str]:
    """Pace so far and pace needed; nothing for counts, which have sentences of their own."""
    so_far, needed = a.pace_so_far, a.pace_needed
    if a.tally is not None or so_far is None or needed is None:
        return []
    aim = a.bound
    if a.bound is not None and a.series is not None:
        now = float(a.series.known().iloc[-1])
        if a.target.is_met(now, a.bound):
            return [say("reached", lang, last=needed.from_year)]
        if a.threshold is not None:  # the bound or the threshold, whichever the pace was reckoned to
            end = now + needed.linear * (needed.to_year - needed.from_year)
            aim = min((a.bound, a.threshold), key=lambda level: abs(level - end))
    years = {"start": so_far.from_year, "last": needed.from_year, "year": needed.to_year}
    paces = {"sofar": _pace(a, so_far, lang), "needed": _pace(a, needed, lang)}
    return [say("pace", lang, level=level(a, aim, lang), **years, **paces)]


def _pace(a: Assessment, pace: Pace, lang: str) -> str:
    index = a.series is not None and a.series.base_year is not None
    unit = fixed("index_points", lang) if index else step_unit(unit_of(a, lang), lang)
    linear = f"{'−' if pace.linear < 0 else '+'}{with_unit(abs(pace.linear), unit, lang)}"
    if pace.compound is None:
        return linear
    return say("pace_both", lang, compound=change(pace.compound, lang), linear=linear).rstrip(",")


def _tally_sentences(a: Assessment, lang: str) -> list[str]:
    """What is counted, what is missing and how many a month that takes; the years that are not known."""
    tally, said = a.tally, []
    if tally is None:
        return []
    if a.target.kind == "cumulative":
        left = tally.years - tally.covered
        key = "tally_over" if not a.target.upward else "tally" if tally.through else "tally_none"
        said.append(
            say(
                key,
                lang,
                through=period(tally.through or "–", lang),
                count=level(a, tally.count, lang),
                years=tally.years,
                covered=number(tally.covered),
                open=number(left),
                needed=level(a, tally.needed, lang),
                yearly=number(tally.needed / left),
                monthly=number(tally.needed / left / 12),
                bound=level(a, a.bound, lang),
                sofar=number(a.pace_so_far.linear) if a.pace_so_far else "–",
            )  # fmt: skip
        )
    if tally.unknown:
        said.append(say("tally_unknown", lang, periods=join(map(str, tally.unknown), lang)))
    return said


def _on_borrowing(a: Assessment) -> str:
    if a.parts:
        return "borrowed_some"
    if not a.definition.get("comparators"):
        return "borrowed_none"
    return "borrowed_no_overlap" if len(_known(a)) else "borrowed_no_level"


def note(found: Note, lang: str) -> str:
    """A note of an assessment or a series as a sentence.

    >>> note(Note("awaiting_figure", {"year": 2025, "last": 2022}), "en")[:27]
    'The deadline 2025 is over, '
    """
    given = found.values
    values = given | {key: signed(given[key]) for key in ("published", "implied", "change") if key in given}
    values |= _listed(given, lang)
    if found.code.startswith("wording_"):
        values["wording"] = given[f"wording_{lang}"]
    if "status" in given:
        values["status"] = say(f"status_{given['status']}", lang)
    for key in [key for key in given if key.endswith(f"_{lang}")]:
        values.setdefault(key[:-3], given[key])  # a name or reason that the data give in both languages
    if f"reason_{lang}" in given:
        values["reason"] = str(values["reason"]).rstrip("。.")
    if "probability" in given:
        values["probability"] = percent(given["probability"], lang)
    if found.code == "tolerance":
        values["tolerance"] = _slack(given["tolerance"], given[f"unit_{lang}"], lang)
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
    values = found.values | _listed(found.values, lang)
    if "kind" in values:
        values["kind"] = say(f"kind_{values['kind']}", lang)
    if "period" in values:
        values["period"] = period(values["period"], lang)
    values["unit"] = "year" if values.get("count") == 1 else "years"
    return say(f"reason_{found.code}", lang, **values)


def _listed(values: dict[str, Any], lang: str) -> dict[str, str]:
    """Periods and names as lists in words."""
    lists = {"periods": values.get("periods"), "names": values.get(f"names_{lang}")}
    return {key: join(items, lang) for key, items in lists.items() if items is not None}


def alt_text(a: Assessment, lang: str) -> str:
    """Alternative text of the result's figure: what a reader who cannot see it needs to know.

    >>> import qcity_analysis as qc
    >>> "2022" in alt_text(qc.assess(qc.load(), "rd_intensity"), "en")
    True
    """
    facts = _facts(a, lang)
    lead = say("alt_borrowed", lang, **facts) if a.role == "borrowed" else ""
    points = join([f"{year}: {level(a, value, lang)}" for year, value in _known(a).items()], lang)
    facts |= {"points": points or say("none", lang), "deadline": a.target.deadline}
    if a.status == "forecast" and a.interval is not None:
        low, high = (level(a, value, lang) for value in a.interval)
        return lead + say("alt_forecast", lang, **facts, low=low, high=high)
    return lead + say("alt_other", lang, **facts, verdict=status_shown(a, lang))


def status_shown(part: Assessment, lang: str) -> str:
    """The status in `lang`, as "forecast" or "not assessable".

    >>> from types import SimpleNamespace
    >>> status_shown(SimpleNamespace(status="met"), "zh")
    '已达标'
    """
    return fixed(
        "status_depends" if part.status == "depends_on_definition" else f"status_{part.status}", lang
    )


def how_to_add(a: Assessment, lang: str) -> str:
    """How to add the region's own figures, as Markdown with the one command it takes.

    >>> import qcity_analysis as qc
    >>> "qcity add energy_intensity_industry --region nanjing" in how_to_add(
    ...     qc.assess(qc.load(), "energy_intensity"), "en")
    True
    """
    target, zh = a.target, lang == "zh"
    year = (target.base_year or target.deadline - 5) + 1
    names = ("值", "机构", "文件", "日期") if zh else ("VALUE", "PUBLISHER", "TITLE", "DATE")
    facts = dict(zip(("value", "publisher", "title", "date"), names, strict=True))
    counts = ("count_new", "add_counts")
    special = {"relative_change": ("change_pct", "add_values"), "cumulative": counts, "zero_event": counts}
    special |= {"milestone": ("", "add_milestone")}
    measure, key = special.get(target.kind, ("", "add_values"))
    value = "1" if target.kind == "milestone" else facts["value"]
    option = f" --measure {measure}" if measure else ""
    command = (
        f"qcity add {target.indicator_id} --region {target.region} --period {year} --value {value}{option} \\\n"
        '    --publisher "{publisher}" --title "{title}" --date {date}'.format(**facts)
    )
    said = [say(key, lang, **facts)]
    said += [say("add_changes", lang, base=target.base_year)] if target.kind == "relative_change" else []
    said += [say("add_peers", lang)] if target.kind == "rank" else []
    return f"{say('add_lead', lang)}\n\n```\n{command}\n```\n\n{('' if zh else ' ').join(said)}"


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
    if target.section and wording:
        wording = say("plan_section", lang, section=target.section, wording=wording)
    named = (target.departments_en if en else "") or target.departments
    departments = join([name.strip() for name in named.split(";")], lang)
    reading = (target.note_en if en else "") or target.note
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


def ask(a: Assessment, lang: str) -> str:
    """What the target asks for, as a phrase: "at least 50 件/万人 in 2025", "−18 % against 2020 by 2025".

    >>> import qcity_analysis as qc
    >>> ask(qc.assess(qc.load(), "energy_intensity"), "en")
    '−18 % against 2020 by 2025'
    """
    target, unit = a.target, unit_of(a, lang)
    if target.threshold is None:
        return target.wording if lang == "zh" else (target.wording_en or target.wording)
    after_base = target.base_year + 1 if target.base_year is not None else None
    first = a.period[0] if a.period else after_base
    facts: dict[str, Any] = {"year": target.deadline, "first": first, "base": target.base_year}
    facts["value"], side = with_unit(quoted(a), unit, lang), target.direction
    key = f"ask_{side}" if side in ("at_least", "at_most") else "ask_at_least"
    if target.kind == "relative_change":
        key, facts["value"] = "ask_change", with_unit(quoted(a), "%", lang)
    elif target.kind == "zero_event":
        key, facts["first"] = "ask_zero_event", first or target.deadline
    elif target.kind == "rank":
        key, facts["value"] = f"ask_rank_{side}", quoted(a)
    elif target.kind == "cumulative":
        key = f"ask_{'total' if target.base_year is None else 'cumulative'}_{side}"
    elif target.kind in BY_STEP:
        facts["value"] = with_unit(quoted(a).lstrip("−"), step_unit(unit, lang), lang)
        facts["base"] = "–" if target.base_year is None else target.base_year
        without_year = "_open" if target.kind == "monotone" and first is None else ""
        by = "_by" if target.threshold else without_year
        key = f"ask_{target.kind}{by}_{'up' if target.upward else 'down'}"
    elif target.commitment == "about":
        key, facts["tolerance"] = "ask_about", _slack(target.tolerance, unit, lang)
    return say(key, lang, **facts)


def _slack(tolerance: float, unit: str, lang: str) -> str:
    return with_unit(typed(tolerance), step_unit(unit, lang), lang)


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
        return _change_on_base(a, value, lang)
    shown = level_number(a, value)
    if a.target.kind == "rank":
        return say("as_rank", lang, value=shown)
    if a.target.kind == "zero_event":
        return say("as_event" if value == 1 else "as_events", lang, value=shown)
    return with_unit(shown, unit_of(a, lang), lang)


def level_number(a: Assessment, value: float) -> str:
    """A level without its unit: as published, as the plan wrote it, or with the digits it takes."""
    target, series = a.target, a.series
    if value == target.threshold and target.kind not in (*BY_STEP, "relative_change"):
        return quoted(a)
    if value in (a.bound, a.threshold):
        return typed(float(f"{value:.15g}"))
    for year, digits in (series.decimals if series is not None else {}).items():
        if series is not None and series.values.get(year) == value:
            return typed(value, digits)
    return number(value, _deciding(a), _digits(target.threshold))


def _digits(threshold: float | None) -> int:
    """Digits after the point of a threshold as it was typed."""
    return 0 if threshold is None else len(typed(threshold).partition(".")[2])


def _deciding(a: Assessment) -> list[float]:
    """The levels that decide, in the unit of the series."""
    return [value for value in (a.bound, a.threshold) if value is not None]


def _change_on_base(a: Assessment, value: float, lang: str) -> str:
    """A level of an index as its change on the base year."""
    assert a.target.threshold is not None and a.threshold is not None
    if value == a.threshold:
        return with_unit(quoted(a), "%", lang)
    base = a.threshold / (1 + a.target.threshold / 100)
    limits = [float(f"{100 * (decides / base - 1):.10g}") for decides in _deciding(a)]
    moved = 100 * (value / base - 1)
    if value == a.bound:
        return with_unit(with_sign(typed(float(f"{moved:.10g}"))), "%", lang)
    return with_unit(signed(moved, limits, _digits(a.target.threshold)), "%", lang)


def change(value: float, lang: str) -> str:
    """A computed change in percent with its sign.

    >>> change(-18, "en"), change(2.345, "zh")
    ('−18 %', '+2.3%')
    """
    return with_unit(signed(value), "%", lang)


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    if a.target.kind in (*BY_STEP, "relative_change"):
        return str((a.definition.get("unit_zh") if lang == "zh" else "") or a.definition.get("unit") or "")
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return fixed("points", lang) if unit == "%" else unit


SIDES = {"at_least": "≥ ", "at_most": "≤ ", "increase": "≥ ", "decrease": "≤ "}


def assessment_title(assessment: Assessment, lang: str) -> str:
    """The name of the target in `lang`, as it stands in the plan."""
    return text_of(assessment.target.name_zh if lang == "zh" else assessment.target.name_en)


def subtitle(assessment: Assessment, lang: str) -> str:
    """What the figure says in a few words: probability and word, or the status; and for whom."""
    parts = [fixed("borrowed", lang)] if assessment.borrowed else []
    if assessment.status == "forecast" and assessment.probability is not None:
        parts.append(f"{fixed('chance', lang)} {percent(assessment.probability, lang)}")
        parts += [fixed(f"word_{assessment.word}", lang)] if assessment.word else []
    else:
        parts.append(status_shown(assessment, lang))
    return " · ".join(parts)


def panel_title(part: Assessment, lang: str) -> str:
    """The title of one panel: which definition, or whose changes are borrowed."""
    if part.borrowed:
        return fixed("borrowed_from", lang, name=borrowed_name(part, lang))
    return fixed("definition", lang, name=part.definition[f"name_{lang}"])


def borrowed_name(part: Assessment, lang: str) -> str:
    """Region and indicator whose changes an assessment borrows; empty when it borrows none."""
    if not part.borrowed:
        return ""
    region, name = part.borrowed.region_names[lang], part.borrowed.indicator_names[lang]
    return fixed("place_and_series", lang, region=region, name=name)


def axis_unit(assessment: Assessment, lang: str) -> str:
    """The unit of the vertical axis in `lang`: that of the series, or "index, 2020 = 100".

    Returns an empty text when neither the series nor the target has a unit.
    """
    series, target, zh = assessment.series, assessment.target, lang == "zh"
    first = assessment.period[0] if assessment.period else target.deadline
    if target.kind == "rank":
        return fixed("axis_rank", lang)
    if target.kind == "zero_event":
        return fixed("axis_events", lang, first=first)
    if target.kind == "cumulative":
        unit = (text_of(target.unit_zh) if zh else "") or text_of(target.unit)
        key = "axis_cumulative" if target.base_year is not None else "axis_total"
        return fixed(key, lang, first=first, unit=unit)
    if series is not None and series.base_year is not None:
        return fixed("index_unit", lang, year=series.base_year)
    unit_zh = assessment.definition.get("unit_zh") if target.kind in BY_STEP else target.unit_zh
    return (text_of(unit_zh) if zh else "") or text_of(series.unit if series is not None else target.unit)


def level_shown(part: Assessment, value: float, lang: str) -> str:
    """A level as the sentences say it; of an index its change on the base year and the index itself."""
    return _with_level(part, level(part, value, lang), level_number(part, value), lang)


def range_shown(part: Assessment, low: float, high: float, lang: str) -> str:
    """An interval as the sentences say it; that of an index with the index itself."""
    said = fixed("range", lang, low=level(part, low, lang), high=level(part, high, lang))
    levels = fixed("range", lang, low=level_number(part, low), high=level_number(part, high))
    return _with_level(part, said, levels, lang)


def _with_level(part: Assessment, said: str, levels: str, lang: str) -> str:
    """A relative change with the level beside it: an index, or a quantity in its own unit; other kinds as they are."""
    if part.target.kind != "relative_change" or part.threshold is None:
        return said
    if part.series is None or part.series.base_year is not None:
        return fixed("with_index", lang, change=said, index=levels)
    return fixed("with_level", lang, change=said, level=with_unit(levels, unit_of(part, lang), lang))


def target_shown(part: Assessment, lang: str) -> str:
    """What is asked for, short: "≥ 50 patents per 10k people", "about 4 %", "−18 % (index 82)"."""
    target = part.target
    if part.threshold is None:
        return ""
    said = level_shown(part, part.threshold, lang)
    if target.kind in ("relative_change", "zero_event"):
        return said
    if target.kind == "direction" and not target.threshold:
        return fixed("target_direction", lang, base=target.base_year, value=said)
    if target.kind == "rank" and not target.upward:
        return fixed("target_rank", lang, value=quoted(part))
    if target.commitment == "about":
        return fixed("about", lang, value=said)
    return SIDES.get(target.direction, "") + said


def value_shown(data: Data, row: Mapping[str, Any], lang: str, when: str = "") -> str:
    """A published figure with its bound sign, every digit and its unit; `when` is "_before" for the earlier vintage.

    >>> import qcity_analysis as qc
    >>> row = {"indicator_id": "rd_intensity", "measure": "level", "qualifier": ">=", "value": 3.48}
    >>> value_shown(qc.load(), row, "en"), value_shown(qc.load(), row, "zh")
    ('≥ 3.48 %', '≥ 3.48%')
    """
    indicator, change = data.indicator(str(row["indicator_id"])), "change" in str(row["measure"])
    unit = (text_of(indicator["unit_zh"]) if lang == "zh" else "") or text_of(indicator["unit"])
    qualifier, decimals = text_of(row.get(f"qualifier{when}", "=")), int(row.get(f"decimals{when}", 0))
    return published(float(row[f"value{when}"]), decimals, "%" if change else unit, lang, qualifier, change)


def measure_shown(measure: str, base: Any, lang: str) -> str:
    """The measure of a figure in `lang`, with its base year where it has one."""
    return fixed(f"m_{measure}", lang, base=year_of(base) or "").strip()


def _series_shown(data: Data, row: Mapping[str, Any], lang: str) -> dict[str, str]:
    name = data.indicator(str(row["indicator_id"]))[f"name_{lang}"]
    return {"name": name, "region": data.region_name(str(row["region"]), lang), "date": date_shown(row, lang)}


def vintage_line(data: Data, row: Mapping[str, Any], lang: str) -> str:
    """One row of `vintages.diff` as a line: what, where, when, the value, what it replaced, and since when.

    >>> import qcity_analysis as qc
    >>> found = qc.diff(qc.load(), "2021-09-30", "2021-12-31").to_dict("records")
    >>> [vintage_line(qc.load(), row, "en") for row in found if row["change"] == "revised"][-1]
    'R&D expenditure as a share of GDP, Nanjing, 2020: 3.38 % → 3.48 % (level, final, published 2021-10-27)'
    """
    facts = _series_shown(data, row, lang) | {
        "period": row["period"],
        "measure": measure_shown(row["measure"], row["base_period"], lang),
        "value": value_shown(data, row, lang),
        "status": fixed(f"st_{row['status']}", lang),
    }
    if row["change"] in ("revised", "corrected"):
        return fixed("diff_line_before", lang, before=value_shown(data, row, lang, "_before"), **facts)
    return fixed("diff_line", lang, **facts)


def vintages_line(data: Data, rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Many rows of one series from one publication as a line: how many, of which years, and the last of them.

    >>> import qcity_analysis as qc
    >>> found = qc.diff(qc.load(), "2023-12-30", "2023-12-31")
    >>> vintages_line(qc.load(), found[found["indicator_id"] == "un_rd_intensity"].to_dict("records"), "en")
    'R&D expenditure as a share of GDP (UN indicator 9.5.1), China: 21 figures, 2000 to 2020 (published 2023-12)'
    """
    rows = sorted(rows, key=lambda row: str(row["period"]))
    years = {"start": rows[0]["period"], "end": rows[-1]["period"]}
    return fixed("diff_lines", lang, count=len(rows), **years, **_series_shown(data, rows[-1], lang))


def date_shown(row: Mapping[str, Any], lang: str) -> str:
    """When a figure was published, or from when the publication lag lets it be known, which is said.

    >>> import pandas as pd
    >>> date_shown({"published": "", "known_from": pd.Timestamp("2021-06-30"), "published_assumed": True}, "en")
    'assumed out by 2021-06-30 from the publication lag'
    """
    if row["published_assumed"]:
        return fixed("diff_assumed", lang, date=row["known_from"].date())
    return fixed("diff_published", lang, date=row["published"])

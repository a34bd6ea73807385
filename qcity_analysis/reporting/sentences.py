"""One result in words, in Chinese and English: headline, sentences, notes, alternative text, short titles of figures.

Every text is computed from the result; the wording is reviewable data in `templates/`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..catalogue import catalogue, check_language, join, say, text
from ..data.load import pages
from ..data.schema import RELATIVE
from ..errors import Note
from ..targets import NUMERAL, Pace, arabic, section_order
from . import formatting
from .formatting import change, number, percent, period, signed, text_of, typed, with_sign, with_unit

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data

BY_STEP = ("monotone", "direction")  # kinds whose unit is that of a step, not of a level
BY_LEVEL = ("level", "coverage", *RELATIVE)  # kinds that may borrow
CHANGES = {"published", "implied", "change"}  # values of notes that are shown with their sign
SIDES = {"at_least": "≥ ", "at_most": "≤ ", "increase": "≥ ", "decrease": "≤ "}


def finding(a: Assessment, lang: str) -> str:
    """What was found, as a title without a full stop.

    >>> import qcity_analysis as qc
    >>> finding(qc.assess(qc.load(as_of="2024-06-30"), "rd_intensity", draws=500), "en")
    'Nanjing will probably reach about 4 % by 2025'
    """
    own, facts = f"find_{a.status}_{'official' if a.stated else a.target.kind}", _facts(a, lang)
    return say(own if own in catalogue("sentences") else f"find_{a.status}", lang, **facts)


def figure_title(a: Assessment, lang: str) -> str:
    """What a figure of the result shows, as its title: the median with its interval, or what was found."""
    if a.status != "forecast" or a.interval is None or a.tally is not None:
        return finding(a, lang)
    low, value, high = (level(a, one, lang) for one in (a.interval[0], a.median, a.interval[1]))
    return text("figure_title", lang, year=a.target.deadline, value=value, low=low, high=high)


def headline(a: Assessment, lang: str) -> str:
    """The answer in one sentence; a borrowed or definition-bound answer says so in it.

    >>> import qcity_analysis as qc
    >>> headline(qc.assess(qc.load(), "grid_inspection_coverage"), "en").split(": ", 1)[1]
    'Nanjing cannot be assessed yet: no figure is held in these data.'
    """
    facts = _facts(a, lang)
    if a.role == "borrowed":
        return say("head_borrowed", lang, **facts) + say(f"head_if_{a.status}", lang, **facts)
    answers = [say(f"answer_{part.status}", lang, **_facts(part, lang)) for part in a.parts]
    facts |= {"found": finding(a, lang), "answers": ("；" if lang == "zh" else "; ").join(answers)}
    facts["ask"] = ask(a, lang)
    lead = say("head_definition", lang, **facts) if a.role == "definition" else ""
    settled = a.status in ("met", "missed") and a.target.threshold is not None
    overdue = a.status == "forecast" and a.as_of.year > a.target.deadline and len(a.levels()) > 0
    key = "head_settled" if settled else "head_overdue" if overdue else f"head_{a.status}"
    return lead + say(key if key in catalogue("sentences") else "head", lang, **facts)


def sentences(a: Assessment, lang: str) -> list[str]:
    """What else the result says, one sentence each: expectation, pace, precision, and what is borrowed."""
    lines = []
    if a.status == "forecast" and a.interval is not None and a.probability_error is not None:
        lines += [_expected(a, lang), *_pace_sentence(a, lang), *_tally_sentences(a, lang)]
        lines += [say(f"joint_{a.target.kind}", lang)] if a.target.kind in ("monotone", "every_year") else []
        model, error = text(f"model_{a.likelihood or a.model}", lang), max(100 * a.probability_error, 0.1)
        facts = {"draws": f"{a.draws:,}", "error": f"{error:.1f}", "model": model}  # never shown as none
        lines.append(say("error" if a.probability_error else "exact", lang, **facts))
    if a.status == "depends_on_definition":
        lines.append(say("never_joined", lang))
    if a.role == "borrowed":
        lines.append(say("borrowed_caution", lang, **_facts(a, lang)))
        lines = [say("borrowed_lead", lang, sentence=line) for line in lines]
    if a.status == "not_assessable" and a.role == "main" and a.target.kind in BY_LEVEL:
        key = "no_overlap" if len(a.levels()) else "no_level"
        named = str(a.definition.get("comparators") or "").replace(" ", "").split(";")
        others = [one for one in named if one and not one.startswith(f"{a.target.region}/")]
        key = "some" if a.parts else key if others else "none"
        lines.append(say(f"borrowed_{key}", lang))
    return lines


def bases(a: Assessment, lang: str) -> list[str]:
    """What figures, outside view, both and reference say, and which to go by; nothing where the figures say all.

    >>> import qcity_analysis as qc
    >>> lines = bases(qc.assess(qc.load(as_of="2023-03-31"), "energy_per_gdp", plan="china_14fyp", draws=500), "en")
    >>> [line.partition(":")[0] for line in lines[:3]]
    ['From the figures', 'Outside view, how often such aims are met', 'Both together']
    """
    if not set(a.bases) - {"figures"}:
        return []
    lent = next((part for part in a.parts if part.borrowed), None)
    names, lines = lent.borrowed.region_names[lang] if lent is not None and lent.borrowed else "", []
    for name, basis in a.bases.items():
        shown = {key: percent(getattr(basis, key), lang) for key in ("value", "low", "high")}
        lines.append(say(f"basis_{name}", lang, n=basis.n, names=names, **shown))
    why = f"basis_why_{a.headline}"
    return [*lines, say(why, lang)] if why in catalogue("sentences") else lines


def _facts(a: Assessment, lang: str) -> dict[str, Any]:
    """What headlines, answers and alternative texts may name."""
    known = a.levels()
    to = a.tally.through if a.tally else None  # a count is that much to there, not when it was enough
    facts: dict[str, Any] = {
        "as_of": a.as_of.isoformat(), "region": a.region_names[lang], "name": a.target.name(lang),
        "year": a.target.deadline,
        "ask": ask(a, lang, say(f"will_{a.word}", lang) if a.status == "forecast" and a.word else ""),
        "base": a.target.base_year, "settled": period(to or a.settled_in or a.target.deadline, lang),
        "value": level(a, a.outcome, lang), "reason": reason(a.reason, lang), "series": a.definition[f"name_{lang}"],
        "last": int(known.index[-1]) if len(known) else "–", "start": a.borrowed_since if a.borrowed else None,
        "other": a.borrowed.region_names[lang] if a.borrowed else "",
        "probability": percent(a.probability, lang) if a.probability is not None else "",
        "word": "" if a.probability is None else text(f"word_{a.word}", lang),
    }  # fmt: skip
    if a.target.kind == "direction" and a.outcome is not None:
        moved = a.target.amount_of(a.outcome, float(known.get(a.target.base_year, a.outcome)))
        facts["moved"] = with_unit(signed(moved), step_unit(unit_of(a, lang), lang), lang)
    if a.target.kind == "relative_change" and a.outcome is not None and a.threshold is not None:
        shown = level(a, a.outcome, lang)
        facts["moved"] = say("moved_down" if shown[0] == "−" else "moved_up", lang, value=shown.lstrip("−+"))
    if a.stated is not None:
        facts["stated"] = _stated(a.stated.values, lang)
    return facts


def _expected(a: Assessment, lang: str) -> str:
    """The expected value and its interval at the deadline, as a sentence."""
    assert a.interval is not None
    key = {"cumulative": "expected_cumulative", "rank": "expected_rank", "zero_event": "expected_events"}
    key |= {} if a.bound is not None else {a.target.kind: "expected_only"}
    key |= {} if a.target.threshold else {"direction": "expected_direction"}
    facts = {"value": a.median, "low": a.interval[0], "high": a.interval[1], "threshold": a.threshold}
    shown, bound = {name: level(a, value, lang) for name, value in facts.items()}, level(a, a.bound, lang)
    met = say("met_up" if a.target.upward else "met_down", lang, bound=bound)
    years = {"year": a.target.deadline, "base": a.target.base_year}
    return say(key.get(a.target.kind, "expected"), lang, bound=bound, met=met, **years, **shown)


def pace_shown(a: Assessment, pace: Pace, lang: str) -> str:
    """A pace as it is spoken of everywhere: percent a year where ratios compare, else units or points a year."""
    shares = a.series is not None and a.series.support in ("percent", "real")
    if pace.compound is not None and (a.target.relative or not shares):
        return text("a_year", lang, value=change(pace.compound, lang))
    shown = with_unit(signed(pace.linear, (), 2), step_unit(unit_of(a, lang), lang), lang)
    return text("a_year", lang, value=shown)


def reached(a: Assessment) -> bool:
    """Whether the newest level is already on the right side of what is just enough."""
    levels = a.levels()
    return a.bound is not None and len(levels) > 0 and bool(a.target.is_met(float(levels.iloc[-1]), a.bound))


def _pace_sentence(a: Assessment, lang: str) -> list[str]:
    """Pace so far and pace needed; nothing for counts, which have sentences of their own."""
    so_far, needed, aim = a.pace_so_far, a.pace_needed, a.bound
    if a.tally is not None or so_far is None or needed is None:
        return []
    if reached(a):
        return [say("reached", lang, last=needed.from_year)]
    if a.bound is not None and a.series is not None and a.threshold is not None:
        end = float(a.levels().iloc[-1]) + needed.linear * (needed.to_year - needed.from_year)
        aim = min((a.bound, a.threshold), key=lambda level: abs(level - end))  # whichever it was reckoned to
    said = {"sofar": pace_shown(a, so_far, lang), "needed": pace_shown(a, needed, lang)}
    years = {"start": so_far.from_year, "last": needed.from_year, "year": needed.to_year}
    return [say("pace", lang, level=level(a, aim, lang), **years, **said)]


def _tally_sentences(a: Assessment, lang: str) -> list[str]:
    """What is counted, what is missing and how many a month that takes; the years that are not known."""
    tally, lines = a.tally, []
    if tally is None:
        return []
    if a.target.kind == "cumulative":
        left = tally.years - tally.covered
        key = "tally_over" if not a.target.upward else "tally" if tally.through else "tally_none"
        line = say(
            key, lang, through=period(tally.through or "–", lang), count=level(a, tally.count, lang),
            years=tally.years, covered=number(tally.covered), open=number(left), needed=level(a, tally.needed, lang),
            yearly=number(tally.needed / left), monthly=number(tally.needed / left / 12),
            bound=level(a, a.bound, lang), sofar=number(a.pace_so_far.linear) if a.pace_so_far else "–",
        )  # fmt: skip
        lines.append(line)
    if tally.unknown:
        lines.append(say("tally_unknown", lang, periods=join(map(str, tally.unknown), lang)))
    return lines


def note(told: Note, lang: str) -> str:
    """A note of an assessment or a series as a sentence."""
    given, tail = told.values, f"_{lang}"
    values = _listed(given, lang) | {key: signed(given[key]) for key in given.keys() & CHANGES}
    if told.code.startswith("official"):
        own = {"value": given.get("own"), "verdict": given.get("status"), "qualifier": "=", "decimals": 0}
        values |= {"stated": _stated(given, lang), "own": _stated(given | own, lang)}
    elif "status" in given:
        values["status"] = say(f"status_{given['status']}", lang)
    for key in [key for key in given if key.endswith(tail)]:  # what the data give in both languages
        values.setdefault(key.removesuffix(tail), given[key])
    if told.code.startswith("wording_"):
        values["wording"] = given[f"wording{tail}"]
    if f"reason{tail}" in given:
        values["reason"] = str(values["reason"]).rstrip("。.")
    if "probability" in given:
        values["probability"] = percent(given["probability"], lang)
    if told.code == "tolerance":
        unit = step_unit(given[f"unit{tail}"], lang)
        values["tolerance"] = with_unit(typed(given["tolerance"]), unit, lang)
    return say(f"note_{told.code}", lang, **values)


def reason(told: Note | None, lang: str) -> str:
    """A reason why there is no verdict, as a phrase; an empty text without one.

    >>> reason(Note("no_observation", {"count": 0}), "en"), reason(None, "en")
    ('no figure is held in these data', '')
    """
    if told is None:
        return ""
    values = _listed(told.values, lang)
    if "kind" in values:
        values["kind"] = say(f"kind_{values['kind']}", lang)
    if "period" in values:
        values["period"] = period(values["period"], lang)
    values["unit"] = "year" if values.get("count") == 1 else "years"
    return say(f"reason_{told.code}", lang, **values)


def _stated(said: dict[str, Any], lang: str) -> str:
    """What was officially said: the figure in the unit of the target, and met or missed where that was said."""
    parts, kind, value = [], said["target_kind"], said["value"]
    if value is not None:
        unit = "%" if kind in RELATIVE else said[f"unit_{lang}"]
        sign = {"qualifier": said["qualifier"], "change": kind == "relative_change"}
        shown = formatting.published(value, said["decimals"], unit, lang, **sign)
        parts.append(say("as_growth", lang, value=shown) if kind == "average_growth" else shown)
    return join([*parts, *([text(f"status_{said['verdict']}", lang)] if said["verdict"] else [])], lang)


def _listed(values: dict[str, Any], lang: str) -> dict[str, Any]:
    """The values of a note, its periods and names as lists in words."""
    lists = {"periods": values.get("periods"), "names": values.get(f"names_{lang}")}
    return values | {key: join(items, lang) for key, items in lists.items() if items is not None}


def alt_text(a: Assessment, lang: str) -> str:
    """Alternative text of the result's figure: what a reader who cannot see it needs to know."""
    facts = _facts(a, lang)
    lead = say("alt_borrowed", lang, **facts) if a.role == "borrowed" else ""
    points = join([f"{year}: {level(a, value, lang, year)}" for year, value in a.levels().items()], lang)
    facts |= {"points": points or say("none", lang), "deadline": a.target.deadline}
    if a.status == "forecast" and a.interval is not None:
        low, high = (level(a, value, lang) for value in a.interval)
        return lead + say("alt_forecast", lang, **facts, low=low, high=high)
    return lead + say("alt_other", lang, **facts, verdict=status_shown(a, lang))


def how_to_add(a: Assessment, lang: str) -> str:
    """How to add the region's own figures, as Markdown with the one command it takes."""
    target, zh = a.target, lang == "zh"
    value, publisher, title, date = ("值 机构 文件 日期" if zh else "VALUE PUBLISHER TITLE DATE").split()
    special = {**dict.fromkeys(RELATIVE, ("change_pct", "add_values")), "milestone": ("", "add_milestone")}
    special |= dict.fromkeys(("cumulative", "zero_event"), ("count_new", "add_counts"))
    measure, key = special.get(target.kind, ("", "add_values"))
    command = (
        f"qcity add {target.indicator_id} --region {target.region}"
        f" --period {(target.base_year or target.deadline - 5) + 1}"
        f" --value {'1' if target.kind == 'milestone' else value}{f' --measure {measure}' if measure else ''} \\\n"
        f'    --publisher "{publisher}" --title "{title}" --date {date}'
    )
    lines = [say(key, lang, value=value, publisher=publisher, title=title, date=date)]
    more = "add_changes" if target.relative else "add_peers" if target.kind == "rank" else ""
    lines += [say(more, lang, base=target.base_year)] if more else []
    return f"{say('add_lead', lang)}\n\n```\n{command}\n```\n\n{('' if zh else ' ').join(lines)}"


def plan_quote(a: Assessment, lang: str) -> str:
    """The plan's own sentence with its section, in English with its translation; empty where it is not given."""
    target = a.target
    told = f" ({target.wording_en})" if lang == "en" and target.wording_en else ""
    wording = f"“{target.wording}”{told}" if target.wording else told.strip()
    named = {"section": section_name(target.section, lang), "wording": wording}
    return say("plan_section", lang, **named) if target.section and wording else wording


def departments_of(a: Assessment, lang: str) -> list[str]:
    """The departments a plan names for a target."""
    named = (a.target.departments_en if lang == "en" else "") or a.target.departments
    return [one.strip() for one in named.split(";") if one.strip()]


def plan_reading(a: Assessment, lang: str) -> list[str]:
    """Whether the plan calls the target binding, and how we read it; what is not given is left out."""
    lines = {"plan_binding": say(f"binding_{a.target.binding}", lang) if a.target.binding else ""}
    lines["plan_reading"] = (a.target.note_en if lang == "en" else "") or a.target.note
    return [say(key, lang, said=line) for key, line in lines.items() if line]


def plan_title(data: Data, plan: str, lang: str) -> str:
    """The name of a plan in `lang`, from `titles` of `pages.toml`, else the source its targets name, else its own."""
    if named := pages(data.folder).get("titles", {}).get(plan):
        return str(named[check_language(lang)])
    named = data.targets.loc[(data.targets["plan"] == plan) & (data.targets["source_id"] != ""), "source_id"]
    titles = data.sources[data.sources["source_id"].isin(named.head(1))]
    if titles.empty:
        return plan
    return str((titles["title_en"].iloc[0] if lang == "en" else "") or titles["title"].iloc[0])


def by_section(assessments: Sequence[Assessment]) -> dict[str, list[Assessment]]:
    """The assessments of a plan by the name of their section, sections as the plan numbers them."""
    names = sorted(dict.fromkeys(text_of(a.target.section) for a in assessments), key=section_order)
    return {name: [a for a in assessments if text_of(a.target.section) == name] for name in names}


def section_name(name: str, lang: str) -> str:
    """The section of a plan as a heading; in English its Chinese numerals are written as numbers.

    >>> section_name("二（十一）", "en"), section_name("二（一）", "zh"), section_name("", "en")
    ('Section 2 (11)', '第二（一）部分', 'Other')
    >>> section_name("第十一章", "en"), section_name("专栏1", "en"), section_name("专栏1", "zh")
    ('Chapter 11', 'Box 1', '专栏1')
    """
    if not name:
        return text("no_section", lang)
    numbered = re.fullmatch(r"(专栏|第)?([一二三四五六七八九十（）()\d.]+)(章)?", name)
    if numbered is None:
        return name
    kind, numeral = {"专栏": "box", "第": "chapter"}.get(numbered[1], "section"), numbered[2]
    if lang != "zh":
        numeral = NUMERAL.sub(lambda one: str(arabic(one[0])), numeral).replace("（", " (").replace("）", ")")
    return text(kind, lang, name=numeral)


def ask(a: Assessment, lang: str, word: str = "") -> str:
    """What the target asks for, to follow "to" or "will": "cut it by 18 % from 2020 to 2025"; `word` is how likely.

    >>> import qcity_analysis as qc
    >>> ask(qc.assess(qc.load(), "energy_intensity"), "en", "will probably ")
    'will probably cut it by 18 % from 2020 to 2025'
    """
    target, unit = a.target, unit_of(a, lang)
    if target.threshold is None:
        return target.wording if lang == "zh" else (target.wording_en or target.wording)
    first = a.period[0] if a.period else target.base_year + 1 if target.base_year is not None else None
    key, way = "ask_at_least", target.direction
    facts: dict[str, Any] = {"year": target.deadline, "first": first, "base": target.base_year, "word": word}
    facts["value"] = with_unit(quoted(a), unit, lang)
    if way in ("at_least", "at_most"):
        key = f"ask_{way}"
    if target.kind == "relative_change":
        key = f"ask_change_{'down' if target.threshold < 0 else 'up'}"
        facts["value"] = with_unit(quoted(a).lstrip("−+"), "%", lang)
    elif target.kind in ("average_growth", "every_year"):
        key = f"ask_{target.kind}_{way}"
        facts["value"] = with_unit(quoted(a), "%" if target.relative else unit, lang)
    elif target.kind == "zero_event":
        key, facts["first"] = "ask_zero_event", first or target.deadline
    elif target.kind == "rank":
        key, facts["value"] = f"ask_rank_{way}", quoted(a)
    elif target.kind == "cumulative":
        key = f"ask_{'total' if target.base_year is None else 'cumulative'}_{way}"
    elif target.kind in BY_STEP:
        facts["value"] = with_unit(quoted(a).lstrip("−"), step_unit(unit, lang), lang)
        facts["base"] = "–" if target.base_year is None else target.base_year
        open_start = "_open" if target.kind == "monotone" and first is None else ""
        by = "_by" if target.threshold else open_start
        key = f"ask_{target.kind}{by}_{'up' if target.upward else 'down'}"
    elif target.commitment == "about":
        key = "ask_about"
    return say(key, lang, **facts)


def quoted(a: Assessment) -> str:
    """The number a target asks for, as the plan wrote it, without its unit; a relative change with its sign."""
    assert a.target.threshold is not None
    shown = typed(a.target.threshold, a.target.decimals)
    return with_sign(shown) if a.target.kind == "relative_change" else shown


def level(a: Assessment, value: float | None, lang: str, year: int | None = None) -> str:
    """A level as it is spoken of: a change on the base year for an index, else with its unit.

    A published figure has the digits it was published with, a target those of the plan; what is computed is never
    shown on the other side of the target. In a `year` before its last, average growth is shown as the level itself.
    """
    if value is None:
        return ""
    if a.target.kind == "average_growth" and year not in (None, a.target.deadline):
        return level_number(a, value)
    if a.target.relative and a.threshold is not None:
        return _change_on_base(a, value, lang)
    shown = level_number(a, value)
    events = "as_event" if value == 1 else "as_events"
    if key := {"rank": "as_rank", "zero_event": events}.get(a.target.kind):
        return say(key, lang, value=shown)
    return with_unit(shown, unit_of(a, lang), lang)


def level_number(a: Assessment, value: float) -> str:
    """A level without its unit: as published, as the plan wrote it, or with the digits it takes."""
    if value == a.target.threshold and a.target.kind not in (*BY_STEP, *RELATIVE):
        return quoted(a)
    if value in (a.bound, a.threshold):
        return typed(float(f"{value:.15g}"))
    for year, digits in a.series.decimals.items() if a.series is not None else ():
        if a.series is not None and a.series.values.get(year) == value:
            return typed(value, digits)
    return number(value, *_limits(a))


def _limits(a: Assessment) -> tuple[list[float], int]:
    """The levels that decide, in the unit of the series; digits after the point of the threshold as typed."""
    digits = 0 if a.target.threshold is None else len(typed(a.target.threshold).partition(".")[2])
    return [value for value in (a.bound, a.threshold) if value is not None], digits


def _change_on_base(a: Assessment, value: float, lang: str) -> str:
    """A level of an index as its change on the base year, or as average growth since then."""
    assert a.target.threshold is not None and a.threshold is not None
    growth, base = a.target.kind == "average_growth", a.threshold / a.target.level(1.0)
    moved, (deciding, digits) = a.target.amount_of(value, base), _limits(a)
    limits = [float(f"{a.target.amount_of(limit, base):.10g}") for limit in deciding]
    shown = number(moved, limits, digits) if growth else signed(moved, limits, digits)
    if value in (a.threshold, a.bound):
        shown = quoted(a) if value == a.threshold else with_sign(typed(float(f"{moved:.10g}")))
    shown = with_unit(shown.lstrip("+") if growth else shown, "%", lang)
    return say("as_growth", lang, value=shown) if growth else shown


def level_shown(part: Assessment, value: float, lang: str, high: float | None = None) -> str:
    """A level, or an interval to `high`, as the sentences say it; a relative change with the level itself beside it."""
    shown, plain = level(part, value, lang), level_number(part, value)
    if high is not None:
        shown = text("range", lang, low=shown, high=level(part, high, lang))
        plain = text("range", lang, low=plain, high=level_number(part, high))
    if not part.target.relative or part.threshold is None:
        return shown
    if part.series is None or part.series.base_year is not None:
        return text("with_index", lang, change=shown, index=plain)
    return text("with_level", lang, change=shown, level=with_unit(plain, unit_of(part, lang), lang))


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    if a.target.kind in (*BY_STEP, *RELATIVE):
        return str((a.definition.get("unit_zh") if lang == "zh" else "") or a.definition.get("unit") or "")
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return text("points", lang) if unit == "%" else unit


def axis_unit(a: Assessment, lang: str) -> str:
    """The unit of the vertical axis in `lang`: that of the series, or "index, 2020 = 100"; empty without any."""
    series, target = a.series, a.target
    first = a.period[0] if a.period else target.deadline
    if target.kind in ("rank", "zero_event"):
        return text("axis_rank" if target.kind == "rank" else "axis_events", lang, first=first)
    if target.kind == "cumulative":
        key = "axis_cumulative" if target.base_year is not None else "axis_total"
        return text(key, lang, first=first, unit=unit_of(a, lang))
    if series is not None and series.base_year is not None:
        return text("index_unit", lang, year=series.base_year)
    unit_zh = a.definition.get("unit_zh") if target.kind in BY_STEP else target.unit_zh
    return (text_of(unit_zh) if lang == "zh" else "") or (target.unit if series is None else series.unit)


def status_shown(part: Assessment, lang: str) -> str:
    """The status in `lang`, as "forecast" or "not assessable"."""
    status = text(f"status_{part.status.removesuffix('_on_definition')}", lang)
    return text("as_stated", lang, status=status) if part.stated else status


def chance(a: Assessment, lang: str) -> tuple[str, str]:
    """The probability of a forecast and its word as shown; empty texts where there is none."""
    if a.status != "forecast" or a.probability is None:
        return "", ""
    return percent(a.probability, lang), text(f"word_{a.word}", lang) if a.word else ""


def panel_title(part: Assessment, lang: str) -> str:
    """The title of one panel: which definition, or whose changes are borrowed."""
    if part.borrowed:
        return text("borrowed_from", lang, name=borrowed_name(part, lang))
    return text("definition", lang, name=part.definition[f"name_{lang}"])


def borrowed_name(part: Assessment, lang: str) -> str:
    """Region and indicator whose changes an assessment borrows; empty when it borrows none."""
    if not part.borrowed:
        return ""
    region, name = part.borrowed.region_names[lang], part.borrowed.indicator_names[lang]
    return text("place_and_series", lang, region=region, name=name)


def target_shown(part: Assessment, lang: str) -> str:
    """What is asked for, short: "≥ 50 patents per 10k people", "about 4 %", "−18 % (index 82)"."""
    target = part.target
    if part.threshold is None:
        return ""
    shown = level_shown(part, part.threshold, lang)
    if target.kind in ("relative_change", "zero_event"):
        return shown
    if target.kind == "direction" and not target.threshold:
        return text("target_direction", lang, base=target.base_year, value=shown)
    if target.kind == "rank" and not target.upward:
        return text("target_rank", lang, value=quoted(part))
    if target.commitment == "about":
        return text("about", lang, value=shown)
    return SIDES.get(target.direction, "") + shown

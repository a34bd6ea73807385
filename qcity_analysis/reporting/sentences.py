"""One result in words, in Chinese and English: headline, sentences, notes, alternative text, short titles of figures.

Every text is computed from the result; the wording is reviewable data in `templates/`.
"""

from __future__ import annotations

import re
from typing import Any

from ..assessment.answer import Assessment
from ..catalogue import catalogue, check_language, join, say, text
from ..data.load import Data, pages
from ..data.schema import RELATIVE, comparators
from ..errors import Note
from ..problems import Problem
from ..targets import NUMERAL, Pace, arabic
from . import formatting
from .formatting import NONE, number, percent, published, signed, typed, unit_in, with_sign, with_unit

BY_STEP = ("monotone", "direction")  # kinds whose unit is that of a step, not of a level
BY_LEVEL = ("level", "coverage", *RELATIVE)  # kinds that may borrow
CHANGES = {"published", "implied", "change"}  # values of notes that are shown with their sign
SIDES = {"at_least": "≥ ", "at_most": "≤ ", "increase": "≥ ", "decrease": "≤ "}
EXPECTED = {"cumulative": "_cumulative", "rank": "_rank", "zero_event": "_events"}  # sentences of their own
MEASURES = {  # the measure of a figure to add, and the sentence on it, where they differ by kind
    **dict.fromkeys(RELATIVE, ("change_pct", "add_values")), "milestone": ("", "add_milestone"),
    **dict.fromkeys(("cumulative", "zero_event"), ("count_new", "add_counts")),
}  # fmt: skip


def finding(a: Assessment, lang: str) -> str:
    """What was found, as a title without a full stop."""
    own = f"find_{a.status}_{'official' if a.stated else a.target.kind}"
    return say(own if own in catalogue("sentences") else f"find_{a.status}", lang, **_facts(a, lang))


def figure_title(a: Assessment, lang: str) -> str:
    """What a figure of the result shows, as its title: the median with its interval, or what was found."""
    if a.status != "forecast" or a.interval is None or a.tally is not None:
        return finding(a, lang)
    facts = {"year": a.target.deadline, "value": level(a, a.median, lang)} | _ends(a, lang)
    return say("figure_title", lang, **facts)


def headline(a: Assessment, lang: str) -> str:
    """The answer in one sentence; a borrowed or definition-bound answer says so in it.

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
    by = f"head_by_{a.basis}"
    tail = say(by, lang, **facts, source=goes_by(a, lang)) if by in catalogue("sentences") else ""
    return lead + say(key if key in catalogue("sentences") else "head", lang, **facts) + tail


def goes_by(a: Assessment, lang: str) -> str:
    """What the number shown is, with what figures and outside view say by themselves where both are taken together."""
    said = {name: percent(basis.value, lang) for name, basis in a.bases.items()}
    return text(f"headline_{a.basis}", lang, **said) if a.basis else ""


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
        named = comparators(str(a.definition.get("comparators") or ""))
        others = [region for region, _ in named if region != a.target.region]
        key = "some" if a.parts else key if others else "none"
        lines.append(say(f"borrowed_{key}", lang))
    return lines


def bases(a: Assessment, lang: str) -> list[str]:
    """What figures, outside view, both and reference say, and which to go by; nothing where the figures say all."""
    if not set(a.bases) - {"figures"}:
        return []
    lines = []
    for name, basis in a.bases.items():
        shown = {key: percent(getattr(basis, key), lang) for key in ("value", "low", "high")}
        lines.append(say(f"basis_{name}", lang, n=basis.n, names=_facts(a, lang)["other"], **shown))
    why = f"basis_why_{a.basis}"
    return [*lines, say(why, lang)] if why in catalogue("sentences") else lines


def _facts(a: Assessment, lang: str) -> dict[str, Any]:
    """What headlines, answers and alternative texts may name."""
    known, target = a.levels(), a.target
    to = a.tally.through if a.tally else None  # a count is that much to there, not when it was enough
    facts: dict[str, Any] = {
        "as_of": a.as_of.isoformat(), "region": a.region_names[lang], "name": target.name(lang),
        "year": target.deadline, "base": target.base_year, "value": level(a, a.outcome, lang),
        "ask": ask(a, lang, say(f"will_{a.word}", lang) if a.status == "forecast" and a.word else ""),
        "settled": formatting.period(to or a.settled_in or target.deadline, lang),
        "reason": reason(a.reason, lang), "series": a.definition[f"name_{lang}"],
        "last": int(known.index[-1]) if len(known) else NONE, "start": a.borrowed_since,
        "other": next((one.borrowed.region_names[lang] for one in (a, *a.parts) if one.borrowed), ""),
        "word": text(f"word_{a.word}", lang) if a.probability is not None else "", "probability": chance(a, lang)[0],
    }  # fmt: skip
    if target.kind == "direction" and a.outcome is not None:
        moved = target.amount_of(a.outcome, float(known.get(target.base_year, a.outcome)))
        facts["moved"] = with_unit(signed(moved, (), 2), step_unit(unit_of(a, lang), lang), lang)
    if target.kind == "relative_change" and a.outcome is not None and a.threshold is not None:
        down, shown = facts["value"][0] == "−", facts["value"].lstrip("−+")
        facts["moved"] = say("moved_down" if down else "moved_up", lang, value=shown)
    return facts if a.stated is None else facts | {"stated": _stated(a.stated.values, lang)}


def _expected(a: Assessment, lang: str) -> str:
    """The expected value and its interval at the deadline, as a sentence."""
    target = a.target
    own = "_only" if a.bound is None else EXPECTED.get(target.kind, "")
    if target.kind == "direction" and not target.threshold:
        own = "_direction"
    facts = {"value": a.median, "threshold": a.threshold, "bound": a.bound}
    shown = {name: level(a, one, lang) for name, one in facts.items()} | _ends(a, lang)
    met = say("met_up" if target.upward else "met_down", lang, bound=shown["bound"])
    return say(f"expected{own}", lang, met=met, year=target.deadline, base=target.base_year, **shown)


def pace_shown(a: Assessment, pace: Pace, lang: str) -> str:
    """A pace as it is spoken of everywhere: percent a year where ratios compare, else units or points a year."""
    shares = a.series is not None and a.series.support in ("percent", "real")
    if pace.compound is not None and (a.target.relative or not shares):
        return text("a_year", lang, value=with_unit(signed(pace.compound), "%", lang))
    shown = with_unit(signed(pace.linear, (), 2), step_unit(unit_of(a, lang), lang), lang)
    return text("a_year", lang, value=shown)


def _pace_sentence(a: Assessment, lang: str) -> list[str]:
    """Pace so far and pace needed; nothing for counts, which have sentences of their own."""
    so_far, needed, aim = a.pace_so_far, a.pace_needed, a.bound
    if a.tally is not None or so_far is None or needed is None:
        return []
    if a.reached:
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
    if tally is not None and a.target.kind == "cumulative":
        left, missing, covered = tally.years - tally.covered, tally.needed, tally.covered
        rates = {"covered": covered, "open": left, "yearly": missing / left, "monthly": missing / left / 12}
        rates |= {"sofar": a.pace_so_far.linear} if a.pace_so_far else {}
        levels = {"count": tally.count, "needed": missing, "bound": a.bound}
        shown = {"sofar": NONE} | {name: number(rate) for name, rate in rates.items()}
        shown |= {name: level(a, value, lang) for name, value in levels.items()}
        key = "tally_over" if not a.target.upward else "tally" if tally.through else "tally_none"
        through = formatting.period(tally.through or NONE, lang)
        lines.append(say(key, lang, through=through, years=tally.years, **shown))
    if tally is not None and tally.unknown:
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
    if f"reason{tail}" in given:
        values["reason"] = str(values["reason"]).rstrip("。.")
    if "probability" in given:
        values["probability"] = percent(given["probability"], lang)
    if told.code == "tolerance":
        unit = step_unit(given[f"unit{tail}"], lang)
        values["tolerance"] = with_unit(typed(given["tolerance"]), unit, lang)
    return say(f"note_{told.code}", lang, **values).replace(" ：", "：")


def reason(told: Note | None, lang: str, rule: bool = False) -> str:
    """A reason why there is no verdict, or why a `rule` does not apply, as a phrase; an empty text without one."""
    if told is None:
        return ""
    values = _listed(told.values, lang)
    if "kind" in values:
        values["kind"] = say(f"kind_{values['kind']}", lang)
    if "cause" in values:
        values["why"] = say(f"model_{values['cause']}", lang, **values)
    if "problems" in values:
        values["why"] = "; ".join(Problem(**one).line(lang, level=False) for one in values["problems"])
    if "period" in values:
        values["period"] = formatting.period(values["period"], lang)
    way, key = (text, f"rule_reason_{told.code}") if rule else (say, f"reason_{told.code}")
    return way(key, lang, **values)


def _stated(said: dict[str, Any], lang: str) -> str:
    """What was officially said: the figure in the unit of the target, and met or missed where that was said."""
    kind, shown = said["target_kind"], ""
    if said["value"] is not None:
        unit = "%" if kind in RELATIVE else said[f"unit_{lang}"]
        sign = {"qualifier": said["qualifier"], "change": kind == "relative_change"}
        shown = published(said["value"], said["decimals"], unit, lang, **sign)
        shown = say("as_growth", lang, value=shown) if kind == "average_growth" else shown
    return join([shown, text(f"status_{said['verdict']}", lang) if said["verdict"] else ""], lang)


def _listed(values: dict[str, Any], lang: str) -> dict[str, Any]:
    """The values of a note, numbers as people write them, its periods and names as lists in words."""
    lists = {"periods": values.get("periods"), "names": values.get(f"names_{lang}")}
    listed = {key: join(items, lang) for key, items in lists.items() if items is not None}
    if lang == "zh" and "periods" in listed:
        key = "whole_year" if re.search(r"(^|、)\d{4}$", listed["periods"]) else "part_of_year"
        listed["periods"] = text(key, lang, period=listed["periods"]).lstrip()
    return values | {key: typed(one) for key, one in values.items() if isinstance(one, float)} | listed


def alt_text(a: Assessment, lang: str) -> str:
    """Alternative text of the result's figure: what a reader who cannot see it needs to know."""
    facts = _facts(a, lang)
    lead = say("alt_borrowed", lang, **facts) if a.role == "borrowed" else ""
    points = join([f"{year}: {level(a, value, lang, year)}" for year, value in a.levels().items()], lang)
    facts |= {"points": points or say("none", lang), "deadline": a.target.deadline}
    if a.status == "forecast" and a.interval is not None:
        return lead + say("alt_forecast", lang, **facts, **_ends(a, lang))
    return lead + say("alt_other", lang, **facts, verdict=status_shown(a, lang))


def how_to_add(a: Assessment, lang: str) -> str:
    """How to add the region's own figures, as Markdown with the one command it takes."""
    target, (measure, key) = a.target, MEASURES.get(a.target.kind, ("", "add_values"))
    names = ("value", "publisher", "title", "date")
    facts: dict[str, Any] = dict(zip(names, text("add_words", lang).split(), strict=True))
    lines = [say(key, lang, **facts)]
    if more := "add_changes" if target.relative else "add_peers" if target.kind == "rank" else "":
        lines.append(say(more, lang, base=target.base_year))
    facts |= {"value": "1"} if target.kind == "milestone" else {}
    facts |= {"indicator": target.indicator_id, "region": target.region}
    facts |= {"period": (target.base_year or target.deadline - 5) + 1}
    command = text("add_command", lang, measure=f" --measure {measure}" if measure else "", **facts)
    return f"{say('add_lead', lang)}\n\n```\n{command}\n```\n\n{('' if lang == 'zh' else ' ').join(lines)}"


def plan_quote(a: Assessment, lang: str) -> str:
    """The plan's own sentence with its section, in English with its translation; empty where it is not given."""
    target = a.target
    told = f" ({target.wording_en})" if lang == "en" and target.wording_en else ""
    wording = f"“{target.wording}”{told}" if target.wording else told.strip()
    named = {"section": section_name(target.section, lang), "wording": wording}
    return say("plan_section", lang, **named) if target.section and wording else wording


def plan_reading(a: Assessment, lang: str) -> list[str]:
    """Whether the plan calls the target binding, and how we read it; what is not given is left out."""
    binding, note = a.target.binding, (a.target.note_en if lang == "en" else "") or a.target.note
    lines = {"plan_binding": say(f"binding_{binding}", lang) if binding else "", "plan_reading": note}
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


def section_name(name: str, lang: str) -> str:
    """The section of a plan as a heading; in English its Chinese numerals are written as numbers.

    >>> section_name("二（十一）", "en"), section_name("二（一）", "zh"), section_name("", "en")
    ('Section 2 (11)', '第二（一）部分', 'Other')
    """
    if not name:
        return text("no_section", lang)
    named = re.fullmatch(r"(?:(?P<box>专栏)|(?P<chapter>第))?([一二三四五六七八九十（）()\d.]+)章?", name)
    if named is None:
        return name
    kind, numeral = next((key for key, word in named.groupdict().items() if word), "section"), named[3]
    if lang != "zh":
        numeral = NUMERAL.sub(lambda one: str(arabic(one[0])), numeral).replace("（", " (").replace("）", ")")
    return text(kind, lang, name=numeral)


def ask(a: Assessment, lang: str, word: str = "") -> str:
    """What the target asks for, to follow "to" or "will": "cut it by 18 % from 2020 to 2025"; `word` is how likely."""
    target, kind, unit, first = a.target, a.target.kind, unit_of(a, lang), a.period[0] if a.period else None
    if target.threshold is None:
        return target.wording if lang == "zh" else (target.wording_en or target.wording)
    way, base, value = target.direction, target.base_year, quoted(a)
    first = base + 1 if first is None and base is not None else first
    by = "_by" if target.threshold else "_open" if kind == "monotone" and first is None else ""
    key = way if way in ("at_least", "at_most") else "at_least"
    key = {
        "relative_change": f"change_{'down' if target.threshold < 0 else 'up'}", "zero_event": kind,
        "cumulative": f"{'total' if base is None else 'cumulative'}_{way}",
        **dict.fromkeys(("average_growth", "every_year", "rank"), f"{kind}_{way}"),
        **dict.fromkeys(BY_STEP, f"{kind}{by}_{'up' if target.upward else 'down'}"),
    }.get(kind, "about" if target.commitment == "about" else key)  # fmt: skip
    if kind in (*BY_STEP, "relative_change"):  # the key says which way
        unit, value = step_unit(unit, lang), value.lstrip("−+")
    value = with_unit(value, "%" if target.relative else "" if kind == "rank" else unit, lang)
    years = {"year": target.deadline, "first": first or target.deadline}
    return say(f"ask_{key}", lang, word=word, value=value, base=NONE if base is None else base, **years)


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
    target = a.target
    if value is None:
        return ""
    if target.kind == "average_growth" and year not in (None, target.deadline):
        return level_number(a, value)
    if target.relative and a.threshold is not None:
        shown = with_unit(_on_base(a, value, a.threshold), "%", lang)
        return say("as_growth", lang, value=shown) if target.kind == "average_growth" else shown
    events = "as_event" if value == 1 else "as_events"
    if key := {"rank": "as_rank", "zero_event": events}.get(target.kind):
        return say(key, lang, value=level_number(a, value))
    return with_unit(level_number(a, value), unit_of(a, lang), lang)


def level_number(a: Assessment, value: float) -> str:
    """A level without its unit: as published, as the plan wrote it, or with the digits it takes."""
    if value == a.target.threshold and a.target.kind not in (*BY_STEP, *RELATIVE):
        return quoted(a)
    if value in (a.bound, a.threshold):
        shown = typed(float(f"{value:.15g}"))  # compounded it is no figure of the plan
        return shown if len(shown.partition(".")[2]) <= 4 else number(value)
    for year, digits in a.series.decimals.items() if a.series is not None else ():
        if a.series is not None and a.series.values.get(year) == value:
            return typed(value, digits)
    whole = 100 if a.series is not None and a.series.support == "count" else 1000  # no parts of a firm
    return number(value, (a.bound, a.threshold), a.target.decimals, _beside(a, value), whole)


def _ends(a: Assessment, lang: str) -> dict[str, str]:
    """The ends of the interval as low and high, both with the digits of the larger; a unit but percent is said once."""
    (low, high), unit = a.interval or (0.0, 0.0), unit_of(a, lang)
    shown, plain = level(a, low, lang), level_number(a, low)
    once = unit != "%" and shown == with_unit(plain, unit, lang)
    return {"low": plain if once else shown, "high": level(a, high, lang)}


def _beside(a: Assessment, value: float) -> list[float]:
    """The median and the ends of the interval, where `value` is one of them: they are shown with the same digits."""
    ends = [one for one in (a.median, *(a.interval or ())) if one is not None]
    return ends if value in ends else []


def _on_base(a: Assessment, value: float, asked: float) -> str:
    """A level of an index as its change on the base year, or as average growth since then, in percent."""
    growth, base = a.target.kind == "average_growth", asked / a.target.level(1.0)
    moved = round(a.target.amount_of(value, base), 10) + 0.0  # no noise of the division, no -0.0
    limits = (float(f"{a.target.amount_of(one, base):.10g}") for one in (asked, a.bound) if one is not None)
    beside = [a.target.amount_of(one, base) for one in _beside(a, value)]
    shown = (number if growth else signed)(moved, limits, a.target.decimals, beside)
    if value in (asked, a.bound):
        shown = quoted(a) if value == asked else with_sign(typed(float(f"{moved:.10g}")))
    return shown.lstrip("+") if growth else shown


def level_shown(part: Assessment, value: float, lang: str) -> str:
    """A level as the sentences say it; a relative change with the level itself beside it."""
    shown, plain = level(part, value, lang), level_number(part, value)
    if not part.target.relative or part.threshold is None:
        return shown
    if part.series is None or part.series.base_year is not None or not len(part.series.values):
        return text("with_index", lang, change=shown, index=plain)
    return text("with_level", lang, change=shown, level=with_unit(plain, unit_of(part, lang), lang))


def unit_of(a: Assessment, lang: str) -> str:
    """The unit of the levels in `lang`: that of the target, or of the indicator where the target's is a yearly step."""
    return unit_in(a.definition if a.target.kind in (*BY_STEP, *RELATIVE) else vars(a.target), lang)


def step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return text("points", lang) if unit == "%" else unit


def axis_unit(a: Assessment, lang: str) -> str:
    """The unit of the vertical axis in `lang`: that of the series, or "index, 2020 = 100"; empty without any."""
    series, target, unit = a.series, a.target, unit_of(a, lang)
    key = {"rank": "axis_rank", "zero_event": "axis_events", "cumulative": "axis_cumulative"}.get(target.kind)
    if key is not None:
        key = "axis_total" if key == "axis_cumulative" and target.base_year is None else key
        return text(key, lang, first=a.period[0] if a.period else target.deadline, unit=unit)
    if series is not None and series.base_year is not None:
        return text("index_unit", lang, year=series.base_year)
    unit_zh = ("" if target.kind in BY_STEP else target.unit_zh) or a.definition.get("unit_zh")
    unit = target.unit if series is None or a.borrowed else series.unit
    return unit_in({"unit_zh": unit_zh, "unit": unit}, lang)


def status_shown(part: Assessment, lang: str, stated: bool = True) -> str:
    """The status in `lang`, as "forecast" or "not assessable"; unless told not to, that it was officially `stated`."""
    status = text(f"status_{part.status.removesuffix('_on_definition')}", lang)
    return text("as_stated", lang, status=status) if part.stated and stated else status


def chance(a: Assessment, lang: str) -> tuple[str, str]:
    """The probability of the headline as shown, with its word, of what is not assessed with what it is; else empty."""
    if a.headline_probability is None or a.status not in ("forecast", "not_assessable"):
        return "", ""
    word = f"word_{a.word}" if a.status == "forecast" else f"headline_{a.basis}"
    return percent(a.headline_probability, lang), text(word, lang)


def panel_title(part: Assessment, lang: str) -> str:
    """What a part is named by: which definition, or whose changes are borrowed; empty for the assessment itself."""
    if part.borrowed:
        return text("borrowed_from", lang, name=borrowed_name(part, lang))
    return text("definition", lang, name=part.definition[f"name_{lang}"]) if part.role != "main" else ""


def borrowed_name(part: Assessment, lang: str) -> str:
    """Region and indicator whose changes an assessment borrows; empty when it borrows none."""
    if not part.borrowed:
        return ""
    region, name = part.borrowed.region_names[lang], part.borrowed.indicator_names[lang]
    return name if region == name else text("place_and_series", lang, region=region, name=name)


def series_name(data: Data, indicator_id: str, region: str, lang: str) -> str:
    """An indicator of a region by their names in `lang`."""
    name = data.indicator(indicator_id)[f"name_{lang}"]
    return text("place_and_series", lang, region=data.region_name(region, lang), name=name)


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

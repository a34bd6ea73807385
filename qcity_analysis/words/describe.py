"""One result in words, in Chinese and English: headline, sentences, notes, alternative text, how to add a figure.

Every sentence is computed from the result; the wording is reviewable data in `templates/sentences/`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from ..attainment.assessment import ASSESSED_KINDS, Assessment
from ..attainment.pace import Pace
from ..data.annual import Note
from ..data.datapackage import Data
from .labels import percent
from .numbers import with_unit
from .texts import TEMPLATES, check_language, join, read_all
from .texts import text as fixed


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return read_all(TEMPLATES / "sentences")


def say(key: str, lang: str, **values: object) -> str:
    """One sentence of `templates/sentences/` in `lang`, filled in.

    Raises QcityError for another language and KeyError for an unknown key.

    >>> say("reason_no_observation", "en")
    'no published observation'
    """
    return _sentences()[key][check_language(lang)].format(**values)


def headline(a: Assessment, lang: str) -> str:
    """The answer in one sentence; a borrowed or definition-bound answer says so in it.

    >>> import qcity_analysis as qc
    >>> headline(qc.assess(qc.load(), "grid_inspection_coverage"), "en").split(": ", 1)[1]
    'not assessable: no published observation.'
    """
    facts = _facts(a, lang)
    if a.status == "depends_on_definition":
        facts["answers"] = ("；" if lang == "zh" else "; ").join(_short(part, lang) for part in a.parts)
    if a.role == "borrowed":
        return say("head_borrowed", lang, **facts) + say(f"head_if_{a.status}", lang, **facts)
    lead = say("head_definition", lang, **facts) if a.role == "definition" else ""
    return lead + say(f"head_{a.status}", lang, **facts)


def sentences(a: Assessment, lang: str) -> list[str]:
    """What else the result says, one sentence each: expectation, pace, precision, and what is borrowed.

    >>> import qcity_analysis as qc
    >>> any("Monte Carlo" in s for s in sentences(qc.assess(qc.load(), "rd_intensity"), "en"))
    True
    """
    said = []
    facts = _facts(a, lang)
    if a.status == "forecast" and a.interval is not None and a.probability_error is not None:
        low, high = (level(a, value, lang) for value in a.interval)
        expected = level(a, a.expected, lang)
        bound = level(a, a.bound, lang)
        year = a.target.deadline
        said.append(say("expected", lang, year=year, value=expected, low=low, high=high, bound=bound))
        said += _pace_sentence(a, lang)
        error = f"{max(100 * a.probability_error, 0.1):.1f}"
        said.append(
            say("error", lang, draws=f"{a.draws:,}", error=error, model=fixed(f"model_{a.model}", lang))
        )
    if a.status == "depends_on_definition":
        said.append(say("never_joined", lang))
    if a.role == "borrowed":
        said.append(say("borrowed_caution", lang, **facts))
        said = [say("borrowed_lead", lang, sentence=sentence) for sentence in said]
    if a.status == "not_assessable" and a.role == "main":
        said += [say(_on_borrowing(a), lang)] if a.target.kind in ASSESSED_KINDS else []
    return said


def note(found: Note, lang: str) -> str:
    """A note of an assessment or a series as a sentence.

    >>> note(Note("awaiting_figure", {"year": 2025, "last": 2022}), "en")[:27]
    'The deadline 2025 is over, '
    """
    values: dict[str, Any] = dict(found.values)
    for key in ("published", "implied", "change"):
        if key in values:
            values[key] = signed(values[key])
    if "periods" in values:
        values["periods"] = join(values["periods"], lang)
    if "status" in values:
        values["status"] = say(f"status_{values['status']}", lang)
    if f"reason_{lang}" in values:
        values["reason"] = str(values.get(f"reason_{lang}", "")).rstrip("。.")
    if found.code == "tolerance":
        values["probability"] = percent(values["probability"], lang)
        values["tolerance"] = with_unit(values["tolerance"], _step_unit(values[f"unit_{lang}"], lang), lang)
    return say(f"note_{found.code}", lang, **values)


def reason(a: Assessment, lang: str) -> str:
    """Why a target is not assessable, as a phrase; an empty text when it is.

    >>> import qcity_analysis as qc
    >>> reason(qc.assess(qc.load(), "manufacturing_pass"), "en")
    'only bounds were published (such as “above”), no figure'
    """
    if a.reason is None:
        return ""
    values = dict(a.reason.values)
    if "kind" in values:
        values["kind"] = say(f"kind_{values['kind']}", lang)
    values["unit"] = "year" if values.get("count") == 1 else "years"
    return say(f"reason_{a.reason.code}", lang, **values)


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
    measure = {"relative_change": " --measure change_pct", "cumulative": " --measure count_new"}.get(
        target.kind, ""
    )
    command = (
        f"qcity add {target.indicator_id} --region {target.region} --period {year} --value {value}{measure} \\\n"
        f'    --publisher "{publisher}" --title "{title}" --date {date}'
    )
    said = [say("add_values", lang, value=value, publisher=publisher, title=title, date=date)]
    if target.kind == "relative_change":
        said.append(say("add_changes", lang, base=target.base_year))
    if target.kind not in ASSESSED_KINDS:
        said = [say("add_kind", lang, kind=say(f"kind_{target.kind}", lang))]
    return f"{say('add_lead', lang)}\n\n```\n{command}\n```\n\n{('' if lang == 'zh' else ' ').join(said)}"


def ask(a: Assessment, lang: str) -> str:
    """What the target asks for, as a phrase: "at least 50 件/万人 in 2025", "−18 % against 2020 by 2025".

    >>> import qcity_analysis as qc
    >>> ask(qc.assess(qc.load(), "energy_intensity"), "en")
    '−18 % against 2020 by 2025'
    """
    target, year = a.target, a.target.deadline
    if target.threshold is None:
        return target.wording if lang == "zh" else (target.wording_en or target.wording)
    if target.kind == "relative_change":
        return say("ask_change", lang, value=change(target.threshold, lang), base=target.base_year, year=year)
    value = with_unit(target.threshold, _unit(a, lang), lang)
    if target.commitment == "about":
        tolerance = with_unit(target.tolerance, _step_unit(_unit(a, lang), lang), lang)
        return say("ask_about", lang, value=value, year=year, tolerance=tolerance)
    key = target.direction if target.direction in ("at_least", "at_most") else "at_least"
    return say(f"ask_{key}", lang, value=value, year=year)


def level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of: a change on the base year for an index, else with its unit."""
    if value is None:
        return ""
    if a.target.kind == "relative_change" and a.threshold is not None:
        assert a.target.threshold is not None
        base = a.threshold / (1 + a.target.threshold / 100)
        return change(100 * (value / base - 1), lang)
    return with_unit(value, _unit(a, lang), lang)


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


def signed(value: float) -> str:
    """A change with its sign, a true minus, and at most one decimal more than needed.

    >>> signed(-18.0), signed(2.345)
    ('−18', '+2.3')
    """
    shown = f"{abs(value):.1f}".rstrip("0").rstrip(".")
    return shown if shown == "0" else ("−" if value < 0 else "+") + shown


def change(value: float, lang: str) -> str:
    """A change in percent with its sign.

    >>> change(-18, "en"), change(2.345, "zh")
    ('−18 %', '+2.3%')
    """
    return f"{signed(value)}{'' if lang == 'zh' else ' '}%"


def _unit(a: Assessment, lang: str) -> str:
    return (a.target.unit_zh if lang == "zh" else "") or a.target.unit


def _step_unit(unit: str, lang: str) -> str:
    """The unit of a difference: percentage points for shares."""
    return fixed("points", lang) if unit == "%" else unit


def _facts(a: Assessment, lang: str) -> dict[str, Any]:
    known = a.series.known() if a.series is not None else pd.Series(dtype=float)
    facts: dict[str, Any] = {
        "as_of": a.as_of.isoformat(),
        "region": a.region_names[lang],
        "name": a.target.name(lang),
        "ask": ask(a, lang),
        "year": a.target.deadline,
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
    if so_far is None or needed is None:
        return []
    if a.bound is not None and a.series is not None:
        now = float(a.series.known().iloc[-1])
        if a.target.is_met(now, a.bound):
            return [say("reached", lang, last=needed.from_year)]
    facts = {"start": so_far.from_year, "last": needed.from_year, "year": needed.to_year}
    return [say("pace", lang, **facts, sofar=_pace(a, so_far, lang), needed=_pace(a, needed, lang))]


def _pace(a: Assessment, pace: Pace, lang: str) -> str:
    index = a.series is not None and a.series.base_year is not None
    unit = {"zh": "点", "en": "index points"}[lang] if index else _step_unit(_unit(a, lang), lang)
    sign = "−" if pace.linear < 0 else "+"
    linear = f"{sign}{with_unit(abs(pace.linear), unit, lang)}"
    if pace.compound is None:
        return linear
    return say("pace_both", lang, compound=change(pace.compound, lang), linear=linear).rstrip(",")

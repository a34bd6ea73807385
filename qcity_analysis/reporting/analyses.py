"""Outlook, sensitivity, change, portfolio and explanation in sentences, tables and lines of plain text.

What is found is in the modules of the same names; the wording is data in `templates/`.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..catalogue import check_language, join, say, text
from . import describe
from .formatting import number, percent, signed, typed, with_unit
from .labels import assessment_title, axis_unit, level_shown, panel_title

if TYPE_CHECKING:
    from ..analysis.attribution import Change, Figure
    from ..analysis.outlook import Feasibility, Moved, Outlook
    from ..analysis.portfolio import Portfolio
    from ..analysis.sensitivity import Sensitivity, Variant
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..forecasting.predictive import Explanation

NONE = "–"


def pace_sentences(a: Assessment, found: Outlook, lang: str) -> list[str]:
    """What pace is needed, with the monthly one for a target that counts; or why there is none.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.outlook import outlook
    >>> data = qc.load(as_of="2023-12-31")
    >>> a = qc.assess(data, "rd_intensity", draws=500)
    >>> pace_sentences(a, outlook(data, a), "en")[0][:39]
    'Reaching 3.9 % by 2025 meets the target'
    """
    check_language(lang)
    move, monthly = found.feasibility, _monthly(a, lang)
    if monthly:
        return monthly
    if move.needed is None:
        return [say(f"lack_{move.reason.code}", lang)] if move.reason is not None else []
    assert move.from_year is not None and move.to_year is not None and move.start is not None
    facts = {
        "year": move.to_year,
        "last": move.from_year,
        "years": _years(move.to_year - move.from_year, lang),
        "level": _level(a, move.start, lang),
        "bound": _level(a, move.end, lang),
        "pace": _pace(a, move, lang),
    }
    return [say("move_spare" if found.reached else "move_needed", lang, **facts)]


def _level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of; a relative change without any figure is measured from 100."""
    if a.threshold is None and a.target.kind == "relative_change" and value is not None:
        return describe.change(value - 100, lang)
    return describe.level(a, value, lang)


def _years(count: int, lang: str) -> str:
    if lang == "zh":
        return str(count)
    return f"{count} year{'s' if count != 1 else ''}"


def _pace(a: Assessment, move: Feasibility, lang: str) -> str:
    """The pace needed in the unit people use: percent a year where ratios are compared, else points or units."""
    assert move.needed is not None and move.start is not None and move.end is not None
    if move.scale == "log":
        return describe.change(100 * math.expm1(move.needed / 100), lang)
    assert move.to_year is not None and move.from_year is not None
    linear = (move.end - move.start) / (move.to_year - move.from_year)
    unit = axis_unit(a, lang)
    unit = text("points", lang) if unit == "%" else unit
    return ("−" if linear < 0 else "+") + with_unit(abs(linear), unit, lang)


def _monthly(a: Assessment, lang: str) -> list[str]:
    """Counts per month so far and needed, for a target with a tally."""
    tally = getattr(a, "tally", None)
    if tally is None or a.status != "forecast" or a.target.kind != "cumulative" or not tally.needed > 0:
        return []
    months = months_left(a)
    if months <= 0:
        return []
    facts = {"count": number(tally.count), "needed": number(tally.needed), "months": months}
    facts["rate"] = number(tally.needed / months)
    counted = 12 * tally.covered
    if tally.through is None or counted <= 0:
        return [say("move_month_none", lang, **facts)]
    return [say("move_month", lang, **facts, through=tally.through, sofar=number(tally.count / counted))]


def months_left(a: Assessment) -> int:
    """Months of the target's period without a count, or from the day of the assessment to the end of the deadline.

    >>> import qcity_analysis as qc
    >>> months_left(qc.assess(qc.load(as_of="2024-06-30"), "rd_intensity", draws=500))
    18
    """
    tally = getattr(a, "tally", None)
    if tally is not None:
        return round(12 * (tally.years - tally.covered))
    return 12 * (a.target.deadline - a.as_of.year) + 12 - a.as_of.month


def speed_table(data: Data, a: Assessment, found: Feasibility, lang: str) -> pd.DataFrame:
    """Whose moves were at least as fast, how often: one row a source, all cells shown text; empty without a pace.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.outlook import feasibility
    >>> data = qc.load(as_of="2023-12-31")
    >>> a = qc.assess(data, "rd_intensity", draws=500)
    >>> speed_table(data, a, feasibility(data, a), "en").iloc[0].tolist()
    ['Nanjing', '2', '1', '50 %']
    """
    years = (found.to_year or 0) - (found.from_year or 0)
    windows = text("o_windows_one" if years == 1 else "o_windows", lang, years=years)
    columns = [text("o_who", lang), windows, text("o_fast", lang), text("o_share", lang)]
    rows = [[_who(data, a, row, lang), *_counts(row, lang)] for row in found.rows]
    return pd.DataFrame(rows, columns=columns)


def _counts(row: Moved, lang: str) -> list[str]:
    share = (
        NONE if row.share is None else percent(row.share, lang) if 0 < row.share < 1 else _whole(row, lang)
    )
    if row.windows is None:
        return [NONE, NONE, share]
    return [str(row.windows), str(row.as_fast), share]


def _whole(row: Moved, lang: str) -> str:
    """None and all of a count are exact; of the bank they are only beyond its outermost percentile."""
    assert row.share is not None
    if row.windows is None:
        return percent(row.share, lang)
    return f"{100 * row.share:.0f}{'' if lang == 'zh' else ' '}%"


def _who(data: Data, a: Assessment, row: Moved, lang: str) -> str:
    if row.source.startswith("bank"):
        key = "o_bank_either" if row.source == "bank_either" else "o_bank"
        return text(key, lang, series=f"{row.series:,}", indicators=row.indicators)
    region = data.region_name(row.region, lang)
    if row.indicator_id == a.definition["indicator_id"]:
        return region
    name = data.indicator(row.indicator_id)[f"name_{lang}"]
    return text("place_and_series", lang, region=region, name=name)


def speed_sentences(a: Assessment, found: Feasibility, lang: str) -> list[str]:
    """What the table of speeds says: counts over series, percentile in the bank, and how it was compared."""
    said = []
    series = [row for row in found.rows if row.windows is not None]
    windows, fast = sum(row.windows or 0 for row in series), sum(row.as_fast or 0 for row in series)
    own = [row for row in series if row.source == "own"]
    if own and not own[0].windows:
        years = (found.to_year or 0) - (found.from_year or 0)
        said.append(
            say("fast_own_none", lang, region=a.region_names[lang], years=_years(years, lang).split(" ")[0])
        )
    if windows:
        said.append(say("fast_series", lang, windows=windows, count=fast))
    bank = {row.source: row.share for row in found.rows if row.source.startswith("bank")}
    if bank.get("bank") is not None and "bank_either" in bank:
        said.append(say("fast_bank", lang, share=percent(1 - (bank["bank"] or 0), lang)))
    elif bank.get("bank") is not None:
        said.append(say("fast_bank_lost", lang, share=percent(bank["bank"] or 0, lang)))
    if found.scale in ("logodds", "typical") and found.rows:
        said.append(say(f"fast_{found.scale}", lang))
    return said


def attained_table(found: Outlook, lang: str) -> pd.DataFrame:
    """The first year with a chance of 50, 80 and 95 %, or until when there is none; all cells shown text.

    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(attained={0.5: 2024, 0.8: None}, looked_until=2037)
    >>> attained_table(found, "en")["Year"].tolist()
    ['2024', 'not by 2037']
    """
    rows = [
        [percent(level, lang), str(year) if year else text("o_not_within", lang, year=found.looked_until)]
        for level, year in found.attained.items()
    ]
    return pd.DataFrame(rows, columns=[text("o_certainty", lang), text("o_year", lang)])


def waiting_sentences(found: Outlook, lang: str, today: int | None = None) -> list[str]:
    """When it is reached, and how long one may wait; or why that cannot be said.

    `today` is the year of asking: after the deadline nothing is said about waiting, and what is past is said as past.

    >>> from types import SimpleNamespace
    >>> waiting_sentences(SimpleNamespace(reason=SimpleNamespace(code="settled")), "en")
    ['The target is settled; no pace is needed any more.']
    """
    if found.reason is not None:
        return [say(f"lack_{found.reason.code}", lang)]
    year, until = found.attained[0.5], found.looked_until
    facts = {"year": year, "until": until, "deadline": found.deadline, "last": found.last_year}
    said = [say("attained_some" if year else "attained_none", lang, **facts)]
    act, last = found.last_to_act, found.last_year
    if last is None or last >= found.deadline or (today or 0) > found.deadline:
        return said
    if found.reached:
        key = "act_reached"
    elif act is None:
        key = "act_none"
    else:
        key = "act_year" if act > last else "act_now" if act == last else "act_past"
    if key == "act_year" and act is not None and act < (today or 0):
        key = "act_over"
    return [*said, say(key, lang, **facts, act=act, years=len(found.chances))]


def change_sentence(found: Change, lang: str) -> str:
    """From which answer to which, and why, in one sentence.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.attribution import explain_change
    >>> change = explain_change(qc.load(), "rd_intensity", None, "2024-01-31", "2024-02-28", draws=500)
    >>> change_sentence(change, "en")[:37]
    'The answer of 2024-01-31 still stands'
    """
    facts = {
        "earlier": found.before.as_of.isoformat(),
        "later": found.after.as_of.isoformat(),
        "before": _verdict(found.before, lang),
        "after": _verdict(found.after, lang),
    }
    if found.word == "unchanged":
        return say("changed_same", lang, **facts)
    key = "changed_flipped" if found.flipped else "changed_moved"
    return say(key, lang, **facts, cause=say(f"cause_{found.word}", lang))


def _verdict(a: Assessment, lang: str) -> str:
    if a.status == "forecast" and a.probability is not None:
        return percent(a.probability, lang)
    key = "depends" if a.status == "depends_on_definition" else a.status
    return f"“{text(f'status_{key}', lang)}”"


def steps_table(found: Change, lang: str) -> pd.DataFrame:
    """What each step did to the probability, in percentage points; empty where a step has no probability.

    >>> from types import SimpleNamespace
    >>> made = SimpleNamespace(by_time=0.0, by_revision=-0.021, by_new_figure=0.5)
    >>> steps_table(made, "en").iloc[:, 1].tolist()
    ['0 points', '−2.1 points', '+50 points', '+47.9 points']
    """
    moves = {"time": found.by_time, "revision": found.by_revision, "new_figure": found.by_new_figure}
    columns = [text("d_step", lang), text("d_effect", lang)]
    known = {name: move for name, move in moves.items() if move is not None}
    if len(known) < len(moves):
        return pd.DataFrame(columns=columns)
    rows = [[text(f"d_{name}", lang), _points(move, lang)] for name, move in known.items()]
    return pd.DataFrame([*rows, [text("d_total", lang), _points(sum(known.values()), lang)]], columns=columns)


def _points(move: float, lang: str) -> str:
    return text("d_points", lang, value=signed(100 * move))


def came_table(data: Data, figures: list[Figure], lang: str) -> pd.DataFrame:
    """The figures that were published in between, with what they replaced; all cells shown text."""
    columns = [
        text(key, lang) for key in ("d_series", "c_period", "c_measure", "c_figure", "d_before", "c_date")
    ]
    rows = []
    for figure in figures:
        row = data.indicator(figure.indicator_id)
        region = data.region_name(figure.region, lang)
        name = text("place_and_series", lang, region=region, name=row[f"name_{lang}"])
        unit = "%" if "change" in figure.measure else str(row["unit_zh" if lang == "zh" else "unit"])
        sign = {">=": "≥ ", "<=": "≤ ", "~": "≈ "}.get(figure.qualifier, "")
        before = NONE if figure.before is None else with_unit(typed(figure.before), unit, lang)
        measure = text(f"m_{figure.measure}", lang, base=figure.base_period or "").strip()
        value = sign + with_unit(typed(figure.value, figure.decimals), unit, lang)
        rows.append([name, figure.period, measure, value, before, figure.known_from.isoformat()])
    return pd.DataFrame(rows, columns=columns)


def choice_shown(row: Variant, lang: str) -> str:
    """One choice in a few words: "from 2015 on", "without 2020", the name of a model.

    >>> from types import SimpleNamespace
    >>> choice_shown(SimpleNamespace(kind="leave_out", value=2020, first=None, names={}), "en")
    'without 2020'
    """
    if row.kind == "asked":
        return text("v_asked", lang)
    if row.kind == "model":
        return text(f"model_{row.value}", lang)
    if row.names:
        return row.names[lang]
    return text(f"v_value_{row.kind}", lang, value=row.value, first=row.first)


def verdict_shown(row: Variant, lang: str) -> str:
    """The answer of one variant: its probability, or met, missed, not computed.

    >>> from types import SimpleNamespace
    >>> verdict_shown(SimpleNamespace(kind="window", status="missed", probability=None), "en")
    'missed'
    """
    if row.probability is not None:
        return percent(row.probability, lang)
    if row.status in ("met", "missed"):
        return text(f"status_{row.status}", lang)
    return text("status_not_assessable" if row.kind == "asked" else "v_cannot", lang)


def sensitivity_table(found: Sensitivity, lang: str) -> pd.DataFrame:
    """One row a variant, as asked first: what was varied, choice, probability, word (or why there is none), verdict.

    All shown text.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.sensitivity import sensitivity
    >>> data = qc.load(as_of="2024-06-30")
    >>> (found,) = sensitivity(data, qc.assess(data, "energy_intensity", draws=500), draws=500)
    >>> sensitivity_table(found, "en").columns.tolist()
    ['Varied', 'Choice', 'Probability of meeting the target', 'In words', 'Verdict']
    """
    keys = ("v_kind", "v_choice", "k_probability", "k_word", "v_verdict")
    rows = [_row(row, lang, computed(found.asked)) for row in (found.asked, *found.rows)]
    return pd.DataFrame(rows, columns=[text(key, lang) for key in keys])


def _row(row: Variant, lang: str, compared: bool) -> list[str]:
    word = text(f"word_{row.word}", lang) if row.word else ""
    if not computed(row) and row.reason is not None:
        word = describe.reason_of(row.reason, lang)
    if not compared or row.kind == "asked" or not computed(row):
        verdict = "" if row.kind != "asked" or not compared else text("v_asked", lang)
    else:
        verdict = text("v_flips" if row.flips else "v_holds", lang)
    kind = "" if row.kind == "asked" else text(f"v_{row.kind}", lang)
    return [kind, choice_shown(row, lang), verdict_shown(row, lang), word, verdict]


def computed(row: Variant) -> bool:
    """Whether a variant has a verdict.

    >>> from types import SimpleNamespace
    >>> computed(SimpleNamespace(status="not_assessable", probability=None))
    False
    """
    return row.probability is not None or row.status in ("met", "missed")


def sensitivity_sentences(found: Sensitivity, lang: str) -> list[str]:
    """Whether the verdict holds, by which choices it changes, and what could not be computed.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.sensitivity import sensitivity
    >>> data = qc.load(as_of="2024-06-30")
    >>> (found,) = sensitivity(data, qc.assess(data, "tech_incubators", draws=500), draws=500)
    >>> sensitivity_sentences(found, "en")
    ['There is no choice to vary.']
    """
    rows = [row for row in found.rows if computed(row)]
    if not found.rows:
        return [say("sens_nothing", lang)]
    if not computed(found.asked):
        return [say("sens_unassessed", lang)]
    said = [_held(found, rows, lang)] if rows else []
    failed = [choice_shown(row, lang) for row in found.rows if not computed(row)]
    return said + ([say("sens_failed", lang, names=join(failed, lang))] if failed else [])


def _held(found: Sensitivity, rows: list[Variant], lang: str) -> str:
    shares = [row.probability for row in (found.asked, *rows) if row.probability is not None]
    pair = "{}（{}）" if lang == "zh" else "{} ({})"
    names = [pair.format(choice_shown(row, lang), verdict_shown(row, lang)) for row in found.flips]
    facts = {"count": len(rows), "flips": len(found.flips), "names": join(names, lang)}
    key = "sens_flip" if found.flips else "sens_hold"
    if found.asked.probability is None:
        return say(f"{key}_settled", lang, **facts)
    return say(key, lang, **facts, low=percent(min(shares), lang), high=percent(max(shares), lang))


def alt_sensitivity(found: Sensitivity, lang: str) -> str:
    """Alternative text of the chart: every probability, and how many change the verdict."""
    rows = [row for row in found.rows if computed(row)]
    items = [f"{choice_shown(row, lang)} {verdict_shown(row, lang)}" for row in rows]
    return say(
        "alt_sensitivity" if computed(found.asked) else "alt_sensitivity_borrowed",
        lang,
        name=assessment_title(found.answer, lang),
        asked=verdict_shown(found.asked, lang),
        items=join(items, lang) or say("none", lang),
        flips=len(found.flips),
    )


DECIDING = 0.1  # a target with at least this share of the uncertainty is named
NAMED = 12  # names in one sentence


def portfolio_sentences(found: Portfolio, lang: str) -> list[str]:
    """How many are expected to be met, what is settled, what dependence does, and what decides the total.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2026-06-30")
    >>> portfolio_sentences(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]), "en")[0]
    'Of 3 targets 3 can be assessed; 3 are expected to be met.'
    """
    assessed, total = len(found.targets), len(found.targets) + len(found.unassessed)
    if not assessed:
        return [say("plan_none", lang, total=total)]
    low, high = found.interval()
    facts = {
        "total": total,
        "assessed": assessed,
        "expected": amount(found.expected),
        "low": low,
        "high": high,
        "share": percent(found.within(low, high), lang),
    }
    said = [say("plan_expected" if low < high else "plan_expected_sure", lang, **facts)]
    statuses = found.targets["status"].tolist()
    met, missed = statuses.count("met"), statuses.count("missed")
    if met or missed:
        said.append(say("plan_settled", lang, met=met, missed=missed))
    if found.high - found.low > 1e-9:
        said.append(say("plan_definitions", lang, low=amount(found.low), high=amount(found.high)))
    if ((found.targets["probability"] > 0) & (found.targets["probability"] < 1)).sum() > 1:
        said.append(_on_dependence(found, lang))
    names = _deciding(found)[f"name_{lang}"].tolist()
    if names:
        said.append(say("plan_deciders", lang, names=join(names, lang)))
    return said


def unassessed_sentence(found: Portfolio, lang: str, most: int | None = None) -> str:
    """Which targets cannot be assessed, by name; an empty text when all can. Of more than `most` only the number.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2026-06-30")
    >>> unassessed_sentence(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]), "en")
    ''
    """
    names = found.unassessed[f"name_{lang}"].tolist()
    if not names:
        return ""
    if most is not None and len(names) > most:
        return say("plan_unassessed_many", lang, count=len(names))
    return say("plan_unassessed", lang, count=len(names), names=join(names, lang))


def amount(value: float) -> str:
    """An expected number of targets with one decimal, none where it is whole.

    >>> amount(3.14), amount(2.0)
    ('3.1', '2')
    """
    return f"{value:.1f}".removesuffix(".0")


def _on_dependence(found: Portfolio, lang: str) -> str:
    (ilow, ihigh), (slow, shigh) = found.interval("independent"), found.interval("stress")
    facts = {"ilow": ilow, "ihigh": ihigh, "slow": slow, "shigh": shigh}
    between = found.dependence
    if not between.pairs:
        return say("plan_no_dependence", lang, **facts)
    mean = f"{between.mean:.2f}".replace("-", "−")
    return say("plan_dependence", lang, **facts, mean=mean, pairs=between.pairs, possible=between.possible)


def _deciding(found: Portfolio) -> pd.DataFrame:
    ordered = found.targets.sort_values("share_of_variance", ascending=False, kind="stable")
    return ordered[ordered["share_of_variance"] >= DECIDING]


def deciding_table(found: Portfolio, lang: str) -> pd.DataFrame:
    """Open targets by how much of the uncertainty they carry: name (index), probability, share, effect; shown text.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2024-06-30")
    >>> table = deciding_table(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]), "en")
    >>> table.index[0]
    'Non-fossil share of energy consumption'
    """
    rows = found.targets[found.targets["share_of_variance"] > 0]
    rows = rows.sort_values("share_of_variance", ascending=False, kind="stable")
    shown = [
        [percent(p, lang), percent(share, lang), f"{weight:+.1f}".replace("-", "−")]
        for p, share, weight in zip(
            rows["probability"], rows["share_of_variance"], rows["weight"], strict=True
        )
    ]
    columns = [text(key, lang) for key in ("k_probability", "p_variance", "p_weight")]
    return pd.DataFrame(
        shown, columns=columns, index=pd.Index(rows[f"name_{lang}"], name=text("c_target", lang))
    )


def groups_table(frame: pd.DataFrame, names: list[str], head: str, lang: str) -> pd.DataFrame:
    """Sections or departments with their counts, as shown text; `names` replace those of the frame (index)."""
    keys = ["targets", "met", "missed", "open", "expected", "unassessed"]
    columns = [text(f"p_{key}" if key != "expected" else "p_expected_column", lang) for key in keys]
    shown = [[amount(row[key]) for key in keys] for row in frame.to_dict("records")]
    return pd.DataFrame(shown, columns=columns, index=pd.Index(names, name=text(head, lang)))


def alt_portfolio(found: Portfolio, lang: str) -> str:
    """Alternative text of the chart: the probability of each number met, from the least likely worth naming."""
    counts = found.counts["dependent"]
    items = [
        say("alt_portfolio_item", lang, count=count, share=percent(float(share), lang))
        for count, share in counts.items()
        if share >= 0.005
    ]
    return say("alt_portfolio", lang, items=join(items, lang), expected=amount(found.expected))


SMALL = 0.05  # of an extra step: neither repeated nor lost


def explained(assessment: Assessment, found: Explanation, lang: str) -> list[str]:
    """Sentences on a mixture forecast and its explanation.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity")
    >>> len(explained(answer, answer.forecast.explain(), "en"))
    3
    """
    check_language(lang)
    first, second = sorted(found.shares, key=lambda name: -found.shares[name])[:2]
    facts = {
        "part": percent(found.structural, lang),
        "first": _family(first, lang),
        "second": _family(second, lang),
        "p": percent(found.shares[first], lang),
        "q": percent(found.shares[second], lang),
    }
    lines = [say("why_cells", lang, **facts), _step(found.last_value - 1, lang)]
    if len(found.without):
        year = int((found.without - found.median).abs().idxmax())
        shown = {
            "year": year,
            "until": assessment.target.deadline,
            "without": level_shown(assessment, float(found.without[year]), lang),
            "median": level_shown(assessment, found.median, lang),
        }
        lines.append(say("why_year", lang, **shown))
    if _moved(assessment, found):
        assert assessment.median is not None
        final = level_shown(assessment, assessment.median, lang)
        lines.append(say("why_moved", lang, until=assessment.target.deadline, final=final))
    return lines


def without_table(assessment: Assessment, found: Explanation, lang: str) -> pd.DataFrame:
    """The median at the deadline with every figure, and without that of each year: index shown year.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity")
    >>> without_table(answer, answer.forecast.explain(), "en").index[0]
    'none'
    """
    medians = pd.concat([pd.Series({text("none_left_out", lang): found.median}), found.without])
    columns = {
        text("c_median_without", lang, until=assessment.target.deadline): [
            level_shown(assessment, float(value), lang) for value in medians
        ],
        text("c_difference", lang): [_change(float(value) - found.median) for value in medians],
    }
    index = pd.Index([str(name) for name in medians.index], name=text("c_left_out", lang))
    return pd.DataFrame(columns, index=index)


def _moved(assessment: Assessment, found: Explanation) -> bool:
    """Whether errors of figures, partial years or comparators moved the median by more than drawing paths does."""
    if assessment.median is None or assessment.interval is None:
        return False
    width = assessment.interval[1] - assessment.interval[0]
    return abs(assessment.median - found.median) > 0.02 * width


def _family(name: str, lang: str) -> str:
    return say(f"family_{name.replace(' ', '_')}", lang)


def _step(repeated: float, lang: str) -> str:
    if abs(repeated) < SMALL:
        return say("why_stays", lang)
    key = "why_goes_on" if repeated > 0 else "why_lost"
    return say(key, lang, share=percent(abs(repeated), lang))


def _change(difference: float) -> str:
    shown = number(difference)
    return "–" if shown == "0" else f"+{shown}" if difference > 0 else shown


def plain_table(table: pd.DataFrame) -> list[str]:
    """A table of shown text as aligned lines, a Chinese character counting as two columns.

    >>> plain_table(pd.DataFrame({"甲": ["1", "22"], "b": ["x", ""]}))
    ['甲  b', '1   x', '22']
    """
    columns = [[str(name), *map(str, table.iloc[:, k])] for k, name in enumerate(table.columns)]
    widths = [max(map(_width, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(said: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in said)


def outlook_lines(
    data: Data, a: Assessment, ahead: Sequence[tuple[Assessment, Outlook]], lang: str
) -> list[str]:
    """The answer, then pace, speed, years of attainment and the last year to act of each definition."""
    lines = [describe.headline(a, lang)]
    for part, found in ahead:
        lines += ["", panel_title(part, lang)] if part.role != "main" else [""]
        pace = pace_sentences(part, found, lang)
        lines += pace
        if found.feasibility.rows:
            lines += plain_table(speed_table(data, part, found.feasibility, lang))
            lines += speed_sentences(part, found.feasibility, lang)
        if found.reason is None:
            lines += ["", *plain_table(attained_table(found, lang))]
        lines += [line for line in waiting_sentences(found, lang, part.as_of.year) if line not in pace]
    return lines


def sensitivity_lines(found: Sequence[Sensitivity], lang: str) -> list[str]:
    """The table of variants and what it means, for each answer that has any."""
    lines = []
    for one in found:
        if one.rows:
            lines += ["", text("h_sensitivity", lang)]
            lines += [panel_title(one.answer, lang)] if one.answer.role != "main" else []
            lines += plain_table(sensitivity_table(one, lang))
            lines += sensitivity_sentences(one, lang)
    return lines


def change_lines(data: Data, found: Change, lang: str) -> list[str]:
    """What changed and why, with each step and the figures in between."""
    lines = ["", text("h_changed", lang, earlier=found.before.as_of), change_sentence(found, lang)]
    for one in (found, *found.parts):
        table = steps_table(one, lang)
        if len(table) and one.word != "unchanged":
            lines += [panel_title(one.after, lang)] if one.after.role != "main" else []
            lines += plain_table(table)
    if found.figures:
        return [*lines, text("d_came", lang), *plain_table(came_table(data, found.figures, lang))]
    return [*lines, say("nothing_came", lang)]


def portfolio_lines(found: Portfolio, lang: str) -> list[str]:
    """What the portfolio says, the deciding targets, and which cannot be assessed."""
    lines = portfolio_sentences(found, lang)
    if len(found.targets):
        lines += ["", *plain_table(deciding_table(found, lang).reset_index())]
    missing = unassessed_sentence(found, lang)
    return [*lines, "", missing] if missing else lines

"""Outlook, sensitivity, change, portfolio and explanation in sentences, tables and lines of plain text.

What is found is in `analysis` and `forecasting`; the wording is data in `templates/`. Cells of tables hold shown text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..catalogue import check_language, join, say, text
from .formatting import change, number, percent, published, signed, typed, with_unit
from .sentences import (
    assessment_title,
    axis_unit,
    headline,
    level,
    level_shown,
    panel_title,
    reason,
    status_shown,
    step_unit,
)
from .show import measure_shown, plain_table

if TYPE_CHECKING:
    from ..analysis.attribution import Change, Figure
    from ..analysis.outlook import Feasibility, Moved, Outlook
    from ..analysis.portfolio import Portfolio
    from ..analysis.sensitivity import Sensitivity, Variant
    from ..assessment.answer import Assessment
    from ..data.load import Data
    from ..forecasting.mixture import Explanation

NONE = "–"
DECIDING = 0.1  # a target with at least this share of the uncertainty is named
SMALL = 0.05  # of an extra step: neither repeated nor lost
MOVED = 0.02  # of the interval's width: more than drawing paths moves the median


def _titles(lang: str, *keys: str) -> list[str]:
    return [text(key, lang) for key in keys]


# outlook


def pace_sentences(a: Assessment, found: Outlook, lang: str) -> list[str]:
    """What pace is needed, with the monthly one for a target that counts; or why there is none."""
    check_language(lang)
    move, monthly = found.feasibility, _monthly(a, lang)
    if monthly:
        return monthly
    if move.needed is None:
        return [say(f"lack_{move.reason.code}", lang)] if move.reason is not None else []
    assert move.from_year is not None and move.to_year is not None and move.start is not None
    count = move.to_year - move.from_year
    years = str(count) if lang == "zh" else f"{count} year{'s' if count != 1 else ''}"
    start, end = _level(a, move.start, lang), _level(a, move.end, lang)
    return [
        say(
            "move_spare" if found.reached else "move_needed", lang, year=move.to_year, last=move.from_year,
            years=years, level=start, bound=end, pace=_pace(a, move, lang),
        )
    ]  # fmt: skip


def _level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of; a relative change without any figure is measured from 100."""
    if a.threshold is None and a.target.kind == "relative_change" and value is not None:
        return change(value - 100, lang)
    return level(a, value, lang)


def _pace(a: Assessment, move: Feasibility, lang: str) -> str:
    """The pace needed in the unit people use: percent a year where ratios are compared, else points or units."""
    assert move.needed is not None and move.start is not None and move.end is not None
    if move.scale == "log":
        return change(100 * math.expm1(move.needed / 100), lang)
    assert move.to_year is not None and move.from_year is not None
    linear = (move.end - move.start) / (move.to_year - move.from_year)
    return ("−" if linear < 0 else "+") + with_unit(abs(linear), step_unit(axis_unit(a, lang), lang), lang)


def _monthly(a: Assessment, lang: str) -> list[str]:
    """Counts per month so far and needed, for a target with a tally."""
    tally = a.tally
    if tally is None or a.status != "forecast" or a.target.kind != "cumulative" or not tally.needed > 0:
        return []
    months, counted = months_left(a), 12 * tally.covered
    if months <= 0:
        return []
    some = tally.through is not None and counted > 0
    return [
        say(
            "move_month" if some else "move_month_none", lang, count=number(tally.count), months=months,
            needed=number(tally.needed), rate=number(tally.needed / months), through=tally.through,
            sofar=number(tally.count / counted) if some else NONE,
        )
    ]  # fmt: skip


def months_left(a: Assessment) -> int:
    """Months of the target's period without a count, or from the day of the assessment to the end of the deadline."""
    if a.tally is not None:
        return round(12 * (a.tally.years - a.tally.covered))
    return 12 * (a.target.deadline - a.as_of.year) + 12 - a.as_of.month


def speed_table(data: Data, a: Assessment, found: Feasibility, lang: str) -> pd.DataFrame:
    """Whose moves were at least as fast, how often: one row a source; empty without a pace."""
    years = (found.to_year or 0) - (found.from_year or 0)
    windows = text("o_windows_one" if years == 1 else "o_windows", lang, years=years)
    rows = [[_who(data, a, row, lang), *_counts(row, lang)] for row in found.rows]
    return pd.DataFrame(rows, columns=[text("o_who", lang), windows, *_titles(lang, "o_fast", "o_share")])


def _counts(row: Moved, lang: str) -> list[str]:
    """Windows, how many were as fast, their share; none and all are exact, of the bank only beyond its percentiles."""
    counts = [NONE, NONE] if row.windows is None else [str(row.windows), str(row.as_fast)]
    if row.share is None:
        return [*counts, NONE]
    if row.windows is None or 0 < row.share < 1:
        return [*counts, percent(row.share, lang)]
    return [*counts, with_unit(f"{100 * row.share:.0f}", "%", lang)]


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
        said.append(say("fast_own_none", lang, region=a.region_names[lang], years=years))
    if windows:
        said.append(say("fast_series", lang, windows=windows, count=fast))
    bank = {row.source: row.share for row in found.rows if row.source.startswith("bank")}
    share = bank.get("bank")
    if share is not None:
        key, part = ("fast_bank", 1 - share) if "bank_either" in bank else ("fast_bank_lost", share)
        said.append(say(key, lang, share=percent(part, lang)))
    if found.scale in ("logodds", "typical") and found.rows:
        said.append(say(f"fast_{found.scale}", lang))
    return said


def attained_table(found: Outlook, lang: str) -> pd.DataFrame:
    """The first year with a chance of 50, 80 and 95 %, or until when there is none.

    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(attained={0.5: 2024, 0.8: None}, looked_until=2037)
    >>> attained_table(found, "en")["Year"].tolist()
    ['2024', 'not by 2037']
    """
    none = text("o_not_within", lang, year=found.looked_until)
    rows = [[percent(chance, lang), str(year or none)] for chance, year in found.attained.items()]
    return pd.DataFrame(rows, columns=_titles(lang, "o_certainty", "o_year"))


def waiting_sentences(found: Outlook, lang: str, today: int = 0) -> list[str]:
    """When it is reached, and how long one may wait; or why that cannot be said.

    `today` is the year of asking: after the deadline nothing is said about waiting, and what is past is said as past.

    >>> from types import SimpleNamespace
    >>> waiting_sentences(SimpleNamespace(reason=SimpleNamespace(code="settled")), "en")
    ['The target is settled; no pace is needed any more.']
    """
    if found.reason is not None:
        return [say(f"lack_{found.reason.code}", lang)]
    year, act, last = found.attained[0.5], found.last_to_act, found.last_year
    facts = {"year": year, "until": found.looked_until, "deadline": found.deadline, "last": last}
    said = [say("attained_some" if year else "attained_none", lang, **facts)]
    if last is None or last >= found.deadline or today > found.deadline:
        return said
    if found.reached or act is None:
        key = "act_reached" if found.reached else "act_none"
    elif act > last:
        key = "act_over" if act < today else "act_year"
    else:
        key = "act_now" if act == last else "act_past"
    return [*said, say(key, lang, **facts, act=act, years=len(found.chances))]


def outlook_lines(
    data: Data, a: Assessment, ahead: Sequence[tuple[Assessment, Outlook]], lang: str
) -> list[str]:
    """The answer, then pace, speed, years of attainment and the last year to act of each definition."""
    lines = [headline(a, lang)]
    for part, found in ahead:
        pace, speeds = pace_sentences(part, found, lang), found.feasibility
        lines += ["", *([panel_title(part, lang)] if part.role != "main" else []), *pace]
        if speeds.rows:
            lines += plain_table(speed_table(data, part, speeds, lang)) + speed_sentences(part, speeds, lang)
        if found.reason is None:
            lines += ["", *plain_table(attained_table(found, lang))]
        waiting = waiting_sentences(found, lang, part.as_of.year)
        lines += [line for line in waiting if line not in pace]
    return lines


# sensitivity


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
    return (
        row.names[lang] if row.names else text(f"v_value_{row.kind}", lang, value=row.value, first=row.first)
    )


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


def computed(row: Variant) -> bool:
    """Whether a variant has a verdict.

    >>> from types import SimpleNamespace
    >>> computed(SimpleNamespace(status="not_assessable", probability=None))
    False
    """
    return row.probability is not None or row.status in ("met", "missed")


def sensitivity_table(found: Sensitivity, lang: str) -> pd.DataFrame:
    """One row a variant, as asked first: what was varied, choice, probability, word (or why there is none), verdict."""
    columns = _titles(lang, "v_kind", "v_choice", "k_probability", "k_word", "v_verdict")
    rows = [_variant(row, lang, computed(found.asked)) for row in (found.asked, *found.rows)]
    return pd.DataFrame(rows, columns=columns)


def _variant(row: Variant, lang: str, compared: bool) -> list[str]:
    asked = row.kind == "asked"
    word = text(f"word_{row.word}", lang) if row.word else ""
    if not computed(row) and row.reason is not None:
        word = reason(row.reason, lang)
    key = "" if not compared or not (asked or computed(row)) else "v_flips" if row.flips else "v_holds"
    verdict = text("v_asked" if asked else key, lang) if key else ""
    kind = "" if asked else text(f"v_{row.kind}", lang)
    return [kind, choice_shown(row, lang), verdict_shown(row, lang), word, verdict]


def sensitivity_sentences(found: Sensitivity, lang: str) -> list[str]:
    """Whether the verdict holds, by which choices it changes, and what could not be computed."""
    if not found.rows:
        return [say("sens_nothing", lang)]
    if not computed(found.asked):
        return [say("sens_unassessed", lang)]
    rows = [row for row in found.rows if computed(row)]
    failed = [choice_shown(row, lang) for row in found.rows if not computed(row)]
    said = [_holds(found, rows, lang)] if rows else []
    return said + ([say("sens_failed", lang, names=join(failed, lang))] if failed else [])


def _holds(found: Sensitivity, rows: list[Variant], lang: str) -> str:
    pair = "{}（{}）" if lang == "zh" else "{} ({})"
    names = [pair.format(choice_shown(row, lang), verdict_shown(row, lang)) for row in found.flips]
    facts = {"count": len(rows), "flips": len(found.flips), "names": join(names, lang)}
    key = "sens_flip" if found.flips else "sens_hold"
    if found.asked.probability is None:
        return say(f"{key}_settled", lang, **facts)
    shares = [row.probability for row in (found.asked, *rows) if row.probability is not None]
    return say(key, lang, **facts, low=percent(min(shares), lang), high=percent(max(shares), lang))


def alt_sensitivity(found: Sensitivity, lang: str) -> str:
    """Alternative text of the chart: every probability, and how many change the verdict."""
    items = [f"{choice_shown(row, lang)} {verdict_shown(row, lang)}" for row in found.rows if computed(row)]
    return say(
        "alt_sensitivity" if computed(found.asked) else "alt_sensitivity_borrowed", lang,
        name=assessment_title(found.answer, lang), asked=verdict_shown(found.asked, lang),
        items=join(items, lang) or say("none", lang), flips=len(found.flips),
    )  # fmt: skip


def sensitivity_lines(found: Sequence[Sensitivity], lang: str) -> list[str]:
    """The table of variants and what it means, for each answer that has any."""
    lines = []
    for one in found:
        if one.rows:
            lines += ["", text("h_sensitivity", lang)]
            lines += [panel_title(one.answer, lang)] if one.answer.role != "main" else []
            lines += plain_table(sensitivity_table(one, lang)) + sensitivity_sentences(one, lang)
    return lines


# change


def change_sentence(found: Change, lang: str) -> str:
    """From which answer to which, and why, in one sentence."""
    facts = {"earlier": found.before.as_of.isoformat(), "later": found.after.as_of.isoformat()}
    facts |= {"before": _verdict(found.before, lang), "after": _verdict(found.after, lang)}
    if found.word == "unchanged":
        return say("changed_same", lang, **facts)
    key = "changed_flipped" if found.flipped else "changed_moved"
    return say(key, lang, **facts, cause=say(f"cause_{found.word}", lang))


def _verdict(a: Assessment, lang: str) -> str:
    if a.status == "forecast" and a.probability is not None:
        return percent(a.probability, lang)
    return f"“{status_shown(a, lang)}”"


def steps_table(found: Change, lang: str) -> pd.DataFrame:
    """What each step did to the probability, in percentage points; empty where a step has no probability.

    >>> from types import SimpleNamespace
    >>> made = SimpleNamespace(by_time=0.0, by_revision=-0.021, by_new_figure=0.5)
    >>> steps_table(made, "en").iloc[:, 1].tolist()
    ['0 points', '−2.1 points', '+50 points', '+47.9 points']
    """
    steps = {"time": found.by_time, "revision": found.by_revision, "new_figure": found.by_new_figure}
    known = {name: step for name, step in steps.items() if step is not None}
    effects = known | {"total": sum(known.values())} if len(known) == len(steps) else {}
    rows = [
        [text(f"d_{name}", lang), text("d_points", lang, value=signed(100 * effect))]
        for name, effect in effects.items()
    ]
    return pd.DataFrame(rows, columns=_titles(lang, "d_step", "d_effect"))


def came_table(data: Data, figures: Iterable[Figure], lang: str) -> pd.DataFrame:
    """The figures that were published in between, with what they replaced."""
    columns = _titles(lang, "d_series", "c_period", "c_measure", "c_figure", "d_before", "c_date")
    return pd.DataFrame([_came(data, figure, lang) for figure in figures], columns=columns)


def _came(data: Data, figure: Figure, lang: str) -> list[str]:
    row, region = data.indicator(figure.indicator_id), data.region_name(figure.region, lang)
    name = text("place_and_series", lang, region=region, name=row[f"name_{lang}"])
    unit = "%" if "change" in figure.measure else str(row["unit_zh" if lang == "zh" else "unit"])
    before = NONE if figure.before is None else with_unit(typed(figure.before), unit, lang)
    measure = measure_shown(figure.measure, figure.base_period, lang)
    value = published(figure.value, figure.decimals, unit, lang, figure.qualifier)
    return [name, figure.period, measure, value, before, figure.known_from.isoformat()]


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


# portfolio


def portfolio_sentences(found: Portfolio, lang: str) -> list[str]:
    """How many are expected to be met, what is settled, what dependence does, and what decides the total."""
    assessed, total = len(found.targets), len(found.targets) + len(found.unassessed)
    if not assessed:
        return [say("plan_none", lang, total=total)]
    low, high = found.interval()
    said = [
        say(
            "plan_expected" if low < high else "plan_expected_sure", lang, total=total, assessed=assessed,
            expected=amount(found.expected), low=low, high=high, share=percent(found.within(low, high), lang),
        )
    ]  # fmt: skip
    statuses = found.targets["status"].tolist()
    met, missed = statuses.count("met"), statuses.count("missed")
    if met or missed:
        said.append(say("plan_settled", lang, met=met, missed=missed))
    if found.high - found.low > 1e-9:
        said.append(say("plan_definitions", lang, low=amount(found.low), high=amount(found.high)))
    if found.targets["probability"].between(0, 1, inclusive="neither").sum() > 1:
        said.append(_on_dependence(found, lang))
    most = _by_uncertainty(found)
    names = most.loc[most["share_of_variance"] >= DECIDING, f"name_{lang}"]
    if len(names):
        said.append(say("plan_deciders", lang, names=join(names, lang)))
    return said


def _on_dependence(found: Portfolio, lang: str) -> str:
    (ilow, ihigh), (slow, shigh) = found.interval("independent"), found.interval("stress")
    between, facts = found.dependence, {"ilow": ilow, "ihigh": ihigh, "slow": slow, "shigh": shigh}
    if not between.pairs:
        return say("plan_no_dependence", lang, **facts)
    mean = f"{between.mean:.2f}".replace("-", "−")
    return say("plan_dependence", lang, **facts, mean=mean, pairs=between.pairs, possible=between.possible)


def _by_uncertainty(found: Portfolio) -> pd.DataFrame:
    return found.targets.sort_values("share_of_variance", ascending=False, kind="stable")


def unassessed_sentence(found: Portfolio, lang: str, most: int | None = None) -> str:
    """Which targets cannot be assessed, by name; an empty text when all can. Of more than `most` only the number."""
    names = found.unassessed[f"name_{lang}"].tolist()
    if not names:
        return ""
    key = "plan_unassessed_many" if most is not None and len(names) > most else "plan_unassessed"
    return say(key, lang, count=len(names), names=join(names, lang))


def amount(value: float) -> str:
    """An expected number of targets with one decimal, none where it is whole.

    >>> amount(3.14), amount(2.0)
    ('3.1', '2')
    """
    return f"{value:.1f}".removesuffix(".0")


def deciding_table(found: Portfolio, lang: str) -> pd.DataFrame:
    """Open targets by how much of the uncertainty they carry: name (index), probability, share, effect."""
    rows = _by_uncertainty(found)
    rows = rows[rows["share_of_variance"] > 0]
    columns = [
        [percent(chance, lang) for chance in rows["probability"]],
        [percent(share, lang) for share in rows["share_of_variance"]],
        [f"{weight:+.1f}".replace("-", "−") for weight in rows["weight"]],
    ]
    titles = _titles(lang, "k_probability", "p_variance", "p_weight")
    index = pd.Index(rows[f"name_{lang}"], name=text("c_target", lang))
    return pd.DataFrame(dict(zip(titles, columns, strict=True)), index=index)


def groups_table(frame: pd.DataFrame, names: list[str], head: str, lang: str) -> pd.DataFrame:
    """Sections or departments with their counts; `names` replace those of the frame (index)."""
    keys = ["targets", "met", "missed", "open", "expected", "unassessed"]
    columns = [text(f"p_{key}" if key != "expected" else "p_expected_column", lang) for key in keys]
    shown = [[amount(row[key]) for key in keys] for row in frame.to_dict("records")]
    return pd.DataFrame(shown, columns=columns, index=pd.Index(names, name=text(head, lang)))


def alt_portfolio(found: Portfolio, lang: str) -> str:
    """Alternative text of the chart: the probability of each number met, from the least likely worth naming."""
    items = [
        say("alt_portfolio_item", lang, count=count, share=percent(float(share), lang))
        for count, share in found.counts["dependent"].items()
        if share >= 0.005
    ]
    return say("alt_portfolio", lang, items=join(items, lang), expected=amount(found.expected))


def portfolio_lines(found: Portfolio, lang: str) -> list[str]:
    """What the portfolio says, the deciding targets, and which cannot be assessed."""
    lines, missing = portfolio_sentences(found, lang), unassessed_sentence(found, lang)
    if len(found.targets):
        lines += ["", *plain_table(deciding_table(found, lang).reset_index())]
    return [*lines, "", missing] if missing else lines


# why a forecast is what it is


def explained(assessment: Assessment, found: Explanation, lang: str) -> list[str]:
    """Sentences on a mixture forecast and its explanation."""
    check_language(lang)
    until, extra = assessment.target.deadline, found.last_value - 1
    first, second = sorted(found.shares, key=lambda name: -found.shares[name])[:2]
    step = "why_stays" if abs(extra) < SMALL else "why_goes_on" if extra > 0 else "why_lost"
    lines = [
        say(
            "why_cells", lang, part=percent(found.structural, lang), first=_family(first, lang),
            p=percent(found.shares[first], lang), second=_family(second, lang),
            q=percent(found.shares[second], lang),
        ),
        say(step, lang, share=percent(abs(extra), lang)),
    ]  # fmt: skip
    if len(found.without):
        year = int((found.without - found.median).abs().idxmax())
        without = level_shown(assessment, float(found.without[year]), lang)
        median = level_shown(assessment, found.median, lang)
        lines.append(say("why_year", lang, year=year, until=until, without=without, median=median))
    if assessment.median is not None and assessment.interval is not None:
        low, high = (
            assessment.interval
        )  # errors of figures, partial years or comparators may have moved the median
        if abs(assessment.median - found.median) > MOVED * (high - low):
            lines.append(
                say("why_moved", lang, until=until, final=level_shown(assessment, assessment.median, lang))
            )
    return lines


def _family(name: str, lang: str) -> str:
    return say(f"family_{name.replace(' ', '_')}", lang)


def without_table(assessment: Assessment, found: Explanation, lang: str) -> pd.DataFrame:
    """The median at the deadline with every figure, and without that of each year: index shown year."""
    medians = pd.concat([pd.Series({text("none_left_out", lang): found.median}), found.without])
    title = text("c_median_without", lang, until=assessment.target.deadline)
    columns = {
        title: [level_shown(assessment, float(value), lang) for value in medians],
        text("c_difference", lang): [_difference(float(value) - found.median) for value in medians],
    }
    index = pd.Index([str(name) for name in medians.index], name=text("c_left_out", lang))
    return pd.DataFrame(columns, index=index)


def _difference(difference: float) -> str:
    shown = number(difference)
    return NONE if shown == "0" else f"+{shown}" if difference > 0 else shown

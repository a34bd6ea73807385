"""Outlook, sensitivity, change, portfolio, what-if and explanation in sentences and tables of shown text.

What they say is computed in `analysis` and `forecasting`; the wording is data in `templates/`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ..analysis.outlook import Feasibility, Moved, Outlook
from ..analysis.portfolio import Portfolio
from ..analysis.scenarios import Scenario
from ..analysis.verdicts import STEPS, Change, Sensitivity, Variant
from ..assessment.answer import Assessment
from ..catalogue import catalogue, join, say, text
from ..data.load import Data
from ..forecasting.mixture import Explanation
from ..targets import pace_between
from . import sentences as words
from .formatting import NONE, amount, number, percent, signed, with_sign, with_unit
from .sentences import level, level_shown, panel_title, series_name, status_shown
from .show import Block, measure_shown, plain_table, strip, value_shown

DECIDING = 0.1  # a target with at least this share of the uncertainty is named
SMALL = 0.05  # of an extra step: neither repeated nor lost
MOVED = 0.02  # of the interval's width: more than drawing paths moves the median
NAMED = 0.005  # least probability of a number of targets that is named


def titled(
    rows: Iterable[Sequence[Any]], keys: Iterable[str], lang: str, head: str = "", index: Iterable[str] = (),
    **values: object,
) -> pd.DataFrame:  # fmt: skip
    """Rows of shown text under the titles of those keys, filled from `values`; `head` is the title of the `index`."""
    labels = pd.Index(list(index), name=text(head, lang)) if head else None
    return pd.DataFrame(list(rows), columns=[text(key, lang, **values) for key in keys], index=labels)


def pace_sentences(a: Assessment, ahead: Outlook, lang: str) -> list[str]:
    """The pace needed, a month for a target that counts, else as it is spoken of elsewhere; or why there is none."""
    move, tally = ahead.feasibility, a.tally
    months = round(12 * (tally.years - tally.covered)) if tally is not None else 0  # without a count
    if tally and a.status == "forecast" and a.target.kind == "cumulative" and tally.needed > 0 < months:
        some = tally.through is not None and tally.covered > 0
        sofar = number(tally.count / (12 * tally.covered)) if some else NONE
        facts: dict[str, Any] = {"count": level(a, tally.count, lang), "needed": level(a, tally.needed, lang)}
        facts |= {"months": months, "rate": number(tally.needed / months), "through": tally.through}
        return [say("move_month" if some else "move_month_none", lang, sofar=sofar, **facts)]
    if move.start is None or move.end is None or move.from_year is None or move.to_year is None:
        return [say(f"lack_{move.reason.code}", lang)] if move.reason is not None else []
    pace = words.pace_shown(a, pace_between(move.start, move.end, move.from_year, move.to_year), lang)
    from_100 = a.threshold is None and a.target.relative  # no figure of the base year
    ends = (move.start, move.end)
    start, end = (with_unit(signed(x - 100), "%", lang) if from_100 else level(a, x, lang) for x in ends)
    facts = {"year": move.to_year, "last": move.from_year, "years": move.years, "level": start, "bound": end}
    return [say("move_spare" if ahead.reached else "move_needed", lang, pace=pace, **facts)]


def speed_table(data: Data, a: Assessment, move: Feasibility, lang: str) -> pd.DataFrame:
    """Whose moves were at least as fast, how often: one row a source; empty without a pace."""

    def cells(row: Moved) -> list[str]:
        who = series_name(data, row.indicator_id, row.region, lang) if row.region else ""
        if row.indicator_id == a.definition["indicator_id"]:
            who = data.region_name(row.region, lang)
        if row.windows is None:  # the corpus
            who = text(f"o_{row.source}", lang, series=f"{row.series:,}", indicators=row.indicators)
            return [who, NONE, NONE, percent(row.share, lang, ())]
        share = percent(row.share, lang, ())
        if row.share in (0, 1):  # of counts they are exact
            share = with_unit(f"{100 * row.share:.0f}", "%", lang)
        return [who, str(row.windows), str(row.as_fast), share]

    return titled(map(cells, move.rows), ("o_who", "o_windows", "o_fast", "o_share"), lang, years=move.years)


def scenario_shown(row: Scenario, lang: str) -> tuple[str, str]:
    """The name of a scenario, in words where it is one of the usual ones, and its answer."""
    name = text(f"w_{row.name}", lang) if f"w_{row.name}" in catalogue() else row.name
    return name, words.chance(row.answer, lang)[0] or status_shown(row.answer, lang)


def scenarios_table(rows: Sequence[Scenario], lang: str) -> pd.DataFrame:
    """One row a scenario: probability, median at the deadline, pace, how often anything moved so fast."""
    cells = {}
    for row in rows:
        (name, said), a = scenario_shown(row, lang), row.answer
        pace = words.pace_shown(a, row.pace, lang) if row.pace else NONE
        shares = [percent(row.share(source), lang, ()) for source in ("own", "comparator", "bank")]
        cells[name] = [said, NONE if a.median is None else level_shown(a, a.median, lang), pace, *shares]
    keys = ("w_probability", "median", "w_pace", "w_own", "w_comparators", "w_corpus")
    return titled(cells.values(), keys, lang, "w_scenario", cells)


def attained_table(ahead: Outlook, lang: str) -> pd.DataFrame:
    """The first year with a chance of 50, 80 and 95 %, or until when there is none."""
    none, keys = text("o_not_within", lang, year=ahead.looked_until), ("o_certainty", "o_year")
    return titled([[percent(p, lang), str(year or none)] for p, year in ahead.attained.items()], keys, lang)


def waiting_sentences(ahead: Outlook, lang: str, today: int) -> list[str]:
    """When it is reached, and how long one may wait; or why that cannot be said.

    `today` is the year of asking: after the deadline nothing is said about waiting, and what is past is said as past.
    """
    if ahead.reason is not None:
        return [say(f"lack_{ahead.reason.code}", lang)]
    year, act, last = ahead.attained[0.5], ahead.last_to_act, ahead.last_year
    facts = {"year": year, "until": ahead.looked_until, "deadline": ahead.deadline, "last": last}
    said = [say("attained_some" if year else "attained_none", lang, **facts)]
    if last is None or last >= ahead.deadline or today > ahead.deadline:
        return said
    if ahead.reached or act is None:
        key = "act_reached" if ahead.reached else "act_none"
    elif act > last:
        key = "act_over" if act < today else "act_year"
    else:
        key = "act_now" if act == last else "act_past"
    return [*said, say(key, lang, **facts, act=act, years=len(ahead.chances))]


def outlook_blocks(data: Data, outlooks: Sequence[tuple[Assessment, Outlook]], lang: str) -> list[Block]:
    """Pace, speed, years of attainment and the last year to act of each definition."""
    blocks = []
    for part, ahead in outlooks:
        move, tables = ahead.feasibility, dict[str, pd.DataFrame]()
        series = [row for row in move.rows if row.windows is not None]
        windows, fast = (sum(getattr(row, name) for row in series) for name in ("windows", "as_fast"))
        corpus = {row.source: row.share for row in move.rows if row.windows is None}
        lines = pace_sentences(part, ahead, lang)
        if any(row.source == "own" and not row.windows for row in series):
            lines.append(say("fast_own_none", lang, region=part.region_names[lang], years=move.years))
        if windows:
            lines.append(say("fast_series", lang, windows=windows, count=fast))
        if (share := corpus.get("bank")) is not None:
            either = "bank_either" in corpus
            key = "fast_bank" if either else "fast_bank_lost"
            lines.append(say(key, lang, share=percent(1 - share if either else share, lang, ())))
        lines += waiting_sentences(ahead, lang, part.as_of.year)
        lines += [say("ahead_by_figures", lang)] if part.basis == "both" and ahead.reason is None else []
        if move.rows:
            how = [say(f"fast_{move.scale}", lang)] if move.scale in ("logodds", "typical") else []
            caption = ("。" if lang == "zh" else ". ").join([text("o_fast_caption", lang), *how])
            tables[caption] = speed_table(data, part, move, lang)
        if ahead.reason is None:
            tables[text("o_attained_caption", lang)] = attained_table(ahead, lang)
        blocks.append(Block(panel_title(part, lang), [*dict.fromkeys(lines)], tables))
    return blocks


def choice_shown(row: Variant, lang: str) -> str:
    """One choice in a few words: "from 2015 on", "without 2020", the name of a model."""
    if row.kind in ("asked", "model"):
        return text("v_asked" if row.kind == "asked" else f"model_{row.value}", lang)
    return row.names.get(lang) or text(f"v_value_{row.kind}", lang, value=row.value, first=row.first)


def verdict_shown(row: Variant, lang: str) -> str:
    """The answer of one variant: its probability, or met, missed, not computed."""
    if row.probability is not None:
        return percent(row.probability, lang)
    unknown = "status_not_assessable" if row.kind == "asked" else "v_cannot"
    return text(f"status_{row.status}" if row.computed else unknown, lang)


def sensitivity_table(varied: Sensitivity, lang: str) -> pd.DataFrame:
    """One row a variant, as asked first: what was varied, choice, probability, word (or why there is none), verdict."""
    rows = []
    for row in (varied.asked, *varied.rows):
        word = text(f"word_{row.word}", lang) if row.word else ""
        kind, key = (text(f"v_{row.kind}", lang), "v_flips" if row.flips else "v_holds")
        kind, key = ("", "v_asked") if row.kind == "asked" else (kind, key)
        verdict = text(key, lang) if varied.asked.computed and row.computed else ""
        word = word if row.computed else words.reason(row.reason, lang)
        rows.append([kind, choice_shown(row, lang), verdict_shown(row, lang), word, verdict])
    return titled(rows, ("v_kind", "v_choice", "k_probability", "k_word", "v_verdict"), lang)


def sensitivity_sentences(varied: Sensitivity, lang: str) -> list[str]:
    """Whether the verdict holds, by which choices it changes, and what could not be computed."""
    if not varied.rows or not varied.asked.computed:
        return [say("sens_unassessed" if varied.rows else "sens_nothing", lang)]
    shown = [(row, choice_shown(row, lang), verdict_shown(row, lang)) for row in varied.rows]
    rows = [row for row in varied.rows if row.computed]
    failed = [name for row, name, _ in shown if row not in rows]
    names = [text("aside", lang, words=name, aside=said) for row, name, said in shown if row.flips]
    facts: dict[str, Any] = {"count": len(rows), "flips": len(names), "names": join(names, lang)}
    key = "sens_flip" if names else "sens_hold"
    if varied.asked.probability is None:
        key += "_settled"
    else:
        known = [row.probability for row in (varied.asked, *rows) if row.probability is not None]
        facts |= {"low": percent(min(known), lang), "high": percent(max(known), lang)}
    said = [say(key, lang, **facts)] if rows else []
    return said + ([say("sens_failed", lang, names=join(failed, lang))] if failed else [])


def sensitivity_blocks(varied: Sequence[Sensitivity], lang: str) -> list[Block]:
    """What the variants mean, with a strip of their probabilities and their table, for each answer that has any."""
    blocks = []
    for one in [one for one in varied if one.rows]:
        known = [row for row in (one.asked, *one.rows) if row.probability is not None]
        sides = [[row.probability or 0.0 for row in known if row.flips == flips] for flips in (False, True)]
        items = [f"{choice_shown(row, lang)} {verdict_shown(row, lang)}" for row in one.rows if row.computed]
        facts = {"asked": verdict_shown(one.asked, lang), "items": join(items, lang) or say("none", lang)}
        alt = say("alt_sensitivity", lang, name=one.answer.target.name(lang), flips=len(one.flips), **facts)
        drawn, tables = strip(sides[0], sides[1], alt, lang), {"": sensitivity_table(one, lang)}
        blocks.append(Block(panel_title(one.answer, lang), sensitivity_sentences(one, lang), tables, drawn))
    return blocks


def change_sentence(changed: Change, lang: str) -> str:
    """From which answer to which, and why, in one sentence."""
    both = {"before": changed.before, "after": changed.after}
    answers = {when: words.chance(a, lang)[0] or f"“{status_shown(a, lang)}”" for when, a in both.items()}
    facts = answers | {"earlier": str(changed.before.as_of), "later": str(changed.after.as_of)}
    if changed.word == "unchanged":
        return say("changed_same", lang, **facts)
    key = "changed_flipped" if changed.flipped else "changed_moved"
    return say(key, lang, **facts, cause=say(f"cause_{changed.word}", lang))


def change_blocks(data: Data, changed: Change, lang: str, most: int = 0) -> list[Block]:
    """What changed and why, with each step (in points of probability, where each has one) and the figures in between,
    at `most` so many of the last where named.
    """
    blocks = []
    for one in (changed, *(part for part in changed.parts if part.word != "unchanged")):
        block = Block(panel_title(one.after, lang), [change_sentence(one, lang)], {})
        effects = [effect for effect in one.steps.values() if effect is not None]
        if one.word != "unchanged" and len(effects) == len(STEPS):
            points = [text("d_points", lang, value=signed(100 * each)) for each in (*effects, sum(effects))]
            named = [text(f"d_{step}", lang) for step in (*STEPS, "total")]
            steps = titled(zip(named, points, strict=True), ("d_step", "d_effect"), lang)
            block.tables[text("d_step", lang)] = steps
        blocks.append(block)
    rows = []
    for came in changed.figures[-most:].to_dict("records"):
        unit, when = data.indicator(came["indicator_id"]), came["base_period"]
        before = NONE if pd.isna(came["value_before"]) else value_shown(came, unit, lang, "_before")
        name, measure = series_name(data, came["indicator_id"], came["region"], lang), came["measure"]
        shown = [measure_shown(measure, when, lang), value_shown(came, unit, lang), before]
        rows.append([name, came["period"], *shown, str(came["known_from"].date())])
    if rows:
        keys = ("d_series", "c_period", "c_measure", "c_figure", "d_before", "c_date")
        blocks[0].tables[text("d_came", lang)] = titled(rows, keys, lang)
    else:
        blocks[0].lines.append(say("nothing_came", lang))
    return blocks


def portfolio_sentences(plan: Portfolio, lang: str) -> list[str]:
    """How many are expected to be met, what is settled, what dependence does, and what decides the total."""
    targets, total = plan.targets, len(plan.targets) + len(plan.unassessed)
    if targets.empty:
        return [say("plan_none", lang, total=total)]
    low, high = plan.interval()
    said = [_expected_number(plan, "plan_expected" if low < high else "plan_expected_sure", total, lang)]
    settled = {status: int((targets["status"] == status).sum()) for status in ("met", "missed")}
    if any(settled.values()):
        said.append(say("plan_settled", lang, **settled))
    if plan.high - plan.low > 1e-9:
        said.append(say("plan_definitions", lang, low=amount(plan.low), high=amount(plan.high)))
    if targets["probability"].between(0, 1, inclusive="neither").sum() > 1:
        ends, one = (*plan.interval("independent"), *plan.interval("stress")), plan.dependence
        facts: dict[str, Any] = dict(zip(("ilow", "ihigh", "slow", "shigh"), ends, strict=True))
        facts |= {"mean": f"{one.mean:.2f}".replace("-", "−"), "pairs": one.pairs, "possible": one.possible}
        said.append(say("plan_dependence" if one.pairs else "plan_no_dependence", lang, **facts))
    most = _by_uncertainty(plan)
    names = most.loc[most["share_of_variance"] >= DECIDING, f"name_{lang}"]
    return said + ([say("plan_deciders", lang, names=join(names, lang))] if len(names) else [])


def _expected_number(plan: Portfolio, key: str, total: int, lang: str, **more: object) -> str:
    """How many of the `total` can be assessed, how many are expected to be met, and between which numbers."""
    low, high = plan.interval()
    facts = {"assessed": len(plan.targets), "expected": amount(plan.expected), "low": low, "high": high}
    return say(key, lang, total=total, share=percent(plan.within(low, high), lang), **facts | more)


def _by_uncertainty(plan: Portfolio) -> pd.DataFrame:
    """The targets with a share of the uncertainty, the largest first."""
    open_ones = plan.targets[plan.targets["share_of_variance"] > 0]
    return open_ones.sort_values("share_of_variance", ascending=False, kind="stable")


def unassessed_sentence(plan: Portfolio, lang: str, most: int | None = None) -> str:
    """Which targets cannot be assessed, by name; an empty text when all can. Of more than `most` only the number."""
    names = plan.unassessed[f"name_{lang}"].tolist()
    key = "plan_unassessed_many" if most is not None and len(names) > most else "plan_unassessed"
    return say(key, lang, count=len(names), names=join(names, lang)) if names else ""


def deciding_table(plan: Portfolio, lang: str) -> pd.DataFrame:
    """Open targets by how much of the uncertainty they carry: name (index), probability, share, effect."""
    most = _by_uncertainty(plan)
    shares = most[["probability", "share_of_variance"]].map(percent, lang=lang)
    rows = shares.assign(weight=most["weight"].map(signed)).to_numpy()
    return titled(rows, ("k_probability", "p_variance", "p_weight"), lang, "c_target", most[f"name_{lang}"])


def alt_portfolio(plan: Portfolio, lang: str) -> str:
    """Alternative text of the chart: the probability of each number met, from the least likely worth naming."""
    chances = plan.counts["dependent"][lambda chance: chance >= NAMED]
    items = [say("alt_portfolio_item", lang, count=n, share=percent(p, lang)) for n, p in chances.items()]
    return say("alt_portfolio", lang, items=join(items, lang), expected=amount(plan.expected))


def portfolio_lines(plan: Portfolio, lang: str) -> list[str]:
    """What the portfolio says, the deciding targets, and which cannot be assessed."""
    lines, missing = portfolio_sentences(plan, lang), unassessed_sentence(plan, lang)
    if len(plan.targets):
        lines += ["", *plain_table(deciding_table(plan, lang).reset_index())]
    return [*lines, "", missing] if missing else lines


def regions_lines(answers: Sequence[Assessment], plan: Portfolio, lang: str) -> list[str]:
    """One question asked of several regions: a row each, and how many and whether all will meet it, together."""
    rows = [
        [a.region_names[lang], words.target_shown(a, lang), join(words.chance(a, lang), lang) or status_shown(a, lang)]
        for a in answers
    ]  # fmt: skip
    lines = plain_table(titled(rows, ("c_region", "k_threshold", "c_answer"), lang))
    if plan.targets.empty:
        return lines
    every = percent(float(plan.counts["dependent"].iloc[-1]), lang)
    return [*lines, "", _expected_number(plan, "regions_together", len(answers), lang, every=every)]


def why_block(a: Assessment, why: Explanation, lang: str) -> Block:
    """What carries a mixture forecast in sentences; the median with every figure and without that of each year.

    A median that only the drawing of paths sets apart from the explained one is shown in its place.
    """
    until, extra = a.target.deadline, why.last_value - 1
    families = sorted(why.shares, key=lambda name: -why.shares[name])[:2]
    first, second = (say(f"family_{name.replace(' ', '_')}", lang) for name in families)
    p, q = (percent(why.shares[name], lang, ()) for name in families)
    step = "why_stays" if abs(extra) < SMALL else "why_goes_on" if extra > 0 else "why_lost"
    cells = {"part": percent(why.structural, lang, ()), "first": first, "p": p, "second": second, "q": q}
    lines = [say("why_cells", lang, **cells), say(step, lang, share=percent(abs(extra), lang, ()))]
    low, high = a.interval or (0.0, math.inf)
    median = why.median if a.median is None else a.median
    moved = abs(median - why.median) > MOVED * (high - low)  # by errors, parts of years, others
    centre, tables = why.median if moved else median, {}
    if len(why.without):
        by = why.without - why.median
        away = {text("none_left_out", lang): 0.0} | {str(year): each for year, each in by.items()}
        shown = {name: level_shown(a, centre + each, lang) for name, each in away.items()}
        year, sizes, (whole, *_) = int(by.abs().idxmax()), [*by], shown.values()
        lines.append(say("why_year", lang, until=until, year=year, without=shown[str(year)], median=whole))
        rows = [[shown[k], with_sign(number(x, beside=sizes)) if x else NONE] for k, x in away.items()]
        tables[""] = titled(rows, ("c_median_without", "c_difference"), lang, "c_left_out", away, until=until)
    if moved:
        lines.append(say("why_moved", lang, until=until, final=level_shown(a, median, lang)))
    return Block(panel_title(a, lang), lines, tables)

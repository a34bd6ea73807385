"""The track record in words: the sections of its notebook, one call each, their sentences and their tables.

Everything is computed from the record; the wording is data in `templates/`. Cells of tables hold shown text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import join, say, text
from ..forecasting.annual import borrowing_evidence, learned
from ..rules import RULES
from . import sentences, show
from .analyses import titled
from .figures.charts import reliability_chart, skill_chart
from .formatting import number, percent, typed, with_sign, with_unit

if TYPE_CHECKING:
    from ..data.load import Data
    from ..trackrecord.record import TrackRecord

GOOD, FAIR = 2.5, 5.0  # percentage points between said and happened
TARGET = ["plan", "target_id", "region", "definition"]  # what makes a real target
METHOD = ("known", "targets", "rules", "levels", "bootstrap", "bank")
BORROWED = ("published", "expected")
MOST = 40  # statements of the ledger that are shown
NONE = "–"

Row = Any  # a row of scores, as a dict or a pandas Series


def answer(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the two sentences on what may be concluded, and hand the page its title."""
    concluded = (bank_conclusion(record.bank, lang), own_conclusion(record, lang))
    plan = sentences.plan_title(data, record.plan, lang) if record.plan else ""
    title = text("track_title_plan" if plan else "track_question", lang, plan=plan)
    said = (" " if lang == "en" else "").join(concluded)
    front = {"kind": "track", "lang": lang, "title": title, "plan": record.plan, "model": "mixture"}
    front |= {"as_of": record.as_of.isoformat(), "answer": said, "short": concluded[1]}
    show.section("answer", lang, "\n\n".join(concluded), front)


def bank(record: TrackRecord, lang: str) -> None:
    """Show the record on held-out indicators: reliability, scores, the rules by years left, and the intervals."""
    corpus = record.bank
    show.section("bank", lang)
    _reliability(pd.DataFrame(corpus["reliability"]), lang)
    ratio, low, high = (_shown(corpus["relative_crps"][key]) for key in ("ratio", "low", "high"))
    crps = {"crps": ratio, "crps_low": low, "crps_high": high}
    show.markdown(_parts_of_brier(corpus["all"], "bank_brier", lang, **crps))
    show.markdown(f"### {text('h_bank_rules', lang)}\n\n{bank_rules_lead(corpus, lang)}")
    show.table(_rules_by_years(corpus["rules"]["by_years"], lang))
    show.markdown(f"### {text('h_bank_coverage', lang)}\n\n{text('s_bank_coverage', lang)}")
    by_years = {_years(row["years"], lang): row for row in corpus["coverage"]}
    show.table(_scores(by_years, COVERED, "tc_years", lang))
    lengths = {f"{row['from']}–{row['to']}": row for row in corpus["by_length"]}
    show.table(_scores(lengths, ("tc_number", "tc_met", *BRIER), "tc_length", lang))


def borrowing(lang: str) -> None:
    """Show how far forecasts move towards comparators, and what that did to their error on held-out indicators."""
    shown = borrowing_evidence()
    facts = {"indicators": shown["indicators"], "cases": f"{shown['cases']:,}"}
    show.section("borrowing", lang, **facts)
    show.table(borrowing_table(shown, lang), index=False)
    helps = all(shown[key]["crps"] < 1 for key in BORROWED)  # both kinds reduce the error
    show.markdown(text("borrow_verdict_helps" if helps else "borrow_verdict_mixed", lang, **facts))


def borrowing_table(shown: dict[str, Any], lang: str) -> pd.DataFrame:
    """One row for what comparators published, one for what is expected of them; shown text."""
    shares, rows = {"published": [learned().published], "expected": list(learned().expected)}, []
    for key in BORROWED:
        errors = shown[key]["by_indicator"].values()
        # `percent` would call nothing less than one
        moved = [percent(share, lang) if share else _shown(0, "share", lang) for share in shares[key]]
        error, ends = f"{shown[key]['crps']:.2f}", f"{min(errors):.2f}–{max(errors):.2f}"
        inside = percent(shown[key]["interval_90_holds"], lang)
        rows.append([text(f"r_borrow_{key}", lang), join(moved, lang), error, ends, inside])
    return titled(rows, [f"c_borrow_{head}" for head in ("what", "share", "error", "range", "holds")], lang)


def own(record: TrackRecord, lang: str) -> None:
    """Show the hindcasts on the package's own series: reliability with counts, scores by years left and by kind."""
    from ..trackrecord.record import coverage, summary

    if record.asked.empty:
        show.section("own", lang, own_conclusion(record, lang))
        return
    show.section("own", lang, _own_counts(record, lang))
    _reliability(record.reliability(), lang)
    show.markdown(_parts_of_brier(summary(record.asked), "own_brier", lang))
    asked = ("tc_number", "tc_indicators", "tc_met", *BRIER)
    show.markdown(f"### {text('h_own_years', lang)}")
    by_years = {str(years): row for years, row in record.by("years").iterrows()}
    show.table(_scores(by_years, asked, "tc_years", lang))
    covered = {_years(years, lang): row for years, row in coverage(record.ahead).iterrows()}
    show.table(_scores(covered, (*COVERED, "tc_crps"), "tc_years", lang))
    show.markdown(f"### {text('h_own_kind', lang)}")
    by_kind = {text(f"kind_{kind}", lang): row for kind, row in record.by("kind").iterrows()}
    show.table(_scores(by_kind, asked, "tc_kind", lang))


def benchmarks(record: TrackRecord, lang: str) -> None:
    """Show our skill against every rule and every named model on the same questions of the own series."""
    if record.asked.empty:
        return
    show.section("rivals", lang)
    rules = {RULES[str(rule)].name(lang): row for rule, row in record.rules.iterrows()}
    skills = {
        name: [_shown(row[kind], "skill", lang) for kind in ("skill", "fair")] for name, row in rules.items()
    }
    items = join([f"{name} {'; '.join(both)}" for name, both in skills.items()], lang)
    show.picture(skill_chart(record.rules, list(rules), lang), text("alt_skill", lang, items=items))
    show.markdown(_beaten("own_rules", record.beaten_at(), lang))
    raw, fair = record.toughest["raw"], record.toughest["calibrated"]
    years = [year for year in raw.index if year in fair.index]
    rows = [{"years": year, "raw": raw.loc[year], "calibrated": fair.loc[year]} for year in years]
    show.table(_rules_by_years(rows, lang))
    keys = ("tc_answered", "tc_rule_brier", "tc_fair_brier", "tc_ours", "tc_skill_raw", "tc_skill_fair")
    show.table(_scores(rules, keys, "tc_rule", lang))
    show.markdown(f"### {text('h_models', lang)}\n\n{text('s_models', lang)}")
    models = {text(f"model_{name}", lang): row for name, row in record.named_models.iterrows()}
    keys = ("tc_origins", "tc_number", "tc_brier", "tc_ours", "tc_skill", "tc_crps_model")
    show.table(_scores(models, keys, "tc_model", lang))
    show.markdown(_models_verdict(record, lang))


def earlier(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the plan's national counterpart in full, then every other real target with an outcome."""
    from ..data.load import pages

    told = record.earlier
    if told.empty:
        return
    keys = pd.MultiIndex.from_frame(told[["plan", "target_id", "region"]])
    counterpart = keys == tuple(pages(data.folder).get("national", {}).get(key, "") for key in keys.names)
    national = told[counterpart]
    if len(national):
        gap = "" if lang == "zh" else " "
        show.section("national", lang, f"{text('s_national', lang)}{gap}{national_sentence(national, lang)}")
        asked = national[national[[*RULES]].notna().any(axis=1) | national["probability"].notna()]
        show.table(everyone(asked, lang))
    show.section("earlier", lang)
    for (_, _, region), rows in told[~counterpart].groupby(["plan", "indicator_id", "region"], sort=False):
        row, several = rows.iloc[0], rows["target_id"].nunique() > 1
        caption = [data.region_name(str(region), lang), str(row[f"name_{lang}"])]
        caption += [] if several else [_asked_shown(row, lang)]
        shown = rows[rows["probability"].notna() | rows["met"].notna()]
        show.table(_earlier_table(shown, lang), " · ".join(caption))
    show.markdown(f"{earlier_score(told, lang)}\n\n{say('earlier_left_out', lang)}")


def ledger(data: Data, record: TrackRecord, lang: str) -> None:
    """Show what was said in earlier runs, newest first, at most MOST statements, and what happened since."""
    show.section("ledger", lang, "\n\n".join([text("s_ledger", lang), *ledger_sentences(record, lang)]))
    scored = record.ledger[record.ledger["happened"].notna()]
    told = (scored if len(scored) else record.ledger).sort_values("asked_at", ascending=False, kind="stable")
    targets = data.targets[["plan", "target_id", f"name_{lang}"]].astype(str)
    names = {(plan, target): name for plan, target, name in targets.itertuples(index=False, name=None)}
    rows, series = [], data.indicators.set_index("indicator_id")[f"name_{lang}"]
    for row in told.head(MOST).to_dict("records"):
        happened = text("pending", lang)
        if not pd.isna(row["happened"]):
            happened = text("status_met" if row["happened"] else "status_missed", lang)
            happened += "" if row["in_advance"] else text("after_the_fact", lang)
        name = names.get((row["plan"], row["target_id"]), row["target_id"])
        if row["role"] != "main":
            region, _, indicator = row["definition"].rpartition("/")
            by = str(series.get(indicator, indicator))
            if region:
                by = text("place_and_series", lang, region=data.region_name(region, lang), name=by)
            name = text(f"said_{row['role']}", lang, name=name, by=by)
        day, chance = row["asked_at"].strftime("%Y-%m-%d"), percent(row["probability"], lang)
        rows.append([name, day, row["as_of"], chance, happened, _shown(row["error"])])
    if rows:
        keys = ("tc_target", "tc_day", "tc_as_of", "tc_probability", "tc_outcome", "tc_error")
        show.table(titled(rows, keys, lang), index=False)


def method(lang: str) -> None:
    """Show how everything was computed, a line each."""
    show.section("method", lang, "\n".join(f"- {say(f'method_{key}', lang)}" for key in METHOD))


def spoken(record: TrackRecord, lang: str) -> list[str]:
    """The record in sentences, for a terminal: conclusions, rules, models, real targets, ledger."""
    from ..trackrecord.record import summary

    lines = [bank_conclusion(record.bank, lang), own_conclusion(record, lang)]
    lines += [bank_rules_lead(record.bank, lang)]
    if len(record.asked):
        lines += [_own_counts(record, lang), _parts_of_brier(summary(record.asked), "own_brier", lang)]
        lines += [_beaten("own_rules", record.beaten_at(), lang), _models_verdict(record, lang)]
    lines += [earlier_score(record.earlier, lang), " ".join(ledger_sentences(record, lang))]
    return [line for line in lines if line]


def bank_conclusion(bank: dict[str, Any], lang: str) -> str:
    """What may be concluded from the record on held-out indicators.

    The gap is the mean distance between said and happened, in percentage points, weighted by the number of questions.
    """
    table, whole, rules = pd.DataFrame(bank["reliability"]), bank["all"], bank["rules"]
    distance = (table["said"] - table["happened"]).abs()
    gap = round(float(100 * (distance * table["number"]).sum() / table["number"].sum()), 6)
    near = table.iloc[(table["said"] - 0.85).abs().argmin()]
    compared, best = "bank_rivals_unknown", None
    if any(row["years"] == "all" for row in rules["by_years"]):
        compared = "bank_rivals"
        best = min(rule["calibrated"]["brier"] for rule in rules["each"] if rule["answered"] > 0.9)
    verdict = "bank_good" if gap <= GOOD else "bank_fair" if gap <= FAIR else "bank_poor"
    return say(
        "bank_conclusion", lang, number=f"{whole['number']:,.0f}", indicators=int(whole["indicators"]),
        gap=f"{gap:.1f}", high=percent(near["happened"], lang), brier=_shown(whole["brier"]),
        rivals=say(compared, lang, rule=_shown(best), climatology=_shown(whole["climatology"])),
        verdict=say(verdict, lang),
    )  # fmt: skip


def own_conclusion(record: TrackRecord, lang: str) -> str:
    """What may be concluded from the package's own series; says so when the record is too small."""
    from ..trackrecord.record import FEW

    concluded = record.conclusion()
    if concluded["code"] == "nothing":
        return say("own_nothing", lang)
    hard = concluded["hard"]
    skill, low, high = (float(hard[name]) for name in ("skill", "low", "high"))
    value = _shown(abs(skill), "share", lang)
    return say(
        f"own_{concluded['code']}", lang, number=f"{concluded['number']:,.0f}", few=FEW, value=value,
        indicators=int(concluded["indicators"]), rule=RULES[hard["rival"]].name(lang), low=_shown(low, "skill", lang),
        high=_shown(high, "skill", lang), less=say("own_less" if skill >= 0 else "own_more", lang, value=value),
        zero=say("own_no_zero" if low > 0 or high < 0 else "own_zero", lang), models=_better_model(record, lang),
    )  # fmt: skip


def _better_model(record: TrackRecord, lang: str) -> str:
    """The named model with the smallest error on these questions, where that is smaller than ours."""
    better = record.named_models[record.named_models["skill"] < 0].sort_values("skill")
    if better.empty:
        return ""
    row = better.iloc[0]  # skill is 1 - ours / theirs; the reader is told 1 - theirs / ours
    less, low, high = (1 - 1 / (1 - float(row[name])) for name in ("skill", "high", "low"))
    facts = {"low": _shown(low, "skill", lang), "high": _shown(high, "skill", lang)}
    facts |= {"value": _shown(less, "share", lang)}
    return say("own_models_better", lang, model=text(f"model_{row.name}", lang), **facts)


def _models_verdict(record: TrackRecord, lang: str) -> str:
    """Which named models have the better Brier score on the own series."""
    better = record.named_models.index[record.named_models["skill"] < 0]
    names = join([text(f"model_{name}", lang) for name in better], lang)
    return say("model_verdict_some" if names else "model_verdict_none", lang, models=names)


def _own_counts(record: TrackRecord, lang: str) -> str:
    """How many series, origins and questions there are, and how many of the series rest on the publication lag."""
    lagged = record.about["lagged"]
    return say(
        "own_counts", lang, series=record.ahead["series"].nunique(), origins=record.about["origins"],
        number=f"{len(record.asked):,}", met=percent(record.asked["met"].mean(), lang),
        lagged=say("own_lagged", lang, count=lagged) if lagged else "",
    )  # fmt: skip


def _parts_of_brier(whole: dict[str, float], key: str, lang: str, **more: str) -> str:
    """Brier score with its interval, taken apart (Murphy 1973), and the log score, as a sentence."""
    names = {"brier": "brier", "log": "log_score", "low": "brier_low", "high": "brier_high"}
    values = {name: _shown(whole[column]) for name, column in names.items()}
    parts = {name: _shown(whole[name], "part") for name in ("reliability", "resolution", "uncertainty")}
    return say(key, lang, **values, **parts, **more)


def bank_rules_lead(bank: dict[str, Any], lang: str) -> str:
    """What the table of rules on held-out indicators shows, and whether any rule wins anywhere."""
    rules = bank["rules"]
    rows, kinds = [row for row in rules["by_years"] if row["years"] != "all"], ("raw", "calibrated")
    skills = {int(row["years"]): [row[kind]["skill"] or 0 for kind in kinds] for row in rows}
    beaten = [years for years, both in skills.items() if min(both) < 0]
    verdict = _beaten("bank_rules", beaten, lang)
    return say("bank_rules_lead", lang, tasks=rules["tasks"], number=f"{rules['number']:,}", verdict=verdict)


def _beaten(key: str, years: list[int], lang: str) -> str:
    """Whether any rule, calibrated or not, has the better score at some number of years left."""
    return say(f"{key}_some" if years else f"{key}_none", lang, years=join(map(str, years), lang))


def earlier_score(earlier: pd.DataFrame, lang: str) -> str:
    """Our score over real targets with an outcome, beside the rules'; always with the warning that they are few."""
    told = earlier[earlier["met"].notna() & earlier["probability"].notna()]
    pairs = {}
    for rule in RULES:
        both = told[told[rule].notna()]
        if len(both) and len(both) >= len(told) / 2:
            pairs[rule] = (_brier(both, rule), _brier(both, "probability"))
    if not pairs:
        return ""
    best, brier = min(pairs, key=lambda rule: pairs[rule][0] - pairs[rule][1]), _brier(told, "probability")
    return say(
        "earlier_score", lang, number=len(told), targets=told.groupby(TARGET).ngroups,
        indicators=told["indicator_id"].nunique(), brier=_shown(brier), rules=len(pairs),
        better=sum(theirs < ours for theirs, ours in pairs.values()), best=RULES[best].name(lang),
        best_brier=_shown(pairs[best][0]), best_ours=_shown(pairs[best][1]),
        verdict=say("earlier_worse" if brier > 0.25 else "earlier_better", lang),
    )  # fmt: skip


def _brier(rows: pd.DataFrame, column: str) -> float:
    """Mean squared error of a column's probabilities, each target counting once."""
    errors = ((rows[column] - rows["met"]) ** 2).astype(float)
    return float(errors.groupby([rows[name] for name in TARGET]).mean().mean())


def national_sentence(rows: pd.DataFrame, lang: str) -> str:
    """What each definition says of the plan's national counterpart, and what was said last under it."""
    parts = {}
    for key, definition in zip("ab", sorted(rows["definition"].dropna().unique()), strict=False):
        mine = rows[(rows["definition"] == definition) & rows["probability"].notna()]
        if mine.empty:
            return ""
        last = mine.iloc[-1]
        facts, settled = {"probability": percent(float(last["probability"]), lang)}, pd.notna(last["outcome"])
        if settled:
            facts["verdict"] = text("status_met" if last["met"] else "status_missed", lang)
            facts["outcome"] = _level(last, float(last["outcome"]), lang)
        parts[key] = say("national_b" if settled else "national_a", lang, **facts)
    return say("national_sentence", lang, **parts) if len(parts) == 2 else ""


def ledger_sentences(record: TrackRecord, lang: str) -> list[str]:
    """What the ledger holds, and its score once an outcome is there."""
    if not record.issued:
        return [say("ledger_empty", lang)]
    told = record.ledger
    scored = told[told["happened"].notna()]
    advance = scored[scored["in_advance"]]
    counts = {"issued": record.issued, "told": len(told), "scored": len(scored), "advance": len(advance)}
    lines = [say("ledger_counts", lang, **counts)]
    if advance.empty:
        return [*lines, say("ledger_none_yet", lang)]
    targets = advance.groupby(["plan", "target_id", "region"]).ngroups
    return [*lines, say("ledger_brier", lang, brier=_shown(advance["error"].mean()), targets=targets)]


def _reliability(table: pd.DataFrame, lang: str) -> None:
    """Show what was said against what happened, described tenth by tenth."""
    items = []
    for _, row in table.iterrows():
        facts = {name: percent(row[name], lang) for name in ("said", "happened")}
        items.append(text("alt_reliability_item", lang, number=int(row["number"]), **facts))
    show.picture(reliability_chart(table, lang), text("alt_reliability", lang, items=join(items, lang)))


def _rules_by_years(rows: list[Row], lang: str) -> pd.DataFrame:
    """By years left: number of questions, the hardest rule to beat as it stands and calibrated, with both scores.

    `rows` as `training.record` keeps them: years, raw and calibrated, each with rival, brier, ours, number.
    """
    cells = []
    for row in rows:
        cells.append([f"{row['raw']['number']:,.0f}"])
        for rule in (row["raw"], row["calibrated"]):
            both = text("two_scores", lang, brier=_shown(rule["brier"]), ours=_shown(rule["ours"]))
            cells[-1] += [RULES[str(rule["rival"])].name(lang), both]
    keys = ("tc_number", "tc_raw", "tc_two", "tc_fair", "tc_two")
    return titled(cells, keys, lang, "tc_years", [_years(row["years"], lang) for row in rows])


BRIER = ("tc_brier", "tc_reliability", "tc_resolution", "tc_uncertainty", "tc_log")
COVERED = ("tc_forecasts", "tc_in50", "tc_in90")
CELLS = {  # what stands under each title of a table of scores: a kind of number, its column, the prefix of its ends
    "tc_number": ("count", "number"), "tc_forecasts": ("count", "number"),
    "tc_indicators": ("count", "indicators"), "tc_met": ("percent", "met"),
    "tc_brier": ("score", "brier", "brier_"), "tc_reliability": ("part", "reliability"),
    "tc_resolution": ("part", "resolution"), "tc_uncertainty": ("part", "uncertainty"),
    "tc_log": ("score", "log_score"), "tc_in50": ("share", "in50", "in50_"), "tc_in90": ("share", "in90", "in90_"),
    "tc_crps": ("score", "crps_ratio", "crps_"), "tc_crps_model": ("score", "crps_ratio", "crps_"),
    "tc_answered": ("share", "answered"), "tc_rule_brier": ("score", "brier"),
    "tc_fair_brier": ("score", "fair_brier"), "tc_ours": ("score", "ours"), "tc_skill": ("skill", "skill", ""),
    "tc_skill_raw": ("skill", "skill", ""), "tc_skill_fair": ("skill", "fair", "fair_"),
}  # fmt: skip


def _scores(rows: dict[str, Row], keys: Iterable[str], head: str, lang: str) -> pd.DataFrame:
    """A table of scores, a row each, under the titles of those keys of CELLS."""
    return titled([[_cell(row, key, lang) for key in keys] for row in rows.values()], keys, lang, head, rows)


def _cell(row: Row, key: str, lang: str) -> str:
    """A number of a table of scores, with its interval where it has one."""
    if key == "tc_origins":
        return text("origins_failed", lang, origins=int(row["origins"]), failed=int(row["failed"]))
    kind, column, *prefix = CELLS[key]
    ends = [f"{start}{end}" for start in prefix for end in ("low", "high")]
    value, *interval = (_shown(row.get(name), kind, lang) for name in (column, *ends))
    if not interval or (NONE in interval and kind != "share"):
        return value
    name = "share_with_interval" if kind == "skill" else "score_with_interval"
    return text(name, lang, value=value, low=interval[0].rstrip(" %"), high=interval[1])


def _earlier_table(rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Real targets of one plan: day asked, last figure, what we would have said, rules yes and no, the outcome.

    Where there are several targets, what each asks stands in a column of its own.
    """
    several, cells = rows["target_id"].nunique() > 1, []
    for _, row in rows.iterrows():
        votes = row[[*RULES]].dropna()
        yes = int(votes.sum())
        ballots = text("yes_no", lang, yes=yes, no=len(votes) - yes) if len(votes) else NONE
        expected = NONE if pd.isna(row["expected"]) else _level(row, float(row["expected"]), lang)
        last = NONE if pd.isna(row["last_year"]) else str(int(row["last_year"]))
        asked = [_asked_shown(row, lang)] if several else []
        said, came = _said_and_came(row, lang)
        cells.append([*asked, last, said, expected, ballots, came])
    keys = ("tc_last", "tc_said", "tc_expected", "tc_rules", "tc_outcome")
    return titled(cells, ("tc_target", *keys) if several else keys, lang, "tc_as_of", map(str, rows["as_of"]))


def _asked_shown(row: pd.Series, lang: str) -> str:
    """Years and the change or level a target asks for: "2010–2015 · −16 %"; "about" with its tolerance."""
    base, deadline = row["base_year"], int(row["deadline"])
    years = f"{int(base)}–{deadline}" if pd.notna(base) else str(deadline)
    if pd.isna(row["threshold"]):  # a direction, or better every year: the years say all there is
        return years
    relative, unit = row["kind"] == "relative_change", str(row["unit_zh" if lang == "zh" else "unit"])
    amount = typed(float(row["threshold"]))
    asked = with_unit(with_sign(amount), "%", lang) if relative else with_unit(amount, unit, lang)
    if row["tolerance"] > 0:
        step = text("points", lang) if relative or unit == "%" else unit
        slack = with_unit(typed(float(row["tolerance"])), step, lang)
        asked = text("asked_about", lang, value=asked, slack=slack)
    return f"{years} · {asked}"


def everyone(rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """One real target in full: we and each rule down, each day and definition across."""
    columns, first = {}, rows["definition"].min()  # a later definition is named after it
    for _, row in rows.iterrows():
        mark = text("definition_a" if row["definition"] == first else "definition_b", lang)
        votes = [NONE if pd.isna(vote) else text("yes" if vote else "no", lang) for vote in row[[*RULES]]]
        column = f"{row['as_of']} · {mark}" if rows["definition"].nunique() > 1 else f"{row['as_of']}"
        said, came = _said_and_came(row, lang)
        columns[column] = [said, *votes, came]
    names = [text("we", lang), *(RULES[rule].name(lang) for rule in RULES), text("tc_outcome", lang)]
    return pd.DataFrame(columns, index=pd.Index(names, name=text("tc_who", lang)))


def _said_and_came(row: pd.Series, lang: str) -> tuple[str, str]:
    """Our probability, and what came at the deadline: met or missed with the figure; or that none was published."""
    known = pd.notna(row["probability"])
    said = percent(float(row["probability"]), lang) if known else text("status_not_assessable", lang)
    if pd.isna(row["met"]):
        return said, text("no_outcome", lang)
    value = NONE if pd.isna(row["outcome"]) else _level(row, float(row["outcome"]), lang)
    return said, text("outcome_met" if row["met"] else "outcome_missed", lang, value=value)


def _level(row: pd.Series, value: float, lang: str) -> str:
    """A level as people read it: of a relative target the change on the base year, with its sign."""
    if row["kind"] == "average_growth":
        growth = 100 * ((value / 100) ** (1 / (int(row["deadline"]) - int(row["base_year"]))) - 1)
        return say("as_growth", lang, value=with_unit(number(growth), "%", lang))
    if row["kind"] != "relative_change":
        return number(value)
    return ("+" if value > 100 else "") + with_unit(number(value - 100), "%", lang)


def _shown(value: Any, kind: str = "score", lang: str = "en") -> str:
    """A number as shown: a "score", a "part" of one, a "count", a probability in "percent", a "share" in whole percent,
    a "skill" in percent with its sign; a dash where there is none.

    >>> _shown(0.18163), _shown(None), _shown(0.131, "skill"), _shown(-0.5, "skill", "zh"), _shown(0.001, "skill")
    ('0.182', '–', '+13 %', '−50%', '0 %')
    """
    if value is None or not math.isfinite(float(value)):
        return NONE
    if kind in ("score", "part"):
        return f"{float(value):.{3 if kind == 'score' else 4}f}".replace("-", "−")
    if kind in ("count", "percent"):
        return f"{value:,.0f}" if kind == "count" else percent(value, lang)
    whole = f"{100 * float(value):.0f}" if kind == "share" else f"{round(100 * float(value)):,}"
    return with_unit(with_sign(whole.replace("-", "−")) if kind == "skill" else whole, "%", lang)


def _years(years: Any, lang: str) -> str:
    return text("all_years", lang) if years == "all" else str(int(years))

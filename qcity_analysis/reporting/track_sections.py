"""The track record in words: the sections of its notebook, one call each, their sentences and their tables.

Everything is computed from the record; the wording is data in `templates/`. Cells of tables hold shown text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..catalogue import join, say, text
from ..data.load import Data, pages
from ..forecasting.annual import borrowing_evidence, learned
from ..forecasting.quantiles import reliability
from ..rules import RULES
from ..series.annual import annual_series
from ..trackrecord.ledger import with_earlier
from ..trackrecord.record import FEW, TrackRecord, coverage, real_summary, summary
from . import sentences, show
from .analyses import titled
from .figures import hedgehog_chart, reliability_chart, skill_chart
from .formatting import NONE, number, percent, typed, with_sign, with_unit

GOOD, TOLERABLE = 5.0, 10.0  # percentage points between said and happened
METHOD = ("known", "targets", "basis", "rules", "levels", "bootstrap", "corpus")
MOST = 40  # statements of the ledger that are shown
DIGITS = {"count": 0, "score": 3, "part": 4}  # after the point
CELLS = {  # what stands under each title of a table of scores: a kind of number, its column, those of its ends
    "tc_number": ("count", "number"), "tc_forecasts": ("count", "number"), "tc_targets": ("count", "targets"),
    "tc_indicators": ("count", "indicators"), "tc_met": ("share", "met"), "tc_right": ("share", "right"),
    "tc_answered": ("share", "answered"), "tc_in50": ("share", "in50", "in50_low", "in50_high"),
    "tc_in90": ("share", "in90", "in90_low", "in90_high"), "tc_brier": ("score", "brier", "brier_low", "brier_high"),
    "tc_schedule": ("score", "schedule"), "tc_same": ("score", "same"), "tc_log": ("score", "log_score"),
    "tc_rule_brier": ("score", "brier"), "tc_fair_brier": ("score", "fair_brier"), "tc_ours": ("score", "ours"),
    "tc_crps": ("score", "crps_ratio", "crps_low", "crps_high"), "tc_reliability": ("part", "reliability"),
    "tc_resolution": ("part", "resolution"), "tc_uncertainty": ("part", "uncertainty"),
    "tc_crps_model": ("score", "crps_ratio", "crps_low", "crps_high"), "tc_skill": ("skill", "skill", "low", "high"),
    "tc_skill_raw": ("skill", "skill", "low", "high"), "tc_skill_fair": ("skill", "fair", "fair_low", "fair_high"),
}  # fmt: skip
PREFIXES = {"tc_rule": "benchmark_", "tc_model": "model_", "tc_basis": "tb_"}  # of the names of rows
BRIER = ("tc_brier", "tc_reliability", "tc_resolution", "tc_uncertainty", "tc_log")
COVERED = ("tc_forecasts", "tc_in50", "tc_in90")
REAL = ("tc_targets", "tc_number", "tc_right", "tc_met", "tc_brier", "tc_schedule", "tc_same")
Row = Any  # a row of scores, as a dict or a pandas Series


def answer(data: Data, record: TrackRecord, lang: str) -> None:
    """Show what may be concluded, real targets first, and hand the page its title and the index its table."""
    concluded = spoken(record, lang)[:3]  # real targets, held-out indicators, own series
    plan = sentences.plan_title(data, record.plan, lang) if record.plan else ""
    title = text("track_title_plan" if plan else "track_question", lang, plan=plan)
    front: dict[str, Any] = {"kind": "track", "lang": lang, "title": title, "plan": record.plan}
    front |= {"model": "mixture", "as_of": record.as_of.isoformat(), "short": concluded[0]}
    front["answer"] = (" " if lang == "en" else "").join(concluded)
    if len(record.real):
        table = real_table(data, record, "plan", lang)
        front["past"] = {"head": [table.index.name, *table], "rows": table.reset_index().to_numpy().tolist()}
        front["past"]["plans"] = [*record.real_by("plan").index]
    show.section("answer", lang, "\n\n".join(concluded), front)


def corpus(record: TrackRecord, lang: str) -> None:
    """Show the record on held-out indicators: reliability, scores, the rules by years left, and the intervals."""
    whole = record.corpus
    show.section("corpus", lang)
    _reliability(pd.DataFrame(whole["reliability"]), lang)
    crps = {f"crps_{name}".removesuffix("_ratio"): _shown(x) for name, x in whole["relative_crps"].items()}
    show.markdown(_parts_of_brier(whole["all"], "corpus_brier", lang, **crps))
    show.markdown(f"### {text('h_corpus_rules', lang)}\n\n{corpus_rules_lead(whole, lang)}")
    show.table(_rules_by_years(whole["rules"]["by_years"], lang))
    show.markdown(f"### {text('h_corpus_coverage', lang)}\n\n{text('s_corpus_coverage', lang)}")
    show.table(_scores(pd.DataFrame(whole["coverage"]).set_index("years"), COVERED, "tc_years", lang))
    lengths = pd.DataFrame(whole["by_length"], index=[f"{r['from']}–{r['to']}" for r in whole["by_length"]])
    show.table(_scores(lengths, ("tc_number", "tc_met", *BRIER), "tc_length", lang))


def borrowing(lang: str) -> None:
    """Show how far forecasts move towards comparators, and what that did to their error on held-out indicators."""
    evidence, rows = borrowing_evidence(), []
    facts = {"indicators": evidence["indicators"], "cases": f"{evidence['cases']:,}"}
    show.section("borrowing", lang, **facts)
    for key, shares in (("published", [learned().published]), ("expected", learned().expected)):
        told, errors = evidence[key], evidence[key]["by_indicator"].values()
        # `percent` would call nothing less than one
        moved = [percent(share, lang) if share else _shown(0, "share", lang) for share in shares]
        cells = [f"{told['crps']:.2f}", f"{min(errors):.2f}–{max(errors):.2f}"]
        inside = percent(told["interval_90_holds"], lang)
        rows.append([text(f"r_borrow_{key}", lang), join(moved, lang), *cells, inside])
    heads = [f"c_borrow_{head}" for head in ("what", "share", "error", "range", "holds")]
    show.table(titled(rows, heads, lang), index=False)
    helps = max(evidence[key]["crps"] for key in ("published", "expected")) < 1
    show.markdown(text(f"borrow_verdict_{'helps' if helps else 'mixed'}", lang, **facts))


def own(record: TrackRecord, lang: str) -> None:
    """Show the hindcasts on the package's own series: reliability with counts, scores by years left and by kind."""
    asked = ("tc_number", "tc_indicators", "tc_met", *BRIER)
    none = record.asked.empty
    show.section("own", lang, own_conclusion(record, lang) if none else _own_counts(record, lang))
    if none:
        return
    _reliability(record.reliability(), lang)
    show.markdown(_parts_of_brier(summary(record.asked), "own_brier", lang))
    show.table(_scores(record.by("years"), asked, "tc_years", lang), text("h_own_years", lang))
    show.table(_scores(coverage(record.ahead), (*COVERED, "tc_crps"), "tc_years", lang))
    show.table(_scores(record.by("kind"), asked, "tc_kind", lang), text("h_own_kind", lang))


def benchmarks(record: TrackRecord, lang: str) -> None:
    """Show our skill against every rule and every named model on the same questions of the own series."""
    if record.asked.empty:
        return
    show.section("benchmarks", lang)
    names = [_named(rule, "tc_rule", lang) for rule in record.rules.index]
    both = record.rules[["skill", "fair"]].map(_shown, kind="skill", lang=lang).agg("; ".join, axis=1)
    items = join([f"{name} {shown}" for name, shown in zip(names, both, strict=True)], lang)
    show.picture(skill_chart(record.rules, names, lang), text("alt_skill", lang, items=items))
    show.markdown(_beaten("own_rules", record.beaten_at(), lang))
    raw, fitted = (table.to_dict("index") for table in record.toughest.values())
    rows = [{"years": year, "raw": raw[year], "calibrated": fitted[year]} for year in raw if year in fitted]
    show.table(_rules_by_years(rows, lang))
    keys = ("tc_answered", "tc_rule_brier", "tc_fair_brier", "tc_ours", "tc_skill_raw", "tc_skill_fair")
    show.table(_scores(record.rules, keys, "tc_rule", lang))
    show.markdown(f"### {text('h_models', lang)}\n\n{text('s_models', lang)}")
    keys = ("tc_origins", "tc_number", "tc_brier", "tc_ours", "tc_skill", "tc_crps_model")
    show.table(_scores(record.named_models, keys, "tc_model", lang))
    show.markdown(_models_verdict(record, lang))


def earlier(data: Data, record: TrackRecord, lang: str) -> None:
    """Show the record on real targets: scores, benchmarks, past forecasts drawn, and every target in a folded list."""
    told, facts = record.earlier, pages(data.folder)
    if told.empty:
        return
    show.section("earlier", lang)
    if len(record.real):
        _reliability(reliability(*record.real[["probability", "met"]].to_numpy(dtype=float).T), lang)
        for column in ("plan", "kind", "years", "basis"):
            if column != "basis" or len(record.real_by(column)):
                show.table(real_table(data, record, column, lang), text(f"h_real_{column}", lang))
        scores = record.real_benchmarks.query("answered > 0").sort_values("skill", kind="stable")
        keys = ("tc_number", "tc_rule_brier", "tc_ours", "tc_skill")
        show.table(_scores(scores, keys, "tc_rule", lang), text("h_real_benchmarks", lang))
        show.markdown(_light(record, lang))
    unscored, targets = told.attrs.get("unscored", {}), with_earlier(data).targets
    asked, names = (rows["plan"] + "/" + rows["target_id"] for rows in (told, targets))
    for name in facts.get("hedgehogs", ()):
        _hedgehog(data, told[asked == name], lang)
    if len(counterpart := targets[names == facts.get("national")]):
        show.section("national", lang)
        show.table(_each_target(data, counterpart, told[told["plan"].isin(counterpart["plan"])], {}, lang))
    show.section("each", lang)
    for plan in dict.fromkeys([*told["plan"], *(name.partition("/")[0] for name in unscored)]):
        mine, rows = targets[targets["plan"] == plan], told[told["plan"] == plan]
        table = _each_target(data, mine, rows, unscored, lang)
        show.html(f'<a id="{plan}"></a>')
        title = sentences.plan_title(data, str(plan), lang)
        show.table(table, folded=text("aside", lang, words=title, aside=len(table)))


def ledger(data: Data, record: TrackRecord, lang: str) -> None:
    """Show what was said in earlier runs, newest first, at most MOST statements, and what happened since."""
    show.section("ledger", lang, "\n\n".join([text("s_ledger", lang), *ledger_sentences(record, lang)]))
    told = pd.concat([record.ledger, record.judgements])
    told = told[told["happened"].notna() | told["happened"].isna().all()]
    told = told.sort_values("asked_at", ascending=False, kind="stable")
    if told.empty:
        return
    names = data.targets.set_index(["plan", "target_id"])[f"name_{lang}"].to_dict()
    rows, series = [], data.indicators.set_index("indicator_id")[f"name_{lang}"]
    for row in told.head(MOST).to_dict("records"):
        word = "pending" if pd.isna(row["happened"]) else "status_met" if row["happened"] else "status_missed"
        happened = text(word, lang) + ("" if row["in_advance"] else text("after_the_fact", lang))
        name = names.get((row["plan"], row["target_id"]), row["target_id"])
        if row["role"] == "judgement":
            name = text("said_judgement", lang, name=name, author=row["author"], reason=row["reason"])
        elif row["role"] != "main":
            region, _, indicator = row["definition"].rpartition("/")
            by = str(series.get(indicator, indicator))
            if region:
                by = text("place_and_series", lang, region=data.region_name(region, lang), name=by)
            name = text(f"said_{row['role']}", lang, name=name, by=by)
        day, chance = row["asked_at"].strftime("%Y-%m-%d"), percent(row["probability"], lang)
        rows.append([name, day, row["as_of"], chance, happened, _shown(row["error"])])
    keys = ("tc_target", "tc_day", "tc_as_of", "tc_probability", "tc_outcome", "tc_error")
    show.table(titled(rows, keys, lang), index=False)


def method(lang: str) -> None:
    """Show how everything was computed, a line each."""
    show.section("method", lang, "\n".join(f"- {say(f'method_{key}', lang)}" for key in METHOD))


def spoken(record: TrackRecord, lang: str) -> list[str]:
    """The record in sentences, for a terminal: conclusions, rules, models, real targets, ledger."""
    lines = [real_conclusion(record, lang), corpus_conclusion(record.corpus, lang)]
    lines += [own_conclusion(record, lang), corpus_rules_lead(record.corpus, lang)]
    if len(record.asked):
        lines += [_own_counts(record, lang), _parts_of_brier(summary(record.asked), "own_brier", lang)]
        lines += [_beaten("own_rules", record.beaten_at(), lang), _models_verdict(record, lang)]
    return [line for line in [*lines, " ".join(ledger_sentences(record, lang))] if line]


def corpus_conclusion(corpus: dict[str, Any], lang: str) -> str:
    """What may be concluded from the record on held-out indicators."""
    table, whole, rules = pd.DataFrame(corpus["reliability"]), corpus["all"], corpus["rules"]
    near = table.iloc[(table["said"] - 0.85).abs().argmin()]
    known = any(row["years"] == "all" for row in rules["by_years"])
    each = [rule["calibrated"]["brier"] for rule in rules["each"] if known and rule["answered"] > 0.9]
    facts = {"rule": _shown(min(each, default=None)), "climatology": _shown(whole["climatology"])}
    return say(
        "corpus_conclusion", lang, number=_shown(whole["number"], "count"), indicators=int(whole["indicators"]),
        gap=f"{_gap(table):.1f}", high=percent(near["happened"], lang), brier=_shown(whole["brier"]),
        against=say("corpus_against" if known else "corpus_against_unknown", lang, **facts),
    )  # fmt: skip


def _gap(table: pd.DataFrame) -> float:
    """Mean distance between said and happened, in percentage points, weighted by the number of questions."""
    apart = (table["said"] - table["happened"]).abs()
    return round(100 * float(np.average(apart, weights=table["number"])), 6)


def real_conclusion(record: TrackRecord, lang: str) -> str:
    """What may be concluded from real targets: their probabilities are taken at their word only where these hold."""
    real = record.real
    if real.empty:
        return say("real_none", lang)
    whole, said = real_summary(real), real["probability"]
    gap = _gap(reliability(said.to_numpy(), real["met"].to_numpy()))
    helps = whole["brier"] < min(0.25, whole["climatology"])
    verdict = "real_poor" if not helps or gap > TOLERABLE else "real_good" if gap <= GOOD else "real_fair"
    ends = {"high": real.loc[said >= 0.8, "met"], "low": real.loc[said <= 0.2, "met"]}
    facts = {name: percent(met.mean(), lang) if len(met) else NONE for name, met in ends.items()}
    facts |= {name: _shown(whole[name]) for name in ("brier", "climatology", "schedule", "same")}
    facts |= {name: _shown(whole[name], "count") for name in ("targets", "number")}
    shown = say(verdict, lang, gap=f"{gap:.0f}")
    return say("real_conclusion", lang, verdict=shown, plans=real["plan"].nunique(), **facts)


def _light(record: TrackRecord, lang: str) -> str:
    """How often the official grade was right, beside our score on the same questions; empty without any."""
    row, lit = record.real_benchmarks.loc["light"], record.real[record.real["light"].notna()]
    red = lit[lit["light"] == 0]
    return "" if lit.empty else say(
        "light", lang, number=len(lit), right=int((lit["light"] == lit["met"]).sum()), red=len(red),
        met=int(red["met"].sum()), theirs=_shown(row["brier"]), ours=_shown(row["ours"]),
    )  # fmt: skip


def own_conclusion(record: TrackRecord, lang: str) -> str:
    """What may be concluded from the package's own series; says so when the record is too small."""
    concluded = record.conclusion()
    if concluded["code"] == "nothing":
        return say("own_nothing", lang)
    hard, value = concluded["hard"], _shown(abs(float(concluded["hard"]["skill"])), "share", lang)
    return say(
        f"own_{concluded['code']}", lang, number=_shown(concluded["number"], "count"), few=FEW,
        indicators=int(concluded["indicators"]), rule=_named(hard["rival"], "tc_rule", lang),
        low=_shown(hard["low"], "skill", lang), high=_shown(hard["high"], "skill", lang),
        less=say("own_less" if hard["skill"] >= 0 else "own_more", lang, value=value),
    )  # fmt: skip


def _models_verdict(record: TrackRecord, lang: str) -> str:
    """Which named models have the better Brier score on the own series."""
    better = record.named_models.index[record.named_models["skill"] < 0]
    names = join([_named(name, "tc_model", lang) for name in better], lang)
    return say("model_verdict_some" if names else "model_verdict_none", lang, models=names)


def _own_counts(record: TrackRecord, lang: str) -> str:
    """How many series, origins and questions there are, and how many of the series rest on the publication lag."""
    about, asked = record.about, record.asked
    return say(
        "own_counts", lang, series=record.ahead["series"].nunique(), origins=about["origins"],
        number=f"{len(asked):,}", met=percent(asked["met"].mean(), lang),
        lagged=say("own_lagged", lang, count=about["lagged"]) if about["lagged"] else "",
    )  # fmt: skip


def _parts_of_brier(whole: dict[str, float], key: str, lang: str, **more: str) -> str:
    """Brier score with its interval, taken apart (Murphy 1973), and the log score, as a sentence."""
    names = {"brier": "brier", "log": "log_score", "low": "brier_low", "high": "brier_high"}
    values = {name: _shown(whole[column]) for name, column in names.items()} | more
    values |= {name: _shown(whole[name], "part") for name in ("reliability", "resolution", "uncertainty")}
    return say(key, lang, **values)


def corpus_rules_lead(corpus: dict[str, Any], lang: str) -> str:
    """What the table of rules on held-out indicators shows, and whether any rule wins anywhere."""
    rules = corpus["rules"]
    each = [(r["years"], r["raw"]["skill"] or 0, r["calibrated"]["skill"] or 0) for r in rules["by_years"]]
    beaten = [int(years) for years, *skills in each if years != "all" and min(skills) < 0]
    facts = {"tasks": rules["tasks"], "number": f"{rules['number']:,}"}
    return say("corpus_rules_lead", lang, verdict=_beaten("corpus_rules", beaten, lang), **facts)


def _beaten(key: str, years: list[int], lang: str) -> str:
    """Whether any rule, calibrated or not, has the better score at some number of years left."""
    return say(f"{key}_some" if years else f"{key}_none", lang, years=join(map(str, years), lang))


def ledger_sentences(record: TrackRecord, lang: str) -> list[str]:
    """What the ledger holds, and its score once an outcome is there."""
    if not record.issued:
        return [say("ledger_empty", lang)]
    scored = record.ledger[record.ledger["happened"].notna()]
    advance = scored[scored["in_advance"]]
    counts = {"told": len(record.ledger), "scored": len(scored), "advance": len(advance)}
    targets = advance.groupby(["plan", "target_id", "region"]).ngroups
    brier = say("ledger_brier", lang, brier=_shown(advance["error"].mean()), targets=targets)
    said = [say("ledger_counts", lang, issued=record.issued, **counts)]
    said.append(say("ledger_none_yet", lang) if advance.empty else brier)
    if len(people := record.judgements):
        error = people.loc[people["in_advance"], "error"].dropna()
        key, brier = "ledger_judged" if len(error) else "ledger_judged_open", _shown(error.mean())
        said.append(say(key, lang, told=len(people), scored=len(error), brier=brier))
    return said


def _reliability(table: pd.DataFrame, lang: str) -> None:
    """Show what was said against what happened, described tenth by tenth."""
    shares = table[["said", "happened"]].map(percent, lang=lang).to_dict("records")
    told = zip(table["number"].astype(int), shares, strict=True)
    items = join([text("alt_reliability_item", lang, number=n, **both) for n, both in told], lang)
    show.picture(reliability_chart(table, lang), text("alt_reliability", lang, items=items))


def _hedgehog(data: Data, rows: pd.DataFrame, lang: str) -> None:
    """Show what was forecast of one target in each year of its period against what came."""
    rows = rows[rows[["level", "low", "high"]].notna().all(axis=1)]
    if rows.empty:
        return
    row = rows.iloc[0]
    base = int(row["base_year"]) if pd.notna(row["base_year"]) else None
    levels = annual_series(data, str(row["definition"]), str(row["region"]), base_year=base).known()
    said = [f"{r.as_of.year} {percent(r.probability, lang)}" for r in rows.itertuples()]
    parts = [data.region_name(str(row["region"]), lang), row[f"name_{lang}"], _asked_shown(row, lang)]
    facts = {"name": " · ".join(parts), "items": join(said, lang), "came": _came(row, lang)}
    show.markdown(f"### {text('h_hedgehog', lang, **facts)}")
    figure = hedgehog_chart(rows, levels.loc[: int(row["deadline"])], lang)
    show.picture(figure, text("alt_hedgehog", lang, **facts))


def real_table(data: Data, record: TrackRecord, column: str, lang: str) -> pd.DataFrame:
    """The record on real targets by "plan", "kind", "years" left or "basis", a row each, and all; shown text."""
    table = record.real_by(column)
    table.loc["all"] = real_summary(record.real)
    if column == "plan":
        table.index = [sentences.plan_title(data, name, lang) for name in table.index[:-1]] + ["all"]
    return _scores(table, REAL, f"tc_{column}", lang)


def _each_target(
    data: Data, targets: pd.DataFrame, told: pd.DataFrame, unscored: dict[str, str], lang: str
) -> pd.DataFrame:
    """A row for each target and definition of a plan: what was said in each year, and what came or why not scored."""
    aside, cells, names = pages(data.folder).get("not_scored", {}), list[list[str]](), list[str]()
    for target in targets.to_dict("records"):
        key, region = f"{target['plan']}/{target['target_id']}", data.region_name(target["region"], lang)
        name = " · ".join([region, target[f"name_{lang}"], _asked_shown(target, lang)])
        mine = told[told["target_id"] == target["target_id"]]
        for _, rows in mine.groupby("definition", sort=False):
            each = zip(rows["as_of"], rows["probability"], strict=True)
            shown = [f"{day.year}: {percent(p, lang) if p == p else NONE}" for day, p in each]
            cells.append([" · ".join(shown), _came(rows.iloc[0], lang)])
        if mine.empty:
            why = aside[key][lang] if key in aside else text(f"unscored_{unscored.get(key, 'refused')}", lang)
            cells.append([NONE, text("unscored", lang, why=why)])
        names += [name] * (len(cells) - len(names))
    return titled(cells, ("tc_said", "tc_outcome"), lang, "tc_target", names)


def _rules_by_years(rows: list[Row], lang: str) -> pd.DataFrame:
    """By years left: number of questions, the hardest rule to beat as it stands and calibrated, with both scores."""
    cells = [[_shown(row["raw"]["number"], "count")] for row in rows]
    for row, shown in zip(rows, cells, strict=True):
        for rule in (row["raw"], row["calibrated"]):
            both = {name: _shown(rule[name]) for name in ("brier", "ours")}
            shown += [RULES[str(rule["rival"])].name(lang), text("two_scores", lang, **both)]
    keys = ("tc_number", "tc_raw", "tc_two", "tc_fair", "tc_two")
    return titled(cells, keys, lang, "tc_years", [_named(row["years"], "tc_years", lang) for row in rows])


def _scores(rows: pd.DataFrame, keys: Iterable[str], head: str, lang: str) -> pd.DataFrame:
    """A table of scores, a row each, under the titles of those keys of CELLS."""
    cells = [[_cell(row, key, lang) for key in keys] for _, row in rows.iterrows()]
    return titled(cells, keys, lang, head, [_named(name, head, lang) for name in rows.index])


def _named(name: Any, head: str, lang: str) -> str:
    """The title of a row of a table of scores: a rule, model, kind, number of years, basis, or what it is called."""
    if name == "all":
        return text("tb_headline" if head == "tc_basis" else "all_years", lang)
    if name in RULES:
        return RULES[name].name(lang)
    if head in PREFIXES:
        return text(f"{PREFIXES[head]}{name}", lang)
    if head == "tc_kind":
        return say(f"kind_{name}", lang)
    return f"{name:g}" if head == "tc_years" else str(name)


def _cell(row: Row, key: str, lang: str) -> str:
    """A number of a table of scores, with its interval where it has one."""
    if key == "tc_origins":
        return text("origins_failed", lang, origins=int(row["origins"]), failed=int(row["failed"]))
    kind, column, *ends = CELLS[key]
    value, *interval = (_shown(row.get(name), kind, lang) for name in (column, *ends))
    if not interval or (NONE in interval and kind != "share"):
        return value
    name = "share_with_interval" if kind == "skill" else "score_with_interval"
    return text(name, lang, value=value, low=interval[0].rstrip(" %"), high=interval[1])


def _asked_shown(row: Row, lang: str) -> str:
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


def _came(row: Row, lang: str) -> str:
    """What came at the deadline: met or missed with the figure; or that none is held."""
    if pd.isna(row["met"]):
        return text("no_outcome", lang)
    value = NONE if pd.isna(row["outcome"]) else _level(row, float(row["outcome"]), lang)
    return text("outcome_met" if row["met"] else "outcome_missed", lang, value=value)


def _level(row: Row, value: float, lang: str) -> str:
    """A level as people read it: of a relative target the change on the base year, with its sign."""
    if row["kind"] == "average_growth":
        growth = 100 * ((value / 100) ** (1 / (int(row["deadline"]) - int(row["base_year"]))) - 1)
        return say("as_growth", lang, value=with_unit(number(growth), "%", lang))
    if row["kind"] != "relative_change":
        return number(value)
    return ("+" if value > 100 else "") + with_unit(number(value - 100), "%", lang)


def _shown(value: Any, kind: str = "score", lang: str = "en") -> str:
    """A number as shown: a "score", a "part" of one, a "count", a "share" in whole percent, a "skill" in percent with
    its sign; a dash where there is none.

    >>> _shown(0.18163), _shown(None), _shown(0.131, "skill"), _shown(-0.5, "skill", "zh"), _shown(0.001, "skill")
    ('0.182', '–', '+13 %', '−50%', '0 %')
    """
    if value is None or not math.isfinite(float(value)):
        return NONE
    if kind in DIGITS:
        return f"{float(value):,.{DIGITS[kind]}f}".replace("-", "−")
    whole = f"{100 * float(value):.0f}" if kind == "share" else f"{round(100 * float(value)):,}"
    return with_unit(with_sign(whole.replace("-", "−")) if kind == "skill" else whole, "%", lang)

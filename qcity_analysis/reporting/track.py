"""The track record in words: what may be concluded, and sentences on scores, rules, real targets and the ledger.

Every sentence is computed from the record; the wording is data in `templates/sentences/trackrecord.toml`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import join, say, text
from .formatting import number, percent, with_unit

if TYPE_CHECKING:
    from ..trackrecord.record import TrackRecord

GOOD, FAIR = 2.5, 5.0  # percentage points between said and happened
TARGET = ["plan", "target_id", "region", "definition"]  # what makes a real target


def rule_name(rule: str, lang: str) -> str:
    """A published rule's name in `lang`.

    >>> rule_name("schedule", "en") != "", rule_name("schedule", "zh") != ""
    (True, True)
    """
    from ..rules import RULES

    return str(RULES[rule].name(lang))


def conclusion(record: TrackRecord, lang: str) -> tuple[str, str]:
    """The two sentences on what a reader may conclude: from the training bank, and from the package's own series."""
    return bank_conclusion(record.bank, lang), own_conclusion(record, lang)


def bank_conclusion(bank: dict[str, Any], lang: str) -> str:
    """What may be concluded from the record on held-out indicators.

    >>> from qcity_analysis.trackrecord.record import read_record
    >>> "indicators not used in training" in bank_conclusion(read_record(), "en")
    True
    """
    table, whole, rules = pd.DataFrame(bank["reliability"]), bank["all"], bank["rules"]
    gap = average_gap(table)
    near = table.iloc[(table["said"] - 0.85).abs().argmin()]
    compared, climatology = "bank_rivals_unknown", score(whole["climatology"])
    best: float | None = None
    if any(row["years"] == "all" for row in rules["by_years"]):
        compared = "bank_rivals"
        best = min(rule["calibrated"]["brier"] for rule in rules["each"] if rule["answered"] > 0.9)
    verdict = "bank_good" if gap <= GOOD else "bank_fair" if gap <= FAIR else "bank_poor"
    return say(
        "bank_conclusion", lang, number=f"{whole['number']:,.0f}", indicators=int(whole["indicators"]),
        gap=f"{gap:.1f}", high=percent(near["happened"], lang), brier=score(whole["brier"]),
        rivals=say(compared, lang, rule=score(best), climatology=climatology), verdict=say(verdict, lang),
    )  # fmt: skip


def average_gap(table: pd.DataFrame) -> float:
    """Mean distance in percentage points between said and happened, weighted by the number of questions.

    >>> average_gap(pd.DataFrame({"said": [0.1, 0.9], "happened": [0.2, 0.9], "number": [1, 1]}))
    5.0
    """
    distance = (table["said"] - table["happened"]).abs()
    return round(float(100 * (distance * table["number"]).sum() / table["number"].sum()), 6)


def own_conclusion(record: TrackRecord, lang: str) -> str:
    """What may be concluded from the package's own series; says so when the record is too small."""
    from ..trackrecord.scores import FEW

    found = record.conclusion()
    if found["code"] == "nothing":
        return say("own_nothing", lang)
    hard = found["hard"]
    skill, low, high = (float(hard[name]) for name in ("skill", "low", "high"))
    value = _share(abs(skill), lang)
    return say(
        f"own_{found['code']}", lang, number=f"{found['number']:,.0f}", indicators=int(found["indicators"]),
        few=FEW, rule=rule_name(hard["rival"], lang), value=value, low=signed_share(low, lang),
        high=signed_share(high, lang), less=say("own_less" if skill >= 0 else "own_more", lang, value=value),
        zero=say("own_no_zero" if low > 0 or high < 0 else "own_zero", lang),
        models=_better_model(record, lang),
    )  # fmt: skip


def _better(record: TrackRecord) -> pd.DataFrame:
    """The named models with a better score than ours, the best first."""
    table = record.named_models
    return table[table["skill"] < 0]


def _better_model(record: TrackRecord, lang: str) -> str:
    """The named model with the smallest error on these questions, where that is smaller than ours."""
    better = _better(record).sort_values("skill")
    if better.empty:
        return ""
    row = better.iloc[0]  # skill is 1 - ours / theirs; the reader is told 1 - theirs / ours
    less, low, high = (1 - 1 / (1 - float(row[name])) for name in ("skill", "high", "low"))
    return say(
        "own_models_better", lang, model=text(f"model_{row.name}", lang), value=_share(less, lang),
        low=signed_share(low, lang), high=signed_share(high, lang),
    )  # fmt: skip


def models_verdict(record: TrackRecord, lang: str) -> str:
    """Which named models have the better Brier score on the own series."""
    names = [text(f"model_{name}", lang) for name in _better(record).index]
    return say("model_verdict_some" if names else "model_verdict_none", lang, models=join(names, lang))


def own_counts(record: TrackRecord, lang: str) -> str:
    """How many series, origins and questions there are, and how many of the series rest on the publication lag."""
    lagged = len({(o.indicator_id, o.region) for o in record.made.origins if o.lagged})
    return say(
        "own_counts", lang, series=record.made.ahead["series"].nunique(), origins=len(record.made.origins),
        number=f"{len(record.asked):,}", met=percent(record.asked["met"].mean(), lang),
        lagged=say("own_lagged", lang, count=lagged) if lagged else "",
    )  # fmt: skip


def parts_of_brier(found: dict[str, float], key: str, lang: str, **more: str) -> str:
    """Brier score with its interval, taken apart (Murphy 1973), and the log score, as a sentence."""
    values = {name: score(found[name], 4) for name in ("reliability", "resolution", "uncertainty")}
    ends = {"low": score(found["brier_low"]), "high": score(found["brier_high"])}
    return say(
        key, lang, brier=score(found["brier"]), log=score(found["log_score"]), **ends, **values, **more
    )


def bank_rules_lead(bank: dict[str, Any], lang: str) -> str:
    """What the table of rules on held-out indicators shows, and whether any rule wins anywhere."""
    rules = bank["rules"]
    beaten = [
        int(row["years"])
        for row in rules["by_years"]
        if row["years"] != "all" and any((row[kind]["skill"] or 0) < 0 for kind in ("raw", "calibrated"))
    ]
    verdict = _beaten("bank_rules", beaten, lang)
    return say("bank_rules_lead", lang, tasks=rules["tasks"], number=f"{rules['number']:,}", verdict=verdict)


def own_rules_verdict(record: TrackRecord, lang: str) -> str:
    """Whether any rule, calibrated or not, has the better score at some number of years left on the own series."""
    return _beaten("own_rules", record.beaten_at(), lang)


def _beaten(key: str, years: list[int], lang: str) -> str:
    return say(f"{key}_some" if years else f"{key}_none", lang, years=join(map(str, years), lang))


def earlier_score(earlier: pd.DataFrame, rules: list[str], lang: str) -> str:
    """Our score over real targets with an outcome, beside the rules'; always with the warning that they are few."""
    told = earlier[earlier["met"].notna() & earlier["probability"].notna()]
    pairs = {}
    for rule in rules:
        both = told[told[rule].notna()]
        if len(both) and len(both) >= len(told) / 2:
            pairs[rule] = (_brier(both, rule), _brier(both, "probability"))
    if not pairs:
        return ""
    best, brier = min(pairs, key=lambda rule: pairs[rule][0] - pairs[rule][1]), _brier(told, "probability")
    return say(
        "earlier_score", lang, number=len(told), targets=told.groupby(TARGET).ngroups,
        indicators=told["indicator_id"].nunique(), brier=score(brier), rules=len(pairs),
        better=sum(theirs < ours for theirs, ours in pairs.values()), best=rule_name(best, lang),
        best_brier=score(pairs[best][0]), best_ours=score(pairs[best][1]),
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
        facts = {"probability": percent(float(last["probability"]), lang)}
        if pd.isna(last["outcome"]):
            parts[key] = say("national_a", lang, **facts)
        else:
            facts["verdict"] = text("status_met" if last["met"] else "status_missed", lang)
            facts["outcome"] = change_shown(float(last["outcome"]) - 100, lang)
            parts[key] = say("national_b", lang, **facts)
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
    return [*lines, say("ledger_brier", lang, brier=score(advance["error"].mean()), targets=targets)]


def spoken(record: TrackRecord, lang: str) -> list[str]:
    """The record in sentences, for a terminal: conclusions, rules, models, real targets, ledger."""
    from ..trackrecord.benchmarks import rule_names

    lines = [*conclusion(record, lang), bank_rules_lead(record.bank, lang)]
    if record.enough:
        lines += [own_counts(record, lang), parts_of_brier(record.overall(), "own_brier", lang)]
        lines += [own_rules_verdict(record, lang), models_verdict(record, lang)]
    lines += [earlier_score(record.earlier, rule_names(), lang), " ".join(ledger_sentences(record, lang))]
    return [line for line in lines if line]


def score(value: float | None, digits: int = 3) -> str:
    """A score with three decimals (or `digits`); a dash where there is none.

    >>> score(0.18163), score(None)
    ('0.182', '–')
    """
    if value is None or not math.isfinite(float(value)):
        return "–"
    return f"{float(value):.{digits}f}".replace("-", "−")


def signed_share(value: float | None, lang: str) -> str:
    """A share as signed whole percent: "+13 %"; a dash where there is none.

    >>> signed_share(0.131, "en"), signed_share(-0.5, "zh"), signed_share(0.001, "en")
    ('+13 %', '−50%', '0 %')
    """
    if value is None or not math.isfinite(float(value)):
        return "–"
    points = round(100 * float(value))
    return with_unit(f"{points:+,}".replace("-", "−") if points else "0", "%", lang)


def change_shown(value: float, lang: str) -> str:
    """A change in percent with its sign.

    >>> change_shown(-16.11, "en"), change_shown(2.0, "zh")
    ('−16.1 %', '+2%')
    """
    return ("+" if value > 0 else "") + with_unit(number(value), "%", lang)


def _share(value: float, lang: str) -> str:
    return with_unit(f"{100 * value:.0f}", "%", lang)

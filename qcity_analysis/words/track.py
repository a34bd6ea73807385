"""The track record in words: what may be concluded, and sentences on scores, rules, real targets and the ledger.

Every sentence is computed from the record; the wording is data in `templates/sentences/trackrecord.toml`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from .describe import say
from .labels import percent
from .numbers import number
from .texts import join, text

if TYPE_CHECKING:
    from ..trackrecord.record import TrackRecord

GOOD, FAIR = 2.5, 5.0  # percentage points between said and happened


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

    >>> from qcity_analysis.trackrecord.bankrecord import read_record
    >>> "indicators not used in training" in bank_conclusion(read_record(), "en")
    True
    """
    table = pd.DataFrame(bank["reliability"])
    gap = average_gap(table)
    near = table.iloc[(table["said"] - 0.85).abs().argmin()]
    rows = [row for row in bank["rules"]["by_years"] if row["years"] == "all"]
    whole = bank["all"]
    values = {"climatology": score(whole["climatology"])}
    rivals = say("bank_rivals_unknown", lang, **values)
    if rows:
        best = min(rule["calibrated"]["brier"] for rule in bank["rules"]["each"] if rule["answered"] > 0.9)
        rivals = say("bank_rivals", lang, rule=score(best), **values)
    verdict = "bank_good" if gap <= GOOD else "bank_fair" if gap <= FAIR else "bank_poor"
    return say(
        "bank_conclusion", lang, number=f"{whole['number']:,.0f}", indicators=int(whole["indicators"]),
        gap=f"{gap:.1f}", high=percent(near["happened"], lang), brier=score(whole["brier"]), rivals=rivals,
        verdict=say(verdict, lang),
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
    from ..trackrecord.scoring import FEW

    found = record.conclusion()
    if found["code"] == "nothing":
        return say("own_nothing", lang)
    hard = found["hard"]
    skill, low, high = (float(hard[name]) for name in ("skill", "low", "high"))
    facts = {
        "number": f"{found['number']:,.0f}",
        "indicators": int(found["indicators"]),
        "few": FEW,
        "rule": rule_name(hard["rival"], lang),
        "value": _share(abs(skill), lang),
        "low": signed_share(low, lang),
        "high": signed_share(high, lang),
        "less": say("own_less" if skill >= 0 else "own_more", lang, value=_share(abs(skill), lang)),
        "zero": say("own_no_zero" if low > 0 or high < 0 else "own_zero", lang),
    }
    return say(f"own_{found['code']}", lang, **facts)


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
    names = ("brier", "reliability", "resolution", "uncertainty")
    values = {name: score(found[name]) for name in names}
    return say(
        key, lang, low=score(found["brier_low"]), high=score(found["brier_high"]), log=score(found["log_score"]),
        **values, **more,
    )  # fmt: skip


def bank_rules_lead(bank: dict[str, Any], lang: str) -> str:
    """What the table of rules on held-out indicators shows, and whether any rule wins anywhere."""
    rules = bank["rules"]
    beaten = [
        int(row["years"])
        for row in rules["by_years"]
        if row["years"] != "all" and any((row[kind]["skill"] or 0) < 0 for kind in ("raw", "calibrated"))
    ]
    years = join([str(year) for year in beaten], lang)
    verdict = say("bank_rules_some", lang, years=years) if beaten else say("bank_rules_none", lang)
    return say("bank_rules_lead", lang, tasks=rules["tasks"], number=f"{rules['number']:,}", verdict=verdict)


def own_rules_verdict(record: TrackRecord, lang: str) -> str:
    """Whether any rule, calibrated or not, has the better score at some number of years left on the own series."""
    beaten = record.beaten_at()
    years = join([str(year) for year in beaten], lang)
    return say("own_rules_some", lang, years=years) if beaten else say("own_rules_none", lang)


def earlier_score(earlier: pd.DataFrame, lang: str) -> str:
    """Our score over real targets with an outcome; always with the warning that they are few."""
    told = earlier[earlier["met"].notna() & earlier["probability"].notna()]
    if told.empty:
        return ""
    error = ((told["probability"] - told["met"]) ** 2).mean()
    targets = told.groupby(["plan", "target_id", "region"]).ngroups
    facts = {"number": len(told), "targets": targets, "indicators": told["indicator_id"].nunique()}
    return say("earlier_score", lang, brier=score(error), **facts)


def national_sentence(rows: pd.DataFrame, lang: str) -> str:
    """What each definition says of the plan's national counterpart, and what was said last under it."""
    parts = {}
    for key, definition in (("a", "energy_per_gdp"), ("b", "energy_per_gdp_b")):
        mine = rows[(rows["definition"] == definition) & rows["probability"].notna()]
        if mine.empty:
            return ""
        last = mine.iloc[-1]
        said = percent(float(last["probability"]), lang)
        if pd.isna(last["outcome"]):
            parts[key] = say("national_a", lang, probability=said)
        else:
            word = text("status_met" if last["met"] else "status_missed", lang)
            moved = change_shown(float(last["outcome"]) - 100, lang)
            parts[key] = say("national_b", lang, outcome=moved, verdict=word, probability=said)
    return say("national_sentence", lang, **parts)


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


def score(value: float | None) -> str:
    """A score with three decimals; a dash where there is none.

    >>> score(0.18163), score(None)
    ('0.182', '–')
    """
    return (
        "–" if value is None or not math.isfinite(float(value)) else f"{float(value):.3f}".replace("-", "−")
    )


def signed_share(value: float | None, lang: str) -> str:
    """A share as signed whole percent: "+13 %"; a dash where there is none.

    >>> signed_share(0.131, "en"), signed_share(-0.5, "zh"), signed_share(0.001, "en")
    ('+13 %', '−50%', '0 %')
    """
    if value is None or not math.isfinite(float(value)):
        return "–"
    points = round(100 * float(value))
    sign = "+" if points > 0 else "−" if points < 0 else ""
    return f"{sign}{abs(points):,}{'' if lang == 'zh' else ' '}%"


def change_shown(value: float, lang: str) -> str:
    """A change in percent with its sign.

    >>> change_shown(-16.11, "en"), change_shown(2.0, "zh")
    ('−16.1 %', '+2%')
    """
    return ("+" if value > 0 else "") + number(value) + ("%" if lang == "zh" else " %")


def _share(value: float, lang: str) -> str:
    return f"{100 * value:.0f}{'' if lang == 'zh' else ' '}%"

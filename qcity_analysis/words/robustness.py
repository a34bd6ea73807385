"""How far a verdict depends on choices, in words and as a table, in Chinese and English.

What is varied is in `analysis.sensitivity`; the wording is data in `templates/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from . import describe
from .describe import say
from .labels import assessment_title
from .numbers import percent
from .texts import join, text

if TYPE_CHECKING:
    from ..analysis.sensitivity import Sensitivity, Variant


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
        items=join(items, lang) or describe.say("none", lang),
        flips=len(found.flips),
    )

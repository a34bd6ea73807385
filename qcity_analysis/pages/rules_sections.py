"""The section of notebook 03 that shows what published rules say, beside the probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..catalogue import check_language, text
from ..reporting import describe
from ..reporting.describe import status_shown
from ..reporting.formatting import percent
from ..reporting.labels import panel_title
from ..reporting.tables import html_table
from ..rules.catalogue import RULES, judged, results_for
from .sections import _say, _show, heading

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..rules.question import RuleResult


def rules_table(assessment: Assessment, lang: str) -> None:
    """Show every published rule's class beside the page's own answer; with definitions, one table each."""
    _say(heading("rules", check_language(lang)))
    parts = judged(assessment)
    for part in parts:
        if reason := shared_reason(part, lang):
            _say(reason)
            continue
        table = rules_shown(part, lang)
        caption = panel_title(part, lang) if len(parts) > 1 else ""
        _show(html_table(table, caption, index=True))
        _say(counted(part, lang))


def rules_shown(assessment: Assessment, lang: str) -> pd.DataFrame:
    """One row a rule, and the page's own answer first: class, whether it means yes, source; all shown text in `lang`.

    >>> import qcity_analysis as qc
    >>> shown = rules_shown(qc.assess(qc.load(), "rd_intensity"), "en")
    >>> shown.index[0], list(shown.columns)
    ('The answer of this page', ['Class', 'Will it be met?', 'Source'])
    """
    columns = [text(key, lang) for key in ("c_says", "c_will_meet", "c_rule_source")]
    names, rows = [text("rules_ours", lang)], [[*_ours(assessment, lang), "qcity_analysis"]]
    for rule, result in results_for(assessment).items():
        names.append(RULES[rule].name(lang))
        rows.append([said(result, lang), yes_or_no(result, lang), RULES[rule].told_by(lang)])
    return pd.DataFrame(rows, columns=columns, index=pd.Index(names, name=text("c_rule", lang)))


def counted(assessment: Assessment, lang: str) -> str:
    """How many rules apply, and how many of them say yes, as a sentence."""
    votes = [result.will_meet for result in results_for(assessment).values() if result.will_meet is not None]
    return text("rules_counted", lang, judged=len(votes), yes=votes.count(True), no=votes.count(False))


def shared_reason(assessment: Assessment, lang: str) -> str:
    """Why no rule applies, as a sentence, when all give one reason; else an empty text.

    >>> import qcity_analysis as qc
    >>> shared_reason(qc.assess(qc.load(), "national_standards"), "en")
    'No rule applies: the rule judges levels; this target is of kind cumulative.'
    """
    shown = {
        said(result, lang) if result.category is None else "" for result in results_for(assessment).values()
    }
    if len(shown) > 1 or "" in shown:
        return ""
    return text("rules_none", lang, reason=_reason(next(iter(results_for(assessment).values())), lang))


def said(result: RuleResult, lang: str) -> str:
    """The class in words, or why the rule does not apply.

    >>> from qcity_analysis.rules import RuleResult
    >>> said(RuleResult("light_cloud", False), "zh")
    '少云'
    """
    if result.category is not None:
        return text(f"rule_word_{result.category}", lang)
    return text("rule_not_applicable", lang, reason=_reason(result, lang))


def yes_or_no(result: RuleResult, lang: str) -> str:
    """Yes, no or a dash in `lang`.

    >>> from qcity_analysis.rules import RuleResult
    >>> yes_or_no(RuleResult("red", False), "en")
    'no'
    """
    return "–" if result.will_meet is None else text("rule_yes" if result.will_meet else "rule_no", lang)


def _reason(result: RuleResult, lang: str) -> str:
    assert result.note is not None  # every refusal carries its code
    values = dict(result.note.values)
    if "kind" in values:
        values["kind"] = describe.say(f"kind_{values['kind']}", lang)
    return text(f"rule_reason_{result.note.code}", lang, **values)


def _ours(assessment: Assessment, lang: str) -> tuple[str, str]:
    if assessment.status == "forecast" and assessment.probability is not None:
        word = text(f"word_{assessment.word}", lang) if assessment.word else ""
        return word or status_shown(assessment, lang), percent(assessment.probability, lang)
    settled = {"met": "rule_yes", "missed": "rule_no"}.get(assessment.status)
    return status_shown(assessment, lang), text(settled, lang) if settled else "–"

"""What the published rules say about a series and a target, or about an assessment.

Rules judge own figures only; an answer borrowed from comparators has none to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import QcityError, did_you_mean
from .published import RULES, Rule
from .question import Goal, NotApplicable, RuleResult, question_of, refused

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


def evaluate(rule: str, series: pd.Series, target: Any, as_of_year: int) -> RuleResult:
    """What one published rule says about a series and a target, with what was known by the end of `as_of_year`.

    `rule` is a key of RULES. `series` has years as index; NaN is a gap; later figures are ignored. `target` is any
    object with the attributes of a `Goal` (missing ones count as None), or a list of them, of which the worst result
    counts. Where the rule does not apply, category and will_meet are None and `reason` says why. A target met by the
    last figure is a yes; when the deadline's figure is in and misses it, a no. Raises QcityError for an unknown rule, a
    direction that is no known word, or a series that is not figures by year.

    >>> evaluate("schedule", pd.Series({2020: 10, 2022: 12}), Goal("at_least", 15, 2020, 2025), 2022)
    RuleResult(category='on_schedule', will_meet=True, reason=None, value=0.4, note=None)
    >>> evaluate("schedule", pd.Series({2021: 10}), Goal("at_least", 15, 2020, 2025), 2022).reason
    'no figure for the base year 2020'
    """
    if rule not in RULES:
        raise QcityError(f"unknown rule {rule!r}.{did_you_mean(rule, RULES)} Known: {', '.join(RULES)}.")
    if isinstance(target, Sequence) and not hasattr(target, "direction"):
        return _worst(RULES[rule], [evaluate(rule, series, one, as_of_year) for one in target])
    try:
        return RULES[rule].says(question_of(series, target, as_of_year))
    except NotApplicable as error:
        return refused(error)


def evaluate_all(series: pd.Series, target: Any, as_of_year: int) -> pd.DataFrame:
    """Every rule's answer, one row each: columns rule, category, will_meet, reason. Raises QcityError as `evaluate`.

    >>> table = evaluate_all(pd.Series({2020: 10, 2022: 12}), Goal("at_least", 15, 2020, 2025), 2022)
    >>> table.set_index("rule").loc["barometer"].tolist()
    [None, None, 'the rule is for reductions']
    """
    return _table({rule: evaluate(rule, series, target, as_of_year) for rule in RULES})


def _table(results: dict[str, RuleResult]) -> pd.DataFrame:
    rows = [[rule, result.category, result.will_meet, result.reason] for rule, result in results.items()]
    return pd.DataFrame(rows, columns=["rule", "category", "will_meet", "reason"], dtype=object)


def _worst(rule: Rule, results: list[RuleResult]) -> RuleResult:
    """The worst of several results; none where one of several targets cannot be judged, unless another is worst."""
    if not results:
        return refused(NotApplicable("no_threshold"))
    judged = [result for result in results if result.category is not None]
    judged.sort(key=lambda result: rule.categories.index(str(result.category)))
    if len(judged) < len(results) and (not judged or judged[-1].category != rule.categories[-1]):
        return next(result for result in results if result.category is None)
    return replace(judged[-1], will_meet=all(result.will_meet for result in judged))


def results_for(assessment: Assessment) -> dict[str, RuleResult]:
    """Every rule's result for the series and target of one assessment, by rule.

    The level asked for is the one the probability is about: in the unit of `assessment.series` (an index with the base
    year at 100 where only changes are published), "about" and published rounding allowed for.
    """
    series, goal = assessment.series, _goal(assessment)
    values = series.values if series is not None else pd.Series(dtype=float)
    return {rule: evaluate(rule, values, goal, assessment.as_of.year) for rule in RULES}


def rules_for(assessment: Assessment) -> pd.DataFrame:
    """Every rule's answer for an assessment: columns definition (the indicator's name), rule, category, will_meet,
    reason. One row a rule; where the answer depends on the definition, one row a rule and definition.

    >>> import qcity_analysis as qc
    >>> rules_for(qc.assess(qc.load(), "rd_intensity"))["rule"].tolist()[:3]
    ['schedule', 'log_schedule', 'barometer']
    """
    tables = {str(part.definition["indicator_id"]): _table(results_for(part)) for part in judged(assessment)}
    return pd.concat(tables, names=["definition"]).reset_index("definition").reset_index(drop=True)


def judged(assessment: Assessment) -> tuple[Assessment, ...]:
    """The assessments whose figures the rules judge: one for each definition, else the assessment itself."""
    parts = tuple(part for part in assessment.parts if part.role == "definition")
    return parts or (assessment,)


def _goal(assessment: Assessment) -> Goal:
    target, series = assessment.target, assessment.series
    level = assessment.bound if assessment.bound is not None else assessment.threshold
    unit, support = (target.unit, None) if series is None else (series.unit, series.support)
    if series is not None and series.base_year is not None:
        unit, support = "index", None
    # without a level in the unit of the series the rules see the target as the plan words it
    kind = target.kind if level is None or not target.relative else "level"
    asked = target.threshold if level is None else level
    return Goal(target.direction, asked, target.base_year, target.deadline, kind, None, unit, support)

"""What the published rules say about an assessment: the same figures, the same target, the same day.

Rules judge own figures only; an answer borrowed from comparators has none to judge.
"""

from __future__ import annotations

import pandas as pd

from ..attainment.assessment import Assessment
from .aims import Goal
from .cases import RuleResult
from .catalogue import RULES, as_table, evaluate


def results_for(assessment: Assessment) -> dict[str, RuleResult]:
    """Every rule's result for the series and target of one assessment, by rule.

    The level asked for is the one the probability is about: in the unit of `assessment.series` (an index with the base
    year at 100 where only changes are published), "about" and published rounding allowed for.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(), "high_value_patents", plan="china_14fyp", as_of="2024-06-30")
    >>> results_for(answer)["schedule"].category
    'on_schedule'
    """
    series, goal = assessment.series, _goal(assessment)
    values = series.values if series is not None else pd.Series(dtype=float)
    return {rule: evaluate(rule, values, goal, assessment.as_of.year) for rule in RULES}


def rules_for(assessment: Assessment) -> pd.DataFrame:
    """Every rule's answer for an assessment: columns definition, rule, category, will_meet, reason.

    One row a rule; where the answer depends on the definition, one row a rule and definition (`definition` is the
    indicator's name).

    >>> import qcity_analysis as qc
    >>> rules_for(qc.assess(qc.load(), "rd_intensity"))["rule"].tolist()[:3]
    ['schedule', 'log_schedule', 'barometer']
    """
    tables = []
    for part in judged(assessment):
        table = as_table(results_for(part))
        table.insert(0, "definition", str(part.definition["indicator_id"]))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def judged(assessment: Assessment) -> tuple[Assessment, ...]:
    """The assessments whose figures the rules judge: one for each definition, else the assessment itself.

    >>> import qcity_analysis as qc
    >>> len(judged(qc.assess(qc.load(), "rd_intensity")))
    1
    """
    parts = tuple(part for part in assessment.parts if part.role == "definition")
    return parts or (assessment,)


def _goal(assessment: Assessment) -> Goal:
    target, series = assessment.target, assessment.series
    level = assessment.bound if assessment.bound is not None else assessment.threshold
    index = series is not None and series.base_year is not None
    return Goal(
        direction=target.direction,
        threshold=target.threshold if level is None else level,
        base_year=target.base_year,
        deadline=target.deadline,
        # without a level in the unit of the series the rules see the target as the plan words it
        kind=target.kind if level is None or target.kind != "relative_change" else "level",
        unit="index" if index else series.unit if series is not None else target.unit,
        support=None if index or series is None else series.support,
    )

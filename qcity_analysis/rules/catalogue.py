"""The table of published rules, and what they say about a series and a target, or about an assessment.

Rules judge own figures only; an answer borrowed from comparators has none to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import QcityError, did_you_mean
from .lines import barometer, destatis, escap, healthy_people, log_schedule, mcarthur, ols, schedule, sdsn
from .question import Goal, NotApplicable, Question, RuleResult, question_of, refused
from .rates import aarr, defra, eurostat, gbd, open_sdg, unsd_2022, unsd_2023

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


@dataclass(frozen=True)
class Rule:
    """One published rule: the function, its categories from best to worst, names and source in both languages.

    >>> RULES["barometer"].categories
    ('green', 'orange', 'red')
    """

    ask: Callable[[Question], RuleResult]
    categories: tuple[str, ...]
    name_zh: str
    name_en: str
    source: str
    source_zh: str

    def name(self, lang: str) -> str:
        """The rule's name in `lang` ("zh" or "en")."""
        return self.name_zh if lang == "zh" else self.name_en

    def told_by(self, lang: str) -> str:
        """The rule's source in `lang`.

        >>> RULES["destatis"].told_by("zh")
        '德国联邦统计局，指标状态'
        """
        return self.source_zh if lang == "zh" else self.source


_SCHEDULE = ("on_schedule", "behind_schedule")
_TRACK = ("on_track", "off_track")

RULES: dict[str, Rule] = {
    "schedule": Rule(schedule, _SCHEDULE, "时序进度", "Straight-line schedule",
        "Chinese mid-term reviews; EEA linear target path", "中国规划中期评估；欧洲环境署（EEA）线性目标路径"),
    "log_schedule": Rule(log_schedule, _SCHEDULE, "对数时序进度", "Logarithmic schedule",
        "Chinese energy-intensity accounting", "中国能耗强度核算"),
    "barometer": Rule(barometer, ("green", "orange", "red"), "能耗双控晴雨表", "Energy barometer",
        "NDRC, 发改办环资〔2021〕629号", "国家发展改革委，发改办环资〔2021〕629号"),
    "eurostat": Rule(eurostat, ("significant", "moderate", "insufficient", "away"), "欧盟统计局", "Eurostat",
        "Eurostat, SDG monitoring report", "欧盟统计局，可持续发展目标监测报告"),
    "unsd_2022": Rule(unsd_2022, ("on_track", "fair", "limited", "deterioration"), "联合国统计司 2022",
        "UN Statistics Division 2022", "SDG Progress Chart 2022, technical note",
        "联合国《可持续发展目标进展图表 2022》技术说明"),
    "unsd_2023": Rule(unsd_2023, ("met", "on_track", "fair", "stagnation_or_regression"), "联合国统计司 2023",
        "UN Statistics Division 2023", "Progress Chart Technical Note 2023", "联合国《进展图表技术说明 2023》"),
    "open_sdg": Rule(open_sdg, ("target_achieved", "on_track", "accelerate", "limited", "deterioration"),
        "Open SDG", "Open SDG", "Statistics Canada and Open SDG, progress measurement methodology",
        "加拿大统计局与 Open SDG，进展测度方法"),
    "escap": Rule(escap, ("maintain", "accelerate", "reverse"), "联合国亚太经社会", "UN ESCAP",
        "UN ESCAP and UNECE technical notes", "联合国亚太经社会与欧洲经委会，技术说明"),
    "sdsn": Rule(sdsn, ("on_track", "moderately_improving", "stagnating", "decreasing"), "可持续发展目标指数",
        "SDG Index (SDSN)", "SDSN, Sustainable Development Report",
        "可持续发展解决方案网络（SDSN），《可持续发展报告》"),
    "destatis": Rule(destatis, ("sun", "light_cloud", "cloud", "storm"), "德国天气符号",
        "German weather symbols", "Federal Statistical Office of Germany, status of indicators",
        "德国联邦统计局，指标状态"),
    "defra": Rule(defra, ("substantial", "some", "insufficient"), "英国 Defra 试行规则", "Defra pilot",
        "UK Outcome Indicator Framework, pilot assessment", "英国成果指标框架，试行评估"),
    "aarr": Rule(aarr, _TRACK, "年均降低率", "Average annual rate of reduction",
        "UNICEF; Global Nutrition Report", "联合国儿童基金会；《全球营养报告》"),
    "ols": Rule(ols, _TRACK, "最小二乘直线", "Least-squares line", "WHO/UNICEF Joint Monitoring Programme",
        "世卫组织与儿基会联合监测规划"),
    "healthy_people": Rule(healthy_people, ("target_met", "improving", "little_or_no_change", "getting_worse"),
        "美国健康国民", "Healthy People", "US Healthy People 2020/2030", "美国《健康国民 2020/2030》"),
    "gbd": Rule(gbd, ("attained", "not_attained"), "全球疾病负担研究", "Global Burden of Disease",
        "IHME, projections of SDG indicators", "健康指标与评估研究所（IHME），可持续发展目标指标预测"),
    "mcarthur": Rule(mcarthur, ("on_track", "acceleration_needed", "breakthrough_needed", "moving_backwards"),
        "McArthur–Rasmussen 分类", "McArthur and Rasmussen",
        "McArthur and Rasmussen (2019), World Development 123",
        "McArthur 与 Rasmussen（2019），World Development 123"),
}  # fmt: skip
# rules that see every question; the others are for a level at a deadline that the last figure does not meet: a figure
# that meets it gives their best category
OWN = ("log_schedule", "barometer", "unsd_2023", "open_sdg", "escap", "destatis")


def evaluate(rule: str, series: pd.Series, target: Any, as_of_year: int) -> RuleResult:
    """What one published rule says about a series and a target, with what was known by the end of `as_of_year`.

    `rule` is a key of RULES. `series` has years as index; NaN is a gap; figures after `as_of_year` are ignored, and
    nothing depends on today's date. `target` is any object with the attributes direction, threshold, base_year,
    deadline and kind (see `question_of`; missing ones count as None), such as a `Goal`, or a list of them, of which
    the worst result counts. Where the rule does not apply, category and will_meet are None and `reason` says why. A
    target met by the last figure is a yes; when the deadline's figure is in and misses it, a no.

    Raises QcityError for an unknown rule, a direction that is no known word, or a series that is not figures by year.

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
        question = question_of(series, target, as_of_year)
        if rule in OWN:
            result = RULES[rule].ask(question)
        else:
            dated = question.dated()
            result = RuleResult(RULES[rule].categories[0], True) if dated.met else RULES[rule].ask(dated)
        if question.kind == "level" and question.deadline in question.known:
            return replace(result, will_meet=question.reached(question.known[question.deadline]))
        return result
    except NotApplicable as error:
        return refused(error)
    except ArithmeticError:  # a rate or a power beyond what numbers hold: this rule fails, the others stand
        return refused(NotApplicable("beyond_numbers"))


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
        table = _table(results_for(part))
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

"""The table of published rules, and one function that asks any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..errors import QcityError, did_you_mean
from .aims import NotApplicable
from .cases import Case, RuleResult, case_of, refused
from .destatis import destatis
from .growth import eurostat, open_sdg, unsd_2022, unsd_2023
from .linear import escap, healthy_people, mcarthur, ols, sdsn
from .rates import aarr, defra, gbd
from .schedules import barometer, log_schedule, schedule


@dataclass(frozen=True)
class Rule:
    """One published rule: names, source, its categories from best to worst, the function, the source in Chinese.

    >>> RULES["barometer"].categories
    ('green', 'orange', 'red')
    """

    name_zh: str
    name_en: str
    source: str
    categories: tuple[str, ...]
    ask: Callable[[Case], RuleResult]
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
    "schedule": Rule(
        "时序进度",
        "Straight-line schedule",
        "Chinese mid-term reviews; EEA linear target path",
        _SCHEDULE,
        schedule,
        "中国规划中期评估；欧洲环境署（EEA）线性目标路径",
    ),
    "log_schedule": Rule(
        "对数时序进度",
        "Logarithmic schedule",
        "Chinese energy-intensity accounting",
        _SCHEDULE,
        log_schedule,
        "中国能耗强度核算",
    ),
    "barometer": Rule(
        "能耗双控晴雨表",
        "Energy barometer",
        "NDRC, 发改办环资〔2021〕629号",
        ("green", "orange", "red"),
        barometer,
        "国家发展改革委，发改办环资〔2021〕629号",
    ),
    "eurostat": Rule(
        "欧盟统计局",
        "Eurostat",
        "Eurostat, SDG monitoring report",
        ("significant", "moderate", "insufficient", "away"),
        eurostat,
        "欧盟统计局，可持续发展目标监测报告",
    ),
    "unsd_2022": Rule(
        "联合国统计司 2022",
        "UN Statistics Division 2022",
        "SDG Progress Chart 2022, technical note",
        ("on_track", "fair", "limited", "deterioration"),
        unsd_2022,
        "联合国《可持续发展目标进展图表 2022》技术说明",
    ),
    "unsd_2023": Rule(
        "联合国统计司 2023",
        "UN Statistics Division 2023",
        "Progress Chart Technical Note 2023",
        ("met", "on_track", "fair", "stagnation_or_regression"),
        unsd_2023,
        "联合国《进展图表技术说明 2023》",
    ),
    "open_sdg": Rule(
        "Open SDG",
        "Open SDG",
        "Statistics Canada and Open SDG, progress measurement methodology",
        ("target_achieved", "on_track", "accelerate", "limited", "deterioration"),
        open_sdg,
        "加拿大统计局与 Open SDG，进展测度方法",
    ),
    "escap": Rule(
        "联合国亚太经社会",
        "UN ESCAP",
        "UN ESCAP and UNECE technical notes",
        ("maintain", "accelerate", "reverse"),
        escap,
        "联合国亚太经社会与欧洲经委会，技术说明",
    ),
    "sdsn": Rule(
        "可持续发展目标指数",
        "SDG Index (SDSN)",
        "SDSN, Sustainable Development Report",
        ("on_track", "moderately_improving", "stagnating", "decreasing"),
        sdsn,
        "可持续发展解决方案网络（SDSN），《可持续发展报告》",
    ),
    "destatis": Rule(
        "德国天气符号",
        "German weather symbols",
        "Federal Statistical Office of Germany, status of indicators",
        ("sun", "light_cloud", "cloud", "storm"),
        destatis,
        "德国联邦统计局，指标状态",
    ),
    "defra": Rule(
        "英国 Defra 试行规则",
        "Defra pilot",
        "UK Outcome Indicator Framework, pilot assessment",
        ("substantial", "some", "insufficient"),
        defra,
        "英国成果指标框架，试行评估",
    ),
    "aarr": Rule(
        "年均降低率",
        "Average annual rate of reduction",
        "UNICEF; Global Nutrition Report",
        _TRACK,
        aarr,
        "联合国儿童基金会；《全球营养报告》",
    ),
    "ols": Rule(
        "最小二乘直线",
        "Least-squares line",
        "WHO/UNICEF Joint Monitoring Programme",
        _TRACK,
        ols,
        "世卫组织与儿基会联合监测规划",
    ),
    "healthy_people": Rule(
        "美国健康国民",
        "Healthy People",
        "US Healthy People 2020/2030",
        ("target_met", "improving", "little_or_no_change", "getting_worse"),
        healthy_people,
        "美国《健康国民 2020/2030》",
    ),
    "gbd": Rule(
        "全球疾病负担研究",
        "Global Burden of Disease",
        "IHME, projections of SDG indicators",
        ("attained", "not_attained"),
        gbd,
        "健康指标与评估研究所（IHME），可持续发展目标指标预测",
    ),
    "mcarthur": Rule(
        "McArthur–Rasmussen 分类",
        "McArthur and Rasmussen",
        "McArthur and Rasmussen (2019), World Development 123",
        ("on_track", "acceleration_needed", "breakthrough_needed", "moving_backwards"),
        mcarthur,
        "McArthur 与 Rasmussen（2019），World Development 123",
    ),
}


def evaluate(rule: str, series: pd.Series, target: Any, as_of_year: int) -> RuleResult:
    """What one published rule says about a series and a target, with what was known by the end of `as_of_year`.

    `rule` is a key of RULES. `series` has years as index; NaN is a gap; figures after `as_of_year` are ignored, and
    nothing depends on today's date. `target` is any object with the attributes direction, threshold, base_year,
    deadline and kind (see `aims.aim_of`; missing ones count as None), such as a `Goal`, or a list of them, of which
    the worst result counts. Where the rule does not apply, category and will_meet are None and `reason` says why. A
    target met by the last figure is a yes; when the deadline's figure is in and misses it, a no.

    Raises QcityError for an unknown rule, a direction that is no known word, or a series that is not figures by year.

    >>> from qcity_analysis.rules import Goal
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
        return _asked(RULES[rule], case_of(series, target, as_of_year))
    except NotApplicable as error:
        return refused(error)
    except ArithmeticError:  # a rate or a power beyond what numbers hold: this rule fails, the others stand
        return refused(NotApplicable("beyond_numbers"))


def evaluate_all(series: pd.Series, target: Any, as_of_year: int) -> pd.DataFrame:
    """Every rule's answer, one row each: columns rule, category, will_meet, reason. Raises QcityError as `evaluate`.

    >>> from qcity_analysis.rules import Goal
    >>> table = evaluate_all(pd.Series({2020: 10, 2022: 12}), Goal("at_least", 15, 2020, 2025), 2022)
    >>> table.set_index("rule").loc["barometer"].tolist()
    [None, None, 'the rule is for reductions']
    """
    return as_table({rule: evaluate(rule, series, target, as_of_year) for rule in RULES})


def as_table(results: dict[str, RuleResult]) -> pd.DataFrame:
    """Results by rule as a table: columns rule, category, will_meet, reason.

    >>> as_table({"ols": RuleResult("on_track", True)}).iloc[0].tolist()
    ['ols', 'on_track', True, None]
    """
    rows = [[rule, result.category, result.will_meet, result.reason] for rule, result in results.items()]
    return pd.DataFrame(rows, columns=["rule", "category", "will_meet", "reason"], dtype=object)


def _asked(rule: Rule, case: Case) -> RuleResult:
    result = rule.ask(case)
    known, deadline = case.known, case.aim.deadline
    if case.target is not None and case.aim.kind == "level" and deadline in known:
        reached = Case({deadline: known[deadline]}, case.sign, case.target, case.aim).met
        return replace(result, will_meet=reached)
    return result


def _worst(rule: Rule, results: list[RuleResult]) -> RuleResult:
    """The worst of several results; none where one of several targets cannot be judged, unless another is worst."""
    if not results:
        return refused(NotApplicable("no_threshold"))
    open_ = [result for result in results if result.category is None]
    judged = [result for result in results if result.category is not None]
    judged.sort(key=lambda result: rule.categories.index(str(result.category)))
    if open_ and (not judged or judged[-1].category != rule.categories[-1]):
        return open_[0]
    return replace(judged[-1], will_meet=all(result.will_meet for result in judged))

"""Rules that compare progress with the calendar: the straight line, the logarithmic one, and the barometer.

These are the rules of Chinese plan reviews. The barometer is applied to whole years; it is published by quarter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import QcityError
from ..targets import reaches
from .question import NotApplicable, Question, RuleResult


def schedule(question: Question) -> RuleResult:
    """Straight line (时序进度): on schedule when `(y_t - y_b) / (T - y_b) >= (t - b) / (deadline - b)`.

    Categories: on_schedule, behind_schedule. `value` is the share of the way covered. Source: mid-term reviews of
    Chinese five-year plans, which expect 20, 40, 60, 80 and 100 % at the end of the five years; the European
    Environment Agency's linear target path is the same line. Uncertain: the Agency calls a deviation of up to 10 %
    still on the path, Chinese reviews do not; no tolerance is used here. A target that the base year already met is
    behind schedule once it is no longer met.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2020: 100, 2021: 97, 2022: 92})
    >>> evaluate("schedule", known, Goal("at_most", 80, 2020, 2025), 2022).category
    'on_schedule'
    """
    q = question.dated()
    if q.met:
        return RuleResult("on_schedule", True)
    if q.slipped:
        return RuleResult("behind_schedule", False)
    return _compared(q, q.closed)


def log_schedule(question: Question) -> RuleResult:
    """Straight line of logarithms, for reductions: on schedule when `ln(y_t / y_b) / ln(T / y_b) >= (t - b) / N`.

    With yearly changes r chained from the base year, `y_t / y_b = Π(1 + r)`, and with a cut D, `T / y_b = 1 - D`.
    Categories: on_schedule, behind_schedule. `value` is the share of the cut covered. Source: accounting of the
    energy-intensity targets of Chinese five-year plans (an equal percentage every year is exactly on schedule). Does
    not apply to increases, to a target of 0, or to figures that are not positive.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2020: 100, 2021: 96.5, 2022: 93})
    >>> evaluate("log_schedule", known, Goal("at_most", 82, 2020, 2025), 2022).category
    'behind_schedule'
    """
    q = _reduction(question)
    if q.met:
        return RuleResult("on_schedule", True)
    if q.slipped:
        return RuleResult("behind_schedule", False)
    if min(q.base, q.last, q.goal) <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    return _compared(q, math.log(q.last / q.base) / math.log(q.goal / q.base))


def barometer(question: Question) -> RuleResult:
    """Warning colour of the last year, for reductions: rose red, fell by less than the needed rate orange, else green.

    The needed rate is the equal yearly percentage from base to target, `(T / y_b)^(1 / N) - 1`. Categories: green,
    orange, red; green means yes. `value` is the last year's change in percent. Source: NDRC, 能耗双控目标完成情况
    晴雨表, 发改办环资〔2021〕629号: 不降反升 一级预警 (red), 未达到进度要求 二级预警 (orange), 三级预警 (green).
    Uncertain: the required progress of each province is not printed; the average of the plan period is used. An
    earlier edition (发改办环资〔2020〕901号) drew the line between the first two levels at 10 % of the target instead.
    A year without change has not risen: it is orange.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2020: 100, 2021: 97, 2022: 97.5})
    >>> evaluate("barometer", known, Goal("at_most", 82, 2020, 2025), 2022).category
    'red'
    """
    q = _reduction(question)
    before = q.last_year - 1
    if before not in q.known:
        raise NotApplicable("no_year_before", year=before)
    if q.known[before] <= 0 or q.base <= 0 or q.last < 0:
        raise NotApplicable("not_positive")
    if q.goal <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    change = q.last / q.known[before] - 1
    needed = (q.goal / q.base) ** (1 / q.whole) - 1
    fell = "green" if reaches(-change, -needed) else "orange"
    colour = "red" if change > 1e-12 else fell
    return RuleResult(colour, q.met or colour == "green", value=100 * change)


def remaining_cut(changes: Sequence[float], cut: float) -> float:
    """Cut still to be made, in percent: X with `1 - X = (1 - D) / Π(1 + r)`; below 0 when more than enough was cut.

    `changes` are yearly changes in percent (below 0 is a fall), `cut` is the whole cut D in percent. Raises QcityError
    when the cut is not between 0 and 100 or a change is not above -100.

    >>> round(remaining_cut([-2.7, -0.1, -0.5, -3.8], 13.5), 2)
    7.03
    """
    if not 0 < cut < 100 or any(change <= -100 for change in changes):
        raise QcityError(
            f"a cut lies between 0 and 100 percent and changes above -100; found {cut}, {[*changes]}"
        )
    return 100 * (1 - (1 - cut / 100) / math.prod(1 + change / 100 for change in changes))


def _reduction(question: Question) -> Question:
    q = question.dated()
    if q.sign > 0:
        raise NotApplicable("reductions_only")
    return q


def _compared(q: Question, covered: float) -> RuleResult:
    on_schedule = reaches(covered, q.elapsed / q.whole)
    return RuleResult("on_schedule" if on_schedule else "behind_schedule", on_schedule, value=covered)

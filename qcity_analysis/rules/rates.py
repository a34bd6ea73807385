"""Rules that project rates of change in logarithms: Defra's pilot, average annual rates of reduction, GBD."""

from __future__ import annotations

import math

import numpy as np

from ..attainment.targets import reaches
from .aims import NotApplicable
from .cases import Case, Dated, RuleResult
from .linear import line_at

RECENCY = 1.0


def defra(case: Case) -> RuleResult:
    """Years until the target is reached at the smoothed recent rate.

    The figures are smoothed (LOESS, three quarters of the points, local lines); with s_1 and s_6 the last six smoothed
    points, rate `(s_6 / s_1)^(1 / years) - 1` and `ln(T / s_6) / ln(1 + rate)` years to go, against the h years left:
    <= h substantial, <= h + 5 some, else insufficient; substantial means yes. `value` is the years to go. Source: UK
    Outcome Indicator Framework, pilot assessment of targets by Defra's Environmental Analysis Unit. Uncertain: the
    pilot's versions differ on the kind of rate and on whether the first and last smoothed points are dropped; one
    compound rate between the sixth last and the last point is used, with local lines where the pilot has quadratics.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2015 + k: 100 * 0.9**k for k in range(6)})
    >>> evaluate("defra", known, Goal("at_most", 40, deadline=2030), 2020).category
    'substantial'
    """
    q = case.dated()
    if q.met:
        return RuleResult("substantial", True)
    years, values = q.points(6)
    if min(values) <= 0 or q.goal <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    smooth = _smoothed(years, values)[-6:]
    if min(smooth) <= 0:
        raise NotApplicable("not_positive")
    to_go, rate = math.log(q.goal / smooth[-1]), math.log(smooth[-1] / smooth[0]) / (years[-1] - years[-6])
    if q.sign * to_go <= 0:  # the smoothed level is there already, the figure is not
        wait = 0.0
    elif q.sign * rate <= 1e-12:
        return RuleResult("insufficient", False, value=math.inf)
    else:
        wait = to_go / rate
    category = (
        "substantial" if reaches(q.left, wait) else "some" if reaches(q.left + 5, wait) else "insufficient"
    )
    return RuleResult(category, category == "substantial", value=wait)


def aarr(case: Case) -> RuleResult:
    """Average annual rate of reduction against the one needed from base to deadline.

    β is the slope of ln y on the year since the base year; `AARR = 100 (1 - e^β)` against
    `100 (1 - (T / y_b)^(1 / N))`. Categories: on_track, off_track. `value` is the AARR in percent, below 0 for
    increases. Source: UNICEF, technical note on the AARR; Global Nutrition Report.
    Uncertain: the number of points asked for; three here.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2018: 40.0, 2019: 38.0, 2020: 36.1})
    >>> evaluate("aarr", known, Goal("at_most", 20, 2018, 2030), 2020).category
    'off_track'
    """
    q = case.dated()
    if q.met:
        return RuleResult("on_track", True)
    years, values = q.points(3, q.base_year)
    if min(values) <= 0 or q.goal <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    logs = [math.log(value) for value in values]
    slope = line_at(years, logs, 1) - line_at(years, logs, 0)
    needed = math.log(q.goal / q.base) / q.whole
    reached = not q.slipped and reaches(q.sign * slope, q.sign * needed)
    return RuleResult("on_track" if reached else "off_track", reached, value=-100 * math.expm1(slope))


def gbd(case: Case) -> RuleResult:
    """Projection with the recency-weighted mean of yearly changes of the logarithm, for shares of the log odds.

    The i-th yearly change has the weight i^ω; a gap counts as equal changes in each of its years. Categories: attained,
    not_attained. `value` is the level projected for the deadline. A share is a target whose `support` is "percent" or
    "share" or whose `unit` is "%". Source: IHME, health-related SDG indicators, GBD 2016 and 2017. Uncertain: ω is
    chosen there by out-of-sample error for each indicator; 1 is used here, as one series does not allow the choice.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2018: 100.0, 2019: 90.0, 2020: 81.0})
    >>> evaluate("gbd", known, Goal("at_most", 60, deadline=2023), 2020).category
    'attained'
    """
    q = case.dated()
    if q.met:
        return RuleResult("attained", True)
    years, values = q.points(3)
    whole = _whole(q)
    y = np.asarray(values)
    if whole is None and min(values) <= 0:
        raise NotApplicable("not_positive")
    if whole is not None and not 0 < min(values) <= max(values) < whole:
        raise NotApplicable("not_a_share", whole=f"{whole:g}")
    moved = np.log(y) if whole is None else np.log(y / (whole - y))
    changes = np.diff(np.interp(range(years[0], years[-1] + 1), years, moved))
    weights = np.arange(1, len(changes) + 1) ** RECENCY
    ahead = moved[-1] + q.left * np.average(changes, weights=weights)
    level = float(np.exp(ahead)) if whole is None else float(whole / (1 + np.exp(-ahead)))
    reached = reaches(q.sign * level, q.sign * q.goal)
    return RuleResult("attained" if reached else "not_attained", reached, value=level)


def _whole(q: Dated) -> float | None:
    if q.aim.support == "share":
        return 1.0
    return 100.0 if q.aim.support == "percent" or q.aim.unit == "%" else None


def _smoothed(years: list[int], values: list[float]) -> list[float]:
    from statsmodels.nonparametric.smoothers_lowess import lowess

    return [float(level) for level in lowess(values, years, frac=0.75, it=0, return_sorted=False)]

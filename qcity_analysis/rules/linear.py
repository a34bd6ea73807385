"""Rules on straight lines in the unit of the series: ESCAP, SDG Index, least squares, Healthy People, McArthur."""

from __future__ import annotations

import numpy as np

from ..attainment.targets import CLOSE, reaches
from .aims import NotApplicable
from .cases import Case, RuleResult


def escap(case: Case) -> RuleResult:
    """Gap that a time-weighted line leaves at the deadline, relative to the way from base to target.

    I is the value at the deadline of the least-squares line through all figures, the i-th of n weighted by i; gap
    `|T - I| / |T - y_b|`, or 0 where I reaches the target: <= .10 maintain, <= 1 accelerate, > 1 reverse; maintain is
    yes. `value` is the gap. Source: UN ESCAP, Anticipated Progress Index (also UNECE technical notes). Uncertain: the
    weights are published as proportional to time; i / Σi is used, over all figures given (ESCAP: from 2000 on).

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("escap", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 18, 2015, 2030), 2020).category
    'accelerate'
    """
    q = case.dated()
    if q.met:
        return RuleResult("maintain", True, value=0.0)
    if q.slipped:
        return RuleResult("reverse", False)
    years, values = q.points(2)
    anticipated = line_at(years, values, q.deadline, range(1, len(years) + 1))
    short = max(0.0, q.sign * (q.goal - anticipated))
    gap = short / abs(q.goal - q.base)
    category = "maintain" if reaches(0.1, gap) else "accelerate" if reaches(1.0, gap) else "reverse"
    return RuleResult(category, category == "maintain", value=gap)


def status_index(case: Case) -> float:
    """ESCAP's current status index `10 d (y_t - y_b) / |T - y_b|`: 10 at the target, 0 at the base, below 0 after a
    step back; nothing is clipped.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal
    >>> from qcity_analysis.rules.cases import case_of
    >>> status_index(case_of(pd.Series({2015: 10, 2020: 8}), Goal("at_least", 18, 2015, 2030), 2020))
    -2.5
    """
    q = case.dated()
    if q.goal == q.base:
        raise NotApplicable("no_way")
    return 10 * q.sign * (q.last - q.base) / abs(q.goal - q.base)


def sdsn(case: Case) -> RuleResult:
    """Yearly change since the base year against the yearly change needed from base to deadline.

    Ratio of `(y_t - y_b) / (t - b)` to `(T - y_b) / (deadline - b)`: < 0 decreasing, < .5 stagnating, < 1
    moderately_improving, >= 1 on_track; on_track means yes. `value` is the ratio. Source: SDSN, SDG Index, trend
    arrows, which take both from scores normalised to 0 to 100: an affine step that leaves the ratio as it is, unless
    scores are cut off at 0 or 100 (none is here).

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("sdsn", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 20, 2015, 2030), 2020).category
    'moderately_improving'
    """
    q = case.dated()
    if q.met:
        return RuleResult("on_track", True)
    if q.slipped:
        return RuleResult("decreasing", False)
    ratio = q.closed * q.whole / q.elapsed
    if reaches(ratio, 1):
        return RuleResult("on_track", True, value=ratio)
    words = ((0.5, "moderately_improving"), (0.0, "stagnating"))
    return RuleResult(
        next((w for bound, w in words if reaches(ratio, bound)), "decreasing"), False, value=ratio
    )


def ols(case: Case) -> RuleResult:
    """Whether the least-squares line through all figures reaches the target at the deadline.

    Categories: on_track, off_track. `value` is the line's level at the deadline. Source: WHO/UNICEF Joint Monitoring
    Programme, which fits a straight line through all survey points. Uncertain: how many points it asks for; three here.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2018: 60, 2019: 63, 2020: 64})
    >>> evaluate("ols", known, Goal("at_least", 84, deadline=2030), 2020).category
    'on_track'
    """
    q = case.dated()
    if q.met:
        return RuleResult("on_track", True)
    level = line_at(*q.points(3), q.deadline)
    reached = reaches(q.sign * level, q.sign * q.goal)
    return RuleResult("on_track" if reached else "off_track", reached, value=level)


def healthy_people(case: Case) -> RuleResult:
    """Share of the targeted change achieved: `100 (y_t - y_b) / (T - y_b)`.

    A figure that meets the target target_met; >= 10 % improving; away from the target by >= 10 % of the base figure
    getting_worse; else little_or_no_change. target_met and improving mean yes: it is the rule's only good news, and it
    promises less than attainment. `value` is the percentage. Source: US Healthy People 2020 and 2030; where standard
    errors are published the office tests significance instead, which yearly totals do not allow.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("healthy_people", pd.Series({2020: 50, 2023: 48}), Goal("at_most", 40, 2020, 2030), 2023).category
    'improving'
    """
    q = case.dated()
    if q.met:
        return RuleResult("target_met", True)
    away = -q.sign * (q.last - q.base)
    if away > 0 or q.slipped:
        if q.base == 0:
            raise NotApplicable("zero_base", year=q.base_year)
        worse = reaches(away / abs(q.base), 0.1)
        return RuleResult("getting_worse" if worse else "little_or_no_change", False)
    achieved = 100 * q.closed
    improving = reaches(achieved, 10)
    return RuleResult("improving" if improving else "little_or_no_change", improving, value=achieved)


def mcarthur(case: Case) -> RuleResult:
    """Share of the starting gap on course to be closed by the deadline.

    `(y_t + rate h - y_b) / (T - y_b)` with the yearly rate since the base year: >= 1 on_track, >= .5
    acceleration_needed, > 0 breakthrough_needed, below moving_backwards; on_track means yes. `value` is the share.
    Source: McArthur and Rasmussen (2019), Classifying Sustainable Development Goal trajectories, World Development
    123, 104608. Uncertain: for some indicators they project proportional rates; the absolute rate is used here.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("mcarthur", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 20, 2015, 2030), 2020).category
    'acceleration_needed'
    """
    q = case.dated()
    if q.met:
        return RuleResult("on_track", True)
    if q.slipped:
        return RuleResult("moving_backwards", False)
    share = q.closed * q.whole / q.elapsed
    if reaches(share, 1):
        return RuleResult("on_track", True, value=share)
    if reaches(share, 0.5):
        return RuleResult("acceleration_needed", False, value=share)
    forward = share > CLOSE
    return RuleResult("breakthrough_needed" if forward else "moving_backwards", False, value=share)


def line_at(years: list[int], values: list[float], at: int, weights: range | None = None) -> float:
    """The (weighted) least-squares line's level in year `at`.

    >>> line_at([2018, 2019, 2020], [1.0, 2.0, 3.0], 2022)
    5.0
    """
    x, y = np.asarray(years, float) - years[-1], np.asarray(values, float)
    w = np.ones_like(x) if weights is None else np.asarray(weights, float)
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
    slope = np.sum(w * (x - mean_x) * (y - mean_y)) / np.sum(w * (x - mean_x) ** 2)
    return float(mean_y + slope * (at - years[-1] - mean_x))

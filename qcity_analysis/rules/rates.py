"""Rules on rates of change: compound growth (Eurostat, UN Statistics Division, Open SDG) and slopes of logarithms
(Defra's pilot, average annual rates of reduction, GBD).

A compound rate needs two figures of the same sign, neither of them 0, and never reaches 0; where that fails the rule
does not apply. The published advice to put 0.001 for 0 is not followed: the class would depend on the unit.
"""

from __future__ import annotations

import math

import numpy as np

from ..targets import reaches
from .lines import line_at
from .question import NotApplicable, Question, RuleResult, banded

EUROSTAT = ((0.95, "significant"), (0.6, "moderate"), (0.0, "insufficient"))
UNSD_2022 = ((0.95, "on_track"), (0.5, "fair"), (-0.1, "limited"))
UNSD_2023 = ((0.95, "on_track"), (0.1, "fair"))
OPEN_SDG = ((0.95, "on_track"), (0.6, "accelerate"), (0.0, "limited"))
OPEN_SDG_TREND = ((0.015, "on_track"), (0.005, "accelerate"), (0.0, "limited"))
NEAR_LIMIT = 4.44
SPAN = 5  # years that Eurostat looks back
RECENCY = 1.0


def eurostat(q: Question) -> RuleResult:
    """Growth over the last five years against the growth needed from there to the deadline.

    With s the year five before the last: `CAGR = (y_t / y_s)^(1 / (t - s)) - 1`, needed
    `(T / y_s)^(1 / (deadline - s)) - 1`. Ratio >= .95 significant, >= .60 moderate, >= 0 insufficient, below away;
    significant means yes. `value` is the ratio. Source: Eurostat, Sustainable development in the European Union,
    annex on the assessment of trends. Uncertain: what is done without a figure in year s; the last one before it is
    used, else the oldest when it is at least three years back. A figure that meets the target is significant.

    >>> evaluate("eurostat", pd.Series({2015: 100, 2020: 90}), Goal("at_most", 81, 2015, 2025), 2020).category
    'significant'
    """
    earlier = [year for year in q.known if year <= q.last_year - SPAN]
    start = earlier[-1] if earlier else next(iter(q.known))
    if q.last_year - start < 3:
        raise NotApplicable("too_short", years=q.last_year - start, least=3)
    observed = _rate(q.known[start], q.last, start, q.last_year)
    needed = _needed(q, start)
    if needed == 0 or q.sign * (q.goal - q.known[start]) <= 0:  # met then, not now
        return RuleResult("away", False)
    return banded(observed / needed, EUROSTAT, "away")


def unsd_2022(q: Question) -> RuleResult:
    """Growth since the base year against the growth needed from the base year to the deadline.

    `CR = CAGR so far / CAGR required`: >= .95 on_track, >= .5 fair, >= -.1 limited, below deterioration; on_track means
    yes. `value` is CR. Source: UN Statistics Division, SDG Progress Chart 2022, technical note. A figure that meets the
    target is on_track; a target that the base year met and the last figure does not is deterioration.

    >>> evaluate("unsd_2022", pd.Series({2015: 50, 2020: 52}), Goal("at_least", 80, 2015, 2030), 2020).category
    'limited'
    """
    observed = _rate(q.base, q.last, q.base_year, q.last_year)
    needed = _needed(q, q.base_year)
    if q.slipped or needed == 0:
        return RuleResult("deterioration", False)
    return banded(observed / needed, UNSD_2022, "deterioration")


def unsd_2023(question: Question) -> RuleResult:
    """Share of the way that the growth so far would have covered by the deadline.

    `v = y_t (1 + CAGR)^h`, `(v - y_b) / (T - y_b)`: >= .95 on_track, >= .10 fair, below stagnation_or_regression; a
    figure that meets the target, or a target of 0 or 100 % to within 1 point, is met; met and on_track mean yes.
    `value` is the share. Source: UN Statistics Division, Progress Chart Technical Note 2023. Uncertain: the note words
    the 1 % for percentages; it is used unless the target's `unit` is known to be another one.

    >>> evaluate("unsd_2023", pd.Series({2015: 90, 2020: 99.2}), Goal("at_least", 100, 2015, 2030), 2020).category
    'met'
    """
    q = question.dated()
    near = q.goal in (0, 100) and q.unit in (None, "%", "percent") and abs(q.last - q.goal) <= 1
    if q.met or near:
        return RuleResult("met", True)
    rate = _rate(q.base, q.last, q.base_year, q.last_year)
    if q.slipped:
        return RuleResult("stagnation_or_regression", False)
    expected = q.last * (1 + rate) ** q.left
    return banded((expected - q.base) / (q.goal - q.base), UNSD_2023, "stagnation_or_regression")


def open_sdg(question: Question) -> RuleResult:
    """Growth since the base year against the size of the growth needed; without a target, against fixed rates.

    With a target `R = d CAGR / |CAGR needed|`: met target_achieved, >= .95 on_track, >= .60 accelerate, >= 0 limited,
    below deterioration. Without one `d CAGR` against 1.5 %, 0.5 % and 0, the first two scaled by C near a natural
    limit (attribute `limit` of the target), `C = 1 - (y_b / limit)^4.44` below it and
    `1 - ((2 limit - y_b) / limit)^4.44` between it and twice it, else 1. target_achieved and on_track mean yes. `value`
    is R or d CAGR; for figures below 0 growth away from 0 is turned round. Source: Statistics Canada and Open SDG,
    Progress Measurement Methodology (version 2.4). Not followed: 0 replaced by 0.001, a direction of "down" where none
    is given, and 2015 or the year after it where a stated base year has no figure.

    >>> evaluate("open_sdg", pd.Series({2015: 100, 2020: 104}), Goal("increase"), 2020).category
    'accelerate'
    """
    if question.level is None:
        growth, limit = _growth(question), question.limit
        scale = 1.0 if limit is None else near_limit(question.base, limit)
        return banded(growth, [(scale * bound, word) for bound, word in OPEN_SDG_TREND], "deterioration")
    q = question.dated()
    if q.met:
        return RuleResult("target_achieved", True)
    growth, needed = _growth(q), _needed(q, q.base_year)
    if q.slipped or needed == 0:
        return RuleResult("deterioration", False)
    return banded(growth / abs(needed), OPEN_SDG, "deterioration")


def _growth(q: Question) -> float:
    """Yearly growth since the base year, above 0 when it goes the right way; for figures below 0 turned round."""
    return q.sign * _rate(q.base, q.last, q.base_year, q.last_year) * (-1 if q.base < 0 else 1)


def near_limit(base: float, limit: float) -> float:
    """Factor between 0 and 1 on the growth expected, small when the base figure is close to a natural limit.

    >>> near_limit(100, 100), round(near_limit(50, 100), 3), near_limit(300, 100)
    (0.0, 0.954, 1.0)
    """
    base, limit = abs(base), abs(limit)
    if base >= 2 * limit:
        return 1.0
    nearness = base / limit if base <= limit else (2 * limit - base) / limit
    return 1 - nearness**NEAR_LIMIT


def _rate(first: float, last: float, start: int, end: int) -> float:
    if first == 0:
        raise NotApplicable("zero_base", year=start)
    if last != 0 and (first < 0) != (last < 0):  # the product may be too small for a sign
        raise NotApplicable("sign_change", first=start, last=end)
    return float((last / first) ** (1 / (end - start)) - 1)


def _needed(q: Question, start: int) -> float:
    if q.goal == 0:
        raise NotApplicable("zero_target")
    return _rate(q.known[start], q.goal, start, q.due)


def defra(q: Question) -> RuleResult:
    """Years until the target is reached at the smoothed recent rate.

    The figures are smoothed (LOESS, three quarters of the points, local lines); with s_1 and s_6 the last six smoothed
    points, rate `(s_6 / s_1)^(1 / years) - 1` and `ln(T / s_6) / ln(1 + rate)` years to go, against the h years left:
    <= h substantial, <= h + 5 some, else insufficient; substantial means yes. `value` is the years to go. Source: UK
    Outcome Indicator Framework, pilot assessment of targets by Defra's Environmental Analysis Unit. Uncertain: the
    pilot's versions differ on the kind of rate and on whether the first and last smoothed points are dropped; one
    compound rate between the sixth last and the last point is used, with local lines where the pilot has quadratics.

    >>> known = pd.Series({2015 + k: 100 * 0.9**k for k in range(6)})
    >>> evaluate("defra", known, Goal("at_most", 40, deadline=2030), 2020).category
    'substantial'
    """
    years, values = q.points(6)
    from statsmodels.nonparametric.smoothers_lowess import lowess

    if min(values) <= 0 or q.goal <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    smooth = lowess(values, years, frac=0.75, it=0, return_sorted=False)[-6:].tolist()
    if min(smooth) <= 0:
        raise NotApplicable("not_positive")
    to_go, rate = math.log(q.goal / smooth[-1]), math.log(smooth[-1] / smooth[0]) / (years[-1] - years[-6])
    there = q.sign * to_go <= 0  # the smoothed level, though the figure is not
    wait = 0.0 if there else to_go / rate if q.sign * rate > 1e-12 else math.inf
    late = "some" if reaches(q.left + 5, wait) else "insufficient"
    category = "substantial" if reaches(q.left, wait) else late
    return RuleResult(category, category == "substantial", value=wait)


def aarr(q: Question) -> RuleResult:
    """Average annual rate of reduction against the one needed from base to deadline.

    β is the slope of ln y on the year since the base year; `AARR = 100 (1 - e^β)` against
    `100 (1 - (T / y_b)^(1 / N))`. Categories: on_track, off_track. `value` is the AARR in percent, below 0 for
    increases. Source: UNICEF, technical note on the AARR; Global Nutrition Report.
    Uncertain: the number of points asked for; three here.

    >>> known = pd.Series({2018: 40.0, 2019: 38.0, 2020: 36.1})
    >>> evaluate("aarr", known, Goal("at_most", 20, 2018, 2030), 2020).category
    'off_track'
    """
    years, values = q.points(3, q.base_year)
    if min(values) <= 0 or q.goal <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    logs = [math.log(value) for value in values]
    slope = line_at(years, logs, 1) - line_at(years, logs, 0)
    needed = math.log(q.goal / q.base) / q.whole
    reached = not q.slipped and reaches(q.sign * slope, q.sign * needed)
    return RuleResult("on_track" if reached else "off_track", reached, value=-100 * math.expm1(slope))


def gbd(q: Question) -> RuleResult:
    """Projection with the recency-weighted mean of yearly changes of the logarithm, for shares of the log odds.

    The i-th yearly change has the weight i^ω; a gap counts as equal changes in each of its years. Categories: attained,
    not_attained. `value` is the level projected for the deadline. A share is a target whose `support` is "percent" or
    "share" or whose `unit` is "%". Source: IHME, health-related SDG indicators, GBD 2016 and 2017. Uncertain: ω is
    chosen there by out-of-sample error for each indicator; 1 is used here, as one series does not allow the choice.

    >>> known = pd.Series({2018: 100.0, 2019: 90.0, 2020: 81.0})
    >>> evaluate("gbd", known, Goal("at_most", 60, deadline=2023), 2020).category
    'attained'
    """
    years, values = q.points(3)
    percent = q.support == "percent" or q.unit == "%"
    whole = 1.0 if q.support == "share" else 100.0 if percent else None
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
    reached = q.reached(level)
    return RuleResult("attained" if reached else "not_attained", reached, value=level)

"""Rules on straight lines and on the calendar: least squares, ESCAP, SDG Index, Healthy People, McArthur, the weather
symbols of Germany's sustainability indicators, and the schedules and the barometer of Chinese plan reviews.
"""

from __future__ import annotations

import math

import numpy as np

from ..targets import CLOSE, reaches
from .question import NotApplicable, Question, RuleResult, banded

LEAST, MOST = 4, 6  # figures for a weather symbol


def escap(question: Question) -> RuleResult:
    """Gap that a time-weighted line leaves at the deadline, relative to the way from base to target.

    I is the value at the deadline of the least-squares line through all figures, the i-th of n weighted by i; gap
    `|T - I| / |T - y_b|`, or 0 where I reaches the target: <= .10 maintain, <= 1 accelerate, > 1 reverse; maintain is
    yes. `value` is the gap. Source: UN ESCAP, Anticipated Progress Index (also UNECE technical notes). Uncertain: the
    weights are published as proportional to time; i / Σi is used, over all figures given (ESCAP: from 2000 on).

    >>> evaluate("escap", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 18, 2015, 2030), 2020).category
    'accelerate'
    """
    q = question.dated()
    if q.met:
        return RuleResult("maintain", True, value=0.0)
    if q.slipped:
        return RuleResult("reverse", False)
    years, values = q.points(2)
    anticipated = line_at(years, values, q.due, range(1, len(years) + 1))
    short = max(0.0, q.sign * (q.goal - anticipated))
    gap = short / abs(q.goal - q.base)
    category = "maintain" if reaches(0.1, gap) else "accelerate" if reaches(1.0, gap) else "reverse"
    return RuleResult(category, category == "maintain", value=gap)


def sdsn(q: Question) -> RuleResult:
    """Yearly change since the base year against the yearly change needed from base to deadline.

    Ratio of `(y_t - y_b) / (t - b)` to `(T - y_b) / (deadline - b)`: < 0 decreasing, < .5 stagnating, < 1
    moderately_improving, >= 1 on_track; on_track means yes. `value` is the ratio. Source: SDSN, SDG Index, trend
    arrows, which take both from scores normalised to 0 to 100: an affine step that leaves the ratio as it is, unless
    scores are cut off at 0 or 100 (none is here).

    >>> evaluate("sdsn", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 20, 2015, 2030), 2020).category
    'moderately_improving'
    """
    if q.slipped:
        return RuleResult("decreasing", False)
    ratio = q.closed * q.whole / q.elapsed
    bands = ((1.0, "on_track"), (0.5, "moderately_improving"), (0.0, "stagnating"))
    return banded(ratio, bands, "decreasing")


def ols(q: Question) -> RuleResult:
    """Whether the least-squares line through all figures reaches the target at the deadline.

    Categories: on_track, off_track. `value` is the line's level at the deadline. Source: WHO/UNICEF Joint Monitoring
    Programme, which fits a straight line through all survey points. Uncertain: how many points it asks for; three here.

    >>> known = pd.Series({2018: 60, 2019: 63, 2020: 64})
    >>> evaluate("ols", known, Goal("at_least", 84, deadline=2030), 2020).category
    'on_track'
    """
    level = line_at(*q.points(3), q.due)
    reached = q.reached(level)
    return RuleResult("on_track" if reached else "off_track", reached, value=level)


def healthy_people(q: Question) -> RuleResult:
    """Share of the targeted change achieved: `100 (y_t - y_b) / (T - y_b)`.

    A figure that meets the target target_met; >= 10 % improving; away from the target by >= 10 % of the base figure
    getting_worse; else little_or_no_change. target_met and improving mean yes: it is the rule's only good news, and it
    promises less than attainment. `value` is the percentage. Source: US Healthy People 2020 and 2030; where standard
    errors are published the office tests significance instead, which yearly totals do not allow.

    >>> evaluate("healthy_people", pd.Series({2020: 50, 2023: 48}), Goal("at_most", 40, 2020, 2030), 2023).category
    'improving'
    """
    away = -q.sign * (q.last - q.base)
    if away > 0 or q.slipped:
        if q.base == 0:
            raise NotApplicable("zero_base", year=q.base_year)
        worse = reaches(away / abs(q.base), 0.1)
        return RuleResult("getting_worse" if worse else "little_or_no_change", False)
    return banded(100 * q.closed, ((10.0, "improving"),), "little_or_no_change")


def mcarthur(q: Question) -> RuleResult:
    """Share of the starting gap on course to be closed by the deadline.

    `(y_t + rate h - y_b) / (T - y_b)` with the yearly rate since the base year: >= 1 on_track, >= .5
    acceleration_needed, > 0 breakthrough_needed, below moving_backwards; on_track means yes. `value` is the share.
    Source: McArthur and Rasmussen (2019), Classifying Sustainable Development Goal trajectories, World Development
    123, 104608. Uncertain: for some indicators they project proportional rates; the absolute rate is used here.

    >>> evaluate("mcarthur", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 20, 2015, 2030), 2020).category
    'acceleration_needed'
    """
    if q.slipped:
        return RuleResult("moving_backwards", False)
    share = q.closed * q.whole / q.elapsed
    below = "breakthrough_needed" if share > CLOSE else "moving_backwards"
    return banded(share, ((1.0, "on_track"), (0.5, "acceleration_needed")), below)


def destatis(question: Question) -> RuleResult:
    """Weather symbol: sun, light_cloud, cloud or storm.

    δ is the mean yearly change over the last six figures (five or four where there are no more). Where years are
    missing it is the change per year between the first and the last of them, which is the mean of the yearly changes
    when the gaps are filled on straight lines.

    A level at a deadline: `y_t + δ (deadline - t)` misses the target by less than 5 % of `|T - y_t|` sun, by 5 to 20 %
    light_cloud, by more cloud; storm where δ does not lead towards the target (a constant distance is a storm). `value`
    is the share missed. A target reached before its deadline, a deadline that is the year of the last figure or
    earlier, and a threshold that holds every year: met and not worsening sun, met and worsening light_cloud, not met
    and improving cloud, else storm; `value` is δ. A direction only: δ and the last change both right sun, only δ
    light_cloud, only the last change cloud, neither storm; `value` is δ. Of an interval the weakest end counts. Of
    several targets to be met at once the worst symbol counts (`evaluate` takes a list); of values staged over several
    years the office takes the next one.

    `will_meet`: sun; or met today; or, for a direction, δ in the right direction. The office calls light_cloud "on
    track" too, although its text says that the target would be missed.

    Source: Federal Statistical Office, Sustainable Development in Germany, indicator reports and dns-indikatoren.de,
    "Status of indicators – Methodology". Uncertain: the editions differ on a δ of exactly 0 with a missed yearly
    threshold (storm in the later ones, used here) and on gaps ("the last six points in time" in the earliest, used
    here). The office may compute from unrounded figures.

    >>> known = pd.Series({2015: 20, 2016: 22, 2017: 24, 2018: 26, 2019: 28, 2020: 30})
    >>> evaluate("destatis", known, Goal("at_least", 50, deadline=2030), 2020).category
    'sun'
    """
    q = question
    q.points(LEAST)
    change = mean_change(q)
    if q.level is None:
        last = _change(q, list(q.known)[-2])
        symbols = ("sun", "light_cloud") if change > 0 else ("cloud", "storm")
        return RuleResult(symbols[0 if last > 0 else 1], change > 0, value=change)
    if q.met:
        return RuleResult("light_cloud" if change < 0 else "sun", True, value=change)
    if q.kind == "yearly" or q.deadline is None or q.left <= 0:
        return RuleResult("cloud" if change > 0 else "storm", False, value=change)
    missed = 1 - change * q.left / (q.sign * (q.level - q.last))
    if change <= 0:
        return RuleResult("storm", False, value=missed)
    if missed < 0.05 - CLOSE:
        return RuleResult("sun", True, value=missed)
    return RuleResult("light_cloud" if missed <= 0.2 + CLOSE else "cloud", False, value=missed)


def mean_change(question: Question) -> float:
    """δ, the mean yearly change over the last six figures, above 0 when it goes the right way.

    >>> from qcity_analysis.rules.question import question_of
    >>> mean_change(question_of(pd.Series({2014: 9.0, 2016: 8.0, 2017: 6.0, 2018: 5.0}), Goal("decrease"), 2018))
    1.0
    """
    years = list(question.known)[-MOST:]
    return _change(question, years[0]) / (years[-1] - years[0])


def _change(question: Question, since: int) -> float:
    change = question.sign * (question.last - question.known[since])
    blur = CLOSE * max(abs(question.last), abs(question.known[since]))
    return 0.0 if abs(change) <= blur else change


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


def schedule(q: Question) -> RuleResult:
    """Straight line (时序进度): on schedule when `(y_t - y_b) / (T - y_b) >= (t - b) / (deadline - b)`.

    Categories: on_schedule, behind_schedule. `value` is the share of the way covered. Source: mid-term reviews of
    Chinese five-year plans, which expect 20, 40, 60, 80 and 100 % at the end of the five years; the European
    Environment Agency's linear target path is the same line. Uncertain: the Agency calls a deviation of up to 10 %
    still on the path, Chinese reviews do not; no tolerance is used here. A target that the base year already met is
    behind schedule once it is no longer met.

    >>> known = pd.Series({2020: 100, 2021: 97, 2022: 92})
    >>> evaluate("schedule", known, Goal("at_most", 80, 2020, 2025), 2022).category
    'on_schedule'
    """
    if q.slipped:
        return RuleResult("behind_schedule", False)
    return _compared(q, q.closed)


def log_schedule(question: Question) -> RuleResult:
    """Straight line of logarithms, for reductions: on schedule when `ln(y_t / y_b) / ln(T / y_b) >= (t - b) / N`.

    With yearly changes r chained from the base year, `y_t / y_b = Π(1 + r)`, and with a cut D, `T / y_b = 1 - D`.
    Categories: on_schedule, behind_schedule. `value` is the share of the cut covered. Source: accounting of the
    energy-intensity targets of Chinese five-year plans (an equal percentage every year is exactly on schedule). Does
    not apply to increases, to a target of 0, or to figures that are not positive.

    >>> known = pd.Series({2020: 100, 2021: 96.5, 2022: 93})
    >>> evaluate("log_schedule", known, Goal("at_most", 82, 2020, 2025), 2022).category
    'behind_schedule'
    """
    q = question.dated()
    if q.sign > 0:
        raise NotApplicable("reductions_only")
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

    >>> known = pd.Series({2020: 100, 2021: 97, 2022: 97.5})
    >>> evaluate("barometer", known, Goal("at_most", 82, 2020, 2025), 2022).category
    'red'
    """
    q = question.dated()
    if q.sign > 0:
        raise NotApplicable("reductions_only")
    before = q.last_year - 1
    if before not in q.known:
        raise NotApplicable("no_year_before", year=before)
    if q.known[before] <= 0 or q.base <= 0 or q.last < 0:
        raise NotApplicable("not_positive")
    if q.goal <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")
    change = q.last / q.known[before] - 1
    needed = (q.goal / q.base) ** (1 / q.whole) - 1
    colour = "red" if change > 1e-12 else "green" if reaches(-change, -needed) else "orange"
    return RuleResult(colour, q.met or colour == "green", value=100 * change)


def _compared(q: Question, covered: float) -> RuleResult:
    on_schedule = reaches(covered, q.elapsed / q.whole)
    return RuleResult("on_schedule" if on_schedule else "behind_schedule", on_schedule, value=covered)

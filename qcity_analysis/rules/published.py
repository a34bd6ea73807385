"""The published rules, one function each, in the order of `RULES`.

Some draw straight lines (schedules, ESCAP, SDG Index, the German weather symbols, least squares, McArthur), others
compare rates (Eurostat, UN Statistics Division, Open SDG, Defra, AARR, GBD). A compound rate needs two figures of the
same sign, neither of them 0, and never reaches 0; where that fails the rule does not apply. The published advice to put
0.001 for 0 is not followed: the class would depend on the unit.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..targets import CLOSE, reaches
from .question import NEVER, NotApplicable, Question, RuleResult, banded, rule

LEAST, MOST = 4, 6  # figures for a weather symbol
OPEN_SDG_TREND = {"on_track": 0.015, "accelerate": 0.005, "limited": 0.0}  # yearly growth without a target
NEAR_LIMIT = 4.44
SPAN = 5  # years that Eurostat looks back


@rule("on_schedule", "behind_schedule", settled="base")
def schedule(q: Question) -> tuple[bool, float]:
    """Straight line (时序进度): on schedule when `(y_t - y_b) / (T - y_b) >= (t - b) / (deadline - b)`.

    `value` is the share of the way covered. Source: mid-term reviews of Chinese five-year plans (20, 40, 60, 80 and
    100 % at the end of the years); the European Environment Agency's linear target path. Uncertain: the Agency calls a
    deviation of up to 10 % still on the path, Chinese reviews do not; no tolerance is used here.

    >>> evaluate("schedule", pd.Series({2020: 100, 2022: 92}), Goal("at_most", 80, 2020, 2025), 2022).category
    'on_schedule'
    """
    return reaches(q.closed, q.elapsed / q.whole), q.closed


@rule("on_schedule", "behind_schedule", settled="judged")
def log_schedule(question: Question) -> RuleResult | tuple[bool, float]:
    """Straight line of logarithms, for reductions: on schedule when `ln(y_t / y_b) / ln(T / y_b) >= (t - b) / N`.

    With yearly changes r chained from the base year, `y_t / y_b = Π(1 + r)`, and with a cut D, `T / y_b = 1 - D`.
    `value` is the share of the cut covered. Source: accounting of the energy-intensity targets of Chinese five-year
    plans. Does not apply to increases, to a target of 0, or to figures that are not positive.

    >>> evaluate("log_schedule", pd.Series({2020: 100, 2022: 93}), Goal("at_most", 82, 2020, 2025), 2022).category
    'behind_schedule'
    """
    q = _reduction(question)
    if q.met or q.slipped:
        return RuleResult("on_schedule" if q.met else "behind_schedule", q.met)
    _positive(q, q.base, q.last)
    covered = math.log(q.last / q.base) / math.log(q.goal / q.base)
    return reaches(covered, q.elapsed / q.whole), covered


@rule("green", "orange", "red", settled="judged")
def barometer(question: Question) -> RuleResult:
    """Warning colour of the last year, for reductions: rose red, fell by less than the needed rate orange, else green.

    The needed rate is the equal yearly percentage from base to target, `(T / y_b)^(1 / N) - 1`. `value` is the last
    year's change in percent. Source: NDRC, 能耗双控目标完成情况晴雨表, 发改办环资〔2021〕629号: 不降反升 一级预警
    (red), 未达到进度要求 二级预警 (orange), 三级预警 (green). Uncertain: the required progress of each province is not
    printed; the average of the plan period is used. An earlier edition (发改办环资〔2020〕901号) drew the first line at
    10 % of the target. A year without change is orange.

    >>> known = pd.Series({2020: 100, 2021: 97, 2022: 97.5})
    >>> evaluate("barometer", known, Goal("at_most", 82, 2020, 2025), 2022).category
    'red'
    """
    q = _reduction(question)
    before = q.last_year - 1
    if before not in q.known:
        raise NotApplicable("no_year_before", year=before)
    if q.last < 0:
        raise NotApplicable("not_positive")
    _positive(q, q.known[before], q.base)
    change = q.last / q.known[before] - 1
    needed = (q.goal / q.base) ** (1 / q.whole) - 1
    colour = "red" if change > 1e-12 else "green" if reaches(-change, -needed) else "orange"
    return RuleResult(colour, q.met or colour == "green", value=100 * change)


@rule(significant=0.95, moderate=0.6, insufficient=0.0, away=NEVER)
def eurostat(q: Question) -> RuleResult | float:
    """Growth over the last five years against the growth needed from there to the deadline.

    With s the year five before the last: `CAGR = (y_t / y_s)^(1 / (t - s)) - 1`, needed
    `(T / y_s)^(1 / (deadline - s)) - 1`. `value` is their ratio. Source: Eurostat, Sustainable development in the
    European Union, annex on the assessment of trends. Uncertain: what is done without a figure in year s; the last one
    before it is used, else the oldest when it is at least three years back.

    >>> evaluate("eurostat", pd.Series({2015: 100, 2020: 90}), Goal("at_most", 81, 2015, 2025), 2020).category
    'significant'
    """
    earlier = [year for year in q.known if year <= q.last_year - SPAN]
    start = earlier[-1] if earlier else next(iter(q.known))
    if q.last_year - start < 3:
        raise NotApplicable("too_short", years=q.last_year - start, least=3)
    observed, needed = _rate(q.known[start], q.last, start, q.last_year), _needed(q, start)
    return RuleResult("away", False) if q.reached(q.known[start]) else observed / needed  # met then, not now


@rule(on_track=0.95, fair=0.5, limited=-0.1, deterioration=NEVER, settled="base")
def unsd_2022(q: Question) -> float:
    """Growth since the base year against the growth needed from the base year to the deadline.

    `value` is `CR = CAGR so far / required`. Source: UN Statistics Division, SDG Progress Chart 2022, technical note.

    >>> evaluate("unsd_2022", pd.Series({2015: 50, 2020: 52}), Goal("at_least", 80, 2015, 2030), 2020).category
    'limited'
    """
    return _rate(q.base, q.last, q.base_year, q.last_year) / _needed(q, q.base_year)


@rule("met", on_track=0.95, fair=0.1, stagnation_or_regression=NEVER, settled="base")
def unsd_2023(q: Question) -> RuleResult | float:
    """Share of the way that the growth so far would have covered by the deadline.

    `value` is `(v - y_b) / (T - y_b)` with `v = y_t (1 + CAGR)^h`; a figure within 1 point of a target of 0 or 100 % is
    met too; met and on_track mean yes. Source: UN Statistics Division, Progress Chart Technical Note 2023. Uncertain:
    the note words the 1 % for percentages; it is used unless the target's `unit` is known to be another one.

    >>> evaluate("unsd_2023", pd.Series({2015: 90, 2020: 99.2}), Goal("at_least", 100, 2015, 2030), 2020).category
    'met'
    """
    if q.goal in (0, 100) and q.unit in (None, "%", "percent") and abs(q.last - q.goal) <= 1:
        return RuleResult("met", True)
    expected = q.last * (1 + _rate(q.base, q.last, q.base_year, q.last_year)) ** q.left
    return (expected - q.base) / (q.goal - q.base)


@rule("target_achieved", on_track=0.95, accelerate=0.6, limited=0.0, deterioration=NEVER, settled="judged")
def open_sdg(question: Question) -> RuleResult | float:
    """Growth since the base year against the size of the growth needed; without a target, against fixed rates.

    With a target `value` is `R = d CAGR / |CAGR needed|`. Without one it is `d CAGR`, held against 1.5 %, 0.5 % and 0,
    the first two scaled by C near a natural limit (attribute `limit` of the target), `C = 1 - (y_b / limit)^4.44` below
    it and `1 - ((2 limit - y_b) / limit)^4.44` between it and twice it, else 1. For figures below 0 growth away from 0
    is turned round. Source: Statistics Canada and Open SDG, Progress Measurement Methodology (version 2.4). Not
    followed: "down" where no direction is given, and 2015 or the year after where a stated base year has no figure.

    >>> evaluate("open_sdg", pd.Series({2015: 100, 2020: 104}), Goal("increase"), 2020).category
    'accelerate'
    """
    q = question if question.level is None else question.dated()
    if q.level is not None and q.met:
        return RuleResult("target_achieved", True)
    growth = q.sign * _rate(q.base, q.last, q.base_year, q.last_year) * (-1 if q.base < 0 else 1)
    if q.level is None:
        scale = 1.0 if q.limit is None else near_limit(q.base, q.limit)
        scaled = {word: scale * bound for word, bound in OPEN_SDG_TREND.items()}
        return banded(growth, scaled | {"deterioration": NEVER})
    return RuleResult("deterioration", False) if q.slipped else growth / abs(_needed(q, q.base_year))


@rule("maintain", "accelerate", "reverse", settled="base")
def escap(q: Question) -> RuleResult:
    """Gap that a time-weighted line leaves at the deadline, relative to the way from base to target.

    I is the value at the deadline of the least-squares line through all figures, the i-th of n weighted by i; `value`
    is the gap `|T - I| / |T - y_b|`, or 0 where I reaches the target. Source: UN ESCAP, Anticipated Progress Index (and
    UNECE technical notes). Uncertain: the weights are published as proportional to time; i / Σi is used, over all
    figures given (ESCAP: from 2000 on).

    >>> evaluate("escap", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 18, 2015, 2030), 2020).category
    'accelerate'
    """
    years, values = q.points(2)
    anticipated = line_at(years, values, q.due, range(1, len(years) + 1))
    gap = max(0.0, q.sign * (q.goal - anticipated)) / abs(q.goal - q.base)
    return replace(banded(-gap, {"maintain": -0.1, "accelerate": -1.0, "reverse": NEVER}), value=gap)


@rule(on_track=1.0, moderately_improving=0.5, stagnating=0.0, decreasing=NEVER, settled="base")
def sdsn(q: Question) -> float:
    """Yearly change since the base year against the yearly change needed from base to deadline.

    `value` is the ratio of `(y_t - y_b) / (t - b)` to `(T - y_b) / (deadline - b)`. Source: SDSN, SDG Index, trend
    arrows, which take both from scores normalised to 0 to 100: an affine step that leaves the ratio as it is, unless
    scores are cut off at 0 or 100 (none is here).

    >>> evaluate("sdsn", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 20, 2015, 2030), 2020).category
    'moderately_improving'
    """
    return q.closed * q.whole / q.elapsed


@rule("sun", "light_cloud", "cloud", "storm", settled="judged")
def destatis(q: Question) -> RuleResult:
    """Weather symbol: sun, light_cloud, cloud or storm.

    δ is the mean yearly change over the last six figures (five or four where there are no more), gaps filled on
    straight lines. A level at a deadline: `y_t + δ (deadline - t)` misses the target by less than 5 % of `|T - y_t|`
    sun, by 5 to 20 % light_cloud, by more cloud; storm where δ does not lead towards it; `value` is the share missed. A
    target reached before its deadline, a deadline not after the last figure, and a threshold that holds every year: met
    and not worsening sun, met and worsening light_cloud, not met and improving cloud, else storm; `value` is δ. A
    direction only: δ and the last change both right sun, only δ light_cloud, only the last change cloud, neither storm;
    `value` is δ. Of an interval the weakest end counts, of several targets the worst symbol (`evaluate` takes a list).
    Yes means sun, or met today, or, for a direction, δ right; the office calls light_cloud "on track" too, although its
    text says that the target would be missed. Source: Federal Statistical Office, Sustainable Development in Germany,
    indicator reports and dns-indikatoren.de, "Status of indicators – Methodology". Uncertain: the editions differ on a
    δ of exactly 0 with a missed yearly threshold (storm in the later ones, used here) and on gaps ("the last six points
    in time" in the earliest, used here). The office may compute from unrounded figures.

    >>> known = pd.Series({2015: 20, 2016: 22, 2017: 24, 2018: 26, 2019: 28, 2020: 30})
    >>> evaluate("destatis", known, Goal("at_least", 50, deadline=2030), 2020).category
    'sun'
    """
    q.points(LEAST)
    years = list(q.known)[-MOST:]
    change = _change(q, years[0]) / (years[-1] - years[0])  # δ, above 0 when it goes the right way
    if q.level is None:
        symbols = ("sun", "light_cloud") if change > 0 else ("cloud", "storm")
        return RuleResult(symbols[_change(q, years[-2]) <= 0], change > 0, value=change)
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


@rule("substantial", "some", "insufficient")
def defra(q: Question) -> RuleResult:
    """Years until the target is reached at the smoothed recent rate.

    The figures are smoothed (LOESS, three quarters of the points, local lines); with s_1 and s_6 the last six smoothed
    points, rate `(s_6 / s_1)^(1 / years) - 1`; `value` is the years to go, `ln(T / s_6) / ln(1 + rate)`: up to the h
    left substantial, up to h + 5 some. Source: UK Outcome Indicator Framework, pilot assessment of targets by Defra's
    Environmental Analysis Unit. Uncertain: the pilot's versions differ on the kind of rate and on whether the first and
    last smoothed points are dropped; one compound rate between the sixth last and the last point is used, with local
    lines where the pilot has quadratics.

    >>> known = pd.Series({2015 + k: 100 * 0.9**k for k in range(6)})
    >>> evaluate("defra", known, Goal("at_most", 40, deadline=2030), 2020).category
    'substantial'
    """
    years, values = q.points(6)
    from statsmodels.nonparametric.smoothers_lowess import lowess

    _positive(q, *values)
    smooth = lowess(values, years, frac=0.75, it=0, return_sorted=False)[-6:].tolist()
    if min(smooth) <= 0:
        raise NotApplicable("not_positive")
    to_go, rate = math.log(q.goal / smooth[-1]), math.log(smooth[-1] / smooth[0]) / (years[-1] - years[-6])
    there = q.sign * to_go <= 0  # the smoothed level, though the figure is not
    wait = 0.0 if there else to_go / rate if q.sign * rate > 1e-12 else math.inf
    bounds = {"substantial": -q.left, "some": -q.left - 5, "insufficient": NEVER}
    return replace(banded(-wait, bounds), value=wait)


@rule("on_track", "off_track")
def aarr(q: Question) -> tuple[bool, float]:
    """Average annual rate of reduction against the one needed from base to deadline.

    β is the slope of ln y on the year since the base year; `AARR = 100 (1 - e^β)` against
    `100 (1 - (T / y_b)^(1 / N))`. `value` is the AARR in percent, below 0 for increases. Source: UNICEF, technical note
    on the AARR; Global Nutrition Report. Uncertain: the number of points asked for; three here.

    >>> evaluate("aarr", pd.Series({2018: 40, 2019: 38, 2020: 36.1}), Goal("at_most", 20, 2018, 2030), 2020).category
    'off_track'
    """
    years, values = q.points(3, q.base_year)
    _positive(q, *values)
    logs = [math.log(value) for value in values]
    slope = line_at(years, logs, 1) - line_at(years, logs, 0)
    needed = math.log(q.goal / q.base) / q.whole
    return not q.slipped and reaches(q.sign * slope, q.sign * needed), -100 * math.expm1(slope)


@rule("on_track", "off_track")
def ols(q: Question) -> tuple[bool, float]:
    """Whether the least-squares line through all figures reaches the target at the deadline.

    `value` is the line's level at the deadline. Source: WHO/UNICEF Joint Monitoring Programme, which fits a straight
    line through all survey points. Uncertain: how many points it asks for; three here.

    >>> evaluate("ols", pd.Series({2018: 60, 2019: 63, 2020: 64}), Goal("at_least", 84, deadline=2030), 2020).category
    'on_track'
    """
    level = line_at(*q.points(3), q.due)
    return q.reached(level), level


@rule("target_met", improving=10.0, little_or_no_change=0.0, getting_worse=NEVER)
def healthy_people(q: Question) -> RuleResult | float:
    """Share of the targeted change achieved: `100 (y_t - y_b) / (T - y_b)`.

    Away from the target by >= 10 % of the base figure is getting_worse. Improving means yes: it is the rule's only good
    news, and it promises less than attainment. `value` is the percentage. Source: US Healthy People 2020, 2030; where
    standard errors are published the office tests significance instead, which yearly totals do not allow.

    >>> evaluate("healthy_people", pd.Series({2020: 50, 2023: 48}), Goal("at_most", 40, 2020, 2030), 2023).category
    'improving'
    """
    away = -q.sign * (q.last - q.base)
    if away > 0 or q.slipped:
        _rate(q.base, q.base, q.base_year, q.last_year)  # no share of a base of 0
        worse = reaches(away / abs(q.base), 0.1)
        return RuleResult("getting_worse" if worse else "little_or_no_change", False)
    return 100 * q.closed


@rule("attained", "not_attained")
def gbd(q: Question) -> tuple[bool, float]:
    """Projection with the recency-weighted mean of yearly changes of the logarithm, for shares of the log odds.

    The i-th yearly change has the weight i^ω; a gap counts as equal changes in each of its years. `value` is the level
    projected for the deadline. A share is a target whose `support` is "percent" or "share" or whose `unit` is "%".
    Source: IHME, health-related SDG indicators, GBD 2016 and 2017. Uncertain: ω is chosen there by out-of-sample error
    for each indicator; 1 is used here, as one series does not allow the choice.

    >>> evaluate("gbd", pd.Series({2018: 100, 2019: 90, 2020: 81}), Goal("at_most", 60, deadline=2023), 2020).category
    'attained'
    """
    years, values = q.points(3)
    percent = q.support == "percent" or q.unit == "%"
    whole, y = 1.0 if q.support == "share" else 100.0 if percent else None, np.asarray(values)
    if whole is None and min(values) <= 0:
        raise NotApplicable("not_positive")
    if whole is not None and not 0 < min(values) <= max(values) < whole:
        raise NotApplicable("not_a_share", whole=f"{whole:g}")
    moved = np.log(y) if whole is None else np.log(y / (whole - y))
    changes = np.diff(np.interp(range(years[0], years[-1] + 1), years, moved))
    ahead = moved[-1] + q.left * np.average(changes, weights=np.arange(1, len(changes) + 1))
    level = float(np.exp(ahead)) if whole is None else float(whole / (1 + np.exp(-ahead)))
    return q.reached(level), level


@rule(
    on_track=1.0, acceleration_needed=0.5, breakthrough_needed=CLOSE, moving_backwards=NEVER, settled="base"
)
def mcarthur(q: Question) -> float:
    """Share of the starting gap on course to be closed by the deadline.

    `value` is `(y_t + rate h - y_b) / (T - y_b)` with the yearly rate since the base year; none is moving_backwards.
    Source: McArthur and Rasmussen (2019), Classifying Sustainable Development Goal trajectories, World Development
    123, 104608. Uncertain: for some indicators they project proportional rates; the absolute rate is used here.

    >>> evaluate("mcarthur", pd.Series({2015: 10, 2020: 12}), Goal("at_least", 20, 2015, 2030), 2020).category
    'acceleration_needed'
    """
    return q.closed * q.whole / q.elapsed


def _change(q: Question, since: int) -> float:
    change = q.sign * (q.last - q.known[since])
    return 0.0 if abs(change) <= CLOSE * max(abs(q.last), abs(q.known[since])) else change


def line_at(years: list[int], values: list[float], at: int, weights: range | None = None) -> float:
    """The (weighted) least-squares line's level in year `at`."""
    x, y = np.asarray(years, float) - years[-1], np.asarray(values, float)
    w = np.ones_like(x) if weights is None else np.asarray(weights, float)
    mean_x, mean_y = np.sum(w * x) / np.sum(w), np.sum(w * y) / np.sum(w)
    slope = np.sum(w * (x - mean_x) * (y - mean_y)) / np.sum(w * (x - mean_x) ** 2)
    return float(mean_y + slope * (at - years[-1] - mean_x))


def _reduction(question: Question) -> Question:
    """The dated question of a target that asks for less."""
    q = question.dated()
    if q.sign > 0:
        raise NotApplicable("reductions_only")
    return q


def _positive(q: Question, *values: float) -> None:
    if min(*values, q.goal) <= 0:
        raise NotApplicable("zero_target" if q.goal == 0 else "not_positive")


def near_limit(base: float, limit: float) -> float:
    """Factor between 0 and 1 on the growth expected, small when the base figure is close to a natural limit."""
    return 1 - max(0.0, 1 - abs(abs(base / limit) - 1)) ** NEAR_LIMIT if limit else 1.0


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

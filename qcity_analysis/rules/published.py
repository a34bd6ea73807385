"""The published rules, one function each, in the order of `RULES`.

Some draw straight lines (schedules, ESCAP, SDG Index, the German weather symbols, least squares, McArthur), others
compare rates (Eurostat, UN Statistics Division, Open SDG, Defra, AARR, GBD). A compound rate needs two figures of the
same sign, neither of them 0, and never reaches 0; where that fails the rule does not apply. The published advice to put
0.001 for 0 is not followed: the class would depend on the unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..catalogue import text
from ..targets import CLOSE, reaches
from .question import NotApplicable, Question, RuleResult, banded

LEAST, MOST = 4, 6  # figures for a weather symbol
EUROSTAT = ((0.95, "significant"), (0.6, "moderate"), (0.0, "insufficient"))
UNSD_2022 = ((0.95, "on_track"), (0.5, "fair"), (-0.1, "limited"))
UNSD_2023 = ((0.95, "on_track"), (0.1, "fair"))
OPEN_SDG = ((0.95, "on_track"), (0.6, "accelerate"), (0.0, "limited"))
OPEN_SDG_TREND = ((0.015, "on_track"), (0.005, "accelerate"), (0.0, "limited"))
SDSN = ((1.0, "on_track"), (0.5, "moderately_improving"), (0.0, "stagnating"))
NEAR_LIMIT = 4.44
SPAN = 5  # years that Eurostat looks back
RECENCY = 1.0
Ask = Callable[[Question], RuleResult]


@dataclass(frozen=True)
class Rule:
    """One published rule: its function, its categories from best to worst, and whether it sees every question.

    A rule that does not is asked only about a level at a deadline that the last figure does not meet; a figure that
    meets it gives the best category.

    >>> RULES["barometer"].categories, RULES["destatis"].source("en")
    (('green', 'orange', 'red'), 'Federal Statistical Office of Germany, status of indicators')
    """

    ask: Ask
    categories: tuple[str, ...]
    every: bool

    def name(self, lang: str) -> str:
        """The rule's name in `lang` ("zh" or "en")."""
        return text(f"rule_name_{self.ask.__name__}", lang)

    def source(self, lang: str) -> str:
        """Who published the rule, in `lang`."""
        return text(f"rule_source_{self.ask.__name__}", lang)


RULES: dict[str, Rule] = {}


def _rule(*categories: str, every: bool = False) -> Callable[[Ask], Ask]:
    """Enter a function as the rule of its name, with its categories from best to worst."""

    def enter(ask: Ask) -> Ask:
        RULES[ask.__name__] = Rule(ask, categories, every)
        return ask

    return enter


@_rule("on_schedule", "behind_schedule")
def schedule(q: Question) -> RuleResult:
    """Straight line (时序进度): on schedule when `(y_t - y_b) / (T - y_b) >= (t - b) / (deadline - b)`.

    Categories: on_schedule, behind_schedule. `value` is the share of the way covered. Source: mid-term reviews of
    Chinese five-year plans, which expect 20, 40, 60, 80 and 100 % at the end of the five years; the European
    Environment Agency's linear target path is the same line. Uncertain: the Agency calls a deviation of up to 10 %
    still on the path, Chinese reviews do not; no tolerance is used here. A target that the base year already met is
    behind schedule once it is no longer met.

    >>> evaluate("schedule", pd.Series({2020: 100, 2022: 92}), Goal("at_most", 80, 2020, 2025), 2022).category
    'on_schedule'
    """
    if q.slipped:
        return RuleResult("behind_schedule", False)
    return _on_schedule(q, q.closed)


@_rule("on_schedule", "behind_schedule", every=True)
def log_schedule(question: Question) -> RuleResult:
    """Straight line of logarithms, for reductions: on schedule when `ln(y_t / y_b) / ln(T / y_b) >= (t - b) / N`.

    With yearly changes r chained from the base year, `y_t / y_b = Π(1 + r)`, and with a cut D, `T / y_b = 1 - D`.
    Categories: on_schedule, behind_schedule. `value` is the share of the cut covered. Source: accounting of the
    energy-intensity targets of Chinese five-year plans (an equal percentage every year is exactly on schedule). Does
    not apply to increases, to a target of 0, or to figures that are not positive.

    >>> evaluate("log_schedule", pd.Series({2020: 100, 2022: 93}), Goal("at_most", 82, 2020, 2025), 2022).category
    'behind_schedule'
    """
    q = _reduction(question)
    if q.met:
        return RuleResult("on_schedule", True)
    if q.slipped:
        return RuleResult("behind_schedule", False)
    _positive(q, q.base, q.last)
    return _on_schedule(q, math.log(q.last / q.base) / math.log(q.goal / q.base))


@_rule("green", "orange", "red", every=True)
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


@_rule("significant", "moderate", "insufficient", "away")
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


@_rule("on_track", "fair", "limited", "deterioration")
def unsd_2022(q: Question) -> RuleResult:
    """Growth since the base year against the growth needed from the base year to the deadline.

    `CR = CAGR so far / CAGR required`: >= .95 on_track, >= .5 fair, >= -.1 limited, below deterioration; on_track means
    yes. `value` is CR. Source: UN Statistics Division, SDG Progress Chart 2022, technical note. A figure that meets the
    target is on_track; a target that the base year met and the last figure does not is deterioration.

    >>> evaluate("unsd_2022", pd.Series({2015: 50, 2020: 52}), Goal("at_least", 80, 2015, 2030), 2020).category
    'limited'
    """
    observed, needed = _rate(q.base, q.last, q.base_year, q.last_year), _needed(q, q.base_year)
    if q.slipped or needed == 0:
        return RuleResult("deterioration", False)
    return banded(observed / needed, UNSD_2022, "deterioration")


@_rule("met", "on_track", "fair", "stagnation_or_regression", every=True)
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
    expected = q.last * (1 + _rate(q.base, q.last, q.base_year, q.last_year)) ** q.left
    if q.slipped:
        return RuleResult("stagnation_or_regression", False)
    return banded((expected - q.base) / (q.goal - q.base), UNSD_2023, "stagnation_or_regression")


@_rule("target_achieved", "on_track", "accelerate", "limited", "deterioration", every=True)
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
        scale = 1.0 if question.limit is None else near_limit(question.base, question.limit)
        bands = [(scale * bound, word) for bound, word in OPEN_SDG_TREND]
        return banded(_growth(question), bands, "deterioration")
    q = question.dated()
    if q.met:
        return RuleResult("target_achieved", True)
    growth, needed = _growth(q), _needed(q, q.base_year)
    if q.slipped or needed == 0:
        return RuleResult("deterioration", False)
    return banded(growth / abs(needed), OPEN_SDG, "deterioration")


@_rule("maintain", "accelerate", "reverse", every=True)
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
    gap = max(0.0, q.sign * (q.goal - anticipated)) / abs(q.goal - q.base)
    return replace(banded(-gap, ((-0.1, "maintain"), (-1.0, "accelerate")), "reverse"), value=gap)


@_rule("on_track", "moderately_improving", "stagnating", "decreasing")
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
    return banded(q.closed * q.whole / q.elapsed, SDSN, "decreasing")


@_rule("sun", "light_cloud", "cloud", "storm", every=True)
def destatis(q: Question) -> RuleResult:
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


@_rule("substantial", "some", "insufficient")
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

    _positive(q, *values)
    smooth = lowess(values, years, frac=0.75, it=0, return_sorted=False)[-6:].tolist()
    if min(smooth) <= 0:
        raise NotApplicable("not_positive")
    to_go, rate = math.log(q.goal / smooth[-1]), math.log(smooth[-1] / smooth[0]) / (years[-1] - years[-6])
    there = q.sign * to_go <= 0  # the smoothed level, though the figure is not
    wait = 0.0 if there else to_go / rate if q.sign * rate > 1e-12 else math.inf
    return replace(
        banded(-wait, ((-q.left, "substantial"), (-q.left - 5, "some")), "insufficient"), value=wait
    )


@_rule("on_track", "off_track")
def aarr(q: Question) -> RuleResult:
    """Average annual rate of reduction against the one needed from base to deadline.

    β is the slope of ln y on the year since the base year; `AARR = 100 (1 - e^β)` against
    `100 (1 - (T / y_b)^(1 / N))`. Categories: on_track, off_track. `value` is the AARR in percent, below 0 for
    increases. Source: UNICEF, technical note on the AARR; Global Nutrition Report.
    Uncertain: the number of points asked for; three here.

    >>> evaluate("aarr", pd.Series({2018: 40, 2019: 38, 2020: 36.1}), Goal("at_most", 20, 2018, 2030), 2020).category
    'off_track'
    """
    years, values = q.points(3, q.base_year)
    _positive(q, *values)
    logs = [math.log(value) for value in values]
    slope = line_at(years, logs, 1) - line_at(years, logs, 0)
    needed = math.log(q.goal / q.base) / q.whole
    enough = not q.slipped and reaches(q.sign * slope, q.sign * needed)
    return _either(enough, "on_track", "off_track", -100 * math.expm1(slope))


@_rule("on_track", "off_track")
def ols(q: Question) -> RuleResult:
    """Whether the least-squares line through all figures reaches the target at the deadline.

    Categories: on_track, off_track. `value` is the line's level at the deadline. Source: WHO/UNICEF Joint Monitoring
    Programme, which fits a straight line through all survey points. Uncertain: how many points it asks for; three here.

    >>> evaluate("ols", pd.Series({2018: 60, 2019: 63, 2020: 64}), Goal("at_least", 84, deadline=2030), 2020).category
    'on_track'
    """
    level = line_at(*q.points(3), q.due)
    return _either(q.reached(level), "on_track", "off_track", level)


@_rule("target_met", "improving", "little_or_no_change", "getting_worse")
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
        _rate(q.base, q.base, q.base_year, q.last_year)  # no share of a base of 0
        worse = reaches(away / abs(q.base), 0.1)
        return RuleResult("getting_worse" if worse else "little_or_no_change", False)
    return banded(100 * q.closed, ((10.0, "improving"),), "little_or_no_change")


@_rule("attained", "not_attained")
def gbd(q: Question) -> RuleResult:
    """Projection with the recency-weighted mean of yearly changes of the logarithm, for shares of the log odds.

    The i-th yearly change has the weight i^ω; a gap counts as equal changes in each of its years. Categories: attained,
    not_attained. `value` is the level projected for the deadline. A share is a target whose `support` is "percent" or
    "share" or whose `unit` is "%". Source: IHME, health-related SDG indicators, GBD 2016 and 2017. Uncertain: ω is
    chosen there by out-of-sample error for each indicator; 1 is used here, as one series does not allow the choice.

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
    weights = np.arange(1, len(changes) + 1) ** RECENCY
    ahead = moved[-1] + q.left * np.average(changes, weights=weights)
    level = float(np.exp(ahead)) if whole is None else float(whole / (1 + np.exp(-ahead)))
    return _either(q.reached(level), "attained", "not_attained", level)


@_rule("on_track", "acceleration_needed", "breakthrough_needed", "moving_backwards")
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


def _change(q: Question, since: int) -> float:
    change = q.sign * (q.last - q.known[since])
    return 0.0 if abs(change) <= CLOSE * max(abs(q.last), abs(q.known[since])) else change


def line_at(years: list[int], values: list[float], at: int, weights: range | None = None) -> float:
    """The (weighted) least-squares line's level in year `at`."""
    x, y = np.asarray(years, float) - years[-1], np.asarray(values, float)
    w = np.ones_like(x) if weights is None else np.asarray(weights, float)
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
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


def _on_schedule(q: Question, covered: float) -> RuleResult:
    return _either(reaches(covered, q.elapsed / q.whole), "on_schedule", "behind_schedule", covered)


def _either(yes: bool, good: str, bad: str, value: float) -> RuleResult:
    return RuleResult(good if yes else bad, yes, value=value)


def _growth(q: Question) -> float:
    """Yearly growth since the base year, above 0 when it goes the right way; for figures below 0 turned round."""
    return q.sign * _rate(q.base, q.last, q.base_year, q.last_year) * (-1 if q.base < 0 else 1)


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

"""Every published rule against examples worked by hand; the numbers stand beside each."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from qcity_analysis.rules import RULES, Goal, RuleResult, evaluate
from qcity_analysis.rules.published import line_at, near_limit

Example = tuple[str, dict[int, float], Goal, str, bool]

CUT = Goal("at_most", 82, 2020, 2025)  # 18 % in five years; an equal rate is 0.82^0.2 - 1 = -3.892 %
DOWN = Goal("at_most", 80, 2020, 2030)  # 0.8^0.1 - 1 = -2.207 % a year
UP = Goal("at_least", 80, 2015, 2030)  # from 50: 1.6^(1/15) - 1 = 3.183 % a year
WAY = Goal("at_least", 20, 2015, 2030)  # from 10: 10 in 15 years, 0.667 a year
LINE = {2015 + k: 100.0 - 2 * k for k in range(6)}  # 100, 98, ... 90
FALL = {2015: 100.0, 2020: 90.0}  # 0.9^0.2 - 1 = -2.085 % a year


def after(start: float, end: float, since: int = 2015, until: int = 2020) -> dict[int, float]:
    return {since: start, until: end}


EXAMPLES: list[Example] = [
    # (92 - 100) / (80 - 100) = 0.40 >= 4/10; (93 - 100) / -20 = 0.35; (80 - 50) / 50 = 0.6 >= 3/5; 29/50 = 0.58
    ("schedule", after(100, 92, 2020, 2024), DOWN, "on_schedule", True),
    ("schedule", after(100, 93, 2020, 2024), DOWN, "behind_schedule", False),
    ("schedule", after(50, 80, 2020, 2023), Goal("at_least", 100, 2020, 2025), "on_schedule", True),
    ("schedule", after(50, 79, 2020, 2023), Goal("at_least", 100, 2020, 2025), "behind_schedule", False),
    # ln .82 = -.19845, two fifths of it -.07938: exp gives 92.369. 92.6 is on the straight line (92.8), not here
    ("log_schedule", after(100, 92.3, 2020, 2022), CUT, "on_schedule", True),
    ("log_schedule", after(100, 92.6, 2020, 2022), CUT, "behind_schedule", False),
    ("schedule", after(100, 92.6, 2020, 2022), CUT, "on_schedule", True),
    # twice -4 %: 92.16, ln .9216 / ln .82 = -.08164 / -.19845 = .411 >= .4
    ("log_schedule", {2020: 100, 2021: 96, 2022: 92.16}, CUT, "on_schedule", True),
    # +1.03 %; -2.06 % against the needed -3.892 %; -4.12 %; no change has not risen
    ("barometer", {2020: 100, 2021: 97, 2022: 98}, CUT, "red", False),
    ("barometer", {2020: 100, 2021: 97, 2022: 95}, CUT, "orange", False),
    ("barometer", {2020: 100, 2021: 97, 2022: 93}, CUT, "green", True),
    ("barometer", {2020: 100, 2021: 97, 2022: 97}, CUT, "orange", False),
    # needed .81^.1 - 1 = -2.085 %: ratio 1; .75^.1 - 1 = -2.836 %: .735; .5^.1 - 1 = -6.697 %: .311; 103: +.593 %
    ("eurostat", FALL, Goal("at_most", 81, 2015, 2025), "significant", True),
    ("eurostat", FALL, Goal("at_most", 75, 2015, 2025), "moderate", False),
    ("eurostat", FALL, Goal("at_most", 50, 2015, 2025), "insufficient", False),
    ("eurostat", after(100, 103), Goal("at_most", 75, 2015, 2025), "away", False),
    ("eurostat", after(100, 121), Goal("at_least", 146, 2015, 2025), "significant", True),  # 3.886 / 3.856
    # 1.18^.2 - 1 = 3.366 %: CR 1.06; 1.1^.2 - 1 = 1.924 %: .604; .788 %: .247; -.04 %: -.013; -.813 %: -.255
    ("unsd_2022", after(50, 59), UP, "on_track", True),
    ("unsd_2022", after(50, 55), UP, "fair", False),
    ("unsd_2022", after(50, 52), UP, "limited", False),
    ("unsd_2022", after(50, 49.9), UP, "limited", False),
    ("unsd_2022", after(50, 48), UP, "deterioration", False),
    # v = 59 * 1.18^2 = 82.15: 32.15/30 = 1.07; 55 * 1.1^2 = 66.55: .55; 50.9 * 1.018^2 = 52.75: .092
    ("unsd_2023", after(50, 59), UP, "on_track", True),
    ("unsd_2023", after(50, 55), UP, "fair", False),
    ("unsd_2023", after(50, 50.9), UP, "stagnation_or_regression", False),
    ("unsd_2023", after(90, 99.2), Goal("at_least", 100, 2015, 2030), "met", True),
    ("unsd_2023", after(9, 0.8), Goal("at_most", 0, 2015, 2030), "met", True),
    # .894^.2 - 1 = -2.216 %: R 1.004; .92^.2 - 1 = -1.654 %: .749; .98^.2 - 1 = -.403 %: .183
    ("open_sdg", after(100, 79, 2020, 2025), DOWN, "target_achieved", True),
    ("open_sdg", after(100, 89.4, 2020, 2025), DOWN, "on_track", True),
    ("open_sdg", after(100, 92, 2020, 2025), DOWN, "accelerate", False),
    ("open_sdg", after(100, 98, 2020, 2025), DOWN, "limited", False),
    ("open_sdg", after(100, 101, 2020, 2025), DOWN, "deterioration", False),
    # without a target: 1.551 %, .788 %, .199 %, -.201 % a year against 1.5, .5 and 0
    ("open_sdg", after(100, 108), Goal("increase"), "on_track", True),
    ("open_sdg", after(100, 104), Goal("increase"), "accelerate", False),
    ("open_sdg", after(100, 101), Goal("increase"), "limited", False),
    ("open_sdg", after(100, 99), Goal("increase"), "deterioration", False),
    ("open_sdg", after(100, 92), Goal("decrease"), "on_track", True),  # 1.654 % down
    # C = 1 - .95^4.44 = .2037, so .3055 % is on track: 95 -> 96.5 is .3138 % a year
    ("open_sdg", after(95, 96.5), Goal("increase", limit=100), "on_track", True),
    ("open_sdg", after(95, 96.5), Goal("increase"), "limited", False),
    # figures below 0: from -100 to -92 is an increase: (92/100)^.2 - 1 = -1.654 %, turned round
    ("open_sdg", after(-100, -92), Goal("increase"), "on_track", True),
    ("open_sdg", after(-100, -89.4, 2020, 2025), Goal("at_least", -80, 2020, 2030), "on_track", True),
    # line through two points: 16 in 2030, gap 2/8 = .25; 0.5/6.5 = .077; falling to 7, gap 11/8 = 1.375
    ("escap", after(10, 12), Goal("at_least", 18, 2015, 2030), "accelerate", False),
    ("escap", after(10, 12), Goal("at_least", 16.5, 2015, 2030), "maintain", True),
    ("escap", after(10, 9), Goal("at_least", 18, 2015, 2030), "reverse", False),
    ("escap", after(10, 17), Goal("at_least", 18, 2015, 2030), "maintain", True),  # 31 is no gap of 13
    # .8, .4, .2, -.2 a year against .667: 1.2, .6, .3, -.3
    ("sdsn", after(10, 14), WAY, "on_track", True),
    ("sdsn", after(10, 12), WAY, "moderately_improving", False),
    ("sdsn", after(10, 11), WAY, "stagnating", False),
    ("sdsn", after(10, 9), WAY, "decreasing", False),
    # a straight line stays as it is when smoothed: ln(.9)/5 = -.02107 a year; ln(80/90) = -.1178: 5.59 years to go
    ("defra", LINE, Goal("at_most", 80, deadline=2026), "substantial", True),
    ("defra", LINE, Goal("at_most", 80, deadline=2024), "some", False),
    ("defra", LINE, Goal("at_most", 60, deadline=2025), "insufficient", False),  # ln(60/90): 19.2 years
    ("defra", LINE, Goal("at_least", 95, deadline=2030), "insufficient", False),  # the wrong way
    # -5 % a year: AARR 5; needed 100 (1 - .5^(1/12)) = 5.61; 100 (1 - .625^(1/12)) = 3.84
    ("aarr", {2018: 40, 2019: 38, 2020: 36.1}, Goal("at_most", 20, 2018, 2030), "off_track", False),
    ("aarr", {2018: 40, 2019: 38, 2020: 36.1}, Goal("at_most", 25, 2018, 2030), "on_track", True),
    # +10 % a year; needed 2^.1 - 1 = 7.2 % and 3^.1 - 1 = 11.6 %
    ("aarr", {2018: 10, 2019: 11, 2020: 12.1}, Goal("at_least", 20, 2018, 2028), "on_track", True),
    ("aarr", {2018: 10, 2019: 11, 2020: 12.1}, Goal("at_least", 30, 2018, 2028), "off_track", False),
    # slope 2 through (2019, 62.33): 62.33 + 11 * 2 = 84.33 in 2030
    ("ols", {2018: 60, 2019: 63, 2020: 64}, Goal("at_least", 84, deadline=2030), "on_track", True),
    ("ols", {2018: 60, 2019: 63, 2020: 64}, Goal("at_least", 85, deadline=2030), "off_track", False),
    # of the way from 50 to 40: 20 %, 10 %, 5 %; away by 4, 9 and 10 % of 50
    ("healthy_people", after(50, 39), Goal("at_most", 40, 2015, 2030), "target_met", True),
    ("healthy_people", after(50, 48), Goal("at_most", 40, 2015, 2030), "improving", True),
    ("healthy_people", after(50, 49), Goal("at_most", 40, 2015, 2030), "improving", True),
    ("healthy_people", after(50, 49.5), Goal("at_most", 40, 2015, 2030), "little_or_no_change", False),
    ("healthy_people", after(50, 52), Goal("at_most", 40, 2015, 2030), "little_or_no_change", False),
    ("healthy_people", after(50, 54.5), Goal("at_most", 40, 2015, 2030), "little_or_no_change", False),
    ("healthy_people", after(50, 55), Goal("at_most", 40, 2015, 2030), "getting_worse", False),
    # 81 * .9^3 = 59.05
    ("gbd", {2018: 100, 2019: 90, 2020: 81}, Goal("at_most", 60, deadline=2023), "attained", True),
    ("gbd", {2018: 100, 2019: 90, 2020: 81}, Goal("at_most", 58, deadline=2023), "not_attained", False),
    # ln .9 = -.10536 and ln(85/90) = -.05716 with weights 1 and 2: -.07323 a year; 85 e^-.21968 = 68.24
    ("gbd", {2018: 100, 2019: 90, 2020: 85}, Goal("at_most", 68.5, deadline=2023), "attained", True),
    ("gbd", {2018: 100, 2019: 90, 2020: 85}, Goal("at_most", 68, deadline=2023), "not_attained", False),
    # log odds 0, .405, .811 (shares 1/2, 3/5, 9/13): two more steps make 1.622, a share of 83.5 %
    ("gbd", {2018: 50, 2019: 60, 2020: 900 / 13}, Goal("at_least", 83, None, 2022, unit="%"), "attained", True),
    ("gbd", {2018: 50, 2019: 60, 2020: 900 / 13}, Goal("at_least", 84, None, 2022, unit="%"), "not_attained", False),
    # .7 a year: 10.5 of 10; .4: 6; .2: 3; 0; -.2
    ("mcarthur", after(10, 13.5), WAY, "on_track", True),
    ("mcarthur", after(10, 12), WAY, "acceleration_needed", False),
    ("mcarthur", after(10, 11), WAY, "breakthrough_needed", False),
    ("mcarthur", after(10, 10), WAY, "moving_backwards", False),
    ("mcarthur", after(10, 9), WAY, "moving_backwards", False),
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e[0]}-{e[3]}")
def test_a_rule_says_what_the_worked_example_says(example: Example) -> None:
    rule, known, goal, category, will_meet = example
    said = evaluate(rule, pd.Series(known), goal, max(known))
    assert (said.category, said.will_meet, said.reason) == (category, will_meet, None)


def test_every_category_of_every_rule_has_a_worked_example_here_or_with_the_weather_symbols() -> None:
    shown = {(rule, category) for rule, _, _, category, _ in EXAMPLES}
    named = {(name, word) for name, rule in RULES.items() for word in rule.categories if name != "destatis"}
    assert shown == named


def test_the_number_behind_the_class_is_given() -> None:
    # (92 - 100) / (80 - 100) = .4; 2030 on the line 10 + .4 (year - 2015) is 16, short by 2 of 8
    assert evaluate("schedule", pd.Series({2020: 100, 2024: 92}), DOWN, 2024).value == pytest.approx(0.4)
    goal = Goal("at_least", 18, 2015, 2030)
    assert evaluate("escap", pd.Series(after(10, 12)), goal, 2020).value == pytest.approx(0.25)


def test_the_time_weighted_line_is_the_one_computed_by_hand() -> None:
    # weights 1, 2, 3: mean year -2/3, mean 17/6, slope 16/3 : 10/3 = 1.6; at +2: 17/6 + 1.6 * 8/3 = 7.1
    assert line_at([2018, 2019, 2020], [1.0, 2.0, 4.0], 2022, range(1, 4)) == pytest.approx(7.1)


def test_eurostat_starts_at_the_last_figure_before_a_gap_and_needs_three_years() -> None:
    goal = Goal("at_most", 81, deadline=2026)
    assert evaluate("eurostat", pd.Series({2014: 100.0, 2020: 90.0}), goal, 2020).category == "significant"
    said = evaluate("eurostat", pd.Series({2018: 100.0, 2020: 90.0}), goal, 2020)
    assert said.reason == "the figures span 2 years, at least 3 needed"


def test_the_scale_near_a_limit_is_the_same_at_equal_distance_above_and_below() -> None:
    assert near_limit(95, 100) == pytest.approx(near_limit(105, 100)) == pytest.approx(0.2037, abs=5e-5)
    assert (near_limit(200, 100), near_limit(5, 0)) == (1.0, 1.0)


# the German weather symbols: every case of the published method

RISING = [20.0, 21.0, 23.0, 24.0, 27.0, 30.0]  # 2015 to 2020: δ = (30 - 20) / 5 = 2
FALLING = [15.0, 14.0, 13.0, 12.0, 11.0, 10.0]  # by 1 a year: 0 in 2030
AWAY = Goal("at_most", 10, deadline=2030)


def ask(values: list[float], goal: object) -> RuleResult:
    known = pd.Series(values, index=range(2021 - len(values), 2021), dtype=float)
    return evaluate("destatis", known, goal, 2020)


@pytest.mark.parametrize(
    ("target", "deadline", "symbol"),
    [
        # ten years on: 30 + 20 = 50. Missed by share 1 - 20 / (T - 30)
        (50.0, 2030, "sun"),  # reached
        (45.0, 2030, "sun"),  # more than reached
        (51.0, 2030, "sun"),  # 1 - 20/21 = 4.8 %
        (30 + 20 / 0.95, 2030, "light_cloud"),  # exactly 5 %
        (52.0, 2030, "light_cloud"),  # 9.1 %
        (55.0, 2030, "light_cloud"),  # exactly 20 %
        (55.1, 2030, "cloud"),  # 20.3 %
        (500.0, 2030, "cloud"),  # 95.7 %, but the right way
        (32.0, 2021, "sun"),  # one year on: 32
        (32.4, 2021, "light_cloud"),  # 1 - 2/2.4 = 16.7 %
        (33.0, 2021, "cloud"),  # 33 %
        (30.0, 2030, "sun"),  # exactly reached already: no gap to divide by
        ((51, 60), 2030, "sun"),  # of an interval the end that asks least
        ((60, 51), 2030, "sun"),
    ],
)
def test_a_level_to_be_reached_is_compared_with_the_remaining_way(
    target: Any, deadline: int, symbol: str
) -> None:
    said = ask(RISING, Goal("at_least", target, deadline=deadline))
    assert (said.category, said.will_meet) == (symbol, symbol == "sun")
    other = tuple(100 - end for end in target) if isinstance(target, tuple) else 100 - target
    mirrored = ask([100 - value for value in RISING], Goal("at_most", other, deadline=deadline))
    assert (mirrored.category, mirrored.will_meet) == (said.category, said.will_meet)


@pytest.mark.parametrize(
    ("values", "goal", "symbol"),
    [
        (RISING, AWAY, "storm"),  # moving away
        ([30, 31, 32, 33, 32, 30], Goal("at_least", 40, deadline=2030), "storm"),  # δ = 0
        ([90.0, 60.0, *RISING], Goal("at_least", 50, deadline=2030), "sun"),  # the last five changes only
        ([14, 13, 12, 12, 11, 10.5], Goal("at_least", 10, deadline=2030), "light_cloud"),  # reached, δ = -.7
        ([20.0, 22.0, 25.0, 26.0], Goal("at_least", 46, deadline=2030), "sun"),  # four figures are enough: δ = 2
        # an interval without direction asks for the end that is nearer
        (RISING, Goal("between", (50, 60), deadline=2030), "sun"),  # from below to 50
        (RISING, Goal(None, (10, 20), deadline=2030), "storm"),  # above it and rising
        (RISING, Goal("within", (10, 32), deadline=2030), "light_cloud"),  # inside, rising out
        # a target of zero is a level like any other
        (FALLING, Goal("at_most", 0, deadline=2030), "sun"),
        (FALLING, Goal("at_most", 0, deadline=2028), "light_cloud"),  # 2 of 10 missed
        (FALLING, Goal("at_most", 0, deadline=2027), "cloud"),
        # binary fractions: no change; δ = .1, 1.6 in 2030, where T 1.85 misses exactly 20 %
        ([0.1 + 0.2, 0.3, 0.3, 0.3, 0.3, 0.3], Goal("decrease"), "storm"),
        ([round(0.1 * k, 1) for k in range(1, 7)], Goal("at_least", 1.85, deadline=2030), "light_cloud"),
        # of several targets the worst; where one cannot be judged none, unless nothing is worse
        (RISING, [Goal("at_least", 50, deadline=2030), Goal("at_least", 52, deadline=2030)], "light_cloud"),
        (RISING, (Goal("at_least", 52, deadline=2030), AWAY, Goal("at_least", 50, deadline=2030)), "storm"),
        (RISING, [Goal("at_least", 50, deadline=2030), Goal(None, 10, deadline=2030)], None),
        (RISING, [AWAY, Goal(None, 10, deadline=2030)], "storm"),
        # three figures are too few for any kind of target
        ([20.0, 22.0, 25.0], Goal("at_least", 46, deadline=2030), None),
        ([20.0, 22.0, 25.0], Goal("increase"), None),
        ([20.0, 22.0, 25.0], Goal("at_least", 21), None),
    ],
)  # fmt: skip
def test_other_levels_get_the_symbol_worked_by_hand(
    values: list[float], goal: Any, symbol: str | None
) -> None:
    assert ask(values, goal).category == symbol


@pytest.mark.parametrize(
    ("values", "symbol"),
    [
        ([8.0, 8.5, 9.0, 9.0, 9.5, 10.0], "sun"),  # met, δ = .4
        ([10.0, 11.0, 12.0, 9.0, 11.0, 10.0], "sun"),  # met, δ = 0: not worsening
        ([14.0, 13.0, 12.0, 12.0, 11.0, 10.5], "light_cloud"),  # met, δ = -.7
        ([8.0, 8.5, 9.0, 9.0, 9.5, 9.9], "cloud"),  # not met, δ = .38
        ([9.0, 8.5, 8.0, 9.0, 9.5, 9.0], "storm"),  # not met, δ = 0
        ([12.0, 11.0, 10.0, 9.0, 8.0, 7.0], "storm"),  # not met, worsening
    ],
)
def test_a_threshold_for_every_year_looks_at_the_last_figure_and_then_at_the_trend(
    values: list[float], symbol: str
) -> None:
    for deadline, kind in ((None, None), (2030, "yearly"), (2030, "monotone"), (2020, None), (2018, None)):
        assert ask(values, Goal("at_least", 10, deadline=deadline, kind=kind)).category == symbol


@pytest.mark.parametrize(
    ("values", "symbol"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "sun"),
        ([1.0, 2.0, 3.0, 4.0, 7.0, 6.0], "light_cloud"),
        ([1.0, 2.0, 3.0, 4.0, 6.0, 6.0], "light_cloud"),  # no change in the last year is not right
        ([6.0, 5.0, 4.0, 3.0, 2.0, 2.5], "cloud"),
        ([6.0, 5.0, 4.0, 3.0, 5.0, 6.0], "cloud"),  # mean 0, last right
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], "storm"),
        ([6.0, 6.0, 6.0, 6.0, 6.0, 6.0], "storm"),  # standing still
        ([6.0, 5.0, 4.0, 3.0, 2.0, 2.0], "storm"),
    ],
)
def test_a_direction_alone_looks_at_the_trend_and_then_at_the_last_change(
    values: list[float], symbol: str
) -> None:
    said = ask(values, Goal("increase"))
    assert (said.category, said.will_meet) == (symbol, symbol in ("sun", "light_cloud"))
    assert ask(values, Goal("at_least", 0, deadline=2025, kind="direction")) == said
    assert ask(values, Goal("increase_every_year", 0, deadline=2025, kind="monotone")) == said
    assert ask([-value for value in values], Goal("decrease", deadline=2030)) == said


def test_gaps_spread_a_change_over_their_years_and_the_last_six_figures_count() -> None:
    known = pd.Series(
        {2008: 6.0, 2010: 10.0, 2012: math.nan, 2013: 16.0, 2014: 18.0, 2016: 22.0, 2018: 26.0, 2020: 30.0}
    )
    goal = Goal("at_least", 50, deadline=2030)  # the last six start in 2010: δ = 20 / 10 = 2
    said = evaluate("destatis", known, goal, 2020)
    assert (said.category, said.value) == ("sun", pytest.approx(0))


def test_a_relative_target_becomes_a_level_of_the_base_year() -> None:
    # -55 % on 200 is 90: from 120, falling 4 a year, 80 in 2030; -65 % is 70: 1 - 40/50 = 20 %
    falling = pd.Series({1990: 200.0} | {2015 + k: 140.0 - 4 * k for k in range(6)})
    goal = Goal("at_most", -55, 1990, 2030, "relative_change")
    assert evaluate("destatis", falling, goal, 2020).category == "sun"
    stricter = Goal("at_most", -65, 1990, 2030, "relative")
    assert evaluate("destatis", falling, stricter, 2020).category == "light_cloud"
    assert evaluate("destatis", falling.loc[2015:], goal, 2020).reason == "no figure for the base year 1990"

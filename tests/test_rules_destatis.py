"""The German weather symbols: every case of the published method, worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from qcity_analysis.rules import Goal, RuleResult, evaluate


def ask(values: list[float], goal: object, first: int = 2015) -> RuleResult:
    known = pd.Series(values, index=range(first, first + len(values)), dtype=float)
    return evaluate("destatis", known, goal, first + len(values) - 1)


RISING = [20.0, 21.0, 23.0, 24.0, 27.0, 30.0]  # 2015 to 2020: δ = (30 - 20) / 5 = 2


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
    ],
)
def test_a_level_to_be_reached_is_compared_with_the_remaining_way(
    target: float, deadline: int, symbol: str
) -> None:
    assert ask(RISING, Goal("at_least", target, deadline=deadline)).category == symbol
    mirrored = [100 - value for value in RISING]
    assert ask(mirrored, Goal("at_most", 100 - target, deadline=deadline)).category == symbol


def test_moving_away_or_standing_still_is_a_storm() -> None:
    assert ask(RISING, Goal("at_most", 10, deadline=2030)).category == "storm"
    assert ask([30, 31, 32, 33, 32, 30], Goal("at_least", 40, deadline=2030)).category == "storm"  # δ = 0


def test_the_mean_is_of_the_last_five_changes_only() -> None:
    fell_then_rose = [90.0, 60.0, *RISING]
    assert ask(fell_then_rose, Goal("at_least", 50, deadline=2032), 2013).category == "sun"


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
@pytest.mark.parametrize(
    "goal",
    [
        Goal("at_least", 10),  # no deadline: to be kept every year
        Goal("at_least", 10, deadline=2030, kind="yearly"),
        Goal("at_least", 10, deadline=2030, kind="monotone"),
        Goal("at_least", 10, deadline=2020),  # the deadline is the year of the last figure
        Goal("at_least", 10, deadline=2018),  # the deadline has passed
    ],
)
def test_a_threshold_for_every_year_looks_at_the_last_figure_and_then_at_the_trend(
    values: list[float], symbol: str, goal: Goal
) -> None:
    assert ask(values, goal).category == symbol


def test_a_level_reached_before_its_deadline_is_judged_like_a_yearly_threshold() -> None:
    falling = [14.0, 13.0, 12.0, 12.0, 11.0, 10.5]  # would be 3.5 in 2030
    assert ask(falling, Goal("at_least", 10, deadline=2030)) == RuleResult(
        "light_cloud", True, value=pytest.approx(-0.7)
    )
    assert (
        ask(RISING, Goal("at_least", 30, deadline=2030)).category == "sun"
    )  # exactly reached: no gap to divide by


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
    assert ask(values, Goal("increase")).category == symbol
    assert ask(values, Goal("at_least", 0, deadline=2025, kind="direction")).category == symbol
    assert ask(values, Goal("increase_every_year", 0, deadline=2025, kind="monotone")).category == symbol
    assert ask([-value for value in values], Goal("decrease", deadline=2030)).category == symbol


def test_of_an_interval_the_end_that_asks_least_counts() -> None:
    # 51 asks less than 60 going up: 4.8 % missed; going down from 70 to 50 in 2030, 49 asks less than 40
    assert ask(RISING, Goal("at_least", (51, 60), deadline=2030)).category == "sun"
    assert ask(RISING, Goal("at_least", (60, 51), deadline=2030)).category == "sun"
    mirrored = [100 - value for value in RISING]
    assert ask(mirrored, Goal("at_most", (40, 49), deadline=2030)).category == "sun"
    assert ask(mirrored, Goal("at_most", 40, deadline=2030)).category == "cloud"


def test_an_interval_without_direction_asks_for_the_end_that_is_nearer() -> None:
    assert ask(RISING, Goal("between", (50, 60), deadline=2030)).category == "sun"  # from below to 50
    assert ask(RISING, Goal(None, (10, 20), deadline=2030)).category == "storm"  # above it and rising
    assert (
        ask(RISING, Goal("within", (10, 32), deadline=2030)).category == "light_cloud"
    )  # inside, rising out


def test_of_several_targets_the_worst_counts() -> None:
    reached, missed = Goal("at_least", 50, deadline=2030), Goal("at_least", 52, deadline=2030)
    away = Goal("at_most", 10, deadline=2030)
    assert ask(RISING, [reached, missed]) == ask(RISING, missed)
    assert ask(RISING, (missed, away, reached)).category == "storm"
    assert ask(RISING, [reached, reached]).will_meet is True
    undecided = Goal(None, 10, deadline=2030)
    assert ask(RISING, [reached, undecided]).reason == "the target does not say which way is better"
    assert ask(RISING, [away, undecided]).category == "storm"  # nothing is worse


def test_four_figures_are_enough_and_three_are_not() -> None:
    # δ = (26 - 20) / 3 = 2: 46 in 2028
    assert ask([20.0, 22.0, 25.0, 26.0], Goal("at_least", 46, deadline=2028)).category == "sun"
    said = ask([20.0, 22.0, 25.0], Goal("at_least", 46, deadline=2028))
    assert said == RuleResult(None, None, "too few figures: 3, at least 4 needed", None, said.note)
    assert ask([20.0, 22.0, 25.0], Goal("increase")).category is None
    assert ask([20.0, 22.0, 25.0], Goal("at_least", 21)).category is None


def test_gaps_spread_a_change_over_their_years_and_the_last_six_figures_count() -> None:
    known = pd.Series(
        {2008: 6.0, 2010: 10.0, 2012: math.nan, 2013: 16.0, 2014: 18.0, 2016: 22.0, 2018: 26.0, 2020: 30.0}
    )
    goal = Goal("at_least", 50, deadline=2030)  # the last six start in 2010: δ = 20 / 10 = 2
    said = evaluate("destatis", known, goal, 2020)
    assert (said.category, said.value) == ("sun", pytest.approx(0))


def test_a_relative_target_becomes_a_level_of_the_base_year() -> None:
    # -55 % on 200 is 90: from 120, falling 4 a year, 80 in 2030
    falling = pd.Series({1990: 200.0} | {2015 + k: 140.0 - 4 * k for k in range(6)})
    goal = Goal("at_most", -55, 1990, 2030, "relative_change")
    assert evaluate("destatis", falling, goal, 2020).category == "sun"
    stricter = Goal("at_most", -65, 1990, 2030, "relative")  # 70: 1 - 40/50 = 20 %
    assert evaluate("destatis", falling, stricter, 2020).category == "light_cloud"
    assert evaluate("destatis", falling.loc[2015:], goal, 2020).reason == "no figure for the base year 1990"


def test_a_target_of_zero_is_a_level_like_any_other() -> None:
    # 10 falling by 1 a year is 0 in 2030
    falling = [15.0, 14.0, 13.0, 12.0, 11.0, 10.0]
    assert ask(falling, Goal("at_most", 0, deadline=2030)).category == "sun"
    assert ask(falling, Goal("at_most", 0, deadline=2028)).category == "light_cloud"  # 2 of 10 missed
    assert ask(falling, Goal("at_most", 0, deadline=2027)).category == "cloud"


def test_figures_that_binary_fractions_blur_do_not_change_the_symbol() -> None:
    values = [0.1 + 0.2, 0.3, 0.3, 0.3, 0.3, 0.3]  # 0.30000000000000004: no change
    assert ask(values, Goal("decrease")).category == "storm"
    tenths = [round(0.1 * k, 1) for k in range(1, 7)]  # δ = .1: 1.6 in 2030; T 1.85 misses exactly 20 %
    assert ask(tenths, Goal("at_least", 1.85, deadline=2030)).category == "light_cloud"


def test_will_meet_is_yes_for_sun_for_what_is_met_and_for_a_trend_in_the_right_direction() -> None:
    assert ask(RISING, Goal("at_least", 52, deadline=2030)) == RuleResult(
        "light_cloud", False, value=pytest.approx(1 - 20 / 22)
    )
    assert ask([1.0, 2.0, 3.0, 4.0, 7.0, 6.0], Goal("increase")).will_meet is True
    assert ask([6.0, 5.0, 4.0, 3.0, 2.0, 2.5], Goal("increase")).will_meet is False


def test_figures_after_the_as_of_year_are_not_seen() -> None:
    known = pd.Series([*RISING, 5.0, 1.0], index=range(2015, 2023))
    goal = Goal("at_least", 50, deadline=2030)
    assert evaluate("destatis", known, goal, 2020) == ask(RISING, goal)
    assert evaluate("destatis", known, goal, 2022).category == "storm"

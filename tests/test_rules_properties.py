"""Defects of shipped implementations that ours must not have, and properties of every rule."""

from __future__ import annotations

import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcity_analysis.errors import QcityError
from qcity_analysis.rules import RULES, Goal, evaluate

SIX = pd.Series({2015: 20.0, 2016: 19.0, 2017: 18.0, 2018: 17.0, 2019: 16.0, 2020: 15.0})
GROWTH = ["eurostat", "unsd_2022", "open_sdg"]


@pytest.mark.parametrize("rule", [*GROWTH, "log_schedule", "aarr", "defra"])
def test_a_target_of_0_is_not_replaced_by_a_thousandth(rule: str) -> None:
    said = evaluate(rule, SIX, Goal("at_most", 0, 2015, 2030), 2020)
    assert (said.category, said.will_meet) == (None, None)
    assert said.reason == "a constant rate never reaches a target of 0"
    close = evaluate(rule, SIX, Goal("at_most", 0.001, 2015, 2030), 2020)
    assert close.category is not None  # 0.001 is another target, and one that the unit decides about


@pytest.mark.parametrize(
    "rule", ["schedule", "sdsn", "escap", "mcarthur", "healthy_people", "ols", "destatis"]
)
def test_a_rule_of_straight_lines_judges_a_target_of_0_as_it_stands(rule: str) -> None:
    # 20 falling by 1 a year is 0 in 2035: exactly on the line
    good = evaluate(rule, SIX, Goal("at_most", 0, 2015, 2035), 2020)
    assert good.will_meet is True
    assert good.category == next(c for c in RULES[rule].categories if c not in ("met", "target_met"))


@pytest.mark.parametrize("rule", RULES)
def test_without_a_direction_no_rule_takes_down_for_granted(rule: str) -> None:
    for goal in (Goal(None, 10, 2015, 2030), SimpleNamespace(threshold=10, deadline=2030, base_year=2015)):
        said = evaluate(rule, SIX, goal, 2020)
        assert (said.category, said.will_meet) == (None, None)
        assert said.reason == "the target does not say which way is better"


NEED_BASE = ["schedule", "log_schedule", "barometer", "unsd_2022", "unsd_2023", "open_sdg", "escap", "sdsn",
             "aarr", "healthy_people", "mcarthur"]  # fmt: skip


@pytest.mark.parametrize("rule", NEED_BASE)
def test_a_missing_base_figure_is_not_taken_to_be_0(rule: str) -> None:
    goal = Goal("at_most", 10, 2010, 2030)
    for known in (SIX, pd.concat([pd.Series({2010: math.nan}), SIX])):
        said = evaluate(rule, known, goal, 2020)
        assert (said.category, said.will_meet) == (None, None)
        assert said.reason == "no figure for the base year 2010"


def test_progress_beyond_the_target_or_behind_the_base_is_not_clipped_to_0_to_100() -> None:
    goal = Goal("at_most", 10, 2015, 2030)
    back, over = pd.Series({2015: 20.0, 2020: 26.0}), pd.Series({2015: 20.0, 2020: 12.0})
    assert evaluate("healthy_people", back, goal, 2020).category == "getting_worse"
    assert evaluate("sdsn", back, goal, 2020).value == pytest.approx(
        -1.8
    )  # 1.2 a year the wrong way against .667
    assert evaluate("mcarthur", over, goal, 2020).value == pytest.approx(2.4)  # 24 of 10
    above = evaluate("sdsn", pd.Series({2015: 120.0, 2020: 110.0}), Goal("at_most", 105, 2015, 2025), 2020)
    assert above.value == pytest.approx(4 / 3)  # figures above 100 are not 100


@pytest.mark.parametrize("rule", RULES)
def test_the_class_depends_on_the_figures_and_not_on_the_day_it_is_asked(rule: str) -> None:
    goal = Goal("at_most", 9, 2015, 2030)
    said = evaluate(rule, SIX, goal, 2020)
    assert said.category is not None
    for year in (2021, 2029, 2031, 2100):
        assert evaluate(rule, SIX, goal, year) == said


@pytest.mark.parametrize("rule", RULES)
def test_a_deterioration_is_not_hidden_by_an_absolute_value_nor_where_the_base_met_the_target(
    rule: str,
) -> None:
    # 12 was met in 2015: both ways from base to figure and from base to target point the same way
    for known, target in (
        ([20.0, 21.0, 22.5, 23.5, 25.0, 26.0], 14),
        ([10.0, 11.0, 12.0, 13.0, 14.0, 16.0], 12),
    ):
        said = evaluate(rule, pd.Series(known, range(2015, 2021)), Goal("at_most", target, 2015, 2030), 2020)
        assert (said.category, said.will_meet) == (RULES[rule].categories[-1], False)


@pytest.mark.parametrize("rule", RULES)
def test_one_gap_does_not_discard_the_history_before_it(rule: str) -> None:
    # on a straight line for lines, on a curve for rates: a missing year in between says nothing new
    goal = Goal("at_most", 9, 2015, 2030)
    long = pd.Series({2010 + k: 25.0 - k for k in range(11)})
    holed = long.copy()
    holed[2017] = math.nan
    assert evaluate(rule, holed, goal, 2020).category == evaluate(rule, long, goal, 2020).category
    assert evaluate(rule, holed.dropna(), goal, 2020) == evaluate(rule, holed, goal, 2020)


@pytest.mark.parametrize("rule", [*GROWTH, "unsd_2023"])
def test_a_growth_rate_across_or_from_0_is_refused_with_its_years(rule: str) -> None:
    goal = Goal("at_least", 8, 2015, 2030)
    across = evaluate(rule, pd.Series({2015: -1.0, 2020: 2.0}), goal, 2020)
    assert across.reason == "a growth rate between figures of opposite sign is not defined (2015 to 2020)"
    zero = evaluate(rule, pd.Series({2015: 0.0, 2020: 2.0}), goal, 2020)
    assert zero.reason == "a growth rate from a figure of 0 is not defined (2015)"


@pytest.mark.parametrize(
    ("rule", "known", "goal", "reason"),
    [
        ("schedule", {2020: 1.0}, Goal("at_least", 2, 2020, 2025), "no figure after the base year 2020"),
        ("schedule", {2020: 1.0, 2021: 1.5}, Goal("at_least", 2, 2020),
         "the target holds every year and has no deadline"),
        ("schedule", {2020: 1.0, 2021: 1.5}, Goal("at_least", None, 2020, 2025), "the target names no value"),
        ("schedule", {2022: 1.0}, Goal("at_least", 2, 2020, 2021), "no figure up to 2021"),
        ("schedule", {2021: 1.0}, Goal("at_least", 2, 2021, 2021),
         "the deadline 2021 is not after the base year 2021"),
        ("schedule", {2023: 1.0}, Goal("at_least", 2, 2020, 2025), "no figure up to 2022"),
        ("schedule", {2020: 1.0}, Goal("at_least", 2, 2020, 2025, "cumulative"),
         "the rule judges levels; this target is of kind cumulative"),
        ("schedule", {2020: 1.0}, Goal("achieved"), "the rule judges levels; this target is of kind milestone"),
        ("schedule", {2020: 1.0}, Goal("at_most", -5, None, 2025, "relative_change"),
         "a relative target needs a base year"),
        ("log_schedule", {2020: 1.0, 2021: 1.5}, Goal("at_least", 2, 2020, 2025), "the rule is for reductions"),
        ("log_schedule", {2020: -1.0, 2021: -1.5}, Goal("at_most", -2, 2020, 2025),
         "the rule takes logarithms; not all figures and the target are positive"),
        ("barometer", {2020: 3.0, 2022: 2.5}, Goal("at_most", 1, 2020, 2025),
         "no figure for 2021, the year before the last"),
        ("eurostat", {2020: 3.0}, Goal("at_most", 1, 2020, 2025), "the figures span 0 years, at least 3 needed"),
        ("ols", {2020: 3.0, 2021: 2.8}, Goal("at_most", 1, 2020, 2025), "too few figures: 2, at least 3 needed"),
        ("escap", {2021: 3.0}, Goal("at_most", 1, None, 2025), "no figure after the base year 2021"),
        ("defra", {2020: 3.0, 2021: 2.8}, Goal("at_most", 1, 2020, 2025), "too few figures: 2, at least 6 needed"),
        ("gbd", {2019: 3.0, 2020: 0.0, 2021: 2.0}, Goal("at_most", 1, 2019, 2025),
         "the rule takes logarithms; not all figures and the target are positive"),
        ("gbd", {2019: 98.0, 2020: 99.0, 2021: 100.0}, Goal("at_most", 90, 2019, 2025, unit="%"),
         "the rule takes log odds; not all figures lie inside 0 to 100"),
        ("healthy_people", {2020: 0.0, 2021: 2.8}, Goal("at_most", -1, 2020, 2025),
         "a growth rate from a figure of 0 is not defined (2020)"),
    ],
)  # fmt: skip
def test_where_a_rule_does_not_apply_it_says_why(
    rule: str, known: dict[int, float], goal: Goal, reason: str
) -> None:
    said = evaluate(rule, pd.Series(known), goal, 2022)
    assert (said.category, said.will_meet, said.reason) == (None, None, reason)


@pytest.mark.parametrize("rule", [name for name in RULES if name not in ("barometer", "destatis")])
def test_a_met_target_is_a_yes_even_where_the_rule_could_say_no_more(rule: str) -> None:
    assert evaluate(rule, pd.Series({2020: 8.0}), Goal("at_most", 9, 2015, 2030), 2020).will_meet is True


@pytest.mark.parametrize("rule", RULES)
def test_once_the_deadlines_figure_is_in_the_answer_is_what_happened(rule: str) -> None:
    for last, met in ((15.0, True), (15.1, False)):
        known = pd.Series({**SIX.to_dict(), 2020: last, 2021: 30.0, 2022: 1.0})
        said = evaluate(rule, known, Goal("at_most", 15, 2015, 2020), 2022)
        assert said.will_meet is met


@pytest.mark.parametrize(
    ("rule", "known", "direction", "message"),
    [
        ("eurostatt", SIX, "at_least", "unknown rule 'eurostatt'. Did you mean \"eurostat\"? Known: schedule, log_"),
        ("ols", SIX, "at_leest", "unknown direction 'at_leest'. Did you mean \"at_least\"? Use at_least, at_most, "),
        ("ols", pd.Series([1.0, 2.0], [2020, 2020]), "at_least", "the series has two figures for 2020; keep one"),
        ("ols", pd.Series({2020: math.inf}), "at_least", "the figure for 2020 is infinite; leave a gap (NaN) where"),
        ("ols", pd.Series({"spring": 1.0}), "at_least", "the index of a series is years; found 'spring'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_message(rule: str, known: pd.Series, direction: str, message: str) -> None:
    with pytest.raises(QcityError) as error:
        evaluate(rule, known, Goal(direction, 2, 2020, 2025), 2022)
    assert str(error.value).startswith(message)


def test_the_rules_read_no_clock() -> None:
    code = """
import datetime, time, pandas as pd
import qcity_analysis as qc, statsmodels.nonparametric.smoothers_lowess
goal, known = qc.rules.Goal("at_most", 9, 2015, 2030), pd.Series({2015 + k: 20.0 - k for k in range(6)})
before = qc.rules.evaluate_all(known, goal, 2020)
class Never(datetime.date):
    today = classmethod(lambda cls: 1 / 0)
datetime.date, time.time = Never, lambda: 1 / 0
assert qc.rules.evaluate_all(known, goal, 2020).equals(before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", GROWTH)
def test_a_target_nearer_to_the_base_than_growth_can_tell_is_not_divided_by(rule: str) -> None:
    goal = Goal("at_least", math.nextafter(1.0, 2.0), 2015, 2025)
    assert evaluate(rule, pd.Series({2015: 1.0, 2020: 0.9}), goal, 2020).will_meet is False


# properties of every rule

SYMMETRIC = ["schedule", "eurostat", "unsd_2022", "unsd_2023", "open_sdg", "escap", "sdsn", "destatis", "ols",
             "mcarthur", "healthy_people"]  # fmt: skip
QUICK = settings(max_examples=60, deadline=None)

levels = st.lists(st.integers(1, 400), min_size=2, max_size=12)
gaps = st.lists(st.booleans(), min_size=12, max_size=12)
Asked = tuple[pd.Series, Goal, int]


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """A series of positive figures with gaps, a target some years ahead, and the year of the last figure."""
    values = draw(levels)
    years = range(2008, 2008 + len(values))
    known = pd.Series(values, years, dtype=float) / 4
    known.iloc[1:-1] = known.iloc[1:-1].mask(np.array(draw(gaps)[: len(values) - 2], bool))
    way, base = draw(st.sampled_from(["at_least", "at_most"])), draw(st.sampled_from([None, years[0]]))
    goal = Goal(way, draw(st.integers(1, 400)) / 4, base, years[-1] + draw(st.integers(1, 8)), unit="points")
    return known, goal, years[-1]


def mirrored(goal: Goal) -> Goal:
    other = {"at_least": "at_most", "at_most": "at_least"}[str(goal.direction)]
    assert isinstance(goal.threshold, float)
    return Goal(other, -goal.threshold, goal.base_year, goal.deadline, unit=goal.unit)


@pytest.mark.parametrize("rule", SYMMETRIC)
@QUICK
@given(question=questions())
def test_the_mirror_image_of_a_series_and_its_target_has_the_same_class(rule: str, question: Asked) -> None:
    known, goal, year = question
    said, mirror = evaluate(rule, known, goal, year), evaluate(rule, -known, mirrored(goal), year)
    assert (said.category, said.will_meet) == (mirror.category, mirror.will_meet)


@pytest.mark.parametrize("rule", RULES)
@QUICK
@given(question=questions(), power=st.integers(-10, 10))
def test_another_unit_gives_the_same_class(rule: str, question: Asked, power: int) -> None:
    known, goal, year = question
    assert isinstance(goal.threshold, float)
    factor = 2.0**power
    scaled = Goal(goal.direction, goal.threshold * factor, goal.base_year, goal.deadline, unit="points")
    said, other = evaluate(rule, known, goal, year), evaluate(rule, known * factor, scaled, year)
    assert (said.category, said.will_meet, said.reason) == (other.category, other.will_meet, other.reason)


@pytest.mark.parametrize("rule", RULES)
@QUICK
@given(question=questions(), later=st.lists(st.floats(-1e6, 1e6), max_size=5))
def test_a_rule_answers_in_its_own_words_looks_at_no_later_figure_and_says_yes_to_a_met_target(
    rule: str, question: Asked, later: list[float]
) -> None:
    known, goal, year = question
    said = evaluate(rule, known, goal, year)
    if said.category is None:
        assert said.will_meet is None and said.reason
    else:
        assert said.category in RULES[rule].categories and said.reason is None
        assert isinstance(said.will_meet, bool)
    future = pd.Series(later, index=range(year + 1, year + 1 + len(later)), dtype=float)
    assert evaluate(rule, pd.concat([future, known]), goal, year) == said
    met = Goal(goal.direction, float(known.iloc[-1]), goal.base_year, goal.deadline, unit="points")
    assert evaluate(rule, known, met, year).will_meet in (True, None)


@QUICK
@given(question=questions())
def test_an_easier_target_never_gets_a_worse_weather_symbol(question: Asked) -> None:
    known, goal, year = question
    assert isinstance(goal.threshold, float)
    order = RULES["destatis"].categories
    easier = goal.threshold + (-1 if goal.direction == "at_least" else 1)
    said = evaluate("destatis", known, goal, year)
    other = evaluate("destatis", known, Goal(goal.direction, easier, None, goal.deadline), year)
    # a target met today is judged by whether it worsens, so sun may turn light cloud there; nothing else gets worse
    if said.category is not None and not (other.category == "light_cloud" and other.will_meet):
        assert other.category is not None
        assert order.index(other.category) <= order.index(said.category)

"""Properties of the rules: mirror images, other units, figures from the future, met targets."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcity_analysis.rules import RULES, Goal, evaluate

SYMMETRIC = ["schedule", "eurostat", "unsd_2022", "unsd_2023", "open_sdg", "escap", "sdsn", "destatis", "ols",
             "mcarthur", "healthy_people"]  # fmt: skip
QUICK = settings(max_examples=60, deadline=None)

levels = st.lists(st.integers(1, 400), min_size=2, max_size=12)
gaps = st.lists(st.booleans(), min_size=12, max_size=12)


@st.composite
def questions(draw: st.DrawFn) -> tuple[pd.Series, Goal, int]:
    """A series of positive figures with gaps, a target some years ahead, and the year of the last figure."""
    values = draw(levels)
    missing = draw(gaps)
    years = range(2008, 2008 + len(values))
    known = {
        year: float("nan") if gone and year not in (years[0], years[-1]) else value / 4
        for year, value, gone in zip(years, values, missing, strict=False)
    }
    goal = Goal(
        draw(st.sampled_from(["at_least", "at_most"])),
        draw(st.integers(1, 400)) / 4,
        draw(st.sampled_from([None, years[0]])),
        years[-1] + draw(st.integers(1, 8)),
        unit="points",
    )
    return pd.Series(known, dtype=float), goal, years[-1]


def mirrored(goal: Goal) -> Goal:
    other = {"at_least": "at_most", "at_most": "at_least"}[str(goal.direction)]
    assert isinstance(goal.threshold, float)
    return Goal(other, -goal.threshold, goal.base_year, goal.deadline, unit=goal.unit)


@pytest.mark.parametrize("rule", SYMMETRIC)
@QUICK
@given(question=questions())
def test_the_mirror_image_of_a_series_and_its_target_has_the_same_class(
    rule: str, question: tuple[pd.Series, Goal, int]
) -> None:
    known, goal, year = question
    said, mirror = evaluate(rule, known, goal, year), evaluate(rule, -known, mirrored(goal), year)
    assert (said.category, said.will_meet) == (mirror.category, mirror.will_meet)


@pytest.mark.parametrize("rule", RULES)
@QUICK
@given(question=questions(), power=st.integers(-10, 10))
def test_another_unit_gives_the_same_class(
    rule: str, question: tuple[pd.Series, Goal, int], power: int
) -> None:
    known, goal, year = question
    assert isinstance(goal.threshold, float)
    factor = 2.0**power
    scaled = Goal(goal.direction, goal.threshold * factor, goal.base_year, goal.deadline, unit="points")
    said, other = evaluate(rule, known, goal, year), evaluate(rule, known * factor, scaled, year)
    assert (said.category, said.will_meet, said.reason) == (other.category, other.will_meet, other.reason)


@pytest.mark.parametrize("rule", RULES)
@QUICK
@given(question=questions(), later=st.lists(st.floats(-1e6, 1e6), max_size=5))
def test_figures_after_the_as_of_year_never_matter(
    rule: str, question: tuple[pd.Series, Goal, int], later: list[float]
) -> None:
    known, goal, year = question
    future = pd.Series(later, index=range(year + 1, year + 1 + len(later)), dtype=float)
    assert evaluate(rule, pd.concat([future, known]), goal, year) == evaluate(rule, known, goal, year)


@pytest.mark.parametrize("rule", RULES)
@QUICK
@given(question=questions())
def test_a_rule_answers_in_its_own_words_or_gives_a_reason(
    rule: str, question: tuple[pd.Series, Goal, int]
) -> None:
    known, goal, year = question
    said = evaluate(rule, known, goal, year)
    if said.category is None:
        assert said.will_meet is None and said.reason
    else:
        assert said.category in RULES[rule].categories and said.reason is None
        assert isinstance(said.will_meet, bool)


@pytest.mark.parametrize("rule", RULES)
@QUICK
@given(question=questions())
def test_a_target_met_today_is_a_yes(rule: str, question: tuple[pd.Series, Goal, int]) -> None:
    known, goal, year = question
    last = float(known.iloc[-1])
    goal = Goal(goal.direction, last, goal.base_year, goal.deadline, unit="points")
    assert evaluate(rule, known, goal, year).will_meet in (True, None)


@QUICK
@given(question=questions())
def test_an_easier_target_never_gets_a_worse_weather_symbol(question: tuple[pd.Series, Goal, int]) -> None:
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

"""Defects of shipped implementations that ours must not have, and properties of every rule."""

from __future__ import annotations

import datetime
import math
import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcity_analysis.errors import QcityError
from qcity_analysis.rules import RULES, Goal, evaluate, evaluate_all

SIX = pd.Series({2015: 20.0, 2016: 19.0, 2017: 18.0, 2018: 17.0, 2019: 16.0, 2020: 15.0})
NINE = Goal("at_most", 9, 2015, 2030)
LINES = ["schedule", "sdsn", "escap", "mcarthur", "healthy_people", "ols", "destatis"]
GROWTH = ["eurostat", "unsd_2022", "open_sdg"]
NEED_BASE = ["schedule", "log_schedule", "barometer", "unsd_2022", "unsd_2023", "open_sdg", "escap", "sdsn",
             "aarr", "healthy_people", "mcarthur"]  # fmt: skip


def refusals(rule):
    """Figures, target and the reason why a rule says nothing of them in 2020."""
    for goal in (Goal(None, 10, 2015, 2030), SimpleNamespace(threshold=10, deadline=2030, base_year=2015)):
        yield SIX, goal, "the target does not say which way is better"
    if rule in [*GROWTH, "log_schedule", "aarr", "defra"]:  # a target of 0 is not replaced by a thousandth
        yield SIX, replace(NINE, threshold=0), "a constant rate never reaches a target of 0"
    if rule in NEED_BASE:  # a missing base figure is not taken to be 0
        for known in (SIX, pd.concat([pd.Series({2010: math.nan}), SIX])):
            yield known, Goal("at_most", 10, 2010, 2030), "no figure for the base year 2010"
    if rule in [*GROWTH, "unsd_2023"]:
        goal, growth, never = Goal("at_least", 8, 2015, 2030), "a growth rate", "is not defined"
        across = f"{growth} between figures of opposite sign {never} (2015 to 2020)"
        yield pd.Series({2015: -1.0, 2020: 2.0}), goal, across
        yield pd.Series({2015: 0.0, 2020: 2.0}), goal, f"{growth} from a figure of 0 {never} (2015)"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_not_fooled(rule):
    def ask(known, goal, year=2020):
        return evaluate(rule, known, goal, year)

    for known, goal, reason in refusals(rule):
        told = ask(known, goal)
        assert (told.category, told.will_meet, told.reason) == (None, None, reason)
        if goal.threshold == 0:  # 0.001 is another target, and one that the unit decides about
            assert ask(known, replace(goal, threshold=0.001)).category
    if rule in LINES:  # 20 falling by 1 a year is 0 in 2035: exactly on the line
        good = ask(SIX, Goal("at_most", 0, 2015, 2035))
        assert good.will_meet is True
        assert good.category == next(c for c in RULES[rule].categories if c not in ("met", "target_met"))
    told = ask(SIX, NINE)  # the class depends on the figures and not on the day it is asked
    assert told.category and all(ask(SIX, NINE, year) == told for year in (2021, 2029, 2031, 2100))
    # no absolute value hides a deterioration; 12 was met in 2015: to figure and to target point the same way
    fourteen, twelve = [20.0, 21.0, 22.5, 23.5, 25.0, 26.0], [10.0, 11.0, 12.0, 13.0, 14.0, 16.0]
    for levels, threshold in ((fourteen, 14), (twelve, 12)):
        away = ask(pd.Series(levels, range(2015, 2021)), replace(NINE, threshold=threshold))
        assert (away.category, away.will_meet) == (RULES[rule].categories[-1], False)
    # a missing year on a straight line says nothing new and does not discard the history before it
    long = pd.Series({2010 + k: 25.0 - k for k in range(11)})
    holed = long.where(long.index != 2017)
    assert ask(holed, NINE).category == ask(long, NINE).category
    assert ask(holed.dropna(), NINE) == ask(holed, NINE)
    if rule not in ("barometer", "destatis"):  # a met target is a yes even where the rule could say no more
        assert ask(pd.Series({2020: 8.0}), NINE).will_meet is True
    for last, met in ((15.0, True), (15.1, False)):  # once the deadline's figure is in, it is what happened
        known = pd.Series({**SIX.to_dict(), 2020: last, 2021: 30.0, 2022: 1.0})
        assert ask(known, Goal("at_most", 15, 2015, 2020), 2022).will_meet is met
    if rule in GROWTH:  # a target nearer to the base than growth can tell is not divided by
        close = Goal("at_least", math.nextafter(1.0, 2.0), 2015, 2025)
        assert ask(pd.Series({2015: 1.0, 2020: 0.9}), close).will_meet is False


@pytest.mark.parametrize(("rule", "first", "last", "goal", "value"), [
    ("sdsn", 20.0, 26.0, Goal("at_most", 10, 2015, 2030), -1.8),  # 1.2 a year the wrong way against .667
    ("mcarthur", 20.0, 12.0, Goal("at_most", 10, 2015, 2030), 2.4),  # 24 of 10
    ("sdsn", 120.0, 110.0, Goal("at_most", 105, 2015, 2025), 4 / 3),  # figures above 100 are not 100
])  # fmt: skip
def test_progress_beyond_the_target_or_behind_the_base_is_not_clipped(rule, first, last, goal, value):
    assert evaluate(rule, pd.Series({2015: first, 2020: last}), goal, 2020).value == pytest.approx(value)


TO_2 = Goal("at_least", 2, 2020, 2025)
PARTLY = replace(TO_2, deadline=2025.5)
TO_1 = Goal("at_most", 1, 2020, 2025)
LOGS = "the rule takes logarithms; not all figures and the target are positive"
FOREVER, NO_BASE = "the target holds every year and has no deadline", "a relative target needs a base year"
NO_TIME = "the deadline 2021 is not after the base year 2021"
JUDGES = "the rule judges levels; this target is of kind"


@pytest.mark.parametrize(("rule", "known", "goal", "reason"), [
    ("schedule", {2020: 1.0}, TO_2, "no figure after the base year 2020"),
    ("schedule", {2020: 1.0, 2021: 1.5}, Goal("at_least", 2, 2020), FOREVER),
    ("schedule", {2020: 1.0, 2021: 1.5}, Goal("at_least", None, 2020, 2025), "the target names no value"),
    ("schedule", {2022: 1.0}, Goal("at_least", 2, 2020, 2021), "no figure up to 2021"),
    ("schedule", {2021: 1.0}, Goal("at_least", 2, 2021, 2021), NO_TIME),
    ("schedule", {2023: 1.0}, TO_2, "no figure up to 2022"),
    ("schedule", {2020: 1.0}, Goal("at_least", 2, 2020, 2025, "cumulative"), f"{JUDGES} cumulative"),
    ("schedule", {2020: 1.0}, Goal("achieved"), f"{JUDGES} milestone"),
    ("schedule", {2020: 1.0}, Goal("at_most", -5, None, 2025, "relative_change"), NO_BASE),
    ("log_schedule", {2020: 1.0, 2021: 1.5}, TO_2, "the rule is for reductions"),
    ("log_schedule", {2020: -1.0, 2021: -1.5}, Goal("at_most", -2, 2020, 2025), LOGS),
    ("barometer", {2020: 3.0, 2022: 2.5}, TO_1, "no figure for 2021, the year before the last"),
    ("eurostat", {2020: 3.0}, TO_1, "the figures span 0 years, at least 3 needed"),
    ("ols", {2020: 3.0, 2021: 2.8}, TO_1, "too few figures: 2, at least 3 needed"),
    ("escap", {2021: 3.0}, Goal("at_most", 1, None, 2025), "no figure after the base year 2021"),
    ("defra", {2020: 3.0, 2021: 2.8}, TO_1, "too few figures: 2, at least 6 needed"),
    ("gbd", {2019: 3.0, 2020: 0.0, 2021: 2.0}, Goal("at_most", 1, 2019, 2025), LOGS),
    ("gbd", {2019: 98.0, 2020: 99.0, 2021: 100.0}, Goal("at_most", 90, 2019, 2025, unit="%"),
     "the rule takes log odds; not all figures lie inside 0 to 100"),
    ("healthy_people", {2020: 0.0, 2021: 2.8}, Goal("at_most", -1, 2020, 2025),
     "a growth rate from a figure of 0 is not defined (2020)"),
    ("escap", {2020: -2.0, 2021: -2.5, 2022: -3.0}, Goal("at_most", -18, 2020, 2025, "relative_change"),
     "a change in percent of the base year's figure means nothing: 2020 is not above 0"),
])  # fmt: skip
def test_where_a_rule_does_not_apply_it_says_why(rule, known, goal, reason):
    told = evaluate(rule, pd.Series(known), goal, 2022)
    assert (told.category, told.will_meet, told.reason) == (None, None, reason)


@pytest.mark.parametrize(("rule", "known", "goal", "year", "message"), [
    ("eurostatt", SIX, TO_2, 2022, 
     "unknown rule 'eurostatt'. Did you mean \"eurostat\"? Known: schedule, log_"),
    ("ols", SIX, Goal("at_leest", 2, 2020, 2025), 2022,
     "unknown direction 'at_leest'. Did you mean \"at_least\"? Use at_least, at_most, "),
    ("ols", pd.Series([1.0, 2.0], [2020, 2020]), TO_2, 2022, "the series has two figures for 2020; keep one"),
    ("ols", pd.Series({2020: math.inf}), TO_2, 2022, "the figure for 2020 is infinite; leave a gap (NaN)"),
    ("ols", pd.Series({"spring": 1.0}), TO_2, 2022, "the index of a series is years; found 'spring'"),
    *(("escap", SIX, goal, year, "whole") for goal, year in ((TO_2, 2021.5), (TO_2, None), (PARTLY, 2021))),
])  # fmt: skip
def test_bad_input_is_one_clear_message(rule, known, goal, year, message):
    with pytest.raises(QcityError) as error:
        evaluate(rule, known, goal, year)
    said = str(error.value)
    assert (
        said.startswith(message)
        if message != "whole"
        else "whole " in said and ", such as 2025; found" in said
    )


def test_the_rules_read_no_clock(monkeypatch):
    class Never(datetime.date):
        today = classmethod(lambda cls: 1 / 0)

    before = evaluate_all(SIX, NINE, 2020)
    with monkeypatch.context() as without:
        without.setattr(datetime, "date", Never)
        without.setattr(time, "time", lambda: 1 / 0)
        after = evaluate_all(SIX, NINE, 2020)
    assert after.equals(before)


# properties of every rule

SYMMETRIC = [*GROWTH, *LINES, "unsd_2023"]


@st.composite
def questions(draw):
    """A series of positive figures with gaps, a target some years ahead, and the year of the last figure."""
    values = draw(st.lists(st.integers(1, 400), min_size=2, max_size=12))
    missing = draw(st.lists(st.booleans(), min_size=12, max_size=12))
    last = 2007 + len(values)
    known = {year: math.nan if gone and year not in (2008, last) else value / 4
             for year, value, gone in zip(range(2008, last + 1), values, missing, strict=False)}  # fmt: skip
    side, base = st.sampled_from(["at_least", "at_most"]), st.sampled_from([None, 2008])
    direction, quarters, base, ahead = map(draw, (side, st.integers(1, 400), base, st.integers(1, 8)))
    return (
        pd.Series(known, dtype=float),
        Goal(direction, quarters / 4, base, last + ahead, unit="points"),
        last,
    )


@settings(max_examples=60, deadline=None)
@given(question=questions(), power=st.integers(-10, 10), later=st.lists(st.floats(-1e6, 1e6), max_size=5))
def test_no_rule_minds_unit_direction_or_later_figures_and_each_has_its_own_words(question, power, later):
    known, goal, year = question
    other = {"at_least": "at_most", "at_most": "at_least"}[goal.direction]
    future = pd.concat([pd.Series(later, range(year + 1, year + 1 + len(later)), dtype=float), known])
    for rule, its in RULES.items():
        told = evaluate(rule, known, goal, year)
        if told.category is None:
            assert told.will_meet is None and told.reason
        else:
            assert (
                told.category in its.categories and told.reason is None and isinstance(told.will_meet, bool)
            )
        assert evaluate(rule, future, goal, year) == told, rule
        scaled = evaluate(
            rule, known * 2.0**power, replace(goal, threshold=goal.threshold * 2.0**power), year
        )
        for name in ("category", "will_meet", "reason"):
            assert getattr(told, name) == getattr(scaled, name), rule
        if rule in SYMMETRIC:
            mirror = evaluate(rule, -known, replace(goal, direction=other, threshold=-goal.threshold), year)
            assert (told.category, told.will_meet) == (mirror.category, mirror.will_meet), rule
        met = evaluate(rule, known, replace(goal, threshold=float(known.iloc[-1])), year)
        assert met.will_meet in (True, None), rule
    # an easier target never gets a worse symbol; but one met today is judged by whether it worsens: sun to light cloud
    order, told = (
        RULES["destatis"].categories,
        evaluate("destatis", known, replace(goal, base_year=None), year),
    )
    easier = replace(
        goal, threshold=goal.threshold + (-1 if goal.direction == "at_least" else 1), base_year=None
    )
    symbol = evaluate("destatis", known, easier, year)
    if told.category is not None and not (symbol.category == "light_cloud" and symbol.will_meet):
        assert symbol.category is not None and order.index(symbol.category) <= order.index(told.category)

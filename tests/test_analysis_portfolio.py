"""How many targets of a plan are met, against enumeration, perfect dependence and known integrals."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from packages import STEADY, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis import portfolio as room
from qcity_analysis.analysis.portfolio import WEIGHT, dependence, met_together, portfolio, tally

CHANCES = np.array([0.1, 0.35, 0.5, 0.8, 0.95])
DOWN = {"direction": "at_most"}


def slow_counts(chances):
    """Every combination of met and missed, one by one."""
    counts = [0.0] * (len(chances) + 1)
    for outcome in itertools.product([0, 1], repeat=len(chances)):
        pairs = zip(chances, outcome, strict=True)
        counts[sum(outcome)] += math.prod(p if met else 1 - p for p, met in pairs)
    return counts


def together(chances, correlation, draws):
    normal = np.random.default_rng(1).standard_normal((draws, len(chances)))
    return met_together(chances, np.array(correlation), normal)


def plan(folder, levels, goals=None, **cells):
    """Data and answers: for each series an indicator and a target (at least 20 by 2025), or `goals`."""
    rows = [row for name, one in levels.items() for row in figures(one, indicator_id=name)]
    goals = goals or [target(name, indicator_id=name, **cells.get(name, {})) for name in levels]
    tables = {"observations": rows, "indicators": [indicator(name) for name in levels], "targets": goals}
    data = loaded(folder, **tables)
    return data, list(qc.scorecard(data, draws=100).answers.values())


def test_the_number_met_is_that_of_every_combination_or_of_the_order_where_dependence_is_perfect():
    slow = slow_counts(CHANCES)
    assert room.poisson_binomial(CHANCES) == pytest.approx(slow)
    assert tally(together(CHANCES, np.eye(5), 100_000)) == pytest.approx(slow, abs=0.007)
    at_least = tally(together(CHANCES, np.ones((5, 5)), 10_000))[::-1].cumsum()[::-1]
    assert at_least == pytest.approx([1.0, *sorted(CHANCES, reverse=True)], abs=1e-3)
    for chances in (CHANCES, np.array([0.0, 1.0])):  # dependence leaves every probability as it is
        n = len(chances)
        met = together(chances, np.full((n, n), 0.6) + 0.4 * np.eye(n), 5_000)
        assert met.mean(axis=0) == pytest.approx(chances, abs=1 / 5_000)


@pytest.mark.parametrize("correlation", [-0.5, 0.3, 0.9])
def test_two_even_chances_are_met_together_as_sheppard_found(correlation):
    met = together(np.array([0.5, 0.5]), [[1, correlation], [correlation, 1]], 200_000)
    assert met.all(axis=1).mean() == pytest.approx(0.25 + math.asin(correlation) / (2 * math.pi), abs=0.005)


def test_correlations_are_drawn_to_their_mean_and_the_mean_to_zero():
    raw = np.array([[0, 0.9, 0.0], [0.9, 0, -0.4], [0.0, -0.4, 0]])
    mean = (8 * 0.9 - 4 * 0.4) / (12 + WEIGHT)
    matrix, shrunk_mean = room.shrunk(raw, np.array([[0, 8, 0], [8, 0, 4], [0, 4, 0]]))
    assert shrunk_mean == pytest.approx(mean)
    assert matrix[0, 1] == pytest.approx((8 * 0.9 + WEIGHT * mean) / (8 + WEIGHT))
    assert matrix[0, 2] == pytest.approx(mean)  # nothing in common
    assert np.diag(matrix).tolist() == [1, 1, 1]
    made = room.nearest(np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]))  # no correlation matrix
    assert np.linalg.eigvalsh(made).min() >= -1e-9 and np.diag(made) == pytest.approx([1, 1, 1])


def test_dependence_pools_the_years_in_common_in_the_favourable_direction(tmp_path):
    other = {year: 40.0 - level for year, level in STEADY.items()}
    between = dependence(*plan(tmp_path, {"a": STEADY, "b": other}, b=DOWN))
    one, two = (np.diff(np.log(list(x.values()))) for x in (STEADY, other))
    raw = -np.corrcoef(one, two)[0, 1]
    expected = (6 * raw + WEIGHT * 6 * raw / (6 + WEIGHT)) / (6 + WEIGHT)
    assert (between.common.loc["a", "b"], between.pairs, between.possible) == (6, 1, 1)
    assert between.correlation.loc["a", "b"] == pytest.approx(expected, rel=1e-6)


def test_targets_share_the_innovations_of_the_years_they_have_in_common(tmp_path):
    cells = [(way, year) for way in ("at_least", "at_most") for year in (2025, 2027)]
    high = [target(f"{way}{year}", threshold=19, direction=way, deadline=year) for way, year in cells]
    data = loaded(tmp_path, targets=[target("low", threshold=18), *high])
    answers = list(qc.scorecard(data, draws=100).answers.values())
    joint = dependence(data, answers).correlation.loc["low"]
    years = {a.target.target_id: len(a.forecast.years) for a in answers}
    part = math.sqrt(years["low"] / years["at_least2027"])  # of a random walk, its middle with its end
    assert years == dict.fromkeys(["low", "at_least2025", "at_most2025"], 3) | {
        "at_least2027": 5, "at_most2027": 5}  # fmt: skip
    assert joint[["at_least2025", "at_least2027"]].tolist() == pytest.approx([1, part])
    assert joint[["at_most2025", "at_most2027"]].tolist() == pytest.approx([-1, -part])


@pytest.mark.parametrize("goals", [
    [("a", 18, {}), ("a", 19, {}), ("a", 20, {}), ("b", 19, {})],  # three of one
    [("a", 18, {}), ("a", 19, {}), ("a", 20, {})],  # only one series
    [("a", 18, {}), ("a", 18, DOWN), ("b", 19, {}), ("c", 19, {})],  # opposite
    [(name, 19, DOWN) for name in "aabbc"],  # all downward
    [("a", 18, {}), ("a", 20, {"deadline": 2027}), ("b", 19, {}), ("b", 21, {"deadline": 2028})],
])  # fmt: skip
def test_the_stressed_plan_is_never_milder_than_the_base_case(tmp_path, goals):
    wiggle = np.random.default_rng(1).normal(0, 0.3, (3, len(STEADY))) + list(STEADY.values())
    levels = {name: dict(zip(STEADY, row, strict=True)) for name, row in zip("abc", wiggle, strict=True)}
    rows = [target(f"t{k}", indicator_id=n, threshold=v, **cells) for k, (n, v, cells) in enumerate(goals)]
    counts = portfolio(*plan(tmp_path, levels, rows), draws=4_000, seed=1).counts
    number = counts.index.to_numpy()[:, None]
    means = (counts * number).sum()
    spread = (counts * (number - means.to_numpy()) ** 2).sum()
    assert means["stress"] == pytest.approx(means["dependent"], abs=0.002)
    assert spread["stress"] >= spread["dependent"] - 1e-9


def test_a_series_that_cannot_be_computed_leaves_the_portfolio_standing(tmp_path, monkeypatch):
    data, known = plan(tmp_path, {"a": STEADY, "b": STEADY, "c": {y: v**1.1 for y, v in STEADY.items()}})
    real = room.annual_series

    def failing(data, name, region):
        if name == "b":
            raise qc.QcityError("cannot be chained")
        return real(data, name, region)

    monkeypatch.setattr(room, "annual_series", failing)
    whole = portfolio(data, known, draws=500)
    assert len(whole.targets) == 3 and whole.dependence.pairs == 1
    for levels in ([1.0, 2.0, 4.0], [1.0, 2.0, 3.0, 4.0], []):  # too few changes or none at all tell nothing
        series = pd.Series(levels, index=range(2020, 2020 + len(levels)), dtype=float)
        assert room.standardised(series, "real").empty


def test_the_expected_number_is_the_sum_of_the_probabilities_and_the_unassessed_stand_apart(tmp_path):
    levels = {"a": STEADY, "b": {y: v * 0.97 for y, v in STEADY.items()}, "c": {2021: 5.0}}
    data, known = plan(tmp_path, levels | {"d": STEADY | {2023: 21.0}}, d={"deadline": 2023})
    whole, same, other = (portfolio(data, known, draws=5_000, seed=seed) for seed in (0, 0, 4))
    assert [a.status for a in known] == ["forecast", "forecast", "not_assessable", "met"]
    chances = np.array([known[0].probability, known[1].probability, 1.0])
    assert whole.expected == pytest.approx(chances.sum())
    assert whole.unassessed["target_id"].tolist() == ["c"]
    assert whole.targets["target_id"].tolist() == ["a", "b", "d"]
    assert whole.counts["independent"].to_numpy() == pytest.approx(slow_counts(chances))
    for _, column in whole.counts.items():
        assert float((column * column.index).sum()) == pytest.approx(whole.expected, abs=0.001)
        assert column.sum() == pytest.approx(1)
    assert whole.targets["share_of_variance"].sum() == pytest.approx(1)
    assert whole.targets["share_of_variance"].iloc[2] == 0  # settled: nothing left to decide
    low, high = whole.interval()
    assert whole.within(low, high) >= 0.8
    assert whole.within(0, low - 1) <= 0.1 and whole.within(high + 1, 3) <= 0.1 + 1e-9
    assert json.dumps(whole.to_dict()) == json.dumps(same.to_dict())
    assert whole.to_dict()["counts"]["dependent"] != other.to_dict()["counts"]["dependent"]


def test_the_newest_definition_counts_and_the_others_give_the_range(definitions):
    data, answer = definitions
    whole, (old, new) = portfolio(data, [answer], draws=500), answer.parts
    assert (old.status, new.status, whole.expected) == ("forecast", "met", 1.0)
    assert (whole.low, whole.high) == (old.probability, 1.0)


def test_a_target_of_several_departments_counts_for_each(tmp_path):
    three = {
        "departments": "市科技局；市统计局、市发改委",
        "departments_en": "Science; Statistics; Development",
    }
    one = {"departments": "市统计局", "departments_en": "Statistics"}
    whole = portfolio(*plan(tmp_path, {"a": STEADY, "b": STEADY}, a=three, b=one), draws=500)
    table = whole.departments.set_index("name_en")
    assert table["targets"].to_dict() == {"Science": 1, "Statistics": 2, "Development": 1}
    assert table.loc["Statistics", "expected"] == pytest.approx(whole.expected)
    assert table.loc["Development", "name_zh"] == "市发改委"


@pytest.mark.parametrize(("cells", "names"), [
    ({}, []), ({"departments_en": "A; B"}, [("A", "A"), ("B", "B")]),
    ({"departments": "甲;乙", "departments_en": "A"}, [("甲", "甲"), ("乙", "乙")]),
    ({"departments": "甲、乙", "departments_en": "A, B and C; D"}, [("甲", "A, B and C"), ("乙", "D")]),
])  # fmt: skip
def test_names_of_departments_are_paired_where_both_languages_have_as_many(tmp_path, cells, names):
    data, (answer,) = plan(tmp_path, {"a": {}}, a=cells)
    whole = portfolio(data, [answer], draws=500)  # without any verdict none is met for certain
    assert [*map(tuple, whole.departments[["name_zh", "name_en"]].to_numpy())] == (names or [("", "")])
    assert whole.counts["dependent"].tolist() == [1.0]
    assert (whole.expected, len(whole.targets), len(whole.unassessed)) == (0.0, 0, 1)
    with pytest.raises(ValueError, match="a portfolio needs at least one assessment"):
        portfolio(data, [])

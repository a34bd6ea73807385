"""How many targets of a plan are met, against enumeration, perfect dependence and known integrals."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from packages import STEADY, Row, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis import portfolio as room
from qcity_analysis.analysis.portfolio import (
    LIMIT,
    WEIGHT,
    departments_of,
    dependence,
    met_together,
    nearest,
    poisson_binomial,
    portfolio,
    shrunk,
    standardised,
    tally,
)
from qcity_analysis.assessment.answer import Assessment
from qcity_analysis.data.load import Data

CHANCES = np.array([0.1, 0.35, 0.5, 0.8, 0.95])


def slow_counts(chances: np.ndarray) -> list[float]:
    """Every combination of met and missed, one by one."""
    found = [0.0] * (len(chances) + 1)
    for outcome in itertools.product([0, 1], repeat=len(chances)):
        found[sum(outcome)] += math.prod(p if met else 1 - p for p, met in zip(chances, outcome, strict=True))
    return found


def plan(folder: Path, levels: dict[str, dict[int, float]], **goals: Row) -> Data:
    """One indicator and one target (at least 20 by 2025) for each series; `goals` replace cells of a target."""
    return loaded(
        folder,
        observations=[row for name, one in levels.items() for row in figures(one, indicator_id=name)],
        indicators=[indicator(name) for name in levels],
        targets=[target(name, indicator_id=name, **goals.get(name, {})) for name in levels],
    )


def answers(data: Data) -> list[Assessment]:
    return qc.scorecard(data, draws=500)[1]


def test_without_dependence_the_number_met_is_that_of_every_combination() -> None:
    assert poisson_binomial(CHANCES) == pytest.approx(slow_counts(CHANCES))
    assert poisson_binomial([]).tolist() == [1.0]


def test_uncorrelated_draws_give_the_same_numbers() -> None:
    normal = np.random.default_rng(1).standard_normal((200_000, len(CHANCES)))
    assert tally(met_together(CHANCES, np.eye(5), normal)) == pytest.approx(slow_counts(CHANCES), abs=0.005)


def test_with_perfect_dependence_targets_fall_in_the_order_of_their_probability() -> None:
    normal = np.random.default_rng(1).standard_normal((10_000, len(CHANCES)))
    at_least = tally(met_together(CHANCES, np.ones((5, 5)), normal))[::-1].cumsum()[::-1]
    assert at_least == pytest.approx([1.0, *sorted(CHANCES, reverse=True)], abs=1e-3)


def test_dependence_leaves_every_probability_as_it_is() -> None:
    normal = np.random.default_rng(1).standard_normal((5_000, len(CHANCES)))
    met = met_together(CHANCES, np.full((5, 5), 0.6) + 0.4 * np.eye(5), normal)
    assert met.mean(axis=0) == pytest.approx(CHANCES, abs=1 / 5_000)
    certain = met_together(np.array([0.0, 1.0]), np.eye(2), normal[:, :2])
    assert certain.mean(axis=0).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("correlation", [-0.5, 0.3, 0.9])
def test_two_even_chances_are_met_together_as_sheppard_found(correlation: float) -> None:
    normal = np.random.default_rng(2).standard_normal((400_000, 2))
    met = met_together(np.array([0.5, 0.5]), np.array([[1, correlation], [correlation, 1]]), normal)
    assert met.all(axis=1).mean() == pytest.approx(0.25 + math.asin(correlation) / (2 * math.pi), abs=0.004)


def test_correlations_are_drawn_to_their_mean_and_the_mean_to_zero() -> None:
    raw = np.array([[0, 0.9, 0.0], [0.9, 0, -0.4], [0.0, -0.4, 0]])
    common = np.array([[0, 8, 0], [8, 0, 4], [0, 4, 0]])
    mean = (8 * 0.9 - 4 * 0.4) / (12 + WEIGHT)
    matrix, found = shrunk(raw, common)
    assert found == pytest.approx(mean)
    assert matrix[0, 1] == pytest.approx((8 * 0.9 + WEIGHT * mean) / (8 + WEIGHT))
    assert matrix[0, 2] == pytest.approx(mean)  # nothing in common
    assert np.diag(matrix).tolist() == [1, 1, 1]


def test_what_cannot_be_a_correlation_matrix_is_made_one() -> None:
    bad = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    found = nearest(bad)
    assert np.linalg.eigvalsh(found).min() >= -1e-9
    assert np.diag(found) == pytest.approx([1, 1, 1])


def test_dependence_pools_the_years_in_common_in_the_favourable_direction(tmp_path: Path) -> None:
    other = {year: 40.0 - level for year, level in STEADY.items()}
    data = plan(tmp_path, {"a": STEADY, "b": other}, b={"direction": "at_most"})
    found = dependence(data, answers(data))
    one, two = (np.diff(np.log(list(x.values()))) for x in (STEADY, other))
    raw = -np.corrcoef(one, two)[0, 1]
    mean = 6 * raw / (6 + WEIGHT)
    assert found.common.loc["a", "b"] == 6
    assert found.correlation.loc["a", "b"] == pytest.approx(
        (6 * raw + WEIGHT * mean) / (6 + WEIGHT), rel=1e-6
    )
    assert (found.pairs, found.possible) == (1, 1)


@pytest.mark.parametrize("deadline", [2025, 2027])
@pytest.mark.parametrize(("direction", "sign"), [("at_least", 1.0), ("at_most", -1.0)])
def test_two_targets_on_one_series_have_its_shock(
    tmp_path: Path, deadline: int, direction: str, sign: float
) -> None:
    second = target("high", threshold=19, direction=direction, deadline=deadline)
    data = loaded(tmp_path, targets=[target("low", threshold=18), second])
    expected = sign * (1.0 if deadline == 2025 else LIMIT)
    assert dependence(data, answers(data)).correlation.loc["low", "high"] == pytest.approx(expected)


DOWN = {"direction": "at_most"}
SHARING = {
    "three_of_one": [("a", 18, {}), ("a", 19, {}), ("a", 20, {}), ("b", 19, {})],
    "two_and_two": [("a", 18, {}), ("a", 19, {}), ("b", 18, {}), ("b", 19, {})],
    "only_one_series": [("a", 18, {}), ("a", 19, {}), ("a", 20, {})],
    "opposite": [("a", 18, {}), ("a", 18, DOWN), ("b", 19, {}), ("c", 19, {})],
    "all_downward": [(name, 19, DOWN) for name in "aabbc"],
    "other_deadlines": [
        ("a", 18, {}),
        ("a", 20, {"deadline": 2027}),
        ("b", 19, {}),
        ("b", 21, {"deadline": 2028}),
    ],
}


@pytest.mark.parametrize("case", SHARING)
@pytest.mark.parametrize("seed", range(2))
def test_the_stressed_plan_is_never_milder_than_the_base_case(tmp_path: Path, case: str, seed: int) -> None:
    wiggle = np.random.default_rng(seed).normal(0, 0.3, (3, len(STEADY)))
    levels = {
        n: dict(zip(STEADY, row + list(STEADY.values()), strict=True))
        for n, row in zip("abc", wiggle, strict=True)
    }
    goals = [target(f"t{k}", indicator_id=n, threshold=v, **c) for k, (n, v, c) in enumerate(SHARING[case])]
    rows = [row for name, one in levels.items() for row in figures(one, indicator_id=name)]
    data = loaded(tmp_path, observations=rows, indicators=[indicator(n) for n in levels], targets=goals)
    found = portfolio(data, answers(data), draws=4_000, seed=seed)
    number = found.counts.index.to_numpy()
    mean, spread = {}, {}
    for name in ("dependent", "stress"):
        mean[name] = float((found.counts[name] * number).sum())
        spread[name] = float((found.counts[name] * (number - mean[name]) ** 2).sum())
    assert mean["stress"] == pytest.approx(mean["dependent"], abs=0.002)
    assert spread["stress"] >= spread["dependent"] - 1e-9


def test_a_series_that_cannot_be_computed_leaves_the_portfolio_standing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = plan(tmp_path, {"a": STEADY, "b": STEADY, "c": {y: v**1.1 for y, v in STEADY.items()}})
    known, real = answers(data), room.annual_series

    def failing(data: Data, name: str, region: str) -> Any:
        if name == "b":
            raise qc.QcityError("cannot be chained")
        return real(data, name, region)

    monkeypatch.setattr(room, "annual_series", failing)
    found = portfolio(data, known, draws=500)
    assert len(found.targets) == 3 and found.dependence.pairs == 1


def test_too_few_changes_or_none_at_all_tell_nothing() -> None:
    assert standardised(pd.Series([1.0, 2.0, 4.0], index=[2020, 2021, 2022]), "real").empty
    assert standardised(pd.Series([1.0, 2.0, 3.0, 4.0], index=range(2020, 2024)), "real").empty
    assert standardised(pd.Series(dtype=float), "percent").empty


def test_the_expected_number_is_the_sum_of_the_probabilities_and_the_unassessed_stand_apart(
    tmp_path: Path,
) -> None:
    levels = {"a": STEADY, "b": {y: v * 0.97 for y, v in STEADY.items()}, "c": {2021: 5.0}}
    levels |= {"d": STEADY | {2023: 21.0}}
    data = plan(tmp_path, levels, d={"deadline": 2023})
    found_by = answers(data)
    found = portfolio(data, found_by, draws=5_000)
    assert [a.status for a in found_by] == ["forecast", "forecast", "not_assessable", "met"]
    chances = [found_by[0].probability, found_by[1].probability, 1.0]
    assert found.expected == pytest.approx(sum(chances))  # type: ignore[arg-type]
    assert found.unassessed["target_id"].tolist() == ["c"]
    assert found.targets["target_id"].tolist() == ["a", "b", "d"]
    assert found.counts["independent"].to_numpy() == pytest.approx(slow_counts(np.array(chances)))
    for column in found.counts:
        mean = float((found.counts[column] * found.counts.index).sum())
        assert mean == pytest.approx(found.expected, abs=0.001)
        assert found.counts[column].sum() == pytest.approx(1)
    assert found.targets["share_of_variance"].sum() == pytest.approx(1)
    assert found.targets["share_of_variance"].iloc[2] == 0  # settled: nothing left to decide


def test_the_range_of_the_number_met_covers_its_share(tmp_path: Path) -> None:
    factors = dict(zip("abcd", (1, 0.9, 1.1, 1.02), strict=True))
    data = plan(tmp_path, {name: {y: v * f for y, v in STEADY.items()} for name, f in factors.items()})
    found = portfolio(data, answers(data), draws=5_000)
    low, high = found.interval()
    assert found.within(low, high) >= 0.8
    assert found.within(0, low - 1) <= 0.1 and found.within(high + 1, 4) <= 0.1 + 1e-9


def test_the_newest_definition_counts_and_the_others_give_the_range() -> None:
    data = qc.load(as_of="2026-06-30")
    whole = qc.assess(data, "energy_per_gdp", plan="china_14fyp", draws=500)
    found = portfolio(data, [whole], draws=500)
    old, new = whole.parts
    assert (old.status, new.status, found.expected) == ("forecast", "met", 1.0)
    assert (found.low, found.high) == (old.probability, 1.0)


def test_a_target_of_several_departments_counts_for_each(tmp_path: Path) -> None:
    three = {
        "departments": "市科技局；市统计局、市发改委",
        "departments_en": "Science; Statistics; Development",
    }
    one = {"departments": "市统计局", "departments_en": "Statistics"}
    data = plan(tmp_path, {"a": STEADY, "b": STEADY}, a=three, b=one)
    found = portfolio(data, answers(data), draws=500)
    table = found.departments.set_index("name_en")
    assert table["targets"].to_dict() == {"Science": 1, "Statistics": 2, "Development": 1}
    assert table.loc["Statistics", "expected"] == pytest.approx(found.expected)
    assert table.loc["Development", "name_zh"] == "市发改委"


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ({}, [("", "")]),
        ({"departments": "甲;乙", "departments_en": "A"}, [("甲", "甲"), ("乙", "乙")]),
        ({"departments": "甲、乙", "departments_en": "A, B and C; D"}, [("甲", "A, B and C"), ("乙", "D")]),
    ],
)
def test_names_of_departments_are_paired_where_both_languages_have_as_many(
    tmp_path: Path, cells: dict[str, Any], names: list[tuple[str, str]]
) -> None:
    data = loaded(tmp_path, targets=[target(**cells)])
    assert departments_of(qc.assess(data, "goal", draws=500)) == names


def test_a_plan_without_any_verdict_has_none_met_for_certain(tmp_path: Path) -> None:
    data = loaded(tmp_path, observations=[])
    found = portfolio(data, answers(data), draws=500)
    assert found.counts["dependent"].tolist() == [1.0]
    assert (found.expected, len(found.targets), len(found.unassessed)) == (0.0, 0, 1)


def test_no_assessment_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a portfolio needs at least one assessment"):
        portfolio(loaded(tmp_path), [])


def test_the_result_is_plain_data_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    data = plan(tmp_path, {"a": STEADY, "b": {y: v * 0.97 for y, v in STEADY.items()}})
    one, two, other = (portfolio(data, answers(data), draws=500, seed=seed).to_dict() for seed in (4, 4, 0))
    assert json.dumps(one) == json.dumps(two)
    assert one["counts"]["dependent"] != other["counts"]["dependent"]

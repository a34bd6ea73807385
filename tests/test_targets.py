"""Targets as records, the level that is just enough, and the pace that leads there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from packages import loaded, target

from qcity_analysis.errors import QcityError
from qcity_analysis.targets import find_target, needed_path, pace_between, reaches


def test_a_target_is_looked_up_in_the_first_plan_that_has_it_and_holds_years_as_integers(
    tmp_path: Path,
) -> None:
    data = loaded(tmp_path, targets=[target(), target(plan="second", threshold=30)])
    goal = find_target(data, "goal")
    assert (goal.plan, goal.deadline, goal.base_year, goal.threshold) == ("made_up", 2025, None, 20.0)
    assert (goal.tolerance, goal.name("zh"), goal.name("en")) == (0.0, "目标", "Goal")
    assert find_target(data, "goal", plan="second").threshold == 30
    assert find_target(data, "goal", region="otherland").region == "otherland"


@pytest.mark.parametrize(
    ("direction", "kind", "bound", "enough", "short"),
    [
        ("at_least", "coverage", 18.5, 18.5, 18.4), ("at_most", "coverage", 21.5, 21.5, 21.6),
        ("at_least", "level", 19, 19, 18.9), ("at_most", "level", 21, 21, 21.1),
        ("at_least", "relative_change", 8 * 1.19, 9.52, 9.5), ("at_most", "relative_change", 8 * 1.21, 9.68, 9.7),
        ("increase", "direction", 27, 27, 26.9), ("decrease", "direction", -11, -11, -10.9),
    ],
)  # fmt: skip
def test_the_tolerance_is_in_the_unit_of_the_threshold_and_on_the_right_side(
    tmp_path: Path, direction: str, kind: str, bound: float, enough: float, short: float
) -> None:
    cells = {"direction": direction, "kind": kind, "tolerance": 1, "base_year": 2020}
    goal = find_target(loaded(tmp_path, targets=[target(**cells)]), "goal")
    assert goal.bound(8, step=1) == pytest.approx(bound)
    assert goal.is_met(enough, bound) and not goal.is_met(short, bound)


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 3e7, 1e15])
def test_what_binary_fractions_blur_is_reached_and_a_millionth_short_is_not(size: float) -> None:
    assert reaches(size * (0.1 + 0.2), size * 0.3) and reaches(size * 0.3, size * (0.1 + 0.2))
    assert not reaches(size * 0.3 * (1 - 1e-6), size * 0.3)
    assert not reaches(size * 0.3 * (1 + 1e-6), size * 0.3, upward=False)
    levels = size * np.array([0.29, 0.3, 0.31, np.nan])
    assert reaches(levels, size * 0.3).tolist() == [False, True, True, False]
    assert reaches(np.inf, size) and not reaches(np.inf, size, upward=False)


HINT = " `qcity list` shows all."


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"target_id": "gaol"}, "unknown target 'gaol'. Did you mean \"goal\"? Known: goal." + HINT),
        (
            {"target_id": "goal", "plan": "madeup"},
            "unknown plan 'madeup'. Did you mean \"made_up\"? Known: made_up." + HINT,
        ),
        (
            {"target_id": "goal", "region": "other_land"},
            "unknown region 'other_land'. Did you mean \"otherland\"? Known: testville, otherland." + HINT,
        ),
        ({"target_id": 7}, "a target is asked for by its name, a text; found 7"),
    ],
)
def test_an_unknown_name_is_refused_with_the_closest_one(
    tmp_path: Path, names: dict[str, str], message: str
) -> None:
    with pytest.raises(QcityError) as error:
        find_target(loaded(tmp_path), **names)
    assert str(error.value) == message


@pytest.mark.parametrize("year", [2025.5, "2025", True, None])
def test_a_deadline_that_is_no_whole_year_is_refused(tmp_path: Path, year: object) -> None:
    data = loaded(tmp_path)
    asked = dataclasses.replace(data, targets=data.targets.astype({"deadline": object}).assign(deadline=year))
    message = "deadline of 'goal' is a whole year, such as 2025; found" if year else "has no deadline"
    with pytest.raises(QcityError, match=message):
        find_target(asked, "goal")


def test_the_needed_path_has_a_constant_ratio_and_both_ends_and_is_linear_through_zero() -> None:
    path = needed_path(50.0, 80.0, 2021, 2025)
    ratios = [path[year] / path[year - 1] for year in range(2022, 2026)]
    assert (path.index.tolist(), path[2021]) == ([2021, 2022, 2023, 2024, 2025], 50.0)
    assert path[2025] == pytest.approx(80.0) and max(ratios) - min(ratios) < 1e-12
    assert needed_path(-2.0, 2.0, 2020, 2024).tolist() == [-2, -1, 0, 1, 2]
    assert pace_between(-2.0, 2.0, 2020, 2024).compound is None
    with pytest.raises(QcityError, match="a pace needs a later year than 2020; found 2020"):
        pace_between(1, 2, 2020, 2020)

"""Targets as records, and the level that is just enough."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages import loaded, target

from qcity_analysis.attainment.targets import find_target
from qcity_analysis.errors import QcityError


def test_a_target_holds_years_as_integers_and_blanks_as_none(tmp_path: Path) -> None:
    found = find_target(loaded(tmp_path), "goal")
    assert (found.deadline, found.base_year, found.threshold, found.tolerance) == (2025, None, 20.0, 0.0)
    assert (found.name("zh"), found.name("en")) == ("目标", "Goal")


@pytest.mark.parametrize(
    ("direction", "bound", "enough", "short"),
    [("at_least", 18.5, 18.5, 18.4), ("at_most", 21.5, 21.5, 21.6)],
)
def test_tolerance_and_half_a_step_are_allowed_on_the_right_side(
    tmp_path: Path, direction: str, bound: float, enough: float, short: float
) -> None:
    found = find_target(loaded(tmp_path, targets=[target(direction=direction, tolerance=1)]), "goal")
    assert found.bound(20, step=1) == bound
    assert found.is_met(enough, bound) and not found.is_met(short, bound)


def test_the_first_plan_that_has_the_target_is_used_unless_one_is_named(tmp_path: Path) -> None:
    data = loaded(tmp_path, targets=[target(), target(plan="second", threshold=30)])
    assert (find_target(data, "goal").plan, find_target(data, "goal", plan="second").threshold) == (
        "made_up",
        30,
    )


def test_another_region_replaces_the_plans_own(tmp_path: Path) -> None:
    assert find_target(loaded(tmp_path), "goal", region="otherland").region == "otherland"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            {"target_id": "gaol"},
            "unknown target 'gaol'. Did you mean \"goal\"? Known: goal. `qcity list` shows all.",
        ),
        (
            {"target_id": "goal", "plan": "madeup"},
            "unknown plan 'madeup'. Did you mean \"made_up\"? Known: made_up. `qcity list` shows all.",
        ),
        (
            {"target_id": "goal", "region": "other_land"},
            "unknown region 'other_land'. Did you mean \"otherland\"? Known: testville, otherland. "
            "`qcity list` shows all.",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_closest_one(
    tmp_path: Path, names: dict[str, str], message: str
) -> None:
    with pytest.raises(QcityError) as error:
        find_target(loaded(tmp_path), **names)
    assert str(error.value) == message

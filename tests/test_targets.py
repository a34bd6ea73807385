"""Targets as records, the level that is just enough, and the pace that leads there."""

import dataclasses

import numpy as np
import pytest
from packages import loaded, target

from qcity_analysis.errors import QcityError
from qcity_analysis.targets import find_target, needed_path, pace_between, reaches


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("data"), targets=[target(), target(plan="second", threshold=30)])


def test_a_target_holds_years_as_integers_and_blanks_as_none_and_is_that_of_the_first_plan_that_has_it(data):
    found = find_target(data, "goal")
    assert (found.deadline, found.base_year, found.threshold, found.tolerance) == (2025, None, 20.0, 0.0)
    assert (found.name("zh"), found.name("en"), found.plan) == ("目标", "Goal", "made_up")
    assert find_target(data, "goal", plan="second").threshold == 30
    assert find_target(data, "goal", region="otherland").region == "otherland"


@pytest.mark.parametrize(
    ("direction", "kind", "bound", "enough", "short"),
    [
        ("at_least", "coverage", 18.5, 18.5, 18.4), ("at_most", "coverage", 21.5, 21.5, 21.6),
        ("at_least", "level", 19, 19, 18.9), ("at_most", "level", 21, 21, 21.1),
        ("at_least", "relative_change", 8 * 1.19, 9.52, 9.5),
        ("at_most", "relative_change", 8 * 1.21, 9.68, 9.7),
        ("increase", "direction", 27, 27, 26.9), ("decrease", "direction", -11, -11, -10.9),
    ],
)  # fmt: skip
def test_the_tolerance_is_in_the_unit_of_the_threshold_and_on_the_right_side(
    data, direction, kind, bound, enough, short
):
    found = find_target(data, "goal")
    found = dataclasses.replace(found, direction=direction, kind=kind, tolerance=1.0, base_year=2020)
    assert found.bound(8, step=1) == pytest.approx(bound)
    assert found.is_met(enough, bound) and not found.is_met(short, bound)


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 3e7, 1e15])
def test_what_binary_fractions_blur_is_reached_and_a_millionth_short_is_not(size):
    assert reaches(size * (0.1 + 0.2), size * 0.3) and reaches(size * 0.3, size * (0.1 + 0.2))
    assert not reaches(size * 0.3 * (1 - 1e-6), size * 0.3)
    assert not reaches(size * 0.3 * (1 + 1e-6), size * 0.3, upward=False)
    levels = size * np.array([0.29, 0.3, 0.31, np.nan])
    assert reaches(levels, size * 0.3).tolist() == [False, True, True, False]
    assert reaches(np.inf, size) and not reaches(
        np.inf, size, upward=False
    )  # nothing open-ended reaches a limit


@pytest.mark.parametrize("year", [2025.5, "2025", True, None])
def test_a_deadline_that_is_no_whole_year_is_refused(data, year):
    asked = dataclasses.replace(data, targets=data.targets.astype({"deadline": object}).assign(deadline=year))
    message = "deadline of 'goal' is a whole year, such as 2025; found" if year else "has no deadline"
    with pytest.raises(QcityError, match=message):
        find_target(asked, "goal")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"target_id": "gaol"}, "unknown target 'gaol'. Did you mean \"goal\"? Known: goal."),
        ({"plan": "madeup"}, "unknown plan 'madeup'. Did you mean \"made_up\"? Known: made_up, second."),
        ({"region": "other_land"},
         "unknown region 'other_land'. Did you mean \"otherland\"? Known: testville, otherland."),
    ],
)  # fmt: skip
def test_an_unknown_name_is_refused_with_the_closest_one(data, names, message):
    with pytest.raises(QcityError, match="asked for by its name, a text; found 7"):
        find_target(data, 7)
    with pytest.raises(QcityError) as error:
        find_target(data, **({"target_id": "goal"} | names))
    assert str(error.value) == f"{message} `qcity list` shows all."


def test_a_cut_of_18_percent_in_five_years_is_3_89_percent_a_year_along_a_path_of_constant_ratio():
    yearly, path = pace_between(100, 82, 2020, 2025), needed_path(100, 82, 2020, 2025)
    assert 100 * (1 + yearly.compound / 100) ** 5 == pytest.approx(82)
    assert (round(yearly.compound, 2), round(yearly.linear, 2)) == (-3.89, -3.6)
    assert path.index.tolist() == [2020, 2021, 2022, 2023, 2024, 2025]
    assert (path[2020], path[2025]) == (100, pytest.approx(82.0))
    assert np.ptp(path.to_numpy()[1:] / path.to_numpy()[:-1]) < 1e-12


def test_through_zero_the_needed_path_is_linear_and_has_no_compound_pace():
    assert needed_path(-2.0, 2.0, 2020, 2024).tolist() == [-2, -1, 0, 1, 2]
    assert pace_between(-2.0, 2.0, 2020, 2024).compound is None


@pytest.mark.parametrize("to_year", [2020, 2019])
def test_a_pace_over_no_time_is_refused(to_year):
    with pytest.raises(QcityError, match=f"a pace needs a later year than 2020; found {to_year}"):
        pace_between(1, 2, 2020, to_year)

"""Targets on every year, on a direction, on ranks and on milestones: which figures decide, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from packages import Row, figure, figures, indicator, loaded, target
from test_assessment import SHARE, answer, codes

from qcity_analysis.assessment.answer import Assessment
from qcity_analysis.assessment.assess import assess
from qcity_analysis.assessment.levels import yearly_spread
from qcity_analysis.assessment.peers import ranked as places
from qcity_analysis.reporting import sentences

EVERY = {
    "kind": "monotone",
    "direction": "increase_every_year",
    "threshold": 0,
    "base_year": 2020,
    "unit": "pp",
}
UP = {"kind": "direction", "direction": "increase", "threshold": 0, "base_year": 2020}
TOP = {"kind": "rank", "direction": "at_most", "threshold": 2}
DONE = {"kind": "milestone", "direction": "achieved", "threshold": None}
RISING = {2018: 90.1, 2019: 90.0, 2020: 91.3, 2021: 92.4, 2022: 93.1}


def every(
    folder: Path, levels: dict[int, float], goal: dict[str, Any] | None = None, **more: Any
) -> Assessment:
    rows = figures(levels, unit="%")
    return answer(folder, EVERY | (goal or {}), observations=rows, indicators=[SHARE], **more)


def test_a_year_that_was_not_better_is_a_miss_long_before_the_deadline(tmp_path: Path) -> None:
    found = every(tmp_path, RISING | {2023: 93.1})
    assert (found.status, found.outcome, found.settled_in) == ("missed", 93.1, "2023")
    assert "not_better" in codes(found)


def test_a_fall_before_the_years_that_count_is_none(tmp_path: Path) -> None:
    found = every(tmp_path, RISING)  # 2019 was below 2018
    assert (found.status, found.period) == ("forecast", (2021, 2025))


def test_the_probability_is_the_share_of_paths_that_rise_every_year_as_published(tmp_path: Path) -> None:
    found = every(tmp_path, RISING)
    assert found.forecast is not None
    met = 0
    for path in found.forecast.paths:
        row = [93.1, *(round(float(level), 1) for level in path)]
        met += all(later > before + 1e-9 for before, later in zip(row[:-1], row[1:], strict=True))
    assert found.probability == met / len(found.forecast.paths)
    assert found.threshold is None and "stricter" in " ".join(sentences.sentences(found, "en"))


def test_falling_every_year_is_the_mirror_image(tmp_path: Path) -> None:
    falling = {year: 100 - level for year, level in RISING.items()}
    down = every(tmp_path, falling, {"direction": "decrease_every_year"})
    assert down.status == "forecast"
    assert every(tmp_path / "b", falling).status == "missed"


def test_a_step_that_is_asked_for_has_to_be_taken_every_year(tmp_path: Path) -> None:
    found = every(tmp_path, RISING, {"threshold": 1.0})
    assert (found.status, found.settled_in) == ("missed", "2022")  # 92.4 to 93.1


@pytest.mark.parametrize(
    ("bound", "sign", "status"),
    [(80, "<=", "missed"), (93.1, "<=", "missed"), (93.2, "<=", "forecast"), (80, ">=", "forecast")],
)
def test_a_bound_decides_that_a_year_was_not_better(
    tmp_path: Path, bound: float, sign: str, status: str
) -> None:
    rows = [*figures(RISING, unit="%"), figure(2023, bound, unit="%", qualifier=sign)]
    found = answer(tmp_path, EVERY, observations=rows, indicators=[SHARE])
    assert (found.status, found.settled_in) == (status, "2023" if status == "missed" else None)


@pytest.mark.parametrize(("bound", "status"), [(95.1, "met"), (95.0, "forecast")])
def test_a_lower_bound_above_the_year_before_is_better(tmp_path: Path, bound: float, status: str) -> None:
    rows = figures({2020: 93.0, 2021: 94.0, 2022: 95.0}, unit="%")
    rows += [figure(2023, bound, unit="%", qualifier=">=")]
    goal = EVERY | {"deadline": 2023}
    assert answer(tmp_path, goal, "2025-06-30", observations=rows, indicators=[SHARE]).status == status


def test_each_two_years_are_compared_as_published(tmp_path: Path) -> None:
    finer = every(tmp_path / "a", RISING | {2022: 93.12, 2023: 93.2, 2024: 93.31})
    same = every(tmp_path / "b", RISING | {2022: 93.14, 2023: 93.14})
    assert finer.status == "forecast"
    assert (same.status, same.settled_in) == ("missed", "2023")


@pytest.mark.parametrize("percent", [-1, -0.4, -0.01])
def test_levels_chained_from_changes_are_compared_as_they_are(tmp_path: Path, percent: float) -> None:
    rows = [figure(year, percent, measure="change_pct") for year in range(2019, 2024)]
    goal = EVERY | {"direction": "decrease_every_year"}
    found = answer(tmp_path / "a", goal, observations=rows)
    assert found.status == "forecast" and found.probability is not None and found.probability > 0
    up = answer(tmp_path / "b", EVERY, observations=rows)
    assert (up.status, up.settled_in) == ("missed", "2021")
    lower = UP | {"direction": "decrease"}
    found = answer(tmp_path / "c", lower, observations=rows)
    assert found.forecast is not None and found.series is not None
    assert found.bound == found.series.values[2020]
    assert found.probability == np.mean(found.forecast.paths[:, -1] < found.bound)


@pytest.mark.parametrize(("tolerance", "status"), [(0.2, "missed"), (0.3, "forecast")])
def test_the_tolerance_of_a_yearly_step_is_in_its_unit(tmp_path: Path, tolerance: float, status: str) -> None:
    goal = {"threshold": 1.0, "tolerance": tolerance, "commitment": "about"}
    assert every(tmp_path, RISING, goal).status == status  # the least step is 92.4 to 93.1


def test_a_gap_is_bridged_and_named(tmp_path: Path) -> None:
    levels = {year: level for year, level in RISING.items() if year != 2021}
    found, whole = every(tmp_path / "a", levels), every(tmp_path / "b", RISING)
    assert "bridged" in codes(found)
    assert found.probability is not None and whole.probability is not None
    assert 0 < found.probability < whole.probability + 0.1
    assert every(tmp_path / "c", levels | {2022: 91.3}).status == "missed"  # no path from 91.3 to 91.3 rises


def test_a_gap_before_a_settled_deadline_leaves_the_answer_open(tmp_path: Path) -> None:
    found = every(tmp_path, {2019: 90.0, 2020: 91.0, 2022: 93.0, 2023: 94.0}, {"deadline": 2023})
    assert found.reason is not None and found.reason.code == "years_missing"
    assert "2021" in sentences.reason(found, "en")


def test_without_a_base_year_the_year_of_the_plan_is_the_first_that_counts(tmp_path: Path) -> None:
    sources = [
        {"source_id": "bulletin", "publisher": "P", "title": "T", "date": "2024"},
        {"source_id": "plan", "publisher": "P", "title": "Plan", "date": "2022-05-01"},
    ]
    found = every(tmp_path, RISING, {"base_year": None, "source_id": "plan"}, sources=sources)
    assert found.period == (2022, 2025) and "first_year_of_plan" in codes(found)
    assert "from 2022 to 2025" in sentences.headline(found, "en")


def test_where_the_first_year_has_no_figure_the_first_comparison_is_named(tmp_path: Path) -> None:
    found = every(tmp_path, {2021: 92.4, 2022: 93.1, 2023: 94.0})
    assert "compared_from" in codes(found) and found.status == "forecast"


def test_over_a_gap_as_many_steps_have_to_be_taken_as_there_are_years(tmp_path: Path) -> None:
    assert every(tmp_path / "a", {2019: 89.0, 2020: 90.0, 2023: 90.1}).status == "forecast"
    assert every(tmp_path / "b", {2019: 89.0, 2020: 90.0, 2023: 90.0}).settled_in == "2023"
    assert every(tmp_path / "c", {2019: 89.0, 2020: 90.0, 2023: 92.9}, {"threshold": 1}).settled_in == "2023"


def test_the_yearly_spread_is_the_standard_deviation_of_the_changes() -> None:
    levels = pd.Series([1.0, 2.5, 2.0, 4.0, 4.5], index=range(2018, 2023))
    assert yearly_spread(levels) == pytest.approx(np.std(np.diff(levels), ddof=1))


@pytest.mark.parametrize(("level", "status"), [(91.4, "met"), (91.3, "missed")])
def test_a_direction_is_met_by_any_published_rise_on_the_base_year(
    tmp_path: Path, level: float, status: str
) -> None:
    rows = figures(RISING | {2025: level}, unit="%")
    assert answer(tmp_path, UP, "2026-06-30", observations=rows, indicators=[SHARE]).status == status


def test_an_open_direction_is_asked_of_more_than_the_base_year_s_figure(tmp_path: Path) -> None:
    found = answer(tmp_path, UP, observations=figures(RISING, unit="%"), indicators=[SHARE])
    assert found.forecast is not None
    assert (found.threshold, found.bound) == (91.3, 91.3)
    assert found.probability == np.mean(found.forecast.paths[:, -1] > found.bound * (1 + 1e-12))


@pytest.mark.parametrize(("base", "reason"), [(2015, "no_base"), (None, "no_base_year")])
def test_a_direction_without_its_base_years_figure_is_not_assessable(
    tmp_path: Path, base: int | None, reason: str
) -> None:
    goal = UP | {"base_year": base}
    found = answer(tmp_path, goal, observations=figures(RISING, unit="%"), indicators=[SHARE])
    assert found.reason is not None and (found.status, found.reason.code) == ("not_assessable", reason)


NAMES = ("testville", "north", "south", "west")
TOWNS = [{"region": name, "name_zh": name, "name_en": name, "parent": "land"} for name in NAMES]
TOWNS += [{"region": "land", "name_zh": "国", "name_en": "Land"}]
OTHERS = {"north": [5.0, 6.0, 7.0], "south": [3.0, 3.0, 4.0], "west": [1.0, 1.0, 2.0]}


def ranked(folder: Path, own: list[float], others: dict[str, list[float]], **more: Any) -> Assessment:
    rows: list[Row] = []
    for name, levels in {"testville": own, **others}.items():
        rows += figures(dict(enumerate(levels, 2021)), region=name)
    return answer(folder, TOP, observations=rows, regions=TOWNS, **more)


def test_a_rank_is_counted_among_all_regions_with_the_same_parent(tmp_path: Path) -> None:
    found = ranked(tmp_path, [4.0, 4.5, 5.0], OTHERS)
    assert found.series is not None and found.forecast is not None
    assert found.series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    assert set(np.unique(found.forecast.paths)) <= {1.0, 2.0, 3.0, 4.0}
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= 2)
    assert (found.likelihood, "ranked_among" in codes(found)) == ("joint_ranks", True)


def test_one_missing_peer_is_named_and_nothing_is_ranked(tmp_path: Path) -> None:
    found = ranked(tmp_path, [4.0, 4.5, 5.0], OTHERS | {"west": [1.0]})
    assert found.reason is not None and found.reason.code == "peers_short"
    assert "west" in sentences.reason(found, "en") and "south" not in sentences.reason(found, "en")


@pytest.mark.parametrize(
    ("last", "status", "place"), [(4.0, "met", 2), (3.9, "missed", 3)]
)  # level with the south, or behind it
def test_the_deadlines_figures_decide_the_rank_and_equals_share_the_better_place(
    tmp_path: Path, last: float, status: str, place: int
) -> None:
    levels = {name: [*old, old[-1], old[-1]] for name, old in OTHERS.items()}
    found = ranked(tmp_path, [4.0, 4.5, 5.0, 5.0, last], levels, as_of="2026-06-30")
    assert (found.status, found.outcome) == (status, place)


def test_places_count_those_strictly_ahead() -> None:
    table = np.array([[2.0, 3.0, 2.0], [5.0, 3.0, 2.0], [1.0, 3.0, 2.0]])
    assert places(table, higher=True).tolist() == [2, 1, 3]
    assert places(table, higher=False).tolist() == [1, 3, 1]


def test_a_published_rank_uses_the_indicator_its_comparators_name(tmp_path: Path) -> None:
    ranks = indicator("widgets", better="lower", comparators="north/awards;south/awards")
    rows = figures({2021: 2, 2022: 2})
    for name, levels in {"testville": [4, 5, 6], "north": [5, 6, 7], "south": [3, 3, 4]}.items():
        rows += figures(dict(enumerate(levels, 2021)), region=name, indicator_id="awards")
    tables = {"indicators": [ranks, indicator("awards")], "regions": TOWNS, "targets": [target(**TOP)]}
    found = assess(loaded(tmp_path / "a", observations=rows, **tables), "goal", draws=500)
    assert found.status == "forecast" and found.series is not None
    assert found.series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    settled = loaded(tmp_path / "b", "2026-06-30", observations=[*rows, figure(2025, 3)], **tables)
    assert assess(settled, "goal", draws=500).status == "missed"  # the published rank itself


@pytest.mark.parametrize(("sign", "value", "status"), [("<=", 2, "met"), (">=", 3, "missed")])
def test_a_bound_on_a_published_rank_decides_both_ways(
    tmp_path: Path, sign: str, value: float, status: str
) -> None:
    ranks = indicator("widgets", better="lower", comparators="north/awards;south/awards")
    rows = [*figures({2021: 2, 2022: 2, 2023: 3, 2024: 2}), figure(2025, value, qualifier=sign)]
    tables = {"indicators": [ranks, indicator("awards")], "regions": TOWNS}
    assert answer(tmp_path, TOP, "2026-06-30", observations=rows, **tables).status == status


def test_the_tolerance_of_a_rank_is_in_places(tmp_path: Path) -> None:
    goal = TOP | {"commitment": "about", "tolerance": 1}
    levels = {name: [*old, old[-1], old[-1]] for name, old in OTHERS.items()}
    rows = []
    for name, values in {"testville": [4.0, 4.5, 5.0, 5.0, 3.9], **levels}.items():
        rows += figures(dict(enumerate(values, 2021)), region=name)
    found = answer(tmp_path, goal, "2026-06-30", observations=rows, regions=TOWNS)
    assert (found.status, found.outcome, found.bound) == ("met", 3, 3)


@pytest.mark.parametrize(
    ("rows", "status", "reason"),
    [
        ([figure("2024-08", 1)], "met", None),
        ([figure(2025, 0)], "missed", None),
        ([figure("2025-12", 0)], "missed", None),
        ([figure("2025-11", 0)], "not_assessable", "milestone_open"),
        ([figure(2025, 0, qualifier=">=")], "not_assessable", "milestone_open"),
        ([figure(2026, 0, published="2026-03")], "missed", None),
        ([figure(2023, 0)], "not_assessable", "milestone_open"),
        ([figure(2026, 1, published="2026-03")], "not_assessable", "deadline_gap"),
        ([], "not_assessable", "no_observation"),
    ],
)
def test_a_milestone_is_done_or_not_and_never_guessed(
    tmp_path: Path, rows: list[Row], status: str, reason: str | None
) -> None:
    found = answer(tmp_path, DONE, "2026-06-30", observations=rows)
    assert (found.status, found.probability) == (status, None)
    assert (found.reason.code if found.reason else None) == reason

"""The answer for one target, for every kind, status and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import STEADY, change, changes, figure, figures, indicator, loaded, target

from qcity_analysis.attainment.assessing import assess
from qcity_analysis.attainment.assessment import Assessment, ipcc_word
from qcity_analysis.errors import QcityError

CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}
SHARE = indicator("widgets", support="percent", unit="%")


def answer(
    folder: Path, goal: dict[str, Any] | None = None, as_of: str = "2024-12-31", **tables: Any
) -> Assessment:
    data = loaded(folder, as_of, targets=[target(**(goal or {}))], **tables)
    return assess(data, "goal", draws=2000)


def codes(found: Assessment) -> list[str]:
    return [note.code for note in found.notes]


def test_the_probability_is_the_share_of_paths_that_reach_the_threshold(tmp_path: Path) -> None:
    found = answer(tmp_path)
    assert found.forecast is not None and found.interval is not None and found.fan is not None
    ends = found.forecast.paths[:, -1]
    assert (found.status, found.threshold, found.bound) == ("forecast", 20, 20)
    assert found.probability == np.mean(ends >= 20)
    assert found.expected == pytest.approx(ends.mean())
    assert found.median == pytest.approx(np.median(ends))
    assert found.interval == pytest.approx(tuple(np.quantile(ends, [0.05, 0.95])))
    assert found.word == ipcc_word(found.probability)
    assert found.fan.index.tolist() == [2023, 2024, 2025]


def test_the_paces_run_from_the_first_level_and_to_the_threshold(tmp_path: Path) -> None:
    found = answer(tmp_path)
    assert found.pace_so_far is not None and found.pace_needed is not None and found.needed_path is not None
    assert found.pace_so_far.linear == pytest.approx((16.1 - 10) / 6)
    assert found.pace_needed.compound == pytest.approx(100 * ((20 / 16.1) ** (1 / 3) - 1))
    assert found.needed_path.index.tolist() == [2022, 2023, 2024, 2025]


def test_about_is_met_from_the_tolerance_below_and_says_what_without(tmp_path: Path) -> None:
    found = answer(tmp_path, {"commitment": "about", "tolerance": 1})
    assert found.forecast is not None
    ends = found.forecast.paths[:, -1]
    assert (found.bound, found.probability) == (19, np.mean(ends >= 19))
    (note,) = [note for note in found.notes if note.code == "tolerance"]
    assert note.values["probability"] == np.mean(ends >= 20)


def test_a_relative_change_is_asked_of_an_index_of_the_base_year(tmp_path: Path) -> None:
    found = answer(tmp_path, CUT, observations=changes({2021: -3, 2022: -3.5, 2023: -2.9}))
    assert found.series is not None and found.forecast is not None
    assert (found.series.base_year, found.threshold) == (2020, pytest.approx(82))
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= found.bound)


def test_a_relative_change_of_published_levels_is_asked_of_the_base_level(tmp_path: Path) -> None:
    found = answer(tmp_path, CUT, observations=figures(STEADY))
    assert found.threshold == pytest.approx(13.9 * 0.82)


@pytest.mark.parametrize(
    ("value", "status"), [(100, "met"), (99, "missed"), (99.9, "missed"), (99.96, "missed")]
)
def test_full_coverage_is_missed_by_the_last_published_digit(
    tmp_path: Path, value: float, status: str
) -> None:
    rows = figures({2020: 97, 2021: 98, 2022: 98, 2023: value}, unit="%")
    goal = {"kind": "coverage", "threshold": 100, "deadline": 2023, "unit": "%"}
    assert answer(tmp_path, goal, observations=rows, indicators=[SHARE]).status == status


@pytest.mark.parametrize(("shown", "bound"), [([97, 98, 98], 99.5), ([97.1, 98.0, 98.2], 99.95)])
def test_coverage_allows_half_the_last_published_digit(
    tmp_path: Path, shown: list[float], bound: float
) -> None:
    rows = figures(dict(zip((2020, 2021, 2022), shown, strict=True)), unit="%")
    goal = {"kind": "coverage", "threshold": 100, "unit": "%"}
    assert answer(tmp_path, goal, observations=rows, indicators=[SHARE]).bound == pytest.approx(bound)


@pytest.mark.parametrize(("value", "status"), [(20, "met"), (19.9, "missed")])
def test_after_the_figure_of_the_deadline_there_is_no_probability(
    tmp_path: Path, value: float, status: str
) -> None:
    rows = [*figures(STEADY), figure(2023, value, status="preliminary")]
    found = answer(tmp_path, {"deadline": 2023}, observations=rows)
    assert (found.status, found.outcome, found.probability) == (status, value, None)
    assert "provisional_outcome" in codes(found)


def test_a_bound_on_the_deadlines_figure_decides_when_it_is_enough(tmp_path: Path) -> None:
    rows = [*figures(STEADY), figure(2023, 21, qualifier=">=")]
    found = answer(tmp_path, {"deadline": 2023}, observations=rows)
    assert (found.status, "met_by_bound" in codes(found)) == ("met", True)


def test_a_figure_known_only_later_leaves_the_target_open(tmp_path: Path) -> None:
    rows = [*figures(STEADY), figure(2023, 25, published="2024-06")]
    goal = {"deadline": 2023}
    assert answer(tmp_path, goal, "2024-06-29", observations=rows).status == "forecast"
    assert "awaiting_figure" in codes(answer(tmp_path, goal, "2024-06-29", observations=rows))
    assert answer(tmp_path, goal, "2024-06-30", observations=rows).status == "met"


@pytest.mark.parametrize(
    ("goal", "rows", "reason"),
    [
        ({}, [], "no_observation"),
        ({}, [figure(2021, 12, qualifier=">=")], "only_bounds"),
        ({}, [figure(2021, 12)], "too_few"),
        ({}, figures({2021: 12, 2022: 13}), "too_few"),
        (CUT | {"base_year": 2014}, figures(STEADY), "no_base"),
        ({"deadline": 2020}, figures({2018: 1, 2019: 2, 2021: 3}), "deadline_gap"),
        ({"kind": "rank", "threshold": 3}, figures(STEADY), "no_peers"),
        ({"kind": "rank", "threshold": 3}, [], "no_observation"),
    ],
)
def test_what_cannot_be_assessed_has_a_reason_and_no_probability(
    tmp_path: Path, goal: dict[str, Any], rows: list[dict[str, Any]], reason: str
) -> None:
    found = answer(tmp_path, goal, observations=rows)
    assert found.reason is not None
    assert (found.status, found.reason.code, found.probability) == ("not_assessable", reason, None)


def test_an_older_stretch_that_nothing_joins_still_helps_to_forecast(tmp_path: Path) -> None:
    rows = [*changes({2012: 2, 2013: 3}), change(2021, -2)]
    found = answer(tmp_path, CUT, observations=rows)
    assert found.status == "forecast" and found.forecast is not None
    assert found.forecast.breaks == (2020,)


def two_definitions(folder: Path, new: dict[int, float]) -> Assessment:
    newer = indicator(
        "widgets_new",
        continues="widgets",
        break_period=2021,
        break_reason_zh="改口径",
        break_reason_en="Revised.",
    )
    rows = [*figures(STEADY), *figures(new, indicator_id="widgets_new")]
    return answer(folder, indicators=[indicator("widgets"), newer], observations=rows)


def test_two_definitions_are_answered_apart_and_never_joined(tmp_path: Path) -> None:
    found = two_definitions(tmp_path, {2021: 5.0, 2022: 5.2, 2023: 5.5})
    assert (found.status, found.probability) == ("depends_on_definition", None)
    old, new = found.parts
    assert (old.role, new.role) == ("definition", "definition")
    assert old.series is not None and new.series is not None
    assert old.series.known().to_dict() == STEADY
    assert new.series.known().to_dict() == {2021: 5.0, 2022: 5.2, 2023: 5.5}
    assert "definition_break" in codes(found)


def test_a_newer_definition_without_figures_changes_nothing(tmp_path: Path) -> None:
    assert (two_definitions(tmp_path, {}).status, two_definitions(tmp_path, {}).parts) == ("forecast", ())


def borrowing(folder: Path, own: dict[int, float], **goal: Any) -> Assessment:
    theirs = {2018: 40.0, 2019: 42.0, 2020: 43.0, 2021: 45.0, 2022: 47.0, 2023: 50.0}
    return answer(
        folder,
        goal,
        observations=[*figures(own), *figures(theirs, region="otherland")],
        indicators=[indicator("widgets", comparators="otherland/widgets")],
    )


def test_with_too_few_levels_a_comparators_changes_are_chained_on_the_last_own_level(tmp_path: Path) -> None:
    found = borrowing(tmp_path, {2021: 9.0})
    (part,) = found.parts
    assert found.status == "not_assessable" and found.probability is None
    assert (part.role, part.status, part.borrowed_since) == ("borrowed", "forecast", 2021)
    assert part.borrowed is not None and part.borrowed.region == "otherland" and part.series is not None
    moved = {year: 9.0 * level / 45.0 for year, level in {2021: 45.0, 2022: 47.0, 2023: 50.0}.items()}
    assert {year: part.series.values[year] for year in moved} == pytest.approx(moved)


def test_three_own_levels_are_forecast_and_borrowed_beside(tmp_path: Path) -> None:
    found = borrowing(tmp_path, {2019: 8.0, 2020: 8.5, 2021: 9.0})
    assert (found.status, [part.role for part in found.parts]) == ("forecast", ["borrowed"])


def test_from_four_own_levels_nothing_is_borrowed(tmp_path: Path) -> None:
    assert borrowing(tmp_path, {2018: 7.0, 2019: 8.0, 2020: 8.5, 2021: 9.0}).parts == ()


def test_without_a_level_of_its_own_only_a_relative_target_borrows(tmp_path: Path) -> None:
    assert borrowing(tmp_path / "a", {}).parts == ()
    (part,) = borrowing(tmp_path / "b", {}, **CUT).parts
    assert part.series is not None
    assert (part.series.values[2020], part.series.values[2023]) == (100, pytest.approx(100 * 50 / 43))


def test_the_answer_is_plain_json_without_nan_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    cases = [
        lambda place: answer(place, observations=[*figures({2016: 9.0, 2018: 9.5}), *figures({2022: 11})]),
        lambda place: two_definitions(place, {2021: 5.0}),
        lambda place: borrowing(place, {2021: 9.0}),
        lambda place: answer(place, observations=[]),
    ]
    for k, case in enumerate(cases):
        texts = [json.dumps(case(tmp_path / str(k)).to_dict(), allow_nan=False) for _ in range(2)]
        assert texts[0] == texts[1]
        assert json.loads(texts[0])["target"]["target_id"] == "goal"


def test_another_seed_gives_other_paths_but_nearly_the_same_answer(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    one, two = (assess(data, "goal", draws=2000, seed=seed) for seed in (1, 2))
    assert one.forecast is not None and two.forecast is not None
    assert not np.array_equal(one.forecast.paths, two.forecast.paths)
    assert one.probability == pytest.approx(two.probability, abs=0.06)


def test_an_unknown_model_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(QcityError, match="unknown model 'driftt'. Did you mean \"drift\"?"):
        assess(loaded(tmp_path), "goal", model="driftt")


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (0.9, "very_likely"), (0.899, "likely"), (0.66, "likely"), (0.659, "about_as_likely_as_not"),
        (0.331, "about_as_likely_as_not"), (0.33, "unlikely"), (0.101, "unlikely"), (0.1, "very_unlikely"),
    ],
)  # fmt: skip
def test_words_follow_the_bounds_of_the_ipcc_scale(probability: float, word: str) -> None:
    assert ipcc_word(probability) == word

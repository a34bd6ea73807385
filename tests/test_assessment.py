"""The answer for one target, for every kind, status and reason."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import STEADY, change, changes, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.answer import Assessment, ipcc_word
from qcity_analysis.assessment.assess import assess, scorecard
from qcity_analysis.errors import QcityError
from qcity_analysis.reporting import sentences
from qcity_analysis.targets import find_target

CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}
SHARE = indicator("widgets", support="percent", unit="%")


ABOUT = {"commitment": "about", "tolerance": 1}
LESS = {"direction": "at_most"}
MORE = {"kind": "direction", "direction": "increase", "threshold": None, "base_year": 2020}
DOWN = MORE | {"direction": "decrease", "threshold": 2}


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
    found = answer(tmp_path, ABOUT)
    assert found.forecast is not None and found.pace_needed is not None and found.needed_path is not None
    ends = found.forecast.paths[:, -1]
    assert (found.bound, found.probability) == (19, np.mean(ends >= 19))
    (note,) = [note for note in found.notes if note.code == "tolerance"]
    assert note.values["probability"] == np.mean(ends >= 20)
    assert found.pace_needed.linear == pytest.approx((19 - 16.1) / 3)
    assert found.needed_path[2025] == pytest.approx(19)


@pytest.mark.parametrize(
    ("goal", "sign", "value", "status"),
    [
        ({}, "<=", 19.9, "missed"), ({}, "<=", 20, "forecast"),  # 20 itself is allowed by both
        ({}, ">=", 20, "met"), ({}, ">=", 19.9, "forecast"),
        (LESS, ">=", 20.1, "missed"), (LESS, ">=", 20, "forecast"), (LESS, "<=", 20, "met"),
        (ABOUT, "<=", 18.9, "missed"), (ABOUT, "<=", 19.0, "forecast"), (ABOUT, ">=", 19, "met"),
        (CUT, ">=", 13.9 * 0.83, "missed"), (CUT, "<=", 13.9 * 0.81, "met"),
        (MORE, "<=", 13.9, "missed"), (MORE, ">=", 14.0, "met"), (MORE, ">=", 13.9, "forecast"),
        (DOWN, "<=", 11.9, "met"), (DOWN, ">=", 12.0, "missed"),
    ],
)  # fmt: skip
def test_a_bound_on_the_deadlines_figure_decides_both_ways(
    tmp_path: Path, goal: dict[str, Any], sign: str, value: float, status: str
) -> None:
    rows = [*figures(STEADY), figure(2023, round(value, 3), qualifier=sign)]
    found = answer(tmp_path, goal | {"deadline": 2023}, observations=rows)
    assert (found.status, "met_by_bound" in codes(found)) == (status, status != "forecast")


@pytest.mark.parametrize(
    ("name", "least", "value"),
    [
        ("seed", 0, None),
        ("seed", 0, -1),
        ("seed", 0, 1.5),
        ("draws", 1, None),
        ("draws", 1, 0),
        ("draws", 1, True),
    ],
)
def test_what_no_simulation_can_take_is_refused(tmp_path: Path, name: str, least: int, value: Any) -> None:
    with pytest.raises(QcityError, match=f"{name} is a whole number, {least} or more; found {value}"):
        assess(loaded(tmp_path), "goal", **{name: value})


@pytest.mark.parametrize(
    ("goal", "rows", "reason"),
    [
        ({}, [], "no_observation"), ({}, [figure(2021, 12, qualifier=">=")], "only_bounds"),
        ({}, [figure(2021, 12)], "too_few"), ({}, figures({2021: 12, 2022: 13}), "too_few"),
        (CUT | {"base_year": 2014}, figures(STEADY), "no_base"),
        ({"deadline": 2020}, figures({2018: 1, 2019: 2, 2021: 3}), "deadline_gap"),
        ({"kind": "rank", "threshold": 3}, figures(STEADY), "no_peers"),
        ({"kind": "rank", "threshold": 3}, [], "no_observation"),
    ],
)  # fmt: skip
def test_what_cannot_be_assessed_has_a_reason_and_no_probability(
    tmp_path: Path, goal: dict[str, Any], rows: list[dict[str, Any]], reason: str
) -> None:
    found = answer(tmp_path, goal, observations=rows)
    assert found.reason is not None
    assert (found.status, found.reason.code, found.probability) == ("not_assessable", reason, None)


def test_a_target_as_a_record_is_the_same_question_and_another_record_another(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    goal = find_target(data, "goal")
    assert assess(data, goal, draws=200).to_dict() == assess(data, "goal", draws=200).to_dict()
    later = assess(data, dataclasses.replace(goal, deadline=2030), draws=200)
    assert later.fan is not None and later.fan.index[-1] == later.target.deadline == 2030


def test_a_relative_change_is_asked_of_an_index_of_the_base_year(tmp_path: Path) -> None:
    found = answer(tmp_path, CUT, observations=changes({2021: -3, 2022: -3.5, 2023: -2.9}))
    assert found.series is not None and found.forecast is not None
    assert (found.series.base_year, found.threshold) == (2020, pytest.approx(82))
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= found.bound)


def test_a_relative_change_of_published_levels_is_asked_of_the_base_level(tmp_path: Path) -> None:
    found = answer(tmp_path, CUT, observations=figures(STEADY))
    assert found.threshold == pytest.approx(13.9 * 0.82)


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


@pytest.mark.parametrize("known", [{}, {2019: -3, 2020: -2, 2021: -4, 2022: -3}])
@pytest.mark.parametrize(
    ("sign", "percent", "status"),
    [("<=", -18, "met"), (">=", -17.9, "missed"), ("<=", -17, None), (">=", -18, None)],
)
def test_a_bound_on_the_change_since_the_base_year_decides_with_or_without_levels(
    tmp_path: Path, known: dict[int, float], sign: str, percent: float, status: str | None
) -> None:
    bound = change(2025, percent, measure="cumulative_change_pct", qualifier=sign, base_period=2020)
    found = answer(tmp_path, CUT, "2026-06-30", observations=[*changes(known), bound])
    assert found.status == (status or ("forecast" if known else "not_assessable"))


def test_bounds_of_earlier_years_are_verdicts_of_those_years(tmp_path: Path) -> None:
    rows = [
        figure(2021, 20, qualifier=">="),
        figure(2022, 22, qualifier=">="),
        figure(2023, 19, qualifier="<="),
    ]
    found = answer(tmp_path, observations=[*rows, *figures({2018: 15, 2019: 17, 2020: 19, 2024: 21})])
    told = {note.code: note.values["periods"] for note in found.notes if "by_bound" in note.code}
    assert told == {"years_met_by_bound": ["2021", "2022"], "years_missed_by_bound": ["2023"]}
    for lang in ("zh", "en"):
        said = [sentences.note(note, lang) for note in found.notes if "by_bound" in note.code]
        assert "2021" in said[0] and "2023" in said[1]


@pytest.mark.parametrize("base", [-1, -0.003, -40])
def test_a_relative_change_of_a_base_that_is_not_above_zero_is_refused(tmp_path: Path, base: float) -> None:
    rows = figures({2018: -2, 2019: -1, 2020: base, 2021: 0.2, 2022: 0.3, 2025: 4})
    kind = [indicator("widgets", support="real")]
    found = answer(tmp_path, CUT, "2026-06-30", observations=rows, indicators=kind)
    assert found.reason is not None and found.threshold is None
    assert (found.status, found.reason.code) == ("not_assessable", "base_not_positive")
    assert f"{base:g}" in sentences.reason(found.reason, "en") and f"{base:g}" in sentences.reason(
        found.reason, "zh"
    )


def test_one_target_that_cannot_be_computed_leaves_the_others_standing(tmp_path: Path) -> None:
    old = figures({1980: 5, 1985: 7, 2023: 9}, indicator_id="old")
    goals = [target(), target("far", deadline=2075), target("ancient", indicator_id="old", threshold=9)]
    both = [indicator("widgets"), indicator("old")]
    data = loaded(tmp_path, targets=goals, observations=[*figures(STEADY), *old], indicators=both)
    table, answers = scorecard(data, draws=300)
    assert table["target_id"].tolist() == ["goal", "far", "ancient"]
    assert table["status"][0] == "forecast" and answers[1].reason is not None
    assert answers[1].reason.code == "too_far"
    assert answers[2].reason is not None and answers[2].reason.code == "unlinked"
    assert "2023" in sentences.reason(answers[2].reason, "zh") and "2023" in sentences.reason(
        answers[2].reason, "en"
    )
    for lang in ("zh", "en"):
        assert "2075" in sentences.headline(answers[1], lang) and "50" in sentences.headline(answers[1], lang)


def test_a_figure_known_only_later_leaves_the_target_open(tmp_path: Path) -> None:
    rows = [*figures(STEADY), figure(2023, 25, published="2024-06")]
    goal = {"deadline": 2023}
    assert answer(tmp_path, goal, "2024-06-29", observations=rows).status == "forecast"
    assert "awaiting_figure" in codes(answer(tmp_path, goal, "2024-06-29", observations=rows))
    assert answer(tmp_path, goal, "2024-06-30", observations=rows).status == "met"


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

"""The answer for one target, for every kind, status and reason."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import STEADY, Row, change, changes, figure, figures, indicator, loaded, target

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
EARLY = {"deadline": 2023}


def answer(
    folder: Path, goal: dict[str, Any] | None = None, as_of: str = "2024-12-31", **tables: Any
) -> Assessment:
    data = loaded(folder, as_of, targets=[target(**(goal or {}))], **tables)
    return assess(data, "goal", draws=1000)


def codes(answered: Assessment) -> list[str]:
    return [note.code for note in answered.notes]


def why(answered: Assessment) -> str | None:
    assert (answered.reason is None) == (answered.status != "not_assessable")
    return answered.reason and answered.reason.code


def test_a_forecast_is_the_share_of_paths_and_the_paces_run_from_the_first_level_to_the_bound(
    tmp_path: Path,
) -> None:
    plain = answer(tmp_path)
    ends = plain.forecast.paths[:, -1]
    assert (plain.status, plain.threshold, plain.bound) == ("forecast", 20, 20)
    assert plain.probability == np.mean(ends >= 20) and plain.word == ipcc_word(plain.probability)
    assert (plain.expected, plain.median) == (pytest.approx(ends.mean()), pytest.approx(np.median(ends)))
    assert plain.interval == pytest.approx(tuple(np.quantile(ends, [0.05, 0.95])))
    assert plain.fan.index.tolist() == [2023, 2024, 2025]
    assert plain.pace_so_far.linear == pytest.approx((16.1 - 10) / 6)
    assert plain.pace_needed.compound == pytest.approx(100 * ((20 / 16.1) ** (1 / 3) - 1))
    assert plain.needed_path.index.tolist() == [2022, 2023, 2024, 2025]
    about = answer(tmp_path, ABOUT)  # met from the tolerance below; what it is without is said
    ends = about.forecast.paths[:, -1]
    assert (about.bound, about.probability) == (19, np.mean(ends >= 19))
    (note,) = [note for note in about.notes if note.code == "tolerance"]
    assert note.values["probability"] == np.mean(ends >= 20)
    assert about.pace_needed.linear == pytest.approx((19 - 16.1) / 3)
    assert about.needed_path[2025] == pytest.approx(19)


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
        ({}, "=", 20, "met"), ({}, "=", 19.9, "missed"),
    ],
)  # fmt: skip
def test_the_deadlines_figure_or_a_bound_on_it_decides_both_ways(
    tmp_path: Path, goal: Row, sign: str, value: float, status: str
) -> None:
    row = figure(2023, round(value, 3), qualifier=sign, status="preliminary")
    found = answer(tmp_path, goal | EARLY, observations=[*figures(STEADY), row])
    assert (found.status, "met_by_bound" in codes(found)) == (status, status != "forecast" and sign != "=")
    if sign == "=":
        assert (found.outcome, found.probability) == (value, None) and "provisional_outcome" in codes(found)


EARLIER = change(2023, 4.0, status="preliminary")


@pytest.mark.parametrize(
    ("goal", "rows", "told"),
    [
        ({}, [EARLIER, figure(2023, 21)], None),  # the level settles, and it is final
        ({}, [figure(2023, 21, status="estimate"), change(2023, 4.0)], "estimate"),
        ({}, [EARLIER], "preliminary"),
        (CUT, [EARLIER, change(2023, -19, measure="cumulative_change_pct", base_period=2020)], None),
        (CUT, [change(2021, 1), change(2022, 2), EARLIER], "preliminary"),
    ],
)
def test_an_outcome_is_provisional_where_the_figure_that_settles_it_is(
    tmp_path: Path, goal: Row, rows: list[Row], told: str | None
) -> None:
    before = [] if goal else figures(STEADY)
    found = answer(tmp_path, goal | EARLY, observations=[*before, *rows])
    notes = [note for note in found.notes if note.code == "provisional_outcome"]
    assert [note.values["status"] for note in notes] == ([told] if told else [])
    assert all(sentences.note(note, lang) for note in found.notes for lang in ("zh", "en"))


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
    tmp_path: Path, goal: Row, rows: list[Row], reason: str
) -> None:
    found = answer(tmp_path, goal, observations=rows)
    assert (why(found), found.probability) == (reason, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(({"seed": seed}, f"seed is a whole number, 0 or more; found {seed}") for seed in (None, -1, 1.5)),
        *(({"draws": n}, f"draws is a whole number, 1 or more; found {n}") for n in (None, 0, True)),
        ({"model": "driftt"}, "unknown model 'driftt'. Did you mean \"drift\"?"),
    ],
)
def test_what_no_simulation_can_take_is_refused(tmp_path: Path, options: Row, message: str) -> None:
    with pytest.raises(QcityError, match=message):
        assess(loaded(tmp_path), "goal", **options)


def test_a_target_as_a_record_is_the_same_question_and_another_record_another(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    goal = find_target(data, "goal")
    assert assess(data, goal, draws=200).to_dict() == assess(data, "goal", draws=200).to_dict()
    later = assess(data, dataclasses.replace(goal, deadline=2030), draws=200)
    assert later.fan.index[-1] == later.target.deadline == 2030


def test_a_relative_change_is_asked_of_the_base_years_index_or_level_and_learns_from_older_stretches(
    tmp_path: Path,
) -> None:
    found = answer(tmp_path / "a", CUT, observations=changes({2021: -3, 2022: -3.5, 2023: -2.9}))
    assert (found.series.base_year, found.threshold) == (2020, pytest.approx(82))
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= found.bound)
    assert answer(tmp_path / "b", CUT).threshold == pytest.approx(13.9 * 0.82)
    apart = answer(tmp_path / "c", CUT, observations=[*changes({2012: 2, 2013: 3}), change(2021, -2)])
    assert (apart.status, apart.forecast.breaks) == ("forecast", (2020,))


@pytest.mark.parametrize("base", [-1, -0.003, -40])
def test_a_relative_change_of_a_base_that_is_not_above_zero_is_refused(tmp_path: Path, base: float) -> None:
    rows = figures({2018: -2, 2019: -1, 2020: base, 2021: 0.2, 2022: 0.3, 2025: 4})
    kind = [indicator("widgets", support="real")]
    found = answer(tmp_path, CUT, "2026-06-30", observations=rows, indicators=kind)
    assert (found.threshold, why(found)) == (None, "base_not_positive")
    assert all(f"{base:g}" in sentences.reason(found.reason, lang) for lang in ("zh", "en"))


@pytest.mark.parametrize(("shown", "bound"), [([97, 98, 98], 99.5), ([97.1, 98.0, 98.2], 99.95)])
def test_coverage_allows_half_the_last_published_digit(
    tmp_path: Path, shown: list[float], bound: float
) -> None:
    rows = figures(dict(zip((2020, 2021, 2022), shown, strict=True)), unit="%")
    goal = {"kind": "coverage", "threshold": 100, "unit": "%"}
    assert answer(tmp_path, goal, observations=rows, indicators=[SHARE]).bound == pytest.approx(bound)


def test_bounds_of_earlier_years_are_verdicts_of_those_years(tmp_path: Path) -> None:
    bounds = ((2021, 20, ">="), (2022, 22, ">="), (2023, 19, "<="))
    rows = [figure(year, value, qualifier=sign) for year, value, sign in bounds]
    found = answer(tmp_path, observations=[*rows, *figures({2018: 15, 2019: 17, 2020: 19, 2024: 21})])
    told = [note for note in found.notes if "by_bound" in note.code]
    periods = {note.code: note.values["periods"] for note in told}
    assert periods == {"years_met_by_bound": ["2021", "2022"], "years_missed_by_bound": ["2023"]}
    for lang in ("zh", "en"):
        met, missed = (sentences.note(note, lang) for note in told)
        assert "2021" in met and "2023" in missed


def test_one_target_that_cannot_be_computed_leaves_the_others_standing(tmp_path: Path) -> None:
    old = figures({1980: 5, 1985: 7, 2023: 9}, indicator_id="old")
    goals = [target(), target("far", deadline=2075), target("ancient", indicator_id="old", threshold=9)]
    both = [indicator("widgets"), indicator("old")]
    data = loaded(tmp_path, targets=goals, observations=[*figures(STEADY), *old], indicators=both)
    table, (_, far, ancient) = scorecard(data, draws=300)
    assert table["target_id"].tolist() == ["goal", "far", "ancient"]
    assert (table["status"][0], why(far), why(ancient)) == ("forecast", "too_far", "unlinked")
    for lang in ("zh", "en"):
        assert "2023" in sentences.reason(ancient.reason, lang)
        assert "2075" in sentences.headline(far, lang) and "50" in sentences.headline(far, lang)


def test_a_figure_known_only_later_leaves_the_target_open(tmp_path: Path) -> None:
    rows = [*figures(STEADY), figure(2023, 25, published="2024-06")]
    before = answer(tmp_path, EARLY, "2024-06-29", observations=rows)
    assert before.status == "forecast" and "awaiting_figure" in codes(before)
    assert answer(tmp_path, EARLY, "2024-06-30", observations=rows).status == "met"


def two_definitions(folder: Path, new: dict[int, float]) -> Assessment:
    reasons = {"break_reason_zh": "改口径", "break_reason_en": "Revised."}
    newer = indicator("widgets_new", continues="widgets", break_period=2021, **reasons)
    rows = [*figures(STEADY), *figures(new, indicator_id="widgets_new")]
    return answer(folder, indicators=[indicator("widgets"), newer], observations=rows)


def test_two_definitions_are_answered_apart_and_never_joined(tmp_path: Path) -> None:
    new = {2021: 5.0, 2022: 5.2, 2023: 5.5}
    found = two_definitions(tmp_path, new)
    assert (found.status, found.probability) == ("depends_on_definition", None)
    assert [part.role for part in found.parts] == ["definition", "definition"]
    assert [part.levels().to_dict() for part in found.parts] == [STEADY, new]
    assert "definition_break" in codes(found)
    same = two_definitions(tmp_path, {})  # a newer definition without figures changes nothing
    assert (same.status, same.parts) == ("forecast", ())


def borrowing(folder: Path, own: dict[int, float], **goal: Any) -> Assessment:
    theirs = {2018: 40.0, 2019: 42.0, 2020: 43.0, 2021: 45.0, 2022: 47.0, 2023: 50.0}
    rows = [*figures(own), *figures(theirs, region="otherland")]
    named = [indicator("widgets", comparators="otherland/widgets")]
    return answer(folder, goal, observations=rows, indicators=named)


def test_with_too_few_levels_a_comparators_changes_are_chained_on_the_last_own_level(tmp_path: Path) -> None:
    found = borrowing(tmp_path / "a", {2021: 9.0})
    (part,) = found.parts
    assert found.status == "not_assessable" and found.probability is None
    assert (part.role, part.status, part.borrowed_since) == ("borrowed", "forecast", 2021)
    assert part.borrowed.region == "otherland"
    moved = {2021: 9.0, 2022: 9.0 * 47.0 / 45.0, 2023: 9.0 * 50.0 / 45.0}
    assert {year: part.series.values[year] for year in moved} == pytest.approx(moved)
    three = borrowing(tmp_path / "b", {2019: 8.0, 2020: 8.5, 2021: 9.0})  # forecast, and borrowed beside
    assert (three.status, [part.role for part in three.parts]) == ("forecast", ["borrowed"])
    assert borrowing(tmp_path / "c", {2018: 7.0, 2019: 8.0, 2020: 8.5, 2021: 9.0}).parts == ()
    assert borrowing(tmp_path / "d", {}).parts == ()  # without a level only a relative target borrows
    (part,) = borrowing(tmp_path / "e", {}, **CUT).parts
    assert (part.series.values[2020], part.series.values[2023]) == (100, pytest.approx(100 * 50 / 43))
    (part,) = borrowing(tmp_path / "f", {2021: 9.0}, **EARLY).parts  # theirs reaches the deadline
    assert (part.status, part.outcome) == ("missed", pytest.approx(10.0))


def test_the_answer_is_plain_json_and_the_same_for_the_same_seed_only(tmp_path: Path) -> None:
    cases = {
        "gap": lambda at: answer(at, observations=figures({2016: 9.0, 2018: 9.5, 2022: 11})),
        "two": lambda at: two_definitions(at, {2021: 5.0}),
        "borrowed": lambda at: borrowing(at, {2021: 9.0}),
        "nothing": lambda at: answer(at, observations=[]),
    }
    for name, case in cases.items():
        texts = [json.dumps(case(tmp_path / name).to_dict(), allow_nan=False) for _ in range(2)]
        assert texts[0] == texts[1] and json.loads(texts[0])["target"]["target_id"] == "goal"
    data = loaded(tmp_path)
    one, two = (assess(data, "goal", draws=2000, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.forecast.paths, two.forecast.paths)
    assert one.probability == pytest.approx(two.probability, abs=0.06)


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (0.9, "very_likely"), (0.899, "likely"), (0.66, "likely"), (0.659, "about_as_likely_as_not"),
        (0.331, "about_as_likely_as_not"), (0.33, "unlikely"), (0.101, "unlikely"), (0.1, "very_unlikely"),
    ],
)  # fmt: skip
def test_words_follow_the_bounds_of_the_ipcc_scale(probability: float, word: str) -> None:
    assert ipcc_word(probability) == word

"""The answer for one target, for every kind, status and reason."""

import dataclasses
import json

import numpy as np
import pytest
from asking import CUT, LATE, PERCENT, answer, answers, borrowing, codes, reason, two_definitions, why
from packages import STEADY, change, changes, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.answer import ipcc_word
from qcity_analysis.assessment.assess import assess, scorecard
from qcity_analysis.errors import QcityError
from qcity_analysis.reporting import sentences
from qcity_analysis.targets import find_target

ABOUT = {"commitment": "about", "tolerance": 1}
LESS = {"direction": "at_most"}
MORE = {"kind": "direction", "direction": "increase", "threshold": None, "base_year": 2020}
DOWN = MORE | {"direction": "decrease", "threshold": 2}
RANK = {"kind": "rank", "threshold": 3}


def test_the_probability_is_the_share_of_paths_that_reach_the_threshold_and_the_paces_lead_there(tmp_path):
    found = answer(tmp_path)
    ends = found.forecast.paths[:, -1]
    assert (found.status, found.threshold, found.bound) == ("forecast", 20, 20)
    assert found.probability == np.mean(ends >= 20)
    assert (found.expected, found.median) == pytest.approx((ends.mean(), np.median(ends)))
    assert found.interval == pytest.approx(tuple(np.quantile(ends, [0.05, 0.95])))
    assert found.word == ipcc_word(found.probability)
    assert found.fan.index.tolist() == [2023, 2024, 2025]
    assert found.pace_so_far.linear == pytest.approx((16.1 - 10) / 6)
    assert found.pace_needed.compound == pytest.approx(100 * ((20 / 16.1) ** (1 / 3) - 1))
    assert found.needed_path.index.tolist() == [2022, 2023, 2024, 2025]


def test_about_is_met_from_the_tolerance_below_and_says_what_without(tmp_path):
    found = answer(tmp_path, ABOUT)
    ends = found.forecast.paths[:, -1]
    assert (found.bound, found.probability) == (19, np.mean(ends >= 19))
    (note,) = [note for note in found.notes if note.code == "tolerance"]
    assert note.values["probability"] == np.mean(ends >= 20)
    assert found.pace_needed.linear == pytest.approx((19 - 16.1) / 3)
    assert found.needed_path[2025] == pytest.approx(19)


BOUNDS = [
    ({}, "<=", 19.9, "missed"), ({}, "<=", 20, "forecast"),  # 20 itself is allowed by both
    ({}, ">=", 20, "met"), ({}, ">=", 19.9, "forecast"),
    (LESS, ">=", 20.1, "missed"), (LESS, ">=", 20, "forecast"), (LESS, "<=", 20, "met"),
    (ABOUT, "<=", 18.9, "missed"), (ABOUT, "<=", 19.0, "forecast"), (ABOUT, ">=", 19, "met"),
    (CUT, ">=", 13.9 * 0.83, "missed"), (CUT, "<=", 13.9 * 0.81, "met"),
    (MORE, "<=", 13.9, "missed"), (MORE, ">=", 14.0, "met"), (MORE, ">=", 13.9, "forecast"),
    (DOWN, "<=", 11.9, "met"), (DOWN, ">=", 12.0, "missed"),
]  # fmt: skip


def test_a_bound_on_the_deadlines_figure_decides_both_ways(tmp_path):
    goals = [goal | {"deadline": 2023} for goal, *_ in BOUNDS]
    rows = [[*figures(STEADY), figure(2023, round(x, 3), qualifier=sign)] for _, sign, x, _ in BOUNDS]
    cases = list(zip(goals, rows, strict=True))
    said = [(a.status, "met_by_bound" in codes(a)) for a in answers(tmp_path, cases)]
    assert said == [(status, status != "forecast") for *_, status in BOUNDS]


def test_what_no_simulation_can_take_is_refused(tmp_path):
    data = loaded(tmp_path)
    for name, least, values in (("seed", 0, (None, -1, 1.5)), ("draws", 1, (None, 0, True))):
        for value in values:
            with pytest.raises(QcityError, match=f"{name} is a whole number, {least} or more; found {value}"):
                assess(data, "goal", **{name: value})
    with pytest.raises(QcityError, match="unknown model 'driftt'. Did you mean \"drift\"?"):
        assess(data, "goal", model="driftt")


REASONS = [
    ({}, [], "no_observation"), ({}, [figure(2021, 12, qualifier=">=")], "only_bounds"),
    ({}, [figure(2021, 12)], "too_few"), ({}, figures({2021: 12, 2022: 13}), "too_few"),
    (CUT | {"base_year": 2014}, figures(STEADY), "no_base"),
    ({"deadline": 2020}, figures({2018: 1, 2019: 2, 2021: 3}), "deadline_gap"),
    (RANK, figures(STEADY), "no_peers"), (RANK, [], "no_observation"),
]  # fmt: skip


def test_what_cannot_be_assessed_has_a_reason_and_no_probability(tmp_path):
    said = [(a.status, reason(a), a.probability) for a in answers(tmp_path, [case[:2] for case in REASONS])]
    assert said == [("not_assessable", why, None) for *_, why in REASONS]


def test_a_target_as_a_record_is_the_same_question_and_another_record_another(tmp_path):
    data = loaded(tmp_path)
    goal = find_target(data, "goal")
    assert assess(data, goal, draws=200).to_dict() == assess(data, "goal", draws=200).to_dict()
    later = assess(data, dataclasses.replace(goal, deadline=2030), draws=200)
    assert later.fan.index[-1] == later.target.deadline == 2030
    one, two = (assess(data, "goal", draws=2000, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.forecast.paths, two.forecast.paths)
    assert one.probability == pytest.approx(two.probability, abs=0.06)


def test_a_relative_change_is_asked_of_an_index_of_the_base_year_or_of_its_level(tmp_path):
    rows = changes({2021: -3, 2022: -3.5, 2023: -2.9})
    index, level = answers(tmp_path, [(CUT, rows), (CUT, figures(STEADY))])
    assert (index.series.base_year, index.threshold) == (2020, pytest.approx(82))
    assert index.probability == np.mean(index.forecast.paths[:, -1] <= index.bound)
    assert level.threshold == pytest.approx(13.9 * 0.82)


def test_coverage_allows_half_the_last_published_digit(tmp_path):
    goal = {"kind": "coverage", "threshold": 100, "unit": "%"}
    shown = [figures(dict(enumerate(row, 2020))) for row in ([97, 98, 98], [97.1, 98.0, 98.2])]
    found = answers(tmp_path, [(goal, rows, PERCENT) for rows in shown])
    assert [a.bound for a in found] == pytest.approx([99.5, 99.95])


def test_after_the_figure_of_the_deadline_there_is_no_probability(tmp_path):
    rows = [[*figures(STEADY), figure(2023, value, status="preliminary")] for value in (20, 19.9)]
    found = answers(tmp_path, [({"deadline": 2023}, case) for case in rows])
    assert [(a.status, a.outcome) for a in found] == [("met", 20), ("missed", 19.9)]
    assert all(a.probability is None and "provisional_outcome" in codes(a) for a in found)


def test_a_bound_on_the_change_since_the_base_year_decides_with_or_without_levels(tmp_path):
    known = changes({2019: -3, 2020: -2, 2021: -4, 2022: -3})
    signs = [("<=", -18, "met"), (">=", -17.9, "missed"), ("<=", -17, None), (">=", -18, None)]
    cells = {"measure": "cumulative_change_pct", "base_period": 2020}
    bounds = [change(2025, percent, qualifier=sign, **cells) for sign, percent, _ in signs]
    found = answers(tmp_path, [(CUT, [*rows, bound]) for rows in ([], known) for bound in bounds], LATE)
    open_ = ("not_assessable", "forecast")
    assert [a.status for a in found] == [status or open_[k] for k in (0, 1) for *_, status in signs]


def test_bounds_of_earlier_years_are_verdicts_of_those_years(tmp_path):
    signs = [(2021, 20, ">="), (2022, 22, ">="), (2023, 19, "<=")]
    bounds = [figure(year, value, qualifier=sign) for year, value, sign in signs]
    found = answer(tmp_path, observations=[*bounds, *figures({2018: 15, 2019: 17, 2020: 19, 2024: 21})])
    told = [note for note in found.notes if "by_bound" in note.code]
    assert {note.code: note.values["periods"] for note in told} == {
        "years_met_by_bound": ["2021", "2022"], "years_missed_by_bound": ["2023"]
    }  # fmt: skip
    for lang in ("zh", "en"):
        met, missed = (sentences.note(note, lang) for note in told)
        assert "2021" in met and "2023" in missed


def test_a_relative_change_of_a_base_that_is_not_above_zero_is_refused(tmp_path):
    bases = (-1, -0.003, -40)
    rows = [figures({2018: -2, 2019: -1, 2020: base, 2021: 0.2, 2022: 0.3, 2025: 4}) for base in bases]
    for base, found in zip(
        bases, answers(tmp_path, [(CUT, r, {"support": "real"}) for r in rows], LATE), strict=True
    ):
        assert (found.status, reason(found), found.threshold) == ("not_assessable", "base_not_positive", None)
        assert all(f"{base:g}" in why(found, lang) for lang in ("zh", "en"))


def test_one_target_that_cannot_be_computed_leaves_the_others_standing(tmp_path):
    old = figures({1980: 5, 1985: 7, 2023: 9}, indicator_id="old")
    goals = [target(), target("far", deadline=2075), target("ancient", indicator_id="old", threshold=9)]
    both = [indicator("widgets"), indicator("old")]
    data = loaded(tmp_path, targets=goals, observations=[*figures(STEADY), *old], indicators=both)
    table, found = scorecard(data, draws=300)
    assert table["target_id"].tolist() == ["goal", "far", "ancient"]
    assert [table["status"][0], reason(found[1]), reason(found[2])] == ["forecast", "too_far", "unlinked"]
    for lang in ("zh", "en"):
        assert "2023" in why(found[2], lang)
        assert "2075" in sentences.headline(found[1], lang) and "50" in sentences.headline(found[1], lang)


def test_a_figure_known_only_later_leaves_the_target_open(tmp_path):
    rows = [*figures(STEADY), figure(2023, 25, published="2024-06")]
    data = loaded(tmp_path, "2024-06-30", observations=rows, targets=[target(deadline=2023)])
    before, after = (assess(known, "goal", draws=200) for known in (data.at("2024-06-29"), data))
    assert (before.status, "awaiting_figure" in codes(before), after.status) == ("forecast", True, "met")


def test_an_older_stretch_that_nothing_joins_still_helps_to_forecast(tmp_path):
    found = answer(tmp_path, CUT, observations=[*changes({2012: 2, 2013: 3}), change(2021, -2)])
    assert (found.status, found.forecast.breaks) == ("forecast", (2020,))


def test_two_definitions_are_answered_apart_and_never_joined(tmp_path):
    levels = {2021: 5.0, 2022: 5.2, 2023: 5.5}
    found, same = two_definitions(tmp_path / "a", levels), two_definitions(tmp_path / "b", {})
    assert (found.status, found.probability) == ("depends_on_definition", None)
    assert [(part.role, part.levels().to_dict()) for part in found.parts] == [
        ("definition", STEADY), ("definition", levels)
    ]  # fmt: skip
    assert "definition_break" in codes(found)
    assert (same.status, same.parts) == ("forecast", ())  # a newer definition without figures changes nothing


def test_with_too_few_levels_a_comparators_changes_are_chained_on_the_last_own_level(tmp_path):
    found = borrowing(tmp_path, {2021: 9.0})
    (part,) = found.parts
    assert found.status == "not_assessable" and found.probability is None
    assert (part.role, part.status, part.borrowed_since) == ("borrowed", "forecast", 2021)
    assert part.borrowed.region == "otherland"
    assert part.series.values[[2021, 2022, 2023]].tolist() == pytest.approx([9.0, 9 * 47 / 45, 9 * 50 / 45])


def test_three_own_levels_are_borrowed_beside_four_not_and_none_only_for_a_relative_target(tmp_path):
    three = borrowing(tmp_path / "a", {2019: 8.0, 2020: 8.5, 2021: 9.0})
    assert (three.status, [part.role for part in three.parts]) == ("forecast", ["borrowed"])
    assert borrowing(tmp_path / "b", {2018: 7.0, 2019: 8.0, 2020: 8.5, 2021: 9.0}).parts == ()
    assert borrowing(tmp_path / "c", {}).parts == ()
    (part,) = borrowing(tmp_path / "d", {}, **CUT).parts
    assert (part.series.values[2020], part.series.values[2023]) == (100, pytest.approx(100 * 50 / 43))
    (part,) = borrowing(tmp_path / "e", {2021: 9.0}, deadline=2023).parts  # theirs reaches the deadline
    assert (part.status, part.outcome) == ("missed", pytest.approx(10.0))


def test_the_answer_is_plain_json_without_nan_and_the_same_for_the_same_seed(tmp_path):
    empty, gaps = [], figures({2016: 9.0, 2018: 9.5, 2022: 11})
    cases = [(two_definitions, {2021: 5.0}), (borrowing, {2021: 9.0})]
    cases += [(lambda folder, rows: answer(folder, observations=rows), rows) for rows in (gaps, empty)]
    for k, (case, levels) in enumerate(cases):
        texts = [json.dumps(case(tmp_path / str(k), levels).to_dict(), allow_nan=False) for _ in range(2)]
        assert texts[0] == texts[1]
        assert json.loads(texts[0])["target"]["target_id"] == "goal"


def test_words_follow_the_bounds_of_the_ipcc_scale():
    words = {
        0.9: "very_likely", 0.899: "likely", 0.66: "likely", 0.659: "about_as_likely_as_not",
        0.331: "about_as_likely_as_not", 0.33: "unlikely", 0.101: "unlikely", 0.1: "very_unlikely",
    }  # fmt: skip
    assert {probability: ipcc_word(probability) for probability in words} == words

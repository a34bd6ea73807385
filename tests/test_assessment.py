"""The answer for one target: every kind, status and reason, and cases in which it was once wrong."""

import dataclasses
import json
import re

import numpy as np
import pytest

from packages import (  # isort: skip
    CUT, LATE, PERCENT, STEADY, answer, answers, borrowing, change, changes, codes, figure, figures,
    indicator, loaded, reason, run, spoken, target, the_note, two_definitions, why,
)  # fmt: skip

import qcity_analysis as qc
from qcity_analysis.assessment.answer import ipcc_word
from qcity_analysis.assessment.assess import assess, scorecard
from qcity_analysis.errors import QcityError
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.sentences import target_shown
from qcity_analysis.targets import find_target

ABOUT = {"commitment": "about", "tolerance": 1}
RANK = {"kind": "rank", "threshold": 3}


def test_the_probability_is_the_share_of_paths_that_reach_what_is_enough_and_the_paces_lead_there(tmp_path):
    found = answer(tmp_path / "one")
    ends = found.forecast.paths[:, -1]
    said = (found.status, found.threshold, found.bound, found.probability)
    assert said == ("forecast", 20, 20, np.mean(ends >= 20)) and found.word == ipcc_word(said[-1])
    assert (found.expected, found.median) == pytest.approx((ends.mean(), np.median(ends)))
    assert found.interval == pytest.approx(tuple(np.quantile(ends, [0.05, 0.95])))
    assert ([*found.fan.index], [*found.needed_path.index]) == ([2023, 2024, 2025], [2022, 2023, 2024, 2025])
    assert found.pace_so_far.linear == pytest.approx((16.1 - 10) / 6)
    assert found.pace_needed.compound == pytest.approx(100 * ((20 / 16.1) ** (1 / 3) - 1))
    found = answer(tmp_path / "other", ABOUT)
    ends = found.forecast.paths[:, -1]
    assert (found.bound, found.probability) == (19, np.mean(ends >= 19))
    assert the_note(found, "tolerance").values["probability"] == np.mean(ends >= 20)
    assert (found.pace_needed.linear, found.needed_path[2025]) == pytest.approx(((19 - 16.1) / 3, 19))


def test_what_no_simulation_can_take_is_refused(tmp_path):
    data = loaded(tmp_path)
    for name, least, values in (("seed", 0, (None, -1, 1.5)), ("draws", 1, (None, 0, True))):
        for value in values:
            said = f"{name} must be a whole number, {least} or more; found {value}"
            with pytest.raises(QcityError, match=said):
                assess(data, "goal", **{name: value})
    with pytest.raises(QcityError, match="unknown model 'driftt'. Did you mean \"drift\"?"):
        assess(data, "goal", model="driftt")


REASONS = [({}, [], "no_observation"), ({}, [figure(2021, 12, qualifier=">=")], "only_bounds"),
    ({}, [figure(2021, 12)], "too_few"), ({}, figures({2021: 12, 2022: 13}), "too_few"),
    (CUT | {"base_year": 2014}, figures(STEADY), "no_base"),
    ({"deadline": 2020}, figures({2018: 1, 2019: 2, 2021: 3}), "deadline_gap"),
    (RANK, figures(STEADY), "no_peers"), (RANK, [], "no_observation")]  # fmt: skip


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


def test_a_relative_change_is_asked_of_an_index_or_a_level_of_the_base_year_that_is_above_zero(tmp_path):
    rows = changes({2021: -3, 2022: -3.5, 2023: -2.9})
    apart = [*changes({2012: 2, 2013: 3}), change(2021, -2)]  # an older stretch still helps to forecast
    index, level, joined = answers(tmp_path / "one", [(CUT, rows), (CUT, figures(STEADY)), (CUT, apart)])
    assert (joined.status, joined.forecast.breaks) == ("forecast", (2020,))
    assert (index.series.base_year, index.threshold) == (2020, pytest.approx(82))
    assert index.probability == np.mean(index.forecast.paths[:, -1] <= index.bound)
    assert level.threshold == pytest.approx(13.9 * 0.82)
    bases = (-1, -0.003, -40)
    rows = [figures({2018: -2, 2019: -1, 2020: base, 2021: 0.2, 2022: 0.3, 2025: 4}) for base in bases]
    answered = answers(tmp_path / "other", [(CUT, r, {"support": "real"}) for r in rows], LATE)
    for base, found in zip(bases, answered, strict=True):
        assert (found.status, reason(found), found.threshold) == ("not_assessable", "base_not_positive", None)
        assert all(f"{base:g}" in why(found, lang) for lang in ("zh", "en"))


def test_after_the_figure_of_the_deadline_is_known_there_is_no_probability(tmp_path):
    rows = [[*figures(STEADY), figure(2023, value, status="preliminary")] for value in (20, 19.9)]
    found = answers(tmp_path / "a", [({"deadline": 2023}, case) for case in rows])
    assert [(a.status, a.outcome) for a in found] == [("met", 20), ("missed", 19.9)]
    assert all(a.probability is None and "provisional_outcome" in codes(a) for a in found)
    late = [*figures(STEADY), figure(2023, 25, published="2024-06")]
    data = loaded(tmp_path / "b", LATE, observations=late, targets=[target(deadline=2023)])
    before, after = (assess(data.at(day), "goal", draws=200) for day in ("2024-06-29", "2024-06-30"))
    assert (before.status, "awaiting_figure" in codes(before), after.status) == ("forecast", True, "met")


def test_an_outcome_is_provisional_where_the_figure_that_settles_it_is(tmp_path):
    early, last = {"deadline": 2023}, change(2023, 4.0, status="preliminary")
    cases = [
        ({}, [*figures(STEADY), last, figure(2023, 21)], []),  # the level settles, and it is final
        ({}, [*figures(STEADY), figure(2023, 21, status="estimate"), change(2023, 4.0)], ["estimate"]),
        ({}, [*figures(STEADY), last], ["preliminary"]),
        (CUT, [last, change(2023, -19, measure="cumulative_change_pct", base_period=2020)], []),
        (CUT, [change(2021, 1), change(2022, 2), last], ["preliminary"]),
    ]
    found = answers(tmp_path, [(goal | early, rows) for goal, rows, _ in cases])
    told = [[n.values["status"] for n in a.notes if n.code == "provisional_outcome"] for a in found]
    assert told == [case[2] for case in cases]
    assert all(sentences.note(note, lang) for a in found for note in a.notes for lang in ("zh", "en"))


def test_a_bound_on_the_deadlines_figure_decides_and_bounds_of_earlier_years_are_verdicts_of_those(tmp_path):
    decided = [(">=", 20, "met"), ("<=", 19.9, "missed"), ("<=", 20, "forecast")]
    rows = [[*figures(STEADY), figure(2023, x, qualifier=sign)] for sign, x, _ in decided]
    cases = [({"deadline": 2023}, row) for row in rows]
    told = [(a.status, "met_by_bound" in codes(a)) for a in answers(tmp_path / "a", cases)]
    assert told == [(status, status != "forecast") for *_, status in decided]
    signs = [(2021, 20, ">="), (2022, 22, ">="), (2023, 19, "<=")]
    bounds = [figure(year, value, qualifier=sign) for year, value, sign in signs]
    found = answer(tmp_path / "b", observations=[*bounds, *figures({2018: 15, 2019: 17, 2020: 19, 2024: 21})])
    told = [note for note in found.notes if "by_bound" in note.code]
    years = {"years_met_by_bound": ["2021", "2022"], "years_missed_by_bound": ["2023"]}
    assert {note.code: note.values["periods"] for note in told} == years
    for lang in ("zh", "en"):
        met, missed = (sentences.note(note, lang) for note in told)
        assert "2021" in met and "2023" in missed
        assert all(str(year) in spoken(found, lang) for year, *_ in signs)


def test_one_target_that_cannot_be_computed_leaves_the_others_standing(tmp_path):
    old = figures({1980: 5, 1985: 7, 2023: 9}, indicator_id="old")
    goals = [target(), target("far", deadline=2075), target("ancient", indicator_id="old", threshold=9)]
    both = [indicator("widgets"), indicator("old")]
    data = loaded(tmp_path, targets=goals, observations=[*figures(STEADY), *old], indicators=both)
    found = scorecard(data, draws=300)
    assert [one.target.target_id for one in found] == ["goal", "far", "ancient"]
    assert [found[0].status, reason(found[1]), reason(found[2])] == ["forecast", "too_far", "unlinked"]
    for lang in ("zh", "en"):
        assert "2023" in why(found[2], lang)
        assert "2075" in sentences.headline(found[1], lang) and "50" in sentences.headline(found[1], lang)


def test_two_definitions_are_answered_apart_and_never_joined(tmp_path):
    levels = {2021: 5.0, 2022: 5.2, 2023: 5.5}
    found, same = two_definitions(tmp_path / "a", levels), two_definitions(tmp_path / "b", {})
    assert (found.status, found.probability) == ("depends_on_definition", None)
    levels_of = [(part.role, part.levels().to_dict()) for part in found.parts]
    assert levels_of == [("definition", STEADY), ("definition", levels)]
    assert "definition_break" in codes(found)
    assert (same.status, same.parts) == ("forecast", ())  # a newer definition without figures changes nothing


def test_with_fewer_than_three_levels_a_reference_starts_from_the_last_own_level(tmp_path):
    found = borrowing(tmp_path / "one", {2021: 9.0})
    (part,) = found.parts
    assert found.status == "not_assessable" and found.probability is None
    assert (part.role, part.status, part.borrowed_since) == ("borrowed", "forecast", 2021)
    lent, middle = part.borrowed, part.forecast.median()[[2022, 2023]].tolist()
    assert (found.basis, found.bases["reference"].value) == ("reference", part.probability)
    assert (lent.region, lent.comparators) == ("otherland", ("otherland/widgets",))
    assert part.levels().index[-1] == 2021 and middle == pytest.approx([9 * 47 / 45, 9 * 50 / 45], rel=0.02)
    three = borrowing(tmp_path / "other_a", {2019: 8.0, 2020: 8.5, 2021: 9.0})
    assert (three.status, three.parts, three.basis) == ("forecast", (), "figures")
    assert borrowing(tmp_path / "other_c", {}).parts == ()
    (part,) = borrowing(tmp_path / "other_d", {}, **CUT).parts
    assert part.series.values[2020] == 100
    assert part.forecast.median()[2023] == pytest.approx(100 * 50 / 43, rel=0.02)


def test_the_answer_is_plain_json_without_nan_and_the_same_for_the_same_seed(tmp_path):
    empty, gaps = [], figures({2016: 9.0, 2018: 9.5, 2022: 11})
    cases = [(two_definitions, {2021: 5.0}), (borrowing, {2021: 9.0})]
    cases += [(lambda folder, rows: answer(folder, observations=rows), rows) for rows in (gaps, empty)]
    for k, (case, levels) in enumerate(cases):
        texts = [json.dumps(case(tmp_path / str(k), levels).to_dict(), allow_nan=False) for _ in range(2)]
        assert texts[0] == texts[1]
        assert json.loads(texts[0])["target"]["target_id"] == "goal"


def test_words_follow_the_bounds_of_the_ipcc_scale():
    words = "very_likely likely likely about_as_likely_as_not about_as_likely_as_not unlikely unlikely very_unlikely"
    assert list(map(ipcc_word, (0.9, 0.899, 0.66, 0.659, 0.331, 0.33, 0.101, 0.1))) == words.split()


# Cases in which an answer was once wrong; what is right is said beside each. More are in `test_verdict_table`.
OPEN = "2025-06-30"
COUNT, TOTAL, CHANGE = "count_new", "count_total", "change_pct"
BASE, WHOLE = {"base_year": 2020}, {"support": "count"}


def row(period, value, measure="level", qualifier="=", **cells):
    return figure(period, value, measure=measure, qualifier=qualifier, unit="", **cells)


def pair(first, last, **cells):
    return [row(2020, first), row(2025, last, **cells)]


def ask(folder, cases, day=LATE, draws=500):
    """Answers to cases (figures, kind, direction, threshold, cells of both tables[, what is right])."""
    made = []
    for rows, kind, direction, threshold, cells, *_ in cases:
        goal = {"kind": kind, "direction": direction, "threshold": threshold, "unit": "points"} | cells
        goal.pop("support", None)
        made.append((goal, rows, {name: cells[name] for name in ("support", "unit") if name in cells}))
    return answers(folder, made, day, draws)


def counts(values, asked, status, outcome):
    return run(2021, values, COUNT), "cumulative", "at_least", asked, BASE, status, outcome


ONE_OFF, HALF_OFF = (BASE | {"commitment": "about", "tolerance": tolerance} for tolerance in (1, 0.5))
SMALL, LARGE = [0.4, 0.3, 0.4, 0.4, 0.4], ["1234.56", "1500.44", "1300", "1100.01"]
FELL = [100, 110, 105, 120, 131, 124]
TOTALS, TOLD = ["100.2", "103.1", "104.4", "105.9", "107.3", "108.1"], [row(2020, "91.25"), row(2022, 94)]
FULL = ("coverage", "at_least")
RISE, FELL18 = ("monotone", "increase_every_year", 0), ("relative_change", "at_most", -18)
KNOWN = run(2016, [-3.1, -2.9, -3.4, -3.0, -3.3, -2.8, -3.2, -3.1, -3.0], CHANGE)
SINCE = {"measure": "cumulative_change_pct", "base_period": 2020}


SETTLED = [
    # counts are what was published, never rounded; what a fall of a total took away is not counted
    counts([2.5] * 5, 12.0, "met", 12.5), counts([2.5] * 5, 12.6, "missed", 12.5),
    counts(SMALL, 1.9, "met", 1.9), counts(SMALL, 2, "missed", 1.9),
    counts([*LARGE, "999.99"], "6135", "met", 6135), counts([*LARGE, "999.98"], "6135", "missed", 6134.99),
    (run(2020, TOTALS, TOTAL), "cumulative", "at_least", 7.9, BASE, "met"),
    (run(2020, TOTALS, TOTAL), "cumulative", "at_least", 8, BASE, "missed"),
    (run(2020, FELL, TOTAL), "cumulative", "at_least", 30, WHOLE | BASE, "missed"),
    (run(2020, FELL, TOTAL), "cumulative", "at_least", 24, WHOLE | BASE, "met"),
    # a tolerance is in the unit of the threshold, of a change in percentage points; the bound is said
    (pair(8.0, 7.5), *FELL18, ONE_OFF, "missed", 6.64), (pair(8.0, 6.64), *FELL18, ONE_OFF, "met", 6.64),
    (pair(0.08, 0.0672), *FELL18, ONE_OFF, "missed", 0.0664),
    (pair(5400, 6190), "relative_change", "at_least", 15, HALF_OFF, "met", 6183),
    (pair(5400, 6180), "relative_change", "at_least", 15, HALF_OFF, "missed", 6183),
    # bounds decide both ways, and are not rounded to full coverage
    *(([*TOLD, row(2025, value, qualifier=sign)], *FULL, asked, PERCENT, status)
      for sign, value, asked, status in (
        (">=", "96", 96.4, "open"), (">=", "96.4", 96.4, "met"), (">=", "99", 99.2, "open"),
        ("<=", "99.9", 100, "missed"), ("<=", "95.8", 96.4, "missed"), ("<=", "96.4", 96.4, "open"),
    )),
    (run(2021, [96] * 5, qualifier=">="), "level", "at_least", 96, PERCENT, "met"),
    *(([*rows, row(2025, value, qualifier=sign, **SINCE)], *FELL18, BASE, status)
      for rows in ([], KNOWN) for sign, value, status in (
        ("<=", -19, "met"), ("<=", -18, "met"), (">=", -15, "missed"), (">=", -17.9, "missed"),
        (">=", -18, "open"), (">=", -20, "open"), ("<=", -17, "open"),
    )),
]  # fmt: skip


def test_figures_settle_a_target(tmp_path):
    found = ask(tmp_path, SETTLED, draws=50)
    said = [a.status if a.status in ("met", "missed") else "open" for a in found]
    assert said == [case[5] for case in SETTLED]
    for one, case in zip(found, SETTLED, strict=True):
        shown = one.outcome if one.target.kind == "cumulative" else one.bound
        assert len(case) < 7 or shown == pytest.approx(case[6], rel=1e-12)


def test_a_ratio_is_compared_as_it_is_computed(tmp_path):
    spent, gdp = [201, 203, 206, 208, 211, 214, 217], [9000, 9050, 9100, 9150, 9200, 9250, 9300]
    names = [indicator("spent", unit="m"), indicator("gdp", unit="m")]
    names.append(indicator("share", unit="%", support="percent", derived="ratio", inputs="spent;gdp"))
    rising = target(indicator_id="share", kind=RISE[0], direction=RISE[1], threshold=0, base_year=2020)
    rising |= {"deadline": 2024}
    rows = run(2018, spent, indicator_id="spent") + run(2018, gdp, indicator_id="gdp")
    revised = row(2024, 213, indicator_id="spent", published="2025-12-01")  # 2.29 after 2.31
    data = loaded(tmp_path, LATE, observations=[*rows, revised], indicators=names, targets=[rising])
    assert [qc.assess(data.at(day), "goal").status for day in (OPEN, LATE)] == ["met", "missed"]


def test_totals_of_a_year_and_its_december_count_once(tmp_path):
    rows = run(2020, [0, 40, 80], TOTAL)
    for year, total in ((2023, 120), (2024, 160)):
        rows += [row(f"{year}-12", total, TOTAL, published=f"{year + 1}-01-10")]
        rows += [row(year, total, TOTAL, published=f"{year + 1}-03-10")]
    (found,) = ask(tmp_path, [(rows, "cumulative", "at_least", 190, WHOLE | BASE)], OPEN)
    assert (found.status, found.tally.covered, found.tally.count) == ("forecast", 4, 160)


# Numbers in sentences: targets as written, figures as published, and nothing on the wrong side.
def test_a_target_is_quoted_as_written_and_a_miss_never_said_with_the_number_that_would_meet_it(tmp_path):
    quoted = [
        ([0.0112, 0.0100, 0.0093, 0.0085, 0.0077, 0.0070, 0.0066], "level", "at_most", "0.0046", {}, "0.0046"),
        ([99.5, 99.6, 99.6, 99.7, 99.7, 99.8, 99.8], "level", "at_least", "99.95", {}, "99.95"),
        ([99.5, 99.6, 99.6, 99.4, 99.2, 98, 97.8], "relative_change", "at_most", "-3.25", BASE, "3.25"),
        ([7.1, 7.2, 7.35, 7.4, 7.52, 7.61, 7.7], "level", "at_least", "8.0", {}, "8.0"),
        ([1.2e7, 1.25e7, 1.31e7, 1.4e7, 1.45e7, 1.5e7, 1.6e7], "level", "at_least", "16543210", {}, "16,543,210"),
    ]  # fmt: skip
    found = ask(tmp_path / "one", [(run(2018, levels), *case) for levels, *case in quoted], OPEN)
    for one, case in zip(found, quoted, strict=True):
        assert all(case[-1] in sentences.headline(one, lang) for lang in ("zh", "en"))
    few = run(2021, ["2.04", "2.04", "2.04", "2.04", "1.83"], COUNT)
    missed = [(pair(9, "15.94"), "level", "at_least", "15.95", {}, ("15.94", "15.95")),
        (pair(1000, "1179.99"), "relative_change", "at_least", "18", BASE, ("17.999",)),
        (few, "cumulative", "at_least", "10", BASE, ("9.99",))]  # fmt: skip
    for one, (*_, numbers) in zip(ask(tmp_path / "other", missed), missed, strict=True):
        assert one.status == "missed"
        assert all(number in spoken(one, lang) for number in numbers for lang in ("zh", "en"))


def test_the_pace_of_a_target_in_percent_is_in_percent_and_its_level_in_its_unit(tmp_path):
    rows = run(2017, [300, 305, 310, 300, 313, 317, 319, 320.5])
    goal = target(kind="relative_change", threshold=7, base_year=2020, deadline=2026, unit="%")
    tons = [indicator("widgets", unit="t")]
    data = loaded(tmp_path, LATE, observations=rows, indicators=tons, targets=[goal])
    found = qc.assess(data, "goal", draws=500)
    for lang in ("zh", "en"):
        assert re.search(r"\+1\.7 ?%", spoken(found, lang))  # the fourth root of 320.5 / 300
        assert "321 t" in target_shown(found, lang)


# Probabilities.
def test_what_never_moved_probably_stays(tmp_path):
    still = [(100.0, "percent"), (98.0, "percent"), (12, "count"), (3.5, "positive")]
    cases = [(run(2018, [level] * 7), "level", side, level, {"support": support})
             for level, support in still for side in ("at_least", "at_most")]  # fmt: skip
    found = ask(tmp_path, [*cases, (run(2019, ["100"] * 6), *FULL, 100, PERCENT)], OPEN)
    assert min(p := [a.probability for a in found]) >= 0.72 and min(*p[:2], p[-1]) >= 0.8  # at an edge


def test_what_is_not_in_the_data_is_not_said_to_be_unpublished(tmp_path):
    sides = {"milestone": "achieved", "monotone": "increase_every_year"}
    kinds, rows = "level cumulative milestone zero_event rank monotone", [row(2020, 1, region="otherland")]
    cases = [(rows, kind, sides.get(kind, "at_least"), 1, WHOLE | BASE) for kind in kinds.split()]
    for found in ask(tmp_path, cases):
        assert found.status == "not_assessable"
        assert "no published" not in spoken(found, "en").lower()
        assert not [claim for claim in ("没有已公布", "未公布", "没有公布") if claim in spoken(found, "zh")]

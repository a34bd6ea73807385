"""Why an answer changed: each step recomputed from a data package that holds only that step."""

from __future__ import annotations

import dataclasses

import pytest
from packages import STEADY, figure, figures, loaded, package, target

import qcity_analysis as qc
from qcity_analysis.analysis.attribution import another_verdict, explain_change
from qcity_analysis.errors import QcityError

EARLY = figures({year: STEADY[year] for year in range(2016, 2022)})
REVISED = figure(2021, 16.4, published="2022-11-30")
LATE = figure(2022, 14.0, published="2023-02-28")


def changed(folder, rows, later="2023-06-30", draws=200, **goal):
    data = loaded(folder, observations=rows, targets=[target(**goal)])
    return explain_change(data, "goal", "made_up", "2022-06-30", later, draws=draws)


def test_each_step_is_what_an_assessment_of_only_that_step_gives_and_the_figures_are_named(tmp_path):
    rows, other = [*EARLY, REVISED, LATE], figure(2021, 1.0, region="otherland", published="2022-11-30")
    change = changed(tmp_path, [*rows, other], draws=500)
    known = []
    for some, year in ((EARLY, 2022), (EARLY, 2023), (rows[:-1], 2023), (rows, 2023)):
        data = loaded(tmp_path / str(len(known)), f"{year}-06-30", observations=some)
        known.append(qc.assess(data, "goal", draws=500).chance or 0)
    steps = [after - before for before, after in zip(known, known[1:], strict=False)]
    assert [*change.steps.values()] == steps and 0 not in steps[1:]
    assert (change.before.probability, change.after.probability) == (known[0], known[3])
    named = [(f["period"], f["value"], f["before"], f["known_from"]) for f in change.to_dict()["figures"]]
    assert named == [("2021", 16.4, 15.2, "2022-11-30"), ("2022", 14.0, None, "2023-02-28")]


TURNED = REVISED | {"value": 25.0}
FEW = [figure(2021, 15.0), figure(2022, 16.0)]


@pytest.mark.parametrize(("rows", "goal", "later", "word", "flipped", "before", "after"), [
    ([*EARLY, TURNED], {"threshold": 22}, "2023-06-30", "revision", True, "forecast", "forecast"),
    ([*EARLY, figure(2022, 21.0)], {"deadline": 2022}, "2023-06-30", "new_figure", True, "forecast", "met"),
    (EARLY, {}, "2022-09-30", "unchanged", False, "forecast", "forecast"),
    (FEW, {}, "2023-06-30", "unchanged", False, "not_assessable", "not_assessable"),
])  # fmt: skip
def test_the_deciding_step_is_named(tmp_path, rows, goal, later, word, flipped, before, after):
    change = changed(tmp_path, rows, later, **goal)
    assert (change.word, change.flipped) == (word, flipped)
    assert (change.before.status, change.after.status) == (before, after)
    if before == "forecast":
        whole = (change.after.chance or 0) - (change.before.chance or 0)
        assert sum(step or 0 for step in change.steps.values()) == pytest.approx(whole)
        assert [name for name, step in change.steps.items() if step != 0] == [word] * flipped
    else:
        assert {*change.steps.values()} == {None} and change.figures["period"].tolist() == ["2022"]


@pytest.mark.parametrize("days", [("2023-03-31", "2024-03-31"), ("2024-03-31", "2025-03-31")])
def test_each_definition_has_its_own_change_and_depending_on_it_twice_is_no_other_verdict(days):
    change = explain_change(qc.load(), "energy_per_gdp", "china_14fyp", *days, draws=4)
    if change.before.status == change.after.status == "depends_on_definition":
        assert not change.flipped and change.parts
        assert (change.word == "unchanged") == all(part.word == "unchanged" for part in change.parts)
    for part, plain in zip(change.parts, change.to_dict()["parts"], strict=True):
        assert part.after.role == "definition" and part.before.definition == part.after.definition
        assert plain["definition"] == part.after.definition["indicator_id"]
        assert part.flipped == another_verdict(part.before, part.after)


def test_the_side_of_one_half_changes_only_beyond_the_monte_carlo_error(tmp_path):
    answer = qc.assess(loaded(tmp_path), "goal", draws=100)
    for before, after, error, other in [(0.497, 0.503, 0.005, False), (0.47, 0.53, 0.005, True),
                                        (0.51, 0.9, 0.005, False), (0.497, 0.503, 0.0, True)]:  # fmt: skip
        cells = ({"probability": p, "probability_error": error} for p in (before, after))
        one, two = (dataclasses.replace(answer, **each) for each in cells)
        assert another_verdict(one, two) == another_verdict(two, one) == other


@pytest.mark.parametrize(("later", "message"), [
    ("2022-06-30", "the earlier day must come before the later one; found 2022-07-01 and 2022-06-30"),
    ("2023-06-30", "as_of 2023-06-30 is later than 2023-01-01"),
])  # fmt: skip
def test_days_out_of_order_or_after_those_of_the_data_are_refused(tmp_path, later, message):
    with pytest.raises(QcityError, match=message):
        explain_change(qc.load(package(tmp_path), as_of="2023-01-01"), "goal", None, "2022-07-01", later)

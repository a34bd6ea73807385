"""Why an answer changed: each step recomputed from a data package that holds only that step."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from packages import STEADY, Row, figure, figures, loaded, package, target

import qcity_analysis as qc
from qcity_analysis.analysis.attribution import Change, another_verdict, explain_change
from qcity_analysis.errors import QcityError

EARLY = figures({year: STEADY[year] for year in range(2016, 2022)})
REVISED = figure(2021, 16.4, published="2022-11-30")
LATE = figure(2022, 14.0, published="2023-02-28")


def changed(
    folder: Path, rows: list[Row], later: str = "2023-06-30", draws: int = 300, **goal: Any
) -> Change:
    data = loaded(folder, observations=rows, targets=[target(**goal)])
    return explain_change(data, "goal", "made_up", "2022-06-30", later, draws=draws)


def test_each_step_is_what_an_assessment_of_only_that_step_gives_and_the_figures_are_named(tmp_path):
    rows, other = [*EARLY, REVISED, LATE], figure(2021, 1.0, region="otherland", published="2022-11-30")
    change = changed(tmp_path, [*rows, other], draws=1000)
    steps = [(EARLY, 2022), (EARLY, 2023), (rows[:-1], 2023), (rows, 2023)]
    data = [
        loaded(tmp_path / str(k), f"{day}-06-30", observations=some) for k, (some, day) in enumerate(steps)
    ]
    known = [qc.assess(one, "goal", draws=1000).chance or 0 for one in data]
    assert change.by_time == known[1] - known[0]
    assert change.by_revision == known[2] - known[1] != 0
    assert change.by_new_figure == known[3] - known[2] != 0
    assert (change.before.probability, change.after.probability) == (known[0], known[3])
    named = [(f.period, f.value, f.before, str(f.known_from)) for f in change.figures]
    assert named == [("2021", 16.4, 15.2, "2022-11-30"), ("2022", 14.0, None, "2023-02-28")]


TURNED = figure(2021, 25.0, published="2022-11-30")
CASES: list[tuple[list[Row], dict[str, Any], str, tuple[str, bool], tuple[str, str]]] = [
    ([*EARLY, TURNED], {"threshold": 22}, "2023-06-30", ("revision", True), ("forecast", "forecast")),
    (
        [*EARLY, figure(2022, 21.0)],
        {"deadline": 2022},
        "2023-06-30",
        ("new_figure", True),
        ("forecast", "met"),
    ),
    (EARLY, {}, "2022-09-30", ("unchanged", False), ("forecast", "forecast")),
    (
        [figure(2021, 15.0), figure(2022, 16.0)],
        {},
        "2023-06-30",
        ("unchanged", False),
        ("not_assessable",) * 2,
    ),
]


@pytest.mark.parametrize(("rows", "goal", "later", "word", "status"), CASES)
def test_the_step_at_which_the_verdict_changed_is_named(tmp_path, rows, goal, later, word, status):
    change = changed(tmp_path, rows, later, **goal)
    assert ((change.word, change.flipped), (change.before.status, change.after.status)) == (word, status)
    steps = (change.by_time, change.by_revision, change.by_new_figure)
    if "forecast" in status:
        assert sum(step or 0 for step in steps) == pytest.approx(
            (change.after.chance or 0) - (change.before.chance or 0)
        )
        assert [step != 0 for step in steps] == [
            name == word[0] for name in ("time", "revision", "new_figure")
        ]
    else:
        assert steps == (None, None, None) and [f.period for f in change.figures] == ["2022"]


@pytest.mark.parametrize("days", [("2023-03-31", "2024-03-31"), ("2024-03-31", "2025-03-31")])
def test_each_definition_has_its_own_change_and_depending_on_it_twice_is_no_other_verdict(days):
    change = explain_change(qc.load(), "energy_per_gdp", "china_14fyp", *days, draws=200)
    if change.before.status == change.after.status == "depends_on_definition":
        assert not change.flipped and change.parts
        assert (change.word == "unchanged") == all(part.word == "unchanged" for part in change.parts)
    for part, plain in zip(change.parts, change.to_dict()["parts"], strict=True):
        assert part.after.role == "definition" and part.before.definition == part.after.definition
        assert plain["definition"] == part.after.definition["indicator_id"]
        assert part.flipped == another_verdict(part.before, part.after)


def test_the_side_of_one_half_changes_only_beyond_the_monte_carlo_error(tmp_path):
    answer = qc.assess(loaded(tmp_path), "goal", draws=100)
    for before, after, error, other in [
        (0.497, 0.503, 0.005, False),
        (0.47, 0.53, 0.005, True),
        (0.51, 0.9, 0.005, False),
        (0.497, 0.503, 0.0, True),
    ]:
        chances = ({"probability": p, "probability_error": error} for p in (before, after))
        one, two = (dataclasses.replace(answer, **cells) for cells in chances)  # type: ignore[arg-type]
        assert another_verdict(one, two) == another_verdict(two, one) == other


@pytest.mark.parametrize(
    ("later", "message"),
    [
        ("2022-06-30", "the earlier day must come before the later one; found 2022-07-01 and 2022-06-30"),
        ("2023-06-30", "as_of 2023-06-30 is later than 2023-01-01"),
    ],
)
def test_days_out_of_order_or_after_those_of_the_data_are_refused(tmp_path, later, message):
    with pytest.raises(QcityError, match=message):
        explain_change(qc.load(package(tmp_path), as_of="2023-01-01"), "goal", None, "2022-07-01", later)

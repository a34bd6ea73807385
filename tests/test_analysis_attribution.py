"""Why an answer changed: each step recomputed from a data package that holds only that step."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from packages import STEADY, figure, figures, loaded, package, target

import qcity_analysis as qc
from qcity_analysis.analysis.attribution import another_verdict, explain_change
from qcity_analysis.errors import QcityError

EARLY = {year: STEADY[year] for year in range(2016, 2022)}
REVISED = figure(2021, 16.4, published="2022-11-30")
LATE = figure(2022, 14.0, published="2023-02-28")


def probability(folder: Path, rows: list[dict[str, object]], as_of: str) -> float:
    found = qc.assess(loaded(folder, as_of=as_of, observations=rows), "goal", draws=2000).probability
    assert found is not None
    return found


def test_each_step_is_what_an_assessment_of_only_that_step_gives(tmp_path: Path) -> None:
    rows = [*figures(EARLY), REVISED, LATE]
    data = loaded(tmp_path / "all", as_of="2024-12-31", observations=rows)
    change = explain_change(data, "goal", "made_up", "2022-06-30", "2023-06-30", draws=2000)
    before = probability(tmp_path / "a", figures(EARLY), "2022-06-30")
    moved = probability(tmp_path / "b", figures(EARLY), "2023-06-30")
    revised = probability(tmp_path / "c", [*figures(EARLY), REVISED], "2023-06-30")
    after = probability(tmp_path / "d", rows, "2023-06-30")
    assert change.by_time == moved - before
    assert change.by_revision == revised - moved != 0
    assert change.by_new_figure == after - revised != 0
    assert (change.before.probability, change.after.probability) == (before, after)
    total = change.by_time + change.by_revision + change.by_new_figure
    assert total == pytest.approx(after - before)


def test_the_figures_in_between_are_named_with_what_they_replaced(tmp_path: Path) -> None:
    other = figure(2021, 1.0, region="otherland", published="2022-11-30")
    data = loaded(tmp_path, observations=[*figures(EARLY), REVISED, LATE, other])
    change = explain_change(data, "goal", None, "2022-06-30", "2023-06-30", draws=500)
    assert [(f.period, f.value, f.before, str(f.known_from)) for f in change.figures] == [
        ("2021", 16.4, 15.2, "2022-11-30"),
        ("2022", 14.0, None, "2023-02-28"),
    ]


def test_a_verdict_that_a_revision_turns_is_laid_to_the_revision(tmp_path: Path) -> None:
    turned = figure(2021, 25.0, published="2022-11-30")
    data = loaded(tmp_path, observations=[*figures(EARLY), turned], targets=[target(threshold=22)])
    change = explain_change(data, "goal", None, "2022-06-30", "2023-06-30", draws=1000)
    assert change.before.probability is not None and change.before.probability < 0.5
    assert (change.word, change.flipped) == ("revision", True)
    assert (change.by_time, change.by_new_figure) == (0.0, 0.0)


def test_the_deadlines_figure_settles_the_verdict_and_counts_as_a_new_figure(tmp_path: Path) -> None:
    rows = [*figures(EARLY), figure(2022, 21.0)]
    data = loaded(tmp_path, observations=rows, targets=[target(deadline=2022)])
    change = explain_change(data, "goal", None, "2022-06-30", "2023-06-30", draws=500)
    assert (change.before.status, change.after.status, change.word) == ("forecast", "met", "new_figure")
    assert change.by_new_figure == pytest.approx(1 - (change.before.probability or 0))


def test_nothing_published_leaves_the_answer_unchanged(tmp_path: Path) -> None:
    data = loaded(tmp_path, observations=figures(EARLY))
    change = explain_change(data, "goal", None, "2022-06-30", "2022-09-30", draws=500)
    assert (change.word, change.flipped, change.figures, change.by_time) == ("unchanged", False, [], 0.0)


def test_a_target_without_probability_has_no_shares_and_does_not_fail(tmp_path: Path) -> None:
    data = loaded(tmp_path, observations=[figure(2021, 15.0), figure(2022, 16.0)])
    change = explain_change(data, "goal", None, "2022-06-30", "2023-06-30")
    assert (change.by_time, change.by_revision, change.by_new_figure) == (None, None, None)
    assert (change.word, change.flipped) == ("unchanged", False)
    assert [f.period for f in change.figures] == ["2022"]


@pytest.mark.parametrize("days", [("2023-03-31", "2024-03-31"), ("2024-03-31", "2025-03-31")])
def test_each_definition_has_its_own_change_and_depending_on_it_twice_is_no_other_verdict(
    days: tuple[str, str],
) -> None:
    change = explain_change(qc.load(), "energy_per_gdp", "china_14fyp", *days, draws=500)
    if change.before.status == change.after.status == "depends_on_definition":
        assert not change.flipped
        assert (change.word == "unchanged") == all(part.word == "unchanged" for part in change.parts)
    for part, plain in zip(change.parts, change.to_dict()["parts"], strict=True):
        assert part.after.role == "definition" and part.before.definition == part.after.definition
        assert plain["definition"] == part.after.definition["indicator_id"]
        assert part.flipped == another_verdict(part.before, part.after)


@pytest.mark.parametrize(
    ("before", "after", "error", "other"),
    [
        (0.497, 0.503, 0.005, False),
        (0.47, 0.53, 0.005, True),
        (0.51, 0.9, 0.005, False),
        (0.497, 0.503, 0.0, True),
    ],
)
def test_the_side_of_one_half_changes_only_beyond_the_monte_carlo_error(
    tmp_path: Path, before: float, after: float, error: float, other: bool
) -> None:
    answer = qc.assess(loaded(tmp_path), "goal", draws=100)
    one, two = (dataclasses.replace(answer, probability=p, probability_error=error) for p in (before, after))
    assert another_verdict(one, two) == another_verdict(two, one) == other


@pytest.mark.parametrize(
    ("later", "message"),
    [
        ("2022-06-30", "the earlier day must come before the later one; found 2022-07-01 and 2022-06-30"),
        ("2023-06-30", "as_of 2023-06-30 is later than 2023-01-01"),
    ],
)
def test_days_out_of_order_or_after_those_of_the_data_are_refused(
    tmp_path: Path, later: str, message: str
) -> None:
    data = qc.load(package(tmp_path), as_of="2023-01-01")
    with pytest.raises(QcityError, match=message):
        explain_change(data, "goal", None, "2022-07-01", later)

"""Targets that count: likelihood against scipy, what is known against what is drawn, and every way to be settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import Row, figure, indicator
from scipy import stats
from slow_answers import chance_of_none, new_items_in
from test_assessment import answer, codes, why

from qcity_analysis.assessment.answer import SPOKEN, Assessment
from qcity_analysis.assessment.counts import none_in
from qcity_analysis.assessment.rates import Count, log_chance, new_items, posterior
from qcity_analysis.problems import DataError
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.figures.fan import fan_chart

SUM = {"kind": "cumulative", "threshold": 40, "base_year": 2020}
LATE = "2026-06-30"
NONE = {"kind": "zero_event", "direction": "at_most", "threshold": 0, "base_year": 2022}
AWARD = {"threshold": 1, "base_year": 2020}
MOST = {"direction": "at_most"}
AT_MOST, AT_LEAST = {"qualifier": "<="}, {"qualifier": ">="}


def new(period: object, value: float, **cells: Any) -> Row:
    return figure(period, value, measure="count_new", **cells)


def news(first: int, *items: float, **cells: Any) -> list[Row]:
    return [new(first + k, value, **cells) for k, value in enumerate(items)]


def total(period: object, value: float, **cells: Any) -> Row:
    return figure(period, value, measure="count_total", **cells)


def counted(folder: Path, rows: list[Row], goal: Row | None = None, **more: Any) -> Assessment:
    return answer(folder, SUM | (goal or {}), observations=rows, **more)


def test_counts_and_bounds_have_the_probabilities_of_a_negative_binomial_or_a_poisson() -> None:
    mean, shape, none = np.array([[3.0, 20.0]]), np.array([[4.0, 4.0]]), np.full((1, 2), np.inf)
    for size, told in ((shape, stats.nbinom(shape, shape / (shape + mean))), (none, stats.poisson(mean))):
        exact, least, most = (
            log_chance(Count(((2021, 1.0),), 7, sign), mean, size) for sign in ("=", ">=", "<=")
        )
        assert exact == pytest.approx(told.logpmf(7))
        assert (np.exp(least), np.exp(most)) == (pytest.approx(told.sf(6)), pytest.approx(told.cdf(7)))
    assert log_chance(Count(((2021, 1.0),), 0, ">="), mean, shape).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    "counts",
    [
        [(2023, 1.0, 365)],
        [(2021, 1.0, 0), (2022, 1.0, 0), (2023, 1.0, 0)],
        [(2019, 1.0, 9), (2021, 1.0, 3), (2023, 0.5, 4)],
        [(year, 1.0, round(5 * 1.25 ** (year - 2016))) for year in range(2016, 2024)],
    ],
)
def test_what_is_to_come_is_that_of_importance_sampling(counts: list[tuple[float, float, int]]) -> None:
    rng = np.random.default_rng(3)
    rates = posterior([Count(((int(year), part),), items) for year, part, items in counts], 20_000, rng)
    drawn = new_items([], rates, 2024, 2025, rng).sum(axis=1)
    slow, weight = new_items_in(counts, [(2024, 1.0), (2025, 1.0)])
    order = np.argsort(slow)
    for level in (0.1, 0.5, 0.9):
        quantile = float(slow[order][np.searchsorted(np.cumsum(weight[order]), level)])
        assert np.mean(drawn <= quantile) == pytest.approx(weight[slow <= quantile].sum(), abs=0.03)


def test_what_is_published_is_kept_and_what_is_not_is_drawn() -> None:
    rng, both = np.random.default_rng(0), ((2020, 1.0), (2021, 1.0))
    known = [
        Count(both, 30),
        Count(((2022, 1.0),), 12),
        Count(((2023, 1.0),), 9, ">="),
        Count(((2024, 0.5),), 8),
    ]
    table = new_items(known, posterior(known, 3000, rng), 2020, 2025, rng)
    assert set(table[:, 0] + table[:, 1]) == {30.0} and set(table[:, 2]) == {12.0}
    assert (table[:, 3].min(), table[:, 4].min() >= 8) == (9, True)
    assert (table[:, 3:].std(axis=0) > 0).all() and 5 < np.median(table[:, 5]) < 30


def test_a_trend_and_overdispersion_that_the_counts_show_are_not_ignored() -> None:
    def ahead(*items: int) -> np.ndarray:
        rng = np.random.default_rng(1)
        known = [Count(((2014 + k, 1.0),), count) for k, count in enumerate(items)]
        return new_items([], posterior(known, 8000, rng), 2024, 2024, rng)[:, 0]

    assert np.median(ahead(20, 24, 28, 35, 41, 50, 60, 71, 86, 103)) == pytest.approx(124, rel=0.1)
    steady, wild = ahead(50, 52, 49, 51, 50, 48, 53, 50), ahead(10, 95, 30, 88, 12, 70, 25, 70)
    assert wild.std() > 2 * steady.std()
    assert steady.std() >= 0.9 * np.sqrt(50)  # never narrower than the Poisson


def totals(last: float, year: int = 2025, **sign: str) -> list[Row]:
    return [total(2020, 100), total(year, last, **sign)]


@pytest.mark.parametrize(
    ("goal", "rows", "status", "outcome", "settled_in"),
    [
        ({}, [*news(2021, 20, 15), new("2023-06", 5)], "met", 40, "2023-06"),  # it cannot fall
        ({}, [new(2023, 41)], "met", 41, "2023"),
        ({}, news(2021, 20, 15, 2, 1), "forecast", None, None),
        ({}, news(2021, 20, 15, 2, 1, 1), "missed", 39, "2025"),
        ({}, [new(2021, 10), new(2022, 30, **AT_LEAST)], "met", 40, "2022"),
        (MOST | {"threshold": 10}, news(2021, 8, 3), "missed", 11, "2022"),
        (MOST | {"threshold": 10}, news(2021, 2, 2, 2, 2, 2), "met", 10, "2025"),
        ({}, news(2021, *[7] * 5, **AT_MOST), "missed", 35, "2025"),
        ({}, news(2021, *[8] * 5, **AT_MOST), "not_assessable", None, None),
        (MOST, news(2021, *[8] * 5, **AT_MOST), "met", 40, "2025"),
        (MOST, news(2021, *[8] * 5, **AT_LEAST), "not_assessable", None, None),
        (MOST, news(2021, *[9] * 5, **AT_LEAST), "missed", 45, "2025"),
        ({}, totals(139, **AT_MOST), "missed", 39, "2025"),
        ({}, totals(140, **AT_LEAST), "met", 40, "2025"),
        (MOST, totals(141, 2024, **AT_LEAST), "missed", 41, "2024"),
        (MOST, totals(140, **AT_MOST), "met", 40, "2025"),
        ({"base_year": None}, [total(2022, 41), total(2023, 45)], "met", 45, "2022"),
        (NONE, [new(2022, 0), new("2023-06", 1)], "missed", 1, "2023-06"),
        (NONE, news(2021, 1, 3, 0), "forecast", None, None),  # an event before the period is none in it
        (NONE, [figure(year, 0) for year in (2023, 2024, 2025)], "met", 0, None),  # levels are numbers of the year
    ],
)  # fmt: skip
def test_what_is_counted_settles_a_target_both_ways(
    tmp_path: Path, goal: Row, rows: list[Row], status: str, outcome: float | None, settled_in: str | None
) -> None:
    found = counted(tmp_path, rows, goal, as_of=LATE)
    assert (found.status, found.outcome, found.settled_in) == (status, outcome, settled_in)


def test_a_year_without_a_figure_is_drawn_and_named_never_zero(tmp_path: Path) -> None:
    found = counted(tmp_path, [new(2020, 5), new(2021, 6), new(2024, 9)], as_of="2025-06-30")
    assert (found.tally.count, found.tally.covered, found.tally.unknown) == (15, 2, (2022, 2023))
    assert found.forecast.years.tolist() == [2022, 2023, 2024, 2025] and found.expected > 15 + 3 * 5
    assert "2022, 2023" in " ".join(sentences.sentences(found, "en"))
    bound = [*news(2019, 9, 12, 10), new(2022, 20, **AT_LEAST)]  # counts as what it is at least
    found = counted(tmp_path / "b", bound)
    assert (found.status, found.tally.count, found.tally.covered) == ("forecast", 30, 1)
    assert found.forecast.paths[:, 0].min() == 30


def test_between_two_totals_lies_what_came_new(tmp_path: Path) -> None:
    rows = [total(2020, 40), total(2022, 58), new(2022, 10), total("2023-06", 64)]
    found = counted(tmp_path / "a", rows)
    assert found.series.known().to_dict() == {2020: 0, 2021: 8, 2022: 18}
    assert (found.tally.count, found.tally.covered, found.tally.through) == (24, 2.5, "2023-06")
    # what came in years before and after the base year is shared out
    rows = [*news(2017, 9, 11), total(2018, 10), total(2022, 50)]
    found = counted(tmp_path / "b", rows, {"threshold": 20, "deadline": 2022})
    ends = found.forecast.paths[:, -1]
    assert (found.status, found.tally.count) == ("forecast", 0)
    assert ends.max() <= 40 and np.mean(ends) == pytest.approx(20, abs=1)
    assert found.probability == pytest.approx(np.mean(ends >= 20))
    found = counted(tmp_path / "c", [total(2020, 40), total(2021, 45), new(2021, 9)])
    assert "totals_conflict" in codes(found) and found.tally.count == 9


def test_without_a_base_year_a_total_counts_whole_and_counts_alone_from_the_first(tmp_path: Path) -> None:
    rows = [total(2020, 2), total(2021, 8), total(2022, 15), total(2023, 25)]
    found = counted(tmp_path / "a", rows, {"base_year": None})
    assert (found.tally.count, found.period) == (25, (2021, 2025))
    assert "at least 40 points in all by 2025" in sentences.headline(found, "en")
    found = counted(tmp_path / "b", news(2022, 15, 10), {"base_year": None})
    assert "counted_from" in codes(found) and found.tally.count == 25


FEW = [
    news(2023, 365),
    news(2022, 0, 0),
    [total(2020, 5), total(2023, 365)],
    [new(2021, 20), new(2022, 19, **AT_LEAST)],
]


@pytest.mark.parametrize(
    ("goal", "rows", "reason"),
    [
        ({}, [], "no_observation"), ({}, [figure(2021, 12)], "no_counts"), ({}, [total(2022, 15)], "one_total"),
        ({}, [new(2021, 12, **AT_LEAST)], "only_bounds"), (NONE, [], "no_exposure"),
        (NONE, [new(2021, 4, **AT_MOST)], "only_bounds"),
        *(({"threshold": 600}, rows, "few_counts") for rows in FEW),
        *((NONE | {"base_year": 2023}, rows, "few_counts") for rows in FEW if rows[0]["measure"] == "count_new"),
    ],
)  # fmt: skip
def test_fewer_than_three_numbers_tell_no_chance(
    tmp_path: Path, goal: Row, rows: list[Row], reason: str
) -> None:
    found = counted(tmp_path, rows, goal)
    assert (why(found), found.probability) == (reason, None)
    if reason == "few_counts":
        assert "at least 3" in sentences.reason(found.reason, "en") and "3" in sentences.reason(
            found.reason, "zh"
        )


def test_figures_that_are_no_counts_are_named_as_not_used(tmp_path: Path) -> None:
    found = counted(tmp_path, [new(2021, 9), figure(2022, 7)])
    assert "unused_no_count" in codes(found) and found.tally.count == 9
    assert found.series.observations["measure"].tolist() == ["count_new"]


def test_about_so_many_is_met_from_the_tolerance_below_and_the_same_seed_gives_the_same(
    tmp_path: Path,
) -> None:
    one, two = (counted(tmp_path, news(2020, 6, 9, 8), {"commitment": "about", "tolerance": 5}) for _ in "ab")
    (note,) = [note for note in one.notes if note.code == "tolerance"]
    assert one.bound == 35 and note.values["probability"] < one.probability
    assert one.to_dict() == two.to_dict()


def test_the_picture_shows_what_is_counted_though_the_years_before_are_unknown(tmp_path: Path) -> None:
    chart = fan_chart(counted(tmp_path, [new(2019, 7), new(2020, 8), new(2023, 9)]), "en")
    labels = [entry.get_text() for entry in chart.legends[0].get_texts()]
    assert "counted so far (other years unknown)" in labels
    (ax,) = chart.axes
    assert any(list(line.get_xdata()) == [2023] and list(line.get_ydata()) == [9] for line in ax.lines)


@pytest.mark.parametrize("word", SPOKEN)
def test_striving_and_maintaining_are_told_beside_the_answer(tmp_path: Path, word: str) -> None:
    goal = {"commitment": word, "wording": "力争新增", "wording_en": "strive for new ones"}
    (note,) = [n for n in counted(tmp_path, [new(2021, 9)], goal).notes if n.code == f"wording_{word}"]
    assert "strive for new ones" in sentences.note(note, "en") and "力争新增" in sentences.note(note, "zh")


@pytest.mark.parametrize(("events", "exposure", "ahead"), [(0, 3, 2), (2, 7.5, 1.25), (0, 0.5, 3)])
def test_the_chance_of_none_is_the_integral_over_the_rate(events: int, exposure: float, ahead: float) -> None:
    slowly = chance_of_none(events, exposure, ahead)
    assert none_in(events, exposure, ahead) == pytest.approx(slowly, abs=1e-6)


def test_no_event_so_far_leaves_the_months_that_are_left(tmp_path: Path) -> None:
    rows = [*news(2021, 1, 0, 0), new("2024-06", 0)]
    found = answer(tmp_path / "a", NONE, observations=rows, as_of="2025-06-30")
    assert found.probability == pytest.approx((3.5 / 5.0) ** 1.5)  # 3.5 years seen, 1.5 to come, one event
    assert (found.period, found.probability_error) == ((2023, 2025), 0.0)
    assert np.mean(found.forecast.paths[:, -1] == 0) == pytest.approx(found.probability, abs=0.05)
    assert "exactly" in " ".join(sentences.sentences(found, "en"))
    rows = [new(2023, 0, **AT_MOST), new(2024, 0)]  # at most none is none
    assert answer(tmp_path / "b", NONE, observations=rows, as_of="2025-06-30").tally.covered == 2


@pytest.mark.parametrize("size", [10, 1e4, 1e-4])
def test_the_answer_does_not_depend_on_the_unit_counts_are_written_in(tmp_path: Path, size: float) -> None:
    one, other = (
        counted(
            tmp_path / f"{scale}", news(2021, *(round(scale * items, 9) for items in (2.5, 3.1, 2.2))),
            {"threshold": 13.5 * scale},
        ).probability
        for scale in (1.0, size)
    )  # fmt: skip
    assert 0.1 < one < 0.9 and other == pytest.approx(one, abs=0.04)


@pytest.mark.parametrize("asked", [95, 4000])
def test_three_numbers_that_differ_give_no_certainty(tmp_path: Path, asked: int) -> None:
    assert 0 < counted(tmp_path, news(2021, 20, 45, 25), {"threshold": asked}).probability < 1


def held_in(rounds: str) -> dict[str, Any]:
    return {"indicators": [indicator("widgets", support="count", rounds=rounds)]}


@pytest.mark.parametrize("rounds", ["2015;2017;2019;2021;2023;2025", "2015/2"])
def test_years_without_a_round_are_neither_zeros_nor_chances(tmp_path: Path, rounds: str) -> None:
    quiet = news(2015, *[0] * 9)
    biennial = counted(tmp_path / "a", quiet, AWARD, **held_in(rounds))
    both = [biennial, counted(tmp_path / "b", quiet, AWARD)]
    tallies = [(one.tally.years, one.tally.covered, one.tally.exposure) for one in both]
    assert tallies == [(3, 2, 5), (5, 3, 9)]
    assert "2021, 2023, 2025" in " ".join(sentences.note(n, "en") for n in biennial.notes)


def test_two_rounds_without_an_award_tell_no_chance_and_the_last_round_settles_it(tmp_path: Path) -> None:
    assert counted(tmp_path / "a", news(2021, 0, 0, 0), AWARD, **held_in("2021/2")).status == "not_assessable"
    rows = [new(year, 0) for year in (2021, 2023, 2025)]
    assert counted(tmp_path / "b", rows, AWARD, as_of=LATE, **held_in("2021/2")).status == "missed"
    rows = [total(2020, 3), total(2023, 5), new(2023, 2)]  # the years between without a round explain nothing
    assert counted(tmp_path / "c", rows, AWARD, **held_in("2021/2")).tally.count == 2


@pytest.mark.parametrize("rounds", ["2019;2019", "every year", "2019/0", "19;21", "2019;"])
def test_rounds_that_make_no_sense_are_refused(tmp_path: Path, rounds: str) -> None:
    with pytest.raises(DataError, match="column rounds"):
        counted(tmp_path, [new(2021, 0)], AWARD, **held_in(rounds))

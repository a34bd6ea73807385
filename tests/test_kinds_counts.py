"""Targets that count: likelihood against scipy, what is known against what is drawn, and every way to be settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import Row, figure, indicator
from scipy import stats
from slow_answers import chance_of_none, new_items_in
from test_assessment import answer, codes

from qcity_analysis.assessment.answer import SPOKEN, Assessment
from qcity_analysis.assessment.counts import none_in
from qcity_analysis.assessment.rates import Count, log_chance, new_items, posterior
from qcity_analysis.problems import DataError
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.figures.fan import fan_chart

SUM = {"kind": "cumulative", "threshold": 40, "base_year": 2020}
LATE = "2026-06-30"
NONE = {"kind": "zero_event", "direction": "at_most", "threshold": 0, "base_year": 2022}


def new(period: object, value: float, **cells: Any) -> Row:
    return figure(period, value, measure="count_new", **cells)


def total(period: object, value: float, **cells: Any) -> Row:
    return figure(period, value, measure="count_total", **cells)


def counted(folder: Path, rows: list[Row], goal: dict[str, Any] | None = None, **more: Any) -> Assessment:
    return answer(folder, SUM | (goal or {}), observations=rows, **more)


def test_counts_and_bounds_have_the_probabilities_of_a_negative_binomial() -> None:
    mean, shape = np.array([[3.0, 20.0]]), np.array([[4.0, 4.0]])
    share = shape / (shape + mean)
    assert log_chance(Count(((2021, 1.0),), 7), mean, shape) == pytest.approx(
        stats.nbinom.logpmf(7, shape, share)
    )
    least = log_chance(Count(((2021, 1.0),), 7, ">="), mean, shape)
    assert np.exp(least) == pytest.approx(stats.nbinom.sf(6, shape, share))
    most = log_chance(Count(((2021, 1.0),), 7, "<="), mean, shape)
    assert np.exp(most) == pytest.approx(stats.nbinom.cdf(7, shape, share))


def test_without_spread_they_are_those_of_a_poisson() -> None:
    mean, shape = np.array([[3.0, 20.0]]), np.full((1, 2), np.inf)
    assert log_chance(Count(((2021, 1.0),), 7), mean, shape) == pytest.approx(stats.poisson.logpmf(7, mean))
    assert np.exp(log_chance(Count(((2021, 1.0),), 7, ">="), mean, shape)) == pytest.approx(
        stats.poisson.sf(6, mean)
    )


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
    known = [Count(((int(year), share),), items) for year, share, items in counts]
    rates = posterior(known, 20_000, rng)
    drawn = new_items([], rates, 2024, 2025, rng).sum(axis=1)
    slow, weight = new_items_in(counts, [(2024, 1.0), (2025, 1.0)])
    order = np.argsort(slow)
    for level in (0.1, 0.5, 0.9):
        quantile = float(slow[order][np.searchsorted(np.cumsum(weight[order]), level)])
        assert np.mean(drawn <= quantile) == pytest.approx(weight[slow <= quantile].sum(), abs=0.03)


def test_what_is_published_is_kept_and_what_is_not_is_drawn() -> None:
    rng = np.random.default_rng(0)
    known = [
        Count(((2020, 1.0), (2021, 1.0)), 30),
        Count(((2022, 1.0),), 12),
        Count(((2023, 1.0),), 9, ">="),
        Count(((2024, 0.5),), 8),
    ]
    table = new_items(known, posterior(known, 3000, rng), 2020, 2025, rng)
    assert set(table[:, 0] + table[:, 1]) == {30.0}
    assert set(table[:, 2]) == {12.0}
    assert table[:, 3].min() == 9 and table[:, 3].std() > 0
    assert table[:, 4].min() >= 8 and table[:, 4].std() > 0
    assert 5 < np.median(table[:, 5]) < 30 and table[:, 5].std() > 0


def test_a_trend_and_overdispersion_that_the_counts_show_are_not_ignored() -> None:
    def ahead(items: list[int]) -> np.ndarray:
        rng = np.random.default_rng(1)
        known = [Count(((2014 + k, 1.0),), count) for k, count in enumerate(items)]
        return new_items([], posterior(known, 8000, rng), 2024, 2024, rng)[:, 0]

    rising = ahead([20, 24, 28, 35, 41, 50, 60, 71, 86, 103])
    assert np.median(rising) == pytest.approx(124, rel=0.1)
    steady, wild = ahead([50, 52, 49, 51, 50, 48, 53, 50]), ahead([10, 95, 30, 88, 12, 70, 25, 70])
    assert wild.std() > 2 * steady.std()
    assert steady.std() >= 0.9 * np.sqrt(50)  # never narrower than the Poisson


def test_a_count_is_met_before_the_deadline_since_it_cannot_fall(tmp_path: Path) -> None:
    found = counted(tmp_path, [new(2021, 20), new(2022, 15), new("2023-06", 5)], as_of="2024-03-31")
    assert (found.status, found.outcome, found.settled_in) == ("met", 40, "2023-06")


def test_one_item_short_is_open_before_and_missed_after_the_last_figure(tmp_path: Path) -> None:
    rows = [new(2021, 20), new(2022, 15), new(2023, 2), new(2024, 1)]
    assert counted(tmp_path / "a", rows, as_of="2025-06-30").status == "forecast"
    found = counted(tmp_path / "b", [*rows, new(2025, 1)], as_of="2026-06-30")
    assert (found.status, found.outcome, found.settled_in) == ("missed", 39, "2025")


def test_a_limit_is_missed_as_soon_as_it_is_passed_and_met_at_the_end(tmp_path: Path) -> None:
    limit = {"direction": "at_most", "threshold": 10}
    found = counted(tmp_path / "a", [new(2021, 8), new(2022, 3)], limit)
    assert (found.status, found.settled_in) == ("missed", "2022")
    rows = [new(year, 2) for year in range(2021, 2026)]
    assert counted(tmp_path / "b", rows, limit, as_of="2026-06-30").status == "met"


def test_a_year_without_a_figure_is_drawn_and_named_never_zero(tmp_path: Path) -> None:
    rows = [new(2020, 5), new(2021, 6), new(2024, 9)]
    found = counted(tmp_path, rows, as_of="2025-06-30")
    assert found.tally is not None and found.forecast is not None and found.expected is not None
    assert (found.tally.count, found.tally.covered, found.tally.unknown) == (15, 2, (2022, 2023))
    assert found.forecast.years.tolist() == [2022, 2023, 2024, 2025]
    assert found.expected > 15 + 3 * 5
    assert "2022, 2023" in " ".join(sentences.sentences(found, "en"))


def test_a_lower_bound_counts_as_what_it_is_at_least(tmp_path: Path) -> None:
    found = counted(tmp_path / "a", [new(2021, 10), new(2022, 30, qualifier=">=")])
    assert (found.status, found.outcome) == ("met", 40)
    earlier = [new(2019, 9), new(2020, 12)]
    found = counted(tmp_path / "b", [*earlier, new(2021, 10), new(2022, 20, qualifier=">=")])
    assert found.tally is not None and found.forecast is not None
    assert (found.status, found.tally.count, found.tally.covered) == ("forecast", 30, 1)
    assert found.forecast.paths[:, 0].min() == 30


def test_between_two_totals_lies_what_came_new(tmp_path: Path) -> None:
    rows = [total(2020, 40), total(2022, 58), new(2022, 10), total("2023-06", 64)]
    found = counted(tmp_path, rows)
    assert found.series is not None and found.tally is not None
    assert found.series.known().to_dict() == {2020: 0, 2021: 8, 2022: 18}
    assert (found.tally.count, found.tally.covered, found.tally.through) == (24, 2.5, "2023-06")


def test_a_number_for_years_before_and_after_the_base_year_is_shared_out(tmp_path: Path) -> None:
    rows = [new(2017, 9), new(2018, 11), total(2018, 10), total(2022, 50)]
    found = counted(tmp_path, rows, {"threshold": 20, "deadline": 2022})
    assert found.tally is not None and found.forecast is not None
    assert (found.status, found.tally.count) == ("forecast", 0)
    ends = found.forecast.paths[:, -1]
    assert ends.max() <= 40 and np.mean(ends) == pytest.approx(20, abs=1)
    assert found.probability == pytest.approx(np.mean(ends >= 20))


def test_totals_that_contradict_the_counts_are_named_and_not_used(tmp_path: Path) -> None:
    found = counted(tmp_path, [total(2020, 40), total(2021, 45), new(2021, 9)])
    assert "totals_conflict" in codes(found)
    assert found.tally is not None and found.tally.count == 9


def test_without_a_base_year_a_total_counts_whole_and_counts_alone_from_the_first(tmp_path: Path) -> None:
    rows = [total(2020, 2), total(2021, 8), total(2022, 15), total(2023, 25)]
    found = counted(tmp_path / "a", rows, {"base_year": None})
    assert found.tally is not None and (found.tally.count, found.period) == (25, (2021, 2025))
    assert "at least 40 points in all by 2025" in sentences.headline(found, "en")
    whole = counted(tmp_path / "c", [total(2022, 41), total(2023, 45)], {"base_year": None})
    assert (whole.status, whole.settled_in) == ("met", "2022")
    found = counted(tmp_path / "b", [new(2022, 15), new(2023, 10)], {"base_year": None})
    assert "counted_from" in codes(found) and found.tally is not None and found.tally.count == 25


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no_observation"),
        ([figure(2021, 12)], "no_counts"),
        ([total(2022, 15)], "one_total"),
        ([new(2021, 12, qualifier=">=")], "only_bounds"),
    ],
)
def test_without_a_count_to_tell_a_rate_from_there_is_a_reason(
    tmp_path: Path, rows: list[Row], reason: str
) -> None:
    found = counted(tmp_path, rows)
    assert found.reason is not None
    assert (found.status, found.reason.code, found.probability) == ("not_assessable", reason, None)


def test_figures_that_are_no_counts_are_named_as_not_used(tmp_path: Path) -> None:
    found = counted(tmp_path, [new(2021, 9), figure(2022, 7)])
    assert "unused_no_count" in codes(found)
    assert found.tally is not None and found.tally.count == 9
    assert found.series is not None and found.series.observations["measure"].tolist() == ["count_new"]


def test_about_so_many_is_met_from_the_tolerance_below(tmp_path: Path) -> None:
    goal = {"commitment": "about", "tolerance": 5}
    found = counted(tmp_path, [new(2020, 6), new(2021, 9), new(2022, 8)], goal)
    assert found.bound == 35 and found.probability is not None
    (note,) = [note for note in found.notes if note.code == "tolerance"]
    assert note.values["probability"] < found.probability


def test_the_same_seed_gives_the_same_answer(tmp_path: Path) -> None:
    one, two = (counted(tmp_path / name, [new(2020, 6), new(2021, 9), new(2022, 8)]) for name in "ab")
    assert one.to_dict() == two.to_dict()


def test_the_picture_shows_what_is_counted_though_the_years_before_are_unknown(tmp_path: Path) -> None:
    figure = fan_chart(counted(tmp_path, [new(2019, 7), new(2020, 8), new(2023, 9)]), "en")
    labels = [entry.get_text() for entry in figure.legends[0].get_texts()]
    assert "counted so far (other years unknown)" in labels
    (ax,) = figure.axes
    assert any(list(line.get_xdata()) == [2023] and list(line.get_ydata()) == [9] for line in ax.lines)


@pytest.mark.parametrize("word", SPOKEN)
def test_striving_and_maintaining_are_told_beside_the_answer(tmp_path: Path, word: str) -> None:
    goal = {"commitment": word, "wording": "力争新增", "wording_en": "strive for new ones"}
    found = counted(tmp_path, [new(2021, 9)], goal)
    assert f"wording_{word}" in codes(found)
    (note,) = [note for note in found.notes if note.code == f"wording_{word}"]
    assert "strive for new ones" in sentences.note(note, "en") and "力争新增" in sentences.note(note, "zh")


@pytest.mark.parametrize(("events", "exposure", "ahead"), [(0, 3, 2), (2, 7.5, 1.25), (0, 0.5, 3)])
def test_the_chance_of_none_is_the_integral_over_the_rate(events: int, exposure: float, ahead: float) -> None:
    assert none_in(events, exposure, ahead) == pytest.approx(
        chance_of_none(events, exposure, ahead), abs=1e-6
    )


def test_no_event_so_far_leaves_the_months_that_are_left(tmp_path: Path) -> None:
    rows = [new(2021, 1), new(2022, 0), new(2023, 0), new("2024-06", 0)]
    found = answer(tmp_path, NONE, observations=rows, as_of="2025-06-30")
    assert found.probability == pytest.approx((3.5 / 5.0) ** 1.5)  # 3.5 years seen, 1.5 to come, one event
    assert (found.period, found.probability_error) == ((2023, 2025), 0.0)
    assert found.forecast is not None
    assert np.mean(found.forecast.paths[:, -1] == 0) == pytest.approx(found.probability, abs=0.04)
    assert "exactly" in " ".join(sentences.sentences(found, "en"))


def test_an_event_in_the_period_is_a_miss_at_once_and_one_before_it_is_not(tmp_path: Path) -> None:
    found = answer(tmp_path / "a", NONE, observations=[new(2022, 0), new("2023-06", 1)])
    assert (found.status, found.settled_in) == ("missed", "2023-06")
    assert (
        answer(tmp_path / "b", NONE, observations=[new(2021, 1), new(2022, 3), new(2023, 0)]).status
        == "forecast"
    )


def test_levels_of_an_indicator_of_events_are_numbers_of_the_year(tmp_path: Path) -> None:
    rows = [figure(year, 0) for year in (2023, 2024, 2025)]
    assert answer(tmp_path, NONE, "2026-06-30", observations=rows).status == "met"


def test_at_most_none_is_none_and_no_figure_is_not_no_event(tmp_path: Path) -> None:
    rows = [new(2023, 0, qualifier="<="), new(2024, 0)]
    found = answer(tmp_path / "a", NONE, observations=rows, as_of="2025-06-30")
    assert found.tally is not None and found.tally.covered == 2
    found = answer(tmp_path / "b", NONE, observations=[])
    assert found.reason is not None and found.reason.code == "no_exposure"
    found = answer(tmp_path / "c", NONE, observations=[new(2021, 4, qualifier="<=")])
    assert found.reason is not None and found.reason.code == "only_bounds"


@pytest.mark.parametrize("size", [10, 1e4, 1e-4])
def test_the_answer_does_not_depend_on_the_unit_counts_are_written_in(tmp_path: Path, size: float) -> None:
    def asked(name: str, scale: float) -> Assessment:
        rows = [new(2021 + k, round(scale * value, 9)) for k, value in enumerate((2.5, 3.1, 2.2))]
        return counted(tmp_path / name, rows, {"threshold": 13.5 * scale})

    one, other = asked("a", 1.0), asked("b", size)
    assert one.probability is not None and 0.1 < one.probability < 0.9
    assert other.probability == pytest.approx(one.probability, abs=0.03)


@pytest.mark.parametrize(
    "rows",
    [
        [new(2023, 365)],
        [new(2022, 0), new(2023, 0)],
        [total(2020, 5), total(2023, 365)],
        [new(2021, 20), new(2022, 19, qualifier=">=")],
    ],
)
@pytest.mark.parametrize("goal", [{"threshold": 600}, NONE | {"base_year": 2023}])
def test_fewer_than_three_numbers_tell_no_chance(
    tmp_path: Path, rows: list[Row], goal: dict[str, Any]
) -> None:
    if goal["threshold"] == 0 and rows[0]["measure"] == "count_total":
        return  # totals are not looked at for events
    found = counted(tmp_path, rows, goal)
    assert (found.status, found.probability) == ("not_assessable", None)
    assert "at least 3" in sentences.reason(found, "en") and "3" in sentences.reason(found, "zh")


def test_what_is_counted_settles_a_target_whatever_their_number(tmp_path: Path) -> None:
    assert counted(tmp_path, [new(2023, 41)]).status == "met"


def test_three_numbers_that_differ_give_no_certainty(tmp_path: Path) -> None:
    for name, goal in {"low": 95, "high": 4000}.items():
        found = counted(tmp_path / name, [new(2021, 20), new(2022, 45), new(2023, 25)], {"threshold": goal})
        assert found.probability is not None and 0 < found.probability < 1


def five(value: float, qualifier: str) -> list[Row]:
    return [new(year, value, qualifier=qualifier) for year in range(2021, 2026)]


@pytest.mark.parametrize(
    ("direction", "rows", "status"),
    [
        ("at_least", five(7, "<="), "missed"),  # 35 of 40 at most
        ("at_least", five(8, "<="), "not_assessable"),
        ("at_most", five(8, "<="), "met"),
        ("at_most", five(8, ">="), "not_assessable"),
        ("at_most", five(9, ">="), "missed"),
        ("at_least", [total(2020, 100), total(2025, 139, qualifier="<=")], "missed"),
        ("at_least", [total(2020, 100), total(2025, 140, qualifier=">=")], "met"),
        ("at_most", [total(2020, 100), total(2024, 141, qualifier=">=")], "missed"),
        ("at_most", [total(2020, 100), total(2025, 140, qualifier="<=")], "met"),
    ],
)
def test_bounds_on_counts_decide_both_ways(
    tmp_path: Path, direction: str, rows: list[Row], status: str
) -> None:
    assert counted(tmp_path, rows, {"direction": direction}, as_of=LATE).status == status


AWARD = {"threshold": 1, "base_year": 2020}


def held_in(rounds: str) -> dict[str, Any]:
    return {"indicators": [indicator("widgets", support="count", rounds=rounds)]}


@pytest.mark.parametrize("rounds", ["2015;2017;2019;2021;2023;2025", "2015/2"])
def test_years_without_a_round_are_neither_zeros_nor_chances(tmp_path: Path, rounds: str) -> None:
    quiet = [new(year, 0) for year in range(2015, 2024)]
    biennial = counted(tmp_path / "a", quiet, AWARD, **held_in(rounds))
    yearly = counted(tmp_path / "b", quiet, AWARD)
    assert biennial.tally is not None and yearly.tally is not None
    assert (biennial.tally.years, biennial.tally.covered, biennial.tally.exposure) == (3, 2, 5)
    assert (yearly.tally.years, yearly.tally.covered, yearly.tally.exposure) == (5, 3, 9)
    assert "2021, 2023, 2025" in " ".join(sentences.note(n, "en") for n in biennial.notes)


def test_two_rounds_without_an_award_tell_no_chance_and_the_last_round_settles_it(tmp_path: Path) -> None:
    two = [new(2021, 0), new(2022, 0), new(2023, 0)]
    assert counted(tmp_path / "a", two, AWARD, **held_in("2021/2")).status == "not_assessable"
    found = counted(
        tmp_path / "b", [new(2021, 0), new(2023, 0), new(2025, 0)], AWARD, as_of=LATE, **held_in("2021/2")
    )
    assert found.status == "missed"


@pytest.mark.parametrize("rounds", ["2019;2019", "every year", "2019/0", "19;21", "2019;"])
def test_rounds_that_make_no_sense_are_refused(tmp_path: Path, rounds: str) -> None:
    with pytest.raises(DataError, match="column rounds"):
        counted(tmp_path, [new(2021, 0)], AWARD, **held_in(rounds))

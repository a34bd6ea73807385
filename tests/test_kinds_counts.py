"""Targets that count: likelihood against scipy, what is known against what is drawn, and every way to be settled."""

import numpy as np
import pytest
from asking import LATE, answers, codes, new, reason, run, spoken, total, why
from packages import figure, indicator, loaded
from scipy import stats
from slow_answers import chance_of_none, new_items_in

from qcity_analysis.assessment.answer import SPOKEN
from qcity_analysis.assessment.counts import none_in
from qcity_analysis.assessment.rates import Count, log_chance, new_items, posterior
from qcity_analysis.problems import DataError
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.figures.fan import fan_chart

SUM = {"kind": "cumulative", "threshold": 40, "base_year": 2020}
NONE = {"kind": "zero_event", "direction": "at_most", "threshold": 0, "base_year": 2022}
LIMIT = {"direction": "at_most"}
AWARD = {"threshold": 1}
COUNT = "count_new"


def counted(folder, cases, as_of="2024-12-31"):
    """The answers to counts (figures and cells of the target; `rounds` is one of the indicator)."""
    made = []
    for rows, *more in cases:
        goal = SUM | (more[0] if more else {})
        made.append((goal, rows, {"support": "count", "rounds": goal.pop("rounds", "")}))
    return answers(folder, made, as_of)


def test_counts_and_bounds_have_the_probabilities_of_a_negative_binomial_and_without_spread_of_a_poisson():
    mean, shape = np.array([[3.0, 20.0]]), np.array([[4.0, 4.0]])
    seven = {sign: Count(((2021, 1.0),), 7, sign) for sign in ("=", ">=", "<=")}
    for spread, law in (
        (shape, stats.nbinom(shape, shape / (shape + mean))),
        (shape * np.inf, stats.poisson(mean)),
    ):
        assert log_chance(seven["="], mean, spread) == pytest.approx(law.logpmf(7))
        assert np.exp(log_chance(seven[">="], mean, spread)) == pytest.approx(law.sf(6))
        assert np.exp(log_chance(seven["<="], mean, spread)) == pytest.approx(law.cdf(7))
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
def test_what_is_to_come_is_that_of_importance_sampling(counts):
    rng = np.random.default_rng(3)
    rates = posterior([Count(((year, share),), items) for year, share, items in counts], 20_000, rng)
    drawn = new_items([], rates, 2024, 2025, rng).sum(axis=1)
    slow, weight = new_items_in(counts, [(2024, 1.0), (2025, 1.0)])
    order = np.argsort(slow)
    for level in (0.1, 0.5, 0.9):
        quantile = slow[order][np.searchsorted(np.cumsum(weight[order]), level)]
        assert np.mean(drawn <= quantile) == pytest.approx(weight[slow <= quantile].sum(), abs=0.03)


def test_what_is_published_is_kept_and_what_is_not_is_drawn():
    rng = np.random.default_rng(0)
    known = [
        Count(((2020, 1.0), (2021, 1.0)), 30), Count(((2022, 1.0),), 12), Count(((2023, 1.0),), 9, ">="),
        Count(((2024, 0.5),), 8),
    ]  # fmt: skip
    table = new_items(known, posterior(known, 3000, rng), 2020, 2025, rng)
    assert set(table[:, 0] + table[:, 1]) == {30.0}
    assert set(table[:, 2]) == {12.0}
    assert table[:, 3].min() == 9 and table[:, 4].min() >= 8
    assert 5 < np.median(table[:, 5]) < 30 and (table[:, 3:].std(axis=0) > 0).all()


def test_a_trend_and_overdispersion_that_the_counts_show_are_not_ignored():
    def ahead(items):
        rng = np.random.default_rng(1)
        known = [Count(((year, 1.0),), count) for year, count in enumerate(items, 2014)]
        return new_items([], posterior(known, 8000, rng), 2024, 2024, rng)[:, 0]

    assert np.median(ahead([20, 24, 28, 35, 41, 50, 60, 71, 86, 103])) == pytest.approx(124, rel=0.1)
    steady, wild = ahead([50, 52, 49, 51, 50, 48, 53, 50]), ahead([10, 95, 30, 88, 12, 70, 25, 70])
    assert wild.std() > 2 * steady.std()
    assert steady.std() >= 0.9 * np.sqrt(50)  # never narrower than the Poisson


def five(value, qualifier):
    return run(2021, [value] * 5, COUNT, qualifier=qualifier)


TWO = [total(2020, 100)]
SETTLED = [  # figures, target, status, outcome and the period that settles it (None: not looked at)
    ([new(2021, 20), new(2022, 15), new("2023-06", 5)], {}, "met", 40, "2023-06"),  # it cannot fall
    (run(2021, [20, 15, 2, 1, 1], COUNT), {}, "missed", 39, "2025"),
    ([new(2021, 8), new(2022, 3)], LIMIT | {"threshold": 10}, "missed", None, "2022"),
    (run(2021, [2] * 5, COUNT), LIMIT | {"threshold": 10}, "met", None, None),
    ([new(2021, 10), new(2022, 30, qualifier=">=")], {}, "met", 40, None),  # counts as what it is at least
    ([total(2022, 41), total(2023, 45)], {"base_year": None}, "met", None, "2022"),
    ([new(2023, 41)], {}, "met", None, None),  # settles a target whatever the number of figures
    (five(7, "<="), {}, "missed", None, None),  # 35 of 40 at most
    (five(8, "<="), {}, "not_assessable", None, None), (five(8, "<="), LIMIT, "met", None, None),
    (five(8, ">="), LIMIT, "not_assessable", None, None), (five(9, ">="), LIMIT, "missed", None, None),
    ([*TWO, total(2025, 139, qualifier="<=")], {}, "missed", None, None),
    ([*TWO, total(2025, 140, qualifier=">=")], {}, "met", None, None),
    ([*TWO, total(2024, 141, qualifier=">=")], LIMIT, "missed", None, None),
    ([*TWO, total(2025, 140, qualifier="<=")], LIMIT, "met", None, None),
    ([new(2022, 0), new("2023-06", 1)], NONE, "missed", None, "2023-06"),
    ([figure(year, 0) for year in (2023, 2024, 2025)], NONE, "met", None, None),  # levels count
    ([new(2021, 0), new(2023, 0), new(2025, 0)], AWARD | {"rounds": "2021/2"}, "missed", None, None),
]  # fmt: skip


def test_counts_bounds_and_totals_settle_a_target(tmp_path):
    at_end = [any(row["published"] > "2025" for row in rows) for rows, *_ in SETTLED]
    for as_of, late in (("2024-12-31", False), (LATE, True)):  # before the deadline, and after its figure
        table = [case for case, ended in zip(SETTLED, at_end, strict=True) if ended == late]
        found = counted(tmp_path / as_of, [case[:2] for case in table], as_of)
        assert [a.status for a in found] == [case[2] for case in table]
        for answer, (*_, outcome, settled) in zip(found, table, strict=True):
            assert outcome is None or answer.outcome == outcome
            assert settled is None or answer.settled_in == settled


UNKNOWN = [  # why no chance is told: the rate needs three numbers
    ([], {}, "no_observation"), ([figure(2021, 12)], {}, "no_counts"), ([total(2022, 15)], {}, "one_total"),
    ([new(2021, 12, qualifier=">=")], {}, "only_bounds"), ([], NONE, "no_exposure"),
    ([new(2021, 4, qualifier="<=")], NONE, "only_bounds"),
    *((run(2021, counts, COUNT), goal, "few_counts") for counts in ([365], [0], [365, 380], [0, 0])
      for goal in ({"threshold": 900}, NONE | {"base_year": 2023})),
    *((run(2021, zeros, COUNT), NONE | {"base_year": 2020}, "few_counts") for zeros in ([0], [0, 0])),
    ([new(2021, 20), new(2022, 19, qualifier=">=")], {"threshold": 600}, "few_counts"),
    ([total(2020, 5), total(2023, 365)], {"threshold": 600}, "few_counts"),
    (run(2021, [0, 0, 0], COUNT), AWARD | {"rounds": "2021/2"}, "few_counts"),
]  # fmt: skip


def test_without_three_counts_to_tell_a_rate_from_there_is_a_reason(tmp_path):
    found = counted(tmp_path, [case[:2] for case in UNKNOWN])
    assert [reason(a) for a in found] == [case[2] for case in UNKNOWN]
    assert {(a.status, a.probability) for a in found} == {("not_assessable", None)}
    few = [a for a in found if reason(a) == "few_counts"]
    assert all("at least 3" in why(a, "en") and "3" in why(a, "zh") for a in few)


OPEN = {
    "one short": (run(2021, [20, 15, 2, 1], COUNT),), "gap": ([new(2020, 5), new(2021, 6), new(2024, 9)],),
    "bound": ([new(2019, 9), new(2020, 12), new(2021, 10), new(2022, 20, qualifier=">=")],),
    "totals": ([total(2020, 40), total(2022, 58), new(2022, 10), total("2023-06", 64)],),
    "over base": ([*run(2017, [9, 11], COUNT), total(2018, 10), total(2022, 50)],
                  {"threshold": 20, "deadline": 2022}),
    "conflict": ([total(2020, 40), total(2021, 45), new(2021, 9)],),
    "whole total": (run(2020, [2, 8, 15, 25], "count_total"), {"base_year": None}),
    "counted from": ([new(2022, 15), new(2023, 10)], {"base_year": None}),
    "level": ([new(2021, 9), figure(2022, 7)],), "picture": ([new(2019, 7), new(2020, 8), new(2023, 9)],),
    "about": (run(2020, [6, 9, 8], COUNT), {"commitment": "about", "tolerance": 5}),
    "low": (run(2021, [20, 45, 25], COUNT), {"threshold": 95}),
    "high": (run(2021, [20, 45, 25], COUNT), {"threshold": 4000}),
    "no event": ([new(2021, 1), new(2022, 0), new(2023, 0), new("2024-06", 0)], NONE),
    "event before": ([new(2021, 1), new(2022, 3), new(2023, 0)], NONE),
    "at most none": ([new(2023, 0, qualifier="<="), new(2024, 0)], NONE),
    "biennial": (run(2015, [0] * 9, COUNT), AWARD | {"rounds": "2015/2"}),
    "listed": (run(2015, [0] * 9, COUNT), AWARD | {"rounds": "2015;2017;2019;2021;2023;2025"}),
    "no round": ([total(2020, 3), total(2023, 5), new(2023, 2)], AWARD | {"rounds": "2021/2"}),  # not 2022
    "yearly": (run(2015, [0] * 9, COUNT), AWARD),
}  # fmt: skip
WISH = {"wording": "力争新增", "wording_en": "strive for new ones"}
OPEN |= {word: ([new(2021, 9)], WISH | {"commitment": word}) for word in SPOKEN}


@pytest.fixture(scope="module")
def open_(tmp_path_factory):
    found = counted(tmp_path_factory.mktemp("open"), OPEN.values(), "2025-06-30")
    return dict(zip(OPEN, found, strict=True))


def test_the_tally_is_what_is_known_of_the_years_that_count(open_):
    tally = {name: open_[name].tally for name in OPEN}
    assert open_["one short"].status == open_["bound"].status == open_["over base"].status == "forecast"
    assert (tally["gap"].count, tally["gap"].covered, tally["gap"].unknown) == (15, 2, (2022, 2023))
    assert (tally["bound"].count, tally["bound"].covered) == (30, 1)
    assert (tally["totals"].count, tally["totals"].covered, tally["totals"].through) == (24, 2.5, "2023-06")
    assert open_["totals"].series.known().to_dict() == {2020: 0, 2021: 8, 2022: 18}
    counts = {"over base": 0, "conflict": 9, "no round": 2, "whole total": 25, "counted from": 25, "level": 9}
    assert {name: tally[name].count for name in counts} == counts
    assert open_["whole total"].period == (2021, 2025)
    assert tally["at most none"].covered == 2
    for name in ("biennial", "listed"):  # years without a round are neither zeros nor chances
        assert (tally[name].years, tally[name].covered, tally[name].exposure) == (3, 2, 5)
        assert "2021, 2023, 2025" in " ".join(sentences.note(n, "en") for n in open_[name].notes)
    assert (tally["yearly"].years, tally["yearly"].covered, tally["yearly"].exposure) == (5, 3, 9)


def test_what_is_unknown_is_drawn_never_zero_and_what_is_known_is_kept(open_):
    gap, over = open_["gap"], open_["over base"]
    assert gap.forecast.years.tolist() == [2022, 2023, 2024, 2025] and gap.expected > 15 + 3 * 5
    assert open_["bound"].forecast.paths[:, 0].min() == 30
    ends = over.forecast.paths[:, -1]  # 40 items of 2019 to 2022 are shared out
    assert ends.max() <= 40 and np.mean(ends) == pytest.approx(20, abs=1)
    assert over.probability == pytest.approx(np.mean(ends >= 20))
    assert 0 < open_["high"].probability < open_["low"].probability < 1


def test_what_was_done_with_the_counts_is_said(open_):
    told = {"conflict": "totals_conflict", "counted from": "counted_from", "level": "unused_no_count"}
    assert [name for name, code in told.items() if code not in codes(open_[name])] == []
    assert open_["level"].series.observations["measure"].tolist() == [COUNT]
    assert "2022, 2023" in spoken(open_["gap"], "en")
    assert "at least 40 points in all by 2025" in sentences.headline(open_["whole total"], "en")
    for word in SPOKEN:
        (told,) = [note for note in open_[word].notes if note.code == f"wording_{word}"]
        assert "strive for new ones" in sentences.note(told, "en")
        assert "力争新增" in sentences.note(told, "zh")
    about = open_["about"]
    (note,) = [note for note in about.notes if note.code == "tolerance"]
    assert about.bound == 35 and note.values["probability"] < about.probability


def test_the_picture_shows_what_is_counted_though_the_years_before_are_unknown(open_):
    picture = fan_chart(open_["picture"], "en")
    labels = [entry.get_text() for entry in picture.legends[0].get_texts()]
    assert "counted so far (other years unknown)" in labels
    (ax,) = picture.axes
    assert any(list(line.get_xdata()) == [2023] and list(line.get_ydata()) == [9] for line in ax.lines)


def test_no_event_so_far_leaves_the_months_that_are_left(open_):
    for events, exposure, ahead in ((0, 3, 2), (2, 7.5, 1.25), (0, 0.5, 3)):
        slow = chance_of_none(events, exposure, ahead)
        assert none_in(events, exposure, ahead) == pytest.approx(slow, abs=1e-6)
    found = open_["no event"]
    assert found.probability == pytest.approx((3.5 / 5.0) ** 1.5)  # 3.5 years seen, 1.5 to come, one event
    assert (found.period, found.probability_error) == ((2023, 2025), 0.0)
    assert np.mean(found.forecast.paths[:, -1] == 0) == pytest.approx(found.probability, abs=0.04)
    assert "exactly" in spoken(found, "en")
    assert open_["event before"].status == "forecast"


def test_the_answer_depends_on_the_seed_only_and_not_on_the_unit_counts_are_written_in(tmp_path):
    def asked(size):
        rows = run(2021, [round(size * value, 9) for value in (2.5, 3.1, 2.2)], COUNT)
        return rows, {"threshold": 13.5 * size}

    one, *others = counted(tmp_path, [asked(size) for size in (1.0, 1.0, 10, 1e4, 1e-4)])
    assert 0.1 < one.probability < 0.9 and others[0].probability == one.probability
    assert [other.probability for other in others] == pytest.approx([one.probability] * 4, abs=0.03)


@pytest.mark.parametrize("rounds", ["2019;2019", "every year", "2019/0", "19;21", "2019;"])
def test_rounds_that_make_no_sense_are_refused(tmp_path, rounds):
    with pytest.raises(DataError, match="column rounds"):
        loaded(tmp_path, indicators=[indicator("widgets", support="count", rounds=rounds)])

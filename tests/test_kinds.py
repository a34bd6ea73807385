"""Targets that count, and those on every year, a direction, ranks and milestones: what decides and what is drawn."""

import numpy as np
import pytest

from packages import (  # isort: skip
    LATE, PERCENT, answers, codes, figure, figures, indicator, loaded, new, reason, run, spoken, target,
    the_note, total, why,
)  # fmt: skip
from scipy import stats

from qcity_analysis.assessment.answer import SPOKEN
from qcity_analysis.assessment.assess import assess
from qcity_analysis.assessment.counts import Count, log_chance, new_items, posterior
from qcity_analysis.assessment.peers import ranked as places
from qcity_analysis.problems import DataError
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.figures.fan import fan_chart

SUM = {"kind": "cumulative", "threshold": 40, "base_year": 2020}
NONE = {"kind": "zero_event", "direction": "at_most", "threshold": 0, "base_year": 2022}
LIMIT, AWARD, COUNT = {"direction": "at_most"}, {"threshold": 1}, "count_new"


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
    laws = [(shape, stats.nbinom(shape, shape / (shape + mean))), (shape * np.inf, stats.poisson(mean))]
    for spread, law in laws:
        assert log_chance(seven["="], mean, spread) == pytest.approx(law.logpmf(7))
        assert np.exp(log_chance(seven[">="], mean, spread)) == pytest.approx(law.sf(6))
        assert np.exp(log_chance(seven["<="], mean, spread)) == pytest.approx(law.cdf(7))
    assert log_chance(Count(((2021, 1.0),), 0, ">="), mean, shape).tolist() == [[0.0, 0.0]]


def test_what_is_published_is_kept_and_what_is_not_is_drawn():
    rng = np.random.default_rng(0)
    known = [Count(((2020, 1.0), (2021, 1.0)), 30), Count(((2022, 1.0),), 12), Count(((2023, 1.0),), 9, ">="),
        Count(((2024, 0.5),), 8)]  # fmt: skip
    table = new_items(known, posterior(known, 3000, rng), 2020, 2025, rng)
    assert (set(table[:, 0] + table[:, 1]), set(table[:, 2])) == ({30.0}, {12.0})
    assert table[:, 3].min() == 9 and table[:, 4].min() >= 8
    assert 5 < np.median(table[:, 5]) < 30 and (table[:, 3:].std(axis=0) > 0).all()


def test_a_trend_and_overdispersion_that_the_counts_show_are_not_ignored():
    def ahead(items):
        known, rng = [Count(((2014 + k, 1.0),), n) for k, n in enumerate(items)], np.random.default_rng(1)
        return new_items([], posterior(known, 8000, rng), 2024, 2024, rng)[:, 0]

    assert np.median(ahead([20, 24, 28, 35, 41, 50, 60, 71, 86, 103])) == pytest.approx(124, rel=0.1)
    steady, wild = ahead([50, 52, 49, 51, 50, 48, 53, 50]), ahead([10, 95, 30, 88, 12, 70, 25, 70])
    assert wild.std() > 2 * steady.std()
    assert steady.std() >= 0.9 * np.sqrt(50)  # never narrower than the Poisson


SETTLED = [  # figures, target, status, outcome and the period that settles it (None: not looked at)
    ([new(2021, 20), new(2022, 15), new("2023-06", 5)], {}, "met", 40, "2023-06"),  # it cannot fall
    (run(2021, [20, 15, 2, 1, 1], COUNT), {}, "missed", 39, "2025"),
    ([new(2021, 8), new(2022, 3)], LIMIT | {"threshold": 10}, "missed", None, "2022"),
    (run(2021, [2] * 5, COUNT), LIMIT | {"threshold": 10}, "met", None, None),
    ([new(2021, 10), new(2022, 30, qualifier=">=")], {}, "met", 40, None),  # counts as what it is at least
    ([total(2022, 41), total(2023, 45)], {"base_year": None}, "met", None, "2022"),
    ([total(2020, 0), total(2023, 40, qualifier=">=")], {"base_year": None}, "met", 40, "2023"),
    ([new(2023, 41)], {}, "met", None, None),  # settles a target whatever the number of figures
    ([total(2020, 100), total(2025, 139, qualifier="<=")], {}, "missed", None, None),
    ([total(2020, 100), total(2025, 140, qualifier=">=")], {}, "met", None, None),
    ([total(2020, 100), total(2024, 141, qualifier=">=")], LIMIT, "missed", None, None),
    ([total(2020, 100), total(2025, 140, qualifier="<=")], LIMIT, "met", None, None),
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
    return dict(zip(OPEN, counted(tmp_path_factory.mktemp("open"), OPEN.values(), "2025-06-30"), strict=True))


def test_the_tally_is_what_is_known_of_the_years_that_count_and_the_rest_is_drawn_never_zero(open_):
    tally = {name: open_[name].tally for name in OPEN}
    names = ("one short", "bound", "over base", "event before")
    assert {open_[name].status for name in names} == {"forecast"}
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
        assert "2021, 2023, 2025" in spoken(open_[name], "en")
    assert (tally["yearly"].years, tally["yearly"].covered, tally["yearly"].exposure) == (5, 3, 9)
    gap, over = open_["gap"], open_["over base"]
    assert gap.forecast.years.tolist() == [2022, 2023, 2024, 2025] and gap.expected > 15 + 3 * 5
    assert open_["bound"].forecast.paths[:, 0].min() == 30
    ends = over.forecast.paths[:, -1]  # 40 items of 2019 to 2022 are shared out
    assert ends.max() <= 40 and np.mean(ends) == pytest.approx(20, abs=1)
    assert over.probability == pytest.approx(np.mean(ends >= 20))
    assert 0 < open_["high"].probability < open_["low"].probability < 1


def test_what_was_counted_when_it_was_settled_is_said_of_the_year_to_which_it_counts(tmp_path):
    rows = [new(2021, 17), new(2022, 25), new(2023, 4)]
    enough, one = counted(tmp_path, [(rows,), ([new(2023, 1), new(2024, 0)], NONE)], "2025-06-30")
    assert (enough.settled_in, one.status) == ("2022", "missed")
    assert "46 points counted by 2023" in sentences.headline(enough, "en")
    assert "截至 2024 年的公布数中有 1" in sentences.headline(one, "zh")


def test_what_was_done_with_the_counts_is_said_and_pictured_and_no_event_leaves_the_months_left(open_):
    told = {"conflict": "totals_conflict", "counted from": "counted_from", "level": "unused_no_count"}
    assert [name for name, code in told.items() if code not in codes(open_[name])] == []
    assert open_["level"].series.observations["measure"].tolist() == [COUNT]
    assert "2022, 2023" in spoken(open_["gap"], "en")
    picture = fan_chart(open_["picture"], "en")  # though the years before are unknown
    labels, (ax,) = [entry.get_text() for entry in picture.legends[0].get_texts()], picture.axes
    assert labels == ["count of the year", "needed in each other year"]
    assert [bar.get_height() for bar in ax.patches if bar.get_x() == pytest.approx(2022.65)] == [9]
    assert "at least 40 points in all by 2025" in sentences.headline(open_["whole total"], "en")
    for word in SPOKEN:
        told = the_note(open_[word], f"wording_{word}")
        assert "strive for new ones" in sentences.note(told, "en")
        assert "力争新增" in sentences.note(told, "zh")
    about = open_["about"]
    assert about.bound == 35 and the_note(about, "tolerance").values["probability"] < about.probability
    found = open_["no event"]
    assert found.probability == pytest.approx((3.5 / 5.0) ** 1.5)  # 3.5 years seen, 1.5 to come, one event
    assert (found.period, found.probability_error) == ((2023, 2025), 0.0)
    assert np.mean(found.forecast.paths[:, -1] == 0) == pytest.approx(found.probability, abs=0.04)
    assert "exactly" in spoken(found, "en")


def test_rounds_that_make_no_sense_are_refused(tmp_path):
    for rounds in ("2019;2019", "every year", "2019/0", "19;21", "2019;"):
        with pytest.raises(DataError, match="column rounds"):
            loaded(tmp_path, indicators=[indicator("widgets", support="count", rounds=rounds)])


# Every year, a direction, ranks and milestones.
BASE = {"threshold": 0, "base_year": 2020}
EVERY = BASE | {"kind": "monotone", "direction": "increase_every_year", "unit": "pp"}
FALL, UP = EVERY | {"direction": "decrease_every_year"}, BASE | {"kind": "direction", "direction": "increase"}
TOP = {"kind": "rank", "direction": "at_most", "threshold": 2}
DONE = {"kind": "milestone", "direction": "achieved", "threshold": None}
RISING = {2018: 90.1, 2019: 90.0, 2020: 91.3, 2021: 92.4, 2022: 93.1}
FALLING = {year: 100 - level for year, level in RISING.items()}
CHANGES = {percent: run(2019, [percent] * 5, "change_pct") for percent in (-1, -0.4, -0.01)}


def more(levels, sign, value):
    return [*figures(levels), figure(2023, value, qualifier=sign)]


TRIPLE = {2020: 93.0, 2021: 94.0, 2022: 95.0}
YEARS = [  # target, figures, status, the year that settles it
    (EVERY, figures(RISING | {2023: 93.1}), "missed", "2023"),  # a miss long before the deadline
    (FALL, figures(FALLING), "forecast", None), (EVERY, figures(FALLING), "missed", "2021"),
    (EVERY | {"threshold": 1.0}, figures(RISING), "missed", "2022"),  # 92.4 to 93.1
    (EVERY, more(RISING, "<=", 80), "missed", "2023"), (EVERY, more(RISING, "<=", 93.1), "missed", "2023"),
    (EVERY, more(RISING, "<=", 93.2), "forecast", None), (EVERY, more(RISING, ">=", 80), "forecast", None),
    (EVERY | {"deadline": 2023}, more(TRIPLE, ">=", 95.1), "met", None),
    (EVERY | {"deadline": 2023}, more(TRIPLE, ">=", 95.0), "forecast", None),
    (EVERY, figures(RISING | {2022: 93.12, 2023: 93.2, 2024: 93.31}), "forecast", None),  # as published
    (EVERY, figures(RISING | {2022: 93.14, 2023: 93.14}), "missed", "2023"),
    (EVERY | {"threshold": 1.0, "tolerance": 0.2, "commitment": "about"}, figures(RISING), "missed", "2022"),
    (EVERY | {"threshold": 1.0, "tolerance": 0.3, "commitment": "about"}, figures(RISING), "forecast", None),
    (EVERY, figures({2018: 90.1, 2019: 90.0, 2020: 91.3, 2022: 91.3}), "missed", "2022"),  # no path rises
    (EVERY, figures({2019: 89.0, 2020: 90.0, 2023: 90.1}), "forecast", None),  # over a gap: a step a year
    (EVERY, figures({2019: 89.0, 2020: 90.0, 2023: 90.0}), "missed", "2023"),
    (EVERY | {"threshold": 1}, figures({2019: 89.0, 2020: 90.0, 2023: 92.9}), "missed", "2023"),
    *((EVERY, rows, "missed", "2021") for rows in CHANGES.values()),
    *((FALL, rows, "forecast", None) for rows in CHANGES.values()),
    (UP | {"base_year": 2015}, figures(RISING), "no_base", None),
    (UP | {"base_year": None}, figures(RISING), "no_base_year", None),
    # a milestone is done or not and never guessed
    (DONE, [figure("2025-11", 0)], "milestone_open", None), (DONE, [figure(2023, 0)], "milestone_open", None),
    (DONE, [figure(2025, 0, qualifier=">=")], "milestone_open", None), (DONE, [], "no_observation", None),
    (DONE, [figure(2026, 1, published="2026-03")], "deadline_gap", None),
]  # fmt: skip


def test_figures_decide_on_every_year_a_direction_and_a_milestone_or_do_not(tmp_path):
    for as_of, late in (("2024-12-31", False), (LATE, True)):
        cases = [case for case in YEARS if (case[0]["kind"] != "monotone" or "deadline" in case[0]) == late]
        found = answers(tmp_path / as_of, [case[:2] for case in cases], as_of)
        assert [reason(a) or a.status for a in found] == [status for _, _, status, _ in cases]
        joint = [(a, year) for a, (*_, year) in zip(found, cases, strict=True) if a.target.kind == "monotone"]
        assert [a.settled_in for a, _ in joint] == [year for _, year in joint]
        assert all(a.probability is None for a in found if a.target.kind == "milestone")


def test_the_probability_is_the_share_of_paths_that_move_every_year_or_that_way_as_published(tmp_path):
    (found,) = answers(tmp_path / "one", [(EVERY, figures(RISING), PERCENT)])
    row = np.round(found.forecast.paths, 1)
    met = (np.diff(np.column_stack([np.full(len(row), 93.1), row]), axis=1) > 1e-9).all(axis=1)
    assert (found.probability, found.threshold) == (met.mean(), None)
    assert (found.status, found.period) == ("forecast", (2021, 2025))  # the fall of 2019 does not count
    assert "stricter" in " ".join(sentences.sentences(found, "en"))
    cases = [(goal, rows) for rows in CHANGES.values() for goal in (FALL, UP | {"direction": "decrease"})]
    rising, *found = answers(tmp_path / "other", [(UP, figures(RISING), PERCENT), *cases])
    assert (rising.threshold, rising.bound) == (91.3, 91.3)
    assert rising.probability == np.mean(rising.forecast.paths[:, -1] > rising.bound * (1 + 1e-12))
    for every, below in zip(found[::2], found[1::2], strict=True):
        assert every.probability > 0
        assert below.bound == below.series.values[2020]
        assert below.probability == np.mean(below.forecast.paths[:, -1] < below.bound)


def test_gaps_and_first_years_are_named(tmp_path):
    dates = {"bulletin": "2024", "plan": "2022-05-01", "later": "2030"}  # the last: after the deadline
    sources = [{"source_id": name, "publisher": "P", "title": "T", "date": dates[name]} for name in dates]
    levels = [(EVERY, RISING), (EVERY, {year: level for year, level in RISING.items() if year != 2021}),
        (EVERY | {"deadline": 2023}, {2019: 90.0, 2020: 91.0, 2022: 93.0, 2023: 94.0}),
        (EVERY | {"base_year": None, "source_id": "plan"}, RISING),
        (EVERY | {"base_year": None, "source_id": "later"}, {2020: 91.3, 2021: 92.4, 2022: 93.1}),
        (EVERY, {2021: 92.4, 2022: 93.1, 2023: 94.0}), (EVERY, RISING | {2023: 93.1})]  # fmt: skip
    cases = [(goal, figures(row), PERCENT) for goal, row in levels]
    whole, gap, missing, plan, undated, late, fallen = answers(tmp_path, cases, sources=sources)
    assert "bridged" in codes(gap) and 0 < gap.probability < whole.probability + 0.1
    assert reason(missing) == "years_missing" and "2021" in why(missing, "en")
    assert plan.period == (2022, 2025) and "first_year_of_plan" in codes(plan)
    assert "from 2022 to 2025" in sentences.headline(plan, "en")
    assert undated.period == (2021, 2025) and "first_year_of_figures" in codes(undated)
    assert "compared_from" in codes(late) and late.status == "forecast"
    assert "not_better" in codes(fallen) and fallen.outcome == 93.1


NAMES = ("testville", "north", "south", "west")
TOWNS = [{"region": name, "name_zh": name, "name_en": name, "parent": "land"} for name in NAMES]
TOWNS += [{"region": "land", "name_zh": "国", "name_en": "Land"}]
OTHERS = {"north": [5.0, 6.0, 7.0], "south": [3.0, 3.0, 4.0], "west": [1.0, 1.0, 2.0]}
OWN = [4.0, 4.5, 5.0]
ON = {name: [*old, old[-1], old[-1]] for name, old in OTHERS.items()}


def field(levels):
    rows = [row for name, values in levels.items() for row in run(2021, values, region=name)]
    return [row for row in rows if row["value"] is not None]


def ranks(folder, cases, as_of="2024-12-31"):
    made = [(TOP | goal, field({"testville": own} | others)) for goal, own, others in cases]
    return answers(folder, made, as_of, regions=TOWNS)


def test_a_rank_is_counted_among_all_regions_with_the_same_parent_and_equals_share_the_better_place(tmp_path):
    found, short = ranks(tmp_path / "one", [({}, OWN, OTHERS), ({}, OWN, OTHERS | {"west": [1.0]})])
    assert found.series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    assert set(np.unique(found.forecast.paths)) <= {1.0, 2.0, 3.0, 4.0}
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= 2)
    assert (found.likelihood, "ranked_among" in codes(found)) == ("joint_ranks", True)
    assert reason(short) == "peers_short"  # one missing peer is named and nothing is ranked
    assert "west" in why(short, "en") and "south" not in why(short, "en")
    about = {"commitment": "about", "tolerance": 1}  # in places
    cases = [({}, 4.0), ({}, 3.9), (about, 3.9)]  # level with the south, or behind it
    made = [(goal, [*OWN, 5.0, last], ON) for goal, last in cases]
    ahead = OTHERS | {"north": [5.0, 6.0, 7.0, None, 9.0]}
    made += [({"deadline": 2022}, OWN, OTHERS), ({"deadline": 2024}, OWN, ahead)]
    *found, early, gap = ranks(tmp_path / "other", made, LATE)
    assert (early.status, early.outcome, reason(gap)) == ("met", 2, "deadline_gap")
    assert [(a.status, a.outcome, a.bound) for a in found] == [("met", 2, 2), ("missed", 3, 2), ("met", 3, 3)]
    table = np.array([[2.0, 3.0, 2.0], [5.0, 3.0, 2.0], [1.0, 3.0, 2.0]])
    assert places(table, higher=True).tolist() == [2, 1, 3]
    assert places(table, higher=False).tolist() == [1, 3, 1]


def test_a_published_rank_uses_the_indicator_its_comparators_name_and_a_bound_on_it_decides(tmp_path):
    lower = {"better": "lower", "comparators": "north/awards;south/awards"}
    awards = field({"testville": [4, 5, 6], "north": [5, 6, 7], "south": [3, 3, 4]})
    levels = [figures({2021: 2, 2022: 2}), figures({2021: 2, 2022: 2, 2025: 3})]
    bounds = {("<=", 2): "met", (">=", 3): "missed"}
    levels += [[*run(2021, [2, 2, 3, 2]), figure(2025, value, qualifier=sign)] for sign, value in bounds]
    data = loaded(tmp_path, LATE, regions=TOWNS,
        indicators=[indicator("awards"), *(indicator(f"w{k}", **lower) for k in range(4))],
        targets=[target(f"w{k}", indicator_id=f"w{k}", **TOP) for k in range(4)],
        observations=[row | {"indicator_id": "awards"} for row in awards]
        + [row | {"indicator_id": f"w{k}"} for k, made in enumerate(levels) for row in made])  # fmt: skip
    found = [assess(data.at(day), f"w{k}", draws=500) for k, day in enumerate(["2024-12-31", *[LATE] * 3])]
    assert found[0].series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    # the second: the published rank itself
    assert [a.status for a in found] == ["forecast", "missed", "met", "missed"]

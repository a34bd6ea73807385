"""Targets on every year, on a direction, on ranks and on milestones: which figures decide, and what does not."""

import numpy as np
from asking import LATE, PERCENT, answers, codes, reason, run, why
from packages import figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.assessment.peers import ranked as places
from qcity_analysis.reporting import sentences

EVERY = {
    "kind": "monotone",
    "direction": "increase_every_year",
    "threshold": 0,
    "base_year": 2020,
    "unit": "pp",
}
FALL = EVERY | {"direction": "decrease_every_year"}
UP = {"kind": "direction", "direction": "increase", "threshold": 0, "base_year": 2020}
TOP = {"kind": "rank", "direction": "at_most", "threshold": 2}
DONE = {"kind": "milestone", "direction": "achieved", "threshold": None}
RISING = {2018: 90.1, 2019: 90.0, 2020: 91.3, 2021: 92.4, 2022: 93.1}
FALLING = {year: 100 - level for year, level in RISING.items()}
CHANGES = {percent: run(2019, [percent] * 5, "change_pct") for percent in (-1, -0.4, -0.01)}


def more(levels, sign, value):
    """Levels and a bound for 2023."""
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
    (UP, figures(RISING | {2025: 91.4}), "met", "2025"),
    (UP, figures(RISING | {2025: 91.3}), "missed", "2025"),
    (UP | {"base_year": 2015}, figures(RISING), "no_base", None),
    (UP | {"base_year": None}, figures(RISING), "no_base_year", None),
    # a milestone is done or not and never guessed
    (DONE, [figure("2024-08", 1)], "met", None), (DONE, [figure(2025, 0)], "missed", None),
    (DONE, [figure("2025-12", 0)], "missed", None), (DONE, [figure("2025-11", 0)], "milestone_open", None),
    (DONE, [figure(2025, 0, qualifier=">=")], "milestone_open", None),
    (DONE, [figure(2026, 0, published="2026-03")], "missed", None),
    (DONE, [figure(2023, 0)], "milestone_open", None),
    (DONE, [figure(2026, 1, published="2026-03")], "deadline_gap", None), (DONE, [], "no_observation", None),
]  # fmt: skip


def test_figures_decide_on_every_year_a_direction_and_a_milestone_or_do_not(tmp_path):
    for as_of, late in (("2024-12-31", False), (LATE, True)):
        cases = [case for case in YEARS if (case[0]["kind"] != "monotone" or "deadline" in case[0]) == late]
        found = answers(tmp_path / as_of, [case[:2] for case in cases], as_of)
        assert [reason(a) or a.status for a in found] == [status for _, _, status, _ in cases]
        joint = [(a, year) for a, (*_, year) in zip(found, cases, strict=True) if a.target.kind == "monotone"]
        assert [a.settled_in for a, _ in joint] == [year for _, year in joint]
        assert all(a.probability is None for a in found if a.target.kind == "milestone")


def test_the_probability_is_the_share_of_paths_that_rise_every_year_as_published(tmp_path):
    (found,) = answers(tmp_path, [(EVERY, figures(RISING), PERCENT)])
    row = np.round(found.forecast.paths, 1)
    met = (np.diff(np.column_stack([np.full(len(row), 93.1), row]), axis=1) > 1e-9).all(axis=1)
    assert (found.probability, found.threshold) == (met.mean(), None)
    assert (found.status, found.period) == ("forecast", (2021, 2025))  # the fall of 2019 does not count
    assert "stricter" in " ".join(sentences.sentences(found, "en"))


def test_falls_chained_from_changes_and_an_open_direction_are_compared_as_they_are(tmp_path):
    lower = UP | {"direction": "decrease"}
    cases = [(goal, rows) for rows in CHANGES.values() for goal in (FALL, lower)]
    rising, *found = answers(tmp_path, [(UP, figures(RISING), PERCENT), *cases])
    assert (rising.threshold, rising.bound) == (91.3, 91.3)
    assert rising.probability == np.mean(rising.forecast.paths[:, -1] > rising.bound * (1 + 1e-12))
    for every, below in zip(found[::2], found[1::2], strict=True):
        assert every.probability > 0
        assert below.bound == below.series.values[2020]
        assert below.probability == np.mean(below.forecast.paths[:, -1] < below.bound)


def test_gaps_and_first_years_are_named(tmp_path):
    dates = {"bulletin": "2024", "plan": "2022-05-01", "later": "2030"}  # the last: after the deadline
    sources = [{"source_id": name, "publisher": "P", "title": "T", "date": dates[name]} for name in dates]
    levels = [
        (EVERY, RISING), (EVERY, {year: level for year, level in RISING.items() if year != 2021}),
        (EVERY | {"deadline": 2023}, {2019: 90.0, 2020: 91.0, 2022: 93.0, 2023: 94.0}),
        (EVERY | {"base_year": None, "source_id": "plan"}, RISING),
        (EVERY | {"base_year": None, "source_id": "later"}, {2020: 91.3, 2021: 92.4, 2022: 93.1}),
        (EVERY, {2021: 92.4, 2022: 93.1, 2023: 94.0}),
        (EVERY, RISING | {2023: 93.1}),
    ]  # fmt: skip
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


def test_a_rank_is_counted_among_all_regions_with_the_same_parent(tmp_path):
    found, short = ranks(tmp_path, [({}, OWN, OTHERS), ({}, OWN, OTHERS | {"west": [1.0]})])
    assert found.series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    assert set(np.unique(found.forecast.paths)) <= {1.0, 2.0, 3.0, 4.0}
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= 2)
    assert (found.likelihood, "ranked_among" in codes(found)) == ("joint_ranks", True)
    assert reason(short) == "peers_short"  # one missing peer is named and nothing is ranked
    assert "west" in why(short, "en") and "south" not in why(short, "en")


def test_the_deadlines_figures_decide_the_rank_and_equals_share_the_better_place(tmp_path):
    about = {"commitment": "about", "tolerance": 1}  # in places
    cases = [({}, 4.0), ({}, 3.9), (about, 3.9)]  # level with the south, or behind it
    made = [(goal, [*OWN, 5.0, last], ON) for goal, last in cases]
    ahead = OTHERS | {"north": [5.0, 6.0, 7.0, None, 9.0]}
    made += [({"deadline": 2022}, OWN, OTHERS), ({"deadline": 2024}, OWN, ahead)]
    *found, early, gap = ranks(tmp_path, made, LATE)
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
    data = loaded(
        tmp_path, LATE, regions=TOWNS,
        indicators=[indicator("awards"), *(indicator(f"w{k}", **lower) for k in range(4))],
        targets=[target(f"w{k}", indicator_id=f"w{k}", **TOP) for k in range(4)],
        observations=[row | {"indicator_id": "awards"} for row in awards]
        + [row | {"indicator_id": f"w{k}"} for k, made in enumerate(levels) for row in made],
    )  # fmt: skip
    found = [assess(data.at(day), f"w{k}", draws=500) for k, day in enumerate(["2024-12-31", *[LATE] * 3])]
    assert found[0].series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    assert [a.status for a in found] == [
        "forecast",
        "missed",
        "met",
        "missed",
    ]  # the second: the published rank itself

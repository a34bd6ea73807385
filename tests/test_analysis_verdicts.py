"""What turns a verdict: choices varied by hand, and each step between two days from a package of that step alone."""

import dataclasses
import json

import packages
import pytest
from packages import STEADY, changes, figure, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.verdicts import another_verdict, explain_change, sensitivity
from qcity_analysis.forecasting import forecast as models
from qcity_analysis.reporting.analyses import sensitivity_table

PERCENTS = dict(enumerate([-2.0, -3.1, -2.5, -4.0, -1.0, -3.0, -2.2, -3.5, -2.0], start=2014))
CUT = packages.CUT | {"threshold": -13}
DRAWS = 200


@pytest.fixture(autouse=True)
def _two_models(monkeypatch):
    """One model that is quick, and one that fails where a year is missing."""
    monkeypatch.setattr(models, "MODELS", ("theta", "naive"))


def vary(data):
    (varied,) = sensitivity(data, qc.assess(data, "goal", draws=50), draws=DRAWS)
    assert varied.answer.draws == DRAWS  # whatever the answer had
    return varied


def rows(varied, kind):
    return {row.value: row for row in varied.rows if row.kind == kind}


def chance(data, model="mixture"):
    return qc.assess(data, "goal", draws=DRAWS, model=model).probability


def cut(folder, rows=None, **goal):
    return loaded(folder, observations=rows or changes(PERCENTS), targets=[target(**(CUT | goal))])


@pytest.mark.slow
def test_a_window_and_a_year_left_out_are_assessments_of_the_other_figures_alone(tmp_path):
    levels = {2010 + k: 12.5 + 0.5 * k + (k % 3) * 0.4 for k in range(13)}
    varied = vary(loaded(tmp_path / "all", observations=figures(levels)))
    windows, left_out = rows(varied, "window"), rows(varied, "leave_out")
    assert {value: row.first for value, row in windows.items()} == {12: 2011, 8: 2015, 5: 2018}
    assert sorted(left_out) == sorted(levels)[1:]  # the last twelve
    cases = [(row, {y: x for y, x in levels.items() if y >= row.first}) for row in windows.values()]
    cases += [(left_out[year], {y: x for y, x in levels.items() if y != year}) for year in (2011, 2016, 2022)]
    for k, (row, kept) in enumerate(cases):
        assert row.probability == chance(loaded(tmp_path / str(k), observations=figures(kept)))
    plain = json.loads(json.dumps(varied.to_dict()))
    assert (plain["asked"]["kind"], len(plain["rows"]), plain["draws"]) == ("asked", len(varied.rows), DRAWS)


@pytest.mark.slow
def test_leaving_out_a_yearly_change_joins_its_neighbours_and_a_base_year_keeps_the_pace(tmp_path):
    varied = vary(cut(tmp_path / "all"))
    left_out, bases = rows(varied, "leave_out"), rows(varied, "base_year")
    assert 2020 not in left_out  # the base year itself
    joined = 100 * ((1 + PERCENTS[2018] / 100) * (1 + PERCENTS[2019] / 100) - 1)
    kept = changes({year: value for year, value in PERCENTS.items() if year not in (2018, 2019)})
    bridge = changes({2019: joined}, measure="cumulative_change_pct", base_period="2017")
    assert left_out[2018].probability == chance(cut(tmp_path / "b", [*kept, *bridge]))
    assert sorted(bases) == [2018, 2019, 2021]
    pace = 100 * ((1 - 13 / 100) ** (6 / 5) - 1)  # from 2019, not 2020, to 2025
    other = cut(tmp_path / "c", base_year=2019, threshold=repr(pace))
    assert bases[2019].probability == pytest.approx(chance(other), abs=1e-9)
    windows = rows(vary(cut(tmp_path / "d", base_year=2016)), "window")
    assert {row.first for row in windows.values()} == {2015}  # never without the base year


def test_the_tolerance_is_left_away_and_other_models_are_tried(tmp_path):
    goals = [target(commitment="about", tolerance=0.5)]
    compared = [indicator("widgets", comparators="otherland/widgets")]
    varied = vary(loaded(tmp_path / "a", targets=goals, indicators=compared))
    assert rows(varied, "tolerance")[0.0].probability == chance(loaded(tmp_path / "b"))
    models = rows(varied, "model")
    assert set(models) == {"theta", "naive"}
    assert models["naive"].probability == chance(loaded(tmp_path / "c", targets=goals), "naive")


def test_a_model_that_cannot_be_fitted_says_why_and_a_flip_is_the_other_side_of_one_half(tmp_path):
    levels = {year: level for year, level in STEADY.items() if year != 2018}
    varied = vary(loaded(tmp_path, observations=figures(levels), targets=[target(threshold=19.2)]))
    row = rows(varied, "model")["theta"]
    assert (row.status, row.probability, row.flips) == ("not_assessable", None, False)
    words = sensitivity_table(varied, "en").set_index("Choice").loc["Theta method", "In words"]
    assert row.reason.values["why"] == "model 'theta' needs every year from 2016 to 2022; some are missing"
    assert row.reason.values["why"] in words
    assert "要求 2016 至 2022 年逐年有数据" in str(sensitivity_table(varied, "zh").to_numpy())
    above, told = varied.asked.probability >= 0.5, [row for row in varied.rows if row.probability is not None]
    assert [row.flips for row in told] == [(row.probability >= 0.5) != above for row in told]
    assert varied.flips == tuple(row for row in varied.rows if row.flips) != ()


def test_definitions_are_compared_with_each_other_and_a_settled_one_has_no_windows(definitions):
    data, whole = definitions
    old, new = sensitivity(data, whole, draws=10)
    assert (old.asked.status, new.asked.status) == ("forecast", "met")
    assert rows(old, "definition")["widgets_new"].flips
    assert rows(new, "definition")["widgets"].flips
    assert {row.kind for row in new.rows} <= {"base_year", "definition"}
    assert {row.kind for row in old.rows} >= {"window", "leave_out", "base_year", "model", "definition"}
    one, other = whole.parts
    assert another_verdict(other, one) and another_verdict(one, other) and not another_verdict(one, one)


def test_what_cannot_be_assessed_turns_on_nothing(tmp_path):
    data = qc.load(as_of="2024-06-30")
    (varied,) = sensitivity(data, qc.assess(data, "energy_intensity", draws=4), draws=4)
    assert varied.asked.status == "not_assessable" and not varied.flips
    assert varied.rows == ()
    empty = loaded(tmp_path, observations=[])
    assert sensitivity(empty, qc.assess(empty, "goal"), draws=DRAWS)[0].rows == ()


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


@pytest.mark.parametrize(("rows", "goal", "later", "word", "flipped", "before", "after"), [
    ([*EARLY, REVISED | {"value": 25.0}], {"threshold": 22}, "2023-06-30", "revision", True, "forecast", "forecast"),
    ([*EARLY, figure(2022, 21.0)], {"deadline": 2022}, "2023-06-30", "new_figure", True, "forecast", "met"),
    (EARLY, {}, "2022-09-30", "unchanged", False, "forecast", "forecast"),
    ([figure(2021, 15.0), LATE], {}, "2023-06-30", "unchanged", False, "not_assessable", "not_assessable"),
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


@pytest.mark.parametrize("words", ["unchanged", "new_figure unchanged"])
def test_each_definition_has_its_own_change_and_depending_on_it_twice_is_no_other_verdict(definitions, words):
    later = "2023-04-30" if words == "unchanged" else "2024-03-31"
    change = explain_change(definitions[0], "goal", "made_up", "2023-03-31", later, draws=50)
    assert change.before.status == change.after.status == "depends_on_definition" and not change.flipped
    assert sorted({part.word for part in change.parts}) == words.split() and change.word == words.split()[0]
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

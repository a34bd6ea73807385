"""What others say: an aim is evidence, a place without figures has a reference; learned numbers and their limits."""

import json
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from packages import CUT, figures, indicator, loaded, packed, run, target

import qcity_analysis as qc
from qcity_analysis.analysis.outlook import outlook
from qcity_analysis.assessment.answer import ipcc_word
from qcity_analysis.errors import Note, QcityError
from qcity_analysis.forecasting import outside as others
from qcity_analysis.forecasting.prior import shipped_text
from qcity_analysis.problems import DataError
from qcity_analysis.reporting import sections, sentences, show
from qcity_analysis.reporting.export import review
from qcity_analysis.reporting.formatting import percent
from qcity_analysis.running.sharing import write_results

GREW = {"period": range(2012, 2022), "value": [7.9, 7.8, 7.4, 7.0, 6.8, 6.9, 6.7, 6.0, 2.2, 8.4]}
PANEL = qc.forecast_panel(pd.DataFrame({"series_id": "a"} | GREW), 2)
KNOWN = dict(aim=True, qualifier="exact", met_before=2, missed_before=1, recent_met=20, recent_n=40)
SLOW = {"marks": pytest.mark.slow}
ORDERED = {"met_before": 1, "missed_before": -1, "recent_met": 1, "threshold": -1}


def asked(*rows, **columns):
    one = dict(series_id="a", period=2022, threshold=6.0, direction="at_least") | columns
    return PANEL.probability(pd.DataFrame([one | row for row in rows or [{}]]))


def test_an_aim_that_is_not_told_or_the_first_of_its_kind_changes_nothing():
    plain, first = asked().tobytes(), {"recent_met": 0, "recent_n": 0}
    for told in ({"aim": False}, {"aim": None}, KNOWN | {"aim": False, "qualifier": None}, KNOWN | first):
        assert asked(told).tobytes() == plain
    assert asked({}, KNOWN)[:1].tobytes() == plain != asked(KNOWN).tobytes()


@pytest.mark.parametrize(("column", "sign"), ORDERED.items())
def test_the_probability_of_an_aim_keeps_its_order(column, sign):
    said = asked(*({column: value} for value in range(31)), **KNOWN)
    assert (sign * np.diff(said) >= 0).all() and 0 <= said.min() < said.max() <= 1


def compared(levels, above=True, name="province"):
    """A comparator whose years to come are known."""
    one = pd.Series(levels, dtype=float)
    return others.Comparator(name, above, one.loc[:2020], one[:0], np.tile(one.loc[2021:2023], (4000, 1)))


STEADY = {year: 100 * 1.05 ** (year - 2012) for year in range(2012, 2024)}
BUMPY = {year: level * (1.1 if year % 2 else 0.95) for year, level in STEADY.items()}


def referred(*comparators):
    return others.reference(10.0, 2020, comparators, np.r_[2021:2024], "positive", np.random.default_rng(1))


@pytest.mark.parametrize(("wrong", "said"), [
    ({"qualifier": None}, "row 1, column qualifier: found ''; allowed: exact, about, at_least, at_most, range;"),
    ({"qualifier": "roughly"}, "column qualifier: found 'roughly'; allowed: exact"),
    ({"met_before": -1}, "row 1, column met_before: found '-1'; allowed: a whole number, 0 or more"),
    ({"recent_n": "many"}, "column recent_n: found 'many'; allowed: a whole"),
    ({"recent_met": 41}, "column recent_met: found '41'; allowed: 40 at most, as recent_n"),
    ({"aim": "yes"}, "column aim: found 'yes'; allowed: True, False or empty"),
    ((), "comparators: found 'none'; allowed: a comparator with figures since the base year"),
    ((compared({2012: 1, 2013: 2}, name="x/y"),), "x/y: found 'no figure of 2020'; allowed: one of the base year"),
    ((compared({2019: 1, 2020: 2}, name="x/y"),), "x/y: found 'neither figure nor forecast after 2020'"),
])  # fmt: skip
def test_an_aim_that_is_not_whole_and_comparators_that_cannot_be_chained_are_refused(wrong, said):
    with pytest.raises(DataError) as error:
        asked(KNOWN | wrong) if isinstance(wrong, dict) else referred(*wrong)
    assert said in str(error.value) and "应为" in sentences.reason(Note("model", error.value.values), "zh")


def test_the_learned_numbers_meet_their_bars_on_regions_and_indicators_left_out():
    evidence = json.loads(shipped_text(others.AIMS_FILE))["evidence"]
    scores, worse = evidence["scores"], evidence["brier_less_figures_by_indicator"].values()
    growth, every = (scores[f"both, other regions, {part}"] for part in ("growth", "all"))
    assert growth["brier"] <= 0.222 and growth["brier_without_2020_2022"] <= 0.195 and growth["slope"] >= 0.7
    assert every["brier"] < scores["figures, all"]["brier"] and max(map(max, map(dict.values, worse))) <= 0.01
    told = json.loads(shipped_text(others.FILE))["evidence"]["scores"]
    ahead, known = (told[f"provinces and cities, {name}"] for name in ("forecast", "published"))
    for kind in ("pair_above", "pair_beside", "one_above"):  # shares in whole percent
        held = [*ahead["held_90"][kind].values(), np.mean(list(known["held_90"][kind].values()))]
        assert 0.88 <= min(held) <= max(held) < 0.925 and max(known["crps"][kind].values()) < 1
    assert max(*ahead["crps"]["pair_above"].values(), *ahead["crps"]["one_above"].values()) < 1


@pytest.mark.parametrize(("day", "name", "plan", "bases", "by"), [
    pytest.param("2024-06-30", "gdp_growth_2024", "jiangsu_yearly", "figures outside both", "both", **SLOW),
    pytest.param("2022-06-30", "energy_per_gdp", "china_14fyp", "figures outside both", "both", **SLOW),
    ("2025-06-30", "co2_per_gdp", "china_14fyp", "figures outside both", "figures"),  # known to the year before
    ("2026-06-30", "rd_spending", "china_15fyp", "outside reference", "reference"),
    ("2026-06-30", "nursing_bed_share", "china_15fyp", "outside", "outside"),
])  # fmt: skip
def test_every_place_shows_the_one_number_of_the_headline(day, name, plan, bases, by, tmp_path):
    answer = qc.assess(data := qc.load(as_of=day), name, plan=plan, draws=200)
    p, told, aim = answer.bases[by].value, answer.to_dict(), "figures" in bases
    assert [*answer.bases] == bases.split() and answer.basis == by and f"{p:.3g}, " in repr(answer)
    assert (answer.probability, answer.word) == ((p, ipcc_word(p)) if aim else (None, None))
    write_results([told], tmp_path)
    (row,) = json.loads((tmp_path / "results.json").read_text("utf-8"))["results"]
    rows = [told, answer.to_frame().iloc[0], row]
    assert [(row["basis"], row["headline_probability"]) for row in rows] == [(by, pytest.approx(p))] * 3
    for lang in ("zh", "en"):
        row, line = review([answer], lang).iloc[0], sections.answer_lines(answer, lang)[0].partition("\n")[0]
        assert (row["probability"], row["basis"]) == (p, sentences.goes_by(answer, lang))
        shown = [show.card(answer, lang), show.row("", answer, lang), line, row["conclusion"], row["remark"]]
        assert [percent(p, lang) in unescape(one) for one in shown] == [True] * 5
    if aim:
        figures, view, joint = answer.bases.values()
        assert min(figures.value, view.value) <= joint.value <= max(figures.value, view.value)
        assert view.low < 0.8 and told["bases"]["outside"]["n"] == view.n
        assert answer.what_if({"as it is": {}}).to_frame()["probability"].tolist() == [figures.value]
        assert name != "gdp_growth_2024" or answer.sensitivity()["probability"][0] == p
        other = qc.assess(data, replace(answer.target, threshold=-10.0), draws=200)
        assert [*other.bases, other.basis] == ["figures"] * 2


@pytest.mark.parametrize(("name", "day", "until", "record", "unsaid"), [
    ("gdp_growth_2018", "2018-06-30", 2018, (13, 13), (13, 13)),
    pytest.param("gdp_growth_2024", "2024-06-30", 2024, (15, 19), (15, 19), marks=pytest.mark.slow),
    ("gdp_growth_2024", "2024-02-15", 2023, (15, 19), (15, 19)),  # before the reports on the year before
    ("unemployment_surveyed_2022", "2022-06-30", 2022, (4, 4), (3, 3)),
])  # fmt: skip
def test_earlier_aims_count_as_far_as_they_were_known_on_the_day(name, day, until, record, unsaid):
    data, recent = qc.load(as_of=day), {2018: 5, 2022: 3}.get(until, 6)
    both = (data, replace(data, outcomes=data.outcomes.iloc[:0]))
    made = [qc.assess(one, name, plan="jiangsu_yearly", draws=200) for one in both]
    told = [tuple(note.values.values()) for one in made for note in one.notes if note.code == "own_record"]
    assert told == [record, unsaid]
    assert made[0].bases["outside"].n == others.met_of(made[0].target.indicator_id, until)[1] + recent


RISING = figures({2016 + k: 80 + 1.5 * k + (-1) ** k for k in range(8)})
TURNED = {
    "at_least": ({}, RISING), "at_most": ({"direction": "at_most"}, RISING), "cut": (CUT, RISING),
    "growth": ({"kind": "average_growth", "threshold": 2, "base_year": 2020}, RISING),
    "every": ({"kind": "every_year", "direction": "at_most", "threshold": 95, "base_year": 2023}, RISING),
    "sum": ({"kind": "cumulative", "threshold": 60, "base_year": 2020},
            run(2017, [9, 12, 10, 14, 11, 13, 12], "count_new"), {"support": "count", "unit": "items"}),
}  # fmt: skip


@pytest.mark.parametrize("case", TURNED.values(), ids=TURNED)
def test_level_and_year_turn_the_question_round(case, tmp_path):
    data, chances = packed(tmp_path, [case]), np.linspace(0.05, 0.95, 7)
    answer = qc.assess(data, "w0", draws=2000)
    levels, base = [answer.level(p) for p in chances], float(answer.levels().get(2020, np.nan))
    assert levels == sorted({*levels}, reverse=answer.target.upward)
    for p, level in zip(chances, levels, strict=True):
        other = replace(answer.target, threshold=float(answer.target.amount_of(level, base)))
        same = np.mean(answer.forecast.paths[:, -1] == level)  # many, of whole counts
        assert qc.assess(data, other, draws=2000).probability == pytest.approx(p, abs=1 / 1000 + same)
    ahead, none = outlook(data, answer), qc.assess(data, "w0", as_of="2015-01-01")
    for p, year in [(p, ahead.year(p)) for p in chances]:
        assert (ahead.chances.loc[: (year or 9999) - 1] < p).all() and (not year or ahead.chances[year] >= p)
    assert ahead.year(0.5) == ahead.attained[0.5]
    for ask in (ahead.year, answer.level, none.level):
        with pytest.raises(QcityError, match="no forecast" if ask == none.level else "between 0 and 1"):
            ask(1.0)


def test_a_reference_moves_like_the_nearest_region_above_and_widens_with_the_years():
    made = referred(compared(STEADY), compared(BUMPY, above=False))
    assert made.median().tolist() == pytest.approx([10 * 1.05**k for k in (1, 2, 3)], rel=0.02)
    width = np.diff(np.log(made.interval()), axis=1).ravel()
    assert (np.diff(width) > 0).all()
    beside = referred(compared(STEADY, above=False), compared(BUMPY, above=False))  # the mean of both
    assert not np.allclose(beside.median(), made.median(), rtol=0.02)
    assert np.diff(np.log(referred(compared(BUMPY)).interval()), axis=1)[0] > width[0] / 4


def test_a_comparator_that_is_the_region_itself_is_refused_unless_another_region_may_use_it(tmp_path):
    names, rows = [indicator("widgets", comparators="testville/widgets")], figures({2020: 9.0})
    with pytest.raises(QcityError, match="found 'testville/widgets'; allowed: another region"):
        loaded(tmp_path / "one", observations=rows, indicators=names)
    goals = {"targets": [target(), target(target_id="theirs", region="otherland")], "indicators": names}
    answer = qc.assess(loaded(tmp_path / "two", observations=rows, **goals), "goal")
    assert answer.parts == () and "There is no comparator" in sentences.sentences(answer, "en")[-1]


@pytest.mark.parametrize("day", [pytest.param(day, **SLOW) for day in ("2022-12-31", "2023-12-31")])
def test_revealing_figures_one_by_one_moves_smoothly_from_the_reference_to_the_ordinary_answer(day):
    data, told = qc.load(as_of=day), []
    own = data.observations.query("region == 'nanjing' and indicator_id == 'rd_intensity'")
    for first in sorted(own["year"].unique())[:-8:-1]:
        part = replace(data, observations=data.observations.drop(own.index[own["year"] < first]))
        told.append(qc.assess(part, "rd_intensity", plan="nanjing_quality_city", draws=2000))
    assert [one.basis for one in told] == ["reference"] * 2 + ["figures"] * 5
    chance = np.array([one.bases[one.basis].value for one in told])
    middle = [(one.parts or (one,))[0].forecast.median().iloc[-1] for one in told]
    assert np.abs(np.diff(chance)).max() <= 0.12 and abs(chance[2] - chance[1]) <= 0.05
    assert np.abs(np.diff(np.log(middle))).max() <= 0.05

"""What if: conditioning keeps to the law of total probability, courses move the median, suppositions are checked."""

import numpy as np
import pandas as pd
import pytest

import qcity_analysis as qc
from qcity_analysis.analysis.outlook import feasibility
from qcity_analysis.analysis.scenarios import USUAL, given, scenario

LEVELS = pd.Series([3.0, 3.1, 3.3, 3.4, 3.6, 3.7], index=range(2019, 2025))


@pytest.fixture(scope="module")
def answer():
    return qc.assess_series(LEVELS, at_least=4, by=2027, support="positive", as_of="2024-12-31")


@pytest.mark.parametrize("year", [2025, 2026])
def test_given_averaged_over_the_forecast_of_its_year_is_the_probability_without_it(answer, year):
    values = answer.forecast.quantiles((np.arange(60) + 0.5) / 60).loc[year]
    under = [given(answer.forecast, {year: value}).paths[:, -1] for value in values]
    chances = [np.mean(answer.target.is_met(paths, answer.bound)) for paths in under]
    error = np.hypot(answer.probability_error, np.sqrt(0.25 / len(under[0]) / len(under)))
    assert np.mean(chances) == pytest.approx(answer.probability, abs=4 * error)
    assert chances[0] < answer.probability < chances[-1]


def test_a_figure_of_the_deadline_decides_and_several_figures_are_kept_to(answer):
    assert [scenario(answer.data, answer, given={2027: v}).answer.chance for v in (3.9, 4.0)] == [0, 1]
    both = given(answer.forecast, {2025: 3.8, 2026: 3.9}).paths
    assert (both[:, :2] == [3.8, 3.9]).all() and both[:, 2].std() > 0
    later = scenario(answer.data, answer, given={2025: 3.8})
    needed = feasibility(answer.data, later.answer, (2025, 3.8, 2027, 4.0)).needed
    assert (later.pace.linear, later.seen.needed) == pytest.approx((0.1, needed))


@pytest.mark.parametrize(("supposed", "medians"), [
    ({"pace": "halted"}, [3.7, 3.7, 3.7]), ({"pace": 0.1}, [3.8, 3.7 * (3.8 / 3.7) ** 2, 3.7 * (3.8 / 3.7) ** 3]),
    ({"pace": "last 3"}, [3.7 * (3.7 / 3.3) ** (k / 3) for k in (1, 2, 3)]),
    ({"pace": "needed"}, [3.7 * (4 / 3.7) ** (k / 3) for k in (1, 2, 3)]),
    ({"path": {2025: 3.6, 2027: 4.2}}, [3.6, 3.9, 4.2]),
])  # fmt: skip
def test_a_course_takes_the_place_of_the_median_and_the_spread_stays(answer, supposed, medians):
    found = scenario(answer.data, answer, **supposed).answer
    assert found.forecast.median().tolist() == pytest.approx(medians)
    width, before = (one.interval[1] / one.interval[0] for one in (found, answer))
    assert width == pytest.approx(before, rel=1e-6)


def test_shocks_policies_and_other_targets(answer):
    median = answer.forecast.median()
    for supposed, moved in [
        ({"shock": (2025, -0.2)}, [-0.2, -0.2, -0.2]), ({"shock": (2025, -0.2, 2)}, [-0.2, -0.1, 0.0]),
        ({"policy": (2026, 0.5)}, [0, median[2025] + 0.5 - median[2026], median[2025] + 1.0 - median[2027]]),
    ]:  # fmt: skip
        found = scenario(answer.data, answer, **supposed).answer.forecast.median()
        assert (found - median).tolist() == pytest.approx(moved, abs=1e-9)
    asked = {"3.8": {"threshold": 3.8}, "2030": {"deadline": 2030}, "met": {"threshold": 3.8, "pace": 0.3}}
    easier = answer.what_if(asked)
    assert (easier.to_frame()["probability"] > answer.probability).all()
    assert easier.answers["2030"].target.deadline == 2030
    assert easier.answer.chance > 0.9 and len(repr(easier)) < 300
    with pytest.raises(qc.QcityError, match="one course"):
        answer.what_if(pace=1, path={2025: 3})


def test_the_usual_scenarios_are_a_table_and_a_fan_each_in_both_languages():
    for lang, name in (("en", "Halted at the last level"), ("zh", "停在最近的水平")):
        answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity", draws=500, language=lang)
        usual = answer.what_if()
        assert [row.name for row in usual.rows] == list(USUAL)
        drawn = [ax for ax in usual.plot().figure.axes if ax.lines]
        assert name in usual._repr_html_() and len(drawn) == len(USUAL)
    table = usual.to_frame()
    assert table.loc["forecast", "probability"] == answer.probability
    assert table.loc["needed", "probability"] == pytest.approx(0.5, abs=0.02)
    assert table[["own", "comparators", "corpus"]].stack().between(0, 1).all()


@pytest.mark.parametrize(("supposed", "why"), [
    ({"given": {2024: 3.7}}, "2025 to 2027"), ({"given": {2025: -1}}, "impossible"), ({"given": 3}, "by year"),
    ({"pase": 1}, "Did you mean \"pace\""), ({"pace": "best"}, "no comparator"),
    ({"pace": "last 50"}, "within the figures"),
    ({"shock": (2040, 1)}, "2025 to 2027"), ({"policy": 3}, "year of a policy"),
])  # fmt: skip
def test_what_cannot_be_supposed_is_refused(answer, supposed, why):
    with pytest.raises(qc.QcityError, match=why):
        answer.what_if(**supposed)


def test_only_answers_that_the_level_of_the_deadline_decides_can_be_supposed_of():
    counts = pd.Series([3, 4, 2, 5], index=range(2021, 2025))
    how = {"base": 2020, "by": 2027, "rounds": "2021/1", "draws": 200, "as_of": "2024-12-31"}
    sums, met = (qc.assess_series(counts, at_least=bound, **how) for bound in (30, 3))
    assert sums.what_if(threshold=22).answer.probability > sums.probability
    with pytest.raises(qc.QcityError, match="status is 'met', its kind 'cumulative'; suppose a threshold"):
        met.what_if(pace=1)

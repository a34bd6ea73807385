"""Hindcasts see only what was published by the day; questions and scores are recomputed the slow way."""

import numpy as np
import pandas as pd
import pytest
import scoringrules
from packages import changes, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.forecasting import forecast as models
from qcity_analysis.rules import RULES
from qcity_analysis.trackrecord import hindcasts as room
from qcity_analysis.trackrecord import record
from qcity_analysis.trackrecord.hindcasts import QUESTION, hindcasts, origins, plan_indicators
from training.record import mean_interval

LEVELS = {2012: 10.0, 2013: 10.4, 2014: 11.1, 2015: 11.0, 2016: 11.9, 2017: 12.3, 2018: 12.1, 2019: 13.0}
OWN = ("widgets", "testville")


def package(folder, levels=LEVELS, **tables):
    return loaded(folder, **({"observations": figures(levels)} | tables))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return hindcasts(package(tmp_path_factory.mktemp("data")), *OWN)


def test_an_origin_is_the_day_a_years_figure_came_out_and_every_outcome_is_asked(made):
    days = [(o.last_year, o.as_of.isoformat(), o.lagged) for o in made.origins]
    assert days == [(year, f"{year + 1}-02-28", False) for year in range(2014, 2019)]
    assert all(max(o.series.known().index) == o.last_year for o in made.origins)  # nothing later is known
    expected = [(last, last + h) for last in range(2014, 2019) for h in range(1, 6) if last + h in LEVELS]
    outcomes = [(made.origins[row.origin].last_year, row.year) for row in made.ahead.itertuples()]
    assert sorted(outcomes) == sorted(expected)
    assert all(LEVELS[row.year] == row.actual for row in made.ahead.itertuples())


def test_changing_the_future_changes_no_forecast(tmp_path, made):
    other = hindcasts(package(tmp_path, LEVELS | {2018: 40.0, 2019: 1.0}), *OWN)
    early = made.questions[made.questions["origin"] <= 3]  # origins up to 2017
    key = ["origin", "years", "threshold", "at_least"]
    same = early.merge(other.questions, on=key, suffixes=("", "_other"))
    assert len(same) == len(early) > 100
    assert (same["probability"] == same["probability_other"]).all()
    assert (same["met"] != same["met_other"]).any()


def check_answers(folder, made, i, deadline, upward, step, **tables):
    """Every `step`-th question of an origin is answered as `assess` answers it on that day; the last answer."""
    asked = made.questions
    mine = asked[(asked["origin"] == i) & (asked["deadline"] == deadline) & (asked["at_least"] == upward)]
    picked, side = list(mine.iloc[1::step].itertuples()), "at_least" if upward else "at_most"
    cells = {"deadline": deadline, "direction": side}
    goals = [target(f"q{k}", threshold=q.threshold, **cells) for k, q in enumerate(picked)]
    data = package(folder, targets=goals, **tables)
    for k, q in enumerate(picked):
        answer = qc.assess(data, f"q{k}", as_of=made.origins[i].as_of, draws=5000)
        assert q.probability == pytest.approx(answer.probability, abs=0.04)
    return answer


@pytest.mark.parametrize(("upward", "last", "deadline"), [(True, 2016, 2019), (False, 2015, 2017)])
def test_probabilities_are_those_that_assess_issues(tmp_path, made, upward, last, deadline):
    check_answers(tmp_path, made, last - 2014, deadline, upward, 4)


@pytest.mark.slow
def test_comparators_known_on_the_day_move_a_hindcast_as_they_move_the_answer(tmp_path, made):
    growth = {year: 40.0 * 1.12 ** (year - 2012) for year in LEVELS}
    theirs = [row | {"published": f"{row['published'][:8]}01"} for row in figures(growth, region="otherland")]
    names = {"name_zh": "甲", "name_en": "T"}
    regions = [names | {"region": "testville", "parent": "otherland"}, names | {"region": "otherland"}]
    compared = [indicator("widgets", comparators="otherland/widgets")]
    tables = {"observations": figures(LEVELS) + theirs, "regions": regions, "indicators": compared}
    moved = hindcasts(package(tmp_path / "b", **tables), *OWN)
    assert (made.questions["probability"].to_numpy() != moved.questions["probability"].to_numpy()).any()
    i = next(i for i, one in enumerate(moved.origins) if one.last_year == 2017)
    answer = check_answers(tmp_path / "c", moved, i, 2019, True, 5, **tables)
    assert any(note.code == "comparators" for note in answer.notes)


def test_ambitions_are_multiples_of_the_mean_change_and_of_the_walks_spread(made):
    known = made.origins[0].series.known()
    change = np.diff(known.to_numpy())
    drift, rough = abs(change.mean()), np.sqrt((change**2).mean())
    mine = made.questions[(made.questions["origin"] == 0) & (made.questions["years"] == 2)]
    distances = {a * drift * 2 for a in room.AMBITIONS} | {a * rough * np.sqrt(2) for a in room.STRETCH}
    for up, turn in ((True, 1), (False, -1)):
        asked = sorted(turn * (mine.loc[mine["at_least"] == up, "threshold"] - known.iloc[-1]))
        assert np.allclose(asked, sorted(distances))
    met = np.where(mine["at_least"], LEVELS[2016] >= mine["threshold"], LEVELS[2016] <= mine["threshold"])
    assert (met == mine["met"]).all()


def test_a_series_published_all_at_once_goes_by_its_publication_lag(tmp_path):
    late = [row | {"published": "2021-12-01"} for row in figures(LEVELS)]
    lagging = [indicator("widgets", publication_lag_months=8)]
    past = origins(package(tmp_path, observations=late, indicators=lagging), *OWN)
    days = [(o.last_year, o.as_of.isoformat(), o.lagged) for o in past[:2]]
    assert days == [(2014, "2015-08-31", True), (2015, "2016-08-31", True)]


def test_a_level_chained_from_changes_is_compared_as_a_ratio_and_fewer_than_five_years_are_not(tmp_path):
    moved = {2013: -2.0, 2014: -3.0, 2015: -1.0, 2016: -4.0, 2017: -2.0, 2018: -5.0}
    first = origins(package(tmp_path, observations=changes(moved)), *OWN)[0]
    assert first.last_year == 2014
    assert first.actual(2016) == pytest.approx(first.series.values[2014] * 0.99 * 0.96)
    few = hindcasts(package(tmp_path, {year: LEVELS[year] for year in range(2012, 2016)}), *OWN)
    assert few.origins == () and few.questions.empty and few.ahead.empty


def test_a_plans_series_are_its_targets_their_comparators_and_newer_definitions():
    names = plan_indicators(qc.load(), "nanjing_quality_city")
    assert {"rd_intensity", "energy_per_gdp", "energy_per_gdp_b"} <= names and "un_rd_intensity" not in names
    with pytest.raises(qc.QcityError, match='unknown plan "?.china_14fy.*Did you mean "china_14fyp"'):
        plan_indicators(qc.load(), "china_14fy")


# scores by group, intervals over whole indicators, rules and their calibration
def asked(number=600, indicators=12):
    rng, k = np.random.default_rng(0), np.arange(number)
    p = rng.random(number)
    met = (rng.random(number) < p).astype(float)
    family = [f"i{i}" for i in k % indicators]
    return pd.DataFrame({"probability": p, "met": met, "family": family, "years": 1 + k % 5})


def test_scores_agree_with_scoringrules_and_murphys_parts_add_up_where_every_bin_says_one_thing():
    table = asked()
    whole, p, met = record.summary(table), table["probability"].to_numpy(), table["met"].to_numpy()
    assert whole["brier"] == pytest.approx(scoringrules.brier_score(met, p).mean())
    assert whole["log_score"] == pytest.approx(scoringrules.log_score(met, p).mean())
    whole = record.summary(table.assign(probability=np.floor(10 * p) / 10 + 0.05))
    assert whole["brier"] == pytest.approx(whole["reliability"] - whole["resolution"] + whole["uncertainty"])


def test_an_interval_draws_whole_indicators_and_agrees_with_drawing_them_one_by_one():
    values = np.repeat([0.0, 1.0], 500)
    assert mean_interval(values, np.repeat(["a", "b"], 500)) == (0.0, 1.0)
    low, high = mean_interval(values, np.arange(1000).astype(str))
    assert 0.45 < low < 0.5 < high < 0.55
    assert np.isnan(mean_interval(values[:3], ["a", "a", "a"])).all()  # one alone has none
    table = asked(indicators=7)
    error = ((table["probability"] - table["met"]) ** 2).to_numpy()
    rng, members = np.random.default_rng(1), [np.flatnonzero(table["family"] == f"i{k}") for k in range(7)]
    slow = [error[np.concatenate([members[g] for g in rng.integers(0, 7, 7)])].mean() for _ in range(4000)]
    interval = mean_interval(error, table["family"])
    assert interval == pytest.approx(tuple(np.quantile(slow, [0.05, 0.95])), abs=0.003)


def test_a_benchmark_is_compared_on_the_questions_it_answers():
    table = asked().assign(rule=lambda t: (t["probability"] > 0.5).astype(float))
    table.loc[:299, "rule"] = np.nan
    (row,) = record.against(table, ["rule"]).to_dict("records")
    part = table.iloc[300:]
    ours, theirs = (((part[name] - part["met"]) ** 2).mean() for name in ("probability", "rule"))
    assert (row["number"], row["answered"]) == (300, 0.5)
    assert (row["ours"], row["brier"], row["skill"]) == pytest.approx((ours, theirs, 1 - ours / theirs))
    assert row["low"] < row["skill"] < row["high"]


def test_the_hardest_rule_is_named_by_years_left_and_one_that_seldom_answers_is_not():
    table = asked().assign(good=lambda t: t["met"], bad=lambda t: 1 - t["met"], poor=0.5, never=np.nan)
    table["rare"] = table["met"].where(np.arange(len(table)) < 100)
    hard = record.toughest(table, ["bad", "poor", "rare", "never"])
    assert hard["rival"].unique().tolist() == ["poor"] and hard.index.tolist() == [1, 2, 3, 4, 5, "all"]
    perfect = record.toughest(table, ["good", "bad"])
    assert perfect["rival"].unique().tolist() == ["good"] and (perfect["skill"] < 0).all()
    assert record.toughest(table, ["never"]).empty


def test_a_rule_is_calibrated_on_other_indicators_only():
    table = asked(indicators=40)
    met, family, own = table["met"], table["family"], table["family"] == "i3"
    rule = pd.DataFrame({"r": (table["probability"] > 0.4).astype(float)})
    outcomes = (met, met.where(~own, 1 - met))
    first, second = (room.calibrated(rule, each, family)["r_calibrated"] for each in outcomes)
    assert (first[own] == second[own]).all() and (first[~own] != second[~own]).any()
    assert ((first - met) ** 2).mean() < ((rule["r"] - met) ** 2).mean()
    assert room.calibrated(rule * np.nan, met, family).isna().all(axis=None)


def test_coverage_counts_what_lies_inside():
    inside = {"in50": [True, False, False], "in90": [True, True, False]}
    cells = {"crps": [1, 30, 1], "crps_walk": [2, 20, 2]} | inside
    ahead = pd.DataFrame({"years": [1, 1, 2], "family": [*"aba"], "series": [*"aba"]} | cells)
    table = record.coverage(ahead)
    assert table.loc[1, "in50"] == 0.5 and table.loc["all", "in90"] == pytest.approx(2 / 3)
    assert table.loc["all", "crps_ratio"] == pytest.approx((0.5 + 1.5 + 0.5) / 3)


def test_models_answer_the_very_questions(tmp_path, made, monkeypatch):
    monkeypatch.setattr(models, "MODELS", ("naive", "ets"))
    data = package(tmp_path)
    told = room.answered(data, OWN, data.at, 2)
    asked, ahead, short = pd.DataFrame(told["questions"]), pd.DataFrame(told["ahead"]), told["failed"]["ets"]
    assert told["asked"] == {"naive": len(made.origins), "ets": 2} and short < 2
    assert asked["naive"].between(0, 1).all() and ahead["crps_naive"].gt(0).all()
    assert asked.groupby("origin")["ets"].count().gt(0).sum() == 2 - short
    pd.testing.assert_frame_equal(asked[QUESTION[1:]], made.questions[QUESTION[1:]])


def test_rules_say_yes_or_no_and_the_schedule_follows_the_line_from_the_base_year(tmp_path, made):
    data = package(tmp_path)
    answers = pd.DataFrame(room.answered(data, OWN, data.at, 0)["questions"])[[*RULES]]
    assert answers.index.equals(made.questions.index)
    assert answers.isin([0.0, 1.0, np.nan]).all(axis=None)
    for q, says in zip(made.questions.itertuples(), answers["schedule"], strict=True):
        levels = made.origins[q.origin].series.known()
        last, base = levels.iloc[-1], levels[q.base_year]
        met = last >= q.threshold if q.at_least else last <= q.threshold
        if met or q.threshold == base or (q.threshold > base) != q.at_least:
            continue
        covered = (last - base) / (q.threshold - base)
        due = (levels.index[-1] - q.base_year) / (q.deadline - q.base_year)
        if abs(covered - due) > 1e-6:
            assert says == float(covered >= due)

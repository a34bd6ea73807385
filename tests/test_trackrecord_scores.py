"""Scores by group, intervals over whole indicators, rules and their calibration, recomputed the slow way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scoringrules
from packages import figure, loaded

from qcity_analysis.rules import RULES
from qcity_analysis.trackrecord import hindcasts, record
from qcity_analysis.trackrecord.hindcasts import Hindcasts


def asked(number: int = 600, indicators: int = 12) -> pd.DataFrame:
    rng, k = np.random.default_rng(0), np.arange(number)
    p = rng.random(number)
    met = (rng.random(number) < p).astype(float)
    family = [f"i{i}" for i in k % indicators]
    return pd.DataFrame({"probability": p, "met": met, "family": family, "years": 1 + k % 5})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Hindcasts:
    levels = enumerate([10.0, 10.4, 11.1, 11.0, 11.9, 12.3, 12.1, 13.0, 13.3], start=2011)
    rows = [figure(year, level, published=f"{year + 1}-05-10") for year, level in levels]
    return hindcasts.hindcasts(loaded(tmp_path_factory.mktemp("data"), observations=rows))


def test_brier_and_log_score_agree_with_scoringrules():
    table = asked()
    whole, p, met = record.summary(table), table["probability"].to_numpy(), table["met"].to_numpy()
    assert whole["brier"] == pytest.approx(scoringrules.brier_score(met, p).mean())
    assert whole["log_score"] == pytest.approx(scoringrules.log_score(met, p).mean())


def test_murphys_parts_add_up_where_every_bin_says_one_thing():
    whole = record.summary(asked().assign(probability=lambda t: np.floor(10 * t["probability"]) / 10 + 0.05))
    assert whole["brier"] == pytest.approx(whole["reliability"] - whole["resolution"] + whole["uncertainty"])


def test_an_interval_draws_whole_indicators():
    values = np.repeat([0.0, 1.0], 500)
    assert record.mean_interval(values, np.repeat(["a", "b"], 500)) == (0.0, 1.0)
    low, high = record.mean_interval(values, np.arange(1000).astype(str))
    assert 0.45 < low < 0.5 < high < 0.55
    assert np.isnan(record.mean_interval(values[:3], ["a", "a", "a"])).all()  # one alone has none


def test_an_interval_agrees_with_drawing_clusters_one_by_one():
    table = asked(indicators=7)
    error = ((table["probability"] - table["met"]) ** 2).to_numpy()
    rng, members = np.random.default_rng(1), [np.flatnonzero(table["family"] == f"i{k}") for k in range(7)]
    slow = [error[np.concatenate([members[g] for g in rng.integers(0, 7, 7)])].mean() for _ in range(4000)]
    interval = record.mean_interval(error, table["family"])
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
    said = pd.DataFrame({"r": (table["probability"] > 0.4).astype(float)})
    turned = table["met"].where(table["family"] != "i3", 1 - table["met"])
    first, second = (
        hindcasts.calibrated(said, met, table["family"])["r_calibrated"] for met in (table["met"], turned)
    )
    own = table["family"] == "i3"
    assert (first[own] == second[own]).all() and (first[~own] != second[~own]).any()
    assert ((first - table["met"]) ** 2).mean() < ((said["r"] - table["met"]) ** 2).mean()
    assert hindcasts.calibrated(said * np.nan, table["met"], table["family"]).isna().all(axis=None)


def test_coverage_counts_what_lies_inside():
    ahead = pd.DataFrame(
        {
            "years": [1, 1, 2], "family": ["a", "b", "a"], "series": ["a", "b", "a"],
            "in50": [True, False, False], "in90": [True, True, False],
            "crps": [1.0, 30.0, 1.0], "crps_walk": [2.0, 20.0, 2.0],
        }
    )  # fmt: skip
    table = record.coverage(ahead)
    assert table.loc[1, "in50"] == 0.5 and table.loc["all", "in90"] == pytest.approx(2 / 3)
    assert table.loc["all", "crps_ratio"] == pytest.approx((0.5 + 1.5 + 0.5) / 3)


def test_models_answer_the_very_questions(small):
    said = hindcasts.model_answers(small, ["naive", "ets"], sample=2)
    assert said.asked == {"naive": len(small.origins), "ets": 2}
    assert said.answers["naive"].between(0, 1).all() and said.crps["naive"].gt(0).all()


def test_rules_say_yes_or_no_and_the_schedule_follows_the_line_from_the_base_year(small):
    answers = hindcasts.rule_answers(small)
    assert list(answers) == [*RULES] and answers.index.equals(small.questions.index)
    assert answers.isin([0.0, 1.0, np.nan]).all(axis=None)
    for q, said in zip(small.questions.itertuples(), answers["schedule"], strict=True):
        levels = small.origins[q.origin].series.known()
        last, base = levels.iloc[-1], levels[q.base_year]
        met = last >= q.threshold if q.at_least else last <= q.threshold
        if met or q.threshold == base or (q.threshold > base) != q.at_least:
            continue
        share = (last - base) / (q.threshold - base)
        due = (levels.index[-1] - q.base_year) / (q.deadline - q.base_year)
        if abs(share - due) > 1e-6:
            assert said == float(share >= due)

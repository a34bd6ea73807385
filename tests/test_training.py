"""Training: tasks are honest hindcasts, gradients are right, a small corpus can be learnt from; and the benchmarks."""

import math
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.annual import Move
from qcity_analysis.forecasting.prior import CHANGES_FILE, COUNTS, GROUPS, LONG, read_changes
from qcity_analysis.forecasting.quantiles import KNOTS, MIDDLE, crps_quantiles
from training import borrowing, networks, train
from training.changes import write_changes
from training.hindcast import forecast_tasks, questions
from training.scores import brier
from training.train import Corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A made-up bank of random walks with drift, for tests only."""
    rng, out = np.random.default_rng(0), tmp_path_factory.mktemp("bank")
    rows, meta = [], []
    for i in range(240):
        n = int(rng.integers(14, 30))
        y = 100 + np.cumsum(rng.normal(rng.normal(0, 0.6), 1.0, size=n))
        rows.append(pd.DataFrame({"series_id": f"s{i}", "period": np.arange(2000, 2000 + n), "value": y}))
        meta.append({"series_id": f"s{i}", "bank": "made up", "kind": "real", "indicator": f"i{i % 30}"})
    pd.concat(rows).to_parquet(out / "indicator_bank.parquet")
    pd.DataFrame(meta).to_parquet(out / "indicator_bank_meta.parquet")
    return train.read_corpus(out)


def test_what_came_after_is_never_in_the_history_and_years_from_before_on_are_not_used_for_training(corpus):
    names = list(corpus.values)
    tasks = train.draw_tasks(corpus, names, 1, 99, 0, odd=False)
    texts = [v.round(9).tolist() for v in corpus.values.values()]
    for values, actual in zip(tasks.histories.values[:40], tasks.actual, strict=False):
        history = values[np.isfinite(values)]
        assert 4 <= len(history) <= 15
        whole = np.concatenate([history, actual]).round(9).tolist()
        assert any(whole == v[k : k + len(whole)] for v in texts for k in range(len(v) - len(whole) + 1))
    early = train.draw_tasks(corpus, names, 1, 99, 0, before=2016)
    assert early.actual.max() <= max(v[: 2016 - corpus.year[k]].max() for k, v in corpus.values.items())
    assert 0 < len(train.draw_tasks(corpus, names, 1, 99, 0, since=2020).actual) < 240


def test_growth_series_stand_beside_the_corpus_and_are_never_stated():
    tasks = train.draw_growth([10.0 * 1.05 ** np.arange(40), np.arange(20.0) - 3], 12, 0)
    length = np.isfinite(tasks.histories.values).sum(axis=1)
    assert length.max() == 30 and length.min() >= 13 and set(tasks.histories.support) == {0, 1}
    assert set(tasks.hidden().histories.support) <= {4, 5, 6}
    assert train.Tasks.joined([tasks, tasks]).actual.shape == (2 * len(length), 5)


def test_the_learners_gradient_is_that_of_its_score():
    rng = np.random.default_rng(1)
    made, actual = rng.normal(size=(3, 5 * len(KNOTS))), rng.normal(size=(3, 5))
    width, floor, power = np.array([0.5, 1.0, 2.0]), np.full(3, 1e-3), 0.4

    def loss(f):
        score = crps_quantiles(f.reshape(3, 5, len(KNOTS)), KNOTS, actual).mean(axis=1) + floor
        return (score / width) ** power / power

    gradient = networks._score_gradient(made, actual, width, floor, power)
    for k in (0, 17, 74):
        step = np.zeros_like(made)
        step[:, k] = 1e-6
        slow = (loss(made + step) - loss(made - step)) / 2e-6
        np.testing.assert_allclose(gradient[:, k], slow, rtol=1e-4, atol=1e-9)


def test_cells_are_chosen_that_foresaw_what_came_by_the_gate_and_for_every_prior_of_the_scale():
    rng = np.random.default_rng(4)
    x, loglik = rng.normal(size=(4000, 3)), rng.normal(size=(4000, 2)) * 0.1
    foresaw = (x[:, 1] > 0).astype(int)
    density = np.where(np.arange(2) == foresaw[:, None], 0.0, -4.0)[:, :, None] * np.ones(5)
    assert networks.fit_gate(x, loglik, density, 0).weights(x, loglik)[np.arange(4000), foresaw].mean() > 0.75
    loglik, density = np.zeros((50, 200)), np.zeros((50, 200, 5))
    density[:, [7, 90]] = 3.0
    kept = train.choose(loglik, density, 2)
    assert kept.tolist() == [7, 90]
    cells = train.with_scales(train.candidates().take(kept))
    assert len(cells) == 2 * len(train.SCALES)
    assert set(zip(cells.shape, cells.size, strict=True)) == set(train.SCALES)


def test_widening_makes_intervals_hold_what_they_are_meant_to():
    actual, names = 2.0 * np.random.default_rng(2).normal(size=(30_000, 5)), np.arange(30_000)
    quantiles, of = np.broadcast_to(ndtri(KNOTS), (30_000, 5, 15)), names % GROUPS
    factor, few = (train.widening(quantiles, actual, of, indicators) for indicators in (names, of))
    np.testing.assert_allclose(factor[:, :, [1, -2]], 2.0, rtol=0.06)
    assert (few[COUNTS, :, -2] > 1.1 * factor[COUNTS, :, -2]).all()  # as if one more had never held
    jumpy = 1.0 + np.where(actual > 0, 2.0, 1.0) * actual  # long ones: each side of a median that moves
    grown = train.widening(quantiles, jumpy, 0 * names + LONG, names)[LONG]
    assert (grown[:, -2] > 1.8 * grown[:, 1]).all() and (grown[:, MIDDLE] > 1.6).all()


@pytest.mark.slow
def test_a_prior_learnt_from_a_made_up_bank_forecasts_its_kind_about_as_well_as_can_be(corpus):
    tasks = train.draw_tasks(corpus, list(corpus.values), 5, 99, 0)
    training = train.Training.of(train.Tasks.joined([tasks, tasks.hidden()]), tasks)
    unseen = sorted(set(tasks.indicator[tasks.fold == 0]))
    prior, inside = training.prior(unseen, training.fitted[0]), corpus.series(unseen)
    h = forecast_tasks(train.draw_tasks(corpus, inside, 6, 99, 1, odd=False), prior)
    assert np.exp(h.relative_crps().mean()) < 1.0
    assert 0.82 < h.inside(0.9).mean() < 0.98
    asked = questions(h)
    assert asked["contested"].any() and not asked["contested"].all()
    assert brier(asked["probability"].to_numpy(), asked["met"].to_numpy()) < 0.22


def test_training_twice_gives_the_same_prior_and_a_folder_without_a_bank_is_refused(corpus, tmp_path):
    tasks = train.draw_tasks(corpus, list(corpus.values)[:60], 2, 99, 0)
    a, b = (train.Training.of(tasks, tasks, seed=3).prior(["i3"]) for _ in range(2))
    assert np.array_equal(a.gate.linear, b.gate.linear)
    assert np.array_equal(a.learners[0].out, b.learners[0].out)
    with pytest.raises(QcityError, match="indicator_bank.parquet: no such file"):
        train.read_corpus(tmp_path)


# what is learned of comparators and of changes
def made(share, seed=0, indicators=4):
    """Cases whose truth lies `share` of the way from the own median to the comparators."""
    rng, cases = np.random.default_rng(seed), []
    knots = np.sort(rng.normal(size=(5, 15)), axis=1) * 0.05
    knots[:, 7] = 0.0
    for k in range(80):
        theirs = Move(np.cumsum(rng.normal(0.5, 1.0, size=5)), 5)
        actual, later = 10 + share * theirs.change + rng.normal(scale=0.02, size=5), Move(theirs.change, 0)
        cases.append(borrowing.Case(f"i{k % indicators}", 3 + k % 9, 10.0, 10 + knots, actual, theirs, later))
    return cases


@pytest.mark.parametrize("share", [0.0, 0.35, 0.8])
def test_the_shares_are_found_again_in_simulated_cases(share):
    fitted = borrowing.fit_shares(made(share))
    np.testing.assert_allclose([fitted.published, *fitted.expected], share, atol=0.051)


def test_evidence_judges_each_indicator_with_shares_learned_on_the_others():
    odd = [c for c in made(0.0, seed=1, indicators=8) if c.indicator == "i0"]
    mixed = [c for c in made(0.6, indicators=8) if c.indicator != "i0"] + odd
    evidence = borrowing.evidence(mixed)
    by_indicator = evidence["published"]["by_indicator"]
    assert by_indicator["i0"] > 1 > by_indicator["i1"]
    assert (evidence["indicators"], evidence["cases"]) == (8, len(mixed))


def changes_of(folder, series, kind):
    """What is learned from a bank of series by name: indicator, values, whether it was modelled."""
    values = {name: np.array(levels, float) for name, (_, levels, _) in series.items()}
    rows = {name: (kind, what, modelled) for name, (what, _, modelled) in series.items()}
    meta = pd.DataFrame.from_dict(rows, orient="index", columns=["kind", "indicator", "modelled"])
    path = write_changes(Corpus(values, dict.fromkeys(values, 2000), meta), folder / CHANGES_FILE)
    return read_changes(path.read_text("utf-8"))[kind]


def test_quantiles_are_those_of_the_windows_and_indicators_count_the_same_without_modelled_series(tmp_path):
    levels = [float(x) for x in np.exp(np.cumsum(np.sin(np.arange(203) * 1.7)) / 50) * 40]
    learned = changes_of(tmp_path, {"a": ("x", levels, False)}, "positive").quantiles[2]
    moves = sorted(100 * math.log(levels[k + 3] / levels[k]) / 3 for k in range(200))
    slow = [moves[math.ceil(2 * percent) - 1] for percent in range(1, 100)]  # 200 windows: the 2p-th smallest
    assert learned == pytest.approx(slow, rel=1e-3)
    up = {f"u{k}": ("many", [0, 1, 2, 3], False) for k in range(9)}
    learned = changes_of(tmp_path, up | {"d": ("one", [3, 2, 1, 0], False)}, "real").quantiles[0]
    assert (learned < 0).sum() == 50 and (learned > 0).sum() == 49
    one = changes_of(tmp_path, {"a": ("x", [0, 1, 2], False), "b": ("x", [2, 1, 0], True)}, "real")
    assert (one.series, one.indicators, one.quantiles[0].min()) == (1, 1, 1.0)


# the benchmarks
HOME = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def accuracy():
    return SimpleNamespace(**runpy.run_path(str(HOME / "accuracy.py")))


def test_m3_years_are_split_where_the_workbook_says(accuracy, tmp_path):
    row = {"Series": "N1", "N": 9, "NF": 6, "Category": "MICRO", "Starting Year": 1975, "Unnamed: 5": 1}
    sheet = pd.DataFrame([row | {k: 10.0 * k for k in range(1, 10)}])
    sheet.to_excel(tmp_path / "M3C.xlsx", sheet_name="M3Year", index=False)
    history, hidden = accuracy.m3_series(tmp_path / "M3C.xlsx")[0]
    assert history.tolist() == [10, 20, 30] and hidden.tolist() == [40, 50, 60, 70, 80, 90]


def test_m4_series_are_joined_by_name_and_scored(accuracy, tmp_path):
    names, rng = [f"Y{k}" for k in range(30)], np.random.default_rng(0)
    walk = 100 + np.cumsum(rng.normal(size=(30, 26)), axis=1)
    known = pd.DataFrame(walk[:, :20], index=names)
    known.iloc[3, 12:] = np.nan  # series differ in length: trailing cells are empty
    known.to_csv(tmp_path / "train.csv")
    pd.DataFrame(walk[:, 20:], index=names).iloc[::-1].to_csv(tmp_path / "test.csv")
    series = accuracy.m4_series(tmp_path / "train.csv", tmp_path / "test.csv")
    np.testing.assert_allclose(series[5][1], walk[5, 20:])
    assert len(series[3][0]) == 12
    hindcast = accuracy.hindcast_of(series)
    owa, *_, holds, _ = accuracy.competition(series).splitlines()[-1].split("|")[2:-1]
    assert 0.7 < float(owa) < 1.3 and 0.8 < float(holds) <= 1
    rows = [*accuracy.other_lines(hindcast.tasks, None, "drift"), *accuracy.our_lines(hindcast, np.arange(9))]
    assert [0.5 < float(row.split("|")[2]) < 1.5 for row in rows] == [True] * 3
    assert accuracy.named("arima")(series[5][0]).shape == accuracy.named("ets")(series[5][0][:4]).shape

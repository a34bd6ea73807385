"""Training: tasks are honest hindcasts, gradients are right, and a small bank can be learnt from."""

import numpy as np
import pandas as pd
import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import scores
from qcity_analysis.forecasting.quantiles import KNOTS
from training import networks, train
from training.hindcast import forecast_tasks, questions


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A made-up bank of random walks with drift, for tests only."""
    rng = np.random.default_rng(0)
    out = tmp_path_factory.mktemp("bank")
    rows, meta = [], []
    for i in range(240):
        n = int(rng.integers(14, 30))
        y = 100 + np.cumsum(rng.normal(rng.normal(0, 0.6), 1.0, size=n))
        rows.append(pd.DataFrame({"series_id": f"s{i}", "period": np.arange(2000, 2000 + n), "value": y}))
        meta.append({"series_id": f"s{i}", "bank": "made up", "kind": "real", "indicator": f"i{i % 30}"})
    pd.concat(rows).to_parquet(out / "indicator_bank.parquet")
    pd.DataFrame(meta).to_parquet(out / "indicator_bank_meta.parquet")
    return out


@pytest.fixture(scope="module")
def bank(folder):
    return train.read_bank(folder)


def test_what_came_after_is_never_in_the_history(bank):
    tasks = train.draw_tasks(bank, list(bank.values), 1, 99, 0, odd=False)
    longest = {tuple(v[-25:].round(9)) for v in bank.values.values()}
    assert len(longest) == 240
    for i in range(40):
        history = tasks.histories.values[i]
        history = history[np.isfinite(history)]
        assert 4 <= len(history) <= 15
        whole = np.concatenate([history, tasks.actual[i]])
        assert any(
            np.array_equal(whole, np.lib.stride_tricks.sliding_window_view(v, len(whole))[k])
            for v in bank.values.values()
            if len(v) >= len(whole)
            for k in range(len(v) - len(whole) + 1)
        )


def test_years_from_before_on_are_not_used_for_training(bank):
    early = train.draw_tasks(bank, list(bank.values), 1, 99, 0, before=2016)
    last = max(v[: 2016 - bank.year[k]].max() for k, v in bank.values.items())
    assert early.actual.max() <= last
    late = train.draw_tasks(bank, list(bank.values), 1, 99, 0, since=2020)
    assert 0 < len(late.actual) < 240


def test_folds_are_made_of_indicators_and_do_not_move():
    assert train.fold_of("it_use_ii99", 3) == 0
    assert {train.fold_of(f"i{k}", 3) for k in range(12)} == {0, 1, 2}


def test_the_learners_gradient_is_that_of_its_score():
    rng = np.random.default_rng(1)
    found, actual = rng.normal(size=(3, 5 * len(KNOTS))), rng.normal(size=(3, 5))
    width, floor, power = np.array([0.5, 1.0, 2.0]), np.full(3, 1e-3), 0.4

    def loss(f):
        q = f.reshape(3, 5, len(KNOTS))
        score = scores.crps_quantiles(q, KNOTS, actual).mean(axis=1) + floor
        return (score / width) ** power / power

    gradient = networks._score_gradient(found, actual, width, floor, power)
    for k in (0, 17, 74):
        step = np.zeros_like(found)
        step[:, k] = 1e-6
        np.testing.assert_allclose(
            gradient[:, k], (loss(found + step) - loss(found - step)) / 2e-6, rtol=1e-4, atol=1e-9
        )


def test_the_gates_gradient_leads_to_the_cell_that_foresaw_what_came():
    rng = np.random.default_rng(4)
    x, loglik = rng.normal(size=(4000, 3)), rng.normal(size=(4000, 2)) * 0.1
    foresaw = (x[:, 1] > 0).astype(int)
    density = np.where(np.arange(2) == foresaw[:, None], 0.0, -4.0)[:, :, None] * np.ones(5)
    weight = networks.fit_gate(x, loglik, density, 0).weights(x, loglik)
    assert weight[np.arange(4000), foresaw].mean() > 0.75


def test_cells_are_chosen_that_foresaw_what_came_and_get_every_prior_of_the_scale():
    loglik, density = np.zeros((50, 200)), np.zeros((50, 200, 5))
    density[:, [7, 90]] = 3.0
    kept = train.choose(loglik, density, 2)
    assert kept.tolist() == [7, 90]
    cells = train.with_scales(train.candidates().take(kept))
    assert len(cells) == 2 * len(train.SCALES)
    assert set(zip(cells.shape, cells.size, strict=True)) == set(train.SCALES)


def test_widening_makes_intervals_hold_what_they_are_meant_to():
    rng = np.random.default_rng(2)
    actual = 2.0 * rng.normal(size=(30_000, 5))
    from scipy.special import ndtri

    quantiles = np.broadcast_to(ndtri(KNOTS), (30_000, 5, 15))
    factor = train.widening(quantiles, actual, np.arange(30_000) % 3)
    np.testing.assert_allclose(factor[:, :, 1], 2.0, rtol=0.06)


def test_a_prior_learnt_from_a_made_up_bank_forecasts_its_kind_about_as_well_as_can_be(bank):
    inside = [name for name in bank.values if train.fold_of(bank.meta["indicator"][name], 3) == 0]
    others = sorted(set(bank.values) - set(inside))
    prior = train.fit_prior(train.draw_tasks(bank, others, 12, 99, 0), cross=True)
    tasks = train.draw_tasks(bank, inside, 6, 99, 1, odd=False)
    h = forecast_tasks(tasks, prior)
    assert np.exp(h.relative_crps().mean()) < 1.0
    assert 0.82 < h.inside(0.9).mean() < 0.98
    asked = questions(h)
    assert asked["contested"].any() and not asked["contested"].all()
    assert scores.brier(asked["probability"].to_numpy(), asked["met"].to_numpy()) < 0.22


def test_training_twice_gives_the_same_prior(bank):
    tasks = train.draw_tasks(bank, list(bank.values)[:60], 2, 99, 0)
    a, b = (train.fit_prior(tasks, seed=3, cross=False) for _ in range(2))
    assert np.array_equal(a.gate.linear, b.gate.linear)
    assert np.array_equal(a.learners[0].out, b.learners[0].out)


def test_a_folder_without_a_bank_is_refused(tmp_path):
    with pytest.raises(QcityError, match="indicator_bank.parquet: no such file"):
        train.read_bank(tmp_path)

"""Scores against an independent implementation and against cases worked by hand."""

import numpy as np
import pytest
import scoringrules

from qcity_analysis.forecasting import scores


def test_crps_of_paths_is_that_of_scoringrules():
    rng = np.random.default_rng(1)
    paths, actual = rng.normal(size=(400, 5)), rng.normal(size=5)
    np.testing.assert_allclose(
        scores.crps_paths(paths, actual), scoringrules.crps_ensemble(actual, paths.T), rtol=1e-10
    )


def test_crps_of_many_quantiles_approaches_that_of_the_normal_distribution():
    from scipy.special import ndtri

    levels = (np.arange(2000) + 0.5) / 2000
    found = scores.crps_quantiles(ndtri(levels)[None], levels, np.array([0.7]))
    assert found[0] == pytest.approx(scoringrules.crps_normal(0.7, 0.0, 1.0), abs=1e-4)


def test_brier_is_that_of_scoringrules():
    rng = np.random.default_rng(2)
    p, y = rng.random(100), (rng.random(100) < 0.4).astype(float)
    assert scores.brier(p, y) == pytest.approx(np.mean(scoringrules.brier_score(y, p)))


def test_murphy_parts_add_up_when_probabilities_are_bin_means():
    p = np.repeat([0.15, 0.45, 0.85], 50)
    y = (np.random.default_rng(3).random(150) < p).astype(float)
    parts = scores.murphy(p, y)
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    assert total == pytest.approx(scores.brier(p, y))


def test_relative_crps_of_the_random_walk_itself_is_one():
    rng = np.random.default_rng(4)
    history = np.cumsum(rng.normal(size=(20, 8)), axis=1)
    deviation = np.sqrt((np.diff(history, axis=1) ** 2).mean(axis=1))
    walk = scores.walk_quantiles(history[:, -1], deviation, scores.LEVELS, 3)
    log_ratio = scores.relative_crps(walk, scores.LEVELS, history, rng.normal(size=(20, 3)))
    np.testing.assert_allclose(log_ratio, 0.0, atol=1e-12)


def test_reliability_lines_of_reliable_probabilities_are_straight():
    rng = np.random.default_rng(5)
    p = rng.random(40_000)
    y = (rng.random(40_000) < p).astype(float)
    assert scores.reliability_line(p, y)[1] == pytest.approx(1.0, abs=0.03)


def test_bootstrap_by_cluster_is_wider_than_by_row_when_clusters_differ():
    cluster = np.repeat(np.arange(8), 50)
    value = cluster + np.random.default_rng(6).normal(size=400)
    by_cluster = scores.bootstrap_interval(lambda rows: float(value[rows].mean()), cluster)
    by_row = scores.bootstrap_interval(lambda rows: float(value[rows].mean()), np.arange(400))
    assert by_cluster[1] - by_cluster[0] > 3 * (by_row[1] - by_row[0])

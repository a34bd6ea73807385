"""Mixture, prior and scores against slower, independent computations; simulated series whose process is known."""

import json
import math

import numpy as np
import pytest
import scoringrules
from scipy.integrate import simpson
from scipy.special import gammaln, ndtri
from scipy.stats import t as student
from yearly_series import alike, frame, many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import prior as priors
from qcity_analysis.forecasting.histories import checked
from qcity_analysis.forecasting.mixture import ahead, kalman, mixed
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import NAMES, Cells, features, plain, shipped, shipped_text, units
from qcity_analysis.forecasting.quantiles import KNOTS, LEVELS, crps_quantiles, log_score, walk_quantiles
from training.priorfile import save
from training.scores import bootstrap_interval, relative_crps, reliability_line

CELLS = [
    (0.0, 0.0, 0.0, 0.0, 1.0, 0.6),  # constant mean
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.6),  # random walk
    (0.4, 0.2, 0.8, 1.0, 1.0, 0.3),  # damped trend
    (1.0, 0.05, 1.0, 0.3, 0.35, 0.5),  # local linear trend, heavy-tailed scale
]
FULL = np.array([1.0, 1.4, 1.1, 2.0, 2.2, 2.1, 3.0])
GAPS = np.array([1.0, np.nan, 1.1, 2.0, np.nan, np.nan, 3.0])


def fit(values, grid, *breaks):
    """The cells over series that begin with their first value, and anew at the steps `breaks`."""
    starts = np.arange(values.shape[1]) == np.isfinite(values).argmax(axis=1)[:, None]
    starts[:, list(breaks)] = True
    return kalman(values, starts, grid)


def cells(*rows):
    return Cells(*np.array(rows, dtype=float).T)


def loglik_by_statsmodels(y, row):
    """The same likelihood from UnobservedComponents, the variance integrated out numerically."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    rho, z, phi, slope_variance, shape, size = row
    transition = np.array([[1.0, phi], [0.0, phi]])
    model = UnobservedComponents(y[1:], "lltrend")
    model.ssm["transition"] = transition
    model.loglikelihood_burn = 0
    logs, density, first = np.linspace(-9.0, 7.0, 201), [], transition @ np.array([y[0], 0.0])
    for s2 in np.exp(logs):
        start, noise = s2 * np.diag([1.0 - rho, slope_variance]), s2 * np.diag([rho, z])
        model.ssm.initialize_known(first, transition @ start @ transition.T + noise)
        prior = shape * np.log(shape * size**2) - gammaln(shape) - shape * np.log(s2) - shape * size**2 / s2
        density.append(model.loglike(np.array([s2 * (1.0 - rho), s2 * rho, s2 * z])) + prior)
    top = max(density)
    return float(top + np.log(simpson(np.exp(np.array(density) - top), x=logs)))


@pytest.mark.parametrize("y", [FULL, GAPS], ids=["full", "gaps"])
def test_likelihood_of_every_cell_is_that_of_unobserved_components(y):
    slow = [loglik_by_statsmodels(y, row) for row in CELLS]
    np.testing.assert_allclose(fit(y[None], cells(*CELLS)).loglik[0], slow, atol=2e-4, rtol=0)


def test_forecast_of_a_cell_is_the_ratio_of_two_likelihoods_and_a_break_restarts_the_level_only():
    """p(next | past) = p(past, next) / p(past), for every cell."""
    y, grid = np.append(FULL, 3.7)[None], cells(*CELLS)
    both, past = fit(y, grid).loglik[0], fit(y[:, :-1], grid)
    location, scale, df = ahead(past, grid, 1)
    density = student.logpdf(3.7, df[0], location[0, :, 0], scale[0, :, 0])
    np.testing.assert_allclose(density, both - past.loglik[0], rtol=1e-9)
    y, grid = np.array([[0.0, 1.0, 2.0, 3.0, 100.0, 101.0]]), cells((0.4, 0.0, 1.0, 3.0, 1.0, 0.8))
    broken = fit(y, grid, 4)
    assert ahead(broken, grid, 1)[0][0, 0, 0] == pytest.approx(102.0, abs=0.2)
    assert fit(y, grid).slope[0, 0] > 5 * broken.slope[0, 0]


def test_the_mixture_averages_the_quantiles_of_its_heaviest_cells():
    prior, h = shipped(), checked(many(8))[0]
    knots, weight, fit, kept = mixed(h, units(h), features(h, units(h))[0], prior.cells, prior.gate, 3)
    location, scale, df = ahead(fit, kept, 3)
    slow = np.zeros_like(knots)
    for k in range(weight.shape[1]):
        cell = location[:, k, :, None], scale[:, k, :, None]
        slow += weight[:, k, None, None] * student.ppf(KNOTS, df[:, k, None, None], *cell)
    np.testing.assert_allclose(knots, slow, atol=1e-6)


# the shipped prior
def test_the_shipped_file_is_small_and_as_training_writes_it_and_has_a_model_card(tmp_path):
    save(shipped(), tmp_path / "prior.json")
    text = (tmp_path / "prior.json").read_text("utf-8")
    assert text == shipped_text("prior.json") and len(text) < 1_000_000
    assert np.array_equal(priors.read_prior(text).widen, shipped().widen)
    card = shipped_text("MODEL_CARD.md")
    for bank in ("unsdg", "owid_datasets", "gapminder_ft", "kaya", "CC-BY-4.0", "python -m training"):
        assert bank in card


@pytest.mark.parametrize(("other", "reason"), [({"gate": []}, "list indices"),
    ({"features": {"age": [0, 1]}}, "its features are not those of this version"),
    ({"gate": {"features": ["age"]}}, "the features of its gate"),
    ({"staying": {"one": 1.0}}, "the terms of staying")])  # fmt: skip
def test_a_foreign_prior_is_refused(other, reason):
    text = json.dumps(json.loads(shipped_text("prior.json")) | other)
    with pytest.raises(QcityError, match=f"not a prior of this version .{reason}.*python -m training"):
        priors.read_prior(text)


def test_cell_weights_sum_to_one_and_follow_the_likelihood():
    prior, h = shipped(), checked(many(20))[0]
    x = plain(features(h, units(h))[0])
    flat, likely = np.zeros((2, 20, len(prior.cells)))
    likely[:, 3] = 30.0
    before, after = (prior.gate.weights(x, loglik) for loglik in (flat, likely))
    np.testing.assert_allclose(before.sum(axis=1), 1.0)
    assert (after[:, 3] > before[:, 3]).all()


def test_features_of_a_mirrored_series_are_the_same_but_for_direction_and_mean_change():
    up, down = (checked(frame([sign * v for v in [3.0, 3.4, 3.3, 3.9, 4.4, 4.2]]))[0] for sign in (1, -1))
    (a, turn_a), (b, turn_b) = (features(h, units(h)) for h in (up, down))
    np.testing.assert_allclose(*(np.delete(x, NAMES.index("rising"), 1) for x in (a, b)), atol=1e-9)
    assert (turn_a, turn_b) == (1.0, -1.0)
    few, mirrored, signed = plain(a)[0], plain(b)[0], priors.PLAIN.index("signed_change")
    assert few[signed] == pytest.approx(-mirrored[signed])
    np.testing.assert_allclose(*(np.delete(x, signed) for x in (few, mirrored)), atol=1e-9)
    middle = few[priors.PLAIN.index("from_recent_middle")]
    assert middle == pytest.approx(0.0, abs=1e-9)  # 4.2 is the middle one


def test_a_gap_is_bridged_by_a_straight_line_in_the_recent_values_and_left_out_of_the_typical_change():
    h = checked(frame([1.0, 2.0, 4.0, 6.0]).drop(index=[2]))[0]
    at = dict(zip(NAMES, features(h, np.ones(1))[0][0], strict=True))
    assert (at["ago_1"], at["ago_2"], at["ago_3"], at["ago_4"]) == (-2.0, -4.0, -5.0, -5.0)
    assert (at["change_1"], at["change_3"], at["change_4"]) == (2.0, 1.0, 0.0)
    typical = [priors.typical_change(np.array(v)) for v in ([5, np.nan, 1], [5, 4, np.nan, 1, 4])]
    assert typical == [0.0, 2.0]


# simulated series whose process is known
SERIES, YEARS, AHEAD = 500, 10, 5


def simulated(process):
    """Values, and the mean and standard deviation of what comes after ten years, of one who knows the process."""
    rng, shape = np.random.default_rng(5), (SERIES, YEARS + AHEAD)
    step, sign = np.arange(1, AHEAD + 1), rng.choice([-1.0, 1.0], size=(SERIES, 1))
    if process in ("walk", "drift"):
        slope = 1.5 * sign * (process == "drift")
        y = np.cumsum(slope + rng.normal(size=shape), axis=1)
        return y, y[:, YEARS - 1 : YEARS] + slope * step, np.sqrt(step)
    noise, slope = (1.0, 0 * sign) if process == "constant" else (0.3, sign)
    truth = slope * np.arange(YEARS + AHEAD)
    return truth + rng.normal(scale=noise, size=shape), truth[:, YEARS:], np.full(AHEAD, noise)


@pytest.mark.parametrize("process", ["walk", "constant", "drift", "line"])
def test_the_forecaster_comes_close_to_who_knows_the_process_and_its_intervals_hold(process):
    y, mean, sd = simulated(process)
    y, mean, sd = 3 * y + 50, 3 * mean + 50, 3 * sd
    q = forecast_panel(alike(y[:, :YEARS]), AHEAD).quantiles(LEVELS).to_numpy().reshape(SERIES, AHEAD, -1)
    actual, normal = y[:, YEARS:], ndtri(LEVELS)
    best = mean[..., None] + sd[:, None] * normal
    walk = np.abs(np.diff(y[:, :YEARS], axis=1)).mean() * np.sqrt(np.arange(1, AHEAD + 1))[:, None]
    walk = y[:, YEARS - 1 : YEARS, None] + walk * normal
    ours, knowing, naive = (crps_quantiles(x, LEVELS, actual).mean() for x in (q, best, walk))
    if process in ("walk", "constant"):
        assert 1 <= ours / knowing < {"walk": 1.12, "constant": 1.25}[process]
    else:  # a trend is followed though not all the way
        assert ours < 0.85 * naive
    assert 0.8 < ((actual >= q[:, :, 1]) & (actual <= q[:, :, -2])).mean() <= 1


# scores; those of probabilities are compared in test_trackrecord_scores
def test_crps_is_that_of_scoringrules_and_that_of_the_random_walk_is_its_own():
    levels = (np.arange(2000) + 0.5) / 2000
    ours = crps_quantiles(ndtri(levels)[None], levels, np.array([0.7]))
    assert ours[0] == pytest.approx(scoringrules.crps_normal(0.7, 0.0, 1.0), abs=1e-4)
    rng = np.random.default_rng(4)
    history = np.cumsum(rng.normal(size=(20, 8)), axis=1)
    walk = walk_quantiles(history[:, -1], np.sqrt((np.diff(history, axis=1) ** 2).mean(axis=1)), LEVELS, 3)
    log_ratio = relative_crps(walk, LEVELS, history, rng.normal(size=(20, 3)))
    np.testing.assert_allclose(log_ratio, 0.0, atol=1e-12)


def test_the_reliability_line_of_reliable_probabilities_is_straight_and_whole_clusters_are_drawn():
    rng = np.random.default_rng(5)
    p = rng.random(40_000)
    y = (rng.random(40_000) < p).astype(float)
    assert reliability_line(p, y)[1] == pytest.approx(1.0, abs=0.03)
    assert log_score(p, y) == pytest.approx(0.5, abs=0.01)  # of uniform probabilities: 1/2
    cluster, each = np.repeat(np.arange(8), 50), np.arange(400)
    value = cluster + rng.normal(size=400)
    wide, narrow = (np.ptp(bootstrap_interval(lambda i: value[i].mean(), by)) for by in (cluster, each))
    assert wide > 3 * narrow


# how fast indicators change
def test_from_96_to_98_is_about_as_far_as_from_80_to_90_among_shares():
    high, middle = np.diff(priors.scaled(np.array([[96, 98], [80, 90]]), "percent"))[:, 0]
    assert high == pytest.approx(math.log(98 / 2) - math.log(96 / 4))
    assert high / middle == pytest.approx(1, abs=0.15)
    assert np.isfinite(priors.scaled(np.array([0.0, 100.0]), "percent")).all()
    assert np.isnan(priors.scaled(np.array([0.0]), "count")).all()  # no place on a logarithmic scale


def test_a_share_counts_moves_at_least_as_fast_in_the_direction_needed_or_in_either():
    sample = np.random.default_rng(1).normal(0.5, 2.0, 99_001)
    moves = priors.ReferenceChanges(1, 1, np.tile(np.quantile(sample, np.arange(1, 100) / 100), (10, 1)))
    for move in (-3.0, -0.4, 0.0, 1.1, 4.0):
        slow = float(np.mean(sample >= move) if move >= 0 else np.mean(sample <= move))
        assert moves.share(move, 4) == pytest.approx(slow, abs=0.006)
        lost = float(np.mean(sample >= -abs(move)))
        assert moves.share(-abs(move), 4, rising=True) == pytest.approx(lost, abs=0.006)
        both = float(np.mean(np.abs(sample) >= abs(move)))
        assert moves.share(move, 4, either=True) == pytest.approx(both, abs=0.012)
    still = np.tile(np.r_[np.full(30, -1.0), np.zeros(50), np.full(19, 1.0)], (10, 1))
    # Standing still counts as fast enough when no move is needed.
    assert priors.ReferenceChanges(1, 1, still).share(0.0, 1) == pytest.approx(0.70, abs=0.01)
    unknown = priors.ReferenceChanges(1, 1, np.full((10, 99), np.nan))
    for one, move, years in ((moves, 1.0, 11), (moves, 1.0, 0), (moves, math.nan, 3), (unknown, 1.0, 1)):
        assert one.share(move, years) is None


def test_the_shipped_file_has_ordered_quantiles_of_every_support_and_names_its_command():
    moves = priors.shipped_changes()
    assert set(moves) == set(priors.SCALES)
    for one in moves.values():
        assert one.quantiles.shape == (len(priors.SPANS), 99)
        assert (np.diff(one.quantiles, axis=1) >= 0).all() and one.series >= one.indicators > 0
    assert json.loads(shipped_text(priors.CHANGES_FILE))["command"] == priors.COMMAND
    with pytest.raises(QcityError) as error:
        priors.read_changes('{"cells": {}}')
    assert str(error.value) == f"not a file of moves ('supports'); `{priors.COMMAND}` writes one"

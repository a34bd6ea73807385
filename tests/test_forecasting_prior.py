"""Mixture, prior and scores against slower, independent computations; simulated series whose process is known."""

import json

import numpy as np
import pandas as pd
import pytest
import scoringrules
from scipy.integrate import simpson
from scipy.special import gammaln, ndtri
from scipy.stats import norm
from scipy.stats import t as student
from yearly_series import frame, many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import scores
from qcity_analysis.forecasting.features import NAMES, PLAIN, features, plain, units
from qcity_analysis.forecasting.histories import from_frame
from qcity_analysis.forecasting.mixture import ahead, kalman, mixed
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import Cells, read_prior, shipped, shipped_text
from qcity_analysis.forecasting.quantiles import KNOTS
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


def cells(*rows: tuple[float, ...]) -> Cells:
    return Cells(*np.array(rows, dtype=float).T)


def fit(values: np.ndarray, grid: Cells, starts: np.ndarray | None = None):
    """The cells over series that begin with their first value."""
    if starts is None:
        starts = np.zeros(values.shape, dtype=bool)
        starts[np.arange(len(values)), np.isfinite(values).argmax(axis=1)] = True
    return kalman(values, starts, grid)


def loglik_by_statsmodels(y: np.ndarray, row: tuple[float, ...]) -> float:
    """The same likelihood from UnobservedComponents, the variance integrated out numerically."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    rho, z, phi, slope_variance, shape, size = row
    transition = np.array([[1.0, phi], [0.0, phi]])
    model = UnobservedComponents(y[1:], "lltrend")
    model.ssm["transition"] = transition
    model.loglikelihood_burn = 0
    logs, density, first = np.linspace(-9.0, 7.0, 401), [], transition @ np.array([y[0], 0.0])
    for s2 in np.exp(logs):
        start, noise = s2 * np.diag([1.0 - rho, slope_variance]), s2 * np.diag([rho, z])
        model.ssm.initialize_known(first, transition @ start @ transition.T + noise)
        prior = shape * np.log(shape * size**2) - gammaln(shape) - shape * np.log(s2) - shape * size**2 / s2
        density.append(model.loglike(np.array([s2 * (1.0 - rho), s2 * rho, s2 * z])) + prior)
    top = max(density)
    return float(top + np.log(simpson(np.exp(np.array(density) - top), x=logs)))


@pytest.mark.parametrize("row", CELLS)
@pytest.mark.parametrize("y", [FULL, GAPS], ids=["full", "gaps"])
def test_likelihood_of_a_cell_is_that_of_unobserved_components(row, y):
    assert fit(y[None], cells(row)).loglik[0, 0] == pytest.approx(loglik_by_statsmodels(y, row), abs=2e-4)


def test_forecast_of_a_cell_is_the_ratio_of_two_likelihoods():
    """p(next | past) = p(past, next) / p(past), for every cell."""
    y, grid = np.append(FULL, 3.7)[None], cells(*CELLS)
    both, past = fit(y, grid).loglik[0], fit(y[:, :-1], grid)
    location, scale, df = ahead(past, grid, 1)
    density = student.logpdf(3.7, df[0], location[0, :, 0], scale[0, :, 0])
    np.testing.assert_allclose(density, both - past.loglik[0], rtol=1e-9)


def test_a_break_restarts_the_level_and_keeps_the_slope():
    y = np.array([[0.0, 1.0, 2.0, 3.0, 100.0, 101.0]])
    row = cells((0.4, 0.0, 1.0, 3.0, 1.0, 0.8))
    broken = fit(y, row, np.array([[True, False, False, False, True, False]]))
    assert ahead(broken, row, 1)[0][0, 0, 0] == pytest.approx(102.0, abs=0.2)
    assert fit(y, row).slope[0, 0] > 5 * broken.slope[0, 0]


def test_the_mixture_averages_the_quantiles_of_its_heaviest_cells():
    prior, h = shipped(), from_frame(many(8))
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
    assert np.array_equal(read_prior(text).widen, shipped().widen)
    card = shipped_text("MODEL_CARD.md")
    for bank in ("unsdg", "owid_datasets", "gapminder_ft", "kaya", "CC-BY-4.0", "python -m training"):
        assert bank in card


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"gate": []}, "dictionary update|cannot convert|'features'"),
        ({"features": {"age": [0, 1]}}, "its features are not those of this version"),
        ({"gate": {"features": ["age"]}}, "the features of its gate"),
        ({"staying": {"one": 1.0}}, "the terms of staying"),
    ],
)
def test_a_foreign_prior_is_refused(other, reason):
    text = json.dumps(json.loads(shipped_text("prior.json")) | other)
    with pytest.raises(QcityError, match=f"not a prior of this version .({reason}).*python -m training"):
        read_prior(text)


def test_cell_weights_sum_to_one_and_follow_the_likelihood():
    prior, h = shipped(), from_frame(many(20))
    x = plain(features(h, units(h))[0])
    flat, likely = np.zeros((2, 20, len(prior.cells)))
    likely[:, 3] = 30.0
    before, after = (prior.gate.weights(x, loglik) for loglik in (flat, likely))
    np.testing.assert_allclose(before.sum(axis=1), 1.0)
    assert (after[:, 3] > before[:, 3]).all()


def test_features_of_a_mirrored_series_are_the_same_but_for_direction_and_mean_change():
    values = [3.0, 3.4, 3.3, 3.9, 4.4, 4.2]
    up, down = (from_frame(frame([sign * v for v in values])) for sign in (1, -1))
    (a, turn_a), (b, turn_b) = (features(h, units(h)) for h in (up, down))
    np.testing.assert_allclose(*(np.delete(x, NAMES.index("rising"), 1) for x in (a, b)), atol=1e-9)
    assert (turn_a, turn_b) == (1.0, -1.0)
    few, mirrored, signed = plain(a)[0], plain(b)[0], PLAIN.index("signed_change")
    assert few[signed] == pytest.approx(-mirrored[signed])
    np.testing.assert_allclose(*(np.delete(x, signed) for x in (few, mirrored)), atol=1e-9)
    assert few[PLAIN.index("from_recent_middle")] == pytest.approx(0.0, abs=1e-9)  # 4.2 is the middle one


def test_a_gap_is_bridged_by_a_straight_line_in_the_recent_values():
    h = from_frame(frame([1.0, 2.0, 4.0, 6.0]).drop(index=[2]))
    at = dict(zip(NAMES, features(h, np.ones(1))[0][0], strict=True))
    assert (at["ago_1"], at["ago_2"], at["ago_3"], at["ago_4"]) == (-2.0, -4.0, -5.0, -5.0)
    assert (at["change_1"], at["change_3"], at["change_4"]) == (2.0, 1.0, 0.0)


# simulated series whose process is known

SERIES, YEARS, AHEAD = 500, 10, 5


def simulated(process):
    """Values, and the mean and standard deviation of what comes after ten years, of one who knows the process."""
    rng, shape = np.random.default_rng(5), (SERIES, YEARS + AHEAD)
    step = np.arange(1, AHEAD + 1)
    if process in ("walk", "drift"):
        slope = rng.choice([-1.5, 1.5], size=(SERIES, 1)) if process == "drift" else np.zeros((SERIES, 1))
        y = np.cumsum(slope + rng.normal(size=shape), axis=1)
        return y, y[:, YEARS - 1 : YEARS] + slope * step, np.sqrt(step)
    if process == "constant":
        return rng.normal(size=shape), np.zeros((SERIES, AHEAD)), np.ones(AHEAD)
    truth = rng.choice([-1.0, 1.0], size=(SERIES, 1)) * np.arange(YEARS + AHEAD)
    return truth + rng.normal(scale=0.3, size=shape), truth[:, YEARS:], np.full(AHEAD, 0.3)


@pytest.mark.parametrize("process", ["walk", "constant", "drift", "line"])
def test_the_forecaster_comes_close_to_who_knows_the_process_and_its_intervals_hold(process):
    y, mean, sd = simulated(process)
    y = y * 3 + 50
    ids, period = np.repeat(np.arange(SERIES), YEARS), np.tile(np.arange(YEARS), SERIES)
    history = pd.DataFrame(
        {"series_id": ids, "period": period, "value": y[:, :YEARS].ravel(), "support": "real"}
    )
    q = forecast_panel(history, AHEAD).quantiles(scores.LEVELS).to_numpy().reshape(SERIES, AHEAD, -1)
    actual, normal = y[:, YEARS:], norm.ppf(scores.LEVELS)
    best = 50 + 3 * (mean[..., None] + sd[:, None] * normal)
    walk = np.abs(np.diff(y[:, :YEARS], axis=1)).mean() * np.sqrt(np.arange(1, AHEAD + 1))[:, None]
    walk = y[:, YEARS - 1 : YEARS, None] + walk * normal
    ours, knowing, naive = (scores.crps_quantiles(x, scores.LEVELS, actual).mean() for x in (q, best, walk))
    if process in ("walk", "constant"):
        assert 1 <= ours / knowing < {"walk": 1.12, "constant": 1.25}[process]
    else:  # a trend is followed though not all the way
        assert ours < 0.85 * naive
    assert 0.8 < ((actual >= q[:, :, 1]) & (actual <= q[:, :, -2])).mean() <= 1


# scores


def test_crps_and_brier_are_those_of_scoringrules():
    rng = np.random.default_rng(1)
    levels = (np.arange(2000) + 0.5) / 2000
    ours = scores.crps_quantiles(ndtri(levels)[None], levels, np.array([0.7]))
    assert ours[0] == pytest.approx(scoringrules.crps_normal(0.7, 0.0, 1.0), abs=1e-4)
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
    log_ratio = relative_crps(walk, scores.LEVELS, history, rng.normal(size=(20, 3)))
    np.testing.assert_allclose(log_ratio, 0.0, atol=1e-12)


def test_the_reliability_line_of_reliable_probabilities_is_straight():
    rng = np.random.default_rng(5)
    p = rng.random(40_000)
    y = (rng.random(40_000) < p).astype(float)
    assert reliability_line(p, y)[1] == pytest.approx(1.0, abs=0.03)
    assert scores.log_score(p, y) == pytest.approx(0.5, abs=0.01)  # of uniform probabilities: 1/2


def test_bootstrap_by_cluster_is_wider_than_by_row_when_clusters_differ():
    cluster = np.repeat(np.arange(8), 50)
    value = cluster + np.random.default_rng(6).normal(size=400)
    by_cluster, by_row = (
        bootstrap_interval(lambda rows: float(value[rows].mean()), one) for one in (cluster, np.arange(400))
    )
    assert by_cluster[1] - by_cluster[0] > 3 * (by_row[1] - by_row[0])

"""The recursion against slower, independent computations of the same thing."""

import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.special import gammaln
from scipy.stats import t as student

from qcity_analysis.forecasting.mixture import Cells, Mixture, ahead, kalman

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


def first_starts(values: np.ndarray) -> np.ndarray:
    starts = np.zeros(values.shape, dtype=bool)
    starts[np.arange(len(values)), np.isfinite(values).argmax(axis=1)] = True
    return starts


def loglik_by_statsmodels(y: np.ndarray, row: tuple[float, ...]) -> float:
    """The same likelihood from UnobservedComponents, the variance integrated out numerically."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    rho, z, phi, slope_variance, shape, size = row
    transition = np.array([[1.0, phi], [0.0, phi]])
    model = UnobservedComponents(y[1:], "lltrend")
    model.ssm["transition"] = transition
    model.loglikelihood_burn = 0
    logs = np.linspace(-9.0, 7.0, 1601)
    density = []
    for s2 in np.exp(logs):
        start = s2 * np.diag([1.0 - rho, slope_variance])
        noise = s2 * np.diag([rho, z])
        model.ssm.initialize_known(
            transition @ np.array([y[0], 0.0]), transition @ start @ transition.T + noise
        )
        prior = shape * np.log(shape * size**2) - gammaln(shape) - shape * np.log(s2) - shape * size**2 / s2
        density.append(model.loglike(np.array([s2 * (1.0 - rho), s2 * rho, s2 * z])) + prior)
    top = max(density)
    return float(top + np.log(simpson(np.exp(np.array(density) - top), x=logs)))


@pytest.mark.parametrize("row", CELLS)
@pytest.mark.parametrize("y", [FULL, GAPS], ids=["full", "gaps"])
def test_likelihood_of_a_cell_is_that_of_unobserved_components(row, y):
    fit = kalman(y[None], first_starts(y[None]), cells(row))
    assert fit.loglik[0, 0] == pytest.approx(loglik_by_statsmodels(y, row), abs=2e-4)


def test_forecast_of_a_cell_is_the_ratio_of_two_likelihoods():
    """p(next | past) = p(past, next) / p(past), for every cell."""
    y = np.append(FULL, 3.7)[None]
    grid = cells(*CELLS)
    both = kalman(y, first_starts(y), grid).loglik[0]
    past = kalman(y[:, :-1], first_starts(y[:, :-1]), grid)
    location, scale, df = ahead(past, grid, 1)
    density = student.logpdf(3.7, df[0], location[0, :, 0], scale[0, :, 0])
    np.testing.assert_allclose(density, both - past.loglik[0], rtol=1e-9)


def test_one_recursion_for_all_gives_each_series_its_own_result_to_the_bit():
    rng = np.random.default_rng(3)
    values = np.cumsum(rng.normal(size=(40, 9)), axis=1)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, -1] = 1.0
    together = kalman(values, first_starts(values), cells(*CELLS))
    for i in range(len(values)):
        alone = kalman(values[i : i + 1], first_starts(values[i : i + 1]), cells(*CELLS))
        assert np.array_equal(alone.loglik[0], together.loglik[i])
        assert np.array_equal(alone.slope[0], together.slope[i])


def test_a_break_restarts_the_level_and_keeps_the_slope():
    y = np.array([[0.0, 1.0, 2.0, 3.0, 100.0, 101.0]])
    starts = np.array([[True, False, False, False, True, False]])
    row = cells((0.4, 0.0, 1.0, 3.0, 1.0, 0.8))
    fit = kalman(y, starts, row)
    location, _, _ = ahead(fit, row, 1)
    assert location[0, 0, 0] == pytest.approx(102.0, abs=0.2)
    linked = kalman(y, first_starts(y), row)
    assert linked.slope[0, 0] > 5 * fit.slope[0, 0]


def test_a_drifting_line_is_recovered_by_the_trend_cell():
    y = (np.arange(12.0) * 0.7)[None]
    row = cells((1.0, 0.0, 1.0, 100.0, 1.0, 0.3))
    location, _, _ = ahead(kalman(y, first_starts(y), row), row, 3)
    np.testing.assert_allclose(location[0, 0], 0.7 * np.arange(12, 15), atol=0.01)


def test_mixture_quantiles_invert_its_distribution_function():
    rng = np.random.default_rng(0)
    mixture = Mixture(
        rng.dirichlet(np.ones(6), size=50),
        rng.normal(size=(50, 6, 2)),
        rng.lognormal(size=(50, 6, 2)),
        rng.uniform(2, 20, size=(50, 6)),
    )
    levels = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    q = mixture.quantiles(levels)
    exact = np.zeros(q.shape)
    for k in range(6):
        z = (q - mixture.location[:, k, :, None]) / mixture.scale[:, k, :, None]
        exact += mixture.weight[:, k, None, None] * student.cdf(z, mixture.df[:, k, None, None])
    assert np.abs(exact - levels).max() < 2e-2
    assert np.abs(exact - levels).mean() < 3e-3
    assert (np.diff(q, axis=2) >= 0).all()

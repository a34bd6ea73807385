"""Training of the prior's parts: gradients written out, steps by Adam with a falling rate.

The gate is trained on the log density of what came after; the learners on the quantile score of it,
relative to the width the gate gave each series, to some power: 1 is the proper score, 0 the logarithm that
the geometric mean over series is made of. What the power makes too narrow, `Prior.widen` puts right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qcity_analysis.forecasting.histories import Histories, same
from qcity_analysis.forecasting.prior import TERMS, YEARS, Gate, Learner, features, terms, units
from qcity_analysis.forecasting.quantiles import KNOTS

BATCH = 512
SHRINK = 1e-4
GATE_SHRINK = 3e-4
STAYING_SHRINK = 3.0  # of each weight towards 0, as so many observations
STAYING_STEPS = 25
Parameters = dict[str, np.ndarray]

NEVER = np.array([-40.0] + [0.0] * (len(TERMS) - 1))  # no probability of the last value's own


@dataclass(frozen=True)
class Effort:
    """Passes over the data, the first rate of Adam's steps, hidden units, and the share of inputs hidden at random."""

    passes: int
    rate: float
    units: int = 0
    drop: float = 0.0


GATE = Effort(12, 0.03)
LEARNER = Effort(10, 0.005, 96, 0.2)


def fit_gate(
    x: np.ndarray, loglik: np.ndarray, density: np.ndarray, seed: int, effort: Effort = GATE
) -> Gate:
    """Fit the gate: plain features (n, P), marginal log likelihoods (n, C), log densities ahead (n, C, H).

    A softmax regression; the likelihood counts in full, whatever the features say.
    """
    rng = np.random.default_rng(seed)
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    x = (x - centre) / spread
    relative = np.maximum(loglik - loglik.max(axis=1, keepdims=True), -60.0)
    ratio = np.exp(density - density.max(axis=1, keepdims=True))
    start = {"linear": np.zeros((x.shape[1], loglik.shape[1])), "bias": np.zeros(loglik.shape[1])}

    def gradient(p: Parameters, i: np.ndarray) -> Parameters:
        prior = _softmax(x[i] @ p["linear"] + p["bias"] + relative[i])
        posterior = prior[:, :, None] * ratio[i]
        posterior /= posterior.sum(axis=1, keepdims=True) + 1e-30
        g = (prior - posterior.mean(axis=2)) / len(i)
        return {
            "linear": x[i].T @ g + GATE_SHRINK * p["linear"],
            "bias": g.sum(axis=0) + GATE_SHRINK * p["bias"],
        }

    p = _adam(start, gradient, len(x), rng, effort)
    linear = p["linear"] / spread[:, None]
    return Gate(linear, p["bias"] - centre @ linear)


def fit_learner(
    x: np.ndarray,
    actual: np.ndarray,
    width: np.ndarray,
    floor: np.ndarray,
    power: float,
    seed: int,
    effort: Effort = LEARNER,
) -> Learner:
    """Fit one learner: features (n, F), what came after (n, 5) turned and scaled as the quantiles are, and
    the power of the score.
    """
    from scipy.special import ndtri

    rng = np.random.default_rng(seed)
    inputs, hidden, outputs = x.shape[1], effort.units, YEARS * len(KNOTS)
    spread = 0.5 * np.sqrt(np.arange(1.0, YEARS + 1))[:, None] * np.ones(len(KNOTS))
    step = spread.ravel()  # steps are taken in units of what a random walk would spread
    start = {
        "into": rng.normal(size=(inputs, hidden)) / np.sqrt(inputs),
        "first": np.zeros(hidden),
        "between": rng.normal(size=(hidden, hidden)) / np.sqrt(hidden),
        "second": np.zeros(hidden),
        "out": np.zeros((hidden, outputs)),
        "linear": np.zeros((inputs, outputs)),
        "bias": 0.8 * np.tile(ndtri(KNOTS), YEARS),
    }
    start = {name: values.astype(np.float32) for name, values in start.items()}  # half the time
    x, actual, width, floor, step = (a.astype(np.float32) for a in (x, actual, width, floor, step))

    def gradient(p: Parameters, i: np.ndarray) -> Parameters:
        seen = x[i] * (rng.random(x[i].shape, dtype=np.float32) >= effort.drop) / (1.0 - effort.drop)
        one = np.tanh(seen @ p["into"] + p["first"])
        two = np.tanh(one @ p["between"] + p["second"])
        quantiles = step * (two @ p["out"] + seen @ p["linear"] + p["bias"])
        g = step * _score_gradient(quantiles, actual[i], width[i], floor[i], power)
        g /= len(i)
        back2 = (g @ p["out"].T) * (1.0 - two * two)
        back1 = (back2 @ p["between"].T) * (1.0 - one * one)
        return {
            "into": seen.T @ back1 + SHRINK * p["into"],
            "first": back1.sum(axis=0),
            "between": one.T @ back2 + SHRINK * p["between"],
            "second": back2.sum(axis=0),
            "out": two.T @ g + SHRINK * p["out"],
            "linear": seen.T @ g + SHRINK * p["linear"],
            "bias": g.sum(axis=0),
        }

    p = _adam(start, gradient, len(x), rng, effort)
    return Learner(**{**p, "out": p["out"] * step, "linear": p["linear"] * step, "bias": p["bias"] * step})


def _score_gradient(
    quantiles: np.ndarray, actual: np.ndarray, width: np.ndarray, floor: np.ndarray, power: float
) -> np.ndarray:
    """Gradient of (quantile score / width) ** power / power by each quantile."""
    q = quantiles.reshape(len(quantiles), YEARS, len(KNOTS))
    error, knots = actual[:, :, None] - q, KNOTS.astype(q.dtype)
    under = error < 0
    score = 2.0 * np.where(under, (knots - 1.0) * error, knots * error).mean(axis=(1, 2)) + floor
    slope = (score / width) ** power / score
    return (2.0 * (under - knots) / q[0].size * slope[:, None, None]).reshape(len(quantiles), -1)


def _softmax(a: np.ndarray) -> np.ndarray:
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _adam(
    start: Parameters,
    gradient: Callable[[Parameters, np.ndarray], Parameters],
    n: int,
    rng: np.random.Generator,
    effort: Effort,
) -> Parameters:
    """Minimise by Adam (Kingma and Ba 2015), the rate falling to nothing along a cosine."""
    p = dict(start)
    mean = {k: np.zeros_like(v) for k, v in p.items()}
    square = {k: np.zeros_like(v) for k, v in p.items()}
    batches = max(1, n // BATCH)
    steps = effort.passes * batches
    t = 0
    for _ in range(effort.passes):
        for i in np.array_split(rng.permutation(n), batches):
            t += 1
            rate = effort.rate * (0.5 * (1.0 + float(np.cos(np.pi * t / steps))) + 0.02)
            for k, g in gradient(p, i).items():
                mean[k] = 0.9 * mean[k] + 0.1 * g
                square[k] = 0.99 * square[k] + 0.01 * g * g
                step = mean[k] / (1.0 - 0.9**t) / (np.sqrt(square[k] / (1.0 - 0.99**t)) + 1e-8)
                p[k] = p[k] - rate * step
    return p


def fit_staying(h: Histories, actual: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Fit the logistic regression to histories, what came after (n, 5) and what was forecast of it (n, 5, 15), by
    Newton's method; series that never changed should be among them.
    """
    x = terms(h, features(h, units(h))[0], knots).reshape(-1, len(TERMS))
    stayed = same(actual, h.values[:, -1:]).ravel().astype(float)
    weight = np.zeros(len(TERMS))
    ridge = STAYING_SHRINK * np.diag([0.0] + [1.0] * (len(TERMS) - 1))
    for _ in range(STAYING_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weight, -30.0, 30.0)))
        spread = np.maximum(p * (1.0 - p), 1e-6)
        step = np.linalg.solve(x.T @ (x * spread[:, None]) + ridge, x.T @ (stayed - p) - ridge @ weight)
        weight = weight + step
    return weight

"""The probability of the last value again, learned from what real series did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qcity_analysis.forecasting.features import features, units
from qcity_analysis.forecasting.histories import same
from qcity_analysis.forecasting.prior import TERMS, YEARS, Staying, terms

if TYPE_CHECKING:
    from .train import Tasks

SHRINK = 3.0  # of each weight towards 0, as so many observations
STEPS = 25


def fit_staying(tasks: Tasks) -> Staying:
    """Fit the logistic regression to tasks, series that never changed among them, by Newton's method."""
    h = tasks.histories
    x = terms(h, features(h, units(h))[0], YEARS).reshape(-1, len(TERMS))
    stayed = same(tasks.actual, h.values[:, -1:]).ravel().astype(float)
    weight = np.zeros(len(TERMS))
    ridge = SHRINK * np.diag([0.0] + [1.0] * (len(TERMS) - 1))
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weight, -30.0, 30.0)))
        spread = np.maximum(p * (1.0 - p), 1e-6)
        step = np.linalg.solve(x.T @ (x * spread[:, None]) + ridge, x.T @ (stayed - p) - ridge @ weight)
        weight = weight + step
    return Staying(weight)

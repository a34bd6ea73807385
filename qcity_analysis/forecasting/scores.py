"""Scores of probability forecasts: CRPS, Brier score and its parts, reliability.

Everything is numpy in, numpy or pandas out; lower is better for CRPS and Brier.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])


def crps_quantiles(quantiles: np.ndarray, levels: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """CRPS approximated by the mean quantile score, 2 (1{y < q} - p)(q - y), over levels on the last axis.

    `quantiles` (..., Q), `levels` (Q,), `actual` (...). Gneiting and Ranjan (2011).
    """
    error = np.asarray(actual)[..., None] - quantiles
    return 2.0 * np.maximum(levels * error, (levels - 1.0) * error).mean(axis=-1)


def walk_quantiles(last: np.ndarray, deviation: np.ndarray, levels: np.ndarray, years: int) -> np.ndarray:
    """Quantiles (n, years, Q) of a Gaussian random walk with the given root mean square change."""
    from scipy.special import ndtri

    spread = deviation[:, None] * np.sqrt(np.arange(1, years + 1))
    return last[:, None, None] + spread[:, :, None] * ndtri(levels)


def brier(probability: np.ndarray, happened: np.ndarray) -> float:
    """Mean squared difference between probabilities and what happened (0 or 1)."""
    return float(np.mean((np.asarray(probability) - happened) ** 2))


def log_score(probability: np.ndarray, happened: np.ndarray) -> float:
    """Mean negative log probability of what happened; probabilities are kept a millionth from 0 and 1."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(np.asarray(happened) > 0, np.log(p), np.log1p(-p))))


def reliability(probability: np.ndarray, happened: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """How often things happened that were given a probability: one row for each tenth, with the number."""
    tenth = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    frame = pd.DataFrame({"said": probability, "happened": np.asarray(happened, dtype=float)})
    columns = {"said": ("said", "mean"), "happened": ("happened", "mean"), "number": ("said", "size")}
    return frame.groupby(tenth).agg(**columns).reset_index(drop=True)


def murphy(probability: np.ndarray, happened: np.ndarray, bins: int = 10) -> dict[str, float]:
    """Brier score taken apart by bins: reliability - resolution + uncertainty (Murphy 1973)."""
    table = reliability(probability, happened, bins)
    weight, base = table["number"] / table["number"].sum(), float(np.mean(happened))
    return {
        "reliability": float((weight * (table["said"] - table["happened"]) ** 2).sum()),
        "resolution": float((weight * (table["happened"] - base) ** 2).sum()),
        "uncertainty": base * (1 - base),
    }


def fold_of(indicator: str, folds: int, salt: str = "fold") -> int:
    """The fold of an indicator: always the same, whatever else is in the training corpus."""
    return int(hashlib.sha256((salt + indicator).encode()).hexdigest(), 16) % folds

"""How likely a series is to have its last value again: series that do not move, are rounded coarsely or lie on an edge.

A logistic regression on how long and how often the series stood still, how coarse its steps are, whether it lies on an
edge of its range, and the years ahead; learned with the prior (`training.staying`) and shipped in its file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .features import NAMES
from .histories import LOWER, UPPER, Histories, same

TERMS = (
    "one", "run", "repeated", "run_repeated", "never", "constant", "edge", "edge_run", "edge_repeated", "step",
    "step_repeated", "years", "years_run", "years_repeated", "years_constant", "years_edge",
)  # fmt: skip


@dataclass(frozen=True)
class Staying:
    """`weight` (len(TERMS),): the log odds of having the last value again are their sum with the terms."""

    weight: np.ndarray

    def probability(self, h: Histories, found: np.ndarray, horizon: int) -> np.ndarray:
        """Probability (n, horizon) of the last value again, never growing with the years ahead.

        `found` are the features of the series (see `features.features`).
        """
        x = terms(h, found, horizon)
        total = np.zeros(x.shape[:2])
        for k, weight in enumerate(self.weight):  # term after term: no series depends on the others
            total += weight * x[:, :, k]
        return np.minimum.accumulate(1.0 / (1.0 + np.exp(-np.clip(total, -40.0, 40.0))), axis=1)


NEVER = Staying(np.array([-40.0] + [0.0] * (len(TERMS) - 1)))  # no probability of the last value's own


def at_edge(h: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Which series (n,) ended on the lower, and which on the upper edge of their possible range."""
    last = h.values[:, -1]
    return last <= LOWER[h.support], same(last, UPPER[h.support]) & (h.support == 2)


def terms(h: Histories, found: np.ndarray, horizon: int) -> np.ndarray:
    """The terms (n, horizon, len(TERMS)) of the regression."""
    run, repeated, coarse = (found[:, NAMES.index(name)] for name in ("unchanged", "repeated", "coarse"))
    low, high = at_edge(h)
    edge = (low | high).astype(float)
    constant = (repeated >= 1.0).astype(float)
    never = ((repeated <= 0.0) & (run <= 0.0)).astype(float)
    step = np.where(constant > 0, 0.0, np.log(np.clip(-coarse, 0.01, 2.0)))
    flat = {
        "one": np.ones(len(run)),
        "run": run,
        "repeated": repeated,
        "run_repeated": run * repeated,
        "never": never,
        "constant": constant,
        "edge": edge,
        "edge_run": edge * run,
        "edge_repeated": edge * repeated,
        "step": step,
        "step_repeated": step * (1.0 - never),
    }
    years = np.log(np.arange(1.0, horizon + 1))
    by = {"years": flat["one"], "years_run": run, "years_repeated": repeated}
    by |= {"years_constant": constant, "years_edge": edge}
    table = {name: np.repeat(value[:, None], horizon, axis=1) for name, value in flat.items()}
    table |= {name: value[:, None] * years for name, value in by.items()}
    return np.stack([table[name] for name in TERMS], axis=2)

"""The shipped prior: what thousands of other series say about a series before and beside its own fit.

Two small parts, both functions of the features of a series (see `features`): the gate gives each grid cell
of the structural mixture its weight; the learners give quantiles of the five years ahead directly. `widen`
makes the intervals of their average hold as often as they say, by length of history; `staying` says how likely
the last value is to come again. Everything is in one readable JSON file;
`prior/MODEL_CARD.md` says what it was trained on and how well it does.

"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import QcityError
from .features import NAMES, PLAIN
from .histories import LOWER, UPPER, Histories, same
from .mixture import Cells
from .quantiles import KNOTS

FILE = "prior.json"
YEARS = 5  # years ahead the learners know
LENGTHS = (6, 10)  # histories of up to 6 points, up to 10, longer: each with its own `widen`
ROWS = 64  # matrices are multiplied in slices of this many rows, whatever the number of series


@dataclass(frozen=True)
class Gate:
    """Plain features (P) -> a log weight for each cell (C), to which the log likelihood is added."""

    linear: np.ndarray  # (P, C)
    bias: np.ndarray  # (C,)

    def weights(self, x: np.ndarray, loglik: np.ndarray) -> np.ndarray:
        """Weight of each cell (n, C), summing to one, after the series has been seen; `x` (n, P) are the
        plain features.
        """
        relative = np.maximum(loglik - loglik.max(axis=1, keepdims=True), -60.0)
        log_weight = dot(x, self.linear) + self.bias + relative
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        return weight / _row_sums(weight)


@dataclass(frozen=True)
class Learner:
    """Features (F) -> hidden (U) -> hidden (U) -> quantiles (5 years x 15 knots), plus a linear part."""

    into: np.ndarray  # (F, U)
    first: np.ndarray  # (U,)
    between: np.ndarray  # (U, U)
    second: np.ndarray  # (U,)
    out: np.ndarray  # (U, 75)
    linear: np.ndarray  # (F, 75)
    bias: np.ndarray  # (75,)

    def quantiles(self, x: np.ndarray) -> np.ndarray:
        """Quantiles (n, 5, 15) in units of the typical change, turned to the direction of the series."""
        one = np.tanh(dot(x, self.into) + self.first)
        two = np.tanh(dot(one, self.between) + self.second)
        found = dot(two, self.out) + dot(x, self.linear) + self.bias
        return np.sort(found.reshape(len(x), YEARS, len(KNOTS)), axis=2)


@dataclass(frozen=True)
class Prior:
    """Cells, mean and spread of the learners' features in training, gate, learners, the gate's share of the
    quantiles, the factor by which distances from the median are widened: (3 lengths, 5 years, 15
    knots), and the probability of staying at the last value.
    """

    cells: Cells
    mean: np.ndarray
    spread: np.ndarray
    gate: Gate
    learners: tuple[Learner, ...]
    share: float
    widen: np.ndarray
    staying: Staying

    def inputs(self, features: np.ndarray) -> np.ndarray:
        """Features as the learners take them: centred, scaled and within -5 and 5."""
        return np.clip((features - self.mean) / self.spread, -5.0, 5.0)

    def direct(self, x: np.ndarray) -> np.ndarray:
        """The learners' mean quantiles (n, 5, 15), in the direction of the series."""
        total = np.zeros((len(x), YEARS, len(KNOTS)))
        for learner in self.learners:
            total += learner.quantiles(x)
        return total / len(self.learners)


def dot(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`x @ matrix` in slices of one shape, so that no row depends on the others or on how many there are."""
    out = np.empty((len(x), matrix.shape[1]))
    for i in range(0, len(x), ROWS):
        part = x[i : i + ROWS]
        if len(part) < ROWS:
            part = np.concatenate([part, np.zeros((ROWS - len(part), x.shape[1]))])
        out[i : i + ROWS] = (part @ matrix)[: len(out) - i]
    return out


def _row_sums(a: np.ndarray) -> np.ndarray:
    total = np.zeros((len(a), 1))
    for k in range(a.shape[1]):
        total += a[:, k : k + 1]
    return total


@lru_cache(maxsize=1)
def shipped() -> Prior:
    """The prior that comes with the package.

    >>> len(shipped().cells) > 10
    True
    """
    return _from_dict(json.loads(_shipped_text()))


@lru_cache(maxsize=1)
def digest() -> str:
    """SHA-256 of the shipped prior: forecasts are the same where it is the same.

    >>> len(digest())
    64
    """
    return hashlib.sha256(_shipped_text().encode()).hexdigest()


def _shipped_text() -> str:
    return resources.files("qcity_analysis").joinpath("forecasting", "prior", FILE).read_text("utf-8")


def load(path: Path | str) -> Prior:
    """Read a prior written by `save`. Raises QcityError when the file is missing or not a prior."""
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    try:
        return _from_dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise QcityError(
            f"{path}: no such prior; make one with `python -m training BANK --out DIR`"
        ) from None
    except (KeyError, TypeError, ValueError) as problem:
        raise QcityError(f"{path}: not a prior of this version ({problem})") from None


def save(prior: Prior, path: Path | str) -> None:
    """Write a prior as readable JSON, one row of numbers a line."""
    content = {
        "cells": _fields(prior.cells),
        "features": {
            name: [_short(m), _short(s)] for name, m, s in zip(NAMES, prior.mean, prior.spread, strict=True)
        },
        "gate": {"features": list(PLAIN)} | _fields(prior.gate),
        "learners": [_fields(learner) for learner in prior.learners],
        "share": prior.share,
        "widen": _nested(prior.widen),
        "staying": {name: _short(w) for name, w in zip(TERMS, prior.staying.weight, strict=True)},
    }
    Path(path).write_text(_rows(content) + "\n", encoding="utf-8", newline="\n")


def _from_dict(content: dict[str, Any]) -> Prior:
    if tuple(content["features"]) != NAMES:
        raise ValueError("its features are not those of this version")
    centre = np.array(list(content["features"].values()), dtype=float)
    if tuple(content["gate"]["features"]) != PLAIN:
        raise ValueError("the features of its gate are not those of this version")
    if tuple(content["staying"]) != TERMS:
        raise ValueError("the terms of staying are not those of this version")
    gate = {name: values for name, values in content["gate"].items() if name != "features"}
    return Prior(
        Cells(**_arrays(content["cells"])),
        centre[:, 0],
        centre[:, 1],
        Gate(**_arrays(gate)),
        tuple(Learner(**_arrays(one)) for one in content["learners"]),
        float(content["share"]),
        np.array(content["widen"], dtype=float),
        Staying(np.array(list(content["staying"].values()), dtype=float)),
    )


def _fields(record: Any) -> dict[str, Any]:
    return {name: _nested(getattr(record, name)) for name in record.__dataclass_fields__}


def _arrays(record: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=float) for name, values in record.items()}


def _short(value: float) -> float:
    """Three significant digits are more than the data can tell."""
    return float(f"{float(value):.3g}")


def _nested(value: np.ndarray) -> Any:
    return [_nested(v) for v in value] if value.ndim > 1 else [_short(v) for v in value]


def _rows(content: Any, depth: int = 0) -> str:
    """JSON with a line for each innermost list."""
    pad = " " * (depth + 1)
    if isinstance(content, dict):
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {_rows(v, depth + 1)}" for k, v in content.items())
        return "{\n" + inner + "\n" + pad[:-1] + "}"
    if isinstance(content, list) and content and isinstance(content[0], (list, dict)):
        return "[\n" + ",\n".join(pad + _rows(v, depth + 1) for v in content) + "\n" + pad[:-1] + "]"
    return json.dumps(content)


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

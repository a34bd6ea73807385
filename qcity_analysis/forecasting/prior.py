"""The shipped prior: what thousands of other series say about a series before and beside its own fit.

Small parts, all functions of the features of a series (see `features`): the gate gives each grid cell of the
structural mixture its weight; the learners give quantiles of the five years ahead directly; `widen` makes the intervals
of their average hold as often as they say, by length of history; `staying` says how likely the last value is to come
again. Everything is in one readable JSON file; `prior/MODEL_CARD.md` says what it was trained on and how well it does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import QcityError
from .features import NAMES, PLAIN, row_sums
from .histories import LOWER, UPPER, Histories, same
from .mixture import Cells
from .quantiles import KNOTS

FILE = "prior.json"
YEARS = 5  # years ahead the learners know
LENGTHS = (6, 10)  # histories of up to 6 points, up to 10, longer: each with its own `widen`
ROWS = 64  # matrices are multiplied in slices of this many rows, whatever the number of series
TERMS = (
    "one", "run", "repeated", "run_repeated", "never", "constant", "edge", "edge_run", "edge_repeated", "step",
    "step_repeated", "years", "years_run", "years_repeated", "years_constant", "years_edge",
)  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """Plain features (P) -> a log weight for each cell (C), to which the log likelihood is added."""

    linear: np.ndarray  # (P, C)
    bias: np.ndarray  # (C,)

    def weights(self, x: np.ndarray, loglik: np.ndarray) -> np.ndarray:
        """Weight of each cell (n, C), summing to one, once the series is seen; `x` (n, P) are the plain features."""
        relative = np.maximum(loglik - loglik.max(axis=1, keepdims=True), -60.0)
        log_weight = dot(x, self.linear) + self.bias + relative
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        return weight / row_sums(weight)[:, None]


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
        knots = dot(two, self.out) + dot(x, self.linear) + self.bias
        return np.sort(knots.reshape(len(x), YEARS, len(KNOTS)), axis=2)


@dataclass(frozen=True)
class Staying:
    """How likely a series is to have its last value again: a logistic regression on how long and how often it stood
    still, how coarse its steps are, whether it lies on an edge of its range, and the years ahead.

    `weight` (len(TERMS),): the log odds are their sum with the `terms`.
    """

    weight: np.ndarray

    def probability(self, h: Histories, features: np.ndarray, horizon: int) -> np.ndarray:
        """Probability (n, horizon) of the last value again, never growing with the years ahead."""
        x = terms(h, features, horizon)
        total = np.zeros(x.shape[:2])
        for k, weight in enumerate(self.weight):  # term after term: no series depends on the others
            total += weight * x[:, :, k]
        return np.minimum.accumulate(1.0 / (1.0 + np.exp(-np.clip(total, -40.0, 40.0))), axis=1)


NEVER = Staying(np.array([-40.0] + [0.0] * (len(TERMS) - 1)))  # no probability of the last value's own


def at_edge(h: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Which series (n,) ended on the lower, and which on the upper edge of their possible range."""
    last = h.values[:, -1]
    return last <= LOWER[h.support], same(last, UPPER[h.support]) & (h.support == 2)


def terms(h: Histories, features: np.ndarray, horizon: int) -> np.ndarray:
    """The terms (n, horizon, len(TERMS)) of the regression, in the order of TERMS."""
    run, repeated, coarse = (features[:, [NAMES.index(k)]] for k in ("unchanged", "repeated", "coarse"))
    edge = np.logical_or(*at_edge(h)).astype(float)[:, None]
    constant, one = (repeated >= 1.0).astype(float), np.ones_like(run)
    never = ((repeated <= 0.0) & (run <= 0.0)).astype(float)
    step = np.where(constant > 0, 0.0, np.log(np.clip(-coarse, 0.01, 2.0)))
    flat = [one, run, repeated, run * repeated, never, constant, edge, edge * run, edge * repeated]
    flat += [step, step * (1.0 - never)]
    years = np.log(np.arange(1.0, horizon + 1))[None]
    growing = [term * years for term in (one, run, repeated, constant, edge)]
    return np.stack(np.broadcast_arrays(*flat, *growing), axis=2)


@dataclass(frozen=True)
class Prior:
    """Cells, mean and spread of the learners' features in training, gate, learners, the gate's share of the quantiles,
    the factor by which distances from the median are widened (3 lengths, 5 years, 15 knots), and the probability of
    staying at the last value.
    """

    cells: Cells
    mean: np.ndarray
    spread: np.ndarray
    gate: Gate
    learners: tuple[Learner, ...]
    share: float
    widen: np.ndarray
    staying: Staying

    def direct(self, features: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """The learners' mean quantiles (n, 5, 15) of series with these features and directions (n,), -1 or 1."""
        x = np.clip((features - self.mean) / self.spread, -5.0, 5.0)
        total = np.zeros((len(x), YEARS, len(KNOTS)))
        for learner in self.learners:
            total += learner.quantiles(x)
        mean = total / len(self.learners)
        return np.where(turn[:, None, None] < 0, -mean[:, :, ::-1], mean)


def dot(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`x @ matrix` in slices of one shape, so that no row depends on the others or on how many there are."""
    out = np.empty((len(x), matrix.shape[1]))
    for i in range(0, len(x), ROWS):
        part = x[i : i + ROWS]
        if len(part) < ROWS:
            part = np.concatenate([part, np.zeros((ROWS - len(part), x.shape[1]))])
        out[i : i + ROWS] = (part @ matrix)[: len(out) - i]
    return out


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
    centre = np.stack([prior.mean, prior.spread], axis=1)
    content = {
        "cells": _fields(prior.cells),
        "features": dict(zip(NAMES, _nested(centre), strict=True)),
        "gate": {"features": list(PLAIN)} | _fields(prior.gate),
        "learners": [_fields(learner) for learner in prior.learners],
        "share": prior.share,
        "widen": _nested(prior.widen),
        "staying": dict(zip(TERMS, _nested(prior.staying.weight), strict=True)),
    }
    Path(path).write_text(_rows(content) + "\n", encoding="utf-8", newline="\n")


def _from_dict(content: dict[str, Any]) -> Prior:
    if tuple(content["features"]) != NAMES:
        raise ValueError("its features are not those of this version")
    gate = dict(content["gate"])
    if tuple(gate.pop("features")) != PLAIN:
        raise ValueError("the features of its gate are not those of this version")
    if tuple(content["staying"]) != TERMS:
        raise ValueError("the terms of staying are not those of this version")
    centre = np.array(list(content["features"].values()), dtype=float)
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
    return {field.name: _nested(getattr(record, field.name)) for field in fields(record)}


def _arrays(record: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=float) for name, values in record.items()}


def _nested(value: Any) -> Any:
    """An array as lists of numbers of three significant digits: more than the data can tell."""
    return [_nested(v) for v in value] if np.ndim(value) else float(f"{float(value):.3g}")


def _rows(content: Any, depth: int = 0) -> str:
    """JSON with a line for each innermost list."""
    pad = " " * (depth + 1)
    if isinstance(content, dict):
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {_rows(v, depth + 1)}" for k, v in content.items())
        return "{\n" + inner + "\n" + pad[:-1] + "}"
    if isinstance(content, list) and content and isinstance(content[0], (list, dict)):
        return "[\n" + ",\n".join(pad + _rows(v, depth + 1) for v in content) + "\n" + pad[:-1] + "]"
    return json.dumps(content)

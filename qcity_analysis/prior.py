"""The shipped prior: how much each grid cell weighs before a series is fitted, given what can be seen of it.

Small networks of one hidden layer turn the features of a series into a weight for each cell; their log weights
are averaged. Everything is in one readable JSON file; `prior/MODEL_CARD.md` says what it was trained on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from .errors import QcityError
from .features import NAMES
from .mixture import Cells

FILE = "prior.json"


@dataclass(frozen=True)
class Gate:
    """One network: features (F) -> `tanh` hidden (U) -> a log weight for each cell (C), plus a linear part."""

    into: np.ndarray  # (F, U)
    hidden: np.ndarray  # (U,)
    out: np.ndarray  # (U, C)
    linear: np.ndarray  # (F, C)
    bias: np.ndarray  # (C,)
    trust: float  # exponent of the marginal likelihood

    def logits(self, x: np.ndarray, loglik: np.ndarray) -> np.ndarray:
        """Log weight (n, C), up to a constant, after the series has been seen."""
        units = np.tanh(dot(x, self.into) + self.hidden)
        return dot(units, self.out) + dot(x, self.linear) + self.bias + self.trust * loglik


@dataclass(frozen=True)
class Prior:
    """Cells, the mean and spread of the features in training, and the networks."""

    cells: Cells
    mean: np.ndarray
    spread: np.ndarray
    gates: tuple[Gate, ...]

    def weights(self, features: np.ndarray, loglik: np.ndarray) -> np.ndarray:
        """Weight of each cell (n, C), summing to one, from features (n, F) and marginal log likelihoods (n, C)."""
        x = (features - self.mean) / self.spread
        best = loglik.max(axis=1, keepdims=True)
        relative = loglik - best
        total = np.zeros(loglik.shape)
        for gate in self.gates:
            total += gate.logits(x, relative)
        total /= len(self.gates)
        weight = np.exp(total - total.max(axis=1, keepdims=True))
        return weight / _row_sums(weight)


def dot(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`x @ matrix`, added up in a fixed order: each row's result does not depend on the other rows."""
    total = np.zeros((len(x), matrix.shape[1]))
    for k in range(matrix.shape[0]):
        total += x[:, k : k + 1] * matrix[k]
    return total


def _row_sums(a: np.ndarray) -> np.ndarray:
    total = np.zeros((len(a), 1))
    for k in range(a.shape[1]):
        total += a[:, k : k + 1]
    return total


@lru_cache(maxsize=4)
def shipped() -> Prior:
    """The prior that comes with the package.

    >>> len(shipped().cells) > 10
    True
    """
    return _from_dict(
        json.loads(resources.files("qcity_analysis").joinpath("prior", FILE).read_text("utf-8"))
    )


def load(path: Path | str) -> Prior:
    """Read a prior written by `save`. Raises QcityError when the file is missing or not a prior."""
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    try:
        return _from_dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise QcityError(f"{path}: no such prior; make one with `qcity train-prior BANK --out DIR`") from None
    except (KeyError, TypeError, ValueError) as problem:
        raise QcityError(f"{path}: not a prior of this version ({problem})") from None


def save(prior: Prior, path: Path | str) -> None:
    """Write a prior as readable JSON, one row of numbers a line."""
    cells = {
        name: [_short(v) for v in getattr(prior.cells, name)] for name in prior.cells.__dataclass_fields__
    }
    content = {
        "cells": cells,
        "features": {
            name: [_short(m), _short(s)] for name, m, s in zip(NAMES, prior.mean, prior.spread, strict=True)
        },
        "gates": [{name: _nested(getattr(g, name)) for name in g.__dataclass_fields__} for g in prior.gates],
    }
    Path(path).write_text(_rows(content) + "\n", encoding="utf-8")


def _from_dict(content: dict[str, Any]) -> Prior:
    if tuple(content["features"]) != NAMES:
        raise ValueError("its features are not those of this version")
    cells = Cells(**{name: np.asarray(values) for name, values in content["cells"].items()})
    centre = np.array(list(content["features"].values()), dtype=float)
    gates = tuple(
        Gate(**{name: np.asarray(v, dtype=float) if name != "trust" else float(v) for name, v in g.items()})
        for g in content["gates"]
    )
    return Prior(cells, centre[:, 0], centre[:, 1], gates)


def _short(value: Any) -> Any:
    """Four significant digits are more than the data can tell."""
    return bool(value) if isinstance(value, (bool, np.bool_)) else float(f"{float(value):.4g}")


def _nested(value: Any) -> Any:
    return [_nested(v) for v in value] if isinstance(value, np.ndarray) and value.ndim else _short(value)


def _rows(content: Any, depth: int = 0) -> str:
    """JSON with a line for each innermost list."""
    pad = " " * (depth + 1)
    if isinstance(content, dict):
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {_rows(v, depth + 1)}" for k, v in content.items())
        return "{\n" + inner + "\n" + pad[:-1] + "}"
    if isinstance(content, list) and content and isinstance(content[0], (list, dict)):
        return "[\n" + ",\n".join(pad + _rows(v, depth + 1) for v in content) + "\n" + pad[:-1] + "]"
    return json.dumps(content)

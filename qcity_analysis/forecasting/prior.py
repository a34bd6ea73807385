"""What thousands of other series say: the prior of a forecast, and how fast indicators change.

From the features of a series the gate gives each grid cell of the structural mixture its weight, the learners give
quantiles of five years, `widen` makes intervals hold as often as they say, and `staying` says how likely the last value
comes again. All is in JSON beside `prior/MODEL_CARD.md`, which says what it was trained on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from ..errors import QcityError
from .features import NAMES, PLAIN, row_sums
from .histories import LOWER, STATED, UPPER, Histories, same
from .quantiles import KNOTS

LOW = 5.0  # shares below take off: a group of their own
FILE, CHANGES_FILE = "prior.json", "moves.json"
COMMAND = "python -m training BANK --out DIR"
YEARS = 5  # years ahead the learners know
LENGTHS = (6, 10)  # histories of up to 6 points, up to 10, longer: each with its own `widen`, see `group`
ROWS = 64  # matrices are multiplied in slices of this many rows, whatever the number of series
TERMS = (
    "one", "run", "repeated", "run_repeated", "never", "constant", "edge", "edge_run", "edge_repeated", "step",
    "step_repeated", "years", "years_run", "years_repeated", "years_constant", "years_edge",
)  # fmt: skip
SPANS = tuple(range(1, 11))  # years over which changes are compared
PERCENTILES = np.arange(1, 100) / 100
EDGE = 0.1  # percentage points: shares closer than this to 0 or 100 count as this close
SCALES = {"positive": "log", "count": "log", "percent": "logodds", "real": "typical"}
TIE = 1e-9
UNREADABLE = (KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Cells:
    """Grid cells of the structural mixture: `rho` share of the one-step variance that moves the level (the rest is
    noise), `z` slope noise, `phi` damping, `slope_variance` of the first slope, `shape` and `size` of the scale prior.
    """

    rho: np.ndarray
    z: np.ndarray
    phi: np.ndarray
    slope_variance: np.ndarray
    shape: np.ndarray
    size: np.ndarray

    def __len__(self) -> int:
        return len(self.rho)

    def take(self, which: np.ndarray) -> Cells:
        """Some of the cells."""
        return Cells(*(getattr(self, field.name)[which] for field in fields(self)))


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


def group(h: Histories) -> np.ndarray:
    """The row of `Prior.widen` of each history (n,): by its length; after these low shares that are stated as such."""
    low_share = (h.support == STATED.index("percent")) & (h.values[:, -1] < LOW)
    length = np.searchsorted(LENGTHS, np.isfinite(h.values).sum(axis=1))
    return np.where(low_share, len(LENGTHS) + 1, length)


def at_edge(h: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Which series (n,) ended on the lower, and which on the upper edge of their possible range."""
    last = h.values[:, -1]
    return last <= LOWER[h.kind], same(last, UPPER[h.kind]) & (h.kind == 2)


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
    """Cells, `mean` and `spread` of the features in training, gate, learners, the gate's `share` of the quantiles, the
    factor by which distances from the median are widened (4 groups, 5 years, 15 knots), and the weights of `staying`:
    a logistic regression, on `terms`, of how likely a series is to have its last value again.
    """

    cells: Cells
    mean: np.ndarray
    spread: np.ndarray
    gate: Gate
    learners: tuple[Learner, ...]
    share: float
    widen: np.ndarray
    staying: np.ndarray

    def direct(self, features: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """The learners' mean quantiles (n, 5, 15) of series with these features and directions (n,), -1 or 1."""
        x = np.clip((features - self.mean) / self.spread, -5.0, 5.0).astype(np.float32)
        none = np.zeros((len(x), YEARS, len(KNOTS)))
        mean = sum((learner.quantiles(x) for learner in self.learners), none) / len(self.learners)
        return np.where(turn[:, None, None] < 0, -mean[:, :, ::-1], mean)

    def stays(self, h: Histories, features: np.ndarray, horizon: int) -> np.ndarray:
        """Probability (n, horizon) of the last value again, never growing with the years ahead."""
        x = terms(h, features, horizon)  # summed term after term: no series depends on the others
        total = sum((weight * x[:, :, k] for k, weight in enumerate(self.staying)), np.zeros(x.shape[:2]))
        return np.minimum.accumulate(1.0 / (1.0 + np.exp(-np.clip(total, -40.0, 40.0))), axis=1)


def dot(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`x @ matrix` in slices of one shape, so that no row depends on the others or on how many there are."""
    out = np.empty((len(x), matrix.shape[1]), dtype=np.result_type(x, matrix))
    for i in range(0, len(x), ROWS):
        part = x[i : i + ROWS]
        if len(part) < ROWS:
            part = np.concatenate([part, np.zeros((ROWS - len(part), x.shape[1]), dtype=x.dtype)])
        out[i : i + ROWS] = (part @ matrix)[: len(out) - i]
    return out


@lru_cache(maxsize=1)
def shipped() -> Prior:
    """The prior that comes with the package."""
    return read_prior(shipped_text(FILE))


@lru_cache(maxsize=1)
def digest() -> str:
    """SHA-256 of the shipped prior: forecasts are the same where it is the same."""
    return hashlib.sha256(shipped_text(FILE).encode()).hexdigest()


def shipped_text(name: str) -> str:
    """The text of a trained file that comes with the package."""
    return resources.files("qcity_analysis").joinpath("forecasting", "prior", name).read_text("utf-8")


def read_changes(text: str) -> dict[str, ReferenceChanges]:
    """Changes by support from the text of a file that the training command wrote; QcityError when it is not one."""
    try:
        return {name: ReferenceChanges(one["series"], one["indicators"], np.array(one["quantiles"], float))
                for name, one in json.loads(text)["supports"].items()}  # fmt: skip
    except UNREADABLE as problem:
        raise QcityError(f"not a file of moves ({problem}); `{COMMAND}` writes one") from None


def read_prior(text: str) -> Prior:
    """The prior in the text of a file that the training command wrote; QcityError when it is not one."""
    try:
        return _prior(json.loads(text))
    except UNREADABLE as problem:
        raise QcityError(f"not a prior of this version ({problem}); `{COMMAND}` writes one") from None


def _prior(content: dict[str, Any]) -> Prior:
    """The prior in the content of a file; ValueError when it speaks of other features or terms."""
    for what, names, expected in (
        ("its features", content["features"], NAMES),
        ("the features of its gate", content["gate"]["features"], PLAIN),
        ("the terms of staying", content["staying"], TERMS),
    ):
        if tuple(names) != expected:
            raise ValueError(f"{what} are not those of this version")
    mean, spread = np.array(list(content["features"].values()), float).T.copy()
    learners = tuple(_record(Learner, one, np.float32) for one in content["learners"])
    widen, staying = np.array(content["widen"], float), np.array(list(content["staying"].values()), float)
    cells, gate = _record(Cells, content["cells"]), _record(Gate, content["gate"])
    return Prior(cells, mean, spread, gate, learners, float(content["share"]), widen, staying)


def _record(kind: type[Any], content: dict[str, Any], number: type = float) -> Any:
    """A record of arrays from the table of a file."""
    return kind(*(np.array(content[field.name], number) for field in fields(kind)))


def scaled(levels: np.ndarray, support: str, typical: float = 1.0) -> np.ndarray:
    """Levels on the scale on which changes of a support are compared; NaN where the scale does not hold them.

    positive and count: 100 ln(level), about percent. percent: the log-odds ln(p / (100 - p)), so that from 96 to 98 is
    like from 80 to 90; at least `EDGE` from 0 and 100. real: the level over `typical`, see `typical_change`.
    """
    levels = np.asarray(levels, dtype=float)
    if SCALES[support] == "log":
        return 100 * np.log(np.where(levels > 0, levels, np.nan))
    if SCALES[support] == "logodds":
        kept = np.clip(levels, EDGE, 100 - EDGE)
        return np.asarray(np.log(kept / (100 - kept)))
    return levels / typical if typical > 0 else np.full(levels.shape, np.nan)


def typical_change(levels: np.ndarray) -> float:
    """Mean absolute change from one year to the next; 0 where no two neighbouring years are known."""
    steps = np.abs(np.diff(np.asarray(levels, dtype=float)))
    steps = steps[np.isfinite(steps)]
    return float(steps.mean()) if len(steps) else 0.0


@dataclass(frozen=True)
class ReferenceChanges:
    """What the corpus says about changes of one support: `quantiles` (10 years, 99 levels) on the scale of `scaled`,
    divided by the number of years; of how many `series` and `indicators`.
    """

    series: int
    indicators: int
    quantiles: np.ndarray

    def share(
        self, change: float, years: int, *, rising: bool | None = None, either: bool = False
    ) -> float | None:
        """Share of the corpus' changes over so many years that went at least as far a year as `change`.

        They count in the direction of `change`, or of `rising` where it is given (a change of -1 when a rise is wanted:
        at most that much lost); with `either` in both. None beyond 10 years, or where there is no such change.
        """
        if years not in SPANS or not np.isfinite(change) or np.isnan(self.quantiles[years - 1]).any():
            return None
        size, up = abs(change), change >= 0 if rising is None else rising
        ends = [size - TIE, TIE - size] if either else [change - TIE, change + TIE]
        below = np.interp(ends, self.quantiles[years - 1], PERCENTILES, left=0.0, right=1.0)
        above, under = float(1 - below[0]), float(below[1])
        return min(1.0, above + under) if either else above if up else under


@lru_cache(maxsize=1)
def shipped_changes() -> dict[str, ReferenceChanges]:
    """What the shipped file says of changes, by support."""
    return read_changes(shipped_text(CHANGES_FILE))

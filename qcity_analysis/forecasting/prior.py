"""What can be seen of a short series, and what thousands of others say of it: the prior, and how fast figures change.

Features are free of scale, the signed ones turned to the direction of the mean change. From them the gate gives each
grid cell of the structural mixture its weight, the learners give quantiles of five years, `widen` makes intervals hold
as often as they say, and `staying` says how likely the last value comes again: JSON beside `prior/MODEL_CARD.md`.
Sums run column after column: the same to the bit whatever other series there are.
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
from .histories import LOWER, STATED, UPPER, Histories, same
from .quantiles import KNOTS, below, common_steps

SUMMARIES = (
    "log_years", "mean_change", "slope", "last_change", "last_change_size", "largest_change", "middle_change",
    "change_autocorrelation", "from_mean", "from_recent", "relative_unit", "percent", "positive", "room_ahead",
    "room_behind", "repeated", "recent_roughness", "recent_change", "same_direction", "monotone", "bend",
    "line_error", "line_autocorrelation", "largest_when", "second_largest", "coarse", "growth", "unchanged",
    "at_bound", "skew", "gaps", "last_against_mean", "line_gap", "rising", "stated_percent", "share", "missing",
)  # fmt: skip
AGO = 14  # recent values, measured from the last one, and changes that are features themselves
CHANGES = tuple(f"change_{k}" for k in range(1, AGO + 1))
NAMES: tuple[str, ...] = (*SUMMARIES, *(f"ago_{k}" for k in range(1, AGO + 1)), *CHANGES)
PLAIN = (
    "log_years", "signed_change", "mean_change", "slope", "last_change_size", "largest_change", "middle_change",
    "change_autocorrelation", "from_mean", "from_recent_middle", "relative_unit", "percent", "positive", "room",
    "repeated",
)  # fmt: skip
Table = dict[str, np.ndarray]
CONSTANT = 0.01  # typical change of a series that never changed, as a share of its size
LOW = 5.0  # shares below take off: a group of their own
FILE, CHANGES_FILE = "prior.json", "moves.json"
COMMAND = "python -m training BANK --out DIR"
YEARS = 5  # years ahead the learners know
LENGTHS = (6, 10, 15)  # histories of up to 6 points, up to 10, up to 15, longer: each with its own `widen`
LONG, LOW_SHARES, COUNTS, REAL, GROUPS = 3, 4, 5, 6, 8
ROWS = 64  # matrices are multiplied in slices of this many rows, whatever the number of series
TERMS = (
    "one", "run", "repeated", "run_repeated", "never", "constant", "edge", "edge_run", "edge_repeated", "rounding",
    "extreme", "years", "years_run", "years_repeated", "years_constant", "years_edge",
)  # fmt: skip
SPANS = tuple(range(1, 11))  # years over which changes are compared
PERCENTILES = np.arange(1, 100) / 100
EDGE = 0.1  # percentage points: shares closer than this to 0 or 100 count as this close
SCALES = {"positive": "log", "count": "log", "percent": "logodds", "real": "typical"}
TIE = 1e-9


def units(h: Histories) -> np.ndarray:
    """Typical yearly change of each series (n,), never zero."""
    most = np.nanmax(np.abs(h.values), axis=1)
    size = np.where(most > 0, most, 1.0)  # worked in shares of the largest value: squares cannot overflow
    change, years = changes(h.values / size[:, None], h.starts)
    rough = change * np.sqrt(years)  # a change over g years, put on the scale of one year
    typical = 0.7 * np.sqrt(_mean(rough * rough)) + 0.5 * _median(np.abs(rough))
    mean = _mean(np.abs(h.values / size[:, None]))
    constant = CONSTANT * np.where(most > 0, mean, 10.0)  # zero throughout has no scale: a tenth of its unit
    # Where zero means something, a ten-thousandth of the size is added; "real" has no zero to measure from.
    return size * np.where(typical > 0, typical + np.where(h.kind > 0, 1e-4 * mean, 0.0), constant)


def changes(values: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Change per year between neighbouring observed values of a segment (rounding is none), and the years between."""
    seen, column = np.isfinite(values), np.arange(values.shape[1])
    when = np.maximum.accumulate(np.where(seen, column, -1), axis=1)[:, :-1]  # of the newest value so far
    when = np.concatenate([np.full((len(values), 1), -1), when], axis=1)
    last = np.take_along_axis(values, np.maximum(when, 0), axis=1)
    years = np.where(seen & ~starts & (when >= 0), column - when, np.nan)
    return np.where(same(values, last), 0.0 * years, (values - last) / years), years


def features(h: Histories, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, F), one column for each of NAMES, within -9 and 9; and each series' direction, -1 or 1."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        y = (h.values - h.values[:, -1:]) / unit[:, None]
        change, gap = changes(h.values, h.starts)
        change = change / unit[:, None]
        mean = np.nan_to_num(_mean(change))
        turn = np.where(mean < -1e-9, -1.0, 1.0)  # rounding is no direction
        y = _joined(y, h.starts, mean)
        table = _of_changes(h, change, mean, turn) | _of_levels(h, unit, y, mean, turn) | _path(y, turn)
        table |= {"gaps": np.log(_mean(gap)), "rising": turn}
    stacked = np.stack([table[name] for name in NAMES], axis=1)
    return np.clip(np.nan_to_num(stacked, posinf=9.0, neginf=-9.0), -9.0, 9.0), turn


def plain(full: np.ndarray) -> np.ndarray:
    """The few features (n, P) that the gate works on, one column for each of PLAIN: sizes, and one signed change."""
    table = dict(zip(NAMES, full.T, strict=True))  # what is left out cannot mislead on other indicators
    one, two = table["ago_1"], table["ago_2"]
    table |= {
        "signed_change": table["mean_change"] * table["rising"],
        "slope": np.abs(table["slope"]),
        "from_mean": np.abs(table["from_mean"]),
        # the middle one of the last three values
        "from_recent_middle": np.abs(np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), 0.0))),
        "room": np.where(table["percent"] > 0, np.minimum(table["room_ahead"], table["room_behind"]), 1.0),
    }
    return np.clip(np.stack([table[name] for name in PLAIN], axis=1), -6.0, 6.0)


def _joined(y: np.ndarray, starts: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Values with segments moved so that each begins where the mean change leads from the one before."""
    out, shift = y.copy(), np.zeros(len(y))
    after, when = np.zeros(len(y)), np.full(len(y), -1)
    for k in range(y.shape[1] - 1, -1, -1):
        seen, begins = np.isfinite(y[:, k]), starts[:, k]
        shift = np.where(seen & (when >= 0), after - mean * (when - k) - y[:, k], shift)
        out[:, k] = y[:, k] + shift
        after, when = np.where(begins, out[:, k], after), np.where(begins, k, np.where(seen, -1, when))
    return out


def _path(y: np.ndarray, turn: np.ndarray) -> Table:
    """The last AGO values and yearly changes; gaps are bridged by straight lines, nothing moves before."""
    width, seen, row = y.shape[1], np.isfinite(y), np.arange(len(y))[:, None]
    column, start = np.arange(width), width - AGO - 1
    left = np.maximum.accumulate(np.where(seen, column, -1), axis=1)
    right = np.minimum.accumulate(np.where(seen, column, width)[:, ::-1], axis=1)[:, ::-1]
    left, right = np.where(left < 0, right, left)[:, start:], right[:, start:]
    low, high = y[row, left], y[row, right]
    value = (low + (column[start:] - left) / np.maximum(right - left, 1) * (high - low)) * turn[:, None]
    change = np.diff(value, axis=1)
    table = {f"ago_{k}": np.clip(value[:, AGO - k], -9.0, 9.0) for k in range(1, AGO + 1)}
    return table | {f"change_{k}": change[:, AGO - k] for k in range(1, AGO + 1)}


def _of_changes(h: Histories, d: np.ndarray, mean: np.ndarray, turn: np.ndarray) -> Table:
    """Features of the yearly changes `d`, in units of the typical change, and of their `mean`."""
    size, seen, last, near = np.abs(d), np.isfinite(d), d[:, -1], d[:, -3:]
    rms, centred = np.sqrt(_mean(d * d)), d - mean[:, None]
    spread = np.sqrt(_mean(centred * centred)) + 1e-9
    rounded = np.round(np.where(seen, size, -1.0), 9)  # equal changes stay equal after a shift
    second, largest = np.sort(rounded, axis=1)[:, -2:].T
    # how many of the newest values of the last segment are equal: changes of nothing, newest first
    going = np.logical_and.accumulate((~h.starts & ~(size > 0))[:, ::-1], axis=1)
    return {
        "mean_change": np.abs(mean),
        "last_change": last * turn,
        "last_change_size": np.abs(last),
        "largest_change": largest,
        "largest_when": (size.shape[1] - 1 - rounded.argmax(axis=1)).astype(float) / 5,
        "second_largest": np.maximum(second, 0.0) / (largest + 1e-9),
        "middle_change": _median(size),
        "change_autocorrelation": _autocorrelation(d),
        "repeated": _mean(np.where(seen, size < 1e-9, np.nan)),
        "recent_roughness": np.log((np.sqrt(_mean(near * near)) + 0.05) / (rms + 0.05)),
        "recent_change": _mean(near) * turn,
        "same_direction": _mean(np.where(seen, d * turn[:, None] > 1e-9, np.nan)),
        "monotone": np.abs(mean) / (_mean(size) + 1e-9),
        "bend": (_mean(near) - _mean(d[:, :-4])) * turn,
        "coarse": -np.where(size > 1e-9, size, np.inf).min(axis=1),
        "unchanged": np.log(1.0 + (going & (d == 0)[:, ::-1]).sum(axis=1)),
        "skew": _mean(centred**3) / spread**3 * turn,
        "last_against_mean": (last - mean) * turn,
    }


def _of_levels(h: Histories, unit: np.ndarray, y: np.ndarray, mean: np.ndarray, turn: np.ndarray) -> Table:
    """Features of the values themselves and of `y`, the values in units of the typical change from the last one."""
    kind, last = h.kind, h.values[:, -1]
    percent, positive = kind == 2, (kind == 1) | (kind == 3)  # counts: too few to tell apart
    share = np.clip(np.where(percent, last, 50.0), 0.05, 99.95)
    # room below and above the last value in units of a typical change
    low = np.where(kind > 0, last / unit, 50.0)
    high = np.where(percent, (100.0 - last) / unit, 50.0)
    bound = (kind > 0)[:, None] & ((h.values <= 0) | (percent[:, None] & (h.values >= 100)))
    year = np.where(np.isfinite(y), np.arange(y.shape[1], dtype=float), np.nan)
    year, level = year - _mean(year)[:, None], y - _mean(y)[:, None]
    slope = _mean(year * level) / (_mean(year**2) + 1e-12)
    error = level - slope[:, None] * year  # from the least-squares line
    return {
        "log_years": np.log(np.isfinite(h.values).sum(axis=1).astype(float)) - 2.0,
        "slope": slope * turn,
        "line_error": np.sqrt(_mean(error * error)),
        "line_autocorrelation": _autocorrelation(error),
        "line_gap": error[:, -1] * turn,
        "from_mean": -_mean(y) * turn,
        "from_recent": -_mean(y[:, -3:]) * turn,
        "relative_unit": np.where(kind > 0, np.clip(np.log(unit / _mean(np.abs(h.values))), -8, 3) / 4, 0.0),
        "percent": percent,
        "positive": positive,
        "room_ahead": np.tanh(np.where(turn > 0, high, low) / 5),
        "room_behind": np.tanh(np.where(turn > 0, low, high) / 5),
        "growth": np.where(positive, mean / (np.abs(low) + 1.0), 0.0) * 4,
        "at_bound": _mean(np.where(np.isfinite(h.values), bound, np.nan)),
        "stated_percent": h.support == STATED.index("percent"),
        "share": np.log(share) / 2,
        "missing": np.log(100.0 - share) / 2,
    }


def row_sums(a: np.ndarray) -> np.ndarray:
    """Row sums, column after column: the same to the bit however many rows there are."""
    return np.asarray(sum(a.T, np.zeros(len(a))))


def _mean(a: np.ndarray) -> np.ndarray:
    """Row means over what is there; NaN for a row with nothing."""
    seen = np.isfinite(a)
    return row_sums(np.where(seen, a, 0.0)) / seen.sum(axis=1)


def _median(a: np.ndarray) -> np.ndarray:
    """Row medians over what is there; NaN for a row with nothing."""
    ordered, n = np.sort(a, axis=1), np.isfinite(a).sum(axis=1)  # NaN go last
    row = np.arange(len(a))
    return 0.5 * (ordered[row, np.maximum(n - 1, 0) // 2] + ordered[row, n // 2])


def _autocorrelation(d: np.ndarray) -> np.ndarray:
    """Correlation of neighbouring changes, shrunk towards 0 for few of them."""
    centred = np.where(np.isfinite(d), d - _mean(d)[:, None], 0.0)  # what is not there adds 0 to the sums
    return row_sums(centred[:, 1:] * centred[:, :-1]) / (row_sums(centred * centred) + 1e-9)


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

    def take(self, which: slice | np.ndarray) -> Cells:
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
        two = np.tanh(dot(np.tanh(dot(x, self.into) + self.first), self.between) + self.second)
        knots = dot(two, self.out) + dot(x, self.linear) + self.bias
        return np.sort(knots.reshape(len(x), YEARS, len(KNOTS)), axis=2)


def group(h: Histories) -> np.ndarray:
    """The row of `Prior.widen` of each history (n,): by length, low shares stated as such, counts, real."""
    low_share = (h.support == STATED.index("percent")) & (h.values[:, -1] < LOW)
    length = np.searchsorted(LENGTHS, np.isfinite(h.values).sum(axis=1))
    which = [length == LONG, low_share, h.kind == 3, h.kind == 0]
    return np.select(which, [LONG, LOW_SHARES, COUNTS, REAL + (h.support == 0)], length)


def at_edge(h: Histories) -> np.ndarray:
    """Which series (n,) ended on an edge of their possible range."""
    return (h.values[:, -1] <= LOWER[h.kind]) | (same(h.values[:, -1], UPPER[h.kind]) & (h.kind == 2))


def terms(h: Histories, seen: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The terms (n, H, len(TERMS)) of the regression, in the order of TERMS; `knots` (n, H, 15) are the forecast."""
    run, repeated = (seen[:, [NAMES.index(k)]] for k in ("unchanged", "repeated"))
    edge = at_edge(h).astype(float)[:, None]
    constant, one = (repeated >= 1.0).astype(float), np.ones_like(run)
    never = ((repeated <= 0.0) & (run <= 0.0)).astype(float)
    inner, last, years = (constant + edge) == 0, h.values[:, [-1]], np.arange(1.0, knots.shape[1] + 1)
    # a figure is an interval of half a step to each side: the log odds that the forecast falls within the last one's
    half = common_steps(h.values - np.where(h.kind[:, None] > 0, 0.0, last))[:, None] / 2  # "real": no zero
    within = np.clip(below(knots, last + half) - below(knots, last - half), 0.001, 0.999)
    # the highest or lowest value, and how often it was reached: a cap or a floor
    equal = same(h.values, last)
    inside = np.logical_and(*((side & ~equal).any(axis=1) for side in (h.values > last, h.values < last)))
    extreme = np.where(inner & ~inside[:, None], np.log(equal.sum(axis=1, keepdims=True)), 0.0)
    flat = [one, run, repeated, run * repeated * inner, never, constant, edge, edge * run, edge * repeated]
    flat += [np.where(inner, np.log(within) - np.log1p(-within), 0.0), extreme]
    growing = [term * np.log(years) for term in (one, run, repeated, constant, edge)]
    return np.stack(np.broadcast_arrays(*flat, *growing), axis=2)


@dataclass(frozen=True)
class Prior:
    """Cells, `mean` and `spread` of the features in training, gate, learners, the gate's `share` of the quantiles, the
    factors by which distances from the median are widened (GROUPS, 5 years, 15 knots; at the median less 1 how many
    quartile ranges it moves), and the weights of `staying`: a logistic regression, on `terms`, of the last value again.
    """

    cells: Cells
    mean: np.ndarray
    spread: np.ndarray
    gate: Gate
    learners: tuple[Learner, ...]
    share: float
    widen: np.ndarray
    staying: np.ndarray

    def direct(self, seen: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """The learners' mean quantiles (n, 5, 15) of series with these features and directions (n,), -1 or 1."""
        x = np.clip((seen - self.mean) / self.spread, -5.0, 5.0).astype(np.float32)
        none = np.zeros((len(x), YEARS, len(KNOTS)))
        mean = sum((learner.quantiles(x) for learner in self.learners), none) / len(self.learners)
        return np.where(turn[:, None, None] < 0, -mean[:, :, ::-1], mean)

    def stays(self, h: Histories, seen: np.ndarray, knots: np.ndarray) -> np.ndarray:
        """Probability (n, H) of the last value again, never growing with the years ahead."""
        x = terms(h, seen, knots)  # summed term after term: no series depends on the others
        total = sum((weight * x[:, :, k] for k, weight in enumerate(self.staying)), np.zeros(x.shape[:2]))
        return np.minimum.accumulate(1.0 / (1.0 + np.exp(-np.clip(total, -40.0, 40.0))), axis=1)


def dot(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`x @ matrix` in slices of one shape, so that no row depends on the others or on how many there are."""
    whole = np.concatenate([x, np.zeros((-len(x) % ROWS, x.shape[1]), dtype=x.dtype)])
    return (whole.reshape(-1, ROWS, x.shape[1]) @ matrix).reshape(-1, matrix.shape[1])[: len(x)]


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
    except (KeyError, TypeError, ValueError) as problem:
        raise QcityError(f"not a file of moves ({problem}); `{COMMAND}` writes one") from None


def read_prior(text: str) -> Prior:
    """The prior in the text of a file that the training command wrote; QcityError when it is not one."""
    try:
        return _prior(json.loads(text))
    except (KeyError, TypeError, ValueError) as problem:
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
    return float(np.nanmean(steps)) if np.isfinite(steps).any() else 0.0


@dataclass(frozen=True)
class ReferenceChanges:
    """Changes of one support in the corpus: `quantiles` a year (10, 99), `scaled`, of its `series` and `indicators`."""

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

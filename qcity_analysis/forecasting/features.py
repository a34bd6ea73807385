"""What can be seen of a short series, free of its scale: the inputs of the prior.

Signed quantities are turned to the direction of the mean change: a series and its mirror image look the same except for
the bounds of their support. Sums run column after column: the same to the bit whatever other series there are.
"""

from __future__ import annotations

import numpy as np

from .histories import STATED, Histories, same

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
    with np.errstate(divide="ignore", invalid="ignore"):
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
    table = dict(
        zip(NAMES, full.T, strict=True)
    )  # what is left out cannot mislead on indicators unlike the corpus
    one, two = table["ago_1"], table["ago_2"]
    near = np.minimum(table["room_ahead"], table["room_behind"])
    table |= {
        "signed_change": table["mean_change"] * table["rising"],
        "slope": np.abs(table["slope"]),
        "from_mean": np.abs(table["from_mean"]),
        # the middle one of the last three values
        "from_recent_middle": np.abs(np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), 0.0))),
        "room": np.where(table["percent"] > 0, near, 1.0),
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
    unchanged = 1.0 + (going & (d == 0)[:, ::-1]).sum(axis=1)
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
        "unchanged": np.log(unchanged),
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
    relative = np.clip(np.log(unit / _mean(np.abs(h.values))), -8, 3) / 4
    return {
        "log_years": np.log(np.isfinite(h.values).sum(axis=1).astype(float)) - 2.0,
        "slope": slope * turn,
        "line_error": np.sqrt(_mean(error * error)),
        "line_autocorrelation": _autocorrelation(error),
        "line_gap": error[:, -1] * turn,
        "from_mean": -_mean(y) * turn,
        "from_recent": -_mean(y[:, -3:]) * turn,
        "relative_unit": np.where(kind > 0, relative, 0.0),
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
    return row_sums(np.where(seen, a, 0.0)) / row_sums(seen.astype(float))


def _median(a: np.ndarray) -> np.ndarray:
    """Row medians over what is there; NaN for a row with nothing."""
    ordered, n = np.sort(a, axis=1), np.isfinite(a).sum(axis=1)  # NaN go last
    row = np.arange(len(a))
    return 0.5 * (ordered[row, np.maximum(n - 1, 0) // 2] + ordered[row, n // 2])


def _autocorrelation(d: np.ndarray) -> np.ndarray:
    """Correlation of neighbouring changes, shrunk towards 0 for few of them."""
    centred = np.where(np.isfinite(d), d - _mean(d)[:, None], 0.0)
    products = row_sums(centred[:, 1:] * centred[:, :-1])  # 0 where one of the two is not there
    return products / (row_sums(centred * centred) + 1e-9)

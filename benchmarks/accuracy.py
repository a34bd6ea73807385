"""How good the forecaster is beside others, on the bank's validation folds.

    python benchmarks/accuracy.py BANK [--series 300]

BANK is the folder of the bank (see `qcity train-prior --help`). Each third of its indicators is forecast by
a prior trained on the other two. statsforecast is used where it is installed; it is no dependency. Prints
CRPS relative to the random walk (geometric mean over series), how often the 90 % interval holds 1 to 5 years
ahead, and the speed.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import models, scores
from qcity_analysis.forecasting.histories import LOWER, UPPER
from qcity_analysis.training.hindcast import Hindcast, by_fold
from qcity_analysis.training.train import read_bank

LEVELS = scores.LEVELS
Method = Callable[[np.ndarray], np.ndarray]  # history -> quantiles (5, 13)


def named(model: str) -> Method:
    """A model of `models.NAMES`; the random walk where it cannot be fitted, as a user would."""

    def quantiles(history: np.ndarray) -> np.ndarray:
        series = pd.Series(history, index=range(len(history)))
        try:
            paths = models.paths(model, series, 5, 2000, np.random.default_rng(0))
        except QcityError:
            paths = models.paths("naive", series, 5, 2000, np.random.default_rng(0))
        return np.quantile(paths, LEVELS, axis=0).T

    return quantiles


def statsforecast_methods() -> dict[str, Method]:
    """AutoETS, AutoTheta and DynamicOptimizedTheta, if statsforecast is installed."""
    try:
        from statsforecast.models import AutoETS, AutoTheta, DynamicOptimizedTheta
    except ImportError:
        return {}

    def method(make: Callable[[], object]) -> Method:
        def quantiles(history: np.ndarray) -> np.ndarray:
            widths = [95, 90, 80, 60, 40, 20]
            try:
                found = make().forecast(y=history.astype(float), h=5, level=widths)  # type: ignore[attr-defined]
            except Exception:  # any failure of another's package counts as the random walk
                return named("naive")(history)
            low = [found[f"lo-{w}"] for w in widths]
            high = [found[f"hi-{w}"] for w in reversed(widths)]
            return np.column_stack([*low, found["mean"], *high])

        return quantiles

    return {
        "statsforecast AutoETS": method(lambda: AutoETS(season_length=1)),
        "statsforecast AutoTheta": method(lambda: AutoTheta(season_length=1)),
        "statsforecast DynamicOptimizedTheta": method(lambda: DynamicOptimizedTheta(season_length=1)),
    }


def line(name: str, quantiles: np.ndarray, h: Hindcast, speed: str) -> str:
    """One row of the table."""
    kind = h.tasks.histories.support
    q = np.clip(quantiles, LOWER[kind][:, None, None], UPPER[kind][:, None, None])
    log = scores.relative_crps(q, LEVELS, h.tasks.histories.values, h.tasks.actual)
    inside = ((h.tasks.actual >= q[:, :, 1]) & (h.tasks.actual <= q[:, :, -2])).mean(axis=0)
    return f"| {name} | {np.exp(log.mean()):.3f} | {' '.join(f'{s:.2f}' for s in inside)} | {speed} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bank")
    parser.add_argument("--series", type=int, default=300)
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    whole = by_fold(read_bank(wanted.bank), lambda text: print(text, flush=True))["as shipped"]
    rows = np.random.default_rng(0).permutation(len(whole.tasks.actual))[: wanted.series]
    h = Hindcast(whole.tasks.rows(rows), whole.knots[rows])
    print("| forecaster | relative CRPS | 90 % interval holds, 1 to 5 years | series/s |\n|---|---|---|---|")
    print(line("structural mixture (all validation series)", whole.quantiles(LEVELS), whole, "see speed.py"))
    print(line("structural mixture", h.quantiles(LEVELS), h, "see speed.py"))
    methods = {name: named(name) for name in models.NAMES} | statsforecast_methods()
    for name, method in methods.items():
        start = time.perf_counter()
        found = np.array([method(v[np.isfinite(v)]) for v in h.tasks.histories.values])
        took = time.perf_counter() - start
        print(line(name, found, h, f"{len(found) / took:.0f}"), flush=True)


if __name__ == "__main__":
    main()

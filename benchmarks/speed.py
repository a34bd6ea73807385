"""How fast the panel forecast is, and how much memory it takes.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/speed.py

Random walks of 4 to 15 points, five years ahead, 13 quantiles, one process; checks included. Also one series
with 10 000 draws.
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd

from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.scores import LEVELS

SIZES = (1_000, 10_000, 100_000)


def walks(count: int, seed: int = 0) -> pd.DataFrame:
    """A long frame of random walks of 4 to 15 points."""
    rng = np.random.default_rng(seed)
    length = rng.integers(4, 16, count)
    total = int(length.sum())
    start = np.repeat(np.cumsum(length) - length, length)
    step = np.arange(total) - start
    value = np.cumsum(rng.normal(size=total))
    return pd.DataFrame(
        {"series_id": np.repeat(np.arange(count), length), "period": 2005 + step, "value": value}
    )


def main() -> None:
    """Print one line for each size."""
    forecast_panel(walks(100)).quantiles(LEVELS)
    print("| series | seconds | series/s | peak memory, MB |\n|---|---|---|---|")
    for count in SIZES:
        frame = walks(count)
        start = time.perf_counter()
        forecast_panel(frame, horizon=5).quantiles(LEVELS)
        took = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {count} | {took:.2f} | {count / took:.0f} | {peak:.0f} |", flush=True)
    series = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.6], index=range(2018, 2024))
    times = []
    for _ in range(20):
        start = time.perf_counter()
        forecast(series, 2028, support="percent", draws=10_000)
        times.append(time.perf_counter() - start)
    print(f"\none series, five years, 10 000 draws: {1000 * float(np.median(times)):.1f} ms")


if __name__ == "__main__":
    main()

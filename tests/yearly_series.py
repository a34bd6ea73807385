"""Made-up yearly series for tests of the forecaster."""

import numpy as np
import pandas as pd


def frame(values: list[float], support: str = "real", name: str = "a", last: int = 2023) -> pd.DataFrame:
    """One series as a panel, its last year `last`."""
    years = range(last - len(values) + 1, last + 1)
    return pd.DataFrame({"series_id": name, "period": years, "value": values, "support": support})


def many(count: int, seed: int = 0) -> pd.DataFrame:
    """A panel of random walks of 4 to 15 years with gaps."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(count):
        y = np.cumsum(rng.normal(0.3, 1.0, size=rng.integers(4, 16))) + 50
        one = frame(list(y), "positive", f"s{i:04d}", int(rng.integers(2015, 2024)))
        keep = np.r_[True, rng.random(len(one) - 2) > 0.15, True]
        parts.append(one[keep] if keep.sum() >= 3 else one)
    return pd.concat(parts, ignore_index=True)


def question(
    threshold: object = 0.0, period: object = 2024, direction: str = "at_least", series: str = "a"
) -> pd.DataFrame:
    """One question to a panel."""
    ask = {"series_id": series, "period": period, "threshold": threshold, "direction": direction}
    return pd.DataFrame(ask, index=[0])

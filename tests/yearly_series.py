"""Made-up yearly series for tests of the forecaster."""

import numpy as np
import pandas as pd

from qcity_analysis.forecasting.panel import forecast_panel


def since(first, *values):
    """One value a year."""
    return pd.Series(values, index=range(first, first + len(values)))


def frame(values, support="real", name="a", last=2023):
    """One series as a panel, its last year `last`."""
    years = range(last - len(values) + 1, last + 1)
    return pd.DataFrame({"series_id": name, "period": years, "value": values, "support": support})


def alike(values, support="real"):
    """A panel of series of one length: the rows of `values`, named by their number, in the years from 0 on."""
    ids, years = np.indices(values.shape).reshape(2, -1)
    return pd.DataFrame({"series_id": ids, "period": years, "value": values.ravel(), "support": support})


def many(count, seed=0):
    """A panel of random walks of 4 to 15 years with gaps."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(count):
        y = np.cumsum(rng.normal(0.3, 1.0, size=rng.integers(4, 16))) + 50
        one = frame(list(y), "positive", f"s{i:04d}", int(rng.integers(2015, 2024)))
        keep = np.r_[True, rng.random(len(one) - 2) > 0.15, True]
        parts.append(one[keep] if keep.sum() >= 3 else one)
    return pd.concat(parts, ignore_index=True)


def question(threshold, period=2024, way="at_least", name="a"):
    """One question to a panel."""
    return pd.DataFrame([{"series_id": name, "period": period, "threshold": threshold, "direction": way}])


def panel_of(values, support="real", horizon=5):
    """The forecast of one series up to 2023 as a panel."""
    return forecast_panel(frame(list(values), support), horizon)

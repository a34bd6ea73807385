"""Why a forecast is what it is: which kinds of model carry the weight, and what each year contributes.

Out of scope: sentences in two languages (see `describe`); the one here is for the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .features import features, plain, units
from .histories import FEWEST, framed, from_frame, yearly
from .panel import fit_cells, look_ahead
from .prior import Prior, shipped

FAMILIES = ("constant mean", "moving level", "damped trend", "trend")


@dataclass(frozen=True)
class Explanation:
    """What carries a forecast.

    Attributes: `shares`, weight of each family of cells, summing to one; `last_value`, by how much the
    median one year ahead moves when the last value moves by 1; `without`, the median in the last year
    forecast if a year had not been known (index year); `median`, that median with every year known;
    `structural`, the share of the quantiles that the cells make (the rest are the learners').
    """

    shares: dict[str, float]
    last_value: float
    without: pd.Series
    median: float
    structural: float

    def __str__(self) -> str:
        first, second = sorted(self.shares, key=lambda name: -self.shares[name])[:2]
        text = f"mostly {first} ({self.shares[first]:.0%}), then {second} ({self.shares[second]:.0%}); "
        text += f"a change of 1 in the last value moves next year's median by {self.last_value:.2f}"
        if len(self.without):
            year = int((self.without - self.median).abs().idxmax())
            other = f"without it {self.without[year]:.4g}, not {self.median:.4g}"
            text += f"; the year that matters most is {year} ({other})"
        return text


def explain(
    series: pd.Series,
    until: int,
    *,
    support: str = "real",
    breaks: Sequence[int] = (),
    prior: Prior | None = None,
) -> Explanation:
    """Explain the mixture forecast of one series (index year) up to and including `until`.

    >>> levels = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.7], index=range(2018, 2024))
    >>> found = explain(levels, 2025, support="percent")
    >>> round(sum(found.shares.values()), 9), found.without.index.to_list()
    (1.0, [2018, 2019, 2020, 2021, 2022, 2023])
    """
    prior = prior or shipped()
    seen = yearly(series).dropna()
    horizon = int(until) - int(seen.index[-1])
    h = from_frame(framed(seen, support), breaks)
    unit = units(h)
    weight = prior.gate.weights(plain(features(h, unit)[0]), fit_cells(h, unit, prior.cells).loglik)[0]
    shares = {name: float(weight[family_of(prior) == k].sum()) for k, name in enumerate(FAMILIES)}
    step = 0.2 * float(unit[0])
    inward = -1.0 if support == "percent" and seen.iloc[-1] + step > 100 else 1.0
    moved = seen.copy()
    moved.iloc[-1] += inward * step
    near = _medians(seen, support, breaks, 1, prior), _medians(moved, support, breaks, 1, prior)
    without = {}
    if len(seen) > FEWEST:
        for year in seen.index:
            rest = seen.drop(year)
            years = int(until) - int(rest.index[-1])
            without[int(year)] = float(_medians(rest, support, breaks, years, prior)[-1])
    median = float(_medians(seen, support, breaks, horizon, prior)[-1])
    last = float((near[1][0] - near[0][0]) / (inward * step))
    return Explanation(shares, last, pd.Series(without, dtype=float), median, float(prior.share))


def family_of(prior: Prior) -> np.ndarray:
    """Index into FAMILIES of each cell."""
    cells = prior.cells
    trend = np.where(cells.phi >= 1.0, 3, 2)
    return np.where(cells.phi > 0, trend, np.where(cells.rho > 0, 1, 0))


def _medians(series: pd.Series, support: str, breaks: Sequence[int], years: int, prior: Prior) -> np.ndarray:
    found = look_ahead(from_frame(framed(series, support), breaks), prior, years)
    return found.ahead.quantiles(np.array([0.5]))[0, :, 0]

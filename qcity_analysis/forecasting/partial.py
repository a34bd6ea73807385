"""What is known only in part, as observations in the likelihood: bounds ("above 96 %"), preliminary figures.

Histories are completed many times: a noisy value is drawn around its figure, a bounded one within its bounds.
Each completed history counts in proportion to the marginal likelihood of the structural mixture (importance
sampling), so a bound says as much as it knows and no more.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..errors import QcityError
from .features import units
from .histories import LOWER, SUPPORTS, UPPER, Histories, from_frame
from .panel import fit_cells
from .prior import Prior

TRIALS = 600  # completed histories tried
USED = 100  # of which so many, drawn by weight, are forecast
Years = Mapping[int, float]


def completed(
    series: pd.Series,
    support: str,
    lower: Years,
    upper: Years,
    noisy: Years,
    prior: Prior,
    rng: np.random.Generator,
) -> Histories:
    """USED equally likely completed histories of one series (index year).

    `lower`, `upper`: bounds of years without a value; `noisy`: standard error of years with one. Raises
    QcityError when a bound meets a value, a standard error has none, or bounds contradict each other.
    """
    seen = series.dropna().astype(float).sort_index()
    low, high = _bounds(seen, support, lower, upper)
    for year, error in noisy.items():
        if year not in seen.index:
            raise QcityError(f"noisy: no value in {year} to be uncertain about")
        if not error > 0:
            raise QcityError(f"noisy: the standard error in {year} must be above 0; found {error!r}")
    kind = SUPPORTS.index(support)
    exact = from_frame(
        pd.DataFrame({"series_id": "a", "period": seen.index, "value": seen, "support": support})
    )
    unit = float(units(exact)[0])
    table = np.repeat(seen.to_numpy()[None], TRIALS, axis=0)
    for year, error in noisy.items():
        place = seen.index.get_loc(year)
        table[:, place] = _truncated(rng, seen[year], error, LOWER[kind], UPPER[kind])[0]
    log_weight = np.zeros(TRIALS)
    years = list(seen.index)
    for year in sorted(low):
        centre, spread = _guess(np.array(years), table, year, unit)
        drawn, log_density = _truncated(rng, centre, spread, low[year], high[year])
        log_weight -= log_density
        place = int(np.searchsorted(years, year))
        years.insert(place, year)
        table = np.insert(table, place, drawn, axis=1)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(np.arange(TRIALS), len(years)),
            "period": np.tile(years, TRIALS),
            "value": table.ravel(),
            "support": support,
        }
    )
    h = from_frame(frame)
    loglik = fit_cells(h, np.full(TRIALS, unit), prior.cells).loglik
    top = loglik.max(axis=1, keepdims=True)
    log_weight += (top + np.log(np.exp(loglik - top).mean(axis=1, keepdims=True)))[:, 0]
    weight = np.exp(log_weight - log_weight.max())
    # Systematic resampling: as many copies of each as its weight says, to within one.
    steps = (rng.random() + np.arange(USED)) / USED
    return h.rows(np.searchsorted(np.cumsum(weight) / weight.sum(), steps).clip(0, TRIALS - 1))


def _bounds(
    seen: pd.Series, support: str, lower: Years, upper: Years
) -> tuple[dict[int, float], dict[int, float]]:
    """Both bounds of every bounded year, those of the support where only one is given."""
    kind = SUPPORTS.index(support)
    low, high = {}, {}
    for year in {*lower, *upper}:
        if year in seen.index:
            raise QcityError(f"{year} has a value and a bound; give one of them")
        if year < seen.index[0]:
            raise QcityError(f"a bound in {year}, before the first value in {seen.index[0]}, says nothing")
        low[year] = max(float(lower.get(year, -np.inf)), LOWER[kind])
        high[year] = min(float(upper.get(year, np.inf)), UPPER[kind])
        if not low[year] < high[year]:
            raise QcityError(f"bounds of {year} leave nothing: {low[year]:g} to {high[year]:g}")
    return low, high


def _guess(years: np.ndarray, table: np.ndarray, year: int, unit: float) -> tuple[np.ndarray, float]:
    """Where a value of that year is looked for: between its neighbours, or near the last value."""
    after = int(np.searchsorted(years, year))
    before = table[:, after - 1]
    gap = year - years[after - 1]
    if after == len(years):
        return before, 1.5 * unit * float(np.sqrt(gap))
    width = years[after] - years[after - 1]
    return before + (table[:, after] - before) * gap / width, unit * float(
        np.sqrt(gap * (width - gap) / width) + 0.5
    )


def _truncated(
    rng: np.random.Generator, centre: np.ndarray | float, spread: float, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of a normal distribution between two bounds, and their log density.

    A bound many spreads away from the centre moves the centre to it, so that there is something to draw.
    """
    from scipy.special import ndtr, ndtri

    centre = np.clip(centre, low - 3.0 * spread, high + 3.0 * spread)
    a, b = ndtr((low - centre) / spread), ndtr((high - centre) / spread)
    z = ndtri(a + (b - a) * rng.random(TRIALS))
    log_density = -0.5 * z * z - np.log(spread * (b - a))
    return np.clip(centre + spread * z, low, high), log_density

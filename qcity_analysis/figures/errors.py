"""Marks of figures that are known with an error: error bars of uncertain levels, estimates of unfinished years."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..catalogue import text
from .canvas import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..series.annual import AnnualSeries

Z90 = 1.645  # half width of a 90 % interval in standard errors


def level_errors(series: AnnualSeries) -> dict[int, float]:
    """Standard error of each uncertain level by year, its own and the shared ones together.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2025-12-31"), "rd_intensity", "jiangsu")
    >>> sorted(level_errors(series))
    [2024]
    """
    years = {*series.noisy, *(year for one in series.shared for year in one)}
    known = series.values.dropna()
    return {
        year: math.hypot(series.noisy.get(year, 0.0), *(one.get(year, 0.0) for one in series.shared))
        for year in sorted(years)
        if year in known.index
    }


def draw_errors(ax: Axes, series: AnnualSeries, lang: str, first: int | None = None) -> None:
    """Draw 90 % error bars, and year-to-date estimates as hollow diamonds; nothing before the year `first`."""
    known = series.values.dropna()
    errors = {year: error for year, error in level_errors(series).items() if year >= (first or 0)}
    if errors:
        ax.errorbar(
            list(errors),
            [float(known[year]) for year in errors],
            yerr=[Z90 * error for error in errors.values()],
            fmt="none",
            ecolor=MUTED,
            elinewidth=1.2,
            capsize=3,
            zorder=4.5,
            label=text("error_bar", lang),
        )
    rows = series.estimates[series.estimates["year"] >= (first or 0)]
    if len(rows):
        ax.errorbar(
            rows["year"].astype(int),
            rows["value"].astype(float),
            yerr=Z90 * rows["error"].astype(float),
            fmt="D",
            ms=5.5,
            mfc="white",
            mec=INK,
            ecolor=MUTED,
            elinewidth=1.2,
            capsize=3,
            zorder=4.8,
            label=text("year_to_date", lang),
        )

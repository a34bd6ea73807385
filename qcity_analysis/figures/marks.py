"""One panel of a fan chart: the marks for what was published, the fan, the target and the path needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..catalogue import text
from ..reporting.describe import level_number
from ..reporting.formatting import number, year_of
from ..reporting.labels import axis_unit, borrowed_name, panel_title, target_shown
from .canvas import BLUE, BLUE_LIGHT, BLUE_MID, INK, MUTED, OCHRE, OCHRE_LIGHT, OCHRE_MID, TARGET
from .errors import draw_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from ..assessment.answer import Assessment


RECENT = 12  # years before the deadline that are drawn of a long series


def draw_panel(ax: Axes, part: Assessment, lang: str, titled: bool) -> None:
    """Draw one assessment into `ax`: fan, target, path, figures, bounds and years; `titled` names the panel."""
    unit = axis_unit(part, lang)
    if titled:
        ax.set_title(panel_title(part, lang), loc="left", fontsize=10.5, fontweight="bold", pad=18)
    ax.annotate(
        unit,
        (0, 1),
        xytext=(0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=8.5,
        color=MUTED,
    )
    has_figures = part.series is not None and _levels(part).notna().any()
    if part.fan is not None:
        _draw_fan(ax, part, lang)
    _draw_target(ax, part, lang)
    if part.needed_path is not None and len(part.needed_path):
        path = part.needed_path
        ax.plot(
            path.index, path.to_numpy(float), color=TARGET, lw=1.4, ls=(0, (4, 3)), label=text("needed", lang)
        )
    if has_figures or (part.series is not None and len(part.series.bounds)):
        _draw_observed(ax, part, lang)
        _draw_vintages_and_bounds(ax, part, lang)
        if part.series is not None:
            draw_errors(ax, part.series, lang, first_shown(part))
        _draw_tally(ax, part, lang)
    elif part.fan is None:
        ax.text(
            0.5, 0.5, text("no_figure", lang), transform=ax.transAxes, ha="center", fontsize=13, color=MUTED
        )
        if part.threshold is None:
            ax.set_yticks([])
    _years(ax, part)


def _draw_fan(ax: Axes, part: Assessment, lang: str) -> None:
    assert part.fan is not None
    dark, mid, light = (OCHRE, OCHRE_MID, OCHRE_LIGHT) if part.borrowed else (BLUE, BLUE_MID, BLUE_LIGHT)
    fan = part.fan.copy()
    levels = _levels(part).dropna()
    if len(levels) and levels.index[-1] < fan.index[0]:
        fan.loc[levels.index[-1]] = levels.iloc[-1]
        fan = fan.sort_index()
    years = fan.index.to_numpy(float)
    quantile = {float(name): fan[name].to_numpy(float) for name in fan.columns}

    def label(key: str) -> str:
        shown = text(key, lang)
        return (
            text("borrowed_legend", lang, label=shown, name=borrowed_name(part, lang))
            if part.borrowed
            else shown
        )

    hatch = "///" if part.borrowed else None
    ax.fill_between(
        years,
        quantile[0.05],
        quantile[0.95],
        fc=light,
        ec=mid if hatch else "none",
        lw=0,
        hatch=hatch,
        label=label("fan90"),
    )
    ax.fill_between(years, quantile[0.25], quantile[0.75], fc=mid, ec="none", lw=0, label=label("fan50"))
    ax.plot(years, quantile[0.5], color=dark, lw=2, label=label("median"), solid_capstyle="round")
    for level, weight in ((0.95, "normal"), (0.5, "bold"), (0.05, "normal")):
        ends = _end_label(
            ax, years[-1], quantile[level][-1], level_number(part, float(quantile[level][-1])), dark, weight
        )
        ends.set_gid("end")


def spread_labels(ax: Axes) -> None:
    """Move the numbers at the end of a fan apart where they would overlap; called once the scale is final."""
    labels = sorted((t for t in ax.texts if t.get_gid() == "end"), key=lambda t: float(t.xy[1]))  # type: ignore[attr-defined]
    if len(labels) != 3:
        return
    height = ax.get_window_extent().height / ax.figure.dpi * 72
    low, high = ax.get_ylim()
    at = [float(t.xy[1]) / (high - low) * height for t in labels]  # type: ignore[attr-defined]
    apart = 11.5
    for label, shift in (
        (labels[0], min(0, at[1] - apart - at[0])),
        (labels[2], max(0, at[1] + apart - at[2])),
    ):
        label.set_position((8, shift))


def _end_label(ax: Axes, x: float, y: float, shown: str, colour: str, weight: str = "normal") -> Annotation:
    return ax.annotate(
        shown,
        (x, y),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=colour,
        fontweight=weight,
    )


def _draw_target(ax: Axes, part: Assessment, lang: str) -> None:
    deadline = int(part.target.deadline)
    ax.axvline(deadline, color=MUTED, lw=0.8, ls=(0, (1, 2)), zorder=1)
    ax.annotate(
        text("deadline", lang, year=deadline),
        (deadline, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 5),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=MUTED,
    )
    if part.threshold is None or not np.isfinite(part.threshold):
        return
    if part.tolerance:
        low, high = part.threshold - part.tolerance, part.threshold + part.tolerance
        ax.axhspan(low, high, fc=TARGET, alpha=0.12, lw=0, label=text("tolerance_label", lang))
    ax.axhline(part.threshold, color=TARGET, lw=1.5, zorder=2.5)
    ax.plot(
        [deadline], [part.threshold], marker="D", ms=6.5, color=TARGET, mec="white", mew=1, ls="", zorder=6
    )
    shown = text("target_line", lang, value=target_shown(part, lang))
    ax.annotate(
        shown,
        (0, part.threshold),
        xycoords=("axes fraction", "data"),
        xytext=(3, 4),
        textcoords="offset points",
        color=TARGET,
        fontsize=9,
        fontweight="bold",
        zorder=7,
        bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.8},
    )


def _draw_observed(ax: Axes, part: Assessment, lang: str) -> None:
    levels = _levels(part)
    ax.plot(
        levels.index, levels.to_numpy(float), color=INK, lw=1.4, zorder=4
    )  # NaN breaks the line: gaps stay gaps
    known = levels.dropna()
    status = _status_by_year(part)
    marks: dict[str, dict[str, Any]] = {
        "final": {"marker": "o", "ms": 5.5, "mfc": INK, "mec": "white"},
        "preliminary": {"marker": "s", "ms": 5.5, "mfc": "white", "mec": INK},
        "estimate": {"marker": "^", "ms": 7, "mfc": "white", "mec": INK},
        "illustrative": {"marker": "X", "ms": 7, "mfc": "#7b2d8b", "mec": "white"},
    }
    for kind, mark in marks.items():
        years = [year for year in known.index if status.get(int(year), "final") == kind]
        if years:
            chained = part.series is not None and part.series.base_year is not None
            final = "derived_point" if chained else "observed"
            label = text(final if kind == "final" else kind, lang)
            ax.plot(years, known.loc[years].to_numpy(float), ls="", mew=1, zorder=5, label=label, **mark)
    base = part.series.base_year if part.series is not None else None
    base = base if base is not None else year_of(part.target.base_year)
    if base is not None and base in known.index:
        ax.annotate(
            text("base", lang, year=base),
            (base, known[base]),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=MUTED,
            bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.5},
            zorder=3.5,
        )
    deadline = int(part.target.deadline)
    if deadline in known.index:
        ax.plot(
            [deadline],
            [known[deadline]],
            marker="o",
            ms=13,
            mfc="none",
            mec=INK,
            mew=1.6,
            ls="",
            zorder=6,
            label=text("outcome", lang),
        )
        _end_label(
            ax,
            deadline + 0.12,
            float(known[deadline]),
            level_number(part, float(known[deadline])),
            INK,
            "bold",
        )


def _draw_tally(ax: Axes, part: Assessment, lang: str) -> None:
    """What is counted for certain, where years before it or months after it are not known."""
    tally = part.tally
    if tally is None or not tally.through or part.target.kind != "cumulative":
        return
    year, known = int(tally.through[:4]), _levels(part).dropna()
    if year in known.index and known[year] == tally.count:
        return
    ax.plot(year, tally.count, marker="_", ms=11, mew=1.6, color=INK, ls="", zorder=5)
    ax.plot(year, tally.count, marker="^", ms=5, color=INK, ls="", zorder=5, label=text("counted_mark", lang))


def _draw_vintages_and_bounds(ax: Axes, part: Assessment, lang: str) -> None:
    assert part.series is not None
    levels = _levels(part)
    label: str | None = text("superseded", lang)
    for row in part.series.superseded.itertuples():
        value = _as_level(row, levels)
        if value is not None and _year(row) >= (first_shown(part) or 0):
            ax.plot(
                _year(row),
                value,
                marker="o",
                ms=5.5,
                mfc="none",
                mec=MUTED,
                ls="",
                zorder=3,
                label=label,
            )
            label = None
    label = text("bound", lang)
    for row in part.series.bounds.itertuples():
        value = _as_level(row, levels)
        if value is None:
            continue
        up = str(row.qualifier).startswith(">")
        ax.annotate(
            "",
            (_year(row), value),
            xytext=(0, 20 if up else -20),
            textcoords="offset points",
            arrowprops={"arrowstyle": "<|-", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0},
        )
        ax.plot(_year(row), value, marker="^" if up else "v", ms=0.1, color=INK, ls="")
        ax.plot(_year(row), value, marker="_", ms=11, mew=1.6, color=INK, ls="", label=label, zorder=5)
        label = None


def _as_level(row: Any, levels: pd.Series) -> float | None:
    """Where a figure outside the series belongs on the axis of levels; None where that cannot be said."""
    if row.measure in ("level", "count_total"):
        return float(row.value)
    start = (
        year_of(row.base_period) if row.measure == "cumulative_change_pct" else (year_of(row.period) or 0) - 1
    )
    if (
        row.measure in ("change_pct", "cumulative_change_pct")
        and start in levels.index
        and np.isfinite(levels[start])
    ):
        return float(levels[start] * (1 + row.value / 100))
    return None


def _year(row: Any) -> int:
    return int(str(row.period)[:4])


def _levels(part: Assessment) -> pd.Series:
    return part.series.values if part.series is not None else pd.Series(dtype=float)


def _status_by_year(part: Assessment) -> dict[int, str]:
    """The least certain status of the figures behind each year."""
    order = {"final": 0, "preliminary": 1, "estimate": 2, "illustrative": 3}
    found: dict[int, str] = {}
    for row in part.series.observations.itertuples() if part.series is not None else ():
        year, status = year_of(row.period), str(row.status)
        if year is not None and order.get(status, 0) >= order.get(found.get(year, "final"), 0):
            found[year] = status
    return found


def first_shown(part: Assessment) -> int | None:
    """The first year drawn of a long series, so that the fan is not squeezed; None when all of it is drawn.

    >>> import qcity_analysis as qc
    >>> first_shown(qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31"))
    2013
    """
    start = int(part.target.deadline) - RECENT
    years = _levels(part).dropna().index
    return start if start in years and years[0] < start - 2 and (years >= start).sum() >= 8 else None


def _years(ax: Axes, part: Assessment) -> None:
    """Whole years from the first figure shown to just after the deadline."""
    known = [int(year) for year in _levels(part).dropna().index]
    known += [int(year) for year in (part.fan.index if part.fan is not None else [])]
    known += [year_of(part.tally.through) or 0] if part.tally is not None and part.tally.through else []
    for rows in (part.series.bounds, part.series.superseded) if part.series is not None else ():
        known += [year for year in map(year_of, rows["period"]) if year is not None] if len(rows) else []
    deadline = int(part.target.deadline)
    first, last = first_shown(part) or min([*known, deadline - 5]), max([*known, deadline])
    step = max(1, -(-(last - first) // 9))
    ax.set_xlim(first - 0.4, last + 0.4)
    ax.set_xticks([year for year in range(first, last + 1) if (deadline - year) % step == 0])
    ax.xaxis.set_major_formatter("{x:.0f}")
    low, high = ax.get_ylim()
    if first_shown(part):
        seen = _levels(part).loc[first:].dropna().tolist() + [part.threshold or np.nan]
        seen += part.fan.to_numpy(float).ravel().tolist() if part.fan is not None else []
        low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    if part.series is not None and part.series.support == "percent":
        low, high = max(low, -0.5), min(high, 100.5)
    ax.set_ylim(low, high)
    if part.target.kind in ("rank", "zero_event"):  # there is nothing between two whole numbers
        from matplotlib.ticker import MaxNLocator

        ax.yaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    ax.yaxis.set_major_formatter(lambda value, _: number(value))

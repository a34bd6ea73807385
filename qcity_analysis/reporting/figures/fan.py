"""The fan chart of one target: what was published, where it may go, and where the target lies.

Interactive charts are out of scope.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...catalogue import check_language, join, text
from ..formatting import number, text_of, year_of
from ..sentences import (
    assessment_title,
    axis_unit,
    borrowed_name,
    level_number,
    panel_title,
    subtitle,
    target_shown,
)
from .canvas import DPI, INK, LENT, MUTED, OWN, TARGET, WIDTH, Look, note, style, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...assessment.answer import Assessment
    from ...series.annual import AnnualSeries

PANEL = 3.4  # inches
RECENT = 12  # years before the deadline that are drawn of a long series
Z90 = 1.645  # half width of a 90 % interval in standard errors
APART = 11.5  # points between the numbers at the end of a fan
ILLUSTRATIVE = "#7b2d8b"
STATUS_MARKS: dict[str, dict[str, Any]] = {  # from the most to the least certain
    "final": {"marker": "o", "ms": 5.5, "mfc": INK, "mec": "white"},
    "preliminary": {"marker": "s", "ms": 5.5, "mfc": "white", "mec": INK},
    "estimate": {"marker": "^", "ms": 7, "mfc": "white", "mec": INK},
    "illustrative": {"marker": "X", "ms": 7, "mfc": ILLUSTRATIVE, "mec": "white"},
}


def fan_chart(assessment: Assessment, lang: str = "en") -> Figure:
    """What was published, where it may go, and where the target lies, as one figure.

    One panel, or one for each of `assessment.parts` (definitions or borrowed comparators, never joined).
    Levels are in the units of `assessment.series`; without any figure the panel says so.

    >>> import qcity_analysis as qc
    >>> figure = fan_chart(qc.assess(qc.load(), "rd_intensity"), "zh")
    >>> len(figure.axes)
    1
    """
    from matplotlib.figure import Figure

    check_language(lang)
    panels = list(assessment.parts) or [assessment]
    titled = len(panels) > 1
    heads, lines = _headings(assessment, panels, lang), _footer(panels, lang)
    with style():
        figure = Figure(figsize=(WIDTH, 5), dpi=DPI)
        axes = [figure.add_subplot(len(panels), 1, i + 1) for i in range(len(panels))]
        for ax, part in zip(axes, panels, strict=True):
            _draw_panel(ax, part, lang, titled)
        _share_axes(axes, panels)
        handles = _handles(axes)
        columns = _columns(handles)
        head = 0.42 + sum(gap for _, gap, _ in heads) + 0.25 * titled
        foot = 0.66 + 0.21 * -(-len(handles) // columns) + 0.19 * len(lines)
        height = head + PANEL * len(panels) + foot
        figure.set_size_inches(WIDTH, height)
        figure.subplots_adjust(
            left=0.095, right=0.9, top=1 - head / height, bottom=foot / height, hspace=0.36
        )
        down = 0.12
        for line, gap, look in heads:
            figure.text(0.03, 1 - down / height, line, va="top", **look)
            down += gap
        figure.legend(
            list(handles.values()), list(handles), loc="upper left", bbox_to_anchor=(0.02, (foot - 0.36) / height),
            ncols=columns, fontsize=8.5, columnspacing=1.6, handlelength=1.8, borderaxespad=0,
        )  # fmt: skip
        quiet: Look = {"fontsize": 8, "color": MUTED, "va": "bottom", "linespacing": 1.5}
        figure.text(0.03, 0.08 / height, "\n".join(lines), **quiet)
        if assessment.illustrative or any(part.illustrative for part in panels):
            _banner(axes, lang)
        for ax in axes:
            _spread_labels(ax)
        figure.canvas.draw()  # tick labels take their font now, while the style holds
    return figure


def _headings(
    assessment: Assessment, panels: Sequence[Assessment], lang: str
) -> list[tuple[str, float, dict[str, Any]]]:
    """The lines above the panels with their heights in inches: target, definition or loan, verdict."""
    bold, quiet = {"fontsize": 12.5, "fontweight": "bold"}, {"fontsize": 9.5, "color": MUTED}
    width = 27 if lang == "zh" else 49
    lines = [(row, 0.25, bold) for row in wrapped(assessment_title(assessment, lang), width)]
    if len(panels) == 1 and assessment.role != "main":
        strong = {"fontsize": 9.5, "fontweight": "bold"}
        lines += [(row, 0.19, strong) for row in wrapped(panel_title(assessment, lang), int(1.4 * width))]
    return [*lines, (subtitle(assessment, lang), 0.19, quiet)]


def _footer(panels: Sequence[Assessment], lang: str) -> list[str]:
    """The lines under the figure: whose changes are borrowed, who published, and as of when."""
    column = "publisher" if lang == "zh" else "publisher_en"
    frames = [
        rows for a in panels if a.series is not None for rows in (a.series.observations, a.series.bounds)
    ]
    published = [text_of(name) for rows in frames if column in rows for name in rows[column]]
    shown = join([each for name in published for each in re.split("、|; ", name)], lang)
    lines = [text("source_line" if shown else "as_of_line", lang, publishers=shown, as_of=panels[0].as_of)]
    hidden = [year for year in map(first_shown, panels) if year]
    if hidden:
        lines.append(text("earlier_in_table", lang, year=max(hidden)))
    lent = join([borrowed_name(part, lang) for part in panels if part.borrowed], lang)
    if lent:
        lines.insert(0, text("borrowed_note", lang, name=lent))
    return [row for line in lines for row in wrapped(line, 44 if lang == "zh" else 90)]


def _share_axes(axes: Sequence[Axes], panels: Sequence[Assessment]) -> None:
    """Panels in the same unit share their scale, so that they can be compared."""
    if len({axis_unit(part, "en") for part in panels}) != 1 or len(axes) < 2:
        return
    lows, highs = zip(*(ax.get_ylim() for ax in axes), strict=True)
    starts, ends = zip(*(ax.get_xlim() for ax in axes), strict=True)
    for ax in axes:
        ax.set_ylim(min(lows), max(highs))
        ax.set_xlim(min(starts), max(ends))


def _handles(axes: Sequence[Axes]) -> dict[str, Any]:
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    return handles


def _columns(handles: dict[str, Any]) -> int:
    longest = max((sum(2 if ord(char) > 0x2E80 else 1 for char in label) for label in handles), default=0)
    return 4 if longest <= 12 else 3 if longest <= 24 else 2


def _banner(axes: Sequence[Axes], lang: str) -> None:
    look: Look = {
        "fontsize": 12,
        "fontweight": "bold",
        "color": "white",
        "ha": "center",
        "va": "top",
        "zorder": 10,
    }
    box: Look = {"fc": ILLUSTRATIVE, "ec": "none", "pad": 5}
    for ax in axes:
        ax.text(0.5, 0.93, text("illustrative_banner", lang), transform=ax.transAxes, bbox=box, **look)


def _draw_panel(ax: Axes, part: Assessment, lang: str, titled: bool) -> None:
    """Draw one assessment into `ax`: fan, target, path, figures, bounds and years; `titled` names the panel."""
    if titled:
        ax.set_title(panel_title(part, lang), loc="left", fontsize=10.5, fontweight="bold", pad=18)
    note(ax, axis_unit(part, lang), (0, 1), (0, 5), xycoords="axes fraction")
    if part.fan is not None:
        _draw_fan(ax, part, part.fan, lang)
    _draw_target(ax, part, lang)
    path = part.needed_path
    if path is not None and len(path):
        dashed: Look = {"color": TARGET, "lw": 1.4, "ls": (0, (4, 3))}
        ax.plot(path.index, path.to_numpy(float), label=text("needed", lang), **dashed)
    series = part.series
    if series is not None and (series.values.notna().any() or len(series.bounds)):
        _draw_observed(ax, part, series, lang)
        _draw_vintages(ax, part, series, lang)
        _draw_bounds(ax, series, lang)
        _draw_errors(ax, series, lang, first_shown(part) or 0)
        _draw_tally(ax, part, lang)
    elif part.fan is None:
        look: Look = {"ha": "center", "fontsize": 13, "color": MUTED}
        ax.text(0.5, 0.5, text("no_figure", lang), transform=ax.transAxes, **look)
        if part.threshold is None:
            ax.set_yticks([])
    _years(ax, part)


def _draw_fan(ax: Axes, part: Assessment, fan: pd.DataFrame, lang: str) -> None:
    dark, mid, light = LENT if part.borrowed else OWN
    levels = _levels(part).dropna()
    if len(levels) and levels.index[-1] < fan.index[0]:
        start = pd.DataFrame(levels.iloc[-1], index=levels.index[-1:], columns=fan.columns)
        fan = pd.concat([start, fan])
    years = fan.index.to_numpy(float)
    low, lower, median, upper, high = (fan[q].to_numpy(float) for q in sorted(fan.columns, key=float))

    def label(name: str) -> str:
        shown, lender = text(name, lang), borrowed_name(part, lang)
        return text("borrowed_legend", lang, label=shown, name=lender) if part.borrowed else shown

    hatch, edge = ("///", mid) if part.borrowed else (None, "none")
    ax.fill_between(years, low, high, fc=light, ec=edge, lw=0, hatch=hatch, label=label("fan90"))
    ax.fill_between(years, lower, upper, fc=mid, ec="none", lw=0, label=label("fan50"))
    ax.plot(years, median, color=dark, lw=2, label=label("median"), solid_capstyle="round")
    for quantile, weight in ((high, "normal"), (median, "bold"), (low, "normal")):
        _end_label(ax, part, years[-1], float(quantile[-1]), dark, weight).set_gid("end")


def _end_label(ax: Axes, part: Assessment, x: float, level: float, colour: str, weight: str) -> Any:
    look: Look = {"va": "center", "color": colour, "fontweight": weight}
    return note(ax, level_number(part, level), (x, level), (8, 0), **look)


def _spread_labels(ax: Axes) -> None:
    """Move the numbers at the end of a fan apart where they would overlap; called once the scale is final."""
    ends: list[Any] = sorted((t for t in ax.texts if t.get_gid() == "end"), key=lambda t: float(t.xy[1]))  # type: ignore[attr-defined]
    if len(ends) != 3:
        return
    height = ax.get_window_extent().height / ax.figure.dpi * 72
    low, high = ax.get_ylim()
    at = [float(label.xy[1]) / (high - low) * height for label in ends]
    ends[0].set_position((8, min(0, at[1] - APART - at[0])))
    ends[2].set_position((8, max(0, at[1] + APART - at[2])))


def _draw_target(ax: Axes, part: Assessment, lang: str) -> None:
    deadline = int(part.target.deadline)
    ax.axvline(deadline, color=MUTED, lw=0.8, ls=(0, (1, 2)), zorder=1)
    said = text("deadline", lang, year=deadline)
    note(ax, said, (deadline, 1), (0, 5), xycoords=("data", "axes fraction"), ha="right")
    if part.threshold is None or not np.isfinite(part.threshold):
        return
    if part.tolerance:
        low, high = part.threshold - part.tolerance, part.threshold + part.tolerance
        ax.axhspan(low, high, fc=TARGET, alpha=0.12, lw=0, label=text("tolerance_label", lang))
    ax.axhline(part.threshold, color=TARGET, lw=1.5, zorder=2.5)
    diamond: Look = {"marker": "D", "ms": 6.5, "color": TARGET, "mec": "white", "mew": 1, "ls": ""}
    ax.plot([deadline], [part.threshold], zorder=6, **diamond)
    look: Look = {"color": TARGET, "fontsize": 9, "fontweight": "bold", "zorder": 7, "bbox": _box(0.8)}
    said = text("target_line", lang, value=target_shown(part, lang))
    note(ax, said, (0, part.threshold), (3, 4), xycoords=("axes fraction", "data"), **look)


def _box(pad: float) -> dict[str, Any]:
    """A light ground for words over lines."""
    return {"fc": "white", "ec": "none", "alpha": 0.75, "pad": pad}


def _draw_observed(ax: Axes, part: Assessment, series: AnnualSeries, lang: str) -> None:
    levels, known = series.values, series.values.dropna()
    ax.plot(levels.index, levels.to_numpy(float), color=INK, lw=1.4, zorder=4)  # NaN breaks the line
    status = _status_by_year(series)
    for kind, mark in STATUS_MARKS.items():
        years = [year for year in known.index if status.get(int(year), "final") == kind]
        if years:
            final = "derived_point" if series.base_year is not None else "observed"
            label = text(final if kind == "final" else kind, lang)
            ax.plot(years, known.loc[years].to_numpy(float), ls="", mew=1, zorder=5, label=label, **mark)
    base = series.base_year if series.base_year is not None else year_of(part.target.base_year)
    if base is not None and base in known.index:
        look: Look = {"ha": "center", "fontsize": 8, "bbox": _box(0.5), "zorder": 3.5}
        note(ax, text("base", lang, year=base), (base, known[base]), (0, 7), **look)
    deadline = int(part.target.deadline)
    if deadline in known.index:
        level = float(known[deadline])
        ring: Look = {"marker": "o", "ms": 13, "mfc": "none", "mec": INK, "mew": 1.6, "ls": ""}
        ax.plot([deadline], [level], zorder=6, label=text("outcome", lang), **ring)
        _end_label(ax, part, deadline + 0.12, level, INK, "bold")


def _status_by_year(series: AnnualSeries) -> dict[int, str]:
    """The least certain status of the figures behind each year."""
    order, status = list(STATUS_MARKS), dict[int, str]()
    for row in series.observations.itertuples():
        year, new = year_of(row.period), str(row.status)
        if year is not None and order.index(new) >= order.index(status.get(year, "final")):
            status[year] = new
    return status


def _draw_vintages(ax: Axes, part: Assessment, series: AnnualSeries, lang: str) -> None:
    """What was published before and is replaced, as open circles."""
    label: str | None = text("superseded", lang)
    circle: Look = {"marker": "o", "ms": 5.5, "mfc": "none", "mec": MUTED, "ls": "", "zorder": 3}
    for row in series.superseded.itertuples():
        level, year = _as_level(row, series.values), year_of(row.period) or 0
        if level is not None and year >= (first_shown(part) or 0):
            ax.plot(year, level, label=label, **circle)
            label = None


def _draw_bounds(ax: Axes, series: AnnualSeries, lang: str) -> None:
    label: str | None = text("bound", lang)
    arrow: Look = {"arrowstyle": "<|-", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    for row in series.bounds.itertuples():
        level, year = _as_level(row, series.values), year_of(row.period) or 0
        if level is None:
            continue
        up = str(row.qualifier).startswith(">")
        look: Look = {"arrowprops": arrow, "fontsize": 9.5}  # the arrow starts at the box of its empty text
        note(ax, "", (year, level), (0, 20 if up else -20), **look)
        ax.plot(year, level, marker="^" if up else "v", ms=0.1, color=INK, ls="")
        ax.plot(year, level, marker="_", ms=11, mew=1.6, color=INK, ls="", label=label, zorder=5)
        label = None


def _as_level(row: Any, levels: pd.Series) -> float | None:
    """Where a figure outside the series belongs on the axis of levels; None where that cannot be said."""
    if row.measure in ("level", "count_total"):
        return float(row.value)
    if row.measure not in ("change_pct", "cumulative_change_pct"):
        return None
    total = row.measure == "cumulative_change_pct"
    start = levels.get(year_of(row.base_period) if total else (year_of(row.period) or 0) - 1)
    return None if start is None or not np.isfinite(start) else float(start * (1 + row.value / 100))


def level_errors(series: AnnualSeries) -> dict[int, float]:
    """Standard error of each uncertain level by year, its own and the shared ones together.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2025-12-31"), "rd_intensity", "jiangsu")
    >>> sorted(level_errors(series))
    [2024]
    """
    parts = (series.noisy, *series.shared)
    years = sorted({year for one in parts for year in one} & {*series.values.dropna().index})
    return {year: math.hypot(*(one.get(year, 0.0) for one in parts)) for year in years}


def _draw_errors(ax: Axes, series: AnnualSeries, lang: str, first: int) -> None:
    """Draw 90 % error bars, and year-to-date estimates as hollow diamonds; nothing before the year `first`."""
    bars: Look = {"ecolor": MUTED, "elinewidth": 1.2, "capsize": 3}
    errors = {year: Z90 * error for year, error in level_errors(series).items() if year >= first}
    if errors:
        levels = [float(series.values[year]) for year in errors]
        label, size = text("error_bar", lang), list(errors.values())
        ax.errorbar(list(errors), levels, yerr=size, fmt="none", zorder=4.5, label=label, **bars)
    rows = series.estimates[series.estimates["year"] >= first]
    if len(rows):
        years, levels, size = (
            rows["year"].astype(int),
            rows["value"].astype(float),
            rows["error"].astype(float),
        )
        diamond: Look = {"fmt": "D", "ms": 5.5, "mfc": "white", "mec": INK, "zorder": 4.8}
        ax.errorbar(years, levels, yerr=Z90 * size, label=text("year_to_date", lang), **diamond, **bars)


def _draw_tally(ax: Axes, part: Assessment, lang: str) -> None:
    """What is counted for certain, where years before it or months after it are not known."""
    tally = part.tally
    if tally is None or not tally.through or part.target.kind != "cumulative":
        return
    year = int(tally.through[:4])
    if _levels(part).get(year) == tally.count:
        return
    ax.plot(year, tally.count, marker="_", ms=11, mew=1.6, color=INK, ls="", zorder=5)
    ax.plot(year, tally.count, marker="^", ms=5, color=INK, ls="", zorder=5, label=text("counted_mark", lang))


def _levels(part: Assessment) -> pd.Series:
    return part.series.values if part.series is not None else pd.Series(dtype=float)


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

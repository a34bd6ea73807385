"""The fan chart of one target: what was published, where it may go, and where the target lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...assessment.answer import Assessment
from ...catalogue import check_language, join, text
from ...series.annual import AnnualSeries
from .. import sentences
from ..formatting import number, text_of, year_of
from . import INK, LENT, MUTED, OWN, TARGET, WHITE, WIDTH, Look, columns_of, mark, new_figure, note, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL, LINE = 2.9, 0.215  # inches
RECENT = 12  # years before the deadline that are drawn of a long series
Z90 = 1.645  # half width of a 90 % interval in standard errors
APART = 11.5  # points between the numbers at the end of a fan
MOVED = ("target", "base", "said")  # labels that are moved to where there is room, the first ones first
SIDEWAYS = (("right", -7), ("left", 7), ("center", 0))
AROUND = [(x, y, side) for y in (-15, 6, -4, -28, 19) for side, x in SIDEWAYS]  # in points, beside a mark
ACROSS = {"left": 0, "center": 0.5, "right": 1}  # the width of a panel
HIDDEN = 1000  # a label upon another or outside is worse than any it covers of a line
ILLUSTRATIVE = "#7b2d8b"
STATUS_MARKS = {  # from the most to the least certain
    "final": mark("o", INK, WHITE, 5.5), "preliminary": mark("s", WHITE, INK, 5.5),
    "estimate": mark("^", WHITE, INK, 7), "illustrative": mark("X", ILLUSTRATIVE, WHITE, 7),
}  # fmt: skip
UNDER: Look = {"fc": WHITE, "ec": "none", "alpha": 0.75, "pad": 0.3}  # words over lines
BOLD: Look = {"fontweight": "bold"}
DASHED: Look = {"ls": (0, (4, 3))}


def fan_chart(assessment: Assessment, lang: str = "en") -> Figure:
    """The fan chart: one panel, or one for each of `assessment.parts` (definitions or comparators, never joined).

    Levels are in the units of `assessment.series`; without any figure the panel says so.
    """
    panels = list(assessment.parts) or [assessment]
    several, handles = len(panels) > 1, dict[str, Any]()
    title, about, lines = _words(assessment, panels, check_language(lang))
    with new_figure(5) as figure:
        axes = [figure.add_subplot(len(panels), 1, i + 1) for i in range(len(panels))]
        for ax, part in zip(axes, panels, strict=True):
            _draw_panel(ax, part, lang, several)
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        if several and len({sentences.axis_unit(part, "en") for part in panels}) == 1:  # they compare
            spans = np.array([(ax.get_xlim(), ax.get_ylim()) for ax in axes])
            across, up = zip(spans[..., 0].min(axis=0), spans[..., 1].max(axis=0), strict=True)
            for ax, part in zip(axes, panels, strict=True):
                ax.set_ylim(up)
                _years(ax, *across, part.target.deadline)
        longest = max(map(columns_of, handles), default=0)
        columns = 3 if longest <= 13 else 2 if longest <= 24 else 1
        top = 0.14 + 0.24 * len(title)
        head = top + LINE * len(about) + 0.32 + 0.25 * several
        foot = 0.45 + 0.22 * -(-len(handles) // columns) + LINE * len(lines)
        height = head + PANEL * len(panels) + foot
        figure.set_size_inches(WIDTH, height)
        figure.subplots_adjust(0.105, foot / height, 0.88, 1 - head / height, hspace=0.42)
        figure.text(0.01, 1 - 0.1 / height, "\n".join(title), va="top", fontsize=12.5, **BOLD)
        figure.text(0.01, 1 - top / height, "\n".join(about), va="top", color=MUTED, linespacing=1.35)
        figure.text(0.01, 0.05 / height, "\n".join(lines), va="bottom", color=MUTED, linespacing=1.35)
        figure.legend(
            list(handles.values()), list(handles), loc="upper left", bbox_to_anchor=(0, (foot - 0.3) / height),
            ncols=columns, columnspacing=1.2, handlelength=1.6, borderaxespad=0,
        )  # fmt: skip
        look = BOLD | {"fontsize": 12, "color": WHITE, "ha": "center", "va": "top", "zorder": 10}
        look |= {"bbox": {"fc": ILLUSTRATIVE, "ec": "none", "pad": 5}}
        for ax in axes if assessment.illustrative or any(part.illustrative for part in panels) else ():
            ax.text(0.5, 0.93, text("illustrative_banner", lang), transform=ax.transAxes, **look)
        _keep_apart(figure)
    return figure


def _words(a: Assessment, panels: Sequence[Assessment], lang: str) -> tuple[list[str], list[str], list[str]]:
    """The lines around the panels: what was found; of which target and definition; who published, and as of when."""
    column = "publisher" if lang == "zh" else "publisher_en"
    name = " · ".join(filter(None, [sentences.panel_title(a, lang), a.target.name(lang)]))
    series = [part.series for part in panels if part.series is not None]
    frames = [rows for one in series for rows in (one.observations, one.bounds) if column in rows]
    names = [each for rows in frames for name in rows[column] for each in re.split("、|; ", text_of(name))]
    publishers, lent = join(names, lang), join([sentences.borrowed_name(part, lang) for part in panels], lang)
    key = "source_line" if publishers else "as_of_line"
    lines = [text("borrowed_note", lang, name=lent)] if lent else []
    lines.append(text(key, lang, publishers=publishers, as_of=panels[0].as_of))
    if first := max(_first_drawn(part) or 0 for part in panels):
        lines.append(text("earlier_in_table", lang, year=first))
    rows = [row for line in lines for row in wrapped(line, 60)]
    return wrapped(sentences.figure_title(a, lang), 46), wrapped(name, 55), rows


def _draw_panel(ax: Axes, part: Assessment, lang: str, titled: bool) -> None:
    """Draw one assessment into `ax`: fan, target, path, figures, bounds and years; `titled` names the panel."""
    series, first = part.series, _first_drawn(part)
    if titled:
        title = wrapped(sentences.panel_title(part, lang), 50)
        ax.set_title("\n".join(title), loc="left", fontsize=11.5, pad=20, **BOLD)
    yearly = _draw_counts(ax, part, lang)
    unit = sentences.unit_of if yearly else sentences.axis_unit  # a bar is of its year alone
    note(ax, unit(part, lang), (0, 1), (0, 5), xycoords="axes fraction")
    if yearly:
        return _scale(ax, part, first)
    if part.fan is not None:
        _draw_fan(ax, part, part.fan, lang)
    _draw_target(ax, part, lang)
    if series is not None and (series.values.notna().any() or len(series.bounds)):
        _draw_levels(ax, part, series, lang)
        _draw_beside(ax, series, lang, first or 0)
    elif part.fan is None:
        look: Look = {"ha": "center", "fontsize": 13, "color": MUTED, "transform": ax.transAxes}
        ax.text(0.5, 0.5, text("no_figure", lang), **look)
        if part.threshold is None:
            ax.set_yticks([])
    _scale(ax, part, first)


def _draw_fan(ax: Axes, part: Assessment, fan: pd.DataFrame, lang: str) -> None:
    """The ranges and the median of the forecast, from the last level on, with their numbers at the end."""
    (dark, mid, light), levels, label = LENT if part.borrowed else OWN, part.levels(), text("fan", lang)
    if len(levels) and levels.index[-1] < fan.index[0]:
        fan = pd.concat([pd.DataFrame(levels.iloc[-1], levels.index[-1:], fan.columns), fan])
    years = fan.index.to_numpy(float)
    low, lower, median, upper, high = (fan[q].to_numpy(float) for q in sorted(fan.columns, key=float))
    hatch, edge = ("///", mid) if part.borrowed else (None, "none")
    if part.borrowed:
        label = text("borrowed_legend", lang, label=label, name=sentences.borrowed_name(part, lang))
    ax.fill_between(years, low, high, fc=light, ec=edge, lw=0, hatch=hatch)
    ax.fill_between(years, lower, upper, fc=mid, ec="none", lw=0, label=label)
    ax.plot(years, median, color=dark, lw=2, solid_capstyle="round")
    for quantile, weight in ((high, "normal"), (median, "bold"), (low, "normal")):
        end, look = float(quantile[-1]), {"va": "center", "color": dark, "fontweight": weight, "bbox": UNDER}
        note(ax, sentences.level_number(part, end), (years[-1], end), (8, 0), **look).set_gid("end")


def _said(ax: Axes, words: str, at: tuple[float, float], kind: str = "said", **look: Any) -> None:
    """Say beside a mark what it is; where there is room for it is seen once all is drawn."""
    note(ax, words, at, (0, 0), **{"bbox": UNDER, "zorder": 3.6} | look).set_gid(kind)


def _draw_counts(ax: Axes, part: Assessment, lang: str) -> bool:
    """Bars for the counts of the years and, dashed, what the others would need; False where there is no such count."""
    if part.target.kind not in ("cumulative", "zero_event") or part.series is None:
        return False
    rows = part.series.observations
    rows = rows[(rows["measure"] == "count_new") & (rows["period"].astype(str).str.len() == 4)]
    counts = {int(row.period): float(row.value) for row in rows.itertuples()}
    if not counts:
        return False
    first, last = part.period or (min(counts), part.target.deadline)
    still = [year for year in range(first, last + 1) if year not in counts]
    plain: Look = {"fc": OWN[1], "ec": OWN[0], "lw": 0.8}
    bars = [("yearly", counts, INK, plain)]
    tally, settled = part.tally, part.status in ("met", "missed")
    if tally is not None and tally.needed >= len(still) > 0 and not settled:
        each = dict.fromkeys(still, tally.needed / len(still))
        bars.append(("yearly_needed", each, TARGET, {"fc": "none", "ec": TARGET, "lw": 1.3} | DASHED))
    for key, heights, colour, look in bars:
        drawn = ax.bar(list(heights), list(heights.values()), width=0.7, label=text(key, lang), **look)
        ax.bar_label(drawn, list(map(number, heights.values())), padding=2, color=colour)
    ax.axvspan(first - 0.5, last + 0.5, fc=OWN[2], alpha=0.35, lw=0, zorder=0)
    ax.set_ylim(0, 1.12 * ax.get_ylim()[1])
    return True


def _keep_apart(figure: Figure) -> None:
    """Move the numbers at the end of a fan apart, and each label to a place where it covers nothing; what marks are,
    which the table of sources says too, is hidden where there is none. Called once the scale is final.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    for ax in figure.axes:
        width, height = (72 / figure.dpi * side for side in ax.get_window_extent().size)
        low, high = ax.get_ylim()
        ends: list[Any] = sorted((t for t in ax.texts if t.get_gid() == "end"), key=lambda t: float(t.xy[1]))
        at = [float(label.xy[1]) / (high - low) * height for label in ends]
        for end, shift in ((0, -APART), (2, APART)) if len(ends) == 3 else ():
            beyond = at[1] + shift - at[end]
            ends[end].set_position((8, min(0, beyond) if shift < 0 else max(0, beyond)))
        along = [(3 + (width - 30) * x, y, side) for side, x in ACROSS.items() for y in (4, -14)]
        kept = [t.get_window_extent(renderer).get_points() for t in ax.texts if t.get_gid() not in MOVED]
        labels: list[Any] = [t for kind in MOVED for t in ax.texts if t.get_gid() == kind]
        (bottom, top), drawn, dot = ax.bbox.get_points(), _drawn(ax), figure.dpi / 72
        for label in labels:
            places = along if label.get_gid() == "target" else AROUND
            label.set(position=(0, 0), ha="left")
            box = label.get_window_extent(renderer)
            shifts = [(x * dot - ACROSS[side] * box.width, y * dot) for x, y, side in places]
            first, last = box.expanded(1.1, 1).get_points()[:, None] + shifts  # other fonts are wider
            wrong = 1 - ((first > bottom) & (last < top)).all(axis=1)
            wrong += sum(((first <= other[1]) & (last >= other[0])).all(axis=1) for other in kept)
            covered = ((drawn > first[:, None]) & (drawn < last[:, None])).all(axis=2).sum(axis=1)
            x, y, side = places[best := int(np.argmin(cost := HIDDEN * wrong + covered))]
            label.set(position=(x, y), ha=side, visible=cost[best] == 0 or places is along)
            kept += [np.array([first[best], last[best]])] * label.get_visible()


def _drawn(ax: Axes) -> np.ndarray:
    """Points (x, y on the screen) close to one another on every line, edge and error bar of the axes."""
    shapes = [(line.get_transform(), line.get_xydata()) for line in ax.lines]
    shapes += [(each.get_transform(), path.vertices) for each in ax.collections for path in each.get_paths()]
    ends = [transform.transform(corners) for transform, corners in shapes]
    between = [at[:-1] + np.linspace(0, 1, 40)[:, None, None] * np.diff(at, axis=0) for at in ends]
    return np.concatenate([np.empty((0, 2)), *(points.reshape(-1, 2) for points in (*ends, *between))])


def _draw_target(ax: Axes, part: Assessment, lang: str) -> None:
    """The deadline, the level asked for with its tolerance, and the path needed."""
    deadline, threshold, path = part.target.deadline, part.threshold, part.needed_path
    ax.axvline(deadline, color=MUTED, lw=0.8, ls=(0, (1, 2)), zorder=1)
    edge: Look = {"ha": "center", "xycoords": ("data", "axes fraction")}
    note(ax, text("deadline", lang, year=deadline), (deadline, 1), (0, 5), **edge)
    if threshold is not None and np.isfinite(threshold):
        if part.tolerance:
            band: Look = {"fc": TARGET, "alpha": 0.12, "lw": 0}
            ax.axhspan(threshold - part.tolerance, threshold + part.tolerance, **band)
        ax.axhline(threshold, color=TARGET, lw=1.5, zorder=2.5)
        ax.plot([deadline], [threshold], "D", zorder=6, ms=6.5, color=TARGET, mec=WHITE, mew=1)
        look: Look = {"color": TARGET, "zorder": 7, "xycoords": ("axes fraction", "data")} | BOLD
        words = text("target_line", lang, value=sentences.target_shown(part, lang))
        _said(ax, words, (0, threshold), "target", **look)
    if path is not None and len(path):
        ax.plot(path.index, path.to_numpy(float), color=TARGET, lw=1.4, label=text("needed", lang), **DASHED)


def _draw_levels(ax: Axes, part: Assessment, series: AnnualSeries, lang: str) -> None:
    """The levels by status, the base year and the outcome; a year's status is the least certain of its figures."""
    known, order, rows = part.levels(), [*STATUS_MARKS], series.observations
    ax.plot(series.values.index, series.values.to_numpy(float), color=INK, lw=1.4, zorder=4)  # gaps break it
    worst = rows["status"].astype(str).map(order.index).groupby(rows["period"].map(year_of)).max()
    first = text("derived_point" if series.base_year is not None else "observed", lang)
    for rank, kind in enumerate(order):
        levels = known[[worst.get(int(year), 0) == rank for year in known.index]]
        if len(levels):
            named = STATUS_MARKS[kind] | {"label": None if rank else first, "zorder": 5}
            ax.plot(levels.index, levels.to_numpy(float), **named)
            if rank:
                _said(ax, text(kind, lang), (int(levels.index[-1]), float(levels.iloc[-1])))
    base = series.base_year if series.base_year is not None else part.target.base_year
    if base is not None and base in known.index:
        _said(ax, text("base", lang, year=base), (base, known[base]), "base")
    if (deadline := part.target.deadline) in known.index:
        ax.plot([deadline], [known[deadline]], zorder=6, **mark("o", "none", INK, 13, 1.6))
        at = deadline + 0.12, float(known[deadline])
        note(ax, sentences.level_number(part, at[1]), at, (8, 0), va="center", color=INK, **BOLD)


def _draw_beside(ax: Axes, series: AnnualSeries, lang: str, first: int) -> None:
    """What is no level of the series: replaced figures as open circles, bounds as ticks with an arrow, 90 % error
    bars, and year-to-date estimates as hollow diamonds; but for the bounds nothing before the year `first`.
    """
    replaced = [at for at in _points(series.superseded, series) if at[0] >= first]
    for year, level, _ in replaced:
        ax.plot(year, level, zorder=3, **mark("o", "none", MUTED, 5.5))
    if replaced:
        _said(ax, text("superseded", lang), replaced[-1][:2])
    arrow: Look = {"arrowstyle": "<|-", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    bounds = _points(series.bounds, series)
    for year, level, qualifier in bounds:
        up = qualifier.startswith(">")
        look: Look = {"arrowprops": arrow, "fontsize": 9}  # the arrow starts at the box of its empty text
        note(ax, "", (year, level), (0, 20 if up else -20), **look)
        ax.plot(year, level, marker="^" if up else "v", ms=0.1, color=INK, ls="")
        ax.plot(year, level, zorder=5, **mark("_", INK, INK, 11, 1.6))
    if bounds:
        _said(ax, text("bound", lang), bounds[-1][:2])
    known = series.known().loc[first:]
    exact = {year: (float(known[year]), error) for year in known.index if (error := series.error(year))}
    ahead = {year: pair for year, pair in series.evidence.estimates.items() if year >= first}
    hollow: Look = {"fmt": "D", "ms": 5.5, "mfc": WHITE, "mec": INK, "zorder": 4.8}
    kinds = (("error_bar", exact, {"fmt": "none", "zorder": 4.5}), ("year_to_date", ahead, hollow))
    for key, pairs, look in kinds:
        if pairs:
            levels, sizes = np.array([*pairs.values()]).T
            ax.errorbar([*pairs], levels, Z90 * sizes, ecolor=MUTED, elinewidth=1.2, capsize=3, **look)
            _said(ax, text(key, lang), ([*pairs][-1], float(levels[-1])))


def _points(rows: pd.DataFrame, series: AnnualSeries) -> list[tuple[int, float, str]]:
    """Year, level and qualifier of figures outside the series, where they can be placed on its axis of levels."""
    points = []
    for row in rows[["period", "measure", "base_period", "value", "qualifier"]].itertuples():
        year, level = year_of(row.period) or 0, float(row.value)
        if row.measure in ("change_pct", "cumulative_change_pct"):
            start = year_of(row.base_period) if row.measure.startswith("cumulative") else year - 1
            level = float(series.values.get(start, np.nan)) * (1 + level / 100)
        elif row.measure not in ("level", "count_total"):
            continue
        if np.isfinite(level):
            points.append((year, level, str(row.qualifier)))
    return points


def _first_drawn(part: Assessment) -> int | None:
    """The first year drawn of a long series, so that the fan is not squeezed; None when all of it is drawn."""
    start, years = part.target.deadline - RECENT, part.levels().index
    return start if start in years and years[0] < start - 2 and (years >= start).sum() >= 8 else None


def _years(ax: Axes, first: float, last: float, deadline: int) -> None:
    """Whole years on the axis from `first` to `last`, at most eight of them, the deadline among them."""
    step = max(1, -(-int(last - first) // 7))
    ax.set_xlim(first, last)
    ax.set_xticks([year for year in range(round(first), round(last) + 1) if (deadline - year) % step == 0])
    ax.xaxis.set_major_formatter("{x:.0f}")


def _scale(ax: Axes, part: Assessment, start: int | None) -> None:
    """Whole years from the first figure shown to just after the deadline; levels with a margin."""
    from matplotlib.ticker import MaxNLocator

    series, levels, deadline = part.series, part.levels(), part.target.deadline
    first, last = (round(end) for end in ax.dataLim.intervalx) if ax.has_data() else (deadline, deadline)
    _years(ax, (start or min(first, deadline - 5)) - 0.4, max(last, deadline) + 0.4, deadline)
    low, high = ax.get_ylim()
    if start:
        fan = part.fan.to_numpy(float).ravel() if part.fan is not None else ()
        drawn = [*levels.loc[start:], part.threshold or np.nan, *fan]
        low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    if series is not None and series.support == "percent":
        low, high = max(low, -0.5), min(high, max(100.5, 1.01 * (part.threshold or 0)))
    ax.set_ylim(low, high)
    if part.target.kind == "rank":
        ax.set_ylim(bottom=max(low, 0.5))
    if part.target.kind in ("rank", "zero_event"):  # there is nothing between two whole numbers
        ax.yaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    ax.yaxis.set_major_formatter(lambda value, _: number(value))

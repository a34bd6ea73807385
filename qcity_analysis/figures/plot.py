"""The fan chart of one target: what was published, where it may go, and where the target lies.

Interactive charts are out of scope.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..catalogue import check_language, join, text
from ..reporting.formatting import text_of
from ..reporting.labels import assessment_title, axis_unit, borrowed_name, panel_title, subtitle
from .canvas import DPI, MUTED, WIDTH, style
from .marks import draw_panel, first_shown, spread_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..assessment.answer import Assessment

PANEL = 3.4  # inches


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
    heads = _headings(assessment, panels, lang)
    with style():
        figure = Figure(figsize=(WIDTH, 5), dpi=DPI)
        axes = [figure.add_subplot(len(panels), 1, i + 1) for i in range(len(panels))]
        for ax, part in zip(axes, panels, strict=True):
            draw_panel(ax, part, lang, titled)
        _share_axes(axes, panels)
        lines = _footer(panels, lang)
        handles = _handles(axes)
        head, foot = (
            0.42 + sum(gap for _, gap, _ in heads) + 0.25 * titled,
            0.66 + 0.21 * -(-len(handles) // _columns(handles)) + 0.19 * len(lines),
        )
        height = head + PANEL * len(panels) + foot
        figure.set_size_inches(WIDTH, height)
        figure.subplots_adjust(
            left=0.095, right=0.9, top=1 - head / height, bottom=foot / height, hspace=0.36
        )
        _titles(figure, heads, height)
        _legend(figure, handles, foot / height, height)
        figure.text(
            0.03, 0.08 / height, "\n".join(lines), fontsize=8, color=MUTED, va="bottom", linespacing=1.5
        )
        if assessment.illustrative or any(part.illustrative for part in panels):
            _banner(axes, lang)
        for ax in axes:
            spread_labels(ax)
        figure.canvas.draw()  # tick labels take their font now, while the style holds
    return figure


def _share_axes(axes: Sequence[Axes], panels: Sequence[Assessment]) -> None:
    """Panels in the same unit share their scale, so that they can be compared."""
    if len({axis_unit(part, "en") for part in panels}) != 1 or len(axes) < 2:
        return
    lows, highs = zip(*(ax.get_ylim() for ax in axes), strict=True)
    starts, ends = zip(*(ax.get_xlim() for ax in axes), strict=True)
    for ax in axes:
        ax.set_ylim(min(lows), max(highs))
        ax.set_xlim(min(starts), max(ends))


def _headings(
    assessment: Assessment, panels: Sequence[Assessment], lang: str
) -> list[tuple[str, float, dict[str, Any]]]:
    """The lines above the panels with their heights in inches: target, definition or loan, verdict."""
    bold, quiet = {"fontsize": 12.5, "fontweight": "bold"}, {"fontsize": 9.5, "color": MUTED}
    width = 27 if lang == "zh" else 49
    found = [(row, 0.25, bold) for row in wrapped(assessment_title(assessment, lang), width)]
    if len(panels) == 1 and assessment.role != "main":
        strong = {"fontsize": 9.5, "fontweight": "bold"}
        found += [(row, 0.19, strong) for row in wrapped(panel_title(assessment, lang), int(1.4 * width))]
    return [*found, (subtitle(assessment, lang), 0.19, quiet)]


def wrapped(said: str, width: int) -> list[str]:
    """A text as lines of at most `width` characters; Chinese, which has no spaces, is cut anywhere.

    >>> wrapped("published figures", 10)
    ['published', 'figures']
    """
    return textwrap.wrap(said, width) or [""]


def _titles(figure: Figure, heads: Sequence[tuple[str, float, dict[str, Any]]], height: float) -> None:
    down = 0.12
    for line, gap, look in heads:
        figure.text(0.03, 1 - down / height, line, va="top", **look)
        down += gap


def _handles(axes: Sequence[Axes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return found


def _columns(handles: dict[str, Any]) -> int:
    longest = max((sum(2 if ord(char) > 0x2E80 else 1 for char in label) for label in handles), default=0)
    return 4 if longest <= 12 else 3 if longest <= 24 else 2


def _legend(figure: Figure, handles: dict[str, Any], foot: float, height: float) -> None:
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="upper left",
        bbox_to_anchor=(0.02, foot - 0.36 / height),
        ncols=_columns(handles),
        fontsize=8.5,
        columnspacing=1.6,
        handlelength=1.8,
        borderaxespad=0,
    )


def _footer(panels: Sequence[Assessment], lang: str) -> list[str]:
    """The lines under the figure: whose changes are borrowed, who published, and as of when."""
    key = "publisher" if lang == "zh" else "publisher_en"
    names: list[str] = []
    for part in panels:
        frames = [part.series.observations, part.series.bounds] if part.series is not None else []
        published = [text_of(name) for frame in frames if key in frame for name in frame[key]]
        names += [each for name in published for each in re.split("、|; ", name)]
    shown = join(names, lang)
    lines = [text("source_line" if shown else "as_of_line", lang, publishers=shown, as_of=panels[0].as_of)]
    hidden = [year for year in map(first_shown, panels) if year]
    if hidden:
        lines.append(text("earlier_in_table", lang, year=max(hidden)))
    lent = join([borrowed_name(part, lang) for part in panels if part.borrowed], lang)
    if lent:
        lines.insert(0, text("borrowed_note", lang, name=lent))
    width = 44 if lang == "zh" else 90
    return [row for line in lines for row in wrapped(line, width)]


def _banner(axes: Sequence[Axes], lang: str) -> None:
    for ax in axes:
        ax.text(
            0.5,
            0.93,
            text("illustrative_banner", lang),
            transform=ax.transAxes,
            ha="center",
            va="top",
            fontsize=12,
            fontweight="bold",
            color="white",
            bbox={"fc": "#7b2d8b", "ec": "none", "pad": 5},
            zorder=10,
        )

"""Which years hold a figure for which target, as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ...catalogue import check_language, text
from .canvas import BLUE, BLUE_MID, DPI, FAINT, INK, MUTED, TARGET, Look, as_rows, row_label, shortened, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW = 8.0, 0.27  # inches
LATEST = 22  # years drawn of a longer record
AHEAD = 5  # a deadline further ahead than this from the last figure stands as a number at the edge
NAMES = 0.43  # part of the width that the names take
KINDS = {"final": (BLUE, BLUE, ""), "provisional": (BLUE_MID, BLUE, ""), "part": ("white", BLUE, "/////")}


def coverage_chart(table: pd.DataFrame, names: list[str], deadlines: list[int], lang: str = "en") -> Figure:
    """A square for every year in which a target has a figure; a red frame at its deadline.

    `table` as from `series.coverage.coverage`, `names` and `deadlines` one for each of its rows. Full squares are final
    figures, light ones provisional, hatched ones bounds or parts of a year; of a long record the last years are drawn.

    >>> frame = pd.DataFrame({2020: ["final", ""], 2021: ["", "part"]})
    >>> figure = coverage_chart(frame, ["a", "b"], [2025, 2025])
    >>> len(figure.axes)
    1
    """
    from matplotlib.figure import Figure

    check_language(lang)
    years = _years([year for year in map(int, table.columns) if (table[year] != "").any()], deadlines)
    head, foot, rows = 0.45, 0.6, max(1, len(names))
    height = head + ROW * rows + foot
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        ax = figure.add_axes((NAMES, foot / height, 0.985 - NAMES, 1 - (head + foot) / height))
        ax.set_xlim(-0.5, max(1, len(years)) - 0.5)
        ax.set_ylim(rows - 0.5, -0.5)
        for y, (name, deadline) in enumerate(zip(names, deadlines, strict=True)):
            held = [str(table.iloc[y].get(year, "")) for year in years]
            row_label(ax, y, shortened(name, 50), 10, color=INK if any(held) else MUTED)
            ax.plot([-0.5, len(held) - 0.5], [y, y], color=FAINT, lw=0.7, zorder=1)
            for x, kind in enumerate(held):
                if kind:
                    _square(ax, x, y, *KINDS[kind], 0.8, 0.34)
            if deadline in years:
                _square(ax, years.index(deadline), y, "none", TARGET, "", 1.3, 0.46)
            else:
                edge = len(years) - 0.5
                ax.text(edge, y, f"{deadline} →", fontsize=8, color=TARGET, ha="right", va="center")
        last = len(years) - 1
        shown = [k for k, year in enumerate(years) if k == last or (year % 5 == 0 and last - k > 1)]
        as_rows(ax, shown, [str(years[k]) for k in shown])
        _key(figure, height, lang)
        figure.canvas.draw()
    return figure


def _years(held: list[int], deadlines: list[int]) -> list[int]:
    """The years drawn: to the last figure or the deadlines soon after it, at most LATEST of them."""
    known = held or [min(deadlines, default=0)]
    last = max([*known, *(year for year in deadlines if year <= max(known) + AHEAD)])
    return list(range(max(min(known), last - LATEST + 1), last + 1))


def _square(ax: Axes, x: int, y: int, face: str, edge: str, hatch: str, width: float, half: float) -> None:
    from matplotlib.patches import Rectangle

    high = min(half, 0.42)
    corner, size = (x - half, y - high), (2 * half, 2 * high)
    ax.add_patch(Rectangle(corner, *size, facecolor=face, edgecolor=edge, hatch=hatch, lw=width, zorder=3))


def _key(figure: Figure, height: float, lang: str) -> None:
    from matplotlib.patches import Patch

    looks = [(text(f"cov_{kind}", lang), *look, 0.8) for kind, look in KINDS.items()]
    looks.append((text("cov_deadline", lang), "none", TARGET, "", 1.3))
    handles = [
        Patch(label=said, fc=face, ec=edge, hatch=hatch, lw=lw) for said, face, edge, hatch, lw in looks
    ]
    size: Look = {"fontsize": 8.5, "handlelength": 1.1, "handleheight": 1.1}
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.01, 0.06 / height), ncols=4, **size)

"""Which years hold a figure for which target, as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..catalogue import check_language, text
from .canvas import BLUE, BLUE_MID, DPI, FAINT, INK, MUTED, TARGET, style
from .dots import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW = 8.0, 0.27  # inches
LATEST = 22  # years drawn of a longer record
AHEAD = 5  # a deadline further ahead than this from the last figure stands as a number at the edge
NAMES = 0.43  # part of the width that the names take
MARKS = {"final": (BLUE, BLUE, ""), "provisional": (BLUE_MID, BLUE, ""), "part": ("white", BLUE, "/////")}


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
    head, foot = 0.45, 0.6
    height = head + ROW * max(1, len(names)) + foot
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        ax = figure.add_axes((NAMES, foot / height, 0.985 - NAMES, 1 - (head + foot) / height))
        ax.set_xlim(-0.5, max(1, len(years)) - 0.5)
        ax.set_ylim(max(1, len(names)) - 0.5, -0.5)
        for y, (name, deadline) in enumerate(zip(names, deadlines, strict=True)):
            _row(ax, y, name, [str(table.iloc[y].get(year, "")) for year in years])
            if deadline in years:
                _square(ax, years.index(deadline), y, "none", TARGET, "", 1.3, 0.46)
            else:
                said = {"fontsize": 8, "color": TARGET, "ha": "right", "va": "center"}
                ax.text(len(years) - 0.5, y, f"{deadline} →", **said)  # type: ignore[arg-type]
        _frame(ax, years)
        _key(figure, height, lang)
        figure.canvas.draw()
    return figure


def _years(held: list[int], deadlines: list[int]) -> list[int]:
    """The years drawn: to the last figure or the deadlines soon after it, at most LATEST of them."""
    known = held or [min(deadlines, default=0)]
    last = max([*known, *(year for year in deadlines if year <= max(known) + AHEAD)])
    return list(range(max(min(known), last - LATEST + 1), last + 1))


def _row(ax: Axes, y: int, name: str, held: list[str]) -> None:
    empty = not any(held)
    ax.annotate(
        shortened(name, 50), (0, y), xycoords=("figure fraction", "data"), xytext=(10, -1),
        textcoords="offset points", va="center", fontsize=8.5, color=MUTED if empty else INK,
    )  # fmt: skip
    ax.plot([-0.5, len(held) - 0.5], [y, y], color=FAINT, lw=0.7, zorder=1)
    for x, kind in enumerate(held):
        if kind:
            _square(ax, x, y, *MARKS[kind], 0.8, 0.34)


def _square(ax: Axes, x: int, y: int, face: str, edge: str, hatch: str, width: float, half: float) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle(
            (x - half, y - min(half, 0.42)),
            2 * half,
            2 * min(half, 0.42),
            facecolor=face,
            edgecolor=edge,
            hatch=hatch,
            lw=width,
            zorder=3,
        )
    )


def _frame(ax: Axes, years: list[int]) -> None:
    shown = [k for k, year in enumerate(years) if year % 5 == 0 or k == len(years) - 1]
    shown = [k for k in shown if k == len(years) - 1 or len(years) - 1 - k > 1]
    ax.set_xticks(shown, [str(years[k]) for k in shown])
    ax.tick_params(
        axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8.5, length=0
    )
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    ax.grid(False)


def _key(figure: Figure, height: float, lang: str) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=face, edgecolor=edge, hatch=hatch, lw=0.8, label=text(f"cov_{kind}", lang))
        for kind, (face, edge, hatch) in reversed(MARKS.items())
    ]
    handles = [
        *reversed(handles),
        Patch(facecolor="none", edgecolor=TARGET, lw=1.3, label=text("cov_deadline", lang)),
    ]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.01, 0.06 / height),
        ncols=4,
        fontsize=8.5,
        handlelength=1.1,
        handleheight=1.1,
    )

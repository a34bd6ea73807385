"""The reliability diagram: how often what was given a probability happened, with the number of questions behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..catalogue import check_language, text
from .canvas import BLUE, BLUE_LIGHT, DPI, FAINT, INK, MUTED, OCHRE, WIDTH, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def reliability_chart(table: pd.DataFrame, lang: str = "en", second: pd.DataFrame | None = None) -> Figure:
    """Said against happened, both in percent, a point for each tenth; below, bars with the number of questions.

    `table` has the columns said, happened (shares) and number, one row for each tenth that was used (see
    `scores.reliability`). On the diagonal what is said is what happens. `second` draws another record as open squares
    without bars.

    >>> table = pd.DataFrame({"said": [0.1, 0.9], "happened": [0.12, 0.88], "number": [30, 20]})
    >>> len(reliability_chart(table).axes)
    2
    """
    from matplotlib.figure import Figure

    check_language(lang)
    with style():
        figure = Figure(figsize=(WIDTH, 5.6), dpi=DPI)
        upper = figure.add_axes((0.13, 0.33, 0.83, 0.63))
        lower = figure.add_axes((0.13, 0.1, 0.83, 0.16), sharex=upper)
        _points(upper, table, lang, second)
        _bars(lower, table, lang)
        figure.canvas.draw()
    return figure


def _points(ax: Axes, table: pd.DataFrame, lang: str, second: pd.DataFrame | None) -> None:
    ax.plot([0, 100], [0, 100], color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=1)
    ax.text(100, 1, text("diagonal", lang), color=MUTED, fontsize=8.5, ha="right", va="bottom")
    said, happened = 100 * table["said"], 100 * table["happened"]
    ax.plot(said, happened, color=BLUE, lw=1.4, zorder=3)
    ax.plot(
        said,
        happened,
        "o",
        ms=7,
        color=BLUE,
        mec="white",
        mew=0.9,
        zorder=4,
        label=text("track_points", lang),
    )
    if second is not None and len(second):
        ax.plot(
            100 * second["said"], 100 * second["happened"], "s", ms=6, mfc="white", mec=OCHRE, mew=1.4, zorder=5,
            label=text("track_second", lang),
        )  # fmt: skip
        ax.legend(loc="upper left", fontsize=8.5)
    ax.set_xlim(-2, 102)
    ax.set_ylim(-2, 102)
    ax.set_ylabel(text("axis_happened", lang), fontsize=9)
    ax.tick_params(axis="x", labelbottom=False, length=0)


def _bars(ax: Axes, table: pd.DataFrame, lang: str) -> None:
    ax.bar(100 * table["said"], table["number"], width=6.5, color=BLUE_LIGHT, ec=BLUE, lw=0.7)
    top = float(table["number"].max())
    for said, number in zip(table["said"], table["number"], strict=True):
        ax.annotate(
            f"{int(number):,}", (100 * said, number), xytext=(0, 2), textcoords="offset points", ha="center",
            fontsize=7, color=INK,
        )  # fmt: skip
    ax.set_ylim(0, 1.25 * top)
    ax.set_yticks([])
    ax.grid(False)
    ax.spines["bottom"].set_color(FAINT)
    ax.set_xlabel(text("axis_said", lang), fontsize=9)
    ax.set_ylabel(text("axis_number", lang), fontsize=9)

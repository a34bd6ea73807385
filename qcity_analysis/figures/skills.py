"""Skill against every rival as one figure: a point and its bootstrap interval in each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..catalogue import check_language, text
from .canvas import BLUE, DPI, INK, MUTED, OCHRE, TARGET, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW = 6.4, 0.27  # inches
LEFT = -60.0  # percent: worse skills are drawn at the edge


def skill_chart(table: pd.DataFrame, names: Sequence[str], lang: str = "en") -> Figure:
    """Our skill in percent against each rival: as it stands an open square, calibrated a full dot, with intervals.

    `table` has a row for each rival and the columns skill, low, high and, for calibrated rules, fair, fair_low,
    fair_high (shares; NaN is left out); `names` are the rivals as shown. Right of zero we are better.

    >>> row = {"skill": 0.3, "low": 0.1, "high": 0.4, "fair": 0.1, "fair_low": -0.1, "fair_high": 0.2}
    >>> len(skill_chart(pd.DataFrame([row]), ["schedule"]).axes[0].get_yticklabels())
    1
    """
    from matplotlib.figure import Figure

    check_language(lang)
    height = 0.95 + ROW * len(table)
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        ax = figure.add_axes((0.4, 0.5 / height, 0.56, 1 - 0.95 / height))
        for y, (_, row) in enumerate(table.iterrows()):
            _point(ax, y - 0.14, row, ("skill", "low", "high"), "s", OCHRE, "white")
            if "fair" in table:
                _point(ax, y + 0.14, row, ("fair", "fair_low", "fair_high"), "o", BLUE, BLUE)
        ax.axvline(0, color=TARGET, lw=1.1, zorder=1)
        ax.set_xlim(LEFT - 3, 103)
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.set_yticks(range(len(table)), labels=list(names), fontsize=8.5, color=INK)
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        ax.set_xlabel(text("axis_skill", lang), fontsize=9)
        _key(figure, "fair" in table, lang, height)
        figure.canvas.draw()
    return figure


def _point(
    ax: Axes, y: float, row: pd.Series, columns: tuple[str, str, str], shape: str, edge: str, face: str
) -> None:
    value, low, high = (100 * float(row[name]) for name in columns)
    if not np.isfinite(value):
        return
    if np.isfinite(low) and np.isfinite(high):
        ax.plot([max(low, LEFT), high], [y, y], color=edge, lw=1.5, zorder=2)
    outside = value < LEFT
    ax.plot(max(value, LEFT), y, "<" if outside else shape, ms=5.5, mfc=face, mec=edge, mew=1.2, zorder=3)


def _key(figure: Figure, fair: bool, lang: str, height: float) -> None:
    from matplotlib.lines import Line2D

    marks = [("s", OCHRE, "white", text("rule_as_is" if fair else "model_mark", lang))]
    marks += [("o", BLUE, BLUE, text("rule_fair", lang))] if fair else []
    handles = [Line2D([], [], ls="", marker=m, mec=e, mfc=f, ms=6, label=label) for m, e, f, label in marks]
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=8.5)
    figure.text(
        0.96, 1 - 0.12 / height, text("better_side", lang), fontsize=8.5, color=MUTED, va="top", ha="right"
    )

"""Bars: how many targets of a plan will be met; how often what was given a probability happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...catalogue import check_language, text
from ..analyses import amount
from .canvas import BLUE, BLUE_LIGHT, BLUE_MID, DPI, FAINT, INK, MUTED, OCHRE, WIDTH, Look, note, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...analysis.portfolio import Portfolio

LEAST = 0.002  # numbers less likely than this at either end are not drawn
FEWEST = 5  # numbers drawn at least


def portfolio_chart(portfolio: Portfolio, lang: str = "en") -> Figure:
    """Bars for the probability of each number of targets met; open dots were they independent; the expected number.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.portfolio import portfolio
    >>> data = qc.load(as_of="2024-06-30")
    >>> figure = portfolio_chart(portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1]))
    >>> len(figure.axes[0].patches)
    4
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    check_language(lang)
    numbers = shown_numbers(portfolio.counts)
    chances = 100 * portfolio.counts.loc[numbers].astype(float)
    dependent, alone = chances["dependent"].to_numpy(), chances["independent"].to_numpy()
    low, high = portfolio.interval()
    colours = [BLUE if low <= number <= high else BLUE_MID for number in numbers]
    with style():
        figure = Figure(figsize=(WIDTH, 3.3), dpi=DPI)
        ax = figure.add_axes((0.095, 0.3, 0.87, 0.56))
        ax.bar(numbers, dependent, color=colours, width=0.72, label=text("p_dependent", lang), zorder=2)
        open_dots: Look = {"ms": 5.5, "mfc": "white", "mec": OCHRE, "mew": 1.4, "zorder": 4}
        ax.plot(numbers, alone, "o", label=text("p_independent", lang), **open_dots)
        ax.axvline(portfolio.expected, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=3)
        above: Look = {"xycoords": ("data", "axes fraction"), "ha": "center", "fontsize": 8.8, "color": INK}
        expected = text("p_expected", lang, value=amount(portfolio.expected))
        note(ax, expected, (portfolio.expected, 1), (0, 5), **above)
        ax.set_xlim(numbers[0] - 0.6, numbers[-1] + 0.6)
        ax.set_xticks(numbers[:: max(1, -(-len(numbers) // 15))])
        ax.set_ylim(0, max(1.0, 1.08 * max(dependent.max(), alone.max())))
        ax.set_xlabel(text("p_count", lang, total=len(portfolio.targets)), fontsize=9)
        figure.text(0.03, 0.95, text("p_chance", lang), fontsize=8.5, color=MUTED, va="top")
        handles, labels = ax.get_legend_handles_labels()
        handles[-1] = Patch(fc=BLUE)  # the bars' own is that of the first, which may be outside the range
        place: Look = {"loc": "lower left", "bbox_to_anchor": (0.02, 0.01), "ncols": 2, "fontsize": 8.5}
        figure.legend(handles[::-1], labels[::-1], **place)
        figure.canvas.draw()
    return figure


def shown_numbers(counts: pd.DataFrame) -> list[int]:
    """The numbers of targets met worth drawing: all in a row, at least five where there are as many.

    >>> shown_numbers(pd.DataFrame({"dependent": [0] * 6 + [0.5, 0.5], "independent": [0] * 6 + [0.4, 0.6]}))
    [3, 4, 5, 6, 7]
    """
    likely = counts[["dependent", "independent"]].max(axis=1).to_numpy(dtype=float)
    worth = np.flatnonzero(likely >= LEAST)
    first, last, top = int(worth[0]), int(worth[-1]), len(likely) - 1
    while last - first + 1 < min(FEWEST, top + 1):
        first, last = (first - 1, last) if first > 0 else (first, last + 1)
    return list(range(first, last + 1))


def reliability_chart(table: pd.DataFrame, lang: str = "en") -> Figure:
    """Said against happened, both in percent, a point for each tenth; below, bars with the number of questions.

    `table` has the columns said, happened (shares) and number, one row for each tenth that was used (see
    `scores.reliability`). On the diagonal what is said is what happens.

    >>> table = pd.DataFrame({"said": [0.1, 0.9], "happened": [0.12, 0.88], "number": [30, 20]})
    >>> len(reliability_chart(table).axes)
    2
    """
    from matplotlib.figure import Figure

    check_language(lang)
    said, happened = 100 * table["said"], 100 * table["happened"]
    with style():
        figure = Figure(figsize=(WIDTH, 5.6), dpi=DPI)
        upper = figure.add_axes((0.13, 0.33, 0.83, 0.63))
        lower = figure.add_axes((0.13, 0.1, 0.83, 0.16), sharex=upper)
        upper.plot([0, 100], [0, 100], color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=1)
        upper.text(100, 1, text("diagonal", lang), color=MUTED, fontsize=8.5, ha="right", va="bottom")
        upper.plot(said, happened, color=BLUE, lw=1.4, zorder=3)
        upper.plot(said, happened, "o", ms=7, color=BLUE, mec="white", mew=0.9, zorder=4)
        upper.set_xlim(-2, 102)
        upper.set_ylim(-2, 102)
        upper.set_ylabel(text("axis_happened", lang), fontsize=9)
        upper.tick_params(axis="x", labelbottom=False, length=0)
        _bars(lower, said, table["number"], lang)
        figure.canvas.draw()
    return figure


def _bars(ax: Axes, said: pd.Series, questions: pd.Series, lang: str) -> None:
    ax.bar(said, questions, width=6.5, color=BLUE_LIGHT, ec=BLUE, lw=0.7)
    for x, number in zip(said, questions, strict=True):
        note(ax, f"{int(number):,}", (x, number), (0, 2), ha="center", fontsize=7, color=INK)
    ax.set_ylim(0, 1.25 * float(questions.max()))
    ax.set_yticks([])
    ax.grid(False)
    ax.spines["bottom"].set_color(FAINT)
    ax.set_xlabel(text("axis_said", lang), fontsize=9)
    ax.set_ylabel(text("axis_number", lang), fontsize=9)

"""How many targets of a plan will be met, as one figure: the probability of each number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..catalogue import check_language, text
from ..reporting.analyses import amount
from .canvas import BLUE, BLUE_MID, DPI, INK, MUTED, OCHRE, WIDTH, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.portfolio import Portfolio

HEIGHT = 3.3  # inches
LEAST = 0.002  # numbers less likely than this at either end are not drawn
FEWEST = 5  # numbers drawn at least


def portfolio_chart(found: Portfolio, lang: str = "en") -> Figure:
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
    numbers = shown_numbers(found)
    dependent = 100 * found.counts["dependent"].loc[numbers].to_numpy(dtype=float)
    alone = 100 * found.counts["independent"].loc[numbers].to_numpy(dtype=float)
    low, high = found.interval()
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
        ax = figure.add_axes((0.095, 0.3, 0.87, 0.56))
        inside = [low <= number <= high for number in numbers]
        colours = [BLUE if held else BLUE_MID for held in inside]
        ax.bar(numbers, dependent, color=colours, width=0.72, label=text("p_dependent", lang), zorder=2)
        ax.plot(
            numbers, alone, "o", ms=5.5, mfc="white", mec=OCHRE, mew=1.4, label=text("p_independent", lang), zorder=4
        )  # fmt: skip
        ax.axvline(found.expected, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=3)
        ax.annotate(
            text("p_expected", lang, value=amount(found.expected)), (found.expected, 1), xytext=(0, 5),
            xycoords=("data", "axes fraction"), textcoords="offset points", ha="center", fontsize=8.8, color=INK,
        )  # fmt: skip
        ax.set_xlim(numbers[0] - 0.6, numbers[-1] + 0.6)
        ax.set_xticks(numbers[:: max(1, -(-len(numbers) // 15))])
        ax.set_ylim(0, max(1.0, 1.08 * max(dependent.max(), alone.max())))
        ax.set_xlabel(text("p_count", lang, total=len(found.targets)), fontsize=9)
        figure.text(0.03, 0.95, text("p_chance", lang), fontsize=8.5, color=MUTED, va="top")
        handles, labels = ax.get_legend_handles_labels()
        handles[-1] = Patch(fc=BLUE)  # the bars' own is that of the first, which may be outside the range
        figure.legend(
            handles[::-1], labels[::-1], loc="lower left", bbox_to_anchor=(0.02, 0.01), ncols=2, fontsize=8.5
        )
        figure.canvas.draw()
    return figure


def shown_numbers(found: Portfolio) -> list[int]:
    """The numbers of targets met worth drawing: all in a row, at least five where there are as many.

    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"dependent": [0, 0, 0, 0, 0, 0, 0.5, 0.5], "independent": [0] * 6 + [0.4, 0.6]})
    >>> shown_numbers(SimpleNamespace(counts=counts))
    [3, 4, 5, 6, 7]
    """
    likely = found.counts[["dependent", "independent"]].max(axis=1).to_numpy(dtype=float)
    worth = np.flatnonzero(likely >= LEAST)
    first, last, top = int(worth[0]), int(worth[-1]), len(likely) - 1
    while last - first + 1 < min(FEWEST, top + 1):
        first, last = (first - 1, last) if first > 0 else (first, last + 1)
    return list(range(first, last + 1))

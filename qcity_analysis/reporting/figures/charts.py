"""Charts of a plan and of a record: dots in rows with a name, bars, a reliability diagram.

The fan chart of one target is in `fan`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...catalogue import text
from ..analyses import amount
from ..sentences import chance, status_shown
from . import FAINT, INK, LENT, MUTED, OWN, TARGET, Look, mark, new_figure, note, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...analysis.portfolio import Portfolio
    from ...assessment.answer import Assessment

Rows = Iterator[tuple["Figure", "Axes", float]]
BLUE, BLUE_MID, BLUE_LIGHT = OWN
OCHRE = LENT[0]
WORST = -60.0  # percent: worse skills are drawn at the edge
LEAST = 0.002  # numbers of targets less likely than this at either end are not drawn
FEWEST = 5  # numbers drawn at least
DASHES = (0, (4, 3))
QUIET: Look = {"fontsize": 8.5, "color": MUTED}


@contextmanager
def _rows_figure(
    rows: int, row: float, head: float, foot: float, width: float, left: float, wide: float
) -> Rows:
    """A figure, its axes of one unit a row from the top, and its height in inches; `left` and `wide` are parts."""
    height = head + row * rows + foot
    with new_figure(height, width) as figure:
        ax = figure.add_axes((left, foot / height, wide, 1 - (head + foot) / height))
        ax.set_ylim(rows - 0.5, -0.5)
        yield figure, ax, height


def _key(figure: Figure, marks: dict[str, Look], at: tuple[float, float], loc: Any, ncols: int = 2) -> None:
    """What the marks of a figure mean, in a legend with the corner `loc` at `at`."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=words, **look) for words, look in marks.items()]
    figure.legend(handles=handles, loc=loc, bbox_to_anchor=at, ncols=ncols, fontsize=8.5)


def scorecard_chart(assessments: Sequence[Assessment], lang: str = "en") -> Figure:
    """A bar for the probability of each target in the order of the plan, with its answer; none where there is none."""
    with new_figure(0.8 + 0.26 * len(assessments), 8.0) as figure:
        ax = figure.add_axes((0.46, 0.3 / figure.get_figheight(), 0.4, 1 - 0.8 / figure.get_figheight()))
        for y, a in enumerate(assessments):
            ax.barh(y, 100 * (a.chance or 0), color=BLUE if a.status == "met" else BLUE_MID, height=0.6)
            at: Look = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8.5}
            note(ax, chance(a, lang)[0] or status_shown(a, lang), (1, y), (6, -1), **at)
        ax.set_yticks(
            range(len(assessments)), [shortened(a.target.name(lang), 54) for a in assessments], fontsize=8.5
        )
        ax.set(xlim=(0, 100), ylim=(len(assessments) - 0.5, -0.5), xticks=[0, 33, 66, 100])
        ax.set_title(text("chance_percent", lang), loc="left", color=MUTED)
    return figure


def skill_chart(table: pd.DataFrame, names: Sequence[str], lang: str = "en") -> Figure:
    """Our skill in percent against each benchmark: as it stands an open square, calibrated a full dot, with intervals.

    `table` has a row for each of `names` and the columns skill, low, high, fair, fair_low, fair_high (NaN is left out).
    """
    kinds = [("rule_as_is", ("skill", "low", "high"), -0.14, ("s", "white", OCHRE))]
    kinds.append(("rule_fair", ("fair", "fair_low", "fair_high"), 0.14, ("o", BLUE, BLUE)))
    with _rows_figure(len(table), 0.27, 0.45, 0.5, 6.4, 0.4, 0.56) as (figure, ax, height):
        for y, row in enumerate(table.to_dict("records")):
            for _, columns, down, (shape, face, edge) in kinds:
                value, low, high = (100 * float(row[name]) for name in columns)
                if np.isfinite([value, low, high]).all():
                    ax.plot([max(low, WORST), high], [y + down] * 2, color=edge, lw=1.5, zorder=2)
                if np.isfinite(value):
                    look = mark("<" if value < WORST else shape, face, edge, 5.5, 1.2)
                    ax.plot(max(value, WORST), y + down, zorder=3, **look)
        ax.axvline(0, color=TARGET, lw=1.1, zorder=1)
        ax.set_xlim(WORST - 3, 103)
        ax.set_yticks(range(len(table)), labels=list(names), fontsize=8.5, color=INK)
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        ax.set_xlabel(text("axis_skill", lang), fontsize=9)
        marks = {text(key, lang): mark(*look, 6) for key, _, _, look in kinds}
        _key(figure, marks, (0.0, 1.0), "upper left")
        figure.text(0.96, 1 - 0.12 / height, text("better_side", lang), va="top", ha="right", **QUIET)
    return figure


def portfolio_chart(portfolio: Portfolio, lang: str = "en") -> Figure:
    """Bars for the probability of each number of targets met; open dots were they independent; the expected number."""
    from matplotlib.patches import Patch

    likely = portfolio.counts[["dependent", "independent"]].max(axis=1).to_numpy(dtype=float) >= LEAST
    first, last = map(int, np.flatnonzero(likely)[[0, -1]])
    while last - first + 1 < min(FEWEST, len(likely)):
        first, last = (first - 1, last) if first > 0 else (first, last + 1)
    numbers = list(range(first, last + 1))
    chances = 100 * portfolio.counts.loc[numbers].astype(float)
    dependent, alone = chances["dependent"].to_numpy(), chances["independent"].to_numpy()
    low, high = portfolio.interval()
    title = text("p_title", lang, low=low, high=high, total=len(portfolio.targets))
    with new_figure(3.4) as figure:
        ax = figure.add_axes((0.105, 0.33, 0.86, 0.48))
        colours = [BLUE if low <= number <= high else BLUE_MID for number in numbers]
        ax.bar(numbers, dependent, color=colours, width=0.72, label=text("p_dependent", lang), zorder=2)
        dots = mark("o", "white", OCHRE, 5.5, 1.4)
        ax.plot(numbers, alone, label=text("p_independent", lang), zorder=4, **dots)
        ax.axvline(portfolio.expected, color=INK, lw=1.1, ls=DASHES, zorder=3)
        above: Look = {"xycoords": ("data", "axes fraction"), "ha": "center", "color": INK}
        expected = text("p_expected", lang, value=amount(portfolio.expected))
        note(ax, expected, (portfolio.expected, 1), (0, 5), **above)
        ax.set_xlim(numbers[0] - 0.6, numbers[-1] + 0.6)
        ax.set_xticks(numbers[:: max(1, -(-len(numbers) // 12))])
        ax.set_ylim(0, max(1.0, 1.08 * max(dependent.max(), alone.max())))
        ax.set_xlabel(text("p_count", lang, total=len(portfolio.targets)))
        figure.text(0.01, 0.985, title, va="top", fontsize=12.5, fontweight="bold")
        figure.text(0.01, 0.9, text("p_chance", lang), va="top", color=MUTED)
        handles, labels = ax.get_legend_handles_labels()
        handles[-1] = Patch(fc=BLUE)  # the bars' own is that of the first, which may be outside the range
        corner: Look = {"loc": "lower left", "bbox_to_anchor": (0, 0), "ncols": 1}
        figure.legend(handles[::-1], labels[::-1], **corner)
    return figure


def reliability_chart(table: pd.DataFrame, lang: str = "en") -> Figure:
    """Said against happened, both in percent, a point for each tenth; below, bars with the number of questions.

    `table` has the columns said, happened (shares) and number (see `scores.reliability`), a row for each tenth used.
    """
    said, happened, questions = 100 * table["said"], 100 * table["happened"], table["number"]
    with new_figure(5.6) as figure:
        upper = figure.add_axes((0.13, 0.33, 0.83, 0.63))
        lower = figure.add_axes((0.13, 0.1, 0.83, 0.16), sharex=upper)
        upper.plot([0, 100], [0, 100], color=MUTED, lw=0.9, ls=DASHES, zorder=1)
        upper.text(100, 1, text("diagonal", lang), ha="right", va="bottom", color=MUTED)
        upper.plot(said, happened, color=BLUE, lw=1.4, zorder=3)
        upper.plot(said, happened, "o", ms=7, color=BLUE, mec="white", mew=0.9, zorder=4)
        upper.set(xlim=(-2, 102), ylim=(-2, 102))
        upper.set_ylabel(text("axis_happened", lang))
        upper.tick_params(axis="x", labelbottom=False, length=0)
        lower.bar(said, questions, width=6.5, color=BLUE_LIGHT, ec=BLUE, lw=0.7)
        for x, number in zip(said, questions, strict=True):
            note(lower, f"{int(number):,}", (x, number), (0, 2), ha="center", color=INK)
        lower.set_ylim(0, 1.25 * float(questions.max()))
        lower.set_yticks([])
        lower.grid(False)
        lower.spines["bottom"].set_color(FAINT)
        lower.set_xlabel(text("axis_said", lang))
        lower.set_ylabel(text("axis_number", lang))
    return figure

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
from ..sentences import by_section, chance, section_name, status_shown
from . import FAINT, INK, LENT, MUTED, OWN, TARGET, Look, mark, new_figure, note, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...analysis.portfolio import Portfolio
    from ...assessment.answer import Assessment

Rows = Iterator[tuple["Figure", "Axes", float]]
BLUE, BLUE_MID, BLUE_LIGHT = OWN
OCHRE = LENT[0]
LEAST = 0.002  # numbers of targets less likely than this at either end are not drawn
FEWEST = 5  # numbers drawn at least
DASHES = (0, (4, 3))
BOLD: Look = {"fontweight": "bold"}
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


def _named(ax: Axes, y: int, name: str, indent: float = 12, **look: Any) -> None:
    """Write the name of row `y` at the left edge of the figure."""
    edge: Look = {"xycoords": ("figure fraction", "data"), "va": "center", "color": INK}
    note(ax, name, (0, y), (indent, -1), **edge | look)


def _answered(ax: Axes, y: int, marks: Sequence[tuple[float, Look]], words: str, **look: Any) -> None:
    """Draw the line of row `y` from 0 to 100 %, its marks, and its answer to the right of the axes."""
    ax.plot([0, 100], [y, y], color=FAINT, lw=0.7, zorder=1)
    for at, shape in marks:
        ax.plot([at], [y], zorder=4, clip_on=False, **shape)
    edge: Look = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    note(ax, words, (1, y), (6, -1), fontsize=8.3, **edge | look)


def _scale_above(ax: Axes, ticks: Sequence[float]) -> None:
    """Axes whose rows are things with a name: the scale in percent above, no lines but the rows'."""
    ax.set_xlim(-3, 103)
    for end in (0, 100):
        ax.axvline(end, color=MUTED, lw=0.8, zorder=0)
    ax.set_yticks([])
    ax.set_xticks(ticks)
    ax.tick_params("x", top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8.5, length=0)
    ax.spines["bottom"].set_visible(False)
    ax.grid(False)


def _key(figure: Figure, marks: dict[str, Look], at: tuple[float, float], loc: Any, ncols: int = 2) -> None:
    """What the marks of a figure mean, in a legend with the corner `loc` at `at`."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=words, **look) for words, look in marks.items()]
    figure.legend(handles=handles, loc=loc, bbox_to_anchor=at, ncols=ncols, fontsize=8.5)


def scorecard_chart(assessments: Sequence[Assessment], lang: str = "en") -> Figure:
    """Dots of probability by target, grouped by section; what cannot be assessed is named as such.

    A full dot is a probability, an open diamond one under a single definition, an open square borrowed.
    """
    sections = by_section(assessments)
    rows: list[str | Assessment] = []
    for name, mine in sections.items():
        rows += [*([section_name(name, lang)] if len(sections) > 1 else []), *mine]
    with _rows_figure(len(rows), 0.29, 0.55, 0.75, 8.0, 0.46, 0.34) as (figure, ax, height):
        for edge in (10, 33, 66, 90):
            ax.axvline(edge, color=FAINT, lw=0.8, zorder=0)
        ax.axvspan(33, 66, color="#f4f6f8", lw=0, zorder=0)
        _scale_above(ax, [0, 10, 33, 66, 90, 100])
        for y, row in enumerate(rows):
            if isinstance(row, str):
                _named(ax, y, row, fontsize=9.5, **BOLD)
            else:
                _target_row(ax, y, row, lang)
        marks = {text("chance", lang): mark("o", BLUE, BLUE, 7)}
        lent = {bool(part.borrowed) for a in assessments for part in a.parts if part.probability is not None}
        if False in lent:
            marks[text("by_definition", lang)] = mark("D", "white", BLUE, 7)
        if True in lent:
            marks[text("status_borrowed", lang)] = mark("s", "white", OCHRE, 7)
        _key(figure, marks, (0.01, 0.08 / height), "lower left", 3)
        figure.text(0.46, 1 - 0.1 / height, text("chance_percent", lang), va="top", **QUIET)
    return figure


def _target_row(ax: Axes, y: int, a: Assessment, lang: str) -> None:
    colour = {"met": BLUE, "missed": TARGET, "not_assessable": MUTED}.get(a.status, INK)
    name, quiet = shortened(a.target.name(lang), 54), a.status == "not_assessable"
    _named(ax, y, name, fontsize=8.8, color=MUTED if quiet else INK)
    words, marks = chance(a, lang)[0] or status_shown(a, lang), []
    if a.status == "forecast" and a.probability is not None:
        marks.append((100 * a.probability, mark("o", BLUE, "white", 8)))
    for part in a.parts:
        if part.probability is not None:
            shape, edge = ("s", OCHRE) if part.borrowed else ("D", BLUE)
            marks.append((100 * part.probability, mark(shape, "white", edge, 6, 1.4)))
    weight = "normal" if quiet or a.status == "depends_on_definition" else "bold"
    _answered(ax, y, marks, words, color=colour, fontweight=weight)


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


def hedgehog_chart(rows: pd.DataFrame, levels: pd.Series, lang: str = "en") -> Figure:
    """What was forecast of one target in each year (a line to its median with a 90 % interval) against what came.

    `rows` as from `ledger.said_of_earlier`, of one target; `levels` (index year) are those known now.
    """
    deadline, bound = int(rows["deadline"].iloc[0]), float(rows["bound"].iloc[0])
    with new_figure(4.2) as figure:
        ax = figure.add_axes((0.1, 0.1, 0.84, 0.7))
        shown = levels[levels.index >= rows["last_year"].min() - 2]
        ax.plot(
            shown.index, shown, color=INK, lw=1.6, marker="o", ms=4, zorder=4, label=text("observed", lang)
        )
        for k, row in enumerate(rows.itertuples()):
            end = deadline + 0.16 * (k + 1)
            ax.plot([row.last_year, end], [row.level, row.expected], color=BLUE, lw=1, ls=DASHES, zorder=3)
            ax.plot([end, end], [row.low, row.high], color=BLUE_MID, lw=3.5, zorder=2)
            note(ax, str(row.as_of.year), (end, row.high), (0, 3), ha="center", rotation=90)
        ax.axhline(
            bound, color=TARGET, lw=1.1, zorder=1, label=text("target_line", lang, value=f"{bound:.4g}")
        )
        ax.plot([], [], color=BLUE, ls=DASHES, label=text("said_then", lang))
        ax.set_xticks([int(year) for year in range(int(shown.index[0]), deadline + 1)])
        ax.margins(y=0.14)
        figure.legend(loc="upper left", bbox_to_anchor=(0.08, 1.0), ncols=2)
    return figure


def regions_chart(answers: Sequence[Assessment], lang: str = "en") -> Figure:
    """Small multiples, a panel for each region: levels, the fan of the forecast, what is asked for, and the answer."""
    across = min(4, len(answers))
    down = -(-len(answers) // across)
    with new_figure(1.7 * down + 0.2, 2.6 * across) as figure:
        panels = figure.subplots(down, across, squeeze=False, gridspec_kw={"hspace": 0.55}).ravel()
        for ax in panels[len(answers) :]:
            ax.set_visible(False)
        for ax, a in zip(panels, answers, strict=False):
            levels = a.levels()[lambda x, a=a: x.index <= a.target.deadline]
            ax.plot(levels.index, levels, color=INK, lw=1.2)
            if a.fan is not None:
                last = pd.DataFrame({q: levels.iloc[-1:] for q in a.fan})
                fan = pd.concat([last, a.fan])
                ax.fill_between(fan.index, fan[0.05], fan[0.95], color=BLUE_LIGHT, lw=0)
                ax.fill_between(fan.index, fan[0.25], fan[0.75], color=BLUE_MID, lw=0)
            if a.bound is not None:
                ax.axhline(a.bound, color=TARGET, lw=0.9)
            answer = chance(a, lang)[0] or status_shown(a, lang)
            ax.set_title(f"{a.region_names[lang]}  {answer}", loc="left", color=INK)
            ax.locator_params(nbins=2)
    return figure

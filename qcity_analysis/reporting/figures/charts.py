"""Charts of a plan and of a record: dots in rows with a name, a heat map of years, bars, a reliability diagram.

The fan chart of one target is in `fan`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...catalogue import text
from ..analyses import amount, choice_shown, computed, verdict_shown
from ..sentences import by_section, chance, panel_title, section_name, status_shown
from . import FAINT, INK, LENT, MUTED, OWN, TARGET, Look, mark, new_figure, note, shortened, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...analysis.portfolio import Portfolio
    from ...analysis.sensitivity import Sensitivity, Variant
    from ...assessment.answer import Assessment

Rows = Iterator[tuple["Figure", "Axes", float]]
BLUE, BLUE_MID, BLUE_LIGHT = OWN
OCHRE = LENT[0]
LEFT = 0.44  # part of the width that the choices take
LATEST = 22  # years drawn of a longer record
AHEAD = 5  # a deadline further ahead than this from the last figure stands as a number at the edge
SQUARES = {  # what a year holds: face, edge, hatch, width of the edge
    "final": (BLUE, BLUE, "", 0.8), "provisional": (BLUE_MID, BLUE, "", 0.8), "part": ("white", BLUE, "/////", 0.8),
    "deadline": ("none", TARGET, "", 1.3),
}  # fmt: skip
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


def _scale_above(ax: Axes, ticks: Sequence[float], labels: Sequence[str] | None = None) -> None:
    """Axes whose rows are things with a name: the scale above, in percent unless labelled, no lines but the rows'."""
    if labels is None:
        ax.set_xlim(-3, 103)
        for end in (0, 100):
            ax.axvline(end, color=MUTED, lw=0.8, zorder=0)
    ax.set_yticks([])
    ax.set_xticks(ticks, labels)
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


def sensitivity_chart(varied: Sensitivity, lang: str = "en") -> Figure:
    """Dots of probability by choice, grouped by what was varied, with the answer as asked above and the 50 % line.

    A full blue dot gives the same verdict, an open red diamond another one; met and missed stand at 100 and 0. A choice
    that cannot be computed has a dash and no dot. Open squares are borrowed, where there is no verdict to compare.
    """
    rows: list[str | Variant] = [varied.asked]
    for kind in dict.fromkeys(row.kind for row in varied.rows):
        rows += [text(f"v_{kind}", lang), *(row for row in varied.rows if row.kind == kind)]
    main, compared, asked = varied.answer.role == "main", computed(varied.asked), _percent_of(varied.asked)
    title = wrapped(varied.answer.target.name(lang), 30 if lang == "zh" else 56)
    title += [] if main else wrapped(panel_title(varied.answer, lang), 40 if lang == "zh" else 72)
    head, foot = 0.56 + 0.24 * len(title), 0.42 if compared else 0.12
    with _rows_figure(len(rows), 0.235, head, foot, 6.4, LEFT, 0.9 - LEFT) as (figure, ax, height):
        _scale_above(ax, [0, 25, 50, 75, 100])
        for y, row in enumerate(rows):
            if isinstance(row, str):
                _named(ax, y, row, 9, fontsize=8.6, linespacing=1.05, **BOLD)
            else:
                _choice_row(ax, y, row, lang, compared)
        ax.axvline(50, color=INK, lw=1.1, ls=DASHES, zorder=1)
        if asked is not None:
            ax.plot([asked, asked], [0, len(rows) - 0.5], color=BLUE, lw=1, alpha=0.35, zorder=1)
        for k, line in enumerate(title):
            size = 11.5 if k == 0 or main else 9
            figure.text(0.02, 1 - (0.1 + 0.24 * k) / height, line, va="top", fontsize=size, **BOLD)
        figure.text(LEFT, 1 - (head - 0.3) / height, text("chance_percent", lang), **QUIET)
        if compared:
            marks = {text("v_hold_mark", lang): mark("o", BLUE, "white", 6.5, 1.4)}
            marks[text("v_flip_mark", lang)] = mark("D", "white", TARGET, 6.5, 1.4)
            _key(figure, marks, (0.005, 0.02 / height), "lower left")
    return figure


def _percent_of(row: Variant) -> float | None:
    """Where a choice stands on the scale; None where there is nothing to show."""
    return {"met": 100.0, "missed": 0.0}.get(row.status) if row.probability is None else 100 * row.probability


def _choice_row(ax: Axes, y: int, row: Variant, lang: str, compared: bool) -> None:
    asked, colour, name = row.kind == "asked", INK if computed(row) else MUTED, choice_shown(row, lang)
    if len(name) > (22 if lang == "zh" else 44):  # English breaks between words
        name = "\n".join(wrapped(name, len(name) // 2 + (1 if lang == "zh" else 8))[:2])
    size, weight = 7.2 if "\n" in name else 8.6, "bold" if asked else "normal"
    _named(ax, y, name, 9 if asked else 18, fontsize=size, linespacing=1.05, color=colour, fontweight=weight)
    shape = mark("o", BLUE, "white", 9 if asked else 6.5, 0.8)
    if not compared or row.flips:
        shape = mark("D", "white", TARGET, 6.5, 1.6) if compared else mark("s", "white", OCHRE, 6.5, 1.5)
    at, words = _percent_of(row), verdict_shown(row, lang) if computed(row) else "–"
    look: Look = {"color": TARGET, **BOLD} if row.flips else {"color": colour, "fontweight": weight}
    _answered(ax, y, [(at, shape)] if at is not None else [], words, **look)


def coverage_chart(table: pd.DataFrame, names: list[str], deadlines: list[int], lang: str = "en") -> Figure:
    """A square for every year in which a target has a figure; a red frame at its deadline.

    `table` as from `series.annual.coverage`, `names` and `deadlines` one for each of its rows. Full squares are final
    figures, light ones provisional, hatched ones bounds or parts of a year.
    """
    from matplotlib.patches import Patch, Rectangle

    known = [int(year) for year in table.columns if (table[year] != "").any()] or [min(deadlines, default=0)]
    newest = max([*known, *(year for year in deadlines if year <= max(known) + AHEAD)])
    years = list(range(max(min(known), newest - LATEST + 1), newest + 1))
    with _rows_figure(max(1, len(names)), 0.27, 0.45, 0.6, 8.0, 0.43, 0.985 - 0.43) as (figure, ax, height):
        ax.set_xlim(-0.5, max(1, len(years)) - 0.5)
        for y, (name, deadline) in enumerate(zip(names, deadlines, strict=True)):
            kinds = [str(table.iloc[y].get(year, "")) for year in years]
            _named(ax, y, shortened(name, 50), 10, color=INK if any(kinds) else MUTED)
            ax.plot([-0.5, len(kinds) - 0.5], [y, y], color=FAINT, lw=0.7, zorder=1)
            drawn = [(x, kind, 0.34, 0.34) for x, kind in enumerate(kinds) if kind]
            if deadline in years:
                drawn.append((years.index(deadline), "deadline", 0.46, 0.42))
            else:
                look: Look = {"fontsize": 8, "color": TARGET, "ha": "right", "va": "center"}
                ax.text(len(years) - 0.5, y, f"{deadline} →", **look)
            for x, kind, wide, high in drawn:
                face, edge, hatch, width = SQUARES[kind]
                look = {"facecolor": face, "edgecolor": edge, "hatch": hatch, "lw": width, "zorder": 3}
                ax.add_patch(Rectangle((x - wide, y - high), 2 * wide, 2 * high, **look))
        last = len(years) - 1
        shown = [k for k, year in enumerate(years) if k == last or (year % 5 == 0 and last - k > 1)]
        _scale_above(ax, shown, [str(years[k]) for k in shown])
        parts = ("fc", "ec", "hatch", "lw")
        looks: list[Look] = [dict(zip(parts, values, strict=True)) for values in SQUARES.values()]
        names = [text(f"cov_{kind}", lang) for kind in SQUARES]
        handles = [Patch(label=name, **look) for name, look in zip(names, looks, strict=True)]
        look = {"handlelength": 1.1, "handleheight": 1.1, "fontsize": 8.5, "ncols": 4, "loc": "lower left"}
        figure.legend(handles=handles, bbox_to_anchor=(0.01, 0.06 / height), **look)
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
    with new_figure(3.3) as figure:
        ax = figure.add_axes((0.095, 0.3, 0.87, 0.56))
        colours = [BLUE if low <= number <= high else BLUE_MID for number in numbers]
        ax.bar(numbers, dependent, color=colours, width=0.72, label=text("p_dependent", lang), zorder=2)
        dots = mark("o", "white", OCHRE, 5.5, 1.4)
        ax.plot(numbers, alone, label=text("p_independent", lang), zorder=4, **dots)
        ax.axvline(portfolio.expected, color=INK, lw=1.1, ls=DASHES, zorder=3)
        above: Look = {"xycoords": ("data", "axes fraction"), "ha": "center", "fontsize": 8.8, "color": INK}
        expected = text("p_expected", lang, value=amount(portfolio.expected))
        note(ax, expected, (portfolio.expected, 1), (0, 5), **above)
        ax.set_xlim(numbers[0] - 0.6, numbers[-1] + 0.6)
        ax.set_xticks(numbers[:: max(1, -(-len(numbers) // 15))])
        ax.set_ylim(0, max(1.0, 1.08 * max(dependent.max(), alone.max())))
        ax.set_xlabel(text("p_count", lang, total=len(portfolio.targets)), fontsize=9)
        figure.text(0.03, 0.95, text("p_chance", lang), va="top", **QUIET)
        handles, labels = ax.get_legend_handles_labels()
        handles[-1] = Patch(fc=BLUE)  # the bars' own is that of the first, which may be outside the range
        corner: Look = {"loc": "lower left", "bbox_to_anchor": (0.02, 0.01), "ncols": 2, "fontsize": 8.5}
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
        upper.text(100, 1, text("diagonal", lang), ha="right", va="bottom", **QUIET)
        upper.plot(said, happened, color=BLUE, lw=1.4, zorder=3)
        upper.plot(said, happened, "o", ms=7, color=BLUE, mec="white", mew=0.9, zorder=4)
        upper.set(xlim=(-2, 102), ylim=(-2, 102))
        upper.set_ylabel(text("axis_happened", lang), fontsize=9)
        upper.tick_params(axis="x", labelbottom=False, length=0)
        lower.bar(said, questions, width=6.5, color=BLUE_LIGHT, ec=BLUE, lw=0.7)
        for x, number in zip(said, questions, strict=True):
            note(lower, f"{int(number):,}", (x, number), (0, 2), ha="center", fontsize=7, color=INK)
        lower.set_ylim(0, 1.25 * float(questions.max()))
        lower.set_yticks([])
        lower.grid(False)
        lower.spines["bottom"].set_color(FAINT)
        lower.set_xlabel(text("axis_said", lang), fontsize=9)
        lower.set_ylabel(text("axis_number", lang), fontsize=9)
    return figure


def hedgehog_chart(rows: pd.DataFrame, levels: pd.Series, lang: str = "en") -> Figure:
    """What was forecast of one target in each year (a line to its median with a 90 % interval) against what came.

    `rows` as from `ledger.said_of_earlier`, of one target; `levels` (index year) are those known now.
    """
    deadline, bound = int(rows["deadline"].iloc[0]), float(rows["bound"].iloc[0])
    with new_figure(3.6) as figure:
        ax = figure.add_axes((0.1, 0.12, 0.84, 0.76))
        shown = levels[levels.index >= rows["last_year"].min() - 2]
        ax.plot(
            shown.index, shown, color=INK, lw=1.6, marker="o", ms=4, zorder=4, label=text("observed", lang)
        )
        for k, row in enumerate(rows.itertuples()):
            end = deadline + 0.16 * (k + 1)
            ax.plot([row.last_year, end], [row.level, row.expected], color=BLUE, lw=1, ls=DASHES, zorder=3)
            ax.plot([end, end], [row.low, row.high], color=BLUE_MID, lw=3.5, zorder=2)
            note(ax, str(row.as_of.year), (end, row.high), (0, 3), ha="center", fontsize=7.5, rotation=90)
        ax.axhline(
            bound, color=TARGET, lw=1.1, zorder=1, label=text("target_line", lang, value=f"{bound:.4g}")
        )
        ax.plot([], [], color=BLUE, ls=DASHES, label=text("said_then", lang))
        ax.set_xticks([int(year) for year in range(int(shown.index[0]), deadline + 1)])
        ax.margins(y=0.14)
        figure.legend(loc="upper left", bbox_to_anchor=(0.08, 1.0), ncols=3, fontsize=8.5)
    return figure


def regions_chart(answers: Sequence[Assessment], lang: str = "en") -> Figure:
    """Small multiples, a panel for each region: levels, the fan of the forecast, what is asked for, and the answer."""
    across = min(4, len(answers))
    down = -(-len(answers) // across)
    with new_figure(1.35 * down + 0.2, 2.0 * across) as figure:
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
            ax.set_title(f"{a.region_names[lang]}  {answer}", fontsize=8.5, loc="left", color=INK)
            ax.tick_params(labelsize=7)
            ax.locator_params(nbins=3)
    return figure

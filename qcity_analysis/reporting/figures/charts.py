"""Charts of rows with a name, bars, and said against happened; the fan chart is in `fan`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...catalogue import check_language, text
from ...targets import NUMERAL, arabic, section_order
from ..analyses import amount, choice_shown, computed, verdict_shown
from ..formatting import percent, text_of
from ..sentences import assessment_title, panel_title, status_shown
from . import canvas
from .canvas import (
    BLUE,
    BLUE_LIGHT,
    BLUE_MID,
    DPI,
    FAINT,
    INK,
    MUTED,
    OCHRE,
    TARGET,
    Look,
    as_rows,
    key,
    note,
    row_label,
    row_value,
    rows_figure,
    shortened,
    style,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...analysis.portfolio import Portfolio
    from ...analysis.sensitivity import Sensitivity, Variant
    from ...assessment.answer import Assessment

WIDE, WIDTH = 8.0, 6.4  # inches
NAME = 54  # columns of a target's name, a Chinese character counting as two
LEFT = 0.44  # part of the width that the choices take
WORST = -60.0  # percent: worse skills are drawn at the edge
LATEST = 22  # years drawn of a longer record
AHEAD = 5  # a deadline further ahead than this from the last figure stands as a number at the edge
KINDS = {"final": (BLUE, BLUE, ""), "provisional": (BLUE_MID, BLUE, ""), "part": ("white", BLUE, "/////")}


def scorecard_chart(assessments: Sequence[Assessment], lang: str = "en") -> Figure:
    """Horizontal dots of probability by target, grouped by section; what cannot be assessed is named as such.

    A full dot is a probability, an open diamond one under a single definition, an open square borrowed; met
    and missed are words. Targets stand in the order given, sections as the plan numbers them.

    >>> import qcity_analysis as qc
    >>> figure = scorecard_chart([qc.assess(qc.load(), "rd_intensity")])
    >>> [float(end) for end in figure.axes[0].get_xlim()]
    [-3.0, 103.0]
    """
    check_language(lang)
    rows = _by_section(assessments, lang)
    with style():
        figure, ax = rows_figure(len(rows), 0.29, 0.55, 0.75, WIDE, 0.46, 0.34)
        height = figure.get_figheight()
        ax.set_xlim(-3, 103)
        for edge in (10, 33, 66, 90):
            ax.axvline(edge, color=FAINT, lw=0.8, zorder=0)
        ax.axvspan(33, 66, color="#f4f6f8", lw=0, zorder=0)
        for edge in (0, 100):
            ax.axvline(edge, color=MUTED, lw=0.8, zorder=0)
        for y, row in enumerate(rows):
            if isinstance(row, str):
                row_label(ax, y, row, fontsize=9.5, fontweight="bold")
            else:
                _target_row(ax, y, row, lang)
        as_rows(ax, [0, 10, 33, 66, 90, 100])
        marks = [("o", BLUE, BLUE, text("chance", lang))]
        borrowed = {
            bool(part.borrowed) for a in assessments for part in a.parts if part.probability is not None
        }
        if False in borrowed:
            marks.append(("D", "white", BLUE, text("by_definition", lang)))
        if True in borrowed:
            marks.append(("s", "white", OCHRE, text("status_borrowed", lang)))
        key(figure, marks, (0.01, 0.08 / height), ncols=3, ms=7)
        quiet: Look = {"fontsize": 8.5, "color": MUTED, "va": "top"}
        figure.text(0.46, 1 - 0.1 / height, text("chance_percent", lang), **quiet)
        figure.canvas.draw()
    return figure


def _by_section(assessments: Sequence[Assessment], lang: str) -> list[str | Assessment]:
    """Headings and targets, top to bottom; headings only where there is more than one section."""
    names = sorted(dict.fromkeys(text_of(a.target.section) for a in assessments), key=section_order)
    rows: list[str | Assessment] = []
    for name in names:
        if len(names) > 1:
            rows.append(section_name(name, lang))
        rows += [a for a in assessments if text_of(a.target.section) == name]
    return rows


def section_name(name: str, lang: str) -> str:
    """The section of a plan as a heading; in English its Chinese numerals are written as numbers.

    >>> section_name("二（十一）", "en"), section_name("二（一）", "zh"), section_name("", "en")
    ('Section 2 (11)', '第二（一）部分', 'Other')
    >>> section_name("第十一章", "en"), section_name("专栏1", "en"), section_name("专栏1", "zh")
    ('Chapter 11', 'Box 1', '专栏1')
    """
    if not name:
        return text("no_section", lang)
    numbered = re.fullmatch(r"(专栏|第)?([一二三四五六七八九十（）()\d.]+)(章)?", name)
    if numbered is None:
        return name
    kind, number = {"专栏": "box", "第": "chapter"}.get(numbered[1], "section"), numbered[2]
    if lang != "zh":
        number = NUMERAL.sub(lambda numeral: str(arabic(numeral[0])), number)
        number = number.replace("（", " (").replace("）", ")")
    return text(kind, lang, name=number)


def _target_row(ax: Axes, y: int, assessed: Assessment, lang: str) -> None:
    known = assessed.status != "not_assessable"
    name = shortened(assessment_title(assessed, lang), NAME)
    row_label(ax, y, name, fontsize=8.8, color=INK if known else MUTED)
    ax.plot([0, 100], [y, y], color=FAINT, lw=0.7, zorder=1)
    said = status_shown(assessed, lang)
    if assessed.status == "forecast" and assessed.probability is not None:
        ax.plot(100 * assessed.probability, y, "o", ms=8, color=BLUE, mec="white", zorder=4)
        said = percent(assessed.probability, lang)
    for part in assessed.parts:
        if part.probability is not None:
            shape, colour = ("s", OCHRE) if part.borrowed else ("D", BLUE)
            ax.plot(100 * part.probability, y, shape, ms=6, mfc="white", mec=colour, mew=1.4, zorder=4)
    colour = {"met": BLUE, "missed": TARGET, "not_assessable": MUTED}.get(assessed.status, INK)
    weight = "normal" if assessed.status in ("not_assessable", "depends_on_definition") else "bold"
    row_value(ax, y, said, color=colour, fontweight=weight)


def sensitivity_chart(varied: Sensitivity, lang: str = "en") -> Figure:
    """Dots of probability by choice, grouped by what was varied, with the answer as asked above and the 50 % line.

    A full blue dot gives the same verdict, an open red diamond another one; met and missed stand at 100 and 0. A choice
    that cannot be computed has a dash and no dot. Open squares are borrowed, where there is no verdict to compare.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.sensitivity import sensitivity
    >>> data = qc.load(as_of="2023-12-31")
    >>> (varied,) = sensitivity(data, qc.assess(data, "rd_intensity", draws=500), draws=500)
    >>> [float(end) for end in sensitivity_chart(varied).axes[0].get_xlim()]
    [-3.0, 103.0]
    """
    check_language(lang)
    rows: list[str | Variant] = [varied.asked]
    for kind in dict.fromkeys(row.kind for row in varied.rows):
        rows += [text(f"v_{kind}", lang), *(row for row in varied.rows if row.kind == kind)]
    main, compared = varied.answer.role == "main", computed(varied.asked)
    title = wrapped(assessment_title(varied.answer, lang), 30 if lang == "zh" else 56)
    if not main:
        title += wrapped(panel_title(varied.answer, lang), 40 if lang == "zh" else 72)
    head, foot = 0.56 + 0.24 * len(title), 0.42 if compared else 0.12
    with style():
        figure, ax = rows_figure(len(rows), 0.235, head, foot, WIDTH, LEFT, 0.9 - LEFT)
        height = figure.get_figheight()
        ax.set_xlim(-3, 103)
        _guides(ax, _percent_of(varied.asked), len(rows))
        for y, row in enumerate(rows):
            if isinstance(row, str):
                row_label(ax, y, row, 9, fontsize=8.6, fontweight="bold", linespacing=1.05)
            else:
                _choice_row(ax, y, row, lang, compared)
        as_rows(ax, [0, 25, 50, 75, 100])
        for k, line in enumerate(title):
            size = 11.5 if k == 0 or main else 9
            figure.text(0.02, 1 - (0.1 + 0.24 * k) / height, line, va="top", fontsize=size, fontweight="bold")
        figure.text(LEFT, 1 - (head - 0.3) / height, text("chance_percent", lang), fontsize=8.5, color=MUTED)
        if compared:
            same = ("o", BLUE, "white", text("v_hold_mark", lang))
            flips = ("D", "white", TARGET, text("v_flip_mark", lang))
            key(figure, [same, flips], (0.005, 0.02 / height), ms=6.5, mew=1.4)
        figure.canvas.draw()
    return figure


def _guides(ax: Axes, asked: float | None, rows: int) -> None:
    ax.axvline(50, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=1)
    for edge in (0, 100):
        ax.axvline(edge, color=MUTED, lw=0.8, zorder=0)
    if asked is not None:
        ax.plot([asked, asked], [0, rows - 0.5], color=BLUE, lw=1, alpha=0.35, zorder=1)


def _percent_of(row: Variant) -> float | None:
    """Where a choice stands on the scale; None where there is nothing to show."""
    if row.probability is not None:
        return 100 * row.probability
    return {"met": 100.0, "missed": 0.0}.get(row.status)


def _in_two(name: str, lang: str) -> str:
    """A long name on two lines."""
    if len(name) <= (22 if lang == "zh" else 44):
        return name
    half = len(name) // 2 + (1 if lang == "zh" else 8)  # English breaks between words
    return "\n".join(wrapped(name, half)[:2])


def _choice_row(ax: Axes, y: int, row: Variant, lang: str, compared: bool) -> None:
    asked, colour = row.kind == "asked", INK if computed(row) else MUTED
    name = _in_two(choice_shown(row, lang), lang)
    look: Look = {"fontsize": 7.2 if "\n" in name else 8.6, "linespacing": 1.05, "color": colour}
    row_label(ax, y, name, 9 if asked else 18, fontweight="bold" if asked else "normal", **look)
    ax.plot([0, 100], [y, y], color=FAINT, lw=0.7, zorder=0)
    at = _percent_of(row)
    if at is not None:
        mark: dict[str, Any] = {
            "marker": "o",
            "ms": 9 if asked else 6.5,
            "mfc": BLUE,
            "mec": "white",
            "mew": 0.8,
        }
        if not compared:
            mark = {"marker": "s", "ms": 6.5, "mfc": "white", "mec": OCHRE, "mew": 1.5}
        elif row.flips:
            mark = {"marker": "D", "ms": 6.5, "mfc": "white", "mec": TARGET, "mew": 1.6}
        ax.plot([at], [y], ls="", zorder=4, clip_on=False, **mark)
    said = verdict_shown(row, lang) if computed(row) else "–"
    weight = "bold" if row.flips or asked else "normal"
    row_value(ax, y, said, annotation_clip=False, color=TARGET if row.flips else colour, fontweight=weight)


def skill_chart(table: pd.DataFrame, names: Sequence[str], lang: str = "en") -> Figure:
    """Our skill in percent against each benchmark: as it stands an open square, calibrated a full dot, with intervals.

    `table` has a row for each benchmark and the columns skill, low, high, fair, fair_low, fair_high (shares; NaN is
    left out); `names` are the benchmarks as shown. Right of zero we are better.

    >>> row = {"skill": 0.3, "low": 0.1, "high": 0.4, "fair": 0.1, "fair_low": -0.1, "fair_high": 0.2}
    >>> len(skill_chart(pd.DataFrame([row]), ["schedule"]).axes[0].get_yticklabels())
    1
    """
    check_language(lang)
    with style():
        figure, ax = rows_figure(len(table), 0.27, 0.45, 0.5, WIDTH, 0.4, 0.56)
        for y, (_, row) in enumerate(table.iterrows()):
            _skill_point(ax, y - 0.14, row[["skill", "low", "high"]], "s", OCHRE, "white")
            _skill_point(ax, y + 0.14, row[["fair", "fair_low", "fair_high"]], "o", BLUE, BLUE)
        ax.axvline(0, color=TARGET, lw=1.1, zorder=1)
        ax.set_xlim(WORST - 3, 103)
        ax.set_yticks(range(len(table)), labels=list(names), fontsize=8.5, color=INK)
        ax.grid(True, axis="x")
        ax.grid(False, axis="y")
        ax.set_xlabel(text("axis_skill", lang), fontsize=9)
        marks = [("s", "white", OCHRE, text("rule_as_is", lang)), ("o", BLUE, BLUE, text("rule_fair", lang))]
        key(figure, marks, (0.0, 1.0), loc="upper left", ms=6)
        right: Look = {"fontsize": 8.5, "color": MUTED, "va": "top", "ha": "right"}
        figure.text(0.96, 1 - 0.12 / figure.get_figheight(), text("better_side", lang), **right)
        figure.canvas.draw()
    return figure


def _skill_point(ax: Axes, y: float, shares: pd.Series, shape: str, edge: str, face: str) -> None:
    value, low, high = 100 * shares.to_numpy(float)
    if not np.isfinite(value):
        return
    if np.isfinite(low) and np.isfinite(high):
        ax.plot([max(low, WORST), high], [y, y], color=edge, lw=1.5, zorder=2)
    mark = "<" if value < WORST else shape
    ax.plot(max(value, WORST), y, mark, ms=5.5, mfc=face, mec=edge, mew=1.2, zorder=3)


def coverage_chart(table: pd.DataFrame, names: list[str], deadlines: list[int], lang: str = "en") -> Figure:
    """A square for every year in which a target has a figure; a red frame at its deadline.

    `table` as from `series.annual.coverage`, `names` and `deadlines` one for each of its rows. Full squares are final
    figures, light ones provisional, hatched ones bounds or parts of a year; of a long record the last years are drawn.

    >>> frame = pd.DataFrame({2020: ["final", ""], 2021: ["", "part"]})
    >>> figure = coverage_chart(frame, ["a", "b"], [2025, 2025])
    >>> len(figure.axes)
    1
    """
    check_language(lang)
    years = _years_drawn([year for year in map(int, table.columns) if (table[year] != "").any()], deadlines)
    with style():
        figure, ax = rows_figure(max(1, len(names)), 0.27, 0.45, 0.6, WIDE, 0.43, 0.985 - 0.43)
        ax.set_xlim(-0.5, max(1, len(years)) - 0.5)
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
        _squares_key(figure, lang)
        figure.canvas.draw()
    return figure


def _years_drawn(held: list[int], deadlines: list[int]) -> list[int]:
    """The years drawn: to the last figure or the deadlines soon after it, at most LATEST of them."""
    known = held or [min(deadlines, default=0)]
    last = max([*known, *(year for year in deadlines if year <= max(known) + AHEAD)])
    return list(range(max(min(known), last - LATEST + 1), last + 1))


def _square(ax: Axes, x: int, y: int, face: str, edge: str, hatch: str, width: float, half: float) -> None:
    from matplotlib.patches import Rectangle

    high = min(half, 0.42)
    corner, size = (x - half, y - high), (2 * half, 2 * high)
    ax.add_patch(Rectangle(corner, *size, facecolor=face, edgecolor=edge, hatch=hatch, lw=width, zorder=3))


def _squares_key(figure: Figure, lang: str) -> None:
    from matplotlib.patches import Patch

    looks = [(text(f"cov_{kind}", lang), *look, 0.8) for kind, look in KINDS.items()]
    looks.append((text("cov_deadline", lang), "none", TARGET, "", 1.3))
    handles = [
        Patch(label=said, fc=face, ec=edge, hatch=hatch, lw=lw) for said, face, edge, hatch, lw in looks
    ]
    at, size = (0.01, 0.06 / figure.get_figheight()), {"handlelength": 1.1, "handleheight": 1.1}
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=at, ncols=4, fontsize=8.5, **size)


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
        figure = Figure(figsize=(canvas.WIDTH, 3.3), dpi=DPI)
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
        figure = Figure(figsize=(canvas.WIDTH, 5.6), dpi=DPI)
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

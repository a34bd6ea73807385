"""The scorecard of a plan as one figure: a dot of probability for every target, by section."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..catalogue import check_language, text
from ..reporting.describe import status_shown
from ..reporting.formatting import percent, text_of
from ..targets import NUMERAL, arabic, section_order
from .canvas import BLUE, DPI, FAINT, INK, MUTED, OCHRE, TARGET, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..assessment.answer import Assessment

WIDTH, ROW = 8.0, 0.29  # inches
NAME = 54  # columns of a name, a Chinese character counting as two


def scorecard_chart(assessments: Sequence[Assessment], lang: str = "en") -> Figure:
    """Horizontal dots of probability by target, grouped by section; what cannot be assessed is named as such.

    A full dot is a probability, an open diamond one under a single definition, an open square borrowed; met
    and missed are words. Targets stand in the order given, sections as the plan numbers them.

    >>> import qcity_analysis as qc
    >>> figure = scorecard_chart([qc.assess(qc.load(), "rd_intensity")])
    >>> [float(end) for end in figure.axes[0].get_xlim()]
    [-3.0, 103.0]
    """
    from matplotlib.figure import Figure

    check_language(lang)
    rows = _rows(assessments, lang)
    head, foot = 0.55, 0.75
    height = head + ROW * len(rows) + foot
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        ax = figure.add_axes((0.46, foot / height, 0.34, 1 - (head + foot) / height))
        ax.set_xlim(-3, 103)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        _bands(ax)
        for y, (section, part) in enumerate(rows):
            if part is None:
                ax.annotate(
                    section, (0, y), xycoords=("figure fraction", "data"), xytext=(12, -1),
                    textcoords="offset points", va="center", fontsize=9.5, fontweight="bold",
                )  # fmt: skip
            else:
                _row(ax, y, part, lang)
        ax.set_yticks([])
        ax.tick_params(
            axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8.5, length=0
        )
        ax.set_xticks([0, 10, 33, 66, 90, 100])
        ax.spines["bottom"].set_visible(False)
        ax.grid(False)
        _key(figure, rows, lang, height)
        figure.canvas.draw()
    return figure


def _rows(assessments: Sequence[Assessment], lang: str) -> list[tuple[str, Assessment | None]]:
    """Headings and targets, top to bottom; headings only where there is more than one section."""
    names = sorted(dict.fromkeys(text_of(a.target.section) for a in assessments), key=section_order)
    rows: list[tuple[str, Assessment | None]] = []
    for name in names:
        if len(names) > 1:
            rows.append((section_name(name, lang), None))
        rows += [(name, a) for a in assessments if text_of(a.target.section) == name]
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
    found = re.fullmatch(r"(专栏|第)?([一二三四五六七八九十（）()\d.]+)(章)?", name)
    if found is None:
        return name
    kind = {"专栏": "box", "第": "chapter"}.get(found[1], "section")
    number = found[2] if lang == "zh" else NUMERAL.sub(lambda numeral: str(arabic(numeral[0])), found[2])
    number = number if lang == "zh" else number.replace("（", " (").replace("）", ")")
    return text(kind, lang, name=number)


def _bands(ax: Axes) -> None:
    for edge in (10, 33, 66, 90):
        ax.axvline(edge, color=FAINT, lw=0.8, zorder=0)
    ax.axvspan(33, 66, color="#f4f6f8", lw=0, zorder=0)
    for edge in (0, 100):
        ax.axvline(edge, color=MUTED, lw=0.8, zorder=0)


def _row(ax: Axes, y: int, part: Assessment, lang: str) -> None:
    name = text_of(part.target.name_zh if lang == "zh" else part.target.name_en)
    known = part.status != "not_assessable"
    ax.annotate(
        shortened(name), (0, y), xycoords=("figure fraction", "data"), xytext=(12, -1),
        textcoords="offset points", va="center", fontsize=8.8, color=INK if known else MUTED,
    )  # fmt: skip
    ax.plot([0, 100], [y, y], color=FAINT, lw=0.7, zorder=1)
    said = status_shown(part, lang)
    if part.status == "forecast" and part.probability is not None:
        ax.plot(100 * part.probability, y, "o", ms=8, color=BLUE, mec="white", zorder=4)
        said = percent(part.probability, lang)
    for piece in part.parts:
        if piece.probability is not None:
            shape, colour = ("s", OCHRE) if piece.borrowed else ("D", BLUE)
            ax.plot(100 * piece.probability, y, shape, ms=6, mfc="white", mec=colour, mew=1.4, zorder=4)
    colour = {"met": BLUE, "missed": TARGET, "not_assessable": MUTED}.get(part.status, INK)
    weight = "normal" if part.status in ("not_assessable", "depends_on_definition") else "bold"
    ax.annotate(
        said, (1, y), xycoords=("axes fraction", "data"), xytext=(6, -1), textcoords="offset points",
        va="center", fontsize=8.3, color=colour, fontweight=weight,
    )  # fmt: skip


def shortened(name: str, width: int = NAME) -> str:
    """A name cut to `width` columns, a Chinese character counting as two.

    >>> shortened("abcdef", 4), shortened("研发经费", 6)
    ('abc…', '研发…')
    """
    used = 0
    for position, char in enumerate(name):
        used += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used > width - (position < len(name) - 1):
            return name[:position].rstrip() + "…"
    return name


def _key(figure: Figure, rows: Sequence[tuple[str, Assessment | None]], lang: str, height: float) -> None:
    from matplotlib.lines import Line2D

    parts = [piece for _, a in rows if a is not None for piece in a.parts if piece.probability is not None]
    marks = [("o", BLUE, BLUE, text("chance", lang))]
    if any(not piece.borrowed for piece in parts):
        marks.append(("D", "white", BLUE, text("by_definition", lang)))
    if any(piece.borrowed for piece in parts):
        marks.append(("s", "white", OCHRE, text("status_borrowed", lang)))
    handles = [
        Line2D([], [], ls="", marker=shape, ms=7, mfc=face, mec=edge, label=label)
        for shape, face, edge, label in marks
    ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.01, 0.08 / height), ncols=3, fontsize=8.5
    )
    figure.text(0.46, 1 - 0.1 / height, text("chance_percent", lang), fontsize=8.5, color=MUTED, va="top")

"""How far a verdict depends on choices, as one figure: a dot of probability for every choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..catalogue import check_language, text
from ..reporting.analyses import choice_shown, computed, verdict_shown
from ..reporting.labels import assessment_title, panel_title
from .canvas import BLUE, DPI, FAINT, INK, MUTED, OCHRE, TARGET, style
from .plot import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..analysis.sensitivity import Sensitivity, Variant

WIDTH, ROW = 6.4, 0.235  # inches
LEFT = 0.44  # of the width
NAME = 44  # characters of a choice on one line


def sensitivity_chart(found: Sensitivity, lang: str = "en") -> Figure:
    """Dots of probability by choice, grouped by what was varied, with the answer as asked above and the 50 % line.

    A full blue dot gives the same verdict, an open red diamond another one; met and missed stand at 100 and 0. A choice
    that cannot be computed has a dash and no dot. Open squares are borrowed, where there is no verdict to compare.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.sensitivity import sensitivity
    >>> data = qc.load(as_of="2023-12-31")
    >>> (found,) = sensitivity(data, qc.assess(data, "rd_intensity", draws=500), draws=500)
    >>> [float(end) for end in sensitivity_chart(found).axes[0].get_xlim()]
    [-3.0, 103.0]
    """
    from matplotlib.figure import Figure

    check_language(lang)
    lines = _lines(found, lang)
    title = wrapped(assessment_title(found.answer, lang), 30 if lang == "zh" else 56)
    if found.answer.role != "main":
        title += wrapped(panel_title(found.answer, lang), 40 if lang == "zh" else 72)
    head, foot = 0.56 + 0.24 * len(title), 0.42 if computed(found.asked) else 0.12
    height = head + ROW * len(lines) + foot
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        ax = figure.add_axes((LEFT, foot / height, 0.9 - LEFT, 1 - (head + foot) / height))
        ax.set_xlim(-3, 103)
        ax.set_ylim(len(lines) - 0.5, -0.5)
        _guides(ax, found, len(lines))
        for y, (heading, row) in enumerate(lines):
            if row is None:
                _label(ax, y, heading, INK, "bold")
            else:
                _dot(ax, y, row, lang, computed(found.asked))
        _finish(ax, lang)
        for k, line in enumerate(title):
            figure.text(
                0.02, 1 - (0.1 + 0.24 * k) / height, line, va="top",
                fontsize=11.5 if k == 0 or found.answer.role == "main" else 9, fontweight="bold",
            )  # fmt: skip
        figure.text(LEFT, 1 - (head - 0.3) / height, text("chance_percent", lang), fontsize=8.5, color=MUTED)
        if computed(found.asked):
            _key(figure, lang, height)
        figure.canvas.draw()
    return figure


def _lines(found: Sensitivity, lang: str) -> list[tuple[str, Variant | None]]:
    """The answer as asked, then each group with its heading."""
    lines: list[tuple[str, Variant | None]] = [("", found.asked)]
    for kind in dict.fromkeys(row.kind for row in found.rows):
        lines.append((text(f"v_{kind}", lang), None))
        lines += [("", row) for row in found.rows if row.kind == kind]
    return lines


def _guides(ax: Axes, found: Sensitivity, count: int) -> None:
    ax.axvline(50, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=1)
    for edge in (0, 100):
        ax.axvline(edge, color=MUTED, lw=0.8, zorder=0)
    place = _place(found.asked)
    if place is not None:
        ax.plot([place, place], [0, count - 0.5], color=BLUE, lw=1, alpha=0.35, zorder=1)


def _place(row: Variant) -> float | None:
    if row.probability is not None:
        return 100 * row.probability
    return {"met": 100.0, "missed": 0.0}.get(row.status)


def _label(ax: Axes, y: int, said: str, colour: str, weight: str = "normal", indent: float = 0) -> None:
    ax.annotate(
        said, (0, y), xycoords=("figure fraction", "data"), xytext=(9 + indent, -1), textcoords="offset points",
        va="center", fontsize=7.2 if "\n" in said else 8.6, color=colour, fontweight=weight, linespacing=1.05,
    )  # fmt: skip


def _in_two(name: str, lang: str) -> str:
    """A long name on two lines."""
    if len(name) <= (22 if lang == "zh" else NAME):
        return name
    half = len(name) // 2 + (1 if lang == "zh" else 8)  # English breaks between words
    return "\n".join(wrapped(name, half)[:2])


def _dot(ax: Axes, y: int, row: Variant, lang: str, compared: bool) -> None:
    asked, known = row.kind == "asked", computed(row)
    _label(
        ax, y, _in_two(choice_shown(row, lang), lang), INK if known else MUTED,
        "bold" if asked else "normal", 0 if asked else 9,
    )  # fmt: skip
    ax.plot([0, 100], [y, y], color=FAINT, lw=0.7, zorder=0)
    place = _place(row)
    if place is not None:
        look: dict[str, Any] = {
            "marker": "o",
            "ms": 9 if asked else 6.5,
            "mfc": BLUE,
            "mec": "white",
            "mew": 0.8,
        }
        if not compared:
            look = {"marker": "s", "ms": 6.5, "mfc": "white", "mec": OCHRE, "mew": 1.5}
        elif row.flips:
            look = {"marker": "D", "ms": 6.5, "mfc": "white", "mec": TARGET, "mew": 1.6}
        ax.plot([place], [y], ls="", zorder=4, clip_on=False, **look)
    ax.annotate(
        verdict_shown(row, lang) if known else "–", (1, y), xycoords=("axes fraction", "data"), xytext=(6, -1),
        textcoords="offset points", va="center", fontsize=8.3, annotation_clip=False,
        color=TARGET if row.flips else INK if known else MUTED, fontweight="bold" if row.flips or asked else "normal",
    )  # fmt: skip


def _finish(ax: Axes, lang: str) -> None:
    ax.set_yticks([])
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.tick_params(
        axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8.5, length=0
    )
    ax.spines["bottom"].set_visible(False)
    ax.grid(False)


def _key(figure: Figure, lang: str, height: float) -> None:
    from matplotlib.lines import Line2D

    marks: Sequence[tuple[str, str, str, str]] = (
        ("o", BLUE, "white", text("v_hold_mark", lang)),
        ("D", "white", TARGET, text("v_flip_mark", lang)),
    )
    handles = [
        Line2D([], [], ls="", marker=shape, ms=6.5, mfc=face, mec=edge, mew=1.4, label=label)
        for shape, face, edge, label in marks
    ]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.005, 0.02 / height), ncols=2, fontsize=8.5
    )

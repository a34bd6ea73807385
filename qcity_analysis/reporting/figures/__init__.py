"""What every figure shares (fonts that hold Chinese, one palette, sizes to be read on a phone, a picture as SVG), and
the charts of a plan, a record and a change; the fan chart of one target is in `fan`.

Figures are made without pyplot, so nothing global is left behind and nothing is shown twice in a notebook.
Colours are distinguishable without colour vision and in grey print; on a page each is a variable of its style.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...analysis.portfolio import Portfolio
from ...assessment.answer import Assessment
from ...catalogue import join, text
from ..formatting import amount, number, signed, typed, with_unit
from ..sentences import chance, status_shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

INK, MUTED, FAINT, TARGET, WHITE = "#1c2733", "#5b6875", "#d9dee3", "#b5361c", "#ffffff"
OWN = "#1f5f8b", "#8fb8d4", "#d3e3ee"  # dark, middle, light
LENT = "#8a6100", "#dcb968", "#f3e6c8"  # what is borrowed
(BLUE, BLUE_MID, BLUE_LIGHT), OCHRE = OWN, LENT[0]
Look = dict[str, Any]  # keywords of matplotlib
Point = tuple[float, float]
PALETTE = {  # and the variables of a page's style
    INK: "ink", MUTED: "soft", FAINT: "line", TARGET: "target", WHITE: "paper",
    **dict(zip((*OWN, *LENT), ("accent", "mid", "pale", "lent", "lentmid", "lentpale"), strict=True)),
}  # fmt: skip
WIDTH = 5.1  # inches: a point is then about a pixel on a phone
TEXT = 11.3  # points, the smallest text of a figure
DPI = 200
LEAST = 0.002  # numbers of targets less likely than this at either end are not drawn
FEWEST = 5  # numbers drawn at least
WORST = -60  # percent; a skill below it is drawn at the edge
DASHES = (0, (4, 3))
CHINESE = r"\u2e80-\u9fff\uff00-\uffef"
PIECES = re.compile(rf"[（“《]*(?:[^{CHINESE}\s]+(?: %)?(?: ?[{CHINESE}])?|[{CHINESE}])[，。、；：）”》]*\s*")
STYLE: Any = {
    "font.family": ["Noto Sans CJK SC", "DejaVu Sans"], "font.size": TEXT, "text.color": INK,
    "axes.edgecolor": MUTED, "axes.labelcolor": MUTED, "axes.linewidth": 0.8, "axes.spines.top": False,
    "axes.spines.right": False, "axes.spines.left": False, "axes.grid": True, "axes.grid.axis": "y",
    "axes.axisbelow": True, "axes.unicode_minus": True, "grid.color": FAINT, "grid.linewidth": 0.7,
    "xtick.color": MUTED, "ytick.color": MUTED, "ytick.major.size": 0, "figure.facecolor": "white",
    "axes.facecolor": "white", "legend.frameon": False,
    "svg.fonttype": "none", "svg.hashsalt": "qcity",
}  # fmt: skip


@cache
def _register_fonts() -> None:
    """Make the Chinese faces of mpl-font known to matplotlib, once; importing it would change rcParams."""
    from importlib.util import find_spec

    from matplotlib import font_manager

    spec = find_spec("mpl_font")
    for folder in (spec.submodule_search_locations or [])[:1] if spec is not None else []:
        for weight in ("Regular", "Bold"):
            font_manager.fontManager.addfont(f"{folder}/fonts/noto/NotoSansCJKsc-{weight}.otf")


@contextmanager
def style() -> Iterator[None]:
    """The look of every figure for the duration of a `with` block: white, quiet, fonts that hold Chinese."""
    import matplotlib

    _register_fonts()
    with matplotlib.rc_context(STYLE):
        yield


@contextmanager
def new_figure(height: float, width: float = WIDTH) -> Iterator[Figure]:
    """A figure in inches to be filled in the `with` block; its fonts are fixed at the end, while the style holds."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(width, height), dpi=DPI)
        yield figure
        for ax in figure.axes:
            ax.get_xticklabels() + ax.get_yticklabels()  # which makes them


@dataclass(frozen=True)
class Picture:
    """A figure with its description, as a notebook and a page show it: SVG in HTML, in the colours around it.

    >>> from matplotlib.figure import Figure
    >>> shown = Picture(Figure(figsize=(2, 1)), "two empty inches")._repr_mimebundle_()
    >>> 'aria-label="two empty inches"' in shown["text/html"], shown["text/plain"]
    (True, 'two empty inches')
    """

    figure: Figure
    alt: str

    def svg(self) -> str:
        """The picture as an SVG in a figure of HTML: words stay words, looks are attributes, colours the page's."""
        with style():
            undated = {"Date": None, "Creator": None}
            self.figure.savefig(buffer := io.BytesIO(), format="svg", metadata=undated)
        idle = r'(?<=<g) id="[^"]*"| transform="rotate\(-0 [^"]*"|<defs>\s*</defs>'
        idle = rf"<(metadata|style)\b.*?</\1>|^.*?(?=<svg)|{idle}"
        drawn = re.sub(idle, "", buffer.getvalue().decode(), flags=re.S)
        drawn = re.sub(r'style="([^"]*)"', lambda looks: _attributes(looks[1]), drawn)
        own = "q" + hashlib.sha256(drawn.encode()).hexdigest()[:6]  # several figures stand on one page
        drawn = re.sub(r'(id="|#)(?=[mph][0-9a-f]{10})', rf"\1{own}", drawn)
        for colour, name in PALETTE.items():
            drawn = drawn.replace(f'"{colour}"', f'"var(--{name},{colour})"')
        size = re.search(r'viewBox="[^"]*"', drawn)
        head = f'<figure class="qcity"><svg role="img" aria-label="{escape(self.alt)}" {size[0] if size else ""}>'
        return re.sub(r"\s*\n\s*", " ", re.sub(r"<svg[^>]*>", lambda _: head, drawn, count=1)) + "</figure>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        with style():  # for where no HTML is shown
            self.figure.savefig(small := io.BytesIO(), format="png", dpi=60)
        shown = {"text/html": self.svg(), "text/plain": self.alt}
        return shown | {"image/png": base64.b64encode(small.getvalue()).decode()}


def _attributes(style: str) -> str:
    """A style as attributes, which a strict policy of a page lets pass; the font is that of the page."""
    pairs = [pair.strip().partition(": ") for pair in style.split(";")]
    return " ".join(f'{name}="{value}"' for name, _, value in pairs if name and name != "font-family")


def note(ax: Axes, words: str, at: Point, shift: Point, **look: Any) -> Annotation:
    """Write `words` at a point of the axes, shifted by points; small and quiet unless `look` says otherwise."""
    quiet: Look = {"fontsize": TEXT, "color": MUTED, "textcoords": "offset points"}
    return ax.annotate(words, at, xytext=shift, **quiet | look)


def mark(shape: str, face: str, edge: str, size: float, width: float = 1) -> Look:
    """The look of a mark without a line through it."""
    return {"marker": shape, "mfc": face, "mec": edge, "ms": size, "mew": width, "ls": ""}


def wrapped(words: str, width: int) -> list[str]:
    """A text as lines of at most `width` columns; Chinese, which has no spaces, is cut before any sign that may begin
    a line, and a number stays with the character after it.

    >>> wrapped("预计 2025 年为 444 家左右，90% 区间为 222 至 732 家", 22)
    ['预计 2025 年为 444 家', '左右，90% 区间为', '222 至 732 家']
    """
    lines = [""]
    for part in PIECES.findall(words.strip()):
        if columns_of((lines[-1] + part).rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return [line.strip() for line in lines]


def columns_of(words: str) -> int:
    """The width of a text in columns, a Chinese character counting as two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in words)


def shortened(name: str, width: int) -> str:
    """A name cut to `width` columns, a Chinese character counting as two.

    >>> shortened("abcdef", 4), shortened("研发经费", 6)
    ('abc…', '研发…')
    """
    if columns_of(name) <= width:
        return name
    kept = next(end for end in range(len(name), -1, -1) if columns_of(name[:end]) < width)
    return name[:kept].rstrip() + "…"


def scorecard_chart(assessments: Sequence[Assessment], lang: str = "en") -> Figure:
    """A bar for the probability of each target in the order of the plan, with its answer; none where there is none."""
    with new_figure(0.8 + 0.26 * len(assessments), 8.0) as figure:
        ax = figure.add_axes((0.46, 0.3 / figure.get_figheight(), 0.4, 1 - 0.8 / figure.get_figheight()))
        colours = [BLUE if a.status == "met" else BLUE_MID for a in assessments]
        chances = [100 * (a.headline_probability or 0) for a in assessments]
        ax.barh(range(len(chances)), chances, color=colours, height=0.6)
        at: Look = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8.5}
        for y, a in enumerate(assessments):
            note(ax, chance(a, lang)[0] or status_shown(a, lang), (1, y), (6, -1), **at)
        names = [shortened(a.target.name(lang), 54) for a in assessments]
        ax.set_yticks(range(len(names)), names, fontsize=8.5)
        ax.set(xlim=(0, 100), ylim=(len(assessments) - 0.5, -0.5), xticks=[0, 33, 66, 100])
        ax.set_title(text("chance_percent", lang), loc="left", color=MUTED)
    return figure


def portfolio_chart(portfolio: Portfolio, lang: str = "en") -> Figure:
    """Bars for the probability of each number of targets met; open dots were they independent; the expected number."""
    from matplotlib.patches import Patch

    likely = portfolio.counts[["dependent", "independent"]].max(axis=1).to_numpy(dtype=float) >= LEAST
    first, last = map(int, np.flatnonzero(likely)[[0, -1]])
    while last - first + 1 < min(FEWEST, len(likely)):
        first, last = (first - 1, last) if first > 0 else (first, last + 1)
    chances = 100 * portfolio.counts.loc[first:last].astype(float)
    numbers, dependent, alone = [*chances.index], chances["dependent"], chances["independent"]
    low, high = portfolio.interval()
    title = text("p_title", lang, low=low, high=high, total=len(portfolio.targets))
    with new_figure(3.4) as figure:
        ax = figure.add_axes((0.105, 0.33, 0.86, 0.48))
        colours = [BLUE if low <= number <= high else BLUE_MID for number in numbers]
        ax.bar(numbers, dependent, color=colours, width=0.72, label=text("p_dependent", lang), zorder=2)
        circle = mark("o", "white", OCHRE, 5.5, 1.4)
        ax.plot(numbers, alone, label=text("p_independent", lang), zorder=4, **circle)
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
        labels = [f"{int(number):,}" for number in questions]
        turned = max(map(len, labels)) > 4  # side by side they would touch
        bars = lower.bar(said, questions, width=6.5, color=BLUE_LIGHT, ec=BLUE, lw=0.7)
        lower.bar_label(bars, labels, padding=3, color=INK, rotation=90 if turned else 0)
        lower.set_ylim(0, (2.1 if turned else 1.3) * float(questions.max()))
        lower.set_yticks([])
        lower.grid(False)
        lower.spines["bottom"].set_color(FAINT)
        lower.set_xlabel(text("axis_said", lang))
        lower.set_ylabel(text("axis_number", lang))
    return figure


def skill_chart(rules: pd.DataFrame, names: Sequence[str], lang: str = "en") -> Figure:
    """Our skill in percent against each rule with its interval: as the rule stands a square, calibrated a dot.

    `rules` has a row for each of `names` and the columns skill, low, high, fair, fair_low, fair_high; NaN is left out.
    """
    kinds = (("rule_as_is", "s", OCHRE, -0.14, ("skill", "low", "high")),
             ("rule_fair", "o", BLUE, 0.14, ("fair", "fair_low", "fair_high")))  # fmt: skip
    with new_figure(0.3 * len(rules) + 1.2) as figure:
        ax = figure.add_axes((0.44, 0.55 / figure.get_figheight(), 0.52, 1 - 1.1 / figure.get_figheight()))
        for label, shape, colour, down, columns in kinds:
            shown = rules[list(columns)].to_numpy(dtype=float) * 100
            places = np.arange(len(rules)) + down
            ax.hlines(places, *shown[:, 1:].clip(WORST).T, color=colour, lw=1.5)
            ax.plot(shown[:, 0].clip(WORST), places, shape, color=colour, ms=5, label=text(label, lang))
        ax.axvline(0, color=TARGET, lw=1.1, zorder=1)
        ax.set_yticks(range(len(names)), [shortened(name, 24) for name in names])
        ax.set(xlim=(WORST - 3, 103), ylim=(len(rules) - 0.5, -0.5), xlabel=text("axis_skill", lang))
        figure.legend(loc="upper left", ncols=2)
    return figure


def hedgehog_chart(rows: pd.DataFrame, levels: pd.Series, lang: str = "en") -> Figure:
    """What was forecast of one target in each year (a line to its median with a 90 % interval) against what came.

    `rows` as from `ledger.said_of_earlier`, of one target; `levels` (index year) are those known now.
    """
    deadline, bound = int(rows["deadline"].iloc[0]), float(rows["bound"].iloc[0])
    with new_figure(4.2) as figure:
        ax = figure.add_axes((0.1, 0.1, 0.84, 0.66))
        shown = levels[levels.index >= rows["last_year"].min() - 2]
        ax.plot(shown.index, shown, "o-", color=INK, lw=1.6, ms=4, zorder=4, label=text("observed", lang))
        for k, row in enumerate(rows.itertuples()):
            end = deadline + 0.45 * (k + 1)
            ax.plot([row.last_year, end], [row.level, row.expected], color=BLUE, lw=1, ls=DASHES, zorder=3)
            ax.plot([end, end], [row.low, row.high], color=BLUE_MID, lw=3.5, zorder=2)
            note(ax, str(row.as_of.year), (end, row.high), (0, 3), ha="center", rotation=90)
        asked = text("target_line", lang, value=typed(float(f"{bound:.4g}")))
        ax.axhline(bound, color=TARGET, lw=1.1, zorder=1, label=asked)
        ax.plot([], [], color=BLUE, ls=DASHES, label=text("said_then", lang))
        ax.set_xticks(range(deadline, int(shown.index[0]) - 1, -2))
        ax.margins(y=0.14)
        figure.legend(loc="upper left", bbox_to_anchor=(0.08, 1.0), ncols=1)
    return figure


def panels_chart(answers: Sequence[Assessment], lang: str = "en", names: Sequence[str] = ()) -> Figure:
    """Small multiples, a panel for each answer: levels, fan, what is asked for, and the answer. It is named by its
    region and has a scale of its own; with `names` it is named so, and all have one scale.
    """
    across, shared = min(2 if names else 4, len(answers)), bool(names)
    down, names = -(-len(answers) // across), names or [a.region_names[lang] for a in answers]
    grid: Look = {"sharex": shared, "sharey": shared, "squeeze": False, "gridspec_kw": {"hspace": 0.8}}
    with new_figure(2.0 * down + 0.2, (2.6 if across > 2 else 3.6) * across) as figure:
        panels = figure.subplots(down, across, **grid).ravel()
        for ax in panels[len(answers) :]:
            ax.set_visible(False)
        for ax, a, name in zip(panels, answers, names, strict=False):
            levels = a.levels()[lambda x, a=a: x.index <= a.target.deadline]
            ax.plot(levels.index, levels, color=INK, lw=1.2)
            if a.fan is not None:
                fan = pd.concat([pd.DataFrame({q: levels.iloc[-1:] for q in a.fan}), a.fan])
                ax.fill_between(fan.index, fan[0.05], fan[0.95], color=BLUE_LIGHT, lw=0)
                ax.fill_between(fan.index, fan[0.25], fan[0.75], color=BLUE_MID, lw=0)
                ax.plot(fan.index, fan[0.5], color=BLUE, lw=1.2)
            if a.bound is not None:
                ax.axhline(a.bound, color=TARGET, lw=0.9)
            answer = chance(a, lang)[0] or status_shown(a, lang)
            ax.set_title("\n".join([*wrapped(name, 36), answer]), loc="left", color=INK)
            ax.set_xticks([int(levels.index[0]), a.target.deadline] if len(levels) else [])
            ax.yaxis.set_visible(bool(len(levels)))  # no scale of nothing
    return figure


def waterfall_chart(
    start: float, steps: pd.Series, years: Sequence[int], unit: str = "", lang: str = "en"
) -> Figure:
    """From the level of the first of `years` to that of the last by `steps`, each as a bar; the title says them all.

    `start` is the first level; `steps` (index: names as shown) are contributions that add up to the change.
    """
    ends, shown = np.cumsum([start, *steps]), [signed(step) for step in steps]
    first, last = number(ends[0]), with_unit(number(ends[-1]), unit, lang)
    parts = join([f"{name} {step}" for name, step in zip(steps.index, shown, strict=True)], lang)
    title = text("waterfall", lang, start=years[0], end=years[-1], first=first, last=last, parts=parts)
    lines = wrapped(title, 46)
    with new_figure(3.0 + 0.24 * len(lines)) as figure:
        look: Look = {"ha": "left", "va": "top", "fontsize": 12.5, "fontweight": "bold"}
        figure.suptitle("\n".join(lines), x=0.01, y=0.98, **look)
        figure.set_label(title)  # what it says, in one line
        ax = figure.add_axes((0.13, 0.12, 0.84, 2.4 / figure.get_figheight()))
        ax.use_sticky_edges = False
        colours = [BLUE_MID if step > 0 else OCHRE for step in steps]
        bars = ax.bar(np.arange(len(steps)) + 1, steps, bottom=ends[:-1], width=0.6, color=colours)
        ax.bar_label(bars, shown, padding=3, color=INK)
        ax.hlines(ends, np.arange(len(ends)), np.arange(len(ends)) + 1, color=MUTED, lw=0.8, ls=DASHES)
        for x, level in ((0, ends[0]), (len(ends), ends[-1])):
            ax.hlines(level, x - 0.35, x + 0.35, color=INK, lw=4)
            note(ax, number(level), (x, level), (0, 5), ha="center", color=INK)
        names = [str(years[0]), *(shortened(str(name), 16) for name in steps.index), str(years[-1])]
        ax.set_xticks(range(len(names)), names)
        ax.margins(y=0.15)
        ax.set_ylabel(unit)
    return figure

"""What every figure shares: fonts that hold Chinese, one palette, sizes to be read on a phone, a picture as SVG.

Figures are made without pyplot, so nothing global is left behind and nothing is shown twice in a notebook.
Colours are distinguishable without colour vision and in grey print; on a page each is a variable of its style.
"""

from __future__ import annotations

import hashlib
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

INK, MUTED, FAINT, TARGET = "#1c2733", "#5b6875", "#d9dee3", "#b5361c"
OWN = "#1f5f8b", "#8fb8d4", "#d3e3ee"  # dark, middle, light
LENT = "#8a6100", "#dcb968", "#f3e6c8"  # what is borrowed
Look = dict[str, Any]  # keywords of matplotlib
Point = tuple[float, float]
WHITE = "#ffffff"
PALETTE = {  # and the variables of a page's style
    INK: "ink", MUTED: "soft", FAINT: "line", TARGET: "target", WHITE: "paper",
    **dict(zip((*OWN, *LENT), ("accent", "mid", "pale", "lent", "lentmid", "lentpale"), strict=True)),
}  # fmt: skip
WIDTH = 5.1  # inches: a point is then about a pixel on a phone
TEXT = 11.3  # points, the smallest text of a figure
DPI = 200
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
        figure.draw_without_rendering()


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

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file; the same figure gives the same bytes."""
        buffer, metadata = io.BytesIO(), {"Software": None, "Title": self.alt[:200]}
        with style():
            self.figure.savefig(buffer, format="png", dpi=DPI, metadata=metadata)
        return buffer.getvalue()

    def svg(self) -> str:
        """The picture as an SVG element: words stay words, looks are attributes, colours those of the page."""
        buffer = io.BytesIO()
        with style():
            self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        idle = r'(?<=<g) id="[^"]*"| transform="rotate\(-0 [^"]*"|<defs>\s*</defs>'
        idle = rf"<(metadata|style)\b.*?</\1>|^.*?(?=<svg)|{idle}"
        drawn = re.sub(idle, "", buffer.getvalue().decode(), flags=re.S)
        drawn = re.sub(r'style="([^"]*)"', lambda found: _attributes(found[1]), drawn)
        own = "q" + hashlib.sha256(drawn.encode()).hexdigest()[:6]  # several figures stand on one page
        drawn = re.sub(r'(id="|#)(?=[mph][0-9a-f]{10})', rf"\1{own}", drawn)
        for colour, name in PALETTE.items():
            drawn = drawn.replace(f'"{colour}"', f'"var(--{name},{colour})"')
        size = re.search(r'viewBox="[^"]*"', drawn)
        head = f'<svg role="img" aria-label="{escape(self.alt)}" {size[0] if size else ""}>'
        return re.sub(r"\s*\n\s*", " ", re.sub(r"<svg[^>]*>", lambda _: head, drawn, count=1))

    def html(self) -> str:
        """The picture as an element of a page."""
        return f'<figure class="qcity">{self.svg()}</figure>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.alt}


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
    """A text as lines of at most `width` characters; Chinese, which has no spaces, is cut anywhere."""
    return textwrap.wrap(words, width) or [""]


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

"""What every figure shares: fonts that hold Chinese, colours, number formats, a picture with its description.

Figures are made without pyplot, so nothing global is left behind and nothing is shown twice in a notebook.
Colours are distinguishable without colour vision and in grey print.
"""

from __future__ import annotations

import io
import textwrap
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
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
WIDTH = 5.4  # inches: narrow, so that words stay readable on a phone
DPI = 200
STYLE: Any = {
    "font.family": ["Noto Sans CJK SC", "DejaVu Sans"], "font.size": 9.5, "text.color": INK,
    "axes.edgecolor": MUTED, "axes.labelcolor": MUTED, "axes.linewidth": 0.8, "axes.spines.top": False,
    "axes.spines.right": False, "axes.spines.left": False, "axes.grid": True, "axes.grid.axis": "y",
    "axes.axisbelow": True, "axes.unicode_minus": True, "grid.color": FAINT, "grid.linewidth": 0.7,
    "xtick.color": MUTED, "ytick.color": MUTED, "ytick.major.size": 0, "figure.facecolor": "white",
    "axes.facecolor": "white", "legend.frameon": False,
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
        figure.canvas.draw()


@dataclass(frozen=True)
class Picture:
    """A figure with its description, as a notebook shows it: a sharp PNG with alt text.

    >>> from matplotlib.figure import Figure
    >>> data, metadata = Picture(Figure(figsize=(2, 1)), "two empty inches")._repr_mimebundle_()
    >>> metadata["image/png"]["alt"]
    'two empty inches'
    """

    figure: Figure
    alt: str

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file; the same figure gives the same bytes."""
        buffer, metadata = io.BytesIO(), {"Software": None, "Title": self.alt[:200]}
        with style():
            self.figure.savefig(buffer, format="png", dpi=DPI, metadata=metadata)
        return buffer.getvalue()

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = {"alt": self.alt, "width": round(self.figure.get_figwidth() * 120)}
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": shown}


def note(ax: Axes, words: str, at: Point, shift: Point, **look: Any) -> Annotation:
    """Write `words` at a point of the axes, shifted by points; small and quiet unless `look` says otherwise."""
    quiet: Look = {"fontsize": 8.5, "color": MUTED, "textcoords": "offset points"}
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

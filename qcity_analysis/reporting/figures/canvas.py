"""What every figure shares: fonts that hold Chinese, colours, number formats, a picture with its description.

Figures are made without pyplot, so nothing global is left behind and nothing is shown twice in a notebook.
Colours are distinguishable without colour vision and in grey print.
"""

from __future__ import annotations

import io
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

INK, MUTED, FAINT = "#1c2733", "#5b6875", "#d9dee3"
OWN = BLUE, BLUE_MID, BLUE_LIGHT = "#1f5f8b", "#8fb8d4", "#d3e3ee"
LENT = OCHRE, _, _ = "#8a6100", "#dcb968", "#f3e6c8"  # what is borrowed
TARGET = "#b5361c"
FONTS = ["Noto Sans CJK SC", "DejaVu Sans"]
Look = dict[str, Any]  # keywords of matplotlib
WIDTH = 5.4  # inches: narrow, so that words stay readable on a phone
DPI = 200


@cache
def _register_fonts() -> None:
    """Make the Chinese faces of mpl-font known to matplotlib, once; importing it would change rcParams."""
    from importlib.util import find_spec
    from pathlib import Path

    from matplotlib import font_manager

    found = find_spec("mpl_font")
    if found is None or not found.submodule_search_locations:
        return
    folder = Path(found.submodule_search_locations[0]) / "fonts" / "noto"
    for weight in ("Regular", "Bold"):
        font_manager.fontManager.addfont(folder / f"NotoSansCJKsc-{weight}.otf")


@contextmanager
def style() -> Iterator[None]:
    """The look of every figure for the duration of a `with` block: white, quiet, fonts that hold Chinese.

    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["font.family"]
    ['Noto Sans CJK SC', 'DejaVu Sans']
    """
    import matplotlib

    _register_fonts()
    rules: Any = {
        "font.family": FONTS,
        "font.size": 9.5,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": FAINT,
        "grid.linewidth": 0.7,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "ytick.major.size": 0,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "legend.frameon": False,
    }
    with matplotlib.rc_context(rules):
        yield


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

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        shown = {"alt": self.alt, "width": round(self.figure.get_figwidth() * 120)}
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": shown}


def note(ax: Axes, said: str, at: tuple[float, float], shift: tuple[float, float], **look: Any) -> Annotation:
    """Write `said` at a place of the axes, shifted by points; small and quiet unless `look` says otherwise."""
    quiet: Look = {"fontsize": 8.5, "color": MUTED, "textcoords": "offset points"}
    return ax.annotate(said, at, xytext=shift, **quiet | look)


def rows_figure(
    rows: int, row: float, head: float, foot: float, width: float, left: float, wide: float
) -> tuple[Figure, Axes]:
    """A figure in inches, with axes of one unit a row from the top; `left` and `wide` are parts of its width."""
    from matplotlib.figure import Figure

    height = head + row * rows + foot
    figure = Figure(figsize=(width, height), dpi=DPI)
    ax = figure.add_axes((left, foot / height, wide, 1 - (head + foot) / height))
    ax.set_ylim(rows - 0.5, -0.5)
    return figure, ax


def row_label(ax: Axes, y: int, said: str, indent: float = 12, **look: Any) -> None:
    """Write the name of row `y` at the left edge of the figure."""
    place: Look = {"xycoords": ("figure fraction", "data"), "va": "center", "color": INK}
    note(ax, said, (0, y), (indent, -1), **place | look)


def row_value(ax: Axes, y: int, said: str, **look: Any) -> None:
    """Write what is said of row `y` to the right of the axes."""
    note(ax, said, (1, y), (6, -1), xycoords=("axes fraction", "data"), va="center", fontsize=8.3, **look)


def as_rows(ax: Axes, ticks: Sequence[float], labels: Sequence[str] | None = None) -> None:
    """Make axes whose rows are things with a name: the scale above, no lines but those of the rows."""
    ax.set_yticks([])
    ax.set_xticks(ticks, labels)
    ax.tick_params(
        axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=8.5, length=0
    )
    ax.spines["bottom"].set_visible(False)
    ax.grid(False)


def key(
    figure: Figure,
    marks: Sequence[tuple[str, str, str, str]],
    at: tuple[float, float],
    loc: Any = "lower left",
    ncols: int = 2,
    **look: Any,
) -> None:
    """What the marks of a figure mean, each a shape, its face, its edge and a text."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker=shape, mfc=face, mec=edge, label=said, **look)
        for shape, face, edge, said in marks
    ]
    figure.legend(handles=handles, loc=loc, bbox_to_anchor=at, ncols=ncols, fontsize=8.5)


def wrapped(said: str, width: int) -> list[str]:
    """A text as lines of at most `width` characters; Chinese, which has no spaces, is cut anywhere.

    >>> wrapped("published figures", 10)
    ['published', 'figures']
    """
    return textwrap.wrap(said, width) or [""]


def shortened(name: str, width: int) -> str:
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

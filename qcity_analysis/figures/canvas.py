"""What every figure shares: fonts that hold Chinese, colours, number formats, a picture with its description.

Figures are made without pyplot, so nothing global is left behind and nothing is shown twice in a notebook.
Colours are distinguishable without colour vision and in grey print.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, FAINT = "#1c2733", "#5b6875", "#d9dee3"
BLUE, BLUE_MID, BLUE_LIGHT = "#1f5f8b", "#8fb8d4", "#d3e3ee"
OCHRE, OCHRE_MID, OCHRE_LIGHT = "#8a6100", "#dcb968", "#f3e6c8"
TARGET = "#b5361c"
FONTS = ["Noto Sans CJK SC", "DejaVu Sans"]
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
        buffer = io.BytesIO()
        with style():
            self.figure.savefig(
                buffer, format="png", dpi=DPI, metadata={"Software": None, "Title": self.alt[:200]}
            )
        return buffer.getvalue()

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        width = round(self.figure.get_figwidth() * 120)
        return {"image/png": self.png(), "text/plain": self.alt}, {
            "image/png": {"alt": self.alt, "width": width}
        }

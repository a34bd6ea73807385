"""How a section shows itself in a notebook: Markdown, a table, a picture; and what every notebook ends with.

The sections are in `target_sections`, `plan_sections`, `data_sections` and `track_sections`, one call each: a heading,
a sentence before, the thing itself, what it means; all in the language asked for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalogue import text
from .figures.canvas import Picture
from .tables import folded, html_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def markdown(said: str, front: dict[str, Any] | None = None) -> None:
    """Show Markdown; `front` is what the page says in its head and the index (output metadata `qcity`)."""
    from IPython.display import Markdown, display

    display(Markdown(said), metadata={"qcity": front} if front else None)


def section(
    key: str, lang: str, lead: str | None = None, front: dict[str, Any] | None = None, **values: object
) -> None:
    """Show the heading `h_<key>` and under it `lead`, by default the sentence `s_<key>`, both filled from `values`."""
    said = text(f"s_{key}", lang, **values) if lead is None else lead
    markdown("\n\n".join(filter(None, [f"## {text(f'h_{key}', lang, **values)}", said])), front)


def table(frame: pd.DataFrame, caption: str = "", index: bool = True, fold: str = "") -> None:
    """Show a table of shown text, with `fold` under a line of that text to open it with."""
    from IPython.display import HTML, display

    html = html_table(frame, caption, index=index)
    display(HTML(folded(html, fold) if fold else html))


def picture(figure: Figure, alt: str) -> None:
    """Show a figure with its description."""
    from IPython.display import display

    display(Picture(figure, alt))


def saved(result: dict[str, Any], name: str, lang: str, out: str = "") -> Path:
    """Write the result as JSON to the folder `out` and show where; returns the path.

    An empty `out` means `data/processed` beside the data the project ships, or this folder when that is not there.
    """
    from ..files import PROJECT, inside, write_whole

    home = PROJECT / "data"
    folder = Path(out) if out else (home / "processed" if home.is_dir() else Path.cwd())
    folder.mkdir(parents=True, exist_ok=True)
    path = inside(folder, f"{name}.json")
    write_whole(path, json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    shown = "/".join(path.parts[-2:] if out else path.parts[-3:])
    section("saved", lang, f"{text('s_saved', lang)}`{shown}`")
    return path


def things_to_try(lang: str, *keys: str) -> None:
    """Show what a reader can do next, from the texts named."""
    section("next", lang, "\n".join(f"- {text(f'next_{key}', lang)}" for key in keys))

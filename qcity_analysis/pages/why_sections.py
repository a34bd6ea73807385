"""The section of a page that explains its forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalogue import text
from ..reporting.analyses import explained, without_table
from ..reporting.labels import panel_title
from ..reporting.tables import folded, html_table
from .sections import _say, _show, heading

if TYPE_CHECKING:
    from ..assessment.answer import Assessment


def why(assessment: Assessment, lang: str) -> None:
    """Show which cells carry each mixture forecast and what each year contributes; nothing where there is none."""
    parts = [part for part in assessment.parts or (assessment,) if part.forecast is not None]
    parts = [part for part in parts if part.model == "mixture" and part.status == "forecast"]
    parts = [part for part in parts if part.forecast is not None and part.forecast.explainable]
    if not parts:
        return
    _say(heading("why", lang))
    for part in parts:
        assert part.forecast is not None
        found = part.forecast.explain()
        title = f"### {panel_title(part, lang)}\n\n" if len(parts) > 1 else ""
        _say(title + "\n\n".join(explained(part, found, lang)))
        if len(found.without):
            table = html_table(without_table(part, found, lang), index=True)
            _show(folded(table, text("why_table", lang)))

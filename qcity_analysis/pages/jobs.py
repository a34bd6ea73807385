"""One page of a report: its notebook, its parameters and its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import PROJECT

NOTEBOOKS = PROJECT / "notebooks"


@dataclass(frozen=True)
class Job:
    """One page to make: `kind` is scorecard, target, dated, overview or track; `name` its file name without ending.

    >>> Job("target", "p", "a", "zh", "2025-01-01", {}).name
    'p/a.zh'
    """

    kind: str
    plan: str
    target: str
    lang: str
    as_of: str
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        """Folder and file name without ending, unique in the report."""
        if self.kind == "track":
            return f"track_record/all.{self.lang}"
        if self.kind == "overview":
            return f"data_overview/all.{self.lang}"
        dated = f".{self.as_of}" if self.kind == "dated" else ""
        return f"{self.plan}/{self.target or 'scorecard'}{dated}.{self.lang}"

    @property
    def notebook(self) -> Path:
        """The notebook that makes this page."""
        whole = {"scorecard": "04_scorecard.ipynb", "track": "05_track_record.ipynb"}
        whole["overview"] = "01_data_overview.ipynb"
        return NOTEBOOKS / whole.get(self.kind, "03_target_forecast.ipynb")

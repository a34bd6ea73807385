"""The pages of a report: of each its notebook, its parameters and its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalogue import check_language
from ..data.load import Data, pages
from ..errors import unknown
from ..files import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
PAGES = {  # kind of page: its notebook, and the folder of a page that belongs to no plan
    "scorecard": ("04_scorecard", ""),
    "target": ("03_target_forecast", ""),
    "dated": ("03_target_forecast", ""),
    "overview": ("01_data_overview", "data_overview"),
    "track": ("05_track_record", "track_record"),
}


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
        if folder := PAGES[self.kind][1]:
            return f"{folder}/all.{self.lang}"
        dated = f".{self.as_of}" if self.kind == "dated" else ""
        return f"{self.plan}/{self.target or 'scorecard'}{dated}.{self.lang}"

    @property
    def notebook(self) -> Path:
        """The notebook that makes this page."""
        return NOTEBOOKS / f"{PAGES[self.kind][0]}.ipynb"


def list_jobs(
    data: Data,
    plans: Sequence[str] | None,
    languages: Sequence[str],
    out_dir: str | Path,
    data_dir: str | Path | None = None,
    targets: Sequence[str] | None = None,
    ledger_dir: str | Path | None = None,
) -> list[Job]:
    """The pages of a report, in the order of the index. Raises QcityError for an unknown plan, target or language.

    >>> import qcity_analysis as qc
    >>> [job.name for job in list_jobs(qc.load(), ["china_14fyp"], ["en"], "out")][0]
    'china_14fyp/scorecard.en'
    """
    chosen, rows = _chosen(data, plans, targets)
    day = data.as_of.isoformat()
    folder = str(Path(data_dir).resolve()) if data_dir else ""
    shared = {"data": folder, "out": str(Path(out_dir) / "results")}
    listed = []
    for lang in map(check_language, languages):
        for plan in chosen:
            common = {"plan": plan, "language": lang} | shared
            listed.append(Job("scorecard", plan, "", lang, day, common | {"as_of": day}))
            for target in rows.loc[rows["plan"] == plan, "target_id"]:
                for date in (day, *_earlier_days(data.folder, plan, target, day)):
                    kind, asked = "target" if date == day else "dated", {"target": target, "as_of": date}
                    listed.append(Job(kind, plan, target, lang, date, common | asked))
        if not targets:
            whole = {"language": lang, "as_of": day} | shared
            ledger = {"ledger": str(Path(ledger_dir).resolve())} if ledger_dir else {}
            listed += [
                Job("overview", "", "", lang, day, whole),
                Job("track", "", "", lang, day, whole | ledger),
            ]
    return listed


def _earlier_days(folder: Path, plan: str, target: str, day: str) -> list[str]:
    """The days before `day` as of which a target gets another page: `look_back` in `pages.toml` beside the data."""
    asked = [
        each
        for each in pages(folder).get("look_back", ())
        if (each["plan"], each["target"]) == (plan, target)
    ]
    return [date for each in asked if (date := str(each["as_of"])) < day]


def _chosen(
    data: Data, plans: Sequence[str] | None, targets: Sequence[str] | None
) -> tuple[list[str], pd.DataFrame]:
    """The plans asked for (all when none is named), and the rows of their targets asked for."""
    known = data.plans()
    for plan in plans or []:
        if plan not in known:
            raise unknown("plan", plan, known)
    chosen = [plan for plan in known if not plans or plan in plans]
    rows = data.targets[data.targets["plan"].isin(chosen)]
    for target in targets or []:
        if target not in set(rows["target_id"]):
            raise unknown("target", target, sorted(rows["target_id"]))
    return chosen, rows[rows["target_id"].isin(targets)] if targets else rows

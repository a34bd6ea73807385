"""The pages of a report: of each its notebook, its parameters and its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalogue import check_language
from ..data.load import Data
from ..errors import unknown
from ..files import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
DATED = (("china_14fyp", "energy_per_gdp", "2023-03-31"),)


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
        if self.kind in ("track", "overview"):
            return f"{'track_record' if self.kind == 'track' else 'data_overview'}/all.{self.lang}"
        dated = f".{self.as_of}" if self.kind == "dated" else ""
        return f"{self.plan}/{self.target or 'scorecard'}{dated}.{self.lang}"

    @property
    def notebook(self) -> Path:
        """The notebook that makes this page."""
        others = {"scorecard": "04_scorecard", "track": "05_track_record", "overview": "01_data_overview"}
        return NOTEBOOKS / f"{others.get(self.kind, '03_target_forecast')}.ipynb"


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
    shared = {
        "data": str(Path(data_dir).resolve()) if data_dir else "",
        "out": str(Path(out_dir) / "results"),
    }
    listed = []
    for lang in map(check_language, languages):
        for plan in chosen:
            common = {"plan": plan, "language": lang} | shared
            listed.append(Job("scorecard", plan, "", lang, day, common | {"as_of": day}))
            for target in rows.loc[rows["plan"] == plan, "target_id"]:
                days = [day, *(date for p, t, date in DATED if (p, t) == (plan, target) and date < day)]
                for date in days:
                    kind, asked = (
                        "target" if date == day else "dated",
                        common | {"target": target, "as_of": date},
                    )
                    listed.append(Job(kind, plan, target, lang, date, asked))
        if not targets:
            whole = {"language": lang, "as_of": day} | shared
            ledger = {"ledger": str(Path(ledger_dir).resolve())} if ledger_dir else {}
            listed += [
                Job("overview", "", "", lang, day, whole),
                Job("track", "", "", lang, day, whole | ledger),
            ]
    return listed


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

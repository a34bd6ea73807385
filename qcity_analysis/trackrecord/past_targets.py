"""Real targets whose outcome is published: what we would have said in each year of their time, and each rule.

The targets are those of `earlier_targets.csv` and the settled ones of `targets.csv`. They are asked in the middle of
each year of their period, with what was published by then; under each definition of an indicator that changed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..assessment.assess import assess
from ..data.load import Data
from ..data.read import read_table
from ..data.vintages import to_date
from ..errors import QcityError, closest
from ..problems import DataError, Problem
from ..rules import Goal
from .benchmarks import rule_names, rule_says

FILE = "earlier_targets.csv"
MIDDLE = (6, 30)  # month and day on which each year is asked
SETTLED = ("met", "missed")
FEWEST = 2  # levels a rule is asked with
RULE_KINDS = ("level", "relative_change", "coverage", "cumulative")  # the rules judge levels
OF_TARGET = (
    *("plan", "target_id", "region", "indicator_id", "kind", "name_zh", "name_en", "threshold", "tolerance"),
    *("base_year", "deadline", "unit", "unit_zh"),
)
COLUMNS = (
    *OF_TARGET,
    *("as_of", "years", "definition", "last_year", "status", "probability", "expected", "outcome", "met"),
)


def with_earlier(data: Data) -> Data:
    """The package with the targets of `earlier_targets.csv` besides its own; itself when it has no such file.

    Raises DataError with every problem of that file.

    >>> import qcity_analysis as qc
    >>> "china_11fyp" in with_earlier(qc.load()).plans()
    True
    """
    path = data.folder / FILE
    if not path.is_file():
        return data
    frame, problems = read_table(path, "targets")
    errors = [p for p in problems if p.level == "error"] + _strangers(frame, data)
    if errors:
        raise DataError(errors)
    return dataclasses.replace(data, targets=pd.concat([data.targets, frame], ignore_index=True))


def _strangers(frame: pd.DataFrame, data: Data) -> list[Problem]:
    """Names that no other table of the package knows."""
    links = {"indicator_id": data.indicators["indicator_id"], "source_id": data.sources["source_id"]}
    problems = []
    for column, names in links.items():
        known = [str(name) for name in names]
        table = column.removesuffix("_id") + "s"
        for row, cell in frame.loc[~frame[column].isin(known), ["row", column]].itertuples(index=False):
            about = {"cell": cell, "key": column, "table": table, "near": closest(cell, known)}
            problems.append(Problem(FILE, int(row), column, "unknown_name", about))
    return problems


def said_of_earlier(data: Data) -> pd.DataFrame:
    """One row for each settled target, definition and middle of a year: our probability, every rule, what happened.

    Columns: COLUMNS (`years` from the last known year to the deadline; `definition` the indicator whose figures
    answer; `probability` NaN where we would have said "not assessable"; `outcome` the level published for the
    deadline and `met` 1 or 0, both NaN for a definition that ended before), then one for each rule: 1 yes, 0 no, NaN
    does not apply. Targets with no settled definition are left out; `attrs["refused"]` names those that cannot be
    computed, with the reason. Levels chained from changes have the base year as 100.

    >>> import qcity_analysis as qc
    >>> told = said_of_earlier(qc.load(as_of="2026-06-30"))
    >>> told.loc[told["plan"] == "china_12fyp", "met"].unique().tolist()
    [1.0]
    """
    full = with_earlier(data)
    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for plan, target_id in full.targets[["plan", "target_id"]].itertuples(index=False, name=None):
        try:
            rows += _of_target(full, str(plan), str(target_id))
        except QcityError as error:
            refused[f"{plan}/{target_id}"] = str(error)
    table = pd.DataFrame(rows, columns=[*COLUMNS, *rule_names()])
    table.attrs["refused"] = refused
    return table


def _of_target(data: Data, plan: str, target_id: str) -> list[dict[str, Any]]:
    now = {_name(part): part for part in assess(data, target_id, plan=plan, draws=100).by_definition()}
    if not any(part.status in SETTLED for part in now.values()):
        return []
    target = next(iter(now.values())).target
    dates = data.sources.loc[data.sources["source_id"] == target.source_id, "date"]
    after_base = dt.date((target.base_year or target.deadline) + 1, 1, 1)
    issued = to_date(str(dates.iloc[0])) if len(dates) else after_base  # the last day of the document's date
    rows: list[dict[str, Any]] = []
    for year in range(max(issued.year, (target.base_year or 0) + 1), target.deadline + 1):
        day = dt.date(year, *MIDDLE)
        if issued <= day <= data.as_of:
            then = assess(data.at(day), target_id, plan=plan).by_definition()
            rows += [_row(one, now.get(_name(one)), day, issued) for one in then if one.status not in SETTLED]
    return rows


def _name(part: Assessment) -> str:
    return str(part.definition["indicator_id"])


def _row(then: Assessment, now: Assessment | None, day: dt.date, issued: dt.date) -> dict[str, Any]:
    target, levels = then.target, then.levels()
    settled = now if now is not None and now.status in SETTLED else None
    last = int(levels.index[-1]) if len(levels) else None
    said = {
        "as_of": day,
        "years": target.deadline - last if last else None,
        "definition": _name(then),
        "last_year": last,
        "status": then.status,
        "probability": np.nan if then.probability is None else then.probability,
        "expected": np.nan if then.median is None else then.median,
        "outcome": settled.outcome if settled else np.nan,
        "met": float(settled.status == "met") if settled else np.nan,
    }
    return {name: getattr(target, name) for name in OF_TARGET} | said | _rules(then, levels, issued)


def _rules(then: Assessment, levels: pd.Series, issued: dt.date) -> dict[str, float]:
    """What each rule says to the level that is just enough, from the levels known then."""
    target, bound = then.target, then.threshold if then.bound is None else then.bound
    if (
        target.kind not in RULE_KINDS
        or bound is None
        or len(levels) < FEWEST
        or levels.index[-1] >= target.deadline
    ):
        return {}
    base = target.base_year
    if base is None or base not in levels.index:
        early = levels.index[levels.index < issued.year]
        base = int(early[-1] if len(early) else levels.index[0])
    goal = Goal(target.direction, float(bound), base, target.deadline, "level")
    return dict(zip(rule_names(), rule_says(levels, goal), strict=True))

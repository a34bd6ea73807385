"""A plan's target as one record, found by name; and whether a published figure meets it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from ..data.datapackage import Data
from ..errors import QcityError, unknown

UPWARD = ("at_least", "increase", "increase_every_year")


@dataclass(frozen=True)
class Target:
    """One target of a plan: the columns of `targets.csv`, years as int (None where empty), the rest as in the file.

    >>> import qcity_analysis as qc
    >>> find_target(qc.load(), "rd_intensity").threshold
    4.0
    """

    plan: str
    target_id: str
    region: str
    section: str
    indicator_id: str
    name_zh: str
    name_en: str
    kind: str
    direction: str
    threshold: float | None
    unit: str
    unit_zh: str
    base_year: int | None
    deadline: int
    wording: str
    wording_en: str
    commitment: str
    tolerance: float
    departments: str
    departments_en: str
    source_id: str
    note: str
    note_en: str

    def name(self, lang: str) -> str:
        """The target's name in `lang` ("zh" or "en")."""
        return self.name_zh if lang == "zh" else self.name_en

    @property
    def upward(self) -> bool:
        """Whether more is better for the target.

        >>> import qcity_analysis as qc
        >>> find_target(qc.load(), "energy_intensity").upward
        False
        """
        return self.direction in UPWARD

    def bound(self, threshold: float, step: float = 0.0) -> float:
        """The level that is just enough: the threshold, less the tolerance of "about", less half a published `step`.

        >>> import qcity_analysis as qc
        >>> find_target(qc.load(), "rd_intensity").bound(4.0)
        3.9
        """
        slack = self.tolerance + step / 2
        return threshold - slack if self.upward else threshold + slack

    def is_met(self, level: float, bound: float) -> bool:
        """Whether a level is on the right side of `bound`."""
        return level >= bound - 1e-9 if self.upward else level <= bound + 1e-9


def find_target(data: Data, target_id: str, plan: str | None = None, region: str | None = None) -> Target:
    """The target of that name, in `plan` (default: the first plan that has it); `region` replaces the plan's own.

    Raises QcityError for an unknown plan, target or region, with the closest match.

    >>> import qcity_analysis as qc
    >>> find_target(qc.load(), "energy_intensty")
    Traceback (most recent call last):
    ...
    qcity_analysis.errors.QcityError: unknown target 'energy_intensty'. Did you mean "energy_intensity"? ...
    """
    rows = data.targets
    if plan is not None:
        if plan not in data.plans():
            raise unknown("plan", plan, data.plans())
        rows = rows[rows["plan"] == plan]
    found = rows[rows["target_id"] == target_id]
    if found.empty:
        raise unknown("target", target_id, sorted(set(rows["target_id"])))
    target = _target(found.iloc[0])
    if region and region != target.region:
        target = _target(found.iloc[0].copy(), region=data.require_region(region))
    return target


def _target(row: pd.Series, **replaced: Any) -> Target:
    values = {field.name: row[field.name] for field in fields(Target)} | replaced
    for name in ("base_year", "deadline"):
        values[name] = None if pd.isna(values[name]) else int(values[name])
    values["threshold"] = None if pd.isna(values["threshold"]) else float(values["threshold"])
    values["tolerance"] = 0.0 if pd.isna(values["tolerance"]) else float(values["tolerance"])
    if values["deadline"] is None:
        raise QcityError(f"target {values['target_id']!r} has no deadline")
    return Target(**values)

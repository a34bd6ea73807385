"""A plan's target as one record, found by name; and whether a published figure meets it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from ..data.datapackage import Data
from ..errors import QcityError, unknown

UPWARD = ("at_least", "increase", "increase_every_year")
CLOSE = 1e-12  # of the larger of the two: published decimals are not exact in binary, but a figure may have 12 digits


def reaches(value: Any, bound: Any, upward: bool = True) -> Any:
    """Whether `value` is at least `bound` (at most, unless `upward`), up to what binary fractions blur.

    Returns a bool for two numbers, else an array of them; NaN reaches nothing.

    >>> reaches(0.3, 0.1 + 0.2), reaches(1.01e-10, 1e-10, upward=False), reaches(np.array([1.0, 3.0]), 2)
    (True, False, array([False,  True]))
    """
    value, bound = np.asarray(value, dtype=float), np.asarray(bound, dtype=float)
    beyond = value >= bound if upward else value <= bound
    gap, larger = np.abs(value - bound), np.maximum(np.abs(value), np.abs(bound))
    found = beyond | (np.isfinite(larger) & (gap <= CLOSE * larger))
    return found if found.ndim else bool(found)


@dataclass(frozen=True)
class Target:
    """One target of a plan: the columns of `targets.csv`, years as int (None where empty), the rest as in the file;
    `decimals` are the digits after the point with which the plan writes the threshold.

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
    decimals: int = 0

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

    @property
    def strict(self) -> bool:
        """Whether equal is not enough: a direction, or getting better every year, without a figure of its own."""
        return self.kind in ("direction", "monotone") and not self.threshold and not self.tolerance

    def level(self, base: float = math.nan, slack: float = 0.0) -> float:
        """The level asked for, less `slack` in the unit of the threshold (percentage points of a relative change).

        `base` is the base year's level, which a relative change and a direction start from.

        >>> import qcity_analysis as qc
        >>> round(find_target(qc.load(), "energy_intensity").level(8.0), 2)
        6.56
        """
        asked = self.threshold or 0.0  # a direction without a figure: any step to the better side
        if self.kind == "direction":
            asked = abs(asked) if self.upward else -abs(asked)
        asked += -slack if self.upward else slack
        if self.kind == "relative_change":
            return base * (1 + asked / 100)
        return base + asked if self.kind == "direction" else asked

    def bound(self, base: float = math.nan, step: float = 0.0) -> float:
        """The level that is just enough: that asked for, less the tolerance; where a figure published in steps of
        `step` is compared, coverage allows half a step and a direction without a figure asks for half a step.

        >>> import qcity_analysis as qc
        >>> find_target(qc.load(), "rd_intensity").bound()
        3.9
        """
        level, half = self.level(base, self.tolerance), step / 2 if self.upward else -step / 2
        if self.kind == "coverage":
            return level - half
        return level + half if self.kind == "direction" and self.strict else level

    def is_met(self, level: Any, bound: float) -> Any:
        """Whether a level (or each of an array) is on the right side of `bound`; beyond it where equal will not do."""
        if self.strict:
            short = reaches(bound, level, self.upward)
            return not short if isinstance(short, bool) else ~short
        return reaches(level, bound, self.upward)


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
    if not isinstance(target_id, str):
        raise QcityError(f"a target is asked for by its name, a text; found {target_id!r}")
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
        values[name] = (
            None if pd.isna(values[name]) else _year(values[name], f"{name} of {row['target_id']!r}")
        )
    values["threshold"] = None if pd.isna(values["threshold"]) else float(values["threshold"])
    values["tolerance"] = 0.0 if pd.isna(values["tolerance"]) else float(values["tolerance"])
    values["decimals"] = int(values["decimals"])
    if values["deadline"] is None:
        raise QcityError(f"target {values['target_id']!r} has no deadline")
    return Target(**values)


def _year(value: Any, place: str) -> int:
    if not isinstance(value, (int, float, np.number)) or value != int(value):
        raise QcityError(f"{place} is a whole year, such as 2025; found {value!r}")
    return int(value)

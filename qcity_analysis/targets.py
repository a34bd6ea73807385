"""A plan's target as one record: what it asks, what meets it, the pace it needs, and its place in the plan."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .data.load import Data
from .data.schema import RELATIVE
from .errors import QcityError, unknown

STRICT = ("direction", "monotone")  # kinds for which equal is not enough
UPWARD = ("at_least", "increase", "increase_every_year")
CLOSE = 1e-12  # of the larger of the two: published decimals are not exact in binary, but a figure may have 12 digits
NUMERAL = re.compile("[一二三四五六七八九十]+|[0-9]+")  # in the name of a section


def reaches(value: Any, bound: Any, upward: bool = True) -> Any:
    """Whether `value` is at least `bound` (at most, unless `upward`), up to what binary fractions blur: a bool for two
    numbers, else an array of them; NaN reaches nothing.

    >>> reaches(0.3, 0.1 + 0.2), reaches(1.01e-10, 1e-10, upward=False), reaches(np.array([1.0, 3.0]), 2)
    (True, False, array([False,  True]))
    """
    if isinstance(value, float) and isinstance(bound, float):  # quicker than an array
        beyond, larger = value >= bound if upward else value <= bound, max(abs(value), abs(bound))
        return bool(beyond or (larger < math.inf and abs(value - bound) <= CLOSE * larger))
    value, bound = np.asarray(value, dtype=float), np.asarray(bound, dtype=float)
    beyond = value >= bound if upward else value <= bound
    gap, larger = np.abs(value - bound), np.maximum(np.abs(value), np.abs(bound))
    met = beyond | (np.isfinite(larger) & (gap <= CLOSE * larger))
    return met if met.ndim else bool(met)


@dataclass(frozen=True)
class Target:
    """One target of a plan: the columns of `targets.csv`, years as int (None where empty), and the `decimals` of the
    threshold. Another question is another record: `dataclasses.replace(target, deadline=2030)`. More is better:
    `upward`; equal is not enough (a direction, or better every year, without a figure of its own): `strict`; a change
    in percent on the base year's level: `relative`, `compounded` once or in each year of average growth.
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
    binding: str = ""
    decimals: int = 0

    def name(self, lang: str) -> str:
        """The target's name in `lang` ("zh" or "en")."""
        return self.name_zh if lang == "zh" else self.name_en

    upward = property(lambda self: self.direction in UPWARD)
    strict = property(lambda self: self.kind in STRICT and not (self.threshold or self.tolerance))
    relative = property(lambda self: self.kind in RELATIVE)
    compounded = property(lambda self: self.deadline - self.base_year if self.kind == "average_growth" else 1)

    def responsible(self, lang: str) -> list[str]:
        """The departments the plan names for it, parted by ; or in Chinese also by 、 (Chinese ones stand in English
        where there are not as many English names, English ones where there are no Chinese).
        """
        zh, en = (
            [name.strip() for name in re.split(signs, cell or "") if name.strip()]
            for signs, cell in (("[;；、]", self.departments), ("[;；]", self.departments_en))
        )
        return en if not zh or (lang == "en" and len(en) == len(zh)) else zh

    def amount(self, slack: float = 0.0) -> float:
        """What is asked for in the unit of the target (a change, % a year, a step), less `slack` in that unit."""
        sign = 1.0 if self.upward else -1.0
        asked = self.threshold or 0.0  # a direction without a figure: any step to the better side
        return (sign * abs(asked) if self.kind == "direction" else asked) - sign * slack

    def level_of(self, amount: float, base: float = math.nan) -> float:
        """The level at the deadline of an amount in the unit of the target, from the base year's level `base`."""
        if self.relative:
            return base * (1 + amount / 100) ** self.compounded
        return base + amount if self.kind == "direction" else amount

    def amount_of(self, level: float, base: float = math.nan) -> float:
        """A level at the deadline in the unit of the target, as `level_of` takes it."""
        if self.relative:
            return 100 * ((level / base) ** (1 / self.compounded) - 1)
        return level - base if self.kind == "direction" else level

    def level(self, base: float = math.nan, slack: float = 0.0) -> float:
        """The level asked for, less `slack` in the unit of the threshold (percentage points of a relative change)."""
        return self.level_of(self.amount(slack), base)

    def bound(self, base: float = math.nan, step: float = 0.0) -> float:
        """The level that is just enough: that asked for, less the tolerance; where a figure published in steps of
        `step` is compared, coverage allows half a step and a direction without a figure asks for half a step.
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


def find_target(
    data: Data, target_id: str | Target, plan: str | None = None, region: str | None = None
) -> Target:
    """The target of that name, in `plan` (default: the first that has it; one that is over only by name); `region`
    replaces the plan's own; a `Target` stands for itself. Raises QcityError for an unknown plan, target or region.

    >>> find_target(qc.load(), "rd_intensity").deadline
    2025
    """
    if not isinstance(target_id, str | Target):
        raise QcityError(f"a target is asked for by its name, a text; found {target_id!r}")
    target = target_id if isinstance(target_id, Target) else _stated(data.targets_of(plan), target_id)
    if region and region != target.region:
        target = dataclasses.replace(target, region=data.require_region(region))
    return target


def _stated(rows: pd.DataFrame, name: str) -> Target:
    """The target of that name among rows of a plan."""
    if not len(named := np.flatnonzero(rows["target_id"] == name)):
        raise unknown("target", name, sorted(set(rows["target_id"])))
    cells = {one.name: rows[one.name].iloc[named[0]] for one in dataclasses.fields(Target)}
    for column, unset in (("threshold", None), ("tolerance", 0.0)):
        cells[column] = unset if pd.isna(cells[column]) else float(cells[column])
    for column in ("base_year", "deadline"):
        year = None if pd.isna(cells[column]) else cells[column]
        if year is not None and not (isinstance(year, int | float | np.number) and year == int(year)):
            raise QcityError(f"{column} of {name!r} is a whole year, such as 2025; found {year!r}")
        cells[column] = year if year is None else int(year)
    if cells["deadline"] is None:
        raise QcityError(f"target {name!r} has no deadline")
    return Target(**cells | {"decimals": int(cells["decimals"])})


def in_regions(data: Data, target: Target, regions: str) -> list[Target]:
    """The same question of several regions ("jiangsu,zhejiang"): where a region has a target of its own on that
    indicator and period, in any plan, that one, else this one moved there. "all" are the regions with such a target;
    where there is only this one, those with figures of the indicator. Raises QcityError for an unknown region.
    """
    rows = pd.concat([data.targets, data.earlier_targets], ignore_index=True)
    columns = ["indicator_id", "kind", "direction", "base_year", "deadline"]
    same = pd.Series({name: getattr(target, name) for name in columns})
    rows = rows[(rows[columns].astype(object).fillna(0) == same.fillna(0)).all(axis=1)]
    rows = rows.assign(other=rows["plan"] != target.plan).sort_values("other", kind="stable")
    own = rows.drop_duplicates("region").set_index("region")
    figures = data.observations.loc[data.observations["indicator_id"] == target.indicator_id, "region"]
    every = [one for one in data.regions["region"] if one in (own.index if len(own) > 1 else set(figures))]
    names = every if regions == "all" else [name.strip() for name in regions.split(",") if name.strip()]
    named = dict(zip(own.index, zip(own["target_id"], own["plan"], strict=True), strict=True))
    asked = [(name, *named.get(name, (target, None))) for name in names]
    return [find_target(data, one, plan, region) for region, one, plan in asked]


@dataclass(frozen=True)
class Pace:
    """Average yearly movement from `from_year` to `to_year`: `linear` in the unit of the series per year, `compound` in
    percent per year (None where a level is not positive).
    """

    linear: float
    compound: float | None
    from_year: int
    to_year: int


def pace_between(start: float, end: float, from_year: int, to_year: int) -> Pace:
    """The pace that leads from one level to another: a cut of 18 % in five years is 3.89 % a year, not 3.6.

    Raises QcityError when the years are not in order.

    >>> pace_between(100.0, 82.0, 2020, 2025)
    Pace(linear=-3.6, compound=-3.89..., from_year=2020, to_year=2025)
    """
    if (years := to_year - from_year) <= 0:
        raise QcityError(f"a pace needs a later year than {from_year}; found {to_year}")
    compound = 100 * ((end / start) ** (1 / years) - 1) if start > 0 and end > 0 else None
    return Pace((end - start) / years, compound, from_year, to_year)


def needed_path(start: float, end: float, from_year: int, to_year: int) -> pd.Series:
    """Levels year by year (index year, both ends included) from one level to another at constant compound pace, linear
    where a level is not positive.

    >>> needed_path(100, 82, 2020, 2022).round(2).to_dict()
    {2020: 100.0, 2021: 90.55, 2022: 82.0}
    """
    pace, years = pace_between(start, end, from_year, to_year), range(from_year, to_year + 1)
    ratio = None if pace.compound is None else 1 + pace.compound / 100
    levels = [start + pace.linear * k if ratio is None else start * ratio**k for k in range(len(years))]
    return pd.Series(levels, index=pd.Index(years, name="year"), name="needed")


def arabic(numeral: str) -> int:
    """A Chinese number below one hundred, or one in digits.

    >>> arabic("二十六"), arabic("十"), arabic("7")
    (26, 10, 7)
    """
    if numeral.isdecimal():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    digit = {char: value for value, char in enumerate("一二三四五六七八九", 1)}
    return 10 * digit.get(tens, len(ten)) + digit.get(ones, 0)


def section_order(section: str) -> tuple[int, tuple[int, ...]]:
    """Where a section stands in its plan, as a key to sort by: sections, chapters, boxes, then what has no number.

    >>> sorted(["专栏1", "十（二十六）", "八（二十）", "", "第三章", "四（九）", "四（七）"], key=section_order)
    ['四（七）', '四（九）', '八（二十）', '十（二十六）', '第三章', '专栏1', '']
    """
    if (first := NUMERAL.search(section)) is None:
        return 3 if section else 4, ()
    rank = {"": 0, "第": 1}.get(section[: first.start()], 2)
    return rank, tuple(arabic(numeral) for numeral in NUMERAL.findall(section))

"""Beyond the one probability: when a target would be reached, and how long one may wait before it is out of reach.

The forecast of the assessment is carried on past the deadline, up to YEARS years after the last figure. How fast it
would have to move, and whether anything ever did, is in `feasibility`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..assessment.assess import assess
from ..data.load import Data
from ..errors import Note
from ..targets import reaches
from .feasibility import BY_LEVEL, Feasibility, feasibility

YEARS = 15  # after the last figure
CERTAINTIES = (0.5, 0.8, 0.95)
REACH = 0.1  # a target is within reach while its chance is at least this


@dataclass(frozen=True)
class Outlook:
    """When a target would be reached, and until when waiting leaves it within reach.

    Attributes: `last_year`, the year of the last figure; `deadline`; `chances` (index year): probability that the
    target, had it that year as its deadline, would be met; `attained`: for 50, 80 and 95 % the first year whose chance
    is at least that, None when there is none among the years looked at; `last_to_act`: the last year in which a
    standstill until its end still leaves a chance of REACH by the deadline (see `last_year_to_act`), None when YEARS
    years would not do; `reached`: the last figure already meets the target, so that a standstill would do;
    `feasibility`; `reason` (a Note) when there are no chances.
    """

    last_year: int | None
    deadline: int
    chances: pd.Series
    attained: dict[float, int | None]
    last_to_act: int | None
    reached: bool
    feasibility: Feasibility
    reason: Note | None = None

    @property
    def looked_until(self) -> int | None:
        """The last year looked at; None without chances."""
        return int(self.chances.index[-1]) if len(self.chances) else None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return {
            "last_year": self.last_year,
            "deadline": self.deadline,
            "chances": {str(year): float(chance) for year, chance in self.chances.items()},
            "attained": {f"{level:g}": year for level, year in self.attained.items()},
            "last_year_to_act": self.last_to_act,
            "reached": self.reached,
            "feasibility": self.feasibility.to_dict(),
            "reason": dataclasses.asdict(self.reason) if self.reason else None,
        }


def outlook(data: Data, assessment: Assessment, *, draws: int | None = None) -> Outlook:
    """The outlook of one assessment (or one of its parts) made with `data`; with as many `draws` unless given.

    A settled target that is met, one of a kind that is not reached by a level or a count, and one without a forecast
    have a `reason` instead of chances; a missed one is still asked when it would be reached.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-12-31")
    >>> found = outlook(data, qc.assess(data, "rd_intensity", draws=500))
    >>> found.last_to_act, round(float(found.chances[2025]), 1)
    (2024, 0.8)
    """
    chances, reason = _chances(data, assessment, draws or assessment.draws)
    series = assessment.series
    levels = series.known() if series is not None else pd.Series(dtype=float)
    bound = assessment.bound
    reached = (
        len(levels) > 0 and bound is not None and assessment.target.is_met(float(levels.iloc[-1]), bound)
    )
    deadline = assessment.target.deadline
    return Outlook(
        last_year=int(levels.index[-1]) if len(levels) else None,
        deadline=deadline,
        chances=chances,
        attained=years_of_attainment(chances),
        last_to_act=last_year_to_act(chances, deadline, reached) if assessment.status == "forecast" else None,
        reached=bool(reached),
        feasibility=feasibility(data, assessment),
        reason=reason,
    )


def years_of_attainment(chances: pd.Series) -> dict[float, int | None]:
    """For 50, 80 and 95 % the first year (index) whose chance is at least that; None when there is none.

    >>> years_of_attainment(pd.Series([0.4, 0.7, 0.9], index=[2024, 2025, 2026]))
    {0.5: 2025, 0.8: 2026, 0.95: None}
    """
    found: dict[float, int | None] = {}
    for level in CERTAINTIES:
        years = chances.index[reaches(chances, level)]
        found[level] = int(years[0]) if len(years) else None
    return found


def last_year_to_act(chances: pd.Series, deadline: int, reached: bool = False) -> int | None:
    """The last year until whose end the indicator may stand still and the target keep a chance of 10 %.

    `chances` are those of the years after the last figure (index year, the first one right after it). Were it to stand
    still and then to move as it is now expected to, the chance by the deadline would be that of as many years as are
    then left. So, with k the smallest number of years after the last figure whose chance is at least 10 %, the answer
    is the deadline less k. It may lie before the last figure: then it is past. None when no number of years will do.
    When the last figure already meets the target a standstill would do: then it is the deadline itself.

    >>> last_year_to_act(pd.Series([0.01, 0.12, 0.3], index=[2023, 2024, 2025]), 2025)
    2023
    """
    if reached:
        return deadline
    enough = [k for k, chance in enumerate(chances, 1) if reaches(chance, REACH)]
    return deadline - enough[0] if enough else None


def _chances(data: Data, a: Assessment, draws: int) -> tuple[pd.Series, Note | None]:
    """The chance of each year after the last figure, or why there are none."""
    none = pd.Series(dtype=float, index=pd.Index([], dtype=int, name="year"), name="chance")
    if a.status not in ("forecast", "missed"):
        code = {"met": "settled", "depends_on_definition": "by_definition"}.get(a.status, "no_forecast")
        return none, Note(code)
    if a.target.kind not in (*BY_LEVEL, "cumulative"):
        return none, Note("no_year_of_attainment")
    last = int(a.series.known().index[-1]) if a.series is not None and len(a.series.known()) else None
    last = last if a.status == "missed" or last is None else min(last, a.target.deadline - 1)
    if last is None:
        return none, Note("no_forecast")
    if a.target.kind == "cumulative":
        found = _by_deadline(data, a, range(last + 1, last + YEARS + 1), draws)
    else:
        found = _by_path(data, a, last + YEARS, draws)
    return (none, Note("no_forecast")) if found is None or found.empty else (found, None)


def _by_path(data: Data, a: Assessment, until: int, draws: int) -> pd.Series | None:
    """The share of paths on the right side of the bound in each year: until the deadline those of the assessment
    itself, whose probability stands in the headline, then those of one forecast that runs on.
    """
    answer = again(data, a, {"deadline": until}, draws=draws)
    if answer is None or answer.forecast is None or answer.bound is None:
        return None
    chances: dict[int, float] = {}
    for one in (answer, a) if a.forecast is not None and a.bound is not None else (answer,):
        assert one.forecast is not None and one.bound is not None
        shares = a.target.is_met(one.forecast.paths, one.bound).mean(axis=0)
        chances |= dict(zip(one.forecast.years.tolist(), shares.tolist(), strict=True))
    return pd.Series(chances, name="chance", dtype=float).rename_axis("year")


def _by_deadline(data: Data, a: Assessment, years: range, draws: int) -> pd.Series:
    """From one assessment for each year as the deadline, until the last of CERTAINTIES is reached."""
    found: dict[int, float] = {}
    for year in years:
        answer = a if year == a.target.deadline else again(data, a, {"deadline": year}, draws=draws)
        chance = None if answer is None else 1.0 if answer.status == "met" else answer.probability
        if chance is None:
            continue
        found[year] = chance
        if year >= a.target.deadline and reaches(chance, max(CERTAINTIES)):
            break
    return pd.Series(found, name="chance", dtype=float).rename_axis("year")


def again(
    data: Data, a: Assessment, target: dict[str, Any] | None = None, **options: Any
) -> Assessment | None:
    """The same question with some cells of its target replaced, and other options of `assess`; None where the answer
    no longer has such a part.

    `data` are those of the assessment, possibly with other figures. Raises what `assess` raises.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-12-31")
    >>> later = again(data, qc.assess(data, "rd_intensity", draws=500), {"deadline": 2030})
    >>> later.target.deadline, later.draws
    (2030, 500)
    """
    known, goal = data.at(a.as_of), a.target
    if target:
        rows = known.targets.copy()
        mine = (rows["plan"] == goal.plan) & (rows["target_id"] == goal.target_id)
        for name, cell in target.items():
            rows.loc[mine, name] = cell
        known = dataclasses.replace(known, targets=rows)
    chosen: dict[str, Any] = {"model": a.model, "draws": a.draws, "seed": a.seed} | options
    answer = assess(known, goal.target_id, plan=goal.plan, region=goal.region, **chosen)
    return same_part(answer, a)


def same_part(answer: Assessment, wanted: Assessment) -> Assessment | None:
    """The answer itself, or its part of the same role, definition and comparator as `wanted`; None without one.

    >>> import qcity_analysis as qc
    >>> whole = qc.assess(qc.load(), "rd_intensity", draws=500)
    >>> same_part(whole, whole) is whole
    True
    """
    if wanted.role == "main":
        return answer
    name = wanted.definition["indicator_id"]
    for part in answer.parts:
        if (part.role, part.definition["indicator_id"], _lender(part)) == (
            wanted.role,
            name,
            _lender(wanted),
        ):
            return part
    alone = wanted.role == "definition" and answer.definition["indicator_id"] == name and not answer.parts
    return answer if alone else None


def _lender(part: Assessment) -> str:
    return part.borrowed.region if part.borrowed else ""

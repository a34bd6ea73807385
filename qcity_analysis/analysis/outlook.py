"""Beyond the one probability: when a target would be reached, how long one may wait, and if anything moved so fast.

The forecast of the assessment is carried on past the deadline, up to YEARS years after the last figure. The pace still
needed is compared with every past move over as many years, on a scale that suits the kind of quantity (see
`forecasting.prior.scaled`). How likely each year is comes from the forecast alone: an aim is evidence on its own year.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment, Question
from ..assessment.assess import by_figures
from ..data.load import Data
from ..data.schema import RELATIVE
from ..errors import Note, QcityError
from ..forecasting.histories import as_number
from ..forecasting.prior import SCALES, scaled, shipped_changes, typical_change
from ..series.annual import AnnualSeries, annual_series
from ..targets import Target, reaches

YEARS = 15  # after the last figure
CERTAINTIES = (0.5, 0.8, 0.95)
REACH = 0.1  # a target is within reach while its chance is at least this
Course = tuple[int, float, int, float]
NOT_OPEN = {"met": "settled", "missed": "settled", "depends_on_definition": "by_definition"}
BY_LEVEL = ("level", "coverage", "direction", *RELATIVE)  # met or not by the level of one year alone


@dataclass(frozen=True)
class Moved:
    """How often one `source` moved at least as fast ("own", "comparator", "bank": in the direction needed,
    "bank_either": in either): the `share` (None without a window); of a series `region`, `indicator_id` and the counts
    `as_fast` of `windows`; of the training corpus the number of `series` and `indicators`.
    """

    source: str
    share: float | None
    region: str = ""
    indicator_id: str = ""
    windows: int | None = None
    as_fast: int | None = None
    series: int | None = None
    indicators: int | None = None


@dataclass(frozen=True)
class Feasibility:
    """The move a target still needs, and how often anything moved that fast: from `start` in `from_year` to `end` in
    `to_year`; `needed` a year on the `scale` of its `support`; `rows`, or a `reason` (Note) why nothing is compared.
    """

    from_year: int | None = None
    to_year: int | None = None
    start: float | None = None
    end: float | None = None
    support: str = ""
    scale: str = ""
    needed: float | None = None
    rows: tuple[Moved, ...] = ()
    reason: Note | None = None

    @property
    def years(self) -> int:
        """How many years the move may take; 0 where nothing can be compared."""
        return (self.to_year or 0) - (self.from_year or 0)


@dataclass(frozen=True)
class Outlook:
    """When a target would be reached, and until when waiting leaves it within reach.

    `last_year`, of the last figure; `chances` (index year): probability that the target, due that year, would be met;
    `last_to_act`: see `last_year_to_act`; `reached`: the last figure meets it; `reason` (a Note) for no chances.
    """

    last_year: int | None
    deadline: int
    chances: pd.Series = field(repr=False)
    last_to_act: int | None
    reached: bool
    feasibility: Feasibility = field(repr=False)
    reason: Note | None = None

    @property
    def looked_until(self) -> int | None:
        """The last year looked at; None without chances."""
        return int(self.chances.index[-1]) if len(self.chances) else None

    @property
    def attained(self) -> dict[float, int | None]:
        """The first year with a probability of 50, 80 and 95 %, each None where there is none."""
        return {level: self.year(level) for level in CERTAINTIES}

    def year(self, probability: float) -> int | None:
        """The first year by which it is reached with this probability, if any; QcityError for one outside 0 to 1."""
        if not 0 < as_number(probability, "probability") < 1:
            raise QcityError(f"a probability lies between 0 and 1, such as .8; found {probability!r}")
        return next(iter(self.chances.index[reaches(self.chances, probability)].tolist()), None)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        plain = dataclasses.asdict(self)
        plain["last_year_to_act"] = plain.pop("last_to_act")
        plain["chances"] = {str(year): float(chance) for year, chance in self.chances.items()}
        return plain | {"attained": {f"{level:g}": year for level, year in self.attained.items()}}


def outlook(data: Data, assessment: Assessment, *, draws: int | None = None) -> Outlook:
    """The outlook of one assessment (or one of its parts) made with `data`; with as many `draws` unless given.

    A target that is met, one of a kind that is not reached by a level or a count, and one without a forecast have a
    `reason` instead of chances; a missed one is still asked when it would be reached.
    """
    a, target, levels = assessment, assessment.target, assessment.levels()
    last = int(levels.index[-1]) if len(levels) else None
    code, by_year = "no_forecast", dict[int, float]()
    if a.status not in ("forecast", "missed"):
        code = NOT_OPEN.get(a.status, code)
    elif target.kind not in (*BY_LEVEL, "cumulative") or target.kind == "average_growth":
        code = "no_year_of_attainment"
    elif last is not None:
        start = last if a.status == "missed" else min(last, target.deadline - 1)
        ask = _by_deadline if target.kind == "cumulative" else _by_path
        by_year = ask(data, a, start, draws or a.draws)
    chances = pd.Series(by_year, name="chance", dtype=float).rename_axis("year")
    to_act = last_year_to_act(chances, target.deadline, a.reached) if a.status == "forecast" else None
    reason = None if by_year else Note(code)
    return Outlook(last, target.deadline, chances, to_act, a.reached, feasibility(data, a), reason)


def last_year_to_act(chances: pd.Series, deadline: int, reached: bool = False) -> int | None:
    """The last year until whose end the indicator may stand still, then move as now expected, and the target keep a
    chance of 10 %: the deadline less the number of years after the last figure that chance takes (`chances`, index
    year), which may lie before that figure. None where no number of years will do; the deadline where it is `reached`.

    >>> last_year_to_act(pd.Series([0.01, 0.12, 0.3], index=[2023, 2024, 2025]), 2025)
    2023
    """
    enough = np.flatnonzero(reaches(chances, REACH))
    return deadline if reached else deadline - int(enough[0]) - 1 if len(enough) else None


def _by_path(data: Data, a: Assessment, last: int, draws: int) -> dict[int, float]:
    """The share of paths that meet the bound each year: those of the assessment itself, then of one that runs on."""
    further = again(data, a, dataclasses.replace(a.target, deadline=last + YEARS), draws=draws)
    chances: dict[int, float] = {}
    for one in (further, a) if further and further.forecast else ():
        if one.forecast is not None and one.bound is not None:
            shares = a.target.is_met(one.forecast.paths, one.bound).mean(axis=0)
            chances |= dict(zip(one.forecast.years.tolist(), shares.tolist(), strict=True))
    return chances


def _by_deadline(data: Data, a: Assessment, last: int, draws: int) -> dict[int, float]:
    """From one assessment for each year as the deadline, until the last of CERTAINTIES is reached."""
    chances: dict[int, float] = {}
    for year in range(last + 1, last + YEARS + 1):
        later = dataclasses.replace(a.target, deadline=year)
        answer = a.by_figures() if later == a.target else again(data, a, later, draws=draws)
        chance = None if answer is None else 1.0 if answer.status == "met" else answer.probability
        if chance is not None:
            chances[year] = chance
            if year >= a.target.deadline and reaches(chance, max(CERTAINTIES)):
                break
    return chances


def feasibility(data: Data, assessment: Assessment, course: Course | None = None) -> Feasibility:
    """How often the pace needed from the last figure to the deadline was reached before, by source.

    The move runs from the last known level (for a relative change without any figure from the base year, 100) to the
    level that is just enough; a supposed `course` (year, level, later year, level) takes its place. Windows are all
    pairs of known years exactly as far apart, within one unbroken stretch; a move counts when it went at least as far
    in the direction of the target. Sources: the series itself, the comparators its indicator names, other regions with
    the same indicator, and the training corpus (up to 10 years). For a settled target, a kind that no pace leads to, or
    where no level is known, a `reason` stands in place of rows.
    """
    move = _move(data, assessment, course)
    if move.needed is None:
        return move
    known, own, target = data.at(assessment.as_of), assessment.series, assessment.target
    own_id = str(assessment.definition["indicator_id"])
    regions = known.observations.loc[known.observations["indicator_id"] == own_id, "region"].unique()
    others = dict.fromkeys([*known.comparators(own_id), *((str(region), own_id) for region in regions)])
    others.pop((target.region, own_id), None)
    series = [("own", own)] if own is not None and len(own.known()) else []
    series += [("comparator", annual_series(known, name, region)) for region, name in others]
    rows = []
    for source, one in series:
        changes = past_changes(one, move.years, move.support)
        fast = int(np.sum(reaches(changes, move.needed, target.upward)))
        if len(changes) or source == "own":
            share = fast / len(changes) if len(changes) else None
            rows.append(Moved(source, share, one.region, one.indicator_id, len(changes), fast))
    corpus = shipped_changes()[move.support]
    shares = {"bank": corpus.share(move.needed, move.years, rising=target.upward)}
    if (move.needed > 0) == target.upward and move.needed:  # where nothing more is needed, size says nothing
        shares["bank_either"] = corpus.share(move.needed, move.years, either=True)
    rows += [Moved(source, share, series=corpus.series, indicators=corpus.indicators)
             for source, share in shares.items() if share is not None]  # fmt: skip
    return dataclasses.replace(move, rows=tuple(rows))


def _move(data: Data, a: Assessment, course: Course | None) -> Feasibility:
    """The move needed, without rows; or, with a reason, that there is none."""
    target, levels, relative = a.target, a.levels(), a.target.relative
    if a.status in NOT_OPEN or target.kind not in BY_LEVEL:
        return Feasibility(reason=Note(NOT_OPEN.get(a.status, "no_pace")))
    if levels.empty and relative and target.base_year is not None:
        levels = pd.Series({target.base_year: 100.0})
    unknown = a.bound is None and target.kind == "direction"  # no figure of the base year says what is better
    over = len(levels) and not course and (target.threshold is None or levels.index[-1] >= target.deadline)
    if over or unknown or levels.empty:
        return Feasibility(reason=Note("deadline_over" if over else "no_level"))
    base = float(levels.get(target.base_year, math.nan))
    goal = a.bound if a.bound is not None else target.bound(base)
    year, level, until, end = course or (int(levels.index[-1]), float(levels.iloc[-1]), target.deadline, goal)
    support = str(a.series.support if a.series else data.indicator(target.indicator_id)["support"])
    support = "positive" if relative and support == "real" else support
    ends = scaled(np.array([level, end]), support, typical_change(every_year_of(a.levels())))
    needed = float(ends[1] - ends[0]) / (until - year)
    if not math.isfinite(needed) or (relative and not base > 0):
        return Feasibility(reason=Note("no_scale"))
    return Feasibility(year, until, level, end, support, SCALES[support], needed)


def every_year_of(levels: pd.Series) -> np.ndarray:
    """Levels of every year from the first to the last, NaN in gaps."""
    return levels.reindex(range(*levels.index[[0, -1]] + [0, 1]) if len(levels) else ()).to_numpy(dtype=float)


def past_changes(series: AnnualSeries, years: int, support: str) -> np.ndarray:
    """Every past change a year over exactly so many years, on the scale of `support`; none across a break."""
    history, typical = series.history().dropna(), typical_change(every_year_of(series.known()))
    changes = [np.empty(0)]
    for _, stretch in history.groupby(np.digitize(history.index, sorted(series.breaks))):
        on_scale = scaled(every_year_of(stretch), support, typical)
        changes.append((on_scale[years:] - on_scale[:-years]) / years)
    joined = np.concatenate(changes)
    return joined[np.isfinite(joined)]


def again(
    data: Data, a: Assessment, target: Target | None = None, model: str = "", draws: int | None = None
) -> Assessment | None:
    """The same question of another `target`, by another `model` or with other `draws`, of the data of the assessment,
    possibly with other figures, by these alone; None where the answer no longer has such a part.
    """
    asked = target or a.target, model or a.model, draws or a.draws, a.seed
    return same_part(by_figures(Question(data.at(a.as_of), *asked)), a)


def same_part(answer: Assessment, wanted: Assessment) -> Assessment | None:
    """The answer itself, or its part of the same role, definition and comparator as `wanted`; None without one."""

    def key(part: Assessment) -> tuple[str, str, str]:
        return part.role, str(part.definition["indicator_id"]), part.borrowed.region if part.borrowed else ""

    if wanted.role == "main":
        return answer
    if not answer.parts:
        return answer if wanted.role == "definition" and key(answer)[1:] == key(wanted)[1:] else None
    return next((part for part in answer.parts if key(part) == key(wanted)), None)

"""Beyond the one probability: when a target would be reached, how long one may wait, and if anything moved so fast.

The forecast of the assessment is carried on past the deadline, up to YEARS years after the last figure. The pace still
needed is compared with every past move over as many years, on a scale that suits the kind of quantity (see
`forecasting.changes.scaled`). How likely the target is comes from the forecast, not from such a comparison.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..assessment.assess import assess
from ..assessment.peers import comparators
from ..data.load import Data
from ..errors import Note
from ..forecasting.changes import SCALES, scaled, shipped_changes, typical_change
from ..series.annual import AnnualSeries, annual_series
from ..targets import Target, reaches

YEARS = 15  # after the last figure
CERTAINTIES = (0.5, 0.8, 0.95)
REACH = 0.1  # a target is within reach while its chance is at least this
BY_LEVEL = ("level", "relative_change", "coverage", "direction")  # met or not by the level of one year alone


@dataclass(frozen=True)
class Moved:
    """How often one source moved at least as fast.

    Attributes: `source` ("own", "comparator", "bank": in the direction needed, "bank_either": in either direction);
    for a series `region`, `indicator_id` and the counts `as_fast` of `windows`; for the training corpus the number of
    `series` and `indicators`; `share` of moves at least as fast (None where there is no window).
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
    """The move a target still needs, and how often anything moved that fast over as many years.

    Attributes: `from_year`, `to_year`; `start` and `end`, the level it has to move from and to; `support`, `scale` and
    `needed`, the move a year on that scale; `rows`; `reason` (a Note) when nothing can be compared.
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

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Outlook:
    """When a target would be reached, and until when waiting leaves it within reach.

    Attributes: `last_year`, the year of the last figure; `deadline`; `chances` (index year): probability that the
    target, had it that year as its deadline, would be met; `attained`: for 50, 80 and 95 % the first year whose chance
    is at least that, None when there is none among the years looked at; `last_to_act`: see `last_year_to_act`;
    `reached`: the last figure already meets the target, so that a standstill would do; `feasibility`; `reason` (a Note)
    when there are no chances.
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
    >>> ahead = outlook(data, qc.assess(data, "rd_intensity", draws=500))
    >>> ahead.last_to_act, round(float(ahead.chances[2025]), 1)
    (2024, 0.8)
    """
    ahead = _chances(data, assessment, draws or assessment.draws)
    chances, reason = (_by_year({}), ahead) if isinstance(ahead, Note) else (ahead, None)
    levels, target, bound = assessment.levels(), assessment.target, assessment.bound
    reached = len(levels) > 0 and bound is not None and bool(target.is_met(float(levels.iloc[-1]), bound))
    to_act = last_year_to_act(chances, target.deadline, reached) if assessment.status == "forecast" else None
    return Outlook(
        last_year=int(levels.index[-1]) if len(levels) else None,
        deadline=target.deadline,
        chances=chances,
        attained=years_of_attainment(chances),
        last_to_act=to_act,
        reached=reached,
        feasibility=feasibility(data, assessment),
        reason=reason,
    )


def years_of_attainment(chances: pd.Series) -> dict[float, int | None]:
    """For 50, 80 and 95 % the first year (index) whose chance is at least that; None when there is none.

    >>> years_of_attainment(pd.Series([0.4, 0.7, 0.9], index=[2024, 2025, 2026]))
    {0.5: 2025, 0.8: 2026, 0.95: None}
    """
    years = {level: chances.index[reaches(chances, level)] for level in CERTAINTIES}
    return {level: int(found[0]) if len(found) else None for level, found in years.items()}


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
    enough = np.flatnonzero(reaches(chances, REACH))
    return deadline - int(enough[0]) - 1 if len(enough) else None


def _chances(data: Data, a: Assessment, draws: int) -> pd.Series | Note:
    """The chance of each year after the last figure, or why there are none."""
    if a.status not in ("forecast", "missed"):
        codes = {"met": "settled", "depends_on_definition": "by_definition"}
        return Note(codes.get(a.status, "no_forecast"))
    if a.target.kind not in (*BY_LEVEL, "cumulative"):
        return Note("no_year_of_attainment")
    levels = a.levels()
    if levels.empty:
        return Note("no_forecast")
    last = int(levels.index[-1])
    last = last if a.status == "missed" else min(last, a.target.deadline - 1)
    if a.target.kind == "cumulative":
        chances = _by_deadline(data, a, range(last + 1, last + YEARS + 1), draws)
    else:
        chances = _by_path(data, a, last + YEARS, draws)
    return chances if len(chances) else Note("no_forecast")


def _by_year(chances: dict[int, float]) -> pd.Series:
    index = pd.Index(list(chances), dtype=int, name="year")
    return pd.Series(list(chances.values()), index=index, name="chance", dtype=float)


def _by_path(data: Data, a: Assessment, until: int, draws: int) -> pd.Series:
    """The share of paths on the right side of the bound in each year: until the deadline those of the assessment
    itself, whose probability stands in the headline, then those of one forecast that runs on; empty without one.
    """
    further = again(data, a, dataclasses.replace(a.target, deadline=until), draws=draws)
    if further is None or further.forecast is None:
        return _by_year({})
    chances: dict[int, float] = {}
    for one in (further, a):
        if one.forecast is not None and one.bound is not None:
            shares = a.target.is_met(one.forecast.paths, one.bound).mean(axis=0)
            chances |= dict(zip(one.forecast.years.tolist(), shares.tolist(), strict=True))
    return _by_year(chances)


def _by_deadline(data: Data, a: Assessment, years: range, draws: int) -> pd.Series:
    """From one assessment for each year as the deadline, until the last of CERTAINTIES is reached."""
    chances: dict[int, float] = {}
    for year in years:
        later = dataclasses.replace(a.target, deadline=year)
        answer = a if later == a.target else again(data, a, later, draws=draws)
        chance = None if answer is None else 1.0 if answer.status == "met" else answer.probability
        if chance is None:
            continue
        chances[year] = chance
        if year >= a.target.deadline and reaches(chance, max(CERTAINTIES)):
            break
    return _by_year(chances)


def feasibility(data: Data, assessment: Assessment) -> Feasibility:
    """How often the pace needed from the last figure to the deadline was reached before, by source.

    `data` are those of the assessment. The move runs from the last known level (for a relative change without any
    figure from the base year, 100) to the level that is just enough. Windows are all pairs of known years exactly as
    far apart, within one unbroken stretch; a move counts when it went at least as far in the direction of the target.
    Sources: the series itself, the comparators its indicator names, all other regions with the same indicator, and
    the training corpus (up to 10 years). Nothing is compared, with a `reason`, for a settled target, a kind that no
    pace leads to, or where no level is known.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-12-31")
    >>> moves = feasibility(data, qc.assess(data, "rd_intensity", draws=500))
    >>> [(row.source, row.as_fast, row.windows) for row in moves.rows if row.source == "own"]
    [('own', 1, 2)]
    """
    move = _move(data, assessment)
    if isinstance(move, str):
        return Feasibility(reason=Note(move))
    series, known = assessment.series, data.at(assessment.as_of)
    upward = assessment.target.upward
    rows = [_counted("own", series, move, upward)] if series is not None and len(series.known()) else []
    for region, indicator_id in _compared(known, assessment):
        row = _counted("comparator", annual_series(known, indicator_id, region), move, upward)
        rows += [row] if row.windows else []
    return dataclasses.replace(move, rows=(*rows, *_in_corpus(move, upward)))


def _move(data: Data, a: Assessment) -> Feasibility | str:
    """The move needed, without rows; or, as a code, why there is none."""
    target, levels = a.target, a.levels()
    relative = target.kind == "relative_change"
    codes = {"met": "settled", "missed": "settled", "depends_on_definition": "by_definition"}
    if a.status in codes or target.kind not in BY_LEVEL:
        return codes.get(a.status, "no_pace")
    if levels.empty and not (relative and target.base_year is not None):
        return "no_level"
    if levels.empty:
        levels = pd.Series({target.base_year: 100.0})
    year, level = int(levels.index[-1]), float(levels.iloc[-1])
    if target.threshold is None or year >= target.deadline:
        return "deadline_over"
    if a.bound is None and target.kind == "direction":
        return "no_level"  # without the base year's figure nothing says what is better
    base = float(levels.get(target.base_year, math.nan))
    if relative and not base > 0:
        return "no_scale"
    end = a.bound if a.bound is not None else target.bound(base)
    support = str(a.series.support if a.series else data.indicator(target.indicator_id)["support"])
    support = "positive" if relative and support == "real" else support
    ends = scaled(np.array([level, end]), support, typical_change(every_year_of(a.levels())))
    needed = float(ends[1] - ends[0]) / (target.deadline - year)
    if not math.isfinite(needed):
        return "no_scale"
    return Feasibility(year, target.deadline, level, end, support, SCALES[support], needed)


def every_year_of(levels: pd.Series) -> np.ndarray:
    """Levels of every year from the first to the last, NaN in gaps."""
    years = range(int(levels.index[0]), int(levels.index[-1]) + 1) if len(levels) else range(0)
    return levels.reindex(years).to_numpy(dtype=float)


def _compared(data: Data, a: Assessment) -> list[tuple[str, str]]:
    """Region and indicator of each comparator: those the indicator names, then other regions with the same one."""
    own_id = str(a.definition["indicator_id"])
    seen = data.observations.loc[data.observations["indicator_id"] == own_id, "region"]
    places = [*comparators(data, own_id), *((str(region), own_id) for region in seen.unique())]
    return [place for place in dict.fromkeys(places) if place != (a.target.region, own_id)]


def _counted(source: str, series: AnnualSeries, move: Feasibility, upward: bool) -> Moved:
    """Count the windows of one series that were at least as fast."""
    assert move.needed is not None and move.from_year is not None and move.to_year is not None
    moves = past_moves(series, move.to_year - move.from_year, move.support)
    count = int(np.sum(reaches(moves, move.needed, upward)))
    share = count / len(moves) if len(moves) else None
    return Moved(source, share, series.region, series.indicator_id, len(moves), count)


def past_moves(series: AnnualSeries, years: int, support: str) -> np.ndarray:
    """Every past change a year over exactly so many years, on the scale of `support`; none across a break.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2023-12-31"), "rd_intensity", "nanjing")
    >>> past_moves(series, 3, "percent").round(4).tolist()
    [0.0083, 0.0047]
    """
    history = series.history().dropna()
    typical = typical_change(every_year_of(series.known()))
    moves = [np.empty(0)]
    for _, stretch in history.groupby(np.digitize(history.index, sorted(series.breaks))):
        on_scale = scaled(every_year_of(stretch), support, typical)
        moves.append((on_scale[years:] - on_scale[:-years]) / years)
    joined = np.concatenate(moves)
    return joined[np.isfinite(joined)]


def _in_corpus(move: Feasibility, upward: bool) -> list[Moved]:
    assert move.needed is not None and move.from_year is not None and move.to_year is not None
    years, corpus = move.to_year - move.from_year, shipped_changes()[move.support]
    shares = {"bank": corpus.share(move.needed, years, rising=upward)}
    if (move.needed > 0) == upward and move.needed:  # where nothing more is needed, size says nothing
        shares["bank_either"] = corpus.share(move.needed, years, either=True)
    return [
        Moved(source, share, series=corpus.series, indicators=corpus.indicators)
        for source, share in shares.items()
        if share is not None
    ]


def again(
    data: Data,
    a: Assessment,
    target: Target | None = None,
    model: str | None = None,
    draws: int | None = None,
) -> Assessment | None:
    """The same question of another `target`, by another `model` or with other `draws`; None where the answer no longer
    has such a part. `data` are those of the assessment, possibly with other figures. Raises what `assess` raises.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-12-31")
    >>> answer = qc.assess(data, "rd_intensity", draws=500)
    >>> later = again(data, answer, dataclasses.replace(answer.target, deadline=2030))
    >>> later.target.deadline, later.draws
    (2030, 500)
    """
    answer = assess(
        data, target or a.target, as_of=a.as_of, model=model or a.model, draws=draws or a.draws, seed=a.seed
    )
    return same_part(answer, a)


def same_part(answer: Assessment, wanted: Assessment) -> Assessment | None:
    """The answer itself, or its part of the same role, definition and comparator as `wanted`; None without one."""
    if wanted.role == "main":
        return answer
    if not answer.parts:
        return answer if wanted.role == "definition" and _named(answer) == _named(wanted) else None
    same = (part for part in answer.parts if (part.role, _named(part)) == (wanted.role, _named(wanted)))
    return next(same, None)


def _named(part: Assessment) -> tuple[str, str]:
    return str(part.definition["indicator_id"]), part.borrowed.region if part.borrowed else ""

"""How often anything moved as fast as a target still needs: the indicator itself, its comparators, the training bank.

A needed move is compared with every past move over as many years, on a scale that suits the kind of quantity (see
`changes.scaled`): percent a year for positive quantities, log-odds for shares, the series' own typical change
for the rest. How likely the target is comes from the forecast, not from here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..errors import Note
from ..forecasting.changes import SCALES, scaled, shipped_moves, typical_change
from ..series.annual import AnnualSeries, annual_series
from ..targets import reaches

BY_LEVEL = (
    "level",
    "relative_change",
    "coverage",
    "direction",
)  # met in a year or not by the level of that year alone


@dataclass(frozen=True)
class Moved:
    """How often one source moved at least as fast.

    Attributes: `source` ("own", "comparator", "bank": in the direction needed, "bank_either": in either direction);
    for a series `region`, `indicator_id` and the counts `as_fast` of `windows`; for the bank the number of `series` and
    `indicators`; `share` of moves at least as fast (None where there is no window).
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


def feasibility(data: Data, assessment: Assessment) -> Feasibility:
    """How often the pace needed from the last figure to the deadline was reached before, by source.

    `data` are those of the assessment. The move runs from the last known level (for a relative change without any
    figure from the base year, 100) to the level that is just enough. Windows are all pairs of known years exactly as
    far apart, within one unbroken stretch; a move counts when it went at least as far in the direction of the target.
    Sources: the series itself, the comparators its indicator names, all other regions with the same indicator, and
    the bank (up to 10 years). Nothing is compared, with a `reason`, for a settled target, a kind that no pace leads
    to, or where no level is known.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-12-31")
    >>> found = feasibility(data, qc.assess(data, "rd_intensity", draws=500))
    >>> [(row.source, row.as_fast, row.windows) for row in found.rows if row.source == "own"]
    [('own', 1, 2)]
    """
    reason = _unfit(assessment)
    if reason is not None:
        return Feasibility(reason=Note(reason))
    move = _move(data, assessment)
    if isinstance(move, str):
        return Feasibility(reason=Note(move))
    rising = assessment.target.upward
    series = _own(data, assessment)
    rows = [_counted("own", series, move, rising)] if series is not None else []
    known = data.at(assessment.as_of)
    for region, indicator_id in _places(known, assessment):
        rows.append(_counted("comparator", annual_series(known, indicator_id, region), move, rising))
    rows = [row for row in rows if row.source == "own" or row.windows]
    return dataclasses.replace(move, rows=(*rows, *_in_bank(move, rising)))


def _unfit(a: Assessment) -> str | None:
    """Why no pace is compared, as a code; None when one is."""
    if a.status in ("met", "missed"):
        return "settled"
    if a.status == "depends_on_definition":
        return "by_definition"
    if a.target.kind not in BY_LEVEL:
        return "no_pace"
    return None


def _move(data: Data, a: Assessment) -> Feasibility | str:
    """The move needed, without rows; or why there is none."""
    target = a.target
    levels = a.series.known() if a.series is not None else pd.Series(dtype=float)
    relative = target.kind == "relative_change"
    if len(levels):
        year, level = int(levels.index[-1]), float(levels.iloc[-1])
    elif relative and target.base_year is not None:
        year, level = target.base_year, 100.0
    else:
        return "no_level"
    if target.threshold is None or year >= target.deadline:
        return "deadline_over"
    base = float(levels.get(target.base_year, math.nan if len(levels) else 100.0))
    if a.bound is None and target.kind == "direction":
        return "no_level"  # without the base year's figure nothing says what is better
    if relative and not base > 0:
        return "no_scale"
    end = a.bound if a.bound is not None else target.bound(base)
    support = (
        a.series.support if a.series is not None else str(data.indicator(target.indicator_id)["support"])
    )
    support = "positive" if relative and support == "real" else support
    ends = scaled(np.array([level, end]), support, typical_change(_yearly(levels)))
    needed = float(ends[1] - ends[0]) / (target.deadline - year)
    if not math.isfinite(needed):
        return "no_scale"
    return Feasibility(year, target.deadline, level, end, support, SCALES[support], needed)


def _own(data: Data, a: Assessment) -> AnnualSeries | None:
    return a.series if a.series is not None and len(a.series.known()) else None


def _yearly(levels: pd.Series) -> np.ndarray:
    """Levels of every year from the first to the last, NaN in gaps."""
    if levels.empty:
        return np.array([])
    years = range(int(levels.index[0]), int(levels.index[-1]) + 1)
    return levels.reindex(years).to_numpy(dtype=float)


def _places(data: Data, a: Assessment) -> list[tuple[str, str]]:
    """Region and indicator of each comparator: those the indicator names, then other regions with the same one."""
    own_id, own_region = str(a.definition["indicator_id"]), a.target.region
    named = str(data.indicator(own_id)["comparators"] or "").split(";")
    places = [tuple(part.strip().split("/", 1)) for part in named if "/" in part]
    seen = data.observations.loc[data.observations["indicator_id"] == own_id, "region"]
    places += [(str(region), own_id) for region in dict.fromkeys(seen)]
    return [place for place in dict.fromkeys(places) if place != (own_region, own_id)]  # type: ignore[misc]


def _counted(source: str, series: AnnualSeries, move: Feasibility, rising: bool) -> Moved:
    """Count the windows of one series that were at least as fast."""
    assert move.needed is not None and move.from_year is not None and move.to_year is not None
    years = move.to_year - move.from_year
    moves = past_moves(series, years, move.support)
    count = int(np.sum(reaches(moves, move.needed, rising)))
    return Moved(
        source,
        count / len(moves) if len(moves) else None,
        series.region,
        series.indicator_id,
        len(moves),
        count,
    )


def past_moves(series: AnnualSeries, years: int, support: str) -> np.ndarray:
    """Every past change a year over exactly so many years, on the scale of `support`; none across a break.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2023-12-31"), "rd_intensity", "nanjing")
    >>> past_moves(series, 3, "percent").round(4).tolist()
    [0.0083, 0.0047]
    """
    history = series.history().dropna()
    typical = typical_change(_yearly(series.known()))
    found: list[np.ndarray] = []
    for stretch in _stretches(history, series.breaks):
        on_scale = scaled(_yearly(stretch), support, typical)
        found.append(
            (on_scale[years:] - on_scale[:-years]) / years if len(on_scale) > years else on_scale[:0]
        )
    moves = np.concatenate(found) if found else np.array([])
    return np.asarray(moves[np.isfinite(moves)])


def _stretches(history: pd.Series, breaks: Sequence[int]) -> list[pd.Series]:
    edges = [-math.inf, *breaks, math.inf]
    pieces = [
        history[(history.index >= low) & (history.index < high)]
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    return [piece for piece in pieces if len(piece)]


def _in_bank(move: Feasibility, rising: bool) -> list[Moved]:
    assert move.needed is not None and move.from_year is not None and move.to_year is not None
    years, bank = move.to_year - move.from_year, shipped_moves()[move.support]
    share = bank.share(move.needed, years, rising=rising)
    if share is None:
        return []
    rows = [Moved("bank", share, series=bank.series, indicators=bank.indicators)]
    if (move.needed > 0) == rising and move.needed:  # where nothing more is needed, size says nothing
        either = bank.share(move.needed, years, either=True)
        rows.append(Moved("bank_either", either, series=bank.series, indicators=bank.indicators))
    return rows

"""What comparators say: a forecast moved towards them, or the question asked as if a region had moved like each.

The first where a region has levels enough for a forecast of its own: comparators are the regions above or beside it
that the indicator names. The second where its levels are too few. How a comparator's own forecast is made is not
decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..data.load import Data
from ..errors import Note, QcityError
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries, annual_series, shifted
from .answer import Assessment, Borrowed, Question, refused, settled

FEWEST = 3  # levels from which a forecast is made
Ahead = Callable[[Question, Assessment, AnnualSeries], Assessment]


def moved_towards(data: Data, own: AnnualSeries, forecast: Forecast) -> tuple[Forecast, tuple[str, ...]]:
    """The forecast moved towards the comparators above or beside the region, and their names as region/indicator.

    Nothing moves, and the names are empty, where no comparator has figures to compare, or where years after the last
    level are known in part: these say more (see `forecasting.annual` for how far a forecast moves).

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.forecasting.annual import forecast_series
    >>> data = qc.load(as_of="2025-12-31")
    >>> city = qc.annual_series(data, "rd_intensity", "nanjing")
    >>> moved_towards(data, city, forecast_series(city, 2025, draws=100))[1]
    ('jiangsu/rd_intensity', 'china/rd_intensity')
    """
    from ..forecasting.annual import borrow, together

    known = own.known()
    partly = {*own.lower, *own.upper, *own.estimates["year"]}
    if forecast.model != "mixture" or len(known) < FEWEST or any(year > known.index[-1] for year in partly):
        return forecast, ()
    near, used = _near(data, own.region), []
    for region, indicator_id in comparators(data, own.indicator_id):
        if region not in near:
            continue
        levels = annual_series(data, indicator_id, region).known().rename(f"{region}/{indicator_id}")
        if together(known, [levels], forecast.years, forecast.support) is not None:
            used.append(levels)
    if not used:
        return forecast, ()
    return borrow(forecast, used), tuple(str(levels.name) for levels in used)


def comparators(data: Data, indicator_id: str) -> list[tuple[str, str]]:
    """Region and indicator of each comparator that an indicator names.

    >>> import qcity_analysis as qc
    >>> comparators(qc.load(), "rd_intensity")[0]
    ('jiangsu', 'rd_intensity')
    """
    named = [part.strip() for part in str(data.indicator(indicator_id)["comparators"] or "").split(";")]
    return [(region, name) for region, _, name in (part.partition("/") for part in named if part)]


def _near(data: Data, region: str) -> set[str]:
    """The regions above a region, and those beside it."""
    parent = {str(name): str(up) for name, up in data.regions[["region", "parent"]].to_numpy()}
    above: list[str] = []
    while (up := parent.get(above[-1] if above else region)) and len(above) < len(parent):
        above.append(up)
    beside = {name for name, up in parent.items() if above and up == above[0]}
    return {*above, *beside} - {region}


def borrowed_answers(question: Question, own: AnnualSeries, ahead: Ahead) -> tuple[Assessment, ...]:
    """One assessment for each comparator the target's indicator names whose changes can be chained on `own`.

    `ahead` adds the forecast of a moved series and its verdict to an answer that has its threshold.
    """
    named = comparators(question.data, question.target.indicator_id)
    lenders = [place for place in named if place != (own.region, own.indicator_id)]
    answers = [_borrowed_from(question, own, region, name, ahead) for region, name in lenders]
    return tuple(answer for answer in answers if answer is not None)


def _borrowed_from(
    question: Question, own: AnnualSeries, region: str, indicator_id: str, ahead: Ahead
) -> Assessment | None:
    data, target, levels = question.data, question.target, own.known()
    relative = target.kind == "relative_change"
    if levels.empty and not relative:
        return None  # nothing of its own to chain the changes on
    start = int(levels.index[-1]) if len(levels) else target.base_year
    assert start is not None
    theirs = annual_series(data, indicator_id, region, base_year=start)
    known = theirs.known()
    base = float(own.values.get(target.base_year, 100.0)) if relative else 1.0
    if start not in known.index or len(known) + theirs.earlier.count() < FEWEST or known[start] == 0:
        return None
    if base <= 0:
        return None  # a change in percent of it means nothing
    level = float(levels.iloc[-1]) if len(levels) else 100.0
    moved = shifted(theirs, start, level, relative or own.base_year is not None)
    row = data.indicator(indicator_id)
    names = {lang: str(row[f"name_{lang}"]) for lang in ("zh", "en")}
    borrowed = Borrowed(region, indicator_id, question.names([region])[0], names)
    plain = question.answer(indicator_id, "borrowed", moved)
    plain = replace(plain, borrowed=borrowed, borrowed_since=start)
    answer = replace(plain, threshold=target.level(base))
    if target.deadline in moved.known().index:
        reached, bound = float(moved.values[target.deadline]), target.bound(base)
        pace = question.pace_so_far(moved, reached, target.deadline)
        answer = replace(answer, bound=bound, notes=moved.notes, pace_so_far=pace)
        return settled(answer, target.is_met(reached, bound), reached)
    try:
        return ahead(question, answer, moved)
    except QcityError as error:  # a comparator that this model cannot take leaves the others standing
        return refused(plain, Note("model", {"why": str(error)}))

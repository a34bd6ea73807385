"""What comparators say: a forecast moved towards them, or the question asked as if a region had moved like each.

The first where a region has levels enough for a forecast of its own: comparators are the regions above or beside it
that the indicator names. The second where its levels are too few. How a comparator's own forecast is made is not
decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.load import Data
from ..errors import Note, QcityError
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries, annual_series, shifted
from .answer import Assessment, Borrowed
from .question import Question

FEWEST = 3  # levels from which a forecast is made


def moved_towards(data: Data, own: AnnualSeries, found: Forecast) -> tuple[Forecast, tuple[str, ...]]:
    """The forecast moved towards the comparators above or beside the region, and their names as region/indicator.

    Nothing moves, and the names are empty, where no comparator has figures to compare, or where years after the last
    level are known in part: these say more (see `forecasting.comparators` for how far a forecast moves).

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.forecasting.annual import forecast_series
    >>> data = qc.load(as_of="2025-12-31")
    >>> city = qc.annual_series(data, "rd_intensity", "nanjing")
    >>> moved_towards(data, city, forecast_series(city, 2025, draws=100))[1]
    ('jiangsu/rd_intensity', 'china/rd_intensity')
    """
    from ..forecasting.comparators import borrow, together

    known = own.known()
    partly = {*own.lower, *own.upper, *own.estimates["year"]}
    if found.model != "mixture" or len(known) < FEWEST or any(year > known.index[-1] for year in partly):
        return found, ()
    near, used = _near(data, own.region), []
    for place in _named(data, own.indicator_id):
        region, _, indicator_id = place.partition("/")
        if region not in near:
            continue
        levels = annual_series(data, indicator_id, region).known().rename(place)
        if together(known, [levels], found.years, found.support) is not None:
            used.append(levels)
    if not used:
        return found, ()
    return borrow(found, used), tuple(str(levels.name) for levels in used)


def _near(data: Data, region: str) -> set[str]:
    """The regions above a region, and those beside it."""
    parent = {
        str(name): str(above)
        for name, above in zip(data.regions["region"], data.regions["parent"], strict=True)
    }
    above: list[str] = []
    while parent.get(region if not above else above[-1]) and len(above) < len(parent):
        above.append(parent[region if not above else above[-1]])
    beside = {name for name, up in parent.items() if above and up == above[0]}
    return {*above, *beside} - {region}


def _named(data: Data, indicator_id: str) -> list[str]:
    named = str(data.indicator(indicator_id)["comparators"])
    return [place for place in (part.strip() for part in named.split(";")) if place]


def borrowed_answers(
    question: Question, own: AnnualSeries, ahead: Callable[..., Assessment]
) -> tuple[Assessment, ...]:
    """One assessment for each comparator the target's indicator names whose changes can be chained on `own`.

    `ahead(series, threshold, indicator_id, **facts)` makes the forecast of a moved series and its verdict.
    """
    answers = []
    for place in _named(question.data, question.target.indicator_id):
        region, _, indicator_id = place.partition("/")
        if (region, indicator_id) != (own.region, own.indicator_id):
            answers.append(_borrowed_from(question, own, region, indicator_id, ahead))
    return tuple(answer for answer in answers if answer is not None)


def _borrowed_from(
    question: Question, own: AnnualSeries, region: str, indicator_id: str, ahead: Callable[..., Assessment]
) -> Assessment | None:
    data, target, levels = question.data, question.target, own.known()
    relative = target.kind == "relative_change"
    if levels.empty and not relative:
        return None  # nothing of its own to chain the changes on
    start = int(levels.index[-1]) if len(levels) else target.base_year
    assert start is not None
    level = float(levels.iloc[-1]) if len(levels) else 100.0
    theirs = annual_series(data, indicator_id, region, base_year=start)
    borrowed = Borrowed(
        region,
        indicator_id,
        {lang: data.region_name(region, lang) for lang in ("zh", "en")},
        {lang: str(data.indicator(indicator_id)[f"name_{lang}"]) for lang in ("zh", "en")},
    )
    known = theirs.known()
    if start not in known.index or len(known) + theirs.earlier.count() < FEWEST or known[start] == 0:
        return None
    moved = shifted(theirs, start, level, relative or own.base_year is not None)
    facts: dict[str, Any] = {"borrowed": borrowed, "borrowed_since": start, "role": "borrowed"}
    base = float(own.values.get(target.base_year, 100.0)) if relative else 1.0
    if base <= 0:
        return None  # a change in percent of it means nothing
    threshold = target.level(base)
    if target.deadline in moved.known().index:
        reached = float(moved.values[target.deadline])
        bound = target.bound(base)
        status = "met" if target.is_met(reached, bound) else "missed"
        return question.make(
            status, indicator_id, series=moved, threshold=threshold, bound=bound, outcome=reached,
            notes=moved.notes, **facts, **question.paces(moved, reached, target.deadline),
        )  # fmt: skip
    try:
        return ahead(moved, threshold, indicator_id, **facts)
    except QcityError as error:  # a comparator that this model cannot take leaves the others standing
        reason = Note("model", {"why": str(error)})
        return question.make("not_assessable", indicator_id, series=moved, reason=reason, **facts)

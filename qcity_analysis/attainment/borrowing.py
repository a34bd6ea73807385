"""The same question if a region had moved like each of its comparators since its own last level.

For regions whose own levels are too few. How a comparator's own forecast is made is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.annual import AnnualSeries, Note, annual_series, shifted
from ..errors import QcityError
from .assessment import Assessment, Borrowed
from .question import Question

FEWEST = 3  # levels from which a forecast is made


def borrowed_answers(
    question: Question, own: AnnualSeries, ahead: Callable[..., Assessment]
) -> tuple[Assessment, ...]:
    """One assessment for each comparator the target's indicator names whose changes can be chained on `own`.

    `ahead(series, threshold, indicator_id, **facts)` makes the forecast of a moved series and its verdict.
    """
    named = str(question.data.indicator(question.target.indicator_id)["comparators"])
    answers = []
    for place in filter(None, (part.strip() for part in named.split(";"))):
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
    base = own.values.get(target.base_year, 100.0) if relative else 1.0
    threshold = float(base * (1 + target.threshold / 100)) if relative else float(target.threshold)  # type: ignore
    if target.deadline in moved.known().index:
        reached = float(moved.values[target.deadline])
        bound = target.bound(threshold)
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

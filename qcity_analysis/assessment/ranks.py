"""Targets on a position among peers: all of them drawn ahead together, and ranked in every draw.

Peers are the regions with the same parent in `regions.csv`, by the same indicator; or, where the indicator names
comparators (as a published rank has to, which says nothing without the figures behind it), those: `region/indicator`
for every peer, the region's own figures being those of that indicator. Every peer must have figures to forecast from:
a rank among some of them is not the rank asked for.

Each region's paths are drawn independently. A shock that moves all alike changes no order and is left out; where
regions move together more than that, the rank is somewhat more certain than said here. Equal figures share the
better place, as in published tables; drawn counts are compared as whole numbers where the published ones are.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Note, QcityError
from ..series.annual import AnnualSeries, annual_series
from ..targets import reaches
from .answer import Assessment
from .question import Question, judged

FEWEST = 3  # levels from which a forecast is made


def rank(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target on the rank among peers; not assessable without every peer's figures."""
    target = question.target
    own = question.series(indicator_id)
    assert target.threshold is not None  # checked when the targets were read
    facts: dict[str, Any] = {"threshold": target.threshold, "bound": target.bound(), "role": role}
    by_peers, field = peers(question, indicator_id)
    found = question.outcome(own, target.bound()) if by_peers != indicator_id else None
    if found is not None:  # a published rank for the deadline, or its bound, decides by itself
        status = "met" if target.is_met(found[0], target.bound()) else "missed"
        notes = (*own.notes, *found[1])
        return question.make(status, indicator_id, series=own, outcome=found[0], notes=notes, **facts)
    short = [name for name, series in field.items() if len(series.known()) < FEWEST]
    if len(field) < 2 or short:
        facts |= {"series": own, "notes": own.notes}
        return question.make(
            "not_assessable", indicator_id, reason=_why(question, own, field, short), **facts
        )
    better_high = str(question.data.indicator(by_peers)["better"]) != "lower"
    return _among(question, indicator_id, field, better_high, facts)


def peers(question: Question, indicator_id: str) -> tuple[str, dict[str, AnnualSeries]]:
    """The indicator that decides the rank, and its series by region, the target's own region first."""
    data, region = question.data, question.target.region
    named = [
        part.strip()
        for part in str(data.indicator(indicator_id)["comparators"] or "").split(";")
        if part.strip()
    ]
    places = [tuple(part.partition("/")[::2]) for part in named]
    if places:
        by = str(places[0][1])
        regions = [str(place) for place, name in places if name == by]
    else:
        by, table = indicator_id, data.regions
        parent = table.loc[table["region"] == region, "parent"]
        same = table["parent"] == (parent.iloc[0] if len(parent) and parent.iloc[0] else None)
        regions = [str(name) for name in table.loc[same, "region"]]
    field = dict.fromkeys([region, *regions])
    return by, {name: annual_series(data, by, name) for name in field}


def _why(question: Question, own: AnnualSeries, field: dict[str, AnnualSeries], short: list[str]) -> Note:
    if len(field) < 2:
        held = sum(len(rows) for rows in (own.observations, own.bounds, own.unused))
        return Note("no_peers" if held else "no_observation", {"count": 0})
    names = {
        f"names_{lang}": [question.data.region_name(name, lang) for name in short] for lang in ("zh", "en")
    }
    return Note("peers_short", {"peers": len(field)} | names)


def places(levels: np.ndarray, better_high: bool) -> np.ndarray:
    """The rank of the first of the regions along the last axis; equal levels share the better place.

    >>> places(np.array([[3.0, 5.0, 3.0, 1.0]]), better_high=True)
    array([2.])
    """
    own = levels[..., :1]
    return np.asarray(1.0 + (~reaches(own, levels, better_high)).sum(axis=-1))


def _among(
    question: Question,
    indicator_id: str,
    field: dict[str, AnnualSeries],
    better_high: bool,
    facts: dict[str, Any],
) -> Assessment:
    from ..forecasting.forecast import Forecast
    from ..forecasting.predictive import batch_sizes

    target, lead = question.target, next(iter(field.values()))
    table = pd.DataFrame({name: series.known() for name, series in field.items()})
    complete = table.dropna()
    ranks = pd.Series(
        places(complete.to_numpy(), better_high), index=complete.index, name="level", dtype=float
    )
    series = _as_ranks(lead, field, ranks.loc[: target.deadline])
    names = {
        f"names_{lang}": [question.data.region_name(name, lang) for name in field] for lang in ("zh", "en")
    }
    notes = (*lead.notes, Note("ranked_among", {"count": len(field)} | names))
    facts |= {"series": series}
    if target.deadline in ranks.index:
        outcome = float(ranks[target.deadline])
        status = "met" if target.is_met(outcome, target.bound()) else "missed"
        return question.make(status, indicator_id, outcome=outcome, notes=notes, **facts)
    late = [name for name, one in field.items() if int(one.known().index[-1]) > target.deadline]
    if any(target.deadline not in field[name].known().index for name in late):
        gap = Note("deadline_gap", {"deadline": target.deadline, "last": int(table.index[-1])})
        return question.make("not_assessable", indicator_id, reason=gap, notes=notes, **facts)
    first = min(int(one.known().index[-1]) for one in field.values()) + 1
    years = np.arange(first, target.deadline + 1)
    try:
        drawn = np.stack([_drawn(question, k, one, years) for k, one in enumerate(field.values())], axis=-1)
    except QcityError as error:
        reason = Note("model", {"why": str(error)})
        return question.make("not_assessable", indicator_id, reason=reason, notes=notes, **facts)
    batches = len(batch_sizes(question.draws))
    found = Forecast(
        places(drawn, better_high), years, "joint_ranks", "positive", series.known(), batches=batches
    )
    met = target.is_met(found.paths[:, -1], target.bound())
    notes = (*notes, *question.awaiting(first - 1))
    return question.make(
        "forecast", indicator_id, likelihood="joint_ranks", notes=notes, **facts, **judged(found, met)
    )


def _drawn(question: Question, place: int, series: AnnualSeries, years: np.ndarray) -> np.ndarray:
    """Levels of one region in `years` for each draw: what is known as it is, the rest from its own forecast."""
    from ..forecasting.annual import forecast_series

    known, until = series.known(), int(years[-1])
    table = np.full((question.draws, len(years)), np.nan)
    last = int(known.index[-1])
    if last < until:
        rng = np.random.default_rng([question.seed, place])
        found = forecast_series(series, until, model=question.model, draws=question.draws, rng=rng)
        for k, year in enumerate(found.years):
            if year >= years[0]:
                table[:, int(year - years[0])] = found.paths[:, k]
    filled = series.values.interpolate()  # a gap before the last level shows in the picture only
    for k, year in enumerate(years):
        if year <= last:
            table[:, k] = filled[year]
    whole = series.support == "count" and bool((known % 1 == 0).all())
    return np.round(table) if whole else table


def _as_ranks(lead: AnnualSeries, field: dict[str, AnnualSeries], ranks: pd.Series) -> AnnualSeries:
    """The region's ranks as a series, with the figures of all regions as those used."""
    rows = pd.concat([one.observations for one in field.values()], ignore_index=True)
    return dataclasses.replace(
        lead, values=ranks, earlier=ranks.iloc[:0], breaks=(), support="positive", base_year=None, unit=str(lead.unit),
        observations=rows, bounds=lead.bounds.iloc[:0], lower={}, upper={}, noisy={}, shared=(),
        estimates=lead.estimates.iloc[:0],
    )  # fmt: skip

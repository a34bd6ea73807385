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

from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import Note, QcityError
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries, annual_series
from ..targets import reaches
from .answer import Assessment, Question, bare, judged, refused, settled
from .borrowing import FEWEST, comparators

Peers = dict[str, AnnualSeries]  # by region, the target's own first


def rank(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target on the rank among peers; not assessable without every peer's figures."""
    target, bound = question.target, question.target.bound()
    own = question.series(indicator_id)
    answer = question.answer(
        indicator_id, role, own, threshold=target.threshold, bound=bound, notes=own.notes
    )
    by, peers = _peers(question, indicator_id)
    told = question.outcome(own, bound) if by != indicator_id else None
    if told is not None:  # a published rank for the deadline, or its bound, decides by itself
        answer = replace(answer, notes=(*answer.notes, *told[1]))
        return settled(answer, target.is_met(told[0], bound), told[0])
    if len(peers) < 2:
        held = sum(len(rows) for rows in (own.observations, own.bounds, own.unused))
        return refused(answer, Note("no_peers" if held else "no_observation", {"count": 0}))
    short = [name for name, series in peers.items() if len(series.known()) < FEWEST]
    if short:
        return refused(answer, question.names_note("peers_short", short, peers=len(peers)))
    better_high = str(question.data.indicator(by)["better"]) != "lower"
    return _among(question, indicator_id, role, peers, better_high)


def _peers(question: Question, indicator_id: str) -> tuple[str, Peers]:
    """The indicator that decides the rank, and its series of every peer."""
    data, region = question.data, question.target.region
    named = comparators(data, indicator_id)
    by = named[0][1] if named else indicator_id
    regions = [place for place, name in named if name == by]
    if not named:
        table = data.regions
        parent = table.loc[table["region"] == region, "parent"]
        same = table["parent"] == (parent.iloc[0] if len(parent) and parent.iloc[0] else None)
        regions = [str(name) for name in table.loc[same, "region"]]
    return by, {name: annual_series(data, by, name) for name in dict.fromkeys([region, *regions])}


def places(levels: np.ndarray, better_high: bool) -> np.ndarray:
    """The rank of the first of the regions along the last axis; equal levels share the better place.

    >>> places(np.array([[3.0, 5.0, 3.0, 1.0]]), better_high=True)
    array([2.])
    """
    own = levels[..., :1]
    return np.asarray(1.0 + (~reaches(own, levels, better_high)).sum(axis=-1))


def _among(question: Question, indicator_id: str, role: str, peers: Peers, better_high: bool) -> Assessment:
    from ..forecasting.mixture import batch_sizes

    target, deadline, lead = question.target, question.target.deadline, next(iter(peers.values()))
    table = pd.DataFrame({name: series.known() for name, series in peers.items()})
    levels = table.dropna()
    ranks = pd.Series(places(levels.to_numpy(), better_high), levels.index, name="level", dtype=float)
    rows = pd.concat([one.observations for one in peers.values()], ignore_index=True)
    series = bare(lead, ranks.loc[:deadline], rows)
    series = replace(series, support="positive", base_year=None)
    notes = (*lead.notes, question.names_note("ranked_among", list(peers), count=len(peers)))
    answer = question.answer(
        indicator_id, role, series, threshold=target.threshold, bound=target.bound(), notes=notes
    )
    if deadline in ranks.index:
        return settled(answer, target.is_met(float(ranks[deadline]), target.bound()), float(ranks[deadline]))
    ends = {name: table[name].last_valid_index() for name in table}
    if any(end > deadline and np.isnan(table[name].get(deadline, np.nan)) for name, end in ends.items()):
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": int(table.index[-1])}))
    first = int(min(ends.values())) + 1
    years = np.arange(first, deadline + 1)
    try:
        drawn = np.stack([_drawn(question, k, one, years) for k, one in enumerate(peers.values())], axis=-1)
    except QcityError as error:
        return refused(answer, Note("model", {"why": str(error)}))
    batches = len(batch_sizes(question.draws))
    paths = places(drawn, better_high)
    forecast = Forecast(paths, years, "joint_ranks", "positive", series.known(), batches=batches)
    notes = (*notes, *question.awaiting(first - 1))
    answer = replace(answer, likelihood="joint_ranks", notes=notes)
    return judged(answer, forecast, target.is_met(paths[:, -1], target.bound()))


def _drawn(question: Question, place: int, series: AnnualSeries, years: np.ndarray) -> np.ndarray:
    """Levels of one region in `years` for each draw: what is known as it is, the rest from its own forecast."""
    from ..forecasting.annual import forecast_series

    known, until = series.known(), int(years[-1])
    filled = series.values.interpolate()  # a gap before the last level shows in the picture only
    table = np.tile(filled.reindex(years).to_numpy(), (question.draws, 1))
    if int(known.index[-1]) < until:
        rng = np.random.default_rng([question.seed, place])
        ahead = forecast_series(series, until, model=question.model, draws=question.draws, rng=rng)
        late = ahead.years >= years[0]
        table[:, ahead.years[late] - years[0]] = ahead.paths[:, late]
    whole = series.support == "count" and bool((known % 1 == 0).all())
    return np.round(table) if whole else table

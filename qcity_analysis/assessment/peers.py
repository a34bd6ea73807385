"""What other regions say: a forecast moved towards comparators, a reference made from them, and a rank among peers.

Where a region has levels enough for a forecast of its own, the forecast is moved towards the regions above or beside it
that the indicator names as comparators; where they are too few, a reference is made from these: `forecasting.outside`.

For a rank all peers are drawn ahead together and ranked in every draw. Peers are the regions with the same parent, by
the same indicator; or those that the indicator names, as a published rank has to: `region/indicator` for every peer. A
rank among some of them is not the rank asked for, so each must have figures. Each is drawn independently: a shock that
moves all alike changes no order; where they move together more than that, the rank is more certain than said here.
Equal figures share the better rank, as in published tables; drawn counts are whole where the published ones are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from ..catalogue import join
from ..data.load import Data
from ..errors import Note, QcityError
from ..forecasting.annual import borrow, compares, forecast_series
from ..forecasting.forecast import Forecast
from ..forecasting.mixture import batch_sizes
from ..forecasting.outside import Comparator, central, reference
from ..series.annual import AnnualSeries, annual_series, shifted
from ..targets import reaches
from .answer import Assessment, Borrowed, Question, bare, judged, refused, settled

FEWEST = 3  # levels from which a forecast is made
Ahead = Callable[[Question, Assessment, AnnualSeries, Forecast], Assessment]


def moved_towards(data: Data, own: AnnualSeries, forecast: Forecast) -> tuple[Forecast, tuple[str, ...]]:
    """The forecast moved towards the comparators above or beside the region, and their names as region/indicator.

    Nothing moves, and the names are empty, where no comparator has figures to compare, or where years after the last
    level are known in part: these say more (see `forecasting.annual` for how far a forecast moves).
    """
    known, above = own.known(), _above(data, own.region)
    few = forecast.model != "mixture" or len(known) < FEWEST
    if few or any(year > known.index[-1] for year in own.evidence.years()):
        return forecast, ()
    near = {*above, *data.regions.loc[data.regions["parent"].isin(above[:1]), "region"]} - {own.region}
    named = [(region, name) for region, name in data.comparators(own.indicator_id) if region in near]
    each = [annual_series(data, name, region).known().rename(f"{region}/{name}") for region, name in named]
    used = [one for one in each if compares(one, int(known.index[-1]))]
    return (borrow(forecast, used) if used else forecast), tuple(str(one.name) for one in used)


def _above(data: Data, region: str) -> list[str]:
    """The regions that a region belongs to, the nearest first."""
    parent = {str(name): str(up) for name, up in data.regions[["region", "parent"]].to_numpy()}
    above: list[str] = []
    while (up := parent.get(above[-1] if above else region)) and len(above) < len(parent):
        above.append(up)
    return above


def reference_answers(question: Question, own: AnnualSeries, ahead: Ahead) -> tuple[Assessment, ...]:
    """The answer if the region had moved since its last (or base) year beside its comparators, a tuple of one; empty
    without one that can be chained on `own`. Of each region the first series counts that the indicator names.
    """
    target, levels, data = question.target, own.known(), question.data
    start = int(levels.index[-1]) if len(levels) else target.base_year
    if start is None or start >= target.deadline or not (len(levels) or target.relative):
        return ()
    base = float(own.values.get(target.base_year, 100.0)) if target.relative else 1.0
    level, theirs = float(levels.iloc[-1]) if len(levels) else 100.0, dict[str, AnnualSeries]()
    for region, name in data.comparators(target.indicator_id):
        one = annual_series(data, name, region, base_year=start)
        enough = len(one.known()) + one.earlier.count() >= FEWEST and one.known().get(start)
        if enough and (region, name) != (own.region, own.indicator_id):
            theirs.setdefault(region, one)
    if not theirs or min(level, base) <= 0:  # there is no percent of zero or less
        return ()
    by_ratio, first = target.relative or own.base_year is not None, next(iter(theirs.values()))
    support = "positive" if by_ratio else own.support
    used = pd.concat([one.observations for one in theirs.values()], ignore_index=True)
    moved = shifted(first, start, level, by_ratio)
    moved = replace(bare(moved, moved.values.loc[:start], used), support=support)
    plain = question.answer(first.indicator_id, "borrowed", moved)
    plain = replace(plain, threshold=target.level(base), bound=target.bound(base), borrowed_since=start)
    above, years = {*_above(data, own.region), own.region}, np.arange(start + 1, target.deadline + 1)
    each: list[Comparator] = []
    try:
        for k, (region, one) in enumerate(theirs.items()):
            paths, name = _drawn(question, one, years, k), f"{region}/{one.indicator_id}"
            each.append(Comparator(name, region in above, one.known(), one.earlier, paths))
        rng = np.random.default_rng([question.seed, len(each)])
        made = reference(level, start, each, years, support, rng)
    except QcityError as error:
        return (refused(plain, Note("model", getattr(error, "values", {"why": str(error)}))),)
    named = list(dict.fromkeys(one.name for one in (*central(each), *each)))
    names = {lang: str(data.indicator(first.indicator_id)[f"name_{lang}"]) for lang in ("zh", "en")}
    places = [question.names(name.partition("/")[0]) for name in named]
    regions = {lang: join([place[lang] for place in places], lang) for lang in names}
    regions = names if first.region == own.region else regions
    lent = Borrowed(first.region, first.indicator_id, regions, names, tuple(named))
    return (ahead(question, replace(plain, borrowed=lent), moved, made),)


def _drawn(question: Question, series: AnnualSeries, years: np.ndarray, k: int) -> np.ndarray:
    """Levels (draws, years): what is known as it is, a gap before the last level on a line, the rest forecast."""
    until, held = int(years[-1]), series.values.interpolate().reindex(years)
    table = np.tile(held.to_numpy(), (question.draws, 1))
    if int(series.known().index[-1]) < until:
        rng = np.random.default_rng([question.seed, k])
        ahead = forecast_series(series, until, model=question.model, draws=question.draws, rng=rng)
        late = ahead.years >= years[0]
        table[:, ahead.years[late] - years[0]] = ahead.paths[:, late]
    return table


def rank(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target on the rank among peers; not assessable without every peer's figures."""
    data, target, bound = question.data, question.target, question.target.bound()
    own, named = question.series(indicator_id), question.data.comparators(indicator_id)
    asked = {"threshold": target.threshold, "bound": bound}
    answer = question.answer(indicator_id, role, own, **asked, notes=own.notes)
    by = named[0][1] if named else indicator_id  # the indicator that decides the rank
    outcome = question.outcome(own, bound) if by != indicator_id else None
    if outcome is not None:  # a published rank for the deadline, or its bound, decides by itself
        told = replace(answer, notes=(*answer.notes, *outcome[1]))
        return settled(told, target.is_met(outcome[0], bound), outcome[0])
    parents = data.regions.set_index("region")["parent"]
    beside = parents.index[parents == (parents.get(target.region) or None)]
    regions = [region for region, name in named if name == by] if named else beside
    peers = {name: annual_series(data, by, name) for name in dict.fromkeys([target.region, *regions])}
    if len(peers) < 2:
        nothing = not any(len(rows) for rows in (own.observations, own.bounds, own.unused))
        return refused(answer, Note("no_observation" if nothing else "no_peers", {"count": 0}))
    short = [name for name, series in peers.items() if len(series.known()) < FEWEST]
    if short:
        return refused(answer, question.names_note("peers_short", short, peers=len(peers)))
    higher, lead = str(data.indicator(by)["better"]) != "lower", peers[target.region]
    levels = pd.DataFrame({name: series.known() for name, series in peers.items()}).dropna()
    ranks = pd.Series(ranked(levels.to_numpy(), higher), levels.index, name="level", dtype=float)
    rows = pd.concat([one.observations for one in peers.values()], ignore_index=True)
    series = replace(bare(lead, ranks.loc[: target.deadline], rows), support="positive", base_year=None)
    notes = (*lead.notes, question.names_note("ranked_among", list(peers), count=len(peers)))
    answer = question.answer(indicator_id, role, series, **asked, notes=notes)
    if target.deadline in ranks.index:
        last = float(ranks[target.deadline])
        return settled(answer, target.is_met(last, bound), last)
    return _ahead(question, answer, series, list(peers.values()), higher)


def ranked(levels: np.ndarray, higher: bool) -> np.ndarray:
    """The rank of the first of the regions along the last axis; equal levels share the better rank.

    >>> ranked(np.array([[3.0, 5.0, 3.0, 1.0]]), higher=True)
    array([2.])
    """
    return np.asarray(1.0 + (~reaches(levels[..., :1], levels, higher)).sum(axis=-1))


def _ahead(
    question: Question, answer: Assessment, ranks: AnnualSeries, peers: list[AnnualSeries], higher: bool
) -> Assessment:
    """The ranks of years to come: what is known as it is, the rest from each region's own forecast."""
    target, deadline, drawn = question.target, question.target.deadline, []
    ends = [int(series.known().index[-1]) for series in peers]
    if any(end > deadline and deadline not in one.known() for end, one in zip(ends, peers, strict=True)):
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": max(ends)}))
    years = np.arange(min(ends) + 1, deadline + 1)
    for k, one in enumerate(peers):
        table = _drawn(question, one, years, k)
        drawn.append(np.round(table) if one.support == "count" and (one.known() % 1 == 0).all() else table)
    paths, batches = ranked(np.stack(drawn, axis=-1), higher), len(batch_sizes(question.draws))
    forecast = Forecast(paths, years, "joint_ranks", "positive", ranks.known(), batches=batches)
    told = (*answer.notes, *question.awaiting(int(years[0]) - 1))
    answer = replace(answer, likelihood="joint_ranks", notes=told)
    return judged(answer, forecast, target.is_met(paths[:, -1], target.bound()))

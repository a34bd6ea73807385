"""Targets on what happens or does not: no event in a period, and milestones.

The yearly rate of events has Jeffreys' prior Gamma(½, 0); after y events in T years of published figures it is
Gamma(y + ½, T), and none will happen in τ more years with probability (T / (T + τ))^(y + ½), exactly. Years of the
period without a figure belong to τ. Events are taken as independent at one rate: no trend, no clusters. Fewer than
three numbers tell no rate. A milestone is done by a published 1, not done by a 0 for the deadline; nothing else is
guessed.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from ..data.vintages import is_whole, months_covered
from ..errors import Note
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries
from ..series.evidence import new_counts
from ..targets import reaches
from .answer import Assessment, Question, bare, ipcc_word, judged, refused, settled
from .counts import Counted, counted


def zero_event(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target of no event from the year after the base year to the deadline.

    Without a base year the deadline's year alone counts. A published event in the period is a miss at once; without
    any published figure there is no exposure, and the target is not assessable.
    """
    target, bound = question.target, question.target.bound()
    start = target.base_year if target.base_year is not None else target.deadline - 1
    raw = question.series(indicator_id)
    rounds = str(question.data.indicator(indicator_id).get("rounds", ""))
    held = _in_years(raw, start, target.deadline, rounds)
    notes = [n for n in raw.notes if n.code != "new_counts" and not n.code.startswith("unused_")]
    series = replace(
        bare(raw, held.cumulated() if len(held.rows) else raw.values.iloc[:0], held.rows),
        unused=raw.unused[raw.unused["measure"] != "level"],
        notes=tuple(notes),
    )
    notes.append(Note("event_years", {"first": start + 1, "last": target.deadline}))
    answer = question.answer(
        indicator_id, role, series, threshold=target.level(), bound=bound, notes=tuple(notes)
    )
    answer = replace(answer, period=(start + 1, target.deadline))
    if not held.counts:
        rows = sum(len(rows) for rows in (raw.observations, raw.bounds, raw.unused, raw.new_counts))
        return refused(answer, Note("only_bounds" if rows else "no_exposure"))
    answer = replace(answer, tally=held.tally(question.data.as_of.year))
    if not target.is_met(held.certain, bound):
        return settled(answer, False, held.certain, held.reached_in(bound, beyond=True))
    if target.is_met(held.most, bound):
        return settled(answer, True, held.most)
    few = held.too_few()
    return refused(answer, few) if few else _ahead(question, answer, held, bound)


def none_in(events: float, exposure: float, ahead: float, allowed: float = 0.0) -> float:
    """The probability of no event (or at most `allowed`) in `ahead` years after `events` in `exposure` years, with
    Jeffreys' prior.

    Raises ZeroDivisionError without any exposure.

    >>> round(none_in(0, 5, 2), 3)
    0.845
    """
    from scipy.special import betainc

    return float(betainc(events + 0.5, math.floor(allowed) + 1, exposure / (exposure + ahead)))


def _in_years(raw: AnnualSeries, start: int, deadline: int, rounds: str) -> Counted:
    """Events by year, from counts of new items and from levels, which here are numbers of the year as well."""
    frames = [rows for rows in (raw.observations, raw.bounds, raw.unused) if len(rows)]
    rows = pd.concat(frames, ignore_index=True) if frames else raw.new_counts
    levels = rows[rows["measure"] == "level"] if len(rows) else rows
    if len(levels):
        months = [months_covered(str(period)) for period in levels["period"]]
        levels = levels.assign(measure="count_new", months=months, count=levels["value"])
    both = pd.concat([rows for rows in (raw.new_counts, levels) if len(rows)] or [raw.new_counts])
    both = new_counts(both) if len(both) else both
    if len(both):  # at most none is none
        both.loc[(both["qualifier"] == "<=") & (both["count"] == 0), "qualifier"] = "="
    return counted(replace(raw, new_counts=both), pd.DataFrame(), start, deadline, rounds)


def _ahead(question: Question, answer: Assessment, held: Counted, bound: float) -> Assessment:
    """The exact probability of none in the time left, and draws of the number of events for the picture."""
    assert answer.series is not None
    rng = np.random.default_rng(question.seed)
    events, exposure = sum(c.count for c in held.numbers), held.exposure
    ahead = len(held.years) - held.covered
    probability = none_in(events, exposure, ahead, bound - held.certain)
    rate = rng.standard_gamma(events + 0.5, question.draws) / exposure
    years = np.arange(held.start + 1, held.deadline + 1)
    done = {year: share for c in held.inside if c.qualifier == "=" for year, share in c.parts}
    open_ = set(held.years)
    left = np.array([1 - done.get(int(year), 0.0) if int(year) in open_ else 0.0 for year in years])
    paths = np.cumsum(rng.poisson(rate[:, None] * left), axis=1).astype(float)
    first = int(np.flatnonzero(left > 0)[0])
    known = answer.series.known()
    forecast = Forecast(paths[:, first:], years[first:], "events", "count", known)
    last = int((held.through or str(held.start))[:4])
    spans = {"exposure": exposure, "left": ahead}
    shown = {name: f"{span:.1f}".removesuffix(".0") for name, span in spans.items()}
    rate_note = Note("event_rate", {"events": f"{events:g}"} | shown)
    answer = judged(answer, forecast, paths[:, -1] <= bound)
    return replace(
        answer, likelihood="events", probability=probability, probability_error=0.0, word=ipcc_word(probability),
        expected=(events + 0.5) / exposure * ahead, notes=(*answer.notes, *question.awaiting(last), rate_note),
    )  # fmt: skip


def milestone(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a milestone; there is never a probability, since figures say nothing on its chance."""
    deadline, series = question.target.deadline, question.series(indicator_id)
    answer = question.answer(indicator_id, role, series, notes=series.notes)
    frames = [series.observations, series.unused, series.bounds, series.new_counts]
    rows = pd.concat([rows for rows in frames if len(rows)] or frames[:1])
    rows = rows.sort_values(["year", "period"], kind="stable")
    if rows.empty:
        return refused(answer, Note("no_observation", {"count": 0}))
    ones, year = reaches(rows["value"], 1.0), rows["year"]
    done = rows[ones & (year <= deadline) & (rows["qualifier"] != "<=")]
    if len(done):
        return settled(answer, True, 1.0, str(done["period"].iloc[0]))
    over = year - ~is_whole(rows["period"])  # last year that is over
    if (~ones & (over >= deadline) & (rows["qualifier"] != ">=")).any():  # not done at or after the deadline
        return settled(answer, False, 0.0)
    late = year[year > deadline]
    if len(late):
        return refused(answer, Note("deadline_gap", {"deadline": deadline, "last": int(late.iloc[0])}))
    return refused(answer, Note("milestone_open", {"period": str(rows["period"].iloc[-1])}))

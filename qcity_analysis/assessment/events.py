"""Targets of no event in a period: what happened, and the chance that nothing does in the time left.

The yearly rate of events has Jeffreys' prior Gamma(½, 0); after y events in T years of published figures it is
Gamma(y + ½, T), and none will happen in τ more years with probability (T / (T + τ))^(y + ½), exactly. Years of the
period without a figure belong to τ. Events are taken as independent at one rate: no trend, no clusters. Fewer than
three numbers tell no rate.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from ..data.vintages import months_covered
from ..errors import Note
from ..series.annual import AnnualSeries
from ..series.evidence import new_counts
from ..targets import reaches
from .answer import Assessment, Tally, ipcc_word
from .counted import Counted, counted
from .question import FAN, Question


def zero_event(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a target of no event from the year after the base year to the deadline.

    Without a base year the deadline's year alone counts. A published event in the period is a miss at once; without
    any published figure there is no exposure, and the target is not assessable.
    """
    target = question.target
    start = target.base_year if target.base_year is not None else target.deadline - 1
    raw = question.series(indicator_id)
    held = _in_years(raw, start, question.rounds(indicator_id))
    series = _as_events(raw, held, target.deadline)
    facts: dict[str, Any] = {
        "series": series, "threshold": target.level(), "bound": target.bound(), "role": role,
        "period": (start + 1, target.deadline),
        "notes": (*series.notes, Note("event_years", {"first": start + 1, "last": target.deadline})),
    }  # fmt: skip
    if not held.counts:
        rows = sum(len(rows) for rows in (raw.observations, raw.bounds, raw.unused, raw.new_counts))
        reason = Note("only_bounds" if rows else "no_exposure")
        return question.make("not_assessable", indicator_id, reason=reason, **facts)
    seen, most = held.certain(target.deadline), held.most(target.deadline)
    facts["tally"] = _tally(question, held, seen)
    if not target.is_met(seen, facts["bound"]):
        place = held.reached_in(facts["bound"], target.deadline, beyond=True)
        return question.make("missed", indicator_id, outcome=seen, settled_in=place, **facts)
    if target.is_met(most, facts["bound"]):
        return question.make("met", indicator_id, outcome=most, **facts)
    few = held.too_few()
    if few is not None:
        return question.make("not_assessable", indicator_id, reason=few, **facts)
    return _ahead(question, indicator_id, held, facts)


def none_in(events: float, exposure: float, ahead: float, allowed: float = 0.0) -> float:
    """The probability of no event (or at most `allowed`) in `ahead` years after `events` in `exposure` years, with
    Jeffreys' prior.

    Raises ZeroDivisionError without any exposure.

    >>> round(none_in(0, 5, 2), 3)
    0.845
    """
    from scipy.special import betainc

    return float(betainc(events + 0.5, math.floor(allowed) + 1, exposure / (exposure + ahead)))


def _in_years(raw: AnnualSeries, start: int, rounds: str) -> Counted:
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
    return counted(dataclasses.replace(raw, new_counts=both), pd.DataFrame(), start, rounds)


def _as_events(raw: AnnualSeries, held: Counted, deadline: int) -> AnnualSeries:
    """The series as the events since the start of the period, by year."""
    notes = [n for n in raw.notes if n.code != "new_counts" and not n.code.startswith("unused_")]
    values = held.cumulated(deadline) if len(held.rows) else raw.values.iloc[:0]
    return dataclasses.replace(
        raw, values=values, earlier=raw.earlier.iloc[:0], breaks=(), observations=held.rows,
        bounds=raw.bounds.iloc[:0], unused=raw.unused[raw.unused["measure"] != "level"],
        notes=tuple(notes), lower={}, upper={}, noisy={}, shared=(), estimates=raw.estimates.iloc[:0],
    )  # fmt: skip


def _tally(question: Question, held: Counted, seen: float) -> Tally:
    target = question.target
    assert held.start is not None
    return Tally(
        count=seen,
        through=held.through(target.deadline),
        years=len(held.years(target.deadline)),
        covered=held.covered(target.deadline),
        unknown=held.unknown(target.deadline, question.data.as_of.year),
        needed=0.0,
        exposure=held.exposure(),
    )


def _ahead(question: Question, indicator_id: str, held: Counted, facts: dict[str, Any]) -> Assessment:
    """The exact probability of none in the time left, and draws of the number of events for the picture."""
    from ..forecasting.forecast import Forecast

    target, rng = question.target, question.rng()
    assert held.start is not None
    events = sum(c.count for c in held.counts if c.qualifier == "=")
    exposure = held.exposure()
    ahead = len(held.years(target.deadline)) - held.covered(target.deadline)
    allowed = facts["bound"] - held.certain(target.deadline)
    probability = none_in(events, exposure, ahead, allowed)
    rate = rng.standard_gamma(events + 0.5, question.draws) / exposure
    years = np.arange(held.start + 1, target.deadline + 1)
    done = {
        year: share for c in held.inside(target.deadline) if c.qualifier == "=" for year, share in c.parts
    }
    open_ = set(held.years(target.deadline))
    left = np.array([1 - done.get(int(year), 0.0) if int(year) in open_ else 0.0 for year in years])
    paths = np.cumsum(rng.poisson(rate[:, None] * left), axis=1).astype(float)
    first = int(np.flatnonzero(left > 0)[0])
    found = Forecast(paths[:, first:], years[first:], "events", "count", facts["series"].known())
    fan = found.quantiles(FAN)
    last = int((held.through(target.deadline) or str(held.start))[:4])
    shown = {"events": f"{events:g}", "exposure": _years(exposure), "left": _years(ahead)}
    notes = (*facts.pop("notes"), *question.awaiting(last), Note("event_rate", shown))
    return question.make(
        "forecast", indicator_id, likelihood="events", forecast=found, probability=probability,
        probability_error=0.0, word=ipcc_word(probability), fan=fan, notes=notes,
        expected=(events + 0.5) / exposure * ahead, median=float(fan.iloc[-1][0.5]),
        interval=(float(fan.iloc[-1][0.05]), float(fan.iloc[-1][0.95])), **facts,
    )  # fmt: skip


def _years(span: float) -> str:
    return f"{span:.1f}".removesuffix(".0")


def milestone(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a milestone; there is never a probability, since figures say nothing on its chance."""
    target = question.target
    series = question.series(indicator_id)
    frames = [series.observations, series.unused, series.bounds, series.new_counts]
    rows = pd.concat([rows for rows in frames if len(rows)] or frames[:1])
    rows = rows.sort_values(["year", "period"], kind="stable")
    facts: dict[str, Any] = {"series": series, "role": role, "notes": series.notes}
    if rows.empty:
        reason = Note("no_observation", {"count": 0})
        return question.make("not_assessable", indicator_id, reason=reason, **facts)
    ends = rows["year"] - [
        months_covered(str(period)) < 12 for period in rows["period"]
    ]  # last year that is over
    ones = reaches(rows["value"], 1.0)
    done = rows[ones & (rows["year"] <= target.deadline) & (rows["qualifier"] != "<=")]
    if len(done):
        place = str(done["period"].iloc[0])
        return question.make("met", indicator_id, outcome=1.0, settled_in=place, **facts)
    last = str(rows["period"].iloc[-1])
    if (
        ~ones & (ends >= target.deadline) & (rows["qualifier"] != ">=")
    ).any():  # not done at or after the deadline
        return question.make("missed", indicator_id, outcome=0.0, **facts)
    late = rows[rows["year"] > target.deadline]
    if len(late):
        reason = Note("deadline_gap", {"deadline": target.deadline, "last": int(late["year"].iloc[0])})
    else:
        reason = Note("milestone_open", {"period": last})
    return question.make("not_assessable", indicator_id, reason=reason, **facts)

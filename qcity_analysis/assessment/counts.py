"""Targets on the sum of what is new since a base year: what is counted, and what the remaining time may bring.

The rest of the period is Gamma–Poisson (see `counts`). Years without a figure are drawn, never taken as zero. A count
cannot fall: a target reached is met before its deadline. Fewer than three numbers tell no rate: they do not show how
years differ.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Note
from ..series.annual import AnnualSeries
from ..targets import Pace, reaches
from .answer import Assessment, Tally
from .counted import Counted, counted, unit_of
from .question import Question, judged
from .rates import new_items, posterior

UNTOLD = ("new_counts", "stock_within_year", "year_to_date")  # notes on levels, which counts are not


def cumulative(question: Question, indicator_id: str, role: str = "main") -> Assessment:
    """The assessment of a cumulative target under one indicator.

    Met or missed once what is counted decides; else the share of draws that reach the target; not assessable without
    any count to tell a rate from.
    """
    target = question.target
    raw = question.series(indicator_id)
    totals = question.totals(indicator_id)
    held = counted(raw, totals, target.base_year, question.rounds(indicator_id))
    series = _as_counted(raw, held, target.deadline)
    assert target.threshold is not None  # checked when the targets were read
    bound = target.bound()
    facts: dict[str, Any] = {
        "series": series, "threshold": target.threshold, "bound": bound, "role": role,
        "notes": (*series.notes, *held.notes),
    }  # fmt: skip
    if held.start is None or (not (held.counts or held.limits) and held.start != target.deadline):
        return question.make("not_assessable", indicator_id, reason=_nothing(raw, len(totals)), **facts)
    if held.start > target.deadline:
        gap = Note("deadline_gap", {"deadline": target.deadline, "last": held.start})
        return question.make("not_assessable", indicator_id, reason=gap, **facts)
    facts |= {"period": (held.start + 1, target.deadline), "tally": _tally(question, held, bound)}
    settled = _settled(question, held, bound)
    if settled is not None:
        return question.make(settled[0], indicator_id, **facts, **settled[1])
    reason = held.too_few()
    if reason is not None:
        return question.make("not_assessable", indicator_id, reason=reason, **facts)
    return _ahead(question, indicator_id, held, facts)


def _nothing(raw: AnnualSeries, totals: int) -> Note:
    """Why nothing can be counted."""
    if totals:
        return Note("one_total")
    held = sum(len(rows) for rows in (raw.observations, raw.bounds, raw.unused))
    return Note("no_counts" if held else "no_observation", {"count": 0})


def _as_counted(raw: AnnualSeries, held: Counted, deadline: int) -> AnnualSeries:
    """The series as the cumulated number by year, with the figures that are counted as those used."""
    values = pd.Series(dtype=float, index=pd.Index([], dtype=int, name="year"), name="level")
    if held.start is not None and held.start <= deadline and len(held.rows):
        values = held.cumulated(deadline)
    used = held.rows
    spare = [rows for rows in (raw.observations, raw.unused) if len(rows)]
    left = pd.concat(spare, ignore_index=True) if spare else raw.unused
    left = left[left["measure"] != "count_total"] if len(left) else left
    notes = [n for n in raw.notes if n.code not in UNTOLD and not n.code.startswith("unused_")]
    if len(left):
        notes.append(Note("unused_no_count", {"periods": [str(period) for period in left["period"]]}))
    return dataclasses.replace(
        raw, values=values, earlier=values.iloc[:0], breaks=(), base_year=None, observations=used,
        unused=left.assign(reason="no_count") if len(left) else left, bounds=raw.bounds.iloc[:0],
        notes=tuple(notes), lower={}, upper={}, noisy={}, shared=(), estimates=raw.estimates.iloc[:0],
    )  # fmt: skip


def _tally(question: Question, held: Counted, bound: float) -> Tally:
    deadline = question.target.deadline
    assert held.start is not None
    certain = held.certain(deadline)
    return Tally(
        count=certain,
        through=held.through(deadline),
        years=len(held.years(deadline)),
        covered=held.covered(deadline),
        unknown=held.unknown(deadline, question.data.as_of.year),
        needed=max(0.0, bound - certain),
        exposure=held.exposure(),
    )


def _settled(question: Question, held: Counted, bound: float) -> tuple[str, dict[str, Any]] | None:
    """Met or missed with its facts, once what is counted decides."""
    target, deadline = question.target, question.target.deadline
    certain, most = held.certain(deadline), held.most(deadline)
    past = reaches(certain, bound) if target.upward else not reaches(certain, bound, upward=False)
    short = not reaches(most, bound) if target.upward else reaches(most, bound, upward=False)
    if not past and not short:
        return None
    place = held.reached_in(bound, deadline, not target.upward) if past else held.through(deadline)
    facts: dict[str, Any] = {"outcome": certain if past else most, "settled_in": place or str(held.start)}
    return ("met" if past == target.upward else "missed"), facts | _paces(held, deadline, None)


def _ahead(question: Question, indicator_id: str, held: Counted, facts: dict[str, Any]) -> Assessment:
    """The verdict from draws of what is still to come."""
    from ..forecasting.forecast import Forecast

    target = question.target
    assert held.start is not None and target.threshold is not None
    paths = _paths(question, held)
    values = facts["series"].values
    missing = [y for y in range(held.start + 1, target.deadline + 1) if not values.get(y, np.nan) >= 0]
    years = np.arange(missing[0], target.deadline + 1)
    found = Forecast(paths[:, -len(years) :], years, "gamma_poisson", "count", values.dropna())
    end, bound = paths[:, -1], facts["bound"]
    met = target.is_met(end, bound)
    last = int(facts["series"].known().index[-1])
    notes = [*facts.pop("notes"), *question.awaiting(int((held.through(target.deadline) or str(last))[:4]))]
    if target.tolerance:
        hard = target.is_met(end, target.threshold)
        strict = {"tolerance": target.tolerance, "probability": float(np.mean(hard))}
        notes.append(Note("tolerance", strict | {"unit_en": target.unit, "unit_zh": target.unit_zh}))
    facts["notes"] = (*notes, _rests_on(held))
    if last < target.deadline:
        years = pd.Index(range(last, target.deadline + 1), name="year")
        straight = np.linspace(float(values[last]), bound, len(years))
        facts["needed_path"] = pd.Series(straight, index=years, name="needed")
    facts |= _paces(held, target.deadline, bound)
    told = judged(found, met)
    told["probability"] = min(max(told["probability"], 0.5 / (len(met) + 1)), 1 - 0.5 / (len(met) + 1))
    return question.make("forecast", indicator_id, likelihood="gamma_poisson", **facts, **told)


def _paths(question: Question, held: Counted) -> np.ndarray:
    """The cumulated number at the end of each year for each draw, within what bounds on totals allow."""
    rng, deadline, unit = question.rng(), question.target.deadline, unit_of(held.counts)
    assert held.start is not None
    scaled = [dataclasses.replace(c, count=c.count / unit) for c in held.counts]
    rates = posterior(scaled, question.draws, rng)
    new = new_items(scaled, rates, held.start + 1, deadline, rng, held.rounds)
    paths = held.offset + unit * np.cumsum(new, axis=1)
    for year, sign, number in held.limits:
        place = year - held.start - 1
        if sign == ">=":
            paths[:, place:] = np.maximum(paths[:, place:], number)
        else:
            paths[:, : place + 1] = np.minimum(paths[:, : place + 1], number)
    return paths


def _rests_on(held: Counted) -> Note:
    years = f"{held.exposure():.1f}".removesuffix(".0")
    return Note("rate_rests_on", {"exposure": years, "unit": "year" if years == "1" else "years"})


def _paces(held: Counted, deadline: int, bound: float | None) -> dict[str, Any]:
    """Items a year over the time that is counted, and over the time that is left; no compound pace for counts."""
    assert held.start is not None
    covered, facts = held.covered(deadline), {}
    ends = [year for c in held.inside(deadline) for year, _ in c.parts]
    last = max(ends, default=held.start)
    if covered > 0:
        number = sum(c.count for c in held.inside(deadline) if c.qualifier == "=")
        facts["pace_so_far"] = Pace(number / covered, None, held.start, last)
    open_ = len(held.years(deadline)) - covered
    if bound is not None and open_ > 0 and last <= deadline:
        missing = max(0.0, bound - held.certain(deadline))
        told = {year for c in held.inside(deadline) for year, _ in c.parts}
        gap = any(year not in told for year in held.years(last))
        # unknown years before the last figure are open too
        since = held.start if gap else min(last, deadline - 1)
        facts["pace_needed"] = Pace(missing / open_, None, since, deadline)
    return facts

"""Warnings about figures that contradict each other: signs of changes, vintages of one day, figures never finalised."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd

from ..errors import Problem
from .annual_figures import LEVELS, SOURCE, Figures, shown
from .quickread import codes
from .vintages import figure_codes, is_whole

AGREE = 0.5  # percentage points within which a chain of rounded changes agrees with a cumulative one
FINALISED = pd.DateOffset(months=24)  # a preliminary figure has been replaced or confirmed by then


def contradictions(figures: Figures, today: dt.date) -> list[Problem]:
    """Every such warning, in no particular order. Takes `annual_figures.newest`, without bounds.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.data.annual_figures import newest
    >>> data = qc.load(as_of="2026-01-01")
    >>> len(contradictions(newest(data.observations, data.indicators), data.as_of)) < 20
    True
    """
    changes = figures.chosen(figures.measure == "change_pct")
    found = [*_against_levels(figures, changes), *_against_chains(figures, changes)]
    first = {problem.row: problem for problem in reversed(found)}
    rows = figures.observations
    return [*first.values(), *_one_day(rows), *_not_final(figures, today), *_early(rows)]


def _places(figures: Figures) -> list[tuple[str, str]]:
    """Indicator and region of each figure."""
    return list(zip(figures.column("indicator_id"), figures.column("region"), strict=True))


def _against_levels(figures: Figures, changes: Figures) -> list[Problem]:
    """Changes whose sign is not that of the change between the two published levels."""
    if not len(changes.value):
        return []
    levels = figures.chosen(np.isin(figures.measure, LEVELS[:2]))
    frame = pd.DataFrame({"place": _places(levels), "year": levels.year, "value": levels.value})
    frame = frame.assign(step=levels.resolution()).drop_duplicates(["place", "year"])
    known, steps = (frame.set_index(["place", "year"])[name] for name in ("value", "step"))
    places = _places(changes)
    found = []
    for k, (place, year) in enumerate(zip(places, changes.year.tolist(), strict=True)):
        start, end = known.get((place, year - 1), math.nan), known.get((place, year), math.nan)
        if not start or math.isnan(start) or math.isnan(end):
            continue
        implied, percent = 100 * (end / start - 1), changes.value[k]
        rounding = 100 * max(steps[place, year - 1], steps[place, year]) / abs(start)
        if implied * percent < 0 and abs(implied) > rounding:
            found.append(_sign(changes, k, f"the published levels {shown(start)} and {shown(end)}", implied))
    return found


def _sign(changes: Figures, k: int, why: str, implied: float) -> Problem:
    allowed = f"a change of the sign that follows from {why} ({implied:+.3g} %)"
    return changes.problem(k, allowed, f"{SOURCE}: a fall is negative; an index is not a change")


def _against_chains(figures: Figures, changes: Figures) -> list[Problem]:
    """Changes that agree with a published cumulative change only once their sign is turned."""
    yearly: dict[tuple[str, str], dict[int, int]] = {}
    for k, (place, year) in enumerate(zip(_places(changes), changes.year.tolist(), strict=True)):
        yearly.setdefault(place, {})[year] = k
    sums = figures.chosen(figures.measure == "cumulative_change_pct")
    found = []
    bases = sums.observations["base_period"].fillna(0).to_numpy(int)[sums.rows]
    for place, base, year, total in zip(_places(sums), bases, sums.year.tolist(), sums.value, strict=True):
        chain = [yearly.get(place, {}).get(y) for y in range(base + 1, year + 1)] if base else []
        if not chain or None in chain:
            continue
        picked = [k for k in chain if k is not None]
        ratios = 1 + changes.value[picked] / 100
        if abs(100 * (np.prod(ratios) - 1) - total) <= 2 * AGREE:
            continue
        for k, ratio in zip(picked, ratios, strict=True):
            turned = 100 * (np.prod(ratios) / ratio * (2 - ratio) - 1)
            if abs(turned - total) <= AGREE and abs(ratio - 1) > AGREE / 100:
                why = f"the cumulative change {base} to {year} of {shown(total)} %"
                found.append(_sign(changes, k, why, 100 * (1 - ratio)))
    return found


def _one_day(rows: pd.DataFrame) -> list[Problem]:
    """Vintages of one figure with different values that became known on one day."""
    key = codes(rows.assign(figure=figure_codes(rows)), "figure", "known_from")
    twice = pd.Series(key).duplicated(keep=False).to_numpy()
    found = []
    for _, group in rows[twice].groupby(key[twice], sort=False):
        first = group.iloc[0]
        for _, row in group.iloc[1:].iterrows():
            if (row["value"], row["qualifier"]) == (first["value"], first["qualifier"]):
                continue
            allowed = f"one value for one day; row {first['row']} has {shown(first['value'])}"
            remedy = "give the day each was published, or delete one; until then the later row counts"
            found.append(
                Problem(
                    "observations.csv",
                    int(row["row"]),
                    "value",
                    shown(row["value"]),
                    allowed,
                    remedy,
                    "warning",
                )
            )
    return found


def _not_final(figures: Figures, today: dt.date) -> list[Problem]:
    """Newest vintages still preliminary two years after they came out."""
    old = figures.observations["known_from"].to_numpy()[figures.rows] < np.datetime64(
        pd.Timestamp(today) - FINALISED
    )
    waiting = old & np.isin(figures.column("status"), ("preliminary", "estimate"))
    found = []
    for k in np.flatnonzero(waiting):
        row = figures.observations.iloc[figures.rows[k]]
        allowed = f"final, two years after it came out ({row['known_from'].date()})"
        remedy = "look for the final figure and add it; if this one was never revised, set it to final"
        where = ("observations.csv", int(row["row"]), "status", str(row["status"]))
        found.append(Problem(*where, allowed, remedy, "warning"))
    return found


def _early(rows: pd.DataFrame) -> list[Problem]:
    """Final figures of a whole year that were published before the year was over."""
    whole = is_whole(rows["period"]) & (rows["status"] == "final") & ~rows["published_assumed"]
    ends = (rows["year"].to_numpy() - 1969).astype("datetime64[Y]").astype("datetime64[D]") - 1
    early = rows[whole & (rows["known_from"].to_numpy() < ends)]
    remedy = "check the period and the date; a figure expected for the year has the status estimate"
    return [
        Problem(
            "observations.csv",
            int(r.row),
            "published",
            str(r.published),
            f"a day after the end of {r.year} for a final figure",
            remedy,
            "warning",
        )
        for r in early.itertuples()
    ]

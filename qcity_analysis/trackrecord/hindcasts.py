"""Strictly as-of hindcasts: what the forecaster would have said at every past origin, and what came.

Targets are drawn at several ambitions, in both directions: multiples of the mean change so far, and of what a random
walk would spread. They are asked one to five years ahead, where the outcome is published by now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..attainment.targets import reaches
from ..data.datapackage import Data
from ..forecasting import scores
from ..forecasting.histories import LOWER, UPPER, Histories, from_frame
from ..forecasting.marginals import Marginals
from ..forecasting.panel import distributions
from ..forecasting.prior import YEARS, Prior, shipped
from .origins import Origin, origins

AMBITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the mean change so far, to the deadline
STRETCH = (0.5, 1.0, 2.0)  # of what a random walk would spread, to the deadline
BASE = 5  # years before the origin at which a rule's base year lies, where figures reach back so far
CENTRAL = {50: (0.25, 0.75), 90: (0.05, 0.95)}


@dataclass(frozen=True)
class Hindcasts:
    """Forecasts made at past origins, with what came and the questions asked of them.

    Attributes: `origins`; `ahead`, one row for each origin and year ahead with a published outcome (`origin`, `series`,
    `family`, `years` ahead, `year`, `last`, `actual`, `crps`, `crps_walk`, `in50`, `in90`); `questions`, several for
    each row of `ahead` (`row`, `origin`, `family`, `kind`, `years`, `deadline`, `base_year`, `threshold`, `at_least`,
    `met` as 0 or 1, `probability`).
    """

    origins: tuple[Origin, ...]
    ahead: pd.DataFrame
    questions: pd.DataFrame


def hindcasts(data: Data, indicators: Collection[str] | None = None, prior: Prior | None = None) -> Hindcasts:
    """Forecast every past origin of the published series at once and ask the questions.

    `indicators` restricts the indicators (see `origins.plan_indicators`), `prior` replaces the shipped one.

    >>> import qcity_analysis as qc
    >>> made = hindcasts(qc.load(as_of="2026-06-30"), {"un_rd_intensity"})
    >>> int(made.ahead["years"].max()), bool(made.questions["probability"].between(0, 1).all())
    (5, True)
    """
    found = origins(data, indicators)
    parts = [_group(found, rows, prior or shipped()) for rows in _by_breaks(found)]
    ahead = [part[0] for part in parts if len(part[0])]
    if not ahead:
        return Hindcasts(tuple(found), pd.DataFrame(columns=AHEAD), pd.DataFrame(columns=QUESTION))
    told = Marginals.joined([part[1] for part in parts])
    rows = pd.concat(ahead, ignore_index=True)
    return Hindcasts(tuple(found), _scored(rows, told), _questions(found, rows, told))


AHEAD = ["origin", "series", "family", "years", "year", "last", "actual", "crps", "crps_walk", "in50", "in90"]
QUESTION = ["row", "origin", "family", "kind", "years", "deadline", "base_year", "threshold", "at_least"]
QUESTION += ["met", "probability"]


def _by_breaks(found: Sequence[Origin]) -> list[list[int]]:
    """Origins that have the same breaks, which are forecast together."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, origin in enumerate(found):
        groups.setdefault(origin.series.breaks, []).append(i)
    return list(groups.values())


def _group(found: Sequence[Origin], rows: list[int], prior: Prior) -> tuple[pd.DataFrame, Marginals]:
    """Rows of origin and year ahead with an outcome, and the distribution of each."""
    frame = pd.concat(
        [
            pd.DataFrame({"series_id": i, "period": s.index, "value": s.to_numpy()}).assign(
                support=found[i].series.support
            )
            for i in rows
            for s in [found[i].series.history()]
        ]
    )
    h = from_frame(frame, found[rows[0]].series.breaks)
    facts: list[dict[str, object]] = []
    places: list[int] = []
    steps: list[int] = []
    for place, i in enumerate(h.ids):
        for step, fact in _outcomes(found[int(i)], h, place):
            facts.append(fact | {"origin": int(i)})
            places.append(place)
            steps.append(step)
    told = distributions(h, prior, YEARS).at(np.array(places, dtype=int), np.array(steps, dtype=int))
    return pd.DataFrame(facts), told


def _outcomes(origin: Origin, h: Histories, place: int) -> list[tuple[int, dict[str, object]]]:
    change = scores._changes(h.values[place : place + 1])[0]
    last, made = origin.last_year, []
    for step in range(YEARS):
        actual = origin.actual(last + step + 1)
        if np.isfinite(actual):
            fact = {
                "series": f"{origin.indicator_id}/{origin.region}",
                "family": origin.family,
                "years": step + 1,
                "year": last + step + 1,
                "last": float(h.values[place, -1]),
                "actual": actual,
                "drift": float(np.nanmean(change)),
                "rough": float(np.sqrt(np.nanmean(change**2))),
                "support": int(h.support[place]),
            }
            made.append((step, fact))
    return made


def _scored(rows: pd.DataFrame, told: Marginals) -> pd.DataFrame:
    """CRPS of ours and of a random walk, and whether the central intervals hold."""
    actual, q = rows["actual"].to_numpy(), told.quantiles(scores.LEVELS)[:, 0]
    spread = (rows["rough"] * np.sqrt(rows["years"])).to_numpy()
    walk = scores.walk_quantiles(rows["last"].to_numpy(), spread, scores.LEVELS, 1)[:, 0]
    table = rows.assign(
        crps=scores.crps_quantiles(q, scores.LEVELS, actual),
        crps_walk=scores.crps_quantiles(walk, scores.LEVELS, actual),
    )
    for share, ends in CENTRAL.items():
        low, high = told.quantiles(np.array(ends))[:, 0].T
        table[f"in{share}"] = (actual >= low) & (actual <= high)
    return table


def _questions(found: Sequence[Origin], rows: pd.DataFrame, told: Marginals) -> pd.DataFrame:
    last, actual, years = (rows[name].to_numpy(dtype=float) for name in ("last", "actual", "years"))
    low, high = LOWER[rows["support"]], UPPER[rows["support"]]
    base = np.array([_base_year(found[i]) for i in rows["origin"]])
    index = np.array([found[i].is_index for i in rows["origin"]])
    parts = []
    row = np.arange(len(rows))
    distances = [a * rows["drift"].abs().to_numpy() * years for a in AMBITIONS]
    distances += [a * rows["rough"].to_numpy() * np.sqrt(years) for a in STRETCH]
    for k, distance in enumerate(distances):
        for turn in (1.0, -1.0):
            threshold = last + turn * distance
            at_least = np.full(len(rows), turn > 0)
            part = pd.DataFrame(
                {
                    "row": row,
                    "origin": rows["origin"],
                    "family": rows["family"],
                    "kind": "direction" if k == 0 else np.where(index, "relative_change", "level"),
                    "years": rows["years"],
                    "deadline": rows["year"],
                    "base_year": base,
                    "threshold": threshold,
                    "at_least": at_least,
                    "met": reaches(actual, threshold, turn > 0).astype(float),
                    "probability": told.probability(row, 0 * row, threshold, at_least),
                }
            )
            inside = (threshold > low) & (threshold < high) & ((distance > 0) | (k == 0))
            parts.append(part[inside])
    return pd.concat(parts, ignore_index=True)


def _base_year(origin: Origin) -> int:
    """The known year BASE years before the last one, or the nearest known before it, or the first."""
    years = origin.series.known().index.to_numpy()
    early = years[years <= years[-1] - BASE]
    return int(early[-1] if len(early) else years[0])

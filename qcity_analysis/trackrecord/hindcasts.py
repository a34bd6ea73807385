"""Strictly as-of hindcasts: what the forecaster would have said at every past origin, and what came.

Targets are drawn at several ambitions, in both directions: multiples of the mean change so far, and of what a random
walk would spread. They are asked one to five years ahead, where the outcome is published by now.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..attainment.borrowing import moved_towards
from ..attainment.targets import reaches
from ..data.datapackage import Data
from ..errors import QcityError
from ..forecasting import scores
from ..forecasting.histories import LOWER, SUPPORTS, UPPER
from ..forecasting.prior import YEARS
from ..forecasting.published import forecast_series
from .origins import Origin, origins

AMBITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the mean change so far, to the deadline
STRETCH = (0.5, 1.0, 2.0)  # of what a random walk would spread, to the deadline
BASE = 5  # years before the origin at which a rule's base year lies, where figures reach back so far
DRAWS = 2_000  # paths of each hindcast
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


def hindcasts(data: Data, indicators: Collection[str] | None = None) -> Hindcasts:
    """Forecast every past origin of the published series as it would have been issued, and ask the questions.

    The forecast is the one behind an assessment: with everything known of the series in part on the day, and moved
    towards the comparators known on it. `indicators` restricts the indicators (see `origins.plan_indicators`). An
    origin whose forecast cannot be computed is left out.

    >>> import qcity_analysis as qc
    >>> made = hindcasts(qc.load(as_of="2026-06-30"), {"un_rd_intensity"})
    >>> int(made.ahead["years"].max()), bool(made.questions["probability"].between(0, 1).all())
    (5, True)
    """
    found = origins(data, indicators)
    facts: list[dict[str, object]] = []
    drawn: list[np.ndarray] = []
    for i, origin in enumerate(found):
        with contextlib.suppress(QcityError):
            paths = issued(origin)
            for step, fact in _outcomes(origin):
                facts.append(fact | {"origin": i})
                drawn.append(paths[:, step])
    if not facts:
        return Hindcasts(tuple(found), pd.DataFrame(columns=AHEAD), pd.DataFrame(columns=QUESTION))
    rows, paths = pd.DataFrame(facts), np.array(drawn)
    return Hindcasts(tuple(found), _scored(rows, paths), _questions(found, rows, paths))


def issued(origin: Origin) -> np.ndarray:
    """Paths (DRAWS, YEARS) of the forecast that an assessment of the day rests on, in the unit of `origin.series`."""
    forecast = forecast_series(origin.series, origin.last_year + YEARS, draws=DRAWS, rng=0)
    return moved_towards(origin.known, origin.series, forecast)[0].paths


AHEAD = ["origin", "series", "family", "years", "year", "last", "actual", "crps", "crps_walk", "in50", "in90"]
QUESTION = ["row", "origin", "family", "kind", "years", "deadline", "base_year", "threshold", "at_least"]
QUESTION += ["met", "probability"]


def _outcomes(origin: Origin) -> list[tuple[int, dict[str, object]]]:
    """The years ahead, counted from 0, whose outcome is held, each with what is needed to ask about it."""
    history = origin.series.history().dropna()
    levels = history.reindex(range(int(history.index[0]), origin.last_year + 1)).to_numpy(dtype=float)
    change = scores.changes(levels[None])[0]
    last, made = origin.last_year, []
    for step in range(YEARS):
        actual = origin.actual(last + step + 1)
        if np.isfinite(actual):
            fact = {
                "series": f"{origin.indicator_id}/{origin.region}",
                "family": origin.family,
                "years": step + 1,
                "year": last + step + 1,
                "last": float(levels[-1]),
                "actual": actual,
                "drift": float(np.nanmean(change)),
                "rough": float(np.sqrt(np.nanmean(change**2))),
                "support": SUPPORTS.index(origin.series.support),
            }
            made.append((step, fact))
    return made


def _scored(rows: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
    """CRPS of ours and of a random walk, and whether the central intervals hold; `paths` (n, DRAWS)."""
    actual, q = rows["actual"].to_numpy(), np.quantile(paths, scores.LEVELS, axis=1).T
    spread = (rows["rough"] * np.sqrt(rows["years"])).to_numpy()
    walk = scores.walk_quantiles(rows["last"].to_numpy(), spread, scores.LEVELS, 1)[:, 0]
    table = rows.assign(
        crps=scores.crps_quantiles(q, scores.LEVELS, actual),
        crps_walk=scores.crps_quantiles(walk, scores.LEVELS, actual),
    )
    for share, ends in CENTRAL.items():
        low, high = np.quantile(paths, ends, axis=1)
        table[f"in{share}"] = (actual >= low) & (actual <= high)
    return table


def _questions(found: Sequence[Origin], rows: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
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
                    "probability": reaches(paths, threshold[:, None], turn > 0).mean(axis=1),
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

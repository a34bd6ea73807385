"""Strictly as-of hindcasts: what the forecaster would have said at every past origin, and what came.

Targets are drawn at several ambitions, in both directions: multiples of the mean change so far, and of what a random
walk would spread. They are asked one to five years ahead, where the outcome is published by now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..assessment.borrowing import moved_towards
from ..data.load import Data
from ..errors import QcityError
from ..forecasting import scores
from ..forecasting.annual import forecast_series
from ..forecasting.forecast import Forecast
from ..forecasting.histories import LOWER, SUPPORTS, UPPER
from ..forecasting.prior import YEARS
from ..targets import reaches
from .origins import Origin, origins

AMBITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the mean change so far, to the deadline
STRETCH = (0.5, 1.0, 2.0)  # of what a random walk would spread, to the deadline
BASE = 5  # years before the origin at which a rule's base year lies, where figures reach back so far
DRAWS = 2_000  # of the paths that `assess` draws: enough for scores over many origins
CENTRAL = {50: (0.25, 0.75), 90: (0.05, 0.95)}


@dataclass(frozen=True)
class Hindcasts:
    """Forecasts made at past origins, with what came and the questions asked of them.

    Attributes: `origins`; `ahead`, one row for each origin and year ahead with a published outcome (`origin`, `series`,
    `family`, `years` ahead, `year`, `last`, `actual`, `crps`, `crps_walk`, `in50`, `in90`); `questions`, several for
    each row of `ahead` (`row`, `origin`, `family`, `kind`, `years`, `deadline`, `base_year`, `threshold`, `at_least`,
    `met` as 0 or 1, `probability`), `refused` (series, or series and day, to why it could not be computed).
    """

    origins: tuple[Origin, ...]
    ahead: pd.DataFrame
    questions: pd.DataFrame
    refused: dict[str, str] = field(default_factory=dict)


def hindcasts(data: Data, indicators: Collection[str] | None = None) -> Hindcasts:
    """Forecast every past origin of the published series as it would have been issued, and ask the questions.

    A forecast is that of `assess`: with bounds, estimates and errors, and moved towards the comparators known on that
    day. `indicators` restricts the indicators (see `origins.plan_indicators`).

    >>> import qcity_analysis as qc
    >>> made = hindcasts(qc.load(as_of="2026-06-30"), {"un_rd_intensity"})
    >>> int(made.ahead["years"].max()), bool(made.questions["probability"].between(0, 1).all())
    (5, True)
    """
    found, refused = origins(data, indicators)
    facts: list[dict[str, object]] = []
    drawn: list[np.ndarray] = []
    for i, origin in enumerate(found):
        try:
            paths = _issued(data, origin).paths
        except QcityError as error:
            refused[f"{origin.indicator_id}/{origin.region} {origin.as_of}"] = str(error)
            continue
        for step, fact in _outcomes(origin):
            facts.append(fact | {"origin": i})
            drawn.append(paths[:, step])
    if not facts:
        return Hindcasts(tuple(found), pd.DataFrame(columns=AHEAD), pd.DataFrame(columns=QUESTION), refused)
    rows, paths = pd.DataFrame(facts), np.array(drawn)
    return Hindcasts(tuple(found), _scored(rows, paths), _questions(found, rows, paths), refused)


AHEAD = ["origin", "series", "family", "years", "year", "last", "actual", "crps", "crps_walk", "in50", "in90"]
QUESTION = ["row", "origin", "family", "kind", "years", "deadline", "base_year", "threshold", "at_least"]
QUESTION += ["met", "probability"]


def _issued(data: Data, origin: Origin) -> Forecast:
    """The forecast that `assess` would have issued on the day of an origin, YEARS years ahead."""
    until = origin.last_year + YEARS
    own = forecast_series(origin.series, until, draws=DRAWS)
    return moved_towards(data.at(origin.as_of), origin.series, own)[0]


def _outcomes(origin: Origin) -> list[tuple[int, dict[str, object]]]:
    known, last, made = origin.series.known(), origin.last_year, []
    change = np.diff(known) / np.sqrt(np.diff(known.index)) if len(known) > 1 else np.zeros(1)
    for step in range(YEARS):
        actual = origin.actual(last + step + 1)
        if np.isfinite(actual):
            fact = {
                "series": f"{origin.indicator_id}/{origin.region}",
                "family": origin.family,
                "years": step + 1,
                "year": last + step + 1,
                "last": float(known.iloc[-1]),
                "actual": actual,
                "drift": float(change.mean()),
                "rough": float(np.sqrt((change**2).mean())),
                "support": SUPPORTS.index(origin.series.support),
            }
            made.append((step, fact))
    return made


def _scored(rows: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
    """CRPS of ours and of a random walk, and whether the central intervals hold."""
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
    distances = [a * rows["drift"].abs().to_numpy() * years for a in AMBITIONS]
    distances += [a * rows["rough"].to_numpy() * np.sqrt(years) for a in STRETCH]
    for k, distance in enumerate(distances):
        for turn in (1.0, -1.0):
            threshold = last + turn * distance
            at_least = np.full(len(rows), turn > 0)
            part = pd.DataFrame(
                {
                    "row": np.arange(len(rows)),
                    "origin": rows["origin"],
                    "family": rows["family"],
                    "kind": "direction" if k == 0 else np.where(index, "relative_change", "level"),
                    "years": rows["years"],
                    "deadline": rows["year"],
                    "base_year": base,
                    "threshold": threshold,
                    "at_least": at_least,
                    "met": reaches(actual, threshold, turn > 0).astype(float),
                    "probability": [
                        reaches(p, t, turn > 0).mean() for p, t in zip(paths, threshold, strict=True)
                    ],
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

"""The answer for one target as a record: verdict, forecast, pace, notes; and the words for probabilities.

How an answer is found is in `assessing`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..errors import Note
from ..forecasting.forecast import Forecast
from ..series.annual import AnnualSeries
from ..targets import Pace, Target

ASSESSED_KINDS = (
    *("level", "relative_change", "cumulative", "coverage", "monotone"),
    *("direction", "zero_event", "rank", "milestone"),
)
_PLAIN = (
    *(
        "status",
        "probability",
        "probability_error",
        "word",
        "threshold",
        "bound",
        "tolerance",
        "expected",
        "median",
    ),
    *("outcome", "role", "model", "draws", "seed", "illustrative", "region_names", "borrowed_since"),
    *("likelihood", "settled_in"),
)


@dataclass(frozen=True)
class Borrowed:
    """The comparator whose changes an assessment borrows, with its names by language."""

    region: str
    indicator_id: str
    region_names: dict[str, str]
    indicator_names: dict[str, str]


@dataclass(frozen=True)
class Tally:
    """What is counted so far for a target that counts items or events.

    Attributes: `count`, what is certain (a bound counts as what it is at least); `through`, the period of the last
    figure that counts (None when there is none); `years` of the target's period (its rounds, where things happen in
    rounds), `covered` of them by figures, and `unknown`, the years without any figure that lie before the last one
    or are over; `needed`, what is missing to the
    bound; `exposure`, all years of counts the rate rests on.
    """

    count: float
    through: str | None
    years: int
    covered: float
    unknown: tuple[int, ...]
    needed: float
    exposure: float


@dataclass(frozen=True)
class Assessment:
    """The answer for one target as of one day.

    Attributes: `target`; `as_of`; `status` ("forecast", "met", "missed", "not_assessable" or
    "depends_on_definition"); `reason` (a Note, when not assessable); `probability` that the target is met and its
    Monte Carlo standard error; `word` (IPCC scale); `threshold` and `bound` (the level asked for, and the level that
    is just enough, in the unit of `series.values`); `tolerance`; `series`; `forecast`; `fan` (quantiles by year);
    `expected`, `median` and `interval` (90 %) at the deadline; `outcome` (the level at the deadline once published);
    `pace_so_far`, and `pace_needed` and `needed_path`, which lead to the bound; `borrowed` and the year since
    which; `parts` (the same question by definition or comparator);
    `role` ("main", "definition", "borrowed"); `definition` (the indicator's row); `region_names`; `notes`;
    `illustrative` (an illustrative figure was used); `model`, `draws`, `seed`; `likelihood` (what made the paths
    where
    it was not `model`: "gamma_poisson", "events" or "joint_ranks", else ""); `period` (first and last year that
    count,
    for kinds about several years); `tally` (what is counted so far); `settled_in` (the period whose figure made it
    met
    or missed, when that is not the deadline). An exact probability has an error of 0.
    """

    target: Target
    as_of: dt.date
    status: str
    region_names: dict[str, str]
    definition: dict[str, Any]
    reason: Note | None = None
    probability: float | None = None
    probability_error: float | None = None
    word: str | None = None
    threshold: float | None = None
    bound: float | None = None
    tolerance: float = 0.0
    series: AnnualSeries | None = None
    forecast: Forecast | None = None
    fan: pd.DataFrame | None = None
    expected: float | None = None
    median: float | None = None
    interval: tuple[float, float] | None = None
    outcome: float | None = None
    pace_so_far: Pace | None = None
    pace_needed: Pace | None = None
    needed_path: pd.Series | None = None
    borrowed: Borrowed | None = None
    borrowed_since: int | None = None
    parts: tuple[Assessment, ...] = ()
    role: str = "main"
    model: str = "mixture"
    draws: int = 10_000
    seed: int = 0
    notes: tuple[Note, ...] = ()
    illustrative: bool = False
    likelihood: str = ""
    period: tuple[int, int] | None = None
    tally: Tally | None = None
    settled_in: str | None = None

    def places(self) -> set[tuple[str, str]]:
        """Every series the answer rests on, inputs and parts included: indicator and region."""
        found = {(self.target.indicator_id, self.target.region)}
        found |= self.series.places() if self.series is not None else set()
        return found.union(*(part.places() for part in self.parts))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the draws as plain values that JSON can hold; levels and fan by year."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        series = self.series
        return {
            "target": dataclasses.asdict(self.target),
            "as_of": self.as_of.isoformat(),
            **plain,
            "definition": self.definition["indicator_id"],
            "reason": dataclasses.asdict(self.reason) if self.reason else None,
            "period": list(self.period) if self.period else None,
            "tally": dataclasses.asdict(self.tally) if self.tally else None,
            "interval": list(self.interval) if self.interval else None,
            "levels": _by_year(series.known()) if series is not None else {},
            "base_year": series.base_year if series is not None else None,
            "fan": {str(y): {f"{q:g}": float(v) for q, v in r.items()} for y, r in self.fan.iterrows()}
            if self.fan is not None
            else {},
            "pace_so_far": dataclasses.asdict(self.pace_so_far) if self.pace_so_far else None,
            "pace_needed": dataclasses.asdict(self.pace_needed) if self.pace_needed else None,
            "borrowed": dataclasses.asdict(self.borrowed) if self.borrowed else None,
            "notes": [dataclasses.asdict(note) for note in self.notes],
            "parts": [part.to_dict() for part in self.parts],
        }


def ipcc_word(probability: float) -> str:
    """The word of the IPCC scale for a probability, as a code.

    Source: Mastrandrea et al. (2010), guidance note on uncertainties; the bounds are those of the scale.

    >>> ipcc_word(0.95), ipcc_word(0.5), ipcc_word(0.1)
    ('very_likely', 'about_as_likely_as_not', 'very_unlikely')
    """
    if probability >= 0.9:
        return "very_likely"
    if probability >= 0.66:
        return "likely"
    if probability <= 0.1:
        return "very_unlikely"
    return "unlikely" if probability <= 0.33 else "about_as_likely_as_not"


def _by_year(levels: pd.Series) -> dict[str, float]:
    return {str(year): float(level) for year, level in levels.items()}

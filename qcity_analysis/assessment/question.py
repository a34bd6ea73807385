"""One target, the data known and how to simulate: what every kind of target needs to make its assessment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..data.vintages import standing
from ..errors import Note
from ..series.annual import AnnualSeries, annual_series
from ..targets import Target, pace_between
from .answer import Assessment, ipcc_word

FAN = (0.05, 0.25, 0.5, 0.75, 0.95)
SPOKEN = ("strive", "maintain", "directional", "qualitative")  # wordings shown beside the answer


@dataclass(frozen=True)
class Question:
    """One target, the data known, and how to simulate; makes the assessments."""

    data: Data
    target: Target
    model: str
    draws: int
    seed: int

    def make(self, status: str, indicator_id: str, **facts: Any) -> Assessment:
        """The assessment with what all of them hold; `facts` are fields of `Assessment`."""
        names = {lang: self.data.region_name(self.target.region, lang) for lang in ("zh", "en")}
        series = facts.get("series")
        used = series.observations if series is not None else None
        parts = facts.get("parts", ())
        facts["notes"] = (*facts.get("notes", ()), *self._wording(facts.get("role", "main")))
        return Assessment(
            target=self.target,
            as_of=self.data.as_of,
            status=status,
            region_names=names,
            definition=_plain(self.data.indicator(indicator_id)),
            tolerance=self.target.tolerance,
            model=self.model,
            draws=self.draws,
            seed=self.seed,
            illustrative=(used is not None and bool((used["status"] == "illustrative").any()))
            or any(part.illustrative for part in parts),
            **facts,
        )

    def series(self, indicator_id: str, base_year: int | None = None) -> AnnualSeries:
        """The annual series of an indicator in the target's region."""
        return annual_series(self.data, indicator_id, self.target.region, base_year=base_year)

    def totals(self, indicator_id: str) -> pd.DataFrame:
        """The newest vintage of every published total (`count_total`), in order of time, with its source.

        Totals within a year are among them, which an annual series takes as estimates of the year's end.
        """
        rows = self.data.observations
        mine = (rows["indicator_id"] == indicator_id) & (rows["region"] == self.target.region)
        rows = standing(rows[mine & (rows["measure"] == "count_total")])
        named = self.data.sources[["source_id", "publisher", "publisher_en", "title", "title_en", "date"]]
        named = named.rename(columns={"date": "source_date"})
        return rows.merge(named, on="source_id", how="left").reset_index(drop=True)

    def rounds(self, indicator_id: str) -> str:
        """The years in which what is counted happens, as declared; empty for every year."""
        return str(self.data.indicator(indicator_id).get("rounds", ""))

    def decisive(self, series: AnnualSeries, year: int, bound: float) -> float:
        """The bound published for a year where it decides whether `bound` was reached; NaN where none does."""
        target = self.target
        worst, best = (series.lower, series.upper) if target.upward else (series.upper, series.lower)
        sure = (
            target.level(slack=target.tolerance) if target.kind == "coverage" else bound
        )  # a bound is not rounded
        if year in worst and target.is_met(worst[year], sure):
            return float(worst[year])
        return float(best[year]) if year in best and not target.is_met(best[year], bound) else math.nan

    def outcome(self, series: AnnualSeries, bound: float) -> tuple[float, tuple[Note, ...]] | None:
        """The level of the deadline, or a bound on it that decides, with the note that says so; None when open."""
        deadline = self.target.deadline
        level = float(series.values.get(deadline, math.nan))
        if not math.isnan(level):
            return level, ()
        level = self.decisive(series, deadline, bound)
        told = Note("met_by_bound", {"year": deadline, "value": level})
        return None if math.isnan(level) else (level, (told,))

    def rng(self) -> np.random.Generator:
        """A new generator from the seed of the question."""
        return np.random.default_rng(self.seed)

    def paces(self, series: AnnualSeries, level: float, year: int) -> dict[str, Any]:
        """The pace from the base year, or the first level, to `level` in `year`, as a fact for `make`."""
        known = series.known()
        start = self.target.base_year if self.target.base_year in known.index else None
        start = int(known.index[0]) if start is None and len(known) else start
        if start is None or start >= year:
            return {}
        return {"pace_so_far": pace_between(float(known[start]), level, int(start), year)}

    def awaiting(self, last: int) -> tuple[Note, ...]:
        """A note where the deadline is over and its figure is not in."""
        if self.data.as_of.year <= self.target.deadline:
            return ()
        return (Note("awaiting_figure", {"year": self.target.deadline, "last": last}),)

    def _wording(self, role: str) -> tuple[Note, ...]:
        target = self.target
        if role != "main" or target.commitment not in SPOKEN or not target.wording:
            return ()
        facts = {"wording_zh": target.wording, "wording_en": target.wording_en or target.wording}
        return (Note(f"wording_{target.commitment}", facts),)


def judged(found: Any, met: np.ndarray) -> dict[str, Any]:
    """Probability with its error, word, fan, expected value and interval at the last year, as facts for `make`.

    `found` is a Forecast and `met` (draws,) says which of its paths meet the target.
    """
    probability = float(np.mean(met))
    fan = found.quantiles(FAN)
    last = int(found.years[-1])
    return {
        "forecast": found,
        "probability": probability,
        "probability_error": found.error_of(met),
        "word": ipcc_word(probability),
        "fan": fan,
        "expected": float(found.mean()[last]),
        "median": float(fan.loc[last, 0.5]),
        "interval": (float(fan.loc[last, 0.05]), float(fan.loc[last, 0.95])),
    }


def _plain(row: pd.Series) -> dict[str, Any]:
    return {key: (None if pd.isna(value) else value) for key, value in row.items() if key != "row"}

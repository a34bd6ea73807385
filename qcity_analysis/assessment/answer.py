"""The answer for one target as a record, the question it answers, and one constructor for each outcome."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..errors import Note, QcityError
from ..forecasting.forecast import Forecast
from ..forecasting.histories import as_number
from ..series.annual import AnnualSeries, annual_series
from ..series.evidence import Evidence
from ..targets import Pace, Target, pace_between

FAN = (0.05, 0.25, 0.5, 0.75, 0.95)
SPOKEN = ("strive", "maintain", "directional", "qualitative")  # wordings shown beside the answer
WIDE = {"definition", "fan", "forecast", "needed_path", "series"}  # `to_dict` tells these in short, if at all


@dataclass(frozen=True)
class Borrowed:
    """What a reference is made from: the nearest comparator, the names of all their regions by language, and all of
    the `comparators` as region/indicator, first those whose changes are taken.
    """

    region: str
    indicator_id: str
    region_names: dict[str, str]
    indicator_names: dict[str, str]
    comparators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Basis:
    """A probability and what it rests on: its 90 % interval from `low` to `high`, `n` figures, decided aims or
    comparators, and what they are (`sources`).
    """

    value: float
    low: float
    high: float
    n: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """What is counted so far: `count`, what is certain (a bound counts as what it is at least); `through`, the period
    of the last figure that counts; `years` of the target's period (its rounds, where things happen in rounds),
    `covered` of them by figures, and `unknown`, those without a figure that lie before the last one or are over;
    `needed`, what is missing to the bound; `exposure`, all years of counts the rate rests on.
    """

    count: float
    through: str | None
    years: int
    covered: float
    unknown: tuple[int, ...]
    needed: float
    exposure: float


@dataclass(frozen=True, repr=False)
class Assessment:
    """The answer for one target as of one day.

    Attributes: `status` ("forecast", "met", "missed", "not_assessable", for the `reason`, or "depends_on_definition");
    `probability` that it is met, by the `basis`, and its `word` (IPCC scale); the Monte Carlo standard error of the
    share of paths it rests on (0: exact); `threshold` and `bound` (the level asked for, and that just enough, in the
    unit of `series.values`); `fan` (quantiles by year); `expected`, `median` and `interval` (90 %) at the deadline;
    `outcome` (its level once published); `pace_so_far`, and `pace_needed` and `needed_path`, which lead to the bound;
    `parts` (the same question by definition or comparator) and their `role` ("definition", "borrowed", else "main");
    `definition` (the indicator's row); `illustrative` (such a figure was used); `likelihood` (what made the paths where
    it was not `model`: "gamma_poisson", "events", "joint_ranks"); `period` (first and last year that count);
    `settled_in` (the period whose figure settled it early); `stated` (the official statement that settled it where own
    figures do not); `bases`, what the "figures" say, the "outside" view, "both" and the "reference", those there are;
    `basis`, which of them it goes by, the "outcome" or what was "official", or nothing (see `assess`).

    >>> answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity", draws=2000)
    >>> answer.word, answer.levels().tail(1).to_dict(), answer.newest, answer.reached, answer.places()
    ('likely', {2022: 3.82}, (2022, 3.82), False, {('rd_intensity', 'nanjing')})
    >>> answer.level(0.9) < answer.level(0.5) == answer.median == answer.to_dict()["median"]
    True
    >>> answer.chance == answer.headline_probability == answer.by_figures().probability, len(answer.by_definition())
    (True, 1)
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
    stated: Note | None = None
    bases: dict[str, Basis] = field(default_factory=dict)
    basis: str = ""

    def __repr__(self) -> str:
        shown, told = self.bases.get(self.basis), self.word or self.status
        said = f"{shown.value:.3g}, {told}, by {self.basis}" if shown else self.status
        goal = self.target
        about = f"{goal.target_id}, {self.definition['indicator_id']} of {goal.region} by {goal.deadline}"
        return f"<{type(self).__name__} {about}: {said}; as of {self.as_of}>"

    def places(self) -> set[tuple[str, str]]:
        """Every series the answer rests on, inputs and parts included: indicator and region."""
        own = self.series.places() if self.series is not None else set()
        own |= {(self.target.indicator_id, self.target.region)}
        return own.union(*(part.places() for part in self.parts))

    def levels(self) -> pd.Series:
        """The known levels the answer rests on, index year; empty without a series."""
        return self.series.known() if self.series is not None else pd.Series(dtype=float)

    @property
    def reached(self) -> bool:
        """Whether the newest level is already on the right side of what is just enough."""
        last, bound = [*self.levels()][-1:], self.bound
        return bound is not None and any(self.target.is_met(float(level), bound) for level in last)

    @property
    def newest(self) -> tuple[int | None, float]:
        """Year and value of the newest level, or of what is counted so far; None and NaN where there is none."""
        if self.tally is not None:
            return (int(self.tally.through[:4]), self.tally.count) if self.tally.through else (None, math.nan)
        levels = self.levels()
        return (int(levels.index[-1]), float(levels.iloc[-1])) if len(levels) else (None, math.nan)

    def by_definition(self) -> list[Assessment]:
        """The answer under each definition of its indicator, oldest first; itself where there is only one."""
        return [part for part in self.parts if part.role == "definition"] or [self]

    @property
    def chance(self) -> float | None:
        """The probability of meeting the target; 1 when it is met and 0 when it is missed; None when there is none."""
        settled = {"met": 1.0, "missed": 0.0}
        return settled.get(self.status, self.probability if self.status == "forecast" else None)

    def level(self, probability: float) -> float:
        """The level that the deadline (the worst of every year) reaches or betters by the figures with this chance:
        the surer, the less ambitious. QcityError without a forecast of one, or for a probability not between 0 and 1.
        """
        kind, up = self.target.kind, self.target.upward
        if self.forecast is None or kind == "monotone":
            raise QcityError(f"{self.target.target_id}: no forecast of one level ({kind}, {self.status})")
        if not 0 < (p := as_number(probability, "probability")) < 1:
            raise QcityError(f"a probability lies between 0 and 1, such as .8; found {probability!r}")
        ends = self.forecast.paths[:, -1]
        if kind == "every_year" and self.period:
            known, open_ = self.levels().loc[slice(*self.period)], self.forecast.years >= self.period[0]
            years = np.c_[self.forecast.paths[:, open_], np.tile(known, (len(ends), 1))]
            ends = years.min(axis=1) if up else years.max(axis=1)
        return float(np.quantile(ends, 1 - p if up else p))

    @property
    def headline_probability(self) -> float | None:
        """The number to show: also of a reference or outside view (not assessed), 1 once it is met, 0 once missed."""
        return self.bases[self.basis].value if self.basis in self.bases else self.chance

    def by_figures(self) -> Assessment:
        """The same answer by the figures alone: what other choices and other years can be compared with."""
        if self.basis != "both":
            return self
        p = self.bases["figures"].value
        return replace(self, basis="figures", probability=p, word=ipcc_word(p))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the draws as plain values that JSON can hold; levels and fan by year."""
        fields = [one.name for one in dataclasses.fields(Assessment) if one.name not in WIDE]
        return {name: plain(getattr(self, name)) for name in fields} | {
            "definition": self.definition["indicator_id"],
            "headline_probability": self.headline_probability,
            "levels": {str(year): float(level) for year, level in self.levels().items()},
            "base_year": self.series.base_year if self.series is not None else None,
            "fan": plain({} if self.fan is None else self.fan.rename(columns="{:g}".format).T.to_dict()),
        }


def plain(value: Any) -> Any:
    """What JSON can hold of a value, a table as its rows; NaN becomes None."""
    if isinstance(value, Assessment):
        return value.to_dict()
    if isinstance(value, pd.DataFrame):
        value = value.reset_index().to_dict("records")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    value = value.isoformat() if isinstance(value, dt.date) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Question:
    """One target, the data known, and how to simulate."""

    data: Data
    target: Target
    model: str
    draws: int
    seed: int

    def answer(
        self, indicator_id: str, role: str = "main", series: AnnualSeries | None = None, *,
        threshold: float | None = None, bound: float | None = None, notes: tuple[Note, ...] = (),
    ) -> Assessment:  # fmt: skip
        """What every answer holds; `refused`, `settled` and `judged` say the outcome."""
        row = self.data.indicator(indicator_id)
        definition = {name: None if pd.isna(cell) else cell for name, cell in row.items() if name != "row"}
        made_up = series is not None and bool((series.observations["status"] == "illustrative").any())
        return Assessment(
            self.target, self.data.as_of, "not_assessable", self.names(self.target.region), definition,
            threshold=threshold, bound=bound, tolerance=self.target.tolerance, series=series, role=role,
            model=self.model, draws=self.draws, seed=self.seed, notes=notes, illustrative=made_up,
        )  # fmt: skip

    def names(self, region: str) -> dict[str, str]:
        """The names of a region by language."""
        return {lang: self.data.region_name(region, lang) for lang in ("zh", "en")}

    def names_note(self, code: str, regions: list[str], **values: float) -> Note:
        """A note that names regions in both languages."""
        names = {f"names_{lang}": [self.names(name)[lang] for name in regions] for lang in ("zh", "en")}
        return Note(code, values | names)

    def series(self, indicator_id: str, base_year: int | None = None) -> AnnualSeries:
        """The annual series of an indicator in the target's region."""
        return annual_series(self.data, indicator_id, self.target.region, base_year=base_year)

    def decisive(self, series: AnnualSeries, year: int, bound: float) -> float:
        """The bound published for a year where it decides whether `bound` was reached; NaN where none does."""
        target, part = self.target, series.evidence
        worst, best = (part.lower, part.upper) if target.upward else (part.upper, part.lower)
        # a bound is not rounded
        sure = target.level(slack=target.tolerance) if target.kind == "coverage" else bound
        if year in worst and target.is_met(worst[year], sure):
            return float(worst[year])
        return float(best[year]) if year in best and not target.is_met(best[year], bound) else math.nan

    def outcome(self, series: AnnualSeries, bound: float) -> tuple[float, tuple[Note, ...]] | None:
        """The level of the deadline, or a bound on it that decides, with the note that says so; None when open."""
        year = self.target.deadline
        if not math.isnan(level := float(series.values.get(year, math.nan))):
            return level, ()
        level = self.decisive(series, year, bound)
        return None if math.isnan(level) else (level, (Note("met_by_bound", {"year": year, "value": level}),))

    def pace_so_far(self, series: AnnualSeries, level: float, year: int) -> Pace | None:
        """The pace from the base year, or the first level, to `level` in `year`; None where that is no later."""
        known, base = series.known(), self.target.base_year
        start = base if base is not None and base in known.index else next(iter(known.index), year)
        return pace_between(float(known[start]), level, start, year) if start < year else None

    def awaiting(self, last: int) -> tuple[Note, ...]:
        """A note where the deadline is over and its figure is not in."""
        note = Note("awaiting_figure", {"year": self.target.deadline, "last": last})
        return (note,) if self.data.as_of.year > self.target.deadline else ()

    def without_tolerance(self, probability: float) -> tuple[Note, ...]:
        """A note with the probability of the figure itself, where the plan leaves a tolerance."""
        target, values = self.target, {"tolerance": self.target.tolerance, "probability": probability}
        units = {"unit_en": target.unit, "unit_zh": target.unit_zh}
        return (Note("tolerance", values | units),) if target.tolerance else ()


def refused(answer: Assessment, reason: Note) -> Assessment:
    """Not assessable, and why."""
    return replace(answer, status="not_assessable", reason=reason)


def settled(answer: Assessment, met: bool, outcome: float, settled_in: str | None = None) -> Assessment:
    """Met or missed, by an outcome, and by the figure of which period where that is not the deadline."""
    return replace(answer, status="met" if met else "missed", outcome=outcome, settled_in=settled_in)


def judged(answer: Assessment, forecast: Forecast, met: np.ndarray) -> Assessment:
    """A forecast with its probability; `met` (draws,) says which of its paths meet the target."""
    probability, last = float(np.mean(met)), int(forecast.years[-1])
    fan, by = forecast.quantiles(FAN), "reference" if answer.borrowed else "figures"
    return replace(
        answer, status="forecast", forecast=forecast, probability=probability,
        probability_error=forecast.error_of(met), word=ipcc_word(probability), fan=fan, bases={}, basis=by,
        expected=float(forecast.mean()[last]), median=float(fan.loc[last, 0.5]),
        interval=(float(fan.loc[last, 0.05]), float(fan.loc[last, 0.95])),
    )  # fmt: skip


def with_parts(answer: Assessment, parts: tuple[Assessment, ...]) -> Assessment:
    """The answer with the same question by definition or comparator."""
    return replace(answer, parts=parts, illustrative=any(one.illustrative for one in (answer, *parts)))


def bare(series: AnnualSeries, values: pd.Series, used: pd.DataFrame) -> AnnualSeries:
    """A series with other values and the figures they rest on, and nothing known in part."""
    return replace(
        series, values=values, earlier=values.iloc[:0], breaks=(), observations=used, bounds=series.bounds.iloc[:0],
        evidence=Evidence(),
    )  # fmt: skip


def year_of_plan(data: Data, target: Target) -> int | None:
    """The year of the document that states a target; None where it has no date."""
    year = str(data.sources.set_index("source_id")["date"].get(target.source_id, ""))[:4]
    return int(year) if year.isdigit() else None


def ipcc_word(probability: float) -> str:
    """The word of the IPCC scale for a probability, as a code (Mastrandrea et al. 2010, guidance on uncertainties).

    >>> ipcc_word(0.95), ipcc_word(0.5), ipcc_word(0.1)
    ('very_likely', 'about_as_likely_as_not', 'very_unlikely')
    """
    if probability >= 0.66:
        return "very_likely" if probability >= 0.9 else "likely"
    if probability <= 0.33:
        return "very_unlikely" if probability <= 0.1 else "unlikely"
    return "about_as_likely_as_not"

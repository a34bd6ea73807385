"""Strictly as-of hindcasts: what would have been said at every past origin, by us, the rules and the models; what came.

An origin is a day on which a new year's figure came out; a figure counts only from the day it was published
(`Data.at`). A series that was published all at once tells nothing about its past that way; its indicator's publication
lag is used instead, and each of its origins says so. Targets are drawn at several ambitions, in both directions:
multiples of the mean change so far, and of what a random walk would spread, one to five years ahead. A rule says yes or
no: a probability of 1 or 0; to be fair to it, the two words are also turned into the two probabilities that fit best.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.peers import moved_towards
from ..data.load import Data
from ..data.vintages import ASSUMED_LAG_MONTHS, among, known_by
from ..errors import QcityError
from ..forecasting.annual import forecast_series
from ..forecasting.histories import LOWER, SUPPORTS, UPPER
from ..forecasting.prior import YEARS
from ..forecasting.quantiles import LEVELS, crps_quantiles, fold_of, walk_quantiles
from ..rules import RULES
from ..rules.question import Question
from ..series.annual import AnnualSeries, annual_series
from ..targets import reaches

FEWEST_YEARS = 5  # known years of a series that is looked at
FEWEST_KNOWN = 3  # levels known at an origin: what a forecast needs
SPREAD = 0.5  # days of publication for each known year from which dates are used as they are
AMBITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the mean change so far, to the deadline
STRETCH = (0.5, 1.0, 2.0)  # of what a random walk would spread, to the deadline
BASE = 5  # years before the origin at which a rule's base year lies, where figures reach back so far
DRAWS = 2_000  # of the paths that `assess` draws: enough for scores over many origins
CENTRAL = {50: (0.25, 0.75), 90: (0.05, 0.95)}
AHEAD = ["origin", "series", "family", "years", "year", "last", "actual", "crps", "crps_walk", "in50", "in90"]
POSED = ["at_least", "threshold", "base_year", "deadline"]  # of a question, in the order of `rule_says`
QUESTION = ["origin", "family", "kind", "years", *POSED, "met", "probability"]
FITTED = ("ets", "theta", "arima", "ucm")  # models fitted by search: slow, so asked at few origins
MODEL_DRAWS = 1000
FOLDS = 10
CALIBRATED = "_calibrated"


@dataclass(frozen=True)
class Origin:
    """What was known of one series on one past day: `series` as known then, `final` as known now; `lagged` where the
    day rests on the publication lag; `family`, the indicator of which this one is a newer definition, or itself (the
    cluster in which outcomes are not independent).
    """

    as_of: dt.date
    series: AnnualSeries
    final: AnnualSeries
    lagged: bool
    family: str

    @property
    def last_year(self) -> int:
        """The last year with a level."""
        return int(self.series.known().index[-1])

    def actual(self, year: int) -> float:
        """The level that came in a later year, in the unit of `series`; NaN where none is published. Levels chained
        from changes are ratios to the last year known then, so that a new root or an earlier revision moves nothing.
        """
        level, last = float(self.final.values.get(year, np.nan)), self.last_year
        if self.series.base_year is None:
            return level
        return float(self.series.values[last]) * level / float(self.final.values.get(last, np.nan))


@dataclass(frozen=True)
class Hindcasts:
    """Forecasts made at past origins: `ahead`, one row for each origin and year ahead with a published outcome (AHEAD);
    `questions`, several for each row of `ahead` (QUESTION; `met` is 0 or 1); `refused` (series, or series and day, to
    why).
    """

    origins: tuple[Origin, ...]
    ahead: pd.DataFrame
    questions: pd.DataFrame
    refused: dict[str, str]


def hindcasts(data: Data, name: str, region: str, at: Callable[[dt.date], Data] | None = None) -> Hindcasts:
    """Forecast every past origin of a published series as `assess` would have issued it: with bounds, estimates and
    errors, moved towards the comparators known on that day (`at` gives the data of a day); and ask the questions.
    """
    rows, drawn, past, refused = list[dict[str, Any]](), list[np.ndarray](), list[Origin](), dict[str, str]()
    series, at = f"{name}/{region}", at or data.at
    try:
        past = origins(data, name, region)
    except QcityError as error:
        refused[series] = str(error)
    for i, origin in enumerate(past):
        try:
            own = forecast_series(origin.series, origin.last_year + YEARS, draws=DRAWS)
            paths = moved_towards(at(origin.as_of), origin.series, own)[0].paths
        except QcityError as error:
            refused[f"{series} {origin.as_of}"] = str(error)
            continue
        known, last = origin.series.known(), origin.last_year
        change = np.diff(known) / np.sqrt(np.diff(known.index))
        about: dict[str, Any] = {"origin": i, "series": series, "family": origin.family}
        about |= {"last": float(known.iloc[-1]), "support": SUPPORTS.index(origin.series.support)}
        about |= {"drift": float(change.mean()), "rough": float(np.sqrt((change**2).mean()))}
        for years in range(1, YEARS + 1):
            if np.isfinite(actual := origin.actual(last + years)):
                rows.append(about | {"years": years, "year": last + years, "actual": actual})
                drawn.append(paths[:, years - 1])
    if not rows:
        return Hindcasts(tuple(past), pd.DataFrame(columns=AHEAD), pd.DataFrame(columns=QUESTION), refused)
    ahead, ends = pd.DataFrame(rows), np.array(drawn)
    return Hindcasts(tuple(past), _scored(ahead, ends), _questions(past, ahead, ends), refused)


def _scored(ahead: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
    """CRPS of ours and of a random walk, and whether the central intervals cover what came."""
    actual, spread = ahead["actual"].to_numpy(), (ahead["rough"] * np.sqrt(ahead["years"])).to_numpy()
    walk = walk_quantiles(ahead["last"].to_numpy(), spread, LEVELS, 1)[:, 0]
    crps = {"crps": np.quantile(paths, LEVELS, axis=1).T, "crps_walk": walk}
    table = ahead.assign(**{k: crps_quantiles(x, LEVELS, actual) for k, x in crps.items()})
    for percent, ends in CENTRAL.items():
        low, high = np.quantile(paths, ends, axis=1)
        table[f"in{percent}"] = (actual >= low) & (actual <= high)
    return table


def _questions(past: Sequence[Origin], ahead: pd.DataFrame, paths: np.ndarray) -> pd.DataFrame:
    """Every ambition in both directions, where its threshold is a possible level."""
    last, actual, years, drift, rough = ahead[["last", "actual", "years", "drift", "rough"]].to_numpy(float).T
    low, high = LOWER[ahead["support"]], UPPER[ahead["support"]]
    series, parts = [past[i].series for i in ahead["origin"]], []
    kind = np.where([one.base_year is not None for one in series], "relative_change", "level")
    same = ahead[["origin", "family", "years"]].assign(deadline=ahead["year"])
    same["base_year"] = [base_of(one.known().index) for one in series]
    distances = [a * np.abs(drift) * years for a in AMBITIONS] + [a * rough * np.sqrt(years) for a in STRETCH]
    for k, (distance, upward) in enumerate(itertools.product(distances, (True, False))):
        threshold, level = last + (distance if upward else -distance), k > 1
        met = reaches(actual, threshold, upward).astype(float)
        chance = reaches(paths, threshold[:, None], upward).mean(axis=1)
        part = same.assign(kind=kind if level else "direction", threshold=threshold, at_least=upward)
        possible = (threshold > low) & (threshold < high) & ((distance > 0) | (not level))
        parts.append(part.assign(met=met, probability=chance)[possible])
    return pd.concat(parts, ignore_index=True)[QUESTION]


def base_of(years: pd.Index, until: int | None = None) -> int:
    """The last known year up to `until`, or the first; without `until`, up to BASE years before the last one.

    >>> base_of(pd.Index([2010, 2014, 2016, 2020])), base_of(pd.Index([2010, 2014]), 2009)
    (2014, 2010)
    """
    early = years[years <= (years[-1] - BASE if until is None else until)]
    return int(early[-1] if len(early) else years[0])


def published(data: Data, indicators: Collection[str] | None = None) -> list[tuple[str, str]]:
    """The series with figures, an indicator (of these, if given) and a region each, in the order of the tables."""
    series = set(zip(data.observations["indicator_id"], data.observations["region"], strict=True))
    regions = list(data.regions["region"]) or sorted({region for _, region in series})
    names = [n for n in data.indicators["indicator_id"] if indicators is None or n in indicators]
    return [pair for pair in itertools.product(names, regions) if pair in series]


def plan_indicators(data: Data, plan: str) -> set[str]:
    """The indicators of a plan's targets, their comparators, and the newer definitions of all of them.

    Raises QcityError for an unknown plan.
    """
    names = set(data.targets_of(plan)["indicator_id"])
    names |= {indicator_id for name in names for _, indicator_id in data.comparators(name)}
    newer = data.indicators[data.indicators["continues"].isin(names)]
    return {str(name) for name in names | set(newer["indicator_id"])}


def origins(data: Data, name: str, region: str) -> list[Origin]:
    """The past origins of a series with at least five known years, oldest first: the first day on which a year's figure
    was the last one known, with at least three levels, and one of the next five years to compare with.
    """
    own = [(name, region)]
    if str(data.indicator(name)["derived"] or "none") in ("none", "yearly_changes"):
        rows = data.observations[among(data.observations, own)]  # no others are needed: quicker day after day
        data = dataclasses.replace(data, observations=rows.reset_index(drop=True))
    final = annual_series(data, name, region)
    if len(final.known()) < FEWEST_YEARS:
        return []
    days = pd.concat([final.observations, final.superseded])["known_from"].nunique()
    lagged = days < SPREAD * len(final.known())
    dated = with_lag(data, name, region) if lagged else data
    family, older = name, data.indicators.set_index("indicator_id")["continues"].to_dict()
    while older.get(family):
        family = str(older[family])
    past, seen = [], set[int]()
    newest = dated.observations[among(dated.observations, own)].groupby("known_from")["year"].max().cummax()
    for day, year in newest.items():
        if int(year) in seen:  # nothing but vintages and bounds of years already known
            continue
        as_of = pd.Timestamp(str(day)).date()
        series = annual_series(dated.at(as_of), name, region)
        origin, levels = Origin(as_of, series, final, lagged, family), series.known()
        if len(levels) < FEWEST_KNOWN or origin.last_year in seen or levels.nunique() == 1:
            continue
        seen.add(origin.last_year)
        if np.isfinite([origin.actual(origin.last_year + years) for years in range(1, YEARS + 1)]).any():
            past.append(origin)
    return past


def with_lag(data: Data, name: str, region: str) -> Data:
    """The package with one series known from the end of each period plus its indicator's publication lag."""
    lag, rows = data.indicator(name)["publication_lag_months"], data.observations
    mine = among(rows, [(name, region)]) & (rows["period"] == rows["year"].astype(str))
    ends = pd.to_datetime({"year": rows["year"], "month": 12, "day": 31})
    known = ends + pd.offsets.MonthEnd(ASSUMED_LAG_MONTHS if pd.isna(lag) else int(lag))
    rows = rows.assign(known_from=rows["known_from"].where(~mine, known.astype(rows["known_from"].dtype)))
    return dataclasses.replace(data, observations=known_by(rows, data.as_of))


def rule_says(
    levels: pd.Series, at_least: bool, threshold: float, base_year: int, deadline: int
) -> list[float]:
    """What every rule says from the levels known (index year) to a level to be reached, or not to be exceeded.

    In the order of `rules.RULES`: 1 will be met, 0 will not, NaN where the rule does not apply.
    """
    known, sign = dict(zip(levels.index.tolist(), levels.tolist(), strict=True)), 1 if at_least else -1
    question = Question(known, sign, float(threshold), "level", int(base_year), int(deadline))
    answers = (rule.says(question).will_meet for rule in RULES.values())
    return [np.nan if answer is None else float(answer) for answer in answers]


def calibrated(answers: pd.DataFrame, met: pd.Series, family: pd.Series) -> pd.DataFrame:
    """Each rule's yes and no as probabilities (rule + "_calibrated"): the share met after that word in the other nine
    of ten folds of indicators; half a question is added on either side, so that no word becomes a certainty.

    >>> said = pd.DataFrame({"r": [1.0, 1.0, 0.0]})
    >>> calibrated(said, pd.Series([1.0, 1.0, 0.0]), pd.Series(["a", "c", "c"]))["r_calibrated"].round(2).tolist()
    [0.75, 0.75, 0.5]
    """
    fold, columns = family.map(lambda name: fold_of(str(name), FOLDS, "rules")), {}
    for name, said in answers.items():
        whole, own = met.groupby(said), met.groupby([said, fold])
        happened, asked = (whole.transform(of) - own.transform(of) for of in ("sum", "count"))
        columns[f"{name}{CALIBRATED}"] = (happened + 0.5) / (asked + 1.0)
    return pd.DataFrame(columns, index=answers.index)


def answers(data: Data, asked: Sequence[tuple[tuple[str, str], int]]) -> list[dict[str, Any]]:
    """What `answered` says of each series, with the number of origins at which fitted models are asked."""
    at = cache(data.at)
    return [answered(data, one, at, few) for one, few in asked]


def answered(data: Data, series: tuple[str, str], at: Callable[[dt.date], Data], few: int) -> dict[str, Any]:
    """The hindcasts of a series in plain values: `questions` with what every rule (`rule_says`) and named model says,
    NaN where not asked or not fitted; `ahead` with the models' CRPS; `refused`; how many `origins`, whether `lagged`,
    and at how many each model was `asked` and `failed`. Models fitted by search are asked only at `few` origins: those
    of which the day has the smallest hash.
    """
    from ..forecasting.forecast import MODELS, forecast

    made = hindcasts(data, *series, at)
    past, asked, ahead = made.origins, made.questions.copy(), made.ahead.copy()
    levels, days = [one.series.known() for one in past], [f"{'/'.join(series)} {one.as_of}" for one in past]
    says = [rule_says(levels[i], *posed) for i, *posed in asked[["origin", *POSED]].itertuples(index=False)]
    asked[[*RULES]] = np.array(says, dtype=float).reshape(-1, len(RULES))
    every = sorted({int(i) for i in ahead["origin"]})
    some = sorted(every, key=lambda i: fold_of(days[i], 2**64))[:few]
    of, failed = {name: some if name in FITTED else every for name in MODELS}, dict.fromkeys(MODELS, 0)
    asked[[*of]] = ahead[[f"crps_{name}" for name in of]] = np.nan
    for name, i in ((name, i) for name, origins in of.items() for i in origins):
        values, support, mine = past[i].series.values, past[i].series.support, ahead[ahead["origin"] == i]
        options: dict[str, Any] = {"support": support, "model": name, "draws": MODEL_DRAWS, "rng": 0}
        try:
            paths = forecast(values.rename(days[i]), int(mine["year"].max()), **options).paths
        except QcityError:
            failed[name] += 1
            continue
        q = np.quantile(paths, LEVELS, axis=0).T[mine["years"].to_numpy() - 1]
        ahead.loc[mine.index, f"crps_{name}"] = crps_quantiles(q, LEVELS, mine["actual"].to_numpy())
        mine = asked[asked["origin"] == i]
        drawn, bound = paths[:, mine["years"].to_numpy() - 1], mine["threshold"].to_numpy()
        asked.loc[mine.index, name] = np.where(mine["at_least"], drawn >= bound, drawn <= bound).mean(axis=0)
    tables = {"questions": asked, "ahead": ahead}
    told = {k: t.assign(origin=[days[i] for i in t["origin"]]).to_dict("list") for k, t in tables.items()}
    told |= {"origins": len(past), "lagged": any(one.lagged for one in past), "refused": made.refused}
    return told | {"asked": {name: len(some) for name, some in of.items()}, "failed": failed}

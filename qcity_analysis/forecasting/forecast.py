"""One series forecast: joint paths ahead, the questions one asks of them, and a ratio from the paths of its inputs.

Out of scope: which published figures make the series (see `series`), when a ratio is better forecast from its inputs
(see `forecast_series`) and what a target asks (see `assessment`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import QcityError, did_you_mean
from ..series.evidence import Evidence
from .conditioning import Conditions, conditioned
from .histories import (
    FARTHEST,
    FEWEST,
    LOWER,
    SUPPORTS,
    UPPER,
    as_number,
    one_history,
    same,
    whole_number,
    yearly,
)
from .predictive import BATCHES, Explanation, batch_sizes, draw, explain, look_ahead
from .prior import Prior, shipped

SHRINK = (
    1.0  # changes without correlation as if seen beside those of a ratio's inputs; more made forecasts worse
)


@dataclass(frozen=True)
class Forecast:
    """Joint paths of one series after its last observed year.

    Attributes: `paths` (draws, years) in the unit of the series; `years` (years,) as integers; `model`, the
    name of what made them; `support`; `history`, the series used (index year); `breaks`; `batches`, into how many
    consecutive parts the paths fall that were drawn independently of each other (0: every path was).
    """

    paths: np.ndarray
    years: np.ndarray
    model: str
    support: str
    history: pd.Series
    breaks: tuple[int, ...] = ()
    batches: int = 0

    def median(self) -> pd.Series:
        """Median of each year (index year)."""
        return pd.Series(np.median(self.paths, axis=0), index=self._index(), name="median")

    def mean(self) -> pd.Series:
        """Mean of each year (index year)."""
        return pd.Series(self.paths.mean(axis=0), index=self._index(), name="mean")

    def interval(self, share: float = 0.9) -> pd.DataFrame:
        """Central interval that holds `share` of the paths: index year, columns `lower` and `upper`."""
        if not 0 < as_number(share, "share") < 1:
            raise QcityError(f"an interval holds a share between 0 and 1, such as .9; found {share!r}")
        table = self.quantiles([(1 - share) / 2, (1 + share) / 2])
        return table.set_axis(["lower", "upper"], axis=1)

    def quantiles(self, levels: Sequence[float]) -> pd.DataFrame:
        """Quantiles: index year, one column for each level. Raises QcityError for a level outside 0 to 1."""
        try:
            wanted = np.atleast_1d(np.asarray(levels, dtype=float))
        except (TypeError, ValueError):
            wanted = np.array([np.nan])
        if not ((wanted >= 0) & (wanted <= 1)).all():
            raise QcityError(f"levels must lie between 0 and 1; found {levels!r}")
        return pd.DataFrame(np.quantile(self.paths, wanted, axis=0).T, index=self._index(), columns=wanted)

    def probability_at_least(self, threshold: float, year: int | None = None) -> float:
        """Share of paths at or above the threshold in a year (default: the last one).

        Raises QcityError for a year not forecast and a threshold that is no number.
        """
        paths, bound = self._asked(threshold, year)
        return float(np.mean((paths >= bound) | same(paths, bound)))

    def probability_at_most(self, threshold: float, year: int | None = None) -> float:
        """Share of paths at or below the threshold in a year, as `probability_at_least`."""
        paths, bound = self._asked(threshold, year)
        return float(np.mean((paths <= bound) | same(paths, bound)))

    def probability_error(self, probability: float) -> float:
        """Monte Carlo standard error of a probability read from the last year: its spread over seeds.

        That of the most extreme values that are as many; see `error_of` for other questions.
        """
        end = self.paths[:, -1]
        many = round(float(probability) * len(end))
        if not many:
            return self.error_of(np.zeros(len(end), dtype=bool))
        return self.error_of(end >= np.partition(end, len(end) - many)[len(end) - many])

    def error_of(self, met: np.ndarray) -> float:
        """Monte Carlo standard error of the share of paths that meet something: its spread over seeds.

        `met` (draws,) says which do. Estimated from the spread between independent parts of the paths; never below half
        a draw.
        """
        n, p = len(met), float(np.mean(met))
        if self.batches < 2:
            p = (p * n + 0.5) / (n + 1)
            return float(np.sqrt(p * (1 - p) / n))
        shares = [float(part.mean()) for part in np.array_split(np.asarray(met, dtype=float), self.batches)]
        return float(np.hypot(np.std(shares, ddof=1) / np.sqrt(self.batches), 0.5 / n))

    @property
    def explainable(self) -> bool:
        """Whether `explain` has an answer: a mixture of at least three values.

        >>> forecast(pd.Series([2.1, 2.2, 2.4], index=[2021, 2022, 2023]), until=2025, rng=1).explainable
        True
        """
        return self.model == "mixture" and len(self.history) >= FEWEST

    def explain(self) -> Explanation:
        """Which kinds of model carry the weight and what each year contributes (mixture only).

        Explained from the values alone, without what is known in part. Raises QcityError for another model, and where
        there are fewer than three values.
        """
        if self.model != "mixture":
            raise QcityError(f"only model 'mixture' can be explained; this is {self.model!r}")
        return explain(self.history, int(self.years[-1]), support=self.support, breaks=self.breaks)

    def _index(self) -> pd.Index:
        return pd.Index(self.years, name="year")

    def _asked(self, threshold: float, year: int | None) -> tuple[np.ndarray, float]:
        """The paths of a year (default: the last one) and a threshold, checked."""
        place = -1
        if year is not None:
            forecast_years = self.years.tolist()
            if whole_number(year, "year") not in forecast_years:
                raise QcityError(
                    f"{year} was not forecast; the forecast runs from {self.years[0]} to {self.years[-1]}"
                )
            place = forecast_years.index(whole_number(year, "year"))
        return self.paths[:, place], as_number(threshold, "threshold", finite=False)


def forecast(
    series: pd.Series,
    until: int,
    *,
    support: str | None = "real",
    model: str = "mixture",
    draws: int = 10_000,
    rng: int | np.random.Generator | None = 0,
    breaks: Sequence[int] = (),
    lower: Mapping[int, float] | None = None,
    upper: Mapping[int, float] | None = None,
    noisy: Mapping[int, float] | None = None,
    shared: Sequence[Mapping[int, float]] = (),
    estimates: Mapping[int, tuple[float, float]] | None = None,
    evidence: Evidence | None = None,
    prior: Prior | None = None,
) -> Forecast:
    """Forecast one series from the year after its last value up to and including `until`.

    `series` has years as index (whole numbers, "2024", or a yearly PeriodIndex or DatetimeIndex); NaN or missing years
    are gaps. `support` is the possible range: real (also where it is None), positive (0 or more), percent (0 to 100) or
    count. `breaks` are years in which a new segment starts
    whose level is not linked to the one before (a change of definition); size and direction of changes are
    shared across segments. `model` is "mixture" (default) or one of `alternatives.NAMES`. An integer `rng` makes
    a new Generator, None that of 0: the same question has the same answer.

    What is known in part (mixture only), also whole as one record `evidence`: `lower` and `upper` bounds and
    `estimates` (value, standard error) of years without a value; `noisy` standard errors of years with one; `shared`
    errors that move several years together (year to size), as an uncertain change moves every later level. A year that
    is known in part only, after the last value, is forecast like any other, and keeps to what is known of it. Two
    values are enough where a third year is known in part.

    Raises SeriesError (values, see `histories.from_frame`) and QcityError (arguments).

    >>> levels = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5], index=range(2019, 2024))
    >>> fc = forecast(levels, until=2025, support="percent", rng=1)
    >>> fc.paths.shape, fc.years.tolist()
    ((10000, 2), [2024, 2025])
    >>> fc.probability_at_least(2.0, year=2025) > 0.9
    True
    >>> bounded = forecast(levels, until=2025, support="percent", lower={2024: 2.6}, rng=1)
    >>> bounded.probability_at_least(2.6, year=2024)
    1.0
    """
    draws, generator = whole_number(draws, "draws", "a whole number, 1 or more"), _generator(rng)
    if draws < 1:
        raise QcityError(f"draws must be a whole number, 1 or more; found {draws!r}")
    support, prior, series = support or "real", prior or shipped(), yearly(series)
    breaks = tuple(whole_number(year, "breaks") for year in breaks)
    evidence = evidence or Evidence(lower or {}, upper or {}, noisy or {}, shared, estimates or {})
    known = Conditions.of(series, support, breaks, evidence) if evidence else None
    if known is not None and model != "mixture":
        raise QcityError(f"bounds, estimates and errors need model 'mixture'; {model!r} takes values only")
    batches = len(batch_sizes(draws)) if model == "mixture" else 0
    if known is not None:
        years = _years(known.last, until)
        paths = conditioned(known, len(years), draws, prior, generator)
    else:
        history = one_history(series, support, breaks)
        years = _years(int(history.last_year[0]), until)
        if model == "mixture":
            paths = draw(look_ahead(history, prior, len(years)), draws, generator, BATCHES)
        else:
            paths = _alternative(model, series, len(years), draws, generator, breaks)
    return Forecast(_within(paths, support), years, model, support, series.dropna(), breaks, batches)


def _generator(rng: object) -> np.random.Generator:
    if isinstance(rng, np.random.Generator):
        return rng
    seed = 0 if rng is None else rng
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise QcityError(
            f"rng must be a seed (a whole number, 0 or more) or a numpy Generator; found {rng!r}"
        )
    return np.random.default_rng(seed)


def _alternative(
    model: str, series: pd.Series, years: int, draws: int, rng: np.random.Generator, breaks: Sequence[int]
) -> np.ndarray:
    from . import alternatives

    if model not in alternatives.NAMES:
        known = ("mixture", *alternatives.NAMES)
        hint = did_you_mean(model, known)
        raise QcityError(f"unknown model {model!r}; allowed: {', '.join(known)}.{hint}")
    if len(breaks):
        raise QcityError(f"model {model!r} cannot take breaks; use model 'mixture', or the last segment only")
    return alternatives.paths(model, series, years, draws, rng)


def _years(last: int, until: object) -> np.ndarray:
    end = whole_number(until, "until")
    if end <= last:
        raise QcityError(f"until must be a year after the last observed one, {last}; found {until!r}")
    if end - last > FARTHEST:
        raise QcityError(f"until={until} is {end - last} years after {last}; at most {FARTHEST} are forecast")
    return np.arange(last + 1, end + 1)


def shrunk_correlation(first: pd.Series, second: pd.Series) -> float:
    """Correlation of the yearly changes of two series (index year), shrunk towards 0; 0 with fewer than 3 changes.

    Changes are relative where both series are positive, as they go together in growth.

    >>> a = pd.Series([1.0, 2.0, 2.5, 4.0, 4.1], index=range(2019, 2024))
    >>> round(shrunk_correlation(a, 3 * a), 2)
    0.8
    """
    both = pd.concat([first.rename("a"), second.rename("b")], axis=1).dropna().sort_index()
    if (both > 0).all(axis=None):
        both = np.log(both)
    change = both.diff()[np.diff(both.index, prepend=np.nan) == 1].to_numpy(float)
    spread = change.std(axis=0) if len(change) else np.zeros(2)
    if len(change) < 3 or (spread == 0).any():
        return 0.0
    r = float(np.corrcoef(change.T)[0, 1])
    return r * len(change) / (len(change) + SHRINK)


def paired(
    first: np.ndarray, second: np.ndarray, correlation: float, rng: np.random.Generator, batches: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The same paths (draws, years) in an order in which their last years have that rank correlation (normal scores).

    Paths stay within their part where both fall into `batches` independent parts.

    >>> rng = np.random.default_rng(0)
    >>> a, b = paired(rng.normal(size=(999, 2)), rng.normal(size=(999, 2)), 0.9, rng)
    >>> bool(0.85 < np.corrcoef(a[:, -1], b[:, -1])[0, 1] < 0.95)
    True
    """
    one, other = rng.standard_normal((2, len(first)))
    other = correlation * one + np.sqrt(1 - correlation**2) * other
    batches = max(batches, 1)
    part = np.repeat(np.arange(batches), [len(p) for p in np.array_split(one, batches)])
    ordered = np.empty_like(first), np.empty_like(second)
    for to, paths, score in zip(ordered, (first, second), (one, other), strict=True):
        to[np.lexsort((score, part))] = paths[np.lexsort((paths[:, -1], part))]
    return ordered


def forecast_ratio(
    top: Forecast,
    under: Forecast,
    *,
    factor: float = 1.0,
    after: int,
    history: pd.Series,
    support: str = "positive",
    rng: np.random.Generator,
) -> Forecast:
    """The forecast of factor × top / under for the years after `after`, from the forecasts of both.

    Each input is forecast by itself; their paths are paired by a Gaussian copula over where each stands in its last
    year, with the correlation of their yearly changes. A year that one of the two has already is taken as its history
    says. `history` is the ratio so far (index year), `support` its possible range. Both forecasts need the same last
    year and the same number of draws.

    >>> y = pd.Series([1.0, 1.1, 1.2, 1.25], index=range(2020, 2024))
    >>> both = forecast(y, 2025, support="positive", rng=0), forecast(40 * y, 2025, support="positive", rng=1)
    >>> fc = forecast_ratio(*both, factor=100, after=2023, history=2.5 + 0 * y, rng=np.random.default_rng(0))
    >>> fc.model, bool(2.3 < fc.median()[2025] < 2.7)
    ('ratio of inputs', True)
    """
    years = np.arange(after + 1, int(top.years[-1]) + 1)
    correlation = shrunk_correlation(top.history, under.history)
    batches = max(top.batches, under.batches)
    above, below = paired(_since(top, years), _since(under, years), correlation, rng, batches)
    with np.errstate(divide="ignore", invalid="ignore"):
        paths = np.nan_to_num(factor * above / below, nan=0.0, posinf=np.finfo(float).max)
    return Forecast(_within(paths, support), years, "ratio of inputs", support, history, batches=batches)


def _since(forecast: Forecast, years: np.ndarray) -> np.ndarray:
    """Paths of some years (draws, years): what is known of the years before the forecast begins, then its paths."""
    before = [float(forecast.history[year]) for year in years if year < forecast.years[0]]
    known = np.tile(np.array(before), (len(forecast.paths), 1))
    return np.concatenate([known, forecast.paths[:, np.isin(forecast.years, years)]], axis=1)


def _within(paths: np.ndarray, support: str) -> np.ndarray:
    """Paths within the possible range."""
    kind = SUPPORTS.index(support)
    return np.clip(paths, LOWER[kind], UPPER[kind])


def averaged(direct: Forecast, joint: Forecast) -> Forecast:
    """Quantile by quantile the mean of two forecasts of one ratio, in the order of the joint paths.

    >>> y = pd.Series([1.0, 2.0])
    >>> one = Forecast(np.array([[1.0], [3.0]]), np.array([2024]), "mixture", "real", y)
    >>> other = Forecast(np.array([[9.0], [5.0]]), np.array([2024]), "ratio of inputs", "real", y)
    >>> averaged(one, other).paths.tolist()
    [[6.0], [3.0]]
    """
    batches, parts = max(direct.batches, joint.batches, 1), []
    for one, other in zip(*(np.array_split(f.paths, batches) for f in (direct, joint)), strict=True):
        rank = np.argsort(np.argsort(other, axis=0, kind="stable"), axis=0, kind="stable")
        parts.append(np.take_along_axis((np.sort(one, axis=0) + np.sort(other, axis=0)) / 2, rank, axis=0))
    return replace(direct, paths=np.concatenate(parts), model="mixture of inputs")

"""The forecast of an annual series of published figures: with its evidence, from its inputs, moved by comparators.

A ratio whose inputs end in the same year is forecast directly; where one input is ahead, by the mean of the direct
forecast and that from both inputs: the better choice over quotients of real series (`benchmarks/ratios.py`).

A short series is expected to change partly as named other regions did or will, in units of each series' own typical
yearly change: its forecast moves a learned share of the way towards what they did and are expected to do. The shares
were learned on regions of one country (`training.borrowing`); between countries borrowing did not help.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import Note, QcityError
from ..series.annual import AnnualSeries
from ..series.evidence import Evidence
from .forecast import Forecast, forecast
from .histories import FEWEST, limits, one_history, same
from .mixture import look_ahead
from .prior import Prior, shipped, shipped_text, units

INPUTS = "inputs"  # the model that forecasts a ratio from its inputs alone
SHARES_FILE = "borrowing.json"
LENGTHS = (4, 7)  # own points up to which the first and second share hold


def forecast_series(
    series: AnnualSeries, until: int, *, model: str = "mixture", draws: int = 10_000,
    rng: int | np.random.Generator = 0,
) -> Forecast:  # fmt: skip
    """Forecast an annual series from the year after its last level up to and including `until`.

    The mixture takes all the evidence, learns from older stretches, and forecasts a ratio with one input ahead from its
    inputs too; the models of `forecast.MODELS` take the plain levels only; "inputs" forecasts a ratio from its inputs
    alone. Raises what `forecast` raises, and QcityError for "inputs" where there are none.

    >>> forecast_series(qc.annual_series(qc.load(as_of="2024-12-31"), "rd_intensity", "jiangsu"), 2025).years.tolist()
    [2024, 2025]
    """
    name, generator = f"{series.region}/{series.indicator_id}", np.random.default_rng(rng)
    options: dict[str, Any] = {"support": series.support, "draws": draws, "rng": generator}
    if model not in ("mixture", INPUTS):
        return forecast(series.values.rename(name), until, model=model, **options)
    if model == INPUTS and not _is_ratio(series):
        raise QcityError(f"{name} is no ratio of inputs with figures; use model 'mixture'")
    if model == "mixture":
        levels, evidence = series.history().rename(name), series.evidence
        direct = forecast(levels, until, breaks=series.breaks, evidence=evidence, **options)
        if not _is_ratio(series, ahead=True):
            return direct
    above, below = (_input(one, until, draws, generator, k == 1) for k, one in enumerate(series.inputs))
    known = series.known()
    of_inputs = forecast_ratio(above, below, factor=series.factor, after=int(known.index[-1]), history=known,
                           support=series.support, rng=generator)  # fmt: skip
    return of_inputs if model == INPUTS else averaged(direct, of_inputs)


def remarks(series: AnnualSeries, model: str = "mixture") -> tuple[Note, ...]:
    """What must be said of how the forecast of this model used what is known in part."""
    if model != "mixture":
        return (Note("partly_ignored", {"model": model}),) if series.evidence and model != INPUTS else ()
    numbers = len(series.history().dropna())
    few = Note("few_numbers", {"numbers": numbers, "partly": series.points() - numbers})
    notes = [few] if numbers < FEWEST else []
    return (*notes, Note("forecast_of_inputs")) if _is_ratio(series, ahead=True) else tuple(notes)


def _is_ratio(series: AnnualSeries, ahead: bool = False) -> bool:
    """Whether the series is a ratio of inputs that can be forecast, and (`ahead`) one has a level after its last."""
    known, inputs = series.known(), [part.known() for part in series.inputs]
    if series.derived not in ("ratio", "per_head") or known.empty or not (inputs[1] > 0).all():
        return False
    enough = all(part.points() >= FEWEST and len(part.known()) > 1 for part in series.inputs)
    return enough and (not ahead or max(one.index[-1] for one in inputs) > known.index[-1])


def _input(series: AnnualSeries, until: int, draws: int, rng: np.random.Generator, logs: bool) -> Forecast:
    """The forecast of one input, a denominator on logarithms: it never reaches zero; what it has already is certain."""
    known = series.known()
    if int(known.index[-1]) >= until:
        paths = np.full((draws, 1), float(known[until]))
        return Forecast(paths, np.array([until]), "known", series.support, known)
    if not logs:
        return forecast_series(series, until, draws=draws, rng=rng)
    size, levels, told = float(known.iloc[-1]), series.history(), series.evidence  # of which all are shares:
    lower, upper = ({y: float(np.log(x / size)) for y, x in table.items() if x > 0}  # the unit does not matter
                    for table in (told.lower, told.upper))  # fmt: skip
    noisy, *shared = ({y: error / float(levels[y]) for y, error in table.items()}
                      for table in (told.noisy, *told.shared))  # fmt: skip
    estimates = {y: (float(np.log(x / size)), error / x) for y, (x, error) in told.estimates.items() if x > 0}
    ahead = forecast(np.log(levels.where(levels > 0) / size), until, support="real", draws=draws, rng=rng,
                     breaks=series.breaks, evidence=Evidence(lower, upper, noisy, shared, estimates))  # fmt: skip
    return replace(ahead, paths=size * np.exp(ahead.paths), support=series.support, history=known)


def shrunk_correlation(first: pd.Series, second: pd.Series) -> float:
    """Correlation of yearly changes, relative where all is positive, shrunk by one without; 0 for fewer than three."""
    both = pd.concat([first.rename("a"), second.rename("b")], axis=1).dropna().sort_index()
    both = np.log(both) if (both > 0).all(axis=None) else both
    change = both.diff()[np.diff(both.index, prepend=np.nan) == 1].to_numpy(float)
    if len(change) < 3 or (change.std(axis=0) == 0).any():
        return 0.0
    return float(np.corrcoef(change.T)[0, 1]) * len(change) / (len(change) + 1.0)


def paired(
    first: np.ndarray, second: np.ndarray, correlation: float, rng: np.random.Generator, batches: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The paths in an order in which their last years have that rank correlation, within each of `batches` parts."""
    one, other = rng.standard_normal((2, len(first)))
    other = correlation * one + np.sqrt(1 - correlation**2) * other
    part = np.repeat(range(max(batches, 1)), [len(p) for p in np.array_split(one, max(batches, 1))])
    ordered = np.empty_like(first), np.empty_like(second)
    for to, paths, score in zip(ordered, (first, second), (one, other), strict=True):
        to[np.lexsort((score, part))] = paths[np.lexsort((paths[:, -1], part))]
    return ordered


def forecast_ratio(
    top: Forecast, under: Forecast, *, factor: float = 1.0, after: int, history: pd.Series,
    support: str = "positive", rng: np.random.Generator,
) -> Forecast:  # fmt: skip
    """The forecast of factor × top / under for the years after `after`, from the forecasts of both.

    Their paths are paired by a Gaussian copula over where each stands in its last year, with the correlation of their
    yearly changes; years that one has already are as its history says. `history` is the ratio so far (index year).
    """
    years, sides = np.arange(after + 1, int(top.years[-1]) + 1), []
    for side in (top, under):  # what is known of the years before the forecast begins, then its paths
        known = np.tile(side.history[years[years < side.years[0]]].to_numpy(float), (len(side.paths), 1))
        sides.append(np.concatenate([known, side.paths[:, np.isin(side.years, years)]], axis=1))
    batches, correlation = max(top.batches, under.batches), shrunk_correlation(top.history, under.history)
    above, below = paired(sides[0], sides[1], correlation, rng, batches)
    with np.errstate(divide="ignore", invalid="ignore"):
        paths = np.nan_to_num(factor * above / below, nan=0.0, posinf=np.finfo(float).max)
    return Forecast(np.clip(paths, *limits(support)), years, "ratio of inputs", support, history, (), batches)


def averaged(direct: Forecast, of_inputs: Forecast) -> Forecast:
    """Quantile by quantile the mean of two forecasts of one ratio, in the order of the joint paths.

    >>> one, other = (Forecast(np.array(p), np.array([1]), "", "real", pd.Series()) for p in ([[1], [3]], [[9], [5]]))
    >>> averaged(one, other).paths.tolist()
    [[6.0], [3.0]]
    """
    batches, parts = max(direct.batches, of_inputs.batches, 1), []
    for one, other in zip(*(np.array_split(f.paths, batches) for f in (direct, of_inputs)), strict=True):
        rank = np.argsort(np.argsort(other, axis=0, kind="stable"), axis=0, kind="stable")
        parts.append(np.take_along_axis((np.sort(one, axis=0) + np.sort(other, axis=0)) / 2, rank, axis=0))
    return replace(direct, paths=np.concatenate(parts), model="mixture of inputs")


class Shares(NamedTuple):
    """How far to move: shares of what comparators did, and of what they will do for up to 4, up to 7, more points."""

    published: float
    expected: tuple[float, ...]


def learned() -> Shares:
    """The shares that come with the package, each between 0 and 1."""
    shares = json.loads(shipped_text(SHARES_FILE))["shares"]
    return Shares(float(shares["published"]), tuple(map(float, shares["expected"])))


def borrowing_evidence() -> dict[str, Any]:
    """What borrowing did on the indicators it was learned on: for `published` and `expected` changes CRPS and cover."""
    return dict(json.loads(shipped_text(SHARES_FILE))["evidence"])


class Move(NamedTuple):
    """Change (H,) since a last year, and for how many of the years ahead it is published rather than expected."""

    change: np.ndarray
    published: int


def borrow(own: Forecast, comparators: Sequence[pd.Series], shares: Shares | None = None) -> Forecast:
    """The forecast moved towards its comparators (annual levels, index year); its spread stays as it is.

    Where the series stands still, paths do not move while they stay at its last value. Comparators and the series need
    three points, one in the last year of the series. Raises QcityError for a value outside the support.

    >>> city = forecast(pd.Series([2.0, 2.1, 2.2], index=[2018, 2019, 2020]), until=2023)
    >>> province = pd.Series([3.0, 3.1, 3.2, 3.4, 3.6], index=range(2018, 2023))
    >>> float(round(borrow(city, [province]).median()[2022] - city.median()[2022], 2)) > 0
    True
    """
    known = own.history.dropna()
    known = known[known.index >= max(own.breaks, default=known.index[0])]
    theirs = together(known, comparators, own.years, own.support) if len(known) >= FEWEST else None
    if theirs is None:
        return own
    last = float(known.iloc[-1])
    moved = own.paths + shift(theirs, own.median().to_numpy() - last, shares or learned(), len(known))
    stays = same(own.paths, last) & same(last, known.iloc[-2])
    return replace(own, paths=np.where(stays, own.paths, np.clip(moved, *limits(own.support))))


def together(
    own: pd.Series, comparators: Sequence[pd.Series], years: np.ndarray, support: str,
    prior: Prior | None = None,
) -> Move | None:  # fmt: skip
    """How comparators change, in typical changes, in `years` after the last of `own`; None without any to compare."""
    last, prior = int(own.index[-1]), prior or shipped()
    changes = [_change(y.dropna(), last, years, support, prior) for y in comparators if compares(y, last)]
    if not changes:
        return None
    change = _unit(own, support) * np.mean([move.change for move in changes], axis=0)
    return Move(change, min(move.published for move in changes))


def compares(comparator: pd.Series, last: int) -> bool:
    """Whether it has a value in the last year of a series, and as many up to then as a forecast needs."""
    return comparator.loc[:last].count() >= FEWEST and pd.notna(comparator.get(last))


def shift(theirs: Move, median: np.ndarray, shares: Shares, points: int) -> np.ndarray:
    """By how much to move a forecast whose `median` (H,) is measured from its last value.

    >>> shift(Move(np.array([1.0, 2.0]), 1), np.zeros(2), Shares(0.5, (0.2, 0.2, 0.2)), 5)
    array([0.5, 0.7])
    """
    gap = theirs.change - median
    done = gap[: theirs.published] * shares.published
    before, start = (gap[theirs.published - 1], done[-1]) if theirs.published else (0.0, 0.0)
    expected = shares.expected[int(np.searchsorted(LENGTHS, points))]
    return np.concatenate([done, start + expected * (gap[theirs.published :] - before)])


def _change(series: pd.Series, last: int, years: np.ndarray, support: str, prior: Prior) -> Move:
    """What one comparator did after `last`, then its median, in units of its typical change before."""
    before = series.loc[:last]
    level, end, until = float(before.iloc[-1]), int(series.index[-1]), int(years[-1])
    unit, after = _unit(before, support), series.reindex(years)
    published = int(after.notna().to_numpy().cumprod().sum())
    if end < until:
        ahead = look_ahead(one_history(series, support), prior, until - end).ahead
        after = after.fillna(pd.Series(ahead.quantiles([0.5])[0, :, 0], index=range(end + 1, until + 1)))
    return Move((after.interpolate().to_numpy(dtype=float) - level) / unit, published)


def _unit(series: pd.Series, support: str) -> float:
    """The typical yearly change of one series; QcityError with its name for a value outside the support."""
    return float(units(one_history(series, support))[0])

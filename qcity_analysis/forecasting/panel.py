"""Forecasts of many series at once, block after block.

The cost is linear in the number of series, and the answer for one series does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import QcityError, did_you_mean
from .features import features, plain, units
from .histories import (
    FARTHEST,
    LOWER,
    UPPER,
    Histories,
    all_refused,
    checked,
    numbers_of,
    whole_number,
    years_of,
)
from .marginals import KNOTS, MIDDLE, Marginals
from .mixture import Cells, Filtered, ahead, kalman
from .prior import LENGTHS, YEARS, Gate, Prior, shipped
from .sparse import count_knots, items
from .student import Mixture

BLOCK = 1024  # series worked on together: their arrays stay in the processor's cache
KEEP = 6  # cells kept for a series, the heaviest
SHARED = 24  # series with one pattern of years that are worth a recursion of their own


@dataclass(frozen=True)
class PanelForecast:
    """Forecasts of a panel; quantiles and probabilities are questions asked of it.

    Attributes: `ids`, `last_year`, `support` (n,), `horizon`; `ahead`, the distributions in the unit of each series;
    `refused`, the series that could not be forecast (series_id, reason).
    """

    ids: np.ndarray
    last_year: np.ndarray
    support: np.ndarray
    horizon: int
    ahead: Marginals
    refused: pd.DataFrame

    def quantiles(self, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> pd.DataFrame:
        """Quantiles: index (series_id, period), one column for each level.

        Raises QcityError for a level outside 0 to 1.
        """
        wanted = np.asarray(levels, dtype=float)
        if wanted.ndim != 1 or not len(wanted) or not ((wanted > 0) & (wanted < 1)).all():
            raise QcityError(f"levels must lie between 0 and 1, such as [.05, .5, .95]; found {levels!r}")
        found = self.ahead.quantiles(wanted)
        period = (self.last_year[:, None] + np.arange(1, self.horizon + 1)).ravel()
        names = ["series_id", "period"]
        index = pd.MultiIndex.from_arrays([np.repeat(self.ids, self.horizon), period], names=names)
        return pd.DataFrame(found.reshape(len(index), len(wanted)), index=index, columns=wanted)

    def probability(self, questions: pd.DataFrame) -> np.ndarray:
        """One probability for each row of `questions`, NaN for a series that is among the `refused`.

        Columns: series_id, period, threshold, direction ("at_least" or "at_most"). Raises QcityError for a
        missing column, an unknown series or direction, a threshold that is not a number, or a year that was
        not forecast.
        """
        if not isinstance(questions, pd.DataFrame):
            raise QcityError(f"questions are a pandas DataFrame; found {type(questions).__name__}")
        for name in ("series_id", "period", "threshold", "direction"):
            if name not in questions.columns:
                raise QcityError(
                    f"column {name!r} is missing; questions have series_id, period, threshold, direction"
                )
        for name in questions["direction"].unique():
            if name not in ("at_least", "at_most"):
                raise QcityError(f"direction {name!r}; allowed: at_least, at_most")
        threshold, _ = numbers_of(questions["threshold"])
        if np.isnan(threshold).any():
            i = int(np.flatnonzero(np.isnan(threshold))[0])
            raise QcityError(f"threshold {questions['threshold'].iloc[i]!r}; allowed: a number")
        series = self._series(questions["series_id"])
        known = series >= 0
        step = self._step(questions["period"][known], series[known])
        at_least = (questions["direction"] == "at_least").to_numpy()
        found = np.full(len(questions), np.nan)
        found[known] = self.ahead.probability(series[known], step, threshold[known], at_least[known])
        return found

    def _series(self, asked: pd.Series) -> np.ndarray:
        """The place of each series asked for, -1 for a refused one."""
        series = pd.Index(self.ids).get_indexer(asked)
        unknown = (series < 0) & ~asked.isin(self.refused["series_id"]).to_numpy()
        if unknown.any():
            name = str(asked.iloc[int(np.flatnonzero(unknown)[0])])
            hint = did_you_mean(name, map(str, self.ids[:1000]))
            raise QcityError(f"series {name!r} was not forecast.{hint}")
        return series

    def _step(self, asked: pd.Series, series: np.ndarray) -> np.ndarray:
        step = years_of(asked) - self.last_year[series] - 1
        outside = ~((step >= 0) & (step < self.horizon))
        if outside.any():
            i = int(np.flatnonzero(outside)[0])
            first = self.last_year[series[i]] + 1
            raise QcityError(
                f"series {self.ids[series[i]]!r}: {asked.iloc[i]} was not forecast; "
                f"the forecast runs from {first} to {first + self.horizon - 1}"
            )
        return step.astype(np.int64)


def forecast_panel(frame: pd.DataFrame, horizon: int = 5, prior: Prior | None = None) -> PanelForecast:
    """Forecast every series of a long frame (`series_id, period, value` and, optionally, `support`).

    Each series is forecast for the `horizon` years (at most 50) after its own last observed year. A series that cannot
    be forecast (see `histories.from_frame` for what is checked) is left out and named with the reason in `refused`.

    Raises SeriesError where no series is left or the frame itself is wrong, QcityError for another horizon.

    >>> frame = pd.DataFrame({"series_id": "a", "period": range(2018, 2024), "support": "percent",
    ...                       "value": [2.4, 2.4, 2.6, 2.7, 2.9, 3.0]})
    >>> panel = forecast_panel(frame, horizon=2)
    >>> panel.quantiles([.05, .5, .95]).index.to_list()
    [('a', 2024), ('a', 2025)]
    """
    found = partial_panel(frame, horizon, prior)
    if not len(found.ids):
        raise all_refused(found.refused)
    return found


def partial_panel(frame: pd.DataFrame, horizon: int = 5, prior: Prior | None = None) -> PanelForecast:
    """As `forecast_panel`, but without an error where every series is refused."""
    allowed = f"a whole number of years, 1 to {FARTHEST}"
    horizon = whole_number(horizon, "horizon", allowed)
    if not 1 <= horizon <= FARTHEST:
        raise QcityError(f"horizon must be {allowed}; found {horizon!r}")
    h, refused = checked(frame)
    prior = prior or shipped()
    alike = np.argsort(_patterns(h), kind="stable")  # series observed in the same years share their gains
    ahead_of = distributions(h, prior, horizon, alike) if len(h) else Marginals.none(horizon)
    return PanelForecast(h.ids, h.last_year, h.support, horizon, ahead_of, refused)


def distributions(h: Histories, prior: Prior, horizon: int, order: np.ndarray | None = None) -> Marginals:
    """The distributions ahead of many series, worked on block after block, in the given order of rows."""
    order = np.arange(len(h)) if order is None else order
    blocks = [look_ahead(h.rows(order[i : i + BLOCK]), prior, horizon).ahead for i in range(0, len(h), BLOCK)]
    return Marginals.joined(blocks).rows(np.argsort(order, kind="stable"))


@dataclass(frozen=True)
class Ahead:
    """What lies ahead of a block: the distributions of each year, and what ties the years of a path together: the
    `weight` (n, K) of the kept cells, their `fit` and the `cells` themselves (n, K).
    """

    ahead: Marginals
    weight: np.ndarray
    fit: Filtered
    cells: Cells


def look_ahead(h: Histories, prior: Prior, horizon: int) -> Ahead:
    """Forecast a block of series."""
    unit = units(h)
    found, turn = features(h, unit)
    mixture, kept, cells = mixed(h, unit, found, prior.cells, prior.gate, max(horizon, YEARS))
    direct = turned(prior.direct(prior.inputs(found)), turn)
    knots = _blend(mixture.quantiles(KNOTS), direct, h, prior)[:, :horizon]
    last = h.values[:, -1]
    knots = last[:, None, None] + unit[:, None, None] * knots
    item = items(h)
    stay = np.where(item[:, None] > 0, 0.0, prior.staying.probability(h, found, horizon))
    for row in np.flatnonzero(item):
        knots[row] = item[row] * count_knots(h.values[row] / item[row], horizon)
    ahead_of = Marginals(knots, last, stay, LOWER[h.support], UPPER[h.support], item)
    return Ahead(ahead_of, mixture.weight, kept, cells)


def mixed(
    h: Histories, unit: np.ndarray, found: np.ndarray, cells: Cells, gate: Gate, years: int
) -> tuple[Mixture, Filtered, Cells]:
    """The structural mixture of a block, `years` ahead: its heaviest cells, their fit and what they are."""
    fit = fit_cells(h, unit, cells)
    keep, weight = heaviest(gate.weights(plain(found), fit.loglik))
    kept, which = _kept(fit, keep), cells.take(keep)
    return Mixture(weight, *ahead(kept, which, years)), kept, which


def turned(quantiles: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Quantiles (n, H, Q) mirrored for series whose direction is -1."""
    return np.where(turn[:, None, None] < 0, -quantiles[:, :, ::-1], quantiles)


def _blend(gate: np.ndarray, direct: np.ndarray, h: Histories, prior: Prior) -> np.ndarray:
    """Quantile average of gate and learners, widened; after five years the gate's, moved to join on."""
    # A series that never changed tells no direction: the mixture alone, centred on it.
    share = np.where(np.nanmax(h.values, axis=1) > np.nanmin(h.values, axis=1), prior.share, 1.0)[
        :, None, None
    ]
    mean = share * gate[:, :YEARS] + (1.0 - share) * direct
    middle = mean[:, :, MIDDLE : MIDDLE + 1]
    length = np.searchsorted(LENGTHS, np.isfinite(h.values).sum(axis=1))
    wide = np.maximum.accumulate(middle + prior.widen[length] * (mean - middle), axis=2)
    if gate.shape[1] == YEARS:
        return wide
    moved = gate[:, YEARS:] + (wide - gate[:, :YEARS])[:, YEARS - 1 :]
    return np.concatenate([wide, np.maximum.accumulate(moved, axis=2)], axis=1)


def heaviest(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The KEEP heaviest cells of each series, in the order of the grid, and their weights, summing to one."""
    keep = np.sort(np.argpartition(-weight, KEEP, axis=1)[:, :KEEP], axis=1)
    weight = np.take_along_axis(weight, keep, 1)
    total = np.zeros((len(weight), 1))
    for k in range(weight.shape[1]):
        total += weight[:, k : k + 1]
    return keep, weight / total


def fit_cells(h: Histories, unit: np.ndarray, cells: Cells) -> Filtered:
    """Every cell fitted to every series, in units of the typical change and measured from the last value."""
    values = (h.values - h.values[:, -1:]) / unit[:, None]
    fits = [(rows, kalman(values[rows], h.starts[rows], cells)) for rows in _alike(_patterns(h))]
    result = {}
    for name in Filtered.__dataclass_fields__:
        result[name] = np.empty((len(values), len(cells)))
        for rows, fit in fits:
            result[name][rows] = getattr(fit, name)
    return Filtered(**result)


def _patterns(h: Histories) -> np.ndarray:
    """A number for each series that says in which years it was observed and where its segments start."""
    place = 1 << np.arange(h.values.shape[1], dtype=np.int64)
    return (np.isfinite(h.values) @ place << 31) + ((h.starts & np.isfinite(h.values)) @ place)


def _alike(pattern: np.ndarray) -> Iterator[np.ndarray]:
    """Rows that share a pattern of years, where enough do; then all others together."""
    _, group, size = np.unique(pattern, return_inverse=True, return_counts=True)
    for g in np.flatnonzero(size >= SHARED):
        yield np.flatnonzero(group == g)
    rest = np.flatnonzero(size[group] < SHARED)
    if len(rest):
        yield rest


def _kept(fit: Filtered, keep: np.ndarray) -> Filtered:
    names = Filtered.__dataclass_fields__
    return Filtered(**{name: np.take_along_axis(getattr(fit, name), keep, 1) for name in names})

"""Forecasts of many series at once: histories in, mixtures ahead out, block after block.

The cost is linear in the number of series and the answer for one series does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .errors import QcityError, did_you_mean
from .features import features, units
from .histories import LOWER, UPPER, Histories, from_frame
from .mixture import Cells, Filtered, ahead, kalman
from .prior import Prior, shipped
from .student import Mixture

BLOCK = 512  # series worked on together: their arrays stay in the processor's cache
KEEP = 16  # cells kept for a series, the heaviest
SHARED = 24  # series with one pattern of years that are worth a recursion of their own


@dataclass(frozen=True)
class PanelForecast:
    """Forecasts of a panel; quantiles and probabilities are questions asked of it.

    Attributes: `ids`, `last_year` (n,), `horizon`, and `mixtures`, one for each block of series.
    """

    ids: np.ndarray
    last_year: np.ndarray
    horizon: int
    mixtures: tuple[Mixture, ...]

    def quantiles(self, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> pd.DataFrame:
        """Quantiles: index (series_id, period), one column for each level. Raises QcityError outside (0, 1)."""
        wanted = np.asarray(levels, dtype=float)
        if wanted.ndim != 1 or not len(wanted) or not ((wanted > 0) & (wanted < 1)).all():
            raise QcityError(f"levels must lie between 0 and 1, such as [.05, .5, .95]; found {levels!r}")
        order = np.argsort(wanted, kind="stable")
        values = np.empty((len(self.ids), self.horizon, len(wanted)))
        place = 0
        for mixture in self.mixtures:
            n = len(mixture.last)
            values[place : place + n, :, order] = mixture.quantiles(wanted[order])
            place += n
        period = (self.last_year[:, None] + np.arange(1, self.horizon + 1)).ravel()
        index = pd.MultiIndex.from_arrays(
            [np.repeat(self.ids, self.horizon), period], names=["series_id", "period"]
        )
        return pd.DataFrame(values.reshape(len(index), len(wanted)), index=index, columns=wanted)

    def probability(self, questions: pd.DataFrame) -> np.ndarray:
        """One probability for each row of `questions`.

        Columns: series_id, period, threshold, direction ("at_least" or "at_most"). Raises QcityError for a
        missing column, an unknown series or direction, a threshold that is not a number, or a year that was not
        forecast.
        """
        series, step, threshold, at_least = self._asked(questions)
        answer = np.empty(len(questions))
        place = 0
        for mixture in self.mixtures:
            n = len(mixture.last)
            mine = np.flatnonzero((series >= place) & (series < place + n))
            for part in np.array_split(mine, max(1, len(mine) // 2048)):
                who = series[part] - place
                one = mixture.rows(who).year(step[part])
                answer[part] = one.probability(threshold[part, None, None], at_least[part, None, None])[
                    :, 0, 0
                ]
            place += n
        return answer

    def _asked(self, questions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        for name in ("series_id", "period", "threshold", "direction"):
            if name not in questions.columns:
                raise QcityError(
                    f"column {name!r} is missing; a question has series_id, period, threshold, direction"
                )
        series = pd.Index(self.ids).get_indexer(questions["series_id"])
        if (series < 0).any():
            name = questions["series_id"].iloc[int(np.flatnonzero(series < 0)[0])]
            raise QcityError(
                f"series {name!r} was not forecast.{did_you_mean(str(name), map(str, self.ids[:1000]))}"
            )
        for name in questions["direction"].unique():
            if name not in ("at_least", "at_most"):
                raise QcityError(f"direction {name!r}; allowed: at_least, at_most")
        threshold = pd.to_numeric(questions["threshold"], errors="coerce").to_numpy(dtype=float)
        if np.isnan(threshold).any():
            i = int(np.flatnonzero(np.isnan(threshold))[0])
            raise QcityError(f"threshold {questions['threshold'].iloc[i]!r}; allowed: a number")
        step = questions["period"].to_numpy() - self.last_year[series] - 1
        if ((step < 0) | (step >= self.horizon)).any():
            i = int(np.flatnonzero((step < 0) | (step >= self.horizon))[0])
            first = self.last_year[series[i]] + 1
            raise QcityError(
                f"series {self.ids[series[i]]!r}: {questions['period'].iloc[i]} was not forecast; "
                f"the forecast runs from {first} to {first + self.horizon - 1}"
            )
        return series, step.astype(int), threshold, (questions["direction"] == "at_least").to_numpy()


def forecast_panel(frame: pd.DataFrame, horizon: int = 5, prior: Prior | None = None) -> PanelForecast:
    """Forecast every series of a long frame (`series_id, period, value` and, optionally, `support`).

    Each series is forecast for the `horizon` years after its own last observed year. See
    `histories.from_frame` for what is checked and which errors are raised.

    >>> frame = pd.DataFrame({"series_id": "a", "period": range(2015, 2024), "value": [2, 2.1, 2.3, 2.4, 2.4, 2.6,
    ...                       2.7, 2.9, 3.0], "support": "percent"})
    >>> panel = forecast_panel(frame, horizon=2)
    >>> panel.quantiles([.05, .5, .95]).index.to_list()
    [('a', 2024), ('a', 2025)]
    """
    if int(horizon) != horizon or horizon < 1:
        raise QcityError(f"horizon must be a whole number of years, 1 or more; found {horizon!r}")
    histories = from_frame(frame)
    prior = prior or shipped()
    blocks = [
        mixtures(histories.rows(slice(i, i + BLOCK)), prior, int(horizon))
        for i in range(0, len(histories), BLOCK)
    ]
    return PanelForecast(histories.ids, histories.last_year, int(horizon), tuple(blocks))


def mixtures(h: Histories, prior: Prior, horizon: int, states: bool = False) -> Mixture:
    """The mixture ahead of every series of a block; with `states`, also what paths are drawn from."""
    unit, log_unit = units(h)
    fit = fit_cells(h, unit, log_unit, prior.cells)
    weight = prior.weights(features(h, unit), fit.loglik)
    keep = np.sort(np.argsort(-weight, axis=1, kind="stable")[:, :KEEP], axis=1)
    weight = np.take_along_axis(weight, keep, 1)
    total = np.zeros((len(h), 1))
    for k in range(weight.shape[1]):
        total += weight[:, k : k + 1]
    kept, cells = chosen(fit, keep), _chosen_cells(prior.cells, keep)
    location, scale, df = ahead(kept, cells, horizon)
    parts = {**vars(kept), "rho": cells.rho, "z": cells.z, "phi": cells.phi} if states else None
    return Mixture(
        weight / total, location, scale, np.broadcast_to(df, weight.shape), cells.log,
        h.values[:, -1], unit, log_unit, LOWER[h.support], UPPER[h.support], parts,
    )  # fmt: skip


def fit_cells(h: Histories, unit: np.ndarray, log_unit: np.ndarray, cells: Cells) -> Filtered:
    """Every cell fitted to every series: values in units of the typical change, measured from the last value."""
    last = h.values[:, -1:]
    scaled = (h.values - last) / unit[:, None]
    positive = log_unit > 0
    safe = np.where(positive[:, None] & np.isfinite(h.values), h.values, 1.0)
    logged = (
        np.log(safe / np.where(positive, last[:, 0], 1.0)[:, None])
        / np.where(positive, log_unit, 1.0)[:, None]
    )
    logged = np.where(np.isfinite(h.values), logged, np.nan)
    plain = _fit(scaled, h.starts, cells.take(~cells.log))
    if not cells.log.any():
        return plain
    log = _fit(logged, h.starts, cells.take(cells.log))
    # Densities of logarithms become densities of scaled values: add log |d log / d scaled| of each linked value.
    linked = np.isfinite(h.values) & ~h.starts
    slope = np.where(linked, np.log(unit[:, None] / (safe * np.where(positive, log_unit, 1.0)[:, None])), 0.0)
    shift = np.zeros(len(h))
    for k in range(slope.shape[1]):
        shift = shift + slope[:, k]
    log.loglik[:] = np.where(positive[:, None], log.loglik + shift[:, None], -1e6)
    both = {}
    for name in Filtered.__dataclass_fields__:
        both[name] = np.empty((len(h), len(cells)))
        both[name][:, ~cells.log] = getattr(plain, name)
        both[name][:, cells.log] = getattr(log, name)
    return Filtered(**both)


def _fit(values: np.ndarray, starts: np.ndarray, cells: Cells) -> Filtered:
    """`kalman`, sharing gains among series observed in the same years."""
    result = {name: np.empty((len(values), len(cells))) for name in Filtered.__dataclass_fields__}
    for rows in _patterns(np.isfinite(values), starts):
        fit = kalman(values[rows], starts[rows], cells)
        for name, array in result.items():
            array[rows] = getattr(fit, name)
    return Filtered(**result)


def _patterns(observed: np.ndarray, starts: np.ndarray) -> Iterator[np.ndarray]:
    key = np.packbits(np.concatenate([observed, starts], axis=1), axis=1)
    _, group, size = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    for g in np.flatnonzero(size >= SHARED):
        yield np.flatnonzero(group == g)
    rest = np.flatnonzero(size[group] < SHARED)
    if len(rest):
        yield rest


def chosen(fit: Filtered, keep: np.ndarray) -> Filtered:
    """The kept cells of each series."""
    return Filtered(
        *(np.take_along_axis(getattr(fit, name), keep, 1) for name in Filtered.__dataclass_fields__)
    )


def _chosen_cells(cells: Cells, keep: np.ndarray) -> Cells:
    return Cells(**{name: getattr(cells, name)[keep] for name in Cells.__dataclass_fields__})

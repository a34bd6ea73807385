"""The prior trained from a corpus of real series, and what it needs of it: tasks, folds, weights.

A task is a history cut off at some year and the five years that followed. Folds are made of indicators: no
series of an indicator is ever on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.histories import SUPPORTS, WINDOW, Histories, inferred
from qcity_analysis.forecasting.mixture import BLOCK, ahead, distributions, fit_cells, mixed
from qcity_analysis.forecasting.prior import (
    CHANGES,
    COUNTS,
    GROUPS,
    LONG,
    LOW_SHARES,
    NAMES,
    YEARS,
    Cells,
    Gate,
    Prior,
    features,
    group,
    plain,
    units,
)
from qcity_analysis.forecasting.quantiles import KNOTS, MIDDLE, QUARTILES, fold_of

from .networks import NEVER, fit_gate, fit_learner, fit_staying

ORIGINS = 8  # cut-off years drawn for each series
CAP = 90  # series of one indicator used for each draw of origins
POWERS = (0.4, 0.4, 1.0)  # one learner for each: two sharp ones, and one of the proper score
GROWTH, GROWTH_FILE = 1_500, "m4_yearly_train.parquet"  # growth series used for each draw of origins
GROWN = 13  # values before the cut-off of a growth series: shorter histories are left to the corpus
SHARE = 0.2  # the gate's share of the quantiles
FOLDS = 3
GATE_TASKS = 20_000  # as many as the gate is trained on, drawn from all
CHOICE_TASKS = 4_000  # as many as cells are chosen on
MODELS = 40  # cells chosen from the candidates, each with every prior of the scale
SCALES = ((1.0, 0.3), (1.0, 0.8), (0.35, 0.5))  # (shape, size) of the scale's prior; the last heavy-tailed
SLACK = 0.04  # a 90 % interval is widened to hold 89.6 %: a little sharper than its name
MODERN = 2100  # growth series have no years: left out where training ends before one
WIDE = 0.7  # of the outcomes: narrower intervals are widened to hold what they say
SIDES = {LONG: 1.0, LOW_SHARES: 0.5, COUNTS: 0.5}  # how far each side of the median is widened for itself
LEAST = 0.05  # factor for one side
GROWING = "growth "  # how the names begin that stand for the indicators of growth series
KINDS = {"pct": "percent", "percent": "percent", "positive": "positive", "count": "count", "real": "real"}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Corpus:
    """Real annual series: `values` by series_id, no gaps; first `year`; `meta` (index series_id); and `growth`, series
    of another kind and of unknown years that training, never validation, uses beside them.
    """

    values: dict[str, np.ndarray]
    year: dict[str, int]
    meta: pd.DataFrame
    growth: tuple[np.ndarray, ...] = ()

    def series(self, indicators: Sequence[str]) -> list[str]:
        """The series of some indicators."""
        return list(self.meta.index[self.meta["indicator"].isin(indicators)])

    def of_source(self, source: str) -> list[str]:
        """The indicators of a source."""
        return list(self.meta.loc[self.meta["bank"] == source, "indicator"].unique())


@dataclass(frozen=True)
class Tasks:
    """Histories, the five `actual` years after each (n, 5), and its `indicator` (n,)."""

    histories: Histories
    actual: np.ndarray
    indicator: np.ndarray

    @property
    def fold(self) -> np.ndarray:
        """The fold of each task's indicator (n,)."""
        return np.array([fold_of(str(name), FOLDS) for name in self.indicator])

    def rows(self, which: np.ndarray) -> Tasks:
        """Some of the tasks."""
        return Tasks(self.histories.rows(which), self.actual[which], self.indicator[which])

    @classmethod
    def joined(cls, parts: Sequence[Tasks]) -> Tasks:
        """The tasks of several, one after the other."""
        names = Histories.__dataclass_fields__
        whole = (np.concatenate([getattr(one.histories, name) for one in parts]) for name in names)
        rest = (np.concatenate([getattr(one, name) for one in parts]) for name in ("actual", "indicator"))
        return cls(Histories(*whole), *rest)

    def hidden(self) -> Tasks:
        """The same with no support stated."""
        return replace(self, histories=replace(self.histories, support=inferred(self.histories.values)))


def read_corpus(folder: Path | str) -> Corpus:
    """Read indicator_bank.parquet and indicator_bank_meta.parquet, and m4_yearly_train.parquet where it is there.
    Raises QcityError when one of the first two is missing.
    """
    folder = Path(folder)
    for name in ("indicator_bank.parquet", "indicator_bank_meta.parquet"):
        if not (folder / name).is_file():
            raise QcityError(f"{folder / name}: no such file; a training corpus is a folder with {name}")
    frame = pd.read_parquet(folder / "indicator_bank.parquet").sort_values(["series_id", "period"])
    meta = pd.read_parquet(folder / "indicator_bank_meta.parquet").set_index("series_id")
    groups = frame.groupby("series_id")
    values = {str(k): v.to_numpy(dtype=float) for k, v in groups["value"]}
    year = {str(k): int(v) for k, v in groups["period"].first().items()}
    if not (folder / GROWTH_FILE).is_file():
        return Corpus(values, year, meta)
    more = pd.read_parquet(folder / GROWTH_FILE).sort_values(["series_id", "period"]).groupby("series_id")
    return Corpus(values, year, meta, tuple(v.to_numpy(dtype=float) for _, v in more["value"]))


def draw_tasks(
    corpus: Corpus,
    series: list[str],
    origins: int,
    cap: int,
    seed: int,
    before: int = 9999,
    since: int = 0,
    odd: bool = True,
    constant: bool = False,
) -> Tasks:
    """Random cut-offs of the given series: histories of 4 to 15 values and the five years after.

    At most `cap` series of one indicator for each of `origins` rounds; nothing from the year `before` on is
    used, and only forecasts that begin in `since` or later are kept. With `odd`, a few histories are longer,
    of three points, or have gaps. Histories that never changed are left out unless `constant`.
    """
    drawn: list[tuple[np.ndarray, np.ndarray, str, int]] = []
    indicator, kind = (corpus.meta[name].to_dict() for name in ("indicator", "kind"))
    for turn in range(origins):
        rng, seen = np.random.default_rng([seed, turn]), dict[str, int]()
        for name in rng.permutation(sorted(series)):
            y = corpus.values[name][: max(0, before - corpus.year[name])]
            what = indicator[name]
            if len(y) < 10 or seen.get(what, 0) >= cap:
                continue
            history, after, origin = _cut(y, rng, odd)
            still = not constant and np.nanmax(history) == np.nanmin(history)
            if still or corpus.year[name] + origin < since:
                continue
            seen[what] = seen.get(what, 0) + 1
            drawn.append((history, after, what, SUPPORTS.index(KINDS[kind[name]])))
    histories, actual, names, kinds = zip(*drawn, strict=True)
    return Tasks(_align(histories, np.array(kinds)), np.array(actual), np.array(names, dtype=object))


def draw_growth(series: Sequence[np.ndarray], origins: int, seed: int) -> Tasks:
    """Random cut-offs of growth series, GROWTH in each round, with all that came before up to WINDOW."""
    drawn = []
    for turn in range(origins):
        rng = np.random.default_rng([seed, turn, 1])
        for i in rng.permutation(len(series))[:GROWTH].tolist():
            y = series[i]
            origin = int(rng.integers(GROWN, max(GROWN, len(y) - YEARS) + 1))
            history, after = y[max(0, origin - WINDOW) : origin], y[origin : origin + YEARS]
            if len(after) == YEARS and np.ptp(history) > 0:
                drawn.append((history, after, f"{GROWING}{i // 100}", int(history.min() >= 0)))
    histories, actual, names, kinds = zip(*drawn, strict=True)
    return Tasks(_align(histories, np.array(kinds)), np.array(actual), np.array(names, dtype=object))


def _cut(y: np.ndarray, rng: np.random.Generator, odd: bool) -> tuple[np.ndarray, np.ndarray, int]:
    origin = int(rng.integers(5, len(y) - YEARS + 1))
    n = int(rng.integers(4, min(origin, 15) + 1))
    chance = rng.random() if odd else 1.0
    if chance < 0.02:
        n = 3
    elif chance < 0.04 and origin > 15:
        n = int(rng.integers(15, min(origin, WINDOW) + 1))
    history = y[origin - n : origin].copy()
    if 0.04 <= chance < 0.08 and n >= 5:
        gap = rng.random(n) < 0.3
        gap[0] = gap[-1] = False
        if (~gap).sum() >= 3 and np.ptp(history[~gap]) > 0:
            history[gap] = np.nan
    return history, y[origin : origin + YEARS], origin


def _align(histories: Sequence[np.ndarray], support: np.ndarray) -> Histories:
    n = len(histories)
    values = np.full((n, WINDOW), np.nan)
    for i, history in enumerate(histories):
        values[i, WINDOW - len(history) :] = history
    starts = np.zeros((n, WINDOW), dtype=bool)
    starts[np.arange(n), np.isfinite(values).argmax(axis=1)] = True
    return Histories(np.arange(n), np.zeros(n, dtype=np.int64), values, starts, support)


def candidates() -> Cells:
    """The candidate models, from constant mean to accelerating trend, with one prior of the scale.

    >>> len(candidates())
    200
    """
    trends = [(0.0, (0.0,)), (0.5, (0.0, 0.2, 0.6)), (0.8, (0.0, 0.1, 0.4)), (0.93, (0.0, 0.05, 0.3))]
    trends.append((1.0, (0.0, 0.005, 0.05, 0.2)))
    rows = [
        (rho, z, phi, slope, 1.0, 0.6)
        for rho in (0.0, 0.3, 0.6, 0.85, 1.0)
        for phi, noises in trends
        for z in noises
        for slope in ((0.03, 0.3, 3.0) if phi > 0 else (0.0,))
    ]
    return Cells(*np.array(rows).T)


def choose(loglik: np.ndarray, density: np.ndarray, count: int, rounds: int = 30) -> np.ndarray:
    """The `count` cells that carry most weight in one prior for all series, in order; the prior is fitted by
    EM on the density of what came after (n, C, H).
    """
    relative = np.exp(np.maximum(loglik - loglik.max(axis=1, keepdims=True), -60.0))
    ahead_of = np.exp(density - density.max(axis=1, keepdims=True)) * relative[:, :, None]
    weight = np.full(loglik.shape[1], 1.0 / loglik.shape[1])
    for _ in range(rounds):
        part = ahead_of * weight[:, None]
        weight = (part / (part.sum(axis=1, keepdims=True) + 1e-300)).mean(axis=(0, 2)) + 1e-6
    return np.sort(np.argsort(-weight, kind="stable")[:count])


def with_scales(models: Cells) -> Cells:
    """Each model with every prior of the scale."""
    rows = {name: np.tile(getattr(models, name), len(SCALES)) for name in Cells.__dataclass_fields__}
    shape, size = np.repeat(np.array(SCALES).T, len(models), axis=1)
    return Cells(**rows | {"shape": shape, "size": size})


@dataclass(frozen=True)
class Training:
    """What priors are made from: `tasks`; `every` task, of series that never changed too; the priors `fitted` to all
    folds but one, not yet widened; and of each task, by the one that has not seen it, the quantiles (n, 5, 15) and what
    came after (n, 5), in units of the typical change.
    """

    tasks: Tasks
    every: Tasks
    seed: int
    fitted: tuple[Prior, ...]
    quantiles: np.ndarray
    actual: np.ndarray

    @classmethod
    def of(cls, tasks: Tasks, every: Tasks, seed: int = 0, say: Say = lambda text: None) -> Training:
        """Fit the folds."""
        fold, fitted = tasks.fold, []
        quantiles, actual = np.empty((len(fold), YEARS, len(KNOTS))), np.empty((len(fold), YEARS))
        for f in range(FOLDS):
            say(f"training on all but fold {f + 1} of {FOLDS}")
            fitted.append(_fit(tasks.rows(np.flatnonzero(fold != f)), seed))
            quantiles[fold == f], actual[fold == f] = _unwidened(tasks.rows(fold == f), fitted[f])
        return cls(tasks, every, seed, tuple(fitted), quantiles, actual)

    def prior(self, left_out: Sequence[str] = (), fitted: Prior | None = None) -> Prior:
        """The prior of all indicators but some (or the one already `fitted` to them), its intervals widened until those
        of the folds hold on these indicators, each left out of its fold's; and how likely the last value comes again.
        """
        kept, still = (~np.isin(t.indicator.astype(str), left_out) for t in (self.tasks, self.every))
        tasks = self.tasks.rows(kept)
        widen = widening(self.quantiles[kept], self.actual[kept], group(tasks.histories), tasks.indicator)
        every = self.every.rows(still)
        fitted = fitted or _fit(tasks, self.seed)
        prior = replace(fitted, widen=widen)
        knots = distributions(every.histories, prior, YEARS).knots
        return replace(prior, staying=fit_staying(every.histories, every.actual, knots))


def learn(corpus: Corpus, seed: int = 0, say: Say = lambda text: None, before: int = 9999) -> Training:
    """Train on a corpus, on nothing from the year `before` on."""
    return Training.of(*draw_training(corpus, seed, before), seed, say)


def draw_training(corpus: Corpus, seed: int = 0, before: int = 9999) -> tuple[Tasks, Tasks]:
    """What is learned from: tasks, each with its support stated and without; and those of series that never changed."""
    every, tasks = (
        draw_tasks(corpus, list(corpus.values), ORIGINS, CAP, seed, before=before, constant=constant)
        for constant in (True, False)
    )
    parts = [tasks, tasks.hidden()]
    if corpus.growth and before > MODERN:
        parts.append(draw_growth(corpus.growth, ORIGINS, seed).hidden())
    return Tasks.joined(parts), every


def _seen(tasks: Tasks) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Typical change, features and direction of each history, and what came after in units of the typical change."""
    h = tasks.histories
    unit = units(h)
    seen, turn = features(h, unit)
    return unit, seen, turn, (tasks.actual - h.values[:, -1:]) / unit[:, None]


def _fit(tasks: Tasks, seed: int) -> Prior:
    h = tasks.histories
    unit, seen, turn, actual = _seen(tasks)
    mean, spread = _centre(seen)
    x = np.clip((seen - mean) / spread, -5.0, 5.0)
    cells, gate = _fit_mixture(h, unit, seen, actual, seed)
    quartiles = _mixture(h, unit, seen, cells, gate)[:, :, [4, 10]]
    with np.errstate(invalid="ignore"):
        steps = np.abs(np.diff(np.concatenate([h.values, tasks.actual], axis=1)))
    floor = np.maximum(1e-3 * np.nanmean(steps, axis=1) / unit, 1e-6)
    width = np.maximum(0.36 * (quartiles[:, :, 1] - quartiles[:, :, 0]).mean(axis=1), 1e-3) + floor
    ahead_of = actual * turn[:, None]
    learners = tuple(fit_learner(x, ahead_of, width, floor, p, seed + k) for k, p in enumerate(POWERS))
    even = np.ones((GROUPS, YEARS, len(KNOTS)))
    return Prior(cells, mean, spread, gate, learners, SHARE, even, NEVER)


def _fit_mixture(
    h: Histories, unit: np.ndarray, seen: np.ndarray, actual: np.ndarray, seed: int
) -> tuple[Cells, Gate]:
    """The cells, chosen from the candidates, and the gate, on some of the tasks."""
    order = np.random.default_rng([seed, len(h)]).permutation(len(h))

    def densities(cells: Cells, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fit = fit_cells(h.rows(rows), unit[rows], cells)
        return fit.loglik, _log_density(actual[rows], *ahead(fit, cells, YEARS))

    models = candidates()
    models = models.take(choose(*densities(models, np.sort(order[:CHOICE_TASKS])), MODELS))
    cells, rows = with_scales(models), np.sort(order[:GATE_TASKS])
    return cells, fit_gate(plain(seen[rows]), *densities(cells, rows), seed)


def _mixture(h: Histories, unit: np.ndarray, seen: np.ndarray, cells: Cells, gate: Gate) -> np.ndarray:
    """Quantiles (n, 5, 15) of the structural mixture, in units of the typical change."""
    blocks = [slice(i, i + BLOCK) for i in range(0, len(h), BLOCK)]
    return np.concatenate([mixed(h.rows(b), unit[b], seen[b], cells, gate, YEARS)[0] for b in blocks])


def _centre(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread by which features are scaled; recent values and changes keep a small common scale."""
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-9
    for i, name in enumerate(NAMES):
        if name.startswith("ago_"):
            mean[i], spread[i] = 0.0, 6.0
        elif name in CHANGES:
            mean[i], spread[i] = 0.0, 3.0
    return mean, spread


def _log_density(actual: np.ndarray, location: np.ndarray, scale: np.ndarray, df: np.ndarray) -> np.ndarray:
    from scipy.special import gammaln

    df = df[:, :, None]
    z = (actual[:, None, :] - location) / scale
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    return constant - np.log(scale) - (df + 1) / 2 * np.log1p(z * z / df)


def _unwidened(tasks: Tasks, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles before widening (n, 5, 15) and what came after (n, 5), in units of the typical change."""
    unit, seen, turn, actual = _seen(tasks)
    gate = _mixture(tasks.histories, unit, seen, prior.cells, prior.gate)
    return prior.share * gate + (1.0 - prior.share) * prior.direct(seen, turn), actual


def widening(
    quantiles: np.ndarray, actual: np.ndarray, which: np.ndarray, indicator: np.ndarray
) -> np.ndarray:
    """Factors (GROUPS, 5, 15), see `Prior`, for central intervals to hold in each group; as far as SIDES says, for each
    side to hold for itself, the median too. Groups of a kind have few indicators: as if one more had never held.
    """
    factor = []
    for g in range(GROUPS):
        mine = which == g
        names = {name for name in indicator[mine].astype(str) if not name.startswith(GROWING)}
        missing = 1.0 / (len(names) + 1) if g >= LOW_SHARES else 0.0
        factor.append(_widening(quantiles[mine], actual[mine], SIDES.get(g, 0.0), missing))
    return np.stack(factor)


def _widening(quantiles: np.ndarray, actual: np.ndarray, side: float, missing: float) -> np.ndarray:
    factor = np.ones(quantiles.shape[1:])
    if not len(actual):
        return factor
    middle, low, high = quantiles[:, :, [MIDDLE, *QUARTILES]].transpose(2, 0, 1)
    shift = side * np.median((actual - middle) / np.maximum(high - low, 1e-9), axis=0)
    off, factor[:, MIDDLE] = actual - middle - shift * (high - low), 1.0 + shift
    for k in range(MIDDLE):
        up, down = (np.maximum(np.abs(quantiles[:, :, end] - middle), 1e-9) for end in (-1 - k, k))
        held = 1.0 - 2.0 * KNOTS[k]
        held -= SLACK * held * (1.0 - held) if held > WIDE else 0.0
        held += (1.0 - held) * missing
        both = np.quantile(np.abs(off) / np.where(off >= 0, up, down), held, axis=0)
        for end, one in ((k, -off / down), (-1 - k, off / up)):
            alone = np.maximum(np.quantile(one, (1.0 + held) / 2.0, axis=0), LEAST)
            factor[:, end] = both ** (1.0 - side) * alone**side
    return factor

"""How good are the forecasts: hindcasts on indicators the prior has not seen, by fold, by source and by
origin year.

Every figure of the model card comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qcity_analysis.forecasting.histories import LOWER, UPPER
from qcity_analysis.forecasting.mixture import distributions
from qcity_analysis.forecasting.prior import YEARS, Prior
from qcity_analysis.forecasting.quantiles import LEVELS, Marginals, fold_of

from .networks import NEVER
from .scores import changes, relative_crps
from .train import CAP, FOLDS, Corpus, Say, Tasks, Training, draw_tasks, learn

LENGTHS = ((4, 6), (7, 10), (11, 15))  # points of history that are told apart
TEST_CAP = 40
HIDDEN = "no support stated"
STILL, STILL_ROUNDS = "series that stood still", 6  # drawn more often, for few series do
SOURCE_SERIES = 900  # a source with at least as many series is left out in turn
AMBITIONS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the mean change so far, to the horizon
STRETCH = (0.5, 1.0, 2.0)  # of what a random walk would spread, to the horizon


@dataclass(frozen=True)
class Hindcast:
    """Distributions forecast for tasks, from a prior that has not seen their indicators."""

    tasks: Tasks
    ahead: Marginals

    def relative_crps(self) -> np.ndarray:
        """Log relative CRPS of each task."""
        levels, tasks = LEVELS, self.tasks
        return relative_crps(self.ahead.quantiles(levels), levels, tasks.histories.values, tasks.actual)

    def inside(self, share: float) -> np.ndarray:
        """Whether what came lies inside the central interval (n, 5)."""
        q = self.ahead.quantiles(np.array([(1 - share) / 2, (1 + share) / 2]))
        return (self.tasks.actual >= q[:, :, 0]) & (self.tasks.actual <= q[:, :, 1])

    def length(self) -> np.ndarray:
        """Number of observed points of each history."""
        return np.isfinite(self.tasks.histories.values).sum(axis=1)


Variants = dict[str, Hindcast]


def forecast_tasks(tasks: Tasks, prior: Prior) -> Hindcast:
    """Tasks forecast by a prior."""
    return Hindcast(tasks, distributions(tasks.histories, prior, YEARS))


def by_fold(corpus: Corpus, training: Training, say: Say) -> Variants:
    """Each third of the indicators forecast by a prior trained on the other two; also with parts left out."""
    priors = {f: training.fitted[f] for f in range(FOLDS)}
    return _left_out(corpus, training, {f: indicators(corpus, f) for f in priors}, priors, 1, say)


def by_source(corpus: Corpus, training: Training, say: Say) -> Variants:
    """Each large source of series forecast by a prior trained on all others; also with parts left out."""
    size = corpus.meta["bank"].value_counts()
    splits = {name: corpus.of_source(name) for name in sorted(size.index[size >= SOURCE_SERIES])}
    return _left_out(corpus, training, splits, {}, 2, say)


def _left_out(
    corpus: Corpus,
    training: Training,
    splits: Mapping[Any, list[str]],
    fitted: Mapping[Any, Prior],
    origins: int,
    say: Say,
) -> Variants:
    """Indicators left out, by what they have in common, forecast by priors that have not seen them."""
    parts: dict[str, list[Hindcast]] = {}
    for what, names in splits.items():
        say(f"validation without {what}")
        prior, inside = training.prior(names, fitted.get(what)), corpus.series(names)
        tasks = held_out(corpus, names, origins, training.seed)
        for name, variant in _variants(prior).items():
            parts.setdefault(name, []).append(forecast_tasks(tasks, variant))
        parts.setdefault(HIDDEN, []).append(forecast_tasks(tasks.hidden(), prior))
        seed = training.seed + 2000
        still = draw_tasks(corpus, inside, STILL_ROUNDS, CAP, seed, odd=False, constant=True)
        parts.setdefault(STILL, []).append(forecast_tasks(still, prior))
    return {name: joined(of_splits) for name, of_splits in parts.items()}


def indicators(corpus: Corpus, fold: int) -> list[str]:
    """The indicators of a fold."""
    return [name for name in corpus.meta["indicator"].unique() if fold_of(str(name), FOLDS) == fold]


def held_out(corpus: Corpus, names: list[str], origins: int = 1, seed: int = 0) -> Tasks:
    """The tasks of these indicators by which forecasters that have not seen them are compared."""
    return draw_tasks(corpus, corpus.series(names), origins, TEST_CAP, seed + 1000, odd=False)


def _variants(prior: Prior) -> dict[str, Prior]:
    """The prior, and the same with an ingredient left out."""
    narrow = replace(prior, widen=np.ones_like(prior.widen))
    light = replace(prior.gate, bias=np.where(prior.cells.shape < 1.0, -1e3, prior.gate.bias))
    return {
        "as shipped": prior,
        "without widening": narrow,
        "mixture alone, not widened": replace(narrow, share=1.0),
        "learners alone, not widened": replace(narrow, share=0.0),
        "without the learner of the proper score": replace(prior, learners=prior.learners[:-1]),
        "only the learner of the proper score": replace(prior, learners=prior.learners[-1:]),
        "without heavy-tailed cells": replace(prior, gate=light),
        "without mass at the last value": replace(prior, staying=NEVER),
    }


def by_year(corpus: Corpus, since: int, say: Say, seed: int = 0) -> Hindcast:
    """As `by_fold`, trained on values before `since` and tested on forecasts that begin then or later."""
    say(f"validation from {since} on")
    training, parts = learn(corpus, seed, say, before=since), []
    for f, fitted in enumerate(training.fitted):
        names = indicators(corpus, f)
        inside, prior = corpus.series(names), training.prior(names, fitted)
        tasks = draw_tasks(corpus, inside, 3, TEST_CAP, seed + 1000, since=since, odd=False)
        parts.append(forecast_tasks(tasks, prior))
    return joined(parts)


def joined(parts: list[Hindcast]) -> Hindcast:
    """Hindcasts of several folds as one."""
    ahead = Marginals(*map(np.concatenate, zip(*(part.ahead for part in parts), strict=True)))
    return Hindcast(Tasks.joined([part.tasks for part in parts]), ahead)


def questions(hindcast: Hindcast) -> pd.DataFrame:
    """Questions of several ambitions for each task ("will the target be met?"), with answers.

    A target lies some multiple of the mean change so far, or of what a random walk would spread, ahead in
    the direction the series has moved. Columns: task, step (years ahead - 1), threshold, at_least, met,
    probability, contested (not yet met, and the threshold within one standard error of a drifting random
    walk), indicator.
    """
    h, actual = hindcast.tasks.histories, hindcast.tasks.actual
    n = hindcast.length().astype(float)
    change = changes(h.values)
    drift, rough = np.nanmean(change, axis=1), np.sqrt(np.nanmean(change**2, axis=1))
    sd = np.sqrt(np.maximum(np.nanvar(change, axis=1), 1e-18) * n / np.maximum(n - 2.0, 1.0))
    turn, last = np.where(drift < 0, -1.0, 1.0), h.values[:, -1]
    parts = []
    for step in range(YEARS):
        years = step + 1.0
        error = sd * np.sqrt(years + years**2 / np.maximum(n - 1.0, 1.0))
        ahead = [a * np.abs(drift) * years for a in AMBITIONS] + [a * rough * np.sqrt(years) for a in STRETCH]
        for distance in ahead:
            threshold = last + turn * distance
            inside = (threshold > LOWER[h.kind]) & (threshold < UPPER[h.kind])
            near = np.abs(threshold - (last + drift * years)) <= error
            met = np.where(turn > 0, actual[:, step] >= threshold, actual[:, step] <= threshold)
            row = np.arange(len(h))
            p = hindcast.ahead.probability(row, np.full(len(h), step), threshold, turn > 0)
            part = {"task": row, "step": step, "threshold": threshold, "at_least": turn > 0, "met": met}
            part |= {"probability": p, "contested": near & (distance > 0)}
            parts.append(pd.DataFrame(part | {"indicator": hindcast.tasks.indicator})[inside])
    return pd.concat(parts, ignore_index=True)

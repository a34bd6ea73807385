"""How much a region's forecast should borrow from others of its country: learned on the corpus, checked by indicator.

Only its yearbooks of Chinese provinces have many regions of one country. Each task hides the five years after a
random cut-off of one province; two other provinces, drawn at random, are its comparators. The forecasts come from a
prior that has seen none of these indicators. Sources and limits are written into the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcity_analysis.files import write_whole
from qcity_analysis.forecasting.annual import LENGTHS, Move, Shares, shift, together
from qcity_analysis.forecasting.histories import FEWEST, framed
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import COMMAND, YEARS, Prior
from qcity_analysis.forecasting.quantiles import LEVELS, MIDDLE, at_levels, crps_quantiles

from .train import KINDS, Corpus, Say, Training

WITHIN = "china_prov_techme"  # the part of the corpus whose series are regions of one country
TURNS = 8  # cut-offs of each series
COMPARATORS = 2
LONGEST = 15
GRID = np.linspace(0.0, 1.0, 21)
NOTE = (
    "share of the way from a region's own median towards its comparators' changes, in units of typical yearly change; "
    "learned on provinces of one country and eight indicators only; crps is relative to not borrowing, each indicator "
    "judged with the shares learned on the others"
)


@dataclass(frozen=True)
class Case:
    """One hidden stretch: own `knots` (5, 15) from the `last` value, what came after, and what comparators did."""

    indicator: str
    points: int
    last: float
    knots: np.ndarray
    actual: np.ndarray
    published: Move
    expected: Move


def write_shares(corpus: Corpus, training: Training, path: Path, say: Say) -> None:
    """Learn the shares, check them by leaving out each indicator in turn, and write both as JSON."""
    say("borrowing from comparators: a prior that has not seen these indicators")
    cases = draw_cases(corpus, training.prior(corpus.of_source(WITHIN)), training.seed)
    shares = fit_shares(cases)
    learned = {"published": shares.published, "expected": list(shares.expected)}
    content = {"shares": learned, "evidence": evidence(cases), "note": NOTE, "command": COMMAND}
    write_whole(path, json.dumps(content, indent=1, sort_keys=True) + "\n")


def draw_cases(corpus: Corpus, prior: Prior, seed: int = 0) -> list[Case]:
    """Random cut-offs of the provinces' series, with comparators that have figures for the years around them."""
    rng = np.random.default_rng(seed)
    meta = corpus.meta[corpus.meta["bank"] == WITHIN].sort_index()
    drawn: list[tuple[str, int, int, list[str]]] = []
    for name in meta.index:
        same = meta.index[meta["indicator"] == meta.at[name, "indicator"]].to_numpy()
        for _ in range(TURNS):
            origin = int(rng.integers(FEWEST, len(corpus.values[name]) - YEARS + 1))
            points = int(rng.integers(FEWEST, min(origin, LONGEST) + 1))
            last = corpus.year[name] + origin - 1
            ready = [k for k in rng.permutation(same) if k != name and _covers(corpus, k, last)]
            history = corpus.values[name][origin - points : origin]
            if len(ready) >= COMPARATORS and np.ptp(history) > 0:
                drawn.append((name, origin, points, ready[:COMPARATORS]))
    own = [_levels(corpus, name, origin - points, origin) for name, origin, points, _ in drawn]
    kinds = [KINDS[meta.at[name, "kind"]] for name, *_ in drawn]
    frames = [framed(y.rename(str(i)), kind) for i, (y, kind) in enumerate(zip(own, kinds, strict=True))]
    frame = pd.concat(frames, ignore_index=True).astype({"series_id": int})
    knots = forecast_panel(frame, YEARS, prior).ahead.knots
    cases = []
    for (name, origin, points, others), y, kind, ahead in zip(drawn, own, kinds, knots, strict=True):
        last = int(y.index[-1])
        years = np.arange(last + 1, last + YEARS + 1)
        full = [_levels(corpus, k, 0, len(corpus.values[k])) for k in others]
        full = [one[(one.index > last - LONGEST) & (one.index <= last + YEARS)] for one in full]
        published = together(y, full, years, kind, prior)
        expected = together(y, [one[one.index <= last] for one in full], years, kind, prior)
        assert published is not None and expected is not None  # comparators were drawn to have these years
        actual = corpus.values[name][origin : origin + YEARS]
        indicator = str(meta.at[name, "indicator"])
        cases.append(Case(indicator, points, float(y.iloc[-1]), ahead, actual, published, expected))
    return cases


def _covers(corpus: Corpus, name: str, last: int) -> bool:
    first, end = corpus.year[name], corpus.year[name] + len(corpus.values[name]) - 1
    return first <= last - FEWEST + 1 and end >= last + YEARS


def _levels(corpus: Corpus, name: str, start: int, stop: int) -> pd.Series:
    years = range(corpus.year[name] + start, corpus.year[name] + stop)
    return pd.Series(corpus.values[name][start:stop], index=years, name=name)


def fit_shares(cases: list[Case]) -> Shares:
    """For each share the smallest of a grid of 0 to 1 whose mean log CRPS is within one standard error of the best.

    The one-standard-error rule (Breiman et al. 1984), errors between indicators: there are few of them, so a share
    has to earn its size.
    """
    length = np.searchsorted(LENGTHS, [case.points for case in cases])
    few, some, many = (
        _smallest_good([case for case, g in zip(cases, length, strict=True) if g == group], published=False)
        for group in range(len(LENGTHS) + 1)
    )
    return Shares(_smallest_good(cases, published=True), (few, some, many))


def _smallest_good(cases: list[Case], published: bool) -> float:
    if not cases:
        return 0.0
    names = np.array([case.indicator for case in cases])
    each = np.array([_log_crps(cases, Shares(share, (share,) * 3), published) for share in GRID])
    means = np.stack([each[:, names == name].mean(axis=1) for name in np.unique(names)])
    worse = means - means[:, [int(means.mean(axis=0).argmin())]]
    error = worse.std(axis=0, ddof=1) / np.sqrt(len(worse)) if len(worse) > 1 else np.zeros(len(GRID))
    return float(GRID[int((worse.mean(axis=0) <= error).argmax())].round(2))


def _log_crps(cases: list[Case], shares: Shares, published: bool) -> np.ndarray:
    """Log CRPS of each case after borrowing, relative to not borrowing."""
    return np.log(_crps(cases, shares, published) / _crps(cases, Shares(0.0, (0.0, 0.0, 0.0)), published))


def _moved(case: Case, shares: Shares, published: bool) -> np.ndarray:
    median = case.knots[:, MIDDLE] - case.last
    theirs = case.published if published else case.expected
    return case.knots + shift(theirs, median, shares, case.points)[:, None]


def _crps(cases: list[Case], shares: Shares, published: bool) -> np.ndarray:
    knots = np.stack([_moved(case, shares, published) for case in cases])
    actual = np.stack([case.actual for case in cases])
    crps = crps_quantiles(at_levels(knots, LEVELS), LEVELS, actual)
    return crps.mean(axis=1) + 1e-12


def evidence(cases: list[Case]) -> dict[str, Any]:
    """Relative CRPS and how often 90 % intervals hold, each indicator judged with shares learned on the others."""
    names = sorted({case.indicator for case in cases})
    shares = {name: fit_shares([case for case in cases if case.indicator != name]) for name in names}
    result: dict[str, Any] = {"indicators": len(names), "cases": len(cases)}
    for key, published in (("published", True), ("expected", False)):
        logs = {n: _log_crps([c for c in cases if c.indicator == n], shares[n], published) for n in names}
        every = np.concatenate(list(logs.values()))
        held = [_held(case, shares[case.indicator], published) for case in cases]
        result[key] = {
            "crps": round(float(np.exp(every.mean())), 3),
            "by_indicator": {name: round(float(np.exp(log.mean())), 3) for name, log in logs.items()},
            "interval_90_holds": round(float(np.mean(held)), 3),
        }
    return result


def _held(case: Case, shares: Shares, published: bool) -> float:
    ends = at_levels(_moved(case, shares, published)[None], np.array([0.05, 0.95]))[0]
    return float(((case.actual >= ends[:, 0]) & (case.actual <= ends[:, 1])).mean())

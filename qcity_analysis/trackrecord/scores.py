"""Scores of probabilities by group, with intervals of a bootstrap that draws whole indicators.

Lower is better for Brier, log score and CRPS; skill is one minus the ratio of ours to a reference. The functions of
`forecasting.scores` do the arithmetic; here questions are grouped and uncertainty is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ..forecasting import scores

DRAWS = 1000
SHARE = 0.9  # of the bootstrap intervals
LEAST = 0.5  # of the questions of a horizon that a benchmark must answer to compete
FEW = 20  # indicators below which a record is called too small


@lru_cache(maxsize=64)
def _weights(clusters: int) -> np.ndarray:
    """How often each cluster is drawn in each bootstrap sample of as many clusters (draws, clusters)."""
    even = np.full(clusters, 1 / clusters)
    return np.random.default_rng(0).multinomial(clusters, even, size=DRAWS).astype(float)


def ratio_interval(
    above: np.ndarray, below: np.ndarray, cluster: Sequence[str] | np.ndarray | pd.Series
) -> tuple[float, float]:
    """Interval (90 %) of sum(above) / sum(below) when whole clusters are drawn again with replacement.

    With `below` all ones it is the interval of a mean. One cluster alone says nothing: both ends are NaN.

    >>> ratio_interval(np.array([1.0, 1.0]), np.array([2.0, 2.0]), ["a", "b"])
    (0.5, 0.5)
    """
    group = pd.factorize(np.asarray(cluster, dtype=object), sort=True)[0]
    if not len(group) or group.max() < 1:
        return float("nan"), float("nan")
    upper, lower = (
        _weights(int(group.max()) + 1) @ np.bincount(group, weights=part) for part in (above, below)
    )
    ratios = upper[lower > 0] / lower[lower > 0]
    low, high = np.quantile(ratios, [(1 - SHARE) / 2, (1 + SHARE) / 2]) if len(ratios) else (np.nan, np.nan)
    return float(low), float(high)


def summary(asked: pd.DataFrame) -> dict[str, float]:
    """Scores of questions: how many, of how many indicators, share met, Brier with its interval, log score, Murphy.

    `asked` has the columns `probability`, `met` (0 or 1) and `family`. Murphy's parts (1973) are over ten bins:
    Brier ≈ reliability − resolution + uncertainty.

    >>> asked = pd.DataFrame({"met": [1.0, 0.0], "family": ["a", "b"], "probability": [0.5, 0.5]})
    >>> whole = summary(asked)
    >>> whole["number"], whole["brier"], whole["skill"]
    (2.0, 0.25, 0.0)
    """
    p, met = asked["probability"].to_numpy(dtype=float), asked["met"].to_numpy(dtype=float)
    error = (p - met) ** 2
    low, high = ratio_interval(error, np.ones(len(error)), asked["family"])
    base, brier = float(met.mean()), float(error.mean())
    return {
        "number": float(len(asked)),
        "indicators": float(asked["family"].nunique()),
        "met": base,
        "brier": brier,
        "brier_low": low,
        "brier_high": high,
        "climatology": base * (1 - base),
        "skill": 1 - brier / (base * (1 - base)) if 0 < base < 1 else float("nan"),
        "log_score": scores.log_score(p, met),
        **scores.murphy(p, met),
    }


def coverage(ahead: pd.DataFrame) -> pd.DataFrame:
    """How often central intervals hold and the CRPS relative to a random walk, by years ahead and overall.

    `ahead` has `years`, `family`, `in50`, `in90`, `crps`, `crps_walk`. Index: years, last row "all". The relative CRPS
    is the ratio of means of both, each divided by the walk's mean of its series, so that units do not matter.

    >>> ahead = pd.DataFrame({"years": [1], "family": "a", "series": "a", "in50": [True], "in90": [True]})
    >>> float(coverage(ahead.assign(crps=0.5, crps_walk=1.0)).loc["all", "crps_ratio"])
    0.5
    """
    unit = ahead.groupby("series")["crps_walk"].transform("mean")
    scaled = ahead.assign(ours=ahead["crps"] / unit, walk=ahead["crps_walk"] / unit)
    return pd.DataFrame({name: _coverage(part) for name, part in _by_years(scaled)}).T.rename_axis("years")


def _by_years(rows: pd.DataFrame) -> list[tuple[Any, pd.DataFrame]]:
    return [*rows.groupby("years"), ("all", rows)]


def _coverage(part: pd.DataFrame) -> dict[str, float]:
    row = {"number": float(len(part)), "indicators": float(part["family"].nunique())}
    for name in ("in50", "in90"):
        inside = part[name].to_numpy(dtype=float)
        row[name] = float(part[name].mean())
        row[f"{name}_low"], row[f"{name}_high"] = ratio_interval(inside, np.ones(len(part)), part["family"])
    ours, walk = part["ours"].to_numpy(), part["walk"].to_numpy()
    row["crps_ratio"] = float(part["ours"].sum() / part["walk"].sum())
    row["crps_low"], row["crps_high"] = ratio_interval(ours, walk, part["family"])
    return row


def against(asked: pd.DataFrame, rivals: Iterable[str]) -> pd.DataFrame:
    """Our skill against each rival on the questions it answers: 1 − Brier(ours) / Brier(rival), with an interval.

    `asked` has a column of probabilities for each rival, NaN where it does not answer. Columns: number, indicators,
    answered (share of the questions), brier (the rival's), ours, skill, low, high. Index: rival.

    >>> asked = pd.DataFrame({"met": [1.0, 0.0], "family": ["a", "b"], "probability": [0.9, 0.1], "yes": [1.0, 1.0]})
    >>> against(asked, ["yes"])["skill"].round(2).tolist()
    [0.98]
    """
    rows = {name: _against(asked, name) for name in rivals}
    return pd.DataFrame(rows).T.rename_axis("rival")


def _against(asked: pd.DataFrame, name: str) -> dict[str, float]:
    part = asked[asked[name].notna()]
    row = {"number": float(len(part)), "indicators": float(part["family"].nunique())}
    row["answered"] = len(part) / max(len(asked), 1)
    if part.empty:
        return row | dict.fromkeys(("brier", "ours", "skill", "low", "high"), float("nan"))
    theirs = ((part[name] - part["met"]) ** 2).to_numpy(dtype=float)
    ours = ((part["probability"] - part["met"]) ** 2).to_numpy(dtype=float)
    low, high = ratio_interval(ours, theirs, part["family"])
    ratio = ours.sum() / theirs.sum() if theirs.sum() else float("inf" if ours.sum() else "nan")
    means = {"brier": float(theirs.mean()), "ours": float(ours.mean())}
    return row | means | {"skill": 1 - ratio, "low": 1 - high, "high": 1 - low}


def toughest(asked: pd.DataFrame, rivals: Sequence[str]) -> pd.DataFrame:
    """By years left, the rival hardest to beat: the lowest skill of ours on the questions it answers.

    Only rivals that answer at least half the questions of that horizon compete. Columns: number (of all
    questions), rival, its `brier`, `ours` on the same questions, `skill` with `low` and `high`. Index: years, last
    "all".

    >>> asked = pd.DataFrame({"met": [1.0, 0.0], "family": ["a", "b"], "probability": [0.9, 0.1], "yes": [1.0, 1.0]})
    >>> toughest(asked.assign(years=1), ["yes"]).loc[1, "rival"]
    'yes'
    """
    rows = {}
    for years, part in _by_years(asked):
        table = against(part, rivals)
        able = table[(table["answered"] >= LEAST) & table["skill"].notna()]
        if len(able):
            best = able.sort_values("skill", kind="stable").iloc[0]
            kept = best.drop(["number", "answered", "indicators"]).to_dict()
            rows[years] = {"number": len(part), "rival": best.name} | kept
    return pd.DataFrame(rows).T.rename_axis("years")

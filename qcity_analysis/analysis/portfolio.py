"""A plan as a whole: how many of its targets will be met, when what moves one moves others too.

Each target keeps its own probability and its own simulated paths; only their order is chosen here, from joint paths. In
every year each series has one innovation; those of a year are correlated as the published yearly changes are, those of
different years independent. A target sums up the innovations of the years from its last figure to its deadline, and its
paths are put, whole, in the order of that sum (Clark et al. 2004, the Schaake shuffle). With a handful of years in
common a plain correlation is mostly noise: each pair is drawn towards the mean of all pairs, and that towards zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..errors import QcityError
from ..forecasting.prior import scaled
from ..series.annual import annual_series
from ..targets import section_order
from .outlook import every_year_of

STRESS = 0.5  # of every series' variance, due to one more common shock in the second view of dependence
DRAWS = 20_000
CENTRAL = 0.8  # of the range of the number met
NAMES = ["target_id", "name_zh", "name_en"]
COLUMNS = [*NAMES, "section", "status", "probability", "low", "high", "share_of_variance", "weight"]
GROUP = ["name_zh", "name_en", "targets", "met", "missed", "open", "expected", "unassessed"]
WEIGHT = 10.0  # common yearly changes that weigh as much as what a pair is drawn towards
FEWEST = 3  # changes of a series in one region from which it is compared


@dataclass(frozen=True)
class Dependence:
    """How far targets depend on each other: `correlation` (targets × targets) of the sums of their innovations, in
    favourable directions; `side`, 1 where a target wants what most on its series want, else −1; yearly changes in
    `common` (targets × targets), which `pairs` of series have, of `possible`; `mean`, what pairs are drawn towards.
    """

    correlation: pd.DataFrame
    side: np.ndarray
    common: pd.DataFrame
    mean: float
    pairs: int
    possible: int


@dataclass(frozen=True)
class Portfolio:
    """How many targets of a plan will be met: `targets`, one row for each assessable one (COLUMNS) with its
    `probability` (1 met, 0 missed), `low` and `high` (over definitions), `share_of_variance` (of the total) and
    `weight` (expected total if it is met less that if it is missed; 1 without dependence); `unassessed`, the names of
    the rest; `expected` number met, `low` and `high`; `counts`, the probability of each number met from 0 on, with
    dependence (column `dependent`), without (`independent`), and with one more shock common to all series (`stress`,
    never narrower than `dependent`); `sections` and `departments` (GROUP).
    """

    plan: str
    as_of: dt.date
    targets: pd.DataFrame = field(repr=False)
    unassessed: pd.DataFrame = field(repr=False)
    expected: float
    low: float
    high: float
    counts: pd.DataFrame = field(repr=False)
    dependence: Dependence = field(repr=False)
    sections: pd.DataFrame = field(repr=False)
    departments: pd.DataFrame = field(repr=False)
    draws: int
    seed: int

    def interval(self, column: str = "dependent") -> tuple[int, int]:
        """The central range of the number met that holds at least 80 %, by a column of `counts`."""
        tail, total = (1 - CENTRAL) / 2, self.counts[column].cumsum().to_numpy()
        low, high = np.searchsorted(total, [tail + 1e-12, 1 - tail - 1e-12])
        return int(low), int(high)

    def within(self, low: int, high: int) -> float:
        """The probability that between `low` and `high` targets are met, both included."""
        return float(self.counts["dependent"].loc[low:high].sum())

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        between = {name: getattr(self.dependence, name) for name in ("mean", "pairs", "possible")}
        plain = {name: getattr(self, name) for name in ("plan", "expected", "low", "high", "draws", "seed")}
        plain |= {"as_of": self.as_of.isoformat(), "interval_80": list(self.interval())}
        plain |= {"counts": self.counts.to_dict("list")}
        plain |= {"dependence": between | {"correlation": self.dependence.correlation.round(4).to_dict()}}
        tables = ("targets", "unassessed", "sections", "departments")
        return plain | {name: getattr(self, name).to_dict("records") for name in tables}


def portfolio(
    data: Data, assessments: Sequence[Assessment], *, draws: int = DRAWS, seed: int = 0
) -> Portfolio:
    """The portfolio of a plan from the assessments of its targets (as `scorecard` gives them) and their data.

    The number met is exact without dependence (Poisson-binomial). With dependence it is counted on joint paths: every
    target's own paths in the order that `dependence` gives them, which leaves every probability as it is. Where the
    answer depends on the definition, the newest one with a verdict counts. Raises ValueError without any assessment.
    """
    if not assessments:
        raise ValueError("a portfolio needs at least one assessment")
    rows = pd.DataFrame([_row(a) for a in assessments])
    known, first = rows["probability"].notna(), assessments[0]
    chances = rows.loc[known, "probability"].to_numpy(dtype=float)
    between = dependence(data, [a for a, told in zip(assessments, known, strict=True) if told])
    normal = np.random.default_rng(seed).standard_normal((draws, len(chances)))
    correlation = between.correlation.to_numpy(dtype=float)
    met = met_together(chances, correlation, normal)
    # one more shock, common to all, has that part of the variance of each: no correlation between series gets smaller
    more = (1 - STRESS) * correlation + STRESS * np.outer(between.side, between.side)
    stressed = met_together(chances, more, normal)
    if stressed.sum(axis=1).var() < met.sum(axis=1).var():
        stressed = met  # opposite targets on series that now move together
    counts = {"dependent": tally(met), "independent": poisson_binomial(chances), "stress": tally(stressed)}
    in_order = rows.iloc[sorted(range(len(rows)), key=lambda k: section_order(rows["section"].iloc[k]))]
    low, high = (float(rows[end].sum()) for end in ("low", "high"))
    named = [[a.target.responsible(lang) for lang in ("zh", "en")] for a in assessments]
    return Portfolio(
        first.target.plan, first.as_of, _targets(rows[known], met), rows.loc[~known, NAMES].reset_index(drop=True),
        float(chances.sum()), low, high, pd.DataFrame(counts).rename_axis("met"), between,
        _grouped(in_order.assign(group=[[(name, name)] for name in in_order["section"]])),
        _grouped(rows.assign(group=[list(zip(*each, strict=True)) or [("", "")] for each in named])), draws, seed,
    )  # fmt: skip


def poisson_binomial(chances: Iterable[float]) -> np.ndarray:
    """Probability of each number met (0 to n) of independent targets, by convolution.

    >>> poisson_binomial([0.5, 0.5]).tolist()
    [0.25, 0.5, 0.25]
    """
    numbers = np.ones(1)
    for chance in chances:
        numbers = np.convolve(numbers, [1 - chance, chance])
    return numbers


def met_together(chances: np.ndarray, correlation: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Which targets are met on each joint path: (draws, n) booleans, from independent standard normals (draws, n).

    These are correlated, then ranked: the best paths of a target stand where its sum of innovations is highest, so that
    it is met on its share of the draws, to within one draw.
    """
    if not len(chances):
        return np.zeros((len(normal), 0), dtype=bool)
    value, vector = np.linalg.eigh(correlation)
    latent = normal @ (vector * np.sqrt(np.maximum(value, 0.0)) @ vector.T)
    rank = np.argsort(np.argsort(latent, axis=0, kind="stable"), axis=0)
    return np.asarray(rank >= np.round((1 - chances) * len(normal)))


def tally(met: np.ndarray) -> np.ndarray:
    """Share of the draws (draws, n) with each number met, 0 to n."""
    return np.bincount(met.sum(axis=1), minlength=met.shape[1] + 1) / len(met)


def _verdicts(a: Assessment) -> list[Assessment]:
    """The answers with a verdict: itself, or those of its definitions, oldest first."""
    return [one for one in ([a] if a.chance is not None else a.by_definition()) if one.chance is not None]


def _row(a: Assessment) -> dict[str, Any]:
    """What is told of a target: probability, lowest and highest over definitions; NaN when there is no verdict."""
    chances = [one.chance for one in _verdicts(a)] or [np.nan]
    told = {"status": a.status, "probability": chances[-1], "low": min(chances), "high": max(chances)}  # type: ignore[type-var]
    return {name: getattr(a.target, name) for name in NAMES} | {"section": str(a.target.section or "")} | told


def _targets(known: pd.DataFrame, met: np.ndarray) -> pd.DataFrame:
    """One row a target; its share of the variance of the total, and what meeting it adds to the total."""
    total, share = met.sum(axis=1), met.mean(axis=0)
    together, spread, own = met.T @ total / len(met) - share * total.mean(), total.var(), share * (1 - share)
    weight = np.divide(together, own, out=np.zeros_like(own), where=own > 0)
    added = {"share_of_variance": together / spread if spread > 0 else 0.0, "weight": weight}
    return known.assign(**added)[COLUMNS].reset_index(drop=True)


def _grouped(rows: pd.DataFrame) -> pd.DataFrame:
    """Targets by the names in `group`, in order of first appearance; a target of several counts for each."""
    each = rows.explode("group")
    each[GROUP[:2]] = each["group"].tolist()
    flags = {"met": each["status"] == "met", "missed": each["status"] == "missed"}
    flags |= {"unassessed": each["probability"].isna(), "targets": True, "expected": each["probability"]}
    groups = each.assign(**flags).groupby(GROUP[:2], sort=False)[[*flags]].sum().reset_index()
    return groups.assign(open=groups["targets"] - groups[["met", "missed", "unassessed"]].sum(axis=1))[GROUP]


def dependence(data: Data, assessments: Sequence[Assessment]) -> Dependence:
    """Correlations between targets from the yearly changes of their indicators and the years they have in common.

    In every region with figures for both indicators, changes from one year to the next (`forecasting.prior.scaled`)
    are centred and scaled per series; their products over the years in common are pooled over regions, then `shrunk`.
    Of two sums of innovations over m and n years, k of them the same, the correlation is that of their series times
    k / √(m n): 1 (or −1, if opposite) for two targets on one series with the same deadline.
    """
    targets = [a.target for a in assessments]
    names, places = [t.target_id for t in targets], [(t.indicator_id, t.region) for t in targets]
    series, signs = list(dict.fromkeys(places)), np.array([1.0 if t.upward else -1.0 for t in targets])
    own = np.array([series.index(place) for place in places], dtype=int)
    way = np.where(np.bincount(own, signs, len(series)) >= 0, 1.0, -1.0)  # what most targets of a series want
    known = data.at(assessments[0].as_of) if assessments else data
    changes = {name: _changes(known, name) for name, _ in series}
    pairs = [_together(changes, one, other) for one in series for other in series]
    raw, common = np.array(pairs, dtype=float).reshape(len(series), len(series), 2).transpose(2, 0, 1)
    matrix, mean = shrunk(raw * np.outer(way, way), common)
    forecasts = [_verdicts(a)[-1].forecast for a in assessments]
    ahead = [{t.deadline} if f is None else {*f.years} for t, f in zip(targets, forecasts, strict=True)]
    shared = [len(one & other) / np.sqrt(len(one) * len(other)) for one in ahead for other in ahead]
    side, every = signs * way[own], np.ix_(own, own)
    matrix = nearest(matrix)[every] * np.outer(side, side) * np.reshape(shared, (len(own), len(own)))
    counts = common[np.tril_indices(len(series), -1)]
    tables = (pd.DataFrame(matrix, names, names), side, pd.DataFrame(common[every].astype(int), names, names))
    return Dependence(*tables, mean, int((counts > 0).sum()), len(counts))


def _changes(data: Data, name: str) -> dict[str, pd.Series]:
    """Standardised yearly changes of an indicator by region (index year), where the series can be computed."""
    rows, changes = data.observations, {}
    for region in rows.loc[rows["indicator_id"] == name, "region"].unique():
        try:
            series = annual_series(data, name, region)
        except QcityError:
            continue  # said where the series itself is shown; the others depend on each other without it
        whole = pd.concat([standardised(piece, series.support) for piece in (series.earlier, series.values)])
        changes[str(region)] = whole[~whole.index.duplicated()]
    return changes


def standardised(levels: pd.Series, support: str) -> pd.Series:
    """Yearly changes on the scale of their support, mean 0, variance 1 (index: later year); none if under 3 or alike.

    >>> standardised(pd.Series([1.0, 2.0, 4.0, 5.0], index=range(2020, 2024)), "real").round(2).to_dict()
    {2021: -0.71, 2022: 1.41, 2023: -0.71}
    """
    on_scale = pd.Series(scaled(every_year_of(levels), support))
    on_scale.index += int(levels.index[0]) if len(levels) else 0
    moved = on_scale.diff().dropna()
    spread = float(moved.std(ddof=0)) if len(moved) >= FEWEST else 0.0
    return (moved - moved.mean()) / spread if spread > 1e-12 else moved[:0]


def _together(
    changes: dict[str, dict[str, pd.Series]], one: tuple[str, str], other: tuple[str, str]
) -> tuple[float, int]:
    """Mean product of the standardised changes of two series (indicator and region) over the years in common, and how
    many there are; of two indicators in one region over all regions that have both."""
    first, second = changes[one[0]], changes[other[0]]
    pairs = [(one[1], other[1])] if one[1] != other[1] else [(region, region) for region in first]
    shared = [first[a].mul(second[b]).dropna() for a, b in pairs if a in first and b in second]
    products = np.concatenate([np.empty(0), *shared])
    return (float(np.clip(products.mean(), -1.0, 1.0)), len(products)) if len(products) else (0.0, 0)


def shrunk(raw: np.ndarray, common: np.ndarray) -> tuple[np.ndarray, float]:
    """Correlations drawn towards their mean, and the mean itself, which is drawn towards zero.

    With n common changes of a pair, its correlation r becomes (n r + W m) / (n + W), W = WEIGHT; the mean is
    m = sum(n r) / (sum(n) + W). A pair without common changes has the mean.
    """
    lower = np.tril_indices(len(raw), -1)
    mean = float((common * raw)[lower].sum() / (common[lower].sum() + WEIGHT))
    matrix = (common * raw + WEIGHT * mean) / (common + WEIGHT)
    np.fill_diagonal(matrix, 1.0)
    return matrix, mean


def nearest(matrix: np.ndarray) -> np.ndarray:
    """The matrix as a correlation matrix: negative eigenvalues set to 0, the diagonal brought back to 1."""
    value, vector = np.linalg.eigh(matrix)
    kept = (vector * np.maximum(value, 1e-10)) @ vector.T
    size = np.sqrt(np.diag(kept))
    kept /= np.outer(size, size)
    np.fill_diagonal(kept, 1.0)
    return kept

"""A plan as a whole: how many of its targets will be met, when what moves one moves others too.

Each target keeps its own probability; only the dependence between them is added here. It is estimated from the yearly
changes of the indicators and shrunk: with a handful of years in common a plain correlation is mostly noise, so each
pair is drawn towards the mean of all pairs, and that mean towards zero. Targets that cannot be assessed are counted and
named by themselves: they are neither met nor missed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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

STRESS = 0.5  # of every indicator's variance, due to one more common shock in the second view of dependence
DRAWS = 20_000
CENTRAL = 0.8  # of the range of the number met
NAMES = ["target_id", "name_zh", "name_en"]
COLUMNS = [*NAMES, "section", "status", "probability", "low", "high", "share_of_variance", "weight"]
GROUP = ["name_zh", "name_en", "targets", "met", "missed", "open", "expected", "unassessed"]
WEIGHT = 10.0  # common yearly changes that weigh as much as what a pair is drawn towards
FEWEST = 3  # changes of a series in one region from which it is compared
LIMIT = 0.95

Range = tuple[float, float, float]  # probability, and the lowest and the highest over definitions


@dataclass(frozen=True)
class Dependence:
    """How far targets depend on each other: each is driven by the shock of its series up to its deadline alone.

    `shocks`: correlations between the shocks, after shrinking, one for each indicator, region and deadline; `loading`
    (targets × shocks): 1 where the target gains from its shock, −1 where it loses, 0 elsewhere; `common` (targets ×
    targets): yearly changes that each pair has in common, over all regions; `mean`: the correlation that pairs of
    indicators are drawn towards; `pairs` of indicators have changes in common, of `possible`.
    """

    shocks: np.ndarray
    loading: pd.DataFrame
    common: pd.DataFrame
    mean: float
    pairs: int
    possible: int

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlations between the targets (targets × targets), in their favourable directions."""
        loading, names = self.loading.to_numpy(), self.loading.index
        return pd.DataFrame(loading @ self.shocks @ loading.T, index=names, columns=names)


@dataclass(frozen=True)
class Portfolio:
    """How many targets of a plan will be met.

    `targets`, one row for each assessable target (COLUMNS): `probability` (1 met, 0 missed), `low` and `high` (its
    range over definitions), `share_of_variance` (how much of the uncertainty of the total it carries; they add up to 1)
    and `weight` (expected total if it is met less that if it is missed; 1 without dependence); `unassessed`, the names
    of the rest; `expected` number met, and `low` and `high`, with the least and the most favourable definitions;
    `counts`: probability of each number met from 0 on, with dependence (column `dependent`), without (`independent`),
    and with one more shock common to all indicators (`stress`, never narrower than `dependent`); `sections` and
    `departments` (GROUP).
    """

    plan: str
    as_of: dt.date
    targets: pd.DataFrame
    unassessed: pd.DataFrame
    expected: float
    low: float
    high: float
    counts: pd.DataFrame
    dependence: Dependence
    sections: pd.DataFrame
    departments: pd.DataFrame
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
        tables = ("targets", "unassessed", "sections", "departments")
        between = {name: getattr(self.dependence, name) for name in ("mean", "pairs", "possible")}
        return {
            **{"plan": self.plan, "as_of": self.as_of.isoformat()},
            **{name: getattr(self, name) for name in ("expected", "low", "high")},
            **{"interval_80": list(self.interval()), "counts": self.counts.to_dict("list")},
            "dependence": between | {"correlation": self.dependence.correlation.round(4).to_dict()},
            **{name: getattr(self, name).to_dict("records") for name in tables},
            **{"draws": self.draws, "seed": self.seed},
        }


def portfolio(
    data: Data, assessments: Sequence[Assessment], *, draws: int = DRAWS, seed: int = 0
) -> Portfolio:
    """The portfolio of a plan from the assessments of its targets (as `scorecard` gives them) and their data.

    The number met is exact without dependence (Poisson-binomial). With dependence each series has a standard normal
    shock, correlated as `dependence` estimates, which drives all its targets; a target is met where it lies among its
    highest values: a Gaussian copula on the ranks of the draws, which leaves every probability as it is. Where the
    answer depends on the definition, the newest one with a verdict counts. Raises ValueError without any assessment.
    """
    if not assessments:
        raise ValueError("a portfolio needs at least one assessment")
    ranges = [(a, _range(a)) for a in assessments]
    known = [(a, chances) for a, chances in ranges if chances is not None]
    unknown = [[getattr(a.target, name) for name in NAMES] for a, chances in ranges if chances is None]
    chances = np.array([probability for _, (probability, _, _) in known], dtype=float)
    between = dependence(data, [a for a, _ in known])
    loading = between.loading.to_numpy(dtype=float)
    normal = np.random.default_rng(seed).standard_normal((draws, len(between.shocks)))
    met = met_together(chances, between.shocks, normal, loading)
    # one more shock, common to all, has that part of the variance of each: no correlation between shocks gets smaller
    stressed = met_together(chances, (1 - STRESS) * between.shocks + STRESS, normal, loading)
    if stressed.sum(axis=1).var() < met.sum(axis=1).var():
        stressed = met  # opposite targets on series that now move together
    counts = {"dependent": tally(met), "independent": poisson_binomial(chances), "stress": tally(stressed)}
    targets, first = _targets(known, met), assessments[0]
    in_order = sorted(ranges, key=lambda one: section_order(str(one[0].target.section or "")))
    return Portfolio(
        first.target.plan, first.as_of, targets, pd.DataFrame(unknown, columns=NAMES), float(chances.sum()),
        float(targets["low"].sum()), float(targets["high"].sum()), pd.DataFrame(counts).rename_axis("met"), between,
        _grouped(in_order, lambda a: [(str(a.target.section or ""),) * 2]), _grouped(ranges, departments_of),
        draws, seed,
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


def met_together(
    chances: np.ndarray, correlation: np.ndarray, normal: np.ndarray, loading: np.ndarray
) -> np.ndarray:
    """Which targets are met in each draw: (draws, n) booleans, from independent standard normals (draws, shocks).

    The draws are correlated as the shocks are, given to the targets by `loading` (n, shocks), then ranked, so that each
    target is met in its share of the draws, to within one draw.
    """
    if not len(chances):
        return np.zeros((len(normal), 0), dtype=bool)
    value, vector = np.linalg.eigh(correlation)
    latent = normal @ (vector * np.sqrt(np.maximum(value, 0.0)) @ vector.T) @ loading.T
    rank = np.argsort(np.argsort(latent, axis=0, kind="stable"), axis=0)
    return np.asarray(rank >= np.round((1 - chances) * len(normal)))


def tally(met: np.ndarray) -> np.ndarray:
    """Share of the draws (draws, n) with each number met, 0 to n."""
    return np.bincount(met.sum(axis=1), minlength=met.shape[1] + 1) / len(met)


def departments_of(a: Assessment) -> list[tuple[str, str]]:
    """The departments responsible for a target, each as (Chinese, English); none named gives one empty name.

    Names are separated by ; or 、 (in English by ; only). Without as many English names the Chinese ones stand.
    """
    names = [part.strip() for part in re.split("[;；、]", str(a.target.departments or "")) if part.strip()]
    english = [part.strip() for part in str(a.target.departments_en or "").split(";") if part.strip()]
    return list(zip(names, english if len(english) == len(names) else names, strict=True)) or [("", "")]


def _range(a: Assessment) -> Range | None:
    """Probability, lowest and highest over definitions; None when there is no verdict."""
    answers = [a] if a.chance is not None else a.by_definition()
    chances = [chance for answer in answers if (chance := answer.chance) is not None]
    return (chances[-1], min(chances), max(chances)) if chances else None


def _targets(known: Sequence[tuple[Assessment, Range]], met: np.ndarray) -> pd.DataFrame:
    """One row a target; its share of the variance of the total, and what meeting it adds to the total."""
    total = met.sum(axis=1).astype(float)
    spread = total.var()
    rows = []
    for (a, chances), hit in zip(known, met.T, strict=True):
        together = float(np.mean(hit * total) - hit.mean() * total.mean())
        weight = float(total[hit].mean() - total[~hit].mean()) if 0 < hit.mean() < 1 else 0.0
        names = (getattr(a.target, name) for name in (*NAMES, "section"))
        rows.append((*names, a.status, *chances, together / spread if spread > 0 else 0.0, weight))
    return pd.DataFrame(rows, columns=COLUMNS)


def _grouped(
    ranges: Sequence[tuple[Assessment, Range | None]], names: Callable[[Assessment], list[tuple[str, str]]]
) -> pd.DataFrame:
    """Targets by section or department, in order of first appearance; a target of several counts for each."""
    groups: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
    for a, chances in ranges:
        for name in names(a):
            groups.setdefault(name, []).append((a.status, chances[0] if chances else None))
    rows = []
    for name, members in groups.items():
        known = [chance for _, chance in members if chance is not None]
        met, missed = (sum(status == one for status, _ in members) for one in ("met", "missed"))
        rest = (len(known) - met - missed, sum(known, 0.0), len(members) - len(known))
        rows.append((*name, len(members), met, missed, *rest))
    return pd.DataFrame(rows, columns=GROUP)


def dependence(data: Data, assessments: Sequence[Assessment]) -> Dependence:
    """Correlations between targets from the yearly changes of their indicators.

    In every region with figures for both indicators, changes from one year to the next (`forecasting.prior.scaled`)
    are centred and scaled per series; their products over the years in common are pooled over regions, then `shrunk`. A
    series' shock points the way that most of its targets want. Targets on the same indicator, region and deadline have
    the same shock, with other deadlines shocks of correlation LIMIT: two opposite targets on one series exclude each
    other.
    """
    targets = [a.target for a in assessments]
    names = [target.target_id for target in targets]
    signs = np.array([1.0 if target.upward else -1.0 for target in targets])
    units = [((target.indicator_id, target.region), target.deadline) for target in targets]
    shocks, series = list(dict.fromkeys(units)), list(dict.fromkeys(one for one, _ in units))
    of_target, of_shock = (np.array([series.index(one) for one, _ in x], dtype=int) for x in (units, shocks))
    way = np.where(np.bincount(of_target, signs, len(series)) >= 0, 1.0, -1.0)
    days = {a.target.indicator_id: a.as_of for a in reversed(assessments)}
    changes = {name: _changes(data.at(day), name) for name, day in days.items()}
    pairs = [_together(changes, one, other) for one in series for other in series]
    raw, common = np.array(pairs, dtype=float).reshape(len(series), len(series), 2).transpose(2, 0, 1)
    matrix, mean = shrunk(raw * np.outer(way, way), common)
    correlation = np.where(of_shock[:, None] == of_shock, LIMIT, matrix[np.ix_(of_shock, of_shock)])
    np.fill_diagonal(correlation, 1.0)
    loading = np.zeros((len(targets), len(shocks)))
    loading[np.arange(len(targets)), [shocks.index(unit) for unit in units]] = signs * way[of_target]
    between = common[np.ix_(of_target, of_target)].astype(int)
    counts = common[np.tril_indices(len(series), -1)]
    return Dependence(
        nearest(correlation), pd.DataFrame(loading, names), pd.DataFrame(between, names, names), mean,
        int((counts > 0).sum()), len(counts),
    )  # fmt: skip


def _changes(data: Data, name: str) -> dict[str, pd.Series]:
    """Standardised yearly changes of an indicator by region (index year), where the series can be computed."""
    rows, changes = data.observations, {}
    for region in rows.loc[rows["indicator_id"] == name, "region"].unique():
        try:
            series = annual_series(data, name, region)
        except QcityError:
            continue  # said where the series itself is shown; the others depend on each other without it
        pieces = [standardised(piece, series.support) for piece in (series.earlier, series.values)]
        if pieces := [piece for piece in pieces if len(piece)]:
            whole = pd.concat(pieces)
            changes[str(region)] = whole[~whole.index.duplicated()]
    return changes


def standardised(levels: pd.Series, support: str) -> pd.Series:
    """Changes from one year to the next on the scale of their support, mean 0 and variance 1 (index: the later year).

    Empty with fewer than three changes, or when they are all alike.

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
    apart = one[1] != other[1]
    pairs = [(one[1], other[1])] if apart else [(region, region) for region in first]
    shared = [first[a].mul(second[b]).dropna() for a, b in pairs if a in first and b in second]
    products = np.concatenate([np.empty(0), *shared])
    return (float(np.clip(products.mean(), -1.0, 1.0)), len(products)) if len(products) else (0.0, 0)


def shrunk(raw: np.ndarray, common: np.ndarray) -> tuple[np.ndarray, float]:
    """Correlations drawn towards their mean, and the mean itself, which is drawn towards zero.

    With n common changes of a pair, its correlation r becomes (n r + W m) / (n + W), W = WEIGHT; the mean is
    m = sum(n r) / (sum(n) + W). A pair without common changes has the mean.

    >>> matrix, mean = shrunk(np.array([[0, 0.6], [0.6, 0]]), np.array([[0, 10], [10, 0]]))
    >>> round(mean, 2), round(float(matrix[0, 1]), 2)
    (0.3, 0.45)
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

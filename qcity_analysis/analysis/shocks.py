"""Shared shocks: how far the indicators of a plan moved together, estimated from their yearly changes and shrunk.

With a handful of years in common a plain correlation is mostly noise, so each pair is drawn towards the mean of all
pairs, and that mean towards zero; how many common changes there were is kept beside the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..errors import QcityError
from ..forecasting.changes import scaled
from ..series.annual import annual_series

WEIGHT = 10.0  # common yearly changes that weigh as much as what a pair is drawn towards
FEWEST = 3  # changes of a series in one region from which it is compared
LIMIT = 0.95


@dataclass(frozen=True)
class Dependence:
    """How far targets hang together: each is driven by the shock of its series up to its deadline, and by nothing else.

    Attributes: `shocks` (correlations between the shocks, after shrinking), one for each indicator, region and
    deadline; `loading` (targets × shocks): 1 where the target gains from its shock, −1 where it loses, 0 elsewhere;
    `common` (targets × targets): yearly changes that each pair has in common, over all regions; `mean`: the correlation
    that all pairs of indicators are drawn towards; `pairs`: how many pairs of indicators have changes in common, of
    `possible`.
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
        found = self.loading.to_numpy() @ self.shocks @ self.loading.to_numpy().T
        return pd.DataFrame(found, index=self.loading.index, columns=self.loading.index)

    def stressed(self, share: float) -> np.ndarray:
        """The shocks' correlations when one more shock, common to all, has that share of the variance of each: none is
        smaller than in `shocks`, and none smaller than `share` but where the series itself is estimated to go against.

        >>> one = pd.DataFrame(np.eye(2))
        >>> Dependence(np.eye(2), one, one, 0.0, 0, 1).stressed(0.5).tolist()
        [[1.0, 0.5], [0.5, 1.0]]
        """
        return (1 - share) * self.shocks + share

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return {
            "mean": self.mean,
            "pairs": self.pairs,
            "possible": self.possible,
            "correlation": {str(k): v for k, v in self.correlation.round(4).to_dict().items()},
        }


def dependence(data: Data, assessments: Sequence[Assessment]) -> Dependence:
    """Correlations between targets from the yearly changes of their indicators.

    In every region with figures for both indicators, changes from one year to the next (see `training.moves.scaled`)
    are centred and scaled per series; their products over the years in common are pooled over regions. A series' shock
    points the way that most of its targets want. Targets on the same indicator, region and deadline have the same
    shock, with other deadlines shocks of correlation LIMIT: two opposite targets on one series exclude each other. See
    `shrunk` for the rest.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2024-06-30")
    >>> found = dependence(data, qc.scorecard(data, "china_14fyp", draws=500)[1])
    >>> found.correlation.shape, found.possible
    ((3, 3), 3)
    """
    targets = [a.target for a in assessments]
    signs = np.array([1.0 if target.upward else -1.0 for target in targets])
    places = [(target.indicator_id, target.region) for target in targets]
    units = list(dict.fromkeys(zip(places, (target.deadline for target in targets), strict=True)))
    series = list(dict.fromkeys(places))
    way = {s: 1.0 if sum(signs[k] for k, at in enumerate(places) if at == s) >= 0 else -1.0 for s in series}
    first = {name: a for a in reversed(assessments) for name in [a.target.indicator_id]}
    changes = {name: _changes(data.at(a.as_of), name) for name, a in first.items()}
    matrix, common, mean = _between(series, way, changes)
    index = np.array([series.index(place) for place, _ in units], dtype=int)
    shocks = np.where(index[:, None] == index[None, :], LIMIT, matrix[np.ix_(index, index)])
    np.fill_diagonal(shocks, 1.0)
    loading = np.zeros((len(targets), len(units)))
    for k, (place, target) in enumerate(zip(places, targets, strict=True)):
        loading[k, units.index((place, target.deadline))] = signs[k] * way[place]
    names = [target.target_id for target in targets]
    of_target = np.array([series.index(place) for place in places], dtype=int)
    lower = np.tril_indices(len(series), -1)
    return Dependence(
        nearest(shocks),
        pd.DataFrame(loading, index=names),
        pd.DataFrame(common[np.ix_(of_target, of_target)].astype(int), index=names, columns=names),
        mean,
        int((common[lower] > 0).sum()),
        len(lower[0]),
    )


def _between(
    series: Sequence[tuple[str, str]],
    way: dict[tuple[str, str], float],
    changes: dict[str, dict[str, pd.Series]],
) -> tuple[np.ndarray, np.ndarray, float]:
    """Correlations between series in the ways they are wanted, common changes of each pair, and the mean."""
    size = len(series)
    raw, common = np.zeros((size, size)), np.zeros((size, size))
    for i, one in enumerate(series):
        for j, other in enumerate(series):
            product, common[i, j] = together(changes[one[0]], changes[other[0]])
            raw[i, j] = product * way[one] * way[other]
    matrix, mean = shrunk(raw, common)
    return matrix, common, mean


def _changes(data: Data, name: str) -> dict[str, pd.Series]:
    """Standardised yearly changes of an indicator by region (index year); regions that cannot be computed are left
    out.
    """
    rows = data.observations
    found = {}
    for region in dict.fromkeys(rows.loc[rows["indicator_id"] == name, "region"]):
        try:
            series = annual_series(data, name, region)
        except QcityError:  # said where the series itself is shown; the others hang together without it
            continue
        pieces = [standardised(piece, series.support) for piece in (series.earlier, series.values)]
        whole = pd.concat([piece for piece in pieces if len(piece)]) if any(map(len, pieces)) else pieces[0]
        if len(whole):
            found[str(region)] = whole[~whole.index.duplicated()]
    return found


def standardised(levels: pd.Series, support: str) -> pd.Series:
    """Changes from one year to the next on the scale of their support, mean 0 and variance 1 (index: the later year).

    Empty with fewer than three changes, or when they are all alike.

    >>> standardised(pd.Series([1.0, 2.0, 4.0, 5.0], index=range(2020, 2024)), "real").round(2).to_dict()
    {2021: -0.71, 2022: 1.41, 2023: -0.71}
    """
    years = range(int(levels.index[0]), int(levels.index[-1]) + 1) if len(levels) else range(0)
    on_scale = pd.Series(scaled(levels.reindex(years).to_numpy(dtype=float), support), index=list(years))
    moved = on_scale.diff().dropna()
    spread = float(moved.std(ddof=0)) if len(moved) >= FEWEST else 0.0
    return (moved - moved.mean()) / spread if spread > 1e-12 else moved[:0]


def together(one: dict[str, pd.Series], other: dict[str, pd.Series]) -> tuple[float, int]:
    """Mean product of two indicators' standardised changes over regions and years in common, and how many there are."""
    products: list[float] = []
    for region, changes in one.items():
        if region in other:
            years = changes.index.intersection(other[region].index)
            products += (changes.loc[years] * other[region].loc[years]).tolist()
    if not products:
        return 0.0, 0
    return float(np.clip(np.mean(products), -1.0, 1.0)), len(products)


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
    """The matrix as a correlation matrix: negative eigenvalues set to 0, the diagonal brought back to 1.

    >>> nearest(np.eye(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if not len(matrix):
        return matrix
    value, vector = np.linalg.eigh(matrix)
    kept = (vector * np.maximum(value, 1e-10)) @ vector.T
    size = np.sqrt(np.diag(kept))
    found = kept / np.outer(size, size)
    np.fill_diagonal(found, 1.0)
    return found

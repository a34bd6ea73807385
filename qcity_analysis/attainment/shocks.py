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

from ..data.annual import annual_series
from ..data.datapackage import Data
from ..training.moves import scaled
from .assessment import Assessment

WEIGHT = 10.0  # common yearly changes that weigh as much as what a pair is drawn towards
FEWEST = 3  # changes of a series in one region from which it is compared
LIMIT = 0.95


@dataclass(frozen=True)
class Dependence:
    """How far targets hang together.

    Attributes: `correlation` (targets × targets): of the favourable directions, after shrinking; `common` (same shape):
    yearly changes that each pair has in common, over all regions; `mean`: the correlation that all pairs are drawn
    towards; `pairs`: how many pairs have changes in common, of `possible`.
    """

    correlation: pd.DataFrame
    common: pd.DataFrame
    mean: float
    pairs: int
    possible: int

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
    are taken in the favourable direction, centred and scaled per series; their products over the years in common are
    pooled over regions. Two targets on the same indicator and region have correlation LIMIT. See `shrunk` for the rest.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2024-06-30")
    >>> found = dependence(data, qc.scorecard(data, "china_14fyp", draws=500)[1])
    >>> found.correlation.shape, found.possible
    ((3, 3), 3)
    """
    names = [a.target.target_id for a in assessments]
    changes = [_changes(data.at(a.as_of), a) for a in assessments]
    size = len(names)
    raw, common = np.zeros((size, size)), np.zeros((size, size))
    same = np.eye(size, dtype=bool)
    for i in range(size):
        for j in range(i):
            raw[i, j], common[i, j] = together(changes[i], changes[j])
            one, other = assessments[i].target, assessments[j].target
            same[i, j] = (one.indicator_id, one.region) == (other.indicator_id, other.region)
    raw, common, same = raw + raw.T, common + common.T, same | same.T
    matrix, mean = shrunk(raw, common)
    matrix = nearest(np.where(same & ~np.eye(size, dtype=bool), LIMIT, matrix))
    lower = np.tril_indices(size, -1)
    return Dependence(
        pd.DataFrame(matrix, index=names, columns=names),
        pd.DataFrame(common.astype(int), index=names, columns=names),
        mean,
        int((common[lower] > 0).sum()),
        len(lower[0]),
    )


def _changes(data: Data, a: Assessment) -> dict[str, pd.Series]:
    """Standardised yearly changes of a target's indicator in the favourable direction, by region (index year)."""
    name, sign = a.target.indicator_id, 1.0 if a.target.upward else -1.0
    rows = data.observations
    found = {}
    for region in dict.fromkeys(rows.loc[rows["indicator_id"] == name, "region"]):
        series = annual_series(data, name, region)
        pieces = [standardised(piece, series.support) for piece in (series.earlier, series.values)]
        whole = pd.concat([piece for piece in pieces if len(piece)]) if any(map(len, pieces)) else pieces[0]
        if len(whole):
            found[str(region)] = sign * whole[~whole.index.duplicated()]
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

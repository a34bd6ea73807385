"""LMDI-I: how much of a change came from each factor of a product, or from structure and the intensities of sectors."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ..errors import QcityError


def logarithmic_mean(a: float, b: float) -> float:
    """`L(a, b) = (a - b) / (ln a - ln b)`, with `L(a, a) = a`, as a limit `L(a, 0) = 0`. QcityError for one below 0.

    >>> logarithmic_mean(3, 3), round(logarithmic_mean(1, math.e), 4), logarithmic_mean(2, 0)
    (3.0, 1.7183, 0.0)
    """
    if min(a, b) < 0:
        raise QcityError(f"a logarithmic mean needs figures of 0 or more; found {a:g} and {b:g}")
    if min(a, b) == 0:
        return 0.0
    # with r = ln(a / b): b (e^r - 1) / r, which is exact where a is close to b
    r = math.log(a / b)
    return float(a) if r == 0 else b * math.expm1(r) / r


def factors(start: Mapping[str, float] | pd.Series, end: Mapping[str, float] | pd.Series) -> pd.DataFrame:
    """Contributions of factors (one index) to the change of their product: `additive` ones add up to it, `ratio` ones
    multiply to the ratio of the products; the last row is the total. Raises QcityError for a factor not above 0.

    >>> factors(pd.Series({"gdp": 50.0, "share": 2.0}), pd.Series({"gdp": 60.0, "share": 2.5})).round(2).to_dict("list")
    {'additive': [22.48, 27.52, 50.0], 'ratio': [1.2, 1.25, 1.5]}
    """
    start, end = pd.Series(start, dtype=float), pd.Series(end, dtype=float)
    if list(start.index) != list(end.index) or not ((start > 0).all() and (end > 0).all()):
        raise QcityError("both years need the same factors, each above 0")
    ratio, weight = end / start, logarithmic_mean(float(end.prod()), float(start.prod()))
    table = pd.DataFrame({"additive": weight * ratio.map(math.log), "ratio": ratio})
    table.loc["total"] = [table["additive"].sum(), table["ratio"].prod()]
    return table


def decompose(start: pd.DataFrame, end: pd.DataFrame, *, ratio: bool = False) -> pd.DataFrame:
    """Contributions of structure and intensity to the change of `E / V`, by sector; their sum is the whole change.

    `start` and `end` have one row a sector (same index) and the columns `energy` (E_i) and `value` (V_i). With
    `S_i = V_i / V`, `I_i = E_i / V_i` and `w_i = L(E_i^t / V^t, E_i^0 / V^0)`: structure `w_i ln(S_i^t / S_i^0)`,
    intensity `w_i ln(I_i^t / I_i^0)`. Returns columns structure, intensity and total, one row a sector and a last row
    "total". With `ratio` the multiplicative form, exp(part / L(I^t, I^0)): columns and rows multiply to `I^t / I^0`.
    Source: Ang (2005), The LMDI approach to decomposition analysis, Energy Policy 33, 867-871; figures of 0 by the
    limits of Ang and Liu (2007): a sector that starts or stops producing is structure, one that starts or stops using
    energy is intensity. Raises QcityError for other sectors, missing columns, figures that cannot be, or no output.

    >>> start = pd.DataFrame({"energy": [60.0, 20.0], "value": [20.0, 40.0]}, index=["heavy", "light"])
    >>> end = pd.DataFrame({"energy": [50.0, 30.0], "value": [20.0, 60.0]}, index=["heavy", "light"])
    >>> decompose(start, end).loc["total"].round(4).tolist()
    [-0.1879, -0.1455, -0.3333]
    """
    if set(start.index) != set(end.index) or start.index.has_duplicates or end.index.has_duplicates:
        raise QcityError("both tables need the same sectors, each once")
    before, after = _checked(start, "start"), _checked(end.loc[start.index], "end")
    both = pd.concat([part / part["value"].sum() for part in (before, after)], axis=1).astype(float)
    rows = {sector: _parts(*shares) for sector, *shares in both.itertuples()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["structure", "intensity"])
    table.loc["total"] = table.sum()
    table["total"] = table.sum(axis=1)
    intensities = [float(part["energy"].sum() / part["value"].sum()) for part in (before, after)]
    return table.map(lambda part: math.exp(part / logarithmic_mean(*intensities))) if ratio else table


def _parts(use_0: float, share_0: float, use_1: float, share_1: float) -> tuple[float, float]:
    """Structure and intensity of one sector; `use` is E_i / V."""
    change = use_1 - use_0
    if use_0 > 0 and use_1 > 0:
        structure = logarithmic_mean(use_1, use_0) * math.log(share_1 / share_0)
        return structure, change - structure
    return (change, 0.0) if share_0 == 0 or share_1 == 0 else (0.0, change)


def _checked(table: pd.DataFrame, name: str) -> pd.DataFrame:
    for column in {"energy", "value"} - set(table):
        raise QcityError(f"the table at the {name} lacks the column {column!r}; it needs energy and value")
    table = table[["energy", "value"]]
    for sector in table.index[table.isna().any(axis=1) | (table < 0).any(axis=1)]:
        raise QcityError(f"{sector} at the {name}: energy and value are figures of 0 or more")
    for sector in table.index[(table["value"] == 0) & (table["energy"] > 0)]:
        raise QcityError(f"{sector} at the {name}: energy without output has no intensity")
    if not table["value"].sum() > 0:
        raise QcityError(f"no output at the {name}")
    return table

"""A plan as a whole: how many of its targets will be met, when what moves one moves others too.

Each target keeps its own probability; only how they hang together is added here. Targets that cannot be assessed are
counted and named by themselves: they are neither met nor missed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..targets import section_order
from .attribution import share
from .shocks import Dependence, dependence

STRESS = 0.5  # of every indicator's variance, due to one more common shock in the second view of dependence
DRAWS = 20_000
COLUMNS = [
    *("target_id", "name_zh", "name_en", "section", "status", "probability", "low", "high"),
    *("share_of_variance", "weight"),
]


@dataclass(frozen=True)
class Portfolio:
    """How many targets of a plan will be met.

    Attributes: `plan`, `as_of`; `targets`, one row for each assessable target with the columns COLUMNS: `probability`
    (1 met, 0 missed), `low` and `high` (its range over definitions), `share_of_variance` (how much of the uncertainty
    of the total this target carries; they add up to 1) and `weight` (expected total if it is met less expected total if
    it is missed; 1 without dependence); `unassessed`, target_id and names of the rest; `expected` number met, and
    `low` and `high`, with the least and the most favourable definitions; `counts`: probability of each number met from
    0 to the number assessable, with dependence (column `dependent`), without (`independent`), and with one more
    shock common to all indicators (`stress`, never narrower than `dependent`); `dependence` as estimated; `sections`
    and `departments`: name_zh, name_en, targets, met, missed, open, expected, unassessed; `draws` and `seed`.
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

    def interval(self, column: str = "dependent", share: float = 0.8) -> tuple[int, int]:
        """The central range of the number met that holds at least `share`, by a column of `counts`."""
        tail = (1 - share) / 2
        total = self.counts[column].cumsum().to_numpy()
        low = int(np.searchsorted(total, tail + 1e-12))
        return low, int(np.searchsorted(total, 1 - tail - 1e-12))

    def within(self, low: int, high: int, column: str = "dependent") -> float:
        """The probability that between `low` and `high` targets are met, both included."""
        return float(self.counts[column].loc[low:high].sum())

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return {
            "plan": self.plan,
            "as_of": self.as_of.isoformat(),
            "expected": self.expected,
            "low": self.low,
            "high": self.high,
            "interval_80": list(self.interval()),
            "counts": {name: [float(p) for p in self.counts[name]] for name in self.counts},
            "dependence": self.dependence.to_dict(),
            **{
                name: _records(getattr(self, name))
                for name in ("targets", "unassessed", "sections", "departments")
            },
            "draws": self.draws,
            "seed": self.seed,
        }


def portfolio(
    data: Data, assessments: Sequence[Assessment], *, draws: int = DRAWS, seed: int = 0
) -> Portfolio:
    """The portfolio of a plan from the assessments of its targets (as `scorecard` gives them) and their data.

    The number met is exact without dependence (Poisson-binomial). With dependence each series has a standard normal
    shock, correlated as `shocks.dependence` estimates, which drives all its targets; a target is met where it lies
    among its highest values: a Gaussian copula on the ranks of the forecasts' draws, which leaves every probability as
    it is. Where the answer depends on the definition, the newest one with a verdict counts, and `low` and `high` show
    the others. Raises ValueError without any assessment.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2024-06-30")
    >>> found = portfolio(data, qc.scorecard(data, "china_14fyp", draws=500)[1])
    >>> len(found.targets), bool(abs(found.counts["dependent"].sum() - 1) < 1e-9)
    (3, True)
    """
    if not assessments:
        raise ValueError("a portfolio needs at least one assessment")
    held = [(a, _range(a)) for a in assessments]
    known = [(a, found) for a, found in held if found is not None]
    chances = np.array([found[0] for _, found in known], dtype=float)
    between = dependence(data, [a for a, _ in known])
    loading = between.loading.to_numpy(dtype=float)
    normal = np.random.default_rng(seed).standard_normal((draws, len(between.shocks)))
    met = met_together(chances, between.shocks, normal, loading)
    stressed = met_together(chances, between.stressed(STRESS), normal, loading)
    if (
        stressed.sum(axis=1).var() < met.sum(axis=1).var()
    ):  # opposite targets on series that now move together
        stressed = met
    counts = pd.DataFrame(
        {
            "dependent": tally(met),
            "independent": poisson_binomial(chances),
            "stress": tally(stressed),
        }
    ).rename_axis("met")
    targets = _targets(known, met)
    return Portfolio(
        plan=assessments[0].target.plan,
        as_of=assessments[0].as_of,
        targets=targets,
        unassessed=pd.DataFrame(
            [_names(a) for a, found in held if found is None], columns=["target_id", "name_zh", "name_en"]
        ),
        expected=float(chances.sum()),
        low=float(targets["low"].sum()),
        high=float(targets["high"].sum()),
        counts=counts,
        dependence=between,
        sections=_grouped(
            sorted(held, key=lambda one: section_order(str(one[0].target.section or ""))),
            lambda a: [(str(a.target.section or ""),) * 2],
        ),
        departments=_grouped(held, departments_of),
        draws=draws,
        seed=seed,
    )


def poisson_binomial(chances: Iterable[float]) -> np.ndarray:
    """Probability of each number met (0 to n) of independent targets, by convolution.

    >>> poisson_binomial([0.5, 0.5]).tolist()
    [0.25, 0.5, 0.25]
    """
    found = np.ones(1)
    for chance in chances:
        found = np.convolve(found, [1 - chance, chance])
    return found


def met_together(
    chances: np.ndarray, correlation: np.ndarray, normal: np.ndarray, loading: np.ndarray | None = None
) -> np.ndarray:
    """Which targets are met in each draw: (draws, n) booleans, from independent standard normals (draws, shocks).

    The draws are correlated as the shocks are, given to the targets by `loading` (n, shocks; default: each its own),
    then ranked, so that each target is met in its share of the draws, to within one draw.
    """
    if not len(chances):
        return np.zeros((len(normal), 0), dtype=bool)
    value, vector = np.linalg.eigh(correlation)
    latent = normal @ (vector * np.sqrt(np.maximum(value, 0.0)) @ vector.T)
    latent = latent if loading is None else latent @ loading.T
    rank = np.argsort(np.argsort(latent, axis=0, kind="stable"), axis=0)
    return np.asarray(rank >= np.round((1 - chances) * len(normal)))


def tally(met: np.ndarray) -> np.ndarray:
    """Share of the draws with each number met, 0 to n.

    >>> tally(np.array([[True, True], [False, True]])).tolist()
    [0.0, 0.5, 0.5]
    """
    return np.bincount(met.sum(axis=1), minlength=met.shape[1] + 1) / len(met)


def departments_of(a: Assessment) -> list[tuple[str, str]]:
    """The departments responsible for a target, each as (Chinese, English); none named gives one empty name.

    Names are separated by ; or 、 (in English by ; only). Without as many English names the Chinese ones stand.
    """
    names = [part.strip() for part in re.split("[;；、]", str(a.target.departments or "")) if part.strip()]
    english = [part.strip() for part in str(a.target.departments_en or "").split(";") if part.strip()]
    if not names:
        return [("", "")]
    return list(zip(names, english if len(english) == len(names) else names, strict=True))


def _range(a: Assessment) -> tuple[float, float, float] | None:
    """Probability, lowest and highest over definitions; None when there is no verdict."""
    alone = share(a)
    if alone is not None:
        return alone, alone, alone
    parts = [found for part in a.parts if part.role == "definition" and (found := share(part)) is not None]
    return (parts[-1], min(parts), max(parts)) if parts else None


def _names(a: Assessment) -> dict[str, str]:
    return {"target_id": a.target.target_id, "name_zh": a.target.name_zh, "name_en": a.target.name_en}


def _targets(known: Sequence[tuple[Assessment, tuple[float, float, float]]], met: np.ndarray) -> pd.DataFrame:
    """One row a target; its share of the variance of the total, and what meeting it adds to the total."""
    total = met.sum(axis=1).astype(float)
    spread = total.var()
    rows = []
    for k, (a, (chance, low, high)) in enumerate(known):
        hit = met[:, k]
        together = float(np.mean(hit * total) - hit.mean() * total.mean())
        both = 0 < hit.mean() < 1
        rows.append(
            _names(a)
            | {
                "section": a.target.section,
                "status": a.status,
                "probability": chance,
                "low": low,
                "high": high,
            }
            | {"share_of_variance": together / spread if spread > 0 else 0.0}
            | {"weight": float(total[hit].mean() - total[~hit].mean()) if both else 0.0}
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _grouped(
    held: Sequence[tuple[Assessment, tuple[float, float, float] | None]], names: Any
) -> pd.DataFrame:
    """Targets by section or department, in order of first appearance; a target of several counts for each."""
    groups: dict[tuple[str, str], list[tuple[Assessment, tuple[float, float, float] | None]]] = {}
    for a, found in held:
        for name in names(a):
            groups.setdefault(name, []).append((a, found))
    rows = []
    for (name_zh, name_en), members in groups.items():
        chances = [found[0] for _, found in members if found is not None]
        statuses = [a.status for a, _ in members]
        rows.append(
            {
                "name_zh": name_zh,
                "name_en": name_en,
                "targets": len(members),
                "met": statuses.count("met"),
                "missed": statuses.count("missed"),
                "open": len(chances) - statuses.count("met") - statuses.count("missed"),
                "expected": float(sum(chances)),
                "unassessed": len(members) - len(chances),
            }
        )
    return pd.DataFrame(rows)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts of plain values."""
    return [
        {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in frame.to_dict("records")
    ]

"""How far places part from their comparators: learned on provinces and cities of one country, checked by indicator.

Each case hides a place's figures but one, of a random base year, and takes what the country (or the mean of all other
places) and two other places did: from their yearbooks, the yearly bulletins on energy and the growth their work reports
state. `check` then lets comparators be forecast too, and compares with moving as the parent or as the mean of peers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize
from scipy.special import gammaln

from qcity_analysis.files import write_whole
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.outside import (
    FILE,
    KINDS,
    Comparator,
    read_learned,
    reference,
    seen,
    unscaled,
)
from qcity_analysis.forecasting.prior import SCALES, scaled
from qcity_analysis.forecasting.quantiles import crps_quantiles

from .train import KINDS as SUPPORT_OF
from .train import Corpus, Say

WITHIN, COUNTRY = "china_prov_techme", "全国"
SHARES = ("unemployment", "urbanisation")
FEWEST, AHEAD, CASES, CHECKED, DRAWS = 300, 10, 80, 12, 200
Group = list[tuple[pd.Series, bool]]
SCALES_OF = ("log", "logodds", "typical")
FREEDOM, HELD = (
    4,
    0.88,
)  # least freedom; share held where comparators are known: with their own forecasts about .91
LEVELS = np.arange(0.05, 1.0, 0.05)


@dataclass(frozen=True)
class Case:
    """A hidden stretch of one place: what it did from `base` on and its comparators, the parent and two others."""

    indicator: str
    support: str
    base: int
    level: float
    actual: np.ndarray
    parent: pd.Series
    peers: tuple[pd.Series, ...]


def tables(corpus: Corpus, folder: Path) -> dict[str, tuple[str, pd.DataFrame]]:
    """Support and levels (year x place) of each indicator; the levels of a chain begin anew after a gap."""
    found: dict[str, tuple[str, pd.DataFrame]] = {}
    meta = corpus.meta[corpus.meta["bank"] == WITHIN]
    for name, rows in meta.groupby("indicator"):
        columns = {
            rows.at[one, "geo"]: pd.Series(
                corpus.values[one], range(corpus.year[one], corpus.year[one] + len(corpus.values[one]))
            )
            for one in rows.index
        }
        found[str(name)] = (SUPPORT_OF[rows["kind"].iloc[0]], pd.DataFrame(columns))
    told = pd.read_csv(folder / "provinces" / "provincial_energy_per_gdp.csv")
    told = told[(told["measure"] == "change_pct") & told["period"].str.fullmatch(r"\d{4}")]
    for name, rows in told.groupby("series"):
        if name in ("energy_per_gdp", "electricity_per_gdp"):
            rows = rows.drop_duplicates(["region_en", "period"]).astype({"period": int})
            found[str(name)] = (
                "positive",
                _chained(rows.pivot(index="period", columns="region_en", values="value")),
            )
    stated = pd.read_parquet(folder / "real_outcomes_train.parquet").drop_duplicates(
        ["region", "indicator", "year"]
    )
    for name, rows in stated[stated["qualifier"].isin(["exact", "about"])].groupby("indicator"):
        if len(rows) >= FEWEST:
            support = "percent" if str(name).startswith(SHARES) else "real"
            found[str(name)] = (support, rows.pivot(index="year", columns="region", values="value"))
    return {
        name: (kind, one.reindex(range(one.index.min(), one.index.max() + 1)))
        for name, (kind, one) in found.items()
    }


def _chained(changes: pd.DataFrame) -> pd.DataFrame:
    """Levels from yearly changes in percent: a column for each run of years of a place, 100 in the year before it."""
    runs = {}
    for place, column in changes.items():
        known = column.dropna()
        for _, run in known.groupby((np.diff(known.index, prepend=-9) != 1).cumsum()):
            levels = 100 * (1 + run / 100).cumprod()
            runs[f"{place} {run.index[0]}"] = pd.concat([pd.Series({run.index[0] - 1: 100.0}), levels])
    return pd.DataFrame(runs)


def draw_cases(found: dict[str, tuple[str, pd.DataFrame]], seed: int = 0, number: int = CASES) -> list[Case]:
    """Random places and base years of every indicator, with a parent and two other places known in the years after."""
    rng, cases = np.random.default_rng(seed), list[Case]()
    for name, (support, table) in found.items():
        levels, first, wanted = table.to_numpy(float), int(table.index[0]), len(cases) + number
        moved = np.diff(scaled(levels, support), axis=0)
        country = table.columns.get_loc(COUNTRY) if COUNTRY in table else -1
        for _ in range(20 * number):
            place, at = int(rng.integers(levels.shape[1])), int(rng.integers(2, len(levels) - 1))
            actual = levels[at + 1 : at + 1 + AHEAD, place]
            ready = np.flatnonzero(np.isfinite(levels[at : at + 2]).all(axis=0))
            ready = ready[(ready != place) & (ready != country)]
            told = np.isfinite(levels[at, place]) and place != country and np.isfinite(actual).any()
            if len(cases) == wanted or not told or len(ready) < 2:
                continue
            others = np.delete(moved, place, axis=1)
            known = np.isfinite(others).sum(axis=1)
            mean = np.where(known >= 5, np.nansum(others, axis=1) / np.maximum(known, 1), np.nan)
            steps = moved[:, country] if country >= 0 else mean
            start = scaled(levels[at, [country] if country >= 0 else ready].mean(keepdims=True), support)
            before, after = -np.cumsum(steps[:at][::-1])[::-1], np.cumsum(steps[at:])
            parent = unscaled(start + np.r_[before, 0.0, after], support)
            one, other = (levels[:, peer] for peer in rng.permutation(ready)[:2])
            series = [pd.Series(values, table.index) for values in (parent, one, other)]
            cases.append(
                Case(
                    name, support, first + at, float(levels[at, place]), actual, series[0], tuple(series[1:])
                )
            )
    return cases


def deviations(cases: list[Case]) -> pd.DataFrame:
    """How far each place parted from its comparators: indicator, scale, kind (of KINDS), years, unit, deviation."""
    rows = []
    for case in cases:
        (one, other), scale = case.peers, SCALES[case.support]
        groups = (
            [(case.parent, True), (one, False)],
            [(one, False), (other, False)],
            [(case.parent, True)],
            [(one, False)],
        )
        own = _moved(np.r_[case.level, case.actual], case.support)
        for group in groups:
            kind, unit = seen(_comparators(case, group), case.support)
            middle = [levels for levels, above in group if above][:1] or [levels for levels, _ in group]
            years = range(case.base, case.base + len(own) + 1)
            theirs = np.mean(
                [_moved(levels.reindex(years).to_numpy(), case.support) for levels in middle], axis=0
            )
            apart = own - theirs
            rows += [
                (case.indicator, scale, kind, h + 1, unit, apart[h])
                for h in np.flatnonzero(np.isfinite(apart))
            ]
    table = pd.DataFrame(rows, columns=["indicator", "scale", "kind", "years", "unit", "deviation"])
    return table[table["unit"] > 0]


def _moved(levels: np.ndarray, support: str) -> np.ndarray:
    """Changes on the scale since the first of the levels."""
    values = scaled(levels, support)
    return np.asarray(values[1:] - values[0])


def _comparators(case: Case, group: Group, paths: Sequence[np.ndarray] = ()) -> list[Comparator]:
    """Comparators as known in the base year, with the paths of those whose future is wanted."""
    ahead = [*paths, *[np.empty(0)] * len(group)]
    return [
        Comparator("", above, levels.loc[: case.base].dropna(), levels[:0], drawn)
        for (levels, above), drawn in zip(group, ahead, strict=False)
    ]


def fit(table: pd.DataFrame) -> dict[str, Any]:
    """The spread by kind and its growth by scale: greatest likelihood, each indicator of a kind counting the same."""
    kind = table["kind"].map(KINDS.index).to_numpy()
    rate = table["scale"].map(list(SCALES_OF).index).to_numpy()
    unit, years, apart = (table[name].to_numpy(float) for name in ("unit", "years", "deviation"))
    weight = 1 / table.groupby(["indicator", "kind"])["unit"].transform("size").to_numpy()

    def loss(x: np.ndarray) -> float:
        spread, freedom = np.exp(x[kind]) * unit * years ** x[8 + rate], np.exp(x[4 + kind]) + FREEDOM
        fitted = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - np.log(freedom) / 2 - np.log(spread)
        fitted -= (freedom + 1) / 2 * np.log1p((apart / spread) ** 2 / freedom)
        return float(-(weight * fitted).sum() / weight.sum() + 0.001 * ((x[4:8] - 1) ** 2).sum())

    x = minimize(loss, np.r_[np.zeros(4), np.ones(4), 0.6, 0.6, 0.1], method="L-BFGS-B").x
    growth = [round(float(max(one, 0.0)), 3) for one in x[8:]]
    unseen = {name: _typical(part) for name, part in table[table["years"] == 1].groupby("scale")}
    freedom = np.exp(x[4:8]) + FREEDOM
    spread = {
        name: [round(float(np.exp(x[k])), 3), round(float(freedom[k]), 2)] for k, name in enumerate(KINDS)
    }
    return {"spread": spread, "growth": dict(zip(SCALES_OF, growth, strict=True)), "unseen": unseen}


def _typical(table: pd.DataFrame) -> float:
    """The median over indicators of the typical deviation of a year."""
    return float(f"{table['deviation'].abs().groupby(table['indicator']).median().median() / 0.6745:.3g}")


def held_out(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `ratio`, each deviation over the end of the 90 % interval learned on the other indicators, and the
    `crps` where comparators are known throughout (that of moving just like them is the deviation).
    """
    parts = []
    for name, part in table.groupby("indicator"):
        known = read_learned(fit(table[table["indicator"] != name]))
        scale, freedom = (part["kind"].map({k: v[i] for k, v in known.spread.items()}) for i in (0, 1))
        ends = (
            scale
            * part["unit"]
            * part["years"] ** part["scale"].map(known.growth)
            * stats.t.ppf(0.95, freedom)
        )
        knots = ends.to_numpy()[:, None] * stats.t.ppf(LEVELS, freedom.to_numpy()[:, None])
        knots = knots / stats.t.ppf(0.95, freedom.to_numpy())[:, None]
        crps = crps_quantiles(knots[:, None], LEVELS, part["deviation"].to_numpy()[:, None])[:, 0]
        parts.append(part.assign(ratio=part["deviation"].abs() / ends, crps=crps))
    return pd.concat(parts)


def widened(numbers: dict[str, Any], apart: pd.DataFrame) -> dict[str, Any]:
    """The numbers with the scale of each kind multiplied until its held-out 90 % intervals hold HELD."""
    spread = {}
    for name, (scale, freedom) in numbers["spread"].items():
        part = apart[apart["kind"] == name]
        weight = 1 / part.groupby(["indicator", "years"])["ratio"].transform("size").to_numpy()
        order = part["ratio"].to_numpy().argsort()
        held = np.cumsum(weight[order]) / weight.sum()
        factor = float(part["ratio"].to_numpy()[order][np.searchsorted(held, HELD)])
        spread[name] = [round(scale * factor, 3), freedom]
    return numbers | {"spread": spread}


def check(cases: list[Case], table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Comparators forecast too: by indicator and years the CRPS (on the scale) of the reference, of moving as the
    parent is expected to and as the mean of two peers, and whether the 90 % interval held; each indicator with what the
    others of the `table` of deviations teach.
    """
    rows, rng, numbers = [], np.random.default_rng(seed), {}
    for name in table["indicator"].unique():
        rest = table[table["indicator"] != name]
        numbers[name] = read_learned(widened(fit(rest), held_out(rest[::3])))
    for case in (case for case in cases if case.indicator in numbers):
        known = [levels.loc[: case.base].dropna() for levels in (case.parent, *case.peers)]
        if min(map(len, known)) < 3:
            continue
        until, years = case.base + AHEAD // 2, np.arange(case.base + 1, case.base + AHEAD // 2 + 1)
        drawn = [
            forecast(one, until, support=case.support, draws=DRAWS, rng=k).paths
            for k, one in enumerate(known)
        ]
        group: Group = [(case.parent, True), (case.peers[0], False)]
        made = reference(case.level, case.base, _comparators(case, group, drawn[:2]), years, case.support, rng,
                         numbers[case.indicator]).paths  # fmt: skip
        own = _moved(np.r_[case.level, case.actual], case.support)[: len(years)]
        start = scaled(np.array([case.level]), case.support)
        alone = [
            scaled(paths, case.support) - scaled(one.to_numpy()[-1:], case.support)
            for paths, one in zip(drawn, known, strict=True)
        ]
        ours = scaled(made, case.support) - start
        for h in np.flatnonzero(np.isfinite(own)):
            quantiles = [
                np.quantile(paths[:, h], LEVELS) for paths in (ours, alone[0], (alone[1] + alone[2]) / 2)
            ]
            error = [float(crps_quantiles(q[None, None], LEVELS, own[None, [h]])[0, 0]) for q in quantiles]
            held = quantiles[0][0] <= own[h] <= quantiles[0][-1]
            rows.append((case.indicator, h + 1, *error, held))
    return pd.DataFrame(rows, columns=["indicator", "years", "reference", "parent", "peers", "held"])


def _relative(part: pd.DataFrame) -> float:
    """The CRPS relative to moving just like the comparators, geometric mean over indicators."""
    mean = part.assign(plain=part["deviation"].abs()).groupby("indicator")[["crps", "plain"]].mean()
    return round(float(np.exp(np.log(mean["crps"] / mean["plain"]).mean())), 3)


def write_reference(corpus: Corpus, folder: Path, out: Path, say: Say, seed: int = 0) -> dict[str, Any]:
    """Learn, check by leaving out each indicator, write the numbers as JSON; returns the evidence."""
    found = tables(corpus, folder)
    cases = draw_cases(found, seed)
    table = deviations(cases)
    say(f"reference: {len(cases)} hidden places of {table['indicator'].nunique()} indicators")
    apart = held_out(table)
    numbers = widened(fit(table), apart)
    wide = apart["kind"].map({k: numbers["spread"][k][0] / v[0] for k, v in fit(table)["spread"].items()})
    held = (apart["ratio"] <= wide).groupby([apart["kind"], apart["years"], apart["indicator"]]).mean()
    checked = check(draw_cases(found, seed + 1, CHECKED), table, seed)
    by = checked.groupby("indicator")[["reference", "parent", "peers"]].mean()
    evidence = {
        "cases": len(cases), "indicators": int(table["indicator"].nunique()),
        "held_90": {kind: part.groupby("years").mean().round(3).to_dict() for kind, part in held.groupby("kind")},
        "crps_known": {str(kind): _relative(part) for kind, part in apart.groupby("kind")},
        "checked": len(checked),
        "held_90_forecast": checked.groupby(["years", "indicator"])["held"].mean().groupby("years").mean().to_dict(),
        "crps_to_parent": (by["reference"] / by["parent"]).round(3).to_dict(),
        "crps_to_peers": (by["reference"] / by["peers"]).round(3).to_dict(),
    }  # fmt: skip
    write_whole(out / FILE, json.dumps(numbers | {"evidence": evidence}, indent=1) + "\n")
    return evidence

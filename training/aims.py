"""How an aim changes a probability: learned on real yearly aims of governments, checked by year and by region.

A year's shock hits all regions, so every year counts the same, a year is left out whole, and weights are drawn towards
half and half, what needs no fitting. Aims and outcomes are not shipped, only the weights and how many were met. The
aims of provinces on energy, which the project's own track record scores, are neither learned on nor shipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear

from qcity_analysis.assessment.assess import AIMED, assess, kind_of
from qcity_analysis.data.load import load
from qcity_analysis.files import write_whole
from qcity_analysis.forecasting.outside import (
    AIMS_FILE,
    COUNTS,
    FIVE_YEARS,
    QUALIFIERS,
    RECENT,
    Aims,
    both,
    outside,
)
from qcity_analysis.forecasting.panel import QUESTION, forecast_panel
from qcity_analysis.forecasting.prior import Prior
from qcity_analysis.targets import find_target

from .scores import bootstrap_interval, reliability_line
from .train import Say

NAMES = {
    "gdp": "gdp_growth", "retail": "retail_sales_growth", "budget": "budget_revenue_growth", "cpi": "cpi_change",
    "investment": "fixed_investment_growth", "income_urban": "urban_income_growth",
    "income_rural": "rural_net_income_growth", "energy": "energy_per_gdp", "rd": "rd_intensity",
    "unemployment_registered": "unemployment_registered", "unemployment_surveyed": "unemployment_surveyed",
}  # fmt: skip
GROWTH = ("gdp", "retail", "budget", "investment", "income_urban", "income_rural")
SHOCK = (2020, 2021, 2022)
FEWEST, FARTHEST, FOLDS = 3, 6, 4
STRENGTH, OWN_STRENGTH, TOWARDS = 3.0, 4.0, 30.0  # aims that the mean stands for; pull towards half and half
ENOUGH = 5.0  # known aims with which the outside view counts as much as the figures alone
SCORED = ("energy", ("province", "municipality"))  # aims of the project's track record: indicator and levels


def questions(folder: Path, prior: Prior | None = None) -> pd.DataFrame:
    """Each decided aim with its `figures` (NaN: fewer than three before), own record and recent share as known then."""
    asked = pd.read_parquet(folder / "real_aims_train.parquet")
    asked = asked[asked["met"].notna()].astype({"met": int}).reset_index(drop=True)
    told = pd.read_parquet(folder / "real_outcomes_train.parquet")
    told = told.drop_duplicates(["region", "indicator", "year"], keep="last")
    pairs = asked[["region", "indicator", "year"]].assign(series_id=asked.index).merge(
        told[["region", "indicator", "year", "value"]], on=["region", "indicator"], suffixes=("_of", "")
    )  # fmt: skip
    pairs = pairs[pairs["year"] < pairs["year_of"]]
    known = pairs.groupby("series_id")["year"].agg(["size", "max"]).reindex(asked.index)
    ready = (known["size"] >= FEWEST) & (asked["year"] - known["max"] <= FARTHEST)
    frame = pairs[pairs["series_id"].isin(asked.index[ready])].rename(columns={"year": "period"})
    panel = forecast_panel(frame[["series_id", "period", "value"]], FARTHEST, prior)
    rows = asked[ready].rename(columns={"year": "period"}).assign(series_id=asked.index[ready])
    asked.loc[ready, "figures"] = panel.probability(rows[[*QUESTION]])
    asked[list(COUNTS)] = 0
    for names, columns, reach in (
        (["region", "indicator"], COUNTS[:2], 99),
        (["indicator"], COUNTS[2:], RECENT),
    ):
        earlier = asked[[*names, "year", "met"]].assign(row=asked.index).merge(
            asked[[*names, "year", "met"]], on=names, suffixes=("", "_was")
        )  # fmt: skip
        ago = earlier["year"] - earlier["year_was"]
        sums = earlier[(ago > 0) & (ago <= reach)].groupby("row")["met_was"].agg(["sum", "size"])
        sums = sums.reindex(asked.index, fill_value=0)
        asked[columns[0]] = sums["sum"]
        asked[columns[1]] = sums["size"] - (sums["sum"] if reach > RECENT else 0)
    return asked


def fit(asked: pd.DataFrame) -> Aims:
    """The weights by least squares, every year counting the same, drawn towards half and half."""
    mean = float(asked.groupby("year")["met"].mean().mean())
    zero = Aims(
        round(mean, 3), STRENGTH, OWN_STRENGTH, _correlation(asked), ENOUGH, 0.0, 0.0, 0.0, {}, {}, []
    )
    used = asked[asked["figures"].notna()]
    before = used["met_before"] + used["missed_before"]
    own = (used["met_before"] + OWN_STRENGTH * zero.mean) / (before + OWN_STRENGTH)
    view = outside(used["recent_met"], used["recent_n"], zero)[0]
    kinds = [name for name in QUALIFIERS if name not in ("exact", "at_least")]
    columns = [
        *(one - zero.mean for one in (used["figures"], view, own)),
        *(used["qualifier"] == k for k in kinds),
    ]
    trust = (used["recent_n"] / (used["recent_n"] + ENOUGH)).to_numpy()
    x = trust[:, None] * np.column_stack([np.asarray(one, dtype=float) for one in columns])
    apart = used["met"] - used["figures"] - trust * (zero.mean - used["figures"])
    weight = 1 / used.groupby("year")["met"].transform("size").to_numpy()
    weight = np.sqrt(weight / weight.mean())
    start = np.r_[0.5, 0.5, np.zeros(len(columns) - 2)]
    low = np.r_[np.zeros(3), np.full(len(kinds), -1.0)]
    a = np.vstack([x * weight[:, None], np.sqrt(TOWARDS) * np.eye(x.shape[1])])
    b = np.r_[apart.to_numpy() * weight, np.sqrt(TOWARDS) * start]
    found = [round(float(one), 3) for one in lsq_linear(a, b, (low, np.ones(len(low)))).x]
    added = dict.fromkeys(QUALIFIERS, 0.0) | dict(zip(kinds, found[3:], strict=True))
    return zero._replace(figures=found[0], outside=found[1], own=found[2], qualifiers=added)


def _correlation(asked: pd.DataFrame) -> float:
    """Of two outcomes of one indicator and year (analysis of variance)."""
    group = asked.groupby(["indicator", "year"])["met"]
    size, count = group.size(), group.ngroups
    centre = asked.groupby("indicator")["met"].mean().reindex(size.index.get_level_values(0)).to_numpy()
    between = float((size * (group.mean() - centre) ** 2).sum() / (count - asked["indicator"].nunique()))
    within = float(((asked["met"] - group.transform("mean")) ** 2).sum() / (len(asked) - count))
    typical = (len(asked) - float((size**2).sum()) / len(asked)) / (count - 1)
    return round((between - within) / (between + (typical - 1) * within), 3)


def answered(asked: pd.DataFrame, aims: Aims) -> np.ndarray:
    """What would be said of each aim, with the figures and the outside view."""
    met, number = asked["recent_met"], asked["recent_n"]
    record = asked["met_before"], asked["missed_before"]
    return both(asked["figures"], outside(met, number, aims)[0], number, asked["qualifier"], *record, aims)


def held_out(asked: pd.DataFrame, of: pd.Series) -> np.ndarray:
    """The same, for each group of `of` with weights learned on the others."""
    said = np.full(len(asked), np.nan)
    for one in of.unique():
        mine = (of == one).to_numpy()
        said[mine] = answered(asked[mine], fit(asked[~mine]))
    return said


def evidence(asked: pd.DataFrame) -> dict[str, Any]:
    """Scores of the figures, the outside view and both: all, growth alone, with and without the years of the shock."""
    asked = asked[asked["figures"].notna()].reset_index(drop=True)
    fold = pd.Series(
        np.random.default_rng(0).permutation(asked["region"].nunique()) % FOLDS, asked["region"].unique()
    )
    aims = fit(asked)
    said = {
        "figures": asked["figures"].to_numpy(),
        "outside": outside(asked["recent_met"], asked["recent_n"], aims)[0],
        "both, other regions": held_out(asked, asked["region"].map(fold)),
        "both, other years": held_out(asked, asked["year"]),
    }  # fmt: skip
    quiet, growth = ~asked["year"].isin(SHOCK), asked["indicator"].isin(GROWTH)
    scores = {}
    for name, p in said.items():
        for part, mine in (("all", quiet | True), ("growth", growth)):
            scores[f"{name}, {part}"] = _scored(asked, p, mine.to_numpy(), quiet.to_numpy())
    error = pd.DataFrame({name: (p - asked["met"]) ** 2 for name, p in said.items()})
    error = error.groupby(asked["indicator"]).mean()
    left_out = {name: error[f"both, other {name}"] - error["figures"] for name in ("regions", "years")}
    worse = {name: one.round(3).to_dict() for name, one in left_out.items()}
    return {"aims": len(asked), "regions": int(asked["region"].nunique()), "years": int(asked["year"].nunique()),
            "scores": scores, "brier_less_figures_by_indicator": worse}  # fmt: skip


def _scored(asked: pd.DataFrame, p: np.ndarray, mine: np.ndarray, quiet: np.ndarray) -> dict[str, Any]:
    met = asked["met"].to_numpy(dtype=float)
    error = (p - met) ** 2
    low, high = bootstrap_interval(
        lambda rows: float(error[mine][rows].mean()), asked["year"][mine].astype(str), 300
    )
    return {"n": int(mine.sum()), "brier": round(float(error[mine].mean()), 4),
            "low": round(low, 3), "high": round(high, 3),
            "brier_without_2020_2022": round(float(error[mine & quiet].mean()), 4),
            "slope": round(reliability_line(p[mine], met[mine])[1], 2)}  # fmt: skip


def five_years() -> dict[str, list[int]]:
    """How many targets of five-year plans in the project's own tables were met, of how many settled, by the year at
    whose end it was first known.
    """
    data, counts = load(), dict[str, list[int]]()
    rows = pd.concat([data.earlier_targets, data.targets])
    pairs = zip(rows["target_id"], rows["plan"], strict=True)
    asked = [find_target(data, *pair) for pair in pairs]
    asked = [one for one in asked if one.kind in AIMED and kind_of(data, one) == FIVE_YEARS]
    for year in range(min(one.deadline for one in asked), data.as_of.year):
        known = data.at(f"{year}-12-31")
        said = {one: assess(known, one, draws=10).status for one in asked if one.deadline <= year}
        told = [status == "met" for status in said.values() if status in ("met", "missed")]
        asked = [one for one in asked if said.get(one) not in ("met", "missed")]
        counts |= {str(year): [sum(told), len(told)]} if told else {}
    return counts


def write_aims(folder: Path, out: Path, say: Say, prior: Prior | None = None) -> dict[str, Any]:
    """Learn, check, and write the weights, the evidence and how many were met; returns the evidence."""
    asked = questions(folder, prior)
    learned = asked[(asked["indicator"] != SCORED[0]) | ~asked["level"].isin(SCORED[1])]
    told, aims = evidence(learned), fit(learned)
    say(f"aims: {told['aims']} with figures before them")
    named = learned.assign(name=learned["indicator"].map(NAMES)).dropna(subset=["name"])
    sums = named.groupby(["name", "year"])["met"].agg(["sum", "size"])
    met: dict[str, dict[str, list[int]]] = {name: {} for name in sums.index.unique(0)}
    for (name, year), row in sums.iterrows():
        met[name][str(year)] = [int(row["sum"]), int(row["size"])]
    met[FIVE_YEARS] = five_years()
    less = told["brier_less_figures_by_indicator"]["regions"]
    content = aims._asdict() | {"met": met, "evidence": told}
    content["figures_alone"] = [NAMES[name] for name in NAMES if less.get(name, 0) > 0]
    write_whole(out / AIMS_FILE, json.dumps(content, indent=1) + "\n")
    return told

"""Is a ratio better forecast by itself or from its two inputs? Measured on quotients of real series of the bank.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/ratios.py BANK [--places 50]

BANK is the folder of the bank (see `python -m training --help`). For each pair of indicators and each place that has
both, the quotient is forecast from 6, 9 and 13 years: directly; from both inputs; and by the mean of the two; with both
inputs up to the same year, and with the numerator or the denominator one year ahead. Prints CRPS relative to the random
walk (geometric mean over places and years ahead, then over pairs) and how often 90 % intervals hold. The shipped prior
has seen many of these series, for all three methods alike: the comparison is between them, not with other work.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from qcity_analysis.forecasting.annual import averaged, forecast_ratio
from qcity_analysis.forecasting.forecast import Forecast, forecast

PAIRS = (
    ("ef", "f"),
    ("en_atm_co2gdp", "eg_egy_prim"),
    ("IP.PAT.RESD", "IP.TMK.RESD"),
    ("RDPatentValid.v4_cg_zlsyx_hj", "RDLaborHour.v4_zh_qsdl_yjry"),
    ("RDActivity.v4_zh_nbzc_jcyj", "RDLaborHour.v4_zh_qsdl_yjry"),
    ("PublicBudget.v6_cz_yszc_jy", "RDActivity.v4_zh_nbzc_syfz"),
    ("RDPatentValid.v4_cg_zlsyx_hj", "PublicBudget.v6_cz_yszc_jy"),
)
DRAWS = 2000
AHEAD = {"both end together": (0, 0), "numerator ahead": (1, 0), "denominator ahead": (0, 1)}


def places(bank: Path, top: str, under: str, count: int) -> list[pd.DataFrame]:
    """Both series side by side (columns a, b; index year) of up to `count` places, without gaps and above 0."""
    meta = pd.read_parquet(bank / "indicator_bank_meta.parquet")
    table = pd.read_parquet(bank / "indicator_bank.parquet").merge(meta[["series_id", "indicator", "geo"]])
    sides = [table[table["indicator"] == name].drop_duplicates(["geo", "period"]) for name in (top, under)]
    both = sides[0].merge(sides[1], on=["geo", "period"], suffixes=("_a", "_b")).sort_values("period")
    pairs = []
    for _, rows in both.groupby("geo", sort=True):
        pair = rows.set_index("period")[["value_a", "value_b"]].set_axis(["a", "b"], axis=1)
        if len(pair) >= 12 and (pair > 0).all(axis=None) and (np.diff(pair.index) == 1).all():
            pairs.append(pair)
    order = np.random.default_rng(1).permutation(len(pairs))[:count]
    return [pairs[k] for k in order]


def forecasts(pair: pd.DataFrame, end: int, length: int, until: int) -> Iterator[tuple[str, str, Forecast]]:
    """State of the data, method and forecast of a / b after row `end`, from `length` rows."""
    seen = pair.iloc[end - length : end]
    ratio = (seen["a"] / seen["b"]).rename("ratio")
    direct = forecast(ratio, until, support="positive", draws=DRAWS, rng=3)
    for name, (a, b) in AHEAD.items():
        top = forecast(pair["a"].iloc[end - length : end + a], until, support="positive", draws=DRAWS, rng=1)
        logs = np.log(pair["b"].iloc[end - length : end + b])
        under = forecast(logs, until, support="real", draws=DRAWS, rng=2)
        under = replace(under, paths=np.exp(under.paths), history=np.exp(under.history))
        of_inputs = forecast_ratio(
            top, under, after=int(seen.index[-1]), history=ratio, rng=np.random.default_rng(0)
        )
        yield name, "direct", direct
        yield name, "from inputs", of_inputs
        yield name, "mean of both", averaged(direct, of_inputs)


def crps(paths: np.ndarray, outcome: float) -> float:
    """Continuous ranked probability score of draws (Gneiting and Raftery 2007)."""
    x, n = np.sort(paths), len(paths)
    return float(np.abs(x - outcome).mean() - (x * (2 * np.arange(1, n + 1) - n - 1)).sum() / n**2)


def scored(pair: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    """One row for each state, method and year ahead, from one origin for each length of history."""
    for length in (6, 9, 13):
        if len(pair) < length + 3:
            continue
        end = int(rng.integers(length, len(pair) - 2))
        until = int(pair.index[min(end + 4, len(pair) - 1)])
        truth = pair["a"] / pair["b"]
        for name, method, told in forecasts(pair, end, length, until):
            for k, year in enumerate(told.years):
                walk, outcome = abs(truth[year] - truth.iloc[end - 1]), float(truth[year])
                low, high = np.quantile(told.paths[:, k], [0.05, 0.95])
                score = crps(np.minimum(told.paths[:, k], 1e3 * truth.max()), outcome)
                if walk > 0:
                    yield {
                        "state": name, "method": method, "ahead": k + 1, "log": np.log(score / walk),
                        "held": low <= outcome <= high,
                    }  # fmt: skip


def main() -> None:
    """Run the comparison and print one table for each state of the data."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bank", type=Path)
    parser.add_argument("--places", type=int, default=50)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    rows = [
        {"pair": "/".join(names)} | row
        for names in PAIRS
        for pair in places(options.bank, *names, options.places)
        for row in scored(pair, rng)
    ]
    table = pd.DataFrame(rows)
    for name, part in table.groupby("state", sort=False):
        shown = {}
        for label, rows_of in {"first year": part[part["ahead"] == 1], "all years": part}.items():
            by_pair = rows_of.groupby(["method", "pair"])[["log", "held"]].mean()
            mean = by_pair.groupby("method").mean()
            shown[f"CRPS, {label}"] = np.exp(mean["log"])
            shown[f"90 % held, {label}"] = mean["held"]
        print(f"\n{name} ({part.groupby('method').size().iloc[0]} outcomes, {part['pair'].nunique()} pairs)")
        print(pd.DataFrame(shown).round(3).to_string())


if __name__ == "__main__":
    main()

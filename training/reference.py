"""How far places part from their comparators: learned on provinces, cities and countries, checked by indicator.

Each case hides a place's figures but one, of a random base year, and takes what the country (or the mean of all other
places) and two other places did: from their yearbooks, the yearly bulletins on energy and the growth their work reports
state. Countries, whose own region is not among the data, are only scored. Comparators are published throughout, or
forecast from what was known in the base year: from both the spread is learned that a place adds to theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
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
from qcity_analysis.forecasting.histories import limits
from qcity_analysis.forecasting.outside import FILE, KINDS, Comparator, Learned, reference, seen, unscaled
from qcity_analysis.forecasting.prior import SCALES, scaled
from qcity_analysis.forecasting.quantiles import crps_quantiles

from .train import KINDS as SUPPORT_OF
from .train import Corpus, Say

WITHIN, COUNTRY = "china_prov_techme", "全国"
SHARES = ("unemployment", "urbanisation")
FEWEST, PLACES = 300, 12  # stated figures of an indicator; countries of one
AHEAD, FORECAST, DRAWS, FOLDS = 10, 5, 400, 9  # years, of comparators that are forecast
CASES, ABROAD = 80, 10  # of an indicator: of provinces and cities; of countries
# least freedom; share of the learning cases that 90 % intervals hold: .90 of others
FREEDOM, HELD = 2.5, 0.915
SHARES_CARRIED = np.linspace(0, 2, 41)  # of the likeliest share of the variance, of which one holds as much
SCALES_OF = ("log", "logodds", "typical")
LEVELS = np.arange(0.05, 1.0, 0.05)
# where the search begins, and what it is drawn to: by kind the log factor of the spread; the power of what the nearest
# moves, of two and of one; the log factor of rates; the growth, and that of rates; log freedom above the least, log
# square of what is carried over, the pull of rates, and log odds of what a year leaves of it
START = np.array([0, 0, 0, 0, 0.5, 0.5, 0, 0.7, 0.15, 0, -1, 0.8, 0])
Parts = tuple[float, np.ndarray, np.ndarray, np.ndarray]
COLUMNS = "indicator scale kind published years unit size own centre sigma distance other"


@dataclass(frozen=True)
class Table:
    """The levels (year x place) of an indicator, its support, and whether its places are those learned on."""

    support: str
    levels: pd.DataFrame
    within: bool = True


@dataclass(frozen=True)
class Case:
    """A hidden stretch of one place: what it did from `base` on and its comparators, the parent and two others, with
    paths (draws, years) of each as forecast from the base year, none where that cannot be done.
    """

    indicator: str
    support: str
    within: bool
    base: int
    level: float
    actual: np.ndarray
    comparators: tuple[pd.Series, ...]
    paths: tuple[np.ndarray, ...]

    def groups(self, published: bool) -> dict[str, list[Comparator]]:
        """Comparators by kind as known in the base year, with what they did after it or what was expected."""
        known = [levels.loc[: self.base].dropna() for levels in self.comparators]
        later = range(self.base + 1, self.base + 1 + AHEAD)
        ahead = [levels.reindex(later).to_numpy(float)[None] for levels in self.comparators]
        parent, one, other = (
            Comparator("", k == 0, levels, levels[:0], paths)
            for k, (levels, paths) in enumerate(zip(known, ahead if published else self.paths, strict=True))
        )
        return dict(zip(KINDS, ([parent, one], [one, other], [parent], [one]), strict=True))

    def moved(self) -> np.ndarray:
        """Its changes on the scale since the base year."""
        return _since(self.actual, self.level, self.support)


def _since(levels: np.ndarray, base: float, support: str) -> np.ndarray:
    """Changes on the scale since the level of the base year."""
    least = 1e-6 * abs(base) if SCALES[support] == "log" else -np.inf
    return np.asarray(scaled(np.maximum(levels, least), support) - scaled(np.array([base]), support))


def tables(corpus: Corpus, folder: Path) -> dict[str, Table]:
    """The levels of each indicator; those of a chain begin anew after a gap."""
    made: dict[str, Table] = {}
    for (source, name), rows in corpus.meta.groupby(["bank", "indicator"]):
        support = SUPPORT_OF[rows["kind"].iloc[0]]
        if source == WITHIN or (rows["geo"].nunique() >= PLACES and support != "real"):
            columns = {
                rows.at[one, "geo"]: pd.Series(
                    values := corpus.values[one], corpus.year[one] + np.arange(len(values))
                )
                for one in rows.index
            }
            made[str(name)] = Table(support, pd.DataFrame(columns), source == WITHIN)
    told = pd.read_csv(folder / "provinces" / "provincial_energy_per_gdp.csv")
    told = told[(told["measure"] == "change_pct") & told["period"].str.fullmatch(r"\d{4}")]
    for name, rows in told[told["series"].isin(["energy_per_gdp", "electricity_per_gdp"])].groupby("series"):
        rows = rows.drop_duplicates(["region_en", "period"]).astype({"period": int})
        wide = rows.pivot(index="period", columns="region_en", values="value")
        made[str(name)] = Table("positive", _chained(wide))
    stated = pd.read_parquet(folder / "real_outcomes_train.parquet")
    stated = stated.drop_duplicates(["region", "indicator", "year"])
    for name, rows in stated[stated["qualifier"].isin(["exact", "about"])].groupby("indicator"):
        if len(rows) >= FEWEST:
            support = "percent" if str(name).startswith(SHARES) else "real"
            made[str(name)] = Table(support, rows.pivot(index="year", columns="region", values="value"))
    return made


def _chained(changes: pd.DataFrame) -> pd.DataFrame:
    """Levels from yearly changes in percent: a column for each run of years of a place, 100 in the year before it."""
    runs = {}
    for place, column in changes.items():
        known = column.dropna()
        for _, run in known.groupby((np.diff(known.index, prepend=-9) != 1).cumsum()):
            levels = 100 * (1 + run / 100).cumprod()
            runs[f"{place} {run.index[0]}"] = pd.concat([pd.Series({run.index[0] - 1: 100.0}), levels])
    return pd.DataFrame(runs)


def draw_cases(tables: dict[str, Table], seed: int = 0) -> list[Case]:
    """Random places and base years of every indicator, with a parent and two other places known in the years after."""
    rng, cases = np.random.default_rng(seed), list[Case]()
    for name, told in tables.items():
        table = told.levels.reindex(range(told.levels.index.min(), told.levels.index.max() + 1))
        number = len(cases) + (CASES if told.within else ABROAD)
        levels, first, support = table.to_numpy(float), int(table.index[0]), told.support
        moved = np.diff(scaled(levels, support), axis=0)
        country = table.columns.get_loc(COUNTRY) if COUNTRY in table else -1
        for _ in range(20 * CASES):
            place, at = int(rng.integers(levels.shape[1])), int(rng.integers(2, len(levels) - 1))
            actual = levels[at + 1 : at + 1 + AHEAD, place]
            ready = np.flatnonzero(np.isfinite(levels[at : at + 2]).all(axis=0))
            ready = ready[(ready != place) & (ready != country)]
            known = np.isfinite(levels[at, place]) and place != country and np.isfinite(actual).any()
            if len(cases) == number or not known or len(ready) < 2:
                continue
            others = np.delete(moved, place, axis=1)
            many = np.isfinite(others).sum(axis=1)
            mean = np.where(many >= 5, np.nansum(others, axis=1) / np.maximum(many, 1), np.nan)
            steps = moved[:, country] if country >= 0 else mean
            start = scaled(levels[at, [country] if country >= 0 else ready].mean(keepdims=True), support)
            before, after = -np.cumsum(steps[:at][::-1])[::-1], np.cumsum(steps[at:])
            parent = unscaled(start + np.r_[before, 0.0, after], support)
            peers = (levels[:, peer] for peer in rng.permutation(ready)[:2])
            three = tuple(pd.Series(values, table.index) for values in (parent, *peers))
            if (paths := _forecast(three, first + at, support)) is not None:
                about = (name, support, told.within, first + at, float(levels[at, place]))
                cases.append(Case(*about, actual, three, paths))
    return cases


def _forecast(three: Sequence[pd.Series], base: int, support: str) -> tuple[np.ndarray, ...] | None:
    """Paths of the comparators from the base year on; None where one has too few levels or one out of its range."""
    known = [levels.loc[:base].dropna() for levels in three]
    low, high = limits(support)
    if min(map(len, known)) < 3 or any(one.min() < low or one.max() > high for one in known):
        return None
    until = base + FORECAST
    return tuple(
        forecast(one, until, support=support, draws=DRAWS, rng=k).paths for k, one in enumerate(known)
    )


def observed(cases: Sequence[Case]) -> pd.DataFrame:
    """A row for each case, kind of comparators, and year, published and forecast (see COLUMNS): what the comparators
    show (`unit`, `size`), the place's change, theirs (`centre`, its spread `sigma`, that of the `other` one beside a
    parent), and how far the place was from them in the base year, where its scale is that of rates.
    """
    rows = []
    for case in cases:
        own, scale = case.moved(), SCALES[case.support]
        at = float(scaled(np.array([case.level]), case.support)[0])
        shown = {kind: seen(group, case.support)[1:] for kind, group in case.groups(False).items()}
        for published in (True, False):
            for kind, group in case.groups(published).items():
                each = [_since(one.paths, float(one.levels.iloc[-1]), case.support) for one in group]
                taken = each[:1] if group[0].above else each
                low, centre, high = np.quantile(np.mean(taken, axis=0), stats.norm.cdf([-1, 0, 1]), axis=0)
                bases = scaled(np.array([one.levels.iloc[-1] for one in group[: len(taken)]]), case.support)
                distance = at - float(bases.mean()) if scale == "typical" else 0.0
                other = np.median(each[-1], axis=0)
                for h in range(min(len(own), len(centre))):
                    what = (case.indicator, scale, kind, published, h + 1, *shown[kind], own[h])
                    rows.append((*what, centre[h], (high[h] - low[h]) / 2, distance, other[h]))
    table = pd.DataFrame(rows, columns=COLUMNS.split())
    return table[(table["unit"] > 0) & (table["size"] > 0) & np.isfinite(table["own"] + table["centre"])]


def fit(table: pd.DataFrame) -> Learned:
    """The numbers of greatest likelihood, every indicator of a kind counting the same; then as wide as HELD asks."""
    x, parts, weight = _likeliest(table)
    years, published = table["years"].to_numpy(), table["published"].to_numpy()
    freedom, deviation, own, carried = parts(x)
    end = np.abs(deviation) / stats.t.ppf(0.95, freedom)  # the spread with which 90 % would just hold it

    def too_narrow(rows: np.ndarray, spread: np.ndarray) -> float:
        """By what the spread of these rows would have to be multiplied to hold the share HELD of them."""
        rows = rows[(end / spread)[rows].argsort()]
        held = np.cumsum(weight[rows]) / weight[rows].sum()
        return float((end / spread)[rows[np.searchsorted(held, HELD)]])

    ahead = np.arange(1, AHEAD + 1)
    by_year = [np.log(too_narrow(np.flatnonzero(years == h), np.sqrt(own + carried))) for h in ahead]
    x[7:9] += (slope := np.polyfit(np.log(ahead), by_year, 1)[0])  # so that years hold alike
    own, factor, through = own * years ** (2 * slope), dict[str, float](), dict[str, float]()
    for k, name in enumerate(KINDS):
        mine = (table["kind"] == name).to_numpy() & (years <= FORECAST)
        wider = too_narrow(np.flatnonzero(mine & published), np.sqrt(own))
        part = np.flatnonzero(mine & ~published)
        tried = [too_narrow(part, np.sqrt(wider**2 * own + share * carried)) for share in SHARES_CARRIED]
        factor[name] = np.exp(x[k]) * wider
        through[name] = _short(np.exp(x[10] / 2) * SHARES_CARRIED[np.abs(np.log(tried)).argmin()] ** 0.5)
    kept, own_factor = 1 / (1 + np.exp(-x[12])), np.exp(x[6])
    by_scale = {"factor": (1, 1, own_factor), "growth": (*x[[7, 7]], x[8]), "pull": (0, 0, x[11])}
    scales = {name: dict(zip(SCALES_OF, map(_short, three), strict=True)) for name, three in by_scale.items()}
    spread = {name: (_short(factor[name]), _short(x[4 + (k > 1)])) for k, name in enumerate(KINDS)}
    first = table[(table["years"] == 1) & table["published"]]
    apart = (first["own"] - first["centre"]).abs().groupby([first["scale"], first["indicator"]])
    unseen = (apart.median() / 0.6745).groupby("scale").median()
    told = {str(name): _short(value) for name, value in unseen.items()}
    return Learned(spread, _short(freedom), through, unseen=told, kept=_short(kept), **scales)


def _likeliest(table: pd.DataFrame) -> tuple[np.ndarray, Callable[[np.ndarray], Parts], np.ndarray]:
    """The numbers (see START), what they say of each row (the freedom, how far it was from the centre, the square of
    its own scale and of that carried over from the comparators' forecast), and what a row counts.
    """
    kind, rate = table["kind"].map(KINDS.index).to_numpy(), (table["scale"] == "typical").to_numpy(float)
    log_unit, log_size, log_years = (
        np.log(table[name].to_numpy(float)) for name in ("unit", "size", "years")
    )
    powers = (log_size - log_unit)[:, None] * np.eye(2)[(kind > 1).astype(int)]
    grown = log_years[:, None] * np.column_stack([1 - rate, rate])
    basis = np.column_stack([np.eye(4)[kind], powers, rate, grown])
    apart = (table["own"] - table["centre"]).to_numpy(float)
    squared, years = table["sigma"].to_numpy(float) ** 2, table["years"].to_numpy(float)
    distance = table["distance"].to_numpy(float)
    weight = 1 / table.groupby(["indicator", "kind", "published"])["unit"].transform("size").to_numpy(float)
    weight /= weight.sum()

    def parts(x: np.ndarray) -> Parts:
        gone = 1 - (1 / (1 + np.exp(-x[12]))) ** years
        own, carried = np.exp(2 * (log_unit + basis @ x[:9])), np.exp(x[10]) * squared
        return FREEDOM + np.exp(x[9]), apart + x[11] * gone * distance, own, carried

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        """Of the Student t, drawn to START, and its gradient."""
        freedom, deviation, own, carried = parts(x)
        variance = own + carried
        square = deviation**2 / variance

        def of_freedom(n: float) -> float:
            norm = gammaln(n / 2) - gammaln((n + 1) / 2) + np.log(n) / 2
            return float(norm + (n + 1) / 2 * (weight * np.log1p(square / n)).sum())

        wider = weight * (1 - (freedom + 1) * square / (freedom + square)) / variance
        aside = weight * (freedom + 1) * deviation / (freedom * variance + deviation**2)
        kept = 1 / (1 + np.exp(-x[12]))
        slope = np.r_[
            basis.T @ (wider * own),
            (of_freedom(freedom + 1e-4) - of_freedom(freedom)) * 1e4 * (freedom - FREEDOM),
            (wider * carried).sum() / 2,
            (aside * (1 - kept**years) * distance).sum(),
            -(aside * x[11] * years * kept**years * (1 - kept) * distance).sum(),
        ]
        value = of_freedom(freedom) + (weight * np.log(variance)).sum() / 2 + 0.001 * ((x - START) ** 2).sum()
        return float(value), slope + 0.002 * (x - START)

    found = minimize(loss, START, jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * len(START))
    return found.x, parts, weight


def _short(number: float) -> float:
    """The number with three digits."""
    return float(f"{number:.3g}")


def weights(table: pd.DataFrame) -> dict[str, list[float]]:
    """By scale the weights of the parent and of another place in a place's change that bring it nearest (mean absolute
    error in units, published comparators, each indicator counting the same).
    """
    table = table[(table["kind"] == KINDS[0]) & table["published"]].dropna()
    nearest = {}
    for name, part in table.groupby("scale"):
        own, parent, other = (
            part[one].to_numpy() / part["unit"].to_numpy() for one in ("own", "centre", "other")
        )
        count = 1 / part.groupby("indicator")["own"].transform("size").to_numpy()

        def error(
            x: np.ndarray, own: Any = own, parent: Any = parent, other: Any = other, count: Any = count
        ) -> float:
            return float((count * np.abs(own - x[0] * parent - x[1] * other)).sum())

        nearest[str(name)] = [
            round(float(one), 2) for one in minimize(error, (1.0, 0.0), method="Nelder-Mead").x
        ]
    return nearest


def check(cases: Sequence[Case], table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Each case by what the indicators of other folds teach, by kind of comparators and year, published and forecast:
    the CRPS (on the scale) of the reference, of moving as the parent and as the mean of two places, and whether the
    90 % interval `held`, and that of the `parent` alone.
    """
    rows, names = [], list(dict.fromkeys(case.indicator for case in cases))
    folds = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    for fold in range(FOLDS):
        mine = {name for name, its in zip(names, folds, strict=True) if its == fold}
        known = fit(table[~table["indicator"].isin(mine)])
        for case in (case for case in cases if case.indicator in mine):
            for published in (True, False):
                rows += _scored(case, published, known, seed)
    columns = "indicator within published kind years reference parent peers held parent_held"
    return pd.DataFrame(rows, columns=columns.split())


def _scored(case: Case, published: bool, known: Learned, seed: int) -> list[tuple[Any, ...]]:
    """The rows of one case in the years in which it and all three comparators are known."""
    groups, rows = case.groups(published), []
    three = (*groups[KINDS[0]][:1], *groups[KINDS[1]])
    parent, one, other = (_since(c.paths, float(c.levels.iloc[-1]), case.support) for c in three)
    own, years = case.moved()[: parent.shape[1]], case.base + 1 + np.arange(parent.shape[1])
    ready = np.flatnonzero(np.isfinite(sum(paths[0, : len(own)] for paths in (parent, one, other)) + own))

    if not len(ready):
        return []

    def scored(paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The CRPS of each year, and whether the outcome was within 90 %."""
        ends, outcome = np.quantile(paths[:, ready], LEVELS, axis=0).T, own[ready]
        error = crps_quantiles(ends[:, None], LEVELS, outcome[:, None])[:, 0]
        return error, (ends[:, 0] <= outcome) & (outcome <= ends[:, -1])

    as_parent, as_peers = scored(parent), scored((one + other) / 2)
    for kind, group in groups.items():
        group = [c._replace(paths=np.tile(c.paths, (DRAWS // len(c.paths), 1))) for c in group]
        rng = np.random.default_rng([seed, case.base])
        made = reference(case.level, case.base, group, years, case.support, rng, known).paths
        error, held = scored(_since(made, case.level, case.support))
        about = (case.indicator, case.within, published, kind)
        told = zip(ready + 1, error, as_parent[0], as_peers[0], held, as_parent[1], strict=True)
        rows += [(*about, *one_year) for one_year in told]
    return rows


def evidence(checked: pd.DataFrame) -> dict[str, Any]:
    """Shares held by years, and the CRPS relative to moving as the parent and as the mean of others (geometric means
    over indicators, and by indicator where comparators are forecast), by kind of comparators.
    """
    told: dict[str, Any] = {}
    for (within, published), part in checked.groupby(["within", "published"]):
        held = part.groupby(["kind", "years", "indicator"])[["held", "parent_held"]].mean()
        mean = part.groupby(["kind", "indicator"])[["reference", "parent", "peers"]].mean()
        relative = pd.DataFrame({name: mean["reference"] / mean[name] for name in ("parent", "peers")})
        over = np.exp(np.log(relative).groupby("kind").mean()).round(3)
        by_year = held.groupby(["kind", "years"]).mean().round(3)
        name = ("provinces and cities" if within else "countries") + (
            ", published" if published else ", forecast"
        )
        told[name] = {
            "forecasts": len(part), "indicators": int(part["indicator"].nunique()), "crps": over.to_dict("index"),
            "held_90": {kind: by_year["held"].xs(kind).to_dict() for kind in KINDS},
            "parent_held_90": by_year["parent_held"].xs(KINDS[0]).to_dict(),
            "crps_by_indicator": relative.xs(KINDS[0]).round(3).to_dict("index"),
        }  # fmt: skip
    return told


def write_reference(corpus: Corpus, folder: Path, out: Path, say: Say, seed: int = 0) -> dict[str, Any]:
    """Learn, check by leaving out indicators, write the numbers as JSON; returns the evidence."""
    cases = draw_cases(tables(corpus, folder), seed)
    table = observed([case for case in cases if case.within])
    say(f"reference: {len(cases)} hidden places, learned on {table['indicator'].nunique()} indicators")
    told = {"cases": len(cases), "weights": weights(table), "scores": evidence(check(cases, table, seed))}
    write_whole(out / FILE, json.dumps(fit(table)._asdict() | {"evidence": told}, indent=1) + "\n")
    return told

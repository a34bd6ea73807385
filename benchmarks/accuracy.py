"""How good the forecaster is beside others, in one run: the bank's validation folds, or M3 or M4 yearly data.

    python benchmarks/accuracy.py BANK [--series 300] [--only NAME]
    python benchmarks/accuracy.py --m3 M3C.xls [--series 300]
    python benchmarks/accuracy.py --m4 Yearly-train.csv Yearly-test.csv [--series 300]

BANK is the folder of the bank (see `python -m training --help`): each third of its indicators is forecast by a
prior trained on the other two. The files of the M competitions are those their organisers published; the shipped
prior forecasts the first five years hidden there from at most 15 before. statsforecast and, with BANK, LightGBM are
used where they are installed (`pip install statsforecast lightgbm`). `--only` gives the rows whose name contains
NAME, on the same series: without the mixture no prior is trained. Prints CRPS relative to the random walk
(geometric mean over series), how often the 90 % interval holds 1 to 5 years ahead, and the speed on one core; for M3
and M4 first the scores of the competition itself, on whole histories and all hidden years, beside what is published.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.forecast import MODELS, forecast
from qcity_analysis.forecasting.histories import LOWER, STATED, UPPER, checked
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import features, shipped, units
from qcity_analysis.forecasting.quantiles import LEVELS

sys.path.insert(0, str(Path(__file__).parents[1]))  # `training` stands beside this folder, not in the package
from training.hindcast import Hindcast, by_fold, forecast_tasks, held_out, indicators
from training.scores import relative_crps
from training.train import FOLDS, Tasks, draw_training, learn, read_corpus

LONGEST = 15
YEARS = 5
BOOSTED = 15_000  # tasks that LightGBM learns each fold from
MIXTURE, BOOSTING = "structural mixture", "LightGBM on the same features"  # names of rows
Method = Callable[[np.ndarray], np.ndarray]  # history -> quantiles (5, 13)


def m3_series(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """History and hidden years of each yearly series in the workbook M3C.xls (sheet M3Year)."""
    sheet = pd.read_excel(path, sheet_name="M3Year", engine="calamine")
    first = (
        list(sheet.columns).index("Starting Year") + 2
    )  # the values begin after "Starting Year" and its number
    split = []
    for _, row in sheet.iterrows():
        n, hidden = int(row["N"]), int(row["NF"])
        values = row.iloc[first : first + n].to_numpy(dtype=float)
        split.append((values[: n - hidden], values[n - hidden :]))
    return split


def m4_series(train: Path, test: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """History and hidden years of each series in Yearly-train.csv and Yearly-test.csv of M4."""
    before, after = (pd.read_csv(path, index_col=0) for path in (train, test))
    missing = before.index.difference(after.index)
    if len(missing):
        raise SystemExit(f"{test}: {len(missing)} series of {train} are missing, first {missing[0]}")
    return [
        (before.loc[name].dropna().to_numpy(float), after.loc[name].dropna().to_numpy(float))
        for name in before.index
    ]


def hindcast_of(series: list[tuple[np.ndarray, np.ndarray]]) -> Hindcast:
    """The shipped prior's forecasts of five hidden years from at most 15 before; constant histories are left out."""
    kept = [
        (y[-LONGEST:], after[:YEARS])
        for y, after in series
        if len(after) >= YEARS and np.ptp(y[-LONGEST:]) > 0
    ]
    frame = pd.concat(
        pd.DataFrame(
            {
                "series_id": i,
                "period": range(len(y)),
                "value": y,
                "support": "real" if y.min() < 0 else "positive",
            }
        )
        for i, (y, _) in enumerate(kept)
    )
    tasks = Tasks(
        checked(frame)[0], np.array([after for _, after in kept]), np.array(["M"] * len(kept), dtype=object)
    )
    return forecast_tasks(tasks, shipped())


PUBLISHED = """\
| M4 winner (Smyl), published | .778 | 13.176 | 2.980 | 23.9 | | |
| M4 Comb, published | .867 | | | | | |
| M4 Theta, published | .872 | | | | | |"""


def competition(series: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """The competition's own scores of the whole histories and all hidden years, no support stated: OWA, sMAPE, MASE and
    MSIS (Makridakis, Spiliotis and Assimakopoulos 2020), and how often the 95 % and 90 % intervals hold.
    """
    kept = [(y, after) for y, after in series if np.ptp(y) > 0]
    columns = [
        pd.DataFrame({"series_id": i, "period": range(len(y)), "value": y}) for i, (y, _) in enumerate(kept)
    ]
    actual = np.array([after for _, after in kept])
    levels = [0.025, 0.05, 0.5, 0.95, 0.975]
    q = forecast_panel(pd.concat(columns), actual.shape[1]).quantiles(levels).to_numpy()
    low, low90, median, high90, high = q.reshape(*actual.shape, len(levels)).transpose(2, 0, 1)
    step = np.array([np.abs(np.diff(y)).mean() for y, _ in kept])[:, None]

    def errors(point: np.ndarray) -> tuple[float, float]:
        """sMAPE and MASE of a point forecast."""
        off = np.abs(actual - point)
        return float((200 * off / (np.abs(actual) + np.abs(point))).mean()), float((off / step).mean())

    ours, naive = errors(median), errors(np.array([y[-1] for y, _ in kept])[:, None])
    owa = (ours[0] / naive[0] + ours[1] / naive[1]) / 2
    missed = 40 * (np.maximum(low - actual, 0) + np.maximum(actual - high, 0))
    holds = [((actual >= a) & (actual <= b)).mean() for a, b in ((low, high), (low90, high90))]
    row = f"{owa:.3f} | {ours[0]:.3f} | {ours[1]:.3f} | {((high - low + missed) / step).mean():.1f}"
    head = (
        "| forecaster | OWA | sMAPE | MASE | MSIS | 95 % holds | 90 % holds |\n|---|---|---|---|---|---|---|"
    )
    return f"{head}\n| qcity_analysis | {row} | {holds[0]:.3f} | {holds[1]:.3f} |"


def named(model: str) -> Method:
    """A model of `forecast.MODELS`; the random walk where it cannot be fitted, as a user would."""

    def quantiles(history: np.ndarray) -> np.ndarray:
        series, until = pd.Series(history, index=range(len(history))), len(history) + 4
        try:
            paths = forecast(series, until, model=model, draws=2000).paths
        except QcityError:
            paths = forecast(series, until, model="naive", draws=2000).paths
        return np.quantile(paths, LEVELS, axis=0).T

    return quantiles


def statsforecast_methods() -> dict[str, Method]:
    """AutoETS, AutoTheta, DynamicOptimizedTheta and Holt, if statsforecast is installed."""
    try:
        from statsforecast.models import AutoETS, AutoTheta, DynamicOptimizedTheta, Holt
    except ImportError:
        return {}

    def method(make: Callable[[], object]) -> Method:
        def quantiles(history: np.ndarray) -> np.ndarray:
            widths = [95, 90, 80, 60, 40, 20]
            try:
                told = make().forecast(y=history.astype(float), h=5, level=widths)  # type: ignore[attr-defined]
            except Exception:  # any failure of another's package counts as the random walk
                return named("naive")(history)
            low = [told[f"lo-{w}"] for w in widths]
            high = [told[f"hi-{w}"] for w in reversed(widths)]
            return np.column_stack([*low, told["mean"], *high])

        return quantiles

    return {
        "statsforecast AutoETS": method(lambda: AutoETS(season_length=1)),
        "statsforecast AutoTheta": method(lambda: AutoTheta(season_length=1)),
        "statsforecast Holt": method(lambda: Holt(season_length=1)),
        "statsforecast DynamicOptimizedTheta": method(lambda: DynamicOptimizedTheta(season_length=1)),
    }


def lightgbm_quantiles(training: Tasks, tasks: Tasks) -> np.ndarray | None:
    """Quantiles (n, 5, 13) by gradient boosting on the same features and folds; None without LightGBM."""
    try:
        import lightgbm
    except ImportError:
        return None

    def table(of: Tasks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features with the years ahead, a row for each year; typical change; direction."""
        unit = units(of.histories)
        seen, turn = features(of.histories, unit)
        ahead = np.tile(np.arange(YEARS), len(seen))
        return np.column_stack([np.repeat(seen, YEARS, axis=0), ahead]), unit, turn

    out = np.empty((*tasks.actual.shape, len(LEVELS)))
    for f in range(FOLDS):
        every = np.flatnonzero((training.fold != f) & (training.histories.support < len(STATED)))
        others, mine = training.rows(np.random.default_rng(f).permutation(every)[:BOOSTED]), tasks.fold == f
        x, unit, turn = table(others)
        change = (others.actual - others.histories.values[:, -1:]) * (turn / unit)[:, None]
        asked, unit, turn = table(tasks.rows(mine))
        options = {"objective": "quantile", "learning_rate": 0.08, "min_data_in_leaf": 50}
        options |= {"num_threads": 1, "verbose": -1}
        data = lightgbm.Dataset(x, change.ravel(), free_raw_data=False)
        models = (lightgbm.train(options | {"alpha": level}, data, 120) for level in LEVELS)
        q = np.stack([model.predict(asked) for model in models], axis=1).reshape(-1, YEARS, len(LEVELS))
        q = np.sort(q, axis=2)
        q = np.where(turn[:, None, None] < 0, -q[:, :, ::-1], q)
        out[mine] = tasks.histories.values[mine, -1][:, None, None] + unit[:, None, None] * q
    return out


def line(name: str, quantiles: np.ndarray, tasks: Tasks, speed: str) -> str:
    """One row of the table."""
    kind, actual = tasks.histories.support, tasks.actual
    q = np.clip(quantiles, LOWER[kind][:, None, None], UPPER[kind][:, None, None])
    log = relative_crps(q, LEVELS, tasks.histories.values, actual)
    inside = ((actual >= q[:, :, 1]) & (actual <= q[:, :, -2])).mean(axis=0)
    return f"| {name} | {np.exp(log.mean()):.3f} | {' '.join(f'{s:.2f}' for s in inside)} | {speed} |"


def our_lines(whole: Hindcast, rows: np.ndarray) -> list[str]:
    """The rows of the mixture: on all series, with its speed, and on those the others are given."""
    start = time.process_time()
    forecast_tasks(whole.tasks, shipped()).ahead.quantiles(LEVELS)
    speed, q = len(whole.tasks.actual) / (time.process_time() - start), whole.ahead.quantiles(LEVELS)
    some = whole.tasks.rows(rows)
    return [line(f"{MIXTURE}, all series", q, whole.tasks, f"{speed:.0f}"), line(MIXTURE, q[rows], some, "")]


def other_lines(tasks: Tasks, training: Tasks | None, only: str) -> Iterator[str]:
    """The rows of other forecasters whose name contains `only`; LightGBM needs tasks to learn from."""
    if training and only in BOOSTING and (q := lightgbm_quantiles(training, tasks)) is not None:
        yield line(BOOSTING, q, tasks, "")
    methods = {name: named(name) for name in MODELS} | statsforecast_methods()
    for name, method in methods.items():
        if only in name:
            start = time.process_time()
            quantiles = np.array([method(v[np.isfinite(v)]) for v in tasks.histories.values])
            yield line(name, quantiles, tasks, f"{len(quantiles) / (time.process_time() - start):.0f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bank", nargs="?")
    parser.add_argument("--m3", type=Path, metavar="M3C.xls")
    parser.add_argument("--m4", type=Path, nargs=2, metavar=("TRAIN", "TEST"))
    parser.add_argument("--series", type=int, default=300, help="series that the other forecasters are given")
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose name contains NAME")
    wanted = parser.parse_args()
    if sum(map(bool, (wanted.bank, wanted.m3, wanted.m4))) != 1:
        parser.error("name one of BANK, --m3 and --m4")
    for path in (path for path in (*(wanted.m4 or ()), wanted.m3) if path and not path.is_file()):
        parser.error(f"{path}: no such file; the organisers of the competition publish it")
    warnings.simplefilter("ignore")
    ours, drawn, whole = wanted.only in f"{MIXTURE}, all series", None, None
    if wanted.bank:
        try:
            corpus, say = read_corpus(wanted.bank), partial(print, flush=True)
        except QcityError as error:
            parser.error(str(error))
        tasks = Tasks.joined([held_out(corpus, indicators(corpus, f)) for f in range(FOLDS)])
        drawn = draw_training(corpus)[0] if wanted.only in BOOSTING else None
        whole = by_fold(corpus, learn(corpus, 0, say), say)["as shipped"] if ours else None
    else:
        series = m3_series(wanted.m3) if wanted.m3 else m4_series(*wanted.m4)
        print(competition(series), PUBLISHED if wanted.m4 else "", sep="\n", flush=True)
        whole = hindcast_of(series)
        tasks = whole.tasks
    rows = np.random.default_rng(0).permutation(len(tasks.actual))[: wanted.series]
    print(f"{len(tasks.actual)} series; rows not of all series are on {len(rows)} of them, drawn at random")
    print("| forecaster | relative CRPS | 90 % interval holds, 1 to 5 years | series/s |\n|---|---|---|---|")
    if whole and ours:
        print(*our_lines(whole, rows), sep="\n", flush=True)
    for shown in other_lines(tasks.rows(rows), drawn, wanted.only):
        print(shown, flush=True)


if __name__ == "__main__":
    main()

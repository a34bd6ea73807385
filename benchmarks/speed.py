"""How fast the panel forecast is beside statsforecast's AutoETS, and how much memory it takes.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/speed.py [--ets 2000]

Random walks of 4 to 15 points, five years ahead, 13 quantiles, one process; checks included. AutoETS forecasts the
first `--ets` of the same series, with the same intervals, where it is installed (`pip install statsforecast`); its
compilation is not counted. Both are timed three times in turn: the ratio is that of the medians, and its range that of
the three turns. Also one series with 10 000 draws. All in seconds of the processor, so that other work beside counts
little; it still takes a share of the caches: the best of several runs is nearest to a quiet machine.

With `--explorer` in place of all that: how long the explorer of notebook 02 takes to show the answer, chart included,
after its ambition is moved, a day is chosen for the first time, and again (the shipped figures, each step the best of
five, the median and the slowest step). With `--pages`: how long a page of a target without figures takes in a report,
one at a time and as many as there are cores; then the same report when nothing is new; seconds of the clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import qcity_analysis as qc
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.quantiles import LEVELS
from qcity_analysis.running.report import run_report

SIZES = (1_000, 10_000, 100_000)
TURNS = 3
COMPARED = 10_000  # series that the panel forecasts in each turn
WIDTHS = [95, 90, 80, 60, 40, 20]  # intervals whose ends are the quantiles but for the median


def walks(count: int, seed: int = 0) -> pd.DataFrame:
    """A long frame of random walks of 4 to 15 points."""
    rng = np.random.default_rng(seed)
    length = rng.integers(4, 16, count)
    total = int(length.sum())
    start = np.repeat(np.cumsum(length) - length, length)
    step = np.arange(total) - start
    value = np.cumsum(rng.normal(size=total))
    return pd.DataFrame(
        {"series_id": np.repeat(np.arange(count), length), "period": 2005 + step, "value": value}
    )


def per_second(work: Callable[[], object], count: int) -> float:
    """Series per second of the processor."""
    start = time.process_time()
    work()
    return count / (time.process_time() - start)


def beside_auto_ets(count: int) -> str:
    """The speed of both in turns, and how many times as fast the panel is; a hint without statsforecast."""
    try:
        from statsforecast.models import AutoETS
    except ImportError:
        return "no ratio to AutoETS: pip install statsforecast"
    frame = walks(COMPARED)
    given = [part.to_numpy() for _, part in frame.groupby("series_id")["value"]][:count]
    refused = 0

    def theirs() -> None:
        nonlocal refused
        refused = 0
        for y in given:
            try:
                AutoETS(season_length=1).forecast(y=y, h=5, level=WIDTHS)
            except Exception:  # any failure of another's package: a series it has no forecast for
                refused += 1

    def ours() -> object:
        return forecast_panel(frame, horizon=5).quantiles(LEVELS)

    theirs(), ours()  # compiled and loaded before anything is timed
    speeds = np.array([(per_second(ours, COMPARED), per_second(theirs, count)) for _ in range(TURNS)])
    (panel, ets), ratio = np.median(speeds, axis=0), speeds[:, 0] / speeds[:, 1]
    return (
        f"panel {panel:.0f} series/s, AutoETS {ets:.0f} ({refused} of {count} refused): {panel / ets:.0f} times as "
        f"fast ({ratio.min():.0f} to {ratio.max():.0f})"
    )


def explorer() -> str:
    """Seconds of the processor from a control moved to the answer and its chart, a row for each kind of step."""
    shown = qc.explore(qc.load(as_of="2024-06-30"), "rd_intensity")
    day, ambition = (shown.controls[name] for name in ("as_of", "ambition"))
    days, rows = list(day.options), dict[str, list[list[float]]]()
    for turn in range(5):
        shown.known.cache_clear()
        day.value = days[0]
        day.value = days[-1]
        goals = (ambition.min + ambition.step * (8 * turn + k) for k in range(5))
        kinds = {
            "ambition": (ambition, goals),
            "new day": (day, days[-2:0:-1]),
            "day again": (day, days[1:-1]),
        }
        for kind, (control, values) in kinds.items():
            took = []
            for value in values:
                start = time.process_time()
                control.value = value
                took.append(time.process_time() - start)
            rows.setdefault(kind, []).append(took)
    table = {kind: np.min(times, axis=0) for kind, times in rows.items()}
    cells = [f"| {kind} | {np.median(best):.2f} | {best.max():.2f} |" for kind, best in table.items()]
    return "\n".join(["| step | median, s | slowest, s |\n|---|---|---|", *cells])


def pages(day: str = "2024-06-30") -> str:
    """Seconds of the pages of targets without figures in a report, by how many are made at a time."""
    data = qc.load(as_of=day)
    plan = data.plans()[0]
    answers = qc.scorecard(data, plan, draws=100).answers
    names = [name for name, answer in answers.items() if answer.status == "not_assessable"]
    lines = ["| at a time | a page, median | slowest | report | nothing new |\n|---|---|---|---|---|"]
    for jobs in (1, os.cpu_count() or 1):
        with tempfile.TemporaryDirectory() as out:
            asked = {"as_of": day, "targets": names, "jobs": jobs, "out_dir": out}
            made, again = (run_report(None, [plan], ["en"], **asked) for _ in range(2))
        each = [run["seconds"] for run in made.runs if run["target"]]
        row = [np.median(each), max(each), made.seconds, again.seconds]
        lines.append(f"| {jobs} | " + " | ".join(f"{seconds:.2f}" for seconds in row) + " |")
    return f"{len(names)} pages and a scorecard, seconds\n\n" + "\n".join(lines)


def main() -> None:
    """Print one line for each size, one for one series, and the ratio; or what the explorer or pages take."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ets", type=int, default=2_000, help="series that AutoETS forecasts")
    parser.add_argument("--explorer", action="store_true", help="time the explorer only")
    parser.add_argument("--pages", action="store_true", help="time pages without figures only")
    wanted = parser.parse_args()
    if wanted.explorer or wanted.pages:
        print(explorer() if wanted.explorer else pages())
        return
    if not 1 <= wanted.ets <= COMPARED:
        parser.error(f"--ets takes 1 to {COMPARED}; found {wanted.ets}")
    warnings.simplefilter("ignore")
    forecast_panel(walks(100)).quantiles(LEVELS)
    print("| series | seconds of the processor | series/s | peak memory, MB |\n|---|---|---|---|")
    for count in SIZES:
        frame = walks(count)
        start = time.process_time()
        forecast_panel(frame, horizon=5).quantiles(LEVELS)
        took = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {count} | {took:.2f} | {count / took:.0f} | {peak:.0f} |", flush=True)
    series = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5, 2.6], index=range(2018, 2024))
    times = []
    for _ in range(20):
        start = time.process_time()
        forecast(series, 2028, support="percent", draws=10_000)
        times.append(time.process_time() - start)
    print(f"\none series, five years, 10 000 draws: {1000 * float(np.median(times)):.1f} ms", flush=True)
    print(beside_auto_ets(wanted.ets))


if __name__ == "__main__":
    main()

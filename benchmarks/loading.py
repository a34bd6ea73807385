"""How long a large data package takes to load, check and filter by date, and how much memory.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/loading.py

Made-up figures: 12 000 series (40 indicators in 300 regions), 20 years, 3 vintages, 720 000 rows. Each line is a fresh
process on one core. Loading runs every check of the data contract; warnings about unlikely figures come on top, as in
`qcity check`. CPU seconds tell the cost on a machine that is busy with other things. Peak memory is that of the whole
process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from qcity_analysis.data.schema import TABLES

INDICATORS, REGIONS, YEARS, VINTAGES = 40, 300, 20, 3
STEP = """
import resource, sys, time
start = time.perf_counter()
from qcity_analysis.data.load import load
from qcity_analysis.data.checks import oddities
begun = time.perf_counter()
data = load(sys.argv[1])
read = time.perf_counter()
past = data.at("2015-06-30")
filtered = time.perf_counter()
if sys.argv[2] == "warnings":
    oddities(data.observations, data.indicators, data.targets, data.as_of)
checked = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"| {len(data.observations)} | {len(past.observations)} | {begun - start:.2f} | {read - begun:.2f} "
      f"| {filtered - read:.2f} | {checked - filtered:.2f} | {checked - start:.2f} "
      f"| {time.process_time():.2f} | {peak:.0f} |")
"""


def write_package(folder: Path, indicators: int = INDICATORS, regions: int = REGIONS) -> int:
    """A valid package of made-up random walks with three vintages of each figure; returns the rows written."""
    rng = np.random.default_rng(0)
    count = indicators * regions
    names = [f"indicator_{i:02d}" for i in range(indicators)]
    places = [f"region_{r:03d}" for r in range(regions)]
    series, year, vintage = np.unravel_index(np.arange(count * YEARS * VINTAGES), (count, YEARS, VINTAGES))
    walks = 100 * np.exp(np.cumsum(rng.normal(0.03, 0.05, (count, YEARS)), axis=1))
    value = walks[series, year] * (1 + rng.normal(0, 0.003, len(series)))
    published = [f"{2005 + y + v}-0{3 + v}-{10 + v}" for y in range(YEARS) for v in range(VINTAGES)]
    frame = pd.DataFrame(
        {column.name: "" for column in TABLES["observations"].columns}, index=range(len(series))
    )
    frame["indicator_id"] = np.array(names)[series // regions]
    frame["region"] = np.array(places)[series % regions]
    frame["period"] = 2004 + year
    frame["value"] = value.round(2)
    frame["qualifier"], frame["measure"], frame["unit"] = "=", "level", "points"
    frame["status"] = np.array(["preliminary", "final", "final"])[vintage]
    frame["published"] = np.array(published)[year * VINTAGES + vintage]
    frame["source_id"] = np.char.add("bulletin_", (2005 + year + vintage).astype(str))
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "observations.csv", index=False)
    years = range(2005, 2005 + YEARS + VINTAGES)
    small = {
        "indicators": [
            {"indicator_id": n, "name_zh": n, "name_en": n, "unit": "points", "support": "positive"} for n in names
        ],
        "regions": [{"region": p, "name_zh": p, "name_en": p} for p in places],
        "sources": [
            {"source_id": f"bulletin_{y}", "publisher": "made up", "title": f"Bulletin {y}", "date": y} for y in years
        ],
        "targets": [
            {"plan": "made_up", "target_id": "goal", "region": places[0], "indicator_id": names[0], "name_zh": "目标",
             "name_en": "Goal", "kind": "level", "direction": "at_least", "threshold": 300, "deadline": 2028}
        ],
    }  # fmt: skip
    for name, rows in small.items():
        columns = [column.name for column in TABLES[name].columns]
        pd.DataFrame(rows).reindex(columns=columns).to_csv(folder / TABLES[name].file, index=False)
    return len(frame)


def main() -> None:
    """Print one line for each run: without the warnings about unlikely figures, and with them."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "data" / "raw"
        write_package(folder)
        print(
            "| run | rows | known in 2015 | import, s | load, check, s "
            "| as_of, s | warnings, s | all, s | CPU, s | peak, MB |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|")
        for label, what in (("load", "load"), ("load, with warnings", "warnings")):
            settings = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
            pin = ["taskset", "-c", "0"] if sys.platform == "linux" else []
            command = [*pin, sys.executable, "-c", STEP, str(folder), what]
            done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
            print(f"| {label} {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()

"""Forecasts of panels too large for memory: Parquet in, Parquet out, part after part.

Series are dealt to parts by their name, so the parts and their bytes are the same whatever the order of the
rows, the files the input came in, or the number of workers. Each part appears at once when it is finished; a
run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import QcityError
from .panel import forecast_panel

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
ROWS = 1_000_000  # of input in one part, about
STATE = "_run.json"
Say = Callable[[str], None]


def forecast_files(
    source: Path | str,
    out: Path | str,
    *,
    horizon: int = 5,
    levels: Sequence[float] = LEVELS,
    workers: int = 1,
    rows: int = ROWS,
    say: Say = lambda text: None,
) -> list[Path]:
    """Forecast a Parquet file or folder of files; returns the parts written to `out`, in order.

    Columns as in `panel.forecast_panel`; each part has series_id, period and a column for each level. Raises
    QcityError when the source is missing, or `out` holds a run of another source or other options.
    """
    source, out = Path(source), Path(out)
    if not source.exists():
        raise QcityError(f"{source}: no such file or folder")
    out.mkdir(parents=True, exist_ok=True)
    dealt, parts = out / "_dealt", _begin(source, out, horizon, levels, rows)
    todo = [k for k in range(parts) if not _part(out, k).exists()]
    if todo:
        _deal(source, dealt, parts, say)
    jobs = [(dealt / f"{k}.parquet", _part(out, k), horizon, tuple(levels)) for k in todo]
    for done, name in enumerate(_each(jobs, workers), start=parts - len(todo) + 1):
        say(f"{done} of {parts} parts: {name}")
    shutil.rmtree(dealt, ignore_errors=True)
    return [_part(out, k) for k in range(parts) if _part(out, k).exists()]


def _part(out: Path, k: int) -> Path:
    return out / f"part-{k:05d}.parquet"


def _begin(source: Path, out: Path, horizon: int, levels: Sequence[float], rows: int) -> int:
    """The number of parts; refuses to go on with a different run."""
    import pyarrow.dataset as ds

    count = ds.dataset(source).count_rows()
    now = {"rows": count, "horizon": horizon, "levels": list(levels), "parts": max(1, -(-count // rows))}
    state = out / STATE
    if state.exists() and json.loads(state.read_text("utf-8")) != now:
        raise QcityError(f"{out} holds a run of another source or with other options; choose an empty folder")
    state.write_text(json.dumps(now), encoding="utf-8")
    return int(now["parts"])


def _deal(source: Path, dealt: Path, parts: int, say: Say) -> None:
    """Deal the rows of the source to one file for each part."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    shutil.rmtree(dealt, ignore_errors=True)
    dealt.mkdir()
    writers: dict[int, pq.ParquetWriter] = {}
    data = ds.dataset(source)
    for batch in data.to_batches(batch_size=200_000):
        names = batch.column("series_id").to_pandas()
        codes, unique = pd.factorize(names)
        to = np.array([_of(str(name), parts) for name in unique], dtype=np.int64)[codes]
        for k in np.unique(to):
            if k not in writers:
                writers[k] = pq.ParquetWriter(dealt / f"{k}.parquet", data.schema)
            writers[k].write_batch(batch.filter(pa.array(to == k)))
    for writer in writers.values():
        writer.close()
    say(f"dealt to {len(writers)} parts")


def _of(name: str, parts: int) -> int:
    """The part of a series: by its name only."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") % parts


def _each(jobs: list[tuple[Path, Path, int, tuple[float, ...]]], workers: int) -> list[str] | map:
    if workers <= 1 or len(jobs) <= 1:
        return map(_one, jobs)
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_one, jobs))


def _one(job: tuple[Path, Path, int, tuple[float, ...]]) -> str:
    """Forecast one part; written under another name first, so that a part that is there is whole."""
    source, target, horizon, levels = job
    if not source.exists():
        return f"{target.name} (no series)"
    found = forecast_panel(pd.read_parquet(source), horizon).quantiles(levels).reset_index()
    found.columns = [str(name) for name in found.columns]
    working = target.with_suffix(f".{os.getpid()}.tmp")
    found.to_parquet(working, index=False)
    os.replace(working, target)
    return target.name

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
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..errors import QcityError
from ..files import write_whole
from .panel import partial_panel
from .prior import digest
from .workers import each

COLUMNS = ("series_id", "period", "value")
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
ROWS = 1_000_000  # of input in one part, about
STATE = "_run.json"
REFUSED = "refused.csv"
Say = Callable[[str], None]


def forecast_files(
    source: Path | str,
    out: Path | str,
    *,
    horizon: int = 5,
    levels: Sequence[float] = LEVELS,
    workers: int = 1,
    scheduler: str = "",
    rows: int = ROWS,
    say: Say = lambda text: None,
) -> list[Path]:
    """Forecast a Parquet file or folder of files; returns the parts written to `out`, in order.

    Columns as in `panel.forecast_panel`; each part has series_id, period and a column for each level. Series that
    cannot be forecast are named with the reason in `out`/refused.csv (see `refused_of`). `workers` processes share the
    parts; or those of a Dask `scheduler` ("tcp://host:8786"), which must see the same folders. About `rows` rows of
    input make a part. Raises QcityError when the source is missing or has not the columns, when `out` holds another
    run, or when the scheduler cannot be reached.
    """
    source, out = Path(source).resolve(), Path(out).resolve()
    if not source.exists():
        raise QcityError(f"{source}: no such file or folder")
    _check_levels(levels)
    parts = _begin(source, out, {"horizon": horizon, "levels": list(levels)}, rows)
    dealt = out / "_dealt"
    todo = [k for k in range(parts) if not _part(out, k).exists()]
    if todo:
        _deal(source, dealt, parts, say)
    here = [k for k in todo if (dealt / f"{k}.parquet").exists()]
    jobs = [(dealt / f"{k}.parquet", _part(out, k), horizon, tuple(levels)) for k in here]
    ready = parts - len(todo)
    if ready:
        say(f"{ready} of {parts} parts were there already")
    for done, name in enumerate(each(_one, jobs, workers, scheduler), start=1):
        say(f"{done} of {len(jobs)} parts: {name}")
    shutil.rmtree(dealt, ignore_errors=True)
    written = [_part(out, k) for k in range(parts) if _part(out, k).exists()]
    _gather_refused(out, written)
    return written


def _part(out: Path, k: int) -> Path:
    return out / f"part-{k:05d}.parquet"


def _check_levels(levels: Sequence[float]) -> None:
    if not len(levels) or not all(0 < level < 1 for level in levels):
        raise QcityError(f"levels must lie between 0 and 1, such as 0.05, 0.5, 0.95; found {list(levels)!r}")


def _begin(source: Path, out: Path, options: dict[str, Any], rows: int) -> int:
    """The number of parts; refuses a source without the columns, and to go on with a different run."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    try:
        data = ds.dataset(source, format="parquet")
        count, names = data.count_rows(), data.schema.names
    except (pa.ArrowInvalid, OSError) as error:
        raise QcityError(f"{source}: cannot be read as Parquet: {error}") from error
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise QcityError(
            f"{source}: column {', '.join(missing)} is missing; found {', '.join(names)}; "
            f"needed are {', '.join(COLUMNS)} and, optionally, support"
        )
    parts = max(1, -(-count // rows))
    now = {
        "source": _identity(data.files),
        "prior": digest(),
        "version": __version__,
        **options,
        "parts": parts,
    }
    out.mkdir(parents=True, exist_ok=True)
    state = out / STATE
    if state.exists():
        before = json.loads(state.read_text("utf-8"))
        other = [name for name in now if before.get(name) != now[name]]
        if other:
            raise QcityError(
                f"{out} holds a run with another {', '.join(other)}; choose an empty folder, or delete this one"
            )
    write_whole(state, json.dumps(now, indent=1))
    return parts


def _identity(files: list[str]) -> str:
    """A hash of names, sizes and last bytes of the input files: a Parquet file ends with what it holds."""
    found = hashlib.sha256()
    for name in sorted(files):
        with open(name, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 65536))
            found.update(f"{Path(name).name} {size} ".encode() + file.read())
    return found.hexdigest()


def _deal(source: Path, dealt: Path, parts: int, say: Say) -> None:
    """Deal the rows of the source to one file for each part."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    shutil.rmtree(dealt, ignore_errors=True)
    dealt.mkdir()
    writers: dict[int, pq.ParquetWriter] = {}
    data = ds.dataset(source, format="parquet")
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


def _gather_refused(out: Path, written: list[Path]) -> None:
    """One table of the series refused in all parts, ordered by their names."""
    parts = [pd.read_csv(_refusals(part), dtype=str) for part in written if _refusals(part).exists()]
    if parts:
        pd.concat(parts).sort_values("series_id").to_csv(out / REFUSED, index=False)


def refused_of(out: Path | str) -> pd.DataFrame:
    """The series (series_id, reason) that a run in this folder could not forecast."""
    place = Path(out) / REFUSED
    return pd.read_csv(place, dtype=str) if place.exists() else pd.DataFrame(columns=["series_id", "reason"])


def _refusals(part: Path) -> Path:
    """Where the series refused in a part are kept."""
    return part.with_name(f"_{part.stem}.refused.csv")


def _one(job: tuple[Path, Path, int, tuple[float, ...]]) -> str:
    """Forecast one part; written under another name first, so that a part that is there is whole."""
    source, target, horizon, levels = job
    panel = partial_panel(pd.read_parquet(source), horizon)
    found = panel.quantiles(levels).reset_index()
    found.columns = [str(name) for name in found.columns]
    if len(panel.refused):
        write_whole(_refusals(target), panel.refused.to_csv(index=False))
    working = target.with_suffix(f".{os.getpid()}.tmp")
    found.to_parquet(working, index=False)
    os.replace(working, target)
    return target.name

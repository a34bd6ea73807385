"""Forecasts of many series at once, in memory, or in Parquet files too large for it.

In files series are dealt to parts by their name, so the bytes are the same whatever the order of the rows and whoever
computes them. Each part appears at once when it is finished; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..errors import QcityError, did_you_mean
from ..files import write_whole
from .histories import COLUMNS, FARTHEST, SUPPORTS, checked, numbers_of, whole_number, years_of
from .mixture import distributions
from .outside import with_aims
from .prior import Prior, digest, shipped
from .quantiles import Marginals

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
QUESTION = ("series_id", "period", "threshold", "direction")
ROWS = 1_000_000  # of input in one part, about
STATE, REFUSED = "_run.json", "refused.csv"
RETRIES, PATIENCE = 2, "20s"  # of a job whose Dask worker died; to reach a scheduler
Work = Callable[[Any], str]


@dataclass(frozen=True)
class PanelForecast:
    """Forecasts of a panel; quantiles and probabilities are questions asked of it.

    Attributes: `ids`, `last_year`, `support` (n,; "inferred percent" where none was stated), `horizon`; `ahead`, the
    distributions in the unit of each series; `refused`, the series that could not be forecast (series_id, reason).
    """

    ids: np.ndarray
    last_year: np.ndarray
    support: np.ndarray
    horizon: int
    ahead: Marginals
    refused: pd.DataFrame

    def quantiles(self, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
        """Quantiles: index (series_id, period), a column for each level. QcityError for a level outside 0 to 1."""
        wanted = np.asarray(levels, dtype=float)
        if wanted.ndim != 1 or not len(wanted) or not ((wanted > 0) & (wanted < 1)).all():
            raise QcityError(f"levels must lie between 0 and 1, such as [.05, .5, .95]; found {levels!r}")
        period = (self.last_year[:, None] + np.arange(1, self.horizon + 1)).ravel()
        ids, names = np.repeat(self.ids, self.horizon), ["series_id", "period"]
        values = self.ahead.quantiles(wanted).reshape(len(ids), len(wanted))
        return pd.DataFrame(values, pd.MultiIndex.from_arrays([ids, period], names=names), wanted)

    def probability(self, questions: pd.DataFrame) -> np.ndarray:
        """One probability for each row of `questions`, NaN for a series that is among the `refused`.

        Columns: series_id, period, threshold, direction ("at_least" or "at_most"); where a threshold is the `aim` of
        the body that works for it (True), also `qualifier` and what is known of earlier aims (see `outside.with_aims`).
        Raises QcityError for a missing column, an unknown series or direction, a threshold that is not a number, a year
        that was not forecast, or an aim that is not whole.
        """
        if not isinstance(questions, pd.DataFrame):
            raise QcityError(f"questions are a pandas DataFrame; found {type(questions).__name__}")
        for name in (name for name in QUESTION if name not in questions.columns):
            raise QcityError(f"column {name!r} is missing; questions have {', '.join(QUESTION)}")
        for name in questions.loc[~questions["direction"].isin(["at_least", "at_most"]), "direction"]:
            raise QcityError(f"direction {name!r}; allowed: at_least, at_most")
        threshold = numbers_of(questions["threshold"])[0]
        for bad in questions["threshold"][np.isnan(threshold)]:
            raise QcityError(f"threshold {bad!r}; allowed: a number")
        names = questions["series_id"]
        series = pd.Index(self.ids).get_indexer(names)
        known = series >= 0
        for name in names[~known & ~names.isin(self.refused["series_id"]).to_numpy()]:
            hint = did_you_mean(str(name), map(str, self.ids[:1000]))
            raise QcityError(f"series {str(name)!r} was not forecast.{hint}")
        asked, series = questions["period"][known], series[known]
        step = years_of(asked) - self.last_year[series] - 1
        for i in np.flatnonzero(~((step >= 0) & (step < self.horizon))):
            last = self.last_year[series[i]]
            raise QcityError(f"series {self.ids[series[i]]!r}: {asked.iloc[i]} was not forecast; "
                             f"the forecast runs from {last + 1} to {last + self.horizon}")  # fmt: skip
        at_least = (questions["direction"] == "at_least").to_numpy()[known]
        answers = np.full(len(questions), np.nan)
        answers[known] = self.ahead.probability(series, step.astype(np.int64), threshold[known], at_least)
        return with_aims(answers, questions)


def forecast_panel(frame: pd.DataFrame, horizon: int = 5, prior: Prior | None = None) -> PanelForecast:
    """Forecast every series of a long frame (`series_id, period, value` and, optionally, `support`), or of a wide one
    (years as index, a column for each series).

    Each for the `horizon` years (at most 50) after its own last observed year. What cannot be forecast (see
    `histories.checked`) is named in `refused`. SeriesError where nothing is left, QcityError for another horizon.

    >>> frame = pd.DataFrame({"series_id": "a", "period": range(2020, 2024), "value": [2.4, 2.4, 2.6, 2.7]})
    >>> forecast_panel(frame, horizon=2).quantiles([.05, .5, .95]).index.to_list()
    [('a', 2024), ('a', 2025)]
    """
    wide = isinstance(frame, pd.DataFrame) and not {*frame.columns} & {*COLUMNS}
    if wide and not np.isnan(years_of(frame.index)).any():
        long = frame.set_axis(years_of(frame.index), axis=0).melt(var_name="series_id", ignore_index=False)
        frame = long.rename_axis("period").reset_index()
    return _panel(frame, horizon, prior)


def _panel(frame: pd.DataFrame, horizon: int, prior: Prior | None = None, some: bool = True) -> PanelForecast:
    """The forecast of a long frame; SeriesError where it asks for `some` series and none is left."""
    horizon = whole_number(horizon, "horizon", f"a whole number of years, 1 to {FARTHEST}", 1, FARTHEST)
    h, refused = checked(frame, some=some)
    ahead = distributions(h, prior or shipped(), horizon)
    return PanelForecast(h.ids, h.last_year, np.array(SUPPORTS)[h.support], horizon, ahead, refused)


def forecast_files(
    source: Path | str, out: Path | str, *, horizon: int = 5, levels: Sequence[float] = LEVELS,
    workers: int = 1, scheduler: str = "", rows: int = ROWS, say: Callable[[str], None] = lambda text: None,
) -> list[Path]:  # fmt: skip
    """Forecast a Parquet file or folder of files; returns the parts written to `out`, in order.

    Columns as in `forecast_panel`; a part has series_id, period and a column a level; `refused_of` names what
    cannot be forecast. `workers` processes, or those of a Dask `scheduler` ("tcp://host:8786") that sees the same
    folders, share the parts of about `rows` rows of input. QcityError for a source or a folder that will not do.
    """
    source, out = Path(source).resolve(), Path(out).resolve()
    if not source.exists():
        raise QcityError(f"{source}: no such file or folder")
    if not len(levels) or not all(0 < level < 1 for level in levels):
        raise QcityError(f"levels must lie between 0 and 1, such as 0.05, 0.5, 0.95; found {list(levels)!r}")
    count = _begin(source, out, {"horizon": horizon, "levels": list(levels)}, rows)
    parts = [out / f"part-{k:05d}.parquet" for k in range(count)]
    dealt = {part: out / "_dealt" / f"{k}.parquet" for k, part in enumerate(parts) if not part.exists()}
    if dealt:
        say(f"dealt to {_deal(source, out / '_dealt', count)} parts")
    if len(dealt) < count:
        say(f"{count - len(dealt)} of {count} parts were there already")
    jobs = [(rows_of, part, horizon, tuple(levels)) for part, rows_of in dealt.items() if rows_of.exists()]
    for done, name in enumerate(each(_forecast_part, jobs, workers, scheduler), start=1):
        say(f"{done} of {len(jobs)} parts: {name}")
    shutil.rmtree(out / "_dealt", ignore_errors=True)
    if refused := [pd.read_csv(path, dtype=str) for path in sorted(out.glob("_part-*.refused.csv"))]:
        pd.concat(refused).sort_values("series_id").to_csv(out / REFUSED, index=False)
    return [part for part in parts if part.exists()]


def refused_of(out: Path | str) -> pd.DataFrame:
    """The series (series_id, reason) that a run in this folder could not forecast."""
    path = Path(out) / REFUSED
    return pd.read_csv(path, dtype=str) if path.exists() else pd.DataFrame(columns=["series_id", "reason"])


def _begin(source: Path, out: Path, options: dict[str, Any], rows: int) -> int:
    """The number of parts; refuses a source without the columns, and to go on with a different run."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    try:
        data = ds.dataset(source, format="parquet")
        count, names = data.count_rows(), data.schema.names
    except (pa.ArrowInvalid, OSError) as error:
        if getattr(error, "errno", None):  # of the machine
            raise
        raise QcityError(f"{source}: cannot be read as Parquet: {error}") from error
    if missing := [name for name in COLUMNS[:3] if name not in names]:
        lacks = f"column {', '.join(missing)} is missing; found {', '.join(names)}"
        raise QcityError(f"{source}: {lacks}; needed are {', '.join(COLUMNS[:3])} and, optionally, support")
    digested = hashlib.sha256()  # of names, sizes and last bytes: a Parquet file ends with what it holds
    for name in sorted(data.files):
        with open(name, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 65536))
            digested.update(f"{Path(name).name} {size} ".encode() + file.read())
    now = {"source": digested.hexdigest(), "prior": digest(), "version": __version__, **options}
    now["parts"] = max(1, -(-count // rows))
    out.mkdir(parents=True, exist_ok=True)
    state = out / STATE
    before = json.loads(state.read_text("utf-8")) if state.exists() else now
    if other := ", ".join(name for name in now if before.get(name) != now[name]):
        way = "choose an empty folder, or delete this one"
        raise QcityError(f"{out} holds a run with another {other}; {way}")
    write_whole(state, json.dumps(now, indent=1))
    return int(now["parts"])


def _deal(source: Path, dealt: Path, parts: int) -> int:
    """Deal the rows of the source to one file for each part, by the name of the series only; the number of files."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    shutil.rmtree(dealt, ignore_errors=True)
    dealt.mkdir()
    writers: dict[int, pq.ParquetWriter] = {}
    data = ds.dataset(source, format="parquet")
    for batch in data.to_batches(batch_size=200_000):
        codes, names = pd.factorize(batch.column("series_id").to_pandas())
        hashes = [hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names]
        to = np.array([int.from_bytes(one, "big") % parts for one in hashes], dtype=np.int64)[codes]
        for k in np.unique(to):
            if k not in writers:
                writers[k] = pq.ParquetWriter(dealt / f"{k}.parquet", data.schema)
            writers[k].write_batch(batch.filter(pa.array(to == k)))
    for writer in writers.values():
        writer.close()
    return len(writers)


def _forecast_part(job: tuple[Path, Path, int, tuple[float, ...]]) -> str:
    """Forecast one part; written under another name first, so that a part that is there is whole."""
    source, part, horizon, levels = job
    panel = _panel(pd.read_parquet(source), horizon, some=False)
    if len(panel.refused):
        write_whole(part.with_name(f"_{part.stem}.refused.csv"), panel.refused.to_csv(index=False))
    working = part.with_suffix(f".{os.getpid()}.tmp")
    panel.quantiles(levels).reset_index().rename(columns=str).to_parquet(working, index=False)
    os.replace(working, part)
    return part.name


def each(work: Work, jobs: Sequence[Any], workers: int = 1, scheduler: str = "") -> Iterator[str]:
    """What `work` returns for each job, as they end, by `workers` or a Dask `scheduler`; QcityError without one."""
    if scheduler:
        yield from _by_dask(work, jobs, scheduler)
    elif workers <= 1 or len(jobs) <= 1:
        yield from map(work, jobs)
    else:
        from concurrent.futures import ProcessPoolExecutor, as_completed

        with ProcessPoolExecutor(workers) as pool:
            for future in as_completed([pool.submit(work, job) for job in jobs]):
                yield future.result()


def _by_dask(work: Work, jobs: Sequence[Any], scheduler: str) -> Iterator[str]:
    """The same by the workers of a Dask scheduler; workers with another version could write other bytes."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise QcityError("a scheduler needs Dask: pip install 'qcity-analysis[dask]'") from error
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise QcityError(
            f"no Dask scheduler answers at {scheduler!r} ({error}); start one with `dask scheduler` and its "
            "workers with `dask worker ADDRESS`, and write the address as tcp://host:8786"
        ) from error
    with client, client.as_current():
        try:
            versions = client.run(_version)
        except Exception as error:  # whatever keeps a worker from importing the package
            raise QcityError(f"the workers of {scheduler} cannot load qcity_analysis: {error}") from error
        if not versions:
            start = f"start some with `dask worker {scheduler}`"
            raise QcityError(f"the scheduler {scheduler} has no workers; {start}")
        if other := ", ".join(sorted({*versions.values()} - {_version()})):
            here = f"here is {_version()}; install the same version on all"
            raise QcityError(f"the workers of {scheduler} have qcity_analysis and prior {other}, {here}")
        for future in as_completed(client.map(work, jobs, pure=False, retries=RETRIES)):
            yield future.result()


def _version() -> str:
    """What makes the bytes: the version of the package and of the prior."""
    return f"{__version__} ({digest()[:8]})"

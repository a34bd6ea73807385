"""Independent jobs done here, by processes of this machine, or by the workers of a Dask scheduler.

A job writes its own result and returns its name, so it does not matter who does it or in which order they end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import __version__
from ..errors import QcityError

RETRIES = 2  # of a job whose Dask worker died
PATIENCE = "20s"  # to reach a scheduler
Work = Callable[[Any], str]


def each(work: Work, jobs: Sequence[Any], workers: int = 1, scheduler: str = "") -> Iterator[str]:
    """What `work` returns for each job, as they end: one after the other, or by several at once.

    `scheduler` is the address of a Dask scheduler; without it `workers` processes are used. Raises QcityError
    when Dask is not installed, the scheduler cannot be reached or its workers have another version.

    >>> sorted(each(str, [1, 2, 3]))
    ['1', '2', '3']
    """
    if scheduler:
        return _by_dask(work, jobs, scheduler)
    if workers <= 1 or len(jobs) <= 1:
        return map(work, jobs)
    return _by_processes(work, jobs, workers)


def _by_processes(work: Work, jobs: Sequence[Any], workers: int) -> Iterator[str]:
    from concurrent.futures import ProcessPoolExecutor, as_completed

    with ProcessPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(work, job) for job in jobs]):
            yield future.result()


def _by_dask(work: Work, jobs: Sequence[Any], scheduler: str) -> Iterator[str]:
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
        _check_workers(client, scheduler)
        futures = client.map(work, jobs, pure=False, retries=RETRIES)
        for future in as_completed(futures):
            yield future.result()


def _check_workers(client: Any, scheduler: str) -> None:
    """Workers with another version could write other bytes."""
    try:
        versions = client.run(_version)
    except Exception as error:  # whatever keeps a worker from importing the package
        raise QcityError(f"the workers of {scheduler} cannot load qcity_analysis: {error}") from error
    if not versions:
        raise QcityError(
            f"the scheduler {scheduler} has no workers; start some with `dask worker {scheduler}`"
        )
    other = sorted({found for found in versions.values() if found != _version()})
    if other:
        raise QcityError(
            f"the workers of {scheduler} have qcity_analysis and prior {', '.join(other)}, here is {_version()}; "
            "install the same version on all"
        )


def _version() -> str:
    from .prior import digest

    return f"{__version__} ({digest()[:8]})"

"""Jobs done by a Dask scheduler and its workers give the bytes of a local run."""

import os
import re
import subprocess
import sys

import pytest
from test_forecasting import many
from test_panel_files import digest

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.panel import each, forecast_files

pytest.importorskip("distributed", reason="Dask is an optional extra: pip install 'qcity-analysis[dask]'")


@pytest.fixture(scope="module")
def scheduler():
    """A real scheduler and two workers, as processes of their own on the loopback address."""
    quiet = {"DASK_DISTRIBUTED__WORKER__DAEMON": "False", "OPENBLAS_NUM_THREADS": "1"}
    place = {"stderr": subprocess.PIPE, "text": True, "env": os.environ | quiet}
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    processes = [subprocess.Popen([*start, "--no-dashboard"], **place)]
    address = ""
    while not address:
        line = processes[0].stderr.readline()
        assert line, "the scheduler ended"
        found = re.search(r"Scheduler at: +(tcp://\S+)", line)
        address = found.group(1) if found else ""
    work = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    for name in ("first", "second"):
        named = {"stderr": subprocess.DEVNULL, "env": os.environ | quiet | {"QCITY_TEST_WORKER": name}}
        processes.append(subprocess.Popen([*work, "--no-dashboard"], **place | named))
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address
    for process in reversed(processes):
        process.terminate()
        process.wait(timeout=30)


def test_dask_writes_the_same_bytes_as_a_local_run(tmp_path, scheduler):
    many(120).to_parquet(tmp_path / "in.parquet", index=False)
    here = forecast_files(tmp_path / "in.parquet", tmp_path / "here", rows=200)
    said = []
    there = forecast_files(
        tmp_path / "in.parquet", tmp_path / "there", rows=200, scheduler=scheduler, say=said.append
    )
    assert len(here) > 3
    assert digest(here) == digest(there)
    assert f"{len(here)} of {len(here)} parts" in said[-1]


def test_the_work_is_done_by_the_workers_not_here(scheduler):
    done_by = set(each(os.path.expandvars, ["$QCITY_TEST_WORKER"] * 8, scheduler=scheduler))
    assert done_by <= {"first", "second"}


def test_a_scheduler_that_does_not_answer_is_an_error_with_the_remedy(monkeypatch):
    monkeypatch.setattr("qcity_analysis.forecasting.panel.PATIENCE", "1s")
    with pytest.raises(
        QcityError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:9' .*`dask scheduler`"
    ):
        list(each(str, [1], scheduler="tcp://127.0.0.1:9"))


def test_workers_with_another_version_are_refused(monkeypatch, scheduler):
    monkeypatch.setattr("qcity_analysis.forecasting.panel.__version__", "9.9")
    with pytest.raises(QcityError, match=r"here is 9\.9 \(\w{8}\); install the same version on all"):
        list(each(str, [1], scheduler=scheduler))


def test_without_dask_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(QcityError, match=r"pip install 'qcity-analysis\[dask\]'"):
        list(each(str, [1], scheduler="tcp://127.0.0.1:9"))

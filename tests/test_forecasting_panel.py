"""Panels in files: the same bytes however they come and whoever computes them, Dask workers included."""

import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from yearly_series import many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.panel import each, forecast_files, forecast_panel


def digest(parts):
    return [(part.name, part.read_bytes()) for part in parts]


def test_parts_are_the_same_bytes_for_any_order_files_and_workers(tmp_path):
    every = many(120)
    every.to_parquet(tmp_path / "one.parquet")
    shuffled = every.sample(frac=1, random_state=3)
    (tmp_path / "many").mkdir()
    for k, piece in enumerate(np.array_split(np.arange(len(shuffled)), 5)):
        shuffled.iloc[piece].to_parquet(tmp_path / "many" / f"{k}.parquet", index=False)
    every.to_parquet(tmp_path / "one.parquet", index=False)
    a = forecast_files(tmp_path / "one.parquet", tmp_path / "a", rows=300)
    b = forecast_files(tmp_path / "many", tmp_path / "b", rows=300, workers=2)
    assert len(a) > 2
    assert digest(a) == digest(b)
    found = pd.concat(pd.read_parquet(part) for part in a).set_index(["series_id", "period"]).sort_index()
    whole = forecast_panel(every).quantiles([0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_array_equal(found.to_numpy(), whole.to_numpy())


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    many(60).to_parquet(tmp_path / "in.parquet", index=False)
    parts = forecast_files(tmp_path / "in.parquet", tmp_path / "out", rows=150)
    before = digest(parts)
    parts[1].unlink()
    kept = parts[0].stat().st_mtime_ns
    again = forecast_files(tmp_path / "in.parquet", tmp_path / "out", rows=150)
    assert digest(again) == before
    assert parts[0].stat().st_mtime_ns == kept


def test_a_folder_of_another_run_is_refused(tmp_path):
    many(10).to_parquet(tmp_path / "in.parquet", index=False)
    forecast_files(tmp_path / "in.parquet", tmp_path / "out")
    with pytest.raises(QcityError, match="holds a run with another horizon; choose an empty folder"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "out", horizon=3)
    many(11).to_parquet(tmp_path / "in.parquet", index=False)
    with pytest.raises(QcityError, match="holds a run with another source; choose an empty folder"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "out")


def test_a_source_that_is_missing_or_lacks_a_column_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(QcityError, match="none.parquet: no such file or folder"):
        forecast_files(tmp_path / "none.parquet", tmp_path / "new")
    many(10).rename(columns={"period": "year"}).to_parquet(tmp_path / "in.parquet", index=False)
    with pytest.raises(QcityError, match="column period is missing; found series_id, year, value"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "new")
    (tmp_path / "text.parquet").write_text("series_id,period,value")
    with pytest.raises(QcityError, match="text.parquet: cannot be read as Parquet"):
        forecast_files(tmp_path / "text.parquet", tmp_path / "new")
    with pytest.raises(QcityError, match=r"levels must lie between 0 and 1, .*; found \[0.5, 5\]"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "new", levels=[0.5, 5])
    assert not (tmp_path / "new").exists()


def test_a_run_that_was_killed_leaves_whole_parts_and_goes_on(tmp_path):
    many(400).to_parquet(tmp_path / "in.parquet", index=False)
    whole = digest(forecast_files(tmp_path / "in.parquet", tmp_path / "whole", rows=150))
    code = (
        "from qcity_analysis.forecasting.panel import forecast_files as f; import sys\n"
        "f(sys.argv[1], sys.argv[2], rows=150, say=lambda text: print(text, flush=True))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "in.parquet"), str(tmp_path / "cut")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while "2 of " not in run.stdout.readline():
        assert run.poll() is None
    run.kill()
    run.wait()
    ready = len(list((tmp_path / "cut").glob("part-*.parquet")))
    assert 2 <= ready < len(whole)
    said = []
    assert (
        digest(forecast_files(tmp_path / "in.parquet", tmp_path / "cut", rows=150, say=said.append)) == whole
    )
    assert f"{ready} of {len(whole)} parts were there already" in said


@pytest.fixture(scope="module")
def scheduler():
    """A real scheduler and two workers, as processes of their own on the loopback address."""
    pytest.importorskip("distributed", reason="Dask is optional: pip install 'qcity-analysis[dask]'")
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
    pytest.importorskip("distributed")
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

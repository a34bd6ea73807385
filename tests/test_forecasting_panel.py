"""Panels in files: the same bytes however they come and whoever computes them, Dask workers included."""

import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from yearly_series import frame, many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import panel
from qcity_analysis.forecasting.panel import each, forecast_files, forecast_panel, refused_of


def digest(parts):
    return [(part.name, part.read_bytes()) for part in parts]


def test_parts_are_the_same_bytes_for_any_order_files_and_workers(tmp_path):
    every = many(120)
    every.to_parquet(tmp_path / "one.parquet", index=False)
    shuffled = every.sample(frac=1, random_state=3)
    (tmp_path / "many").mkdir()
    for k, piece in enumerate(np.array_split(np.arange(len(shuffled)), 5)):
        shuffled.iloc[piece].to_parquet(tmp_path / "many" / f"{k}.parquet", index=False)
    a = forecast_files(tmp_path / "one.parquet", tmp_path / "a", rows=300)
    b = forecast_files(tmp_path / "many", tmp_path / "b", rows=300, workers=2)
    assert len(a) > 2 and digest(a) == digest(b)
    written = pd.concat(map(pd.read_parquet, a)).set_index(["series_id", "period"]).sort_index()
    np.testing.assert_array_equal(written.to_numpy(), forecast_panel(every).quantiles().to_numpy())


def test_a_folder_of_another_run_is_refused(tmp_path):
    many(10).to_parquet(tmp_path / "in.parquet", index=False)
    forecast_files(tmp_path / "in.parquet", tmp_path / "out")
    with pytest.raises(QcityError, match="holds a run with another horizon; choose an empty folder"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "out", horizon=3)
    many(11).to_parquet(tmp_path / "in.parquet", index=False)
    with pytest.raises(QcityError, match="holds a run with another source; choose an empty folder"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "out")


def test_a_source_that_is_missing_or_lacks_a_column_is_refused_before_anything_is_written(tmp_path):
    many(10).rename(columns={"period": "year"}).to_parquet(tmp_path / "in.parquet", index=False)
    (tmp_path / "text.parquet").write_text("series_id,period,value")
    for name, options, message in (
        ("none", {}, "none.parquet: no such file or folder"),
        ("in", {}, "column period is missing; found series_id, year, value"),
        ("text", {}, "text.parquet: cannot be read as Parquet"),
        ("in", {"levels": [0.5, 5]}, r"levels must lie between 0 and 1, .*; found \[0.5, 5\]"),
    ):
        with pytest.raises(QcityError, match=message):
            forecast_files(tmp_path / f"{name}.parquet", tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_files_name_the_series_left_out_beside_the_parts(tmp_path):
    good, short = frame([1.0, 2.0, 3.0, 4.0, 4.5], name="good"), frame([1.0, 2.0], name="short")
    pd.concat([good, short]).to_parquet(tmp_path / "in.parquet", index=False)
    parts = forecast_files(tmp_path / "in.parquet", tmp_path / "out", rows=4)
    assert set(pd.concat(map(pd.read_parquet, parts))["series_id"]) == {"good"}
    assert refused_of(tmp_path / "out")["series_id"].tolist() == ["short"]
    assert refused_of(tmp_path).empty


def test_a_run_that_was_killed_leaves_whole_parts_and_goes_on_where_it_was(tmp_path):
    many(200).to_parquet(tmp_path / "in.parquet", index=False)
    whole = digest(forecast_files(tmp_path / "in.parquet", tmp_path / "whole", rows=75))
    code = (
        "from qcity_analysis.forecasting.panel import forecast_files as f; import sys\n"
        "f(sys.argv[1], sys.argv[2], rows=75, say=lambda text: print(text, flush=True))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "in.parquet"), str(tmp_path / "cut")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while "2 of " not in run.stdout.readline():
        assert run.poll() is None
    run.kill()
    run.wait()
    kept = {part: part.stat().st_mtime_ns for part in (tmp_path / "cut").glob("part-*.parquet")}
    assert 2 <= len(kept) < len(whole)
    said = []
    again = forecast_files(tmp_path / "in.parquet", tmp_path / "cut", rows=75, say=said.append)
    assert digest(again) == whole and all(part.stat().st_mtime_ns == at for part, at in kept.items())
    assert f"{len(kept)} of {len(whole)} parts were there already" in said


@pytest.fixture(scope="module")
def scheduler():
    """A real scheduler and two workers, as processes of their own on the loopback address."""
    pytest.importorskip("distributed", reason="Dask is optional: pip install 'qcity-analysis[dask]'")
    from distributed import Client

    quiet = {"DASK_DISTRIBUTED__WORKER__DAEMON": "False", "OPENBLAS_NUM_THREADS": "1"}
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    options = {"stderr": subprocess.PIPE, "text": True, "env": os.environ | quiet}
    processes, at = [subprocess.Popen([*start, "--no-dashboard"], **options)], None
    while not at:
        line = processes[0].stderr.readline()
        assert line, "the scheduler ended"
        at = re.search(r"Scheduler at: +(tcp://\S+)", line)
    work = [sys.executable, "-m", "distributed.cli.dask_worker", at.group(1), "--nthreads", "1", "--no-nanny"]
    for name in ("first", "second"):
        named = {"stderr": subprocess.DEVNULL, "env": os.environ | quiet | {"QCITY_TEST_WORKER": name}}
        processes.append(subprocess.Popen([*work, "--no-dashboard"], **named))
    with Client(at.group(1), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield at.group(1)
    for process in reversed(processes):
        process.terminate()
        process.wait(timeout=30)


def test_dask_workers_write_the_same_bytes_as_a_local_run(tmp_path, scheduler):
    many(120).to_parquet(tmp_path / "in.parquet", index=False)
    here = forecast_files(tmp_path / "in.parquet", tmp_path / "here", rows=200)
    said, options = [], {"rows": 200, "scheduler": scheduler}
    there = forecast_files(tmp_path / "in.parquet", tmp_path / "there", say=said.append, **options)
    assert len(here) > 3 and digest(here) == digest(there)
    assert f"{len(here)} of {len(here)} parts" in said[-1]
    done_by = set(each(os.path.expandvars, ["$QCITY_TEST_WORKER"] * 8, scheduler=scheduler))
    assert done_by <= {"first", "second"}


def test_workers_with_another_version_are_refused(monkeypatch, scheduler):
    monkeypatch.setattr(panel, "__version__", "9.9")
    with pytest.raises(QcityError, match=r"here is 9\.9 \(\w{8}\); install the same version on all"):
        list(each(str, [1], scheduler=scheduler))


def test_a_scheduler_that_does_not_answer_or_no_dask_is_an_error_with_the_remedy(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(panel, "PATIENCE", "1s")
    message = r"no Dask scheduler answers at 'tcp://127.0.0.1:9' .*`dask scheduler`"
    with pytest.raises(QcityError, match=message):
        list(each(str, [1], scheduler="tcp://127.0.0.1:9"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(QcityError, match=r"pip install 'qcity-analysis\[dask\]'"):
        list(each(str, [1], scheduler="tcp://127.0.0.1:9"))

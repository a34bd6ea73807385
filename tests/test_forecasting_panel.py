"""Panels in files: the same bytes however they come and whoever computes them, Dask workers included."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from yearly_series import frame, many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import panel
from qcity_analysis.forecasting.panel import each, forecast_files, forecast_panel, refused_of

EVERY = many(150)


def digest(parts):
    return [(part.name, part.read_bytes()) for part in parts]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A panel in a file, and the parts that a plain run makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    EVERY.to_parquet(folder / "in.parquet", index=False)
    return folder / "in.parquet", forecast_files(folder / "in.parquet", folder / "out", rows=75)


def test_parts_are_the_same_bytes_for_any_order_files_and_workers(whole, tmp_path):
    shuffled = EVERY.sample(frac=1, random_state=3)
    for k, piece in enumerate(np.array_split(np.arange(len(shuffled)), 5)):
        shuffled.iloc[piece].to_parquet(tmp_path / f"{k}.parquet", index=False)
    parts = forecast_files(tmp_path, tmp_path / "out", rows=75, workers=2)
    assert len(parts) > 2 and digest(parts) == digest(whole[1])
    written = pd.concat(map(pd.read_parquet, whole[1])).set_index(["series_id", "period"]).sort_index()
    np.testing.assert_array_equal(written.to_numpy(), forecast_panel(EVERY).quantiles().to_numpy())


def test_another_run_and_a_source_that_is_missing_or_lacks_a_column_are_refused(whole, tmp_path):
    many(10).to_parquet(tmp_path / "ten.parquet", index=False)
    many(10).rename(columns={"period": "year"}).to_parquet(tmp_path / "in.parquet", index=False)
    (tmp_path / "text.parquet").write_text("series_id,period,value")
    there, new, another = whole[0].parent / "out", tmp_path / "new", "holds a run with another"
    for source, out, options, message in (
        (whole[0], there, {"horizon": 3}, f"{another} horizon; choose an empty folder"),
        (tmp_path / "ten.parquet", there, {}, f"{another} source, parts; choose an empty folder"),
        (tmp_path / "none.parquet", new, {}, "none.parquet: no such file or folder"),
        (tmp_path / "in.parquet", new, {}, "column period is missing; found series_id, year, value"),
        (tmp_path / "text.parquet", new, {}, "text.parquet: cannot be read as Parquet"),
        (whole[0], new, {"levels": [0.5, 5]}, r"levels must lie between 0 and 1, .*; found \[0.5, 5\]"),
    ):
        with pytest.raises(QcityError, match=message):
            forecast_files(source, out, **({"rows": 75} | options))
    assert not new.exists()


def test_files_name_the_series_left_out_beside_the_parts(tmp_path):
    good, short = frame([1.0, 2.0, 3.0, 4.0, 4.5], name="good"), frame([1.0, 2.0], name="short")
    pd.concat([good, short]).to_parquet(tmp_path / "in.parquet", index=False)
    parts = forecast_files(tmp_path / "in.parquet", tmp_path / "out", rows=4)
    assert set(pd.concat(map(pd.read_parquet, parts))["series_id"]) == {"good"}
    assert refused_of(tmp_path / "out")["series_id"].tolist() == ["short"] and refused_of(tmp_path).empty


def test_a_run_that_was_killed_leaves_whole_parts_and_goes_on_where_it_was(whole, tmp_path):
    code = ("from qcity_analysis.forecasting.panel import forecast_files as f; import sys\n"
            "f(sys.argv[1], sys.argv[2], rows=75, say=lambda text: print(text, flush=True))")  # fmt: skip
    command = [sys.executable, "-c", code, str(whole[0]), str(tmp_path / "cut")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while "2 of " not in run.stdout.readline():
        assert run.poll() is None
    run.kill()
    run.wait()
    kept = {part: part.stat().st_mtime_ns for part in (tmp_path / "cut").glob("part-*.parquet")}
    assert 2 <= len(kept) < len(whole[1])
    told = []
    again = forecast_files(whole[0], tmp_path / "cut", rows=75, say=told.append)
    assert digest(again) == digest(whole[1]) and kept == {part: part.stat().st_mtime_ns for part in kept}
    assert f"{len(kept)} of {len(again)} parts were there already" in told


@pytest.fixture(scope="module")
def scheduler():
    """A real scheduler and two workers, as processes of their own on the loopback address."""
    distributed = pytest.importorskip("distributed", reason="optional: pip install 'qcity-analysis[dask]'")
    there = {"QCITY_TEST_WORKER": "worker", "OPENBLAS_NUM_THREADS": "1"}
    alone = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "env": there}
    with distributed.LocalCluster(**alone) as cluster:
        cluster.wait_for_workers(2)
        yield cluster.scheduler_address


def test_dask_workers_write_the_same_bytes_as_a_local_run(whole, tmp_path, scheduler):
    told, count = [], len(whole[1])
    there = forecast_files(whole[0], tmp_path / "there", say=told.append, rows=75, scheduler=scheduler)
    assert count > 3 and digest(there) == digest(whole[1]) and f"{count} of {count} parts" in told[-1]
    assert set(each(os.path.expandvars, ["$QCITY_TEST_WORKER"] * 8, scheduler=scheduler)) == {"worker"}


def test_other_workers_no_scheduler_and_no_dask_are_errors_with_the_remedy(monkeypatch, scheduler):
    def refused(message, at="tcp://127.0.0.1:9"):
        with pytest.raises(QcityError, match=message):
            list(each(str, [1], scheduler=at))

    monkeypatch.setattr(panel, "__version__", "9.9")
    refused(r"here is 9\.9 \(\w{8}\); install the same version on all", scheduler)
    monkeypatch.setattr(panel, "PATIENCE", "1s")
    refused(r"no Dask scheduler answers at 'tcp://127.0.0.1:9' .*`dask scheduler`")
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused(r"pip install 'qcity-analysis\[dask\]'")

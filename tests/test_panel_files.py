"""Panels in files: the same bytes however they come and whoever computes them."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from test_forecasting import many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.panel import forecast_files, forecast_panel


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

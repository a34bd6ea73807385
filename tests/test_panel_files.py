"""Panels in files: the same bytes however they come and whoever computes them."""

import numpy as np
import pandas as pd
import pytest
from test_forecasting import many

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.panel_files import forecast_files


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
    with pytest.raises(QcityError, match="another source or with other options"):
        forecast_files(tmp_path / "in.parquet", tmp_path / "out", horizon=3)
    with pytest.raises(QcityError, match="no such file"):
        forecast_files(tmp_path / "none.parquet", tmp_path / "new")

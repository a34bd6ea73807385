"""The benchmarks read the files they name."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HOME = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def accuracy():
    spec = importlib.util.spec_from_file_location("accuracy", HOME / "accuracy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_m3_years_are_split_where_the_workbook_says(accuracy, tmp_path):
    row = {"Series": "N1", "N": 9, "NF": 6, "Category": "MICRO", "Starting Year": 1975, "Unnamed: 5": 1}
    sheet = pd.DataFrame([row | {k: 10.0 * k for k in range(1, 10)}])
    sheet.to_excel(tmp_path / "M3C.xlsx", sheet_name="M3Year", index=False)
    history, hidden = accuracy.m3_series(tmp_path / "M3C.xlsx")[0]
    assert history.tolist() == [10, 20, 30] and hidden.tolist() == [40, 50, 60, 70, 80, 90]


def test_m4_series_are_joined_by_name_and_scored(accuracy, tmp_path):
    rng = np.random.default_rng(0)
    names = [f"Y{k}" for k in range(30)]
    walk = 100 + np.cumsum(rng.normal(size=(30, 26)), axis=1)
    train = pd.DataFrame(walk[:, :20], index=names)
    train.iloc[3, 12:] = np.nan  # series differ in length: trailing cells are empty
    train.to_csv(tmp_path / "train.csv")
    pd.DataFrame(walk[:, 20:], index=names).iloc[::-1].to_csv(tmp_path / "test.csv")
    series = accuracy.m4_series(tmp_path / "train.csv", tmp_path / "test.csv")
    np.testing.assert_allclose(series[5][1], walk[5, 20:])
    assert len(series[3][0]) == 12
    found = accuracy.hindcast_of(series)
    shown = accuracy.line("mixture", found.quantiles(accuracy.LEVELS), found, "-")
    assert 0.5 < float(shown.split("|")[2]) < 1.5


def test_exactly_one_source_is_asked_for():
    run = subprocess.run([sys.executable, HOME / "accuracy.py"], capture_output=True, text=True)
    assert run.returncode == 2 and "name one of BANK, --m3 and --m4" in run.stderr

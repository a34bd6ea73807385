"""Finding a package, and what was known on a day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from packages import figure, indicator, loaded, package

from qcity_analysis.data.load import find_folder, load
from qcity_analysis.data.vintages import to_date
from qcity_analysis.errors import QcityError


def test_the_newest_vintage_known_by_then_is_the_one_of_that_day(tmp_path: Path) -> None:
    rows = [figure(2020, 10, published="2021-02-28"), figure(2020, 12, published="2022-06-30")]
    data = loaded(tmp_path, observations=rows)
    seen = {
        day: data.at(day).observations["value"].tolist() for day in ("2021-02-27", "2021-02-28", "2022-06-30")
    }
    assert seen == {"2021-02-27": [], "2021-02-28": [10], "2022-06-30": [10, 12]}


@pytest.mark.parametrize(
    ("published", "last_day"),
    [
        ("2021-02", "2021-02-28"),
        ("2024-02", "2024-02-29"),
        ("2021", "2021-12-31"),
        ("2021-05-06", "2021-05-06"),
    ],
)
def test_a_partial_date_is_known_from_its_last_day(tmp_path: Path, published: str, last_day: str) -> None:
    data = loaded(tmp_path, observations=[figure(2020, 10, published=published)])
    day = dt.date.fromisoformat(last_day)
    assert len(data.at(day).observations) == 1
    assert data.at(day - dt.timedelta(days=1)).observations.empty
    assert not data.observations["published_assumed"].any()
    assert to_date(published) == day


@pytest.mark.parametrize(("lag", "known"), [("", "2021-06-30"), (10, "2021-10-31"), (0, "2020-12-31")])
def test_without_a_date_the_lag_of_publication_is_assumed_and_flagged(
    tmp_path: Path, lag: object, known: str
) -> None:
    data = loaded(
        tmp_path,
        observations=[figure(2020, 10, published="")],
        indicators=[indicator("widgets", publication_lag_months=lag)],
    )
    assert data.observations["known_from"].tolist() == [pd.Timestamp(known)]
    assert data.observations["published_assumed"].tolist() == [True]


def test_a_day_after_the_one_the_data_were_loaded_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QcityError) as error:
        loaded(tmp_path, as_of="2020-01-31").at("2021")
    assert str(error.value) == (
        "as_of 2021-12-31 is later than 2020-01-31, the day these data were loaded for; "
        "load them again with that day"
    )


@pytest.mark.parametrize("text", ["yesterday", "2023-13", "2023-02-30", "20230101", ""])
def test_text_that_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(QcityError, match="is not a date: write it as 2023-03-31, 2023-03 or 2023"):
        to_date(text)


def test_a_folder_that_does_not_exist_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(QcityError) as error:
        load(tmp_path / "nowhere")
    assert str(error.value) == (
        f"no data package at {tmp_path / 'nowhere'}: found no such folder. Name one with --data DIR or "
        "QCITY_DATA; it holds sources.csv, regions.csv, indicators.csv, targets.csv, observations.csv"
    )


def test_the_nearest_package_above_the_working_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QCITY_DATA", raising=False)
    place = package(tmp_path / "data" / "raw")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_folder() == place.resolve()
    monkeypatch.setenv("QCITY_DATA", str(package(tmp_path / "elsewhere")))
    assert find_folder() == (tmp_path / "elsewhere").resolve()


def test_without_a_table_of_regions_those_of_targets_and_figures_are_known(tmp_path: Path) -> None:
    folder = package(tmp_path)
    (folder / "regions.csv").unlink()
    data = load(folder)
    assert data.require_region("testville") == "testville"
    assert data.region_name("testville", "zh") == "testville"

"""The Parquet copy of a large file: the same figures with and without it, never of another file, never in the way."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import figure, package

from qcity_analysis.data import read
from qcity_analysis.data.load import load
from qcity_analysis.data.read import copy_of, regular_rows
from qcity_analysis.problems import DataError

ROWS = [figure(year, 10 + year % 7, note='a "word", quoted') for year in range(1990, 2024)]


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in a folder named raw whose observations count as a large file."""
    monkeypatch.setattr(read, "LARGE", 1000)
    return package(tmp_path / "raw", observations=ROWS)


def copy(raw: Path) -> Path:
    return copy_of(raw / "observations.csv")


def test_the_copy_lies_in_processed_and_gives_the_same_figures(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(raw).observations
    assert copy(raw) == raw.parent / "processed" / "observations.parquet" and copy(raw).is_file()
    pd.testing.assert_frame_equal(load(raw).observations, first)
    monkeypatch.setattr(read, "LARGE", 10**9)
    careful = load(raw).observations
    pd.testing.assert_frame_equal(careful, first)
    assert careful["row"].tolist() == list(range(2, len(ROWS) + 2))


def test_the_file_is_not_parsed_again_while_it_is_unchanged(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(raw)
    monkeypatch.setattr(read, "_parse", lambda *_: pytest.fail("parsed again"))
    with pytest.raises(pytest.fail.Exception):  # the small tables are always parsed
        load(raw)
    assert len(read.read_table(raw / "observations.csv", "observations")[0]) == len(ROWS)


def test_a_changed_file_makes_a_new_copy(raw: Path) -> None:
    load(raw)
    package(raw, observations=[*ROWS[:-1], figure(2023, 99, note="x" * 900)])
    assert load(raw).observations["value"].iloc[-1] == 99
    assert load(raw).observations["value"].iloc[-1] == 99


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "empty", "folder"])
def test_a_damaged_copy_is_made_again_and_never_believed(raw: Path, damage: str) -> None:
    first = load(raw).observations
    whole = copy(raw).read_bytes()
    if damage == "cut":
        copy(raw).write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        for position in range(4, len(whole), 200):
            changed = bytearray(whole)
            changed[position] ^= 0x10
            copy(raw).write_bytes(changed)
            pd.testing.assert_frame_equal(load(raw).observations, first)
    elif damage == "other":
        first.assign(value=0.0).to_parquet(copy(raw))
    elif damage == "empty":
        copy(raw).write_bytes(b"")
    else:
        copy(raw).unlink()
        copy(raw).mkdir()
    pd.testing.assert_frame_equal(load(raw).observations, first)
    if damage != "folder":
        assert copy(raw).read_bytes() == whole


def test_where_nothing_can_be_written_the_file_is_read(raw: Path) -> None:
    raw.parent.joinpath("processed").write_text("a file where the folder would be")
    assert len(load(raw).observations) == len(ROWS)


def test_a_folder_of_another_name_uses_the_cache_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "LARGE", 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = package(tmp_path / "plan", observations=ROWS)
    load(folder)
    (made,) = (tmp_path / "cache").rglob("*.parquet")
    assert made.with_name("observations.parquet.json").is_file()
    assert made == copy(folder) and sorted(p.name for p in tmp_path.iterdir()) == ["cache", "plan"]


def test_a_file_with_errors_is_never_copied(raw: Path) -> None:
    package(raw, observations=[*ROWS, figure(2023, "abc", published="2025")])
    for _ in range(2):
        with pytest.raises(DataError, match="row 36, column value: found 'abc'; allowed: a number"):
            load(raw)
    assert not copy(raw).exists()


def test_warnings_of_the_file_survive_the_copy(raw: Path) -> None:
    path = raw / "observations.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{lines[0]},extra", *(f"{line},1" for line in lines[1:])]) + "\n")
    fresh, copied = load(raw).warnings, load(raw).warnings
    assert fresh == copied and fresh[0].column == "extra"


def test_a_file_that_changes_while_it_is_read_is_not_copied(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, parse = raw / "observations.csv", read._parse

    def slow(*about: Any) -> Any:
        path.write_bytes(path.read_bytes() + b"\n")
        return parse(*about)

    monkeypatch.setattr(read, "_parse", slow)
    read.read_table(path, "observations")
    assert not copy(raw).exists()


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet='a",\n\r x', max_size=20))
def test_a_regular_file_reads_as_the_careful_reader_reads_it(body: str) -> None:
    text = "h,k\n" + body
    quick = regular_rows(text, ["h", "k"])
    if quick is not None:
        careful = list(csv.reader(io.StringIO(text, newline="")))[1:]
        assert quick.to_numpy().tolist() == [[cell.strip() for cell in row] for row in careful]


@pytest.mark.parametrize(
    ("body", "regular"),
    [
        ("1,2\n", True),
        ('1,"a ""b"", c"\n', True),
        ("1,2", True),
        ("1,2\r\n3,4\r\n", True),
        ('1,"two\nlines"\n', False),
        ("1,2\n\n3,4\n", False),
        ("1,2,3\n", False),
        (",\n", False),
        ('1,a"b\n', True),
    ],
)
def test_only_one_line_per_row_is_regular(body: str, regular: bool) -> None:
    assert (regular_rows("h,k\n" + body, ["h", "k"]) is not None) == regular

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
from qcity_analysis.data.read import copy_of, read_table, regular_rows
from qcity_analysis.problems import DataError

ROWS = [figure(year, 10 + year % 7, note='a "word", quoted') for year in range(1990, 2024)]


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The observations of a package in a folder named raw; they count as a large file."""
    monkeypatch.setattr(read, "LARGE", 1000)
    return package(tmp_path / "raw", observations=ROWS) / "observations.csv"


def figures_of(raw: Path) -> pd.DataFrame:
    frame, problems = read_table(raw, "observations")
    assert problems == []
    return frame


def test_the_copy_lies_in_processed_and_gives_the_same_figures(raw, monkeypatch):
    first = figures_of(raw)
    assert copy_of(raw) == raw.parents[1] / "processed" / "observations.parquet" and copy_of(raw).is_file()
    with monkeypatch.context() as without:
        without.setattr(read, "_parse", lambda *_: pytest.fail("parsed again"))
        pd.testing.assert_frame_equal(figures_of(raw), first)
    monkeypatch.setattr(read, "LARGE", 10**9)
    pd.testing.assert_frame_equal(figures_of(raw), first)
    assert first["row"].tolist() == list(range(2, len(ROWS) + 2))


def test_a_changed_file_makes_a_new_copy(raw):
    figures_of(raw)
    package(raw.parent, observations=[*ROWS[:-1], figure(2023, 99, note="x" * 900)])
    assert [figures_of(raw)["value"].iloc[-1] for _ in range(2)] == [99, 99]


def test_a_damaged_copy_is_made_again_and_never_believed(raw):
    first, copy = figures_of(raw), copy_of(raw)
    whole = copy.read_bytes()
    flips = (whole[:k] + bytes([whole[k] ^ 0x10]) + whole[k + 1 :] for k in range(4, len(whole), 800))
    first.assign(value=0.0).to_parquet(copy)
    for content in (copy.read_bytes(), whole[: len(whole) // 2], b"", *flips):
        copy.write_bytes(content)
        pd.testing.assert_frame_equal(figures_of(raw), first)
        assert copy.read_bytes() == whole
    copy.unlink()
    copy.mkdir()
    pd.testing.assert_frame_equal(figures_of(raw), first)


def test_where_nothing_can_be_written_the_file_is_read(raw):
    raw.parents[1].joinpath("processed").write_text("a file where the folder would be")
    assert len(figures_of(raw)) == len(ROWS)


def test_a_folder_of_another_name_uses_the_cache_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "LARGE", 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = package(tmp_path / "plan", observations=ROWS) / "observations.csv"
    figures_of(path)
    (made,) = (tmp_path / "cache").rglob("*.parquet")
    assert made.with_name("observations.parquet.json").is_file()
    assert made == copy_of(path) and sorted(p.name for p in tmp_path.iterdir()) == ["cache", "plan"]


def test_a_file_with_errors_or_one_that_changes_while_it_is_read_is_never_copied(raw, monkeypatch):
    package(raw.parent, observations=[*ROWS, figure(2023, "abc", published="2025")])
    for _ in range(2):
        with pytest.raises(DataError, match="row 36, column value: found 'abc'; allowed: a number"):
            load(raw.parent)
    package(raw.parent, observations=ROWS)
    parse = read._parse

    def slow(*about: Any) -> Any:
        raw.write_bytes(raw.read_bytes() + b"\n")
        return parse(*about)

    monkeypatch.setattr(read, "_parse", slow)
    figures_of(raw)
    assert not copy_of(raw).exists()


def test_warnings_of_the_file_survive_the_copy(raw):
    header, *lines = raw.read_text().splitlines()
    raw.write_text("\n".join([f"{header},extra", *(f"{line},1" for line in lines)]) + "\n")
    fresh, copied = (read_table(raw, "observations")[1] for _ in range(2))
    assert fresh == copied and (fresh[0].column, fresh[0].level) == ("extra", "warning")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='a",\n\r x', max_size=20))
def test_a_regular_file_reads_as_the_careful_reader_reads_it(body):
    text = "h,k\n" + body
    quick = regular_rows(text, ["h", "k"])
    if quick is not None:
        careful = list(csv.reader(io.StringIO(text, newline="")))[1:]
        assert quick.to_numpy().tolist() == [[cell.strip() for cell in row] for row in careful]


def test_only_one_line_per_row_is_regular():
    regular = ["1,2\n", '1,"a ""b"", c"\n', "1,2", "1,2\r\n3,4\r\n", '1,a"b\n']
    irregular = ['1,"two\nlines"\n', "1,2\n\n3,4\n", "1,2,3\n", ",\n"]
    assert [body for body in regular if regular_rows("h,k\n" + body, ["h", "k"]) is None] == []
    assert [body for body in irregular if regular_rows("h,k\n" + body, ["h", "k"]) is not None] == []

"""Large files are read through Arrow: the same figures and problems as cell by cell, and only where rows are lines."""

import csv
import io

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import figure, package

from qcity_analysis.data import read
from qcity_analysis.data.read import read_table, regular_rows

ROWS = [figure(year, 10 + year % 7, note='a "word", quoted') for year in range(1990, 2024)]
FAULTS = [figure(2023, "abc", published="2025"), figure(2022, "１６．１", note="x"), figure(2023, 9),
    figure(2023, 9)]  # fmt: skip


def test_a_large_file_gives_the_figures_and_problems_of_a_small_one(tmp_path, monkeypatch):
    for k, rows in enumerate((ROWS, [*ROWS, *FAULTS])):
        path = package(tmp_path / str(k), observations=rows) / "observations.csv"
        header, *lines = path.read_text().splitlines()
        path.write_text("\n".join([f"{header},extra", *(f"{line},1" for line in lines)]) + "\n")
        small, problems = read_table(path, "observations")
        with monkeypatch.context() as patch:
            patch.setattr(read, "LARGE", 1000)
            patch.setattr(read, "_careful_rows", None)
            large, others = read_table(path, "observations")
        pd.testing.assert_frame_equal(small, large)
        assert problems == others and (problems[0].column, problems[0].level) == ("extra", "warning")
        assert len(problems) == (5 if k else 1) and small["row"].tolist() == list(range(2, len(rows) + 2))


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

"""Figures as typed, and text files of every encoding and delimiter."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qcity_analysis.errors import QcityError
from qcity_analysis.importing.cells import MISSING, Reading, UnreadableCell, read_figure, read_period
from qcity_analysis.importing.sheets import decode, read_grids
from qcity_analysis.problems import DataError

DECIMALS = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=3)
FULL = str.maketrans("0123456789.,%-+", "０１２３４５６７８９．，％－＋")
SEPARATORS = st.sampled_from(["", ",", " ", "\u00a0", "\u202f", "，", "'"])
MARKS = st.sampled_from(["", "①", "*", " ②"])


@given(DECIMALS, SEPARATORS, st.booleans(), st.booleans(), MARKS)
def test_a_number_is_read_back_however_it_is_typed(number, separator, wide, percent, mark):
    text = f"{number:,}".replace(",", separator) + ("%" if percent else "")
    reading = read_figure((text.translate(FULL) if wide else text) + mark)
    assert Decimal(reading.value) == number
    assert (reading.percent, reading.marks, reading.qualifier) == (percent, mark.strip(), "=")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_number_of_a_spreadsheet_keeps_the_15_digits_the_spreadsheet_keeps(number):
    reading = read_figure(number)
    assert float(reading.value) == pytest.approx(number, rel=1e-14) and "e" not in reading.value.lower()


@given(st.text())
def test_any_text_is_a_number_or_no_figure_or_refused_and_nothing_else(text):
    try:
        reading = read_figure(text)
    except UnreadableCell:
        return
    assert not any(c.isdigit() for c in text) if reading is None else float(reading.value) is not None


READ = {
    ">=": "≥96|96以上|96%及以上|超过96％|不低于96|至少 96|＞96|>=96", "<=": "≤5|5以下|不足5|不超过5|低于5|-3以下",
    "~": "约4|4%左右|大约4|约4左右", "=": "−3.20|+1.5|1.2E3",
}  # fmt: skip
VALUES = {">=": ["96"] * 8, "<=": ["5"] * 5 + ["-3"], "~": ["4"] * 4, "=": ["-3.20", "1.5", "1200"]}
# what could be two numbers
REFUSED = "3-5|1,23|1,2345|12,34,567|1.234.567|不超过5以上|①|3.2个百分点|5‰|增长3|1/2|(3.2)|- 3|下降5%|#REF!"


def test_cells_are_read_as_figures_with_bounds_as_no_figure_or_are_refused():
    for sign, cells in READ.items():
        for cell, value in zip(cells.split("|"), VALUES[sign], strict=True):
            assert read_figure(cell) == Reading(value, sign, cell.count("%") + cell.count("％") > 0), cell
    for mark in "①²":  # never read as a digit
        assert read_figure(f"3.6{mark}") == Reading("3.6", marks=mark)
    for cell in [*MISSING, "—", "——", "－", "–", "　", "\u00a0", " … ", "．．", "N/A"]:
        assert read_figure(cell) is None, cell
    for cell in [*REFUSED.split("|"), "无", "3.5?", "2 0", True, dt.date(2020, 1, 1), float("inf")]:
        with pytest.raises(UnreadableCell):
            read_figure(cell)


PERIODS = {
    2020: "2020", 2021.0: "2021", "2020": "2020", "2020年": "2020", "２０２０年度": "2020", "2022年①": "2022",
    "2022*": "2022",
    "2024-Q3": "2024-Q3", "2024-08": "2024-08", "2024年1-8月": "2024-08", "2024年1—8月": "2024-08",
    "2024年前三季度": "2024-Q3", "2024年上半年": "2024-Q2", "2024年一季度": "2024-Q1", "2024年8月": None,
    "2024年三季度": None, 2020.5: None, 1234: None, "2023年为2022年%": None, "指标": None, True: None, None: None,
    "2024年1-13月": None,
}  # fmt: skip


def test_a_heading_names_a_period_only_when_it_is_one_of_the_contract():
    assert {cell: read_period(cell) for cell in PERIODS} == PERIODS


def test_a_text_file_is_read_in_each_encoding_to_the_same_cells(tmp_path):
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        path.write_bytes("指标,单位,2020年\n研发强度,%,3.48\n".encode(encoding))
        (grid,) = read_grids(path)
        assert grid.rows == (("指标", "单位", "2020年"), ("研发强度", "%", "3.48"))
        assert grid.opened_as == f"{encoding.upper().removesuffix('-SIG')}, comma"
    raw = "漏斗".encode()  # both would do
    assert raw.decode("gb18030") != "漏斗" and decode(raw, "a.csv") == ("漏斗", "UTF-8")


NO_TEXT = "a.csv, row {}: found '{}'; allowed: UTF-8 or GB18030 text; save the file again as 'CSV UTF-8'"
OR = ", or name its encoding under `encoding:` in the mapping"
NEITHER = "byte 0x{} at position {}, which is not UTF-8, and byte 0x{} at position 7, which is not GB18030"


def test_bytes_that_are_no_text_are_one_error_that_names_both_encodings(tmp_path):
    for raw, message in ((b"a,b\n1,\x80\xff\n", NO_TEXT.format(2, NEITHER.format("80", 7, "80")) + OR),
            ("研,1\n".encode("gb18030") + b"\n\xff", NO_TEXT.format(1, NEITHER.format("d1", 1, "ff")) + OR),
            ("a,1\n".encode("utf-16"), NO_TEXT.format(1, "UTF-16 text")),
            (b" \n\n", "a.csv: found 'an empty file'; allowed: a table; check that it is the right file")):  # fmt: skip
        (tmp_path / "a.csv").write_bytes(raw)
        with pytest.raises(DataError) as error:
            read_grids(tmp_path / "a.csv")
        assert [str(problem) for problem in error.value.problems] == [message]


def test_the_delimiter_is_found_and_rows_keep_their_line_in_the_file(tmp_path):
    for text, delimiter, row in (('指标,2020\n"A, B","1,234"\n', "comma", ("A, B", "1,234")),
            ("指标\t2020\t2021\nA\t1,234\t2,345\n", "tab", ("A", "1,234", "2,345")),
            ("指标;2020;2021\nA;1,234,567;2,345,678\nB;1;2\n", "semicolon", ("A", "1,234,567", "2,345,678")),
            ("表1,,\n指标,2020,2021\n甲;乙,1,2\n", "comma", ("指标", "2020", "2021")),
            ("年份,值\n2020,123\n2021,456\n", "comma", ("2020", "123"))):  # fmt: skip
        (tmp_path / "a.txt").write_text(text, "utf-8")
        (grid,) = read_grids(tmp_path / "a.txt")
        assert grid.opened_as == f"UTF-8, {delimiter}" and row in grid.rows
    (tmp_path / "a.csv").write_text('a,b\n"x\ny",1\nz,2\n', "utf-8")
    assert read_grids(tmp_path / "a.csv")[0].lines == (1, 2, 4)


def test_a_missing_file_and_one_of_another_kind_say_what_is_read(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    kinds = ".csv, .tsv, .txt, .px, .xlsx, .xlsm, .xls, .xml, .json"
    for name, message in (
        ("no.csv", f"{tmp_path}/no.csv: no such file. Name a file to import ({kinds})"),
        ("a.pdf", f"a.pdf: files of this kind are not read. Read are {kinds}; save it as one of them"),
    ):
        with pytest.raises(QcityError) as error:
            read_grids(tmp_path / name)
        assert str(error.value) == message

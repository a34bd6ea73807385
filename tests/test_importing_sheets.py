"""Yearbook sheets, in .xlsx and .xls: years across or down, headings in two rows, units, footnotes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from qcity_analysis.errors import QcityError
from qcity_analysis.importing.layout import Sheet, read_layout
from qcity_analysis.importing.sheets import read_grids
from qcity_analysis.problems import DataError

Rows = list[list[Any]]
Merged = list[tuple[int, int, int, int]]

YEARBOOK: Rows = [
    ["20-1 主要年份科技指标", None, None, None, None],
    [],
    ["指标", "单位", 2020, "2021年", "２０２２年①"],
    ["一、科技创新"],
    ["研发经费支出", "亿元", 515.4, "1，578.8", "…"],
    ["研发强度", "%", 3.48, None, "3.9左右"],
    ["注：①2022年为初步统计数。"],
    ["资料来源：市统计局"],
]
TITLE: Merged = [(0, 0, 0, 4)]


def xlsx(path: Path, sheets: dict[str, Rows], merged: Merged = ()) -> Path:  # type: ignore[assignment]
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for r, row in enumerate(rows, 1):
            for c, cell in enumerate(row, 1):
                sheet.cell(r, c, cell)
        for top, left, bottom, right in merged:
            sheet.merge_cells(
                start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
            )
    book.save(path)
    return path


def xls(path: Path, sheets: dict[str, Rows], merged: Merged = ()) -> Path:  # type: ignore[assignment]
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        at = {(top, left): (bottom, right) for top, left, bottom, right in merged}
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if (r, c) in at:
                    sheet.write_merge(r, at[r, c][0], c, at[r, c][1], cell)
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.save(str(path))
    return path


def csv(path: Path, sheets: dict[str, Rows], merged: Merged = ()) -> Path:  # type: ignore[assignment]
    (rows,) = sheets.values()
    width = max(len(row) for row in rows)
    cells = [["" if c is None else str(c) for c in row] + [""] * (width - len(row)) for row in rows]
    path.write_bytes("\n".join("\t".join(row) for row in cells).encode("gb18030"))
    return path


WRITERS = {"a.xlsx": xlsx, "a.xls": xls, "a.csv": csv}


def layout(folder: Path, rows: Rows, merged: Merged = (), name: str = "a.xlsx", **how: Any) -> Sheet:  # type: ignore[assignment]
    return read_layout(read_grids(WRITERS[name](folder / name, {"表1": rows}, merged))[0], **how)


def told(sheet: Sheet) -> list[tuple[Any, ...]]:
    return [(e.name, e.part, e.unit, e.period, e.cell) for e in sheet.entries]


@pytest.mark.parametrize("name", WRITERS)
def test_a_yearbook_sheet_gives_each_figure_with_name_unit_year_and_place(tmp_path: Path, name: str) -> None:
    sheet = layout(tmp_path, YEARBOOK, TITLE, name)
    assert sheet.layout == "years_across"
    number = str if name == "a.csv" else float
    assert told(sheet) == [
        ("研发经费支出", "", "亿元", "2020", number(515.4)),
        ("研发经费支出", "", "亿元", "2021", "1，578.8"),
        ("研发经费支出", "", "亿元", "2022", "…"),
        ("研发强度", "", "%", "2020", number(3.48)),
        ("研发强度", "", "%", "2022", "3.9左右"),
    ]
    first, last = sheet.entries[0], sheet.entries[-1]
    assert (first.row, first.column, last.row, last.column) == (5, "C (2020)", 6, "E (2022)")
    assert last.marks == "①"
    assert sheet.footnotes == {"①": "2022年为初步统计数"}
    assert first.file == ("a.csv" if name == "a.csv" else f"{name} [表1]")


TWO_ROWS: Rows = [
    ["指标", "单位", "年份", None, None],
    [None, None, 2020, 2021, 2022],
    ["A", "件", 1, 2, 3],
]


@pytest.mark.parametrize("name", WRITERS)
def test_a_heading_over_the_years_is_no_name_and_the_unit_column_is_found(tmp_path: Path, name: str) -> None:
    sheet = layout(tmp_path, TWO_ROWS, [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 4)], name)
    assert [(e.name, e.unit, e.period) for e in sheet.entries] == [
        ("A", "件", year) for year in ("2020", "2021", "2022")
    ]


SECOND: Rows = [
    ["指标", "2022年", None, "2023年", None],
    [None, "绝对量（亿元）", "比上年增长（%）", "绝对量（亿元）", "比上年增长（%）"],
    ["地区生产总值", 100, 4.1, 105, 5],
]


@pytest.mark.parametrize("name", WRITERS)
def test_a_second_row_of_headings_tells_the_columns_of_a_year_apart(tmp_path: Path, name: str) -> None:
    sheet = layout(tmp_path, SECOND, [(0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4)], name)
    assert [(e.part, e.unit, e.period, float(e.cell)) for e in sheet.entries] == [  # type: ignore[arg-type]
        ("绝对量", "亿元", "2022", 100), ("比上年增长", "%", "2022", 4.1),
        ("绝对量", "亿元", "2023", 105), ("比上年增长", "%", "2023", 5),
    ]  # fmt: skip


def test_a_column_beside_the_years_has_its_own_heading_and_is_not_taken_for_a_year(tmp_path: Path) -> None:
    rows: Rows = [["指标", "2022年", "2023年", "2023年比2022年增长%"], ["A", 1, 2, 100]]
    assert told(layout(tmp_path, rows))[-1] == ("A", "2023年比2022年增长%", "", "2023", 100.0)


def test_names_in_two_columns_are_joined_and_a_merged_one_counts_for_its_rows(tmp_path: Path) -> None:
    rows: Rows = [["指标", None, 2020, 2021], ["能源", "煤", 1, 2], [None, "油", 3, 4]]
    sheet = layout(tmp_path, rows, [(0, 0, 0, 1), (1, 0, 2, 0)])
    assert [e.name for e in sheet.entries] == ["能源/煤", "能源/煤", "能源/油", "能源/油"]


def test_the_unit_stands_in_the_name_or_above_the_table(tmp_path: Path) -> None:
    rows: Rows = [
        ["表", None, "单位：万元"], ["指标", 2020, 2021], ["收入（亿元）", 1, 2], ["支出", 3, 4], ["专利(发明)", 5, 6],
    ]  # fmt: skip
    assert [(e.name, e.unit) for e in layout(tmp_path, rows).entries][::2] == [
        ("收入", "亿元"), ("支出", "万元"), ("专利(发明)", "万元"),
    ]  # fmt: skip


def test_a_table_continued_below_with_other_years_is_read_too(tmp_path: Path) -> None:
    rows: Rows = [["指标", 2019, 2020], ["A", 1, 2], ["续表"], ["指标", 2021, 2022], ["A", 3, 4]]
    assert [(e.period, e.cell) for e in layout(tmp_path, rows).entries] == [
        ("2019", 1), ("2020", 2), ("2021", 3), ("2022", 4),
    ]  # fmt: skip


DOWN: Rows = [
    ["表2 历年指标"],
    ["年份", "研发强度", "专利"],
    [None, "%", "件"],
    ["2019年", 3.2, 2018],
    ["2020年", "3.48①", 2019],
    ["注：①快报数"],
]


@pytest.mark.parametrize("name", WRITERS)
def test_years_down_give_the_same_with_units_in_a_second_row(tmp_path: Path, name: str) -> None:
    sheet = layout(tmp_path, DOWN, (), name)  # type: ignore[arg-type]
    assert sheet.layout == "years_down"
    assert [(e.name, e.unit, e.period, str(e.cell).removesuffix(".0")) for e in sheet.entries] == [
        ("研发强度", "%", "2019", "3.2"), ("专利", "件", "2019", "2018"),
        ("研发强度", "%", "2020", "3.48①"), ("专利", "件", "2020", "2019"),
    ]  # fmt: skip
    assert sheet.footnotes == {"①": "快报数"}


LONG: Rows = [
    ["地区", "年份", "指标", "单位", "数值", "备注"],
    ["南京市", 2019, "研发强度", "%", 3.2, None],
    ["南京市", 2020, "研发强度", "%", "—", "快报"],
]


@pytest.mark.parametrize("name", WRITERS)
def test_a_long_table_gives_one_figure_a_row(tmp_path: Path, name: str) -> None:
    sheet = layout(tmp_path, LONG, (), name)  # type: ignore[arg-type]
    assert sheet.layout == "long"
    assert [(e.name, e.unit, e.period, e.labels["@region"], e.labels["@note"]) for e in sheet.entries] == [
        ("研发强度", "%", "2019", "南京市", ""), ("研发强度", "%", "2020", "南京市", "快报"),
    ]  # fmt: skip


def test_a_long_table_with_other_headings_is_read_once_they_are_named(tmp_path: Path) -> None:
    rows: Rows = [["报告期", "科目", "本期"], [2019, "A", 1], [2020, "A", 2]]
    columns = {"period": "报告期", "indicator": "科目", "value": "本期"}
    sheet = layout(tmp_path, rows, columns=columns)
    assert (sheet.layout, [(e.name, e.period, e.cell) for e in sheet.entries]) == (
        "long", [("A", "2019", 1), ("A", "2020", 2)],
    )  # fmt: skip


def test_values_without_a_name_are_one_problem_with_their_place(tmp_path: Path) -> None:
    rows: Rows = [["指标", 2020, 2021], [None, 1, 2], ["A", 3, 4]]
    assert [str(p) for p in layout(tmp_path, rows).problems] == [
        "a.xlsx [表1], row 2: found '1, 2'; allowed: a row with a name; write the name in a copy of the file"
    ]


@pytest.mark.parametrize(
    ("how", "allowed"),
    [
        (None, "years across the top, years down a column, or one figure per row"),
        ("years_across", "a row of years as 2020 or 2020年"),
        ("years_down", "a column of years as 2020 or 2020年"),
        ("long", "a row of headings that name the period and the value"),
    ],
)
def test_a_sheet_without_years_is_one_problem(tmp_path: Path, how: str | None, allowed: str) -> None:
    sheet = layout(tmp_path, [["目录"], ["一", "二"]], layout=how)
    assert [str(p) for p in sheet.problems] == [
        f"a.xlsx [表1]: found 'no such heading'; allowed: {allowed}; "
        "correct the headings in a copy of the file, or say `layout:` (and `columns:`) in the mapping"
    ]


def test_every_sheet_is_read_and_a_wrong_name_lists_them(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"表1": YEARBOOK, "表2": DOWN})
    assert [grid.sheet for grid in read_grids(path)] == ["表1", "表2"]
    assert [grid.sheet for grid in read_grids(path, ["表2"])] == ["表2"]
    with pytest.raises(QcityError) as error:
        read_grids(path, ["表 2"])
    assert str(error.value) == "a.xlsx: no sheet named '表 2'. Did you mean \"表2\"? Sheets: 表1, 表2"


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_a_file_that_is_no_workbook_is_one_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes("指标,2020\n".encode())
    with pytest.raises(DataError) as error:
        read_grids(tmp_path / name)
    (problem,) = error.value.problems
    assert (problem.file, problem.allowed) == (name, "an Excel workbook (.xlsx or .xls)")
    assert problem.found.startswith("bytes that are none (")
    assert problem.remedy == "open it in a spreadsheet program and save it again as .xlsx"


def test_an_empty_workbook_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_grids(xlsx(tmp_path / "a.xlsx", {"表1": []}))
    assert [str(p) for p in error.value.problems] == [
        "a.xlsx: found 'no cells'; allowed: an Excel workbook (.xlsx or .xls); check that it is the right file"
    ]

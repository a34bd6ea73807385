"""Yearbook sheets, in .xlsx and .xls: years across or down, headings in two rows, units, footnotes."""

import datetime as dt
from unittest.mock import Mock

import openpyxl
import pytest
import python_calamine
import xlwt

from qcity_analysis.errors import QcityError
from qcity_analysis.importing.layout import read_layout
from qcity_analysis.importing.sheets import read_grids
from qcity_analysis.problems import DataError


def xlsx(path, sheets, merged=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for top, left, bottom, right in merged:
            sheet.merge_cells(None, top + 1, left + 1, bottom + 1, right + 1)
    book.save(path)
    return path


def xls(path, sheets, merged=(), error=()):
    book, day = xlwt.Workbook(), xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        ends = {(top, left): (bottom, right) for top, left, bottom, right in merged}
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if (r, c) in ends:
                    sheet.write_merge(r, ends[r, c][0], c, ends[r, c][1], cell)
                elif cell is not None:
                    sheet.write(r, c, cell, *[day] * isinstance(cell, dt.date))
        if error:
            sheet.row(len(rows)).set_cell_error(*error)
    book.save(str(path))
    return path


def csv(path, sheets, merged=()):
    (rows,) = sheets.values()
    width = max(map(len, rows))
    cells = [["" if c is None else str(c) for c in row] + [""] * (width - len(row)) for row in rows]
    path.write_bytes("\n".join(map("\t".join, cells)).encode("gb18030"))
    return path


WRITERS = {"a.xlsx": xlsx, "a.xls": xls, "a.csv": csv}


def layout(folder, rows, merged=(), name="a.xlsx", **how):
    return read_layout(read_grids(WRITERS[name](folder / name, {"表1": rows}, merged))[0], **how)


def told(entry):
    """An entry in a line: name, second heading, unit, period and cell, empty ones left out."""
    cell = f"{entry.cell:g}" if isinstance(entry.cell, float) else str(entry.cell)
    return " ".join(filter(None, (entry.name, entry.part, entry.unit, entry.period, cell)))


YEARBOOK = [
    ["20-1 主要年份科技指标", None, None, None, None], [], ["指标", "单位", 2020, "2021年", "２０２２年①"],
    ["一、科技创新"], ["研发经费支出", "亿元", 515.4, "1，578.8", "…"], ["研发强度", "%", 3.48, None, "3.9左右"],
    ["注：①2022年为初步统计数。"], ["资料来源：市统计局"],
]  # fmt: skip
DOWN = [
    ["表2 历年指标"], ["年份", "研发强度", "专利"], [None, "%", "件"],
    ["2019年", 3.2, 2018], ["2020年", "3.48①", 2019], ["注：①快报数"],
]  # fmt: skip
ACROSS = [["指标", "单位", "年份", None, None], [None, None, 2020, 2021, 2022], ["A", "件", 1, 2, 3]]
SECOND = [
    ["指标", "2022年", None, "2023年", None],
    [None, "绝对量（亿元）", "比上年增长（%）", "绝对量（亿元）", "比上年增长（%）"],
    ["总值", 100, 4.1, 105, 5],
]
UNITS = [["表", None, "单位：万元"], ["指标", 2020, 2021], ["收入（亿元）", 1, 2], ["专利(发明)", 5, 6]]
LONG = [
    ["地区", "年份", "指标", "单位", "数值"],
    *(["甲", year, "强度", "%", n] for year, n in ((2019, 3.2), (2020, "—"))),
]
BESIDE = [["指标", "2022年", "2023年", "2023年比2022年增长%"], ["A", 1, 2, 100]]
CONTINUED = [["指标", 2019, 2020], ["A", 1, 2], ["续表"], ["指标", 2021, 2022], ["A", 3, 4]]
# rows, merged cells, layout, entries
SHEETS = [
    (YEARBOOK, ((0, 0, 0, 4),), "years_across", "研发经费支出 亿元 2020 515.4; 研发经费支出 亿元 2021 1，578.8; "
     "研发经费支出 亿元 2022 …; 研发强度 % 2020 3.48; 研发强度 % 2022 3.9左右"),
    # a heading over the years is no name
    (ACROSS, ((0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 4)), "years_across", "A 件 2020 1; A 件 2021 2; A 件 2022 3"),
    # a second row of headings tells the columns of a year apart
    (SECOND, ((0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4)), "years_across", "总值 绝对量 亿元 2022 100; "
     "总值 比上年增长 % 2022 4.1; 总值 绝对量 亿元 2023 105; 总值 比上年增长 % 2023 5"),
    (BESIDE, (), "years_across", "A 2022 1; A 2023 2; A 2023年比2022年增长% 2023 100"),
    (UNITS, (), "years_across", "收入 亿元 2020 1; 收入 亿元 2021 2; 专利(发明) 万元 2020 5; 专利(发明) 万元 2021 6"),
    (CONTINUED, (), "years_across", "A 2019 1; A 2020 2; A 2021 3; A 2022 4"),
    (DOWN, (), "years_down", "研发强度 % 2019 3.2; 专利 件 2019 2018; 研发强度 % 2020 3.48①; 专利 件 2020 2019"),
    (LONG, (), "long", "强度 % 2019 3.2; 强度 % 2020 —"),
]  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(("rows", "merged", "kind", "expected"), SHEETS)
def test_each_figure_has_name_heading_unit_and_year(tmp_path, rows, merged, kind, expected, name):
    sheet = layout(tmp_path, rows, merged, name)
    assert (sheet.layout, "; ".join(map(told, sheet.entries)), sheet.problems) == (kind, expected, ())


def test_every_figure_has_its_place_and_its_footnotes(tmp_path):
    sheet = layout(tmp_path, YEARBOOK)
    first, last = sheet.entries[0], sheet.entries[-1]
    assert (first.file, first.row, first.column, last.row, last.column) == (
        "a.xlsx [表1]", 5, "C (2020)", 6, "E (2022)")  # fmt: skip
    assert (last.marks, sheet.footnotes) == ("①", {"①": "2022年为初步统计数"})
    assert layout(tmp_path, DOWN).footnotes == {"①": "快报数"}


def test_a_merged_name_counts_for_its_rows_and_values_without_a_name_are_a_problem_with_their_place(tmp_path):
    rows = [["指标", None, 2020, 2021], ["能源", "煤", 1, 2], [None, "油", 3, 4]]
    names = [entry.name for entry in layout(tmp_path, rows, ((0, 0, 0, 1), (1, 0, 2, 0))).entries]
    assert names == ["能源/煤", "能源/煤", "能源/油", "能源/油"]
    (told,) = layout(tmp_path, [["指标", 2020, 2021], [None, 1, 2], ["A", 3, 4]]).problems
    assert (told.file, told.row, told.code, told.found) == ("a.xlsx [表1]", 2, "no_row_name", "1, 2")


def test_a_long_table_tells_regions_and_notes_and_may_have_other_headings(tmp_path):
    rows = [["地区", "年份", "指标", "数值", "备注"], ["南京市", 2019, "A", 3.2, "快报"]]
    (entry,) = layout(tmp_path, rows).entries
    assert (entry.labels["@region"], entry.labels["@note"]) == ("南京市", "快报")
    other = [["报告期", "科目", "本期"], [2019, "A", 1], [2020, "A", 2]]
    sheet = layout(tmp_path, other, columns={"period": "报告期", "indicator": "科目", "value": "本期"})
    assert (sheet.layout, list(map(told, sheet.entries))) == ("long", ["A 2019 1", "A 2020 2"])


@pytest.mark.parametrize("how", ["", "years_across", "years_down", "long"])
def test_a_sheet_without_years_is_one_problem(tmp_path, how):
    problems = layout(tmp_path, [["目录"], ["一", "二"]], layout=how).problems
    assert [(p.file, p.row, p.code) for p in problems] == [("a.xlsx [表1]", None, f"layout_{how or 'any'}")]


def test_every_sheet_is_read_and_a_wrong_name_lists_them(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", {"表1": YEARBOOK, "表2": DOWN})
    assert [grid.sheet for grid in read_grids(path)] == ["表1", "表2"]
    assert [grid.sheet for grid in read_grids(path, ["表2"])] == ["表2"]
    text = csv(tmp_path / "a.csv", {"": DOWN})
    for file, name, message in (
        (path, "表 2", "a.xlsx: no sheet named '表 2'. Did you mean \"表2\"? Sheets: 表1, 表2"),
        (text, "表1", "a.csv: no sheet named '表1'. Sheets: none, it is not a workbook"),
    ):
        with pytest.raises(QcityError) as error:
            read_grids(file, [name])
        assert str(error.value) == message


@pytest.mark.parametrize(("name", "content", "row", "code", "found"), [
    ("a.xlsx", "指标,2020\n", None, "not_excel", "contents that are not a workbook ("),
    ("a.xls", "\t\x08\x10\0", None, "not_excel", "contents that are not a workbook ("),
    ("a.xls", "<p>指标,2020</p>\n", None, "not_excel", "contents that are not a workbook (HTML without a table)"),
    ("a.csv", f"a,b\n1,{'x' * 140_000}\n", 2, "not_text", "field larger than field limit (131072)"),
    ("a.xlsx", "", None, "no_cells", "no cells"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_error(tmp_path, name, content, row, code, found):
    xlsx(tmp_path / name, {"表1": []})
    if content:
        (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(DataError) as error:
        read_grids(tmp_path / name)
    (problem,) = error.value.problems
    assert (problem.file, problem.row, problem.code) == (name, row, code)
    assert problem.found.startswith(found)


def test_dates_truths_and_errors_of_an_old_workbook_are_cells(tmp_path):
    path = xls(tmp_path / "a.xls", {"表1": [["指标", dt.datetime(2020, 12, 31), True]]}, error=(1, "#DIV/0!"))
    assert read_grids(path)[0].rows == (("指标", dt.datetime(2020, 12, 31), True), ("", "#DIV/0!", ""))


def test_a_password_is_named(tmp_path, monkeypatch):
    locked = Mock(side_effect=python_calamine.PasswordError("encrypted"))
    monkeypatch.setattr(python_calamine, "CalamineWorkbook", Mock(from_path=locked))
    with pytest.raises(DataError) as error:
        read_grids(xlsx(tmp_path / "a.xlsx", {"表1": DOWN}))
    assert [(p.file, p.code) for p in error.value.problems] == [("a.xlsx", "password")]

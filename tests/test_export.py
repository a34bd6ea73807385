"""The review table of a plan in its three kinds of file."""

import io
from dataclasses import replace

import docx
import openpyxl
import pandas as pd
import pytest

import qcity_analysis as qc
from qcity_analysis.reporting.export import PRINTED, export, review


@pytest.fixture(scope="module")
def answers():
    data = qc.load(as_of="2026-06-30")
    names = ("rd_intensity", "high_value_patents", "energy_intensity", "international_standards")
    made = [qc.assess(data, name, draws=500) for name in names]
    named = {"departments": "甲局;乙局", "departments_en": "甲局;乙局"}
    formula = replace(made[0].target, name_zh='=HYPERLINK("http://x")', name_en="+1\x0b-1", **named)
    return [*made, replace(made[0], target=formula)]


def test_figures_are_levels_with_the_digits_they_mean_and_a_settled_target_has_its_outcome(answers):
    table = review(answers, "en").set_index("target")
    open_ = table.loc["R&D expenditure as a share of GDP"]
    met = table.loc["High-value invention patents per 10 000 people"]
    assert (open_["base"], open_["last"], open_["last_year"], open_["deadline"]) == (3.48, 3.9, 2024, 2025)
    assert open_["elapsed"] == pytest.approx(0.8)
    assert open_["progress"] == pytest.approx(0.42 / (4 - 0.05 - 3.48), abs=0.12)
    assert open_["low"] < open_["expected"] < open_["high"] and 0 < open_["probability"] < 1
    assert (met["expected"], met["probability"]) == (82, 1) and pd.isna(met["low"])
    empty = table.loc["Energy use per unit of industrial value added"]
    assert empty[["last", "expected"]].isna().all() and empty["basis"] == "reference, not assessed"
    assert 0 < empty["probability"] < 1 and empty["asked"] == "−18 % (index 82)" and empty["remark"]
    computed = qc.assess(qc.load(as_of="2026-06-30"), "rd_spending", plan="china_15fyp", draws=50)
    assert review([computed], "zh")["asked"].tolist() == ["≥ 年均 7%（指数 140.3）"]


@pytest.mark.parametrize("lang, first", [("zh", "按章节"), ("en", "By section")])
def test_a_workbook_holds_numbers_and_runs_no_text_as_a_formula(answers, tmp_path, lang, first):
    book = openpyxl.load_workbook(io.BytesIO(export(answers, "=title", tmp_path / "a.xlsx", lang)))
    assert book.sheetnames[0] == first
    for sheet in book:
        assert not [cell for row in sheet for cell in row if cell.data_type == "f"]
    rows, columns = list(book[first].iter_rows(min_row=3, values_only=True)), list(review(answers, lang))
    assert len(rows) == len(answers) and rows[0][columns.index("last")] == 3.9
    forms = {name: book[first].cell(3, number).number_format for number, name in enumerate(columns, 1)}
    assert [forms[name] for name in ("probability", "expected", "last")] == ["0.0%", "0.0##", "General"]
    departments = [row[0] for row in book.worksheets[1].iter_rows(min_row=3, values_only=True)]
    assert {"甲局", "乙局"} <= set(departments) and departments == sorted(departments)


def test_a_document_has_a_heading_and_a_table_for_each_section_and_department(answers, tmp_path):
    book = docx.Document(io.BytesIO(export(answers, "标题", tmp_path / "a.docx", "zh")))
    headings = [p.text for p in book.paragraphs if p.style.name == "Heading 2"]
    assert len(book.tables) == len(headings) and {"第一部分", "甲局"} <= set(headings)
    assert {len(table.columns) for table in book.tables} == {len(PRINTED)}
    first = book.tables[: len({a.target.section for a in answers})]
    assert sum(len(table.rows) - 1 for table in first) == len(answers)
    assert book.tables[0].cell(1, 3).text == "2024 年：3.9"


def test_a_csv_file_quotes_what_a_spreadsheet_would_run_and_another_kind_is_refused(answers, tmp_path):
    read = pd.read_csv(io.BytesIO(export(answers, "", tmp_path / "a.csv", "zh")), encoding="utf-8-sig")
    assert "'=HYPERLINK" in read["指标"].str.cat() and read["最新值"].dtype == float
    assert read["2020 年"].iloc[0] == 3.48 and read["期限"].tolist() == [2025] * 5
    said = r"'\.doc'. Did you mean \".docx\"\? Known: \.xlsx, \.docx, \.csv"
    with pytest.raises(qc.QcityError, match=said):
        export(answers, "", tmp_path / "a.doc", "zh")

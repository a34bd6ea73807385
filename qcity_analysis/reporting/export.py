"""The review table of a plan as mid-term and final reviews print it: for a spreadsheet, a word processor, a program."""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..catalogue import check_language, join, say, text
from ..errors import QcityError, did_you_mean
from ..targets import section_order
from . import sentences
from .formatting import number, text_of, with_unit

PRINTED = {  # columns of the printed table, and their widths in centimetres
    "target": 4.2, "asked": 2.6, "base": 1.8, "last": 2.4, "elapsed": 2.2, "expected": 2.4, "conclusion": 2.8,
    "departments": 3.0, "remark": 5.3,
}  # fmt: skip
SHARES = ("elapsed", "progress", "probability")
RUNS = ("=", "+", "-", "@", "\t", "\r")  # spreadsheet programs run a text that begins so
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # neither workbook nor document may hold them


def review(answers: Sequence[Assessment], lang: str = "en") -> pd.DataFrame:
    """The review table of a plan: one row a target, in the order of the plan's sections.

    Columns: section, target, binding, asked, unit, base_year and base, last_year and last, elapsed (share of the time
    over at the last figure), progress (share of the way from base to bound), deadline, expected (the median there, or
    what came of it), low and high (90 %), conclusion, probability (1 and 0 once settled) and the headline it is of,
    departments, remark (in words). Figures are levels in `unit`; what is not known is empty, shares between 0 and 1.

    >>> table = review([qc.assess(qc.load(as_of="2024-06-30"), "rd_intensity")])
    >>> table[["target", "last_year", "last"]].to_dict("records")
    [{'target': 'R&D expenditure as a share of GDP', 'last_year': 2022, 'last': 3.82}]
    """
    check_language(lang)
    bases = [a.target.base_year for a in answers if a.target.base_year is not None]
    usual = max(bases, key=bases.count, default=None)
    return pd.DataFrame([_row(a, usual, lang) for a in _in_order(answers)])


def _in_order(answers: Sequence[Assessment]) -> list[Assessment]:
    return sorted(answers, key=lambda a: section_order(text_of(a.target.section)))


def _row(a: Assessment, usual: int | None, lang: str) -> dict[str, Any]:
    """One target: its figures as numbers, the rest as shown text; `usual` is the base year where it states none."""
    part = a.parts[-1] if a.status == "depends_on_definition" else a
    target, nothing, (last_year, last) = a.target, math.nan, part.newest
    base_year, (low, high) = target.base_year or usual, part.interval or (nothing, nothing)
    base = float(part.levels().get(base_year, nothing)) if part.tally is None else 0.0
    years = target.deadline - base_year if base_year else 0
    way = (part.bound if part.bound is not None else nothing) - base
    shown, word = sentences.chance(a, lang)
    return {
        "section": sentences.section_name(text_of(target.section), lang), "target": target.name(lang),
        "binding": say(f"binding_{target.binding}", lang) if target.binding else "",
        "asked": sentences.target_shown(part, lang) or sentences.ask(a, lang),
        "unit": sentences.axis_unit(part, lang),
        "base_year": base_year, "base": base, "last_year": last_year, "last": last,
        "elapsed": min((last_year - base_year) / years, 1.0) if base_year and last_year and years > 0 else nothing,
        "progress": (last - base) / way + 0.0 if way else nothing, "deadline": target.deadline,  # no -0.0
        "expected": a.outcome if a.outcome is not None else part.median, "low": low, "high": high,
        "conclusion": text("x_concluded", lang, word=word, chance=shown) if shown else sentences.status_shown(a, lang),
        "probability": a.headline_probability, "basis": sentences.goes_by(a, lang),
        "departments": join(a.target.responsible(lang), lang),
        "remark": sentences.headline(a, lang),
    }  # fmt: skip


def export(answers: Sequence[Assessment], title: str, path: Path, lang: str = "en") -> bytes:
    """The review table as the bytes of a file of the kind `path` names: .xlsx, .docx or .csv.

    In a workbook figures are numbers and shares percentages; a second sheet lists every target under each of its
    departments. A document has one table a section under a heading, and then one a department. No text is run as a
    formula. Raises QcityError for another kind of file.
    """
    writers = {".xlsx": _workbook, ".docx": _document, ".csv": _csv}
    if path.suffix.lower() not in writers:
        hint = did_you_mean(path.suffix, list(writers))
        raise QcityError(f"{path}: unknown kind of file {path.suffix!r}.{hint} Known: {', '.join(writers)}.")
    table = review(answers, lang).map(lambda cell: CONTROL.sub("", cell) if isinstance(cell, str) else cell)
    named = [[CONTROL.sub("", n) for n in a.target.responsible(lang)] for a in _in_order(answers)]
    each = table.assign(departments=named).explode("departments").fillna({"departments": ""})
    tables = {"section": table, "departments": each.sort_values("departments", kind="stable")}
    return writers[path.suffix.lower()](tables, CONTROL.sub("", title), _headings(table, lang), lang)


def _headings(table: pd.DataFrame, lang: str) -> dict[str, str]:
    """Column to heading; base and expected value are headed by their year where all targets share it."""
    heads = {name: text(f"x_{name}", lang) for name in table}
    for name, year in (("base", "base_year"), ("expected", "deadline")):
        if table[year].dropna().nunique() == 1:
            heads[name] = text(f"x_{name}_in", lang, year=int(table[year].dropna().iloc[0]))
    return heads


def _csv(tables: dict[str, pd.DataFrame], title: str, heads: dict[str, str], lang: str) -> bytes:
    """UTF-8 with a mark that spreadsheet programs look for; a text that would be run gets an apostrophe."""
    safe = tables["section"].map(lambda c: f"'{c}" if isinstance(c, str) and c.startswith(RUNS) else c)
    whole = dict.fromkeys(("base_year", "last_year", "deadline"), "Int64")
    return safe.astype(whole).rename(columns=heads).to_csv(index=False).encode("utf-8-sig")


def _workbook(tables: dict[str, pd.DataFrame], title: str, heads: dict[str, str], lang: str) -> bytes:
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as book:
        for key, rows in tables.items():
            rows.insert(0, key, rows.pop(key))
            name, names = text(f"x_by_{key.rstrip('s')}", lang), list(rows)
            rows.rename(columns=heads).to_excel(book, sheet_name=name, index=False, startrow=1)
            sheet = book.sheets[name]
            sheet["A1"] = title
            for cell in itertools.chain(*sheet.iter_rows()):
                cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type  # never a formula
                cell.alignment = Alignment(wrap_text=cell.row > 1, vertical="top")
                if (kind := names[cell.column - 1]) in SHARES:
                    cell.number_format = "0.0%"
                elif kind in ("expected", "low", "high") and isinstance(cell.value, float) and cell.value % 1:
                    cell.number_format = "0.0##"  # whole numbers and published digits stay as they are
            for column, name in enumerate(names, 1):
                sheet.column_dimensions[get_column_letter(column)].width = 5 * PRINTED.get(name, 2.4)
            sheet.freeze_panes = "C3"
            sheet.auto_filter.ref = f"A2:{get_column_letter(len(names))}{len(rows) + 2}"
            sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
            sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return content.getvalue()


def _document(tables: dict[str, pd.DataFrame], title: str, heads: dict[str, str], lang: str) -> bytes:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    book = Document()
    page, font = book.sections[0], book.styles["Normal"].font
    page.orientation, page.page_width, page.page_height = WD_ORIENT.LANDSCAPE, Cm(29.7), Cm(21)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(1.5)
    font.size = Pt(9)
    for style in ("Normal", "Title", "Heading 1", "Heading 2"):
        book.styles[style].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "SimSun")
    book.add_heading(title, 0)
    for key, rows in tables.items():
        book.add_heading(text(f"x_by_{key.rstrip('s')}", lang), 1)
        for name, mine in rows.groupby(key, sort=False):
            book.add_heading(text_of(name) or text("p_no_department", lang), 2)
            grid = book.add_table(1, len(PRINTED), "Table Grid")
            grid.autofit = False
            grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # repeated on every sheet
            for cell, column in zip(grid.rows[0].cells, PRINTED, strict=True):
                cell.paragraphs[0].add_run(heads[column]).bold = True
            for row in mine.to_dict("records"):
                for cell, column in zip(grid.add_row().cells, PRINTED, strict=True):
                    cell.text = _printed(row, column, lang)
            for row in grid.rows:
                for cell, width in zip(row.cells, PRINTED.values(), strict=True):
                    cell.width = Cm(width)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _printed(row: dict[str, Any], column: str, lang: str) -> str:
    """A cell of the printed table: a figure with its year, the time with the way made, a value with its range."""
    value = row[column]
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "–"
    if column == "elapsed":
        shares = [number(100 * row[name], digits=0) for name in SHARES[:2] if not pd.isna(row[name])]
        done, made = [*(with_unit(share, "%", lang) for share in shares), "–"][:2]
        return text("x_schedule", lang, elapsed=done, progress=made)
    if column == "last":
        return text("in_year", lang, value=number(value), year=int(row["last_year"]))
    if column == "expected" and not pd.isna(row["low"]):
        ends = {"value": value, "low": row["low"], "high": row["high"]}
        said = {name: number(one, beside=[*ends.values()]) for name, one in ends.items()}
        return text("x_range", lang, **said)
    return number(value)

"""Kinds of faults of real files: each is read right, refused with its place, or asked about.

`importing_kinds.json` holds each kind with its neighbours: file, rule, and every figure and message that come of it.
"""

import datetime as dt
import json
from pathlib import Path

import openpyxl
import pytest
from packages import indicator, package

from qcity_analysis.importing.importing import import_figures
from qcity_analysis.problems import DataError

KINDS = json.loads(Path(__file__).with_name("importing_kinds.json").read_text("utf-8"))
UNITS = {"pop": "万人", "gdp": "亿元", "share": "%", "chg": "%", "eint": "吨标准煤/万元"}
NAMES = {"pop": "常住人口", "gdp": "地区生产总值", "share": "占比", "chg": "变化", "eint": "单位GDP能耗"}
SUPPORT = {"share": "percent", "chg": "real"}
REGIONS = [
    {"region": "nj", "name_zh": "南京市", "name_en": "Nanjing"},
    {"region": "sz", "name_zh": "苏州市", "name_en": "Suzhou"},
]


def written(folder, kind):
    """The file of a case: text as it stands, or a list of rows as a workbook (D2018-12-31 is a date)."""
    if isinstance(kind["content"], str):
        file = folder / str(kind.get("file", "a.csv"))
        file.write_bytes(kind["content"].encode(kind["encoding"]))
        return file
    book = openpyxl.Workbook()
    sheet = book.active
    for row in kind["content"]:
        sheet.append([dt.datetime.fromisoformat(c[1:]) if str(c).startswith("D2") else c for c in row])
    for top, left, bottom, right in kind["more"].get("merged", ()):
        sheet.merge_cells(None, top + 1, left + 1, bottom + 1, right + 1)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def outcome(file, how, data):
    """Every figure that is not as usual in a line, and every problem in full."""
    try:
        done = import_figures(file, how, data=data)
    except DataError as error:
        return list(map(str, error.problems))
    lines = []
    for row in (one.row for one in done.figures):
        words = [{"final": "", "level": ""}.get(row[key], row[key]) for key in ("status", "measure")]
        keys = ("indicator_id", "region", "period", "value")
        lines.append(" ".join(filter(None, [*(row[key] for key in keys), *words])))
    return lines + [str(problem) for problem in (*done.refused, *done.warnings)]


@pytest.mark.parametrize("kind", KINDS, ids=[kind["case"] for kind in KINDS])
def test_no_wrong_value_goes_in_without_a_word(tmp_path, kind):
    of = {name: {"unit": unit, "unit_zh": unit, "name_zh": NAMES[name]} for name, unit in UNITS.items()}
    indicators = [indicator(name, support=SUPPORT.get(name, "positive"), **of[name]) for name in of]
    data = package(tmp_path / "data", observations=[], targets=[], indicators=indicators, regions=REGIONS)
    source = {"publisher": "P", "title": "T", "date": "2025-01-01"}
    how = {"region": "nj", "source": source, "figures": [kind["rule"]], **kind["more"]}
    how.pop("merged", None)
    assert outcome(written(tmp_path, kind), how, data) == kind["expected"]

"""Hostile names through every door: as typed where a text may stand, escaped where shown, refused as identifiers."""

import csv
import datetime as dt
import io
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from packages import indicator, package, target

import qcity_analysis as qc
from qcity_analysis.data.write import add_figure, new_plan, rows_of
from qcity_analysis.importing.importing import import_figures, plan_from, starter
from qcity_analysis.reporting import show
from qcity_analysis.reporting.export import export
from qcity_analysis.running.report import list_jobs
from qcity_analysis.trackrecord import ledger

NAMES = {"markup": "<script>alert(1)</script>&\"'", "formula": '=HYPERLINK("x")', "path": "../../evil", "nul": "a\0b",
         "long": "长" * 3000, "right to left": "\u202eevil\u202c مدينة", "yaml": "a: #b {c}|*"}  # fmt: skip
FIGURE = {"indicator_id": "widgets", "region": "testville", "period": "2024", "value": "18"}
DAY = dt.date(2026, 1, 1)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_goes_through_every_door_as_typed_escaped_or_refused(tmp_path, name, shown):
    home, both = tmp_path / "home", {"name_zh": name, "name_en": name}
    data = package(home / "data", indicators=[indicator("widgets", **both)], targets=[target(**both)],
                   regions=[{"region": "testville", **both}])  # fmt: skip
    with (home / "a.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["地区", "指标", "单位", "2023年"], [name, name, "points", "17"]])
    # import by the mapping that is suggested, add, a plan made from the file
    how = re.sub('(publisher|title): ""', r"\1: P", starter(home / "a.csv", data))
    (home / "map.yaml").write_text(how.replace('date: ""', "date: 2024-11"), "utf-8")
    (figure,) = import_figures(home / "a.csv", home / "map.yaml", data=data, write=True).new
    assert (figure.row["region"], figure.row["value"]) == ("testville", "17")
    add_figure(data, FIGURE, {"publisher": name, "title": name, "date": "2025-03"})
    assert rows_of(data / "sources.csv")[-1]["title"] == name
    plan = plan_from(home / "a.csv", "made", home / "made", "", DAY)
    assert rows_of(plan / "regions.csv")[0]["name_zh"] == name and qc.check(plan) == []
    # it is no identifier: refused with its place, and no plan
    with pytest.raises(qc.DataError) as error:
        qc.load(package(home / "other", targets=[target(name)]))
    (told,) = error.value.problems
    assert (told.file, told.row, told.column, told.found) == ("targets.csv", 2, "target_id", name)
    same = [*map(target, ("scorecard", "OO", "Oo")), target(plan="own")]
    with pytest.raises(qc.QcityError, match="would be named made_up_scorecard.en, made_up_oo.en, own: "):
        list_jobs(qc.load(package(home / "twice", targets=same)), None, ["en"])
    with pytest.raises(qc.QcityError, match="cannot be the name of a plan"):
        new_plan(name, home / "plan", "", DAY)
    # panel, ledger, card, export
    frame = pd.DataFrame({name: range(10, 20)}, index=range(2010, 2020), dtype=float)
    assert {key[0] for key in qc.forecast_panel(frame, horizon=1).quantiles().index} == {name}
    answer = qc.assess(qc.load(data, as_of=DAY), "goal", draws=100)
    ledger.record(answer, home / "ledger", "hash")
    assert ledger.read(home / "ledger")["target_id"].tolist() == ["goal"]
    show.section("notes", "en", name)
    assert "<script>" not in "".join(answer._repr_mimebundle_().values()).replace("\\<", "") + shown.words()
    text, book, document = (export([answer], name, home / f"a{kind}") for kind in (".csv", ".xlsx", ".docx"))
    cell = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))[1][1]
    assert cell == "'" * (name[0] == "=") + name.replace("\0", "")
    rows = [row for sheet in openpyxl.load_workbook(io.BytesIO(book)) for row in sheet.iter_rows()]
    assert "f" not in {cell.data_type for row in rows for cell in row}
    assert b"<script>" not in zipfile.ZipFile(io.BytesIO(document)).read("word/document.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]

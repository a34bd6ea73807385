"""Identifiers of the data name files: none of them leads out of the folder that is written to."""

from __future__ import annotations

import packages
import pytest

from qcity_analysis.data.load import check, load
from qcity_analysis.data.schema import CELL, TABLES
from qcity_analysis.errors import QcityError
from qcity_analysis.files import inside
from qcity_analysis.problems import DataError
from qcity_analysis.running.report import run_report

ESCAPE = "../../../../escaped/evil"
BAD = [ESCAPE, "..", "a/b", "a\\b", "/etc/x", ".hidden", "a..b", "a b", "a\nb", "<b>x", "x" * 81, "南" * 27]
GOOD = ["rd_intensity", "a-b.c", "_x", "-x", "南京.2025", "Ä1"]
COLUMNS = ["plan", "target_id", "indicator_id", "region", "source_id"]


def made(tmp_path, column, name):
    """A package in which one identifier is `name`, everywhere where it stands."""
    rows = {"plan": "made_up", "target_id": "goal", "indicator_id": "widgets", "region": "testville"}
    rows |= {"source_id": "bulletin", column: name}
    shared = {key: rows[key] for key in ("indicator_id", "region", "source_id")}
    source = {"source_id": rows["source_id"], "publisher": "Office", "title": "Bulletin", "date": "2024"}
    return packages.package(
        tmp_path / "data",
        targets=[packages.target(**rows)],
        indicators=[packages.indicator(rows["indicator_id"])],
        observations=packages.figures(packages.STEADY, **shared),
        sources=[source],
        regions=[{"region": rows["region"], "name_zh": "测试城", "name_en": "Testville"}],
    )


def test_what_an_identifier_is_holds_for_every_column_that_names_a_file():
    assert [name for name in GOOD if not CELL["identifier"](name)] == []
    assert [name for name in BAD if CELL["identifier"](name)] == []
    named = {c.name for table in TABLES.values() for c in table.columns if c.holds == "identifier"}
    assert named == {*COLUMNS, "parent"}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_identifier_that_could_lead_elsewhere_is_refused_with_its_place(tmp_path, column):
    assert [p for p in check(made(tmp_path, column, GOOD[-2])) if p.level == "error"] == []
    folder = made(tmp_path, column, ESCAPE)
    named = [p for p in check(folder) if p.level == "error" and p.column == column]
    assert named and all("no . at the beginning" in p.allowed for p in named)
    assert all("不以 . 开头" in p.line("zh") for p in named)
    with pytest.raises(DataError):
        load(folder)


def test_nothing_is_written_outside_when_the_data_name_a_path(tmp_path):
    folder = made(tmp_path, "target_id", ESCAPE)
    with pytest.raises(DataError):
        run_report(data_dir=folder, out_dir=tmp_path / "deep" / "er" / "reports")
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.mark.parametrize("path", ["../x.html", "a/../../x", "/etc/x"])
def test_a_path_that_leads_out_is_refused_whatever_the_data_say(tmp_path, path):
    with pytest.raises(QcityError, match="leads out of the folder"):
        inside(tmp_path, path)

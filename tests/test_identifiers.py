"""Identifiers of the data name files: none of them leads out of the folder that is written to."""

from __future__ import annotations

import packages
import pytest

from qcity_analysis.data.load import check, load
from qcity_analysis.errors import QcityError
from qcity_analysis.problems import DataError
from qcity_analysis.running.report import run_report

BAD = [
    "../../../../escaped/evil",
    "..",
    "a/b",
    "a\\b",
    "/etc/x",
    ".hidden",
    "a..b",
    "a b",
    "a\nb",
    "<b>x",
    "x" * 81,
    "南" * 27,
]
GOOD = ["rd_intensity", "a-b.c", "_x", "-x", "南京.2025", "Ä1"]


def made(tmp_path, column, name):
    """A package in which one identifier is `name`, everywhere where it stands."""
    rows = {
        "plan": "made_up",
        "target_id": "goal",
        "indicator_id": "widgets",
        "region": "testville",
        "source_id": "bulletin",
    }
    rows |= {column: name}
    shared = {key: rows[key] for key in ("indicator_id", "region", "source_id")}
    return packages.package(
        tmp_path / "data",
        targets=[packages.target(**rows)],
        indicators=[packages.indicator(rows["indicator_id"])],
        observations=packages.figures(packages.STEADY, **shared),
        sources=[
            {"source_id": rows["source_id"], "publisher": "Office", "title": "Bulletin", "date": "2024"}
        ],
        regions=[{"region": rows["region"], "name_zh": "测试城", "name_en": "Testville"}],
    )


@pytest.mark.parametrize("column", ["plan", "target_id", "indicator_id", "region", "source_id"])
@pytest.mark.parametrize("name", BAD)
def test_an_identifier_that_could_lead_elsewhere_is_refused_with_its_place(tmp_path, column, name):
    problems = check(made(tmp_path, column, name))
    named = [p for p in problems if p.level == "error" and p.column == column]
    assert named and all("no . at the beginning" in p.allowed for p in named)
    assert all("不以 . 开头" in p.line("zh") for p in named)
    with pytest.raises(DataError):
        load(made(tmp_path, column, name))


@pytest.mark.parametrize("column", ["plan", "target_id", "indicator_id", "region", "source_id"])
@pytest.mark.parametrize("name", GOOD)
def test_ordinary_identifiers_are_read(tmp_path, column, name):
    assert [p for p in check(made(tmp_path, column, name)) if p.level == "error"] == []


def test_nothing_is_written_outside_when_the_data_name_a_path(tmp_path):
    folder = made(tmp_path, "target_id", "../../../../escaped/evil")
    with pytest.raises(DataError):
        run_report(data_dir=folder, out_dir=tmp_path / "deep" / "er" / "reports")
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_a_path_that_leads_out_is_refused_whatever_the_data_say(tmp_path):
    from qcity_analysis.files import inside

    for path in ("../x.html", "a/../../x", "/etc/x"):
        with pytest.raises(QcityError, match="leads out of the folder"):
            inside(tmp_path, path)

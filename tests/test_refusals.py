"""Bad input whose full message no other test names: declarations, mappings, files, and changes made meanwhile."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from packages import figure, figures, indicator, package, target

import qcity_analysis as qc
from qcity_analysis.data.write import replace
from qcity_analysis.errors import QcityError
from qcity_analysis.importing.importing import import_figures, undo_import
from qcity_analysis.importing.sheets import read_grids, read_spreadsheet, read_text
from qcity_analysis.problems import DataError

SOURCE = {"publisher": "P", "title": "T", "date": "2024-11"}
RULE = {"name": "小部件", "indicator": "widgets", "unit": "points", "region": "testville"}
OLDER = indicator("old")
SPLICED = {"splice": "ratio", "splice_year": 2020, "continues": "old", "splice_reason_en": "same"}

TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "a scaled sum": (
        {"indicators": [indicator("widgets", derived="sum", inputs="old", factor=2), OLDER]},
        "indicators.csv, row 2, column factor: found '2'; allowed: empty: a sum is not scaled; correct it, or leave it "
        "out",
    ),
    "a splice without a reason in Chinese": (
        {"indicators": [indicator("widgets", **SPLICED), OLDER]},
        "indicators.csv, row 2, column splice_reason_zh: found ''; allowed: the reason in Chinese; say why the two "
        "definitions may be linked",
    ),
    "a level without a side": (
        {"targets": [target(direction="increase")]},
        "targets.csv, row 2, column direction: found 'increase'; allowed: at_least, at_most; a target with a "
        "threshold says on which side it is met",
    ),
    "a cumulative change without a base": (
        {"observations": [figure(2020, -8, measure="cumulative_change_pct")]},
        "observations.csv, row 2, column base_period: found ''; allowed: the year the cumulative change is measured "
        "against; write it as 2020",
    ),
    "months that are no number": (
        {"indicators": [indicator("widgets", publication_lag_months="three")]},
        "indicators.csv, row 2, column publication_lag_months: found 'three'; allowed: a whole number; write it with "
        "digits only",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_what_a_table_says_wrongly_is_named_with_its_place(tmp_path: Path, name: str) -> None:
    tables, message = TABLES[name]
    assert [str(p) for p in qc.check(package(tmp_path, **tables)) if p.level == "error"] == [message]


MAPPINGS: dict[str, tuple[Any, str]] = {
    "a list": (
        {"source": "P", "figures": [RULE]},
        "mapping, column source: found 'P'; allowed: entries as source_id: …; see `qcity import FILE --suggest` for a "
        "starter",
    ),
    "conditions that are no columns": (
        {"source": SOURCE, "figures": [RULE | {"where": "REF_AREA"}]},
        "mapping, column where: found 'REF_AREA'; allowed: columns and texts; write it as {REF_AREA: NJ}",
    ),
    "a name that is nearly there": (
        {"source": SOURCE, "figures": [RULE | {"name": "小部"}]},
        "mapping, column name: found '小部'; allowed: a name in the file; write it as it stands there, or remove the "
        'entry. Did you mean "小部件"?',
    ),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_what_a_mapping_says_wrongly_is_named(tmp_path: Path, name: str) -> None:
    how, message = MAPPINGS[name]
    data = package(tmp_path / "data")
    (tmp_path / "a.csv").write_text("指标,2023年\n小部件,17\n", "utf-8")
    with pytest.raises(DataError) as error:
        import_figures(tmp_path / "a.csv", how, data=data)
    assert message in [str(p) for p in error.value.problems]


def test_a_missing_mapping_says_how_to_begin(tmp_path: Path) -> None:
    data = package(tmp_path / "data")
    (tmp_path / "a.csv").write_text("指标,2023年\n小部件,17\n", "utf-8")
    with pytest.raises(DataError) as error:
        import_figures(tmp_path / "a.csv", tmp_path / "no.yaml", data=data)
    assert [str(p) for p in error.value.problems] == [
        "no.yaml: found 'no such file'; allowed: a YAML file; name an existing file; `qcity import FILE --suggest` "
        "writes a starter mapping"
    ]


def test_a_text_file_has_no_sheets(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("指标,2023年\n小部件,17\n", "utf-8")
    with pytest.raises(QcityError) as error:
        read_grids(tmp_path / "a.csv", ["表1"])
    assert str(error.value) == "a.csv: no sheet named '表1'. Sheets: none, it is not a workbook"


def test_a_text_table_with_a_cell_beyond_all_size_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"a,b\n1,{'x' * 140_000}\n", "utf-8")
    with pytest.raises(DataError) as error:
        read_text(tmp_path / "a.csv")
    assert [str(p) for p in error.value.problems] == [
        "a.csv, row 2: found 'field larger than field limit (131072)'; allowed: a text table; save the file again as "
        "CSV UTF-8"
    ]


def test_a_workbook_with_a_password_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import python_calamine

    def locked(path: str) -> None:
        raise python_calamine.PasswordError("encrypted")

    monkeypatch.setattr(
        python_calamine, "CalamineWorkbook", type("Locked", (), {"from_path": staticmethod(locked)})
    )
    with pytest.raises(DataError) as error:
        read_spreadsheet(tmp_path / "a.xlsx")
    assert [str(p) for p in error.value.problems] == [
        "a.xlsx: found 'a password'; allowed: an Excel workbook (.xlsx or .xls); save a copy without a password"
    ]


def test_a_file_changed_by_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"theirs")
    with pytest.raises(QcityError) as error:
        replace(tmp_path, {"a.csv": b"mine"}, based_on={"a.csv": b"old"})
    assert (
        str(error.value)
        == f"{tmp_path / 'a.csv'} was changed by somebody else meanwhile; run the command again"
    )
    assert (tmp_path / "a.csv").read_bytes() == b"theirs"


def test_an_import_whose_file_was_deleted_since_is_not_undone(tmp_path: Path) -> None:
    data = package(tmp_path / "data", observations=figures({2020: 1.0}))
    (tmp_path / "a.csv").write_text("指标,2023年\n小部件,17\n", "utf-8")
    import_figures(tmp_path / "a.csv", {"source": SOURCE, "figures": [RULE]}, data=data, write=True)
    (data / "sources.csv").unlink()
    with pytest.raises(QcityError) as error:
        undo_import(data)
    said = str(error.value)
    assert "cannot be undone: sources.csv has been deleted since. Take the later change back first; " in said
    assert len((data / "observations.csv").read_text("utf-8").splitlines()) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix rights")
def test_a_list_of_refused_cells_that_cannot_be_written_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qcity_analysis.importing import importing

    def full(path: Path, content: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "write_whole", full)
    with pytest.raises(QcityError) as error:
        importing.list_refused(tmp_path / "a.csv", [])
    assert str(error.value) == (
        f"{tmp_path / 'a.refused.csv'}: cannot write the list of refused cells (No space left on device); "
        "import a copy of a.csv from a folder that can be written"
    )

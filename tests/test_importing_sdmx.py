"""SDMX-CSV by itself, SDMX-ML and SDMX-JSON through sdmx1: the same figures from each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from packages import package

from qcity_analysis.errors import QcityError
from qcity_analysis.importing.importing import import_figures
from qcity_analysis.importing.layout import read_layout
from qcity_analysis.importing.sheets import read_grids
from qcity_analysis.problems import DataError

CSV_2 = """\
STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,OBS_STATUS
dataflow,X:DF(1.0),I,NJ,WID,2020,13.90,PT,A
dataflow,X:DF(1.0),I,NJ,WID,2023,17.5,PT,P
dataflow,X:DF(1.0),I,SZ,WID,2023,18,PT,A
"""
CSV_LABELS = """\
STRUCTURE;STRUCTURE_ID;ACTION;REF_AREA: Area;INDICATOR: What;TIME_PERIOD: T;OBS_VALUE: V;UNIT_MEASURE: U;OBS_STATUS: S
dataflow;X:DF(1.0): Flow;I;NJ: Nanjing;WID: Widgets;2020: 2020;13.90;PT: Points;A: Normal
dataflow;X:DF(1.0): Flow;I;NJ: Nanjing;WID: Widgets;2023: 2023;17.5;PT: Points;P: Provisional
dataflow;X:DF(1.0): Flow;I;SZ: Shenzhen;WID: Widgets;2023: 2023;18;PT: Points;A: Normal
"""
CSV_1 = "\n".join(
    line.replace("STRUCTURE,STRUCTURE_ID,ACTION", "DATAFLOW").replace("dataflow,X:DF(1.0),I", "X:DF(1.0)")
    for line in CSV_2.splitlines()
)
SPACES = (
    'xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
    'xmlns:gen="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic" '
    'xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"'
)
HEADER = """<mes:Header><mes:ID>x</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2024-01-01T00:00:00</mes:Prepared>
<mes:Sender id="X"/><mes:Structure structureID="DS" dimensionAtObservation="TIME_PERIOD"><com:Structure>
<Ref id="DS" agencyID="X" version="1.0" class="DataStructure"/></com:Structure></mes:Structure></mes:Header>"""


def series(area: str, figures: dict[str, tuple[str, str]]) -> str:
    obs = "".join(
        f'<gen:Obs><gen:ObsDimension value="{year}"/><gen:ObsValue value="{value}"/><gen:Attributes>'
        f'<gen:Value id="OBS_STATUS" value="{status}"/></gen:Attributes></gen:Obs>'
        for year, (value, status) in figures.items()
    )
    return (
        f'<gen:Series><gen:SeriesKey><gen:Value id="REF_AREA" value="{area}"/><gen:Value id="INDICATOR" value="WID"/>'
        '</gen:SeriesKey><gen:Attributes><gen:Value id="UNIT_MEASURE" value="PT"/></gen:Attributes>'
        f"{obs}</gen:Series>"
    )


XML = (
    f'<?xml version="1.0" encoding="UTF-8"?><mes:GenericData {SPACES}>{HEADER}<mes:DataSet structureRef="DS">'
    + series("NJ", {"2020": ("13.90", "A"), "2023": ("17.5", "P")})
    + series("SZ", {"2023": ("18", "A")})
    + "</mes:DataSet></mes:GenericData>"
)


def _dimension(name: str, place: int, values: list[str]) -> dict[str, Any]:
    return {"id": name, "name": name, "keyPosition": place, "values": [{"id": v, "name": v} for v in values]}


JSON = json.dumps({
    "header": {"id": "x", "test": False, "prepared": "2024-01-01T00:00:00", "sender": {"id": "X", "name": "X"}},
    "structure": {
        "name": "n",
        "dimensions": {
            "dataset": [],
            "series": [_dimension("REF_AREA", 0, ["NJ", "SZ"]), _dimension("INDICATOR", 1, ["WID"])],
            "observation": [_dimension("TIME_PERIOD", 2, ["2020", "2023"])],
        },
        "attributes": {
            "dataSet": [],
            "series": [{"id": "UNIT_MEASURE", "name": "u", "values": [{"id": "PT", "name": "points"}]}],
            "observation": [{"id": "OBS_STATUS", "name": "s", "values": [{"id": "A", "name": "a"},
                                                                        {"id": "P", "name": "p"}]}],
        },
    },
    "dataSets": [{"action": "Information", "series": {
        "0:0": {"attributes": [0], "observations": {"0": [13.9, 0], "1": [17.5, 1]}},
        "1:0": {"attributes": [0], "observations": {"1": [18, 0]}},
    }}],
})  # fmt: skip

FILES = {"csv2.csv": CSV_2, "labels.csv": CSV_LABELS, "csv1.csv": CSV_1, "a.xml": XML, "a.json": JSON}
MAPPING: dict[str, Any] = {
    "source": {"publisher": "P", "title": "T", "date": "2024-06"},
    "figures": [
        {"where": {"REF_AREA": "NJ", "INDICATOR": "WID"}, "indicator": "widgets", "region": "testville", "factor": 1},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_form_of_sdmx_gives_the_same_figures(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], "utf-8")
    done = import_figures(tmp_path / name, MAPPING, data=package(tmp_path / "data"))
    got = [
        (f.kind, f.row["period"], float(f.row["value"]), f.row["status"], f.row["unit"]) for f in done.figures
    ]
    assert got == [
        ("unchanged", "2020", 13.9, "final", "points"),
        ("added", "2023", 17.5, "preliminary", "points"),
    ]
    assert {name: count for name, (count, _) in done.left_out.items()} == {"WID SZ": 1}


def test_sdmx_csv_keeps_every_digit_and_the_line_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV_2, "utf-8")
    (grid,) = read_grids(tmp_path / "a.csv")
    assert grid.opened_as == "SDMX-CSV, UTF-8, comma"
    entry = read_layout(grid).entries[0]
    assert (entry.cell, entry.row, entry.column) == ("13.90", 2, "OBS_VALUE")


def refused(folder: Path, text: str, mapping: dict[str, Any] = MAPPING) -> list[str]:
    (folder / "a.csv").write_text(text, "utf-8")
    return [str(p) for p in import_figures(folder / "a.csv", mapping, data=package(folder / "data")).refused]


def test_a_deletion_is_refused_and_not_taken_for_a_figure(tmp_path: Path) -> None:
    assert refused(tmp_path, CSV_2.replace("I,NJ,WID,2023", "D,NJ,WID,2023")) == [
        "a.csv, row 3, column ACTION: found 'D'; allowed: a figure (action I, A, M or R); "
        "a figure held is never deleted by an import: set it right in corrections.yaml"
    ]


def test_a_status_without_a_meaning_here_is_refused_until_it_is_declared(tmp_path: Path) -> None:
    broken = CSV_2.replace("17.5,PT,P", "17.5,PT,B")
    assert refused(tmp_path, broken) == [
        "a.csv, row 3, column status: found 'B'; allowed: final, preliminary, estimate, illustrative; "
        "say what it means under `statuses:` in the mapping"
    ]
    assert refused(tmp_path, broken, MAPPING | {"statuses": {"B": "final"}}) == []


def test_a_multiplier_is_part_of_the_unit_and_has_to_be_declared(tmp_path: Path) -> None:
    lines = [line + (",UNIT_MULT" if k == 0 else ",3") for k, line in enumerate(CSV_2.splitlines())]
    with pytest.raises(DataError) as error:
        refused(tmp_path, "\n".join(lines), MAPPING | {"unit": "PT"})
    assert [str(p) for p in error.value.problems] == [
        "mapping, column unit: found 'PT'; allowed: the unit in the file, 'PT ×10^3'; a.csv says 'PT ×10^3': "
        "correct `unit:`"
    ]


def test_a_column_that_is_not_in_the_file_is_one_error(tmp_path: Path) -> None:
    wrong = MAPPING | {"figures": [{"where": {"AREA": "NJ"}, "indicator": "widgets", "region": "testville"}]}
    with pytest.raises(DataError) as error:
        refused(tmp_path, CSV_2, wrong)
    assert [str(p) for p in error.value.problems] == [
        "mapping, column where: found 'AREA'; allowed: a column of the file: STRUCTURE, STRUCTURE_ID, ACTION, "
        "REF_AREA, INDICATOR, TIME_PERIOD, OBS_VALUE, UNIT_MEASURE, OBS_STATUS; correct `where:`. "
        'Did you mean "REF_AREA"?'
    ]


def test_without_sdmx1_the_message_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.xml").write_text(XML, "utf-8")
    monkeypatch.setitem(sys.modules, "sdmx", None)
    with pytest.raises(QcityError) as error:
        read_grids(tmp_path / "a.xml")
    assert str(error.value) == (
        "a.xml: reading SDMX-ML and SDMX-JSON needs the package sdmx1; install it with "
        "pip install 'qcity-analysis[sdmx]', or export the data as SDMX-CSV"
    )


def test_sdmx_csv_needs_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sdmx", None)
    assert refused(tmp_path, CSV_2) == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.xml", "<a/>", "a file that cannot be read (Cannot determine SDMX-ML version)"),
        ("a.xml", XML.replace(series("SZ", {"2023": ("18", "A")}), "").split("<gen:Series>")[0]
         + "</mes:DataSet></mes:GenericData>", "no figure"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_data_message_is_one_error(
    tmp_path: Path, name: str, text: str, found: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(DataError) as error:
        read_grids(tmp_path / name)
    assert [str(p) for p in error.value.problems] == [
        f"{name}: found {found!r}; allowed: an SDMX-ML or SDMX-JSON data message; "
        "ask the publisher for a data message (not a structure), or export the data as SDMX-CSV"
    ]


@pytest.mark.parametrize("name", ["a.xml", "a.json"])
def test_a_broken_message_is_one_error_and_no_traceback(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name][:-40], "utf-8")
    with pytest.raises(DataError) as error:
        read_grids(tmp_path / name)
    (problem,) = error.value.problems
    assert problem.found.startswith("a file that cannot be read (")

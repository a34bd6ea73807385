"""SDMX-CSV by itself, SDMX-ML and SDMX-JSON through sdmx1: the same figures from each."""

import json
import sys

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
CSV_1 = CSV_2.replace("STRUCTURE,STRUCTURE_ID,ACTION", "DATAFLOW").replace(
    "dataflow,X:DF(1.0),I", "X:DF(1.0)"
)
URL = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
HEAD = f"""<?xml version="1.0" encoding="UTF-8"?><mes:GenericData xmlns:mes="{URL}/message"
xmlns:gen="{URL}/data/generic" xmlns:com="{URL}/common"><mes:Header><mes:ID>x</mes:ID><mes:Test>false</mes:Test>
<mes:Prepared>2024-01-01T00:00:00</mes:Prepared><mes:Sender id="X"/><mes:Structure structureID="DS"
dimensionAtObservation="TIME_PERIOD"><com:Structure><Ref id="DS" agencyID="X" version="1.0" class="DataStructure"/>
</com:Structure></mes:Structure></mes:Header><mes:DataSet structureRef="DS">"""
END = "</mes:DataSet></mes:GenericData>"
OBS = (
    '<gen:Obs><gen:ObsDimension value="{}"/><gen:ObsValue value="{}"/><gen:Attributes>'
    '<gen:Value id="OBS_STATUS" value="{}"/></gen:Attributes></gen:Obs>'
)
KEY = (
    '<gen:SeriesKey><gen:Value id="REF_AREA" value="{}"/><gen:Value id="INDICATOR" value="WID"/></gen:SeriesKey>'
    '<gen:Attributes><gen:Value id="UNIT_MEASURE" value="PT"/></gen:Attributes>'
)
NJ = KEY.format("NJ") + OBS.format("2020", "13.90", "A") + OBS.format("2023", "17.5", "P")
SZ = KEY.format("SZ") + OBS.format("2023", "18", "A")
XML = f"{HEAD}<gen:Series>{NJ}</gen:Series><gen:Series>{SZ}</gen:Series>{END}"


def _coded(name, *values, **more):
    return {"id": name, "name": name, "values": [{"id": v, "name": v} for v in values], **more}


AREAS, WHAT = _coded("REF_AREA", "NJ", "SZ", keyPosition=0), _coded("INDICATOR", "WID", keyPosition=1)
TIME = _coded("TIME_PERIOD", "2020", "2023", keyPosition=2)
DIMENSIONS = {"dataset": [], "series": [AREAS, WHAT], "observation": [TIME]}
UNIT, STATUS = [_coded("UNIT_MEASURE", "PT")], [_coded("OBS_STATUS", "A", "P")]
ATTRIBUTES = {"dataSet": [], "series": UNIT, "observation": STATUS}
JSON = json.dumps({
    "header": {"id": "x", "test": False, "prepared": "2024-01-01T00:00:00", "sender": {"id": "X", "name": "X"}},
    "structure": {"name": "n", "dimensions": DIMENSIONS, "attributes": ATTRIBUTES},
    "dataSets": [{"action": "Information", "series": {
        "0:0": {"attributes": [0], "observations": {"0": [13.9, 0], "1": [17.5, 1]}},
        "1:0": {"attributes": [0], "observations": {"1": [18, 0]}},
    }}],
})  # fmt: skip
FILES = {"csv2.csv": CSV_2, "labels.csv": CSV_LABELS, "csv1.csv": CSV_1, "a.xml": XML, "a.json": JSON}
WHERE = {"REF_AREA": "NJ", "INDICATOR": "WID"}
RULE = {"where": WHERE, "indicator": "widgets", "region": "testville", "factor": 1}
MAPPING = {"source": {"publisher": "P", "title": "T", "date": "2024-06"}, "figures": [RULE]}


@pytest.mark.parametrize("name", FILES)
def test_every_form_gives_the_same_figures(tmp_path, monkeypatch, name):
    if name.endswith(".csv"):
        monkeypatch.setitem(sys.modules, "sdmx", None)  # SDMX-CSV needs no package
    (tmp_path / name).write_text(FILES[name], "utf-8")
    done = import_figures(tmp_path / name, MAPPING, data=package(tmp_path / "data"))
    keys = ("period", "status", "unit")
    assert [(f.kind, float(f.row["value"]), *(f.row[key] for key in keys)) for f in done.figures] == [
        ("unchanged", 13.9, "2020", "final", "points"),
        ("added", 17.5, "2023", "preliminary", "points"),
    ]
    assert {name: count for name, (count, _) in done.left_out.items()} == {"WID SZ": 1}


def test_sdmx_csv_keeps_every_digit_and_the_line_in_the_file(tmp_path):
    (tmp_path / "a.csv").write_text(CSV_2, "utf-8")
    (grid,) = read_grids(tmp_path / "a.csv")
    assert grid.opened_as == "SDMX-CSV, UTF-8, comma"
    entry = read_layout(grid).entries[0]
    assert (entry.cell, entry.row, entry.column) == ("13.90", 2, "OBS_VALUE")


@pytest.mark.parametrize(("name", "text", "found"), [
    ("a.xml", "<a/>", "a file that cannot be read (Cannot determine SDMX-ML version)"),
    ("a.xml", HEAD + END, "no figure"),
    ("a.xml", XML[:-40], "a file that cannot be read ("), ("a.json", JSON[:-40], "a file that cannot be read ("),
])  # fmt: skip
def test_a_file_that_is_no_data_message_is_one_error(tmp_path, name, text, found):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(DataError) as error:
        read_grids(tmp_path / name)
    (problem,) = error.value.problems
    assert problem.found.startswith(found)
    assert (problem.file, problem.allowed) == (name, "an SDMX-ML or SDMX-JSON data message")


def test_without_sdmx1_it_says_how_to_install_it(tmp_path, monkeypatch):
    (tmp_path / "a.xml").write_text(XML, "utf-8")
    monkeypatch.setitem(sys.modules, "sdmx", None)
    with pytest.raises(QcityError, match=r"install it with pip install 'qcity-analysis\[sdmx\]', or export"):
        read_grids(tmp_path / "a.xml")

"""Reading and checking a package: every fault is named with its place, what is allowed and what to do."""

import datetime as dt

import pytest
from packages import CUT, STEADY, change, contents, figure, figures, indicator, loaded, package, target

from qcity_analysis.data.load import check, load
from qcity_analysis.data.read import read_table
from qcity_analysis.data.schema import CELL, TABLES, decimals, is_number
from qcity_analysis.data.write import add_figure
from qcity_analysis.errors import QcityError, unknown
from qcity_analysis.files import inside
from qcity_analysis.problems import DataError
from qcity_analysis.running.report import run_report
from qcity_analysis.series.annual import annual_series
from qcity_analysis.targets import find_target

TODAY = dt.date.today()
CUMULATIVE = {"measure": "cumulative_change_pct", "unit": "%"}
NUMBER = "a number; write it with digits and a point, as 3.48"
SUPPORT = "correct the value, or the indicator's support"
ADD = "add it there, or correct it."
KEY = "each key once; it stands in row 2 already: delete one, or give a revision its own `published` date"
UNIT = "convert the value, or correct the unit"


def errors(folder):
    return [str(problem) for problem in check(folder) if problem.level == "error"]


ROWS = [  # cells of a row of observations.csv, the column that is wrong, and what is allowed there
    ({"value": "about 3"}, "value", NUMBER),
    ({"value": "1,234"}, "value", NUMBER),
    ({"value": ""}, "value", "a value; fill the cell in, or delete the row"),
    ({"value": "1e400"}, "value", "0, or a size between 1e-100 and 1e+100; write it with digits and a point, as 3.48"),
    ({"period": "2021-13"}, "period", "a year, or a year to date as 2024-Q3 or 2024-08; write one period per row"),
    ({"published": "2022-02-30"}, "published", "a date as 2023-02-28, 2023-02 or 2023; "
     "write the day, month or year of publication as far as it is known"),
    ({"base_period": "2020.5"}, "base_period", "a year of four digits; write it as 2025"),
    ({"status": "finale"}, "status", 'final, preliminary, estimate, illustrative; choose one of them. '
     'Did you mean "final"?'),
    ({"qualifier": ">"}, "qualifier", '=, ~, >=, <=; choose one of them. Did you mean ">="?'),
    ({"indicator_id": "wigdets"}, "indicator_id", f'indicator_id of indicators.csv; {ADD} Did you mean "widgets"?'),
    ({"region": "testvile"}, "region", f'region of regions.csv; {ADD} Did you mean "testville"?'),
    ({"source_id": "buletin"}, "source_id", f'source_id of sources.csv; {ADD} Did you mean "bulletin"?'),
    ({"period": "2023", "published": "2022-06"}, "period", "a period that had begun when it was published (2022-06); "
     "correct the period or the date; a forecast or a target is not an observation"),
    ({"period": str(TODAY.year + 1), "published": ""}, "period", f"a period that has begun by {TODAY}; "
     "delete the row: a forecast or a target is not an observation"),
    ({"unit": "dozens"}, "unit", f"points; {UNIT}"),
    ({"measure": "change_pct", "unit": "kg"}, "unit", f"%; {UNIT}"),
    ({"measure": "change_pct", "unit": "%", "value": "-100"}, "value", "a change above -100 %; correct the value"),
    ({"indicator_id": "parts", "value": "101"}, "value", f"0 to 100; {SUPPORT}"),
    ({"indicator_id": "parts", "value": "-1"}, "value", f"0 to 100; {SUPPORT}"),
    ({"value": "-0.5"}, "value", f"0 or more; {SUPPORT}"),
    (CUMULATIVE | {"base_period": ""}, "base_period", "the year the cumulative change is measured against; "
     "write it as 2020"),
    (CUMULATIVE | {"period": "1972", "base_period": "1972"}, "base_period", "a year before 1972; correct one of them"),
]  # fmt: skip


def test_every_faulty_row_is_an_error_with_its_place_and_remedy_and_nothing_is_loaded(tmp_path):
    rows = [figure(1950 + k, 2) | cells for k, (cells, _, _) in enumerate(ROWS)]
    indicators = [indicator("widgets"), indicator("parts", support="percent")]
    before = contents(package(tmp_path, observations=rows, indicators=indicators))
    expected = [f"observations.csv, row {k}, column {column}: found {cells[column]!r}; allowed: {rest}" for k,
        (cells, column, rest) in enumerate(ROWS, 2)]  # fmt: skip
    assert sorted(errors(tmp_path)) == sorted(expected)
    with pytest.raises(DataError) as told:
        load(tmp_path)
    assert sorted(map(str, told.value.problems)) == sorted(expected)
    assert contents(tmp_path) == before


ZERO = "a value other than zero: target 'goal' is relative to 2020; correct the value, or the base year"
ONE = [  # tables of a package, and the one error they have
    ({"observations": [*figures({2020: 1, 2021: 2}), figure(2020, 1.5)]},
     "observations.csv, row 4, column indicator_id, region, period, measure, base_period, published: "
     f"found 'widgets / testville / 2020 / level / 2021-02-28'; allowed: {KEY}"),
    ({"targets": [target(), target(), target(plan="other")]},
     f"targets.csv, row 3, column plan, target_id: found 'made_up / goal'; allowed: {KEY}"),
    ({"targets": [target(indicator_id="widget")]}, "targets.csv, row 2, column indicator_id: found 'widget'; "
     f'allowed: indicator_id of indicators.csv; {ADD} Did you mean "widgets"?'),
    ({"indicators": [indicator("widgets", comparators="otherland/widgets;otherlnd/widgets")]},
     "indicators.csv, row 2, column comparators: found 'otherlnd/widgets'; "
     "allowed: region/indicator_id, several separated by ;; "
     'name a region and an indicator that exist. Did you mean "otherland"?'),
    ({"targets": [target(**(CUT | {"deadline": 2020}))]}, "targets.csv, row 2, column deadline: found '2020'; "
     "allowed: a year after the base year 2020; correct one of the two years"),
    ({"targets": [target(**(CUT | {"base_year": ""}))]}, "targets.csv, row 2, column base_year: found ''; "
     "allowed: the year the change is measured against; write it as 2020"),
    *(({"targets": [target(**CUT)], "observations": [figure(name, 0), figure(2021, 3)]},
       f"observations.csv, row 2, column value: found '0'; allowed: {ZERO}")
      for name in ("2020", "2020-12", "2020-Q4")),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "message"), ONE)
def test_a_fault_between_rows_or_tables_is_one_error(tmp_path, tables, message):
    assert errors(package(tmp_path, **tables)) == [message]


CLOSED = "allowed: cells of at most 131072 characters, quotes closed; shorten the text, or close the quotes"
NAMES = ", ".join(column.name for column in TABLES["observations"].columns)
FILES = [  # a file of the package, what becomes of its bytes (None: it is gone), and the one error
    ("observations", lambda raw: None, "observations.csv: found 'no such file'; allowed: the table 'observations'; "
     "create it in FOLDER, or name another folder"),
    ("observations", lambda raw: raw.replace(b"period,value", b"periods,value"),
     f"observations.csv, row 1, column period: found 'no such column'; allowed: {NAMES}; "
     'add the column period. Did you mean "periods"?'),
    *(("regions", edit, f"regions.csv, row {row}: found 'byte {byte} that is not UTF-8'; allowed: UTF-8 text; "
       "save the file again as 'CSV UTF-8'; the file was probably written in Latin-1 or GB18030")
      for row, byte, edit in ((2, "0xe9", lambda raw: "a,x,y,\r\nMontréal,x,y,\n".encode("latin-1")),
                              (5, "0xb2", lambda raw: raw + "\n,测试城,".encode("gb18030")))),
    ("regions", lambda raw: b"region,name_zh,name_en,parent\ntestville,a,b\notherland,c,d,\n",
     "regions.csv, row 2: found '3 cells'; allowed: 4 cells, as in the header; "
     "put text that holds a comma in double quotes"),
    *((name, lambda raw: raw + b'"' + b"x" * 131_073 + b'"\n',
       f"{name}.csv, row {row}: found 'field larger than field limit (131072)'; {CLOSED}")
      for name, row in {"observations": 9, "targets": 3, "sources": 3, "indicators": 3}.items()),
    *(("observations", lambda raw, cells=cells: raw.replace(cells, cells + b'"a note'),
       f"observations.csv, row {row}: found 'unexpected end of data'; {CLOSED}")
      for row, cells in ((8, b"2023-02-28,bulletin,,"), (6, b"2021-02-28,bulletin,,"))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "message"), FILES)
def test_a_file_that_cannot_be_read_is_one_error(tmp_path, name, edit, message):
    path = package(tmp_path) / f"{name}.csv"
    made = edit(path.read_bytes())
    path.unlink()
    if made is not None:
        path.write_bytes(made)
    assert errors(tmp_path) == [message.replace("FOLDER", str(tmp_path))]


def test_a_valid_package_has_no_problem_an_empty_file_no_column_and_a_bad_target_two(tmp_path):
    assert check(package(tmp_path), as_of="2024-12-31") == []
    for name in ("observations", "indicators", "targets", "sources"):
        (package(tmp_path / name) / f"{name}.csv").write_bytes(b"")
        assert {(p.file, p.found) for p in check(tmp_path / name)} == {(f"{name}.csv", "no such column")}
    package(tmp_path, targets=[target(threshold="", direction="increase")])
    assert [(p.column, p.found, p.allowed) for p in check(tmp_path) if p.level == "error"] == [
        ("threshold", "", "a number"), ("direction", "increase", "at_least, at_most"),
    ]  # fmt: skip


def test_warnings_of_a_file_and_of_its_figures_do_not_keep_it_from_loading(tmp_path):
    folder = package(tmp_path, observations=figures(STEADY | {2018: 1180.0}))
    (folder / "regions.csv").write_text("region,name_zh,name_en,mayor\ntestville,x,y,\notherland,x,y,\n")
    warnings = load(folder, as_of="2024-12-31").warnings
    assert [(p.level, p.row, p.column) for p in warnings[:2]] == [("warning", 1, "mayor"),
        ("warning", 4, "value")]  # fmt: skip
    assert list(warnings) == check(folder, as_of="2024-12-31")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_reads_the_same(tmp_path):
    path = package(tmp_path) / "observations.csv"
    plain, _ = read_table(path, "observations")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    again, problems = read_table(path, "observations")
    assert problems == [] and again.equals(plain)


def test_figures_thresholds_and_levels_keep_the_digits_typed_and_computed_levels_have_none(tmp_path):
    typed = {"１６．１": (16.1, 1), "－3．25": (-3.25, 2), "−4": (-4, 0), "12.0": (12, 1), "1100": (1100, 0)}
    rows = [change(2000 + k, written) for k, written in enumerate(typed)]
    made = loaded(tmp_path, observations=rows).observations
    assert list(made[["value", "decimals"]].itertuples(index=False, name=None)) == list(typed.values())
    assert is_number("0e99999999999999999999") and decimals("0e99999999999999999999") == 0
    rows = [figure(2019, "5.0"), figure(2020, "5.25"), change(2021, 10)]
    data = loaded(tmp_path, observations=rows, targets=[target(threshold="18.50")])
    assert find_target(data, "goal").decimals == 2 and data.targets["decimals"].tolist() == [2]
    series = annual_series(data, "widgets", "testville")
    assert dict(series.decimals) == {2019: 1, 2020: 2} and 2021 in series.known().index


def test_what_cannot_be_read_as_a_figure_or_threshold_is_refused_with_its_row(tmp_path):
    written = ["1e400", "1e301", "1e-320", "inf", "nan", "１，２３４", "٣", "16,1", "3.6①", "10²", "½", "Ⅷ", "16.1%",
               "１６．１％", "16 .1", "0x10", "1_000", "−", "1e99999999999999999999", "-1e-99999999999999999999",
               "9" * 400]  # fmt: skip
    assert [text for text in written if is_number(text)] == []
    rows = [figure(2000 + k, text) for k, text in enumerate(written)]
    targets = [target(f"t{k}", threshold=text) for k, text in enumerate(written)]
    with pytest.raises(DataError) as told:
        loaded(tmp_path, observations=rows, targets=targets)
    found = [(p.file, p.row, p.column) for p in told.value.problems if p.code in ("cell_number", "cell_size")]
    cells = (("targets.csv", "threshold"), ("observations.csv", "value"))
    assert found == [(file, k, column) for file, column in cells for k in range(2, len(written) + 2)]


@pytest.mark.parametrize("name", ["sources.csv", "indicators.csv"])
def test_adding_to_a_table_that_cannot_be_read_is_refused_by_file_and_line(tmp_path, name):
    figure_added = {"indicator_id": "widgets", "region": "testville", "period": "2023", "value": "17"}
    path = package(tmp_path) / name
    lines = path.read_bytes().count(b"\n")
    path.write_bytes(path.read_bytes() + (b'"' + b"x" * 131_073 + b'"\n' if name[0] == "s" else b"\xff\n"))
    with pytest.raises(DataError) as told:
        add_figure(tmp_path, figure_added, {"date": "2024-03", "publisher": "P", "title": "T"})
    assert {(p.file, p.row) for p in told.value.problems} == {(name, lines + 1)}


def test_a_long_list_of_names_is_cut_and_an_empty_one_is_none():
    names = [f"name{k:02}" for k in range(20)]
    for known, said in ((names, f"{', '.join(names[:12])}, …"), ([], "none")):
        told = f"unknown target 'q'. Known: {said}. `qcity list` shows all."
        assert str(unknown("target", "q", known)) == told


# Identifiers of the data name files: none of them leads out of the folder that is written to.
ESCAPE = "../../../../escaped/evil"
BAD = [ESCAPE, "..", "a/b", "a\\b", "/etc/x", ".hidden", "a..b", "a b", "a\nb", "<b>x", "x" * 81, "南" * 27,
       "a.", ".", "con", "NUL", "com1.txt", "Lpt9"]  # fmt: skip
GOOD = ["rd_intensity", "a-b.c", "_x", "icon", "con_2", "com10", "console.x", "-x", "南京.2025", "Ä1"]
IDENTIFIERS = {"plan": "made_up", "target_id": "goal", "indicator_id": "widgets", "region": "testville",
               "source_id": "bulletin"}  # fmt: skip


def named(folder, **names):
    """A package in which these identifiers have other names, everywhere where they stand."""
    ids = IDENTIFIERS | names
    shared = {key: ids[key] for key in ("indicator_id", "region", "source_id")}
    source = {"source_id": ids["source_id"], "publisher": "Office", "title": "Bulletin", "date": "2024"}
    region = {"region": ids["region"], "name_zh": "测试城", "name_en": "Testville"}
    return package(folder, targets=[target(**ids)], indicators=[indicator(ids["indicator_id"])], sources=[source],
                   observations=figures(STEADY, **shared), regions=[region])  # fmt: skip


def test_what_an_identifier_is_holds_for_every_column_that_names_a_file(tmp_path):
    assert [name for name in GOOD if not CELL["identifier"](name)] == []
    assert [name for name in BAD if CELL["identifier"](name)] == []
    held = {c.name for table in TABLES.values() for c in table.columns if c.holds == "identifier"}
    assert held == {*IDENTIFIERS, "parent"}
    assert errors(named(tmp_path, **dict.fromkeys(IDENTIFIERS, GOOD[-2]))) == []


def test_an_identifier_that_could_lead_elsewhere_is_refused_with_its_place_and_nothing_written(tmp_path):
    for column in IDENTIFIERS:
        folder = named(tmp_path / "data", **{column: ESCAPE})
        with pytest.raises(DataError) as error:
            run_report(data_dir=folder, out_dir=tmp_path / "deep" / "er" / "reports")
        told = [p for p in error.value.problems if p.level == "error" and p.column == column]
        assert told and all("no . at the beginning" in p.allowed for p in told)
        assert all("不以 . 开头" in p.line("zh") for p in told)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    for path in ("../x.html", "a/../../x", "/etc/x"):
        with pytest.raises(QcityError, match="leads out of the folder"):
            inside(tmp_path, path)

"""Reading and checking a package: every fault is named with its place, what is allowed and what to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from packages import (
    change,
    columns,
    contents,
    figure,
    figures,
    indicator,
    loaded,
    package,
    target,
    write_table,
)

from qcity_analysis.data.load import check, load
from qcity_analysis.data.read import read_table
from qcity_analysis.data.schema import decimals, is_number
from qcity_analysis.data.write import add_figure
from qcity_analysis.errors import QcityError, did_you_mean, unknown
from qcity_analysis.problems import DataError, Problem
from qcity_analysis.series.annual import annual_series
from qcity_analysis.targets import find_target

TODAY = dt.date.today()
CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}
CUMULATIVE = figure(2022, -8, measure="cumulative_change_pct")
SUPPORT = "correct the value, or the indicator's support"
LATE = "correct the period or the date; a forecast or a target is not an observation"


def errors(folder: Path) -> list[str]:
    """The errors of a package; the package must stay as it was, and loading must fail with the same."""
    before = contents(folder)
    problems = [p for p in check(folder) if p.level == "error"]
    if problems:
        with pytest.raises(DataError) as told:
            load(folder)
        assert told.value.problems == problems
    assert contents(folder) == before
    return [str(problem) for problem in problems]


def row_4(**cells: Any) -> dict[str, Any]:
    return {"observations": [*figures({2020: 1, 2022: 3}), figure(2021, 2) | cells]}


ONE = [  # tables of a package, and the one error they have
    (row_4(value="about 3"), "observations.csv, row 4, column value: found 'about 3'; allowed: a number; "
     "write it with digits and a point, as 3.48"),
    (row_4(value="1,234"), "observations.csv, row 4, column value: found '1,234'; allowed: a number; "
     "write it with digits and a point, as 3.48"),
    (row_4(value="nan"), "observations.csv, row 4, column value: found 'nan'; allowed: a number; "
     "write it with digits and a point, as 3.48"),
    (row_4(value=""), "observations.csv, row 4, column value: found ''; allowed: a value; "
     "fill the cell in, or delete the row"),
    (row_4(period="2021-13"), "observations.csv, row 4, column period: found '2021-13'; "
     "allowed: a year, or a year to date as 2024-Q3 or 2024-08; write one period per row"),
    (row_4(published="2022-02-30"), "observations.csv, row 4, column published: found '2022-02-30'; "
     "allowed: a date as 2023-02-28, 2023-02 or 2023; "
     "write the day, month or year of publication as far as it is known"),
    (row_4(base_period="20"), "observations.csv, row 4, column base_period: found '20'; "
     "allowed: a year of four digits; write it as 2025"),
    (row_4(status="finale"), "observations.csv, row 4, column status: found 'finale'; "
     'allowed: final, preliminary, estimate, illustrative; choose one of them. Did you mean "final"?'),
    (row_4(qualifier=">"), "observations.csv, row 4, column qualifier: found '>'; allowed: =, ~, >=, <=; "
     'choose one of them. Did you mean ">="?'),
    (row_4(indicator_id="wigdets"), "observations.csv, row 4, column indicator_id: found 'wigdets'; "
     'allowed: indicator_id of indicators.csv; add it there, or correct it. Did you mean "widgets"?'),
    (row_4(region="testvile"), "observations.csv, row 4, column region: found 'testvile'; "
     'allowed: region of regions.csv; add it there, or correct it. Did you mean "testville"?'),
    (row_4(source_id="buletin"), "observations.csv, row 4, column source_id: found 'buletin'; "
     'allowed: source_id of sources.csv; add it there, or correct it. Did you mean "bulletin"?'),
    (row_4(period="2023", published="2022-06"), "observations.csv, row 4, column period: found '2023'; "
     f"allowed: a period that had begun when it was published (2022-06); {LATE}"),
    (row_4(period=TODAY.year + 1, published=""), f"observations.csv, row 4, column period: found '{TODAY.year + 1}'; "
     f"allowed: a period that has begun by {TODAY}; delete the row: a forecast or a target is not an observation"),
    (row_4(unit="dozens"), "observations.csv, row 4, column unit: found 'dozens'; allowed: points; "
     "convert the value, or correct the unit"),
    (row_4(measure="change_pct"), "observations.csv, row 4, column unit: found 'points'; allowed: %; "
     "convert the value, or correct the unit"),
    ({"observations": [*figures({2020: 1, 2021: 2}), figure(2020, 1.5)]},
     "observations.csv, row 4, column indicator_id, region, period, measure, base_period, published: "
     "found 'widgets / testville / 2020 / level / 2021-02-28'; allowed: each key once; "
     "it stands in row 2 already: delete one, or give a revision its own `published` date"),
    ({"targets": [target(), target(), target(plan="other")]},
     "targets.csv, row 3, column plan, target_id: found 'made_up / goal'; allowed: each key once; "
     "it stands in row 2 already: delete one, or give a revision its own `published` date"),
    ({"targets": [target(indicator_id="widget")]},
     "targets.csv, row 2, column indicator_id: found 'widget'; allowed: indicator_id of indicators.csv; "
     'add it there, or correct it. Did you mean "widgets"?'),
    ({"indicators": [indicator("widgets", comparators="otherland/widgets;otherlnd/widgets")]},
     "indicators.csv, row 2, column comparators: found 'otherlnd/widgets'; "
     "allowed: region/indicator_id, several separated by ;; "
     'name a region and an indicator that exist. Did you mean "otherland"?'),
    *(({"targets": [target(**(CUT | {"deadline": year}))]},
       f"targets.csv, row 2, column deadline: found '{year}'; allowed: a year after the base year 2020; "
       "correct one of the two years") for year in (2020, 2015)),
    ({"targets": [target(**CUT)], "observations": figures({2019: 0, 2020: 0, 2021: 5})},
     "observations.csv, row 3, column value: found '0'; "
     "allowed: a value other than zero: target 'goal' is relative to 2020; correct the value, or the base year"),
    *(({"targets": [target(**CUT)], "observations": [figure(name, 0), figure(2021, 3)]},
       "observations.csv, row 2, column value: found '0'; "
       "allowed: a value other than zero: target 'goal' is relative to 2020; correct the value, or the base year")
      for name in ("2020-12", "2020-Q4")),
    ({"targets": [target(**(CUT | {"base_year": ""}))]},
     "targets.csv, row 2, column base_year: found ''; "
     "allowed: the year the change is measured against; write it as 2020"),
    *(({"indicators": [indicator("widgets", support=support)], "observations": [figure(2020, value)]},
       f"observations.csv, row 2, column value: found '{value}'; allowed: {allowed}; {SUPPORT}")
      for support, value, allowed in [
          ("percent", 101, "0 to 100"), ("percent", -1, "0 to 100"), ("positive", -0.5, "0 or more")]),
    ({"observations": [change(2020, -100)]}, "observations.csv, row 2, column value: found '-100'; "
     "allowed: a change above -100 %; correct the value"),
    ({"observations": [CUMULATIVE]}, "observations.csv, row 2, column base_period: found ''; "
     "allowed: the year the cumulative change is measured against; write it as 2020"),
    ({"observations": [CUMULATIVE | {"base_period": 2022}]}, "observations.csv, row 2, column base_period: "
     "found '2022'; allowed: a year before 2022; correct one of them"),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "message"), ONE)
def test_a_fault_is_one_error_with_its_place_and_remedy(
    tmp_path: Path, tables: dict[str, Any], message: str
) -> None:
    assert errors(package(tmp_path, **tables)) == [message]


def with_open_quote(raw: bytes, row: int) -> bytes:
    lines = raw.splitlines()
    lines[row - 1] = lines[row - 1].rsplit(b",", 1)[0] + b',"a note'
    return b"\n".join(lines) + b"\n"


NAMES = ", ".join(columns("observations"))
FILES = [  # a file of the package, what becomes of its bytes (None: it is gone), and the one error
    ("observations", lambda raw: None, "observations.csv: found 'no such file'; allowed: the table 'observations'; "
     "create it in FOLDER, or name another folder"),
    ("observations", lambda raw: raw.replace(b"period,value", b"periods,value"),
     f"observations.csv, row 1, column period: found 'no such column'; allowed: {NAMES}; "
     'add the column period. Did you mean "periods"?'),
    ("regions", lambda raw: "a,x,y,\r\nMontréal,x,y,\n".encode("latin-1"),
     "regions.csv, row 2: found 'byte 0xe9 that is not UTF-8'; allowed: UTF-8 text; "
     "save the file again as 'CSV UTF-8'; the file was probably written in Latin-1 or GB18030"),
    ("regions", lambda raw: raw + "\n,测试城,".encode("gb18030"),
     "regions.csv, row 5: found 'byte 0xb2 that is not UTF-8'; allowed: UTF-8 text; "
     "save the file again as 'CSV UTF-8'; the file was probably written in Latin-1 or GB18030"),
    ("regions", lambda raw: b"region,name_zh,name_en,parent\ntestville,a,b\notherland,c,d,\n",
     "regions.csv, row 2: found '3 cells'; allowed: 4 cells, as in the header; "
     "put text that holds a comma in double quotes"),
    *((name, lambda raw: raw + b'"' + b"x" * 131_073 + b'"\n',
       f"{name}.csv, row {row}: found 'field larger than field limit (131072)'; "
       "allowed: cells of at most 131072 characters, quotes closed; shorten the text, or close the quotes")
      for name, row in {"observations": 9, "targets": 3, "sources": 3, "indicators": 3}.items()),
    *(("observations", lambda raw, row=row: with_open_quote(raw, row),
       f"observations.csv, row {row}: found 'unexpected end of data'; "
       "allowed: cells of at most 131072 characters, quotes closed; shorten the text, or close the quotes")
      for row in (8, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "message"), FILES)
def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path, name: str, edit: Any, message: str) -> None:
    path = package(tmp_path) / f"{name}.csv"
    made = edit(path.read_bytes())
    path.unlink()
    if made is not None:
        path.write_bytes(made)
    assert errors(tmp_path) == [message.replace("FOLDER", str(tmp_path))]


@pytest.mark.parametrize("name", ["observations", "indicators", "targets", "sources"])
def test_an_empty_file_is_told_its_columns(tmp_path: Path, name: str) -> None:
    (package(tmp_path) / f"{name}.csv").write_bytes(b"")
    assert {(p.file, p.found) for p in check(tmp_path)} == {(f"{name}.csv", "no such column")}


def test_a_valid_package_has_no_problem(tmp_path: Path) -> None:
    assert check(package(tmp_path), as_of="2024-12-31") == []


def test_several_problems_come_all_at_once_in_the_order_of_rows(tmp_path: Path) -> None:
    rows = [figure(2020, "x"), figure(2021, 2, status="done"), figure(2022, 3, indicator_id="wigdets")]
    package(tmp_path / "a", observations=[*rows, figure(2023, 4, region="testvile")])
    assert sorted((p.row, p.column, p.found) for p in check(tmp_path / "a")) == [
        (2, "value", "x"), (3, "status", "done"), (4, "indicator_id", "wigdets"), (5, "region", "testvile"),
    ]  # fmt: skip
    package(tmp_path / "b", targets=[target(threshold="", direction="increase")])
    assert [(p.column, p.found, p.allowed) for p in check(tmp_path / "b") if p.level == "error"] == [
        ("threshold", "", "a number"), ("direction", "increase", "at_least, at_most"),
    ]  # fmt: skip


def test_an_unknown_column_is_a_warning_and_the_package_still_loads(tmp_path: Path) -> None:
    header = ["region", "name_zh", "name_en", "mayor"]
    regions = [{"region": name, "name_zh": "x", "name_en": "y"} for name in ("testville", "otherland")]
    write_table(package(tmp_path) / "regions.csv", regions, header)
    warning = load(tmp_path).warnings[0]
    assert (warning.level, warning.row, warning.column) == ("warning", 1, "mayor")


def test_the_warnings_of_loaded_data_are_those_of_the_check(tmp_path: Path) -> None:
    data = loaded(tmp_path, observations=figures({2016: 5.0, 2017: 5.1, 2018: 500.0, 2019: 5.2, 2020: 5.3}))
    found = [problem for problem in check(tmp_path, as_of="2024-12-31") if problem.level == "warning"]
    assert data.warnings and list(data.warnings) == found


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_reads_the_same(tmp_path: Path) -> None:
    path = package(tmp_path) / "observations.csv"
    plain, _ = read_table(path, "observations")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    again, problems = read_table(path, "observations")
    assert problems == [] and again.equals(plain)


@pytest.mark.parametrize(
    ("written", "held", "digits"),
    [("１６．１", 16.1, 1), ("－3．25", -3.25, 2), ("−4", -4, 0), ("12.0", 12, 1), ("1100", 1100, 0)],
)
def test_a_figure_is_read_with_the_digits_it_was_typed_with(
    tmp_path: Path, written: str, held: float, digits: int
) -> None:
    rows = loaded(tmp_path, observations=[figure(2019, 5), change(2020, written)]).observations
    assert rows[["value", "decimals"]].iloc[1].tolist() == [held, digits]


@pytest.mark.parametrize(
    "written",
    ["1e400", "1e301", "1e-320", "inf", "nan", "１，２３４", "٣", "16,1", "", "3.6①", "10²", "½", "Ⅷ", "16.1%",
     "１６．１％", "16 .1", "0x10", "1_000", "−", "1e99999999999999999999", "-1e-99999999999999999999", "9" * 400],
)  # fmt: skip
def test_what_cannot_be_read_as_a_figure_is_refused_with_its_row(tmp_path: Path, written: str) -> None:
    assert not is_number(written)
    with pytest.raises(DataError) as told:
        loaded(tmp_path, observations=[figure(2019, 5), figure(2020, written)])
    assert [(p.file, p.row, p.column) for p in told.value.problems] == [("observations.csv", 3, "value")]
    if written:
        with pytest.raises(DataError) as told:
            loaded(tmp_path, targets=[target(threshold=written)])
        assert {(p.file, p.column) for p in told.value.problems} == {("targets.csv", "threshold")}


def test_nought_with_any_exponent_is_nought() -> None:
    assert is_number("0e99999999999999999999") and decimals("0e99999999999999999999") == 0


def test_thresholds_and_levels_keep_the_digits_they_were_typed_with_and_computed_levels_have_none(
    tmp_path: Path,
) -> None:
    rows = [figure(2019, "5.0"), figure(2020, "5.25"), figure(2021, 10, measure="change_pct", unit="%")]
    data = loaded(tmp_path, observations=rows, targets=[target(threshold="18.50")])
    assert find_target(data, "goal").decimals == 2 and data.targets["decimals"].tolist() == [2]
    series = annual_series(data, "widgets", "testville")
    assert dict(series.decimals) == {2019: 1, 2020: 2} and 2021 in series.known().index


@pytest.mark.parametrize("name", ["sources.csv", "indicators.csv"])
def test_adding_to_a_table_that_cannot_be_read_is_refused_by_file_and_line(tmp_path: Path, name: str) -> None:
    figure_added = {"indicator_id": "widgets", "region": "testville", "period": "2023", "value": "17"}
    path = package(tmp_path) / name
    lines = path.read_bytes().count(b"\n")
    path.write_bytes(path.read_bytes() + (b'"' + b"x" * 131_073 + b'"\n' if name[0] == "s" else b"\xff\n"))
    with pytest.raises(DataError) as told:
        add_figure(tmp_path, date="2024-03", publisher="P", title="T", **figure_added)
    assert {(p.file, p.row) for p in told.value.problems} == {(name, lines + 1)}


def test_a_data_error_lists_every_problem_on_a_line_of_its_own() -> None:
    problems = [Problem("a.csv", row, "x", "cell_year") for row in (2, None)]
    said = ["a.csv, row 2, column x: found ''; allowed: a year of four digits; write it as 2025",
            "a.csv, column x: found ''; allowed: a year of four digits; write it as 2025"]  # fmt: skip
    error = DataError(problems)
    assert isinstance(error, QcityError)
    assert str(error).splitlines() == ["2 problems in the data:", *(f"  {line}" for line in said)]


def test_a_hint_is_given_only_for_a_word_that_is_close_and_a_long_list_of_names_is_cut() -> None:
    assert did_you_mean("widgts", ["widgets", "gadgets"]) == ' Did you mean "widgets"?'
    assert did_you_mean("qqq", ["widgets", "gadgets"]) == ""
    names = [f"name{k:02}" for k in range(20)]
    shown = ", ".join(names[:12])
    cut = f"unknown target 'q'. Known: {shown}, …. `qcity list` shows all."
    assert str(unknown("target", "q", names)) == cut
    assert str(unknown("target", "q", [])) == "unknown target 'q'. Known: none. `qcity list` shows all."

"""One file at a time: every fault is named with its place, what is allowed and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packages import change, columns, contents, figure, figures, loaded, package, target, write_table

from qcity_analysis.data.load import check, load
from qcity_analysis.data.read import read_table
from qcity_analysis.data.schema import decimals, is_number
from qcity_analysis.data.vintages import newest_vintages
from qcity_analysis.data.write import add_figure
from qcity_analysis.errors import DataError
from qcity_analysis.series.annual import annual_series
from qcity_analysis.targets import find_target


def only_problem(folder: Path) -> str:
    """The one problem of a package; the package must stay as it was, and loading must fail with the same."""
    before = contents(folder)
    problems = [p for p in check(folder) if p.level == "error"]
    assert len(problems) == 1, "\n".join(map(str, problems))
    with pytest.raises(DataError) as error:
        load(folder)
    assert error.value.problems == problems
    assert contents(folder) == before
    return str(problems[0])


def test_a_valid_package_has_no_problem(tmp_path: Path) -> None:
    assert check(package(tmp_path), as_of="2024-12-31") == []


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    package(tmp_path)
    (tmp_path / "observations.csv").unlink()
    assert only_problem(tmp_path) == (
        f"observations.csv: found 'no such file'; allowed: the table 'observations'; "
        f"create it in {tmp_path}, or name another folder"
    )


def test_a_missing_column_is_one_error_that_knows_the_misspelt_one(tmp_path: Path) -> None:
    package(tmp_path)
    path = tmp_path / "observations.csv"
    path.write_text(path.read_text("utf-8").replace("period,value", "periods,value"), "utf-8")
    errors = [p for p in check(tmp_path) if p.level == "error"]
    names = ", ".join(columns("observations"))
    assert [str(p) for p in errors] == [
        f"observations.csv, row 1, column period: found 'no such column'; allowed: {names}; "
        'add the column period. Did you mean "periods"?'
    ]


@pytest.mark.parametrize(
    ("column", "cell", "allowed", "remedy"),
    [
        ("value", "about 3", "a number", "write it with digits and a point, as 3.48"),
        ("value", "1,234", "a number", "write it with digits and a point, as 3.48"),
        ("value", "nan", "a number", "write it with digits and a point, as 3.48"),
        ("value", "", "a value", "fill the cell in, or delete the row"),
        ("period", "2021-13", "a year, or a year to date as 2024-Q3 or 2024-08", "write one period per row"),
        (
            "published", "2022-02-30", "a date as 2023-02-28, 2023-02 or 2023",
            "write the day, month or year of publication as far as it is known",
        ),
        ("base_period", "20", "a year of four digits", "write it as 2025"),
        (
            "status", "finale", "final, preliminary, estimate, illustrative",
            'choose one of them. Did you mean "final"?',
        ),
        ("qualifier", ">", "=, ~, >=, <=", 'choose one of them. Did you mean ">="?'),
    ],
)  # fmt: skip
def test_a_cell_that_holds_the_wrong_thing_is_one_error(
    tmp_path: Path, column: str, cell: str, allowed: str, remedy: str
) -> None:
    rows: list[dict[str, Any]] = [*figures({2020: 1, 2022: 3}), figure(2021, 2) | {column: cell}]
    package(tmp_path, observations=rows)
    assert only_problem(tmp_path) == (
        f"observations.csv, row 4, column {column}: found {cell!r}; allowed: {allowed}; {remedy}"
    )


def test_a_duplicate_key_is_one_error_that_names_the_other_row(tmp_path: Path) -> None:
    package(tmp_path, observations=[*figures({2020: 1, 2021: 2}), figure(2020, 1.5)])
    assert only_problem(tmp_path) == (
        "observations.csv, row 4, column indicator_id, region, period, measure, base_period, published: "
        "found 'widgets / testville / 2020 / level / 2021-02-28'; allowed: each key once; "
        "it stands in row 2 already: delete one, or give a revision its own `published` date"
    )


def test_the_same_target_twice_in_a_plan_is_one_error(tmp_path: Path) -> None:
    package(tmp_path, targets=[target(), target(), target(plan="other")])
    assert only_problem(tmp_path).startswith(
        "targets.csv, row 3, column plan, target_id: found 'made_up / goal'; allowed: each key once; "
        "it stands in row 2 already: delete one"
    )


@pytest.mark.parametrize(("encoding", "byte"), [("latin-1", "0xe9"), ("gb18030", "0xb2")])
def test_bytes_that_are_not_utf_8_are_one_error_with_their_row(
    tmp_path: Path, encoding: str, byte: str
) -> None:
    package(tmp_path)
    word = "Montréal" if encoding == "latin-1" else "测试城"
    text = f"region,name_zh,name_en,parent\notherland,x,y,\ntestville,{word},z,\n"
    (tmp_path / "regions.csv").write_bytes(text.encode(encoding))
    problems = [p for p in check(tmp_path) if p.level == "error"]
    assert [str(p) for p in problems] == [
        f"regions.csv, row 3: found 'byte {byte} that is not UTF-8'; allowed: UTF-8 text; "
        "save the file again as 'CSV UTF-8'; the file was probably written in Latin-1 or GB18030"
    ]


def test_several_problems_of_one_file_come_all_at_once_in_the_order_of_rows(tmp_path: Path) -> None:
    rows = [
        figure(2020, "x"),
        figure(2021, 2, status="done"),
        figure(2022, 3, indicator_id="wigdets"),
        figure(2023, 4, region="testvile"),
    ]
    package(tmp_path, observations=rows)
    found = sorted((p.row, p.column, p.found) for p in check(tmp_path))
    assert found == [
        (2, "value", "x"),
        (3, "status", "done"),
        (4, "indicator_id", "wigdets"),
        (5, "region", "testvile"),
    ]


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    package(tmp_path)
    (tmp_path / "regions.csv").write_text(
        "region,name_zh,name_en,parent\ntestville,a,b\notherland,c,d,\n", "utf-8"
    )
    assert only_problem(tmp_path) == (
        "regions.csv, row 2: found '3 cells'; allowed: 4 cells, as in the header; "
        "put text that holds a comma in double quotes"
    )


def test_an_unknown_column_is_a_warning_and_the_package_still_loads(tmp_path: Path) -> None:
    package(tmp_path)
    write_table(
        tmp_path / "regions.csv",
        [{"region": name, "name_zh": "x", "name_en": "y"} for name in ("testville", "otherland")],
        ["region", "name_zh", "name_en", "mayor"],
    )
    warning = load(tmp_path).warnings[0]
    assert (warning.level, warning.row, warning.column) == ("warning", 1, "mayor")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_reads_the_same(tmp_path: Path) -> None:
    package(tmp_path)
    path = tmp_path / "observations.csv"
    plain, _ = read_table(path, "observations")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    again, problems = read_table(path, "observations")
    assert problems == []
    assert again.equals(plain)


@pytest.mark.parametrize("name", ["observations", "indicators", "targets", "sources"])
def test_an_empty_file_is_told_its_columns(tmp_path: Path, name: str) -> None:
    package(tmp_path)
    (tmp_path / f"{name}.csv").write_bytes(b"")
    problems = check(tmp_path)
    assert {p.found for p in problems} == {"no such column"}
    assert {p.file for p in problems} == {f"{name}.csv"}


@pytest.mark.parametrize(
    "written, held, decimals",
    [("１６．１", 16.1, 1), ("－3．25", -3.25, 2), ("−4", -4, 0), ("12.0", 12, 1), ("1100", 1100, 0)],
)  # fmt: skip
def test_a_figure_is_read_with_the_digits_it_was_typed_with(
    tmp_path: Path, written: str, held: float, decimals: int
) -> None:
    rows = loaded(tmp_path, observations=[figure(2019, 5), change(2020, written)]).observations
    assert rows[["value", "decimals"]].iloc[1].tolist() == [held, decimals]


@pytest.mark.parametrize("written", ["1e400", "1e301", "1e-320", "inf", "nan", "１，２３４", "٣", "16,1", ""])
def test_what_cannot_be_read_as_a_figure_is_refused_with_its_row(tmp_path: Path, written: str) -> None:
    with pytest.raises(DataError) as told:
        loaded(tmp_path, observations=[figure(2019, 5), figure(2020, written)])
    assert [(p.file, p.row, p.column) for p in told.value.problems] == [("observations.csv", 3, "value")]


@pytest.mark.parametrize("written", ["1e400", "４０x", "nan"])
def test_a_threshold_beyond_all_size_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(DataError) as told:
        loaded(tmp_path, targets=[target(threshold=written)])
    assert {(p.file, p.column) for p in told.value.problems} == {("targets.csv", "threshold")}


def test_a_threshold_keeps_the_digits_of_the_plan(tmp_path: Path) -> None:
    data = loaded(tmp_path, targets=[target(threshold="18.50")])
    assert find_target(data, str(data.targets["target_id"].iloc[0])).decimals == 2
    assert data.targets["decimals"].tolist() == [2]


@pytest.mark.parametrize("table", ["observations", "targets", "sources", "indicators"])
def test_a_cell_of_more_characters_than_can_be_read_is_refused_by_file_and_line(
    tmp_path: Path, table: str
) -> None:
    path = package(tmp_path) / f"{table}.csv"
    path.write_text(path.read_text() + '"' + "x" * 131_073 + '"\n')
    with pytest.raises(DataError) as told:
        load(tmp_path)
    (problem,) = told.value.problems
    assert (problem.file, problem.row) == (path.name, len(path.read_text().splitlines()))
    assert "131072" in problem.allowed


@pytest.mark.parametrize("december", ["2020-12", "2020-Q4"])
@pytest.mark.parametrize("measure", ["level", "count_new", "count_total"])
def test_a_year_given_to_december_and_as_a_year_is_one_figure(
    tmp_path: Path, december: str, measure: str
) -> None:
    twice = [figure(2019, 5, measure=measure), figure(december, 6, measure=measure, published="2021-01-10")]
    once = loaded(tmp_path / "a", observations=[*twice[:1], figure(2020, 6, measure=measure)])
    data = loaded(tmp_path / "b", observations=[*twice, figure(2020, 6, measure=measure)])
    assert newest_vintages(data.observations)["period"].tolist() == ["2019", "2020"]
    one, two = (annual_series(d, "widgets", "testville") for d in (once, data))
    assert (
        one.known().equals(two.known())
        and one.new_counts["count"].tolist() == two.new_counts["count"].tolist()
    )


def test_the_warnings_of_loaded_data_are_those_of_the_check(tmp_path: Path) -> None:
    data = loaded(tmp_path, observations=figures({2016: 5.0, 2017: 5.1, 2018: 500.0, 2019: 5.2, 2020: 5.3}))
    assert data.warnings and list(data.warnings) == [
        problem for problem in check(tmp_path, as_of="2024-12-31") if problem.level == "warning"
    ]


def test_levels_carry_the_digits_of_their_figures_and_computed_levels_carry_none(tmp_path: Path) -> None:
    rows = [figure(2019, "5.0"), figure(2020, "5.25"), figure(2021, 10, measure="change_pct", unit="%")]
    series = annual_series(loaded(tmp_path, observations=rows), "widgets", "testville")
    assert dict(series.decimals) == {2019: 1, 2020: 2} and 2021 in series.known().index


@pytest.mark.parametrize(
    "written", ["3.6①", "10²", "½", "Ⅷ", "16.1%", "１６．１％", "16 .1", "0x10", "1_000", "−"]
)
def test_a_footnote_mark_is_never_read_as_a_digit(tmp_path: Path, written: str) -> None:
    with pytest.raises(DataError) as told:
        loaded(tmp_path, observations=[figure(2019, 5), figure(2020, written)])
    assert [(p.file, p.row, p.column) for p in told.value.problems] == [("observations.csv", 3, "value")]


@pytest.mark.parametrize("written", ["1e99999999999999999999", "-1e-99999999999999999999", "9" * 400])
def test_an_exponent_of_any_size_is_refused_and_nought_is_nought(tmp_path: Path, written: str) -> None:
    assert not is_number(written) and is_number("0e99999999999999999999")
    assert decimals("0e99999999999999999999") == 0


@pytest.mark.parametrize("after", [0, 2])
def test_quotes_left_open_swallow_no_figures(tmp_path: Path, after: int) -> None:
    path = package(tmp_path) / "observations.csv"
    lines = path.read_text().splitlines()
    lines[-1 - after] = lines[-1 - after].rsplit(",", 1)[0] + ',"a note'
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as told:
        load(tmp_path)
    assert [(p.file, p.row) for p in told.value.problems] == [("observations.csv", len(lines) - after)]


def test_adding_to_a_table_that_cannot_be_read_is_refused_by_file_and_line(tmp_path: Path) -> None:
    words = dict(
        indicator_id="widgets", region="testville", period="2023", value="17", publisher="P", title="T"
    )
    for name, cell in {"sources.csv": b'"' + b"x" * 131_073 + b'"\n', "indicators.csv": b"\xff\n"}.items():
        path = package(tmp_path / name) / name
        lines = path.read_bytes().count(b"\n")
        path.write_bytes(path.read_bytes() + cell)
        with pytest.raises(DataError) as told:
            add_figure(tmp_path / name, date="2024-03", **words)
        assert {(p.file, p.row) for p in told.value.problems} == {(name, lines + 1)}


def test_a_base_of_nought_in_december_is_refused_as_that_of_the_year(tmp_path: Path) -> None:
    goal = target(kind="relative_change", base_year=2020, threshold=5)
    for name in ("2020", "2020-12", "2020-Q4"):
        with pytest.raises(DataError) as told:
            loaded(tmp_path / name, observations=[figure(name, 0), figure(2021, 3)], targets=[goal])
        assert [(p.row, p.found) for p in told.value.problems] == [(2, "0")]

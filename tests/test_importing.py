"""Importing a file: previewed, all or nothing, vintages kept, undone to the byte."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packages import contents, figure, figures, indicator, package
from test_importing_sheets import xlsx
from typer.testing import CliRunner

from qcity_analysis import cli
from qcity_analysis.data.load import check, load
from qcity_analysis.errors import QcityError
from qcity_analysis.importing.importing import Import, import_figures, undo_import
from qcity_analysis.importing.mapping import TEMPLATE, read_mapping, starter
from qcity_analysis.problems import DataError, free

SOURCE = {"publisher": "Office of Testville", "title": "Yearbook 2024", "date": "2024-11"}
INDICATORS = [
    indicator("widgets", name_zh="小部件", unit_zh="点"),
    indicator("share", name_zh="合格率", name_en="Pass rate", unit="%", unit_zh="%", support="percent"),
    indicator("spending", name_zh="支出", unit="10k yuan", unit_zh="万元"),
]
RULE: dict[str, Any] = {"name": "小部件", "indicator": "widgets", "unit": "points"}


def mapping(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"source": SOURCE, "region": "testville", "figures": list(rules or (RULE,)), **more}


def made(folder: Path, text: str, observations: list[dict[str, Any]] | None = None) -> tuple[Path, Path]:
    """A data package and a file to import."""
    data = package(folder / "data", observations=observations, indicators=INDICATORS)
    (folder / "a.csv").write_text(text, "utf-8")
    return folder / "a.csv", data


def preview(folder: Path, text: str, how: dict[str, Any], **more: Any) -> Import:
    file, data = made(folder, text, **more)
    return import_figures(file, how, data=data)


def map_file(folder: Path, how: dict[str, Any] | None = None) -> Path:
    (folder / "map.yaml").write_text(json.dumps(how or mapping(), ensure_ascii=False), "utf-8")
    return folder / "map.yaml"


def values(done: Import, kind: str) -> list[tuple[str, str, str]]:
    return [(f.row["period"], f.row["qualifier"], f.row["value"]) for f in done.of_kind(kind)]


TABLE = "指标,单位,2020年,2022年,2023年,2024年\n小部件,点,13.9,16.3,≥17.5,—\n"


def test_a_preview_says_what_is_added_changed_and_unchanged_and_writes_nothing(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    before = contents(tmp_path)
    done = import_figures(file, mapping(), data=data)
    assert contents(tmp_path) == before
    assert values(done, "added") == [("2023", ">=", "17.5")]
    assert values(done, "changed") == [("2022", "=", "16.3")]
    assert values(done, "unchanged") == [("2020", "=", "13.9")]
    assert done.of_kind("changed")[0].before == "16.1 (final, 2023-02-28)"
    assert (done.empty, done.refused, done.written) == (1, (), False)
    assert list(done.table["kind"]) == ["unchanged", "changed", "added"]


def test_writing_appends_rows_keeps_every_byte_and_the_old_vintage(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    before = contents(data)
    done = import_figures(file, mapping(), data=data, write=True)
    assert done.written
    after = contents(data)
    for name in ("observations.csv", "sources.csv"):
        assert after[name].startswith(before[name])
    assert [p for p in check(data) if p.level == "error"] == []
    with (data / "observations.csv").open(encoding="utf-8") as handle:
        new = list(csv.DictReader(handle))[-2:]
    assert [(r["period"], r["value"], r["published"], r["source_id"], r["unit"]) for r in new] == [
        ("2022", "16.3", "2024-11", "testville_2024_11", "points"),
        ("2023", "17.5", "2024-11", "testville_2024_11", "points"),
    ]
    held = {day: load(data, as_of=day).observations for day in ("2024-11-29", "2024-12-31")}
    assert [list(f.loc[f["period"] == "2022", "value"]) for f in held.values()] == [[16.1], [16.1, 16.3]]


def test_importing_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    import_figures(file, mapping(), data=data, write=True)
    before = contents(data)
    again = import_figures(file, mapping(), data=data, write=True)
    assert ([f.kind for f in again.figures], again.written) == (["unchanged"] * 3, False)
    assert contents(data) == before


def test_an_earlier_vintage_found_later_is_added_and_does_not_replace_the_newer(tmp_path: Path) -> None:
    early = mapping(RULE | {"published": "2021-01-15", "status": "preliminary"})
    done = preview(tmp_path, "指标,2020年\n小部件,13.5\n", early)
    assert [(f.kind, f.row["published"]) for f in done.figures] == [("added", "2021-01-15")]


def test_undo_restores_every_file_to_the_byte_step_by_step(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    (data / "observations.csv").write_bytes(
        b"\xef\xbb\xbf" + (data / "observations.csv").read_bytes().replace(b"\n", b"\r\n")
    )
    os.chmod(data / "observations.csv", 0o640)
    start = contents(data)
    import_figures(file, mapping(), data=data, write=True)
    assert os.stat(data / "observations.csv").st_mode & 0o777 == 0o640
    assert b"\n" not in (data / "observations.csv").read_bytes().replace(b"\r\n", b"")
    first = {name: raw for name, raw in contents(data).items() if not name.startswith(".imports")}
    file.write_text("指标,2024年\n小部件,18\n", "utf-8")
    import_figures(file, mapping(), data=data, write=True)
    record = undo_import(data)
    assert (record["file"], record["added"]) == (str(file), 1)
    assert {n: raw for n, raw in contents(data).items() if not n.startswith(".imports")} == first
    undo_import(data)
    assert contents(data) == start
    with pytest.raises(QcityError) as error:
        undo_import(data)
    assert str(error.value) == f"{data}: nothing to undo; no import is recorded there"


def test_undo_is_refused_once_a_file_has_changed_and_says_where(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    import_figures(file, mapping(), data=data, write=True)
    path = data / "observations.csv"
    path.write_text(path.read_text("utf-8") + "by hand\n", "utf-8")
    before = contents(data)
    with pytest.raises(QcityError) as error:
        undo_import(data)
    assert str(error.value) == (
        f"the import of {file} cannot be undone: observations.csv has been changed since, first in row 11 "
        f"(found 'by hand'). Take the later change back first; the files before the import are in "
        f"{data}/.imports/0001/before"
    )
    assert contents(data) == before


KILL = """
import os, sys
from pathlib import Path
from qcity_analysis.data import write
from qcity_analysis.importing import importing
left = int(sys.argv[1])
real = {name: getattr(os, name) for name in ("replace", "rename")}
def counted(*words, **more):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    return real["replace"](*words, **more)
write.os.replace = counted
if sys.argv[2] == "undo":
    importing.undo_import(sys.argv[4])
else:
    importing.import_figures(sys.argv[2], Path(sys.argv[3]), data=sys.argv[4], write=True)
"""


def killed_at(moment: int, *words: object) -> None:
    done = subprocess.run([sys.executable, "-c", KILL, str(moment), *map(str, words)], check=False)
    assert done.returncode == 9


@pytest.mark.parametrize("moment", range(4))
def test_killed_at_any_moment_the_package_reads_as_old_or_new_and_is_finished_next_time(
    tmp_path: Path, moment: int
) -> None:
    file, data = made(tmp_path, TABLE)
    start = contents(data)
    killed_at(moment, file, map_file(tmp_path), data)
    assert [p for p in check(data) if p.level == "error"] == []
    assert len(load(data).observations) in (7, 9)
    import_figures(file, mapping(), data=data, write=True)
    assert len(load(data).observations) == 9
    assert not (data / ".imports" / "pending").exists()
    killed_at(moment, "undo", "", data)
    assert [p for p in check(data) if p.level == "error"] == []
    assert len(load(data).observations) in (7, 9)
    if moment == 0:
        undo_import(data)
    else:  # the undo is finished first, and then there is nothing more to undo
        with pytest.raises(QcityError, match="nothing to undo"):
            undo_import(data)
    assert contents(data) == start


def test_an_edit_after_a_cut_is_never_overwritten(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    killed_at(1, file, map_file(tmp_path), data)
    path = data / "observations.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    before = contents(data)
    with pytest.raises(QcityError) as error:
        undo_import(data)
    pending = data / ".imports" / "pending"
    assert str(error.value) == (
        f"{path} was edited after a change was cut short; move your edit aside and put back one of "
        f"{pending}/before/observations.csv and {pending}/after/observations.csv, then run the command again"
    )
    assert contents(data) == before


NUMBER = "a number, a bound as ≥96 or 96以上, or a mark for none as — … - / .. or blank"
IN_COPY = "correct the cell in a copy of the file"
CHANGED = "a rise or fall in words only where the mapping says `measure: change_pct` and no factor or offset"
SHEET_ERROR = "the spreadsheet could not work the cell out: correct its formula, or leave the cell blank"
SAME_DATE = "give a revision its own `published`; set a wrong figure right in corrections.yaml"
CHANGE = RULE | {"measure": "change_pct", "unit": "%"}
SHARE = {"name": "合格率", "indicator": "share"}
STARTED = "correct the period or the date; a forecast or a target is not an observation"
TO_DATE = "a year as 2024, or a year to date as 2024年1-8月, 2024年前三季度, 2024-08"
REGION = "a region of regions.csv, or one named under `regions:` in the mapping"
STATUSES = "final, preliminary, estimate, illustrative"
PERCENT = "a percent sign beside a figure in another unit: correct the unit of the mapping, or the cell"
ONE_FIGURE = "one figure for widgets / testville / 2023 / level: a.csv, row 2 says 17"
BAD_CELLS: dict[str, tuple[str, dict[str, Any], int, str, str, str, str]] = {
    "a word": (
        "指标,2023年\n小部件,下降三成\n", mapping(),
        2, "B (2023)", "下降三成", NUMBER, f"{IN_COPY}, or add the figure with `qcity add`",
    ),
    "a percent sign": (
        "指标,2023年\n小部件,17%\n", mapping(), 2, "B (2023)", "17%", "a figure in 'points'", PERCENT,
    ),
    "above 100 %": (
        "指标,单位,2023年\n合格率,%,960\n", mapping(SHARE),
        2, "C (2023)", "960", "0 to 100", "correct the value, or the indicator's support",
    ),
    "an error of a spreadsheet": (
        "指标,2022年,2023年\n小部件,16.1,#DIV/0!\n", mapping(), 2, "C (2023)", "#DIV/0!", NUMBER, SHEET_ERROR,
    ),
    "nothing found by a formula": (
        "指标,2022年,2023年\n小部件,16.1,#N/A\n", mapping(), 2, "C (2023)", "#N/A", NUMBER, SHEET_ERROR,
    ),
    "a fall where a level is mapped": (
        "指标,2022年,2023年\n小部件,16.1,比上年下降5%\n", mapping(),
        2, "C (2023)", "比上年下降5%", CHANGED, f"map the name as a change, or {IN_COPY}",
    ),
    "a fall with a sign": (
        "指标,2022年,2023年\n小部件,-3,下降-5%\n", mapping(CHANGE),
        2, "C (2023)", "下降-5%", "a change as 下降5%, 增长5% or -5", f"{IN_COPY}, or add the figure with `qcity add`",
    ),
    "a fall that the mapping turns again": (
        "指标,2022年,2023年\n小部件,3,下降5%\n", mapping(CHANGE | {"factor": -1}),
        2, "C (2023)", "下降5%", CHANGED, f"map the name as a change, or {IN_COPY}",
    ),
    "a year to come": (
        "指标,2025年,2026年\n小部件,17,\n", mapping(), 2, "B (2025), as period", "2025",
        "a period that had begun when it was published (2024-11)", STARTED,
    ),
    "another figure of the same date": (
        "指标,2020年\n小部件,14\n", mapping(RULE | {"published": "2021-02-28"}), 2, "B (2020)", "14",
        "13.9 (final, 2021-02-28), as row 6 of observations.csv says for the same date", SAME_DATE,
    ),
    "a month that is no year to date": (
        "指标,年份,数值\n小部件,2023年8月,17\n小部件,2022,16.1\n", mapping(),
        2, "period", "2023年8月", TO_DATE, "correct it in a copy of the file",
    ),
    "a region": (
        "指标,地区,年份,数值\n小部件,测试城市,2023,17\n", mapping(),
        2, "region", "测试城市", REGION, 'add it there. Did you mean "测试城"?',
    ),
    "a status": (
        "指标,年份,数值,状态\n小部件,2023,17,快报\n", mapping(),
        2, "status", "快报", STATUSES, "say what it means under `statuses:` in the mapping",
    ),
    "a date of publication": (
        "指标,年份,数值,发布日期\n小部件,2023,17,昨天\n", mapping(),
        2, "published", "昨天", "a date as 2023-02-28, 2023-02 or 2023", "correct it in a copy of the file",
    ),
    "a qualifier": (
        "指标,年份,数值,qualifier\n小部件,2023,17,>\n", mapping(), 2, "qualifier", ">", "=, ~, >=, <=", IN_COPY,
    ),
    "two figures for one year": (
        "指标,年份,数值\n小部件,2023,17\n小部件,2023,18\n", mapping(),
        3, "数值", "18", ONE_FIGURE, "take one of them, with `after:`, `sheet:` or `where:`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CELLS)
def test_a_cell_that_cannot_be_used_fails_the_import_with_its_place_in_both_languages(
    tmp_path: Path, name: str
) -> None:
    text, how, *where = BAD_CELLS[name]
    problem = free("a.csv", *where)
    file, data = made(tmp_path, text)
    before = contents(tmp_path)
    assert import_figures(file, how, data=data).refused[0].to_dict() == problem.to_dict()
    with pytest.raises(DataError) as error:
        import_figures(file, how, data=data, write=True)
    assert [each.to_dict() for each in error.value.problems] == [problem.to_dict()]
    assert contents(tmp_path) == before
    chinese = problem.to_dict("zh")
    assert chinese["remedy"] != problem.remedy
    identifiers = problem.allowed.replace(", ", "").isascii() and " " not in problem.allowed.replace(", ", "")
    assert identifiers or chinese["allowed"] != problem.allowed


def test_rises_and_falls_in_words_are_changes_with_their_sign(tmp_path: Path) -> None:
    text = "指标,2020年,2021年,2022年,2023年\n小部件,下降5%,比上年增长３．２％,下降3%以上,—\n"
    done = preview(tmp_path, text, mapping(RULE | {"measure": "change_pct", "unit": "%"}))
    told = [(f.row["period"], f.row["qualifier"], f.row["value"]) for f in done.figures]
    assert told == [("2020", "=", "-5"), ("2021", "=", "3.2"), ("2022", "<=", "-3")]
    assert (done.refused, done.empty) == ((), 1)


def test_skipping_the_refused_writes_the_rest_and_lists_them_all(tmp_path: Path) -> None:
    file, data = made(tmp_path, "指标,2023年,2024年\n小部件,17,十八\n合格率,960,-5\n支出,?,3\n")
    how = mapping(RULE, {"name": "合格率", "indicator": "share", "unit": "%"},
                  {"name": "支出", "indicator": "spending", "unit": "万元"})  # fmt: skip
    done = import_figures(file, how, data=data, write=True, skip_refused=True)
    assert [(f.row["indicator_id"], f.row["value"]) for f in done.new] == [
        ("widgets", "17"),
        ("spending", "3"),
    ]
    assert done.refused_file == tmp_path / "a.refused.csv"
    with done.refused_file.open(encoding="utf-8") as handle:
        listed = [(row["row"], row["column"], row["found"]) for row in csv.DictReader(handle)]
    assert sorted(listed) == [
        ("2", "C (2024)", "十八"), ("3", "B (2023)", "960"), ("3", "C (2024)", "-5"), ("4", "B (2023)", "?"),
    ]  # fmt: skip


FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a name that is not in the file": (
        TABLE, mapping(RULE | {"name": "小部品"}),
        "mapping, column name: found '小部品'; allowed: a name in the file; write it as it stands there, or remove the "
        'entry. Did you mean "小部件"?',
    ),
    "an indicator": (
        TABLE, mapping(RULE | {"indicator": "widget"}),
        "mapping, column indicator: found 'widget'; allowed: indicator_id of indicators.csv; add it there, or correct "
        'it. Did you mean "widgets"?',
    ),
    "a unit without a factor": (
        "指标,单位,2023年\n支出,亿元,1.5\n", mapping({"name": "支出", "indicator": "spending"}),
        "mapping, column unit: found '亿元'; allowed: '10k yuan', the unit of 'spending'; write `factor:`, by which a "
        "figure in '亿元' becomes one in '10k yuan'",
    ),
    "a unit that the file contradicts": (
        "指标,单位,2023年\n支出,亿元,1.5\n", mapping({"name": "支出", "indicator": "spending", "unit": "万元"}),
        "mapping, column unit: found '万元'; allowed: the unit in the file, '亿元'; a.csv says '亿元': correct `unit:`",
    ),
    "no unit": (
        "指标,2023年\n支出,1.5\n", mapping({"name": "支出", "indicator": "spending"}),
        "mapping, column unit: found ''; allowed: '10k yuan', the unit of 'spending'; the file states no unit for it: "
        "write `unit:`, and `factor:` if it differs",
    ),
    "a change in a unit of its own": (
        "指标,单位,2023年\n支出,万元,1.5\n",
        mapping({"name": "支出", "indicator": "spending", "measure": "change_pct"}),
        "mapping, column unit: found '万元'; allowed: '%', the unit of 'spending' as change_pct; write `factor:`, by "
        "which a figure in '万元' becomes one in '%'",
    ),
    "several units": (
        "指标,单位,年份,数值\n支出,万元,2022,1\n支出,亿元,2023,1\n",
        mapping({"name": "支出", "indicator": "spending"}),
        "mapping, column unit: found '万元, 亿元'; allowed: one unit; take the rows one by one with `after:`, `sheet:` "
        "or `where:`",
    ),
    "two rows of one name": (
        "指标,2023年\n小部件,1\n其中,2\n小部件,3\n", mapping(),
        "mapping, column name: found \"'小部件' in a.csv, row 2, and in row 4\"; allowed: one figure for each year; "
        "say which with `after:` and a name that stands above it, or with `sheet:`",
    ),
    "a second heading": (
        "指标,2023年,\n,总量,增长\n小部件,1,2\n", mapping(RULE | {"column": "总计"}),
        "mapping, column column: found '总计'; allowed: one of the second headings: 增长, 总量; say which with "
        "`column:`.",
    ),
    "no second heading": (
        "指标,2023年,\n,总量,增长\n小部件,1,2\n", mapping(),
        "mapping, column column: found ''; allowed: one of the second headings: 增长, 总量; say which with `column:`.",
    ),
    "a name after one that is not there": (
        TABLE, mapping(RULE | {"after": "其中"}),
        "mapping, column name: found '小部件'; allowed: a name in the file after '其中'; write it as it stands there, "
        'or remove the entry. Did you mean "小部件"?',
    ),
    "a source that is another": (
        TABLE, mapping(source=SOURCE | {"id": "bulletin"}),
        "mapping, column source: id: found 'bulletin'; allowed: a name that sources.csv does not hold yet; it names "
        "another document there: choose another name, or leave it out",
    ),
    "an unknown entry": (
        TABLE, mapping(RULE | {"unti": "points"}),
        "mapping, column unti: found 'an unknown entry'; allowed: name, after, column, where, indicator, region, "
        "status, "
        "published, measure, unit, base_period, factor, offset, note; rename or remove it. Did you mean \"unit\"?",
    ),
    "no source": (
        TABLE, mapping(source={"publisher": "P", "title": "T"}),
        "mapping, column source: date: found ''; allowed: a value; say where the figures were published",
    ),
    "a date": (
        TABLE, mapping(source=SOURCE | {"date": "20241101"}),
        "mapping, column source: date: found '20241101'; allowed: a date as 2023-02-28, 2023-02 or 2023; write the "
        "day, month or year as far as it is known",
    ),
    "a measure": (
        TABLE, mapping(RULE | {"measure": "change"}),
        "mapping, column measure: found 'change'; allowed: level, change_pct, cumulative_change_pct, count_new, "
        "count_total; choose one of them. Did you mean \"change_pct\"?",
    ),
    "a factor": (
        TABLE, mapping(RULE | {"factor": "x10"}),
        "mapping, column factor: found 'x10'; allowed: a number other than zero; write it as 10000 or 0.01",
    ),
    "a question left open": (
        TABLE, mapping(RULE | {"factor": "?"}),
        "mapping, column factor: found '?'; allowed: a value; fill it in; the comment beside it says what is asked",
    ),
    "no indicator": (
        TABLE, mapping({"name": "小部件", "unit": "points"}),
        "mapping, column indicator: found ''; allowed: an indicator_id; name one of indicators.csv; "
        "`qcity import FILE --suggest` proposes some",
    ),
    "no figures": (
        TABLE, mapping() | {"figures": []},
        "mapping, column figures: found ''; allowed: a list of names and indicators; add an entry `- name: …`",
    ),
    "a layout": (
        TABLE, mapping(layout="years-across"),
        "mapping, column layout: found 'years-across'; allowed: years_across, years_down, long; choose one of them. "
        'Did you mean "years_across"?',
    ),
    "a status of the file": (
        TABLE, mapping(statuses={"快报": "prelim"}),
        "mapping, column 快报: found 'prelim'; allowed: final, preliminary, estimate, illustrative; choose one of "
        'them. Did you mean "preliminary"?',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_mapping_is_one_error_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    text, how, message = FAULTS[name]
    file, data = made(tmp_path, text)
    before = contents(tmp_path)
    with pytest.raises(DataError) as error:
        import_figures(file, how, data=data, write=True)
    assert [str(p) for p in error.value.problems] == [message]
    assert contents(tmp_path) == before


def test_all_faults_of_a_mapping_file_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "source: {publisher: P, title: T, date: 2024}\nregon: x\nfigures:\n- name: A\n  indicator: a\n"
        "  factor: 0\n- name: B\n  measure: level\n",
        "utf-8",
    )
    with pytest.raises(DataError) as error:
        read_mapping(path)
    assert [(p.file, p.row, p.column) for p in error.value.problems] == [
        ("map.yaml", 2, "regon"), ("map.yaml", 6, "factor"), ("map.yaml", 7, "indicator"),
    ]  # fmt: skip


def test_a_declared_factor_converts_exactly_and_offset_turns_an_index_into_a_change(tmp_path: Path) -> None:
    text = "指标,单位,2022年,2023年\n支出,亿元,1.15,0.1\n支出指数,上年=100,96.9,100.3\n"
    how = mapping({"name": "支出", "indicator": "spending", "factor": 10000},
                  {"name": "支出指数", "indicator": "spending", "measure": "change_pct", "offset": -100})  # fmt: skip
    rows = [(f.row["measure"], f.row["value"], f.row["unit"]) for f in preview(tmp_path, text, how).figures]
    assert rows == [
        ("level", "11500", "10k yuan"), ("level", "1000", "10k yuan"),
        ("change_pct", "-3.1", "%"), ("change_pct", "0.3", "%"),
    ]  # fmt: skip


def test_a_negative_factor_turns_a_lower_bound_into_an_upper_one(tmp_path: Path) -> None:
    how = mapping(
        {"name": "支出降幅", "indicator": "spending", "measure": "change_pct", "unit": "%", "factor": -1}
    )
    done = preview(tmp_path, "指标,2022年,2023年\n支出降幅,3以上,约2\n", how)
    assert values(done, "added") == [("2022", "<=", "-3"), ("2023", "~", "-2")]


def test_fractions_shown_as_percent_are_never_guessed(tmp_path: Path) -> None:
    data = package(tmp_path / "data", indicators=INDICATORS)
    file = xlsx(tmp_path / "a.xlsx", {"表1": [["指标", "单位", 2022, 2023], ["合格率", "%", 0.956, 0.96]]})
    rule = {"name": "合格率", "indicator": "share"}
    with pytest.raises(DataError) as error:
        import_figures(file, mapping(rule), data=data)
    assert [str(p) for p in error.value.problems] == [
        "mapping, column factor: found 'all figures between -1 and 1'; allowed: figures in percent; a cell shown as "
        "3.48% holds 0.0348: write `factor: 100` if they are such, `factor: 1` if not"
    ]
    got = {
        k: values(import_figures(file, mapping(rule | {"factor": k}), data=data), "added") for k in (1, 100)
    }
    assert [float(v) for _, _, v in got[1]] == [0.956, 0.96]
    assert [float(v) for _, _, v in got[100]] == [95.6, 96]


def test_a_footnote_goes_with_its_figure(tmp_path: Path) -> None:
    text = "指标,2022年①,2023年\n小部件,16.5,17②\n注：①为快报数；②按新口径。,,\n"
    done = preview(tmp_path, text, mapping())
    assert [f.row["note"] for f in done.figures] == ["① 为快报数", "② 按新口径"]


def test_after_takes_the_first_row_of_the_name_below(tmp_path: Path) -> None:
    done = preview(
        tmp_path, "指标,2023年\n小部件,1\n其中,2\n小部件,3\n小部件,4\n", mapping(RULE | {"after": "其中"})
    )
    assert values(done, "added") == [("2023", "=", "3")]
    assert {name: count for name, (count, _) in done.left_out.items()} == {"小部件": 2, "其中": 1}


def test_rows_can_be_regions_and_months_are_year_to_date(tmp_path: Path) -> None:
    text = "地区,2023年,2024年1-8月\n测试市,17,11\n别州,20,\n"
    how = mapping(RULE | {"name": "测试市"}, RULE | {"name": "别州", "region": "otherland"})
    assert [(f.row["region"], f.row["period"]) for f in preview(tmp_path, text, how).figures] == [
        ("testville", "2023"), ("testville", "2024-08"), ("otherland", "2023"),
    ]  # fmt: skip


def test_a_correction_here_does_not_make_the_published_figure_look_new(tmp_path: Path) -> None:
    file, data = made(tmp_path, "指标,2020年\n小部件,139\n", [*figures({2019: 13.1}), figure(2020, 139)])
    (data / "corrections.yaml").write_text(
        "- figure: {indicator_id: widgets, region: testville, period: 2020}\n  expect: 139\n  set: 13.9\n"
        "  why: x\n  who: y\n  source: bulletin\n  date: 2021-03\n",
        "utf-8",
    )
    assert [f.kind for f in import_figures(file, mapping(), data=data).figures] == ["unchanged"]


def test_the_source_that_is_there_is_used_again(tmp_path: Path) -> None:
    how = mapping(source={"publisher": "Office of Testville", "title": "Bulletin", "date": "2024"})
    file, data = made(tmp_path, "指标,2023年\n小部件,17\n")
    before = (data / "sources.csv").read_bytes()
    done = import_figures(file, how, data=data, write=True)
    assert (done.source["source_id"], (data / "sources.csv").read_bytes()) == ("bulletin", before)


def test_a_package_with_faults_of_its_own_is_not_written_to(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE, [figure(2020, 1), figure(2020, 2)])
    before = contents(tmp_path)
    with pytest.raises(DataError) as error:
        import_figures(file, mapping(), data=data, write=True)
    assert [(p.file, p.row) for p in error.value.problems] == [("observations.csv", 3)]
    assert contents(tmp_path) == before


def test_the_starter_is_a_mapping_once_it_is_completed(tmp_path: Path) -> None:
    text = "指标,单位,2023年\nPass rate,%,97\n支出,亿元,1.5\n小部件A,点,1\n"
    file, data = made(tmp_path, text)
    said = starter(file, data)
    assert said.startswith(TEMPLATE.format(region="testville"))
    assert said.removeprefix(TEMPLATE.format(region="testville")) == (
        "\n- name: Pass rate\n  indicator: share\n- name: 支出\n  indicator: spending\n"
        '  factor: "?"    # the file says 亿元, the indicator is in 10k yuan (万元)\n'
        '# not found in indicators.csv:\n# - name: 小部件A\n#   indicator: "?"  # perhaps widgets\n'
    )
    done = said.replace('publisher: ""', "publisher: P").replace('title: ""', "title: T")
    done = done.replace('date: ""', "date: 2024-06").replace('factor: "?"', "factor: 10000")
    (tmp_path / "map.yaml").write_text(done, "utf-8")
    got = import_figures(file, tmp_path / "map.yaml", data=data)
    assert [f.row["value"] for f in got.figures] == ["97", "15000"]
    assert list(got.left_out) == ["小部件A"]


def qcity(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["import", *map(str, words)], catch_exceptions=False)
    return done.exit_code, done.output


def test_the_command_previews_writes_on_request_and_undoes(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    how = map_file(tmp_path)
    before = contents(tmp_path)
    code, said = qcity(file, "--map", how, "--data", data)
    assert code == 0
    assert contents(tmp_path) == before
    assert said.splitlines() == [
        f"{file} (UTF-8, comma) -> {data}, source testville_2024_11: Yearbook 2024",
        "1 added, 1 changed, 1 unchanged, 0 refused; 1 cells without a figure",
        "  + widgets testville 2023: >=17.5 points (final, 2024-11) <- a.csv, row 2, column E (2023)",
        "  ~ widgets testville 2022: 16.3 points (final, 2024-11) <- a.csv, row 2, column D (2022); "
        "held: 16.1 (final, 2023-02-28)",
        "nothing written: this is a preview; add --write to write it",
    ]
    code, said = qcity(file, "--map", how, "--data", data, "--write")
    assert (code, said.splitlines()[-1]) == (0, "written: 2 rows; `qcity import --undo` takes them back")
    code, said = qcity("--undo", "--data", data)
    assert code == 0
    assert said.startswith(f"undone: the import of {file} at ")
    assert contents(tmp_path) == before


def test_the_command_gives_json_and_exits_with_2_for_refused_cells(tmp_path: Path) -> None:
    file, data = made(tmp_path, "指标,2023年,2024年\n小部件,17,x\n")
    how = map_file(tmp_path)
    before = contents(tmp_path)
    code, said = qcity(file, "--map", how, "--data", data, "--write", "--json")
    answer = json.loads(said)
    assert (code, answer["written"], [p["found"] for p in answer["refused"]]) == (2, False, ["x"])
    assert contents(tmp_path) == before
    code, said = qcity(file, "--map", how, "--data", data, "--write", "--skip-refused", "--json")
    assert (code, json.loads(said)["refused_file"]) == (0, str(tmp_path / "a.refused.csv"))


def test_the_command_without_a_mapping_says_how_to_get_one(tmp_path: Path) -> None:
    file, data = made(tmp_path, TABLE)
    with pytest.raises(QcityError) as error:
        qcity(file, "--data", data)
    assert str(error.value) == (
        f"{file}: name its mapping with --map MAP.yaml; `qcity import {file} --suggest > MAP.yaml` writes a starter"
    )
    with pytest.raises(QcityError) as error:
        qcity("--data", data)
    assert str(error.value) == "name the file to import, or --undo; `qcity import --help` shows an example"


def test_an_unlikely_figure_is_shown_as_a_warning_at_its_place_and_still_written(tmp_path: Path) -> None:
    file, data = made(tmp_path, "指标,2023年\n小部件,175000\n")
    done = import_figures(file, mapping(), data=data, write=True)
    assert done.written
    assert [(p.level, p.file, p.row, p.column) for p in done.warnings] == [
        ("warning", "a.csv", 2, "B (2023)")
    ]


def test_sheets_without_a_table_are_listed_and_those_with_one_are_all_read(tmp_path: Path) -> None:
    data = package(tmp_path / "data", indicators=INDICATORS)
    rows = [["指标", 2023], ["小部件", 17]]
    file = xlsx(
        tmp_path / "a.xlsx",
        {"封面": [["统计年鉴"], [2024]], "表1": rows, "表2": [["指标", 2015], ["小部件", 9]]},
    )
    done = import_figures(file, mapping(), data=data)
    assert values(done, "added") == [("2023", "=", "17"), ("2015", "=", "9")]
    assert done.left_out == {"(sheet 封面, no table found)": (1, "a.xlsx [封面]")}
    with pytest.raises(DataError) as error:
        import_figures(file, mapping(sheet=["表1", "表2"], region="testvile"), data=data, write=True)
    assert {p.found for p in error.value.problems} == {"testvile"}


def test_the_preview_and_what_was_done_are_said_in_chinese(tmp_path: Path) -> None:
    file, data = made(tmp_path, "指标,2022年,2023年\n小部件,16.1,17\n别的,1,2\n")
    source = {"publisher": "P", "title": "公报", "date": "2024-11"}
    how = map_file(tmp_path, mapping(source=source))
    code, said = qcity(file, "--map", how, "--data", data, "--write", "--language", "zh")
    assert code == 0
    assert said.splitlines() == [
        f"{file}（UTF-8, comma）→ {data}，来源 testville_2024_11：公报",
        "新增 1，修订 0，不变 1，拒收 0",
        "  + widgets testville 2023: 17 points (final, 2024-11) <- a.csv 第 2 行 C (2023) 列",
        "对应表没有提到，未导入：",
        "  别的：2 个单元格，首见于 a.csv, row 3",
        "已写入 1 行；`qcity import --undo` 可撤销",
    ]
    code, said = qcity("--undo", "--data", data, "--language", "zh")
    assert code == 0 and said.startswith("已撤销 ") and "去掉 1 行，各文件恢复原样" in said
    file.write_text("指标,2023年\n小部件,下降三成\n", "utf-8")
    code, said = qcity(file, "--map", how, "--data", data, "--language", "zh")
    assert code == 2
    assert said.splitlines()[1:] == [
        "新增 0，修订 0，不变 0，拒收 1",
        "  拒收：a.csv 第 2 行 B (2023) 列：现为“下降三成”；应为：一个数，或界限（≥96、96以上），"
        "或无数据的记号（— … - / .. 或空白）；"
        "在文件的副本中改正该单元格，或用 `qcity add` 添加该数据",
        "未写入：请改正拒收的单元格或其对应关系，或用 --skip-refused 只写其余",
    ]

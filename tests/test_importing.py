"""Importing a file: previewed, all or nothing, vintages kept, undone to the byte."""

import json
import os

import pytest
from packages import contents, figure, figures, indicator, package
from test_importing_sheets import xlsx

from qcity_analysis.catalogue import catalogue
from qcity_analysis.data import write
from qcity_analysis.data.load import check, load
from qcity_analysis.errors import QcityError
from qcity_analysis.importing.importing import import_figures, starter
from qcity_analysis.importing.mapping import read_mapping

SOURCE = {"publisher": "Office of Testville", "title": "Yearbook 2024", "date": "2024-11"}
INDICATORS = [
    indicator("widgets", name_zh="小部件", unit_zh="点"),
    indicator("share", name_zh="合格率", name_en="Pass rate", unit="%", unit_zh="%", support="percent"),
    indicator("spending", name_zh="支出", unit="10k yuan", unit_zh="万元"),
]
RULE = {"name": "小部件", "indicator": "widgets", "unit": "points"}
SHARE = {"name": "合格率", "indicator": "share"}
SPENT = {"name": "支出", "indicator": "spending"}
CHANGE = {"measure": "change_pct", "unit": "%"}
TABLE = "指标,单位,2020年,2022年,2023年,2024年\n小部件,点,13.9,16.3,≥17.5,—\n"


def mapping(*rules, **more):
    return {"source": SOURCE, "region": "testville", "figures": list(rules or (RULE,)), **more}


def made(folder, text, observations=None):
    """A file to import and a data package."""
    data = package(folder / "data", observations=observations, indicators=INDICATORS)
    (folder / "a.csv").write_text(text, "utf-8")
    return folder / "a.csv", data


def map_file(folder, how):
    (folder / "map.yaml").write_text(json.dumps(how, ensure_ascii=False), "utf-8")
    return folder / "map.yaml"


def rows(figures):
    """Each figure in a line, without what is usual."""
    keys = ("region", "period", "qualifier", "value", "unit", "measure", "status", "note")
    usual = ("", "testville", "level", "final")
    return [" ".join(one.row[key] for key in keys if one.row[key] not in usual) for one in figures]


def fails(act, folder=None):
    """The error with which something fails, leaving every byte of a folder as it was."""
    before = contents(folder) if folder else {}
    with pytest.raises(QcityError) as error:
        act()
    assert before == (contents(folder) if folder else {})
    return error.value


def test_writing_keeps_every_byte_and_vintage_and_a_second_time_changes_nothing(tmp_path):
    file, data = made(tmp_path, TABLE)
    before = contents(data)
    assert import_figures(file, mapping(), data=data, write=True).written
    after = contents(data)
    assert all(after[name].startswith(before[name]) for name in ("observations.csv", "sources.csv"))
    keys = ("period", "value", "published", "source_id", "unit")
    assert [" ".join(row[key] for key in keys) for row in write.rows_of(data / "observations.csv")[-2:]] == [
        "2022 16.3 2024-11 testville_2024_11 points", "2023 17.5 2024-11 testville_2024_11 points"]  # fmt: skip
    seen = {day: load(data, as_of=day).observations for day in ("2024-11-29", "2024-12-31")}
    assert [list(f.loc[f["period"] == "2022", "value"]) for f in seen.values()] == [[16.1], [16.1, 16.3]]
    again = import_figures(file, mapping(), data=data, write=True)
    assert ([f.kind for f in again.figures], again.written) == (list(again.table["kind"]), False)
    assert list(again.table["kind"]) == ["unchanged"] * 3 and contents(data) == after


def test_undo_restores_every_file_to_the_byte_step_by_step(tmp_path):
    file, data = made(tmp_path, TABLE)
    path = data / "observations.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    os.chmod(path, 0o640)
    start = contents(data)
    import_figures(file, mapping(), data=data, write=True)
    assert os.stat(path).st_mode & 0o777 == 0o640
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    first = {name: raw for name, raw in contents(data).items() if not name.startswith(".imports")}
    file.write_text("指标,2024年\n小部件,18\n", "utf-8")
    import_figures(file, mapping(), data=data, write=True)
    record = write.undo(data)
    assert (record["file"], record["added"]) == (str(file), 1)
    assert {n: raw for n, raw in contents(data).items() if not n.startswith(".imports")} == first
    write.undo(data)
    assert contents(data) == start


@pytest.mark.parametrize(("edit", "where"), [
    (lambda data: (data / "observations.csv").open("a").write("by hand\n"),
     "observations.csv has been changed since, first in row 11 (found 'by hand')"),
    (lambda data: (data / "sources.csv").unlink(), "sources.csv has been deleted since"),
])  # fmt: skip
def test_undo_is_refused_once_a_file_has_changed_and_says_where(tmp_path, edit, where):
    file, data = made(tmp_path, TABLE)
    import_figures(file, mapping(), data=data, write=True)
    edit(data)
    assert str(fails(lambda: write.undo(data), data)) == (
        f"the import of {file} cannot be undone: {where}. Take the later change back first; the files before the "
        f"import are in {data}/.imports/0001/before"
    )


def killed_at(moment, act):
    """A process of its own that ends, without any clean-up, before it moves file number `moment`."""
    child = os.fork()
    if child == 0:
        real, moved = os.replace, []

        def counted(*words):
            if len(moved) == moment:
                os._exit(9)
            moved.append(real(*words))

        write.os.replace = counted
        try:
            act()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("moment", range(4))
def test_killed_at_any_moment_the_package_is_the_old_or_the_new_one(tmp_path, moment):
    file, data = made(tmp_path, TABLE)
    start = contents(data)
    killed_at(moment, lambda: import_figures(file, mapping(), data=data, write=True))
    assert len(load(data).observations) in (7, 9)
    import_figures(file, mapping(), data=data, write=True)
    assert len(load(data).observations) == 9
    assert not (data / ".imports" / "pending").exists()
    killed_at(moment, lambda: write.undo(data))
    assert len(load(data).observations) in (7, 9)
    if moment == 0:
        write.undo(data)
    else:  # the undo is finished first, and then there is nothing more to undo
        with pytest.raises(QcityError, match="nothing to undo; no import is recorded there"):
            write.undo(data)
    assert contents(data) == start


def test_an_edit_after_a_cut_or_beside_a_change_is_never_overwritten(tmp_path):
    file, data = made(tmp_path, TABLE)
    meanwhile = fails(lambda: write.replace(data, {"a": b"mine"}, based_on={"targets.csv": b"old"}), data)
    said = "was changed by somebody else meanwhile; run the command again"
    assert str(meanwhile) == f"{data / 'targets.csv'} {said}"
    killed_at(1, lambda: import_figures(file, mapping(), data=data, write=True))
    path, pending = data / "observations.csv", data / ".imports" / "pending"
    path.write_bytes(path.read_bytes() + b"\n")
    assert str(fails(lambda: write.undo(data), data)) == (
        f"{path} was edited after a change was cut short; move your edit aside and put back one of "
        f"{pending}/before/observations.csv and {pending}/after/observations.csv, then run the command again"
    )


YEAR, LONG, SPENDING = "指标,2023年\n", "指标,年份,数值\n", "指标,单位,2023年\n支出,亿元,1.5\n"
PARTS = "指标,2023年,\n,总量,增长\n小部件,1,2\n"
SDMX = "DATAFLOW,ACTION,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT\n"
AREA = {"where": {"REF_AREA": "NJ"}, "indicator": "widgets", "unit": "points", "region": "testville"}
SPENT_CHANGE = SPENT | {"measure": "change_pct"}
# file, entry of the mapping or the whole, and the one problem: its place, code, what was found and what may be meant
BAD = [
    (YEAR + "小部件,下降三成", RULE, "a.csv 2 B (2023) read_number 下降三成"),
    (YEAR + "小部件,17%", RULE, "a.csv 2 B (2023) read_percent 17%"),
    ("指标,单位,2023年\n合格率,%,960", SHARE, "a.csv 2 C (2023) not_percent 960"),
    (YEAR + "小部件,#DIV/0!", RULE, "a.csv 2 B (2023) read_error #DIV/0!"),
    (YEAR + "小部件,比上年下降5%", RULE, "a.csv 2 B (2023) read_words 比上年下降5%"),
    (YEAR + "小部件,下降-5%", RULE | CHANGE, "a.csv 2 B (2023) read_change 下降-5%"),
    (YEAR + "小部件,下降5%", RULE | CHANGE | {"factor": -1}, "a.csv 2 B (2023) read_words 下降5%"),
    ("指标,2025年,2026年\n小部件,17,", RULE, "a.csv 2 B (2025), as period before_its_period 2025"),
    ("指标,2020年\n小部件,14", RULE | {"published": "2021-02-28"}, "a.csv 2 B (2020) same_date 14"),
    (LONG + "小部件,2023年8月,17\n小部件,2022,16.1", RULE, "a.csv 2 period read_period 2023年8月"),
    ("指标,地区,年份,数值\n小部件,测试城县,2023,17", RULE, "a.csv 2 region read_region 测试城县 测试城"),
    ("指标,年份,数值,状态\n小部件,2023,17,快报", RULE, "a.csv 2 status read_status 快报"),
    ("指标,年份,数值,发布日期\n小部件,2023,17,昨天", RULE, "a.csv 2 published read_date 昨天"),
    ("指标,年份,数值,qualifier\n小部件,2023,17,>", RULE, "a.csv 2 qualifier read_qualifier >"),
    (LONG + "小部件,2023,17\n小部件,2023,18", RULE, "a.csv 3 数值 two_figures 18"),
    (SDMX + "X,D,NJ,2023,17,A,", AREA, "a.csv 2 ACTION read_deletion D"),
    (SDMX + "X,I,NJ,2023,17,B,", AREA, "a.csv 2 status read_status B"),
    # the mapping and its file
    (SDMX + "X,I,NJ,2023,17,A,", AREA | {"where": {"AREA": "NJ"}}, "mapping where no_label AREA REF_AREA"),
    (SDMX + "X,I,NJ,2023,17,A,3", AREA | {"unit": "PT", "factor": 1}, "mapping unit unit_of_file PT"),
    (TABLE, RULE | {"name": "小部品"}, "mapping name no_name 小部品 小部件"),
    (TABLE, RULE | {"after": "其中"}, "mapping name no_name_after 小部件 小部件"),
    (TABLE, RULE | {"indicator": "widget"}, "mapping indicator unknown_name widget widgets"),
    (SPENDING.replace("亿元", "亿美元"), SPENT, "mapping unit no_factor 亿美元"),
    (SPENDING, SPENT_CHANGE, "mapping unit no_factor_of_change 亿元"),
    (YEAR + "支出,1.5", SPENT, "mapping unit no_unit"),
    (YEAR + "支出,1.5", SPENT_CHANGE, "mapping unit no_unit_of_change"),
    (SPENDING, SPENT | {"unit": "万元"}, "mapping unit unit_of_file 万元"),
    ("指标,单位,年份,数值\n支出,万元,2022,1\n支出,亿元,2023,1", SPENT, "mapping unit two_units 万元, 亿元"),
    (YEAR + "小部件,1\n其中,2\n小部件,3", RULE, "mapping name two_rows '小部件' in a.csv, row 2, and in row 4"),
    (PARTS, RULE | {"column": "总计"}, "mapping column no_heading 总计"),
    (PARTS, RULE, "mapping column no_heading"),
    # the mapping by itself
    (TABLE, mapping(source=SOURCE | {"id": "bulletin"}), "mapping source: id source_taken bulletin"),
    (TABLE, mapping(source={"publisher": "P", "title": "T"}), "mapping source: date no_source"),
    (TABLE, mapping(source=SOURCE | {"date": "20241101"}), "mapping source: date entry_date 20241101"),
    (TABLE, mapping(layout="years-across"), "mapping layout cell_choice years-across years_across"),
    (TABLE, mapping(statuses={"快报": "prelim"}), "mapping 快报 cell_choice prelim preliminary"),
    (TABLE, mapping() | {"figures": []}, "mapping figures no_rules"),
    (TABLE, mapping() | {"figures": ["小部件"]}, "mapping 0 no_entries 小部件"),
    (TABLE, RULE | {"unti": "points"}, "mapping unti entry_unknown an unknown entry unit"),
    (TABLE, RULE | {"measure": "change"}, "mapping measure cell_choice change change_pct"),
    (TABLE, RULE | {"factor": "x10"}, "mapping factor entry_number x10"),
    (TABLE, RULE | {"factor": "?"}, "mapping factor entry_open ?"),
    (TABLE, RULE | {"where": "REF_AREA"}, "mapping where entry_where REF_AREA"),
    (TABLE, {"name": "小部件", "unit": "points"}, "mapping indicator no_indicator"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "how", "expected"), BAD, ids=[expected for _, _, expected in BAD])
def test_a_bad_cell_or_mapping_fails_the_import(tmp_path, text, how, expected):
    file, data = made(tmp_path, text)
    how = how if "figures" in how else mapping(how)
    (problem,) = fails(lambda: import_figures(file, how, data=data, write=True), tmp_path).problems
    place = (problem.file, problem.row, problem.column, problem.code, problem.found)
    assert " ".join(str(part) for part in (*place, *problem.values.get("near", [])) if part) == expected
    english, chinese = problem.line("en"), problem.line("zh")
    assert english != chinese and "{" not in (english + chinese).replace("{REF_AREA: NJ}", "")


def test_skipping_the_refused_writes_the_rest_and_lists_them(tmp_path):
    file, data = made(tmp_path, "指标,2023年,2024年\n小部件,17,十八\n合格率,960,-5\n支出,?,3\n")
    how, listed = mapping(RULE, SHARE | {"unit": "%"}, SPENT | {"unit": "万元"}), data / "a.refused.csv"
    listed.mkdir()  # so that it cannot be written: a fault of the machine
    before = contents(data)
    with pytest.raises(OSError, match="directory"):
        import_figures(file, how, data=data, write=True, skip_refused=True)
    assert contents(data) == before
    listed.rmdir()
    done = import_figures(file, how, data=data, write=True, skip_refused=True)
    assert (rows(done.new), done.refused_file) == (["2023 = 17 points", "2024 = 3 10k yuan"], listed)
    cells = sorted(f"{row['row']} {row['column']} {row['found']}" for row in write.rows_of(listed))
    assert cells == ["2 C (2024) 十八", "3 B (2023) 960", "3 C (2024) -5", "4 B (2023) ?"]


def test_all_faults_of_a_mapping_file_come_at_once_with_their_lines(tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text("source: {publisher: P, title: T, date: 2024}\nregon: x\nfigures:\n- name: A\n  indicator: a\n"
                    "  factor: 0\n- name: B\n  measure: level\n", "utf-8")  # fmt: skip
    assert [(p.file, p.row, p.column) for p in fails(lambda: read_mapping(path)).problems] == [
        ("map.yaml", 2, "regon"), ("map.yaml", 6, "factor"), ("map.yaml", 7, "indicator")]  # fmt: skip
    assert [p.code for p in fails(lambda: read_mapping(tmp_path / "no.yaml")).problems] == ["no_yaml_file"]


CONVERTED = "指标,单位,2022年,2023年\n支出,亿元,1.15,0.1\n支出指数,上年=100,96.9,100.3\n"
INDEX = SPENT | {"name": "支出指数", "measure": "change_pct", "offset": -100}
REGIONS = mapping(RULE | {"name": "测试市"}, RULE | {"name": "别州", "region": "otherland"})
READ = [
    ("指标,2020年,2021年,2022年,2023年\n小部件,下降5%,比上年增长３．２％,下降3%以上,—\n", mapping(RULE | CHANGE),
     "2020 = -5 % change_pct; 2021 = 3.2 % change_pct; 2022 <= -3 % change_pct"),
    (CONVERTED, mapping(SPENT | {"factor": 10000}, INDEX),
     "2022 = 11500 10k yuan; 2023 = 1000 10k yuan; 2022 = -3.1 % change_pct; 2023 = 0.3 % change_pct"),
    ("指标,2022年,2023年\n支出,3以上,约2\n", mapping(SPENT | CHANGE | {"factor": -1}),
     "2022 <= -3 % change_pct; 2023 ~ -2 % change_pct"),
    ("指标,2022年①,2023年\n小部件,16.5,17②\n注：①为快报数；②按新口径。,,\n", mapping(),
     "2022 = 16.5 points ① 为快报数; 2023 = 17 points ② 按新口径"),
    ("指标,2022年,2023年\n小部件,16.5,17\n注：2023年为初步核算数。,,\n", mapping(),
     "2022 = 16.5 points; 2023 = 17 points preliminary"),
    (YEAR + "小部件,1\n其中,2\n小部件,3\n小部件,4\n", mapping(RULE | {"after": "其中"}),
     "2023 = 3 points; left out: 2 小部件, 1 其中"),
    ("地区,2023年,2024年1-8月\n测试市,17,11\n别州,20,\n", REGIONS,
     "2023 = 17 points; 2024-08 = 11 points; otherland 2023 = 20 points"),
    ("指标,2020年\n小部件,13.5\n", mapping(RULE | {"published": "2021-01-15"}), "2020 = 13.5 points"),
    (SDMX + "X,I,NJ,2023,17,B,", mapping(AREA, statuses={"B": "final"}), "2023 = 17 points"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "how", "expected"), READ)
def test_what_a_file_and_its_mapping_yield(tmp_path, text, how, expected):
    file, data = made(tmp_path, text)
    done = import_figures(file, how, data=data)
    left = ", ".join(f"{count} {name}" for name, (count, _) in done.left_out.items())
    assert "; ".join([*rows(done.new), *([f"left out: {left}"] if left else [])]) == expected
    assert (done.refused, done.new) == ((), list(done.figures))


def test_a_correction_here_does_not_make_the_published_figure_look_new(tmp_path):
    file, data = made(tmp_path, "指标,2020年\n小部件,139\n", [*figures({2019: 13.1}), figure(2020, 139)])
    corrected = {"figure": {"indicator_id": "widgets", "region": "testville", "period": 2020}, "expect": 139}
    corrected |= {"set": 13.9, "why": "x", "who": "y", "source": "bulletin", "date": "2021-03"}
    (data / "corrections.yaml").write_text(json.dumps([corrected]), "utf-8")
    assert [f.kind for f in import_figures(file, mapping(), data=data).figures] == ["unchanged"]


def test_the_source_that_is_there_is_used_again_and_an_unlikely_figure_is_a_warning(tmp_path):
    how = mapping(source={"publisher": "Office of Testville", "title": "Bulletin", "date": "2024"})
    file, data = made(tmp_path, "指标,2023年\n小部件,175000\n")
    before = (data / "sources.csv").read_bytes()
    done = import_figures(file, how, data=data, write=True)
    assert (done.written, done.source["source_id"]) == (True, "bulletin")
    assert (data / "sources.csv").read_bytes() == before
    (warning,) = done.warnings
    assert (warning.level, warning.file, warning.row, warning.column) == ("warning", "a.csv", 2, "B (2023)")


def test_a_package_with_faults_of_its_own_is_not_written_to(tmp_path):
    file, data = made(tmp_path, TABLE, [figure(2020, 1), figure(2020, 2)])
    (problem,) = fails(lambda: import_figures(file, mapping(), data=data, write=True), tmp_path).problems
    assert (problem.file, problem.row) == ("observations.csv", 3)


def test_the_starter_is_a_mapping_once_it_is_completed(tmp_path):
    file, data = made(tmp_path, "指标,单位,2023年\nPass rate,%,97\n支出,亿元,1.5\n小部件A,点,1\n")
    begun, head = starter(file, data), catalogue("starters")["mapping"]["both"].format(region="testville")
    said, begun = begun.split("\n", 2)[:2], begun.split("\n", 2)[2]
    assert said[0] == (
        "# a.csv: years_across, heading row 1, 2023 to 2023, region column —, unit %, 亿元, 点, preface —; 0 of 3 "
        "cells with numbers used; numbers outside of the table: —"
    )
    assert begun == head + (
        "\n- name: Pass rate\n  indicator: share\n- name: 支出\n  indicator: spending\n"
        '# not found in indicators.csv:\n# - name: 小部件A\n#   indicator: "?"  # perhaps widgets\n'
    )
    filled = begun.replace('publisher: ""', "publisher: P").replace('title: ""', "title: T")
    (tmp_path / "map.yaml").write_text(filled.replace('date: ""', "date: 2024-06"), "utf-8")
    done = import_figures(file, tmp_path / "map.yaml", data=data)
    assert [f.row["value"] for f in done.figures] == ["97", "15000"]
    assert list(done.left_out) == ["小部件A"]


NBS = """数据库：分省年度数据
指标：地区生产总值(亿元)
时间：最近10年
地区,2023年,2022年
测试市,120.5,110
别州,80,—
数据来源：统计局
"""


def test_a_plan_made_from_a_file_takes_its_figures_in_once_the_source_is_filled_in(tmp_path, qcity):
    (tmp_path / "省.csv").write_bytes(NBS.encode("gb18030"))
    plan = tmp_path / "grp"
    assert qcity("new-plan", "grp", "--from", tmp_path / "省.csv", "--out", plan)[0] == 0
    text = (plan / "map.yaml").read_text("utf-8")
    assert "\n- rows: region\n  indicator: 地区生产总值\n" in text
    row = "# grp,target_1,测试市,地区生产总值,地区生产总值,地区生产总值,level,at_least,?,亿元,,?,,,,,\n"
    assert text.endswith(row)
    for key in ("publisher", "title"):
        text = text.replace(f'{key}: ""', f"{key}: X")
    (plan / "map.yaml").write_text(text.replace('date: ""', "date: 2024-05"), "utf-8")
    done = import_figures(tmp_path / "省.csv", plan / "map.yaml", data=plan, write=True)
    assert [(f.row["region"], f.row["period"], f.row["value"]) for f in done.new] == [
        ("测试市", "2023", "120.5"), ("测试市", "2022", "110"), ("别州", "2023", "80")]  # fmt: skip
    assert [p for p in check(plan) if p.level == "error"] == []


def test_sheets_without_a_table_are_listed_and_those_with_one_are_all_read(tmp_path):
    data = package(tmp_path / "data", indicators=INDICATORS)
    tables = {"表1": [["指标", 2023], ["小部件", 17]], "表2": [["指标", 2015], ["小部件", 9]]}
    file = xlsx(tmp_path / "a.xlsx", {"封面": [["统计年鉴"], [2024]], **tables})
    done = import_figures(file, mapping(), data=data)
    assert rows(done.of_kind("added")) == ["2023 = 17 points", "2015 = 9 points"]
    assert done.left_out == {"(sheet 封面, no table found)": (1, "a.xlsx [封面]")}
    how = mapping(sheet=["表1", "表2"], region="testvile")
    told = fails(lambda: import_figures(file, how, data=data, write=True)).problems
    assert {problem.found for problem in told} == {"testvile"}


def test_the_command_previews_writes_on_request_and_undoes(tmp_path, qcity):
    file, data = made(tmp_path, TABLE)
    how = map_file(tmp_path, mapping())
    before = contents(tmp_path)
    code, out, _ = qcity("import", file, "--map", how, "--data", data)
    assert (code, contents(tmp_path)) == (0, before)
    assert out.splitlines() == [
        f"{file} (UTF-8, comma) -> {data}, source testville_2024_11: Yearbook 2024",
        "  a.csv: years_across, heading row 1, 2020 to 2024, region column —, unit 点, preface —; 3 of 3 cells with "
        "numbers used; numbers outside of the table: —",
        "1 added, 1 changed, 1 unchanged, 0 refused; 1 cell without a figure",
        "  + widgets testville 2023: >=17.5 points (final, 2024-11) <- a.csv, row 2, column E (2023)",
        "  ~ widgets testville 2022: 16.3 points (final, 2024-11) <- a.csv, row 2, column D (2022); "
        "held: 16.1 (final, 2023-02-28)",
        "nothing written: this is a preview; add --write to write it",
    ]
    code, out, _ = qcity("import", file, "--map", how, "--data", data, "--write")
    assert (code, out.splitlines()[-1]) == (0, "written: 2 rows; `qcity import --undo` takes them back")
    code, out, _ = qcity("import", "--undo", "--data", data)
    assert (code, out.startswith(f"undone: the import of {file} at ")) == (0, True)
    assert contents(tmp_path) == before


def test_the_command_exits_with_2_for_refused_cells_and_says_what_it_needs(tmp_path, qcity):
    file, data = made(tmp_path, "指标,2023年,2024年\n小部件,17,x\n")
    words, before = [file, "--map", map_file(tmp_path, mapping()), "--write", "--json"], contents(tmp_path)
    code, out, _ = qcity("import", *words, "--data", data)
    answer = json.loads(out)
    assert (code, answer["written"], [p["found"] for p in answer["refused"]]) == (2, False, ["x"])
    assert contents(tmp_path) == before
    code, out, _ = qcity("import", *words, "--skip-refused", "--data", data)
    assert (code, json.loads(out)["refused_file"]) == (0, str(data / "a.refused.csv"))
    (tmp_path / "none.csv").write_text("目录,页\n第一章,第二章\n", "utf-8")
    code, out, err = qcity("import", tmp_path / "none.csv", "--suggest", "--data", data)
    assert (code, out, "no such heading; nearest to a table is row 1: 目录 页" in err) == (2, "", True)
    (tmp_path / "faulty.yaml").write_text("figures: []\n", "utf-8")
    starters = f"`qcity import {file} --suggest > MAP.yaml` writes a starter"
    for words, message in (
        ([file], f"{file}: name its mapping with --map MAP.yaml; {starters}"),
        ([], "name the file to import, or --undo; `qcity import --help` shows an example"),
        ([file, "--map", tmp_path / "faulty.yaml", "--language", "zh"], "4 个问题：\n  faulty.yaml"),
    ):
        code, _, err = qcity("import", *words, "--data", data)
        assert (code, err.startswith(f"qcity: {message}")) == (2, True)


def test_the_preview_and_what_was_done_are_said_in_chinese(tmp_path, qcity):
    file, data = made(tmp_path, "指标,2022年,2023年\n小部件,16.1,17\n别的,1,2\n")
    how = map_file(tmp_path, mapping(source={"publisher": "P", "title": "公报", "date": "2024-11"}))
    code, out, _ = qcity("import", file, "--map", how, "--data", data, "--write", "--language", "zh")
    assert code == 0
    assert out.splitlines() == [
        f"{file}（UTF-8, comma）→ {data}，来源 testville_2024_11：公报",
        "  a.csv：years_across，表头第 1 行，2022 至 2023，地区列 —，单位 —，表前文字 —；"
        "4 个数中取用 2 个；不在表中的数：—",
        "新增 1，修订 0，不变 1，拒收 0",
        "  + widgets testville 2023: 17 points (final, 2024-11) <- a.csv 第 2 行 C (2023) 列",
        "对应表没有提到，未导入：",
        "  别的：2 个单元格，首见于 a.csv, row 3",
        "已写入 1 行；`qcity import --undo` 可撤销",
    ]
    _, out, _ = qcity("import", "--undo", "--data", data, "--language", "zh")
    assert out.startswith("已撤销 ") and "去掉 1 行，各文件恢复原样" in out
    file.write_text("指标,2023年\n小部件,下降三成\n", "utf-8")
    code, out, _ = qcity("import", file, "--map", how, "--data", data, "--language", "zh")
    _, _, counts, refused, end = out.splitlines()
    assert (code, counts) == (2, "新增 0，修订 0，不变 0，拒收 1")
    assert refused.startswith("  拒收：a.csv 第 2 行 B (2023) 列：现为“下降三成”；应为：一个数，")
    assert end == "未写入：请改正拒收的单元格或其对应关系，或用 --skip-refused 只写其余"

"""The command line: messages, exit codes, JSON, and what it does not load or write."""

import json
import subprocess
import sys

import pytest
from packages import CUT, STEADY, contents, figure, figures, package, target
from typer.main import get_command
from typer.testing import CliRunner

from qcity_analysis import cli


def test_importing_the_command_line_loads_no_heavy_library():
    heavy = ["pandas", "numpy", "papermill", "matplotlib", "statsmodels", "scipy"]
    code = f"import sys, qcity_analysis.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_has_help_with_an_example_and_its_exit_codes_in_the_order_of_use():
    commands = get_command(cli.app).list_commands(None)
    assert " ".join(commands[:6]) == "check list add import new-plan diff"
    assert " ".join(commands[6:]) == "forecast outlook rules portfolio export run site serve score panel"
    for command in commands:
        shown = CliRunner().invoke(cli.app, [command, "--help"])
        assert shown.exit_code == 0 and f"Example:\n    qcity {command}" in shown.output
        assert "Exit codes:" in " ".join(shown.output.split())


FAULTS = """\
error: observations.csv, row 2, column value: found 'x'; allowed: a number; write it with digits and a point, as 3.48
error: observations.csv, row 3, column region: found 'testvile'; allowed: region of regions.csv; add it there, or \
correct it. Did you mean "testville"?
{folder}: 2 errors, 0 warnings
"""


def test_check_lists_every_fault_exits_with_2_and_writes_nothing(tmp_path, qcity):
    code, out, err = qcity("check", "--data", package(tmp_path), "--as-of", "2024-12-31")
    assert (code, out.strip(), err) == (0, f"{tmp_path}: 0 errors, 0 warnings", "")
    package(tmp_path, observations=[figure(2020, "x"), figure(2021, 2, region="testvile")])
    before = contents(tmp_path)
    code, out, _ = qcity("check", "--data", tmp_path)
    assert (code, out) == (2, FAULTS.format(folder=tmp_path))
    assert [row["row"] for row in json.loads(qcity("check", "--data", tmp_path, "--json")[1])] == [2, 3]
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("words", "message"),
    [("gaol", "unknown target 'gaol'. Did you mean \"goal\"? Known: goal. `qcity list` shows all."),
    ("goal --region testvile", "unknown region 'testvile'. Did you mean \"testville\"?"),
    ("goal --as-of soon", "'soon' is not a date: write it as 2023-03-31, 2023-03 or 2023"),
    ("goal --language e", "unknown language 'e'."),
    ("goal --model driftt", "unknown model 'driftt'. Did you mean \"drift\"?")])  # fmt: skip
def test_a_wrong_name_is_one_line_and_exit_code_2(tmp_path, qcity, words, message):
    before = contents(package(tmp_path))
    code, out, err = qcity("forecast", *words.split(), "--data", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith(f"qcity: {message}")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("language", "banner", "start"), [
    ("zh", "示意数据：非真实公布值", "目标：测试城 2025 年"),
    ("en", "ILLUSTRATIVE DATA: not published figures", "Goal: Testville may or may not reach at least 20 points"),
])  # fmt: skip
def test_a_forecast_says_first_that_figures_are_illustrative(tmp_path, qcity, language, banner, start):
    rows, words = figures(STEADY), ["forecast", "goal", "--as-of", "2024-12-31", "--draws", 500]
    words += ["--language", language, "--data", package(tmp_path, observations=rows)]
    for ending, head in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF-")):
        code, out, _ = qcity(*words, "--figure", drawn := tmp_path / f"a{ending}")
        before, _ = drawn.read_bytes(), qcity(*words, "--figure", drawn)
        assert drawn.read_bytes() == before
        assert (code, banner in out, out.startswith(start)) == (0, False, drawn.read_bytes().startswith(head))
    package(tmp_path, observations=[*rows[:-1], rows[-1] | {"status": "illustrative"}])
    code, out, err = qcity(*words)
    assert (code, err) == (0, "") and out.splitlines()[0] == banner


@pytest.mark.parametrize(("language", "head"), [("en", "2 problems in the data:"), ("zh", "2 个问题：")])
def test_a_forecast_on_faulty_data_names_every_problem(tmp_path, qcity, language, head):
    package(tmp_path, targets=[target(**CUT, deadline=2019)], observations=figures({2019: 3, 2020: 0}))
    code, out, err = qcity("forecast", "goal", "--data", tmp_path, "--language", language)
    assert (code, out, err.splitlines()[0], err.count("\n")) == (2, "", f"qcity: {head}", 3)


@pytest.mark.parametrize(("levels", "goal", "reason"), [
    ({}, {}, "no figure is held in these data."), ({2021: 3}, {}, "figures for only 1 year; at least 3 are needed."),
    ({2018: 3, 2019: 4, 2021: 5, 2022: 6}, CUT, "no figure for the base year 2020 is held in these data."),
])  # fmt: skip
def test_a_target_that_cannot_be_assessed_exits_with_3(tmp_path, qcity, levels, goal, reason):
    before = contents(package(tmp_path, observations=figures(levels), targets=[target(**goal)]))
    code, out, _ = qcity("forecast", "goal", "--data", tmp_path)
    assert code == 3 and f"cannot be assessed yet: {reason}" in out.splitlines()[0]
    assert "qcity add widgets --region testville" in out and contents(tmp_path) == before


ADD = "add widgets --region testville --value 17 --publisher P --title T --date 2024-02 --period {}"


@pytest.mark.parametrize(("words", "expected"), [
    ("check --data {empty}", 0), ("check --data ~no_user/x", 2), ("forecast goal --figure x.odd", 2),
    ("list --plan nope", 2), ("import x.csv", 2), ("import --undo", 2), ("forecast goal --figure no/x.svg", 2),
    ("import", 2), (ADD.format("x"), 2), (ADD.format("2023"), 0), (ADD.format("2023 --dry-run"), 0),
    ("new-plan ../x --out {empty}/in", 2), ("new-plan a --out {empty}/regions.csv/a", 2), ("diff --from soon", 2),
    ("forecast goal --data {empty}", 3), ("forecast goal --region all --figure {empty}/a.svg --draws 100", 0),
    ("outlook goal --data {empty} --since 2024-01-01", 3), ("rules goal --data {empty}", 3),
    ("portfolio made_up --data {empty}", 3), ("export --to {empty}/none/x.csv --draws 100", 2),
    ("export --to {empty}/x.odt --draws 100", 2), ("run --plan nope --out {empty}/out", 2), ("site {empty}", 2),
    ("site {empty} --to {empty}/copy", 2), ("serve {empty}", 2), ("score --plan nope", 2),
    ("panel {empty}/none.parquet {empty}/out", 2), ("panel {empty}/none.parquet out --levels x", 2),
])  # fmt: skip
def test_every_command_ends_with_the_code_that_its_help_names(tmp_path, qcity, words, expected, monkeypatch):
    monkeypatch.setenv("QCITY_DATA", str(package(tmp_path / "data")))
    empty = package(tmp_path / "empty", observations=[])
    before = contents(tmp_path)
    code, out, err = qcity(*words.format(empty=empty).split())
    assert (code, bool(out), err.startswith("qcity: ")) == (expected, code != 2, code == 2)
    assert code not in (2, 3) and "dry" not in words or contents(tmp_path) == before  # nothing is written


def test_forecast_and_list_give_json_a_program_can_read(tmp_path, qcity):
    words = ["--data", package(tmp_path), "--json"]
    code, out, _ = qcity("forecast", "goal", *words, "--as-of", "2024-12-31", "--draws", 500)
    said = json.loads(out)
    assert (code, said["status"], said["draws"]) == (0, "forecast", 500) and 0 <= said["probability"] <= 1
    code, out, _ = qcity("list", *words)
    assert [(row["target_id"], row["years_published"], code) for row in json.loads(out)] == [("goal", 7, 0)]


@pytest.mark.parametrize(("plan", "code"), [("jiangsu_12fyp", 0), ("jiangsu_12fip", 2)])
def test_an_earlier_plan_is_there_where_it_is_named(tmp_path, qcity, plan, code):
    assert plan not in qcity("list")[1]
    for words in ("list", f"export --as-of 2013-06-30 --draws 100 --to {tmp_path}/x.csv"):
        found, out, err = qcity(*words.split(), "--plan", plan)
        assert found == code and ('Did you mean "jiangsu_12fyp"' in err) == bool(code)
    assert (tmp_path / "x.csv").exists() != bool(code)


def test_a_plan_is_asked_for_its_binding_targets_alone(tmp_path, qcity):
    folder = package(tmp_path, targets=[target(binding="binding"), target("other")])
    words = ["--data", folder, "--binding", "binding"]
    assert qcity("export", "--to", tmp_path / "x.csv", "--draws", 100, *words)[0] == 0
    assert (tmp_path / "x.csv").read_text(encoding="utf-8-sig").count("约束性") == 1
    assert "unknown binding 'expected'. Known: binding." in qcity("list", *words, "--binding", "expected")[2]

"""The command line: messages, exit codes, JSON, and what it does not load or write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packages import STEADY, contents, figure, figures, package, target
from typer.main import get_command
from typer.testing import CliRunner

from qcity_analysis import cli
from qcity_analysis.cli.options import ORDER

Command = Callable[..., tuple[int, str, str]]


def test_importing_the_command_line_loads_no_heavy_library() -> None:
    heavy = ["pandas", "numpy", "papermill", "matplotlib", "statsmodels", "scipy"]
    code = f"import sys, qcity_analysis.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ORDER)
def test_every_command_has_help_with_an_example_and_its_exit_codes(command: str) -> None:
    shown = CliRunner().invoke(cli.app, [command, "--help"])
    assert shown.exit_code == 0
    assert f"Example: qcity {command}" in shown.output
    assert "Exit codes:" in " ".join(shown.output.split())


def test_help_lists_every_command_in_the_order_of_use() -> None:
    assert get_command(cli.app).list_commands(None) == list(ORDER)  # type: ignore[attr-defined,arg-type]
    assert {command.name for command in cli.app.registered_commands} == set(ORDER)


def test_check_of_sound_data_exits_with_0(tmp_path: Path, qcity: Command) -> None:
    code, out, err = qcity("check", "--data", package(tmp_path), "--as-of", "2024-12-31")
    assert (code, out.strip(), err) == (0, f"{tmp_path}: 0 errors, 0 warnings", "")


def test_check_of_faulty_data_lists_all_exits_with_2_and_writes_nothing(
    tmp_path: Path, qcity: Command
) -> None:
    package(tmp_path, observations=[figure(2020, "x"), figure(2021, 2, region="testvile")])
    before = contents(tmp_path)
    code, out, _ = qcity("check", "--data", tmp_path)
    assert code == 2
    assert out.splitlines() == [
        "error: observations.csv, row 2, column value: found 'x'; allowed: a number; "
        "write it with digits and a point, as 3.48",
        "error: observations.csv, row 3, column region: found 'testvile'; allowed: region of regions.csv; "
        'add it there, or correct it. Did you mean "testville"?',
        f"{tmp_path}: 2 errors, 0 warnings",
    ]
    code, out, _ = qcity("check", "--data", tmp_path, "--json")
    assert (code, [problem["row"] for problem in json.loads(out)]) == (2, [2, 3])
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gaol"], "unknown target 'gaol'. Did you mean \"goal\"? Known: goal. `qcity list` shows all."),
        (["goal", "--region", "testvile"], "unknown region 'testvile'. Did you mean \"testville\"?"),
        (["goal", "--as-of", "soon"], "'soon' is not a date: write it as 2023-03-31, 2023-03 or 2023"),
        (["goal", "--language", "e"], "unknown language 'e'."),
        (["goal", "--model", "driftt"], "unknown model 'driftt'. Did you mean \"drift\"?"),
    ],
)
def test_a_wrong_name_is_one_line_on_the_error_stream_and_exit_code_2(
    tmp_path: Path, qcity: Command, words: list[str], message: str
) -> None:
    before = contents(package(tmp_path))
    code, out, err = qcity("forecast", *words, "--data", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"qcity: {message}")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("language", "banner"),
    [("zh", "示意数据：非真实公布值"), ("en", "ILLUSTRATIVE DATA: not published figures")],
)
def test_a_forecast_from_illustrative_figures_says_so_first(
    tmp_path: Path, qcity: Command, language: str, banner: str
) -> None:
    rows = figures(STEADY)
    words = ["forecast", "goal", "--data", tmp_path, "--as-of", "2024-12-31", "--draws", 500]
    words += ["--language", language]
    package(tmp_path, observations=rows)
    assert banner not in qcity(*words)[1]
    package(tmp_path, observations=[*rows[:-1], rows[-1] | {"status": "illustrative"}])
    code, out, err = qcity(*words)
    assert (code, err) == (0, "") and out.splitlines()[0] == banner


def test_a_forecast_on_faulty_data_names_every_problem_and_exits_with_2(
    tmp_path: Path, qcity: Command
) -> None:
    cut = target(kind="relative_change", direction="at_most", threshold=-18, base_year=2020, deadline=2019)
    package(tmp_path, targets=[cut], observations=figures({2019: 3, 2020: 0}))
    before = contents(tmp_path)
    code, out, err = qcity("forecast", "goal", "--data", tmp_path)
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == "qcity: 2 problems in the data:"
    assert "deadline: found '2019'; allowed: a year after the base year 2020" in err
    assert "value: found '0'; allowed: a value other than zero" in err
    assert contents(tmp_path) == before


CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}


@pytest.mark.parametrize(
    ("levels", "goal", "reason"),
    [
        ({}, {}, "no figure is held in these data."),
        ({2021: 3}, {}, "figures for only 1 year; at least 3 are needed."),
        (
            {2018: 3, 2019: 4, 2021: 5, 2022: 6},
            CUT,
            "no figure for the base year 2020 is held in these data.",
        ),
    ],
)
def test_a_target_that_cannot_be_assessed_says_why_and_exits_with_3(
    tmp_path: Path, qcity: Command, levels: dict[int, float], goal: dict[str, Any], reason: str
) -> None:
    before = contents(package(tmp_path, observations=figures(levels), targets=[target(**goal)]))
    code, out, _ = qcity("forecast", "goal", "--data", tmp_path)
    assert code == 3
    assert f"not assessable: {reason}" in out.splitlines()[0]
    assert "qcity add widgets --region testville" in out
    assert contents(tmp_path) == before


def test_a_forecast_prints_its_answer_and_json_a_program_can_read(tmp_path: Path, qcity: Command) -> None:
    words = ["forecast", "goal", "--data", package(tmp_path), "--as-of", "2024-12-31", "--draws", 500]
    code, out, _ = qcity(*words)
    assert (code, out.startswith("As of 2024-12-31, the probability that Testville")) == (0, True)
    code, out, _ = qcity(*words, "--json")
    answer = json.loads(out)
    assert (code, answer["status"], answer["draws"]) == (0, "forecast", 500)
    assert 0 <= answer["probability"] <= 1


def test_list_counts_the_years_published_and_reads_as_json(tmp_path: Path, qcity: Command) -> None:
    code, out, _ = qcity("list", "--data", package(tmp_path), "--json")
    (row,) = json.loads(out)
    assert (code, row["target_id"], row["years_published"]) == (0, "goal", 7)
    code, _, err = qcity("list", "--data", tmp_path, "--plan", "madeup")
    assert (code, 'Did you mean "made_up"?' in err) == (2, True)


def test_add_writes_one_figure_and_a_dry_run_none(tmp_path: Path, qcity: Command) -> None:
    before = contents(package(tmp_path))
    words = ["add", "widgets", "--region", "testville", "--period", "2023", "--value", "17"]
    words += ["--publisher", "P", "--title", "T", "--date", "2024-02", "--data", tmp_path]
    code, out, _ = qcity(*words, "--dry-run")
    assert (code, out.startswith("would add: "), contents(tmp_path)) == (0, True, before)
    code, out, _ = qcity(*words)
    assert (code, out.startswith("added: "), contents(tmp_path) == before) == (0, True, False)

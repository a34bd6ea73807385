"""Running a notebook: every way to fail is seen as what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.running.runner import check_parameters, declared_parameters, run_notebook

PARAMETERS = 'city: str = "nanjing"  # which city\nyears: int = 5\nshare: float = 0.5\nloud: bool = False'


def notebook(folder: Path, *cells: str, parameters: str = PARAMETERS) -> Path:
    """A notebook with one tagged cell of parameters and the cells given."""
    document = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    document.cells = [tagged, *map(nbformat.v4.new_code_cell, cells)]
    path = folder / "made.ipynb"
    nbformat.write(document, path)
    return path


def run(folder: Path, *cells: str, timeout: float = 60, **parameters: Any) -> Any:
    return run_notebook(notebook(folder, *cells), parameters, folder / "out.ipynb", timeout=timeout)


def test_a_notebook_that_runs_is_ok_and_its_chinese_parameters_stay_readable(tmp_path: Path) -> None:
    result = run(tmp_path, "assert (city, share) == ('北京市', 1.0), city", city="北京市", share=1)
    assert (result.status, result.cell, result.error) == ("ok", "", "")
    assert "city = '北京市'" in (tmp_path / "out.ipynb").read_text("utf-8")


def test_text_that_looks_like_a_number_stays_text(tmp_path: Path) -> None:
    assert run(tmp_path, "assert city == '010'", city="010").status == "ok"


def test_a_failing_cell_is_named_with_the_last_line_of_its_traceback(tmp_path: Path) -> None:
    result = run(tmp_path, "print('before')", "value = {}['a']", "print('never')")
    assert (result.status, result.cell, result.error) == ("failed", "3: value = {}['a']", "KeyError: 'a'")
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert kept.cells[1].outputs[0].text == "before\n" and not kept.cells[3].outputs


def test_leaving_early_is_a_failure_although_papermill_calls_it_success(tmp_path: Path) -> None:
    result = run(tmp_path, "import sys; sys.exit(0)", "print('never')")
    assert (result.status, result.error) == ("failed", "SystemExit: 0")


def test_the_limit_is_for_the_whole_notebook(tmp_path: Path) -> None:
    result = run(tmp_path, "import time; time.sleep(3)", "time.sleep(3)", "time.sleep(30)", timeout=8)
    assert result.status == "timeout" and result.seconds < 20
    assert "8 seconds" in result.error


def test_a_kernel_that_dies_is_seen_as_dead(tmp_path: Path) -> None:
    result = run(tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert (result.status, result.cell[:2], result.attempts) == ("died", "2:", 1)


def test_a_kernel_that_does_not_start_is_tried_again(tmp_path: Path) -> None:
    path = notebook(tmp_path, "1")
    result = run_notebook(path, {}, tmp_path / "out.ipynb", kernel_argv=["/bin/false", "{connection_file}"])
    assert (result.status, result.attempts, result.cell) == ("died", 3, "")


def test_unknown_and_mistyped_parameters_are_refused_together_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(QcityError) as caught:
        run(tmp_path, "1", yeers=3, share="half", years=True)
    message = str(caught.value)
    assert 'Did you mean "years"?' in message
    assert (
        "'share' is float; found 'half', which is str" in message and "found True, which is bool" in message
    )
    assert not (tmp_path / "out.ipynb").exists()


def test_an_untyped_parameter_cell_is_refused(tmp_path: Path) -> None:
    path = notebook(tmp_path, parameters="city = 'nanjing'")
    with pytest.raises(QcityError, match="name: type = value"):
        declared_parameters(path)


def test_declarations_keep_type_default_and_comment(tmp_path: Path) -> None:
    first = declared_parameters(notebook(tmp_path))[0]
    assert (first.name, first.type, first.default, first.comment) == ("city", "str", "nanjing", "which city")
    assert check_parameters([first], {}, "a") == {}


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("no", "utf-8")
    with pytest.raises(QcityError, match="not a notebook"):
        declared_parameters(tmp_path / "a.ipynb")
    with pytest.raises(QcityError, match="no notebook at"):
        declared_parameters(tmp_path / "b.ipynb")

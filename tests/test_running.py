"""Running a notebook: every way to fail is seen as what it is."""

import nbformat
import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.running.kernels import kernel_server
from qcity_analysis.running.runner import as_declared, declared_parameters, run_notebook

PARAMETERS = 'city: str = "nanjing"  # which city\nyears: int = 5\nshare: float = 0.5\nloud: bool = False'


def notebook(folder, *cells, parameters=PARAMETERS):
    """A notebook with one tagged cell of parameters and the cells given."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    made = [tagged, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(nbformat.v4.new_notebook(metadata=kernel, cells=made), folder / "made.ipynb")
    return folder / "made.ipynb"


def run(folder, *cells, timeout=60, argv=None, **parameters):
    path, out = notebook(folder, *cells), folder / "out.ipynb"
    return run_notebook(path, parameters, out, timeout=timeout, kernel_argv=argv)


def test_a_notebook_that_runs_is_ok_and_its_text_parameters_stay_readable_text(tmp_path):
    result = run(tmp_path, "assert (city, share) == ('010 北京市', 1.0), city", city="010 北京市", share=1)
    assert (result.status, result.cell, result.error) == ("ok", "", "")
    assert "city = '010 北京市'" in (tmp_path / "out.ipynb").read_text("utf-8")


FAILURES = [
    (["print('before')", "value = {}['a']"], ("failed", "3: value = {}['a']", "KeyError: 'a'", 1)),
    # papermill calls leaving early a success
    (["import sys; sys.exit(0)"], ("failed", "2: import sys; sys.exit(0)", "SystemExit: 0", 1)),
    (["import os; os._exit(1)"], ("died", "2: import os; os._exit(1)", "the kernel died", 1)),
]


@pytest.mark.parametrize(("cells", "told"), FAILURES)
def test_a_cell_that_does_not_finish_is_named_with_what_happened(tmp_path, cells, told):
    result = run(tmp_path, *cells, "print('never')")
    assert (result.status, result.cell, result.error, result.attempts) == told
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert not kept.cells[-1].outputs and (len(cells) == 1 or kept.cells[1].outputs[0].text == "before\n")


def test_the_limit_is_for_the_whole_notebook(tmp_path):
    result = run(tmp_path, "import time; time.sleep(3)", "time.sleep(3)", "time.sleep(30)", timeout=8)
    assert result.status == "timeout" and result.seconds < 20 and "8 seconds" in result.error


def test_a_kernel_that_does_not_start_is_tried_again(tmp_path):
    result = run(tmp_path, "1", argv=["/bin/false", "{connection_file}"])
    assert (result.status, result.attempts, result.cell) == ("died", 3, "")


def test_a_kernel_forked_from_the_preloaded_process_runs_a_notebook_while_that_is_there(tmp_path):
    with kernel_server() as argv:
        assert run(tmp_path, "import sys; assert 'scipy.stats' in sys.modules", argv=argv()).error == ""
    assert argv() is None


def test_unknown_and_mistyped_parameters_are_refused_together_before_anything_is_written(tmp_path):
    with pytest.raises(QcityError) as caught:
        run(tmp_path, "1", yeers=3, share="half", years=True)
    parts = 'Did you mean "years"?', "'share' is float; found 'half', which is str", "True, which is bool"
    assert all(part in str(caught.value) for part in parts)
    assert not (tmp_path / "out.ipynb").exists()


def test_declarations_keep_type_default_and_comment_and_what_has_none_is_refused(tmp_path):
    first = declared_parameters(notebook(tmp_path))[0]
    assert first == ("city", "str", "nanjing", "which city")
    assert as_declared([first], {}, "a") == {}
    (tmp_path / "a.ipynb").write_text("no", "utf-8")
    cases = {notebook(tmp_path, parameters="city = 'nanjing'"): "name: type = value"}
    cases |= {tmp_path / "a.ipynb": "not a notebook", tmp_path / "b.ipynb": "no notebook at"}
    for path, message in cases.items():
        with pytest.raises(QcityError, match=message):
            declared_parameters(path)

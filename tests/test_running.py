"""Running a notebook: every way to fail is seen as what it is."""

import os
import subprocess
import sys

import nbformat
import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.running.runner import declared_parameters, kernel_server, run_notebook

PARAMETERS = 'city: str = "nanjing"  # which city\nyears: int = 5\nshare: float = 0.5\nloud: bool = False'


def notebook(folder, *cells, parameters=PARAMETERS):
    """A notebook with one tagged cell of parameters and the cells given."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    made = [tagged, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(nbformat.v4.new_notebook(metadata=kernel, cells=made), folder / "made.ipynb")
    return folder / "made.ipynb"


def run(folder, *cells, timeout=60, argv=None, **parameters):
    return run_notebook(notebook(folder, *cells), parameters, folder / "out.ipynb", timeout, argv)


def test_text_parameters_stay_readable_long_output_is_cut_and_a_failure_is_told(tmp_path):
    cells = "assert (city, share) == ('010 北京市', 1.0), city", "print('x' * 2_000_000)", "{}['a']"
    result = run(tmp_path, *cells, city="010 北京市", share=1)
    assert (result.status, result.cell, result.error) == ("failed", "5: {}['a']", "KeyError: 'a'")
    written = (tmp_path / "out.ipynb").read_text("utf-8")
    assert "city = '010 北京市'" in written and "it is too long" in written and len(written) < 1_100_000


def test_where_kernels_cannot_be_forked_there_is_no_command(monkeypatch):
    monkeypatch.setattr(sys, "executable", "true")  # ends at once
    with kernel_server() as argv:
        assert argv() is None
    monkeypatch.delattr(os, "fork")
    with kernel_server() as argv:
        assert argv() is None


# what a cell does: status, what it did last, size of the notebook at most; papermill calls most of these completed
DIED, LEFT = "the kernel died", "SystemExit: quit()"
TRUTH = [
    ("{}['a']", "failed", "KeyError: 'a'"), ("raise ValueError('x' * 40_000_000)", "failed", "ValueError: xxx"),
    ("1 +", "failed", "SyntaxError: invalid syntax"), ("print('x' * 50_000_000)", "ok", ""),
    ("import sys; sys.exit(0)", "failed", "SystemExit: 0"), ("quit()", "failed", LEFT), ("exit()", "failed", LEFT),
    ("exit(True)", "failed", LEFT), ("raise KeyboardInterrupt", "failed", "KeyboardInterrupt:"),
    ("import os; os._exit(0)", "died", DIED), ("import os; os.abort()", "died", DIED),
    ("import os; os.kill(os.getpid(), 9)", "died", DIED), ("import ctypes; ctypes.string_at(0)", "died", DIED),
    ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", "failed", "KeyboardInterrupt:"),
    ("import os, time; os.kill(os.getpid(), 15); time.sleep(3)", "died", DIED),
    ("import resource as r; r.setrlimit(r.RLIMIT_AS, (10**9,) * 2); bytearray(2 * 10**9)", "failed", "MemoryError:"),
    ("input('?')", "failed", "StdinNotImplementedError:"), ("import nothing_there", "failed", "ModuleNotFoundError"),
    ("import time; time.sleep(60)", "timeout", "longer than 6 seconds"),
    ("while True: print('x' * 99)", "timeout", "longer than 6 seconds"),
    ("from IPython.display import HTML; HTML('z' * 40_000_000)", "ok", ""),
    ("display('a', display_id='a').update('z' * 40_000_000)", "ok", ""),
    ("import subprocess as s; [s.Popen(['sleep', '43217'], start_new_session=own) for own in (0, 1)]", "ok", ""),
]  # fmt: skip


@pytest.mark.slow
def test_every_way_to_end_is_told_truly_and_leaves_no_large_page_and_no_process(tmp_path):
    with kernel_server() as argv:
        for number, (cell, status, error) in enumerate(TRUTH):
            (folder := tmp_path / str(number)).mkdir()
            limit = 6 if status == "timeout" else 60
            result = run(folder, "print('before')", cell, "print('never')", timeout=limit, argv=argv())
            assert result.status == status and result.error.startswith(error), cell
            assert result.cell == ("" if status == "ok" else f"3: {cell}") and len(result.error) < 20_000
            kept = nbformat.read(out := folder / "out.ipynb", as_version=4)
            assert out.stat().st_size < 1_200_000 and kept.cells[1].outputs[0].text == "before\n"
            assert bool(kept.cells[-1].outputs) == (status == "ok")
        assert run(tmp_path, "import sys; sys.modules['scipy.stats']", argv=argv()).ok  # preloaded
    assert argv() is None and b"43217" not in subprocess.run(["ps", "ax"], capture_output=True).stdout
    result = run(tmp_path, "import time; time.sleep(3)", "time.sleep(3)", "time.sleep(30)", timeout=8)
    assert result.status == "timeout" and result.seconds < 20 and "8 seconds" in result.error
    result = run(tmp_path, "1", argv=["/bin/false", "{connection_file}"])
    assert (result.status, result.cell) == ("died", "")


@pytest.mark.parametrize("kernel", [{"name": "nowhere"}, {"name": "ir", "language": "R"}])
def test_another_kernel_is_the_notebooks_own_or_refused(tmp_path, kernel):
    document = nbformat.read(path := notebook(tmp_path), as_version=4)
    document.metadata.kernelspec = kernel
    nbformat.write(document, path)
    if "language" not in kernel:
        assert "No such kernel" in run_notebook(path, {}, tmp_path / "a.ipynb", kernel_argv=["false"]).error
        return
    with pytest.raises(QcityError, match="its language is R; it needs exactly one such cell, in Python"):
        declared_parameters(path)


def test_unknown_and_mistyped_parameters_are_refused_together_before_anything_is_written(tmp_path):
    with pytest.raises(QcityError) as caught:
        run(tmp_path, "1", yeers=3, share="half", years=True)
    parts = 'Did you mean "years"?', "'share' is float; found 'half', which is str", "True, which is bool"
    assert all(part in str(caught.value) for part in parts)
    assert not (tmp_path / "out.ipynb").exists()
    assert declared_parameters(notebook(tmp_path))[0] == ("city", "str", "nanjing")
    (tmp_path / "a.ipynb").write_text("no", "utf-8")
    cases = {notebook(tmp_path, parameters="city = 'nanjing'"): "name: type = value"}
    cases |= {tmp_path / "a.ipynb": "not a notebook", tmp_path / "b.ipynb": "no notebook at"}
    for path, message in cases.items():
        with pytest.raises(QcityError, match=message):
            declared_parameters(path)

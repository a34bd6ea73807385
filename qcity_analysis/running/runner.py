"""Run one notebook with parameters, and say truthfully how it went. Many runs and their ledger are in `report`.

Built on papermill's parameter injection and execution manager. Names and types of parameters are checked against the
notebook's own tagged cell before a kernel starts; the status is determined here, not read from papermill's metadata,
which calls killed and timed-out notebooks completed.
"""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import QcityError, did_you_mean
from .kernels import ONE_THREAD

if TYPE_CHECKING:
    from nbformat import NotebookNode

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
ATTEMPTS = 3
TIMEOUT = 600.0


class Parameter(NamedTuple):
    """One declared parameter of a notebook: its name, type, default value and comment."""

    name: str
    type: str
    default: Any
    comment: str


@dataclass
class RunResult:
    """How one run went: `status` is ok, failed, timeout or died.

    `cell` is the number of the code cell that did not finish (from 1) with its first line, `error` the last
    line of the traceback; both empty when all went well. `seconds` is wall time, `attempts` how often a
    kernel was started.
    """

    output: Path
    status: str = "failed"
    seconds: float = 0.0
    cell: str = ""
    error: str = ""
    attempts: int = 0

    @property
    def ok(self) -> bool:
        """Whether there is a complete result."""
        return self.status == "ok"


def declared_parameters(notebook: Path) -> list[Parameter]:
    """The typed assignments of the notebook's cell tagged `parameters`, in order.

    Raises QcityError when the file is no notebook, has no such cell, or declares one without a type of TYPES.

    >>> [p.name for p in declared_parameters(Path("notebooks/04_scorecard.ipynb"))][:2]
    ['plan', 'as_of']
    """
    cells = [cell.source for cell in _code(_read(notebook)) if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise QcityError(f"{notebook.name} has {len(cells)} cells tagged `parameters`; it needs exactly one")
    lines, declared = cells[0].splitlines(), []
    for node in ast.parse(cells[0]).body:
        match node:
            case ast.AnnAssign(ast.Name(id=key), ast.Name(id=kind), ast.expr() as value) if kind in TYPES:
                comment = lines[(node.end_lineno or 1) - 1][node.end_col_offset or 0 :].strip(" #")
                declared.append(Parameter(key, kind, ast.literal_eval(value), comment))
            case _:
                allowed = f"`name: type = value`, type one of {', '.join(TYPES)}"
                raise QcityError(f"{notebook.name}: `{ast.unparse(node)}` must be {allowed}")
    return declared


def check_parameters(declared: list[Parameter], given: Mapping[str, Any], notebook: str) -> dict[str, Any]:
    """The given values, typed as declared. Raises QcityError naming every unknown or mistyped one at once."""
    types, faults = {parameter.name: TYPES[parameter.type] for parameter in declared}, []
    for name, value in given.items():
        kind = type(value)
        if name not in types:
            faults.append(f"unknown parameter {name!r}.{did_you_mean(name, types)} Known: {', '.join(types)}")
        elif kind is not types[name] and (types[name], kind) != (float, int):
            wanted = types[name].__name__
            faults.append(f"parameter {name!r} is {wanted}; found {value!r}, which is {kind.__name__}")
    if faults:
        raise QcityError(f"{notebook}: " + "; ".join(faults))
    return {name: types[name](value) for name, value in given.items()}


def run_notebook(
    notebook: str | Path,
    parameters: Mapping[str, Any],
    output: str | Path,
    *,
    timeout: float = TIMEOUT,
    kernel_argv: list[str] | None = None,
) -> RunResult:
    """Run a notebook with papermill and write the executed copy to `output`, partial or complete.

    `timeout` limits the whole notebook, in seconds. `kernel_argv` is the command of another kernel than the
    one of this environment (see `kernels`). A failing notebook is a result, not an exception; QcityError is
    raised for an unknown or mistyped parameter, before a kernel starts and before anything is written.
    """
    import nbformat

    source, result, begin = Path(notebook), RunResult(Path(output)), time.monotonic()
    values = check_parameters(declared_parameters(source), parameters, source.name)
    document = _inject(_read(source), values, source)
    result.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        _execute(document, result, begin + timeout, kernel_argv)
        result.status = "ok"
    except Exception as error:
        _diagnose(error, document, result, timeout)
    finally:
        result.seconds = round(time.monotonic() - begin, 2)
        document.metadata.papermill["status"] = result.status
        document.metadata["language_info"] = {"name": "python"}
        part = result.output.with_name(result.output.name + ".part")  # its final name only when it is whole
        nbformat.write(document, part)
        part.replace(result.output)
    return result


def _read(path: Path) -> NotebookNode:
    import nbformat

    if not path.is_file():
        raise QcityError(f"no notebook at {path}")
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        raise QcityError(f"{path.name} is not a notebook: {error}") from error


def _code(document: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in document.cells if cell.cell_type == "code"]


def _inject(document: NotebookNode, values: dict[str, Any], source: Path) -> NotebookNode:
    """The notebook with papermill's injected cell, its values written so that Chinese stays readable."""
    from papermill.parameterize import parameterize_notebook

    document.metadata.setdefault("papermill", {})
    for each in document.cells:
        each.metadata.setdefault("tags", [])
    if values:
        document = parameterize_notebook(document, values, kernel_name="python3", language="python")
        cell = next(c for c in document.cells if "injected-parameters" in c.metadata.get("tags", []))
        cell.source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])
    document.metadata.papermill["input_path"] = source.name
    return document


def _execute(document: NotebookNode, result: RunResult, deadline: float, argv: list[str] | None) -> None:
    """Run every cell; a kernel that does not start is tried again as long as no cell has run."""
    from papermill.engines import NotebookExecutionManager

    while True:
        result.attempts += 1
        manager = NotebookExecutionManager(document, progress_bar=False)
        manager.notebook_start()
        client = _client(manager, deadline, argv)
        try:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            client.execute(env=dict(os.environ) | ONE_THREAD, **quiet)
            return
        except Exception:
            if client.ran or result.attempts >= ATTEMPTS or time.monotonic() > deadline:
                raise
        finally:
            manager.cleanup_pbar()


def _client(manager: Any, deadline: float, argv: list[str] | None) -> Any:
    """A client that stops at the first cell that fails, lets the failure be seen, and ends at the deadline."""
    from jupyter_client.kernelspec import KernelSpec
    from papermill.clientwrap import PapermillNotebookClient

    quiet = logging.getLogger("qcity_analysis.papermill")
    quiet.setLevel(logging.CRITICAL)

    class Client(PapermillNotebookClient):
        ran = False

        def create_kernel_manager(self) -> Any:
            kernels = super().create_kernel_manager()
            if argv:
                kernels._kernel_spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
            return kernels

        def execute(self, **kwargs: Any) -> None:
            self.reset_execution_trackers()
            with self.setup_kernel(**kwargs):
                for index, cell in enumerate(self.nb.cells):
                    self.ran = self.ran or cell.cell_type == "code"
                    try:
                        self.nb_man.cell_start(cell, index)
                        self.execute_cell(cell, index)
                        if any(output.output_type == "error" for output in cell.get("outputs", [])):
                            raise RuntimeError("the cell reported an error")
                    except Exception as error:
                        self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                        raise
                    self.nb_man.cell_complete(cell, cell_index=index)

    kernel = manager.nb.metadata.get("kernelspec", {}).get("name", "python3")
    limits = {"startup_timeout": 60, "timeout_func": lambda _: max(0.5, deadline - time.monotonic())}
    return Client(manager, log=quiet, kernel_name=kernel, raise_on_iopub_timeout=False, **limits)


def _diagnose(error: Exception, document: NotebookNode, result: RunResult, timeout: float) -> None:
    """Note the status an exception stands for, the code cell that did not finish, and one line on what happened."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    result.error = f"{type(error).__name__}: {error}"
    if isinstance(error, CellTimeoutError):
        result.status, result.error = "timeout", f"longer than {timeout:g} seconds"
    elif isinstance(error, DeadKernelError) or "Kernel died" in str(error):
        result.status, result.error = "died", "the kernel died"
    elif isinstance(error, CellExecutionError):
        result.error = f"{error.ename}: {error.evalue}"
    for position, cell in enumerate(_code(document), 1):
        if cell.metadata.get("papermill", {}).get("exception"):
            first = next((line for line in cell.source.splitlines() if line.strip()), "")
            result.cell = f"{position}: {first}"
            for output in cell.get("outputs", []):
                if output.output_type == "error" and result.status == "failed":
                    result.error = f"{output.ename}: {output.evalue}".strip()
            return

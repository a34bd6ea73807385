"""Run one notebook with parameters, and say truthfully how it went. Many runs and their ledger are in `report`.

Built on papermill's parameter injection and nbclient. Names and types of parameters are checked against the notebook's
own tagged cell before a kernel starts; the status is determined here: papermill calls killed and timed-out notebooks
completed. Kernels may be forked from one preloaded process, so that each run starts in a tenth of the usual time: for
each connection on its socket a fork of it watches over a kernel, and a small process that Jupyter starts in the
kernel's place connects; when either ends, so does the other. Unix only.
"""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import logging
import math
import os
import queue
import re
import select
import signal
import socket
import socketserver
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any, NamedTuple

import numpy as np

from ..catalogue import LANGUAGES, text
from ..data.load import load
from ..errors import QcityError, did_you_mean
from ..files import write_whole

PRELOAD = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "bs4", "scipy.stats"),
    *("matplotlib.backends.backend_svg", "statsmodels.tsa.arima.model", "qcity_analysis.results"),
    *("qcity_analysis.reporting.sections", "qcity_analysis.reporting.data_sections"),
)
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
CONNECT = """
import _socket, os, sys
client = _socket.socket(_socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(ascii((sys.argv[2], os.getcwd(), {**os.environ})).encode() + b"\\n")
client.recv(1)
"""  # asks for a kernel and stays until it ends; what it imports is built in, so that it starts at once
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
TIMEOUT = 600.0
LARGEST = {"stream": 10**6, "display_data": 3 * 10**7, "execute_result": 3 * 10**7}  # characters of a cell
LONGEST = 10_000  # characters of what an error says


class Parameter(NamedTuple):
    """One declared parameter of a notebook: its name, type and default value."""

    name: str
    type: str
    default: Any


@dataclass
class RunResult:
    """How one run went: `status` is ok, failed, timeout or died, `seconds` wall time, `attempts` how often it was run;
    `cell` the code cell that did not finish (its number and first line), `error` the last line of the traceback.
    """

    status: str = "failed"
    seconds: float = 0.0
    cell: str = ""
    error: str = ""
    attempts: int = 1

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
    document = _read(notebook)
    language = document.metadata.get("kernelspec", {}).get("language", "python")
    cells = [cell.source for cell in document.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1 or language != "python":
        held = f"{len(cells)} cells tagged `parameters`, its language is {language}"
        raise QcityError(f"{notebook.name} has {held}; it needs exactly one such cell, in Python")
    return _declared(cells[0], notebook.name)


def _declared(cell: str, notebook: str) -> list[Parameter]:
    """The typed assignments of a cell, in order."""
    declared = []
    for node in ast.parse(cell).body:
        match node:
            case ast.AnnAssign(ast.Name(id=key), ast.Name(id=kind), ast.expr() as value) if kind in TYPES:
                declared.append(Parameter(key, kind, _value(value)))
            case _:
                allowed = f"`name: type = value`, type one of {', '.join(TYPES)}"
                raise QcityError(f"{notebook}: `{ast.unparse(node)}` must be {allowed}")
    return declared


def _value(node: ast.expr) -> Any:
    """What is assigned; papermill writes nan and inf as calls of float."""
    written = ast.unparse(node)
    with suppress(ValueError):
        return ast.literal_eval(written)
    return float(written[7:-2]) if re.fullmatch(r"float\('-?(nan|inf)'\)", written) else written


def as_declared(
    declared: Sequence[Parameter], given: Mapping[str, Any], notebook: str, texts: bool = False
) -> dict[str, Any]:  # fmt: skip
    """The given values, typed as declared; with `texts` they are read as typed in a terminal.

    Raises QcityError naming every unknown or mistyped one at once.
    """
    types, values, faults = {one.name: TYPES[one.type] for one in declared}, dict(given), []
    for name, value in given.items():
        if texts and types.get(name, str) is not str:  # 010 stays text where text is asked for
            with suppress(ValueError, SyntaxError):
                values[name] = value = ast.literal_eval(value.title() if types[name] is bool else value)
        kind = type(value)
        if name not in types:
            faults.append(f"unknown parameter {name!r}.{did_you_mean(name, types)} Known: {', '.join(types)}")
        elif kind is not types[name] and (types[name], kind) != (float, int):
            wanted = types[name].__name__
            faults.append(f"parameter {name!r} is {wanted}; found {value!r}, which is {kind.__name__}")
        elif kind is float and not math.isfinite(value):
            faults.append(f"parameter {name!r} is a number; found {value!r}")
    if faults:
        raise QcityError(f"{notebook}: " + "; ".join(faults))
    return {name: types[name](value) for name, value in values.items()}


def check_parameters(cells: Sequence[str] | None = None) -> None:
    """Check the parameters of the notebook that calls it, by its own declaration: a call in its first cell of code.

    The newest cell run that declares parameters (`name: type = value`) says which there are; what papermill injected
    after it must be among them and of their types. Outside a notebook nothing is checked. `cells` are those run so far.

    >>> check_parameters(["draws: int = 100", "# Parameters\\ndrawz = 50"])
    Traceback (most recent call last):
    ...
    qcity_analysis.errors.QcityError: parameters: unknown parameter 'drawz'. Did you mean "draws"? Known: draws
    """
    if cells is None:
        from IPython.core.getipython import get_ipython

        cells = getattr(get_ipython(), "user_ns", {}).get("In", [])
    declared, given = list[Parameter](), dict[str, Any]()
    for cell in cells:
        with suppress(SyntaxError, QcityError):  # other cells
            if own := _declared(cell, "parameters"):
                declared, given = own, {parameter.name: parameter.default for parameter in own}
        if cell.startswith("# Parameters\n"):
            nodes = [node for node in ast.parse(cell).body if isinstance(node, ast.Assign)]
            given |= {ast.unparse(node.targets[0]): _value(node.value) for node in nodes}
    as_declared(declared, given, "parameters")


def run_notebook(
    notebook: str | Path, parameters: Mapping[str, Any], output: str | Path, timeout: float = TIMEOUT,
    kernel_argv: list[str] | None = None, folder: Path | None = None,
) -> RunResult:  # fmt: skip
    """Run a notebook with papermill and write the executed copy to `output`, partial or complete.

    `timeout` limits the whole notebook, in seconds. `kernel_argv` is the command of a kernel to take in place of
    `python3` (see `kernels`), `folder` where it runs, by default here. A failing notebook is a result, no exception;
    QcityError is raised for an unknown or mistyped parameter, before a kernel starts and before anything is written.
    """
    import nbformat

    source, result, begin = Path(notebook), RunResult(), time.monotonic()
    values = as_declared(declared_parameters(source), parameters, source.name)
    document = _inject(_read(source), values, source.name)
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    try:
        _execute(document, result, begin + timeout, kernel_argv, str(folder or Path.cwd()))
        result.status = "ok"
    except Exception as error:
        result.status, result.error = _diagnose(error, timeout)
    finally:
        result.seconds = round(time.monotonic() - begin, 2)
        document.metadata.papermill["status"] = result.status
        document.metadata["language_info"] = {"name": "python"}
        write_whole(Path(output), nbformat.writes(document) + "\n")
    return result


def _read(path: Path) -> Any:
    import nbformat

    if not path.is_file():
        raise QcityError(f"no notebook at {path}")
    content = path.read_bytes()
    try:
        return nbformat.reads(content.decode(), as_version=4)
    except Exception as error:
        raise QcityError(f"{path.name} is not a notebook: {error}") from error


def _inject(document: Any, values: dict[str, Any], source: str) -> Any:
    """The notebook with papermill's injected cell, its values written so that Chinese stays readable."""
    from papermill.parameterize import parameterize_notebook

    document.metadata.setdefault("papermill", {})["input_path"] = source
    for each in document.cells:
        each.metadata.setdefault("tags", [])
    if values:
        document = parameterize_notebook(document, values, kernel_name="python3", language="python")
        cell = next(one for one in document.cells if "injected-parameters" in one.metadata["tags"])
        cell.source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])
    return document


def _execute(document: Any, result: RunResult, until: float, argv: list[str] | None, folder: str) -> None:
    """Run every cell until one fails; `result.cell` is the one that runs."""
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.kernelspec import KernelSpec
    from nbclient import NotebookClient

    class Prompt(AsyncKernelClient):  # waits for no messages that do not come
        def start_channels(self, *channels: Any, **more: Any) -> None:
            self.context.reconnect_ivl = 5  # milliseconds
            super().start_channels(*channels, **more)

        async def wait_for_ready(self, timeout: float | None = None) -> Any:
            while await self.is_alive() and time.monotonic() < until:
                self.kernel_info()
                with suppress(queue.Empty):
                    await self.get_shell_msg(timeout=1)
                    return await self.get_iopub_msg(timeout=1)  # outputs arrive too
            raise RuntimeError("Kernel died")

    client: Any = NotebookClient(
        document, kernel_name=document.metadata.get("kernelspec", {}).get("name", "python3"),
        log=logging.Logger("quiet", logging.CRITICAL), resources={"metadata": {"path": folder}},
        timeout_func=lambda _: max(0.5, until - time.monotonic()), force_raise_errors=True, on_cell_executed=_end,
    )  # fmt: skip
    room, process = dict[str, int](), client.process_message
    client.process_message = lambda msg, *at: process(msg, *at) if _fits(msg, room) else None
    client.km = client.create_kernel_manager()
    client.km.client_factory = Prompt
    if forked := bool(argv and client.kernel_name == "python3"):
        client.km._kernel_spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what a timeout leaves unfinished is no news
    number, group, run = 0, None, {"QCITY_RUN": f"{os.getpid()}-{id(document)}-{time.time_ns()}"}
    try:
        with client.setup_kernel(env=os.environ | ONE_THREAD | run, stdout=DEVNULL, stderr=DEVNULL):
            group = getattr(getattr(client.km, "provisioner", None), "pgid", None)
            for index, cell in enumerate(document.cells):
                if cell.cell_type == "code":
                    number, first = number + 1, cell.source.strip().partition("\n")[0]
                    result.cell = f"{number}: {first}"
                    room.update(LARGEST)
                    client.execute_cell(cell, index)
            if forked:  # it has nothing to do at its end
                client.km.provisioner.process.kill()
                client.km.provisioner.process.wait()
    finally:
        if group:  # children that the notebook left behind
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        for left in Path("/proc").glob("[0-9]*/environ"):  # also those in a session of their own
            with suppress(OSError):
                if run["QCITY_RUN"].encode() in left.read_bytes():
                    os.kill(int(left.parent.name), signal.SIGKILL)
    result.cell = ""


def _end(execute_reply: Any, **_: Any) -> None:
    if "ask_exit" in str(execute_reply["content"].get("payload")):
        raise RuntimeError("SystemExit: quit()")


def _fits(msg: dict[str, Any], room: dict[str, int]) -> bool:
    """Whether there is still room for an output; the one that fills it is cut, and says so."""
    kind, content = msg["msg_type"].removeprefix("update_"), msg["content"]
    if kind == "error":
        content["traceback"] = [line[:LONGEST] for line in content["traceback"]]
        content["evalue"] = content["evalue"][:LONGEST]
    if kind not in room:
        return True
    left, size = room[kind], len(content.get("text") or str(content.get("data")))
    room[kind] -= size
    if 0 < left <= size:
        cut = text("output_cut", LANGUAGES[-1])
        whole = {"text": f"{content.get('text', '')[:left]}\n{cut}\n", "data": {"text/plain": cut}}
        content |= {name: whole[name] for name in whole if name in content}
    return left > 0


def _diagnose(error: Exception, timeout: float) -> tuple[str, str]:
    """The status an exception stands for, and one line on what happened."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    if isinstance(error, CellTimeoutError):
        return "timeout", f"longer than {timeout:g} seconds"
    if isinstance(error, CellExecutionError):
        return "failed", f"{error.ename}: {error.evalue}"[:LONGEST].strip()
    if isinstance(error, DeadKernelError) or "Kernel died" in str(error):
        return "died", "the kernel died"
    return "failed", str(error) if type(error) is RuntimeError else f"{type(error).__name__}: {error}"


@contextmanager
def kernel_server(timeout: float = 60) -> Iterator[Callable[[], list[str] | None]]:
    """Start the preloaded process for a `with` block and wait until it accepts connections; at the end it is ended.

    What is called inside gives the command of a kernelspec whose kernels come from that process, None where there is
    none: on another system, after `timeout` seconds, or when it has died.
    """
    if not (hasattr(os, "fork") and hasattr(socket, "AF_UNIX")):
        yield lambda: None
        return
    with tempfile.TemporaryDirectory(prefix="qcity-") as folder:
        address = os.path.join(folder, "kernels")
        command = [sys.executable, "-c", f"from {__name__} import serve; serve({address!r})"]
        pipes: dict[str, Any] = {"stdin": PIPE, "stdout": PIPE, "stderr": DEVNULL}
        with Popen(command, env=os.environ | ONE_THREAD, start_new_session=True, **pipes) as process:
            assert process.stdin is not None and process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], timeout)
            started = bool(ready) and process.stdout.readline() == b"ready\n"
            argv = [sys.executable, "-I", "-S", "-c", CONNECT, address, "{connection_file}"]
            try:
                yield lambda: argv if started and process.poll() is None else None
            finally:
                process.stdin.close()
                with suppress(TimeoutExpired):
                    process.wait(10 * started)
                process.kill()


def serve(address: str) -> None:
    """Watch over a kernel for each connection until standard input is closed; then end them all."""
    for name in PRELOAD:
        importlib.import_module(name)
    text("output_cut", LANGUAGES[-1])  # so that the kernels need not read the texts again, and the data
    with suppress(QcityError):  # they tell it
        _held = load(None, dt.date.max)

    class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
        request_queue_size = 32

    class Kernel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            """In a fork: start the kernel and stay until it, its client or the whole server ends."""
            file, folder, env = ast.literal_eval(self.rfile.readline().decode())
            if (pid := os.fork()) == 0:
                _become_kernel(file, folder, env, [self.connection.fileno(), server.fileno()])
            while not (os.waitpid(pid, os.WNOHANG)[0] or select.select([0, self.connection], [], [], 0.1)[0]):
                pass
            for end in (os.killpg, os.kill):  # with what it started; alone, where just forked
                with suppress(ProcessLookupError, PermissionError):
                    end(pid, signal.SIGKILL)

    with Server(address, Kernel) as server:
        os.write(1, b"ready\n")
        while 0 not in select.select([0, server.fileno()], [], [])[0]:
            server.handle_request()
            server.service_actions()


def _become_kernel(file: str, folder: str, env: dict[str, str], inherited: list[int]) -> None:
    """In the forked child: a fresh state, then an ordinary IPython kernel; never returns."""
    try:
        os.setsid()
        for connection in inherited:
            os.close(connection)
        for stream in (0, 1):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        os.chdir(folder)
        os.environ |= env
        np.random.seed()
        application = importlib.import_module("ipykernel.kernelapp").IPKernelApp
        application.launch_instance(argv=["-f", file, "--HistoryManager.enabled=False"])
    finally:
        os._exit(0)

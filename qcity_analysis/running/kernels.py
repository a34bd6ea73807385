"""Notebook kernels forked from one preloaded process, so that each run starts in a tenth of the usual time.

`serve` runs in a process of its own that has imported what the notebooks need; for each connection on its socket it
forks a kernel. `connect` is the small process that Jupyter starts and watches in the kernel's place: when it ends, for
whatever reason, the server ends the kernel, and the other way round. Unix only; elsewhere the caller uses ordinary
kernels. Nothing of the package is imported, so that `connect` starts at once.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any

PRELOAD = (
    *("IPython.core.interactiveshell", "ipykernel.ipkernel", "ipykernel.zmqshell", "pandas", "scipy.special"),
    *("matplotlib.backends.backend_agg", "matplotlib.figure", "scipy.stats"),
    *("qcity_analysis.results", "qcity_analysis.reporting.target_sections", "qcity_analysis.running.runner"),
)
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


@contextlib.contextmanager
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
        command = [sys.executable, "-m", "qcity_analysis.running.kernels", "serve", address]
        pipes: dict[str, Any] = {"stdin": PIPE, "stdout": PIPE, "stderr": DEVNULL}
        with Popen(command, env=os.environ | ONE_THREAD, start_new_session=True, **pipes) as process:
            assert process.stdin is not None and process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], timeout)
            started = bool(ready) and process.stdout.readline() == b"ready\n"
            argv = [sys.executable, "-I", "-S", __file__, "connect", address, "{connection_file}"]
            try:
                yield lambda: argv if started and process.poll() is None else None
            finally:
                process.stdin.close()
                try:
                    process.wait(10)
                except TimeoutExpired:
                    process.kill()


def serve(address: str) -> None:
    """Fork a kernel for each connection until standard input is closed; then end them all."""
    for name in PRELOAD:
        importlib.import_module(name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(32)
    os.write(1, b"ready\n")
    kernels: dict[int, socket.socket] = {}
    while True:
        waiting: list[Any] = [0, listener, *kernels.values()]
        ready, _, _ = select.select(waiting, [], [], 0.1)
        if 0 in ready:
            break
        if listener in ready:
            client, _ = listener.accept()
            request = json.loads(client.makefile("r").readline())
            pid = os.fork()
            if pid == 0:
                _become_kernel(request, [listener, client, *kernels.values()])
            kernels[pid] = client
            client.sendall(b"%d\n" % pid)
        for pid in [pid for pid, client in kernels.items() if client in ready]:
            _end(pid)  # connection closed: nobody waits for this kernel
        for pid in list(kernels):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                _end(pid)
                client = kernels.pop(pid)
                with contextlib.suppress(OSError):
                    client.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
                client.close()
    for pid in kernels:
        _end(pid)


def _end(group: int) -> None:
    """End a kernel and what it started: they are one process group."""
    for end in (os.killpg, os.kill):  # the process itself, where it has only just been forked
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(group, signal.SIGKILL)


def _become_kernel(request: dict[str, str], inherited: list[socket.socket]) -> None:
    """In the forked child: a fresh state, then an ordinary IPython kernel; never returns."""
    code = 1
    try:
        os.setsid()
        for connection in inherited:
            connection.close()
        for stream in (0, 1):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        os.chdir(request["folder"])
        import random

        import numpy

        random.seed()
        numpy.random.seed()
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(argv=["-f", request["file"], "--HistoryManager.enabled=False"])
        code = 0
    finally:
        os._exit(code)


def connect(address: str, file: str) -> int:
    """Ask the server for a kernel on `file` and stay until it ends; returns its exit code."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(address)
    client.sendall(json.dumps({"file": file, "folder": os.getcwd()}).encode() + b"\n")
    lines = client.makefile("r")
    pid = int(lines.readline())
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: os.kill(pid, number))
    answer = lines.readline()
    code = int(answer) if answer else 1
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(connect(*sys.argv[2:4]))

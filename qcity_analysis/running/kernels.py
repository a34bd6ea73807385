"""Notebook kernels forked from one preloaded process, so that each run starts in a tenth of the usual time.

`serve` runs in a process of its own that has imported what the notebooks need; for each connection on its socket it
forks a kernel. `connect` is the small process that Jupyter starts and watches in the kernel's place: when it ends, for
whatever reason, the server ends the kernel, and the other way round. Unix only; `KernelServer.start` returns False
elsewhere and the caller uses ordinary kernels. Nothing of the package is imported, so that `connect` starts at once.
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
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any

PRELOAD = (
    *("IPython.core.interactiveshell", "ipykernel.ipkernel", "ipykernel.zmqshell", "pandas", "scipy.special"),
    *("matplotlib.backends.backend_agg", "matplotlib.figure", "scipy.stats"),
    "qcity_analysis.assessment.assess",
    "qcity_analysis.forecasting.forecast",
    "qcity_analysis.reporting.target_sections",
)
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


class KernelServer:
    """The preloaded process, seen from outside; a context manager that ends it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="qcity-")
        self.address = os.path.join(self._folder.name, "kernels")
        self._process: Popen[bytes] | None = None

    def start(self, timeout: float = 60) -> bool:
        """Start the process and wait until it accepts connections; False when that is not possible here."""
        if not (hasattr(os, "fork") and hasattr(socket, "AF_UNIX")):
            return False
        command = [sys.executable, "-m", "qcity_analysis.running.kernels", "serve", self.address]
        self._process = Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=os.environ | ONE_THREAD, start_new_session=True
        )  # fmt: skip
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], timeout)
        if ready and self._process.stdout.readline() == b"ready\n":
            return True
        self.stop()
        return False

    def alive(self) -> bool:
        """Whether the process is there to fork another kernel."""
        return self._process is not None and self._process.poll() is None

    def argv(self) -> list[str]:
        """The command of a kernelspec whose kernels come from this server."""
        return [sys.executable, "-I", "-S", __file__, "connect", self.address, "{connection_file}"]

    def stop(self) -> None:
        """End the process and every kernel it still has."""
        if self._process is not None:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None

    def __enter__(self) -> KernelServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()


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
            with contextlib.suppress(ProcessLookupError):  # connection closed: nobody waits for this kernel
                os.kill(pid, signal.SIGKILL)
        for pid in list(kernels):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                client = kernels.pop(pid)
                with contextlib.suppress(OSError):
                    client.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
                client.close()
    for pid in kernels:
        os.kill(pid, signal.SIGKILL)


def _become_kernel(request: dict[str, str], inherited: list[socket.socket]) -> None:
    """In the forked child: a fresh state, then an ordinary IPython kernel; never returns."""
    code = 1
    try:
        for connection in inherited:
            connection.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(nothing, stream)
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

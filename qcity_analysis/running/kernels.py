"""Notebook kernels forked from one preloaded process, so that each run starts in a tenth of the usual time.

`serve` runs in a process of its own that has imported what the notebooks need; for each connection on its socket a
fork of it watches over a kernel. `connect` is the small process that Jupyter starts in the kernel's place: when it
ends, for whatever reason, the kernel is ended, and the other way round. Unix only; elsewhere the caller uses ordinary
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
import socketserver
import sys
import tempfile
from collections.abc import Callable, Iterator
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any

PRELOAD = (
    *("IPython.core.interactiveshell", "ipykernel.ipkernel", "ipykernel.zmqshell", "pandas", "scipy.special"),
    *("matplotlib.backends.backend_agg", "matplotlib.figure", "scipy.stats"),
    *("qcity_analysis.results", "qcity_analysis.reporting.sections", "qcity_analysis.running.runner"),
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
                    process.wait(10 * started)
                except TimeoutExpired:
                    process.kill()


def serve(address: str) -> None:
    """Watch over a kernel for each connection until standard input is closed; then end them all."""
    for name in PRELOAD:
        importlib.import_module(name)

    class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
        request_queue_size = 32

    class Kernel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            """In a fork: start the kernel and stay until it, its client or the whole server ends."""
            request = json.loads(self.rfile.readline())
            if (pid := os.fork()) == 0:
                _become_kernel(request, [self.connection.fileno(), server.fileno()])
            while not os.waitpid(pid, os.WNOHANG)[0]:
                if select.select([0, self.connection], [], [], 0.1)[0]:
                    break
            for end in (os.killpg, os.kill):  # with what it started; alone, where just forked
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    end(pid, signal.SIGKILL)

    with Server(address, Kernel) as server:
        os.write(1, b"ready\n")
        waiting: list[Any] = [0, server]
        while 0 not in select.select(waiting, [], [])[0]:
            server.handle_request()
            server.service_actions()


def _become_kernel(request: dict[str, str], inherited: list[int]) -> None:
    """In the forked child: a fresh state, then an ordinary IPython kernel; never returns."""
    code = 1
    try:
        os.setsid()
        for connection in inherited:
            os.close(connection)
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


def connect(address: str, file: str) -> None:
    """Ask the server for a kernel on `file` and stay until it ends."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
        client.sendall(json.dumps({"file": file, "folder": os.getcwd()}).encode() + b"\n")
        client.recv(1)


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1] == "serve" else connect(*sys.argv[2:4])

"""Where the project keeps its files, how a file is written (whole or not at all) and a folder held by one process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from .errors import QcityError

PROJECT = Path(__file__).resolve().parents[1]  # the checkout; holds data/ and notebooks/


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file under a temporary name and rename it, so that nobody ever sees half of it; text as UTF-8."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)  # not the temporary one
        raise
    finally:
        temporary.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Sixteen hexadecimal digits of what a file holds; empty when there is none."""
    return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.is_file() else ""


@contextlib.contextmanager
def alone(folder: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a folder for a `with` block, where the system can lock folders; it lets go when the process ends, however.

    With `wait` the block begins once nobody else holds it; without, what it gives is whether it is held.
    """
    with contextlib.ExitStack() as stack:
        held = True
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                held = False
        yield held


def inside(folder: str | Path, path: str | Path) -> Path:
    """`path` below `folder`, whatever the names that it was made of; raises QcityError when it leads elsewhere.

    >>> inside("reports", "plan/target.en.html").as_posix()
    'reports/plan/target.en.html'
    >>> inside("reports", "../evil.html")
    Traceback (most recent call last):
    qcity_analysis.errors.QcityError: '../evil.html' leads out of the folder reports: rename the plan or the target
    """
    whole = Path(folder) / path
    if not whole.resolve().is_relative_to(Path(folder).resolve()):
        raise QcityError(f"{str(path)!r} leads out of the folder {folder}: rename the plan or the target")
    return whole

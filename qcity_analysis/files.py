"""Where the project keeps its files, and how a file is written: whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

from .errors import QcityError

PROJECT = Path(__file__).resolve().parents[1]  # the checkout; holds data/ and notebooks/


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file under a temporary name and rename it, so that nobody ever sees half of it; text as UTF-8."""
    temporary = path.with_name(f".{path.name}.{threading.get_ident()}.part")
    temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)


def inside(folder: str | Path, path: str | Path) -> Path:
    """`path` below `folder`, whatever the names that it was made of; raises QcityError when it leads elsewhere.

    >>> inside("reports", "plan/target.en.html").as_posix()
    'reports/plan/target.en.html'
    >>> inside("reports", "../evil.html")
    Traceback (most recent call last):
    ...
    qcity_analysis.errors.QcityError: '../evil.html' leads out of the folder reports: rename the plan or the target
    """
    whole = Path(folder) / path
    if not whole.resolve().is_relative_to(Path(folder).resolve()):
        raise QcityError(f"{str(path)!r} leads out of the folder {folder}: rename the plan or the target")
    return whole

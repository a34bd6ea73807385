"""Where the project keeps its files, and how a file is written: whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]  # the checkout; holds data/ and notebooks/


def write_whole(path: Path, content: str) -> None:
    """Write a text file under a temporary name and rename it, so that nobody ever sees half of it.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.txt"
    >>> write_whole(place, "whole")
    >>> place.read_text()
    'whole'
    """
    temporary = path.with_name(f".{path.name}.{threading.get_ident()}.part")
    temporary.write_text(content, "utf-8")
    temporary.replace(path)

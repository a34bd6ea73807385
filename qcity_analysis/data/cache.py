"""A Parquet copy of a large file of a data package, made when the file is first read and used while it is unchanged.

The copy is only ever a shortcut: beside it stands of which file it is (by hash), which library read it, its schema and
its own hash; whatever does not agree is read again from the file. Where nothing can be written nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Problem
from ..files import write_whole

if TYPE_CHECKING:
    import pandas as pd

    Read = tuple[pd.DataFrame, list[Problem]]


def through_copy(path: Path, make: Callable[[], Read]) -> Read:
    """What `make()` reads from the file at `path`, from its Parquet copy when that is of this very file.

    `make` returns the frame and the problems found. A copy is kept only of a file without errors; a copy that is
    missing, of another file or library, or damaged is made again. Never raises for a copy that cannot be written.

    >>> import pandas as pd, tempfile
    >>> place = Path(tempfile.mkdtemp()) / "raw" / "a.csv"
    >>> place.parent.mkdir(); _ = place.write_text("x")
    >>> read = [through_copy(place, lambda: (pd.DataFrame({"x": [1]}), [])) for _ in range(2)]
    >>> read[0][0].equals(read[1][0]), copy_of(place).name
    (True, 'a.parquet')
    """
    copy, before = copy_of(path), _mark(path)
    with contextlib.suppress(Exception):  # whatever is wrong with a copy, the file itself is there
        return _read(copy, before)
    frame, problems = make()
    if not any(problem.level == "error" for problem in problems) and _mark(path) == before:
        with contextlib.suppress(OSError):
            _write(copy, frame, before | {"problems": [problem.to_dict() for problem in problems]})
    return frame, problems


def copy_of(path: Path) -> Path:
    """Where the copy of a file is kept: beside a folder `raw` in `processed`, else in the user's cache folder.

    >>> copy_of(Path("/plans/ours/data/raw/observations.csv")).as_posix()
    '/plans/ours/data/processed/observations.parquet'
    """
    if path.parent.name == "raw":
        return path.parent.with_name("processed") / f"{path.stem}.parquet"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = hashlib.sha256(str(path.parent.resolve()).encode()).hexdigest()[:16]
    return home / "qcity" / folder / f"{path.stem}.parquet"


def _mark(path: Path) -> dict[str, object]:
    """What a copy must name to be used: the file's hash and the library that reads it."""
    return {"raw": _hash(path), "library": _library()}


@cache
def _library() -> str:
    """The modules that turn a file into a frame, and the packages they use, as one hash."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for package in ("pandas", "pyarrow"):
        digest.update(metadata.version(package).encode())
    return digest.hexdigest()


def _read(copy: Path, expected: dict[str, object]) -> Read:
    import pandas as pd

    held = json.loads(_beside(copy).read_text("utf-8"))
    if {key: held[key] for key in expected} != expected or held["copy"] != _hash(copy):
        raise ValueError("the copy is of another file or library, or damaged")
    frame = pd.read_parquet(copy)
    if {name: str(kind) for name, kind in frame.dtypes.items()} != held["schema"] or len(frame) != held[
        "rows"
    ]:
        raise ValueError("the copy does not read as it was written")
    return frame, [Problem(**problem) for problem in held["problems"]]


def _write(copy: Path, frame: pd.DataFrame, held: dict[str, object]) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    temporary = copy.with_name(f".{copy.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        frame.to_parquet(temporary, index=False, compression="zstd")
        schema = {name: str(kind) for name, kind in frame.dtypes.items()}
        held = held | {"copy": _hash(temporary), "schema": schema, "rows": len(frame)}
        temporary.replace(copy)
        write_whole(_beside(copy), json.dumps(held, ensure_ascii=False, indent=1) + "\n")
    finally:
        temporary.unlink(missing_ok=True)


def _beside(copy: Path) -> Path:
    """The file that says what the copy is of."""
    return copy.with_name(copy.name + ".json")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

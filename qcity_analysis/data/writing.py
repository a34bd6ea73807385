"""Change files of a data package: checked before, all or nothing, and undone to the byte.

The new files stand complete in `.imports/pending` before the first is moved into place, and sources go before the
observations that name them: whoever is killed half-way leaves a package that reads as the old one or as the new one,
and the next writer finishes the work. Out of scope: what is written (`adding`, `importing`).
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError, Problem, QcityError
from .datapackage import check
from .tables import TABLES, csv_rows, decoded

JOURNAL = ".imports"
ORDER = ("sources.csv", "observations.csv")  # an observation never lacks its source
BOM = b"\xef\xbb\xbf"


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table as text, by its own header; none when the file is missing.

    >>> rows_of(Path("no/such/sources.csv"))
    []
    """
    if not path.exists():
        return []
    lines = _lines(path.name, path.read_bytes())
    names = [cell.strip() for cell in lines[0]] if lines else []
    return [dict(zip(names, line + [""] * len(names), strict=False)) for line in lines[1:] if line]


def _lines(file: str, raw: bytes) -> list[list[str]]:
    """The cells of a table of the contract. Raises DataError naming the line that cannot be read."""
    text, problems = decoded(raw, file)
    if not problems:
        rows, problems = csv_rows(text, file)
    if problems:
        raise DataError(problems)
    return [cells for _, cells in rows]


def new_name(wish: str, taken: Iterable[str]) -> str:
    """`wish` in letters, digits and underscores, with a number where it is taken already.

    >>> new_name("nanjing_2024-11", ["nanjing_2024_11"])
    'nanjing_2024_11_2'
    """
    bare = "".join(c if c.isascii() and c.isalnum() else "_" for c in wish.lower()).strip("_")
    held, name, k = set(taken), bare, 2
    while name in held:
        name, k = f"{bare}_{k}", k + 1
    return name


def appended(path: Path, rows: list[dict[str, str]]) -> bytes:
    """The bytes of a table with rows added in the order of its own header; what is there keeps every byte.

    Only where a row fills an optional column that the file lacks, the file is written anew with that column.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "sources.csv"
    >>> _ = place.write_bytes(b"source_id,title\\r\\na,A\\r\\n")
    >>> appended(place, [{"source_id": "b", "title": "B, C"}])
    b'source_id,title\\r\\na,A\\r\\nb,"B, C"\\r\\n'
    """
    held = path.read_bytes() if path.exists() else b""
    if not held.removeprefix(BOM).strip():
        held = ",".join(column.name for column in TABLES[path.stem].columns).encode() + b"\n"
    end = "\r\n" if b"\r\n" in held else "\n"
    lines = _lines(path.name, held)
    names = [cell.strip() for cell in lines[0]]
    missing = list(dict.fromkeys(name for row in rows for name in row if row[name] and name not in names))
    if missing:
        widened = [
            [*lines[0], *missing],
            *(line + [""] * len(missing) if line else line for line in lines[1:]),
        ]
        held = (BOM if held.startswith(BOM) else b"") + _csv(widened, end).encode()
    elif not held.endswith((b"\n", b"\r")):
        held += end.encode()
    return held + _csv([[row.get(name, "") for name in [*names, *missing]] for row in rows], end).encode()


def _csv(rows: list[list[str]], end: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue()


def trial(place: Path, files: Mapping[str, bytes]) -> list[Problem]:
    """Every problem and warning a data package would have with these files in place of its own.

    >>> from qcity_analysis.data.datapackage import check, find_folder
    >>> trial(find_folder(), {}) == check()
    True
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "package"
        copy.mkdir()
        for name in (*(table.file for table in TABLES.values()), "corrections.yaml"):
            if name in files:
                (copy / name).write_bytes(files[name])
            elif (place / name).exists():
                shutil.copy(place / name, copy / name)
        return check(copy)


def write_if_sound(place: Path, files: Mapping[str, bytes], *, dry_run: bool = False) -> None:
    """Replace files of a package all together. Raises DataError, and writes nothing, when it would not be sound.

    >>> from qcity_analysis.data.datapackage import find_folder
    >>> write_if_sound(find_folder(), {}, dry_run=True)
    """
    errors = [problem for problem in trial(place, files) if problem.level == "error"]
    if errors:
        raise DataError(errors)
    if not dry_run:
        replace(place, files)


def replace(
    place: Path,
    files: Mapping[str, bytes],
    *,
    based_on: Mapping[str, bytes | None] | None = None,
    record: Mapping[str, Any] | None = None,
) -> str:
    """Put files in place of those of a folder, all or none; with a `record` they can be taken back by `undo`.

    Returns the name of the record ("" without one). Raises QcityError when a file is no longer the one the change is
    `based_on`, or when an earlier change was cut short and a file has been edited since.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> replace(folder, {"a.csv": b"new"}), (folder / "a.csv").read_text()
    ('', 'new')
    """
    with _alone(place):
        _recover(place)
        name = f"{max([0, *(int(p.name) for p in _records(place))]) + 1:04d}" if record is not None else ""
        before = {file: content_of(place / file) for file in files}
        for file, content in (based_on or {}).items():
            if content_of(place / file) != content:
                raise QcityError(
                    f"{place / file} was changed by somebody else meanwhile; run the command again"
                )
        _commit(place, before, dict(files), {"keep": name, "drop": "", "record": dict(record or {})})
        return name


def finish(place: Path) -> None:
    """Finish a change of a folder that was cut short, if there is one.

    Raises QcityError when one of its files has been edited since.

    >>> import tempfile
    >>> finish(Path(tempfile.mkdtemp()))
    """
    with _alone(place):
        _recover(place)


def undo(place: Path) -> dict[str, Any]:
    """Take the last recorded change back: every file is, to the byte, as it was before it. Returns its record.

    Raises QcityError when there is none, or a file has been changed since.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> name = replace(folder, {"a.csv": b"new"}, record={"file": "b.xlsx"})
    >>> undo(folder), (folder / "a.csv").exists()
    ({'file': 'b.xlsx'}, False)
    """
    with _alone(place):
        _recover(place)
        records = _records(place)
        if not records:
            raise QcityError(f"{place}: nothing to undo; no import is recorded there")
        last = records[-1]
        held = json.loads((last / "record.json").read_text("utf-8"))
        before = {name: content_of(last / "before" / name) for name in held["files"]}
        after = {name: content_of(last / "after" / name) for name in held["files"]}
        changed = [_difference(name, after[name], content_of(place / name)) for name in held["files"]]
        if any(changed):
            said = "; ".join(filter(None, changed))
            raise QcityError(
                f"the import of {held['record'].get('file', 'a file')} cannot be undone: {said}. "
                f"Take the later change back first; the files before the import are in {last / 'before'}"
            )
        _commit(
            place, after, before, {"keep": "", "drop": last.name, "record": held["record"]}, backwards=True
        )
        return dict(held["record"])


def _difference(name: str, expected: bytes | None, found: bytes | None) -> str:
    if expected == found:
        return ""
    if found is None:
        return f"{name} has been deleted since"
    lines = (expected or b"").splitlines()
    now = found.splitlines()
    row = next(
        (k for k, (a, b) in enumerate(zip(lines, now, strict=False)) if a != b), min(len(lines), len(now))
    )
    said = now[row].decode("utf-8", "replace") if row < len(now) else "no such row"
    return f"{name} has been changed since, first in row {row + 1} (found {said[:80]!r})"


def _commit(
    place: Path,
    before: Mapping[str, bytes | None],
    after: Mapping[str, bytes | None],
    plan: dict[str, Any],
    *,
    backwards: bool = False,
) -> None:
    """Write the journal, then move the files: until its rename nothing has happened, after it everything will."""
    names = sorted(after, key=lambda name: ORDER.index(name) if name in ORDER else -1, reverse=backwards)
    journal = place / JOURNAL
    journal.mkdir(exist_ok=True)
    (journal / ".gitignore").write_text("*\n", "utf-8")  # records are of this machine, not of the data
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=journal))
    for folder, files in (("before", before), ("after", after)):
        (draft / folder).mkdir()
        for name, content in files.items():
            if content is not None:
                _write(draft / folder / name, content)
    _write(draft / "record.json", json.dumps(plan | {"files": names}, ensure_ascii=False, indent=1).encode())
    os.replace(draft, journal / "pending")
    _finish(place)


def _finish(place: Path) -> None:
    """Move what the journal holds into place; doing it twice is the same as once."""
    journal = place / JOURNAL
    pending = journal / "pending"
    held = json.loads((pending / "record.json").read_text("utf-8"))
    for name in held["files"]:
        target, new = place / name, content_of(pending / "after" / name)
        if content_of(target) == new:
            continue
        if new is None:
            target.unlink()
            continue
        part = journal / f"{name}.part"
        _write(part, new)
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    if held["drop"]:
        shutil.rmtree(journal / held["drop"], ignore_errors=True)
    if held["keep"]:
        os.replace(pending, journal / held["keep"])
    else:
        os.replace(pending, journal / "draft-done")  # at once, so that no half of it is ever found
        shutil.rmtree(journal / "draft-done")
    if not _records(place):
        shutil.rmtree(journal)


def _recover(place: Path) -> None:
    """Finish a change that was cut short, unless somebody edited its files in the meantime."""
    journal = place / JOURNAL
    for draft in journal.glob("draft-*"):
        shutil.rmtree(draft)
    pending = journal / "pending"
    if not pending.exists():
        return
    held = json.loads((pending / "record.json").read_text("utf-8"))
    for name in held["files"]:
        known = (content_of(pending / "before" / name), content_of(pending / "after" / name))
        if content_of(place / name) not in known:
            raise QcityError(
                f"{place / name} was edited after a change was cut short; move your edit aside and put back one of "
                f"{pending / 'before' / name} and {pending / 'after' / name}, then run the command again"
            )
    _finish(place)


def _records(place: Path) -> list[Path]:
    return sorted(path for path in (place / JOURNAL).glob("[0-9]*") if path.is_dir())


def content_of(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none.

    >>> content_of(Path("no/such/file")) is None
    True
    """
    return path.read_bytes() if path.exists() else None


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One writer at a time in a folder, where the system can lock folders."""
    try:
        import fcntl

        handle = os.open(place, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""Change files of a data package: checked before, all or nothing, and undone to the byte.

The new files stand complete in `.imports/pending` before the first is moved into place, and sources go before the
observations that name them: whoever is killed half-way leaves a package that reads as the old one or as the new one,
and the next writer finishes the work.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import QcityError
from ..problems import DataError, Problem
from .load import check, find_folder
from .read import csv_rows, utf8_text
from .schema import CHANGES, TABLES, Column

JOURNAL = ".imports"
ORDER = ("sources.csv", "observations.csv")  # an observation never lacks its source
BOM = b"\xef\xbb\xbf"
PLAN_NAME = re.compile(r"[a-z][a-z0-9_]*")
PLAIN = {  # optional columns worth having in a new plan; the others may be added when they are needed
    "sources": {"note"},
    "regions": {"parent"},
    "indicators": {"better", "publication_lag_months", "unit_zh", "note"},
    "targets": {"commitment", "tolerance", "source_id", "note", "note_en"},
    "observations": {"base_period"},
}
TYPES = {"number": "number", "integer": "integer", "year": "integer"}  # of a field in datapackage.json


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
    return [cells for _, cells in csv_rows(utf8_text(raw, file), file)]


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

    >>> from qcity_analysis.data.load import check, find_folder
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


def add_figure(
    folder: str | Path | None,
    *,
    indicator_id: str,
    region: str,
    period: str,
    value: str,
    publisher: str,
    title: str,
    date: str,
    measure: str = "level",
    qualifier: str = "=",
    status: str = "final",
    base_period: str = "",
    note: str = "",
    dry_run: bool = False,
) -> dict[str, str]:
    """Append one row to `observations.csv`, and one to `sources.csv` unless that source is there already.

    All arguments are text, as they would be typed into the files; the unit is filled in from the indicator. Returns
    the new observation. With `dry_run`, or when the package would not pass its checks afterwards (DataError with every
    problem), the files stay as they were.

    >>> row = add_figure(None, indicator_id="energy_intensity_industry", region="nanjing", period="2021",
    ...     value="-4.0", measure="change_pct", publisher="P", title="T", date="2022-06", dry_run=True)
    >>> row["unit"], row["published"]
    ('%', '2022-06')
    """
    place = find_folder(folder)
    sources = rows_of(place / "sources.csv")
    described = {"publisher": publisher, "title": title, "date": date}
    known = [row for row in sources if all(row.get(key) == text for key, text in described.items())]
    taken = (row["source_id"] for row in sources)
    source = known[0]["source_id"] if known else new_name(f"{region}_{indicator_id}_{date}", taken)
    units = {row["indicator_id"]: row.get("unit", "") for row in rows_of(place / "indicators.csv")}
    observation = {
        "indicator_id": indicator_id, "region": region, "period": period, "value": value, "qualifier": qualifier,
        "measure": measure, "unit": "%" if measure in CHANGES else units.get(indicator_id, ""),
        "status": status, "published": date, "source_id": source, "note": note, "base_period": base_period,
    }  # fmt: skip
    files = {"observations.csv": appended(place / "observations.csv", [observation])}
    if not known:
        entry = described | {"source_id": source, "date_basis": "stated"}
        files["sources.csv"] = appended(place / "sources.csv", [entry])
    errors = [problem for problem in trial(place, files) if problem.level == "error"]
    if errors:
        raise DataError(errors)
    if not dry_run:
        replace(place, files)
    return observation


def new_plan(name: str, folder: str | Path, readme: str, today: dt.date) -> Path:
    """Write the package into `folder`, which must not exist or be empty, and return its path.

    `name` is the plan's identifier, `readme` the guide to lie beside the tables; the example's years end two years
    before `today`. All or nothing. Raises QcityError for a name that cannot be an identifier, a folder that holds
    anything, and one that cannot be written.

    >>> made = new_plan("green_city", tempfile.mkdtemp(), "how to", dt.date(2026, 1, 1))
    >>> import qcity_analysis as qc
    >>> qc.load(made).plans(), qc.check(made)
    (['green_city'], [])
    """
    if not PLAN_NAME.fullmatch(name):
        raise QcityError(
            f"{name!r} cannot be the name of a plan: use lower-case letters, digits and _, as green_city_2030"
        )
    place = Path(folder).expanduser()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise QcityError(f"{place} is there already and is not empty: name another folder with --out")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{name}."))
    except OSError as error:
        raise QcityError(
            f"cannot write to {place.parent}: {error.strerror}; name another folder with --out"
        ) from error
    try:
        for path, content in _files(name, readme, today).items():
            (temporary / path).write_text(content, "utf-8")
        temporary.chmod(0o755)
        os.replace(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place


def _files(name: str, readme: str, today: dt.date) -> dict[str, str]:
    files = {"README.md": readme}
    resources = []
    for table, rows in _example(name, today).items():
        kept = [c for c in TABLES[table].columns if not c.optional or c.name in PLAIN[table]]
        cells = [[c.name for c in kept], *([str(row.get(c.name, "")) for c in kept] for row in rows)]
        files[TABLES[table].file] = _csv(cells, "\n")
        resources.append(_resource(table, kept))
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name.replace("_", "-"),
        "resources": resources,
    }
    return files | {"datapackage.json": json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"}


def _resource(table: str, kept: list[Column]) -> dict[str, Any]:
    fields = [
        {"name": c.name, "type": TYPES.get(c.holds, "string")}
        | ({"constraints": {"enum": list(c.choices)}} if c.choices else {})
        for c in kept
    ]
    key = [k for k in TABLES[table].key if k != "base_period"]
    return {
        "name": table,
        "type": "table",
        "path": TABLES[table].file,
        "format": "csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "primaryKey": key},
    }


def _example(name: str, today: dt.date) -> dict[str, list[dict[str, Any]]]:
    """One region, source, indicator and target, and six figures: a share that rises, made up and marked so."""
    last, note = today.year - 2, {"note": "示例，请删去 Example: delete this row"}
    place = {"region": "example_city"}
    share = {"indicator_id": "example_share"}
    source = {"source_id": "example_source"}
    figure = share | place | source | note | {
        "qualifier": "=", "measure": "level", "unit": "%", "status": "illustrative",
    }  # fmt: skip
    return {
        "sources": [source | note | {
            "publisher": "示例机构 Example office", "title": "示例文件 Example document", "date": today.year - 1,
        }],
        "regions": [place | {"name_zh": "示例城市", "name_en": "Example City"}],
        "indicators": [share | note | {
            "name_zh": "示例占比", "name_en": "Example share", "unit": "%", "unit_zh": "%", "support": "percent",
            "better": "higher", "publication_lag_months": 6,
        }],
        "targets": [share | place | source | note | {
            "plan": name, "target_id": "example_target",
            "name_zh": "示例占比达到55%", "name_en": "Example share of 55 %",
            "kind": "level", "direction": "at_least", "threshold": 55, "unit": "%", "deadline": today.year + 2,
            "commitment": "firm",
        }],
        "observations": [
            figure | {"period": last - 5 + k, "value": value, "published": f"{last - 4 + k}-03-31"}
            for k, value in enumerate((41.2, 43.0, 44.1, 46.3, 47.2, 49.5))
        ],
    }  # fmt: skip

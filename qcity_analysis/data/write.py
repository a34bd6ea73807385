"""Change files of a data package: checked before, all or nothing, and undone to the byte.

The new files stand complete in `.imports/pending` before the first is moved into place, and sources go before the
observations that name them: whoever is killed half-way leaves a package that reads as the old one or as the new one,
and the next writer finishes the work.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..catalogue import catalogue
from ..errors import QcityError
from ..files import alone
from ..problems import DataError, Problem
from .corrections import FILE as CORRECTIONS
from .load import check, find_folder
from .read import csv_rows
from .schema import CELL, CHANGES, TABLES

JOURNAL = ".imports"
ORDER = ("sources.csv", "observations.csv")  # an observation never lacks its source
BOM = b"\xef\xbb\xbf"
Files = Mapping[str, bytes | None]
Record = dict[str, Any]
Row = dict[str, str]
PLAIN = {  # optional columns worth having in a new plan; the others may be added when they are needed
    "sources": {"note"}, "regions": {"parent"}, "observations": {"base_period"},
    "indicators": {"better", "publication_lag_months", "unit_zh", "note"},
    "targets": {"commitment", "tolerance", "source_id", "note", "note_en"},
}  # fmt: skip
TYPES = {"number": "number", "integer": "integer", "year": "integer"}  # of a field in datapackage.json


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table as text, by its own header; none when the file is missing."""
    lines = [cells for _, cells in csv_rows(content_of(path) or b"", path.name)]
    names = [cell.strip() for cell in lines[0]] if lines else []
    return [dict(zip(names, line + [""] * len(names), strict=False)) for line in lines[1:] if line]


def content_of(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none."""
    return path.read_bytes() if path.exists() else None


def new_name(wish: str, taken: Iterable[str]) -> str:
    """`wish` in letters, digits and underscores, with a number where it is taken already."""
    bare, used = re.sub("[^a-z0-9]", "_", wish.lower()).strip("_"), set(taken)
    numbered = (f"{bare}_{k}" for k in itertools.count(2))
    return next(name for name in itertools.chain([bare], numbered) if name not in used)


def appended(path: Path, rows: list[dict[str, str]]) -> bytes:
    """The bytes of a table with rows added in the order of its own header; what is there keeps every byte.

    Only where a row fills an optional column that the file lacks, the file is written anew with that column.

    >>> path = Path(tempfile.mkdtemp()) / "sources.csv"
    >>> _ = path.write_bytes(b"source_id,title\\r\\na,A\\r\\n")
    >>> appended(path, [{"source_id": "b", "title": "B, C"}])
    b'source_id,title\\r\\na,A\\r\\nb,"B, C"\\r\\n'
    """
    raw = content_of(path) or b""
    if not raw.removeprefix(BOM).strip():
        raw = _csv([[column.name for column in TABLES[path.stem].columns]])
    end = "\r\n" if b"\r\n" in raw else "\n"
    header, *lines = (cells for _, cells in csv_rows(raw, path.name))
    names = [cell.strip() for cell in header]
    missing = list(dict.fromkeys(name for row in rows for name in row if row[name] and name not in names))
    if missing:
        wide = [[*header, *missing], *(line and [*line, *([""] * len(missing))] for line in lines)]
        raw = (BOM if raw.startswith(BOM) else b"") + _csv(wide, end)
    elif not raw.endswith((b"\n", b"\r")):
        raw += end.encode()
    return raw + _csv([[row.get(name, "") for name in [*names, *missing]] for row in rows], end)


def _csv(rows: list[list[str]], end: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue().encode()


def trial(folder: Path, files: Mapping[str, bytes]) -> list[Problem]:
    """Every problem and warning a data package would have with these files in place of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "package"
        copy.mkdir()
        for name in (*(table.file for table in TABLES.values()), CORRECTIONS):
            content = files[name] if name in files else content_of(folder / name)
            if content is not None:
                (copy / name).write_bytes(content)
        return check(copy)


def replace(folder: Path, files: Files, based_on: Files | None = None, record: Record | None = None) -> str:
    """Put files in place of those of a folder, all or none; with a `record` they can be taken back by `undo`.

    Returns the name of the record ("" without one). Raises QcityError when a file is no longer the one the change is
    `based_on`, or when an earlier change was cut short and a file has been edited since.
    """
    with _alone(folder):
        for path, content in ((folder / file, content) for file, content in (based_on or {}).items()):
            if content_of(path) != content:
                raise QcityError(f"{path} was changed by somebody else meanwhile; run the command again")
        number = 1 + max((int(path.name) for path in _records(folder)), default=0)
        name = f"{number:04d}" if record is not None else ""
        _commit(folder, files, record or {}, keep=name)
        return name


def finish(folder: Path) -> None:
    """Finish a change of a folder that was cut short. Raises QcityError when a file of it has been edited since."""
    with _alone(folder):
        pass


def undo(folder: Path) -> dict[str, Any]:
    """Take the last recorded change back, to the byte; returns its record. QcityError for none, or a file edited since.

    >>> folder = Path(tempfile.mkdtemp())
    >>> name = replace(folder, {"a.csv": b"new"}, record={"file": "b.xlsx"})
    >>> undo(folder), (folder / "a.csv").exists()
    ({'file': 'b.xlsx'}, False)
    """
    with _alone(folder):
        if not (records := _records(folder)):
            raise QcityError(f"{folder}: nothing to undo; no import is recorded there")
        last, plan = records[-1], _plan(records[-1])
        kept, places = plan["files"], (last / "before", last / "after", folder)
        before, after, now = ({name: content_of(place / name) for name in kept} for place in places)
        changed = [_difference(name, after[name], now[name]) for name in now if now[name] != after[name]]
        if changed:
            raise QcityError(
                f"the import of {plan['record'].get('file', 'a file')} cannot be undone: {'; '.join(changed)}. "
                f"Take the later change back first; the files before the import are in {last / 'before'}"
            )
        _commit(folder, before, plan["record"], drop=last.name)
        return dict(plan["record"])


def _difference(name: str, expected: bytes | None, now: bytes | None) -> str:
    """Where a file that was to hold `expected` is another now."""
    if now is None:
        return f"{name} has been deleted since"
    pairs = itertools.zip_longest((expected or b"").splitlines(), now.splitlines())
    row, line = next(((k, new) for k, (old, new) in enumerate(pairs, 1) if old != new), (1, None))
    shown = "no such row" if line is None else line.decode("utf-8", "replace")[:80]
    return f"{name} has been changed since, first in row {row} (found {shown!r})"


def _commit(folder: Path, files: Files, record: Record, keep: str = "", drop: str = "") -> None:
    """Write the journal, then move the files: until its rename nothing has happened, after it everything will.

    The change is recorded as `keep`, or takes back the record `drop`: then the files go in the opposite order.
    """
    names = sorted(files, key=lambda name: ORDER.index(name) if name in ORDER else -1, reverse=bool(drop))
    journal = folder / JOURNAL
    journal.mkdir(exist_ok=True)
    (journal / ".gitignore").write_text("*\n", "utf-8")  # records are of this machine, not of the data
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=journal))
    for part, contents in (("before", {name: content_of(folder / name) for name in files}), ("after", files)):
        (draft / part).mkdir()
        for name, content in contents.items():
            if content is not None:
                _write(draft / part / name, content)
    plan = {"keep": keep, "drop": drop, "record": dict(record), "files": names}
    _write(draft / "record.json", json.dumps(plan, ensure_ascii=False, indent=1).encode())
    os.replace(draft, journal / "pending")
    _recover(folder)


def _plan(entry: Path) -> dict[str, Any]:
    """What an entry of the journal says: its files, its record, and which records it keeps or drops."""
    return dict(json.loads((entry / "record.json").read_text("utf-8")))


def _records(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / JOURNAL).glob("[0-9]*") if path.is_dir())


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time in a folder; what was cut short is finished first."""
    with alone(folder):
        _recover(folder)
        yield


def _recover(folder: Path) -> None:
    """Finish the change in the journal, unless somebody edited its files meanwhile; twice is the same as once."""
    journal, pending = folder / JOURNAL, folder / JOURNAL / "pending"
    for draft in journal.glob("draft-*"):
        shutil.rmtree(draft)
    if not pending.exists():
        return
    plan = _plan(pending)
    for name in plan["files"]:
        before, after = pending / "before" / name, pending / "after" / name
        if content_of(folder / name) not in (content_of(before), content_of(after)):
            raise QcityError(
                f"{folder / name} was edited after a change was cut short; move your edit aside and put back one of "
                f"{before} and {after}, then run the command again"
            )
    for name in plan["files"]:
        target, new, part = folder / name, content_of(pending / "after" / name), journal / f"{name}.part"
        if new is None:
            target.unlink(missing_ok=True)
        elif content_of(target) != new:
            _write(part, new)
            if target.exists():
                shutil.copymode(target, part)
            os.replace(part, target)
    if plan["drop"]:
        shutil.rmtree(journal / plan["drop"], ignore_errors=True)
    done = journal / (plan["keep"] or "draft-done")
    os.replace(pending, done)  # at once, so that no half of it is ever found
    if not plan["keep"]:
        shutil.rmtree(done)
    if not _records(folder):
        shutil.rmtree(journal)


def add_figure(folder: str | Path | None, figure: Row, source: Row, dry_run: bool = False) -> Row:
    """Append one row to `observations.csv`, and one to `sources.csv` unless that source is there already.

    `figure` are cells of the row as they would be typed: indicator_id, region, period and value, and where it is no
    final level measure, qualifier, status or base_period; the unit is that of the indicator. `source` are its
    publisher, title and date. Returns the row. With `dry_run`, or when the package would not pass its checks afterwards
    (DataError with every problem), the files stay as they were.

    >>> cells = {"indicator_id": "rd_intensity", "region": "nanjing", "period": "2009-Q3", "value": "2.8"}
    >>> row = add_figure(None, cells, {"publisher": "P", "title": "T", "date": "2022-06"}, dry_run=True)
    >>> row["unit"], row["measure"], row["published"]
    ('%', 'level', '2022-06')
    """
    package = find_folder(folder)
    sources, date = rows_of(package / "sources.csv"), source["date"]
    known = [row["source_id"] for row in sources if source.items() <= row.items()]
    cells = {"qualifier": "=", "measure": "level", "status": "final", "published": date, **figure}
    wish, taken = f"{cells['region']}_{cells['indicator_id']}_{date}", (row["source_id"] for row in sources)
    cells["source_id"] = known[0] if known else new_name(wish, taken)
    units = {row["indicator_id"]: row.get("unit", "") for row in rows_of(package / "indicators.csv")}
    cells["unit"] = "%" if cells["measure"] in CHANGES else units.get(cells["indicator_id"], "")
    observation = {column.name: cells.get(column.name, "") for column in TABLES["observations"].columns}
    files = {"observations.csv": appended(package / "observations.csv", [observation])}
    if not known:
        entry = source | {"source_id": cells["source_id"], "date_basis": "stated"}
        files["sources.csv"] = appended(package / "sources.csv", [entry])
    if errors := [problem for problem in trial(package, files) if problem.level == "error"]:
        raise DataError(errors)
    if not dry_run:
        replace(package, files)
    return observation


def new_plan(
    name: str, folder: str | Path, readme: str, today: dt.date, tables: Mapping[str, list[Row]] | None = None,
    more: Callable[[Path], None] | None = None,
) -> Path:  # fmt: skip
    """Write an example package into `folder`, which must not exist or be empty, and return its path.

    `name` is the plan's identifier, `readme` the guide to lie beside the tables; the example's years end two years
    before `today`. With `tables`, those are their rows instead, and `more` may add files. All or nothing. Raises
    QcityError for a name that cannot be an identifier and a folder that holds anything.
    """
    if not (re.fullmatch("[a-z][a-z0-9_]{0,79}", name) and CELL["identifier"](name)):
        use = "use lower-case letters, digits and _, as green_city_2030"
        raise QcityError(f"{name!r} cannot be the name of a plan: {use}")
    package = Path(os.path.expanduser(folder))
    if package.exists() and (not package.is_dir() or any(package.iterdir())):
        raise QcityError(f"{package} is there already and is not empty: name another folder with --out")
    package.parent.mkdir(parents=True, exist_ok=True)
    made = tables or _example(name, today)
    temporary = Path(tempfile.mkdtemp(dir=package.parent, prefix=f".{name}."))
    try:
        (temporary / "README.md").write_text(readme, "utf-8")
        descriptor = {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": name.replace("_", "-"),
            "resources": [_example_table(temporary, *table) for table in made.items()],
        }
        content = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
        (temporary / "datapackage.json").write_text(content, "utf-8")
        if more:
            more(temporary)
        temporary.chmod(0o755)
        os.replace(temporary, package)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return package


def _example_table(folder: Path, name: str, rows: list[Row]) -> dict[str, Any]:
    """Write the rows of a table with the columns of PLAIN; returns its entry of the descriptor."""
    table = TABLES[name]
    used = PLAIN[name].union(*(filter(row.get, row) for row in rows))
    columns = [c for c in table.columns if not c.optional or c.name in used]
    cells = [[row.get(c.name, "") for c in columns] for row in rows]
    (folder / table.file).write_bytes(_csv([[c.name for c in columns], *cells]))
    enums = {c.name: {"constraints": {"enum": list(c.choices)}} for c in columns if c.choices}
    fields = [{"name": c.name, "type": TYPES.get(c.holds, "string")} | enums.get(c.name, {}) for c in columns]
    schema = {"fields": fields, "primaryKey": [key for key in table.key if key != "base_period"]}
    about = {"path": table.file, "format": "csv", "encoding": "utf-8"}
    return {"name": name, "type": "table", **about, "schema": schema}


def _example(name: str, today: dt.date) -> dict[str, list[Row]]:
    """The tables of an example, made up and marked so: one region, source, indicator and target, and six figures."""
    years = {f"year{k:+d}": today.year + k for k in range(-9, 5)}
    texts = catalogue("starters")["example"].items()
    made = {table: text.strip().format(plan=name, **years) for table, text in texts}
    return {table: list(csv.DictReader(io.StringIO(text))) for table, text in made.items()}

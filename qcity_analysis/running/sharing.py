"""What a report is sent on as: its results as data and what changed, one archive, PDF files, a web page, a bucket."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import QcityError
from ..files import inside, write_whole

SCHEMA = 1  # version of results.* and changes.json; it rises when a column changes its meaning or goes
COLUMNS = (
    "plan", "target_id", "region", "indicator_id", "kind", "deadline", "as_of", "status", "probability", "word",
    "threshold", "bound", "median", "low", "high", "outcome", "last_year", "last_level", "model", "illustrative",
)  # fmt: skip
WATCHED = ("status", "word", "probability")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
KEPT = ("*.html", "results.*", "changes.json", "results/*.json")  # what a reader gets; not logs and notebooks


def results_table(answers: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Answers (as `Assessment.to_dict` gives them) as a table, one row each, in the order of plan and target.

    Columns: COLUMNS; `low` and `high` are the 90 % interval at the deadline, `last_level` the newest level used.
    """
    rows = []
    for answer in answers:
        low, high = answer["interval"] or (None, None)
        years = sorted(answer["levels"], key=int)
        last = (int(years[-1]), answer["levels"][years[-1]]) if years else (None, None)
        named = {"low": low, "high": high, "last_year": last[0], "last_level": last[1]}
        rows.append([named.get(name, answer.get(name, answer["target"].get(name))) for name in COLUMNS])
    numbers = ("probability", "threshold", "bound", "median", "low", "high", "outcome", "last_level")
    types = {"deadline": "Int64", "last_year": "Int64"} | dict.fromkeys(numbers, "float")
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)
    return table.sort_values(["plan", "target_id", "as_of"], kind="stable", ignore_index=True)


def write_results(
    answers: Iterable[Mapping[str, Any]], out: Path, known: Collection[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """Write results.json, .csv and .parquet into a report, and changes.json beside the results before; returns these.

    A change names plan, target, field (status, word or probability), and the value before and after; None where the
    target was not there. Results that are the same leave changes.json as it is. Of targets (plan and name) in `known`
    that were not asked this time the earlier results are kept.
    """
    table, path = results_table(answers), out / "results.json"
    rows = json.loads(table.to_json(orient="records", force_ascii=False, double_precision=15))
    try:
        earlier = json.loads(path.read_text("utf-8"))["results"]
    except (OSError, ValueError, LookupError):
        earlier = None
    said = {(row["plan"], row["target_id"]) for row in rows}
    rows += [
        row for row in earlier or [] if (key := (row["plan"], row["target_id"])) in known and key not in said
    ]
    rows.sort(key=lambda row: (row["plan"], row["target_id"], row["as_of"]))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(table.dtypes)
    write_whole(path, _json({"schema_version": SCHEMA, "columns": list(COLUMNS), "results": rows}))
    write_whole(out / "results.csv", table.to_csv(index=False))
    table.assign(schema_version=SCHEMA).to_parquet(part := out / ".results.parquet.part", index=False)
    part.replace(out / "results.parquet")
    if earlier is None or earlier == rows and (out / "changes.json").exists():
        return []
    sides = [{(row["plan"], row["target_id"]): row for row in one} for one in (earlier, rows)]
    changes = [
        {"plan": key[0], "target_id": key[1], "field": name, "before": before, "after": after}
        for key in sorted(sides[0].keys() | sides[1].keys())
        for name in WATCHED
        if (before := sides[0].get(key, {}).get(name)) != (after := sides[1].get(key, {}).get(name))
    ]
    write_whole(out / "changes.json", _json({"schema_version": SCHEMA, "changes": changes}))
    return changes


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def site_files(out: str | Path) -> list[Path]:
    """The files of a report that a reader gets, in order. Raises QcityError where there is no index."""
    folder = Path(out)
    if not (folder / "index.html").is_file():
        raise QcityError(f"{folder}: no index.html; `qcity run --out {folder}` makes the pages")
    found = {path for pattern in KEPT for path in (*folder.glob(pattern), *folder.glob(f"*/{pattern}"))}
    return sorted(path for path in found if path.is_file())


def zip_site(out: str | Path, to: Path) -> int:
    """One archive of the pages and results; the same report gives the same bytes. Returns the number of files."""
    files, part = site_files(out), to.with_name(f".{to.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                name = f"{to.stem}/{path.relative_to(out).as_posix()}"
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
        part.replace(to)
    except OSError as error:
        part.unlink(missing_ok=True)
        remedy = "name a folder that exists and may be written"
        raise QcityError(f"cannot write {to}: {error.strerror}; {remedy}") from error
    return len(files)


def print_pdf(
    out: str | Path, to: Path, say: Callable[[str], None] = lambda line: None, jobs: int = 2
) -> list[Path]:  # fmt: skip
    """Every page printed to A4 by a browser of this machine, in the folders of the pages below `to`.

    Raises QcityError where no browser is found, or a page could not be printed.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise QcityError(f"no browser found to print with; install one of {', '.join(BROWSERS[:3])}")
    pages = [path for path in site_files(out) if path.suffix == ".html"]

    def one(page: Path) -> Path:
        made = inside(to, page.relative_to(out).with_suffix(".pdf"))
        made.parent.mkdir(parents=True, exist_ok=True)
        flags = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={made.resolve()}"]
        flags += ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # as root it has none
        subprocess.run([browser, *flags, page.resolve().as_uri()], capture_output=True, timeout=120)
        if not made.is_file() or not made.stat().st_size:
            raise QcityError(f"{page}: {Path(browser).name} could not print it")
        say(str(made))
        return made

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return list(pool.map(one, pages))


def publish(out: str | Path, url: str, **options: Any) -> int:
    """Copy the pages and results to an address fsspec knows (s3://bucket/folder, a folder); returns how many files.

    The index goes last, so that a reader never sees one whose pages are not there. Keys come from the environment, as
    the library of the address reads them. `options` go to its file system. Raises QcityError for another address.
    """
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url, **options)
        files = sorted(site_files(out), key=lambda path: path == Path(out) / "index.html")
        for path in files:
            name = f"{root.rstrip('/')}/{path.relative_to(out).as_posix()}"
            system.makedirs(system._parent(name), exist_ok=True)
            system.pipe_file(name, path.read_bytes())
    except (ImportError, ValueError) as error:
        known = "known are folders and, with the package s3fs, s3://bucket/folder"
        raise QcityError(f"{url}: {error}; {known}") from error
    except OSError as error:
        whole = "nothing there says that the report is whole"
        raise QcityError(f"{url}: {error or type(error).__name__}; {whole}") from error
    return len(files)


def server(out: str | Path, port: int = 0) -> ThreadingHTTPServer:
    """A web server of a report on this machine only (127.0.0.1), not yet running; port 0 takes a free one."""
    site_files(out)
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(out)))
    except (OSError, OverflowError) as error:
        raise QcityError(f"port {port} cannot be used: {error}; --port 0 takes a free one") from error

"""What a report is sent on as: its results as data and what changed, one archive, PDF files, a web page, a bucket."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd

from ..errors import QcityError
from ..files import inside, write_whole

SCHEMA = 1  # version of results.* and changes.json; it rises when a column changes its meaning or goes
NUMBERS = ("probability", "headline_probability", "threshold", "bound", "median", "low", "high", "outcome",
           "last_level")  # fmt: skip
TYPES = {"deadline": "Int64", "last_year": "Int64"} | dict.fromkeys(NUMBERS, "float")
COLUMNS = (
    "plan", "target_id", "region", "indicator_id", "kind", "deadline", "as_of", "status", "probability", "word",
    "basis", "headline_probability", "threshold", "bound", "median", "low", "high", "outcome", "last_year",
    "last_level", "model", "illustrative",
)  # fmt: skip
KEY = itemgetter("plan", "target_id")  # of a row
WATCHED = ("status", "word", "probability")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PATIENCE = {"config_kwargs": {"retries": {"max_attempts": 1}, "connect_timeout": 10}}  # of S3
UNREACHED = {"ConnectionError", "HTTPClientError", "TimeoutError", "gaierror"}  # S3 has its own
KEPT = ("*.html", "results.*", "changes.json", "results/*.json")  # what a reader gets; not logs and notebooks


def _row(answer: Mapping[str, Any]) -> list[Any]:
    """The row of an answer: `low` and `high` are the 90 % interval at the deadline, `last_level` the newest level."""
    low, high = answer["interval"] or (None, None)
    last = max(answer["levels"], key=int, default=None)
    named = {"low": low, "high": high, "last_level": answer["levels"].get(last)}
    named["last_year"] = None if last is None else int(last)
    return [named.get(name, answer.get(name, answer["target"].get(name))) for name in COLUMNS]


def _table(rows: Iterable[Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(TYPES)


def write_results(
    answers: Iterable[Mapping[str, Any]], out: Path, known: Collection[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """Write answers (as `Assessment.to_dict` gives them) as results.json, .csv and .parquet into a report, a row a
    target, and changes.json beside the results before; returns these changes.

    A change names plan, target, field (status, word or probability), and the value before and after; None where the
    target was not there. Results that are the same leave changes.json as it is. Of targets (plan and name) in `known`
    that were not asked this time the earlier results are kept.
    """
    path, earlier = out / "results.json", None
    with suppress(OSError, ValueError, LookupError, TypeError):
        earlier = {KEY(row): row for row in json.loads(path.read_text("utf-8"))["results"]}
    table = _table(map(_row, answers)).sort_values("as_of", kind="stable")  # of several days the last counts
    rows = json.loads(table.to_json(orient="records", force_ascii=False, double_precision=15))
    said = {key: row for key, row in (earlier or {}).items() if key in known}
    said |= {KEY(row): row for row in rows}
    table = _table(rows := [said[key] for key in sorted(said)])
    write_whole(path, _json({"schema_version": SCHEMA, "columns": list(COLUMNS), "results": rows}))
    write_whole(out / "results.csv", table.to_csv(index=False))
    write_whole(out / "results.parquet", table.assign(schema_version=SCHEMA).to_parquet(index=False))
    if earlier is None or earlier == said:
        return []
    changes = [
        {"plan": key[0], "target_id": key[1], "field": name, "before": before, "after": after}
        for key in sorted(earlier.keys() | said.keys())
        for name in WATCHED
        if (before := earlier.get(key, {}).get(name)) != (after := said.get(key, {}).get(name))
    ]
    write_whole(out / "changes.json", _json({"schema_version": SCHEMA, "changes": changes}))
    return changes


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def site_files(out: str | Path) -> list[Path]:
    """The files of a report that a reader gets, in order. Raises QcityError where there are no pages."""
    folder = Path(out)
    if not (folder / "index.html").is_file() and not (folder / "own").is_dir():
        raise QcityError(f"{folder}: no index.html; `qcity run --out {folder}` makes the pages")
    paths = {path for pattern in KEPT for path in (*folder.glob(pattern), *folder.glob(f"*/{pattern}"))}
    return sorted(path for path in paths if path.is_file())


def zip_site(out: str | Path, name: str) -> bytes:
    """One archive of the pages and results, below a folder `name`; the same report gives the same bytes."""
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path in site_files(out):
            entry = zipfile.ZipInfo(f"{name}/{path.relative_to(out).as_posix()}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def print_pdf(out: str | Path, to: Path, say: Callable[[str], None] = lambda line: None) -> list[Path]:
    """Every page printed to A4 by a browser of this machine, in the folders of the pages below `to`.

    Raises QcityError where no browser is found, or a page could not be printed.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise QcityError(f"no browser found to print with; install one of {', '.join(BROWSERS[:3])}")

    def one(page: Path) -> Path:
        made = inside(to, page.relative_to(out).with_suffix(".pdf"))
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="qcity-") as place, suppress(subprocess.TimeoutExpired):
            printed = Path(place, "page.pdf")
            flags = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={printed}"]
            flags += ["--no-sandbox"] * (getattr(os, "geteuid", lambda: 1)() == 0)  # as root it has none
            subprocess.run([browser, *flags, page.resolve().as_uri()], capture_output=True, timeout=120)
            if printed.is_file() and b"%%EOF" in (content := printed.read_bytes())[-9:]:
                write_whole(made, content)
                say(str(made))
                return made
        raise QcityError(f"{page}: {Path(browser).name} could not print it")

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, (path for path in site_files(out) if path.suffix == ".html")))


def made_in(out: str) -> Path:
    """The folder in which the pages for `out` are made: itself, or for an address one in the user's cache.

    An address has always the same, so that what is unchanged is not made again. Raises QcityError for one not known.
    """
    if "://" not in out:
        return Path(out)
    with _address(out):
        fsspec.core.url_to_fs(out)
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if not home.is_absolute():
        raise QcityError("there is no home folder to make the pages in; name one as XDG_CACHE_HOME")
    return home / "qcity" / re.sub(r"[^\w.-]+", "_", out)


def publish(out: str | Path, url: str) -> int:
    """Copy the pages and results to an address fsspec knows (s3://bucket/folder, a folder); returns how many are new.

    The index goes last, so that a reader never sees one whose pages are not there. Keys come from the environment, as
    the library of the address reads them. Raises QcityError for another address.
    """
    files, sent = sorted(site_files(out), key=lambda path: path == Path(out) / "index.html"), 0
    with _address(url):
        system, root = fsspec.core.url_to_fs(url, **(PATIENCE if url.startswith("s3:") else {}))
        for path in files:
            name, content = f"{root.rstrip('/')}/{path.relative_to(out).as_posix()}", path.read_bytes()
            with suppress(OSError):
                tag = system.info(name).get("ETag")  # where there is none, the file is compared
                if hashlib.md5(content).hexdigest() in tag if tag else system.cat_file(name) == content:
                    continue
            if "s3" not in system.protocol:  # where it would make a bucket
                system.makedirs(system._parent(name), exist_ok=True)
            system.pipe_file(name, content)
            sent += 1
    return sent


@contextmanager
def _address(url: str) -> Iterator[None]:
    """Whatever the library of an address raises is told with the address and what is known."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno and "://" not in url:
            raise  # the machine's own fault
        if UNREACHED & {one.__name__ for one in type(error).__mro__}:
            raise OSError(errno.EHOSTUNREACH, str(error), url) from error
        known = "known are folders and, with s3fs, s3://bucket/folder, its keys from the environment"
        raise QcityError(f"{url}: {' '.join(str(error).split()) or type(error).__name__}; {known}") from error


def server(out: str | Path, port: int = 0) -> ThreadingHTTPServer:
    """A web server of a report on this machine only (127.0.0.1), not yet running; port 0 takes a free one."""
    site_files(out)
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(out)))
    except OSError as error:
        raise QcityError(f"port {port} cannot be used: {error}; --port 0 takes a free one") from error

"""All pages of a report: which there are, the notebooks run of what changed, a ledger of runs, the index.

Runs go on worker threads, each driving a kernel of its own. The ledger `runs.jsonl` gets a line as soon as a run ends,
so that an interrupted report is resumed; the index is written last. A page that is there and whole is replaced by a
whole one only: when its notebook fails, it stays and says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..catalogue import LANGUAGES, check_language, text
from ..data.load import Data, find_folder, load, pages
from ..data.schema import TABLES
from ..errors import QcityError, unknown
from ..files import PROJECT, alone, digest, inside, write_whole
from ..trackrecord import ledger as issued
from .kernels import kernel_server
from .runner import TIMEOUT, declared_parameters, read_parameters, run_notebook

NOTEBOOKS = PROJECT / "notebooks"
PAGES = {  # kind of page: its notebook, and the seconds it usually takes
    "scorecard": ("04_scorecard", 8.0), "target": ("03_target_forecast", 3.0), "dated": ("03_target_forecast", 3.0),
    "overview": ("01_data_overview", 3.0), "track": ("05_track_record", 60.0),
}  # fmt: skip
OF_NO_PLAN = {"overview": "data_overview", "track": "track_record"}  # and the folder of their pages
WORTH_A_SERVER = 4  # from this many runs on, preloading a process pays
PASSING = (
    "ConnectionError",
    "TimeoutError",
    "BlockingIOError",
    "InterruptedError",
)  # errors worth another try
PAUSE = 5.0  # seconds before a run is tried again
HOOKS = {  # web hooks by the end of their host: what they read, % standing for the words
    "qyapi.weixin.qq.com": '{"msgtype": "text", "text": {"content": "%"}}',
    "dingtalk.com": '{"msgtype": "text", "text": {"content": "%"}}',
    "feishu.cn": '{"msg_type": "text", "content": {"text": "%"}}',
    "": '{"text": "%"}',  # Slack and others
}
HELD = ".running"  # says who makes pages in a folder
Progress = Callable[[str, dict[str, Any]], None]
Run = dict[str, Any]  # a line of the ledger of runs


@dataclass(frozen=True)
class Job:
    """One page to make: `kind` is scorecard, target, dated, overview, track, or own, for a notebook of the user's.

    `name` is its file name without ending, unique in the report; `result` what it is called as data.

    >>> Job("target", "p", "a", "zh", "2025-01-01", {}).name
    'p/a.zh'
    """

    kind: str
    plan: str
    target: str
    lang: str
    as_of: str
    parameters: dict[str, Any]
    file: str = ""

    @property
    def name(self) -> str:
        """Folder and file name without ending, unique in the report."""
        if self.kind in OF_NO_PLAN:
            return f"{OF_NO_PLAN[self.kind]}/all.{self.lang}"
        dated = f".{self.as_of}" if self.kind == "dated" else ""
        return f"{self.plan}/{self.target or 'scorecard'}{dated}.{self.lang}"

    @property
    def notebook(self) -> Path:
        """The notebook that makes this page."""
        return Path(self.file) if self.file else NOTEBOOKS / f"{PAGES[self.kind][0]}.ipynb"

    @property
    def result(self) -> str:
        """The file of the result as data, below the folder of the report."""
        of = (
            f"{OF_NO_PLAN[self.kind]}_all"
            if self.kind in OF_NO_PLAN
            else f"{self.plan}_{self.target or 'scorecard'}"
        )
        return f"results/{of}_{self.as_of}.json"


def list_jobs(
    data: Data,
    plans: Sequence[str] | None,
    languages: Sequence[str],
    data_dir: str | Path | None = None,
    targets: Sequence[str] | None = None,
    ledger_dir: str | Path | None = None,
) -> list[Job]:
    """The pages of a report, in the order of the index; all plans and targets where none is named.

    A target gets another page for each earlier day that `look_back` of `pages.toml` beside the data names.
    Raises QcityError for an unknown plan, target or language.
    """
    if strange := [plan for plan in plans or [] if plan not in data.plans()]:
        raise unknown("plan", strange[0], data.plans())
    chosen = [plan for plan in data.plans() if not plans or plan in plans]
    rows = data.targets[data.targets["plan"].isin(chosen)]
    if strange := [target for target in targets or [] if target not in set(rows["target_id"])]:
        raise unknown("target", strange[0], sorted(rows["target_id"]))
    asked = rows[rows["target_id"].isin(targets)] if targets else rows
    look_back, day = pages(data.folder).get("look_back", ()), data.as_of.isoformat()
    shared = {"data": str(Path(data_dir).resolve()) if data_dir else "", "out": "results"}
    listed = []
    for lang in map(check_language, languages):
        for plan in chosen:
            common = {"plan": plan, "language": lang} | shared
            listed.append(Job("scorecard", plan, "", lang, day, common | {"as_of": day}))
            for target in asked.loc[asked["plan"] == plan, "target_id"]:
                mine = [one for one in look_back if (one["plan"], one["target"]) == (plan, target)]
                for date in (day, *(str(one["as_of"]) for one in mine if str(one["as_of"]) < day)):
                    kind, parameters = "target" if date == day else "dated", {"target": target, "as_of": date}
                    listed.append(Job(kind, plan, target, lang, date, common | parameters))
        if not targets:
            whole = {"language": lang, "as_of": day} | shared
            ledger = {"ledger": str(Path(ledger_dir).resolve())} if ledger_dir else {}
            listed.append(Job("overview", "", "", lang, day, whole))
            listed.append(Job("track", "", "", lang, day, whole | ledger))
    return listed


@dataclass
class Report:
    """What a report run did: `runs` as in the ledger, `index` its first page, `seconds` of wall time.

    `changes` are the targets whose word is another than before: plan, target, before and after.
    """

    index: Path
    runs: list[Run]
    seconds: float = 0.0
    changes: list[dict[str, str]] = field(default_factory=list)

    @property
    def failed(self) -> list[Run]:
        """The runs without a complete page."""
        return [run for run in self.runs if not run["ok"]]

    @property
    def exit_code(self) -> int:
        """0 when every page is there, else 1."""
        return 1 if self.failed else 0

    def summaries(self, lang: str) -> list[str]:
        """One line for each target: plan, target, date where asked about the past, and the answer."""
        lines = []
        for run in self.runs:
            if run["target"] and run["lang"] == lang:
                answer = run["front"].get("short", "") if run["ok"] else f"{run['status']}: {run['error']}"
                lines.append(text(f"run_of_{run['kind']}", lang, **run | {"answer": answer}))
        return lines


def run_report(
    data_dir: str | Path | None = None,
    plans: Sequence[str] | None = None,
    languages: Sequence[str] = LANGUAGES,
    out_dir: str | Path = "reports",
    *,
    as_of: str | None = None,
    targets: Sequence[str] | None = None,
    jobs: int = 2,
    force: bool = False,
    only_failed: bool = False,
    keep: int = 0,
    retries: int = 1,
    timeout: float = TIMEOUT,
    record: bool = False,
    ledger_dir: str | Path | None = None,
    progress: Progress = lambda event, facts: None,
) -> Report:
    """Make every page of the plans (all when None) in the languages, and the index; returns what happened.

    A page is kept unless `force` while its files are whole and what it is made from is unchanged: notebook,
    parameters, library and the rows it can see. `as_of` is today when None; `targets` restricts the targets, and leaves
    out the track record; `only_failed` makes only pages whose last run failed. `keep` past versions of a page stay
    beside it. What died, or failed for what passes, is tried again `retries` times. With `record` the probabilities
    given go into the ledger `ledger_dir`, by default the one beside the data (see `trackrecord.ledger`). A failing page
    is named in the index and in `Report.failed`. Raises QcityError for faulty data, unknown names, and a folder in
    which another run makes pages, before anything is run.
    """
    from ..reporting.page import write_index

    begin, data = time.monotonic(), load(data_dir, as_of)
    listed = list_jobs(data, plans, languages, data_dir, targets, ledger_dir)
    out, home = Path(out_dir), Path(ledger_dir or issued.home(data.folder))
    with _held(out, data.folder) as stack:
        book, marks = _RunLedger(out), _Marks(data, home)
        before = dict(book.runs)
        if only_failed:
            listed = [job for job in listed if job.name in before]

        def kept(wave: Sequence[Job]) -> dict[str, Run]:
            """The pages that stay as they are."""
            if only_failed:
                return {job.name: before[job.name] for job in wave if before[job.name]["ok"]}
            return {} if force else book.unchanged({job.name: (job, marks.of(job)) for job in wave})

        waves = [[job for job in listed if (job.kind == "track") == last] for last in (False, True)]
        stays = [kept(wave) for wave in waves]
        if record and len(stays[0]) < len(waves[0]) and not only_failed:
            stays[1] = {}  # the track record comes last: it shows what was just said
        to_do = [job for job in listed if job.name not in stays[0] | stays[1]]
        shop = _Shop(out, book, timeout, keep, retries, max(1, jobs), progress, len(to_do))
        shop.open(stack, to_do, len(listed))
        done: dict[str, Run] = {}
        for wave, stay in zip(waves, stays, strict=True):
            stay = (
                kept(wave) if wave is waves[1] else stay
            )  # by now the ledger of what was said may have grown
            done |= stay | shop.make_all({j.name: (j, marks.of(j)) for j in wave if j.name not in stay})
            if record and wave is waves[0]:
                _record(data.folder, home, out, [run for run in done.values() if run["status"] == "ok"])
        runs = [done[job.name] for job in listed]
        book.rewrite(runs)
        write_index(runs, out / "index.html", data.as_of.isoformat())
    changes = [change for run in runs if (change := _changed(before.get(run["id"]), run))]
    return Report((out / "index.html").resolve(), runs, round(time.monotonic() - begin, 1), changes)


def run_own(
    notebook: str | Path,
    parameters: Mapping[str, str],
    out_dir: str | Path = "reports",
    *,
    data_dir: str | Path | None = None,
    timeout: float = TIMEOUT,
    progress: Progress = lambda event, facts: None,
) -> Report:
    """Run a notebook of one's own and write its page to the folder `own` of a report; `index` is that page.

    `parameters` are texts, as typed in a terminal; they are read as the notebook's own cell of parameters declares
    them. Raises QcityError for unknown and mistyped ones before anything is run.
    """
    path, day = Path(notebook).resolve(), dt.date.today().isoformat()
    declared = declared_parameters(path)
    values = read_parameters(declared, parameters, path.name)
    lang = str(values.get("language") or next((p.default for p in declared if p.name == "language"), "en"))
    job, out = Job("own", "own", path.stem, check_language(lang), day, values, str(path)), Path(out_dir)
    with _held(out, find_folder(data_dir) if data_dir else None):
        shop = _Shop(out, _RunLedger(out), timeout, 0, 0, 1, progress, 1)
        runs = list(shop.make_all({job.name: (job, "")}).values())
    return Report((out / runs[0]["page"]).resolve(), runs, runs[0]["seconds"])


@contextmanager
def _held(out: Path, data_folder: Path | None) -> Iterator[ExitStack]:
    """The folder of a report for one run, and the surroundings of its kernels, which are the same wherever it is run.

    Jupyter's files go to a temporary folder: neither a home nor what a user set up there plays a part.
    """
    out.mkdir(parents=True, exist_ok=True)
    holder, before = out / HELD, dict(os.environ)
    with ExitStack() as stack:
        if not stack.enter_context(alone(out, wait=False)):
            who = holder.read_text("utf-8") if holder.is_file() else "?"
            raise QcityError(text("run_held", "en", folder=out, who=who))
        now = dt.datetime.now().isoformat(" ", "seconds")
        write_whole(
            holder, text("run_holder", "en", process=os.getpid(), host=socket.gethostname(), since=now)
        )
        stack.callback(holder.unlink, missing_ok=True)
        for left in out.rglob(".*.part"):  # by a run that was killed
            left.unlink(missing_ok=True)
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="qcity-"))
        stack.callback(os.environ.update, before)
        stack.callback(os.environ.clear)
        os.environ.update({"JUPYTER_RUNTIME_DIR": place, "IPYTHONDIR": place})
        os.environ.update({"QCITY_DATA": str(data_folder)} if data_folder else {})
        yield stack


class _RunLedger:
    """The record of runs in a report folder, one JSON object per line; the last line of a run counts."""

    def __init__(self, out: Path) -> None:
        self.out, self.path = out, out / "runs.jsonl"
        self.runs: dict[str, Run] = {}
        written = self.path.read_text("utf-8") if self.path.exists() else "\n"
        for line in written.splitlines():
            with suppress(ValueError):  # the line an interruption cut off
                run = json.loads(line)
                self.runs[run["id"]] = run
        if not written.endswith("\n"):
            self.rewrite([])

    def good(self, name: str) -> Run | None:
        """The last run of a page if the page is that of a complete run, and as it was left."""
        run = self.runs.get(name, {})
        page = run.get("page", "")
        return run if run.get("good") and digest(self.out / page) == run["files"].get(page) else None

    def unchanged(self, wanted: Mapping[str, tuple[Job, str]]) -> dict[str, Run]:
        """The runs of pages that need not be made again, status skipped; a later day than theirs stands on the page."""
        from ..reporting.page import mark_page

        kept = {}
        for name, (job, mark) in wanted.items():
            run = self.runs.get(name, {})
            if not (run.get("ok") and run["hash"] == mark and run["as_of"] <= job.as_of):
                continue
            if any(digest(self.out / file) != was for file, was in run["files"].items()):
                continue  # truncated, emptied, edited or gone
            day, page = job.as_of if job.as_of > run["as_of"] else "", run["page"]
            if run.get("checked", "") != day:
                mark_page(
                    self.out / page, job.lang, "page_unchanged" if day else "", since=run["as_of"], as_of=day
                )
                run |= {"checked": day, "files": run["files"] | {page: digest(self.out / page)}}
            kept[name] = run | {"status": "skipped"}
        return kept

    def add(self, run: Run) -> None:
        """Append one run at once, so that it survives an interruption."""
        self.runs[run["id"]] = run
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run, ensure_ascii=False) + "\n")

    def rewrite(self, runs: Sequence[Run]) -> None:
        """Keep the latest run of every page, this report's first."""
        latest = {run["id"]: run for run in runs}
        latest |= {name: run for name, run in self.runs.items() if name not in latest}
        write_whole(self.path, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in latest.values()))


class _Marks:
    """What each page is made from, as a hash: it need not be made again while that stays the same.

    That is its notebook and parameters, the library, and the rows it can see: those of its targets' indicators and of
    all that these continue, are derived from or compared with. Ages are counted in months: of the day, only the month
    counts, but for the overview.
    """

    def __init__(self, data: Data, home: Path) -> None:
        self.data, self.home, self.code, self.days = data, home, _code_hash(), dict[str, dict[str, Any]]()
        names, self.links = set(data.indicators["indicator_id"]), dict[str, set[str]]()
        columns = ["indicator_id", "continues", "inputs", "comparators"]
        for name, older, *others in data.indicators[columns].astype(str).itertuples(index=False):
            of = names & {older, *re.findall(r"[\w.-]+", " ".join(others))}
            self.links.setdefault(name, set()).update(of)
            self.links.setdefault(older, set()).add(name)

    def of(self, job: Job) -> str:
        """The hash of one page."""
        day, asked = (
            dt.date.fromisoformat(job.as_of),
            {k: v for k, v in job.parameters.items() if k != "as_of"},
        )
        about = [
            asked,
            self.code,
            f"{day:%Y-%m}",
            f"{day + dt.timedelta(1):%m}",
        ]  # a month's last day is another
        if job.kind in OF_NO_PLAN:
            about += [
                str(self.data.remarks),
                pages(self.data.folder),
                job.as_of if job.kind == "overview" else "",
            ]
            about += sorted(path.name for path in self.home.glob("*.parquet")) if job.kind == "track" else []
        hashed = hashlib.sha256(
            job.notebook.read_bytes() + json.dumps(about, sort_keys=True, default=str).encode()
        )
        for rows in self._rows(job):
            hashed.update(rows.tobytes())
        return hashed.hexdigest()

    def _rows(self, job: Job) -> Iterator[np.ndarray]:
        """The hashes of the rows of each table that a page can see."""
        if job.as_of not in self.days:
            known = self.data.at(job.as_of)
            frames = {name: getattr(known, name) for name in (*TABLES, "corrections")}
            self.days[job.as_of] = {name: (frame, _row_hashes(frame)) for name, frame in frames.items()}
        tables, cited = self.days[job.as_of], set[str]()
        targets = tables["targets"][0]
        asked = (targets["plan"] == job.plan) & (targets["target_id"].eq(job.target) | (not job.target))
        family, fresh = set[str](), set(targets.loc[asked, "indicator_id"])
        while fresh:
            family |= fresh
            fresh = set[str]().union(*(self.links.get(name, set()) for name in fresh)) - family
        for name, (frame, hashes) in reversed(tables.items()):  # sources come last
            seen = np.ones(len(frame), dtype=bool)
            if job.kind not in OF_NO_PLAN and name == "sources":
                seen = frame["source_id"].isin(cited).to_numpy()
            elif job.kind not in OF_NO_PLAN and "plan" in frame:
                seen = (
                    (frame["plan"] == job.plan) & (frame["target_id"].eq(job.target) | (not job.target))
                ).to_numpy()
            elif job.kind not in OF_NO_PLAN and "indicator_id" in frame:
                seen = frame["indicator_id"].isin(family).to_numpy()
            cited |= set(frame.loc[seen, "source_id"]) if "source_id" in frame else set()
            yield hashes[seen]


def _row_hashes(frame: pd.DataFrame) -> np.ndarray:
    """A number for what each row holds, wherever in its file it stands."""
    cells = frame.drop(columns=["row", "line"], errors="ignore").astype(str)
    return pd.util.hash_pandas_object(cells, index=False).to_numpy()


def _code_hash() -> str:
    """A hash of the library and of the packages that compute and draw."""
    library = Path(__file__).resolve().parents[1]
    hashed = hashlib.sha256()
    for path in sorted(p for p in library.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        hashed.update(path.name.encode() + path.read_bytes())
    for package in ("numpy", "pandas", "scipy", "matplotlib", "nbconvert"):
        hashed.update(metadata.version(package).encode())
    return hashed.hexdigest()


@dataclass
class _Shop:
    """Makes pages on worker threads; each run goes into the ledger of runs as soon as it ends."""

    out: Path
    book: _RunLedger
    timeout: float
    keep: int
    retries: int
    workers: int
    say: Progress
    total: int
    count: int = 0
    server: Callable[[], list[str] | None] | None = None
    stopped: bool = False

    def open(self, stack: ExitStack, to_do: Sequence[Job], of: int) -> None:
        """Say what will be done and how long it will take, and preload a process for kernels where that pays."""
        runs = self.book.runs
        times = [float(runs.get(job.name, {}).get("seconds") or PAGES[job.kind][1]) for job in to_do]
        seconds = max([sum(times) / self.workers, *times])
        facts = {"pages": of, "to_do": len(to_do), "kept": of - len(to_do), "seconds": round(seconds)}
        event = "begin_none" if not to_do else "begin_long" if seconds > 90 else "begin"
        self.say(event, facts | {"minutes": round(seconds / 60)})
        if len(to_do) >= WORTH_A_SERVER:
            self.server = stack.enter_context(kernel_server())
            if self.server() is None:
                self.say("slow_kernels", {})

    def make_all(self, wanted: Mapping[str, tuple[Job, str]]) -> dict[str, Run]:
        """Make pages, by name with what they are made from; what may pass is tried again after a pause."""
        done = self._wave(wanted)
        for attempt in range(1, self.retries + 1):
            again = {name: wanted[name] for name, run in done.items() if _may_pass(run)}
            if again:
                self.total += len(again)
                self.say("again", {"pages": len(again), "seconds": attempt * PAUSE})
                time.sleep(attempt * PAUSE)
                done |= self._wave(again)
        return done

    def _wave(self, wanted: Mapping[str, tuple[Job, str]]) -> dict[str, Run]:
        done, pool = {}, ThreadPoolExecutor(self.workers)
        try:
            for future in as_completed([pool.submit(self._make, *one) for one in wanted.values()]):
                run = future.result()
                self.book.add(run)
                done[run["id"]], self.count = run, self.count + 1
                facts = {name: run[name] for name in ("id", "status", "seconds", "cell", "error")}
                self.say("page", {"count": self.count, "total": self.total} | facts)
        except BaseException:
            self.stopped = True
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return done

    def _make(self, job: Job, mark: str) -> Run:
        """Run one notebook and render its page; returns its line of the ledger."""
        from ..reporting.page import mark_page, render_page

        executed, page = (
            inside(self.out / "notebooks", f"{job.name}.ipynb"),
            inside(self.out, f"{job.name}.html"),
        )
        draft, broken = executed.with_name(f".{executed.stem}.part"), executed.with_suffix(".failed.ipynb")
        argv = self.server() if self.server is not None else None
        folder, before = job.notebook.parent if job.file else self.out, self.book.good(job.name)
        result = run_notebook(
            job.notebook, job.parameters, draft, timeout=self.timeout, kernel_argv=argv, folder=folder
        )
        if self.stopped:  # an interrupted kernel says nothing of its notebook
            return {}
        title, front, now = f"{job.plan} {job.target}".strip(), dict[str, Any](), dt.datetime.now(dt.UTC)
        about = {"lang": job.lang, "title": title, "home": "../index.html"}
        if result.ok:
            if self.keep and before:
                self._put_aside(page, before)
            try:
                front = render_page(draft, page, **about)
            except OSError:
                raise
            except Exception as error:  # the page is lost, the report goes on and says so
                result.status, result.error = "failed", f"{type(error).__name__}: {error}"
        draft.replace(executed if result.ok else broken)
        fault = "" if result.ok else " · ".join(filter(None, [result.status, result.cell, result.error]))
        finished = now.isoformat(timespec="seconds")
        if result.ok:
            broken.unlink(missing_ok=True)
        elif before:
            front, day = before["front"], before["good"]
            mark_page(page, job.lang, "page_kept", made=day, failed=finished, fault=fault)
        else:
            with suppress(Exception):
                front = render_page(broken, page, fault=fault, **about)
        run = asdict(job) | {"id": job.name, "hash": mark, "ok": result.ok, "page": f"{job.name}.html"}
        run |= {key: getattr(result, key) for key in ("status", "seconds", "cell", "error", "attempts")}
        run["good"] = finished if result.ok else before["good"] if before else ""
        names = (run["page"], f"notebooks/{job.name}.ipynb", job.result)
        run["files"] = {name: was for name in names if (was := digest(self.out / name))}
        return run | {"finished": finished, "front": front}

    def _put_aside(self, page: Path, before: Run) -> None:
        """Keep the page that is there beside the new one, and the newest `keep` of those before it."""
        stamp = re.sub(r"\W", "", before["good"][:19])
        shutil.copy2(page, page.with_suffix(f".past-{stamp}.html"))
        for old in sorted(page.parent.glob(f"{page.stem}.past-*.html"))[: -self.keep]:
            old.unlink()


def _may_pass(run: Run) -> bool:
    """Whether what ended a run may be over when it is tried again: a kernel that died, a connection that broke."""
    return run["status"] == "died" or run["error"].startswith(PASSING)


def _changed(before: Run | None, run: Run) -> dict[str, str] | None:
    """The word of a target before and after, where they differ."""
    words = [
        one["front"].get("word_shown") or one["front"].get("status_shown", "") for one in (before or run, run)
    ]
    names = {name: run[name] for name in ("plan", "target", "lang")}
    return names | {"before": words[0], "after": words[1]} if run["ok"] and words[0] != words[1] else None


def notify(url: str, report: Report, lang: str) -> str:
    """Send what failed and which words changed to a web hook, as JSON that its service reads; nothing if nothing did.

    Returns "" or why it could not be sent, in words without the address, which is a secret.
    """
    lines = [text("run_failed", lang, **run) for run in report.failed]
    lines += [text("run_changed", lang, **one) for one in report.changes if one["lang"] == lang]
    host = urllib.parse.urlsplit(url).hostname or ""
    form = next((form for ending, form in HOOKS.items() if host.endswith(ending)), HOOKS[""])
    body = form.replace('"%"', json.dumps("\n".join(lines), ensure_ascii=False)).encode()
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})
    try:
        if lines:
            urllib.request.urlopen(asked, timeout=20).close()
    except (OSError, ValueError) as error:
        return f"{host}: {type(error).__name__} {getattr(error, 'code', '')}".strip()
    return ""


def _record(data_folder: Path, home: Path, out: Path, runs: Sequence[Run]) -> None:
    """Append what the pages said to the ledger of issued probabilities, as one file."""
    answers: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run in sorted(runs, key=lambda run: run["kind"] != "scorecard"):  # a target's own page counts most
        path = out / next((name for name in run["files"] if name.startswith("results/")), "none")
        if run["kind"] == "overview" or not path.is_file():
            continue
        result = json.loads(path.read_text("utf-8"))
        for answer in result.values() if run["kind"] == "scorecard" else [result]:
            if isinstance(answer, dict) and "target" in answer:
                answers[run["plan"], answer["target"]["target_id"], answer["as_of"]] = answer
    issued.record(answers.values(), home, issued.data_hash(data_folder))

"""All pages of a report: which there are, the notebooks run of what changed, a ledger of runs, the index.

Runs go on worker threads, each driving a kernel of its own. The ledger `runs.jsonl` gets a line as soon as a run ends,
so that an interrupted report is resumed; the index is written last. A page that is whole is replaced by a whole one
only: when its notebook fails, it stays and says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalogue import LANGUAGES, check_language, text
from ..data.load import Data, find_folder, load, pages
from ..errors import QcityError, unknown
from ..files import PROJECT, alone, digest, inside, write_whole
from ..reporting.page import mark_page, render_page, write_index
from ..series.annual import Sight
from ..trackrecord import ledger as issued
from .runner import TIMEOUT, RunResult, as_declared, declared_parameters, kernel_server, run_notebook
from .sharing import write_results

NOTEBOOKS = PROJECT / "notebooks"
PAGES = {  # kind of page: its notebook, and the seconds it usually takes
    "scorecard": ("04_scorecard", 8.0), "target": ("03_target_forecast", 3.0), "dated": ("03_target_forecast", 3.0),
    "overview": ("01_data_overview", 3.0), "track": ("05_track_record", 60.0),
}  # fmt: skip
OF_NO_PLAN = {"overview": "data_overview", "track": "track_record"}  # and the folder of their pages
WORTH_A_SERVER = 4  # from this many runs on, preloading a process pays
LOST = (LookupError, TypeError, ValueError)  # what outputs of a notebook may do to its page
PASSING = ("ConnectionError", "TimeoutError", "BlockingIOError")  # errors worth another try
PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "nbconvert")  # that compute and draw
PAUSE = 5.0  # seconds before a run is tried again whose kernel died, or that failed for what passes
Progress = Callable[[str, dict[str, Any]], None]
Run = dict[str, Any]  # a line of the ledger of runs


@dataclass(frozen=True)
class Job:
    """One page to make: `kind` is scorecard, target, dated, overview, track, or own, for a notebook of the user's.

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


def list_jobs(
    data: Data, plans: Sequence[str] | None, languages: Sequence[str], data_dir: str | Path | None = None,
    targets: Sequence[str] | None = None, ledger_dir: str | Path | None = None,
) -> list[Job]:  # fmt: skip
    """The pages of a report, in the order of the index; all plans (earlier ones where named) and targets.

    A target gets another page for each earlier day that `look_back` of `pages.toml` beside the data names.
    Raises QcityError for an unknown plan, target or language, and for two pages of one name.
    """
    chosen = dict.fromkeys(sorted(plans, key=[*data.plans(), *plans].index) if plans else data.plans())
    rows = pd.concat([data.targets_of(plan) for plan in chosen] or [data.targets])
    if strange := [target for target in targets or [] if target not in set(rows["target_id"])]:
        raise unknown("target", strange[0], sorted(rows["target_id"]))
    asked = rows[rows["target_id"].isin(targets)] if targets else rows
    listed, day, earlier = [], data.as_of.isoformat(), defaultdict[tuple[str, str], list[str]](list)
    for one in pages(data.folder).get("look_back", ()):
        earlier[one["plan"], one["target"]] += [str(one["as_of"])] if str(one["as_of"]) < day else []
    shared = {"data": str(Path(data_dir).resolve()) if data_dir else "", "out": "results"}
    for lang in map(check_language, dict.fromkeys(languages)):
        for plan in chosen:
            common = {"plan": plan, "language": lang} | shared
            listed.append(Job("scorecard", plan, "", lang, day, common | {"as_of": day}))
            for target in asked.loc[asked["plan"] == plan, "target_id"]:
                for date in (day, *earlier[plan, target]):
                    kind, about = "target" if date == day else "dated", {"target": target, "as_of": date}
                    listed.append(Job(kind, plan, target, lang, date, common | about))
        if not targets:
            whole = {"language": lang, "as_of": day} | shared
            listed.append(Job("overview", "", "", lang, day, whole))
            whole = whole | ({"ledger": str(Path(ledger_dir).resolve())} if ledger_dir else {})
            listed.append(Job("track", "", "", lang, day, whole))
    names = Counter("own" if job.plan == "own" else job.name.replace("/", "_").lower() for job in listed)
    if twice := [name for name in names if names[name] > 1]:
        raise QcityError(f"two pages would be named {', '.join(twice)}: rename a plan or a target")
    return listed


@dataclass
class Report:
    """What a report run did: `runs` as in the ledger, `index` its first page, `seconds`, `changes` in what is said."""

    index: Path
    runs: list[Run]
    seconds: float = 0.0
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> list[Run]:
        """The runs without a complete page."""
        return [run for run in self.runs if not run["ok"]]

    def summaries(self, lang: str) -> list[str]:
        """One line for each target: plan, target, date where asked about the past, and the answer."""
        return [text(f"run_of_{run['kind']}", lang, plan=run["plan"], target=run["target"], as_of=run["as_of"],
                     answer=run["front"].get("short", "") if run["ok"] else f"{run['status']}: {run['error']}")
                for run in self.runs if run["target"] and run["lang"] == lang]  # fmt: skip


def run_report(  # noqa: PLR0913
    data_dir: str | Path | None = None, plans: Sequence[str] | None = None,
    languages: Sequence[str] = LANGUAGES, out_dir: str | Path = "reports", *, as_of: str | None = None,
    targets: Sequence[str] | None = None, jobs: int = 2, force: bool = False, only_failed: bool = False,
    keep: int = 0, timeout: float = TIMEOUT, record: bool = False, ledger_dir: str | Path | None = None,
    retries: int = 1, progress: Progress = lambda event, facts: None,
) -> Report:  # fmt: skip
    """Make every page of the plans (all when None) in the languages, and the index of all pages in the folder.

    A page is kept unless `force` while its files are whole and what it is made from is unchanged (see `Fingerprints`).
    `targets` restricts the targets and leaves out the track record; `only_failed` makes the pages whose last run
    failed, and no others. `keep` past versions of a page stay beside it; what may pass is tried `retries` times more.
    With `record` the probabilities go into the ledger `ledger_dir`, by default the one beside the data. Raises
    QcityError for faulty data, unknown names and a folder in which another run makes pages, before anything is run.
    """
    begin, data = time.monotonic(), load(data_dir, as_of)
    listed = list_jobs(data, plans, languages, data_dir, targets, ledger_dir)
    out, home = Path(out_dir), Path(ledger_dir or issued.home(data.folder))
    named = dict.fromkeys([*data.plans(), *data.earlier_targets["plan"]])
    every = list_jobs(data, list(named), list(dict.fromkeys([*languages, *LANGUAGES])), data_dir)
    with _held(out, data.folder) as stack:
        site = {job.name for job in listed}
        site |= {job.name for job in every if (out / f"{job.name}.html").is_file()}
        shop = _Shop(out, Fingerprints(data, home, site).of, timeout, retries, progress, keep, site)
        if only_failed:
            listed = [job for job in listed if job.name in shop.runs]
        done = {} if force else shop.unchanged(listed, only_failed)
        if record and any(job.kind != "track" and job.name not in done for job in listed):
            done = {k: run for k, run in done.items() if run["kind"] != "track"}  # it shows what is said
        to_do = [job for job in listed if job.name not in done]
        shop.open(stack, to_do, len(listed), jobs)
        for last in (False, True):
            workers = 1 if last else max(1, jobs)  # the first record keeps what it scored for the second
            done |= shop.make([job for job in to_do if (job.kind == "track") == last], workers)
            if record and not last:
                said = answers_of(out, [run for run in done.values() if run["status"] == "ok"])
                issued.record(said, home, issued.data_hash(data.folder))
        runs = [done[job.name] for job in listed]
        shop.rewrite(runs)
        there = [shop.runs[job.name] for job in every if job.name in site & shop.runs.keys()]
        write_index(there, out / "index.html", data.as_of.isoformat())
        said = answers_of(out, [run for run in runs if run["ok"] and run["kind"] != "dated"])
        changes = write_results(said, out, {(job.plan, job.target) for job in every})
    return Report((out / "index.html").resolve(), runs, round(time.monotonic() - begin, 1), changes)


def run_own(
    notebook: str | Path, parameters: Sequence[tuple[str, str]], out_dir: str | Path = "reports",
    data_dir: str | Path | None = None, timeout: float = TIMEOUT, retries: int = 1,
    progress: Progress = lambda event, facts: None,
) -> Report:  # fmt: skip
    """Run a notebook of one's own and write its page to the folder `own` of a report; `index` is that page.

    `parameters` are names and texts, read as the notebook's own cell of parameters declares them. What may pass is
    tried `retries` times more. Raises QcityError for unknown, mistyped and repeated ones before anything is run.
    """
    path, out, day = Path(notebook).resolve(), Path(out_dir), dt.date.today().isoformat()
    declared = declared_parameters(path)
    values = as_declared(declared, dict(parameters), path.name, texts=True)
    if twice := [name for name, count in Counter(name for name, _ in parameters).items() if count > 1]:
        raise QcityError(f"{path.name} takes one value of {', '.join(twice)}; more are given")
    spoken = {parameter.name: parameter.default for parameter in declared} | values
    job = Job("own", "own", path.stem, check_language(spoken.get("language", "en")), day, values, str(path))
    with _held(out, find_folder(data_dir) if data_dir else None):
        (run,) = _Shop(out, lambda job: "", timeout, retries, progress, total=1).make([job], 1).values()
    return Report((out / run["page"]).resolve(), [run], run["seconds"])


@contextmanager
def _held(out: Path, data_folder: Path | None) -> Iterator[ExitStack]:
    """The folder of a report for one run, and the surroundings of its kernels, which are the same wherever it is run.

    Jupyter's files go to a temporary folder: neither a home nor what a user set up there plays a part.
    """
    out.mkdir(parents=True, exist_ok=True)
    holder, before, now = out / ".running", dict(os.environ), dt.datetime.now().isoformat(" ", "seconds")
    with ExitStack() as stack:
        if not stack.enter_context(alone(out, wait=False)):
            who = holder.read_text("utf-8") if holder.is_file() else "?"
            raise QcityError(text("run_held", "en", folder=out, who=who))
        for left in out.rglob(".*.[0-9]*.[0-9]*.part"):  # by a run that was killed
            left.unlink(missing_ok=True)
        write_whole(holder, f"{platform.node()}, process {os.getpid()}, {now}")
        stack.callback(holder.unlink, missing_ok=True)
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="qcity-"))
        stack.callback(os.environ.update, before)
        stack.callback(os.environ.clear)
        os.environ |= {"JUPYTER_RUNTIME_DIR": place, "IPYTHONDIR": place}
        os.environ |= {"QCITY_DATA": str(data_folder)} if data_folder else {}
        yield stack


class Fingerprints:
    """What each page is made from, as a hash: it need not be made again while that stays the same.

    That is its notebook and parameters, the library, and the rows it can see (see `series.annual.Sight`). Ages are
    counted in months: of the day only the month counts, but for the overview.
    """

    def __init__(self, data: Data, home: Path, site: set[str]) -> None:
        self.data, self.home, self.site = data, home, site
        own = [path for path in Path(__file__).resolve().parents[1].rglob("*.*") if path.suffix != ".pyc"]
        self.code = [*map(metadata.version, PACKAGES), *(path.name + digest(path) for path in sorted(own))]
        self.sights = cache(lambda day: Sight(data.at(day)))

    def of(self, job: Job) -> str:
        """The hash of one page."""
        day, plain = dt.date.fromisoformat(job.as_of), job.kind in OF_NO_PLAN
        stem, card = job.name.removesuffix(job.lang), f"{job.plan}/scorecard.{job.lang}"
        near = self.site & {card, *(stem + lang for lang in LANGUAGES)}
        about: list[Any] = [self.code, f"{day:%Y-%m} {day + dt.timedelta(1):%m}"]  # its last day is another
        about += [job.parameters | {"as_of": ""}, sorted(self.site if job.kind == "scorecard" else near)]
        about += [self.data.remarks, pages(self.data.folder), job.kind == "overview" and day] if plain else []
        about += sorted(path.name for path in self.home.glob("*.parquet")) if job.kind == "track" else []
        rest = json.dumps(about, sort_keys=True, default=str).encode()
        sight = self.sights(day)
        whole = (hashes.tobytes() for hashes, *_ in sight.tables)
        seen = b"".join(whole) if plain else sight.of_targets(job.plan, job.target, [day])
        return hashlib.sha256(job.notebook.read_bytes() + rest + seen).hexdigest()


@dataclass
class _Shop:
    """Makes pages on worker threads, and keeps the record of runs: a JSON object a line, of which the last counts."""

    out: Path
    mark: Callable[[Job], str]
    timeout: float
    retries: int
    say: Progress
    keep: int = 0
    site: set[str] = field(default_factory=set)  # names of the pages that can be linked to
    total: int = 0
    count: int = 0
    server: Callable[[], list[str] | None] = lambda: None
    stopped: bool = False

    def __post_init__(self) -> None:
        self.ledger, self.runs = self.out / "runs.jsonl", dict[str, Run]()
        needed = {"hash", "ok", "files", "front", *Job.__annotations__, *RunResult.__annotations__}
        for line in self.ledger.read_bytes().splitlines() if self.ledger.exists() else ():
            with suppress(*LOST):  # the line an interruption cut off, or that somebody edited
                run = json.loads(line)
                if {*run} >= needed and run["page"] == f"{run['id']}.html":
                    self.runs[run["id"]] = run
        self.rewrite([])

    def rewrite(self, runs: Sequence[Run]) -> None:
        """Keep the latest run of every page, this report's first."""
        latest = (first := {run["id"]: run for run in runs}) | self.runs | first
        write_whole(self.ledger, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in latest.values()))

    def unchanged(self, jobs: Sequence[Job], all_good: bool) -> dict[str, Run]:
        """The runs of pages that need not be made again, status skipped; a later day than theirs goes onto the page.

        With `all_good` these are all whose last run did not fail and whose files are whole.
        """
        kept = dict[str, Run]()
        for job, run in ((job, self.runs[job.name]) for job in jobs if self.runs.get(job.name, {}).get("ok")):
            whole = all(digest(self.out / name) == was for name, was in run["files"].items())
            new = run["as_of"] > job.as_of or run["hash"] != self.mark(job)
            day, page = job.as_of if job.as_of > run["as_of"] else "", self.out / run["page"]
            if whole and not new and run.get("checked", "") != day:
                mark_page(page, job.lang, "page_unchanged" * bool(day), since=run["as_of"], as_of=day)
                run |= {"checked": day, "files": run["files"] | {run["page"]: digest(page)}}
            if whole and (all_good or not new):  # whole: no file is truncated, emptied or gone
                kept[job.name] = run | {"status": "skipped"}
        return kept

    def open(self, stack: ExitStack, to_do: Sequence[Job], of: int, workers: int) -> None:
        """Say what will be done and how long it will take, and preload a process for kernels where that pays."""
        times = [float(self.runs.get(job.name, {}).get("seconds") or PAGES[job.kind][1]) for job in to_do]
        minutes, self.total = round(max([sum(times) / workers, *times]) / 60, 1), len(to_do)
        self.say("begin", {"pages": of, "to_do": self.total, "kept": of - self.total, "minutes": minutes})
        if self.total >= WORTH_A_SERVER:
            self.server = stack.enter_context(kernel_server())
            if self.server() is None:
                self.say("slow_kernels", {})

    def make(self, jobs: Sequence[Job], workers: int) -> dict[str, Run]:
        """Make pages; each run goes into the ledger of runs as soon as it ends."""
        done, pool = dict[str, Run](), ThreadPoolExecutor(workers)
        try:
            for future in as_completed([pool.submit(self._make, job) for job in jobs]):
                run = future.result()
                done[run["id"]] = self.runs[run["id"]] = run
                with self.ledger.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(run, ensure_ascii=False) + "\n")
                self.count += 1
                facts = {name: run[name] for name in ("id", "status", "seconds", "cell", "error")}
                self.say("page", {"count": self.count, "total": self.total} | facts)
        except BaseException:
            self.stopped = True
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return done

    def _run(self, job: Job, draft: Path) -> RunResult:
        """Run one notebook, again after a pause where what ended it may have passed."""
        folder = job.notebook.parent if job.file else self.out
        patience = self.timeout * (3 if job.kind == "track" else 1)  # its first scoring takes minutes
        for attempt in itertools.count(1):
            result = run_notebook(job.notebook, job.parameters, draft, patience, self.server(), folder)
            result.attempts, may_pass = attempt, result.status == "died" or result.error.startswith(PASSING)
            if not may_pass or self.stopped or attempt > self.retries:
                break
            time.sleep(attempt * PAUSE)
        return result

    def _make(self, job: Job) -> Run:
        """Run one notebook and render its page; returns its line of the ledger, nothing when interrupted."""
        name, file = f"{job.name}.html", f"notebooks/{job.name}.ipynb"
        page, executed, before = inside(self.out, name), inside(self.out, file), self.runs.get(job.name, {})
        draft, lost = executed.with_name(f".{executed.stem}.0.0.part"), executed.with_suffix(".failed.ipynb")
        good = before.get("good", "") if digest(page) == before.get("files", {}).get(name) else ""
        mark, result, front = self.mark(job), self._run(job, draft), dict[str, Any]()
        if self.stopped:
            return {}
        about: dict[str, Any] = {"lang": job.lang, "home": "../index.html", "site": self.site}
        about |= {"title": f"{job.plan} {job.target}".removeprefix("own ").strip()}
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        try:
            if result.ok:
                self._put_aside(page, good)
                front = render_page(draft, page, **about)
        except LOST as error:  # the page is lost; the report goes on and says so
            result.status, result.error = "failed", f"{type(error).__name__}: {error}"
        finally:
            draft.replace(executed if result.ok else lost)
        fault = " · ".join(filter(None, [result.status, result.cell, result.error]))
        if result.ok:
            lost.unlink(missing_ok=True)
        elif good:
            mark_page(page, job.lang, "page_kept", made=good, failed=now, fault=fault)
            front = before["front"]
        else:
            with suppress(*LOST):
                front = render_page(lost, page, fault=fault, **about)
        of = job.name.removesuffix(f".{job.lang}").removesuffix(f".{job.as_of}").replace("/", "_")
        made = {one: digest(self.out / one) for one in (name, file, f"results/{of}_{job.as_of}.json")}
        run = asdict(job) | {"id": job.name, "hash": mark, "ok": result.ok, "page": name} | asdict(result)
        run |= {"files": {one: was for one, was in made.items() if was}, "good": now if result.ok else good}
        return run | {"finished": now, "front": front}

    def _put_aside(self, page: Path, good: str) -> None:
        """Keep a good page beside the one that will replace it, and the newest `keep` of those before it."""
        if self.keep and good:
            shutil.copy2(page, page.with_suffix(f".past-{re.sub('[^0-9T]', '', good[:19])}.html"))
            for old in sorted(page.parent.glob(f"{page.stem}.past-*.html"))[: -self.keep]:
                old.unlink()


def notify(address: str, report: Report, lang: str) -> bool:
    """Tell a service that Apprise knows (e-mail, WeCom, DingTalk, Feishu, Slack) what failed and which words changed.

    Nothing is sent when nothing did. Returns whether all went well; the address, a secret, is never shown.
    """
    words = [one for one in report.changes if one["field"] != "probability"]
    lines = [text("run_changed", lang, **one) for one in words if one["before"] and one["after"]]
    lines += [text("run_failed", lang, **{k: r[k] for k in ("id", "status", "error")}) for r in report.failed]
    try:
        import apprise
    except ImportError as error:
        raise QcityError("--notify needs Apprise: pip install 'qcity-analysis[notify]'") from error
    sender = apprise.Apprise()
    return bool(sender.add(address) and (not lines or sender.notify("\n".join(lines))))


def answers_of(out: Path, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What the pages said, one answer a plan, target and day; a target's own page counts more than the scorecard."""
    answers: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run in sorted(runs, key=lambda run: run["kind"] != "scorecard"):
        for name in run["files"]:
            if run["plan"] and name.startswith("results/"):
                result = json.loads((out / name).read_text("utf-8"))
                for answer in result.values() if run["kind"] == "scorecard" else [result]:
                    if isinstance(answer, dict) and "target" in answer:
                        answers[run["plan"], answer["target"]["target_id"], answer["as_of"]] = answer
    return list(answers.values())

"""All pages of a report: which there are, the notebooks run of what changed, a ledger of runs, the index.

Runs go on worker threads, each driving a kernel of its own. The ledger `runs.jsonl` gets a line as soon as a run ends,
so that an interrupted report is resumed; the index is written last.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from ..catalogue import LANGUAGES, check_language
from ..data.load import Data, load, pages
from ..errors import unknown
from ..files import PROJECT, inside, write_whole
from ..trackrecord import ledger as issued
from .kernels import kernel_server
from .runner import TIMEOUT, run_notebook
from .sharing import write_results

NOTEBOOKS = PROJECT / "notebooks"
PAGES = {  # kind of page: its notebook
    "scorecard": "04_scorecard", "target": "03_target_forecast", "dated": "03_target_forecast",
    "overview": "01_data_overview", "track": "05_track_record",
}  # fmt: skip
OF_NO_PLAN = {"overview": "data_overview", "track": "track_record"}  # and the folder of their pages
WORTH_A_SERVER = 4  # from this many runs on, preloading a process pays
Progress = Callable[[str], None]
Run = dict[str, Any]  # a line of the ledger of runs


@dataclass(frozen=True)
class Job:
    """One page to make: `kind` is scorecard, target, dated, overview or track; `name` its file name without ending.

    >>> Job("target", "p", "a", "zh", "2025-01-01", {}).name
    'p/a.zh'
    """

    kind: str
    plan: str
    target: str
    lang: str
    as_of: str
    parameters: dict[str, Any]

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
        return NOTEBOOKS / f"{PAGES[self.kind]}.ipynb"


def list_jobs(
    data: Data,
    plans: Sequence[str] | None,
    languages: Sequence[str],
    out_dir: str | Path,
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
    folder = str(Path(data_dir).resolve()) if data_dir else ""
    shared = {"data": folder, "out": str(Path(out_dir) / "results")}
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
    """What a report run did: `runs` as in the ledger, `index` its first page, `seconds`, `changes` in what is said."""

    index: Path
    runs: list[Run]
    seconds: float = 0.0
    summaries: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> list[Run]:
        """The runs without a complete page."""
        return [run for run in self.runs if not run["ok"]]

    @property
    def exit_code(self) -> int:
        """0 when every page is there, else 1."""
        return 1 if self.failed else 0


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
    timeout: float = TIMEOUT,
    record: bool = False,
    ledger_dir: str | Path | None = None,
    progress: Progress = lambda line: None,
) -> Report:
    """Make every page of the plans (all when None) in the languages, and the index; returns what happened.

    Pages whose notebook, parameters, data and library have not changed are kept unless `force`. `as_of` is
    today when None; `targets` restricts the targets, and leaves out the track record. With `record` the
    probabilities given go into the ledger `ledger_dir`, by default the one beside the data (see
    `trackrecord.ledger`). A failing page is named in the index and in `Report.failed`. Raises QcityError for
    faulty data or unknown names, before anything is run.
    """
    from ..reporting.page import write_index

    begin = time.monotonic()
    data = load(data_dir, as_of)
    listed = list_jobs(data, plans, languages, out_dir, data_dir, targets, ledger_dir)
    out, home = Path(out_dir), Path(ledger_dir or issued.home(data.folder))
    out.mkdir(parents=True, exist_ok=True)
    ledger, common = _RunLedger(out), _common_hash(data.folder)
    done: dict[str, Run] = {}
    with ExitStack() as stack:
        server = None
        for last in (False, True):  # the track record comes last: it shows what was just said
            wave = [job for job in listed if (job.kind == "track") == last]
            issues = "".join(sorted(path.name for path in home.glob("*.parquet"))) if last else ""
            site = sorted(job.name for job in listed)  # a scorecard links to what there is
            links = {"scorecard": "".join(site)}
            prints = {job.name: _fingerprint(job, common + issues + links.get(job.kind, "")) for job in wave}
            kept = {} if force else {j.name: r for j in wave if (r := ledger.unchanged(j, prints[j.name]))}
            to_do = [job for job in wave if job.name not in kept]
            if kept:
                progress(f"{len(kept)} of {len(wave)} pages unchanged")
            if server is None and len(to_do) >= WORTH_A_SERVER:
                server = stack.enter_context(kernel_server())
                if server() is None:
                    progress("kernels cannot be forked here; using ordinary ones, which start more slowly")
            make = partial(_make, out=out, prints=prints, server=server, timeout=timeout, site=site)
            workers = 1 if last else jobs  # the first record keeps what it scored for the second
            done |= kept | _wave(to_do, make, workers, ledger, progress)
            if record and not last:
                said = _answers([run for run in done.values() if run["status"] == "ok"])
                issued.record(said, home, issued.data_hash(data.folder))
    runs = [done[job.name] for job in listed]
    ledger.rewrite(runs)
    write_index(runs, out / "index.html", data.as_of.isoformat())
    changes = write_results(_answers([run for run in runs if run["ok"] and run["kind"] != "dated"]), out)
    spoken = "en" if any(run["lang"] == "en" for run in runs) else "zh"
    summaries = [_summary(run) for run in runs if run["target"] and run["lang"] == spoken]
    return Report(
        (out / "index.html").resolve(), runs, round(time.monotonic() - begin, 1), summaries, changes
    )


def _wave(
    to_do: Sequence[Job], make: Callable[[Job], Run], workers: int, ledger: _RunLedger, progress: Progress
) -> dict[str, Run]:
    """Make pages on worker threads; each run goes into the ledger of runs as soon as it ends."""
    done = {}
    with ThreadPoolExecutor(max(1, workers)) as pool:
        waiting = [pool.submit(make, job) for job in to_do]
        try:
            for count, future in enumerate(as_completed(waiting), 1):
                run = future.result()
                ledger.add(run)
                done[run["id"]] = run
                line = f"{count}/{len(to_do)}  {run['id']}  {run['status']}  {run['seconds']:.1f} s"
                progress(line if run["ok"] else f"{line}  {run['cell']}  {run['error']}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return done


class _RunLedger:
    """The record of runs in a report folder, one JSON object per line; the last line of a run counts."""

    def __init__(self, out: Path) -> None:
        self.path = out / "runs.jsonl"
        self.runs: dict[str, Run] = {}
        for line in self.path.read_text("utf-8").splitlines() if self.path.exists() else []:
            with suppress(ValueError):  # the line an interruption cut off
                run = json.loads(line)
                self.runs[run["id"]] = run

    def unchanged(self, job: Job, mark: str) -> Run | None:
        """The finished run of a page that need not be made again, as a run of status skipped."""
        run, page = self.runs.get(job.name), self.path.parent / f"{job.name}.html"
        same = run and run["ok"] and run["hash"] == mark and page.exists()
        return run | {"status": "skipped"} if run and same else None

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


def _common_hash(data_folder: Path) -> str:
    """A hash of everything all pages depend on: data files, library, and the packages that compute and draw."""
    library = Path(__file__).resolve().parents[1]
    files = sorted(p for p in library.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    files += sorted(p for p in data_folder.iterdir() if p.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    for package in ("numpy", "pandas", "scipy", "matplotlib", "nbconvert"):
        digest.update(metadata.version(package).encode())
    return digest.hexdigest()


def _fingerprint(job: Job, common: str) -> str:
    """A hash of what one page is made from; the page need not be made again while it stays the same."""
    asked = json.dumps(job.parameters, sort_keys=True)
    return hashlib.sha256(job.notebook.read_bytes() + asked.encode() + common.encode()).hexdigest()


def _make(
    job: Job, *, out: Path, prints: Mapping[str, str], server: Callable[[], Any] | None, timeout: float,
    site: Sequence[str],
) -> Run:  # fmt: skip
    """Run one notebook and render its page; returns its line of the ledger."""
    from ..reporting.page import render_page

    executed, page = inside(out / "notebooks", f"{job.name}.ipynb"), inside(out, f"{job.name}.html")
    argv = server() if server is not None else None
    result = run_notebook(job.notebook, job.parameters, executed, timeout=timeout, kernel_argv=argv)
    fault = "" if result.ok else " · ".join(filter(None, [result.status, result.cell, result.error]))
    title, front = f"{job.plan} {job.target}".strip(), dict[str, Any]()
    try:
        front = render_page(
            executed, page, lang=job.lang, title=title, home="../index.html", fault=fault, site=site
        )
    except Exception as error:  # the page is lost, the report goes on and says so
        result.status, result.error = "failed", f"{type(error).__name__}: {error}"
    run = asdict(job) | {
        "id": job.name,
        "hash": prints[job.name],
        "ok": result.ok,
        "page": f"{job.name}.html",
    }
    run |= {key: getattr(result, key) for key in ("status", "seconds", "cell", "error", "attempts")}
    return run | {"finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "front": front}


def _answers(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What the pages said, one answer a plan, target and day."""
    answers: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run in sorted(runs, key=lambda run: run["kind"] != "scorecard"):  # a target's own page counts most
        name = f"{run['plan']}_{run['target'] or run['kind']}_{run['as_of']}.json"
        path = Path(run["parameters"]["out"]) / name
        if run["kind"] in ("track", "overview") or not path.is_file():
            continue
        result = json.loads(path.read_text("utf-8"))
        for answer in result.values() if run["kind"] == "scorecard" else [result]:
            if isinstance(answer, dict) and "target" in answer:
                answers[run["plan"], answer["target"]["target_id"], answer["as_of"]] = answer
    return list(answers.values())


def _summary(run: Run) -> str:
    """One line for the command line: plan, target, date where asked about the past, and the answer."""
    dated = f" as of {run['as_of']}" if run["kind"] == "dated" else ""
    answer = run["front"].get("short", "") if run["ok"] else f"{run['status']}: {run.get('error', '')}"
    return f"{run['plan']}/{run['target']}{dated}: {answer}"

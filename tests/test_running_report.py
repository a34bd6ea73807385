"""A report: what is made again and what stays, and what is said when a notebook or the machine fails."""

import errno
import json
import os
import random
import re
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import fsspec
import nbformat
import pytest
from packages import STEADY, contents, figure, figures, indicator, loaded, package, target

from qcity_analysis.catalogue import LANGUAGES, catalogue
from qcity_analysis.cli.options import fault
from qcity_analysis.errors import QcityError
from qcity_analysis.files import alone
from qcity_analysis.reporting.page import KEPT
from qcity_analysis.running import report
from qcity_analysis.running.runner import RunResult, check_parameters

NOTEBOOKS, CLI = report.NOTEBOOKS, ["-m", "qcity_analysis.cli"]
OBSERVED = [*figures(STEADY), *figures(STEADY, indicator_id="gadgets")]
TARGETS = [target("goal"), target("other", indicator_id="gadgets")]
NAMED = [indicator("widgets"), indicator("gadgets")]
BOTH = {"indicators": NAMED, "targets": TARGETS, "observations": OBSERVED}
LENT = {"indicators": [indicator("widgets", comparators="otherland/gadgets"), NAMED[1]]}
WHOLE, EVERY = {"scorecard", "overview", "track"}, {"scorecard", "overview", "track", "goal", "other"}


def marks(folder, as_of="2024-11-26", **tables):
    """What each page of the package is made from, by kind or target."""
    data = loaded(folder, as_of, **BOTH | tables)
    of = report.Fingerprints(data, folder / "ledger", {"made_up/goal.en"}).of
    return {job.target or job.kind: of(job) for job in report.list_jobs(data, None, ["en"])}


LATER = [  # what changes after the pages were made, and which of them are made again
    ({}, set()), ({"observations": [*OBSERVED, figure(2023, 17, indicator_id="gadgets")]}, WHOLE | {"other"}),
    ({"observations": [*OBSERVED, figure(2024, 17)]}, set()),  # published after the day asked about
    ({"observations": [figure(2015, 9, region="otherland"), *OBSERVED]}, WHOLE | {"goal"}),
    ({"targets": [target("goal", threshold=21), TARGETS[1]]}, WHOLE | {"goal"}),
    ({"as_of": "2024-11-27"}, {"overview"}), ({"as_of": "2024-12-02"}, EVERY),
    ({"regions": [{"region": "testville", "name_zh": "城", "name_en": "City"}]}, EVERY),
]  # fmt: skip


def test_a_page_depends_on_the_rows_it_can_see(tmp_path):
    lent = figure(2023, 7, indicator_id="gadgets", region="otherland")
    borrowed = LENT | {"observations": [*OBSERVED, lent]}, EVERY
    apart = LENT | {"observations": [*OBSERVED, figure(2023, 7, indicator_id="gadgets")]}, WHOLE | {"other"}
    aimed = LENT | {"earlier_targets": [target("was", plan="past", deadline=2020)]}, WHOLE | {"goal"}
    for before, changes in (({}, LATER), (LENT, [borrowed, apart, aimed])):
        first = marks(tmp_path, **before)
        for name in ("README.md", "~$targets.csv", "notes.txt"):
            (tmp_path / name).write_text("\n", "utf-8")
        for after, made in changes:
            second = marks(tmp_path, **after)
            assert {name for name in first if first[name] != second[name]} == made, after


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes a report of the package, its notebooks not run: they end as `made.ends` says; what each page was called."""
    data, out = package(tmp_path / "raw", **BOTH), tmp_path / "out"

    def run(path, parameters, draft, *rest):
        make.given.append(parameters), make.ran.append(path.stem)
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(path.read_bytes())
        return replace(make.ends)

    def make(day="26", targets=("goal",), **options):
        done = report.run_report(data, None, ["en"], out, as_of=f"2024-11-{day}", targets=targets, **options)
        return {run["target"] or run["kind"]: run["status"] for run in done.runs}

    make.out, make.page, make.data, make.ends = out, out / "made_up/goal.en.html", data, OK
    make.ran, make.given = [], []
    monkeypatch.setattr(report, "run_notebook", run)
    monkeypatch.setattr(report, "PAUSE", 0)
    return make


OK, BAD = RunResult("ok"), RunResult("failed", cell="2: x", error="ValueError: on purpose")
SAME = {"goal": "skipped", "scorecard": "skipped"}


def test_what_was_made_stays_until_it_changes_and_a_good_page_stays_when_its_notebook_fails(made):
    assert made(record=True) == {"goal": "ok", "scorecard": "ok"}
    before = contents(made.out)
    logged = {("runs.jsonl", before["runs.jsonl"])}
    assert made() == SAME and before.items() - contents(made.out).items() <= logged
    runs, elsewhere = made.out / "runs.jsonl", before["runs.jsonl"].replace(b'"page": "', b'"page": "../')
    for path, damage in ((made.page, made.page.read_bytes()[:-9]), (made.page, b""), (made.page, None),
                         (made.out / "notebooks/made_up/goal.en.ipynb", None), (runs, elsewhere),
                         (runs, b'\xff\n[]\nnull\n1\n{"id": "made_up/goal.en"}\n')):  # fmt: skip
        path.unlink() if damage is None else path.write_bytes(damage)
        again = made(only_failed=path == made.page)
        assert again == (dict.fromkeys(SAME, "ok") if path == runs else SAME | {"goal": "ok"})
        assert contents(made.out)["made_up/goal.en.html"] == before["made_up/goal.en.html"]
    assert made("27") == SAME and "; this page still stands as of 2024-11-27" in made.page.read_text()
    assert made() == SAME and made.page.read_bytes() == before["made_up/goal.en.html"]
    for path in (made.page, made.out / "runs.jsonl"):
        os.utime(path, (2**32, 2**32))  # in 2106: as after a clock set back
    assert made() == SAME and made("25") == SAME | {"goal": "ok", "scorecard": "ok"}
    assert made("25") == SAME and made(force=True) and made(targets=["other"])["other"] == "ok"
    index = (made.out / "index.html").read_text()
    assert all(f"made_up/{name}.en.html" in index for name in ("goal", "other", "scorecard"))
    assert made() == SAME | {"scorecard": "skipped"} and (made.out / "index.html").read_text() == index
    made.ends, ran = BAD, len(made.ran)
    assert set(made(force=True, retries=3).values()) == {"failed"} and len(made.ran) == ran + 2
    assert "ValueError: on purpose" in (shown := made.page.read_text())
    assert KEPT.sub("<!--kept--><!--/kept-->", shown).encode() == before["made_up/goal.en.html"]
    assert (made.out / "notebooks/made_up/goal.en.failed.ipynb").exists()
    assert "ValueError: on purpose" in (made.out / "index.html").read_text()
    made.ends = OK
    assert made(only_failed=True) == {"goal": "ok", "scorecard": "ok"}
    made(force=True, keep=1), made(force=True, keep=1)
    assert len(list(made.out.glob("made_up/goal.en.past-*.html"))) == 1
    (made.out / ".running").write_text("box, process 7", "utf-8")
    with alone(made.out), pytest.raises(QcityError, match="written by another run .box, process 7."):
        made()


def test_a_report_goes_to_an_address_and_its_exit_code_tells(made, qcity, address, tmp_path, monkeypatch):
    system, root = fsspec.core.url_to_fs(address)
    words = ["run", "--data", made.data, "--as-of", "2024-11-26", "--target", "goal", "--no-record", "--out"]
    for told, sent in (("4 to make", 8), ("0 to make", 0)):  # the second time nothing is sent
        code, out, _ = qcity(*words, address)
        assert code == 0 and told in out and f"sent to {address}: {sent} files" in out
    good = system.cat_file(name := f"{root}/made_up/goal.en.html").decode()
    assert "known are folders and" in qcity(*words, "nowhere://x")[2] and len(made.ran) == 4
    made.ends = BAD
    code, out, _ = qcity(*words, address, "--force", "--log-json")
    assert code == 1 and len(json.loads(out.splitlines()[-1])["failed"]) == 4
    shown = system.cat_file(name).decode()  # the good page, with what went wrong
    assert "ValueError: on purpose" in shown and KEPT.sub("", shown) == KEPT.sub("", good)
    if address.startswith("s3"):
        assert "bucket does not exist" in qcity(*words, "s3://none/r")[2]
    else:
        for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            monkeypatch.setenv(f"AWS_{name}", "http://127.0.0.1:9")  # where nothing listens
        begin, (code, _, err) = time.monotonic(), qcity(*words, "s3://bucket/r")
        assert code == 4 and "it cannot be reached: s3://bucket/r" in err and time.monotonic() - begin < 30
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert "there is no home folder" in qcity(*words, address)[2]
    own = ["run", "--out", made.out, "--retries", 2, "--notebook", NOTEBOOKS / "06_drivers.ipynb"]
    made.ends, given = RunResult("died"), {"language": "en", "target": "x", "part": "a=b", "plan": "-5"}
    code, out, _ = qcity(*own, "-p", "language", "en", "--target", "x", "-p", "part=a=b", "-p", "plan", -5)
    assert code == 1 and "06_drivers: died" in out and made.ran[-3:] == ["06_drivers"] * 3
    refused = {"--plan a --plan b": "one value of plan", "--plan a -p plan=a": "one value of plan", "-p plan": "NAME=",
               "--ledger x": "--ledger go without it", "--keep 1": "go without it", "-p it 5": "'it'"}  # fmt: skip
    for words, told in refused.items():
        code, _, err = qcity(*own, *words.split())
        assert code == 2 and told in err and made.given[-1] == given
    assert "-p NAME=VALUE goes with --notebook" in qcity(*own[:3], "-p", "draws=5")[2]


@pytest.mark.slow
def test_killed_at_random_moments_or_in_bare_surroundings_the_pages_are_the_same(tmp_path):
    command = [sys.executable, *CLI, "run", "--data", package(tmp_path / "raw", **BOTH), "--target", "goal"]
    command += ["--as-of", "2024-11-26", "--no-record", "--out"]
    for pause in (0, *(random.uniform(0.5, 12) for _ in range(3))):
        with subprocess.Popen([*command, tmp_path / "killed"], stdout=-1, stderr=-3) as running:
            time.sleep(pause)  # the first is killed as soon as one of its pages is made
            assert pause or next(line for line in running.stdout if b"made_up/" in line)
            running.kill()
        assert pause or (running.returncode == -9 and [*tmp_path.glob("killed/made_up/*.html")])
    bare = {"LANG": "C", "TZ": "Asia/Shanghai", "PYTHONPATH": str(Path(__file__).parents[1])}
    for name, how in (("killed", {}), ("bare", {"cwd": "/", "env": bare}), ("plain", {})):
        subprocess.run([*command, tmp_path / name], check=True, **how)
    made = [contents(tmp_path / name) for name in ("killed", "bare", "plain")]
    killed, bare, plain = ({n: one[n] for n in one if re.search("html$|^results", n)} for one in made)
    assert killed == bare == plain and len(plain) == 10 and not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_a_notebook_of_ones_own_gets_a_page_and_a_failure_is_told_but_no_secret(tmp_path, qcity, monkeypatch):
    told, own = [], tmp_path / "mine.ipynb"
    cells = ["years: int = 5", "import os; print(sorted(os.environ), os.environ.values()); assert years < 9"]
    cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), own)
    monkeypatch.setattr("apprise.Apprise.notify", lambda self, body: told.append((self.urls(), body)) or True)
    words = ["run", "--notebook", own, "--out", tmp_path / "out", "--log-json", "-p"]
    for years, code in (("8", 0), ("9", 1), ("x", 2)):
        monkeypatch.setenv("QCITY_NOTIFY", "json://127.0.0.1/s3cret")
        assert (shown := qcity(*words, f"years={years}"))[0] == code
        assert "s3cret" not in "".join(map(str, shown))
        assert [json.loads(line)["event"] for line in shown[1].splitlines()] == ["page", "end"] or code == 2
    ((addresses, body),) = told
    assert "s3cret" in addresses[0] and "own/mine.en" in body and "found 'x'" in shown[2]
    assert not [name for name, content in contents(tmp_path / "out").items() if b"s3cret" in content]


@pytest.mark.parametrize(("injected", "fault"), [
    ("", ""), ("language = 'zh'\ndraws = 50", ""), ("langage = 'zh'", 'Did you mean "language"?'),
    ("draws = float('inf')", "'draws' is int; found inf"), ("draws = 'abc'", "'draws' is int; found 'abc'"),
    ("plan = float('nan')", "'plan' is str; found nan"), ("plan = 10", "'plan' is str; found 10"),
    ("share = float('-inf')", "found -inf"), ("share = 1", ""), ("share = [1]", "which is list"),
])  # fmt: skip
def test_a_notebook_refuses_parameters_that_it_does_not_declare_so(injected, fault):
    own = 'plan: str = "a"\ndraws: int = 100\nshare: float = 0.5\nlanguage: str = "en"'
    cells = ["", own, f"# Parameters\n{injected}\n", "import qcity_analysis as qc\nqc.check_parameters()"]
    with pytest.raises(QcityError, match=re.escape(fault)) if fault else nullcontext():
        check_parameters(cells)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fault_of_the_machine_is_one_sentence_with_its_place(monkeypatch, language, tmp_path, qcity):
    monkeypatch.setattr(sys, "argv", ["qcity", "run", "--language", language])
    known = {getattr(errno, key[6:]): words for key, words in catalogue().items() if key[:7] == "fault_E"}
    for code, words in known.items():
        exit_code = 2 if code in (errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR) else 4
        assert fault(OSError(code, "?", "/there")) == (words[language].format(place="/there"), exit_code)
    assert len(known) >= 12 and "odd" in fault(OSError(errno.EBADF, "odd"))[0]
    assert fault(FileNotFoundError(errno.ENOENT, "No usable temporary directory"))[1] == 4
    assert fault(MemoryError()) == (catalogue()["fault_ENOMEM"][language], 4)
    (unread := tmp_path / "a.json").symlink_to("/proc/self/mem")  # nobody can read it from its beginning
    for words in (("import", unread, "--suggest"), ("run", "--notebook", unread)) * unread.exists():
        assert (said := qcity(*words))[:2] == (4, "") and "Input/output error" in said[2]


MOUNTS = {"full": "size=12k", "closed": "ro"}
LIMITED = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (900, 900)); from qcity_analysis import cli; cli.main()"


@pytest.mark.slow
@pytest.mark.parametrize(("begin", "words", "place", "told"), [
    (["-c", LIMITED], ["new-plan", "a"], "x", "the file is larger than is allowed"),
    (CLI, ["new-plan", "a"], "full", "disk is full"), (CLI, ["new-plan", "a"], "closed", "read-only"),
    (CLI, ["run"], "closed", "read-only"), (CLI, ["check"], "closed", "read-only"),
])  # fmt: skip
def test_where_the_machine_fails_nothing_half_written_is_left(tmp_path, begin, words, place, told):
    (folder := tmp_path / place).mkdir()
    mounted = MOUNTS.get(place)  # a read-only file system is that for root too
    if mounted and subprocess.run(["mount", "-t", "tmpfs", "-o", mounted, "none", folder]).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        command = [sys.executable, *begin, *words, "--out", folder / "a"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
        assert (done.returncode, done.stdout) == (4, "") and told in done.stderr
        assert done.stderr.count("\n") == 1 and list(folder.iterdir()) == []
    finally:
        subprocess.run(["umount", folder]) if mounted else None

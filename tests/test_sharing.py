"""What a report is sent on as: results, changes, an archive, PDF files, another place, a server."""

import json
import os
import re
import shutil
import subprocess
import threading
import urllib.request
import zipfile
from pathlib import Path

import fsspec
import pandas as pd
import pytest
import yaml

import qcity_analysis as qc
from qcity_analysis.running import runner, sharing


@pytest.fixture(scope="module")
def answers():
    data = qc.load(as_of="2026-06-30")
    names = ("rd_intensity", "high_value_patents", "energy_intensity")
    return [qc.assess(data, name, draws=500).to_dict() for name in names]


@pytest.fixture
def report(tmp_path, answers):
    (tmp_path / "r/plan").mkdir(parents=True)
    page = "<!doctype html><style>@page{size:A4}</style><title>目标</title><h1>目标</h1>"
    for name in ("index.html", "plan/a.en.html", "plan/a.en.ipynb"):
        (tmp_path / "r" / name).write_text(page, "utf-8")
    sharing.write_results(answers, tmp_path / "r")
    return tmp_path / "r"


def test_results_say_the_same_in_each_form_and_carry_their_version(report, answers):
    whole = json.loads((report / "results.json").read_text("utf-8"))
    table, csv = pd.read_parquet(report / "results.parquet"), pd.read_csv(report / "results.csv")
    assert whole["schema_version"] == sharing.SCHEMA and set(table.pop("schema_version")) == {sharing.SCHEMA}
    pd.testing.assert_frame_equal(table, csv, check_dtype=False)
    pd.testing.assert_frame_equal(table, pd.DataFrame(whole["results"]), check_dtype=False)
    row = table.set_index("target_id").loc["rd_intensity"]
    assert (row["probability"], row["last_year"], row["last_level"]) == (answers[0]["probability"], 2024, 3.9)
    assert not (report / "changes.json").exists()  # nothing to compare with


def test_changes_name_field_before_and_after_and_stay_when_nothing_is_new(report, answers):
    later = [answers[0] | {"probability": 0.95, "word": "very_likely"}, *answers[1:2]]
    changes = sharing.write_results(later, report)
    fields = {(c["target_id"], c["field"]): (c["before"], c["after"]) for c in changes}
    assert fields["rd_intensity", "word"] == (answers[0]["word"], "very_likely")
    assert fields["energy_intensity", "status"] == ("not_assessable", None) and len(fields) == 3
    kept = (report / "changes.json").read_text("utf-8")
    assert sharing.write_results(later, report) == [] and (report / "changes.json").read_text("utf-8") == kept
    assert json.loads(kept)["changes"] == changes
    for damage in ("null", '{"results": [1]}', "[", ""):
        (report / "results.json").write_text(damage, "utf-8")
        assert sharing.write_results(later, report) == []  # as the first time
    # a run of some targets keeps the results of the others
    sharing.write_results(answers, report)
    before, known = (report / "results.json").read_bytes(), {("nanjing_quality_city", "energy_intensity")}
    every = known | {("nanjing_quality_city", a["target"]["target_id"]) for a in answers}
    assert sharing.write_results(answers[:1], report, every) == []
    assert (report / "results.json").read_bytes() == before
    changes = sharing.write_results(answers[:1], report, known)
    assert {change["target_id"] for change in changes} == {"high_value_patents"}


def test_the_archive_an_address_and_the_server_have_every_page(report, tmp_path, qcity, address):
    code, out, _ = qcity("site", report, "--zip", tmp_path / "a.zip")
    assert code == 0 and out.endswith("a.zip, 5 files\n")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert sorted(archive.namelist())[:2] == ["a/index.html", "a/plan/a.en.html"]
        assert archive.testzip() is None
    assert (tmp_path / "a.zip").read_bytes() == sharing.zip_site(report, "a")
    code, _, error = qcity("site", report, "--zip", tmp_path / "none/a.zip")
    assert code == 2 and "its folder is not there" in error
    assert "no index.html; `qcity run --out" in qcity("site", tmp_path, "--to", tmp_path / "copy")[2]
    assert [sharing.publish(report, str(tmp_path / "copy")) for _ in "12"] == [5, 0]
    made = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert max(made, key=lambda path: path.stat().st_mtime_ns).name == "index.html"
    assert qcity("site", report, "--to", address)[:2] == (0, f"written: {address}, 5 files\n")
    sent = [fsspec.open(f"{to}/plan/a.en.html").open().read() for to in (address, tmp_path / "copy")]
    assert sent == [(report / "plan/a.en.html").read_bytes()] * 2
    # a server answers on this machine only
    with sharing.server(report) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        assert running.server_address[0] == "127.0.0.1"
        with pytest.raises(qc.QcityError, match="--port 0 takes a free one"):
            sharing.server(report, running.server_port)
        page = urllib.request.urlopen(f"http://127.0.0.1:{running.server_port}/plan/a.en.html").read()
        running.shutdown()
    assert "目标" in page.decode()


@pytest.mark.skipif(not any(map(shutil.which, sharing.BROWSERS)), reason="no browser on this machine")
@pytest.mark.slow
def test_pages_are_printed_on_a4(report, tmp_path):
    printed = sharing.print_pdf(report, tmp_path / "pdf")
    assert [p.relative_to(tmp_path / "pdf").as_posix() for p in printed] == ["index.pdf", "plan/a.en.pdf"]
    assert re.search(rb"/MediaBox \[0 0 59[456]", printed[0].read_bytes())


SCHEDULE = Path(__file__).parents[1] / "docs/schedule"
EXAMPLES = ("qcity_dag.py", "qcity.service", "report.yml", "job_definition.json")


def test_examples_of_schedules_are_valid(tmp_path):
    dag, service, workflow, job = ((SCHEDULE / name).read_text() for name in EXAMPLES)
    compile(dag, "qcity_dag.py", "exec")
    workflow, job = yaml.safe_load(workflow), json.loads(job)
    assert {"push", "schedule", "workflow_dispatch"} == set(workflow[True])
    steps = [step.get("run", "") for step in workflow["jobs"]["report"]["steps"]]
    assert set(re.findall(r"bin/qcity (\w+)", " ".join([dag, service, *steps]))) == {"check", "run", "site"}
    declared = runner.declared_parameters(SCHEDULE.parents[1] / job["input_uri"])
    assert runner.as_declared(declared, job["parameters"], "job") == job["parameters"]
    if shutil.which("systemd-analyze"):
        made = [shutil.copy(SCHEDULE / name, tmp_path) for name in ("qcity.service", "qcity.timer")]
        how = {"capture_output": True, "text": True, "env": os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}}
        done = subprocess.run(["systemd-analyze", "verify", "--user", *made], **how)
        assert done.returncode == 0 and "qcity." not in done.stderr, done.stderr

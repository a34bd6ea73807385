"""The report on the real data: pages are whole, offline, described and skipped when nothing changed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import numpy as np
import pytest

import qcity_analysis as qc
from qcity_analysis.running import jobs
from qcity_analysis.running.jobs import list_jobs
from qcity_analysis.running.report import Report, run_report

OPTIONS = {"plans": ["nanjing_quality_city"], "targets": ["energy_intensity"], "languages": ["en"]}


def make(folder: Path, **changes: object) -> Report:
    return run_report(out_dir=folder, **(OPTIONS | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of one target and its plan's scorecard, in English."""
    folder = tmp_path_factory.mktemp("reports")
    assert make(folder).exit_code == 0
    return folder


def pages(folder: Path) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(folder.glob("*/*.html"))]


def test_pages_need_nothing_from_outside_and_have_one_heading_in_their_language(made: Path) -> None:
    found = [*pages(made), (made / "index.html").read_text("utf-8")]
    assert len(found) == 3
    for html in found:
        bare = re.sub(r'base64,[^"]+', "", html)
        assert re.findall(r"""(?:src|href)=["'](?!data:|\.\./|[a-z_]+/|#)""", bare) == []
        assert not re.search(r"https?://", bare) and "@import" not in bare
        assert bare.count("<h1") == 1 and '<html lang="en">' in bare


def test_every_image_is_described_and_borrowed_ones_say_so(made: Path) -> None:
    page = (made / "nanjing_quality_city/energy_intensity.en.html").read_text("utf-8")
    described = re.findall(r'<img [^>]*?alt="([^"]*)"', page)
    assert len(described) == page.count("<img ") >= 2
    assert all(text.startswith("Changes borrowed from") for text in described)


def test_a_page_in_english_names_no_series_by_its_identifier(made: Path) -> None:
    for html in pages(made):
        shown = re.sub(r"<(details|pre|code|style)\b.*?</\1>|base64,[^\"]+", "", html, flags=re.S)
        words = re.sub(r"<[^>]+>", " ", shown)
        known = qc.load()
        ids = [*known.indicators["indicator_id"], *known.targets["target_id"], "depends_on_definition"]
        assert [name for name in ids if "_" in name and re.search(rf"\b{name}\b", words)] == []


def test_a_second_run_makes_nothing_again(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.glob("*/*.html")}
    again = make(made)
    assert {run["status"] for run in again.runs} == {"skipped"} and again.seconds < 10
    assert {path: path.stat().st_mtime_ns for path in made.glob("*/*.html")} == before


def test_a_page_that_fails_is_named_in_the_index_and_in_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebooks = tmp_path / "notebooks"
    shutil.copytree(jobs.NOTEBOOKS, notebooks)
    broken = nbformat.read(notebooks / "03_target_forecast.ipynb", as_version=4)
    broken.cells.append(nbformat.v4.new_code_cell("raise ValueError('on purpose')"))
    nbformat.write(broken, notebooks / "03_target_forecast.ipynb")
    monkeypatch.setattr(jobs, "NOTEBOOKS", notebooks)
    found = make(tmp_path / "out")
    assert found.exit_code == 1 and [run["target"] for run in found.failed] == ["energy_intensity"]
    index = (tmp_path / "out/index.html").read_text("utf-8")
    assert "ValueError: on purpose" in index and 'role="alert"' in index


def test_the_whole_report_has_every_target_in_both_languages_and_the_dated_page() -> None:
    data = qc.load()
    jobs = [job.name for job in list_jobs(data, None, ("zh", "en"), "out")]
    expected = (
        len(data.targets) + len(data.plans()) + 3
    )  # the dated page, the data overview and the track record
    assert len(jobs) == len(set(jobs)) == 2 * expected
    assert "china_14fyp/energy_per_gdp.2023-03-31.zh" in jobs


@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_shows_the_page(made: Path, tmp_path: Path, width: int) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium or google-chrome on this machine: the page cannot be looked at")
    from matplotlib.image import imread

    shot, page = tmp_path / "shot.png", made / "nanjing_quality_city/energy_intensity.en.html"
    quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    quiet += ["--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}", "--hide-scrollbars"]
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", *quiet]
    command += [f"--screenshot={shot}", f"--window-size={width},2400", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    picture = (255 * imread(shot)[:, :, :3]).astype(np.uint8)
    assert picture.shape == (2400, width, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100
    assert (picture < 250).any(axis=2).mean() > 0.02


@pytest.mark.slow
def test_papermill_runs_the_notebook_from_another_folder(tmp_path: Path) -> None:
    import sys

    notebook = jobs.NOTEBOOKS / "03_target_forecast.ipynb"
    command = [sys.executable, "-m", "papermill", str(notebook), "out.ipynb"]
    command += ["-p", "target", "energy_intensity", "-p", "out", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    assert list(tmp_path.glob("nanjing_quality_city_energy_intensity_*.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["01_data_overview", "03_target_forecast", "04_scorecard", "05_track_record"]
)
def test_a_notebook_runs_as_it_is(name: str, tmp_path: Path) -> None:
    import sys

    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook"]
    command += ["--output-dir", str(tmp_path), str(jobs.NOTEBOOKS / f"{name}.ipynb")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    made = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    assert all(output.output_type != "error" for cell in made.cells for output in cell.get("outputs", []))

"""Every notebook in JupyterLab as a person opens it, in headless Chromium: run all, see results, no error anywhere."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
HIGH = "() => [...document.querySelectorAll('.jp-OutputArea-output .meter')].some(e => e.clientHeight > 20)"
DONE = "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(e => /\\d/.test(e.textContent))"
KINDS = "() => [...document.querySelectorAll('.jp-OutputArea-output')].map(e => e.dataset.mimeType)"
OFF = ["@jupyterlab/extensionmanager-extension", "@jupyterlab/apputils-extension:announcements"]
SHOWN = ", ".join(f".jp-OutputArea-output {kind}" for kind in ("img", "svg", "table"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that serves copies of the notebooks, on the shipped figures."""
    folder = tmp_path_factory.mktemp("lab")
    today, early = 'as_of: str = \\"\\"', "as_of: str = '2011-12-31'"  # all of the track record takes minutes
    for path in NOTEBOOKS:
        told = path.read_text("utf-8").replace(today, early if path.stem.startswith("05") else today)
        (folder / path.name).write_text(told, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root = str(NOTEBOOKS[0].parents[1])
    homes = {"JUPYTER_CONFIG_DIR": ".jupyter", "JUPYTERLAB_SETTINGS_DIR": ".settings",
             "JUPYTERLAB_WORKSPACES_DIR": ".spaces"}  # fmt: skip
    own = {"PYTHONPATH": root, "QCITY_DATA": f"{root}/data/raw"}
    own |= {name: str(folder / home) for name, home in homes.items()}
    words = [f"--LabApp.disabled_extensions={name}" for name in OFF] + ["--LabApp.extension_manager=readonly"]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", *words,
               "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=os.environ | own, **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2)
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_in_jupyterlab_and_shows_its_results(lab, browser, name):
    page, said = browser.new_page(viewport={"width": 1400, "height": 1000}), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(900_000)
    page.goto(f"{lab}/lab/tree/{name}.ipynb?reset")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    for _ in range(5):  # idle is shown before the kernel is connected
        page.wait_for_timeout(3_000)
        page.click(".lm-MenuBar-item:has-text('Run')")
        page.click(".lm-Menu-item[data-command='runmenu:run-all']")
        page.wait_for_timeout(1_000)
        if page.locator(".jp-CodeCell .jp-InputPrompt").first.inner_text() != "[ ]:":
            break
    page.wait_for_function(DONE)
    assert [kind for kind in page.evaluate(KINDS) if kind and kind.endswith(("error", "stderr"))] == []
    assert page.locator(SHOWN).count() >= 2 and not page.evaluate(HIGH)  # a bar without its look is high
    if name == "02_explore_indicator":
        chart, handle = ".widget-html svg[role=img]", page.locator(".noUi-handle").first
        before = page.locator(chart).first.inner_html()
        handle.focus()
        for _ in range(3):
            handle.press("ArrowLeft")
        page.wait_for_function(f"was => document.querySelector('{chart}').innerHTML != was", arg=before)
    page.close()
    assert said == []

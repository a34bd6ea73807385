"""What every test may ask for by name."""

import shutil
import sys

import pytest
from packages import STEADY, figures, indicator, loaded, target, two_definitions

from qcity_analysis import cli
from qcity_analysis.assessment.assess import scorecard
from qcity_analysis.data.load import load


class Shown(list):
    """What sections show, in order: Markdown and HTML as text, and pictures; `front` is the page's front matter."""

    def words(self):
        """All text shown, and the descriptions of the pictures."""
        return "\n".join(thing if isinstance(thing, str) else thing.alt for thing in self)

    def display(self, thing, metadata=None, raw=False):
        self.append(thing.get("text/html") or thing["text/markdown"] if raw else thing)
        if metadata:
            self.front = metadata["qcity"]


@pytest.fixture
def shown(monkeypatch):
    """What is shown from here on."""
    things = Shown()
    monkeypatch.setattr("IPython.display.display", things.display)
    return things


@pytest.fixture(scope="session")
def definitions(tmp_path_factory):
    """A package, the answer to its target: open under the older definition of its indicator and met under the newer."""
    goal = {"kind": "relative_change", "threshold": 44, "unit": "%", "base_year": 2020}
    older, later = dict(list(STEADY.items())[1:]), dict(enumerate([19, 20, 21.5, 23, 25.1, 27.2, 29], 2019))
    folder, day = tmp_path_factory.mktemp("definitions"), "2026-06-30"
    made = two_definitions(folder, later, goal, older, as_of=day, draws=100)
    return load(folder, as_of=day), made


@pytest.fixture(scope="session")
def card(tmp_path_factory):
    """A plan of three targets, one of them without figures, and its answers."""
    goals = [target(section="一", departments="市科技局;市统计局", departments_en="Science; Statistics")]
    goals += [target("other", indicator_id="gears", section="二（一）"), target("empty", indicator_id="cogs")]
    lower = figures({year: 0.97 * level for year, level in STEADY.items()}, indicator_id="gears")
    names = [indicator(name) for name in ("widgets", "gears", "cogs")]
    folder = tmp_path_factory.mktemp("card")
    data = loaded(folder, observations=[*figures(STEADY), *lower], indicators=names, targets=goals)
    return data, scorecard(data, draws=500)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; what asks for it is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    named = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    if (path := next(filter(None, named), None)) is None:
        pytest.skip("no chromium or google-chrome on this machine")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[pytest.param(f"{to}://bucket/r", marks=pytest.mark.slow) for to in ("memory", "s3")])
def address(request, monkeypatch, tmp_path):
    """An address; that of a bucket is on a real server on this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param.startswith("s3"):
        here = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        here.start()
        request.addfinalizer(here.stop)
        keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
        keys["AWS_ENDPOINT_URL"] = "http://{}:{}".format(*here.get_host_and_port())
        for name in keys:
            monkeypatch.setenv(name, keys[name])
        system = pytest.importorskip("s3fs").S3FileSystem
        system.clear_instance_cache()  # it remembers the server of the test before
        system().mkdir("bucket")
        request.addfinalizer(lambda: system().rm("bucket", recursive=True))
    return request.param


@pytest.fixture
def qcity(monkeypatch, capsys):
    """The command line, as a function of its words: exit code, output and errors."""

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["qcity", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0), *capsys.readouterr()

    return command

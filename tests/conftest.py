"""What every test may ask for by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from qcity_analysis.analysis.sensitivity import Sensitivity


class Shown(list[Any]):
    """What sections show, in order: Markdown and HTML as text, and pictures; `front` is the page's front matter."""

    front: dict[str, Any]

    def words(self) -> str:
        """All text shown, and the descriptions of the pictures."""
        return "\n".join(thing if isinstance(thing, str) else thing.alt for thing in self)

    def display(self, thing: Any, metadata: dict[str, Any] | None = None) -> None:
        self.append(thing.data if hasattr(thing, "data") else thing)
        if metadata:
            self.front = metadata["qcity"]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What is shown from here on."""
    import IPython.display

    things = Shown()
    monkeypatch.setattr(IPython.display, "display", things.display)
    return things


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Sensitivity:
    """A target of a made-up package asked under every choice that can be varied."""
    from packages import loaded, target

    from qcity_analysis.analysis.sensitivity import sensitivity
    from qcity_analysis.assessment.assess import assess

    data = loaded(tmp_path_factory.mktemp("varied"), targets=[target(threshold=19.4)])
    return sensitivity(data, assess(data, "goal", draws=500), draws=500)[0]


@pytest.fixture
def qcity(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command line, as a function of its words: exit code, output and errors."""
    from qcity_analysis import cli

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qcity", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return command

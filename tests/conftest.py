"""What every test may ask for by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from qcity_analysis import cli


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What sections show, in order: Markdown and HTML as text, and pictures."""
    import IPython.display

    things: list[Any] = []
    show = lambda thing, metadata=None: things.append(getattr(thing, "data", None) or thing)  # noqa: E731
    monkeypatch.setattr(IPython.display, "display", show)
    return things


@pytest.fixture
def qcity(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """A command with its words: exit code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qcity", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run

"""What every test may ask for by name."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What sections show, in order: Markdown and HTML as text, and pictures."""
    import IPython.display

    things: list[Any] = []
    show = lambda thing, metadata=None: things.append(getattr(thing, "data", None) or thing)  # noqa: E731
    monkeypatch.setattr(IPython.display, "display", show)
    return things

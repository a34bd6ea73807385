"""Names that the examples in docstrings use without importing them; the shipped tables, read once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pandas as pd
import pytest

from qcity_analysis import rules
from qcity_analysis.data import load
from qcity_analysis.files import PROJECT


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace |= {"pd": pd, "Goal": rules.Goal, "evaluate": rules.evaluate}


@pytest.fixture(autouse=True, scope="session")
def _the_shipped_tables_are_read_once() -> Iterator[None]:
    """Many tests and examples look at the shipped figures and none writes to them: they are read and checked once."""
    real, shipped = load.read_folder, PROJECT / "data" / "raw"
    once = cache(lambda: real(shipped))

    def read(folder: Any = None) -> Any:
        tables, problems, whole = once() if load.find_folder(folder) == shipped else real(folder)
        return dict(tables), list(problems), whole

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "read_folder", read)
        yield

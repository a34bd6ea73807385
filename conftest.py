"""Names that the examples in docstrings use without importing them; the shipped tables, read once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any

import pandas as pd
import pytest

import qcity_analysis
from qcity_analysis import rules
from qcity_analysis.data import load
from qcity_analysis.files import PROJECT

LEVELS = {2018: 11.8, 2019: 13.1, 2020: 13.9, 2021: 15.2, 2022: 16.1}


@pytest.fixture(autouse=True, scope="session")
def _names(doctest_namespace: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    one, year = (
        {"indicator_id": "jobs", "region": "town"},
        {"measure": "level", "qualifier": "=", "status": "final"},
    )
    rows = [one | year | {"period": t, "value": x, "published": f"{t + 1}-02-28"} for t, x in LEVELS.items()]
    made = load.in_memory("2024-12-31", indicators=[one | {"support": "positive"}], observations=rows)
    small = dataclasses.replace(made, folder=tmp_path_factory.mktemp("small") / "raw")
    doctest_namespace |= {
        "pd": pd,
        "Goal": rules.Goal,
        "evaluate": rules.evaluate,
        "small": small,
        "qc": qcity_analysis,
    }


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

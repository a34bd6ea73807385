"""Names that the examples in docstrings use without importing them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from qcity_analysis import rules


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace |= {"pd": pd, "Goal": rules.Goal, "evaluate": rules.evaluate}

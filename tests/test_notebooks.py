"""Notebooks are thin, stripped, and declare their parameters with types and comments."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from qcity_analysis.running.runner import declared_parameters

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stripped_thin_and_typed(path: Path) -> None:
    document = nbformat.read(path, as_version=4)
    assert document.metadata.kernelspec.name == "python3"
    for cell in document.cells:
        assert len(cell.source.splitlines()) <= 25
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None and "def " not in cell.source
    assert all(parameter.comment for parameter in declared_parameters(path))

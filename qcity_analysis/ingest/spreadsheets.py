"""Excel files, .xlsx and .xls, as grids: every visible sheet with its merged cells.

Reading is python-calamine's. Out of scope: cell formats (a cell shown as 3.48 % holds 0.0348: see `mapping`), and
formulas, of which the stored result is read; a formula that failed holds no figure and reads as an empty cell.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError, Problem
from .grids import Grid

EXCEL = (".xlsx", ".xlsm", ".xls")


def read_spreadsheet(path: Path) -> list[Grid]:
    """Every sheet with cells in it, hidden ones too, in the order of the workbook.

    Raises DataError when the file is no Excel workbook, is locked by a password, or holds nothing.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.xlsx"
    >>> _ = place.write_text("not a workbook")
    >>> try:
    ...     read_spreadsheet(place)
    ... except DataError as error:
    ...     print(error.problems[0].allowed)
    an Excel workbook (.xlsx or .xls)
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_path(str(path))
        grids = [_grid(path, book, name) for name in book.sheet_names]
    except PasswordError as error:
        remedy = "save a copy without a password"
        raise _refusal(path, "a password", remedy) from error
    except CalamineError as error:
        remedy = "open it in a spreadsheet program and save it again as .xlsx"
        raise _refusal(path, f"bytes that are none ({error})", remedy) from error
    held = [grid for grid in grids if grid.rows]
    if not held:
        raise _refusal(path, "no cells", "check that it is the right file")
    return held


def _refusal(path: Path, found: str, remedy: str) -> DataError:
    return DataError([Problem(path.name, None, None, found, "an Excel workbook (.xlsx or .xls)", remedy)])


def _grid(path: Path, book: object, name: str) -> Grid:
    sheet = book.get_sheet_by_name(name)  # type: ignore[attr-defined]
    rows = tuple(tuple(row) for row in sheet.to_python(skip_empty_area=False))
    merged = tuple(
        (top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    )
    lines = tuple(range(1, len(rows) + 1))
    return Grid(f"{path.name} [{name}]", name, rows, lines, merged, "Excel", spreadsheet=True)

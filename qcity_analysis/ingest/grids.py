"""One sheet of a file as it stands: cells in rows, with the numbers a person would use to find them again.

Out of scope: what the cells mean (`layouts`), and how a file is opened (`readers`, `spreadsheets`, `sdmx_files`).
"""

from __future__ import annotations

from dataclasses import dataclass

from .cells import Cell, half_width, without_marks


@dataclass(frozen=True)
class Grid:
    """The cells of one sheet.

    Attributes: `file` (its name, with the sheet's when there may be several), `sheet` ("" for a text file), `rows`
    (each a tuple of cells, of any length), `lines` (the number of each row in the file, from 1), `merged` (rectangles
    as top, left, bottom, right, from 0), `opened_as` (encoding and delimiter, or the kind of file), `long` (true
    where each row is one figure under named columns, as in SDMX
    files), `spreadsheet` (true for Excel, whose cells may show a fraction as percent).

    >>> Grid("a.csv", "", (("指标", "2020"), ("A", 1.5)), (1, 2)).cell(1, 1)
    1.5
    """

    file: str
    sheet: str
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    opened_as: str = ""
    long: bool = False
    spreadsheet: bool = False

    def cell(self, row: int, column: int) -> Cell:
        """The cell at a row and column from 0; "" beyond the end of a row.

        >>> Grid("a.csv", "", (("x",),), (1,)).cell(0, 5)
        ''
        """
        cells = self.rows[row]
        return cells[column] if 0 <= column < len(cells) else ""

    def text(self, row: int, column: int) -> str:
        """The cell as text without white space around it, "" where empty; a merged cell counts in its whole rectangle.

        >>> grid = Grid("a.xlsx [1]", "1", (("能源", ""), ("", "煤")), (1, 2), merged=((0, 0, 1, 0),))
        >>> grid.text(1, 0), grid.text(1, 1)
        ('能源', '煤')
        """
        found = as_text(self.cell(row, column))
        if found:
            return found
        for top, left, bottom, right in self.merged:
            if top <= row <= bottom and left <= column <= right:
                return as_text(self.cell(top, left))
        return ""

    @property
    def width(self) -> int:
        """The number of columns of the longest row.

        >>> Grid("a.csv", "", (("x",), ("y", "z")), (1, 2)).width
        2
        """
        return max((len(row) for row in self.rows), default=0)


def as_text(cell: Cell) -> str:
    """A cell as a person would read it: whole numbers without a point, inner line ends as spaces.

    >>> as_text(2020.0), as_text("  研发\\n强度 "), as_text(None)
    ('2020', '研发 强度', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.15g}" if cell == cell else ""
    return " ".join(str(cell).split())


def column_letter(column: int) -> str:
    """The letter of a column from 0, as spreadsheets show it.

    >>> column_letter(0), column_letter(27)
    ('A', 'AB')
    """
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def same_name(text: str) -> str:
    """A name without what differs between printings: white space, letter case, width of characters, footnote marks.

    >>> same_name("研发 强度（％）①") == same_name("研发强度(%)")
    True
    """
    return "".join(half_width(without_marks(text)[0]).split()).casefold()

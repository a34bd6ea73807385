"""What is wrong with a file: a code and its values; the words of both languages stand in `templates/problems/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .catalogue import catalogue, check_language, text
from .errors import QcityError


@dataclass(frozen=True)
class Problem:
    """One problem of one file, in words by its code.

    Attributes: `file` (name as the user gave it), `row` (line in the file, 1 is the header; None when the whole file is
    meant), `column`, `code` (an entry of `templates/problems/`), `values` (what its words need; `cell` is what stands
    in the file, `near` the names that may have been meant); from the catalogue `level` ("error", "warning" or
    "correction") and, in English, `found`, `allowed` and `remedy`.

    >>> print(Problem("observations.csv", 7, "value", "cell_number", {"cell": "abc"}))
    observations.csv, row 7, column value: found 'abc'; allowed: a number; write it with digits and a point, as 3.48
    """

    file: str
    row: int | None
    column: str | None
    code: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)

    level = property(lambda self: catalogue("problems")[self.code].get("level", "error"))
    found = property(lambda self: self._said("en")[0])
    allowed = property(lambda self: self._said("en")[1])
    remedy = property(lambda self: self._said("en")[2])

    def _said(self, lang: str) -> list[str]:
        """What was found, what is allowed and what to do."""
        words = catalogue("problems")[self.code][check_language(lang)].split(" | ")
        said = [part.format(**{"cell": "", **self.values}) for part in ["{cell}", *words][-3:]]
        said[2] += "".join(text("check_near", lang, word=word) for word in self.values.get("near", ()))
        return said

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """File, row, column, found, allowed, remedy and level, in `lang` ("zh" or "en").

        >>> faulty = Problem("a.csv", 2, "status", "cell_choice", {"cell": "fi", "choices": "final", "near": ["final"]})
        >>> faulty.to_dict("zh")["remedy"]
        '从中选择一个。是否想写“final”？'
        """
        words = dict(zip(("found", "allowed", "remedy"), self._said(lang), strict=True))
        return {"file": self.file, "row": self.row, "column": self.column, **words, "level": self.level}

    def line(self, lang: str = "en", level: bool = True) -> str:
        """The problem in one line, its level before it unless `level` is false.

        >>> Problem("targets.csv", 2, "threshold", "cell_number", {"cell": "x"}).line("zh")
        '错误：targets.csv 第 2 行 threshold 列：现为“x”；应为：一个数；用数字和小数点书写，如 3.48'
        """
        words = self.to_dict(lang)
        if self.level == "correction":
            return text("check_correction", lang, **words)
        place = self.file if self.row is None else text("check_place_row", lang, file=self.file, row=self.row)
        if self.column is not None:
            place = text("check_place_column", lang, place=place, column=self.column)
        words_only = self.level == "warning" and words["found"] != str(self.values.get("cell", ""))
        said = text("check_line_said" if words_only else "check_line", lang, place=place, **words)
        return text(f"check_level_{self.level}", lang, line=said) if level else said

    def __str__(self) -> str:
        return self.line(level=False)


class DataError(QcityError):
    """Every problem of the files read, at once; nothing has been loaded or written.

    >>> print(DataError([Problem("a.csv", 2, "x", "cell_year")]))
    1 problem in the data:
      a.csv, row 2, column x: found ''; allowed: a year of four digits; write it as 2025
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems, self.values = list(problems), {"problems": [*map(vars, problems)]}
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the data:"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


def by_level(problems: Sequence[Problem]) -> tuple[int, int]:
    """How many errors and how many warnings there are.

    >>> by_level([Problem("a.csv", 2, "x", "cell_year")])
    (1, 0)
    """
    errors = sum(problem.level == "error" for problem in problems)
    return errors, len(problems) - errors

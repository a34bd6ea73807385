"""Errors a user can cause: each names the place, what was found, what is allowed and what to do.

Out of scope: programming errors, which stay ordinary exceptions.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


class QcityError(Exception):
    """Base of every error a user can cause; the command line prints it without a traceback.

    >>> raise QcityError("no target named 'energi_intensity'")
    Traceback (most recent call last):
    ...
    qcity_analysis.errors.QcityError: no target named 'energi_intensity'
    """


@dataclass(frozen=True)
class Problem:
    """One finding in one file.

    Attributes: `file` (name as the user gave it), `row` (line number in the file, 1 is the header; None when the
    whole file is meant), `column`, `found`, `allowed`, `remedy`, and `level` ("error" or "warning").

    >>> print(Problem("observations.csv", 7, "value", "abc", "a number", "write 3.48, or delete the row"))
    observations.csv, row 7, column value: found 'abc'; allowed: a number; write 3.48, or delete the row
    """

    file: str
    row: int | None
    column: str | None
    found: str
    allowed: str
    remedy: str
    level: str = "error"

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column is not None:
            place += f", column {self.column}"
        return f"{place}: found {self.found!r}; allowed: {self.allowed}; {self.remedy}"

    def to_dict(self) -> dict[str, object]:
        """The problem as a plain dict, keys as the attributes.

        >>> Problem("a.csv", 2, "x", "", "a year", "add it").to_dict()["row"]
        2
        """
        return asdict(self)


class DataError(QcityError):
    """Every problem of the files read, at once; nothing has been loaded or written.

    >>> error = DataError([Problem("a.csv", 2, "x", "", "a year", "add it")])
    >>> print(error)
    1 problem in the data:
      a.csv, row 2, column x: found ''; allowed: a year; add it
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the data:"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A hint naming the closest choice, or an empty string when none is close.

    >>> did_you_mean("energi_intensity", ["energy_intensity", "rd_intensity"])
    ' Did you mean "energy_intensity"?'
    >>> did_you_mean("xyz", ["energy_intensity"])
    ''
    """
    close = difflib.get_close_matches(str(word), [str(choice) for choice in choices], n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""


def unknown(kind: str, word: str, choices: Sequence[str]) -> QcityError:
    """The error for a name that does not exist: says what is there and the closest match.

    >>> print(unknown("region", "nanjin", ["china", "nanjing"]))
    unknown region 'nanjin'. Did you mean "nanjing"? Known: china, nanjing. `qcity list` shows all.
    """
    known = ", ".join(choices) if len(choices) <= 12 else f"{', '.join(choices[:12])}, …"
    hint = did_you_mean(word, choices)
    return QcityError(f"unknown {kind} {word!r}.{hint} Known: {known or 'none'}. `qcity list` shows all.")


@dataclass(frozen=True)
class Note:
    """Something the reader must be told: a code, and the values its sentence needs (see `sentences.note`).

    >>> Note("awaiting_figure", {"year": 2025}).code
    'awaiting_figure'
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)

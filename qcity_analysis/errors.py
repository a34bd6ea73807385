"""Errors a user can cause, and notes a reader must be told; programming errors stay ordinary exceptions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


class QcityError(Exception):
    """Base of every error a user can cause; the command line prints it without a traceback.

    >>> print(QcityError("no target named 'energi_intensity'"))
    no target named 'energi_intensity'
    """


def closest(word: str, choices: Iterable[str]) -> list[str]:
    """The choice most like the word, as a list of one; an empty list when none is close.

    >>> closest("energi_intensity", ["energy_intensity", "rd_intensity"]), closest("xyz", ["rd_intensity"])
    (['energy_intensity'], [])
    """
    return difflib.get_close_matches(str(word), [str(choice) for choice in choices], n=1, cutoff=0.6)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A hint naming the closest choice, or an empty string when none is close."""
    return "".join(f' Did you mean "{choice}"?' for choice in closest(word, choices))


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
    """Something the reader must be told: a code, and the values its sentence needs (see `sentences.note`)."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)

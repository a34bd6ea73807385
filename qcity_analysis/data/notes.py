"""What a reader must be told about a series or an answer, as a code and the values its sentence needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Note:
    """Something the reader must be told: a code, and the values its sentence needs (see `describe.note`).

    >>> Note("awaiting_figure", {"year": 2025}).code
    'awaiting_figure'
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)

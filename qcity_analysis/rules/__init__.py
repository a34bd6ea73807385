"""Published progress rules, one small function each, to compare with a probability; and LMDI for drivers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pragma: no cover - for type checkers and editors
    from .catalogue import RULES as RULES
    from .catalogue import evaluate as evaluate
    from .catalogue import evaluate_all as evaluate_all
    from .catalogue import rules_for as rules_for
    from .lmdi import decompose as decompose
    from .question import Goal as Goal
    from .question import RuleResult as RuleResult

_HOME = {
    "Goal": "question",
    "RULES": "catalogue",
    "RuleResult": "question",
    "decompose": "lmdi",
    "evaluate": "catalogue",
    "evaluate_all": "catalogue",
    "rules_for": "catalogue",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qcity_analysis.rules' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value

"""Published progress rules, one small function each, to compare with a probability; and LMDI for drivers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pragma: no cover - for type checkers and editors
    from .lmdi import decompose, factors
    from .published import RULES
    from .question import Goal, RuleResult
    from .results import evaluate, evaluate_all, rules_for

__all__ = ["RULES", "Goal", "RuleResult", "decompose", "evaluate", "evaluate_all", "factors", "rules_for"]
_HOME = {"RULES": "published", "Goal": "question", "RuleResult": "question"} | dict.fromkeys(
    ["decompose", "factors"], "lmdi"
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'qcity_analysis.rules' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME.get(name, 'results')}", __name__), name)
    globals()[name] = value
    return value

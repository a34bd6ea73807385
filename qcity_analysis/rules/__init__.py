"""Published progress rules, one small function each, to compare with a probability; and LMDI for drivers."""

from .lmdi import decompose, factors
from .published import RULES
from .question import Goal, RuleResult
from .results import evaluate, evaluate_all, rules_for

__all__ = ["RULES", "Goal", "RuleResult", "decompose", "evaluate", "evaluate_all", "factors", "rules_for"]

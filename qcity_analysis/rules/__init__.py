"""Published progress rules, one small function each, to compare with a probability; and LMDI for drivers."""

from . import published as published  # enters the rules
from .lmdi import decompose, factors
from .question import RULES, Goal, RuleResult, evaluate, evaluate_all, rules_for

__all__ = ["RULES", "Goal", "RuleResult", "decompose", "evaluate", "evaluate_all", "factors", "rules_for"]

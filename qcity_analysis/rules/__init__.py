"""Published progress rules, one small function each, to compare with a probability; and LMDI for drivers.

>>> qc.rules.evaluate("schedule", pd.Series({2020: 10, 2022: 12}), qc.rules.Goal("at_least", 15, 2020, 2025), 2022)
RuleResult(category='on_schedule', will_meet=True, reason=None, value=0.4, note=None)
"""

from . import published as published  # enters the rules
from .lmdi import decompose, factors
from .question import RULES, Goal, RuleResult, evaluate, evaluate_all, rules_for

__all__ = ["RULES", "Goal", "RuleResult", "decompose", "evaluate", "evaluate_all", "factors", "rules_for"]

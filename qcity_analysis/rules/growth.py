"""Rules that compare compound growth rates: Eurostat, the UN Statistics Division, Open SDG.

A compound rate needs two figures of the same sign, neither of them 0, and never reaches 0; where that fails the rule
does not apply. The published advice to put 0.001 for 0 is not followed: the class would depend on the unit.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..attainment.targets import reaches
from .aims import NotApplicable
from .cases import Case, Dated, RuleResult

EUROSTAT = ((0.95, "significant"), (0.6, "moderate"), (0.0, "insufficient"))
UNSD_2022 = ((0.95, "on_track"), (0.5, "fair"), (-0.1, "limited"))
UNSD_2023 = ((0.95, "on_track"), (0.1, "fair"))
OPEN_SDG = ((0.95, "on_track"), (0.6, "accelerate"), (0.0, "limited"))
OPEN_SDG_TREND = ((0.015, "on_track"), (0.005, "accelerate"), (0.0, "limited"))
NEAR_LIMIT = 4.44


def eurostat(case: Case, span: int = 5) -> RuleResult:
    """Growth over the last five (or 15) years against the growth needed from there to the deadline.

    With s the year `span` before the last: `CAGR = (y_t / y_s)^(1 / (t - s)) - 1`, needed
    `(T / y_s)^(1 / (deadline - s)) - 1`. Ratio >= .95 significant, >= .60 moderate, >= 0 insufficient, below away;
    significant means yes. `value` is the ratio. Source: Eurostat, Sustainable development in the European Union,
    annex on the assessment of trends. Uncertain: what is done without a figure in year s; the last one before it is
    used, else the oldest when it is at least three years back. A figure that meets the target is significant.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2015: 100, 2020: 90})
    >>> evaluate("eurostat", known, Goal("at_most", 81, 2015, 2025), 2020).category
    'significant'
    """
    q = case.dated()
    if q.met:
        return RuleResult("significant", True)
    start = _start(q, span)
    observed = _rate(q.known[start], q.last, start, q.last_year)
    needed = _needed(q, start)
    if needed == 0 or q.sign * (q.goal - q.known[start]) <= 0:  # met then, not now
        return RuleResult("away", False)
    return _banded(observed / needed, EUROSTAT, "away")


def unsd_2022(case: Case) -> RuleResult:
    """Growth since the base year against the growth needed from the base year to the deadline.

    `CR = CAGR so far / CAGR required`: >= .95 on_track, >= .5 fair, >= -.1 limited, below deterioration; on_track means
    yes. `value` is CR. Source: UN Statistics Division, SDG Progress Chart 2022, technical note. A figure that meets the
    target is on_track; a target that the base year met and the last figure does not is deterioration.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("unsd_2022", pd.Series({2015: 50, 2020: 52}), Goal("at_least", 80, 2015, 2030), 2020).category
    'limited'
    """
    q = case.dated()
    if q.met:
        return RuleResult("on_track", True)
    observed = _rate(q.base, q.last, q.base_year, q.last_year)
    needed = _needed(q, q.base_year)
    if q.slipped or needed == 0:
        return RuleResult("deterioration", False)
    return _banded(observed / needed, UNSD_2022, "deterioration")


def unsd_2023(case: Case) -> RuleResult:
    """Share of the way that the growth so far would have covered by the deadline.

    `v = y_t (1 + CAGR)^h`, `(v - y_b) / (T - y_b)`: >= .95 on_track, >= .10 fair, below stagnation_or_regression; a
    figure that meets the target, or a target of 0 or 100 % to within 1 point, is met; met and on_track mean yes.
    `value` is the share. Source: UN Statistics Division, Progress Chart Technical Note 2023. Uncertain: the note words
    the 1 % for percentages; it is used unless the target's `unit` is known to be another one.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("unsd_2023", pd.Series({2015: 90, 2020: 99.2}), Goal("at_least", 100, 2015, 2030), 2020).category
    'met'
    """
    q = case.dated()
    near = q.goal in (0, 100) and q.aim.unit in (None, "%", "percent") and abs(q.last - q.goal) <= 1
    if q.met or near:
        return RuleResult("met", True)
    rate = _rate(q.base, q.last, q.base_year, q.last_year)
    if q.slipped:
        return RuleResult("stagnation_or_regression", False)
    expected = q.last * (1 + rate) ** q.left
    return _banded((expected - q.base) / (q.goal - q.base), UNSD_2023, "stagnation_or_regression")


def open_sdg(case: Case) -> RuleResult:
    """Growth since the base year against the size of the growth needed; without a target, against fixed rates.

    With a target `R = d CAGR / |CAGR needed|`: met target_achieved, >= .95 on_track, >= .60 accelerate, >= 0 limited,
    below deterioration. Without one `d CAGR` against 1.5 %, 0.5 % and 0, the first two scaled by C near a natural
    limit (attribute `limit` of the target), `C = 1 - (y_b / limit)^4.44` below it and
    `1 - ((2 limit - y_b) / limit)^4.44` between it and twice it, else 1. target_achieved and on_track mean yes. `value`
    is R or d CAGR; for figures below 0 growth away from 0 is turned round. Source: Statistics Canada and Open SDG,
    Progress Measurement Methodology (version 2.4). Not followed: 0 replaced by 0.001, a direction of "down" where none
    is given, and 2015 or the year after it where a stated base year has no figure.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> evaluate("open_sdg", pd.Series({2015: 100, 2020: 104}), Goal("increase"), 2020).category
    'accelerate'
    """
    if case.target is None:
        return _without_target(case)
    q = case.dated()
    if q.met:
        return RuleResult("target_achieved", True)
    growth = q.sign * _rate(q.base, q.last, q.base_year, q.last_year) * (-1 if q.base < 0 else 1)
    needed = _needed(q, q.base_year)
    if q.slipped or needed == 0:
        return RuleResult("deterioration", False)
    return _banded(growth / abs(needed), OPEN_SDG, "deterioration")


def _without_target(case: Case) -> RuleResult:
    stated = case.aim.base_year
    if stated is not None and stated not in case.known:
        raise NotApplicable("no_base", year=stated)
    year = next(iter(case.known)) if stated is None else stated
    if case.last_year <= year:
        raise NotApplicable("no_elapsed", year=year)
    base = case.known[year]
    growth = case.sign * _rate(base, case.last, year, case.last_year) * (-1 if base < 0 else 1)
    scale = 1.0 if case.aim.limit is None else near_limit(base, case.aim.limit)
    return _banded(growth, [(scale * bound, word) for bound, word in OPEN_SDG_TREND], "deterioration")


def near_limit(base: float, limit: float) -> float:
    """Factor between 0 and 1 on the growth expected, small when the base figure is close to a natural limit.

    >>> near_limit(100, 100), round(near_limit(50, 100), 3), near_limit(300, 100)
    (0.0, 0.954, 1.0)
    """
    base, limit = abs(base), abs(limit)
    if base >= 2 * limit:
        return 1.0
    nearness = base / limit if base <= limit else (2 * limit - base) / limit
    return 1 - nearness**NEAR_LIMIT


def _start(q: Dated, span: int) -> int:
    wanted = q.last_year - span
    earlier = [year for year in q.known if year <= wanted]
    start = earlier[-1] if earlier else next(iter(q.known))
    if q.last_year - start < 3:
        raise NotApplicable("too_short", years=q.last_year - start, least=3)
    return start


def _rate(first: float, last: float, start: int, end: int) -> float:
    if first == 0:
        raise NotApplicable("zero_base", year=start)
    if first * last < 0:
        raise NotApplicable("sign_change", first=start, last=end)
    return float((last / first) ** (1 / (end - start)) - 1)


def _needed(q: Dated, start: int) -> float:
    if q.goal == 0:
        raise NotApplicable("zero_target")
    return _rate(q.known[start], q.goal, start, q.deadline)


def _banded(value: float, bands: Sequence[tuple[float, str]], below: str) -> RuleResult:
    category = next((word for bound, word in bands if reaches(value, bound)), below)
    return RuleResult(category, category == bands[0][1], value=value)

"""The weather symbols of Germany's sustainability indicators, all cases of the published method."""

from __future__ import annotations

from ..attainment.targets import CLOSE
from .aims import NotApplicable
from .cases import Case, RuleResult

LEAST, MOST = 4, 6


def destatis(case: Case) -> RuleResult:
    """Weather symbol: sun, light_cloud, cloud or storm.

    δ is the mean yearly change over the last six figures (five or four where there are no more). Where years are
    missing it is the change per year between the first and the last of them, which is the mean of the yearly changes
    when the gaps are filled on straight lines.

    A level at a deadline: `y_t + δ (deadline - t)` misses the target by less than 5 % of `|T - y_t|` sun, by 5 to 20 %
    light_cloud, by more cloud; storm where δ does not lead towards the target (a constant distance is a storm). `value`
    is the share missed. A target reached before its deadline, a deadline that is the year of the last figure or
    earlier, and a threshold that holds every year: met and not worsening sun, met and worsening light_cloud, not met
    and improving cloud, else storm; `value` is δ. A direction only: δ and the last change both right sun, only δ
    light_cloud, only the last change cloud, neither storm; `value` is δ. Of an interval the weakest end counts. Of
    several targets to be met at once the worst symbol counts (`evaluate` takes a list); of values staged over several
    years the office takes the next one.

    `will_meet`: sun; or met today; or, for a direction, δ in the right direction. The office calls light_cloud "on
    track" too, although its text says that the target would be missed.

    Source: Federal Statistical Office, Sustainable Development in Germany, indicator reports and dns-indikatoren.de,
    "Status of indicators – Methodology". Uncertain: the editions differ on a δ of exactly 0 with a missed yearly
    threshold (storm in the later ones, used here) and on gaps ("the last six points in time" in the earliest, used
    here). The office may compute from unrounded figures.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal, evaluate
    >>> known = pd.Series({2015: 20, 2016: 22, 2017: 24, 2018: 26, 2019: 28, 2020: 30})
    >>> evaluate("destatis", known, Goal("at_least", 50, deadline=2030), 2020).category
    'sun'
    """
    if len(case.known) < LEAST:
        raise NotApplicable("too_few", count=len(case.known), least=LEAST)
    if case.target is None:
        return _direction(case)
    deadline = case.aim.deadline
    if case.aim.kind == "yearly" or case.met or deadline is None or deadline <= case.last_year:
        return _every_year(case)
    left = case.sign * (case.target - case.last)
    missed = 1 - mean_change(case) * (deadline - case.last_year) / left
    if mean_change(case) <= 0:
        return RuleResult("storm", False, value=missed)
    if missed < 0.05 - CLOSE:
        return RuleResult("sun", True, value=missed)
    return RuleResult("light_cloud" if missed <= 0.2 + CLOSE else "cloud", False, value=missed)


def mean_change(case: Case) -> float:
    """δ, the mean yearly change over the last six figures, above 0 when it goes the right way.

    >>> import pandas as pd
    >>> from qcity_analysis.rules import Goal
    >>> from qcity_analysis.rules.cases import case_of
    >>> mean_change(case_of(pd.Series({2014: 9.0, 2016: 8.0, 2017: 6.0, 2018: 5.0}), Goal("decrease"), 2018))
    1.0
    """
    years = list(case.known)[-MOST:]
    return _change(case, years[0]) / (years[-1] - years[0])


def _change(case: Case, since: int) -> float:
    change = case.sign * (case.last - case.known[since])
    blur = CLOSE * max(abs(case.last), abs(case.known[since]))
    return 0.0 if abs(change) <= blur else change


def _every_year(case: Case) -> RuleResult:
    change = mean_change(case)
    if case.met:
        return RuleResult("light_cloud" if change < 0 else "sun", True, value=change)
    return RuleResult("cloud" if change > 0 else "storm", False, value=change)


def _direction(case: Case) -> RuleResult:
    mean = mean_change(case)
    last = _change(case, list(case.known)[-2])
    if mean > 0:
        return RuleResult("sun" if last > 0 else "light_cloud", True, value=mean)
    return RuleResult("cloud" if last > 0 else "storm", False, value=mean)

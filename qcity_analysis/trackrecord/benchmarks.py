"""What the published rules and the named models say to the same questions.

A rule says yes or no. As it stands that is a probability of 1 or 0; to be fair to it, the two words are also turned
into the two probabilities that fit best, found on other indicators than the one asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import QcityError
from ..forecasting import scores
from ..rules import RULES, Goal, evaluate
from .hindcasts import Hindcasts

SAMPLE = 48  # origins at which the models that are fitted by search are asked
DRAWS = 1000
FITTED = ("ets", "theta", "arima", "ucm")
FOLDS = 10
CALIBRATED = "_calibrated"


def rule_names() -> list[str]:
    """The published rules, by identifier."""
    return [str(name) for name in RULES]


def rule_answers(made: Hindcasts) -> pd.DataFrame:
    """What every rule says to every question: 1 will be met, 0 will not, NaN where the rule does not apply.

    One column for each rule, rows as in `made.questions`. A rule sees what the forecast saw: the levels known at the
    origin.
    """
    levels = [origin.series.known() for origin in made.origins]
    rows = [
        rule_says(levels[q.origin], goal(q.at_least, q.threshold, q.base_year, q.deadline))
        for q in made.questions.itertuples()
    ]
    return pd.DataFrame(rows, columns=rule_names(), index=made.questions.index, dtype=float)


def goal(at_least: bool, threshold: float, base_year: int, deadline: int) -> Goal:
    """A level to be reached, or not to be exceeded, as the rules read a target.

    >>> goal(True, 4.0, 2015, 2025).direction
    'at_least'
    """
    direction = "at_least" if at_least else "at_most"
    return Goal(direction, float(threshold), int(base_year), int(deadline), "level")


def rule_says(levels: pd.Series, target: Goal) -> list[float]:
    """What every rule says to one target from the levels known (index year): 1 yes, 0 no, NaN does not apply."""
    last = int(levels.index[-1])
    answers = (evaluate(name, levels, target, last).will_meet for name in RULES)
    return [np.nan if answer is None else float(answer) for answer in answers]


def calibrated(answers: pd.DataFrame, met: pd.Series, family: pd.Series) -> pd.DataFrame:
    """Each rule's yes and no as probabilities: the share met after that word on other indicators.

    Indicators are in ten folds that do not depend on what else is there; each fold uses the other nine. Half a
    question is added on either side, so that no word becomes a certainty. Columns: rule + "_calibrated".

    >>> said = pd.DataFrame({"r": [1.0, 1.0, 0.0]})
    >>> calibrated(said, pd.Series([1.0, 1.0, 0.0]), pd.Series(["a", "c", "c"]))["r_calibrated"].round(2).tolist()
    [0.75, 0.75, 0.5]
    """
    fold = family.map(lambda name: scores.fold_of(str(name), FOLDS, "rules")).to_numpy()
    happened = met.to_numpy()
    columns = {}
    for name in answers:
        said, p = answers[name].to_numpy(dtype=float), np.full(len(answers), np.nan)
        for f in np.unique(fold):
            for word in (0.0, 1.0):
                others = (said == word) & (fold != f)
                p[(said == word) & (fold == f)] = (happened[others].sum() + 0.5) / (others.sum() + 1.0)
        columns[f"{name}{CALIBRATED}"] = p
    return pd.DataFrame(columns, index=answers.index)


@dataclass(frozen=True)
class Modelled:
    """Named models on the same questions: `answers` (a column of probabilities each, NaN where not asked or not
    fitted), `crps` (rows as `Hindcasts.ahead`, a column each), and at how many origins each was `asked` and `failed`.
    """

    answers: pd.DataFrame
    crps: pd.DataFrame
    asked: dict[str, int]
    failed: dict[str, int]


def model_answers(made: Hindcasts, models: Sequence[str] | None = None, sample: int = SAMPLE) -> Modelled:
    """What the named models say at the same origins; those fitted by search only at `sample` origins, evenly spread.

    A model that cannot be fitted to a history gives no answer there; how often is counted. A ratio of `Hindcasts`
    scores must use the same rows.
    """
    from ..forecasting.forecast import MODELS

    names = list(MODELS if models is None else models)
    answers = pd.DataFrame(np.nan, index=made.questions.index, columns=names)
    crps = pd.DataFrame(np.nan, index=made.ahead.index, columns=names)
    every = range(len(made.origins))
    few = np.linspace(0, len(every) - 1, min(sample, len(every))).astype(int).tolist()
    at = {name: few if name in FITTED else every for name in names}
    failed = {name: sum(not _model(made, i, name, answers, crps) for i in at[name]) for name in names}
    return Modelled(answers, crps, {name: len(at[name]) for name in names}, failed)


def _model(made: Hindcasts, i: int, name: str, answers: pd.DataFrame, crps: pd.DataFrame) -> bool:
    """Fill in one model's answers at one origin; False when it cannot be fitted."""
    from ..forecasting.forecast import forecast

    origin, ahead = made.origins[i], made.ahead[made.ahead["origin"] == i]
    series = origin.series.values.rename(f"{origin.region}/{origin.indicator_id}")
    until = int(ahead["year"].max())
    try:
        paths = forecast(series, until, support=origin.series.support, model=name, draws=DRAWS, rng=0).paths
    except QcityError:
        return False
    years = ahead["years"].to_numpy() - 1
    q = np.ascontiguousarray(np.quantile(paths, scores.LEVELS, axis=0).T[years])
    crps.loc[ahead.index, name] = scores.crps_quantiles(q, scores.LEVELS, ahead["actual"].to_numpy())
    mine = made.questions[made.questions["origin"] == i]
    drawn = paths[:, mine["years"].to_numpy() - 1]
    reached = np.where(
        mine["at_least"], drawn >= mine["threshold"].to_numpy(), drawn <= mine["threshold"].to_numpy()
    )
    answers.loc[mine.index, name] = reached.mean(axis=0)
    return True

"""What the published rules and the named models say to the same questions.

A rule says yes or no. As it stands that is a probability of 1 or 0; to be fair to it, the two words are also turned
into the two probabilities that fit best, found on other indicators than the one asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..forecasting import scores
from ..forecasting.scores import fold_of
from .hindcasts import Hindcasts

SAMPLE = 48  # origins at which the models that are fitted by search are asked
DRAWS = 1000
FITTED = ("ets", "theta", "arima", "ucm")
FOLDS = 10
CALIBRATED = "_calibrated"


@dataclass(frozen=True)
class Asked:
    """A target as the rules read it.

    >>> Asked("level", "at_least", 4.0, 2015, 2025).deadline
    2025
    """

    kind: str
    direction: str
    threshold: float
    base_year: int
    deadline: int


def rule_names() -> list[str]:
    """The published rules, by identifier."""
    from ..rules import RULES

    return [str(name) for name in RULES]


def rule_answers(made: Hindcasts, questions: pd.DataFrame | None = None) -> pd.DataFrame:
    """What every rule says to every question: 1 will be met, 0 will not, NaN where the rule does not apply.

    One column for each rule, rows as in `made.questions` (or in `questions`, some of its rows). A rule sees what the
    forecast saw: the levels known at the origin.
    """
    asked = made.questions if questions is None else questions
    levels = [origin.series.known() for origin in made.origins]
    rows = [rule_says(levels[q.origin], _asked(q)) for q in asked.itertuples()]
    return pd.DataFrame(rows, columns=rule_names(), index=asked.index, dtype=float)


def _asked(q: object) -> Asked:
    direction = "at_least" if q.at_least else "at_most"  # type: ignore[attr-defined]
    return Asked("level", direction, float(q.threshold), int(q.base_year), int(q.deadline))  # type: ignore[attr-defined]


def rule_says(levels: pd.Series, target: Asked) -> list[float]:
    """What every rule says to one target from the levels known (index year): 1 yes, 0 no, NaN does not apply."""
    from ..rules import evaluate

    last = int(levels.index[-1])
    found = (evaluate(name, levels, target, last).will_meet for name in rule_names())
    return [np.nan if answer is None else float(answer) for answer in found]


def calibrated(answers: pd.DataFrame, met: pd.Series, family: pd.Series) -> pd.DataFrame:
    """Each rule's yes and no as probabilities: the share met after that word on other indicators.

    Indicators are in ten folds that do not depend on what else is there; each fold uses the other nine. Half a
    question is added on either side, so that no word becomes a certainty. Columns: rule + "_calibrated".

    >>> said = pd.DataFrame({"r": [1.0, 1.0, 0.0]})
    >>> calibrated(said, pd.Series([1.0, 1.0, 0.0]), pd.Series(["a", "c", "c"]))["r_calibrated"].round(2).tolist()
    [0.75, 0.75, 0.5]
    """
    fold = family.map({name: fold_of(str(name), FOLDS, "rules") for name in family.unique()}).to_numpy()
    found = {}
    for name in answers:
        said, p = answers[name].to_numpy(dtype=float), np.full(len(answers), np.nan)
        for f in np.unique(fold):
            for word in (0.0, 1.0):
                others = (said == word) & (fold != f)
                share = (met.to_numpy()[others].sum() + 0.5) / (others.sum() + 1.0)
                p[(said == word) & (fold == f)] = share
        found[f"{name}{CALIBRATED}"] = p
    return pd.DataFrame(found, index=answers.index)


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
    from ..forecasting.alternatives import NAMES

    names = list(NAMES if models is None else models)
    answers = pd.DataFrame(np.nan, index=made.questions.index, columns=names)
    crps = pd.DataFrame(np.nan, index=made.ahead.index, columns=names)
    asked, failed = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    every = np.arange(len(made.origins))
    few = every[np.linspace(0, len(every) - 1, min(sample, len(every))).astype(int)] if len(every) else every
    for name in names:
        for i in few if name in FITTED else every:
            asked[name] += 1
            failed[name] += not _model(made, int(i), name, answers, crps)
    return Modelled(answers, crps, asked, failed)


def _model(made: Hindcasts, i: int, name: str, answers: pd.DataFrame, crps: pd.DataFrame) -> bool:
    """Fill in one model's answers at one origin; False when it cannot be fitted."""
    from ..errors import QcityError
    from ..forecasting.forecast import forecast

    origin, ahead = made.origins[i], made.ahead[made.ahead["origin"] == i]
    series = origin.series.values.rename(f"{origin.region}/{origin.indicator_id}")
    until = int(ahead["year"].max())
    try:
        paths = forecast(series, until, support=origin.series.support, model=name, draws=DRAWS, rng=0).paths
    except QcityError:
        return False
    q = np.quantile(paths, scores.LEVELS, axis=0)
    questions = made.questions[made.questions["origin"] == i]
    for row, years, actual in zip(ahead.index, ahead["years"], ahead["actual"], strict=True):
        crps.loc[row, name] = scores.crps_quantiles(q[:, years - 1], scores.LEVELS, np.asarray(actual))
        mine = questions[questions["row"] == row]
        drawn = paths[:, years - 1][:, None]
        at_least = mine["at_least"].to_numpy()
        reached = np.where(
            at_least, drawn >= mine["threshold"].to_numpy(), drawn <= mine["threshold"].to_numpy()
        )
        answers.loc[mine.index, name] = reached.mean(axis=0)
    return True

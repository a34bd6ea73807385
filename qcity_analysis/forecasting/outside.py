"""What others say: how often aims like this one are met, and how a place without figures moves beside its comparators.

An aim: a threshold that a government set itself is no random one. The figures' probability, the share of such aims met
lately (`outside`) and the body's own record are added with weights that are not negative, so that probabilities stay
ordered over thresholds and counts. A year's shock moves all aims: many aims of three years tell little more than three.

A reference: on the scale of `prior.scaled` a place changes, since a base year, as the nearest region above it (without
one, as the mean of those beside it), published and forecast, plus a deviation, a Student t whose spread grows with a
power of the years. How far places part is seen from how two comparators moved apart or, with one, how evenly it moved.

Both were learned on Chinese provinces and cities: `training.aims`, `training.reference`, AIMS_AND_REFERENCE.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import QcityError
from .forecast import Forecast
from .histories import limits
from .prior import SCALES, scaled, shipped_text

AIMS_FILE, FILE = "aims.json", "reference.json"
QUALIFIERS = ("exact", "about", "at_least", "at_most", "range")
COUNTS = ("met_before", "missed_before", "recent_met", "recent_n")  # optional columns of questions on aims
RECENT = 3  # years that are recent
FIVE_YEARS = "five_year_plan"  # under which aims of such plans are counted
CHANGES = 3  # fewest yearly changes that tell a spread
KINDS = ("pair_above", "pair_beside", "one_above", "one_beside")


class Aims(NamedTuple):
    """What was learned of aims: the long-run share met (`mean`) and how many aims it stands for (`strength`, of the own
    record `own_strength`), the `correlation` of one year's outcomes, the weights of `figures`, `outside` and `own`
    record, what each of QUALIFIERS adds, and by indicator and year how many were `met` of how many.
    """

    mean: float
    strength: float
    own_strength: float
    correlation: float
    figures: float
    outside: float
    own: float
    qualifiers: dict[str, float]
    met: dict[str, dict[str, tuple[int, int]]]


@lru_cache(maxsize=1)
def learned_aims() -> Aims:
    """What comes with the package."""
    content = json.loads(shipped_text(AIMS_FILE))
    return Aims(**{name: content[name] for name in Aims._fields})


def met_of(kind: str, before: int) -> tuple[int, int]:
    """How many aims of an indicator (in the three years before a year), or of all five-year plans that had ended, were
    met of how many; 0 of 0 where none is known.

    >>> met, number = met_of("gdp_growth", 2023)
    >>> 0 < met < number, met_of("unheard_of", 2023)
    (True, (0, 0))
    """
    first = 0 if kind == FIVE_YEARS else before - RECENT
    told = [pair for year, pair in learned_aims().met.get(kind, {}).items() if first <= int(year) < before]
    return sum(met for met, _ in told), sum(number for _, number in told)


def outside(met: Any, number: Any, aims: Aims | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often such aims are met, with its 90 % interval, from how many of the `number` recent ones were `met`.

    A beta posterior around the long-run share; aims beyond one a year count less, by the correlation within a year.

    >>> [float(round(end, 2)) for end in outside(30, 60)[:1]], bool(outside(31, 60)[0] > outside(30, 60)[0])
    ([0.57], True)
    """
    from scipy.stats import beta

    known = aims or learned_aims()
    met, number = np.asarray(met, dtype=float), np.asarray(number, dtype=float)
    counting = number / (1 + np.maximum(number / RECENT - 1, 0) * known.correlation)
    share = np.divide(met, number, out=np.zeros_like(met + number), where=number > 0)
    a, b = (
        counting * one + known.strength * two
        for one, two in ((share, known.mean), (1 - share, 1 - known.mean))
    )
    return a / (a + b), beta.ppf(0.05, a, b), beta.ppf(0.95, a, b)


def both(
    figures: Any, view: Any, qualifier: Any, met_before: Any = 0, missed_before: Any = 0,
    aims: Aims | None = None,
) -> np.ndarray:  # fmt: skip
    """The probability from the figures and the outside view together, for an aim with its `qualifier` and own record.

    >>> bool(both(0.4, 0.7, "exact") > both(0.3, 0.7, "exact") >= both(0.3, 0.7, "exact", missed_before=2))
    True
    """
    known = aims or learned_aims()
    before = np.asarray(met_before, dtype=float) + missed_before
    own = (met_before + known.own_strength * known.mean) / (before + known.own_strength)
    parts = ((known.figures, figures), (known.outside, view), (known.own, own))
    told = sum(weight * (np.asarray(part, dtype=float) - known.mean) for weight, part in parts)
    added = np.vectorize(known.qualifiers.get, otypes=[float])(qualifier)
    return np.asarray(np.clip(known.mean + told + added, 0.01, 0.99))


def with_aims(probability: np.ndarray, questions: pd.DataFrame) -> np.ndarray:
    """The probabilities of questions, those on an aim (column `aim`) with what is known of it; others unchanged.

    Columns: aim, qualifier (of QUALIFIERS), and those of COUNTS that are known. QcityError for an aim that is not True
    or False, has no or an unknown qualifier, or counts that are negative or of more met than there were.
    """
    if "aim" not in questions.columns or not (told := questions["aim"].notna()).any():
        return probability
    for value in questions.loc[told & ~questions["aim"].isin([True, False]), "aim"]:
        raise QcityError(f"aim {value!r}; allowed: True, False or empty")
    place = questions["aim"].eq(True).fillna(False).to_numpy(bool)
    rows = questions[place]
    qualifier = rows.get("qualifier", pd.Series(None, rows.index, dtype=object))
    for value in qualifier[~qualifier.isin(QUALIFIERS)]:
        found = "an aim without a qualifier" if pd.isna(value) else f"qualifier {value!r}"
        raise QcityError(f"{found}; an aim has one of {', '.join(QUALIFIERS)}")
    counts = {
        name: pd.to_numeric(rows.get(name, pd.Series(0, rows.index)), "coerce").fillna(0) for name in COUNTS
    }
    for name, count in counts.items():
        for value in count[(count < 0) | (count % 1 != 0)]:
            raise QcityError(f"{name} {value:g}; allowed: a whole number, 0 or more")
    for met, number in zip(counts["recent_met"], counts["recent_n"], strict=True):
        if met > number:
            raise QcityError(
                f"recent_met {met:g} of recent_n {number:g}; of {number:g} aims no more can have been met"
            )
    view = outside(counts["recent_met"], counts["recent_n"])[0]
    record = [counts[name].to_numpy() for name in COUNTS[:2]]
    answers = probability.copy()
    answers[place] = both(probability[place], view, qualifier.to_numpy(), *record)
    return answers


class Comparator(NamedTuple):
    """One comparator: its `name`, whether it is a region `above`, its published `levels` (index year, with older ones
    that are not linked to them under `earlier`), and `paths` (draws, years) of its levels for the years asked.
    """

    name: str
    above: bool
    levels: pd.Series
    earlier: pd.Series
    paths: np.ndarray


class Learned(NamedTuple):
    """What was learned: the `spread` by KINDS (its scale in units of what is seen, the freedom of the Student t), its
    `growth` (power of years) by scale, and the spread of a year where nothing is seen (`unseen`, by scale).
    """

    spread: dict[str, tuple[float, float]]
    growth: dict[str, float]
    unseen: dict[str, float]


@lru_cache(maxsize=1)
def learned() -> Learned:
    """The numbers that come with the package."""
    return read_learned(json.loads(shipped_text(FILE)))


def read_learned(content: dict[str, Any]) -> Learned:
    """The numbers in what the training command wrote."""
    return Learned(content["spread"], content["growth"], content["unseen"])


def central(comparators: Sequence[Comparator]) -> list[Comparator]:
    """Those whose change is taken: the nearest region above; without one, all.

    Where the country's change is known, other provinces added next to nothing: weights 1 and 0 are set, not fitted.
    """
    above = [one for one in comparators if one.above]
    return above[:1] or list(comparators)


def reference(
    level: float, year: int, comparators: Sequence[Comparator], years: np.ndarray, support: str,
    rng: np.random.Generator, known: Learned | None = None,
) -> Forecast:  # fmt: skip
    """Paths of a place whose last (or base) level is `level` in `year`, for the `years` after it.

    Raises QcityError where there is no comparator, or one of them has no level in `year` or none after it.

    >>> country = pd.Series([100.0, 97, 95, 92, 90], index=range(2018, 2023))
    >>> one = Comparator("country", True, country, country[:0], np.tile([92.0, 90.0], (2000, 1)))
    >>> ahead = reference(50.0, 2020, [one], np.array([2021, 2022]), "positive", np.random.default_rng(1))
    >>> ahead.median().round(0).tolist(), bool(ahead.interval().loc[2022, "upper"] > 48)
    ([48.0, 47.0], True)
    """
    if not comparators:
        raise QcityError("a reference needs a comparator with figures since the base year")
    for one in comparators:
        if not np.isfinite(one.levels.get(year, np.nan)):
            raise QcityError(
                f"comparator {one.name} has no figure of {year}, the base year, to chain its changes on"
            )
        if not np.isfinite(one.paths).any():
            raise QcityError(
                f"comparator {one.name} has neither figure nor forecast after {year}, the base year"
            )
    known, draws = known or learned(), len(comparators[0].paths)
    least = 1e-6 * abs(level)  # a path at zero has no logarithm
    moved = [
        scaled(np.maximum(one.paths, least) if SCALES[support] == "log" else one.paths, support)
        - scaled(one.levels.loc[[year]].to_numpy(), support)
        for one in central(comparators)
    ]
    name, unit = seen(comparators, support)
    scale, freedom = known.spread[name] if unit else (1.0, known.spread[KINDS[-1]][1])
    spread = (unit or known.unseen[SCALES[support]]) * scale
    grown = np.arange(1.0, len(years) + 1) ** (2 * known.growth[SCALES[support]])
    steps = rng.standard_normal((draws, len(years))) * np.sqrt(np.maximum(np.diff(grown, prepend=0.0), 0.0))
    steps = np.cumsum(steps, axis=1) * np.sqrt(freedom / rng.chisquare(freedom, (draws, 1)))
    start = scaled(np.array([level]), support)
    paths = unscaled(start + np.nanmean(moved, axis=0) + spread * steps, support)
    history = pd.Series({year: level}, dtype=float)
    return Forecast(np.clip(paths, *limits(support)), years, "reference", support, history)


def unscaled(values: np.ndarray, support: str) -> np.ndarray:
    """The levels whose `scaled` values these are."""
    if SCALES[support] == "log":
        return np.asarray(np.exp(np.minimum(values / 100, 700.0)))
    return np.asarray(100 / (1 + np.exp(-values))) if SCALES[support] == "logodds" else values


def seen(comparators: Sequence[Comparator], support: str) -> tuple[str, float]:
    """Which of KINDS, and how far places part in a year as the comparators show it; 0 where they show nothing."""
    nearest = central(comparators)[0]
    role, first = "above" if nearest.above else "beside", _rates(nearest, support)
    others = [_rates(one, support) for one in comparators if one is not nearest]
    apart = [
        table for other in others if len(table := first.join(other.add_suffix("_other")).dropna()) >= CHANGES
    ]
    gaps = [(one["rate"] - one["rate_other"])[one["gap"] == one["gap_other"]] for one in apart]
    told = [one * np.sqrt(first["gap"][one.index]) for one in gaps if len(one) >= CHANGES]
    if told:
        return f"pair_{role}", float(np.sqrt(np.mean(np.concatenate(told) ** 2)))
    if len(first) < CHANGES:
        return f"one_{role}", 0.0
    uneven = (first["rate"] - first["rate"].mean()) ** 2 * first["gap"]
    return f"one_{role}", float(np.sqrt(uneven.sum() / (len(first) - 1)))


def _rates(one: Comparator, support: str) -> pd.DataFrame:
    """Changes a year (`rate`) between neighbouring levels of a stretch on the scale, the years between (`gap`)."""
    parts = []
    for levels in (one.earlier.dropna(), one.levels.dropna()):
        values = pd.Series(scaled(levels.to_numpy(), support), levels.index)
        gap = pd.Series(np.diff(levels.index, prepend=np.nan), levels.index)
        parts.append(pd.DataFrame({"rate": values.diff() / gap, "gap": gap}).dropna())
    table = pd.concat(parts)
    return table[~table.index.duplicated(keep="last")]

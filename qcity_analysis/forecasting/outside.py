"""What others say: how often aims like this one are met, and how a place without figures moves beside its comparators.

An aim: a threshold that a government set itself is no random one. The figures' probability, the share of such aims met
lately (`outside`) and the body's own record are added with weights that are not negative, so that probabilities stay
ordered over thresholds and counts. A year's shock moves all aims: many aims of three years tell little more than three.
The fewer aims are known, the more the figures alone decide; without any, they do.

A reference: on the scale of `prior.scaled` a place changes, since a base year, as the nearest region above it (without
one, as the mean of those beside it), published and forecast, plus a deviation, a Student t whose spread grows with a
power of the years. How far places part is seen from how two comparators moved apart (with one, how evenly it moved) and
how much the nearest moves in a year. A rate, such as growth, is drawn towards the comparators' own rate as well.

Both were learned on Chinese provinces and cities: `training.aims`, `training.reference`, AIMS_AND_REFERENCE.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..problems import DataError, Problem
from .forecast import Forecast
from .histories import limits
from .prior import SCALES, scaled, shipped_text

AIMS_FILE, FILE = "aims.json", "reference.json"
QUALIFIERS = ("exact", "about", "at_least", "at_most", "range")
COUNTS = ("met_before", "missed_before", "recent_met", "recent_n")  # optional columns of questions on aims
RECENT = 3  # years that are recent
FIVE_YEARS = "five_year_plan"  # under which aims of such plans are counted
NEAR = 3  # years from the last figure to the end of a five-year plan in which the figures alone are as good
CHANGES = 2  # fewest yearly changes that tell a spread
KINDS = ("pair_above", "pair_beside", "one_above", "one_beside")


class Aims(NamedTuple):
    """What was learned of aims: the long-run share met (`mean`) and how many aims it stands for (`strength`, of the own
    record `own_strength`), the `correlation` of one year's outcomes, the weights of `figures`, `outside` and `own`
    record, what each of QUALIFIERS adds, with how many known aims all this counts as much as the figures alone
    (`enough`), by indicator and year how many were `met` of how many (by the year in which it was known, of five-year
    plans), and the indicators that are better judged by the `figures_alone`.
    """

    mean: float
    strength: float
    own_strength: float
    correlation: float
    enough: float
    figures: float
    outside: float
    own: float
    qualifiers: dict[str, float]
    met: dict[str, dict[str, tuple[int, int]]]
    figures_alone: list[str]


class Learned(NamedTuple):
    """What was learned of references: by KINDS the factor of the `spread` and the power of the nearest's yearly change
    in it, and how much of the comparators' own forecast spread is `carried` over; the `freedom` of the Student t; by
    scale its `factor`, the `growth` (power of years), the spread of a year where nothing is seen (`unseen`), and the
    share (`pull`) of its distance to the comparators that a place loses in the end, of which a year leaves `kept`.
    """

    spread: dict[str, tuple[float, float]]
    freedom: float
    carried: dict[str, float]
    factor: dict[str, float]
    growth: dict[str, float]
    unseen: dict[str, float]
    pull: dict[str, float]
    kept: float


class Comparator(NamedTuple):
    """One comparator: its `name`, whether it is a region `above`, its published `levels` (index year, with older ones
    that are not linked to them under `earlier`), and `paths` (draws, years) of its levels for the years asked.
    """

    name: str
    above: bool
    levels: pd.Series
    earlier: pd.Series
    paths: np.ndarray


@lru_cache(maxsize=1)
def learned_aims() -> Aims:
    """What comes with the package of aims."""
    content = json.loads(shipped_text(AIMS_FILE))
    return Aims(**{name: content[name] for name in Aims._fields})


@lru_cache(maxsize=1)
def learned() -> Learned:
    """What comes with the package of references."""
    content = json.loads(shipped_text(FILE))
    return Learned(**{name: content[name] for name in Learned._fields})


def met_of(kind: str, before: int) -> tuple[int, int]:
    """How many aims of an indicator (in the three years before a year), or of all five-year plans of which it was known
    before that year, were met of how many; 0 of 0 where none is known.

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
    from scipy.special import betaincinv

    known, met, number = aims or learned_aims(), np.asarray(met, float), np.asarray(number, float)
    counting = 1 / (1 + np.maximum(number / RECENT - 1, 0) * known.correlation)
    a = counting * met + known.strength * known.mean
    b = counting * (number - met) + known.strength * (1 - known.mean)
    return a / (a + b), betaincinv(a, b, 0.05), betaincinv(a, b, 0.95)


def both(
    figures: Any, view: Any, number: Any, qualifier: Any, met_before: Any = 0, missed_before: Any = 0,
    aims: Aims | None = None,
) -> np.ndarray:  # fmt: skip
    """The probability from the figures and the outside `view` of `number` aims together, with the body's own record.

    >>> bool(both(0.4, 0.7, 60, "exact") > both(0.3, 0.7, 60, "exact") > both(0.3, 0.7, 60, "exact", 0, 2))
    True
    """
    known, figures, number = aims or learned_aims(), np.asarray(figures, float), np.asarray(number, float)
    before = np.asarray(met_before, float) + missed_before
    own = (met_before + known.own_strength * known.mean) / (before + known.own_strength)
    parts = ((known.figures, figures), (known.outside, view), (known.own, own))
    told = known.mean + sum(weight * (np.asarray(part, float) - known.mean) for weight, part in parts)
    told = told + np.vectorize(known.qualifiers.get, otypes=[float])(qualifier)
    return np.asarray(figures + number / (number + known.enough) * (np.clip(told, 0.01, 0.99) - figures))


def with_aims(probability: np.ndarray, questions: pd.DataFrame) -> np.ndarray:
    """The probabilities of questions, those on an aim (column `aim`) with what is known of it; others unchanged.

    Columns: aim, qualifier (of QUALIFIERS), and those of COUNTS that are known. DataError with all that is wrong: an
    aim that is not True or False, no or an unknown qualifier, counts that are negative or of more met than there were.
    """
    if "aim" not in questions.columns or not questions["aim"].notna().any():
        return probability
    rows = questions.reindex(columns=["aim", "qualifier", *COUNTS]).reset_index(drop=True)
    place, known = rows["aim"].eq(True).fillna(False).astype(bool), rows.notna()
    counts = rows[[*COUNTS]].apply(pd.to_numeric, errors="coerce").where(known[[*COUNTS]], 0.0)
    whole = (counts >= 0) & (counts % 1 == 0)
    wrong = {("aim_count", name): place & ~whole[name] for name in COUNTS}
    wrong["aim_itself", "aim"] = known["aim"] & ~rows["aim"].isin([True, False])
    wrong["aim_qualifier", "qualifier"] = place & ~rows["qualifier"].isin(QUALIFIERS)
    wrong["aim_met", "recent_met"] = place & whole.all(axis=1) & (counts["recent_met"] > counts["recent_n"])
    cells, many = rows.astype(object).where(known, ""), counts["recent_n"]
    faults = [
        Problem("questions", row + 1, name, code, {"cell": cells.at[row, name], "number": many[row]})
        for (code, name), bad in wrong.items()
        for row in np.flatnonzero(bad).tolist()
    ]
    if faults:
        raise DataError(faults)
    before, missed, met, number = counts[place].to_numpy().T
    view, answers = outside(met, number)[0], probability.copy()
    answers[place] = both(probability[place], view, number, rows.loc[place, "qualifier"], before, missed)
    return answers


def central(comparators: Sequence[Comparator]) -> list[Comparator]:
    """Those whose change is taken: the nearest region above, to which others add next to nothing; without one, all."""
    return [one for one in comparators if one.above][:1] or list(comparators)


def reference(
    level: float, year: int, comparators: Sequence[Comparator], years: np.ndarray, support: str,
    rng: np.random.Generator, known: Learned | None = None,
) -> Forecast:  # fmt: skip
    """Paths of a place whose last (or base) level is `level` in `year`, for the `years` after it.

    Raises DataError where there is no comparator, or one of them has no level in `year` or none after it.
    """
    faults = {one.name: "comparator_ahead" for one in comparators if not np.isfinite(one.paths).any()}
    faults |= {one.name: "comparator_base" for one in comparators if pd.isna(one.levels.get(year))}
    if faults or not comparators:
        faults = faults or {"comparators": "comparator_none"}
        raise DataError([Problem(name, None, None, code, {"year": year}) for name, code in faults.items()])
    known, scale, nearest = known or learned(), SCALES[support], central(comparators)
    least = 1e-6 * abs(level) if scale == "log" else -np.inf  # a path at zero has no logarithm
    bases = scaled(np.array([one.levels[year] for one in nearest]), support)
    ahead = [scaled(np.maximum(one.paths, least), support) for one in nearest]
    centre = np.mean([paths - base for paths, base in zip(ahead, bases, strict=True)], axis=0)
    middle, start = np.median(centre, axis=0), scaled(np.array([level]), support)
    gone = np.arange(1.0, len(years) + 1)
    pulled = known.pull[scale] * (1 - known.kept**gone) * (start - bases.mean())
    grown = np.diff(gone ** (2 * known.growth[scale]), prepend=0.0)
    steps = rng.standard_normal(centre.shape) * np.sqrt(np.maximum(grown, 0.0))
    kind, unit, size = seen(comparators, support)
    factor, power = known.spread[kind]
    first = known.factor[scale] * factor * unit ** (1 - power) * size**power or known.unseen[scale]
    tails = np.sqrt(known.freedom / rng.chisquare(known.freedom, (len(centre), 1)))
    apart = first * tails * np.cumsum(steps, axis=1)
    paths = unscaled(start + middle + known.carried[kind] * (centre - middle) - pulled + apart, support)
    history = pd.Series({year: level}, dtype=float)
    return Forecast(np.clip(paths, *limits(support)), years, "reference", support, history)


def unscaled(values: np.ndarray, support: str) -> np.ndarray:
    """The levels whose `scaled` values these are."""
    grown = np.exp(np.minimum(values / 100 if SCALES[support] == "log" else -values, 700.0))
    return np.asarray({"log": grown, "logodds": 100 / (1 + grown)}.get(SCALES[support], values))


def seen(comparators: Sequence[Comparator], support: str) -> tuple[str, float, float]:
    """Which of KINDS, how far comparators part in a year (or one strays), how much the nearest moves; 0 for nothing."""
    nearest = central(comparators)[0]
    role, first = "above" if nearest.above else "beside", _steps(nearest, support)
    size = float(np.sqrt(np.mean(first**2))) if len(first) >= CHANGES else 0.0
    gaps = [(first - _steps(one, support)).dropna() for one in comparators if one is not nearest]
    if told := [gap for gap in gaps if len(gap) >= CHANGES]:
        return f"pair_{role}", float(np.sqrt(np.mean(np.concatenate(told) ** 2))), size
    return f"one_{role}", float(first.std()) if size else 0.0, size


def _steps(one: Comparator, support: str) -> pd.Series:
    """Changes between neighbouring levels of a stretch on the scale, as of one year; index: year, and years between."""
    parts = []
    for levels in (one.earlier.dropna(), one.levels.dropna()):
        gap = np.diff(levels.index.to_numpy(int))
        change = np.diff(scaled(levels.to_numpy(), support)) / np.sqrt(gap)
        parts.append(pd.Series(change, pd.MultiIndex.from_arrays([levels.index[1:].to_numpy(int), gap])))
    told = pd.concat(parts).dropna()
    return told[~told.index.duplicated(keep="last")]

"""Why the answer for a target changed between two days: new figures, revisions, or time passing.

Out of scope: which rows of a data package were edited by hand; all that matters here is what was published when.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..assessment.assess import assess
from ..data.load import Data
from ..data.vintages import figure_keys, to_date
from ..errors import QcityError

BEYOND = 2.0  # Monte Carlo errors from which a difference is told
HALF = 0.5  # a verdict is on one side of it or on the other
STEPS = ("time", "revision", "new_figure")


@dataclass(frozen=True)
class Figure:
    """A published figure that came between the two days; `before` is the value it replaced (None for a new one),
    `known_from` the day from which it could be known, `decimals` the digits after the point as typed.
    """

    indicator_id: str
    region: str
    period: str
    measure: str
    value: float
    before: float | None
    known_from: dt.date
    qualifier: str
    base_period: int | None
    decimals: int


@dataclass(frozen=True)
class Change:
    """What changed between two answers for one target, and why.

    `by_time`, `by_revision`, `by_new_figure`: how much of the difference in probability (met counts as 1, missed as 0)
    came with each step, None where a step has no probability; taken in this order, each on top of the one before, they
    add up to `after` less `before`. `figures`: what came in between. `word`: "unchanged", or the step at which the
    verdict changed, or, the verdict being the same, that moved the probability most. `flipped`: whether the verdict
    changed. `parts`: the same by definition.
    """

    before: Assessment
    after: Assessment
    by_time: float | None
    by_revision: float | None
    by_new_figure: float | None
    figures: list[Figure]
    word: str
    flipped: bool
    parts: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """The change as plain values that JSON can hold, each answer by status, probability and word."""
        answers = {"before": self.before, "after": self.after}
        verdict = ("status", "probability", "word")
        days = {"earlier": str(self.before.as_of), "later": str(self.after.as_of)}
        said = {when: {name: getattr(one, name) for name in verdict} for when, one in answers.items()}
        own = {name: getattr(self, name) for name in (*(f"by_{step}" for step in STEPS), "word", "flipped")}
        came = [dataclasses.asdict(one) | {"known_from": str(one.known_from)} for one in self.figures]
        parts = [part.to_dict() for part in self.parts]
        return days | {"definition": _name(self.after)} | said | own | {"figures": came, "parts": parts}


def explain_change(
    data: Data, target_id: str, plan: str | None, earlier: str | dt.date, later: str | dt.date, **kw: Any
) -> Change:
    """Compare the answers for a target on two days and say what made the difference.

    `data` must be loaded for `later` or a later day; `kw` are options of `assess`. Four assessments are made with the
    same seed: on the earlier day; the date moved, with the figures of the earlier day; with the revisions published in
    between; with the new figures too. Raises QcityError when the days are not in order, and what `assess` raises.

    >>> import qcity_analysis as qc
    >>> change = explain_change(qc.load(), "energy_per_gdp", "china_14fyp", "2022-06-30", "2023-06-30", draws=500)
    >>> change.word, sorted({figure.period for figure in change.figures})
    ('new_figure', ['2021', '2022', '2022-Q1'])
    """
    first, last = to_date(earlier), to_date(later)
    if first >= last:
        raise QcityError(f"the earlier day must come before the later one; found {first} and {last}")
    before, after = data.at(first), data.at(last)
    rows, vintages = after.observations, set(_keys(before.observations))
    late = rows["known_from"] > pd.Timestamp(first)
    new = pd.Series([key not in vintages for key in _keys(rows)], index=rows.index, dtype=bool)
    kept = (rows[~late], rows[~late | ~new])
    seen = [dataclasses.replace(after, observations=part.reset_index(drop=True)) for part in kept]
    answers = [assess(one, target_id, plan=plan, as_of=one.as_of, **kw) for one in (before, *seen, after)]
    return _explained(answers, _figures(before.observations, rows[late]))


def _keys(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(map(str, key)) for key in figure_keys(rows).itertuples(index=False)]


def _figures(known: pd.DataFrame, came: pd.DataFrame) -> list[Figure]:
    """Every figure that came, oldest first, the last vintage of each only, with the value known before."""
    known, came = (rows.sort_values(["known_from", "row"], kind="stable") for rows in (known, came))
    old = dict(zip(_keys(known), known["value"].astype(float), strict=True))
    last = {}
    for key, row in zip(_keys(came), came.itertuples(), strict=True):
        last[key] = Figure(
            row.indicator_id, row.region, str(row.period), row.measure, float(row.value), old.get(key),
            row.known_from.date(), str(row.qualifier), None if pd.isna(row.base_period) else int(row.base_period),
            int(row.decimals),
        )  # fmt: skip
    return list(last.values())


def _explained(answers: Sequence[Assessment], figures: list[Figure]) -> Change:
    """The change from the answers at the four steps, for each definition too that is answered at every step."""
    before, after = answers[0], answers[-1]
    chances = [answer.chance for answer in answers]
    time, revision, new = (None if a is None or b is None else b - a for a, b in pairwise(chances))
    series = set[tuple[str, str]]().union(*(answer.places() for answer in answers))
    by_name = [{_name(part): part for part in answer.by_definition()} for answer in answers]
    names = [_name(part) for part in after.parts if part.role == "definition"]
    answered = [name for name in names if all(name in one for one in by_name)]
    parts = tuple(_explained([one[name] for one in by_name], figures) for name in answered)
    mine = [figure for figure in figures if (figure.indicator_id, figure.region) in series]
    flipped, word = another_verdict(before, after), _word(answers, parts)
    return Change(before, after, time, revision, new, mine, word, flipped, parts)


def _name(answer: Assessment) -> str:
    return str(answer.definition["indicator_id"])


def another_verdict(one: Assessment, other: Assessment) -> bool:
    """Whether two answers say another verdict: another status, or the other side of 50 % by more than chance.

    Answers by definition that both depend on the definition are the same verdict: their parts are compared one by one.
    """
    before, after = one.chance, other.chance
    if one.status != other.status or one.status != "forecast" or before is None or after is None:
        return one.status != other.status
    return (before >= HALF) != (after >= HALF) and _moved(one, other) != 0


def _moved(one: Assessment, other: Assessment) -> float:
    """How far the probability moved, 0 where it is within the Monte Carlo errors or there is none."""
    before, after = one.chance, other.chance
    if before is None or after is None:
        return 0.0
    error = math.hypot(one.probability_error or 0.0, other.probability_error or 0.0)
    return after - before if abs(after - before) > BEYOND * error else 0.0


def _word(answers: Sequence[Assessment], parts: Sequence[Change]) -> str:
    """The step that matters: the last one at which the verdict changed, else the one that moved it most."""
    pairs = list(pairwise(answers))
    if another_verdict(answers[0], answers[-1]):
        turned = [step for step, pair in zip(STEPS, pairs, strict=True) if another_verdict(*pair)]
        return (turned or STEPS)[-1]
    if not _moved(answers[0], answers[-1]):
        changed = [part for part in parts if part.word != "unchanged"]
        return max(changed, key=lambda part: part.flipped).word if changed else "unchanged"
    sizes = [abs(_moved(*pair)) for pair in pairs]
    if not max(sizes):  # each step within chance, together beyond it
        sizes = [abs((b.chance or 0.0) - (a.chance or 0.0)) for a, b in pairs]
    return STEPS[sizes.index(max(sizes))]

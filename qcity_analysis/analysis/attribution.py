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

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..assessment.assess import assess
from ..data.load import Data
from ..data.vintages import among, diff, figure_codes, to_date

BEYOND = 2.0  # Monte Carlo errors from which a difference is told
HALF = 0.5  # a verdict is on one side of it or on the other
STEPS = ("time", "revision", "new_figure")
NAMED = ["indicator_id", "region", "period", "measure", "value", "before", "known_from", "qualifier", "base_period",
         "decimals"]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What changed between two answers for one target, and why: `answers` at the start and after each of STEPS, the
    published `figures` that came in between (rows of `vintages.diff`), and `parts`, the same by definition.
    """

    answers: tuple[Assessment, ...]
    figures: pd.DataFrame
    parts: tuple[Change, ...] = ()

    before = property(lambda self: self.answers[0])
    after = property(lambda self: self.answers[-1])
    flipped = property(lambda self: another_verdict(self.before, self.after))

    @property
    def steps(self) -> dict[str, float | None]:
        """How much of the difference in probability (met counts as 1, missed as 0) came with each of STEPS, None where
        one has no probability; taken in this order, each on top of the one before, they add up to the difference.
        """
        return {step: _moved(*pair) for step, pair in zip(STEPS, pairwise(self.answers), strict=True)}

    @property
    def word(self) -> str:
        """The last step at which the verdict changed; the verdict being the same, the step that moved the probability
        most, or "unchanged".
        """
        pairs = dict(zip(STEPS, pairwise(self.answers), strict=True))
        if self.flipped:
            return next((step for step in reversed(STEPS) if another_verdict(*pairs[step])), STEPS[-1])
        if _moved(self.before, self.after, BEYOND):
            sizes = {step: abs(_moved(*pair, BEYOND) or 0.0) for step, pair in pairs.items()}
            if not any(sizes.values()):  # each step within chance, together beyond it
                sizes = {step: abs(size or 0.0) for step, size in self.steps.items()}
            return max(STEPS, key=sizes.__getitem__)
        changed = [part for part in self.parts if part.word != "unchanged"]
        return max(changed, key=lambda part: part.flipped).word if changed else "unchanged"

    def to_dict(self) -> dict[str, Any]:
        """The change as plain values that JSON can hold, each answer by status, probability and word."""
        days = {"earlier": str(self.before.as_of), "later": str(self.after.as_of)}
        answers = {"before": self.before, "after": self.after}
        said = {when: {"status": one.status, "probability": one.probability, "word": one.word}
                for when, one in answers.items()}  # fmt: skip
        own = {f"by_{step}": moved for step, moved in self.steps.items()}
        came = self.figures.assign(known_from=self.figures["known_from"].dt.strftime("%Y-%m-%d"))
        came = came.rename(columns={"value_before": "before"})[NAMED].astype(object)
        figures = came.where(came.notna(), None).to_dict("records")
        parts = [part.to_dict() for part in self.parts]
        said_of = {"definition": _name(self.after), "word": self.word, "flipped": self.flipped}
        return days | said_of | said | own | {"figures": figures, "parts": parts}


def explain_change(
    data: Data, target_id: str, plan: str | None, earlier: str | dt.date, later: str | dt.date, **kw: Any
) -> Change:
    """Compare the answers for a target on two days and say what made the difference.

    `data` must be loaded for `later` or a later day; `kw` are options of `assess`. Four assessments are made with the
    same seed: on the earlier day; the date moved, with the figures of the earlier day; with the revisions published in
    between; with the new figures too. Raises QcityError when the days are not in order, and what `assess` raises.

    >>> import qcity_analysis as qc
    >>> change = explain_change(qc.load(), "energy_per_gdp", "china_14fyp", "2022-06-30", "2023-06-30", draws=500)
    >>> change.word, sorted(set(change.figures["period"]))
    ('new_figure', ['2021', '2022', '2022-Q1'])
    """
    came, before, after = diff(data, earlier, later), data.at(earlier), data.at(later)
    rows, figure = after.observations, figure_codes(after.observations)
    late = rows["known_from"] > pd.Timestamp(to_date(earlier))
    new = ~np.isin(figure, figure[~late])
    kept = (rows[~late].reset_index(drop=True), rows[~late | ~new].reset_index(drop=True))
    seen = [before, *(dataclasses.replace(after, observations=part) for part in kept), after]
    answers = [assess(one, target_id, plan=plan, as_of=one.as_of, **kw) for one in seen]
    by_name = [{_name(part): part for part in answer.by_definition()} for answer in answers]
    named = [_name(part) for part in answers[-1].parts if part.role == "definition"]
    came = came[came["change"] != "corrected"]
    parts = [_change([one[name] for one in by_name], came)
             for name in named if all(name in one for one in by_name)]  # fmt: skip
    return _change(answers, came, parts)


def _change(answers: Sequence[Assessment], came: pd.DataFrame, parts: Sequence[Change] = ()) -> Change:
    """A change with those of the figures that its answers rest on."""
    series = set[tuple[str, str]]().union(*(answer.places() for answer in answers))
    return Change(tuple(answers), came[among(came, series)], tuple(parts))


def _name(answer: Assessment) -> str:
    return str(answer.definition["indicator_id"])


def another_verdict(one: Assessment, other: Assessment) -> bool:
    """Whether two answers say another verdict: another status, or the other side of 50 % by more than chance.

    Answers by definition that both depend on the definition are the same verdict: their parts are compared one by one.
    """
    if one.status != other.status or one.status != "forecast":
        return one.status != other.status
    sides = {(answer.chance or 0.0) >= HALF for answer in (one, other)}
    return len(sides) > 1 and bool(_moved(one, other, BEYOND))


def _moved(one: Assessment, other: Assessment, errors: float = 0.0) -> float | None:
    """How far the probability moved: 0 within so many Monte Carlo errors, None where there is none."""
    if one.chance is None or other.chance is None:
        return None
    error = math.hypot(one.probability_error or 0.0, other.probability_error or 0.0)
    moved = other.chance - one.chance
    return moved if abs(moved) > errors * error else 0.0

"""What turns a verdict: the choices behind it, and what came between two days.

Choices (the years used, one odd year, the base year, the tolerance, the model, the definition) are varied one at a
time, everything else as asked; the figures are changed as if they had been published so, and the whole assessment is
made again. Between two days there are new figures, revisions, and time passing; all that matters is what was published
when. Out of scope: combinations of choices, and which rows of a data package were edited by hand.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import Assessment
from ..assessment.assess import assess, with_bases
from ..data.load import Data
from ..data.vintages import among, diff, figure_codes, is_whole, newest_rows, newest_vintages, to_date
from ..errors import Note, QcityError
from ..targets import Target
from .outlook import BY_LEVEL, again, same_part

WINDOWS = (20, 12, 8, 5)  # years looked back
LEFT_OUT = 12  # the last years that are left out one at a time
BASES = (-2, -1, 1, 2)  # base years tried, from the plan's own
KINDS = ("window", "leave_out", "base_year", "tolerance", "model", "definition")
SETTLED = ("base_year", "tolerance", "definition")
ALLOWED = {"forecast": KINDS, "met": SETTLED, "missed": SETTLED}  # what an answer of each status turns on
BEYOND = 2.0  # Monte Carlo errors from which a difference is told
STEPS = ("time", "revision", "new_figure")
NAMED = ["indicator_id", "region", "period", "measure", "value", "before", "known_from", "qualifier", "base_period",
         "decimals"]  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One answer with one choice varied: its `kind` ("asked" or one of KINDS) and `value`: years looked back (from the
    year `first`), the year left out, the base year, the tolerance, the model, or the indicator of a definition (with
    `names` by language); `status`, `probability` and `word` as in an Assessment,
    or the `reason` (a Note) why there is no verdict; `flips`: the verdict is another than as asked.
    """

    kind: str
    value: int | float | str | None
    status: str = "not_assessable"
    probability: float | None = None
    word: str | None = None
    flips: bool = False
    reason: Note | None = None
    first: int | None = None
    names: dict[str, str] = field(default_factory=dict)
    computed = property(lambda self: self.probability is not None or self.status in ("met", "missed"))


@dataclass(frozen=True)
class Sensitivity:
    """All variants of one answer: the Assessment as asked; the same as a Variant, `asked`; `rows` in order of KINDS."""

    answer: Assessment
    asked: Variant
    rows: tuple[Variant, ...]

    @property
    def flips(self) -> tuple[Variant, ...]:
        """The variants with another verdict."""
        return tuple(row for row in self.rows if row.flips)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        asked, *rows = (dataclasses.asdict(row) for row in (self.asked, *self.rows))
        about = {"definition": self.answer.definition["indicator_id"], "draws": self.answer.draws}
        return about | {"asked": asked, "rows": rows}


def sensitivity(data: Data, assessment: Assessment, *, draws: int | None = None) -> tuple[Sensitivity, ...]:
    """Vary the choices behind an assessment one at a time: one Sensitivity, or one for each definition.

    `assessment` is a whole one made with `data`. Windows look back over the last 5, 8, 12 and 20 years where that
    leaves three levels; up to 12 years are left out one at a time (the neighbours of a left-out yearly change are
    joined to one change over two years); base years are moved by up to two years, the plan's yearly pace kept; a
    tolerance is left away; the other models are tried. A variant that cannot be computed says why and flips nothing.
    """
    base = again(data, assessment, draws=draws)
    assert base is not None  # the whole assessment has no part to miss
    base = with_bases(data, base)
    parts = base.by_definition()
    tried: list[tuple[Variant, Assessment | Note | None]] = []
    for draft, changed in _variants(data, base):
        try:
            one = again(changed.pop("data", data), base, **changed)
            tried.append((draft, one and with_bases(data, one, base.target)))  # the same aim, however read
        except QcityError as error:
            tried.append((draft, Note("model", getattr(error, "values", {"why": str(error)}))))
    varied = []
    for part in parts:
        answers = [(draft, same_part(a, part) if isinstance(a, Assessment) else a) for draft, a in tried]
        for other in (one for one in parts if one is not part):
            names = {lang: str(other.definition[f"name_{lang}"]) for lang in ("zh", "en")}
            answers.append((Variant("definition", str(other.definition["indicator_id"]), names=names), other))
        rows = [_judged(draft, a, part) for draft, a in answers if a is not None and _tells(draft, part)]
        rows.sort(key=lambda row: KINDS.index(row.kind))
        varied.append(Sensitivity(part, _judged(Variant("asked", None), part, part), tuple(rows)))
    return tuple(varied)


def _variants(data: Data, base: Assessment) -> Iterator[tuple[Variant, dict[str, Any]]]:
    """Every variant that applies, without a verdict, and what `again` is asked with: `data`, `target` or `model`."""
    from ..forecasting.forecast import MODELS

    answers, target, year_of_base = base.by_definition(), base.target, base.target.base_year
    levels = sorted({int(year) for answer in answers for year in answer.levels().index})
    open_ = any(answer.status == "forecast" for answer in answers)
    if open_ and target.kind in (*BY_LEVEL, "cumulative"):
        rows, places = data.observations, {one for a in answers if a.series for one in a.series.places()}
        mine = among(rows, places)
        start = rows["base_period"].astype(float).fillna(rows["year"] - (rows["measure"] == "change_pct"))
        for years, first in _windows(levels, year_of_base if target.kind != "level" else None):
            kept = rows[~mine | (start >= first)].reset_index(drop=True)  # they say nothing of years before
            yield Variant("window", years, first=first), {"data": replace(data, observations=kept)}
        for year in levels[-LEFT_OUT:]:
            if year != year_of_base:
                kept = _without(rows, mine, year).reset_index(drop=True)
                yield Variant("leave_out", year), {"data": replace(data, observations=kept)}
    if year_of_base is not None and target.kind in ("relative_change", "direction", "cumulative"):
        for year in (year_of_base + step for step in BASES):
            if year in levels and year < min(target.deadline, levels[-1]):
                moved = replace(target, base_year=year, threshold=_same_pace(target, year_of_base, year))
                yield Variant("base_year", year), {"target": moved}
    if target.tolerance:
        yield Variant("tolerance", 0.0), {"target": replace(target, tolerance=0.0)}
    if open_ and target.kind in BY_LEVEL:
        for name in ("mixture", *MODELS):
            if name != base.model:
                yield Variant("model", name), {"model": name}


def _same_pace(target: Target, base: int, year: int) -> float | None:
    """The threshold of the plan's yearly pace from another base on: −13 % in five years are −15.4 % in six."""
    longer = (target.deadline - year) / (target.deadline - base)
    if not target.threshold or target.kind != "relative_change":
        return target.threshold and target.threshold * longer
    return 100 * (max(0.0, 1 + target.threshold / 100) ** longer - 1)


def _windows(levels: Sequence[int], base_year: int | None) -> Iterator[tuple[int, int]]:
    """Windows by length and first year with fewer levels than the one before, but three; never without the base."""
    count = len(levels)
    for years in WINDOWS if levels else ():
        first = levels[-1] - years + 1
        inside = sum(year >= first for year in levels)
        if 3 <= inside < count and (base_year is None or first <= base_year):
            count = inside
            yield years, first


def _without(rows: pd.DataFrame, mine: Any, year: int) -> pd.DataFrame:
    """As if nothing had been published about `year`; the yearly changes around it become one over two years."""
    yearly, whole = rows["measure"] == "change_pct", is_whole(rows["period"])
    about, onward = mine & (rows["year"] == year), mine & yearly & (rows["year"] == year + 1)
    kept, later = rows[~about & ~onward], rows[onward & whole]
    key = ["indicator_id", "region"]
    before = newest_vintages(rows[about & yearly & whole])[[*key, "value"]]
    pairs = later.iloc[newest_rows(later)].merge(before, on=key, suffixes=("", "_before"))
    if pairs.empty:
        return kept
    ratio = 1 + pairs["value_before"].astype(float) / 100
    value = 100 * (ratio * (1 + pairs["value"].astype(float) / 100) - 1)
    joined = pairs.assign(value=value, measure="cumulative_change_pct", base_period=year - 1)[rows.columns]
    return pd.concat([kept, joined.astype(kept.dtypes)])


def _judged(draft: Variant, answer: Assessment | Note, asked: Assessment) -> Variant:
    """A variant with the verdict of its answer, or with the reason why there is none."""
    if isinstance(answer, Note):
        return replace(draft, reason=answer)
    judged = replace(draft, status=answer.status, reason=answer.reason)
    if answer.status == "forecast":
        judged = replace(judged, probability=answer.probability, word=answer.word)
    return replace(judged, flips=None not in (answer.chance, asked.chance) and another_verdict(answer, asked))


def _tells(row: Variant, part: Assessment) -> bool:
    """Whether a variant can turn this answer: not a year it has no level of, nor a window that holds all its levels."""
    levels = part.levels().index
    absent = row.kind == "leave_out" and row.value not in levels
    idle = row.first is not None and not len(levels) > (levels >= row.first).sum() >= 3
    return row.kind in ALLOWED.get(part.status, ()) and not absent and not idle


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
        """The last step at which the verdict changed, else the step that moved the probability most, or "unchanged"."""
        pairs = dict(zip(STEPS, pairwise(self.answers), strict=True))
        if self.flipped:
            return next((step for step in reversed(STEPS) if another_verdict(*pairs[step])), STEPS[-1])
        if _moved(self.before, self.after, BEYOND):  # each step may be within chance, together beyond it
            sizes = {step: [abs(_moved(*pair, errors) or 0.0) for errors in (BEYOND, 0.0)]
                     for step, pair in pairs.items()}  # fmt: skip
            return max(STEPS, key=sizes.__getitem__)
        changed = [part for part in self.parts if part.word != "unchanged"]
        return max(changed, key=lambda part: part.flipped).word if changed else "unchanged"

    def to_dict(self) -> dict[str, Any]:
        """The change as plain values that JSON can hold, each answer by status, probability and word."""
        days = {"earlier": str(self.before.as_of), "later": str(self.after.as_of)}
        answers = {"before": self.before, "after": self.after}
        names = ("status", "probability", "word", "basis", "headline_probability")
        said = {when: {name: getattr(one, name) for name in names} for when, one in answers.items()}
        own: dict[str, Any] = {f"by_{step}": moved for step, moved in self.steps.items()}
        came = self.figures.assign(known_from=self.figures["known_from"].dt.strftime("%Y-%m-%d"))
        came = came.rename(columns={"value_before": "before"})[NAMED].astype(object)
        figures = came.where(came.notna(), None).to_dict("records")
        own |= {"word": self.word, "flipped": self.flipped}
        own["definition"] = self.after.definition["indicator_id"]
        return days | said | own | {"figures": figures, "parts": [part.to_dict() for part in self.parts]}


def explain_change(
    data: Data, target_id: str, plan: str | None, earlier: str | dt.date, later: str | dt.date, **kw: Any
) -> Change:
    """Compare the answers for a target on two days and say what made the difference.

    `data` must be loaded for `later` or a later day; `kw` are options of `assess`. Four assessments are made with the
    same seed: on the earlier day; the date moved, with the figures of the earlier day; with the revisions published in
    between; with the new figures too. Raises QcityError when the days are not in order, and what `assess` raises.
    """
    came, before, after = diff(data, earlier, later), data.at(earlier), data.at(later)
    rows, figure = after.observations, figure_codes(after.observations)
    late = rows["known_from"] > pd.Timestamp(to_date(earlier))
    new = ~np.isin(figure, figure[~late])
    kept = (rows[~late].reset_index(drop=True), rows[~late | ~new].reset_index(drop=True))
    seen = [before, *(replace(after, observations=part) for part in kept), after]
    answers = [assess(one, target_id, plan=plan, as_of=one.as_of, **kw) for one in seen]
    by_name = [{one.definition["indicator_id"]: one for one in answer.by_definition()} for answer in answers]
    named = [one.definition["indicator_id"] for one in answers[-1].parts if one.role == "definition"]
    came = came[came["change"] != "corrected"]
    parts = [_change([one[name] for one in by_name], came)
             for name in named if all(name in one for one in by_name)]  # fmt: skip
    return _change(answers, came, parts)


def _change(answers: Sequence[Assessment], came: pd.DataFrame, parts: Sequence[Change] = ()) -> Change:
    """A change with those of the figures that its answers rest on."""
    series = set[tuple[str, str]]().union(*(answer.places() for answer in answers))
    return Change(tuple(answers), came[among(came, series)], tuple(parts))


def another_verdict(one: Assessment, other: Assessment) -> bool:
    """Whether two answers say another verdict: another status, or the other side of 50 % by more than chance.

    Answers by definition that both depend on the definition are the same verdict: their parts are compared one by one.
    """
    if one.status != other.status or one.status != "forecast":
        return one.status != other.status
    sides = {(answer.chance or 0.0) >= 0.5 for answer in (one, other)}
    return len(sides) > 1 and bool(_moved(one, other, BEYOND))


def _moved(one: Assessment, other: Assessment, errors: float = 0.0) -> float | None:
    """How far the probability moved: 0 within so many Monte Carlo errors, None where there is none."""
    if one.chance is None or other.chance is None:
        return None
    error = math.hypot(one.probability_error or 0.0, other.probability_error or 0.0)
    moved = other.chance - one.chance
    return moved if abs(moved) > errors * error else 0.0

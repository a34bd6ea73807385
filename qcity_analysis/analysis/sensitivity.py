"""How far a verdict depends on choices: the years used, one odd year, the base year, the tolerance, the model, the
definition.

Each choice is varied by itself, everything else as asked; the figures are changed as if they had been published so,
and the whole assessment is made again. Combinations of choices are out of scope.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..data.vintages import among, is_whole, newest_rows, newest_vintages
from ..errors import Note, QcityError
from ..targets import Target
from .attribution import another_verdict
from .outlook import BY_LEVEL, again, same_part

WINDOWS = (20, 12, 8, 5)  # years looked back
LEFT_OUT = 12  # the last years that are left out one at a time
BASES = (-2, -1, 1, 2)  # base years tried, from the plan's own
KINDS = ("window", "leave_out", "base_year", "tolerance", "model", "definition")
SETTLED = ("base_year", "tolerance", "definition")
ALLOWED = {"forecast": KINDS, "met": SETTLED, "missed": SETTLED}  # what an answer of each status turns on

Changed = dict[str, Any]  # what `again` is asked with instead: `data`, `target` or `model`


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
    parts = base.by_definition()
    tried: list[tuple[Variant, Assessment | Note | None]] = []
    for draft, changed in _variants(data, base):
        try:
            tried.append((draft, again(changed.pop("data", data), base, **changed)))
        except QcityError as error:
            tried.append((draft, Note("model", {"why": str(error)})))
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


def _variants(data: Data, base: Assessment) -> Iterator[tuple[Variant, Changed]]:
    """Every variant that applies, still without a verdict, and what is asked with it."""
    from ..forecasting.forecast import MODELS

    answers, target, year_of_base = base.by_definition(), base.target, base.target.base_year
    levels = sorted({int(year) for answer in answers for year in answer.levels().index})
    open_ = any(answer.status == "forecast" for answer in answers)
    if open_ and target.kind in (*BY_LEVEL, "cumulative"):
        rows, places = data.observations, {one for a in answers if a.series for one in a.series.places()}
        mine = among(rows, places)
        for years, first in _windows(levels, year_of_base if target.kind != "level" else None):
            yield Variant("window", years, first=first), _with(data, rows[~mine | _since(rows, first)])
        for year in levels[-LEFT_OUT:]:
            if year != year_of_base:
                yield Variant("leave_out", year), _with(data, _without(rows, mine, year))
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
    """The threshold that asks for the plan's yearly pace from another base year on: −13 % in five years are −15.4 % in
    six, a count of 50 in five years is 60. With the plan's own number the other base would ask for another pace.
    """
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


def _since(rows: pd.DataFrame, first: int) -> pd.Series:
    """Which figures say nothing about the years before `first`."""
    start = rows["year"].where(rows["measure"] != "change_pct", rows["year"] - 1)
    based = pd.to_numeric(rows["base_period"], errors="coerce")
    return start.where(rows["base_period"].isna(), based) >= first


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


def _with(data: Data, rows: pd.DataFrame) -> Changed:
    return {"data": replace(data, observations=rows.reset_index(drop=True))}


def _judged(draft: Variant, answer: Assessment | Note, asked: Assessment) -> Variant:
    """A variant with the verdict of its answer, or with the reason why there is none."""
    if isinstance(answer, Note):
        return replace(draft, reason=answer)
    judged = replace(draft, status=answer.status, reason=answer.reason)
    if answer.status == "forecast":
        judged = replace(judged, probability=answer.probability, word=answer.word)
    return replace(judged, flips=None not in (answer.chance, asked.chance) and another_verdict(answer, asked))


def _tells(row: Variant, part: Assessment) -> bool:
    """Whether a variant says something about this answer: of a forecast all do, except windows that hold all its levels
    and years it has no level for; a settled target turns only on base year, tolerance and definition; one that cannot
    be assessed on nothing.
    """
    levels = part.levels().index
    if row.kind == "leave_out" and row.value not in levels:
        return False
    return row.kind in ALLOWED.get(part.status, ()) and (
        row.first is None or bool(len(levels) > (levels >= row.first).sum() >= 3)
    )

"""How far a verdict depends on choices: the years used, one odd year, the base year, the tolerance, the model, the
definition.

Each choice is varied by itself, everything else as asked; the figures are changed as if they had been published so,
and the whole assessment is made again. Combinations of choices are out of scope.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..data.vintages import is_whole, newest_rows, newest_vintages
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

Again = Callable[[], Assessment | None]
Series = set[tuple[str, str]]  # indicator and region


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
    """All variants of one answer: `answer`, the Assessment as asked; `asked`, the same as a Variant, with the number of
    `draws` all variants have; `rows` in the order of KINDS.
    """

    answer: Assessment
    asked: Variant
    rows: tuple[Variant, ...]
    draws: int

    @property
    def flips(self) -> tuple[Variant, ...]:
        """The variants with another verdict."""
        return tuple(row for row in self.rows if row.flips)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        rows = [dataclasses.asdict(row) for row in (self.asked, *self.rows)]
        definition = self.answer.definition["indicator_id"]
        return {"definition": definition, "draws": self.draws, "asked": rows[0], "rows": rows[1:]}


def sensitivity(data: Data, assessment: Assessment, *, draws: int | None = None) -> tuple[Sensitivity, ...]:
    """Vary the choices behind an assessment one at a time: one Sensitivity, or one for each definition.

    `assessment` is a whole one made with `data`. Windows look back over the last 5, 8, 12 and 20 years where that
    leaves three levels; up to 12 years are left out one at a time (the neighbours of a left-out yearly change are
    joined to one change over two years); base years are moved by up to two years, the plan's yearly pace kept; a
    tolerance is left away; the other models are tried. A variant that cannot be computed says why and flips nothing.
    """
    draws = draws or assessment.draws
    base = again(data, assessment, draws=draws)
    assert base is not None  # the whole assessment has no part to miss
    parts = base.by_definition()
    tried: list[tuple[Variant, Assessment | Note | None]] = []
    for draft, ask in _variants(data, base):
        try:
            tried.append((draft, ask()))
        except QcityError as error:
            tried.append((draft, Note("model", {"why": str(error)})))
    varied = []
    for part in parts:
        answers = [(draft, same_part(a, part) if isinstance(a, Assessment) else a) for draft, a in tried]
        answers += [(_of_part(other), other) for other in parts if other is not part]
        rows = [_judged(draft, answer, part) for draft, answer in answers if answer is not None]
        rows = sorted((row for row in rows if _tells(row, part)), key=lambda row: KINDS.index(row.kind))
        varied.append(Sensitivity(part, _judged(Variant("asked", None), part, part), tuple(rows), draws))
    return tuple(varied)


def _variants(data: Data, base: Assessment) -> Iterator[tuple[Variant, Again]]:
    """Every variant that applies, still without a verdict, and how its assessment is made."""
    from ..forecasting.forecast import MODELS

    answers, target, year_of_base = base.by_definition(), base.target, base.target.base_year
    levels = sorted({int(year) for answer in answers for year in answer.levels().index})
    open_ = any(answer.status == "forecast" for answer in answers)
    lean, series = _lean(data, base, answers), _series(answers)
    if open_ and target.kind in (*BY_LEVEL, "cumulative"):
        for years, first in _windows(levels, year_of_base if target.kind != "level" else None):
            window = Variant("window", years, first=first)
            yield window, partial(again, _since(lean, series, first), base)
        for year in levels[-LEFT_OUT:]:
            if year != year_of_base:
                yield Variant("leave_out", year), partial(again, _without(lean, series, year), base)
    if year_of_base is not None and target.kind in ("relative_change", "direction", "cumulative"):
        for year in (year_of_base + step for step in BASES):
            if year in levels and year < min(target.deadline, levels[-1]):
                moved = replace(target, base_year=year, threshold=_same_pace(target, year_of_base, year))
                yield Variant("base_year", year), partial(again, data, base, moved)
    if target.tolerance:
        yield Variant("tolerance", 0.0), partial(again, data, base, replace(target, tolerance=0.0))
    if open_ and target.kind in BY_LEVEL:
        for name in ("mixture", *MODELS):
            if name != base.model:
                yield Variant("model", name), partial(again, lean, base, model=name)


def _same_pace(target: Target, base: int, year: int) -> float | None:
    """The threshold that asks for the plan's yearly pace from another base year on: −13 % in five years are −15.4 % in
    six, a count of 50 in five years is 60. With the plan's own number the other base would ask for another pace.
    """
    longer = (target.deadline - year) / (target.deadline - base)
    if not target.threshold or target.kind != "relative_change":
        return target.threshold and target.threshold * longer
    return 100 * (max(0.0, 1 + target.threshold / 100) ** longer - 1)


def _lean(data: Data, base: Assessment, answers: Sequence[Assessment]) -> Data:
    """The data without the definitions that are settled, which no window, year or model can change: several times
    faster. Only where every other answer stays exactly the same; else the data themselves.
    """
    settled = _series([answer for answer in answers if answer.status in ("met", "missed")])
    open_ = [answer for answer in answers if answer.status == "forecast"]
    if not settled or not open_:
        return data
    lean = _with(data, data.observations[~_of(data, settled)])
    same = [again(lean, answer) for answer in open_]
    alike = all(b is not None and b.probability == a.probability for a, b in zip(open_, same, strict=True))
    return lean if alike else data


def _series(answers: Sequence[Assessment]) -> Series:
    return {one for answer in answers if answer.series is not None for one in answer.series.places()}


def _windows(levels: Sequence[int], base_year: int | None) -> Iterator[tuple[int, int]]:
    """Windows by length and first year with fewer levels than the one before, but three; never without the base."""
    count = len(levels)
    for years in WINDOWS if levels else ():
        first = levels[-1] - years + 1
        inside = sum(year >= first for year in levels)
        if 3 <= inside < count and (base_year is None or first <= base_year):
            count = inside
            yield years, first


def _of(data: Data, series: Series) -> pd.Series:
    rows = data.observations
    keys = zip(rows["indicator_id"], rows["region"], strict=True)
    return pd.Series([key in series for key in keys], index=rows.index, dtype=bool)


def _since(data: Data, series: Series, first: int) -> Data:
    """As if nothing had been published about the years before `first`."""
    rows = data.observations
    start = rows["year"].where(rows["measure"] != "change_pct", rows["year"] - 1)
    start = start.where(rows["base_period"].isna(), pd.to_numeric(rows["base_period"], errors="coerce"))
    return _with(data, rows[~_of(data, series) | (start >= first)])


def _without(data: Data, series: Series, year: int) -> Data:
    """As if nothing had been published about `year`; the yearly changes around it become one over two years."""
    rows, mine = data.observations, _of(data, series)
    yearly, whole = rows["measure"] == "change_pct", is_whole(rows["period"])
    about, onward = mine & (rows["year"] == year), mine & yearly & (rows["year"] == year + 1)
    kept, later = rows[~about & ~onward], rows[onward & whole]
    key = ["indicator_id", "region"]
    before = newest_vintages(rows[about & yearly & whole])[[*key, "value"]]
    pairs = later.iloc[newest_rows(later)].merge(before, on=key, suffixes=("", "_before"))
    if pairs.empty:
        return _with(data, kept)
    ratio = 1 + pairs["value_before"].astype(float) / 100
    value = 100 * (ratio * (1 + pairs["value"].astype(float) / 100) - 1)
    joined = pairs.assign(value=value, measure="cumulative_change_pct", base_period=year - 1)[rows.columns]
    return _with(data, pd.concat([kept, joined.astype(kept.dtypes)]))


def _with(data: Data, rows: pd.DataFrame) -> Data:
    return replace(data, observations=rows.reset_index(drop=True))


def _judged(draft: Variant, answer: Assessment | Note, asked: Assessment) -> Variant:
    """A variant with the verdict of its answer, or with the reason why there is none."""
    if isinstance(answer, Note):
        return replace(draft, reason=answer)
    chance, word = (answer.probability, answer.word) if answer.status == "forecast" else (None, None)
    flips = None not in (answer.chance, asked.chance) and another_verdict(answer, asked)
    verdict = {"status": answer.status, "probability": chance, "word": word, "reason": answer.reason}
    return replace(draft, flips=flips, **verdict)  # type: ignore[arg-type]


def _of_part(other: Assessment) -> Variant:
    """Another definition as a variant with its names."""
    names = {lang: str(other.definition[f"name_{lang}"]) for lang in ("zh", "en")}
    return Variant("definition", str(other.definition["indicator_id"]), names=names)


def _tells(row: Variant, part: Assessment) -> bool:
    """Whether a variant says something about this answer: of a forecast all do, except windows that hold all its levels
    and years it has no level for; a settled target turns only on base year, tolerance and definition; one that cannot
    be assessed on nothing.
    """
    levels = part.levels().index
    if row.kind not in ALLOWED.get(part.status, ()):
        return False
    if row.kind == "leave_out":
        return row.value in levels
    return row.first is None or bool(len(levels) > (levels >= row.first).sum() >= 3)

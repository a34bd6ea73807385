"""How far a verdict depends on choices: the years used, one odd year, the base year, the tolerance, the model, the
definition.

Each choice is varied by itself, everything else as asked; the figures are changed as if they had been published so,
and the whole assessment is made again. Combinations of choices are out of scope.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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

WINDOWS = (5, 8, 12, 20)  # years looked back
LEFT_OUT = 12  # the last years that are left out one at a time
BASES = (-2, -1, 1, 2)  # base years tried, from the plan's own
KINDS = ("window", "leave_out", "base_year", "tolerance", "model", "definition", "borrowed")
SETTLED = ("base_year", "tolerance", "definition")
OTHERS = ("borrowed",)


@dataclass(frozen=True)
class Variant:
    """One answer with one choice varied.

    Attributes: `kind` ("asked" or one of KINDS); `value`, what was chosen: years looked back, the year left out, the
    base year, the tolerance, the model, the indicator of a definition, or "region/indicator" borrowed from; `names` of
    a definition or comparator by language; `first` year of a window; `status`, `probability` and `word` as in an
    Assessment; `flips`: the verdict is another than as asked (its status, or its side of 50 %); `reason` (a Note) when
    there is no verdict.
    """

    kind: str
    value: int | float | str | None
    status: str
    probability: float | None = None
    word: str | None = None
    flips: bool = False
    reason: Note | None = None
    first: int | None = None
    names: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Sensitivity:
    """All variants of one answer.

    Attributes: `answer`, the Assessment as asked; `asked`, the same as a Variant, with the number of `draws` all
    variants have; `rows` in the order of KINDS.
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
        return {
            "definition": self.answer.definition["indicator_id"],
            "draws": self.draws,
            "asked": dataclasses.asdict(self.asked),
            "rows": [dataclasses.asdict(row) for row in self.rows],
        }


def sensitivity(data: Data, assessment: Assessment, *, draws: int | None = None) -> tuple[Sensitivity, ...]:
    """Vary the choices behind an assessment one at a time: one Sensitivity, or one for each definition.

    `data` and `assessment` as they belong together (the whole assessment, not a part), with as many `draws` unless
    given. Windows look back over the last 5, 8, 12 and 20 years where that leaves three levels; up to 12 years are left
    out one at a time (the neighbours of a left-out yearly change are joined to one change over two years); base years
    are moved by up to two years, the plan's yearly pace kept; a tolerance is left away; the other models are
    tried. A variant that cannot be computed says why and flips nothing.
    Settled and unassessable targets have those variants that apply.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-12-31")
    >>> (varied,) = sensitivity(data, qc.assess(data, "rd_intensity", draws=500), draws=500)
    >>> varied.asked.status, "tolerance" in {row.kind for row in varied.rows}
    ('forecast', True)
    """
    draws = draws or assessment.draws
    base = again(data, assessment, draws=draws)
    assert base is not None  # the whole assessment has no part to miss
    parts = base.by_definition()
    tried = [(draft, _made(ask)) for draft, ask in _variants(data, base)]
    varied = []
    for part in parts:
        rows = []
        for draft, made in tried:
            answer = same_part(made, part) if isinstance(made, Assessment) else made
            rows += [] if answer is None else [_judged(draft, answer, part)]
        rows += [_judged(_of_definition(other), other, part) for other in parts if other is not part]
        rows += [_judged(_of_comparator(other), other, part) for other in base.parts if other.borrowed]
        asked = _judged(Variant("asked", None, part.status), part, part)
        varied.append(Sensitivity(part, asked, tuple(_in_order(rows, part)), draws))
    return tuple(varied)


def _made(ask: Callable[[], Assessment | None]) -> Assessment | Note | None:
    """The assessment, or why it could not be made."""
    try:
        return ask()
    except QcityError as error:
        return Note("model", {"why": str(error)})


Ask = Callable[[], Assessment | None]


def _variants(data: Data, base: Assessment) -> Iterator[tuple[Variant, Ask]]:
    """Every variant that applies, still without a verdict, and how its assessment is made."""
    answers, kind = base.by_definition(), base.target.kind
    levels = sorted({int(year) for answer in answers for year in answer.levels().index})
    open_ = any(answer.status == "forecast" for answer in answers)
    lean = _lean(data, base, answers)
    if open_ and kind in (*BY_LEVEL, "cumulative"):
        yield from _other_years(lean, base, levels)
    yield from _other_targets(data, base, levels)
    if open_ and kind in BY_LEVEL:
        from ..forecasting.forecast import MODELS

        for name in ("mixture", *MODELS):
            if name != base.model:
                yield _variant("model", name), partial(again, lean, base, model=name)


def _variant(kind: str, value: float | str, first: int | None = None) -> Variant:
    return Variant(kind, value, "not_assessable", first=first)


def _other_years(data: Data, base: Assessment, levels: Sequence[int]) -> Iterator[tuple[Variant, Ask]]:
    """Windows, and years left out."""
    target, places = base.target, _places(base.by_definition())
    for years, first in _windows(levels, target.base_year if target.kind != "level" else None):
        yield _variant("window", years, first), partial(again, _since(data, places, first), base)
    for year in levels[-LEFT_OUT:]:
        if year != target.base_year:
            yield _variant("leave_out", year), partial(again, _without(data, places, year), base)


def _other_targets(data: Data, base: Assessment, levels: Sequence[int]) -> Iterator[tuple[Variant, Ask]]:
    """Base years, and no tolerance."""
    target, base_year = base.target, base.target.base_year
    if base_year is not None and target.kind in ("relative_change", "direction", "cumulative"):
        for year in (base_year + step for step in BASES):
            if year in levels and year < min(target.deadline, levels[-1]):
                moved = dataclasses.replace(target, base_year=year, threshold=_same_pace(target, year))
                yield _variant("base_year", year), partial(again, data, base, moved)
    if target.tolerance:
        strict = dataclasses.replace(target, tolerance=0.0)
        yield _variant("tolerance", 0.0), partial(again, data, base, strict)


def _same_pace(target: Target, year: int) -> float | None:
    """The threshold that asks for the plan's yearly pace from another base year on: −13 % in five years are −15.4 % in
    six, a count of 50 in five years is 60. With the plan's own number the other base would ask for another pace.
    """
    if not target.threshold or target.base_year is None:
        return target.threshold
    longer = (target.deadline - year) / (target.deadline - target.base_year)
    if target.kind != "relative_change":
        return target.threshold * longer
    return 100 * (max(0.0, 1 + target.threshold / 100) ** longer - 1)


def _lean(data: Data, base: Assessment, answers: Sequence[Assessment]) -> Data:
    """The data without the definitions that are settled, which no window, year or model can change: several times
    faster. Only where every other answer stays exactly the same; else the data themselves.
    """
    settled = _places([answer for answer in answers if answer.status in ("met", "missed")])
    open_ = [answer for answer in answers if answer.status == "forecast"]
    if not settled or not open_:
        return data
    lean = _with(data, data.observations[~_mine(data, settled)])
    same = [again(lean, answer) for answer in open_]
    alike = all(b is not None and b.probability == a.probability for a, b in zip(open_, same, strict=True))
    return lean if alike else data


def _places(answers: Sequence[Assessment]) -> set[tuple[str, str]]:
    return {place for answer in answers if answer.series is not None for place in answer.series.places()}


def _windows(levels: Sequence[int], base_year: int | None) -> Iterator[tuple[int, int]]:
    """Windows by length and first year that hold fewer levels than there are, but three; never without the base."""
    held = len(levels)
    for years in sorted(WINDOWS, reverse=True) if held else ():
        first = levels[-1] - years + 1
        inside = sum(year >= first for year in levels)
        if 3 <= inside < held and (base_year is None or first <= base_year):
            held = inside
            yield years, first


def _mine(data: Data, places: set[tuple[str, str]]) -> pd.Series:
    rows = data.observations
    keys = zip(rows["indicator_id"], rows["region"], strict=True)
    return pd.Series([key in places for key in keys], index=rows.index, dtype=bool)


def _since(data: Data, places: set[tuple[str, str]], first: int) -> Data:
    """As if nothing had been published about the years before `first`."""
    rows = data.observations
    start = rows["year"].where(rows["measure"] != "change_pct", rows["year"] - 1)
    start = start.where(rows["base_period"].isna(), pd.to_numeric(rows["base_period"], errors="coerce"))
    return _with(data, rows[~_mine(data, places) | (start >= first)])


def _without(data: Data, places: set[tuple[str, str]], year: int) -> Data:
    """As if nothing had been published about `year`; the yearly changes around it become one over two years."""
    rows, mine = data.observations, _mine(data, places)
    yearly, whole = rows["measure"] == "change_pct", is_whole(rows["period"])
    about, onward = mine & (rows["year"] == year), mine & yearly & (rows["year"] == year + 1)
    kept, later = rows[~about & ~onward], rows[onward & whole]
    before = newest_vintages(rows[about & yearly & whole])[["indicator_id", "region", "value"]]
    pairs = later.iloc[newest_rows(later)].merge(
        before, on=["indicator_id", "region"], suffixes=("", "_before")
    )
    if pairs.empty:
        return _with(data, kept)
    ratio = 1 + pairs["value_before"].astype(float) / 100
    value = 100 * (ratio * (1 + pairs["value"].astype(float) / 100) - 1)
    joined = pairs.assign(value=value, measure="cumulative_change_pct", base_period=year - 1)[rows.columns]
    return _with(data, pd.concat([kept, joined.astype(kept.dtypes)]))


def _with(data: Data, rows: pd.DataFrame) -> Data:
    return dataclasses.replace(data, observations=rows.reset_index(drop=True))


def _judged(draft: Variant, answer: Assessment | Note, asked: Assessment) -> Variant:
    """A variant with the verdict of its answer, or with the reason why there is none."""
    if isinstance(answer, Note):
        return dataclasses.replace(draft, reason=answer)
    open_ = answer.status == "forecast"
    return dataclasses.replace(
        draft,
        status=answer.status,
        probability=answer.probability if open_ else None,
        word=answer.word if open_ else None,
        flips=flips(answer, asked),
        reason=answer.reason,
    )


def _of_definition(other: Assessment) -> Variant:
    names = {lang: str(other.definition[f"name_{lang}"]) for lang in ("zh", "en")}
    return Variant("definition", str(other.definition["indicator_id"]), other.status, names=names)


def _of_comparator(other: Assessment) -> Variant:
    lender = other.borrowed
    assert lender is not None
    regions, indicators = lender.region_names, lender.indicator_names
    names = {"zh": f"{regions['zh']}“{indicators['zh']}”", "en": f"{indicators['en']}, {regions['en']}"}
    return Variant("borrowed", f"{lender.region}/{lender.indicator_id}", other.status, names=names)


def flips(part: Assessment, asked: Assessment) -> bool:
    """Whether two answers give another verdict (see `another_verdict`); an answer without one flips nothing."""
    return None not in (part.chance, asked.chance) and another_verdict(part, asked)


def _in_order(rows: Sequence[Variant], part: Assessment) -> list[Variant]:
    """Those that say something about this answer, in the order of KINDS.

    A forecast has them all, except windows that hold all its levels and years it has no level for; a settled target
    turns only on base year, tolerance and definition; one that cannot be assessed has only what is borrowed.
    """
    levels = part.levels().index
    allowed = {"forecast": KINDS, "met": SETTLED, "missed": SETTLED}.get(part.status, OTHERS)

    def tells(row: Variant) -> bool:
        if row.kind == "leave_out":
            return row.value in levels
        return row.first is None or len(levels) > (levels >= row.first).sum() >= 3

    return sorted(
        (row for row in rows if row.kind in allowed and tells(row)), key=lambda row: KINDS.index(row.kind)
    )

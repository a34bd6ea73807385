"""How far a verdict depends on choices: the years used, one odd year, the base year, the tolerance, the model, the
definition.

Each choice is varied by itself, everything else as asked; the figures are changed as if they had been published so,
and the whole assessment is made again. Combinations of choices are out of scope.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..assessment.answer import Assessment
from ..data.load import Data
from ..data.vintages import is_whole, newest_rows, newest_vintages
from ..errors import Note, QcityError
from .attribution import another_verdict, share
from .feasibility import BY_LEVEL
from .outlook import again, same_part

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
    >>> (found,) = sensitivity(data, qc.assess(data, "rd_intensity", draws=500), draws=500)
    >>> found.asked.status, "tolerance" in {row.kind for row in found.rows}
    ('forecast', True)
    """
    draws = draws or assessment.draws
    base = again(data, assessment, draws=draws)
    assert base is not None  # the whole assessment has no part to miss
    parts = [part for part in base.parts if part.role == "definition"] or [base]
    runs = [(kind, value, first, _run(variant)) for kind, value, first, variant in _variants(data, base)]
    found = []
    for part in parts:
        asked = _as_variant("asked", None, part, part)
        rows = [_row(kind, value, first, ran, part) for kind, value, first, ran in runs]
        rows += [_named("definition", other, part) for other in parts if other is not part]
        rows += [_named("borrowed", other, part) for other in base.parts if other.role == "borrowed"]
        found.append(Sensitivity(part, asked, tuple(_in_order(rows, part)), draws))
    return tuple(found)


class _Run:
    """An assessment to be made when it is asked for: data, cells of the target to replace, options."""

    def __init__(
        self, data: Data, base: Assessment, target: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self.data, self.base, self.target, self.options = data, base, target, options

    def __call__(self) -> Assessment | None:
        return again(self.data, self.base, self.target, **self.options)


def _run(variant: _Run) -> Assessment | Note | None:
    """The assessment, or why it could not be made."""
    try:
        return variant()
    except QcityError as error:
        return Note("model", {"why": str(error)})


def _variants(data: Data, base: Assessment) -> Iterator[tuple[str, Any, int | None, _Run]]:
    """Kind, value, first year and run of every variant that applies."""
    answers = [part for part in base.parts if part.role == "definition"] or [base]
    levels = sorted({int(year) for a in answers if a.series is not None for year in a.series.known().index})
    places = {place for a in answers if a.series is not None for place in a.series.places()}
    open_ = any(a.status == "forecast" for a in answers)
    lean = _lean(data, base, answers)
    kind, base_year = base.target.kind, base.target.base_year
    if open_ and kind in (*BY_LEVEL, "cumulative"):
        for years, first in _windows(levels, base_year if kind != "level" else None):
            yield "window", years, first, _Run(_since(lean, places, first), base)
        for year in levels[-LEFT_OUT:]:
            if year != base_year:
                yield "leave_out", year, None, _Run(_without(lean, places, year), base)
    if base_year is not None and kind in ("relative_change", "direction", "cumulative"):
        for step in BASES:
            if base_year + step in levels and base_year + step < min(base.target.deadline, levels[-1]):
                cells = {"base_year": base_year + step, "threshold": _same_pace(base, base_year + step)}
                yield "base_year", base_year + step, None, _Run(data, base, cells)
    if base.target.tolerance:
        yield "tolerance", 0.0, None, _Run(data, base, {"tolerance": 0.0})
    if open_ and kind in BY_LEVEL:
        from ..forecasting.alternatives import NAMES

        for name in ("mixture", *NAMES):
            if name != base.model:
                yield "model", name, None, _Run(lean, base, model=name)


def _same_pace(base: Assessment, year: int) -> float | None:
    """The threshold that asks for the plan's yearly pace from another base year on: −13 % in five years are −15.4 % in
    six, a count of 50 in five years is 60. With the plan's own number the other base would ask for another pace.
    """
    target = base.target
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
    settled = {
        place
        for a in answers
        if a.status in ("met", "missed") and a.series is not None
        for place in a.series.places()
    }
    open_ = [a for a in answers if a.status == "forecast"]
    if not settled or not open_:
        return data
    lean = _with(data, data.observations[~_mine(data, settled)])
    same = [again(lean, a) for a in open_]
    alike = all(b is not None and b.probability == a.probability for a, b in zip(open_, same, strict=True))
    return lean if alike else data


def _windows(levels: Sequence[int], base_year: int | None) -> Iterator[tuple[int, int]]:
    """Windows by length and first year that hold fewer levels than there are, but three; never without the base."""
    last_kept = len(levels)
    for years in sorted(WINDOWS, reverse=True):
        if not levels:
            return
        first = levels[-1] - years + 1
        kept = sum(year >= first for year in levels)
        if 3 <= kept < last_kept and (base_year is None or first <= base_year):
            last_kept = kept
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
    about = mine & (rows["year"] == year)
    onward = mine & (rows["year"] == year + 1) & (rows["measure"] == "change_pct")
    kept = rows[~about & ~onward]
    whole = is_whole(rows["period"])
    before = newest_vintages(rows[about & whole & (rows["measure"] == "change_pct")])
    joined = []
    later = rows[onward & whole]
    for row in later.iloc[newest_rows(later)].itertuples():
        same = before[(before["indicator_id"] == row.indicator_id) & (before["region"] == row.region)]
        for ratio in 1 + same["value"].astype(float) / 100:
            value = 100 * (ratio * (1 + float(row.value) / 100) - 1)
            joined.append(
                rows.loc[[row.Index]].assign(
                    value=value, measure="cumulative_change_pct", base_period=year - 1
                )
            )
    return _with(data, pd.concat([kept, *[one.astype(kept.dtypes) for one in joined]]) if joined else kept)


def _with(data: Data, rows: pd.DataFrame) -> Data:
    return dataclasses.replace(data, observations=rows.reset_index(drop=True))


def _row(
    kind: str, value: Any, first: int | None, ran: Assessment | Note | None, asked: Assessment
) -> Variant | None:
    """One run as a variant of one answer; None where it has no such part."""
    if isinstance(ran, Note):
        return Variant(kind, value, "not_assessable", reason=ran, first=first)
    part = same_part(ran, asked) if ran is not None else None
    if part is None:
        return None
    return dataclasses.replace(_as_variant(kind, value, part, asked), first=first)


def _named(kind: str, other: Assessment, asked: Assessment) -> Variant:
    """Another definition, or a comparator borrowed from, as a variant with its names."""
    if other.borrowed is None:
        names = {lang: str(other.definition[f"name_{lang}"]) for lang in ("zh", "en")}
        value = str(other.definition["indicator_id"])
    else:
        regions, indicators = other.borrowed.region_names, other.borrowed.indicator_names
        names = {"zh": f"{regions['zh']}“{indicators['zh']}”", "en": f"{indicators['en']}, {regions['en']}"}
        value = f"{other.borrowed.region}/{other.borrowed.indicator_id}"
    return dataclasses.replace(_as_variant(kind, value, other, asked), names=names)


def _as_variant(kind: str, value: Any, part: Assessment, asked: Assessment) -> Variant:
    return Variant(
        kind,
        value,
        part.status,
        part.probability if part.status == "forecast" else None,
        part.word if part.status == "forecast" else None,
        flips(part, asked),
        part.reason,
    )


def flips(part: Assessment, asked: Assessment) -> bool:
    """Whether two answers give another verdict: another side of 50 %, or met against missed or a forecast.

    An answer without a verdict flips nothing.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(), "rd_intensity", draws=500)
    >>> flips(answer, answer)
    False
    """
    return share(part) is not None and share(asked) is not None and another_verdict(part, asked)


def _in_order(rows: Sequence[Variant | None], part: Assessment) -> list[Variant]:
    """Those that say something about this answer, in the order of KINDS.

    A forecast has them all, except windows that hold all its levels and years it has no level for; a settled target
    turns only on base year, tolerance and definition; one that cannot be assessed has only what is borrowed.
    """
    levels = part.series.known().index if part.series is not None else pd.Index([])
    allowed = {"forecast": KINDS, "met": SETTLED, "missed": SETTLED}.get(part.status, OTHERS)

    def tells(row: Variant) -> bool:
        if row.kind == "leave_out":
            return row.value in levels
        return row.first is None or len(levels) > (levels >= row.first).sum() >= 3

    kept = [row for row in rows if row is not None and row.kind in allowed and tells(row)]
    return sorted(kept, key=lambda row: KINDS.index(row.kind))

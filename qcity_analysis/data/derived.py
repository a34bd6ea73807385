"""Indicators declared as computed from others: a ratio, a per-head figure, or a sum of counts of new items.

`indicators.csv` says how in `derived`, from which indicators of the same region in `inputs` (separated by `;`), and
in `factor` what a ratio is multiplied by. A level is computed only where every input has one; the figures of the
inputs are those known on the day, so a revised denominator moves the ratio. A published figure of the indicator itself
wins over the computed one, and a difference is a note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from .notes import Note
from .uncertainty import last_digit

if TYPE_CHECKING:
    from .series import AnnualSeries

INPUTS = {"ratio": 2, "per_head": 2, "sum": 1}  # how many inputs each kind has
AGREE = 0.005  # share of the value within which a computed and a published level are taken to agree


@dataclass(frozen=True)
class Computed:
    """What the inputs give: `levels`, `errors` and `lower` bounds by year, and what it rests on.

    Attributes: `kind` ("none", "ratio", "per_head", "sum"), `factor`, `inputs`, `observations` (the rows of the
    inputs), `notes`.
    """

    kind: str = "none"
    factor: float = 1.0
    inputs: tuple[AnnualSeries, ...] = ()
    levels: dict[int, float] = field(default_factory=dict)
    errors: dict[int, float] = field(default_factory=dict)
    lower: dict[int, float] = field(default_factory=dict)
    observations: tuple[pd.DataFrame, ...] = ()
    notes: tuple[Note, ...] = ()

    def conflicts(self, published: dict[int, float]) -> list[Note]:
        """A note for each year whose published level is not the computed one within rounding.

        >>> made = Computed("ratio", levels={2020: 3.52, 2021: 3.60})
        >>> [note.values["year"] for note in made.conflicts({2020: 3.5, 2021: 3.75})]
        [2021]
        """
        notes = []
        for year in sorted(self.levels.keys() & published.keys()):
            made, shown = self.levels[year], published[year]
            if abs(made - shown) > max(0.51 * last_digit(shown), AGREE * abs(shown)):
                facts = {"year": year, "shown": f"{shown:.12g}", "computed": f"{made:.4g}"}
                notes.append(Note("derived_conflict", facts))
        return notes


def input_names(indicator: pd.Series) -> list[str]:
    """The indicators that a row of `indicators.csv` is computed from; none unless it is declared as derived.

    >>> input_names(pd.Series({"derived": "ratio", "inputs": "rd_spending; gdp"}))
    ['rd_spending', 'gdp']
    """
    if indicator["derived"] not in INPUTS:
        return []
    return [part.strip() for part in str(indicator["inputs"]).split(";") if part.strip()]


def computed(
    indicator: pd.Series, inputs: tuple[AnnualSeries, ...], names: Sequence[pd.Series], base_year: int | None
) -> Computed:
    """The levels of a derived indicator from the annual series of its inputs and their rows of `indicators.csv`.

    A ratio or per-head figure is factor × first / second (factor: 100 for a unit of %, else 1, unless declared). A sum
    counts from the year after `base_year` (default: from the first count); after a year without a count, or with
    months only, it is a lower bound.
    """
    kind = str(indicator["derived"])
    if kind not in INPUTS:
        return Computed()
    rows = tuple(part.new_counts if kind == "sum" else part.observations for part in inputs)
    if kind == "sum":
        levels, lower = _sums(inputs[0], base_year)
        errors: dict[int, float] = {}
        factor = 1.0
    else:
        factor = _factor(indicator)
        levels, errors = _ratios(inputs[0], inputs[1], factor)
        lower = {}
    notes = [
        note for part in inputs for note in part.notes if note.code in ("spliced", "assumed_publication")
    ]
    if levels:
        facts: dict[str, Any] = {"years": f"{min(levels)}–{max(levels)}", "factor": f"{factor:g}"}
        facts |= {
            f"input_{k}_{lang}": str(row[f"name_{lang}"])
            for k, row in enumerate(names, 1)
            for lang in ("zh", "en")
        }
        notes.insert(0, Note(f"derived_{kind}", facts))
    return Computed(kind, factor, inputs, levels, errors, lower, rows, tuple(notes))


def _factor(indicator: pd.Series) -> float:
    stated = indicator["factor"]
    if not pd.isna(stated):
        return float(stated)
    return 100.0 if indicator["unit"] == "%" else 1.0


def _ratios(
    top: AnnualSeries, under: AnnualSeries, factor: float
) -> tuple[dict[int, float], dict[int, float]]:
    """The ratio of every year that has both levels, and its standard error from theirs."""
    levels: dict[int, float] = {}
    errors: dict[int, float] = {}
    if top.base_year is not None or under.base_year is not None:
        return levels, errors  # an index has no unit to divide
    for year, level in top.known().items():
        other = under.values.get(year, math.nan)
        if math.isnan(other) or other == 0:
            continue
        levels[int(year)] = factor * float(level) / float(other)
        relative = math.hypot(
            _error(top, int(year)) / level if level else 0.0, _error(under, int(year)) / other
        )
        if relative > 0:
            errors[int(year)] = abs(levels[int(year)]) * relative
    return levels, errors


def _error(series: AnnualSeries, year: int) -> float:
    shared = sum(one.get(year, 0.0) ** 2 for one in series.shared)
    return math.sqrt(series.noisy.get(year, 0.0) ** 2 + shared)


def _sums(counts: AnnualSeries, base_year: int | None) -> tuple[dict[int, float], dict[int, float]]:
    """Running total of new items, and lower bounds from the first year that is not wholly counted."""
    rows = counts.new_counts
    if base_year is not None:
        rows = rows[rows["year"] > base_year]
    if rows.empty:
        return {}, {}
    table = rows.set_index("year")
    first = int(table.index[0]) if base_year is None else base_year + 1
    levels: dict[int, float] = {} if base_year is None else {base_year: 0.0}
    lower: dict[int, float] = {}
    total, whole = 0.0, True
    for year in range(first, int(table.index[-1]) + 1):
        seen = year in table.index
        total += float(table.loc[year, "count"]) if seen else 0.0
        whole &= seen and table.loc[year, "months"] == 12 and table.loc[year, "qualifier"] in ("=", "~")
        if whole:
            levels[year] = total
        elif seen:
            lower[year] = total
    return levels, lower

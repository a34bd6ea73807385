"""One series with everything known of it, checked: values, bounds, errors, and estimates of years without a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import QcityError
from .histories import FEWEST, LOWER, SUPPORTS, UPPER, framed, from_frame, number, whole_number, yearly

Years = Mapping[int, float]


@dataclass(frozen=True)
class PartlyKnown:
    """One series with everything known of it, checked.

    Attributes: `values` (index year, no gaps listed), `support` (its place in SUPPORTS), `breaks`, `low` and `high`
    (bounds of every uncertain year), `told` (year to value and standard error, of estimates and noisy values),
    `shared` (errors several years share: year to size).
    """

    values: pd.Series
    support: int
    breaks: tuple[int, ...]
    low: dict[int, float]
    high: dict[int, float]
    told: dict[int, tuple[float, float]]
    shared: tuple[Years, ...]

    @property
    def last(self) -> int:
        """The last year with a value."""
        return int(self.values.index[-1])

    def ahead(self) -> list[int]:
        """Years after the last value of which something is known."""
        return sorted(year for year in {*self.low, *self.told} if year > self.last)

    def behind(self) -> list[int]:
        """Years up to the last value that are known in part only."""
        return sorted(year for year in {*self.low, *self.told} if year <= self.last)

    @classmethod
    def of(
        cls,
        series: pd.Series,
        support: str,
        breaks: Sequence[int],
        lower: Years | None,
        upper: Years | None,
        noisy: Years | None,
        shared: Sequence[Years],
        estimates: Mapping[int, tuple[float, float]] | None,
    ) -> PartlyKnown | None:
        """What `forecast` was told, or None when everything known is plain values.

        Raises QcityError when a bound or an estimate meets a firm value, bounds leave nothing, a standard error is not
        above 0 or has no value, or nothing links a year to the values; SeriesError as `histories.from_frame`.
        """
        if not (lower or upper or noisy or shared or estimates):
            return None
        seen = _checked(series, support, breaks, len({*(lower or {}), *(upper or {}), *(estimates or {})}))
        lower, upper, errors = _numbers(lower, "lower"), _numbers(upper, "upper"), _numbers(noisy, "noisy")
        shared = [_numbers(one, "shared") for one in shared]
        values = _numbers({year: v for year, (v, _) in (estimates or {}).items()}, "estimates")
        widths = _numbers({year: error for year, (_, error) in (estimates or {}).items()}, "estimates")
        told = {year: (value, widths[year]) for year, value in values.items()}
        for year in told:
            if year in seen.index:
                raise QcityError(f"{year} has a value and an estimate; give one of them")
        for year, error in errors.items():
            if year not in seen.index:
                raise QcityError(f"noisy: no value in {year} to be uncertain about")
            told[year] = (float(seen[year]), error)
        for year, (_, error) in told.items():
            if not error > 0:
                raise QcityError(f"the standard error in {year} must be above 0; found {error!r}")
        low, high = _bounds(seen, SUPPORTS.index(support), lower, upper, errors)
        known = cls(
            seen, SUPPORTS.index(support), tuple(int(b) for b in breaks), low, high, told, tuple(shared)
        )
        known._refuse_unlinked()
        return known

    def segment(self, year: int) -> int:
        """The number of the segment that a year belongs to."""
        return sum(year >= begin for begin in self.breaks)

    def _refuse_unlinked(self) -> None:
        held = {self.segment(int(year)) for year in self.values.index}
        for year in {*self.low, *self.told}:
            if self.segment(year) not in held:
                raise QcityError(
                    f"{year} lies in a segment without a value, so what is known of it says nothing"
                )
        for one in self.shared:
            for year in one:
                if year not in self.values.index:
                    raise QcityError(f"shared: no value in {year} to be uncertain about")


def _numbers(table: Years | None, what: str) -> dict[int, float]:
    """What was told of years, as whole years and finite numbers."""
    return {
        whole_number(year, f"a year of {what}"): number(value, f"{what} in {year}")
        for year, value in (table or {}).items()
    }


def _checked(series: pd.Series, support: str, breaks: Sequence[int], partly: int) -> pd.Series:
    """The values in order, refused as `from_frame` refuses them; two are enough beside a year known in part."""
    frame, seen = framed(series, support), yearly(series).dropna()
    if len(seen) == FEWEST - 1 and partly:
        more = frame[frame["period"] == seen.index[-1]].assign(period=int(seen.index[-1]) + 1)
        frame = pd.concat([frame, more])
    from_frame(frame, breaks)
    return seen


def _bounds(
    seen: pd.Series, kind: int, lower: Years, upper: Years, noisy: Years
) -> tuple[dict[int, float], dict[int, float]]:
    """Both bounds of every bounded year, those of the support where only one is given."""
    low, high = {}, {}
    for year in sorted({*lower, *upper}):
        if year in seen.index and year not in noisy:
            raise QcityError(f"{year} has a value and a bound; give one of them")
        low[int(year)] = max(float(lower.get(year, -np.inf)), float(LOWER[kind]))
        high[int(year)] = min(float(upper.get(year, np.inf)), float(UPPER[kind]))
        if not low[year] < high[year]:
            raise QcityError(f"bounds of {year} leave nothing: {low[year]:g} to {high[year]:g}")
    return low, high

"""How far a figure that is not final may be from the one that will be: a standard error for each published figure.

- `~` ("about 2.7"): anything within one step of the last digit printed, error step / √3.
- `preliminary` and `estimate`: a share of the typical yearly change. The share is learned, for levels and for changes
  apart, from the revisions held in the package: the root mean square of (revised − first) / typical yearly change over
  all figures first published as preliminary or estimate, with STATED counting as PAIRS of them. Only revisions known by
  the day of the data count.
- `final` figures are taken as they are.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

STATED = 0.3  # share of the typical yearly change by which a provisional figure is off, before any revision is seen
PAIRS = 4.0
CHANGES = ("change_pct", "cumulative_change_pct")


def last_digit(value: float, decimals: int = 0) -> float:
    """One step of the last digit of a number as it is written: 0.1 for 2.7, 1 for 13, 100 for 1100.

    `decimals` are the digits after the point as typed, where they are known.

    >>> last_digit(2.7), last_digit(13), last_digit(1100), last_digit(2.5, 2)
    (0.1, 1.0, 100.0, 0.01)
    """
    if decimals:
        return float(10.0**-decimals)
    whole, _, part = f"{abs(value):.10g}".partition(".")
    if part:
        return 10.0 ** -len(part) if "e" not in part else abs(value) * 1e-6
    return 10.0 ** (len(whole) - len(whole.rstrip("0"))) if value else 1.0


@dataclass(frozen=True)
class Shares:
    """Typical revision of a provisional figure over the typical yearly change of its series, by what it measures."""

    level: float = STATED
    change: float = STATED

    def of(self, measure: str) -> float:
        """The share for one measure of the data contract.

        >>> Shares(0.6, 0.3).of("change_pct")
        0.3
        """
        return self.change if measure in CHANGES else self.level


_remembered: dict[
    int, tuple[weakref.ref[pd.DataFrame], Shares]
] = {}  # of tables still in use, which never change


def revision_shares(observations: pd.DataFrame) -> Shares:
    """Typical revisions in the table of a loaded package; STATED where it holds none. Computed once for each table.

    >>> import qcity_analysis as qc
    >>> shares = revision_shares(qc.load().observations)
    >>> 0.2 < shares.change < shares.level < 1.0
    True
    """
    held = _remembered.get(id(observations))
    if held is not None and held[0]() is observations:
        return held[1]
    found = _revisions(observations)
    for key in [key for key, (table, _) in _remembered.items() if table() is None]:
        del _remembered[key]
    _remembered[id(observations)] = (weakref.ref(observations), found)
    return found


def _revisions(observations: pd.DataFrame) -> Shares:
    annual = observations[observations["period"].str.len() == 4]
    annual = annual.sort_values(["known_from", "row"], kind="stable")
    series = list(zip(*(annual[name] for name in ("indicator_id", "region", "measure")), strict=True))
    vintages = [
        _Vintage(*cells)
        for cells in zip(
            *(annual[name] for name in ("period", "base_period", "year", "value", "qualifier", "status")),
            annual["known_from"],
            strict=True,
        )
    ]
    squares: dict[bool, list[float]] = {True: [], False: []}
    for name in sorted({name for name, one in zip(series, vintages, strict=True) if one.provisional}):
        mine = [one for found, one in zip(series, vintages, strict=True) if found == name]
        newest = {one.figure: one for one in mine}
        first: dict[tuple[str, int | None], _Vintage] = {}
        for one in mine:
            if one.provisional:
                first.setdefault(one.figure, one)
        pairs = [(one, newest[figure]) for figure, one in first.items()]
        pairs = [(one, later) for one, later in pairs if later.known_from > one.known_from]
        if not pairs:
            continue
        scale = typical_size(pd.DataFrame(newest.values()), str(name[2]))
        if scale > 0:
            squares[name[2] in CHANGES] += [((later.value - one.value) / scale) ** 2 for one, later in pairs]
    level, change = (
        math.sqrt((PAIRS * STATED**2 + sum(seen)) / (PAIRS + len(seen)))
        for seen in (squares[False], squares[True])
    )
    return Shares(level, change)


class _Vintage(NamedTuple):
    """One figure of a whole year as published on one day."""

    period: str
    base_period: int | None
    year: int
    value: float
    qualifier: str
    status: str
    known_from: pd.Timestamp

    @property
    def figure(self) -> tuple[str, int | None]:
        """What it is a figure of, within its series."""
        return self.period, self.base_period

    @property
    def provisional(self) -> bool:
        """Whether it is not final."""
        return self.status in ("preliminary", "estimate")


def typical_size(rows: pd.DataFrame, measure: str) -> float:
    """Typical size of a yearly change in the unit of one measure's figures; NaN when it cannot be told.

    For levels the median absolute change per √year; for changes the median absolute figure.

    >>> rows = pd.DataFrame({"year": [2020, 2021, 2022], "value": [-3.0, -2.0, -4.0], "qualifier": "="})
    >>> typical_size(rows, "change_pct"), typical_size(rows, "level")
    (3.0, 1.5)
    """
    rows = rows[rows["qualifier"].isin(["=", "~"])].sort_values("year")
    if measure in CHANGES:
        return float(np.median(np.abs(rows["value"]))) if len(rows) else math.nan
    if len(rows) < 2:
        return math.nan
    years = np.maximum(np.diff(rows["year"].to_numpy(float)), 1.0)
    return float(np.median(np.abs(np.diff(rows["value"].to_numpy(float))) / np.sqrt(years)))


def standard_errors(used: pd.DataFrame, shares: Shares) -> pd.Series:
    """Standard error of each figure in its own unit (index as `used`; 0 for a final figure without `~`).

    `used` are the figures of one series; `shares` is `revision_shares`. A cumulative change may be off by as much as a
    yearly one; where the typical change is unknown, one step of the last digit stands for it.

    >>> rows = pd.DataFrame({"year": [2020, 2021, 2022], "value": [2.5, 2.6, 2.7], "qualifier": ["=", "=", "~"],
    ...                      "status": ["final", "final", "preliminary"], "measure": "level"})
    >>> standard_errors(rows, Shares(level=0.5)).round(3).tolist()
    [0.0, 0.0, 0.076]
    """
    final = ~used["status"].isin(["preliminary", "estimate"])
    if (final & (used["qualifier"] != "~")).all():
        return pd.Series(0.0, used.index)
    digits = used["decimals"] if "decimals" in used else [0] * len(used)
    written = [last_digit(value, int(d)) for value, d in zip(used["value"], digits, strict=True)]
    steps = pd.Series(written, index=used.index, dtype=float)
    about = (used["qualifier"] == "~") * steps / math.sqrt(3)
    yearly = used[used["measure"] != "cumulative_change_pct"]
    sizes = {name: typical_size(rows, str(name)) for name, rows in yearly.groupby("measure")}
    sizes.setdefault("cumulative_change_pct", sizes.get("change_pct", math.nan))
    scale = used["measure"].map(sizes).astype(float)
    scale = scale.where(scale > 0, steps)
    share = used["measure"].map(shares.of).astype(float)
    revised = ~final * share * scale
    return np.sqrt(about**2 + revised**2)

"""The verdict on a target from the text of its figures, the slow way: decimals, and what each year can have been.

What is known of a year is an interval: a figure is a point, a bound is open on one side. A target is met where every
number of the interval meets it, missed where none does, and open otherwise. Rows are those of `packages`: what a
target and a figure say in the files, numbers as typed.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Interval = tuple[Decimal, Decimal]

FAR = Decimal("Infinity")
UP = ("at_least", "increase", "increase_every_year")


def verdict(target: Row, rows: list[Row], as_of: str, gaps: list[Decimal] | None = None) -> str:
    """ "met", "missed" or "open" for a target, given its figures and what was published by `as_of`.

    `gaps` receives how far apart the two sides of every comparison are, relative to the larger one.
    """
    with localcontext() as context:
        context.prec = 60
        known = newest([row for row in rows if row["published"] <= as_of])
        base = int(target["base_year"]) if target.get("base_year") else None
        answer = {
            "cumulative": _counted, "zero_event": _counted, "milestone": _milestone, "monotone": _monotone
        }  # fmt: skip
        return answer.get(target["kind"], _level)(target, known, base, [] if gaps is None else gaps)


def whole(period: str) -> bool:
    """Whether a period is a whole year: a year, or a year to date that ends with December."""
    return len(period) == 4 or period[4:] in ("-12", "-Q4")


def newest(rows: list[Row]) -> list[Row]:
    """The last published row of each period and measure; a bound gives way to a figure of the same period."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda row: row["published"]):
        period = row["period"][:4] if whole(row["period"]) else row["period"]
        bound = row["qualifier"] if row["qualifier"] in (">=", "<=") else ""
        found[period, row["measure"], row.get("base_period"), bound] = row
    return [row for key, row in found.items() if not key[3] or (*key[:3], "") not in found]


def _interval(row: Row) -> Interval:
    value = Decimal(str(row["value"]))
    return (-FAR if row["qualifier"] == "<=" else value), (FAR if row["qualifier"] == ">=" else value)


def _year(row: Row) -> int:
    return int(row["period"][:4])


def _side(known: Interval, bound: Decimal, up: bool, strict: bool, gaps: list[Decimal]) -> str:
    """Whether what is known of a number is wholly on the right side of a bound, wholly on the wrong one, or neither."""
    low, high = known if up else (-known[1], -known[0])
    asked = bound if up else -bound
    ends = [end for end in (low, high) if abs(end) < FAR and end != asked and abs(asked) < FAR]
    gaps += [abs(end - asked) / max(abs(end), abs(asked)) for end in ends]
    reached = [end > asked if strict else end >= asked for end in (low, high)]
    return "met" if reached[0] else "open" if reached[1] else "missed"


def levels(rows: list[Row]) -> dict[int, Interval]:
    """What is known of each year's level: as published, else carried on by changes (from 100 where no level is)."""
    rows = [row for row in rows if whole(row["period"])]
    found: dict[int, Interval] = {}
    for row in rows:
        if row["measure"] in ("level", "count_total"):
            low, high = found.get(_year(row), (-FAR, FAR))
            found[_year(row)] = max(low, _interval(row)[0]), min(high, _interval(row)[1])
    changes = [row for row in rows if row["measure"].endswith("change_pct")]
    links = [
        (int(row["base_period"]) if row["measure"].startswith("cum") else _year(row) - 1, _year(row), row)
        for row in changes
    ]
    if links and not found:
        found[min(start for start, _, _ in links)] = (Decimal(100), Decimal(100))
    for start, end, row in sorted(links, key=lambda link: link[1]):
        if start in found and end not in found:
            low, high = (
                level if abs(level) == FAR else level * (1 + change / 100)
                for level, change in zip(found[start], _interval(row), strict=True)
            )
            found[end] = low, high
    return found


def _level(target: Row, rows: list[Row], base: int | None, gaps: list[Decimal]) -> str:
    """Level, about, relative change, coverage, direction, published rank: the deadline's year against one bound."""
    kind, up, found = target["kind"], target["direction"] in UP, levels(rows)
    sign, deadline = (1 if up else -1), int(target["deadline"])
    free = kind == "direction" and not Decimal(str(target["threshold"] or 0))  # any step to the better side
    asked = Decimal(str(target["threshold"] or 0)) - sign * Decimal(str(target.get("tolerance") or 0))
    if deadline not in found:
        return "open"
    if kind in ("relative_change", "direction"):
        start = found.get(base or 0, (-FAR, FAR))
        if start[0] != start[1] or (kind == "relative_change" and start[0] <= 0):
            return "open"
        asked = start[0] * (1 + asked / 100) if kind == "relative_change" else start[0] + sign * abs(asked)
    if kind == "coverage":  # a figure that rounds to it is enough; a lower bound is none
        own = next(
            (r for r in rows if r["measure"] == "level" and _year(r) == deadline and whole(r["period"])), None
        )
        if own and own["qualifier"] != (">=" if up else "<="):
            asked -= sign * Decimal(1).scaleb(min(0, int(Decimal(own["value"]).as_tuple().exponent))) / 2
    return _side(found[deadline], asked, up, free, gaps)


def _monotone(target: Row, rows: list[Row], base: int | None, gaps: list[Decimal]) -> str:
    """Missed where a later year was not better than an earlier one; met once every year was."""
    found, up = levels(rows), target["direction"] in UP
    years = range(base or 0, int(target["deadline"]) + 1)
    told = sorted(year for year in found if year in years)

    def step(before: int, after: int) -> str:
        low, high = found[before]
        best, worst = (
            _side(found[after], end, up, True, gaps) for end in ((low, high) if up else (high, low))
        )
        return "met" if worst == "met" else "missed" if best == "missed" else "open"

    if any(step(a, b) == "missed" for k, a in enumerate(told) for b in told[k + 1 :]):
        return "missed"
    return "met" if told == list(years) and all(step(a, b) == "met" for a, b in pairwise(told)) else "open"


def _counted(target: Row, rows: list[Row], base: int | None, gaps: list[Decimal]) -> str:
    """The sum of the years after the base year (without one, of the deadline's): each year once, never rounded."""
    deadline, up = int(target["deadline"]), target["direction"] in UP
    start = base or deadline - 1
    measures = ("count_new", "level") if target["kind"] == "zero_event" else ("count_new",)
    years: dict[int, Interval] = dict.fromkeys(range(start + 1, deadline + 1), (Decimal(0), FAR))
    for row in sorted(rows, key=lambda row: (whole(row["period"]), row["period"])):
        if row["measure"] in measures and _year(row) in years:
            low, high = _interval(row)
            years[_year(row)] = max(low, Decimal(0)), high if whole(row["period"]) else FAR
    totals = [row for row in rows if row["measure"] == "count_total"]
    exact = [row for row in totals if whole(row["period"]) and row["qualifier"] in "=~"]
    ends = {_year(row): Decimal(row["value"]) for row in exact if start <= _year(row) <= deadline}
    low = high = Decimal(0)
    for before, after in pairwise(sorted(ends)):
        low, high = low + ends[after] - ends[before], high + ends[after] - ends[before]
        years = {year: known for year, known in years.items() if not before < year <= after}
    low, high = (
        low + sum(least for least, _ in years.values()),
        high + sum(most for _, most in years.values()),
    )
    for row in (
        totals if start in ends else []
    ):  # a bound, or a part of a year, says how much there is by then
        least, most = (end - ends[start] for end in _interval(row))
        low = max(low, least) if start < _year(row) <= deadline else low
        high = min(high, most) if whole(row["period"]) and _year(row) >= deadline else high
    asked = Decimal(str(target["threshold"]))
    asked -= (1 if up else -1) * Decimal(str(target.get("tolerance") or 0))
    return _side((low, high), asked, up, False, gaps)


def _milestone(target: Row, rows: list[Row], base: int | None, gaps: list[Decimal]) -> str:
    """Met by a 1 up to the deadline; missed by a 0 for its whole year, or for any time after it."""
    deadline = int(target["deadline"])
    if any(_year(row) <= deadline and Decimal(row["value"]) == 1 for row in rows):
        return "met"
    ended = [
        row
        for row in rows
        if Decimal(row["value"]) == 0 and _year(row) - (not whole(row["period"])) >= deadline
    ]
    return "missed" if ended else "open"

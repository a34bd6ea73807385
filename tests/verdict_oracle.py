"""The verdict on a target from the text of its figures, the slow way: decimals, and what each year can have been.

What is known of a year is an interval: a figure is a point, a bound is open on one side. A target is met where every
number of the interval meets it, missed where none does, and open otherwise. Rows are those of `packages`: what a
target and a figure say in the files, numbers as typed.
"""

from decimal import Decimal, localcontext
from itertools import pairwise

FAR = Decimal("Infinity")
UP = ("at_least", "increase", "increase_every_year")


def verdict(target, rows, as_of, gaps=None):
    """ "met", "missed" or "open" for a target, given its figures and what was published by `as_of`.

    `gaps` receives how far apart the two sides of every comparison are, relative to the larger one.
    """
    kinds = {"cumulative": _counted, "zero_event": _counted, "milestone": _milestone, "monotone": _monotone}
    with localcontext() as context:
        context.prec = 60
        known = newest([row for row in rows if row["published"] <= as_of])
        base = int(target["base_year"]) if target.get("base_year") else None
        return kinds.get(target["kind"], _level)(target, known, base, [] if gaps is None else gaps)


def whole(row):
    """Whether a period is a whole year: a year, or a year to date that ends with December."""
    return len(row["period"]) == 4 or row["period"][4:] in ("-12", "-Q4")


def newest(rows):
    """The last published row of each period and measure; a bound gives way to a figure of the same period."""
    found = {}
    for row in sorted(rows, key=lambda row: row["published"]):
        period = row["period"][:4] if whole(row) else row["period"]
        bound = row["qualifier"] if row["qualifier"] in (">=", "<=") else ""
        found[period, row["measure"], row.get("base_period"), bound] = row
    return [row for key, row in found.items() if not key[3] or (*key[:3], "") not in found]


def _number(text):
    return Decimal(str(text or 0))


def _interval(row):
    value = _number(row["value"])
    return (-FAR if row["qualifier"] == "<=" else value), (FAR if row["qualifier"] == ">=" else value)


def _year(row):
    return int(row["period"][:4])


def _side(known, bound, up, strict, gaps):
    """Whether what is known of a number is wholly on the right side of a bound, wholly on the wrong one, or neither."""
    low, high = known if up else (-known[1], -known[0])
    asked = bound if up else -bound
    for end in (low, high):
        if abs(end) < FAR and end != asked and abs(asked) < FAR:
            gaps.append(abs(end - asked) / max(abs(end), abs(asked)))
    reached = [end > asked if strict else end >= asked for end in (low, high)]
    return "met" if reached[0] else "open" if reached[1] else "missed"


def levels(rows):
    """What is known of each year's level: as published, else carried on by changes (from 100 where no level is)."""
    found, links = {}, []
    for row in filter(whole, rows):
        year = _year(row)
        if row["measure"] in ("level", "count_total"):
            low, high = found.get(year, (-FAR, FAR))
            found[year] = max(low, _interval(row)[0]), min(high, _interval(row)[1])
        elif row["measure"].endswith("change_pct"):
            start = int(row["base_period"]) if row["measure"] == "cumulative_change_pct" else year - 1
            links.append((year, start, row))
    if links and not found:
        found[min(start for _, start, _ in links)] = (Decimal(100), Decimal(100))
    for end, start, row in sorted(links, key=lambda link: link[0]):
        if start in found and end not in found:
            ends = zip(found[start], _interval(row), strict=True)
            found[end] = tuple(x if abs(x) == FAR else x * (1 + change / 100) for x, change in ends)
    return found


def _level(target, rows, base, gaps):
    """Level, about, relative change, coverage, direction, published rank: the deadline's year against one bound."""
    kind, up, found = target["kind"], target["direction"] in UP, levels(rows)
    sign, deadline, threshold = (1 if up else -1), int(target["deadline"]), _number(target["threshold"])
    free = kind == "direction" and not threshold  # any step to the better side
    asked = threshold - sign * _number(target.get("tolerance"))
    if deadline not in found:
        return "open"
    if kind in ("relative_change", "direction"):
        start = found.get(base or 0, (-FAR, FAR))
        if start[0] != start[1] or (kind == "relative_change" and start[0] <= 0):
            return "open"
        asked = start[0] * (1 + asked / 100) if kind == "relative_change" else start[0] + sign * abs(asked)
    if kind == "coverage":  # a figure that rounds to it is enough; a lower bound is none
        own = [r for r in rows if r["measure"] == "level" and _year(r) == deadline and whole(r)]
        if own and own[0]["qualifier"] != (">=" if up else "<="):
            digits = int(Decimal(own[0]["value"]).as_tuple().exponent)
            asked -= sign * Decimal(1).scaleb(min(0, digits)) / 2
    return _side(found[deadline], asked, up, free, gaps)


def _monotone(target, rows, base, gaps):
    """Missed where a later year was not better than an earlier one; met once every year was."""
    found, up = levels(rows), target["direction"] in UP
    years = range(base or 0, int(target["deadline"]) + 1)
    told = sorted(year for year in found if year in years)

    def step(before, after):
        ends = found[before] if up else found[before][::-1]
        best, worst = (_side(found[after], end, up, True, gaps) for end in ends)
        return "met" if worst == "met" else "missed" if best == "missed" else "open"

    if any(step(a, b) == "missed" for k, a in enumerate(told) for b in told[k + 1 :]):
        return "missed"
    return "met" if told == list(years) and all(step(a, b) == "met" for a, b in pairwise(told)) else "open"


def _counted(target, rows, base, gaps):
    """The sum of the years after the base year (without one, of the deadline's): each year once, never rounded."""
    deadline, up = int(target["deadline"]), target["direction"] in UP
    start = base or deadline - 1
    measures = ("count_new", "level") if target["kind"] == "zero_event" else ("count_new",)
    years = dict.fromkeys(range(start + 1, deadline + 1), (Decimal(0), FAR))
    for row in sorted(rows, key=lambda row: (whole(row), row["period"])):
        if row["measure"] in measures and _year(row) in years:
            low, high = _interval(row)
            years[_year(row)] = max(low, Decimal(0)), high if whole(row) else FAR
    totals = [row for row in rows if row["measure"] == "count_total"]
    exact = [row for row in totals if whole(row) and row["qualifier"] in "=~"]
    ends = {_year(row): Decimal(row["value"]) for row in exact if start <= _year(row) <= deadline}
    between = sum((ends[after] - ends[before] for before, after in pairwise(sorted(ends))), Decimal(0))
    if ends:
        years = {year: known for year, known in years.items() if not min(ends) < year <= max(ends)}
    low, high = (between + sum(known[end] for known in years.values()) for end in (0, 1))
    for row in (
        totals if start in ends else []
    ):  # a bound, or a part of a year, says how much there is by then
        least, most = (end - ends[start] for end in _interval(row))
        low = max(low, least) if start < _year(row) <= deadline else low
        high = min(high, most) if whole(row) and _year(row) >= deadline else high
    asked = _number(target["threshold"]) - (1 if up else -1) * _number(target.get("tolerance"))
    return _side((low, high), asked, up, False, gaps)


def _milestone(target, rows, base, gaps):
    """Met by a 1 up to the deadline; missed by a 0 for its whole year, or for any time after it."""
    deadline, done = int(target["deadline"]), {0: [], 1: []}
    for row in rows:
        done[int(Decimal(row["value"]))].append(row)
    if any(_year(row) <= deadline for row in done[1]):
        return "met"
    return "missed" if any(_year(row) - (not whole(row)) >= deadline for row in done[0]) else "open"

"""Verdicts over kind × measure × period form × magnitude × decimals × bound × tolerance, against a slow oracle.

Targets and their figures are made from a seed, two dozen or more to a data package, so that the outcome lies on the
threshold, a step of its last digit beside it, or far from it. The oracle says what is right, from the decimals as
typed: what is known of a year is an interval, a figure is a point, a bound is open on one side. A target is met where
every number of the interval meets it, missed where none does, and open otherwise.
"""

import random
from decimal import Decimal, localcontext
from itertools import pairwise
from unittest.mock import Mock

import pytest
from packages import figure, indicator, loaded, target

import qcity_analysis as qc

FAR = Decimal("Infinity")
UP = ("at_least", "increase", "increase_every_year")


def verdict(target, rows, as_of, gaps=None):
    """ "met", "missed" or "open" for a target, given its figures and what was published by `as_of`.

    `gaps` receives how far apart the two sides of every comparison are, relative to the larger one.
    """
    kinds = {"cumulative": _counted, "zero_event": _counted, "milestone": _milestone, "monotone": _monotone,
             "every_year": _every_year}  # fmt: skip
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
    """Level, about, change, average growth, coverage, direction, rank: the deadline's year against one bound."""
    kind, up, found = target["kind"], target["direction"] in UP, levels(rows)
    sign, deadline, threshold = (1 if up else -1), int(target["deadline"]), _number(target["threshold"])
    asked = threshold - sign * _number(target.get("tolerance"))
    if deadline not in found:
        return "open"
    if kind in ("relative_change", "average_growth", "direction"):
        start, times = found.get(base or 0, (-FAR, FAR)), deadline - base if kind == "average_growth" else 1
        if start[0] != start[1] or (kind != "direction" and start[0] <= 0):
            return "open"
        growth = (1 + asked / 100) ** times  # each year's growth on the year before
        asked = start[0] + sign * abs(asked) if kind == "direction" else start[0] * growth
    if kind == "coverage":  # a figure that rounds to it is enough; a lower bound is none
        own = [r for r in rows if r["measure"] == "level" and _year(r) == deadline and whole(r)]
        if own and own[0]["qualifier"] != (">=" if up else "<="):
            asked -= sign * Decimal(1).scaleb(min(0, int(Decimal(own[0]["value"]).as_tuple().exponent))) / 2
    return _side(found[deadline], asked, up, kind == "direction" and not threshold, gaps)  # or any step there


def _every_year(target, rows, base, gaps):
    """Missed where one year is on the wrong side; met once every year is known to be on the right one."""
    found, up = levels(rows), target["direction"] in UP
    asked = _number(target["threshold"]) - (1 if up else -1) * _number(target.get("tolerance"))
    years = range(base + 1, int(target["deadline"]) + 1)
    sides = [_side(found.get(year, (-FAR, FAR)), asked, up, False, gaps) for year in years]
    return "missed" if "missed" in sides else "open" if "open" in sides else "met"


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
    for row in totals if start in ends else []:  # a bound, or a part of a year: how much there is by then
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


# The targets and their figures.
AS_OF = "2026-06-30"
BLUR = Decimal("1e-12")  # sides of a comparison that double arithmetic cannot tell apart
PLAIN = ("year", "december", "quarter", "both")
FORMS = (*PLAIN, "december_revised", "year_revised")
STOCKS = ("level", "count_total")
SIDES = {True: "at_least", False: "at_most"}


class Maker:
    """Figures and targets of one case, from one generator; every number is a multiple of `step`."""

    def __init__(self, rng, name):
        self.rng, self.name, self.rows = rng, name, []
        digits, self.decimals = self.pick(2, 3, 3, 4, 5, 10), rng.randint(0, 4)
        self.step = Decimal(1).scaleb(self.pick(-10, -3, 0, 0, 0, 3, 8) - self.decimals)
        self.some = lambda: rng.randint(10 ** (digits - 1), 10**digits - 1) * self.step
        self.off = lambda: self.pick(-1000, -2, -1, -1, 0, 0, 0, 1, 1, 2, 1000)
        self.sign = lambda: self.pick("=", "=", "=", "=", "~", ">=", "<=")
        self.deadline = rng.randint(2023, 2025)
        self.base = self.deadline - rng.randint(2, 4)
        self.years = range(self.base, self.deadline + 1)
        self.late = rng.random() < 0.1  # what is said of the deadline's year is not published yet
        self.up = rng.random() < 0.6
        self.side = 1 if self.up else -1

    def pick(self, *values):
        return self.rng.choice(values)

    def text(self, number):
        """A number as someone may have typed it: with a zero more, in powers of ten, or plainly."""
        plain, style = format(number, "f"), self.rng.random()
        if style < 0.15:
            more = plain + ("0" if "." in plain else ".0")
            return self.pick(more, format(number.normalize(), "f"))
        return f"{number:E}" if style < 0.25 else plain

    def add(self, year, number, form="", **cells):
        """One figure in one of the period forms, in some of them revised later."""
        form, had = form or self.pick(*FORMS), {(r["period"], r["measure"]) for r in self.rows}
        other = abs(number + self.pick(-3, -1, 2, 5) * self.step)
        shown = []
        if form not in ("december", "quarter"):
            first = form == "year_revised"
            day = f"{year + 1}-{'01-10' if first else '04-20'}"
            shown.append((f"{year}", day, other if first else number))
        if form != "year":
            value = other if form == "december_revised" else number
            shown.append((f"{year}-{'Q4' if form == 'quarter' else '12'}", f"{year + 1}-02-10", value))
        for period, published, value in shown:
            if (period, cells.get("measure", "level")) not in had:
                day = "2026-07-20" if self.late and year == self.deadline else published
                more = {"published": day, "indicator_id": self.name} | cells
                self.rows.append(figure(period, self.text(value), **more))

    def a_part_before(self, number, **cells):
        """Sometimes a figure of a part of the deadline's year, which is not the year's."""
        if self.rng.random() < 0.3:
            more = {"published": f"{self.deadline}-12-15", "indicator_id": self.name} | cells
            period = f"{self.deadline}-{self.pick('06', 'Q3', '11')}"
            self.rows.append(figure(period, self.text(number), **more))

    def case(self, kind, direction, asked, support="positive", slack=0, **cells):
        """Indicator, target and figures; `slack` is the tolerance, which moves what is asked."""
        more = {"comparators": cells.pop("comparators", "")}
        if slack:
            asked, cells = asked + self.side * slack, {"tolerance": self.text(slack)} | cells
        unit = "%" if support == "percent" else "points"
        made = {"base_year": self.base, "deadline": self.deadline, "direction": direction, "unit": unit}
        made["threshold"] = asked if isinstance(asked, str) else self.text(asked)
        goal = target(f"t_{self.name}", **{"indicator_id": self.name, "kind": kind} | made | cells)
        rows = [row if row["measure"].endswith("pct") else row | {"unit": unit} for row in self.rows]
        return indicator(self.name, support=support, unit=unit, **more), goal, rows

    def outcome(self):
        """The level of the deadline as the figures give it so far, whether a bound or not."""
        free = [row | {"qualifier": "=", "published": min(row["published"], AS_OF)} for row in self.rows]
        return levels(newest(free))[self.deadline][0]

    def levels(self, measure):
        """Levels, or a level and changes from it, up to the deadline."""
        last = {self.deadline: {"qualifier": self.sign()}}
        if measure in STOCKS:
            for year in self.years:
                if year == self.deadline or self.rng.random() < 0.8:
                    self.add(year, self.some(), measure=measure, **last.get(year, {}))
            self.a_part_before(self.some(), measure=measure)
            return
        if self.rng.random() < 0.7 or measure == "cumulative_change_pct":
            self.add(self.base, self.some())
        if measure == "cumulative_change_pct":
            cells = {"measure": measure, "base_period": self.base} | last[self.deadline]
            self.add(self.deadline, self.percent(), **cells)
            return
        for year in self.years[1:]:
            self.add(year, self.percent(), measure=measure, **last.get(year, {}))

    def percent(self):
        number = Decimal(self.pick(-20, -10, -5, -3, -1, 0, 1, 2, 5, 7, 10, 25))
        return number if self.rng.random() < 0.6 else number + Decimal(self.rng.randint(-99, 99)).scaleb(-2)

    def beside(self, number):
        """The number itself, or the number a little or far off, with about as many digits."""
        if self.rng.random() < 0.3 and len(number.as_tuple().digits) < 16:
            return number
        finest = Decimal(1).scaleb(number.adjusted() - self.pick(2, 3, 5, 8))
        return number.quantize(finest) + self.off() * finest


def a_level(m, about=False):
    measure = m.pick("level", "level", "change_pct", "cumulative_change_pct", "count_total")
    m.levels(measure)
    if not any(row["measure"] in STOCKS for row in m.rows):
        m.add(m.base, m.some())
    asked = m.outcome() + m.off() * m.step if measure in STOCKS else m.beside(m.outcome())
    slack, more = (m.rng.randint(1, 4) * m.step, {"commitment": "about"}) if about else (0, {})
    return m.case("level", SIDES[m.up], asked, "count" if measure == "count_total" else "real", slack, **more)


def about_a_level(m):
    return a_level(m, about=True)


def a_relative_change(m):
    measure = m.pick("level", "level", "level", "change_pct", "cumulative_change_pct", "count_total")
    slack, percent = m.pick(0, 0, 1, 2) * Decimal("0.5"), m.percent()
    if measure in STOCKS:
        start = m.some() * (-1 if measure == "level" and m.rng.random() < 0.08 else 1)
        bound, finest = start * (1 + percent / 100), m.step.scaleb(-m.rng.randint(0, 2))
        m.add(m.base, start, measure=measure)
        m.add(m.deadline, bound.quantize(finest) + m.off() * finest, measure=measure, qualifier=m.sign())
        m.rows = [row for row in m.rows if measure == "level" or not str(row["value"]).startswith("-")]
    else:
        m.levels(measure)
        if m.rng.random() < 0.5:  # only changes
            m.rows = [row for row in m.rows if row["measure"] == measure]
        firsts = [row for row in m.rows if row["measure"] == "level"]
        first = levels(newest(firsts))[m.base][0] if firsts else Decimal(100)
        percent = m.beside(100 * (m.outcome() / first - 1)) if m.outcome() != first else Decimal(0)
    return m.case("relative_change", SIDES[m.up], percent, "real", slack)


def an_average_growth(m):
    measure = m.pick("level", "level", "change_pct", "cumulative_change_pct")
    if measure == "level":
        m.add(m.base, m.some())
        m.add(m.deadline, m.some(), qualifier=m.sign())
    else:
        m.levels(measure)
    if measure != "level" and m.rng.random() < 0.5:  # only changes
        m.rows = [row for row in m.rows if row["measure"] == measure]
    free = [row | {"qualifier": "=", "published": min(row["published"], AS_OF)} for row in m.rows]
    known = levels(newest(free))
    start, end = known.get(m.base, (Decimal(0),))[0], known[m.deadline][0]
    percent, slack = m.percent(), m.pick(0, 0, 1, 2) * Decimal("0.5")
    if start > 0:
        percent = 100 * ((abs(end) / start) ** (1 / Decimal(m.deadline - m.base)) - 1)
        percent = percent.quantize(Decimal(1).scaleb(-m.pick(0, 2, 4))) + m.pick(-1, 0, 1) * Decimal("0.01")
    return m.case("average_growth", SIDES[m.up], percent, "real", slack)


def an_every_year(m):
    measure, asked = m.pick("level", "level", "change_pct"), m.some()
    spoiled, hole = m.pick(None, *m.years[1:]), m.pick(None, None, *m.years[1:])
    if measure == "change_pct":
        m.add(m.base, m.some())
        for year in m.years[1:]:
            m.add(year, m.percent(), measure=measure)
        asked = m.beside(levels(newest(m.rows))[m.pick(*m.years[1:])][0])
    else:
        for year in m.years:
            off = m.side * m.pick(0, 0, 1, 9) if year != spoiled else -m.side * m.pick(0, 1, 1000)
            if year != hole:
                m.add(year, abs(asked + off * m.step), qualifier=m.sign() if m.rng.random() < 0.3 else "=")
    return m.case("every_year", SIDES[m.up], asked, "real", m.pick(0, 0, 1) * m.step)


def a_coverage(m):
    m.step, sign = Decimal(1).scaleb(-m.decimals), m.sign()
    number = min(Decimal(100), Decimal(m.pick(100, 100, 99, 96)) - m.rng.randint(0, 3) * m.step)
    m.rows = [figure(m.deadline - 1, "97.0", indicator_id=m.name)]
    m.add(m.deadline, number, m.pick(*PLAIN), qualifier=sign)
    for row in m.rows[1:]:
        row["value"] = format(number, "f")
    m.a_part_before(Decimal(99))
    bounded, slack = sign in (">=", "<="), m.pick(0, 0, 1, 3) * m.step
    halves = (-200, -4, -2, 0, 0, 1, 2, 4, 200) if bounded else (-4, -2, -1, -1, 0, 0, 1, 1, 2, 4)
    asked = number + m.side * m.pick(*halves) * m.step / 2
    asked += 0 if bounded else m.pick(-1, 0, 0, 1) * m.step.scaleb(-2)
    asked = min(max(asked, 1 - m.side * slack), 100 - m.side * slack)  # with the tolerance, from 1 to 100
    return m.case("coverage", SIDES[m.up], asked, "percent", slack)


def a_direction(m):
    measure, start, asked = m.pick("level", "level", "change_pct"), m.some() + 5 * m.step, ""
    m.add(m.base, start)
    if measure == "level":
        size = m.pick(0, 0, 1, 3) * m.step
        moved = m.side * size + m.pick(-2, -1, 0, 0, 1, 2) * m.step
        m.add(m.deadline, abs(start + moved), qualifier=m.sign())
        asked = size or m.pick("", "", "0")
    else:
        for year in m.years[1:]:
            m.add(year, Decimal(m.pick("25", "-20", "0", "0.1", "-3")), measure=measure)
    return m.case("direction", "increase" if m.up else "decrease", asked, "real")


def a_monotone(m):
    measure, level = m.pick("level", "level", "change_pct", "count_total"), m.some() + 40 * m.step
    spoiled, hole = m.pick(None, *m.years[1:]), m.pick(None, None, *m.years[1:])
    for year in m.years:
        moved = m.side * (m.pick(0, -1) if year == spoiled else m.pick(1, 1, 2, 9))
        level += moved * m.step
        if measure == "change_pct":
            if year > m.base:
                m.add(year, Decimal(moved).scaleb(-m.rng.randint(0, 3)), m.pick(*PLAIN), measure=measure)
        elif year != hole:
            m.add(year, level, measure=measure, qualifier=m.sign() if year == spoiled else "=")
    direction = "increase_every_year" if m.up else "decrease_every_year"
    return m.case("monotone", direction, "0", "count" if measure == "count_total" else "real")


def a_count(m):
    measure = m.pick("count_new", "count_new", "count_total", "both", "new_then_total")
    forms = PLAIN if measure in ("both", "new_then_total") else FORMS
    total, whole = m.some() if m.rng.random() < 0.5 else 0 * m.step, Decimal(0)
    hole = m.pick(None, None, None, *m.years[1:])
    if measure in ("count_total", "both"):
        m.add(m.base, total, "year", measure="count_total")
    for year in m.years[1:]:
        new = m.some()
        total, whole = total + new, whole + new
        signed = {"qualifier": m.sign()} if measure == "count_new" and m.rng.random() < 0.2 else {}
        first = measure == "new_then_total" and year == m.years[1]
        if measure == "both" or first or (measure == "count_new" and year != hole):
            m.add(year, new, m.pick(*forms), measure="count_new", **signed)
        if measure == "both" or (measure in ("count_total", "new_then_total") and year != hole):
            m.add(year, total, m.pick(*forms), measure="count_total")
    if measure == "count_new":
        m.a_part_before(min(new, m.step * 7), measure="count_new")
    slack = m.pick(0, 0, 1, 3) * m.step
    asked = max(whole + m.off() * m.step, m.step - m.side * slack)
    return m.case("cumulative", SIDES[m.up], asked, "count", slack)


def no_event(m):
    measure, m.step = m.pick("level", "count_new"), Decimal(1)
    struck, hole = m.pick(None, None, *m.years), m.pick(None, None, *m.years[1:])
    for year in m.years:
        if year != hole:
            sign = m.pick("=", "=", ">=") if year == struck else m.pick("=", "=", "=", "<=")
            events = Decimal(m.pick(1, 2) if year == struck else 0)
            m.add(year, events, m.pick(*PLAIN), measure=measure, qualifier=sign)
    for row in m.rows:
        row["value"] = str(int(Decimal(row["value"])))
    if hole and m.rng.random() < 0.6:
        cells = {"measure": measure, "indicator_id": m.name, "published": f"{hole}-08-01"}
        m.rows.append(figure(f"{hole}-06", m.pick("0", "0", "1"), **cells))
    base = {"base_year": ""} if m.rng.random() < 0.15 else {}
    return m.case("zero_event", "at_most", "0", "count", **base)


def a_milestone(m):
    for year in m.rng.sample(range(m.base, min(m.deadline + 2, 2026)), m.rng.randint(1, 3)):
        period, day = f"{year}{m.pick('', '-12', '-Q4', '-06', '-Q1')}", m.rng.randint(10, 28)
        done = m.pick("0", "0", "1") if year <= m.deadline else "0"
        m.rows.append(figure(period, done, indicator_id=m.name, published=f"{year + 1}-01-{day}"))
    return m.case("milestone", "achieved", "", "count")


def a_published_rank(m):
    m.step = Decimal(1)
    for year in m.years:
        if year == m.deadline or m.rng.random() < 0.5:
            sign = m.sign() if year == m.deadline else "="
            m.add(year, Decimal(m.rng.randint(1, 8)), m.pick(*PLAIN), qualifier=sign)
    return m.case("rank", "at_most", str(m.rng.randint(2, 7)), comparators="testville/score;otherland/score")


def wrong_verdicts(folder, kind, size, seed):
    """What the library says otherwise than the oracle, a text for each target, and the oracle's verdicts.

    Cases that double arithmetic cannot tell are left out.
    """
    rng, made = random.Random(f"{kind.__name__} {seed}"), []
    while len(made) < size:
        case, gaps = kind(Maker(rng, f"i{len(made)}")), []
        answer = verdict(case[1], case[2], AS_OF, gaps)
        if min(gaps, default=Decimal(1)) > BLUR:
            made.append((*case, answer))
    kinds, goals = [*(case[0] for case in made), indicator("score")], [case[1] for case in made]
    rows = [row for case in made for row in case[2]]
    data, wrong = loaded(folder, AS_OF, indicators=kinds, targets=goals, observations=rows), []
    for _, goal, rows, answer in made:
        said = qc.assess(data, goal["target_id"], draws=50).status
        if (said if said in ("met", "missed") else "open") != answer:
            names = ("kind", "direction", "threshold", "tolerance", "base_year", "deadline")
            cells = ("period", "measure", "qualifier", "value", "published")
            shown = [goal.get(name) for name in names], [[row[name] for name in cells] for row in rows]
            wrong.append(f"{answer}, not {said}: {shown}")
    return wrong, {case[3] for case in made}


@pytest.fixture(autouse=True)
def _no_forecasts(monkeypatch):
    """What is left open is not simulated: a forecast is no verdict, and other tests are about it."""
    unforeseen = Mock(side_effect=qc.QcityError("verdicts need no forecast: what would be forecast is open"))
    monkeypatch.setattr("qcity_analysis.forecasting.annual.forecast_series", unforeseen)


KINDS = (a_level, about_a_level, a_relative_change, a_coverage, a_direction, a_monotone, a_count, no_event, a_milestone,
         a_published_rank, an_average_growth, an_every_year)  # fmt: skip
SIZES = [(24, "every day"), pytest.param(360, "slow", marks=pytest.mark.slow)]  # targets of each kind, seed


@pytest.mark.parametrize(("size", "seed"), SIZES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_verdict_is_the_one_worked_out_by_hand(tmp_path, kind, size, seed):
    wrong, verdicts = wrong_verdicts(tmp_path, kind, size, seed)
    assert wrong == [] and verdicts == {"met", "missed", "open"}

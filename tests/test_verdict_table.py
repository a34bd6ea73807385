"""Verdicts over kind × measure × period form × magnitude × decimals × bound × tolerance, against a slow oracle.

Targets and their figures are made from a seed, a hundred or more to a data package, so that the outcome lies on the
threshold, a step of its last digit beside it, or far from it. `verdict_oracle` says what the answer is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from packages import figure, indicator, package, target
from verdict_oracle import levels, newest, verdict

import qcity_analysis as qc

Row = dict[str, Any]
Case = tuple[Row, Row, list[Row]]  # indicator, target, figures

AS_OF = "2026-06-30"
BLUR = Decimal("1e-12")  # sides of a comparison that double arithmetic cannot tell apart
EVERY_DAY, SLOW = 40, 360  # targets of each kind
PLAIN = ("year", "december", "quarter", "both")
FORMS = (*PLAIN, "december_revised", "year_revised")
SIDES = {True: "at_least", False: "at_most"}


def text(rng: random.Random, number: Decimal) -> str:
    """A number as someone may have typed it: with a zero more, in powers of ten, or plainly."""
    plain = format(number, "f")
    style = rng.random()
    if style < 0.15:
        more = plain + ("0" if "." in plain else ".0")
        return more if rng.random() < 0.5 else format(number.normalize(), "f")
    return f"{number:E}" if style < 0.25 else plain


class Maker:
    """Figures and targets of one case, from one generator; every number is a multiple of `step`."""

    def __init__(self, rng: random.Random, name: str) -> None:
        self.rng, self.name = rng, name
        digits = rng.choice((2, 3, 3, 4, 5, 10))
        self.decimals = rng.randint(0, 4)
        self.step = Decimal(1).scaleb(rng.choice((-10, -3, 0, 0, 0, 3, 8)) - self.decimals)
        self.some = lambda: rng.randint(10 ** (digits - 1), 10**digits - 1) * self.step
        self.deadline = rng.randint(2023, 2025)
        self.base = self.deadline - rng.randint(2, 4)
        self.years = range(self.base, self.deadline + 1)
        self.rows: list[Row] = []

    def off(self) -> int:
        return self.rng.choice((-1000, -2, -1, -1, 0, 0, 0, 1, 1, 2, 1000))

    def add(self, year: int, number: Decimal, form: str = "", **cells: Any) -> None:
        """One figure in one of the period forms, perhaps with a part of the year before it."""
        rng, form = self.rng, form or self.rng.choice(FORMS)
        late = "2026-07-20" if cells.pop("unpublished", False) else ""

        def row(period: str, published: str, shown: Decimal) -> None:
            more = {"measure": "level", "value": text(rng, shown), "published": late or published} | cells
            if (period, more["measure"]) not in [(r["period"], r["measure"]) for r in self.rows]:
                self.rows.append(figure(period, indicator_id=self.name, **more))

        other = abs(number + rng.choice((-3, -1, 2, 5)) * self.step)
        if form in ("year", "both", "december_revised", "year_revised"):
            day = "01-10" if form == "year_revised" else "04-20"
            row(f"{year}", f"{year + 1}-{day}", other if form == "year_revised" else number)
        if form != "year":
            period = f"{year}-{'Q4' if form == 'quarter' else '12'}"
            row(period, f"{year + 1}-02-10", other if form == "december_revised" else number)

    def a_part_before(self, number: Decimal, **cells: Any) -> None:
        """Sometimes a figure of a part of the deadline's year, which is not the year's."""
        if self.rng.random() < 0.3:
            period = f"{self.deadline}-{self.rng.choice(('06', 'Q3', '11'))}"
            more = {"published": f"{self.deadline}-12-15", "indicator_id": self.name} | cells
            self.rows.append(figure(period, text(self.rng, number), **more))

    def sign(self) -> str:
        return self.rng.choice(("=", "=", "=", "=", "~", ">=", "<="))

    def unpublished(self) -> bool:
        return self.rng.random() < 0.1

    def case(self, kind: str, direction: str, threshold: Any, support: str = "real", **cells: Any) -> Case:
        asked = threshold if isinstance(threshold, str) else text(self.rng, threshold)
        made = {"base_year": self.base, "deadline": self.deadline, "threshold": asked, "direction": direction}
        more = {name: cells.pop(name) for name in ("comparators", "timing") if name in cells}
        goal = target(f"t_{self.name}", indicator_id=self.name, kind=kind, **made, **cells)
        unit = "%" if support == "percent" else "points"
        rows = [row if row["measure"].endswith("pct") else row | {"unit": unit} for row in self.rows]
        return indicator(self.name, support=support, unit=unit, **more), goal | {"unit": unit}, rows

    def outcome(self) -> Decimal:
        """The level of the deadline as the figures give it so far, whether a bound or not."""
        free = [row | {"qualifier": "=", "published": min(row["published"], AS_OF)} for row in self.rows]
        return levels(newest(free))[self.deadline][0]

    def levels(self, measure: str, positive: bool = True) -> None:
        """Levels, or a level and changes from it, up to the deadline."""
        sign = self.sign()
        last = {"qualifier": sign, "unpublished": self.unpublished()}
        if measure in ("level", "count_total"):
            for year in self.years:
                number = self.some() if positive else -self.some()
                if year < self.deadline and self.rng.random() < 0.8 or year == self.deadline:
                    self.add(year, number, measure=measure, **(last if year == self.deadline else {}))
            self.a_part_before(self.some(), measure=measure)
            return
        start = self.base
        if self.rng.random() < 0.7 or measure == "cumulative_change_pct":
            self.add(start, self.some())
        if measure == "cumulative_change_pct":
            self.add(self.deadline, self.percent(), measure=measure, base_period=start, **last)
            return
        for year in self.years[1:]:
            self.add(year, self.percent(), measure=measure, **(last if year == self.deadline else {}))

    def percent(self) -> Decimal:
        number = Decimal(self.rng.choice((-20, -10, -5, -3, -1, 0, 1, 2, 5, 7, 10, 25)))
        return number if self.rng.random() < 0.6 else number + Decimal(self.rng.randint(-99, 99)).scaleb(-2)

    def beside(self, number: Decimal) -> Decimal:
        """The number itself, or the number a little or far off, with about as many digits."""
        if self.rng.random() < 0.3 and len(number.as_tuple().digits) < 16:
            return number
        finest = number.adjusted() - self.rng.choice((2, 3, 5, 8))
        return number.quantize(Decimal(1).scaleb(finest)) + self.off() * Decimal(1).scaleb(finest)


def tolerance(make: Maker, step: Decimal) -> Decimal:
    return make.rng.choice((0, 0, 1, 3)) * step


def a_level(make: Maker, about: bool = False) -> Case:
    measure = make.rng.choice(("level", "level", "change_pct", "cumulative_change_pct", "count_total"))
    make.levels(measure)
    if not any(row["measure"] in ("level", "count_total") for row in make.rows):
        make.add(make.base, make.some())
    outcome, up = make.outcome(), make.rng.random() < 0.5
    slack = make.rng.randint(1, 4) * make.step if about else Decimal(0)
    asked = outcome + make.off() * make.step if measure in ("level", "count_total") else make.beside(outcome)
    cells = {"commitment": "about", "tolerance": text(make.rng, slack)} if about else {}
    asked += slack if up else -slack
    support = "count" if measure == "count_total" else "real"
    return make.case("level", SIDES[up], asked, support, **cells)


def about_a_level(make: Maker) -> Case:
    return a_level(make, about=True)


def a_relative_change(make: Maker) -> Case:
    measure = make.rng.choice((*["level"] * 3, "change_pct", "cumulative_change_pct", "count_total"))
    up, slack = make.rng.random() < 0.5, make.rng.choice((0, 0, 1, 2)) * Decimal("0.5")
    percent = make.percent()
    more = {"tolerance": text(make.rng, slack)} if slack else {}
    if measure in ("level", "count_total"):
        start = make.some() * (-1 if measure == "level" and make.rng.random() < 0.08 else 1)
        bound = start * (1 + (percent - (slack if up else -slack)) / 100)
        finest = make.step.scaleb(-make.rng.randint(0, 2))
        make.add(make.base, start, measure=measure)
        make.add(
            make.deadline, bound.quantize(finest) + make.off() * finest, measure=measure, qualifier=make.sign(),
            unpublished=make.unpublished(),
        )  # fmt: skip
        make.rows = [row for row in make.rows if measure == "level" or not str(row["value"]).startswith("-")]
    else:
        make.levels(measure)
        if make.rng.random() < 0.5:  # only changes
            make.rows = [row for row in make.rows if row["measure"] == measure]
        firsts = [row for row in make.rows if row["measure"] == "level"]
        first = levels(newest(firsts))[make.base][0] if firsts else Decimal(100)
        percent = make.beside(100 * (make.outcome() / first - 1)) if make.outcome() != first else Decimal(0)
        percent += slack if up else -slack
    return make.case("relative_change", SIDES[up], percent, "real", **more)


def a_coverage(make: Maker) -> Case:
    up, rng = make.rng.random() < 0.8, make.rng
    make.step = Decimal(1).scaleb(-make.decimals)
    sign = make.sign()
    number = min(Decimal(100), Decimal(rng.choice((100, 100, 99, 96))) - rng.randint(0, 3) * make.step)
    form = rng.choice(PLAIN)
    make.rows = [figure(make.deadline - 1, "97.0", indicator_id=make.name)]
    make.add(make.deadline, number, form, qualifier=sign, unpublished=make.unpublished())
    for row in make.rows[1:]:
        row["value"] = format(number, "f")
    make.a_part_before(Decimal(99))
    slack = tolerance(make, make.step)
    bounded = sign in (">=", "<=")
    halves = (-200, -4, -2, 0, 0, 1, 2, 4, 200) if bounded else (-4, -2, -1, -1, 0, 0, 1, 1, 2, 4)
    asked = number + (1 if up else -1) * (rng.choice(halves) * make.step / 2 + slack)
    asked += 0 if bounded else rng.choice((-1, 0, 0, 1)) * make.step.scaleb(-2)
    more = {"tolerance": text(rng, slack)} if slack else {}
    return make.case("coverage", SIDES[up], min(max(asked, Decimal(1)), Decimal(100)), "percent", **more)


def a_direction(make: Maker) -> Case:
    up, rng = make.rng.random() < 0.5, make.rng
    measure = rng.choice(("level", "level", "change_pct"))
    start = make.some() + 5 * make.step
    make.add(make.base, start)
    asked: Any = ""
    if measure == "level":
        size = rng.choice((0, 0, 1, 3)) * make.step
        moved = (1 if up else -1) * size + rng.choice((-2, -1, 0, 0, 1, 2)) * make.step
        make.add(make.deadline, abs(start + moved), qualifier=make.sign(), unpublished=make.unpublished())
        asked = size or rng.choice(("", "", "0"))
    else:
        for year in make.years[1:]:
            make.add(year, Decimal(rng.choice(("25", "-20", "0", "0.1", "-3"))), measure=measure)
    return make.case("direction", "increase" if up else "decrease", asked, "real")


def a_monotone(make: Maker) -> Case:
    up, rng = make.rng.random() < 0.5, make.rng
    measure = rng.choice(("level", "level", "change_pct", "count_total"))
    level, spoiled = make.some() + 40 * make.step, rng.choice((None, *make.years[1:]))
    hole = rng.choice((None, None, *make.years[1:]))
    for year in make.years:
        moved = rng.choice((0, -1)) if year == spoiled else rng.choice((1, 1, 2, 9))
        last = {"unpublished": make.unpublished()} if year == make.deadline else {}
        if measure == "change_pct":
            change = Decimal(moved).scaleb(-rng.randint(0, 3)) * (1 if up else -1)
            if year > make.base:
                make.add(year, change, rng.choice(PLAIN), measure=measure, **last)
            continue
        level += moved * make.step * (1 if up else -1)
        if year != hole:
            sign = make.sign() if year == spoiled else "="
            make.add(year, level, measure=measure, qualifier=sign, **last)
    direction = "increase_every_year" if up else "decrease_every_year"
    return make.case("monotone", direction, "0", "count" if measure == "count_total" else "real")


def a_count(make: Maker) -> Case:
    up, rng = make.rng.random() < 0.75, make.rng
    measure = rng.choice(("count_new", "count_new", "count_total", "both", "new_then_total"))
    forms = PLAIN if measure in ("both", "new_then_total") else FORMS
    total, whole = make.some() if rng.random() < 0.5 else 0 * make.step, Decimal(0)
    hole = rng.choice((None, None, None, *make.years[1:]))
    if measure in ("count_total", "both"):
        make.add(make.base, total, "year", measure="count_total")
    for year in make.years[1:]:
        new = make.some()
        total, whole = total + new, whole + new
        last = {"unpublished": make.unpublished()} if year == make.deadline else {}
        signed = {"qualifier": make.sign()} if measure == "count_new" and rng.random() < 0.2 else {}
        first = measure == "new_then_total" and year == make.years[1]
        if measure == "both" or first or (measure == "count_new" and year != hole):
            make.add(year, new, rng.choice(forms), measure="count_new", **last, **signed)
        if measure in ("count_total", "both", "new_then_total") and (year != hole or measure == "both"):
            make.add(year, total, rng.choice(forms), measure="count_total", **last)
    if measure == "count_new":
        make.a_part_before(min(new, make.step * 7), measure="count_new")
    slack = tolerance(make, make.step)
    asked = whole + make.off() * make.step + (slack if up else -slack)
    more = {"tolerance": text(rng, slack)} if slack else {}
    return make.case("cumulative", SIDES[up], max(asked, make.step), "count", **more)


def no_event(make: Maker) -> Case:
    rng = make.rng
    measure, make.step = rng.choice(("level", "count_new")), Decimal(1)
    struck, hole = rng.choice((None, None, *make.years)), rng.choice((None, None, *make.years[1:]))
    for year in make.years:
        if year == hole:
            continue
        last = {"unpublished": make.unpublished()} if year == make.deadline else {}
        sign = rng.choice(("=", "=", ">=")) if year == struck else rng.choice(("=", "=", "=", "<="))
        events = Decimal(rng.choice((1, 2))) if year == struck else Decimal(0)
        make.add(year, events, rng.choice(PLAIN), measure=measure, qualifier=sign, **last)
        for row in make.rows:
            row["value"] = str(int(Decimal(row["value"])))
    if hole and rng.random() < 0.6:
        cells = {"measure": measure, "indicator_id": make.name, "published": f"{hole}-08-01"}
        make.rows.append(figure(f"{hole}-06", str(rng.choice((0, 0, 1))), **cells))
    base = {"base_year": ""} if rng.random() < 0.15 else {}
    made = make.case("zero_event", "at_most", "0", "count")
    return made[0], made[1] | base, made[2]


def a_milestone(make: Maker) -> Case:
    rng = make.rng
    for year in rng.sample(range(make.base, min(make.deadline + 2, 2026)), rng.randint(1, 3)):
        done = rng.choice(("0", "0", "1")) if year <= make.deadline else "0"
        period = rng.choice((f"{year}", f"{year}-12", f"{year}-Q4", f"{year}-06", f"{year}-Q1"))
        published = f"{year + 1}-01-{rng.randint(10, 28)}"
        make.rows.append(figure(period, done, indicator_id=make.name, published=published))
    return make.case("milestone", "achieved", "", "count")


def a_published_rank(make: Maker) -> Case:
    rng = make.rng
    make.step = Decimal(1)
    for year in make.years:
        if year == make.deadline or rng.random() < 0.5:
            last = year == make.deadline
            sign = {"qualifier": make.sign(), "unpublished": make.unpublished()} if last else {}
            form = rng.choice(PLAIN)
            make.add(year, Decimal(rng.randint(1, 8)), form, **sign)
    peers = "testville/score;otherland/score"
    return make.case("rank", "at_most", str(rng.randint(2, 7)), "positive", comparators=peers)


KINDS: tuple[Callable[[Maker], Case], ...] = (
    a_level, about_a_level, a_relative_change, a_coverage, a_direction, a_monotone, a_count, no_event, a_milestone,
    a_published_rank,
)  # fmt: skip


def table(kind: Callable[[Maker], Case], size: int, seed: str) -> list[tuple[Case, str]]:
    """Cases of one kind with the oracle's verdicts, without those that double arithmetic cannot tell."""
    rng, made = random.Random(f"{kind.__name__} {seed}"), []
    while len(made) < size:
        case = kind(Maker(rng, f"i{len(made)}"))
        gaps: list[Decimal] = []
        answer = verdict(case[1], case[2], AS_OF, gaps)
        if min(gaps, default=Decimal(1)) > BLUR:
            made.append((case, answer))
    return made


def wrong_verdicts(folder: Path, made: list[tuple[Case, str]]) -> list[str]:
    """What the library says otherwise than the oracle, one text for each such target."""
    indicators = [case[0] for case, _ in made] + [indicator("score")]
    rows = [row for case, _ in made for row in case[2]]
    package(folder, indicators=indicators, targets=[case[1] for case, _ in made], observations=rows)
    data, wrong = qc.load(folder, as_of=AS_OF), []
    for (_, goal, rows), answer in made:
        status = qc.assess(data, goal["target_id"], draws=50).status
        verdict = status if status in ("met", "missed") else "open"
        if verdict != answer:
            names = ("kind", "direction", "threshold", "tolerance", "base_year", "deadline")
            asked = {name: goal[name] for name in names if goal.get(name, "") != ""}
            shown = [
                " ".join(str(r[n]) for n in ("period", "measure", "qualifier", "value", "published"))
                for r in rows
            ]
            wrong.append(f"{goal['target_id']}: {answer}, not {verdict}: {asked} {shown}")
    return wrong


def unforeseen(*_: Any, **__: Any) -> None:
    raise qc.QcityError("verdicts need no forecast: what would be forecast is open")


@pytest.fixture(autouse=True)
def _no_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left open is not simulated: a forecast is no verdict, and other tests are about it."""
    monkeypatch.setattr("qcity_analysis.forecasting.annual.forecast_series", unforeseen)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_verdict_is_the_one_worked_out_by_hand(tmp_path: Path, kind: Callable[[Maker], Case]) -> None:
    made = table(kind, EVERY_DAY, "every day")
    assert len(Counter(answer for _, answer in made)) == 3  # each verdict is among them
    assert wrong_verdicts(tmp_path, made) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_thousands_of_verdicts_are_so_too(tmp_path: Path, kind: Callable[[Maker], Case]) -> None:
    assert wrong_verdicts(tmp_path, table(kind, SLOW, "slow")) == []

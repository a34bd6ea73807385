"""What must not change an answer: the unit, a year given twice, a figure repeated, the order of rows, the calendar.

Plans of one target of every kind are made from a seed; each change of the files must leave every verdict as it was, and
every probability too: exactly where the same numbers are drawn, else within the Monte Carlo error.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from packages import figure, indicator, package, target

import qcity_analysis as qc

Row = dict[str, Any]
Plan = dict[str, Any]  # tables by name, and as_of

SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4)))
DRAWS = 1000
FIRST, LAST, DEADLINE = 2005, 2012, 2014
IN_UNITS = ("positive", "real", "count")  # supports whose levels have a unit that may be another


class Files:
    """Rows of a plan as they are made, one indicator and target after the other."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.indicators: list[Row] = []
        self.targets: list[Row] = []
        self.observations: list[Row] = []

    def add(
        self, name: str, rows: list[Row], support: str = "positive", declared: Row | None = None, **goal: Any
    ) -> None:
        cells = {"deadline": DEADLINE, "base_year": "", "source_id": "bulletin"} | goal
        self.indicators.append(indicator(name, support=support, unit="u") | (declared or {}))
        self.targets.append(target(name, indicator_id=name, unit="u") | cells)
        self.observations += [
            row | {"indicator_id": name, "unit": "" if "pct" in row["measure"] else "u"} for row in rows
        ]

    def walk(self, start: float, step: float, spread: float, last: int = LAST, digits: int = 2) -> list[Row]:
        """Levels that move by `step` a year, more or less."""
        rows = []
        for year in range(FIRST, last + 1):
            rows.append(figure(year, f"{start:.{digits}f}"))
            start += step + self.rng.gauss(0, spread)
        return rows

    def counts(self, mean: int, last: int = LAST) -> list[Row]:
        numbers = [(year, self.rng.randint(mean // 2, 2 * mean)) for year in range(FIRST + 1, last + 1)]
        return [figure(year, str(number), measure="count_new") for year, number in numbers]


def plan(seed: int) -> Plan:
    """Targets of every kind, most of them open, the rest met or missed."""
    made = Files(seed)
    of_kind = {"kind": "level", "direction": "at_least"}
    walk, bulletins = made.walk(50, 1.5, 1), range(FIRST, LAST + 1)
    last = float(walk[-1]["value"])
    bounds = [*walk[:-2], walk[-2] | {"qualifier": "~"}, figure(LAST, f"{last - 1:.1f}", qualifier=">=")]
    made.add("level", walk, **of_kind, threshold=f"{last + 3:.2f}")
    made.add("about", walk, **of_kind, threshold=f"{last + 4:.1f}", tolerance="0.7", commitment="about")
    made.add("bounded", bounds, **of_kind, threshold=f"{last + 3:.2f}")
    made.add("balance", made.walk(-3, 0.5, 1), "real", **of_kind, threshold="1.5")
    made.add("met", made.walk(50, 1.5, 1, DEADLINE), **of_kind, threshold="51")
    made.add("missed", made.walk(50, 1.5, 1, DEADLINE), kind="level", direction="at_most", threshold="51")
    change = {"kind": "relative_change", "direction": "at_least", "base_year": 2010}
    made.add("change", walk, **change, threshold="12")
    made.add("grown", made.walk(50, 4, 0.5, DEADLINE), **change, threshold="12.5", tolerance="0.5")
    chain = [figure(year, f"{made.rng.gauss(-3, 1):.2f}", measure="change_pct") for year in bulletins]
    made.add("chain", chain, **change | {"direction": "at_most"}, threshold="-12")
    covered = [figure(year, f"{100 - made.rng.choice((0, 0, 0.1, 0.3)):.1f}") for year in bulletins]
    made.add("coverage", covered, "percent", kind="coverage", direction="at_least", threshold="100")
    falling = {"kind": "direction", "direction": "decrease", "threshold": "", "base_year": 2010}
    made.add("direction", made.walk(50, -0.4, 1), **falling)
    yearly = {"kind": "monotone", "direction": "increase_every_year", "threshold": "0", "base_year": 2010}
    made.add("monotone", made.walk(50, 2, 0.3), **yearly)
    total = {"kind": "cumulative", "direction": "at_least", "base_year": FIRST}
    new = made.counts(20)
    made.add("new", new, "count", **total, threshold=str(sum(int(row["value"]) for row in new) * 9 // 7))
    made.add("settled", made.counts(20, DEADLINE), "count", **total, threshold="90")
    sums = [figure(FIRST, "0", measure="count_total")]
    for year in bulletins[1:]:
        new_ones = made.rng.randint(300, 600)
        sums.append(figure(year, str(int(sums[-1]["value"]) + new_ones), measure="count_total"))
    made.add("totals", sums, "count", **total, threshold=str(int(sums[-1]["value"]) * 9 // 7))
    none = {"kind": "zero_event", "direction": "at_most", "threshold": "0", "base_year": 2010}
    made.add("events", [figure(year, "0", measure="count_new") for year in bulletins], "count", **none)
    achieved = {"kind": "milestone", "direction": "achieved", "threshold": ""}
    made.add("milestone", [figure(DEADLINE, "0")], "count", **achieved)
    ranked = {"comparators": "otherland/level;testville/level"}
    third = {"kind": "rank", "direction": "at_most", "threshold": "3"}
    made.add("rank", [figure(DEADLINE, "4")], declared=ranked, **third)
    return {
        "indicators": made.indicators, "targets": made.targets, "observations": made.observations,
        "sources": [{"source_id": "bulletin", "publisher": "Office", "title": "Bulletin", "date": f"{LAST + 1}"}],
        "regions": [{"region": name, "name_zh": name, "name_en": name} for name in ("testville", "otherland")],
        "as_of": f"{DEADLINE + 1}-06-30",
    }  # fmt: skip


def answers(folder: Path, plan: Plan) -> dict[str, qc.Assessment]:
    """The answer to every target of a plan."""
    tables = {name: rows for name, rows in plan.items() if name != "as_of"}
    data = qc.load(package(folder, **tables), as_of=plan["as_of"])
    return {row["target_id"]: qc.assess(data, row["target_id"], draws=DRAWS) for row in plan["targets"]}


def in_another_unit(plan: Plan, factor: str) -> Plan:
    """Levels, counts and what is asked of them, times the factor; changes in percent and shares as they were."""
    times = Decimal(factor)
    scaled = {row["indicator_id"] for row in plan["indicators"] if row["support"] in IN_UNITS}
    scaled -= {"events", "milestone", "rank"}  # numbers without a unit

    def cells(row: Row, *names: str) -> Row:
        if row["indicator_id"] not in scaled:
            return row
        return row | {name: format(Decimal(row[name]) * times, "f") for name in names if row.get(name)}

    def asked(row: Row) -> Row:
        return row if row["kind"] == "relative_change" else cells(row, "threshold", "tolerance")

    rows = [row if "pct" in row["measure"] else cells(row, "value") for row in plan["observations"]]
    return plan | {"observations": rows, "targets": [asked(row) for row in plan["targets"]]}


def as_december(plan: Plan) -> Plan:
    return plan | {"observations": [row | {"period": f"{row['period']}-12"} for row in plan["observations"]]}


def published_on(row: Row, day: str) -> Row:
    return row | {"published": f"{row['published'][:5]}{day}"}


def as_december_and_year(plan: Plan) -> Plan:
    """Every year twice: its December first, the year itself two weeks later."""
    december = [published_on(row, "02-14") for row in as_december(plan)["observations"]]
    both = zip(december, plan["observations"], strict=True)
    return plan | {"observations": [row for pair in both for row in pair]}


def repeated(plan: Plan) -> Plan:
    """Every figure published once more, unchanged, a month later."""
    rows = plan["observations"]
    return plan | {"observations": [*rows, *(published_on(row, "03-31") for row in rows)]}


def in_another_order(plan: Plan) -> Plan:
    """The rows of every table shuffled."""
    rng = random.Random(7)
    tables = {name: rng.sample(rows, len(rows)) for name, rows in plan.items() if name != "as_of"}
    return plan | tables


def ten_years_later(plan: Plan) -> Plan:
    """Figures, base years, deadlines, sources and the day ten years on."""

    def later(cell: Any) -> Any:
        return f"{int(str(cell)[:4]) + 10}{str(cell)[4:]}" if cell else cell

    moved = {"period", "published", "base_year", "deadline", "date", "base_period"}
    tables = {
        name: [{key: later(cell) if key in moved else cell for key, cell in row.items()} for row in rows]
        for name, rows in plan.items()
        if name != "as_of"
    }
    return tables | {"as_of": later(plan["as_of"])}


def with_a_zero_more(plan: Plan) -> Plan:
    """Numbers with one more digit, a zero, where the last digit decides nothing."""
    kinds = ("coverage", "direction", "monotone")
    precise = {row["indicator_id"] for row in plan["targets"] if row["kind"] in kinds}

    def longer(row: Row, *names: str) -> Row:
        told = [name for name in names if row.get(name) and row["indicator_id"] not in precise]
        return row | {name: row[name] + ("0" if "." in row[name] else ".0") for name in told}

    rows = [row if row["qualifier"] == "~" else longer(row, "value") for row in plan["observations"]]
    asked = [longer(row, "threshold", "tolerance") for row in plan["targets"]]
    return plan | {"observations": rows, "targets": asked}


CHANGES: dict[str, Callable[[Plan], Plan]] = {
    "December and the year": as_december_and_year,
    "December for the year": as_december,
    "figures repeated": repeated,
    "another order": in_another_order,
    "a zero more": with_a_zero_more,
}
UNITS = ("1e-9", "1000", "1e8", "3.7")


@pytest.fixture(scope="module", params=SEEDS)
def before(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, dict[str, Any]]:
    made = plan(request.param)
    return made, answers(tmp_path_factory.mktemp("before"), made)


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_figures_said_otherwise_give_the_same_answers(
    tmp_path: Path, before: tuple[Plan, dict[str, Any]], name: str
) -> None:
    made, was = before
    assert differences(was, answers(tmp_path, CHANGES[name](made)), draws=0) == []


def test_ten_years_later_the_answers_are_the_same(
    tmp_path: Path, before: tuple[Plan, dict[str, Any]]
) -> None:
    made, was = before
    assert differences(was, answers(tmp_path, ten_years_later(made)), draws=1) == []


@pytest.mark.parametrize("factor", UNITS)
def test_the_unit_is_of_no_account(tmp_path: Path, before: tuple[Plan, dict[str, Any]], factor: str) -> None:
    made, was = before
    whole = Decimal(factor).normalize().as_tuple().digits == (1,)
    counts = () if whole else ("new", "totals")  # whole no longer
    assert differences(was, answers(tmp_path, in_another_unit(made, factor)), 5, counts) == []


def differences(
    was: dict[str, Any], now: dict[str, Any], draws: int, drawn_anew: tuple[str, ...] = ()
) -> list[str]:
    """What differs in verdict, or in probability by more than some draws (four Monte Carlo errors if drawn anew)."""
    found = []
    for name, one in was.items():
        other = now[name]
        if one.status != other.status or (not draws and one.outcome != other.outcome):
            found.append(f"{name}: {one.status}, then {other.status}; {one.outcome}, then {other.outcome}")
        elif one.probability is not None:
            errors = math.hypot(one.probability_error, other.probability_error)
            allowed = 4 * errors if name in drawn_anew else draws / DRAWS
            if abs(one.probability - other.probability) > allowed:
                shown = f"{one.probability:.4f}, then {other.probability:.4f}"
                found.append(f"{name}: {shown} (within {allowed:.4f})")
    return found

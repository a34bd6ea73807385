"""What must not change an answer: the unit, a year given twice, a figure repeated, the order of rows, the calendar.

Plans of one target of every kind are made from a seed; each change of the files must leave every verdict as it was, and
every probability too: exactly where the same numbers are drawn, else within the Monte Carlo error.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial
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
WITHOUT_UNIT = ("events", "milestone", "rank")


def plan(seed: int) -> Plan:
    """Targets of every kind, most of them open, the rest met or missed."""
    rng, bulletins = random.Random(seed), range(FIRST, LAST + 1)
    tables: dict[str, list[Row]] = {"indicators": [], "targets": [], "observations": []}

    def add(
        name: str, rows: list[Row], goal: Row, threshold: Any = "", support: str = "positive", **more: Any
    ) -> None:
        declared = {key: more.pop(key) for key in ("comparators",) if key in more}
        tables["indicators"].append(indicator(name, support=support, unit="u") | declared)
        cells = {
            "indicator_id": name,
            "unit": "u",
            "deadline": DEADLINE,
            "base_year": "",
            "threshold": str(threshold),
        }
        tables["targets"].append(target(name) | cells | goal | more)
        units = ({"unit": "" if "pct" in row["measure"] else "u", "indicator_id": name} for row in rows)
        tables["observations"] += [row | unit for row, unit in zip(rows, units, strict=True)]

    def walk(start: float, step: float, spread: float, last: int = LAST) -> list[Row]:
        steps = [start + step * k + rng.gauss(0, spread) for k in range(last - FIRST + 1)]
        return [figure(FIRST + k, f"{level:.2f}") for k, level in enumerate(steps)]

    def counts(last: int = LAST) -> list[Row]:
        return [
            figure(year, str(rng.randint(10, 40)), measure="count_new") for year in range(FIRST + 1, last + 1)
        ]

    at_least, at_most = {"kind": "level", "direction": "at_least"}, {"kind": "level", "direction": "at_most"}
    change = {"kind": "relative_change", "direction": "at_least", "base_year": 2010}
    total = {"kind": "cumulative", "direction": "at_least", "base_year": FIRST}
    levels = walk(50, 1.5, 1)
    last = float(levels[-1]["value"])
    bounds = [*levels[:-2], levels[-2] | {"qualifier": "~"}, figure(LAST, f"{last - 1:.1f}", qualifier=">=")]
    add("level", levels, at_least, f"{last + 3:.2f}")
    add("about", levels, at_least, f"{last + 4:.1f}", tolerance="0.7", commitment="about")
    add("bounded", bounds, at_least, f"{last + 3:.2f}")
    add("balance", walk(-3, 0.5, 1), at_least, "1.5", "real")
    add("met", walk(50, 1.5, 1, DEADLINE), at_least, "51")
    add("missed", walk(50, 1.5, 1, DEADLINE), at_most, "51")
    add("change", levels, change, "12")
    add("grown", walk(50, 4, 0.5, DEADLINE), change, "12.5", tolerance="0.5")
    chain = [figure(year, f"{rng.gauss(-3, 1):.2f}", measure="change_pct") for year in bulletins]
    add("chain", chain, change | {"direction": "at_most"}, "-12")
    covered = [figure(year, f"{100 - rng.choice((0, 0, 0.1, 0.3)):.1f}") for year in bulletins]
    add("coverage", covered, {"kind": "coverage", "direction": "at_least"}, "100", "percent")
    add("direction", walk(50, -0.4, 1), {"kind": "direction", "direction": "decrease", "base_year": 2010})
    yearly = {"kind": "monotone", "direction": "increase_every_year", "base_year": 2010}
    add("monotone", walk(50, 2, 0.3), yearly, "0")
    new = counts()
    add("new", new, total, sum(int(row["value"]) for row in new) * 9 // 7, "count")
    add("settled", counts(DEADLINE), total, "90", "count")
    sums = [0]
    for _ in bulletins[1:]:
        sums.append(sums[-1] + rng.randint(300, 600))
    rows = [
        figure(year, str(held), measure="count_total") for year, held in zip(bulletins, sums, strict=True)
    ]
    add("totals", rows, total, sums[-1] * 9 // 7, "count")
    none = {"kind": "zero_event", "direction": "at_most", "base_year": 2010}
    add("events", [figure(year, "0", measure="count_new") for year in bulletins], none, "0", "count")
    add("milestone", [figure(DEADLINE, "0")], {"kind": "milestone", "direction": "achieved"}, "", "count")
    third, among = {"kind": "rank", "direction": "at_most"}, "otherland/level;testville/level"
    add("rank", [figure(DEADLINE, "4")], third, "3", comparators=among)
    return tables | {
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
    scaled = {row["indicator_id"] for row in plan["indicators"] if row["support"] in IN_UNITS} - {
        *WITHOUT_UNIT
    }

    def cells(row: Row, *names: str) -> Row:
        named = [name for name in names if row.get(name) and row["indicator_id"] in scaled]
        return row | {name: format(Decimal(row[name]) * Decimal(factor), "f") for name in named}

    rows = [row if "pct" in row["measure"] else cells(row, "value") for row in plan["observations"]]
    kept = ("relative_change",)
    goals = [row if row["kind"] in kept else cells(row, "threshold", "tolerance") for row in plan["targets"]]
    return plan | {"observations": rows, "targets": goals}


def published_on(row: Row, day: str) -> Row:
    return row | {"published": f"{row['published'][:5]}{day}"}


def as_december(plan: Plan) -> Plan:
    return plan | {"observations": [row | {"period": f"{row['period']}-12"} for row in plan["observations"]]}


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
    return plan | {name: rng.sample(rows, len(rows)) for name, rows in plan.items() if name != "as_of"}


def ten_years_later(plan: Plan) -> Plan:
    """Figures, base years, deadlines, sources and the day ten years on."""

    def later(cell: Any, key: str = "date") -> Any:
        moved = key in {"period", "published", "base_year", "deadline", "date", "base_period"}
        return f"{int(str(cell)[:4]) + 10}{str(cell)[4:]}" if cell and moved else cell

    def moved(rows: list[Row]) -> list[Row]:
        return [{key: later(cell, key) for key, cell in row.items()} for row in rows]

    return {name: later(rows) if name == "as_of" else moved(rows) for name, rows in plan.items()}


def with_a_zero_more(plan: Plan) -> Plan:
    """Numbers with one more digit, a zero, where the last digit decides nothing."""
    kinds = ("coverage", "direction", "monotone")
    precise = {row["indicator_id"] for row in plan["targets"] if row["kind"] in kinds}

    def longer(row: Row, *names: str) -> Row:
        told = [name for name in names if row.get(name) and row["indicator_id"] not in precise]
        return row | {name: row[name] + ("0" if "." in row[name] else ".0") for name in told}

    rows = [row if row["qualifier"] == "~" else longer(row, "value") for row in plan["observations"]]
    return plan | {
        "observations": rows,
        "targets": [longer(row, "threshold", "tolerance") for row in plan["targets"]],
    }


# The change, by how many draws an answer may differ, and what is drawn anew.
CHANGES: dict[str, tuple[Callable[[Plan], Plan], int, tuple[str, ...]]] = {
    "December and the year, in another order": (
        lambda plan: in_another_order(as_december_and_year(plan)),
        0,
        (),
    ),
    "December for the year, figures repeated": (lambda plan: repeated(as_december(plan)), 0, ()),
    "a zero more": (with_a_zero_more, 0, ()),
    "ten years later": (ten_years_later, 1, ()),
    **{
        f"in units of {factor}": (partial(in_another_unit, factor=factor), 5, ())
        for factor in ("1e-9", "1e8")
    },
    "in units of 3.7": (
        partial(in_another_unit, factor="3.7"),
        5,
        ("new", "totals"),
    ),  # whole numbers no longer
}


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
    (made, was), (change, draws, drawn_anew), different = before, CHANGES[name], []
    for target_id, now in answers(tmp_path, change(made)).items():
        one, errors = was[target_id], 0.0
        if one.status != now.status or (not draws and one.outcome != now.outcome):
            different.append(
                f"{target_id}: {one.status}, then {now.status}; {one.outcome}, then {now.outcome}"
            )
        elif one.probability is not None:
            errors = 4 * math.hypot(one.probability_error, now.probability_error)
            if abs(one.probability - now.probability) > (
                errors if target_id in drawn_anew else draws / DRAWS
            ):
                different.append(f"{target_id}: {one.probability:.4f}, then {now.probability:.4f}")
    assert different == []
    assert {one.status for one in was.values()} >= {"forecast", "met", "missed"}

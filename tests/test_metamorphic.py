"""What must not change an answer: the unit, a year given twice, a figure repeated, the order of rows, the calendar.

Plans of one target of every kind are made from a seed; each change of the files must leave every verdict as it was, and
every probability too: exactly where the same numbers are drawn, else within the Monte Carlo error.
"""

import math
import random
from decimal import Decimal
from functools import partial
from itertools import accumulate

import pytest
from packages import figure, indicator, package, target

import qcity_analysis as qc
from qcity_analysis.data.vintages import KEY, newest_vintages
from qcity_analysis.series.annual import coverage

SLOW = pytest.mark.slow
SEEDS = (1, *(pytest.param(seed, marks=SLOW) for seed in (2, 3, 4)))
DRAWS = 600
FIRST, LAST, DEADLINE = 2005, 2012, 2014
IN_UNITS = ("positive", "real", "count")  # supports whose levels have a unit that may be another
WITHOUT_UNIT = {"events", "milestone", "rank"}


def plan(seed):
    """Targets of every kind, most of them open, the rest met or missed: tables by name, and as_of."""
    rng, bulletins = random.Random(seed), range(FIRST, LAST + 1)
    tables = {"indicators": [], "targets": [], "observations": []}

    def add(name, rows, goal, threshold="", support="positive", comparators="", **more):
        tables["indicators"].append(indicator(name, support=support, unit="u", comparators=comparators))
        cells = {"indicator_id": name, "unit": "u", "deadline": DEADLINE, "base_year": ""}
        tables["targets"].append(target(name) | cells | {"threshold": str(threshold)} | goal | more)
        units = ({"unit": "" if "pct" in row["measure"] else "u", "indicator_id": name} for row in rows)
        tables["observations"] += [row | unit for row, unit in zip(rows, units, strict=True)]

    def walk(start, step, spread, last=LAST):
        steps = [start + step * k + rng.gauss(0, spread) for k in range(last - FIRST + 1)]
        return [figure(FIRST + k, f"{level:.2f}") for k, level in enumerate(steps)]

    def counts(last=LAST):
        years = range(FIRST + 1, last + 1)
        return [figure(year, str(rng.randint(10, 40)), measure="count_new") for year in years]

    def goal(kind, direction="at_least", **cells):
        return {"kind": kind, "direction": direction} | cells

    at_least, change = goal("level"), goal("relative_change", base_year=2010)
    total, levels = goal("cumulative", base_year=FIRST), walk(50, 1.5, 1)
    last = float(levels[-1]["value"])
    bounds = [*levels[:-2], levels[-2] | {"qualifier": "~"}, figure(LAST, f"{last - 1:.1f}", qualifier=">=")]
    add("level", levels, at_least, f"{last + 3:.2f}")
    add("about", levels, at_least, f"{last + 4:.1f}", tolerance="0.7", commitment="about")
    add("bounded", bounds, at_least, f"{last + 3:.2f}")
    add("balance", walk(-3, 0.5, 1), at_least, "1.5", "real")
    add("met", walk(50, 1.5, 1, DEADLINE), at_least, "51")
    add("missed", walk(50, 1.5, 1, DEADLINE), goal("level", "at_most"), "51")
    add("change", levels, change, "12")
    add("grown", walk(50, 4, 0.5, DEADLINE), change, "12.5", tolerance="0.5")
    chain = [figure(year, f"{rng.gauss(-3, 1):.2f}", measure="change_pct") for year in bulletins]
    add("chain", chain, change | {"direction": "at_most"}, "-12")
    covered = [figure(year, f"{100 - rng.choice((0, 0, 0.1, 0.3)):.1f}") for year in bulletins]
    add("coverage", covered, goal("coverage"), "100", "percent")
    add("direction", walk(50, -0.4, 1), goal("direction", "decrease", base_year=2010))
    add("monotone", walk(50, 2, 0.3), goal("monotone", "increase_every_year", base_year=2010), "0")
    new = counts()
    add("new", new, total, sum(int(row["value"]) for row in new) * 9 // 7, "count")
    add("settled", counts(DEADLINE), total, "90", "count")
    sums = [0, *accumulate(rng.randint(300, 600) for _ in bulletins[1:])]
    rows = [figure(year, str(one), measure="count_total") for year, one in zip(bulletins, sums, strict=True)]
    add("totals", rows, total, sums[-1] * 9 // 7, "count")
    zeros = [figure(year, "0", measure="count_new") for year in bulletins]
    add("events", zeros, goal("zero_event", "at_most", base_year=2010), "0", "count")
    add("milestone", [figure(DEADLINE, "0")], goal("milestone", "achieved"), "", "count")
    both = "otherland/level;testville/level"
    add("rank", [figure(DEADLINE, "4")], goal("rank", "at_most"), "3", comparators=both)
    return tables | {
        "sources": [{"source_id": "bulletin", "publisher": "Office", "title": "Bulletin", "date": f"{LAST + 1}"}],
        "regions": [{"region": name, "name_zh": name, "name_en": name} for name in ("testville", "otherland")],
        "as_of": f"{DEADLINE + 1}-06-30",
    }  # fmt: skip


def answers(folder, plan):
    """What a plan's figures hold (coverage, and the keys of figures), and the answer to every target."""
    tables = {name: rows for name, rows in plan.items() if name != "as_of"}
    data = qc.load(package(folder, **tables), as_of=plan["as_of"])
    keys = sorted(newest_vintages(data.observations)[KEY].astype(str).to_numpy().tolist())
    names = [row["target_id"] for row in plan["targets"]]
    return coverage(data).sort_index(), keys, {name: qc.assess(data, name, draws=DRAWS) for name in names}


def in_another_unit(plan, factor):
    """Levels, counts and what is asked of them, times the factor; changes in percent and shares as they were."""
    scaled = {one["indicator_id"] for one in plan["indicators"] if one["support"] in IN_UNITS} - WITHOUT_UNIT

    def cells(row, *names):
        named = [name for name in names if row.get(name) and row["indicator_id"] in scaled]
        return row | {name: format(Decimal(row[name]) * Decimal(factor), "f") for name in named}

    def goal(row):
        return row if row["kind"] == "relative_change" else cells(row, "threshold", "tolerance")

    return edited(plan, lambda row: [row if "pct" in row["measure"] else cells(row, "value")], goal)


def edited(plan, figures, goal=dict):
    """The plan with other figures for each, and each target changed."""
    rows = [new for row in plan["observations"] for new in figures(row)]
    return plan | {"observations": rows, "targets": [goal(row) for row in plan["targets"]]}


def published_on(row, day):
    return row | {"published": f"{row['published'][:5]}{day}"}


def as_december(row):
    return row | {"period": f"{row['period']}-12"}


def december_and_year_in_another_order(plan):
    """Every year twice, its December first, the year itself two weeks later; all rows shuffled."""
    rng = random.Random(7)
    plan = edited(plan, lambda row: [published_on(as_december(row), "02-14"), row])
    return plan | {name: rng.sample(rows, len(rows)) for name, rows in plan.items() if name != "as_of"}


def ten_years_later(plan):
    """Figures, base years, deadlines, sources and the day ten years on."""
    dated = {"period", "published", "base_year", "deadline", "date", "base_period"}

    def later(cell, key="date"):
        return f"{int(str(cell)[:4]) + 10}{str(cell)[4:]}" if cell and key in dated else cell

    def moved(rows):
        return [{key: later(cell, key) for key, cell in row.items()} for row in rows]

    return {name: later(rows) if name == "as_of" else moved(rows) for name, rows in plan.items()}


def with_a_zero_more_and_repeated(plan):
    """A zero more where the last digit decides nothing; every figure twice, as that of December."""
    kinds = ("coverage", "direction", "monotone")
    precise = {row["indicator_id"] for row in plan["targets"] if row["kind"] in kinds}

    def longer(row, *names):
        told = [name for name in names if row.get(name) and row["indicator_id"] not in precise]
        return row | {name: row[name] + ("0" if "." in row[name] else ".0") for name in told}

    def figures(row):  # its December, and the same again a month later
        row = as_december(row if row["qualifier"] == "~" else longer(row, "value"))
        return [row, published_on(row, "03-31")]

    return edited(plan, figures, lambda row: longer(row, "threshold", "tolerance"))


# The changes, by how many draws an answer may differ, and what is drawn anew: 3.7 leaves no whole numbers.
CHANGES = {"December and the year, in another order": (december_and_year_in_another_order, 0, ()),
    "December for the year, figures repeated, a zero more": (with_a_zero_more_and_repeated, 0, ()),
    "ten years later": (ten_years_later, 1, ()), "in units of 1e-9": (partial(in_another_unit, factor="1e-9"),
    3.5, ()), "in units of 1e8": (partial(in_another_unit, factor="1e8"), 3.5, ()),
    "in units of 3.7": (partial(in_another_unit, factor="3.7"), 3.5, ("new", "totals"))}  # fmt: skip


@pytest.fixture(scope="module", params=SEEDS)
def before(request, tmp_path_factory):
    made = plan(request.param)
    return made, answers(tmp_path_factory.mktemp("before"), made)


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW if "1e" in name else ()) for name in CHANGES])
def test_the_same_figures_said_otherwise_give_the_same_answers(tmp_path, before, name):
    (made, (*held, was)), (change, draws, drawn_anew), different = before, CHANGES[name], []
    *holds, changed = answers(tmp_path, change(made))
    assert draws or (held[0].equals(holds[0]) and held[1] == holds[1])
    for target_id, now in changed.items():
        one = was[target_id]
        if one.status != now.status or (not draws and one.outcome != now.outcome):
            different.append((target_id, one.status, one.outcome, now.status, now.outcome))
        elif not draws and one.series is not None and not one.series.values.equals(now.series.values):
            different.append((target_id, one.series.values, now.series.values))
        elif one.probability is not None:
            errors = 4 * math.hypot(one.probability_error, now.probability_error)
            allowed = errors if target_id in drawn_anew else draws / DRAWS
            if abs(one.probability - now.probability) > allowed:
                different.append((target_id, one.probability, now.probability))
    assert different == []
    assert {one.status for one in was.values()} >= {"forecast", "met", "missed"}

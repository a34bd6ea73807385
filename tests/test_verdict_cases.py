"""Made-up cases in which an answer was once wrong, each with others of its kind; what is right is said beside each."""

import pytest
from asking import LATE, PERCENT, answers, run, spoken
from packages import figure, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.sentences import target_shown

OPEN = "2025-06-30"
COUNT, TOTAL, CHANGE = "count_new", "count_total", "change_pct"
BASE, BASE_22, WHOLE = {"base_year": 2020}, {"base_year": 2022}, {"support": "count"}


def row(period, value, measure="level", qualifier="=", **cells):
    return figure(period, value, measure=measure, qualifier=qualifier, unit="", **cells)


def pair(first, last, **cells):
    return [row(2020, first), row(2025, last, **cells)]


def ask(folder, cases, day=LATE, draws=500):
    """Answers to cases (figures, kind, direction, threshold, cells of both tables[, what is right])."""
    made = []
    for rows, kind, direction, threshold, cells, *_ in cases:
        shown = {name: cells[name] for name in ("support", "unit") if name in cells}
        goal = {"kind": kind, "direction": direction, "threshold": threshold, "unit": "points"} | cells
        goal.pop("support", None)
        made.append((goal, rows, shown))
    return answers(folder, made, day, draws)


def about(tolerance):
    return BASE | {"commitment": "about", "tolerance": tolerance}


def counts(values, asked, status, outcome):
    return run(2021, values, COUNT), "cumulative", "at_least", asked, BASE, status, outcome


SMALL, LARGE, FELL = (
    [0.4, 0.3, 0.4, 0.4, 0.4],
    ["1234.56", "1500.44", "1300", "1100.01"],
    [100, 110, 105, 120, 131, 124],
)
TOTALS, TOLD = ["100.2", "103.1", "104.4", "105.9", "107.3", "108.1"], [row(2020, "91.25"), row(2022, 94)]
FULL = ("coverage", "at_least")
RISE, LESS = ("monotone", "increase_every_year", 0), ("relative_change", "at_most", -18)
KNOWN = run(2016, [-3.1, -2.9, -3.4, -3.0, -3.3, -2.8, -3.2, -3.1, -3.0], CHANGE)
SINCE = {"measure": "cumulative_change_pct", "base_period": 2020}


def december(ending):
    """A year and its December are one, for every kind."""
    last, end = f"2025{ending}", WHOLE | BASE_22
    zeros = [row(2023, 0, COUNT), row(2024, 0, COUNT), row(last, 0, COUNT)]
    new = [*run(2023, [5, 5], COUNT), row(last, 3, COUNT), row(2025, 3, COUNT, published="2026-03-01")]
    return [
        ([row(last, 0)], "milestone", "achieved", "", WHOLE, "missed"),
        ([row(last, 1)], "milestone", "achieved", "", WHOLE, "met"),
        ([row(2020, 50), row(last, 61)], "level", "at_least", 61, {}, "met"),
        ([row(2020, 50), row(last, 61)], "relative_change", "at_least", 22.5, BASE, "missed"),
        ([row(f"2020{ending}", 50), row(2025, 61)], "relative_change", "at_least", 22, BASE, "met"),
        (zeros, "zero_event", "at_most", 0, end, "met"),
        (new if ending else new[:3], "cumulative", "at_least", 14, end, "missed"),
    ]  # fmt: skip


SETTLED = [
    # counts are what was published, never rounded; what a fall of a total took away is not counted
    counts([2.5] * 5, 12.0, "met", 12.5), counts([2.5] * 5, 12.6, "missed", 12.5),
    counts(SMALL, 1.9, "met", 1.9), counts(SMALL, 2, "missed", 1.9),
    counts([*LARGE, "999.99"], "6135", "met", 6135), counts([*LARGE, "999.98"], "6135", "missed", 6134.99),
    (run(2020, TOTALS, TOTAL), "cumulative", "at_least", 7.9, BASE, "met"),
    (run(2020, TOTALS, TOTAL), "cumulative", "at_least", 8, BASE, "missed"),
    (run(2020, FELL, TOTAL), "cumulative", "at_least", 30, WHOLE | BASE, "missed"),
    (run(2020, FELL, TOTAL), "cumulative", "at_least", 24, WHOLE | BASE, "met"),
    # a tolerance is in the unit of the threshold, of a change in percentage points; the bound is said
    (pair(8.0, 7.5), *LESS, about(1), "missed", 6.64), (pair(8.0, 6.64), *LESS, about(1), "met", 6.64),
    (pair(0.08, 0.0672), *LESS, about(1), "missed", 0.0664),
    (pair(5400, 6190), "relative_change", "at_least", 15, about(0.5), "met", 6183),
    (pair(5400, 6180), "relative_change", "at_least", 15, about(0.5), "missed", 6183),
    *december(""), *december("-12"), *december("-Q4"),
    # precision is that of the figure that is compared, as typed
    *(([*TOLD, row(2025, typed)], *FULL, asked, PERCENT, status) for typed, asked, status in (
        ("99.95", 100, "missed"), ("99.995", 100, "missed"), ("100", 100, "met"), ("96", 96.4, "met"),
        ("96.0", 96.4, "missed"), ("96.4", 96.4, "met"), ("96.35", 96.4, "missed"), ("96.40", 96.404, "met"),
    )),
    *((run(2022, typed), *RISE, BASE_22, status) for typed, status in (
        (["12", "12.4", "12.8", "13.3"], "met"), (["12.0", "12.04", "12.1", "12.3"], "met"),
        (["12", "12.4", "12.4", "13"], "missed"), (["12.4", "12.40", "12.8", "13.3"], "missed"),
        (["12.4", "13", "13.0", "13.3"], "missed"),
    )),
    *(([row(2022, first), row(2025, last)], "direction", "increase", "", BASE_22, status)
      for first, last, status in (
        ("12", "12.4", "met"), ("12.0", "12.04", "met"), ("12.4", "12.40", "missed"), ("12.4", "13", "met"),
    )),
    *((run(2019, [change] * 6, CHANGE), "monotone", "decrease_every_year", 0, BASE | {"deadline": 2024},
       "met") for change in ("-1", "-0.1", "-0.04", "-1.0")),  # every fall is a fall
    # one relative comparison at every size
    *((pair(size, more), "relative_change", "at_least", 7, BASE, status) for size, more, status in (
        ("3e7", "3.21e7", "met"), ("1e-10", "1.07e-10", "met"), ("1e-10", "1.06e-10", "missed"),
        ("4e12", "4.28e12", "met"), ("4e12", "4279999990000", "missed"),
    )),
    *((pair("9e12", value), "level", "at_most", asked, {}, status) for value, asked, status in (
        ("1.01e-10", "1e-10", "missed"), ("1e-10", "1e-10", "met"),
        ("123456789013", "123456789012", "missed"), ("98765432101", "98765432100", "missed"),
        ("98765432100", "98765432100", "met"),
    )),
    # bounds decide both ways, and are not rounded to full coverage
    *(([*TOLD, row(2025, value, qualifier=sign)], *FULL, asked, PERCENT, status)
      for sign, value, asked, status in (
        (">=", "96", 96.4, "open"), (">=", "96.4", 96.4, "met"), (">=", "99", 99.2, "open"),
        ("<=", "99.9", 100, "missed"), ("<=", "95.8", 96.4, "missed"), ("<=", "96.4", 96.4, "open"),
    )),
    (run(2021, [96] * 5, qualifier=">="), "level", "at_least", 96, PERCENT, "met"),
    *(([*KNOWN, row(2025, value, qualifier=sign, **SINCE)], *LESS, BASE, status)
      for sign, value, status in (("<=", -19, "met"), (">=", -15, "missed"), (">=", -20, "open"))),
]  # fmt: skip


def test_figures_settle_a_target(tmp_path):
    found = ask(tmp_path, SETTLED)
    said = [a.status if a.status in ("met", "missed") else "open" for a in found]
    assert said == [case[5] for case in SETTLED]
    for answer, case in zip(found, SETTLED, strict=True):
        shown = answer.outcome if answer.target.kind == "cumulative" else answer.bound
        assert len(case) < 7 or shown == pytest.approx(case[6], rel=1e-12)


def test_a_ratio_is_compared_as_it_is_computed(tmp_path):
    spent, gdp = [201, 203, 206, 208, 211, 214, 217], [9000, 9050, 9100, 9150, 9200, 9250, 9300]
    names = [indicator("spent", unit="m"), indicator("gdp", unit="m")]
    names.append(indicator("share", unit="%", support="percent", derived="ratio", inputs="spent;gdp"))
    rising = target(indicator_id="share", kind=RISE[0], direction=RISE[1], threshold=0, base_year=2020)
    rising |= {"deadline": 2024}
    rows = run(2018, spent, indicator_id="spent") + run(2018, gdp, indicator_id="gdp")
    revised = row(2024, 213, indicator_id="spent", published="2025-12-01")  # 2.29 after 2.31
    data = loaded(tmp_path, LATE, observations=[*rows, revised], indicators=names, targets=[rising])
    assert [qc.assess(data.at(day), "goal").status for day in (OPEN, LATE)] == ["met", "missed"]


def test_every_fall_is_a_fall_whatever_its_decimals_and_full_coverage_goes_on(tmp_path):
    falls = [run(2019, [change] * 6, CHANGE) for change in ("-1", "-0.1", "-0.04", "-1.0")]
    kept = [[*rows[:4], rows[4] | {"value": "0.0"}, rows[5]] for rows in falls]
    found = ask(tmp_path, [(rows, "monotone", "decrease_every_year", 0, BASE) for rows in falls + kept], OPEN)
    assert [a.status for a in found] == ["forecast"] * 4 + ["missed"] * 4


def test_totals_of_a_year_and_its_december_count_once(tmp_path):
    rows = run(2020, [0, 40, 80], TOTAL)
    for year, total in ((2023, 120), (2024, 160)):
        rows += [row(f"{year}-12", total, TOTAL, published=f"{year + 1}-01-10")]
        rows += [row(year, total, TOTAL, published=f"{year + 1}-03-10")]
    (found,) = ask(tmp_path, [(rows, "cumulative", "at_least", 190, WHOLE | BASE)], OPEN)
    assert (found.status, found.tally.covered, found.tally.count) == ("forecast", 4, 160)


# Numbers in sentences: targets as written, figures as published, and nothing on the wrong side.


def test_a_target_is_quoted_as_the_plan_wrote_it(tmp_path):
    quoted = [
        ([0.0112, 0.0100, 0.0093, 0.0085, 0.0077, 0.0070, 0.0066], "level", "at_most", "0.0046", {}, "0.0046"),
        ([99.5, 99.6, 99.6, 99.7, 99.7, 99.8, 99.8], "level", "at_least", "99.95", {}, "99.95"),
        ([99.5, 99.6, 99.6, 99.4, 99.2, 98, 97.8], "relative_change", "at_most", "-3.25", BASE, "3.25"),
        ([7.1, 7.2, 7.35, 7.4, 7.52, 7.61, 7.7], "level", "at_least", "8.0", {}, "8.0"),
        ([1.2e7, 1.25e7, 1.31e7, 1.4e7, 1.45e7, 1.5e7, 1.6e7], "level", "at_least", "16543210", {}, "16,543,210"),
    ]  # fmt: skip
    found = ask(tmp_path, [(run(2018, levels), *case) for levels, *case in quoted], OPEN)
    for answer, case in zip(found, quoted, strict=True):
        assert all(case[-1] in sentences.headline(answer, lang) for lang in ("zh", "en"))


def test_a_missed_target_is_never_said_with_the_number_that_would_meet_it(tmp_path):
    missed = [
        (pair(9, "15.94"), "level", "at_least", "15.95", {}, ("15.94", "15.95")),
        (pair(1000, "1179.99"), "relative_change", "at_least", "18", BASE, ("17.999",)),
        (run(2021, ["2.04", "2.04", "2.04", "2.04", "1.83"], COUNT), "cumulative", "at_least", "10", BASE,
         ("9.99",)),
    ]  # fmt: skip
    for answer, (*_, numbers) in zip(ask(tmp_path, missed), missed, strict=True):
        assert answer.status == "missed"
        assert all(number in spoken(answer, lang) for number in numbers for lang in ("zh", "en"))


def test_the_pace_of_a_quantity_is_in_its_unit_though_the_target_is_in_percent(tmp_path):
    rows = run(2017, [300, 305, 310, 300, 313, 317, 319, 320.5])
    goal = target(kind="relative_change", threshold=7, base_year=2020, deadline=2026, unit="%")
    tons = [indicator("widgets", unit="t")]
    data = loaded(tmp_path, LATE, observations=rows, indicators=tons, targets=[goal])
    found = qc.assess(data, "goal", draws=500)
    for lang in ("zh", "en"):
        (pace,) = (one for one in spoken(found, lang).splitlines() if "5.12" in one)  # (320.5 − 300) / 4
        assert "5.12 t" in pace and "321 t" in target_shown(found, lang)


def test_bounds_of_earlier_years_are_shown(tmp_path):
    (found,) = ask(tmp_path, [(run(2021, [96] * 4, qualifier=">="), "level", "at_least", 96, PERCENT)], OPEN)
    assert found.status not in ("met", "missed")
    assert all(str(year) in spoken(found, lang) for year in range(2021, 2025) for lang in ("zh", "en"))


# Probabilities.


def test_what_never_moved_probably_stays(tmp_path):
    still = [(100.0, "percent"), (98.0, "percent"), (12, "count"), (3.5, "positive")]
    cases = [
        (run(2018, [level] * 7), "level", side, level, {"support": support})
        for level, support in still for side in ("at_least", "at_most")
    ]  # fmt: skip
    found = ask(tmp_path, [*cases, (run(2019, ["100"] * 6), *FULL, 100, PERCENT)], OPEN)
    assert min(a.probability for a in found) >= 0.8


def test_what_is_not_in_the_data_is_not_said_to_be_unpublished(tmp_path):
    sides = {"milestone": "achieved", "monotone": "increase_every_year"}
    kinds, rows = "level cumulative milestone zero_event rank monotone", [row(2020, 1, region="otherland")]
    cases = [(rows, kind, sides.get(kind, "at_least"), 1, WHOLE | BASE) for kind in kinds.split()]
    for found in ask(tmp_path, cases):
        assert found.status == "not_assessable"
        assert "no published" not in spoken(found, "en").lower()
        assert not [claim for claim in ("没有已公布", "未公布", "没有公布") if claim in spoken(found, "zh")]

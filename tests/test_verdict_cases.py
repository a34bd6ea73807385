"""Made-up cases in which an answer was once wrong, each with others of its kind; what is right is said beside each."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import Row, figure, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.attribution import explain_change
from qcity_analysis.analysis.portfolio import portfolio
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.sentences import target_shown
from qcity_analysis.trackrecord import ledger

LATE = "2026-12-30"


def row(period: object, value: object, measure: str = "level", qualifier: str = "=", **cells: Any) -> Row:
    """A figure of `widgets`, the unit left to the indicator."""
    return figure(period, value, measure=measure, qualifier=qualifier, unit="", **cells)


def run(first: int, values: list[Any], measure: str = "level", **cells: Any) -> list[Row]:
    """One figure a year from `first` on."""
    return [row(first + k, value, measure, **cells) for k, value in enumerate(values)]


def ask(
    folder: Path, rows: list[Row], kind: str, direction: str, threshold: object, *, day: str = LATE,
    support: str = "positive", unit: str = "points", declared: Row | None = None, draws: int = 1000, **goal: Any,
) -> qc.Assessment:  # fmt: skip
    """The answer to one target of one indicator."""
    shown = indicator("widgets", support=support, unit=unit, **(declared or {}))
    goal = {"kind": kind, "direction": direction, "threshold": threshold, "unit": unit} | goal
    data = loaded(folder, day, observations=rows, indicators=[shown], targets=[target(**goal)])
    return qc.assess(data, "goal", draws=draws)


def said(answer: qc.Assessment, lang: str) -> str:
    """Everything the page says of an answer in words."""
    notes = [sentences.note(found, lang) for found in answer.notes]
    return "\n".join([sentences.headline(answer, lang), *sentences.sentences(answer, lang), *notes])


def about(tolerance: float) -> Row:
    return {"base_year": 2020, "commitment": "about", "tolerance": tolerance}


COUNT, SINCE_2020, SHARE = {"support": "count"}, {"base_year": 2020}, {"support": "percent", "unit": "%"}
PARTS, ODD = [0.4, 0.3, 0.4, 0.4, 0.4], ["1234.56", "1500.44", "1300", "1100.01"]
RISING, FALLING = [100, 110, 105, 120, 131, 124], [-3.1, -2.9, -3.4, -3.0, -3.3, -2.8, -3.2, -3.1, -3.0]
FIGURES = {
    "new": lambda *items: run(2021, list(items), "count_new"),
    "total": lambda *items: run(2020, list(items), "count_total"),
    "ends": lambda first, last: [row(2020, first), row(2025, last)],
    "coverage": lambda *last: [row(2020, "91.25"), row(2022, 94), row(2025, *last)],
    "change": lambda sign, value: [
        *run(2016, FALLING, "change_pct"), row(2025, value, "cumulative_change_pct", sign, base_period=2020)
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "direction", "asked", "cells", "shape", "values", "status"),
    [
        # counts are what was published, never rounded
        *(("cumulative", "at_least", asked, SINCE_2020, shape, values, status) for asked, shape, values, status in (
            (12.0, "new", [2.5] * 5, "met"), (12.6, "new", [2.5] * 5, "missed"),
            (1.9, "new", PARTS, "met"), (2, "new", PARTS, "missed"),
            ("6135", "new", [*ODD, "999.99"], "met"), ("6135", "new", [*ODD, "999.98"], "missed"),
            (7.9, "total", ["100.2", "103.1", "104.4", "105.9", "107.3", "108.1"], "met"),
            (8, "total", ["100.2", "103.1", "104.4", "105.9", "107.3", "108.1"], "missed"),
        )),
        # a tolerance of a change is in percentage points
        ("relative_change", "at_most", -18, about(1), "ends", [8.0, 7.5], "missed"),
        ("relative_change", "at_most", -18, about(1), "ends", [8.0, 6.64], "met"),
        ("relative_change", "at_most", -18, about(1), "ends", [0.08, 0.0672], "missed"),
        ("relative_change", "at_least", 15, about(0.5), "ends", [5400, 6190], "met"),
        ("relative_change", "at_least", 15, about(0.5), "ends", [5400, 6180], "missed"),
        # coverage is met when the figure rounds to it at its own decimals; a bound is not rounded
        *(("coverage", "at_least", asked, SHARE, "coverage", values, status) for asked, values, status in (
            (100, ["99.95"], "missed"), (100, ["99.995"], "missed"), (100, ["100"], "met"), (96.404, ["96.40"], "met"),
            (96.4, ["96"], "met"), (96.4, ["96.0"], "missed"), (96.4, ["96.4"], "met"), (96.4, ["96.35"], "missed"),
            (96.4, ["96", "level", ">="], "open"), (96.4, ["96.4", "level", ">="], "met"),
            (99.2, ["99", "level", ">="], "open"), (100, ["99.9", "level", "<="], "missed"),
            (96.4, ["95.8", "level", "<="], "missed"), (96.4, ["96.4", "level", "<="], "open"),
        )),
        # one relative comparison, at every size
        *(("relative_change", "at_least", 7, SINCE_2020, "ends", values, status) for values, status in (
            (["3e7", "3.21e7"], "met"), (["1e-10", "1.07e-10"], "met"), (["1e-10", "1.06e-10"], "missed"),
            (["4e12", "4.28e12"], "met"), (["4e12", "4279999990000"], "missed"),
        )),
        *(("level", "at_most", asked, {}, "ends", ["9e12", value], status) for value, asked, status in (
            ("1.01e-10", "1e-10", "missed"), ("1e-10", "1e-10", "met"), ("123456789013", "123456789012", "missed"),
            ("98765432101", "98765432100", "missed"), ("98765432100", "98765432100", "met"),
        )),
        # a bound on a change decides
        ("relative_change", "at_most", -18, SINCE_2020 | {"unit": "%"}, "change", ["<=", -19], "met"),
        ("relative_change", "at_most", -18, SINCE_2020 | {"unit": "%"}, "change", [">=", -15], "missed"),
        ("relative_change", "at_most", -18, SINCE_2020 | {"unit": "%"}, "change", [">=", -20], "open"),
    ],
)  # fmt: skip
def test_a_verdict_is_that_of_the_figures_as_published(
    tmp_path: Path, kind: str, direction: str, asked: object, cells: Row, shape: str, values: list[Any], status: str
) -> None:  # fmt: skip
    answer = ask(tmp_path, FIGURES[shape](*values), kind, direction, asked, **cells)
    assert (answer.status if answer.status in ("met", "missed") else "open") == status
    if shape == "new":
        assert answer.outcome == pytest.approx(sum(map(float, values)), rel=1e-12)
    if "tolerance" in cells:
        sign = -1 if direction == "at_least" else 1
        assert answer.bound == pytest.approx(
            values[0] * (1 + (float(asked) + sign * cells["tolerance"]) / 100)
        )


def test_what_a_fall_of_a_total_took_away_is_not_counted(tmp_path: Path) -> None:
    rows = run(2020, RISING, "count_total")
    for asked, wrong in ((30, "met"), (24, "missed")):
        answer = ask(tmp_path / wrong, rows, "cumulative", "at_least", asked, **COUNT, **SINCE_2020)
        assert answer.status != wrong


# A year and its December are one.


def test_totals_of_a_year_and_its_december_count_once(tmp_path: Path) -> None:
    rows = run(2020, [0, 40, 80], "count_total")
    for year, total in ((2023, 120), (2024, 160)):
        rows += [row(f"{year}-12", total, "count_total", published=f"{year + 1}-01-10")]
        rows += [row(year, total, "count_total", published=f"{year + 1}-03-10")]
    answer = ask(tmp_path, rows, "cumulative", "at_least", 190, day="2025-06-30", **COUNT, **SINCE_2020)
    assert answer.tally is not None
    assert (answer.status, answer.tally.covered, answer.tally.count) == ("forecast", 4, 160)


@pytest.mark.parametrize("ending", ["", "-12", "-Q4"])
def test_december_settles_every_kind(tmp_path: Path, ending: str) -> None:
    last, level = f"2025{ending}", [row(2020, 50), row(f"2025{ending}", 61)]
    base = [row(f"2020{ending}", 50), row(2025, 61)]
    none = [*run(2023, [0, 0], "count_new"), row(last, 0, "count_new")]
    new = [*run(2023, [5, 5], "count_new"), row(last, 3, "count_new")]
    new += [row(2025, 3, "count_new", published="2026-03-01")] if ending else []
    counts = COUNT | {"base_year": 2022}
    for k, (rows, kind, direction, asked, cells, status) in enumerate(
        (
            (level, "level", "at_least", 61, {}, "met"),
            (level, "relative_change", "at_least", 22.5, SINCE_2020, "missed"),
            (base, "relative_change", "at_least", 22, SINCE_2020, "met"),
            (none, "zero_event", "at_most", 0, counts, "met"),
            (new, "cumulative", "at_least", 14, counts, "missed"),
            ([row(last, 0)], "milestone", "achieved", "", COUNT, "missed"),
            ([row(last, 1)], "milestone", "achieved", "", COUNT, "met"),
        )
    ):
        assert ask(tmp_path / str(k), rows, kind, direction, asked, **cells).status == status


# Precision is that of the figure that is compared, as typed.


def test_a_ratio_is_compared_as_it_is_computed(tmp_path: Path) -> None:
    spent, gdp = [201, 203, 206, 208, 211, 214, 217], [9000, 9050, 9100, 9150, 9200, 9250, 9300]
    names = [indicator("spent", unit="m"), indicator("gdp", unit="m")]
    names.append(indicator("share", unit="%", support="percent", derived="ratio", inputs="spent;gdp"))
    rows = run(2018, spent, indicator_id="spent") + run(2018, gdp, indicator_id="gdp")
    asked = {"kind": "monotone", "direction": "increase_every_year", "threshold": 0, "base_year": 2020}
    tables = {"indicators": names, "targets": [target(indicator_id="share", deadline=2024, **asked)]}
    assert qc.assess(loaded(tmp_path / "a", LATE, observations=rows, **tables), "goal").status == "met"
    rows[6] |= {"value": 213}  # 2.29 after 2.31
    assert qc.assess(loaded(tmp_path / "b", LATE, observations=rows, **tables), "goal").status == "missed"


@pytest.mark.parametrize("change", ["-1", "-0.1", "-0.04", "-1.0"])
def test_every_fall_is_a_fall_whatever_its_decimals(tmp_path: Path, change: str) -> None:
    rows = run(2019, [change] * 6, "change_pct")
    cells = {"base_year": 2020, "threshold": 0}
    asked = {"kind": "monotone", "direction": "decrease_every_year"}
    assert ask(tmp_path / "a", rows, **asked, day="2025-06-30", **cells).status == "forecast"
    assert ask(tmp_path / "b", rows, **asked, **cells | {"deadline": 2024}).status == "met"
    rows[4] |= {"value": "0.0"}
    assert ask(tmp_path / "c", rows, **asked, day="2025-06-30", **cells).status == "missed"


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (["12", "12.4", "12.8", "13.3"], "met"),
        (["12.0", "12.04", "12.1", "12.3"], "met"),
        (["12", "12.4", "12.4", "13"], "missed"),
        (["12.4", "12.40", "12.8", "13.3"], "missed"),
        (["12.4", "13", "13.0", "13.3"], "missed"),
    ],
)
def test_a_rise_is_a_rise_of_the_figures_as_published(tmp_path: Path, typed: list[str], status: str) -> None:
    rows = run(2022, typed)
    assert ask(tmp_path / "a", rows, "monotone", "increase_every_year", 0, base_year=2022).status == status
    rows = [row(2022, typed[0]), row(2025, typed[1])]
    better = "met" if float(typed[1]) > float(typed[0]) else "missed"
    assert ask(tmp_path / "b", rows, "direction", "increase", "", base_year=2022).status == better


# Numbers in sentences: targets as written, figures as published, and nothing on the wrong side.


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("levels", "kind", "direction", "asked", "cells", "quoted"),
    [
        ([0.0112, 0.0100, 0.0093, 0.0085, 0.0077, 0.0070, 0.0066], "level", "at_most", "0.0046", {}, "0.0046"),
        ([99.5, 99.6, 99.6, 99.7, 99.7, 99.8, 99.8], "level", "at_least", "99.95", {}, "99.95"),
        ([99.5, 99.6, 99.6, 99.4, 99.2, 98, 97.8], "relative_change", "at_most", "-3.25", {"base_year": 2020}, "3.25"),
        ([7.1, 7.2, 7.35, 7.4, 7.52, 7.61, 7.7], "level", "at_least", "8.0", {}, "8.0"),
        ([1.2e7, 1.25e7, 1.31e7, 1.4e7, 1.45e7, 1.5e7, 1.6e7], "level", "at_least", "16543210", {}, "16,543,210"),
    ],
)  # fmt: skip
def test_a_target_is_quoted_as_the_plan_wrote_it(
    tmp_path: Path, levels: list[float], kind: str, direction: str, asked: str, cells: Row, quoted: str, lang: str
) -> None:  # fmt: skip
    found = ask(tmp_path, run(2018, levels), kind, direction, asked, day="2025-06-30", **cells)
    assert quoted in sentences.headline(found, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_missed_target_is_never_said_with_the_number_that_would_meet_it(tmp_path: Path, lang: str) -> None:
    found = ask(tmp_path / "a", [row(2020, 9), row(2025, "15.94")], "level", "at_least", "15.95")
    assert found.status == "missed" and "15.94" in said(found, lang) and "15.95" in said(found, lang)
    rows = [row(2020, 1000), row(2025, "1179.99")]
    found = ask(tmp_path / "b", rows, "relative_change", "at_least", "18", base_year=2020)
    assert found.status == "missed" and "17.999" in said(found, lang)
    counts = run(2021, ["2.04", "2.04", "2.04", "2.04", "1.83"], "count_new")
    found = ask(tmp_path / "c", counts, "cumulative", "at_least", "10", base_year=2020)
    assert found.status == "missed" and "9.99" in said(found, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pace_of_a_quantity_is_in_its_unit_though_the_target_is_in_percent(
    tmp_path: Path, lang: str
) -> None:
    rows = run(2017, [300, 305, 310, 300, 313, 317, 319, 320.5])
    goal = target(kind="relative_change", threshold=7, base_year=2020, deadline=2026, unit="%")
    data = loaded(
        tmp_path, LATE, observations=rows, indicators=[indicator("widgets", unit="t")], targets=[goal]
    )
    found = qc.assess(data, "goal", draws=500)
    (pace,) = (one for one in said(found, lang).splitlines() if "5.12" in one)  # (320.5 − 300) / 4
    assert "5.12 t" in pace
    assert found.threshold is not None and "321 t" in target_shown(found, lang)


# The probability does not depend on the unit.


@pytest.mark.parametrize("support", ["positive", "real", "count"])
def test_the_same_series_in_other_units_has_the_same_probability(tmp_path: Path, support: str) -> None:
    levels, found = np.array([203, 211, 226, 230, 247, 251, 266]), []
    for k, size in enumerate((1.0, 0.01, 1e4, 1e8, 7.3)):
        rows = run(2017, [f"{level * size:.12g}" for level in levels])
        asked = {"day": "2024-06-30", "support": support, "draws": 4000}
        found.append(ask(tmp_path / str(k), rows, "level", "at_least", 281 * size, **asked).probability)
    assert max(found) - min(found) <= 0.005


# What did not move is likely to stay.


@pytest.mark.parametrize(
    ("level", "support", "asked"),
    [("100", "percent", 100), (98.0, "percent", 98), (12, "count", 12), (3.5, "positive", 3.5)],
)
def test_what_never_moved_probably_stays(tmp_path: Path, level: object, support: str, asked: float) -> None:
    rows = run(2018, [level] * 7)
    for kind, direction in (("level", "at_least"), ("level", "at_most"), ("coverage", "at_least")):
        if kind == "level" or support == "percent":
            answer = ask(tmp_path / kind, rows, kind, direction, asked, day="2025-06-30", support=support)
            assert answer.probability is not None and answer.probability >= 0.8


# Bounds decide both ways.


def test_bounds_alone_decide_and_those_of_earlier_years_are_shown(tmp_path: Path) -> None:
    rows = run(2021, [96] * 5, qualifier=">=")
    assert ask(tmp_path / "a", rows, "level", "at_least", 96, **SHARE).status == "met"
    found = ask(tmp_path / "b", rows[:4], "level", "at_least", 96, day="2025-06-30", **SHARE)
    assert found.status not in ("met", "missed")
    for lang in ("zh", "en"):
        assert all(str(year) in said(found, lang) for year in (2021, 2022, 2023, 2024))


# The ledger scores what was said.


@pytest.mark.parametrize("ending", ["", "-12"])
def test_what_was_said_before_an_early_settlement_is_scored(tmp_path: Path, ending: str) -> None:
    rows = [
        row(f"{y}{ending}", v, "count_new", published=f"{y + 1}-02-01")
        for y, v in ((2020, 55), (2021, 70), (2022, 65), (2023, 90))
    ]
    cells = {"support": "count", "base_year": 2019, "deadline": 2026}
    answer = ask(tmp_path / "data", rows, "cumulative", "at_least", 260, day="2023-06-30", **cells)
    assert answer.status == "forecast"
    ledger.record(answer, tmp_path / "ledger", "x", dt.datetime(2023, 6, 30, tzinfo=dt.UTC))
    found = ledger.scored(ledger.read(tmp_path / "ledger"), qc.load(tmp_path / "data", as_of="2026-06-30"))
    assert found[["happened", "in_advance"]].to_dict("records") == [{"happened": True, "in_advance": True}]


def test_what_a_december_figure_settled_is_scored(tmp_path: Path) -> None:
    levels = run(2015, [10, 10.4, 11.2, 11.5, 12.3, 12.9, 13.1, 14])
    answer = ask(tmp_path / "data", levels, "level", "at_least", 16, day="2023-06-30", deadline=2023)
    ledger.record(answer, tmp_path / "ledger", "x", dt.datetime(2023, 6, 30, tzinfo=dt.UTC))
    rows = [*levels, row("2023-12", 14.6)]
    settled = ask(tmp_path / "later", rows, "level", "at_least", 16, deadline=2023)
    assert settled.status == "missed"
    found = ledger.scored(ledger.read(tmp_path / "ledger"), qc.load(tmp_path / "later", as_of=LATE))
    assert found[["happened", "in_advance"]].to_dict("records") == [{"happened": False, "in_advance": True}]


# A stressed portfolio is not milder.


@pytest.mark.parametrize("sharing", [2, 4])
def test_a_stressed_portfolio_is_wider(tmp_path: Path, sharing: int) -> None:
    levels, asked = [10, 11, 11.6, 12.9, 13.4, 14.8, 15, 16.1, 16.4], [16.9, 17.2, 17.5, 17.8][:sharing]
    tables = {
        "observations": [r for name in "abc" for r in run(2014, levels, indicator_id=name)],
        "indicators": [indicator(name) for name in "abc"],
        "targets": [target(f"{n}{x}", indicator_id=n, threshold=x) for n in "abc" for x in asked],
    }
    data = loaded(tmp_path, "2023-12-31", **tables)
    counts = portfolio(data, qc.scorecard(data, draws=1000)[1]).counts
    number = counts.index.to_numpy(float)

    def variance(column: str) -> float:
        share = counts[column].to_numpy()
        return float(share @ number**2 - (share @ number) ** 2)

    assert variance("stress") >= variance("dependent") - 0.02 >= variance("independent") - 0.02


# Said of all figures, and only where it is so.


def test_nothing_changed_is_not_called_a_change(tmp_path: Path) -> None:
    rows = run(2015, [10, 10.4, 11.2, 11.5, 12.3, 12.9, 13.1, 14])
    data = loaded(tmp_path, "2024-12-31", observations=rows)
    change = explain_change(data, "goal", None, "2023-06-30", "2023-07-31", draws=500)
    assert not change.flipped and change.figures == [] and change.before.status == change.after.status


# We say what we hold, not what there is.


@pytest.mark.parametrize(
    ("lang", "claim"), [("en", "no published"), ("zh", "没有已公布"), ("zh", "未公布"), ("zh", "没有公布")]
)
@pytest.mark.parametrize("kind", ["level", "cumulative", "milestone", "zero_event", "rank", "monotone"])
def test_what_is_not_in_the_data_is_not_said_to_be_unpublished(
    tmp_path: Path, kind: str, lang: str, claim: str
) -> None:
    direction = {"milestone": "achieved", "monotone": "increase_every_year"}.get(kind, "at_least")
    elsewhere = [figure(2020, 1, region="otherland", unit="")]
    found = ask(tmp_path, elsewhere, kind, direction, 1, base_year=2020, support="count")
    assert found.status == "not_assessable"
    assert claim not in said(found, lang).lower()

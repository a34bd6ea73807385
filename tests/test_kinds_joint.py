"""Targets on every year, on a direction, on ranks and on milestones: which figures decide, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import Row, figure, figures, indicator
from test_assessment import SHARE, answer, codes, why

from qcity_analysis.assessment.answer import Assessment
from qcity_analysis.assessment.peers import ranked
from qcity_analysis.reporting import sentences

EVERY = {
    "kind": "monotone",
    "direction": "increase_every_year",
    "threshold": 0,
    "base_year": 2020,
    "unit": "pp",
}
FALL = {"direction": "decrease_every_year"}
UP = {"kind": "direction", "direction": "increase", "threshold": 0, "base_year": 2020}
TOP = {"kind": "rank", "direction": "at_most", "threshold": 2}
DONE = {"kind": "milestone", "direction": "achieved", "threshold": None}
RISING = {
    2018: 90.1,
    2019: 90.0,
    2020: 91.3,
    2021: 92.4,
    2022: 93.1,
}  # a fall before the years that count is none
LATE = "2026-06-30"
Levels = dict[int, float]


def every(folder: Path, levels: Levels, goal: Row | None = None, *more: Row, **options: Any) -> Assessment:
    rows = [*figures(levels, unit="%"), *(row | {"unit": "%"} for row in more)]
    return answer(folder, EVERY | (goal or {}), observations=rows, indicators=[SHARE], **options)


def without(*years: int) -> Levels:
    return {year: level for year, level in RISING.items() if year not in years}


@pytest.mark.parametrize(
    ("levels", "goal", "bounds", "status", "settled_in"),
    [
        (RISING, {}, [], "forecast", None),
        (RISING | {2023: 93.1}, {}, [], "missed", "2023"),
        ({year: 100 - level for year, level in RISING.items()}, FALL, [], "forecast", None),
        ({year: 100 - level for year, level in RISING.items()}, {}, [], "missed", "2021"),
        (RISING, {"threshold": 1.0}, [], "missed", "2022"),  # the least step is 92.4 to 93.1
        (RISING, {"threshold": 1.0, "tolerance": 0.2, "commitment": "about"}, [], "missed", "2022"),
        (RISING, {"threshold": 1.0, "tolerance": 0.3, "commitment": "about"}, [], "forecast", None),
        (RISING | {2022: 93.12, 2023: 93.2, 2024: 93.31}, {}, [], "forecast", None),  # compared as published
        (RISING | {2022: 93.14, 2023: 93.14}, {}, [], "missed", "2023"),
        (RISING, {}, [(80, "<=")], "missed", "2023"), (RISING, {}, [(93.1, "<=")], "missed", "2023"),
        (RISING, {}, [(93.2, "<=")], "forecast", None), (RISING, {}, [(80, ">=")], "forecast", None),
        (RISING, {"deadline": 2023}, [(93.2, ">=")], "met", None),
        (RISING, {"deadline": 2023}, [(93.1, ">=")], "forecast", None),
        (without(2021) | {2022: 91.3}, {}, [], "missed", "2022"),  # no path from 91.3 to 91.3 rises
        # over a gap as many steps have to be taken as there are years
        ({2019: 89.0, 2020: 90.0, 2023: 90.1}, {}, [], "forecast", None),
        ({2019: 89.0, 2020: 90.0, 2023: 90.0}, {}, [], "missed", "2023"),
        ({2019: 89.0, 2020: 90.0, 2023: 92.9}, {"threshold": 1}, [], "missed", "2023"),
    ],
)  # fmt: skip
def test_the_first_year_that_was_not_better_is_a_miss_long_before_the_deadline(
    tmp_path: Path, levels: Levels, goal: Row, bounds: list[tuple[float, str]], status: str, settled_in: str | None
) -> None:  # fmt: skip
    more = [figure(2023, value, qualifier=sign) for value, sign in bounds]
    found = every(tmp_path, levels, goal, *more)
    assert (found.status, found.settled_in) == (status, settled_in)
    assert ("not_better" in codes(found)) == (status == "missed") and found.period[0] == 2021


def test_the_probability_is_the_share_of_paths_that_rise_every_year_as_published(tmp_path: Path) -> None:
    found = every(tmp_path / "a", RISING)
    paths = np.round(np.column_stack([np.full(1000, 93.1), found.forecast.paths]), 1)
    assert found.probability == np.mean((np.diff(paths) > 1e-9).all(axis=1))
    assert found.threshold is None and "stricter" in " ".join(sentences.sentences(found, "en"))
    gap = every(tmp_path / "b", without(2021))  # bridged, and named
    assert "bridged" in codes(gap) and 0 < gap.probability < found.probability + 0.1


@pytest.mark.parametrize("percent", [-1, -0.01])
def test_levels_chained_from_changes_are_compared_as_they_are(tmp_path: Path, percent: float) -> None:
    rows = [figure(year, percent, measure="change_pct") for year in range(2019, 2024)]
    down, up, lower = (
        answer(tmp_path / name, goal, observations=rows)
        for name, goal in (("a", EVERY | FALL), ("b", EVERY), ("c", UP | {"direction": "decrease"}))
    )
    assert down.status == "forecast" and down.probability > 0
    assert (up.status, up.settled_in) == ("missed", "2021")
    assert lower.bound == lower.series.values[2020]
    assert lower.probability == np.mean(lower.forecast.paths[:, -1] < lower.bound)


def test_which_years_count_and_what_is_not_known_of_them_is_said(tmp_path: Path) -> None:
    gap = every(tmp_path / "a", {2019: 90.0, 2020: 91.0, 2022: 93.0, 2023: 94.0}, {"deadline": 2023})
    assert why(gap) == "years_missing" and "2021" in sentences.reason(gap.reason, "en")
    first = every(tmp_path / "b", {2021: 92.4, 2022: 93.1, 2023: 94.0})  # the first year has no figure
    assert "compared_from" in codes(first) and first.status == "forecast"
    names = {"publisher": "P", "title": "Plan", "date": "2022-05-01"}
    sources = [{"source_id": "bulletin"} | names | {"date": "2024"}, {"source_id": "plan"} | names]
    planned = every(tmp_path / "c", RISING, {"base_year": None, "source_id": "plan"}, sources=sources)
    assert planned.period == (2022, 2025) and "first_year_of_plan" in codes(planned)
    assert "from 2022 to 2025" in sentences.headline(planned, "en")
    undated = [
        {"source_id": "bulletin"} | names | {"date": "2030"}
    ]  # later than the deadline: the figures decide
    levels = every(tmp_path / "d", without(2018, 2019), {"base_year": None}, sources=undated)
    assert levels.period == (2021, 2025) and "first_year_of_figures" in codes(levels)


@pytest.mark.parametrize(
    ("base", "last", "outcome"),
    [
        (2020, 91.4, "met"), (2020, 91.3, "missed"), (2020, None, None), (2015, None, "no_base"),
        (None, None, "no_base_year"),
    ],
)  # fmt: skip
def test_a_direction_is_met_by_any_published_rise_on_the_base_year(
    tmp_path: Path, base: int | None, last: float | None, outcome: str | None
) -> None:
    rows = figures(RISING | ({2025: last} if last else {}), unit="%")
    found = answer(tmp_path, UP | {"base_year": base}, LATE, observations=rows, indicators=[SHARE])
    if last is None and outcome is not None:
        assert why(found) == outcome
    elif last is not None:
        assert found.status == outcome
    else:
        assert (found.threshold, found.bound) == (91.3, 91.3)
        assert found.probability == np.mean(found.forecast.paths[:, -1] > found.bound * (1 + 1e-12))


NAMES = ("testville", "north", "south", "west")
TOWNS = [{"region": name, "name_zh": name, "name_en": name, "parent": "land"} for name in NAMES]
TOWNS += [{"region": "land", "name_zh": "国", "name_en": "Land"}]
OTHERS = {"north": [5.0, 6.0, 7.0], "south": [3.0, 3.0, 4.0], "west": [1.0, 1.0, 2.0]}
ENDED = {name: [*levels, levels[-1], levels[-1]] for name, levels in OTHERS.items()}


def towns(own: list[float], others: dict[str, list[float]], **cells: Any) -> list[Row]:
    levels = {"testville": own, **others}.items()
    return [row for name, own in levels for row in figures(dict(enumerate(own, 2021)), region=name, **cells)]


def rank_of(
    folder: Path, own: list[float], others: dict[str, list[float]], goal: Row | None = None, **more: Any
) -> Assessment:
    return answer(folder, TOP | (goal or {}), observations=towns(own, others), regions=TOWNS, **more)


def test_a_rank_is_counted_among_all_regions_with_the_same_parent(tmp_path: Path) -> None:
    found = rank_of(tmp_path / "a", [4.0, 4.5, 5.0], OTHERS)
    assert found.series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}
    assert set(np.unique(found.forecast.paths)) <= {1.0, 2.0, 3.0, 4.0}
    assert found.probability == np.mean(found.forecast.paths[:, -1] <= 2)
    assert (found.likelihood, "ranked_among" in codes(found)) == ("joint_ranks", True)
    short = rank_of(tmp_path / "b", [4.0, 4.5, 5.0], OTHERS | {"west": [1.0]})  # named, and nothing is ranked
    assert why(short) == "peers_short"
    assert "west" in sentences.reason(short.reason, "en") and "south" not in sentences.reason(
        short.reason, "en"
    )
    gap = rank_of(tmp_path / "c", [4.0, 4.5, 5.0], OTHERS, {"deadline": 2022}, as_of=LATE)
    assert (gap.status, gap.outcome) == ("met", 2)
    ahead = {"north": [5.0, 6.0, 7.0, 8.0, 9.0, 10.0]} | {name: OTHERS[name] for name in ("south", "west")}
    rows = [
        row for row in towns([4.0, 4.5, 5.0], ahead) if row["period"] != "2025" or row["region"] != "north"
    ]
    assert why(answer(tmp_path / "d", TOP, "2027-06-30", observations=rows, regions=TOWNS)) == "deadline_gap"


@pytest.mark.parametrize(
    ("last", "goal", "status", "outcome"),
    [
        (4.0, {}, "met", 2), (3.9, {}, "missed", 3),  # level with the south, or behind it
        (3.9, {"commitment": "about", "tolerance": 1}, "met", 3),
    ],
)  # fmt: skip
def test_the_deadlines_figures_decide_the_rank_and_equals_share_the_better_one(
    tmp_path: Path, last: float, goal: Row, status: str, outcome: int
) -> None:
    found = rank_of(tmp_path, [4.0, 4.5, 5.0, 5.0, last], ENDED, goal, as_of=LATE)
    assert (found.status, found.outcome, found.bound) == (status, outcome, 2 + goal.get("tolerance", 0))


def test_ranks_count_those_strictly_ahead() -> None:
    table = np.array([[2.0, 3.0, 2.0], [5.0, 3.0, 2.0], [1.0, 3.0, 2.0]])
    assert ranked(table, higher=True).tolist() == [2, 1, 3]
    assert ranked(table, higher=False).tolist() == [1, 3, 1]


@pytest.mark.parametrize(
    ("sign", "last", "status"),
    [("=", None, "forecast"), ("=", 3, "missed"), ("<=", 2, "met"), (">=", 3, "missed")],
)
def test_a_published_rank_or_its_bound_decides_and_the_indicator_its_comparators_name_ranks_ahead(
    tmp_path: Path, sign: str, last: float | None, status: str
) -> None:
    ranks = indicator("widgets", better="lower", comparators="north/awards;south/awards")
    awards = towns([4, 5, 6], {"north": [5, 6, 7], "south": [3, 3, 4]}, indicator_id="awards")
    rows = [*figures({2021: 2, 2022: 2}), *awards, *([figure(2025, last, qualifier=sign)] if last else [])]
    tables = {"indicators": [ranks, indicator("awards")], "regions": TOWNS}
    found = answer(tmp_path, TOP, LATE, observations=rows, **tables)
    assert found.status == status
    if last is None:
        assert found.series.known().to_dict() == {2021: 2, 2022: 2, 2023: 2}


@pytest.mark.parametrize(
    ("rows", "status", "reason"),
    [
        ([figure("2024-08", 1)], "met", None), ([figure(2025, 0)], "missed", None),
        ([figure("2025-12", 0)], "missed", None), ([figure(2026, 0, published="2026-03")], "missed", None),
        ([figure("2025-11", 0)], "not_assessable", "milestone_open"),
        ([figure(2025, 0, qualifier=">=")], "not_assessable", "milestone_open"),
        ([figure(2023, 0)], "not_assessable", "milestone_open"),
        ([figure(2026, 1, published="2026-03")], "not_assessable", "deadline_gap"),
        ([], "not_assessable", "no_observation"),
    ],
)  # fmt: skip
def test_a_milestone_is_done_or_not_and_never_guessed(
    tmp_path: Path, rows: list[Row], status: str, reason: str | None
) -> None:
    found = answer(tmp_path, DONE, LATE, observations=rows)
    assert (found.status, found.probability, why(found)) == (status, None, reason)

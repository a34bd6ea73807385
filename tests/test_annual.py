"""From published figures to annual levels: chains, links, gaps, conflicts, and what is set aside."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import change, changes, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.errors import Note, QcityError
from qcity_analysis.series.annual import AnnualSeries, annual_series


def series(folder: Path, rows: list[dict[str, Any]], **options: Any) -> AnnualSeries:
    return annual_series(loaded(folder, observations=rows), "widgets", "testville", **options)


def cumulative(period: int, value: float, base: int | None) -> dict[str, Any]:
    return figure(period, value, measure="cumulative_change_pct", base_period=base or "")


def codes(found: AnnualSeries) -> list[str]:
    return [note.code for note in found.notes]


def test_yearly_changes_are_chained_from_the_base_year(tmp_path: Path) -> None:
    found = series(tmp_path, changes({2021: 1.51, 2022: -2.2, 2023: -4.18}), base_year=2020)
    assert found.base_year == 2020
    assert found.unit == "2020 = 100"
    expected = [100, 100 * 1.0151, 100 * 1.0151 * 0.978, 100 * 1.0151 * 0.978 * 0.9582]
    assert found.values.tolist() == pytest.approx(expected)
    assert math.log(found.values[2023] / 100) / math.log(0.83) == pytest.approx(0.268, abs=5e-4)


def test_changes_before_the_base_year_are_linked_backwards(tmp_path: Path) -> None:
    found = series(tmp_path, changes({2019: 10, 2020: 25, 2021: -20}), base_year=2020)
    assert found.values.to_dict() == pytest.approx({2018: 100 / 1.25 / 1.1, 2019: 80, 2020: 100, 2021: 80})


def test_levels_stay_as_published_and_changes_extend_them_both_ways(tmp_path: Path) -> None:
    found = series(tmp_path, [figure(2020, 50), change(2020, 25), change(2021, 10)])
    assert found.values.to_dict() == pytest.approx({2019: 40, 2020: 50, 2021: 55})
    assert (found.base_year, found.unit) == (None, "points")


def test_a_cumulative_change_is_one_level_and_the_years_between_stay_unknown(tmp_path: Path) -> None:
    found = series(tmp_path, [cumulative(2023, -10, 2020)])
    assert found.values.index.tolist() == [2020, 2021, 2022, 2023]
    assert found.known().to_dict() == {2020: 100.0, 2023: pytest.approx(90)}
    assert found.values.isna().sum() == 2


def test_a_chain_goes_on_after_a_cumulative_figure(tmp_path: Path) -> None:
    found = series(tmp_path, [cumulative(2022, -10, 2020), change(2023, -5)])
    assert found.known().to_dict() == pytest.approx({2020: 100, 2022: 90, 2023: 85.5})


def test_a_cumulative_change_without_a_base_uses_the_base_year_asked_for(tmp_path: Path) -> None:
    target = {
        "plan": "made_up", "target_id": "cut", "region": "testville", "indicator_id": "widgets",
        "name_zh": "减", "name_en": "Cut", "kind": "relative_change", "direction": "at_most", "threshold": -18,
        "base_year": 2020, "deadline": 2025,
    }  # fmt: skip
    data = loaded(tmp_path, observations=[cumulative(2022, -8, None)], targets=[target])
    found = annual_series(data, "widgets", "testville", base_year=2020)
    assert found.known().to_dict() == pytest.approx({2020: 100, 2022: 92})


def test_an_earlier_stretch_that_nothing_joins_is_kept_with_its_break(tmp_path: Path) -> None:
    found = series(tmp_path, changes({2012: 2, 2013: 3, 2021: -1, 2022: -2}), base_year=2020)
    assert found.values.index.tolist() == [2020, 2021, 2022]
    assert found.earlier.to_dict() == pytest.approx({2011: 100, 2012: 102, 2013: 102 * 1.03})
    assert found.breaks == (2020,)
    assert found.history().index.tolist() == [2011, 2012, 2013, 2020, 2021, 2022]


def test_the_cumulative_figure_wins_over_the_chain_and_the_difference_is_a_note(tmp_path: Path) -> None:
    rows = [*changes({2021: 10, 2022: 10}), cumulative(2022, 25, 2020)]
    found = series(tmp_path, rows, base_year=2020)
    assert found.values[2022] == pytest.approx(125)
    (note,) = [note for note in found.notes if note.code == "conflict"]
    assert (note.values["start"], note.values["end"], note.values["published"]) == (2021, 2022, 10)
    assert note.values["implied"] == pytest.approx(100 * (125 / 110 - 1))
    chained = series(tmp_path, rows, base_year=2020, prefer="changes")
    assert chained.values[2022] == pytest.approx(121)
    (other,) = [note for note in chained.notes if note.code == "conflict"]
    assert (other.values["published"], round(other.values["implied"], 6)) == (25, 21)


def test_figures_that_agree_within_rounding_are_no_conflict(tmp_path: Path) -> None:
    rows = [*changes({2021: 10, 2022: 10}), cumulative(2022, 21.2, 2020)]
    assert "conflict" not in codes(series(tmp_path, rows, base_year=2020))


def test_bounds_year_to_date_figures_and_counts_are_no_levels(tmp_path: Path) -> None:
    rows = [
        *figures({2020: 10, 2021: 11}),
        figure(2022, 12, qualifier=">="),
        figure("2023-Q2", 13, published="2023-08-01"),
        change(2022, 15, qualifier="<="),
        change(2019, 3, qualifier="<="),
        figure(2022, 4, measure="count_new"),
    ]
    found = series(tmp_path, rows)
    assert found.known().to_dict() == {2020: 10, 2021: 11}
    assert found.bounds["period"].tolist() == ["2022", "2022"]
    assert (found.lower, found.upper) == ({2022: 12}, {2022: pytest.approx(11 * 1.15)})
    assert dict(zip(found.unused["period"], found.unused["reason"], strict=True)) == {
        "2023-Q2": "year_to_date_timing",
        "2019": "bound_on_change",
    }
    assert found.new_counts[["year", "months", "count"]].to_numpy().tolist() == [[2022, 12, 4]]
    expected = {"bounds_kept", "unused_year_to_date_timing", "unused_bound_on_change", "new_counts"}
    assert expected == set(codes(found))


def test_the_newest_vintage_counts_and_the_older_one_is_listed(tmp_path: Path) -> None:
    rows = [figure(2020, 10), figure(2020, 10.4, published="2022-01-05"), figure(2021, 11)]
    found = series(tmp_path, rows)
    assert found.values[2020] == 10.4
    assert found.superseded["value"].tolist() == [10]
    assert codes(found) == ["superseded"]


def test_an_assumed_publication_date_is_a_note_with_its_periods(tmp_path: Path) -> None:
    found = series(tmp_path, [figure(2020, 10, published=""), figure(2021, 11)])
    assert [(n.code, n.values["periods"]) for n in found.notes] == [("assumed_publication", ["2020"])]


def test_every_figure_used_carries_its_publisher_and_title(tmp_path: Path) -> None:
    found = series(tmp_path, figures({2020: 10, 2021: 11}))
    assert found.observations["publisher"].tolist() == ["Office of Testville"] * 2
    assert found.observations["title"].tolist() == ["Bulletin"] * 2


def test_no_figure_at_all_is_an_empty_series(tmp_path: Path) -> None:
    found = series(tmp_path, [])
    assert (len(found.values), len(found.history()), found.breaks) == (0, 0, ())


def test_unknown_indicators_and_regions_are_refused_with_a_hint(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    with pytest.raises(QcityError) as error:
        annual_series(data, "wigdets", "testville")
    assert str(error.value) == (
        "unknown indicator 'wigdets'. Did you mean \"widgets\"? Known: widgets. `qcity list` shows all."
    )
    with pytest.raises(QcityError) as error:
        annual_series(data, "widgets", "testvile")
    assert str(error.value) == (
        "unknown region 'testvile'. Did you mean \"testville\"? Known: testville, otherland. "
        "`qcity list` shows all."
    )


LEVELS = {2018: 30.0, 2019: 31.0, 2020: 33.0, 2021: 34.0, 2022: 35.0}


@pytest.mark.parametrize("times", [1, 1000])
def test_older_changes_end_at_the_first_level_so_that_the_unit_of_the_levels_plays_no_part(
    tmp_path: Path, times: int
) -> None:
    published = figures({year: value * times for year, value in LEVELS.items()})
    found = series(tmp_path, published + changes({2011: 25, 2012: 20}))
    assert found.values.tolist() == [30 * times, 31 * times, 33 * times, 34 * times, 35 * times]
    assert found.earlier.to_dict() == pytest.approx({2010: 20 * times, 2011: 25 * times, 2012: 30 * times})
    assert found.breaks == (2018,)


def test_of_stretches_whose_years_interleave_only_one_is_kept_and_the_other_is_listed(tmp_path: Path) -> None:
    published = [*figures(LEVELS), cumulative(2012, 40, 2007), *changes({2010: 5, 2011: 4})]
    found = series(tmp_path, published)
    assert found.earlier.index.tolist() == [2009, 2010, 2011]
    assert found.history().index.is_unique
    assert found.unused[["period", "measure", "reason"]].to_numpy().tolist() == [
        ["2012", "cumulative_change_pct", "apart"]
    ]
    assert Note("unused_apart", {"periods": ["2012"]}) in found.notes


def of_share(folder: Path, rows: list[dict[str, Any]]) -> AnnualSeries:
    share = [indicator("widgets", support="percent")]
    return annual_series(loaded(folder, observations=rows, indicators=share), "widgets", "testville")


def test_a_share_that_changes_push_above_100_is_left_out_and_named(tmp_path: Path) -> None:
    published = figures({2019: 60.0, 2020: 62.0, 2021: 80.0}) + changes({2022: 50, 2012: 1})
    found = of_share(tmp_path, published)
    assert found.values.to_dict() == {2019: 60.0, 2020: 62.0, 2021: 80.0}
    assert found.earlier.to_dict() == pytest.approx({2011: 60 / 1.01, 2012: 60.0})
    assert Note("above_100", {"periods": ["2022"]}) in found.notes
    fallen = of_share(tmp_path, figures({2019: 60.0, 2020: 62.0}) + changes({2012: -50}))
    assert (fallen.earlier.to_dict(), fallen.breaks) == ({}, ())
    assert Note("above_100", {"periods": ["2011", "2012"]}) in fallen.notes


KINDS = [
    target(),
    target(kind="coverage", threshold=99),
    target(kind="relative_change", threshold=50, base_year=2020, unit="%"),
    target(kind="direction", threshold="", base_year=2020),
    target(kind="monotone", base_year=2019),
    target(kind="cumulative", threshold=99, base_year=2020),
]


@pytest.mark.parametrize("seed", range(8))
def test_every_valid_package_is_assessed_or_says_why_not(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for trial in range(3):
        rows = {}
        for _ in range(rng.integers(1, 14)):
            year = int(rng.integers(2006, 2024))
            measure = rng.choice(
                ["level", "level", "change_pct", "cumulative_change_pct", "count_total", "count_new"]
            )
            made = figure(
                rng.choice([f"{year}", f"{year}", f"{year}-Q3", f"{year}-12"]),
                int(rng.integers(-60 if measure == "change_pct" else 0, 90)),
                measure=measure,
                base_period=2005 if measure == "cumulative_change_pct" else "",
                qualifier=rng.choice(["=", "=", "~", ">=", "<="]),
                status=rng.choice(["final", "preliminary", "estimate"]),
            )
            rows[made["period"], measure] = made
        cells = {
            "support": rng.choice(["real", "positive", "percent", "count"]),
            "timing": rng.choice(["", "average", "total", "stock"]),
        }
        data = loaded(
            tmp_path / str(trial),
            observations=list(rows.values()),
            indicators=[indicator("widgets", **cells)],
            targets=[KINDS[(seed + trial) % len(KINDS)]],
        )
        answer = assess(data, "goal", draws=200)
        said = (answer.probability is not None, answer.outcome is not None, answer.reason is not None)
        assert dict(zip(("forecast", "met/missed", "not_assessable"), said, strict=True))[
            {"met": "met/missed", "missed": "met/missed"}.get(answer.status, answer.status)
        ]


def test_bounds_of_every_year_without_a_level_are_kept_in_the_unit_of_the_levels(tmp_path: Path) -> None:
    rows = [
        *figures({2016: 10.0, 2018: 12.0}),
        figure(2015, 9, qualifier=">="),
        figure(2017, 13, qualifier="<="),
    ]
    rows += [
        change(2019, 3, qualifier="<="),
        figure("2020-12", 14, qualifier=">="),
        figure("2021-08", 15, qualifier=">="),
    ]
    found = annual_series(loaded(tmp_path, observations=rows), "widgets", "testville")
    assert dict(found.lower) == {2015: 9.0, 2020: 14.0}
    assert dict(found.upper) == {2017: 13.0, 2019: pytest.approx(12.0 * 1.03)}

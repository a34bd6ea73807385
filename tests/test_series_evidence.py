"""Bounds, approximate, provisional and year-to-date figures as they come out of published rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from packages import Row, change, changes, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.data.vintages import months_covered
from qcity_analysis.reporting.sentences import note
from qcity_analysis.series.annual import AnnualSeries, annual_series, shifted
from qcity_analysis.series.evidence import standard_errors, typical_revisions

STEADY = {2018: 90.0, 2019: 92.0, 2020: 93.0, 2021: 95.0}  # typical yearly change: 2


def series(folder: Path, rows: list[Row], timing: str = "average", **options: Any) -> AnnualSeries:
    data = loaded(folder, observations=rows, indicators=[indicator("widgets", timing=timing)])
    return annual_series(data, "widgets", "testville", **options)


def after_steady(folder: Path, *rows: Row, timing: str = "average") -> AnnualSeries:
    return series(folder, [*figures(STEADY), *rows], timing)


def reasons(made: AnnualSeries) -> dict[str, str]:
    return dict(zip(made.unused["period"], made.unused["reason"], strict=True))


def codes(made: AnnualSeries) -> set[str]:
    return {one.code for one in made.notes}


@pytest.mark.parametrize(
    ("period", "timing", "value", "error"),
    [
        ("2022-Q2", "average", 97.0, 2.0 * 0.5),
        ("2022-08", "average", 97.0, 2.0 / 3),
        ("2022-08", "total", 97.0 * 1.5, (97.0 * 1.5 - 95.0) / 2 / 3),  # 50 more is more of a surprise than 2
        ("2022-Q3", "stock", 97.0 + 0.25 * 2.0, 2.0 * math.sqrt(0.25)),
    ],
)
def test_a_year_to_date_figure_is_an_estimate_whose_error_shrinks_with_the_months(
    tmp_path: Path, period: str, timing: str, value: float, error: float
) -> None:
    made = after_steady(tmp_path, figure(period, 97, published="2022-11-01"), timing=timing)
    code = "stock_within_year" if timing == "stock" else "year_to_date"
    (note,) = (note.values for note in made.notes if note.code == code)
    assert (note["year"], note["months"], note["value"]) == (2022, months_covered(period), "97")
    assert made.evidence.estimates == {2022: (pytest.approx(value), pytest.approx(error))}
    assert made.known().index.max() == 2021


def test_the_error_of_a_year_to_date_is_learned_from_earlier_years_that_have_both(tmp_path: Path) -> None:
    made = after_steady(tmp_path, figure("2020-Q2", 93.1), figure("2021-Q2", 94.8), figure("2022-Q2", 96))
    pairs = [(93.0 - 93.1) / 0.5, (95.0 - 94.8) / 0.5]
    size = math.sqrt((2 * 2.0**2 + sum(p**2 for p in pairs)) / 4)
    assert made.evidence.estimates[2022][1] == pytest.approx(size * 0.5)


def test_a_year_to_date_change_is_an_estimate_of_the_level_it_leads_to(tmp_path: Path) -> None:
    rows = [*changes({2020: -2, 2021: -3, 2022: -2.5}), change("2023-Q3", -3.0, published="2023-11-01")]
    made = series(tmp_path / "a", rows, base_year=2020)
    level, typical = float(made.values[2022]), float(np.median(np.abs(np.diff(made.known()))))
    assert made.evidence.estimates == {2023: (pytest.approx(level * 0.97), pytest.approx(typical / 4))}
    rows = [*figures(dict.fromkeys(range(2018, 2021), 5.0)), change("2021-Q3", 0.0)]  # nothing ever moved
    assert series(tmp_path / "b", rows).evidence.estimates == {2021: (5.0, pytest.approx(5.0 * 0.1 / 100))}


def test_the_whole_year_replaces_its_year_to_date_and_more_months_replace_fewer(tmp_path: Path) -> None:
    made = after_steady(tmp_path / "a", figure("2021-Q2", 94), figure("2022-Q1", 96), figure("2022-Q3", 97))
    assert [*made.evidence.estimates] == [2022]
    assert reasons(made) == {"2021-Q2": "year_to_date_known", "2022-Q1": "year_to_date_older"}
    made = after_steady(tmp_path / "b", figure("2022-12", 97), figure("2021-Q4", 95.5, published="2023-01"))
    assert made.known().to_dict() == STEADY | {2021: 95.5, 2022: 97}  # December to date is the year
    assert made.superseded["period"].tolist() == ["2021"] and not made.evidence.estimates


@pytest.mark.parametrize("timing", ["average", "stock"])
def test_a_share_that_never_moved_takes_a_part_of_the_year_with_one_step_of_its_last_digit(
    tmp_path: Path, timing: str
) -> None:
    rows = [*figures(dict.fromkeys(range(2018, 2022), 5.5)), figure("2022-08", 5.5)]
    made = indicator("widgets", timing=timing)
    answer = assess(loaded(tmp_path, observations=rows, indicators=[made]), "goal", draws=200)
    assert answer.status == "forecast" and answer.series is not None
    assert answer.series.evidence.estimates == {2022: (5.5, 0.1)}


def test_counts_of_new_items_keep_their_months(tmp_path: Path) -> None:
    rows = [figure(2022, 12), figure("2022-Q2", 5), figure("2023-Q2", 7, published="2023-08-01")]
    rows.append(figure("2023-08", 9, published="2023-10-01", qualifier=">="))
    made = series(tmp_path, [row | {"measure": "count_new"} for row in rows])
    table = made.new_counts[["year", "months", "count", "qualifier"]].to_numpy().tolist()
    assert table == [[2022, 12, 12.0, "="], [2023, 8, 9.0, ">="]]
    assert set(made.new_counts["publisher"]) == {"Office of Testville"} and made.known().empty


def test_bounds_year_to_date_figures_and_counts_are_no_levels(tmp_path: Path) -> None:
    """Bounds of every year without a level are kept, in the unit of the levels."""
    rows = [
        *figures({2016: 10.0, 2018: 12.0}), figure(2015, 9, qualifier=">="), figure(2017, 13, qualifier="<="),
        change(2019, 3, qualifier="<="), change(2010, 3, qualifier="<="), figure("2020-12", 14, qualifier=">="),
        figure("2021-08", 15, qualifier=">="), figure("2022-Q2", 13, published="2022-08-01"),
        figure(2022, 4, measure="count_new"),
    ]  # fmt: skip
    made = series(tmp_path, rows, timing="")
    assert made.known().to_dict() == {2016: 10, 2018: 12}
    assert made.bounds["period"].tolist() == ["2015", "2017", "2019", "2020"]
    assert made.evidence.lower == {2015: 9.0, 2020: 14.0}
    assert made.evidence.upper == {2017: 13.0, 2019: pytest.approx(12.0 * 1.03)}
    expected = {"2010": "on_change", "2021-08": "year_to_date_bound", "2022-Q2": "year_to_date_timing"}
    assert reasons(made) == expected | {"2010": "bound_on_change"}
    unused = {f"unused_{reason}" for reason in reasons(made).values()}
    assert codes(made) == unused | {"bounds_kept", "new_counts"}


LATER = {"published": "2022-06-01"}


@pytest.mark.parametrize(
    ("rows", "lower", "upper", "contradicted"),
    [
        (
            [figure(2022, 96, qualifier=">="), change(2022, 4, qualifier="<="),
             *(figure(year, 94, qualifier=">=", **LATER) for year in (2021, 2020))],
            {2022: 96.0}, {2022: pytest.approx(95 * 1.04)}, ["2020"],  # 93 was published, "94 or more" too
        ),
        ([figure(2022, 97, qualifier=">="), change(2022, 1, qualifier="<=")], {}, {}, ["2022"]),  # nothing is left
        (
            [figure(2021, 94, qualifier=">=", **LATER), figure(2022, 95, qualifier=">="),
             figure(2022, 95.4, published="2023-06-01")],
            {}, {}, [],  # a later bound replaces no figure, a later figure replaces a bound
        ),
    ],
)  # fmt: skip
def test_bounds_are_kept_where_they_agree_with_what_is_known(
    tmp_path: Path, rows: list[Row], lower: Row, upper: Row, contradicted: list[str]
) -> None:
    made = after_steady(tmp_path, *rows)
    assert (made.evidence.lower, made.evidence.upper) == (lower, upper)
    assert [one.values["periods"] for one in made.notes if one.code == "bound_contradicted"] == [
        periods for periods in [contradicted] if periods
    ]
    if not contradicted:
        assert made.known().to_dict() == STEADY | {2022: 95.4}
        assert (made.superseded["period"].tolist(), made.bounds["period"].tolist()) == (["2022"], ["2021"])


def test_two_figures_and_a_bound_are_enough_and_bounds_alone_are_not(tmp_path: Path) -> None:
    rows = [*figures({2021: 17, 2022: 18}), figure(2023, 19, qualifier=">=")]
    enough = assess(loaded(tmp_path / "a", observations=rows), "goal", draws=200)
    (few,) = [one for one in enough.notes if one.code == "few_numbers"]
    assert (enough.status, few.values) == ("forecast", {"numbers": 2, "partly": 1})
    bounds = [figure(year, 96, qualifier=">=") for year in (2021, 2022, 2023)]
    for kept, reason in ((rows[:2], "too_few"), (bounds, "only_bounds")):
        answer = assess(loaded(tmp_path / reason, observations=kept), "goal")
        assert answer.reason is not None and (answer.status, answer.reason.code) == ("not_assessable", reason)
    assert answer.series is not None and answer.series.points() == 0


def test_the_size_of_revisions_is_learned_from_the_vintages_of_the_package(tmp_path: Path) -> None:
    first = [figure(y, v, status="preliminary") for y, v in {2018: 89, 2019: 92.6, 2020: 93.4}.items()]
    final = [figure(y, v, published=f"{y + 2}-01-05") for y, v in STEADY.items()]
    data = loaded(tmp_path, observations=[*first, *final])
    off = [(90 - 89) / 2, (92 - 92.6) / 2, (93 - 93.4) / 2]  # typical yearly change of the final figures: 2
    expected = math.sqrt((4 * 0.3**2 + sum(x**2 for x in off)) / 7)
    revisions = typical_revisions(data.observations)
    assert (revisions["level"], revisions["change_pct"]) == (pytest.approx(expected), 0.3)
    assert typical_revisions(data.at("2020-06-01").observations)["level"] != revisions["level"]  # one by then
    cells = {"qualifier": "=", "measure": "level", "status": ["final", "preliminary"], "decimals": 0}
    last = pd.DataFrame({"year": [2020, 2021], "value": [93.0, 95.0]} | cells)
    assert standard_errors(last, {"level": 0.4}).tolist() == [0.0, pytest.approx(0.8)]


def test_an_uncertain_change_moves_every_later_level_and_none_before(tmp_path: Path) -> None:
    rows = [change(2021, -3), change(2022, -4, status="preliminary"), change(2023, -2)]
    made = series(tmp_path, rows, base_year=2020)
    moved = 97 * 0.3 * 3 / 100  # stated part of the median change
    assert made.shared == ({2022: pytest.approx(moved), 2023: pytest.approx(moved * 0.98)},)
    assert made.evidence.noisy == {}


def test_what_is_known_in_part_moves_with_the_series(tmp_path: Path) -> None:
    about = figure(2017, 89, qualifier="~")  # within a step of its last digit; a final figure is exact
    made = after_steady(tmp_path / "a", figure(2022, 96, qualifier=">="), figure("2023-Q2", 97), about)
    half = shifted(made, 2021, 47.5)
    assert made.evidence.noisy == {2017: pytest.approx(1 / math.sqrt(3))}
    assert half.evidence.lower == {2022: 48.0}
    assert half.evidence.noisy == {2017: pytest.approx(0.5 / math.sqrt(3))}
    assert half.evidence.estimates[2023][0] == pytest.approx(48.5)
    share = [indicator("widgets", support="percent")]  # moves by difference and stays within 0 to 100
    data = loaded(tmp_path / "b", observations=figures(STEADY), indicators=share)
    moved = shifted(annual_series(data, "widgets", "testville"), 2018, 97.0, by_ratio=False)
    assert moved.values.to_dict() == {2018: 97, 2019: 99, 2020: 100, 2021: 100}
    assert (moved.unit, moved.decimals, moved.places()) == ("points", {}, {("widgets", "testville")})


def test_four_ways_to_publish_one_figure_give_four_probabilities(tmp_path: Path) -> None:
    """The worked example: 96, "96 or more", "about 96", and 97 in January to August."""
    before = figures({2018: 94.0, 2019: 94.3, 2020: 94.7, 2021: 94.9, 2022: 95.3})
    ways = {
        "approximate": [figure(2023, 96.0, qualifier="~")],
        "plain": [figure(2023, 96.0)],
        "bounds_kept": [figure(2023, 96.0, qualifier=">=")],
        "year_to_date": [figure(2023, 96.0), figure("2024-08", 97.0, published="2024-10-01")],
    }
    share, goal = indicator("widgets", support="percent"), target(threshold=96.5, deadline=2024)
    answers = [
        assess(
            loaded(tmp_path / name, observations=[*before, *rows], indicators=[share], targets=[goal]),
            "goal", draws=3000,
        )
        for name, rows in ways.items()
    ]  # fmt: skip
    chances = [answer.probability or 0.0 for answer in answers]
    assert chances[0] > 0 and chances == sorted(set(chances))
    told = [set(ways) & {one.code for one in answer.notes} for answer in answers]
    assert told == [{"approximate"}, set(), {"bounds_kept"}, {"year_to_date"}]
    assert answers[2].forecast is not None and answers[2].forecast.years.tolist() == [2023, 2024]
    assert answers[3].outcome is None  # a part of the deadline's year does not settle it


def test_nothing_published_later_reaches_an_earlier_day(tmp_path: Path) -> None:
    rows = [
        *figures(STEADY, status="preliminary"), figure(2019, 92.5, published="2022-03-01"),
        figure("2022-Q2", 96, published="2022-08-15"), figure(2022, 97, qualifier=">="),
        figure(2022, 97.5, published="2023-09-01"), change(2023, 1, qualifier="~"),
        figure(2022, 5, measure="count_new", published="2022-12-31"),
    ]  # fmt: skip
    made = [indicator("widgets", timing="average")]
    whole = loaded(tmp_path / "all", observations=rows, indicators=made)
    for day in ("2021-06-30", "2022-03-01", "2022-08-14", "2022-08-15", "2023-09-01", "2024-06-30"):
        known = [row for row in rows if row["published"] <= day]
        only = loaded(tmp_path / day, day, observations=known, indicators=made)
        one, other = (annual_series(data, "widgets", "testville") for data in (whole.at(day), only))
        assert one.evidence == other.evidence
        assert one.values.equals(other.values) and one.notes == other.notes
        assert one.new_counts["count"].tolist() == other.new_counts["count"].tolist()


def test_another_model_takes_the_plain_levels_and_says_so(tmp_path: Path) -> None:
    rows = [*figures(STEADY), figure(2022, 96, qualifier=">=")]
    data = loaded(tmp_path, observations=rows, targets=[target(threshold=97)])
    answer = assess(data, "goal", model="drift")
    assert "partly_ignored" in {one.code for one in answer.notes} and answer.forecast is not None
    assert answer.forecast.years.tolist() == [2022, 2023, 2024, 2025]


def test_every_note_about_partial_knowledge_has_its_sentence(tmp_path: Path) -> None:
    made = after_steady(
        tmp_path, figure(2020, 99, qualifier=">=", **LATER), figure(2022, 96, qualifier=">="),
        figure(2017, 89, qualifier="~", status="preliminary"), figure("2023-Q2", 97, published="2023-08-01"),
        figure("2021-Q2", 94), figure("2024-Q1", 96, qualifier=">=", published="2024-05-01"),
        change("2024-Q2", 1, published="2024-08-01"), figure(2022, 4, measure="count_new"),
        change(2010, 5, qualifier=">="),
    )  # fmt: skip
    unused = "year_to_date_known year_to_date_bound year_to_date_unlinked bound_on_change"
    expected = "bound_contradicted bounds_kept approximate provisional year_to_date new_counts"
    assert codes(made) >= {*expected.split(), *(f"unused_{reason}" for reason in unused.split())}
    for told in (note(one, lang) for one in made.notes for lang in ("zh", "en")):
        assert told and "{" not in told

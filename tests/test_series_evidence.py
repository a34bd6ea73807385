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
from qcity_analysis.forecasting.annual import forecast_series
from qcity_analysis.reporting.sentences import note
from qcity_analysis.series.annual import AnnualSeries, annual_series, shifted
from qcity_analysis.series.evidence import Revisions, standard_errors, typical_revisions

STEADY = {2018: 90.0, 2019: 92.0, 2020: 93.0, 2021: 95.0}  # typical yearly change: 2


def series(folder: Path, rows: list[Row], timing: str = "average", **options: Any) -> AnnualSeries:
    data = loaded(folder, observations=rows, indicators=[indicator("widgets", timing=timing)])
    return annual_series(data, "widgets", "testville", **options)


def after_steady(folder: Path, *rows: Row, timing: str = "average") -> AnnualSeries:
    return series(folder, [*figures(STEADY), *rows], timing)


def reasons(found: AnnualSeries) -> dict[str, str]:
    return dict(zip(found.unused["period"], found.unused["reason"], strict=True))


def codes(found: AnnualSeries) -> set[str]:
    return {one.code for one in found.notes}


@pytest.mark.parametrize(
    ("period", "timing", "value", "error"),
    [
        ("2022-Q2", "average", 97.0, 2.0 * 0.5),
        ("2022-08", "average", 97.0, 2.0 / 3),
        (
            "2022-08",
            "total",
            97.0 * 1.5,
            (97.0 * 1.5 - 95.0) / 2 / 3,
        ),  # a change of 50 is more of a surprise than 2
        ("2022-Q3", "stock", 97.0 + 0.25 * 2.0, 2.0 * math.sqrt(0.25)),
    ],
)
def test_a_year_to_date_figure_is_an_estimate_whose_error_shrinks_with_the_months(
    tmp_path: Path, period: str, timing: str, value: float, error: float
) -> None:
    found = after_steady(tmp_path, figure(period, 97, published="2022-11-01"), timing=timing)
    assert found.known().index.max() == 2021
    row = found.estimates.iloc[0]
    assert (row["year"], row["months"], row["published_value"]) == (2022, months_covered(period), 97)
    assert found.evidence().estimates == {2022: (pytest.approx(value), pytest.approx(error))}
    assert ("stock_within_year" if timing == "stock" else "year_to_date") in codes(found)


def test_the_error_of_a_year_to_date_is_learned_from_earlier_years_that_have_both(tmp_path: Path) -> None:
    found = after_steady(tmp_path, figure("2020-Q2", 93.1), figure("2021-Q2", 94.8), figure("2022-Q2", 96))
    pairs = [(93.0 - 93.1) / 0.5, (95.0 - 94.8) / 0.5]
    size = math.sqrt((2 * 2.0**2 + sum(p**2 for p in pairs)) / 4)
    assert found.estimates["error"].tolist() == [pytest.approx(size * 0.5)]
    assert "unused_year_to_date_known" in codes(found)


def test_a_year_to_date_change_is_an_estimate_of_the_level_it_leads_to(tmp_path: Path) -> None:
    rows = [*changes({2020: -2, 2021: -3, 2022: -2.5}), change("2023-Q3", -3.0, published="2023-11-01")]
    found = series(tmp_path, rows, base_year=2020)
    level, typical = float(found.values[2022]), float(np.median(np.abs(np.diff(found.known()))))
    assert found.evidence().estimates == {2023: (pytest.approx(level * 0.97), pytest.approx(typical / 4))}


def test_the_whole_year_replaces_its_year_to_date_and_more_months_replace_fewer(tmp_path: Path) -> None:
    found = after_steady(tmp_path, figure("2021-Q2", 94), figure("2022-Q1", 96), figure("2022-Q3", 97))
    assert found.estimates["period"].tolist() == ["2022-Q3"]
    assert reasons(found) == {"2021-Q2": "year_to_date_known", "2022-Q1": "year_to_date_older"}


def test_december_to_date_is_the_year(tmp_path: Path) -> None:
    found = after_steady(tmp_path, figure("2022-12", 97), figure("2021-Q4", 95.5, published="2023-01"))
    assert found.known().to_dict() == STEADY | {2021: 95.5, 2022: 97}
    assert found.superseded["period"].tolist() == ["2021"] and found.estimates.empty


@pytest.mark.parametrize("timing", ["average", "stock"])
@pytest.mark.parametrize("period", ["2022-08", "2022-Q1"])
def test_a_share_that_never_moved_takes_a_part_of_the_year_with_one_step_of_its_last_digit(
    tmp_path: Path, period: str, timing: str
) -> None:
    rows = [*figures(dict.fromkeys(range(2018, 2022), 5.5)), figure(period, 5.5)]
    row = series(tmp_path / "a", rows, timing).estimates.iloc[0]
    assert (row["value"], row["error"]) == (5.5, 0.1)
    made = indicator("widgets", timing=timing)
    answer = assess(loaded(tmp_path / "b", observations=rows, indicators=[made]), "goal", draws=200)
    assert answer.status == "forecast"


def test_a_change_to_date_of_nothing_leaves_one_step_of_its_digit_in_percent_of_the_level(
    tmp_path: Path,
) -> None:
    rows = [*figures(dict.fromkeys(range(2018, 2021), 5.0)), change("2021-Q3", 0.0)]
    row = series(tmp_path, rows).estimates.iloc[0]
    assert (row["value"], row["error"]) == (5.0, pytest.approx(5.0 * 0.1 / 100))


def test_counts_of_new_items_keep_their_months(tmp_path: Path) -> None:
    rows = [figure(2022, 12), figure("2022-Q2", 5), figure("2023-Q2", 7, published="2023-08-01")]
    rows.append(figure("2023-08", 9, published="2023-10-01", qualifier=">="))
    found = series(tmp_path, [row | {"measure": "count_new"} for row in rows])
    table = found.new_counts[["year", "months", "count", "qualifier", "publisher"]].to_numpy().tolist()
    office = "Office of Testville"
    assert table == [[2022, 12, 12.0, "=", office], [2023, 8, 9.0, ">=", office]]
    assert len(found.known()) == 0


def test_bounds_year_to_date_figures_and_counts_are_no_levels(tmp_path: Path) -> None:
    """Bounds of every year without a level are kept, in the unit of the levels."""
    rows = [
        *figures({2016: 10.0, 2018: 12.0}),
        figure(2015, 9, qualifier=">="),
        figure(2017, 13, qualifier="<="),
        change(2019, 3, qualifier="<="),
        change(2010, 3, qualifier="<="),
        figure("2020-12", 14, qualifier=">="),
        figure("2021-08", 15, qualifier=">="),
        figure("2022-Q2", 13, published="2022-08-01"),
        figure(2022, 4, measure="count_new"),
    ]
    found = series(tmp_path, rows, timing="")
    assert found.known().to_dict() == {2016: 10, 2018: 12}
    assert found.bounds["period"].tolist() == ["2015", "2017", "2019", "2020"]
    assert dict(found.lower) == {2015: 9.0, 2020: 14.0}
    assert dict(found.upper) == {2017: 13.0, 2019: pytest.approx(12.0 * 1.03)}
    assert reasons(found) == {
        "2010": "bound_on_change", "2021-08": "year_to_date_bound", "2022-Q2": "year_to_date_timing"
    }  # fmt: skip
    assert found.new_counts[["year", "months", "count"]].to_numpy().tolist() == [[2022, 12, 4]]
    assert codes(found) == {f"unused_{reason}" for reason in reasons(found).values()} | {
        "bounds_kept",
        "new_counts",
    }


def test_a_bound_that_does_not_agree_with_the_level_is_said(tmp_path: Path) -> None:
    later = {"qualifier": ">=", "published": "2022-06-01"}
    found = after_steady(
        tmp_path,
        figure(2022, 96, qualifier=">="),
        change(2022, 4, qualifier="<="),
        figure(2021, 94, **later),
        figure(2020, 94, **later),
    )
    assert (found.lower, found.upper) == ({2022: 96.0}, {2022: pytest.approx(95 * 1.04)})
    (told,) = [one for one in found.notes if one.code == "bound_contradicted"]
    assert told.values["periods"] == ["2020"]  # 93 was published, "94 or more" too


def test_a_later_bound_replaces_no_figure_but_a_later_figure_replaces_a_bound(tmp_path: Path) -> None:
    found = after_steady(
        tmp_path,
        figure(2021, 94, qualifier=">=", published="2022-06-01"),
        figure(2022, 95, qualifier=">="),
        figure(2022, 95.4, published="2023-06-01"),
    )
    assert found.known().to_dict() == STEADY | {2022: 95.4}
    assert found.superseded["period"].tolist() == ["2022"]
    assert (found.bounds["period"].tolist(), found.lower) == (["2021"], {})


def test_bounds_that_leave_nothing_are_dropped_and_said(tmp_path: Path) -> None:
    found = after_steady(tmp_path, figure(2022, 97, qualifier=">="), change(2022, 1, qualifier="<="))
    assert (found.lower, found.upper) == ({}, {})
    assert "bound_contradicted" in codes(found)


def test_a_series_of_bounds_only_holds_no_point_and_is_not_assessable(tmp_path: Path) -> None:
    data = loaded(tmp_path, observations=[figure(year, 96, qualifier=">=") for year in (2021, 2022, 2023)])
    assert annual_series(data, "widgets", "testville").points() == 0
    answer = assess(data, "goal")
    assert answer.reason is not None
    assert (answer.status, answer.reason.code) == ("not_assessable", "only_bounds")


def test_two_figures_and_a_bound_are_enough_and_it_is_said(tmp_path: Path) -> None:
    rows = [*figures({2021: 17, 2022: 18}), figure(2023, 19, qualifier=">=")]
    answer = assess(loaded(tmp_path, observations=rows), "goal")
    assert answer.status == "forecast"
    (told,) = [one for one in answer.notes if one.code == "few_numbers"]
    assert told.values == {"numbers": 2, "partly": 1}
    fewer = assess(loaded(tmp_path / "b", observations=rows[:2]), "goal")
    assert fewer.reason is not None and fewer.reason.code == "too_few"


def test_about_is_within_a_step_of_its_last_digit_and_final_figures_are_exact(tmp_path: Path) -> None:
    found = after_steady(tmp_path, figure(2022, 96, qualifier="~"), figure(2023, 96.4))
    assert found.noisy == {2022: pytest.approx(1 / math.sqrt(3))}


def test_the_size_of_revisions_is_learned_from_the_vintages_of_the_package(tmp_path: Path) -> None:
    first = [figure(y, v, status="preliminary") for y, v in {2018: 89, 2019: 92.6, 2020: 93.4}.items()]
    final = [figure(y, v, published=f"{y + 2}-01-05") for y, v in STEADY.items()]
    data = loaded(tmp_path, observations=[*first, *final])
    off = [(90 - 89) / 2, (92 - 92.6) / 2, (93 - 93.4) / 2]  # typical yearly change of the final figures: 2
    expected = math.sqrt((4 * 0.3**2 + sum(x**2 for x in off)) / 7)
    shares = typical_revisions(data.observations)
    assert (shares.level, shares.change) == (pytest.approx(expected), 0.3)
    earlier = typical_revisions(data.at("2020-06-01").observations)  # one revision known by then
    assert earlier.level != shares.level
    cells = {"qualifier": "=", "measure": "level", "status": ["final", "preliminary"], "decimals": 0}
    last = pd.DataFrame({"year": [2020, 2021], "value": [93.0, 95.0]} | cells)
    assert standard_errors(last, Revisions(level=0.4)).tolist() == [0.0, pytest.approx(0.8)]


def test_an_uncertain_change_moves_every_later_level_and_none_before(tmp_path: Path) -> None:
    rows = [change(2021, -3), change(2022, -4, status="preliminary"), change(2023, -2)]
    found = series(tmp_path, rows, base_year=2020)
    error = 0.3 * 3  # stated share of the median change
    assert found.shared == (
        {2022: pytest.approx(97 * error / 100), 2023: pytest.approx(97 * error / 100 * 0.98)},
    )
    assert found.noisy == {}


def test_what_is_known_in_part_moves_with_the_series(tmp_path: Path) -> None:
    about = figure(2017, 89, qualifier="~")
    found = after_steady(tmp_path, figure(2022, 96, qualifier=">="), figure("2023-Q2", 97), about)
    half = shifted(found, 2021, 47.5)
    assert half.lower == {2022: 48.0}
    assert half.noisy == {2017: pytest.approx(0.5 / math.sqrt(3))}
    assert half.evidence().estimates[2023][0] == pytest.approx(48.5)


def test_a_share_moves_by_difference_and_stays_within_0_to_100(tmp_path: Path) -> None:
    share = [indicator("widgets", support="percent")]
    found = annual_series(
        loaded(tmp_path, observations=figures(STEADY), indicators=share), "widgets", "testville"
    )
    moved = shifted(found, 2018, 97.0, by_ratio=False)
    assert moved.values.to_dict() == {2018: 97, 2019: 99, 2020: 100, 2021: 100}
    assert (moved.unit, moved.decimals, moved.places()) == ("points", {}, {("widgets", "testville")})


def test_four_ways_to_publish_one_figure_give_four_probabilities(tmp_path: Path) -> None:
    """The worked example: 96, "96 or more", "about 96", and 97 in January to August."""
    before = figures({2018: 94.0, 2019: 94.3, 2020: 94.7, 2021: 94.9, 2022: 95.3})
    ways = {
        "96": [figure(2023, 96.0)],
        ">=96": [figure(2023, 96.0, qualifier=">=")],
        "~96": [figure(2023, 96.0, qualifier="~")],
        "97 to August": [figure(2023, 96.0), figure("2024-08", 97.0, published="2024-10-01")],
    }
    tables = {
        "indicators": [indicator("widgets", support="percent")],
        "targets": [target(threshold=96.5, deadline=2024)],
    }
    found = {
        name: assess(loaded(tmp_path / str(k), observations=[*before, *rows], **tables), "goal")
        for k, (name, rows) in enumerate(ways.items())
    }
    p = {name: answer.probability or 0.0 for name, answer in found.items()}
    assert 0 < p["~96"] < p["96"] < p[">=96"] < p["97 to August"]
    for name, code in ((">=96", "bounds_kept"), ("~96", "approximate"), ("97 to August", "year_to_date")):
        assert code in {one.code for one in found[name].notes}
    assert found[">=96"].forecast.years.tolist() == [2023, 2024]
    assert found["97 to August"].outcome is None  # a part of the deadline's year does not settle it


def test_nothing_published_later_reaches_an_earlier_day(tmp_path: Path) -> None:
    rows = [
        *figures(STEADY, status="preliminary"),
        figure(2019, 92.5, published="2022-03-01"),
        figure("2022-Q2", 96, published="2022-08-15"),
        figure(2022, 97, qualifier=">="),
        figure(2022, 97.5, published="2023-09-01"),
        change(2023, 1, qualifier="~"),
        figure(2022, 5, measure="count_new", published="2022-12-31"),
    ]
    made = [indicator("widgets", timing="average")]
    whole = loaded(tmp_path / "all", observations=rows, indicators=made)
    days = "2021-06-30 2022-03-01 2022-08-14 2022-08-15 2023-03-01 2023-09-01 2024-06-30"
    for day in days.split():
        held = [row for row in rows if row["published"] <= day]
        only = loaded(tmp_path / day, day, observations=held, indicators=made)
        one, other = (annual_series(data, "widgets", "testville") for data in (whole.at(day), only))
        assert one.evidence() == other.evidence()
        assert one.values.equals(other.values) and one.notes == other.notes
        assert one.new_counts["count"].tolist() == other.new_counts["count"].tolist()


def test_another_model_takes_the_plain_levels_and_says_so(tmp_path: Path) -> None:
    rows = [*figures(STEADY), figure(2022, 96, qualifier=">=")]
    data = loaded(tmp_path, observations=rows, targets=[target(threshold=97)])
    assert "partly_ignored" in {one.code for one in assess(data, "goal", model="drift").notes}
    plain = forecast_series(annual_series(data, "widgets", "testville"), 2025, model="drift")
    assert plain.years.tolist() == [2022, 2023, 2024, 2025]


def test_every_note_about_partial_knowledge_has_its_sentence(tmp_path: Path) -> None:
    found = after_steady(
        tmp_path,
        figure(2020, 99, qualifier=">=", published="2022-06-01"),
        figure(2022, 96, qualifier=">="),
        figure(2017, 89, qualifier="~", status="preliminary"),
        figure("2023-Q2", 97, published="2023-08-01"),
        figure("2021-Q2", 94),
        figure("2024-Q1", 96, qualifier=">=", published="2024-05-01"),
        change("2024-Q2", 1, published="2024-08-01"),
        figure(2022, 4, measure="count_new"),
        change(2010, 5, qualifier=">="),
    )
    assert codes(found) >= {
        "bound_contradicted", "bounds_kept", "approximate", "provisional", "year_to_date",
        "unused_year_to_date_known", "unused_year_to_date_bound", "unused_year_to_date_unlinked",
        "new_counts", "unused_bound_on_change",
    }  # fmt: skip
    for told in (note(one, lang) for one in found.notes for lang in ("zh", "en")):
        assert told and "{" not in told

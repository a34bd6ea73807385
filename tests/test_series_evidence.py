"""Bounds, approximate, provisional and year-to-date figures as they come out of published rows."""

import math

import numpy as np
import pandas as pd
import pytest
from asking import answers, codes, many_series, reason, run, series_of
from packages import change, changes, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.data.vintages import months_covered
from qcity_analysis.forecasting.annual import forecast_series
from qcity_analysis.reporting.sentences import note
from qcity_analysis.series.annual import annual_series, shifted
from qcity_analysis.series.evidence import standard_errors, typical_revisions

STEADY = {2018: 90.0, 2019: 92.0, 2020: 93.0, 2021: 95.0}  # typical yearly change: 2
AVERAGE = {"timing": "average"}


def after_steady(folder, *rows):
    return series_of(folder, *figures(STEADY), *rows, cells=AVERAGE)


def reasons(found):
    return dict(zip(found.unused["period"], found.unused["reason"], strict=True))


TO_DATE = [  # period, timing, estimate of the year and its error
    ("2022-Q2", "average", 97.0, 2.0 * 0.5), ("2022-08", "average", 97.0, 2.0 / 3),
    ("2022-08", "total", 97.0 * 1.5, (97.0 * 1.5 - 95.0) / 2 / 3),  # 50 more is a surprise
    ("2022-Q3", "stock", 97.0 + 0.25 * 2.0, 2.0 * math.sqrt(0.25)),
]  # fmt: skip


def test_a_year_to_date_figure_is_an_estimate_whose_error_shrinks_with_the_months(tmp_path):
    rows = [[*figures(STEADY), figure(period, 97, published="2022-11-01")] for period, *_ in TO_DATE]
    cells = [{"timing": timing} for _, timing, *_ in TO_DATE]
    for found, case in zip(many_series(tmp_path, *zip(rows, cells, strict=True)), TO_DATE, strict=True):
        period, timing, value, error = case
        assert found.known().index.max() == 2021
        row = found.estimates.iloc[0]
        assert (row["year"], row["months"], row["published_value"]) == (2022, months_covered(period), 97)
        assert found.evidence().estimates == {2022: (pytest.approx(value), pytest.approx(error))}
        assert ("stock_within_year" if timing == "stock" else "year_to_date") in codes(found)


def test_errors_of_a_year_to_date_are_learned_and_only_the_newest_of_the_year_counts(tmp_path):
    cases = [
        [figure("2020-Q2", 93.1), figure("2021-Q2", 94.8), figure("2022-Q2", 96)],
        [figure("2021-Q2", 94), figure("2022-Q1", 96), figure("2022-Q3", 97)],
        [figure("2022-12", 97), figure("2021-Q4", 95.5, published="2023-01")],
    ]  # fmt: skip
    chain = [*changes({2020: -2, 2021: -3, 2022: -2.5}), change("2023-Q3", -3.0)]
    asked = [(chain, AVERAGE, {"base_year": 2020}), *(([*figures(STEADY), *rows], AVERAGE) for rows in cases)]
    through, learned, newest, december = many_series(tmp_path, *asked)
    pairs = [(93.0 - 93.1) / 0.5, (95.0 - 94.8) / 0.5]
    size = math.sqrt((2 * 2.0**2 + sum(p**2 for p in pairs)) / 4)
    assert learned.estimates["error"].tolist() == [pytest.approx(size * 0.5)]
    assert "unused_year_to_date_known" in codes(learned)
    level, typical = float(through.values[2022]), float(np.median(np.abs(np.diff(through.known()))))
    # a change to date is an estimate of the level it leads to
    assert through.evidence().estimates == {2023: (pytest.approx(level * 0.97), pytest.approx(typical / 4))}
    assert newest.estimates["period"].tolist() == ["2022-Q3"]
    assert reasons(newest) == {"2021-Q2": "year_to_date_known", "2022-Q1": "year_to_date_older"}
    assert december.known().to_dict() == STEADY | {2021: 95.5, 2022: 97}  # December to date is the year
    assert december.superseded["period"].tolist() == ["2021"] and december.estimates.empty


def test_what_never_moved_takes_a_part_of_the_year_with_one_step_of_its_last_digit(tmp_path):
    still = run(2018, [5.5] * 4)
    parts = [(period, timing) for period in ("2022-08", "2022-Q1") for timing in ("average", "stock")]
    cases = [([*still, figure(period, 5.5)], {"timing": timing}) for period, timing in parts]
    cases.append(([*run(2018, [5.0] * 3), change("2021-Q3", 0.0)], AVERAGE))  # in percent of the level
    *parts, moved = many_series(tmp_path / "a", *cases)
    assert [row.estimates.iloc[0][["value", "error"]].tolist() for row in parts] == [[5.5, 0.1]] * 4
    assert moved.estimates.iloc[0][["value", "error"]].tolist() == [5.0, pytest.approx(5.0 * 0.1 / 100)]
    (answer,) = answers(tmp_path / "b", [({}, [*still, figure("2022-08", 5.5)], AVERAGE)], draws=200)
    assert answer.status == "forecast"


def test_counts_of_new_items_keep_their_months(tmp_path):
    rows = [figure(2022, 12), figure("2022-Q2", 5), figure("2023-Q2", 7, published="2023-08-01")]
    rows.append(figure("2023-08", 9, published="2023-10-01", qualifier=">="))
    found = series_of(tmp_path, *(row | {"measure": "count_new"} for row in rows))
    table = found.new_counts[["year", "months", "count", "qualifier", "publisher"]].to_numpy().tolist()
    office = "Office of Testville"
    assert table == [[2022, 12, 12.0, "=", office], [2023, 8, 9.0, ">=", office]]
    assert len(found.known()) == 0


def test_bounds_year_to_date_figures_and_counts_are_no_levels(tmp_path):
    """Bounds of every year without a level are kept, in the unit of the levels."""
    found = series_of(
        tmp_path, *figures({2016: 10.0, 2018: 12.0}), figure(2015, 9, qualifier=">="),
        figure(2017, 13, qualifier="<="), change(2019, 3, qualifier="<="), change(2010, 3, qualifier="<="),
        figure("2020-12", 14, qualifier=">="), figure("2021-08", 15, qualifier=">="),
        figure("2022-Q2", 13, published="2022-08-01"), figure(2022, 4, measure="count_new"),
    )  # fmt: skip
    assert found.known().to_dict() == {2016: 10, 2018: 12}
    assert found.bounds["period"].tolist() == ["2015", "2017", "2019", "2020"]
    assert dict(found.lower) == {2015: 9.0, 2020: 14.0}
    assert dict(found.upper) == {2017: 13.0, 2019: pytest.approx(12.0 * 1.03)}
    assert reasons(found) == {
        "2010": "bound_on_change", "2021-08": "year_to_date_bound", "2022-Q2": "year_to_date_timing"
    }  # fmt: skip
    assert found.new_counts[["year", "months", "count"]].to_numpy().tolist() == [[2022, 12, 4]]
    unused = {f"unused_{why}" for why in reasons(found).values()}
    assert set(codes(found)) == unused | {"bounds_kept", "new_counts"}


def test_bounds_give_way_to_figures_and_contradictions_are_said(tmp_path):
    later = {"qualifier": ">=", "published": "2022-06-01"}
    against = [figure(2022, 96, qualifier=">="), change(2022, 4, qualifier="<="), figure(2021, 94, **later)]
    against.append(figure(2020, 94, **later))
    replaced = [figure(2021, 94, **later), figure(2022, 95, qualifier=">=")]
    replaced.append(figure(2022, 95.4, published="2023-06-01"))
    nothing = [figure(2022, 97, qualifier=">="), change(2022, 1, qualifier="<=")]
    cases = ([*figures(STEADY), *rows] for rows in (against, replaced, nothing))
    said, figured, dropped = many_series(tmp_path, *((rows,) for rows in cases))
    assert (said.lower, said.upper) == ({2022: 96.0}, {2022: pytest.approx(95 * 1.04)})
    (told,) = [one for one in said.notes if one.code == "bound_contradicted"]
    assert told.values["periods"] == ["2020"]  # 93 was published, "94 or more" too
    assert figured.known().to_dict() == STEADY | {2022: 95.4}  # but a later bound replaces no figure
    assert figured.superseded["period"].tolist() == ["2022"]
    assert (figured.bounds["period"].tolist(), figured.lower) == (["2021"], {})
    assert (dropped.lower, dropped.upper) == ({}, {}) and "bound_contradicted" in codes(dropped)


def test_bounds_alone_are_not_assessable_and_with_two_figures_are_enough(tmp_path):
    two = run(2021, [17, 18])
    cases = [run(2021, [96] * 3, qualifier=">="), [*two, figure(2023, 19, qualifier=">=")], two]
    assert many_series(tmp_path / "a", (cases[0],))[0].points() == 0
    bounds, enough, fewer = answers(tmp_path / "b", [({}, rows) for rows in cases])
    assert [reason(bounds), enough.status, reason(fewer)] == ["only_bounds", "forecast", "too_few"]
    (told,) = [one for one in enough.notes if one.code == "few_numbers"]
    assert told.values == {"numbers": 2, "partly": 1}


def test_the_size_of_revisions_is_learned_from_the_vintages_of_the_package(tmp_path):
    first = [figure(y, v, status="preliminary") for y, v in {2018: 89, 2019: 92.6, 2020: 93.4}.items()]
    final = [figure(y, v, published=f"{y + 2}-01-05") for y, v in STEADY.items()]
    data = loaded(tmp_path, observations=[*first, *final])
    off = [(90 - 89) / 2, (92 - 92.6) / 2, (93 - 93.4) / 2]  # typical yearly change of the final figures: 2
    expected = math.sqrt((4 * 0.3**2 + sum(x**2 for x in off)) / 7)
    known = typical_revisions(data.observations)
    assert (known["level"], known["change_pct"]) == (pytest.approx(expected), 0.3)
    earlier = typical_revisions(data.at("2020-06-01").observations)  # one revision known by then
    assert earlier["level"] != known["level"]
    cells = {"qualifier": "=", "measure": "level", "status": ["final", "preliminary"], "decimals": 0}
    last = pd.DataFrame({"year": [2020, 2021], "value": [93.0, 95.0]} | cells)
    assert standard_errors(last, {"level": 0.4}).tolist() == [0.0, pytest.approx(0.8)]


def test_about_is_within_a_step_of_its_last_digit_and_an_uncertain_change_moves_every_later_level(tmp_path):
    rows = [change(2021, -3), change(2022, -4, status="preliminary"), change(2023, -2)]
    about = [*figures(STEADY), figure(2022, 96, qualifier="~"), figure(2023, 96.4)]
    near, found = many_series(tmp_path, (about,), (rows, AVERAGE, {"base_year": 2020}))
    assert near.noisy == {2022: pytest.approx(1 / math.sqrt(3))}  # final figures are exact
    error = 0.97 * 0.3 * 3  # stated share of the median change
    assert found.shared == ({2022: pytest.approx(error), 2023: pytest.approx(error * 0.98)},)
    assert found.noisy == {}


def test_what_is_known_in_part_moves_with_the_series_and_a_share_stays_within_0_to_100(tmp_path):
    about = figure(2017, 89, qualifier="~")
    found = after_steady(tmp_path / "a", figure(2022, 96, qualifier=">="), figure("2023-Q2", 97), about)
    half = shifted(found, 2021, 47.5)
    assert half.lower == {2022: 48.0}
    assert half.noisy == {2017: pytest.approx(0.5 / math.sqrt(3))}
    assert half.evidence().estimates[2023][0] == pytest.approx(48.5)
    share = series_of(tmp_path / "b", *figures(STEADY), cells={"support": "percent"})
    moved = shifted(share, 2018, 97.0, by_ratio=False)
    assert moved.values.to_dict() == {2018: 97, 2019: 99, 2020: 100, 2021: 100}
    assert (moved.unit, moved.decimals, moved.places()) == ("points", {}, {("widgets", "testville")})


def test_four_ways_to_publish_one_figure_give_four_probabilities(tmp_path):
    """The worked example: 96, "96 or more", "about 96", and 97 in January to August."""
    before = run(2018, [94.0, 94.3, 94.7, 94.9, 95.3])
    ways = [
        [figure(2023, 96.0, qualifier="~")], [figure(2023, 96.0)], [figure(2023, 96.0, qualifier=">=")],
        [figure(2023, 96.0), figure("2024-08", 97.0, published="2024-10-01")],
    ]  # fmt: skip
    goal, share = {"threshold": 96.5, "deadline": 2024}, {"support": "percent"}
    found = answers(tmp_path, [(goal, [*before, *rows], share) for rows in ways], draws=4000)
    chances = [0.0, *(answer.probability for answer in found)]
    assert (np.diff(chances) > 0).all()
    for answer, code in zip(found, ("approximate", None, "bounds_kept", "year_to_date"), strict=True):
        assert code is None or code in codes(answer)
    assert found[2].forecast.years.tolist() == [2023, 2024]
    assert found[3].outcome is None  # a part of the deadline's year does not settle it


def test_nothing_published_later_reaches_an_earlier_day(tmp_path):
    rows = [
        *figures(STEADY, status="preliminary"), figure(2019, 92.5, published="2022-03-01"),
        figure("2022-Q2", 96, published="2022-08-15"), figure(2022, 97, qualifier=">="),
        figure(2022, 97.5, published="2023-09-01"), change(2023, 1, qualifier="~"),
        figure(2022, 5, measure="count_new", published="2022-12-31"),
    ]  # fmt: skip
    made = [indicator("widgets", **AVERAGE)]
    whole = loaded(tmp_path / "all", observations=rows, indicators=made)
    for day in ["2021-06-30", "2022-03-01", "2022-08-14", "2022-08-15", "2023-03-01", "2023-09-01"]:
        held = [row for row in rows if row["published"] <= day]
        only = loaded(tmp_path / day, day, observations=held, indicators=made)
        one, other = (annual_series(data, "widgets", "testville") for data in (whole.at(day), only))
        assert one.evidence() == other.evidence()
        assert one.values.equals(other.values) and one.notes == other.notes
        assert one.new_counts["count"].tolist() == other.new_counts["count"].tolist()


def test_another_model_takes_the_plain_levels_and_says_so(tmp_path):
    rows = [*figures(STEADY), figure(2022, 96, qualifier=">=")]
    data = loaded(tmp_path, observations=rows, targets=[target(threshold=97)])
    assert "partly_ignored" in codes(assess(data, "goal", model="drift"))
    plain = forecast_series(annual_series(data, "widgets", "testville"), 2025, model="drift")
    assert plain.years.tolist() == [2022, 2023, 2024, 2025]


def test_every_note_about_partial_knowledge_has_its_sentence(tmp_path):
    found = after_steady(
        tmp_path, figure(2020, 99, qualifier=">=", published="2022-06-01"), figure(2022, 96, qualifier=">="),
        figure(2017, 89, qualifier="~", status="preliminary"), figure("2023-Q2", 97, published="2023-08-01"),
        figure("2021-Q2", 94), figure("2024-Q1", 96, qualifier=">=", published="2024-05-01"),
        change("2024-Q2", 1, published="2024-08-01"), figure(2022, 4, measure="count_new"),
        change(2010, 5, qualifier=">="),
    )  # fmt: skip
    assert set(codes(found)) >= {
        "bound_contradicted", "bounds_kept", "approximate", "provisional", "year_to_date",
        "unused_year_to_date_known", "unused_year_to_date_bound", "unused_year_to_date_unlinked",
        "new_counts", "unused_bound_on_change",
    }  # fmt: skip
    for told in (note(one, lang) for one in found.notes for lang in ("zh", "en")):
        assert told and "{" not in told

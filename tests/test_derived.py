"""Indicators computed from others: ratios, per-head figures, sums; their vintages, conflicts and forecasts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from packages import figure, figures, indicator, loaded, package, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.data.load import check
from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.annual import forecast_series, remarks
from qcity_analysis.forecasting.forecast import forecast, forecast_ratio, paired, shrunk_correlation
from qcity_analysis.reporting.describe import note
from qcity_analysis.series.annual import AnnualSeries, annual_series

SPENDING = {2017: 30.0, 2018: 33.0, 2019: 36.5, 2020: 40.0, 2021: 44.0, 2022: 47.0}
GDP = {2017: 1000.0, 2018: 1070.0, 2019: 1130.0, 2020: 1170.0, 2021: 1280.0, 2022: 1330.0}


def indicators(**cells: Any) -> list[dict[str, Any]]:
    derived = {"support": "percent", "unit": "%", "derived": "ratio", "inputs": "spending;gdp"} | cells
    return [
        indicator("widgets", **derived),
        indicator("spending", unit="bn yuan"),
        indicator("gdp", unit="bn yuan"),
    ]


def inputs(spending: dict[int, float] = SPENDING, gdp: dict[int, float] = GDP) -> list[dict[str, Any]]:
    return [
        *figures(spending, indicator_id="spending", unit="bn yuan"),
        *figures(gdp, indicator_id="gdp", unit="bn yuan"),
    ]


def ratio(folder: Path, rows: list[dict[str, Any]], as_of: str = "2024-12-31", **cells: Any) -> AnnualSeries:
    data = loaded(
        folder, as_of, observations=rows, indicators=indicators(**cells), targets=[target(unit="%")]
    )
    return annual_series(data, "widgets", "testville")


def test_a_ratio_is_the_quotient_of_its_inputs_and_a_gap_where_one_is_missing(tmp_path: Path) -> None:
    gdp = {year: level for year, level in GDP.items() if year != 2019}
    found = ratio(tmp_path, inputs(gdp=gdp))
    expected = {year: 100 * SPENDING[year] / level for year, level in gdp.items()}
    assert found.known().to_dict() == pytest.approx(expected)
    assert math.isnan(found.values[2019])
    assert (found.unit, found.support, found.derived) == ("%", "percent", "ratio")
    assert set(found.observations["indicator_id"]) == {"spending", "gdp"}
    assert set(found.observations["publisher"]) == {"Office of Testville"}
    (told,) = [one for one in found.notes if one.code == "derived_ratio"]
    assert note(told, "en") == "2017–2022: computed as 100 × “Indicator spending” / “Indicator gdp”."


def test_a_per_head_figure_is_multiplied_by_its_factor(tmp_path: Path) -> None:
    found = ratio(tmp_path, inputs(), derived="per_head", factor=10000, unit="yuan", support="positive")
    assert found.values[2022] == pytest.approx(10000 * 47 / 1330)


def test_a_revised_denominator_moves_the_ratio_only_from_the_day_it_was_published(tmp_path: Path) -> None:
    revised = figure(2021, 1400, indicator_id="gdp", unit="bn yuan", published="2023-12-20")
    before = ratio(tmp_path / "a", [*inputs(), revised], as_of="2023-12-19")
    after = ratio(tmp_path / "b", [*inputs(), revised], as_of="2023-12-20")
    assert before.values[2021] == pytest.approx(100 * 44 / 1280)
    assert after.values[2021] == pytest.approx(100 * 44 / 1400)
    moved = [float(forecast_series(one, 2024, rng=0).median()[2024]) for one in (before, after)]
    assert moved[0] != moved[1]


def test_a_published_figure_wins_over_the_computed_and_a_difference_is_a_note(tmp_path: Path) -> None:
    own = figures({2020: 3.42, 2021: 3.6}, unit="%")
    found = ratio(tmp_path, [*inputs(), *own])
    assert (found.values[2020], found.values[2021]) == (3.42, 3.6)
    assert found.values[2022] == pytest.approx(100 * 47 / 1330)
    (told,) = [one for one in found.notes if one.code == "derived_conflict"]  # 3.419 agrees with 3.42
    assert told.values == {"year": 2021, "shown": "3.6", "computed": "3.438"}
    assert "published as 3.6" in note(told, "en") and "3.438" in note(told, "zh")


def test_the_error_of_an_input_is_the_error_of_the_ratio(tmp_path: Path) -> None:
    about = figure(2023, 50, indicator_id="spending", unit="bn yuan", qualifier="~")
    rows = [*inputs(gdp=GDP | {2023: 1400.0}), about]
    found = ratio(tmp_path, rows)
    step = 10 / math.sqrt(3)  # "about 50"
    assert found.noisy == {2023: pytest.approx(100 * 50 / 1400 * step / 50)}


def counts(rows: list[dict[str, Any]], folder: Path, base_year: int | None) -> AnnualSeries:
    made = [
        indicator("widgets", derived="sum", inputs="new", support="count"),
        indicator("new", support="count"),
    ]
    data = loaded(folder, observations=rows, indicators=made)
    return annual_series(data, "widgets", "testville", base_year=base_year)


def new(period: object, value: float, **cells: Any) -> dict[str, Any]:
    return figure(period, value, indicator_id="new", measure="count_new", **cells)


def test_a_sum_counts_from_the_year_after_its_base(tmp_path: Path) -> None:
    rows = [new(2020, 9), new(2021, 3), new(2022, 4), new("2023-Q2", 2)]
    found = counts(rows, tmp_path / "a", 2020)
    assert found.known().to_dict() == {2020: 0.0, 2021: 3.0, 2022: 7.0}
    assert found.lower == {2023: 9.0}  # half a year counted
    assert counts(rows, tmp_path / "b", None).known().to_dict() == {2020: 9.0, 2021: 12.0, 2022: 16.0}


def test_a_sum_is_a_lower_bound_after_a_year_that_was_not_counted(tmp_path: Path) -> None:
    found = counts([new(2021, 3), new(2023, 4)], tmp_path, 2020)
    assert found.known().to_dict() == {2020: 0.0, 2021: 3.0}
    assert found.lower == {2023: 7.0}


def test_a_ratio_whose_inputs_end_together_is_forecast_directly(tmp_path: Path) -> None:
    found = ratio(tmp_path, inputs())
    direct = forecast(found.values, 2025, support="percent", rng=3)
    np.testing.assert_array_equal(forecast_series(found, 2025, rng=3).paths, direct.paths)
    assert remarks(found) == ()


def test_a_ratio_with_one_input_ahead_takes_part_of_what_that_input_says(tmp_path: Path) -> None:
    rows = inputs(gdp=GDP | {2023: 1600.0})  # the economy grew by a fifth: the share will have fallen
    found = ratio(tmp_path, rows)
    direct = forecast(found.values, 2025, support="percent", rng=0)
    told = forecast_series(found, 2025, rng=0)
    alone = forecast_series(found, 2025, model="inputs", rng=0)
    assert told.model == "mixture of inputs"
    assert alone.median()[2023] < told.median()[2023] < direct.median()[2023] - 0.1
    expected = 100 * forecast(pd.Series(SPENDING), 2023, support="positive", rng=0).median()[2023] / 1600
    assert alone.median()[2023] == pytest.approx(expected, abs=0.05)
    assert [one.code for one in remarks(found)] == ["forecast_of_inputs"]
    answer = assess(
        loaded(
            tmp_path / "b",
            observations=rows,
            indicators=indicators(),
            targets=[target(threshold=3, unit="%")],
        ),
        "goal",
    )
    assert "forecast_of_inputs" in {one.code for one in answer.notes}


def test_the_model_of_inputs_needs_inputs(tmp_path: Path) -> None:
    with pytest.raises(QcityError) as error:
        forecast_series(annual_series(loaded(tmp_path), "widgets", "testville"), 2025, model="inputs")
    assert str(error.value) == "testville/widgets is no ratio of inputs with figures; use model 'mixture'"


def test_paired_paths_keep_each_forecast_and_move_together() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(4000, 3)).cumsum(axis=1), rng.gamma(2, size=(4000, 3))
    a, b = paired(one, other, 0.7, rng)
    for before, after in ((one, a), (other, b)):
        np.testing.assert_array_equal(np.sort(before[:, -1]), np.sort(after[:, -1]))
        assert {tuple(row) for row in before} == {tuple(row) for row in after}
    ranks = np.argsort(np.argsort(np.stack([a[:, -1], b[:, -1]]), axis=1), axis=1)
    rank_correlation = 6 / math.pi * math.asin(0.7 / 2)  # Spearman of a Gaussian copula
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(rank_correlation, abs=0.04)


def test_inputs_that_moved_together_make_a_steadier_ratio() -> None:
    base = pd.Series([10.0, 11.5, 11.8, 13.9, 14.1, 16.5, 16.9], index=range(2017, 2024))
    assert shrunk_correlation(base, 3 * base) == pytest.approx(
        6 / 7
    )  # six changes, one more without correlation
    top, under = (forecast(base * k, 2026, support="positive", rng=int(k)) for k in (1.0, 3.0))
    ratio = forecast_ratio(top, under, after=2023, history=base * 0 + 1 / 3, rng=np.random.default_rng(0))
    apart, other = paired(top.paths, under.paths, 0.0, np.random.default_rng(0))
    kept = other[:, -1] > 0
    free = np.ptp(np.quantile(apart[kept, -1] / other[kept, -1], [0.1, 0.9]))
    assert np.ptp(ratio.quantiles([0.1, 0.9]).loc[2026]) < 0.6 * free


def problems(folder: Path, made: list[dict[str, Any]]) -> list[str]:
    found = check(package(folder, indicators=made, observations=[], targets=[target(unit="%")]))
    return [str(one) for one in found if one.file == "indicators.csv"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"inputs": "spending;gpd"},
            "indicators.csv, row 2, column inputs: found 'gpd'; allowed: indicator_id of indicators.csv; "
            'add it there, or correct it. Did you mean "gdp"?',
        ),
        (
            {"inputs": "spending"},
            "indicators.csv, row 2, column inputs: found 'spending'; allowed: 2 indicators separated by ;, as derived "
            "is ratio; name what it is computed from: numerator;denominator",
        ),
        (
            {"derived": "sum", "inputs": ""},
            "indicators.csv, row 2, column inputs: found ''; allowed: 1 indicator, as derived is sum; "
            "name what it is computed from",
        ),
        (
            {"derived": "none"},
            "indicators.csv, row 2, column inputs: found 'spending;gdp'; allowed: empty where nothing is "
            "derived; it is ignored; set derived to ratio, per_head or sum, or empty the cell",
        ),
        (
            {"factor": -1},
            "indicators.csv, row 2, column factor: found '-1'; allowed: a number above 0; correct it, or leave it out",
        ),
        (
            {"derived": "sum", "inputs": "gdp"},
            "indicators.csv, row 2, column unit: found '%'; allowed: bn yuan, the unit of gdp; give both the same unit",
        ),
        (
            {"inputs": "spending;widgets"},
            "indicators.csv, row 2, column inputs: found 'widgets ← widgets'; allowed: inputs that lead to published "
            "figures; an indicator cannot be computed from itself; change one of the inputs",
        ),
        (
            {"inputs": "spending;heads"},
            "indicators.csv, row 2, column inputs: found 'bn yuan / persons'; allowed: two inputs in the same unit for "
            "a share in %; convert one of them, or state the factor that the ratio is multiplied by",
        ),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(
    tmp_path: Path, cells: dict[str, Any], message: str
) -> None:
    made = [*indicators(**cells), indicator("heads", unit="persons")]
    assert message in problems(tmp_path, made)


def test_a_circle_of_inputs_is_told_once(tmp_path: Path) -> None:
    made = indicators()
    made[2] |= {"derived": "ratio", "inputs": "spending;widgets", "factor": 1}
    (found,) = problems(tmp_path, made)
    assert found == (
        "indicators.csv, row 2, column inputs: found 'widgets ← gdp ← widgets'; allowed: inputs that lead to published "
        "figures; an indicator cannot be computed from itself; change one of the inputs"
    )


def test_an_upper_bound_on_a_count_bounds_the_sum_from_above_only(tmp_path: Path) -> None:
    rows = [new(2021, 3), new(2022, 10, qualifier="<="), new(2023, 2)]
    found = counts(rows, tmp_path, 2020)
    assert found.known().to_dict() == {2020: 0, 2021: 3}
    assert (dict(found.lower), dict(found.upper)) == ({2022: 3, 2023: 5}, {2022: 13, 2023: 15})

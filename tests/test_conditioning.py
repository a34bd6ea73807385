"""Forecasts of what is known in part, and of ratios from their inputs, against slower computations of the same."""

from __future__ import annotations

import dataclasses
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packages import figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.data.load import Data
from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.annual import (
    forecast_ratio,
    forecast_series,
    paired,
    remarks,
    shrunk_correlation,
)
from qcity_analysis.forecasting.conditioning import Conditions, completed
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import SeriesError
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import Cells, Gate, Prior, shipped
from qcity_analysis.series.annual import annual_series
from qcity_analysis.series.evidence import Evidence

LEVELS = pd.Series([94.0, 94.4, 94.9, 95.2, 95.4], index=range(2019, 2024))


def one_cell(rho: float, shape: float, size: float) -> Prior:
    """A prior with a single cell without slope: a level with noise, its scale in units of the typical change."""
    prior = shipped()
    gate = prior.gate
    cells = Cells(*(np.array([x]) for x in (rho, 0.0, 0.0, 0.0, shape, size)))
    narrow = Gate(gate.linear[:, :1], gate.bias[:1])
    return dataclasses.replace(prior, cells=cells, gate=narrow)


def known(series: pd.Series, support: str = "real", prior: Prior | None = None, **more) -> Conditions:
    return Conditions.of(series, support, (), Evidence(**more), prior or shipped())


def drawn(told: Conditions, year: int, runs: int = 80) -> np.ndarray:
    """Completed values of one year, from several runs."""
    column = -1 - (told.last - year)
    runs_ = (completed(told, np.random.default_rng(k)) for k in range(runs))
    return np.concatenate([h.values[:, column] for h in runs_])


SURE = one_cell(1.0, 1e6, 0.6)  # so sure of its scale that it is known


def test_a_bounded_year_follows_the_likelihood_integrated_on_a_grid():
    y = pd.Series([10.0, 10.8, 12.0, 11.5], index=[2019, 2020, 2022, 2023])
    told = known(y, prior=one_cell(1.0, 1.5, 0.7), lower={2021: 11.6}, upper={2021: 14.0})
    unit = told.unit
    grid = np.linspace(11.6, 14.0, 20_001)
    squares = (0.8**2 + (grid - 10.8) ** 2 + (12.0 - grid) ** 2 + 0.5**2) / unit**2
    density = (1.5 * 0.7**2 + squares / 2) ** -(1.5 + 4 / 2)  # random walk, scale integrated out
    density /= density.sum()
    mean = float((grid * density).sum())
    spread = math.sqrt(float(((grid - mean) ** 2 * density).sum()))
    found = drawn(told, 2021)
    assert found.mean() == pytest.approx(mean, abs=0.02)
    assert found.std() == pytest.approx(spread, abs=0.02)
    assert found.min() >= 11.6


def test_noisy_values_follow_the_smoother_of_a_local_level_with_measurement_error():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    values, error = [10.0, 11.0, 10.2, 12.5, 12.0, 12.2], 0.8
    y = pd.Series(values, index=range(2018, 2024))
    told = known(y, prior=SURE, noisy=dict.fromkeys(y.index, error))
    unit = told.unit
    size = 0.6
    model = UnobservedComponents(y.to_numpy(), "llevel")
    model.ssm.initialize_diffuse()
    with warnings.catch_warnings():  # about the years it takes to start up; the state is not concerned
        warnings.simplefilter("ignore")
        smoothed = model.smooth([error**2, (size * unit) ** 2])
    for k, year in enumerate(y.index):
        found = drawn(told, int(year))
        assert found.mean() == pytest.approx(smoothed.smoothed_state[0, k], abs=0.06)
        assert found.std() == pytest.approx(math.sqrt(smoothed.smoothed_state_cov[0, 0, k]), abs=0.06)


def test_an_estimated_gap_follows_the_closed_form_of_a_random_walk_between_two_values():
    y = pd.Series([10.0, 10.4, 11.0, 12.1], index=[2019, 2020, 2022, 2023])
    told = known(y, prior=SURE, estimates={2021: (11.5, 0.5)})
    unit = told.unit
    variance = (0.6 * unit) ** 2
    between, precision = (10.4 + 11.0) / 2, 2 / variance  # a random walk between two known values
    mean = (between * precision + 11.5 / 0.25) / (precision + 1 / 0.25)
    found = drawn(told, 2021)
    assert found.mean() == pytest.approx(mean, abs=0.02)
    assert found.std() == pytest.approx((precision + 4) ** -0.5, abs=0.02)


def test_an_error_shared_by_later_years_moves_them_together_as_far_as_the_likelihood_says():
    y = pd.Series([10.0, 10.3, 11.6, 11.8, 12.1], index=range(2019, 2024))
    told = known(y, prior=SURE, shared=[dict.fromkeys((2021, 2022, 2023), 0.9)])
    unit = told.unit
    variance = (0.6 * unit) ** 2
    # Only the change into 2021 knows of the shift: N(1.3 + s, variance), s ~ N(0, 0.81).
    precision = 1 / 0.81 + 1 / variance
    mean = -1.3 / variance / precision
    first, last = (drawn(told, year) for year in (2021, 2023))
    assert first.mean() - 11.6 == pytest.approx(mean, abs=0.04)
    assert first.std() == pytest.approx(precision**-0.5, abs=0.04)
    np.testing.assert_allclose(last - first, 0.5)


def test_a_bound_on_the_next_year_is_the_plain_forecast_cut_there():
    plain = forecast(LEVELS, 2024, support="percent", draws=200_000, rng=0)
    cut = forecast(LEVELS, 2024, support="percent", lower={2024: 96.0}, draws=20_000, rng=1)
    for x in (96.2, 96.5, 97.0):
        share = plain.probability_at_least(x) / plain.probability_at_least(96.0)
        assert cut.probability_at_least(x) == pytest.approx(share, abs=0.02)
    assert cut.years.tolist() == [2024]
    assert cut.paths.min() >= 96.0


def test_an_estimate_of_the_next_year_is_the_plain_forecast_weighed_by_it():
    plain = forecast(LEVELS, 2024, support="percent", draws=200_000, rng=0).paths[:, 0]
    weight = np.exp(-0.5 * ((plain - 96.0) / 0.3) ** 2)
    told = forecast(LEVELS, 2024, support="percent", estimates={2024: (96.0, 0.3)}, draws=20_000, rng=1)
    mean = float((plain * weight).sum() / weight.sum())
    spread = math.sqrt(float(((plain - mean) ** 2 * weight).sum() / weight.sum()))
    assert told.mean()[2024] == pytest.approx(mean, abs=0.01)
    assert told.paths.std() == pytest.approx(spread, abs=0.01)


def test_bounds_of_two_years_agree_with_forecasts_made_one_after_the_other():
    many = 12_000
    rng = np.random.default_rng(5)
    first = rng.choice(forecast(LEVELS, 2024, support="percent", draws=100_000, rng=0).paths[:, 0], many)
    first = first[first >= 95.8]
    rows = [
        {"series_id": k, "period": year, "value": value, "support": "percent"}
        for k, x in enumerate(first)
        for year, value in [*LEVELS.items(), (2024, x)]
    ]
    panel = forecast_panel(pd.DataFrame(rows), horizon=1)
    ask = pd.DataFrame({"series_id": range(len(first)), "period": 2025, "direction": "at_least"})
    over = panel.probability(ask.assign(threshold=96.4))
    expected = float((first * over).sum() / over.sum())  # mean of 2024 given both bounds
    above = panel.probability(ask.assign(threshold=97.0)).sum() / over.sum()
    told = forecast(LEVELS, 2025, support="percent", lower={2024: 95.8, 2025: 96.4}, draws=20_000, rng=1)
    assert told.mean()[2024] == pytest.approx(expected, abs=0.03)
    assert told.probability_at_least(97.0, 2025) == pytest.approx(above, abs=0.03)


@pytest.mark.parametrize(
    ("year", "more"),
    [
        (None, {"lower": {2024: 20.0}}),
        (None, {"estimates": {2024: (95.0, 500.0)}}),
        (2021, {"upper": {2021: 100.0}}),
        (2021, {"lower": {2021: 50.0}}),
    ],
)
def test_what_says_nothing_changes_nothing(year, more):
    series = LEVELS if year is None else LEVELS.drop(year)
    plain, told = (
        forecast(series, 2025, support="percent", draws=40_000, rng=k, **known_)
        for k, known_ in enumerate(({}, more))
    )
    levels = [0.1, 0.5, 0.9]
    assert (told.quantiles(levels).loc[2025] - plain.quantiles(levels).loc[2025]).abs().max() < 0.1


def test_bounds_and_errors_work_beside_breaks():
    series = pd.concat([pd.Series([40.0, 41.0, 42.5], index=[2014, 2015, 2016]), LEVELS])
    narrow = {"lower": {2024: 95.95}, "upper": {2024: 96.05}}
    told = forecast(series, 2026, support="percent", breaks=[2019], rng=0, **narrow)
    exact = forecast(
        pd.concat([series, pd.Series([96.0], [2024])]), 2026, support="percent", breaks=[2019], rng=0
    )
    assert told.median()[2026] == pytest.approx(exact.median()[2026], abs=0.1)
    inside = forecast(series.drop(2015), 2026, support="percent", breaks=[2019], lower={2015: 40.5}, rng=0)
    whole = forecast(series, 2026, support="percent", breaks=[2019], rng=0)
    assert inside.median()[2026] == pytest.approx(whole.median()[2026], abs=0.3)


def test_a_bounded_year_before_the_first_value_is_completed_backwards():
    found = drawn(known(LEVELS, "percent", upper={2018: 93.0}), 2018, runs=12)
    assert found.max() <= 93.0
    assert 91.5 < np.median(found) < 93.0


def test_two_values_and_a_bound_give_a_forecast_and_two_values_alone_do_not():
    two = LEVELS.iloc[:2]
    told = forecast(two, 2022, support="percent", lower={2021: 95.0}, rng=0)
    assert told.years.tolist() == [2021, 2022]
    assert (told.paths[:, 0] >= 95.0).all()
    with pytest.raises(SeriesError, match="series 'series' has 2 of the at least 3 observed points"):
        forecast(two, 2022, support="percent")
    with pytest.raises(SeriesError, match="series 'series' has 1 of the at least 3 observed points"):
        forecast(two.iloc[:1], 2022, support="percent", lower={2020: 95.0, 2021: 95.0})


def test_a_bound_far_beyond_what_was_expected_is_still_kept():
    told = forecast(LEVELS, 2026, support="percent", lower={2024: 99.9}, rng=0)
    assert (told.paths[:, 0] >= 99.9).all()
    sharp = forecast(LEVELS, 2025, support="percent", estimates={2024: (60.0, 0.01)}, rng=0)
    assert sharp.mean()[2024] == pytest.approx(60.0, abs=0.05)


def test_the_same_seed_gives_the_same_paths_with_partial_knowledge():
    once, again = (forecast(LEVELS, 2025, lower={2024: 95.5}, noisy={2023: 0.2}, rng=7).paths for _ in "ab")
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"estimates": {2021: (1.0, 1.0)}}, "2021 has a value and an estimate; give one of them"),
        ({"estimates": {2025: (1.0, 0.0)}}, "the standard error in 2025 must be above 0; found 0.0"),
        ({"shared": [{2030: 1.0}]}, "shared: no value in 2030 to be uncertain about"),
        ({"lower": {2016: 1.0}, "breaks": [2018]}, "2016 lies in a segment without a value"),
        ({"lower": {2021: 1.0}}, "2021 has a value and a bound; give one of them"),
    ],
)
def test_partial_knowledge_that_contradicts_the_values_is_refused(more, message):
    with pytest.raises(QcityError, match=message):
        forecast(LEVELS, 2026, **more)


def test_a_bound_before_the_only_value_of_its_segment_is_drawn_after_that_value_when_it_is_uncertain():
    y = pd.Series([40.0, 42.0, 45.0, 46.0], index=[2014, 2015, 2018, 2020], name="a")
    found = forecast(
        y, 2022, lower={2016: 30.0, 2017: 38.0}, noisy={2018: 1.0}, breaks=(2016,), draws=500, rng=0
    )
    assert np.isfinite(found.paths).all()
    alone = pd.Series([42.0, 45.0], index=[2018, 2020], name="a")
    all_uncertain = forecast(alone, 2022, upper={2017: 48.0}, noisy={2018: 1.0, 2020: 1.0}, draws=500, rng=0)
    assert np.isfinite(all_uncertain.paths).all()


# Forecasts of published series: a ratio from its inputs.


SPENDING = {2017: 30.0, 2018: 33.0, 2019: 36.5, 2020: 40.0, 2021: 44.0, 2022: 47.0}
GDP = {2017: 1000.0, 2018: 1070.0, 2019: 1130.0, 2020: 1170.0, 2021: 1280.0, 2022: 1330.0}


def of_inputs(folder: Path, gdp: dict[int, float]) -> Data:
    made = [
        indicator("widgets", support="percent", unit="%", derived="ratio", inputs="spending;gdp"),
        *(indicator(name) for name in ("spending", "gdp")),
    ]
    rows = [*figures(SPENDING, indicator_id="spending"), *figures(gdp, indicator_id="gdp")]
    goal = target(threshold=3, unit="%")
    return loaded(folder, observations=rows, indicators=made, targets=[goal])


def test_a_ratio_whose_inputs_end_together_is_forecast_directly(tmp_path: Path) -> None:
    found = annual_series(of_inputs(tmp_path, GDP), "widgets", "testville")
    direct = forecast(found.values, 2025, support="percent", rng=3)
    np.testing.assert_array_equal(forecast_series(found, 2025, rng=3).paths, direct.paths)
    assert remarks(found) == ()


def test_a_ratio_with_one_input_ahead_takes_part_of_what_that_input_says(tmp_path: Path) -> None:
    data = of_inputs(
        tmp_path, GDP | {2023: 1600.0}
    )  # the economy grew by a fifth: the share will have fallen
    found = annual_series(data, "widgets", "testville")
    direct = forecast(found.values, 2025, support="percent", rng=0)
    told, alone = (forecast_series(found, 2025, model=name, rng=0) for name in ("mixture", "inputs"))
    assert told.model == "mixture of inputs"
    assert alone.median()[2023] < told.median()[2023] < direct.median()[2023] - 0.1
    expected = 100 * forecast(pd.Series(SPENDING), 2023, support="positive", rng=0).median()[2023] / 1600
    assert alone.median()[2023] == pytest.approx(expected, abs=0.05)
    assert [one.code for one in remarks(found)] == ["forecast_of_inputs"]
    assert "forecast_of_inputs" in {one.code for one in assess(data, "goal").notes}


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

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
from qcity_analysis.forecasting import annual
from qcity_analysis.forecasting.annual import forecast_series, remarks
from qcity_analysis.forecasting.conditioning import Conditions, completed
from qcity_analysis.forecasting.forecast import Forecast, forecast
from qcity_analysis.forecasting.histories import SeriesError
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import Cells, Gate, Prior, shipped
from qcity_analysis.series.annual import annual_series
from qcity_analysis.series.evidence import Evidence

LEVELS = pd.Series([94.0, 94.4, 94.9, 95.2, 95.4], index=range(2019, 2024))


def one_cell(rho: float, shape: float, size: float) -> Prior:
    """A prior with a single cell without slope: a level with noise, its scale in units of the typical change."""
    prior = shipped()
    cells = Cells(*(np.array([x]) for x in (rho, 0.0, 0.0, 0.0, shape, size)))
    return dataclasses.replace(prior, cells=cells, gate=Gate(prior.gate.linear[:, :1], prior.gate.bias[:1]))


SURE = one_cell(1.0, 1e6, 0.6)  # so sure of its scale that it is known


def known(values: list[float], years: list[int], prior: Prior = SURE, **more) -> Conditions:
    return Conditions.of(pd.Series(values, index=years), "real", (), Evidence(**more), prior)


def drawn(told: Conditions, runs: int = 80) -> dict[int, np.ndarray]:
    """Completed values by year, from several runs."""
    made = np.concatenate([completed(told, np.random.default_rng(k)).values for k in range(runs)])
    return {told.last - k: made[:, -1 - k] for k in range(made.shape[1])}


def agrees(values: np.ndarray, mean: float, spread: float, within: float) -> None:
    assert values.mean() == pytest.approx(mean, abs=within)
    assert values.std() == pytest.approx(spread, abs=within)


def percent(until: int, series: pd.Series = LEVELS, draws: int = 20_000, rng: int = 1, **more) -> Forecast:
    return forecast(series, until, support="percent", draws=draws, rng=rng, **more)


@pytest.fixture(scope="module")
def plain() -> Forecast:
    """The forecast without anything known in part, from many draws."""
    return percent(2025, draws=200_000, rng=0)


def test_a_bounded_year_follows_the_likelihood_integrated_on_a_grid():
    bounds = {"lower": {2021: 11.6}, "upper": {2021: 14.0}}
    told = known([10.0, 10.8, 12.0, 11.5], [2019, 2020, 2022, 2023], one_cell(1.0, 1.5, 0.7), **bounds)
    grid = np.linspace(11.6, 14.0, 20_001)
    squares = (0.8**2 + (grid - 10.8) ** 2 + (12.0 - grid) ** 2 + 0.5**2) / told.unit**2
    density = (1.5 * 0.7**2 + squares / 2) ** -(1.5 + 4 / 2)  # random walk, scale integrated out
    density /= density.sum()
    mean = float((grid * density).sum())
    values = drawn(told)[2021]
    agrees(values, mean, math.sqrt(float(((grid - mean) ** 2 * density).sum())), 0.02)
    assert values.min() >= 11.6


def test_noisy_values_follow_the_smoother_of_a_local_level_with_measurement_error():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    values, years, error = [10.0, 11.0, 10.2, 12.5, 12.0, 12.2], list(range(2018, 2024)), 0.8
    told = known(values, years, noisy=dict.fromkeys(years, error))
    model = UnobservedComponents(np.array(values), "llevel")
    model.ssm.initialize_diffuse()
    with warnings.catch_warnings():  # about the years it takes to start up; the state is not concerned
        warnings.simplefilter("ignore")
        smoothed = model.smooth([error**2, (0.6 * told.unit) ** 2])
    made = drawn(told)
    for k, year in enumerate(years):
        variance = smoothed.smoothed_state_cov[0, 0, k]
        agrees(made[year], smoothed.smoothed_state[0, k], math.sqrt(variance), 0.06)


def test_an_estimated_gap_follows_the_closed_form_of_a_random_walk_between_two_values():
    told = known([10.0, 10.4, 11.0, 12.1], [2019, 2020, 2022, 2023], estimates={2021: (11.5, 0.5)})
    precision = 2 / (0.6 * told.unit) ** 2  # a random walk between two known values
    mean = ((10.4 + 11.0) / 2 * precision + 11.5 / 0.25) / (precision + 1 / 0.25)
    agrees(drawn(told)[2021], mean, (precision + 4) ** -0.5, 0.02)


def test_an_error_shared_by_later_years_moves_them_together_as_far_as_the_likelihood_says():
    shared = [dict.fromkeys((2021, 2022, 2023), 0.9)]
    told = known([10.0, 10.3, 11.6, 11.8, 12.1], list(range(2019, 2024)), shared=shared)
    variance = (0.6 * told.unit) ** 2
    # Only the change into 2021 knows of the shift: N(1.3 + s, variance), s ~ N(0, 0.81).
    precision = 1 / 0.81 + 1 / variance
    made = drawn(told)
    agrees(made[2021] - 11.6, -1.3 / variance / precision, precision**-0.5, 0.04)
    np.testing.assert_allclose(made[2023] - made[2021], 0.5)


def test_a_bound_on_the_next_year_is_the_plain_forecast_cut_there(plain):
    cut = percent(2024, lower={2024: 96.0})
    for x in (96.2, 96.5, 97.0):
        expected = plain.probability_at_least(x, 2024) / plain.probability_at_least(96.0, 2024)
        assert cut.probability_at_least(x) == pytest.approx(expected, abs=0.02)
    assert cut.years.tolist() == [2024] and cut.paths.min() >= 96.0


def test_an_estimate_of_the_next_year_is_the_plain_forecast_weighed_by_it(plain):
    values = plain.paths[:, 0]
    weight = np.exp(-0.5 * ((values - 96.0) / 0.3) ** 2)
    mean = np.average(values, weights=weight)
    spread = math.sqrt(np.average((values - mean) ** 2, weights=weight))
    agrees(percent(2024, estimates={2024: (96.0, 0.3)}).paths, mean, spread, 0.01)


def test_bounds_of_two_years_agree_with_forecasts_made_one_after_the_other(plain):
    first = np.random.default_rng(5).choice(plain.paths[:, 0], 8_000)
    first = first[first >= 95.8]
    years, n = [*LEVELS.index, 2024], len(first)
    values = np.column_stack([np.tile(LEVELS, (n, 1)), first]).ravel()
    rows = {"series_id": np.repeat(np.arange(n), len(years)), "period": np.tile(years, n), "value": values}
    panel = forecast_panel(pd.DataFrame(rows).assign(support="percent"), horizon=1)
    ask = pd.DataFrame({"series_id": range(n), "period": 2025, "direction": "at_least"})
    over, above = (panel.probability(ask.assign(threshold=x)) for x in (96.4, 97.0))
    told = percent(2025, lower={2024: 95.8, 2025: 96.4})
    assert told.mean()[2024] == pytest.approx(np.average(first, weights=over), abs=0.03)
    assert told.probability_at_least(97.0, 2025) == pytest.approx(above.sum() / over.sum(), abs=0.03)


@pytest.mark.parametrize(
    ("without", "more"),
    [
        ([], {"lower": {2024: 20.0}}),
        ([], {"estimates": {2024: (95.0, 500.0)}}),
        ([2021], {"upper": {2021: 100.0}}),
        ([2021], {"lower": {2021: 50.0}}),
    ],
)
def test_what_says_nothing_changes_nothing(without, more):
    series, levels = LEVELS.drop(without), [0.1, 0.5, 0.9]
    told, untold = (percent(2025, series, rng=k, **known_) for k, known_ in enumerate((more, {})))
    assert (told.quantiles(levels).loc[2025] - untold.quantiles(levels).loc[2025]).abs().max() < 0.1


def test_bounds_and_errors_work_beside_breaks():
    series = pd.concat([pd.Series([40.0, 41.0, 42.5], index=[2014, 2015, 2016]), LEVELS])
    longer = pd.concat([series, pd.Series([96.0], [2024])])
    whole, exact = (percent(2026, y, 10_000, breaks=[2019]) for y in (series, longer))
    told = percent(2026, series, 10_000, breaks=[2019], lower={2024: 95.95}, upper={2024: 96.05})
    assert told.median()[2026] == pytest.approx(exact.median()[2026], abs=0.1)
    inside = percent(2026, series.drop(2015), 10_000, breaks=[2019], lower={2015: 40.5})
    assert inside.median()[2026] == pytest.approx(whole.median()[2026], abs=0.3)


def test_a_bounded_year_before_the_first_value_is_completed_backwards():
    values = drawn(known(LEVELS.tolist(), LEVELS.index.tolist(), shipped(), upper={2018: 93.0}), 12)[2018]
    assert values.max() <= 93.0 and 91.5 < np.median(values) < 93.0


def test_two_values_and_a_bound_give_a_forecast_and_two_values_alone_do_not():
    two = LEVELS.iloc[:2]
    told = percent(2022, two, lower={2021: 95.0})
    assert told.years.tolist() == [2021, 2022] and (told.paths[:, 0] >= 95.0).all()
    with pytest.raises(SeriesError, match="series 'series' has 2 of the at least 3 observed points"):
        percent(2022, two)
    with pytest.raises(SeriesError, match="series 'series' has 1 of the at least 3 observed points"):
        percent(2022, two.iloc[:1], lower={2020: 95.0, 2021: 95.0})


def test_what_is_known_far_beyond_what_was_expected_is_still_kept():
    assert (percent(2025, draws=1000, lower={2024: 99.9}).paths[:, 0] >= 99.9).all()
    sharp = percent(2025, draws=1000, estimates={2024: (60.0, 0.01)})
    assert sharp.mean()[2024] == pytest.approx(60.0, abs=0.05)


def test_the_same_seed_gives_the_same_paths_by_name_and_as_one_record():
    told = {"lower": {2024: 95.5}, "noisy": {2023: 0.2}}
    once, again = (
        forecast(LEVELS, 2025, draws=500, rng=7, **more) for more in (told, {"evidence": Evidence(**told)})
    )
    np.testing.assert_array_equal(once.paths, again.paths)


@pytest.mark.parametrize(
    ("values", "years", "told"),
    [
        ([40.0, 42.0, 45.0, 46.0], [2014, 2015, 2018, 2020],
         {"lower": {2016: 30.0, 2017: 38.0}, "noisy": {2018: 1.0}, "breaks": (2016,)}),
        ([42.0, 45.0], [2018, 2020], {"upper": {2017: 48.0}, "noisy": {2018: 1.0, 2020: 1.0}}),
    ],
)  # fmt: skip
def test_a_bound_before_the_only_value_of_its_segment_is_drawn_after_that_uncertain_value(
    values, years, told
):
    paths = forecast(pd.Series(values, index=years), 2022, draws=200, rng=0, **told).paths
    assert np.isfinite(paths).all()


# Forecasts of published series: a ratio from its inputs.

SPENDING = {2017: 30.0, 2018: 33.0, 2019: 36.5, 2020: 40.0, 2021: 44.0, 2022: 47.0}
GDP = {2017: 1000.0, 2018: 1070.0, 2019: 1130.0, 2020: 1170.0, 2021: 1280.0, 2022: 1330.0}


def of_inputs(folder: Path, gdp: dict[int, float]) -> Data:
    made = [
        indicator("widgets", support="percent", unit="%", derived="ratio", inputs="spending;gdp"),
        *(indicator(name) for name in ("spending", "gdp")),
    ]
    rows = [*figures(SPENDING, indicator_id="spending"), *figures(gdp, indicator_id="gdp")]
    return loaded(folder, observations=rows, indicators=made, targets=[target(threshold=3, unit="%")])


def test_a_ratio_whose_inputs_end_together_is_forecast_directly(tmp_path: Path) -> None:
    series = annual_series(of_inputs(tmp_path, GDP), "widgets", "testville")
    direct = forecast(series.values, 2025, support="percent", rng=3)
    np.testing.assert_array_equal(forecast_series(series, 2025, rng=3).paths, direct.paths)
    assert remarks(series) == ()


def test_a_ratio_with_one_input_ahead_takes_part_of_what_that_input_says(tmp_path: Path) -> None:
    data = of_inputs(
        tmp_path, GDP | {2023: 1600.0}
    )  # the economy grew by a fifth: the share will have fallen
    series = annual_series(data, "widgets", "testville")
    direct = forecast(series.values, 2025, support="percent", rng=0)
    told, alone = (forecast_series(series, 2025, model=name, rng=0) for name in ("mixture", "inputs"))
    assert told.model == "mixture of inputs"
    assert alone.median()[2023] < told.median()[2023] < direct.median()[2023] - 0.1
    expected = 100 * forecast(pd.Series(SPENDING), 2023, support="positive", rng=0).median()[2023] / 1600
    assert alone.median()[2023] == pytest.approx(expected, abs=0.05)
    assert [one.code for one in remarks(series)] == ["forecast_of_inputs"]
    assert "forecast_of_inputs" in {one.code for one in assess(data, "goal").notes}


def test_the_model_of_inputs_needs_inputs_and_other_models_say_what_they_ignore(tmp_path: Path) -> None:
    rows = figures({2019: 10.0, 2020: 11.0, 2021: 12.0}) + figures({2022: 12.5}, qualifier=">=")
    series = annual_series(loaded(tmp_path, observations=rows), "widgets", "testville")
    with pytest.raises(QcityError) as error:
        forecast_series(series, 2025, model="inputs")
    assert str(error.value) == "testville/widgets is no ratio of inputs with figures; use model 'mixture'"
    assert [note.code for note in remarks(series, "ets")] == ["partly_ignored"]


def test_paired_paths_keep_each_forecast_and_move_together() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(4000, 3)).cumsum(axis=1), rng.gamma(2, size=(4000, 3))
    a, b = annual.paired(one, other, 0.7, rng)
    for before, after in ((one, a), (other, b)):
        assert {tuple(row) for row in before} == {tuple(row) for row in after}
    ranks = np.argsort(np.argsort(np.stack([a[:, -1], b[:, -1]]), axis=1), axis=1)
    rank_correlation = 6 / math.pi * math.asin(0.7 / 2)  # Spearman of a Gaussian copula
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(rank_correlation, abs=0.04)


def test_inputs_that_moved_together_make_a_steadier_ratio() -> None:
    base = pd.Series([10.0, 11.5, 11.8, 13.9, 14.1, 16.5, 16.9], index=range(2017, 2024))
    # six changes, one more without correlation
    assert annual.shrunk_correlation(base, 3 * base) == pytest.approx(6 / 7)
    top, under = (forecast(base * k, 2026, support="positive", rng=int(k)) for k in (1.0, 3.0))
    rng = np.random.default_rng
    ratio = annual.forecast_ratio(top, under, after=2023, history=base * 0 + 1 / 3, rng=rng(0))
    apart, other = (paths[:, -1] for paths in annual.paired(top.paths, under.paths, 0.0, rng(0)))
    free = np.ptp(np.quantile(apart[other > 0] / other[other > 0], [0.1, 0.9]))
    assert np.ptp(ratio.quantiles([0.1, 0.9]).loc[2026]) < 0.6 * free

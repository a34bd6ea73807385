"""Forecasts of what is known in part, from inputs and with comparators, against slower computations."""

import dataclasses
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from packages import STEADY, figure, figures, indicator, loaded, target
from yearly_series import alike, since

from qcity_analysis.assessment.assess import assess
from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import annual
from qcity_analysis.forecasting.annual import Shares, borrow, borrowing_evidence, forecast_series, remarks
from qcity_analysis.forecasting.conditioning import Conditions, completed
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import SeriesError, one_history
from qcity_analysis.forecasting.panel import forecast_panel
from qcity_analysis.forecasting.prior import Cells, Gate, shipped, shipped_text, units
from qcity_analysis.reporting import sentences
from qcity_analysis.series.annual import annual_series
from qcity_analysis.series.evidence import Evidence

LEVELS = since(2019, 94.0, 94.4, 94.9, 95.2, 95.4)


def one_cell(rho, shape, size):
    """A prior with a single cell without slope: a level with noise, its scale in units of the typical change."""
    prior = shipped()
    cells = Cells(*(np.array([x]) for x in (rho, 0.0, 0.0, 0.0, shape, size)))
    return dataclasses.replace(prior, cells=cells, gate=Gate(prior.gate.linear[:, :1], prior.gate.bias[:1]))


SURE = one_cell(1.0, 1e6, 0.6)  # so sure of its scale that it is known


def known(values, years, prior=SURE, **more):
    return Conditions.of(pd.Series(values, index=years), "real", (), Evidence(**more), prior)


def drawn(told, runs=80):
    """Completed values by year, from several runs."""
    made = np.concatenate([completed(told, np.random.default_rng(k)).values for k in range(runs)])
    return dict(zip(range(told.last, 0, -1), made.T[::-1], strict=False))


def moments(values):
    """Mean and standard deviation of draws."""
    return [values.mean(), values.std()]


def weighted(values, weight):
    """Mean and standard deviation by weight."""
    mean = np.average(values, weights=weight)
    return [mean, math.sqrt(np.average((values - mean) ** 2, weights=weight))]


def percent(until, series=LEVELS, draws=20_000, rng=1, **more):
    return forecast(series, until, support="percent", draws=draws, rng=rng, **more)


@pytest.fixture(scope="module")
def plain():
    """The forecast without anything known in part, from many draws."""
    return percent(2025, draws=200_000, rng=0)


def test_a_bounded_year_follows_the_likelihood_integrated_on_a_grid():
    bounds = {"lower": {2021: 11.6}, "upper": {2021: 14.0}}
    told = known([10.0, 10.8, 12.0, 11.5], [2019, 2020, 2022, 2023], one_cell(1.0, 1.5, 0.7), **bounds)
    grid = np.linspace(11.6, 14.0, 20_001)
    squares = (0.8**2 + (grid - 10.8) ** 2 + (12.0 - grid) ** 2 + 0.5**2) / told.unit**2
    density = (1.5 * 0.7**2 + squares / 2) ** -(1.5 + 4 / 2)  # random walk, scale integrated out
    assert moments(values := drawn(told)[2021]) == pytest.approx(weighted(grid, density), abs=0.02)
    assert values.min() >= 11.6


def test_noisy_values_follow_the_smoother_of_a_local_level_with_measurement_error():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    values, years, error = [10.0, 11.0, 10.2, 12.5, 12.0, 12.2], list(range(2018, 2024)), 0.8
    told = known(values, years, noisy=dict.fromkeys(years, error))
    model, made = UnobservedComponents(np.array(values), "llevel"), drawn(told, 40)
    model.ssm.initialize_diffuse()
    with warnings.catch_warnings(action="ignore"):  # about the years it takes to start up, not the state
        smoothed = model.smooth([error**2, (0.6 * told.unit) ** 2])
    spread = np.sqrt(smoothed.smoothed_state_cov[0, 0])
    for year, *expected in zip(years, smoothed.smoothed_state[0], spread, strict=True):
        assert moments(made[year]) == pytest.approx(expected, abs=0.06)


def test_an_estimated_gap_follows_the_closed_form_of_a_random_walk_between_two_values():
    told = known([10.0, 10.4, 11.0, 12.1], [2019, 2020, 2022, 2023], estimates={2021: (11.5, 0.5)})
    precision = 2 / (0.6 * told.unit) ** 2  # a random walk between two known values
    mean = ((10.4 + 11.0) / 2 * precision + 11.5 / 0.25) / (precision + 1 / 0.25)
    assert moments(drawn(told)[2021]) == pytest.approx([mean, (precision + 4) ** -0.5], abs=0.02)


def test_an_error_shared_by_later_years_moves_them_together_as_far_as_the_likelihood_says():
    shared = [dict.fromkeys((2021, 2022, 2023), 0.9)]
    told = known([10.0, 10.3, 11.6, 11.8, 12.1], list(range(2019, 2024)), shared=shared)
    # Only the change into 2021 knows of the shift: N(1.3 + s, variance), s ~ N(0, 0.81).
    made, variance = drawn(told), (0.6 * told.unit) ** 2
    precision = 1 / 0.81 + 1 / variance
    expected = [-1.3 / variance / precision, precision**-0.5]
    assert moments(made[2021] - 11.6) == pytest.approx(expected, abs=0.04)
    np.testing.assert_allclose(made[2023] - made[2021], 0.5)


def test_a_bound_on_the_next_year_cuts_the_plain_forecast_there_and_an_estimate_weighs_it(plain):
    cut = percent(2024, lower={2024: 96.0})
    for x in (96.2, 96.5, 97.0):
        expected = plain.probability_at_least(x, 2024) / plain.probability_at_least(96.0, 2024)
        assert cut.probability_at_least(x) == pytest.approx(expected, abs=0.02)
    assert cut.years.tolist() == [2024] and cut.paths.min() >= 96.0
    values = plain.paths[:, 0]
    expected = weighted(values, np.exp(-0.5 * ((values - 96.0) / 0.3) ** 2))
    assert moments(percent(2024, estimates={2024: (96.0, 0.3)}).paths) == pytest.approx(expected, abs=0.01)


def test_bounds_of_two_years_agree_with_forecasts_made_one_after_the_other(plain):
    first = np.random.default_rng(5).choice(plain.paths[:, 0], 8_000)
    first = first[first >= 95.8]
    series = np.column_stack([np.tile(LEVELS, (len(first), 1)), first])
    panel = forecast_panel(alike(series, "percent"), horizon=1)  # the sixth year is 2024
    ask = pd.DataFrame({"series_id": range(len(first)), "period": 6, "direction": "at_least"})
    over, above = (panel.probability(ask.assign(threshold=x)) for x in (96.4, 97.0))
    told = percent(2025, lower={2024: 95.8, 2025: 96.4})
    assert told.mean()[2024] == pytest.approx(np.average(first, weights=over), abs=0.03)
    assert told.probability_at_least(97.0, 2025) == pytest.approx(above.sum() / over.sum(), abs=0.03)


def test_what_says_nothing_changes_nothing():
    for series, more in ((LEVELS, {"lower": {2024: 20.0}}), (LEVELS, {"estimates": {2024: (95.0, 500.0)}}),
            (LEVELS.drop(2021), {"upper": {2021: 100.0}}), (LEVELS.drop(2021), {"lower": {2021: 50.0}})):  # fmt: skip
        told, untold = (percent(2025, series, 6_000, rng=k, **known) for k, known in enumerate((more, {})))
        quantiles = [one.quantiles([0.1, 0.5, 0.9]).loc[2025] for one in (told, untold)]
        assert (quantiles[0] - quantiles[1]).abs().max() < 0.1


def test_bounds_and_errors_work_beside_breaks():
    series = pd.concat([since(2014, 40.0, 41.0, 42.5), LEVELS])
    longer = pd.concat([series, since(2024, 96.0)])
    whole, exact = (percent(2026, y, 4_000, breaks=[2019]) for y in (series, longer))
    told = percent(2026, series, 4_000, breaks=[2019], lower={2024: 95.95}, upper={2024: 96.05})
    assert told.median()[2026] == pytest.approx(exact.median()[2026], abs=0.1)
    inside = percent(2026, series.drop(2015), 4_000, breaks=[2019], lower={2015: 40.5})
    assert inside.median()[2026] == pytest.approx(whole.median()[2026], abs=0.3)
    # A bounded year before the first value is completed backwards.
    values = drawn(known(LEVELS.tolist(), LEVELS.index.tolist(), shipped(), upper={2018: 93.0}), 12)[2018]
    assert values.max() <= 93.0 and 91.5 < np.median(values) < 93.0


def test_two_values_and_a_bound_give_a_forecast_and_two_values_alone_do_not():
    two = LEVELS.iloc[:2]
    told = percent(2022, two, lower={2021: 95.0})
    assert told.years.tolist() == [2021, 2022] and (told.paths[:, 0] >= 95.0).all()
    for points, more in ((2, {}), (1, {"lower": {2020: 95.0, 2021: 95.0}})):
        with pytest.raises(SeriesError, match=f"'series' has {points} of the at least 3 observed points"):
            percent(2022, two.iloc[:points], **more)


def test_what_is_known_far_beyond_what_was_expected_is_still_kept_for_a_seed_by_name_and_as_one_record():
    assert (percent(2025, draws=300, lower={2024: 99.9}).paths[:, 0] >= 99.9).all()
    sharp = percent(2025, draws=300, estimates={2024: (60.0, 0.01)})
    assert sharp.mean()[2024] == pytest.approx(60.0, abs=0.05)
    told = {"lower": {2024: 95.5}, "noisy": {2023: 0.2}}
    once, again = (percent(2025, draws=500, **more) for more in (told, {"evidence": Evidence(**told)}))
    np.testing.assert_array_equal(once.paths, again.paths)


def test_a_bound_before_the_only_value_of_its_segment_is_drawn_after_that_uncertain_value():
    for values, years, told in (
        ([40.0, 42.0, 45.0, 46.0], [2014, 2015, 2018, 2020],
         {"lower": {2016: 30.0, 2017: 38.0}, "noisy": {2018: 1.0}, "breaks": (2016,)}),
        ([42.0, 45.0], [2018, 2020], {"upper": {2017: 48.0}, "noisy": {2018: 1.0, 2020: 1.0}}),
    ):  # fmt: skip
        paths = forecast(pd.Series(values, index=years), 2022, draws=200, rng=0, **told).paths
        assert np.isfinite(paths).all()


# Forecasts of published series: a ratio from its inputs.
SPENDING, GDP = since(2017, 30.0, 33, 36.5, 40, 44, 47), since(2017, 1000, 1070, 1130, 1170, 1280, 1330)


def of_inputs(folder, **later):
    """A share of two inputs; `later` has a further year of an input."""
    ratio = indicator("widgets", support="percent", unit="%", derived="ratio", inputs="spending;gdp")
    rows = figures(dict(SPENDING), indicator_id="spending") + figures(dict(GDP), indicator_id="gdp")
    rows += [figure(2023, value, indicator_id=name) for name, value in later.items()]
    made = [ratio, indicator("spending"), indicator("gdp")]
    return loaded(folder, observations=rows, indicators=made, targets=[target(threshold=3, unit="%")])


def test_a_ratio_is_forecast_directly_unless_one_input_is_ahead_which_is_believed_in_part(tmp_path):
    series = annual_series(of_inputs(tmp_path / "together"), "widgets", "testville")
    direct = forecast(series.values, 2025, support="percent", rng=3)
    np.testing.assert_array_equal(forecast_series(series, 2025, rng=3).paths, direct.paths)
    assert remarks(series) == ()
    data = of_inputs(tmp_path / "ahead", gdp=1600.0)  # which grew by a fifth: the share will have fallen
    series = annual_series(data, "widgets", "testville")
    direct = forecast(series.values, 2025, support="percent", rng=0)
    told, alone = (forecast_series(series, 2025, model=name, rng=0) for name in ("mixture", "inputs"))
    assert told.model == "mixture of inputs"
    assert alone.median()[2023] < told.median()[2023] < direct.median()[2023] - 0.1
    expected = 100 * forecast(SPENDING, 2023, support="positive", rng=0).median()[2023] / 1600
    assert alone.median()[2023] == pytest.approx(expected, abs=0.05)
    assert [one.code for one in remarks(series)] == ["forecast_of_inputs"]
    assert "forecast_of_inputs" in {one.code for one in assess(data, "goal", draws=300).notes}


def test_the_model_of_inputs_needs_inputs_and_other_models_say_what_they_ignore(tmp_path):
    rows = figures({2019: 10.0, 2020: 11.0, 2021: 12.0}) + figures({2022: 12.5}, qualifier=">=")
    series = annual_series(data := loaded(tmp_path, observations=rows), "widgets", "testville")
    with pytest.raises(QcityError) as error:
        forecast_series(series, 2025, model="inputs")
    assert str(error.value) == "testville/widgets is no ratio of inputs with figures; use model 'mixture'"
    said = [[note.code for note in remarks(series, model)] for model in ("ets", "drift")]
    assert said == [["partly_ignored"]] * 2
    assert "partly_ignored" in {note.code for note in assess(data, "goal", model="drift", draws=10).notes}
    assert forecast_series(series, 2025, model="drift").years.tolist() == [2022, 2023, 2024, 2025]


def test_paired_paths_keep_each_forecast_and_move_together():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(4000, 3)).cumsum(axis=1), rng.gamma(2, size=(4000, 3))
    a, b = annual.paired(one, other, 0.7, rng)
    for before, after in ((one, a), (other, b)):
        assert {tuple(row) for row in before} == {tuple(row) for row in after}
    ranks = np.argsort(np.argsort(np.stack([a[:, -1], b[:, -1]]), axis=1), axis=1)
    rank_correlation = 6 / math.pi * math.asin(0.7 / 2)  # Spearman of a Gaussian copula
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(rank_correlation, abs=0.04)


def test_inputs_that_moved_together_make_a_steadier_ratio():
    base = since(2017, 10.0, 11.5, 11.8, 13.9, 14.1, 16.5, 16.9)
    # six changes, one more without correlation
    assert annual.shrunk_correlation(base, 3 * base) == pytest.approx(6 / 7)
    top, under = (forecast(base * k, 2026, support="positive", rng=int(k)) for k in (1.0, 3.0))
    rng = np.random.default_rng
    ratio = annual.forecast_ratio(top, under, after=2023, history=base * 0 + 1 / 3, rng=rng(0))
    apart, other = (paths[:, -1] for paths in annual.paired(top.paths, under.paths, 0.0, rng(0)))
    free = np.ptp(np.quantile(apart[other > 0] / other[other > 0], [0.1, 0.9]))
    assert np.ptp(ratio.quantiles([0.1, 0.9]).loc[2026]) < 0.6 * free


# Borrowing from comparators.
CITY, PROVINCE = since(2017, 2.0, 2.2, 2.3, 2.5), since(2017, 4.0, 4.1, 4.3, 4.4, 4.9, 5.3)
SHARES = Shares(0.5, (0.4, 0.3, 0.2))


def test_published_years_pull_by_their_share_and_later_ones_go_on_from_there():
    own = forecast(CITY, 2023, support="positive")
    moved = borrow(own, [PROVINCE], SHARES)
    before, city = (float(units(one_history(y, "positive"))[0]) for y in (PROVINCE.loc[:2020], CITY))
    expected = forecast(PROVINCE, 2023, support="positive").median()[2023]
    gap = (np.array([4.9, 5.3, expected]) - 4.4) / before * city - (own.median().to_numpy() - 2.5)
    by_hand = [0.5 * gap[0], 0.5 * gap[1], 0.5 * gap[1] + 0.4 * (gap[2] - gap[1])]
    np.testing.assert_allclose(moved.median() - own.median(), by_hand, atol=2e-3)
    widths = [f.interval(0.9).diff(axis=1)["upper"] for f in (own, moved)]
    np.testing.assert_allclose(*widths, atol=1e-9)  # the spread stays as it was


def test_without_a_comparator_that_can_be_compared_or_moves_otherwise_nothing_moves():
    own = forecast(CITY, 2022)
    assert borrow(own, []) is own
    assert borrow(own, [PROVINCE.loc[2019:], PROVINCE.loc[:2019]], SHARES) is own  # short, and ended
    two = forecast(CITY.tail(2), 2022, lower={2021: 2.0}, draws=100)
    assert borrow(two, [PROVINCE], SHARES) is two
    same = pd.concat([CITY, own.median()])
    np.testing.assert_allclose(borrow(own, [same], SHARES).median(), own.median(), atol=1e-9)
    # nor do paths that stay at the last value of a series that stands still
    own = forecast(since(2017, 5.0, 5.0, 5.0, 5.0), 2022, support="positive")
    moved, stays = borrow(own, [PROVINCE], SHARES).paths, own.paths == 5.0
    assert stays.any() and (moved[stays] == 5.0).all() and (moved[~stays] != own.paths[~stays]).all()


def test_nothing_leaves_the_possible_range_and_a_comparator_outside_it_is_named():
    own, soaring = percent(2022, since(2017, 97.0, 98.0, 99.0, 99.5)), since(2017, 50.0, 51, 52, 53, 80, 99)
    assert borrow(own, [soaring], Shares(1.0, (1.0, 1.0, 1.0))).paths.max() <= 100
    with pytest.raises(QcityError, match="^series 'jiangsu/share', 2019: 105 is outside its support 'perc"):
        borrow(own, [since(2017, 90, 95, 105, 106).rename("jiangsu/share")])


def test_the_mean_of_several_comparators_counts_in_units_of_their_own_change():
    both, one = (annual.together(CITY, peers, np.array([2021, 2022]), "positive")
                 for peers in ([PROVINCE, 10 * PROVINCE], [PROVINCE]))  # fmt: skip
    np.testing.assert_allclose(both.change, one.change, rtol=1e-6)
    assert both.published == 2


def test_the_shipped_shares_come_with_their_evidence_and_it_speaks_for_them():
    shares = annual.learned()
    assert all(0 <= share <= 1 for share in (shares.published, *shares.expected))
    for key in ("published", "expected"):
        assert borrowing_evidence()[key]["crps"] < 1
        assert 0.85 <= borrowing_evidence()[key]["interval_90_holds"] <= 0.95
    assert "python -m training" in shipped_text("borrowing.json")


NAMES = {"testville": "测试城", "nextville": "邻城", "otherland": "别州"}
REGIONS = [{"region": name, "name_zh": zh, "name_en": name.title(), "parent": "otherland" * (name != "otherland")}
           for name, zh in NAMES.items()]  # fmt: skip
FALLING = dict(since(2016, 30.0, 31.0, 32.0, 33.5, 34.0, 35.0, 36.0, 33.0, 30.0))


def asked(folder, named, peer, levels=FALLING, region="testville", more=(), **cells):
    """The answer for a target of a region, whose comparator has figures up to 2024, and its notes on comparators."""
    rows = [*figures(STEADY), *figures(levels, region=peer), *more]
    made = {"indicators": [indicator("widgets", comparators=named)], "regions": REGIONS}
    data = loaded(folder, "2025-06-30", observations=rows, targets=[target(region=region, **cells)], **made)
    answer = assess(data, "goal", draws=400)
    return answer, [note for note in answer.notes if note.code == "comparators"]


def test_an_assessment_is_moved_towards_named_comparators_and_says_so(tmp_path):
    alone, nothing = asked(tmp_path / "a", "", "otherland")
    moved, (note,) = asked(tmp_path / "b", "otherland/widgets", "otherland")
    assert moved.probability < alone.probability - 0.1 and nothing == []
    assert note.values["probability"] == pytest.approx(alone.probability)
    assert "Otherland" in sentences.note(note, "en") and "别州" in sentences.note(note, "zh")
    # Regions beside count, but not regions below, nor where a later year is known in part and speaks for itself.
    assert asked(tmp_path / "c", "nextville/widgets", "nextville")[1]
    state = {year: 2 * level for year, level in STEADY.items()}
    below, notes = asked(tmp_path / "d", "testville/widgets", "otherland", state, "otherland", threshold=40)
    assert below.status == "forecast" and notes == []
    bound = figure(2023, 16.5, qualifier=">=")
    assert asked(tmp_path / "e", "otherland/widgets", "otherland", more=[bound])[1] == []

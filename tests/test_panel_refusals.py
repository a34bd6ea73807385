"""A series that cannot be forecast is left out and named; whatever has no answer is refused with a clear error."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from test_forecasting import frame

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import SeriesError
from qcity_analysis.forecasting.panel import forecast_files, forecast_panel, refused_of

GOOD = frame([1.0, 2.0, 3.0, 4.0, 4.5], name="good")
Y = pd.Series([1.0, 2, 3, 4, 4.5, 5], index=range(2018, 2024))
WRONG = {
    "has 2 of the at least 3": {"value": [1.0, 2.0, None, None, None]},
    "infinite value": {"value": [1.0, np.inf, 3, 4, 5]},
    "beyond 1e.300": {"value": [1.0, 1e308, 3, 4, 5]},
    "outside its support": {"value": [1.0, -2.0, 3, 4, 5], "support": "positive"},
    "unknown support": {"support": "percentage"},
    "more than one support": {"support": ["real", "real", "percent", "real", "real"]},
    "twice": {"period": [2019, 2020, 2020, 2021, 2022]},
    "found 'high'": {"value": [1.0, "high", 3, 4, 5]},
    "found True": {"value": [1.0, True, 3, 4, 5]},
    "found \\(1\\+2j\\)": {"value": np.array([1.0, 1 + 2j, 3, 4, 5], dtype=object)},
    "a whole year": {"period": [2019.5, 2020, 2021, 2022, 2023]},
}


@pytest.mark.parametrize("reason", WRONG)
def test_the_rest_of_a_panel_stands_and_the_series_left_out_is_named_with_its_reason(reason):
    bad = frame([1.0, 2, 3, 4, 5], name="bad").astype({"value": object}).assign(**WRONG[reason])
    panel = forecast_panel(pd.concat([GOOD, bad], ignore_index=True), 2)
    assert panel.refused["series_id"].tolist() == ["bad"]
    assert pd.Series(panel.refused["reason"]).str.contains(reason).all()
    alone = forecast_panel(GOOD, 2)
    pd.testing.assert_frame_equal(panel.quantiles([0.1, 0.5]), alone.quantiles([0.1, 0.5]))
    ask = pd.DataFrame(
        {"series_id": ["bad", "good"], "period": 2024, "threshold": 4.6, "direction": "at_least"}
    ).assign(period=int(alone.last_year[0]) + 1)
    found = panel.probability(ask)
    assert np.isnan(found[0]) and 0 < found[1] < 1
    with pytest.raises(QcityError, match="'other' was not forecast"):
        panel.probability(ask.assign(series_id="other"))
    with pytest.raises(SeriesError, match=reason):
        forecast_panel(bad, 2)


def test_what_concerns_the_whole_panel_is_refused_as_a_whole():
    for wrong, message in (
        ({"a": [1, 2, 3]}, "pandas DataFrame.*found dict"),
        (GOOD.drop(columns="value"), "'value' is missing"),
        (GOOD.assign(colour=1), "unknown column"),
        (GOOD.iloc[:0], "no rows"),
    ):
        with pytest.raises(SeriesError, match=message):
            forecast_panel(wrong)


@pytest.mark.parametrize("horizon", [float("nan"), float("inf"), None, 0, -1, 1.5, True, "many", 51, 1e300])
def test_a_horizon_that_is_no_number_of_years_is_refused(horizon):
    with pytest.raises(QcityError, match="horizon must be a whole number of years, 1 to 50"):
        forecast_panel(GOOD, horizon)


def test_files_name_the_series_left_out_beside_the_parts(tmp_path):
    short = frame([1.0, 2.0], name="short")
    pd.concat([GOOD, short]).to_parquet(tmp_path / "in.parquet", index=False)
    parts = forecast_files(tmp_path / "in.parquet", tmp_path / "out", rows=4)
    found = pd.concat(pd.read_parquet(part) for part in parts)
    assert set(found["series_id"]) == {"good"}
    assert refused_of(tmp_path / "out")["series_id"].tolist() == ["short"]


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2018", periods=6, freq="Y"),
        pd.date_range("2018", periods=6, freq="YE"),
        pd.date_range("2018", periods=6, freq="YS"),
        pd.Index([str(year) for year in range(2018, 2024)]),
        pd.Index([float(year) for year in range(2018, 2024)]),
        pd.Index([np.int16(year) for year in range(2018, 2024)], dtype=object),
    ],
)
def test_whatever_says_a_year_is_a_year_index(index):
    plain = forecast(Y, 2025)
    other = forecast(pd.Series(Y.to_numpy(), index=index), "2025")
    assert np.array_equal(plain.paths, other.paths) and other.history.index.tolist() == Y.index.tolist()
    columns = {"series_id": "a", "period": index, "value": Y.to_numpy()}
    panel = forecast_panel(pd.DataFrame(columns), 2)
    ask = pd.DataFrame({"series_id": "a", "period": ["2024"], "threshold": 5, "direction": "at_least"})
    assert panel.probability(ask)[0] == panel.probability(ask.assign(period=2024))[0]


@pytest.mark.parametrize(
    "index",
    [pd.period_range("2018-01", periods=6, freq="M"), pd.Index(list("abcdef")), pd.Index([2018.5] * 6)],
)
def test_an_index_without_years_is_refused(index):
    with pytest.raises(SeriesError, match="allowed: a whole year"):
        forecast(pd.Series(Y.to_numpy(), index=index), 2030)


@pytest.mark.parametrize(
    "until", [None, float("nan"), float("inf"), 2025.5, True, "soon", 2025j, 2090, 1e300]
)
def test_an_end_that_is_no_year_or_too_far_is_refused(until):
    with pytest.raises(QcityError, match="until"):
        forecast(Y, until)


def test_none_stands_for_the_default_of_support_and_seed():
    assert np.array_equal(forecast(Y, 2025, support=None, rng=None).paths, forecast(Y, 2025).paths)


@pytest.mark.parametrize(
    "wrong",
    [{"rng": "a"}, {"rng": -1}, {"rng": True}, {"rng": 1.5}, {"draws": None}, {"draws": float("nan")}, {"draws": 0},
     {"support": "share"}, {"breaks": ("a",)}, {"lower": {2024.5: 1.0}}, {"lower": {2024: "x"}},
     {"noisy": {2020: float("nan")}}, {"estimates": {2024: (None, 1.0)}}],
)  # fmt: skip
def test_arguments_that_make_no_sense_are_refused(wrong):
    with pytest.raises(QcityError):
        forecast(Y, 2026, **wrong)


@pytest.mark.parametrize("value", [True, 1 + 1j, "1", 1e301, 10**400, np.inf])
def test_values_that_are_no_numbers_or_too_large_are_refused(value):
    series = pd.Series([1.0, 2.0, value, 4.0, 5.0], index=range(2019, 2024), dtype=object)
    with pytest.raises(SeriesError):
        forecast(series, 2025)


def test_exact_numbers_are_read_and_huge_and_tiny_ones_forecast():
    exact = pd.Series([Decimal("1.5"), 2, np.float32(2.5), 3.0], index=range(2020, 2024), dtype=object)
    assert forecast(exact, 2025).history.tolist() == [1.5, 2.0, 2.5, 3.0]
    for scale in (1e-290, 1e290):
        found = forecast(Y * scale, 2026, support="positive")
        assert np.isfinite(found.paths).all()
        assert found.median()[2026] / scale == pytest.approx(
            forecast(Y, 2026, support="positive").median()[2026]
        )


@pytest.mark.parametrize(
    ("threshold", "year"),
    [(5, 2024.5), (5, "x"), (5, 2030), (np.nan, 2024), (None, 2024), (True, 2024), (1j, 2024)],
)
def test_a_question_without_an_answer_is_refused(threshold, year):
    fc = forecast(Y, 2025)
    with pytest.raises(QcityError):
        fc.probability_at_least(threshold, year)
    with pytest.raises(QcityError):
        fc.probability_at_most(threshold, year)
    ask = {"series_id": ["a"], "period": [year], "threshold": [threshold], "direction": "at_least"}
    with pytest.raises(QcityError):
        forecast_panel(frame(list(Y)), 2).probability(pd.DataFrame(ask))


def test_a_year_in_digits_is_answered_as_the_year():
    fc = forecast(Y, 2025)
    assert fc.probability_at_least(5, "2024") == fc.probability_at_least(5, 2024)

"""The pace so far and the pace needed, recomputed step by step."""

from __future__ import annotations

import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.targets import needed_path, pace_between


def test_a_cut_of_18_percent_in_five_years_is_3_89_percent_a_year() -> None:
    level, yearly = 100.0, pace_between(100, 82, 2020, 2025)
    assert yearly.compound is not None
    for _ in range(5):
        level *= 1 + yearly.compound / 100
    assert level == pytest.approx(82)
    assert (round(yearly.compound, 2), round(yearly.linear, 2)) == (-3.89, -3.6)


def test_the_needed_path_has_a_constant_ratio_and_both_ends() -> None:
    path = needed_path(50.0, 80.0, 2021, 2025)
    ratios = [path[year] / path[year - 1] for year in range(2022, 2026)]
    assert path.index.tolist() == [2021, 2022, 2023, 2024, 2025]
    assert (path[2021], path[2025]) == (50.0, pytest.approx(80.0))
    assert max(ratios) - min(ratios) < 1e-12


def test_through_zero_the_needed_path_is_linear_and_has_no_compound_pace() -> None:
    assert needed_path(-2.0, 2.0, 2020, 2024).tolist() == [-2, -1, 0, 1, 2]
    assert pace_between(-2.0, 2.0, 2020, 2024).compound is None


@pytest.mark.parametrize("to_year", [2020, 2019])
def test_a_pace_over_no_time_is_refused(to_year: int) -> None:
    with pytest.raises(QcityError, match=f"a pace needs a later year than 2020; found {to_year}"):
        pace_between(1, 2, 2020, to_year)

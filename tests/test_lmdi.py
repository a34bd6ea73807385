"""LMDI-I: exact sums, hand-worked numbers, sectors that come and go, and bad tables."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcity_analysis.errors import QcityError
from qcity_analysis.rules.lmdi import decompose, logarithmic_mean

figures = st.floats(0.001, 1e6)
row = st.tuples(st.one_of(st.just(0.0), figures), figures)
sectors = st.lists(st.tuples(row, row), min_size=1, max_size=8)


def table(rows: list[tuple[float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["energy", "value"], index=[f"sector {k}" for k in range(len(rows))])


def intensity(frame: pd.DataFrame) -> float:
    return float(frame["energy"].sum() / frame["value"].sum())


@settings(max_examples=100, deadline=None)
@given(sectors)
def test_structure_and_intensity_add_up_to_the_whole_change_and_going_back_undoes_each(
    pairs: list[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    start, end = table([first for first, _ in pairs]), table([last for _, last in pairs])
    there, back = decompose(start, end), decompose(end, start)
    whole, change = there.loc["total"], intensity(end) - intensity(start)
    near = 1e-9 * max(intensity(start), intensity(end), 1e-9)
    assert whole["structure"] + whole["intensity"] == pytest.approx(change, abs=near)
    assert whole["total"] == pytest.approx(change, abs=near)
    assert ((there + back).abs() <= near).to_numpy().all()


def test_the_parts_are_those_worked_by_hand() -> None:
    # V 60 -> 80. heavy: E/V 1 -> .625, share 1/3 -> 1/4; light: 1/3 -> 3/8, share 2/3 -> 3/4
    # heavy w = -.375 / ln .625 = .79786; structure .79786 ln .75 = -.22953; intensity .79786 ln(2.5/3) = -.14547
    # light w = .0416667 / ln 1.125 = .35376; structure .35376 ln 1.125 = .04167; intensity 0
    parts = decompose(table([(60, 20), (20, 40)]), table([(50, 20), (30, 60)]))
    assert parts["structure"].tolist() == pytest.approx([-0.22953, 0.041667, -0.187864], abs=1e-5)
    assert parts["intensity"].tolist() == pytest.approx([-0.14547, 0.0, -0.14547], abs=1e-5)
    assert parts.loc["total", "total"] == pytest.approx(1 - 80 / 60)
    assert parts.index.tolist() == ["sector 0", "sector 1", "total"]


def test_only_structure_moves_when_the_intensities_stand_still() -> None:
    parts = decompose(table([(60, 20), (20, 40)]), table([(90, 30), (15, 30)]))
    assert parts["intensity"].tolist() == pytest.approx([0, 0, 0])
    only_one = decompose(table([(60, 20)]), table([(40, 20)]))
    assert only_one.loc["total"].tolist() == pytest.approx([0, -1, -1])


def test_the_logarithmic_mean_lies_between_its_numbers_and_needs_none_below_0() -> None:
    assert logarithmic_mean(2, 8) == pytest.approx(6 / math.log(4)) == logarithmic_mean(8, 2)
    assert logarithmic_mean(7, 7) == 7
    assert logarithmic_mean(1, 1 + 1e-13) == pytest.approx(1, rel=1e-12)  # no loss of digits near equality
    assert logarithmic_mean(0, 5) == 0
    with pytest.raises(QcityError, match="a logarithmic mean needs figures of 0 or more; found -1 and 2"):
        logarithmic_mean(-1, 2)


def test_a_sector_that_starts_or_stops_is_structure_and_one_that_drops_its_energy_is_intensity() -> None:
    closed = decompose(table([(10, 10), (5, 5)]), table([(10, 15), (0, 0)]))
    assert closed.loc["sector 1"].tolist() == pytest.approx([-1 / 3, 0, -1 / 3])
    cleaned = decompose(table([(10, 10), (5, 5)]), table([(10, 10), (0, 5)]))
    assert cleaned.loc["sector 1"].tolist() == pytest.approx([0, -1 / 3, -1 / 3])
    near = decompose(table([(10, 10), (5, 5)]), table([(10, 10), (1e-12, 5)]))  # the limit it stands for
    assert near.loc["sector 1"].tolist() == pytest.approx([0, -1 / 3, -1 / 3], abs=1e-9)


def test_the_order_of_the_sectors_does_not_matter() -> None:
    start, end = table([(60, 20), (20, 40)]), table([(50, 20), (30, 60)])
    assert decompose(start, end.iloc[::-1]).equals(decompose(start, end))


ONE, TWO = table([(1, 1)]), table([(1, 1), (1, 1)])


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (ONE, TWO, "both tables need the same sectors, each once"),
        (ONE[["energy"]], ONE, "the table at the start lacks the column 'value'; it needs energy and value"),
        (ONE, table([(-1, 1)]), "sector 0 at the end: energy and value are figures of 0 or more"),
        (table([(1, math.nan)]), ONE, "sector 0 at the start: energy and value are figures of 0 or more"),
        (table([(1, 1), (1, 0)]), TWO, "sector 1 at the start: energy without output has no intensity"),
        (table([(0, 0)]), ONE, "no output at the start"),
    ],
)
def test_a_table_that_cannot_be_decomposed_is_refused(
    start: pd.DataFrame, end: pd.DataFrame, message: str
) -> None:
    with pytest.raises(QcityError) as error:
        decompose(start, end)
    assert str(error.value) == message

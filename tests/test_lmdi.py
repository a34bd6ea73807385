"""LMDI-I: exact sums, hand-worked numbers, sectors that come and go, and bad tables."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcity_analysis.errors import QcityError
from qcity_analysis.rules.lmdi import decompose, logarithmic_mean

FIGURES = st.floats(0.001, 1e6)
ROW = st.tuples(st.one_of(st.just(0.0), FIGURES), FIGURES)


def table(*rows):
    return pd.DataFrame(rows, columns=["energy", "value"], index=[f"sector {k}" for k in range(len(rows))])


def intensity(frame):
    return float(frame["energy"].sum() / frame["value"].sum())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(ROW, ROW), min_size=1, max_size=8))
def test_structure_and_intensity_add_up_to_the_whole_change_and_going_back_undoes_each(pairs):
    start, end = (table(*rows) for rows in zip(*pairs, strict=True))
    there, back = decompose(start, end), decompose(end, start)
    whole, change = there.loc["total"], intensity(end) - intensity(start)
    near = 1e-9 * max(intensity(start), intensity(end), 1e-9)
    assert whole["structure"] + whole["intensity"] == pytest.approx(change, abs=near)
    assert whole["total"] == pytest.approx(change, abs=near)
    assert ((there + back).abs() <= near).to_numpy().all()


def test_the_parts_are_those_worked_by_hand():
    # V 60 -> 80. heavy: E/V 1 -> .625, share 1/3 -> 1/4; light: 1/3 -> 3/8, share 2/3 -> 3/4
    # heavy w = -.375 / ln .625 = .79786; structure .79786 ln .75 = -.22953; intensity .79786 ln(2.5/3) = -.14547
    # light w = .0416667 / ln 1.125 = .35376; structure .35376 ln 1.125 = .04167; intensity 0
    start, end = table((60, 20), (20, 40)), table((50, 20), (30, 60))
    parts = decompose(start, end)
    assert parts.equals(decompose(start, end.iloc[::-1]))  # the order of the sectors does not matter
    assert parts["structure"].tolist() == pytest.approx([-0.22953, 0.041667, -0.187864], abs=1e-5)
    assert parts["intensity"].tolist() == pytest.approx([-0.14547, 0.0, -0.14547], abs=1e-5)
    assert parts.loc["total", "total"] == pytest.approx(1 - 80 / 60)
    assert parts.index.tolist() == ["sector 0", "sector 1", "total"]


def test_the_logarithmic_mean_lies_between_its_numbers_and_needs_none_below_0():
    assert logarithmic_mean(2, 8) == pytest.approx(6 / math.log(4)) == logarithmic_mean(8, 2)
    assert (logarithmic_mean(7, 7), logarithmic_mean(0, 5)) == (7, 0)
    assert logarithmic_mean(1, 1 + 1e-13) == pytest.approx(1, rel=1e-12)  # no loss of digits near equality
    with pytest.raises(QcityError, match="a logarithmic mean needs figures of 0 or more; found -1 and 2"):
        logarithmic_mean(-1, 2)


@pytest.mark.parametrize(("start", "end", "sector", "expected"), [
    # only structure moves when the intensities stand still, and only intensity where there is one sector
    (table((60, 20), (20, 40)), table((90, 30), (15, 30)), "total", [5 / 12, 0, 5 / 12]),  # 80/60 to 105/60
    (table((60, 20), (20, 40)), table((90, 30), (15, 30)), "sector 0", [1 / 2, 0, 1 / 2]),  # 60/60 to 90/60
    (table((60, 20)), table((40, 20)), "total", [0, -1, -1]),
    # a sector that starts or stops is structure, one that drops its energy is intensity, as in the limit
    (table((10, 10), (5, 5)), table((10, 15), (0, 0)), "sector 1", [-1 / 3, 0, -1 / 3]),
    (table((10, 10), (5, 5)), table((10, 10), (0, 5)), "sector 1", [0, -1 / 3, -1 / 3]),
    (table((10, 10), (5, 5)), table((10, 10), (1e-12, 5)), "sector 1", [0, -1 / 3, -1 / 3]),
])  # fmt: skip
def test_what_moves_alone_has_the_whole_change(start, end, sector, expected):
    parts = decompose(start, end)
    assert parts.loc[sector].tolist() == pytest.approx(expected, abs=1e-9)


ONE, TWO = table((1, 1)), table((1, 1), (1, 1))


@pytest.mark.parametrize(("start", "end", "message"), [
    (ONE, TWO, "both tables need the same sectors, each once"),
    (ONE[["energy"]], ONE, "the table at the start lacks the column 'value'; it needs energy and value"),
    (ONE, table((-1, 1)), "sector 0 at the end: energy and value are figures of 0 or more"),
    (table((1, math.nan)), ONE, "sector 0 at the start: energy and value are figures of 0 or more"),
    (table((1, 1), (1, 0)), TWO, "sector 1 at the start: energy without output has no intensity"),
    (table((0, 0)), ONE, "no output at the start"),
])  # fmt: skip
def test_a_table_that_cannot_be_decomposed_is_refused(start, end, message):
    with pytest.raises(QcityError) as error:
        decompose(start, end)
    assert str(error.value) == message

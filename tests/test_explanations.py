"""Explanations in words say what the explanation holds, in both languages."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from packages import figures, loaded

from qcity_analysis.assessment.assess import assess
from qcity_analysis.forecasting.predictive import Explanation
from qcity_analysis.reporting.analyses import explained, without_table
from qcity_analysis.reporting.target_sections import why


@pytest.fixture
def answer(tmp_path):
    levels = dict(enumerate([50, 51, 53, 52, 55, 58], start=2017))
    return assess(loaded(tmp_path, observations=figures(levels)), "goal")


FOUND = Explanation(
    {"constant mean": 0.1, "moving level": 0.3, "damped trend": 0.4, "trend": 0.2},
    1.45,
    pd.Series({2019: 59.0, 2022: 55.5}),
    60.0,
    0.2,
)


def test_the_two_heaviest_kinds_come_first_with_their_weights(answer):
    english, chinese = (explained(answer, FOUND, lang)[0] for lang in ("en", "zh"))
    assert "(20 %) is mostly a damped trend (40 %), then a moving level without trend (30 %)" in english
    assert "占 20%" in chinese and "逐渐减弱的趋势（40%）" in chinese and "水平游走、无趋势（30%）" in chinese


@pytest.mark.parametrize(
    ("last", "english", "chinese"),
    [
        (1.45, "45 % is expected to be repeated", "再延续其中的 45%"),
        (0.7, "30 % is expected to be lost again", "回吐其中的 30%"),
        (1.01, "neither to be repeated nor to be lost", "既不延续也不回吐"),
    ],
)
def test_what_becomes_of_an_extra_step(answer, last, english, chinese):
    found = replace(FOUND, last_value=last)
    assert english in explained(answer, found, "en")[1]
    assert chinese in explained(answer, found, "zh")[1]


def test_the_year_that_matters_most_is_the_one_that_moves_the_median_most(answer):
    for lang in ("en", "zh"):
        line = explained(answer, FOUND, lang)[2]
        assert {"2022", "55.5", "60"} <= set(re.findall(r"\d+(?:\.\d+)?", line))


def test_a_median_moved_by_other_knowledge_is_said(answer):
    assert len(explained(answer, replace(FOUND, median=answer.median), "en")) == 3
    line = explained(answer, replace(FOUND, median=answer.median + 5), "en")[3]
    assert "from the yearly figures alone" in line


def test_the_table_has_every_year_and_its_difference(answer):
    table = without_table(answer, FOUND, "en")
    assert table.index.to_list() == ["none", "2019", "2022"]
    assert table.iloc[:, 1].to_list() == ["–", "−1", "−4.5"]


def test_a_page_explains_each_mixture_forecast_and_nothing_else(answer, shown):
    why(answer, "en")
    assert shown[0].startswith("## Why the forecast is what it is")
    assert "structural model" in shown[1] and "year left out" in shown[2]
    shown.clear()
    why(replace(answer, model="naive"), "en")
    assert shown == []

"""Figures of hand-made assessments: Chinese renders, parts have panels, marks are where they belong."""

from __future__ import annotations

import warnings

import pytest
import standin

from qcity_analysis.canvas import Picture
from qcity_analysis.plot import fan_chart


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_saving_a_figure_raises_no_missing_glyph_warning(lang: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Picture(fan_chart(standin.assessment(), lang), "x").png().startswith(b"\x89PNG")


def test_each_borrowed_comparator_has_a_panel_that_says_borrowed() -> None:
    lent = (standin.borrowed("jiangsu"), standin.borrowed("china"))
    figure = fan_chart(standin.unassessable(parts=lent), "en")
    assert [ax.get_title(loc="left").startswith("changes borrowed from") for ax in figure.axes] == [
        True,
        True,
    ]


def test_illustrative_data_put_a_banner_on_the_figure() -> None:
    figure = fan_chart(standin.assessment(illustrative=True), "en")
    assert any("ILLUSTRATIVE" in written.get_text() for written in figure.axes[0].texts)


def test_without_any_figure_the_panel_says_so() -> None:
    figure = fan_chart(standin.unassessable(), "en")
    assert any(written.get_text() == "no published figure" for written in figure.axes[0].texts)

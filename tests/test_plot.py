"""Figures of hand-made assessments: Chinese renders, parts have panels, marks are where they belong."""

from __future__ import annotations

import itertools
import warnings

import pytest
import standin
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import qcity_analysis as qc
from qcity_analysis.reporting.figures.canvas import Picture, style
from qcity_analysis.reporting.figures.fan import fan_chart
from qcity_analysis.reporting.labels import target_shown
from qcity_analysis.reporting.tables import sources_table


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_saving_a_figure_raises_no_missing_glyph_warning(lang: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Picture(fan_chart(standin.assessment(), lang), "x").png().startswith(b"\x89PNG")


def test_each_borrowed_comparator_has_a_panel_that_says_borrowed_and_names_it() -> None:
    lent = (standin.borrowed("jiangsu"), standin.borrowed("china"))
    figure = fan_chart(standin.unassessable(parts=lent), "en")
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["Borrowed changes: Energy use per unit of value added, Jiangsu"] * 2


def test_a_borrowed_figure_on_its_own_says_borrowed_in_its_heading_legend_and_foot() -> None:
    figure = fan_chart(standin.borrowed(), "zh")
    written = [text.get_text() for text in figure.texts]
    assert any(line.startswith("借用：江苏") for line in written) and any(
        "借用 · " in line for line in written
    )
    assert any("并非本地区自身的预测" in line for line in written)
    labels = [entry.get_text() for entry in figure.legends[0].get_texts()]
    assert sum("（借用）" in label for label in labels) == 3


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, {"en": "about 4 %", "zh": "4%左右"}),
        ({"commitment": "firm"}, {"en": "≥ 4 %", "zh": "≥ 4%"}),
        ({"commitment": "firm", "direction": "at_most"}, {"en": "≤ 4 %", "zh": "≤ 4%"}),
    ],
)
def test_the_target_line_says_about_at_least_or_at_most(
    changes: dict[str, str], shown: dict[str, str]
) -> None:
    made = standin.assessment(target=standin.target(**changes))
    assert {lang: target_shown(made, lang) for lang in ("en", "zh")} == shown


def test_a_target_relative_to_a_base_year_shows_the_change_and_the_index() -> None:
    assert target_shown(standin.borrowed(), "en") == "−18 % (index 82)"
    assert target_shown(standin.borrowed(), "zh") == "−18%（指数 82）"


def test_numbers_at_the_end_of_a_narrow_fan_do_not_overlap() -> None:
    levels = {year: 150.0 - 4 * (year - 2005) for year in range(2005, 2023)}
    narrow = standin.fan(levels[2022], 2023, 2025, -1.0, 0.3)
    figure = fan_chart(standin.assessment(series=standin.series(levels), fan=narrow, threshold=60.0), "en")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [t.get_window_extent(renderer) for t in figure.axes[0].texts if t.get_gid() == "end"]
    assert len(boxes) == 3
    for one, other in itertools.combinations(boxes, 2):
        assert min(one.y1, other.y1) - max(one.y0, other.y0) <= 4  # pixels; the boxes hold blank margins


def test_every_word_of_the_data_is_drawn_without_a_missing_glyph() -> None:
    data = qc.load()
    words: set[str] = set()
    for table in (data.targets, data.indicators, data.sources):
        for column in table.columns:
            if column.startswith(("name", "wording", "unit", "title", "publisher", "section", "definition")):
                words |= {str(value) for value in table[column].dropna()}
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        figure = Figure(figsize=(4, 4))
        figure.text(0, 0.5, "".join(sorted(set("".join(words)) - {"\n"})))
        figure.canvas.draw()
    assert len(words) > 100


def test_illustrative_data_put_a_banner_on_the_figure() -> None:
    figure = fan_chart(standin.assessment(illustrative=True), "en")
    assert any("ILLUSTRATIVE" in written.get_text() for written in figure.axes[0].texts)


def test_without_any_figure_the_panel_says_so() -> None:
    figure = fan_chart(standin.unassessable(), "en")
    assert any(written.get_text() == "no figure held in these data" for written in figure.axes[0].texts)


def test_the_table_of_sources_shows_every_published_digit_and_the_unit_of_the_language() -> None:
    energy = sources_table(qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31"), "en")
    assert "−15.61 %" in set(energy["Figure"])
    patents = qc.assess(qc.load(), "high_value_patents")
    assert list(sources_table(patents, "zh")["数据"]) == ["82 件/万人"]
    assert list(sources_table(patents, "en")["Figure"]) == ["82 patents per 10k people"]

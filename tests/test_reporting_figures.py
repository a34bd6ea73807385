"""Figures: Chinese renders, parts have panels, marks are where they belong, the same figure gives the same bytes."""

from __future__ import annotations

import itertools
import warnings
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import standin
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from packages import STEADY, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.portfolio import Portfolio
from qcity_analysis.analysis.portfolio import portfolio as add_up
from qcity_analysis.analysis.sensitivity import Sensitivity
from qcity_analysis.reporting.figures import charts
from qcity_analysis.reporting.figures.canvas import Picture, style
from qcity_analysis.reporting.figures.fan import fan_chart
from qcity_analysis.reporting.sentences import target_shown
from qcity_analysis.reporting.show import sources_table

RELIABILITY = pd.DataFrame({"said": [0.1, 0.9], "happened": [0.12, 0.88], "number": [30, 20]})
SKILL = pd.DataFrame(
    [{"skill": 0.3, "low": 0.1, "high": 0.4, "fair": -0.9, "fair_low": -1, "fair_high": 0.2}]
)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    lower = {year: 0.97 * level for year, level in STEADY.items()}
    data = loaded(
        tmp_path_factory.mktemp("portfolio"),
        observations=[*figures(STEADY), *figures(lower, indicator_id="gears")],
        indicators=[indicator("widgets"), indicator("gears")],
        targets=[target(), target("other", indicator_id="gears")],
    )
    return add_up(data, qc.scorecard(data, draws=500)[1], draws=2_000)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_miss_no_glyph_and_have_the_same_bytes_twice(
    varied: Sensitivity, portfolio: Portfolio, lang: str
) -> None:
    made: list[tuple[Any, ...]] = [(charts.sensitivity_chart, varied), (charts.portfolio_chart, portfolio)]
    made += [(charts.reliability_chart, RELIABILITY), (charts.skill_chart, SKILL, ["Schedule"])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for draw, *things in [*made, (fan_chart, standin.assessment())]:
            first, second = (Picture(draw(*things, lang), "x").png() for _ in range(2))
            assert first.startswith(b"\x89PNG") and first == second


def test_every_word_of_the_data_is_drawn_without_a_missing_glyph() -> None:
    data = qc.load()
    kinds = ("name", "wording", "unit", "title", "publisher", "section", "definition")
    tables = (data.targets, data.indicators, data.sources)
    columns = [table[name] for table in tables for name in table if str(name).startswith(kinds)]
    words = {str(value) for column in columns for value in column.dropna()}
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        figure = Figure(figsize=(4, 4))
        figure.text(0, 0.5, "".join(sorted(set("".join(words)) - {"\n"})))
        figure.canvas.draw()
    assert len(words) > 100


def test_each_borrowed_comparator_has_a_panel_that_says_borrowed_and_names_it() -> None:
    lent = (standin.borrowed("jiangsu"), standin.borrowed("china"))
    titles = [ax.get_title(loc="left") for ax in fan_chart(standin.unassessable(parts=lent)).axes]
    assert titles == ["Borrowed changes: Energy use per unit of value added, Jiangsu"] * 2
    alone = fan_chart(standin.borrowed(), "zh")
    for part in ("借用：江苏", "借用 · ", "并非本地区自身的预测"):
        assert any(part in line.get_text() for line in alone.texts), part
    assert sum("（借用）" in label.get_text() for label in alone.legends[0].get_texts()) == 3


@pytest.mark.parametrize(
    ("changes", "english", "chinese"),
    [
        ({}, "about 4 %", "4%左右"),
        ({"commitment": "firm"}, "≥ 4 %", "≥ 4%"),
        ({"commitment": "firm", "direction": "at_most"}, "≤ 4 %", "≤ 4%"),
        (None, "−18 % (index 82)", "−18%（指数 82）"),
    ],
)
def test_the_target_line_says_about_at_least_or_at_most(
    changes: dict[str, str] | None, english: str, chinese: str
) -> None:
    own = standin.assessment(target=standin.target(**(changes or {})))
    made = standin.borrowed() if changes is None else own
    assert [target_shown(made, lang) for lang in ("en", "zh")] == [english, chinese]


def test_numbers_at_the_end_of_a_narrow_fan_do_not_overlap() -> None:
    levels = {year: 150.0 - 4 * (year - 2005) for year in range(2005, 2023)}
    narrow = standin.fan(levels[2022], 2023, 2025, -1.0, 0.3)
    figure = fan_chart(standin.assessment(series=standin.series(levels), fan=narrow, threshold=60.0), "en")
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [t.get_window_extent(renderer) for t in figure.axes[0].texts if t.get_gid() == "end"]
    assert len(boxes) == 3
    for one, other in itertools.combinations(boxes, 2):
        assert min(one.y1, other.y1) - max(one.y0, other.y0) <= 4  # pixels; the boxes hold blank margins


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (standin.assessment(illustrative=True), "ILLUSTRATIVE"),
        (standin.unassessable(), "no figure held in these data"),
    ],
)
def test_a_panel_says_what_is_illustrative_and_what_is_missing(made: Any, words: str) -> None:
    assert any(words in written.get_text() for written in fan_chart(made, "en").axes[0].texts)


def test_the_table_of_sources_shows_every_published_digit_and_the_unit_of_the_language() -> None:
    energy = sources_table(qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31"), "en")
    assert "−15.61 %" in set(energy["Figure"])
    patents = qc.assess(qc.load(), "high_value_patents")
    assert list(sources_table(patents, "zh")["数据"]) == ["82 件/万人"]
    assert list(sources_table(patents, "en")["Figure"]) == ["82 patents per 10k people"]


def test_coverage_has_a_square_for_each_year_and_a_frame_for_each_deadline() -> None:
    table = pd.DataFrame({2023: ["final", ""], 2024: ["part", "provisional"]})
    axes = charts.coverage_chart(table, ["a", "b"], [2025, 2040], "zh").axes[0]
    assert len(axes.patches) == 3 + 1
    assert "2040 →" in [t.get_text() for t in axes.texts]
    empty = charts.coverage_chart(pd.DataFrame(index=range(2)), ["a", "b"], [2025, 2025])
    assert len(empty.axes[0].patches) == 2


def test_each_chart_of_rows_has_a_mark_for_each_probability(
    varied: Sensitivity, portfolio: Portfolio
) -> None:
    parts = (SimpleNamespace(probability=0.2, borrowed=None), SimpleNamespace(probability=0.3, borrowed="x"))
    axes = charts.scorecard_chart([standin.assessment(), standin.unassessable(parts=parts)]).axes[0]
    assert [line.get_marker() for line in axes.lines if line.get_marker() in "oDs"] == ["o", "D", "s"]
    dots = [
        line for line in charts.sensitivity_chart(varied).axes[0].lines if line.get_marker() in ("o", "D")
    ]
    rows = [row for row in (varied.asked, *varied.rows) if row.probability is not None]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [100 * (row.probability or 0) for row in rows]  # type: ignore[index]
    assert [dot.get_marker() == "D" for dot in dots] == [row.flips for row in rows]
    heights = [bar.get_height() for bar in charts.portfolio_chart(portfolio).axes[0].patches]  # type: ignore[attr-defined]
    assert heights == pytest.approx([100 * p for p in portfolio.counts["dependent"]])
    (edge, left) = [
        line for line in charts.skill_chart(SKILL, ["Schedule"]).axes[0].lines if line.get_marker() in "s<"
    ]
    assert (edge.get_marker(), left.get_marker(), float(left.get_xdata()[0])) == ("s", "<", charts.WORST)  # type: ignore[index]

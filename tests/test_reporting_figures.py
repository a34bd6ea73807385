"""Figures: Chinese renders, parts have panels, marks are where they belong, the same figure gives the same bytes."""

import itertools
import re
import warnings
from dataclasses import replace

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from packages import CUT, answer, borrowing, changes, figure, figures

import qcity_analysis as qc
from qcity_analysis.analysis.portfolio import portfolio as add_up
from qcity_analysis.reporting import figures as charts
from qcity_analysis.reporting.figures import Picture, style
from qcity_analysis.reporting.figures.fan import fan_chart
from qcity_analysis.reporting.sentences import target_shown
from qcity_analysis.reporting.show import sources_by_series

RELIABILITY = pd.DataFrame({"said": [0.1, 0.9], "happened": [0.12, 0.88], "number": [30, 20]})
SAID = {"deadline": 2020, "bound": 80.0, "level": 95.0, "expected": 85.0, "low": 80.0, "high": 90.0}
SAID = pd.DataFrame([SAID | {"last_year": y, "as_of": pd.Timestamp(f"{y + 1}-06-30")} for y in (2016, 2018)])
CAME = pd.Series({2015: 100.0, 2016: 95.0, 2018: 90.0, 2020: 84.0})


@pytest.fixture(scope="module")
def portfolio(card):
    return add_up(*card, draws=2_000)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A forecast, a target without any figure, and one with a reference from another region."""
    folder = tmp_path_factory.mktemp("told")
    lent = borrowing(folder / "lent", {2021: 9.0})
    return answer(folder / "own", draws=500), answer(folder / "none", observations=[]), lent


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_miss_no_glyph_and_have_the_same_bytes_twice(portfolio, told, lang):
    made = [(charts.portfolio_chart, portfolio), (charts.reliability_chart, RELIABILITY),
        (charts.hedgehog_chart, SAID, CAME), (charts.panels_chart, told[:2])]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for draw, *things in [*made, (fan_chart, told[0])]:
            (svg,) = {Picture(draw(*things, lang), "x").svg() for _ in range(2 if lang == "zh" else 1)}
            assert len(svg) < 60_000 and "style=" not in svg  # the page's policy
            assert "var(--ink,#1c2733)" in svg  # the page's colours
            assert min(float(size) for size in re.findall(r'font-size="([\d.]+)px"', svg)) >= 11


def test_every_word_of_the_data_is_drawn_without_a_missing_glyph():
    data = qc.load()
    tables = (data.targets, data.indicators, data.sources)
    words = {str(value) for table in tables for name in table for value in table[name].dropna()}
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        figure = Figure(figsize=(4, 4))
        figure.text(0, 0.5, "".join(sorted(set("".join(words)) - {"\n"})))
        figure.canvas.draw()
    assert len(words) > 100


def test_a_reference_has_a_panel_that_says_so_and_names_the_comparator(told):
    (lent,) = told[2].parts
    axes = fan_chart(replace(told[1], parts=(lent, lent))).axes
    said = [ax.get_title(loc="left").replace("\n", " ") for ax in axes]
    assert said == ["Reference: Indicator widgets, Otherland"] * 2
    alone = fan_chart(lent, "zh")
    said = "".join(line.get_text() for line in alone.texts)
    assert "参考：别州" in said and "并非依据本地区自身的数据" in said
    assert sum("（参考）" in label.get_text() for label in alone.legends[0].get_texts()) == 1


def test_the_target_line_says_about_at_least_or_at_most(told, tmp_path):
    own, share = told[0], {"unit": "%", "unit_zh": "%"}
    for cells, english, chinese in ((share | {"commitment": "about"}, "about 20 %", "20%左右"),
            (share, "≥ 20 %", "≥ 20%"), ({"direction": "at_most"}, "≤ 20 points", "≤ 20 points")):  # fmt: skip
        asked = replace(own, target=replace(own.target, **cells))
        assert [target_shown(asked, lang) for lang in ("en", "zh")] == [english, chinese]
    cut = answer(tmp_path, CUT, observations=changes({2021: -3, 2022: -3.5, 2023: -2.9}), draws=10)
    assert [target_shown(cut, lang) for lang in ("en", "zh")] == ["−18 % (index 82)", "−18%（指数 82）"]


def collisions(figure):
    """Texts of a figure that are drawn over one another by more than the blank margin of their boxes, or cut off."""
    FigureCanvasAgg(figure).draw()  # legends are placed when drawn
    edges, hidden = figure.bbox, []
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        hidden += [tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]
    boxes = {t: t.get_window_extent().padded(-3) for t in shown}
    cut = [t for t, box in boxes.items() if not edges.x0 < box.x0 < box.x1 < edges.x1 or box.y1 > edges.y1]
    pairs = [pair for pair in itertools.combinations(shown, 2) if boxes[pair[0]].overlaps(boxes[pair[1]])]
    return [[t.get_text() for t in pair] for pair in [*pairs, *zip(cut)]]


def test_labels_of_a_narrow_fan_and_of_close_marks_do_not_overlap(tmp_path):
    levels = figures({year: 150.0 - 4 * (year - 2005) for year in range(2005, 2022)})
    levels += [figure(2021, 86.5, published="2022-01-31"), figure(2022, 83, published="2023-01-31")]
    levels += [figure(2022, 82, status="estimate")]
    a = answer(tmp_path, {"threshold": 60}, observations=levels, draws=50)
    narrow = pd.DataFrame({q: 2101 - a.fan.index + 0.3 * (q - 0.5) for q in a.fan}, a.fan.index)
    drawn = fan_chart(replace(a, fan=narrow), "en")
    said = {t.get_text() for t in drawn.axes[0].texts if t.get_visible()}
    assert {"estimate", "76"} <= said and not collisions(drawn)
    assert [t.get_gid() for t in drawn.axes[0].texts].count("end") == 3


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_label_of_a_shipped_target_covers_another(lang):
    data = qc.load()
    cards = [qc.scorecard(data, plan, draws=50).answers.values() for plan in data.plans()]
    parts = [part for card in cards for a in card for part in (a, *a.parts) if part.series is not None]
    found = {(a.target.plan, a.target.target_id, a.role): collisions(fan_chart(a, lang)) for a in parts}
    assert len(found) > 50 and {name: words for name, words in found.items() if words} == {}


def test_a_panel_says_what_is_illustrative_and_what_is_missing(told):
    made = {"ILLUSTRATIVE": replace(told[0], illustrative=True)}
    for words, a in (made | {"no figure held in these data": told[1]}).items():
        assert any(words in written.get_text() for written in fan_chart(a, "en").axes[0].texts)


def test_the_table_of_sources_shows_every_published_digit_and_the_unit_of_the_language():
    data = qc.load()
    energy = sources_by_series(qc.assess(data, "energy_per_gdp", as_of="2023-03-31", draws=4), "en")
    assert "−15.61 %" in {figure for table in energy.values() for figure in table["Figure"]}
    patents = qc.assess(data, "high_value_patents", draws=4)
    for lang, column, shown in (("zh", "数据", "82 件/万人"), ("en", "Figure", "82 patents per 10k people")):
        (table,) = sources_by_series(patents, lang).values()
        assert list(table[column]) == [shown]


def test_each_chart_of_rows_has_a_mark_for_each_probability(portfolio, told):
    made = charts.scorecard_chart(told[:2])
    assert [bar.get_width() for bar in made.axes[0].patches] == pytest.approx([100 * told[0].chance, 0])
    heights = [bar.get_height() for bar in charts.portfolio_chart(portfolio).axes[0].patches]
    assert heights == pytest.approx([100 * p for p in portfolio.counts["dependent"]])
    ends = [line.get_ydata()[-1] for line in charts.hedgehog_chart(SAID, CAME).axes[0].lines[1:5:2]]
    assert ends == [85.0, 85.0]

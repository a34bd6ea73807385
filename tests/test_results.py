"""What a pandas user's reflexes get: short texts, frames, axes, verbs, and errors that tell the way."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from matplotlib.axes import Axes

import qcity_analysis as qc

LEVELS = pd.Series([3.1, 3.2, 3.4, 3.5, 3.7], index=range(2020, 2025), name="mine")
SHAPES = {"years": LEVELS, "texts": LEVELS.set_axis(list(map(str, LEVELS.index))),
    "periods": LEVELS.set_axis(pd.period_range("2020", periods=5, freq="Y")),
    "days": LEVELS.set_axis(pd.date_range("2020", periods=5, freq="YE")), "one column": LEVELS.to_frame()}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return qc.load(as_of="2023-12-31")


@pytest.fixture(scope="module")
def answer(data):
    return qc.assess(data, "rd_intensity", draws=500)


@pytest.fixture(scope="module")
def card(data):
    return qc.scorecard(replace(data, targets=data.targets.head(3)), draws=50)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_plain_series_is_assessed_and_forecast_however_its_years_are_written(shape):
    found = qc.assess_series(SHAPES[shape], at_least=4, by=2026, draws=100, as_of="2024-12-31")
    assert found.status == "forecast" and found.levels().to_dict() == LEVELS.to_dict()
    assert qc.forecast(SHAPES[shape], horizon=2, draws=100).years.tolist() == [2025, 2026]


@pytest.mark.parametrize(("asked", "kind", "threshold"), [
    ({"at_most": 4}, "level", 4), ({"about": 4}, "level", 4), ({"at_least": 3.9}, "level", 3.9),
    ({"change": 20, "base": 2020}, "relative_change", 3.72),
    ({"change": -5, "base": 2020}, "relative_change", 2.945),
    ({"at_least": 20, "base": 2020, "rounds": "2020/1"}, "cumulative", 20),
])  # fmt: skip
def test_every_way_to_ask_of_a_series_gives_an_answer_with_all_its_verbs(asked, kind, threshold):
    levels = (10 * LEVELS).round() if "rounds" in asked else LEVELS
    found = qc.assess_series(levels, by=2026, support="positive", draws=200, as_of="2024-12-31", **asked)
    assert (found.target.kind, found.threshold) == (kind, pytest.approx(threshold))
    assert found.tolerance == (0.5 if "about" in asked else 0)
    assert found.status == ("met" if "rounds" in asked else "forecast")
    assert len(found.outlook().to_dict()) and len(found.sources()) == 5 and "<svg" in found._repr_html_()


def test_texts_are_short_and_frames_axes_and_verbs_are_there(data, answer, card):
    results = (data, answer, card, answer.forecast, answer.series, answer.parts)
    assert max(len(repr(one)) for one in (*results, answer.outlook(), card.portfolio())) < 300
    assert dir(qc) == qc.__all__ and not [name for name in dir(qc) if name[0] == "_"]
    assert answer.to_frame()["probability"][0] == answer.probability
    assert json.loads(json.dumps(answer.to_dict()))["probability"] == answer.probability
    assert answer.forecast.quantiles()[0.5].equals(answer.forecast.summary()["median"].rename(0.5))
    assert (answer.forecast.to_frame().shape, answer.series.to_frame()["level"][2022]) == ((500, 3), 3.82)
    assert set(answer.rules()["rule"]) == set(qc.rules.RULES) and answer.outlook().deadline == 2025
    own = qc.assess_series(LEVELS[-3:], at_least=4, by=2026, draws=100)
    assert own.sensitivity()["probability"][0] == own.probability
    assert answer.explain().median == pytest.approx(answer.median, rel=0.1)
    assert list(card.to_frame()["target_id"]) == list(card.answers) and len(card.answers) == 3
    assert all("<table" in one._repr_html_() for one in (data, card, answer.series, answer.forecast))
    assert "\n- Basis: the figures\n" in answer._repr_mimebundle_()["text/markdown"]


def test_drawings_return_their_axes(data, answer, card):
    drawn = [answer.plot(), card.plot(), answer.forecast.plot(),
        data.plot("rd_intensity", region=["nanjing", "jiangsu"])]  # fmt: skip
    assert all(isinstance(axes, Axes) for axes in drawn)
    assert answer.forecast.plot(drawn[2]) is drawn[2]
    assert [text.get_text() for text in drawn[3].get_legend().get_texts()] == ["Nanjing", "Jiangsu"]


def test_a_wide_frame_is_a_panel():
    wide = pd.DataFrame({"a": LEVELS, "b": 2 * LEVELS})
    long = wide.rename_axis("period").reset_index().melt("period", var_name="series_id")
    tables = [qc.forecast_panel(frame, horizon=1).quantiles([0.5]) for frame in (wide, long)]
    assert tables[0].index.to_list() == [("a", 2025), ("b", 2025)] and tables[0].equals(tables[1])


@pytest.mark.slow
def test_the_explorer_follows_its_controls_and_leaves_a_slider_for_a_page(data):
    shown = qc.explore(data, "rd_intensity", plan="nanjing_quality_city", language="zh", draws=100)
    before, seen = shown.shown.value, [shown.answer.probability]
    for name, value in (("ambition", 5.0), ("as_of", "2021-12-31"), ("window", 12), ("comparators", False)):
        shown.controls[name].value = value
        seen.append(shown.answer.probability)
    assert seen[1] < seen[0] and shown.shown.value != before and shown.answer.as_of.year == 2021
    assert shown.static().count("≥") == 42 and "<svg" in shown.shown.value
    named = {(one.plan, one.target_id): one for _, one in shown.controls["target"].options}
    shown.controls["target"].value = named["china_14fyp", "energy_per_gdp"]
    assert shown.controls["ambition"].value == shown.answer.target.threshold == -13.5
    assert shown.answer.target.region == "china"


@pytest.mark.slow
def test_the_slider_of_a_page_moves_without_a_kernel(data, browser):
    page, said = browser.new_page(), []
    for event in ("console", "pageerror"):
        page.on(event, lambda told: said.append(str(told)))
    page.set_content(qc.explore(data, "rd_intensity", draws=100).static())
    before, slider = page.inner_text("output"), page.get_by_label("Target level for 2025")
    slider.press("End")
    assert (before[0], before[-1], said) == ("≥", "%", []) and page.inner_text("output") not in ("", before)


@pytest.mark.parametrize(("reflex", "way"), [
    (lambda data, answer: qc.assess("rd_intensity"), r"assess\(load\(\), 'rd_intensity'\)"),
    (lambda data, answer: qc.assess(LEVELS, "rd_intensity"), "assess_series"),
    (lambda data, answer: qc.assess_series(LEVELS, atleast=4, by=2026), "at_least, at_most.* found atleast"),
    (lambda data, answer: qc.assess_series(LEVELS, change=3, by=2026), "base="),
    (lambda data, answer: data["rd_intensity"], "annual_series"),
    (lambda data, answer: answer["probability"], "answer.probability"),
    (lambda data, answer: qc.load("2023-03-31"), r"as_of='2023-03-31'"),
    (lambda data, answer: qc.forecast(LEVELS, 5), "horizon=5"),
    (lambda data, answer: qc.forecast(LEVELS), "horizon=5"),
    (lambda data, answer: qc.forecast(pd.DataFrame({"a": LEVELS, "b": LEVELS}), 2026), "forecast_panel"),
    (lambda data, answer: qc.assess(data, "energy_intensity").explain(), "not_assessable"),
])  # fmt: skip
def test_errors_of_a_pandas_users_reflexes_tell_the_way(data, answer, reflex, way):
    with pytest.raises(qc.QcityError, match=way):
        reflex(data, answer)

"""Outlook, sensitivity, change and portfolio as a reader meets them: words, figures, sections, commands."""

from __future__ import annotations

import json
import re
import sys
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
from packages import STEADY, Row, figure, figures, indicator, loaded, package, target

import qcity_analysis as qc
from qcity_analysis import cli
from qcity_analysis.analysis.outlook import outlook
from qcity_analysis.analysis.portfolio import Portfolio
from qcity_analysis.analysis.portfolio import portfolio as add_up
from qcity_analysis.analysis.sensitivity import Sensitivity
from qcity_analysis.analysis.sensitivity import sensitivity as vary
from qcity_analysis.catalogue import TEMPLATES
from qcity_analysis.data.load import Data
from qcity_analysis.reporting import analyses as said
from qcity_analysis.reporting import plan_sections, target_sections
from qcity_analysis.reporting.figures.bars import portfolio_chart
from qcity_analysis.reporting.figures.canvas import Picture
from qcity_analysis.reporting.figures.rows import sensitivity_chart

COUNTS = {"kind": "cumulative", "threshold": 60, "base_year": 2020}


def words(shown: list[Any]) -> str:
    return "\n".join(thing if isinstance(thing, str) else thing.alt for thing in shown)


def varied(data: Data) -> Sensitivity:
    return vary(data, qc.assess(data, "goal", draws=500), draws=500)[0]


def two_targets(folder: Path) -> tuple[Data, Portfolio]:
    rows: list[Row] = [
        *figures(STEADY),
        *figures({y: v * 0.97 for y, v in STEADY.items()}, indicator_id="gears"),
    ]
    goals = [target(section="一", departments="市科技局;市统计局", departments_en="Science; Statistics")]
    goals += [target("other", indicator_id="gears", section="二（一）"), target("empty", indicator_id="cogs")]
    names = [indicator(name) for name in ("widgets", "gears", "cogs")]
    data = loaded(folder, observations=rows, indicators=names, targets=goals)
    return data, add_up(data, qc.scorecard(data, draws=500)[1], draws=2_000)


@pytest.mark.parametrize("folder", ["texts", "sentences"])
def test_both_languages_fill_the_same_places(folder: str) -> None:
    entries = tomllib.loads((TEMPLATES / folder / "outlook.toml").read_text("utf-8"))
    for key, entry in entries.items():
        places = {lang: set(re.findall(r"{(\w+)}", entry[lang])) for lang in ("zh", "en")}
        assert places["zh"] == places["en"], key


def test_the_pace_and_the_last_year_to_act_are_said_with_their_numbers(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    answer = qc.assess(data, "goal", draws=1000)
    found = outlook(data, answer, draws=1000)
    pace = 100 * ((20 / 16.1) ** (1 / 3) - 1)
    assert said.pace_sentences(answer, found, "en") == [
        "Reaching 20 points by 2025 meets the target: from 16.1 points in 2022 that takes "
        f"+{pace:.1f} % a year over 3 years."
    ]
    assert said.pace_sentences(answer, found, "zh") == [
        f"2025 年达到 20 points 即为达标：从 2022 年的 16.1 points 起，3 年间需每年 +{pace:.1f}%。"
    ]
    (when, wait) = said.waiting_sentences(found, "en")
    assert f"first reaches 50 % in {found.attained[0.5]}" in when
    assert str(found.last_to_act) in wait or found.last_to_act == 2022


@pytest.mark.parametrize(
    ("act", "reached", "key"),
    [
        (2024, False, "2024 is the last year to act."),
        (2022, False, "There is no year to lose after 2022"),
        (2020, False, "would have been needed by the end of 2020."),
        (None, False, "in every one of the next 2 years."),
        (2025, True, "standing still would do."),
    ],
)
def test_each_way_of_waiting_has_its_sentence(act: int | None, reached: bool, key: str) -> None:
    import pandas as pd

    from qcity_analysis.analysis.outlook import Feasibility, Outlook

    chances = pd.Series([0.2, 0.6], index=[2023, 2024])
    found = Outlook(2022, 2025, chances, {0.5: 2024, 0.8: None, 0.95: None}, act, reached, Feasibility())
    assert key in said.waiting_sentences(found, "en")[1]
    assert said.attained_table(found, "zh")["年份"].tolist() == [
        "2024",
        "到 2024 年仍未达到",
        "到 2024 年仍未达到",
    ]


@pytest.mark.parametrize(
    ("today", "said_of_2024"),
    [
        (2023, "2024 is the last year to act."),
        (2024, "2024 is the last year to act."),
        (2025, "That year is over."),
    ],
)
def test_a_year_to_act_that_is_over_is_said_so(today: int, said_of_2024: str) -> None:
    assert waiting(today)[1].endswith(said_of_2024)


def test_after_the_deadline_nothing_is_said_about_waiting() -> None:
    assert len(waiting(2025)) == 2 and len(waiting(2026)) == 1


def waiting(today: int) -> list[str]:
    import pandas as pd

    from qcity_analysis.analysis.outlook import Feasibility, Outlook

    chances = pd.Series([0.2, 0.6], index=[2023, 2024])
    found = Outlook(2022, 2025, chances, {0.5: 2024, 0.8: None, 0.95: None}, 2024, False, Feasibility())
    return said.waiting_sentences(found, "en", today)


def test_a_count_says_its_pace_a_month(tmp_path: Path) -> None:
    rows = figures({2019: 10, 2021: 12, 2022: 11, 2023: 10}, measure="count_new")
    rows.append(figure("2024-06", 6, measure="count_new", published="2024-07-30"))
    counted = [indicator("widgets", support="count")]
    data = loaded(tmp_path, observations=rows, indicators=counted, targets=[target(**COUNTS)])
    answer = qc.assess(data, "goal", draws=500)
    assert said.months_left(answer) == 18
    assert said.pace_sentences(answer, outlook(data, answer, draws=200), "en") == [
        "Through 2024-06, 39 are counted and 21 are missing: 1.17 a month over the 18 months without "
        "figures, against 0.929 a month in those with."
    ]


def test_years_without_a_count_before_the_last_are_months_that_can_still_hold_some(tmp_path: Path) -> None:
    rows = figures({2023: 10}, measure="count_new")
    counted = [indicator("widgets", support="count")]
    data = loaded(tmp_path, observations=rows, indicators=counted, targets=[target(**COUNTS)])
    assert said.months_left(qc.assess(data, "goal", draws=500)) == 48


def test_the_table_of_speeds_names_every_source() -> None:
    data = qc.load(as_of="2024-06-30")
    answer = qc.assess(data, "rd_intensity", draws=500)
    table = said.speed_table(data, answer, outlook(data, answer, draws=500).feasibility, "zh")
    assert table["对象"].tolist()[:3] == ["南京", "江苏", "全国"]
    assert table["对象"].tolist()[3].startswith("训练库，同方向（49 个指标")
    assert table.iloc[:3, 1:3].astype(int).apply(lambda row: row.iloc[0] >= row.iloc[1], axis=1).all()


def test_the_sentence_on_sensitivity_counts_its_own_table(tmp_path: Path) -> None:
    found = varied(loaded(tmp_path, targets=[target(threshold=19.4)]))
    table = said.sensitivity_table(found, "en")
    changes, holds = (int((table["Verdict"] == word).sum()) for word in ("changes", "holds"))
    first = said.sensitivity_sentences(found, "en")[0]
    assert changes == len(found.flips)
    expected = f"under {changes} of the {changes + holds} choices" if changes else f"all {holds} choices"
    assert expected in first
    alt = said.alt_sensitivity(found, "zh")
    assert f"结论改变：{changes} 种。" in alt
    assert alt.count("%") == changes + holds + 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_draw_every_glyph_and_the_same_bytes_twice(tmp_path: Path, lang: str) -> None:
    data, found = two_targets(tmp_path)
    one = vary(data, qc.assess(data, "goal", draws=500), draws=500)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for draw, thing in ((sensitivity_chart, one), (portfolio_chart, found)):
            first, second = (Picture(draw(thing, lang), "alt").png() for _ in range(2))  # type: ignore[operator]
            assert first == second


def test_the_chart_of_choices_has_a_dot_for_each_computed_choice(tmp_path: Path) -> None:
    found = varied(loaded(tmp_path))
    dots = [line for line in sensitivity_chart(found).axes[0].lines if line.get_marker() in ("o", "D")]
    shown = [row for row in (found.asked, *found.rows) if row.probability is not None]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [100 * (row.probability or 0) for row in shown]  # type: ignore[index]
    assert [dot.get_marker() == "D" for dot in dots] == [row.flips for row in shown]


def test_the_bars_are_the_probabilities_of_each_number_met(tmp_path: Path) -> None:
    _, found = two_targets(tmp_path)
    axes = portfolio_chart(found).axes[0]
    heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    assert heights == pytest.approx([100 * p for p in found.counts["dependent"]])


def test_what_the_portfolio_says_names_the_unassessed_apart(tmp_path: Path) -> None:
    _, found = two_targets(tmp_path)
    first = said.portfolio_sentences(found, "en")[0]
    assert first.startswith("Of 3 targets 2 can be assessed; the expected number met is ")
    assert said.unassessed_sentence(found, "en") == (
        "1 cannot be assessed and count neither as met nor as missed: Goal."
    )
    assert any("1 of 1 pairs" in line for line in said.portfolio_sentences(found, "en"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sections_show_a_heading_and_leave_no_place_unfilled(
    tmp_path: Path, shown: list[Any], lang: str
) -> None:
    data = loaded(tmp_path)
    answer = qc.assess(data, "goal", draws=500)
    target_sections.outlook(data, answer, lang)
    target_sections.sensitivity(data, answer, lang)
    target_sections.changed(data, answer, lang, since="2022-06-30")
    text = words(shown)
    assert text.count("\n## ") + text.startswith("## ") == 3
    assert "{" not in text and "None" not in text and "nan" not in text
    assert any(isinstance(thing, Picture) for thing in shown)


def test_by_default_the_last_figures_publication_is_what_is_compared(
    tmp_path: Path, shown: list[Any]
) -> None:
    data = loaded(tmp_path)
    answer = qc.assess(data, "goal", draws=500)
    assert str(target_sections.day_before_last_figure(answer)) == "2023-02-27"
    target_sections.changed(data, answer, "en")
    assert "What changed since 2023-02-27" in words(shown)
    assert "new figures" in words(shown).lower()


@pytest.mark.parametrize(
    ("name", "plan", "as_of"),
    [
        ("energy_per_gdp", "china_14fyp", "2026-06-30"),
        ("energy_intensity", None, "2026-06-30"),
        ("high_value_patents", "china_14fyp", "2026-06-30"),
        ("five_g_coverage", None, "2024-06-30"),
        ("major_quality_accidents", None, "2024-06-30"),
        ("governor_quality_award_rank", None, "2024-06-30"),
        ("construction_pass", None, "2024-06-30"),
    ],
)
def test_sections_hold_for_every_status_and_kind(
    shown: list[Any], name: str, plan: str | None, as_of: str
) -> None:
    data = qc.load(as_of=as_of)
    answer = qc.assess(data, name, plan=plan, draws=200)
    target_sections.outlook(data, answer, "zh")
    target_sections.sensitivity(data, answer, "zh")
    target_sections.changed(data, answer, "zh")
    assert "{" not in words(shown) and "None" not in words(shown)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_portfolio_section_shows_chart_tables_and_the_unassessed(
    tmp_path: Path, shown: list[Any], lang: str
) -> None:
    data, _ = two_targets(tmp_path)
    plan_sections.portfolio(data, qc.scorecard(data, draws=500)[1], lang)
    text = words(shown)
    assert ("市统计局" if lang == "zh" else "Statistics") in text
    assert text.count("<table>") == 3
    assert "{" not in text


def qcity(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["qcity", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0), capsys.readouterr().out


def test_the_command_outlook_prints_words_or_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path)
    asked = ["outlook", "goal", "--data", tmp_path, "--as-of", "2024-12-31", "--draws", 200]
    code, out = qcity(monkeypatch, capsys, *asked, "--since", "2022-06-30", "--language", "zh")
    assert code == 0
    for part in ("需每年", "训练库", "最后", "按原样", "与 2022-06-30 相比的变化"):
        assert part in out or part == "最后"
    code, out = qcity(monkeypatch, capsys, *asked, "--json")
    plain = json.loads(out)
    assert (code, plain["status"], plain["change"]) == (0, "forecast", None)
    assert set(plain["outlook"]) == {"widgets"}


def test_the_command_outlook_of_what_cannot_be_assessed_exits_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path, observations=[])
    code, out = qcity(monkeypatch, capsys, "outlook", "goal", "--data", tmp_path)
    assert code == 3
    assert "No level is held in these data, so the pace needed cannot be told." in out


def test_the_command_portfolio_prints_words_or_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package(tmp_path)
    asked = ["portfolio", "made_up", "--data", tmp_path, "--as-of", "2024-12-31", "--draws", 200]
    code, out = qcity(monkeypatch, capsys, *asked)
    assert (code, out.startswith("Of 1 targets 1 can be assessed")) == (0, True)
    code, out = qcity(monkeypatch, capsys, *asked, "--json")
    plain = json.loads(out)
    assert (code, plain["plan"], len(plain["counts"]["dependent"])) == (0, "made_up", 2)
    package(tmp_path / "none", observations=[])
    assert qcity(monkeypatch, capsys, "portfolio", "made_up", "--data", tmp_path / "none")[0] == 3


def test_a_choice_that_cannot_be_computed_says_why_in_the_table() -> None:
    data = qc.load(as_of="2026-01-01")
    (found,) = vary(data, qc.assess(data, "rd_intensity", draws=200), draws=200)
    table = said.sensitivity_table(found, "en").set_index("Choice")
    assert "needs every year from 2009 to 2022" in table.loc["Theta method", "In words"]

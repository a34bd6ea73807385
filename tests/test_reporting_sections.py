"""Sections of the notebooks as a reader meets them, in both languages; the commands that say the same."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from packages import change, figure, figures, indicator, loaded, package, target

import qcity_analysis as qc
from qcity_analysis.analysis.outlook import Feasibility, Outlook, outlook
from qcity_analysis.analysis.portfolio import portfolio as add_up
from qcity_analysis.forecasting import forecast as models
from qcity_analysis.forecasting.annual import borrowing_evidence, learned
from qcity_analysis.reporting import analyses, data_sections, sections, show, track_sections
from qcity_analysis.series.annual import ages, counts, coverage, used_sources

BOTH = pytest.mark.parametrize("lang", ["zh", "en"])


def unfilled(shown, nothing="None"):
    """What no reader should see: places of templates, and what Python writes for nothing."""
    return re.findall(rf"[{{}}]|\bnan\b|{nothing}", shown.words())


ROWS = [
    *figures({2018: 10, 2019: 11}), figure(2020, 12, status="preliminary"),
    figure(2020, 12.4, published="2022-01-31"), figure(2021, 13, qualifier=">="),
    figure("2022-Q3", 5, published="2022-11"), figure("2023-06", 6, published="2023-08"),
    figure(2023, 15, status="estimate", published="2024-01-31"), figure(2019, 3, region="otherland"),
    change(2024, 2.5, indicator_id="widgets_b"),
]  # fmt: skip
NAMES = [indicator("widgets"), indicator("gadgets"),
    indicator("widgets_b", continues="widgets", break_period=2024)]  # fmt: skip
GOALS = [target(), target("none", indicator_id="gadgets", plan="second")]
TABLE = show.table_html(pd.DataFrame({"a|b": ["<1\n%", ""], "$c": ["_d_ e_f", "*"]}), "t", index=False)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The made-up figures as known on a day."""
    folder = package(tmp_path_factory.mktemp("known"), observations=ROWS, indicators=NAMES, targets=GOALS)
    return lambda as_of="2026-06-30": qc.load(folder, as_of=as_of)


def test_coverage_ages_and_counts_are_those_of_the_targets_own_region_on_that_day(known):
    table = coverage(known())
    kinds = ["final", "final", "final", "part", "part", "provisional", "final", ""]
    assert table.loc[("made_up", "goal")].to_dict() == dict(enumerate(kinds, start=2018))
    assert set(table.loc[("second", "none")]) == {""}
    early = coverage(known("2021-12-31")).loc[("made_up", "goal")]
    assert (early[2020], early[2021]) == ("provisional", "")
    assert coverage(known("2010-01-01")).shape == (2, 0)
    for as_of, months, due in (("2026-06-30", 18, 1), ("2026-05-31", 17, 0)):  # due allows for the lag
        (row,) = ages(known(as_of)).to_dict("records")
        assert [row[key] for key in ("target_id", "period", "months", "due")] == ["goal", "2024", months, due]
    held = {"figures": 9, "series": 3, "sources": 1, "targets": 2, "covered": 1, "revisions": 1}
    assert counts(known()) == held
    assert counts(known(), "second") | {"revisions": 0} == held | {"targets": 1, "covered": 0, "revisions": 0}
    assert used_sources(known())[["documents", "figures"]].values.tolist() == [[1, 10]]


def show_overview(data, lang):
    for name in ("answer", "picture", "newest", "revised", "breaks", "sources", "warnings"):
        getattr(data_sections, name)(data, *[""] * (name in ("answer", "picture", "newest")), lang)


@BOTH
def test_the_overview_shows_every_section_of_a_package_and_of_an_empty_one(known, shown, lang):
    data = known()
    show_overview(data, lang)
    assert shown.front["kind"] == "overview" and str(counts(data)["figures"]) in shown.front["answer"]
    assert "12 points → 12.4 points" in shown.words().replace("\u00a0", " ")
    assert "Office of Testville" in shown.words() and not unfilled(shown, "<NA>")
    assert data_sections.as_data(data, "made_up")["coverage"]["made_up/goal"]["2021"] == "part"
    with pytest.raises(qc.QcityError, match="unknown plan 'secnd'. Did you mean \"second\"?"):
        data_sections.answer(data, "secnd", lang)
    if lang == "en":
        shown.clear()
        show_overview(known("2010-01-01"), lang)
        assert "there are 0 published figures" in shown[0] and "No figure was revised" in shown.words()


@BOTH
def test_the_overview_of_the_shipped_data_counts_them_and_shows_no_identifier(shown, lang):
    data = qc.load(as_of="2026-06-30")
    held, made = counts(data), data_sections.as_data(data, "")
    show_overview(data, lang)
    for number in (held["figures"], held["sources"], held["targets"] - held["covered"]):
        assert re.search(rf"\b{number}\b", shown.front["answer"])
    assert shown.words().count('<table class="signs">') == len(data.plans())
    assert (made["counts"], made["coverage"]["nanjing_quality_city/rd_intensity"]["2020"]) == (held, "final")
    text = re.sub(r"<(details|style)\b.*?</\1>|<[^>]+>", " ", shown.words(), flags=re.S)
    assert "rd_intensity" not in text and "nan" not in text.split() and shown.words().count("●") > 100


@pytest.mark.parametrize(("html", "words"), [
    ("<h3>A &amp; B</h3><dl><dt>c</dt><dd>1 %</dd></dl><p><code>a_*</code> #</p>", "### A & B\n\n- c: 1 %\n\n`a_*` #"),
    (show.fold("x", TABLE), "**x**\n\n**t**\n\n| a\\|b | \\$c |\n| --- | --- |\n| \\<1 % | \\_d\\_ e_f |\n| | \\* |"),
    ("<style>p{}</style><ul><li><span>a</span> <b>5 %</b>met</li><li>b</li></ul>", "- a · **5 %** · met\n- b"),
    (f'<svg aria-label="a fan">2020</svg><b>1</b>{show.meter(0.2)}<form hidden>x</form>', "a fan\n\n**1**"),
])  # fmt: skip
def test_what_is_shown_as_html_reads_well_as_markdown(html, words):
    assert show.in_both(html) == {"text/html": html, "text/markdown": words, "text/plain": words}


# outlook, sensitivity, change
@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A made-up package and the answer to its target."""
    data = loaded(tmp_path_factory.mktemp("asked"))
    return data, qc.assess(data, "goal", draws=500)


def test_the_pace_and_the_last_year_to_act_are_said_with_their_numbers(asked):
    data, answer = asked
    ahead, pace = outlook(data, answer, draws=500), 100 * ((20 / 16.1) ** (1 / 3) - 1)
    assert analyses.pace_sentences(answer, ahead, "en") == [
        "Reaching 20 points by 2025 meets the target: from 16.1 points in 2022 that takes "
        f"+{pace:.1f} % a year over 3 years."
    ]
    chinese = f"2025 年达到 20 points 即为达标：从 2022 年的 16.1 points 起，3 年间需每年 +{pace:.1f}%。"
    assert analyses.pace_sentences(answer, ahead, "zh") == [chinese]
    when, wait = analyses.waiting_sentences(ahead, "en", 2022)
    assert f"first reaches 50 % in {ahead.attained[0.5]}" in when
    assert str(ahead.last_to_act) in wait or ahead.last_to_act == 2022


def test_each_way_of_waiting_has_its_sentence_and_after_the_deadline_there_is_none():
    ahead = Outlook(2022, 2025, pd.Series([0.2, 0.6], index=[2023, 2024]), 2024, False, Feasibility())
    for act, reached, today, words in (
        (2024, False, 2022, "2024 is the last year to act."),
        (2022, False, 2022, "There is no year to lose after 2022"),
        (2020, False, 2022, "would have been needed by the end of 2020."),
        (None, False, 2022, "in every one of the next 2 years."),
        (2025, True, 2022, "standing still would do."),
        (2024, False, 2024, "2024 is the last year to act."),
        (2024, False, 2025, "That year is over."),
    ):
        one = replace(ahead, last_to_act=act, reached=reached)
        assert words in analyses.waiting_sentences(one, "en", today)[1]
    assert analyses.attained_table(ahead, "zh")["年份"].tolist() == ["2024", *["到 2024 年仍未达到"] * 2]
    assert [len(analyses.waiting_sentences(ahead, "en", today)) for today in (2025, 2026)] == [2, 1]


def test_a_count_says_its_pace_a_month(tmp_path):
    rows = figures({2019: 10, 2021: 12, 2022: 11, 2023: 10}, measure="count_new")
    rows.append(figure("2024-06", 6, measure="count_new", published="2024-07-30"))
    goal = target(kind="cumulative", threshold=60, base_year=2020)
    counted = {"indicators": [indicator("widgets", support="count")], "targets": [goal]}
    data = loaded(tmp_path, observations=rows, **counted)
    answer = qc.assess(data, "goal", draws=500)
    assert analyses.pace_sentences(answer, outlook(data, answer, draws=200), "en") == [
        "Through 2024-06, 39 points are counted and 21 points are missing: 1.17 a month over the 18 months "
        "without figures, against 0.929 a month in those with."
    ]
    gaps = loaded(tmp_path / "gaps", observations=[rows[0], *rows[2:4]], **counted)
    answer = qc.assess(gaps, "goal", draws=500)
    (said,) = analyses.pace_sentences(answer, outlook(gaps, answer, draws=10), "en")
    assert "over the 36 months without figures" in said  # years before can still hold some


def test_the_table_of_speeds_names_every_source():
    data = qc.load(as_of="2024-06-30")
    answer = qc.assess(data, "rd_intensity", draws=10)
    table = analyses.speed_table(data, answer, outlook(data, answer, draws=10).feasibility, "zh")
    assert table["对象"].tolist()[:3] == ["南京", "江苏", "全国"]
    assert table["对象"].tolist()[3].startswith("其他指标，同方向（49 个指标")
    assert table.iloc[:3, 1:3].astype(int).apply(lambda row: row.iloc[0] >= row.iloc[1], axis=1).all()


@BOTH
def test_the_scorecard_shows_chart_tables_and_the_unassessed(card, shown, lang):
    data, results = card
    sections.portfolio(data, results, lang)
    text = shown.words()
    assert ("市统计局" if lang == "zh" else "Statistics") in text and text.count("<table ") == 3
    sections.scorecard(data, results, lang)
    for section in (sections.rows, sections.add_to_plan):
        section(results, lang)
    assert "3" in shown.front["answer"] and not unfilled(shown, "<NA>")


def test_the_portfolio_says_how_many_are_expected_and_names_what_cannot_be_assessed(card):
    portfolio = add_up(*card, draws=2_000)
    lines = analyses.portfolio_sentences(portfolio, "en")
    assert lines[0].startswith("Of 3 targets 2 can be assessed; the expected number met is ")
    assert any("1 of 1 pairs" in line for line in lines)
    unassessed = "1 cannot be assessed and count neither as met nor as missed: Goal."
    assert analyses.unassessed_sentence(portfolio, "en") == unassessed
    with pytest.raises(qc.QcityError, match="this plan has no target"):
        sections.portfolio(card[0], [], "en")


def test_the_section_on_borrowing_shows_its_evidence_and_when_it_does_not_help(monkeypatch, shown):
    shipped = borrowing_evidence()
    track_sections.borrowing("en")
    cells = re.findall("<td[^>]*>(.*?)</td>", shown[-2])
    assert f"{round(100 * learned().published)}" in cells[1] and len(cells) == 10
    assert cells[2] == f"{shipped['published']['crps']:.2f}"
    assert cells[8].startswith(f"{min(shipped['expected']['by_indicator'].values()):.2f}")
    assert "both reduce the error" in shown[-1]
    worse = shipped | {"expected": shipped["expected"] | {"crps": 1.02}}
    monkeypatch.setattr(track_sections, "borrowing_evidence", lambda: worse)
    track_sections.borrowing("zh")
    assert "证据不一致" in shown[-1]


def test_outlook_and_portfolio_print_words_or_json_and_end_with_3_if_empty(tmp_path, qcity, monkeypatch):
    monkeypatch.setattr(models, "MODELS", ("naive",))
    package(tmp_path, observations=figures({2019: 13.1, 2020: 13.9, 2021: 15.2, 2022: 16.1}))
    options = ["--data", tmp_path, "--as-of", "2024-12-31", "--draws", 100]
    code, out, _ = qcity("outlook", "goal", *options, "--since", "2022-06-30", "--language", "zh")
    words = ("需每年", "其他指标", "原设定", "与 2022-06-30 相比的变化")
    assert code == 0 and all(part in out for part in words)
    code, out, _ = qcity("outlook", "goal", *options, "--json")
    plain = json.loads(out)
    assert (code, plain["status"], plain["change"], [*plain["outlook"]]) == (0, "forecast", None, ["widgets"])
    code, out, _ = qcity("portfolio", "made_up", *options)
    assert (code, out.startswith("Of 1 target 1 can be assessed")) == (0, True)
    code, out, _ = qcity("portfolio", "made_up", *options, "--json")
    plain = json.loads(out)
    assert (code, plain["plan"], len(plain["counts"]["dependent"])) == (0, "made_up", 2)
    package(tmp_path, observations=[])  # what cannot be assessed ends with 3
    code, out, _ = qcity("outlook", "goal", "--data", tmp_path)
    assert code == 3 and "No level is held in these data, so the pace needed cannot be told." in out
    assert qcity("portfolio", "made_up", "--data", tmp_path)[0] == 3

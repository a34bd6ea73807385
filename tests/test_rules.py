"""The table of rules, what a target may look like, the bridge to assessments, the command and the page's section."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from packages import changes, figures, indicator, loaded, package, target
from typer.testing import CliRunner

import qcity_analysis as qc
from qcity_analysis import cli, rules
from qcity_analysis.catalogue import catalogue
from qcity_analysis.errors import QcityError
from qcity_analysis.reporting import target_sections
from qcity_analysis.rules import RULES, Goal, RuleResult, evaluate, evaluate_all, rules_for
from qcity_analysis.rules.question import BETWEEN, DOWN, UP, question_of
from qcity_analysis.rules.results import judged, results_for

PUBLISHED = ["schedule", "log_schedule", "barometer", "eurostat", "unsd_2022", "unsd_2023", "open_sdg", "escap", "sdsn",
             "destatis", "defra", "aarr", "ols", "healthy_people", "gbd", "mcarthur"]  # fmt: skip
SIX = pd.Series({2015: 20.0, 2016: 19.0, 2017: 18.0, 2018: 17.0, 2019: 16.0, 2020: 15.0})


def test_the_table_holds_every_published_rule_with_names_source_and_a_docstring() -> None:
    assert list(RULES) == PUBLISHED
    for name, rule in RULES.items():
        assert all(rule.name(lang) and rule.source(lang) for lang in ("zh", "en"))
        said = rule.ask.__doc__ or ""
        assert rule.ask.__name__ == name and "Source" in said and ">>> evaluate(" in said
        for word in rule.categories:
            assert word.replace("_", "").isalpha() and word == word.lower()


def test_the_subpackage_is_reached_by_its_name_and_loads_nothing_before_it_is_used() -> None:
    code = "import sys, qcity_analysis as qc; qc.rules; print('pandas' in sys.modules, qc.rules.evaluate.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "evaluate"]
    assert "rules" in dir(qc) and "rules" in qc.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        qc.rules.nothing  # noqa: B018


Record = namedtuple("Record", "direction threshold base_year deadline kind")


@pytest.mark.parametrize(
    "goal",
    [
        Record("at_most", 9, 2015, 2030, "level"),
        Record("decrease", np.float64(9), np.int64(2015), 2030.0, "coverage"),
        SimpleNamespace(direction="down", threshold=9.0, base_year=2015, deadline=2030),
        SimpleNamespace(direction="Lower", threshold="9", base_year="2015", deadline="2030-12-31", kind=None),
        SimpleNamespace(direction=-1, threshold=[9, None], base_year=2015, deadline=2030, kind="interval"),
        SimpleNamespace(direction="minimise", threshold=np.array([8.0, 9.0]), base_year=2015, deadline=2030),
        Goal("at_most", -55, 2015, 2030, "relative_change"),  # 20 less 55 % is 9
    ],
)
def test_any_object_with_the_usual_attributes_is_a_target(goal: Any) -> None:
    level = Goal("at_most", 9, 2015, 2030)
    expected = evaluate_all(SIX, level, 2020)
    assert list(expected.columns) == ["rule", "category", "will_meet", "reason"]
    assert expected["category"].tolist() == [evaluate(rule, SIX, level, 2020).category for rule in PUBLISHED]
    pd.testing.assert_frame_equal(evaluate_all(SIX, goal, 2020), expected)
    pd.testing.assert_frame_equal(evaluate_all(SIX, [goal], 2020), expected)


def test_every_word_for_a_direction_is_understood_in_any_writing() -> None:
    for words, sign in ((UP, 1), (DOWN, -1)):
        for word in words:
            for written in (word, word.upper(), word.replace("_", " "), f" {word} "):
                assert question_of(SIX, SimpleNamespace(direction=written, threshold=1), 2020).sign == sign
    for word in (*BETWEEN, None, float("nan")):
        low, high = (
            question_of(SIX, SimpleNamespace(direction=word, threshold=ends), 2020)
            for ends in ((1, 20), (14, 90))
        )
        assert (low.sign, low.level, high.sign, high.level) == (-1, 20, 1, 14)  # towards the nearer end


def test_gaps_index_types_and_order_of_the_series_do_not_matter() -> None:
    goal = Goal("at_most", 9, 2015, 2030)
    expected = evaluate_all(SIX, goal, 2020)
    shuffled = pd.concat([SIX.iloc[3:], pd.Series({2013: np.nan, 2021: np.nan}), SIX.iloc[:3]])
    floats = SIX.set_axis(SIX.index.astype(float))
    periods = SIX.set_axis(pd.period_range("2015", periods=6, freq="Y"))
    masked = SIX.astype("Float64")
    for series in (shuffled, floats, periods, masked):
        pd.testing.assert_frame_equal(evaluate_all(series, goal, 2020), expected)


def test_of_several_targets_every_rule_takes_the_worst() -> None:
    easy, hard = Goal("at_most", 14, 2015, 2030), Goal("at_most", 1, 2015, 2022)
    for rule in ("schedule", "eurostat", "ols", "sdsn"):
        worst = evaluate(rule, SIX, hard, 2020)
        assert evaluate(rule, SIX, [easy, hard], 2020) == worst
        assert worst.will_meet is False
    assert evaluate("ols", SIX, [], 2020).reason == "the target names no value"


# the bridge to assessments


def falling(folder: Path, **cells: Any) -> qc.Assessment:
    """A target of -20 % in five years, known as yearly changes to 2023."""
    data = loaded(
        folder,
        observations=changes({2021: -5.0, 2022: -4.0, 2023: -5.0}),
        indicators=[indicator("widgets", better="lower")],
        targets=[
            target(
                kind="relative_change", direction="at_most", threshold=-20, base_year=2020, unit="%", **cells
            )
        ],
        as_of="2024-06-30",
    )
    return qc.assess(data, "goal", draws=500)


def test_a_relative_target_is_judged_on_the_index_with_its_base_year_at_100(tmp_path: Path) -> None:
    answer = falling(tmp_path)
    index = pd.Series({2020: 100.0, 2021: 95.0, 2022: 91.2, 2023: 86.64})
    expected = evaluate_all(index, Goal("at_most", 80, 2020, 2025), 2024)
    shown = rules_for(answer)
    pd.testing.assert_frame_equal(shown.drop(columns="definition"), expected)
    assert set(shown["definition"]) == {"widgets"}
    # 13.36 of 20 covered after three of five years, 60 % expected; ln .8664 / ln .8 = .643
    said = results_for(answer)
    assert said["schedule"].value == pytest.approx(0.668)
    assert said["log_schedule"].value == pytest.approx(0.6427, abs=1e-4)


def test_a_level_target_is_judged_on_its_levels(tmp_path: Path) -> None:
    levels = {2016: 10.0, 2017: 11.0, 2018: 12.0, 2019: 13.0, 2020: 14.0, 2021: 15.0, 2022: 16.0}
    answer = qc.assess(loaded(tmp_path, observations=figures(levels)), "goal", draws=500)
    expected = evaluate_all(pd.Series(levels), Goal("at_least", 20, None, 2025, unit="points"), 2024)
    pd.testing.assert_frame_equal(rules_for(answer).drop(columns="definition"), expected)


def test_about_is_judged_with_its_tolerance_as_the_probability_is(tmp_path: Path) -> None:
    levels = {2019: 16.0, 2020: 17.0, 2021: 18.0, 2022: 19.6}
    wide = [target(commitment="about", tolerance=0.5)]
    answer = qc.assess(loaded(tmp_path, observations=figures(levels), targets=wide), "goal", draws=500)
    assert results_for(answer)["unsd_2023"].category == "met"


@pytest.mark.parametrize("kind", ["cumulative", "rank", "milestone"])
def test_a_target_that_is_no_level_is_judged_by_no_rule(tmp_path: Path, kind: str) -> None:
    direction = {"cumulative": "at_least", "rank": "at_most", "milestone": "achieved"}[kind]
    cells = {"kind": kind, "direction": direction, "base_year": 2020, "commitment": "firm"}
    data = loaded(tmp_path, targets=[target(**cells)])
    shown = rules_for(qc.assess(data, "goal", draws=500))
    assert shown["category"].isna().all()
    assert set(shown["reason"]) == {f"the rule judges levels; this target is of kind {kind}"}


def test_each_definition_has_its_own_rows() -> None:
    answer = qc.assess(qc.load(), "energy_per_gdp", plan="china_14fyp", as_of="2026-06-30", draws=500)
    parts = judged(answer)
    shown = rules_for(answer)
    assert len(shown) == len(parts) * len(RULES)
    assert shown["definition"].nunique() == len(parts)


def test_without_figures_every_rule_says_so(tmp_path: Path) -> None:
    answer = qc.assess(loaded(tmp_path, observations=[]), "goal")
    assert set(rules_for(answer)["reason"]) == {"no figure up to 2024"}
    assert target_sections.shared_reason(answer, "zh") == "没有规则适用：截至 2024 年没有数据。"


# the command


def test_the_command_shows_the_probability_and_every_rule(tmp_path: Path) -> None:
    folder = package(tmp_path)
    shown = CliRunner().invoke(cli.app, ["rules", "goal", "--data", str(folder), "--as-of", "2024-12-31"])
    assert shown.exit_code == 0
    lines = shown.output.strip().splitlines()
    assert "the probability that Testville meets its target" in lines[0]
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == [
        rule.name("en") for rule in RULES.values()
    ]
    assert "  Energy barometer: does not apply: the rule is for reductions" in lines
    # 2017 to 2022: 5.1 in five years; three more bring 3.06 of the 3.9 left, 21.5 % missed
    assert "  German weather symbols: cloud → no" in lines
    assert lines[-1].startswith("14 rules apply: ")


def test_the_command_prints_json_with_the_probability_beside_the_rules(tmp_path: Path) -> None:
    folder = package(tmp_path)
    words = ["rules", "goal", "--data", str(folder), "--as-of", "2024-12-31", "--json"]
    shown = CliRunner().invoke(cli.app, words)
    (part,) = json.loads(shown.output)
    assert part["target"] == "goal" and 0 <= part["probability"] <= 1
    assert list(part["rules"]) == PUBLISHED
    assert part["rules"]["destatis"] == {"category": "cloud", "will_meet": False, "reason": None}


def test_the_command_ends_with_3_where_nothing_can_be_said_and_speaks_chinese(tmp_path: Path) -> None:
    folder = package(tmp_path, observations=[])
    words = ["rules", "goal", "--data", str(folder), "--as-of", "2024-12-31", "--language", "zh"]
    shown = CliRunner().invoke(cli.app, words)
    assert shown.exit_code == 3
    assert shown.output.strip().splitlines()[-1] == "没有规则适用：截至 2024 年没有数据。"


# the section of the page


def test_every_class_and_every_reason_has_words_in_both_languages() -> None:
    for rule in RULES.values():
        for word in rule.categories:
            assert all(catalogue()[f"rule_word_{word}"][lang] for lang in ("zh", "en"))
    source = "".join(path.read_text() for path in Path(rules.__file__).parent.glob("*.py"))
    raised = set(re.findall(r'NotApplicable\("(\w+)"', source)) | {"zero_target", "not_positive"}
    assert {key for key in catalogue() if key.startswith("rule_reason_")} == {
        f"rule_reason_{code}" for code in raised
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_section_puts_the_pages_answer_first_and_says_what_rules_are_for(
    tmp_path: Path, shown: list[str], lang: str
) -> None:
    answer = falling(tmp_path)
    target_sections.rules(answer, lang)
    heading, table, count = shown
    assert {"zh": "只供对照", "en": "for comparison"}[lang] in heading
    assert table.count("<tr>") == 1 + 1 + len(RULES)
    ours = target_sections.rules_table(answer, lang)
    assert ours.index[0] == {"zh": "本页的答案", "en": "The answer of this page"}[lang]
    assert "%" in ours.iloc[0, 1]
    assert str(sum(said.will_meet is not None for said in results_for(answer).values())) in count


def test_the_section_gives_one_sentence_where_no_rule_applies(tmp_path: Path, shown: list[str]) -> None:
    target_sections.rules(qc.assess(loaded(tmp_path, observations=[]), "goal"), "en")
    assert shown[1:] == ["No rule applies: no figure up to 2024."]


def test_a_result_is_said_in_words() -> None:
    assert target_sections.rule_shown(RuleResult("light_cloud", False), "en") == ["light cloud", "no"]
    refused = evaluate("schedule", SIX, Goal("at_most", 1, 2015, 2025, "rank"), 2020)
    assert target_sections.rule_shown(refused, "zh") == ["不适用：该规则评价水平值；此目标属“位次”类", "–"]


@pytest.mark.parametrize("asked", [{"as_of_year": 2021.5}, {"as_of_year": None}, {"deadline": 2025.5}])
def test_a_question_about_a_part_of_a_year_is_refused(asked: dict[str, Any]) -> None:
    goal = Goal("at_most", 40, 2018, asked.get("deadline", 2025))
    with pytest.raises(QcityError, match="whole (number|year), such as 2025; found"):
        evaluate("escap", pd.Series({2018: 50.0, 2020: 48.0}), goal, asked.get("as_of_year", 2021))


def test_a_percentage_of_a_base_below_zero_means_nothing() -> None:
    goal = Goal("at_most", -18, 2020, 2025, "relative_change")
    found = evaluate("escap", pd.Series({2020: -2.0, 2021: -2.5, 2022: -3.0}), goal, 2022)
    assert found.category is None and found.note is not None and found.note.code == "base_not_positive"

"""The table of rules, what a target may look like, the bridge to assessments, the command, the page."""

import json
import math
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import answer, changes, figures, indicator, loaded, package, target

import qcity_analysis as qc
from qcity_analysis import rules
from qcity_analysis.catalogue import catalogue
from qcity_analysis.errors import QcityError
from qcity_analysis.reporting import sections
from qcity_analysis.rules import RULES, Goal, RuleResult, evaluate, evaluate_all, rules_for
from qcity_analysis.rules.lmdi import decompose, factors, logarithmic_mean
from qcity_analysis.rules.question import BETWEEN, DOWN, UP, question_of, results_for

PUBLISHED = ["schedule", "log_schedule", "barometer", "eurostat", "unsd_2022", "unsd_2023", "open_sdg",
             "escap", "sdsn", "destatis", "defra", "aarr", "ols", "healthy_people", "gbd", "mcarthur"]  # fmt: skip
SIX = pd.Series({2015: 20.0, 2016: 19.0, 2017: 18.0, 2018: 17.0, 2019: 16.0, 2020: 15.0})
NINE = Goal("at_most", 9, 2015, 2030)


def test_the_table_holds_every_published_rule_with_names_source_docstring_and_words():
    assert list(RULES) == PUBLISHED
    for name, rule in RULES.items():
        assert all(rule.name(lang) and rule.source(lang) for lang in ("zh", "en"))
        doc = rule.ask.__doc__ or ""
        assert rule.ask.__name__ == name and "Source" in doc and ">>> evaluate(" in doc
        for word in rule.categories:
            assert word.replace("_", "").isalpha() and word == word.lower()
            assert all(catalogue()[f"rule_word_{word}"][lang] for lang in ("zh", "en"))
    source = "".join(path.read_text() for path in Path(rules.__file__).parent.glob("*.py"))
    raised = set(re.findall(r'NotApplicable\("(\w+)"', source)) | {"zero_target", "not_positive"}
    reasons = {key for key in catalogue() if key.startswith("rule_reason_")}
    assert reasons == {f"rule_reason_{code}" for code in raised}


def test_the_subpackage_is_reached_by_its_name_and_loads_nothing_before_it_is_used():
    code = "import sys, qcity_analysis as qc; print('pandas' in sys.modules, qc.rules.evaluate.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "evaluate"]
    assert "rules" in dir(qc) and "rules" in qc.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        qc.rules.nothing  # noqa: B018


Record = namedtuple("Record", "direction threshold base_year deadline kind", defaults=[2015, 2030, None])


@pytest.mark.parametrize("goal", [
    Record("at_most", 9, kind="level"),
    Record("decrease", np.float64(9), np.int64(2015), 2030.0, "coverage"),
    SimpleNamespace(direction="down", threshold=9.0, base_year=2015, deadline=2030),
    Record("Lower", "9", "2015", "2030-12-31"),
    Record(-1, [9, None], kind="interval"),
    SimpleNamespace(direction="minimise", threshold=np.array([8.0, 9.0]), base_year=2015, deadline=2030),
    Goal("at_most", -55, 2015, 2030, "relative_change"),  # 20 less 55 % is 9
])  # fmt: skip
def test_any_object_with_the_usual_attributes_is_a_target(goal):
    expected = evaluate_all(SIX, NINE, 2020)
    assert list(expected.columns) == ["rule", "category", "will_meet", "reason"]
    assert expected["category"].tolist() == [evaluate(rule, SIX, NINE, 2020).category for rule in PUBLISHED]
    for asked in (goal, [goal]):
        pd.testing.assert_frame_equal(evaluate_all(SIX, asked, 2020), expected)


def test_every_word_for_a_direction_is_understood_in_any_writing():
    def asked(direction, threshold=1):
        return question_of(SIX, SimpleNamespace(direction=direction, threshold=threshold), 2020)

    for word, sign in [*((word, 1) for word in UP), *((word, -1) for word in DOWN)]:
        for written in (word, word.upper(), word.replace("_", " "), f" {word} "):
            assert asked(written).sign == sign
    for word in (*BETWEEN, None, float("nan")):  # towards the nearer end
        low, high = asked(word, (1, 20)), asked(word, (14, 90))
        assert (low.sign, low.level, high.sign, high.level) == (-1, 20, 1, 14)


def test_gaps_index_types_and_order_of_the_series_do_not_matter():
    expected = evaluate_all(SIX, NINE, 2020)
    shuffled = pd.concat([SIX.iloc[3:], pd.Series({2013: np.nan, 2021: np.nan}), SIX.iloc[:3]])
    periods = SIX.set_axis(pd.period_range("2015", periods=6, freq="Y"))
    for series in (shuffled, SIX.set_axis(SIX.index.astype(float)), periods, SIX.astype("Float64")):
        pd.testing.assert_frame_equal(evaluate_all(series, NINE, 2020), expected)


# the bridge to assessments
@pytest.fixture(scope="module")
def falling(tmp_path_factory):
    """A target of -20 % in five years, known as yearly changes to 2023."""
    rows = changes({2021: -5.0, 2022: -4.0, 2023: -5.0})
    cut = {"threshold": -20, "base_year": 2020, "unit": "%"}
    goal = target(kind="relative_change", direction="at_most", **cut)
    tables = {"indicators": [indicator("widgets", better="lower")], "targets": [goal], "observations": rows}
    return qc.assess(loaded(tmp_path_factory.mktemp("falling"), "2024-06-30", **tables), "goal", draws=200)


def test_a_relative_target_is_judged_on_the_index_and_a_level_on_its_levels(tmp_path, falling):
    index = pd.Series({2020: 100.0, 2021: 95.0, 2022: 91.2, 2023: 86.64})
    levels = {2016: 10.0, 2017: 11.0, 2018: 12.0, 2019: 13.0, 2020: 14.0, 2021: 15.0, 2022: 16.0}
    level = Goal("at_least", 20, None, 2025, unit="points")
    steady = answer(tmp_path, observations=figures(levels), draws=200)
    cut = (falling, index, Goal("at_most", 80, 2020, 2025))
    for one, series, goal in (cut, (steady, pd.Series(levels), level)):
        table = rules_for(one)
        pd.testing.assert_frame_equal(table.drop(columns="definition"), evaluate_all(series, goal, 2024))
        assert set(table["definition"]) == {"widgets"}
    # 13.36 of 20 covered after three of five years, 60 % expected; ln .8664 / ln .8 = .643
    told = results_for(falling)
    assert told["schedule"].value == pytest.approx(0.668)
    assert told["log_schedule"].value == pytest.approx(0.6427, abs=1e-4)


def test_about_is_judged_with_its_tolerance_as_the_probability_is(tmp_path):
    levels = {2019: 16.0, 2020: 17.0, 2021: 18.0, 2022: 19.6}
    about = answer(tmp_path, {"commitment": "about", "tolerance": 0.5}, observations=figures(levels))
    assert results_for(about)["unsd_2023"].category == "met"


@pytest.mark.parametrize("kind", ["cumulative", "rank", "milestone"])
def test_a_target_that_is_no_level_is_judged_by_no_rule(tmp_path, kind):
    direction = {"cumulative": "at_least", "rank": "at_most", "milestone": "achieved"}[kind]
    table = rules_for(answer(tmp_path, {"kind": kind, "direction": direction, "base_year": 2020}))
    assert table["category"].isna().all()
    assert set(table["reason"]) == {f"the rule judges levels; this target is of kind {kind}"}


def test_each_definition_has_its_rows_and_without_figures_every_rule_says_so(tmp_path, definitions, shown):
    parts, table = definitions[1].by_definition(), rules_for(definitions[1])
    assert len(table) == len(parts) * len(RULES) and table["definition"].nunique() == len(parts) == 2
    unknown = answer(tmp_path, observations=[])
    assert set(rules_for(unknown)["reason"]) == {"no figure up to 2024"}
    assert "\n没有规则适用：截至 2024 年没有数据。" in sections.rule_lines([unknown], "zh")[0]
    few = answer(tmp_path / "few", observations=figures({2022: 5.0}))
    assert [sections.rules(one, "en") for one in (unknown, few)] == [None, None] and shown == []


# the command and the section of the page
def test_the_command_shows_the_probability_and_every_rule_in_words_and_as_json(tmp_path, qcity):
    words = ["rules", "goal", "--data", package(tmp_path / "some"), "--as-of", "2024-12-31"]
    code, out, _ = qcity(*words)
    lines = out.strip().splitlines()
    assert code == 0 and "Goal: Testville may or may not reach" in lines[0]
    names = [rule.name("en") for rule in RULES.values()]
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == names
    assert "  Energy barometer: does not apply: the rule is for reductions" in lines
    # 2017 to 2022: 5.1 in five years; three more bring 3.06 of the 3.9 left, 21.5 % missed
    assert "  German weather symbols: cloud → no" in lines
    assert lines[-1].startswith("14 rules apply: ")
    (part,) = json.loads(qcity(*words, "--json")[1])
    assert part["target"] == "goal" and 0 <= part["probability"] <= 1 and list(part["rules"]) == PUBLISHED
    assert part["rules"]["destatis"] == {"category": "cloud", "will_meet": False, "reason": None}
    words[3] = package(tmp_path / "none", observations=[])  # where nothing can be said it ends with 3
    code, out, _ = qcity(*words, "--language", "zh")
    assert (code, out.strip().splitlines()[-1]) == (3, "没有规则适用：截至 2024 年没有数据。")


def test_a_result_is_said_in_words():
    assert sections.rule_shown(RuleResult("light_cloud", False), "en") == ["light cloud", "no"]
    refused = evaluate("schedule", SIX, Goal("at_most", 1, 2015, 2025, "rank"), 2020)
    assert sections.rule_shown(refused, "zh") == ["不适用：该规则评价水平值；此目标属“位次”类", "–"]


# LMDI-I: exact sums, hand-worked numbers, sectors that come and go, and bad tables
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
    if min(intensity(start), intensity(end)) > 0:
        whole = decompose(start, end, ratio=True).loc["total"]
        assert whole["structure"] * whole["intensity"] == pytest.approx(whole["total"])
        assert whole["total"] == pytest.approx(intensity(end) / intensity(start), rel=1e-6)


def test_the_parts_are_those_worked_by_hand():
    # V 60 -> 80. heavy: E/V 1 -> .625, share 1/3 -> 1/4; light: 1/3 -> 3/8, share 2/3 -> 3/4
    # heavy w = -.375 / ln .625 = .79786; structure .79786 ln .75 = -.22953; intensity .79786 ln(2.5/3) = -.14547
    # light w = .0416667 / ln 1.125 = .35376; structure .35376 ln 1.125 = .04167; intensity 0
    start, end = table((60, 20), (20, 40)), table((50, 20), (30, 60))
    parts = decompose(start, end)
    assert parts.equals(decompose(start, end.iloc[::-1]))  # the order of the sectors does not matter
    assert parts["structure"].tolist() == pytest.approx([-0.22953, 0.041667, -0.187864], abs=1e-5)
    assert parts["intensity"].tolist() == pytest.approx([-0.14547, 0.0, -0.14547], abs=1e-5)


def test_factors_add_up_and_multiply_to_the_change_of_their_product():
    parts = factors({"a": 2.0, "b": 5.0, "c": 1.0}, {"a": 3.0, "b": 4.0, "c": 2.0})
    assert parts["additive"].tolist() == pytest.approx([14 * math.log(r, 2.4) for r in (1.5, 0.8, 2, 2.4)])
    assert parts["ratio"].tolist() == pytest.approx([1.5, 0.8, 2.0, 2.4])
    with pytest.raises(QcityError, match="same factors, each above 0"):
        factors({"a": 0.0}, {"a": 1.0})


def test_a_published_example_is_reproduced():
    """The simple example of the vignette of LMDIR, a version of S3 of doi 10.1016/j.apenergy.2019.01.255."""
    pairs = [((1, 10, 2), (4, 5, 3)), ((4, 5, 3), (5, 6, 4))]
    parts = pd.DataFrame([factors(*map(pd.Series, pair))["additive"][:3] for pair in pairs])
    shown = [[50.47438029, -25.23719014, 14.76280986], [19.31568569, 15.78206435, 24.90224996]]
    assert parts.to_numpy() == pytest.approx(np.array(shown), abs=1e-8)
    ratios = np.exp(parts.sum() / logarithmic_mean(180, 80))
    assert ratios.tolist() == pytest.approx([1.761117821, 0.926191306, 1.379410116], abs=1e-9)


def test_the_logarithmic_mean_lies_between_its_numbers_and_needs_none_below_0():
    assert logarithmic_mean(2, 8) == pytest.approx(6 / math.log(4)) == logarithmic_mean(8, 2)
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
    assert decompose(start, end).loc[sector].tolist() == pytest.approx(expected, abs=1e-9)


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

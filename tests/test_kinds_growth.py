"""Average growth, a level kept to in every year, joined definitions and official outcomes: answers worked out by hand.

Each answer on the shipped tables is worked out from the rows named beside it; what is left open is not simulated here.
"""

import dataclasses
from math import prod

import pytest

from packages import (  # isort: skip
    STEADY, answer, change, changes, codes, columns, figure, figures, indicator, package, target, write_table,
)  # fmt: skip

import qcity_analysis as qc
from qcity_analysis.reporting import sentences
from qcity_analysis.rules import rules_for

EVERY = dict(kind="every_year", direction="at_most", threshold="5.5", base_year=2020, deadline=2023)
GROWTH = {"kind": "average_growth", "threshold": 7, "unit": "% a year", "base_year": 2020}


@pytest.fixture(scope="module")
def data():
    return qc.load(as_of="2026-06-30")


def ask(data, plan, name, day=None):
    return qc.assess(data, name, plan=plan, as_of=day, draws=4)


def notes(found, lang="en"):
    return [sentences.note(note, lang) for note in found.notes if note.code.startswith("official")]


GREW = [1.092, 1.077, 1.077, 1.073, 1.069]
SETTLED = [  # plan, target, day (None: today), status, outcome (levels of the series), officially stated
    ("china_12fyp", "gdp", None, "met", 100 * prod(GREW), False),  # newest vintages
    ("china_12fyp", "gdp", "2016-02-29", "met", 100 * prod(GREW), False),
    *(("china_14fyp", "unemployment_surveyed", day, "missed", 5.6, False) for day in (None, "2023-02-28")),
    ("china_11fyp", "energy_per_gdp", None, "met", 80.9, False),
    ("china_13fyp", "cod", None, "met", None, True),
    ("china_12fyp", "energy_per_gdp", None, "met", 100 * (1 - 0.0201) * 0.964 * 0.963 * 0.952 * 0.944, False),
    ("china_13fyp", "gdp", None, "missed", 100 * prod([1.067, 1.069, 1.066, 1.06, 1.023]), False),
    ("china_14fyp", "rd_spending", None, "met", 100 * prod([1.142, 1.104, 1.081, 1.083, 1.081]), False),
    ("china_11fyp", "services_share", None, "missed", 43.0, False),
    ("china_13fyp", "life_expectancy", None, "met", 77.93, False),
    ("china_14fyp", "co2_per_gdp", None, "missed", 82.3, True),
    ("provinces_energy", "energy_per_gdp_12fyp_hebei", "2015-02-28", "met", None, True),
    ("nanjing_yearly", "cpi_change_2011", None, "missed", 5.4, False),
    ("china_11fyp", "rd_intensity", None, "missed", 1.75, False),  # no definition of 2024 plays a part
    ("china_14fyp", "rd_intensity_up", None, "met", 2.80, False),  # against 2.40 × 2.58 / 2.65 on the new GDP
    ("china_13fyp", "urban_new_jobs", None, "met", 6564, False),
    ("nanjing_yearly", "gdp_growth_2013", None, "met", 11, False),  # an estimate settles for the time being
]


@pytest.mark.parametrize(("plan", "name", "day", "status", "outcome", "stated"), SETTLED)
def test_a_settled_target_has_the_answer_worked_out_by_hand(data, plan, name, day, status, outcome, stated):
    found = ask(data, plan, name, day)
    assert (found.status, found.stated is not None) == (status, stated)
    assert found.outcome == (None if outcome is None else pytest.approx(outcome, rel=1e-3))
    assert found.probability is None and found.reason is None
    assert ("officially" in sentences.headline(found, "en")) == stated
    said = [one for lang in ("zh", "en") for one in (*notes(found, lang), sentences.alt_text(found, lang))]
    assert not any("{" in text or "nan" in text for text in said)


def test_before_the_figures_are_out_the_same_targets_are_open(data):
    for plan, name, day in (
        ("china_12fyp", "gdp", "2016-02-28"), ("china_13fyp", "life_expectancy", "2022-07-12"),
        ("china_13fyp", "cod", "2021-03-03"),
    ):  # fmt: skip
        assert ask(data, plan, name, day).status == "forecast"
    # the change of scope in the year of the deadline counts: both are asked, and only the older has a base year
    scopes = [part.status for part in ask(data, "china_14fyp", "co2_per_gdp", "2026-03-12").parts]
    assert scopes == ["forecast", "not_assessable"]
    # the share of 2023 on the new GDP was not known: nothing is joined, the older series ends in 2023
    shares = ask(data, "china_14fyp", "rd_intensity_up", "2025-06-30").parts
    assert [part.definition["indicator_id"] for part in shares] == ["rd_intensity", "rd_intensity_c5"]
    assert shares[0].status == "forecast" and shares[0].levels().index[-1] == 2023


def test_growth_is_said_in_percent_a_year_and_the_pace_needed_is_that_of_the_rest(data):
    met, open_ = ask(data, "china_12fyp", "gdp"), ask(data, "china_13fyp", "gdp", "2020-06-30")
    assert sentences.headline(met, "en").endswith(
        "met the target: 7.76 % a year. The target was to grow by at least 7 % a year on average in 2011–2015."
    )
    told = "已达标：年均 7.76%。目标是 2011–2015 年实现年均增长 7% 以上。"
    assert sentences.headline(met, "zh").endswith(told)
    assert (open_.levels()[2019], open_.bound) == pytest.approx((129.01, 137.01), abs=0.01)
    paces = open_.pace_so_far.compound, open_.pace_needed.compound
    assert paces == pytest.approx((6.57, 6.20), abs=0.005)
    assert "reaching 6.5 % a year in 2020" in " ".join(sentences.sentences(open_, "en"))
    base = ask(data, "provinces_energy", "energy_per_gdp_12fyp_zhejiang", "2013-06-30")
    assert sentences.level(base, 100.0, "en") == "0 %"  # though 82 / .82 is not 100
    rules = rules_for(open_).set_index("rule")
    assert rules.loc["schedule", "will_meet"] == (129.01 - 100 >= 0.8 * 37.01)


def test_what_was_officially_said_stands_beside_our_own_and_differences_are_named(data):
    energy = notes(ask(data, "china_11fyp", "energy_per_gdp"))
    assert len(energy) == 2 and energy[0].endswith("2011-06-10): −19.1 %, met.")
    jobless = ask(data, "china_14fyp", "unemployment_surveyed")
    assert jobless.settled_in == "2022" and notes(jobless)[0].endswith(": 5.2 %.")
    assert "at most 5.5 % in every year from 2021 to 2025" in sentences.headline(jobless, "en")
    growth = ask(data, "china_12fyp", "gdp")
    assert [code for code in codes(growth) if "official" in code] == ["official"]  # 7.8 is 7.76 rounded
    water = sentences.plan_reading(ask(data, "china_15fyp", "life_expectancy"), "en")
    assert "Nature: expected" in water
    quality = sentences.plan_reading(ask(data, "nanjing_quality_city", "rd_intensity"), "en")
    assert not any(line.startswith("Nature") for line in quality)


SAID = {name: target()[name] for name in ("plan", "target_id", "region", "unit", "source_id")}


def told(folder, outcomes, rows):
    """The answer of 2026 to one target with these figures and official outcomes."""
    package(folder, observations=rows)
    rows = [SAID | {"published": "2026-03-01"} | row for row in outcomes]
    write_table(folder / "outcomes.csv", rows, columns("outcomes"))
    return qc.assess(qc.load(folder, "2026-06-30"), "goal", draws=4)


VALUE = {"value": "19.9", "qualifier": "="}
WORDS = [  # an official row, and what it makes of "at least 20" without a figure of 2025
    (VALUE, "missed"), (VALUE | {"value": "20"}, "met"), (VALUE | {"qualifier": ">="}, "forecast"),
    (VALUE | {"qualifier": "<="}, "missed"), (VALUE | {"value": "20.5", "qualifier": ">="}, "met"),
    (VALUE | {"value": "20.5", "qualifier": "<="}, "forecast"), ({"verdict": "met"}, "met"),
    (VALUE | {"verdict": "met"}, "met"),  # as it was said
    (VALUE | {"published": "2025-03-01"}, "forecast"),  # a figure before the year is over is of another year
    ({"verdict": "met", "published": "2025-03-01"}, "met"),
    ({"verdict": "met", "published": "2023-12-26"}, "forecast"),  # a mid-term review settles nothing
    (VALUE | {"published": "2026-07-01"}, "forecast"),  # not known yet
]  # fmt: skip


@pytest.mark.parametrize(("row", "status"), WORDS)
def test_an_official_word_settles_only_what_it_decides(tmp_path, row, status):
    assert told(tmp_path, [row], figures(STEADY)).status == status


def test_own_figures_come_first_and_another_question_is_not_settled_by_the_official_word(tmp_path):
    own = told(tmp_path, [VALUE], [*figures(STEADY), figure(2025, "20.4")])
    assert own.status == "met" and codes(own)[-1] == "official_differs"
    assert "(20.4 points, met)" in notes(own)[-1]
    goal = told(tmp_path, [{"verdict": "met"}], figures(STEADY)).target
    data = qc.load(tmp_path, "2026-06-30")
    for other in ({"deadline": 2027}, {"threshold": 30.0}):
        assert qc.assess(data, dataclasses.replace(goal, **other), draws=4).status == "forecast"


@pytest.mark.parametrize(("levels", "status", "outcome", "settled"),
    [({2021: 5.1, 2022: 5.6, 2023: 5.2}, "missed", 5.6, "2022"),
    ({2021: 5.1, 2022: 5.6}, "missed", 5.6, "2022"),
    ({2020: 7.0, 2021: 5.1, 2022: 5.5, 2023: 5.2}, "met", 5.2, None),
    ({2019: 5.0, 2020: 5.0, 2021: 5.1, 2022: 5.4}, "forecast", None, None),
    ({2019: 5.0, 2020: 5.0, 2021: 5.1, 2023: 5.2}, "not_assessable", None, None)])  # fmt: skip
def test_a_level_to_keep_to_is_missed_in_the_first_bad_year(tmp_path, levels, status, outcome, settled):
    found = answer(tmp_path, EVERY, draws=400, observations=figures(levels))
    assert (found.status, found.outcome, found.settled_in) == (status, outcome, settled)
    if status == "forecast":
        alone = found.forecast.probability_at_most(5.5, year=2023)
        assert found.probability == pytest.approx(alone)  # one year is left
    assert rules_for(found)["will_meet"].isna().all()


def test_the_chance_of_every_year_is_that_of_paths_that_keep_to_it_in_all_of_them(tmp_path):
    rows = figures({2018: 4.9, 2019: 5.2, 2020: 5.0, 2021: 5.1, 2022: 5.3})
    open_ = answer(tmp_path, EVERY | {"deadline": 2026}, "2023-12-31", observations=rows)
    kept = (open_.forecast.paths <= 5.5).all(axis=1).mean()
    assert open_.probability == kept < open_.forecast.probability_at_most(5.5, year=2026)


def test_both_kinds_need_a_base_year_and_a_side(tmp_path):
    goals = GROWTH | {"base_year": ""}, EVERY | {"base_year": ""}, GROWTH | {"direction": "increase"}
    goals = [target(f"t{n}", **cells) for n, cells in enumerate(goals)]
    problems = qc.check(package(tmp_path, targets=goals, observations=changes({2021: 7.0})), "2021-12-31")
    assert [problem.code for problem in problems] == ["no_base_year", "no_base_year", "no_side"]


@pytest.mark.parametrize(("fits", "wordings"), [  # each wording with a kind that it does not fit
    ("average_growth", {"国内生产总值年均增长7%": "level", "growth of 7 % a year on average": "every_year"}),
    ("every_year", {"城镇失业率每年控制在5%以内": "level", "below 5 % in every year": "direction"}),
    ("monotone, every_year", {"合格率逐年提高": "level", "quality better each year": "direction"}),
    ("relative_change, average_growth", {
        "能耗比2020年降低18%": "level", "能耗降低18%": "cumulative", "reduce energy use by 18% from 2020": "level",
        "water use 16 percent lower than in 2020": "direction", "halve road deaths by 2030": "rank"}),
    ("cumulative", {"累计新增就业4500万人": "level", "45 new parks over five years": "level"}),
    ("zero_event", {"重大事故零发生": "level", "no major accident": "direction"}),
    ("rank, milestone", {"跻身全球创新城市前20": "level", "among the top ten": "direction"}),
    ("level, coverage, every_year", {"森林覆盖率提高到24.1%": "relative_change", "rise to 24.1 %": "cumulative"}),
    ("", {"PM2.5年均浓度降到30": "level", "比2020年提高2个百分点": "level", "失业率5%以内": "level",
          "the top 10 % of farms": "level", "降低到2020年的82%": "relative_change",
          "no more than three accidents": "level", "产值年均增长7%，占比达到100": "level", "产值增长7%": "level"}),
])  # fmt: skip
def test_a_kind_that_does_not_fit_the_wording_is_refused_with_those_that_would(tmp_path, fits, wordings):
    name = "目标" if fits else "产值增长"  # of growth itself a level may be asked
    goals = [target(f"t{n}", kind=kind, threshold="100", name_zh=name) | {"wording_en" if w.isascii() else "wording": w}
             for n, (w, kind) in enumerate(wordings.items())]  # fmt: skip
    problems = qc.check(package(tmp_path, targets=goals, observations=changes({2021: 7.0})), "2021-12-31")
    told = [problem.values["kinds"] for problem in problems if problem.code == "kind_of_wording"]
    assert told == [fits] * len(wordings) * bool(fits)


def test_check_reads_earlier_targets_and_outcomes(tmp_path):
    folder = package(tmp_path, indicators=[indicator("widgets")], observations=[change(2021, 3)])
    earlier = [target(), target("old", kind="sum"), target("lost", region="x")]
    write_table(folder / "earlier_targets.csv", earlier, columns("targets"))
    row = SAID | {"published": "2025"}
    faults = dict(target_id="goat", verdict="met"), VALUE | {"unit": "%"}, dict(value=3, region="otherland")
    write_table(folder / "outcomes.csv", [row | fault for fault in faults], columns("outcomes"))
    found = {(p.file, p.row, p.column, p.code) for p in qc.check(folder) if p.level == "error"}
    assert found == {
        ("earlier_targets.csv", 3, "kind", "cell_choice"), ("earlier_targets.csv", 4, "region", "unknown_name"),
        ("earlier_targets.csv", 2, "target_id", "target_twice"), ("outcomes.csv", 2, "target_id", "unknown_name"),
        ("outcomes.csv", 3, "unit", "unit"), ("outcomes.csv", 4, "value", "no_outcome"),
    }  # fmt: skip

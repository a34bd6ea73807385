"""The plan's national counterpart, −13.5 % energy per GDP in 2021–2025, and the five-year targets before it.

Outcomes and the plain rules are worked out here by hand from the published changes; our probabilities are only held to
what the published figures make clear, because a newly trained prior may move them.
"""

import dataclasses
import math
from math import prod

import pandas as pd
import pytest

import qcity_analysis as qc
from qcity_analysis.reporting import track_sections
from qcity_analysis.trackrecord import ledger
from qcity_analysis.trackrecord.ledger import Sight, said_of_earlier
from qcity_analysis.trackrecord.record import TrackRecord

A, B = "energy_per_gdp", "energy_per_gdp_b"
HAPPENED = {2006: 0.0, 2014: 1.0, 2015: 1.0, 2017: 1.0, 2018: 1.0, 2019: 0.0}


@pytest.fixture(scope="module")
def data():
    """The package with the national counterpart as its only target besides the earlier ones."""
    whole = qc.load(as_of="2026-06-30")
    mine = (whole.targets["plan"] == "china_14fyp") & (whole.targets["target_id"] == A)
    earlier = whole.earlier_targets
    named = earlier["plan"].str.startswith("china_") | (earlier["plan"] == "jiangsu_12fyp")
    earlier = earlier[named & (earlier["indicator_id"] == A)]
    return dataclasses.replace(whole, targets=whole.targets[mine], earlier_targets=earlier)


@pytest.fixture(scope="module")
def told(data):
    real = ledger.assess
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "assess", lambda *args, draws=0, **options: real(*args, draws=400, **options))
        return said_of_earlier(data, None, lambda due, compute: compute([of for *_, of in due]), Sight(data))


@pytest.fixture(scope="module")
def national(told):
    return told[(told["plan"] == "china_14fyp") & (told["target_id"] == A)]


def row(table, year, definition=A):
    (index,) = table.index[(table["as_of"].map(str) == f"{year}-06-30") & (table["definition"] == definition)]
    return table.loc[index]


def test_it_is_asked_in_the_middle_of_every_year_under_each_definition_known_by_then(national):
    asked = national[national["last_year"] >= 2021]
    days, light = asked["as_of"].map(str), asked["light"]  # graded as behind by the evaluation of 2023-12-26
    assert [*zip(days.str[:4], asked["definition"], asked["last_year"], strict=True)] == [
        ("2022", A, 2021), ("2023", A, 2022), ("2024", A, 2022),
        ("2024", B, 2023), ("2025", A, 2022), ("2025", B, 2024),
    ]  # fmt: skip
    assert (days.str[4:] == "-06-30").all() and light.fillna(9).tolist() == [9, 9, 0, 0, 0, 0]


def test_only_the_new_definition_has_an_outcome_and_the_old_one_is_never_joined_to_it(national):
    assert national.loc[national["definition"] == A, ["outcome", "met"]].isna().all(axis=None)
    new = national[national["definition"] == B]
    assert (new["met"] == 1).all()
    # −11.6 % was published for 2020–2024 and −5.1 % for 2025; the chain of yearly changes on −7.3 % gives −15.4 %.
    assert new["outcome"].iloc[0] == pytest.approx(100 * (1 - 0.116) * (1 - 0.051))
    assert 100 * prod([1 - 0.073, 1 - 0.038, 1 - 0.051]) == pytest.approx(84.6, abs=0.05)


def test_the_old_definition_points_to_a_miss_from_2023_on_and_the_new_one_is_open_in_2025(national):
    first, *old = (row(national, year)[["figures", "probability"]] for year in (2022, 2023, 2024, 2025))
    assert first["figures"] < 0.33 and max(map(max, old)) < 0.1  # in 2022 earlier aims counted as well
    assert row(national, 2024, B)["status"] == "not_assessable"  # two levels are too few
    assert 0.2 < row(national, 2025, B)["probability"] < 0.8


BY_HAND = [(2022, A, 0.973, 1, 2.7), (2023, A, 0.973 * 0.999, 2, 0.1), (2025, B, 0.927 * 0.962, 4, 3.8)]


@pytest.mark.parametrize(("year", "definition", "level", "passed", "fall"), BY_HAND)
def test_the_rules_are_those_worked_out_by_hand(national, year, definition, level, passed, fall):
    says = row(national, year, definition)
    assert says["schedule"] == float((1 - level) / 0.135 >= passed / 5 - 1e-9) == float(year != 2023)
    assert says["log_schedule"] == float(math.log(level) / math.log(0.865) >= passed / 5)
    assert says["barometer"] == float(fall >= 100 * (1 - 0.865 ** (1 / 5)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_every_target_and_what_was_wrong_counts_as_wrong(data, told, shown, lang):
    none = pd.DataFrame()
    record = TrackRecord(data.as_of, "", none, none, told, none, none, 0, {})
    track_sections.earlier(data, record, lang)
    words = shown.words()
    assert "−16.1" in words and words.count("<table") >= 8 and "nan" not in words and "{" not in words
    assert words.count("<details") == told["plan"].nunique() and 'id="china_13fyp"' in words
    whole = record.real_by("plan").loc["china_13fyp"]
    assert whole["right"] == 0 and whole["brier"] > 0.25 and whole["targets"] == 1
    conclusion = track_sections.real_conclusion(record, lang)
    assert ("can be taken at" if lang == "en" else "可以照字面") not in conclusion


@pytest.mark.parametrize(("plan", "issued", "changes", "met"), [
    ("china_11fyp", "2006-03", [-19.1], True),  # published; "about 20 %" with a tolerance of one point
    ("china_12fyp", "2011-03", [-2.01, -3.6, -3.7, -4.8, -5.6], True),
    ("china_13fyp", "2016-03", [-5.0, -3.7, -3.1, -2.6, -0.1], False),
    ("jiangsu_12fyp", "2011-09", [-22.9], True),
])  # fmt: skip
def test_earlier_targets_have_the_published_outcome_once_issued(told, plan, issued, changes, met):
    mine = told[told["plan"] == plan]
    level = 100 * prod(1 + change / 100 for change in changes)
    assert mine["outcome"].iloc[0] == pytest.approx(level, abs=0.06)
    assert (mine["met"] == float(met)).all() and mine["as_of"].map(str).min() > issued
    if plan == "china_13fyp":  # what we would have said was wrong and is shown
        assert (mine["probability"] > 0.5).all()


def test_yearly_targets_count_only_under_the_definition_with_a_figure_and_none_is_asked_once_it_is_over(told):
    assert (told["as_of"].map(lambda day: day.year) <= told["deadline"]).all()
    assert not told["status"].isin(["met", "missed"]).any()
    met = told[told["plan"] == "china_yearly"].set_index(["deadline", "definition"])["met"]
    assert {year: met[year, A] for year in HAPPENED} == HAPPENED
    assert pd.isna(met[2023, A]) and met[2024, B] == met[2025, B] == 1

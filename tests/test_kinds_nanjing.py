"""Every target of the two plans, worked through with figures typed in for the test: met, missed, and open.

The targets and indicators are the real ones; no figure here was published by anyone. What is open is computed again
the slow way (see `slow_answers`), or is known not to be assessable.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from packages import Row, figure, loaded
from slow_answers import (
    chance_of_count,
    chance_of_every_year,
    chance_of_level,
    chance_of_none,
    chance_of_rank,
)

from qcity_analysis.assessment.answer import Assessment
from qcity_analysis.assessment.assess import KINDS, assess
from qcity_analysis.files import PROJECT
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.show import key_figures

RAW = PROJECT / "data" / "raw"
Levels = dict[Any, float]


def real(name: str) -> list[Row]:
    with (RAW / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


TARGETS = {(row["plan"], row["target_id"]): row for row in real("targets.csv")}
INDICATORS = {row["indicator_id"]: row for row in real("indicators.csv")}


@dataclass(frozen=True)
class Case:
    """Figures by period for one target: those that settle it either way, and those that leave it open.

    `measure` is that of all figures; `peers` are the levels of other cities; `open_reason` is set where what is open
    cannot be assessed.
    """

    met: Levels
    missed: Levels
    open: Levels
    measure: str = "level"
    peers: dict[str, Levels] = field(default_factory=dict)
    open_reason: str | None = None


def run(*levels: float, start: int = 2019) -> Levels:
    return dict(enumerate(levels, start))


def share(met: float, missed: float, *levels: float) -> Case:
    """Levels to 2023 that leave the target open, then the figure for 2025 that settles it."""
    before = run(*levels)
    return Case(before | {2025: met}, before | {2025: missed}, before)


def news(met: Levels, missed: Levels, left_open: Levels) -> Case:
    return Case(met, missed, left_open, measure="count_new")


DONE = Case({2024: 1}, {2025: 0}, {2023: 0}, open_reason="milestone_open")
PEERS = {
    "suzhou": run(2.0, 3.0, 4.0, 4.0, 5.0),
    "wuxi": run(4.0, 4.0, 5.0, 6.0, 6.0),
    "changzhou": run(1.0, 2.0, 2.0, 3.0, 5.0),
}

NANJING = {
    "rd_intensity": share(3.9, 3.89, 3.3, 3.4, 3.52, 3.61, 3.7),
    "high_value_patents": share(50, 49.9, 30, 33, 36.5, 39, 43),
    "energy_intensity": Case(
        {2021: -4.1, 2022: -3.9, 2023: -4.2, 2024: -3.8, 2025: -4.0},
        {2021: -3.0, 2022: -3.9, 2023: -2.2, 2024: -3.8, 2025: -4.0},
        {2019: -4.0, 2020: -4.4, 2021: -4.1, 2022: -3.5, 2023: -4.2},
        measure="change_pct",
    ),
    "non_fossil_share": share(12, 11.9, 8.9, 9.4, 9.9, 10.2, 10.9),
    "green_agri_share": share(75.3, 74.9, 60, 64, 66, 70, 71),
    "agri_safety_pass": share(98, 97.9, 97.4, 97.9, 98.1, 97.6, 98.2),
    "food_safety_pass": share(98.5, 98.4, 97.9, 98.0, 98.4, 98.2, 98.6),
    "manufacturing_pass": share(96.0, 95.9, 93.1, 94.4, 94.9, 95.2, 95.4),
    "consumer_goods_pass": share(97.1, 95.0, 95.1, 95.4, 96.9, 95.2, 96.4),
    "quality_competitiveness": share(88.0, 87.9, 84.6, 85.1, 86.4, 86.6, 87.3),
    "construction_pass": Case(
        run(96.0, 95.1, 96.2, 96.9, 97.3, 97.4, 98.0),
        run(96.0, 95.1, 96.2, 96.9, 97.3, 97.3),
        run(96.0, 95.1, 96.2, 96.9, 97.3),
    ),
    "public_service_satisfaction": share(83.0, 82.4, 79.5, 80.4, 81.9, 81.3, 82.6),
    "international_standards": news(
        {2021: 3, 2022: 4, 2023: 5}, {2021: 2, 2022: 1, 2023: 3, 2024: 2, 2025: 3}, {2021: 2, 2022: 1, 2023: 3}
    ),
    "national_standards": news(
        {2021: 150, 2022: 151, 2023: 299},
        {2021: 90, 2022: 101, 2023: 99, 2024: 110, 2025: 120},
        {2019: 95, 2020: 100, 2021: 102, 2022: 121, 2023: 119},
    ),
    "china_quality_award": Case(  # the rounds of 2021 and 2023 tell no chance for that of 2025
        {2023: 1}, run(0, 0, 0, 0, 0, start=2021), {2021: 0, 2022: 0, 2023: 0}, "count_new",
        open_reason="few_counts",
    ),
    "governor_quality_award_rank": Case(
        run(5.0, 5.0, 5.0, 6.0, 6.0, 6.0, 6.0), run(5.0, 5.0, 5.0, 4.0, 4.0, 4.0, 4.0),
        run(5.0, 5.0, 5.0, 6.0, 6.0), peers=PEERS,
    ),
    "major_quality_accidents": news(
        {2021: 1, 2023: 0, 2024: 0, 2025: 0}, {2022: 0, 2023: 0, "2024-08": 1},
        {2019: 0, 2020: 1, 2021: 0, 2022: 0, 2023: 0},
    ),
    "tech_incubators": share(260, 259, 190, 199, 214, 226, 238),
    "green_building_new": share(100, 99.5, 97.5, 98.1, 98.8, 99.4, 99.8),
    "residential_energy_standard": share(100, 99, 91, 94, 95, 97, 99),
    "key_process_cnc": share(56.1, 55.2, 54.0, 55.2, 55.9, 55.4, 55.7),
    "grid_inspection_coverage": share(100.0, 99.8, 92.5, 96.4, 97.7, 98.9, 99.6),
    "industrialised_construction": share(60, 58, 40, 44, 49, 52, 55),
    "smart_construction": share(61, 59.5, 20, 29, 40, 45, 51),
    "service_opening_tasks": Case(
        {2021: 30, 2022: 61, 2023: 104}, {2021: 20, 2022: 41, 2023: 60, 2024: 80, 2025: 103},
        {2020: 3, 2021: 20, 2022: 41, 2023: 60}, measure="count_total",
    ),
    "graded_elderly_care": share(50, 49.9, 31, 36, 40, 41, 45),
    "chief_quality_officer": share(100, 98, 60, 71, 80, 91, 97),
    "quality_test_centres": news(
        {2021: 5, 2022: 3, "2023-06": 5}, run(2, 3, 1, 3, 3, start=2021), {2021: 3, 2022: 2, 2023: 3}
    ),
    "standard_pilots_national": news(
        {2021: 5, 2022: 5, 2023: 5}, run(2, 3, 1, 4, 4, start=2021), {2021: 2, 2022: 4, "2023-06": 2}
    ),
    "standard_pilots_provincial": news(
        {2021: 12, 2022: 10, 2023: 15, "2024-Q3": 13}, run(10, 9, 11, 8, 11, start=2021), {2020: 9, 2021: 10, 2023: 11}
    ),
    "five_g_coverage": DONE,
    "specialised_firms_ladder": DONE,
    "standardisation_city_pilot": DONE,
    "china_quality_conference": DONE,
    "quality_benchmark_city_2035": DONE,
}  # fmt: skip
CHINA = {
    "energy_per_gdp": Case(
        {2021: -3.0, 2022: -2.9, 2023: -3.1, 2024: -3.0, 2025: -2.3},
        {2021: -2.7, 2022: -0.1, 2023: -0.5, 2024: -3.8, 2025: -2.9},
        {2018: -3.1, 2019: -2.6, 2020: -0.1, 2021: -2.7, 2022: -2.9, 2023: -2.4},
        measure="change_pct",
    ),
    "non_fossil_share": share(19.5, 19.4, 15.3, 15.9, 16.7, 17.5, 17.9),
    "high_value_patents": share(12, 11.8, 5.0, 6.3, 7.5, 9.4, 11.1),
}
CASES = {("nanjing_quality_city", name): case for name, case in NANJING.items()}
CASES |= {("china_14fyp", name): case for name, case in CHINA.items()}
EVERY = pytest.mark.parametrize("key", sorted(CASES), ids="-".join)


def rows(levels: Levels, row: Row, measure: str, region: str | None = None) -> list[Row]:
    unit = "%" if measure.endswith("pct") else INDICATORS[row["indicator_id"]]["unit"]
    own = {"indicator_id": row["indicator_id"], "region": region or row["region"], "unit": unit}
    return [figure(period, value, measure=measure, **own) for period, value in levels.items()]


def answer(folder: Path, key: tuple[str, str], levels: Levels, as_of: str, draws: int = 200) -> Assessment:
    """The assessment of one real target from figures made up here, with peers where the target is a rank."""
    case, row = CASES[key], dict(TARGETS[key])
    observations = rows(levels, row, case.measure)
    plain = dict.fromkeys(("comparators", "continues", "break_period", "inputs", "derived"), "")
    if (
        case.peers
    ):  # the number of awards decides the rank: the indicator of the test is that number, more is better
        plain |= {"better": "higher", "support": "count"}
        for name, theirs in case.peers.items():
            carried = {year: theirs.get(year, max(theirs.values())) for year in levels}
            observations += rows(carried if 2025 in levels else theirs, row, case.measure, name)
    names = {"name_zh": "市", "name_en": "City"}
    regions = [{"region": name, "parent": "jiangsu"} | names for name in (row["region"], *case.peers)]
    plan = {"source_id": row["source_id"], "publisher": "P", "title": "Plan", "date": "2023"}
    source = {"source_id": "bulletin", "publisher": "Office", "title": "Bulletin", "date": "2024"}
    data = loaded(
        folder, as_of, observations=observations, indicators=[INDICATORS[row["indicator_id"]] | plain], targets=[row],
        sources=[source] + ([plan] if row["source_id"] != "bulletin" else []),
        regions=[*regions, {"region": "jiangsu"} | names],
    )  # fmt: skip
    return assess(data, row["target_id"], draws=draws)


LATE = "2026-06-30"
FAR = ("nanjing_quality_city", "quality_benchmark_city_2035")  # its deadline's figure lies ahead of any data


def test_every_target_of_the_plans_has_its_case_and_every_kind_is_assessed() -> None:
    assert set(CASES) == set(TARGETS)
    assert len(NANJING) == 35 and len(CHINA) == 3
    assert {row["kind"] for row in TARGETS.values()} == set(KINDS)


@EVERY
def test_a_target_is_met_missed_or_as_likely_as_computed_the_slow_way_and_all_can_be_said(
    tmp_path: Path, key: tuple[str, str]
) -> None:
    case, missed = CASES[key], "not_assessable" if key == FAR else "missed"
    levels = {"met": case.met, "missed": case.missed, "none": {}}
    answers = {name: answer(tmp_path / name, key, figures, LATE) for name, figures in levels.items()}
    assert [one.status for one in answers.values()] == ["met", missed, "not_assessable"]
    assert {one.probability for one in answers.values()} == {None}
    answers["open"] = left = answer(tmp_path / "open", key, case.open, "2024-06-30", draws=6000)
    assert (left.reason.code if left.reason else None) == case.open_reason
    if case.open_reason is None:
        assert left.status == "forecast" and left.probability == pytest.approx(slowly(key), abs=0.025)
        assert 0.005 < left.probability < 0.995  # or the comparison would show nothing
    for one in answers.values():
        for lang in ("zh", "en"):
            said = [sentences.headline(one, lang), *sentences.sentences(one, lang)]
            said += [sentences.note(note, lang) for note in one.notes]
            said += [sentences.alt_text(one, lang), sentences.how_to_add(one, lang)]
            said += [str(cell) for cell in key_figures(one, lang).to_numpy().ravel()]
            assert not [text for text in said if "{" in text or "nan" in text.split() or "None" in text]
            assert said[0].endswith("。" if lang == "zh" else ".")


def slowly(key: tuple[str, str]) -> float:
    """The probability of what is open, by kind."""
    row, levels = TARGETS[key], CASES[key].open
    kind, deadline = row["kind"], int(row["deadline"])
    support = INDICATORS[row["indicator_id"]]["support"]
    asked = float(row["threshold"] or 0)
    least = row["direction"] in ("at_least", "increase")
    if kind == "cumulative":
        return slow_count(key, asked)
    if kind == "zero_event":  # no event in 2024 and 2025, after one in five years
        return chance_of_none(1, 5, 2)
    if kind == "monotone":  # the plan is of 2023: 2023, 2024 and 2025, each above the year before
        return chance_of_every_year(levels, 2022, deadline, 1, True, support)
    if kind == "rank":
        return chance_of_rank({"nanjing": levels, **PEERS}, "nanjing", int(asked), deadline, "count")
    if kind == "relative_change":
        index, level = {min(levels) - 1: 100.0}, 100.0
        for year, percent in levels.items():
            level *= 1 + percent / 100
            index[year] = level
        base = index[int(row["base_year"])]
        rebased = {year: 100 * (level / base) for year, level in index.items()}
        return chance_of_level(rebased, 100 + asked, deadline, least, "positive")
    finer = key[1] in ("green_building_new", "grid_inspection_coverage", "key_process_cnc")
    half = (0.1 if finer else 1.0) / 2  # of the last digit published
    bound = asked - half if kind == "coverage" else asked - float(row["tolerance"] or 0)
    if kind == "direction":  # above 55.2 of 2020, as published with one digit
        bound = levels[int(row["base_year"])] + half
    return chance_of_level(levels, bound, deadline, least, support)


def slow_count(key: tuple[str, str], asked: float) -> float:
    """The open counts of the table above, spelled out: what was counted, which years are open, what is missing."""
    name, levels = key[1], CASES[key].open
    if name == "service_opening_tasks":  # 3 at the end of 2020, then 17, 21 and 19 new ones
        counts = [(2021, 1, 17), (2022, 1, 21), (2023, 1, 19)]
        return chance_of_count(counts, [(2024, 1), (2025, 1)], asked - 60)
    if name == "standard_pilots_national":  # half of 2023 is counted, the other half is open
        counts = [(2021, 1, 2), (2022, 1, 4), (2023, 0.5, 2)]
        return chance_of_count(counts, [(2023, 0.5), (2024, 1), (2025, 1)], 15 - 8)
    if name == "standard_pilots_provincial":  # 2022 has no figure and is open, not zero
        counts = [(2020, 1, 9), (2021, 1, 10), (2023, 1, 11)]
        return chance_of_count(counts, [(2022, 1), (2024, 1), (2025, 1)], 50 - 21)
    counts = [(year, 1.0, int(items)) for year, items in levels.items()]
    counted = sum(items for year, _, items in counts if year > 2020)
    return chance_of_count(counts, [(2024, 1), (2025, 1)], asked - counted)

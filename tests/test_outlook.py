"""When a target is reached and how long one may wait, against the forecast itself."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packages import STEADY, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.analysis.outlook import YEARS, again, last_year_to_act, outlook, years_of_attainment


def test_chances_are_the_shares_of_paths_beyond_the_bound_year_by_year(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    answer = qc.assess(data, "goal", draws=2000)
    found = outlook(data, answer, draws=2000)
    series = pd.Series(STEADY).rename("testville/widgets")
    paths = qc.forecast(series, 2022 + YEARS, support="positive", draws=2000, rng=0).paths
    slow = {2023 + k: float(np.mean(paths[:, k] >= 20)) for k in range(YEARS)}
    assert found.chances.to_dict() == pytest.approx(slow)
    assert found.chances[2025] == pytest.approx(answer.probability, abs=0.002)
    first = min(year for year, chance in slow.items() if chance >= 0.5)
    assert found.attained[0.5] == first
    needed = min(k for k in range(1, YEARS + 1) if slow[2022 + k] >= 0.1)
    assert found.last_to_act == 2025 - needed


def test_the_chance_of_the_deadline_is_the_probability_of_the_assessment() -> None:
    data = qc.load(as_of="2024-06-30")
    for name, plan in (("rd_intensity", None), ("high_value_patents", "china_14fyp")):
        answer = qc.assess(data, name, plan=plan, draws=2000)
        found = outlook(data, answer)
        assert found.chances[answer.target.deadline] == pytest.approx(
            answer.probability, abs=max(0.005, 4 * answer.probability_error)
        )


def test_the_last_year_to_act_leaves_as_many_years_as_the_chance_of_a_tenth_needs() -> None:
    chances = pd.Series([0.02, 0.09, 0.10, 0.4], index=range(2023, 2027))
    assert last_year_to_act(chances, 2026) == 2023  # three years are needed: 2024, 2025, 2026
    assert last_year_to_act(chances, 2024) == 2021  # it would have had to begin before the last figure
    assert last_year_to_act(chances[:2], 2026) is None
    assert last_year_to_act(chances[:2], 2026, reached=True) == 2026


def test_a_year_of_attainment_is_the_first_with_that_chance_or_none() -> None:
    chances = pd.Series([0.5, 0.49, 0.8], index=[2023, 2024, 2025])
    assert years_of_attainment(chances) == {0.5: 2023, 0.8: 2025, 0.95: None}
    assert years_of_attainment(chances[:0]) == {0.5: None, 0.8: None, 0.95: None}


def test_a_target_whose_level_is_reached_may_stand_still_until_the_deadline(tmp_path: Path) -> None:
    data = loaded(tmp_path, targets=[target(threshold=16)])
    found = outlook(data, qc.assess(data, "goal", draws=500))
    assert (found.reached, found.last_to_act) == (True, 2025)


def test_a_missed_target_is_still_asked_when_it_would_be_reached(tmp_path: Path) -> None:
    data = loaded(tmp_path, targets=[target(deadline=2022)])
    answer = qc.assess(data, "goal", draws=500)
    found = outlook(data, answer, draws=500)
    assert (answer.status, found.reason, found.last_to_act) == ("missed", None, None)
    assert list(found.chances.index) == list(range(2023, 2023 + YEARS))


@pytest.mark.parametrize(
    ("rows", "goal", "code"),
    [
        (figures({2018: 1.0, 2019: 2.0, 2020: 3.0, 2025: 21.0}), {}, "settled"),
        ([], {}, "no_forecast"),
        (figures({2021: 3.0}), {}, "no_forecast"),
    ],
)
def test_without_chances_there_is_a_reason(
    tmp_path: Path, rows: list[dict[str, object]], goal: dict[str, object], code: str
) -> None:
    data = loaded(tmp_path, as_of="2026-12-31", observations=rows, targets=[target(**goal)])
    found = outlook(data, qc.assess(data, "goal", draws=500))
    assert found.reason is not None and found.reason.code == code
    assert (found.chances.empty, found.looked_until, found.last_to_act) == (True, None, None)


def test_each_definition_has_its_own_outlook() -> None:
    data = qc.load(as_of="2026-06-30")
    whole = qc.assess(data, "energy_per_gdp", plan="china_14fyp", draws=500)
    assert outlook(data, whole).reason is not None
    old, new = whole.parts
    assert outlook(data, old, draws=500).chances.index[0] == 2023
    found = outlook(data, new, draws=500)
    assert found.reason is not None and found.reason.code == "settled"


def test_asking_again_changes_only_what_is_named(tmp_path: Path) -> None:
    data = loaded(tmp_path, indicators=[indicator("widgets")])
    answer = qc.assess(data, "goal", draws=500, seed=3)
    same = again(data, answer)
    assert same is not None and (same.probability, same.seed, same.draws) == (answer.probability, 3, 500)
    easy = again(data, answer, dataclasses.replace(answer.target, threshold=1.0))
    assert easy is not None and easy.probability == 1.0
    assert float(data.targets["threshold"].iloc[0]) == 20


def test_the_result_is_plain_data(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    plain = json.loads(json.dumps(outlook(data, qc.assess(data, "goal", draws=500)).to_dict()))
    assert set(plain["attained"]) == {"0.5", "0.8", "0.95"}
    assert plain["chances"]["2025"] == pytest.approx(plain["chances"]["2025"])


def test_a_count_is_asked_with_each_year_as_its_deadline(tmp_path: Path) -> None:
    rows = figures({2018: 9, 2019: 10, 2021: 12, 2022: 11, 2023: 10}, measure="count_new")
    goal = {"kind": "cumulative", "threshold": 52, "base_year": 2020}
    tables = {"observations": rows, "indicators": [indicator("widgets", support="count")]}
    data = loaded(tmp_path / "a", targets=[target(**goal)], **tables)
    found = outlook(data, qc.assess(data, "goal", draws=1000), draws=1000)
    later = loaded(tmp_path / "b", targets=[target(**(goal | {"deadline": 2026}))], **tables)
    assert found.chances[2026] == qc.assess(later, "goal", draws=1000).probability
    assert found.chances.is_monotonic_increasing
    assert found.attained[0.95] == found.chances.index[-1]


def test_better_than_the_base_year_has_a_year_of_attainment_and_all_of_a_period_has_none(
    tmp_path: Path,
) -> None:
    goal = {"kind": "direction", "direction": "increase", "threshold": 0, "base_year": 2020}
    data = loaded(tmp_path / "a", targets=[target(**goal)])
    answer = qc.assess(data, "goal", draws=1000)
    assert outlook(data, answer, draws=1000).chances[2025] == pytest.approx(
        answer.probability, abs=max(0.005, 4 * answer.probability_error)
    )
    every = {"kind": "monotone", "direction": "increase_every_year", "threshold": 0}
    data = loaded(tmp_path / "b", targets=[target(**every)])
    found = outlook(data, qc.assess(data, "goal", draws=500))
    assert found.reason is not None and found.reason.code == "no_year_of_attainment"

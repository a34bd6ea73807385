"""Hindcasts see only what was published by the day; questions and outcomes are recomputed the slow way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from packages import figure, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.trackrecord import hindcasts as room
from qcity_analysis.trackrecord.hindcasts import Hindcasts, hindcasts, origins, plan_indicators

LEVELS = {2012: 10.0, 2013: 10.4, 2014: 11.1, 2015: 11.0, 2016: 11.9, 2017: 12.3, 2018: 12.1, 2019: 13.0}


def rows(levels: dict[int, float], **changes: Any) -> list[dict[str, Any]]:
    return [figure(year, level, published=f"{year + 1}-05-10") | changes for year, level in levels.items()]


def package(folder: Path, **changes: Any) -> qc.Data:
    return loaded(folder, **({"observations": rows(LEVELS)} | changes))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Hindcasts:
    return hindcasts(package(tmp_path_factory.mktemp("data")))


def test_an_origin_is_the_day_a_years_figure_came_out_and_knows_nothing_later(made: Hindcasts) -> None:
    assert [(o.last_year, o.as_of.isoformat()) for o in made.origins] == [
        (year, f"{year + 1}-05-10") for year in range(2014, 2019)
    ]
    for origin in made.origins:
        assert int(origin.series.known().index.max()) == origin.last_year
        assert not origin.lagged


def test_changing_the_future_changes_no_forecast(tmp_path: Path, made: Hindcasts) -> None:
    other = hindcasts(package(tmp_path, observations=rows(LEVELS | {2018: 40.0, 2019: 1.0})))
    place = ["origin", "years", "threshold", "at_least"]
    early = made.questions[made.questions["origin"] <= 3]  # origins up to 2017
    same = early.merge(other.questions, on=place, suffixes=("", "_other"))
    assert len(same) == len(early) > 100
    assert (same["probability"] == same["probability_other"]).all()
    assert (same["met"] != same["met_other"]).any()


def test_every_year_ahead_with_an_outcome_is_asked_and_no_other(made: Hindcasts) -> None:
    expected = [(last, last + h) for last in range(2014, 2019) for h in range(1, 6) if last + h in LEVELS]
    found = [(made.origins[row.origin].last_year, row.year) for row in made.ahead.itertuples()]
    assert sorted(found) == sorted(expected)
    assert all(LEVELS[row.year] == row.actual for row in made.ahead.itertuples())


@pytest.mark.parametrize(("upward", "last", "deadline"), [(True, 2016, 2019), (False, 2015, 2017)])
def test_probabilities_are_those_that_assess_issues(
    tmp_path: Path, made: Hindcasts, upward: bool, last: int, deadline: int
) -> None:
    origin = next(i for i, o in enumerate(made.origins) if o.last_year == last)
    for number, q in enumerate(chosen(made, origin, deadline, upward).iloc[::3].itertuples()):
        goal = target(
            "q", threshold=q.threshold, deadline=deadline, direction="at_least" if upward else "at_most"
        )
        asked = package(tmp_path / str(number), targets=[goal])
        answer = qc.assess(asked, "q", as_of=made.origins[origin].as_of)
        assert q.probability == pytest.approx(answer.probability, abs=0.04)


def chosen(made: Hindcasts, origin: int, deadline: int, upward: bool) -> pd.DataFrame:
    """The questions of one origin, deadline and direction."""
    asked = made.questions
    return asked[
        (asked["origin"] == origin) & (asked["deadline"] == deadline) & (asked["at_least"] == upward)
    ]


def test_comparators_known_on_the_day_move_a_hindcast_as_they_move_the_answer(tmp_path: Path) -> None:
    theirs = rows({year: 40.0 * 1.12 ** (year - 2012) for year in range(2012, 2020)}, region="otherland")
    both = rows(LEVELS) + [row | {"published": f"{int(row['period']) + 1}-05-01"} for row in theirs]
    regions = [
        {"region": "testville", "name_zh": "甲", "name_en": "T", "parent": "otherland"},
        {"region": "otherland", "name_zh": "乙", "name_en": "O", "parent": ""},
    ]
    named = {"indicators": [indicator("widgets", comparators="otherland/widgets")]}
    alone = hindcasts(package(tmp_path / "a", observations=both, regions=regions))
    found = hindcasts(package(tmp_path / "b", observations=both, regions=regions, **named))
    mine = [i for i, o in enumerate(found.origins) if o.region == "testville"]
    before, after = (m.questions.loc[m.questions["origin"].isin(mine), "probability"] for m in (alone, found))
    assert (before.to_numpy() != after.to_numpy()).any()
    origin = next(i for i in mine if found.origins[i].last_year == 2017)
    q = chosen(found, origin, 2019, True).iloc[3]
    goals = [target("q", threshold=q["threshold"], deadline=2019)]
    asked = package(tmp_path / "c", observations=both, regions=regions, targets=goals, **named)
    answer = qc.assess(asked, "q", as_of=found.origins[origin].as_of)
    assert any(note.code == "comparators" for note in answer.notes)
    assert q["probability"] == pytest.approx(answer.probability, abs=0.04)


def test_ambitions_are_multiples_of_the_mean_change_and_of_the_walks_spread(made: Hindcasts) -> None:
    known = made.origins[0].series.known()
    change = np.diff(known.to_numpy())
    drift, rough = abs(change.mean()), np.sqrt((change**2).mean())
    mine = made.questions[(made.questions["origin"] == 0) & (made.questions["years"] == 2)]
    distance = sorted(
        {a * drift * 2 for a in room.AMBITIONS} | {a * rough * np.sqrt(2) for a in room.STRETCH}
    )
    for up in (True, False):
        turn = 1 if up else -1
        found = sorted(turn * (mine.loc[mine["at_least"] == up, "threshold"] - known.iloc[-1]))
        assert np.allclose(found, distance)
    met = np.where(mine["at_least"], LEVELS[2016] >= mine["threshold"], LEVELS[2016] <= mine["threshold"])
    assert (met == mine["met"]).all()


def test_a_series_published_all_at_once_goes_by_its_publication_lag(tmp_path: Path) -> None:
    late = [figure(year, level, published="2021-12-01") for year, level in LEVELS.items()]
    data = loaded(tmp_path, observations=late, indicators=[indicator("widgets", publication_lag_months=8)])
    found, _ = origins(data)
    assert [(o.last_year, o.as_of.isoformat(), o.lagged) for o in found[:2]] == [
        (2014, "2015-08-31", True), (2015, "2016-08-31", True),
    ]  # fmt: skip


def test_a_level_chained_from_changes_is_compared_as_a_ratio(tmp_path: Path) -> None:
    changes = {2013: -2.0, 2014: -3.0, 2015: -1.0, 2016: -4.0, 2017: -2.0, 2018: -5.0}
    data = loaded(tmp_path, observations=rows(changes, measure="change_pct", unit="%"))
    first = origins(data)[0][0]
    assert first.is_index and first.last_year == 2014
    last = first.series.values[2014]
    assert first.actual(2016) == pytest.approx(last * 0.99 * 0.96)


def test_fewer_than_five_years_are_not_looked_at(tmp_path: Path) -> None:
    data = package(tmp_path, observations=rows({y: LEVELS[y] for y in range(2012, 2016)}))
    made = hindcasts(data)
    assert made.origins == () and made.questions.empty and made.ahead.empty


def test_a_plans_series_are_its_targets_their_comparators_and_newer_definitions() -> None:
    found = plan_indicators(qc.load(), "nanjing_quality_city")
    assert {"rd_intensity", "energy_per_gdp", "energy_per_gdp_b"} <= found and "un_rd_intensity" not in found
    with pytest.raises(qc.QcityError, match='unknown plan "?.china_14fy.*Did you mean "china_14fyp"'):
        plan_indicators(qc.load(), "china_14fy")

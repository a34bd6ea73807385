"""Hindcasts see only what was published by the day; questions and outcomes are recomputed the slow way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import Row, figure, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.trackrecord import hindcasts as room
from qcity_analysis.trackrecord.hindcasts import Hindcasts, hindcasts, origins, plan_indicators

LEVELS = {2012: 10.0, 2013: 10.4, 2014: 11.1, 2015: 11.0, 2016: 11.9, 2017: 12.3, 2018: 12.1, 2019: 13.0}


def rows(levels: dict[int, float], **changes: Any) -> list[Row]:
    return [figure(year, level, published=f"{year + 1}-05-10") | changes for year, level in levels.items()]


def package(folder: Path, **changes: Any) -> qc.Data:
    return loaded(folder, **({"observations": rows(LEVELS)} | changes))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Hindcasts:
    return hindcasts(package(tmp_path_factory.mktemp("data")))


def test_an_origin_is_the_day_a_years_figure_came_out_and_every_outcome_is_asked(made):
    days = [(o.last_year, o.as_of.isoformat(), o.lagged) for o in made.origins]
    assert days == [(year, f"{year + 1}-05-10", False) for year in range(2014, 2019)]
    assert all(
        int(o.series.known().index.max()) == o.last_year for o in made.origins
    )  # nothing later is known
    expected = [(last, last + h) for last in range(2014, 2019) for h in range(1, 6) if last + h in LEVELS]
    outcomes = [(made.origins[row.origin].last_year, row.year) for row in made.ahead.itertuples()]
    assert sorted(outcomes) == sorted(expected)
    assert all(LEVELS[row.year] == row.actual for row in made.ahead.itertuples())


def test_changing_the_future_changes_no_forecast(tmp_path, made):
    other = hindcasts(package(tmp_path, observations=rows(LEVELS | {2018: 40.0, 2019: 1.0})))
    early = made.questions[made.questions["origin"] <= 3]  # origins up to 2017
    key = ["origin", "years", "threshold", "at_least"]
    same = early.merge(other.questions, on=key, suffixes=("", "_other"))
    assert len(same) == len(early) > 100
    assert (same["probability"] == same["probability_other"]).all()
    assert (same["met"] != same["met_other"]).any()


def check_answers(
    folder: Path, made: Hindcasts, i: int, deadline: int, upward: bool, step: int, **tables: Any
) -> Any:
    """Every `step`-th question of an origin is answered as `assess` answers it on that day; the last answer."""
    asked = made.questions
    mine = asked[(asked["origin"] == i) & (asked["deadline"] == deadline) & (asked["at_least"] == upward)]
    for number, q in enumerate(mine.iloc[1::step].itertuples()):
        side = "at_least" if upward else "at_most"
        goals = [target("q", threshold=q.threshold, deadline=deadline, direction=side)]
        data = package(folder / str(number), targets=goals, **tables)
        answer = qc.assess(data, "q", as_of=made.origins[i].as_of, draws=5000)
        assert q.probability == pytest.approx(answer.probability, abs=0.04)
    return answer


@pytest.mark.parametrize(("upward", "last", "deadline"), [(True, 2016, 2019), (False, 2015, 2017)])
def test_probabilities_are_those_that_assess_issues(tmp_path, made, upward, last, deadline):
    check_answers(tmp_path, made, last - 2014, deadline, upward, 3)


def test_comparators_known_on_the_day_move_a_hindcast_as_they_move_the_answer(tmp_path):
    theirs = rows({year: 40.0 * 1.12 ** (year - 2012) for year in range(2012, 2020)}, region="otherland")
    both = rows(LEVELS) + [row | {"published": f"{int(row['period']) + 1}-05-01"} for row in theirs]
    regions = [
        {"region": "testville", "name_zh": "甲", "name_en": "T", "parent": "otherland"},
        {"region": "otherland", "name_zh": "乙", "name_en": "O", "parent": ""},
    ]
    tables: dict[str, Any] = {"observations": both, "regions": regions}
    alone = hindcasts(package(tmp_path / "a", **tables))
    tables["indicators"] = [indicator("widgets", comparators="otherland/widgets")]
    moved = hindcasts(package(tmp_path / "b", **tables))
    mine = [i for i, o in enumerate(moved.origins) if o.region == "testville"]
    before, after = (m.questions.loc[m.questions["origin"].isin(mine), "probability"] for m in (alone, moved))
    assert (before.to_numpy() != after.to_numpy()).any()
    i = next(i for i in mine if moved.origins[i].last_year == 2017)
    answer = check_answers(tmp_path / "c", moved, i, 2019, True, 5, **tables)
    assert any(note.code == "comparators" for note in answer.notes)


def test_ambitions_are_multiples_of_the_mean_change_and_of_the_walks_spread(made):
    known = made.origins[0].series.known()
    change = np.diff(known.to_numpy())
    drift, rough = abs(change.mean()), np.sqrt((change**2).mean())
    mine = made.questions[(made.questions["origin"] == 0) & (made.questions["years"] == 2)]
    distance = sorted(
        {a * drift * 2 for a in room.AMBITIONS} | {a * rough * np.sqrt(2) for a in room.STRETCH}
    )
    for up, turn in ((True, 1), (False, -1)):
        asked = sorted(turn * (mine.loc[mine["at_least"] == up, "threshold"] - known.iloc[-1]))
        assert np.allclose(asked, distance)
    met = np.where(mine["at_least"], LEVELS[2016] >= mine["threshold"], LEVELS[2016] <= mine["threshold"])
    assert (met == mine["met"]).all()


def test_a_series_published_all_at_once_goes_by_its_publication_lag(tmp_path):
    late = [figure(year, level, published="2021-12-01") for year, level in LEVELS.items()]
    lagging = [indicator("widgets", publication_lag_months=8)]
    past, _ = origins(package(tmp_path, observations=late, indicators=lagging))
    days = [(o.last_year, o.as_of.isoformat(), o.lagged) for o in past[:2]]
    assert days == [(2014, "2015-08-31", True), (2015, "2016-08-31", True)]


def test_a_level_chained_from_changes_is_compared_as_a_ratio(tmp_path):
    changes = {2013: -2.0, 2014: -3.0, 2015: -1.0, 2016: -4.0, 2017: -2.0, 2018: -5.0}
    first = origins(package(tmp_path, observations=rows(changes, measure="change_pct", unit="%")))[0][0]
    assert first.last_year == 2014
    assert first.actual(2016) == pytest.approx(first.series.values[2014] * 0.99 * 0.96)


def test_fewer_than_five_years_are_not_looked_at(tmp_path):
    few = hindcasts(package(tmp_path, observations=rows({y: LEVELS[y] for y in range(2012, 2016)})))
    assert few.origins == () and few.questions.empty and few.ahead.empty


def test_a_plans_series_are_its_targets_their_comparators_and_newer_definitions():
    names = plan_indicators(qc.load(), "nanjing_quality_city")
    assert {"rd_intensity", "energy_per_gdp", "energy_per_gdp_b"} <= names and "un_rd_intensity" not in names
    with pytest.raises(qc.QcityError, match='unknown plan "?.china_14fy.*Did you mean "china_14fyp"'):
        plan_indicators(qc.load(), "china_14fy")

"""Borrowing from comparators, recomputed the slow way; and how fast indicators change."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from packages import STEADY, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting import prior
from qcity_analysis.forecasting.annual import Shares, borrow, borrowing_evidence, learned, together
from qcity_analysis.forecasting.features import units
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import one_history
from qcity_analysis.reporting import sentences

CITY = pd.Series([2.0, 2.2, 2.3, 2.5], index=range(2017, 2021))
PROVINCE = pd.Series([4.0, 4.1, 4.3, 4.4, 4.9, 5.3], index=range(2017, 2023))
SHARES = Shares(0.5, (0.4, 0.3, 0.2))


def test_published_years_pull_by_their_share_and_later_ones_go_on_from_there():
    own = forecast(CITY, 2023, support="positive")
    moved = borrow(own, [PROVINCE], SHARES)
    before, city = (float(units(one_history(y, "positive"))[0]) for y in (PROVINCE.loc[:2020], CITY))
    expected = forecast(PROVINCE, 2023, support="positive").median()[2023]
    gap = (np.array([4.9, 5.3, expected]) - 4.4) / before * city - (own.median().to_numpy() - 2.5)
    by_hand = [0.5 * gap[0], 0.5 * gap[1], 0.5 * gap[1] + 0.4 * (gap[2] - gap[1])]
    np.testing.assert_allclose(moved.median() - own.median(), by_hand, atol=2e-3)
    widths = [f.interval(0.9).diff(axis=1)["upper"] for f in (own, moved)]
    np.testing.assert_allclose(*widths, atol=1e-9)  # the spread stays as it was


def test_without_a_comparator_that_can_be_compared_or_moves_otherwise_nothing_moves():
    own = forecast(CITY, 2022)
    assert borrow(own, []) is own
    assert borrow(own, [PROVINCE.loc[2019:], PROVINCE.loc[:2019]], SHARES) is own  # short, and ended
    two = forecast(CITY.tail(2), 2022, lower={2021: 2.0}, draws=100)
    assert borrow(two, [PROVINCE], SHARES) is two
    alike = pd.concat([CITY, own.median()])
    np.testing.assert_allclose(borrow(own, [alike], SHARES).median(), own.median(), atol=1e-9)


def test_paths_that_stay_at_the_last_value_of_a_series_that_stands_still_do_not_move():
    own = forecast(pd.Series([5.0, 5.0, 5.0, 5.0], index=CITY.index), 2022, support="positive")
    moved, stays = borrow(own, [PROVINCE], SHARES).paths, own.paths == 5.0
    assert stays.any() and (moved[stays] == 5.0).all() and (moved[~stays] != own.paths[~stays]).all()


def test_nothing_leaves_the_possible_range_and_a_comparator_outside_it_is_named():
    city = pd.Series([97.0, 98.0, 99.0, 99.5], index=range(2017, 2021))
    soaring = pd.Series([50.0, 51.0, 52.0, 53.0, 80.0, 99.0], index=range(2017, 2023))
    own = forecast(city, 2022, support="percent")
    assert borrow(own, [soaring], Shares(1.0, (1.0, 1.0, 1.0))).paths.max() <= 100
    with pytest.raises(QcityError, match="^jiangsu/share: .*outside its support 'percent'"):
        borrow(own, [pd.Series([90, 95, 105, 106], index=range(2017, 2021), name="jiangsu/share")])


def test_the_mean_of_several_comparators_counts_in_units_of_their_own_change():
    both, one = (
        together(CITY, peers, np.array([2021, 2022]), "positive")
        for peers in ([PROVINCE, 10 * PROVINCE], [PROVINCE])
    )
    np.testing.assert_allclose(both.change, one.change, rtol=1e-6)
    assert both.published == 2


def test_the_shipped_shares_come_with_their_evidence_and_it_speaks_for_them():
    assert all(0 <= share <= 1 for share in (learned().published, *learned().expected))
    for key in ("published", "expected"):
        assert borrowing_evidence()[key]["crps"] < 1
        assert 0.85 <= borrowing_evidence()[key]["interval_90_holds"] <= 0.95
    assert "python -m training" in prior.shipped_text("borrowing.json")


FALLING = dict(zip(range(2016, 2025), [30.0, 31.0, 32.0, 33.5, 34.0, 35.0, 36.0, 33.0, 30.0], strict=True))
NAMES = {"testville": "测试城", "nextville": "邻城", "otherland": "别州"}
REGIONS = [
    {
        "region": name,
        "name_zh": zh,
        "name_en": name.title(),
        "parent": "" if name == "otherland" else "otherland",
    }
    for name, zh in NAMES.items()
]


def asked(folder, named, peer, levels=FALLING, region="testville", more=(), **cells):
    """The answer for a target of a region, whose comparator has figures up to 2024."""
    data = loaded(
        folder,
        observations=[*figures(STEADY), *figures(levels, region=peer), *more],
        indicators=[indicator("widgets", comparators=named)],
        targets=[target(region=region, **cells)],
        regions=REGIONS,
        as_of="2025-06-30",
    )
    return assess(data, "goal", draws=2000)


def borrowed(answer):
    return [note for note in answer.notes if note.code == "comparators"]


def test_an_assessment_is_moved_towards_named_comparators_and_says_so(tmp_path):
    alone = asked(tmp_path / "a", "", "otherland")
    moved = asked(tmp_path / "b", "otherland/widgets", "otherland")
    assert moved.probability < alone.probability - 0.1
    (note,) = borrowed(moved)
    assert note.values["probability"] == pytest.approx(alone.probability)
    assert "Otherland" in sentences.note(note, "en") and "别州" in sentences.note(note, "zh")
    assert not borrowed(alone)


def test_regions_beside_count_but_not_regions_below_nor_where_a_later_year_is_known_in_part(tmp_path):
    assert borrowed(asked(tmp_path / "a", "nextville/widgets", "nextville"))
    state = {year: 2 * level for year, level in STEADY.items()}
    below = asked(tmp_path / "b", "testville/widgets", "otherland", state, "otherland", threshold=40)
    assert below.status == "forecast" and not borrowed(below)
    bound = figure(2023, 16.5, qualifier=">=")  # left to speak for itself
    assert not borrowed(asked(tmp_path / "c", "otherland/widgets", "otherland", more=[bound]))


# how fast indicators change


def test_from_96_to_98_is_about_as_far_as_from_80_to_90_among_shares() -> None:
    pairs = ([96, 98], [80, 90])
    high, middle = (float(np.diff(prior.scaled(np.array(pair), "percent"))[0]) for pair in pairs)
    assert high == pytest.approx(math.log(98 / 2) - math.log(96 / 4))
    assert high / middle == pytest.approx(1, abs=0.15)
    assert np.isfinite(prior.scaled(np.array([0.0, 100.0]), "percent")).all()
    assert np.isnan(prior.scaled(np.array([0.0]), "count")).all()  # no place on a logarithmic scale


def test_a_share_counts_moves_at_least_as_fast_in_the_direction_needed_or_in_either() -> None:
    sample = np.sort(np.random.default_rng(1).normal(0.5, 2.0, 99_001))
    levels = np.quantile(sample, np.arange(1, 100) / 100)
    moves = prior.ReferenceChanges("real", 1, 1, np.tile(levels, (10, 1)))
    for move in (-3.0, -0.4, 0.0, 1.1, 4.0):
        slow = float(np.mean(sample >= move) if move >= 0 else np.mean(sample <= move))
        assert moves.share(move, 4) == pytest.approx(slow, abs=0.006)
        lost = float(np.mean(sample >= -abs(move)))
        assert moves.share(-abs(move), 4, rising=True) == pytest.approx(lost, abs=0.006)
        both = float(np.mean(np.abs(sample) >= abs(move)))
        assert moves.share(move, 4, either=True) == pytest.approx(both, abs=0.012)
    still = np.tile(np.r_[np.full(30, -1.0), np.zeros(50), np.full(19, 1.0)], (10, 1))
    # Standing still counts as fast enough when no move is needed.
    assert prior.ReferenceChanges("percent", 1, 1, still).share(0.0, 1) == pytest.approx(0.70, abs=0.01)
    unknown = prior.ReferenceChanges("real", 1, 1, np.full((10, 99), np.nan))
    for one, move, years in ((moves, 1.0, 11), (moves, 1.0, 0), (moves, math.nan, 3), (unknown, 1.0, 1)):
        assert one.share(move, years) is None


def test_the_shipped_file_has_ordered_quantiles_of_every_support_and_names_its_command() -> None:
    moves = prior.shipped_changes()
    assert set(moves) == set(prior.SCALES)
    for one in moves.values():
        assert one.quantiles.shape == (len(prior.SPANS), 99)
        assert (np.diff(one.quantiles, axis=1) >= 0).all() and one.series >= one.indicators > 0
    assert json.loads(prior.shipped_text(prior.CHANGES_FILE))["command"] == prior.COMMAND
    with pytest.raises(QcityError) as error:
        prior.read_changes('{"cells": {}}')
    assert str(error.value) == f"not a file of moves ('supports'); `{prior.COMMAND}` writes one"


def test_the_typical_change_leaves_gaps_out() -> None:
    assert prior.typical_change(np.array([5.0, np.nan, 1.0])) == 0.0
    assert prior.typical_change(np.array([5.0, 4.0, np.nan, 1.0, 4.0])) == 2.0

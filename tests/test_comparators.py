"""Borrowing from comparators, recomputed the slow way; and how fast indicators change."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from packages import STEADY, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.annual import Shares, borrow, learned, together
from qcity_analysis.forecasting.features import units
from qcity_analysis.forecasting.forecast import forecast
from qcity_analysis.forecasting.histories import one_history
from qcity_analysis.forecasting.prior import (
    CHANGES_FILE,
    SCALES,
    SPANS,
    ReferenceChanges,
    read_changes,
    scaled,
    shipped_changes,
    shipped_text,
    typical_change,
)
from qcity_analysis.reporting import sentences

CITY = pd.Series([2.0, 2.2, 2.3, 2.5], index=range(2017, 2021))
PROVINCE = pd.Series([4.0, 4.1, 4.3, 4.4, 4.9, 5.3], index=range(2017, 2023))
SHARES = Shares(0.5, (0.4, 0.3, 0.2))


def unit(series):
    return float(units(one_history(series, "positive", ()))[0])


def test_published_years_pull_by_their_share_and_later_ones_go_on_from_there():
    own = forecast(CITY, 2023, support="positive")
    moved = borrow(own, [PROVINCE], SHARES)
    before = PROVINCE.loc[:2020]
    expected = forecast(PROVINCE, 2023, support="positive").median()[2023]
    theirs = (np.array([4.9, 5.3, expected]) - 4.4) / unit(before) * unit(CITY)
    gap = theirs - (own.median().to_numpy() - 2.5)
    by_hand = [0.5 * gap[0], 0.5 * gap[1], 0.5 * gap[1] + 0.4 * (gap[2] - gap[1])]
    np.testing.assert_allclose(moved.median() - own.median(), by_hand, atol=2e-3)


def test_the_spread_stays_as_it_was():
    own = forecast(CITY, 2022, support="real")
    widths = [
        f.interval(0.9).diff(axis=1)["upper"].to_numpy() for f in (own, borrow(own, [PROVINCE], SHARES))
    ]
    np.testing.assert_allclose(*widths)


def test_without_a_comparator_that_can_be_compared_nothing_moves():
    own = forecast(CITY, 2022, support="positive")
    short, ended = PROVINCE.loc[2019:], PROVINCE.loc[:2019]
    assert borrow(own, []) is own
    assert borrow(own, [short, ended], SHARES) is own


def test_a_comparator_that_moves_like_the_city_is_expected_to_changes_nothing():
    own = forecast(CITY, 2022, support="real")
    path = pd.concat([CITY, own.median()])
    np.testing.assert_allclose(borrow(own, [path], SHARES).median(), own.median(), atol=1e-9)


def test_nothing_leaves_the_possible_range():
    city = pd.Series([97.0, 98.0, 99.0, 99.5], index=range(2017, 2021))
    soaring = pd.Series([50.0, 51.0, 52.0, 53.0, 80.0, 99.0], index=range(2017, 2023))
    moved = borrow(forecast(city, 2022, support="percent"), [soaring], Shares(1.0, (1.0, 1.0, 1.0)))
    assert moved.paths.max() <= 100


def test_a_comparator_outside_the_support_is_named():
    own = forecast(CITY, 2022, support="percent")
    with pytest.raises(QcityError, match="^jiangsu/share: .*outside its support 'percent'"):
        borrow(own, [pd.Series([90, 95, 105, 106], index=range(2017, 2021), name="jiangsu/share")])


def test_the_mean_of_several_comparators_counts_in_units_of_their_own_change():
    other = 10 * PROVINCE.loc[:2022]
    both = together(CITY, [PROVINCE, other], np.array([2021, 2022]), "positive")
    one = together(CITY, [PROVINCE], np.array([2021, 2022]), "positive")
    np.testing.assert_allclose(both.change, one.change, rtol=1e-6)
    assert both.published == 2


def test_the_shipped_shares_come_with_their_evidence_and_it_speaks_for_them():
    content = json.loads(shipped_text("borrowing.json"))
    assert [learned().published, *learned().expected] == [
        content["shares"]["published"],
        *content["shares"]["expected"],
    ]
    for key in ("published", "expected"):
        assert content["evidence"][key]["crps"] < 1
        assert 0.85 <= content["evidence"][key]["interval_90_holds"] <= 0.95
    assert "python -m training" in content["command"]


REGIONS = [
    {"region": "testville", "name_zh": "测试城", "name_en": "Testville", "parent": "otherland"},
    {"region": "nextville", "name_zh": "邻城", "name_en": "Nextville", "parent": "otherland"},
    {"region": "otherland", "name_zh": "别州", "name_en": "Otherland"},
]


def asked(folder, named, extra, region="testville", **cells):
    """The target of testville, with comparators that have figures up to 2024."""
    own = figures(STEADY)
    others = [row for place, levels in extra.items() for row in figures(levels, region=place)]
    return assess(
        loaded(
            folder,
            observations=own + others,
            indicators=[indicator("widgets", comparators=named)],
            targets=[target(region=region, **cells)],
            regions=REGIONS,
            as_of="2025-06-30",
        ),
        "goal",
    )


FALLING = {
    2016: 30.0,
    2017: 31.0,
    2018: 32.0,
    2019: 33.5,
    2020: 34.0,
    2021: 35.0,
    2022: 36.0,
    2023: 33.0,
    2024: 30.0,
}


def test_an_assessment_is_moved_towards_named_comparators_and_says_so(tmp_path):
    alone = asked(tmp_path / "a", "", {"otherland": FALLING})
    moved = asked(tmp_path / "b", "otherland/widgets", {"otherland": FALLING})
    assert moved.probability < alone.probability - 0.1
    note = next(note for note in moved.notes if note.code == "comparators")
    assert note.values["probability"] == pytest.approx(alone.probability)
    assert "Otherland" in sentences.note(note, "en") and "别州" in sentences.note(note, "zh")
    assert not any(note.code == "comparators" for note in alone.notes)


def test_regions_beside_count_but_not_regions_below_nor_other_models(tmp_path):
    beside = asked(tmp_path / "a", "nextville/widgets", {"nextville": FALLING})
    assert any(note.code == "comparators" for note in beside.notes)
    state = {year: 2 * level for year, level in STEADY.items()}
    below = asked(tmp_path / "b", "testville/widgets", {"otherland": state}, "otherland", threshold=40)
    assert below.status == "forecast" and not any(note.code == "comparators" for note in below.notes)


def test_a_partly_known_year_after_the_last_level_is_left_to_speak_for_itself(tmp_path):
    rows = figures(STEADY) + figures(FALLING, region="otherland")
    rows += [figure(2023, 16.5, qualifier=">=")]
    data = loaded(
        tmp_path,
        observations=rows,
        indicators=[indicator("widgets", comparators="otherland/widgets")],
        regions=REGIONS,
        as_of="2025-06-30",
    )
    assert not any(note.code == "comparators" for note in assess(data, "goal").notes)


# how fast indicators change


def test_from_96_to_98_is_about_as_far_as_from_80_to_90_among_shares() -> None:
    high, middle = (float(np.diff(scaled(np.array(pair), "percent"))[0]) for pair in ([96, 98], [80, 90]))
    assert high == pytest.approx(math.log(98 / 2) - math.log(96 / 4))
    assert high / middle == pytest.approx(1, abs=0.15)
    assert np.isfinite(scaled(np.array([0.0, 100.0]), "percent")).all()


def test_a_level_of_zero_has_no_place_on_a_logarithmic_scale() -> None:
    assert np.isnan(scaled(np.array([0.0]), "count")).all()


def test_a_share_counts_moves_at_least_as_fast_in_the_direction_needed_or_in_either() -> None:
    rng = np.random.default_rng(1)
    drawn = np.sort(rng.normal(0.5, 2.0, 99_001))
    moves = ReferenceChanges("real", 1, 1, np.tile(np.quantile(drawn, np.arange(1, 100) / 100), (10, 1)))
    for move in (-3.0, -0.4, 0.0, 1.1, 4.0):
        slow = float(np.mean(drawn >= move) if move >= 0 else np.mean(drawn <= move))
        assert moves.share(move, 4) == pytest.approx(slow, abs=0.006)
        lost = float(np.mean(drawn >= -abs(move)))
        assert moves.share(-abs(move), 4, rising=True) == pytest.approx(lost, abs=0.006)
        both = float(np.mean(np.abs(drawn) >= abs(move)))
        assert moves.share(move, 4, either=True) == pytest.approx(both, abs=0.012)


def test_standing_still_counts_as_fast_enough_when_no_move_is_needed() -> None:
    still = ReferenceChanges(
        "percent", 1, 1, np.tile(np.r_[np.full(30, -1.0), np.zeros(50), np.full(19, 1.0)], (10, 1))
    )
    assert still.share(0.0, 1) == pytest.approx(0.70, abs=0.01)


@pytest.mark.parametrize(("move", "years"), [(1.0, 11), (1.0, 0), (math.nan, 3)])
def test_a_move_that_the_bank_cannot_rank_has_no_share(move: float, years: int) -> None:
    assert shipped_changes()["positive"].share(move, years) is None


def test_the_shipped_file_has_ordered_quantiles_of_every_support_and_names_its_command() -> None:
    moves = shipped_changes()
    assert set(moves) == set(SCALES)
    for one in moves.values():
        assert one.quantiles.shape == (len(SPANS), 99)
        assert (np.diff(one.quantiles, axis=1) >= 0).all()
        assert one.series >= one.indicators > 0
    content = json.loads(shipped_text(CHANGES_FILE))
    assert content["command"] == "python -m training BANK --out DIR"


def test_what_is_no_file_of_moves_is_refused() -> None:
    with pytest.raises(QcityError) as error:
        read_changes('{"cells": {}}')
    assert str(error.value) == (
        "not a file of moves ('supports'); `python -m training BANK --out DIR` writes one"
    )


def test_the_typical_change_leaves_gaps_out() -> None:
    assert typical_change(np.array([5.0, np.nan, 1.0])) == 0.0
    assert typical_change(np.array([5.0, 4.0, np.nan, 1.0, 4.0])) == 2.0

"""How fast indicators move: the shipped quantiles, recomputed window by window on a small bank."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.changes import (
    FILE,
    SCALES,
    YEARS,
    Moves,
    read_moves,
    scaled,
    shipped_moves,
    typical_change,
)
from training.moves import write_moves
from training.train import Bank


def bank(series: dict[str, tuple[str, str, list[float]]], modelled: tuple[str, ...] = ()) -> Bank:
    """A bank of series by name: kind, indicator, values."""
    rows = [
        {"series_id": name, "kind": kind, "indicator": what, "modelled": name in modelled}
        for name, (kind, what, _) in series.items()
    ]
    values = {name: np.array(found[2]) for name, found in series.items()}
    return Bank(values, dict.fromkeys(values, 2000), pd.DataFrame(rows).set_index("series_id"))


def quantiles(folder: Path, made: Bank, support: str, years: int) -> np.ndarray:
    path = write_moves(made, folder / FILE)
    return read_moves(path.read_text("utf-8"))[support].quantiles[years - 1]


def test_quantiles_of_one_series_are_those_of_its_windows(tmp_path: Path) -> None:
    levels = [float(x) for x in np.exp(np.cumsum(np.sin(np.arange(203) * 1.7)) / 50) * 40]
    found = quantiles(tmp_path, bank({"a": ("positive", "x", levels)}), "positive", 3)
    moves = sorted(100 * math.log(levels[k + 3] / levels[k]) / 3 for k in range(200))
    slow = [moves[math.ceil(2 * percent) - 1] for percent in range(1, 100)]  # 200 windows: the 2p-th smallest
    assert found == pytest.approx(slow, rel=1e-3)


def test_each_indicator_counts_the_same_however_many_series_it_has(tmp_path: Path) -> None:
    up = {f"u{k}": ("real", "many", [0.0, 1.0, 2.0, 3.0]) for k in range(9)}
    down = {"d": ("real", "one", [3.0, 2.0, 1.0, 0.0])}
    found = quantiles(tmp_path, bank(up | down), "real", 1)
    assert (found < 0).sum() == 50 and (found > 0).sum() == 49


def test_series_smoothed_by_their_producer_are_left_out(tmp_path: Path) -> None:
    rows = {"a": ("real", "x", [0.0, 1.0, 2.0]), "b": ("real", "x", [2.0, 1.0, 0.0])}
    path = write_moves(bank(rows, modelled=("b",)), tmp_path / FILE)
    found = read_moves(path.read_text("utf-8"))["real"]
    assert (found.series, found.indicators, found.quantiles[0].min()) == (1, 1, 1.0)


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
    moves = Moves("real", 1, 1, np.tile(np.quantile(drawn, np.arange(1, 100) / 100), (10, 1)))
    for move in (-3.0, -0.4, 0.0, 1.1, 4.0):
        slow = float(np.mean(drawn >= move) if move >= 0 else np.mean(drawn <= move))
        assert moves.share(move, 4) == pytest.approx(slow, abs=0.006)
        lost = float(np.mean(drawn >= -abs(move)))
        assert moves.share(-abs(move), 4, rising=True) == pytest.approx(lost, abs=0.006)
        both = float(np.mean(np.abs(drawn) >= abs(move)))
        assert moves.share(move, 4, either=True) == pytest.approx(both, abs=0.012)


def test_standing_still_counts_as_fast_enough_when_no_move_is_needed() -> None:
    still = Moves("percent", 1, 1, np.tile(np.r_[np.full(30, -1.0), np.zeros(50), np.full(19, 1.0)], (10, 1)))
    assert still.share(0.0, 1) == pytest.approx(0.70, abs=0.01)


@pytest.mark.parametrize(("move", "years"), [(1.0, 11), (1.0, 0), (math.nan, 3)])
def test_a_move_that_the_bank_cannot_rank_has_no_share(move: float, years: int) -> None:
    assert shipped_moves()["positive"].share(move, years) is None


def test_the_shipped_file_has_ordered_quantiles_of_every_support_and_names_its_command() -> None:
    moves = shipped_moves()
    assert set(moves) == set(SCALES)
    for one in moves.values():
        assert one.quantiles.shape == (len(YEARS), 99)
        assert (np.diff(one.quantiles, axis=1) >= 0).all()
        assert one.series >= one.indicators > 0
    from importlib import resources

    place = resources.files("qcity_analysis").joinpath("forecasting", "prior", FILE)
    content = json.loads(place.read_text("utf-8"))
    assert content["command"] == "python -m training BANK --out DIR"


def test_what_is_no_file_of_moves_is_refused() -> None:
    with pytest.raises(QcityError) as error:
        read_moves('{"cells": {}}')
    assert str(error.value) == (
        "not a file of moves ('supports'); `python -m training BANK --out DIR` writes one"
    )


def test_the_typical_change_leaves_gaps_out() -> None:
    assert typical_change(np.array([5.0, np.nan, 1.0])) == 0.0
    assert typical_change(np.array([5.0, 4.0, np.nan, 1.0, 4.0])) == 2.0

"""The ledger of issued probabilities: appended, never rewritten, scored once the outcome is published."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from packages import contents, figure, figures, loaded, target

import qcity_analysis as qc
from qcity_analysis.trackrecord import ledger

DAY = dt.datetime(2023, 5, 1, 9, 30, tzinfo=dt.UTC)
RISING = {2015: 10.0, 2016: 10.6, 2017: 11.1, 2018: 11.9, 2019: 12.2, 2020: 13.0, 2021: 13.4, 2022: 14.1}
GOAL = target(kind="level", direction="at_least", threshold=15, deadline=2023)


def rows(levels: dict[int, float]) -> list[dict[str, Any]]:
    return [figure(year, level, published=f"{year + 1}-04-01") for year, level in levels.items()]


def asked(folder: Path, **changes: Any) -> qc.Assessment:
    """The answer given in May 2023, before the figure of 2023 is published."""
    data = loaded(folder, as_of="2023-05-01", observations=rows(RISING), targets=[GOAL | changes])
    return qc.assess(data, "goal", draws=500)


def later(folder: Path, outcome: float | None = 15.2, **changes: Any) -> qc.Data:
    """The package in 2024, with the figure of 2023."""
    more = RISING if outcome is None else RISING | {2023: outcome}
    return loaded(folder, as_of="2024-12-31", observations=rows(more), targets=[GOAL | changes])


def test_a_statement_keeps_everything_that_was_said(tmp_path: Path) -> None:
    answer = asked(tmp_path / "data")
    path = ledger.record(answer, tmp_path / "ledger", "abc", DAY)
    assert path is not None and path.suffix == ".parquet"
    (row,) = ledger.read(tmp_path / "ledger").to_dict("records")
    assert row["probability"] == answer.probability and row["bound"] == answer.bound
    said = {
        name: row[name] for name in ("plan", "target_id", "region", "indicator_id", "definition", "status")
    }
    assert said == {
        "plan": "made_up", "target_id": "goal", "region": "testville", "indicator_id": "widgets",
        "definition": "widgets", "status": "forecast",
    }  # fmt: skip
    assert (row["as_of"], row["deadline"], row["threshold"], row["direction"]) == (
        "2023-05-01", 2023, 15.0, "at_least",
    )  # fmt: skip
    assert (row["model"], row["version"], row["data_hash"], row["last_year"]) == (
        "mixture", qc.__version__, "abc", 2022,
    )  # fmt: skip
    assert row["asked_at"] == pd.Timestamp(DAY)


def test_a_file_once_written_is_never_touched_again(tmp_path: Path) -> None:
    answer, place = asked(tmp_path / "data"), tmp_path / "ledger"
    ledger.record(answer, place, "abc", DAY)
    before = contents(place)
    ledger.record(answer, place, "abc", DAY + dt.timedelta(days=1))
    ledger.record(answer, place, "changed", DAY)
    ledger.scored(ledger.read(place), later(tmp_path / "later"))
    after = contents(place)
    assert {name: after[name] for name in before} == before and len(after) == 3
    assert len(ledger.read(place)) == 3


def test_the_same_said_again_on_the_same_day_from_the_same_data_is_not_repeated(tmp_path: Path) -> None:
    answer, place = asked(tmp_path / "data"), tmp_path / "ledger"
    assert ledger.record([answer, answer.to_dict()], place, "abc", DAY) is not None
    before = contents(place)
    assert ledger.record(answer, place, "abc", DAY + dt.timedelta(hours=5)) is None
    assert contents(place) == before and len(ledger.read(place)) == 1


def test_each_definition_is_a_statement_of_its_own(tmp_path: Path) -> None:
    answer = qc.assess(qc.load(as_of="2025-06-30"), "energy_per_gdp", plan="china_14fyp", draws=200)
    ledger.record(answer, tmp_path, "abc", DAY)
    held = ledger.read(tmp_path)
    assert held[held["role"] == "definition"]["definition"].tolist() == ["energy_per_gdp", "energy_per_gdp_b"]
    assert held["probability"].notna().sum() == 2


def say_once(place: str, number: int) -> None:
    answer = {
        "target": {
            "plan": "p", "target_id": f"t{number}", "region": "r", "indicator_id": "i", "kind": "level",
            "direction": "at_least", "base_year": None, "deadline": 2025, "threshold": 1.0, "tolerance": 0.0,
        },
        "as_of": "2024-01-01", "status": "forecast", "definition": "i", "role": "main", "probability": 0.5,
        "levels": {"2023": 1.0},
    }  # fmt: skip
    ledger.record(answer, place, "abc", DAY)


def test_runs_at_the_same_moment_do_not_clash(tmp_path: Path) -> None:
    workers = [
        multiprocessing.get_context("fork").Process(target=say_once, args=(str(tmp_path), n % 3))
        for n in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert sorted(ledger.read(tmp_path)["target_id"]) == ["t0", "t1", "t2"]
    assert not list(tmp_path.glob("*.writing"))


def test_nothing_half_written_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asked(tmp_path / "data")

    def broken(self: pd.DataFrame, path: Path, **options: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", broken)
    with pytest.raises(OSError, match="disk full"):
        ledger.record(answer, tmp_path / "ledger", "abc", DAY)
    assert contents(tmp_path / "ledger") == {}


@pytest.mark.parametrize(("outcome", "happened"), [(15.2, 1.0), (14.8, 0.0)])
def test_a_probability_is_scored_once_the_outcome_is_published(
    tmp_path: Path, outcome: float, happened: float
) -> None:
    answer, place = asked(tmp_path / "data"), tmp_path / "ledger"
    ledger.record(answer, place, "abc", DAY)
    (open_,) = ledger.scored(ledger.read(place), later(tmp_path / "a", None)).to_dict("records")
    assert pd.isna(open_["happened"]) and open_["unscored"] == "pending" and pd.isna(open_["error"])
    (row,) = ledger.scored(ledger.read(place), later(tmp_path / "b", outcome)).to_dict("records")
    assert (row["happened"], row["outcome"], row["in_advance"]) == (happened, outcome, True)
    assert row["known_from"] == pd.Timestamp("2024-04-01")
    assert answer.probability is not None
    assert row["error"] == pytest.approx((answer.probability - happened) ** 2)


def test_what_was_said_after_the_outcome_was_published_is_no_forecast(tmp_path: Path) -> None:
    place = tmp_path / "ledger"
    ledger.record(asked(tmp_path / "data"), place, "abc", dt.datetime(2024, 6, 1, tzinfo=dt.UTC))
    (row,) = ledger.scored(ledger.read(place), later(tmp_path / "later")).to_dict("records")
    assert (row["happened"], row["in_advance"]) == (1.0, False)


def test_a_target_that_was_changed_since_leaves_the_statement_unscored(tmp_path: Path) -> None:
    place = tmp_path / "ledger"
    ledger.record(asked(tmp_path / "data"), place, "abc", DAY)
    changed = later(tmp_path / "changed", threshold=14)
    gone = later(tmp_path / "gone", target_id="other")
    held = ledger.read(place)
    assert ledger.scored(held, changed)["unscored"].tolist() == ["target_changed"]
    assert ledger.scored(held, gone)["unscored"].tolist() == ["target_gone"]


def test_the_hash_changes_with_any_table(tmp_path: Path) -> None:
    loaded(tmp_path, observations=figures({2020: 1.0, 2021: 2.0, 2022: 3.0}))
    first = ledger.data_hash(tmp_path)
    assert first == ledger.data_hash(tmp_path)
    (tmp_path / "regions.csv").write_text(
        (tmp_path / "regions.csv").read_text("utf-8") + "x,甲,X,\n", "utf-8"
    )
    assert ledger.data_hash(tmp_path) != first

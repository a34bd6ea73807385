"""The ledger of issued probabilities: appended, never rewritten, scored once the outcome is published."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from packages import contents, figure, figures, indicator, loaded, target

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
    expected = {
        "plan": "made_up", "target_id": "goal", "region": "testville", "indicator_id": "widgets",
        "definition": "widgets", "status": "forecast", "as_of": "2023-05-01", "deadline": 2023, "threshold": 15.0,
        "direction": "at_least", "model": "mixture", "version": qc.__version__, "data_hash": "abc",
        "last_year": 2022, "asked_at": pd.Timestamp(DAY),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


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
    assert ledger.record(answer, place, "abc", DAY + dt.timedelta(hours=5)) is None
    assert len(contents(place)) == len(ledger.read(place)) == 1


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
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=say_once, args=(str(tmp_path), n % 3)) for n in range(6)]
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


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"threshold": 14}, "target_changed"),
        ({"kind": "coverage"}, "target_changed"),
        ({"target_id": "other"}, "target_gone"),
    ],
)
def test_a_target_that_was_changed_since_leaves_the_statement_unscored(
    tmp_path: Path, cells: dict[str, Any], why: str
) -> None:
    ledger.record(asked(tmp_path / "data"), tmp_path / "ledger", "abc", DAY)
    scored = ledger.scored(ledger.read(tmp_path / "ledger"), later(tmp_path / "later", **cells))
    assert scored["unscored"].tolist() == [why]


COUNTS = {2017: 50.0, 2018: 61.0, 2019: 55.0, 2020: 58.0, 2021: 60.0, 2022: 60.0}
ADDED = {"kind": "cumulative", "threshold": 200, "base_year": 2020, "deadline": 2025}


def counted(levels: dict[int, float], **more: Any) -> list[dict[str, Any]]:
    return [figure(y, n, published=f"{y + 1}-02-01", measure="count_new", **more) for y, n in levels.items()]


def judge(folder: Path, said: list[Any], told: list[Any], day: str, goal: dict[str, Any]) -> dict[str, Any]:
    """What a statement of `day` from the figures `said` is worth once `told` are known in 2026."""
    kind = [indicator("widgets", support="count" if goal.get("kind") == "cumulative" else "positive")]
    early = loaded(folder / "a", as_of=day, observations=said, indicators=kind, targets=[GOAL | goal])
    answer = qc.assess(early, "goal", draws=500)
    assert answer.status == "forecast", answer.reason
    ledger.record(answer, folder / "ledger", "x", dt.datetime.fromisoformat(f"{day}T12:00+00:00"))
    late = loaded(folder / "b", as_of="2026-12-31", observations=told, indicators=kind, targets=[GOAL | goal])
    (row,) = ledger.scored(ledger.read(folder / "ledger"), late).to_dict("records")
    return row


BETTER = {
    "kind": "monotone",
    "direction": "increase_every_year",
    "threshold": 0,
    "base_year": 2020,
    "deadline": 2025,
}
EARLY = {
    "met": (COUNTS, {2023: 90.0}, ADDED, 1.0, "2024-02-01"),
    "missed": (COUNTS, {2023: 90.0, 2024: 5.0}, ADDED | {"direction": "at_most"}, 0.0, "2024-02-01"),
    "first worse figure": (RISING, {2023: 13.0, 2024: 20.0}, BETTER, 0.0, "2024-04-01"),
}


@pytest.mark.parametrize("case", EARLY)
@pytest.mark.parametrize(
    ("day", "advance"), [("2023-06-30", True), ("2024-01-31", True), ("2025-03-01", False)]
)
def test_a_target_settled_years_early_scores_what_was_said_before_that_day(
    tmp_path: Path, case: str, day: str, advance: bool
) -> None:
    levels, more, goal, happened, since = EARLY[case]
    told = counted if goal["kind"] == "cumulative" else rows
    row = judge(tmp_path, told(levels), told(levels | more), day, goal)
    assert (row["happened"], row["in_advance"], row["unscored"]) == (happened, advance, "")
    assert row["known_from"] == pd.Timestamp(since)


@pytest.mark.parametrize(
    ("last", "happened"),
    [
        (figure("2023-12", 15.2, published="2024-01-20"), 1.0),
        (figure("2023-12", 14.2, published="2024-01-20"), 0.0),
        (figure(2023, 16, published="2024-01-20", qualifier=">="), 1.0),
        (figure(2023, 14, published="2024-01-20", qualifier="<="), 0.0),
    ],
)  # fmt: skip
def test_a_december_figure_or_a_bound_settles_on_its_own_day(
    tmp_path: Path, last: dict[str, Any], happened: float
) -> None:
    later_on = [*rows(RISING), last, figure(2024, 15.5, published="2025-04-01")]
    row = judge(tmp_path, rows(RISING), later_on, "2024-01-19", {})
    assert (row["happened"], row["in_advance"]) == (happened, True)
    assert row["known_from"] == pd.Timestamp("2024-01-20")


def test_a_revision_that_turns_the_outcome_changes_what_happened_not_the_day(tmp_path: Path) -> None:
    told = [*rows(RISING | {2023: 15.2}), figure(2023, 14.9, published="2025-04-01")]
    row = judge(tmp_path, rows(RISING), told, "2024-03-31", {})
    assert (row["happened"], row["known_from"]) == (0.0, pd.Timestamp("2024-04-01"))
    assert row["in_advance"]


def test_a_revision_that_opens_the_answer_again_starts_the_day_anew(tmp_path: Path) -> None:
    told = counted(COUNTS | {2023: 90.0})
    told += [figure(2023, 20, published="2024-06-01", measure="count_new")]
    told += counted({2024: 70.0})
    row = judge(tmp_path, told[:-1], told, "2024-12-01", ADDED)
    assert (row["happened"], row["in_advance"]) == (1.0, True)
    assert row["known_from"] == pd.Timestamp("2025-02-01")


def test_the_hash_changes_with_any_table(tmp_path: Path) -> None:
    loaded(tmp_path, observations=figures({2020: 1.0, 2021: 2.0, 2022: 3.0}))
    first, table = ledger.data_hash(tmp_path), tmp_path / "regions.csv"
    assert first == ledger.data_hash(tmp_path)
    table.write_text(table.read_text("utf-8") + "x,甲,X,\n", "utf-8")
    assert ledger.data_hash(tmp_path) != first

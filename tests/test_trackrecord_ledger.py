"""The ledger of issued probabilities: appended, never rewritten, scored once the outcome is published."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from packages import Row, contents, figure, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.trackrecord import ledger

DAY = dt.datetime(2023, 5, 1, 9, 30, tzinfo=dt.UTC)
RISING = {2015: 10.0, 2016: 10.6, 2017: 11.1, 2018: 11.9, 2019: 12.2, 2020: 13.0, 2021: 13.4, 2022: 14.1}
COUNTS = {2017: 50.0, 2018: 61.0, 2019: 55.0, 2020: 58.0, 2021: 60.0, 2022: 60.0}
GOAL = target(kind="level", direction="at_least", threshold=15, deadline=2023)
ADDED = {"kind": "cumulative", "threshold": 200, "base_year": 2020, "deadline": 2025}
BETTER = ADDED | {"kind": "monotone", "direction": "increase_every_year", "threshold": 0}


def rows(levels: dict[int, float]) -> list[Row]:
    return [figure(year, level, published=f"{year + 1}-04-01") for year, level in levels.items()]


def counted(levels: dict[int, float]) -> list[Row]:
    return [figure(y, n, published=f"{y + 1}-02-01", measure="count_new") for y, n in levels.items()]


def package(folder: Path, day: str, told: list[Row], **goal: Any) -> qc.Data:
    support = "count" if goal.get("kind") == "cumulative" else "positive"
    tables = {"observations": told, "indicators": [indicator("widgets", support=support)]}
    return loaded(folder, as_of=day, targets=[GOAL | goal], **tables)


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> qc.Assessment:
    """The answer given in May 2023, before the figure of 2023 is published."""
    return qc.assess(package(tmp_path_factory.mktemp("data"), "2023-05-01", rows(RISING)), "goal", draws=300)


def judged(
    answer: qc.Assessment, folder: Path, told: list[Row], asked: dt.datetime = DAY, **goal: Any
) -> Row:
    """What a statement is worth once `told` are known in 2026."""
    ledger.record(answer, folder / "ledger", "abc", asked)
    late = package(folder / "late", "2026-12-31", told, **goal)
    (row,) = ledger.scored(ledger.read(folder / "ledger"), late).to_dict("records")
    return row


def said_and_judged(folder: Path, said: list[Row], told: list[Row], day: str, **goal: Any) -> Row:
    answer = qc.assess(package(folder / "early", day, said, **goal), "goal", draws=300)
    assert answer.status == "forecast", answer.reason
    return judged(answer, folder, told, dt.datetime.fromisoformat(f"{day}T12:00+00:00"), **goal)


def test_a_statement_keeps_everything_that_was_said(tmp_path, answer):
    path = ledger.record(answer, tmp_path, "abc", DAY)
    assert path is not None and path.suffix == ".parquet"
    (row,) = ledger.read(tmp_path).to_dict("records")
    expected = {
        "plan": "made_up", "target_id": "goal", "region": "testville", "indicator_id": "widgets",
        "definition": "widgets", "status": "forecast", "as_of": "2023-05-01", "deadline": 2023, "threshold": 15.0,
        "direction": "at_least", "model": "mixture", "version": qc.__version__, "data_hash": "abc",
        "last_year": 2022, "asked_at": pd.Timestamp(DAY), "probability": answer.probability, "bound": answer.bound,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_nothing_is_repeated_and_a_file_once_written_is_never_touched_again(tmp_path, answer):
    place = tmp_path / "ledger"
    assert ledger.record([answer, answer.to_dict()], place, "abc", DAY) is not None
    assert ledger.record(answer, place, "abc", DAY + dt.timedelta(hours=5)) is None
    before = contents(place)
    assert len(before) == len(ledger.read(place)) == 1
    ledger.record(answer, place, "abc", DAY + dt.timedelta(days=1))
    ledger.record(answer, place, "changed", DAY)
    ledger.scored(ledger.read(place), package(tmp_path / "later", "2024-12-31", rows(RISING)))
    after = contents(place)
    assert {name: after[name] for name in before} == before and len(after) == len(ledger.read(place)) == 3


def test_each_definition_is_a_statement_of_its_own(tmp_path):
    answer = qc.assess(qc.load(as_of="2025-06-30"), "energy_per_gdp", plan="china_14fyp", draws=100)
    ledger.record(answer, tmp_path, "abc", DAY)
    told = ledger.read(tmp_path)
    assert told[told["role"] == "definition"]["definition"].tolist() == ["energy_per_gdp", "energy_per_gdp_b"]
    assert told["probability"].notna().sum() == 2


def test_runs_at_the_same_moment_do_not_clash(tmp_path, answer):
    plain = answer.to_dict()
    said = [plain | {"target": plain["target"] | {"target_id": f"t{n % 3}"}} for n in range(6)]
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=ledger.record, args=(one, tmp_path, "abc", DAY)) for one in said]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert sorted(ledger.read(tmp_path)["target_id"]) == ["t0", "t1", "t2"]
    assert not list(tmp_path.glob("*.writing"))


def test_nothing_half_written_stays_when_writing_fails(tmp_path, answer, monkeypatch):
    def broken(self: pd.DataFrame, path: Path, **options: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", broken)
    with pytest.raises(OSError, match="disk full"):
        ledger.record(answer, tmp_path, "abc", DAY)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(("outcome", "happened"), [(15.2, 1.0), (14.8, 0.0), (None, None)])
def test_a_probability_is_scored_once_the_outcome_is_published(tmp_path, answer, outcome, happened):
    row = judged(answer, tmp_path, rows(RISING if outcome is None else RISING | {2023: outcome}))
    if happened is None:
        assert pd.isna(row["happened"]) and row["unscored"] == "pending" and pd.isna(row["error"])
        return
    assert (row["happened"], row["outcome"], row["in_advance"]) == (happened, outcome, True)
    assert row["known_from"] == pd.Timestamp("2024-04-01")
    assert row["error"] == pytest.approx(((answer.probability or 0) - happened) ** 2)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"threshold": 14}, "target_changed"),
        ({"kind": "coverage"}, "target_changed"),
        ({"target_id": "other"}, "target_gone"),
    ],
)
def test_a_target_that_was_changed_since_leaves_the_statement_unscored(tmp_path, answer, cells, why):
    assert judged(answer, tmp_path, rows(RISING | {2023: 15.2}), **cells)["unscored"] == why


EARLY: dict[str, tuple[list[Row], list[Row], dict[str, Any], float, str]] = {
    "met": (counted(COUNTS), counted({2023: 90.0}), ADDED, 1.0, "2024-02-01"),
    "missed": (
        counted(COUNTS),
        counted({2023: 90, 2024: 5}),
        ADDED | {"direction": "at_most"},
        0.0,
        "2024-02-01",
    ),
    "first worse figure": (rows(RISING), rows({2023: 13.0, 2024: 20.0}), BETTER, 0.0, "2024-04-01"),
}
LATER = figure(2024, 15.5, published="2025-04-01")
SOON = {"published": "2024-01-20"}
TURNED = [*rows({2023: 15.2}), figure(2023, 14.9, published="2025-04-01")]
OPENED = [*counted({2023: 90.0}), figure(2023, 20, published="2024-06-01", measure="count_new")]
DAYS = [
    *((*case, day, day != "2025-03-01") for case in EARLY.values() for day in ("2024-01-31", "2025-03-01")),
    *(
        (rows(RISING), [last, LATER], {}, happened, "2024-01-20", "2024-01-19", True)
        for last, happened in [
            (figure("2023-12", 15.2, **SOON), 1.0),  # a December figure is that of the year
            (figure("2023-12", 14.2, **SOON), 0.0),
            (figure(2023, 16, **SOON, qualifier=">="), 1.0),  # a bound that decides
            (figure(2023, 14, **SOON, qualifier="<="), 0.0),
        ]
    ),
    # a revision that turns the outcome changes what happened, not the day; one that opens the answer starts it anew
    (rows(RISING), TURNED, {}, 0.0, "2024-04-01", "2024-03-31", True),
    (counted(COUNTS) + OPENED, counted({2024: 70.0}), ADDED, 1.0, "2025-02-01", "2024-12-01", True),
]


@pytest.mark.parametrize(("said", "more", "goal", "happened", "since", "day", "advance"), DAYS)
def test_what_was_said_before_the_day_that_settled_the_target_was_a_forecast(
    tmp_path, said, more, goal, happened, since, day, advance
):
    row = said_and_judged(tmp_path, said, said + more, day, **goal)
    assert (row["happened"], row["in_advance"], row["unscored"]) == (happened, advance, "")
    assert row["known_from"] == pd.Timestamp(since)


def test_the_hash_changes_with_any_table(tmp_path):
    loaded(tmp_path, observations=figures({2020: 1.0, 2021: 2.0, 2022: 3.0}))
    first, table = ledger.data_hash(tmp_path), tmp_path / "regions.csv"
    assert first == ledger.data_hash(tmp_path) and len(first) == 16
    table.write_text(table.read_text("utf-8") + "x,甲,X,\n", "utf-8")
    assert ledger.data_hash(tmp_path) != first

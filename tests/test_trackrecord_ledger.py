"""The ledger of issued probabilities: appended, never rewritten, scored once the outcome is published."""

import datetime as dt
import multiprocessing
from pathlib import Path

import pandas as pd
import pytest
from packages import contents, figure, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.forecasting import forecast as models
from qcity_analysis.reporting.track_sections import ledger_sentences
from qcity_analysis.trackrecord import ledger

DAY = dt.datetime(2023, 5, 1, 9, 30, tzinfo=dt.UTC)
RISING = {2015: 10.0, 2016: 10.6, 2017: 11.1, 2018: 11.9, 2019: 12.2, 2020: 13.0, 2021: 13.4, 2022: 14.1}
GOAL = target(kind="level", direction="at_least", threshold=15, deadline=2023)
ADDED = {"kind": "cumulative", "threshold": 200, "base_year": 2020, "deadline": 2025}
CAPPED = ADDED | {"direction": "at_most"}
BETTER = ADDED | {"kind": "monotone", "direction": "increase_every_year", "threshold": 0}


def rows(levels, day="04-01", **cells):
    return [figure(year, level, published=f"{year + 1}-{day}", **cells) for year, level in levels.items()]


def counted(levels):
    return rows(levels, "02-01", measure="count_new")


def package(folder, day, observations, **goal):
    made = indicator("widgets", support="count" if goal.get("kind") == "cumulative" else "positive")
    return loaded(folder, day, targets=[GOAL | goal], observations=observations, indicators=[made])


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """The answer given in May 2023, before the figure of 2023 is published."""
    return qc.assess(package(tmp_path_factory.mktemp("data"), "2023-05-01", rows(RISING)), "goal", draws=100)


def judged(answer, folder, known, asked=DAY, **goal):
    """What a statement is worth once `known` is known in 2026."""
    ledger.record(answer, folder / "ledger", "abc", asked)
    late = package(folder / "late", "2026-12-31", known, **goal)
    (row,) = ledger.scored(ledger.read(folder / "ledger"), late).to_dict("records")
    return row


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
    home = tmp_path / "ledger"
    assert ledger.record([answer, answer.to_dict()], home, "abc", DAY) is not None
    assert ledger.record(answer, home, "abc", DAY + dt.timedelta(hours=5)) is None
    before = contents(home)
    assert len(before) == len(ledger.read(home)) == 1
    ledger.record(answer, home, "abc", DAY + dt.timedelta(days=1))
    ledger.record(answer, home, "changed", DAY)
    ledger.scored(ledger.read(home), package(tmp_path / "later", "2024-12-31", rows(RISING)))
    after = contents(home)
    assert {name: after[name] for name in before} == before and len(after) == len(ledger.read(home)) == 3


def test_each_definition_is_a_statement_of_its_own(tmp_path, definitions):
    ledger.record(qc.assess(definitions[0], "goal", as_of="2025-06-30", draws=50), tmp_path, "abc", DAY)
    told = ledger.read(tmp_path)
    assert told[told["role"] == "definition"]["definition"].tolist() == ["widgets", "widgets_new"]
    assert told["probability"].notna().sum() == 2


def test_runs_at_the_same_moment_do_not_clash(tmp_path, answer):
    plain, fork = answer.to_dict(), multiprocessing.get_context("fork")
    told = [plain | {"target": plain["target"] | {"target_id": f"t{n % 3}"}} for n in range(6)]
    workers = [fork.Process(target=ledger.record, args=(one, tmp_path, "abc", DAY)) for one in told]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert sorted(ledger.read(tmp_path)["target_id"]) == ["t0", "t1", "t2"]
    assert not list(tmp_path.glob("*.writing"))


def test_nothing_half_written_stays_when_writing_fails(tmp_path, answer, monkeypatch):
    def broken(self, target):
        raise OSError(28, "disk full")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        ledger.record(answer, tmp_path, "abc", DAY)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(("outcome", "goal", "happened", "why"), [
    (15.2, {}, 1.0, ""), (14.8, {}, 0.0, ""), (None, {}, None, "pending"),
    (15.2, {"threshold": 14}, None, "target_changed"), (15.2, {"kind": "coverage"}, None, "target_changed"),
    (15.2, {"target_id": "other"}, None, "target_gone"),
])  # fmt: skip
def test_a_probability_is_scored_once_an_outcome_is_known(tmp_path, answer, outcome, goal, happened, why):
    row = judged(answer, tmp_path, rows(RISING | ({2023: outcome} if outcome else {})), **goal)
    assert row["unscored"] == why and pd.isna(row["happened"]) == pd.isna(row["error"]) == bool(why)
    if not why:
        assert (row["happened"], row["outcome"], row["in_advance"]) == (happened, outcome, True)
        assert row["known_from"] == pd.Timestamp("2024-04-01")
        assert row["error"] == pytest.approx((answer.probability - happened) ** 2)


@pytest.mark.slow
def test_a_judgement_is_a_statement_of_its_own_and_scored_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "MODELS", ("naive",))
    data = package(tmp_path / "data", "2023-05-01", rows(RISING))
    answer, said = qc.assess(data, "goal", draws=100), {"author": "A. Planner", "reason": "two plants open"}
    assert answer.judge(0.9, **said) and answer.judge(0.9, **said) is None
    ledger.record(answer, ledger.home(data.folder), "abc", DAY)
    late = package(tmp_path / "data", "2024-12-31", rows(RISING | {2023: 15.2}))
    record = qc.track_record(late)
    ((_, one),) = record.judgements.iterrows()
    assert (one["author"], one["reason"], one["probability"], one["happened"]) == (*said.values(), 0.9, 1.0)
    assert record.ledger["role"].tolist() == ["main"] and record.issued == 2
    assert record.to_dict()["judgements"]["statements"] == 1
    assert "People's judgements are scored apart: 1 entered" in " ".join(ledger_sentences(record, "en"))
    with pytest.raises(qc.QcityError, match="0 to 1; author is empty; reason is empty; the target is met"):
        qc.assess(late, "goal").judge(1.2, author="", reason=" ")


COUNTS = counted({2017: 50.0, 2018: 61.0, 2019: 55.0, 2020: 58.0, 2021: 60.0, 2022: 60.0})
LEVELS = rows(RISING)
BEFORE, AFTER, SAID = ("2024-01-31", True), ("2025-03-01", False), ("2024-01-19", True)


def soon(period, level, **cells):
    """The last figure, on 20 January 2024, and one that comes later."""
    late = figure(2024, 15.5, published="2025-04-01")
    return [figure(period, level, published="2024-01-20", **cells), late]


OPENED = [*counted({2023: 90.0}), figure(2023, 20, published="2024-06-01", measure="count_new")]
TURNED = [*rows({2023: 15.2}), figure(2023, 14.9, published="2025-04-01")]


@pytest.mark.parametrize(("known", "more", "goal", "happened", "since", "days"), [
    (COUNTS, counted({2023: 90.0}), ADDED, 1.0, "2024-02-01", (BEFORE, AFTER)),
    (COUNTS, counted({2023: 90, 2024: 5}), CAPPED, 0.0, "2024-02-01", (BEFORE, AFTER)),
    (LEVELS, rows({2023: 13.0, 2024: 20.0}), BETTER, 0.0, "2024-04-01", (BEFORE, AFTER)),  # the first worse
    (LEVELS, soon("2023-12", 15.2), {}, 1.0, "2024-01-20", (SAID,)),  # a December figure is that of the year
    (LEVELS, soon("2023-12", 14.2), {}, 0.0, "2024-01-20", (SAID,)),
    (LEVELS, soon(2023, 16, qualifier=">="), {}, 1.0, "2024-01-20", (SAID,)),  # a bound that decides
    (LEVELS, soon(2023, 14, qualifier="<="), {}, 0.0, "2024-01-20", (SAID,)),
    # a revision that turns the outcome changes what happened, not the day; one that opens the answer starts it anew
    (LEVELS, TURNED, {}, 0.0, "2024-04-01", (("2024-03-31", True),)),
    (COUNTS + OPENED, counted({2024: 70.0}), ADDED, 1.0, "2025-02-01", (("2024-12-01", True),)),
])  # fmt: skip
def test_said_before_the_settling_day_is_a_forecast(tmp_path, known, more, goal, happened, since, days):
    answer = qc.assess(package(tmp_path / "early", days[0][0], known, **goal), "goal", draws=50)
    assert answer.status == "forecast", answer.reason
    for day, advance in days:
        noon = dt.datetime.fromisoformat(f"{day}T12:00+00:00")
        row = judged(answer, tmp_path / day, known + more, noon, **goal)
        assert (row["happened"], row["in_advance"], row["unscored"]) == (happened, advance, "")
        assert row["known_from"] == pd.Timestamp(since)


def test_the_hash_changes_with_any_table(tmp_path):
    loaded(tmp_path, observations=figures({2020: 1.0}))
    first, table = ledger.data_hash(tmp_path), tmp_path / "regions.csv"
    assert first == ledger.data_hash(tmp_path) and len(first) == 16
    table.write_text(table.read_text("utf-8") + "x,甲,X,\n", "utf-8")
    assert ledger.data_hash(tmp_path) != first

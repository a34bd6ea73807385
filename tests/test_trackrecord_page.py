"""The track record as sentences, tables, figures, page, command and file; in both languages, computed from numbers."""

import datetime as dt
import json
import os
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from packages import contents, figure, figures, indicator, loaded, package, target

import qcity_analysis as qc
import training.record
from qcity_analysis.forecasting import forecast as models
from qcity_analysis.forecasting.prior import shipped
from qcity_analysis.reporting import track_sections
from qcity_analysis.reporting.figures import Picture
from qcity_analysis.rules import RULES
from qcity_analysis.running import report
from qcity_analysis.running.report import list_jobs
from qcity_analysis.trackrecord import hindcasts, ledger
from qcity_analysis.trackrecord import record as scoring
from qcity_analysis.trackrecord.record import FILE, TrackRecord, read_record, real_summary, track_record
from training.hindcast import forecast_tasks
from training.train import Corpus, draw_tasks

LEVELS = dict(enumerate([10.0, 10.4, 11.1, 11.0, 11.9, 12.3, 12.1, 13.0, 13.3], start=2014))
ROWS = figures(LEVELS)
GOAL = target(kind="level", direction="at_least", threshold=13, deadline=2022)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("package") / "raw", observations=ROWS, targets=[GOAL])


@pytest.fixture(scope="module")
def then(data):
    """What was said of the target at the end of 2021."""
    return qc.assess(data, "goal", as_of="2021-12-31", draws=100)


@pytest.fixture(scope="module")
def record(data, then):
    ledger.record(then, ledger.home(data.folder), "abc", dt.datetime(2021, 12, 31, tzinfo=dt.UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "MODELS", ("naive", "ets"))
        return track_record(data)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_section_is_shown_with_described_figures_and_no_empty_number(record, data, lang, shown):
    sections = track_sections
    for section in (sections.answer, sections.earlier, sections.ledger):
        section(data, record, lang)
    for section in (sections.corpus, sections.own, sections.benchmarks):
        section(record, lang)
    sections.method(lang)
    pictures, words = [thing for thing in shown if isinstance(thing, Picture)], shown.words()
    assert shown.front["title"] and (shown.front["as_of"], shown.front["kind"]) == ("2024-12-31", "track")
    assert words.count("<table") == 10 and "{" not in words
    assert "nan" not in words.lower().replace("nanjing", "")
    assert len(pictures) == 3 and all(len(picture.alt) > 40 for picture in pictures)
    assert ("1 have an outcome, 1 of these were said before it was published" in words) == (lang == "en")
    assert ("nothing can be concluded yet" if lang == "en" else "还不能下结论") in words


def test_the_record_as_data_is_plain_json(record):
    (row,) = record.ledger.to_dict("records")
    assert (row["happened"], row["in_advance"], record.conclusion()["code"]) == (1.0, True, "small")
    plain = json.loads(json.dumps(record.to_dict(), allow_nan=False))
    assert plain["own"]["questions"] == len(record.asked)
    assert plain["ledger"] == {"statements": 1, "scored": 1}
    assert len(plain["own"]["rules"]) == 16 and len(plain["own"]["models"]) == 2


def test_only_what_depends_on_a_new_figure_is_scored_again_and_the_same_as_all_anew(tmp_path, monkeypatch):
    spies = Mock(wraps=ledger.assess), Mock(wraps=hindcasts.forecast_series)
    monkeypatch.setattr(models, "MODELS", ("naive",))
    monkeypatch.setattr(ledger, "assess", spies[0])
    monkeypatch.setattr(hindcasts, "forecast_series", spies[1])
    goals = GOAL, GOAL | {"target_id": "other", "indicator_id": "gadgets"}
    dates = {"bulletin": "2024", "plan": "2019"}.items()
    both = {"sources": [{"publisher": "P", "title": "T", "source_id": n, "date": d} for n, d in dates]}
    both |= {"targets": [one | {"source_id": "plan"} for one in goals]}
    both |= {"indicators": [indicator("widgets"), indicator("gadgets")]}
    rows = [*ROWS, *figures(LEVELS, indicator_id="gadgets")]

    def score(folder, *more):
        """The record of the figures and `more`, what of it was scored now, and the files that are kept."""
        [spy.reset_mock() for spy in spies]
        record = track_record(loaded(folder / "raw", observations=[*rows, *more], **both))
        done = {call.args[1].target_id for call in spies[0].call_args_list}
        done |= {call.args[0].indicator_id for call in spies[1].call_args_list}
        return json.dumps(record.to_dict()), done, contents(folder / "processed")

    new, all_of_it = figure(2023, 14, indicator_id="gadgets"), {"goal", "other", "widgets", "gadgets"}
    first, done, kept = before = score(tmp_path)
    assert done == all_of_it and len(kept) == 1 and score(tmp_path) == (first, set(), kept)
    second, done, kept = score(tmp_path, new)
    assert done == {"other", "gadgets"} and (second, all_of_it, kept) == score(tmp_path / "anew", new)
    assert score(tmp_path) == (first, done, contents(tmp_path / "processed"))
    torn = tmp_path / "processed/track_record_all.json"
    torn.write_bytes(torn.read_bytes()[:-9])
    assert score(tmp_path) == before
    spies[1].side_effect = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        score(tmp_path / "later")
    spies[1].side_effect = None
    assert score(tmp_path / "later")[:2] == (first, {"widgets", "gadgets"})
    monkeypatch.setattr(scoring, "COMPUTES", ("numpy",))  # other versions
    monkeypatch.setattr(ledger, "write_whole", Mock(side_effect=PermissionError))
    assert score(tmp_path)[:2] == score(tmp_path)[:2] == (first, all_of_it)


def test_what_is_due_is_computed_on_every_core_and_stands_in_the_order_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "SHARE", 1)
    with ledger.shelf(tmp_path / "shelf.json", "code") as kept:
        made = kept([(k, b"", k) for k in range(6)], lambda each: [(one, os.getpid()) for one in each])
    assert [number for number, _ in made] == [*range(6)]
    assert ({process for _, process in made} == {os.getpid()}) == (ledger.cpu_count() == 1)


@pytest.mark.parametrize(("code", "hard", "english", "chinese"), [
    ("compared", (0.3, 0.1, 0.4), "30 % less than that of the hardest rule after calibration, Straight", "少 30%"),
    ("compared", (-0.3, -0.4, -0.1), "our error is 30 % more", "多 30%"),
    ("small", (0.1, -0.1, 0.2), "nothing can be concluded yet", "还不能下结论"),
    ("nothing", (0, 0, 0), "nothing can be concluded about them yet", "什么也不能下结论"),
])  # fmt: skip
def test_the_sentence_on_own_series_follows_the_numbers(code, hard, english, chinese):
    rule = {"rival": "schedule"} | dict(zip(("skill", "low", "high"), hard, strict=True))
    concluded = {"code": code, "number": 900.0, "indicators": 30.0, "hard": rule}
    made = SimpleNamespace(conclusion=lambda: concluded)
    for lang, words in (("en", english), ("zh", chinese)):
        assert words in track_sections.own_conclusion(made, lang)


def test_what_is_said_of_the_corpus_follows_its_numbers_and_no_rule_beats_us_at_any_number_of_years_left():
    corpus = json.loads(json.dumps(read_record()))
    rows = corpus["rules"]["by_years"]
    assert [row["years"] for row in rows] == [1, 2, 3, 4, 5, "all"]
    assert all(row[kind]["skill"] > 0 for row in rows for kind in ("raw", "calibrated"))
    assert "No rule, calibrated or not, beats ours" in track_sections.corpus_rules_lead(corpus, "en")
    rows[1]["calibrated"]["skill"] = -0.02
    assert "With 2 years left a rule beats ours" in track_sections.corpus_rules_lead(corpus, "en")


@pytest.mark.parametrize(("said", "code", "english", "chinese"), [
    ((0.05, 0.95), 0.95, "can be taken at their word", "可以照字面理解"),
    ((0.2, 0.8), 0.87, "probabilities help", "有参考价值"),
    ((0.3, 0.7), 0.44, "cannot be taken at their word", "不能照字面理解"),
    ((0.1, 0.9), 0.5, "cannot be taken at their word", "不能照字面理解"),
])  # fmt: skip
def test_probabilities_are_taken_at_their_word_only_where_they_held(said, code, english, chinese):
    """`code` is the share of the questions given the higher probability that were met, and of the others not met."""
    k = np.arange(400)
    p, right = np.where(k % 2, said[1], said[0]), (k // 2) % 100 < round(100 * code)
    met = np.where(right, p > 0.5, p < 0.5).astype(float)
    cells = {"plan": "p", "target_id": k.astype(str), "definition": "w", "indicator_id": (k % 7).astype(str)}
    told = pd.DataFrame(cells | {"probability": p, "met": met, "schedule": 1.0})
    none = pd.DataFrame()
    record = TrackRecord(dt.date(2024, 1, 1), "", none, none, told, none, none, 0, {})
    for lang, words in (("en", english), ("zh", chinese)):
        assert words in track_sections.real_conclusion(record, lang)
    assert real_summary(told.assign(family="a"))["right"] == pytest.approx(code)


def test_the_record_of_a_corpus_is_written_the_same_every_time_and_recomputes(tmp_path, monkeypatch):
    monkeypatch.setattr(training.record, "RULE_TASKS", 8)
    rng, names = np.random.default_rng(3), [f"s{i}" for i in range(24)]
    walks = {name: 50 + np.cumsum(rng.normal(0.4, 1.0, 18)) for name in names}
    indicators = [f"i{k % 6}" for k in range(24)]
    meta = pd.DataFrame({"indicator": indicators, "kind": "real", "bank": "made"}, index=names)
    tasks = draw_tasks(Corpus(walks, dict.fromkeys(names, 2000), meta), names, 1, 9, 1, odd=False)
    made = forecast_tasks(tasks, shipped())
    path = training.record.write_record(made, tmp_path)
    written, again = read_record(path), training.record.write_record(made, tmp_path / "..")
    assert path.name == FILE and path.read_bytes() == again.read_bytes()
    assert written["indicators"] == 6 and written["series"] == len(made.tasks.actual) == 24
    assert sum(row["number"] for row in written["reliability"]) == written["all"]["number"]
    assert written["coverage"][2]["in90"] == pytest.approx(made.inside(0.9)[:, 2].mean(), rel=1e-5)
    assert written["relative_crps"]["ratio"] == pytest.approx(np.exp(made.relative_crps().mean()), rel=1e-5)
    assert {row["rule"] for row in written["rules"]["each"]} == {*RULES}
    with pytest.raises(qc.QcityError, match="no such record; `python -m training` writes it"):
        read_record(tmp_path / "none" / FILE)


@pytest.mark.slow
def test_score_prints_the_conclusions_and_json(tmp_path, qcity, monkeypatch):
    monkeypatch.setattr(models, "MODELS", ("naive",))
    folder = package(tmp_path / "raw", observations=ROWS[2:], targets=[GOAL])
    words = ["score", "--data", folder, "--as-of", "2024-12-31"]
    code, out, _ = qcity(*words, "--plan", "made_up")
    assert code == 0 and "nothing can be concluded yet" in out and "The ledger is empty" in out
    code, out, _ = qcity(*words, "--json", "--out", tmp_path / "score.json")
    assert (code, json.loads(out)) == (0, json.loads((tmp_path / "score.json").read_text("utf-8")))
    code, _, err = qcity(*words, "--plan", "madeup")
    assert code == 2 and 'Did you mean "made_up"?' in err


def test_a_forecast_is_recorded_only_when_asked(tmp_path, qcity):
    folder = package(tmp_path / "raw", observations=ROWS[:-1], targets=[GOAL])
    words = ["forecast", "goal", "--data", folder, "--as-of", "2022-01-01", "--draws", 100]
    before = contents(tmp_path)
    assert qcity(*words)[0] == 0 and contents(tmp_path) == before
    assert qcity(*words, "--record")[0] == 0
    told = ledger.read(ledger.home(folder))
    assert told["target_id"].tolist() == ["goal"] and told["data_hash"].tolist() == [ledger.data_hash(folder)]


def test_a_report_appends_one_file_with_what_its_pages_said(tmp_path, then):
    answer, raw = then.to_dict(), package(tmp_path / "raw", observations=ROWS, targets=[GOAL])
    (tmp_path / "results").mkdir()
    for name, result in (("goal", answer), ("scorecard", {"goal": answer})):
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps(result), "utf-8")
    runs = [{"plan": "made_up", "kind": kind, "files": [f"results/{name}.json"]}
            for kind, name in (("target", "goal"), ("target", "goal"), ("scorecard", "scorecard"))]  # fmt: skip
    ledger.record(report.answers_of(tmp_path, runs), ledger.home(raw), ledger.data_hash(raw))
    assert len(list(ledger.home(raw).iterdir())) == 1
    assert ledger.read(ledger.home(raw))["probability"].tolist() == [answer["probability"]]


def test_the_report_has_a_track_record_in_each_language_and_it_alone_shows_a_ledger_kept_elsewhere(tmp_path):
    jobs = list_jobs(qc.load(), None, ("zh", "en"), "out", ledger_dir=tmp_path)
    pages = [job for job in jobs if job.kind == "track"]
    assert [job.name for job in pages] == ["track_record/all.zh", "track_record/all.en"]
    assert {job.notebook.name for job in pages} == {"05_track_record.ipynb"}
    assert [job for job in jobs if "ledger" in job.parameters] == pages
    assert all(job.parameters["ledger"] == str(tmp_path) for job in pages)

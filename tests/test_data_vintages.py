"""Finding a package, and what was known when: no later figure reaches an earlier day, and a revision shows as such."""

import datetime as dt
import json
import math
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from packages import contents, figure, figures, indicator, loaded, package, target

import qcity_analysis as qc
from qcity_analysis.data.load import find_folder, load
from qcity_analysis.data.vintages import KEY, newest_vintages, revisions, to_date
from qcity_analysis.errors import QcityError

ROW = st.fixed_dictionaries({"period": st.tuples(st.integers(2008, 2022),
    st.sampled_from(["", "", "", "-Q3", "-08"])), "value": st.integers(1, 90),
    "measure": st.sampled_from(["level"] * 3 + ["change_pct", "cumulative_change_pct", "count_total"]),
    "qualifier": st.sampled_from(["=", "=", "=", "~", ">=", "<="]),
    "status": st.sampled_from(["final", "preliminary", "estimate"]), "delay": st.integers(1, 40),
    "precision": st.sampled_from([0, 4, 7, 10])})  # fmt: skip


def published_rows(drawn):
    """The drawn figures as rows of the contract, each key once; dates as a day, a month, a year, or none."""
    rows = {}
    for cells in drawn:
        (year, part), measure = cells["period"], cells["measure"]
        month = 12 * year + cells["delay"] + 12
        date = f"{month // 12}-{month % 12 + 1:02d}-17"[: cells["precision"]]
        row = figure(f"{year}{part}", cells["value"], measure=measure, published=date)
        row |= {name: cells[name] for name in ("qualifier", "status")}
        rows[row["period"], measure, date] = row | {"base_period": 2007 if "cumulative" in measure else ""}
    return list(rows.values())


def answers(data):
    """Everything the library says about these data, as plain values that are equal bit by bit or not."""
    series = qc.annual_series(data, "widgets", "testville")
    frames = ("observations", "bounds", "superseded", "unused")  # but for where in the file a figure stands
    tables = {name: getattr(series, name).drop(columns="row").astype(str).to_json() for name in frames}
    try:
        said = qc.assess(data, "goal", draws=4).to_dict()
    except qc.QcityError as error:  # a refusal, too, is an answer that later figures must not change
        said = {"refused": str(error)}
    return {"values": series.values.to_json(double_precision=15),
        "earlier": series.earlier.to_json(double_precision=15), "breaks": series.breaks,
        "notes": [note.code for note in series.notes],
        "assessed": json.dumps(said, default=str, sort_keys=True), **tables}  # fmt: skip


def same_whatever_comes_later(drawn, day, noise):
    """Whether the answers of a day are the same with later figures there, without them, and with them altered."""
    rows = published_rows(drawn)
    with tempfile.TemporaryDirectory() as home:
        whole = qc.load(package(Path(home) / "whole", observations=rows), as_of="2030-01-01")
        known_from = dict(zip(whole.observations["row"], whole.observations["known_from"], strict=True))
        early = [known_from[k + 2] <= pd.Timestamp(day) for k in range(len(rows))]
        before = [row for row, is_early in zip(rows, early, strict=True) if is_early]
        other = [row | {"value": row["value"] * noise + 1, "status": "estimate", "note": "?"} for row in rows]
        later = [row for row, is_early in zip(other, early, strict=True) if not is_early]
        alone = qc.load(package(Path(home) / "alone", observations=before), as_of=day)
        mixed = qc.load(package(Path(home) / "mixed", observations=later[noise % 3 :] + before), as_of=day)
        told = [answers(data) for data in (alone, whole.at(day), mixed)]
        return told[0] == told[1] == told[2]


OPTIONS = {"deadline": None, "phases": [Phase.explicit, Phase.generate]}
DRAWN = given(st.lists(ROW, min_size=1, max_size=14), st.dates(dt.date(2010, 1, 1), dt.date(2024, 12, 31)),
    st.integers(2, 9))  # fmt: skip


@settings(max_examples=6, **OPTIONS)
@DRAWN
def test_no_later_figure_reaches_the_answer_of_an_earlier_day(drawn, day, noise):
    assert same_whatever_comes_later(drawn, day, noise)


@pytest.mark.slow
@settings(max_examples=300, **OPTIONS)
@DRAWN
def test_no_later_figure_reaches_an_earlier_day_many_times(drawn, day, noise):
    assert same_whatever_comes_later(drawn, day, noise)


@pytest.fixture(scope="module")
def revised(tmp_path_factory):
    rows = [figure(2019, 10), figure(2020, 11, status="preliminary")]
    rows += [figure(2020, 11.5, published=day) for day in ("2022-05-31", "2023-05-31")]
    rows += [figure(2021, 12), figure(2022, 13, published="")]
    return loaded(tmp_path_factory.mktemp("revised"), observations=rows)


def test_new_revised_and_confirmed_figures_are_told_apart_and_days_out_of_order_refused(revised):
    moved = qc.diff(revised, "2022-02-27", "2022-06-30")
    cells = ["2020", "revised", 11, 11.5, "preliminary"]
    assert moved.loc[1, ["period", "change", "value_before", "value", "status_before"]].tolist() == cells
    assert moved["period"].tolist() == ["2021", "2020"] and math.isnan(moved["value_before"][0])
    again = qc.diff(revised, "2023-01-01", "2023-12-31")
    said = [["2020", "confirmed", False], ["2022", "new", True]]
    assert again[["period", "change", "published_assumed"]].values.tolist() == said
    assert str(again["known_from"][1].date()) == "2023-06-30"
    assert qc.diff(revised, "2021-03-01", "2022-02-27").empty
    for days, message in (
        (("2023-01-01", "2022-01-01"),
         "the earlier day must come before the later one; found 2023-01-01 and 2022-01-01"),
        (("2023-01-01", "2025"), "as_of 2025-12-31 is later than 2024-12-31, the day these data were loaded for; "
         "load them again with that day"),
    ):  # fmt: skip
        with pytest.raises(QcityError, match=message):
            qc.diff(revised, *days)


def test_a_difference_adds_up_over_days_and_is_what_the_newest_vintages_say(revised):
    days = ["2019-01-01", "2021-06-30", "2022-06-30", "2024-12-31"]
    steps = pd.concat([qc.diff(revised, a, b) for a, b in zip(days[:-1], days[1:], strict=True)])
    last = steps.drop_duplicates(KEY, keep="last").set_index("period")["value"].sort_index()
    slow = dict(revised.observations.sort_values("known_from", kind="stable")[["period", "value"]].to_numpy())
    assert last.to_dict() == slow
    assert newest_vintages(revised.observations).set_index("period")["value"].to_dict() == slow
    assert revisions(revised)[["value_before", "value"]].values.tolist() == [[11, 11.5], [11.5, 11.5]]


def test_diff_says_what_came_out_and_what_it_did(tmp_path, qcity):
    rows = figures({2014: 10, 2015: 11, 2016: 11.8, 2017: 13.1, 2018: 13.9, 2019: 15.2})
    rows += [figure(2019, 12.0, published="2021-09-30"), figure(2020, 12.5, published="")]
    targets = [target(), target("other", indicator_id="gadgets")]
    indicators = [indicator("widgets"), indicator("gadgets")]
    before = contents(package(tmp_path, observations=rows, targets=targets, indicators=indicators))
    words = ["diff", "--from", "2021-03-01", "--to", "2021-12-31", "--draws", 100, "--data", tmp_path]
    code, out, err = qcity(*words)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[:4] == [
        "New figures (1):",
        "  Indicator widgets, Testville, 2020: 12.5 points (level, final, assumed out by 2021-06-30 from the "
        "publication lag)",
        "Revised figures (1):",
        "  Indicator widgets, Testville, 2019: 15.2 points → 12.0 points (level, final, published 2021-09-30)",
    ]
    assert "  made_up/goal Goal" in lines and "2021-12-31" in lines[lines.index("  made_up/goal Goal") + 1]
    assert lines[-1] == "Other targets, whose answers did not change: 1."
    assert qcity(*words, "--language", "zh")[1].splitlines()[0] == "新公布的数据（1 个）："
    said = json.loads(qcity(*words, "--json")[1])
    assert [f["change"] for f in said["figures"]] == ["new", "revised"]
    assert {t["target"]: t["word"] for t in said["targets"]}["other"] == "unchanged"
    assert contents(tmp_path) == before


def test_diff_without_news_of_many_figures_and_of_an_unknown_plan(tmp_path, qcity):
    package(tmp_path, observations=figures({2010 + k: 3 + k for k in range(9)}, published="2020-03"))
    words = ["diff", "--from", "2020-01", "--to", "2020-12", "--draws", 100, "--data", tmp_path]
    folded = "  Indicator widgets, Testville: 9 figures, 2010 to 2018 (published 2020-03)"
    assert qcity(*words)[1].splitlines()[1] == folded
    words[2:5] = ["2022-02-01", "--to", "2022-02-02"]
    code, out, _ = qcity(*words)
    assert (code, out.splitlines()[0]) == (0, "No figure became known between 2022-02-01 and 2022-02-02.")
    code, _, err = qcity(*words, "--plan", "madeup")
    assert (code, "unknown plan 'madeup'. Did you mean \"made_up\"?" in err) == (2, True)


def test_a_quarter_to_date_and_its_last_month_are_vintages_of_one_figure(tmp_path):
    rows = [figure("2023-Q3", 16, published="2023-10-10"), figure("2023-09", 15, published="2023-11-11")]
    data = loaded(tmp_path, observations=[*figures({2021: 13, 2022: 14}), *rows])
    assert newest_vintages(data.observations)["period"].tolist() == ["2021", "2022", "2023-09"]
    (told,) = qc.diff(data, "2023-10-31", "2023-11-30").to_dict("records")
    assert (told["change"], told["value_before"], told["value"]) == ("revised", 16, 15)


def test_a_bound_published_later_replaces_no_number_nor_hides_a_count_to_august_that_says_more(tmp_path):
    for measure in ("level", "count_new", "count_total"):
        number, base = figure(2021, 10, measure=measure), figure(2020, 4, measure=measure)
        bound = figure(2021, 8, measure=measure, qualifier=">=", published="2023-01-31")
        goal = target(kind="level" if measure == "level" else "cumulative", threshold=10, deadline=2021)
        goal["base_year"] = 2020 if measure == "count_new" else ""
        for rows in ([base, number], [base, number, bound], [bound, number, base]):
            data = loaded(tmp_path, observations=rows, targets=[goal])
            assert qc.assess(data, "goal", draws=4).status == "met"
    for value, expected in ((8, (10.0, 8)), (12, (12.0, 12))):
        bound = figure(2021, value, measure="count_new", qualifier=">=")
        data = loaded(tmp_path, observations=[figure("2021-08", 10, measure="count_new"), bound])
        counts = qc.annual_series(data, "widgets", "testville").new_counts
        assert list(zip(counts["count"], counts["months"], strict=True)) == [expected]


def test_a_partial_date_is_known_from_its_last_day_and_without_one_a_lag_is_assumed_and_flagged(tmp_path):
    for published, last_day in (("2021-02", "2021-02-28"), ("2024-02", "2024-02-29"), ("2021", "2021-12-31")):
        data = loaded(tmp_path, observations=[figure(2020, 10, published=published)])
        day = dt.date.fromisoformat(last_day)
        assert len(data.at(day).observations) == 1 and to_date(published) == day
        assert data.at(day - dt.timedelta(days=1)).observations.empty
        assert not data.observations["published_assumed"].any()
    for lag, known in (("", "2021-06-30"), (10, "2021-10-31"), (0, "2020-12-31")):
        indicators = [indicator("widgets", publication_lag_months=lag)]
        data = loaded(tmp_path, observations=[figure(2020, 10, published="")], indicators=indicators)
        rows = data.observations[["known_from", "published_assumed"]]
        assert rows.values.tolist() == [[pd.Timestamp(known), True]]
    for text in ("yesterday", "2023-13", "2023-02-30", "20230101", ""):
        with pytest.raises(QcityError, match="is not a date: write it as 2023-03-31, 2023-03 or 2023"):
            to_date(text)


def test_the_nearest_package_above_the_working_folder_is_used_or_its_lack_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("QCITY_DATA", raising=False)
    nearest = package(tmp_path / "data" / "raw")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_folder() == nearest.resolve()
    monkeypatch.setenv("QCITY_DATA", str(package(tmp_path / "elsewhere")))
    assert find_folder() == (tmp_path / "elsewhere").resolve()
    with pytest.raises(QcityError) as error:
        load(tmp_path / "nowhere")
    assert str(error.value) == (
        f"no data package at {tmp_path / 'nowhere'}: found no such folder. Name one with --data DIR or "
        "QCITY_DATA; it holds sources.csv, regions.csv, indicators.csv, targets.csv, observations.csv"
    )


def test_without_a_table_of_regions_those_of_targets_and_figures_are_known(tmp_path):
    (package(tmp_path) / "regions.csv").unlink()
    data = load(tmp_path)
    assert data.require_region("testville") == data.region_name("testville", "zh") == "testville"

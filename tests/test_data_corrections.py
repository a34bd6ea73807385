"""Corrections of published figures: applied when read, never outliving their reason, never leaking backwards."""

import json

import pytest
from packages import contents, figure, figures, package
from test_data_checks import errors

from qcity_analysis.data import corrections
from qcity_analysis.data.load import load
from qcity_analysis.problems import DataError

WRONG = [*figures({2019: 13.1, 2021: 15.2}), figure(2020, 139)]
GOOD = """\
- figure: {indicator_id: widgets, region: testville, period: 2020}
  expect: 139
  set: 13.9
  why: a decimal point was lost in print
  who: Office of Testville
  source: bulletin
  date: 2022-06-30
"""


def corrected(folder, text, observations=None):
    package(folder, observations=observations or WRONG)
    (folder / "corrections.yaml").write_text(text, "utf-8")
    return folder


def value_of_2020(data):
    frame = data.observations
    return list(frame.loc[frame["period"] == "2020", "value"])


def test_a_correction_changes_the_figure_read_and_no_file(tmp_path):
    before = contents(corrected(tmp_path, GOOD))
    data = load(tmp_path, as_of="2024-12-31")
    assert value_of_2020(data) == [13.9]
    assert list(data.observations["value"]) == [13.1, 15.2, 13.9]
    assert contents(tmp_path) == before
    made = data.corrections.iloc[0].astype(str)
    assert made[["expect", "set", "since", "why"]].tolist() == [
        "139.0", "13.9", "2022-06-30", "a decimal point was lost in print"]  # fmt: skip


def test_a_correction_is_known_only_from_its_day(tmp_path):
    days = {"": ("2022-06-29", "2022-06-30"), "  since: 2023\n": ("2023-12-30", "2023-12-31")}
    for since, (before, day) in days.items():
        whole = load(corrected(tmp_path, GOOD + since), as_of="2024-12-31")
        for as_of, expected in ((before, 139.0), (day, 13.9)):
            for data in ([] if since else [load(tmp_path, as_of=as_of)]) + [whole.at("2024-01-01").at(as_of)]:
                assert value_of_2020(data) == [expected]
                assert len(data.corrections) == (expected == 13.9)


def test_a_corrected_vintage_stays_older_than_a_later_one_and_a_qualifier_can_be_corrected(tmp_path):
    later = figure(2020, 14.2, published="2021-09-01")
    text = GOOD.replace("period: 2020", "period: 2020, published: 2021-02-28")
    data = load(corrected(tmp_path, text, [*WRONG, later]), as_of="2024-12-31")
    frame = data.observations[data.observations["period"] == "2020"].sort_values("known_from")
    assert list(frame["value"]) == [13.9, 14.2]
    text = GOOD.replace("expect: 139\n  set: 13.9", "column: qualifier\n  expect: '='\n  set: '>='")
    row = load(corrected(tmp_path, text), as_of="2024-12-31").observations.iloc[-1]
    assert (row["value"], row["qualifier"]) == (139.0, ">=")


PLACE = "corrections.yaml, row"
NEEDED = "figure, expect, set, why, who, source, date"
QUALIFIER = GOOD.replace("expect: 139\n  set: 13.9", "column: qualifier\n  expect: '='\n  set: '>'")
BEGIN = "begin every correction with `- figure:`"
BAD = [  # a file of corrections, the row and column of its one problem, what was found, and the rest
    (GOOD.replace("expect: 139", "expect: 1390"), "2, column expect", "1390", "139, as row 4 of observations.csv holds "
     "now; the file has changed since the correction was written: check its reason, then delete or renew it"),
    (GOOD.replace("period: 2020", "period: 2018"), "1, column figure", "widgets / testville / 2018",
     "a row of observations.csv; correct the entry, or delete the correction if the row is gone"),
    (GOOD.replace("why:", "wy: x\n  why:"), "4, column wy", "an unknown entry", "figure, column, expect, set, why, "
     'who, source, date, since; rename or remove it. Did you mean "why"?'),
    (GOOD.replace("region:", "regio:"), "1, column figure: regio", "an unknown entry", "indicator_id, region, period, "
     'measure, published, base_period, source_id; rename or remove it. Did you mean "region"?'),
    (GOOD.replace("  why: a decimal point was lost in print\n", ""), "1, column why", "",
     "a value; a correction says what, why, on whose word and when"),
    (GOOD.replace("source: bulletin", "source: buletin"), "6, column source", "buletin",
     'source_id of sources.csv; add it there, or correct it. Did you mean "bulletin"?'),
    (GOOD.replace("2022-06-30", "June"), "7, column date", "June", "a date as 2023-02-28, 2023-02 or 2023; "
     "write the day, month or year as far as it is known"),
    (GOOD.replace("set: 13.9", "set: 13,9"), "3, column set", "13,9",
     "a number; write it with digits and a point, as 3.48"),
    (QUALIFIER, "4, column set", ">", '=, ~, >=, <=; choose one of them. Did you mean ">="?'),
    (GOOD.replace("  expect: 139", "  column: periode\n  expect: 139"), "2, column column", "periode",
     "value, qualifier, status; any other cell is corrected in observations.csv itself."),
    ("figure: x\n", "1", "no list", f"a list of corrections; {BEGIN}"),
    ("- widgets\n", "1, column figure", "widgets", f"entries as {NEEDED}; {BEGIN}"),
    (GOOD.replace("{indicator_id: widgets, region: testville, period: 2020}", "widgets"), "1, column figure",
     "widgets", "columns of observations.csv; write it as {period: 2020, …}"),
    (GOOD.replace(", period: 2020", ""), "1, column figure: period", "", "a value; name the figure"),
    (GOOD + " x\n", "8", "expected <block end>, but found '<scalar>'", "YAML; indent entries of one list equally; "
     "put text that holds ': ' or starts with a sign in quotes"),
    (GOOD + "  set: 14\n", "8, column set", "the entry twice", "each entry once; remove one of them"),
    (GOOD + GOOD.replace("13.9", "14"), "8, column figure", "value of row 4 of observations.csv",
     "each cell once; it stands in row 1 already: delete one"),
]  # fmt: skip


def test_a_faulty_correction_is_one_error_and_nothing_is_loaded(tmp_path):
    package(tmp_path, observations=WRONG)
    for text, place, found, rest in BAD:
        (tmp_path / "corrections.yaml").write_text(text, "utf-8")
        assert errors(tmp_path) == [f"{PLACE} {place}: found {found!r}; allowed: {rest}"]
    with pytest.raises(DataError, match="each cell once"):
        load(tmp_path)


def test_a_correction_of_two_vintages_says_how_to_tell_them_apart_and_all_faults_come_at_once(tmp_path):
    corrected(tmp_path, GOOD, [*WRONG, figure(2020, 14.2, published="2021-09-01")])
    assert errors(tmp_path) == [
        f"{PLACE} 1, column figure: found 'widgets / testville / 2020, which rows 4, 5 of observations.csv match'; "
        "allowed: one row; add measure or published or base_period or source_id to tell them apart"]  # fmt: skip
    text = GOOD.replace("who: Office of Testville\n  ", "") + GOOD.replace("expect: 139", "expect: x")
    places = [problem.split(": found")[0] for problem in errors(corrected(tmp_path, text))]
    assert places == [f"{PLACE} 1, column who", f"{PLACE} 8, column expect"]


def test_a_correction_can_mend_a_figure_that_the_checks_refuse_and_an_empty_file_is_none(tmp_path):
    package(tmp_path, observations=[*figures({2019: 13.1}), figure(2020, -139)])
    assert len(errors(tmp_path)) == 1
    (tmp_path / "corrections.yaml").write_text(GOOD.replace("139", "-139"), "utf-8")
    assert errors(tmp_path) == []
    assert load(corrected(tmp_path, "# nothing yet\n"), as_of="2024-12-31").corrections.empty


def test_check_shows_the_corrections_in_every_format(tmp_path, qcity):
    corrected(tmp_path, GOOD)
    words = ("check", "--data", tmp_path, "--format")
    text, made, html = (qcity(*words, kind)[1] for kind in ("text", "json", "html"))
    assert (
        "correction: corrections.yaml, row 1: widgets / testville / 2020 / level / value: 139 -> 13.9 since "
        "2022-06-30; a decimal point was lost in print (Office of Testville, 2022-06-30, bulletin)"
    ) in text
    assert corrections.listed(tmp_path)[0].to_dict() == json.loads(made)[-1]
    assert json.loads(made)[-1]["level"] == "correction"
    for said in ("更正 (1)", "Corrections (1)", "139 -&gt; 13.9 since 2022-06-30", "139 → 13.9，自 2022-06-30 起",
            "a decimal point was lost"):  # fmt: skip
        assert said in html


def test_the_example_in_the_documentation_is_one_that_works(tmp_path):
    text = (corrections.__doc__ or "").split("allowed):\n\n")[1].split("\n\nOut of scope")[0]
    assert errors(corrected(tmp_path, text)) == []
    assert value_of_2020(load(tmp_path, as_of="2021-03-01")) == [13.9]

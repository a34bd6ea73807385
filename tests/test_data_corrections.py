"""Corrections of published figures: applied when read, never outliving their reason, never leaking backwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packages import contents, figure, figures, package
from typer.testing import CliRunner

from qcity_analysis import cli
from qcity_analysis.data import corrections
from qcity_analysis.data.load import Data, check, load
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


def corrected(folder: Path, text: str, observations: list[dict[str, Any]] | None = None) -> Path:
    package(folder, observations=observations or WRONG)
    (folder / "corrections.yaml").write_text(text, "utf-8")
    return folder


def value_of_2020(data: Data) -> list[float]:
    frame = data.observations
    return list(frame.loc[frame["period"] == "2020", "value"])


def errors(folder: Path) -> list[str]:
    return [str(problem) for problem in check(folder) if problem.level == "error"]


def test_a_correction_changes_the_figure_read_and_no_file(tmp_path: Path) -> None:
    before = contents(corrected(tmp_path, GOOD))
    data = load(tmp_path, as_of="2024-12-31")
    assert value_of_2020(data) == [13.9]
    assert list(data.observations["value"]) == [13.1, 15.2, 13.9]
    assert contents(tmp_path) == before
    made = data.corrections.iloc[0]
    assert (made["expect"], made["set"], str(made["since"]), made["why"]) == (
        139.0, 13.9, "2022-06-30", "a decimal point was lost in print",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("since", "as_of", "expected"),
    [
        ("", "2022-06-29", 139.0),
        ("", "2022-06-30", 13.9),
        ("  since: 2021-02-28\n", "2021-02-28", 13.9),
        ("  since: 2023\n", "2023-12-30", 139.0),
        ("  since: 2023\n", "2023-12-31", 13.9),
    ],
)
def test_a_correction_is_known_only_from_its_day(
    tmp_path: Path, since: str, as_of: str, expected: float
) -> None:
    folder = corrected(tmp_path, GOOD + since)
    asked = load(folder, as_of=as_of)
    stepped = load(folder, as_of="2024-12-31").at("2024-01-01").at(as_of)
    for data in (asked, stepped):
        assert value_of_2020(data) == [expected]
        assert len(data.corrections) == (expected == 13.9)


def test_a_corrected_vintage_stays_older_than_a_later_one(tmp_path: Path) -> None:
    later = figure(2020, 14.2, published="2021-09-01")
    text = GOOD.replace("period: 2020", "period: 2020, published: 2021-02-28")
    data = load(corrected(tmp_path, text, [*WRONG, later]), as_of="2024-12-31")
    frame = data.observations[data.observations["period"] == "2020"].sort_values("known_from")
    assert list(frame["value"]) == [13.9, 14.2]


def test_qualifier_and_status_can_be_corrected(tmp_path: Path) -> None:
    text = GOOD.replace("expect: 139\n  set: 13.9", "column: qualifier\n  expect: '='\n  set: '>='")
    row = load(corrected(tmp_path, text), as_of="2024-12-31").observations.iloc[-1]
    assert (row["value"], row["qualifier"]) == (139.0, ">=")


PLACE = "corrections.yaml, row"
BAD = {
    "the file has changed": (
        GOOD.replace("expect: 139", "expect: 1390"),
        f"{PLACE} 2, column expect: found '1390'; allowed: 139, as row 4 of observations.csv holds now; "
        "the file has changed since the correction was written: check its reason, then delete or renew it",
    ),
    "no such row": (
        GOOD.replace("period: 2020", "period: 2018"),
        f"{PLACE} 1, column figure: found 'widgets / testville / 2018'; allowed: a row of observations.csv; "
        "correct the entry, or delete the correction if the row is gone",
    ),
    "an unknown entry": (
        GOOD.replace("why:", "wy: x\n  why:"),
        f"{PLACE} 4, column wy: found 'an unknown entry'; "
        "allowed: figure, column, expect, set, why, who, source, date, since; rename or remove it. "
        'Did you mean "why"?',
    ),
    "an unknown column of the figure": (
        GOOD.replace("region:", "regio:"),
        f"{PLACE} 1, column figure: regio: found 'an unknown entry'; allowed: indicator_id, region, period, measure, "
        'published, base_period, source_id; rename or remove it. Did you mean "region"?',
    ),
    "a missing reason": (
        GOOD.replace("  why: a decimal point was lost in print\n", ""),
        f"{PLACE} 1, column why: found ''; allowed: a value; a correction says what, why, on whose word and when",
    ),
    "an unknown source": (
        GOOD.replace("source: bulletin", "source: buletin"),
        f"{PLACE} 6, column source: found 'buletin'; allowed: source_id of sources.csv; add it there, or correct it. "
        'Did you mean "bulletin"?',
    ),
    "a date that is none": (
        GOOD.replace("2022-06-30", "June"),
        f"{PLACE} 7, column date: found 'June'; allowed: a date as 2023-02-28, 2023-02 or 2023; "
        "write the day, month or year as far as it is known",
    ),
    "a value that is none": (
        GOOD.replace("set: 13.9", "set: 13,9"),
        f"{PLACE} 3, column set: found '13,9'; allowed: a number; write it with digits and a point, as 3.48",
    ),
    "a qualifier that is none": (
        GOOD.replace("expect: 139\n  set: 13.9", "column: qualifier\n  expect: '='\n  set: '>'"),
        f"{PLACE} 4, column set: found '>'; allowed: =, ~, >=, <=; choose one of them. Did you mean \">=\"?",
    ),
    "a column that is not corrected": (
        GOOD.replace("  expect: 139", "  column: periode\n  expect: 139"),
        f"{PLACE} 2, column column: found 'periode'; allowed: value, qualifier, status; "
        "another cell is set right in observations.csv itself.",
    ),
    "no list": ("figure: x\n", f"{PLACE} 1: found 'no list'; allowed: a list of corrections; "
                "begin every correction with `- figure:`"),
    "an item that is none": (
        "- widgets\n",
        f"{PLACE} 1, column figure: found 'widgets'; allowed: entries as figure, expect, set, why, who, source, date; "
        "begin every correction with `- figure:`",
    ),
    "a figure that is none": (
        GOOD.replace("{indicator_id: widgets, region: testville, period: 2020}", "widgets"),
        f"{PLACE} 1, column figure: found 'widgets'; allowed: columns of observations.csv; "
        "write it as {period: 2020, …}",
    ),
    "a figure without a period": (
        GOOD.replace(", period: 2020", ""),
        f"{PLACE} 1, column figure: period: found ''; allowed: a value; name the figure",
    ),
    "no YAML": (
        GOOD + " x\n",
        f"{PLACE} 8: found \"expected <block end>, but found '<scalar>'\"; allowed: YAML; indent entries of one list "
        "equally; put text that holds ': ' or starts with a sign in quotes",
    ),
    "an entry twice": (
        GOOD + "  set: 14\n",
        f"{PLACE} 8, column set: found 'the entry twice'; allowed: each entry once; remove one of them",
    ),
    "the same cell twice": (
        GOOD + GOOD.replace("13.9", "14"),
        f"{PLACE} 8, column figure: found 'value of row 4 of observations.csv'; allowed: each cell once; "
        "it stands in row 1 already: delete one",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_faulty_correction_is_one_error_and_nothing_is_loaded(tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    corrected(tmp_path, text)
    assert errors(tmp_path) == [message]
    with pytest.raises(DataError) as raised:
        load(tmp_path)
    assert [str(problem) for problem in raised.value.problems] == [message]


def test_a_correction_that_fits_two_vintages_says_how_to_tell_them_apart(tmp_path: Path) -> None:
    corrected(tmp_path, GOOD, [*WRONG, figure(2020, 14.2, published="2021-09-01")])
    assert errors(tmp_path) == [
        f"{PLACE} 1, column figure: found 'widgets / testville / 2020, which rows 4, 5 of observations.csv match'; "
        "allowed: one row; add measure or published or base_period or source_id to tell them apart"
    ]


def test_all_faults_of_all_corrections_come_at_once(tmp_path: Path) -> None:
    corrected(
        tmp_path, GOOD.replace("who: Office of Testville\n  ", "") + GOOD.replace("expect: 139", "expect: x")
    )
    assert [problem.split(": found")[0] for problem in errors(tmp_path)] == [
        f"{PLACE} 1, column who", f"{PLACE} 8, column expect",
    ]  # fmt: skip


def test_a_correction_can_mend_a_figure_that_the_checks_refuse(tmp_path: Path) -> None:
    rows = [*figures({2019: 13.1}), figure(2020, -139)]
    package(tmp_path, observations=rows)
    assert len(errors(tmp_path)) == 1
    (tmp_path / "corrections.yaml").write_text(GOOD.replace("139", "-139"), "utf-8")
    assert errors(tmp_path) == []


def test_an_empty_file_of_corrections_is_none(tmp_path: Path) -> None:
    assert errors(corrected(tmp_path, "# nothing yet\n")) == []
    assert len(load(tmp_path, as_of="2024-12-31").corrections) == 0


def test_check_shows_the_corrections_in_text_and_json(tmp_path: Path) -> None:
    corrected(tmp_path, GOOD)
    shown = CliRunner().invoke(cli.app, ["check", "--data", str(tmp_path)])
    assert (
        "correction: corrections.yaml, row 1: widgets / testville / 2020 / level / value: 139 -> 13.9 since "
        "2022-06-30; a decimal point was lost in print (Office of Testville, 2022-06-30, bulletin)"
    ) in shown.output
    rows = json.loads(CliRunner().invoke(cli.app, ["check", "--json", "--data", str(tmp_path)]).output)
    assert rows[-1]["level"] == "correction"
    assert corrections.listed(tmp_path)[0].to_dict() == rows[-1]


def test_the_example_in_the_documentation_is_one_that_works(tmp_path: Path) -> None:
    text = (corrections.__doc__ or "").split("allowed):\n\n")[1].split("\n\nOut of scope")[0]
    assert errors(corrected(tmp_path, text)) == []
    assert value_of_2020(load(tmp_path, as_of="2021-03-01")) == [13.9]

"""What `qcity check` says, as lines, JSON and a page, in both languages."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from packages import change, changes, figure, figures, indicator, package, target

import qcity_analysis as qc
from qcity_analysis.catalogue import catalogue
from qcity_analysis.errors import Problem
from qcity_analysis.reporting.page import check_page
from qcity_analysis.reporting.problems import PLACE, in_chinese, problem_in

CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18}
FAULTS: list[dict[str, list[dict[str, object]]]] = [
    {"observations": [figure(2020, "x"), figure(2021, 2, status="done"), figure(2022, 3, region="testvile")]},
    {
        "observations": [
            figure(2020, 3) | {"period": "20x0"},
            figure(2021, ""),
            figure(2022, 3, published="soon"),
        ]
    },
    {"observations": [figure(2020, 3), figure(2020, 4), figure(2021, -4), figure(2022, 5, unit="tonnes")]},
    {"observations": [figure(2024, 3, published="2020"), figure(2999, 3, published=""), change(2020, -100)]},
    {"observations": [figure(2020, 3, measure="cumulative_change_pct")]},
    {"observations": [figure(2020, 3, measure="cumulative_change_pct", base_period=2021)]},
    {"observations": [figure(2020, 0)], "targets": [target(**CUT, base_year=2020)]},
    {"targets": [target(**CUT), target("b", threshold="", direction="increase", deadline="soon")]},
    {"targets": [target(base_year=2030, indicator_id="widget", threshold="many")]},
    {
        "indicators": [
            indicator("widgets", comparators="otherlnd/widgets", publication_lag_months="x", support="share")
        ]
    },
    {"indicators": [indicator("widgets", support="percent")], "observations": figures({2020: 104})},
    {"observations": figures({2019: 10.1, 2020: 11.3, 2021: 1171, 2022: 12, 2023: 12.4})},
    {
        "observations": figures(
            {2016: 10.11, 2017: 10.48, 2018: 10.85, 2019: 11.22, 2020: 11.4, 2021: 11.4, 2022: 11.4}
        )
    },
    {"observations": figures({2005 + k: round(10 * 1.05**k, 1) for k in range(12)} | {2012: 25.5})},
    {"observations": changes({2005 + k: -3 - 0.1 * (k % 4) for k in range(12)} | {2012: -27.0})},
    {"observations": [*figures({2018: 100, 2019: 97}), change(2019, 3)]},
    {
        "observations": [
            *changes({2017: -3, 2018: 4}),
            figure(2018, -6.9, measure="cumulative_change_pct", base_period=2016),
        ]
    },
    {"observations": [figure(2018, 9, measure="count_total"), figure(2019, 8, measure="count_total")]},
    {"observations": [figure(2019, 3, published="2020-12"), figure(2019, 4, published="2020-12-31")]},
    {"observations": [figure(2019, 3, status="estimate"), figure(2020, 4, published="2020-11")]},
    {"observations": figures({2019: 104}, unit="%"), "indicators": [indicator("widgets", unit="%")]},
]


@pytest.mark.parametrize("tables", FAULTS)
def test_every_finding_is_said_in_chinese(tmp_path: Path, tables: dict[str, list[dict[str, object]]]) -> None:
    for problem in qc.check(package(tmp_path, **tables)):
        said = problem_in(problem, "zh")
        lists = re.fullmatch(r"[\w<>=~, ]+", problem.allowed)  # the choices of a column are names
        for key in ("remedy",) if lists else ("allowed", "remedy"):
            assert re.search("[一-鿿]", said[key]), f"no Chinese for {said[key]!r}"
        bare = re.sub(r"`[^`]*`|“[^”]*”|[\w.]+\.csv", "", said["allowed"] + said["remedy"])
        assert not re.search(r"\b(the|of|is|and|a|check|correct|add)\b", bare), bare


def test_files_that_cannot_be_read_are_said_in_chinese(tmp_path: Path) -> None:
    package(tmp_path)
    (tmp_path / "regions.csv").write_bytes("region,name_zh,name_en\ntestville,测试,x\n".encode("gb18030"))
    (tmp_path / "targets.csv").write_text("plan,plan,spare\na,b\n", "utf-8")
    (tmp_path / "sources.csv").unlink()
    for problem in qc.check(tmp_path):
        said = problem_in(problem, "zh")
        assert re.search("[一-鿿]", said["remedy"]), said
        assert re.search("[一-鿿]", said["found"]) or problem.found in ("plan", "spare"), said


def test_both_languages_of_a_message_have_the_same_places() -> None:
    entries = catalogue("problems")
    for key, entry in entries.items():
        assert sorted(PLACE.findall(entry["en"])) == sorted(PLACE.findall(entry["zh"])), key
    english = [entry["en"] for entry in entries.values()]
    assert len(english) == len(set(english))


def test_a_part_without_chinese_stays_as_it_is() -> None:
    assert in_chinese("something nobody has translated") == "something nobody has translated"


def test_the_page_holds_every_finding_in_both_languages_and_nothing_from_outside(tmp_path: Path) -> None:
    problems = [
        Problem("a.csv", 7, "value", "<b>x</b>", "a number", "write it with digits and a point, as 3.48"),
        Problem("b.csv", None, None, "", "a year of four digits", "write it as 2020", "warning"),
    ]
    html = check_page(problems, "here", dt.date(2024, 1, 2))
    assert html.count("<h1") == 1 and html.count("<table ") == html.count("<caption>") == 4
    assert "&lt;b&gt;x&lt;/b&gt;" in html and "<b>x" not in html
    assert "a year of four digits" in html and "四位数的年份" in html
    assert not re.search(r"https?://|<script|src=", html)
    assert re.findall(r"<th(?! scope=|ead)", html) == [] and html.count('scope="row"') == 4
    levels = [int(n) for n in re.findall(r"<h(\d)", html)]
    assert levels == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("kind", ["text", "json", "html"])
def test_each_format_holds_the_same_findings_and_goes_to_a_file(
    tmp_path: Path, qcity: Any, kind: str
) -> None:
    folder, out = package(tmp_path / "plan", observations=[figure(2020, "x")]), tmp_path / "found"
    code, printed, err = qcity("check", "--data", folder, "--format", kind)
    assert (code, err) == (2, "") and "a number" in printed
    code, said, _ = qcity("check", "--data", folder, "--format", kind, "--out", out)
    assert (code, said.strip()) == (2, f"written: {out} (1 errors, 0 warnings)")
    assert out.read_text("utf-8") == printed
    if kind == "json":
        (row,) = json.loads(printed)
        assert list(row) == ["file", "row", "column", "found", "allowed", "remedy", "level"]


def test_a_wrong_format_or_place_is_one_line(tmp_path: Path, qcity: Any) -> None:
    folder = package(tmp_path / "plan")
    code, _, err = qcity("check", "--data", folder, "--format", "htm")
    assert (code, err) == (
        2,
        "qcity: unknown format 'htm'. Did you mean \"html\"? Known: text, json, html.\n",
    )
    code, _, err = qcity("check", "--data", folder, "--out", tmp_path / "no" / "a")
    place = tmp_path / "no" / "a"
    assert code == 2 and err == (
        f"qcity: cannot write {place}: No such file or directory; "
        "name a folder that exists and may be written\n"
    )


def test_check_as_of_an_earlier_day_warns_of_what_was_odd_then(tmp_path: Path) -> None:
    rows = [figure(2019, 3, status="preliminary"), figure(2019, 3.1, published="2024-01-01")]
    folder = package(tmp_path, observations=rows, targets=[target(deadline=2019)])
    assert [p.column for p in qc.check(folder, as_of="2023-01-01")] == ["status"]
    assert qc.check(folder, as_of="2020-03-01") == [] == qc.check(folder)


def test_the_page_lists_the_corrections_in_both_languages() -> None:
    made = Problem(
        "corrections.yaml", 1, "rd / nanjing / 2020", "139 -> 13.9 since 2022-06-30", "", "误印", "correction"
    )
    html = check_page([], "here", dt.date(2024, 1, 2), corrections=[made])
    for said in (
        "更正 (1)",
        "Corrections (1)",
        "139 -&gt; 13.9 since 2022-06-30",
        "139 → 13.9，自 2022-06-30 起",
        "误印",
    ):
        assert said in html
    assert "Corrections" not in check_page([], "here", dt.date(2024, 1, 2))


def test_the_page_of_the_command_holds_the_corrections(tmp_path: Path, qcity: Any) -> None:
    folder = package(tmp_path / "plan", observations=[figure(2020, 139)])
    (folder / "corrections.yaml").write_text(
        "- figure: {indicator_id: widgets, region: testville, period: 2020}\n  expect: 139\n  set: 13.9\n"
        "  why: a point was lost\n  who: Office\n  source: bulletin\n  date: 2021-06-30\n",
        "utf-8",
    )
    code, printed, err = qcity("check", "--data", folder, "--format", "html")
    assert (
        (code, err) == (0, "")
        and "139 -&gt; 13.9 since 2021-06-30" in printed
        and "a point was lost" in printed
    )

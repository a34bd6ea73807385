"""The data overview counts what is there, says what is missing, and is a whole page in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from packages import change, figure, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.reporting import data_sections
from qcity_analysis.reporting.figures.coverage import coverage_chart
from qcity_analysis.reporting.page import render_page
from qcity_analysis.running import jobs
from qcity_analysis.running.runner import run_notebook
from qcity_analysis.series.coverage import ages, counts, coverage, used_sources

ROWS = [
    *figures({2018: 10, 2019: 11}),
    figure(2020, 12, status="preliminary"),
    figure(2020, 12.4, published="2022-01-31"),
    figure(2021, 13, qualifier=">="),
    figure("2022-Q3", 5, published="2022-11"),
    figure("2023-06", 6, published="2023-08"),
    figure(2023, 15, status="estimate", published="2024-01-31"),
    figure(2019, 3, region="otherland"),
    change(2024, 2.5, indicator_id="widgets_b"),
]
TABLES: dict[str, Any] = {
    "observations": ROWS,
    "indicators": [
        indicator("widgets"),
        indicator("widgets_b", continues="widgets", break_period=2024),
        indicator("gadgets"),
    ],
    "targets": [target(), target("none", indicator_id="gadgets", plan="second")],
}


def known(folder: Path, as_of: str = "2026-06-30") -> qc.Data:
    return loaded(folder, as_of, **TABLES)


def test_coverage_is_the_best_figure_of_each_year_of_the_targets_own_region(tmp_path: Path) -> None:
    table = coverage(known(tmp_path))
    assert table.loc[("made_up", "goal")].to_dict() == {
        2018: "final",
        2019: "final",
        2020: "final",
        2021: "part",
        2022: "part",
        2023: "provisional",
        2024: "final",
        2025: "",
    }
    assert set(table.loc[("second", "none")]) == {""}
    early = coverage(known(tmp_path / "b", "2021-12-31"))
    assert (
        early.loc[("made_up", "goal"), 2020] == "provisional" and early.loc[("made_up", "goal"), 2021] == ""
    )
    assert coverage(known(tmp_path / "c", "2010-01-01")).shape == (2, 0)


def test_ages_count_from_the_end_of_the_year_and_what_is_due_allows_for_the_lag(tmp_path: Path) -> None:
    (row,) = ages(known(tmp_path, "2026-06-30")).to_dict("records")
    assert (row["target_id"], row["period"], row["months"], row["due"]) == ("goal", "2024", 18, 1)
    (row,) = ages(known(tmp_path / "b", "2026-05-31")).to_dict("records")
    assert (row["months"], row["due"]) == (17, 0)


def test_counts_are_those_of_the_rows(tmp_path: Path) -> None:
    data = known(tmp_path)
    assert counts(data) == {
        "figures": 9,
        "series": 3,
        "sources": 1,
        "targets": 2,
        "covered": 1,
        "revisions": 1,
    }
    assert counts(data, "second") | {"revisions": 0} == counts(data) | {
        "targets": 1,
        "covered": 0,
        "revisions": 0,
    }
    assert used_sources(data)[["documents", "figures"]].values.tolist() == [[1, 10]]


def test_the_chart_draws_a_square_for_each_year_and_a_frame_for_each_deadline(tmp_path: Path) -> None:
    table = coverage(known(tmp_path))
    chart = coverage_chart(table, ["a", "b"], [2025, 2040], "zh")
    squares = [patch for patch in chart.axes[0].patches]
    assert len(squares) == int((table != "").sum().sum()) + 1
    texts = [t.get_text() for t in chart.axes[0].texts]
    assert "2040 →" in texts
    empty = coverage_chart(pd.DataFrame(index=range(2)), ["a", "b"], [2025, 2025])
    assert len(empty.axes[0].patches) == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_notebook_makes_a_whole_page_of_the_shipped_data(tmp_path: Path, lang: str) -> None:
    asked = {"language": lang, "as_of": "2026-06-30", "out": str(tmp_path)}
    result = run_notebook(jobs.NOTEBOOKS / "01_data_data_sections.ipynb", asked, tmp_path / "run.ipynb")
    assert result.ok, result.error
    front = render_page(result.output, tmp_path / "page.html", lang=lang)
    html = (tmp_path / "page.html").read_text("utf-8")
    data = qc.load(as_of="2026-06-30")
    found = counts(data)
    for number in (found["figures"], found["sources"], found["targets"] - found["covered"]):
        assert re.search(rf"\b{number}\b", front["answer"])
    assert html.count("<img ") == len(data.plans()) == len(re.findall(r'<img [^>]*?alt="[^"]{20,}"', html))
    assert html.count("<h1") == 1 and not re.search(r"https?://", re.sub(r'base64,[^"]+', "", html))
    levels = [int(n) for n in re.findall(r"<h([1-6])", html)]
    assert all(b - a <= 1 for a, b in zip(levels[:-1], levels[1:], strict=True))
    saved = json.loads((tmp_path / "data_overview_all_2026-06-30.json").read_text("utf-8"))
    assert (
        saved["counts"] == found and saved["coverage"]["nanjing_quality_city/rd_intensity"]["2020"] == "final"
    )
    shown = re.sub(r"<(details|style)\b.*?</\1>|<[^>]+>", " ", html, flags=re.S)
    assert "rd_intensity" not in shown and "nan" not in shown.split()


def test_an_empty_package_and_an_unknown_plan_say_so(tmp_path: Path, shown: list[Any]) -> None:
    data = known(tmp_path, "2010-01-01")
    data_sections.answer(data, "", "en")
    for section in (data_sections.picture, data_sections.newest):
        section(data, "", "en")
    for section in (data_sections.revised, data_sections.sources, data_sections.warnings):
        section(data, "en")
    assert "there are 0 published figures" in shown[0] and any(
        "No figure was revised" in line for line in shown if isinstance(line, str)
    )
    with pytest.raises(qc.QcityError, match="unknown plan 'secnd'. Did you mean \"second\"?"):
        data_sections.answer(data, "secnd", "en")

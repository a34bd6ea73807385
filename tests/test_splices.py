"""Two definitions meet only where a splice is declared, with its reason; otherwise never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packages import changes, figure, figures, indicator, loaded, package

from qcity_analysis.data.load import check
from qcity_analysis.reporting.describe import note
from qcity_analysis.series.annual import AnnualSeries, annual_series

OLD = {2015: 10.0, 2016: 11.0, 2017: 12.0, 2018: 13.0, 2019: 14.0}
NEW = {2018: 26.0, 2019: 28.4, 2020: 30.0, 2021: 31.0}
REASON = {
    "splice_reason_zh": "两种口径同比例",
    "splice_reason_en": "both count the same things in another unit",
}


def definitions(**cells: Any) -> list[dict[str, Any]]:
    newer = {
        "continues": "old",
        "break_period": 2018,
        "break_reason_zh": "口径",
        "break_reason_en": "new scope",
    }
    return [indicator("widgets", **(newer | cells)), indicator("old")]


def joined(folder: Path, rows: list[dict[str, Any]], as_of: str = "2024-12-31", **cells: Any) -> AnnualSeries:
    data = loaded(folder, as_of, observations=rows, indicators=definitions(**cells))
    return annual_series(data, "widgets", "testville")


def rows(new: dict[int, float] = NEW) -> list[dict[str, Any]]:
    return [*figures(OLD, indicator_id="old"), *figures(new)]


def test_without_a_declaration_nothing_is_joined(tmp_path: Path) -> None:
    for k, cells in enumerate(({}, {"splice": "none"}, {"splice": ""})):
        found = joined(tmp_path / str(k), rows(), **cells)
        assert found.known().to_dict() == NEW
        assert (len(found.earlier), found.breaks) == (0, ())
        assert set(found.observations["indicator_id"]) == {"widgets"}


def test_a_declared_ratio_moves_the_older_figures_to_meet_the_newer(tmp_path: Path) -> None:
    found = joined(tmp_path, rows(), splice="ratio", splice_year=2018, **REASON)
    expected = {year: level * 26 / 13 for year, level in OLD.items() if year < 2018} | NEW
    assert found.known().to_dict() == pytest.approx(expected)
    (told,) = [one for one in found.notes if one.code == "spliced"]
    assert note(told, "en") == (
        "2015–2017 come from the older definition “Indicator old”, linked in the overlap year 2018 (by 2): "
        "both count the same things in another unit."
    )
    assert "两种口径同比例" in note(told, "zh")
    assert found.observations["indicator_id"].tolist() == ["old"] * 3 + ["widgets"] * 4


def test_a_declared_difference_adds_the_same_amount_to_each_year(tmp_path: Path) -> None:
    found = joined(tmp_path, rows(), splice="difference", splice_year=2019, **REASON)
    assert found.known().loc[:2017].to_dict() == pytest.approx({2015: 24.4, 2016: 25.4, 2017: 26.4})


def test_no_overlap_no_splice_and_it_is_said(tmp_path: Path) -> None:
    found = joined(tmp_path, rows({2020: 30.0, 2021: 31.0}), splice="ratio", splice_year=2019, **REASON)
    assert found.known().to_dict() == {2020: 30.0, 2021: 31.0}
    (told,) = [one for one in found.notes if one.code == "splice_impossible"]
    assert note(told, "en") == (
        "A splice to the older definition “Indicator old” in 2019 is declared, but one of the two has no level in "
        "that year; nothing is joined."
    )


def test_a_splice_counts_only_from_the_day_its_overlap_was_published(tmp_path: Path) -> None:
    cells = {"splice": "ratio", "splice_year": 2018} | REASON
    late = [*figures(OLD, indicator_id="old"), figure(2020, 30), figure(2018, 26, published="2022-05-01")]
    before = joined(tmp_path / "a", late, "2022-04-30", **cells)
    after = joined(tmp_path / "b", late, "2022-05-01", **cells)
    assert before.known().to_dict() == {2020: 30}
    assert after.known().index.min() == 2015


def test_changes_of_an_older_definition_are_linked_to_the_newer_index(tmp_path: Path) -> None:
    data = [*changes({2018: 10, 2019: 10}, indicator_id="old"), *changes({2020: -5, 2021: -5})]
    found = joined(tmp_path, data, splice="ratio", splice_year=2019, **REASON)
    assert found.known().to_dict() == pytest.approx(
        {2017: 100 / 1.21, 2018: 100 / 1.1, 2019: 100.0, 2020: 95.0, 2021: 90.25}
    )


def test_what_the_older_definition_knew_in_part_comes_along(tmp_path: Path) -> None:
    older = [*figures(OLD, indicator_id="old"), figure(2014, 9, indicator_id="old", qualifier="~")]
    bound = figure(2013, 8, indicator_id="old", qualifier="<=")
    found = joined(tmp_path, [*older, bound, *figures(NEW)], splice="ratio", splice_year=2018, **REASON)
    assert found.noisy == {2014: pytest.approx(2 / 3**0.5)}
    assert found.upper == {2013: 16.0}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"splice": "ratio", "splice_year": ""} | REASON,
            "indicators.csv, row 2, column splice_year: found ''; allowed: a year in which both definitions have a "
            "level; write it as 2022",
        ),
        (
            {"splice": "ratio", "splice_year": 2018} | REASON | {"splice_reason_en": ""},
            "indicators.csv, row 2, column splice_reason_en: found ''; allowed: the reason in English; "
            "say why the two definitions may be linked",
        ),
        (
            {"splice": "ratio", "splice_year": 2018, "continues": ""} | REASON,
            "indicators.csv, row 2, column continues: found ''; allowed: the older definition; "
            "name the indicator that this one continues",
        ),
        (
            {"splice_year": 2018},
            "indicators.csv, row 2, column splice_year: found '2018'; allowed: empty where nothing is spliced; "
            "it is ignored; set splice to ratio or difference, or empty the cell",
        ),
        (
            {"splice": "link", "splice_year": 2018} | REASON,
            "indicators.csv, row 2, column splice: found 'link'; allowed: none, ratio, difference; choose one of them.",
        ),
    ],
)
def test_a_splice_declared_in_part_is_refused(tmp_path: Path, cells: dict[str, Any], message: str) -> None:
    found = check(package(tmp_path, indicators=definitions(**cells), observations=rows()))
    assert message in [str(one) for one in found]

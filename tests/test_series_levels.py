"""From published figures to annual levels: chains, gaps, conflicts, spliced definitions, computed indicators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packages import Row, change, changes, figure, figures, indicator, loaded, package, target

from qcity_analysis.assessment.assess import assess
from qcity_analysis.data.load import check
from qcity_analysis.errors import Note, QcityError
from qcity_analysis.reporting.sentences import note
from qcity_analysis.series.annual import AnnualSeries, annual_series


def series(folder: Path, rows: list[Row], as_of: str = "2024-12-31", **options: Any) -> AnnualSeries:
    tables = {name: options.pop(name) for name in ("indicators", "targets") if name in options}
    return annual_series(
        loaded(folder, as_of, observations=rows, **tables), "widgets", "testville", **options
    )


def cumulative(period: int, value: float, base: int | None) -> Row:
    return figure(period, value, measure="cumulative_change_pct", base_period=base or "")


def the_note(found: AnnualSeries, code: str) -> Note:
    (one,) = [note for note in found.notes if note.code == code]
    return one


@pytest.mark.parametrize(
    ("rows", "base_year", "levels"),
    [
        (  # chained from the base year
            changes({2021: 1.51, 2022: -2.2, 2023: -4.18}), 2020,
            {2020: 100, 2021: 101.51, 2022: 101.51 * 0.978, 2023: 101.51 * 0.978 * 0.9582},
        ),
        (  # and backwards
            changes({2019: 10, 2020: 25, 2021: -20}), 2020, {2018: 100 / 1.25 / 1.1, 2019: 80, 2020: 100, 2021: 80},
        ),
        (  # levels stay as published and changes extend them both ways
            [figure(2020, 50), change(2020, 25), change(2021, 10)], None, {2019: 40, 2020: 50, 2021: 55},
        ),
        ([cumulative(2023, -10, 2020)], None, {2020: 100, 2023: 90}),  # years between stay unknown
        ([cumulative(2022, -10, 2020), change(2023, -5)], None, {2020: 100, 2022: 90, 2023: 85.5}),
        ([cumulative(2022, -8, None)], 2020, {2020: 100, 2022: 92}),  # on the base year asked for
        ([], None, {}),
    ],
)  # fmt: skip
def test_levels_from_changes(
    tmp_path: Path, rows: list[Row], base_year: int | None, levels: dict[int, float]
) -> None:
    cut = target(kind="relative_change", direction="at_most", threshold=-18, base_year=2020)
    found = series(tmp_path, rows, targets=[cut], base_year=base_year)
    assert found.known().to_dict() == pytest.approx(levels)
    assert found.values.index.tolist() == list(range(min(levels, default=0), max(levels, default=-1) + 1))
    assert (found.unit == "points") == (found.base_year is None)


@pytest.mark.parametrize("base_year", [2020, None])
def test_an_earlier_stretch_that_nothing_joins_is_kept_with_its_break(
    tmp_path: Path, base_year: int | None
) -> None:
    found = series(tmp_path, changes({2012: 2, 2013: 3, 2021: -1, 2022: -2}), base_year=base_year)
    assert (found.base_year, found.breaks, found.values.index.tolist()) == (2020, (2020,), [2020, 2021, 2022])
    assert found.earlier.to_dict() == pytest.approx({2011: 100, 2012: 102, 2013: 102 * 1.03})
    assert found.history().index.tolist() == [2011, 2012, 2013, 2020, 2021, 2022]


def test_the_cumulative_figure_wins_over_the_chain_and_the_difference_is_a_note(tmp_path: Path) -> None:
    rows = [*changes({2021: 10, 2022: 10}), cumulative(2022, 25, 2020)]
    found = series(tmp_path, rows, base_year=2020)
    assert found.values[2022] == pytest.approx(125)
    told = the_note(found, "conflict").values
    assert (told["start"], told["end"], told["published"]) == (2021, 2022, 10)
    assert told["implied"] == pytest.approx(100 * (125 / 110 - 1))
    chained = series(tmp_path, rows, base_year=2020, prefer="changes")
    assert chained.values[2022] == pytest.approx(121)
    other = the_note(chained, "conflict").values
    assert (other["published"], round(other["implied"], 6)) == (25, 21)
    within_rounding = [*rows[:2], cumulative(2022, 21.2, 2020)]
    assert not series(tmp_path, within_rounding, base_year=2020).notes


def test_the_newest_vintage_counts_and_an_assumed_publication_date_is_said(tmp_path: Path) -> None:
    rows = [figure(2020, 10), figure(2020, 10.4, published="2022-01-05"), figure(2021, 11, published="")]
    found = series(tmp_path, rows)
    assert (found.values[2020], found.superseded["value"].tolist()) == (10.4, [10])
    assert found.notes == (
        Note("assumed_publication", {"periods": ["2021"]}),
        Note("superseded", {"count": 1}),
    )
    shown = found.observations[["publisher", "title"]].to_numpy().tolist()
    assert shown == [["Office of Testville", "Bulletin"]] * 2


@pytest.mark.parametrize("names", [("wigdets", "testville"), ("widgets", "testvile")])
def test_unknown_indicators_and_regions_are_refused_with_a_hint(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    with pytest.raises(QcityError, match='unknown (indicator|region) .* Did you mean "(widgets|testville)"?'):
        annual_series(loaded(tmp_path), *names)


LEVELS = {2018: 30.0, 2019: 31.0, 2020: 33.0, 2021: 34.0, 2022: 35.0}


@pytest.mark.parametrize("times", [1, 1000])
def test_older_changes_end_at_the_first_level_so_that_the_unit_of_the_levels_plays_no_part(
    tmp_path: Path, times: int
) -> None:
    published = {year: value * times for year, value in LEVELS.items()}
    found = series(tmp_path, figures(published) + changes({2011: 25, 2012: 20}))
    assert (found.values.to_dict(), found.breaks) == (published, (2018,))
    assert found.earlier.to_dict() == pytest.approx({2010: 20 * times, 2011: 25 * times, 2012: 30 * times})


def test_of_stretches_whose_years_interleave_only_one_is_kept_and_the_other_is_listed(tmp_path: Path) -> None:
    found = series(tmp_path, [*figures(LEVELS), cumulative(2012, 40, 2007), *changes({2010: 5, 2011: 4})])
    assert found.earlier.index.tolist() == [2009, 2010, 2011]
    assert found.history().index.is_unique
    assert found.unused[["period", "measure", "reason"]].to_numpy().tolist() == [
        ["2012", "cumulative_change_pct", "apart"]
    ]
    assert Note("unused_apart", {"periods": ["2012"]}) in found.notes


def test_changes_after_a_missing_year_are_named_not_lost(tmp_path: Path) -> None:
    found = series(tmp_path, [*figures({2018: 50, 2019: 51}), *changes({2022: 1, 2023: 2})])
    assert found.known().index.tolist() == [2018, 2019]
    assert the_note(found, "unlinked_later").values == {"start": "2021", "end": "2023"}


def test_a_share_that_changes_push_above_100_is_left_out_and_named(tmp_path: Path) -> None:
    share = [indicator("widgets", support="percent")]
    published = figures({2019: 60.0, 2020: 62.0, 2021: 80.0}) + changes({2022: 50, 2012: 1})
    found = series(tmp_path, published, indicators=share)
    assert found.values.to_dict() == {2019: 60.0, 2020: 62.0, 2021: 80.0}
    assert found.earlier.to_dict() == pytest.approx({2011: 60 / 1.01, 2012: 60.0})
    assert Note("above_100", {"periods": ["2022"]}) in found.notes
    fallen = series(tmp_path, figures({2019: 60.0, 2020: 62.0}) + changes({2012: -50}), indicators=share)
    assert (fallen.earlier.to_dict(), fallen.breaks) == ({}, ())
    assert Note("above_100", {"periods": ["2011", "2012"]}) in fallen.notes


KINDS = [
    target(),
    target(kind="coverage", threshold=99),
    target(kind="relative_change", threshold=50, base_year=2020, unit="%"),
    target(kind="direction", threshold="", base_year=2020),
    target(kind="monotone", base_year=2019),
    target(kind="cumulative", threshold=99, base_year=2020),
]


CELLS = {"support": "real,positive,percent,count", "timing": ",average,total,stock"}


def random_figure(rng: np.random.Generator) -> Row:
    year = int(rng.integers(2006, 2024))
    measures = "level level change_pct cumulative_change_pct count_total count_new"
    measure = str(rng.choice(measures.split()))
    return figure(
        rng.choice([f"{year}", f"{year}", f"{year}-Q3", f"{year}-12"]),
        int(rng.integers(-60 if measure == "change_pct" else 0, 90)), measure=measure,
        base_period=2005 if measure == "cumulative_change_pct" else "",
        qualifier=rng.choice(["=", "=", "~", ">=", "<="]), status=rng.choice(["final", "preliminary", "estimate"]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_every_valid_package_is_assessed_or_says_why_not(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for trial in range(2):
        made = [random_figure(rng) for _ in range(rng.integers(1, 14))]
        rows = list({(row["period"], row["measure"]): row for row in made}.values())
        cells = {name: rng.choice(values.split(",")) for name, values in CELLS.items()}
        kind = KINDS[(seed + trial) % len(KINDS)]
        tables = {"observations": rows, "indicators": [indicator("widgets", **cells)], "targets": [kind]}
        answer = assess(loaded(tmp_path / str(trial), **tables), "goal", draws=100)
        told = {"forecast": answer.probability, "not_assessable": answer.reason}
        assert told.get(answer.status, answer.outcome) is not None


# Two definitions meet only where a splice is declared, with its reason.

OLD = {2015: 10.0, 2016: 11.0, 2017: 12.0, 2018: 13.0, 2019: 14.0}
NEW = {2018: 26.0, 2019: 28.4, 2020: 30.0, 2021: 31.0}
REASON = {"splice_reason_zh": "两种口径同比例", "splice_reason_en": "both count the same things"}
BOTH = [*figures(OLD, indicator_id="old"), *figures(NEW)]


def definitions(**cells: Any) -> list[Row]:
    reasons = {"break_reason_zh": "口径", "break_reason_en": "new scope"}
    newer = {"continues": "old", "break_period": 2018} | reasons
    return [indicator("widgets", **(newer | cells)), indicator("old")]


def joined(folder: Path, rows: list[Row], method: str, year: int, as_of: str = "2024-12-31") -> AnnualSeries:
    made = definitions(splice=method, splice_year=year, **REASON)
    return series(folder, rows, as_of, indicators=made)


@pytest.mark.parametrize("cells", [{}, {"splice": "none"}, {"splice": ""}])
def test_without_a_declaration_nothing_is_joined(tmp_path: Path, cells: Row) -> None:
    found = series(tmp_path, BOTH, indicators=definitions(**cells))
    assert (found.known().to_dict(), len(found.earlier), found.breaks) == (NEW, 0, ())
    assert set(found.observations["indicator_id"]) == {"widgets"}


CHANGED = [*changes({2018: 10, 2019: 10}, indicator_id="old"), *changes({2020: -5, 2021: -5})]


@pytest.mark.parametrize(
    ("rows", "method", "year", "before"),
    [
        (BOTH, "ratio", 2018, {2015: 20, 2016: 22, 2017: 24}),  # by 26 / 13
        (BOTH, "difference", 2019, {2015: 24.4, 2016: 25.4, 2017: 26.4}),
        (CHANGED, "ratio", 2019, {2017: 100 / 1.21, 2018: 100 / 1.1}),  # linked to the newer index
    ],
)
def test_a_declared_splice_moves_the_older_figures_to_meet_the_newer(
    tmp_path: Path, rows: list[Row], method: str, year: int, before: dict[int, float]
) -> None:
    found = joined(tmp_path, rows, method, year)
    after = NEW if rows is BOTH else {2019: 100.0, 2020: 95.0, 2021: 90.25}
    assert found.known().to_dict() == pytest.approx(before | after)
    told = the_note(found, "spliced")
    assert "both count the same things" in note(told, "en") and "两种口径同比例" in note(told, "zh")
    assert f"linked in the overlap year {year}" in note(told, "en")
    if rows is BOTH:
        assert found.observations["indicator_id"].tolist() == ["old"] * 3 + ["widgets"] * 4


def test_without_an_overlap_known_by_then_there_is_no_splice_and_it_is_said(tmp_path: Path) -> None:
    late = [*figures(OLD, indicator_id="old"), figure(2020, 30), figure(2018, 26, published="2022-05-01")]
    found = joined(tmp_path / "a", late, "ratio", 2018, "2022-04-30")
    assert found.known().to_dict() == {2020: 30}
    assert "in 2018 is declared, but one of the two has no level" in note(
        the_note(found, "splice_impossible"), "en"
    )
    assert joined(tmp_path / "b", late, "ratio", 2018, "2022-05-01").known().index.min() == 2015


def test_what_the_older_definition_knew_in_part_comes_along(tmp_path: Path) -> None:
    rows = [
        figure(2014, 9, indicator_id="old", qualifier="~"),
        figure(2013, 8, indicator_id="old", qualifier="<="),
    ]
    found = joined(tmp_path, [*BOTH, *rows], "ratio", 2018)
    assert (found.evidence.noisy, found.evidence.upper) == ({2014: pytest.approx(2 / 3**0.5)}, {2013: 16.0})


# Indicators computed from others: a ratio, a figure per head, a sum of counts.

SPENDING = {2017: 30.0, 2018: 33.0, 2019: 36.5, 2020: 40.0, 2021: 44.0, 2022: 47.0}
GDP = {2017: 1000.0, 2018: 1070.0, 2019: 1130.0, 2020: 1170.0, 2021: 1280.0, 2022: 1330.0}


def indicators(**cells: Any) -> list[Row]:
    derived = {"support": "percent", "unit": "%", "derived": "ratio", "inputs": "spending;gdp"} | cells
    return [
        indicator("widgets", **derived),
        *(indicator(name, unit="bn yuan") for name in ("spending", "gdp")),
    ]


def inputs(gdp: dict[int, float] = GDP, *more: Row) -> list[Row]:
    rows = [*figures(SPENDING, indicator_id="spending"), *figures(gdp, indicator_id="gdp"), *more]
    return [row | {"unit": "%" if row["indicator_id"] == "widgets" else "bn yuan"} for row in rows]


def ratio(folder: Path, rows: list[Row], as_of: str = "2024-12-31", **cells: Any) -> AnnualSeries:
    return series(folder, rows, as_of, indicators=indicators(**cells), targets=[target(unit="%")])


def test_a_ratio_is_the_quotient_of_its_inputs_and_a_gap_where_one_is_missing(tmp_path: Path) -> None:
    gdp = {year: level for year, level in GDP.items() if year != 2019}
    found = ratio(tmp_path, inputs(gdp))
    expected = {year: 100 * SPENDING[year] / level for year, level in gdp.items()}
    assert found.known().to_dict() == pytest.approx(expected)
    assert (found.unit, found.support, found.derived) == ("%", "percent", "ratio")
    assert set(found.observations["indicator_id"]) == {"spending", "gdp"}
    told = note(the_note(found, "derived_ratio"), "en")
    assert told == "2017–2022: computed as 100 × “Indicator spending” / “Indicator gdp”."
    head = ratio(tmp_path / "b", inputs(), derived="per_head", factor=10000, unit="yuan", support="positive")
    assert head.values[2022] == pytest.approx(10000 * 47 / 1330)


def test_a_revised_denominator_moves_the_ratio_only_from_the_day_it_was_published(tmp_path: Path) -> None:
    rows = inputs(GDP, figure(2021, 1400, indicator_id="gdp", published="2023-12-20"))
    for day, gdp in (("2023-12-19", 1280), ("2023-12-20", 1400)):
        assert ratio(tmp_path / day, rows, as_of=day).values[2021] == pytest.approx(100 * 44 / gdp)


def test_a_published_figure_wins_over_the_computed_and_a_difference_is_a_note(tmp_path: Path) -> None:
    found = ratio(tmp_path, inputs(GDP, *figures({2020: 3.42, 2021: 3.6})))
    assert (found.values[2020], found.values[2021]) == (3.42, 3.6)
    assert found.values[2022] == pytest.approx(100 * 47 / 1330)
    told = the_note(found, "derived_conflict")  # 3.419 agrees with 3.42
    assert told.values == {"year": 2021, "shown": "3.6", "computed": "3.438"}
    assert "published as 3.6" in note(told, "en") and "3.438" in note(told, "zh")


def test_the_error_of_an_input_is_the_error_of_the_ratio(tmp_path: Path) -> None:
    about = figure(2023, 50, indicator_id="spending", qualifier="~")  # within a step of 10
    found = ratio(tmp_path, inputs(GDP | {2023: 1400.0}, about))
    assert found.evidence.noisy == {2023: pytest.approx(100 * 10 / 3**0.5 / 1400)}


def new(period: object, value: float, **cells: Any) -> Row:
    return figure(period, value, indicator_id="new", measure="count_new", **cells)


HALF = [new(2020, 9), new(2021, 3), new(2022, 4), new("2023-Q2", 2)]


@pytest.mark.parametrize(
    ("rows", "base", "levels", "lower", "upper"),
    [
        (HALF, 2020, {2020: 0, 2021: 3, 2022: 7}, {2023: 9}, {}),  # from the year after its base
        (HALF, None, {2020: 9, 2021: 12, 2022: 16}, {2023: 18}, {}),  # from the first count
        ([new(2021, 3), new(2023, 4)], 2020, {2020: 0, 2021: 3}, {2023: 7}, {}),  # 2022 was not counted
        (  # an upper bound bounds the sum from above only
            [new(2021, 3), new(2022, 10, qualifier="<="), new(2023, 2)], 2020, {2020: 0, 2021: 3},
            {2022: 3, 2023: 5}, {2022: 13, 2023: 15},
        ),
        ([], 2020, {}, {}, {}),
    ],
)  # fmt: skip
def test_a_sum_of_new_items(
    tmp_path: Path, rows: list[Row], base: int | None, levels: dict[int, float], lower: Row, upper: Row
) -> None:
    made = [
        indicator("widgets", derived="sum", inputs="new", support="count"),
        indicator("new", support="count"),
    ]
    found = series(tmp_path, rows, indicators=made, base_year=base)
    assert (found.known().to_dict(), found.evidence.lower, found.evidence.upper) == (levels, lower, upper)


RATIO = {"splice": "ratio", "splice_year": 2018} | REASON
IGNORED = "empty where nothing is"
CIRCLE = (
    "allowed: inputs that lead to published figures; an indicator cannot be computed from itself; change one"
)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (definitions(**RATIO | {"splice_year": ""}), "splice_year: found ''; allowed: a year in which both defin"),
        (definitions(**RATIO | {"splice_reason_en": ""}), "splice_reason_en: found ''; allowed: the reason in English"),
        (definitions(**RATIO | {"continues": ""}), "continues: found ''; allowed: the older definition; name the ind"),
        (definitions(splice_year=2018), f"splice_year: found '2018'; allowed: {IGNORED} spliced; it is ignored; set"),
        (definitions(**RATIO | {"splice": "link"}), "splice: found 'link'; allowed: none, ratio, difference; choose"),
        (indicators(inputs="spending;gpd"), "inputs: found 'gpd'; allowed: indicator_id of indicators.csv; add it"),
        (indicators(inputs="spending"), "inputs: found 'spending'; allowed: 2 indicators separated by ;, as derived"),
        (indicators(derived="sum", inputs=""), "inputs: found ''; allowed: 1 indicator, as derived is sum; name what"),
        (indicators(derived="none"), f"inputs: found 'spending;gdp'; allowed: {IGNORED} derived; it is ignored; set"),
        (indicators(factor=-1), "factor: found '-1'; allowed: a number above 0; correct it, or leave it out"),
        (indicators(derived="sum", inputs="gdp"), "unit: found '%'; allowed: bn yuan, the unit of gdp; give both the"),
        (indicators(inputs="spending;widgets"), f"inputs: found 'widgets ← widgets'; {CIRCLE}"),
        (indicators(inputs="spending;heads"), "inputs: found 'bn yuan / persons'; allowed: two inputs in the same u"),
    ],
)  # fmt: skip
def test_a_declaration_that_makes_no_sense_is_refused(tmp_path: Path, made: list[Row], message: str) -> None:
    made = [*made, indicator("heads", unit="persons")]
    found = check(package(tmp_path, indicators=made, observations=[], targets=[target(unit="%")]))
    assert any(str(one).startswith(f"indicators.csv, row 2, column {message}") for one in found)


def test_a_circle_of_inputs_is_told_once(tmp_path: Path) -> None:
    made = indicators()
    made[2] |= {"derived": "ratio", "inputs": "spending;widgets", "factor": 1}
    found = check(package(tmp_path, indicators=made, observations=[], targets=[target(unit="%")]))
    (told,) = [str(one) for one in found if one.file == "indicators.csv"]
    assert told.startswith(f"indicators.csv, row 2, column inputs: found 'widgets ← gdp ← widgets'; {CIRCLE}")

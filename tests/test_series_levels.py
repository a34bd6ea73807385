"""From published figures to annual levels: chains, gaps, conflicts, spliced definitions, computed indicators."""

import math

import numpy as np
import pytest
from asking import CUT, answers, many_series, new, packed, series_of
from packages import change, changes, figure, figures, indicator, loaded, package, target

from qcity_analysis.data.load import check
from qcity_analysis.errors import Note, QcityError
from qcity_analysis.reporting.sentences import note
from qcity_analysis.series.annual import annual_series

PERCENT = {"support": "percent"}


def cumulative(period, value, base):
    return figure(period, value, measure="cumulative_change_pct", base_period=base or "")


def the_note(found, code):
    (one,) = [note for note in found.notes if note.code == code]
    return one


LEVELS = [  # figures, base year, levels
    (changes({2019: 10, 2020: 25, 2021: -20}), 2020, {2018: 100 / 1.25 / 1.1, 2019: 80, 2020: 100, 2021: 80}),
    # levels stay as published and changes extend them both ways
    ([figure(2020, 50), change(2020, 25), change(2021, 10)], None, {2019: 40, 2020: 50, 2021: 55}),
    ([cumulative(2023, -10, 2020)], None, {2020: 100, 2023: 90}),  # years between stay unknown
    # a chain goes on after a cumulative figure
    ([cumulative(2022, -10, 2020), change(2023, -5)], None, {2020: 100, 2022: 90, 2023: 85.5}),
    ([cumulative(2022, -8, None)], 2020, {2020: 100, 2022: 92}),  # the base year of the target
    ([], None, {}),
]  # fmt: skip
CHAIN = changes({2021: 1.51, 2022: -2.2, 2023: -4.18})


def test_levels_from_changes(tmp_path):
    cases = [*LEVELS, (CHAIN, 2020, None)]
    data = packed(tmp_path, [(CUT, rows) for rows, *_ in cases])
    bases = enumerate(base for _, base, _ in cases)
    *found, chained = (annual_series(data, f"w{k}", "testville", base_year=base) for k, base in bases)
    for one, (_, _, levels) in zip(found, LEVELS, strict=True):
        assert one.known().to_dict() == pytest.approx(levels)
        assert one.values.index.tolist() == list(range(min(levels, default=0), max(levels, default=-1) + 1))
        assert (one.unit == "points") == (one.base_year is None)
    assert (chained.base_year, chained.unit) == (2020, "2020 = 100")
    assert chained.values.tolist() == pytest.approx([100, *(100 * np.cumprod([1.0151, 0.978, 0.9582]))])
    assert math.log(chained.values[2023] / 100) / math.log(0.83) == pytest.approx(0.268, abs=5e-4)


def test_stretches_that_nothing_joins_are_kept_with_their_break_or_named(tmp_path):
    apart = changes({2012: 2, 2013: 3, 2021: -1, 2022: -2})
    levels = dict(enumerate([30.0, 31.0, 33.0, 34.0, 35.0], 2018))
    large = {year: value * 1000 for year, value in levels.items()}
    older = changes({2011: 25, 2012: 20})
    mixed = [*figures(levels), cumulative(2012, 40, 2007), *changes({2010: 5, 2011: 4})]
    lost = [*figures({2018: 50, 2019: 51}), *changes({2022: 1, 2023: 2})]
    based, plain, *sized, interleaved, later = many_series(
        tmp_path, (apart, {}, {"base_year": 2020}), (apart,), (figures(levels) + older,),
        (figures(large) + older,), (mixed,), (lost,),
    )  # fmt: skip
    for found in (based, plain):
        assert (found.base_year, found.breaks) == (2020, (2020,))
        assert found.values.index.tolist() == [2020, 2021, 2022]
        assert found.earlier.to_dict() == pytest.approx({2011: 100, 2012: 102, 2013: 102 * 1.03})
        assert found.history().index.tolist() == [2011, 2012, 2013, 2020, 2021, 2022]
    for found, published, times in zip(sized, (levels, large), (1, 1000), strict=True):
        # older changes end at the first level, so that the unit of the levels plays no part
        assert (found.values.to_dict(), found.breaks) == (published, (2018,))
        assert (found.earlier / times).to_dict() == pytest.approx({2010: 20, 2011: 25, 2012: 30})
    assert interleaved.earlier.index.tolist() == [2009, 2010, 2011]  # only one of two is kept
    assert interleaved.history().index.is_unique
    unused = interleaved.unused[["period", "measure", "reason"]].to_numpy().tolist()
    assert unused == [["2012", "cumulative_change_pct", "apart"]]
    assert Note("unused_apart", {"periods": ["2012"]}) in interleaved.notes
    assert later.known().index.tolist() == [2018, 2019]  # named, not lost
    assert the_note(later, "unlinked_later").values == {"start": "2021", "end": "2023"}


def test_the_cumulative_figure_wins_over_the_chain_and_the_difference_is_a_note(tmp_path):
    rows, base = [*changes({2021: 10, 2022: 10}), cumulative(2022, 25, 2020)], {"base_year": 2020}
    rounded = [*rows[:2], cumulative(2022, 21.2, 2020)]
    cases = [(rows, {}, base), (rows, {}, base | {"prefer": "changes"}), (rounded, {}, base)]
    found, chained, within = many_series(tmp_path, *cases)
    told, other = the_note(found, "conflict").values, the_note(chained, "conflict").values
    assert (found.values[2022], chained.values[2022]) == pytest.approx((125, 121))
    assert (told["start"], told["end"], told["published"]) == (2021, 2022, 10)
    assert told["implied"] == pytest.approx(100 * (125 / 110 - 1))
    assert (other["published"], round(other["implied"], 6)) == (25, 21)
    assert not within.notes


def test_the_newest_vintage_counts_and_an_assumed_publication_date_is_a_note(tmp_path):
    revised = [figure(2020, 10), figure(2020, 10.4, published="2022-01-05"), figure(2021, 11)]
    found, undated = many_series(tmp_path, (revised,), ([figure(2020, 10, published=""), figure(2021, 11)],))
    assert (found.values[2020], found.superseded["value"].tolist()) == (10.4, [10])
    assert found.notes == (Note("superseded", {"count": 1}),)
    assert found.observations["publisher"].tolist() == ["Office of Testville"] * 2
    assert found.observations["title"].tolist() == ["Bulletin"] * 2
    assert undated.notes == (Note("assumed_publication", {"periods": ["2020"]}),)


def test_unknown_indicators_and_regions_are_refused_with_a_hint(tmp_path):
    data = loaded(tmp_path)
    for names, message in (
        (("wigdets", "testville"), "indicator 'wigdets'. Did you mean \"widgets\"? Known: widgets."),
        (
            ("widgets", "testvile"),
            "region 'testvile'. Did you mean \"testville\"? Known: testville, otherland.",
        ),
    ):
        with pytest.raises(QcityError) as error:
            annual_series(data, *names)
        assert str(error.value) == f"unknown {message} `qcity list` shows all."


def test_a_share_that_changes_push_above_100_is_left_out_and_named(tmp_path):
    published = figures({2019: 60.0, 2020: 62.0, 2021: 80.0}) + changes({2022: 50, 2012: 1})
    halved = figures({2019: 60.0, 2020: 62.0}) + changes({2012: -50})
    found, fallen = many_series(tmp_path, (published, PERCENT), (halved, PERCENT))
    assert found.values.to_dict() == {2019: 60.0, 2020: 62.0, 2021: 80.0}
    assert found.earlier.to_dict() == pytest.approx({2011: 60 / 1.01, 2012: 60.0})
    assert Note("above_100", {"periods": ["2022"]}) in found.notes
    assert (fallen.earlier.to_dict(), fallen.breaks) == ({}, ())
    assert Note("above_100", {"periods": ["2011", "2012"]}) in fallen.notes


KINDS = [
    {}, {"kind": "coverage", "threshold": 99}, {"kind": "cumulative", "threshold": 99, "base_year": 2020},
    {"kind": "relative_change", "threshold": 50, "base_year": 2020, "unit": "%"},
    {"kind": "direction", "threshold": "", "base_year": 2020}, {"kind": "monotone", "base_year": 2019},
]  # fmt: skip
MEASURES = ["level", "level", "change_pct", "cumulative_change_pct", "count_total", "count_new"]


def random_figure(rng):
    year, measure = int(rng.integers(2006, 2024)), str(rng.choice(MEASURES))
    period = f"{year}{rng.choice(['', '', '-Q3', '-12'])}"
    return figure(
        period, int(rng.integers(-60 if measure == "change_pct" else 0, 90)), measure=measure,
        base_period=2005 if measure == "cumulative_change_pct" else "",
        qualifier=rng.choice(["=", "=", "~", ">=", "<="]),
        status=rng.choice(["final", "preliminary", "estimate"]),
    )  # fmt: skip


def test_every_valid_package_is_assessed_or_says_why_not(tmp_path):
    rng, cases = np.random.default_rng(8), []
    for kind in KINDS * 3:
        rows = [random_figure(rng) for _ in range(rng.integers(1, 14))]
        once = {(row["period"], row["measure"]): row for row in rows}.values()
        cells = (("support", "real positive percent count"), ("timing", "none average total stock"))
        chosen = {name: str(rng.choice(values.split())).replace("none", "") for name, values in cells}
        cases.append((kind, once, chosen))
    for answer in answers(tmp_path, cases, draws=200):
        told = {"forecast": answer.probability, "not_assessable": answer.reason}
        assert told.get(answer.status, answer.outcome) is not None


# Two definitions meet only where a splice is declared, with its reason.

OLD = {2015: 10.0, 2016: 11.0, 2017: 12.0, 2018: 13.0, 2019: 14.0}
NEW = {2018: 26.0, 2019: 28.4, 2020: 30.0, 2021: 31.0}
REASON = {
    "splice_reason_zh": "两种口径同比例",
    "splice_reason_en": "both count the same things in another unit",
}
OLDER = figures(OLD, indicator_id="old")
BOTH = [*OLDER, *figures(NEW)]


def definitions(**cells):
    newer = dict(continues="old", break_period=2018, break_reason_zh="口径", break_reason_en="new scope")
    return [indicator("widgets", **(newer | cells)), indicator("old")]


def joined(folder, rows, method, year, **more):
    made = definitions(splice=method, splice_year=year, **REASON)
    return series_of(folder, *rows, indicators=made, **more)


@pytest.mark.parametrize("cells", [{}, {"splice": "none"}])
def test_without_a_declaration_nothing_is_joined(tmp_path, cells):
    found = series_of(tmp_path, *BOTH, indicators=definitions(**cells))
    assert (found.known().to_dict(), len(found.earlier), found.breaks) == (NEW, 0, ())
    assert set(found.observations["indicator_id"]) == {"widgets"}


def test_a_declared_ratio_or_difference_moves_the_older_figures_to_meet_the_newer(tmp_path):
    cells = {"indicator_id": "old"}  # what was known in part comes along
    extra = [figure(2014, 9, qualifier="~", **cells), figure(2013, 8, qualifier="<=", **cells)]
    found = joined(tmp_path / "a", [*BOTH, *extra], "ratio", 2018)
    expected = {year: level * 26 / 13 for year, level in OLD.items() if year < 2018} | NEW
    assert found.known().loc[2015:].to_dict() == pytest.approx(expected)
    assert found.noisy == {2014: pytest.approx(2 / 3**0.5)}
    assert found.upper == {2013: 16.0}
    told = the_note(found, "spliced")
    linked = "older definition “Indicator old”, linked in the overlap year 2018 (by 2): both count the same"
    assert note(told, "en") == f"2014–2017 come from the {linked} things in another unit."
    assert "两种口径同比例" in note(told, "zh")
    assert found.observations["indicator_id"].tolist() == ["old"] * 4 + ["widgets"] * 4
    moved = joined(tmp_path / "b", BOTH, "difference", 2019)
    assert moved.known().loc[:2017].to_dict() == pytest.approx({2015: 24.4, 2016: 25.4, 2017: 26.4})


def test_no_overlap_no_splice_and_it_is_said_and_only_from_the_day_it_was_published(tmp_path):
    found = joined(tmp_path / "c", [*OLDER, *figures({2020: 30.0, 2021: 31.0})], "ratio", 2019)
    assert found.known().to_dict() == {2020: 30.0, 2021: 31.0}
    declared = "definition “Indicator old” in 2019 is declared, but one of the two has no level in that year"
    told = note(the_note(found, "splice_impossible"), "en")
    assert told == f"A splice to the older {declared}; nothing is joined."
    late = [*OLDER, figure(2020, 30), figure(2018, 26, published="2022-05-01")]
    assert joined(tmp_path / "a", late, "ratio", 2018, as_of="2022-04-30").known().to_dict() == {2020: 30}
    assert joined(tmp_path / "b", late, "ratio", 2018, as_of="2022-05-01").known().index.min() == 2015


def test_changes_of_an_older_definition_are_linked_to_the_newer_index(tmp_path):
    rows = [*changes({2018: 10, 2019: 10}, indicator_id="old"), *changes({2020: -5, 2021: -5})]
    expected = {2017: 100 / 1.21, 2018: 100 / 1.1, 2019: 100.0, 2020: 95.0, 2021: 90.25}
    assert joined(tmp_path, rows, "ratio", 2019).known().to_dict() == pytest.approx(expected)


# Indicators computed from others: a ratio, a figure per head, a sum of counts.

SPENDING = dict(enumerate([30.0, 33.0, 36.5, 40.0, 44.0, 47.0], 2017))
GDP = dict(enumerate([1000.0, 1070.0, 1130.0, 1170.0, 1280.0, 1330.0], 2017))


def indicators(**cells):
    derived = {"support": "percent", "unit": "%", "derived": "ratio", "inputs": "spending;gdp"} | cells
    return [indicator("widgets", **derived), *(indicator(n, unit="bn yuan") for n in ("spending", "gdp"))]


def inputs(gdp, *more):
    rows = [*figures(SPENDING, indicator_id="spending"), *figures(gdp, indicator_id="gdp"), *more]
    return [row | {"unit": ""} for row in rows]


def ratio(folder, rows, **cells):
    data = loaded(folder, observations=rows, indicators=indicators(**cells), targets=[target(unit="%")])
    return data, annual_series(data, "widgets", "testville")


def test_a_ratio_is_the_quotient_of_its_inputs_and_a_gap_where_one_is_missing(tmp_path):
    gdp = {year: level for year, level in GDP.items() if year != 2019}
    _, found = ratio(tmp_path, inputs(gdp))
    expected = {year: 100 * SPENDING[year] / level for year, level in gdp.items()}
    assert found.known().to_dict() == pytest.approx(expected)
    assert math.isnan(found.values[2019])
    assert (found.unit, found.support, found.derived) == ("%", "percent", "ratio")
    assert set(found.observations["indicator_id"]) == {"spending", "gdp"}
    assert set(found.observations["publisher"]) == {"Office of Testville"}
    told = note(the_note(found, "derived_ratio"), "en")
    assert told == "2017–2022: computed as 100 × “Indicator spending” / “Indicator gdp”."


def test_a_per_head_figure_is_multiplied_by_its_factor(tmp_path):
    cells = {"derived": "per_head", "factor": 10000, "unit": "yuan", "support": "positive"}
    assert ratio(tmp_path, inputs(GDP), **cells)[1].values[2022] == pytest.approx(10000 * 47 / 1330)


def test_a_revised_input_moves_the_ratio_from_its_day_a_published_figure_wins_and_errors_are_passed_on(
    tmp_path,
):
    more = [
        figure(2019, 1400, indicator_id="gdp", published="2023-12-20"), *figures({2020: 3.42, 2021: 3.6}),
        figure(2023, 1400, indicator_id="gdp"), figure(2023, 50, indicator_id="spending", qualifier="~"),
    ]  # fmt: skip
    data, found = ratio(tmp_path, inputs(GDP, *more))
    for day, gdp in (("2023-12-19", 1130), ("2023-12-20", 1400)):
        known = annual_series(data.at(day), "widgets", "testville")
        assert known.values[2019] == pytest.approx(100 * 36.5 / gdp)
    assert (found.values[2020], found.values[2021]) == (3.42, 3.6)
    assert found.values[2022] == pytest.approx(100 * 47 / 1330)
    told = the_note(found, "derived_conflict")  # 3.419 agrees with 3.42
    assert told.values == {"year": 2021, "shown": "3.6", "computed": "3.438"}
    assert "published as 3.6" in note(told, "en") and "3.438" in note(told, "zh")
    step = 10 / math.sqrt(3)  # "about 50"
    assert found.noisy == {2023: pytest.approx(100 * 50 / 1400 * step / 50)}


HALF = [new(2020, 9), new(2021, 3), new(2022, 4), new("2023-Q2", 2)]
SUMS = [  # counts, base year, levels, lower bounds, upper bounds
    (HALF, 2020, {2020: 0, 2021: 3, 2022: 7}, {2023: 9}, {}),  # from the year after its base
    (HALF, None, {2020: 9, 2021: 12, 2022: 16}, {2023: 18}, {}),  # from the first count
    ([new(2021, 3), new(2023, 4)], 2020, {2020: 0, 2021: 3}, {2023: 7}, {}),  # after a year without
    ([new(2021, 3), new(2022, 10, qualifier="<="), new(2023, 2)], 2020, {2020: 0, 2021: 3},
     {2022: 3, 2023: 5}, {2022: 13, 2023: 15}), ([], 2020, {}, {}, {}),  # it bounds from above only
]  # fmt: skip


def test_a_sum_of_new_items(tmp_path):
    count, kinds, rows = {"support": "count"}, [indicator("widgets")], []
    for k, (counts, *_) in enumerate(SUMS):
        kinds += [indicator(f"s{k}", derived="sum", inputs=f"n{k}", **count), indicator(f"n{k}", **count)]
        rows += [row | {"indicator_id": f"n{k}"} for row in counts]
    data = loaded(tmp_path, observations=rows, indicators=kinds)
    for k, (_, base, levels, lower, upper) in enumerate(SUMS):
        found = annual_series(data, f"s{k}", "testville", base_year=base)
        assert (found.known().to_dict(), dict(found.lower), dict(found.upper)) == (levels, lower, upper)


RATIO = {"splice": "ratio", "splice_year": 2018} | REASON
IGNORED = "empty where nothing is"
REFUSED = [
    (definitions(**RATIO | {"splice_year": ""}),
     "splice_year: found ''; allowed: a year in which both definitions have a level; write it as 2022"),
    (definitions(**RATIO | {"splice_reason_en": ""}),
     "splice_reason_en: found ''; allowed: the reason in English; say why the two definitions may be linked"),
    (definitions(**RATIO | {"continues": ""}),
     "continues: found ''; allowed: the older definition; name the indicator that this one continues"),
    (definitions(splice_year=2018), f"splice_year: found '2018'; allowed: {IGNORED} spliced; "
     "it is ignored; set splice to ratio or difference, or empty the cell"),
    (definitions(**RATIO | {"splice": "link"}),
     "splice: found 'link'; allowed: none, ratio, difference; choose one of them."),
    (indicators(inputs="spending;gpd"), "inputs: found 'gpd'; allowed: indicator_id of indicators.csv; "
     'add it there, or correct it. Did you mean "gdp"?'),
    (indicators(inputs="spending"), "inputs: found 'spending'; allowed: 2 indicators separated by ;, as "
     "derived is ratio; name what it is computed from: numerator;denominator"),
    (indicators(derived="sum", inputs=""),
     "inputs: found ''; allowed: 1 indicator, as derived is sum; name what it is computed from"),
    (indicators(derived="none"), f"inputs: found 'spending;gdp'; allowed: {IGNORED} derived; it is ignored; "
     "set derived to ratio, per_head or sum, or empty the cell"),
    (indicators(factor=-1), "factor: found '-1'; allowed: a number above 0; correct it, or leave it out"),
    (indicators(derived="sum", inputs="gdp"),
     "unit: found '%'; allowed: bn yuan, the unit of gdp; give both the same unit"),
    (indicators(inputs="spending;widgets"), "inputs: found 'widgets ← widgets'; allowed: inputs that lead to "
     "published figures; an indicator cannot be computed from itself; change one of the inputs"),
    (indicators(inputs="spending;heads"), "inputs: found 'bn yuan / persons'; allowed: two inputs in the "
     "same unit for a share in %; convert one of them, or state the factor that the ratio is multiplied by"),
]  # fmt: skip


def refusals(folder, made):
    found = check(package(folder, indicators=made, observations=[], targets=[target(unit="%")]))
    return [str(one) for one in found if one.file == "indicators.csv"]


@pytest.mark.parametrize(("made", "message"), REFUSED)
def test_a_declaration_that_makes_no_sense_is_refused(tmp_path, made, message):
    found = refusals(tmp_path, [*made, indicator("heads", unit="persons")])
    assert f"indicators.csv, row 2, column {message}" in found


def test_a_circle_of_inputs_is_told_once(tmp_path):
    made = indicators()
    made[2] |= {"derived": "ratio", "inputs": "spending;widgets", "factor": 1}
    assert refusals(tmp_path, made) == [
        "indicators.csv, row 2, column inputs: found 'widgets ← gdp ← widgets'; allowed: inputs that lead to published "
        "figures; an indicator cannot be computed from itself; change one of the inputs"
    ]

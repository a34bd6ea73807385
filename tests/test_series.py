"""From published figures to annual levels and what is known in part: chains, splices, ratios, bounds, year to date."""

import math

import numpy as np
import pandas as pd
import pytest

from packages import (  # isort: skip
    CUT, PERCENT, answers, change, changes, codes, figure, figures, indicator, loaded, many_series, new,
    package, packed, reason, run, series_of, target, the_note,
)  # fmt: skip

from qcity_analysis.data.load import check
from qcity_analysis.data.vintages import months_covered
from qcity_analysis.errors import Note
from qcity_analysis.reporting.sentences import note
from qcity_analysis.series.annual import annual_series, shifted
from qcity_analysis.series.evidence import standard_errors, typical_revisions


def cumulative(period, value, base):
    return figure(period, value, measure="cumulative_change_pct", base_period=base or "")


LEVELS = [  # figures, base year, levels
    (changes({2019: 10, 2020: 25, 2021: -20}), 2020, {2018: 100 / 1.25 / 1.1, 2019: 80, 2020: 100, 2021: 80}),
    # levels stay as published and changes extend them both ways
    ([figure(2020, 50), *changes({2020: 25, 2021: 10})], None, {2019: 40, 2020: 50, 2021: 55}),
    ([cumulative(2023, -10, 2020)], None, {2020: 100, 2023: 90}),  # years between stay unknown
    # a chain goes on after a cumulative figure
    ([cumulative(2022, -10, 2020), change(2023, -5)], None, {2020: 100, 2022: 90, 2023: 85.5}),
    ([cumulative(2022, -8, None)], 2020, {2020: 100, 2022: 92}),  # the base year of the target
    ([], None, {}),
]  # fmt: skip


def test_levels_from_changes(tmp_path):
    cases = [*LEVELS, (changes({2021: 1.51, 2022: -2.2, 2023: -4.18}), 2020, None)]
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
    based, plain, *sized, interleaved, later = many_series(tmp_path, (apart, {}, {"base_year": 2020}),
        (apart,), (figures(levels) + older,), (figures(large) + older,), (mixed,), (lost,))  # fmt: skip
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
STATUSES = ["final", "preliminary", "estimate"]
MEASURES = ["level", "level", "change_pct", "cumulative_change_pct", "count_total", "count_new"]


def test_every_valid_package_is_assessed_or_says_why_not(tmp_path):
    rng, cases = np.random.default_rng(8), []

    def random_figure():
        measure, part = str(rng.choice(MEASURES)), rng.choice(["", "", "-Q3", "-12"])
        cells = {"base_period": 2005} if measure == "cumulative_change_pct" else {}
        cells |= {"qualifier": rng.choice(["=", "=", "~", ">=", "<="]), "measure": measure}
        value = int(rng.integers(-60 if measure == "change_pct" else 0, 90))
        return figure(f"{rng.integers(2006, 2024)}{part}", value, **cells, status=rng.choice(STATUSES))

    for kind in KINDS * 3:
        rows = [random_figure() for _ in range(rng.integers(1, 14))]
        once = {(row["period"], row["measure"]): row for row in rows}.values()
        cells = (("support", "real positive percent count"), ("timing", "none average total stock"))
        chosen = {name: str(rng.choice(values.split())).replace("none", "") for name, values in cells}
        cases.append((kind, once, chosen))
    for answer in answers(tmp_path, cases, draws=4):
        told = {"forecast": answer.probability, "not_assessable": answer.reason}
        assert told.get(answer.status, answer.outcome) is not None


# Two definitions meet only where a splice is declared, with its reason.
OLD = {2015: 10.0, 2016: 11.0, 2017: 12.0, 2018: 13.0, 2019: 14.0}
NEW = {2018: 26.0, 2019: 28.4, 2020: 30.0, 2021: 31.0}
WHY = "both count the same things in another unit"
REASON = {"splice_reason_zh": "两种口径同比例", "splice_reason_en": WHY}
OLDER = figures(OLD, indicator_id="old")
BOTH = [*OLDER, *figures(NEW)]


def definitions(**cells):
    newer = dict(continues="old", break_period=2018, break_reason_zh="口径", break_reason_en="new scope")
    return [indicator("widgets", **(newer | cells)), indicator("old")]


def joined(folder, rows, method, year, **more):
    return series_of(folder, *rows, indicators=definitions(splice=method, splice_year=year, **REASON), **more)


@pytest.mark.parametrize("cells", [{}, {"splice": "none"}])
def test_without_a_declaration_nothing_is_joined(tmp_path, cells):
    found = series_of(tmp_path, *BOTH, indicators=definitions(**cells))
    assert (found.known().to_dict(), len(found.earlier), found.breaks) == (NEW, 0, ())
    assert set(found.observations["indicator_id"]) == {"widgets"}


def test_a_declared_splice_moves_the_older_figures_where_both_have_a_level_published_by_that_day(tmp_path):
    cells = {"indicator_id": "old"}  # what was known in part comes along
    extra = [figure(2014, 9, qualifier="~", **cells), figure(2013, 8, qualifier="<=", **cells)]
    found = joined(tmp_path / "a", [*BOTH, *extra], "ratio", 2018)
    expected = {year: level * 26 / 13 for year, level in OLD.items() if year < 2018} | NEW
    assert found.known().loc[2015:].to_dict() == pytest.approx(expected)
    assert found.evidence.noisy == {2014: pytest.approx(2 / 3**0.5)}
    assert found.evidence.upper == {2013: 16.0}
    told = the_note(found, "spliced")
    linked = "older definition “Indicator old”, linked in the overlap year 2018 (by 2): both count the same"
    assert note(told, "en") == f"2014–2017 come from the {linked} things in another unit."
    assert "两种口径同比例" in note(told, "zh")
    assert found.observations["indicator_id"].tolist() == ["old"] * 4 + ["widgets"] * 4
    moved = joined(tmp_path / "b", BOTH, "difference", 2019)
    assert moved.known().loc[:2017].to_dict() == pytest.approx({2015: 24.4, 2016: 25.4, 2017: 26.4})
    # linked to the newer index
    rows = [*changes({2018: 10, 2019: 10}, **cells), *changes({2020: -5, 2021: -5})]
    expected = {2017: 100 / 1.21, 2018: 100 / 1.1, 2019: 100.0, 2020: 95.0, 2021: 90.25}
    assert joined(tmp_path / "c", rows, "ratio", 2019).known().to_dict() == pytest.approx(expected)
    found = joined(tmp_path / "other_c", [*OLDER, *figures({2020: 30.0, 2021: 31.0})], "ratio", 2019)
    assert found.known().to_dict() == {2020: 30.0, 2021: 31.0}
    declared = "definition “Indicator old” in 2019 is declared, but at least one of the two has no level in that year"
    told = note(the_note(found, "splice_impossible"), "en")
    assert told == f"A splice to the older {declared}; nothing is joined."
    late = [*OLDER, figure(2020, 30), figure(2018, 26, published="2022-05-01")]
    days = {"2022-04-30": 2020, "2022-05-01": 2015}
    firsts = {day: joined(tmp_path / day, late, "ratio", 2018, as_of=day).known().index.min() for day in days}
    assert firsts == days


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


def test_a_ratio_is_the_quotient_of_its_inputs_as_known_by_the_day_with_their_gaps_and_errors(tmp_path):
    gdp = {year: level for year, level in GDP.items() if year != 2019}
    _, found = ratio(tmp_path / "a", inputs(gdp))
    expected = {year: 100 * SPENDING[year] / level for year, level in gdp.items()}
    assert found.known().to_dict() == pytest.approx(expected)
    assert math.isnan(found.values[2019])
    assert (found.unit, found.support, found.derived) == ("%", "percent", "ratio")
    assert set(found.observations["indicator_id"]) == {"spending", "gdp"}
    assert set(found.observations["publisher"]) == {"Office of Testville"}
    told = note(the_note(found, "derived_ratio"), "en")
    assert told == "2017–2022: computed as 100 × “Indicator spending” / “Indicator gdp”."
    cells = {"derived": "per_head", "factor": 10000, "unit": "yuan", "support": "positive"}
    assert ratio(tmp_path / "b", inputs(GDP), **cells)[1].values[2022] == pytest.approx(10000 * 47 / 1330)
    more = [figure(2019, 1400, indicator_id="gdp", published="2023-12-20"), *figures({2020: 3.42, 2021: 3.6}),
        figure(2023, 1400, indicator_id="gdp"),
        figure(2023, 50, indicator_id="spending", qualifier="~")]  # fmt: skip
    data, found = ratio(tmp_path / "other", inputs(GDP, *more))
    for day, gdp in (("2023-12-19", 1130), ("2023-12-20", 1400)):
        known = annual_series(data.at(day), "widgets", "testville")
        assert known.values[2019] == pytest.approx(100 * 36.5 / gdp)
    assert (found.values[2020], found.values[2021]) == (3.42, 3.6)
    assert found.values[2022] == pytest.approx(100 * 47 / 1330)
    told = the_note(found, "derived_conflict")  # 3.419 agrees with 3.42
    assert told.values == {"year": 2021, "shown": 3.6, "computed": 3.438}
    assert "published as 3.6" in note(told, "en") and "3.438" in note(told, "zh")
    step = 10 / math.sqrt(3)  # "about 50"
    assert found.evidence.noisy == {2023: pytest.approx(100 * 50 / 1400 * step / 50)}


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
        known = found.known().to_dict(), dict(found.evidence.lower), dict(found.evidence.upper)
        assert known == (levels, lower, upper)


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
    (indicators(derived="sum", inputs="gdp", factor=2), "factor: found '2'; allowed: "),
    (definitions(**RATIO | {"splice_reason_zh": ""}), "splice_reason_zh: found ''; allowed: "),
    (indicators(publication_lag_months="x"), "publication_lag_months: found 'x'; allowed: "),
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


def test_a_declaration_that_makes_no_sense_is_refused_and_a_circle_of_inputs_is_told_once(tmp_path):
    circle = indicators()
    circle[2] |= {"derived": "ratio", "inputs": "spending;widgets", "factor": 1}
    told = ("inputs: found 'widgets ← gdp ← widgets'; allowed: inputs that lead to published figures; an indicator "
            "cannot be computed from itself; change one of the inputs")  # fmt: skip
    assert refusals(tmp_path, circle) == [f"indicators.csv, row 2, column {told}"]
    for made, message in REFUSED:
        found = refusals(tmp_path, [*made, indicator("heads", unit="persons")])
        assert any(line.startswith(f"indicators.csv, row 2, column {message}") for line in found), message


# Bounds, approximate, provisional and year-to-date figures.
NINETIES = {2018: 90.0, 2019: 92.0, 2020: 93.0, 2021: 95.0}  # typical yearly change: 2
AVERAGE = {"timing": "average"}


def after_steady(folder, *rows):
    return series_of(folder, *figures(NINETIES), *rows, cells=AVERAGE)


def reasons(found):
    return dict(zip(found.unused["period"], found.unused["reason"], strict=True))


TO_DATE = [  # period, timing, estimate of the year and its error
    ("2022-Q2", "average", 97.0, 2.0 * 0.5), ("2022-08", "average", 97.0, 2.0 / 3),
    ("2022-08", "total", 97.0 * 1.5, (97.0 * 1.5 - 95.0) / 2 / 3),  # 50 more is a surprise
    ("2022-Q3", "stock", 97.0 + 0.25 * 2.0, 2.0 * math.sqrt(0.25)),
]  # fmt: skip


def test_a_year_to_date_figure_is_an_estimate_whose_error_shrinks_with_the_months(tmp_path):
    rows = [[*figures(NINETIES), figure(period, 97, published="2022-11-01")] for period, *_ in TO_DATE]
    cells = [{"timing": timing} for _, timing, *_ in TO_DATE]
    made = many_series(tmp_path / "one", *zip(rows, cells, strict=True))
    for found, (period, timing, value, error) in zip(made, TO_DATE, strict=True):
        assert found.known().index.max() == 2021
        code = "stock_within_year" if timing == "stock" else "year_to_date"
        (told,) = (note.values for note in found.notes if note.code == code)
        assert (told["year"], told["months"], told["value"]) == (2022, months_covered(period), 97)
        assert found.evidence.estimates == {2022: (pytest.approx(value), pytest.approx(error))}
    still = run(2018, [5.5] * 4)
    parts = [(period, timing) for period in ("2022-08", "2022-Q1") for timing in ("average", "stock")]
    cases = [([*still, figure(period, 5.5)], {"timing": timing}) for period, timing in parts]
    cases.append(([*run(2018, [5.0] * 3), change("2021-Q3", 0.0)], AVERAGE))  # in percent of the level
    *parts, moved = many_series(tmp_path / "other_a", *cases)
    assert [row.evidence.estimates for row in parts] == [{2022: (5.5, 0.1)}] * 4
    assert moved.evidence.estimates == {2021: (5.0, pytest.approx(5.0 * 0.1 / 100))}
    (answer,) = answers(tmp_path / "other_b", [({}, [*still, figure("2022-08", 5.5)], AVERAGE)], draws=4)
    assert answer.status == "forecast"


def test_errors_of_a_year_to_date_are_learned_and_only_the_newest_of_the_year_counts(tmp_path):
    cases = [[figure("2020-Q2", 93.1), figure("2021-Q2", 94.8), figure("2022-Q2", 96)],
        [figure("2021-Q2", 94), figure("2022-Q1", 96), figure("2022-Q3", 97)],
        [figure("2022-12", 97), figure("2021-Q4", 95.5, published="2023-01")]]  # fmt: skip
    chain = [*changes({2020: -2, 2021: -3, 2022: -2.5}), change("2023-Q3", -3.0)]
    asked = (([*figures(NINETIES), *rows], AVERAGE) for rows in cases)
    through, learned, newest, december = many_series(tmp_path, (chain, AVERAGE, {"base_year": 2020}), *asked)
    size = math.sqrt((2 * 2.0**2 + sum(p**2 for p in [(93.0 - 93.1) / 0.5, (95.0 - 94.8) / 0.5])) / 4)
    assert learned.evidence.estimates[2022][1] == pytest.approx(size * 0.5)
    assert "unused_year_to_date_known" in codes(learned)
    level, typical = float(through.values[2022]), float(np.median(np.abs(np.diff(through.known()))))
    # a change to date is an estimate of the level it leads to
    assert through.evidence.estimates == {2023: (pytest.approx(level * 0.97), pytest.approx(typical / 4))}
    assert [note.values["months"] for note in newest.notes if note.code == "year_to_date"] == [9]
    assert reasons(newest) == {"2021-Q2": "year_to_date_known", "2022-Q1": "year_to_date_older"}
    assert december.known().to_dict() == NINETIES | {2021: 95.5, 2022: 97}  # December to date is the year
    assert december.superseded["period"].tolist() == ["2021"] and not december.evidence.estimates


def test_counts_of_new_items_keep_their_months(tmp_path):
    rows = [new(2022, 12), new("2022-Q2", 5), new("2023-Q2", 7, published="2023-08-01")]
    found = series_of(tmp_path, *rows, new("2023-08", 9, published="2023-10-01", qualifier=">="))
    table = found.new_counts[["year", "months", "count", "qualifier", "publisher"]].to_numpy().tolist()
    office = "Office of Testville"
    assert table == [[2022, 12, 12.0, "=", office], [2023, 8, 9.0, ">=", office]]
    assert len(found.known()) == 0


def test_bounds_year_to_date_figures_and_counts_are_no_levels(tmp_path):
    """Bounds of every year without a level are kept, in the unit of the levels."""
    found = series_of(tmp_path, *figures({2016: 10.0, 2018: 12.0}), figure(2015, 9, qualifier=">="),
        figure(2017, 13, qualifier="<="), change(2019, 3, qualifier="<="), change(2010, 3, qualifier="<="),
        figure("2020-12", 14, qualifier=">="), figure("2021-08", 15, qualifier=">="),
        figure("2022-Q2", 13, published="2022-08-01"), figure(2022, 4, measure="count_new"))  # fmt: skip
    assert found.known().to_dict() == {2016: 10, 2018: 12}
    assert found.bounds["period"].tolist() == ["2015", "2017", "2019", "2020"]
    assert dict(found.evidence.lower) == {2015: 9.0, 2020: 14.0}
    assert dict(found.evidence.upper) == {2017: 13.0, 2019: pytest.approx(12.0 * 1.03)}
    unused = {"2010": "bound_on_change", "2021-08": "year_to_date_bound", "2022-Q2": "year_to_date_timing"}
    assert reasons(found) == unused
    assert found.new_counts[["year", "months", "count"]].to_numpy().tolist() == [[2022, 12, 4]]
    assert set(codes(found)) == {*(f"unused_{why}" for why in unused.values()), "bounds_kept", "new_counts"}


def test_bounds_give_way_to_figures_contradictions_are_said_and_bounds_alone_are_not_assessable(tmp_path):
    later = {"qualifier": ">=", "published": "2022-06-01"}
    against = [figure(2022, 96, qualifier=">="), change(2022, 4, qualifier="<="), figure(2021, 94, **later),
               figure(2020, 94, **later)]  # fmt: skip
    replaced = [figure(2021, 94, **later), figure(2022, 95, qualifier=">="),
                figure(2022, 95.4, published="2023-06-01")]  # fmt: skip
    nothing = [figure(2022, 97, qualifier=">="), change(2022, 1, qualifier="<=")]
    cases = ([*figures(NINETIES), *rows] for rows in (against, replaced, nothing))
    said, figured, dropped = many_series(tmp_path / "one", *((rows,) for rows in cases))
    assert (said.evidence.lower, said.evidence.upper) == ({2022: 96.0}, {2022: pytest.approx(95 * 1.04)})
    # 93 was published, "94 or more" too
    assert the_note(said, "bound_contradicted").values["periods"] == ["2020"]
    assert figured.known().to_dict() == NINETIES | {2022: 95.4}  # but a later bound replaces no figure
    assert figured.superseded["period"].tolist() == ["2022"]
    assert (figured.bounds["period"].tolist(), figured.evidence.lower) == (["2021"], {})
    assert (dropped.evidence.lower, dropped.evidence.upper) == ({}, {})
    assert "bound_contradicted" in codes(dropped)
    two = run(2021, [17, 18])
    cases = [run(2021, [96] * 3, qualifier=">="), [*two, figure(2023, 19, qualifier=">=")], two]
    assert many_series(tmp_path / "other_a", (cases[0],))[0].points() == 0
    bounds, enough, fewer = answers(tmp_path / "other_b", [({}, rows) for rows in cases])
    assert [reason(bounds), enough.status, reason(fewer)] == ["only_bounds", "forecast", "too_few"]
    assert the_note(enough, "few_numbers").values == {"numbers": 2, "partly": 1}


def test_the_size_of_revisions_is_learned_from_the_vintages_of_the_package(tmp_path):
    first = [figure(y, v, status="preliminary") for y, v in {2018: 89, 2019: 92.6, 2020: 93.4}.items()]
    final = [figure(y, v, published=f"{y + 2}-01-05") for y, v in NINETIES.items()]
    data = loaded(tmp_path, observations=[*first, *final])
    off = [(90 - 89) / 1.5, (92 - 92.6) / 1.5, (93 - 93.4) / 1.5]  # 95 came later than the last revision
    expected = math.sqrt((4 * 0.3**2 + sum(x**2 for x in off)) / 7)
    known = typical_revisions(data)
    assert (known["level"], known["change_pct"]) == (pytest.approx(expected), 0.3)
    assert typical_revisions(data.at("2022-12-31")) == known != typical_revisions(data.at("2021-06-01"))
    cells = {"qualifier": "=", "measure": "level", "status": ["final", "preliminary"], "decimals": 0}
    last = pd.DataFrame({"year": [2020, 2021], "value": [93.0, 95.0]} | cells)
    assert standard_errors(last, {"level": 0.4}).tolist() == [0.0, pytest.approx(0.8)]


def test_what_is_known_in_part_has_an_error_and_moves_with_the_series(tmp_path):
    rows = [change(2021, -3), change(2022, -4, status="preliminary"), change(2023, -2)]
    about = [*figures(NINETIES), figure(2022, 96, qualifier="~"), figure(2023, 96.4)]
    near, found = many_series(tmp_path / "one", (about,), (rows, AVERAGE, {"base_year": 2020}))
    assert near.evidence.noisy == {2022: pytest.approx(1 / math.sqrt(3))}  # final figures are exact
    error = 0.97 * 0.3 * 3  # stated share of the median change
    assert found.shared == ({2022: pytest.approx(error), 2023: pytest.approx(error * 0.98)},)
    assert found.evidence.noisy == {}
    about = figure(2017, 89, qualifier="~")
    found = after_steady(tmp_path / "other_a", figure(2022, 96, qualifier=">="), figure("2023-Q2", 97), about)
    half = shifted(found, 2021, 47.5)
    assert half.evidence.lower == {2022: 48.0}
    assert half.evidence.noisy == {2017: pytest.approx(0.5 / math.sqrt(3))}
    assert half.evidence.estimates[2023][0] == pytest.approx(48.5)
    share = series_of(tmp_path / "other_b", *figures(NINETIES), cells={"support": "percent"})
    moved = shifted(share, 2018, 97.0, by_ratio=False)
    assert moved.values.to_dict() == {2018: 97, 2019: 99, 2020: 100, 2021: 100}
    assert (moved.unit, moved.decimals, moved.places()) == ("points", {}, {("widgets", "testville")})


def test_four_ways_to_publish_one_figure_give_four_probabilities(tmp_path):
    """The worked example: 96, "96 or more", "about 96", and 97 in January to August."""
    before = run(2018, [94.0, 94.3, 94.7, 94.9, 95.3])
    ways = [[figure(2023, 96.0, qualifier="~")], [figure(2023, 96.0)], [figure(2023, 96.0, qualifier=">=")],
        [figure(2023, 96.0), figure("2024-08", 97.0, published="2024-10-01")]]  # fmt: skip
    goal, share = {"threshold": 96.5, "deadline": 2024}, {"support": "percent"}
    found = answers(tmp_path, [(goal, [*before, *rows], share) for rows in ways], draws=4000)
    assert (np.diff([0.0, *(answer.probability for answer in found)]) > 0).all()
    for answer, code in zip(found, ("approximate", None, "bounds_kept", "year_to_date"), strict=True):
        assert code is None or code in codes(answer)
    assert found[2].forecast.years.tolist() == [2023, 2024]
    assert found[3].outcome is None  # a part of the deadline's year does not settle it


def test_every_note_about_partial_knowledge_has_its_sentence(tmp_path):
    found = after_steady(
        tmp_path, figure(2020, 99, qualifier=">=", published="2022-06-01"), figure(2022, 96, qualifier=">="),
        figure(2017, 89, qualifier="~", status="preliminary"), figure("2023-Q2", 97, published="2023-08-01"),
        figure("2021-Q2", 94), figure("2024-Q1", 96, qualifier=">=", published="2024-05-01"),
        change("2024-Q2", 1, published="2024-08-01"), new(2022, 4), change(2010, 5, qualifier=">="),
    )  # fmt: skip
    kept = "bound_contradicted bounds_kept approximate provisional year_to_date new_counts unused_bound_on_change"
    to_date = {f"unused_year_to_date_{why}" for why in ("known", "bound", "unlinked")}
    assert set(codes(found)) >= {*kept.split(), *to_date}
    assert not [one for one in found.notes for lang in ("zh", "en") if "{" in (note(one, lang) or "{")]

"""Unlikely figures are warnings with their reason; ordinary series, and the shipped data, give few."""

import datetime as dt

import numpy as np
from packages import STEADY, change, changes, figure, figures, indicator, package, target

import qcity_analysis as qc
from qcity_analysis.data.checks import oddities

CALM = {2005 + k: round(10 * 1.05**k + (0.1 if k % 2 else 0), 2) for k in range(15)}
COUNT = {"measure": "count_total"}


def warnings(folder, rows, **tables):
    """Every finding of `qc.check` on these figures as printed; the target's deadline has its figure by default."""
    made = {"targets": [target(deadline=2016)]} | tables
    return [f"{p.level}: {p}" for p in qc.check(package(folder, observations=rows, **made))]


RIGHT = "check it against the source; if it is right, say why in the note"
SLIP = "check it against the source, and convert it to the unit of the indicator"
EARLIER = ("which an earlier year had already; check it against the source; what is new in one year has the measure "
           "count_new")  # fmt: skip
SIGN = "check it against the source: a fall is negative; an index is not a change"
ODD = [  # figures, the row and value found, and what is said of it
    (figures(CALM | {2012: 25.5}), 9, "25.5",
     f"a figure in line with 2011: 13.4; in other years the series moves by +4.06 to +6 %; {RIGHT}"),
    (changes({2005 + k: -3 - 0.1 * (k % 4) for k in range(12)} | {2012: -27.0}), 9, "-27",
     f"a change like those of other years, -3.3 to -3 %; {RIGHT}"),
    (figures(STEADY | {2019: 1310}), 5, "1310",
     f"a figure of the size of its neighbour 11.8; it is about 100 times that; {SLIP}"),
    (figures(STEADY | {2022: 0.161}), 8, "0.161",
     f"a figure of the size of its neighbour 15.2; it is about 0.01 times that; {SLIP}"),
    (figures(STEADY | {2016: 100_000}), 2, "100000",
     f"a figure of the size of its neighbour 11; it is about 10000 times that; {SLIP}"),
    (figures({2016: 10.11, 2017: 10.48, 2018: 10.85, 2019: 11.22, 2020: 11.4}), 5, "11.22",
     "published figures; those of 2016 to 2019 go by exactly 0.37 a year; "
     "they look interpolated: keep only the years that were published"),
    (figures({2016: 10.1, 2017: 11.3, 2018: 11.3, 2019: 11.3}), 5, "11.3",
     "a figure of its own for each year; 2017 to 2019 are all the same; "
     "check it against the source: it may have been carried forward"),
    (figures({2017: 12, 2018: 15, 2019: 14}, **COUNT), 4, "14", f"a total of at least 15, {EARLIER}"),
    ([figure(2018, 1000, qualifier=">=", **COUNT), figure(2019, 960, **COUNT)], 3, "960",
     f"a total of at least 1000, {EARLIER}"),
    ([*figures({2017: 100, 2018: 97, 2019: 95}), change(2018, 3.0)], 5, "3",
     f"a change of the sign that follows from the published levels 100 and 97 (-3 %); {SIGN}"),
    ([*changes({2017: -3.0, 2018: 4.0, 2019: -2.0}),
      figure(2019, -8.7, measure="cumulative_change_pct", base_period=2016)], 3, "4",
     f"a change of the sign that follows from the cumulative change 2016 to 2019 of -8.7 % (-4 %); {SIGN}"),
    (figures({2018: 96, 2019: 104}, unit="%"), 3, "104", "at most 100, if this is a share; "
     "check the value and the unit; a share has the support percent in indicators.csv"),
    ([figure(2018, 3, status="preliminary")], 2, "preliminary", "final, two years after it came out (2019-02-28); "
     "look for the final figure and add it; if this one was never revised, set it to final"),
    ([figure(2019, 4, published="2019-11-30")], 2, "2019-11-30", "a day after the end of 2019 for a final figure; "
     "check the period and the date; a figure expected for the year has the status estimate"),
    ([figure(2019, 3.0, published="2020-12"), figure(2019, 3.2, published="2020-12-31")], 3, "3.2",
     "one value for one day; row 2 has 3; "
     "give the day each was published, or delete one; until then the later row counts"),
]  # fmt: skip


COLUMNS = {"preliminary": "status", "2019-11-30": "published"}  # of the cells that are no value


def as_one(cases):
    """The figures of every case as those of an indicator of its own: rows, indicators, rows before each."""
    rows = [row | {"indicator_id": f"w{k}"} for k, case in enumerate(cases) for row in case]
    names = ["widgets", *(f"w{k}" for k in range(len(cases)))]
    units = {row["indicator_id"]: "%" for row in rows if row["unit"] == "%" and row["measure"] == "level"}
    indicators = [indicator(name, unit=units.get(name, "points")) for name in names]
    return rows, indicators, [sum(map(len, cases[:k])) for k in range(len(cases))]


def test_an_unlikely_value_is_a_warning_with_its_reason(tmp_path):
    rows, indicators, before = as_one([case[0] for case in ODD])
    at = "warning: observations.csv, row {}, column {}: found {!r}; allowed: {}"
    odd = zip(ODD, before, strict=True)
    expected = [at.format(row + n, COLUMNS.get(cell, "value"), cell, end) for (_, row, cell, end), n in odd]
    expected[-1] = expected[-1].replace("row 2 has", f"row {2 + before[-1]} has")
    assert warnings(tmp_path, rows, indicators=indicators) == expected


def test_an_open_target_with_old_figures_is_stale(tmp_path):
    data = qc.load(package(tmp_path, targets=[target(deadline=2030)]))
    tables = (data.observations, data.indicators, data.targets)
    assert oddities(*tables, dt.date(2025, 6, 30)) == []
    assert [str(p) for p in oddities(*tables, dt.date(2025, 7, 1))] == [
        "targets.csv, row 2, column indicator_id: found newest figure of 2022; allowed: a newer one by 2025-07-01; "
        "figures come out about 6 months after the year ends; look for newer figures and add them with `qcity add`"
    ]


def test_what_is_ordinary_gives_no_warning(tmp_path):
    cases = [
        figures(CALM),
        figures({2016: 10, 2017: 11, 2018: 12, 2019: 13}),  # steps of one digit are equal by chance
        figures({2016: 0, 2017: 0, 2018: 0, 2019: 0}, measure="count_new"),
        figures({2016: 1000, 2017: 1200}, qualifier=">=", **COUNT),
        [figure(2018, 1000, **COUNT), figure(2019, 900, qualifier=">=", **COUNT)],
        [*figures({2018: 99.9, 2019: 100.0}), change(2019, -0.05)],  # within rounding
        [figure(2019, 3.0, published="2020-06"), figure(2019, 3.2, published="2020-12-31")],
    ]
    rows, indicators, _ = as_one(cases)
    assert warnings(tmp_path, rows, indicators=indicators) == []


def test_random_walks_are_rarely_called_odd(tmp_path):
    walks = 100 * np.exp(np.random.default_rng(1).normal(0.03, 0.05, (100, 18)).cumsum(axis=1))
    cases = [figures({2002 + y: round(v, 2) for y, v in enumerate(walk)}) for walk in walks]
    rows, indicators, _ = as_one(cases)
    assert len(warnings(tmp_path, rows, indicators=indicators)) <= 2


def test_rows_with_an_error_take_no_part_and_every_error_comes_before_the_warnings(tmp_path):
    wrong = [figure(2022, 4) | {"period": "20x3"}, figure(2021, "many", published="2024")]
    found = warnings(tmp_path, [*figures(STEADY | {2019: 1310}), *wrong])
    assert [line.split(":")[0] for line in found] == ["error", "error", "warning"]
    assert "row 5, column value: found '1310'" in found[-1]


def test_the_shipped_data_give_only_warnings_seen_before():
    found = [p for p in qc.check() if p.file == "observations.csv"]
    assert {(p.column, p.level) for p in found} <= {(column, "warning") for column in ("status", "published",
        "value")}  # fmt: skip
    looked_at = {"energy_per_gdp zhejiang 2020", "energy_per_gdp guangxi 2020", "energy_per_gdp yunnan 2020",
        "energy_per_gdp yunnan 2015", "fixed_investment_growth jiangsu 2003", "rural_income_growth jiangsu 2019",
        "gdp_growth jiangsu 2021", "unemployment_surveyed_dec china 2025"}  # fmt: skip
    rows = qc.load().observations.set_index("row")[["indicator_id", "region", "period"]].agg(" ".join, axis=1)
    # as printed: each was compared with its text
    assert {rows[p.row] for p in found if p.column == "value"} <= looked_at


def test_the_sign_of_a_change_is_compared_at_the_digits_the_levels_were_typed_with(tmp_path):
    for typed, told in ((("10", "10.1"), 0), (("10.00", "10.10"), 1)):
        rows = [figure(2019, typed[0]), figure(2020, typed[1]), change(2020, -1)]
        assert len(warnings(tmp_path / typed[0], rows)) == told

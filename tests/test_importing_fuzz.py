"""Sheets made at random, with an oracle that knows the true table: right, refused or asked about, never wrong."""

import random
from collections import Counter
from decimal import Decimal

import pandas as pd
import pytest

from qcity_analysis.importing.cells import Grid
from qcity_analysis.importing.layout import read_layout
from qcity_analysis.importing.mapping import read_mapping
from qcity_analysis.importing.matching import Matching
from qcity_analysis.importing.sheets import read_grids
from qcity_analysis.problems import DataError

NAMES = {"pop": ("常住人口", "万人"), "gdp": ("地区生产总值", "亿元"), "inc": ("可支配收入", "元")}
REGIONS = {"nj": ("南京市", "南京", "Nanjing"), "sz": ("苏州市", "苏州", "Suzhou")}
UNITS = {
    "pop": {"万人": 1, "人": 10_000, "千人": 10}, "gdp": {"亿元": 1, "万元": 10_000, "百万元": 100},
    "inc": {"元": 1, "万元": Decimal("0.0001")},
}  # fmt: skip
TABLES = {
    "regions": pd.DataFrame([(r, zh, en, "") for r, (zh, _, en) in REGIONS.items()],
                            columns=["region", "name_zh", "name_en", "code"]),
    "indicators": pd.DataFrame([(i, u, u) for i, (_, u) in NAMES.items()], columns=["indicator_id", "unit", "unit_zh"]),
}  # fmt: skip
YEARS = ["{}", "{}", "{}年", "{}.0", "{}年末", "{}1)", "{}-12-31", "{}①", "{} "]
HEADINGS = {
    "indicator": ["指标", "项目", "Indicator", "科目", ""], "region": ["地区", "城市", "Entity", "Miasto", "Place"],
    "year": ["年份", "Year", "时间", "Rok"],
}  # fmt: skip
TITLES = ["表1 主要指标", "2-3 历年数据", "数据库：年度数据"]
NOTES = ["注：初步统计数", "资料来源：统计局", "① 快报"]


class Sheet:
    """A sheet of one of three layouts, the mapping that a person would write for it, and the figures that are true."""

    def __init__(self, seed):
        self.r = r = random.Random(seed)
        first, count = r.randint(1990, 2015), r.randint(1, 4)
        self.years = list(range(first, first + count))[:: r.choice([1, -1])]
        self.inds = r.sample(list(NAMES), r.randint(1, 3))
        self.places = r.sample(list(REGIONS), r.randint(1, 2))
        self.unit = {i: r.choice(list(UNITS[i])) for i in self.inds}
        self.comma, self.whole, self.truth = r.random() < 0.25, r.random() < 0.4, {}
        form = r.choice(YEARS)
        self.periods = {year: form.format(year) for year in self.years}
        self.called = {place: r.choice(REGIONS[place]) for place in self.places}
        self.by_region = len(self.places) > 1 or r.random() < 0.4
        self.head = {role: r.choice(words) for role, words in HEADINGS.items()}
        keys = [(i, p, y) for i in self.inds for p in self.places for y in self.years]
        self.cells = {key: self.cell(*key) for key in keys}
        self.rows = r.choice([self.across, self.down, self.long])()
        self.disturb()
        how = {"region": self.places[0], "source": {"publisher": "P", "title": "T", "date": "2024"}}
        self.how = how | {"figures": [{"name": NAMES[i][0], "indicator": i} for i in self.inds]}
        self.how |= {"decimal": ",."[not self.comma]} if r.random() < 0.3 else {}

    def cell(self, indicator, place, year):
        if self.r.random() < 0.12:
            return self.r.choice(["", "—", "…", "NaN", ":"])
        size = self.r.choice([2050, 1990, 90_000, 5, 1_200_000] if self.whole else [0.9, 50, 1800, 90_000])
        value = Decimal(f"{self.r.uniform(0.5, 1) * size:.{0 if self.whole else self.r.randint(1, 3)}f}")
        self.truth[indicator, place, str(year)] = value / UNITS[indicator][self.unit[indicator]]
        text = f"{value:,}" if self.r.random() < 0.2 else f"{value}"
        return text.translate(str.maketrans(",.", ".,")) if self.comma else text

    def region(self, text):
        return [text] if self.by_region else []

    def across(self):
        own = self.r.random() < 0.5  # a column of units, or units in the names
        keys = [(i, p) for p in self.places for i in self.inds]
        self.r.shuffle(keys)
        head = [*self.region(self.head["region"]), self.head["indicator"], *["单位"] * own]
        rows = [[*head, *self.periods.values()]]
        for i, p in keys:
            name, unit = (NAMES[i][0], [self.unit[i]]) if own else (f"{NAMES[i][0]}（{self.unit[i]}）", [])
            own_cells = (self.cells[i, p, y] for y in self.years)
            rows.append([*self.region(self.called[p]), name, *unit, *own_cells])
        if self.r.random() < 0.15:
            rows.insert(1, ["一、主要指标"] + [""] * (len(rows[0]) - 1))
        return rows

    def down(self):
        names = [f"{NAMES[i][0]}({self.unit[i]})" for i in self.inds]
        rows = [[self.head["year"], *self.region(self.head["region"]), *names]]
        for p in self.places:
            rows += [[self.periods[y], *self.region(self.called[p]), *(self.cells[i, p, y] for i in self.inds)]
                     for y in self.years]  # fmt: skip
        return rows

    def long(self):
        rows = [[NAMES[i][0], self.periods[y], self.unit[i], cell, *self.region(self.called[p])]
                for (i, p, y), cell in self.cells.items()]  # fmt: skip
        self.r.shuffle(rows)
        rows.insert(0, ["指标", "年份", "单位", "数值", *self.region(self.head["region"])])
        order = self.r.sample(range(len(rows[0])), len(rows[0]))
        return [[row[k] for k in order] for row in rows]

    def disturb(self):
        """Add running numbers and codes that look like years, titles, notes and empty rows."""
        r, start = self.r, self.r.choice([1, 1998, 2001])
        if r.random() < 0.2:
            head = r.choice(["序号", "id", "代码", "编号"])
            self.rows = [[str(start + k) if k else head, *row] for k, row in enumerate(self.rows)]
        blank = [""] * (len(self.rows[0]) - 1)
        self.rows = [[r.choice(TITLES), *blank]] * (r.random() < 0.3) + self.rows
        self.rows += [[r.choice(NOTES), *blank]] * (r.random() < 0.3)
        if r.random() < 0.15:
            self.rows.insert(-1, ["", *blank])


def outcome(seed, file):
    """What became of a sheet: "all" of its figures read, "some" (others refused with their places), or "asked"."""
    made = Sheet(seed)
    rows, sign = tuple(map(tuple, made.rows)), ";" if made.comma else "\t"
    kind = "semicolon" if made.comma else "tab"
    grid = Grid("a.csv", "", rows, tuple(range(1, len(rows) + 1)), opened_as=kind)
    try:
        if seed % 20 == 0:  # through a file, in an encoding
            encoding = made.r.choice(["utf-8", "gb18030", "utf-8-sig"])
            file.write_bytes("\n".join(map(sign.join, made.rows)).encode(encoding))
            (grid,) = read_grids(file)
        found = Matching([read_layout(grid)], read_mapping(made.how), TABLES)
    except DataError as error:
        assert all(problem.line("en") and problem.line("zh") for problem in error.problems)
        return "asked"
    for row, _ in found.figures:
        key = (row["indicator_id"], row["region"], row["period"])
        assert Decimal(row["value"]) == made.truth.get(key), (seed, key, row["value"], rows)
    return "all" if len(found.figures) == len(made.truth) else "some"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_none_of_5000_sheets_is_read_wrong(part, tmp_path):
    counts = Counter(outcome(seed, tmp_path / "a.csv") for seed in range(5000 * part, 5000 * (part + 1)))
    assert counts["all"] > 2500, counts

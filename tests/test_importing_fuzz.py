"""Sheets made at random, with an oracle that knows the true table: right, refused or asked about, never wrong."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qcity_analysis.importing.cells import Grid
from qcity_analysis.importing.layout import read_layout
from qcity_analysis.importing.mapping import read_mapping
from qcity_analysis.importing.matching import match
from qcity_analysis.importing.sheets import read_grids
from qcity_analysis.problems import DataError

NAMES = {"pop": ("常住人口", "万人"), "gdp": ("地区生产总值", "亿元"), "inc": ("可支配收入", "元")}
REGIONS = {"nj": ("南京市", "南京", "Nanjing"), "sz": ("苏州市", "苏州", "Suzhou")}
OTHER_UNITS = {
    "万人": [("人", 10_000), ("千人", 10)],
    "亿元": [("万元", 10_000), ("百万元", 100)],
    "元": [("万元", Decimal("0.0001"))],
}
TABLES = {
    "regions": pd.DataFrame([(r, zh, en, "") for r, (zh, _, en) in REGIONS.items()], columns=["region", "name_zh", "name_en", "code"]),
    "indicators": pd.DataFrame([(i, unit, unit) for i, (_, unit) in NAMES.items()], columns=["indicator_id", "unit", "unit_zh"]),
}  # fmt: skip
YEARS = ["{}", "{}", "{}年", "{}.0", "{}年末", "{}1)", "{}-12-31", "{}①", "{} "]
WORDS = (
    ["指标", "项目", "Indicator", "科目", ""],
    ["地区", "城市", "Entity", "Miasto", "Place"],
    ["年份", "Year", "时间", "Rok", ""],
)
Truth = dict[tuple[str, str, str], Decimal]


def sheet(r: random.Random) -> tuple[list[list[str]], dict[str, Any], Truth]:
    """A sheet, the mapping that a person would write for it, and the figures that are true."""
    first, count = r.randint(1990, 2015), r.randint(1, 4)
    years = list(range(first, first + count))[:: r.choice([1, -1])]
    inds, regions = r.sample(list(NAMES), r.randint(1, 3)), r.sample(list(REGIONS), r.randint(1, 2))
    whole, form = r.random() < 0.4, r.choice(YEARS)
    unit_of = {i: r.choice([(NAMES[i][1], 1), *OTHER_UNITS[NAMES[i][1]]]) for i in inds}
    truth: Truth = {}
    cells: dict[tuple[str, str, int], str] = {}
    sign = r.choice([".", ".", ".", ","])
    for i in inds:
        for place in regions:
            for year in years:
                digits = 0 if whole else r.randint(1, 3)
                size = (
                    r.choice([2050, 1990, 90_000, 5, 1_200_000])
                    if whole
                    else r.choice([0.9, 50, 1800, 90_000])
                )
                value = Decimal(f"{r.uniform(0.5, 1) * size:.{digits}f}")
                text = f"{value:,}" if r.random() < 0.2 else f"{value}"
                cells[i, place, year] = text.translate(str.maketrans(",.", ".,")) if sign == "," else text
                if r.random() < 0.12:
                    cells[i, place, year] = r.choice(["", "—", "…", "NaN", ":"])
                else:
                    truth[i, place, str(year)] = value / unit_of[i][1]
    one, where = r.choice(["across", "down", "long"]), r.choice(["column", "name", "above"])
    names = {i: NAMES[i][0] + (f"（{unit_of[i][0]}）" if where == "name" else "") for i in inds}
    called = {place: r.choice(REGIONS[place]) for place in regions}
    by_region, head = len(regions) > 1 or r.random() < 0.4, [r.choice(words) for words in WORDS]
    period = [form.format(year) for year in years]
    group = ["合计"] if r.random() < 0.2 else []
    keys = [(i, place) for place in regions for i in inds]
    if where == "above" and len({unit_of[i][0] for i in inds}) > 1:
        where = "column"
    if r.random() < 0.5:
        r.shuffle(keys)
    if one == "across":
        lead = (
            [[head[0] or "指标"] + ["单位"] * (where == "column")]
            if by_region
            else [[head[0]] + ["单位"] * (where == "column")]
        )
        rows = [lead[0] + period]
        for i, place in keys:
            rows.append(
                [names[i]] + [unit_of[i][0]] * (where == "column") + [cells[i, place, year] for year in years]
            )
        rows = (
            [[w, *row] for w, row in zip([head[1], *(called[place] for _, place in keys)], rows, strict=True)]
            if by_region
            else rows
        )
        if r.random() < 0.15:
            rows.insert(1, ["一、主要指标"] + [""] * (len(rows[0]) - 1))
    elif one == "down":
        shown = {i: names[i] if where == "name" else f"{NAMES[i][0]}({unit_of[i][0]})" for i in inds}
        rows = [[head[2] or "年份", *([head[1]] if by_region else []), *shown.values()]]
        for place in regions:
            for year, text in zip(years, period, strict=True):
                rows.append(
                    [text, *([called[place]] if by_region else []), *(cells[i, place, year] for i in inds)]
                )
    else:
        rows = [["指标", "年份", "单位", "数值", *([head[1]] if by_region else [])]]
        for i, place in keys:
            for year, text in zip(years, period, strict=True):
                rows.append(
                    [
                        NAMES[i][0],
                        text,
                        unit_of[i][0],
                        cells[i, place, year],
                        *([called[place]] if by_region else []),
                    ]
                )
        order = r.sample(range(len(rows[0])), len(rows[0]))
        rows = [[row[k] for k in order] for row in rows[:1] + r.sample(rows[1:], len(rows) - 1)]
    if r.random() < 0.2:  # a running number, or a code that looks like a year
        start = r.choice([1, 1998, 2001])
        rows = [
            [r.choice(["序号", "id", "代码", "编号"]), *rows[0]],
            *([str(start + k), *row] for k, row in enumerate(rows[1:])),
        ]
    if group and one == "long":
        rows = [[*rows[0], "性别"], *([*row, r.choice(["", "", "男"])] for row in rows[1:])]
    width = len(rows[0])
    if where == "above" and one == "across":
        rows.insert(0, ["", f"单位：{unit_of[inds[0]][0]}"] + [""] * (width - 2))
    if r.random() < 0.3:
        rows.insert(0, [r.choice(["表1 主要指标", "2-3 历年数据", "数据库：年度数据"])] + [""] * (width - 1))
    if r.random() < 0.3:
        rows += [
            [r.choice(["注：初步统计数", "资料来源：统计局", "数据来源：国家统计局"])] + [""] * (width - 1)
        ]
    if r.random() < 0.15:
        rows = [*rows[:-1], [""] * width, rows[-1]]
    figures = [
        {"name": NAMES[i][0], "indicator": i, **({"column": ""} if r.random() < 0.1 else {})} for i in inds
    ]
    how = {
        "region": regions[0],
        "source": {"publisher": "P", "title": "T", "date": "2024"},
        "figures": figures,
    }
    how |= {"delimiter": "semicolon" if sign == "," else "tab"} | (
        {"decimal": sign} if r.random() < 0.3 else {}
    )
    return rows, how, truth if not (group and one == "long") else {}


def outcome(seed: int, file: Path) -> str:
    """What became of a sheet: "all" of its figures read, "some" (others refused with their places), or "asked"."""
    r = random.Random(seed)
    rows, how, truth = sheet(r)
    grid = Grid(
        "a.csv",
        "",
        tuple(map(tuple, rows)),
        tuple(range(1, len(rows) + 1)),
        opened_as=f"UTF-8, {how.pop('delimiter')}",
    )
    try:
        if seed % 20 == 0:  # through a file, in an encoding
            lines = map((";" if "semicolon" in grid.opened_as else "\t").join, rows)
            file.write_bytes("\n".join(lines).encode(r.choice(["utf-8", "gb18030", "utf-8-sig"])))
            (grid,) = read_grids(file)
        found = match([read_layout(grid)], read_mapping(how), TABLES)
    except DataError as error:
        assert all(problem.line("en") and problem.line("zh") for problem in error.problems)
        return "asked"
    for row, _ in found.figures:
        key = (row["indicator_id"], row["region"], row["period"])
        assert not truth or Decimal(row["value"]) == truth.get(key), (
            seed,
            key,
            row["value"],
            truth.get(key),
            rows,
        )
    return "all" if len(found.figures) >= len(truth) else "some"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_no_sheet_of_5000_is_read_wrong(part: int, tmp_path: Path) -> None:
    counts = Counter(outcome(seed, tmp_path / "a.csv") for seed in range(5000 * part, 5000 * (part + 1)))
    assert counts["all"] > 2500, counts

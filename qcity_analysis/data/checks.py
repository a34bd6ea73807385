"""What must hold between the tables, and what is possible but unlikely: errors, and warnings for a person to look at.

`check_tables` finds names that do not exist, units that disagree, years out of order and values that are impossible.
`oddities` looks at the newest vintages of whole years. Outliers are told by the median absolute deviation of the yearly
changes, scaled to a standard deviation by 1.4826 (Hampel, 1974, J. Am. Stat. Assoc. 69, 383,
doi:10.1080/01621459.1974.10482962).
"""

from __future__ import annotations

import datetime as dt
import re
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..errors import closest
from ..problems import Problem
from . import schema
from .schema import CHANGES, INPUTS, PERIOD, RELATIVE, SPLICES, STATED, by_value, input_names, parts, shown
from .vintages import ASSUMED_LAG_MONTHS, codes, figure_codes, is_whole, newest_rows, same_period

Frame: TypeAlias = pd.DataFrame
Tables = dict[str, Frame]

CHILDREN = ("observations", "targets", "earlier_targets")
HELD = {"indicator_id": "indicators", "region": "regions", "source_id": "sources"}
NAMED = {table: {column.name for column in schema.TABLES[table].columns} for table in (*CHILDREN, *STATED)}
LINKS = [  # table and column, and the table and column that must hold the name
    *((table, name, HELD[name], name) for table in NAMED for name in HELD if name in NAMED[table]),
    ("indicators", "continues", "indicators", "indicator_id"),
]
LEVELS = ["level", "count_total", "count_new"]
MANY = 8  # yearly changes of a series from which their usual size can be told
SPREADS = 8.0  # robust standard deviations from the median that make an outlier
LEAST = 0.005  # smallest spread, as a share of the level: rounding alone makes no outlier
SLIPS = [100.0, 10_000.0, 0.01, 0.0001]
ALIKE = 1.6  # figures within this factor are of one size
PATIENCE = 24  # months beyond the publication lag after which a newest figure is stale
RUN = 3  # equal steps, or equal values, in a row
DIGITS = 10  # an equal step is at least so many units of the last digit: smaller ones are equal by chance
AGREE = 0.5  # percentage points within which a chain of rounded changes agrees with a cumulative one
FINALISED = pd.DateOffset(months=24)  # a preliminary figure has been replaced or confirmed by then
MOVE, PERCENT = r"(?:降低|下降|减少|削减|增长|提高|上升|上涨|增加)", r"[\d.]+ ?(?:[%％]|per ?cent\b)"
VERB = r"\b(?:cut|reduc|lower|fall|declin|decreas|drop|ris|rais|increas|grow|improv|better)\w*"
FEW = r"(?:about |around |at least |more than |less than |over |under |above |below )?"
GROWTH = "增长|增速|增幅|涨幅|降幅|growth|change|increase|rise"  # in the name of what is itself in percent
WORDINGS = {  # wordings that leave no doubt of the kind, the surest first, and the kinds that fit them
    rf"(年均|平均每年)(增速|递增|{MOVE})|average (annual|yearly) (growth|rise|fall|increase|decrease|change)"
    r"|\b(a|per) year,? on average|on average (by|of)[^,;]* (a|per) year": ("average_growth",),
    r"每年(都|均)?(不超过|不高于|不低于|低于|高于|控制在|保持在)|(in|during) (every|each) year|(every|each) year (at"
    r"|below|under|above|over)|\b(at|below|under|above|least|most) [^,;]{1,12} (every|each) year": ("every_year",),
    rf"逐年(改善|{MOVE})|每年都?{MOVE}(?!\D{{0,4}}\d)|year (by|after) year|{VERB} (every|each) year":
        ("monotone", "every_year"),
    r"零发生|不发生|零事故|\b(no|zero) (?!more|less|fewer)(\w+[ -]){0,7}(accident|incident|outbreak)": ("zero_event",),
    r"累计(新增|建成|培育|完成)|\bnew\b[^,;]* (over|within|in) (the )?(\d+|two|three|five|ten) years": ("cumulative",),
    r"(排名|位列|位居|名列|跻身|进入|(?<!民)居(?!民))[^，。；]{0,10}(前列|首位|第一(?!产)|前[一二三四五六七八九十\d])"
    r"|\brank\w* (first|among|\d)|\btop (three|five|ten|\d+\b(?! ?%))|among the (first|top)": ("rank", "milestone"),
    r"(提高|提升|增加|上升|降低|下降|减少|降|升)[到至]约?[\d.]+(?![\d.年倍])"
    rf"|{VERB} [^,;\d]*\bto {FEW}[\d.]+(?![\d.]| ?% of)|\bto reach {FEW}{PERCENT}": ("level", "coverage", "every_year"),
    rf"翻[一两]番|\b(doubl|tripl|halv)(e|es|ed|ing)\b|{MOVE}(（[%％]）[\[〔<＜>＞]*\d|(约|超过|不低于|至少)?{PERCENT})"
    rf"|{VERB} [^,;]*\bby {FEW}{PERCENT}(?! ?-?points?)|{PERCENT} (reduction|cut|rise|fall|increase|decrease|growth)\b"
    rf"|{PERCENT} (below|above|(lower|less|more|higher|fewer) than)( [a-z]+){{0,4}} (19|20)\d\d": RELATIVE,
}  # fmt: skip


def check_tables(tables: Tables, today: dt.date) -> list[Problem]:
    """Every problem between the tables of `read.read_table`, by file and row; no period can start after `today`."""
    indicators, observations, targets, earlier = (tables[name] for name in ("indicators", *CHILDREN))
    problems = [problem for link in LINKS for problem in _unknown(tables, *link)]
    problems += _comparators(indicators, list(tables["regions"]["region"]), targets)
    problems += _declarations(indicators) + _circles(indicators)
    problems += _figures(observations, indicators, targets, today) + _zero_bases(observations, targets)
    problems += _targets(targets, "targets") + _targets(earlier, "earlier_targets")
    problems += _outcomes(tables["outcomes"], targets, earlier)
    files = [f"{name}.csv" for name in tables]
    return sorted(problems, key=lambda problem: (files.index(problem.file), problem.row or 0))


def _at(code: str, rows: Any, column: str = "value", of: str = "observations", **said: Any) -> list[Problem]:
    """A problem about the cell in `column` of each row; what is said is one for all rows, or a series of theirs."""
    if rows.empty:
        return []
    cells: Any = pd.DataFrame({"cell": rows[column].map(shown), **said}, index=rows.index)
    each = zip(rows["row"], cells.to_dict("records"), strict=True)
    return [Problem(f"{of}.csv", int(row), column, code, values) for row, values in each]


def _where(file: str, rows: Frame, faults: list[tuple[str, str, Any]], **said: Any) -> list[Problem]:
    """The problems of a table: code, column and in which rows; the rest as in `_at`."""
    masks = ((code, column, bad.fillna(False).astype(bool)) for code, column, bad in faults)
    kept = ((code, column, rows[bad]) for code, column, bad in masks if bad.any())
    return [problem for code, column, bad in kept for problem in _at(code, bad, column, file, **said)]


def _unknown(tables: Tables, child: str, column: str, parent: str, key: str) -> list[Problem]:
    """Cells that name nothing; where no regions are declared, any may be named."""
    known, rows = list(tables[parent][key]), tables[child]
    lost = {*rows[column]} - {"", *known}
    if not lost or not (known or parent != "regions"):
        return []
    rows = rows[rows[column].isin(lost)]
    near = pd.Series([closest(cell, known) for cell in rows[column]], rows.index, dtype=object)
    return _at("unknown_name", rows, column, child, key=key, table=parent, near=near)


def _comparators(indicators: Frame, regions: list[str], targets: Frame) -> list[Problem]:
    """Comparators and inputs that do not exist, and indicators compared with themselves."""
    names, problems = list(indicators["indicator_id"]), list[Problem]()
    aimed = targets.groupby("indicator_id")["region"].unique()
    own = {f"{of[0]}/{name}" for name, of in aimed.items() if len(of) == 1}  # of nobody else
    for row in indicators.itertuples():
        for name in (name for name in input_names(row) if name not in names):
            about = {"key": "indicator_id", "table": "indicators", "near": closest(name, names)}
            problems.append(_declared(row, "inputs", "unknown_name", name, **about))
        for region, name in schema.comparators(row.comparators):
            part = f"{region}/{name}" if name else region
            if name not in names or (regions and region not in regions):
                near = [] if name in names else closest(name, names)
                near += [] if region in regions else closest(region, regions)
                problems.append(_declared(row, "comparators", "comparator", part, near=near))
            elif name == row.indicator_id and part in own:
                problems.append(_declared(row, "comparators", "comparator_itself", part))
    return problems


def _declared(row: Any, column: str, code: str, cell: str, **values: Any) -> Problem:
    """A problem of one row of `indicators.csv`."""
    return Problem("indicators.csv", int(row.row), column, code, {"cell": cell, **values})


def _declarations(indicators: Frame) -> list[Problem]:
    """What indicators declare of inputs, factor and splice that cannot be."""
    units = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["unit"].to_dict()
    said = (indicators[["derived", "inputs", "splice"]] != "").any(axis=1)
    indicators = indicators[said | indicators["factor"].notna() | indicators["splice_year"].notna()]
    if indicators.empty:
        return []
    derived, unit, factor = (indicators[name] for name in ("derived", "unit", "factor"))
    named, wanted = indicators["inputs"].map(parts), derived.map(INPUTS).astype("Int64")
    count, is_derived, scaled = named.map(len), wanted.notna(), factor.notna()
    first, second = (named.str[k].map(units) for k in (0, 1))
    sound = (count == wanted) & first.notna() & (second.notna() | (wanted == 1)) & ~scaled
    spliced = indicators["splice"].isin(SPLICES)
    needed = ("continues", "splice_reason_zh", "splice_reason_en", "splice_year")
    faults = [
        ("nothing_derived", "inputs", ~is_derived & (count > 0)),
        ("nothing_derived", "factor", ~is_derived & (count == 0) & scaled),
        ("one_input", "inputs", (wanted == 1) & (count != 1)),
        ("several_inputs", "inputs", (wanted > 1) & (count != wanted)),
        ("factor_of_sum", "factor", (derived == "sum") & scaled),
        ("factor", "factor", is_derived & (derived != "sum") & (factor <= 0)),
        ("unit_of_sum", "unit", sound & (derived == "sum") & (first != unit)),
        ("units_of_ratio", "inputs", sound & (derived == "ratio") & (unit == "%") & (first != second)),
        *((f"splice_{name}", name, spliced & (indicators[name].map(shown) == "")) for name in needed),
        ("nothing_spliced", "splice_year", ~spliced & indicators["splice_year"].notna()),
    ]
    about = {"count": wanted, "derived": derived, "inputs": indicators["inputs"]}
    return _where("indicators", indicators, faults, unit=first, first=first, second=second, **about)


def _circles(indicators: Frame) -> list[Problem]:
    """Indicators that are computed from themselves, each circle once, at its first row."""
    rows = {row.indicator_id: row for row in indicators.itertuples()}
    inputs, problems = {name: input_names(row) for name, row in rows.items()}, list[Problem]()
    while True:
        try:
            TopologicalSorter(inputs).prepare()
            return problems
        except CycleError as error:
            circle = error.args[1][:0:-1]  # each one before its input
            start = circle.index(min(circle, key=lambda name: rows[name].row))
            first, second, *_ = circle = [*circle[start:], *circle[: start + 1]]
            inputs[first] = [name for name in inputs[first] if name != second]
            problems.append(_declared(rows[first], "inputs", "circle", " ← ".join(circle)))


def _figures(frame: Frame, indicators: Frame, targets: Frame, today: dt.date) -> list[Problem]:
    """Figures in another unit, of a size or on a base that cannot be, or of a period that had not begun."""
    own = indicators.drop_duplicates("indicator_id").set_index("indicator_id")
    unit = frame["indicator_id"].map(own["unit"]).where(~frame["measure"].isin(CHANGES), "%")
    support, value, base = frame["indicator_id"].map(own["support"]), frame["value"], frame["base_period"]
    level, total = frame["measure"].isin(LEVELS), frame["measure"] == "cumulative_change_pct"
    said = frame["indicator_id"].isin(targets.loc[targets["kind"].isin(RELATIVE), "indicator_id"])
    begun = by_value(frame["period"], lambda cell: int(cell[:4]) if PERIOD.fullmatch(cell) else pd.NA)
    begun, out = begun.astype("Int64"), pd.to_numeric(frame["published"].str[:4], errors="coerce")
    early, late = begun > out, begun > today.year
    faults = [
        ("unit", "unit", (frame["unit"] != unit) & (frame["unit"] != "") & unit.notna()),
        ("not_percent", "value", level & (support == "percent") & ((value < 0) | (value > 100))),
        ("negative", "value", level & support.isin(["positive", "count"]) & (value < 0)),
        ("fall", "value", ~level & (value <= -100) & support.notna()),
        ("no_base_period", "base_period", total & base.isna() & ~said),
        ("late_base_period", "base_period", total & (begun <= base)),
        ("before_its_period", "period", early),
        ("future", "period", late & ~early.fillna(False)),
    ]
    date = frame["published"].where(early.fillna(False).astype(bool), today.isoformat())
    return _where("observations", frame, faults, unit=unit, year=begun, date=date)


def _zero_bases(observations: Frame, targets: Frame) -> list[Problem]:
    """Levels of nought in the year that a relative target is measured against."""
    zeros = observations[(observations["measure"] == "level") & (observations["value"] == 0)]
    if zeros.empty:
        return []
    years = by_value(zeros["period"], lambda cell: same_period(cell) if PERIOD.fullmatch(cell) else "")
    zeros = zeros.assign(base_year=years, value="0")  # -0 as well
    key = ["indicator_id", "region", "base_year"]
    asked = targets.loc[targets["kind"].isin(RELATIVE), ["target_id", *key]]
    rows = asked.assign(base_year=asked["base_year"].map(shown).astype(object)).merge(zeros, on=key)
    return _at("zero_base", rows, target=rows["target_id"], base=rows["base_year"])


def _targets(targets: Frame, file: str) -> list[Problem]:
    """Targets without what their kind needs, or whose own words leave no doubt that they are of another kind."""
    if targets.empty:
        return []
    kind, base = targets["kind"], targets["base_year"]
    sides = kind.isin(["level", "coverage", *RELATIVE, "every_year"])
    faults = [
        ("no_threshold", "threshold", ~kind.isin(["milestone", "direction"]) & targets["threshold"].isna()),
        ("early_deadline", "deadline", targets["deadline"] <= base),
        ("no_base_year", "base_year", kind.isin([*RELATIVE, "every_year"]) & base.isna()),
        ("no_side", "direction", sides & ~targets["direction"].isin(["at_least", "at_most"])),
    ]
    told = _where(file, targets, faults, kind=kind, year=base)
    said = pd.DataFrame([_kinds_said(row) for row in targets.itertuples()], targets.index, ["said", "kinds"])
    bad = [own not in fits for own, fits in zip(kind, said["kinds"], strict=True)]
    return told + _at("kind_of_wording", targets[bad], "kind", file, said=said["said"], kinds=said["kinds"])


def _kinds_said(row: Any) -> tuple[str, str]:
    """The words that tell the kind of a target (in its clauses with the threshold) and what fits; its own if none."""
    asked = re.compile(rf"(?<![\d.]){re.escape(shown(abs(row.threshold)))}(?!\.?\d)")
    clauses = [re.split(r"[，。；;]|,(?!\d)", text) for text in (row.wording, row.wording_en)]
    text = "；".join("；".join([*filter(asked.search, some)] or some) for some in clauses)
    for pattern, kinds in WORDINGS.items():
        if match := re.search(pattern, text, re.IGNORECASE):
            itself = kinds is RELATIVE and re.search(GROWTH, row.name_zh + row.name_en, re.IGNORECASE)
            return match[0], ", ".join((*kinds, "level", "every_year") if itself else kinds)
    return "", row.kind


def _outcomes(rows: Frame, *targets: Frame) -> list[Problem]:
    """Official outcomes of no target, in another unit, or without figure and verdict; targets in both files."""
    if rows.empty and targets[1].empty:
        return []
    both = pd.concat(targets)
    name, *names = (frame["plan"] + "/" + frame["target_id"] for frame in (rows, *targets))
    unit = name.map(dict(zip(pd.concat(names), both["unit"], strict=True)))
    lost, none = rows[unit.isna()], rows["value"].isna()
    near = lost["target_id"].map(lambda cell: closest(cell, both["target_id"]))
    faults = [
        ("unit", "unit", unit.notna() & (rows["unit"] != unit)),
        ("no_outcome", "value", none & (rows["verdict"] == "") | (none != (rows["qualifier"] == ""))),
    ]
    return [
        *_at("target_twice", targets[1][names[1].isin(names[0])], "target_id", "earlier_targets"),
        *_at("unknown_name", lost, "target_id", "outcomes", key="target_id", table="targets", near=near),
        *_where("outcomes", rows, faults, unit=unit),
    ]


def oddities(observations: Frame, indicators: Frame, targets: Frame, today: dt.date) -> list[Problem]:
    """Every warning about the figures of `Data`, in the order of the file; then the targets whose figures are stale."""
    with_bounds = _newest(observations, indicators)
    figures = with_bounds[with_bounds["qualifier"].isin(["=", "~"])]
    levels, changes = (figures[figures["measure"].isin(names)] for names in (LEVELS, ["change_pct"]))
    slips = _unit_slips(levels)
    slipped = {problem.row for problem in slips}
    odd, low, high = _away(changes["series"], changes["value"], np.full(len(changes), 10 * LEAST))
    outliers = _jumps(levels) + _at("odd_change", changes[odd], low=low[odd], high=high[odd])
    over = (levels["unit"] == "%") & (levels["value"] > 100) & (levels["support"] != "percent")
    signs = _against_levels(figures, changes) + _against_chains(figures, changes)
    old = figures["known_from"] < pd.Timestamp(today) - FINALISED
    old = figures[old & figures["status"].isin(["preliminary", "estimate"])]
    old = old.drop_duplicates("series", keep="last")  # who never publishes final figures is asked about once
    warnings = [
        *slips,
        *(problem for problem in outliers if problem.row not in slipped),
        *_made_up(levels),
        *_at("share", levels[over]),
        *_falling(with_bounds),
        *{problem.row: problem for problem in reversed(signs)}.values(),  # one a figure: the first
        *_at("not_final", old, "status", date=old["known_from"].dt.date),
        *_vintages(observations),
    ]
    warnings.sort(key=lambda problem: problem.row or 0)
    return warnings + _stale(observations, indicators, targets, today)


def _newest(observations: Frame, indicators: Frame) -> Frame:
    """The newest vintage of every whole-year figure, of cumulative changes those on each base, by series and year.

    `series` numbers indicator, region and measure, `place` indicator and region; `support` is that of the indicator.
    """
    rows = newest_rows(observations)
    rows = rows[(is_whole(observations["period"]) & observations["value"].notna()).to_numpy()[rows]]
    series = codes(observations, "indicator_id", "region", "measure")[rows]
    base = observations["base_period"].fillna(0).to_numpy(np.int64)[rows]
    order = np.lexsort((base, observations["year"].to_numpy(np.int64)[rows], series))
    support = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["support"].to_dict()
    names = ["row", "indicator_id", "region", "measure", "year", "value", "decimals", "unit"]
    figures = observations[[*names, "qualifier", "status", "known_from"]].iloc[rows[order]]
    place, of = codes(figures, "indicator_id", "region"), by_value(figures["indicator_id"], support.get)
    return figures.assign(series=series[order], base=base[order], place=place, support=of)


def _follows(figures: Frame, years: bool = False) -> np.ndarray:
    """For each figure but the first: is the one before it of the same series (and, if asked, of the year before)?"""
    series, year = figures["series"].to_numpy(), figures["year"].to_numpy(np.int64)
    same = series[1:] == series[:-1]
    return same & (year[1:] == year[:-1] + 1) if years else same


def _jumps(levels: Frame) -> list[Problem]:
    """Levels that are reached by a change far from those of the series' other years."""
    series, year, value = (levels[name].to_numpy() for name in ("series", "year", "value"))
    positive = levels.groupby("series")["value"].transform("min").to_numpy(float) > 0
    by_ratio = levels["support"].isin(["positive", "count"]).to_numpy() & positive  # alike in percent
    scaled = np.where(by_ratio, np.log(np.where(by_ratio, value, 1.0)), value)
    at = np.flatnonzero(_follows(levels)) + 1
    step = (scaled[at] - scaled[at - 1]) / np.maximum(year[at] - year[at - 1], 1)
    odd, low, high = _away(series[at], step, LEAST * np.where(by_ratio[at], 1.0, np.abs(value[at - 1])))
    back = odd[1:] & odd[:-1] & (np.diff(at) == 1) & (step[1:] * step[:-1] < 0)
    odd = np.r_[odd[:1], odd[1:] & ~back]  # without the way back from a figure already named
    at, ratio = at[odd], by_ratio[at[odd]]
    low, high = (np.where(ratio, 100 * np.expm1(ends[odd]), ends[odd]) for ends in (low, high))
    before = {"year": year[at - 1], "before": value[at - 1]}
    return _at("jump", levels.iloc[at], low=low, high=high, percent=np.where(ratio, " %", ""), **before)


def _away(series: Any, step: Any, least: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which steps are outliers of their series, and the lowest and highest of its others."""
    frame = pd.DataFrame({"series": np.asarray(series), "step": np.asarray(step)})
    by = frame.groupby("series", sort=False)["step"]
    away = (frame["step"] - by.transform("median")).abs()
    spread = 1.4826 * away.groupby(frame["series"], sort=False).transform("median")
    odd = (by.transform("size") >= MANY) & (away > SPREADS * np.maximum(spread, least))
    affected = frame[frame["series"].isin(frame.loc[odd, "series"])]
    calm = affected["step"].where(~odd[affected.index]).groupby(affected["series"], sort=False)
    low, high = (getattr(calm, name)().reindex(frame["series"]).to_numpy(float) for name in ("min", "max"))
    return odd.to_numpy(bool), low, high


def _unit_slips(levels: Frame) -> list[Problem]:
    """Figures about 100 or 10 000 times their neighbours, or that part of them."""
    by, value = levels.groupby("series")["value"], levels["value"].to_numpy(float)
    before, second, after, third = (by.shift(places).to_numpy(float) for places in (1, 2, -1, -2))
    inside = _alike(before, after, 3 * ALIKE)
    last = np.isnan(after) & _alike(before, second, ALIKE)
    first = np.isnan(before) & _alike(after, third, ALIKE)
    near = np.select([inside, last, first], [np.sqrt(np.abs(before * after)), before, after], np.nan)
    times = np.select([_alike(value, near * factor, ALIKE) for factor in SLIPS], SLIPS, np.nan)
    odd, other = ~np.isnan(times), np.where(np.isnan(before), after, before)
    return _at("unit_slip", levels[odd], other=other[odd], times=times[odd])


def _alike(one: np.ndarray, other: np.ndarray, factor: float) -> np.ndarray:
    """Whether two figures above zero lie within a factor of each other; false where one is missing."""
    return (one > 0) & (other > 0) & (one <= factor * other) & (other <= factor * one)


def _made_up(levels: Frame) -> list[Problem]:
    """Stretches of levels that go by equal steps, or stay as they are, one warning each, at their last figure."""
    value, year = levels["value"].to_numpy(float), levels["year"].to_numpy()
    step, joined = np.diff(value), _follows(levels, years=True)
    finest = 10.0 ** -levels["decimals"].to_numpy(float)  # one step of the last digit typed
    equal = np.abs(np.diff(step)) <= 1e-9 * np.abs(value[2:])
    start, end = _stretches(equal & joined[1:] & joined[:-1] & (np.abs(step[1:]) > 0)) + [[0], [2]]
    least = [finest[a : b + 1].min() for a, b in zip(start, end, strict=True)]
    coarse = np.abs(step[start]) >= (DIGITS - 0.5) * np.array(least)
    start, end = start[coarse], end[coarse]
    # zero, and 100 for a share, are ends at which a series may stay
    limit = (value == 0) | ((value == 100) & (levels["support"] == "percent").to_numpy())
    first, last = _stretches(joined & (step == 0) & ~limit[1:]) + [[0], [1]]
    return [
        *_at("even_steps", levels.iloc[end], start=year[start], end=year[end], step=step[start]),
        *_at("repeated", levels.iloc[last], start=year[first], end=year[last]),
    ]


def _stretches(true: np.ndarray) -> np.ndarray:
    """First and last position (two rows) of every stretch of RUN - 1 neighbouring trues or more."""
    edges = np.flatnonzero(np.diff(np.r_[False, true, False].astype(np.int8)))
    first, last = edges[::2], edges[1::2] - 1
    return np.array([first, last])[:, last - first >= RUN - 2]


def _falling(figures: Frame) -> list[Problem]:
    """Totals lower than those of an earlier year; bounds take part where they prove a fall."""
    totals = figures[figures["measure"] == "count_total"]
    least = totals["value"].where(totals["qualifier"] != "<=", -np.inf)
    highest = least.groupby(totals["series"]).cummax().groupby(totals["series"]).shift()
    fallen = totals["value"].where(totals["qualifier"] != ">=", np.inf) < highest
    return _at("falling", totals[fallen], before=highest[fallen])


def _against_levels(figures: Frame, changes: Frame) -> list[Problem]:
    """Changes whose sign is not that of the change between the two published levels."""
    levels = figures[figures["measure"].isin(LEVELS[:2])].drop_duplicates(["place", "year"])
    ends = levels[["place", "year", "value"]].assign(step=10.0 ** -levels["decimals"].astype(float))
    rows = changes.merge(ends, on=["place", "year"], suffixes=("", "_end"))
    starts = ends.assign(year=ends["year"] + 1)
    rows = rows.merge(starts, on=["place", "year"], suffixes=("", "_start")).query("value_start != 0")
    implied = 100 * (rows["value_end"] / rows["value_start"] - 1)
    rounding = 100 * rows[["step", "step_start"]].max(axis=1) / rows["value_start"].abs()
    turned = rows[(implied * rows["value"] < 0) & (implied.abs() > rounding)]
    levels_of = {"start": turned["value_start"], "end": turned["value_end"]}
    return _at("sign_of_levels", turned, implied=implied[turned.index], **levels_of)


def _against_chains(figures: Frame, changes: Frame) -> list[Problem]:
    """Changes that agree with a published cumulative change only once their sign is turned."""
    at = {key: k for k, key in enumerate(zip(changes["place"], changes["year"], strict=True))}
    percent = changes["value"].to_numpy(float)
    problems = []
    for total in figures[figures["measure"] == "cumulative_change_pct"].itertuples():
        years = range(total.base + 1, total.year + 1) if total.base else ()
        chain = [at[total.place, year] for year in years if (total.place, year) in at]
        ratios = 1 + percent[chain] / 100
        if len(chain) < max(1, len(years)) or abs(100 * (np.prod(ratios) - 1) - total.value) <= 2 * AGREE:
            continue
        for k, ratio in zip(chain, ratios, strict=True):
            turned = 100 * (np.prod(ratios) / ratio * (2 - ratio) - 1)
            if abs(turned - total.value) <= AGREE and abs(ratio - 1) > AGREE / 100:
                about = {"base": total.base, "year": total.year, "total": total.value}
                problems += _at("sign_of_total", changes.iloc[[k]], implied=100 * (1 - ratio), **about)
    return problems


def _vintages(rows: Frame) -> list[Problem]:
    """Vintages of one day with different values, and final figures published before their year was over."""
    whole = is_whole(rows["period"]) & (rows["status"] == "final") & ~rows["published_assumed"]
    ends = (rows["year"].to_numpy() - 1969).astype("datetime64[Y]").astype("datetime64[D]") - 1
    early = rows[whole & (rows["known_from"].to_numpy() < ends)]
    key = codes(rows.assign(figure=figure_codes(rows)), "figure", "known_from")
    twice = pd.Series(key).duplicated(keep=False).to_numpy()
    first = rows[twice].groupby(key[twice])[["row", "value", "qualifier"]].transform("first")
    other = rows[twice][(rows[twice][["value", "qualifier"]] != first[["value", "qualifier"]]).any(axis=1)]
    told = _at("one_day", other, first=first["row"], value=first["value"])
    return told + _at("early", early, "published", year=early["year"])


def _stale(observations: Frame, indicators: Frame, targets: Frame, today: dt.date) -> list[Problem]:
    """Open targets whose newest figure (if any) is older than the publication lag and two more years explain."""
    place, of = ["indicator_id", "region"], indicators.drop_duplicates("indicator_id")
    newest = observations.groupby(place, as_index=False)["year"].max()
    continued = newest.merge(of[["indicator_id", "continues"]], on="indicator_id")
    continued = continued.drop(columns="indicator_id").rename(columns={"continues": "indicator_id"})
    year = pd.concat([newest, continued]).groupby(place)["year"].max()
    lag = of.set_index("indicator_id")["publication_lag_months"].rename("lag")
    rows = targets.join(year, on=place).join(lag, on="indicator_id").fillna({"lag": ASSUMED_LAG_MONTHS})
    late = 12 * (rows["year"] + 1) + rows["lag"] + PATIENCE < 12 * today.year + today.month
    rows = rows[(late & (rows["year"] < rows["deadline"])).fillna(False).astype(bool)]
    about = {"year": rows["year"].astype(int), "date": today, "lag": rows["lag"]}
    return _at("stale", rows, "indicator_id", "targets", **about)

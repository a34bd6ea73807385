"""Figures that are possible but unlikely: warnings for a person to look at, each with its reason.

Every check looks at the newest vintage of whole years. What cannot be (a share above 100, a name that does not exist)
is an error and found in `checks`.

Outliers are told by the median absolute deviation of the yearly changes, scaled to a standard deviation by 1.4826
(Hampel, 1974, J. Am. Stat. Assoc. 69, 383, doi:10.1080/01621459.1974.10482962).
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import Problem
from .schema import by_value
from .vintages import codes, figure_codes, is_whole, newest_rows

MANY = 8  # yearly changes of a series from which their usual size can be told
SPREADS = 8.0  # robust standard deviations from the median that make an outlier
LEAST = 0.005  # smallest spread, as a share of the level: rounding alone makes no outlier
SLIPS = (100.0, 10_000.0, 0.01, 0.0001)
ALIKE = 1.6  # figures within this factor are of one size
PATIENCE = 24  # months beyond the publication lag after which a newest figure is stale


def oddities(
    observations: pd.DataFrame, indicators: pd.DataFrame, targets: pd.DataFrame, today: dt.date
) -> list[Problem]:
    """Every warning about the figures, in the order of the file; then the targets whose figures are stale.

    Takes the tables of `Data`; `today` is the day from which ages are counted.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2026-01-01")
    >>> {p.level for p in oddities(data.observations, data.indicators, data.targets, data.as_of)}
    {'warning'}
    """
    figures = newest(observations, indicators)
    levels = figures.chosen(np.isin(figures.measure, LEVELS))
    found = _unit_slips(levels)
    slipped = {problem.row for problem in found}
    jumps = [*_jumps(levels), *_odd_changes(figures.chosen(figures.measure == "change_pct"))]
    found += [problem for problem in jumps if problem.row not in slipped]
    found += [*even_steps(levels), *repeated(levels), *_shares(levels)]
    found += falling(newest(observations, indicators, bounds=True))
    found += contradictions(figures, today)
    return sorted(found, key=lambda p: p.row or 0) + _stale(observations, indicators, targets, today)


def _jumps(levels: Figures) -> list[Problem]:
    """Levels that are reached by a change far from those of the series' other years."""
    by_ratio = _by_ratio(levels)
    value = np.where(by_ratio, np.log(np.where(by_ratio, levels.value, 1.0)), levels.value)
    at = np.flatnonzero(levels.follows()) + 1
    step = (value[at] - value[at - 1]) / np.maximum(levels.year[at] - levels.year[at - 1], 1)
    least = LEAST * np.where(by_ratio[at], 1.0, np.abs(levels.value[at - 1]))
    odd, low, high = _away(levels.series[at], step, least)
    found: list[Problem] = []
    for k in np.flatnonzero(odd):
        back = k > 0 and odd[k - 1] and at[k - 1] == at[k] - 1 and step[k] * step[k - 1] < 0
        if back:  # the way back from the figure already named
            continue
        ends = [100 * np.expm1(e) if by_ratio[at[k]] else e for e in (low[k], high[k])]
        usual = f"{ends[0]:+.3g} to {ends[1]:+.3g}{' %' if by_ratio[at[k]] else ''}"
        before = f"{levels.year[at[k] - 1]}: {shown(levels.value[at[k] - 1])}"
        allowed = f"a figure in line with {before}; in other years the series moves by {usual}"
        found.append(levels.problem(int(at[k]), allowed, f"{SOURCE}; if it is right, say why in the note"))
    return found


def _by_ratio(levels: Figures) -> np.ndarray:
    """True where changes are alike in percent: quantities and counts of which the series has none at or below 0."""
    low = pd.Series(levels.value).groupby(levels.series).transform("min").to_numpy(float)
    return np.isin(levels.support, ("positive", "count")) & (low > 0)


def _odd_changes(changes: Figures) -> list[Problem]:
    """Published yearly changes far from those of other years."""
    odd, low, high = _away(changes.series, changes.value, np.full(len(changes.value), 10 * LEAST))
    remedy = f"{SOURCE}; if it is right, say why in the note"
    return [
        changes.problem(
            int(k), f"a change like those of other years, {low[k]:+.3g} to {high[k]:+.3g} %", remedy
        )
        for k in np.flatnonzero(odd)
    ]


def _away(
    series: np.ndarray, step: np.ndarray, least: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which steps are outliers of their series, and the lowest and highest of its others."""
    frame = pd.DataFrame({"series": series, "step": step})
    by = frame.groupby("series", sort=False)["step"]
    away = (frame["step"] - by.transform("median")).abs()
    spread = 1.4826 * away.groupby(frame["series"], sort=False).transform("median")
    odd = (by.transform("size") >= MANY) & (away > SPREADS * np.maximum(spread, least))
    affected = frame[frame["series"].isin(frame.loc[odd, "series"])]
    calm = affected["step"].where(~odd[affected.index]).groupby(affected["series"], sort=False)
    low, high = (getattr(calm, name)().reindex(series).to_numpy(float) for name in ("min", "max"))
    return odd.to_numpy(bool), low, high


def _unit_slips(levels: Figures) -> list[Problem]:
    """Figures about 100 or 10 000 times their neighbours, or that part of them."""
    before, second = _neighbour(levels, -1), _neighbour(levels, -2)
    after, third = _neighbour(levels, 1), _neighbour(levels, 2)
    inside = _alike(before, after, 3 * ALIKE)
    last = np.isnan(after) & _alike(before, second, ALIKE)
    first = np.isnan(before) & _alike(after, third, ALIKE)
    near = np.where(
        inside, np.sqrt(np.abs(before * after)), np.where(last, before, np.where(first, after, np.nan))
    )
    found = []
    for factor in SLIPS:
        for k in np.flatnonzero(_alike(levels.value, near * factor, ALIKE)):
            other = after[k] if np.isnan(before[k]) else before[k]
            allowed = (
                f"a figure of the size of its neighbour {shown(other)}; it is about {factor:g} times that"
            )
            found.append(
                levels.problem(int(k), allowed, f"{SOURCE}, and convert it to the unit of the indicator")
            )
    return found


def _neighbour(levels: Figures, places: int) -> np.ndarray:
    """The value so many figures later (negative: earlier) in the same series; NaN where there is none."""
    found = np.full(len(levels.value), np.nan)
    away = abs(places)
    same = levels.series[away:] == levels.series[:-away]
    if places < 0:
        found[away:] = np.where(same, levels.value[:-away], np.nan)
    else:
        found[:-away] = np.where(same, levels.value[away:], np.nan)
    return found


def _alike(one: np.ndarray, other: np.ndarray, factor: float) -> np.ndarray:
    """Whether two figures above zero lie within a factor of each other; false where one is missing."""
    return (one > 0) & (other > 0) & (one <= factor * other) & (other <= factor * one)


def _shares(levels: Figures) -> list[Problem]:
    """Levels in percent above 100 of an indicator that is not declared as a share."""
    over = (levels.column("unit") == "%") & (levels.value > 100) & (levels.support != "percent")
    remedy = "check the value and the unit; a share has the support percent in indicators.csv"
    return [levels.problem(int(k), "at most 100, if this is a share", remedy) for k in np.flatnonzero(over)]


def _stale(
    observations: pd.DataFrame, indicators: pd.DataFrame, targets: pd.DataFrame, today: dt.date
) -> list[Problem]:
    """Open targets whose newest figure is older than the publication lag and two more years explain."""
    lags = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["publication_lag_months"]
    continued = list(zip(indicators["indicator_id"], indicators["continues"], strict=True))
    seen = observations.groupby(["indicator_id", "region"])["year"].max().to_dict()
    found = []
    for r in targets.itertuples():
        family = [r.indicator_id, *(new for new, old in continued if old == r.indicator_id)]
        years = [int(seen[name, r.region]) for name in family if (name, r.region) in seen]
        if not years or pd.isna(r.deadline) or max(years) >= r.deadline:
            continue  # nothing published at all is told by `qcity list`, not here
        lag = lags.get(r.indicator_id)
        lag = 6 if lag is None or pd.isna(lag) else int(lag)
        if 12 * (max(years) + 1) + lag + PATIENCE < 12 * today.year + today.month:
            allowed = f"a newer one by {today}; figures come out about {lag} months after the year"
            remedy = "look for newer figures and add them with `qcity add`"
            newest_one = f"newest figure of {max(years)}"
            found.append(
                Problem("targets.csv", int(r.row), "indicator_id", newest_one, allowed, remedy, "warning")
            )
    return found


FILE = "observations.csv"
CHANGES = ("change_pct", "cumulative_change_pct")
LEVELS = ("level", "count_total", "count_new")
SOURCE = "check it against the source"


@dataclass(frozen=True)
class Figures:
    """Figures sorted by series (indicator, region, measure) and year.

    Attributes: `rows` (position in the observations), `series` (a number), `year`, `value`, `support` (of the
    indicator), `measure`: arrays of one length; `observations`: the table itself.

    >>> import qcity_analysis as qc
    >>> figures = newest(qc.load().observations, qc.load().indicators)
    >>> bool((np.diff(figures.series) >= 0).all())
    True
    """

    observations: pd.DataFrame
    rows: np.ndarray
    series: np.ndarray
    year: np.ndarray
    value: np.ndarray
    support: np.ndarray
    measure: np.ndarray

    def chosen(self, mask: np.ndarray) -> Figures:
        """The figures for which `mask` is true."""
        names = ("rows", "series", "year", "value", "support", "measure")
        return Figures(self.observations, **{name: getattr(self, name)[mask] for name in names})

    def column(self, name: str) -> np.ndarray:
        """A column of the observations for these figures."""
        return objects(self.observations[name])[self.rows]

    def resolution(self) -> np.ndarray:
        """One step of the last digit that each figure was written with."""
        return np.asarray(10.0 ** -self.column("decimals").astype(float))

    def follows(self) -> np.ndarray:
        """True for each figure but the first that belongs to the same series as the one before it."""
        return np.asarray(self.series[1:] == self.series[:-1])

    def next_year(self) -> np.ndarray:
        """True for each figure but the first that is of the same series, one year later than the one before it."""
        return self.follows() & (self.year[1:] == self.year[:-1] + 1)

    def problem(self, position: int, allowed: str, remedy: str) -> Problem:
        """The warning about the value of one figure."""
        row = self.observations.iloc[self.rows[position]]
        return Problem(FILE, int(row["row"]), "value", shown(row["value"]), allowed, remedy, "warning")


def shown(value: float) -> str:
    """A figure with the digits it was written with.

    >>> shown(3.0), shown(0.1 + 0.2), shown(12345678901.5)
    ('3', '0.3', '12345678901.5')
    """
    return f"{value:.15g}"


def newest(observations: pd.DataFrame, indicators: pd.DataFrame, bounds: bool = False) -> Figures:
    """The newest vintage of every whole-year figure, of cumulative changes those on each base; bounds only if asked.

    `observations` has `year` and `known_from`, as in `Data`.

    >>> import qcity_analysis as qc
    >>> found = newest(qc.load().observations, qc.load().indicators)
    >>> bool((found.column("qualifier") == ">=").any())
    False
    """
    rows = newest_rows(observations)
    usable = (is_whole(observations["period"]) & observations["value"].notna()).to_numpy()
    if not bounds:
        usable = usable & observations["qualifier"].isin(["=", "~"]).to_numpy()
    series = codes(observations, "indicator_id", "region", "measure")
    base = observations["base_period"].fillna(0).to_numpy(np.int64)
    year = observations["year"].to_numpy(np.int64)
    rows = rows[usable[rows]]
    rows = rows[np.lexsort((base[rows], year[rows], series[rows]))]
    support = indicators.drop_duplicates("indicator_id").set_index("indicator_id")["support"].to_dict()
    return Figures(
        observations,
        rows,
        series[rows],
        year[rows],
        observations["value"].to_numpy(float)[rows],
        by_value(observations["indicator_id"], support.get).to_numpy()[rows],
        objects(observations["measure"])[rows],
    )


def objects(column: pd.Series) -> np.ndarray:
    """A column as an array of Python objects, equal cells being one object.

    >>> objects(pd.Series(["a", "b", "a"])).tolist()
    ['a', 'b', 'a']
    """
    return by_value(column, lambda cell: cell).to_numpy()


RUN = 3  # equal steps, or equal values, in a row
DIGITS = 10  # an equal step is at least so many units of the last digit: smaller ones are equal by chance


def even_steps(levels: Figures) -> list[Problem]:
    """Stretches of evenly spaced levels, one warning each, at their last figure: they look interpolated.

    >>> import qcity_analysis as qc
    >>> even_steps(newest(qc.load().observations, qc.load().indicators).chosen(np.array([], int)))
    []
    """
    step, joined, finest = np.diff(levels.value), levels.next_year(), levels.resolution()
    equal = np.abs(np.diff(step)) <= 1e-9 * np.abs(levels.value[2:])
    true = equal & joined[1:] & joined[:-1] & (np.abs(step[1:]) > 0)
    found = []
    for start, end in _stretches(true, RUN - 1):
        start, end = start, end + 2
        if abs(step[start]) < (DIGITS - 0.5) * finest[start : end + 1].min():
            continue
        years = f"{levels.year[start]} to {levels.year[end]}"
        allowed = f"published figures; those of {years} go by exactly {step[start]:.10g} a year"
        found.append(
            levels.problem(end, allowed, "they look interpolated: keep only the years that were published")
        )
    return found


def repeated(levels: Figures) -> list[Problem]:
    """Levels that are the same three years running or more, one warning for each stretch, at its last figure.

    Zero, and 100 for a share, are ends at which a series may stay.
    """
    end = (levels.value == 0) | ((levels.value == 100) & (levels.support == "percent"))
    same = levels.next_year() & (np.diff(levels.value) == 0) & ~end[1:]
    found = []
    for start, last in _stretches(same, RUN - 1):
        allowed = f"a figure of its own for each year; {levels.year[start]} to {levels.year[last + 1]} are all the same"
        found.append(levels.problem(last + 1, allowed, f"{SOURCE}: it may have been carried forward"))
    return found


def falling(figures: Figures) -> list[Problem]:
    """Totals lower than those of an earlier year; bounds take part where they prove a fall."""
    totals = figures.chosen(figures.measure == "count_total")
    qualifier = totals.column("qualifier")
    least = pd.Series(np.where(qualifier == "<=", -np.inf, totals.value))
    highest = least.groupby(totals.series).cummax().groupby(totals.series).shift().to_numpy(float)
    most = np.where(qualifier == ">=", np.inf, totals.value)
    found = []
    for k in np.flatnonzero(most < highest):
        allowed = f"a total of at least {shown(highest[k])}, which an earlier year had already"
        remedy = f"{SOURCE}; what is new in one year has the measure count_new"
        found.append(totals.problem(int(k), allowed, remedy))
    return found


def _stretches(true: np.ndarray, least: int) -> list[tuple[int, int]]:
    """First and last position of every stretch of at least `least` neighbouring trues."""
    edges = np.flatnonzero(np.diff(np.r_[False, true, False].astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


AGREE = 0.5  # percentage points within which a chain of rounded changes agrees with a cumulative one
FINALISED = pd.DateOffset(months=24)  # a preliminary figure has been replaced or confirmed by then


def contradictions(figures: Figures, today: dt.date) -> list[Problem]:
    """Every such warning, in no particular order. Takes `annual_figures.newest`, without bounds.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2026-01-01")
    >>> len(contradictions(newest(data.observations, data.indicators), data.as_of)) < 20
    True
    """
    changes = figures.chosen(figures.measure == "change_pct")
    found = [*_against_levels(figures, changes), *_against_chains(figures, changes)]
    first = {problem.row: problem for problem in reversed(found)}
    rows = figures.observations
    return [*first.values(), *_one_day(rows), *_not_final(figures, today), *_early(rows)]


def _places(figures: Figures) -> list[tuple[str, str]]:
    """Indicator and region of each figure."""
    return list(zip(figures.column("indicator_id"), figures.column("region"), strict=True))


def _against_levels(figures: Figures, changes: Figures) -> list[Problem]:
    """Changes whose sign is not that of the change between the two published levels."""
    if not len(changes.value):
        return []
    levels = figures.chosen(np.isin(figures.measure, LEVELS[:2]))
    frame = pd.DataFrame({"place": _places(levels), "year": levels.year, "value": levels.value})
    frame = frame.assign(step=levels.resolution()).drop_duplicates(["place", "year"])
    known, steps = (frame.set_index(["place", "year"])[name] for name in ("value", "step"))
    places = _places(changes)
    found = []
    for k, (place, year) in enumerate(zip(places, changes.year.tolist(), strict=True)):
        start, end = known.get((place, year - 1), math.nan), known.get((place, year), math.nan)
        if not start or math.isnan(start) or math.isnan(end):
            continue
        implied, percent = 100 * (end / start - 1), changes.value[k]
        rounding = 100 * max(steps[place, year - 1], steps[place, year]) / abs(start)
        if implied * percent < 0 and abs(implied) > rounding:
            found.append(_sign(changes, k, f"the published levels {shown(start)} and {shown(end)}", implied))
    return found


def _sign(changes: Figures, k: int, why: str, implied: float) -> Problem:
    allowed = f"a change of the sign that follows from {why} ({implied:+.3g} %)"
    return changes.problem(k, allowed, f"{SOURCE}: a fall is negative; an index is not a change")


def _against_chains(figures: Figures, changes: Figures) -> list[Problem]:
    """Changes that agree with a published cumulative change only once their sign is turned."""
    yearly: dict[tuple[str, str], dict[int, int]] = {}
    for k, (place, year) in enumerate(zip(_places(changes), changes.year.tolist(), strict=True)):
        yearly.setdefault(place, {})[year] = k
    sums = figures.chosen(figures.measure == "cumulative_change_pct")
    found = []
    bases = sums.observations["base_period"].fillna(0).to_numpy(int)[sums.rows]
    for place, base, year, total in zip(_places(sums), bases, sums.year.tolist(), sums.value, strict=True):
        chain = [yearly.get(place, {}).get(y) for y in range(base + 1, year + 1)] if base else []
        if not chain or None in chain:
            continue
        picked = [k for k in chain if k is not None]
        ratios = 1 + changes.value[picked] / 100
        if abs(100 * (np.prod(ratios) - 1) - total) <= 2 * AGREE:
            continue
        for k, ratio in zip(picked, ratios, strict=True):
            turned = 100 * (np.prod(ratios) / ratio * (2 - ratio) - 1)
            if abs(turned - total) <= AGREE and abs(ratio - 1) > AGREE / 100:
                why = f"the cumulative change {base} to {year} of {shown(total)} %"
                found.append(_sign(changes, k, why, 100 * (1 - ratio)))
    return found


def _one_day(rows: pd.DataFrame) -> list[Problem]:
    """Vintages of one figure with different values that became known on one day."""
    key = codes(rows.assign(figure=figure_codes(rows)), "figure", "known_from")
    twice = pd.Series(key).duplicated(keep=False).to_numpy()
    found = []
    for _, group in rows[twice].groupby(key[twice], sort=False):
        first = group.iloc[0]
        for _, row in group.iloc[1:].iterrows():
            if (row["value"], row["qualifier"]) == (first["value"], first["qualifier"]):
                continue
            allowed = f"one value for one day; row {first['row']} has {shown(first['value'])}"
            remedy = "give the day each was published, or delete one; until then the later row counts"
            found.append(
                Problem(
                    "observations.csv",
                    int(row["row"]),
                    "value",
                    shown(row["value"]),
                    allowed,
                    remedy,
                    "warning",
                )
            )
    return found


def _not_final(figures: Figures, today: dt.date) -> list[Problem]:
    """Newest vintages still preliminary two years after they came out."""
    old = figures.observations["known_from"].to_numpy()[figures.rows] < np.datetime64(
        pd.Timestamp(today) - FINALISED
    )
    waiting = old & np.isin(figures.column("status"), ("preliminary", "estimate"))
    found = []
    for k in np.flatnonzero(waiting):
        row = figures.observations.iloc[figures.rows[k]]
        allowed = f"final, two years after it came out ({row['known_from'].date()})"
        remedy = "look for the final figure and add it; if this one was never revised, set it to final"
        where = ("observations.csv", int(row["row"]), "status", str(row["status"]))
        found.append(Problem(*where, allowed, remedy, "warning"))
    return found


def _early(rows: pd.DataFrame) -> list[Problem]:
    """Final figures of a whole year that were published before the year was over."""
    whole = is_whole(rows["period"]) & (rows["status"] == "final") & ~rows["published_assumed"]
    ends = (rows["year"].to_numpy() - 1969).astype("datetime64[Y]").astype("datetime64[D]") - 1
    early = rows[whole & (rows["known_from"].to_numpy() < ends)]
    remedy = "check the period and the date; a figure expected for the year has the status estimate"
    return [
        Problem(
            "observations.csv",
            int(r.row),
            "published",
            str(r.published),
            f"a day after the end of {r.year} for a final figure",
            remedy,
            "warning",
        )
        for r in early.itertuples()
    ]

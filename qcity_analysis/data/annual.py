"""From published figures to one annual level series: newest vintages, chained changes, gaps left missing.

Yearly changes are chained from the base year; a cumulative change is an observation of the level in its last year,
with the years between unknown (see `chains`). Figures of different definitions are different indicators and meet
only where a splice is declared with its reason (see `splices`); an indicator declared as a ratio, a sum or a per-head
figure is computed from its inputs (see `derived`). Bounds, year-to-date figures, approximate and provisional figures
are kept as what they are: `AnnualSeries.evidence` hands them to the forecast as bounds, estimates and errors.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd

from .chains import chained, conflicts, fitting
from .datapackage import Data
from .derived import Computed, computed, input_names
from .evidence import evidence_of, links_of
from .notes import Note
from .partialyears import months_covered, new_counts
from .series import AnnualSeries
from .splices import is_spliced, spliced
from .uncertainty import Shares, revision_shares


def annual_series(
    data: Data, indicator_id: str, region: str, *, base_year: int | None = None, prefer: str = "cumulative"
) -> AnnualSeries:
    """The annual level series of one indicator in one region, from the figures known in `data`.

    Where there are published levels they are used as they are, and yearly changes extend them. Where there are only
    changes the result is an index with `base_year` = 100 (default: the first year of the newest linked stretch).
    `prefer` says which figure wins in a year that has both a cumulative change on `base_year` and a chain of yearly
    changes: "cumulative" or "changes"; the difference is a note either way. A sum (`derived`) counts from the year
    after `base_year`. Raises QcityError for an unknown name.

    >>> import qcity_analysis as qc
    >>> energy = qc.annual_series(qc.load(as_of="2023-03-31"), "energy_per_gdp", "china", base_year=2020)
    >>> energy.values.round(2).tail(3).to_dict()
    {2020: 100.0, 2021: 97.3, 2022: 97.2}
    """
    indicator = data.indicator(indicator_id)
    data.require_region(region)
    names = input_names(indicator)
    inputs = tuple(annual_series(data, name, region) for name in names)
    made = computed(indicator, inputs, [data.indicator(name) for name in names], base_year)
    found = _from_figures(data, indicator, region, made, base_year, prefer)
    if not is_spliced(indicator):
        return found
    continued = str(indicator["continues"])
    older = annual_series(data, continued, region, prefer=prefer)
    return spliced(found, older, indicator, data.indicator(continued))


def shifted(series: AnnualSeries, year: int, level: float, by_ratio: bool = True) -> AnnualSeries:
    """The series moved to pass through `level` in `year`: by ratio for an index or a positive quantity, else by
    difference (kept within 0 to 100 for shares), so that changes keep the unit in which they are spoken of.

    >>> import qcity_analysis as qc
    >>> china = qc.annual_series(qc.load(), "rd_intensity", "china")
    >>> float(round(shifted(china, 2022, 4.54, by_ratio=False).values[2023] - china.values[2023], 6))
    2.0
    """
    at = float(series.values[year])
    if by_ratio or series.support in ("positive", "count"):
        base = year if level == 100.0 else None
        return dataclasses.replace(_moved(series, level / at, 0.0, math.inf), base_year=base)
    return _moved(series, 1.0, level - at, 100.0 if series.support == "percent" else math.inf)


def _moved(series: AnnualSeries, ratio: float, step: float, top: float) -> AnnualSeries:
    """Every level, bound, estimate and error at `ratio` times its size plus `step`; levels kept to 0 to `top`."""
    low = 0.0 if math.isfinite(top) else -math.inf

    def move(level: float) -> float:
        return min(max(level * ratio + step, low), top)

    rows = series.estimates
    return dataclasses.replace(
        series,
        values=(series.values * ratio + step).clip(low, top),
        earlier=(series.earlier * ratio + step).clip(low, top),
        lower={year: move(bound) for year, bound in series.lower.items()},
        upper={year: move(bound) for year, bound in series.upper.items()},
        noisy={year: error * ratio for year, error in series.noisy.items()},
        shared=tuple({year: size * ratio for year, size in one.items()} for one in series.shared),
        estimates=rows.assign(value=[move(value) for value in rows["value"]], error=rows["error"] * ratio),
        inputs=(),
        derived="none",
        decimals={},
    )


def _from_figures(
    data: Data, indicator: pd.Series, region: str, made: Computed, base_year: int | None, prefer: str
) -> AnnualSeries:
    """The series from the published figures of the indicator itself and what was computed from its inputs."""
    rows = data.observations
    rows = rows[(rows["indicator_id"] == indicator["indicator_id"]) & (rows["region"] == region)]
    newest, superseded = _newest(rows)
    used, bounds, counts, partial = _sorted_out(newest)
    own = used[used["measure"].isin(["level", "count_total"])]
    published = {int(year): float(value) for year, value in zip(own["year"], own["value"], strict=True)}
    links = links_of(used, base_year)
    seed = {**made.levels, **published}
    found = fitting(chained(seed, links, base_year, prefer), str(indicator["support"]))
    timing = str(indicator["timing"]) or ("average" if indicator["support"] == "percent" else "")
    shares = _shares(data, used)
    part = evidence_of(found, seed, links, used, bounds, partial, shares, timing, base_year, prefer)
    noisy = {year: error for year, error in made.errors.items() if year not in published} | part.noisy
    unused = newest.loc[list(part.reasons)].assign(reason=list(part.reasons.values()))
    index, named = found.root is not None, _named(data.sources)
    notes = [
        *made.notes,
        *made.conflicts(published),
        *conflicts(found.values, links),
        *_notes_on(used, superseded, unused, counts),
        *part.notes(found, used, shares),
    ]
    return AnnualSeries(
        indicator_id=str(indicator["indicator_id"]),
        region=region,
        values=found.values,
        earlier=found.earlier,
        breaks=found.breaks,
        unit=f"{found.root} = 100" if index else str(indicator["unit"]),
        support="positive" if index else str(indicator["support"]),
        base_year=found.root,
        observations=pd.concat([_with_sources(used, named), *made.observations], ignore_index=True),
        bounds=_with_sources(part.bounds, named),
        superseded=_with_sources(superseded, named),
        unused=_with_sources(unused, named),
        notes=tuple(notes),
        lower=made.lower | part.lower if not index else part.lower,
        upper=part.upper,
        noisy=noisy,
        shared=part.shared,
        estimates=part.estimates,
        new_counts=_with_sources(counts, named),
        inputs=made.inputs,
        derived=made.kind,
        factor=made.factor,
        decimals={} if index else _as_typed(own),
    )


def _as_typed(own: pd.DataFrame) -> dict[int, int]:
    """Digits after the point of each published level, by year."""
    return {int(year): int(digits) for year, digits in zip(own["year"], own["decimals"], strict=True)}


def _newest(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The newest vintage of each figure, and the vintages it superseded; December to date is the year.

    A bound gives way to a figure published with it or later, but a later bound replaces no figure.
    """
    months = [months_covered(period) for period in rows["period"]]
    bounds = [sign if sign in (">=", "<=") else "" for sign in rows["qualifier"]]
    wholes = [
        str(period) if covered < 12 else str(period)[:4]
        for period, covered in zip(rows["period"], months, strict=True)
    ]
    keys = list(zip(wholes, rows["measure"], rows["base_period"].astype(object), strict=True))
    known, years, periods = list(rows["known_from"]), list(rows["year"]), list(rows["period"])
    numbers = list(rows["row"])
    order = sorted(range(len(rows)), key=lambda at: (known[at], numbers[at]))
    last = {(keys[at], bounds[at]): at for at in order}
    kept = [at for at in order if last[keys[at], bounds[at]] == at]
    figures = {keys[at]: known[at] for at in kept if not bounds[at]}
    kept = [at for at in kept if not bounds[at] or keys[at] not in figures or figures[keys[at]] < known[at]]
    spent = set(kept)
    older = [at for at in order if at not in spent]
    kept.sort(key=lambda at: (years[at], periods[at]))
    covers = np.array([months[at] for at in kept], dtype=int)
    return rows.iloc[kept].assign(months=covers), rows.iloc[older]


def _sorted_out(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows usable as levels or changes, bounds, counts of new items, and figures of a part of a year."""
    new = (rows["measure"] == "count_new").to_numpy(bool)
    partial = (rows["months"] < 12).to_numpy(bool) & ~new
    bound = rows["qualifier"].isin([">=", "<="]).to_numpy(bool) & ~new & ~partial
    return rows[~new & ~partial & ~bound], rows[bound], new_counts(rows), rows[partial]


def _notes_on(
    used: pd.DataFrame, superseded: pd.DataFrame, unused: pd.DataFrame, counts: pd.DataFrame
) -> list[Note]:
    notes = []
    if used["published_assumed"].any():
        periods = list(used.loc[used["published_assumed"], "period"])
        notes.append(Note("assumed_publication", {"periods": periods}))
    if len(superseded):
        notes.append(Note("superseded", {"count": len(superseded)}))
    for reason, rows in unused.groupby("reason") if len(unused) else []:
        notes.append(Note(f"unused_{reason}", {"periods": list(rows["period"])}))
    if len(counts):
        notes.append(Note("new_counts", {"periods": list(counts["period"])}))
    return notes


def _shares(data: Data, used: pd.DataFrame) -> Shares:
    """How far provisional figures of this package were off; looked up only where one is used."""
    provisional = used["status"].isin(["preliminary", "estimate"]).any()
    return revision_shares(data.observations) if provisional else Shares()


def _named(sources: pd.DataFrame) -> pd.DataFrame:
    """Publisher, title and date of each source, by source_id."""
    named = ["publisher", "publisher_en", "title", "title_en", "date"]
    return sources.set_index("source_id")[named].rename(columns={"date": "source_date"})


def _with_sources(rows: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """The rows, numbered anew, with what `named` tells of their source."""
    rows = rows.reset_index(drop=True)
    return pd.concat([rows, named.reindex(rows["source_id"]).set_axis(rows.index)], axis=1)

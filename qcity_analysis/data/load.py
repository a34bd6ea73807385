"""Find a data package, read and check it, and choose what was known at a date.

A data package is a folder with the files of `schema.TABLES`; the one shipped with the project is `data/raw`.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import pandas as pd

from ..errors import QcityError, unknown
from ..files import PROJECT, digest
from ..problems import DataError, Problem
from .checks import Tables, check_tables, oddities
from .corrections import FILE as CORRECTIONS
from .corrections import as_known, no_corrections, read_corrections
from .read import read_table, table_of
from .schema import STATED, TABLES, comparators, is_date
from .vintages import is_whole, known_by, last_days, newest_vintages, to_date, with_dates

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Data:
    """A checked data package as it was known on a day.

    Attributes: `observations` (the tidy table of the data contract; besides its columns `year`, `known_from`, the
    first day on which the figure could be known, `published_assumed`, true where that day rests on the
    indicator's publication lag, and `decimals`, the digits after the point as typed; December to date and the fourth
    quarter to date are the year and have its period), `indicators`, `targets`, `sources`, `regions` (one frame each),
    `earlier_targets` (of plans that are over), `outcomes` (what was officially said of a target by that day),
    `official_grades` (yearly grades, alert levels and mid-term evaluations by that day),
    `as_of` (only figures known by that day are held), `folder`, `corrections` (the corrections of published figures
    known by that day, already applied; columns as in `corrections.read_corrections`), `remarks` (warnings about the
    files as they were read), `computed` (what was made of these data already, by what was asked), and `made` (for
    all days together, by what was seen).

    >>> data = qc.load(as_of="2023-12-31")
    >>> data.plans(), len(data.targets_of("china_14fyp", "binding")), data.at("2022-12-31").as_of.year
    (['nanjing_quality_city', 'china_14fyp', 'china_15fyp'], 8, 2022)
    >>> data.indicator("rd_intensity")["unit"], data.region_name(data.require_region("nanjing"), "zh")
    ('%', '南京')
    >>> data.comparators("rd_intensity")[0], data.summary()["targets"].tolist()
    (('jiangsu', 'rd_intensity'), [42, 21, 21])
    >>> data.plot("rd_intensity", "nanjing").get_ylabel(), {problem.level for problem in data.warnings}
    ('%', {'warning'})
    """

    observations: pd.DataFrame
    indicators: pd.DataFrame
    targets: pd.DataFrame
    sources: pd.DataFrame
    regions: pd.DataFrame
    as_of: dt.date
    folder: Path
    earlier_targets: pd.DataFrame
    outcomes: pd.DataFrame
    official_grades: pd.DataFrame
    corrections: pd.DataFrame = field(default_factory=no_corrections)
    remarks: tuple[Problem, ...] = ()
    computed: dict[Any, Any] = field(default_factory=dict, init=False, compare=False)
    made: dict[Any, Any] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        names = ", ".join(self.plans()[:3]) or "none"
        return f"<Data as of {self.as_of}: {len(self.observations)} figures, plans {names}; see summary()>"

    def _repr_html_(self) -> str:
        return str(self.summary().to_html())

    def __getitem__(self, name: object) -> None:
        indicator = name if isinstance(name, str) else "rd_intensity"
        way = f"data.observations is one, qc.annual_series(data, {indicator!r}, region) a series"
        raise QcityError(f"Data[{name!r}]: this is no frame; {way}")

    def summary(self) -> pd.DataFrame:
        """One row a plan: how many targets and indicators it has, the figures held of these, and the newest year."""
        asked, key = self.targets[["plan", "target_id", "indicator_id", "region"]], ["indicator_id", "region"]
        figures = asked.drop_duplicates(["plan", *key]).merge(self.observations, on=key).groupby("plan")
        plans = asked.groupby("plan", sort=False)
        table = pd.DataFrame({"targets": plans.size(), "indicators": plans["indicator_id"].nunique()})
        table["figures"] = figures.size().reindex(table.index, fill_value=0)
        return table.assign(newest_year=figures["year"].max().astype("Int64"))

    def plot(self, indicator_id: str, region: str | Sequence[str] | None = None) -> Axes:
        """Draw the published figures of one indicator, a line for each region (default: all that have any).

        Drawn is what most of its figures measure, levels or changes, in the newest vintage of each whole year. Returns
        the axes. Raises QcityError for an unknown indicator or region.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        unit, names = self.indicator(indicator_id)["unit"], [region] if isinstance(region, str) else region
        rows = newest_vintages(self.observations[self.observations["indicator_id"] == indicator_id])
        rows = rows[is_whole(rows["period"]) & ~rows["qualifier"].isin([">=", "<="])]
        rows = rows[rows["measure"].isin(rows["measure"].mode()[:1])]
        table = rows.pivot_table(index="year", columns="region", values="value", aggfunc="last")
        table = table[[self.require_region(name) for name in names]] if names else table
        axes, changes = plt.subplots()[1], rows["measure"].str.endswith("change_pct").any()
        for name, levels in table.items():
            axes.plot(levels.dropna(), "o-", ms=4, label=self.region_name(str(name), "en"))
        axes.set(title=self.indicator(indicator_id)["name_en"], ylabel="%" if changes else unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
        return axes

    @cached_property
    def warnings(self) -> tuple[Problem, ...]:
        """What is possible but unlikely about the package as known on its day: the warnings of `check` for that day."""
        return (*self.remarks, *oddities(self.observations, self.indicators, self.targets, self.as_of))

    def at(self, as_of: str | dt.date | None) -> Data:
        """The same package as known on an earlier day (ISO text or date); itself when `as_of` is None.

        Raises QcityError when the day is later than the one this package was loaded for.
        """
        day = self.as_of if as_of is None else to_date(as_of)
        if day == self.as_of:
            return self
        if day > self.as_of:
            later = f"as_of {day} is later than {self.as_of}, the day these data were loaded for"
            raise QcityError(f"{later}; load them again with that day")
        known = known_by(as_known(self.observations, self.corrections, day), day).reset_index(drop=True)
        made = self.corrections[self.corrections["since"] <= day]
        told = {name: last_days(getattr(self, name)["published"]) <= pd.Timestamp(day) for name in STATED}
        said = {name: getattr(self, name)[by_then] for name, by_then in told.items()}
        return dataclasses.replace(self, observations=known, as_of=day, corrections=made, **said)

    def plans(self) -> list[str]:
        """The plans of the package, in the order of `targets.csv`."""
        return list(dict.fromkeys(self.targets["plan"]))

    def targets_of(self, plan: str | None = None, binding: str | None = "") -> pd.DataFrame:
        """The targets of a plan, one of `earlier_targets.csv` too; without a name all of `targets.csv`.

        `binding` ("binding" or "expected") keeps those that the plan calls so. Raises QcityError where there is none.
        """
        rows = self.targets if plan is None or plan in self.plans() else self.earlier_targets
        if plan is not None and (rows := rows[rows["plan"] == plan]).empty:
            raise unknown("plan", plan, [*self.plans(), *dict.fromkeys(self.earlier_targets["plan"])])
        if binding and (kept := rows[rows["binding"] == binding]).empty:
            raise unknown("binding", binding, sorted({*rows["binding"]} - {""}))
        return kept if binding else rows

    def indicator(self, indicator_id: str) -> pd.Series:
        """The row of one indicator, indexed by column name. Raises QcityError for an unknown name."""
        names = list(self.indicators["indicator_id"])
        if indicator_id not in names:
            raise unknown("indicator", indicator_id, names)
        return self.indicators.iloc[names.index(indicator_id)]

    def comparators(self, indicator_id: str) -> list[tuple[str, str]]:
        """Region and indicator of each comparator that an indicator names; QcityError for an unknown one."""
        return comparators(str(self.indicator(indicator_id)["comparators"] or ""))

    def region_name(self, region: str, lang: str) -> str:
        """The name of a region in `lang` ("zh" or "en"); the identifier where no name is given."""
        names = dict(zip(self.regions["region"], self.regions[f"name_{lang}"], strict=True))
        return str(names.get(region, region))

    def require_region(self, region: str) -> str:
        """The region itself if the package knows it. Raises QcityError (did you mean) otherwise."""
        known = list(self.regions["region"])
        known = known or sorted({*self.targets["region"], *self.observations["region"]})
        if region not in known:
            raise unknown("region", region, known)
        return region


def load(folder: str | Path | None = None, as_of: str | dt.date | None = None) -> Data:
    """Read and check a data package, keeping what was known on `as_of` (today when None).

    `folder` defaults to the environment variable QCITY_DATA, else the nearest `data/raw` in this folder or above,
    else the one shipped with the project. Raises DataError with every problem of every file; then nothing is loaded.

    >>> len(qc.load(as_of="2026-01-01").targets)
    84
    """
    if isinstance(folder, str) and is_date(folder):
        way = f"For what was known then: load(as_of={folder!r})"
        raise QcityError(f"load takes a folder first; found a day. {way}")
    today, package = dt.date.today(), find_folder(folder)
    day = to_date(today if as_of is None else as_of)
    files = (package / name for name in (*(table.file for table in TABLES.values()), CORRECTIONS))
    source = (package, today, *map(digest, files))
    if kept := _READ.get(source):
        return copy.deepcopy(kept).at(day)
    tables, problems, _ = read_folder(package)
    if errors := [problem for problem in problems if problem.level == "error"]:
        raise DataError(errors)
    tables["observations"] = with_dates(tables["observations"], tables["indicators"])
    _READ[source] = whole = Data(**tables, as_of=dt.date.max, folder=package, remarks=tuple(problems))
    return whole.at(day)


_READ = WeakValueDictionary[Any, Data]()  # all of a package while somebody holds it, by what it was read from


def in_memory(as_of: str | dt.date, **rows: Sequence[dict[str, Any]]) -> Data:
    """A data package from rows by table, not read from any folder and unchecked; tables not given are empty."""
    tables = {name: table_of(table, rows.get(name, ())) for name, table in TABLES.items()}
    tables["observations"] = with_dates(tables["observations"], tables["indicators"])
    return Data(**tables, as_of=dt.date.max, folder=Path()).at(as_of)


def check(folder: str | Path | None = None, as_of: str | dt.date | None = None) -> list[Problem]:
    """Every problem and warning of a data package; an empty list when there is none.

    Errors come first, in the order of the files, then warnings about unlikely figures (see `checks.oddities`).
    Problems between the tables are looked for only once every file can be read and has its columns; rows with an error
    take no part in the warnings, which are those of a day (today when `as_of` is None) and the figures known by then.

    >>> {problem.level for problem in check()} <= {"warning"}
    True
    """
    tables, problems, whole = read_folder(folder)
    if not whole:
        return problems
    rows, day = tables["observations"], to_date(dt.date.today() if as_of is None else as_of)
    faulty = {p.row for p in problems if p.level == "error" and p.file == TABLES["observations"].file}
    sound = known_by(with_dates(rows[~rows["row"].isin(list(faulty))], tables["indicators"]), day)
    return problems + oddities(sound, tables["indicators"], tables["targets"], day)


def read_folder(folder: str | Path | None = None) -> tuple[Tables, list[Problem], bool]:
    """All tables of a data package by name, the corrections applied, with every problem.

    What holds between the tables is looked at only where every file could be read with all its columns: the third item.
    """
    package = find_folder(folder)
    read = {name: read_table(package / table.file, name) for name, table in TABLES.items()}
    tables = {name: frame for name, (frame, _) in read.items()} | {"corrections": no_corrections()}
    problems = [problem for _, faults in read.values() for problem in faults]
    unread = {table.file for name, table in TABLES.items() if tables[name].empty}
    whole = not any(p.level == "error" and (p.row in (None, 1) or p.file in unread) for p in problems)
    if whole:
        tables["corrections"], faults = read_corrections(package, tables)
        tables["observations"] = as_known(tables["observations"], tables["corrections"], dt.date.max)
        problems += faults + check_tables(tables, dt.date.today())
    return tables, problems, whole


def pages(folder: Path) -> dict[str, Any]:
    """What `pages.toml` beside the data asks of the pages (see there); empty where there is none."""
    path = folder / "pages.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def find_folder(folder: str | Path | None = None) -> Path:
    """The folder of the data package to use; see `load` for the order. Raises QcityError when there is none."""
    if named := folder or os.environ.get("QCITY_DATA"):
        package = Path(os.path.expanduser(named))
    else:
        shipped, here = PROJECT / "data" / "raw", Path.cwd()
        above = [parent / "data" / "raw" for parent in (here, *here.parents)]
        package = next((path for path in [*above, shipped] if (path / "targets.csv").exists()), shipped)
    if not package.is_dir():
        raise QcityError(
            f"no data package at {package}: found no such folder. Name one with --data DIR or QCITY_DATA; "
            f"it holds {', '.join(t.file for n, t in TABLES.items() if n not in ('earlier_targets', *STATED))}"
        )
    return package.resolve()

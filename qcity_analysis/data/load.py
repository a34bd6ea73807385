"""Find a data package, read and check it, and choose what was known at a date.

A data package is a folder with the files of `schema.TABLES`; the one shipped with the project is `data/raw`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import QcityError, unknown
from ..files import PROJECT
from ..problems import DataError, Problem
from .checks import check_tables, oddities
from .corrections import as_known, no_corrections, read_corrections
from .read import read_table
from .schema import TABLES
from .vintages import to_date, with_dates


@dataclass(frozen=True)
class Data:
    """A checked data package as it was known on a day.

    Attributes: `observations` (the tidy table of the data contract; besides its columns `year`, `known_from`, the
    first day on which the figure could be known, `published_assumed`, true where that day rests on the
    indicator's publication lag, and `decimals`, the digits after the point as typed; December to date and the fourth
    quarter to date are the year and have its period), `indicators`, `targets`, `sources`, `regions` (one frame each),
    `as_of` (only figures known by that day are held), `folder`, `corrections` (the corrections of published figures
    known by that day, already applied; columns as in `corrections.read_corrections`), and `remarks` (warnings about the
    files as they were read).

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2023-03-31")
    >>> bool((data.observations["known_from"] <= "2023-03-31").all())
    True
    """

    observations: pd.DataFrame
    indicators: pd.DataFrame
    targets: pd.DataFrame
    sources: pd.DataFrame
    regions: pd.DataFrame
    as_of: dt.date
    folder: Path
    corrections: pd.DataFrame = field(default_factory=no_corrections)
    remarks: tuple[Problem, ...] = ()

    @cached_property
    def warnings(self) -> tuple[Problem, ...]:
        """What is possible but unlikely about the package as known on its day: the warnings of `check` for that day.

        >>> import qcity_analysis as qc
        >>> qc.load().warnings == tuple(qc.check())
        True
        """
        return (*self.remarks, *oddities(self.observations, self.indicators, self.targets, self.as_of))

    def at(self, as_of: str | dt.date | None) -> Data:
        """The same package as known on an earlier day (ISO text or date); itself when `as_of` is None.

        Raises QcityError when the day is later than the one this package was loaded for.

        >>> import qcity_analysis as qc
        >>> qc.load().at("2015-01-01").as_of.year
        2015
        """
        if as_of is None:
            return self
        day = to_date(as_of)
        if day > self.as_of:
            raise QcityError(
                f"as_of {day} is later than {self.as_of}, the day these data were loaded for; "
                "load them again with that day"
            )
        observations = as_known(self.observations, self.corrections, day)
        held = observations[observations["known_from"] <= pd.Timestamp(day)].reset_index(drop=True)
        made = self.corrections[self.corrections["since"] <= day]
        return dataclasses.replace(self, observations=held, as_of=day, corrections=made)

    def plans(self) -> list[str]:
        """The plans of the package, in the order of `targets.csv`.

        >>> import qcity_analysis as qc
        >>> qc.load().plans()
        ['nanjing_quality_city', 'china_14fyp']
        """
        return list(dict.fromkeys(self.targets["plan"]))

    def indicator(self, indicator_id: str) -> pd.Series:
        """The row of one indicator, indexed by column name. Raises QcityError for an unknown name.

        >>> import qcity_analysis as qc
        >>> qc.load().indicator("rd_intensity")["support"]
        'percent'
        """
        rows = self.indicators[self.indicators["indicator_id"] == indicator_id]
        if rows.empty:
            raise unknown("indicator", indicator_id, list(self.indicators["indicator_id"]))
        return rows.iloc[0]

    def region_name(self, region: str, lang: str) -> str:
        """The name of a region in `lang` ("zh" or "en"); the identifier where no name is given.

        >>> import qcity_analysis as qc
        >>> qc.load().region_name("jiangsu", "zh")
        '江苏'
        """
        rows = self.regions[self.regions["region"] == region]
        return str(rows.iloc[0][f"name_{lang}"]) if len(rows) else region

    def require_region(self, region: str) -> str:
        """The region itself if the package knows it. Raises QcityError (did you mean) otherwise.

        >>> import qcity_analysis as qc
        >>> qc.load().require_region("nanjing")
        'nanjing'
        """
        known = list(self.regions["region"]) or sorted(
            {*self.targets["region"], *self.observations["region"]}
        )
        if region not in known:
            raise unknown("region", region, known)
        return region


def load(folder: str | Path | None = None, as_of: str | dt.date | None = None) -> Data:
    """Read and check a data package, keeping what was known on `as_of` (today when None).

    `folder` defaults to the environment variable QCITY_DATA, else the nearest `data/raw` in this folder or above,
    else the one shipped with the project. Raises DataError with every problem of every file; then nothing is loaded.

    >>> import qcity_analysis as qc
    >>> data = qc.load(as_of="2026-01-01")
    >>> len(data.targets)
    38
    """
    day = dt.date.today() if as_of is None else to_date(as_of)
    tables, problems = read_folder(folder)
    if _all_read(tables, problems):
        problems += check_tables(tables, dt.date.today())
    errors = [problem for problem in problems if problem.level == "error"]
    if errors:
        raise DataError(errors)
    tables["observations"] = with_dates(tables["observations"], tables["indicators"])
    return Data(**tables, as_of=dt.date.max, folder=find_folder(folder), remarks=tuple(problems)).at(day)


def check(folder: str | Path | None = None, as_of: str | dt.date | None = None) -> list[Problem]:
    """Every problem and warning of a data package; an empty list when there is none.

    Errors come first, in the order of the files, then warnings about unlikely figures (see `oddities`). Problems
    between the tables are looked for only once every file can be read and has its columns; rows with an error take no
    part in the warnings, which are those of a day (today when `as_of` is None) and the figures known by then.

    >>> import qcity_analysis as qc
    >>> [p for p in qc.check() if p.level == "error"]
    []
    """
    tables, problems = read_folder(folder)
    if not _all_read(tables, problems):
        return problems
    problems += check_tables(tables, dt.date.today())
    faulty = {p.row for p in problems if p.level == "error" and p.file == TABLES["observations"].file}
    rows = tables["observations"]
    sound = rows[~rows["row"].isin(list(faulty))] if faulty else rows
    day = dt.date.today() if as_of is None else to_date(as_of)
    known = with_dates(sound, tables["indicators"])
    known = known[known["known_from"] <= pd.Timestamp(day)]
    return problems + oddities(known, tables["indicators"], tables["targets"], day)


def read_folder(folder: str | Path | None = None) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """All tables of a data package by name, the corrections applied, and the problems of each file by itself.

    >>> frames, problems = read_folder()
    >>> sorted(frames)
    ['corrections', 'indicators', 'observations', 'regions', 'sources', 'targets']
    """
    place = find_folder(folder)
    tables, problems = {}, []
    for name, table in TABLES.items():
        tables[name], found = read_table(place / table.file, name)
        problems += found
    tables["corrections"] = no_corrections()
    if _all_read(tables, problems):
        tables["corrections"], found = read_corrections(place, tables)
        tables["observations"] = as_known(tables["observations"], tables["corrections"], dt.date.max)
        problems += found
    return tables, problems


def _all_read(tables: dict[str, pd.DataFrame], problems: list[Problem]) -> bool:
    """Whether every file could be read with all its columns, so that what holds between the tables can be looked at."""
    unread = {table.file for name, table in TABLES.items() if tables[name].empty}
    return not any(p.level == "error" and (p.row in (None, 1) or p.file in unread) for p in problems)


def pages(folder: Path) -> dict[str, Any]:
    """What `pages.toml` beside the data asks of the pages: `look_back` (targets asked again as of an earlier day) and
    `national` (the plan's counterpart that the track record shows first); empty where there is none.

    >>> sorted(pages(find_folder()))
    ['look_back', 'national']
    """
    path = folder / "pages.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def find_folder(folder: str | Path | None = None) -> Path:
    """The folder of the data package to use; see `load` for the order. Raises QcityError when there is none.

    >>> (find_folder() / "targets.csv").exists()
    True
    """
    if folder:
        place = Path(folder).expanduser()
    elif os.environ.get("QCITY_DATA"):
        place = Path(os.environ["QCITY_DATA"]).expanduser()
    else:
        here = Path.cwd()
        above = [parent / "data" / "raw" for parent in (here, *here.parents)]
        shipped = PROJECT / "data" / "raw"
        place = next((p for p in [*above, shipped] if (p / "targets.csv").exists()), shipped)
    if not place.is_dir():
        raise QcityError(
            f"no data package at {place}: found no such folder. Name one with --data DIR or QCITY_DATA; "
            f"it holds {', '.join(t.file for t in TABLES.values())}"
        )
    return place.resolve()

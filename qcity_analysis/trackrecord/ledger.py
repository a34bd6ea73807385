"""Real targets: a ledger of what was said of them, and what we and every rule would have said of earlier ones.

The ledger is a folder of Parquet files, one for each run, each written once and never touched again. What was said is
kept as it was said, even when the target, the data or the library change later, and scored once the outcome is there.
Earlier targets are those of `earlier_targets.csv` and the settled ones of `targets.csv`. They are asked in the middle
of each year of their period, with what was published by then; under each definition of an indicator that changed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed

from .. import __version__
from ..assessment.answer import Assessment, Question
from ..assessment.assess import assess, by_figures
from ..data.load import Data, pages
from ..data.schema import RELATIVE
from ..data.vintages import among, to_date
from ..errors import QcityError
from ..files import digest, write_whole
from ..forecasting.histories import as_number
from ..rules import RULES
from ..series.annual import Sight
from ..targets import Target, find_target
from .hindcasts import base_of, rule_says

Rows = list[dict[str, Any]]
Compute = Callable[[Sequence[Any]], Sequence[Any]]
Statement = Assessment | Mapping[str, Any]
Asked = tuple[Any, bytes, Any]  # of a computation: what it is about, what it can see, what it is computed of
Kept = Callable[[Sequence[Asked], Compute], list[Any]]
TABLES = (".csv", ".yaml", ".yml")
TARGET = ("plan", "target_id", "region", "indicator_id", "kind", "direction")
JUDGED = ("author", "reason")  # of the role "judgement": what a person said, not the library
TEXTS = (*TARGET[:4], "definition", "role", *TARGET[4:], "as_of", "status", "basis", "model", "version",
         "data_hash")  # fmt: skip
NUMBERS = ("threshold", "tolerance", "bound", "probability", "expected")
YEARS = ("base_year", "deadline", "last_year", "draws", "seed")
COLUMNS = ["asked_at", *TEXTS, *JUDGED, *YEARS, *NUMBERS]
ASKED = (*TARGET[3:], "threshold", "tolerance", "base_year", "deadline")  # what a target asks
SETTLED = ("met", "missed")
WHY = ("open", "no_outcome", "late", "set_aside")  # a target is not scored
SHARE = 12  # computations that are worth another process
SPOKEN = 2_000  # draws of the answers given
MIDDLE = (6, 30)  # month and day on which each year is asked
FEWEST = 2  # levels a rule is asked with
RULE_KINDS = ("level", "coverage", "cumulative", *RELATIVE)  # the rules judge levels
OF_TARGET = (*TARGET[:5], "name_zh", "name_en", "threshold", "tolerance", "base_year", "deadline", "unit",
             "unit_zh")  # fmt: skip
BASES = ("figures", "outside", "both", "reference")  # what an answer can go by
TOLD = ("level", "bound", "probability", "expected", "low", "high", "outcome", "met", *BASES)  # numbers
SAID = (*OF_TARGET, "as_of", "years", "definition", "last_year", "status", "light", *TOLD)


def home(data_folder: str | Path) -> Path:
    """The ledger that belongs to a data package: `processed/ledger` beside its folder.

    >>> home("data/raw").as_posix()
    'data/processed/ledger'
    """
    return Path(data_folder).parent / "processed" / "ledger"


def data_hash(folder: str | Path) -> str:
    """Sixteen hexadecimal digits that change with any table or correction of a data package."""
    tables = sorted(path for path in Path(folder).iterdir() if path.suffix in TABLES)
    return hashlib.sha256("".join(path.name + digest(path) for path in tables).encode()).hexdigest()[:16]


def record(
    said: Statement | Iterable[Statement], folder: str | Path, data_hash: str,
    asked_at: dt.datetime | None = None,
) -> Path | None:  # fmt: skip
    """Append what was said (assessments, as records or as `Assessment.to_dict` gives them) as one new file of the
    ledger `folder`; returns its path, None when nothing is new. Each definition or comparator (`parts`) is a statement
    of its own; one of the same day and data is not repeated. The file appears whole or not at all.
    """
    answers = [said] if isinstance(said, (Mapping, Assessment)) else said
    plain = [answer.to_dict() if isinstance(answer, Assessment) else answer for answer in answers]
    rows = [row for answer in plain for row in _statements(answer)]
    return _append(rows, Path(folder), data_hash, asked_at)


def judge(
    answer: Assessment, probability: float, author: str, reason: str, folder: str | Path, data_hash: str,
    asked_at: dt.datetime | None = None,
) -> Path | None:  # fmt: skip
    """Append what a person thinks of an open target, as a statement of the role "judgement" that is scored apart.

    Returns as `record`. Raises QcityError for a probability outside 0 to 1, no author, no reason, a settled target.
    """
    faults = {
        f"probability is {probability!r}, allowed: 0 to 1": not 0 <= as_number(probability, "probability") <= 1,
        "author is empty": not author.strip(), "reason is empty": not reason.strip(),
        f"the target is {answer.status}, its outcome is published": answer.status in SETTLED,
    }  # fmt: skip
    if any(faults.values()):
        wrong = "; ".join(fault for fault, there in faults.items() if there)
        raise QcityError(f"judgement of {answer.target.target_id}: {wrong}")
    row = _statements(answer.to_dict())[0] | dict.fromkeys(("model", "draws", "seed", "expected"))
    row |= {"role": "judgement", "status": "forecast", "author": author, "reason": reason}
    return _append([row | {"probability": probability}], Path(folder), data_hash, asked_at)


def _append(rows: Rows, place: Path, data_hash: str, asked_at: dt.datetime | None) -> Path | None:
    """Statements as one new file of a ledger, without those it holds of the same day and data; None without any."""
    now = (asked_at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(microsecond=0)
    fresh = _typed(pd.DataFrame(rows).assign(asked_at=now, data_hash=data_hash))
    key = _key(fresh)
    fresh = fresh[~(key.isin(_key(read(place))) | key.duplicated())].reset_index(drop=True)
    if fresh.empty:
        return None
    place.mkdir(parents=True, exist_ok=True)
    final = place / f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex}.parquet"
    write_whole(final, fresh.to_parquet(index=False))
    return final


def read(folder: str | Path) -> pd.DataFrame:
    """Everything in a ledger, oldest first, columns COLUMNS; what two runs at one moment said alike counts once.

    >>> len(read("no/such/ledger"))
    0
    """
    files = [pd.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))]
    rows = _typed(pd.concat(files, ignore_index=True) if files else pd.DataFrame())
    rows = rows.sort_values("asked_at", kind="stable", ignore_index=True)
    return rows[~_key(rows).duplicated()].reset_index(drop=True)


def scored(ledger: pd.DataFrame, data: Data) -> pd.DataFrame:
    """The probabilities of a ledger with what happened, as far as the outcome is published in `data`.

    Adds `happened` (1 met, 0 missed, NaN not published yet), `outcome`, `known_from` (the day the figure deciding it
    came out), `in_advance` (said before that day), `error` (p − happened)², and `unscored` ("", pending, target_gone,
    target_changed: it is judged as it was stated, or not_computed and why).
    """
    told = ledger[(ledger["status"] == "forecast") & ledger["probability"].notna()].reset_index(drop=True)
    known = cache(partial(_outcomes, data))
    judged = [_judged(row, known(*(row[k] for k in TARGET[:3]))) for row in told.to_dict("records")]
    rows = told.join(pd.DataFrame(judged, columns=["happened", "outcome", "known_from", "unscored"]))
    said_on = rows["asked_at"].dt.tz_localize(None).dt.normalize()
    rows["in_advance"] = rows["happened"].isna() | (said_on < pd.to_datetime(rows["known_from"]))
    rows["error"] = (rows["probability"] - rows["happened"].astype(float)) ** 2
    return rows


def _statements(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for an answer, and one for each of its parts."""
    target, lender = answer["target"], answer.get("borrowed") or {}
    posed = (*TARGET, "base_year", "deadline", "threshold", "tolerance")
    own = ("role", "as_of", "status", "basis", "model", "draws", "seed", "bound", "probability", "expected")
    row = {name: target[name] for name in posed} | {name: answer.get(name) for name in own}
    row |= {"definition": "/".join(filter(None, [lender.get("region"), answer["definition"]]))}
    row |= {"last_year": max(map(int, answer.get("levels") or {}), default=None), "version": __version__}
    return [row, *(inner for part in answer.get("parts", ()) for inner in _statements(part))]


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows, with the columns of a ledger in order (also those it did not have yet) and each of its type."""
    rows = rows.reindex(columns=COLUMNS)
    columns = {"asked_at": pd.to_datetime(rows["asked_at"], utc=True).astype("datetime64[us, UTC]")}
    words = rows[[*TEXTS, *JUDGED]].astype(object)
    columns |= {name: words[name].where(words[name].notna(), "").astype("str") for name in words}
    columns |= {name: pd.to_numeric(rows[name]).astype("Int64") for name in YEARS}
    columns |= {name: pd.to_numeric(rows[name]).astype("float64") for name in NUMBERS}
    return pd.DataFrame(columns)


def _key(rows: pd.DataFrame) -> pd.Series:
    """One text a statement, equal for one repeated on the same day from the same data."""
    plain = rows.assign(asked_at=rows["asked_at"].dt.strftime("%Y-%m-%d")).itertuples(index=False, name=None)
    return pd.Series(["\x1f".join(map(str, row)) for row in plain], index=rows.index, dtype=object)


def _outcomes(data: Data, plan: str, target_id: str, region: str) -> dict[str, Any]:
    """What is known by now of a target: itself and the settled answers by definition with their days; or why not."""
    try:
        target = find_target(data, target_id, plan, region)
    except QcityError:
        return {"unscored": "target_gone"}
    try:
        settled = _settled(data, target)
    except QcityError as error:
        return {"unscored": f"not_computed: {error}"}
    return {"target": target, "settled": {name: (a, _settled_on(data, a)) for name, a in settled.items()}}


def _settled(data: Data, target: Target) -> dict[str, Assessment]:
    """The answers that are settled, by definition."""
    answers = by_figures(Question(data, target, "mixture", 1, 0)).by_definition()  # no forecast is needed
    return {str(a.definition["indicator_id"]): a for a in answers if a.status in SETTLED}


def _settled_on(data: Data, answer: Assessment) -> pd.Timestamp:
    """The day since which an answer is settled without a break; a revision that opened it again starts anew."""
    name, rows, since = str(answer.definition["indicator_id"]), data.observations, pd.NaT
    for day in sorted(rows.loc[among(rows, answer.places()), "known_from"].unique(), reverse=True):
        try:
            known = _settled(data.at(pd.Timestamp(day).date()), answer.target)
        except QcityError:
            break
        if name not in known:
            break
        since = pd.Timestamp(day)
    return since


def _judged(row: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Outcome of one statement, or why it has none; a borrowed statement is judged by the region's own figures."""
    target, settled = known.get("target"), known.get("settled", {})
    unscored = known.get("unscored", "pending")
    said, now = [row[name] for name in ASKED], [getattr(target, name, None) for name in ASKED]
    same = all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(said, now, strict=True))
    if target is not None and not same:
        settled, unscored = {}, "target_changed"
    name = row["indicator_id"] if row["role"] == "borrowed" else row["definition"]
    if name not in settled:
        return {"happened": np.nan, "outcome": np.nan, "known_from": pd.NaT, "unscored": unscored}
    answer, day = settled[name]
    met = float(answer.status == "met")
    return {"happened": met, "outcome": answer.outcome, "known_from": day, "unscored": ""}


def with_earlier(data: Data) -> Data:
    """The package with the targets of `earlier_targets.csv` besides its own; itself when it has no such targets."""
    every = pd.concat([data.targets, data.earlier_targets], ignore_index=True)
    return dataclasses.replace(data, targets=every) if len(data.earlier_targets) else data


@contextmanager
def shelf(path: Path, code: str) -> Iterator[Kept]:
    """What is called with what is asked, and what computes a list of it, gives what was computed of the same by the
    same `code` and is kept in a file of JSON; what is due is computed on all cores. At the end the file holds this and
    no more, after an interruption also what it held; one that is torn is made again, and one that may not be written is
    no error.
    """
    old, new = dict[str, Any](), dict[str, Any]()
    with suppress(OSError, ValueError):  # not there, or cut off
        old = json.loads(path.read_bytes())
    held = {*old}

    def kept(asked: Sequence[Asked], compute: Compute) -> list[Any]:
        ways = (repr([code, about]).encode() + seen for about, seen, _ in asked)
        marks = [hashlib.sha256(way).hexdigest()[:16] for way in ways]
        due = {mark: of for mark, (*_, of) in zip(marks, asked, strict=True) if mark not in old}
        shares = min(cpu_count(), 1 + len(due) // SHARE)
        each = Parallel(shares)(delayed(compute)([*due.values()][k::shares]) for k in range(shares))
        for k, made in enumerate(each):
            old.update(zip([*due][k::shares], made, strict=True))
        return [new.setdefault(mark, old[mark]) for mark in marks]

    try:
        yield kept
        old = new
    finally:
        with suppress(OSError):
            if old.keys() != held:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, json.dumps(old))


def said_of_earlier(data: Data, names: Collection[str] | None, kept: Kept, sight: Sight) -> pd.DataFrame:
    """One row for each settled target, definition and middle of a year: our probability, every rule, what happened.

    Columns: SAID (`years` from the last known year to the deadline; `definition` the indicator whose figures answer;
    `probability` NaN where we would have said "not assessable"; `light` 1 or 0 as the newest official grade was good or
    not; `outcome` the level published for the deadline and `met` 1 or 0, both NaN for a definition that ended before),
    then one for each rule: 1 yes, 0 no, NaN does not apply. Of earlier plans those that `earlier_plans` of `pages.toml`
    names, all where it names none; `names` of indicators restrict them. `attrs["unscored"]` says of every other target
    why it has no row ("open", "no_outcome", "late", "set_aside"), `attrs["refused"]` why it cannot be computed. Levels
    chained from changes have the base year as 100. What is said of a target is `kept` on a `shelf`.
    """
    full, told, asked = with_earlier(data), pages(data.folder), list[Asked]()
    named, rows, refused, unscored = full.targets, Rows(), dict[str, str](), dict[str, str]()
    if "earlier_plans" in told:
        named = named[named["plan"].isin([*data.plans(), *told["earlier_plans"]])]
    if names is not None:
        named = named[named["indicator_id"].isin(names)]
    for one in named.itertuples():
        if (name := f"{one.plan}/{one.target_id}") in told.get("not_scored", {}):
            unscored[name] = "set_aside"
            continue
        days = middles(min(data.as_of, dt.date(one.deadline, 12, 31)))
        seen = sight.of_targets(one.plan, one.target_id, days, ("", one.region))  # grades of no indicator
        about = name, days, one.deadline < data.as_of.year, told.get("official_light")
        asked.append((about, seen, (one.plan, one.target_id)))
    made = kept(asked, partial(_of_targets, dataclasses.replace(full, made={})))
    for ((name, *_), *_), (why, told_of_it) in zip(asked, made, strict=True):
        rows += told_of_it
        if why:
            (unscored if why in WHY else refused)[name] = why
    table = pd.DataFrame(rows, columns=[*SAID, *RULES]).astype(dict.fromkeys(TOLD, float))
    table["as_of"] = table["as_of"].map(dt.date.fromisoformat)
    table.attrs |= {"refused": refused, "unscored": unscored}
    return table


def middles(until: dt.date) -> list[dt.date]:
    """The days on which targets are asked up to a day, the latest first, of a generation."""
    return [day for y in range(until.year, until.year - 30, -1) if (day := dt.date(y, *MIDDLE)) <= until]


def _of_targets(data: Data, named: Sequence[tuple[str, str]]) -> list[tuple[str, Rows]]:
    """The rows of each target (plan, name); where it has none, why."""
    at, told = cache(data.at), list[tuple[str, Rows]]()
    for one in named:
        try:
            told.append(_of_target(data, at, *one))
        except QcityError as error:
            told.append((str(error), []))
    return told


def _of_target(data: Data, at: Callable[[dt.date], Data], plan: str, target_id: str) -> tuple[str, Rows]:
    target = find_target(data, target_id, plan)
    if not (settled := _settled(data, target)):
        return "open" if target.deadline >= data.as_of.year else "no_outcome", []
    dates = data.sources.loc[data.sources["source_id"] == target.source_id, "date"]
    after_base = f"{(target.base_year or target.deadline) + 1}-01-01"
    issued = to_date(str(dates.iloc[0]) if len(dates) else after_base)  # the last day of the document's date
    rows: Rows = []
    for year in range(max(issued.year, (target.base_year or 0) + 1), target.deadline + 1):
        day = dt.date(year, *MIDDLE)
        if issued <= day <= data.as_of:
            light = {"light": _light(at(day), target, issued.year)}
            then = assess(at(day), target, draws=SPOKEN).by_definition()
            asked = {str(one.definition["indicator_id"]): one for one in then if one.status not in SETTLED}
            rows += [_row(one, settled.get(name), day, issued) | light for name, one in asked.items()]
    return "" if rows else "late", rows


def _light(data: Data, target: Target, issued: int) -> float:
    """The newest official grade of a target in its period (since `issued` without base year) as yes or no, or NaN."""
    light, rows = pages(data.folder).get("official_light", {}), data.official_grades
    words = {word: float(said == "yes") for said in ("yes", "no") for word in light.get(said, ())}
    within = rows["period"].str[:4].astype(int).between((target.base_year or issued - 1) + 1, target.deadline)
    about = rows["indicator_id"].replace("", light.get("indicator", "")) == target.indicator_id
    rows = rows[about & within & (rows["region"] == target.region) & rows["grade"].isin(words)]
    rows = rows.sort_values(["published", "period", "scheme"], kind="stable")
    return words[rows["grade"].iloc[-1]] if len(rows) else np.nan


def _row(then: Assessment, now: Assessment | None, day: dt.date, issued: dt.date) -> dict[str, Any]:
    """What was said on a day, what each rule said to the level that is just enough, and what is settled by now."""
    target, levels, outcome = then.target, then.levels(), now.outcome if now else None
    last, base = int(levels.index[-1]) if len(levels) else None, target.base_year
    bound = then.threshold if then.bound is None else then.bound
    low, high = then.interval or (None, None)
    met = float(now.status == "met") if now else None
    told = (levels.iloc[-1] if last else None, bound, then.probability, then.median, low, high, outcome, met)
    bases = (then.bases[name].value if name in then.bases else None for name in BASES)
    row = {name: getattr(target, name) for name in OF_TARGET} | dict(zip(TOLD, (*told, *bases), strict=True))
    row |= {"as_of": str(day), "definition": str(then.definition["indicator_id"]), "status": then.status}
    row |= {"last_year": last, "years": target.deadline - last if last else None}
    asked = target.kind in RULE_KINDS and len(levels) >= FEWEST and levels.index[-1] < target.deadline
    if bound is None or not asked:
        return row
    if base is None or base not in levels.index:
        base = base_of(levels.index, issued.year - 1)
    return row | dict(zip(RULES, rule_says(levels, target.upward, bound, base, target.deadline), strict=True))

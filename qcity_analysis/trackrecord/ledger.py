"""A ledger of issued probabilities: what was said, on which day, from which data; scored once the outcome is published.

A folder of Parquet files, one for each run, each written once and never touched again. What was said is kept as it was
said, even when the target, the data or the library change later.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import __version__
from ..data.load import Data

if TYPE_CHECKING:
    from ..assessment.answer import Assessment

TABLES = (".csv", ".yaml", ".yml")
TEXTS = (
    *(
        "plan",
        "target_id",
        "region",
        "indicator_id",
        "definition",
        "role",
        "kind",
        "direction",
        "as_of",
        "status",
    ),
    *("model", "version", "data_hash"),
)
NUMBERS = ("threshold", "tolerance", "bound", "probability", "expected")
YEARS = ("base_year", "deadline", "last_year", "draws", "seed")
COLUMNS = ("asked_at", *TEXTS, *YEARS, *NUMBERS)
ASKED = (
    "indicator_id",
    "kind",
    "direction",
    "threshold",
    "tolerance",
    "base_year",
    "deadline",
)  # what a target asks
SETTLED = ("met", "missed")
DRAWS = 100  # of answers of which only the status counts
SAME = ("asked_on", *TEXTS, *YEARS, *NUMBERS)  # a statement repeated on the same day from the same data


def home(data_folder: str | Path) -> Path:
    """The ledger that belongs to a data package: `processed/ledger` beside its folder.

    >>> home("data/raw").as_posix()
    'data/processed/ledger'
    """
    return Path(data_folder).parent / "processed" / "ledger"


def data_hash(folder: str | Path) -> str:
    """Sixteen hexadecimal digits that change with any table or correction of a data package.

    >>> from qcity_analysis.data.load import find_folder
    >>> len(data_hash(find_folder()))
    16
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in Path(folder).iterdir() if p.suffix in TABLES):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def record(
    said: Assessment | Mapping[str, Any] | Iterable[Assessment | Mapping[str, Any]],
    folder: str | Path,
    data_hash: str,
    asked_at: dt.datetime | None = None,
) -> Path | None:
    """Append what was said as one new file of the ledger `folder`; returns its path, None when nothing is new.

    `said` is one assessment or several, as records or as `Assessment.to_dict` gives them; each definition or comparator
    (`parts`) is a statement of its own. A statement identical to one of the same day and data is not repeated. The file
    has a name nobody else has and appears whole or not at all; no other file is opened for writing.
    """
    now = (asked_at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(microsecond=0)
    answers = [said] if isinstance(said, Mapping) or hasattr(said, "to_dict") else list(said)  # type: ignore[arg-type]
    plain = [answer if isinstance(answer, Mapping) else answer.to_dict() for answer in answers]  # type: ignore[union-attr]
    rows = [
        row | {"asked_at": now, "data_hash": data_hash} for answer in plain for row in _statements(answer)
    ]
    fresh = _typed(pd.DataFrame(rows, columns=list(COLUMNS)))
    place = Path(folder)
    fresh = _not_in(fresh, read(place))
    if fresh.empty:
        return None
    place.mkdir(parents=True, exist_ok=True)
    name = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex}"
    temporary, final = place / f"{name}.writing", place / f"{name}.parquet"
    try:
        fresh.to_parquet(temporary, index=False)
        os.rename(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    return final


def read(folder: str | Path) -> pd.DataFrame:
    """Everything in a ledger, oldest first, columns COLUMNS; empty when there is none.

    Where two runs at the same moment said the same, it counts once.

    >>> len(read("no/such/ledger"))
    0
    """
    files = sorted(Path(folder).glob("*.parquet"))
    if not files:
        return _typed(pd.DataFrame(columns=list(COLUMNS)))
    found = _typed(pd.concat([pd.read_parquet(path) for path in files], ignore_index=True))
    found = found.sort_values("asked_at", kind="stable", ignore_index=True)
    return found[~_key(found).duplicated()].reset_index(drop=True)


def scored(ledger: pd.DataFrame, data: Data) -> pd.DataFrame:
    """The probabilities of a ledger with what happened, as far as the outcome is published in `data`.

    Adds `happened` (1 met, 0 missed, NaN not published yet), `outcome` (the level), `known_from` (the day the figure
    deciding it came out, which may be long before the deadline), `in_advance` (said before that day: only such a
    statement was a forecast), `unscored` (why there is no score: "", pending, target_gone, target_changed, or
    not_computed and why) and `error` (p − happened)². A target is judged as it was
    stated: when it was changed since, the statement stays unscored.
    """
    told = ledger[(ledger["status"] == "forecast") & ledger["probability"].notna()].reset_index(drop=True)
    known: dict[tuple[str, ...], dict[str, Any]] = {}
    facts = []
    for row in told.to_dict("records"):
        place = (row["plan"], row["target_id"], row["region"])
        if place not in known:
            known[place] = _outcomes(data, *place)
        facts.append(_judged(row, known[place]))
    found = told.join(pd.DataFrame(facts, columns=["happened", "outcome", "known_from", "unscored"]))
    said_on = found["asked_at"].dt.tz_localize(None).dt.normalize()
    found["in_advance"] = found["happened"].isna() | (said_on < pd.to_datetime(found["known_from"]))
    found["error"] = (found["probability"] - found["happened"].astype(float)) ** 2
    return found


def _statements(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for an answer, and one for each of its parts."""
    target, levels = answer["target"], answer.get("levels") or {}
    borrowed = answer.get("borrowed") or {}
    row = {
        **{
            name: target[name]
            for name in ("plan", "target_id", "region", "indicator_id", "kind", "direction")
        },
        **{name: target[name] for name in ("base_year", "deadline", "threshold", "tolerance")},
        **{name: answer.get(name) for name in ("role", "as_of", "status", "model", "draws", "seed")},
        **{name: answer.get(name) for name in ("bound", "probability", "expected")},
        "definition": "/".join(filter(None, [borrowed.get("region"), answer["definition"]])),
        "last_year": max(map(int, levels)) if levels else None,
        "version": __version__,
    }
    return [row, *(found for part in answer.get("parts", ()) for found in _statements(part))]


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    made = {"asked_at": pd.to_datetime(frame["asked_at"], utc=True).astype("datetime64[us, UTC]")}
    made |= {name: frame[name].astype(object).where(frame[name].notna(), "").astype("str") for name in TEXTS}
    made |= {name: pd.to_numeric(frame[name]).astype("Int64") for name in YEARS}
    made |= {name: pd.to_numeric(frame[name]).astype("float64") for name in NUMBERS}
    return pd.DataFrame(made)[list(COLUMNS)]


def _key(frame: pd.DataFrame) -> pd.Series:
    day = frame["asked_at"].dt.strftime("%Y-%m-%d").rename("asked_on")
    plain = pd.concat([day, frame[list(SAME[1:])]], axis=1).itertuples(index=False, name=None)
    return pd.Series(["\x1f".join(map(str, row)) for row in plain], index=frame.index, dtype=object)


def _not_in(fresh: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    key = _key(fresh)
    return fresh[~(key.isin(set(_key(held))) | key.duplicated())].reset_index(drop=True)


def _outcomes(data: Data, plan: str, target_id: str, region: str) -> dict[str, Any]:
    """What is published by now for a target: its own record, and the settled answers by definition, with their days.

    Without a record `unscored` says whether the target is gone or why it cannot be computed.
    """
    from ..assessment.assess import assess
    from ..errors import QcityError
    from ..targets import find_target

    try:
        target = find_target(data, target_id, plan, region)
    except QcityError:
        return {"unscored": "target_gone"}
    try:
        answer = assess(data, target_id, plan=plan, region=region, draws=DRAWS)
    except QcityError as error:
        return {"unscored": f"not_computed: {error}"}
    settled = {name: found for name, found in _own(answer).items() if found.status in SETTLED}
    days = {name: _settled_on(data, found) for name, found in settled.items()}
    return {"target": target, "settled": settled, "days": days}


def _own(answer: Assessment) -> dict[str, Assessment]:
    """The answers from the region's own figures, by definition."""
    return {str(a.definition["indicator_id"]): a for a in (answer, *answer.parts) if a.role != "borrowed"}


def _settled_on(data: Data, answer: Assessment) -> pd.Timestamp:
    """The day since which an answer is settled without a break: its deciding figure came out on that day.

    A revision from met to missed leaves the day as it is; one that opened the answer again starts it anew.
    """
    from ..assessment.assess import assess
    from ..errors import QcityError

    target, name, places = answer.target, str(answer.definition["indicator_id"]), answer.places()
    rows = data.observations
    mine = [place in places for place in zip(rows["indicator_id"], rows["region"], strict=True)]
    found = pd.NaT
    for day in sorted(rows.loc[mine, "known_from"].unique(), reverse=True):
        try:
            then = assess(
                data, target.target_id, plan=target.plan, region=target.region,
                as_of=pd.Timestamp(day).date(), draws=DRAWS,
            )  # fmt: skip
        except QcityError:
            break
        known = _own(then).get(name)
        if known is None or known.status not in SETTLED:
            break
        found = pd.Timestamp(day)
    return found


def _judged(row: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Outcome of one statement, or why it has none; a borrowed statement is judged by the place's own figures."""
    blank = {"happened": np.nan, "outcome": np.nan, "known_from": pd.NaT}
    if "unscored" in known:
        return blank | {"unscored": known["unscored"]}
    target = known["target"]
    if any(_differ(row[name], getattr(target, name)) for name in ASKED):
        return blank | {"unscored": "target_changed"}
    name = target.indicator_id if row["role"] == "borrowed" else row["definition"]
    answer = known["settled"].get(name)
    if answer is None:
        return blank | {"unscored": "pending"}
    met = float(answer.status == "met")
    return {"happened": met, "outcome": answer.outcome, "known_from": known["days"][name], "unscored": ""}


def _differ(said: Any, now: Any) -> bool:
    empty = pd.isna(said), pd.isna(now)
    return empty[0] != empty[1] or (not empty[0] and said != now)

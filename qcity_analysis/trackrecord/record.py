"""The whole track record of a data package in one frozen object: hindcasts, benchmarks, real targets, ledger, corpus.

Scores are made here once; pages and the command line only show them. Lower is better for Brier, log score and CRPS;
skill is one minus the ratio of ours to a reference. Intervals are 90 %, of a bootstrap that draws whole indicators; the
arithmetic of a score is in `forecasting.quantiles`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..assessment.answer import plain
from ..data.load import Data
from ..data.schema import INPUTS
from ..data.vintages import among
from ..errors import QcityError
from ..files import digest
from ..forecasting.quantiles import log_score, murphy, reliability
from ..rules import RULES
from ..series.annual import Sight
from . import hindcasts as past
from . import ledger as books
from .hindcasts import AHEAD, CALIBRATED, QUESTION, plan_indicators, published

FILE = "record.json"  # beside the prior
DRAWS = 1000
SHARE = 0.9  # of the bootstrap intervals
LEAST = 0.5  # of the questions of a horizon that a benchmark must answer to compete
ROOMS = "data/* series/* forecasting/**/* targets.py assessment/* rules/* trackrecord/*"  # what computes
COMPUTES = ("numpy", "pandas", "scipy", "statsmodels")
SAMPLE = 48  # origins at which models fitted by search are asked, but one of each series at least
FEW = 20  # indicators below which a record is called too small


def ratio_interval(
    above: np.ndarray, below: np.ndarray, cluster: Sequence[str] | np.ndarray | pd.Series
) -> tuple[float, float]:
    """Interval (90 %) of sum(above) / sum(below) when whole clusters are drawn again; NaN for one cluster alone.

    >>> ratio_interval(np.array([1.0, 1.0]), np.array([2.0, 2.0]), ["a", "b"])
    (0.5, 0.5)
    """
    group, names = pd.factorize(np.asarray(cluster, dtype=object), sort=True)
    if (n := len(names)) < 2:
        return math.nan, math.nan
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)  # how often each
    upper, lower = (drawn @ np.bincount(group, weights=part) for part in (above, below))
    ratios = upper[lower > 0] / lower[lower > 0] if lower.any() else np.array([np.nan])
    low, high = np.quantile(ratios, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)


def _about(part: pd.DataFrame) -> dict[str, float]:
    return {"number": float(len(part)), "indicators": float(part["family"].nunique())}


def summary(asked: pd.DataFrame) -> dict[str, float]:
    """Scores of questions (columns `probability`, `met`, `family`): number, indicators, share met, Brier with interval,
    log score, and Murphy's parts (1973) over ten bins: Brier ≈ reliability − resolution + uncertainty.

    >>> asked = pd.DataFrame({"met": [1.0, 0.0], "family": ["a", "b"], "probability": [0.5, 0.5]})
    >>> whole = summary(asked)
    >>> whole["number"], whole["brier"], whole["skill"]
    (2.0, 0.25, 0.0)
    """
    p, met = asked[["probability", "met"]].to_numpy(dtype=float).T
    error, base = (p - met) ** 2, float(met.mean())
    low, high = ratio_interval(error, np.ones(len(error)), asked["family"])
    brier, sure = float(error.mean()), base * (1 - base)
    row = {"met": base, "brier": brier, "brier_low": low, "brier_high": high, "climatology": sure}
    row |= {"skill": 1 - brier / sure if sure else math.nan, "log_score": log_score(p, met)}
    return _about(asked) | row | murphy(p, met)


def real_summary(told: pd.DataFrame) -> dict[str, float]:
    """`summary` of questions about real targets; how many `targets`, the share on the `right` side of one half, and
    the `schedule`'s score beside ours (`same`) where it answers."""
    pair = against(told, ["schedule"]).iloc[0]
    right = ((told["probability"] >= 0.5) == (told["met"] == 1)).mean()
    row = {"targets": float(told.groupby(["plan", "target_id", "definition"]).ngroups), "right": float(right)}
    return summary(told) | row | {"schedule": float(pair["brier"]), "same": float(pair["ours"])}


def coverage(ahead: pd.DataFrame) -> pd.DataFrame:
    """How often central intervals cover what came, and the CRPS over a random walk's (both divided by the walk's mean
    of their series, so that units do not matter), by years ahead, then "all". `ahead` as in `Hindcasts`.
    """
    unit = ahead.groupby("series")["crps_walk"].transform("mean")
    scaled, rows = ahead.assign(ours=ahead["crps"] / unit, walk=ahead["crps_walk"] / unit, one=1.0), {}
    for years, part in [*scaled.groupby("years"), ("all", scaled)]:
        rows[years] = row = _about(part)
        for name, top, under in (("in50", "in50", "one"), ("in90", "in90", "one"), ("crps", "ours", "walk")):
            pair = part[top].to_numpy(float), part[under].to_numpy(float)
            row["crps_ratio" if name == "crps" else name] = float(pair[0].sum() / pair[1].sum())
            row[f"{name}_low"], row[f"{name}_high"] = ratio_interval(*pair, part["family"])
    return pd.DataFrame(rows).T.rename_axis("years")


def against(asked: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Our skill against each benchmark (a column of `asked`, NaN where it does not answer) on the questions it answers:
    1 − Brier(ours) / Brier(theirs). Columns: number, indicators, answered (a share), brier, ours, skill, low, high.

    >>> asked = pd.DataFrame({"met": [1.0, 0.0], "family": ["a", "b"], "probability": [0.9, 0.1], "yes": [1.0, 1.0]})
    >>> against(asked, ["yes"])["skill"].round(2).tolist()
    [0.98]
    """
    rows = {}
    for name in names:
        part = asked[asked[name].notna()]
        errors = (part[[name, "probability"]].sub(part["met"], axis=0) ** 2).astype(float)
        theirs, ours = errors.to_numpy().T
        low, high = ratio_interval(ours, theirs, part["family"])
        ratio = ours.sum() / theirs.sum() if theirs.sum() else math.inf if ours.sum() else math.nan
        means = dict(zip(("brier", "ours"), errors.mean(), strict=True))
        skill = {"skill": 1 - ratio, "low": 1 - high, "high": 1 - low}
        rows[name] = _about(part) | {"answered": len(part) / max(len(asked), 1)} | skill | means
    return pd.DataFrame(rows).T.rename_axis("rival")


def toughest(asked: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """By years left, then "all", the benchmark hardest to beat of those that answer at least half the questions: number
    of questions, `rival`, its `brier`, `ours` on the same questions, `skill` with `low` and `high`.
    """
    rows = {}
    for years, part in [*asked.groupby("years"), ("all", asked)]:
        table = against(part, names)
        able = table[(table["answered"] >= LEAST) & table["skill"].notna()]
        for name, best in able.sort_values("skill", kind="stable")[:1].iterrows():
            kept = best[["brier", "ours", "skill", "low", "high"]].to_dict()
            rows[years] = {"number": len(part), "rival": name} | kept
    return pd.DataFrame(rows).T.rename_axis("years")


def toughest_rules(asked: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By years left, the rule hardest to beat, as it stands ("raw") and calibrated; see `toughest`."""
    raw, fitted = (toughest(asked, [name + ending for name in RULES]) for ending in ("", CALIBRATED))
    return {"raw": raw, "calibrated": fitted.assign(rival=fitted["rival"].str.removesuffix(CALIBRATED))}


@dataclass(frozen=True)
class TrackRecord:
    """How good the probabilities were: `plan` (empty: every published series), `asked` (the questions of the hindcasts
    with a column for each rule, for each rule calibrated, and for each named model), `ahead` (as in `Hindcasts`, with
    each model's CRPS), `earlier` (see `ledger.said_of_earlier`), `ledger` (scored statements), `judgements` (those that
    persons entered), `issued` (how many the ledger holds), `corpus` (see `read_record`).
    """

    as_of: dt.date
    plan: str
    asked: pd.DataFrame
    ahead: pd.DataFrame
    earlier: pd.DataFrame
    ledger: pd.DataFrame
    judgements: pd.DataFrame
    issued: int
    corpus: dict[str, Any]

    @property
    def about(self) -> dict[str, Any]:
        """How many `origins` and `lagged` series there were, how often each model was `asked` and `failed`, and the
        series that were `refused`, with the reason."""
        return dict(self.asked.attrs)

    @cached_property
    def real(self) -> pd.DataFrame:
        """The questions about real targets of which both an answer and an outcome are known, as `asked`; with `light`
        (the official grade) and `half` (always one half) as further benchmarks."""
        told = self.earlier[self.earlier[["probability", "met"]].notna().all(axis=1)]
        return told.assign(family=told["indicator_id"], half=0.5).reset_index(drop=True)

    def real_by(self, column: str) -> pd.DataFrame:
        """`real_summary` of the real targets by "plan", "kind", "years" left, or the "basis" of the probability."""
        groups = [*self.real.groupby(column, sort=column == "years")] if column != "basis" else []
        for name in books.BASES if column == "basis" else ():
            told = self.earlier[self.earlier[["met", name]].notna().all(axis=1)]
            groups.append((name, told.assign(probability=told[name], family=told["indicator_id"])))
        rows = {name: real_summary(part) for name, part in groups if len(part)}
        return pd.DataFrame(rows).T.rename_axis(column)

    @cached_property
    def real_benchmarks(self) -> pd.DataFrame:
        """Our skill on real targets against every rule, the official light and one half; see `against`."""
        return against(self.real, [*RULES, "light", "half"])

    def by(self, column: str) -> pd.DataFrame:
        """`summary` by years left ("years") or by kind of target ("kind")."""
        groups = self.asked.groupby(column)
        return pd.DataFrame({name: summary(part) for name, part in groups}).T.rename_axis(column)

    def reliability(self) -> pd.DataFrame:
        """What was said and how often it happened, by tenth, with counts."""
        return reliability(self.asked["probability"].to_numpy(), self.asked["met"].to_numpy())

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Our skill against every rule as it stands (`skill`, `low`, `high`) and calibrated (`fair`, `fair_low`,
        `fair_high`, `fair_brier`), on the questions the rule answers."""
        raw = against(self.asked, RULES)
        calibrated = against(self.asked, [name + CALIBRATED for name in RULES]).set_axis(raw.index)
        names = {"brier": "fair_brier", "skill": "fair", "low": "fair_low", "high": "fair_high"}
        return raw.join(calibrated[list(names)].rename(columns=names))

    @cached_property
    def named_models(self) -> pd.DataFrame:
        """Our skill against every named model on the same questions, and `crps_ratio`, ours over the model's."""
        ahead, rows = self.ahead, {}
        unit = ahead.groupby("series")["crps_walk"].transform("mean")
        for name, asked in self.about["asked"].items():
            pair = ahead[["crps", f"crps_{name}"]].div(unit, axis=0).dropna()
            (ours, theirs), family = pair.to_numpy().T, ahead.loc[pair.index, "family"]
            ends = dict(zip(("crps_low", "crps_high"), ratio_interval(ours, theirs, family), strict=True))
            counts = {"origins": asked, "failed": self.about["failed"][name]}
            rows[name] = {"crps_ratio": ours.sum() / theirs.sum() if len(pair) else math.nan} | ends | counts
        return against(self.asked, list(rows)).join(pd.DataFrame(rows).T)

    @cached_property
    def toughest(self) -> dict[str, pd.DataFrame]:
        """`toughest_rules` of all questions."""
        return toughest_rules(self.asked)

    def beaten_at(self) -> list[int]:
        """The numbers of years left at which some rule, as it stands or calibrated, has the better Brier score."""
        beaten = {y for table in self.toughest.values() for y in table.index[table["skill"] < 0]}
        return sorted(int(y) for y in beaten - {"all"})

    def conclusion(self) -> dict[str, Any]:
        """What may be concluded from own series: a `code` ("nothing", "small": fewer than FEW indicators, "compared"),
        the scores, and the calibrated rule hardest to beat (`hard`)."""
        if self.asked.empty:
            return {"code": "nothing", "number": 0, "indicators": 0}
        whole, hard = summary(self.asked), self.toughest["calibrated"].loc["all"]
        code = "small" if whole["indicators"] < FEW else "compared"
        return {"code": code} | whole | {"hard": hard.to_dict()}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the questions themselves as plain values that JSON can hold; NaN becomes None."""
        own: dict[str, Any] = {"questions": len(self.asked)}
        if len(self.asked):
            own |= {"origins": self.about["origins"], "series": sorted(self.ahead["series"].unique())}
            own |= {"all": summary(self.asked), "reliability": self.reliability().to_dict("records")}
            own |= {f"by_{name}": self.by(name) for name in ("years", "kind")}
            own |= {"rules": self.rules, "models": self.named_models, "a_rule_is_better_at": self.beaten_at()}
            own |= {"coverage": coverage(self.ahead), "toughest_rule": self.toughest["raw"]}
            own |= {"toughest_rule_calibrated": self.toughest["calibrated"]}
        about = self.earlier.attrs
        real: dict[str, Any] = {"questions": len(self.real), "unscored": about.get("unscored", {})}
        if len(self.real):
            real |= {"all": real_summary(self.real), "benchmarks": self.real_benchmarks}
            real |= {f"by_{name}": self.real_by(name) for name in ("plan", "kind", "years", "basis")}
        whole = {"as_of": self.as_of, "plan": self.plan, "own": own, "real": real, "bank": self.corpus}
        whole |= {"refused": self.about["refused"] | about.get("refused", {})}
        whole |= {"conclusion": self.conclusion(), "earlier_targets": self.earlier.to_dict("records")}
        whole |= {"ledger": {"statements": self.issued, "scored": int(self.ledger["happened"].count())}}
        errors = self.judgements.loc[self.judgements["in_advance"], "error"].dropna()
        entered = {"statements": len(self.judgements), "scored": len(errors), "brier": errors.mean()}
        whole |= {"judgements": entered}
        return {name: plain(value) for name, value in whole.items()}


def track_record(data: Data, plan: str | None = None, ledger: str | Path | None = None) -> TrackRecord:
    """How good the probabilities were: real targets, hindcasts of the published series, benchmarks, ledger, corpus.

    `plan` restricts to one plan's series and comparators; `ledger` is the folder of issued probabilities (default: that
    of the data). The first scoring takes minutes; it is kept beside the ledger, by target and by series, while the
    figures that each can see and the code are the same. Raises QcityError for an unknown plan.

    >>> record = qc.track_record(small)  # a data package of one series
    >>> record.conclusion()["code"], len(record.asked), record.issued
    ('small', 48, 0)
    """
    names = plan_indicators(data, plan) if plan else None
    library, home = Path(str(resources.files("qcity_analysis"))), books.home(data.folder)
    files = sorted(p for room in ROOMS.split() for p in library.glob(room) if p.suffix in (".py", ".json"))
    code = repr([*map(metadata.version, COMPUTES), *map(digest, files)])
    with books.shelf(home.with_name(f"track_record_{plan or 'all'}.json"), code) as kept:
        ways = data, names, kept, Sight(data)
        earlier, (asked, ahead) = books.said_of_earlier(*ways), _asked(*ways)
    statements = books.read(home if ledger is None else ledger)
    statements = statements[(not plan) | (statements["plan"] == plan)].reset_index(drop=True)
    told = books.scored(statements, data)
    by_hand = told["role"] == "judgement"
    issued, said = len(statements), (told[~by_hand], told[by_hand])
    return TrackRecord(data.as_of, plan or "", asked, ahead, earlier, *said, issued, read_record())


def _asked(
    data: Data, names: Collection[str] | None, kept: books.Kept, sight: Sight
) -> Sequence[pd.DataFrame]:
    """Questions and forecasts of the hindcasts, with what rules and models say; each series is kept.

    Models fitted by search are asked at SAMPLE origins, shared out among the series, at least one of each.
    """
    series, due = published(data, names), list[books.Asked]()
    for one in series:
        few, row = max(1, SAMPLE // len(series)), data.indicator(one[0])
        lagged = among(past.with_lag(data, *one).observations, [one]).sum()
        near = {one, *((name, region) for region, name in data.comparators(one[0]))}
        days = books.middles(data.as_of) * (row["derived"] in INPUTS)  # else of its own revisions
        about = one, few, lagged, days, *data.indicators["continues"]
        due.append((about, sight.of(near, set(), days), (one, few)))
    parts = kept(due, partial(past.answers, dataclasses.replace(data, made={})))

    def table(key: str, columns: list[str]) -> pd.DataFrame:
        some = [pd.DataFrame(part[key]) for part in parts if part[key]["origin"]]
        return pd.concat(some or [pd.DataFrame(columns=columns)], ignore_index=True)

    asked = table("questions", [*QUESTION, *RULES])
    asked = asked.join(past.calibrated(asked[[*RULES]], asked["met"], asked["family"]))
    asked.attrs = {key: sum(part[key] for part in parts) for key in ("origins", "lagged")}
    asked.attrs["refused"] = {name: why for part in parts for name, why in part["refused"].items()}
    for key in ("asked", "failed"):
        asked.attrs[key] = {m: sum(part[key][m] for part in parts) for part in parts for m in part[key]}
    return asked, table("ahead", AHEAD)


def read_record(path: Path | str | None = None) -> dict[str, Any]:
    """The record of the shipped prior, or the one at `path`. Raises QcityError when there is none."""
    place = Path(path) if path else resources.files("qcity_analysis").joinpath("forecasting", "prior", FILE)
    if not place.is_file():
        raise QcityError(f"{place}: no such record; `python -m training` writes it beside the prior")
    return dict(json.loads(place.read_text("utf-8")))

"""The whole track record of a data package in one frozen object: hindcasts, rivals, real targets, ledger, bank.

The scores are made here once; pages and the command line only show them.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..data.load import Data
from ..errors import QcityError
from ..forecasting import scores
from . import ledger as books
from .benchmarks import CALIBRATED, Modelled, calibrated, model_answers, rule_answers, rule_names
from .hindcasts import Hindcasts, hindcasts, plan_indicators
from .past_targets import said_of_earlier
from .scores import FEW, against, coverage, ratio_interval, summary, toughest

FILE = "record.json"  # beside the prior


@dataclass(frozen=True)
class TrackRecord:
    """How good the probabilities were.

    Attributes: `as_of`, `plan` (empty: every published series), `made` (the hindcasts), `asked` (their questions with a
    column for each rule, for each rule calibrated, and for each named model), `models`, `earlier` (see
    `past_targets.said_of_earlier`), `ledger` (scored statements), `issued` (how many the ledger holds), `bank`
    (the record on held-out indicators, see `read_record`).
    """

    as_of: dt.date
    plan: str
    made: Hindcasts
    asked: pd.DataFrame
    models: Modelled
    earlier: pd.DataFrame
    ledger: pd.DataFrame
    issued: int
    bank: dict[str, Any]

    @property
    def enough(self) -> bool:
        """Whether there are questions to score at all."""
        return len(self.asked) > 0

    def overall(self) -> dict[str, float]:
        """`scores.summary` of all questions."""
        return summary(self.asked)

    def by(self, column: str) -> pd.DataFrame:
        """`scores.summary` by years left ("years") or by kind of target ("kind")."""
        groups = self.asked.groupby(column)
        return pd.DataFrame({name: summary(part) for name, part in groups}).T.rename_axis(column)

    def reliability(self) -> pd.DataFrame:
        """What was said and how often it happened, by tenth, with counts."""
        return scores.reliability(self.asked["probability"].to_numpy(), self.asked["met"].to_numpy())

    def coverage(self) -> pd.DataFrame:
        """How often the intervals hold, and CRPS against a random walk, by years ahead."""
        return coverage(self.made.ahead)

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Our skill against every rule as it stands (`skill`, `low`, `high`) and calibrated (`fair`, `fair_low`,
        `fair_high`, `fair_brier`), on the questions the rule answers."""
        raw = against(self.asked, rule_names())
        fair = against(self.asked, [name + CALIBRATED for name in rule_names()]).set_axis(raw.index)
        names = {"brier": "fair_brier", "skill": "fair", "low": "fair_low", "high": "fair_high"}
        return raw.join(fair[list(names)].rename(columns=names))

    @cached_property
    def named_models(self) -> pd.DataFrame:
        """Our skill against every named model on the same questions, and `crps_ratio`, ours over the model's."""
        ahead, rows = self.made.ahead, {}
        unit = ahead.groupby("series")["crps_walk"].transform("mean")
        for name, asked in self.models.asked.items():
            crps = (self.models.crps[name] / unit).dropna()
            ours, theirs = (ahead["crps"] / unit)[crps.index].to_numpy(), crps.to_numpy()
            low, high = ratio_interval(ours, theirs, ahead.loc[crps.index, "family"])
            ratio = ours.sum() / theirs.sum() if len(crps) else math.nan
            rows[name] = {"crps_ratio": ratio, "crps_low": low, "crps_high": high}
            rows[name] |= {"origins": asked, "failed": self.models.failed[name]}
        return against(self.asked, list(rows)).join(pd.DataFrame(rows).T)

    @cached_property
    def toughest(self) -> dict[str, pd.DataFrame]:
        """By years left, the rule hardest to beat, as it stands ("raw") and calibrated; see `scores.toughest`."""
        tables = {}
        for kind, ending in (("raw", ""), ("calibrated", CALIBRATED)):
            table = toughest(self.asked, [name + ending for name in rule_names()])
            tables[kind] = table.assign(rival=table["rival"].str.removesuffix(CALIBRATED))
        return tables

    def beaten_at(self) -> list[int]:
        """The numbers of years left at which some rule, as it stands or calibrated, has the better Brier score."""
        beaten = {y for table in self.toughest.values() for y in table.index[table["skill"] < 0]}
        return sorted(int(y) for y in beaten - {"all"})

    def conclusion(self) -> dict[str, Any]:
        """What may be concluded from the package's own series, as a code and the numbers its sentence needs.

        `code`: "nothing" (no question), "small" (fewer than FEW indicators), else "better", "worse" or "open" as the
        interval of our skill against the hardest calibrated rule lies.
        """
        if not self.enough:
            return {"code": "nothing", "number": 0, "indicators": 0}
        whole, hard = self.overall(), self.toughest["calibrated"].loc["all"]
        few = whole["indicators"] < FEW
        lies = "better" if hard["low"] > 0 else "worse" if hard["high"] < 0 else "open"
        return {"code": "small" if few else lies, "lies": lies} | whole | {"hard": hard.to_dict()}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the questions themselves as plain values that JSON can hold; NaN becomes None."""
        own: dict[str, Any] = {"questions": 0}
        if self.enough:
            own = {
                "questions": len(self.asked),
                "origins": len(self.made.origins),
                "series": sorted(self.made.ahead["series"].unique()),
                "all": self.overall(),
                "reliability": self.reliability().to_dict("records"),
                "by_years": self.by("years"),
                "by_kind": self.by("kind"),
                "coverage": self.coverage(),
                "rules": self.rules,
                "models": self.named_models,
                "toughest_rule": self.toughest["raw"],
                "toughest_rule_calibrated": self.toughest["calibrated"],
                "a_rule_is_better_at": self.beaten_at(),
            }
        return {
            "as_of": self.as_of.isoformat(),
            "plan": self.plan,
            "refused": self.made.refused | self.earlier.attrs.get("refused", {}),
            "conclusion": _plain(self.conclusion()),
            "own": _plain(own),
            "earlier_targets": _plain(self.earlier.to_dict("records")),
            "ledger": {"statements": self.issued, "scored": int(self.ledger["happened"].notna().sum())},
            "bank": _plain(self.bank),
        }


def track_record(data: Data, plan: str | None = None, ledger: str | Path | None = None) -> TrackRecord:
    """Hindcast the published series, ask every rival the same, and read the ledger and the bank's record.

    `plan` restricts to the series of one plan and its comparators (see `hindcasts.plan_indicators`); `ledger` is the
    folder of issued probabilities (default: the one that belongs to the data, see `ledger.home`). Raises QcityError for
    an unknown plan. Takes some 30 seconds on one core.
    """
    names = plan_indicators(data, plan) if plan else None
    made = hindcasts(data, names)
    asked, models = made.questions, Modelled(pd.DataFrame(), pd.DataFrame(), {}, {})
    if len(asked):
        answers, models = rule_answers(made), model_answers(made)
        fair = calibrated(answers, asked["met"], asked["family"])
        asked = pd.concat([asked, answers, fair, models.answers], axis=1)
    earlier = said_of_earlier(data)
    statements = books.read(books.home(data.folder) if ledger is None else ledger)
    if names is not None:
        earlier = earlier[earlier["indicator_id"].isin(names)].reset_index(drop=True)
        statements = statements[statements["plan"] == plan].reset_index(drop=True)
    scored, bank = books.scored(statements, data), read_record()
    return TrackRecord(data.as_of, plan or "", made, asked, models, earlier, scored, len(statements), bank)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        value = value.reset_index().to_dict("records")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, (dt.date, pd.Timestamp)) else value


def read_record(path: Path | str | None = None) -> dict[str, Any]:
    """The record of the shipped prior, or the one at `path`. Raises QcityError when there is none.

    >>> record = read_record()
    >>> record["all"]["brier"] < record["all"]["climatology"]
    True
    """
    place = Path(path) if path else resources.files("qcity_analysis").joinpath("forecasting", "prior", FILE)
    try:
        content: dict[str, Any] = json.loads(place.read_text("utf-8"))
    except FileNotFoundError:
        raise QcityError(
            f"{place}: no such record; `python -m training` writes it beside the prior"
        ) from None
    return content

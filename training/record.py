"""The forecaster's record on indicators it was not trained on, kept as a small file beside the prior.

The training command writes it from the held-out folds of its validation: each third of the corpus' indicators forecast
by a prior trained on the other two. Pages read it, so that nobody has to trust a figure typed into a text.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcity_analysis.files import write_whole
from qcity_analysis.forecasting.quantiles import reliability
from qcity_analysis.rules import RULES
from qcity_analysis.trackrecord.hindcasts import BASE, CALIBRATED, base_of, calibrated, rule_says
from qcity_analysis.trackrecord.record import FILE, against, ratio_interval, summary, toughest_rules

from .hindcast import LENGTHS, Hindcast, questions

RULE_TASKS = 400  # histories, drawn at random, whose questions the rules are asked too
SEED = 0


def mean_interval(values: np.ndarray, cluster: np.ndarray | pd.Series) -> tuple[float, float]:
    """`ratio_interval` of a mean."""
    return ratio_interval(values, np.ones(len(values)), cluster)


def write_record(held_out: Hindcast, folder: Path | str) -> Path:
    """Write `record.json` into a folder from the hindcasts on held-out indicators; returns its path."""
    path = Path(folder) / FILE
    text = json.dumps(_plain(held_out_record(held_out)), ensure_ascii=False, indent=1, allow_nan=False)
    write_whole(path, text + "\n")
    return path


def held_out_record(held_out: Hindcast) -> dict[str, Any]:
    """Scores of held-out hindcasts as plain values.

    Keys: `series`, `indicators`; `all`, `contested` (`scores.summary`); `reliability` (said, happened, number by
    tenth); `by_years`, `by_length` (lists of summaries); `coverage` (by years ahead); `relative_crps`; `rules` (the
    comparison on a sample of histories: `tasks`, `seed`, `number`, `by_years` with the rule hardest to beat as it
    stands and calibrated, and `each` rule). Intervals are 90 %, from a bootstrap over indicators.
    """
    asked = questions(held_out).rename(columns={"indicator": "family"})
    asked = asked.assign(met=asked["met"].astype(float), years=asked["step"] + 1)
    length = held_out.length()
    asked["length"] = length[asked["task"].to_numpy()]
    return {
        "series": len(length),
        "indicators": int(len(set(held_out.tasks.indicator))),
        "all": summary(asked),
        "contested": summary(asked[asked["contested"]]),
        "reliability": reliability(asked["probability"].to_numpy(), asked["met"].to_numpy()).to_dict(
            "records"
        ),
        "by_years": [{"years": int(y)} | summary(part) for y, part in asked.groupby("years")],
        "by_length": [
            {"from": low, "to": high} | summary(asked[asked["length"].between(low, high)])
            for low, high in LENGTHS
        ],
        "coverage": _coverage(held_out),
        "relative_crps": _relative_crps(held_out),
        "rules": _against_rules(held_out, asked),
    }


def _coverage(held_out: Hindcast) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = []
    number, family = len(held_out.tasks.actual), held_out.tasks.indicator
    inside = {50: held_out.inside(0.5), 90: held_out.inside(0.9)}
    for k in range(inside[90].shape[1]):
        row: dict[str, float] = {"years": k + 1, "number": number}
        for share, held in inside.items():
            row[f"in{share}"] = float(held[:, k].mean())
            row[f"in{share}_low"], row[f"in{share}_high"] = mean_interval(held[:, k].astype(float), family)
        rows.append(row)
    return rows


def _relative_crps(held_out: Hindcast) -> dict[str, float]:
    log = held_out.relative_crps()
    low, high = mean_interval(log, held_out.tasks.indicator)
    return {"ratio": math.exp(log.mean()), "low": math.exp(low), "high": math.exp(high)}


def _against_rules(held_out: Hindcast, asked: pd.DataFrame) -> dict[str, Any]:
    """The rules on all questions of a random sample of histories."""
    tasks = len(held_out.tasks.actual)
    drawn = np.sort(np.random.default_rng(SEED).permutation(tasks)[:RULE_TASKS])
    part = asked[asked["task"].isin(drawn)].reset_index(drop=True)
    levels = {int(i): _levels(held_out.tasks.histories.values[i]) for i in drawn}
    says = [_says(q, levels[q.task]) for q in part.itertuples()]
    answers = pd.DataFrame(says, columns=[*RULES], dtype=float)
    full = pd.concat([part, answers, calibrated(answers, part["met"], part["family"])], axis=1)
    return {
        "tasks": len(drawn),
        "seed": SEED,
        "number": len(part),
        "base": BASE,
        "by_years": _both(full),
        "each": [{"rule": name} | _each(full, name) for name in RULES],
    }


def _both(full: pd.DataFrame) -> list[dict[str, Any]]:
    """By years left, the rule hardest to beat as it stands (`raw`) and calibrated (`calibrated`)."""
    tables = toughest_rules(full)
    years = tables["raw"].index
    return [{"years": y} | {kind: table.loc[y].to_dict() for kind, table in tables.items()} for y in years]


def _each(full: pd.DataFrame, name: str) -> dict[str, Any]:
    table = against(full, [name, name + CALIBRATED])
    raw, better = table.iloc[0].to_dict(), table.iloc[1].to_dict()
    return raw | {"calibrated": {key: better[key] for key in ("brier", "skill", "low", "high")}}


def _levels(values: np.ndarray) -> pd.Series:
    """A history as the rules take it: index year, the last one 0 years ahead; years are only counted."""
    seen = np.flatnonzero(np.isfinite(values))
    return pd.Series(values[seen], index=2000 + seen)


def _says(q: Any, levels: pd.Series) -> list[float]:
    deadline = int(levels.index[-1]) + int(q.years)
    return rule_says(levels, q.at_least, q.threshold, base_of(levels.index), deadline)


def _plain(value: Any) -> Any:
    """JSON without NaN, numbers at six significant digits so that the file changes only when the record does."""
    if isinstance(value, dict):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_plain(held) for held in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and abs(number) < 1e15 else float(f"{number:.6g}")

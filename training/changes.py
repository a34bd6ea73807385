"""Learn how fast indicators change: quantiles of the changes over 1 to 10 years in a corpus of real series.

The scales and the reading of the file are in `qcity_analysis.forecasting.prior`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from qcity_analysis.files import write_whole
from qcity_analysis.forecasting.prior import COMMAND, PERCENTILES, SCALES, SPANS, TIE, scaled, typical_change

from .train import KINDS, Corpus


def write_changes(corpus: Corpus, path: Path | str) -> Path:
    """Compute the quantiles of the changes of a corpus by support and write them as readable JSON; returns the path.

    Every window of 1 to 10 years of every series counts, weighted so that each indicator counts the same and, within
    it, each series. Series that their producer smoothed (`modelled`) are left out: their moves are the model's.
    """
    path = Path(path)
    content: dict[str, Any] = {
        "about": "Quantiles of changes a year over windows of 1 to 10 years in a bank of real yearly series.",
        "command": COMMAND,
        "weights": "each indicator the same; series smoothed by their producer left out",
        "years": list(SPANS),
        "levels": "0.01 to 0.99 in steps of 0.01",
        "supports": {name: _of_support(corpus, name) for name in SCALES},
    }
    write_whole(path, _readable(content))
    return path


def _of_support(corpus: Corpus, support: str) -> dict[str, Any]:
    meta = corpus.meta
    kept = meta[(meta["kind"].map(KINDS) == support) & ~meta["modelled"].astype(bool)]
    sizes = kept["indicator"].value_counts()
    series = [(corpus.values[str(name)], 1 / sizes[row]) for name, row in kept["indicator"].items()]
    return {
        "scale": SCALES[support],
        "series": len(kept),
        "indicators": len(sizes),
        "quantiles": [_quantiles(series, support, years) for years in SPANS],
    }


def _quantiles(series: list[tuple[np.ndarray, float]], support: str, years: int) -> list[float | None]:
    """Weighted quantiles of the changes a year over `years` years; empty ones where no window is that long."""
    changes, weights = [], []
    for levels, weight in series:
        on_scale = scaled(levels, support, typical_change(levels))
        moved = (on_scale[years:] - on_scale[:-years]) / years
        moved = moved[np.isfinite(moved)]
        if len(moved):
            changes.append(moved)
            weights.append(np.full(len(moved), weight / len(moved)))
    if not changes:
        return [None] * len(PERCENTILES)
    change, mass = np.concatenate(changes), np.concatenate(weights)
    order = np.argsort(change, kind="stable")
    cumulated = np.cumsum(mass[order])
    place = np.searchsorted(cumulated, PERCENTILES * cumulated[-1] * (1 - TIE))
    return [float(f"{value:.4g}") for value in change[order][np.minimum(place, len(change) - 1)]]


def _readable(content: dict[str, Any]) -> str:
    """JSON with one line for the quantiles of each number of years."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    rows = [row for support in content["supports"].values() for row in support["quantiles"]]
    for row in (content["years"], *rows):
        for depth in (1, 4):
            text = text.replace(json.dumps(row, indent=1).replace("\n", "\n" + " " * depth), json.dumps(row))
    return text + "\n"

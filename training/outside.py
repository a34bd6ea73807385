"""What is learned of others, aims and references, and its model card: all from one command, but for five-year plans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qcity_analysis.files import write_whole

from .aims import write_aims
from .reference import write_reference
from .train import Corpus, Say

PARTS = ("aims", "reference")
CARD = "AIMS_AND_REFERENCE.md"
AIMS = """\
# Model card: aims, and places without figures

Written by `python -m training BANK --only aims,reference --out DIR`.

## Aims

{aims} yearly aims of governments of {regions} regions in {years} years (reports of Chinese provinces and cities,
not Jiangsu and Nanjing) with at least three earlier figures and a decided outcome; results are told less often where
they were poor. A year counts as one; weights are drawn towards half and half. Left out: each quarter of the regions,
and each year. In brackets 90 % intervals of a bootstrap over years. Growth: GDP, retail, revenue, investment, incomes.

| what | aims | Brier | without 2020-2022 | slope |
|---|---|---|---|---|
{rows}

Brier less that of the figures alone, by indicator, years left out: {worse}.

Five-year plans have too few decided targets to learn from. With these weights, and the share of the other plans met as
outside view, 280 questions one to five years before the end scored .145, the figures alone .225, the outside view .160
(13th plan alone: .273 against .240; outcomes are told less often where they are poor). Measured once, in November 2026.

Tried without help: the commitment word, ambition, the record over all indicators, a logistic combination (worse
on years left out), weights by aim instead of by year.
"""
REFERENCE = """\

## Places without figures

{cases} hidden stretches of {indicators} indicators of Chinese provinces and cities: one figure is kept, one to ten
years hidden. Each indicator is judged by what the others teach. Where the nearest region above is known, others add
nothing to the centre (weights 1 and 0 within .1), but tell how far places part.

90 % intervals hold, by kind of comparators and years ahead, comparators known: {known}.
Comparators forecast too ({checked} forecasts), by years ahead: {forecast}.

CRPS relative to moving just as the comparators did, comparators known: {crps}. Comparators forecast too, relative to
the parent's own forecast: {parent}; to the mean of two peers' forecasts: {peers}. There the reference is too wide for
several indicators and does not beat the parent's forecast: its gain is where comparators have published.
"""


def write_outside(corpus: Corpus, folder: Path, out: Path, parts: Sequence[str], say: Say) -> None:
    """Train the named parts of PARTS; the card is written where both are."""
    told: dict[str, dict[str, Any]] = {}
    if "aims" in parts:
        told["aims"] = write_aims(folder, out, say)
    if "reference" in parts:
        told["reference"] = write_reference(corpus, folder, out, say)
    if len(told) == len(PARTS):
        write_whole(
            out / CARD, AIMS.format(**_of_aims(told["aims"])) + REFERENCE.format(**_listed(told["reference"]))
        )


def _of_aims(told: dict[str, Any]) -> dict[str, Any]:
    """The places of AIMS."""
    rows = [
        f"| {name} | {one['n']} | {one['brier']:.3f} ({one['low']:.3f}-{one['high']:.3f}) "
        f"| {one['brier_without_2020_2022']:.3f} | {one['slope']:.2f} |"
        for name, one in told["scores"].items()
    ]
    return told | {"rows": "\n".join(rows), "worse": _pairs(told["brier_less_figures_by_indicator"])}


def _listed(told: dict[str, Any]) -> dict[str, Any]:
    """The places of REFERENCE."""
    known = "; ".join(
        f"{kind} {' '.join(f'{v:.2f}' for v in one.values())}" for kind, one in told["held_90"].items()
    )
    forecast = " ".join(f"{share:.2f}" for share in told["held_90_forecast"].values())
    lists = {"crps": "crps_known", "parent": "crps_to_parent", "peers": "crps_to_peers"}
    return (
        told
        | {"known": known, "forecast": forecast}
        | {key: _pairs(told[name]) for key, name in lists.items()}
    )


def _pairs(told: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in told.items())

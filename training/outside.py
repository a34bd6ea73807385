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

{aims} yearly aims of governments of {regions} regions in {years} years (reports of Chinese provinces and cities)
with at least three earlier figures and a decided outcome; results are told less often where they were poor. Not among
them: Jiangsu and Nanjing, and the energy aims of provinces, which the project's own track record scores. A year counts
as one; weights are drawn towards half and half. Left out: each quarter of the regions, and each year. In brackets 90 %
intervals of a bootstrap over years. Growth: GDP, retail, revenue, investment, incomes.

| what | aims | Brier | without 2020-2022 | slope |
|---|---|---|---|---|
{rows}

Brier less that of the figures alone, by indicator, regions left out: {regions_worse}; years left out: {years_worse}.

Where few aims of an indicator are known, the figures count more: by 5 / (n + 5). Of 3, 4, 5, 6 and 8 this is the least
with which no indicator is worse than its figures by more than .01 (urbanisation, 9 aims: .013, .010, .008, .006, .004;
.057 without it); the other scores do not move by .001.

Headline: both, but for the indicators on which it was no better with regions left out ({alone}).

Five-year plans have too few decided targets to learn from. With these weights, and the share of such targets met as far
as it was known on the day, 212 questions asked in the middle of each year scored .151, the figures alone .222, the
outside view .164 (13th plan alone .279 against .227; outcomes are told less often where they are poor). By years from
the last figure to the deadline, 1 to 5 (32, 35, 35, 56 and 52 questions), both .147 .167 .173 .149 .133, the figures
.106 .171 .183 .304 .265. So the headline is both only at four years and more; nearer the figures, which are no worse by
more than .01 and do not lean on what is told less often: .147 in all. Measured once.

Tried without help: the record over all indicators, a logistic combination (worse on years left out), weights by aim
instead of by year. The pull and the strength of the mean were chosen, of some forty settings, by the same left-out
scores, which are a little kind for it.
"""
REFERENCE = """\

## Places without figures

{cases} hidden stretches: one figure is kept, one to ten years are hidden. Learned on provinces and cities of China;
countries beside the mean of all others (their region is not among the data) are only scored: there it carries over with
intervals that hold too little. Comparators are either published for the hidden years or forecast from the base year.
Each ninth of the indicators is judged by what the others teach. CRPS relative to moving as the parent (published, or
its own forecast) and as the mean of two other places (published, or that of their forecasts), both as they are; then
how many outcomes the 90 % intervals hold by years ahead. Geometric and plain means over indicators.

| comparators | indicators | forecasts | to the parent | to two others | 90 % intervals hold, by years ahead |
|---|---|---|---|---|---|
{rows}

90 % intervals of the parent's own forecast hold, of provinces and cities, {parent_held}.

Forecast, a parent and another place, provinces and cities, CRPS to the parent and to two others by indicator:
{by_indicator}.

Weights of the parent and another place in a province's change, fitted (least absolute error, published): {weights}.
So others add next to nothing to the centre, but tell how far places part: 1 and 0 are set.

What was tried, on provinces and cities, comparators forecast, CRPS to the parent's own forecast, on the prior before
this one; the second part with a quicker score and without stretches of two changes: compare within a part only.

| tried | pair_above | one_above | pair_beside | one_beside | 90 % hold, all kinds and years |
|---|---|---|---|---|---|
| countries count a tenth in learning, three changes tell a spread | .993 | 1.009 | 1.058 | 1.121 | .88-.94 |
| countries count nothing | .973 | .986 | 1.034 | 1.096 | .87-.94 |
| two changes tell a spread (as wide as .92 instead of .91 asks) | .958 | .979 | 1.023 | 1.091 | .87-.94 |
| growth set so that one to ten years hold alike | .957 | .978 | 1.022 | 1.089 | .87-.94 |
| **width from published, carried from forecast ones** (.91; set: .915) | .959 | .983 | 1.027 | 1.095 | .88-.92 |
| the same, .92 | .968 | .993 | 1.037 | 1.106 | .89-.93 |
| quicker score: countries count a tenth | .973 | .995 | 1.014 | 1.074 | .87-.94 |
| countries count nothing | .964 | .982 | 1.001 | 1.061 | .87-.93 |
| the same, as wide as .90 of the forecasts asks | .956 | .973 | .990 | 1.040 | .86-.91 |
| and the spread of the comparators' own forecast (powers -.01, -.35) | .954 | .965 | .987 | 1.032 | .85-.91 |
| and medians of the changes beside their squares | .954 | .974 | .990 | 1.041 | .86-.91 |
| and how uneven the nearest moves (differences of its changes) | .959 | .978 | .991 | 1.040 | .86-.91 |
| and the changes of the last five years | .959 | .973 | .992 | 1.041 | .85-.91 |
| a least freedom of 1.5 instead of 2.5 | .954 | .969 | .988 | 1.036 | .85-.91 |
| a freedom of 4 | .962 | .979 | .995 | 1.047 | .86-.92 |
| width from published, share carried from forecast ones, by kind; .90 | .964 | .985 | 1.003 | 1.063 | .87-.90 |
| the same, drawn towards no change (ridge) | .968 | .986 | 1.010 | 1.069 | .86-.91 |
| the same, drawn towards the comparators' own average change | .964 | .981 | .995 | 1.048 | .86-.90 |
| the same, and rates towards no change | .963 | .981 | .993 | 1.044 | .87-.90 |
| two changes, that average change (.944, .962, 1.000, 1.064 without) | .944 | .962 | 1.000 | 1.063 | .86-.91 |

So no other feature, tail or centre helps where the parent is known. Countries are no longer learned on, and two changes
tell a spread: where fewer than three were known (.47 of the stretches of urbanisation, .26 of energy) a typical spread
stood in, which cost most. Not reached: the parent's own forecast by two others or one other, which know nothing of it;
beside the same comparators as they are (1.039 and 1.078 of the parent, quicker score) it is about .99 and 1.02.

The comparisons are as they are, which is hardest: the parent holds .82 to .86. Stretched to hold 90 % (learned on other
folds) its CRPS is 1.03 of that, of two others 1.01; stretched as the CRPS likes best 1.02 and 1.01; the medians with
the best constant spread by scale 1.06 and 1.07. Published, a constant spread gives .985 and .96 of none.
"""


def write_outside(corpus: Corpus, folder: Path, out: Path, parts: Sequence[str], say: Say) -> None:
    """Train the named parts of PARTS; the card is written where both are."""
    told: dict[str, dict[str, Any]] = {}
    if "aims" in parts:
        told["aims"] = write_aims(folder, out, say)
    if "reference" in parts:
        told["reference"] = write_reference(corpus, folder, out, say)
    if len(told) == len(PARTS):
        card = AIMS.format(**_of_aims(told["aims"])) + REFERENCE.format(**_of_reference(told["reference"]))
        write_whole(out / CARD, card)


def _of_aims(told: dict[str, Any]) -> dict[str, Any]:
    """The places of AIMS."""
    rows = [
        f"| {name} | {one['n']} | {one['brier']:.3f} ({one['low']:.3f}-{one['high']:.3f}) "
        f"| {one['brier_without_2020_2022']:.3f} | {one['slope']:.2f} |"
        for name, one in told["scores"].items()
    ]
    worse = told["brier_less_figures_by_indicator"]
    left_out = {f"{name}_worse": _pairs(worse[name]) for name in ("regions", "years")}
    left_out["alone"] = ", ".join(name for name, less in worse["regions"].items() if less > 0)
    return told | left_out | {"rows": "\n".join(rows)}


def _of_reference(told: dict[str, Any]) -> dict[str, Any]:
    """The places of REFERENCE."""
    rows, near = [], told["scores"]["provinces and cities, forecast"]
    for name, one in told["scores"].items():
        for kind, crps in one["crps"].items():
            held = _shares(one["held_90"][kind])
            rows.append(f"| {name}: {kind} | {one['indicators']} | {one['forecasts'] // len(one['crps'])} "
                        f"| {crps['parent']:.3f} | {crps['peers']:.3f} | {held} |")  # fmt: skip
    pairs = (
        f"{name} {one['parent']:.2f} {one['peers']:.2f}" for name, one in near["crps_by_indicator"].items()
    )
    fitted = (f"{name} {' and '.join(map(str, pair))}" for name, pair in told["weights"].items())
    return {"cases": told["cases"], "rows": "\n".join(rows), "parent_held": _shares(near["parent_held_90"]),
            "by_indicator": "; ".join(pairs), "weights": ", ".join(fitted)}  # fmt: skip


def _shares(by_year: dict[int, float]) -> str:
    return " ".join(f"{share:.2f}" for share in by_year.values())


def _pairs(told: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in told.items())

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

What was tried, on provinces and cities, comparators forecast, on the prior before this one and with a quicker score
(compare within a part only): CRPS to the parent of the parent and another, the parent alone, two others, one other.

| tried | pair_above | one_above | pair_beside | one_beside |
|---|---|---|---|---|
| countries count a tenth in learning | .973 | .995 | 1.014 | 1.074 |
| **countries count nothing** | .964 | .982 | 1.001 | 1.061 |
| the same, as wide as .90 instead of .91 of the forecasts asks (holds .86-.90) | .956 | .973 | .990 | 1.040 |
| .90, and the spread of the comparators' own forecast (powers -.01 and -.35) | .954 | .965 | .987 | 1.032 |
| .90, and medians of the changes beside their squares | .954 | .974 | .990 | 1.041 |
| .90, and how uneven the nearest moves (differences of its changes) | .959 | .978 | .991 | 1.040 |
| .90, and the changes of the last five years | .959 | .973 | .992 | 1.041 |
| .90, least freedom of 1.5 (holds .01 less) | .954 | .969 | .988 | 1.036 |
| .90, freedom of 4 | .962 | .979 | .995 | 1.047 |
| .90, what is carried over by role | .957 | .972 | .991 | 1.040 |
| spread from published, what is carried over from forecast comparators, by kind | .964 | .985 | 1.003 | 1.063 |
| the same, drawn towards no change (ridge) | .968 | .986 | 1.010 | 1.069 |
| the same, drawn towards the comparators' own average change | .964 | .981 | .995 | 1.048 |
| the same, rates drawn to no change too | .963 | .981 | .993 | 1.044 |
| with stretches of two changes, as wide as .91 of all asks | .951 | .971 | 1.010 | 1.080 |
| the same, growth moved so that one to five years hold alike (six to ten: .79-.87) | .944 | .962 | 1.000 | 1.064 |
| the same, all drawn towards the comparators' average change | .944 | .962 | 1.000 | 1.063 |

So the features already there and the tails are enough; no centre but the comparators' own helps where it counts.
Countries are no longer learned on, and two changes tell a spread (three did): where fewer are known (.47 of the
stretches of urbanisation, .26 of energy) a typical spread stood in, which cost most. Two others and one other know
nothing of the parent; beside them as they are (1.039 and 1.078 of the parent) they gain .97 and 1.00.

The comparisons are as they are, which is hardest: the parent holds .82 to .86. Stretched to hold 90 % (learned
on other folds) it is worse by 1.03, that of two others by 1.01; stretched as the CRPS likes best 1.02 and 1.01; its
median with the best constant spread by scale 1.06 and 1.07. Published, a constant spread gives .985 and .96 of none.
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

"""Targets asked of made-up packages: one of a package, or many in one package, each of an indicator of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packages import STEADY, Row, figure, figures, indicator, loaded, target

from qcity_analysis.assessment.answer import Assessment
from qcity_analysis.assessment.assess import assess
from qcity_analysis.reporting import sentences

LATE = "2026-06-30"
CUT = {"kind": "relative_change", "direction": "at_most", "threshold": -18, "base_year": 2020}
PERCENT = {"support": "percent", "unit": "%"}
SHARE = indicator("widgets", **PERCENT)


def answer(
    folder: Path, goal: Row | None = None, as_of: str = "2024-12-31", draws: int = 2000, **tables: Any
) -> Assessment:
    """The answer to one target of `widgets`."""
    return assess(loaded(folder, as_of, targets=[target(**(goal or {}))], **tables), "goal", draws=draws)


def answers(
    folder: Path, cases: Sequence[Any], as_of: str = "2024-12-31", draws: int = 500, **tables: Any
) -> list[Assessment]:
    """The answers to cases (cells of the target, figures and perhaps cells of the indicator) of one package."""
    made: dict[str, list[Row]] = {"indicators": [], "targets": [], "observations": []}
    for k, (goal, rows, *cells) in enumerate(cases):
        made["indicators"].append(indicator(f"w{k}", **(cells[0] if cells else {})))
        made["targets"].append(target(f"w{k}", **({"indicator_id": f"w{k}"} | goal)))
        made["observations"] += [row | {"indicator_id": f"w{k}", "unit": ""} for row in rows]
    data = loaded(folder, as_of, **(made | tables))
    return [assess(data, f"w{k}", draws=draws) for k in range(len(cases))]


def run(first: int, values: Sequence[Any], measure: str = "level", **cells: Any) -> list[Row]:
    """One figure a year from `first` on, its unit that of the indicator."""
    return [
        figure(year, value, measure=measure, unit="", **cells) for year, value in enumerate(values, first)
    ]


def new(period: object, value: object, **cells: Any) -> Row:
    return figure(period, value, **({"measure": "count_new"} | cells))


def total(period: object, value: object, **cells: Any) -> Row:
    return figure(period, value, **({"measure": "count_total"} | cells))


def codes(found: Any) -> list[str]:
    """The codes of the notes of an answer or a series."""
    return [note.code for note in found.notes]


def reason(found: Assessment) -> str | None:
    return found.reason.code if found.reason else None


def spoken(found: Assessment, lang: str) -> str:
    """Everything the page says of an answer in words."""
    notes = [sentences.note(note, lang) for note in found.notes]
    return "\n".join([sentences.headline(found, lang), *sentences.sentences(found, lang), *notes])


def two_definitions(folder: Path, levels: dict[int, float]) -> Assessment:
    """The answer where a newer definition continues the steady one from 2021 on."""
    why = {"break_reason_zh": "改口径", "break_reason_en": "Revised."}
    newer = indicator("widgets_new", continues="widgets", break_period=2021, **why)
    rows = [*figures(STEADY), *figures(levels, indicator_id="widgets_new")]
    return answer(folder, indicators=[indicator("widgets"), newer], observations=rows)


def borrowing(folder: Path, own: dict[int, float], **goal: Any) -> Assessment:
    """The answer where another region has six levels."""
    theirs = dict(enumerate([40.0, 42.0, 43.0, 45.0, 47.0, 50.0], 2018))
    rows = [*figures(own), *figures(theirs, region="otherland")]
    lender = [indicator("widgets", comparators="otherland/widgets")]
    return answer(folder, goal, observations=rows, indicators=lender)

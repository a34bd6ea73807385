"""Outlook, sensitivity, change and portfolio as lines of plain text for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from . import describe, outlook, robustness, totals
from .labels import panel_title
from .texts import text

if TYPE_CHECKING:
    from ..analysis.attribution import Change
    from ..analysis.outlook import Outlook
    from ..analysis.portfolio import Portfolio
    from ..analysis.sensitivity import Sensitivity
    from ..assessment.answer import Assessment
    from ..data.datapackage import Data


def plain_table(table: pd.DataFrame) -> list[str]:
    """A table of shown text as aligned lines, a Chinese character counting as two columns.

    >>> plain_table(pd.DataFrame({"甲": ["1", "22"], "b": ["x", ""]}))
    ['甲  b', '1   x', '22']
    """
    columns = [[str(name), *map(str, table.iloc[:, k])] for k, name in enumerate(table.columns)]
    widths = [max(map(_width, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(said: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in said)


def outlook_lines(
    data: Data, a: Assessment, ahead: Sequence[tuple[Assessment, Outlook]], lang: str
) -> list[str]:
    """The answer, then pace, speed, years of attainment and the last year to act of each definition."""
    lines = [describe.headline(a, lang)]
    for part, found in ahead:
        lines += ["", panel_title(part, lang)] if part.role != "main" else [""]
        pace = outlook.pace_sentences(part, found, lang)
        lines += pace
        if found.feasibility.rows:
            lines += plain_table(outlook.speed_table(data, part, found.feasibility, lang))
            lines += outlook.speed_sentences(part, found.feasibility, lang)
        if found.reason is None:
            lines += ["", *plain_table(outlook.attained_table(found, lang))]
        lines += [
            line for line in outlook.waiting_sentences(found, lang, part.as_of.year) if line not in pace
        ]
    return lines


def sensitivity_lines(found: Sequence[Sensitivity], lang: str) -> list[str]:
    """The table of variants and what it means, for each answer that has any."""
    lines = []
    for one in found:
        if one.rows:
            lines += ["", text("h_sensitivity", lang)]
            lines += [panel_title(one.answer, lang)] if one.answer.role != "main" else []
            lines += plain_table(robustness.sensitivity_table(one, lang))
            lines += robustness.sensitivity_sentences(one, lang)
    return lines


def change_lines(data: Data, found: Change, lang: str) -> list[str]:
    """What changed and why, with each step and the figures in between."""
    lines = ["", text("h_changed", lang, earlier=found.before.as_of), outlook.change_sentence(found, lang)]
    for one in (found, *found.parts):
        table = outlook.steps_table(one, lang)
        if len(table) and one.word != "unchanged":
            lines += [panel_title(one.after, lang)] if one.after.role != "main" else []
            lines += plain_table(table)
    if found.figures:
        return [*lines, text("d_came", lang), *plain_table(outlook.came_table(data, found.figures, lang))]
    return [*lines, describe.say("nothing_came", lang)]


def portfolio_lines(found: Portfolio, lang: str) -> list[str]:
    """What the portfolio says, the deciding targets, and which cannot be assessed."""
    lines = totals.portfolio_sentences(found, lang)
    if len(found.targets):
        lines += ["", *plain_table(totals.deciding_table(found, lang).reset_index())]
    missing = totals.unassessed_sentence(found, lang)
    return [*lines, "", missing] if missing else lines

"""Commands on what was known when: diff."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from .options import EXIT_CODES, DataDir, Json, Language, PlanName, app, print_json

SERIES = ["indicator_id", "region", "measure", "published"]
FOLDED = 4  # more figures of one series from one publication become one line

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.attribution import Change
    from ..data.datapackage import Data


@app.command(epilog=f"Example: qcity diff --from 2022-12-31 --to 2023-12-31   {EXIT_CODES}")
def diff(
    earlier: Annotated[str, typer.Option("--from", help="The earlier day, e.g. 2022-12-31.")],
    later: Annotated[str | None, typer.Option("--to", help="The later day [default: today].")] = None,
    plan: PlanName = None,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Simulated paths.")] = 10_000,
    language: Language = "en",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """What became known between two days: new and revised figures, and what they did to each target's probability.

    Nothing is written. A day that rests on the publication lag of the indicator is marked as assumed.
    """
    from ..catalogue import check_language
    from ..data.datapackage import load
    from ..data.vintages import diff as compare

    check_language(language)
    known = load(data, as_of=later)
    changes = _changes(known, plan, earlier, draws)
    found = compare(known, earlier, known.as_of)
    found = found[found["indicator_id"].isin(_asked(known, plan))] if plan else found
    if as_json:
        rows = found.assign(
            known_from=found["known_from"].dt.strftime("%Y-%m-%d"),
            base_period=found["base_period"].astype(object),
        )
        figures = json.loads(rows.to_json(orient="records", force_ascii=False))
        targets = [
            {"plan": plan_id, "target": target} | change.to_dict() for plan_id, target, change in changes
        ]
        print_json({"earlier": earlier, "later": str(known.as_of), "figures": figures, "targets": targets})
        return
    print("\n".join([*_figures(known, found, earlier, language), "", *_answers(changes, language)]))


def _changes(known: Data, plan: str | None, earlier: str, draws: int) -> list[tuple[str, str, Change]]:
    from ..analysis.attribution import explain_change
    from ..errors import unknown

    if plan and plan not in known.plans():
        raise unknown("plan", plan, known.plans())
    rows = known.targets[known.targets["plan"] == plan] if plan else known.targets
    return [
        (name, target, explain_change(known, target, name, earlier, known.as_of, draws=draws))
        for name, target in zip(rows["plan"], rows["target_id"], strict=True)
    ]


def _asked(known: Data, plan: str) -> set[str]:
    """The indicators of a plan, their other definitions and their comparators."""
    asked = set(known.targets.loc[known.targets["plan"] == plan, "indicator_id"])
    rows = known.indicators
    asked |= set(rows.loc[rows["continues"].isin(asked), "indicator_id"])
    named = rows.loc[rows["indicator_id"].isin(asked), "comparators"]
    return asked | {part.strip().rpartition("/")[2] for cell in named for part in cell.split(";")}


def _figures(known: Data, found: pd.DataFrame, earlier: str, language: str) -> list[str]:
    from ..catalogue import text
    from ..reporting.labels import vintage_line, vintages_line

    lines = []
    for kind in ("new", "revised", "corrected", "confirmed"):
        rows = found[found["change"] == kind]
        if len(rows):
            lines.append(text(f"diff_{kind}", language, count=len(rows)))
            for _, group in rows.groupby(SERIES, sort=False):
                cells = group.to_dict("records")
                if len(cells) > FOLDED:
                    lines.append(f"  {vintages_line(known, cells, language)}")
                else:
                    lines += [f"  {vintage_line(known, row, language)}" for row in cells]
    facts = {"earlier": earlier, "later": known.as_of}
    return lines or [text("diff_nothing", language, **facts)]


def _answers(changes: list[tuple[str, str, Change]], language: str) -> list[str]:
    """The targets whose answer moved, each with its sentence; the others counted."""
    from ..catalogue import text
    from ..reporting.analyses import change_sentence

    lines, still = [], 0
    for plan, target, change in changes:
        if change.word == "unchanged" and not change.flipped:
            still += 1
            continue
        row = change.after.target
        lines.append(f"  {plan}/{target} {row.name_zh if language == 'zh' else row.name_en}")
        lines += [f"    {change_sentence(part, language)}" for part in (change.parts or (change,))]
    head = [text("diff_answers", language, count=len(changes) - still)] if lines else []
    return [*head, *lines, text("diff_still", language, count=still)]

"""Command on published rules: rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from .options import EXIT_CODES, AsOf, DataDir, Json, Language, PlanName, Region, TargetName, app, print_json

if TYPE_CHECKING:
    from ..attainment.assessment import Assessment


@app.command(
    epilog=f"Example: qcity rules energy_per_gdp --plan china_14fyp --as-of 2023-03-31   {EXIT_CODES}"
)
def rules(
    target: TargetName,
    plan: PlanName = None,
    region: Region = None,
    as_of: AsOf = None,
    language: Language = "en",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """What do published progress rules say, beside the probability? Writes nothing."""
    from ..attainment.assessing import assess
    from ..catalogue import check_language
    from ..data.datapackage import load
    from ..rules.catalogue import judged

    check_language(language)
    answer = assess(load(data, as_of=as_of), target, plan=plan, region=region)
    parts = judged(answer)
    if as_json:
        print_json([_plain(part) for part in parts])
    else:
        for part in parts:
            print("\n".join(_lines(part, language)) + "\n")
    raise typer.Exit(3 if answer.status == "not_assessable" else 0)


def _lines(part: Assessment, language: str) -> list[str]:
    from ..catalogue import text
    from ..reporting import describe
    from ..reporting.target_sections import class_shown, shared_reason, votes, yes_or_no
    from ..rules.catalogue import RULES, results_for

    lines = [describe.headline(part, language)]
    if reason := shared_reason(part, language):
        return [*lines, reason]
    for rule, result in results_for(part).items():
        verdict = f" → {yes_or_no(result, language)}" if result.category else ""
        name = RULES[rule].name(language)
        lines.append(text("rule_line", language, name=name, said=class_shown(result, language) + verdict))
    return [*lines, votes(part, language)]


def _plain(part: Assessment) -> dict[str, Any]:
    from ..rules.catalogue import results_for

    return {
        "target": part.target.target_id,
        "plan": part.target.plan,
        "definition": part.definition["indicator_id"],
        "as_of": part.as_of.isoformat(),
        "status": part.status,
        "probability": part.probability,
        "rules": {
            rule: {"category": said.category, "will_meet": said.will_meet, "reason": said.reason}
            for rule, said in results_for(part).items()
        },
    }

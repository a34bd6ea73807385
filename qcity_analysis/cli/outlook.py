"""Commands on what lies behind a probability: outlook of a target, portfolio of a plan."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import (
    EXIT_CODES,
    AsOf,
    DataDir,
    Json,
    Language,
    PlanName,
    Region,
    Seed,
    TargetName,
    app,
    print_json,
)


@app.command(epilog=f"Example: qcity outlook rd_intensity --as-of 2024-06-30   {EXIT_CODES}")
def outlook(
    target: TargetName,
    plan: PlanName = None,
    region: Region = None,
    as_of: AsOf = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Earlier day to compare with, e.g. 2023-03-31.")
    ] = None,
    language: Language = "en",
    draws: Annotated[int, typer.Option("--draws", min=100, help="Simulated paths of each variant.")] = 10_000,
    seed: Seed = 0,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """How fast it would have to move, when it is reached, how far the verdict depends on choices, what changed."""
    from ..analysis.attribution import explain_change
    from ..analysis.outlook import outlook as look_ahead
    from ..analysis.sensitivity import sensitivity
    from ..assessment.assess import assess
    from ..catalogue import check_language
    from ..data.datapackage import load
    from ..reporting.analyses import change_lines, outlook_lines, sensitivity_lines

    check_language(language)
    known = load(data, as_of=as_of)
    answer = assess(known, target, plan=plan, region=region, draws=draws, seed=seed)
    parts = [part for part in answer.parts if part.role == "definition"] or [answer]
    ahead = [(part, look_ahead(known, part, draws=draws)) for part in parts]
    varied = sensitivity(known, answer, draws=draws)
    moved = None
    if since is not None:
        goal, options = answer.target, {"region": region, "draws": draws, "seed": seed}
        moved = explain_change(known, target, goal.plan, since, known.as_of, **options)
    if as_json:
        print_json(
            {
                "target": target,
                "status": answer.status,
                "probability": answer.probability,
                "outlook": {part.definition["indicator_id"]: one.to_dict() for part, one in ahead},
                "sensitivity": [one.to_dict() for one in varied],
                "change": moved.to_dict() if moved is not None else None,
            }
        )
    else:
        lines = outlook_lines(known, answer, ahead, language) + sensitivity_lines(varied, language)
        lines += change_lines(known, moved, language) if moved is not None else []
        print("\n".join(lines))
    raise typer.Exit(3 if answer.status == "not_assessable" else 0)


@app.command(epilog=f"Example: qcity portfolio china_14fyp --as-of 2024-06-30   {EXIT_CODES}")
def portfolio(
    plan: Annotated[str, typer.Argument(help="Name of the plan; `qcity list` shows them.")],
    as_of: AsOf = None,
    language: Language = "en",
    draws: Annotated[int, typer.Option("--draws", min=100, help="Simulated paths of each target.")] = 10_000,
    seed: Seed = 0,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """How many targets of a plan will be met, when what moves one indicator moves others too."""
    from ..analysis.portfolio import portfolio as add_up
    from ..assessment.assess import scorecard
    from ..catalogue import check_language
    from ..data.datapackage import load
    from ..reporting.analyses import portfolio_lines

    check_language(language)
    known = load(data, as_of=as_of)
    found = add_up(known, scorecard(known, plan, draws=draws, seed=seed)[1], seed=seed)
    if as_json:
        print_json(found.to_dict())
    else:
        print("\n".join(portfolio_lines(found, language)))
    raise typer.Exit(3 if found.targets.empty else 0)

"""Commands on one target: forecast."""

from __future__ import annotations

from pathlib import Path
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


@app.command(
    epilog=f"Example: qcity forecast energy_per_gdp --plan china_14fyp --as-of 2023-03-31   {EXIT_CODES}"
)
def forecast(
    target: TargetName,
    plan: PlanName = None,
    region: Region = None,
    as_of: AsOf = None,
    language: Language = "en",
    model: Annotated[
        str, typer.Option("--model", help="mixture, ets, theta, arima, ucm, drift or naive.")
    ] = "mixture",
    draws: Annotated[int, typer.Option("--draws", min=100, help="Simulated paths.")] = 10_000,
    seed: Seed = 0,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Save the fan chart here (.png, .svg, .pdf).")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Append what is said to the ledger beside the data.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Will one target be met? Prints the answer in words; writes only a figure or a record asked for."""
    from ..attainment.assessing import assess
    from ..catalogue import check_language, text
    from ..data.datapackage import load
    from ..reporting import describe

    check_language(language)
    known = load(data, as_of=as_of)
    answer = assess(known, target, plan=plan, region=region, model=model, draws=draws, seed=seed)
    if record:
        from ..trackrecord import ledger

        ledger.record(answer, ledger.home(known.folder), ledger.data_hash(known.folder))
    if as_json:
        print_json(answer.to_dict())
    else:
        for part in (answer, *answer.parts):
            lines = [describe.headline(part, language), *describe.sentences(part, language)]
            notes = dict.fromkeys(describe.note(note, language) for note in part.notes)
            warned = [text("illustrative_banner", language)] if part.illustrative else []
            print("\n  ".join([*warned, *lines, *notes]) + "\n")
        if answer.status == "not_assessable":
            print(describe.how_to_add(answer, language))
    if figure is not None:
        from ..reporting.figures.fan import fan_chart

        fan_chart(answer, language).savefig(figure)
    raise typer.Exit(3 if answer.status == "not_assessable" else 0)

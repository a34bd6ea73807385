"""Commands on how good the probabilities were: score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import EXIT_CODES, AsOf, DataDir, Json, Language, PlanName, app, print_json


@app.command(epilog=f"Example: qcity score --plan china_14fyp --json   {EXIT_CODES}")
def score(
    plan: PlanName = None,
    data: DataDir = None,
    as_of: AsOf = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger", help="Folder of issued probabilities [default: processed/ledger beside the data]."
        ),
    ] = None,
    language: Language = "en",
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write the scores as JSON to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How good are the probabilities? Hindcasts on the published series, rules and models, real targets, ledger.

    Without --plan every published series is scored. Takes about half a minute.
    """
    import json

    from ..catalogue import check_language
    from ..data.datapackage import load
    from ..files import write_whole
    from ..reporting.track import spoken
    from ..trackrecord.record import track_record

    check_language(language)
    record = track_record(load(data, as_of=as_of), plan, ledger)
    found = record.to_dict()
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    if as_json:
        print_json(found)
    else:
        print("\n\n".join(spoken(record, language)))
        print(f"\nwritten: {out}" if out is not None else "")

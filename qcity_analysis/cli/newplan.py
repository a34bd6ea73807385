"""Commands that begin a plan: new-plan."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from .options import EXIT_CODES, Language, app


@app.command("new-plan", epilog=f"Example: qcity new-plan green_city_2030   {EXIT_CODES}")
def new_plan(
    name: Annotated[
        str, typer.Argument(help="Identifier of the plan: lower-case letters, digits and underscores.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to make [default: one of that name here].")
    ] = None,
    language: Language = "en",
) -> None:
    """Make an empty plan: its tables with one worked example, and a guide to fill them in.

    Nothing that is there is overwritten. The plan is then used with `--data FOLDER`, or by setting QCITY_DATA.
    """
    from ..catalogue import check_language, text
    from ..data.newplan import new_plan as make
    from ..reporting.tables import plan_readme

    check_language(language)
    folder = make(name, out or Path(name), plan_readme(name), dt.date.today())
    print(text("np_made", language, folder=folder))
    for path in sorted(folder.iterdir()):
        print(f"  {path.name}")
    print(text("np_next", language, folder=folder))

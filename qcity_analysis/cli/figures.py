"""Commands on published figures: check, list, add."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from ..errors import Problem, QcityError, did_you_mean
from .options import EXIT_CODES, AsOf, DataDir, Json, Language, PlanName, app, print_json, save


@app.command(epilog=f"Example: qcity check --format html --out check.html   {EXIT_CODES}")
def check(
    data: DataDir = None,
    as_of: AsOf = None,
    format: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of printing.")] = None,
    language: Language = "en",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Check a data package: every problem at once, with file, row, column and remedy.

    Errors must be corrected before the data can be used; warnings are figures to look at. HTML holds both languages.
    """
    from ..catalogue import check_language
    from ..data.datapackage import check as check_package
    from ..data.datapackage import find_folder
    from ..reporting.problems import counted

    check_language(language)
    known = list(WRITERS)
    if format not in known:
        raise QcityError(
            f"unknown format {format!r}.{did_you_mean(format, known)} Known: {', '.join(known)}."
        )
    folder = find_folder(data)
    problems = check_package(folder, as_of=as_of)
    said = WRITERS["json" if as_json else format](problems, folder, as_of, language)
    errors, warnings = counted(problems)
    if out is None:
        print(said)
    else:
        save(out, said + "\n")
        print(f"written: {out} ({errors} errors, {warnings} warnings)")
    raise typer.Exit(2 if errors else 0)


def _text(problems: list[Problem], folder: Path, as_of: str | None, language: str) -> str:
    from ..catalogue import text
    from ..data.corrections import listed
    from ..reporting.problems import correction_line, counted, line_of

    errors, warnings = counted(problems)
    count = f"{errors} errors, {warnings} warnings"
    if language != "en":
        count = text("check_counts", language, errors=errors, warnings=warnings)
    lines = [line_of(problem, language) for problem in problems]
    made = [correction_line(correction, language) for correction in listed(folder)]
    return "\n".join([*lines, *made, f"{folder}: {count}"])


def _json(problems: list[Problem], folder: Path, as_of: str | None, language: str) -> str:
    from ..data.corrections import listed

    rows = [problem.to_dict() for problem in [*problems, *listed(folder)]]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _html(problems: list[Problem], folder: Path, as_of: str | None, language: str) -> str:
    from ..data.corrections import listed
    from ..data.vintages import to_date
    from ..reporting.page import check_page

    day = dt.date.today() if as_of is None else to_date(as_of)
    return check_page(problems, folder, day, first=language, corrections=listed(folder))


WRITERS = {"text": _text, "json": _json, "html": _html}


@app.command("list", epilog=f"Example: qcity list --plan china_14fyp   {EXIT_CODES}")
def list_targets(
    data: DataDir = None, plan: PlanName = None, as_of: AsOf = None, as_json: Json = False
) -> None:
    """List the plans, their targets, and for how many years figures are published."""
    from ..data.datapackage import load
    from ..errors import unknown

    package = load(data, as_of=as_of)
    if plan and plan not in package.plans():
        raise unknown("plan", plan, package.plans())
    targets = package.targets[package.targets["plan"] == plan] if plan else package.targets
    seen = package.observations.groupby(["indicator_id", "region"])["year"].nunique()
    years = [
        int(seen.get((i, r), 0)) for i, r in zip(targets["indicator_id"], targets["region"], strict=True)
    ]
    columns = ["plan", "target_id", "region", "kind", "deadline", "name_zh", "name_en"]
    table = targets[columns].assign(years_published=years)
    if as_json:
        print_json(json.loads(table.to_json(orient="records", force_ascii=False)))
        return
    for row in table.itertuples():
        print(
            f"{row.plan}  {row.target_id}  [{row.region}, {row.kind}, {row.deadline}, {row.years_published} years]"
        )
        print(f"    {row.name_en} / {row.name_zh}")


@app.command(epilog=f'Example: qcity add rd_intensity --region nanjing --period 2023 --value 3.9 '
             f'--publisher 南京市统计局 --title "2023年统计公报" --date 2024-03-28   {EXIT_CODES}')  # fmt: skip
def add(
    indicator: Annotated[str, typer.Argument(help="Name of the indicator, as in indicators.csv.")],
    region: Annotated[str, typer.Option("--region", help="Region the figure is about.")],
    period: Annotated[str, typer.Option("--period", help="2023, or a year to date as 2024-Q3, 2024-08.")],
    value: Annotated[str, typer.Option("--value", help="The figure, digits and a point.")],
    publisher: Annotated[str, typer.Option("--publisher", help="Who published it.")],
    title: Annotated[str, typer.Option("--title", help="In which document.")],
    date: Annotated[str, typer.Option("--date", help="When: 2024-03-28, 2024-03 or 2024.")],
    measure: Annotated[
        str, typer.Option("--measure", help="level, change_pct, cumulative_change_pct, ...")
    ] = "level",
    qualifier: Annotated[str, typer.Option("--qualifier", help="=, ~, >= or <=")] = "=",
    status: Annotated[
        str, typer.Option("--status", help="final, preliminary, estimate or illustrative")
    ] = "final",
    base_period: Annotated[str, typer.Option("--base-period", help="Base year of a cumulative change.")] = "",
    data: DataDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, but write nothing.")] = False,
) -> None:
    """Add one published figure with its source; nothing is written if the data would not pass the checks."""
    from ..data.adding import add_figure

    row = add_figure(
        data, indicator_id=indicator, region=region, period=period, value=value, publisher=publisher, title=title,
        date=date, measure=measure, qualifier=qualifier, status=status, base_period=base_period, dry_run=dry_run,
    )  # fmt: skip
    print(("would add: " if dry_run else "added: ") + ", ".join(f"{k}={v}" for k, v in row.items() if v))

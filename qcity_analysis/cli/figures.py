"""Commands on published figures: check, list, add."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from .options import EXIT_CODES, DataDir, Json, PlanName, app, print_json


@app.command(epilog=f"Example: qcity check --data data/raw   {EXIT_CODES}")
def check(data: DataDir = None, as_json: Json = False) -> None:
    """Check a data package: every problem at once, with file, row, column and remedy."""
    from ..data.datapackage import check as check_package
    from ..data.datapackage import find_folder

    problems = check_package(data)
    errors = sum(problem.level == "error" for problem in problems)
    if as_json:
        print_json([problem.to_dict() for problem in problems])
    else:
        for problem in problems:
            print(f"{problem.level}: {problem}")
        print(f"{find_folder(data)}: {errors} errors, {len(problems) - errors} warnings")
    raise typer.Exit(2 if errors else 0)


@app.command("list", epilog=f"Example: qcity list --plan china_14fyp   {EXIT_CODES}")
def list_targets(data: DataDir = None, plan: PlanName = None, as_json: Json = False) -> None:
    """List the plans, their targets, and for how many years figures are published."""
    from ..data.datapackage import load
    from ..errors import unknown

    package = load(data)
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

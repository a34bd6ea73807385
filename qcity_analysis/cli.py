"""The command line `qcity`: it reads arguments, calls the library and prints.

Exit codes: 0 done; 1 a page could not be made; 2 bad input (unknown name, wrong value, faulty data); 3 the target is
not assessable. Heavy libraries are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import QcityError

EXIT_CODES = "Exit codes: 0 done; 1 a page could not be made; 2 bad input; 3 not assessable."

app = typer.Typer(
    help="Will a plan's targets be met? Checked probabilities from published yearly figures.",
    epilog=EXIT_CODES,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the data package [default: QCITY_DATA, else data/raw]."),
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Use only what was known on this day, e.g. 2023-03-31.")
]
PlanName = Annotated[
    str | None, typer.Option("--plan", help="Plan [default: the first that has the target].")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Language = Annotated[str, typer.Option("--language", help="en or zh.")]


def main() -> None:
    """Run the command line; errors a user can cause are printed without a traceback and exit with 2."""
    try:
        app()
    except QcityError as error:
        print(f"qcity: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("qcity: interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(130)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False))


@app.command(epilog=f"Example: qcity check --data data/raw   {EXIT_CODES}")
def check(data: DataDir = None, as_json: Json = False) -> None:
    """Check a data package: every problem at once, with file, row, column and remedy."""
    from .datapackage import check as check_package
    from .datapackage import find_folder

    problems = check_package(data)
    errors = sum(problem.level == "error" for problem in problems)
    if as_json:
        _print_json([problem.to_dict() for problem in problems])
    else:
        for problem in problems:
            print(f"{problem.level}: {problem}")
        print(f"{find_folder(data)}: {errors} errors, {len(problems) - errors} warnings")
    raise typer.Exit(2 if errors else 0)


@app.command("list", epilog=f"Example: qcity list --plan china_14fyp   {EXIT_CODES}")
def list_targets(data: DataDir = None, plan: PlanName = None, as_json: Json = False) -> None:
    """List the plans, their targets, and for how many years figures are published."""
    from .datapackage import load
    from .errors import unknown

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
        _print_json(json.loads(table.to_json(orient="records", force_ascii=False)))
        return
    for row in table.itertuples():
        print(
            f"{row.plan}  {row.target_id}  [{row.region}, {row.kind}, {row.deadline}, {row.years_published} years]"
        )
        print(f"    {row.name_en} / {row.name_zh}")


@app.command(
    epilog=f"Example: qcity forecast energy_per_gdp --plan china_14fyp --as-of 2023-03-31   {EXIT_CODES}"
)
def forecast(
    target: Annotated[str, typer.Argument(help="Name of the target; `qcity list` shows them.")],
    plan: PlanName = None,
    region: Annotated[str | None, typer.Option("--region", help="Ask the same of another region.")] = None,
    as_of: AsOf = None,
    language: Language = "en",
    model: Annotated[
        str, typer.Option("--model", help="mixture, ets, theta, arima, ucm, drift or naive.")
    ] = "mixture",
    draws: Annotated[int, typer.Option("--draws", min=100, help="Simulated paths.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulation.")] = 0,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Save the fan chart here (.png, .svg, .pdf).")
    ] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Will one target be met? Prints the answer in words; writes nothing but the figure asked for."""
    from . import describe
    from .assessing import assess
    from .datapackage import load
    from .texts import check_language

    check_language(language)
    known = load(data, as_of=as_of)
    answer = assess(known, target, plan=plan, region=region, model=model, draws=draws, seed=seed)
    if as_json:
        _print_json(answer.to_dict())
    else:
        for part in (answer, *answer.parts):
            lines = [describe.headline(part, language), *describe.sentences(part, language)]
            notes = dict.fromkeys(describe.note(note, language) for note in part.notes)
            print("\n  ".join([*lines, *notes]) + "\n")
        if answer.status == "not_assessable":
            print(describe.how_to_add(answer, language))
    if figure is not None:
        from .plot import fan_chart

        fan_chart(answer, language).savefig(figure)
    raise typer.Exit(3 if answer.status == "not_assessable" else 0)


@app.command(epilog=f"Example: qcity run --target rd_intensity --language zh   {EXIT_CODES}")
def run(
    plan: Annotated[
        list[str] | None, typer.Option("--plan", help="Plan; repeat for several [default: all].")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Only these targets; repeatable.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option("--language", help="en, zh [default: both].")] = None,
    as_of: AsOf = None,
    data: DataDir = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the pages.")] = Path("reports"),
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Notebooks at a time.")] = 2,
    timeout: Annotated[int, typer.Option("--timeout", min=1, help="Seconds one notebook may take.")] = 600,
    force: Annotated[bool, typer.Option("--force", help="Run again what is unchanged.")] = False,
) -> None:
    """Run the notebooks on the data and write the pages and their index; what is unchanged is not run again."""
    from .report import run_report

    report = run_report(
        data,
        plan or None,
        tuple(language or ("zh", "en")),
        out,
        as_of=as_of,
        targets=target or None,
        jobs=jobs,
        force=force,
        timeout=timeout,
        progress=print,
    )
    for line in report.summaries:
        print(line)
    print(f"\n{report.index}")
    raise typer.Exit(report.exit_code)


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
    from .adding import add_figure

    row = add_figure(
        data, indicator_id=indicator, region=region, period=period, value=value, publisher=publisher, title=title,
        date=date, measure=measure, qualifier=qualifier, status=status, base_period=base_period, dry_run=dry_run,
    )  # fmt: skip
    print(("would add: " if dry_run else "added: ") + ", ".join(f"{k}={v}" for k, v in row.items() if v))


@app.command("train-prior", epilog=f"Example: qcity train-prior path/to/bank --out new_prior   {EXIT_CODES}")
def train_prior(
    bank: Annotated[
        Path, typer.Argument(help="Folder with indicator_bank.parquet and indicator_bank_meta.parquet.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for prior.json and MODEL_CARD.md.")],
    seed: Annotated[int, typer.Option("--seed", help="Seed of tasks and training.")] = 0,
) -> None:
    """Train the forecaster's prior on a bank of real series and write it with its model card (minutes)."""
    from .retrain import train_prior as train

    if not bank.is_dir():
        raise QcityError(f"no folder {bank}: name the one that holds indicator_bank.parquet")
    print(f"written: {train(bank, out, say=print, seed=seed)}")


@app.command(epilog=f"Example: qcity panel series.parquet out/ --horizon 5 --workers 2   {EXIT_CODES}")
def panel(
    source: Annotated[Path, typer.Argument(help="Parquet file: series_id, period, value [, support].")],
    out: Annotated[
        Path, typer.Argument(help="Folder of the quantiles; a run that was cut short goes on there.")
    ],
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Years ahead.")] = 5,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 1,
) -> None:
    """Forecast many series from a Parquet file, partition by partition; same bytes for any number of workers."""
    from .panel_files import forecast_files

    forecast_files(source, out, horizon=horizon, workers=workers, say=print)
    print(f"written: {out}")


if __name__ == "__main__":
    main()

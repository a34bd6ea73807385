"""Commands that make pages: run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import EXIT_CODES, AsOf, DataDir, app


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
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Append what is said to the ledger.")
    ] = True,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger",
            help="Folder of issued probabilities, kept for good [default: processed/ledger beside the data].",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again what is unchanged.")] = False,
) -> None:
    """Run the notebooks on the data and write the pages and their index; what is unchanged is not run again."""
    from ..running.report import run_report

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
        record=record,
        ledger_dir=ledger,
        progress=print,
    )
    for line in report.summaries:
        print(line)
    print(f"\n{report.index}")
    raise typer.Exit(report.exit_code)

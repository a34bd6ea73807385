"""Commands that make pages and scores, and forecast many series: run, score, panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from ..errors import QcityError
from .options import AsOf, DataDir, Json, Language, PlanName, command, print_json


@command("run --target rd_intensity --language zh")
def run(
    plan: Annotated[list[str] | None, Option(help="Plan; repeat for several [default: all].")] = None,
    target: Annotated[list[str] | None, Option(help="Only these targets; repeatable.")] = None,
    language: Annotated[list[str] | None, Option(help="en, zh [default: both].")] = None,
    as_of: AsOf = None,
    data: DataDir = None,
    out: Annotated[Path, Option(help="Folder of the pages.")] = Path("reports"),
    jobs: Annotated[int, Option(min=1, help="Notebooks at a time.")] = 2,
    timeout: Annotated[int, Option(min=1, help="Seconds one notebook may take.")] = 600,
    record: Annotated[bool, Option(help="Append what is said to the ledger.")] = True,
    ledger: Annotated[
        Path | None,
        Option(
            help="Folder of issued probabilities, kept for good [default: processed/ledger beside the data]."
        ),
    ] = None,
    force: Annotated[bool, Option("--force", help="Run again what is unchanged.")] = False,
) -> None:
    """Run the notebooks on the data and write the pages and their index; what is unchanged is not run again."""
    from ..running.report import run_report

    report = run_report(
        data, plan or None, tuple(language or ("zh", "en")), out, as_of=as_of, targets=target or None, jobs=jobs,
        force=force, timeout=timeout, record=record, ledger_dir=ledger, progress=print,
    )  # fmt: skip
    for line in report.summaries:
        print(line)
    print(f"\n{report.index}")
    raise typer.Exit(report.exit_code)


@command("score --plan china_14fyp --json")
def score(
    plan: PlanName = None,
    data: DataDir = None,
    as_of: AsOf = None,
    ledger: Annotated[
        Path | None,
        Option(help="Folder of issued probabilities [default: processed/ledger beside the data]."),
    ] = None,
    language: Language = "en",
    out: Annotated[Path | None, Option(help="Also write the scores as JSON to this file.")] = None,
    as_json: Json = False,
) -> None:
    """How good are the probabilities? Hindcasts on the published series, rules and models, real targets, ledger.

    Without --plan every published series is scored. Takes about half a minute.
    """
    import json

    from ..data.load import load
    from ..files import write_whole
    from ..reporting.track_sections import spoken
    from ..trackrecord.record import track_record

    record = track_record(load(data, as_of=as_of), plan, ledger)
    scores = record.to_dict()
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, json.dumps(scores, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    if as_json:
        print_json(scores)
    else:
        print("\n\n".join(spoken(record, language)))
        print(f"\nwritten: {out}" if out is not None else "")


@command("panel series.parquet out/ --horizon 5 --workers 2")
def panel(
    source: Annotated[Path, Argument(help="Parquet file: series_id, period, value [, support].")],
    out: Annotated[Path, Argument(help="Folder of the quantiles; a run that was cut short goes on there.")],
    horizon: Annotated[int, Option(min=1, help="Years ahead.")] = 5,
    levels: Annotated[str, Option(help="Quantiles, separated by commas.")] = "0.05,0.25,0.5,0.75,0.95",
    workers: Annotated[int, Option(min=1, help="Processes on this machine.")] = 1,
    scheduler: Annotated[
        str, Option(help="Address of a Dask scheduler, tcp://host:8786, in place of processes.")
    ] = "",
    rows: Annotated[int, Option(min=1, help="Rows of input in one part, about.")] = 1_000_000,
) -> None:
    """Forecast many series from Parquet, part by part; the same bytes whoever works on them.

    A run that was cut short goes on where it was when the same command is given again.
    """
    from ..forecasting.panel import forecast_files, refused_of

    try:
        wanted = [float(level) for level in levels.split(",")]
    except ValueError:
        allowed = "allowed are numbers separated by commas, as 0.05,0.5,0.95"
        raise QcityError(f"--levels {levels!r}: {allowed}") from None
    forecast_files(
        source,
        out,
        horizon=horizon,
        levels=wanted,
        workers=workers,
        scheduler=scheduler,
        rows=rows,
        say=print,
    )
    print(f"written: {out}")
    if len(refused := refused_of(out)):
        print(f"series that could not be forecast: {len(refused)}; {out / 'refused.csv'} says why")

"""The command on many series: panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import QcityError
from .options import EXIT_CODES, app


@app.command(epilog=f"Example: qcity panel series.parquet out/ --horizon 5 --workers 2   {EXIT_CODES}")
def panel(
    source: Annotated[Path, typer.Argument(help="Parquet file: series_id, period, value [, support].")],
    out: Annotated[
        Path, typer.Argument(help="Folder of the quantiles; a run that was cut short goes on there.")
    ],
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Years ahead.")] = 5,
    levels: Annotated[
        str, typer.Option("--levels", help="Quantiles, separated by commas.")
    ] = "0.05,0.25,0.5,0.75,0.95",
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes on this machine.")] = 1,
    scheduler: Annotated[
        str,
        typer.Option(
            "--scheduler", help="Address of a Dask scheduler, tcp://host:8786, in place of processes."
        ),
    ] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows of input in one part, about.")] = 1_000_000,
) -> None:
    """Forecast many series from Parquet, part by part; the same bytes whoever works on them.

    A run that was cut short goes on where it was when the same command is given again.
    """
    from ..forecasting.panel import forecast_files, refused_of

    try:
        wanted = [float(level) for level in levels.split(",")]
    except ValueError:
        raise QcityError(
            f"--levels {levels!r}: allowed are numbers separated by commas, as 0.05,0.5,0.95"
        ) from None
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

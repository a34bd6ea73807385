"""The command that imports the figures of a file: import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import EXIT_CODES, DataDir, Json, app, print_json

if TYPE_CHECKING:
    from ..data.preview import Figure, Import

SHOWN = 20  # figures of a kind shown in the preview; --json and --all show every one


@app.command(
    "import", epilog=f"Example: qcity import yearbook.xlsx --map yearbook.yaml --write   {EXIT_CODES}"
)
def import_file(
    file: Annotated[Path | None, typer.Argument(help="CSV, .xlsx, .xls, or SDMX file.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="YAML file: which names are which indicators.")
    ] = None,
    suggest: Annotated[bool, typer.Option("--suggest", help="Print a starter mapping for the file.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write what the preview shows.")] = False,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Write the rest, list refused cells in a file.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last import back.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every figure in the preview.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Import the figures of a file: preview first, then with --write all of it or nothing.

    Start with `qcity import FILE --suggest > map.yaml`, complete map.yaml, look at the preview of
    `qcity import FILE --map map.yaml`, then add --write. `qcity import --undo` restores the files as they were.
    """
    from ..errors import QcityError

    if undo:
        _undo(data, as_json)
        return
    if file is None:
        raise QcityError("name the file to import, or --undo; `qcity import --help` shows an example")
    if suggest:
        from ..data.proposing import starter

        print(starter(file, data), end="")
        return
    if mapping is None:
        raise QcityError(
            f"{file}: name its mapping with --map MAP.yaml; `qcity import {file} --suggest > MAP.yaml` writes a starter"
        )
    _import(file, mapping, data, write, skip_refused, everything, as_json)


def _import(
    file: Path,
    mapping: Path,
    data: Path | None,
    write: bool,
    skip_refused: bool,
    everything: bool,
    as_json: bool,
) -> None:
    from ..data.importing import import_figures

    done = import_figures(file, mapping, data=data, skip_refused=skip_refused)
    stopped = bool(done.refused) and not skip_refused
    if not as_json:
        print("\n".join(preview(done, None if everything else SHOWN)))
    if not stopped and (write or (not as_json and done.new and _confirmed())):
        done = import_figures(file, mapping, data=data, write=True, skip_refused=skip_refused)
    if as_json:
        print_json(done.to_dict())
    else:
        print(_outcome(done, stopped))
    raise typer.Exit(2 if stopped else 0)


def _confirmed() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("Write this?", default=False)


def _undo(data: Path | None, as_json: bool) -> None:
    from ..data.importing import undo_import

    record = undo_import(data)
    if as_json:
        print_json(record)
        return
    new = record["added"] + record["changed"]
    print(
        f"undone: the import of {record['file']} at {record['at']}; {new} rows are gone, every file is as before"
    )


def preview(done: Import, shown: int | None = SHOWN) -> list[str]:
    """What an import does, line by line; of each kind at most `shown` figures (None: all).

    >>> from qcity_analysis.data.preview import Import
    >>> preview(Import(Path("a.csv"), Path("data"), ("UTF-8, comma",), (), {"source_id": "s", "title": "T"}))
    ['a.csv (UTF-8, comma) -> data, source s: T', '0 added, 0 changed, 0 unchanged, 0 refused']
    """
    lines = [f"{done.file} ({'; '.join(done.opened_as)}) -> {done.folder}, source {done.source['source_id']}: "
             f"{done.source['title']}"]  # fmt: skip
    counts = [f"{len(done.of_kind(kind))} {kind}" for kind in ("added", "changed", "unchanged")]
    count = ", ".join([*counts, f"{len(done.refused)} refused"])
    lines.append(count + (f"; {done.empty} cells without a figure" if done.empty else ""))
    for kind, sign in (("added", "+"), ("changed", "~")):
        figures = done.of_kind(kind)
        lines += [f"  {sign} {_line(figure)}" for figure in figures[:shown]]
        if shown is not None and len(figures) > shown:
            lines.append(f"  {sign} ... {len(figures) - shown} more; --all shows them")
    lines += [f"  refused: {problem}" for problem in done.refused]
    lines += [f"  warning: {problem}" for problem in done.warnings]
    if done.left_out:
        lines.append("left out, because the mapping does not mention them:")
        left = list(done.left_out.items())
        lines += [f"  {name}: {cells} cells, from {place}" for name, (cells, place) in left[:shown]]
        lines += (
            []
            if shown is None or len(left) <= shown
            else [f"  ... {len(left) - shown} more; --all shows them"]
        )
    return lines


def _line(figure: Figure) -> str:
    row = figure.row
    sign = "" if row["qualifier"] == "=" else row["qualifier"]
    measure = "" if row["measure"] == "level" else f" {row['measure']}"
    what = (
        f"{row['indicator_id']} {row['region']} {row['period']}{measure}: {sign}{row['value']} {row['unit']}"
    )
    revised = f"; held: {figure.before}" if figure.before else ""
    note = f" [{row['note']}]" if row["note"] else ""
    place = f"{figure.file}, row {figure.line}, column {figure.column}"
    return f"{what} ({row['status']}, {row['published']}){note} <- {place}{revised}"


def _outcome(done: Import, stopped: bool) -> str:
    if stopped:
        return "nothing written: correct the refused cells or their mapping, or write the rest with --skip-refused"
    listed = f"; the refused are listed in {done.refused_file}" if done.refused_file else ""
    if done.written:
        return f"written: {len(done.new)} rows{listed}; `qcity import --undo` takes them back"
    if not done.new:
        return f"nothing to write{listed}"
    return "nothing written: this is a preview; add --write to write it"

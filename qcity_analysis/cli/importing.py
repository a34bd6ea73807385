"""The command that imports the figures of a file: import."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from ..errors import QcityError
from ..problems import DataError
from .options import DataDir, Json, Language, command, print_json

if TYPE_CHECKING:
    from ..importing.importing import Figure, Import

SHOWN = 20  # figures of a kind shown in the preview; --json and --all show every one


@command("import yearbook.xlsx --map yearbook.yaml --write")
def import_file(
    file: Annotated[Path | None, Argument(help="CSV, .xlsx, .xls, or SDMX file.")] = None,
    mapping: Annotated[
        Path | None, Option("--map", help="YAML file: which names are which indicators.")
    ] = None,
    suggest: Annotated[bool, Option("--suggest", help="Print a starter mapping for the file.")] = False,
    write: Annotated[bool, Option("--write", help="Write what the preview shows.")] = False,
    skip_refused: Annotated[
        bool, Option("--skip-refused", help="Write the rest, list refused cells in a file.")
    ] = False,
    undo: Annotated[bool, Option("--undo", help="Take the last import back.")] = False,
    everything: Annotated[bool, Option("--all", help="Show every figure in the preview.")] = False,
    data: DataDir = None,
    language: Language = "en",
    as_json: Json = False,
) -> None:
    """Import the figures of a file: preview first, then with --write all of it or nothing.

    Start with `qcity import FILE --suggest > map.yaml`, complete map.yaml, look at the preview of
    `qcity import FILE --map map.yaml`, then add --write. `qcity import --undo` restores the files as they were.
    """
    if undo:
        _undo(data, as_json, language)
    elif file is None:
        raise QcityError("name the file to import, or --undo; `qcity import --help` shows an example")
    elif suggest:
        from ..importing.mapping import starter

        print(starter(file, data), end="")
    elif mapping is None:
        starter_hint = f"`qcity import {file} --suggest > MAP.yaml` writes a starter"
        raise QcityError(f"{file}: name its mapping with --map MAP.yaml; {starter_hint}")
    else:
        shown = None if everything else SHOWN
        _import(file, mapping, data, write, skip_refused, shown, as_json, language)


def _undo(data: Path | None, as_json: bool, language: str) -> None:
    from ..catalogue import text
    from ..importing.importing import undo_import

    record = undo_import(data)
    if as_json:
        print_json(record)
        return
    rows = record["added"] + record["changed"]
    print(text("import_undone", language, file=record["file"], at=record["at"], rows=rows))


def _import(
    file: Path, mapping: Path, data: Path | None, write: bool, skip_refused: bool, shown: int | None,
    as_json: bool, language: str,
) -> None:  # fmt: skip
    from ..catalogue import text
    from ..importing.importing import import_figures

    bring = partial(import_figures, file, mapping, data=data, skip_refused=skip_refused)
    try:
        done = bring()
        stopped = bool(done.refused) and not skip_refused
        if not as_json:
            print("\n".join(preview(done, shown, language)))
            asked = bool(done.new) and sys.stdin.isatty() and sys.stdout.isatty()
            write = write or (not stopped and asked and typer.confirm(text("import_ask", language)))
        if write and not stopped:
            done = bring(write=True)
    except DataError as error:
        if language == "en":
            raise
        lines = [problem.line(language, level=False) for problem in error.problems]
        raise QcityError(
            "\n  ".join([text("import_problems", language, count=len(lines)), *lines])
        ) from error
    if as_json:
        print_json(done.to_dict())
    else:
        print(_outcome(done, stopped, language))
    raise typer.Exit(2 if stopped else 0)


def preview(done: Import, shown: int | None = SHOWN, language: str = "en") -> list[str]:
    """What an import does, line by line; of each kind at most `shown` figures (None: all).

    >>> from qcity_analysis.importing.importing import Import
    >>> preview(Import(Path("a.csv"), Path("data"), ("UTF-8, comma",), (), {"source_id": "s", "title": "T"}))
    ['a.csv (UTF-8, comma) -> data, source s: T', '0 added, 0 changed, 0 unchanged, 0 refused']
    """
    from ..catalogue import text

    say = partial(text, lang=language)
    kinds = {kind: done.of_kind(kind) for kind in ("added", "changed", "unchanged")}
    sizes: dict[str, Any] = {kind: len(figures) for kind, figures in kinds.items()}
    counts = say("import_counts", refused=len(done.refused), **sizes)
    names = {"source": done.source["source_id"], "title": done.source["title"]}
    lines = [
        say("import_head", file=done.file, opened="; ".join(done.opened_as), folder=done.folder, **names),
        say("import_empty", counts=counts, empty=done.empty) if done.empty else counts,
    ]
    for kind, sign in (("added", "+"), ("changed", "~")):
        lines += _first(
            [f"  {sign} {_line(figure, language)}" for figure in kinds[kind]], shown, say, f"  {sign} "
        )
    for key, problems in (("import_refused", done.refused), ("import_warning", done.warnings)):
        lines += ["  " + say(key, problem=problem.line(language, level=False)) for problem in problems]
    if done.left_out:
        left = done.left_out.items()
        named = ["  " + say("import_left_out", name=n, cells=cells, place=at) for n, (cells, at) in left]
        lines += [say("import_left"), *_first(named, shown, say, "  ")]
    return lines


def _first(lines: list[str], shown: int | None, say: Callable[..., str], margin: str) -> list[str]:
    """The first lines, and how many more there are."""
    if shown is None or len(lines) <= shown:
        return lines
    return [*lines[:shown], margin + say("import_more", count=len(lines) - shown)]


def _line(figure: Figure, language: str) -> str:
    from ..catalogue import text

    row = figure.row
    sign = "" if row["qualifier"] == "=" else row["qualifier"]
    measure = "" if row["measure"] == "level" else f" {row['measure']}"
    name = f"{row['indicator_id']} {row['region']} {row['period']}{measure}"
    revised = text("import_held", language, before=figure.before) if figure.before else ""
    note = f" [{row['note']}]" if row["note"] else ""
    place = text("import_place", language, file=figure.file, row=figure.line, column=figure.column)
    about = f"({row['status']}, {row['published']}){note} <- {place}{revised}"
    return f"{name}: {sign}{row['value']} {row['unit']} {about}"


def _outcome(done: Import, stopped: bool, language: str) -> str:
    from ..catalogue import text

    if stopped:
        return text("import_stopped", language)
    listed = text("import_listed", language, file=done.refused_file) if done.refused_file else ""
    if done.written:
        return text("import_written", language, rows=len(done.new), listed=listed)
    return text("import_preview", language) if done.new else text("import_nothing", language, listed=listed)

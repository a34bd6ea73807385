"""The command that imports the figures of a file: import."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import EXIT_CODES, DataDir, Json, Language, app, print_json

if TYPE_CHECKING:
    from ..errors import Problem
    from ..importing.importing import Figure, Import

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
    language: Language = "en",
    as_json: Json = False,
) -> None:
    """Import the figures of a file: preview first, then with --write all of it or nothing.

    Start with `qcity import FILE --suggest > map.yaml`, complete map.yaml, look at the preview of
    `qcity import FILE --map map.yaml`, then add --write. `qcity import --undo` restores the files as they were.
    """
    from ..catalogue import check_language
    from ..errors import DataError, QcityError

    check_language(language)
    if undo:
        _undo(data, as_json, language)
        return
    if file is None:
        raise QcityError("name the file to import, or --undo; `qcity import --help` shows an example")
    if suggest:
        from ..importing.suggesting import starter

        print(starter(file, data), end="")
        return
    if mapping is None:
        raise QcityError(
            f"{file}: name its mapping with --map MAP.yaml; `qcity import {file} --suggest > MAP.yaml` writes a starter"
        )
    try:
        _import(file, mapping, data, write, skip_refused, everything, as_json, language)
    except DataError as error:
        if language == "en":
            raise
        raise QcityError(_all_problems(error.problems, language)) from error


def _import(
    file: Path,
    mapping: Path,
    data: Path | None,
    write: bool,
    skip_refused: bool,
    everything: bool,
    as_json: bool,
    language: str,
) -> None:
    from ..importing.importing import import_figures

    done = import_figures(file, mapping, data=data, skip_refused=skip_refused)
    stopped = bool(done.refused) and not skip_refused
    if not as_json:
        print("\n".join(preview(done, None if everything else SHOWN, language)))
    if not stopped and (write or (not as_json and done.new and _confirmed(language))):
        done = import_figures(file, mapping, data=data, write=True, skip_refused=skip_refused)
    if as_json:
        print_json(done.to_dict())
    else:
        print(_outcome(done, stopped, language))
    raise typer.Exit(2 if stopped else 0)


def _all_problems(problems: Sequence[Problem], language: str) -> str:
    from ..catalogue import text

    head = text("import_problems", language, count=len(problems))
    return "\n  ".join([head, *(_problem(problem, language) for problem in problems)])


def _confirmed(language: str) -> bool:
    from ..catalogue import text

    asked = sys.stdin.isatty() and sys.stdout.isatty()
    return asked and typer.confirm(text("import_ask", language), default=False)


def _undo(data: Path | None, as_json: bool, language: str) -> None:
    from ..catalogue import text
    from ..importing.importing import undo_import

    record = undo_import(data)
    if as_json:
        print_json(record)
        return
    new = record["added"] + record["changed"]
    print(text("import_undone", language, file=record["file"], at=record["at"], rows=new))


def preview(done: Import, shown: int | None = SHOWN, language: str = "en") -> list[str]:
    """What an import does, line by line; of each kind at most `shown` figures (None: all).

    >>> from qcity_analysis.importing.importing import Import
    >>> preview(Import(Path("a.csv"), Path("data"), ("UTF-8, comma",), (), {"source_id": "s", "title": "T"}))
    ['a.csv (UTF-8, comma) -> data, source s: T', '0 added, 0 changed, 0 unchanged, 0 refused']
    """
    from ..catalogue import text

    say = partial(text, lang=language)
    opened, source = "; ".join(done.opened_as), done.source
    names = {"source": source["source_id"], "title": source["title"]}
    lines = [say("import_head", file=done.file, opened=opened, folder=done.folder, **names)]
    added, changed, unchanged = (len(done.of_kind(kind)) for kind in ("added", "changed", "unchanged"))
    counts = say(
        "import_counts", added=added, changed=changed, unchanged=unchanged, refused=len(done.refused)
    )
    lines.append(say("import_empty", counts=counts, empty=done.empty) if done.empty else counts)
    for kind, sign in (("added", "+"), ("changed", "~")):
        lines += [
            f"  {sign} {line}"
            for line in _first([_line(f, language) for f in done.of_kind(kind)], shown, say)
        ]
    lines += ["  " + say("import_refused", problem=_problem(problem, language)) for problem in done.refused]
    lines += ["  " + say("import_warning", problem=_problem(problem, language)) for problem in done.warnings]
    if done.left_out:
        left = done.left_out.items()
        named = [say("import_left_out", name=name, cells=cells, place=place) for name, (cells, place) in left]
        lines += [say("import_left"), *(f"  {line}" for line in _first(named, shown, say))]
    return lines


def _first(lines: list[str], shown: int | None, say: Callable[..., str]) -> list[str]:
    """The first lines, and how many more there are."""
    if shown is None or len(lines) <= shown:
        return lines
    return [*lines[:shown], say("import_more", count=len(lines) - shown)]


def _problem(problem: Problem, language: str) -> str:
    """A problem without its level, which the line says already."""
    from ..reporting.problems import line_of

    return line_of(problem, language).split("：" if language == "zh" else ": ", 1)[1]


def _line(figure: Figure, language: str) -> str:
    from ..catalogue import text

    row = figure.row
    sign = "" if row["qualifier"] == "=" else row["qualifier"]
    measure = "" if row["measure"] == "level" else f" {row['measure']}"
    what = (
        f"{row['indicator_id']} {row['region']} {row['period']}{measure}: {sign}{row['value']} {row['unit']}"
    )
    revised = text("import_held", language, before=figure.before) if figure.before else ""
    note = f" [{row['note']}]" if row["note"] else ""
    place = text("import_place", language, file=figure.file, row=figure.line, column=figure.column)
    return f"{what} ({row['status']}, {row['published']}){note} <- {place}{revised}"


def _outcome(done: Import, stopped: bool, language: str) -> str:
    from ..catalogue import text

    if stopped:
        return text("import_stopped", language)
    listed = text("import_listed", language, file=done.refused_file) if done.refused_file else ""
    if done.written:
        return text("import_written", language, rows=len(done.new), listed=listed)
    return text("import_preview", language) if done.new else text("import_nothing", language, listed=listed)

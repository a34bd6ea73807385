"""The application: how a command joins it, the options that several share, how results are printed, how it ends."""

from __future__ import annotations

import errno
import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer import Argument, Option

from ..catalogue import catalogue, check_language, text
from ..errors import QcityError
from ..problems import DataError

EXIT_CODES = "Exit codes: 0 done; 1 a page not made; 2 bad input; 3 not assessable; 4 machine failed."
PAIR = re.compile(r"(?<=\0-p\0)([^\0=]+)\0")  # -p NAME VALUE, as papermill has it, is -p NAME=VALUE
WRONG_NAME = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)

app = typer.Typer(
    help="Will a plan's targets be met? Checked probabilities from published yearly figures.", epilog=EXIT_CODES,
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip


def command(example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to `app` as the command that its example begins with; the example ends its help."""
    return app.command(example.split()[0], epilog=f"\b\nExample:\n  qcity {example}\n\n{EXIT_CODES}")


DataDir = Annotated[Path | None, Option("--data", help="Data package [default: QCITY_DATA, else data/raw].")]
AsOf = Annotated[str | None, Option(help="Use only what was known on this day, e.g. 2023-03-31.")]
PlanName = Annotated[str | None, Option(help="Plan [default: the first that has the target].")]
Region = Annotated[str | None, Option(help="Ask another region the same (forecast: or a,b,c; or all).")]
Binding = Annotated[Literal["binding", "expected"] | None, Option(help="Only targets the plan calls so.")]
Draws = Annotated[int, Option(min=100, help="Simulated paths.")]
Seed = Annotated[int, Option(help="Seed of the simulation.")]
TargetName = Annotated[str, Argument(metavar="target", help="Name of the target; `qcity list` shows them.")]
Ledger = Annotated[Path | None, Option(help="Folder of the ledger [default: processed/ledger beside data].")]
Json = Annotated[bool, Option("--json", help="Print JSON for a program to read.")]
Language = Annotated[str, Option(help="en or zh.", callback=check_language)]


def as_text(value: Any) -> str:
    """A value as JSON, Chinese readable; dates as text, NaN refused."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False)


def show(as_json: bool, value: Callable[[], Any], lines: Callable[[], list[str]], status: str = "") -> None:
    """Print an answer as JSON or in lines, and end the command with the exit code of its status."""
    print(as_text(value()) if as_json else "\n".join(lines()))
    raise typer.Exit(3 if status == "not_assessable" else 0)


def spoken() -> str:
    """The language in which a command speaks of itself: Chinese where only that is asked for."""
    return "zh" if "zh" in sys.argv and "en" not in sys.argv else "en"


def fault(error: OSError | MemoryError) -> tuple[str, int]:
    """What the machine refused in one sentence (what, where and what to do), and the exit code."""
    code = errno.ENOMEM if isinstance(error, MemoryError) else error.errno or 0
    place, wrong = getattr(error, "filename", None), isinstance(error, WRONG_NAME)
    key = f"fault_{errno.errorcode.get(code)}" if place or not wrong else ""  # no folder for temporary files
    said = text(key if key in catalogue() else "fault_other", spoken(), place=place or error)
    return said, 2 if wrong and place else 4


def main() -> None:
    """Run the command line; what a user or the machine can cause is one sentence and a code, no traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended in order when a service is stopped
    try:
        app(PAIR.sub(r"\1=", "\0".join(sys.argv)).split("\0")[1:])
    except QcityError as error:
        problems = error.problems if isinstance(error, DataError) and spoken() == "zh" else []
        head = text("import_problems", "zh", count=len(problems)) if problems else error
        lines = [f"qcity: {head}", *(problem.line("zh", level=False) for problem in problems)]
        print("\n  ".join(lines), file=sys.stderr)
        sys.exit(2)
    except (OSError, MemoryError) as error:
        said, code = fault(error)
        print(f"qcity: {said}", file=sys.stderr)
        sys.exit(code)
    except SystemExit as end:
        if end.code == 130:
            print(f"qcity: {text('run_interrupted', spoken())}", file=sys.stderr)
        raise

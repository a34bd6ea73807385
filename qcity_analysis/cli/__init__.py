"""The command line `qcity`: it reads arguments, calls the library and prints.

Exit codes: 0 done; 1 a page could not be made; 2 bad input (unknown name, wrong value, faulty data, a folder that is
not there); 3 the target is not assessable; 4 the machine failed (full disk, no permission). Heavy libraries are
imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import signal
import sys

from ..catalogue import text
from ..errors import QcityError
from ..problems import DataError
from . import data, forecasts
from .options import app, fault, spoken

__all__ = ["app", "data", "forecasts", "main"]


def main() -> None:
    """Run the command line; what a user or the machine can cause is one sentence and a code, no traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended in order when a service is stopped
    try:
        app()
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

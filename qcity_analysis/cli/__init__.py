"""The command line `qcity`: it reads arguments, calls the library and prints.

Exit codes: 0 done; 1 a page could not be made; 2 bad input (unknown name, wrong value, faulty data); 3 the target is
not assessable. Heavy libraries are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import sys

from ..errors import QcityError
from . import answers, data
from .options import app

__all__ = ["answers", "app", "data", "main"]


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

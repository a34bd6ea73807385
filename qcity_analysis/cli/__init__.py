"""The command line `qcity`: it reads arguments, calls the library and prints.

Exit codes: 0 done; 1 a page could not be made; 2 bad input (unknown name, wrong value, faulty data, a folder that is
not there); 3 the target is not assessable; 4 the machine failed (full disk, no permission). Heavy libraries are
imported inside the commands, so that `--help` answers at once.
"""

from . import commands
from .options import app, main

__all__ = ["app", "commands", "main"]

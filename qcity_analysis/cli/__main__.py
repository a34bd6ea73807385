"""`python -m qcity_analysis.cli` is the command `qcity`."""

from . import main

main()

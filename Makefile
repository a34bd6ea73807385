# Two commands do everything: `make report` (the main job) and `make test`. Each prepares .venv first.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Two processes on two cores with two threads each wait for one another: the slow checks took twice as long.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
STAMP := .venv/.installed

.PHONY: setup report test test-slow lint lab clean help

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: $(STAMP)  ## prepare .venv (only when pyproject.toml changed)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "qcity_analysis needs Python 3.11 or newer; none found. Set PYTHON=/path/to/python."; exit 2; }
	@echo "Preparing .venv with $(PYTHON) (about a minute, once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

report: setup  ## run the notebooks on the published figures and write reports/index.html
	@$(BIN)/qcity run

test: setup  ## the everyday tests (two to three minutes)
	@$(BIN)/python -m pytest -m "not slow" -n auto

test-slow: setup  ## the slow checks
	@$(BIN)/python -m pytest -m slow -n auto tests

lint: setup  ## style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

lab: setup  ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

clean:  ## remove what the commands made (not .venv, not the ledger of issued probabilities)
	rm -rf reports data/processed/*.json data/processed/*.parquet data/processed/*.parquet.json

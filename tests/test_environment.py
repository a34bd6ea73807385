"""environment.yml, pyproject.toml and the imports of the code say the same."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
IMPORT_NAMES = {"python-calamine": "python_calamine", "pyyaml": "yaml", "sdmx1": "sdmx", 
                "mpl-font": "mpl_font", "ipython": "IPython", "jupyter-client": "jupyter_client"}  # fmt: skip
TESTS = {path.stem for path in (ROOT / "tests").glob("*.py")}
OPTIONAL = {"statsforecast", "dask", "sdmx", "distributed"}  # extras, imported where they are used


def _imported(folder: str) -> set[str]:
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"qcity_analysis"}


def test_environment_yml_has_the_packages_and_bounds_of_pyproject():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    listed = {line.strip()[2:] for line in lines if re.match(r"\s*- [a-z0-9-]+>=", line)}
    assert listed == {"python>=3.11", *PROJECT["dependencies"]} and PROJECT["requires-python"] == ">=3.11"


def test_every_dependency_has_a_lower_bound_and_no_upper_one():
    wanted = [*PROJECT["dependencies"], *EXTRAS["test"]]
    assert [text for text in wanted if not re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", text)] == []


@pytest.mark.parametrize(("folder", "extras", "others"), [
    ("qcity_analysis", ("dask", "sdmx"), set()),
    ("tests", ("test",), TESTS | OPTIONAL | {"PIL", "tests", "training"}),
])  # fmt: skip
def test_what_is_imported_is_declared(folder, extras, others):
    wanted = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    declared = {re.split("[>=]", text)[0] for text in wanted}
    assert _imported(folder) - {IMPORT_NAMES.get(name, name) for name in declared} - others == set()


def test_no_file_of_the_project_names_a_registry():
    for name in ("pyproject.toml", "environment.yml", "Makefile", ".ci/run", "README.md"):
        assert not re.search(r"index.url|/simple\b", (ROOT / name).read_text()), name

"""environment.yml, pyproject.toml and the imports of the code say the same."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORT_NAMES = {
    "python-calamine": "python_calamine",
    "pyyaml": "yaml",
    "sdmx1": "sdmx",
    "mpl-font": "mpl_font",
    "ipython": "IPython",
    "jupyter-client": "jupyter_client",
}
OPTIONAL = {"statsforecast", "dask", "sdmx", "distributed"}  # extras, imported where they are used


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _imported(folder: str) -> set[str]:
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"qcity_analysis"}


def test_environment_yml_has_the_packages_and_bounds_of_pyproject():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    listed = {line.strip()[2:] for line in lines if re.match(r"\s*- [a-z0-9-]+>=", line)}
    assert listed - {"python>=3.11"} == set(_project()["dependencies"])
    assert "python>=3.11" in listed
    assert _project()["requires-python"] == ">=3.11"


def test_every_dependency_has_a_lower_bound_and_no_upper_one():
    wanted = [*_project()["dependencies"], *_project()["optional-dependencies"]["test"]]
    assert [text for text in wanted if not re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", text)] == []


def test_what_the_library_imports_is_declared():
    extras = _project()["optional-dependencies"]
    wanted = [*_project()["dependencies"], *extras["dask"], *extras["sdmx"]]
    declared = {re.split("[>=]", text)[0] for text in wanted}
    names = {IMPORT_NAMES.get(name, name) for name in declared}
    assert _imported("qcity_analysis") - names == set()


def test_what_the_tests_import_is_declared():
    project = _project()
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    declared = {re.split("[>=]", text)[0] for text in wanted}
    own = {path.stem for path in (ROOT / "tests").glob("*.py")}
    names = {IMPORT_NAMES.get(name, name) for name in declared} | {"PIL", "tests", "training"} | OPTIONAL
    assert _imported("tests") - names - own == set()


def test_no_file_of_the_project_names_a_registry():
    for name in ("pyproject.toml", "environment.yml", "Makefile", ".ci/run", "README.md"):
        assert not re.search(r"index.url|/simple\b", (ROOT / name).read_text()), name

"""The house: each idea in one room, imports only downwards and declared, nothing lost that a user can do."""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
import typer

import qcity_analysis as qc
from qcity_analysis.cli import app
from qcity_analysis.data.schema import KINDS, MEASURES

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "qcity_analysis"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
IMPORT_NAMES = {"beautifulsoup4": "bs4", "python-calamine": "python_calamine",
                "python-docx": "docx", "pyyaml": "yaml", "sdmx1": "sdmx",
                "mpl-font": "mpl_font", "axe-core-python": "axe_core_python",
                "ipython": "IPython", "jupyter-client": "jupyter_client"}  # fmt: skip
OPTIONAL = {"statsforecast", "apprise", "dask", "sdmx", "distributed"}  # extras, imported where they are used
MODULES = sorted(LIBRARY.rglob("*.py"))
# A room imports from those before it, never from those after it.
ORDER = ["errors", "files", "catalogue", "problems", "data", "importing", "series", "forecasting", "targets",
         "assessment", "rules", "analysis", "trackrecord", "reporting", "results", "running", "cli"]  # fmt: skip
COMMANDS = {
    "add": "base-period data date dry-run measure period publisher qualifier region status title value",
    "check": "as-of data format json language out",
    "diff": "data draws from json language plan to",
    "forecast": "as-of data draws figure json language model plan record region seed",
    "import": "all data json language map skip-refused suggest undo write",
    "list": "as-of data json plan",
    "new-plan": "language out",
    "outlook": "as-of data draws json language plan region seed since",
    "panel": "horizon levels rows scheduler workers",
    "portfolio": "as-of data draws json language seed",
    "export": "as-of data draws language seed to",
    "site": "pdf to zip",
    "serve": "port",
    "rules": "as-of data json language plan region",
    "run": """as-of data force jobs keep language ledger log-json no-record notebook notify only-failed out plan record
        target timeout""",
    "score": "as-of data json language ledger out plan",
}
PUBLIC = """AnnualSeries Answer Assessment Data DataError Forecast QcityError Scorecard annual_series assess
    assess_series check check_parameters diff forecast forecast_panel import_figures load rules scorecard
    track_record"""
MEMBERS = {
    "AnnualSeries": "derived evidence factor history inputs known notes places points shared",
    "Assessment": """borrowed borrowed_since bound draws expected fan forecast illustrative interval likelihood median
        model needed_path notes outcome pace_needed pace_so_far parts period places probability probability_error reason
        role seed series settled_in tally threshold to_dict tolerance word""",
    "Data": "at comparators indicator plans plot region_name summary remarks require_region warnings",
    "Answer": "explain judge outlook plot rules sensitivity sources to_dict to_frame what_if",
    "Scorecard": "answers plan plot portfolio to_frame",
    "Forecast": """batches breaks error_of explain explainable interval mean median probability_at_least
        plot probability_at_most probability_error quantiles summary to_frame""",
}
RULES = """aarr barometer defra destatis escap eurostat gbd healthy_people log_schedule mcarthur ols open_sdg
    schedule sdsn unsd_2022 unsd_2023"""
NOTEBOOKS = """01_data_overview 02_explore_indicator 03_target_forecast 04_scorecard 05_track_record 06_drivers
    07_scenarios"""


def _room(path):
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


@cache
def _imports(folder=LIBRARY):
    """Each import of a folder: the file, the dotted module it imports, the names taken and the line."""
    made = []
    for path in sorted(folder.rglob("*.py")):
        package = (folder.name, *path.relative_to(folder).parent.parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                start = package[: len(package) + 1 - node.level] if node.level else ()
                module = ".".join([*start, *([node.module] if node.module else [])])
                made.append((path, module, [alias.name for alias in node.names], node.lineno))
            elif isinstance(node, ast.Import):
                made += [(path, alias.name, [], node.lineno) for alias in node.names]
    return made


@cache
def _code(path):
    """The code of a module without its docstrings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def test_the_rooms_are_those_of_the_architecture():
    assert {_room(path) for path in MODULES} - {"__init__"} == set(ORDER)
    described = (ROOT / "docs" / "architecture.md").read_text()
    assert [room for room in ORDER if f"`{room}" not in described] == []


def test_imports_go_only_downwards_and_take_no_private_name_of_another():
    wrong = []
    for path, module, names, line in _imports():
        ours, *rest = module.split(".")
        if ours != "qcity_analysis":
            continue
        place, room = f"{path.relative_to(LIBRARY)}:{line}", _room(path)
        rooms = rest[:1] or set(names) & set(ORDER)
        known = len(ORDER) if room == "__init__" else ORDER.index(room)
        rooms = set(rooms) - {"__version__"}
        wrong += [f"{place} imports {one}" for one in rooms if ORDER.index(one) > known]
        wrong += [f"{place} {name}" for name in [*names, *rest[-1:]] if re.match("_(?!_)", name)]
    assert wrong == []


@pytest.mark.parametrize(("library", "rooms"), [
    ("papermill", {"running"}), ("nbconvert", {"running", "reporting"}), ("typer", {"cli"}),
    ("training", set()), ("benchmarks", set()),
])  # fmt: skip
def test_a_library_is_known_to_its_room_only(library, rooms):
    assert {_room(path) for path, module, *_ in _imports() if module.split(".")[0] == library} <= rooms


FACTS = r"nanjing|jiangsu|china_\d\dfyp|quality_city|南京|江苏|\.endswith\('_b'\)|\bDATED\b"
VINTAGES = {"data/vintages.py"}
RETIRED = r"\b(saying|asks|amounts|moves|shocks|rivals|dots|counted|partial|particles|jointly?|bank|found)\b"
RETIRED = rf"(?<![\w.'\"])(def {RETIRED}|{RETIRED}(: [^=\n]+)? :?=(?! property))"  # as names of what is held


@pytest.mark.parametrize(("idea", "pattern", "home"), [
    ("no facts of a plan, but in commands to paste", FACTS, {"cli/commands.py"}),
    ("no bag of untyped facts", r"\*\*facts: (?:typing\.)?Any", set()),
    ("the tolerance of a comparison", r"\b1e-9\b|isclose\(", set()),
    ("whole year, months covered", r"def (months_covered|is_whole|same_period|to_date)\b", VINTAGES),
    ("the newest vintage of a figure", r"def (newest_rows|figure_codes|known_by)\b|known_from'\] <= pd", VINTAGES),
    ("decimals as typed", r"def decimals\(\w+: str", {"data/schema.py"}),
    ("comparators of an indicator", r"comparators\b.*(split|partition)\(|def comparators\(cell", {"data/schema.py"}),
    ("what is known in part", r"^class Evidence\b|\blower: Mapping\[int, float\] = ", {"series/evidence.py"}),
    ("the typical change of a series", r"^def units\(", {"forecasting/prior.py"}),
    ("names retired", RETIRED, set()),
    ("met or not", r"def (is_met|reaches)\b", {"targets.py"}),
    ("a number as people write it", r"^def (typed|number|signed|percent)\(", {"reporting/formatting.py"}),
])  # fmt: skip
def test_each_idea_has_one_definition(idea, pattern, home):
    found = {str(path.relative_to(LIBRARY)) for path in MODULES if re.search(pattern, _code(path), re.M)}
    assert found == home, idea


SIGNS = {"axes fraction", "offset points", "upper left", "lower left", "dot flip", "img-src data:"}
WORDS = re.compile("[一-鿿]|[A-Za-z]{2,} [a-z]{2,}")


def _wording(path):
    """Texts of two words or Chinese in a module, but for errors, reprs, patterns (they begin "(") and names."""
    nodes, strict = list(ast.walk(ast.parse(_code(path)))), _room(path) == "reporting"
    quiet = [node for node in nodes if isinstance(node, ast.Raise) or getattr(node, "name", "") == "__repr__"]
    makers = [node for node in nodes if isinstance(node, ast.FunctionDef) and not strict]
    quiet += [node for node in makers if "raise " in ast.unparse(node)]  # there an error is put together
    shown = {*nodes} - {each for node in quiet for each in ast.walk(node)}
    texts = {str(node.value) for node in shown if isinstance(node, ast.Constant)} - SIGNS
    said = {text for text in texts if WORDS.search(re.sub("<[^>]*>?", "", text))}
    return {text for text in said if "_" not in text and text[0] != "("}


@pytest.mark.parametrize("room", ["reporting", "assessment", "analysis", "results"])
def test_what_a_reader_meets_is_worded_in_the_catalogue(room):
    assert {path.name: found for path in MODULES if _room(path) == room and (found := _wording(path))} == {}


def test_every_command_and_option_is_there():
    made = typer.main.get_command(app).commands
    lost = {}
    for name, text in COMMANDS.items():
        params = made[name].params
        options = {opt[2:] for p in params for opt in [*p.opts, *p.secondary_opts] if "--" in opt}
        lost[name] = set(text.split()) - options
    assert lost == dict.fromkeys(COMMANDS, set())


def test_every_name_of_the_reference_stands_in_a_tested_example():
    page, code = (ROOT / "docs" / "api.md").read_text("utf-8"), defaultdict(str)
    parts = re.findall(r"^## `qc\.(\w+)\.?(\w*)(.*?)(?=^## |\Z)", page, re.M | re.S)
    for name, _, told in parts:
        code[name] += " ".join(re.findall(r"```python\n(.*?)```", told, re.S))
    assert {name for name in code if code[name]} == set(qc.__all__)
    assert [f"{name}.{member}" for name, member, _ in parts if member not in code[name]] == []


def test_every_name_member_of_a_result_rule_kind_format_and_notebook_is_there():
    assert set(PUBLIC.split()) <= set(qc.__all__) <= set(dir(qc))
    for name, members in MEMBERS.items():
        kind = getattr(qc, name)
        assert set(members.split()) - set(dir(kind)) - set(getattr(kind, "__dataclass_fields__", ())) == set()
    assert set(RULES.split()) <= {rule if isinstance(rule, str) else rule.name for rule in qc.rules.RULES}
    assert len(KINDS) >= 9 and len(MEASURES) >= 3
    assert set(NOTEBOOKS.split()) <= {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_environment_yml_has_the_packages_and_bounds_of_pyproject_each_a_lower_and_no_upper_one():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    listed = {line.strip()[2:] for line in lines if re.match(r"\s*- [a-z0-9-]+>=", line)}
    assert listed == {"python>=3.11", *PROJECT["dependencies"]} and PROJECT["requires-python"] == ">=3.11"
    wanted = [*PROJECT["dependencies"], *EXTRAS["test"]]
    assert [text for text in wanted if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=[0-9.]+", text)] == []


@pytest.mark.parametrize(("folder", "extras", "others"), [
    (LIBRARY, ("dask", "notify", "sdmx"), set()),
    (ROOT / "tests", ("test",), OPTIONAL | {"PIL", "packages", "training"}),
])  # fmt: skip
def test_what_is_imported_is_declared(folder, extras, others):
    wanted = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    declared = {re.split(r"[>=\[]", text)[0] for text in wanted}
    names = {module.split(".")[0] for _, module, *_ in _imports(folder)} - sys.stdlib_module_names
    own = {"qcity_analysis", *(path.stem for path in folder.glob("*.py"))}
    assert names - {IMPORT_NAMES.get(name, name) for name in declared} - others - own == set()
    for name in ("pyproject.toml", "environment.yml", "Makefile", ".ci/run", "README.md"):
        assert not re.search(r"index.url|/simple", (ROOT / name).read_text()), name


def test_the_house_grows_no_larger():
    """The goal of the library, and the present size of the tests above theirs of 11 000 lines: only ever lower it."""
    lines = sum(len(path.read_text().splitlines()) for path in MODULES)
    tests = sum(len(path.read_text().splitlines()) for path in (ROOT / "tests").glob("*.py"))
    assert lines <= 18_500
    assert len(MODULES) <= 85
    assert tests <= 11_000

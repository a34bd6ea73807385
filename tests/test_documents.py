"""The documents say what is true now: commands exist, figures match the model card, both languages agree."""

import re
from pathlib import Path
from runpy import run_path

import pytest
import typer

import qcity_analysis
from qcity_analysis.cli import app

ROOT = Path(__file__).resolve().parents[1]
READMES = ENGLISH, CHINESE = [(ROOT / name).read_text() for name in ("README.md", "README.zh.md")]
CARD = (ROOT / "qcity_analysis" / "forecasting" / "prior" / "MODEL_CARD.md").read_text()


def test_the_five_lines_of_python_run_as_printed():
    code, names = re.search(r"```python\n(.*?)```", ENGLISH, re.S).group(1), {}
    exec(code, names)
    assert 0 <= names["answer"].probability <= 1
    assert len([line for line in code.splitlines() if line.strip()]) == 5


def test_both_readmes_have_the_same_code_and_numbers_and_links_that_exist():
    blocks = [re.findall(r"^    (?:make|qcity|papermill).*$", text, re.M) for text in READMES]
    english, chinese = ([line.split("#")[0].strip() for line in block] for block in blocks)
    assert english == chinese
    assert all(number in text for number in ("13 018", "181") for text in READMES)
    links = re.findall(r"\]\(([^)#]+)\)", ENGLISH + CHINESE)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("text", READMES)
def test_the_figures_of_the_readme_stand_in_the_model_card(text):
    error = re.search(r"\*\*(0\.\d+)", CARD).group(1)
    holds = [float(x) for x in re.findall(r"^\| [1-5] \| (0\.\d+)", CARD, re.M)]
    slope = re.search(r"^\| all \|.*\| (\d\.\d+) \|$", CARD, re.M).group(1)
    later = [float(x) for x in re.search(r"90 % intervals hold ([\d. ]+) at 1 to 5", CARD).group(1).split()]
    part = text[text.index("13 018") :]
    assert len(holds) == 5 and f"{float(error):.2f}" in part and f"{float(slope):.2f}" in part
    for years in (holds, later):
        assert f"{100 * min(years):.0f}–{100 * max(years):.0f}" in part.replace(" ", "")


def test_every_command_of_the_readme_is_a_command_of_qcity():
    made = typer.main.get_command(app).commands
    assert {*re.findall(r"`(\w[\w-]*)`", re.search(r"the command line: (.*?);", ENGLISH)[1])} == made.keys()
    pasted = re.findall(r"^    qcity (.+)$|`qcity (.+?)`", ENGLISH.replace("\\\n", ""), re.M)
    for words in ("".join(pair).split("#")[0].split() for pair in pasted):
        options = {name for param in made[words[0]].params for name in param.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_the_changelog_and_the_reference_are_those_of_the_package():
    assert f"## {qcity_analysis.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    made = run_path(str(ROOT / "docs" / "make_api.py"))["api"]()
    assert (ROOT / "docs" / "api.md").read_text("utf-8") == made, "run python docs/make_api.py"


def test_the_worked_example_of_both_readmes_is_what_its_script_prints():
    made = run_path(str(ROOT / "benchmarks" / "partial_figures.py"))["probabilities"]()
    for text in READMES:
        part = text[text.index("95.3") : text.index("partial_figures.py")]
        assert re.findall(r"(\d+) ?%", part) == [f"{round(100 * chance)}" for chance in made.values()]

"""What `qcity check` says, as lines, JSON and a page, in both languages; every problem raised has its words."""

import ast
import datetime as dt
import json
import re
import string
from pathlib import Path

import pytest
from packages import figure, package, target

import qcity_analysis as qc
from qcity_analysis.catalogue import catalogue
from qcity_analysis.problems import Problem
from qcity_analysis.reporting.page import check_page

WORDS = catalogue("problems")
LIBRARY = Path(qc.__file__).parent


def needs(words):
    """The values that a text needs; every problem has a cell."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name} - {"cell"}


def strings(node):
    """Texts written in a piece of code; for an f-string the codes that begin as it does."""
    written = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    begun = [n.values[0].value for n in ast.walk(node) if isinstance(n, ast.JoinedStr)]
    return written.difference(begun) | {code for code in WORDS for start in begun if code.startswith(start)}


def assigned(name, function):
    """What is assigned to a name in a function."""
    values = []
    for n in ast.walk(function):
        if isinstance(n, ast.Assign | ast.AugAssign | ast.AnnAssign) and n.value:
            targets = n.targets if isinstance(n, ast.Assign) else [n.target]
            names = [getattr(m, "id", "") for target in targets for m in ast.walk(target)]
            values += [n.value] if name in names else []
    return values


def given(node, function):
    """Names of the values handed over: keywords, and keys of dicts written there or assigned before."""
    names = set()
    for n in ast.walk(node):
        if isinstance(n, ast.keyword):
            names.add(n.arg or "")
        elif isinstance(n, ast.Dict):
            names |= {key.value for key in n.keys if isinstance(key, ast.Constant)}
        elif isinstance(n, ast.DictComp):
            names |= strings(n)
        elif isinstance(n, ast.Name):
            dicts = [v for v in assigned(n.id, function) if isinstance(v, ast.Dict | ast.DictComp)]
            names = names.union(*(given(value, function) for value in dicts))
    return names


def raised():
    """Every call that makes a problem: where it stands, the codes it may have, the values it gives."""
    for path in sorted(LIBRARY.rglob("*.py")):
        if not re.search(r"Problem\(|UnreadableCell\(|\.fault\(", path.read_text()):
            continue
        functions = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]
        own = {f.name: [a.arg for a in f.args.args if a.arg != "self"] for f in functions}
        at = {f: names.index(key) for f, names in own.items() for key in ("code", "faults") if key in names}
        at |= {"Problem": 3, "UnreadableCell": 0, "fault": 1, "choice": 3}
        for f, call in [(g, n) for g in functions for n in ast.walk(g) if isinstance(n, ast.Call)]:
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if len(call.args) <= at.get(name, 99):  # or read again from a copy
                continue
            code = call.args[at[name]]
            if isinstance(code, ast.Attribute) or {getattr(code, "id", ""), "faults"} & {*own[f.name]}:
                continue  # handed on: looked at where it is written
            sources = assigned(code.id, f) if isinstance(code, ast.Name) else [code]
            texts = set().union(*map(strings, sources)) or strings(f)
            yield f"{path.name}:{call.lineno}", texts & WORDS.keys(), given(call, f)


def test_every_problem_raised_has_its_words_and_every_value_they_need():
    every = list(raised())
    assert len(every) > 40
    for where, codes, values in every:
        assert codes, f"{where}: no known code"
        missing = {code: needs(WORDS[code]["en"]) - values for code in codes}
        assert {code: names for code, names in missing.items() if names} == {}, where
    assert WORDS.keys() - set().union(*(codes for _, codes, _ in every)) == set()


def test_both_languages_of_a_problem_have_the_same_parts_and_places():
    for code, entry in WORDS.items():
        parts = {lang: entry[lang].split(" | ") for lang in ("zh", "en")}
        assert len(parts["zh"]) == len(parts["en"]) in (2, 3), code
        assert [needs(part) for part in parts["zh"]] == [needs(part) for part in parts["en"]], code
        assert entry.get("level", "error") in ("error", "warning", "correction")
        assert re.search("[一-鿿]", entry["zh"])


def test_the_page_holds_every_finding_in_both_languages_and_nothing_from_outside(tmp_path):
    problems = [Problem("a.csv", 7, "value", "cell_year", {"cell": "<b>x</b>"}),
        Problem("b.csv", None, None, "share")]  # fmt: skip
    html = check_page(problems, "here", dt.date(2024, 1, 2))
    assert "Corrections" not in html
    assert html.count("<h1") == 1 and html.count("<table ") == html.count("<caption>") == 4
    assert "&lt;b&gt;x&lt;/b&gt;" in html and "<b>x" not in html
    assert "a year of four digits" in html and "四位数的年份" in html
    assert not re.search(r"https?://| src=", html)
    assert re.findall(r"<th(?! scope=|ead)", html) == [] and html.count('scope="row"') == 4
    assert [int(n) for n in re.findall(r"<h(\d)", html)] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("kind", ["text", "json", "html"])
def test_each_format_holds_the_same_findings_and_goes_to_a_file(tmp_path, qcity, kind):
    folder, out = package(tmp_path / "plan", observations=[figure(2020, "x")]), tmp_path / "out"
    code, printed, err = qcity("check", "--data", folder, "--format", kind)
    assert (code, err) == (2, "") and "a number" in printed
    code, said, _ = qcity("check", "--data", folder, "--format", kind, "--out", out)
    assert (code, said.strip()) == (2, f"written: {out} (1 errors, 0 warnings)")
    assert out.read_text("utf-8") == printed
    if kind == "json":
        names = ["file", "row", "column", "found", "allowed", "remedy", "level"]
        assert list(json.loads(printed)[0]) == names


def test_a_wrong_format_or_place_is_one_line_and_as_of_an_earlier_day_what_was_odd_then(tmp_path, qcity):
    folder, out = package(tmp_path / "plan"), tmp_path / "no" / "a"
    code, _, told = qcity("check", "--data", folder, "--format", "htm")
    assert code == 2 and "'htm' is not one of 'text', 'json', 'html'." in told
    wrong = f"qcity: the file or its folder is not there: {out}. Check the name\n"
    assert qcity("check", "--data", folder, "--out", out)[::2] == (2, wrong)
    rows = [figure(2019, 3, status="preliminary"), figure(2019, 3.1, published="2024-01-01")]
    folder = package(tmp_path, observations=rows, targets=[target(deadline=2019)])
    assert [p.column for p in qc.check(folder, as_of="2023-01-01")] == ["status"]
    assert qc.check(folder, as_of="2020-03-01") == [] == qc.check(folder)

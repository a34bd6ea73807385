"""Notebooks are thin; pages and reports are whole, offline, described, and made again only when something changed."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbconvert import MarkdownExporter
from packages import answer

import qcity_analysis as qc
from qcity_analysis.reporting.figures import Picture
from qcity_analysis.reporting.figures.fan import fan_chart
from qcity_analysis.reporting.page import render_page, write_index
from qcity_analysis.running import report as jobs
from qcity_analysis.running.runner import declared_parameters

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
ADDRESS = r"""(?:src|href)=["'](?!data:|\.\./|[a-z_]+[./]|#)|https?://|(?<!:)//[a-z]|@import"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stripped_thin_and_typed(path):
    document = nbformat.read(path, as_version=4)
    assert document.metadata.kernelspec.name == "python3"
    for cell in document.cells:
        assert len(cell.source.splitlines()) <= 25
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None and "def " not in cell.source
    first, second = [cell.source for cell in document.cells if cell.cell_type == "code"][:2]
    assert first.count("  # ") == len(declared_parameters(path)) and "qc.check_parameters()" in second


def test_a_page_is_offline_described_and_wholly_in_its_language(tmp_path):
    drawn = fan_chart(answer(tmp_path / "data", draws=50), "zh")
    data = Picture(drawn, '达标概率 57% "或许"')._repr_mimebundle_()
    front = {"qcity": {"lang": "zh", "title": "能否实现？", "as_of": "2025-01-01", "illustrative": True}}
    words = {"text/markdown": '## 结论\n\n可能。<span data-href="../a.ipynb">下载</span>'}
    said = nbformat.v4.new_output("display_data", words, metadata=front)
    picture = nbformat.v4.new_output("display_data", data)
    cell = nbformat.v4.new_code_cell("sections.answer()", outputs=[said, picture])
    aside = nbformat.v4.new_output("display_data", {"text/markdown": "Guide"})
    beside = nbformat.v4.new_code_cell("", outputs=[aside], metadata={"tags": ["notebook-only"]})
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Guide"), cell, beside])
    nbformat.write(document, tmp_path / "a.ipynb")
    render_page(tmp_path / "a.ipynb", tmp_path / "new/a.html", home="../index.html")
    html = (tmp_path / "new/a.html").read_text("utf-8")
    assert not re.search(ADDRESS, html) and html.count("<h1") == 1 and "Guide" not in html
    for part in ('<html lang="zh-CN">', "<title>能否实现？</title>", "<details", "示意数据", 'a.ipynb">下'):
        assert part in html
    (image,) = re.findall(r'<svg [^>]*role="img"[^>]*>', html)
    plain, _ = MarkdownExporter().from_notebook_node(document)  # nbconvert alone: words and picture
    assert "## 结论\n\n可能。" in plain and data["text/html"] in plain and len(data["image/png"]) < 80_000
    assert '达标概率 57% "或许"' in unescape(image) and not re.search(r"\s(style|on\w+)=", html)
    ((*_, policy),) = re.findall(r"(default-src 'none'); ([^\"]*)", html)
    for kind in ("style", "script"):
        (part,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.S)
        assert f"{kind}-src 'sha256-{b64encode(sha256(part.encode()).digest()).decode()}';" in policy


def entry(plan, name, **front):
    about = {"kind": "target", "plan": plan, "target": name, "lang": "en", "ok": True, "status": "ok"}
    return about | {"as_of": "2025-06-30", "page": f"{plan}/{name}.en.html", "front": {"name": name} | front}


def test_the_index_holds_both_languages_and_names_what_failed(tmp_path):
    good = entry("p", "R&D", section="", status="forecast", probability=0.57, answer="a < b") | {"lang": "zh"}
    bad = entry("p", "t") | {"ok": False, "status": "died", "cell": "2: x", "error": "gone", "front": {}}
    write_index([good, bad, good | {"kind": "dated"}], tmp_path / "index.html", "2025-01-01")
    html = (tmp_path / "index.html").read_text("utf-8")
    assert not re.search(ADDRESS, html) and not re.search(r"\sstyle=", html) and html.count("<h1") == 1
    assert "a &lt; b" in html and "died · 2: x · gone" in html and "R&amp;D · " in html


def test_the_first_page_begins_with_a_tally_and_the_plan_still_running_and_ends_with_past_plans(tmp_path):
    over, opened = {"deadline": 2020, "status": "not_assessable"}, {"status": "forecast", "group": "open"}
    entries = [
        entry("first", "split", **over | {"status": "depends_on_definition"}, group="attention"),
        entry("first", "settled", **over | {"status": "met", "answer": "it is met"}, group="settled"),
        entry("first", "lent", **over, lent=True, probability=0.7), entry("first", "bare", **over, wording="for 5 %"),
        entry("third", "old", **over | {"status": "missed"}, group="attention"),
        entry("second", "open", deadline=2030, probability=0.8, probability_shown="80 %", **opened),
    ]  # fmt: skip
    past = {"head": ["Plan", "Targets"], "rows": [["Third plan", "7"], ["all", "7"]], "plans": ["third"]}
    track = entry("", "", short="Brier score 0.2", past=past) | {"kind": "track", "page": "track/all.en.html"}
    write_index([*entries, track], tmp_path / "index.html", "2025-06-30")
    html = unescape((tmp_path / "index.html").read_text("utf-8"))
    tally = "6 targets: 1 with a probability, 1 of these likely, 1 depending on the definition, 1 met"
    order = [f"{tally}, 1 missed, 1 by reference only, 1 without"]
    order += ["<h2>second", "On course (1)", "80 %", "<h2>first", "Needs attention (1)", ">split<"]
    order += ["Met (1)", "it is met", "<details", "Without enough figures (2)", "for 5 %", "<h2>third"]
    order += [">old<", "Brier score 0.2", '<a href="track/all.en.html#third">Third plan</a>', "<td>7</td>"]
    assert re.search(".*".join(map(re.escape, [*order, "results.csv"])), html, re.S)


def test_the_whole_report_has_every_target_in_both_languages_and_the_dated_page():
    data = qc.load()
    names = [job.name for job in jobs.list_jobs(data, None, ("zh", "en"))]
    expected = len(data.targets) + len(data.plans()) + 3  # the dated page, the overview and the track record
    assert len(names) == len(set(names)) == 2 * expected
    assert "china_14fyp/energy_per_gdp.2023-03-31.zh" in names

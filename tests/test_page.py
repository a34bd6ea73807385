"""A page needs nothing from outside, has one title and one h1, and describes its figures."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
import standin

from qcity_analysis.reporting.figures.canvas import Picture
from qcity_analysis.reporting.figures.fan import fan_chart
from qcity_analysis.reporting.page import render_page, write_index


def executed(folder: Path) -> Path:
    """An executed notebook with a bilingual guide, a front matter and one described figure."""
    data, metadata = Picture(fan_chart(standin.assessment(), "zh"), '达标概率 57% "或许"')._repr_mimebundle_()
    from base64 import b64encode

    data["image/png"] = b64encode(data["image/png"]).decode()
    front = {"qcity": {"lang": "zh", "title": "能否实现？", "as_of": "2025-01-01", "illustrative": True}}
    said = nbformat.v4.new_output("display_data", {"text/markdown": "## 结论\n\n可能。"}, metadata=front)
    shown = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("sections.answer()", outputs=[said, shown])
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Guide"), cell])
    nbformat.write(document, folder / "a.ipynb")
    return folder / "a.ipynb"


def test_a_page_is_offline_described_and_wholly_in_its_language(tmp_path: Path) -> None:
    render_page(executed(tmp_path), tmp_path / "a.html", home="../index.html")
    html = (tmp_path / "a.html").read_text("utf-8")
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"base64,[^\"]+", "", html)) == []
    assert html.count("<h1") == 1 and '<html lang="zh-CN">' in html and "<title>能否实现？</title>" in html
    images = re.findall(r"<img [^>]*>", html)
    assert len(images) == 1 and '达标概率 57% "或许"' in unescape(images[0])
    assert "Guide" not in html and "<details>" in html and "示意数据" in html


def test_the_index_holds_both_languages_and_names_what_failed(tmp_path: Path) -> None:
    front = {"name": "R&D", "section": "", "status": "forecast", "probability": 0.57, "answer": "a < b"}
    entry = {"kind": "target", "plan": "p", "target": "t", "as_of": "2025-01-01", "page": "p/t.html"}
    good = entry | {"lang": "zh", "ok": True, "status": "ok", "front": front}
    bad = entry | {"lang": "en", "ok": False, "status": "died", "cell": "2: x", "error": "gone", "front": {}}
    write_index([good, bad], tmp_path / "index.html", "2025-01-01")
    html = (tmp_path / "index.html").read_text("utf-8")
    assert "http" not in html and "<script" not in html and html.count("<h1") == 1
    assert "a &lt; b" in html and "died · 2: x · gone" in html

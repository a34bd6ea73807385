"""An executed notebook as one self-contained HTML page: no external address, described figures, code folded away.

What a page is called and says in its head comes from the notebook itself: the output that carries the
metadata key `qcity` (see `sections`). The index of all pages is in `index`.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..catalogue import catalogue, text
from ..files import write_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).with_name("templates")
HTML_LANG = {"zh": "zh-CN", "en": "en"}
_ONE_AT_A_TIME = threading.Lock()  # nbconvert's exporter and its templates are not promised to be thread-safe


def front_matter(document: NotebookNode) -> dict[str, Any]:
    """What an executed notebook says about itself; an empty dict when it stopped before saying anything.

    >>> import nbformat
    >>> front_matter(nbformat.v4.new_notebook())
    {}
    """
    for cell in document.cells:
        for output in cell.get("outputs", []):
            if front := output.get("metadata", {}).get("qcity"):
                return dict(front) | {"lead_cell": cell.get("id", "")}
    return {}


def render_page(
    executed: str | Path,
    output: str | Path,
    *,
    lang: str = "en",
    title: str = "",
    home: str = "",
    fault: str = "",
) -> dict[str, Any]:
    """Write an executed notebook as HTML and return its front matter.

    `lang` and `title` are used when the notebook stopped before it said them itself; `home` is the relative
    address of the index; `fault` is shown in a banner when the run did not finish. The file appears whole
    or not at all.

    >>> render_page("out/rd_intensity.ipynb", "out/rd_intensity.html")["title"]  # doctest: +SKIP
    'R&D expenditure as a share of GDP: will Nanjing meet its 2025 target?'
    """
    import nbformat

    document = nbformat.read(executed, as_version=4)
    front = {"lang": lang, "title": title or Path(executed).stem} | front_matter(document)
    html = _export(document, _head(front, home, fault))
    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, html)
    return front


def _head(front: dict[str, Any], home: str, fault: str) -> dict[str, Any]:
    lang = front["lang"]
    words = {key: entry[lang] for key, entry in catalogue().items()}
    about = ""
    if front.get("as_of"):
        model = f"model_{front.get('model', '')}"
        named = text(model, lang) if model in words else front.get("model", "")
        values = {"as_of": front["as_of"], "model": named, "version": __version__}
        about = text("page_about" if front.get("model") else "index_as_of", lang, **values)
    made = {"words": words, "about": about, "home": home, "fault": fault, "html_lang": HTML_LANG[lang]}
    return {"illustrative": False, "lead_cell": ""} | front | made


def _export(document: NotebookNode, head: dict[str, Any]) -> str:
    from jinja2 import FileSystemLoader
    from nbconvert import HTMLExporter

    with _ONE_AT_A_TIME:
        exporter = HTMLExporter(
            template_name="basic",
            template_file="page.html.j2",
            extra_loaders=[FileSystemLoader(TEMPLATES)],
            exclude_anchor_links=True,
            exclude_input_prompt=True,
            exclude_output_prompt=True,
        )
        exporter.log.setLevel("ERROR")
        html, _ = exporter.from_notebook_node(document, resources={"qcity": head})
    return str(html)

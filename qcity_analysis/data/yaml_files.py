"""YAML files of the project, read as text with the line of every entry, so that a problem can say where it is.

Every scalar stays the text that was typed: dates, `NO`, `=` and 010 mean themselves. Out of scope: tags and anchors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import DataError, Problem
from .encodings import decode

Lines = dict[tuple[str | int, ...], int]


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """The content of a YAML file, all scalars as text, and the line of each entry by its path of keys and positions.

    Raises DataError when the file is missing, is no YAML, or has the same key twice.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "a.yaml"
    >>> _ = place.write_text("sheet: 表1\\nfigures:\\n- name: A\\n  date: 2024-01\\n", "utf-8")
    >>> content, lines = read_yaml(place)
    >>> content, lines[("figures", 0, "date")]
    ({'sheet': '表1', 'figures': [{'name': 'A', 'date': '2024-01'}]}, 4)
    """
    import yaml

    if not path.is_file():
        remedy = "name an existing file; `qcity import FILE --suggest` writes a starter mapping"
        raise DataError([Problem(path.name, None, None, "no such file", "a YAML file", remedy)])
    text, _ = decode(path.read_bytes(), path.name)
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or "text that cannot be read"
        row = mark.line + 1 if mark else None
        remedy = (
            "indent entries of one list equally; put text that holds ': ' or starts with a sign in quotes"
        )
        raise DataError([Problem(path.name, row, None, str(found), "YAML", remedy)]) from error
    lines: Lines = {}
    problems: list[Problem] = []
    content = _value(node, (), lines, problems, path.name)
    if problems:
        raise DataError(problems)
    return content, lines


def _value(node: Any, at: tuple[str | int, ...], lines: Lines, problems: list[Problem], file: str) -> Any:
    if node is None:
        return None
    lines[at] = node.start_mark.line + 1
    if node.id == "scalar":
        return node.value.strip()
    if node.id == "sequence":
        return [_value(item, (*at, k), lines, problems, file) for k, item in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, item in node.value:
        name = str(key.value)
        if name in found:
            line = key.start_mark.line + 1
            problems.append(
                Problem(file, line, name, "the entry twice", "each entry once", "remove one of them")
            )
        found[name] = _value(item, (*at, name), lines, problems, file)
        lines[(*at, name)] = key.start_mark.line + 1
    return found

"""Write docs/api.md from the docstrings: `python docs/make_api.py`."""

from __future__ import annotations

import inspect
from pathlib import Path

import qcity_analysis as qc

PLACE = Path(__file__).with_name("api.md")
HEAD = """# The library, name by name

Made from the docstrings by `python docs/make_api.py`. `import qcity_analysis as qc` first.
"""


def entry(path: str, thing: object) -> str:
    """One name: its signature, then its docstring with the examples as code.

    Returns Markdown; the parts of a docstring that begin with `>>>` become blocks of code.
    """
    signature = ""
    if callable(thing) and not inspect.isclass(thing):
        shown = inspect.signature(thing)
        signature = str(shown).replace("'", "")
    lines, inside = [f"## `{path}{signature}`", ""], False
    for line in inspect.cleandoc(thing.__doc__ or "").splitlines():
        if line.startswith(">>>") and not inside:
            lines.append("```python")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line)
    return "\n".join([*lines, *(["```"] if inside else []), ""])


def members(name: str, kind: type) -> list[str]:
    """The entries of the public methods and properties of a class."""
    own = {key: value for key, value in vars(kind).items() if not key.startswith("_")}
    documented = {
        key: getattr(value, "fget", None) or getattr(value, "func", value) for key, value in own.items()
    }
    return [entry(f"{name}.{key}", value) for key, value in documented.items() if inspect.isfunction(value)]


def api() -> str:
    """The whole page."""
    parts = [HEAD]
    for name in qc.__all__:
        thing = getattr(qc, name)
        if inspect.ismodule(thing):
            parts.append(entry(f"qc.{name}", thing))
            parts += [
                entry(f"qc.{name}.{key}", getattr(thing, key))
                for key in thing.__all__
                if callable(getattr(thing, key))
            ]
            continue
        parts.append(entry(f"qc.{name}", thing))
        if inspect.isclass(thing):
            parts += members(f"qc.{name}", thing)
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PLACE.write_text(api(), encoding="utf-8")
    print(PLACE)

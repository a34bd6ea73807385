"""The words of figures, notebooks and pages in both languages, kept as data in `templates/texts/`.

Sentences about a result come from `describe`; here are labels, headings and the fixed sentences around them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ..errors import QcityError, did_you_mean

LANGUAGES = ("zh", "en")
TEMPLATES = Path(__file__).with_name("templates")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every text by key, then language.

    >>> sorted(catalogue()["median"])
    ['en', 'zh']
    """
    return read_all(TEMPLATES / "texts")


def read_all(folder: Path) -> dict[str, dict[str, str]]:
    """Every entry of the TOML files of a folder; raises ValueError when two files have the same key.

    >>> len(read_all(TEMPLATES / "texts")) == len(catalogue())
    True
    """
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.toml")):
        entries = tomllib.loads(path.read_text("utf-8"))
        twice = sorted(found.keys() & entries.keys())
        if twice:
            raise ValueError(f"{path.name}: already defined in another file: {', '.join(twice)}")
        found |= entries
    return found


def text(key: str, lang: str, **values: object) -> str:
    """One text in `lang` ("zh" or "en"), its {places} filled from `values`.

    Raises QcityError for another language and KeyError for an unknown key.

    >>> text("deadline", "en", year=2025)
    'deadline 2025'
    """
    return catalogue()[key][check_language(lang)].format(**values)


def check_language(lang: str) -> str:
    """`lang` itself when it is one of LANGUAGES. Raises QcityError otherwise.

    >>> check_language("zh")
    'zh'
    """
    if lang not in LANGUAGES:
        hint = did_you_mean(str(lang), LANGUAGES)
        raise QcityError(f"unknown language {lang!r}.{hint} Known: {', '.join(LANGUAGES)}.")
    return lang


def join(parts: Iterable[str], lang: str) -> str:
    """Items of a list as one text, separated as the language does.

    >>> join(["a", "b"], "en"), join(["甲", "乙"], "zh")
    ('a, b', '甲、乙')
    """
    return ("、" if lang == "zh" else ", ").join(dict.fromkeys(part for part in parts if part))
